"""Driving slower than the traffic.

Rules: MinimumSpeedRouteTest of scenario_runner (atomic_criteria.py). The traffic is all background vehicles of the
world, however far away, as there.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.view import TickView
from leaderboard.profiles import Runtime
from scenarios.events import Event, MinimumSpeed, Outcome

__all__ = ["MinimumSpeedTest"]


class MinimumSpeedTest:
    """The route is cut into equal parts. A part in which no traffic moved is passed with 100 %."""

    outcome: Outcome | None = None

    def __init__(self, rules: Runtime, route: RouteLine) -> None:
        self._rules = rules
        self._route = route
        self._part_m = route.length_m / rules.speed_checkpoints
        self._part_begin_m = 0.0
        self._index = 0
        self._checkpoint = 0
        self._forget()

    def update(self, view: TickView) -> Iterable[Event]:
        events: list[Event] = []
        self._index = self._route.last_passed(view.ego, self._index, self._rules.speed_window)
        passed_m = self._route.metres[self._index]
        if passed_m - self._part_begin_m > self._part_m:
            events.append(self._judge(view))
            self._part_begin_m = passed_m
            self._forget()
        if len(view.traffic_speeds_mps):
            self._traffic_sum += float(sum(view.traffic_speeds_mps)) / len(view.traffic_speeds_mps)
            self._ego_sum += view.speed_mps
            self._ticks += 1
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        # Routes end at about 99 %, so the last part is judged a little before its end.
        if self._route.metres[self._index] / self._route.length_m <= self._rules.speed_last_share:
            return ()
        last = self._judge(view)
        # A route that its criteria end has its last part counted twice: the official tree ends the test, and the end of
        # the scenario does it again. Published results show it: in Bench2DriveZoo's analysis/VAD.json the last two
        # lines of every completed route are equal.
        return (last,) if interrupted else (last, last)

    def _forget(self) -> None:
        self._ego_sum = self._traffic_sum = 0.0
        self._ticks = 0

    def _judge(self, view: TickView) -> MinimumSpeed:
        self._checkpoint += 1
        ego_mps = self._ego_sum / self._ticks if self._ticks else 0.0
        traffic_mps = self._traffic_sum / self._ticks if self._ticks else 0.0
        percentage = round(ego_mps / traffic_mps * 100.0, 2) if traffic_mps else 100.0
        return MinimumSpeed(
            **here(view),
            checkpoint=self._checkpoint,
            percentage=percentage,
            ego_mean_mps=ego_mps,
            traffic_mean_mps=traffic_mps,
        )
