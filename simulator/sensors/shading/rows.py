"""Light and colour of the rows of a picture: from the samples of a band to pixels.

A row of pixels is cut into runs, each the stretch of pixels in which one triangle has samples; at its ends a pixel may
belong to it by a part, and two or more runs then share that pixel. So every triangle is shaded once in a pixel, at the
pixel's middle, and the edges between triangles come out smooth. What changes slowly (the light that falls on a place,
shadow, fog) is worked out at knots a few pixels apart and goes evenly from one to the next; what changes fast (paint,
grain, windows) for each pixel.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.scene.tables import (
    ARROW,
    CLOTH,
    CROSSWALK,
    F4,
    FOLIAGE,
    GLASS,
    GRASS,
    LAMP,
    LAST_GROUND,
    MARKING,
    PAINT,
    PLAIN,
    ROOF,
    SIDEWALK,
    SIGN,
    U1,
    WALL,
)
from simulator.sensors.paint import painted
from simulator.sensors.raster.bands import raster_band
from simulator.sensors.shading.casters import caster_row
from simulator.sensors.shading.shadows import SHADE_LEVELS, TownShade, clear_of_shadow, ground_lit
from simulator.sensors.shading.sky import sky_at
from simulator.sensors.shading.tiles import FINE, LEVELS, PATCHES, SIDE, SLABS, TILE_M, TURF, bilinear
from simulator.sensors.shading.tone import tone_row
from simulator.sensors.shading.weather import Light

__all__ = ["Look", "draw_bands"]

_SKY_STEP: Final = 8  # pixels between the places where the sky is read from its map
_MOST_PARTS: Final = 4  # samples of a pixel
_FAR_INVERSE = np.float32(1.0 / 4000.0)
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_QUARTER = np.float32(0.25)
_PER_TEXEL = np.float32(SIDE / TILE_M)
_TEXEL_M = np.float32(TILE_M / SIDE)
_PATCH_SCALE = np.float32(SIDE / 110.0)
_SHADE_CELL_M = np.float32(0.25)
_ASPHALT_R, _ASPHALT_G, _ASPHALT_B = np.float32(0.094), np.float32(0.094), np.float32(0.098)
_FAR_GROUND_R, _FAR_GROUND_G, _FAR_GROUND_B = np.float32(0.085), np.float32(0.115), np.float32(0.055)


class Look(NamedTuple):
    """All that a view is drawn from, beside its set-up."""

    materials: NDArray[np.void]
    instances: NDArray[np.void]
    signs: F4  # [page, texels of all levels, 3] linear light
    sign_side: int  # texels of level 0's side
    light: Light
    dome: F4
    tiles: U1
    shade: TownShade
    shadows: NDArray[np.void]  # SHADOW
    n_shadows: int
    fog_colour: F4  # [width, 3] of each column's horizon


@njit
def _fade(x):  # type: ignore[no-untyped-def]
    """exp(-x) for x >= 0, to 1 %, by arithmetic that is the same everywhere."""
    a = x * np.float32(0.125)
    q = _ONE / (_ONE + a + _HALF * a * a)
    q *= q
    q *= q
    return q * q


@njit
def _find_runs(top, bottom, width, weight, run_triangle, run_first, run_end, run_slot):  # type: ignore[no-untyped-def]
    """Cut a row of pixels (two rows of samples) into runs; weight[slot, x] is how many samples of pixel x it has."""
    top2 = top.view(np.int64)
    bottom2 = bottom.view(np.int64)
    open_triangle = np.empty(_MOST_PARTS, np.int32)
    open_first = np.zeros(_MOST_PARTS, np.int64)
    is_open = np.zeros(_MOST_PARTS, np.uint8)
    here = np.empty(_MOST_PARTS, np.int32)
    count = np.zeros(_MOST_PARTS, np.int64)
    n = 0
    x = 0
    while x < width:
        pair = top2[x]
        first = np.int32(pair & 0xFFFFFFFF)
        if pair == bottom2[x] and first == np.int32(pair >> 32):
            # One triangle: and for how many pixels?
            start = x
            x += 1
            while x < width and top2[x] == pair and bottom2[x] == pair:
                x += 1
            slot = -1
            for k in range(_MOST_PARTS):
                if is_open[k] != 0:
                    if open_triangle[k] == first:
                        slot = k
                    else:
                        run_triangle[n], run_first[n] = open_triangle[k], open_first[k]
                        run_end[n], run_slot[n] = start, k
                        n += 1
                        is_open[k] = 0
            if slot < 0:
                slot = 0
                is_open[0], open_triangle[0], open_first[0] = 1, first, start
            for k in range(start, x):
                weight[slot, k] = 4
            continue
        parts = 0
        for k in range(_MOST_PARTS):
            row = top if k < 2 else bottom
            triangle = row[2 * x + (k & 1)]
            known = -1
            for m in range(parts):
                if here[m] == triangle:
                    known = m
            if known < 0:
                here[parts] = triangle
                count[parts] = 1
                parts += 1
            else:
                count[known] += 1
        for k in range(_MOST_PARTS):
            if is_open[k] != 0:
                found = False
                for m in range(parts):
                    if here[m] == open_triangle[k]:
                        found = True
                if not found:
                    run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], x, k
                    n += 1
                    is_open[k] = 0
        for m in range(parts):
            slot = -1
            for k in range(_MOST_PARTS):
                if is_open[k] != 0 and open_triangle[k] == here[m]:
                    slot = k
            if slot < 0:
                for k in range(_MOST_PARTS):
                    if is_open[k] == 0:
                        slot = k
                        break
                is_open[slot], open_triangle[slot], open_first[slot] = 1, here[m], x
            weight[slot, x] = count[m]
        x += 1
    for k in range(_MOST_PARTS):
        if is_open[k] != 0:
            run_triangle[n], run_first[n], run_end[n], run_slot[n] = open_triangle[k], open_first[k], width, k
            n += 1
    return n


@njit
def _sky_line(view, light, dome, y, line):  # type: ignore[no-untyped-def]
    """The sky, and the ground beyond everything that is drawn, along a line of the picture, every _SKY_STEP pixels."""
    focal = np.float32(view.focal_px)
    middle_x, middle_y = np.float32(0.5 * view.width), np.float32(0.5 * view.height)
    height = max(np.float32(view.eye[2]), _ONE)
    lit = max(light.to_sun_z, _ZERO)
    ground_r = _FAR_GROUND_R * (light.sky_r + light.sun_r * lit)
    ground_g = _FAR_GROUND_G * (light.sky_g + light.sun_g * lit)
    ground_b = _FAR_GROUND_B * (light.sky_b + light.sun_b * lit)
    down = (np.float32(y) - middle_y) / focal
    for k in range(line.shape[1]):
        right = (np.float32(k * _SKY_STEP) - middle_x) / focal
        x = np.float32(view.axes[2, 0]) + np.float32(view.axes[0, 0]) * right + np.float32(view.axes[1, 0]) * down
        y_ = np.float32(view.axes[2, 1]) + np.float32(view.axes[0, 1]) * right + np.float32(view.axes[1, 1]) * down
        z = np.float32(view.axes[2, 2]) + np.float32(view.axes[0, 2]) * right + np.float32(view.axes[1, 2]) * down
        scale = _ONE / np.sqrt(x * x + y_ * y_ + z * z)
        x, y_, z = x * scale, y_ * scale, z * scale
        r, g, b = sky_at(dome, x, y_, z)
        if z < _ZERO:
            part = _fade(light.fog_per_m * height / max(-z, np.float32(1e-4)))
            r += (ground_r - r) * part
            g += (ground_g - g) * part
            b += (ground_b - b) * part
        line[0, k], line[1, k], line[2, k] = r, g, b


@njit
def _add_sky(first, end, part, lines, weight, sum_r, sum_g, sum_b):  # type: ignore[no-untyped-def]
    """Add sky to pixels, between two lines of it: `part` of the way from the upper to the lower one."""
    for step in range(first // _SKY_STEP, (end - 1) // _SKY_STEP + 1):
        r0 = lines[0, 0, step] + (lines[1, 0, step] - lines[0, 0, step]) * part
        g0 = lines[0, 1, step] + (lines[1, 1, step] - lines[0, 1, step]) * part
        b0 = lines[0, 2, step] + (lines[1, 2, step] - lines[0, 2, step]) * part
        r1 = lines[0, 0, step + 1] + (lines[1, 0, step + 1] - lines[0, 0, step + 1]) * part
        g1 = lines[0, 1, step + 1] + (lines[1, 1, step + 1] - lines[0, 1, step + 1]) * part
        b1 = lines[0, 2, step + 1] + (lines[1, 2, step + 1] - lines[0, 2, step + 1]) * part
        dr, dg, db = (r1 - r0) / np.float32(8.0), (g1 - g0) / np.float32(8.0), (b1 - b0) / np.float32(8.0)
        at = step * _SKY_STEP
        for x in range(max(first, at), min(end, at + _SKY_STEP)):
            t = np.float32(x - at) + _HALF
            w = np.float32(weight[x]) * _QUARTER
            sum_r[x] += w * (r0 + dr * t)
            sum_g[x] += w * (g0 + dg * t)
            sum_b[x] += w * (b0 + db * t)


@njit
def _add_sun(view, light, y, first, end, weight, sum_r, sum_g, sum_b):  # type: ignore[no-untyped-def]
    """The sun's disc, with a soft edge."""
    ahead = view.axes[2, 0] * light.to_sun_x + view.axes[2, 1] * light.to_sun_y + view.axes[2, 2] * light.to_sun_z
    if ahead < 0.05:
        return
    right = view.axes[0, 0] * light.to_sun_x + view.axes[0, 1] * light.to_sun_y + view.axes[0, 2] * light.to_sun_z
    down = view.axes[1, 0] * light.to_sun_x + view.axes[1, 1] * light.to_sun_y + view.axes[1, 2] * light.to_sun_z
    at_x = np.float32(0.5 * view.width + view.focal_px * right / ahead)
    at_y = np.float32(0.5 * view.height + view.focal_px * down / ahead)
    radius = np.float32(view.focal_px * 0.05 / ahead)
    dy = np.float32(y) + _HALF - at_y
    if abs(dy) >= radius:
        return
    for x in range(max(first, np.int64(at_x - radius)), min(end, np.int64(at_x + radius) + 1)):
        dx = np.float32(x) + _HALF - at_x
        near = _ONE - (dx * dx + dy * dy) / (radius * radius)
        if near > _ZERO:
            disc = min(max((near - np.float32(0.90)) * np.float32(16.0), _ZERO), _ONE)
            shine = (np.float32(0.5) * near * near * near * near + np.float32(6.0) * disc) * np.float32(weight[x])
            sum_r[x] += _QUARTER * shine * light.sun_r
            sum_g[x] += _QUARTER * shine * light.sun_g
            sum_b[x] += _QUARTER * shine * light.sun_b


