"""The triangles of groups as a view sees them: transformation, edges, planes over the screen.

Triangles are set up in homogeneous coordinates (Olano and Greer: Triangle scan conversion using 2D homogeneous
coordinates, 1997): with the corners a, b, c seen from the eye, the rows of the inverse of the matrix [a b c] are at
once the edge functions of the triangle on the screen and the planes of its barycentric coordinates over depth. So no
triangle is ever cut in pieces, not even where it passes beside or behind the eye, and an edge function depends on
nothing but the edge's two corners: two triangles that share an edge get the same numbers with opposite signs, so
every sample near the edge belongs to one of them; and to both where it is so near, or so near a corner, that rounding
would decide.
"""

from typing import Final

import numpy as np

from simulator.kernels import lean_njit
from simulator.scene.tables import SIGN, WALL
from simulator.sensors.raster.tables import PAINT_BIAS, is_paint
from simulator.sensors.raster.view import NEAR_M

__all__ = ["setup_groups"]

# What is seen under a smaller solid angle (twice that, in steradians) is flat, edge-on, or nothing but rounding:
# a hundred times double precision, and less than a thousandth of a pixel in the narrowest and finest picture.
_FLAT: Final = 1e-14

# Corners are projected in float32: rows and columns are looked at if they come this close. In samples.
_SLACK: Final = 1.0 / 128.0

# And triangles are larger by this, in samples, so that nothing shows between them where corners meet on a sample.
_OVERLAP: Final = 1e-9

# An edge is level if it is so nearly level that it passes less than one row within all columns that there can be.
_LEVEL: Final = 1e-12

# Triangles are pieces of one surface if nothing on the screen can tell them apart: parts of a normal, of a depth, and
# metres along the surface (of a sign's face, a part of it).
_SAME_NORMAL: Final = np.float32(1e-5)
_SAME_DEPTH: Final = 2e-4
_SAME_UV: Final = 2e-3

_NEVER: Final = np.float64(1e30)


@lean_njit
def setup_groups(view, static, movers, materials, instances, scale, groups, corners, spans, faces, row):  # type: ignore[no-untyped-def]
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


@lean_njit
def _transform(view, vertices, scale, corners):  # type: ignore[no-untyped-def]
    """Corners as seen from the eye (right, down, ahead) and on the screen, in samples."""
    # The eye is taken off in double precision, so that large towns are as sharp far out as in their middle.
    eye_x, eye_y, eye_z = view.eye[0], view.eye[1], view.eye[2]
    r_x, r_y, r_z = np.float32(view.axes[0, 0]), np.float32(view.axes[0, 1]), np.float32(view.axes[0, 2])
    d_x, d_y, d_z = np.float32(view.axes[1, 0]), np.float32(view.axes[1, 1]), np.float32(view.axes[1, 2])
    a_x, a_y, a_z = np.float32(view.axes[2, 0]), np.float32(view.axes[2, 1]), np.float32(view.axes[2, 2])
    focal = np.float32(view.focal_px * scale)
    middle_i = np.float32(0.5 * view.width * scale - 0.5)
    middle_j = np.float32(0.5 * view.height * scale - 0.5)
    # Flat arrays, few in a loop, and indices that cannot be negative: else the compiler makes no vector code of it.
    flat = vertices.reshape(-1)
    to_right, to_down, to_ahead, to_i, to_j = corners[0], corners[1], corners[2], corners[3], corners[4]
    for k in range(len(vertices)):
        x = np.float32(np.float64(flat[3 * k]) - eye_x)
        y = np.float32(np.float64(flat[3 * k + 1]) - eye_y)
        z = np.float32(np.float64(flat[3 * k + 2]) - eye_z)
        right = r_x * x + r_y * y + r_z * z
        down = d_x * x + d_y * y + d_z * z
        ahead = a_x * x + a_y * y + a_z * z
        to_right[k] = right
        to_down[k] = down
        to_ahead[k] = ahead
    for k in range(len(vertices)):
        per_depth = focal / to_ahead[k]
        to_i[k] = middle_i + to_right[k] * per_depth
        to_j[k] = middle_j + to_down[k] * per_depth


