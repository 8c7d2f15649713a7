"""Height, pitch and roll of a vehicle: four springs on the ground, gravity, and flight where there is none.

Each wheel carries its share of the weight on a spring and a damper that can push and not pull. All springs have
the same frequency, so heave, pitch and roll settle alike. The origin of a vehicle at rest lies on the ground.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.maps.ground import NOTHING, ground

GRAVITY_MPS2: Final = 9.81
# A firm saloon's ride: 1.8 Hz gives a spring that is pressed by 77 mm under its share of the weight.
_RIDE_HZ: Final = 1.8
_DAMPING_RATIO: Final = 0.7
_OMEGA: Final = 2.0 * np.pi * _RIDE_HZ
_REST_M: Final = GRAVITY_MPS2 / _OMEGA**2
_DAMPING_S_PER_M: Final = 2.0 * _DAMPING_RATIO / (_OMEGA * _REST_M)
_BUMP_STOP_M: Final = 0.10  # further up the body is lifted with the wheel
_MAX_LOAD: Final = 6.0  # times the load at rest
CLIMB_M: Final = 0.5  # ground that is higher above the wheel than this is a wall, not a step
_STEEPEST_NZ: Final = 0.6  # steeper triangles are taken for the sides of kerbs
_MAX_TILT_RAD: Final = 1.0  # vehicles do not roll over
_LEAN_LIMIT_MPS2: Final = GRAVITY_MPS2  # tyre forces beyond 1 g lean the body no further
# Cars stand a hair nose-down; logs of cars at rest in CARLA show -0.01 to -0.02 degrees. It matters: where a car's
# forward vector has length 1 to the last bit, the PythonAPI agents compute an angle of 0 to whatever stands straight
# ahead, and they see only what lies at an angle above 0 (agents/tools/misc.py, is_within_distance).
RAKE_RAD: Final = np.radians(0.05)
# Slower than this in all ways, a body on its springs is at rest: it would otherwise swing on by nanometres.
_REST_SPEED: Final = 1e-4
_REST_ACCELERATION: Final = 2e-3


@njit
def feel_ground(a, v, surface, dt):  # type: ignore[no-untyped-def]
    """The plane of the ground under each wheel, where it is in the middle of this tick; the lane under the origin."""
    c, s = np.cos(a.yaw), np.sin(a.yaw)
    along = np.sin(a.pitch)
    across = np.cos(a.pitch) * np.sin(a.roll)
    middle_x = a.x + 0.5 * dt * a.vx
    middle_y = a.y + 0.5 * dt * a.vy
    sunk = max(-a.vz, 0.0) * dt  # a fast fall ends below the ground for a moment
    for k in range(v.n_wheels):
        wheel = v.wheels[k]
        x = middle_x + c * wheel.x - s * wheel.y
        y = middle_y + s * wheel.x + c * wheel.y
        top = a.z + along * wheel.x - across * wheel.y + CLIMB_M + sunk
        z, nx, ny, nz, triangle = ground(surface, x, y, top)
        wheel.ground_x = 0.0
        wheel.ground_y = 0.0
        if triangle != NOTHING and nz > _STEEPEST_NZ:
            wheel.ground_x = -nx / nz
            wheel.ground_y = -ny / nz
        wheel.ground_z = z - wheel.ground_x * x - wheel.ground_y * y
    below = ground(surface, a.x, a.y, a.z + CLIMB_M)[4]
    a.lane = surface.lane[below] if below >= 0 else -1


@njit
def suspension_substep(a, v, mass, dt):  # type: ignore[no-untyped-def]
    """Advance z, pitch and roll; leaves the wheel loads for the tyres. The body's yaw must not have moved yet."""
    c, s = np.cos(a.yaw), np.sin(a.yaw)
    # CARLA's positive pitch lifts the nose and positive roll drops the right side: about -y and -x.
    pitch_rate = a.wx * s - a.wy * c
    roll_rate = -a.wx * c - a.wy * s
    along = np.sin(a.pitch + RAKE_RAD)
    across = np.cos(a.pitch) * np.sin(a.roll)
    weightless = a.gravity == 0

    total = 0.0
    pitching = 0.0
    rolling = 0.0
    deepest = -np.inf
    deepest_rise = 0.0
    touching = False
    for k in range(v.n_wheels):
        wheel = v.wheels[k]
        wheel.load_n = 0.0
        x = a.x + c * wheel.x - s * wheel.y
        y = a.y + s * wheel.x + c * wheel.y
        height = wheel.ground_z + wheel.ground_x * x + wheel.ground_y * y
        pressed = height - (a.z + along * wheel.x - across * wheel.y)
        rise = wheel.ground_x * a.vx + wheel.ground_y * a.vy
        if pressed > deepest:
            deepest = pressed
            deepest_rise = rise
        if pressed <= (0.0 if weightless else -_REST_M):
            continue
        speed = a.vz + pitch_rate * wheel.x - roll_rate * wheel.y - rise
        share = pressed / _REST_M - (_DAMPING_S_PER_M + dt / _REST_M) * speed
        if not weightless:
            share += 1.0
        share = min(max(share, 0.0), _MAX_LOAD)
        wheel.load_n = share * wheel.rest_load_n
        total += wheel.load_n
        pitching += wheel.load_n * (wheel.x - v.com_x)
        rolling -= wheel.load_n * wheel.y
        touching = True
    a.grounded = 1 if total > 0.0 else 0

    # The tyres pull at the ground, the body leans on them.
    limit = _LEAN_LIMIT_MPS2 * mass
    pitching += min(max(v.long_force_n, -limit), limit) * v.lean_arm_m
    rolling -= min(max(v.lat_force_n, -limit), limit) * v.lean_arm_m
    pitching += a.torque_x * s - a.torque_y * c
    rolling -= a.torque_x * c + a.torque_y * s

    # On the ground, springs and dampers are taken at the end of the substep, so that no time step is too long for
    # them. One factor does it for heave, pitch and roll, since all three swing at the same frequency.
    implicit = 1.0 + 2.0 * _DAMPING_RATIO * _OMEGA * dt + (_OMEGA * dt) ** 2 if total > 0.0 else 1.0
    az = (total + a.force_z) / mass
    if not weightless:
        az -= GRAVITY_MPS2
    az /= implicit
    pitch_acceleration = pitching / v.inertia_y / implicit
    roll_acceleration = rolling / v.inertia_x / implicit
    a.vz += az * dt
    pitch_rate += pitch_acceleration * dt
    roll_rate += roll_acceleration * dt
    if v.one_track:  # riders balance
        roll_rate = 0.0
        a.roll = 0.0
    slow = abs(a.vz) < _REST_SPEED and abs(pitch_rate) < _REST_SPEED and abs(roll_rate) < _REST_SPEED
    if slow and touching and max(abs(az), abs(pitch_acceleration), abs(roll_acceleration)) < _REST_ACCELERATION:
        a.vz = 0.0
        pitch_rate = 0.0
        roll_rate = 0.0
    a.z += a.vz * dt
    a.pitch += pitch_rate * dt
    a.roll += roll_rate * dt
    too_deep = deepest + (deepest_rise - a.vz) * dt - _BUMP_STOP_M
    if too_deep > 0.0:
        a.z += too_deep
        a.vz = max(a.vz, deepest_rise)
    if abs(a.pitch) > _MAX_TILT_RAD:
        a.pitch = _MAX_TILT_RAD if a.pitch > 0.0 else -_MAX_TILT_RAD
        pitch_rate = 0.0
    if abs(a.roll) > _MAX_TILT_RAD:
        a.roll = _MAX_TILT_RAD if a.roll > 0.0 else -_MAX_TILT_RAD
        roll_rate = 0.0
    a.wx = pitch_rate * s - roll_rate * c
    a.wy = -pitch_rate * c - roll_rate * s
