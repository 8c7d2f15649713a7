"""Light and colour of the rows of a picture: from the samples of a band to pixels.

A row of pixels is cut into runs, each the stretch of pixels in which one triangle has samples; at its ends a pixel may
belong to it by a part, and two or more runs then share that pixel. So every triangle is shaded once in a pixel, at the
pixel's middle, and the edges between triangles come out smooth. What changes slowly (the light that falls on a place,
fog) is worked out at knots some pixels apart and goes evenly from one to the next; what changes fast (paint, grain,
windows, shadows on ground and walls) for each pixel.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit, lean_njit
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
from simulator.sensors.lanes import LANES, all_lanes, choose, lane_numbers, load, root, store, take, to_ints
from simulator.sensors.raster.bands import raster_band
from simulator.sensors.raster.claims import claim
from simulator.sensors.shading.casters import caster_at
from simulator.sensors.shading.lamps import LAMP_COLOUR, Beams, beams_at, pools_at
from simulator.sensors.shading.patterns import (
    COLOUR,
    COLUMN,
    FARTHEST_INVERSE,
    KNOT_ADD,
    KNOT_LIGHT,
    PART_OF,
    ROOM_ROWS,
    SKY,
    SUM,
    depth_at,
    leaves_at,
    level_of,
    paint_at,
    pane_light,
    ribbon_colour,
    sign_row,
    texture_at,
    texture_level,
    told_apart,
    wall_colour,
    windows_at,
)
from simulator.sensors.shading.runs import MOST_PARTS, find_runs
from simulator.sensors.shading.shadows import SHADE_LEVELS, TownShade, clear_of_shadow, ground_lit
from simulator.sensors.shading.sky import SKY_STEP, add_sun, fade, sky_at, sky_line, sky_row
from simulator.sensors.shading.tiles import FINE, PATCHES, SIDE, SLABS, TILE_M, TURF, bilinear, level_start
from simulator.sensors.shading.tone import tone_row
from simulator.sensors.shading.weather import Light

__all__ = ["Look", "Scratch", "draw_bands", "scratch_for"]

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
# A lamp is brighter than a picture can tell: fog must take all but a sixth of it before it looks dimmer. So at night
# lamps are seen from farther than things are.
_PIERCES = np.float32(6.0)
# Signs throw light back to where it comes from, far more than other surfaces do; the little that low beams send so high
# makes them stand out.
_RETROREFLECTS = np.float32(12.0)
_DULL = np.float32(0.16)  # what an unlit lamp's glass keeps of its colour
_LIT_WINDOW: Final = (np.float32(0.80), np.float32(0.55), np.float32(0.27))
# A wet road mirrors lamps below this height, as streaks of some spots.
_MIRRORED_BELOW_M = np.float32(9.0)
_STREAK: Final = 24
_SPOTS_PER_PIXEL = np.float32(0.2)
# Knots are about this far apart on the ground, and between one and this many times LANES pixels.
_KNOT_M = np.float32(0.5)
_MOST_STEPS: Final = 4
# The light of headlights has sharper edges: where knots would be farther apart than this, it is worked out everywhere.
_BEAM_KNOT_M = np.float32(1.0)


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
    fog_colour: F4  # [3, columns] of each column's horizon; LANES columns more than the picture has, at least


class Scratch(NamedTuple):
    """Room for the rows of a picture while they are worked out; for one thread."""

    room: F4  # [ROOM_ROWS, columns]: see patterns
    lines: F4  # [6, places]: the sky along the upper and the lower edge of a band
    bytes_of_row: NDArray[np.uint32]  # [1, columns]
    parts: NDArray[np.int64]  # for find_runs, as the next four are
    run_triangle: NDArray[np.int32]
    run_first: NDArray[np.int64]
    run_end: NDArray[np.int64]
    run_slot: NDArray[np.int64]
    near_shadows: NDArray[np.int64]  # those that reach a band
    here_shadows: NDArray[np.int64]  # and a row


def scratch_for(width: int, n_shadows: int) -> Scratch:
    """For pictures of this width."""
    columns = (-(-width // LANES) + 1) * LANES
    room = np.zeros((ROOM_ROWS, columns), np.float32)
    room[COLUMN] = np.arange(columns) + 0.5
    places = (-(-columns // SKY_STEP // LANES) + 1) * LANES
    runs = MOST_PARTS * (width + 1)
    return Scratch(
        room,
        np.zeros((6, places), np.float32),
        np.zeros((1, columns), np.uint32),
        np.zeros((5, MOST_PARTS), np.int64),
        np.zeros(runs, np.int32),
        *(np.zeros(runs, np.int64) for _ in range(3)),
        *(np.zeros(n_shadows, np.int64) for _ in range(2)),
    )


class _Rays(NamedTuple):
    """Where the eye is, and the directions of a row's pixels, not normed: row + slope * column."""

    eye_x: np.float32
    eye_y: np.float32
    eye_z: np.float32
    row_x: np.float32
    row_y: np.float32
    row_z: np.float32
    slope_x: np.float32
    slope_y: np.float32
    slope_z: np.float32


