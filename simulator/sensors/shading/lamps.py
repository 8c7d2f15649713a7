"""Light of lamps: pools under street lamps, beams before vehicles, and a glow around bright lamps in the picture."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit, lean_njit, njit
from simulator.scene.models.palette import HIGH_BEAM, LOW_BEAM
from simulator.scene.tables import F4, U1
from simulator.sensors.lanes import any_lane, choose, take, to_floats, to_ints
from simulator.sensors.shading.kept import Kept
from simulator.sensors.shading.shadows import TownShade
from simulator.sensors.shading.weather import Light

__all__ = ["GLOW", "LAMP_COLOUR", "Beams", "add_glow", "beams_at", "beams_of", "pools_at", "pools_of"]

LAMP_COLOUR: Final = (np.float32(1.0), np.float32(0.80), np.float32(0.54))

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)

# --- street lamps ----------------------------------------------------------------------------------------------------

_POOL_REACH_M: Final = 26.0
_POOL: Final = 0.75  # light straight below a lamp
_MIN_LAMP_HEIGHT_M: Final = 3.0


@njit
def _fill_pools(lamps, lit, ground_z, x0, y0, grid):  # type: ignore[no-untyped-def]
    grid[:] = _ZERO
    rows, columns = grid.shape
    for k in range(len(lamps)):
        if lit[k] == 0:
            continue
        column, row = int(lamps[k, 0] - x0), int(lamps[k, 1] - y0)
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        height = max(lamps[k, 2] - max(ground_z[row, column], lamps[k, 2] - 12.0), _MIN_LAMP_HEIGHT_M)
        reach = int(_POOL_REACH_M)
        for j in range(max(row - reach, 0), min(row + reach + 1, rows)):
            for i in range(max(column - reach, 0), min(column + reach + 1, columns)):
                dx, dy = x0 + i + 0.5 - lamps[k, 0], y0 + j + 0.5 - lamps[k, 1]
                far2 = (dx * dx + dy * dy) / (height * height)
                # Light falls with the square of the distance and with its slant: (1 + far^2) ^ -3/2.
                fall = 1.0 / ((1.0 + far2) * np.sqrt(1.0 + far2))
                edge = max(1.0 - np.sqrt(dx * dx + dy * dy) / _POOL_REACH_M, 0.0)
                grid[j, i] += np.float32(_POOL * fall * min(edge * 3.0, 1.0))


_pools: Kept[F4] = Kept(4)


def pools_of(shade: TownShade, lamps: F4, switched_on: U1, light: Light) -> F4:
    """Light of street lamps on the squares of shade.ground_z; all lamps are lit at night, else those switched on.

    Without any: an array without rows.
    """
    lit = np.ones(len(lamps), np.uint8) if light.lamps_on else np.asarray(switched_on != 0, np.uint8)
    if not lit.any():
        return np.empty((0, 0), np.float32)

    def make() -> F4:
        grid = np.empty(shade.ground_z.shape, np.float32)
        _fill_pools(lamps, lit, shade.ground_z, float(shade.ground_x0), float(shade.ground_y0), grid)
        return grid

    return _pools.get(lamps, (lit.tobytes(), float(shade.ground_x0), float(shade.ground_y0)), make)


# --- headlights ------------------------------------------------------------------------------------------------------

_BEAM_CELL_M: Final = np.float32(0.5)
_BEAM_CELLS: Final = 320
_LOW_REACH_M: Final = 45.0
_HIGH_REACH_M: Final = 90.0
_BEAM: Final = 1.5
_LAMP_HEIGHT_M: Final = 0.7
# Directions in which the fan is followed to what stops it, evenly from left to right by their slope.
_FAN_SLOPE: Final = 1.6
_WAYS_PER_SLOPE: Final = 40.0
_WAYS: Final = 128
_SOFT_WAYS: Final = 3
_BLOCKS_FROM_M: Final = 0.6  # half the width of what blocks the light


class Beams(NamedTuple):
    """Light of headlights around a camera: for each square its sum, and the sum of light times its direction."""

    grid: F4  # [rows, columns, 4] light, times x, times y, height of the brightest source; no rows: no headlights
    x0: np.float32
    y0: np.float32


NO_BEAMS: Final = Beams(np.empty((0, 0, 4), np.float32), np.float32(0), np.float32(0))


@njit
def _block(casters, k, front_x, front_y, cos_yaw, sin_yaw, reach, free_m):  # type: ignore[no-untyped-def]
    """For each direction of the fan, how far the light of a vehicle gets before another one stops it; the nearest.

    People and small things are narrower than the way between two lamps: light goes round them.
    """
    free_m[:] = reach
    nearest = reach
    lamp_z = casters[k].z + _LAMP_HEIGHT_M
    for other in range(len(casters)):
        c = casters[other]
        if other == k or c.half_y < _BLOCKS_FROM_M or not c.z < lamp_z < c.z + c.height:
            continue
        dx, dy = c.x - front_x, c.y - front_y
        along, across = dx * cos_yaw + dy * sin_yaw, dy * cos_yaw - dx * sin_yaw
        if not 0.0 < along < reach or abs(across) > _FAN_SLOPE * along + c.half_x:
            continue
        turn_cos = np.cos(c.yaw) * cos_yaw + np.sin(c.yaw) * sin_yaw
        turn_sin = np.sin(c.yaw) * cos_yaw - np.cos(c.yaw) * sin_yaw
        least, most = np.inf, -np.inf
        for corner in range(4):
            own_x = c.half_x if corner & 1 else -c.half_x
            own_y = c.half_y if corner & 2 else -c.half_y
            ahead = max(along + turn_cos * own_x - turn_sin * own_y, 0.1)
            slope = (across + turn_sin * own_x + turn_cos * own_y) / ahead
            least, most = min(least, slope), max(most, slope)
        # What it hits is lit as far as its middle: the side that faces the lamps.
        for way in range(
            max(int(np.ceil((least + _FAN_SLOPE) * _WAYS_PER_SLOPE - 0.5)), 0),
            min(int(np.floor((most + _FAN_SLOPE) * _WAYS_PER_SLOPE - 0.5)) + 1, len(free_m)),
        ):
            free_m[way] = min(free_m[way], along)
            nearest = min(nearest, along)
    return nearest


@njit
def _free(free_m, way, along):  # type: ignore[no-untyped-def]
    """How much of the light gets there: the edge of a shadow is as wide as some of the fan's directions."""
    share = 0.0
    for step in range(-_SOFT_WAYS, _SOFT_WAYS + 1):
        at = min(max(way + step, 0), len(free_m) - 1)
        share += min(max(free_m[at] + 1.0 - along, 0.0), 1.0)
    return share / (2 * _SOFT_WAYS + 1)


