"""Our own drivers. Each is loaded by its module's get_entry_point(), like any agent for the CARLA leaderboard."""
