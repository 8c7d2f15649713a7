"""Motion of a vehicle in the plane: a single-track model whose tyres stick before they slide.

Front and rear wheels are one wheel each, at their axle. The lateral force of an axle is cornering stiffness times
slip angle, up to what friction leaves of it. Slip angle is lateral speed over forward speed, so near standstill the
force is a very stiff damper of lateral speed: solved implicitly, that is the kinematic single-track model, and the
dynamic one takes over by itself as the speed grows. Brakes and rolling resistance are dry friction: they bring
the wheels to rest and never push them back, so a braked car stands exactly still.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.world.drivetrain import RAD_PER_S_OF_RPM, drive_force, gear_ratio
from simulator.world.suspension import GRAVITY_MPS2

_AIR_KGPM3: Final = 1.2
_ROLLING_RESISTANCE: Final = 0.01  # of the load; a car tyre on asphalt
_SLIP_SPEED_MPS: Final = 0.1  # below this forward speed slip angles grow no steeper
# PhysX makes tyres stick when a car without throttle is slower than this (its threshold 0.2 m/s): so a car stays
# where it stopped. Ours holds with the force of a third of its weight; put in neutral by hand it rolls.
_STICKY_MPS: Final = 0.2
_STICKY_MPS2: Final = 0.33 * GRAVITY_MPS2
# Unreal moves the wheel at 2.5 of full lock per second away from the middle and 5 back to it
# (UWheeledVehicleMovementComponent::SteeringInputRate).
_STEER_RISE_PER_S: Final = 2.5
_STEER_FALL_PER_S: Final = 5.0


@njit
def turn_wheel(v, dt):  # type: ignore[no-untyped-def]
    """The front wheels follow the steering wheel at a finite rate."""
    rising = v.steer_target_rad * v.steer_rad >= 0.0 and abs(v.steer_target_rad) > abs(v.steer_rad)
    step = (_STEER_RISE_PER_S if rising else _STEER_FALL_PER_S) * v.max_steer_rad * dt
    v.steer_rad += min(max(v.steer_target_rad - v.steer_rad, -step), step)


@njit
def cornering_stiffness(wheel):  # type: ignore[no-untyped-def]
    """N per rad of slip angle: PhysX's curve, which flattens at lat_stiff_max_load times the load at rest."""
    if wheel.rest_load_n <= 0.0 or wheel.lat_stiff_max_load <= 0.0:
        return 0.0
    k = min(3.0 * wheel.load_n / wheel.rest_load_n / wheel.lat_stiff_max_load, 3.0)
    return wheel.rest_load_n * wheel.lat_stiff_value * (k - k * k / 3.0 + k * k * k / 27.0)


