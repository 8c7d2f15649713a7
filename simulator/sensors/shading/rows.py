"""Light and colour of the rows of a picture: from the samples of a band to pixels.

A row of pixels is cut into runs, each the stretch of pixels in which one triangle has samples; at its ends a pixel may
belong to it by a part, and two or more runs then share that pixel. So every triangle is shaded once in a pixel, at the
pixel's middle, and the edges between triangles come out smooth. What changes slowly (the light that falls on a place,
shadow, fog) is worked out at knots some pixels apart and goes evenly from one to the next; what changes fast (paint,
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
    KERB,
    LAMP,
    LAST_GROUND,
    LIGHT_STREET,
    MARKING,
    PAINT,
    PLAIN,
    ROOF,
    SIDEWALK,
    SIGN,
    WALL,
)
from simulator.sensors.raster.bands import raster_band
from simulator.sensors.shading.casters import caster_row
from simulator.sensors.shading.lamps import LAMP_COLOUR, Beams, beams_at
from simulator.sensors.shading.patterns import (
    COLOUR,
    COLUMN,
    FARTHEST_INVERSE,
    GRAIN,
    KEEP,
    KNOT_ADD,
    KNOT_LIGHT,
    LIT,
    PART_OF,
    PLACE_X,
    PLACE_Y,
    PLACE_Z,
    ROOM_ROWS,
    SUM,
    add_panes,
    blend_pattern,
    blend_plain,
    day_panes,
    depth_row,
    fill_row,
    leaf_row,
    level_of,
    mix_row,
    night_panes,
    paint_row,
    pane_row,
    place_row,
    shadow_row,
    sign_row,
    texture_row,
    wall_row,
)
from simulator.sensors.shading.runs import MOST_PARTS, find_runs
from simulator.sensors.shading.shadows import SHADE_LEVELS, TownShade, clear_of_shadow, lit_row
from simulator.sensors.shading.sky import SKY_STEP, add_sky, add_sun, fade, sky_at, sky_line
from simulator.sensors.shading.tiles import FINE, PATCHES, SIDE, SLABS, TILE_M, TURF, bilinear, level_start
from simulator.sensors.shading.tone import tone_row
from simulator.sensors.shading.weather import Light

__all__ = ["Look", "draw_bands"]

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_PER_TEXEL = np.float32(SIDE / TILE_M)
# Soft spots are read from a smaller copy, which stays in the processor's cache.
_SPOT_LEVEL: Final = 2
_SPOT_SIDE: Final = SIDE >> _SPOT_LEVEL
_SPOTS_AT: Final = level_start(_SPOT_LEVEL)
_PER_PATCH_TEXEL = np.float32(_SPOT_SIDE / 110.0)
_PER_PUDDLE_TEXEL = np.float32(_SPOT_SIDE / 30.0)
_PER_LEAF_TEXEL = np.float32(13.0)
_SHADE_CELL_M = np.float32(0.25)
_OFF_SURFACE_M = np.float32(0.3)  # where a shadow is looked up before a wall, so that the wall does not shade itself
_UNDER_M = np.float32(2.0)  # ground that is this far below the highest ground there lies under a bridge
# The asphalt between painted lines.
_ASPHALT: Final = (np.float32(0.094), np.float32(0.094), np.float32(0.098))
_SHINE = np.float32(1.4)  # of a lit lamp: brighter ones would lose their colour
_DULL = np.float32(0.16)  # what an unlit lamp's glass keeps of its colour
_LIT_WINDOW: Final = (np.float32(0.80), np.float32(0.55), np.float32(0.27))
# A wet road mirrors lamps below this height, as streaks of some spots.
_MIRRORED_BELOW_M = np.float32(9.0)
_STREAK: Final = 24
_SPOTS_PER_PIXEL = np.float32(0.2)
# Knots are this far apart on the ground, and between these numbers of pixels.
_KNOT_M = np.float32(0.5)
_LEAST_STEP: Final = 16
_MOST_STEP: Final = 64
_FLAT_STEP: Final = 24
_SHORT: Final = 4  # a run of so few pixels has one knot


class Look(NamedTuple):
    """All that a view is drawn from, beside its set-up."""

    materials: NDArray[np.void]
    instances: NDArray[np.void]
    signs: F4  # [page, texels of all levels, 3] linear light
    sign_side: int  # texels of level 0's side
    light: Light
    dome: F4
    tiles: NDArray[np.uint32]
    shade: TownShade
    shadows: NDArray[np.void]  # SHADOW
    n_shadows: int
    pools: F4  # light of street lamps on the squares of shade.ground_z, or no rows
    beams: Beams
    fog_colour: F4  # [width, 3] of each column's horizon


@njit
def draw_bands(setup, view, look, first_band, end_band, zinv, triangle, pixels, notes):  # type: ignore[no-untyped-def]
    """Draw these bands of a view with 2 x 2 samples a pixel into pixels [height, width].

    Returns how many lit lamps were noted in `notes` (GLOW); what finds no room there is not noted.
    """
    width = view.width
    light = look.light
    room = np.empty((ROOM_ROWS, width + 2), np.float32)
    room[COLUMN] = np.arange(width + 2).astype(np.float32) + _HALF
    scratch = np.empty((5, MOST_PARTS), np.int64)
    alike = np.zeros((width + 7) // 8 * 8, np.uint8)
    run_triangle = np.empty(MOST_PARTS * width + MOST_PARTS, np.int32)
    run_first = np.empty(len(run_triangle), np.int64)
    run_end = np.empty(len(run_triangle), np.int64)
    run_slot = np.empty(len(run_triangle), np.int64)
    lines = np.empty((2, 3, (width - 1) // SKY_STEP + 2), np.float32)
    knot_at = np.empty(width + 2, np.int64)
    fours = np.empty(width, np.uint32)
    near_shadows = np.empty(look.n_shadows, np.int64)
    here_shadows = np.empty(look.n_shadows, np.int64)
    n_notes = 0
    for band in range(first_band, end_band):
        rows = raster_band(setup, band, zinv, triangle) // 2
        top = band * setup.band_rows // 2
        has_sky = False
        n_near = 0
        for k in range(look.n_shadows):
            if look.shadows[k].first_row < top + rows and look.shadows[k].end_row > top:
                near_shadows[n_near] = k
                n_near += 1
        for j in range(rows):
            y = top + j
            n = find_runs(
                triangle[2 * j],
                triangle[2 * j + 1],
                width,
                alike,
                scratch,
                room,
                run_triangle,
                run_first,
                run_end,
                run_slot,
            )
            room[SUM : SUM + 3] = _ZERO
            for k in range(n):
                if run_triangle[k] < 0:
                    if not has_sky:
                        sky_line(view, light, look.dome, top, lines[0])
                        sky_line(view, light, look.dome, top + rows, lines[1])
                        has_sky = True
                    part = (np.float32(j) + _HALF) / np.float32(rows)
                    first, end = run_first[k], run_end[k]
                    add_sky(room, first, end, part, lines, PART_OF + run_slot[k])
                    add_sun(room, view, light, y, first, end, PART_OF + run_slot[k])
            n_here = 0
            for k in range(n_near):
                if look.shadows[near_shadows[k]].first_row <= y < look.shadows[near_shadows[k]].end_row:
                    here_shadows[n_here] = near_shadows[k]
                    n_here += 1
            n_notes = _shade_row(
                setup.faces,
                view,
                look,
                y,
                n,
                run_triangle,
                run_first,
                run_end,
                run_slot,
                here_shadows[:n_here],
                room,
                fours,
                knot_at,
                notes,
                n_notes,
            )
            tone_row(room, SUM, pixels[y])
    return n_notes


@njit
def _note(notes, n, x, y, red, green, blue):  # type: ignore[no-untyped-def]
    note = notes[n]
    note.x, note.y = x, y
    note.r, note.g, note.b = red, green, blue
    return n + 1


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
    near_shadows,
    room,
    fours,
    knot_at,
    notes,
    n_notes,
):
    """Add the light of a row's runs to SUM; returns how many lamps are noted now."""
    light = look.light
    dome = look.dome
    shade = look.shade
    per_focal = np.float32(1.0 / view.focal_px)
    eye_x, eye_y, eye_z = np.float32(view.eye[0]), np.float32(view.eye[1]), np.float32(view.eye[2])
    # Directions of the row's pixels, not normed: row + slope * column.
    slope_x = np.float32(view.axes[0, 0]) * per_focal
    slope_y = np.float32(view.axes[0, 1]) * per_focal
    slope_z = np.float32(view.axes[0, 2]) * per_focal
    mid_row = np.float32(y) + _HALF
    down = (mid_row - np.float32(0.5 * view.height)) * per_focal
    left = -np.float32(0.5 * view.width)
    row_x = np.float32(view.axes[2, 0]) + np.float32(view.axes[1, 0]) * down + slope_x * left
    row_y = np.float32(view.axes[2, 1]) + np.float32(view.axes[1, 1]) * down + slope_y * left
    row_z = np.float32(view.axes[2, 2]) + np.float32(view.axes[1, 2]) * down + slope_z * left
    sun_up = light.sun_g > _ZERO
    per_fog_height = _HALF / light.fog_height_m
    has_pools = len(look.pools) > 0
    has_beams = len(look.beams.grid) > 0
    for run in range(n_runs):
        if run_triangle[run] < 0:
            continue
        face = faces[run_triangle[run]]
        kind = face.kind
        material = look.materials[face.material]
        first, end = run_first[run], run_end[run]
        of = PART_OF + run_slot[run]
        nx, ny, nz = face.normal_x, face.normal_y, face.normal_z
        z_x = face.z_x
        z_row = face.z_y * mid_row + face.z_1
        is_ground = PLAIN < kind <= LAST_GROUND
        is_paint = kind in (MARKING, CROSSWALK, ARROW)

        # --- the colour of the surface
        red, green, blue = material.r, material.g, material.b
        shines = False
        if kind in (PAINT, CLOTH):
            tint = look.instances[face.instance].tint
            red, green, blue = red * tint[0], green * tint[1], blue * tint[2]
        elif kind == LAMP:
            shines = (look.instances[face.instance].lights & material.lamp) != 0
            shines = shines or (light.lamps_on != 0 and (material.lamp & LIGHT_STREET) != 0)
            bright = _SHINE if shines else _DULL
            red, green, blue = red * bright, green * bright, blue * bright

        # --- the middle of the run
        facing = nx * light.to_sun_x + ny * light.to_sun_y + nz * light.to_sun_z
        facing = max(facing, _ZERO) if sun_up else _ZERO
        up = _HALF + _HALF * nz
        from_r = light.ground_r + (light.sky_r - light.ground_r) * up
        from_g = light.ground_g + (light.sky_g - light.ground_g) * up
        from_b = light.ground_b + (light.sky_b - light.ground_b) * up
        middle = _HALF * np.float32(first + end)
        mid_depth = _ONE / max(z_x * middle + z_row, FARTHEST_INVERSE)
        ray_x, ray_y, ray_z = row_x + slope_x * middle, row_y + slope_y * middle, row_z + slope_z * middle
        mid_norm = np.sqrt(ray_x * ray_x + ray_y * ray_y + ray_z * ray_z)
        step = _FLAT_STEP
        on_grid = False
        shade_level, shade_step = 0, 1
        footprint_m, across_m, steep = _ZERO, _ZERO, _ONE
        if is_ground or kind in (FOLIAGE, ROOF):
            # How large a pixel is on the surface.
            across_m = mid_depth * per_focal
            steep = max(-(ray_x * nx + ray_y * ny + ray_z * nz) / mid_norm, np.float32(0.01))
            footprint_m = across_m / np.sqrt(steep)
        if is_ground:
            step = min(max(int(_KNOT_M / across_m), _LEAST_STEP), _MOST_STEP)
            shade_level = level_of(footprint_m, _SHADE_CELL_M, SHADE_LEVELS - 1)
            shade_step = min(max(int(_SHADE_CELL_M * np.float32(1 << shade_level) / across_m), 1), _MOST_STEP)
            on_grid = nz > _HALF
            if on_grid and shade.has_levels != 0:
                gi = np.int64(eye_x + ray_x * mid_depth - shade.ground_x0)
                gj = np.int64(eye_y + ray_y * mid_depth - shade.ground_y0)
                inside = 0 <= gi < shade.ground_z.shape[1] and 0 <= gj < shade.ground_z.shape[0]
                if inside and shade.ground_z[gj, gi] > eye_z + ray_z * mid_depth + _UNDER_M:
                    on_grid = False
            if not on_grid:
                shade_level = -1
        elif kind == WALL:
            step = _LEAST_STEP

        # --- knots
        n_knots = 0
        is_short = end - first <= _SHORT
        at = (first + end - 1) >> 1 if is_short else first
        while True:
            pixel = np.float32(at) + _HALF
            depth = _ONE / max(z_x * pixel + z_row, FARTHEST_INVERSE)
            dx, dy, dz = row_x + slope_x * pixel, row_y + slope_y * pixel, row_z + slope_z * pixel
            norm = np.sqrt(dx * dx + dy * dy + dz * dz)
            x_m, y_m, z_m = eye_x + dx * depth, eye_y + dy * depth, eye_z + dz * depth
            reaches = _ZERO
            if facing > _ZERO:
                reaches = facing  # on the ground shadows follow for each pixel
                if not is_ground:
                    reaches *= clear_of_shadow(
                        shade, x_m + _OFF_SURFACE_M * nx, y_m + _OFF_SURFACE_M * ny, z_m + _OFF_SURFACE_M * nz
                    )
            l_r = from_r + light.sun_r * reaches
            l_g = from_g + light.sun_g * reaches
            l_b = from_b + light.sun_b * reaches
            if has_pools or has_beams:
                lamp = _ZERO
                beam = _ZERO
                if has_pools:
                    px, py = x_m - shade.ground_x0 - _HALF, y_m - shade.ground_y0 - _HALF
                    rows, columns = look.pools.shape
                    if _ZERO <= px < np.float32(columns - 1) and _ZERO <= py < np.float32(rows - 1):
                        gi, gj = np.int64(px), np.int64(py)
                        fx, fy = px - np.float32(gi), py - np.float32(gj)
                        upper = look.pools[gj, gi] + (look.pools[gj, gi + 1] - look.pools[gj, gi]) * fx
                        lower = look.pools[gj + 1, gi] + (look.pools[gj + 1, gi + 1] - look.pools[gj + 1, gi]) * fx
                        # What is as high as the lamps gets nothing; what looks away from them a little.
                        height = z_m - shade.ground_z[gj, gi]
                        lamp = (upper + (lower - upper) * fy) * (np.float32(0.45) + np.float32(0.55) * nz)
                        lamp *= min(max(np.float32(2.0) - height * np.float32(0.25), _ZERO), _ONE)
                if has_beams:
                    beam = light.night * beams_at(look.beams, x_m, y_m, z_m, nx, ny, nz)
                lamp *= light.gain
                beam *= light.gain
                l_r += lamp * LAMP_COLOUR[0] + beam
                l_g += lamp * LAMP_COLOUR[1] + beam * np.float32(0.95)
                l_b += lamp * LAMP_COLOUR[2] + beam * np.float32(0.84)
            s_r, s_g, s_b = _ZERO, _ZERO, _ZERO
            # Fog thins out above: what stands high is seen through less of it.
            air = light.fog_per_m * max(depth * norm - light.fog_from_m, _ZERO)
            if z_m > eye_z:
                air /= _ONE + (z_m - eye_z) * per_fog_height
            through = fade(air)
            if is_ground:
                patch = bilinear(
                    look.tiles[PATCHES], _SPOTS_AT, _SPOT_SIDE, x_m * _PER_PATCH_TEXEL, y_m * _PER_PATCH_TEXEL
                )
                l_r *= patch
                l_g *= patch
                l_b *= patch
                if light.wet > _ZERO or light.puddles > _ZERO:
                    glance = max(-(dx * nx + dy * ny + dz * nz) / norm, _ZERO)
                    rest = _ONE - glance
                    rest2 = rest * rest
                    mirror = np.float32(0.02) + np.float32(0.70) * rest2 * rest2 * rest
                    pool = _ZERO
                    soft = light.wet * np.float32(0.40)
                    if kind == GRASS:
                        soft = light.wet * np.float32(0.06)
                    elif light.puddles > _ZERO and nz > np.float32(0.98) and kind not in (SIDEWALK, KERB):
                        spot = bilinear(
                            look.tiles[PATCHES], _SPOTS_AT, _SPOT_SIDE, x_m * _PER_PUDDLE_TEXEL, y_m * _PER_PUDDLE_TEXEL
                        )
                        pool = (spot - np.float32(1.27) + np.float32(0.27) * light.puddles) * np.float32(14.0)
                        pool = min(max(pool, _ZERO), _ONE)
                        soft += (_ONE - soft) * pool
                    k_r, k_g, k_b = sky_at(dome, dx / norm, dy / norm, -dz / norm)
                    dark = (_ONE - np.float32(0.42) * light.wet) * (_ONE - np.float32(0.45) * pool)
                    l_r *= dark
                    l_g *= dark
                    l_b *= dark
                    s_r += k_r * mirror * soft
                    s_g += k_g * mirror * soft
                    s_b += k_b * mirror * soft
            elif kind in (PAINT, GLASS):
                along = dx * nx + dy * ny + dz * nz
                rest = _ONE - max(-along / norm, _ZERO)
                rest2 = rest * rest
                if kind == PAINT:
                    mirror = np.float32(0.04) + np.float32(0.50) * rest2 * rest2 * rest
                else:
                    mirror = np.float32(0.10) + np.float32(0.80) * rest2 * rest2 * rest
                m_z = (dz - _TWO * along * nz) / norm
                if m_z > _ZERO:
                    k_r, k_g, k_b = sky_at(dome, (dx - _TWO * along * nx) / norm, (dy - _TWO * along * ny) / norm, m_z)
                else:
                    k_r, k_g, k_b = light.ground_r, light.ground_g, light.ground_b
                s_r += k_r * mirror
                s_g += k_g * mirror
                s_b += k_b * mirror
            if shines:
                s_r += red * light.gain
                s_g += green * light.gain
                s_b += blue * light.gain
            rest = _ONE - through
            room[KNOT_LIGHT + 0, n_knots] = l_r * through
            room[KNOT_LIGHT + 1, n_knots] = l_g * through
            room[KNOT_LIGHT + 2, n_knots] = l_b * through
            room[KNOT_ADD + 0, n_knots] = s_r * through + look.fog_colour[at, 0] * rest
            room[KNOT_ADD + 1, n_knots] = s_g * through + look.fog_colour[at, 1] * rest
            room[KNOT_ADD + 2, n_knots] = s_b * through + look.fog_colour[at, 2] * rest
            knot_at[n_knots] = at
            n_knots += 1
            if is_short or at >= end - 1:
                break
            at = min(at + step, end - 1)
        if n_knots == 1:
            for m in range(KNOT_LIGHT, KNOT_ADD + 3):
                room[m, 1] = room[m, 0]
            knot_at[0], knot_at[1] = first, first + 1
            n_knots = 2

        # --- patterns: either a grain that all colours share, or three colours, or neither
        has_grain = is_ground or kind in (ROOF, FOLIAGE)
        has_colours = is_paint or kind in (WALL, SIGN)
        if has_grain or has_colours:
            depth_row(room, z_x, z_row, first, end)
        if has_grain:
            place_row(room, eye_x, row_x, slope_x, first, end, PLACE_X)
            place_row(room, eye_y, row_y, slope_y, first, end, PLACE_Y)
            if kind == FOLIAGE:
                place_row(room, eye_z, row_z, slope_z, first, end, PLACE_Z)
                leaf_row(room, fours, look.tiles[TURF], footprint_m, _PER_LEAF_TEXEL, first, end)
            elif kind == SIDEWALK:
                # Joints are regular: read as coarsely as the longer side of the footprint asks for.
                texture_row(room, fours, look.tiles[SLABS], across_m / steep, _PER_TEXEL, first, end)
            else:
                row = TURF if kind == GRASS else FINE
                texture_row(room, fours, look.tiles[row], footprint_m, _PER_TEXEL, first, end)
        if is_paint:
            paint_row(room, face, kind, material.p, mid_row, first, end)
            mix_row(room, _ASPHALT[0], red, 0, first, end)
            mix_row(room, _ASPHALT[1], green, 1, first, end)
            mix_row(room, _ASPHALT[2], blue, 2, first, end)
        elif kind == WALL:
            told_apart = wall_row(room, face, material.p, mid_row, mid_depth, first, end)
            pane_row(room, red, 0, first, end)
            pane_row(room, green, 1, first, end)
            pane_row(room, blue, 2, first, end)
            through = fade(light.fog_per_m * max(mid_depth * mid_norm - light.fog_from_m, _ZERO))
            if light.lamps_on != 0:
                night_panes(room, told_apart, first, end)
                through *= light.gain
                pane_r, pane_g, pane_b = _LIT_WINDOW
            else:
                day_panes(room, told_apart, first, end)
                along = (ray_x * nx + ray_y * ny + ray_z * nz) / mid_norm
                pane_r, pane_g, pane_b = sky_at(
                    dome,
                    ray_x / mid_norm - _TWO * along * nx,
                    ray_y / mid_norm - _TWO * along * ny,
                    ray_z / mid_norm - _TWO * along * nz + np.float32(0.1),
                )
                rest = _ONE + along
                through *= np.float32(0.22) + np.float32(0.5) * rest * rest * rest
            add_panes(room, pane_r * through, pane_g * through, pane_b * through, of, first, end)
        elif kind == SIGN:
            page = look.signs[np.int64(material.p[0])]
            sign_row(room, face, page, look.sign_side, mid_row, mid_depth, first, end)

        # --- shadows on the ground
        if is_ground:
            dark = False
            if facing > _ZERO:
                if shade_level < 0:
                    place_row(room, eye_z, row_z, slope_z, first, end, PLACE_Z)
                dark = lit_row(
                    room,
                    shade,
                    shade_level,
                    _OFF_SURFACE_M * nx,
                    _OFF_SURFACE_M * ny,
                    _OFF_SURFACE_M * nz,
                    shade_step,
                    first,
                    end,
                )
            any_near = False
            for k in range(len(near_shadows)):
                shadow = look.shadows[near_shadows[k]]
                begin = max(first, np.int64(shadow.first_column))
                finish = min(end, np.int64(shadow.end_column))
                if begin >= finish:
                    continue
                if not any_near:
                    any_near = True
                    place_row(room, eye_z, row_z, slope_z, first, end, PLACE_Z)
                    fill_row(room, KEEP, _ONE, first, end)
                    if facing <= _ZERO:
                        fill_row(room, LIT, _ONE, first, end)
                caster_row(room, shadow, begin, finish)
            if dark or any_near:
                if not any_near:
                    fill_row(room, KEEP, _ONE, first, end)
                for channel in range(3):
                    sun = light.sun_r if channel == 0 else light.sun_g if channel == 1 else light.sun_b
                    sky = from_r if channel == 0 else from_g if channel == 1 else from_b
                    colour = red if channel == 0 else green if channel == 1 else blue
                    row = COLOUR + channel if is_paint else GRAIN
                    sun_part = sun * facing / (sun * facing + sky + np.float32(1e-6))
                    shadow_row(room, channel, row, _ONE if is_paint else colour, sun_part, first, end)
                has_colours = True

        # --- together
        if has_colours:
            blend_pattern(room, knot_at, n_knots, end, _ONE, _ONE, _ONE, COLOUR, 1, of)
        elif has_grain:
            blend_pattern(room, knot_at, n_knots, end, red, green, blue, GRAIN, 0, of)
        elif shines:
            blend_plain(room, knot_at, n_knots, end, _ZERO, _ZERO, _ZERO, of)
        else:
            blend_plain(room, knot_at, n_knots, end, red, green, blue, of)

        # --- a lamp that will have a glow
        if shines and n_notes < len(notes):
            amount = _ZERO
            for x in range(first, end):
                amount += room[of, x]
            through = fade(light.fog_per_m * max(mid_depth * mid_norm - light.fog_from_m, _ZERO))
            n_notes = _note(
                notes,
                n_notes,
                middle,
                mid_row,
                amount * red * through,
                amount * green * through,
                amount * blue * through,
            )
            if light.wet > _ZERO and n_notes + _STREAK <= len(notes):
                # Its image in the wet road: as far below the ground as the lamp is above, and drawn out downwards.
                x_m, y_m, z_m = eye_x + ray_x * mid_depth, eye_y + ray_y * mid_depth, eye_z + ray_z * mid_depth
                gi, gj = np.int64(x_m - shade.ground_x0), np.int64(y_m - shade.ground_y0)
                if 0 <= gi < shade.ground_z.shape[1] and 0 <= gj < shade.ground_z.shape[0]:
                    height = z_m - shade.ground_z[gj, gi]
                    ahead = mid_depth - _TWO * height * np.float32(view.axes[2, 2])
                    if _ZERO < height < _MIRRORED_BELOW_M and ahead > _ONE:
                        scale = np.float32(view.focal_px) / ahead
                        below = (mid_row - np.float32(0.5 * view.height)) / np.float32(view.focal_px) * mid_depth
                        below = (below - _TWO * height * np.float32(view.axes[1, 2])) * scale
                        beside = (middle - np.float32(0.5 * view.width)) / np.float32(view.focal_px) * mid_depth
                        beside = (beside - _TWO * height * np.float32(view.axes[0, 2])) * scale
                        # From a half of the lamp's height above its image to as much below.
                        long = height * scale
                        spots = min(max(int(long * _SPOTS_PER_PIXEL), 2), _STREAK)
                        dim = np.float32(0.55) * light.wet * amount * through / np.float32(spots)
                        for k in range(spots):
                            along = (np.float32(k) + _HALF) / np.float32(spots) - _HALF
                            fall = _ONE - np.float32(1.4) * abs(along)
                            n_notes = _note(
                                notes,
                                n_notes,
                                np.float32(0.5 * view.width) + beside,
                                np.float32(0.5 * view.height) + below + along * long,
                                dim * fall * red,
                                dim * fall * green,
                                dim * fall * blue,
                            )
    return n_notes
