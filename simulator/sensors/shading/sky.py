"""The sky of a weather, painted once onto a square map, and how to read it in any direction.

The map is a stereographic projection from straight down: straight up is in its middle, the horizon a circle that
touches its sides. It has no seam and no pole, and is finest at the horizon, where cameras look.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import inline_njit, lean_njit, njit
from simulator.sensors.lanes import LANES, all_lanes, choose, lane_numbers, root, store, take, to_floats, to_ints
from simulator.sensors.shading.patterns import SUM
from simulator.sensors.shading.tiles import CLOUDS, SIDE, bilinear, tiles
from simulator.sensors.shading.weather import Light

__all__ = ["DOME", "SKY_STEP", "add_sun", "dome_of", "fade", "horizon_of", "sky_at", "sky_line", "sky_row"]

DOME: Final = 320  # texels a side
SKY_STEP: Final = LANES // 2  # pixels between the places at which a picture reads it

_HALF = np.float32(0.5 * (DOME - 1))
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_HALF_ONE = np.float32(0.5)
_FOG_LAYER_M = np.float32(60.0)
# The ground beyond all that is drawn: fields.
_FAR_GROUND = (np.float32(0.085), np.float32(0.115), np.float32(0.055))
# Clouds lie in a layer; the sky's map of them covers this many heights of the layer before it repeats.
_CLOUD_TILE = np.float32(SIDE / 7.0)
# The layer bends down with the earth (and never meets the horizon).
_CLOUD_BEND = np.float32(0.16)


@inline_njit
def fade(x):  # type: ignore[no-untyped-def]
    """exp(-x) for x >= 0, to 1 %, by arithmetic that is the same everywhere."""
    a = x * np.float32(0.125)
    q = _ONE / (_ONE + a + _HALF_ONE * a * a)
    q *= q
    q *= q
    return q * q


@njit
def _paint(light, clouds, dome):  # type: ignore[no-untyped-def]
    for row in range(DOME):
        for column in range(DOME):
            # Beyond the circle the map goes on as at the horizon, so that reading between texels stays inside.
            px = (np.float32(column) - _HALF) / _HALF
            py = (np.float32(row) - _HALF) / _HALF
            r2 = px * px + py * py
            if r2 > _ONE:
                scale = _ONE / np.sqrt(r2)
                px *= scale
                py *= scale
                r2 = _ONE
            z = (_ONE - r2) / (_ONE + r2)
            x = _TWO * px / (_ONE + r2)
            y = _TWO * py / (_ONE + r2)
            # From the horizon's colour to the zenith's.
            low = _ONE - z
            low2 = low * low
            low4 = low2 * low2
            part = np.float32(0.25) * low2 + np.float32(0.75) * low4 * low
            r = light.zenith_r + (light.horizon_r - light.zenith_r) * part
            g = light.zenith_g + (light.horizon_g - light.zenith_g) * part
            b = light.zenith_b + (light.horizon_b - light.zenith_b) * part
            # Around the sun; near the horizon it spreads.
            facing = x * light.to_sun_x + y * light.to_sun_y + z * light.to_sun_z
            near = max(facing, _ZERO)
            near2 = near * near
            near8 = near2 * near2 * near2 * near2
            near64 = near8 * near8 * near8 * near8 * near8 * near8 * near8 * near8
            halo = np.float32(0.35) * near2 * low4 + np.float32(0.45) * near8 * (np.float32(0.4) + low2) + near64
            r += light.glow_r * halo
            g += light.glow_g * halo
            b += light.glow_b * halo
            # Clouds.
            if light.cloud > _ZERO:
                reach = _CLOUD_TILE / (z + _CLOUD_BEND)
                u = x * reach
                v = y * reach
                thick = _HALF_ONE * bilinear(clouds, 0, SIDE, u, v)
                # Towards the sun there is less cloud where it is bright.
                lee = thick - _HALF_ONE * bilinear(
                    clouds, 0, SIDE, u + np.float32(10.0) * light.to_sun_x, v + np.float32(10.0) * light.to_sun_y
                )
                # The noise is spread about 0.5; with cover 1 all of it is cloud.
                edge = np.float32(0.86) - light.cloud * np.float32(0.95)
                dense = min(max((thick - edge) * np.float32(3.2), _ZERO), _ONE)
                dense = dense * dense * (np.float32(3.0) - _TWO * dense)
                dense *= min(_ONE, z * np.float32(14.0)) * (np.float32(0.55) + np.float32(0.4) * light.cloud)
                bright = np.float32(0.86) + np.float32(0.55) * lee - np.float32(0.16) * light.cloud * thick
                bright = max(bright, np.float32(0.45))
                lit = np.float32(0.22) * (_ONE + near8)
                cloud_r = (light.horizon_r * np.float32(1.02) + light.sun_r * lit + light.glow_r * near8) * bright
                cloud_g = (light.horizon_g * np.float32(1.02) + light.sun_g * lit + light.glow_g * near8) * bright
                cloud_b = (light.horizon_b * np.float32(1.02) + light.sun_b * lit + light.glow_b * near8) * bright
                r += (cloud_r - r) * dense
                g += (cloud_g - g) * dense
                b += (cloud_b - b) * dense
            # Fog and dust: a layer, of which one sees the more the lower one looks.
            veil = _ONE - fade(light.haze * light.fog_per_m * _FOG_LAYER_M / (z + np.float32(0.01)))
            r += (light.haze_r - r) * veil
            g += (light.haze_g - g) * veil
            b += (light.haze_b - b) * veil
            dome[row, column, 0] = r
            dome[row, column, 1] = g
            dome[row, column, 2] = b


@lru_cache(maxsize=8)
def dome_of(light: Light) -> NDArray[np.float32]:
    """The sky's map [DOME, DOME, 3] of linear light."""
    dome = np.empty((DOME, DOME, 3), np.float32)
    _paint(light, tiles()[CLOUDS], dome)
    dome.flags.writeable = False
    return dome


