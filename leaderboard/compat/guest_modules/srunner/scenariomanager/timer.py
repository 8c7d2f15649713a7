"""Stands in for srunner.scenariomanager.timer."""

from leaderboard.compat.game_time import GameTime

__all__ = ["GameTime"]
