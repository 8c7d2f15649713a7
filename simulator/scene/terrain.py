"""The open land: the terrain's grid as triangles that are never above it, with its edge drawn out to the horizon."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import Surface
from simulator.scene.chunks import F8, Layer, Part, part

_BLOCK: Final = 16  # cells along a side of the largest flat square
_FLAT_M: Final = 1e-6  # what deviates less is one plane
_TWIST_M: Final = 0.01  # two triangles may be this far below the surface of their four corners
_FINEST: Final = 8  # cells are cut into so many parts at most
_HORIZON_M: Final = 3000.0  # an eye 2 m above the land sees its end less than 0.05 degrees below the sky

Squares = tuple[NDArray[np.int64], NDArray[np.int64], int]  # rows and columns of corners, and cells along a side


def terrain_parts(surface: Surface, material: int) -> list[Part]:
    """All of the terrain."""
    height = surface.terrain
    cell = surface.terrain_cell
    layer = Layer(chunk_m=_BLOCK * cell)
    parts = []
    for rows, columns, size in _flat_squares(height):
        if size > 1:
            parts.append(_quads(surface, layer, material, rows, columns, size, 1))
            continue
        twist = np.abs(
            height[rows, columns]
            + height[rows + 1, columns + 1]
            - height[rows, columns + 1]
            - height[rows + 1, columns]
        )
        # The middle of two triangles is a quarter of the twist below the surface; n * n parts of it each 1 / n^2.
        cuts = np.clip(np.ceil(np.sqrt(twist / 4.0 / _TWIST_M)), 1, _FINEST).astype(int)
        cuts = 2 ** np.ceil(np.log2(cuts)).astype(int)
        for n in np.unique(cuts).tolist():
            parts.append(_quads(surface, layer, material, rows[cuts == n], columns[cuts == n], 1, n))
    parts.append(_outside(surface, layer, material))
    return parts


def _flat_squares(height: F8) -> list[Squares]:
    """Squares that cover the grid, larger ones where it is flat."""
    cells_y, cells_x = height.shape[0] - 1, height.shape[1] - 1
    open_ = np.ones((cells_y, cells_x), bool)
    found: list[Squares] = []
    size = _BLOCK
    while size > 1:
        rows, columns = np.meshgrid(
            np.arange(0, cells_y - size + 1, size), np.arange(0, cells_x - size + 1, size), indexing="ij"
        )
        if rows.size:
            flat = _is_flat(height, rows, columns, size) & open_[rows, columns]
            found.append((rows[flat], columns[flat], size))
            covered = np.repeat(np.repeat(flat, size, axis=0), size, axis=1)
            open_[: covered.shape[0], : covered.shape[1]] &= ~covered
        size //= 2
    rows_left, columns_left = np.nonzero(open_)
    found.append((rows_left, columns_left, 1))
    return found


def _is_flat(height: F8, rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    share = np.arange(size + 1) / size
    a, b = height[rows, columns], height[rows, columns + size]
    c, d = height[rows + size, columns], height[rows + size, columns + size]
    flat = np.abs(a + d - b - c) < _FLAT_M
    for j, v in enumerate(share):
        for i, u in enumerate(share):
            plane = a * (1 - u) * (1 - v) + b * u * (1 - v) + c * (1 - u) * v + d * u * v
            flat &= np.abs(height[rows + j, columns + i] - plane) < _FLAT_M
    return flat


def _quads(
    surface: Surface,
    layer: Layer,
    material: int,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    size: int,
    cuts: int,
) -> Part:
    """Two triangles for each of cuts x cuts parts of the squares, split so that they keep below the surface."""
    share = np.arange(cuts + 1) / cuts
    v, u = (grid.ravel() for grid in np.meshgrid(share, share, indexing="ij"))
    h = surface.terrain
    corner = [h[rows, columns], h[rows, columns + size], h[rows + size, columns], h[rows + size, columns + size]]
    weight = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v]
    z = sum(c[:, None] * w[None] for c, w in zip(corner, weight, strict=True))
    x = surface.terrain_x0 + (columns[:, None] + size * u) * surface.terrain_cell
    y = surface.terrain_y0 + (rows[:, None] + size * v) * surface.terrain_cell
    vertices = np.stack((x, y, np.broadcast_to(z, x.shape)), axis=2).reshape(-1, 3)
    j, i = (grid.ravel() for grid in np.meshgrid(np.arange(cuts), np.arange(cuts), indexing="ij"))
    first = j * (cuts + 1) + i
    quad = np.stack((first, first + 1, first + cuts + 2, first + cuts + 1), axis=1)
    all_quads = (np.arange(len(rows))[:, None, None] * (cuts + 1) ** 2 + quad[None]).reshape(-1, 4)
    twist = corner[0] + corner[3] - corner[1] - corner[2]
    rising = np.repeat(twist > 0.0, cuts * cuts)[:, None, None]
    triangles = np.where(rising, all_quads[:, [[0, 1, 3], [1, 2, 3]]], all_quads[:, [[0, 1, 2], [0, 2, 3]]]).reshape(
        -1, 3
    )
    return part(layer, vertices, triangles, material)


def _outside(surface: Surface, layer: Layer, material: int) -> Part:
    """Beyond its edge the terrain goes on at the height of the edge, as simulator.maps.ground has it."""
    h = surface.terrain
    last_row, last_column = h.shape[0] - 1, h.shape[1] - 1
    x = surface.terrain_x0 + np.arange(last_column + 1) * surface.terrain_cell
    y = surface.terrain_y0 + np.arange(last_row + 1) * surface.terrain_cell
    strips = []
    for values, places, row_wise, outer in (
        (h[0], x, True, y[0] - _HORIZON_M),
        (h[-1], x, True, y[-1] + _HORIZON_M),
        (h[:, 0], y, False, x[0] - _HORIZON_M),
        (h[:, -1], y, False, x[-1] + _HORIZON_M),
    ):
        keep = _bends(values)
        edge = (y[0] if outer < y[0] else y[-1]) if row_wise else (x[0] if outer < x[0] else x[-1])
        along, level = places[keep], values[keep]
        for begin, end, z0, z1 in zip(along[:-1], along[1:], level[:-1], level[1:], strict=True):
            strip = [(begin, edge, z0), (end, edge, z1), (end, outer, z1), (begin, outer, z0)]
            strips.append(strip if row_wise else [(b, a, z) for a, b, z in strip])
    for row, outer_y in ((0, y[0] - _HORIZON_M), (-1, y[-1] + _HORIZON_M)):
        for column, outer_x in ((0, x[0] - _HORIZON_M), (-1, x[-1] + _HORIZON_M)):
            z = h[row, column]
            strips.append(
                [(x[column], y[row], z), (outer_x, y[row], z), (outer_x, outer_y, z), (x[column], outer_y, z)]
            )
    corners = np.array(strips, np.float64)
    a, b, c = corners[:, 0, :2], corners[:, 1, :2], corners[:, 2, :2]
    turned = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] < 0.0
    corners[turned] = corners[turned, ::-1]
    index = np.arange(len(corners) * 4).reshape(-1, 4)
    triangles = np.concatenate((index[:, [0, 1, 2]], index[:, [0, 2, 3]]))
    return part(layer, corners.reshape(-1, 3), triangles, material)


def _bends(values: F8) -> NDArray[np.intp]:
    """The places of a line of equal steps that it needs to be drawn."""
    inner = np.abs(values[2:] - 2.0 * values[1:-1] + values[:-2]) > _FLAT_M
    return np.flatnonzero(np.concatenate(([True], inner, [True])))
