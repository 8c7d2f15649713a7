"""From CARLA's fourteen weather numbers to the light of a scene.

Light is linear and already exposed: 1 is a white that is just not blown out. So a camera with automatic exposure
shows it as it is; one with manual exposure multiplies it. The tables below are looked at, not measured: their rows
were chosen so that pictures of our towns look right by day, at dusk and by night.
"""

from functools import lru_cache
from math import cos, exp, radians, sin
from typing import Final, NamedTuple

import numpy as np

__all__ = ["NIGHT_BELOW_DEG", "Light", "light_of"]

Colour = tuple[float, float, float]

# Street lamps and windows are lit when the sun is lower than this.
NIGHT_BELOW_DEG: Final = 3.0

# Rows of the tables: altitude of the sun in degrees.
_ALTITUDE: Final = (-18.0, -9.0, -4.0, 0.0, 4.0, 10.0, 25.0, 60.0)
_ZENITH: Final = (
    (0.004, 0.006, 0.014),
    (0.012, 0.018, 0.042),
    (0.035, 0.055, 0.130),
    (0.075, 0.120, 0.260),
    (0.105, 0.190, 0.400),
    (0.110, 0.235, 0.500),
    (0.095, 0.245, 0.560),
    (0.085, 0.235, 0.580),
)
_HORIZON: Final = (
    (0.010, 0.012, 0.020),
    (0.038, 0.040, 0.066),
    (0.150, 0.125, 0.155),
    (0.380, 0.300, 0.290),
    (0.500, 0.450, 0.410),
    (0.540, 0.570, 0.600),
    (0.510, 0.630, 0.770),
    (0.480, 0.620, 0.800),
)
# What the side of the sky where the sun stands has more.
_GLOW: Final = (
    (0.000, 0.000, 0.000),
    (0.050, 0.025, 0.015),
    (0.420, 0.160, 0.060),
    (0.850, 0.360, 0.110),
    (0.750, 0.420, 0.190),
    (0.400, 0.300, 0.200),
    (0.220, 0.200, 0.165),
    (0.160, 0.155, 0.140),
)
# On a surface that faces the sun.
_SUN: Final = (
    (0.00, 0.00, 0.00),
    (0.00, 0.00, 0.00),
    (0.00, 0.00, 0.00),
    (0.16, 0.06, 0.02),
    (0.95, 0.50, 0.22),
    (1.55, 1.08, 0.68),
    (1.95, 1.66, 1.32),
    (2.10, 1.90, 1.62),
)
# Moon, and the shine of a town over itself.
_NIGHT_GLOW: Final = ((0.020, 0.025, 0.040), (0.016, 0.020, 0.030), (0.006, 0.008, 0.012), *((0.0, 0.0, 0.0),) * 5)

_DUST: Final = (0.62, 0.46, 0.28)
# Clear air: things lose a half of their contrast at 4 km.
_CLEAR_AIR_PER_M: Final = 0.00017
# fog_density is said to go from nothing at 0 to its thickest at 100, no more. At 100 one sees 60 m here, at 50
# 170 m, at 10 2 km (the distance at which 5 % of the contrast is left: 3 / extinction).
_THICKEST_FOG_PER_M: Final = 0.05
_THICKEST_DUST_PER_M: Final = 0.02
# Heavy rain: a visibility of 1 km (Atlas: Shape and mass of raindrops and optical extinction, 1953).
_HEAVY_RAIN_PER_M: Final = 0.003


class Light(NamedTuple):
    """What kernels need to know of sun, sky and air. Colours are linear, red, green, blue."""

    to_sun_x: np.float32  # unit vector
    to_sun_y: np.float32
    to_sun_z: np.float32
    sun_r: np.float32  # on a surface that faces the sun, where nothing stands between
    sun_g: np.float32
    sun_b: np.float32
    sky_r: np.float32  # on a surface that faces up, from the whole sky
    sky_g: np.float32
    sky_b: np.float32
    ground_r: np.float32  # on a surface that faces down, from the ground
    ground_g: np.float32
    ground_b: np.float32
    zenith_r: np.float32  # of the clear sky
    zenith_g: np.float32
    zenith_b: np.float32
    horizon_r: np.float32
    horizon_g: np.float32
    horizon_b: np.float32
    glow_r: np.float32
    glow_g: np.float32
    glow_b: np.float32
    haze_r: np.float32  # what thick fog and dust look like
    haze_g: np.float32
    haze_b: np.float32
    haze: np.float32  # 0 ... 1: how much of the horizon's colour they replace
    cloud: np.float32  # part of the sky, 0 ... 1
    fog_per_m: np.float32
    fog_from_m: np.float32
    fog_height_m: np.float32  # at which fog is thinner by e
    wet: np.float32  # 0 ... 1
    puddles: np.float32
    rain: np.float32
    night: np.float32  # 0 by day ... 1: how much lamps show against the day
    gain: np.float32  # of the camera; all the light above has it already
    lamps_on: np.uint8  # 1: street lamps and windows are lit


def _at(altitude_deg: float, table: tuple[Colour, ...]) -> Colour:
    red, green, blue = (float(np.interp(altitude_deg, _ALTITUDE, [row[c] for row in table])) for c in range(3))
    return red, green, blue


def _mix(a: Colour, b: Colour, part: float) -> Colour:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part


