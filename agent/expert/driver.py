"""The expert as an agent of the leaderboard."""

from typing import Any

import carla
import numpy as np

from agent.expert.path import Path
from agent.expert.planner import Planner
from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track
from leaderboard.utils.route_manipulation import interpolate_trajectory

__all__ = ["ExpertAgent"]

_STEP_M = 1.0
_OVERRUN_M = 100.0  # from the top speed to a stop


class ExpertAgent(AutonomousAgent):
    """Reads the world that the harness drives, through the provider that privileged agents import."""

    def setup(self, path_to_conf_file: str) -> None:
        self.track = Track.MAP
        self._planner: Planner | None = None
        self._last_s: float | None = None

    def sensors(self) -> list[dict[str, Any]]:
        return []

    def run_step(self, input_data: dict[str, Any], timestamp: float) -> carla.VehicleControl:
        if self._planner is None:
            self._planner = self._make_planner()
        dt_s = 0.05 if self._last_s is None else timestamp - self._last_s
        self._last_s = timestamp
        decision = self._planner.decide(dt_s)
        return carla.VehicleControl(throttle=decision.throttle, steer=decision.steer, brake=decision.brake)

    def destroy(self) -> None:
        self._planner = None

    def _make_planner(self) -> Planner:
        from srunner.scenariomanager.carla_data_provider import (  # type: ignore[import-not-found]
            CarlaDataProvider,
        )

        world, hero = CarlaDataProvider.get_world(), CarlaDataProvider.get_hero_actor()
        # The dense way where the harness gives it: between two points of the plan, which may be 200 m apart, the
        # shortest way need not be the route.
        route: list[Any] = CarlaDataProvider.get_ego_route() or []
        if not route:
            assert self._global_plan_world_coord is not None
            keypoints = [place.location for place, _ in self._global_plan_world_coord]
            route = interpolate_trajectory(keypoints, _STEP_M)[1]
        points = np.array([_xyz(place) for place, _ in route])
        return Planner(world, CarlaDataProvider.get_map(), hero, Path.through(points, _OVERRUN_M))


def _xyz(place: carla.Transform | carla.Location) -> tuple[float, float, float]:
    """scenario_runner keeps transforms, some forks locations."""
    location = getattr(place, "location", place)
    return location.x, location.y, location.z
