"""The planner that guests import as agents.navigation.global_route_planner, over leaderboard.planning."""

from __future__ import annotations

import carla

from leaderboard.planning import RoutePlanner
from leaderboard.road_option import RoadOption

__all__ = ["GlobalRoutePlanner"]


class GlobalRoutePlanner:
    def __init__(self, wmap: carla.Map, sampling_resolution: float) -> None:
        self._planner = RoutePlanner(wmap, sampling_resolution)

    def trace_route(
        self, origin: carla.Location, destination: carla.Location
    ) -> list[tuple[carla.Waypoint, RoadOption]]:
        """The waypoints from one place to the other, with what to do at each."""
        return self._planner.trace(origin, destination)
