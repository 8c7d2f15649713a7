"""Textures that repeat every few metres of ground, made once from seeded noise, with their smaller copies (mips).

A texture is a chain of squares in one array: level 0 has SIDE texels a side, each next level half as many, each texel
the mean of four. Texels are bytes, of which 128 stands for 1, so that a colour times texel / 128 keeps its brightness
on the average. To read between texels takes four of them, so they are stored in fours: a number holds a texel (lowest
byte), its neighbours to the right and below, and the one across.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit
from simulator.sensors.lanes import floor_of, take, to_floats, to_ints

__all__ = [
    "CLOUDS",
    "FINE",
    "LEVELS",
    "PATCHES",
    "SIDE",
    "SLABS",
    "TILE_M",
    "TURF",
    "bilinear",
    "level_start",
    "tiles",
]

F8 = NDArray[np.float64]

SIDE: Final = 512
LEVELS: Final = 9  # the last has 2 x 2 texels
TILE_M: Final = 12.0  # of ground that the fine textures cover: texels of 2.3 cm

# Rows of tiles().
FINE: Final = 0  # the grain of asphalt
SLABS: Final = 1  # paving: 16 x 16 slabs
TURF: Final = 2
PATCHES: Final = 3  # large soft spots: spread over a larger square, they hide that the others repeat
CLOUDS: Final = 4
_COUNT: Final = 5


def _value_noise(rng: np.random.Generator, cells: int) -> F8:
    """Smooth noise from -1 to 1 with `cells` bumps a side, that repeats without a seam."""
    lattice = rng.random((cells, cells)) * 2.0 - 1.0
    at = np.arange(SIDE) * (cells / SIDE)
    low = at.astype(np.int64)
    part = at - low
    part = part * part * (3.0 - 2.0 * part)
    high = (low + 1) % cells
    rows = lattice[low] * (1.0 - part)[:, None] + lattice[high] * part[:, None]
    return rows[:, low] * (1.0 - part) + rows[:, high] * part


def _octaves(rng: np.random.Generator, cells: int, count: int, gain: float = 0.5) -> F8:
    total = np.zeros((SIDE, SIDE))
    for octave in range(count):
        total += _value_noise(rng, cells << octave) * gain**octave
    return total


def _asphalt(rng: np.random.Generator) -> F8:
    stones = rng.random((SIDE, SIDE)) * 2.0 - 1.0
    soft = _octaves(rng, 8, 5)
    # Cracks run where a smooth field changes its sign, in some places.
    field = _octaves(rng, 3, 5)
    crack = np.clip(1.0 - np.abs(field) / 0.012, 0.0, 1.0) * np.clip(_octaves(rng, 2, 2) * 3.0, 0.0, 1.0)
    return 1.0 + 0.13 * stones + 0.07 * soft - 0.28 * crack


def _slabs(rng: np.random.Generator) -> F8:
    texels = SIDE // 16
    tone = np.kron(rng.random((16, 16)) * 2.0 - 1.0, np.ones((texels, texels)))
    at = np.arange(SIDE) % texels
    joint = (at == 0).astype(np.float64)
    joints = np.maximum(joint[:, None], joint[None, :])
    return (
        1.0 + 0.06 * tone + 0.05 * (rng.random((SIDE, SIDE)) * 2.0 - 1.0) + 0.05 * _octaves(rng, 8, 4) - 0.34 * joints
    )


def _turf(rng: np.random.Generator) -> F8:
    return 1.0 + 0.22 * (rng.random((SIDE, SIDE)) * 2.0 - 1.0) + 0.20 * _octaves(rng, 12, 5, 0.7)


def _patches(rng: np.random.Generator) -> F8:
    return 1.0 + 0.20 * _octaves(rng, 6, 5)


def _clouds(rng: np.random.Generator) -> F8:
    return 1.0 + 0.62 * _octaves(rng, 5, 6, 0.52)


def level_start(level: int) -> int:
    """Where a level begins in a chain."""
    return sum((SIDE >> k) ** 2 for k in range(level))


def _in_fours(level: NDArray[np.uint32]) -> NDArray[np.uint32]:
    right, below = np.roll(level, -1, axis=1), np.roll(level, -1, axis=0)
    across = np.roll(right, -1, axis=0)
    return (level | (right << 8) | (below << 16) | (across << 24)).astype(np.uint32)


@cache
def tiles() -> NDArray[np.uint32]:
    """[texture, texels of all levels]."""
    chains = np.zeros((_COUNT, level_start(LEVELS)), np.uint32)
    for row, make in enumerate((_asphalt, _slabs, _turf, _patches, _clouds)):
        level = make(np.random.default_rng(1000 + row))
        for k in range(LEVELS):
            start = level_start(k)
            texels = np.clip(np.round(level * 128.0), 0, 255).astype(np.uint32)
            chains[row, start : start + level.size] = _in_fours(texels).ravel()
            side = len(level) // 2
            level = level.reshape(side, 2, side, 2).mean(axis=(1, 3))
    chains.flags.writeable = False
    return chains


@inline_njit
def _between(four, x, y):  # type: ignore[no-untyped-def]
    """The four texels, as they are mixed at (x, y); 1 is the mean of the texture."""
    part_x, part_y = x - floor_of(x), y - floor_of(y)
    a, b = to_floats(four & 255), to_floats((four >> 8) & 255)
    c, d = to_floats((four >> 16) & 255), to_floats(four >> 24)
    top = a + (b - a) * part_x
    bottom = c + (d - c) * part_x
    return (top + (bottom - top) * part_y) * np.float32(1.0 / 128.0)


@inline_njit
def bilinear(chain, start, side, x, y):  # type: ignore[no-untyped-def]
    """A level of a chain at (x, y), in texels (at most 2^30 from 0), smoothly between texels; 1 is the mean.

    For a float32, or for Floats (see simulator.sensors.lanes).
    """
    mask = side - 1
    row, column = to_ints(floor_of(y)) & mask, to_ints(floor_of(x)) & mask
    return _between(take(chain, start + row * side + column), x, y)
