"""The ego's motion out of a trace, for the metrics that need every tick."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from leaderboard.log.trace import read_trace
from leaderboard.scoring.bench2drive import Motion


def read_motion(trace: Path) -> Motion:
    """One row for each frame of a trace."""
    acceleration: list[list[float]] = []
    yaw_rate: list[float] = []
    forward: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    for message in read_trace(trace, ["/ego"]):
        content = message.content
        acceleration.append(content["acceleration"])
        yaw_rate.append(content["angular_velocity"][2])
        ahead, aside = _axes(*content["pose"][3:])
        forward.append(ahead)
        right.append(aside)
    count = len(yaw_rate)
    return Motion(
        acceleration=np.array(acceleration, dtype=np.float64).reshape(count, 3),
        yaw_rate_degps=np.array(yaw_rate, dtype=np.float64),
        forward=np.array(forward, dtype=np.float64).reshape(count, 2),
        right=np.array(right, dtype=np.float64).reshape(count, 2),
    )


def _axes(pitch_deg: float, yaw_deg: float, roll_deg: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The horizontal parts of Transform.get_forward_vector() and get_right_vector()."""
    pitch, yaw, roll = (math.radians(angle) for angle in (pitch_deg, yaw_deg, roll_deg))
    cp, sp, cy, sy, cr, sr = (f(angle) for angle in (pitch, yaw, roll) for f in (math.cos, math.sin))
    return (cp * cy, cp * sy), (cy * sp * sr - sy * cr, sy * sp * sr + cy * cr)
