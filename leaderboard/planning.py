"""The dense plan between a route's points: which lanes, where to turn, where to change lanes, and the same in GPS.

It chooses the ways that CARLA's own planner chooses (PythonAPI/carla/agents/navigation/global_route_planner.py of
0.9.16): the same graph, the same costs, the same order of equals, the same names of turns. Scores depend on it, since
completion is counted in points of this plan.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

import carla
import networkx

from leaderboard.criteria.view import Place
from leaderboard.errors import UserError
from leaderboard.road_option import RoadOption

__all__ = [
    "GeoReference",
    "GlobalPlan",
    "NoRoute",
    "RoutePlanner",
    "downsample",
    "geo_reference",
    "gps_of",
    "plan_route",
]

PlanPoint = tuple[carla.Transform, RoadOption]
GpsPoint = tuple[dict[str, float], RoadOption]

# A way through a junction that turns by less is called straight.
_STRAIGHT_RAD = math.radians(35.0)
# A lane change lands so many points beyond the nearest one of the other lane.
_CHANGE_POINTS = 5
# Whoever is so far from the route has left it (InRouteTest), so a point so far from all lanes is on no route.
_FARTHEST_M = 30.0


class NoRoute(UserError):
    """The map has no way from one point to the other."""


class _Vector(NamedTuple):
    x: float
    y: float
    z: float


@dataclass(slots=True)
class _Edge:
    """A stretch of one lane, or (with `change`) a step onto the lane beside it."""

    entry: carla.Waypoint
    exit: carla.Waypoint
    path: list[carla.Waypoint]
    """The points between entry and exit."""
    in_junction: bool
    exit_ahead: _Vector | None
    chord: _Vector | None
    option: RoadOption = RoadOption.LANEFOLLOW

    @property
    def points(self) -> list[carla.Waypoint]:
        return [self.entry, *self.path, self.exit]

    @property
    def length(self) -> int:
        """The cost of driving it, in points; changing lanes costs nothing."""
        return 0 if self.option.is_lane_change else len(self.path) + 1


class RoutePlanner:
    """The lanes of a map as a graph; building it takes a while, tracing routes does not."""

    def __init__(self, carla_map: carla.Map, spacing_m: float = 1.0) -> None:
        self._map = carla_map
        self._spacing_m = spacing_m
        self._graph = networkx.DiGraph()
        self._nodes: dict[_Vector, int] = {}
        self._edge_of_lane: dict[tuple[int, int, int], tuple[int, int]] = {}
        # Several lanes in a row can lie in one junction: the turn named at its entry holds up to this node.
        self._turn_ends_at: int | None = None
        self._last_option: RoadOption | None = RoadOption.VOID
        edges = list(self._lane_edges())
        for edge in edges:
            self._add_lane(edge)
        self._add_loose_ends(edges)
        self._add_lane_changes(edges)

    def trace(self, origin: carla.Location, destination: carla.Location) -> list[tuple[carla.Waypoint, RoadOption]]:
        """The points from `origin` to `destination`, both moved onto the nearest driving lane.

        Tracing one piece of a route after the other with one planner, a turn that one piece begins may end in the next.
        """
        nodes = self._cheapest(origin, destination)
        here = self._map.get_waypoint(origin)
        goal = self._map.get_waypoint(destination)
        trace: list[tuple[carla.Waypoint, RoadOption]] = []
        for index in range(len(nodes) - 1):
            option = self._option(nodes, index)
            edge = self._edge(nodes[index], nodes[index + 1])
            if edge.option.is_lane_change:
                trace.append((here, option))
                here = self._beyond_change(here, edge)
                trace.append((here, option))
                continue
            points = edge.points
            first = _nearest(here, points)
            is_last = index >= len(nodes) - 2
            # The lane was entered beyond the goal: its first point that is on the goal's lane ends the route.
            overshot = is_last and first > _nearest(goal, points)
            for here in points[first:]:
                trace.append((here, option))
                if is_last and here.transform.location.distance(destination) < 2.0 * self._spacing_m:
                    break
                if overshot and _lane_of(here) == _lane_of(goal):
                    break
        return trace

    def _beyond_change(self, here: carla.Waypoint, change: _Edge) -> carla.Waypoint:
        lane = self._edge(*self._edge_of_lane[_lane_of(change.exit)])
        if not lane.path:
            return lane.exit
        return lane.path[min(len(lane.path) - 1, _nearest(here, lane.path) + _CHANGE_POINTS)]

    def _cheapest(self, origin: carla.Location, destination: carla.Location) -> list[int]:
        """The nodes of the cheapest way, from the beginning of the first lane to the end of the last."""
        first, last = self._edge_at(origin), self._edge_at(destination)
        if first is None or last is None:
            lost = origin if first is None else destination
            raise NoRoute(
                f"the lane at {_say(lost)} leads from and to no other, so no way can be planned there; move the "
                "route's point onto another road, or link this one in the map"
            )
        try:
            nodes = networkx.astar_path(
                self._graph, source=first[0], target=last[0], heuristic=self._straight_m, weight="length"
            )
        except networkx.NetworkXNoPath:
            raise NoRoute(
                f"no road leads from {_say(origin)} to {_say(destination)}; put points between them or turn them round"
            ) from None
        return [*nodes, last[1]]

    def _straight_m(self, one: int, other: int) -> float:
        return math.dist(self._graph.nodes[one]["place"], self._graph.nodes[other]["place"])

    # The graph

    def _lane_edges(self) -> Iterator[_Edge]:
        for entry, exit_ in self._map.get_topology():
            end = exit_.transform.location
            path: list[carla.Waypoint] = []
            following = entry.next(self._spacing_m)
            if entry.transform.location.distance(end) <= self._spacing_m:
                if not following:
                    continue
                path.append(following[0])
            else:
                while following and following[0].transform.location.distance(end) > self._spacing_m:
                    path.append(following[0])
                    following = following[0].next(self._spacing_m)
            yield _Edge(
                entry=entry,
                exit=exit_,
                path=path,
                in_junction=entry.is_junction,
                exit_ahead=_ahead(exit_),
                chord=_direction(entry.transform.location, end),
            )

    def _node(self, waypoint: carla.Waypoint) -> int:
        """Ends of lanes within the same cubic metre are the same node."""
        place = _Vector(*(float(round(part)) for part in _vector(waypoint.transform.location)))
        if place not in self._nodes:
            self._nodes[place] = len(self._nodes)
            self._graph.add_node(self._nodes[place], place=place)
        return self._nodes[place]

    def _add_lane(self, edge: _Edge) -> None:
        begin, end = self._node(edge.entry), self._node(edge.exit)
        self._edge_of_lane[_lane_of(edge.entry)] = (begin, end)
        self._graph.add_edge(begin, end, length=edge.length, edge=edge)

    def _add_loose_ends(self, edges: Sequence[_Edge]) -> None:
        """Lanes that end at the edge of the map begin no edge of the topology; each gets one, to its last point."""
        loose = 0
        for edge in edges:
            lane = _lane_of(edge.exit)
            if lane in self._edge_of_lane:
                continue
            loose += 1
            begin, end = self._node(edge.exit), -loose
            self._edge_of_lane[lane] = (begin, end)
            path: list[carla.Waypoint] = []
            following = edge.exit.next(self._spacing_m)
            while following and _lane_of(following[0]) == lane:
                path.append(following[0])
                following = following[0].next(self._spacing_m)
            if path:
                tail = _Edge(edge.exit, path[-1], path, edge.exit.is_junction, None, None)
                self._graph.add_node(end, place=_vector(path[-1].transform.location))
                self._graph.add_edge(begin, end, length=tail.length, edge=tail)

    def _add_lane_changes(self, edges: Sequence[_Edge]) -> None:
        """From the beginning of a lane to that of the lane beside it, if some point of the lane allows the change."""
        for edge in edges:
            if edge.in_junction:
                continue
            open_sides = [RoadOption.CHANGELANERIGHT, RoadOption.CHANGELANELEFT]
            for waypoint in edge.path:
                for option in tuple(open_sides):
                    if self._add_lane_change(edge, waypoint, option):
                        open_sides.remove(option)
                if not open_sides:
                    break

    def _add_lane_change(self, edge: _Edge, waypoint: carla.Waypoint, option: RoadOption) -> bool:
        beside = _beside(waypoint, option)
        if beside is None or beside.lane_type != carla.LaneType.Driving or beside.road_id != waypoint.road_id:
            return False
        target = self._edge_at(beside.transform.location)
        if target is None:
            return False
        change = _Edge(waypoint, beside, [], False, None, None, option)
        self._graph.add_edge(self._node(edge.entry), target[0], length=0, edge=change)
        return True

    def _edge_at(self, location: carla.Location) -> tuple[int, int] | None:
        waypoint = self._map.get_waypoint(location)
        nodes = self._edge_of_lane.get(_lane_of(waypoint)) if waypoint is not None else None
        return nodes if nodes is not None and self._graph.has_edge(*nodes) else None

    def _edge(self, begin: int, end: int) -> _Edge:
        edge: _Edge = self._graph.edges[begin, end]["edge"]
        return edge

    # Names of turns

    def _option(self, nodes: Sequence[int], index: int) -> RoadOption:
        edge = self._edge(nodes[index], nodes[index + 1])
        option: RoadOption | None = edge.option
        if index > 0:
            if self._is_inside_turn(nodes[index - 1], edge):
                option = self._last_option
            else:
                self._turn_ends_at = None
                before = self._edge(nodes[index - 1], nodes[index])
                if _is_plain(before) and not before.in_junction and _is_plain(edge) and edge.in_junction:
                    self._turn_ends_at, tail = self._end_of_junction(nodes, index)
                    if before.exit_ahead is None or tail.exit_ahead is None:
                        return edge.option
                    option = self._turn(before.exit_ahead, tail.exit_ahead, nodes[index], nodes[index + 1])
        self._last_option = option
        # A way that neither turns nor is straight cannot be: the sine of its angle would be 0.
        return option or RoadOption.STRAIGHT

    def _is_inside_turn(self, node_before: int, edge: _Edge) -> bool:
        # Node 0 ends no turn in CARLA's planner, which tests for "> 0".
        return (
            self._last_option != RoadOption.VOID
            and self._turn_ends_at is not None
            and self._turn_ends_at > 0
            and self._turn_ends_at != node_before
            and _is_plain(edge)
            and edge.in_junction
        )

    def _end_of_junction(self, nodes: Sequence[int], index: int) -> tuple[int | None, _Edge]:
        """Where the lanes of this junction end on the way, and the last of them."""
        last_node, last_edge = None, self._edge(nodes[index], nodes[index + 1])
        for begin, end in itertools.pairwise(nodes[index:]):
            edge = self._edge(begin, end)
            if not (_is_plain(edge) and edge.in_junction):
                break
            last_node, last_edge = end, edge
        return last_node, last_edge

    def _turn(self, before: _Vector, after: _Vector, node: int, chosen: int) -> RoadOption | None:
        """Straight by the angle; else left or right, first of all compared with the other ways out of `node`."""
        if _angle_rad(before, after) < _STRAIGHT_RAD:
            return RoadOption.STRAIGHT
        others = [
            _cross_z(before, edge.chord)
            for neighbour in self._graph.successors(node)
            if neighbour != chosen and _is_plain(edge := self._edge(node, neighbour)) and edge.chord is not None
        ] or [0.0]
        cross = _cross_z(before, after)
        if cross < min(others):
            return RoadOption.LEFT
        if cross > max(others):
            return RoadOption.RIGHT
        if cross == 0.0:
            return None
        return RoadOption.LEFT if cross < 0.0 else RoadOption.RIGHT


def _is_plain(edge: _Edge) -> bool:
    return edge.option is RoadOption.LANEFOLLOW


def _beside(waypoint: carla.Waypoint, option: RoadOption) -> carla.Waypoint | None:
    """The lane on that side, if the marking between allows to change to it."""
    right = option is RoadOption.CHANGELANERIGHT
    marking = waypoint.right_lane_marking if right else waypoint.left_lane_marking
    side = carla.LaneChange.Right if right else carla.LaneChange.Left
    if not marking or not marking.lane_change & side:
        return None
    return waypoint.get_right_lane() if right else waypoint.get_left_lane()


def _lane_of(waypoint: carla.Waypoint) -> tuple[int, int, int]:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _nearest(waypoint: carla.Waypoint, points: Sequence[carla.Waypoint]) -> int:
    location = waypoint.transform.location
    return min(range(len(points)), key=lambda index: points[index].transform.location.distance(location))


def _vector(point: carla.Location | carla.Vector3D) -> _Vector:
    return _Vector(point.x, point.y, point.z)


def _ahead(waypoint: carla.Waypoint) -> _Vector:
    return _vector(waypoint.transform.get_forward_vector())


def _direction(begin: carla.Location, end: carla.Location) -> _Vector:
    """The unit vector from one place to another; nothing for the same place."""
    gap = end - begin
    length = math.sqrt(gap.x**2 + gap.y**2 + gap.z**2) or 1.0
    return _Vector(gap.x / length, gap.y / length, gap.z / length)


def _cross_z(one: _Vector, other: _Vector) -> float:
    """Positive if `other` points to the right of `one`: CARLA's y axis does."""
    return one.x * other.y - one.y * other.x


