"""Letting an emergency vehicle pass.

Rules: YieldToEmergencyVehicleTest of scenario_runner (atomic_criteria.py): what counts is who is ahead in the last
tick.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.view import ActiveScenario, TickView
from scenarios.events import Event, FailedToYield, Outcome

__all__ = ["YieldToEmergencyVehicle"]


class YieldToEmergencyVehicle:
    outcome: Outcome | None = None

    def __init__(self) -> None:
        self._behind: dict[str, int] = {}
        """By scenario that is under way: its vehicle, while that is behind the ego."""

    def update(self, view: TickView) -> Iterable[Event]:
        events: list[Event] = []
        for scenario in view.scenarios:
            if scenario.emergency_vehicle_id is None:
                continue
            if scenario.running:
                self._watch(view, scenario, scenario.emergency_vehicle_id)
            elif scenario.name in self._behind:
                events.append(self._failed(view, scenario.name))
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return [self._failed(view, name) for name in list(self._behind)]

    def _watch(self, view: TickView, scenario: ActiveScenario, vehicle_id: int) -> None:
        vehicle = scenario.emergency_vehicle
        if vehicle is None:
            return
        ahead = vehicle.forward
        gap = (view.ego.x - vehicle.x, view.ego.y - vehicle.y, view.ego.z - vehicle.z)
        if gap[0] * ahead.x + gap[1] * ahead.y + gap[2] * ahead.z > 0:
            self._behind[scenario.name] = vehicle_id
        else:
            self._behind.pop(scenario.name, None)

    def _failed(self, view: TickView, name: str) -> FailedToYield:
        return FailedToYield(**here(view), scenario=name, vehicle_id=self._behind.pop(name))
