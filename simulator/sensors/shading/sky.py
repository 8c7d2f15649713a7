"""The sky of a weather, painted once onto a square map, and how to read it in any direction.

The map is a stereographic projection from straight down: straight up is in its middle, the horizon a circle that
touches its sides. It has no seam and no pole, and is finest at the horizon, where cameras look.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.sensors.shading.patterns import COLUMN, SUM
from simulator.sensors.shading.tiles import CLOUDS, SIDE, bilinear, tiles
from simulator.sensors.shading.weather import Light

__all__ = ["DOME", "SKY_STEP", "add_sky", "add_sun", "dome_of", "fade", "sky_at", "sky_line"]

DOME: Final = 320  # texels a side
SKY_STEP: Final = 8  # pixels between the places at which a picture reads it

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


@njit
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


@njit
def sky_at(dome, x, y, z):  # type: ignore[no-untyped-def]
    """Light from the direction of the unit vector (x, y, z); below the horizon that of the horizon there."""
    if z <= _ZERO:
        flat = np.sqrt(x * x + y * y)
        scale = _HALF / max(flat, np.float32(1e-6))
    else:
        scale = _HALF / (_ONE + z)
    column = min(max(_HALF + x * scale, _ZERO), np.float32(DOME - 1.001))
    row = min(max(_HALF + y * scale, _ZERO), np.float32(DOME - 1.001))
    i = np.int64(column)
    j = np.int64(row)
    fx = column - np.float32(i)
    fy = row - np.float32(j)
    w00 = (_ONE - fx) * (_ONE - fy)
    w01 = fx * (_ONE - fy)
    w10 = (_ONE - fx) * fy
    w11 = fx * fy
    r = dome[j, i, 0] * w00 + dome[j, i + 1, 0] * w01 + dome[j + 1, i, 0] * w10 + dome[j + 1, i + 1, 0] * w11
    g = dome[j, i, 1] * w00 + dome[j, i + 1, 1] * w01 + dome[j + 1, i, 1] * w10 + dome[j + 1, i + 1, 1] * w11
    b = dome[j, i, 2] * w00 + dome[j, i + 1, 2] * w01 + dome[j + 1, i, 2] * w10 + dome[j + 1, i + 1, 2] * w11
    return r, g, b


@njit
def sky_line(view, light, dome, y, line):  # type: ignore[no-untyped-def]
    """The sky, and the ground beyond everything that is drawn, along a line of the picture, every SKY_STEP pixels."""
    focal = np.float32(view.focal_px)
    middle_x, middle_y = np.float32(0.5 * view.width), np.float32(0.5 * view.height)
    height = max(np.float32(view.eye[2]), _ONE)
    lit = max(light.to_sun_z, _ZERO)
    ground_r = _FAR_GROUND[0] * (light.sky_r + light.sun_r * lit)
    ground_g = _FAR_GROUND[1] * (light.sky_g + light.sun_g * lit)
    ground_b = _FAR_GROUND[2] * (light.sky_b + light.sun_b * lit)
    down = (np.float32(y) - middle_y) / focal
    for k in range(line.shape[1]):
        right = (np.float32(k * SKY_STEP) - middle_x) / focal
        x = np.float32(view.axes[2, 0]) + np.float32(view.axes[0, 0]) * right + np.float32(view.axes[1, 0]) * down
        y_ = np.float32(view.axes[2, 1]) + np.float32(view.axes[0, 1]) * right + np.float32(view.axes[1, 1]) * down
        z = np.float32(view.axes[2, 2]) + np.float32(view.axes[0, 2]) * right + np.float32(view.axes[1, 2]) * down
        scale = _ONE / np.sqrt(x * x + y_ * y_ + z * z)
        x, y_, z = x * scale, y_ * scale, z * scale
        r, g, b = sky_at(dome, x, y_, z)
        if z < _ZERO:
            part = fade(light.fog_per_m * height / max(-z, np.float32(1e-4)))
            r += (ground_r - r) * part
            g += (ground_g - g) * part
            b += (ground_b - b) * part
        line[0, k], line[1, k], line[2, k] = r, g, b


@njit
def add_sky(room, first, end, part, lines, of):  # type: ignore[no-untyped-def]
    """Add sky to pixels, between two lines of it: `part` of the way from the upper to the lower one."""
    for step in range(first // SKY_STEP, (end - 1) // SKY_STEP + 1):
        r0 = lines[0, 0, step] + (lines[1, 0, step] - lines[0, 0, step]) * part
        g0 = lines[0, 1, step] + (lines[1, 1, step] - lines[0, 1, step]) * part
        b0 = lines[0, 2, step] + (lines[1, 2, step] - lines[0, 2, step]) * part
        r1 = lines[0, 0, step + 1] + (lines[1, 0, step + 1] - lines[0, 0, step + 1]) * part
        g1 = lines[0, 1, step + 1] + (lines[1, 1, step + 1] - lines[0, 1, step + 1]) * part
        b1 = lines[0, 2, step + 1] + (lines[1, 2, step + 1] - lines[0, 2, step + 1]) * part
        dr, dg, db = (
            (r1 - r0) / np.float32(SKY_STEP),
            (g1 - g0) / np.float32(SKY_STEP),
            (b1 - b0) / np.float32(SKY_STEP),
        )
        at = step * SKY_STEP
        for x in range(np.uint64(max(first, at)), np.uint64(min(end, at + SKY_STEP))):
            t = room[COLUMN, x] - np.float32(at)
            w = room[of, x]
            room[SUM, x] += w * (r0 + dr * t)
            room[SUM + 1, x] += w * (g0 + dg * t)
            room[SUM + 2, x] += w * (b0 + db * t)


@njit
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
