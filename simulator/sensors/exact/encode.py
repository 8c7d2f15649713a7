"""What the exact cameras write for the samples of a band, in CARLA's codings.

Images are rows of four bytes B, G, R, A; the kernels write a pixel as one little-endian number, A being the highest
byte. A sample is the middle of its pixel.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.maps.town import ROAD_LINES, ROADS, SKY
from simulator.sensors.paint import PAINTED, painted
from simulator.sensors.raster import FAR_M, NEAR_M, PAINT_BIAS, is_paint, raster_band

__all__ = ["draw_bands", "ways_back"]

_OPAQUE: Final = 0xFF000000
# A direction's -1 ... 1 is 0 ... 255. The sky has no normal: the zero vector.
_NO_NORMAL: Final = 0xFF808080
# The flow comes through a texture that holds -2 ... 2 (carla-simulator/carla, OpticalFlowCamera.cpp).
_MOST_FLOW: Final = 2.0


@njit
def draw_bands(  # type: ignore[no-untyped-def]
    setup,
    materials,
    instances,
    n_static,
    before,
    back,
    first_band,
    end_band,
    zinv,
    triangle,
    depth,
    semantic,
    instance,
    normals,
    flow,
):
    """Draw these bands and encode them into those of the images that have rows.

    depth, semantic, instance and normals are [height, width] uint32, flow is [height, width, 2] float32 and needs the
    view of the last frame and ways_back.
    """
    for band in range(first_band, end_band):
        rows = raster_band(setup, band, zinv, triangle)
        top = band * setup.band_rows
        for j in range(rows):
            if len(semantic) > 0:
                _encode_semantic(setup, materials, triangle[j], top + j, semantic[top + j])
            if len(instance) > 0:
                _encode_instance(setup, materials, instances, triangle[j], top + j, instance[top + j])
            if len(normals) > 0:
                _encode_normals(setup, triangle[j], normals[top + j])
            if len(depth) > 0 or len(flow) > 0:
                _take_off_bias(setup, zinv[j], triangle[j])
            if len(depth) > 0:
                _encode_depth(zinv[j], depth[top + j])
            if len(flow) > 0:
                _encode_flow(setup, n_static, before, back, zinv[j], triangle[j], top + j, flow[top + j])


@njit
def _end_of_run(triangle, first, width):  # type: ignore[no-untyped-def]
    """Up to where a row shows the same triangle as at `first`."""
    seen = triangle[first]
    end = first + 1
    while end < width and triangle[end] == seen:
        end += 1
    return end


@njit
def _label_at(face, materials, i, j):  # type: ignore[no-untyped-def]
    """The label of a ribbon of paint at a pixel's middle."""
    x, y = i + 0.5, j + 0.5
    depth_m = 1.0 / (face.z_x * x + face.z_y * y + face.z_1)
    u = (face.u_x * x + face.u_y * y + face.u_1) * depth_m
    v = (face.v_x * x + face.v_y * y + face.v_1) * depth_m
    if painted(face.kind, materials[face.material].p, u, v, 0.0, 0.0) > PAINTED:
        return ROAD_LINES
    return ROADS


@njit
def _encode_semantic(setup, materials, triangle, j, out):  # type: ignore[no-untyped-def]
    """R = label."""
    i = 0
    while i < setup.width:
        end = _end_of_run(triangle, i, setup.width)
        seen = triangle[i]
        if seen >= 0 and is_paint(setup.faces[seen].kind):
            for k in range(i, end):
                out[k] = _OPAQUE | _label_at(setup.faces[seen], materials, k, j) << 16
        else:
            label = setup.faces[seen].label if seen >= 0 else SKY
            for k in range(i, end):
                out[k] = _OPAQUE | label << 16
        i = end


@njit
def _encode_instance(setup, materials, instances, triangle, j, out):  # type: ignore[no-untyped-def]
    """R = label, G and B = low and high byte of the instance's number."""
    i = 0
    while i < setup.width:
        end = _end_of_run(triangle, i, setup.width)
        seen = triangle[i]
        if seen < 0:
            for k in range(i, end):
                out[k] = _OPAQUE | SKY << 16
        else:
            number = np.int64(instances[setup.faces[seen].instance].colour_id)
            colour = _OPAQUE | (number & 255) << 8 | number >> 8
            if is_paint(setup.faces[seen].kind):
                for k in range(i, end):
                    out[k] = colour | _label_at(setup.faces[seen], materials, k, j) << 16
            else:
                label = setup.faces[seen].label
                for k in range(i, end):
                    out[k] = colour | label << 16
        i = end


