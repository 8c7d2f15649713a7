"""How much of the route is driven.

Rules: RouteCompletionTest of scenario_runner (atomic_criteria.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.geometry import distance
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.view import TickView
from leaderboard.profiles import RouteRules
from scenarios.events import Event, Outcome, RouteCompleted, RouteProgress

__all__ = ["RouteCompletion"]


class RouteCompletion:
    """The route ends one tick after its end was reached, as in the official tree: infractions of that tick count."""

    def __init__(self, rules: RouteRules, route: RouteLine, progress_digits: int | None) -> None:
        self.outcome: Outcome | None = None
        self._rules = rules
        self._route = route
        self._digits = progress_digits
        self._index = 0
        self._reached = False

    @property
    def percentage(self) -> float:
        """Of the route's length that is passed, unrounded; 100 once it is completed."""
        return 100.0 if self._reached else self._passed

    @property
    def _passed(self) -> float:
        return self._route.metres[self._index] / self._route.length_m * 100.0

    def update(self, view: TickView) -> Iterable[Event]:
        if self._reached:
            self.outcome = Outcome.COMPLETED
            return ()
        events: list[Event] = []
        index = self._route.last_passed(view.ego, self._index, self._rules.window)
        if index != self._index:
            self._index = index
            events.append(RouteProgress(**here(view), percentage=self._passed))
        if self._is_done(view):
            self._reached = True
            events.append(RouteCompleted(**here(view)))
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def _is_done(self, view: TickView) -> bool:
        # 2.x rounds first, then compares.
        percentage = self._passed if self._digits is None else round(self._passed, self._digits)
        if percentage <= self._rules.done_percentage:
            return False
        return distance(view.ego, self._route.poses[-1]) < self._rules.done_distance_m
