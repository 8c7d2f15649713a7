"""Engine, clutch and gearbox of one vehicle, driven by its physics control.

The laws are those that PhysX documents for its vehicles (guide, chapter "Vehicles"), so that the numbers of a
carla.VehiclePhysicsControl mean the same here: the torque curve is scaled by the throttle, the engine is damped
by a rate that goes from `damping_rate_full_throttle` to `..._zero_throttle_clutch_engaged` as the throttle
closes, and the clutch passes `clutch_strength` newton metres for each rad/s that it slips. There is no idle
speed: at rest with the throttle closed the engine stands.
"""

from typing import Final

from simulator.kernels import njit

RAD_PER_S_OF_RPM: Final = 0.10471975511965977
# The physics control has no limit of the clutch. Ours slips above this share of the engine's peak torque: a gear
# that is far too low then brakes the car as hard as a strong engine would pull it, and no harder.
CLUTCH_CAPACITY: Final = 1.2
# A lower gear is taken only where it will not ask for the higher one again.
DOWNSHIFT_MARGIN: Final = 0.9


@njit
def gear_ratio(v, gear):  # type: ignore[no-untyped-def]
    """Engine turns per wheel turn: 0 in neutral, negative in reverse (first gear's, backwards)."""
    if gear == 0 or v.n_gears == 0:
        return 0.0
    if gear < 0:
        return -v.gear_ratio[0] * v.final_ratio
    return v.gear_ratio[min(gear, v.n_gears) - 1] * v.final_ratio


@njit
def engine_torque(v, rpm):  # type: ignore[no-untyped-def]
    """Full-throttle torque, linear between the points of the curve and constant beyond its ends."""
    n = v.n_torque
    if n == 0:
        return 0.0
    if rpm <= v.torque_rpm[0]:
        return v.torque_nm[0]
    for k in range(1, n):
        if rpm < v.torque_rpm[k]:
            part = (rpm - v.torque_rpm[k - 1]) / (v.torque_rpm[k] - v.torque_rpm[k - 1])
            return v.torque_nm[k - 1] + part * (v.torque_nm[k] - v.torque_nm[k - 1])
    return v.torque_nm[n - 1]


@njit
def choose_gear(v, speed_mps, dt):  # type: ignore[no-untyped-def]
    """Move the gear lever: the driver's in manual mode, else by the engine speed that the road gives each gear.

    An automatic change takes gear_switch_time with the clutch open and may skip gears, so that a car that was
    given 90 km/h in first gear finds the right one at once.
    """
    if v.gear_switch_left_s > 0.0:
        v.gear_switch_left_s -= dt
        if v.gear_switch_left_s > 1e-9:
            return
        v.gear_switch_left_s = 0.0
        v.gear = v.gear_target
    if v.manual_gear_shift:
        v.gear = max(-1, min(v.gear_command, v.n_gears))
        return
    if v.reverse:
        v.gear = -1
        return
    if v.gear < 0 or (v.gear == 0 and v.throttle > 0.0):
        v.gear = 1
    if v.gear == 0:
        return  # PhysX's gearbox never leaves neutral by itself: a car that had no throttle yet rolls freely
    if not v.autobox or v.n_gears < 2 or v.max_rpm <= 0.0:
        return
    share = abs(speed_mps) / v.radius_m / RAD_PER_S_OF_RPM * v.final_ratio / v.max_rpm
    gear = min(v.gear, v.n_gears)
    while gear < v.n_gears and share * v.gear_ratio[gear - 1] > v.gear_up[gear - 1]:
        gear += 1
    if gear == v.gear:
        while (
            gear > 1
            and share * v.gear_ratio[gear - 1] < v.gear_down[gear - 1]
            and share * v.gear_ratio[gear - 2] < DOWNSHIFT_MARGIN * v.gear_up[gear - 2]
        ):
            gear -= 1
    if gear == v.gear:
        return
    if v.gear_switch_time_s > 0.0:
        v.gear_target = gear
        v.gear_switch_left_s = v.gear_switch_time_s
    else:
        v.gear = gear


@njit
def drive_force(v, mass, speed_mps, throttle, dt):  # type: ignore[no-untyped-def]
    """Advance the engine by dt; the force (N) that the gears put on the road, forwards positive.

    Engine and car are solved together, implicitly, so that no clutch or gear is too stiff for the time step.
    """
    choose_gear(v, speed_mps, dt)
    switching = v.gear_switch_left_s > 0.0
    ratio = 0.0 if switching else gear_ratio(v, v.gear)
    if switching and not v.manual_gear_shift:
        throttle = 0.0  # an automatic gearbox takes the foot off while it changes gear
    zero_throttle = v.damping_zero_throttle_disengaged if ratio == 0.0 else v.damping_zero_throttle_engaged
    damping = zero_throttle + (v.damping_full_throttle - zero_throttle) * throttle
    torque = throttle * engine_torque(v, v.engine_rpm)
    omega = v.engine_rpm * RAD_PER_S_OF_RPM
    limit = v.max_rpm * RAD_PER_S_OF_RPM
    road = ratio * speed_mps / v.radius_m  # engine speed at which the clutch does not slip

    inertia = v.moi / dt
    coupling = 0.0
    if ratio != 0.0:
        car = mass * v.radius_m * v.radius_m / dt
        coupling = v.clutch_strength * car / (car + ratio * ratio * v.clutch_strength)
    new_omega = (inertia * omega + torque + coupling * road) / (inertia + damping + coupling)
    new_omega = min(max(new_omega, 0.0), limit)
    through_clutch = coupling * (new_omega - road)
    capacity = CLUTCH_CAPACITY * v.peak_torque_nm
    if abs(through_clutch) > capacity:
        through_clutch = capacity if through_clutch > 0.0 else -capacity
        new_omega = (inertia * omega + torque - through_clutch) / (inertia + damping)
        new_omega = min(max(new_omega, 0.0), limit)
    v.engine_rpm = new_omega / RAD_PER_S_OF_RPM
    return through_clutch * ratio / v.radius_m
