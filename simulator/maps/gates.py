"""What a town must keep to be driven in: gates that a map file passes or is told why not.

Only for our own towns and for tests: users' maps may break some of them and still load. carla's parser can kill the
process on a malformed file, so files from elsewhere belong into a process of their own.
"""

import math
import random
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict

import carla
import networkx

__all__ = ["check_town"]

_STEP_M = 2.0
_STEP_BOUNDS_M = (1.6, 3.2)
_GAP_M = 0.05
_STEP_UP_M = 0.02
_KINK_DEG = 1.0
_PARSE_S = 0.3
_TURN_DEG_PER_M = 9.6  # a radius of 6 m, the least that a car follows without trouble
_LIGHT_WITHIN_M = 1.6
_END_M = 1e-3  # waypoints at the very end of a section belong to the next one for some of carla's queries

LaneKey = tuple[int, int, int]


class _Town:
    """A parsed map with what carla.Map does not tell."""

    def __init__(self, xodr: str, xml: ElementTree.Element, dead_ends: frozenset[int]) -> None:
        self.xml = xml
        started = time.process_time()  # whatever else the machine is busy with
        self.map = carla.Map("town", xodr)
        self.parse_s = time.process_time() - started
        self.dead_ends = dead_ends
        self.bounds: dict[int, list[float]] = {}
        for road in self.xml.iter("road"):
            starts = [float(section.get("s", "0")) for section in road.iter("laneSection")]
            self.bounds[int(road.get("id", "-1"))] = [*starts, float(road.get("length", "0"))]
        self.topology: list[tuple[carla.Waypoint, carla.Waypoint]] = self.map.get_topology()
        self.waypoints: list[carla.Waypoint] = self.map.generate_waypoints(_STEP_M)

    def section(self, waypoint: carla.Waypoint) -> tuple[float, float]:
        """Where the lane section under a waypoint begins and ends."""
        begin, end = self.bounds[waypoint.road_id][waypoint.section_id : waypoint.section_id + 2]
        return begin, end

    def lane_end(self, waypoint: carla.Waypoint) -> carla.Waypoint:
        """The last waypoint of its lane in this lane section."""
        begin, end = self.section(waypoint)
        s = end - _END_M if waypoint.lane_id < 0 else begin + _END_M
        found = self.map.get_waypoint_xodr(waypoint.road_id, waypoint.lane_id, s)
        if found is None:
            raise ValueError(f"no lane {waypoint.lane_id} at s = {s} of road {waypoint.road_id}")
        return found


def check_town(xodr: str, dead_ends: frozenset[int] = frozenset()) -> list[str]:
    """What is wrong with a town, one sentence each; `dead_ends` are roads that are meant to end."""
    xml = ElementTree.fromstring(xodr)
    found = _references(xml)
    if found:
        return found  # carla's parser would not survive
    town = _Town(xodr, xml, dead_ends)
    if town.parse_s > _PARSE_S:
        found.append(f"carla.Map takes {town.parse_s:.2f} s to parse it, more than {_PARSE_S} s")
    for gate in (_network, _steps, _grid, _joints, _walks, _lights, _landmarks, _controllers, _crosswalks):
        found += gate(town)
    return found or _lane_ends(town)  # which would kill the process where _network finds something


def _name(waypoint: carla.Waypoint) -> str:
    return f"road {waypoint.road_id} lane {waypoint.lane_id} s {waypoint.s:.2f}"


def _steps(town: _Town) -> list[str]:
    found = []
    for waypoint in town.waypoints:
        following = waypoint.next(_STEP_M)
        if not following and waypoint.road_id not in town.dead_ends:
            found.append(f"{_name(waypoint)}: nothing {_STEP_M} m ahead")
        for other in following:
            step = waypoint.transform.location.distance(other.transform.location)
            if not _STEP_BOUNDS_M[0] <= step <= _STEP_BOUNDS_M[1]:
                found.append(f"{_name(waypoint)}: next({_STEP_M}) steps {step:.2f} m to {_name(other)}")
            turn = _degrees(waypoint.transform.rotation.yaw, other.transform.rotation.yaw)
            if turn > _TURN_DEG_PER_M * _STEP_M:
                found.append(f"{_name(waypoint)}: turns {turn:.1f} degrees in {_STEP_M} m")
    return found


def _lane_ends(town: _Town) -> list[str]:
    """The queries for a lane's rest: they raise where equal steps end exactly on the lane's end."""
    found = []
    for lane in {_key(first): first for first, _ in town.topology}.values():
        try:
            lane.next_until_lane_end(1.0)
            lane.previous_until_lane_start(1.0)
        except RuntimeError as error:
            found.append(f"{_name(lane)}: no way to the lane's ends in steps of a metre: {error}")
    return found


