"""Props with physics on: they fall, stand on the ground and slide when pushed. They do not tip over."""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.world.bodies import GRAVITY_MPS2, box_inertia_z, push, settle

FRICTION: Final = 0.6  # plastic, rubber or wood on asphalt


@njit
def prop_substep(actors, row, surface, dt):  # type: ignore[no-untyped-def]
    """Move one prop on by dt."""
    a = actors[row]
    if a.simulate == 0 or a.parent >= 0:
        return
    push(a, dt)
    if a.mass > 0.0:
        a.wz += a.torque_z / box_inertia_z(a) * dt
    if a.grounded == 1:
        loss = FRICTION * GRAVITY_MPS2 * dt
        speed = np.sqrt(a.vx * a.vx + a.vy * a.vy)
        keep = 1.0 - min(1.0, loss / speed) if speed > 0.0 else 0.0
        a.vx *= keep
        a.vy *= keep
        # A footprint pressed evenly on the ground: moment about 0.6 r times the force, inertia m r^2 / 3.
        radius = np.sqrt(a.half_x * a.half_x + a.half_y * a.half_y)
        spin = abs(a.wz)
        a.wz *= 1.0 - min(1.0, 1.8 * loss / radius / spin) if spin > 0.0 and radius > 0.0 else 0.0
    a.x += a.vx * dt
    a.y += a.vy * dt
    a.yaw += a.wz * dt
    settle(a, surface, dt)
