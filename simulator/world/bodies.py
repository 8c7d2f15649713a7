"""What one actor's body is to walkers, props, contacts and rays: its rotation, its weight and where it stands."""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.maps.ground import NOTHING, ground
from simulator.world.tables import PROP, VEHICLE, WALKER

GRAVITY_MPS2: Final = 9.81
# Unreal's PhysicsVolume.TerminalVelocity: what falls for minutes under the map keeps sane numbers.
TERMINAL_SPEED_MPS: Final = 40.0
# Scripts may set any velocity and force. Beyond these limits the sums of a step would overflow.
MAX_SPEED_MPS: Final = 1000.0
MAX_SPIN_RADPS: Final = 62.8  # Unreal's default MaxAngularVelocity: 3600 degrees/s
MAX_FORCE_N: Final = 1e9
# Unreal characters climb 0.45 m by default (CharacterMovementComponent.MaxStepHeight); kerbs are about 0.15 m.
STEP_M: Final = 0.4


@njit
def rotation_matrix(roll, pitch, yaw):  # type: ignore[no-untyped-def]
    """Nine numbers, row by row, of carla.Transform.get_matrix: columns are forward, right and up."""
    cr, sr = np.cos(roll), np.sin(roll)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cy, sy = np.cos(yaw), np.sin(yaw)
    return (
        cp * cy,
        cy * sp * sr - sy * cr,
        -cy * sp * cr - sy * sr,
        cp * sy,
        sy * sp * sr + cy * cr,
        -sy * sp * cr + cy * sr,
        sp,
        -cp * sr,
        cp * cr,
    )


@njit
def is_body(a):  # type: ignore[no-untyped-def]
    """Can anything touch it?

    An attached actor is welded to its parent and has no body of its own. A dead walker is a ragdoll, whose
    capsule collides no more. The client's controller turns off the collisions of the walkers that it moves; a car
    that drives into one has hit a walker all the same.
    """
    if (a.collides == 0 and a.placed == 0) or a.parent >= 0:
        return False
    if a.kind != VEHICLE and a.kind != PROP and (a.kind != WALKER or a.dead == 1):
        return False
    return a.half_x > 0.0 and a.half_y > 0.0 and a.half_z > 0.0


@njit
def box_inertia_z(a):  # type: ignore[no-untyped-def]
    """Of a box of even density about its vertical axis."""
    return a.mass * (a.half_x * a.half_x + a.half_y * a.half_y) / 3.0


@njit
def tame(a):  # type: ignore[no-untyped-def]
    """Keep what scripts asked for within the limits; what is not a number becomes 0."""
    a.vx, a.vy, a.vz = _bound(a.vx, MAX_SPEED_MPS), _bound(a.vy, MAX_SPEED_MPS), _bound(a.vz, MAX_SPEED_MPS)
    a.wx, a.wy, a.wz = _bound(a.wx, MAX_SPIN_RADPS), _bound(a.wy, MAX_SPIN_RADPS), _bound(a.wz, MAX_SPIN_RADPS)
    a.force_x, a.force_y, a.force_z = (
        _bound(a.force_x, MAX_FORCE_N),
        _bound(a.force_y, MAX_FORCE_N),
        _bound(a.force_z, MAX_FORCE_N),
    )
    a.torque_x, a.torque_y, a.torque_z = (
        _bound(a.torque_x, MAX_FORCE_N),
        _bound(a.torque_y, MAX_FORCE_N),
        _bound(a.torque_z, MAX_FORCE_N),
    )
    a.walk_speed = _bound(a.walk_speed, MAX_SPEED_MPS)


@njit
def _bound(value, limit):  # type: ignore[no-untyped-def]
    if abs(value) <= limit:
        return value
    if value > limit:
        return limit
    return -limit if value < -limit else 0.0


@njit
def is_finite(a):  # type: ignore[no-untyped-def]
    """Are pose and velocities numbers? A sum of finite numbers is finite, unless they are absurd as well."""
    place = a.x + a.y + a.z + a.roll + a.pitch + a.yaw
    return np.isfinite(place + a.vx + a.vy + a.vz + a.wx + a.wy + a.wz)


@njit
def push(a, dt):  # type: ignore[no-untyped-def]
    """Let the pending forces act on the velocity of a walker or prop."""
    if a.mass > 0.0:
        a.vx += a.force_x / a.mass * dt
        a.vy += a.force_y / a.mass * dt
        a.vz += a.force_z / a.mass * dt
        if a.force_z > a.mass * GRAVITY_MPS2:
            a.grounded = 0


@njit
def settle(a, surface, dt):  # type: ignore[no-untyped-def]
    """Fall, land, or follow the ground under the middle of the body; writes z, vz and grounded.

    What stands follows steps of STEP_M up and down. What is stuck in the ground up to its top is lifted onto it,
    as Unreal pushes a penetrating capsule out: scripts put walkers at the height of the road.
    """
    if a.gravity == 0:
        a.z += a.vz * dt
        a.grounded = 0
        return
    standing = a.grounded == 1 and a.vz <= 0.0
    if standing:
        a.vz = 0.0
    else:
        a.vz = max(a.vz - GRAVITY_MPS2 * dt, -TERMINAL_SPEED_MPS)
        a.z += a.vz * dt
    middle = a.z + a.center_z
    bottom = middle - a.half_z
    floor, _, _, _, triangle = ground(surface, a.x, a.y, bottom + STEP_M)
    if triangle == NOTHING or bottom - floor > STEP_M:
        higher, _, _, _, _ = ground(surface, a.x, a.y, middle + a.half_z)
        floor = max(floor, higher)
    if a.vz <= 0.0 and bottom <= floor + (STEP_M if standing else 0.0):
        a.z = floor + a.half_z - a.center_z
        a.vz = 0.0
        a.grounded = 1
    else:
        a.grounded = 0