@lean_njit
def _extent(corners, a, b, c, in_front, focal, middle_i, middle_j):  # type: ignore[no-untyped-def]
    """Where on the screen a triangle can be: least and greatest column and row of what is beyond the near plane."""
    if in_front == 3:
        i_least = np.float64(min(corners[3, a], corners[3, b], corners[3, c]))
        i_most = np.float64(max(corners[3, a], corners[3, b], corners[3, c]))
        j_least = np.float64(min(corners[4, a], corners[4, b], corners[4, c]))
        j_most = np.float64(max(corners[4, a], corners[4, b], corners[4, c]))
        return i_least, i_most, j_least, j_most
    i_least, i_most, j_least, j_most = _NEVER, -_NEVER, _NEVER, -_NEVER
    for this, other in ((a, b), (b, c), (c, a)):
        ahead, ahead_there = np.float64(corners[2, this]), np.float64(corners[2, other])
        if ahead >= NEAR_M:
            i, j = np.float64(corners[3, this]), np.float64(corners[4, this])
            i_least, i_most, j_least, j_most = min(i_least, i), max(i_most, i), min(j_least, j), max(j_most, j)
        if (ahead < NEAR_M) != (ahead_there < NEAR_M):  # the edge passes the near plane
            part = (NEAR_M - ahead) / (ahead_there - ahead)
            right = corners[0, this] + part * (np.float64(corners[0, other]) - corners[0, this])
            down = corners[1, this] + part * (np.float64(corners[1, other]) - corners[1, this])
            i, j = middle_i + focal * right / NEAR_M, middle_j + focal * down / NEAR_M
            i_least, i_most, j_least, j_most = min(i_least, i), max(i_most, i), min(j_least, j), max(j_most, j)
    return i_least, i_most, j_least, j_most


@lean_njit
def _setup_group(view, geometry, g, materials, instances, scale, corners, spans, faces, row):  # type: ignore[no-untyped-def]
    """Set up the triangles of a group in rows from `row` on; returns the first row after them."""
    first_row = row
    merges = scale > 1  # pictures of light; the exact cameras show each triangle as it is
    first_vertex = geometry.vertex_start[g]
    _transform(view, geometry.vertices[first_vertex : geometry.vertex_start[g + 1]], scale, corners)
    width = view.width * scale
    height = view.height * scale
    focal = view.focal_px * scale
    middle_i = 0.5 * width - 0.5
    middle_j = 0.5 * height - 0.5
    for t in range(geometry.group_start[g], geometry.group_start[g + 1]):
        if instances[geometry.instance[t]].hidden != 0:
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
        i_least, i_most, j_least, j_most = _extent(corners, a, b, c, in_front, focal, middle_i, middle_j)
        first_i = np.int64(np.ceil(max(i_least - _SLACK, 0.0)))
        first_j = np.int64(np.ceil(max(j_least - _SLACK, 0.0)))
        last_i = np.int64(np.floor(min(i_most + _SLACK, width - 1.0)))
        last_j = np.int64(np.floor(min(j_most + _SLACK, height - 1.0)))
        if first_i > last_i or first_j > last_j:
            continue
        # The edges: b x c, c x a, a x b. The volume is positive on the side that is seen.
        edge_a = (by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx)
        edge_b = (cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax)
        edge_c = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
        volume = ax * edge_a[0] + ay * edge_a[1] + az * edge_a[2]
        if volume <= 0.0 or volume * volume <= _FLAT * _FLAT * (
            (ax * ax + ay * ay + az * az) * (bx * bx + by * by + bz * bz) * (cx * cx + cy * cy + cz * cz)
        ):
            continue
        span = spans[row]
        span.first_row = first_j
        span.end_row = last_j + 1
        span.crosses_near = in_front != 3
        _write_edges(span, (edge_a, edge_b, edge_c), focal, middle_i, middle_j, height)
        if span.first_row < span.end_row:
            _write_planes(
                span, faces[row], view, geometry, t, materials, instances, scale, edge_a, edge_b, edge_c, volume
            )
            span.face = row
            if merges and row > first_row and in_front == 3:
                before = spans[row - 1].face
                if _is_same_surface(faces[before], faces[row], geometry, t, corners, (a, b, c), scale):
                    span.face = before
            row += 1
    return row


@lean_njit
def _is_same_surface(before, face, geometry, t, corners, abc, scale):  # type: ignore[no-untyped-def]
    """Whether a face that was set up before looks, at the corners of this triangle, as its own face does.

    Two triangles that make a rectangle do: shading then finds one surface, and not an edge across it.
    """
    if before.material != face.material or before.instance != face.instance:
        return False
    turn_x, turn_y = before.normal_x - face.normal_x, before.normal_y - face.normal_y
    turn_z = before.normal_z - face.normal_z
    if max(abs(turn_x), abs(turn_y), abs(turn_z)) > _SAME_NORMAL:
        return False
    has_uv = is_paint(face.kind) or face.kind in (WALL, SIGN)
    for corner in range(3):
        k = abc[corner]
        depth = np.float64(corners[2, k])
        x, y = (np.float64(corners[3, k]) + 0.5) / scale, (np.float64(corners[4, k]) + 0.5) / scale
        if abs((before.z_x * x + before.z_y * y + before.z_1) * depth - 1.0) > _SAME_DEPTH:
            return False
        if has_uv:
            u = (before.u_x * x + before.u_y * y + before.u_1) * depth
            v = (before.v_x * x + before.v_y * y + before.v_1) * depth
            if max(abs(u - geometry.uv[t, corner, 0]), abs(v - geometry.uv[t, corner, 1])) > _SAME_UV:
                return False
    return True


