"""What a set-up says of each triangle that a view can show."""

from typing import Final

import numpy as np

from simulator.kernels import lean_njit
from simulator.scene.tables import ARROW, CROSSWALK, MARKING

__all__ = ["FACE", "PAINT_BIAS", "SPAN", "is_paint"]

# Markings lie in the same plane as the asphalt beneath; in the comparison of depths they are nearer by this part.
# A road that is true to 4 mm cannot hide them from a camera 1.5 m above it, at any distance; and of what stands on
# them they cover no more than focal * height * bias / distance: a tenth of a pixel at 20 m.
PAINT_BIAS: Final = 0.003

# What the rasteriser reads of a triangle. Row j of samples is covered from the first i >= left0_slope * j + left0_at
# (and left1 ...) up to, without, the first i >= right0_slope * j + right0_at (and right1 ...).
SPAN: Final = np.dtype(
    [
        ("left0_slope", np.float64),
        ("left0_at", np.float64),
        ("left1_slope", np.float64),
        ("left1_at", np.float64),
        ("right0_slope", np.float64),
        ("right0_at", np.float64),
        ("right1_slope", np.float64),
        ("right1_at", np.float64),
        # 1 / depth for comparison: biased for markings. At sample (i, j): z_i * i + z_j * j + z_1
        ("z_i", np.float64),
        ("z_j", np.float64),
        ("z_1", np.float64),
        # Of triangles that reach before the near plane only: the third edge on the left (or right), if there are three.
        ("third_slope", np.float64),
        ("third_at", np.float64),
        ("third_is_left", np.int32),
        ("crosses_near", np.int32),  # 1: samples with 1 / depth above 1 / NEAR_M are to be left out
        ("first_row", np.int32),  # of samples
        ("end_row", np.int32),
        (
            "face",
            np.int32,
        ),  # the row of the face to be shown: its own, or that of an earlier piece of its surface
    ],
    align=True,
)

# What shading reads of a triangle. Planes are over pixel coordinates: 1 / depth = z_x * x + z_y * y + z_1, without
# any bias; u = (u_x * x + u_y * y + u_1) / (1 / depth). Depth is along the line of sight, in metres.
FACE: Final = np.dtype(
    [
        ("z_x", np.float32),
        ("z_y", np.float32),
        ("z_1", np.float32),
        ("u_x", np.float32),  # u and v: for MARKING, CROSSWALK, ARROW, WALL, SIGN, else 0
        ("u_y", np.float32),
        ("u_1", np.float32),
        ("v_x", np.float32),
        ("v_y", np.float32),
        ("v_1", np.float32),
        ("normal_x", np.float32),  # world
        ("normal_y", np.float32),
        ("normal_z", np.float32),
        ("material", np.int32),
        ("instance", np.int32),
        ("kind", np.int32),  # of the material
        ("label", np.int32),  # the material's, or the instance's where that is 0
    ],
    align=True,
)


@lean_njit
def is_paint(kind):  # type: ignore[no-untyped-def]
    """Ribbons on asphalt: they lie in its plane and are drawn over it."""
    return kind in (MARKING, CROSSWALK, ARROW)
