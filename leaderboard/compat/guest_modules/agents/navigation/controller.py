"""Stands in for agents.navigation.controller."""

from leaderboard.compat.controller import PIDLateralController, PIDLongitudinalController, VehiclePIDController

__all__ = ["PIDLateralController", "PIDLongitudinalController", "VehiclePIDController"]
