"""A uniform grid over the town's boxes, so that a car or a ray meets only those nearby."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import Boxes

CELL_M = 8.0


class StaticIndex(NamedTuple):
    """Boxes by cell, as in Surface: cell (i, j) has cell_boxes[cell_start[j * nx + i] : cell_start[j * nx + i + 1]].

    A box is in every cell that its outline's upright rectangle touches.
    """

    cell: float
    x0: float
    y0: float
    nx: int
    ny: int
    cell_start: NDArray[np.int32]
    cell_boxes: NDArray[np.int32]
    first_i: NDArray[np.int32]  # lowest cell of each box
    first_j: NDArray[np.int32]
    cos_yaw: NDArray[np.float64]  # of each box
    sin_yaw: NDArray[np.float64]


def build_static_index(boxes: Boxes) -> StaticIndex:
    """Sort the boxes into cells."""
    cos_yaw, sin_yaw = np.cos(boxes.yaw), np.sin(boxes.yaw)
    none = np.zeros(0, np.int32)
    if len(boxes.x) == 0:
        return StaticIndex(CELL_M, 0.0, 0.0, 0, 0, np.zeros(1, np.int32), none, none, none, cos_yaw, sin_yaw)
    middle = np.column_stack([boxes.x, boxes.y])
    reach = np.column_stack(
        [
            boxes.half_x * np.abs(cos_yaw) + boxes.half_y * np.abs(sin_yaw),
            boxes.half_x * np.abs(sin_yaw) + boxes.half_y * np.abs(cos_yaw),
        ]
    )
    low = np.floor((middle - reach) / CELL_M).astype(np.int64)
    high = np.floor((middle + reach) / CELL_M).astype(np.int64)
    origin = low.min(axis=0)
    low -= origin
    span = high - origin - low + 1
    nx, ny = (low + span).max(axis=0).tolist()
    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    cells = (low[which, 1] + offset // span[which, 0]) * nx + low[which, 0] + offset % span[which, 0]
    order = np.argsort(cells, kind="stable")
    return StaticIndex(
        CELL_M,
        float(origin[0] * CELL_M),
        float(origin[1] * CELL_M),
        nx,
        ny,
        np.searchsorted(cells[order], np.arange(nx * ny + 1)).astype(np.int32),
        which[order].astype(np.int32),
        low[:, 0].astype(np.int32),
        low[:, 1].astype(np.int32),
        cos_yaw,
        sin_yaw,
    )


@njit
def cell_range(index, low_x, low_y, high_x, high_y):  # type: ignore[no-untyped-def]
    """First and last column, first and last row of the cells under a rectangle; empty where first > last."""
    # Bounded before the conversion: what is far out of the world has no valid integer.
    i0 = int(min(max(np.floor((low_x - index.x0) / index.cell), 0.0), index.nx))
    i1 = int(min(max(np.floor((high_x - index.x0) / index.cell), -1.0), index.nx - 1.0))
    j0 = int(min(max(np.floor((low_y - index.y0) / index.cell), 0.0), index.ny))
    j1 = int(min(max(np.floor((high_y - index.y0) / index.cell), -1.0), index.ny - 1.0))
    return i0, i1, j0, j1


@njit
def met_before(index, box, i, j, i0, j0):  # type: ignore[no-untyped-def]
    """Has a walk over cells from (i0, j0) on already met this box before cell (i, j)?"""
    return max(index.first_i[box], i0) != i or max(index.first_j[box], j0) != j
