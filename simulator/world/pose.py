"""A place and a heading, in the world's own units, and how poses combine."""

from math import asin, atan2, cos, sin
from typing import NamedTuple


class Pose(NamedTuple):
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    roll: float = 0.0  # radians, CARLA's senses
    pitch: float = 0.0
    yaw: float = 0.0


Rows = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def rotation(pose: Pose) -> Rows:
    """The matrix of carla.Transform.get_matrix: yaw, then pitch, then roll, in left-handed axes."""
    cy, sy = cos(pose.yaw), sin(pose.yaw)
    cp, sp = cos(pose.pitch), sin(pose.pitch)
    cr, sr = cos(pose.roll), sin(pose.roll)
    return (
        (cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr),
        (cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr),
        (sp, -cp * sr, cp * cr),
    )


def angles(m: Rows) -> tuple[float, float, float]:
    """Roll, pitch, yaw of a rotation matrix."""
    pitch = asin(max(-1.0, min(1.0, m[2][0])))
    if abs(m[2][0]) > 0.9999999:  # straight up or down: yaw and roll are one
        return 0.0, pitch, atan2(-m[0][1], m[1][1])
    return atan2(-m[2][1], m[2][2]), pitch, atan2(m[1][0], m[0][0])


def to_world(frame: Pose, x: float, y: float, z: float) -> tuple[float, float, float]:
    m = rotation(frame)
    return (
        frame.x + m[0][0] * x + m[0][1] * y + m[0][2] * z,
        frame.y + m[1][0] * x + m[1][1] * y + m[1][2] * z,
        frame.z + m[2][0] * x + m[2][1] * y + m[2][2] * z,
    )


def turned(frame: Pose, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A direction of the frame, in world axes."""
    m = rotation(frame)
    return (
        m[0][0] * x + m[0][1] * y + m[0][2] * z,
        m[1][0] * x + m[1][1] * y + m[1][2] * z,
        m[2][0] * x + m[2][1] * y + m[2][2] * z,
    )


def compose(frame: Pose, relative: Pose) -> Pose:
    """Where something at `relative` in `frame` is in the world."""
    a, b = rotation(frame), rotation(relative)
    product = tuple(tuple(sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)) for i in range(3))
    return Pose(*to_world(frame, relative.x, relative.y, relative.z), *angles(product))  # type: ignore[arg-type]


def relative_to(frame: Pose, world: Pose) -> Pose:
    """The pose of `world` as seen from `frame`: compose(frame, relative_to(frame, world)) == world."""
    a, b = rotation(frame), rotation(world)
    dx, dy, dz = world.x - frame.x, world.y - frame.y, world.z - frame.z
    product = tuple(tuple(sum(a[k][i] * b[k][j] for k in range(3)) for j in range(3)) for i in range(3))
    place = [a[0][i] * dx + a[1][i] * dy + a[2][i] * dz for i in range(3)]
    return Pose(place[0], place[1], place[2], *angles(product))  # type: ignore[arg-type]
