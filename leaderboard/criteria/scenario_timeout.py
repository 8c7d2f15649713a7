"""A scenario that blocks the road was not solved in time.

Rules: ScenarioTimeoutTest of scenario_runner (atomic_criteria.py); the time itself is kept by the scenario.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.view import TickView
from scenarios.events import Event, Outcome, ScenarioTimedOut

__all__ = ["ScenarioTimeout"]


class ScenarioTimeout:
    outcome: Outcome | None = None

    def __init__(self) -> None:
        self._written: set[str] = set()

    def update(self, view: TickView) -> Iterable[Event]:
        events: list[Event] = []
        for scenario in view.scenarios:
            if scenario.timed_out and scenario.name not in self._written:
                self._written.add(scenario.name)
                events.append(ScenarioTimedOut(**here(view), scenario=scenario.name))
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()
