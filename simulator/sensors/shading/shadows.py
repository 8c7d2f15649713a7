"""Shadows of what stands: which places of a town the sun reaches.

Seen along the sun's rays every point of space falls on one point of the plane z = 0: (x - z * run_x, y - z * run_y),
where run is how far a shadow reaches for a metre of height. A grid over that plane holds how high the highest thing
above each of its points is: a point in space lies in shadow when the grid says more than its own height. For the
ground, of which cameras see most, the answer is worked out once for each place, softened, and stored with smaller
copies, so that distant shadows do not flicker.

A small town has one such grid. Of a large one a window around the camera is made, on a lattice of windows that
overlap, so that moving on to the next one changes nothing nearby. All of it depends on nothing but the town, the
camera's place and the sun's direction in steps of a degree: not on who looks first.
"""

from itertools import pairwise
from math import cos, floor, radians, sin, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit, lean_njit, njit
from simulator.scene.tables import F4, FOLIAGE, LAST_GROUND, PLAIN, Geometry
from simulator.sensors.lanes import (
    LANES,
    all_lanes,
    choose,
    lane_numbers,
    load,
    store,
    take,
    take_bytes,
    to_floats,
    to_ints,
)
from simulator.sensors.shading.kept import Kept

__all__ = ["SHADE_LEVELS", "TownShade", "clear_of_shadow", "ground_lit", "shade_of"]

SHADE_LEVELS: Final = 5
_CELL_M: Final = 0.25
_MOST_CELLS: Final = 16_000_000  # of a town that is made as a whole
_WINDOW_M: Final = 768.0
_WINDOW_STEP_M: Final = 192.0
_GROUND_CELL_M: Final = 1.0
_AROUND_M: Final = 40.0  # beyond what throws shadows
_LOWEST_SUN_DEG: Final = 4.0  # shadows grow no longer than with this one
# Roads and hills throw shadows too, if something is this far below them; so they never shade themselves.
_GROUND_SINKS_M: Final = np.float32(0.5)
_BIAS_M: Final = np.float32(0.08)
_LEVEL_M: Final = np.float32(2.0)
_NOTHING: Final = np.float32(-1e9)
_DEEPEST: Final = np.float32(-1e5)


class TownShade(NamedTuple):
    """Grids of one town for one direction of the sun. Cell (row, column) is a square of `cell` metres."""

    # Along the sun's rays.
    run_x: np.float32  # metres of shadow for a metre of height
    run_y: np.float32
    top: F4  # [rows, columns] height of the highest thing
    top_x0: np.float32
    top_y0: np.float32
    # On the ground.
    lit: NDArray[np.uint8]  # all levels after each other; 255: the sun reaches it
    lit_start: NDArray[np.int64]  # [SHADE_LEVELS]
    lit_rows: NDArray[np.int64]
    lit_columns: NDArray[np.int64]
    x0: np.float32
    y0: np.float32
    per_cell: np.float32  # 1 / m, of `top` and of level 0
    ground_z: F4  # [rows, columns] of squares of a metre: the highest ground there
    ground_x0: np.float32
    ground_y0: np.float32
    has_levels: np.uint8  # 1: somewhere there is ground under ground


