"""sensor.lidar.ray_cast and ray_cast_semantic: a fan of lasers that turns, and the points that it meets.

Rays, their order, what is dropped and how intensity fades follow CARLA's RayCastSemanticLidar.cpp and
RayCastLidar.cpp. Like theirs, a laser meets the vehicle that carries it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import floor, inf, radians
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import number
from simulator.kernels import njit
from simulator.maps.town import NONE, ROAD_LINES, ROADS
from simulator.scene.tables import ARROW, CROSSWALK, MARKING, Frame
from simulator.sensors.noise import normal, uniform
from simulator.sensors.paint import painted
from simulator.sensors.ray_cast import MOST_POINTS_PER_SECOND, Hits, Rays, Run, cast, one_by_one, read_only, sort_rays
from simulator.world.pose import Pose, rotation

__all__ = [
    "INTENSITY_POINT", "SEMANTIC_POINT", "LidarReading", "LidarSpec", "channel_elevations", "lidar_spec", "read_lidar",
    "read_semantic_lidar", "sweep",
]  # fmt: skip

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

# Points as they travel; x forward, y right, z up from the sensor.
INTENSITY_POINT: Final = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4")])
SEMANTIC_POINT: Final = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("cos_inc_angle", "<f4"), ("object_idx", "<u4"), ("object_tag", "<u4")]
)

_LIMITS: Final = {
    "channels": (1.0, 10_000.0),
    "range": (0.0, inf),
    "points_per_second": (0.0, MOST_POINTS_PER_SECOND),
    "rotation_frequency": (0.0, inf),
    "upper_fov": (-90.0, 90.0),
    "lower_fov": (-90.0, 90.0),
    "horizontal_fov": (1e-3, 360.0),
    "noise_stddev": (0.0, inf),
}
_EPSILON: Final = 1.1920929e-07  # of single precision: CARLA takes smaller rates and deviations for none
_SAME_ANGLE_RAD: Final = 1e-9
# Which of a ray's random numbers is for what.
_DROP: Final = 0
_KEEP: Final = 1


class LidarSpec(NamedTuple):
    channels: int
    range_m: float
    points_per_second: float
    rotation_frequency_hz: float
    upper_fov_rad: float
    lower_fov_rad: float
    horizontal_fov_rad: float
    # Of ray_cast only; 0 in a semantic LiDAR, which sees all and sees it exactly.
    attenuation_per_m: float
    dropoff_general_rate: float
    dropoff_intensity_limit: float
    dropoff_zero_intensity: float
    noise_stddev_m: float
    key: int  # noise.stable_key


class LidarReading(NamedTuple):
    horizontal_angle_rad: float  # how far the fan has turned, for the message and for the next reading
    points_per_channel: NDArray[np.uint32]  # from the upper channel down
    points: NDArray[np.void]  # channel by channel, in the order in which the fan turns


def lidar_spec(attributes: Mapping[str, str], key: int) -> LidarSpec:
    """From an actor's attributes; the key should hold its noise_seed. ValueError for what cannot be built."""

    def value(name: str) -> float:
        return number(attributes[name]) if name in attributes else 0.0

    spec = LidarSpec(
        int(value("channels")), value("range"), value("points_per_second"), value("rotation_frequency"),
        radians(value("upper_fov")), radians(value("lower_fov")), radians(value("horizontal_fov")),
        value("atmosphere_attenuation_rate"), value("dropoff_general_rate"), value("dropoff_intensity_limit"),
        value("dropoff_zero_intensity"), value("noise_stddev"), key,
    )  # fmt: skip
    for name, (least, most) in _LIMITS.items():
        if not least <= value(name) <= most:
            raise ValueError(f"{name} of a lidar must be in {least:g} ... {most:g}, and is {value(name):g}.")
    return spec


class _Scan(NamedTuple):
    """What the rays of a tick met, and where its points and their numbers by channel go."""

    azimuths: F8
    elevations: F8
    channels: I4  # the column of each channel in `hits`
    hits: Hits
    points: NDArray[np.void]
    counts: NDArray[np.uint32]


def read_lidar(
    spec: LidarSpec,
    angle_rad: float,
    frame: Frame,
    pose: Pose,
    *,
    ignored: frozenset[int] = frozenset(),
    run: Run = one_by_one,
) -> LidarReading:
    """INTENSITY_POINTs of one tick. `angle_rad` is the last reading's horizontal angle, 0 at first."""

    def fill(scan: _Scan) -> int:
        size: int = _fill_intensity(
            scan.hits.distance_m, scan.hits.triangle, scan.channels, scan.azimuths, scan.elevations,
            spec.attenuation_per_m, spec.dropoff_general_rate, spec.dropoff_intensity_limit,
            spec.dropoff_zero_intensity, spec.noise_stddev_m,
            spec.key, frame.number, scan.points.view("<f4").reshape(-1, 4), scan.counts,
        )  # fmt: skip
        return size

    cast_at = partial(cast, frame, pose, paint=False, ignored=ignored, run=run)
    return _read(spec, angle_rad, frame.delta_s, INTENSITY_POINT, cast_at, fill)


