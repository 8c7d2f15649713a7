"""Kernels of the ray caster: which rays of a fan a triangle can meet, and where it meets them.

All rays of a reading start in one point, so they can be sorted: by azimuth into columns, and within a column by
slope, the tangent of the elevation. Each triangle finds the columns between its corners by a look-up; a column's half
plane cuts the triangle in a straight piece, the piece covers a range of slopes, and the rays in that range meet the
triangle's plane. Nothing is built beforehand, so moving things cost no more than standing ones, and nothing is
approximate: bounds only choose which rays are tried.

Azimuths are kept as "diamonds": y / (|x| + |y|), continued around the circle from -2 to 2. They grow with the angle,
opposite directions are exactly 2 apart, and they cost one division instead of an arctangent.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit

__all__ = ["TURN", "Fan", "cast_triangles", "reachable_groups", "remove_bias"]

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

TURN: Final = 4.0  # in diamonds
_HALF_TURN: Final = 2.0
# Of bounds, in diamonds and slopes: far above rounding, far below what a ray can tell.
_SLACK: Final = 1e-9
_ROUNDING_M: Final = 1e-3  # of bounds, which are single precision
# Bits of a corner: outside of the cones and half spaces that hold all rays.
_OUT_ABOVE: Final = 1
_OUT_BELOW: Final = 2
_OUT_FRONT: Final = 4
_OUT_BACK: Final = 8
_OUT_RIGHT: Final = 16
_OUT_LEFT: Final = 32


class Fan(NamedTuple):
    """Rays from the origin of a frame of their own, sorted."""

    cos: F8  # [c] of the columns' azimuths, which ascend
    sin: F8
    diamond: F8  # [c] ascending
    row: I4  # [c] where a column's rays are in the results
    column_bins: I4  # columns before each bin of diamonds
    slope: F8  # shared: [n] ascending, of every column; else by row, the one slope of a column
    length: F8  # as slope: of the vector along the ray that ends at horizontal distance 1
    slope_bins: I4  # shared: slopes before each bin of squeezed slopes
    shared: bool
    least: float  # slope of all
    greatest: float
    reach: float


@njit
def _diamond(x, y):  # type: ignore[no-untyped-def]
    """The azimuth of (x, y), from -2 to 2; 0 at the origin."""
    size = abs(x) + abs(y)
    if size == 0.0:
        return 0.0
    part = y / size
    if x >= 0.0:
        return part
    return 2.0 - part if y >= 0.0 else -2.0 - part


@njit
def _squeezed(slope):  # type: ignore[no-untyped-def]
    """A slope from minus to plus infinity in (-1, 1), in the same order."""
    return slope / (1.0 + abs(slope)) if abs(slope) < 1e300 else np.sign(slope)


@njit
def _bin_of(value, first, last, bins):  # type: ignore[no-untyped-def]
    """The bin of a value when [first, last] is cut into `bins`; 0 below and `bins` above them."""
    if value <= first:
        return 0
    if value >= last:
        return bins
    return int((value - first) * (bins / (last - first)))


@njit
def reachable_groups(bounds, nearest_m, farthest_m, eye, axes, fan, groups, boxes):  # type: ignore[no-untyped-def]
    """Groups of the finest level that rays can reach; of each, its middle in the rays' frame and its half size.

    boxes[i] is x, y of the middle, then half of the extent along the axes of the world.
    """
    count = 0
    cos_up = 1.0 / np.sqrt(1.0 + fan.greatest * fan.greatest)
    cos_low = 1.0 / np.sqrt(1.0 + fan.least * fan.least)
    for g in range(len(bounds)):
        if nearest_m[g] > 0.0 or farthest_m[g] <= 0.0:  # coarser, or hidden: the leaves of closed doors
            continue
        gap = 0.0
        radius = 0.0
        for axis in range(3):
            low, high = float(bounds[g, axis]), float(bounds[g, axis + 3])
            outside = max(low - eye[axis], eye[axis] - high, 0.0)
            gap += outside * outside
            radius += (high - low) * (high - low)
        if gap > fan.reach * fan.reach:
            continue
        radius = 0.5 * np.sqrt(radius) + _ROUNDING_M
        dx = 0.5 * (float(bounds[g, 0]) + float(bounds[g, 3])) - eye[0]
        dy = 0.5 * (float(bounds[g, 1]) + float(bounds[g, 4])) - eye[1]
        dz = 0.5 * (float(bounds[g, 2]) + float(bounds[g, 5])) - eye[2]
        x = axes[0, 0] * dx + axes[1, 0] * dy + axes[2, 0] * dz
        y = axes[0, 1] * dx + axes[1, 1] * dy + axes[2, 1] * dz
        z = axes[0, 2] * dx + axes[1, 2] * dy + axes[2, 2] * dz
        flat = np.sqrt(x * x + y * y)
        # The distance from the cone that the highest (lowest) rays sweep is at least this.
        if (z - fan.greatest * flat) * cos_up > radius or (fan.least * flat - z) * cos_low > radius:
            continue
        groups[count] = g
        boxes[count, 0], boxes[count, 1] = x, y
        for axis in range(3):
            boxes[count, 2 + axis] = 0.5 * (float(bounds[g, axis + 3]) - float(bounds[g, axis])) + _ROUNDING_M
        count += 1
    return count


@njit
def cast_triangles(  # type: ignore[no-untyped-def]
    fan, first_column, end_column, eye, axes, groups, boxes,
    vertices, triangles, material, instance, group_start, vertex_start,
    scale, absent, first_id, distance, hit,
):  # fmt: skip
    """Cast the rays of some columns at some groups: where one is nearer than `distance`, put it there and in `hit`.

    `scale` multiplies the distances of a material's triangles (0: rays pass through), `absent` tells of each instance
    whether it is not there, `first_id` is the number of triangle 0 in `hit`.

    One function on purpose: handing the arrays on to smaller ones costs several times what they do.
    """
    column_cos, column_sin, diamonds, rows, column_bins = fan.cos, fan.sin, fan.diamond, fan.row, fan.column_bins
    slopes, lengths, slope_bins, shared = fan.slope, fan.length, fan.slope_bins, fan.shared
    least, greatest, reach = fan.least, fan.greatest, fan.reach
    first, last = diamonds[first_column], diamonds[end_column - 1]
    fan_first, fan_last, n_column_bins = diamonds[0], diamonds[-1], len(column_bins) - 1
    least_squeezed, greatest_squeezed, n_slope_bins = _squeezed(least), _squeezed(greatest), len(slope_bins) - 1
    n_slopes = distance.shape[1]
    cos0, sin0 = column_cos[first_column], column_sin[first_column]
    cos1, sin1 = column_cos[end_column - 1], column_sin[end_column - 1]
    # The rays lie between two half planes, unless they go around.
    narrow = last - first < _HALF_TURN - _SLACK
    e0, e1, e2 = eye[0], eye[1], eye[2]
    x0, x1, x2 = axes[0, 0], axes[1, 0], axes[2, 0]
    y0, y1, y2 = axes[0, 1], axes[1, 1], axes[2, 1]
    z0, z1, z2 = axes[0, 2], axes[1, 2], axes[2, 2]
    # How far a box reaches across those planes for each metre of its half size.
    side0 = np.abs(axes[:, 1] * cos0 - axes[:, 0] * sin0)
    side1 = np.abs(axes[:, 1] * cos1 - axes[:, 0] * sin1)
    most = 0
    for i in range(len(groups)):
        most = max(most, vertex_start[groups[i] + 1] - vertex_start[groups[i]])
    points = np.empty((most, 4))  # x, y, z, diamond
    outside = np.empty(most, np.uint8)
    for i in range(len(groups)):
        if narrow:
            x, y, u, v, w = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3], boxes[i, 4]
            if cos0 * y - sin0 * x < -(side0[0] * u + side0[1] * v + side0[2] * w):
                continue
            if cos1 * y - sin1 * x > side1[0] * u + side1[1] * v + side1[2] * w:
                continue
        g = groups[i]
        base = vertex_start[g]
        for v in range(base, vertex_start[g + 1]):
            dx, dy, dz = vertices[v, 0] - e0, vertices[v, 1] - e1, vertices[v, 2] - e2
            x = x0 * dx + x1 * dy + x2 * dz
            y = y0 * dx + y1 * dy + y2 * dz
            z = z0 * dx + z1 * dy + z2 * dz
            points[v - base, 0], points[v - base, 1], points[v - base, 2] = x, y, z
            points[v - base, 3] = _diamond(x, y)
            outside[v - base] = _outside(x, y, z, least, greatest, reach)
        for t in range(group_start[g], group_start[g + 1]):
            a, b, c = triangles[t, 0] - base, triangles[t, 1] - base, triangles[t, 2] - base
            if outside[a] & outside[b] & outside[c]:
                continue
            ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
            bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
            cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
            # The plane n . p = n . a, and which side of it the rays come from.
            ux, uy, uz = bx - ax, by - ay, bz - az
            vx, vy, vz = cx - ax, cy - ay, cz - az
            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            offset = nx * ax + ny * ay + nz * az
            if offset >= 0.0:
                continue
            low, high = _azimuths_between(points[a, 3], points[b, 3], points[c, 3])
            low -= _SLACK
            high += _SLACK
            if low < -_HALF_TURN and high < _HALF_TURN:
                low, high = low + TURN, high + TURN
            if (low > last or high < first) and high - TURN < first:
                continue
            factor = scale[material[t]]
            if factor == 0.0 or absent[instance[t]]:
                continue
            if low > last:
                low, high = low - TURN, high - TURN
            k = column_bins[_bin_of(low, fan_first, fan_last, n_column_bins)]
            if k < first_column:
                k = first_column
            while k < end_column and diamonds[k] < low:
                k += 1
            while True:
                if k == end_column or diamonds[k] > high:
                    # What goes on beyond the cut of the circle begins again at its other end.
                    if high < _HALF_TURN or high - low > TURN or high - TURN < first:
                        break
                    low, high = low - TURN, high - TURN
                    k = first_column
                    if diamonds[k] > high:
                        break
                # In the column's own axes: f forward, z up, s to the side of its plane.
                cos_k, sin_k = column_cos[k], column_sin[k]
                sa, sb, sc = cos_k * ay - sin_k * ax, cos_k * by - sin_k * bx, cos_k * cy - sin_k * cx
                a_right, b_right, c_right = sa >= 0.0, sb >= 0.0, sc >= 0.0
                if a_right == b_right == c_right:
                    k += 1
                    continue
                fa, fb, fc = cos_k * ax + sin_k * ay, cos_k * bx + sin_k * by, cos_k * cx + sin_k * cy
                # One corner is alone on its side: the plane cuts the edges from there.
                if a_right == b_right:
                    p, q = sc / (sc - sa), sc / (sc - sb)
                    f1, h1 = fc + p * (fa - fc), cz + p * (az - cz)
                    f2, h2 = fc + q * (fb - fc), cz + q * (bz - cz)
                elif a_right == c_right:
                    p, q = sb / (sb - sc), sb / (sb - sa)
                    f1, h1 = fb + p * (fc - fb), bz + p * (cz - bz)
                    f2, h2 = fb + q * (fa - fb), bz + q * (az - bz)
                else:
                    p, q = sa / (sa - sb), sa / (sa - sc)
                    f1, h1 = fa + p * (fb - fa), az + p * (bz - az)
                    f2, h2 = fa + q * (fc - fa), az + q * (cz - az)
                if f1 > f2:
                    f1, h1, f2, h2 = f2, h2, f1, h1
                row = rows[k]
                k += 1
                if f2 <= 0.0:
                    continue
                m1 = h2 / f2
                if f1 > 0.0:
                    m2 = h1 / f1
                else:  # it passes over or under the origin
                    m2 = np.inf if h1 * f2 - h2 * f1 > 0.0 else -np.inf
                    f1 = 0.0
                if m1 > m2:
                    m1, m2 = m2, m1
                m1 -= _SLACK
                m2 += _SLACK
                if m2 < least or m1 > greatest:
                    continue
                # A ray of slope m meets the plane at horizontal distance offset / (flat + m * nz); rounding must not
                # take it off the piece.
                flat = nx * cos_k + ny * sin_k
                if not shared:
                    m = slopes[row]
                    if m1 <= m <= m2:
                        d = min(max(offset / (flat + m * nz), f1), f2) * lengths[row] * factor
                        if d < distance[row, 0]:
                            distance[row, 0] = d
                            hit[row, 0] = first_id + t
                    continue
                j = slope_bins[_bin_of(_squeezed(m1), least_squeezed, greatest_squeezed, n_slope_bins)]
                while j < n_slopes and slopes[j] < m1:
                    j += 1
                while j < n_slopes and slopes[j] <= m2:
                    d = min(max(offset / (flat + slopes[j] * nz), f1), f2) * lengths[j] * factor
                    if d < distance[row, j]:
                        distance[row, j] = d
                        hit[row, j] = first_id + t
                    j += 1


@njit
def _outside(x, y, z, least, greatest, reach):  # type: ignore[no-untyped-def]
    """Bits of what a point is beyond. Each is convex: a triangle whose corners share one is wholly beyond it."""
    flat = np.sqrt(x * x + y * y)
    bits = 0
    if greatest > 0.0 and z > greatest * flat:
        bits |= _OUT_ABOVE
    if least < 0.0 and z < least * flat:
        bits |= _OUT_BELOW
    if x > reach:
        bits |= _OUT_FRONT
    if x < -reach:
        bits |= _OUT_BACK
    if y > reach:
        bits |= _OUT_RIGHT
    if y < -reach:
        bits |= _OUT_LEFT
    return bits


@njit
def _azimuths_between(da, db, dc):  # type: ignore[no-untyped-def]
    """The shortest range of diamonds with all three, its lower end in [-2, 2], or everything around a pole."""
    low, high = min(da, db, dc), max(da, db, dc)
    middle = da + db + dc - low - high
    if high - low < _HALF_TURN - _SLACK:
        return low, high
    # Three directions leave one gap of more than half a turn, unless the triangle goes around the pole.
    if middle - low > _HALF_TURN + _SLACK:
        return middle, low + TURN
    if high - middle > _HALF_TURN + _SLACK:
        return high, middle + TURN
    return -_HALF_TURN, _HALF_TURN


@njit
def remove_bias(fan, first_column, end_column, first_id, material, scale, distance, hit):  # type: ignore[no-untyped-def]
    """Divide what was hit by its material's scale again."""
    for k in range(first_column, end_column):
        row = fan.row[k]
        for j in range(distance.shape[1]):
            t = hit[row, j] - first_id
            if 0 <= t < len(material):
                distance[row, j] /= scale[material[t]]
