"""Triangles joined to convex polygons: fewer, larger pieces make shorter searches for a path."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit

__all__ = ["join_triangles"]

I4 = NDArray[np.int32]
I8 = NDArray[np.int64]
F8 = NDArray[np.float64]


def join_triangles(
    triangles: I4, group: I4, x: I8, y: I8, z: F8, max_corners: int, max_bump_m: float
) -> tuple[I4, NDArray[np.intp]]:
    """Convex polygons [m, max_corners] made of triangles of one group each, and a triangle of each polygon.

    Triangles are clockwise in the plane (negative area), x and y whole numbers, so that "convex" is exact:
    corners on a straight edge are kept and allowed. A polygon's corners stay within max_bump_m of a plane.
    Longest shared edges go first (Hertel and Mehlhorn's way of dropping edges, in a fixed order).
    """
    a, b = triangles, np.roll(triangles, -1, axis=1)
    n = np.int64(len(x))
    forth, back = (a * n + b).ravel(), (b * n + a).ravel()
    order = np.argsort(forth)
    at = np.minimum(np.searchsorted(forth, back, sorter=order), len(forth) - 1)
    twin = np.where(forth[order[at]] == back, order[at], -1)
    edges = np.nonzero(twin > np.arange(len(twin)))[0]
    edges = edges[group[edges // 3] == group[twin[edges] // 3]]
    start, end = a.ravel()[edges], b.ravel()[edges]
    length = (x[start] - x[end]) ** 2 + (y[start] - y[end]) ** 2
    edges = edges[np.argsort(-length, kind="stable")]

    polygons = np.full((len(triangles), max_corners), -1, np.int32)
    polygons[:, :3] = triangles
    alive = np.ones(len(triangles), np.bool_)
    _join(polygons, alive, edges, twin[edges], x, y, z, max_bump_m)
    kept = np.nonzero(alive)[0]
    return polygons[kept], kept


@njit
def _join(polygons, alive, edges, twins, x, y, z, max_bump):  # type: ignore[no-untyped-def]
    max_corners = polygons.shape[1]
    owner = np.arange(len(polygons))
    merged = np.empty(2 * max_corners, np.int32)
    for e in range(len(edges)):
        p = edges[e] // 3
        q = twins[e] // 3
        # The edge goes from start to end in its first triangle, whose corners may be gone from row p by now.
        while owner[p] != p:
            owner[p] = owner[owner[p]]
            p = owner[p]
        while owner[q] != q:
            owner[q] = owner[owner[q]]
            q = owner[q]
        if p == q:
            continue
        n = _corners(polygons[p])
        m = _corners(polygons[q])
        i, j, shared = _shared_edges(polygons[p], n, polygons[q], m)
        size = n + m - 2 * shared
        if shared == 0 or size > max_corners:
            continue
        # All of p from the shared edges' end round to their start, then what q has between.
        for k in range(n - shared + 1):
            merged[k] = polygons[p, (i + shared + k) % n]
        for k in range(m - shared - 1):
            merged[n - shared + 1 + k] = polygons[q, (j + 2 + k) % m]
        if not _is_convex(merged, size, x, y) or _bump(merged, size, x, y, z) > max_bump:
            continue
        polygons[p, :size] = merged[:size]
        polygons[p, size:] = -1
        alive[q] = False
        owner[q] = p


@njit
def _corners(polygon):  # type: ignore[no-untyped-def]
    n = 0
    while n < len(polygon) and polygon[n] >= 0:
        n += 1
    return n


@njit
def _shared_edges(p, n, q, m):  # type: ignore[no-untyped-def]
    """The first edge of p that q has backwards, the place of it in q, and how many follow one another.

    More than one where a corner lies between them that joining has left without other polygons; joining once
    more takes it away. 0 where there is no shared edge or they do not follow one another.
    """
    partner = np.full(n, -1, np.int64)
    count = 0
    for i in range(n):
        for j in range(m):
            if p[i] == q[(j + 1) % m] and p[(i + 1) % n] == q[j]:
                partner[i] = j
                count += 1
    if count == 0 or count == n:
        return 0, 0, 0
    first = 0
    while partner[first] < 0 or partner[first - 1] >= 0:
        first += 1
    for k in range(count):
        if partner[(first + k) % n] < 0:
            return 0, 0, 0
    return first, partner[first], count


@njit
def _is_convex(corners, n, x, y):  # type: ignore[no-untyped-def]
    for k in range(n):
        a = corners[k]
        b = corners[(k + 1) % n]
        c = corners[(k + 2) % n]
        if (x[b] - x[a]) * (y[c] - y[b]) - (y[b] - y[a]) * (x[c] - x[b]) > 0:
            return False
    return True


@njit
def _bump(corners, n, x, y, z):  # type: ignore[no-untyped-def]
    """How far the corners lie from the polygon's plane (Newell's normal through their mean), upwards."""
    mx, my, mz = 0.0, 0.0, 0.0
    for k in range(n):
        mx += x[corners[k]] / n
        my += y[corners[k]] / n
        mz += z[corners[k]] / n
    nx, ny, nz = 0.0, 0.0, 0.0
    for k in range(n):
        a = corners[k]
        b = corners[(k + 1) % n]
        ax, ay, az = x[a] - mx, y[a] - my, z[a] - mz
        bx, by, bz = x[b] - mx, y[b] - my, z[b] - mz
        nx += ay * bz - az * by
        ny += az * bx - ax * bz
        nz += ax * by - ay * bx
    worst = 0.0
    for k in range(n):
        a = corners[k]
        plane = mz - (nx * (x[a] - mx) + ny * (y[a] - my)) / nz
        worst = max(worst, abs(z[a] - plane))
    return worst