def _angle_rad(one: _Vector, other: _Vector) -> float:
    dot = one.x * other.x + one.y * other.y + one.z * other.z
    size = math.hypot(*one) * math.hypot(*other)
    return math.acos(max(-1.0, min(1.0, dot / size)))


def _say(location: carla.Location) -> str:
    return f"({location.x:.1f}, {location.y:.1f}, {location.z:.1f})"


@dataclass(frozen=True, slots=True)
class GlobalPlan:
    """The dense plan in both forms; the two lists belong together point by point."""

    world: tuple[PlanPoint, ...]
    gps: tuple[GpsPoint, ...]


def plan_route(carla_map: carla.Map, keypoints: Sequence[Place], spacing_m: float = 1.0) -> GlobalPlan:
    """Points about a metre apart through all `keypoints`; raises NoRoute with one sentence.

    A keypoint in the middle occurs twice or nearly so, as the end of one piece and the beginning of the next.
    """
    locations = [carla.Location(*place) for place in keypoints]
    for location in locations:
        _check_near_lane(carla_map, location)
    planner = RoutePlanner(carla_map, spacing_m)
    world: list[PlanPoint] = []
    for origin, destination in itertools.pairwise(locations):
        world += [(waypoint.transform, option) for waypoint, option in planner.trace(origin, destination)]
    if len(world) < 2:
        raise NoRoute(
            f"its points {_say(locations[0])} to {_say(locations[-1])} are at one place; put the points further apart"
        )
    reference = geo_reference(carla_map)
    gps = [(gps_of(reference, transform.location), option) for transform, option in world]
    return GlobalPlan(tuple(world), tuple(gps))


