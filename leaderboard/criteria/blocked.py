"""Standing still for too long.

Rules: ActorBlockedTest of scenario_runner (atomic_criteria.py); ActorSpeedAboveThresholdTest in 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.view import TickView
from leaderboard.profiles import Timeouts
from scenarios.events import Blocked as BlockedEvent
from scenarios.events import Event, Outcome

__all__ = ["Blocked"]


class Blocked:
    """A scenario that blocks the road switches the test off; once it is on again, waiting counts from there."""

    def __init__(self, rules: Timeouts) -> None:
        self.outcome: Outcome | None = None
        self._rules = rules
        self._moved_at_s: float | None = None
        self._active = True

    def update(self, view: TickView) -> Iterable[Event]:
        if view.switches.blocked != self._active:
            self._active = view.switches.blocked
            self._moved_at_s = view.time_s
        if not self._active or self.outcome is not None:
            return ()
        if view.speed_mps >= self._rules.blocked_mps or self._moved_at_s is None:
            self._moved_at_s = view.time_s
        stood_s = view.time_s - self._moved_at_s
        if stood_s <= self._rules.blocked_s:
            return ()
        self.outcome = Outcome.BLOCKED
        return (BlockedEvent(**here(view), stood_s=stood_s),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()
