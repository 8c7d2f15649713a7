"""Straight lines through the world: what they meet, in order, with CARLA's labels.

A ray meets the triangles of the ground from both sides, the terrain, the town's boxes (solid or not) and the turned
boxes of vehicles, walkers and props that take part in contacts. A ray that starts inside a box does not meet it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import NONE, TERRAIN, Boxes, Surface
from simulator.world.bodies import is_body, rotation_matrix
from simulator.world.static_index import StaticIndex

__all__ = ["HIT", "cast_ray", "project_point"]

HIT: Final = np.dtype(
    [
        ("distance", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
        ("row", np.int32),  # actor, or -1
        ("box", np.int32),  # box of the town, or -1
        ("triangle", np.int32),  # of the surface, or -1
        ("label", np.uint8),  # carla.CityObjectLabel
    ],
    align=True,
)
# Lanes lie on each other in junctions, and the triangles of one lane share edges: hits of one label that are closer
# than this are one ground.
SAME_GROUND_M: Final = 0.02

Point = tuple[float, float, float]


def cast_ray(
    actors: NDArray[Any],
    n_actors: int,
    labels: NDArray[np.uint8],
    surface: Surface,
    boxes: Boxes,
    index: StaticIndex,
    start: Point,
    end: Point,
) -> NDArray[Any]:
    """All that the segment meets, nearest first, as rows of HIT. `labels` has one per row of actors."""
    hits = np.zeros(64, HIT)
    while True:
        count = _collect(actors, n_actors, labels, surface, boxes, index, _floats(start), _floats(end), hits)
        if count <= len(hits):
            break
        hits = np.zeros(2 * count, HIT)
    return _in_order(hits[:count])


def project_point(
    actors: NDArray[Any],
    n_actors: int,
    labels: NDArray[np.uint8],
    surface: Surface,
    boxes: Boxes,
    index: StaticIndex,
    location: Point,
    direction: Point,
    distance: float,
) -> tuple[bool, Point, int]:
    """The first thing from a location in a direction of any length: found, where, label."""
    length = float(np.sqrt(sum(d * d for d in direction)))
    if length > 0.0 and distance > 0.0:
        x, y, z = (p + d / length * distance for p, d in zip(location, direction, strict=True))
        hits = cast_ray(actors, n_actors, labels, surface, boxes, index, location, (x, y, z))
        if len(hits):
            first = hits[0]
            return True, (float(first["x"]), float(first["y"]), float(first["z"])), int(first["label"])
    return False, (0.0, 0.0, 0.0), NONE


def _floats(point: Point) -> Point:
    return float(point[0]), float(point[1]), float(point[2])


def _in_order(hits: NDArray[Any]) -> NDArray[Any]:
    """Sorted by distance; a triangle met in two cells and grounds on each other count once."""
    hits = hits[np.lexsort((hits["triangle"], hits["box"], hits["row"], hits["distance"]))]
    keep = np.ones(len(hits), bool)
    last_ground: dict[int, float] = {}
    for k, hit in enumerate(hits):
        if hit["row"] < 0 and hit["box"] < 0:
            label, distance = int(hit["label"]), float(hit["distance"])
            keep[k] = distance - last_ground.get(label, -np.inf) > SAME_GROUND_M
            if keep[k]:
                last_ground[label] = distance
    return hits[keep]


@njit
def _collect(  # type: ignore[no-untyped-def]
    actors, n_actors, labels, surface, boxes, index, start, end, hits
):
    """Write the hits that have room, in no order; returns how many there are."""
    x0, y0, z0 = start
    dx, dy, dz = end[0] - x0, end[1] - y0, end[2] - z0
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    if not length > 0.0:
        return 0
    ray = (x0, y0, z0, dx, dy, dz, length)
    count = _meet_actors(actors, n_actors, labels, ray, hits, 0)
    count = _meet_boxes(boxes, index, ray, hits, count)
    count = _meet_triangles(surface, ray, hits, count)
    return _meet_terrain(surface, ray, hits, count)


@njit
def _note(hits, count, ray, t, label, row, box, triangle):  # type: ignore[no-untyped-def]
    if count < len(hits):
        x0, y0, z0, dx, dy, dz, length = ray
        hit = hits[count]
        hit.distance = t * length
        hit.x = x0 + t * dx
        hit.y = y0 + t * dy
        hit.z = z0 + t * dz
        hit.label = label
        hit.row = row
        hit.box = box
        hit.triangle = triangle
    return count + 1


@njit
def _enters_box(px, py, pz, dx, dy, dz, hx, hy, hz):  # type: ignore[no-untyped-def]
    """Where p + t d enters the box around the origin, t in [0, 1]; -1 where it does not, or starts inside."""
    t0 = -np.inf
    t1 = 1.0
    for axis in range(3):
        if axis == 0:
            p, d, h = px, dx, hx
        elif axis == 1:
            p, d, h = py, dy, hy
        else:
            p, d, h = pz, dz, hz
        if d == 0.0:
            if abs(p) > h:
                return -1.0
            continue
        ta = (-h - p) / d
        tb = (h - p) / d
        t0 = max(t0, min(ta, tb))
        t1 = min(t1, max(ta, tb))
    return t0 if 0.0 <= t0 <= t1 else -1.0


@njit
def _meet_actors(actors, n, labels, ray, hits, count):  # type: ignore[no-untyped-def]
    x0, y0, z0, dx, dy, dz, length = ray
    for row in range(n):
        a = actors[row]
        if not is_body(a):
            continue
        # Far from the line: the box lies within `reach` of the origin.
        reach = a.half_x + a.half_y + a.half_z + abs(a.center_x) + abs(a.center_y) + abs(a.center_z)
        px, py, pz = a.x - x0, a.y - y0, a.z - z0
        t = min(max((px * dx + py * dy + pz * dz) / (length * length), 0.0), 1.0)
        if (px - t * dx) ** 2 + (py - t * dy) ** 2 + (pz - t * dz) ** 2 > reach * reach:
            continue
        r00, r01, r02, r10, r11, r12, r20, r21, r22 = rotation_matrix(a.roll, a.pitch, a.yaw)
        t = _enters_box(
            -(r00 * px + r10 * py + r20 * pz) - a.center_x,
            -(r01 * px + r11 * py + r21 * pz) - a.center_y,
            -(r02 * px + r12 * py + r22 * pz) - a.center_z,
            r00 * dx + r10 * dy + r20 * dz,
            r01 * dx + r11 * dy + r21 * dz,
            r02 * dx + r12 * dy + r22 * dz,
            a.half_x,
            a.half_y,
            a.half_z,
        )
        if t >= 0.0:
            count = _note(hits, count, ray, t, labels[row], row, -1, -1)
    return count


@njit
def _clip(u, du, n):  # type: ignore[no-untyped-def]
    """Part of the line u + t du that lies over [0, n]: first and last t; first > last where there is none."""
    if du == 0.0:
        return (-np.inf, np.inf) if 0.0 <= u <= n else (np.inf, -np.inf)
    ta = -u / du
    tb = (n - u) / du
    return min(ta, tb), max(ta, tb)


@njit
def _next_edge(u, du, cell):  # type: ignore[no-untyped-def]
    """The t at which the line u + t du leaves the cell [cell, cell + 1] towards du."""
    if du > 0.0:
        return (cell + 1 - u) / du
    if du < 0.0:
        return (cell - u) / du
    return np.inf


@njit
def _meet_boxes(boxes, index, ray, hits, count):  # type: ignore[no-untyped-def]
    """Walk the cells under the ray; a box in several of them is tried once."""
    x0, y0, z0, dx, dy, dz, _ = ray
    if index.nx == 0:
        return count
    u, v = (x0 - index.x0) / index.cell, (y0 - index.y0) / index.cell
    du, dv = dx / index.cell, dy / index.cell
    t, i, j, end = _enter_grid(u, v, du, dv, index.nx, index.ny)
    seen = np.zeros(len(boxes.x), np.uint8)
    while t <= end and 0 <= i < index.nx and 0 <= j < index.ny:
        cell = j * index.nx + i
        for m in range(index.cell_start[cell], index.cell_start[cell + 1]):
            k = index.cell_boxes[m]
            if seen[k] == 1:
                continue
            seen[k] = 1
            c, s = index.cos_yaw[k], index.sin_yaw[k]
            px, py = x0 - boxes.x[k], y0 - boxes.y[k]
            entry = _enters_box(
                c * px + s * py, c * py - s * px, z0 - boxes.z[k], c * dx + s * dy, c * dy - s * dx, dz,
                boxes.half_x[k], boxes.half_y[k], boxes.half_z[k],
            )  # fmt: skip
            if entry >= 0.0:
                count = _note(hits, count, ray, entry, boxes.label[k], -1, k, -1)
        t, i, j = _next_cell(u, v, du, dv, i, j)
    return count


@njit
def _enter_grid(u, v, du, dv, nx, ny):  # type: ignore[no-untyped-def]
    """Where a segment in units of cells enters the grid: t, column, row, and the t of its end there."""
    tu0, tu1 = _clip(u, du, nx)
    tv0, tv1 = _clip(v, dv, ny)
    begin = max(0.0, tu0, tv0)
    end = min(1.0, tu1, tv1)
    if begin > end:
        return 1.0, -1, -1, 0.0
    i = min(max(int(np.floor(u + begin * du)), 0), nx - 1)
    j = min(max(int(np.floor(v + begin * dv)), 0), ny - 1)
    return begin, i, j, end


@njit
def _next_cell(u, v, du, dv, i, j):  # type: ignore[no-untyped-def]
    tu = _next_edge(u, du, i)
    tv = _next_edge(v, dv, j)
    if tu == np.inf and tv == np.inf:
        return np.inf, i, j
    if tu < tv:
        return tu, i + (1 if du > 0.0 else -1), j
    return tv, i, j + (1 if dv > 0.0 else -1)


@njit
def _meet_triangles(surface, ray, hits, count):  # type: ignore[no-untyped-def]
    x0, y0, _, dx, dy, _, _ = ray
    if surface.nx == 0:
        return count
    u, v = (x0 - surface.x0) / surface.cell, (y0 - surface.y0) / surface.cell
    du, dv = dx / surface.cell, dy / surface.cell
    t, i, j, end = _enter_grid(u, v, du, dv, surface.nx, surface.ny)
    while t <= end and 0 <= i < surface.nx and 0 <= j < surface.ny:
        cell = j * surface.nx + i
        for m in range(surface.cell_start[cell], surface.cell_start[cell + 1]):
            k = surface.cell_triangles[m]
            entry = _meets_triangle(surface, k, ray)
            if entry >= 0.0:
                count = _note(hits, count, ray, entry, surface.label[k], -1, -1, k)
        t, i, j = _next_cell(u, v, du, dv, i, j)
    return count


@njit
def _meets_triangle(surface, k, ray):  # type: ignore[no-untyped-def]
    """The t of the meeting, -1 for none (Moeller and Trumbore 1997; both sides)."""
    x0, y0, z0, dx, dy, dz, length = ray
    a, b, c = surface.triangles[k, 0], surface.triangles[k, 1], surface.triangles[k, 2]
    vertices = surface.vertices
    ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
    ux, uy, uz = vertices[b, 0] - ax, vertices[b, 1] - ay, vertices[b, 2] - az
    wx, wy, wz = vertices[c, 0] - ax, vertices[c, 1] - ay, vertices[c, 2] - az
    px, py, pz = dy * wz - dz * wy, dz * wx - dx * wz, dx * wy - dy * wx
    det = ux * px + uy * py + uz * pz
    if abs(det) <= 1e-12 * length:  # along the triangle
        return -1.0
    sx, sy, sz = x0 - ax, y0 - ay, z0 - az
    p = (sx * px + sy * py + sz * pz) / det
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    q = (dx * qx + dy * qy + dz * qz) / det
    # A little wider than the triangle, so that nothing falls through a shared edge.
    if p < -1e-9 or q < -1e-9 or p + q > 1.0 + 1e-9:
        return -1.0
    t = (wx * qx + wy * qy + wz * qz) / det
    return t if 0.0 <= t <= 1.0 else -1.0


@njit
def _meet_terrain(surface, ray, hits, count):  # type: ignore[no-untyped-def]
    """Walk the cells of the terrain, which beyond its edge goes on at the edge's height (column -1 and the last)."""
    x0, y0, z0, dx, dy, dz, _ = ray
    rows, columns = surface.terrain.shape
    if rows < 2 or columns < 2:
        return count
    u, v = (x0 - surface.terrain_x0) / surface.terrain_cell, (y0 - surface.terrain_y0) / surface.terrain_cell
    du, dv = dx / surface.terrain_cell, dy / surface.terrain_cell
    i = int(min(max(np.floor(u), -1.0), columns - 1.0))
    j = int(min(max(np.floor(v), -1.0), rows - 1.0))
    begin = 0.0
    while begin < 1.0:
        # The outermost columns and rows have no far edge.
        leaves_u = (du > 0.0 and i < columns - 1) or (du < 0.0 and i >= 0)
        leaves_v = (dv > 0.0 and j < rows - 1) or (dv < 0.0 and j >= 0)
        tu = _next_edge(u, du, i) if leaves_u else np.inf
        tv = _next_edge(v, dv, j) if leaves_v else np.inf
        end = min(tu, tv, 1.0)
        west, east = max(i, 0), min(i + 1, columns - 1)
        south, north = max(j, 0), min(j + 1, rows - 1)
        h00, h10 = surface.terrain[south, west], surface.terrain[south, east]
        h01, h11 = surface.terrain[north, west], surface.terrain[north, east]
        # Height over the cell: h00 + a p + b q + c p q, with p = u - i and q = v - j along the ray.
        a, b, c = h10 - h00, h01 - h00, h00 - h10 - h01 + h11
        p, q = u - i, v - j
        k0 = h00 + a * p + b * q + c * p * q - z0
        k1 = a * du + b * dv + c * (p * dv + q * du) - dz
        k2 = c * du * dv
        root0, root1 = _roots(k0, k1, k2)
        # A hair beyond the cell, so that nothing falls through its edge; what two cells tell is told once in the end.
        for root in (root0, root1):
            if max(begin - 1e-9, 0.0) <= root <= min(end + 1e-9, 1.0):
                count = _note(hits, count, ray, root, TERRAIN, -1, -1, -1)
        begin = end
        if tu <= tv:
            i += 1 if du > 0.0 else -1
        else:
            j += 1 if dv > 0.0 else -1
    return count


@njit
def _roots(k0, k1, k2):  # type: ignore[no-untyped-def]
    """Real roots of k0 + k1 t + k2 t^2 in ascending order, nan where there are fewer; computed without cancellation."""
    if abs(k2) <= 1e-12 * abs(k1) or k2 == 0.0:
        return (-k0 / k1, np.nan) if k1 != 0.0 else (np.nan, np.nan)
    root = k1 * k1 - 4.0 * k2 * k0
    if root < 0.0:
        return np.nan, np.nan
    q = -0.5 * (k1 + (np.sqrt(root) if k1 >= 0.0 else -np.sqrt(root)))
    first = q / k2
    second = k0 / q if q != 0.0 else first
    return min(first, second), max(first, second)