def _check_near_lane(carla_map: carla.Map, location: carla.Location) -> None:
    """A point far from every lane is moved onto one by the public planner, and another route is driven in silence."""
    waypoint = carla_map.get_waypoint(location)
    if waypoint is None:
        return  # said when the way there is looked for
    gap_m = location.distance_2d(waypoint.transform.location)
    if gap_m > _FARTHEST_M:
        raise NoRoute(f"the point {_say(location)} is {gap_m:.0f} m from the nearest lane; move it onto a road")


class GeoReference(NamedTuple):
    """Where the map's origin is; the default is that of the leaderboard (route_manipulation.py)."""

    latitude_deg: float = 42.0
    longitude_deg: float = 2.0


def geo_reference(carla_map: carla.Map) -> GeoReference:
    """+lat_0 and +lon_0 of the OpenDRIVE header's geoReference, the default for what it does not say."""
    reference = GeoReference()
    for _, element in ElementTree.iterparse(io.BytesIO(carla_map.to_opendrive().encode())):
        if element.tag == "geoReference":
            terms = dict(term.split("=", 1) for term in (element.text or "").split() if "=" in term)
            return GeoReference(
                float(terms.get("+lat_0", reference.latitude_deg)), float(terms.get("+lon_0", reference.longitude_deg))
            )
        if element.tag == "header":
            break
    return reference


