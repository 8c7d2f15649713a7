"""Stands in for agents.tools.misc."""

from leaderboard.compat.misc import (
    compute_distance,
    compute_magnitude_angle,
    distance_vehicle,
    draw_waypoints,
    get_speed,
    get_trafficlight_trigger_location,
    is_within_distance,
    positive,
    vector,
)

__all__ = [
    "compute_distance",
    "compute_magnitude_angle",
    "distance_vehicle",
    "draw_waypoints",
    "get_speed",
    "get_trafficlight_trigger_location",
    "is_within_distance",
    "positive",
    "vector",
]
