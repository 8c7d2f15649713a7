"""Flat shapes laid upon a surface: cut along its triangles, so that every piece lies exactly in one of them.

The parts of a shape go to the highest triangle there, once each, like whatever stands on the surface.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import Surface
from simulator.scene.chunks import F8

_SAME_LEVEL_M: Final = 0.6  # what is further above or below a shape is another road
_LEAST_M2: Final = 1e-5
_MOST_CORNERS: Final = 40
_MOST_PIECES: Final = 256
_MOST_CANDIDATES: Final = 4096


class Draped(NamedTuple):
    """Triangles on a surface."""

    corners: F8  # [n, 3, 3], normals up
    shape: NDArray[np.int32]  # [n] which shape each belongs to


def drape(surface: Surface, shapes: F8, usable: NDArray[np.bool_]) -> Draped:
    """Lay convex `shapes` [n, k, 3], whose heights say roughly which level is meant, on the usable triangles where
    no other one is above them.

    A shape with fewer corners than k repeats its last one. Shapes are as small as paint is: of one that touches
    thousands of triangles only a part is laid.
    """
    capacity = 8 * len(shapes) + 64
    while True:
        corners = np.empty((capacity, 3, 3))
        owner = np.empty(capacity, np.int32)
        count = _drape(np.ascontiguousarray(shapes), usable, surface, corners, owner)
        if count <= capacity:
            return Draped(corners[:count].copy(), owner[:count].copy())
        capacity = count


@njit
def _drape(shapes, usable, surface, out_corners, out_owner):  # type: ignore[no-untyped-def]
    """The number of triangles found; those beyond the room in the output are only counted."""
    found = 0
    seen = np.full(surface.triangles.shape[0], -1, np.int32)
    candidates = np.empty(_MOST_CANDIDATES, np.int32)
    heights = np.empty(_MOST_CANDIDATES)
    pieces = np.empty((_MOST_PIECES, _MOST_CORNERS, 2))
    sizes = np.empty(_MOST_PIECES, np.int32)
    kept = np.empty((_MOST_PIECES, _MOST_CORNERS, 2))
    kept_sizes = np.empty(_MOST_PIECES, np.int32)
    inside = np.empty((_MOST_CORNERS, 2))
    rest = np.empty((_MOST_CORNERS, 2))
    spare = np.empty((_MOST_CORNERS, 2))
    for shape in range(shapes.shape[0]):
        n = shapes.shape[1]
        low_x, low_y = shapes[shape, :, 0].min(), shapes[shape, :, 1].min()
        high_x, high_y = shapes[shape, :, 0].max(), shapes[shape, :, 1].max()
        middle_x, middle_y = 0.5 * (low_x + high_x), 0.5 * (low_y + high_y)
        level = shapes[shape, :, 2].mean()

        n_candidates = 0
        i0 = max(int(np.floor((low_x - surface.x0) / surface.cell)), 0)
        i1 = min(int(np.floor((high_x - surface.x0) / surface.cell)), surface.nx - 1)
        j0 = max(int(np.floor((low_y - surface.y0) / surface.cell)), 0)
        j1 = min(int(np.floor((high_y - surface.y0) / surface.cell)), surface.ny - 1)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                cell = j * surface.nx + i
                for k in range(surface.cell_start[cell], surface.cell_start[cell + 1]):
                    t = surface.cell_triangles[k]
                    if seen[t] == shape or n_candidates == _MOST_CANDIDATES:
                        continue
                    seen[t] = shape
                    z = _height(surface, t, middle_x, middle_y)
                    if abs(z - level) < _SAME_LEVEL_M:
                        # Higher ones first, and of equals the one that the surface names first.
                        place = n_candidates
                        while place > 0 and (
                            heights[place - 1] < z or (heights[place - 1] == z and candidates[place - 1] > t)
                        ):
                            heights[place] = heights[place - 1]
                            candidates[place] = candidates[place - 1]
                            place -= 1
                        heights[place] = z
                        candidates[place] = t
                        n_candidates += 1

        n_pieces = 1
        sizes[0] = n
        turn = 0.0
        for k in range(n):
            m = (k + 1) % n
            turn += shapes[shape, k, 0] * shapes[shape, m, 1] - shapes[shape, m, 0] * shapes[shape, k, 1]
        for k in range(n):
            m = k if turn > 0.0 else n - 1 - k
            pieces[0, k, 0] = shapes[shape, m, 0]
            pieces[0, k, 1] = shapes[shape, m, 1]

        for c in range(n_candidates):
            t = candidates[c]
            n_kept = 0
            for piece in range(n_pieces):
                size = _clip(surface, t, pieces[piece], sizes[piece], inside, spare)
                if _area(inside, size) < _LEAST_M2:
                    if n_kept < _MOST_PIECES:
                        kept_sizes[n_kept] = sizes[piece]
                        kept[n_kept] = pieces[piece]
                        n_kept += 1
                    continue
                for k in range(1, size - 1 if usable[t] else 0):
                    if _triangle(inside, k) <= 0.0:
                        continue  # a strip around a bend tighter than it is wide crosses itself
                    if found < out_owner.shape[0]:
                        out_owner[found] = shape
                        for corner, m in enumerate((0, k, k + 1)):
                            x, y = inside[m, 0], inside[m, 1]
                            out_corners[found, corner, 0] = x
                            out_corners[found, corner, 1] = y
                            out_corners[found, corner, 2] = _height(surface, t, x, y)
                    found += 1
                # What lies beyond each edge of the triangle stays to be laid on others.
                size = sizes[piece]
                spare[:size] = pieces[piece, :size]
                for edge in range(3):
                    rest_size = _half(surface, t, edge, -1.0, spare, size, rest)
                    if _area(rest, rest_size) > _LEAST_M2 and n_kept < _MOST_PIECES:
                        kept[n_kept, :rest_size] = rest[:rest_size]
                        kept_sizes[n_kept] = rest_size
                        n_kept += 1
                    size = _half(surface, t, edge, 1.0, spare, size, inside)
                    spare[:size] = inside[:size]
            for piece in range(n_kept):
                pieces[piece, : kept_sizes[piece]] = kept[piece, : kept_sizes[piece]]
                sizes[piece] = kept_sizes[piece]
            n_pieces = n_kept
            if n_pieces == 0:
                break
    return found


@njit
def _height(surface, t, x, y):  # type: ignore[no-untyped-def]
    """Of the triangle's plane."""
    a, b, c = surface.triangles[t, 0], surface.triangles[t, 1], surface.triangles[t, 2]
    ax, ay, az = surface.vertices[a, 0], surface.vertices[a, 1], surface.vertices[a, 2]
    ux, uy, uz = surface.vertices[b, 0] - ax, surface.vertices[b, 1] - ay, surface.vertices[b, 2] - az
    vx, vy, vz = surface.vertices[c, 0] - ax, surface.vertices[c, 1] - ay, surface.vertices[c, 2] - az
    det = ux * vy - uy * vx
    p = ((x - ax) * vy - (y - ay) * vx) / det
    q = (ux * (y - ay) - uy * (x - ax)) / det
    return az + p * uz + q * vz


