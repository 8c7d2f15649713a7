"""Where the road is painted: lane markings, crosswalks and arrows as patterns over surface coordinates.

One kernel for everybody. The rgb camera asks for the share of a pixel's footprint that is paint, so that a line in
the distance stays a fainter line and does not flicker; the exact sensors ask for a point (footprint 0), which is
painted or not. Surface coordinates and parameters are those of `simulator.scene.tables`.
"""

from math import floor
from typing import Final

from simulator.kernels import njit
from simulator.scene.tables import CROSSWALK, MARKING

__all__ = ["PAINTED", "painted"]

# A point, or a pixel of the exact cameras, is ROAD_LINES above this coverage.
PAINTED: Final = 0.5

AHEAD: Final = 1
LEFT: Final = 2
RIGHT: Final = 4
# Shape of an arrow in metres, after the arrows of 5 m length in the German guideline RMS-1 and MUTCD figure 3B-24:
# a stem, and heads that are easy to tell apart from a low eye.
_STEM_HALF_M: Final = 0.08
_HEAD_HALF_M: Final = 0.30
_SIDE_TIP_M: Final = 0.75
_SIDE_NECK_M: Final = 0.28
# Parts of an arrow's length. Seen from a car everything is squeezed along the road, so the side heads are long.
_HEAD_FROM: Final = 0.62
_SIDE_AT: Final = 0.75
_SIDE_BELOW_AHEAD: Final = 0.40  # where there is a head ahead too
_SIDE_STEM_HALF: Final = 0.05
_SIDE_HEAD_HALF: Final = 0.15
_SLICES: Final = 4


@njit
def _within(x, width, low, high):  # type: ignore[no-untyped-def]
    """Share of [x - width / 2, x + width / 2] inside [low, high); with width 0 whether x is inside."""
    if width <= 0.0:
        return 1.0 if low <= x < high else 0.0
    covered = min(x + 0.5 * width, high) - max(x - 0.5 * width, low)
    return covered / width if covered > 0.0 else 0.0


@njit
def _paint_before(x, period, on):  # type: ignore[no-untyped-def]
    """Painted length between 0 and x of dashes that begin at multiples of the period."""
    whole = floor(x / period)
    return whole * on + min(x - whole * period, on)


@njit
def _dashed(x, width, on, off):  # type: ignore[no-untyped-def]
    """Share of [x - width / 2, x + width / 2] on dashes of length `on` with gaps `off`; on = 0 is solid."""
    if on <= 0.0 or off <= 0.0:
        return 1.0
    period = on + off
    if width <= 0.0:
        return 1.0 if x - floor(x / period) * period < on else 0.0
    return (_paint_before(x + 0.5 * width, period, on) - _paint_before(x - 0.5 * width, period, on)) / width


@njit
def _marking(params, u, v, footprint_u, footprint_v):  # type: ignore[no-untyped-def]
    half = params[0]
    apart = 0.5 * params[1]
    left = _within(v, footprint_v, -apart - half, -apart + half)
    covered = 0.0
    if left > 0.0:
        covered = left * _dashed(u, footprint_u, params[2], params[3])
    if apart > 0.0:
        right = _within(v, footprint_v, apart - half, apart + half)
        if right > 0.0:
            covered += right * _dashed(u, footprint_u, params[4], params[5])
    return min(covered, 1.0)


@njit
def _head(along, across, tip, neck, half, footprint_along, footprint_across):  # type: ignore[no-untyped-def]
    """A triangle that points along: its base `half` to both sides at `neck`, its tip at `tip`."""
    if footprint_along <= 0.0:
        if not neck <= along < tip:
            return 0.0
        reach = half * (tip - along) / (tip - neck)
        return _within(across, footprint_across, -reach, reach)
    first = max(along - 0.5 * footprint_along, neck)
    last = min(along + 0.5 * footprint_along, tip)
    if first >= last:
        return 0.0
    # The width grows evenly from tip to neck: cut into slices it is a good sum.
    covered = 0.0
    for k in range(_SLICES):
        at = first + (last - first) * (k + 0.5) / _SLICES
        reach = half * (tip - at) / (tip - neck)
        covered += _within(across, footprint_across, -reach, reach)
    return covered / _SLICES * (last - first) / footprint_along


@njit
def _arrow(params, u, v, footprint_u, footprint_v):  # type: ignore[no-untyped-def]
    directions = int(params[0])
    length = params[1]
    ahead = directions & AHEAD != 0
    side = (_SIDE_BELOW_AHEAD if ahead else _SIDE_AT) * length
    if v + footprint_v < 0.0 or v - footprint_v > length:
        return 0.0
    top = _HEAD_FROM * length if ahead else side + _SIDE_STEM_HALF * length
    # Stem, branches and heads touch but do not overlap: what they cover adds up.
    covered = _within(u, footprint_u, -_STEM_HALF_M, _STEM_HALF_M) * _within(v, footprint_v, 0.0, top)
    if ahead:
        covered += _head(v, u, length, _HEAD_FROM * length, _HEAD_HALF_M, footprint_v, footprint_u)
    for turn in (LEFT, RIGHT):
        if directions & turn != 0:
            out = -u if turn == LEFT else u
            low = side - _SIDE_STEM_HALF * length
            high = side + _SIDE_STEM_HALF * length
            covered += _within(out, footprint_u, _STEM_HALF_M, _SIDE_NECK_M) * _within(v, footprint_v, low, high)
            covered += _head(
                out, v - side, _SIDE_TIP_M, _SIDE_NECK_M, _SIDE_HEAD_HALF * length, footprint_u, footprint_v
            )
    return min(covered, 1.0)


@njit
def painted(kind, params, u, v, footprint_u, footprint_v):  # type: ignore[no-untyped-def]
    """Share of a footprint (metres along u and v, around (u, v)) that is paint, 0 to 1.

    `kind` and `params` are those of a MATERIAL row. With footprints of 0: whether the point is painted, 0.0 or 1.0.
    """
    if kind == MARKING:
        return _marking(params, u, v, footprint_u, footprint_v)
    if kind == CROSSWALK:
        return _dashed(u, footprint_u, params[0], params[1])
    return _arrow(params, u, v, footprint_u, footprint_v)
