"""Where the road is painted: lane markings, crosswalks and arrows as patterns over surface coordinates.

The exact sensors ask for a point, which is painted or not; the rgb camera asks for the share of a pixel's footprint
that is paint (`simulator.sensors.shading.ribbons`), so that a line in the distance stays a fainter line and does not
flicker. Surface coordinates and parameters are those of `simulator.scene.tables`.
"""

from math import floor
from typing import Final

from simulator.kernels import lean_njit
from simulator.scene.tables import CROSSWALK, MARKING

__all__ = [
    "AHEAD",
    "HEAD_FROM",
    "HEAD_HALF_M",
    "LEFT",
    "RIGHT",
    "SIDE_AT",
    "SIDE_BELOW_AHEAD",
    "SIDE_HEAD_HALF",
    "SIDE_NECK_M",
    "SIDE_STEM_HALF",
    "SIDE_TIP_M",
    "STEM_HALF_M",
    "painted",
]

AHEAD: Final = 1
LEFT: Final = 2
RIGHT: Final = 4
# Shape of an arrow in metres, after the arrows of 5 m length in the German guideline RMS-1 and MUTCD figure 3B-24:
# a stem, and heads that are easy to tell apart from a low eye.
STEM_HALF_M: Final = 0.08
HEAD_HALF_M: Final = 0.30
SIDE_TIP_M: Final = 0.75
SIDE_NECK_M: Final = 0.28
# Parts of an arrow's length. Seen from a car everything is squeezed along the road, so the side heads are long.
HEAD_FROM: Final = 0.62
SIDE_AT: Final = 0.75
SIDE_BELOW_AHEAD: Final = 0.40  # where there is a head ahead too
SIDE_STEM_HALF: Final = 0.05
SIDE_HEAD_HALF: Final = 0.15


@lean_njit
def _is_within(x, low, high):  # type: ignore[no-untyped-def]
    return low <= x < high


@lean_njit
def _is_on_dash(x, on, off):  # type: ignore[no-untyped-def]
    """Whether x lies on dashes of length `on` with gaps `off`, which begin at multiples of both; on = 0 is solid."""
    if on <= 0.0 or off <= 0.0:
        return True
    period = on + off
    return x - floor(x / period) * period < on


@lean_njit
def _is_marking(params, u, v):  # type: ignore[no-untyped-def]
    half = params[0]
    apart = 0.5 * params[1]
    if _is_within(v, -apart - half, -apart + half) and _is_on_dash(u, params[2], params[3]):
        return True
    return apart > 0.0 and _is_within(v, apart - half, apart + half) and _is_on_dash(u, params[4], params[5])


@lean_njit
def _is_head(along, across, tip, neck, half):  # type: ignore[no-untyped-def]
    """A triangle that points along: its base `half` to both sides at `neck`, its tip at `tip`."""
    reach = half * (tip - along) / (tip - neck)
    return _is_within(along, neck, tip) and _is_within(across, -reach, reach)


@lean_njit
def _is_arrow(params, u, v):  # type: ignore[no-untyped-def]
    directions = int(params[0])
    length = params[1]
    ahead = directions & AHEAD != 0
    side = (SIDE_BELOW_AHEAD if ahead else SIDE_AT) * length
    top = HEAD_FROM * length if ahead else side + SIDE_STEM_HALF * length
    if _is_within(u, -STEM_HALF_M, STEM_HALF_M) and _is_within(v, 0.0, top):
        return True
    if ahead and _is_head(v, u, length, HEAD_FROM * length, HEAD_HALF_M):
        return True
    for turn in (LEFT, RIGHT):
        if directions & turn != 0:
            out = -u if turn == LEFT else u
            branch = _is_within(v, side - SIDE_STEM_HALF * length, side + SIDE_STEM_HALF * length)
            if branch and _is_within(out, STEM_HALF_M, SIDE_NECK_M):
                return True
            if _is_head(out, v - side, SIDE_TIP_M, SIDE_NECK_M, SIDE_HEAD_HALF * length):
                return True
    return False


@lean_njit
def painted(kind, params, u, v):  # type: ignore[no-untyped-def]
    """Whether a point (metres along u and v) is painted; `kind` and `params` are those of a MATERIAL row."""
    if kind == MARKING:
        return _is_marking(params, u, v)
    if kind == CROSSWALK:
        return _is_on_dash(u, params[0], params[1])
    return _is_arrow(params, u, v)