@njit
def _clip(surface, t, polygon, size, result, spare):  # type: ignore[no-untyped-def]
    """The part of a convex polygon inside a triangle of the surface: its number of corners."""
    size = _half(surface, t, 0, 1.0, polygon, size, result)
    size = _half(surface, t, 1, 1.0, result, size, spare)
    return _half(surface, t, 2, 1.0, spare, size, result)


@njit
def _half(surface, t, edge, side, polygon, size, result):  # type: ignore[no-untyped-def]
    """The part of a convex polygon on the inner (side 1) or outer (-1) side of a triangle's edge."""
    a, b = surface.triangles[t, edge], surface.triangles[t, (edge + 1) % 3]
    ax, ay = surface.vertices[a, 0], surface.vertices[a, 1]
    ex, ey = surface.vertices[b, 0] - ax, surface.vertices[b, 1] - ay
    count = 0
    for k in range(size):
        m = (k + 1) % size
        x, y = polygon[k, 0], polygon[k, 1]
        here = side * (ex * (y - ay) - ey * (x - ax))
        there = side * (ex * (polygon[m, 1] - ay) - ey * (polygon[m, 0] - ax))
        if here >= 0.0 and count < _MOST_CORNERS:
            result[count, 0] = x
            result[count, 1] = y
            count += 1
        if (here > 0.0 > there or here < 0.0 < there) and count < _MOST_CORNERS:
            part = here / (here - there)
            result[count, 0] = x + part * (polygon[m, 0] - x)
            result[count, 1] = y + part * (polygon[m, 1] - y)
            count += 1
    return count


@njit
def _area(polygon, size):  # type: ignore[no-untyped-def]
    """Of a convex polygon that turns as the surface's triangles do; 0 for fewer than three corners."""
    area = 0.0
    for k in range(1, size - 1):
        area += _triangle(polygon, k)
    return area


@njit
def _triangle(polygon, k):  # type: ignore[no-untyped-def]
    """The area of corners 0, k, k + 1."""
    ux, uy = polygon[k, 0] - polygon[0, 0], polygon[k, 1] - polygon[0, 1]
    vx, vy = polygon[k + 1, 0] - polygon[0, 0], polygon[k + 1, 1] - polygon[0, 1]
    return 0.5 * (ux * vy - uy * vx)
