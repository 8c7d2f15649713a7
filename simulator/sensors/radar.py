"""sensor.other.radar: random rays in a cone, and how fast what they meet comes or goes.

Rays and values follow CARLA's Radar.cpp. Like there, rays crowd around the axis: their radius, not the disc's area, is
drawn evenly.
"""

from collections.abc import Mapping
from math import inf, radians, tan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import number
from simulator.kernels import njit
from simulator.scene.tables import Frame
from simulator.sensors.noise import uniform
from simulator.sensors.ray_cast import MOST_POINTS_PER_SECOND, Run, cast, one_by_one, sort_rays
from simulator.world.pose import Pose, rotation

__all__ = ["DETECTION", "RadarSpec", "radar_spec", "read_radar"]

# As they travel. Velocity along the ray, positive when the distance grows; angles to the right and upwards.
DETECTION: Final = np.dtype(
    [("velocity_mps", "<f4"), ("azimuth_rad", "<f4"), ("altitude_rad", "<f4"), ("depth_m", "<f4")]
)


class RadarSpec(NamedTuple):
    horizontal_fov_rad: float
    vertical_fov_rad: float
    range_m: float  # of the plane in which rays end: those at the rim are longer
    points_per_second: float
    key: int  # noise.stable_key


def radar_spec(attributes: Mapping[str, str], key: int) -> RadarSpec:
    """From an actor's attributes; the key should hold its noise_seed. ValueError for what cannot be built."""
    for name in ("horizontal_fov", "vertical_fov"):
        if not 0.0 <= number(attributes[name]) < 180.0:
            raise ValueError(f"{name} of a radar must be in 0 ... 180 degrees, not {attributes[name]}.")
    for name, most in (("range", inf), ("points_per_second", MOST_POINTS_PER_SECOND)):
        if not 0.0 <= number(attributes[name]) <= most:
            raise ValueError(f"{name} of a radar must be in 0 ... {most:g}, and is {attributes[name]}.")
    return RadarSpec(
        radians(number(attributes["horizontal_fov"])),
        radians(number(attributes["vertical_fov"])),
        number(attributes["range"]),
        number(attributes["points_per_second"]),
        key,
    )


def read_radar(
    spec: RadarSpec,
    frame: Frame,
    pose: Pose,
    before: Pose,
    *,
    ignored: frozenset[int] = frozenset(),
    run: Run = one_by_one,
) -> NDArray[np.void]:
    """DETECTIONs of one tick, in which a sensor came from `before` to `pose`: that is its own speed."""
    count = int(np.float32(spec.points_per_second) * np.float32(frame.delta_s))
    if count == 0 or spec.range_m == 0.0:
        return np.empty(0, DETECTION)
    y, z = np.empty(count), np.empty(count)
    _draw(spec.key, frame.number, tan(0.5 * spec.horizontal_fov_rad), tan(0.5 * spec.vertical_fov_rad), y, z)
    length = np.sqrt(1.0 + y * y + z * z)
    azimuth, altitude = np.arctan(y), np.arcsin(z / length)
    reach = spec.range_m * length
    rays = sort_rays(azimuth, altitude, float(reach.max()), grid=False)
    hits = cast(frame, pose, rays, paint=False, ignored=ignored, run=run)
    met = (hits.triangle[:, 0] >= 0) & (hits.distance_m[:, 0] <= reach)

    directions = np.stack([np.ones(count), y, z], axis=1)[met] / length[met, None] @ np.array(rotation(pose)).T
    own = (np.array(pose[:3]) - np.array(before[:3])) / frame.delta_s
    velocity = frame.instances["velocity"][_instance_of(frame, hits.triangle[met, 0])] - own
    detections = np.empty(int(met.sum()), DETECTION)
    detections["velocity_mps"] = (velocity * directions).sum(axis=1)
    detections["azimuth_rad"] = azimuth[met]
    detections["altitude_rad"] = altitude[met]
    detections["depth_m"] = hits.distance_m[met, 0]
    return detections


def _instance_of(frame: Frame, triangle: NDArray[np.int32]) -> NDArray[np.int32]:
    n_static = len(frame.static.triangles)
    instance = np.empty(len(triangle), np.int32)
    stands = triangle < n_static
    instance[stands] = frame.static.instance[triangle[stands]]
    instance[~stands] = frame.movers.instance[triangle[~stands] - n_static]
    return instance


@njit
def _draw(key, frame, half_width, half_height, y, z):  # type: ignore[no-untyped-def]
    """Where rays cross the plane one metre ahead."""
    for i in range(len(y)):
        radius = uniform(key, frame, i, 0)
        angle = 2.0 * np.pi * uniform(key, frame, i, 1)
        y[i] = half_width * radius * np.cos(angle)
        z[i] = half_height * radius * np.sin(angle)
