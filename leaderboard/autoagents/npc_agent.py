"""Frozen: the public leaderboard's example that drives: along its plan, with the basic agent of CARLA's Python API.

`--agent leaderboard.autoagents.npc_agent`. It knows the world through CarlaDataProvider: an example, no entry.
"""

from __future__ import annotations

import itertools
from typing import Any

import carla
from agents.navigation.basic_agent import BasicAgent  # type: ignore[import-not-found]
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider  # type: ignore[import-not-found]

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

__all__ = ["NpcAgent", "get_entry_point"]

_SPEED_KMH = 30.0


def get_entry_point() -> str:
    return "NpcAgent"


class NpcAgent(AutonomousAgent):
    _agent: Any = None

    def setup(self, path_to_conf_file: str) -> None:
        self.track = Track.SENSORS
        self._agent = None

    def sensors(self) -> list[dict[str, Any]]:
        """One small camera, as the public one has: it is not looked at, but costs what a camera costs."""
        pose = {"x": 0.7, "y": -0.4, "z": 1.6, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}
        return [{"type": "sensor.camera.rgb", "id": "Left", **pose, "width": 300, "height": 200, "fov": 100}]

    def run_step(self, input_data: dict[str, tuple[int, Any]], timestamp: float) -> carla.VehicleControl:
        if self._agent is not None:
            control: carla.VehicleControl = self._agent.run_step()
            return control
        self._agent = BasicAgent(CarlaDataProvider.get_hero_actor(), _SPEED_KMH)
        self._agent.set_global_plan(self._plan())
        return carla.VehicleControl()

    def _plan(self) -> list[Any]:
        """The ways between the points of the plan, which lie too far apart to be driven to one by one."""
        town = CarlaDataProvider.get_map()
        waypoints = [town.get_waypoint(transform.location) for transform, _ in self._global_plan_world_coord or []]
        legs = (self._agent.trace_route(*pair) for pair in itertools.pairwise(waypoints))
        return list(itertools.chain.from_iterable(legs))
