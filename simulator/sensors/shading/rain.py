"""Falling rain: streaks over the picture, other ones in each frame."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import lean_njit

__all__ = ["add_rain"]

# With heavy rain, in a picture of 800 x 600; streaks grow with the picture's height.
_STREAKS: Final = 700
_LENGTH: Final = 0.055  # of the height, of the longest
_FAINTEST: Final = np.float32(0.05)
_STRONGEST: Final = np.float32(0.20)
_SLANT: Final = np.float32(0.06)
_ONE = np.float32(1.0)


@lean_njit
def _random(state):  # type: ignore[no-untyped-def]
    """SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): next state, [0, 1)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return state, np.float32(z >> np.uint64(40)) * np.float32(2.0**-24)


@lean_njit
def _lighten(pixels, y, x, byte, part):  # type: ignore[no-untyped-def]
    if 0 <= x < pixels.shape[1]:
        pixel = np.int64(pixels[y, x])
        out = np.int64(0xFF000000)
        for shift in (0, 8, 16):
            old = (pixel >> shift) & 255
            out |= (old + np.int64(np.float32(byte - old) * part)) << shift
        pixels[y, x] = np.uint32(out)


@lean_njit
def _draw(pixels, count, state, byte):  # type: ignore[no-untyped-def]
    height, width = pixels.shape
    for _ in range(count):
        state, at_x = _random(state)
        state, at_y = _random(state)
        state, near = _random(state)
        state, lean = _random(state)
        # Few are near: long, bright and blurred.
        near *= near
        length = np.float32(height * _LENGTH) * (np.float32(0.3) + np.float32(0.7) * near)
        strength = _FAINTEST + (_STRONGEST - _FAINTEST) * near
        slope = _SLANT * (lean - np.float32(0.3))
        first = int(at_y * np.float32(height + length) - length)
        x0 = at_x * np.float32(width)
        for y in range(max(first, 0), min(first + int(length) + 1, height)):
            along = np.float32(y - first) / length
            # Faint at both ends.
            part = strength * np.float32(4.0) * along * max(_ONE - along, np.float32(0.0))
            x = x0 + slope * np.float32(y - first)
            column = np.int64(np.floor(x))
            right = x - np.float32(column)
            _lighten(pixels, y, column, byte, part * (_ONE - right))
            _lighten(pixels, y, column + 1, byte, part * right)


def add_rain(pixels: NDArray[np.uint32], rain: float, byte: int, key: int) -> None:
    """Draw the streaks of a picture [height, width] of bytes B, G, R, A; `byte` is how bright they are."""
    height, width = pixels.shape
    count = round(_STREAKS * rain * height * width / (800 * 600))
    _draw(pixels, count, np.uint64(key & 0xFFFFFFFFFFFFFFFF), byte)
