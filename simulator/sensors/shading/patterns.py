"""What changes from pixel to pixel on a surface: grain, paint, windows, faces of signs.

Functions on Floats (`simulator.sensors.lanes`): sixteen pixels of a row at a time. `room` is an array
[ROOM_ROWS, columns] of float32 that belongs to one thread, with LANES columns more than the picture has at least.
"""

from typing import Final

import numpy as np

from simulator.kernels import inline_njit, lean_njit
from simulator.sensors.lanes import choose, floor_of
from simulator.sensors.shading.ribbons import covered
from simulator.sensors.shading.tiles import LEVELS, SIDE, bilinear

__all__ = [
    "COLOUR",
    "COLUMN",
    "FARTHEST_INVERSE",
    "KNOT_ADD",
    "KNOT_LIGHT",
    "PART_OF",
    "ROOM_ROWS",
    "SKY",
    "SUM",
    "depth_at",
    "leaves_at",
    "level_of",
    "paint_at",
    "pane_light",
    "ribbon_colour",
    "sign_row",
    "texture_at",
    "texture_level",
    "told_apart",
    "wall_colour",
    "windows_at",
]

# Rows of `room`.
COLUMN: Final = 0  # the pixels' middles, x + 0.5
SUM: Final = 1  # three: the light of the row, red, green, blue
PART_OF: Final = 4  # four: the parts of pixels that belong to runs, by slot
COLOUR: Final = 8  # three: of a sign's face
KNOT_LIGHT: Final = 11  # three; at knots
KNOT_ADD: Final = 14  # three
SKY: Final = 17  # three: the sky in this row
ROOM_ROWS: Final = 20

FARTHEST_INVERSE = np.float32(1.0 / 4000.0)
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_LIT_WINDOWS = np.float32(0.34)  # how many
_LEAST_WIDE_M = np.float32(1e-3)


@inline_njit
def depth_at(z_x, z_row, column):  # type: ignore[no-untyped-def]
    """Depth of a plane whose 1 / depth is z_x * column + z_row in this row."""
    return _ONE / max(column * z_x + z_row, FARTHEST_INVERSE)


@inline_njit
def level_of(footprint, texel, most):  # type: ignore[no-untyped-def]
    """Of a chain of ever smaller copies the one whose texels are about as large as the footprint."""
    level = 0
    size = footprint / texel
    while size > np.float32(1.5) and level < most:
        size *= _HALF
        level += 1
    return level


@inline_njit
def texture_level(footprint, per_texel):  # type: ignore[no-untyped-def]
    """Where in a chain the level for a footprint of so many metres begins, its side, and its texels in a metre."""
    level = level_of(footprint * per_texel, _ONE, LEVELS - 1)
    start = 0
    for k in range(level):
        start += (SIDE >> k) * (SIDE >> k)
    return start, SIDE >> level, per_texel / np.float32(1 << level)


@inline_njit
def texture_at(chain, start, side, scale, x, y):  # type: ignore[no-untyped-def]
    """The grain of places, from a level of a texture."""
    return bilinear(chain, start, side, x * scale - _HALF, y * scale - _HALF)


@inline_njit
def leaves_at(chain, start, side, scale, x, y, z):  # type: ignore[no-untyped-def]
    """The grain of foliage, which is seen from all sides: so the height moves the texture too."""
    grain = texture_at(chain, start, side, scale, x + z * np.float32(0.8), y - z * np.float32(0.6))
    return max(grain * np.float32(2.0) - _ONE, np.float32(0.15))


@inline_njit
def _surface(p_x, p_y, p_1, column, mid_row, depth):  # type: ignore[no-untyped-def]
    """A surface coordinate (u or v) whose plane over depth is p_x * column + p_y * row + p_1."""
    return (column * p_x + (p_y * mid_row + p_1)) * depth


@inline_njit
def _width(p_x, p_y, z_x, z_y, at, depth):  # type: ignore[no-untyped-def]
    """How far a pixel reaches along a surface coordinate that is `at` in its middle."""
    across, down = at * z_x - p_x, at * z_y - p_y
    return (max(across, _ZERO - across) + max(down, _ZERO - down)) * depth


@inline_njit
def paint_at(face, kind, params, mid_row, column, depth):  # type: ignore[no-untyped-def]
    """How much of each pixel is painted road."""
    u = _surface(face.u_x, face.u_y, face.u_1, column, mid_row, depth)
    v = _surface(face.v_x, face.v_y, face.v_1, column, mid_row, depth)
    wide_u = max(_width(face.u_x, face.u_y, face.z_x, face.z_y, u, depth), np.float32(1e-6))
    wide_v = max(_width(face.v_x, face.v_y, face.z_x, face.z_y, v, depth), np.float32(1e-6))
    return covered(kind, params, u, v, wide_u, wide_v)


@inline_njit
def ribbon_colour(under, over, grain, part):  # type: ignore[no-untyped-def]
    """Paint over asphalt; the grain shows through worn paint a little."""
    ground = grain * under
    return ground + ((grain * _HALF + _HALF) * over - ground) * part