# The radius of the leaderboard's spherical Mercator (route_manipulation.py).
_EARTH_RADIUS_M = 6378137.0


def gps_of(reference: GeoReference, location: carla.Location | Place) -> dict[str, float]:
    """The leaderboard's latitude and longitude: latitude falls where y grows.

    The 0.9.16 client computes it otherwise (carla.Map.transform_to_geolocation); agents expect this one.
    """
    scale = math.cos(math.radians(reference.latitude_deg))
    radius_m = scale * _EARTH_RADIUS_M
    east_m = radius_m * math.radians(reference.longitude_deg) + location.x
    north_m = radius_m * math.log(math.tan(math.radians(90.0 + reference.latitude_deg) / 2.0)) - location.y
    return {
        "lat": math.degrees(2.0 * math.atan(math.exp(north_m / radius_m))) - 90.0,
        "lon": math.degrees(east_m / radius_m),
        "z": location.z,
    }


def downsample(points: Sequence[tuple[carla.Transform, int]], spacing_m: float) -> list[int]:
    """Which points of a dense plan the agent gets: the first, each one of a lane change, each change of option, one
    whenever the last lies more than `spacing_m` behind, and the last.
    """
    chosen: list[int] = []
    before: RoadOption | None = None
    driven_m = 0.0
    for index, (transform, value) in enumerate(points):
        option = RoadOption(int(getattr(value, "value", value)))
        turns = before != option and not (before is not None and before.is_lane_change)
        if option.is_lane_change or turns or driven_m > spacing_m or index == len(points) - 1:
            chosen.append(index)
            driven_m = 0.0
        else:
            driven_m += transform.location.distance(points[index - 1][0].location)
        before = option
    return chosen
