"""Traffic lights and signs as actors, placed and boxed as CARLA's TrafficLightManager and sign components do.

Facts from carla-simulator/carla: TrafficLightManager.cpp, TrafficLightComponent.cpp, StopSignComponent.cpp and
SpeedLimitComponent.cpp in Unreal/CarlaUE4/Plugins/Carla/Source/Carla/Traffic, SignalType.cpp and MapBuilder.cpp in
LibCarla/source/carla/road.
The client joins its landmarks with these actors by the signal's id.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Final

import carla
import numpy as np

from simulator.maps.lanes import DRIVING, MAXIMUM_SPEED
from simulator.maps.opendrive import Facts, RoadEntry, SignalEntry
from simulator.maps.town import F8, LightBoxes, Signals

LIGHT_TYPES: Final = frozenset([*(str(1000000 + n) for n in (1, 2, *range(7, 21))), "F", "W", "A"])
STOP: Final = "206"
YIELD: Final = "205"
SPEED_ACTORS: Final = (30, 40, 50, 60, 90, 100, 120, 130)  # traffic.speed_limit.N exists for these

_LIGHT_FORWARD_M: Final = 0.25  # MapBuilder moves lights this far along their own x
_LIGHT_HALF_LENGTH_M: Final = 1.5
_LIGHT_CLEARANCE_M: Final = 1.5  # between the box and the junction
_LIGHT_HALF_HEIGHT_M: Final = 1.0
_LIGHT_WIDTH_FACTOR: Final = 0.25  # half width of the box by the lane's width
_SIGN_WIDTH_FACTOR: Final = 0.45
_SPEED_WIDTH_FACTOR: Final = 0.35
_SMALLEST_SIGN_HALF_M: Final = 1.0  # consumers read sign boxes along the world's axes: square and not thin
_NO_LANE_HALF_M: Final = 0.5
_BEFORE_JUNCTION_M: Final = 0.1
_CLEARANCE_M: Final = 1e-3


@dataclass(frozen=True, slots=True)
class _Approach:
    """A lane that a signal rules, and the place where one stops for it."""

    road: int
    lane: int
    stop: carla.Waypoint


@dataclass(frozen=True, slots=True)
class StopPlace:
    """Where a lane has its stop line."""

    gives_way: bool  # at a yield sign
    place: carla.Waypoint
    is_light: bool = False


@dataclass(slots=True)
class _Signal:
    id: str
    name: str
    type: str
    subtype: str
    value: float
    transform: carla.Transform
    approaches: list[_Approach]


def build_signals(
    map_: carla.Map, facts: Facts
) -> tuple[Signals, LightBoxes, list[list[int]], list[list[int]], list[StopPlace]]:
    """Signals (lights first, then signs, each in order of id), boxes of lights, controllers and groups, and the places
    where lights, stop signs and yield signs have one stop."""
    found = _collect(map_, facts)
    lights = [signal for signal in found if signal.type in LIGHT_TYPES]
    signs = [signal for signal in found if signal.type in (STOP, YIELD, MAXIMUM_SPEED)]
    boxes = _light_boxes(map_, facts, lights)
    controllers, groups = _controllers([light.id for light in lights], facts)
    controller_of = {light: row for row, members in enumerate(controllers) for light in members}
    group_of = {controller: row for row, members in enumerate(groups) for controller in members}
    pole = {}
    for members in groups:
        ordered = [light for controller in members for light in controllers[controller]]
        pole.update({light: index for index, light in enumerate(ordered)})

    ordered_signals = lights + signs
    poses = np.array([_pose(signal) for signal in ordered_signals], np.float64).reshape(-1, 6)
    centres = np.zeros((len(ordered_signals), 3))
    halves = np.full((len(ordered_signals), 3), _NO_LANE_HALF_M)
    for row, signal in enumerate(ordered_signals):
        volume = _volume(map_, facts, poses[row], signal)
        if volume is not None:
            centres[row], halves[row] = volume
    n = len(ordered_signals)
    light_controllers = [controller_of[i] for i in range(len(lights))] + [-1] * len(signs)
    signals = Signals(
        type_id=[_type_id(signal) for signal in ordered_signals],
        sign_id=[signal.id for signal in ordered_signals],
        pose=poses,
        trigger_center=centres,
        trigger_half=halves,
        group=np.array([group_of.get(c, -1) if c >= 0 else -1 for c in light_controllers], np.int32),
        controller=np.array(light_controllers, np.int32),
        pole_index=np.array([pole.get(i, 0) for i in range(n)], np.int32),
        speed_kmh=np.array([s.value if s.type == MAXIMUM_SPEED else 0.0 for s in ordered_signals], np.float64),
    )
    stops = [
        StopPlace(signal.type == YIELD, approach.stop, signal.type in LIGHT_TYPES)
        for signal in ordered_signals
        if signal.type != MAXIMUM_SPEED
        for approach in signal.approaches
    ]
    return signals, boxes, controllers, groups, stops


def _collect(map_: carla.Map, facts: Facts) -> list[_Signal]:
    """One entry for each signal id. The client's landmarks are references: several of them share a signal."""
    found: dict[str, _Signal] = {}
    for landmark in map_.get_all_landmarks():
        signal = found.get(landmark.id)
        if signal is None:
            signal = found[landmark.id] = _Signal(
                landmark.id, landmark.name, landmark.type, landmark.sub_type, landmark.value, landmark.transform, []
            )
        for first, last in landmark.get_lane_validities():
            for lane in range(min(first, last), max(first, last) + 1):
                approach = _approach(map_, facts, landmark.road_id, lane, landmark.s) if lane else None
                if approach and (approach.road, approach.lane) not in {(a.road, a.lane) for a in signal.approaches}:
                    signal.approaches.append(approach)
    for road in facts.roads:  # a signal that no lane refers to is no landmark, but an actor all the same
        for entry in road.signals:
            if entry.id not in found:
                transform = _transform(map_, road, entry)
                if transform is not None:
                    found[entry.id] = _Signal(
                        entry.id, entry.name, entry.type, entry.subtype, entry.value, transform, []
                    )
    # CARLA spawns no sign for what is painted on the road.
    kept = [signal for signal in found.values() if "Stencil_STOP" not in signal.name]
    return sorted(kept, key=lambda signal: (len(signal.id), signal.id))


