"""Weathers that cameras can draw: what clients may set is any fourteen numbers."""

from typing import Final

__all__ = ["drawable"]

# carla.WeatherParameters in the wire's order, and the ends of its documented ranges; what has no end gets one far off.
_RANGES: Final = (
    (0.0, 100.0),  # cloudiness
    (0.0, 100.0),  # precipitation
    (0.0, 100.0),  # precipitation_deposits
    (0.0, 100.0),  # wind_intensity
    (0.0, 360.0),  # sun_azimuth_angle, once it is folded
    (-90.0, 90.0),  # sun_altitude_angle, too
    (0.0, 100.0),  # fog_density
    (0.0, 1e5),  # fog_distance, metres
    (0.0, 1e3),  # fog_falloff
    (0.0, 100.0),  # wetness
    (0.0, 1e2),  # scattering_intensity
    (0.0, 5.0),  # mie_scattering_scale
    (0.0, 2.0),  # rayleigh_scattering_scale
    (0.0, 100.0),  # dust_storm
)
_AZIMUTH: Final = 4
_ALTITUDE: Final = 5


def drawable(weather: tuple[float, ...]) -> tuple[float, ...]:
    """The same weather within its ranges. A sun beyond the zenith stands on the other side, as in CARLA."""
    numbers = list(weather)
    altitude = (numbers[_ALTITUDE] + 180.0) % 360.0 - 180.0
    if abs(altitude) > 90.0:
        altitude = (180.0 if altitude > 0.0 else -180.0) - altitude
        numbers[_AZIMUTH] += 180.0
    numbers[_AZIMUTH] %= 360.0
    numbers[_ALTITUDE] = altitude
    return tuple(min(max(number, least), most) for number, (least, most) in zip(numbers, _RANGES, strict=True))