@lean_njit
def _fill(triangles, vertices, first, end, material, kinds, ground, run_x, run_y, x0, y0, per_cell, grid):  # type: ignore[no-untyped-def]
    """Raise the grid to the height of these triangles; of the ground, or of all things (ground sunk a little).

    Rows of the grid are at least LANES long.
    """
    rows, columns = grid.shape
    for t in range(first, end):
        kind = kinds[material[t]]
        is_ground = PLAIN < kind <= LAST_GROUND
        if ground and not is_ground:
            continue
        sink = _GROUND_SINKS_M if is_ground and not ground else np.float32(0.0)
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        az, bz, cz = vertices[a, 2] - sink, vertices[b, 2] - sink, vertices[c, 2] - sink
        ax = (vertices[a, 0] - az * run_x - x0) * per_cell - np.float32(0.5)
        ay = (vertices[a, 1] - az * run_y - y0) * per_cell - np.float32(0.5)
        bx = (vertices[b, 0] - bz * run_x - x0) * per_cell - np.float32(0.5)
        by = (vertices[b, 1] - bz * run_y - y0) * per_cell - np.float32(0.5)
        cx = (vertices[c, 0] - cz * run_x - x0) * per_cell - np.float32(0.5)
        cy = (vertices[c, 1] - cz * run_y - y0) * per_cell - np.float32(0.5)
        left = max(min(ax, bx, cx) - np.float32(0.5), np.float32(0.0))
        right = min(max(ax, bx, cx) + np.float32(0.5), np.float32(columns - 1))
        upper = max(min(ay, by, cy) - np.float32(0.5), np.float32(0.0))
        lower = min(max(ay, by, cy) + np.float32(0.5), np.float32(rows - 1))
        if left > right or upper > lower:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        sign = np.float32(1.0) if area >= np.float32(0.0) else np.float32(-1.0)
        least, most = min(az, bz, cz), max(az, bz, cz)
        if abs(area) > np.float32(1e-3):
            slope_x = ((bz - az) * (cy - ay) - (cz - az) * (by - ay)) / area
            slope_y = ((cz - az) * (bx - ax) - (bz - az) * (cx - ax)) / area
        else:
            slope_x, slope_y = np.float32(0.0), np.float32(0.0)
        # Edges move out by a part of a cell, so that poles thinner than a cell throw a shadow too.
        e0x, e0y = (bx - ax) * sign, (by - ay) * sign
        e1x, e1y = (cx - bx) * sign, (cy - by) * sign
        e2x, e2y = (ax - cx) * sign, (ay - cy) * sign
        m0 = np.float32(0.4) * (abs(e0x) + abs(e0y))
        m1 = np.float32(0.4) * (abs(e1x) + abs(e1y))
        m2 = np.float32(0.4) * (abs(e2x) + abs(e2y))
        for row in range(np.int64(np.ceil(upper)), np.int64(lower) + 1):
            y = np.float32(row)
            s0, s1, s2 = e0x * (y - ay), e1x * (y - by), e2x * (y - cy)
            first, end = np.int64(np.ceil(left)), np.int64(right) + 1
            first, end = _narrow(s0 + m0, e0y, ax, first, end)
            first, end = _narrow(s1 + m1, e1y, bx, first, end)
            first, end = _narrow(s2 + m2, e2y, cx, first, end)
            row_z = az + slope_y * (y - ay)
            for at in range(first, end, LANES):
                block = min(at, columns - LANES)  # the last ones again, and not beyond the row
                x = lane_numbers() + np.float32(block)
                inside = (x >= np.float32(first)) & (x < np.float32(end))
                inside = inside & (s0 - (x - ax) * e0y >= -m0)
                inside = inside & (s1 - (x - bx) * e1y >= -m1) & (s2 - (x - cx) * e2y >= -m2)
                if kind == FOLIAGE:
                    # Light falls through leaves: here and there a hole.
                    mixed = to_ints(x) * 19349663 ^ row * 73856093
                    inside = inside & ((mixed ^ (mixed >> 7)) & 7 >= 2)
                z = min(max((x - ax) * slope_x + row_z, least), most)
                old = load(grid, row, block)
                store(grid, row, block, choose(inside & (z > old), z, old))


@inline_njit
def _narrow(limit, slope, start, first, end):  # type: ignore[no-untyped-def]
    """Columns first ... end, without those for which surely limit - (column - start) * slope < 0."""
    if slope != np.float32(0.0):
        edge = np.float64(start) + np.float64(limit) / np.float64(slope)
        # Single precision, in which the edge is tested after this, may see it so far away.
        doubt = 2.0 + 1e-6 * (abs(np.float64(limit)) / abs(np.float64(slope)) + abs(edge) + abs(np.float64(start)))
        if slope > np.float32(0.0):
            end = max(first, min(end, np.int64(min(edge + doubt, 1e9)) + 1))
        else:
            first = min(end, max(first, np.int64(max(edge - doubt, 0.0))))
    return first, end


@njit
def _fill_all(geometry, kinds, ground, run_x, run_y, x0, y0, per_cell, grid):  # type: ignore[no-untyped-def]
    grid[:] = _NOTHING
    for g in range(len(geometry.nearest_m)):
        # Of a place with several levels of detail the finest; and only what falls into the grid.
        box = geometry.bounds[g]
        left = box[0] - max(box[2] * run_x, box[5] * run_x)
        right = box[3] - min(box[2] * run_x, box[5] * run_x)
        upper = box[1] - max(box[2] * run_y, box[5] * run_y)
        lower = box[4] - min(box[2] * run_y, box[5] * run_y)
        inside = right >= x0 and lower >= y0 and left <= x0 + grid.shape[1] / per_cell
        if geometry.nearest_m[g] <= 0.0 and inside and upper <= y0 + grid.shape[0] / per_cell:
            first, end = geometry.group_start[g], geometry.group_start[g + 1]
            _fill(
                geometry.triangles,
                geometry.vertices,
                first,
                end,
                geometry.material,
                kinds,
                ground,
                run_x,
                run_y,
                x0,
                y0,
                per_cell,
                grid,
            )


