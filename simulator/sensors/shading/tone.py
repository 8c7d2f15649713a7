"""From linear light to the bytes of a picture."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit, lean_njit
from simulator.sensors.lanes import LANES, choose, load, root, store, to_ints

__all__ = ["NEUTRAL_GAMMA", "gamma_table", "tone_row"]

NEUTRAL_GAMMA = 2.2

_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
# Up to here light is shown as it is; what is brighter comes ever closer to white.
_KNEE = np.float32(0.55)
_ROOM = np.float32(0.45)
# sRGB's curve (IEC 61966-2-1) as a sum of roots, which are exact on every machine: fitted to it on 0.0031 ... 1, it is
# off by a hundredth of a byte at most. Below that sRGB is a straight line, and so is this.
_LINE_UP_TO = np.float32(0.0031308)
_LINE = np.float32(12.92 * 255.0)
_ROOT_2 = np.float32(163.815473)
_ROOT_4 = np.float32(181.574499)
_ROOT_8 = np.float32(-85.896235)
_STRAIGHT = np.float32(-4.482873)
_HALF = np.float32(0.5)


@inline_njit
def _byte(x):  # type: ignore[no-untyped-def]
    x = max(x, _ZERO)
    over = max(x - _KNEE, _ZERO)
    x = min(x, _KNEE) + over * _ROOM / (over + _ROOM)
    root2 = root(x)
    root4 = root(root2)
    root8 = root(root4)
    curve = root2 * _ROOT_2 + root4 * _ROOT_4 + root8 * _ROOT_8 + x * _STRAIGHT
    return to_ints(choose(x < _LINE_UP_TO, x * _LINE, curve) + _HALF)


@lean_njit
def tone_row(room, first_row, bytes_of_row, pixels):  # type: ignore[no-untyped-def]
    """Three rows of light, red, green, blue, into pixels, each a little-endian number of the bytes B, G, R, 255.

    Rows of room and bytes_of_row [1, columns], which is only used here, have LANES columns more than there are pixels.
    """
    for x in range(0, len(pixels), LANES):
        r = _byte(load(room, first_row, x))
        g = _byte(load(room, first_row + 1, x))
        b = _byte(load(room, first_row + 2, x))
        store(bytes_of_row, 0, x, b | (g << 8) | (r << 16) | -16777216)
    flat = bytes_of_row[0]
    for x in range(np.uint64(0), np.uint64(len(pixels))):
        pixels[x] = flat[x]


@lru_cache(maxsize=16)
def gamma_table(gamma: float) -> NDArray[np.uint8]:
    """What becomes of each byte for a display gamma other than the neutral one (Unreal's TargetGamma)."""
    at = np.arange(256) / 255.0
    return np.round(255.0 * at ** (NEUTRAL_GAMMA / gamma)).astype(np.uint8)
