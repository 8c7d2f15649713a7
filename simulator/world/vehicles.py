"""Vehicles: from controls and a physics control to motion.

The world calls `vehicle_begin_tick` once per tick and `vehicle_substep` once per substep for each vehicle. All
state that others may change (pose, velocities) lives in the actor's row, in the world frame; the vehicle's row
holds its controls, its physics in SI units and the state of engine, gears and wheels. docs/vehicle-dynamics.md
describes the model and what it was measured against.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from math import radians
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints.physics import VehiclePhysics
from simulator.kernels import njit
from simulator.world.ackermann import DEFAULT_GAINS, ackermann_control
from simulator.world.suspension import GRAVITY_MPS2, feel_ground, suspension_substep
from simulator.world.tables import MAX_GEARS, MAX_STEERING_POINTS, MAX_TORQUE_POINTS
from simulator.world.tyres import turn_wheel, tyres_substep

__all__ = ["default_state", "set_physics", "vehicle_begin_tick", "vehicle_substep"]

_LEAST_MOI = 0.01  # kg m2: an engine without inertia has no speed of its own
_LEAST_AXLE_SHARE = 0.05  # of the weight: the centre of mass stays between the axles
# The body leans as if its centre of mass were no higher than this share of its half track: vehicles do not roll over.
_HIGHEST_LEAN = 0.6
# Wheels nearer to the middle line than this run in one track, as a bicycle's.
_NARROW_M = 0.05
# CARLA warns of physics steps above 0.1 s; longer ones are cut.
_LONGEST_STEP_S = 0.1

Table = NDArray[Any]


def default_state(vehicles: Table, i: int) -> None:
    """Row i as a newly spawned vehicle has it: in neutral, no pedal pressed. Its physics is set apart."""
    actor = int(vehicles[i]["actor"])
    vehicles[i] = np.zeros((), vehicles.dtype)
    v = vehicles[i]
    v["actor"] = actor
    v["ack_gains"] = DEFAULT_GAINS
    v["give_way"] = -1
    v["wheels"]["friction_scale"] = -1.0


def set_physics(
    vehicles: Table, i: int, physics: VehiclePhysics, half_x_m: float, half_y_m: float, half_z_m: float
) -> None:
    """Fill row i from a physics control in CARLA's units; controls and motion are kept.

    Wheels come in CARLA's order, front first: two (front, rear) or four (front left, front right, rear left,
    rear right; of two-wheelers in pairs), at positions in the vehicle's frame. ValueError says what no vehicle
    can have.
    """
    _refuse(physics)
    v = vehicles[i]
    n = len(physics.wheels)
    _fill_engine(v, physics)
    wheels = v["wheels"]
    for k, wheel in enumerate(physics.wheels):
        row = wheels[k]
        row["tire_friction"] = wheel.tire_friction
        row["damping_rate"] = wheel.damping_rate
        row["max_steer_rad"] = radians(wheel.max_steer_angle)
        row["radius_m"] = 0.01 * wheel.radius
        row["max_brake_torque"] = wheel.max_brake_torque
        row["max_handbrake_torque"] = wheel.max_handbrake_torque
        row["lat_stiff_max_load"] = wheel.lat_stiff_max_load
        row["lat_stiff_value"] = wheel.lat_stiff_value
        row["long_stiff_value"] = wheel.long_stiff_value
        row["x"], row["y"], row["z"] = (0.01 * value for value in wheel.position)
        if v["n_wheels"] != n:
            row["friction_scale"] = -1.0
    v["n_wheels"] = n
    wheels = wheels[:n]
    v["max_steer_rad"] = wheels["max_steer_rad"][: n // 2].mean()
    v["radius_m"] = wheels["radius_m"].mean()
    v["wheel_damping_nsm"] = (wheels["damping_rate"] / wheels["radius_m"] ** 2).sum()
    v["slip_room_n"] = wheels["long_stiff_value"].sum() * GRAVITY_MPS2
    v["drag_area_m2"] = physics.drag_coefficient * 4.0 * half_y_m * half_z_m

    # Where the weight rests, and how hard the body is to turn.
    mass = physics.mass
    front_x = wheels["x"][: n // 2].mean()
    rear_x = wheels["x"][n // 2 :].mean()
    wheelbase = front_x - rear_x
    margin = _LEAST_AXLE_SHARE * wheelbase
    com_x = min(max(physics.center_of_mass[0], rear_x + margin), front_x - margin)
    half_track = np.abs(wheels["y"]).mean()
    v["one_track"] = half_track < _NARROW_M
    if v["one_track"]:
        half_track = half_y_m
    v["com_x"], v["com_y"], v["com_z"] = com_x, 0.0, physics.center_of_mass[2]
    v["wheelbase_m"] = wheelbase
    v["front_m"] = front_x - com_x
    v["rear_m"] = com_x - rear_x
    on_front = mass * GRAVITY_MPS2 * (com_x - rear_x) / wheelbase
    wheels["rest_load_n"][: n // 2] = on_front / (n // 2)
    wheels["rest_load_n"][n // 2 :] = (mass * GRAVITY_MPS2 - on_front) / (n // 2)
    v["inertia_z"] = mass * (half_x_m**2 + half_y_m**2) / 3.0  # a box of even density
    v["inertia_y"] = mass * v["front_m"] * v["rear_m"]  # heave and pitch swing apart from each other
    v["inertia_x"] = mass * half_track**2
    height = half_z_m + physics.center_of_mass[2]  # CARLA gives the centre of mass from the middle of the body
    v["lean_arm_m"] = min(max(height, 0.0), _HIGHEST_LEAN * half_track)


def _fill_engine(v: np.void, physics: VehiclePhysics) -> None:
    v["n_torque"] = len(physics.torque_curve)
    for k, (rpm, torque) in enumerate(physics.torque_curve):
        v["torque_rpm"][k] = rpm
        v["torque_nm"][k] = torque
    v["peak_torque_nm"] = max((torque for _, torque in physics.torque_curve), default=0.0)
    v["max_rpm"] = physics.max_rpm
    v["moi"] = max(physics.moi, _LEAST_MOI)
    v["damping_full_throttle"] = physics.damping_rate_full_throttle
    v["damping_zero_throttle_engaged"] = physics.damping_rate_zero_throttle_clutch_engaged
    v["damping_zero_throttle_disengaged"] = physics.damping_rate_zero_throttle_clutch_disengaged
    v["autobox"] = physics.use_gear_autobox
    v["gear_switch_time_s"] = physics.gear_switch_time
    v["clutch_strength"] = physics.clutch_strength
    v["final_ratio"] = physics.final_ratio
    v["n_gears"] = len(physics.forward_gears)
    for k, gear in enumerate(physics.forward_gears):
        v["gear_ratio"][k] = gear.ratio
        v["gear_down"][k] = gear.down_ratio
        v["gear_up"][k] = gear.up_ratio
    v["drag_coefficient"] = physics.drag_coefficient
    v["n_steering"] = len(physics.steering_curve)
    for k, (speed_kmh, factor) in enumerate(physics.steering_curve):
        v["steering_kmh"][k] = speed_kmh
        v["steering_factor"][k] = factor


def _refuse(physics: VehiclePhysics) -> None:
    """ValueError for a physics control that no vehicle can have."""
    wheels = physics.wheels
    if len(wheels) not in (2, 4):
        raise ValueError(f"a vehicle has 2 or 4 wheels, this physics control has {len(wheels)}")
    half = len(wheels) // 2
    front = sum(wheel.position[0] for wheel in wheels[:half])
    rear = sum(wheel.position[0] for wheel in wheels[half:])
    if not all(np.isfinite(list(_numbers(astuple(physics))))):
        raise ValueError("a physics control holds finite numbers only")
    for what, value in (
        ("moi", physics.moi),
        ("damping_rate_full_throttle", physics.damping_rate_full_throttle),
        ("damping_rate_zero_throttle_clutch_engaged", physics.damping_rate_zero_throttle_clutch_engaged),
        ("damping_rate_zero_throttle_clutch_disengaged", physics.damping_rate_zero_throttle_clutch_disengaged),
        ("clutch_strength", physics.clutch_strength),
        ("drag_coefficient", physics.drag_coefficient),
        ("tire_friction", min(wheel.tire_friction for wheel in wheels)),
        ("damping_rate", min(wheel.damping_rate for wheel in wheels)),
        ("lat_stiff_value", min(wheel.lat_stiff_value for wheel in wheels)),
        ("long_stiff_value", min(wheel.long_stiff_value for wheel in wheels)),
        ("max_brake_torque", min(wheel.max_brake_torque for wheel in wheels)),
        ("max_handbrake_torque", min(wheel.max_handbrake_torque for wheel in wheels)),
    ):
        if value < 0.0:
            raise ValueError(f"{what} must not be below 0, it is {value}")
    if physics.mass <= 0.0:
        raise ValueError(f"mass must be above 0 kg, not {physics.mass}")
    if min(wheel.radius for wheel in wheels) <= 0.0:
        raise ValueError("wheel radius must be above 0 cm")
    if front - rear <= 0.0:
        raise ValueError("the first half of the wheels must be in front of the second half")
    for what, count, most in (
        ("torque_curve", len(physics.torque_curve), MAX_TORQUE_POINTS),
        ("steering_curve", len(physics.steering_curve), MAX_STEERING_POINTS),
        ("forward_gears", len(physics.forward_gears), MAX_GEARS),
    ):
        if count > most:
            raise ValueError(f"{what} has {count} entries; at most {most} are supported")


def _numbers(values: Iterable[Any]) -> Iterator[float]:
    """All numbers in nested tuples."""
    for value in values:
        if isinstance(value, tuple):
            yield from _numbers(value)
        else:
            yield float(value)


@njit
def steering_factor(v, speed_mps):  # type: ignore[no-untyped-def]
    """Share of the wheel's largest angle that is left at this speed; constant beyond the ends of the curve."""
    n = v.n_steering
    if n == 0:
        return 1.0
    kmh = 3.6 * speed_mps
    if kmh <= v.steering_kmh[0]:
        return v.steering_factor[0]
    for k in range(1, n):
        if kmh < v.steering_kmh[k]:
            part = (kmh - v.steering_kmh[k - 1]) / (v.steering_kmh[k] - v.steering_kmh[k - 1])
            return v.steering_factor[k - 1] + part * (v.steering_factor[k] - v.steering_factor[k - 1])
    return v.steering_factor[n - 1]