class _Surface(NamedTuple):
    """What a run shows, as far as its light depends on it."""

    kind: np.int32
    nx: np.float32  # normal
    ny: np.float32
    nz: np.float32
    z_x: np.float32  # 1 / depth = z_x * column + z_row
    z_row: np.float32
    sun: np.float32  # cosine to the sun, 0 where it looks away from it
    from_r: np.float32  # light of sky and ground
    from_g: np.float32
    from_b: np.float32
    shine_r: np.float32  # of a lit lamp
    shine_g: np.float32
    shine_b: np.float32


@lean_njit
def draw_bands(setup, view, look, claims, zinv, triangle, scratch, pixels, notes, counts):  # type: ignore[no-untyped-def]
    """Draw bands of a view with 2 x 2 samples a pixel into pixels [height, width], as long as `claims` has one left.

    counts[band] becomes how many lit lamps are noted in notes[band] (GLOW); what finds no room there is not noted.
    """
    room, lines = scratch.room, scratch.lines
    near_shadows, here_shadows = scratch.near_shadows, scratch.here_shadows
    while True:
        band = claim(claims)
        if band >= setup.bands:
            return
        rows = raster_band(setup, band, zinv, triangle) // 2
        top = band * setup.band_rows // 2
        has_sky = False
        n_near = 0
        for k in range(look.n_shadows):
            if look.shadows[k].first_row < top + rows and look.shadows[k].end_row > top:
                near_shadows[n_near] = k
                n_near += 1
        n_notes = 0
        for j in range(rows):
            y = top + j
            n = find_runs(
                triangle,
                2 * j,
                view.width,
                scratch.parts,
                room,
                scratch.run_triangle,
                scratch.run_first,
                scratch.run_end,
                scratch.run_slot,
            )
            room[SUM : SUM + 3] = _ZERO
            is_sky_here = False
            for k in range(n):
                if scratch.run_triangle[k] < 0:
                    if not has_sky:
                        sky_line(view, look.light, look.dome, top, lines[:3])
                        sky_line(view, look.light, look.dome, top + rows, lines[3:])
                        has_sky = True
                    if not is_sky_here:
                        sky_row(lines, (np.float32(j) + _HALF) / np.float32(rows), room[SKY : SKY + 3])
                        is_sky_here = True
                    first, end = scratch.run_first[k], scratch.run_end[k]
                    of = PART_OF + scratch.run_slot[k]
                    _add_sky(room, first, end, of)
                    add_sun(room, view, look.light, y, first, end, of)
            n_here = 0
            for k in range(n_near):
                if look.shadows[near_shadows[k]].first_row <= y < look.shadows[near_shadows[k]].end_row:
                    here_shadows[n_here] = near_shadows[k]
                    n_here += 1
            n_notes = _shade_row(setup.faces, view, look, y, n, scratch, n_here, notes[band], n_notes)
            tone_row(room, SUM, scratch.bytes_of_row, pixels[y])
        counts[band] = n_notes


@inline_njit
def _part_of(room, of, x, column, last):  # type: ignore[no-untyped-def]
    """The parts of pixels x ... that belong to a run; nothing after its last one."""
    return choose(column <= last, load(room, of, x), _ZERO)


