"""Stands in for agents.navigation.basic_agent."""

from leaderboard.compat.basic_agent import BasicAgent

__all__ = ["BasicAgent"]
