"""From a town's triangles to those that a view can show, ready to be drawn: culling, transformation, screen planes.

Triangles are set up in homogeneous coordinates (Olano and Greer: Triangle scan conversion using 2D homogeneous
coordinates, 1997): with the corners a, b, c seen from the eye, the rows of the inverse of the matrix [a b c] are at
once the edge functions of the triangle on the screen and the planes of its barycentric coordinates over depth. So no
triangle is ever cut in pieces, not even where it passes beside or behind the eye, and an edge function depends on
nothing but the edge's two corners: two triangles that share an edge get the same numbers with opposite signs, so
every sample near the edge belongs to one of them; and to both where it is so near, or so near a corner, that rounding
would decide.

A sample is a point on the screen at which visibility is found: `scale` x `scale` of them in each pixel, at
((i + 0.5) / scale, (j + 0.5) / scale).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.scene.tables import ARROW, CROSSWALK, F4, I4, MARKING, SIGN, WALL, Geometry
from simulator.sensors.raster.lanes import LANES
from simulator.sensors.raster.view import FAR_M, NEAR_M, View

__all__ = ["BAND_PX", "FACE", "PAINT_BIAS", "SPAN", "Run", "Setup", "Workspace", "is_paint", "one_by_one", "setup_view"]

# How work is executed: all tasks, in any order, perhaps side by side, and none is left when it returns.
Run = Callable[[Sequence[Callable[[], None]]], None]

BAND_PX: Final = 8  # pixel rows that are drawn as one piece: their buffers stay in the processor's cache

# Set-up is cut into this many parts, however many threads there are, so that the result never depends on those.
_PARTS: Final = 8

# Markings lie in the same plane as the asphalt beneath; in the comparison of depths they are nearer by this part.
# A road that is true to 4 mm cannot hide them from a camera 1.5 m above it, at any distance; and of what stands on
# them they cover no more than focal * height * bias / distance: a tenth of a pixel at 20 m.
PAINT_BIAS: Final = 0.003

# What is seen under a smaller solid angle (twice that, in steradians) is flat, edge-on, or nothing but rounding:
# a hundred times double precision, and less than a thousandth of a pixel in the narrowest and finest picture.
_FLAT: Final = 1e-14

# Corners are projected in float32: rows and columns are looked at if they come this close. In samples.
_SLACK: Final = 1.0 / 128.0

# And triangles are larger by this, in samples, so that nothing shows between them where corners meet on a sample.
_OVERLAP: Final = 1e-9

_NEVER: Final = np.float64(1e30)

# What the rasteriser reads of a triangle. Row j of samples is covered from the first i >= left0_slope * j + left0_at
# (and left1 ...) up to, without, the first i >= right0_slope * j + right0_at (and right1 ...).
SPAN: Final = np.dtype(
    [
        ("left0_slope", np.float64),
        ("left0_at", np.float64),
        ("left1_slope", np.float64),
        ("left1_at", np.float64),
        ("right0_slope", np.float64),
        ("right0_at", np.float64),
        ("right1_slope", np.float64),
        ("right1_at", np.float64),
        # 1 / depth for comparison: biased for markings. At sample (i, j): z_i * i + z_j * j + z_1
        ("z_i", np.float64),
        ("z_j", np.float64),
        ("z_1", np.float64),
        # Of triangles that reach before the near plane only: the third edge on the left (or right), if there are three.
        ("third_slope", np.float64),
        ("third_at", np.float64),
        ("third_is_left", np.int32),
        ("crosses_near", np.int32),  # 1: samples with 1 / depth above 1 / NEAR_M are to be left out
        ("first_row", np.int32),  # of samples
        ("end_row", np.int32),
    ],
    align=True,
)

# What shading reads of a triangle. Planes are over pixel coordinates: 1 / depth = z_x * x + z_y * y + z_1, without
# any bias; u = (u_x * x + u_y * y + u_1) / (1 / depth). Depth is along the line of sight, in metres.
FACE: Final = np.dtype(
    [
        ("z_x", np.float32),
        ("z_y", np.float32),
        ("z_1", np.float32),
        ("u_x", np.float32),  # u and v: for MARKING, CROSSWALK, ARROW, WALL, SIGN, else 0
        ("u_y", np.float32),
        ("u_1", np.float32),
        ("v_x", np.float32),
        ("v_y", np.float32),
        ("v_1", np.float32),
        ("normal_x", np.float32),  # world
        ("normal_y", np.float32),
        ("normal_z", np.float32),
        ("material", np.int32),
        ("instance", np.int32),
        ("kind", np.int32),  # of the material
        ("label", np.int32),  # the material's, or the instance's where that is 0
    ],
    align=True,
)


class Setup(NamedTuple):
    """What a view shows, ready for raster_band. Valid until its workspace is used again.

    Triangles of part p are rows part_start[p] : part_start[p] + part_count[p] of spans and faces; the order of rows
    is the order of the geometry's triangles, the static ones first. Rows in between are unused.
    """

    camera: View
    scale: int
    width: int  # samples in a row
    height: int  # rows of samples
    band_rows: int  # rows of samples in a band; the last band may be cut off
    bands: int
    spans: NDArray[np.void]  # SPAN
    faces: NDArray[np.void]  # FACE
    part_start: I4
    part_count: I4
    band_start: I4  # [bands + 1] rows in band b: band_triangles[band_start[b] : band_start[b + 1]], rising
    band_triangles: I4


class Workspace:
    """The arrays of a set-up, kept from one frame to the next so that nothing is allocated once they are large enough.

    One for each camera that is drawn at the same time.
    """

    def __init__(self) -> None:
        self.groups = np.empty(0, np.int32)
        self.spans = np.zeros(1, SPAN)  # never empty: whoever looks up the sky's triangle with max(-1, 0) finds a row
        self.faces = np.zeros(1, FACE)
        self.corners = np.empty((_PARTS, 5, 0), np.float32)
        self.part_start = np.zeros(_PARTS + 1, np.int32)
        self.part_groups = np.zeros(_PARTS + 1, np.int32)
        self.part_count = np.zeros(_PARTS, np.int32)
        self.band_start = np.empty(0, np.int32)
        self.band_triangles = np.empty(0, np.int32)
        self._buffers: dict[int, tuple[F4, I4]] = {}

    def buffers_of(self, task: int, setup: Setup) -> tuple[F4, I4]:
        """band_buffers, kept for each of the tasks in which this camera is drawn."""
        buffers = self._buffers.get(task)
        if buffers is None or buffers[0].shape != _buffer_shape(setup):
            buffers = self._buffers[task] = band_buffers(setup)
        return buffers

    def _hold_groups(self, n_groups: int, n_bands: int) -> None:
        if len(self.groups) < n_groups:
            self.groups = np.empty(n_groups, np.int32)
        if len(self.band_start) < n_bands + 1:
            self.band_start = np.empty(n_bands + 1, np.int32)

    def _hold_triangles(self, n_triangles: int, n_corners: int) -> None:
        if len(self.spans) < n_triangles:
            self.spans = np.empty(n_triangles + n_triangles // 4, SPAN)
            self.faces = np.empty(len(self.spans), FACE)
        if self.corners.shape[2] < n_corners:
            self.corners = np.empty((_PARTS, 5, n_corners), np.float32)

    def _hold_entries(self, n_entries: int) -> None:
        if len(self.band_triangles) < n_entries:
            self.band_triangles = np.empty(n_entries + n_entries // 4, np.int32)


def band_buffers(setup: Setup) -> tuple[F4, I4]:
    """Buffers for raster_band, to be used by one thread at a time: 1 / depth and triangle, [rows, columns].

    There are a few columns more than samples in a row.
    """
    return np.empty(_buffer_shape(setup), np.float32), np.empty(_buffer_shape(setup), np.int32)


def _buffer_shape(setup: Setup) -> tuple[int, int]:
    return setup.band_rows, -(-setup.width // LANES) * LANES


def one_by_one(tasks: Sequence[Callable[[], None]]) -> None:
    """Run without threads."""
    for task in tasks:
        task()


def setup_view(
    view: View,
    static: Geometry,
    movers: Geometry,
    materials: NDArray[np.void],
    instances: NDArray[np.void],
    scale: int,
    workspace: Workspace,
    run: Run = one_by_one,
) -> Setup:
    """Cull, transform and sort into bands what `view` can see of a frame, with scale x scale samples in a pixel."""
    bands = -(-view.height // BAND_PX)
    workspace._hold_groups(len(static.nearest_m) + len(movers.nearest_m), bands)
    n_triangles, n_corners = _cull_groups(
        view, static, movers, workspace.groups, workspace.part_groups, workspace.part_start
    )
    workspace._hold_triangles(n_triangles, n_corners)
    run([partial(_setup_part, view, static, movers, materials, instances, scale, workspace, p) for p in range(_PARTS)])
    setup = _bound_setup(view, scale, bands, workspace)
    n_entries = _count_bands(setup)
    workspace._hold_entries(n_entries)
    setup = setup._replace(band_triangles=workspace.band_triangles)
    _fill_bands(setup)
    return setup


def _bound_setup(view: View, scale: int, bands: int, workspace: Workspace) -> Setup:
    return Setup(
        view,
        scale,
        view.width * scale,
        view.height * scale,
        BAND_PX * scale,
        bands,
        workspace.spans,
        workspace.faces,
        workspace.part_start,
        workspace.part_count,
        workspace.band_start,
        workspace.band_triangles,
    )


def _setup_part(
    view: View,
    static: Geometry,
    movers: Geometry,
    materials: NDArray[np.void],
    instances: NDArray[np.void],
    scale: int,
    workspace: Workspace,
    part: int,
) -> None:
    workspace.part_count[part] = _setup_groups(
        view,
        static,
        movers,
        materials,
        instances,
        scale,
        workspace.groups[workspace.part_groups[part] : workspace.part_groups[part + 1]],
        workspace.corners[part],
        workspace.spans,
        workspace.faces,
        workspace.part_start[part],
    )


@njit
def is_paint(kind):  # type: ignore[no-untyped-def]
    """Ribbons on asphalt: they lie in its plane and are drawn over it."""
    return kind in (MARKING, CROSSWALK, ARROW)


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


@njit
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
def _cull_groups(view, static, movers, groups, part_groups, part_start):  # type: ignore[no-untyped-def]
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


@njit
def _setup_groups(view, static, movers, materials, instances, scale, groups, corners, spans, faces, row):  # type: ignore[no-untyped-def]
    """Set up the triangles of these groups in rows from `row` on; returns how many rows there are."""
    n_static = len(static.nearest_m)
    end = row
    for k in range(len(groups)):
        g = groups[k]
        if g < n_static:
            end = _setup_group(view, static, g, materials, instances, scale, corners, spans, faces, end)
        else:
            end = _setup_group(view, movers, g - n_static, materials, instances, scale, corners, spans, faces, end)
    return end - row


@njit
def _transform(view, vertices, first, end, scale, corners):  # type: ignore[no-untyped-def]
    """Corners as seen from the eye (right, down, ahead) and on the screen, in samples."""
    # The eye is taken off in double precision, so that large towns are as sharp far out as in their middle.
    eye_x, eye_y, eye_z = view.eye[0], view.eye[1], view.eye[2]
    r_x, r_y, r_z = np.float32(view.axes[0, 0]), np.float32(view.axes[0, 1]), np.float32(view.axes[0, 2])
    d_x, d_y, d_z = np.float32(view.axes[1, 0]), np.float32(view.axes[1, 1]), np.float32(view.axes[1, 2])
    a_x, a_y, a_z = np.float32(view.axes[2, 0]), np.float32(view.axes[2, 1]), np.float32(view.axes[2, 2])
    focal = np.float32(view.focal_px * scale)
    middle_i = np.float32(0.5 * view.width * scale - 0.5)
    middle_j = np.float32(0.5 * view.height * scale - 0.5)
    for k in range(end - first):
        x = np.float32(np.float64(vertices[first + k, 0]) - eye_x)
        y = np.float32(np.float64(vertices[first + k, 1]) - eye_y)
        z = np.float32(np.float64(vertices[first + k, 2]) - eye_z)
        right = r_x * x + r_y * y + r_z * z
        down = d_x * x + d_y * y + d_z * z
        ahead = a_x * x + a_y * y + a_z * z
        corners[0, k] = right
        corners[1, k] = down
        corners[2, k] = ahead
        per_depth = focal / ahead
        corners[3, k] = middle_i + right * per_depth
        corners[4, k] = middle_j + down * per_depth


@njit
def _near_extent(corners, a, b, i_least, i_most, j_least, j_most, focal, middle_i, middle_j):  # type: ignore[no-untyped-def]
    """Widen an extent on the screen by where edge a-b passes the near plane, if it does."""
    z_a, z_b = np.float64(corners[2, a]), np.float64(corners[2, b])
    if (z_a < NEAR_M) != (z_b < NEAR_M):
        t = (NEAR_M - z_a) / (z_b - z_a)
        right = corners[0, a] + t * (np.float64(corners[0, b]) - corners[0, a])
        down = corners[1, a] + t * (np.float64(corners[1, b]) - corners[1, a])
        i = middle_i + focal * right / NEAR_M
        j = middle_j + focal * down / NEAR_M
        return min(i_least, i), max(i_most, i), min(j_least, j), max(j_most, j)
    return i_least, i_most, j_least, j_most


@njit
def _setup_group(view, geometry, g, materials, instances, scale, corners, spans, faces, row):  # type: ignore[no-untyped-def]
    first_vertex = geometry.vertex_start[g]
    _transform(view, geometry.vertices, first_vertex, geometry.vertex_start[g + 1], scale, corners)
    width = view.width * scale
    height = view.height * scale
    focal = view.focal_px * scale
    middle_i = 0.5 * view.width * scale - 0.5
    middle_j = 0.5 * view.height * scale - 0.5
    per_focal = 1.0 / focal
    for t in range(geometry.group_start[g], geometry.group_start[g + 1]):
        instance = geometry.instance[t]
        if instances[instance].hidden != 0:
            continue
        a = geometry.triangles[t, 0] - first_vertex
        b = geometry.triangles[t, 1] - first_vertex
        c = geometry.triangles[t, 2] - first_vertex
        ax, ay, az = np.float64(corners[0, a]), np.float64(corners[1, a]), np.float64(corners[2, a])
        bx, by, bz = np.float64(corners[0, b]), np.float64(corners[1, b]), np.float64(corners[2, b])
        cx, cy, cz = np.float64(corners[0, c]), np.float64(corners[1, c]), np.float64(corners[2, c])
        in_front = (az >= NEAR_M) + (bz >= NEAR_M) + (cz >= NEAR_M)
        if in_front == 0:
            continue
        # Where on the screen it can be.
        if in_front == 3:
            i_least = np.float64(min(corners[3, a], corners[3, b], corners[3, c]))
            i_most = np.float64(max(corners[3, a], corners[3, b], corners[3, c]))
            j_least = np.float64(min(corners[4, a], corners[4, b], corners[4, c]))
            j_most = np.float64(max(corners[4, a], corners[4, b], corners[4, c]))
        else:
            i_least, i_most, j_least, j_most = _NEVER, -_NEVER, _NEVER, -_NEVER
            for corner in (a, b, c):
                if corners[2, corner] >= NEAR_M:
                    i_least = min(i_least, np.float64(corners[3, corner]))
                    i_most = max(i_most, np.float64(corners[3, corner]))
                    j_least = min(j_least, np.float64(corners[4, corner]))
                    j_most = max(j_most, np.float64(corners[4, corner]))
            i_least, i_most, j_least, j_most = _near_extent(
                corners, a, b, i_least, i_most, j_least, j_most, focal, middle_i, middle_j
            )
            i_least, i_most, j_least, j_most = _near_extent(
                corners, b, c, i_least, i_most, j_least, j_most, focal, middle_i, middle_j
            )
            i_least, i_most, j_least, j_most = _near_extent(
                corners, c, a, i_least, i_most, j_least, j_most, focal, middle_i, middle_j
            )
        first_i = np.int64(np.ceil(max(i_least - _SLACK, 0.0)))
        first_row = np.int64(np.ceil(max(j_least - _SLACK, 0.0)))
        end_row = np.int64(np.floor(min(j_most + _SLACK, height - 1.0))) + 1
        if first_row >= end_row or first_i > np.int64(np.floor(min(i_most + _SLACK, width - 1.0))):
            continue
        # The side that is seen: outward normal against the line of sight.
        e_ax, e_ay, e_az = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        e_bx, e_by, e_bz = cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax
        e_cx, e_cy, e_cz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        volume = ax * e_ax + ay * e_ay + az * e_az
        if volume <= 0.0 or volume * volume <= _FLAT * _FLAT * (
            (ax * ax + ay * ay + az * az) * (bx * bx + by * by + bz * bz) * (cx * cx + cy * cy + cz * cz)
        ):
            continue
        span = spans[row]
        lefts, rights = 0, 0
        left0_slope, left0_at, left1_slope, left1_at = 0.0, -_NEVER, 0.0, -_NEVER
        right0_slope, right0_at, right1_slope, right1_at = 0.0, _NEVER, 0.0, _NEVER
        third_slope, third_at, third_is_left = 0.0, -_NEVER, 1
        for edge in range(3):
            if edge == 0:
                ex, ey, ez = e_ax, e_ay, e_az
            elif edge == 1:
                ex, ey, ez = e_bx, e_by, e_bz
            else:
                ex, ey, ez = e_cx, e_cy, e_cz
            at_0 = focal * ez - middle_i * ex - middle_j * ey
            if abs(ex) <= 1e-12 * abs(ey):  # level
                if ey == 0.0:  # both corners beside the eye: all of the screen is on one side of the edge
                    if ez <= 0.0:
                        end_row = first_row
                    continue
                j = min(max(-at_0 / ey, -1.0), height + 1.0)
                if ey > 0.0:
                    first_row = max(first_row, np.int64(np.ceil(j - _OVERLAP)))
                else:
                    end_row = min(end_row, np.int64(np.ceil(j + _OVERLAP)))
                continue
            slope, at = -ey / ex, -at_0 / ex
            if ex > 0.0:
                at -= _OVERLAP
                if lefts == 0:
                    left0_slope, left0_at = slope, at
                elif lefts == 1:
                    left1_slope, left1_at = slope, at
                else:
                    third_slope, third_at, third_is_left = slope, at, 1
                lefts += 1
            else:
                at += _OVERLAP
                if rights == 0:
                    right0_slope, right0_at = slope, at
                elif rights == 1:
                    right1_slope, right1_at = slope, at
                else:
                    third_slope, third_at, third_is_left = slope, at, 0
                rights += 1
        if first_row >= end_row:
            continue
        sum_x, sum_y, sum_z = e_ax + e_bx + e_cx, e_ay + e_by + e_cy, e_az + e_bz + e_cz
        per_volume = 1.0 / volume
        z_x = sum_x * per_focal * per_volume
        z_y = sum_y * per_focal * per_volume
        z_0 = sum_z * per_volume
        material = geometry.material[t]
        kind = np.int32(materials[material].kind)
        bias = 1.0
        if is_paint(kind):
            bias = 1.0 + PAINT_BIAS
        span.left0_slope, span.left0_at = left0_slope, left0_at
        span.left1_slope, span.left1_at = left1_slope, left1_at
        span.right0_slope, span.right0_at = right0_slope, right0_at
        span.right1_slope, span.right1_at = right1_slope, right1_at
        span.third_slope, span.third_at, span.third_is_left = third_slope, third_at, third_is_left
        span.z_i = z_x * bias
        span.z_j = z_y * bias
        span.z_1 = (z_0 - z_x * middle_i - z_y * middle_j) * bias
        span.first_row = first_row
        span.end_row = end_row
        span.crosses_near = in_front != 3
        face = faces[row]
        # The same planes over pixel coordinates.
        half_x = 0.5 * view.width
        half_y = 0.5 * view.height
        face.z_x = z_x * scale
        face.z_y = z_y * scale
        face.z_1 = z_0 - (z_x * half_x + z_y * half_y) * scale
        if is_paint(kind) or kind in (WALL, SIGN):
            per_pixel = per_focal * per_volume * scale
            for axis in range(2):
                at_a = np.float64(geometry.uv[t, 0, axis])
                at_b = np.float64(geometry.uv[t, 1, axis])
                at_c = np.float64(geometry.uv[t, 2, axis])
                p_x = (at_a * e_ax + at_b * e_bx + at_c * e_cx) * per_pixel
                p_y = (at_a * e_ay + at_b * e_by + at_c * e_cy) * per_pixel
                p_1 = (at_a * e_az + at_b * e_bz + at_c * e_cz) * per_volume - p_x * half_x - p_y * half_y
                if axis == 0:
                    face.u_x, face.u_y, face.u_1 = p_x, p_y, p_1
                else:
                    face.v_x, face.v_y, face.v_1 = p_x, p_y, p_1
        else:
            face.u_x, face.u_y, face.u_1 = 0.0, 0.0, 0.0
            face.v_x, face.v_y, face.v_1 = 0.0, 0.0, 0.0
        face.normal_x = geometry.normal[t, 0]
        face.normal_y = geometry.normal[t, 1]
        face.normal_z = geometry.normal[t, 2]
        face.material = material
        face.instance = instance
        face.kind = kind
        label = np.int32(materials[material].label)
        face.label = label if label != 0 else np.int32(instances[instance].label)
        row += 1
    return row


@njit
def _count_bands(setup):  # type: ignore[no-untyped-def]
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


@njit
def _fill_bands(setup):  # type: ignore[no-untyped-def]
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