@njit
def vehicle_begin_tick(actors, vehicles, i, surface, dt):  # type: ignore[no-untyped-def]
    """Once per tick of dt seconds, before its substeps: controllers, pedals, and the ground beneath the wheels."""
    v = vehicles[i]
    a = actors[v.actor]
    a.ax, a.ay, a.az = 0.0, 0.0, 0.0
    v.tick_s = dt
    if not a.simulate:
        a.vx, a.vy, a.vz = 0.0, 0.0, 0.0
        a.wx, a.wy, a.wz = 0.0, 0.0, 0.0
        v.last_vx, v.last_vy, v.last_vz = 0.0, 0.0, 0.0
        v.long_force_n, v.lat_force_n = 0.0, 0.0
        return
    if not np.isfinite(v.engine_rpm + v.steer_rad + v.long_force_n + v.lat_force_n):
        # The caller takes an actor back whose numbers overflowed; what is kept here must not overflow it again.
        v.engine_rpm, v.steer_rad, v.long_force_n, v.lat_force_n = 0.0, 0.0, 0.0, 0.0
    forward = np.cos(a.yaw) * a.vx + np.sin(a.yaw) * a.vy
    if v.ackermann:
        ackermann_control(v, forward, dt)
    steer = min(max(v.steer, -1.0), 1.0)
    v.steer_target_rad = steer * v.max_steer_rad * steering_factor(v, abs(forward))
    pedal = min(max(v.brake, 0.0), 1.0)
    half = v.n_wheels // 2
    v.brake_front_n, v.brake_rear_n, v.grip_front, v.grip_rear = 0.0, 0.0, 0.0, 0.0
    for k in range(v.n_wheels):
        wheel = v.wheels[k]
        brake = pedal * wheel.max_brake_torque
        if v.hand_brake:
            brake = max(brake, wheel.max_handbrake_torque)
        friction = wheel.friction_scale if wheel.friction_scale >= 0.0 else wheel.tire_friction
        if k < half:
            v.brake_front_n += brake / wheel.radius_m
            v.grip_front += friction / half
        else:
            v.brake_rear_n += brake / wheel.radius_m
            v.grip_rear += friction / half
    feel_ground(a, v, surface, dt)


@njit
def vehicle_substep(actors, vehicles, i, surface, dt):  # type: ignore[no-untyped-def]
    """Advance pose and velocities of vehicle i by dt seconds; contacts are resolved by the caller afterwards."""
    v = vehicles[i]
    a = actors[v.actor]
    if not a.simulate:
        return
    mass = max(a.mass, 1.0)
    parts = max(1, int(np.ceil(dt / _LONGEST_STEP_S - 1e-6)))
    for _ in range(parts):
        turn_wheel(v, dt / parts)
        suspension_substep(a, v, mass, dt / parts)
        tyres_substep(a, v, mass, dt / parts)
    if a.constant_velocity and a.cv_z != 0.0:
        a.vz = a.cv_z
    a.ax += (a.vx - v.last_vx) / v.tick_s
    a.ay += (a.vy - v.last_vy) / v.tick_s
    a.az += (a.vz - v.last_vz) / v.tick_s
    v.last_vx, v.last_vy, v.last_vz = a.vx, a.vy, a.vz