@njit
def _bounds(geometry, kinds, box):  # type: ignore[no-untyped-def]
    """Least and greatest x, y of what throws shadows."""
    for t in range(len(geometry.material)):
        kind = kinds[geometry.material[t]]
        if kind == PLAIN or kind > LAST_GROUND:
            for corner in range(3):
                v = geometry.triangles[t, corner]
                for axis in range(2):
                    box[axis] = min(box[axis], geometry.vertices[v, axis])
                    box[2 + axis] = max(box[2 + axis], geometry.vertices[v, axis])


@njit
def _has_levels(geometry, kinds, ground_z, x0, y0):  # type: ignore[no-untyped-def]
    """Whether some ground lies far below the highest ground there: under a bridge."""
    rows, columns = ground_z.shape
    for t in range(len(geometry.material)):
        kind = kinds[geometry.material[t]]
        if PLAIN < kind <= LAST_GROUND:
            a, b, c = geometry.triangles[t, 0], geometry.triangles[t, 1], geometry.triangles[t, 2]
            third = np.float32(1.0 / 3.0)
            x = (geometry.vertices[a, 0] + geometry.vertices[b, 0] + geometry.vertices[c, 0]) * third - x0
            y = (geometry.vertices[a, 1] + geometry.vertices[b, 1] + geometry.vertices[c, 1]) * third - y0
            z = (geometry.vertices[a, 2] + geometry.vertices[b, 2] + geometry.vertices[c, 2]) * third
            inside = 0.0 <= x < columns and 0.0 <= y < rows
            if inside and ground_z[np.int64(y), np.int64(x)] > z + _LEVEL_M:
                return True
    return False


@inline_njit
def clear_of_shadow(shade, x, y, z):  # type: ignore[no-untyped-def]
    """How much of the sun reaches a point in space, 0 to 1, softly between cells; for float32 or Floats."""
    one, zero = np.float32(1.0), np.float32(0.0)
    rows, columns = shade.top.shape
    px = (x - z * shade.run_x - shade.top_x0) * shade.per_cell - np.float32(0.5)
    py = (y - z * shade.run_y - shade.top_y0) * shade.per_cell - np.float32(0.5)
    inside = (px >= zero) & (py >= zero) & (px < np.float32(columns - 1)) & (py < np.float32(rows - 1))
    px, py = choose(inside, px, zero), choose(inside, py, zero)
    i, j = to_ints(px), to_ints(py)
    fx, fy = px - to_floats(i), py - to_floats(j)
    limit = z + _BIAS_M
    at = j * columns + i
    # A grid without room is one cell.
    right, below = min(columns - 1, 1), columns * min(rows - 1, 1)
    a = choose(take(shade.top, at) <= limit, one, zero)
    b = choose(take(shade.top, at + right) <= limit, one, zero)
    c = choose(take(shade.top, at + below) <= limit, one, zero)
    d = choose(take(shade.top, at + (below + right)) <= limit, one, zero)
    first = a + (b - a) * fx
    second = c + (d - c) * fx
    return choose(inside, first + (second - first) * fy, one)


@inline_njit
def ground_lit(shade, level, x, y):  # type: ignore[no-untyped-def]
    """How much of the sun reaches a place on the ground, 0 to 1, from a level of the grid; for float32 or Floats."""
    zero, one = np.float32(0.0), np.float32(1.0)
    scale = shade.per_cell / np.float32(1 << level)
    px = (x - shade.x0) * scale - np.float32(0.5)
    py = (y - shade.y0) * scale - np.float32(0.5)
    columns = shade.lit_columns[level]
    most_x, most_y = np.float32(columns - 1), np.float32(shade.lit_rows[level] - 1)
    inside = (px >= zero) & (py >= zero) & (px < most_x) & (py < most_y)
    px, py = choose(inside, px, zero), choose(inside, py, zero)
    i, j = to_ints(px), to_ints(py)
    fx, fy = px - to_floats(i), py - to_floats(j)
    at = j * columns + i + shade.lit_start[level]
    upper, lower = take_bytes(shade.lit, at), take_bytes(shade.lit, at + columns)
    a, b = to_floats(upper & 255), to_floats((upper >> 8) & 255)
    c, d = to_floats(lower & 255), to_floats((lower >> 8) & 255)
    first = a + (b - a) * fx
    second = c + (d - c) * fx
    return choose(inside, (first + (second - first) * fy) * np.float32(1.0 / 255.0), one)