@inline_njit
def sky_at(dome, x, y, z):  # type: ignore[no-untyped-def]
    """Light from the direction of the unit vector (x, y, z); below the horizon that of the horizon there.

    For float32, or for Floats (see simulator.sensors.lanes).
    """
    scale = _HALF / choose(z <= _ZERO, max(root(x * x + y * y), np.float32(1e-6)), _ONE + z)
    column = min(max(_HALF + x * scale, _ZERO), np.float32(DOME - 1.001))
    row = min(max(_HALF + y * scale, _ZERO), np.float32(DOME - 1.001))
    i, j = to_ints(column), to_ints(row)
    fx, fy = column - to_floats(i), row - to_floats(j)
    w00, w01 = (_ONE - fx) * (_ONE - fy), fx * (_ONE - fy)
    w10, w11 = (_ONE - fx) * fy, fx * fy
    at = (j * DOME + i) * 3
    to = at + 3 * DOME
    r = take(dome, at) * w00 + take(dome, at + 3) * w01 + take(dome, to) * w10 + take(dome, to + 3) * w11
    g = take(dome, at + 1) * w00 + take(dome, at + 4) * w01 + take(dome, to + 1) * w10 + take(dome, to + 4) * w11
    b = take(dome, at + 2) * w00 + take(dome, at + 5) * w01 + take(dome, to + 2) * w10 + take(dome, to + 5) * w11
    return r, g, b


@lean_njit
def horizon_of(view, dome, colours):  # type: ignore[no-untyped-def]
    """The sky at the horizon in the direction of each column: what distance and fog turn things into.

    `colours` is [3, columns], the number of columns as large as the view's width or larger, and whole LANES.
    """
    per_focal = np.float32(1.0 / view.focal_px)
    for first in range(0, colours.shape[1], LANES):
        right = (lane_numbers() + np.float32(first + 0.5 - 0.5 * view.width)) * per_focal
        x = np.float32(view.axes[0, 0]) * right + np.float32(view.axes[2, 0])
        y = np.float32(view.axes[0, 1]) * right + np.float32(view.axes[2, 1])
        flat = root(x * x + y * y) + np.float32(1e-6)
        r, g, b = sky_at(dome, x / flat, y / flat, all_lanes(_ZERO))
        store(colours, 0, first, r)
        store(colours, 1, first, g)
        store(colours, 2, first, b)


