"""The map as criteria see it, over the official client. What a route needs again and again is computed once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import carla

from leaderboard.criteria.view import Lane, LaneKind, Place, Pose, StopLine, StopSign, TrafficLight

__all__ = ["CarlaMap", "place_of", "pose_of"]

_LANE_TYPES = {LaneKind.DRIVING: carla.LaneType.Driving, LaneKind.PARKING: carla.LaneType.Parking}

# scenario_runner's RunningRedLightTest: points of the trigger box's long axis every metre, not quite to its ends so
# that the lanes beside are not met, then along the lanes in these steps to the junction.
_BOX_SHARE = 0.9
_BOX_STEP_M = 1.0
_LANE_STEP_M = 0.5
# A light whose lane meets no junction would walk for ever on a ring road.
_LONGEST_WALK_M = 500.0


def place_of(point: carla.Location | carla.Vector3D) -> Place:
    return Place(point.x, point.y, point.z)


def pose_of(transform: carla.Transform) -> Pose:
    location, rotation = transform.location, transform.rotation
    return Pose(location.x, location.y, location.z, rotation.pitch, rotation.yaw, rotation.roll)


class CarlaMap:
    """A MapView (leaderboard.criteria.view) over carla.Map and the lights and signs of its world."""

    def __init__(self, carla_map: carla.Map, actors: Iterable[carla.Actor] = ()) -> None:
        self.carla_map = carla_map
        self._parking = True
        lights: list[TrafficLight] = []
        signs: list[StopSign] = []
        for actor in actors:
            if "traffic_light" in actor.type_id:
                lights.append(self._traffic_light(actor))
            elif "traffic.stop" in actor.type_id:
                signs.append(_stop_sign(actor))
        self._lights = tuple(sorted(lights))
        self._signs = tuple(sorted(signs))

    @classmethod
    def of_world(cls, world: carla.World) -> CarlaMap:
        """Of a world that has ticked since it was loaded, so that its lights and signs are known."""
        return cls(world.get_map(), world.get_actors().filter("traffic.*"))

    @property
    def name(self) -> str:
        """The town's name without its folders."""
        return str(self.carla_map.name).rsplit("/", 1)[-1]

    @property
    def traffic_lights(self) -> Sequence[TrafficLight]:
        return self._lights

    @property
    def stop_signs(self) -> Sequence[StopSign]:
        return self._signs

    def lane_at(self, place: Place, kind: LaneKind = LaneKind.DRIVING) -> Lane | None:
        if kind is LaneKind.PARKING and not self._parking:
            return None
        waypoint = self.carla_map.get_waypoint(carla.Location(*place), lane_type=_LANE_TYPES[kind])
        if waypoint is None:
            # The nearest lane is found however far it is, so a map without one place has none at all.
            self._parking = self._parking and kind is not LaneKind.PARKING
            return None
        return _lane(waypoint)

    def places_ahead(self, lane: Lane, step_m: float, steps: int) -> Sequence[Place]:
        places = []
        waypoint = lane.handle
        for _ in range(steps):
            following = waypoint.next(step_m)  # type: ignore[attr-defined]
            if not following:
                break
            waypoint = following[0]
            places.append(place_of(waypoint.transform.location))
        return places

    def _traffic_light(self, actor: carla.TrafficLight) -> TrafficLight:
        transform = actor.get_transform()
        box = actor.trigger_volume
        centre = transform.transform(box.location)
        yaw = math.radians(transform.rotation.yaw)
        lanes: list[carla.Waypoint] = []
        reach_m = _BOX_SHARE * box.extent.x
        steps = max(0, math.ceil(2.0 * reach_m / _BOX_STEP_M))
        for offset_m in (step * _BOX_STEP_M - reach_m for step in range(steps)):
            across = carla.Location(x=offset_m * math.cos(yaw), y=offset_m * math.sin(yaw))
            waypoint = self.carla_map.get_waypoint(centre + across)
            if not lanes or (lanes[-1].road_id, lanes[-1].lane_id) != (waypoint.road_id, waypoint.lane_id):
                lanes.append(waypoint)
        stop_lines = tuple(_stop_line(_before_junction(waypoint)) for waypoint in lanes)
        return TrafficLight(actor.id, place_of(transform.location), place_of(centre), stop_lines)


def _lane(waypoint: carla.Waypoint) -> Lane:
    return Lane(
        pose=pose_of(waypoint.transform),
        road_id=waypoint.road_id,
        lane_id=waypoint.lane_id,
        width_m=waypoint.lane_width,
        in_junction=waypoint.is_junction,
        handle=waypoint,
    )


def _stop_line(waypoint: carla.Waypoint) -> StopLine:
    return StopLine(pose_of(waypoint.transform), waypoint.road_id, waypoint.lane_id, waypoint.lane_width)


def _before_junction(waypoint: carla.Waypoint) -> carla.Waypoint:
    """The last point of this lane, and of those that continue it, before a junction."""
    walked_m = 0.0
    while not waypoint.is_junction and walked_m < _LONGEST_WALK_M:
        following = waypoint.next(_LANE_STEP_M)
        if not following or following[0].is_junction:
            break
        waypoint = following[0]
        walked_m += _LANE_STEP_M
    return waypoint


def _stop_sign(actor: carla.Actor) -> StopSign:
    transform = actor.get_transform()
    box = actor.trigger_volume
    # The box's extent is taken along the world's axes whatever the sign's yaw is: RunningStopTest does it so.
    return StopSign(
        id=actor.id,
        place=place_of(transform.location),
        centre=place_of(transform.transform(box.location)),
        half_x_m=box.extent.x,
        half_y_m=box.extent.y,
    )
