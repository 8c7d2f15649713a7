"""Frozen: the public leaderboard's example that uses every sensor: says once what each delivers, and stands still.

`--agent leaderboard.autoagents.dummy_agent`; what it says is in the route's output.log.
"""

from __future__ import annotations

from typing import Any

import carla

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

__all__ = ["DummyAgent", "get_entry_point"]


def get_entry_point() -> str:
    return "DummyAgent"


class DummyAgent(AutonomousAgent):
    def setup(self, path_to_conf_file: str) -> None:
        self.track = Track.MAP
        self._has_said = False

    def sensors(self) -> list[dict[str, Any]]:
        def at(y: float, yaw: float) -> dict[str, float]:
            return {"x": 0.7, "y": y, "z": 1.6, "roll": 0.0, "pitch": 0.0, "yaw": yaw}

        picture = {"type": "sensor.camera.rgb", "width": 800, "height": 600, "fov": 100}
        return [
            {"id": "Center", **picture, **at(0.0, 0.0)},
            {"id": "Left", **picture, **at(-0.4, -45.0)},
            {"id": "Right", **picture, **at(0.4, 45.0)},
            {"id": "LIDAR", "type": "sensor.lidar.ray_cast", **at(-0.4, -45.0)},
            # leaderboard 1.0 asks for one angle, `fov`.
            {
                "id": "RADAR",
                "type": "sensor.other.radar",
                **at(-0.4, -45.0),
                "horizontal_fov": 30,
                "vertical_fov": 30,
                "fov": 30,
            },
            {"id": "GPS", "type": "sensor.other.gnss", "x": 0.7, "y": -0.4, "z": 1.6},
            {"id": "IMU", "type": "sensor.other.imu", **at(-0.4, -45.0)},
            {"id": "OpenDRIVE", "type": "sensor.opendrive_map", "reading_frequency": 1},
            {"id": "Speed", "type": "sensor.speedometer", "reading_frequency": 20},
        ]

    def run_step(self, input_data: dict[str, tuple[int, Any]], timestamp: float) -> carla.VehicleControl:
        if not self._has_said:
            self._has_said = True
            for name, (frame, data) in input_data.items():
                what = f"an array of {data.shape}" if hasattr(data, "shape") else f"a dictionary with {', '.join(data)}"
                print(f"{name}: frame {frame}, {what}")
        return carla.VehicleControl()
