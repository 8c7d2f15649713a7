"""Stands in for agents.navigation.global_route_planner."""

from leaderboard.compat.global_route_planner import GlobalRoutePlanner

__all__ = ["GlobalRoutePlanner"]
