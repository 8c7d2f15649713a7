"""What changes from pixel to pixel on a surface: grain, paint, windows, faces of signs.

Each function fills pixels first ... end - 1 of rows of `room`, an array [ROOM_ROWS, width] that belongs to one thread:
handed over as one array, because a call in numba costs as much as all the words of its arguments. Loops count with
unsigned numbers (numba looks whether a signed index counts from the end) and touch few rows each, so that the compiler
can use vectors.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.sensors.paint import painted
from simulator.sensors.shading.tiles import LEVELS, SIDE, between, four_at

__all__ = [
    "COLOUR",
    "COLUMN",
    "DEPTH",
    "FARTHEST_INVERSE",
    "GRAIN",
    "KEEP",
    "KNOT_ADD",
    "KNOT_LIGHT",
    "LIT",
    "OWN",
    "PART",
    "PART_OF",
    "PLACE_X",
    "PLACE_Y",
    "PLACE_Z",
    "ROOM_ROWS",
    "SUM",
    "WALL_U",
    "WALL_V",
    "add_panes",
    "blend_pattern",
    "blend_plain",
    "day_panes",
    "depth_row",
    "fill_row",
    "leaf_row",
    "level_of",
    "mix_row",
    "night_panes",
    "paint_row",
    "pane_row",
    "place_row",
    "shadow_row",
    "sign_row",
    "texture_row",
    "wall_row",
]

# Rows of `room`.
COLUMN: Final = 0  # the pixels' middles, x + 0.5
SUM: Final = 1  # three: the light of the row, red, green, blue
PART_OF: Final = 4  # four: the parts of pixels that belong to runs, by slot
DEPTH: Final = 8
PLACE_X: Final = 9
PLACE_Y: Final = 10
PLACE_Z: Final = 11
GRAIN: Final = 12
KEEP: Final = 13
PART: Final = 14
COLOUR: Final = 15  # three
KNOT_LIGHT: Final = 18  # three; at knots
KNOT_ADD: Final = 21  # three
LIT: Final = 24  # how much of the sun reaches the ground
ROOM_ROWS: Final = 25
# A wall uses these otherwise.
WALL_U: Final = PLACE_X
WALL_V: Final = PLACE_Y
OWN: Final = KEEP

FARTHEST_INVERSE = np.float32(1.0 / 4000.0)
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_LIT_WINDOWS = np.float32(0.34)  # how many


@njit
def depth_row(room, z_x, z_row, first, end):  # type: ignore[no-untyped-def]
    """Depth of a plane whose 1 / depth is z_x * x + z_row in this row."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[DEPTH, x] = _ONE / max(z_x * room[COLUMN, x] + z_row, FARTHEST_INVERSE)


@njit
def place_row(room, eye, row, slope, first, end, place):  # type: ignore[no-untyped-def]
    """One coordinate of the places that the pixels show."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[place, x] = eye + (row + slope * room[COLUMN, x]) * room[DEPTH, x]


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
def texture_row(room, fours, chain, footprint, per_texel, first, end):  # type: ignore[no-untyped-def]
    """GRAIN becomes a texture at places, read as coarsely as a footprint of so many metres asks for.

    `fours` is room for as many numbers (uint32) as pixels.
    """
    level = level_of(footprint * per_texel, _ONE, LEVELS - 1)
    start = 0
    for k in range(level):
        start += (SIDE >> k) * (SIDE >> k)
    side = SIDE >> level
    scale = per_texel / np.float32(1 << level)
    # Three loops, of which the compiler makes vectors of the first and the last.
    for x in range(np.uint64(first), np.uint64(end)):
        fours[x] = four_at(start, side, room[PLACE_X, x] * scale - _HALF, room[PLACE_Y, x] * scale - _HALF)
    for x in range(np.uint64(first), np.uint64(end)):
        fours[x] = chain[fours[x]]
    for x in range(np.uint64(first), np.uint64(end)):
        room[GRAIN, x] = between(fours[x], room[PLACE_X, x] * scale - _HALF, room[PLACE_Y, x] * scale - _HALF)


@njit
def paint_row(room, face, kind, params, mid_row, first, end):  # type: ignore[no-untyped-def]
    """PART becomes how much of each pixel is painted road."""
    for x in range(np.uint64(first), np.uint64(end)):
        u = (face.u_x * room[COLUMN, x] + face.u_y * mid_row + face.u_1) * room[DEPTH, x]
        v = (face.v_x * room[COLUMN, x] + face.v_y * mid_row + face.v_1) * room[DEPTH, x]
        wide_u = (abs(face.u_x - u * face.z_x) + abs(face.u_y - u * face.z_y)) * room[DEPTH, x]
        wide_v = (abs(face.v_x - v * face.z_x) + abs(face.v_y - v * face.z_y)) * room[DEPTH, x]
        room[PART, x] = painted(kind, params, u, v, wide_u, wide_v)


@njit
def _surface_row(room, p_x, p_row, first, end, row):  # type: ignore[no-untyped-def]
    """A surface coordinate (u or v) whose plane over depth is p_x * x + p_row in this row."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[row, x] = (p_x * room[COLUMN, x] + p_row) * room[DEPTH, x]