@njit
def _fill_beams(casters, x0, y0, grid):  # type: ignore[no-untyped-def]
    free_m = np.empty(_WAYS, np.float64)
    for k in range(len(casters)):
        caster = casters[k]
        if caster.lights & (LOW_BEAM | HIGH_BEAM) == 0:
            continue
        high = caster.lights & HIGH_BEAM != 0
        reach = _HIGH_REACH_M if high else _LOW_REACH_M
        bright_m = 30.0 if high else 14.0
        cos_yaw, sin_yaw = np.cos(caster.yaw), np.sin(caster.yaw)
        front_x, front_y = caster.x + cos_yaw * caster.half_x, caster.y + sin_yaw * caster.half_x
        nearest = _block(casters, k, front_x, front_y, cos_yaw, sin_yaw, reach, free_m)
        # The square that holds the fan: from the front, half as wide as it is long.
        ahead_x, ahead_y = 0.5 * reach * cos_yaw, 0.5 * reach * sin_yaw
        half = 0.5 * reach * (abs(cos_yaw) + abs(sin_yaw)) + 2.0
        first_i = max(int((front_x + ahead_x - half - x0) / _BEAM_CELL_M), 0)
        end_i = min(int((front_x + ahead_x + half - x0) / _BEAM_CELL_M) + 1, grid.shape[1])
        first_j = max(int((front_y + ahead_y - half - y0) / _BEAM_CELL_M), 0)
        end_j = min(int((front_y + ahead_y + half - y0) / _BEAM_CELL_M) + 1, grid.shape[0])
        for j in range(first_j, end_j):
            for i in range(first_i, end_i):
                dx = x0 + (i + 0.5) * _BEAM_CELL_M - front_x
                dy = y0 + (j + 0.5) * _BEAM_CELL_M - front_y
                along = dx * cos_yaw + dy * sin_yaw
                if along <= 0.0 or along >= reach:
                    continue
                aside = dy * cos_yaw - dx * sin_yaw
                # Two lamps at the corners of the front, and a fan of some 20 degrees to each side.
                across = aside / (0.36 * along + 0.8 * caster.half_y + 0.2)
                across *= across
                fan = 1.0 / (1.0 + across * across)
                far = along / bright_m
                edge = min(3.0 * (1.0 - along / reach), 1.0)
                strength = _BEAM * fan * min(along * 0.3, 1.0) * edge / (1.0 + far * far)
                if along > nearest:
                    strength *= _free(free_m, int((aside / along + _FAN_SLOPE) * _WAYS_PER_SLOPE), along)
                grid[j, i, 0] += np.float32(strength)
                per_m = strength / np.sqrt(dx * dx + dy * dy + 0.01)
                grid[j, i, 1] += np.float32(dx * per_m)
                grid[j, i, 2] += np.float32(dy * per_m)
                grid[j, i, 3] = max(grid[j, i, 3], np.float32(caster.z + _LAMP_HEIGHT_M))


