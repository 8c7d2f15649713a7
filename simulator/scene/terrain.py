"""The open land: the terrain's grid as triangles that are never above it, with its edge drawn out to the horizon.

Near the eye every cell is true to a centimetre; from some way off a cell is two triangles; far away squares of cells
are, lowered where there are roads so that no road sinks into them.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import Surface
from simulator.scene.chunks import F8, Layer, Part, part

_BLOCK: Final = 16  # cells along a side of the largest flat square, and of a chunk
_FAR_SIZE: Final = 4  # cells along a side of a far square
_NEAR_M: Final = 120.0  # to here cells are cut
_FAR_M: Final = 360.0  # from here on squares are drawn
_FLAT_M: Final = 1e-6  # what deviates less is one plane
_TWIST_M: Final = 0.01  # two triangles may be this far below the surface of their four corners
_FINEST: Final = 8  # cells are cut into so many parts at most
_HORIZON_M: Final = 3000.0  # an eye 2 m above the land sees its end less than 0.05 degrees below the sky
_PUSHES: Final = 20
_BESIDE_ROADS: Final = 5  # so many cells beside roads the land is seen from close

Squares = tuple[NDArray[np.int64], NDArray[np.int64], int]  # rows and columns of corners, and cells along a side


def terrain_parts(surface: Surface, material: int) -> list[Part]:
    """All of the terrain."""
    height = surface.terrain
    chunk_m = _BLOCK * surface.terrain_cell
    always = Layer(chunk_m)
    near = Layer(chunk_m, farthest_m=_NEAR_M)
    middle = Layer(chunk_m, nearest_m=_NEAR_M, farthest_m=_FAR_M)
    near_and_middle = Layer(chunk_m, farthest_m=_FAR_M)
    far = Layer(chunk_m, nearest_m=_FAR_M)
    parts = [_outside(surface, always, material)]
    *flat, (rows, columns, _) = _flat_squares(height)
    parts += [_quads(surface, always, material, height, *squares, 1) for squares in flat]
    road_cells = _road_cells(surface)
    cuts = np.where(_widened(road_cells, _BESIDE_ROADS)[rows, columns], _cuts(height, rows, columns), 1)
    for n in np.unique(cuts).tolist():
        layer = near_and_middle if n == 1 else near
        parts.append(_quads(surface, layer, material, height, rows[cuts == n], columns[cuts == n], 1, n))
    parts.append(_quads(surface, middle, material, height, rows[cuts > 1], columns[cuts > 1], 1, 1))
    # Far squares stand for the cells in them; those at the rim of the grid, that are too few for one, stay cells.
    square = np.column_stack((rows, columns)) // _FAR_SIZE * _FAR_SIZE
    whole = (square + _FAR_SIZE < height.shape).all(axis=1)
    far_rows, far_columns = np.unique(square[whole], axis=0).T
    parts.append(_quads(surface, far, material, _below_roads(surface, road_cells), far_rows, far_columns, _FAR_SIZE, 1))
    parts.append(_quads(surface, far, material, height, rows[~whole], columns[~whole], 1, 1))
    return parts


def _twist(height: F8, rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> F8:
    """How far the four corners of squares are from one plane."""
    a, b = height[rows, columns], height[rows, columns + size]
    c, d = height[rows + size, columns], height[rows + size, columns + size]
    twist: F8 = a + d - b - c
    return twist


def _cuts(height: F8, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Into how many parts along a side cells are cut: powers of two."""
    # The middle of two triangles is a quarter of the twist below the surface; n * n parts of it each 1 / n^2.
    wanted = np.sqrt(np.abs(_twist(height, rows, columns, 1)) / 4.0 / _TWIST_M)
    powers: NDArray[np.int64] = 2 ** np.ceil(np.log2(np.clip(wanted, 1, _FINEST))).astype(np.int64)
    return powers


def _road_cells(surface: Surface) -> NDArray[np.bool_]:
    """Cells of the terrain with a road, or the middle of a piece of it, above them."""
    found = np.zeros((surface.terrain.shape[0] - 1, surface.terrain.shape[1] - 1), bool)
    middles = surface.vertices[surface.triangles, :2].mean(axis=1)
    for places in (middles, surface.vertices[:, :2]):
        cell = np.floor((places - (surface.terrain_x0, surface.terrain_y0)) / surface.terrain_cell).astype(np.int64)
        cell = np.clip(cell, 0, (found.shape[1] - 1, found.shape[0] - 1))
        found[cell[:, 1], cell[:, 0]] = True
    return found


