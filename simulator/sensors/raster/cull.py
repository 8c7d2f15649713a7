"""Which groups of a town's and of the movers' triangles a view may show."""

import numpy as np

from simulator.kernels import lean_njit, njit
from simulator.sensors.raster.view import FAR_M

__all__ = ["cull_groups"]


@njit
def _bounding_planes(view):  # type: ignore[no-untyped-def]
    """Normals, pointing inwards, of the planes through the eye along the picture's sides, and the line of sight."""
    planes = np.empty((5, 3), np.float64)
    axes = view.axes
    for k in range(3):
        # Inside: |right| * focal <= ahead * width / 2, and the same for down.
        planes[0, k] = 0.5 * view.width * axes[2, k] + view.focal_px * axes[0, k]
        planes[1, k] = 0.5 * view.width * axes[2, k] - view.focal_px * axes[0, k]
        planes[2, k] = 0.5 * view.height * axes[2, k] + view.focal_px * axes[1, k]
        planes[3, k] = 0.5 * view.height * axes[2, k] - view.focal_px * axes[1, k]
        planes[4, k] = axes[2, k]
    return planes


@lean_njit
def _sees_box(eye, planes, geometry, g):  # type: ignore[no-untyped-def]
    """Whether group g is in reach and its box not wholly outside of one of the planes."""
    box = geometry.bounds
    half_x = 0.5 * (np.float64(box[g, 3]) - np.float64(box[g, 0]))
    half_y = 0.5 * (np.float64(box[g, 4]) - np.float64(box[g, 1]))
    half_z = 0.5 * (np.float64(box[g, 5]) - np.float64(box[g, 2]))
    x = np.float64(box[g, 0]) + half_x - eye[0]
    y = np.float64(box[g, 1]) + half_y - eye[1]
    z = np.float64(box[g, 2]) + half_z - eye[2]
    gap_x = max(abs(x) - half_x, 0.0)
    gap_y = max(abs(y) - half_y, 0.0)
    gap_z = max(abs(z) - half_z, 0.0)
    squared = gap_x * gap_x + gap_y * gap_y + gap_z * gap_z
    nearest, farthest = np.float64(geometry.nearest_m[g]), min(np.float64(geometry.farthest_m[g]), FAR_M)
    if squared < nearest * nearest or squared >= farthest * farthest:
        return False
    for k in range(5):
        n_x, n_y, n_z = planes[k, 0], planes[k, 1], planes[k, 2]
        middle = n_x * x + n_y * y + n_z * z
        if middle + abs(n_x) * half_x + abs(n_y) * half_y + abs(n_z) * half_z < 0.0:
            return False
    return True


@njit
def cull_groups(view, static, movers, groups, part_groups, part_start):  # type: ignore[no-untyped-def]
    """List the groups to draw, movers after static ones, and cut the list into parts of like numbers of triangles.

    Returns how many triangles they have, and the largest number of corners of one.
    """
    planes = _bounding_planes(view)
    n_static = len(static.nearest_m)
    n = 0
    triangles = 0
    corners = 0
    for g in range(n_static):
        if _sees_box(view.eye, planes, static, g):
            groups[n] = g
            n += 1
            triangles += static.group_start[g + 1] - static.group_start[g]
            corners = max(corners, static.vertex_start[g + 1] - static.vertex_start[g])
    for g in range(len(movers.nearest_m)):
        if _sees_box(view.eye, planes, movers, g):
            groups[n] = n_static + g
            n += 1
            triangles += movers.group_start[g + 1] - movers.group_start[g]
            corners = max(corners, movers.vertex_start[g + 1] - movers.vertex_start[g])
    parts = len(part_start) - 1
    part = 0
    done = 0
    part_groups[0] = 0
    part_start[0] = 0
    for k in range(n):
        g = groups[k]
        if g < n_static:
            done += static.group_start[g + 1] - static.group_start[g]
        else:
            done += movers.group_start[g - n_static + 1] - movers.group_start[g - n_static]
        while part < parts - 1 and done * parts >= triangles * (part + 1):
            part += 1
            part_groups[part] = k + 1
            part_start[part] = done
    while part < parts:
        part += 1
        part_groups[part] = n
        part_start[part] = triangles
    return triangles, corners
