"""sensor.other.obstacle: the first thing that a ball, sent straight ahead, would bump into."""

from collections.abc import Mapping
from math import cos, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import number
from simulator.kernels import njit
from simulator.maps.town import Boxes
from simulator.sensors.collision import static_type_id
from simulator.world.pose import Pose
from simulator.world.tables import PROP, VEHICLE, WALKER

__all__ = ["ObstacleReading", "ObstacleSpec", "obstacle_spec", "read_obstacle"]

_TOUCH_M = 1e-6
_MAX_ITERATIONS = 64


class ObstacleReading(NamedTuple):
    other_id: int  # 0 for what belongs to the level
    other_type_id: str  # "static.building" ... for the level, "" for an actor
    distance_m: float  # that the ball travels until it touches


class ObstacleSpec(NamedTuple):
    distance_m: float
    hit_radius_m: float
    only_dynamics: bool


def obstacle_spec(attributes: Mapping[str, str]) -> ObstacleSpec:
    """From an actor's attributes."""
    return ObstacleSpec(
        number(attributes["distance"]), number(attributes["hit_radius"]), attributes["only_dynamics"].lower() == "true"
    )


def read_obstacle(
    spec: ObstacleSpec,
    pose: Pose,
    actors: NDArray[np.void],
    n_actors: int,
    boxes: Boxes,
    parent_row: int,
) -> ObstacleReading | None:
    """The nearest obstacle ahead of a sensor at `pose`, or None. Its parent is never one.

    Obstacles are the boxes of vehicles, walkers and props that take part in contacts, and the solid boxes of the
    level, never the ground; with only_dynamics, only vehicles, walkers, and props that physics moves.
    """
    forward = (cos(pose.pitch) * cos(pose.yaw), cos(pose.pitch) * sin(pose.yaw), sin(pose.pitch))
    row, box, distance = _sweep(
        actors, n_actors, boxes, (pose.x, pose.y, pose.z), forward,
        spec.distance_m, spec.hit_radius_m, spec.only_dynamics, parent_row,
    )  # fmt: skip
    if row >= 0:
        return ObstacleReading(int(actors["id"][row]), "", float(distance))
    if box >= 0:
        return ObstacleReading(0, static_type_id(int(boxes.label[box])), float(distance))
    return None


@njit
def _near_path(start, forward, length, x, y, z, reach):  # type: ignore[no-untyped-def]
    """Whether a point lies within `reach` of the path's segment."""
    dx, dy, dz = x - start[0], y - start[1], z - start[2]
    t = min(max(dx * forward[0] + dy * forward[1] + dz * forward[2], 0.0), length)
    dx, dy, dz = dx - t * forward[0], dy - t * forward[1], dz - t * forward[2]
    return dx * dx + dy * dy + dz * dz <= reach * reach


@njit
def _travel(px, py, pz, dx, dy, dz, hx, hy, hz, radius, limit):  # type: ignore[no-untyped-def]
    """How far a ball at p flies along d until it touches the box around the origin; inf if it does not by `limit`.

    The distance from a convex body is a convex function along a line. Newton's steps from a point outside
    therefore come nearer and never pass the first touch.
    """
    t = 0.0
    for _ in range(_MAX_ITERATIONS):
        x, y, z = px + t * dx, py + t * dy, pz + t * dz
        gx = x - min(max(x, -hx), hx)
        gy = y - min(max(y, -hy), hy)
        gz = z - min(max(z, -hz), hz)
        away = np.sqrt(gx * gx + gy * gy + gz * gz)
        gap = away - radius
        if gap <= _TOUCH_M:
            return t
        closing = -(gx * dx + gy * dy + gz * dz) / away
        if closing <= 0.0:
            return np.inf
        t += gap / closing
        if t > limit:
            return np.inf
    return np.inf  # it grazes: the gap shrinks for ever and stays open


@njit
def _sweep(  # type: ignore[no-untyped-def]
    actors, n_actors, boxes, start, forward, limit, radius, only_dynamics, parent_row
):
    """Row of the actor hit or -1, row of the box hit or -1, distance."""
    best = limit
    best_row = -1
    best_box = -1
    for i in range(n_actors):
        a = actors[i]
        if i == parent_row or a.collides == 0:
            continue
        if a.kind != VEHICLE and a.kind != WALKER and a.kind != PROP:
            continue
        if only_dynamics and a.kind == PROP and a.simulate == 0:
            continue
        cy, sy = np.cos(a.yaw), np.sin(a.yaw)
        cp, sp = np.cos(a.pitch), np.sin(a.pitch)
        cr, sr = np.cos(a.roll), np.sin(a.roll)
        # Columns of carla.Transform's matrix: the actor's axes in the world.
        m00, m01, m02 = cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr
        m10, m11, m12 = cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr
        m20, m21, m22 = sp, -cp * sr, cp * cr
        x = a.x + m00 * a.center_x + m01 * a.center_y + m02 * a.center_z
        y = a.y + m10 * a.center_x + m11 * a.center_y + m12 * a.center_z
        z = a.z + m20 * a.center_x + m21 * a.center_y + m22 * a.center_z
        reach = np.sqrt(a.half_x * a.half_x + a.half_y * a.half_y + a.half_z * a.half_z) + radius
        if not _near_path(start, forward, best, x, y, z, reach):
            continue
        px, py, pz = start[0] - x, start[1] - y, start[2] - z
        fx, fy, fz = forward
        t = _travel(
            m00 * px + m10 * py + m20 * pz, m01 * px + m11 * py + m21 * pz, m02 * px + m12 * py + m22 * pz,
            m00 * fx + m10 * fy + m20 * fz, m01 * fx + m11 * fy + m21 * fz, m02 * fx + m12 * fy + m22 * fz,
            a.half_x, a.half_y, a.half_z, radius, best,
        )  # fmt: skip
        if t < best or (t == best and best_row < 0):
            best, best_row = t, i
    for k in range(0 if only_dynamics else len(boxes.x)):
        if boxes.solid[k] == 0:
            continue
        hx, hy, hz = boxes.half_x[k], boxes.half_y[k], boxes.half_z[k]
        reach = np.sqrt(hx * hx + hy * hy + hz * hz) + radius
        if not _near_path(start, forward, best, boxes.x[k], boxes.y[k], boxes.z[k], reach):
            continue
        c, s = np.cos(boxes.yaw[k]), np.sin(boxes.yaw[k])
        px, py = start[0] - boxes.x[k], start[1] - boxes.y[k]
        fx, fy = forward[0], forward[1]
        t = _travel(
            c * px + s * py, c * py - s * px, start[2] - boxes.z[k], c * fx + s * fy, c * fy - s * fx, forward[2],
            hx, hy, hz, radius, best,
        )  # fmt: skip
        if t < best or (t == best and best_row < 0 and best_box < 0):
            best, best_row, best_box = t, -1, k
    return best_row, best_box, best
