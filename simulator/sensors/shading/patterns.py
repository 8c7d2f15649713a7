"""What changes from pixel to pixel on a surface: grain, paint, windows, faces of signs.

Each function fills pixels first ... end - 1 of arrays as wide as the picture. Loops count with unsigned numbers (numba
looks whether a signed index counts from the end) and touch few arrays each, so that the compiler can use vectors.
`column` holds the pixels' middles: column[x] = x + 0.5.
"""

import numpy as np

from simulator.kernels import njit
from simulator.sensors.paint import painted
from simulator.sensors.shading.tiles import LEVELS, SIDE, bilinear

__all__ = [
    "FARTHEST_INVERSE",
    "depth_row",
    "level_of",
    "paint_row",
    "place_row",
    "sign_row",
    "texture_row",
    "wall_row",
]

FARTHEST_INVERSE = np.float32(1.0 / 4000.0)
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)


@njit
def depth_row(z_x, z_row, column, first, end, depth):  # type: ignore[no-untyped-def]
    """Depth of a plane whose 1 / depth is z_x * x + z_row in this row."""
    for x in range(np.uint64(first), np.uint64(end)):
        depth[x] = _ONE / max(z_x * column[x] + z_row, FARTHEST_INVERSE)


@njit
def place_row(eye, row, slope, column, depth, first, end, place):  # type: ignore[no-untyped-def]
    """One coordinate of the places that the pixels show."""
    for x in range(np.uint64(first), np.uint64(end)):
        place[x] = eye + (row + slope * column[x]) * depth[x]


@njit
def level_of(footprint, texel, most):  # type: ignore[no-untyped-def]
    """Of a chain of ever smaller copies the one whose texels are about as large as the footprint."""
    level = 0
    size = footprint / texel
    while size > np.float32(1.5) and level < most:
        size *= _HALF
        level += 1
    return level


@njit
def texture_row(chain, footprint, per_texel, first, end, at_x, at_y, out):  # type: ignore[no-untyped-def]
    """A texture at places, read as coarsely as the footprint (in metres, texels are 1 / per_texel) asks for."""
    level = level_of(footprint * per_texel, _ONE, LEVELS - 1)
    start = 0
    for k in range(level):
        start += (SIDE >> k) * (SIDE >> k)
    side = SIDE >> level
    scale = per_texel / np.float32(1 << level)
    for x in range(np.uint64(first), np.uint64(end)):
        out[x] = bilinear(chain, start, side, at_x[x] * scale - _HALF, at_y[x] * scale - _HALF)


@njit
def paint_row(face, kind, params, z_row, mid_row, column, depth, first, end, part):  # type: ignore[no-untyped-def]
    """How much of each pixel is painted road."""
    for x in range(np.uint64(first), np.uint64(end)):
        u = (face.u_x * column[x] + face.u_y * mid_row + face.u_1) * depth[x]
        v = (face.v_x * column[x] + face.v_y * mid_row + face.v_1) * depth[x]
        wide_u = (abs(face.u_x - u * face.z_x) + abs(face.u_y - u * face.z_y)) * depth[x]
        wide_v = (abs(face.v_x - v * face.z_x) + abs(face.v_y - v * face.z_y)) * depth[x]
        part[x] = painted(kind, params, u, v, wide_u, wide_v)


@njit
def _surface_row(p_x, p_row, column, depth, first, end, out):  # type: ignore[no-untyped-def]
    """A surface coordinate (u or v) whose plane over depth is p_x * x + p_row in this row."""
    for x in range(np.uint64(first), np.uint64(end)):
        out[x] = (p_x * column[x] + p_row) * depth[x]


@njit
def _holes_row(at, p_x, p_y, z_x, z_y, depth, first, end, per, low, high, part):  # type: ignore[no-untyped-def]
    """Times the share of each pixel's extent along u (or v) that lies in [low, high) of a period of 1 / per metres."""
    open_part = high - low
    for x in range(np.uint64(first), np.uint64(end)):
        wide = max((abs(p_x - at[x] * z_x) + abs(p_y - at[x] * z_y)) * depth[x], np.float32(1e-3))
        a = (at[x] - _HALF * wide) * per
        b = (at[x] + _HALF * wide) * per
        whole_a, whole_b = np.floor(a), np.floor(b)
        before = whole_a * open_part + min(max(a - whole_a - low, _ZERO), open_part)
        upto = whole_b * open_part + min(max(b - whole_b - low, _ZERO), open_part)
        part[x] *= (upto - before) / (wide * per)