def beams_of(casters: NDArray[np.void], eye: NDArray[np.float64], ahead: NDArray[np.float64], light: Light) -> Beams:
    """The headlights that a camera may see shine; by day nobody sees them."""
    if light.night <= 0.0 or not np.any(casters["lights"] & (LOW_BEAM | HIGH_BEAM)):
        return NO_BEAMS
    side_m = _BEAM_CELLS * float(_BEAM_CELL_M)
    # Mostly before the camera, in steps of a square so that the pattern does not crawl when the camera moves.
    x0 = np.float32(np.floor(eye[0] + 0.35 * side_m * ahead[0] - 0.5 * side_m))
    y0 = np.float32(np.floor(eye[1] + 0.35 * side_m * ahead[1] - 0.5 * side_m))
    grid = np.zeros((_BEAM_CELLS, _BEAM_CELLS, 4), np.float32)
    grid[:, :, 3] = -1e9
    _fill_beams(casters, x0, y0, grid)
    return Beams(grid, x0, y0)


@inline_njit
def beams_at(beams, x, y, z, nx, ny, nz):  # type: ignore[no-untyped-def]
    """Light of headlights at places (Floats) on a surface with normal n."""
    px = (x - beams.x0) * (_ONE / _BEAM_CELL_M) - _HALF
    py = (y - beams.y0) * (_ONE / _BEAM_CELL_M) - _HALF
    most = np.float32(_BEAM_CELLS - 1.5)
    inside = (px >= _ZERO) & (px < most) & (py >= _ZERO) & (py < most)
    px, py = choose(inside, px, _ZERO), choose(inside, py, _ZERO)
    i, j = to_ints(px), to_ints(py)
    fx, fy = px - to_floats(i), py - to_floats(j)
    w00, w01 = (_ONE - fx) * (_ONE - fy), fx * (_ONE - fy)
    w10, w11 = (_ONE - fx) * fy, fx * fy
    grid = beams.grid
    at = (j * _BEAM_CELLS + i) * 4
    to = at + 4 * _BEAM_CELLS
    amount = take(grid, at) * w00 + take(grid, at + 4) * w01 + take(grid, to) * w10 + take(grid, to + 4) * w11
    amount = choose(inside, amount, _ZERO)
    if not any_lane(amount > _ZERO):
        return amount
    to_x = take(grid, at + 1) * w00 + take(grid, at + 5) * w01 + take(grid, to + 1) * w10 + take(grid, to + 5) * w11
    to_y = take(grid, at + 2) * w00 + take(grid, at + 6) * w01 + take(grid, to + 2) * w10 + take(grid, to + 6) * w11
    # Low beams light what is low: nothing much above the lamp.
    above = max(z - take(grid, at + 3) - np.float32(0.3), _ZERO)
    cut = _ONE / (above * above * np.float32(4.0) + _ONE)
    facing = max(_ZERO - (to_x * nx + to_y * ny), _ZERO)
    return choose(amount > _ZERO, (amount * (max(nz, _ZERO) * np.float32(0.4)) + facing * np.float32(1.1)) * cut, _ZERO)


