"""Frozen: the public leaderboard's agent that a person drives with the keyboard, in a window. It needs pygame.

`--agent leaderboard.autoagents.human_agent`. W A S D or the arrows drive, space is the hand brake, Q changes between
forwards and reverse. The configuration, if there is one, is a file of two lines:

    mode: log            (or playback)
    file: controls.json

With `log` every control is written to the file at the end of the route, with `playback` the file drives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import carla
import numpy as np
import pygame

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

__all__ = ["HumanAgent", "HumanInterface", "KeyboardControl", "get_entry_point"]

_WIDTH: Final = 1280
_HEIGHT: Final = 720
_FRAMES_PER_SECOND: Final = 20
_THROTTLE: Final = 0.8
_STEER_PER_S: Final = 0.3
_KEPT: Final = ("throttle", "steer", "brake", "hand_brake", "reverse", "manual_gear_shift", "gear")


def get_entry_point() -> str:
    return "HumanAgent"


class HumanInterface:
    """The window."""

    def __init__(self, width: int, height: int) -> None:
        pygame.init()
        self._display = pygame.display.set_mode((width, height), pygame.HWSURFACE | pygame.DOUBLEBUF)
        pygame.display.set_caption("Human Agent")

    def run_interface(self, input_data: dict[str, tuple[int, Any]]) -> None:
        rgb = input_data["Center"][1][:, :, 2::-1]
        self._display.blit(pygame.surfarray.make_surface(np.swapaxes(rgb, 0, 1)), (0, 0))
        pygame.display.flip()

    def close(self) -> None:
        pygame.quit()


class HumanAgent(AutonomousAgent):
    def setup(self, path_to_conf_file: str) -> None:
        self.track = Track.SENSORS
        self._interface = HumanInterface(_WIDTH, _HEIGHT)
        self._controller = KeyboardControl(path_to_conf_file)
        self._clock = pygame.time.Clock()
        self._before_s = 0.0

    def sensors(self) -> list[dict[str, Any]]:
        pose = {"x": 0.7, "y": 0.0, "z": 1.6, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}
        return [{"type": "sensor.camera.rgb", "id": "Center", **pose, "width": _WIDTH, "height": _HEIGHT, "fov": 100}]

    def run_step(self, input_data: dict[str, tuple[int, Any]], timestamp: float) -> carla.VehicleControl:
        self._clock.tick_busy_loop(_FRAMES_PER_SECOND)  # no faster than a person can drive
        self._interface.run_interface(input_data)
        control = self._controller.parse_events(timestamp - self._before_s)
        self._before_s = timestamp
        return control

    def destroy(self) -> None:
        self._controller.close()
        self._interface.close()


class KeyboardControl:
    """Controls from the keys, or from a file."""

    def __init__(self, path_to_conf_file: str = "") -> None:
        self._control = carla.VehicleControl()
        self._steer = 0.0
        self._mode, self._file = "normal", Path()
        self._records: list[dict[str, dict[str, Any]]] = []
        self._played = 0
        config = path_to_conf_file.partition("+")[0]  # Bench2Drive appends the route's name
        if config:
            self._mode, file = (line.split()[1] for line in Path(config).read_text().splitlines()[:2])
            self._file = Path(file)
        if self._mode == "playback":
            self._records = json.loads(self._file.read_text())["records"]

    def parse_events(self, seconds: float) -> carla.VehicleControl:
        """The control of now; `seconds` have passed since the last one."""
        if self._mode == "playback":
            self._play()
        else:
            self._read_keys(seconds)
        if self._mode == "log":
            self._records.append({"control": {name: getattr(self._control, name) for name in _KEPT}})
        return self._control

    def close(self) -> None:
        if self._mode == "log":
            self._file.write_text(json.dumps({"records": self._records}, indent=4, sort_keys=True))

    def _play(self) -> None:
        """Beyond the last one that one goes on."""
        if self._played < len(self._records):
            self._control = carla.VehicleControl(**self._records[self._played]["control"])
            self._played += 1

    def _read_keys(self, seconds: float) -> None:
        for event in pygame.event.get():
            if event.type == pygame.KEYUP and event.key == pygame.K_q:
                self._control.reverse = not self._control.reverse
                self._control.gear = -1 if self._control.reverse else 1
        keys = pygame.key.get_pressed()
        left, right = keys[pygame.K_LEFT] or keys[pygame.K_a], keys[pygame.K_RIGHT] or keys[pygame.K_d]
        turn = _STEER_PER_S * seconds
        self._steer = max(min(self._steer + turn * (bool(right) - bool(left)), 1.0), -1.0) if left or right else 0.0
        self._control.steer = round(self._steer, 1)
        self._control.throttle = _THROTTLE if keys[pygame.K_UP] or keys[pygame.K_w] else 0.0
        self._control.brake = 1.0 if keys[pygame.K_DOWN] or keys[pygame.K_s] else 0.0
        self._control.hand_brake = bool(keys[pygame.K_SPACE])