def _widened(cells: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The cells and those around them."""
    for _ in range(by):
        padded = np.pad(cells, 1)
        cells = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return cells


def _below_roads(surface: Surface, road_cells: NDArray[np.bool_]) -> F8:
    """The terrain with the corners of far squares so low that these are below it wherever there are roads."""
    height = surface.terrain.copy()
    rows, columns = road_cells.shape
    cells = np.argwhere(road_cells)
    nodes = np.unique((cells[:, None] + [[0, 0], [0, 1], [1, 0], [1, 1]]).reshape(-1, 2), axis=0)
    square = np.minimum(nodes, [rows - 1, columns - 1]) // _FAR_SIZE * _FAR_SIZE
    nodes, square = (each[(square + _FAR_SIZE <= [rows, columns]).all(axis=1)] for each in (nodes, square))
    v, u = ((nodes - square) / _FAR_SIZE).T
    weight = np.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v))
    corner = np.stack(
        [(square[:, 0] + dv) * (columns + 1) + square[:, 1] + du for dv in (0, _FAR_SIZE) for du in (0, _FAR_SIZE)]
    )
    target = surface.terrain[nodes[:, 0], nodes[:, 1]]
    flat = height.reshape(-1)
    share = weight / (weight**2).sum(axis=0)
    for _ in range(_PUSHES):
        above = np.maximum((flat[corner] * weight).sum(axis=0) - target, 0.0)
        push = np.zeros(len(flat))
        np.maximum.at(push, corner.ravel(), (share * above).ravel())
        flat -= push
    return height


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
    flat = np.abs(_twist(height, rows, columns, size)) < _FLAT_M
    for j, v in enumerate(share):
        for i, u in enumerate(share):
            plane = a * (1 - u) * (1 - v) + b * u * (1 - v) + c * (1 - u) * v + d * u * v
            flat &= np.abs(height[rows + j, columns + i] - plane) < _FLAT_M
    return flat


def _quads(
    surface: Surface,
    layer: Layer,
    material: int,
    height: F8,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    size: int,
    cuts: int,
) -> Part:
    """Two triangles for each of cuts x cuts parts of the squares, split so that they keep below the surface."""
    lines = height.shape[1]
    if cuts == 1:  # corners are those of the grid
        row, column = np.indices(height.shape)
        vertices = _places(surface, row.ravel(), column.ravel(), height.ravel())
        first = rows * lines + columns
        all_quads = np.stack((first, first + size, first + size * lines + size, first + size * lines), axis=1)
    else:
        share = np.arange(cuts + 1) / cuts
        v, u = (grid.ravel() for grid in np.meshgrid(share, share, indexing="ij"))
        a, b = height[rows, columns][:, None], height[rows, columns + size][:, None]
        c, d = height[rows + size, columns][:, None], height[rows + size, columns + size][:, None]
        z = a * ((1 - u) * (1 - v)) + b * (u * (1 - v)) + c * ((1 - u) * v) + d * (u * v)
        vertices = _places(surface, rows[:, None] + size * v, columns[:, None] + size * u, z)
        j, i = (grid.ravel() for grid in np.meshgrid(np.arange(cuts), np.arange(cuts), indexing="ij"))
        own = j * (cuts + 1) + i
        quad = np.stack((own, own + 1, own + cuts + 2, own + cuts + 1), axis=1)
        all_quads = (np.arange(len(rows))[:, None, None] * (cuts + 1) ** 2 + quad[None]).reshape(-1, 4)
    rising = np.repeat(_twist(height, rows, columns, size) > 0.0, cuts * cuts)[:, None, None]
    triangles = np.where(rising, all_quads[:, [[0, 1, 3], [1, 2, 3]]], all_quads[:, [[0, 1, 2], [0, 2, 3]]])
    # What stands for each other at different distances is in one chunk.
    block = np.column_stack((columns, rows)) // _BLOCK * _BLOCK + _BLOCK // 2
    anchor = (surface.terrain_x0, surface.terrain_y0) + block * surface.terrain_cell
    return part(layer, vertices, triangles.reshape(-1, 3), material, anchor=np.repeat(anchor, 2 * cuts * cuts, axis=0))


def _places(surface: Surface, rows: NDArray[Any], columns: NDArray[Any], z: F8) -> F8:
    """[n, 3] in world, of places in the grid."""
    x = surface.terrain_x0 + columns * surface.terrain_cell
    y = surface.terrain_y0 + rows * surface.terrain_cell
    return np.stack((x, y, z), axis=-1).reshape(-1, 3)


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
