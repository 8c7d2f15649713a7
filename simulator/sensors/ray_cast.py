"""Rays against everything that can be seen after a tick: what LiDAR and radar share.

The work on a reading comes in parts, each a range of azimuths. A part writes its own rays only, so they may run side
by side, in any order and on any number of threads, and give the same bits.
"""

from functools import partial
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import ARROW, CROSSWALK, MARKING, Frame, Geometry
from simulator.sensors.raster.setup import Run, one_by_one
from simulator.sensors.ray_geometry import TURN, Fan, cast_triangles, reachable_groups, remove_bias
from simulator.world.pose import Pose, rotation

__all__ = [
    "MOST_POINTS_PER_SECOND", "PAINT_KINDS", "Hits", "Rays", "Run", "cast", "one_by_one", "read_only", "sort_rays",
]  # fmt: skip

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# Ten times a dense LiDAR's: a reading of more would want all memory.
MOST_POINTS_PER_SECOND: Final = 5e7

# Ribbons that lie on the road and carry its paint.
PAINT_KINDS: Final = (MARKING, CROSSWALK, ARROW)
# In the comparison they are nearer than the road by this part of the distance. They lie in the road's own planes and
# rays are double precision: measured in Town04 and Ridge both are met within 6 mm, nearly all within 0.02 mm.
_PAINT_BIAS: Final = 3e-4

_PARTS_PER_TURN: Final = 4  # more of them transform more vertices twice
_LEAST_COLUMNS: Final = 16  # of a part
_BINS_PER_COLUMN: Final = 2
_BINS_PER_SLOPE: Final = 8


class Rays(NamedTuple):
    """Directions from a sensor, ready to be cast."""

    fan: Fan
    yaw_rad: float  # of the fan's frame in the sensor's
    shape: tuple[int, int]  # of what a cast gives


class Hits(NamedTuple):
    """What each ray met, in rows and columns as `sort_rays` was asked."""

    distance_m: F8  # more than the reach: nothing
    triangle: I4  # -1: nothing; else a row of frame.static, or of frame.movers after len(frame.static.triangles)


def sort_rays(azimuths_rad: F8, elevations_rad: F8, reach_m: float, *, grid: bool) -> Rays:
    """Rays up to `reach_m` long, in the sensor's own axes (azimuths to the right, elevations upwards, |e| <= pi / 2).

    With `grid` ray [i, j] has azimuth i and elevation j, and elevations ascend; else ray [i, 0] has azimuth i and
    elevation i.
    """
    turned = np.mod(azimuths_rad, 2.0 * np.pi)
    row = np.argsort(turned, kind="stable").astype(np.int32)
    # The fan begins after the widest gap: the cut of the circle is behind it.
    gaps = np.diff(turned[row], prepend=turned[row[-1]] - 2.0 * np.pi)
    row = np.roll(row, -int(gaps.argmax()))
    start = float(turned[row[0]])
    relative = np.mod(turned - start, 2.0 * np.pi)
    half = 0.5 * float(relative[row[-1]])
    angles = relative[row] - half
    cos, sin = np.cos(angles), np.sin(angles)
    diamonds = np.maximum.accumulate(_diamonds(cos, sin))
    slope = np.tan(elevations_rad)
    length = np.sqrt(1.0 + slope * slope)
    squeezed_slopes = slope / (1.0 + np.abs(slope))
    fan = Fan(
        cos,
        sin,
        diamonds,
        row,
        _bins(diamonds, _BINS_PER_COLUMN * len(row)),
        slope,
        length,
        _bins(squeezed_slopes, _BINS_PER_SLOPE * len(slope)) if grid else np.zeros(2, np.int32),
        grid,
        float(slope.min()),
        float(slope.max()),
        float(reach_m),
    )
    return Rays(fan, start + half, (len(row), len(slope) if grid else 1))


def _absent(frame: Frame, ignored: frozenset[int]) -> U1:
    """1 for each instance that a sensor does not meet: the hidden ones, and actors it was told to ignore."""
    absent = frame.instances["hidden"] != 0
    if ignored:
        absent |= np.isin(frame.instances["id"], np.array(sorted(ignored), np.uint32))
    return absent.astype(np.uint8)