@inline_njit
def pools_at(pools, shade, x, y, z, nz):  # type: ignore[no-untyped-def]
    """Light of street lamps at places (Floats) on a surface whose normal's z is nz; `pools` has rows."""
    rows, columns = pools.shape
    px, py = x - shade.ground_x0 - _HALF, y - shade.ground_y0 - _HALF
    inside = (px >= _ZERO) & (px < np.float32(columns - 1)) & (py >= _ZERO) & (py < np.float32(rows - 1))
    px, py = choose(inside, px, _ZERO), choose(inside, py, _ZERO)
    i, j = to_ints(px), to_ints(py)
    fx, fy = px - to_floats(i), py - to_floats(j)
    at = j * columns + i
    right, below = min(columns - 1, 1), columns * min(rows - 1, 1)
    upper, lower = take(pools, at), take(pools, at + below)
    upper += (take(pools, at + right) - upper) * fx
    lower += (take(pools, at + (below + right)) - lower) * fx
    # What is as high as the lamps gets nothing; what looks away from them a little.
    height = z - take(shade.ground_z, at)
    low = min(max(np.float32(2.0) - height * np.float32(0.25), _ZERO), _ONE)
    light = (upper + (lower - upper) * fy) * (np.float32(0.45) + np.float32(0.55) * nz) * low
    return choose(inside, light, _ZERO)


# --- the glow around lamps -------------------------------------------------------------------------------------------

# A lamp's part of a row of pixels, noted while it is drawn.
GLOW: Final = np.dtype([("x", np.float32), ("y", np.float32), ("r", np.float32), ("g", np.float32), ("b", np.float32)])

_BLOCK: Final = 4  # pixels
_RADIUS: Final = 9  # blocks
_LEAST: Final = np.float32(0.004)


@lean_njit
def _spread(notes, counts, halo):  # type: ignore[no-untyped-def]
    """Collect the notes in blocks, between which they are shared so that a moving lamp's glow does not jump."""
    rows, columns = halo.shape[0], halo.shape[1]
    for row in range(len(counts)):
        for k in range(counts[row]):
            note = notes[row, k]
            if not (_ZERO <= note.x < columns * _BLOCK and _ZERO <= note.y < rows * _BLOCK):
                continue
            at_x = min(max(note.x / np.float32(_BLOCK) - _HALF, _ZERO), np.float32(columns) - np.float32(1.001))
            at_y = min(max(note.y / np.float32(_BLOCK) - _HALF, _ZERO), np.float32(rows) - np.float32(1.001))
            i, j = np.int64(at_x), np.int64(at_y)
            fx, fy = at_x - np.float32(i), at_y - np.float32(j)
            for corner in range(4):
                w = (fx if corner & 1 else _ONE - fx) * (fy if corner & 2 else _ONE - fy)
                jj, ii = j + (corner >> 1), i + (corner & 1)
                halo[jj, ii, 0] += w * note.r
                halo[jj, ii, 1] += w * note.g
                halo[jj, ii, 2] += w * note.b


