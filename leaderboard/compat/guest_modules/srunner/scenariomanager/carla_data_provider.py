"""Stands in for srunner.scenariomanager.carla_data_provider."""

from leaderboard.compat.data_provider import CarlaDataProvider

__all__ = ["CarlaDataProvider"]