def read_semantic_lidar(
    spec: LidarSpec,
    angle_rad: float,
    frame: Frame,
    pose: Pose,
    *,
    ignored: frozenset[int] = frozenset(),
    run: Run = one_by_one,
) -> LidarReading:
    """SEMANTIC_POINTs of one tick. `angle_rad` is the last reading's horizontal angle, 0 at first."""

    def fill(scan: _Scan) -> int:
        axes, eye = np.array(rotation(pose)), np.array([pose.x, pose.y, pose.z])
        kinds, labels, params = (np.ascontiguousarray(frame.materials[name]) for name in ("kind", "label", "p"))
        own_labels = np.ascontiguousarray(frame.instances["label"])
        shape = scan.hits.triangle.shape
        cosines, instances, tags = np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.uint8)
        first_id = 0
        for g in (read_only(frame.static), read_only(frame.movers)):
            _describe(
                scan.hits.distance_m, scan.hits.triangle, first_id, scan.channels, scan.azimuths, scan.elevations,
                eye, axes, g.vertices, g.triangles, g.normal, g.uv, g.material, g.instance,
                kinds, labels, params, own_labels, cosines, instances, tags,
            )  # fmt: skip
            first_id += len(g.triangles)
        size: int = _fill_semantic(
            scan.hits.distance_m, scan.hits.triangle, scan.channels, scan.azimuths, scan.elevations, spec.range_m,
            cosines, np.ascontiguousarray(frame.instances["id"]), instances, tags,
            scan.points.view("<f4").reshape(-1, 6), scan.points.view("<u4").reshape(-1, 6), scan.counts,
        )  # fmt: skip
        return size

    cast_at = partial(cast, frame, pose, paint=True, ignored=ignored, run=run)
    return _read(spec, angle_rad, frame.delta_s, SEMANTIC_POINT, cast_at, fill)


def _read(
    spec: LidarSpec,
    angle_rad: float,
    delta_s: float,
    point: np.dtype[np.void],
    cast_at: Callable[[Rays], Hits],
    fill: Callable[[_Scan], int],
) -> LidarReading:
    """Turn the fan, cast its rays and let `fill` write the points, of which it says how many there are."""
    azimuths, after = sweep(spec, angle_rad, delta_s)
    elevations = channel_elevations(spec)
    points = np.empty(len(azimuths) * len(elevations), point)
    counts = np.zeros(spec.channels, np.uint32)
    size = 0
    if len(points):
        rays, channels = _rays(spec, azimuths, elevations)
        size = fill(_Scan(azimuths, elevations, channels, cast_at(rays), points, counts))
    return LidarReading(after, counts, points[:size])


def channel_elevations(spec: LidarSpec) -> F8:
    """Of the lasers, from the upper end of the field of view to the lower."""
    step = (spec.upper_fov_rad - spec.lower_fov_rad) / (spec.channels - 1) if spec.channels > 1 else 0.0
    return spec.upper_fov_rad - step * np.arange(spec.channels, dtype=np.float64)


def sweep(spec: LidarSpec, angle_rad: float, delta_s: float) -> tuple[F8, float]:
    """Azimuths of the rays of a tick, in order, and the angle that the fan has reached after it.

    The fan begins at the left end of its field of view, half of it left of straight ahead, and jumps back there.
    """
    # In single precision, as CARLA counts: half a point more or less would be one point in each channel.
    exact = np.float32(spec.points_per_second) * np.float32(delta_s) / np.float32(spec.channels)
    count = floor(float(exact) + 0.5)
    if count <= 0:
        return np.empty(0), angle_rad
    turn = spec.rotation_frequency_hz * spec.horizontal_fov_rad * delta_s
    angles = np.fmod(angle_rad + turn * np.arange(count + 1) / count, spec.horizontal_fov_rad)
    angles[spec.horizontal_fov_rad - angles < _SAME_ANGLE_RAD] = 0.0
    return angles[:-1] - 0.5 * spec.horizontal_fov_rad, float(angles[-1])


def _rays(spec: LidarSpec, azimuths: F8, elevations: F8) -> tuple[Rays, I4]:
    """The rays of a tick, and in which of their columns each channel is: the caster wants slopes to ascend."""
    order = np.argsort(elevations, kind="stable")
    channels = np.empty(len(order), np.int32)
    channels[order] = np.arange(len(order))
    return sort_rays(azimuths, elevations[order], spec.range_m, grid=True), channels


