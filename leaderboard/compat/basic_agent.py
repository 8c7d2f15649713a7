"""The driver that guests import as agents.navigation.basic_agent: follows a plan, stops for vehicles and red lights.

Names, options and default values are those of CARLA's Python API (0.9.16). What lies in the way is judged by one
rule, the strip that the car will sweep along its plan, where that one has two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import carla
from shapely.geometry import LineString, MultiPoint
from shapely.geometry.base import BaseGeometry

from leaderboard.compat.global_route_planner import GlobalRoutePlanner
from leaderboard.compat.local_planner import LocalPlanner, PlanEntry, RoadOption
from leaderboard.compat.misc import get_speed, get_trafficlight_trigger_location, is_within_distance

__all__ = ["BasicAgent", "ObstacleDetectionResult", "TrafficLightDetectionResult"]


class ObstacleDetectionResult(NamedTuple):
    obstacle_was_found: bool
    obstacle: carla.Actor | None
    distance: float


class TrafficLightDetectionResult(NamedTuple):
    traffic_light_was_found: bool
    traffic_light: carla.TrafficLight | None


class BasicAgent:
    """Respects vehicles and traffic lights, but no stop signs."""

    def __init__(
        self,
        vehicle: carla.Vehicle,
        target_speed: float = 20,
        opt_dict: Mapping[str, Any] | None = None,
        map_inst: carla.Map | None = None,
        grp_inst: GlobalRoutePlanner | None = None,
    ) -> None:
        """`target_speed` is in km/h."""
        options = {**(opt_dict or {}), "target_speed": target_speed}
        self._vehicle = vehicle
        self._world = vehicle.get_world()
        self._map = map_inst or self._world.get_map()
        self._target_speed = target_speed
        self._ignore_traffic_lights = options.get("ignore_traffic_lights", False)
        self._ignore_stop_signs = options.get("ignore_stop_signs", False)
        self._ignore_vehicles = options.get("ignore_vehicles", False)
        self._sampling_resolution = options.get("sampling_resolution", 2.0)
        self._base_tlight_threshold = options.get("base_tlight_threshold", 5.0)
        self._base_vehicle_threshold = options.get("base_vehicle_threshold", 5.0)
        self._speed_ratio = options.get("detection_speed_ratio", 1)
        self._max_brake = options.get("max_brake", 0.5)
        self._offset = options.get("offset", 0)
        self._local_planner = LocalPlanner(vehicle, options, self._map)
        self._global_planner = grp_inst or GlobalRoutePlanner(self._map, self._sampling_resolution)
        self._lights_list = self._world.get_actors().filter("*traffic_light*")
        self._lights_map: dict[int, carla.Waypoint] = {}
        self._last_traffic_light: carla.TrafficLight | None = None

    def set_target_speed(self, speed: float) -> None:
        self._target_speed = speed
        self._local_planner.set_speed(speed)

    def follow_speed_limits(self, value: bool = True) -> None:
        self._local_planner.follow_speed_limits(value)

    def set_offset(self, offset: float) -> None:
        self._offset = offset
        self._local_planner.set_offset(offset)

    def ignore_traffic_lights(self, active: bool = True) -> None:
        self._ignore_traffic_lights = active

    def ignore_stop_signs(self, active: bool = True) -> None:
        self._ignore_stop_signs = active

    def ignore_vehicles(self, active: bool = True) -> None:
        self._ignore_vehicles = active

    def get_local_planner(self) -> LocalPlanner:
        return self._local_planner

    def get_global_planner(self) -> GlobalRoutePlanner:
        return self._global_planner

    def set_destination(
        self,
        end_location: carla.Location,
        start_location: carla.Location | None = None,
        clean_queue: bool = True,
    ) -> None:
        """Drive there: from a given place, from the next waypoint, or (not `clean_queue`) from the end of the plan."""
        plan = self._local_planner.get_plan()
        if start_location is None:
            start = self._local_planner.target_waypoint if clean_queue or not plan else plan[-1][0]
            start_location = start.transform.location
        route = self._global_planner.trace_route(start_location, end_location)
        self._local_planner.set_global_plan(route, clean_queue=clean_queue)

    def set_global_plan(
        self, plan: Iterable[PlanEntry], stop_waypoint_creation: bool = True, clean_queue: bool = True
    ) -> None:
        self._local_planner.set_global_plan(plan, stop_waypoint_creation, clean_queue)

    def trace_route(self, start_waypoint: carla.Waypoint, end_waypoint: carla.Waypoint) -> list[PlanEntry]:
        return self._global_planner.trace_route(start_waypoint.transform.location, end_waypoint.transform.location)

    _trace_route = trace_route  # its name until CARLA 0.9.12, which leaderboard 1.0's agents use

    def lane_change(
        self, direction: str, same_lane_time: float = 0, other_lane_time: float = 0, lane_change_time: float = 2
    ) -> None:
        """Go over to the lane on the 'left' or 'right'; times become distances at the present speed. No lane, no
        change.
        """
        speed_mps = get_speed(self._vehicle) / 3.6
        begin = self._map.get_waypoint(self._vehicle.get_location())
        plan = self._lane_change_plan(
            begin, direction, same_lane_time * speed_mps, lane_change_time * speed_mps, other_lane_time * speed_mps
        )
        if plan:
            self.set_global_plan(plan)

    def done(self) -> bool:
        return self._local_planner.done()

    def run_step(self) -> carla.VehicleControl:
        """The control for this tick."""
        speed_mps = get_speed(self._vehicle) / 3.6
        vehicles = self._world.get_actors().filter("*vehicle*")
        reach_m = self._base_vehicle_threshold + self._speed_ratio * speed_mps
        blocked = self._vehicle_obstacle_detected(vehicles, reach_m)[0]
        reach_m = self._base_tlight_threshold + self._speed_ratio * speed_mps
        red = self._affected_by_traffic_light(self._lights_list, reach_m)[0]
        control = self._local_planner.run_step()
        return self.add_emergency_stop(control) if blocked or red else control

    def add_emergency_stop(self, control: carla.VehicleControl) -> carla.VehicleControl:
        """Brake, and keep the steering."""
        control.throttle = 0.0
        control.brake = self._max_brake
        control.hand_brake = False
        return control

    def _affected_by_traffic_light(
        self, lights_list: Iterable[carla.TrafficLight] | None = None, max_distance: float | None = None
    ) -> TrafficLightDetectionResult:
        """The red light for the ego's road that is near and ahead; it is waited for until it is not red any more."""
        if self._ignore_traffic_lights:
            return TrafficLightDetectionResult(False, None)
        last = self._last_traffic_light
        if last is not None and last.state == carla.TrafficLightState.Red:
            return TrafficLightDetectionResult(True, last)
        self._last_traffic_light = None
        reach_m = max_distance or self._base_tlight_threshold
        transform = self._vehicle.get_transform()
        lane = self._map.get_waypoint(transform.location)
        for light in lights_list or self._lights_list:
            stop = self._lights_map.get(light.id)
            if stop is None:
                stop = self._map.get_waypoint(get_trafficlight_trigger_location(light))
                self._lights_map[light.id] = stop
            if stop.road_id != lane.road_id or light.state != carla.TrafficLightState.Red:
                continue
            if lane.transform.get_forward_vector().dot(stop.transform.get_forward_vector()) < 0:
                continue
            if is_within_distance(stop.transform, transform, reach_m, (0, 90)):
                self._last_traffic_light = light
                return TrafficLightDetectionResult(True, light)
        return TrafficLightDetectionResult(False, None)

    def _vehicle_obstacle_detected(
        self,
        vehicle_list: Iterable[carla.Vehicle] | None = None,
        max_distance: float | None = None,
        up_angle_th: float = 90,
        low_angle_th: float = 0,
        lane_offset: int = 0,
    ) -> ObstacleDetectionResult:
        """The nearest vehicle whose box lies in the strip ahead; angles are between the ego's front and its middle.

        `lane_offset` is accepted and not used: the strip follows the plan, also on another lane.
        """
        if self._ignore_vehicles:
            return ObstacleDetectionResult(False, None, -1)
        if vehicle_list is None:
            vehicle_list = self._world.get_actors().filter("*vehicle*")
        reach_m = max_distance or self._base_vehicle_threshold
        transform = self._vehicle.get_transform()
        strip = self._strip_ahead(transform, reach_m)
        found = ObstacleDetectionResult(False, None, -1)
        for vehicle in vehicle_list:
            if vehicle.id == self._vehicle.id:
                continue
            other = vehicle.get_transform()
            distance_m = transform.location.distance(other.location)
            beyond_m = vehicle.bounding_box.extent.x + self._vehicle.bounding_box.extent.x
            if distance_m > reach_m + beyond_m or (found.obstacle_was_found and distance_m >= found.distance):
                continue
            if not is_within_distance(other, transform, math.inf, (low_angle_th, up_angle_th)):
                continue
            corners = vehicle.bounding_box.get_world_vertices(other)
            if strip.intersects(MultiPoint([(corner.x, corner.y) for corner in corners]).convex_hull):
                found = ObstacleDetectionResult(True, vehicle, distance_m)
        return found

    def _strip_ahead(self, transform: carla.Transform, reach_m: float) -> BaseGeometry:
        """What the car sweeps in the next metres beyond its front, as wide as the car."""
        box = self._vehicle.bounding_box.extent
        here, ahead = transform.location, transform.get_forward_vector()
        points = [(here.x, here.y), (here.x + box.x * ahead.x, here.y + box.x * ahead.y)]
        for waypoint, _ in self._local_planner.get_plan():
            location, right = waypoint.transform.location, waypoint.transform.get_right_vector()
            if here.distance(location) > reach_m + box.x:
                break
            if is_within_distance(waypoint.transform, transform, box.x):
                continue
            points.append((location.x + self._offset * right.x, location.y + self._offset * right.y))
        return LineString(points).buffer(box.y, cap_style="flat")

    def _lane_change_plan(
        self,
        begin: carla.Waypoint,
        direction: str,
        same_lane_m: float,
        change_m: float,
        other_lane_m: float,
    ) -> list[PlanEntry]:
        """Along this lane, over to the next, and along that one; nothing if there is no such lane."""
        if direction not in ("left", "right"):
            return []
        plan: list[PlanEntry] = [(begin, RoadOption.LANEFOLLOW)]
        if not self._extend(plan, same_lane_m):
            return []
        following = plan[-1][0].next(max(change_m, 0.1))
        if not following:
            return []
        beside = following[0].get_left_lane() if direction == "left" else following[0].get_right_lane()
        if beside is None or beside.lane_type != carla.LaneType.Driving:
            return []
        option = RoadOption.CHANGELANELEFT if direction == "left" else RoadOption.CHANGELANERIGHT
        plan.append((beside, option))
        return plan if self._extend(plan, other_lane_m) else []

    def _extend(self, plan: list[PlanEntry], distance_m: float) -> bool:
        for _ in range(math.ceil(max(distance_m, 0.1) / self._sampling_resolution)):
            following = plan[-1][0].next(self._sampling_resolution)
            if not following:
                return False
            plan.append((following[0], RoadOption.LANEFOLLOW))
        return True
