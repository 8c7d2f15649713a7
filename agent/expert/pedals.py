"""Wheel and pedals: from a way and an acceleration to steer, throttle and brake."""

import math
from collections import deque
from typing import Final

import numpy as np

from agent.expert.path import Path

__all__ = ["Pedals", "Wheel"]

# Constants of PDM-Lite's lateral controller (carla_garage, leaderboard_2): gains, the mean's window in ticks, and the
# look-ahead in points of a tenth of a metre by speed in km/h.
_KP: Final = 3.118357247806046
_KD: Final = 1.3782508892109167
_KI: Final = 0.6406067986034124
_WINDOW: Final = 6
_LOOK_PER_KMH: Final = 0.9755321901954155
_LOOK_LEAST: Final = 1.9152884533402488
_LOOK_RANGE_M: Final = (2.4, 10.5)


class Wheel:
    """Steers towards a point ahead on the way."""

    def __init__(self) -> None:
        self._errors: deque[float] = deque(maxlen=_WINDOW)

    def steer(self, path: Path, along_m: float, x: float, y: float, yaw_rad: float, speed_mps: float) -> float:
        look = min(max((_LOOK_PER_KMH * speed_mps * 3.6 + _LOOK_LEAST) * 0.1, _LOOK_RANGE_M[0]), _LOOK_RANGE_M[1])
        target_x, target_y = path.at(along_m + look)
        heading = math.atan2(target_y - y, target_x - x) - yaw_rad
        error = math.atan2(math.sin(heading), math.cos(heading)) / (math.pi / 2)
        last = self._errors[-1] if self._errors else error
        self._errors.append(error)
        value = _KP * error + _KD * (error - last) + _KI * float(np.mean(self._errors))
        return min(max(value, -1.0), 1.0)


_SLACK_MPS: Final = 0.8  # the wanted speed runs ahead of the real one by no more than this
_GAIN: Final = 0.55  # pedal per m/s
_INTEGRAL_GAIN: Final = 0.35  # pedal per m/s and second
_STANDSTILL_MPS: Final = 0.3
# A wish to slow down is left to the engine until it is this strong.
_COASTING_MPS2: Final = 0.25
_BRAKE_PER_MPS2: Final = 0.12


class Pedals:
    """Follows a wanted acceleration through a wanted speed, so that no car's engine needs to be known."""

    def __init__(self) -> None:
        self._wanted_mps = 0.0
        self._sum = 0.0

    def press(self, acceleration_mps2: float, speed_mps: float, dt_s: float) -> tuple[float, float]:
        """Throttle and brake."""
        if acceleration_mps2 <= 0.0 and speed_mps < _STANDSTILL_MPS:
            self._wanted_mps = self._sum = 0.0
            return 0.0, 1.0
        self._wanted_mps += acceleration_mps2 * dt_s
        self._wanted_mps = min(max(self._wanted_mps, speed_mps - _SLACK_MPS), speed_mps + _SLACK_MPS)
        error = self._wanted_mps - speed_mps
        if acceleration_mps2 < -_COASTING_MPS2:
            self._sum = 0.0
            return 0.0, min(max(-acceleration_mps2 * _BRAKE_PER_MPS2 - error * 0.3, 0.0), 1.0)
        self._sum = min(max(self._sum + error * dt_s, 0.0), 2.0)
        pedal = 0.3 * (acceleration_mps2 > 0.0) + _GAIN * error + _INTEGRAL_GAIN * self._sum
        return min(max(pedal, 0.0), 1.0), 0.0
