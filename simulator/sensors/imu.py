"""sensor.other.imu: accelerometer, gyroscope and compass in the sensor's own frame."""

from collections.abc import Mapping
from math import atan2, pi
from typing import Final, NamedTuple

from simulator.blueprints import number
from simulator.sensors.noise import normal3
from simulator.world.pose import Pose, rotation

__all__ = ["ImuHistory", "ImuReading", "ImuSpec", "imu_spec", "read_imu"]

Vector = tuple[float, float, float]

GRAVITY_MPS2: Final = 9.81  # of CARLA's worlds, until a client sets another one (set_imui_gravity)


class ImuReading(NamedTuple):
    accelerometer: Vector  # m/s2, specific force: gravity, upwards, at rest
    gyroscope: Vector  # rad/s
    compass_rad: float  # 0 faces north (-y), grows to the right, below 2 pi


class ImuSpec(NamedTuple):
    accelerometer_stddev: Vector
    gyroscope_stddev: Vector
    gyroscope_bias: Vector
    key: int  # noise.stable_key


class ImuHistory(NamedTuple):
    """Where the sensor was at its last two readings, which its accelerometer needs. A new one is empty."""

    earlier: Vector | None = None
    last: Vector | None = None
    between_s: float = 0.0


def imu_spec(attributes: Mapping[str, str], key: int) -> ImuSpec:
    """From an actor's attributes; the key should hold its noise_seed."""

    def vector(name: str) -> Vector:
        return tuple(number(attributes[f"noise_{name}_{axis}"]) for axis in "xyz")  # type: ignore[return-value]

    return ImuSpec(vector("accel_stddev"), vector("gyro_stddev"), vector("gyro_bias"), key)


def read_imu(
    spec: ImuSpec,
    history: ImuHistory,
    pose: Pose,
    angular_velocity: Vector,
    since_last_s: float,
    frame: int,
    gravity_mps2: float = GRAVITY_MPS2,
) -> tuple[ImuReading, ImuHistory]:
    """The reading of a sensor at `pose` on a body that turns with `angular_velocity` (rad/s, world axes).

    `since_last_s` is the time since its last reading. The first two readings know no acceleration yet and tell
    gravity alone (CARLA's own first readings are spikes, since it takes the missing places as the origin).
    """
    axes = rotation(pose)
    here = (pose.x, pose.y, pose.z)
    ax, ay, az = _acceleration(history, here, since_last_s)
    accelerometer = _into(axes, (ax, ay, az + gravity_mps2))
    gyroscope = _into(axes, angular_velocity)
    if any(spec.accelerometer_stddev):
        accelerometer = _noisy(accelerometer, spec.accelerometer_stddev, normal3(spec.key, frame, 0))
    if any(spec.gyroscope_stddev):
        gyroscope = _noisy(gyroscope, spec.gyroscope_stddev, normal3(spec.key, frame, 1))
    bx, by, bz = spec.gyroscope_bias
    reading = ImuReading(
        accelerometer, (gyroscope[0] + bx, gyroscope[1] + by, gyroscope[2] + bz), _compass(axes[0][0], axes[1][0])
    )
    return reading, ImuHistory(history.last, here, since_last_s)


def _acceleration(history: ImuHistory, here: Vector, h1: float) -> Vector:
    """Second derivative of the parabola through the last three places, as CARLA's accelerometer has it."""
    if history.earlier is None or history.last is None or h1 <= 0.0 or history.between_s <= 0.0:
        return 0.0, 0.0, 0.0
    h2 = history.between_s
    e, m = history.earlier, history.last
    now, middle, then = 2.0 / (h1 * (h1 + h2)), 2.0 / (h1 * h2), 2.0 / (h2 * (h1 + h2))
    return (
        now * here[0] - middle * m[0] + then * e[0],
        now * here[1] - middle * m[1] + then * e[1],
        now * here[2] - middle * m[2] + then * e[2],
    )


def _into(axes: tuple[Vector, Vector, Vector], v: Vector) -> Vector:
    """A world vector in the frame whose axes are the matrix's columns."""
    x, y, z = v
    return (
        axes[0][0] * x + axes[1][0] * y + axes[2][0] * z,
        axes[0][1] * x + axes[1][1] * y + axes[2][1] * z,
        axes[0][2] * x + axes[1][2] * y + axes[2][2] * z,
    )


def _noisy(v: Vector, stddev: Vector, normal: Vector) -> Vector:
    return v[0] + stddev[0] * normal[0], v[1] + stddev[1] * normal[1], v[2] + stddev[2] * normal[2]


def _compass(forward_x: float, forward_y: float) -> float:
    """The angle of the forward axis from north, seen from above."""
    angle = atan2(forward_x, -forward_y)
    if angle < 0.0:
        angle += 2.0 * pi
    return angle if angle < 2.0 * pi else 0.0  # the smallest negative angles round up to a whole turn
