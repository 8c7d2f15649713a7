"""How much of a pixel's footprint is painted road: lane markings, crosswalks and arrows (`simulator.sensors.paint`).

Each function takes Floats (`simulator.sensors.lanes`): places in surface coordinates, in metres, and how wide the
footprints around them are.
"""

from typing import Final

import numpy as np

from simulator.kernels import inline_njit, lean_njit
from simulator.scene.tables import CROSSWALK, MARKING
from simulator.sensors.lanes import floor_of
from simulator.sensors.paint import (
    AHEAD,
    HEAD_FROM,
    HEAD_HALF_M,
    LEFT,
    RIGHT,
    SIDE_AT,
    SIDE_BELOW_AHEAD,
    SIDE_HEAD_HALF,
    SIDE_NECK_M,
    SIDE_STEM_HALF,
    SIDE_TIP_M,
    STEM_HALF_M,
)

__all__ = ["covered"]

_SLICES: Final = 4
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)


@inline_njit
def _within(x, width, low, high):  # type: ignore[no-untyped-def]
    """Share of x - width / 2 ... x + width / 2 that lies in low ... high."""
    reach = width * _HALF
    return max(min(x + reach, high) - max(x - reach, low), _ZERO) / width


@inline_njit
def _paint_before(x, period, on):  # type: ignore[no-untyped-def]
    """Painted length between 0 and x of dashes that begin at multiples of the period."""
    whole = floor_of(x / period)
    return whole * on + min(x - whole * period, on)


@inline_njit
def _dashed(x, width, on, off):  # type: ignore[no-untyped-def]
    """Share of x - width / 2 ... x + width / 2 on dashes of length `on` with gaps `off`."""
    reach = width * _HALF
    period = on + off
    return (_paint_before(x + reach, period, on) - _paint_before(x - reach, period, on)) / width


@inline_njit
def _marking(params, u, v, wide_u, wide_v):  # type: ignore[no-untyped-def]
    half, apart = params[0], _HALF * params[1]
    left = _within(v, wide_v, _ZERO - apart - half, half - apart)
    if params[2] > _ZERO and params[3] > _ZERO:
        left *= _dashed(u, wide_u, params[2], params[3])
    if apart > _ZERO:
        right = _within(v, wide_v, apart - half, apart + half)
        if params[4] > _ZERO and params[5] > _ZERO:
            right *= _dashed(u, wide_u, params[4], params[5])
        left += right
    return left


@inline_njit
def _head(along, across, tip, neck, half, wide_along, wide_across):  # type: ignore[no-untyped-def]
    """A triangle that points along: its base `half` to both sides at `neck`, its tip at `tip`."""
    first = max(along - wide_along * _HALF, neck)
    length = max(min(along + wide_along * _HALF, tip) - first, _ZERO)
    # The width grows evenly from tip to neck: cut into slices it is a good sum.
    total = length * _ZERO
    for k in range(_SLICES):
        at = first + length * np.float32((k + 0.5) / _SLICES)
        reach = (tip - at) * (half / (tip - neck))
        total += _within(across, wide_across, _ZERO - reach, reach)
    return total * length / (wide_along * np.float32(_SLICES))


@lean_njit
def _arrow(params, u, v, wide_u, wide_v):  # type: ignore[no-untyped-def]
    directions = int(params[0])
    length = params[1]
    ahead = directions & AHEAD != 0
    side = np.float32(SIDE_BELOW_AHEAD if ahead else SIDE_AT) * length
    thick = np.float32(SIDE_STEM_HALF) * length
    neck = np.float32(HEAD_FROM) * length
    stem = np.float32(STEM_HALF_M)
    # Stem, branches and heads touch but do not overlap: what they cover adds up.
    total = _within(u, wide_u, _ZERO - stem, stem) * _within(v, wide_v, _ZERO, neck if ahead else side + thick)
    if ahead:
        total += _head(v, u, length, neck, np.float32(HEAD_HALF_M), wide_v, wide_u)
    tip, base = np.float32(SIDE_TIP_M), np.float32(SIDE_NECK_M)
    for turn in (LEFT, RIGHT):
        if directions & turn != 0:
            out = u * np.float32(-1.0 if turn == LEFT else 1.0)
            total += _within(out, wide_u, stem, base) * _within(v, wide_v, side - thick, side + thick)
            total += _head(out, v - side, tip, base, np.float32(SIDE_HEAD_HALF) * length, wide_u, wide_v)
    return total


@inline_njit
def covered(kind, params, u, v, wide_u, wide_v):  # type: ignore[no-untyped-def]
    """Share of footprints `wide_u` by `wide_v` metres (above 0) around (u, v) that is paint, 0 to 1.

    `kind` and `params` are those of a MATERIAL row.
    """
    if kind == MARKING:
        part = _marking(params, u, v, wide_u, wide_v)
    elif kind == CROSSWALK:
        part = _dashed(u, wide_u, params[0], params[1])
    else:
        part = _arrow(params, u, v, wide_u, wide_v)
    return min(max(part, _ZERO), _ONE)