@njit
def tyres_substep(a, v, mass, dt):  # type: ignore[no-untyped-def]
    """Advance x, y, yaw and their velocities by the tyres, the air, the slope and the pending forces."""
    c, s = np.cos(a.yaw), np.sin(a.yaw)
    u = c * a.vx + s * a.vy
    r = a.wz
    w = c * a.vy - s * a.vx + v.com_x * r  # sideways, of the centre of mass

    # What the ground gives: loads, its slope, and the stiffness of the tyres.
    half = v.n_wheels // 2
    load_front, load_rear, stiff_front, stiff_rear = 0.0, 0.0, 0.0, 0.0
    push_x, push_y = a.force_x, a.force_y
    for k in range(v.n_wheels):
        wheel = v.wheels[k]
        push_x -= wheel.load_n * wheel.ground_x
        push_y -= wheel.load_n * wheel.ground_y
        if k < half:
            load_front += wheel.load_n
            stiff_front += cornering_stiffness(wheel)
        else:
            load_rear += wheel.load_n
            stiff_rear += cornering_stiffness(wheel)
    load = load_front + load_rear
    grip_front = v.grip_front * load_front
    grip_rear = v.grip_rear * load_rear
    grip = grip_front + grip_rear
    along = c * push_x + s * push_y - 0.5 * _AIR_KGPM3 * v.drag_area_m2 * abs(u) * u
    across = c * push_y - s * push_x

    # Along: drive first, then what can only slow down.
    throttle = min(max(v.throttle, 0.0), 1.0)
    drive = drive_force(v, mass, u, throttle, dt)
    brake_front = min(v.brake_front_n, grip_front)
    brake_rear = min(v.brake_rear_n, grip_rear)
    brake = brake_front + brake_rear
    resistance = brake + _ROLLING_RESISTANCE * load + v.wheel_damping_nsm * abs(u)
    if throttle == 0.0 and abs(u) < _STICKY_MPS and (v.gear != 0 or not v.manual_gear_shift):
        resistance += _STICKY_MPS2 * mass
    free = u + dt * ((drive + along) / mass + r * w)
    held = abs(free) * mass <= resistance * dt
    slowing = -free * mass / dt if held else (-resistance if free > 0.0 else resistance)
    tyre_x = drive + slowing
    most = min(grip, v.slip_room_n)  # PhysX: N per unit of slip; a locked wheel has a slip of one
    if abs(tyre_x) > most:
        tyre_x = most if tyre_x > 0.0 else -most
        held = False
    new_u = 0.0 if held else u + dt * ((tyre_x + along) / mass + r * w)

    # Sideways: implicit in the new lateral speed and yaw rate.
    share = brake_front / brake if brake > 0.0 else (load_front / load if load > 0.0 else 0.5)
    x_front = tyre_x * share
    x_rear = tyre_x - x_front
    room_front = np.sqrt(max(grip_front * grip_front - x_front * x_front, 0.0))
    room_rear = np.sqrt(max(grip_rear * grip_rear - x_rear * x_rear, 0.0))
    slip_speed = max(abs(new_u), _SLIP_SPEED_MPS)
    new_w, new_r, y_front, y_rear = _sideways(
        v,
        mass,
        dt,
        new_u,
        w,
        r,
        across,
        a.torque_z,
        stiff_front / slip_speed,
        stiff_rear / slip_speed,
        room_front,
        room_rear,
    )
    sin_steer = np.sin(v.steer_rad)
    if held:
        sticks = abs(y_front) < room_front and abs(y_rear) < room_rear
        if sticks and abs(new_w) < 0.02 and abs(new_r) < 0.02:
            new_w = 0.0
            new_r = 0.0
    else:
        new_u -= dt * y_front * sin_steer / mass
    v.long_force_n = tyre_x - y_front * sin_steer
    v.lat_force_n = y_front * np.cos(v.steer_rad) + y_rear

    if a.constant_velocity:
        new_u = a.cv_x
        if grip > 0.0:
            new_r = new_u * np.tan(v.steer_rad) / v.wheelbase_m
        new_w = a.cv_y + v.com_x * new_r
    _move(a, v, new_u, new_w - v.com_x * new_r, new_r, c, s, dt)
    _report(v, new_u, new_w, new_r, drive, grip, x_front, x_rear, y_front, y_rear, load_front, load_rear)


