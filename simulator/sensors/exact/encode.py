"""What the exact cameras write for the samples of a band, in CARLA's codings.

Images are rows of four bytes B, G, R, A; the kernels write a pixel as one little-endian number, A being the highest
byte. A sample is the middle of its pixel.
"""

from typing import Final

import numpy as np

from simulator.kernels import lean_njit, njit
from simulator.maps.town import ROAD_LINES, ROADS, SKY
from simulator.sensors.paint import painted
from simulator.sensors.raster.bands import raster_band
from simulator.sensors.raster.tables import PAINT_BIAS, is_paint
from simulator.sensors.raster.view import FAR_M, NEAR_M

__all__ = ["draw_bands", "ways_back"]

_OPAQUE: Final = np.uint32(0xFF000000)
# A direction's -1 ... 1 is 0 ... 255. The sky has no normal: the zero vector.
_NO_NORMAL: Final = np.uint32(0xFF808080)
# The flow comes through a texture that holds -2 ... 2 (carla-simulator/carla, OpticalFlowCamera.cpp).
_MOST_FLOW: Final = np.float32(2.0)


@lean_njit
def draw_bands(  # type: ignore[no-untyped-def]
    setup,
    materials,
    instances,
    n_static,
    ways,
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

    depth, semantic, instance and normals are [height, width] uint32, flow is [height, 2 * width] float32 and needs
    ways_back.
    """
    for band in range(first_band, end_band):
        rows = raster_band(setup, band, zinv, triangle)
        top = band * setup.band_rows
        if len(semantic) > 0:
            _encode_labels(setup, materials, instances, False, triangle, top, rows, semantic)
        if len(instance) > 0:
            _encode_labels(setup, materials, instances, True, triangle, top, rows, instance)
        if len(normals) > 0:
            _encode_normals(setup, triangle, top, rows, normals)
        if len(depth) > 0 or len(flow) > 0:
            _take_off_bias(setup, zinv, triangle, rows)
        if len(depth) > 0:
            _encode_depth(zinv, top, rows, depth)
        if len(flow) > 0:
            _encode_flow(setup, n_static, ways, zinv, triangle, top, rows, flow)


@lean_njit
def _label_at(face, materials, i, j):  # type: ignore[no-untyped-def]
    """The label of a ribbon of paint at a pixel's middle."""
    x, y = i + 0.5, j + 0.5
    depth_m = 1.0 / (face.z_x * x + face.z_y * y + face.z_1)
    u = (face.u_x * x + face.u_y * y + face.u_1) * depth_m
    v = (face.v_x * x + face.v_y * y + face.v_1) * depth_m
    if painted(face.kind, materials[face.material].p, u, v):
        return np.uint32(ROAD_LINES)
    return np.uint32(ROADS)


@lean_njit
def _encode_labels(setup, materials, instances, numbered, triangles, top, rows, out):  # type: ignore[no-untyped-def]
    """R = label; if numbered, G and B = low and high byte of the instance's number."""
    for row in range(rows):
        j = top + row
        last = np.int32(-1)
        colour = _OPAQUE | np.uint32(SKY << 16)
        paint = False
        for i in range(setup.width):
            seen = triangles[row, i]
            if seen != last:
                last = seen
                label = np.uint32(SKY)
                number = np.uint32(0)
                paint = False
                if seen >= 0:
                    face = setup.faces[seen]
                    label = np.uint32(face.label)
                    paint = is_paint(face.kind)
                    if numbered:
                        number = np.uint32(instances[face.instance].colour_id)
                rest = _OPAQUE | (number & np.uint32(255)) << np.uint32(8) | number >> np.uint32(8)
                colour = rest | label << np.uint32(16)
            if paint:
                out[j, i] = rest | _label_at(setup.faces[seen], materials, i, j) << np.uint32(16)
            else:
                out[j, i] = colour


@lean_njit
def _encode_normals(setup, triangles, top, rows, out):  # type: ignore[no-untyped-def]
    """R, G, B = x, y, z of the normal in world axes, as since CARLA 0.9.16 (carla-simulator/carla, pull 8859)."""
    for row in range(rows):
        last = np.int32(-1)
        colour = _NO_NORMAL
        for i in range(setup.width):
            seen = triangles[row, i]
            if seen != last:
                last = seen
                colour = _NO_NORMAL
                if seen >= 0:
                    face = setup.faces[seen]
                    red, green, blue = _byte(face.normal_x), _byte(face.normal_y), _byte(face.normal_z)
                    colour = _OPAQUE | red << np.uint32(16) | green << np.uint32(8) | blue
            out[top + row, i] = colour


@lean_njit
def _byte(part):  # type: ignore[no-untyped-def]
    """0 ... 255 for -1 ... 1."""
    return np.uint32(np.float64(part) * 127.5 + 128.0)


@lean_njit
def _take_off_bias(setup, zinv, triangles, rows):  # type: ignore[no-untyped-def]
    """Make 1 / depth true where paint was drawn nearer than it is."""
    for row in range(rows):
        last = np.int32(-1)
        paint = False
        for i in range(setup.width):
            seen = triangles[row, i]
            if seen != last:
                last = seen
                paint = seen >= 0 and is_paint(setup.faces[seen].kind)
            if paint:
                zinv[row, i] *= np.float32(1.0 / (1.0 + PAINT_BIAS))


@lean_njit
def _encode_depth(zinv, top, rows, out):  # type: ignore[no-untyped-def]
    """24 bits from 0 to FAR_M, the lowest in R, the highest in B."""
    for row in range(rows):
        pixels = out[top + row]
        per_depth = zinv[row]
        for i in range(len(pixels)):
            # Paint a little beyond FAR_M may have been drawn because of its bias.
            part = min(1.0 / (FAR_M * np.float64(per_depth[i])), 1.0)
            code = np.uint32(part * 16777215.0 + 0.5)
            low, high = code & np.uint32(255), code >> np.uint32(16)
            pixels[i] = _OPAQUE | low << np.uint32(16) | code & np.uint32(0xFF00) | high


@njit
def ways_back(now, before, instances, n_static):  # type: ignore[no-untyped-def]
    """How what stands (row 0) and each mover (row 1 ...) has come to where it is before the camera, [n, 12].

    In the axes of the camera, what is now at depth * (x, y, 1) was in the last frame at
    depth * ((x, y, 1) + row[0:9] as a matrix @ (x, y, 1) + row[9:12] / depth).
    """
    ways = np.empty((len(instances) - n_static + 1, 12), np.float32)
    motion = np.zeros((3, 4), np.float64)
    for k in range(3):
        motion[k, k] = 1.0
    turned = np.empty((3, 3), np.float64)
    for row in range(len(ways)):
        if row > 0:
            for r in range(3):
                for c in range(4):
                    motion[r, c] = instances[n_static + row - 1].motion[r, c]
        for r in range(3):
            for c in range(3):
                turned[r, c] = 0.0
                for k in range(3):
                    turned[r, c] += before.axes[r, k] * motion[k, c]
        for r in range(3):
            for c in range(3):
                ways[row, 3 * r + c] = (
                    turned[r, 0] * now.axes[c, 0]
                    + turned[r, 1] * now.axes[c, 1]
                    + turned[r, 2] * now.axes[c, 2]
                    - (1.0 if r == c else 0.0)
                )
            shift = 0.0
            for k in range(3):
                was = motion[k, 0] * now.eye[0] + motion[k, 1] * now.eye[1] + motion[k, 2] * now.eye[2] + motion[k, 3]
                shift += before.axes[r, k] * (was - before.eye[k])
            ways[row, 9 + r] = shift
    return ways


@lean_njit
def _encode_flow(setup, n_static, ways, zinv, triangles, top, rows, out):  # type: ignore[no-untyped-def]
    """How far what is seen has come on the screen since the last frame: x to the right, y UP, in halves of the screen.

    That is Unreal's velocity, in normalised device coordinates: pixels are x * width / 2 and -y * height / 2
    (carla-simulator/carla, issue 4795). The sky is infinitely far. Changes zinv.
    """
    for row in range(rows):
        j = top + row
        last = triangles[row, 0]
        way = _way_of(setup, n_static, last)
        first = 0
        for i in range(setup.width):
            seen = triangles[row, i]
            if seen != last:
                last = seen
                other = _way_of(setup, n_static, seen)
                if other != way:
                    _flow_of_run(setup.camera, ways[way], first, j, zinv[row, first:i], out[j, 2 * first : 2 * i])
                    first, way = i, other
            if seen < 0:
                zinv[row, i] = 0.0
        rest = zinv[row, first : setup.width]
        _flow_of_run(setup.camera, ways[way], first, j, rest, out[j, 2 * first :])


@lean_njit
def _way_of(setup, n_static, seen):  # type: ignore[no-untyped-def]
    return max(setup.faces[seen].instance - n_static + 1, 0) if seen >= 0 else 0


@lean_njit
def _flow_of_run(camera, way, first, j, zinv, out):  # type: ignore[no-untyped-def]
    """The same for pixels first ... of row j, which have come the same way."""
    # Differences of places all the way, so that single precision is enough: what stands still has a flow of nothing.
    one, nothing = np.float32(1.0), np.float32(0.0)
    nearest = np.float32(NEAR_M)
    a_0, a_1, a_2, a_3, a_4, a_5, a_6, a_7, a_8 = way[0], way[1], way[2], way[3], way[4], way[5], way[6], way[7], way[8]
    b_0, b_1, b_2 = way[9], way[10], way[11]
    per_focal = np.float32(1.0 / camera.focal_px)
    left = np.float32(first + 0.5 - 0.5 * camera.width)
    to_x = np.float32(-2.0 * camera.focal_px / camera.width)
    to_y = np.float32(2.0 * camera.focal_px / camera.height)
    ray_y = np.float32((j + 0.5 - 0.5 * camera.height) / camera.focal_px)
    for k in range(len(zinv)):
        ray_x = (np.float32(k) + left) * per_focal
        per_depth = zinv[k]
        farther = a_6 * ray_x + a_7 * ray_y + a_8 + b_2 * per_depth
        right = a_0 * ray_x + a_1 * ray_y + a_2 + b_0 * per_depth - ray_x * farther
        down = a_3 * ray_x + a_4 * ray_y + a_5 + b_1 * per_depth - ray_y * farther
        ahead = one + farther
        was_seen = ahead > nearest * per_depth  # not behind the camera
        x = min(max(to_x * right / ahead, -_MOST_FLOW), _MOST_FLOW)
        y = min(max(to_y * down / ahead, -_MOST_FLOW), _MOST_FLOW)
        out[2 * k] = x if was_seen else nothing
        out[2 * k + 1] = y if was_seen else nothing