@lean_njit
def sky_line(view, light, dome, y, line):  # type: ignore[no-untyped-def]
    """The sky, and the ground beyond everything that is drawn, along a line of the picture, every SKY_STEP pixels.

    `line` is [3, places], the number of places being whole LANES.
    """
    per_focal = np.float32(1.0 / view.focal_px)
    height = max(np.float32(view.eye[2]), _ONE)
    lit = max(light.to_sun_z, _ZERO)
    ground_r = _FAR_GROUND[0] * (light.sky_r + light.sun_r * lit)
    ground_g = _FAR_GROUND[1] * (light.sky_g + light.sun_g * lit)
    ground_b = _FAR_GROUND[2] * (light.sky_b + light.sun_b * lit)
    down = (np.float32(y) - np.float32(0.5 * view.height)) * per_focal
    row_x = np.float32(view.axes[2, 0]) + np.float32(view.axes[1, 0]) * down
    row_y = np.float32(view.axes[2, 1]) + np.float32(view.axes[1, 1]) * down
    row_z = np.float32(view.axes[2, 2]) + np.float32(view.axes[1, 2]) * down
    for first in range(0, line.shape[1], LANES):
        places = (lane_numbers() + np.float32(first)) * np.float32(SKY_STEP)
        right = (places - np.float32(0.5 * view.width)) * per_focal
        dx = np.float32(view.axes[0, 0]) * right + row_x
        dy = np.float32(view.axes[0, 1]) * right + row_y
        dz = np.float32(view.axes[0, 2]) * right + row_z
        norm = root(dx * dx + dy * dy + dz * dz)
        z = dz / norm
        r, g, b = sky_at(dome, dx / norm, dy / norm, z)
        seen = fade(light.fog_per_m * height / max(_ZERO - z, np.float32(1e-4)))
        part = choose(z < _ZERO, seen, _ZERO)
        store(line, 0, first, r + (ground_r - r) * part)
        store(line, 1, first, g + (ground_g - g) * part)
        store(line, 2, first, b + (ground_b - b) * part)


@lean_njit
def sky_row(lines, part, row):  # type: ignore[no-untyped-def]
    """A row of sky between two lines of it, `part` of the way from the upper one to the lower, into row[3, pixels].

    The number of pixels is whole LANES.
    """
    for step in range(0, row.shape[1] // SKY_STEP, 2):
        # Two steps in a block.
        for channel in range(3):
            upper, lower = lines[channel], lines[3 + channel]
            a = upper[step] + (lower[step] - upper[step]) * part
            b = upper[step + 1] + (lower[step + 1] - upper[step + 1]) * part
            c = upper[step + 2] + (lower[step + 2] - upper[step + 2]) * part
            within = (lane_numbers() + _HALF_ONE) * np.float32(1.0 / SKY_STEP)
            light = choose(within < _ONE, within * (b - a) + a, (within - _ONE) * (c - b) + b)
            store(row, channel, step * SKY_STEP, light)


@lean_njit
def add_sun(room, view, light, y, first, end, of):  # type: ignore[no-untyped-def]
    """The sun's disc, with a soft edge."""
    ahead = view.axes[2, 0] * light.to_sun_x + view.axes[2, 1] * light.to_sun_y + view.axes[2, 2] * light.to_sun_z
    if ahead < 0.05:
        return
    right = view.axes[0, 0] * light.to_sun_x + view.axes[0, 1] * light.to_sun_y + view.axes[0, 2] * light.to_sun_z
    down = view.axes[1, 0] * light.to_sun_x + view.axes[1, 1] * light.to_sun_y + view.axes[1, 2] * light.to_sun_z
    at_x = np.float32(0.5 * view.width + view.focal_px * right / ahead)
    at_y = np.float32(0.5 * view.height + view.focal_px * down / ahead)
    radius = np.float32(view.focal_px * 0.05 / ahead)
    dy = np.float32(y) + _HALF_ONE - at_y
    if abs(dy) >= radius:
        return
    for x in range(max(first, np.int64(at_x - radius)), min(end, np.int64(at_x + radius) + 1)):
        dx = np.float32(x) + _HALF_ONE - at_x
        near = _ONE - (dx * dx + dy * dy) / (radius * radius)
        if near > _ZERO:
            disc = min(max((near - np.float32(0.90)) * np.float32(16.0), _ZERO), _ONE)
            shine = (np.float32(0.5) * near * near * near * near + np.float32(6.0) * disc) * room[of, x]
            room[SUM, x] += shine * light.sun_r
            room[SUM + 1, x] += shine * light.sun_g
            room[SUM + 2, x] += shine * light.sun_b