@inline_njit
def _holes(at, wide, per, low, high):  # type: ignore[no-untyped-def]
    """Share of each pixel's extent along u (or v) that lies in low ... high of a period of 1 / per metres."""
    open_part = high - low
    a = (at - wide * _HALF) * per
    b = (at + wide * _HALF) * per
    whole_a, whole_b = floor_of(a), floor_of(b)
    before = whole_a * open_part + min(max(a - whole_a - low, _ZERO), open_part)
    upto = whole_b * open_part + min(max(b - whole_b - low, _ZERO), open_part)
    return (upto - before) / (wide * per)


@inline_njit
def windows_at(face, params, mid_row, mid_depth, column, depth):  # type: ignore[no-untyped-def]
    """Of a house's wall: height above its foot, how much of each pixel is window, and a number of each window's own."""
    per_u, per_v = _ONE / params[0], _ONE / params[1]
    u = _surface(face.u_x, face.u_y, face.u_1, column, mid_row, depth)
    v = _surface(face.v_x, face.v_y, face.v_1, column, mid_row, depth)
    wide_u = max(_width(face.u_x, face.u_y, face.z_x, face.z_y, u, depth), _LEAST_WIDE_M)
    wide_v = max(_width(face.v_x, face.v_y, face.z_x, face.z_y, v, depth), _LEAST_WIDE_M)
    half = _HALF * params[2]
    part = _holes(u, wide_u, per_u, _HALF - half, _HALF + half)
    half = _HALF * params[3]
    part *= _holes(v, wide_v, per_v, _HALF - half, _HALF + half)
    # Nothing above the last storey.
    top = np.float32(np.floor(params[5] * per_v + np.float32(0.01))) * params[1]
    size = max((abs(face.v_x) + abs(face.v_y)) * mid_depth, _LEAST_WIDE_M)
    part *= min(max((top - v) * (_ONE / size) + _HALF, _ZERO), _ONE)
    # Fractions of a lattice, stirred.
    t = floor_of(u * per_u) * np.float32(0.7548777) + floor_of(v * per_v) * np.float32(0.5698403) + params[4]
    t -= floor_of(t)
    t = t * (t + np.float32(17.13)) * np.float32(11.7)
    return v, part, t - floor_of(t)


@inline_njit
def told_apart(face, params, mid_depth):  # type: ignore[no-untyped-def]
    """How well windows can be told apart, 0 to 1."""
    wide_u = (abs(face.u_x) + abs(face.u_y)) * mid_depth
    wide_v = max((abs(face.v_x) + abs(face.v_y)) * mid_depth, _LEAST_WIDE_M)
    coarse = max(wide_u / params[0], wide_v / params[1])
    return min(max(_ONE - (coarse - np.float32(0.4)) * np.float32(2.0), _ZERO), _ONE)


@inline_njit
def wall_colour(wall, height, part, own):  # type: ignore[no-untyped-def]
    """The colour of a wall, whose foot is darker, and of its panes."""
    plain = (min(max(height * np.float32(0.4), _ZERO), _ONE) * np.float32(0.2) + np.float32(0.8)) * wall
    return plain + (own * np.float32(0.05) + np.float32(0.03) - plain) * part


@inline_njit
def pane_light(own, apart, is_night):  # type: ignore[no-untyped-def]
    """How much a window mirrors the sky, for panes hang a little differently; by night what light comes out of it."""
    if is_night:
        lit = choose(own < _LIT_WINDOWS, own * np.float32(1.45) + _HALF, _ZERO)
        return lit * apart + (_ONE - apart) * _LIT_WINDOWS
    return (own - _HALF) * (apart * np.float32(0.8)) + _ONE


@lean_njit
def sign_row(room, face, page, side, mid_row, mid_depth, first, end):  # type: ignore[no-untyped-def]
    """COLOUR becomes that of a sign's face; `page` holds all its levels, each half as wide as the one before."""
    size = max(abs(face.u_x - face.u_y), abs(face.u_x + face.u_y))
    size = max(size, max(abs(face.v_x - face.v_y), abs(face.v_x + face.v_y))) * mid_depth
    start = 0
    while size * np.float32(side) > np.float32(1.5) and side > 1:
        start += side * side
        side >>= 1
    most = np.float32(side - 1)
    z_row = face.z_y * mid_row + face.z_1
    for x in range(first, end):
        column = room[COLUMN, x]
        depth = depth_at(face.z_x, z_row, column)
        u = _surface(face.u_x, face.u_y, face.u_1, column, mid_row, depth) * np.float32(side) - _HALF
        v = _surface(face.v_x, face.v_y, face.v_1, column, mid_row, depth) * np.float32(side) - _HALF
        u, v = min(max(u, _ZERO), most), min(max(v, _ZERO), most)
        i, j = np.int64(u), np.int64(v)
        right, below = min(i + 1, side - 1), min(j + 1, side - 1)
        part_u, part_v = u - np.float32(i), v - np.float32(j)
        a, b = start + j * side + i, start + j * side + right
        c, d = start + below * side + i, start + below * side + right
        w_a, w_b = (_ONE - part_u) * (_ONE - part_v), part_u * (_ONE - part_v)
        w_c, w_d = (_ONE - part_u) * part_v, part_u * part_v
        for channel in range(3):
            mixed = page[a, channel] * w_a + page[b, channel] * w_b
            room[COLOUR + channel, x] = mixed + (page[c, channel] * w_c + page[d, channel] * w_d)