@lean_njit
def _add_sky(room, first, end, of):  # type: ignore[no-untyped-def]
    last = np.float32(end) - _HALF
    for x in range(first, end, LANES):
        part = _part_of(room, of, x, load(room, COLUMN, x), last)
        for channel in range(3):
            store(room, SUM + channel, x, load(room, SUM + channel, x) + part * load(room, SKY + channel, x))


@lean_njit
def _note(notes, n, x, y, red, green, blue):  # type: ignore[no-untyped-def]
    note = notes[n]
    note.x, note.y = x, y
    note.r, note.g, note.b = red, green, blue
    return n + 1


@inline_njit
def _light_at(look, rays, surface, column, first):  # type: ignore[no-untyped-def]
    """Light on a surface at columns (Floats) of a row: what its colour is multiplied with, and what is added to it.

    Where the columns are those of pixels side by side, `first` is the first one; else it is below 0.
    """
    light, shade = look.light, look.shade
    kind, nx, ny, nz = surface.kind, surface.nx, surface.ny, surface.nz
    is_ground = PLAIN < kind <= LAST_GROUND
    depth = depth_at(surface.z_x, surface.z_row, column)
    dx = column * rays.slope_x + rays.row_x
    dy = column * rays.slope_y + rays.row_y
    dz = column * rays.slope_z + rays.row_z
    norm = root(dx * dx + dy * dy + dz * dz)
    x_m, y_m, z_m = dx * depth + rays.eye_x, dy * depth + rays.eye_y, dz * depth + rays.eye_z
    reaches = all_lanes(surface.sun)
    if surface.sun > _ZERO and not is_ground and kind != WALL:  # there shadows follow for each pixel
        reaches *= clear_of_shadow(
            shade, x_m + _OFF_SURFACE_M * nx, y_m + _OFF_SURFACE_M * ny, z_m + _OFF_SURFACE_M * nz
        )
    l_r = reaches * light.sun_r + surface.from_r
    l_g = reaches * light.sun_g + surface.from_g
    l_b = reaches * light.sun_b + surface.from_b
    if len(look.pools) > 0:
        lamp = pools_at(look.pools, shade, x_m, y_m, z_m, nz) * light.gain
        l_r += lamp * LAMP_COLOUR[0]
        l_g += lamp * LAMP_COLOUR[1]
        l_b += lamp * LAMP_COLOUR[2]
    if len(look.beams.grid) > 0:
        beam = beams_at(look.beams, x_m, y_m, z_m, nx, ny, nz) * (light.night * light.gain)
        if kind == SIGN:
            beam *= _RETROREFLECTS
        l_r += beam
        l_g += beam * np.float32(0.95)
        l_b += beam * np.float32(0.84)
    s_r, s_g, s_b = all_lanes(surface.shine_r), all_lanes(surface.shine_g), all_lanes(surface.shine_b)
    if is_ground:
        patch = bilinear(look.tiles[PATCHES], _SPOTS_AT, _SPOT_SIDE, x_m * _PER_PATCH_TEXEL, y_m * _PER_PATCH_TEXEL)
        l_r *= patch
        l_g *= patch
        l_b *= patch
    is_wet = is_ground and (light.wet > _ZERO or light.puddles > _ZERO)
    if is_wet or kind in (PAINT, GLASS):
        # What mirrors the sky: wet ground as if it lay flat.
        along = (dx * nx + dy * ny + dz * nz) / norm
        rest = _ONE - max(_ZERO - along, _ZERO)
        rest5 = rest * rest * (rest * rest) * rest
        per_norm = _ONE / norm
        m_x, m_y, m_z = dx * per_norm, dy * per_norm, dz * per_norm
        if is_wet:
            mirror = rest5 * np.float32(0.70) + np.float32(0.02)
            pool = all_lanes(_ZERO)
            soft = all_lanes(light.wet * np.float32(0.06 if kind == GRASS else 0.40))
            if light.puddles > _ZERO and nz > np.float32(0.98) and kind not in (GRASS, SIDEWALK, KERB):
                spot = bilinear(
                    look.tiles[PATCHES], _SPOTS_AT, _SPOT_SIDE, x_m * _PER_PUDDLE_TEXEL, y_m * _PER_PUDDLE_TEXEL
                )
                pool = (spot - (np.float32(1.27) - np.float32(0.27) * light.puddles)) * np.float32(14.0)
                pool = min(max(pool, _ZERO), _ONE)
                soft += (_ONE - soft) * pool
            mirror *= soft
            dark = (_ONE - pool * np.float32(0.45)) * (_ONE - np.float32(0.42) * light.wet)
            l_r *= dark
            l_g *= dark
            l_b *= dark
            m_z = _ZERO - m_z
        else:
            low = np.float32(0.04 if kind == PAINT else 0.10)
            mirror = rest5 * np.float32(0.50 if kind == PAINT else 0.80) + low
            m_x -= along * (_TWO * nx)
            m_y -= along * (_TWO * ny)
            m_z -= along * (_TWO * nz)
        k_r, k_g, k_b = sky_at(look.dome, m_x, m_y, m_z)
        if not is_wet:
            k_r = choose(m_z > _ZERO, k_r, light.ground_r)
            k_g = choose(m_z > _ZERO, k_g, light.ground_g)
            k_b = choose(m_z > _ZERO, k_b, light.ground_b)
        s_r += k_r * mirror
        s_g += k_g * mirror
        s_b += k_b * mirror
    # Fog thins out above: what stands high is seen through less of it.
    air = max(depth * norm - light.fog_from_m, _ZERO) * light.fog_per_m
    air /= max(z_m - rays.eye_z, _ZERO) * (_HALF / light.fog_height_m) + _ONE
    through = fade(air)
    if surface.shine_r + surface.shine_g + surface.shine_b > _ZERO:
        through = min(through * _PIERCES, _ONE)
    rest = _ONE - through
    if first >= 0:
        fog_r, fog_g = load(look.fog_colour, 0, first), load(look.fog_colour, 1, first)
        fog_b = load(look.fog_colour, 2, first)
    else:
        at, columns = to_ints(column), look.fog_colour.shape[1]
        fog_r, fog_g = take(look.fog_colour, at), take(look.fog_colour, at + columns)
        fog_b = take(look.fog_colour, at + 2 * columns)
    return (
        l_r * through,
        l_g * through,
        l_b * through,
        s_r * through + rest * fog_r,
        s_g * through + rest * fog_g,
        s_b * through + rest * fog_b,
    )


