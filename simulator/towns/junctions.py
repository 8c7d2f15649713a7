"""Junctions: a one-way connecting road for every movement, kerbs and sidewalks around the corners, crosswalks, signals.

Arms are sorted by angle, counter-clockwise. On a road network that drives on the right, the arm that one reaches
by turning right is the next one in that order, so the corner between an arm and the next one lies along that turn.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.towns.geometry import Path, Pose, connect, wrap
from simulator.towns.network import Construction, End, LaneEnd
from simulator.towns.opendrive import (
    LIGHT,
    SPEED_LIMIT,
    STOP,
    YIELD,
    Connection,
    Controller,
    Crosswalk,
    Cubic,
    Junction,
    Lane,
    LaneSection,
    Link,
    Mark,
    Road,
    Signal,
    SignalReference,
)  # fmt: skip
from simulator.towns.sections import NO_MARK, SOLID, SOLID_YELLOW

__all__ = ["CROSSWALK_LEAD_M", "Control", "Movement", "add_junction", "add_speed_sign", "default_movements"]

CROSSWALK_LEAD_M = 5.0137  # connecting roads run straight so far, to be crossed at a right angle
_CROSSWALK_CENTRE_M = 2.5
_CROSSWALK_DEPTH_M = 3.0
_CROSSWALK_ONTO_SIDEWALK_M = 0.5  # carla.Map adds another metre at each end
_SIGN_S_M = 0.5  # signs and stop lines before the end of the lane
_POST_BEHIND_KERB_M = 1.0
_STRAIGHT_RAD = math.radians(40.0)
_BACK_RAD = math.radians(150.0)
# Between lanes that go on side by side; broken for the eye, but no planner is offered a change of lanes in a junction.
_THROUGH = Mark("broken")
_STRIP_ORDER = ("biking", "shoulder", "none", "sidewalk")


class Movement(NamedTuple):
    """A way through a junction, from lane to lane."""

    source: End
    lane_in: LaneEnd
    target: End
    lane_out: LaneEnd


@dataclass(frozen=True)
class Control:
    """Who goes first. Ends are given by their position in the junction's list.

    Each approach with lights has a turn of its own, as in CARLA's towns: the Traffic Manager does not give way when
    it turns left, so approaches that are green together would meet.
    """

    lights: tuple[int, ...] = ()
    stop: tuple[int, ...] = ()
    yields: tuple[int, ...] = ()


@dataclass
class _Work:
    construction: Construction
    junction: Junction
    ends: list[End]
    roads: list[Road] = field(default_factory=list)
    carriers: dict[tuple[int, int, int, int], Road] = field(default_factory=dict)  # by road and lane, in and out


def _turn(source: End, target: End) -> float:
    return wrap(target.entering.heading + math.pi - source.entering.heading)


def default_movements(ends: list[End]) -> list[Movement]:
    """Every turn but the one back: left from the inner lane, right from the outer one, straight on from all.

    Where the way straight on has fewer lanes the inner ones turn left; where there is no way straight on the lanes
    are shared out; no lane is left without a way on, and none without a way into it if there is any.
    """
    found: list[Movement] = []
    for source in ends:
        lanes = source.inbound
        if not lanes:
            continue
        ways = [(_turn(source, target), target) for target in ends if target is not source and target.outbound]
        left = [target for turn, target in ways if turn > _STRAIGHT_RAD]
        right = [target for turn, target in ways if turn < -_STRAIGHT_RAD]
        ahead = [target for turn, target in ways if abs(turn) <= _STRAIGHT_RAD]
        used: set[int] = set()

        def go(i: int, target: End, j: int, source: End = source, used: set[int] = used) -> None:
            found.append(Movement(source, source.inbound[i], target, target.outbound[j]))
            used.add(i)

        n = len(lanes)
        for target in ahead:
            m = len(target.outbound)
            for i in range(max(0, n - m), n):
                go(i, target, i - max(0, n - m))
        if ahead:
            for target in left:
                go(0, target, 0)
            for target in right:
                go(n - 1, target, len(target.outbound) - 1)
        else:
            share = n if not right else (n + 1) // 2 if left else 0
            for target in left:
                for i in range(max(1, share)):
                    go(i, target, min(i, len(target.outbound) - 1))
            for target in right:
                for i in range(min(share, n - 1), n):
                    go(i, target, len(target.outbound) - 1 - min(n - 1 - i, len(target.outbound) - 1))
        for i in range(n):
            if i not in used and ways:
                _, target = min(ways, key=lambda way: abs(way[0]))
                go(i, target, min(i, len(target.outbound) - 1))
    return found + _unfed(ends, found)


def _unfed(ends: list[End], found: list[Movement]) -> list[Movement]:
    """A way into each outbound lane that nothing leads to: from the neighbour of a lane that is led to."""
    extra: list[Movement] = []
    for target in ends:
        fed = [m for m in found if m.target is target]
        for lane in target.outbound:
            if fed and all(m.lane_out is not lane for m in fed):
                near = min(fed, key=lambda m: (abs(_turn(m.source, target)), abs(m.lane_out.id - lane.id)))
                extra.append(Movement(near.source, near.lane_in, target, lane))
    return extra


def _heights(source: End, target: End, length: float) -> list[Cubic]:
    if source.z == target.z and abs(source.climb) + abs(target.climb) < 1e-9:
        return [Cubic(0.0, source.z)]
    return [Cubic.between(0.0, length, source.z, target.z, source.climb, -target.climb)]


def _widening(before: float, after: float, length: float) -> Cubic:
    # Level at both ends: the heading of a lane's middle follows its width.
    return Cubic(0.0, before) if before == after else Cubic.between(0.0, length, before, after)


def _strip_lanes(source: End, target: End, first_id: int, length: float) -> tuple[list[Lane], list[tuple[int, int]]]:
    """The lanes of a corner: strips of the two ends matched by kind; what one end lacks narrows to nothing."""
    before = {strip.kind: strip for strip in source.strips(True)}
    after = {strip.kind: strip for strip in target.strips(False)}
    lanes: list[Lane] = []
    links: list[tuple[int, int]] = []
    for kind in _STRIP_ORDER:
        a, b = before.get(kind), after.get(kind)
        if a is None and b is None:
            continue
        width_a, width_b = (a.width if a else 0.0), (b.width if b else 0.0)
        lane_id = first_id - len(lanes)
        width = _widening(width_a, width_b, length)
        lanes.append(Lane(lane_id, kind, [width], Mark(), a.id if a else None, b.id if b else None))
        if a:
            links.append((a.id, lane_id))
    return lanes, links


def _connecting_road(
    work: _Work, source: End, target: End, path: Path, lanes: list[Lane], centre: Mark = NO_MARK
) -> Road:
    road = Road(
        work.construction.new_id(),
        f"{source.road.name} - {target.road.name}",
        path,
        [LaneSection(0.0, lanes, centre)],
        junction=work.junction.id,
        predecessor=Link("road", source.road.id, source.contact),
        successor=Link("road", target.road.id, target.contact),
        speed_kmh=min(source.road.speed_kmh, target.road.speed_kmh),
        kind=source.road.kind,
        elevation=_heights(source, target, path.length),
    )
    work.construction.network.roads.append(road)
    work.roads.append(road)
    return road


def _through_marks(move: Movement, moves: list[Movement]) -> tuple[Mark, Mark]:
    """The lines at the left and the right of a way through a junction without crossing traffic: those of the lanes
    before and after it go on, and what parts or merges has an edge of its own."""
    ways = {
        (id(m.source), m.source.inbound.index(m.lane_in), id(m.target), m.target.outbound.index(m.lane_out))
        for m in moves
    }
    source, i = id(move.source), move.source.inbound.index(move.lane_in)
    target, j = id(move.target), move.target.outbound.index(move.lane_out)

    def parts(step: int) -> bool:
        """Whether the neighbour before or after the junction goes to, or comes from, another road."""
        return any(
            (way[:2] == (source, i + step) and way[2] != target) or (way[2:] == (target, j + step) and way[0] != source)
            for way in ways
        )

    if i == 0 and j == 0:
        left = SOLID_YELLOW
    elif (source, i - 1, target, j - 1) in ways:
        left = _THROUGH
    else:
        left = SOLID if parts(-1) else NO_MARK
    if (source, i + 1, target, j + 1) in ways:
        right = NO_MARK  # its neighbour has that line on its left
    elif (source, i, target, j + 1) in ways or (source, i + 1, target, j) in ways:
        right = _THROUGH
    else:
        right = SOLID
    return left, right


def _connect_movement(
    work: _Work, move: Movement, corner: bool, lead_in: float, lead_out: float, marks: tuple[Mark, Mark]
) -> None:
    a, b = move.lane_in, move.lane_out
    left, right = marks
    path = connect(move.source.lane_in(a), move.target.lane_out(b), lead_in, lead_out)
    length = path.length
    lanes = [Lane(-1, "driving", [_widening(a.width, b.width, length)], right, a.id, b.id)]
    links = [(a.id, -1)]
    if corner:
        strips, strip_links = _strip_lanes(move.source, move.target, -2, length)
        lanes += strips
        links += strip_links
    road = _connecting_road(work, move.source, move.target, path, lanes, left)
    work.junction.connections.append(Connection(move.source.road.id, road.id, tuple(links)))
    work.carriers[move.source.road.id, a.id, move.target.road.id, b.id] = road


def _connect_corner(work: _Work, source: End, target: End, lead_in: float, lead_out: float) -> None:
    """A corner that no traffic turns around: sidewalks and shoulders only."""
    if abs(_turn(source, target)) > _BACK_RAD:
        return  # two roads side by side that part or merge
    start = source.entering.left(-source.edge(True))
    end = target.entering.turned().left(-target.edge(False))
    path = connect(start, end, lead_in, lead_out)
    lanes, links = _strip_lanes(source, target, -1, path.length)
    if lanes:
        road = _connecting_road(work, source, target, path, lanes)
        if links:
            work.junction.connections.append(Connection(source.road.id, road.id, tuple(links)))


def add_junction(
    construction: Construction,
    name: str,
    ends: list[End],
    control: Control,
    movements: list[Movement] | None = None,
    crosswalks: bool = False,
    leads: tuple[float, ...] | None = None,
    lines: bool = False,
) -> Junction:
    """Join road ends, given counter-clockwise by the side they lie on, in a junction.

    With `lines` the lane lines go on through it, as where lanes of a motorway part or merge.
    `leads` say how far the connecting roads run straight at each end. Crosswalks go across the arms that have a
    long enough lead and sidewalks on both sides.
    """
    junction = Junction(construction.new_id(), name)
    construction.network.junctions.append(junction)
    work = _Work(construction, junction, ends)
    leads = leads or (0.0,) * len(ends)
    lead = {id(end): metres for end, metres in zip(ends, leads)}
    moves = default_movements(ends) if movements is None else movements
    pairs = list(zip(ends, ends[1:] + ends[:1])) if len(ends) > 1 else []
    outermost = {
        (source.road.id, source.inbound[-1].id, target.road.id, target.outbound[-1].id): False
        for source, target in pairs
        if source.inbound and target.outbound
    }
    for move in moves:
        key = (move.source.road.id, move.lane_in.id, move.target.road.id, move.lane_out.id)
        corner = key in outermost
        if corner:
            outermost[key] = True
        marks = _through_marks(move, moves) if lines else (NO_MARK, NO_MARK)
        _connect_movement(work, move, corner, lead[id(move.source)], lead[id(move.target)], marks)
    for source, target in pairs:
        key = (
            (source.road.id, source.inbound[-1].id, target.road.id, target.outbound[-1].id)
            if source.inbound and target.outbound
            else (0, 0, 0, 0)
        )
        if not outermost.get(key, False):
            _connect_corner(work, source, target, lead[id(source)], lead[id(target)])
    for end in ends:
        link = Link("junction", junction.id)
        if end.at_end:
            end.road.successor = link
        else:
            end.road.predecessor = link
    for end in ends:
        walkable = end.has_sidewalk(True) and end.has_sidewalk(False)
        if crosswalks and walkable and lead[id(end)] >= CROSSWALK_LEAD_M:
            _add_crosswalk(work, end)
    _add_lights(work, control)
    for i in control.stop:
        _add_sign(construction, ends[i], STOP, "Sign_Stop")
    for i in control.yields:
        _add_sign(construction, ends[i], YIELD, "Sign_Yield")
    return junction


def _add_crosswalk(work: _Work, end: End) -> None:
    """Across one arm, on the straight beginning (or end) of a connecting road."""
    right = end.kerb(True) + _CROSSWALK_ONTO_SIDEWALK_M
    left = end.kerb(False) + _CROSSWALK_ONTO_SIDEWALK_M
    centre = (right - left) / 2.0
    for (road_in, lane_in, road_out, lane_out), road in work.carriers.items():
        if road_in == end.road.id:
            offset = next(lane.offset for lane in end.inbound if lane.id == lane_in)
            s, t = _CROSSWALK_CENTRE_M, offset - centre
        elif road_out == end.road.id:
            offset = next(lane.offset for lane in end.outbound if lane.id == lane_out)
            s, t = road.path.length - _CROSSWALK_CENTRE_M, offset + centre
        else:
            continue
        road.crosswalks.append(
            Crosswalk(work.construction.new_id(), s, t, math.pi / 2.0, right + left, _CROSSWALK_DEPTH_M)
        )
        return
    raise ValueError(f"no traffic passes the crosswalk of {end.road.name}")


def _lanes_of(end: End) -> tuple[int, int]:
    ids = [lane.id for lane in end.inbound]
    return min(ids), max(ids)


def _sign_s(end: End) -> float:
    return end.s - _SIGN_S_M if end.at_end else _SIGN_S_M


def _add_sign(construction: Construction, end: End, kind: str, name: str) -> None:
    """A sign on the right of an approach, at its end."""
    offset = end.kerb(True) + _POST_BEHIND_KERB_M
    end.road.signals.append(
        Signal(
            construction.new_id(), kind, name, _sign_s(end), -offset if end.at_end else offset,
            0.0 if end.at_end else math.pi, end.orientation(), _lanes_of(end),
        )
    )  # fmt: skip


def _add_lights(work: _Work, control: Control) -> None:
    for turn, i in enumerate(control.lights):
        end = work.ends[i]
        light = work.construction.new_id()
        _place_light(work, end, light)
        end.road.references.append(SignalReference(light, _sign_s(end), end.orientation(), _lanes_of(end)))
        controller = Controller(work.construction.new_id(), f"{work.junction.name} {turn + 1}", [light])
        work.construction.network.controllers.append(controller)
        work.junction.controllers.append(controller.id)


def _place_light(work: _Work, end: End, light: int) -> None:
    """The post stands beyond the junction, where the first car at the line can see it.

    It is behind the right kerb of the way straight on; where there is none, behind the kerb that faces the approach.
    """
    ahead = [
        target
        for target in work.ends
        if target is not end and (target.outbound or target.inbound) and abs(_turn(end, target)) <= _STRAIGHT_RAD
    ]
    if ahead:
        target = min(ahead, key=lambda target: abs(_turn(end, target)))
        aside = target.kerb(False) + _POST_BEHIND_KERB_M
        post = target.entering.turned().ahead(-0.5).left(-aside)
        if _stand(work, light, end, post):
            return
    else:
        # Walk on from the middle of the approach until there is a kerb: the last road of the junction's far side.
        lane = end.inbound[0]
        eye = end.entering.left(-lane.offset - lane.width / 2.0)
        far = [
            (eye.local(pose.x, pose.y)[0], abs(eye.local(pose.x, pose.y)[1]), road, s)
            for road in work.roads
            for s in [road.path.length * k / 40 for k in range(41)]
            for pose in [road.path.pose(s)]
            if abs(eye.local(pose.x, pose.y)[1]) < 3.0
        ]
        distance, _, road, s = max(far, key=lambda entry: entry[0])
        paved = sum(w.widths[0].a for w in road.sections[0].lanes if w.kind not in ("sidewalk", "none"))
        reach = abs(math.cos(wrap(road.path.pose(s).heading - eye.heading - math.pi / 2.0)))
        if _stand(work, light, end, eye.ahead(distance + paved / max(reach, 0.5) + _POST_BEHIND_KERB_M)):
            return
    near = end.entering.left(-end.kerb(True) - _POST_BEHIND_KERB_M)
    if not _stand(work, light, end, near.ahead(0.1)):
        raise ValueError(f"no place for the light of {end.road.name}")


def _stand(work: _Work, light: int, end: End, post: Pose) -> bool:
    """Put a light at a point, in the coordinates of the nearest connecting road beside it."""
    places = [(abs(st[1]), road.id, road, st) for road in work.roads if (st := road.path.project(post.x, post.y))]
    if not places:
        return False
    _, _, road, (s, t) = min(places, key=lambda place: place[:2])
    h_offset = wrap(end.entering.heading - road.path.pose(s).heading)
    road.signals.append(
        Signal(light, LIGHT, "Signal_3Light_Post01", s, t, h_offset, end.orientation(), (0, 0), dynamic=True)
    )
    return True


def add_speed_sign(construction: Construction, start: End, distance: float) -> None:
    """The speed limit of a road, shown to those who come in from `start`."""
    road = start.road
    s = road.path.length - distance if start.at_end else distance
    lanes = [lane.id for lane in start.outbound]
    offset = start.kerb(False) + _POST_BEHIND_KERB_M
    # The parking lane that may begin before the sign is part of the way between kerb and post.
    offset += max((strip.width for strip in (start.street.section.left if start.at_end
                   else start.street.section.right) if strip.kind == "parking"), default=0.0)  # fmt: skip
    road.signals.append(
        Signal(
            construction.new_id(), SPEED_LIMIT, f"Speed_{road.speed_kmh}", s, offset if start.at_end else -offset,
            math.pi if start.at_end else 0.0, start.orientation(inbound=False), (min(lanes), max(lanes)),
            value=float(road.speed_kmh),
        )
    )  # fmt: skip