@njit
def _top_row(v, top, per_wide, first, end, part):  # type: ignore[no-untyped-def]
    """Nothing above the last storey."""
    for x in range(np.uint64(first), np.uint64(end)):
        part[x] *= min(max((top - v[x]) * per_wide + _HALF, _ZERO), _ONE)


@njit
def _own_row(u, v, per_u, per_v, salt, first, end, own):  # type: ignore[no-untyped-def]
    """A number in [0, 1) for each window: fractions of a lattice, stirred."""
    for x in range(np.uint64(first), np.uint64(end)):
        t = np.floor(u[x] * per_u) * np.float32(0.7548777) + np.floor(v[x] * per_v) * np.float32(0.5698403) + salt
        t -= np.floor(t)
        t = t * (t + np.float32(17.13)) * np.float32(11.7)
        own[x] = t - np.floor(t)


@njit
def wall_row(face, params, mid_row, column, depth, mid_depth, first, end, u, v, part, own):  # type: ignore[no-untyped-def]
    """Of a house's wall: u, v, how much of each pixel is window, and a number of each window's own.

    Returns how well windows can be told apart, 0 to 1.
    """
    per_u, per_v = _ONE / params[0], _ONE / params[1]
    _surface_row(face.u_x, face.u_y * mid_row + face.u_1, column, depth, first, end, u)
    _surface_row(face.v_x, face.v_y * mid_row + face.v_1, column, depth, first, end, v)
    half = _HALF * params[2]
    for x in range(np.uint64(first), np.uint64(end)):
        part[x] = _ONE
    _holes_row(u, face.u_x, face.u_y, face.z_x, face.z_y, depth, first, end, per_u, _HALF - half, _HALF + half, part)
    half = _HALF * params[3]
    _holes_row(v, face.v_x, face.v_y, face.z_x, face.z_y, depth, first, end, per_v, _HALF - half, _HALF + half, part)
    wide_v = max((abs(face.v_x) + abs(face.v_y)) * mid_depth, np.float32(1e-3))
    wide_u = (abs(face.u_x) + abs(face.u_y)) * mid_depth
    top = np.floor(params[5] * per_v + np.float32(0.01)) * params[1]
    _top_row(v, top, _ONE / wide_v, first, end, part)
    _own_row(u, v, per_u, per_v, params[4], first, end, own)
    coarse = max(wide_u * per_u, wide_v * per_v)
    return min(max(_ONE - (coarse - np.float32(0.4)) * np.float32(2.0), _ZERO), _ONE)


@njit
def sign_row(face, page, side, mid_row, column, depth, mid_depth, first, end, red, green, blue):  # type: ignore[no-untyped-def]
    """The colours of a sign's face; `page` holds all its levels, each half as wide as the one before."""
    size = max(abs(face.u_x - face.u_y), abs(face.u_x + face.u_y))
    size = max(size, max(abs(face.v_x - face.v_y), abs(face.v_x + face.v_y))) * mid_depth
    start = 0
    while size * np.float32(side) > np.float32(1.5) and side > 1:
        start += side * side
        side >>= 1
    most = np.float32(side - 1)
    for x in range(first, end):
        u = (face.u_x * column[x] + face.u_y * mid_row + face.u_1) * depth[x] * np.float32(side) - _HALF
        v = (face.v_x * column[x] + face.v_y * mid_row + face.v_1) * depth[x] * np.float32(side) - _HALF
        u, v = min(max(u, _ZERO), most), min(max(v, _ZERO), most)
        i, j = np.int64(u), np.int64(v)
        right, below = min(i + 1, side - 1), min(j + 1, side - 1)
        part_u, part_v = u - np.float32(i), v - np.float32(j)
        a, b = start + j * side + i, start + j * side + right
        c, d = start + below * side + i, start + below * side + right
        w_a, w_b = (_ONE - part_u) * (_ONE - part_v), part_u * (_ONE - part_v)
        w_c, w_d = (_ONE - part_u) * part_v, part_u * part_v
        red[x] = page[a, 0] * w_a + page[b, 0] * w_b + page[c, 0] * w_c + page[d, 0] * w_d
        green[x] = page[a, 1] * w_a + page[b, 1] * w_b + page[c, 1] * w_c + page[d, 1] * w_d
        blue[x] = page[a, 2] * w_a + page[b, 2] * w_b + page[c, 2] * w_c + page[d, 2] * w_d
