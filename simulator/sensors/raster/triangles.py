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

from simulator.kernels import njit
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

_NEVER: Final = np.float64(1e30)


@njit
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


@njit
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
    _transform(view, geometry.vertices[first_vertex : geometry.vertex_start[g + 1]], scale, corners)
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