@njit
def _level_of(footprint, texel, most):  # type: ignore[no-untyped-def]
    """Of a chain of ever smaller copies the one whose texels are about as large as the footprint."""
    level = 0
    size = footprint / texel
    while size > np.float32(1.5) and level < most:
        size *= _HALF
        level += 1
    return level


@njit
def _texture_row(chain, footprint, scale, first, end, at_x, at_y, out):  # type: ignore[no-untyped-def]
    """out[first:end] = the texture at places, read so coarsely as the footprint asks for."""
    level = _level_of(footprint * scale, _ONE, LEVELS - 1)
    start = 0
    for k in range(level):
        start += (SIDE >> k) * (SIDE >> k)
    side = SIDE >> level
    scale = scale / np.float32(1 << level)
    for x in range(first, end):
        out[x] = bilinear(chain, start, side, at_x[x] * scale - _HALF, at_y[x] * scale - _HALF)


@njit
def _windows(offset, width, period, low, high):  # type: ignore[no-untyped-def]
    """Share of [offset - width / 2, offset + width / 2] in [low, high) of each period."""
    a = (offset - _HALF * width) / period
    b = (offset + _HALF * width) / period
    whole_a, whole_b = np.floor(a), np.floor(b)
    before = whole_a * (high - low) + min(max(a - whole_a - low, _ZERO), high - low)
    upto = whole_b * (high - low) + min(max(b - whole_b - low, _ZERO), high - low)
    return (upto - before) * period / width


