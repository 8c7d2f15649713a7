"""Where the ground is: heights and normals of a Surface, asked from numba kernels or from Python."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import Surface

NOTHING = -2  # triangle id: no ground at all below
TERRAIN_TRIANGLE = -1  # the open terrain, no triangle


@njit
def ground(surface, x, y, z_top):  # type: ignore[no-untyped-def]
    """The highest ground at (x, y) that is not above z_top: (z, nx, ny, nz, triangle).

    Bridges make several levels; callers pass the height of their wheels plus what they can climb.
    With nothing at or below z_top the triangle is NOTHING and z is -inf.
    """
    best_z = -np.inf
    best = NOTHING
    nx, ny, nz = 0.0, 0.0, 1.0
    i = int(np.floor((x - surface.x0) / surface.cell))
    j = int(np.floor((y - surface.y0) / surface.cell))
    if 0 <= i < surface.nx and 0 <= j < surface.ny:
        cell = j * surface.nx + i
        for k in range(surface.cell_start[cell], surface.cell_start[cell + 1]):
            t = surface.cell_triangles[k]
            a = surface.triangles[t, 0]
            b = surface.triangles[t, 1]
            c = surface.triangles[t, 2]
            ax, ay, az = surface.vertices[a, 0], surface.vertices[a, 1], surface.vertices[a, 2]
            ux, uy, uz = surface.vertices[b, 0] - ax, surface.vertices[b, 1] - ay, surface.vertices[b, 2] - az
            wx, wy, wz = surface.vertices[c, 0] - ax, surface.vertices[c, 1] - ay, surface.vertices[c, 2] - az
            det = ux * wy - uy * wx
            if det == 0.0:
                continue
            px, py = x - ax, y - ay
            p = (px * wy - py * wx) / det
            q = (ux * py - uy * px) / det
            if p < -1e-9 or q < -1e-9 or p + q > 1.0 + 1e-9:
                continue
            z = az + p * uz + q * wz
            # On a shared edge both triangles answer alike to rounding: the first keeps it.
            if z <= z_top and z > best_z + 1e-9:
                best_z = z
                best = t
                # The normal of the plane, upwards whatever the winding.
                nx = (uy * wz - uz * wy) / det
                ny = (uz * wx - ux * wz) / det
                nz = 1.0
    if best == NOTHING:
        rows = surface.terrain.shape[0]
        columns = surface.terrain.shape[1]
        if rows > 1 and columns > 1:
            u = (x - surface.terrain_x0) / surface.terrain_cell
            v = (y - surface.terrain_y0) / surface.terrain_cell
            # Beyond its edge the terrain goes on at the height of the edge.
            u = min(max(u, 0.0), columns - 1.000001)
            v = min(max(v, 0.0), rows - 1.000001)
            i = int(u)
            j = int(v)
            u -= i
            v -= j
            h00 = surface.terrain[j, i]
            h10 = surface.terrain[j, i + 1]
            h01 = surface.terrain[j + 1, i]
            h11 = surface.terrain[j + 1, i + 1]
            z = h00 * (1 - u) * (1 - v) + h10 * u * (1 - v) + h01 * (1 - u) * v + h11 * u * v
            if z <= z_top:
                best_z = z
                best = TERRAIN_TRIANGLE
                nx = -((h10 - h00) * (1 - v) + (h11 - h01) * v) / surface.terrain_cell
                ny = -((h01 - h00) * (1 - u) + (h11 - h10) * u) / surface.terrain_cell
                nz = 1.0
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    return best_z, nx / length, ny / length, nz / length, best


def build_surface(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    label: NDArray[np.uint8],
    lane: NDArray[np.int32],
    terrain: NDArray[np.float64],
    terrain_cell: float,
    terrain_x0: float,
    terrain_y0: float,
    cell: float = 4.0,
) -> Surface:
    """Sort triangles into the grid that `ground` walks."""
    if len(triangles) == 0:
        empty = np.zeros(1, np.int32)
        return Surface(
            np.zeros((0, 3)), np.zeros((0, 3), np.int32), label, lane, cell, 0.0, 0.0, 0, 0,
            empty, np.zeros(0, np.int32), terrain, terrain_cell, terrain_x0, terrain_y0,
        )  # fmt: skip
    corners = vertices[triangles][:, :, :2]
    low = np.floor(corners.min(axis=1) / cell).astype(np.int64)
    high = np.floor(corners.max(axis=1) / cell).astype(np.int64)
    origin = low.min(axis=0)
    low -= origin
    high -= origin
    nx, ny = (high.max(axis=0) + 1).tolist()
    span = high - low + 1
    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(triangles)), count)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    cells = (low[which, 1] + offset // span[which, 0]) * nx + low[which, 0] + offset % span[which, 0]
    order = np.argsort(cells, kind="stable")
    start = np.searchsorted(cells[order], np.arange(nx * ny + 1))
    return Surface(
        np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(triangles, np.int32),
        label, lane, float(cell), float(origin[0] * cell), float(origin[1] * cell), nx, ny,
        start.astype(np.int32), which[order].astype(np.int32),
        np.ascontiguousarray(terrain, np.float64), float(terrain_cell), float(terrain_x0), float(terrain_y0),
    )  # fmt: skip


def flat_surface(half_size_m: float = 1000.0, z: float = 0.0) -> Surface:
    """One flat square of road, for tests and for worlds without a map."""
    h = half_size_m
    vertices = np.array([[-h, -h, z], [h, -h, z], [h, h, z], [-h, h, z]], np.float64)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return build_surface(
        vertices, triangles, np.ones(2, np.uint8), np.zeros(2, np.int32),
        np.full((2, 2), z - 0.05), 2 * h, -h, -h, cell=2 * h,
    )  # fmt: skip