@lean_njit
def _blur(source, strength, halo):  # type: ignore[no-untyped-def]
    """Each block's light falls on those around it: a small bright core and a faint wide skirt."""
    rows, columns = source.shape[0], source.shape[1]
    radius = np.float32(_RADIUS)
    for j in range(rows):
        for i in range(columns):
            most = max(source[j, i, 0], source[j, i, 1], source[j, i, 2])
            if most <= _ZERO:
                continue
            # A lamp that fills many pixels does not glow without bound.
            amount = strength / (_ONE + np.float32(0.12) * most)
            for jj in range(max(j - _RADIUS, 0), min(j + _RADIUS + 1, rows)):
                for ii in range(max(i - _RADIUS, 0), min(i + _RADIUS + 1, columns)):
                    away2 = np.float32((jj - j) * (jj - j) + (ii - i) * (ii - i))
                    edge = _ONE - away2 / (radius * radius)
                    if edge <= _ZERO:
                        continue
                    fall = _ONE / (_ONE + np.float32(1.6) * away2)
                    w = amount * edge * edge * (np.float32(0.32) * fall * fall + np.float32(0.045) * fall)
                    halo[jj, ii, 0] += w * source[j, i, 0]
                    halo[jj, ii, 1] += w * source[j, i, 1]
                    halo[jj, ii, 2] += w * source[j, i, 2]


@lean_njit
def _screen(byte, light):  # type: ignore[no-untyped-def]
    """Light over light as on a film: never beyond white."""
    left = np.float32(255.0) - np.float32(byte)
    return np.uint32(np.float32(255.5) - left / (_ONE + light))


@lean_njit
def _lay_over(halo, pixels):  # type: ignore[no-untyped-def]
    rows, columns = halo.shape[0], halo.shape[1]
    height, width = pixels.shape
    for j in range(rows - 1):
        for i in range(columns - 1):
            most = _ZERO
            for c in range(3):
                most = max(most, halo[j, i, c], halo[j, i + 1, c], halo[j + 1, i, c], halo[j + 1, i + 1, c])
            if most < _LEAST:
                continue
            # The square between the middles of four blocks.
            for y in range(j * _BLOCK + _BLOCK // 2, min((j + 1) * _BLOCK + _BLOCK // 2, height)):
                fy = (np.float32(y - j * _BLOCK) + _HALF) / np.float32(_BLOCK) - _HALF
                for x in range(i * _BLOCK + _BLOCK // 2, min((i + 1) * _BLOCK + _BLOCK // 2, width)):
                    fx = (np.float32(x - i * _BLOCK) + _HALF) / np.float32(_BLOCK) - _HALF
                    w00, w01 = (_ONE - fx) * (_ONE - fy), fx * (_ONE - fy)
                    w10, w11 = (_ONE - fx) * fy, fx * fy
                    pixel = pixels[y, x]
                    out = np.uint32(0xFF000000)
                    for c in range(3):
                        light = halo[j, i, c] * w00 + halo[j, i + 1, c] * w01
                        light += halo[j + 1, i, c] * w10 + halo[j + 1, i + 1, c] * w11
                        shift = np.uint32(16 - 8 * c)
                        out |= _screen((pixel >> shift) & np.uint32(255), light) << shift
                    pixels[y, x] = out


def add_glow(notes: NDArray[np.void], counts: NDArray[np.int64], strength: float, pixels: NDArray[np.uint32]) -> None:
    """Lay the glow of lamps over a picture [height, width], each pixel a number of the bytes B, G, R, A.

    In row k of `notes` (GLOW) counts[k] lamps are noted.
    """
    if strength <= 0.0 or not counts.any():
        return
    height, width = pixels.shape
    shape = (height // _BLOCK + 2, width // _BLOCK + 2, 3)
    source, halo = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    _spread(notes, counts, source)
    _blur(source, np.float32(strength), halo)
    _lay_over(halo, pixels)
