"""sensor.other.gnss: latitude, longitude and altitude of the sensor.

Two conventions are in the world, and they disagree in the sign of the latitude. Agents and route files of the
public benchmarks follow the older one, which is the default here.
"""

from collections.abc import Mapping
from math import asin, atan, atan2, cos, cosh, degrees, exp, log, pi, radians, sin, sinh, tan
from typing import Final, Literal, NamedTuple

from simulator.blueprints import number
from simulator.sensors.noise import normal3

__all__ = ["Convention", "GnssNoise", "GnssReading", "GnssSpec", "geolocation", "gnss_spec", "read_gnss"]

Convention = Literal["leaderboard", "carla-0.9.16"]

EARTH_RADIUS_M: Final = 6378137.0  # WGS84's equatorial radius, taken as that of a sphere by both conventions
# carla.Map.transform_to_geolocation scales by this, the factor of a UTM zone's middle, whatever the file says.
TRANSVERSE_SCALE: Final = 0.9996


class GnssReading(NamedTuple):
    latitude_deg: float
    longitude_deg: float
    altitude_m: float


class GnssNoise(NamedTuple):
    """Standard deviations and biases of latitude, longitude (degrees) and altitude (m)."""

    stddev: tuple[float, float, float]
    bias: tuple[float, float, float]


class GnssSpec(NamedTuple):
    noise: GnssNoise
    key: int  # noise.stable_key


def gnss_spec(attributes: Mapping[str, str], key: int) -> GnssSpec:
    """From an actor's attributes; the key should hold its noise_seed."""
    axes = ("lat", "lon", "alt")
    stddev = tuple(number(attributes[f"noise_{axis}_stddev"]) for axis in axes)
    bias = tuple(number(attributes[f"noise_{axis}_bias"]) for axis in axes)
    return GnssSpec(GnssNoise(stddev, bias), key)  # type: ignore[arg-type]


def read_gnss(
    spec: GnssSpec,
    position: tuple[float, float, float],
    origin_deg: tuple[float, float],
    frame: int,
    convention: Convention = "leaderboard",
) -> GnssReading:
    """The reading of a sensor at a place in the world; `origin_deg` is the map's latitude and longitude."""
    latitude, longitude, altitude = geolocation(position, origin_deg, convention)
    (s_lat, s_lon, s_alt), (b_lat, b_lon, b_alt) = spec.noise
    if s_lat or s_lon or s_alt:
        n_lat, n_lon, n_alt = normal3(spec.key, frame, 0)
        latitude += s_lat * n_lat
        longitude += s_lon * n_lon
        altitude += s_alt * n_alt
    return GnssReading(latitude + b_lat, longitude + b_lon, altitude + b_alt)


def geolocation(
    position: tuple[float, float, float], origin_deg: tuple[float, float], convention: Convention = "leaderboard"
) -> GnssReading:
    """Of a place in the world, without noise."""
    if convention == "leaderboard":
        latitude, longitude = _mercator(position[0], position[1], *origin_deg)
    elif convention == "carla-0.9.16":
        latitude, longitude = _transverse_mercator(position[0], position[1], *origin_deg)
    else:
        raise ValueError(f"unknown GNSS convention {convention!r}: leaderboard or carla-0.9.16.")
    return GnssReading(latitude, longitude, position[2])


def _mercator(x: float, y: float, origin_latitude: float, origin_longitude: float) -> tuple[float, float]:
    """Spherical Mercator scaled at the origin's latitude, south along +y: how the leaderboard converts its routes
    (leaderboard/utils/route_manipulation.py) and how CARLA did until 0.9.15."""
    radius = EARTH_RADIUS_M * cos(radians(origin_latitude))
    north = log(tan(pi / 4.0 + radians(origin_latitude) / 2.0)) - y / radius
    return degrees(2.0 * atan(exp(north)) - pi / 2.0), origin_longitude + degrees(x / radius)


def _transverse_mercator(x: float, y: float, origin_latitude: float, origin_longitude: float) -> tuple[float, float]:
    """Spherical transverse Mercator, north along +y: what carla.Map.transform_to_geolocation of the wheel gives
    (inverse formulas: Snyder, Map projections: a working manual, 1987, eq. 8-6 and 8-7)."""
    scale = EARTH_RADIUS_M * TRANSVERSE_SCALE
    d = y / scale + radians(origin_latitude)
    u = x / scale
    return degrees(asin(sin(d) / cosh(u))), origin_longitude + degrees(atan2(sinh(u), cos(d)))