@lean_njit
def _light_row(shade, row, line, hard):  # type: ignore[no-untyped-def]
    """How much of the sun reaches the cells of a row, 0 to 255, and its first and last cell once more beside them."""
    columns = len(hard) - 2
    cell = np.float32(1.0) / shade.per_cell
    y = shade.y0 + (np.float32(row) + np.float32(0.5)) * cell
    gj = min(max(np.int64(y - shade.ground_y0), 0), shade.ground_z.shape[0] - 1)
    most_i = np.float32(shade.ground_z.shape[1] - 1)
    for column in range(0, columns, LANES):
        x = (lane_numbers() + (np.float32(column) + np.float32(0.5))) * cell + shade.x0
        gi = to_ints(min(max(x - shade.ground_x0, np.float32(0.0)), most_i))
        z = take(shade.ground_z, gi + gj * shade.ground_z.shape[1])
        lit = clear_of_shadow(shade, x, all_lanes(y), max(z, _DEEPEST))
        store(line, 0, column, choose(z > _NOTHING, lit, np.float32(1.0)) * np.float32(255.0))
    numbers = line[0]
    for column in range(np.uint64(0), np.uint64(columns)):
        hard[column + np.uint64(1)] = np.int32(numbers[column])
    hard[0], hard[columns + 1] = hard[1], hard[columns]


@njit
def _light_ground(shade, soft):  # type: ignore[no-untyped-def]
    """How much of the sun reaches each cell of the ground: soft[row, column], 0 to 255."""
    rows, columns = soft.shape
    line = np.empty((1, columns + LANES), np.float32)
    hard = np.empty((3, columns + 2), np.int32)
    _light_row(shade, 0, line, hard[0])
    hard[2] = hard[0]
    for row in range(rows):
        if row + 1 < rows:
            _light_row(shade, row + 1, line, hard[(row + 1) % 3])
        else:
            hard[(row + 1) % 3] = hard[row % 3]
        # Soft edges: the mean over 3 x 3 cells, the middle counting more.
        up, here, down, out = hard[(row + 2) % 3], hard[row % 3], hard[(row + 1) % 3], soft[row]
        for column in range(np.uint64(0), np.uint64(columns)):
            middle, right = column + np.uint64(1), column + np.uint64(2)
            total = here[middle] * np.int32(4)
            total += (up[middle] + down[middle] + here[column] + here[right]) * np.int32(2)
            total += up[column] + up[right] + down[column] + down[right]
            out[column] = np.uint8((total + np.int32(8)) >> np.int32(4))


@njit
def _halve(fine, coarse):  # type: ignore[no-untyped-def]
    rows, columns = coarse.shape
    for row in range(rows):
        for column in range(columns):
            total = np.int64(fine[2 * row, 2 * column]) + fine[2 * row, 2 * column + 1]
            total += np.int64(fine[2 * row + 1, 2 * column]) + fine[2 * row + 1, 2 * column + 1]
            coarse[row, column] = (total + 2) >> 2


