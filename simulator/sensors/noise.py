"""Noise without a stream: every number is a hash of who asks, when, and for which of its values.

A generator that sensors shared would give each other numbers when one is added; a numpy generator for each
reading costs more than the reading. So the bits come from a counter through SplitMix64's finaliser (Steele, Lea,
Flood: Fast splittable pseudorandom number generators, 2014), used as a counter-based generator (Salmon et al.:
Parallel random numbers: as easy as 1, 2, 3, 2011), and Box and Muller's transform makes them normal.
"""

from hashlib import blake2b
from math import pi

import numpy as np

from simulator.kernels import njit

__all__ = ["normal", "normal3", "stable_key", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


def stable_key(*parts: object) -> int:
    """A number that names a consumer for good: world seed, its own seed, what it is and where it is mounted.

    Parts are texts, ints and floats (or tuples of them): the key follows their repr.
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "little") >> 1  # fits an int64


@njit
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@njit
def _base(key, frame, stream):  # type: ignore[no-untyped-def]
    """The state of a generator that began at `key` and has made all numbers of what was before: eight for each."""
    return _mix(np.uint64(key) + _GOLDEN * np.uint64(frame)) + _GOLDEN * (np.uint64(8) * np.uint64(stream))


@njit
def _uniform(counter):  # type: ignore[no-untyped-def]
    return (_mix(counter) >> np.uint64(11)) * _TO_UNIT


@njit
def normal3(key, frame, stream):  # type: ignore[no-untyped-def]
    """Three standard normal numbers; another `stream` of the same sensor and frame gives three others."""
    base = _base(key, frame, stream)
    # Two pairs of uniforms give four normal numbers, of which three are used.
    r1 = np.sqrt(-2.0 * np.log(1.0 - _uniform(base + _GOLDEN)))
    r2 = np.sqrt(-2.0 * np.log(1.0 - _uniform(base + _GOLDEN * np.uint64(2))))
    a1 = 2.0 * pi * _uniform(base + _GOLDEN * np.uint64(3))
    a2 = 2.0 * pi * _uniform(base + _GOLDEN * np.uint64(4))
    return r1 * np.cos(a1), r1 * np.sin(a1), r2 * np.cos(a2)


@njit
def normal(key, frame, stream):  # type: ignore[no-untyped-def]
    """The first of normal3's numbers."""
    base = _base(key, frame, stream)
    r = np.sqrt(-2.0 * np.log(1.0 - _uniform(base + _GOLDEN)))
    return r * np.cos(2.0 * pi * _uniform(base + _GOLDEN * np.uint64(3)))


@njit
def uniform(key, frame, stream, which):  # type: ignore[no-untyped-def]
    """A number in [0, 1), for `which` of 0, 1 and 2; none of them is among those that make normal3's."""
    return _uniform(_base(key, frame, stream) + _GOLDEN * np.uint64(5 + which))
