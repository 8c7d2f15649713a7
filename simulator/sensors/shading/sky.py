"""The sky of a weather, painted once onto a square map, and how to read it in any direction.

The map is a stereographic projection from straight down: straight up is in its middle, the horizon a circle that
touches its sides. It has no seam and no pole, and is finest at the horizon, where cameras look.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.sensors.shading.tiles import CLOUDS, SIDE, bilinear, tiles
from simulator.sensors.shading.weather import Light

__all__ = ["DOME", "dome_of", "sky_at"]

DOME: Final = 320  # texels a side

_HALF = np.float32(0.5 * (DOME - 1))
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_HALF_ONE = np.float32(0.5)
# Clouds lie in a layer; the sky's map of them covers this many heights of the layer before it repeats.
_CLOUD_TILE = np.float32(SIDE / 7.0)
# The layer bends down with the earth (and never meets the horizon).
_CLOUD_BEND = np.float32(0.16)


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
            # Fog and dust: all of it at the horizon, less above.
            veil = light.haze * min(_ONE, (_HALF_ONE + light.haze) / (_ONE + np.float32(4.0) * z * (_TWO - light.haze)))
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
