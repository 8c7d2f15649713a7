"""The planner that guests import as agents.navigation.local_planner: follows a list of waypoints with PIDs.

Names, options and default values are those of CARLA's Python API (0.9.16).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import carla

from leaderboard.compat.controller import VehiclePIDController
from leaderboard.compat.misc import draw_waypoints, get_speed
from leaderboard.road_option import RoadOption

__all__ = ["LocalPlanner", "RoadOption"]

PlanEntry = tuple[carla.Waypoint, RoadOption]

# Without a plan so many waypoints are laid ahead, along random branches.
_HORIZON = 100
_STRAIGHT_DEG = 35.0


class LocalPlanner:
    def __init__(
        self, vehicle: carla.Vehicle, opt_dict: Mapping[str, Any] | None = None, map_inst: carla.Map | None = None
    ) -> None:
        options = dict(opt_dict or {})
        self._vehicle = vehicle
        self._world = vehicle.get_world()
        self._map = map_inst or self._world.get_map()
        dt = options.get("dt", 1.0 / 20.0)
        self._target_speed = options.get("target_speed", 20.0)
        self._sampling_radius = options.get("sampling_radius", 2.0)
        self._base_min_distance = options.get("base_min_distance", 3.0)
        self._distance_ratio = options.get("distance_ratio", 0.5)
        self._follow_speed_limits = options.get("follow_speed_limits", False)
        self._vehicle_controller = VehiclePIDController(
            vehicle,
            args_lateral=options.get("lateral_control_dict", {"K_P": 1.95, "K_I": 0.05, "K_D": 0.2, "dt": dt}),
            args_longitudinal=options.get("longitudinal_control_dict", {"K_P": 1.0, "K_I": 0.05, "K_D": 0, "dt": dt}),
            offset=options.get("offset", 0),
            max_throttle=options.get("max_throttle", 0.75),
            max_brake=options.get("max_brake", 0.3),
            max_steering=options.get("max_steering", 0.8),
        )
        self._random = random.Random(vehicle.id)
        self._stop_waypoint_creation = False
        self.target_waypoint = self._map.get_waypoint(vehicle.get_location())
        self.target_road_option = RoadOption.LANEFOLLOW
        self._waypoints_queue: deque[PlanEntry] = deque([(self.target_waypoint, self.target_road_option)], maxlen=10000)

    def reset_vehicle(self) -> None:
        self._vehicle = None

    def set_speed(self, speed: float) -> None:
        """In km/h; without effect while speed limits are followed."""
        self._target_speed = speed

    def follow_speed_limits(self, value: bool = True) -> None:
        self._follow_speed_limits = value

    def set_offset(self, offset: float) -> None:
        self._vehicle_controller.set_offset(offset)

    def set_global_plan(
        self, current_plan: Iterable[PlanEntry], stop_waypoint_creation: bool = True, clean_queue: bool = True
    ) -> None:
        """Follow this plan, instead of the one before or after it."""
        if clean_queue:
            self._waypoints_queue.clear()
        plan = list(current_plan)
        room = (self._waypoints_queue.maxlen or 0) - len(self._waypoints_queue)
        if len(plan) > room:
            # A full deque would drop the beginning of the plan instead of its end.
            self._waypoints_queue = deque([*self._waypoints_queue, *plan], maxlen=2 * (len(plan) + 10000))
        else:
            self._waypoints_queue.extend(plan)
        self._stop_waypoint_creation = stop_waypoint_creation

    def get_plan(self) -> deque[PlanEntry]:
        return self._waypoints_queue

    def get_incoming_waypoint_and_direction(self, steps: int = 3) -> tuple[carla.Waypoint | None, RoadOption]:
        """The entry so many steps ahead, or the last one."""
        if not self._waypoints_queue:
            return None, RoadOption.VOID
        return self._waypoints_queue[min(steps, len(self._waypoints_queue) - 1)]

    def done(self) -> bool:
        return not self._waypoints_queue

    def run_step(self, debug: bool = False) -> carla.VehicleControl:
        """The control for this tick; a full stop at the end of the plan."""
        if self._follow_speed_limits:
            self._target_speed = self._vehicle.get_speed_limit()
        if not self._stop_waypoint_creation and len(self._waypoints_queue) < _HORIZON:
            self._look_ahead()
        self._drop_passed()
        if not self._waypoints_queue:
            return carla.VehicleControl(brake=1.0)
        self.target_waypoint, self.target_road_option = self._waypoints_queue[0]
        if debug:
            draw_waypoints(self._world, [self.target_waypoint], 1.0)
        return self._vehicle_controller.run_step(self._target_speed, self.target_waypoint)

    def _drop_passed(self) -> None:
        """Waypoints are done when they are near, the more so the faster; the last one only when it is reached."""
        location = self._vehicle.get_location()
        near_m = self._base_min_distance + self._distance_ratio * get_speed(self._vehicle) / 3.6
        while self._waypoints_queue:
            limit_m = near_m if len(self._waypoints_queue) > 1 else 1.0
            if location.distance(self._waypoints_queue[0][0].transform.location) >= limit_m:
                break
            self._waypoints_queue.popleft()

    def _look_ahead(self) -> None:
        for _ in range(_HORIZON):
            last = self._waypoints_queue[-1][0] if self._waypoints_queue else self.target_waypoint
            following = last.next(self._sampling_radius)
            if not following:
                break
            chosen = self._random.choice(following) if len(following) > 1 else following[0]
            option = _connection(last, chosen) if len(following) > 1 else RoadOption.LANEFOLLOW
            self._waypoints_queue.append((chosen, option))


def _connection(waypoint: carla.Waypoint, branch: carla.Waypoint) -> RoadOption:
    """Where a branch leads; a little further on than its beginning, where all branches are alike."""
    beyond = (branch.next(3.0) or [branch])[0]
    turn = (beyond.transform.rotation.yaw - waypoint.transform.rotation.yaw + 180.0) % 360.0 - 180.0
    if abs(turn) < _STRAIGHT_DEG:
        return RoadOption.STRAIGHT
    return RoadOption.RIGHT if turn > 0.0 else RoadOption.LEFT
