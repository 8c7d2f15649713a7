"""Walkers: they go where their WalkerControl says, turn to face it, and stand, fall, jump and climb kerbs.

The numbers are the defaults of Unreal's CharacterMovementComponent, which moves CARLA's walkers.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.world.bodies import push, settle

ACCELERATION_MPS2: Final = 20.48  # MaxAcceleration and BrakingDecelerationWalking: 2048 cm/s2
TURN_RATE_RADPS: Final = 2.0 * np.pi  # RotationRate: 360 degrees/s
JUMP_SPEED_MPS: Final = 4.2  # JumpZVelocity: 420 cm/s


@njit
def walker_substep(actors, row, surface, dt):  # type: ignore[no-untyped-def]
    """Move one walker on by dt. The origin is the middle of the capsule."""
    a = actors[row]
    if a.simulate == 0 or a.parent >= 0:
        return
    if a.placed == 1:  # it stands where the client's navigation says; its velocity is told, not driven
        a.vz = 0.0
        return
    push(a, dt)
    # A direction longer than 1 counts as 1, a shorter one slows down, as Unreal takes a movement input.
    length = np.sqrt(a.walk_x * a.walk_x + a.walk_y * a.walk_y + a.walk_z * a.walk_z)
    scale = a.walk_speed / max(length, 1.0)
    if a.dead == 1:
        scale = 0.0
    wanted_x = a.walk_x * scale
    wanted_y = a.walk_y * scale
    on_feet = a.grounded == 1 or a.gravity == 0
    if on_feet:
        # The same limit starts a walk, ends it, and stops a walker that was pushed or thrown.
        dx = wanted_x - a.vx
        dy = wanted_y - a.vy
        change = np.sqrt(dx * dx + dy * dy)
        share = min(1.0, ACCELERATION_MPS2 * dt / change) if change > 0.0 else 1.0
        a.vx += share * dx
        a.vy += share * dy
        if a.jump == 1 and a.dead == 0 and a.gravity == 1:
            a.vz = JUMP_SPEED_MPS
            a.grounded = 0
    a.wz = 0.0
    if on_feet and wanted_x * wanted_x + wanted_y * wanted_y > 1e-6:
        _turn(a, np.arctan2(wanted_y, wanted_x), dt)
    a.x += a.vx * dt
    a.y += a.vy * dt
    settle(a, surface, dt)


@njit
def _turn(a, heading, dt):  # type: ignore[no-untyped-def]
    error = (heading - a.yaw + np.pi) % (2.0 * np.pi) - np.pi
    step = min(max(error, -TURN_RATE_RADPS * dt), TURN_RATE_RADPS * dt)
    a.wz = step / dt
    a.yaw += step
