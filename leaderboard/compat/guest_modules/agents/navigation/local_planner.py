"""Stands in for agents.navigation.local_planner."""

from leaderboard.compat.local_planner import LocalPlanner, RoadOption

__all__ = ["LocalPlanner", "RoadOption"]
