"""The street grammar: nodes, streets between them with cross-sections, and the junctions that follow from that."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.towns.geometry import Path, Pose, rounded, wrap
from simulator.towns.junctions import CROSSWALK_LEAD_M, Control, add_junction, add_speed_sign
from simulator.towns.network import Construction, End, Street
from simulator.towns.opendrive import Cubic, Network, write
from simulator.towns.sections import CrossSection, lane_sections

__all__ = ["Town"]

_PLAIN_LEAD_M = 0.5
_SPEED_SIGN_M = 14.0  # after the junction, past the crosswalk and the corner
_LONG_STREET_M = 250.0  # on longer ones the limit is shown even where it has not changed
_RING_HALF_ANGLE = math.radians(34.0)  # of a roundabout's ring that each arm's junction takes, to either side
_RING_TURN_M = 9.0  # along the arm, for the curves into and out of the ring
_SHORTEST_RING_M = 4.0
_FLAT_ANGLE = math.radians(150.0)


@dataclass
class _Node:
    name: str
    x: float
    y: float
    z: float
    control: str
    minor: tuple[str, ...]
    phases: tuple[tuple[str, ...], ...]
    crosswalks: bool
    corner_radius: float
    ring: CrossSection | None = None  # of a roundabout
    ring_radius: float = 0.0


@dataclass
class _StreetPlan:
    a: str
    b: str
    section: CrossSection
    name: str
    axis: Path
    heights: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Arm:
    """A street at a node: its outward heading, and the kerbs left and right of its axis, looking outwards."""

    plan: _StreetPlan
    at_end: bool
    heading: float
    kerb_left: float
    kerb_right: float


class Town:
    """Describes a town and builds it. Angles come from the nodes' places; y is north."""

    def __init__(self, name: str, latitude_deg: float, longitude_deg: float) -> None:
        self.construction = Construction(Network(name, latitude_deg, longitude_deg))
        self._nodes: dict[str, _Node] = {}
        self._plans: list[_StreetPlan] = []

    def node(
        self,
        name: str,
        x: float,
        y: float,
        z: float = 0.0,
        control: str = "open",
        minor: Iterable[str] = (),
        phases: Iterable[tuple[str, ...]] = (),
        crosswalks: bool = False,
        corner_radius: float = 6.0,
    ) -> None:
        """A place where streets meet.

        control: "signals", "stop", "yield" or "open". `minor` names the neighbours whose approach has the stop or
        yield sign (all, if none is named). `phases` names the neighbours whose approaches are green together; by
        default each approach has its own turn, so that no two green movements cross.
        """
        if name in self._nodes:
            raise ValueError(f"node {name} exists already")
        if control not in ("signals", "stop", "yield", "open"):
            raise ValueError(f"{name}: no such control as {control!r}")
        self._nodes[name] = _Node(name, x, y, z, control, tuple(minor), tuple(phases), crosswalks, corner_radius)

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
        radius: float = 25.0,
        heights: Iterable[tuple[float, float]] = (),
    ) -> None:
        """A street from node a to node b, by way of rounded corners; forward lanes run from a to b.

        `heights` are (part of the way, z) between the two nodes; the road follows them smoothly and is level where
        it meets the nodes.
        """
        first, last = self._nodes[a], self._nodes[b]
        points = [(first.x, first.y), *via, (last.x, last.y)]
        axis = rounded(points, [radius] * (len(points) - 2))
        self._plans.append(_StreetPlan(a, b, section, name or f"{a} {b}", axis, tuple(heights)))

    def build(self) -> Network:
        """Everything, as a network ready to be written."""
        arms = {name: self._arms(name) for name in self._nodes}
        mouths: dict[tuple[int, bool], float] = {}
        for name, around in arms.items():
            for arm, distance in zip(around, self._mouths(self._nodes[name], around)):
                mouths[id(arm.plan), arm.at_end] = distance
        built: dict[int, Street] = {}
        for plan in self._plans:
            built[id(plan)] = self._pave(plan, mouths[id(plan), False], mouths[id(plan), True])
        for name, around in arms.items():
            ends = [End(built[id(arm.plan)], arm.at_end) for arm in around]
            if len(ends) > 1:
                self._join(self._nodes[name], around, ends)
        self._show_limits(arms, built)
        return self.construction.network

    def text(self) -> str:
        """The .xodr file."""
        return write(self.build())

    def _arms(self, name: str) -> list[_Arm]:
        found = []
        for plan in self._plans:
            section, shift = plan.section.without_parking(), plan.section.shift_left
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
            cut = node.corner_radius / math.tan(angle / 2.0)
            a, b = arm.kerb_left, arms[j].kerb_right
            distances[i] = max(distances[i], (b + a * math.cos(angle)) / math.sin(angle) + cut)
            distances[j] = max(distances[j], (a + b * math.cos(angle)) / math.sin(angle) + cut)
        return [max(distance, min(reach), 4.0) + lead for distance in distances]

    def _pave(self, plan: _StreetPlan, begin: float, end: float) -> Street:
        if begin + end + 10.0 > plan.axis.length:
            raise ValueError(f"{plan.name} is too short: {plan.axis.length:.0f} m for mouths {begin:.0f} + {end:.0f} m")
        path = plan.axis.trimmed(begin, plan.axis.length - end).shifted_left(plan.section.shift_left)
        elevation = _profile(path.length, self._nodes[plan.a].z, self._nodes[plan.b].z, plan.heights)
        sections = lane_sections(plan.section, path.length, mouths=True)
        return self.construction.add(plan.name, path, plan.section, sections, elevation)

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
            crosswalks = frozenset([1]) if node.crosswalks else frozenset()
            add_junction(
                self.construction,
                f"{node.name} {i + 1}",
                [pieces[i - 1].end, end, pieces[i].start],
                Control(yields=(1,)),
                crosswalks=crosswalks,
                lead=0.0,
            )

    def _join(self, node: _Node, arms: list[_Arm], ends: list[End]) -> None:
        if node.ring:
            self._ring(node, node.ring, arms, ends)
            return
        neighbours = [arm.plan.a if arm.at_end else arm.plan.b for arm in arms]
        approaches = [i for i, end in enumerate(ends) if end.inbound]
        minor = tuple(i for i in approaches if not node.minor or neighbours[i] in node.minor)
        phases: tuple[tuple[int, ...], ...] = ()
        if node.control == "signals":
            phases = tuple(tuple(i for i in approaches if neighbours[i] in phase) for phase in node.phases)
            told = {i for phase in phases for i in phase}
            phases += tuple((i,) for i in approaches if i not in told)
        control = Control(
            phases=phases,
            stop=minor if node.control == "stop" else (),
            yields=minor if node.control == "yield" else (),
        )
        add_junction(
            self.construction,
            node.name,
            ends,
            control,
            crosswalks=frozenset(range(len(ends))) if node.crosswalks else frozenset(),
            lead=_PLAIN_LEAD_M,
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


def _profile(length: float, first: float, last: float, between: tuple[tuple[float, float], ...]) -> list[Cubic]:
    """Cubics through the heights, level at both ends, with the mean grade of its neighbours at each inner point."""
    knots = [(0.0, first), *((part * length, z) for part, z in between), (length, last)]
    if all(z == first for _, z in knots):
        return [Cubic(0.0, first)]
    slopes = [0.0]
    for (s0, z0), (s1, z1) in zip(knots, knots[2:]):
        slopes.append((z1 - z0) / (s1 - s0))
    slopes.append(0.0)
    return [
        Cubic.between(s0, s1, z0, z1, g0, g1)
        for (s0, z0), (s1, z1), g0, g1 in zip(knots, knots[1:], slopes, slopes[1:])
    ]