@lean_njit
def _write_edges(span, edges, focal, middle_i, middle_j, height):  # type: ignore[no-untyped-def]
    """Where the edges pass the rows of samples; level edges cut off rows instead."""
    lefts, rights = 0, 0
    span.left0_slope, span.left0_at, span.left1_slope, span.left1_at = 0.0, -_NEVER, 0.0, -_NEVER
    span.right0_slope, span.right0_at, span.right1_slope, span.right1_at = 0.0, _NEVER, 0.0, _NEVER
    span.third_slope, span.third_at, span.third_is_left = 0.0, -_NEVER, 1
    for x, y, z in edges:
        # Inside: x * i + y * j + constant >= 0.
        constant = focal * z - middle_i * x - middle_j * y
        if abs(x) <= _LEVEL * abs(y):
            if y > 0.0:
                top = min(max(-constant / y, -1.0), height + 1.0)
                span.first_row = max(span.first_row, np.int64(np.ceil(top - _OVERLAP)))
            elif y < 0.0:
                bottom = min(max(-constant / y, -1.0), height + 1.0)
                span.end_row = min(span.end_row, np.int64(np.ceil(bottom + _OVERLAP)))
            elif z <= 0.0:  # both corners beside the eye: all of the screen is on one side of the edge
                span.end_row = span.first_row
            continue
        slope, at = -y / x, -constant / x
        if x > 0.0:
            at -= _OVERLAP
            if lefts == 0:
                span.left0_slope, span.left0_at = slope, at
            elif lefts == 1:
                span.left1_slope, span.left1_at = slope, at
            else:
                span.third_slope, span.third_at, span.third_is_left = slope, at, 1
            lefts += 1
        else:
            at += _OVERLAP
            if rights == 0:
                span.right0_slope, span.right0_at = slope, at
            elif rights == 1:
                span.right1_slope, span.right1_at = slope, at
            else:
                span.third_slope, span.third_at, span.third_is_left = slope, at, 0
            rights += 1


@lean_njit
def _write_planes(span, face, view, geometry, t, materials, instances, scale, edge_a, edge_b, edge_c, volume):  # type: ignore[no-untyped-def]
    """1 / depth, u / depth and v / depth over the screen, and all else that shading reads of a triangle."""
    material = geometry.material[t]
    instance = geometry.instance[t]
    kind = np.int32(materials[material].kind)
    label = np.int32(materials[material].label)
    per_volume = 1.0 / volume
    per_pixel = per_volume / view.focal_px
    half_x, half_y = 0.5 * view.width, 0.5 * view.height
    z_x, z_y, z_1 = _plane(edge_a, edge_b, edge_c, 1.0, 1.0, 1.0, per_pixel, per_volume, half_x, half_y)
    # Over samples, whose middles are at (i + 0.5) / scale.
    bias = 1.0 + PAINT_BIAS if is_paint(kind) else 1.0
    half = 0.5 / scale
    span.z_i = z_x / scale * bias
    span.z_j = z_y / scale * bias
    span.z_1 = (z_1 + (z_x + z_y) * half) * bias
    face.z_x, face.z_y, face.z_1 = z_x, z_y, z_1
    face.u_x, face.u_y, face.u_1 = 0.0, 0.0, 0.0
    face.v_x, face.v_y, face.v_1 = 0.0, 0.0, 0.0
    if is_paint(kind) or kind in (WALL, SIGN):
        a, b, c = np.float64(geometry.uv[t, 0, 0]), np.float64(geometry.uv[t, 1, 0]), np.float64(geometry.uv[t, 2, 0])
        face.u_x, face.u_y, face.u_1 = _plane(edge_a, edge_b, edge_c, a, b, c, per_pixel, per_volume, half_x, half_y)
        a, b, c = np.float64(geometry.uv[t, 0, 1]), np.float64(geometry.uv[t, 1, 1]), np.float64(geometry.uv[t, 2, 1])
        face.v_x, face.v_y, face.v_1 = _plane(edge_a, edge_b, edge_c, a, b, c, per_pixel, per_volume, half_x, half_y)
    face.normal_x = geometry.normal[t, 0]
    face.normal_y = geometry.normal[t, 1]
    face.normal_z = geometry.normal[t, 2]
    face.material = material
    face.instance = instance
    face.kind = kind
    face.label = label if label != 0 else np.int32(instances[instance].label)


@lean_njit
def _plane(edge_a, edge_b, edge_c, a, b, c, per_pixel, per_volume, half_x, half_y):  # type: ignore[no-untyped-def]
    """What is a, b and c at the corners, over depth: its change from pixel to pixel, and at the left upper corner."""
    x = (a * edge_a[0] + b * edge_b[0] + c * edge_c[0]) * per_pixel
    y = (a * edge_a[1] + b * edge_b[1] + c * edge_c[1]) * per_pixel
    middle = (a * edge_a[2] + b * edge_b[2] + c * edge_c[2]) * per_volume
    return x, y, middle - x * half_x - y * half_y
