"""Taking too long for the route, in simulation time.

Rules: 2.x RouteTimeoutBehavior of scenario_runner (timer.py); 1.0 leaderboard's route_scenario.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.view import TickView
from leaderboard.profiles import Timeouts
from scenarios.events import Event, Outcome, RouteTimedOut

__all__ = ["RouteTimeout"]

# The official code divides by the ego's limit, which a simulator may leave at 0 before the first sign; 30 km/h is
# CARLA's own value for a road that says nothing.
_UNKNOWN_LIMIT_KMH = 30.0


class RouteTimeout:
    """1.0 allows a time by the plan's length; 2.x adds to a base whatever the passed metres take at a tenth of the
    limit.
    """

    def __init__(self, rules: Timeouts, route: RouteLine) -> None:
        self.outcome: Outcome | None = None
        self._rules = rules
        self._route = route
        self._index = 0
        self.allowed_s = rules.base_s
        if rules.per_metre_s is not None:
            self.allowed_s = float(int(rules.per_metre_s * route.length_m + rules.base_s))

    def update(self, view: TickView) -> Iterable[Event]:
        if self.outcome is not None:
            return ()
        if self._rules.speed_share is not None:
            self._credit(view, self._rules.speed_share)
        if view.time_s <= self.allowed_s:
            return ()
        self.outcome = Outcome.ROUTE_TIMED_OUT
        return (RouteTimedOut(**here(view), allowed_s=self.allowed_s),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def _credit(self, view: TickView, speed_share: float) -> None:
        index = self._route.last_passed(view.ego, self._index, self._rules.window)
        if index == self._index:
            return
        limit_mps = (view.speed_limit_kmh or _UNKNOWN_LIMIT_KMH) / 3.6
        self.allowed_s += (self._route.metres[index] - self._route.metres[self._index]) / (speed_share * limit_mps)
        self._index = index
