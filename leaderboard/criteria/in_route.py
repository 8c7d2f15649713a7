"""Leaving the route for good.

Rules: InRouteTest of scenario_runner (atomic_criteria.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.geometry import ground_distance
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.view import TickView
from leaderboard.profiles import RouteRules
from scenarios.events import Event, Outcome, RouteDeviated

__all__ = ["InRoute"]


class InRoute:
    def __init__(self, rules: RouteRules, route: RouteLine) -> None:
        self.outcome: Outcome | None = None
        self._rules = rules
        self._route = route
        self._index = 0
        self._outside_m = 0.0
        self._safe = True

    def update(self, view: TickView) -> Iterable[Event]:
        if self.outcome is not None:
            return ()
        nearest, gap_m = self._nearest(view)
        deviated = gap_m >= self._rules.deviation_m
        if not deviated:
            self._safe = gap_m < self._rules.safe_m
        if nearest != self._index:
            if not self._safe:
                self._outside_m += self._route.metres[nearest] - self._route.metres[self._index]
                deviated = deviated or self._outside_percentage > self._rules.outside_percentage
            self._index = nearest
        if not deviated:
            return ()
        self.outcome = Outcome.DEVIATED
        return (RouteDeviated(**here(view), distance_m=gap_m, outside_percentage=self._outside_percentage),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    @property
    def _outside_percentage(self) -> float:
        return 100.0 * self._outside_m / self._route.length_m

    def _nearest(self, view: TickView) -> tuple[int, float]:
        """The nearest of the next points and how far it is over the ground; of equally near ones the last."""
        nearest, nearest_m = self._index, math.inf
        for index in range(self._index, min(self._index + self._rules.deviation_window + 1, len(self._route))):
            gap_m = ground_distance(view.ego, self._route.poses[index])
            if gap_m <= nearest_m:
                nearest, nearest_m = index, gap_m
        return nearest, nearest_m