def _times(a: Colour, factor: float) -> Colour:
    return a[0] * factor, a[1] * factor, a[2] * factor


def _plus(a: Colour, b: Colour) -> Colour:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _luminance(a: Colour) -> float:
    return 0.2126 * a[0] + 0.7152 * a[1] + 0.0722 * a[2]  # ITU-R BT.709


def _grey(a: Colour) -> Colour:
    luminance = _luminance(a)
    return luminance * 0.97, luminance, luminance * 1.04


def _smooth(x: float, low: float, high: float) -> float:
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


def _part(percent: float) -> float:
    return min(1.0, max(0.0, percent / 100.0))


@lru_cache(maxsize=64)
def light_of(weather: tuple[float, ...], gain: float = 1.0) -> Light:
    """The light of carla.WeatherParameters (14 numbers in the wire's order), times the camera's `gain`.

    There is no public source for where CARLA's azimuth 0 points to: here the sun then stands in the direction of x,
    and moves to y (to the right) as the azimuth grows.
    """
    cloudiness, rain, deposits, _, azimuth_deg, altitude_deg, fog, fog_from_m, falloff, wetness = weather[:10]
    scattering, mie, rayleigh, dust_storm = weather[10:14]
    azimuth, altitude = radians(azimuth_deg), radians(altitude_deg)
    cloud, rain, dust = _part(cloudiness), _part(rain), _part(dust_storm)

    sun = _at(altitude_deg, _SUN)
    zenith, horizon, glow = (_at(altitude_deg, table) for table in (_ZENITH, _HORIZON, _GLOW))
    # CARLA's own presets leave these three at 1, 0.03 and 0.0331 (its defaults); more of them is more glow and blue.
    zenith = (zenith[0], zenith[1], zenith[2] * (1.0 + 2.0 * min(max(rayleigh - 0.0331, 0.0), 0.5)))
    glow = _times(glow, min(2.0, max(scattering, 0.0)) ** 0.5 * (1.0 + 4.0 * min(max(mie - 0.03, 0.0), 0.5)))

    sky = _plus(_plus(_times(zenith, 0.60), _times(horizon, 0.40)), _times(glow, 0.12))
    # Clouds hide the sun, and spread its light over the sky.
    hidden = 0.97 * _smooth(cloud, 0.35, 0.95)
    spread = _times(sun, 0.16 * hidden * max(sin(altitude), 0.1))
    sun = _times(sun, (1.0 - hidden) * (1.0 - 0.9 * dust))
    cover = _smooth(cloud, 0.2, 1.0)
    sky = _mix(sky, _grey(_plus(sky, spread)), cover)
    horizon = _mix(horizon, _times(_grey(horizon), 0.86), cover)
    zenith = _mix(zenith, _times(_grey(_plus(zenith, _times(horizon, 0.6))), 0.9), cover)
    glow = _times(glow, 1.0 - 0.85 * cover)
    darker = (1.0 - 0.28 * rain) * (1.0 - 0.35 * dust)
    sky, horizon, zenith = (_times(colour, darker) for colour in (sky, horizon, zenith))
    sky = _plus(sky, _at(altitude_deg, _NIGHT_GLOW))

    density = _part(fog)
    fog_per_m = _THICKEST_FOG_PER_M * density * density**0.5
    dust_per_m = _THICKEST_DUST_PER_M * dust * dust
    haze_colour = _grey(_plus(_times(horizon, 0.75), _times(sun, 0.10)))
    if dust > 0.0:
        brown = _times(_DUST, _luminance(horizon) / _luminance(_DUST) * 1.1)
        haze_colour = _mix(haze_colour, brown, dust_per_m / (dust_per_m + fog_per_m))
        sky = _mix(sky, _times(brown, _luminance(sky) / _luminance(brown)), 0.8 * dust)
        zenith = _mix(zenith, brown, dust)
    # Fog takes the sun away, and gives it back from everywhere.
    through = exp(-40.0 * (fog_per_m + dust_per_m))
    sky = _plus(sky, _times(_grey(sun), 0.35 * (1.0 - through)))
    sun = _times(sun, through)
    bounce = _times(_plus(sky, _times(sun, max(sin(altitude), 0.0))), 0.16)

    numbers = (
        cos(altitude) * cos(azimuth),
        cos(altitude) * sin(azimuth),
        sin(altitude),
        *(part * gain for colour in (sun, sky, bounce, zenith, horizon, glow, haze_colour) for part in colour),
        1.0 - exp(-1500.0 * (fog_per_m + dust_per_m)),  # haze
        cloud,
        _CLEAR_AIR_PER_M + fog_per_m + dust_per_m + _HEAVY_RAIN_PER_M * rain,
        # Fog that begins further away leaves the air before it clear; CARLA's unit is not documented: metres here.
        min(max(fog_from_m, 0.0), 200.0),
        1.0 / falloff if falloff > 1e-3 else 1000.0,  # fog_height_m
        max(_part(wetness), 0.6 * rain),
        _part(deposits),
        rain,
        1.0 - _smooth(altitude_deg, -6.0, 6.0),  # night
        gain,
    )
    return Light._make([*(np.float32(number) for number in numbers), np.uint8(altitude_deg < NIGHT_BELOW_DEG)])
