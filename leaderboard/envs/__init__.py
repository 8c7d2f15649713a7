"""Frozen: paths that agents written for the public leaderboard import. Nothing else grows here."""