@njit
def _fill_intensity(  # type: ignore[no-untyped-def]
    distance, hit, channels, azimuths, elevations, attenuation, rate, limit, zero, stddev, key, frame, points, counts
):
    cos_a, sin_a = np.cos(azimuths), np.sin(azimuths)
    size = 0
    for channel in range(len(channels)):
        j = channels[channel]
        cos_e, sin_e = np.cos(elevations[channel]), np.sin(elevations[channel])
        first = size
        for i in range(len(azimuths)):
            if hit[i, j] < 0:
                continue
            ray = i * len(channels) + j
            if rate > _EPSILON and uniform(key, frame, ray, _DROP) < rate:
                continue
            d = distance[i, j]
            intensity = np.exp(-attenuation * d)
            if intensity <= limit and uniform(key, frame, ray, _KEEP) >= zero / limit * intensity + 1.0 - zero:
                continue
            if stddev > _EPSILON:
                d += stddev * normal(key, frame, ray)
            points[size, 0] = d * cos_e * cos_a[i]
            points[size, 1] = d * cos_e * sin_a[i]
            points[size, 2] = d * sin_e
            points[size, 3] = intensity
            size += 1
        counts[channel] = size - first
    return size


@njit
def _describe(  # type: ignore[no-untyped-def]
    distance, hit, first_id, channels, azimuths, elevations, eye, axes,
    vertices, triangles, normal, uv, material, instance,
    kinds, labels, params, own_labels, cosines, instances, tags,
):  # fmt: skip
    """Cosine of the incidence, instance and label of what the rays met in one of the geometries."""
    cos_a, sin_a = np.cos(azimuths), np.sin(azimuths)
    for channel in range(len(channels)):
        j = channels[channel]
        cos_e, sin_e = np.cos(elevations[channel]), np.sin(elevations[channel])
        for i in range(len(azimuths)):
            t = hit[i, j] - first_id
            if not 0 <= t < len(triangles):
                continue
            x, y, z = cos_e * cos_a[i], cos_e * sin_a[i], sin_e
            dx = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
            dy = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
            dz = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
            cosines[i, j] = -(dx * normal[t, 0] + dy * normal[t, 1] + dz * normal[t, 2])
            instances[i, j] = instance[t]
            m = material[t]
            kind = kinds[m]
            if kind == MARKING or kind == CROSSWALK or kind == ARROW:  # noqa: SIM109
                d = distance[i, j]
                p, q = _within(vertices, triangles[t], eye[0] + d * dx, eye[1] + d * dy, eye[2] + d * dz)
                u = uv[t, 0, 0] + p * (uv[t, 1, 0] - uv[t, 0, 0]) + q * (uv[t, 2, 0] - uv[t, 0, 0])
                v = uv[t, 0, 1] + p * (uv[t, 1, 1] - uv[t, 0, 1]) + q * (uv[t, 2, 1] - uv[t, 0, 1])
                tags[i, j] = ROAD_LINES if painted(kind, params[m], u, v) else ROADS
            else:
                tags[i, j] = labels[m] if labels[m] != NONE else own_labels[instance[t]]


@njit
def _within(vertices, triangle, x, y, z):  # type: ignore[no-untyped-def]
    """p and q of a point a + p (b - a) + q (c - a) of a triangle, by least squares."""
    a, b, c = vertices[triangle[0]], vertices[triangle[1]], vertices[triangle[2]]
    a0, a1, a2 = np.float64(a[0]), np.float64(a[1]), np.float64(a[2])
    ux, uy, uz = b[0] - a0, b[1] - a1, b[2] - a2
    vx, vy, vz = c[0] - a0, c[1] - a1, c[2] - a2
    x, y, z = x - a0, y - a1, z - a2
    uu, uv, vv = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
    pu, pv = x * ux + y * uy + z * uz, x * vx + y * vy + z * vz
    whole = uu * vv - uv * uv
    return (pu * vv - pv * uv) / whole, (pv * uu - pu * uv) / whole


@njit
def _fill_semantic(  # type: ignore[no-untyped-def]
    distance, hit, channels, azimuths, elevations, reach, cosines, ids, instances, tags, points, words, counts
):
    cos_a, sin_a = np.cos(azimuths), np.sin(azimuths)
    size = 0
    for channel in range(len(channels)):
        j = channels[channel]
        cos_e, sin_e = np.cos(elevations[channel]), np.sin(elevations[channel])
        first = size
        for i in range(len(azimuths)):
            d = distance[i, j]
            if hit[i, j] < 0 or d > reach:  # paint may be met a little beyond
                continue
            points[size, 0] = d * cos_e * cos_a[i]
            points[size, 1] = d * cos_e * sin_a[i]
            points[size, 2] = d * sin_e
            points[size, 3] = cosines[i, j]
            words[size, 4] = ids[instances[i, j]]
            words[size, 5] = tags[i, j]
            size += 1
        counts[channel] = size - first
    return size
