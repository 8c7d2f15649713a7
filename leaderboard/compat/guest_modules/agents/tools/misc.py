"""Stands in for agents.tools.misc."""

from leaderboard.compat.misc import *  # noqa: F403