@njit
def _holes_row(room, row, p_x, p_y, z_x, z_y, first, end, per, low, high):  # type: ignore[no-untyped-def]
    """PART times the share of each pixel's extent along u (or v) in [low, high) of a period of 1 / per metres."""
    open_part = high - low
    for x in range(np.uint64(first), np.uint64(end)):
        wide = max((abs(p_x - room[row, x] * z_x) + abs(p_y - room[row, x] * z_y)) * room[DEPTH, x], np.float32(1e-3))
        a = (room[row, x] - _HALF * wide) * per
        b = (room[row, x] + _HALF * wide) * per
        whole_a, whole_b = np.floor(a), np.floor(b)
        before = whole_a * open_part + min(max(a - whole_a - low, _ZERO), open_part)
        upto = whole_b * open_part + min(max(b - whole_b - low, _ZERO), open_part)
        room[PART, x] *= (upto - before) / (wide * per)


@njit
def _top_row(room, top, per_wide, first, end):  # type: ignore[no-untyped-def]
    """Nothing above the last storey."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[PART, x] *= min(max((top - room[WALL_V, x]) * per_wide + _HALF, _ZERO), _ONE)


@njit
def _own_row(room, per_u, per_v, salt, first, end):  # type: ignore[no-untyped-def]
    """OWN becomes a number in [0, 1) for each window: fractions of a lattice, stirred."""
    for x in range(np.uint64(first), np.uint64(end)):
        t = (
            np.floor(room[WALL_U, x] * per_u) * np.float32(0.7548777)
            + np.floor(room[WALL_V, x] * per_v) * np.float32(0.5698403)
            + salt
        )
        t -= np.floor(t)
        t = t * (t + np.float32(17.13)) * np.float32(11.7)
        room[OWN, x] = t - np.floor(t)


@njit
def wall_row(room, face, params, mid_row, mid_depth, first, end):  # type: ignore[no-untyped-def]
    """Of a house's wall: WALL_U, WALL_V, PART (how much of each pixel is window) and OWN.

    Returns how well windows can be told apart, 0 to 1.
    """
    per_u, per_v = _ONE / params[0], _ONE / params[1]
    _surface_row(room, face.u_x, face.u_y * mid_row + face.u_1, first, end, WALL_U)
    _surface_row(room, face.v_x, face.v_y * mid_row + face.v_1, first, end, WALL_V)
    half = _HALF * params[2]
    for x in range(np.uint64(first), np.uint64(end)):
        room[PART, x] = _ONE
    _holes_row(room, WALL_U, face.u_x, face.u_y, face.z_x, face.z_y, first, end, per_u, _HALF - half, _HALF + half)
    half = _HALF * params[3]
    _holes_row(room, WALL_V, face.v_x, face.v_y, face.z_x, face.z_y, first, end, per_v, _HALF - half, _HALF + half)
    wide_v = max((abs(face.v_x) + abs(face.v_y)) * mid_depth, np.float32(1e-3))
    wide_u = (abs(face.u_x) + abs(face.u_y)) * mid_depth
    top = np.floor(params[5] * per_v + np.float32(0.01)) * params[1]
    _top_row(room, top, _ONE / wide_v, first, end)
    _own_row(room, per_u, per_v, params[4], first, end)
    coarse = max(wide_u * per_u, wide_v * per_v)
    return min(max(_ONE - (coarse - np.float32(0.4)) * np.float32(2.0), _ZERO), _ONE)


@njit
def sign_row(room, face, page, side, mid_row, mid_depth, first, end):  # type: ignore[no-untyped-def]
    """COLOUR becomes that of a sign's face; `page` holds all its levels, each half as wide as the one before."""
    size = max(abs(face.u_x - face.u_y), abs(face.u_x + face.u_y))
    size = max(size, max(abs(face.v_x - face.v_y), abs(face.v_x + face.v_y))) * mid_depth
    start = 0
    while size * np.float32(side) > np.float32(1.5) and side > 1:
        start += side * side
        side >>= 1
    most = np.float32(side - 1)
    for x in range(first, end):
        u = (face.u_x * room[COLUMN, x] + face.u_y * mid_row + face.u_1) * room[DEPTH, x] * np.float32(side) - _HALF
        v = (face.v_x * room[COLUMN, x] + face.v_y * mid_row + face.v_1) * room[DEPTH, x] * np.float32(side) - _HALF
        u, v = min(max(u, _ZERO), most), min(max(v, _ZERO), most)
        i, j = np.int64(u), np.int64(v)
        right, below = min(i + 1, side - 1), min(j + 1, side - 1)
        part_u, part_v = u - np.float32(i), v - np.float32(j)
        a, b = start + j * side + i, start + j * side + right
        c, d = start + below * side + i, start + below * side + right
        w_a, w_b = (_ONE - part_u) * (_ONE - part_v), part_u * (_ONE - part_v)
        w_c, w_d = (_ONE - part_u) * part_v, part_u * part_v
        room[COLOUR, x] = page[a, 0] * w_a + page[b, 0] * w_b + page[c, 0] * w_c + page[d, 0] * w_d
        room[COLOUR + 1, x] = page[a, 1] * w_a + page[b, 1] * w_b + page[c, 1] * w_c + page[d, 1] * w_d
        room[COLOUR + 2, x] = page[a, 2] * w_a + page[b, 2] * w_b + page[c, 2] * w_c + page[d, 2] * w_d


