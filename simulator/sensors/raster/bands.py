"""Which triangle is seen at each sample of a band of rows: a z-buffer over scanline spans.

Triangles are drawn in the order of their rows and win only where they are strictly nearer, so of two at the same
depth the first is seen, whatever the number of threads.
"""

from typing import Final

import numpy as np

from simulator.kernels import inline_njit, lean_njit
from simulator.sensors.lanes import LANES, all_lanes, choose, lane_numbers, load, store
from simulator.sensors.raster.view import FAR_M, NEAR_M

__all__ = ["count_bands", "draw_span", "fill_bands", "raster_band"]

# Of the sky. A little below 1 / FAR_M, so that it does not become a little less than FAR_M again.
_FARTHEST: Final = np.float32(np.nextafter(np.float32(1.0 / FAR_M), np.float32(0.0)))


@inline_njit
def draw_span(zinv, triangle, j, first, end, start, slope, face):  # type: ignore[no-untyped-def]
    """Draw columns first <= i < end of row j where 1 / depth, that is start + slope * (i - first), is the greatest yet.

    What is beside the span in its blocks of LANES columns is read and written back unchanged.
    """
    faces = all_lanes(face)
    length = np.float32(end - first)
    for block in range(first & -LANES, end, LANES):
        step = lane_numbers() + np.float32(block - first)
        z = step * slope + start
        old = load(zinv, j, block)
        nearer = (step >= np.float32(0.0)) & (step < length) & (z > old)
        store(zinv, j, block, choose(nearer, z, old))
        store(triangle, j, block, choose(nearer, faces, load(triangle, j, block)))


@lean_njit
def raster_band(setup, band, zinv, triangle):  # type: ignore[no-untyped-def]
    """Draw the rows of samples band * band_rows ... of a view; returns how many rows there are.

    Into zinv goes 1 / depth AS COMPARED, that is a little too large on markings: for the true depth use the planes of
    setup.faces. Into triangle goes a row in setup.faces, -1 where nothing is seen; with several samples in a pixel,
    triangles that are pieces of one surface have one row for all.
    """
    top = band * setup.band_rows
    rows = min(setup.band_rows, setup.height - top)
    flat_zinv = zinv.reshape(-1)
    flat_triangle = triangle.reshape(-1)
    for k in range(rows * zinv.shape[1]):
        flat_zinv[k] = _FARTHEST
    for k in range(rows * zinv.shape[1]):
        flat_triangle[k] = -1
    for entry in range(setup.band_start[band], setup.band_start[band + 1]):
        row = setup.band_triangles[entry]
        span = setup.spans[row]
        slope = np.float32(span.z_i)
        for j in range(max(span.first_row, top), min(span.end_row, top + rows)):
            left = max(span.left0_slope * j + span.left0_at, span.left1_slope * j + span.left1_at)
            right = min(span.right0_slope * j + span.right0_at, span.right1_slope * j + span.right1_at)
            at_row = span.z_j * j + span.z_1
            if span.crosses_near != 0:
                third = span.third_slope * j + span.third_at
                if span.third_is_left != 0:
                    left = max(left, third)
                else:
                    right = min(right, third)
                # Keep z_i * i + at_row <= 1 / NEAR_M.
                limit = (1.0 / NEAR_M - at_row) / span.z_i
                if span.z_i > 0.0:
                    right = min(right, limit)
                elif span.z_i < 0.0:
                    left = max(left, limit)
                elif at_row > 1.0 / NEAR_M:
                    continue
            first = np.int64(np.ceil(max(left, 0.0)))
            end = np.int64(np.ceil(min(right, np.float64(setup.width))))
            if first >= end:
                continue
            start = np.float32(at_row + span.z_i * first)
            draw_span(zinv, triangle, j - top, first, end, start, slope, span.face)
    return rows


@lean_njit
def count_bands(setup):  # type: ignore[no-untyped-def]
    """Where each band's triangles will begin; returns how many entries there are in all."""
    start = setup.band_start
    start[: setup.bands + 1] = 0
    for part in range(len(setup.part_count)):
        for row in range(setup.part_start[part], setup.part_start[part] + setup.part_count[part]):
            first = setup.spans[row].first_row // setup.band_rows
            last = (setup.spans[row].end_row - 1) // setup.band_rows
            for band in range(first, last + 1):
                start[band + 1] += 1
    for band in range(setup.bands):
        start[band + 1] += start[band]
    return start[setup.bands]


@lean_njit
def fill_bands(setup):  # type: ignore[no-untyped-def]
    start = setup.band_start
    for part in range(len(setup.part_count)):
        for row in range(setup.part_start[part], setup.part_start[part] + setup.part_count[part]):
            first = setup.spans[row].first_row // setup.band_rows
            last = (setup.spans[row].end_row - 1) // setup.band_rows
            for band in range(first, last + 1):
                setup.band_triangles[start[band]] = row
                start[band] += 1
    # Each start has moved to the next band's.
    for band in range(setup.bands, 0, -1):
        start[band] = start[band - 1]
    start[0] = 0
