"""A row of pixels cut into runs: the stretches in which one triangle has samples."""

from typing import Final

import numpy as np

from simulator.kernels import lean_njit
from simulator.sensors.shading.patterns import PART_OF

__all__ = ["MOST_PARTS", "find_runs"]

MOST_PARTS: Final = 4  # samples of a pixel, and so the most triangles in it
_ALL_ALIKE: Final = 0x0101010101010101


@lean_njit
def _mark_alike(top2, bottom2, width, alike):  # type: ignore[no-untyped-def]
    """alike[x] = 1 where all four samples of pixel x are those of pixel x - 1."""
    # Unsigned: numba looks whether a signed index counts from the end, which keeps the compiler from using vectors.
    for x in range(np.uint64(1), np.uint64(width)):
        before = x - np.uint64(1)
        alike[x] = (top2[x] == top2[before]) & (bottom2[x] == bottom2[before])
    alike[0] = 0


@lean_njit
def find_runs(top, bottom, width, alike, scratch, room, run_triangle, run_first, run_end, run_slot):  # type: ignore[no-untyped-def]
    """Cut a row of pixels (two rows of samples) into runs; returns how many.

    room[PART_OF + run_slot[k], x] is the part of pixel x that belongs to run k, for first <= x < end. Runs that share
    a pixel are in different slots. `alike` is room for width bytes, rounded up to a multiple of 8; `scratch` is
    [5, MOST_PARTS] numbers.
    """
    top2 = top.view(np.int64)
    bottom2 = bottom.view(np.int64)
    _mark_alike(top2, bottom2, width, alike)
    eight_alike = alike.view(np.uint64)
    # Runs that go on: triangle, first pixel, slot. Triangles of the pixel at hand: which, and how many samples.
    open_triangle, open_first, open_slot, here, count = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    n_open = 0
    free = (1 << MOST_PARTS) - 1  # a bit for each slot
    n = 0
    x = 0
    while x < width:
        # Pixels start ... end - 1 have the same samples.
        start = x
        x += 1
        while x < width and alike[x] != 0:
            if x & 7 == 0 and eight_alike[x >> 3] == np.uint64(_ALL_ALIKE):
                x += 8
            else:
                x += 1
        end = min(x, width)
        x = end
        a, b = top[2 * start], top[2 * start + 1]
        c, d = bottom[2 * start], bottom[2 * start + 1]
        here[0] = a
        count[0] = 1 + (b == a) + (c == a) + (d == a)
        parts = 1
        if b != a:
            here[parts] = b
            count[parts] = 1 + (c == b) + (d == b)
            parts += 1
        if c != a and c != b:
            here[parts] = c
            count[parts] = 1 + (d == c)
            parts += 1
        if d != a and d != b and d != c:
            here[parts] = d
            count[parts] = 1
            parts += 1
        # Runs that end here, and those that go on.
        kept = 0
        for k in range(n_open):
            goes_on = False
            for m in range(parts):
                if here[m] == open_triangle[k]:
                    goes_on = True
            if goes_on:
                if kept != k:
                    open_triangle[kept], open_first[kept] = open_triangle[k], open_first[k]
                    open_slot[kept] = open_slot[k]
                kept += 1
            else:
                run_triangle[n], run_first[n] = open_triangle[k], open_first[k]
                run_end[n], run_slot[n] = start, open_slot[k]
                n += 1
                free |= 1 << open_slot[k]
        n_open = kept
        for m in range(parts):
            slot = -1
            for k in range(kept):
                if open_triangle[k] == here[m]:
                    slot = open_slot[k]
            if slot < 0:
                slot = 0
                while free & (1 << slot) == 0:
                    slot += 1
                free &= ~(1 << slot)
                open_triangle[n_open], open_first[n_open], open_slot[n_open] = here[m], start, slot
                n_open += 1
            part = np.float32(0.25) * np.float32(count[m])
            row = PART_OF + slot
            for k in range(np.uint64(start), np.uint64(end)):
                room[row, k] = part
    for k in range(n_open):
        run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], width, open_slot[k]
        n += 1
    return n