@njit
def mix_row(room, under, over, channel, first, end):  # type: ignore[no-untyped-def]
    """Paint over asphalt; the grain shows through worn paint a little."""
    for x in range(np.uint64(first), np.uint64(end)):
        ground = under * room[GRAIN, x]
        room[COLOUR + channel, x] = ground + (over * (_HALF + _HALF * room[GRAIN, x]) - ground) * room[PART, x]


@njit
def pane_row(room, wall, channel, first, end):  # type: ignore[no-untyped-def]
    """The colour of a wall, whose foot is darker, and of its panes."""
    for x in range(np.uint64(first), np.uint64(end)):
        height = min(max(room[WALL_V, x] * np.float32(0.4), _ZERO), _ONE)
        plain = wall * (np.float32(0.8) + np.float32(0.2) * height)
        pane = np.float32(0.03) + np.float32(0.05) * room[OWN, x]
        room[COLOUR + channel, x] = plain + (pane - plain) * room[PART, x]


@njit
def day_panes(room, told_apart, first, end):  # type: ignore[no-untyped-def]
    """PART becomes how much each pixel mirrors the sky: panes hang a little differently."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[PART, x] *= _ONE + told_apart * np.float32(0.8) * (room[OWN, x] - _HALF)


@njit
def night_panes(room, told_apart, first, end):  # type: ignore[no-untyped-def]
    """PART becomes how much light comes out of each pixel: some rooms are lit."""
    for x in range(np.uint64(first), np.uint64(end)):
        own = room[OWN, x]
        lit = (_HALF + own * np.float32(1.45)) if own < _LIT_WINDOWS else _ZERO
        room[PART, x] *= told_apart * lit + (_ONE - told_apart) * _LIT_WINDOWS


@njit
def add_panes(room, red, green, blue, of, first, end):  # type: ignore[no-untyped-def]
    """Add PART of a light to each pixel."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[SUM, x] += room[of, x] * room[PART, x] * red
    for x in range(np.uint64(first), np.uint64(end)):
        room[SUM + 1, x] += room[of, x] * room[PART, x] * green
    for x in range(np.uint64(first), np.uint64(end)):
        room[SUM + 2, x] += room[of, x] * room[PART, x] * blue