def cast(
    frame: Frame,
    pose: Pose,
    rays: Rays,
    *,
    paint: bool,
    ignored: frozenset[int] = frozenset(),
    run: Run = one_by_one,
) -> Hits:
    """The nearest thing on each ray from a sensor at `pose`.

    Surfaces are met from the side from which they are seen, and only those of the finest level of detail, at any
    distance. Without `paint` the ribbons on the road are not there: the road below them is.
    """
    fan = rays.fan
    distance = np.full(rays.shape, fan.reach, np.float64)
    hit = np.full(rays.shape, -1, np.int32)
    kinds = frame.materials["kind"]
    scale = np.where(np.isin(kinds, PAINT_KINDS), 1.0 - _PAINT_BIAS if paint else 0.0, 1.0)
    absent = _absent(frame, ignored)
    eye = np.array([pose.x, pose.y, pose.z])
    axes = _turned(np.array(rotation(pose)), rays.yaw_rad)
    bodies = []
    first_id = 0
    for geometry in (read_only(frame.static), read_only(frame.movers)):
        groups, boxes = _reachable(geometry, eye, axes, fan)
        bodies.append((first_id, geometry, groups, boxes))
        first_id += len(geometry.triangles)

    def part(first_column: int, end_column: int) -> None:
        for first_id, g, groups, boxes in bodies:
            cast_triangles(
                fan, first_column, end_column, eye, axes, groups, boxes,
                g.vertices, g.triangles, g.material, g.instance, g.group_start, g.vertex_start,
                scale, absent, first_id, distance, hit,
            )  # fmt: skip
        if paint:
            for first_id, g, _, _ in bodies:
                remove_bias(fan, first_column, end_column, first_id, g.material, scale, distance, hit)

    run([partial(part, first, end) for first, end in _parts(fan)])
    return Hits(distance, hit)


def _parts(fan: Fan) -> list[tuple[int, int]]:
    """Ranges of columns of about equal length."""
    columns = len(fan.row)
    span = float(fan.diamond[-1] - fan.diamond[0])
    count = max(1, min(ceil(span / TURN * _PARTS_PER_TURN), columns // _LEAST_COLUMNS))
    edges = [columns * i // count for i in range(count + 1)]
    return list(pairwise(edges))


def _reachable(geometry: Geometry, eye: F8, axes: F8, fan: Fan) -> tuple[I4, F8]:
    groups = np.empty(len(geometry.bounds), np.int32)
    boxes = np.empty((len(groups), 5))
    count = reachable_groups(geometry.bounds, geometry.nearest_m, geometry.farthest_m, eye, axes, fan, groups, boxes)
    return groups[:count], boxes[:count]


def _turned(axes: F8, yaw_rad: float) -> F8:
    """The axes of a frame that is turned within another one, which has `axes` as columns."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.ascontiguousarray(axes @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]))


def _diamonds(x: F8, y: F8) -> F8:
    """`ray_geometry._diamond`, of arrays."""
    part = y / (np.abs(x) + np.abs(y))
    return np.where(x >= 0.0, part, np.where(y >= 0.0, 2.0 - part, -2.0 - part))


def _bins(values: F8, count: int) -> I4:
    """For `ray_geometry._bin_of`: how many of the ascending values are in bins before each."""
    first, last = values[0], values[-1]
    if last > first:
        bins = ((values - first) * (count / (last - first))).astype(np.int64)
        bins[values >= last] = count
    else:
        bins = np.zeros(len(values), np.int64)
    return np.searchsorted(bins, np.arange(count + 1)).astype(np.int32)


def read_only(geometry: Geometry) -> Geometry:
    """The same arrays as views of one type, so that kernels are compiled once for what stands and what moves."""
    views = [array.view() for array in geometry]
    for view in views:
        view.flags.writeable = False
    return Geometry(*views)  # type: ignore[arg-type]
