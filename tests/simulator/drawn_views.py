"""Views of drawn triangles, and which of them is seen where by the slow and plain way."""

from math import radians
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import Frame
from simulator.sensors.raster import FAR_M, NEAR_M, Run, Setup, View, Workspace, band_buffers, one_by_one, setup_view
from simulator.sensors.raster.bands import raster_band
from simulator.world.pose import Pose


class Seen(NamedTuple):
    setup: Setup
    face: NDArray[np.int32]  # [rows, columns] row in setup.faces, -1 for the sky
    instance: NDArray[np.int32]  # -1 for the sky
    zinv: NDArray[np.float32]


def see(frame: Frame, view: View, scale: int = 1, workspace: Workspace | None = None, run: Run = one_by_one) -> Seen:
    workspace = workspace or Workspace()
    setup = setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, scale, workspace, run)
    zinv, face = band_buffers(setup)
    bands = []
    for band in range(setup.bands):
        rows = raster_band(setup, band, zinv, face)
        bands.append((zinv[:rows, : setup.width].copy(), face[:rows, : setup.width].copy()))
    all_zinv = np.concatenate([band[0] for band in bands])
    all_faces = np.concatenate([band[1] for band in bands])
    instance = np.where(all_faces >= 0, setup.faces["instance"][np.maximum(all_faces, 0)], -1)
    return Seen(setup, all_faces, instance, all_zinv)


def rays(view: View, scale: int = 1) -> NDArray[np.float64]:
    """World directions of all samples, [rows, columns, 3]; one unit of their length is one metre of depth."""
    x = ((np.arange(view.width * scale) + 0.5) / scale - view.width / 2) / view.focal_px
    y = ((np.arange(view.height * scale) + 0.5) / scale - view.height / 2) / view.focal_px
    right, down, ahead = view.axes
    return x[None, :, None] * right + y[:, None, None] * down + ahead


class Cast(NamedTuple):
    number: NDArray[np.int64]  # the nearest triangle, -1 for none
    depth: NDArray[np.float64]  # inf for none
    clear: NDArray[np.bool_]  # no edge is near, nor another triangle at almost the same depth


def cast(corners: NDArray[np.floating], view: View, scale: int = 1) -> Cast:
    """One ray through each sample against each triangle."""
    directions = rays(view, scale)
    shape = directions.shape[:2]
    number = np.full(shape, -1)
    depth, second = np.full(shape, np.inf), np.full(shape, np.inf)
    clear = np.ones(shape, bool)
    for k, (a, b, c) in enumerate(np.asarray(corners, float)):
        u, v = b - a, c - a
        normal = np.cross(u, v)
        height_m = normal @ (view.eye - a)
        if height_m <= 0.0:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            t = -height_m / (directions @ normal)
            place = view.eye + t[..., None] * directions - a
            area = normal @ normal
            first = np.cross(place, v) @ normal / area
            other = np.cross(u, place) @ normal / area
            least = np.minimum(np.minimum(first, other), 1.0 - first - other)
            # How far the edge is, in samples: by how much the coordinates change from one to the next.
            step = sum(np.abs(np.gradient(least, axis=axis)) if shape[axis] > 1 else 1e-3 for axis in (0, 1))
            in_reach = (t > 0.0) & np.isfinite(t)
            clear &= ~(in_reach & ((np.abs(least) < 0.02 * step + 1e-6) | (np.abs(t / NEAR_M - 1.0) < 1e-3)))
            clear &= ~(in_reach & (np.abs(t / FAR_M - 1.0) < 1e-3) & (least > -1e-3))
        met = in_reach & (least >= 0.0) & (t >= NEAR_M) & (t <= FAR_M)
        nearer = met & (t < depth)
        second = np.where(nearer, depth, np.where(met, np.minimum(second, t), second))
        depth = np.where(nearer, t, depth)
        number[nearer] = k
    with np.errstate(invalid="ignore"):
        clear &= ~(second / depth < 1.0 + 1e-4)
    return Cast(number, depth, clear)


def degrees(x: float, y: float, z: float, roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0) -> Pose:
    return Pose(x, y, z, radians(roll), radians(pitch), radians(yaw))
