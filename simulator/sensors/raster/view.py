"""CARLA's pinhole camera as numbers: where it is, where it looks, how wide.

Image coordinates are pixels from the left upper corner; pixel (i, j) has its centre at (i + 0.5, j + 0.5). A point
right_m, down_m, forward_m of the eye is at (width / 2 + focal_px * right_m / forward_m, height / 2 + ...).
"""

from math import radians, tan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.world.pose import Pose, rotation

__all__ = ["FAR_M", "NEAR_M", "View", "camera_view"]

# Unreal's near clipping plane, which CARLA leaves as it is (GNearClippingPlane, 10 cm).
NEAR_M: Final = 0.1
# What the depth camera's white means; nothing beyond it is drawn.
FAR_M: Final = 1000.0


class View(NamedTuple):
    """A camera at one moment. Kernels take it as it is."""

    width: int  # pixels
    height: int
    focal_px: float
    eye: NDArray[np.float64]  # [3] world
    axes: NDArray[np.float64]  # [3, 3] world directions of the image's right and down, and of the line of sight


def camera_view(width: int, height: int, fov_deg: float, pose: Pose) -> View:
    """A camera of CARLA: `fov_deg` is the horizontal field of view, pixels are square."""
    m = rotation(pose)
    axes = np.array(
        [
            [m[0][1], m[1][1], m[2][1]],
            [-m[0][2], -m[1][2], -m[2][2]],
            [m[0][0], m[1][0], m[2][0]],
        ],
        np.float64,
    )
    focal_px = width / (2.0 * tan(radians(fov_deg) / 2.0))
    return View(width, height, focal_px, np.array([pose.x, pose.y, pose.z], np.float64), axes)
