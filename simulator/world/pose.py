"""A place and a heading, in the world's own units."""

from typing import NamedTuple


class Pose(NamedTuple):
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    roll: float = 0.0  # radians, CARLA's senses
    pitch: float = 0.0
    yaw: float = 0.0