def _extent(static: Geometry, kinds: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of the part of the town that shadows can fall on."""
    box = np.array([1e9, 1e9, -1e9, -1e9], np.float32)
    _bounds(static, kinds, box)
    if box[0] > box[2]:  # nothing stands here
        box = np.zeros(4, np.float32)
    x0, y0, x1, y1 = (float(edge) for edge in box)
    return floor(x0) - _AROUND_M, floor(y0) - _AROUND_M, x1 + _AROUND_M, y1 + _AROUND_M


def _window(extent: tuple[float, float, float, float], x: float, y: float) -> tuple[float, float, float, float]:
    """The part of the town that a camera at (x, y) gets: all of a small one."""
    x0, y0, x1, y1 = extent
    if (x1 - x0) * (y1 - y0) <= _MOST_CELLS * _CELL_M * _CELL_M:
        return extent
    half = 0.5 * _WINDOW_M
    middle_x, middle_y = (floor(at / _WINDOW_STEP_M + 0.5) * _WINDOW_STEP_M for at in (x, y))
    return middle_x - half, middle_y - half, middle_x + half, middle_y + half


def _build(
    static: Geometry,
    kinds: NDArray[np.uint8],
    window: tuple[float, float, float, float],
    azimuth_deg: int,
    altitude_deg: int,
) -> TownShade:
    f = np.float32
    x0, y0 = window[:2]
    wide, high = window[2] - x0, window[3] - y0

    ground_z = np.empty((int(high / _GROUND_CELL_M) + 1, max(int(wide / _GROUND_CELL_M) + 1, LANES)), np.float32)
    _fill_all(static, kinds, True, f(0), f(0), f(x0), f(y0), f(1.0 / _GROUND_CELL_M), ground_z)
    known = ground_z[ground_z > _NOTHING]
    least_z, most_z = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)

    altitude, azimuth = radians(max(float(altitude_deg), _LOWEST_SUN_DEG)), radians(azimuth_deg)
    run_x = cos(altitude) / sin(altitude) * cos(azimuth)
    run_y = cos(altitude) / sin(altitude) * sin(azimuth)
    shift_x, shift_y = (least_z * run_x, most_z * run_x), (least_z * run_y, most_z * run_y)
    # All windows have their cells in the same places.
    top_x0, top_y0 = (floor((at - max(shift)) / _CELL_M) * _CELL_M for at, shift in ((x0, shift_x), (y0, shift_y)))
    top_wide, top_high = window[2] - min(shift_x) - top_x0, window[3] - min(shift_y) - top_y0
    if altitude_deg < 0:  # no sun, no shadow: grids without room
        wide = high = top_wide = top_high = 0.0
    cell = max(_CELL_M, sqrt(top_wide * top_high / (2 * _MOST_CELLS)))  # hills under a low sun
    top = np.empty((int(top_high / cell) + 1, max(int(top_wide / cell) + 1, LANES)), np.float32)
    _fill_all(static, kinds, False, f(run_x), f(run_y), f(top_x0), f(top_y0), f(1.0 / cell), top)

    shapes = [(max(int(high / cell) >> k, 1), max(int(wide / cell) >> k, 1)) for k in range(SHADE_LEVELS)]
    sizes = [rows * columns for rows, columns in shapes]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    # Read four bytes at a time: a row and some bytes more than there are, which count for nothing.
    lit = np.full(int(starts[-1]) + shapes[0][1] + 4, 255, np.uint8)
    levels = [lit[starts[k] : starts[k + 1]].reshape(shapes[k]) for k in range(SHADE_LEVELS)]
    shade = TownShade(
        f(run_x),
        f(run_y),
        top,
        f(top_x0),
        f(top_y0),
        lit,
        starts[:SHADE_LEVELS],
        np.array([rows for rows, _ in shapes], np.int64),
        np.array([columns for _, columns in shapes], np.int64),
        f(x0),
        f(y0),
        f(1.0 / cell),
        ground_z,
        f(x0),
        f(y0),
        np.uint8(_has_levels(static, kinds, ground_z, f(x0), f(y0))),
    )
    _light_ground(shade, levels[0])
    for fine, coarse in pairwise(levels):
        _halve(fine, coarse)
    return shade


# Making one takes a tenth of a second (twice as long when the sun stands low), and the arrays are some 50 MB.
_kept: Kept[TownShade] = Kept(4)
_extents: Kept[tuple[float, float, float, float]] = Kept(4)


def shade_of(
    static: Geometry, materials: NDArray[np.void], azimuth_deg: float, altitude_deg: float, x: float, y: float
) -> TownShade:
    """The shadows of a town's static things around (x, y), under a sun that moves in steps of a degree."""
    sun = (round(azimuth_deg) % 360, max(round(altitude_deg), 0)) if altitude_deg > -1.0 else (0, -1)
    window = _window(_extents.get(static.vertices, None, lambda: _extent(static, _kinds(materials))), x, y)
    return _kept.get(static.vertices, (window, sun), lambda: _build(static, _kinds(materials), window, *sun))


def _kinds(materials: NDArray[np.void]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(materials["kind"])
