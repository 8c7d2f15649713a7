"""The smallest agent that gets somewhere: GNSS, compass and speedometer, from point to point of the plan.

    leaderboard evaluate --agent examples/hello_agent.py

It sees nothing and stops for nobody. Nothing in it is special to this project: the official leaderboard runs it too.
"""

import math
from typing import Any

import carla

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

METRES_PER_DEGREE = 111_319.5  # of latitude, on CARLA's sphere
REACHED_M = 6.0
SPEED_MPS = 6.0


def get_entry_point() -> str:
    return "HelloAgent"


class HelloAgent(AutonomousAgent):
    def setup(self, path_to_conf_file: str) -> None:
        self.track = Track.SENSORS
        self.next_point = 0

    def sensors(self) -> list[dict[str, Any]]:
        pose = {"x": 0.0, "y": 0.0, "z": 0.0, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}
        return [
            {"type": "sensor.other.gnss", "id": "gnss", **pose},
            {"type": "sensor.other.imu", "id": "imu", **pose},
            {"type": "sensor.speedometer", "id": "speed"},
        ]

    def run_step(self, input_data: dict[str, Any], timestamp: float) -> carla.VehicleControl:
        latitude, longitude, _ = input_data["gnss"][1]
        compass = input_data["imu"][1][-1]  # radians clockwise from north
        speed = input_data["speed"][1]["speed"]

        plan = self._global_plan
        assert plan is not None, "it was given before setup"
        while True:
            point, _ = plan[self.next_point]
            north = (point["lat"] - latitude) * METRES_PER_DEGREE
            east = (point["lon"] - longitude) * METRES_PER_DEGREE * math.cos(math.radians(latitude))
            if math.hypot(north, east) > REACHED_M or self.next_point + 1 == len(plan):
                break
            self.next_point += 1
        turn = math.remainder(math.atan2(east, north) - compass, math.tau)

        control = carla.VehicleControl()
        control.steer = max(-1.0, min(1.0, 1.2 * turn))
        control.throttle = 0.5 if speed < SPEED_MPS else 0.0
        return control