def _approach(map_: carla.Map, facts: Facts, road: int, lane: int, s: float) -> _Approach | None:
    """The driving lane on which one stops. A reference on a road inside a junction means the lane that leads there."""
    place = map_.get_waypoint_xodr(road, lane, s)
    if place is None or int(place.lane_type) != DRIVING:
        return None
    if place.is_junction:
        driven = place.s if _runs_along_s(place) else facts.road(road).length - place.s
        before = place.previous(max(driven, 0.0) + _BEFORE_JUNCTION_M)
        if len(before) == 1 and not before[0].is_junction and int(before[0].lane_type) == DRIVING:
            place = before[0]
    return _Approach(place.road_id, place.lane_id, place)


def _runs_along_s(place: carla.Waypoint) -> bool:
    return (place.lane_id < 0) == place.is_rht


def _backwards(map_: carla.Map, facts: Facts, stop: carla.Waypoint, distance_m: float) -> carla.Waypoint:
    """The place that far before the stop where the way back is one lane outside junctions, else as far on this lane."""
    before = stop.previous(distance_m)
    if len(before) == 1 and before[0].is_junction == stop.is_junction:
        return before[0]
    section = facts.road(stop.road_id).sections[stop.section_id]
    s = stop.s - distance_m if _runs_along_s(stop) else stop.s + distance_m
    s = min(max(s, section.s + _CLEARANCE_M), section.s_end - _CLEARANCE_M)
    return map_.get_waypoint_xodr(stop.road_id, stop.lane_id, s) or stop


def _light_boxes(map_: carla.Map, facts: Facts, lights: list[_Signal]) -> LightBoxes:
    rows = []
    for row, light in enumerate(lights):
        for approach in light.approaches:
            middle = _backwards(map_, facts, approach.stop, _LIGHT_HALF_LENGTH_M + _LIGHT_CLEARANCE_M)
            half_width = max(0.01, _LIGHT_WIDTH_FACTOR * middle.lane_width)
            half = (_LIGHT_HALF_LENGTH_M, half_width, _LIGHT_HALF_HEIGHT_M)
            line = approach.stop.transform.location
            rows.append((row, middle.road_id, middle.lane_id, *_flat(middle), *half, line.x, line.y, line.z))
    table = np.array(rows, np.float64).reshape(-1, 13)
    owner, road, lane = (np.ascontiguousarray(column, np.int32) for column in table.T[:3])
    return LightBoxes(owner, road, lane, *(np.ascontiguousarray(column) for column in table.T[3:]))


