"""A row of pixels cut into runs: the stretches in which one triangle has samples."""

from typing import Final

import numpy as np

from simulator.kernels import inline_njit, lean_njit
from simulator.sensors.lanes import LANES, all_lanes, bits_of, load, lowest_bit, store
from simulator.sensors.shading.patterns import PART_OF

__all__ = ["MOST_PARTS", "find_runs"]

MOST_PARTS: Final = 4  # samples of a pixel, and so the most triangles in it
_PIXELS: Final = LANES // 2  # whose samples fill the lanes
_FIRST_SAMPLES: Final = 0x5555  # of each of them


@inline_njit
def _changes_after(triangle, row, x):  # type: ignore[no-untyped-def]
    """After which of the _PIXELS pixels x ... other samples follow: bit 2 k for pixel x + k."""
    top = load(triangle, row, 2 * x) != load(triangle, row, 2 * x + 2)
    bottom = load(triangle, row + 1, 2 * x) != load(triangle, row + 1, 2 * x + 2)
    samples = bits_of(top | bottom)
    return (samples | (samples >> 1)) & _FIRST_SAMPLES


@lean_njit
def find_runs(triangle, row, width, scratch, room, run_triangle, run_first, run_end, run_slot):  # type: ignore[no-untyped-def]
    """Cut a row of pixels (two rows of samples from `row` on) into runs; returns how many.

    room[PART_OF + run_slot[k], x] is the part of pixel x that belongs to run k, for first <= x < end. Runs that share
    a pixel are in different slots. Rows of samples are at least LANES longer than the picture is wide, those of `room`
    by as many; `scratch` is [5, MOST_PARTS] numbers.
    """
    # Runs that go on: triangle, first pixel, slot. Triangles of the pixel at hand: which, and how many samples.
    open_triangle, open_first, open_slot, here, count = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    n_open = 0
    free = (1 << MOST_PARTS) - 1  # a bit for each slot
    n = 0
    block = 0
    changes = _changes_after(triangle, row, 0)
    start = 0
    while start < width:
        # Pixels start ... end - 1 have the same samples.
        while changes == 0 and block + _PIXELS < width:
            block += _PIXELS
            changes = _changes_after(triangle, row, block)
        end = width
        if changes != 0:
            end = min(block + (lowest_bit(changes) >> 1) + 1, width)
            changes &= changes - 1
        a, b = triangle[row, 2 * start], triangle[row, 2 * start + 1]
        c, d = triangle[row + 1, 2 * start], triangle[row + 1, 2 * start + 1]
        here[0] = a
        count[0] = 1 + (b == a) + (c == a) + (d == a)
        parts = 1
        if count[0] < MOST_PARTS:
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
                slot = lowest_bit(free)
                free &= free - 1
                open_triangle[n_open], open_first[n_open], open_slot[n_open] = here[m], start, slot
                n_open += 1
            # What is written beyond the end is written again where the slot is used there.
            part = all_lanes(np.float32(0.25) * np.float32(count[m]))
            for x in range(start, end, LANES):
                store(room, PART_OF + slot, x, part)
        start = end
    for k in range(n_open):
        run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], width, open_slot[k]
        n += 1
    return n
