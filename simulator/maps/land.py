"""The open land beside the roads."""

import numpy as np

from simulator.maps.town import F8, Surface


def terrain_height(surface: Surface, x: F8, y: F8) -> F8:
    """The open terrain alone, without roads."""
    rows, columns = surface.terrain.shape
    u = np.clip((x - surface.terrain_x0) / surface.terrain_cell, 0.0, columns - 1.000001)
    v = np.clip((y - surface.terrain_y0) / surface.terrain_cell, 0.0, rows - 1.000001)
    i, j = u.astype(np.int64), v.astype(np.int64)
    u, v = u - i, v - j
    h = surface.terrain
    result: F8 = (
        h[j, i] * (1 - u) * (1 - v) + h[j, i + 1] * u * (1 - v) + h[j + 1, i] * (1 - u) * v + h[j + 1, i + 1] * u * v
    )
    return result