@njit
def _mixed(i, j, salt):  # type: ignore[no-untyped-def]
    """A number in [0, 1) that belongs to a window."""
    z = (
        np.int64(i) * 374761393 + np.int64(j) * 668265263 + np.int64(salt * np.float32(1048576.0)) * 69069
    ) & 0xFFFFFFFF
    z = ((z ^ (z >> 13)) * 1274126177) & 0xFFFFFFFF
    return np.float32((z >> 8) & 0xFFFF) * np.float32(1.0 / 65536.0)


@njit
def draw_bands(setup, view, look, first_band, end_band, zinv, triangle, pixels):  # type: ignore[no-untyped-def]
    """Draw these bands of a view with 2 x 2 samples a pixel into pixels [height, width]."""
    width = view.width
    light = look.light
    sums = np.empty((3, width), np.float32)
    weight = np.empty((_MOST_PARTS, width), np.uint8)
    run_triangle = np.empty(4 * width + 4, np.int32)
    run_first = np.empty(4 * width + 4, np.int64)
    run_end = np.empty(4 * width + 4, np.int64)
    run_slot = np.empty(4 * width + 4, np.int64)
    lines = np.empty((2, 3, (width - 1) // _SKY_STEP + 2), np.float32)
    work = np.empty((12, width), np.float32)
    knots = np.empty((12, width + 2), np.float32)
    knot_at = np.empty(width + 2, np.int64)
    near_shadows = np.empty(look.n_shadows, np.int64)
    for band in range(first_band, end_band):
        rows = raster_band(setup, band, zinv, triangle)
        top = band * setup.band_rows // 2
        has_sky = False
        n_near = 0
        for k in range(look.n_shadows):
            if look.shadows[k].first_row < top + rows // 2 and look.shadows[k].end_row > top:
                near_shadows[n_near] = k
                n_near += 1
        for j in range(rows // 2):
            y = top + j
            n = _find_runs(
                triangle[2 * j], triangle[2 * j + 1], width, weight, run_triangle, run_first, run_end, run_slot
            )
            sums[:] = _ZERO
            for k in range(n):
                if run_triangle[k] < 0:
                    if not has_sky:
                        _sky_line(view, light, look.dome, top, lines[0])
                        _sky_line(view, light, look.dome, top + rows // 2, lines[1])
                        has_sky = True
                    part = (np.float32(j) + _HALF) / np.float32(rows // 2)
                    first, end = run_first[k], run_end[k]
                    of = weight[run_slot[k]]
                    _add_sky(first, end, part, lines, of, sums[0], sums[1], sums[2])
                    _add_sun(view, light, y, first, end, of, sums[0], sums[1], sums[2])
            _shade_row(
                setup.faces,
                view,
                look,
                y,
                n,
                run_triangle,
                run_first,
                run_end,
                run_slot,
                weight,
                near_shadows[:n_near],
                work,
                knots,
                knot_at,
                sums,
            )
            tone_row(sums, pixels[y])


@njit
def _shade_row(  # type: ignore[no-untyped-def]
    faces,
    view,
    look,
    y,
    n_runs,
    run_triangle,
    run_first,
    run_end,
    run_slot,
    weight,
    near_shadows,
    work,
    knots,
    knot_at,
    sums,
):
    light = look.light
    dome = look.dome
    shade = look.shade
    focal = np.float32(view.focal_px)
    per_focal = _ONE / focal
    eye_x, eye_y, eye_z = np.float32(view.eye[0]), np.float32(view.eye[1]), np.float32(view.eye[2])
    # Directions of the row's pixels, not normed: row + slope * (column + 0.5).
    slope_x = np.float32(view.axes[0, 0]) * per_focal
    slope_y = np.float32(view.axes[0, 1]) * per_focal
    slope_z = np.float32(view.axes[0, 2]) * per_focal
    down = (np.float32(y) + _HALF - np.float32(0.5 * view.height)) * per_focal
    left = -np.float32(0.5 * view.width)
    row_x = np.float32(view.axes[2, 0]) + np.float32(view.axes[1, 0]) * down + slope_x * left
    row_y = np.float32(view.axes[2, 1]) + np.float32(view.axes[1, 1]) * down + slope_y * left
    row_z = np.float32(view.axes[2, 2]) + np.float32(view.axes[1, 2]) * down + slope_z * left
    sum_r, sum_g, sum_b = sums[0], sums[1], sums[2]
    place_x, place_y, place_z = work[0], work[1], work[2]
    grain, keep, sun_part = work[3], work[5], work[6]
    colour_r, colour_g, colour_b = work[7], work[8], work[9]
    glow = work[10]
    light_r, light_g, light_b = knots[0], knots[1], knots[2]
    add_r, add_g, add_b = knots[3], knots[4], knots[5]
    knot_sun = knots[6]
    mid_row = np.float32(y) + _HALF
    sun_up = light.sun_r > _ZERO
    for run in range(n_runs):
        if run_triangle[run] < 0:
            continue
        face = faces[run_triangle[run]]
        kind = face.kind
        material = look.materials[face.material]
        first, end = run_first[run], run_end[run]
        of = weight[run_slot[run]]
        nx, ny, nz = face.normal_x, face.normal_y, face.normal_z
        z_x = face.z_x
        z_row = face.z_y * mid_row + face.z_1
        is_ground = PLAIN < kind <= LAST_GROUND

        # --- the colour of the surface
        red, green, blue = material.r, material.g, material.b
        if kind in (PAINT, CLOTH):
            tint = look.instances[face.instance].tint
            red, green, blue = red * tint[0], green * tint[1], blue * tint[2]
        shines = kind == LAMP and (look.instances[face.instance].lights & material.lamp) != 0

        # --- knots
        facing = nx * light.to_sun_x + ny * light.to_sun_y + nz * light.to_sun_z
        facing = max(facing, _ZERO) if sun_up else _ZERO
        up = _HALF + _HALF * nz
        from_r = light.ground_r + (light.sky_r - light.ground_r) * up
        from_g = light.ground_g + (light.sky_g - light.ground_g) * up
        from_b = light.ground_b + (light.sky_b - light.ground_b) * up
        # How large a pixel is in the middle of the run, on the surface.
        middle = np.float32(0.5) * np.float32(first + end)
        z_mid = max(z_x * middle + z_row, _FAR_INVERSE)
        mid_depth = _ONE / z_mid
        ray_x = row_x + slope_x * middle
        ray_y = row_y + slope_y * middle
        ray_z = row_z + slope_z * middle
        ray_2 = ray_x * ray_x + ray_y * ray_y + ray_z * ray_z
        across_m = mid_depth * per_focal
        steep = -(ray_x * nx + ray_y * ny + ray_z * nz) / np.sqrt(ray_2)
        steep = max(steep, np.float32(0.01))
        footprint_m = across_m / np.sqrt(steep)
        if is_ground or kind == WALL:
            step = 8
        else:
            step = 24
        shade_level = _level_of(footprint_m, _SHADE_CELL_M, SHADE_LEVELS - 1)
        flat = is_ground and nz > np.float32(0.5)
        if flat:
            # Beneath a bridge the ground's own grid does not hold.
            gi = np.int64(eye_x + ray_x * mid_depth - shade.ground_x0)
            gj = np.int64(eye_y + ray_y * mid_depth - shade.ground_y0)
            inside = 0 <= gi < shade.ground_z.shape[1] and 0 <= gj < shade.ground_z.shape[0]
            if inside and shade.ground_z[gj, gi] > eye_z + ray_z * mid_depth + np.float32(2.0):
                flat = False
        n_knots = 0
        at = first
        while True:
            pixel = np.float32(at) + _HALF
            depth = _ONE / max(z_x * pixel + z_row, _FAR_INVERSE)
            dx, dy, dz = row_x + slope_x * pixel, row_y + slope_y * pixel, row_z + slope_z * pixel
            norm = np.sqrt(dx * dx + dy * dy + dz * dz)
            x_m, y_m, z_m = eye_x + dx * depth, eye_y + dy * depth, eye_z + dz * depth
            reaches = _ZERO
            if facing > _ZERO:
                if flat:
                    reaches = ground_lit(shade, shade_level, x_m, y_m)
                else:
                    reaches = clear_of_shadow(
                        shade,
                        x_m + np.float32(0.3) * nx,
                        y_m + np.float32(0.3) * ny,
                        z_m + np.float32(0.3) * nz,
                    )
                reaches *= facing
            l_r = from_r + light.sun_r * reaches
            l_g = from_g + light.sun_g * reaches
            l_b = from_b + light.sun_b * reaches
            knot_sun[n_knots] = light.sun_g * reaches / (l_g + np.float32(1e-6))
            s_r, s_g, s_b = _ZERO, _ZERO, _ZERO
            through = _fade(light.fog_per_m * max(depth * norm - light.fog_from_m, _ZERO))
            if is_ground:
                patch = bilinear(look.tiles[PATCHES], 0, SIDE, x_m * _PATCH_SCALE, y_m * _PATCH_SCALE)
                l_r *= patch
                l_g *= patch
                l_b *= patch
                if light.wet > _ZERO:
                    glance = max(-(dx * nx + dy * ny + dz * nz) / norm, _ZERO)
                    rest = _ONE - glance
                    rest2 = rest * rest
                    mirror = np.float32(0.02) + np.float32(0.75) * rest2 * rest2 * rest
                    pool = _ZERO
                    if light.puddles > _ZERO and nz > np.float32(0.98):
                        spot = bilinear(look.tiles[PATCHES], 0, SIDE, x_m * np.float32(17.0), y_m * np.float32(17.0))
                        pool = (spot - np.float32(1.25) + np.float32(0.3) * light.puddles) * np.float32(12.0)
                        pool = min(max(pool, _ZERO), _ONE)
                    soft = light.wet * np.float32(0.45) * (_ONE - pool) + pool
                    k_r, k_g, k_b = sky_at(dome, dx / norm, dy / norm, -dz / norm)
                    dark = _ONE - np.float32(0.45) * light.wet - np.float32(0.3) * pool
                    l_r *= dark
                    l_g *= dark
                    l_b *= dark
                    s_r += k_r * mirror * soft
                    s_g += k_g * mirror * soft
                    s_b += k_b * mirror * soft
            elif kind in (PAINT, GLASS):
                along = dx * nx + dy * ny + dz * nz
                glance = max(-along / norm, _ZERO)
                rest = _ONE - glance
                rest2 = rest * rest
                if kind == PAINT:
                    mirror = np.float32(0.04) + np.float32(0.50) * rest2 * rest2 * rest
                else:
                    mirror = np.float32(0.10) + np.float32(0.80) * rest2 * rest2 * rest
                m_x = (dx - _TWO * along * nx) / norm
                m_y = (dy - _TWO * along * ny) / norm
                m_z = (dz - _TWO * along * nz) / norm
                k_r, k_g, k_b = sky_at(dome, m_x, m_y, m_z)
                if m_z < _ZERO:
                    k_r, k_g, k_b = light.ground_r, light.ground_g, light.ground_b
                s_r += k_r * mirror
                s_g += k_g * mirror
                s_b += k_b * mirror
            if shines:
                s_r += red * np.float32(2.4)
                s_g += green * np.float32(2.4)
                s_b += blue * np.float32(2.4)
            column = min(at, view.width - 1)
            light_r[n_knots] = l_r * through
            light_g[n_knots] = l_g * through
            light_b[n_knots] = l_b * through
            rest = _ONE - through
            add_r[n_knots] = s_r * through + look.fog_colour[column, 0] * rest
            add_g[n_knots] = s_g * through + look.fog_colour[column, 1] * rest
            add_b[n_knots] = s_b * through + look.fog_colour[column, 2] * rest
            knot_at[n_knots] = at
            n_knots += 1
            if at >= end - 1:
                break
            at = min(at + step, end - 1)
        if n_knots == 1:
            for m in range(7):
                knots[m, 1] = knots[m, 0]
            knot_at[1] = first + 1
            n_knots = 2

        # --- patterns
        textured = True
        has_glow = False
        if is_ground or kind in (ROOF, FOLIAGE):
            for x in range(first, end):
                pixel = np.float32(x) + _HALF
                depth = _ONE / max(z_x * pixel + z_row, _FAR_INVERSE)
                place_x[x] = eye_x + (row_x + slope_x * pixel) * depth
                place_y[x] = eye_y + (row_y + slope_y * pixel) * depth
                place_z[x] = eye_z + (row_z + slope_z * pixel) * depth
            if kind == FOLIAGE:
                for x in range(first, end):
                    place_x[x] += np.float32(0.8) * place_z[x]
                    place_y[x] -= np.float32(0.6) * place_z[x]
                _texture_row(look.tiles[TURF], footprint_m, np.float32(13.0), first, end, place_x, place_y, grain)
                for x in range(first, end):
                    grain[x] = max(grain[x] * _TWO - _ONE, np.float32(0.15))
            else:
                row = FINE
                if kind == SIDEWALK:
                    row = SLABS
                elif kind == GRASS:
                    row = TURF
                blur = footprint_m
                if kind == SIDEWALK:
                    blur = across_m / steep
                _texture_row(look.tiles[row], blur, _PER_TEXEL, first, end, place_x, place_y, grain)
            if kind in (MARKING, CROSSWALK, ARROW):
                for x in range(first, end):
                    pixel = np.float32(x) + _HALF
                    depth = _ONE / max(z_x * pixel + z_row, _FAR_INVERSE)
                    u = (face.u_x * pixel + face.u_y * mid_row + face.u_1) * depth
                    v = (face.v_x * pixel + face.v_y * mid_row + face.v_1) * depth
                    wide_u = (abs(face.u_x - u * z_x) + abs(face.u_y - u * face.z_y)) * depth
                    wide_v = (abs(face.v_x - v * z_x) + abs(face.v_y - v * face.z_y)) * depth
                    part = np.float32(painted(kind, material.p, u, v, wide_u, wide_v))
                    # Worn paint: the grain of the asphalt shows through a little.
                    worn = _HALF + _HALF * grain[x]
                    colour_r[x] = _ASPHALT_R * grain[x] + (red * worn - _ASPHALT_R * grain[x]) * part
                    colour_g[x] = _ASPHALT_G * grain[x] + (green * worn - _ASPHALT_G * grain[x]) * part
                    colour_b[x] = _ASPHALT_B * grain[x] + (blue * worn - _ASPHALT_B * grain[x]) * part
            else:
                for x in range(first, end):
                    colour_r[x] = red * grain[x]
                    colour_g[x] = green * grain[x]
                    colour_b[x] = blue * grain[x]
        elif kind == WALL:
            has_glow = True
            for x in range(first, end):
                pixel = np.float32(x) + _HALF
                depth = _ONE / max(z_x * pixel + z_row, _FAR_INVERSE)
                u = (face.u_x * pixel + face.u_y * mid_row + face.u_1) * depth
                v = (face.v_x * pixel + face.v_y * mid_row + face.v_1) * depth
                wide_u = max((abs(face.u_x - u * z_x) + abs(face.u_y - u * face.z_y)) * depth, np.float32(1e-3))
                wide_v = max((abs(face.v_x - v * z_x) + abs(face.v_y - v * face.z_y)) * depth, np.float32(1e-3))
                params = material.p
                half_u, half_v = _HALF * params[2], _HALF * params[3]
                part = _windows(u, wide_u, params[0], _HALF - half_u, _HALF + half_u)
                part *= _windows(v, wide_v, params[1], _HALF - half_v, _HALF + half_v)
                storeys = np.floor(params[5] / params[1])
                part *= min(max((storeys * params[1] - v) / wide_v + _HALF, _ZERO), _ONE)
                own = _HALF
                if wide_u < params[0] and wide_v < params[1]:
                    own = _mixed(np.floor(u / params[0]), np.floor(v / params[1]), params[4])
                # The foot of a house is darker.
                foot = np.float32(0.8) + np.float32(0.2) * min(max(v * np.float32(0.4), _ZERO), _ONE)
                pane = np.float32(0.04) + np.float32(0.05) * own
                colour_r[x] = red * foot + (pane - red * foot) * part
                colour_g[x] = green * foot + (pane - green * foot) * part
                colour_b[x] = blue * foot + (pane - blue * foot) * part
                if light.lamps_on != 0:
                    glow[x] = part if own > np.float32(0.66) else _ZERO
                else:
                    glow[x] = part * (np.float32(0.6) + np.float32(0.8) * own)
        elif kind == SIGN:
            page = look.signs[np.int64(material.p[0])]
            # How many texels a pixel covers.
            size = max(abs(face.u_x - face.u_y), abs(face.u_x + face.u_y))
            size = max(size, max(abs(face.v_x - face.v_y), abs(face.v_x + face.v_y))) * mid_depth
            side, start = look.sign_side, 0
            while size * np.float32(side) > np.float32(1.5) and side > 1:
                start += side * side
                side >>= 1
            most = np.float32(side - 1)
            for x in range(first, end):
                pixel = np.float32(x) + _HALF
                depth = _ONE / max(z_x * pixel + z_row, _FAR_INVERSE)
                u = (face.u_x * pixel + face.u_y * mid_row + face.u_1) * depth * np.float32(side) - _HALF
                v = (face.v_x * pixel + face.v_y * mid_row + face.v_1) * depth * np.float32(side) - _HALF
                u, v = min(max(u, _ZERO), most), min(max(v, _ZERO), most)
                i, j = np.int64(u), np.int64(v)
                right, below = min(i + 1, side - 1), min(j + 1, side - 1)
                fu, fv = u - np.float32(i), v - np.float32(j)
                a, b = start + j * side + i, start + j * side + right
                c, d = start + below * side + i, start + below * side + right
                w_a, w_b, w_c, w_d = (_ONE - fu) * (_ONE - fv), fu * (_ONE - fv), (_ONE - fu) * fv, fu * fv
                colour_r[x] = page[a, 0] * w_a + page[b, 0] * w_b + page[c, 0] * w_c + page[d, 0] * w_d
                colour_g[x] = page[a, 1] * w_a + page[b, 1] * w_b + page[c, 1] * w_c + page[d, 1] * w_d
                colour_b[x] = page[a, 2] * w_a + page[b, 2] * w_b + page[c, 2] * w_c + page[d, 2] * w_d
        else:
            textured = False

        # --- moving shadows
        if is_ground:
            for k in range(len(near_shadows)):
                shadow = look.shadows[near_shadows[k]]
                begin = max(first, np.int64(shadow.first_column))
                finish = min(end, np.int64(shadow.end_column))
                if begin >= finish or y < shadow.first_row or y >= shadow.end_row:
                    continue
                part = knot_sun[n_knots // 2]
                for x in range(begin, finish):
                    keep[x] = _ONE
                    sun_part[x] = part
                caster_row(shadow, begin, finish, place_x, place_y, place_z, sun_part, keep)
                for x in range(begin, finish):
                    colour_r[x] *= keep[x]
                    colour_g[x] *= keep[x]
                    colour_b[x] *= keep[x]

        # --- together
        pane_r, pane_g, pane_b = _ZERO, _ZERO, _ZERO
        if has_glow:
            if light.lamps_on != 0:
                pane_r, pane_g, pane_b = np.float32(0.9), np.float32(0.62), np.float32(0.30)
            else:
                along = ray_x * nx + ray_y * ny + ray_z * nz
                norm = np.sqrt(ray_2)
                k_r, k_g, k_b = sky_at(
                    dome,
                    (ray_x - _TWO * along * nx) / norm,
                    (ray_y - _TWO * along * ny) / norm,
                    (ray_z - _TWO * along * nz) / norm + np.float32(0.1),
                )
                rest = _ONE + along / norm
                mirror = np.float32(0.22) + np.float32(0.5) * rest * rest * rest
                pane_r, pane_g, pane_b = k_r * mirror, k_g * mirror, k_b * mirror
            through = _fade(light.fog_per_m * max(mid_depth * np.sqrt(ray_2) - light.fog_from_m, _ZERO))
            pane_r, pane_g, pane_b = pane_r * through, pane_g * through, pane_b * through
        for k in range(n_knots - 1):
            begin, finish = knot_at[k], knot_at[k + 1]
            per = _ONE / np.float32(finish - begin)
            if k == n_knots - 2:
                finish = end
            lr, lg, lb = light_r[k], light_g[k], light_b[k]
            sr, sg, sb = add_r[k], add_g[k], add_b[k]
            lr_step, lg_step, lb_step = (
                (light_r[k + 1] - lr) * per,
                (light_g[k + 1] - lg) * per,
                (light_b[k + 1] - lb) * per,
            )
            sr_step, sg_step, sb_step = (add_r[k + 1] - sr) * per, (add_g[k + 1] - sg) * per, (add_b[k + 1] - sb) * per
            if textured:
                for x in range(begin, finish):
                    t = np.float32(x - begin)
                    w = np.float32(of[x]) * _QUARTER
                    sum_r[x] += w * (colour_r[x] * (lr + lr_step * t) + sr + sr_step * t)
                    sum_g[x] += w * (colour_g[x] * (lg + lg_step * t) + sg + sg_step * t)
                    sum_b[x] += w * (colour_b[x] * (lb + lb_step * t) + sb + sb_step * t)
            else:
                for x in range(begin, finish):
                    t = np.float32(x - begin)
                    w = np.float32(of[x]) * _QUARTER
                    sum_r[x] += w * (red * (lr + lr_step * t) + sr + sr_step * t)
                    sum_g[x] += w * (green * (lg + lg_step * t) + sg + sg_step * t)
                    sum_b[x] += w * (blue * (lb + lb_step * t) + sb + sb_step * t)
        if has_glow:
            for x in range(first, end):
                w = np.float32(of[x]) * _QUARTER * glow[x]
                sum_r[x] += w * pane_r
                sum_g[x] += w * pane_g
                sum_b[x] += w * pane_b