@inline_njit
def _between(room, row, k, t):  # type: ignore[no-untyped-def]
    """What knots say at t (0 to 1) of the way from knot k to the next."""
    return t * (room[row, k + 1] - room[row, k]) + room[row, k]


@lean_njit
def _shade_row(faces, view, look, y, n_runs, scratch, n_here, notes, n_notes):  # type: ignore[no-untyped-def]
    """Add the light of a row's runs to SUM; returns how many lamps are noted now."""
    light, shade, room = look.light, look.shade, scratch.room
    per_focal = np.float32(1.0 / view.focal_px)
    # Directions of the row's pixels, not normed: row + slope * column.
    slope_x = np.float32(view.axes[0, 0]) * per_focal
    slope_y = np.float32(view.axes[0, 1]) * per_focal
    slope_z = np.float32(view.axes[0, 2]) * per_focal
    mid_row = np.float32(y) + _HALF
    down = (mid_row - np.float32(0.5 * view.height)) * per_focal
    left = -np.float32(0.5 * view.width)
    rays = _Rays(
        np.float32(view.eye[0]),
        np.float32(view.eye[1]),
        np.float32(view.eye[2]),
        np.float32(view.axes[2, 0]) + np.float32(view.axes[1, 0]) * down + slope_x * left,
        np.float32(view.axes[2, 1]) + np.float32(view.axes[1, 1]) * down + slope_y * left,
        np.float32(view.axes[2, 2]) + np.float32(view.axes[1, 2]) * down + slope_z * left,
        slope_x,
        slope_y,
        slope_z,
    )
    has_beams = len(look.beams.grid) > 0
    for run in range(n_runs):
        if scratch.run_triangle[run] < 0:
            continue
        face = faces[scratch.run_triangle[run]]
        kind = face.kind
        material = look.materials[face.material]
        first, end = scratch.run_first[run], scratch.run_end[run]
        of = PART_OF + scratch.run_slot[run]
        nx, ny, nz = face.normal_x, face.normal_y, face.normal_z
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
        sun = max(nx * light.to_sun_x + ny * light.to_sun_y + nz * light.to_sun_z, _ZERO)
        if light.sun_g <= _ZERO:
            sun = _ZERO
        up = _HALF + _HALF * nz
        from_r = light.ground_r + (light.sky_r - light.ground_r) * up
        from_g = light.ground_g + (light.sky_g - light.ground_g) * up
        from_b = light.ground_b + (light.sky_b - light.ground_b) * up
        middle = _HALF * np.float32(first + end)
        mid_depth = _ONE / max(face.z_x * middle + z_row, FARTHEST_INVERSE)
        ray_x = rays.row_x + slope_x * middle
        ray_y = rays.row_y + slope_y * middle
        ray_z = rays.row_z + slope_z * middle
        mid_norm = root(ray_x * ray_x + ray_y * ray_y + ray_z * ray_z)
        step = LANES
        stretch = end - first
        shade_level = -1
        chain = look.tiles[FINE]
        start, side, scale = 0, 1, _ONE
        if is_ground or kind in (FOLIAGE, ROOF):
            # How large a pixel is on the surface.
            across_m = mid_depth * per_focal
            steep = max(-(ray_x * nx + ray_y * ny + ray_z * nz) / mid_norm, np.float32(0.01))
            footprint_m = across_m / root(steep)
            if kind == FOLIAGE:
                chain = look.tiles[TURF]
                start, side, scale = texture_level(footprint_m, _PER_LEAF_TEXEL)
            elif kind == SIDEWALK:
                # Joints are regular: read as coarsely as the longer side of the footprint asks for.
                chain = look.tiles[SLABS]
                start, side, scale = texture_level(across_m / steep, _PER_TEXEL)
            else:
                if kind == GRASS:
                    chain = look.tiles[TURF]
                start, side, scale = texture_level(footprint_m, _PER_TEXEL)
            if is_ground:
                step = LANES * min(max(int(_KNOT_M / (across_m * np.float32(LANES))), 1), _MOST_STEPS)
                if has_beams and across_m * np.float32(LANES) > _BEAM_KNOT_M:
                    stretch = LANES
                if nz > _HALF:
                    shade_level = level_of(footprint_m, _SHADE_CELL_M, SHADE_LEVELS - 1)
                    if shade.has_levels != 0:
                        gi = np.int64(rays.eye_x + ray_x * mid_depth - shade.ground_x0)
                        gj = np.int64(rays.eye_y + ray_y * mid_depth - shade.ground_y0)
                        inside = 0 <= gi < shade.ground_z.shape[1] and 0 <= gj < shade.ground_z.shape[0]
                        if inside and shade.ground_z[gj, gi] > rays.eye_z + ray_z * mid_depth + _UNDER_M:
                            shade_level = -1
        shine = light.gain if shines else _ZERO
        surface = _Surface(
            kind,
            nx,
            ny,
            nz,
            face.z_x,
            z_row,
            sun,
            from_r,
            from_g,
            from_b,
            red * shine,
            green * shine,
            blue * shine,
        )

        # --- windows and signs
        apart, pane_r, pane_g, pane_b = _ZERO, _ZERO, _ZERO, _ZERO
        if kind == WALL:
            apart = told_apart(face, material.p, mid_depth)
            through = fade(light.fog_per_m * max(mid_depth * mid_norm - light.fog_from_m, _ZERO))
            if light.lamps_on != 0:
                through *= light.gain
                pane_r, pane_g, pane_b = _LIT_WINDOW
            else:
                along = (ray_x * nx + ray_y * ny + ray_z * nz) / mid_norm
                pane_r, pane_g, pane_b = sky_at(
                    look.dome,
                    ray_x / mid_norm - _TWO * along * nx,
                    ray_y / mid_norm - _TWO * along * ny,
                    ray_z / mid_norm - _TWO * along * nz + np.float32(0.1),
                )
                rest = _ONE + along
                through *= np.float32(0.22) + np.float32(0.5) * rest * rest * rest
            pane_r, pane_g, pane_b = pane_r * through, pane_g * through, pane_b * through
        elif kind == SIGN:
            page = look.signs[np.int64(material.p[0])]
            sign_row(room, face, page, look.sign_side, mid_row, mid_depth, first, end)
        # How much of its light comes from the sun.
        sun_r = light.sun_r * sun / (light.sun_r * sun + from_r + np.float32(1e-6))
        sun_g = light.sun_g * sun / (light.sun_g * sun + from_g + np.float32(1e-6))
        sun_b = light.sun_b * sun / (light.sun_b * sun + from_b + np.float32(1e-6))
        off = _ZERO if shines else _ONE  # a lit lamp's light has been added

        for begin in range(first, end, stretch):
            # --- light: in a short stretch that of each pixel, else at knots
            finish = min(begin + stretch, end)
            last = np.float32(finish) - _HALF
            is_short = finish - begin <= LANES
            if is_short:
                step = 1
            n_knots = (finish - begin - 2 + step) // step + 1
            for k in range(0, n_knots, LANES):
                column = min((lane_numbers() + np.float32(k)) * np.float32(step) + (np.float32(begin) + _HALF), last)
                l_r, l_g, l_b, a_r, a_g, a_b = _light_at(look, rays, surface, column, begin if is_short else -1)
                store(room, KNOT_LIGHT, k, l_r)
                store(room, KNOT_LIGHT + 1, k, l_g)
                store(room, KNOT_LIGHT + 2, k, l_b)
                store(room, KNOT_ADD, k, a_r)
                store(room, KNOT_ADD + 1, k, a_g)
                store(room, KNOT_ADD + 2, k, a_b)
            # --- and surface
            for x in range(begin, finish, LANES):
                middles = load(room, COLUMN, x)
                part = _part_of(room, of, x, middles, last)
                column = min(middles, last)
                c_r, c_g, c_b = all_lanes(red * off), all_lanes(green * off), all_lanes(blue * off)
                m_r, m_g, m_b = all_lanes(_ZERO), all_lanes(_ZERO), all_lanes(_ZERO)
                if is_ground or kind in (FOLIAGE, ROOF):
                    depth = depth_at(face.z_x, z_row, column)
                    x_m = (column * rays.slope_x + rays.row_x) * depth + rays.eye_x
                    y_m = (column * rays.slope_y + rays.row_y) * depth + rays.eye_y
                    z_m = (column * rays.slope_z + rays.row_z) * depth + rays.eye_z
                    if kind == FOLIAGE:
                        grain = leaves_at(chain, start, side, scale, x_m, y_m, z_m)
                    else:
                        grain = texture_at(chain, start, side, scale, x_m, y_m)
                    if is_paint:
                        paint = paint_at(face, kind, material.p, mid_row, column, depth)
                        c_r = ribbon_colour(_ASPHALT[0], red, grain, paint)
                        c_g = ribbon_colour(_ASPHALT[1], green, grain, paint)
                        c_b = ribbon_colour(_ASPHALT[2], blue, grain, paint)
                    else:
                        c_r, c_g, c_b = grain * red, grain * green, grain * blue
                    if is_ground:
                        keep, lit = all_lanes(_ONE), all_lanes(_ONE)
                        if sun > _ZERO:
                            if shade_level >= 0:
                                lit = ground_lit(shade, shade_level, x_m, y_m)
                            else:
                                lit = clear_of_shadow(
                                    shade,
                                    x_m + _OFF_SURFACE_M * nx,
                                    y_m + _OFF_SURFACE_M * ny,
                                    z_m + _OFF_SURFACE_M * nz,
                                )
                        for k in range(n_here):
                            shadow = look.shadows[scratch.here_shadows[k]]
                            if shadow.first_column < min(finish, x + LANES) and shadow.end_column > x:
                                kept, clear = caster_at(shadow, x_m, y_m, z_m)
                                keep *= kept
                                lit *= clear
                        hidden = _ONE - lit
                        c_r *= keep * (_ONE - hidden * sun_r)
                        c_g *= keep * (_ONE - hidden * sun_g)
                        c_b *= keep * (_ONE - hidden * sun_b)
                elif kind == WALL:
                    depth = depth_at(face.z_x, z_row, column)
                    height, window, own = windows_at(face, material.p, mid_row, mid_depth, column, depth)
                    c_r = wall_colour(red, height, window, own)
                    c_g = wall_colour(green, height, window, own)
                    c_b = wall_colour(blue, height, window, own)
                    if sun > _ZERO:
                        x_m = (column * rays.slope_x + rays.row_x) * depth + (rays.eye_x + _OFF_SURFACE_M * nx)
                        y_m = (column * rays.slope_y + rays.row_y) * depth + (rays.eye_y + _OFF_SURFACE_M * ny)
                        z_m = (column * rays.slope_z + rays.row_z) * depth + (rays.eye_z + _OFF_SURFACE_M * nz)
                        hidden = _ONE - clear_of_shadow(shade, x_m, y_m, z_m)
                        c_r *= _ONE - hidden * sun_r
                        c_g *= _ONE - hidden * sun_g
                        c_b *= _ONE - hidden * sun_b
                    window *= pane_light(own, apart, light.lamps_on != 0)
                    m_r, m_g, m_b = window * pane_r, window * pane_g, window * pane_b
                elif kind == SIGN:
                    c_r, c_g, c_b = load(room, COLOUR, x), load(room, COLOUR + 1, x), load(room, COLOUR + 2, x)
                if is_short:
                    m_r += c_r * load(room, KNOT_LIGHT, 0) + load(room, KNOT_ADD, 0)
                    m_g += c_g * load(room, KNOT_LIGHT + 1, 0) + load(room, KNOT_ADD + 1, 0)
                    m_b += c_b * load(room, KNOT_LIGHT + 2, 0) + load(room, KNOT_ADD + 2, 0)
                else:
                    k = min((x - begin) // step, n_knots - 2)
                    from_column = np.float32(begin + k * step) + _HALF
                    t = (column - from_column) * (_ONE / (min(from_column + np.float32(step), last) - from_column))
                    m_r += c_r * _between(room, KNOT_LIGHT, k, t) + _between(room, KNOT_ADD, k, t)
                    m_g += c_g * _between(room, KNOT_LIGHT + 1, k, t) + _between(room, KNOT_ADD + 1, k, t)
                    m_b += c_b * _between(room, KNOT_LIGHT + 2, k, t) + _between(room, KNOT_ADD + 2, k, t)
                store(room, SUM, x, load(room, SUM, x) + part * m_r)
                store(room, SUM + 1, x, load(room, SUM + 1, x) + part * m_g)
                store(room, SUM + 2, x, load(room, SUM + 2, x) + part * m_b)

        # --- a lamp that will have a glow
        if shines and n_notes < len(notes):
            amount = _ZERO
            for x in range(first, end):
                amount += room[of, x]
            through = fade(light.fog_per_m * max(mid_depth * mid_norm - light.fog_from_m, _ZERO))
            through = min(_PIERCES * through, _ONE)
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
                at_x, at_y = rays.eye_x + ray_x * mid_depth, rays.eye_y + ray_y * mid_depth
                at_z = rays.eye_z + ray_z * mid_depth
                gi, gj = np.int64(at_x - shade.ground_x0), np.int64(at_y - shade.ground_y0)
                if 0 <= gi < shade.ground_z.shape[1] and 0 <= gj < shade.ground_z.shape[0]:
                    above_m = at_z - shade.ground_z[gj, gi]
                    ahead = mid_depth - _TWO * above_m * np.float32(view.axes[2, 2])
                    if _ZERO < above_m < _MIRRORED_BELOW_M and ahead > _ONE:
                        scale = np.float32(view.focal_px) / ahead
                        below = (mid_row - np.float32(0.5 * view.height)) / np.float32(view.focal_px) * mid_depth
                        below = (below - _TWO * above_m * np.float32(view.axes[1, 2])) * scale
                        beside = (middle - np.float32(0.5 * view.width)) / np.float32(view.focal_px) * mid_depth
                        beside = (beside - _TWO * above_m * np.float32(view.axes[0, 2])) * scale
                        # From a half of the lamp's height above its image to as much below.
                        long = above_m * scale
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
