"""The street grammar: nodes, streets between them with cross-sections, and the junctions that follow from that."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from simulator.towns.geometry import Path, Pose, rounded, wrap
from simulator.towns.junctions import CROSSWALK_LEAD_M, Control, Movement, add_junction, add_speed_sign
from simulator.towns.network import Construction, End, Street
from simulator.towns.opendrive import Cubic, Network, write
from simulator.towns.sections import CrossSection, lane_sections

__all__ = ["Move", "Plan", "Town"]

_PLAIN_LEAD_M = 0.5137  # not round, so that no road is; see sections.py
_SPEED_SIGN_M = 14.0  # after the junction, past the crosswalk and the corner
_LONG_STREET_M = 250.0  # on longer ones the limit is shown even where it has not changed
_RING_HALF_ANGLE = math.radians(34.0)  # of a roundabout's ring that each arm's junction takes, to either side
_RING_TURN_M = 9.0  # along the arm, for the curves into and out of the ring
_SHORTEST_RING_M = 4.0
_LEAST_ANGLE = math.radians(20.0)
_FLAT_ANGLE = math.radians(150.0)


@dataclass
class _Node:
    name: str
    x: float
    y: float
    z: float
    control: str
    minor: tuple[str, ...]
    crosswalks: bool
    corner_radius: float
    ring: CrossSection | None = None  # of a roundabout
    ring_radius: float = 0.0


@dataclass(eq=False)
class Plan:
    """A street to be built, between two nodes or with a free end ("") for a switch."""

    a: str
    b: str
    section: CrossSection
    name: str
    axis: Path
    shift_left: float  # of the reference line from the axis
    heights: tuple[tuple[float, float], ...]


class Move(NamedTuple):
    """A way through a switch: from a lane of one street's end to one of another's start, inner lane 0."""

    source: Plan
    lane_in: int
    target: Plan
    lane_out: int


@dataclass(frozen=True)
class _Arm:
    """A street at a node: its outward heading, and the kerbs left and right of its axis, looking outwards."""

    plan: Plan
    at_end: bool
    heading: float
    kerb_left: float
    kerb_right: float


class Town:
    """Describes a town and builds it. Angles come from the nodes' places; y is north."""

    def __init__(self, name: str, furniture_seed: str = "") -> None:
        """With a seed of its own, what stands beside the roads stays where it is when the file changes."""
        self.construction = Construction(Network(name, furniture_seed))
        self._nodes: dict[str, _Node] = {}
        self._plans: list[Plan] = []
        self._switches: list[tuple[str, list[tuple[Plan, bool]], list[Move]]] = []

    def node(
        self,
        name: str,
        x: float,
        y: float,
        z: float = 0.0,
        control: str = "open",
        minor: Iterable[str] = (),
        crosswalks: bool = False,
        corner_radius: float = 6.0,
    ) -> None:
        """A place where streets meet.

        control: "signals", "stop", "yield" or "open". `minor` names the neighbours whose approach has the stop or
        yield sign (all, if none is named).
        """
        if name in self._nodes:
            raise ValueError(f"node {name} exists already")
        if control not in ("signals", "stop", "yield", "open"):
            raise ValueError(f"{name}: no such control as {control!r}")
        self._nodes[name] = _Node(name, x, y, z, control, tuple(minor), crosswalks, corner_radius)

    def roundabout(
        self, name: str, x: float, y: float, radius: float, ring: CrossSection, z: float = 0.0, crosswalks: bool = True
    ) -> None:
        """A node whose streets meet in a ring; `radius` is that of the middle of its one lane."""
        self.node(name, x, y, z, crosswalks=crosswalks)
        self._nodes[name].ring = ring
        self._nodes[name].ring_radius = radius - ring.lane_width / 2.0

    def street(
        self,
        a: str,
        b: str,
        section: CrossSection,
        name: str = "",
        via: Iterable[tuple[float, float]] = (),
        radius: float | list[float] = 25.0,
        heights: Iterable[tuple[float, float]] = (),
    ) -> Plan:
        """A street from node a to node b, by way of rounded corners; forward lanes run from a to b.

        `radius` is one for all corners, or a list.

        `heights` are (part of the way, z) between the two nodes; the road follows them smoothly and is level where
        it meets the nodes.
        """
        first, last = self._nodes[a], self._nodes[b]
        points = [(first.x, first.y), *via, (last.x, last.y)]
        axis = rounded(points, radius if isinstance(radius, list) else [radius] * (len(points) - 2))
        plan = Plan(a, b, section, name or f"{a} {b}", axis, section.shift_left, tuple(heights))
        self._plans.append(plan)
        return plan

    def road(
        self,
        name: str,
        section: CrossSection,
        path: Path,
        start: str = "",
        end: str = "",
        heights: Iterable[tuple[float, float]] = (),
    ) -> Plan:
        """A road along a reference line of its own, from and to a node or free, to be joined by switches.

        `heights` are as in `street`; a free end has the height given at 0 or 1, else 0.
        """
        plan = Plan(start, end, section, name, path, 0.0, tuple(heights))
        self._plans.append(plan)
        return plan

    def switch(self, name: str, ends: Iterable[tuple[Plan, bool]], moves: Iterable[Move]) -> None:
        """A junction without crossing traffic: lanes that part or merge.

        `ends` are (road, whether its end), counter-clockwise by the side they lie on.
        """
        self._switches.append((name, list(ends), list(moves)))

    def build(self) -> Network:
        """Everything, as a network ready to be written."""
        arms = {name: self._arms(name) for name in self._nodes}
        mouths: dict[tuple[int, bool], float] = {}
        for name, around in arms.items():
            for arm, distance in zip(around, self._mouths(self._nodes[name], around)):
                mouths[id(arm.plan), arm.at_end] = distance
        built: dict[int, Street] = {}
        for plan in self._plans:
            built[id(plan)] = self._pave(plan, mouths.get((id(plan), False), 0.0), mouths.get((id(plan), True), 0.0))
        for name, around in arms.items():
            ends = [End(built[id(arm.plan)], arm.at_end) for arm in around]
            if len(ends) > 1:
                self._join(self._nodes[name], around, ends)
        for name, sides, moves in self._switches:
            self._part(name, [End(built[id(plan)], at_end) for plan, at_end in sides], moves, built)
        self._show_limits(arms, built)
        return self.construction.network

    def text(self) -> str:
        """The .xodr file."""
        return write(self.build())

    def _arms(self, name: str) -> list[_Arm]:
        found = []
        for plan in self._plans:
            section, shift = plan.section.without_parking(), plan.shift_left
            widths = [
                sum(width for _, kind, width in section.side(right) if kind not in ("sidewalk", "none"))
                for right in (True, False)
            ]
            right, left = widths[0] - shift, widths[1] + shift
            if plan.a == name:
                found.append(_Arm(plan, False, plan.axis.start.heading, left, right))
            if plan.b == name:
                found.append(_Arm(plan, True, plan.axis.end.turned().heading, right, left))
        return sorted(found, key=lambda arm: wrap(arm.heading) % (2.0 * math.pi))

    def _mouths(self, node: _Node, arms: list[_Arm]) -> list[float]:
        """How far from the node each street ends, so that every corner has room for its radius and the crosswalk."""
        lead = CROSSWALK_LEAD_M if node.crosswalks else _PLAIN_LEAD_M
        if node.ring:
            return [node.ring_radius / math.cos(_RING_HALF_ANGLE) + _RING_TURN_M + lead] * len(arms)
        reach = [max(arm.kerb_left, arm.kerb_right) for arm in arms]
        distances = [0.0] * len(arms)
        for i, arm in enumerate(arms):
            j = (i + 1) % len(arms)
            angle = (arms[j].heading - arm.heading) % (2.0 * math.pi)
            if len(arms) < 2 or angle > _FLAT_ANGLE:
                continue
            if angle < _LEAST_ANGLE:
                raise ValueError(f"{node.name}: {arm.plan.name} and {arms[j].plan.name} leave in the same direction")
            cut = node.corner_radius / math.tan(angle / 2.0)
            a, b = arm.kerb_left, arms[j].kerb_right
            distances[i] = max(distances[i], (b + a * math.cos(angle)) / math.sin(angle) + cut)
            distances[j] = max(distances[j], (a + b * math.cos(angle)) / math.sin(angle) + cut)
        return [max(distance, min(reach), 4.0) + lead for distance in distances]

    def _pave(self, plan: Plan, begin: float, end: float) -> Street:
        if begin + end + 10.0 > plan.axis.length:
            raise ValueError(f"{plan.name} is too short: {plan.axis.length:.0f} m for mouths {begin:.0f} + {end:.0f} m")
        path = plan.axis.trimmed(begin, plan.axis.length - end).shifted_left(plan.shift_left)
        ends = [(0.0, self._nodes[plan.a].z)] if plan.a else []
        ends += [(1.0, self._nodes[plan.b].z)] if plan.b else []
        elevation = _profile(path.length, dict([*plan.heights, *ends]))
        sections = lane_sections(plan.section, path.length, mouths=bool(plan.a or plan.b))
        return self.construction.add(plan.name, path, plan.section, sections, elevation)

    def _part(self, name: str, ends: list[End], moves: list[Move], built: dict[int, Street]) -> None:
        by_street = {id(end.street): end for end in ends}
        ways = []
        for move in moves:
            source, target = by_street[id(built[id(move.source)])], by_street[id(built[id(move.target)])]
            ways.append(Movement(source, source.inbound[move.lane_in], target, target.outbound[move.lane_out]))
        add_junction(self.construction, name, ends, Control(), movements=ways, lines=True)
        for target in ends:
            speeds = {way.source.road.speed_kmh for way in ways if way.target is target}
            if speeds - {target.road.speed_kmh} or (speeds and target.road.path.length > _LONG_STREET_M):
                add_speed_sign(self.construction, target, _SPEED_SIGN_M)

    def _ring(self, node: _Node, section: CrossSection, arms: list[_Arm], ends: list[End]) -> None:
        """A roundabout: at each arm a junction, between the arms pieces of ring, driven counter-clockwise."""
        pieces: list[Street] = []
        for i, arm in enumerate(arms):
            following = arms[(i + 1) % len(arms)]
            gap = (following.heading - arm.heading) % (2.0 * math.pi) or 2.0 * math.pi
            angle = arm.heading + _RING_HALF_ANGLE
            length = (gap - 2.0 * _RING_HALF_ANGLE) * node.ring_radius
            if length < _SHORTEST_RING_M:
                raise ValueError(f"{node.name}: arms {i} and {(i + 1) % len(arms)} are too close for its radius")
            start = Pose(node.x, node.y, angle).ahead(node.ring_radius)
            path = Path(Pose(start.x, start.y, wrap(angle + math.pi / 2.0)), ((length, 1.0 / node.ring_radius),))
            sections = lane_sections(section, path.length, mouths=True)
            pieces.append(self.construction.add(node.name, path, section, sections, [Cubic(0.0, node.z)]))
        for i, end in enumerate(ends):
            add_junction(
                self.construction,
                f"{node.name} {i + 1}",
                [pieces[i - 1].end, end, pieces[i].start],
                Control(yields=(1,)),
                crosswalks=node.crosswalks,
                leads=(0.0, CROSSWALK_LEAD_M if node.crosswalks else _PLAIN_LEAD_M, 0.0),
            )

    def _join(self, node: _Node, arms: list[_Arm], ends: list[End]) -> None:
        if node.ring:
            self._ring(node, node.ring, arms, ends)
            return
        neighbours = [(arm.plan.a if arm.at_end else arm.plan.b) or arm.plan.name for arm in arms]
        for named in set(node.minor) - set(neighbours):
            raise ValueError(f"{node.name}: {named!r} is none of its neighbours {neighbours}")
        approaches = [i for i, end in enumerate(ends) if end.inbound]
        minor = tuple(i for i in approaches if not node.minor or neighbours[i] in node.minor)
        control = Control(
            lights=tuple(approaches) if node.control == "signals" else (),
            stop=minor if node.control == "stop" else (),
            yields=minor if node.control == "yield" else (),
        )
        add_junction(
            self.construction,
            node.name,
            ends,
            control,
            crosswalks=node.crosswalks,
            leads=(CROSSWALK_LEAD_M if node.crosswalks else _PLAIN_LEAD_M,) * len(ends),
        )

    def _show_limits(self, arms: dict[str, list[_Arm]], built: dict[int, Street]) -> None:
        """A sign where one may come from a street with another limit, and on long streets."""
        for around in arms.values():
            for arm in around:
                street = built[id(arm.plan)]
                start = End(street, arm.at_end)
                others = {built[id(other.plan)].road.speed_kmh for other in around if other is not arm}
                news = any(speed != street.road.speed_kmh for speed in others)
                if start.outbound and (news or street.road.path.length > _LONG_STREET_M):
                    add_speed_sign(self.construction, start, _SPEED_SIGN_M)


def _profile(length: float, heights: dict[float, float]) -> list[Cubic]:
    """Cubics through heights by part of the way, level at both ends; each inner point has its neighbours' mean grade.

    Without a height at an end it is 0 there.
    """
    knots = sorted(({0.0: 0.0, 1.0: 0.0} | heights).items())
    if len({z for _, z in knots}) == 1:
        return [Cubic(0.0, knots[0][1])]
    points = [(part * length, z) for part, z in knots]
    inner = [(z1 - z0) / (s1 - s0) for (s0, z0), (s1, z1) in zip(points, points[2:])]
    slopes = [0.0, *inner, 0.0]
    return [
        Cubic.between(s0, s1, z0, z1, slope0, slope1)
        for ((s0, z0), slope0), ((s1, z1), slope1) in pairwise(zip(points, slopes))
    ]
