"""Frozen: the base class of agents, as the public leaderboard defines it (autoagents/autonomous_agent.py, 2.x).

An agent is a file with `get_entry_point()` that returns the name of a class derived from AutonomousAgent.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import carla

from leaderboard.compat.game_time import GameTime
from leaderboard.envs.sensor_interface import SensorInterface
from leaderboard.utils.route_manipulation import downsample_route

__all__ = ["AutonomousAgent", "Track"]


class Track(Enum):
    """What an agent may use: with MAP the OpenDRIVE map too; a qualifier has fewer sensors."""

    SENSORS = "SENSORS"
    MAP = "MAP"
    SENSORS_QUALIFIER = "SENSORS_QUALIFIER"
    MAP_QUALIFIER = "MAP_QUALIFIER"


class AutonomousAgent:
    """The base of all agents; a guest overrides setup, sensors, run_step and destroy.

    The order of calls: the constructor, set_global_plan, setup, sensors; then the agent itself once for each frame;
    at the end destroy, whatever happened. An agent of leaderboard 1.0 that overrides the constructor has the one of
    then, `__init__(path_to_conf_file)`, in which setup is called.
    """

    plan_spacing_m = 200.0
    """Longest gap in the plan that the agent gets; the profile sets it (50 m in 1.0 and Bench2Drive)."""

    hero_actor: carla.Vehicle | None = None
    """The ego, for agents of Bench2Drive; set before set_global_plan, under the profile of that name only."""

    def __init__(self, carla_host: str, carla_port: int | None = None, debug: bool = False) -> None:
        """With one argument, that of leaderboard 1.0: the path of the configuration."""
        self.track = Track.SENSORS
        self._global_plan: list[Any] | None = None
        self._global_plan_world_coord: list[Any] | None = None
        self.sensor_interface = SensorInterface()
        self.wallclock_t0 = None
        if carla_port is None:
            self.setup(carla_host)

    def setup(self, path_to_conf_file: str) -> None:
        """Prepare everything, and set `self.track`."""

    def sensors(self) -> list[dict[str, Any]]:
        """The sensors wanted, each a dictionary such as

        {'type': 'sensor.camera.rgb', 'id': 'Center', 'x': 0.7, 'y': 0.0, 'z': 1.6, 'roll': 0.0, 'pitch': 0.0, 'yaw':
        0.0,
         'width': 800, 'height': 600, 'fov': 100}
        """
        return []

    def run_step(self, input_data: dict[str, tuple[int, Any]], timestamp: float) -> carla.VehicleControl:
        """One step of driving: `input_data` is {id: (frame, data)}, `timestamp` simulation time in seconds."""
        return carla.VehicleControl()

    def destroy(self) -> None:
        """Give everything back."""

    def __call__(self) -> carla.VehicleControl:
        """One step with the data of the current frame."""
        input_data = self.sensor_interface.get_data(GameTime.get_frame())
        control = self.run_step(input_data, GameTime.get_time())
        if isinstance(control, carla.VehicleControl):
            control.manual_gear_shift = False
        return control

    def get_metric_info(self) -> dict[str, list[float]]:
        """What Bench2Drive's tools compute comfort from: the ego's motion in the units of the client (degrees)."""
        hero = self.hero_actor
        if hero is None:
            raise RuntimeError("only the profile bench2drive gives agents their vehicle")
        transform = hero.get_transform()
        rotation = transform.rotation
        vectors = {
            "acceleration": hero.get_acceleration(),
            "angular_velocity": hero.get_angular_velocity(),
            "forward_vector": transform.get_forward_vector(),
            "right_vector": transform.get_right_vector(),
            "location": transform.location,
        }
        info = {name: [vector.x, vector.y, vector.z] for name, vector in vectors.items()}
        return {**info, "rotation": [rotation.roll, rotation.pitch, rotation.yaw]}

    @staticmethod
    def get_ros_version() -> int:
        """-1: no ROS. Agents with 1 or 2 are refused."""
        return -1

    def set_global_plan(self, global_plan_gps: list[Any], global_plan_world_coord: list[Any]) -> None:
        """Take the dense plan, [({'lat', 'lon', 'z'}, RoadOption)] and [(carla.Transform, RoadOption)], and thin it
        out.
        """
        chosen = downsample_route(global_plan_world_coord, self.plan_spacing_m)
        self._global_plan_world_coord = [tuple(global_plan_world_coord[index][:2]) for index in chosen]
        self._global_plan = [global_plan_gps[index] for index in chosen]
        # The name under which Bench2Drive's agents find the dense plan.
        self._plan_gps_HACK = global_plan_gps
