"""A row of pixels cut into runs: the stretches in which one triangle has samples."""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.sensors.shading.patterns import PART_OF

__all__ = ["MOST_PARTS", "find_runs"]

MOST_PARTS: Final = 4  # samples of a pixel, and so the most triangles in it
_ALL_ALIKE: Final = 0x0101010101010101


@njit
def _mark_alike(top2, bottom2, width, alike):  # type: ignore[no-untyped-def]
    """alike[x] = 1 where all four samples of pixel x are those of pixel x - 1."""
    # Unsigned: numba looks whether a signed index counts from the end, which keeps the compiler from using vectors.
    for x in range(np.uint64(1), np.uint64(width)):
        before = x - np.uint64(1)
        alike[x] = (top2[x] == top2[before]) & (bottom2[x] == bottom2[before])
    alike[0] = 0


@njit
def find_runs(top, bottom, width, alike, room, run_triangle, run_first, run_end, run_slot):  # type: ignore[no-untyped-def]
    """Cut a row of pixels (two rows of samples) into runs; returns how many.

    room[PART_OF + run_slot[k], x] is the part of pixel x that belongs to run k, for first <= x < end. Runs that share
    a pixel are in different slots. `alike` is room for width bytes, rounded up to a multiple of 8.
    """
    top2 = top.view(np.int64)
    bottom2 = bottom.view(np.int64)
    _mark_alike(top2, bottom2, width, alike)
    eight_alike = alike.view(np.uint64)
    open_triangle = np.empty(MOST_PARTS, np.int32)
    open_first = np.zeros(MOST_PARTS, np.int64)
    is_open = np.zeros(MOST_PARTS, np.uint8)
    here = np.empty(MOST_PARTS, np.int32)
    count = np.zeros(MOST_PARTS, np.int64)
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
        parts = 0
        for k in range(MOST_PARTS):
            row = top if k < 2 else bottom
            triangle = row[2 * start + (k & 1)]
            known = -1
            for m in range(parts):
                if here[m] == triangle:
                    known = m
            if known < 0:
                here[parts] = triangle
                count[parts] = 1
                parts += 1
            else:
                count[known] += 1
            if k == 1 and parts == 1 and top2[start] == bottom2[start]:
                count[0] = 4
                break
        for k in range(MOST_PARTS):
            if is_open[k] != 0:
                found = False
                for m in range(parts):
                    if here[m] == open_triangle[k]:
                        found = True
                if not found:
                    run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], start, k
                    n += 1
                    is_open[k] = 0
        for m in range(parts):
            slot = -1
            for k in range(MOST_PARTS):
                if is_open[k] != 0 and open_triangle[k] == here[m]:
                    slot = k
            if slot < 0:
                for k in range(MOST_PARTS):
                    if is_open[k] == 0:
                        slot = k
                        break
                is_open[slot], open_triangle[slot], open_first[slot] = 1, here[m], start
            part = np.float32(0.25) * np.float32(count[m])
            for k in range(np.uint64(start), np.uint64(end)):
                room[PART_OF + slot, k] = part
    for k in range(MOST_PARTS):
        if is_open[k] != 0:
            run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], width, k
            n += 1
    return n
