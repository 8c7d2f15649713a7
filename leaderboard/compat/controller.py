"""The controllers that guests import as agents.navigation.controller: two PIDs that follow a waypoint at a speed."""

from __future__ import annotations

import math
from collections import deque

import carla

from leaderboard.compat.misc import get_speed

__all__ = ["PIDLateralController", "PIDLongitudinalController", "VehiclePIDController"]

# How much steering may change in one step.
_STEER_STEP = 0.1


class _Pid:
    """Gains and the last ten errors, from which the integral and the derivative are taken."""

    def __init__(self, K_P: float, K_I: float, K_D: float, dt: float) -> None:
        self._errors: deque[float] = deque(maxlen=10)
        self.change_parameters(K_P, K_I, K_D, dt)

    def change_parameters(self, K_P: float, K_I: float, K_D: float, dt: float) -> None:
        self._k_p, self._k_i, self._k_d, self._dt = K_P, K_I, K_D, dt

    def _output(self, error: float) -> float:
        """In [-1, 1]."""
        self._errors.append(error)
        change = integral = 0.0
        if len(self._errors) >= 2:
            change = (self._errors[-1] - self._errors[-2]) / self._dt
            integral = sum(self._errors) * self._dt
        return max(-1.0, min(1.0, self._k_p * error + self._k_d * change + self._k_i * integral))


class PIDLongitudinalController(_Pid):
    """Speed in km/h to throttle (positive) or brake (negative)."""

    def __init__(
        self, vehicle: carla.Vehicle, K_P: float = 1.0, K_I: float = 0.0, K_D: float = 0.0, dt: float = 0.03
    ) -> None:
        super().__init__(K_P, K_I, K_D, dt)
        self._vehicle = vehicle

    def run_step(self, target_speed: float, debug: bool = False) -> float:
        return self._output(target_speed - get_speed(self._vehicle))


class PIDLateralController(_Pid):
    """The angle to a waypoint, or to a point `offset` metres to its right, to steering."""

    def __init__(
        self,
        vehicle: carla.Vehicle,
        offset: float = 0,
        K_P: float = 1.0,
        K_I: float = 0.0,
        K_D: float = 0.0,
        dt: float = 0.03,
    ) -> None:
        super().__init__(K_P, K_I, K_D, dt)
        self._vehicle = vehicle
        self._offset = offset

    def set_offset(self, offset: float) -> None:
        self._offset = offset

    def run_step(self, waypoint: carla.Waypoint) -> float:
        transform = self._vehicle.get_transform()
        right = waypoint.transform.get_right_vector()
        target = waypoint.transform.location
        gap_x = target.x + self._offset * right.x - transform.location.x
        gap_y = target.y + self._offset * right.y - transform.location.y
        ahead = transform.get_forward_vector()
        # Positive to the right, as steering is.
        angle = math.atan2(ahead.x * gap_y - ahead.y * gap_x, ahead.x * gap_x + ahead.y * gap_y)
        return self._output(angle)


class VehiclePIDController:
    """Both together, with limits."""

    def __init__(
        self,
        vehicle: carla.Vehicle,
        args_lateral: dict[str, float],
        args_longitudinal: dict[str, float],
        offset: float = 0,
        max_throttle: float = 0.75,
        max_brake: float = 0.3,
        max_steering: float = 0.8,
    ) -> None:
        self.max_throt = max_throttle
        self.max_brake = max_brake
        self.max_steer = max_steering
        self.past_steering = vehicle.get_control().steer
        self._lon_controller = PIDLongitudinalController(vehicle, **args_longitudinal)
        self._lat_controller = PIDLateralController(vehicle, offset, **args_lateral)

    def run_step(self, target_speed: float, waypoint: carla.Waypoint) -> carla.VehicleControl:
        """The control for a speed in km/h towards a waypoint."""
        push = self._lon_controller.run_step(target_speed)
        wish = self._lat_controller.run_step(waypoint)
        steer = max(self.past_steering - _STEER_STEP, min(self.past_steering + _STEER_STEP, wish))
        self.past_steering = max(-self.max_steer, min(self.max_steer, steer))
        return carla.VehicleControl(
            throttle=min(push, self.max_throt) if push >= 0.0 else 0.0,
            brake=min(-push, self.max_brake) if push < 0.0 else 0.0,
            steer=self.past_steering,
        )

    def change_longitudinal_PID(self, args_longitudinal: dict[str, float]) -> None:
        self._lon_controller.change_parameters(**args_longitudinal)

    def change_lateral_PID(self, args_lateral: dict[str, float]) -> None:
        self._lat_controller.change_parameters(**args_lateral)

    def set_offset(self, offset: float) -> None:
        self._lat_controller.set_offset(offset)