@njit
def _sideways(v, mass, dt, u, w, r, force, torque, damp_front, damp_rear, room_front, room_rear):  # type: ignore[no-untyped-def]
    """New lateral speed (of the centre of mass) and yaw rate, and the lateral force of each axle.

    An axle that would need more than its room slides: it gives the room, and the rest is solved again.
    """
    cos_steer = np.cos(v.steer_rad)
    sin_steer = np.sin(v.steer_rad)
    y_front, y_rear = 0.0, 0.0
    new_w, new_r = w, r
    slides_front = room_front == 0.0
    slides_rear = room_rear == 0.0
    for _ in range(3):
        d_front = 0.0 if slides_front else damp_front
        d_rear = 0.0 if slides_rear else damp_rear
        given_front = cos_steer * (y_front if slides_front else d_front * sin_steer * u)
        given_rear = y_rear if slides_rear else 0.0
        d = d_front * cos_steer * cos_steer
        m11 = mass / dt + d + d_rear
        m21 = d * v.front_m - d_rear * v.rear_m
        m12 = mass * u + m21
        m22 = v.inertia_z / dt + d * v.front_m * v.front_m + d_rear * v.rear_m * v.rear_m
        b1 = mass * w / dt + given_front + given_rear + force
        b2 = v.inertia_z * r / dt + v.front_m * given_front - v.rear_m * given_rear + torque
        det = m11 * m22 - m12 * m21
        new_w = (b1 * m22 - b2 * m12) / det
        new_r = (m11 * b2 - m21 * b1) / det
        solved = True
        if not slides_front:
            y_front = d_front * (sin_steer * u - cos_steer * (new_w + v.front_m * new_r))
            if abs(y_front) > room_front:
                y_front = room_front if y_front > 0.0 else -room_front
                slides_front = True
                solved = False
        if not slides_rear:
            y_rear = -d_rear * (new_w - v.rear_m * new_r)
            if abs(y_rear) > room_rear:
                y_rear = room_rear if y_rear > 0.0 else -room_rear
                slides_rear = True
                solved = False
        if solved:
            break
    return new_w, new_r, y_front, y_rear


@njit
def _move(a, v, u, w, r, c, s, dt):  # type: ignore[no-untyped-def]
    """From the body's new velocity (of its origin) to the world's pose and velocity."""
    yaw = a.yaw + r * dt
    c2, s2 = np.cos(yaw), np.sin(yaw)
    a.x += 0.5 * dt * ((c + c2) * u - (s + s2) * w)
    a.y += 0.5 * dt * ((s + s2) * u + (c + c2) * w)
    a.yaw = yaw
    a.vx = c2 * u - s2 * w
    a.vy = s2 * u + c2 * w
    a.wz = r


@njit
def _report(v, u, w, r, drive, grip, x_front, x_rear, y_front, y_rear, load_front, load_rear):  # type: ignore[no-untyped-def]
    """What telemetry shows: wheels roll with the road, stand when locked, turn with the engine when they spin."""
    half = v.n_wheels // 2
    spinning = abs(drive) > grip
    for k in range(v.n_wheels):
        wheel = v.wheels[k]
        front = k < half
        load = load_front if front else load_rear
        share = wheel.load_n / load if load > 0.0 else 0.0
        steer = v.steer_rad if front else 0.0
        sideways = w + (v.front_m if front else -v.rear_m) * r
        rolling = u * np.cos(steer) + sideways * np.sin(steer)
        wheel.steer_rad = steer
        wheel.long_force_n = share * (x_front if front else x_rear)
        wheel.lat_force_n = share * (y_front if front else y_rear)
        wheel.lat_slip = np.arctan2(sideways * np.cos(steer) - u * np.sin(steer), max(abs(rolling), _SLIP_SPEED_MPS))
        brake = v.brake_front_n if front else v.brake_rear_n
        locked = brake > (v.grip_front if front else v.grip_rear) * load
        if locked:
            wheel.omega = 0.0
            wheel.long_slip = -1.0 if abs(rolling) > _SLIP_SPEED_MPS else 0.0
            continue
        wheel.long_slip = 0.0
        if wheel.long_stiff_value > 0.0:  # PhysX: N per unit of slip, for a gravity of one
            wheel.long_slip = wheel.long_force_n / (wheel.long_stiff_value * GRAVITY_MPS2)
        wheel.omega = rolling / wheel.radius_m
        ratio = gear_ratio(v, v.gear)
        if spinning and ratio != 0.0:
            wheel.omega = v.engine_rpm * RAD_PER_S_OF_RPM / ratio
            wheel.long_slip = (wheel.omega * wheel.radius_m - rolling) / max(abs(rolling), _SLIP_SPEED_MPS)