@njit
def leaf_row(room, fours, chain, footprint, per_texel, first, end):  # type: ignore[no-untyped-def]
    """GRAIN becomes that of foliage, which is seen from all sides: so the height moves the texture too."""
    for x in range(np.uint64(first), np.uint64(end)):
        room[PLACE_X, x] += np.float32(0.8) * room[PLACE_Z, x]
    for x in range(np.uint64(first), np.uint64(end)):
        room[PLACE_Y, x] -= np.float32(0.6) * room[PLACE_Z, x]
    texture_row(room, fours, chain, footprint, per_texel, first, end)
    for x in range(np.uint64(first), np.uint64(end)):
        room[GRAIN, x] = max(room[GRAIN, x] * np.float32(2.0) - _ONE, np.float32(0.15))


@njit
def fill_row(room, row, value, first, end):  # type: ignore[no-untyped-def]
    for x in range(np.uint64(first), np.uint64(end)):
        room[row, x] = value


@njit
def shadow_row(room, channel, row, colour, sun_part, first, end):  # type: ignore[no-untyped-def]
    """COLOUR becomes a row times a colour, less what LIT and KEEP take; sun_part of the light comes from the sun."""
    for x in range(np.uint64(first), np.uint64(end)):
        left = room[KEEP, x] * (_ONE - sun_part * (_ONE - room[LIT, x]))
        room[COLOUR + channel, x] = room[row, x] * colour * left


@njit
def blend_plain(room, knot_at, n_knots, end, red, green, blue, of):  # type: ignore[no-untyped-def]
    """Add a run of one colour to the row's light: knots lie at pixels knot_at, the first and the last of the run."""
    for channel in range(3):
        colour = red if channel == 0 else green if channel == 1 else blue
        light, add, total = KNOT_LIGHT + channel, KNOT_ADD + channel, SUM + channel
        for k in range(n_knots - 1):
            first = knot_at[k]
            last = knot_at[k + 1]
            start = colour * room[light, k] + room[add, k]
            slope = (colour * room[light, k + 1] + room[add, k + 1] - start) / np.float32(last - first)
            start -= slope * room[COLUMN, first]
            for x in range(np.uint64(first), np.uint64(end if k == n_knots - 2 else last)):
                room[total, x] += room[of, x] * (start + slope * room[COLUMN, x])


@njit
def blend_pattern(room, knot_at, n_knots, end, red, green, blue, pattern, by_channel, of):  # type: ignore[no-untyped-def]
    """Add a run with a pattern to the row's light: of one row for all colours, or of one for each (by_channel = 1)."""
    for channel in range(3):
        colour = red if channel == 0 else green if channel == 1 else blue
        light, add, total = KNOT_LIGHT + channel, KNOT_ADD + channel, SUM + channel
        row = pattern + channel * by_channel
        for k in range(n_knots - 1):
            first = knot_at[k]
            last = knot_at[k + 1]
            per = _ONE / np.float32(last - first)
            lit, more = colour * room[light, k], room[add, k]
            lit_slope = (colour * room[light, k + 1] - lit) * per
            more_slope = (room[add, k + 1] - more) * per
            lit -= lit_slope * room[COLUMN, first]
            more -= more_slope * room[COLUMN, first]
            for x in range(np.uint64(first), np.uint64(end if k == n_knots - 2 else last)):
                column = room[COLUMN, x]
                room[total, x] += room[of, x] * (
                    room[row, x] * (lit + lit_slope * column) + (more + more_slope * column)
                )