def _grid(town: _Town) -> list[str]:
    """Every kind of waypoint query, everywhere: some files make them raise "distance > 0.0"."""
    found = []
    header = town.xml.find("header")
    assert header is not None
    north, south, east, west = (float(header.get(side, "0")) for side in ("north", "south", "east", "west"))
    spacing = max(10.0, math.sqrt((north - south) * (east - west) / 10000.0))
    for i in range(int((east - west + 40.0) / spacing)):
        for j in range(int((north - south + 40.0) / spacing)):
            # carla's y points south.
            place = carla.Location(west - 20.0 + i * spacing, -(north + 20.0 - j * spacing), 0.0)
            try:
                if town.map.get_waypoint(place) is None:
                    found.append(f"get_waypoint finds nothing at ({place.x:.0f}, {place.y:.0f})")
                town.map.get_waypoint(place, project_to_road=False, lane_type=carla.LaneType.Any)
            except RuntimeError as error:
                found.append(f"get_waypoint raises at ({place.x:.0f}, {place.y:.0f}): {error}")
    return found


def _degrees(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def _joints(town: _Town) -> list[str]:
    """Where a lane passes into the next one there is no gap, no kink and no step."""
    found = []
    for first, second in town.topology:
        end = town.lane_end(first)
        begin, last = town.section(second)
        s = begin + _END_M if second.lane_id < 0 else last - _END_M
        start = town.map.get_waypoint_xodr(second.road_id, second.lane_id, s)
        if start is None:
            found.append(f"{_name(second)} cannot be found by its own coordinates")
            continue
        a, b = end.transform, start.transform
        gap = math.hypot(a.location.x - b.location.x, a.location.y - b.location.y)
        if gap > _GAP_M + 2 * _END_M:
            found.append(f"{_name(end)} ends {gap:.3f} m from {_name(start)}")
        if abs(a.location.z - b.location.z) > _STEP_UP_M:
            found.append(f"{_name(end)} ends {b.location.z - a.location.z:.3f} m below {_name(start)}")
        if _degrees(a.rotation.yaw, b.rotation.yaw) > _KINK_DEG:
            found.append(f"{_name(end)} turns by {b.rotation.yaw - a.rotation.yaw:.2f} degrees at {_name(start)}")
        if _degrees(a.rotation.pitch, b.rotation.pitch) > _KINK_DEG:
            found.append(f"{_name(end)} tilts by {b.rotation.pitch - a.rotation.pitch:.2f} degrees at {_name(start)}")
    return found


def _key(waypoint: carla.Waypoint) -> LaneKey:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _network(town: _Town) -> list[str]:
    """From every driving lane one can drive to every other one, changing lanes where the marks permit."""
    graph: networkx.DiGraph[LaneKey] = networkx.DiGraph()
    for waypoint in town.waypoints:
        graph.add_node(_key(waypoint))
        if waypoint.is_junction:
            continue
        for allowed, neighbour in (
            (waypoint.lane_change & carla.LaneChange.Right, waypoint.get_right_lane),
            (waypoint.lane_change & carla.LaneChange.Left, waypoint.get_left_lane),
        ):
            other = neighbour() if allowed else None
            if other is not None and other.lane_type == carla.LaneType.Driving:
                if other.lane_id * waypoint.lane_id < 0:
                    return [f"{_name(waypoint)}: the marks permit a change into oncoming traffic"]
                graph.add_edge(_key(waypoint), _key(other))
    for first, second in town.topology:
        graph.add_edge(_key(first), _key(second))
    found = []
    # carla's previous_until_lane_start ends the process behind a lane that begins from nothing.
    begins = {_key(waypoint) for waypoint in town.waypoints} - {_key(second) for _, second in town.topology}
    if begins:
        found.append(f"lanes that nothing leads into (road, section, lane): {sorted(begins)[:10]}")
    ends = {key for key in graph.nodes if graph.out_degree(key) == 0 and key[0] not in town.dead_ends}
    if ends:
        found.append(f"lanes that lead nowhere (road, section, lane): {sorted(ends)[:10]}")
    parts = sorted(networkx.strongly_connected_components(graph), key=len, reverse=True)
    if len(parts) > 1:
        lost = sorted(min(part) for part in parts[1:])
        found.append(f"{len(parts)} parts that cannot reach each other; smaller ones hold {lost[:10]}")
    return found


def _walks(town: _Town) -> list[str]:
    """A driver that takes random turns, metre by metre, meets nothing tighter than a car can follow."""
    generator = random.Random(1)
    found: set[str] = set()
    entries = [first for first, _ in town.topology]
    for first in generator.sample(entries, min(150, len(entries))):
        waypoint = first
        for _ in range(300):
            following = waypoint.next(1.0)
            if not following:
                break
            other = generator.choice(following)
            turn = _degrees(waypoint.transform.rotation.yaw, other.transform.rotation.yaw)
            step = waypoint.transform.location.distance(other.transform.location)
            if turn > _TURN_DEG_PER_M * max(step, 1.0):
                found.add(f"road {other.road_id} lane {other.lane_id}: turns {turn:.1f} degrees in {step:.2f} m")
            if not 0.7 <= step <= 1.5:
                found.add(f"{_name(waypoint)}: next(1.0) steps {step:.2f} m to {_name(other)}")
            waypoint = other
    return sorted(found)


def _lights(town: _Town) -> list[str]:
    """Each approach of a junction with lights finds exactly one of them right before it, and each light is found."""
    lit: dict[int, set[str]] = {}
    signals = {c.get("id"): [s.get("signalId", "") for s in c.iter("control")] for c in town.xml.findall("controller")}
    for junction in town.xml.findall("junction"):
        lit[int(junction.get("id", "-1"))] = {
            light for controller in junction.findall("controller") for light in signals.get(controller.get("id"), [])
        }
    found = []
    seen: set[str] = set()
    for first, second in town.topology:
        if first.is_junction or not second.is_junction or not lit.get(second.junction_id):
            continue
        end = town.lane_end(first)
        before = end.previous(_LIGHT_WITHIN_M - 0.6)
        landmarks = before[0].get_landmarks_of_type(_LIGHT_WITHIN_M, "1000001", True)
        lights = {landmark.id for landmark in landmarks}
        if len(landmarks) != 1:
            found.append(f"{_name(end)}: {len(landmarks)} lights before junction {second.junction_id}, not one")
        elif not lights <= lit[second.junction_id]:
            found.append(f"{_name(end)}: its light {lights} belongs to another junction than {second.junction_id}")
        seen |= lights
    every = {mark.id for mark in town.map.get_all_landmarks_of_type("1000001")}
    if set().union(*lit.values(), set()) - seen or every - seen:
        found.append(f"lights that no approach finds: {sorted(every | set().union(*lit.values()) - seen)}")
    return found


def _references(xml: ElementTree.Element) -> list[str]:
    """Each signal exists once, and all that are referred to exist."""
    ids = Counter(signal.get("id") for signal in xml.iter("signal"))
    found = [f"signal {name} exists {count} times" for name, count in ids.items() if count > 1]
    for tag, key in (("signalReference", "id"), ("control", "signalId")):
        names = {element.get(key) for element in xml.iter(tag)} - ids.keys()
        found += [f"a {tag} to signal {name}, which does not exist" for name in names]
    return found


def _landmarks(town: _Town) -> list[str]:
    """No signal is met twice on one road."""
    found = []
    for waypoint in town.waypoints[:: max(1, len(town.waypoints) // 500)]:
        on_lane = Counter(mark.id for mark in waypoint.get_landmarks(30.0, True) if mark.road_id == waypoint.road_id)
        found += [f"{_name(waypoint)}: signal {name} met {n} times" for name, n in on_lane.items() if n > 1]
    return found


def _controllers(town: _Town) -> list[str]:
    """Each light has one controller, each controller one junction."""
    found = []
    controls = Counter(control.get("signalId") for control in town.xml.iter("control"))
    lights = {s.get("id") for s in town.xml.iter("signal") if s.get("type") == "1000001"}
    found += [f"light {light} has {controls[light]} controllers" for light in lights if controls[light] != 1]
    owners: dict[str | None, int] = defaultdict(int)
    for junction in town.xml.findall("junction"):
        for controller in junction.findall("controller"):
            owners[controller.get("id")] += 1
    for controller in town.xml.findall("controller"):
        if owners[controller.get("id")] != 1:
            found.append(f"controller {controller.get('id')} is used by {owners[controller.get('id')]} junctions")
    return found


def _crosswalks(town: _Town) -> list[str]:
    """carla.Map sees every crosswalk, and both of its ends are on a sidewalk."""
    objects = [thing for thing in town.xml.iter("object") if thing.get("type") == "crosswalk"]
    corners = town.map.get_crosswalks()
    if len(corners) != 5 * len(objects):
        return [f"{len(objects)} crosswalks, but carla.Map shows {len(corners)} corners instead of {5 * len(objects)}"]
    found = []
    for i in range(0, len(corners), 5):
        for a, b in ((corners[i], corners[i + 1]), (corners[i + 2], corners[i + 3])):
            middle = carla.Location((a.x + b.x) / 2.0, (a.y + b.y) / 2.0, (a.z + b.z) / 2.0)
            side = town.map.get_waypoint(middle, project_to_road=False, lane_type=carla.LaneType.Sidewalk)
            if side is None:
                found.append(f"a crosswalk ends at ({middle.x:.1f}, {middle.y:.1f}), which is no sidewalk")
    return found