@njit
def _encode_normals(setup, triangle, out):  # type: ignore[no-untyped-def]
    """R, G, B = x, y, z of the normal in world axes, as since CARLA 0.9.16 (carla-simulator/carla, pull 8859)."""
    i = 0
    while i < setup.width:
        end = _end_of_run(triangle, i, setup.width)
        seen = triangle[i]
        colour = np.int64(_NO_NORMAL)
        if seen >= 0:
            face = setup.faces[seen]
            colour = (
                _OPAQUE | _unit_byte(face.normal_x) << 16 | _unit_byte(face.normal_y) << 8 | _unit_byte(face.normal_z)
            )
        for k in range(i, end):
            out[k] = colour
        i = end


@njit
def _unit_byte(x):  # type: ignore[no-untyped-def]
    return np.int64(np.float64(x) * 127.5 + 128.0)


@njit
def _take_off_bias(setup, zinv, triangle):  # type: ignore[no-untyped-def]
    """Make 1 / depth true where paint was drawn nearer than it is."""
    i = 0
    while i < setup.width:
        end = _end_of_run(triangle, i, setup.width)
        seen = triangle[i]
        if seen >= 0 and is_paint(setup.faces[seen].kind):
            for k in range(i, end):
                zinv[k] = zinv[k] * np.float32(1.0 / (1.0 + PAINT_BIAS))
        i = end


@njit
def _encode_depth(zinv, out):  # type: ignore[no-untyped-def]
    """24 bits from 0 to FAR_M, the lowest in R, the highest in B."""
    for k in range(len(out)):
        # Paint that is a little beyond FAR_M was drawn because of its bias.
        part = min(1.0 / (FAR_M * np.float64(zinv[k])), 1.0)
        code = np.uint32(part * 16777215.0 + 0.5)
        out[k] = (
            np.uint32(_OPAQUE)
            | (code & np.uint32(255)) << np.uint32(16)
            | code & np.uint32(0xFF00)
            | code >> np.uint32(16)
        )


@njit
def ways_back(now, before, instances, n_static):  # type: ignore[no-untyped-def]
    """For what stands (row 0) and each mover: from the eye's axes now to those in the last frame, [n, 12].

    A point at depth * (x, y, 1) was at depth * (row[0:9] as a matrix @ (x, y, 1) + row[9:12] / depth).
    """
    rows = np.empty((len(instances) - n_static + 1, 12), np.float64)
    motion = np.zeros((3, 4), np.float64)
    turned = np.empty((3, 3), np.float64)
    for row in range(len(rows)):
        for r in range(3):
            for c in range(4):
                motion[r, c] = instances[n_static + row - 1].motion[r, c] if row > 0 else np.float64(r == c)
        for r in range(3):
            for c in range(3):
                turned[r, c] = 0.0
                for k in range(3):
                    turned[r, c] += before.axes[r, k] * motion[k, c]
        for r in range(3):
            rows[row, 9 + r] = 0.0
            for k in range(3):
                was = motion[k, 0] * now.eye[0] + motion[k, 1] * now.eye[1] + motion[k, 2] * now.eye[2] + motion[k, 3]
                rows[row, 9 + r] += before.axes[r, k] * (was - before.eye[k])
            for c in range(3):
                rows[row, 3 * r + c] = 0.0
                for k in range(3):
                    rows[row, 3 * r + c] += turned[r, k] * now.axes[c, k]
    return rows


@njit
def _encode_flow(setup, n_static, before, back, zinv, triangle, j, out):  # type: ignore[no-untyped-def]
    """How far what is seen has come on the screen since the last frame: x to the right, y UP, in halves of the screen.

    That is Unreal's velocity, in normalised device coordinates: pixels are x * width / 2 and -y * height / 2
    (carla-simulator/carla, issue 4795). The sky is infinitely far.
    """
    per_focal = 1.0 / setup.camera.focal_px
    half_width = 0.5 * setup.camera.width
    half_height = 0.5 * setup.camera.height
    ray_y = (j + 0.5 - half_height) * per_focal
    i = 0
    while i < setup.width:
        end = _end_of_run(triangle, i, setup.width)
        seen = triangle[i]
        way = back[max(setup.faces[seen].instance - n_static + 1, 0)] if seen >= 0 else back[0]
        for k in range(i, end):
            ray_x = (k + 0.5 - half_width) * per_focal
            per_depth = np.float64(zinv[k]) if seen >= 0 else 0.0
            right = way[0] * ray_x + way[1] * ray_y + way[2] + way[9] * per_depth
            down = way[3] * ray_x + way[4] * ray_y + way[5] + way[10] * per_depth
            ahead = way[6] * ray_x + way[7] * ray_y + way[8] + way[11] * per_depth
            if ahead > NEAR_M * per_depth:
                x = (k + 0.5 - half_width - before.focal_px * right / ahead) / half_width
                y = (half_height - j - 0.5 + before.focal_px * down / ahead) / half_height
                out[k, 0] = min(max(x, -_MOST_FLOW), _MOST_FLOW)
                out[k, 1] = min(max(y, -_MOST_FLOW), _MOST_FLOW)
            else:  # it was behind the camera
                out[k, 0] = 0.0
                out[k, 1] = 0.0
        i = end
