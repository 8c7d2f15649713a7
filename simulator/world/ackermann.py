"""CARLA's Ackermann controller: from steering angle, speed and acceleration to pedals and wheel.

As the server of CARLA documents itself (its AckermannController): a PID on speed moves an acceleration target,
a PID on acceleration moves the pedals, each once per tick. The jerk of the command is kept and not used there
either. Where CARLA forgets the wanted speed once it has asked for a stop before a change of direction, we take
it up again.
"""

from typing import Final

from simulator.kernels import njit

# carla.AckermannControllerSettings as a new vehicle has them.
DEFAULT_GAINS: Final = (0.15, 0.0, 0.25, 0.01, 0.0, 0.01)
MAX_ACCELERATION_MPS2: Final = 3.0  # used where the command gives no acceleration
MAX_DECELERATION_MPS2: Final = 8.0
STANDSTILL_MPS: Final = 0.1
STEER_SPEED_EPSILON: Final = 0.001

# Places in VEHICLE_STATE.ack_state, which is zeroed when a vehicle is first given an Ackermann command.
_SPEED_INTEGRAL = 0
_LAST_SPEED = 1
_ACCELERATION_INTEGRAL = 2
_LAST_ACCELERATION = 3
_TARGET_ACCELERATION = 4
_PEDAL = 5


@njit
def _clip(value, low, high):  # type: ignore[no-untyped-def]
    return min(max(value, low), high)


@njit
def ackermann_control(v, speed_mps, dt):  # type: ignore[no-untyped-def]
    """One tick of the controller: writes throttle, brake, steer and reverse."""
    _steer(v, dt)
    state = v.ack_state
    last_speed = state[_LAST_SPEED]
    last_acceleration = state[_LAST_ACCELERATION]
    acceleration = (4.0 * last_acceleration + (speed_mps - last_speed) / dt) / 5.0
    state[_LAST_SPEED] = speed_mps
    state[_LAST_ACCELERATION] = acceleration
    if abs(speed_mps) < STANDSTILL_MPS and abs(v.ack_speed) < STANDSTILL_MPS:
        v.throttle = 0.0
        v.brake = 1.0
        return

    target_speed = v.ack_speed
    if abs(speed_mps) < STANDSTILL_MPS:
        v.reverse = 1 if target_speed < 0.0 else 0
    elif speed_mps * target_speed < 0.0:
        target_speed = 0.0  # first stop, then change direction

    kp, ki, kd = v.ack_gains[0], v.ack_gains[1], v.ack_gains[2]
    error = target_speed - speed_mps
    state[_SPEED_INTEGRAL] = _clip(state[_SPEED_INTEGRAL] + ki * error * dt, -1.0, 1.0)
    change = _clip(kp * error + state[_SPEED_INTEGRAL] - kd * (speed_mps - last_speed) / dt, -1.0, 1.0)
    upper = abs(v.ack_acceleration)
    lower = -upper
    if upper < 1e-4:
        upper = MAX_ACCELERATION_MPS2
        lower = -MAX_DECELERATION_MPS2
    state[_TARGET_ACCELERATION] = _clip(state[_TARGET_ACCELERATION] + change, lower, upper)

    kp, ki, kd = v.ack_gains[3], v.ack_gains[4], v.ack_gains[5]
    error = state[_TARGET_ACCELERATION] - acceleration
    state[_ACCELERATION_INTEGRAL] = _clip(state[_ACCELERATION_INTEGRAL] + ki * error * dt, -1.0, 1.0)
    change = kp * error + state[_ACCELERATION_INTEGRAL] - kd * (acceleration - last_acceleration) / dt
    state[_PEDAL] = _clip(state[_PEDAL] + _clip(change, -1.0, 1.0), -1.0, 1.0)

    pedal = -state[_PEDAL] if v.reverse else state[_PEDAL]
    v.throttle = max(pedal, 0.0)
    v.brake = max(-pedal, 0.0)


@njit
def _steer(v, dt):  # type: ignore[no-untyped-def]
    if v.max_steer_rad <= 0.0:
        v.steer = 0.0
        return
    target = _clip(v.ack_steer, -v.max_steer_rad, v.max_steer_rad)
    if v.ack_steer_speed > STEER_SPEED_EPSILON:
        now = v.steer * v.max_steer_rad
        step = v.ack_steer_speed * dt
        target = _clip(target, now - step, now + step)
    v.steer = target / v.max_steer_rad