def _volume(map_: carla.Map, facts: Facts, pose: F8, signal: _Signal) -> tuple[F8, F8] | None:
    """The trigger volume of a signal in its own frame: the box around the boxes of its lanes."""
    corners = []
    for approach in signal.approaches:
        width = approach.stop.lane_width
        if signal.type in LIGHT_TYPES:
            half = np.array([_LIGHT_HALF_LENGTH_M, max(0.01, _LIGHT_WIDTH_FACTOR * width), _LIGHT_HALF_HEIGHT_M])
            back = _LIGHT_HALF_LENGTH_M + _LIGHT_CLEARANCE_M
        elif signal.type == MAXIMUM_SPEED:
            half = np.full(3, max(0.01, _SPEED_WIDTH_FACTOR * width))
            back = float(half[0])
        else:
            half = np.full(3, sign_half_m(width))
            back = float(half[0])
        x, y, z, yaw = _flat(_backwards(map_, facts, approach.stop, back))
        cos, sin = math.cos(yaw), math.sin(yaw)
        for a, b, c in itertools.product((-1, 1), repeat=3):
            dx, dy = a * half[0], b * half[1]
            corners.append((x + cos * dx - sin * dy, y + sin * dx + cos * dy, z + c * half[2]))
    if not corners:
        return None
    local = _to_local(pose, np.array(corners))
    low, high = local.min(axis=0), local.max(axis=0)
    half = (high - low) * 0.5
    if signal.type in (STOP, YIELD):
        half[:2] = half[:2].max()
    return (low + high) * 0.5, half


def sign_half_m(lane_width_m: float) -> float:
    """Half the size of the box in which a stop or yield sign sees those who come along a lane."""
    return max(_SMALLEST_SIGN_HALF_M, _SIGN_WIDTH_FACTOR * lane_width_m)


def _flat(place: carla.Waypoint) -> tuple[float, float, float, float]:
    transform = place.transform
    return transform.location.x, transform.location.y, transform.location.z, math.radians(transform.rotation.yaw)


def _to_local(pose: F8, points: F8) -> F8:
    """Signals stand upright (CARLA takes their roll and pitch away), so yaw is all there is to undo."""
    cos, sin = math.cos(pose[5]), math.sin(pose[5])
    d = points - pose[:3]
    return np.column_stack((cos * d[:, 0] + sin * d[:, 1], -sin * d[:, 0] + cos * d[:, 1], d[:, 2]))


def _pose(signal: _Signal) -> tuple[float, float, float, float, float, float]:
    """CARLA's blueprints of lights and signs are turned by 90 degrees: their x runs across the lanes."""
    place = signal.transform.location
    yaw = math.radians(signal.transform.rotation.yaw + 90.0)
    return place.x, place.y, place.z, 0.0, 0.0, math.atan2(math.sin(yaw), math.cos(yaw))


def _transform(map_: carla.Map, road: RoadEntry, entry: SignalEntry) -> carla.Transform | None:
    """Where MapBuilder puts a signal: beside the reference line, which is the centre lane without its offset."""
    s = min(max(entry.s, 1e-4), road.length - 1e-4)
    middle = map_.get_waypoint_xodr(road.id, 0, s)
    if middle is None:
        return None
    place, turn = middle.transform.location, middle.transform.rotation
    yaw = math.radians(turn.yaw)
    right = road.lane_offset(s) - entry.t
    facing = turn.yaw - math.degrees(entry.h_offset)
    forward = _LIGHT_FORWARD_M if entry.type in LIGHT_TYPES else 0.0
    return carla.Transform(
        carla.Location(
            place.x - math.sin(yaw) * right + math.cos(math.radians(facing)) * forward,
            place.y + math.cos(yaw) * right + math.sin(math.radians(facing)) * forward,
            place.z + entry.z_offset,
        ),
        carla.Rotation(yaw=facing),
    )


def _type_id(signal: _Signal) -> str:
    if signal.type in LIGHT_TYPES:
        return "traffic.traffic_light"
    if signal.type == STOP:
        return "traffic.stop"
    if signal.type == YIELD:
        return "traffic.yield"
    speed = round(signal.value)
    return f"traffic.speed_limit.{speed}" if speed in SPEED_ACTORS else "traffic.unknown"


def _controllers(lights: list[str], facts: Facts) -> tuple[list[list[int]], list[list[int]]]:
    """Rows of lights by controller, and controllers by group: the junction's in the order of their turns. A light
    belongs to the first controller that names it; without any it gets its own, and a group of its own."""
    row_of = {light: row for row, light in enumerate(lights)}
    taken: set[int] = set()
    controllers: list[list[int]] = []
    number: dict[str, int] = {}
    for entry in facts.controllers:
        members = [row_of[signal] for signal in entry.signals if signal in row_of and row_of[signal] not in taken]
        if members and entry.id not in number:
            taken.update(members)
            number[entry.id] = len(controllers)
            controllers.append(members)
    groups: list[list[int]] = []
    grouped: set[int] = set()
    for turns in facts.junction_controllers.values():
        members = [number[turn] for turn in turns if turn in number and number[turn] not in grouped]
        if members:
            grouped.update(members)
            groups.append(members)
    controllers += [[row] for row in range(len(lights)) if row not in taken]
    groups += [[controller] for controller in range(len(controllers)) if controller not in grouped]
    return controllers, groups
