"""The scenarios of leaderboard 1.0: a JSON file says where in each town they may happen, a route's plan picks some.

The matching and the choice are those of route_parser.py and route_scenario.py (branch leaderboard-1.0), quirks
included: which of two scenarios at one trigger happens depends on their order in the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from leaderboard.errors import RouteFileError
from scenarios.events import Place

TRIGGER_DISTANCE_M = 2.0
TRIGGER_ANGLE_DEG = 10.0
SAMPLING_SEED = 0
_DIRECTIONS = ("left", "front", "right")
"""The order in which positions are compared."""
_SUBTYPES = {
    "Scenario4": {"LEFT": "S4left", "RIGHT": "S4right"},
    "Scenario7": {"LEFT": "S7left", "RIGHT": "S7right", "STRAIGHT": "S7opposite"},
    "Scenario8": {"LEFT": "S8left"},
    "Scenario9": {"RIGHT": "S9right"},
}
"""Types that happen only where the route's next manoeuvre is one of these, and what they are called then."""
_NO_MANOEUVRE = ("LANEFOLLOW", "CHANGELANELEFT", "CHANGELANERIGHT")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something of a scenario is."""

    place: Place
    yaw_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyScenario:
    type: str
    trigger: Spot
    others: Mapping[str, tuple[Spot, ...]]
    """Where other actors begin, by the side from which they come: left, front, right."""
    subtype: str = "valid"

    @property
    def spots(self) -> tuple[Spot, ...]:
        return (self.trigger, *(spot for side in _DIRECTIONS for spot in self.others.get(side, ())))


class PlanStep(Protocol):
    """A point of the dense plan: where, which way, and the name of its RoadOption."""

    @property
    def place(self) -> Place: ...

    @property
    def yaw_deg(self) -> float: ...

    @property
    def option(self) -> str: ...


def read_legacy_scenarios(data: bytes, path: Path) -> Mapping[str, tuple[LegacyScenario, ...]]:
    """The scenarios of each town, in the order of the file."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        raise RouteFileError(f"not JSON: {error.msg}", path, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise RouteFileError(f"not JSON: {error}", path) from error
    reader = _Reader(path)
    towns: dict[str, tuple[LegacyScenario, ...]] = {}
    for number, entry in enumerate(reader.items(document, "available_scenarios", "the file")):
        where = f"available_scenarios[{number}]"
        for town in reader.mapping(entry, where):
            towns[town] = reader.town(entry, town, where)
    return MappingProxyType(towns)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path

    def town(self, entry: Mapping[str, Any], town: str, where: str) -> tuple[LegacyScenario, ...]:
        found: list[LegacyScenario] = []
        for number, group in enumerate(self.items(entry, town, where)):
            here = f"{town}[{number}]"
            kind = self.mapping(group, here).get("scenario_type")
            if not isinstance(kind, str):
                raise self._refuse(f"{here} has no scenario_type")
            for index, event in enumerate(self.items(group, "available_event_configurations", here)):
                found.append(self._event(kind, event, f"{here}.available_event_configurations[{index}]"))
        return tuple(found)

    def _event(self, kind: str, event: Any, where: str) -> LegacyScenario:
        trigger = self._spot(self.mapping(event, where).get("transform"), f"{where}.transform")
        others = self.mapping(event.get("other_actors") or {}, f"{where}.other_actors")
        sides = {
            side: tuple(self._spot(spot, f"{where}.{side}") for spot in self.items(others, side, where))
            for side in _DIRECTIONS
            if side in others
        }
        return LegacyScenario(type=kind, trigger=trigger, others=MappingProxyType(sides))

    def _spot(self, value: Any, where: str) -> Spot:
        x, y, z, yaw = (self._number(self.mapping(value, where), name, where) for name in ("x", "y", "z", "yaw"))
        return Spot(Place(x, y, z), yaw)

    def _number(self, value: Mapping[str, Any], name: str, where: str) -> float:
        """Numbers and texts of numbers are both in use."""
        given = value.get(name)
        try:
            number = float(given) if isinstance(given, str | int | float) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self._refuse(f"{where}.{name} must be a number, not {str(given)[:40]!r}")
        return number

    def items(self, value: Any, name: str, where: str) -> list[Any]:
        given = self.mapping(value, where).get(name)
        if not isinstance(given, list):
            raise self._refuse(f"{where} has no list {name!r}")
        return given

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._refuse(f"{where} must be an object")
        return value

    def _refuse(self, reason: str) -> RouteFileError:
        return RouteFileError(reason, self._path)


def along(scenarios: Iterable[LegacyScenario], plan: Sequence[PlanStep]) -> tuple[LegacyScenario, ...]:
    """The scenarios of a town that happen on a route, with their subtypes, in the order of their triggers."""
    return _sample(_by_trigger(scenarios, plan))


def _by_trigger(scenarios: Iterable[LegacyScenario], plan: Sequence[PlanStep]) -> list[list[LegacyScenario]]:
    """Those that match the plan, grouped by trigger."""
    groups: list[list[LegacyScenario]] = []
    for scenario in scenarios:
        at = _match(scenario.trigger, plan)
        if at is None:
            continue
        subtype = _subtype(scenario.type, plan[at:])
        if subtype is None:
            continue
        group = next((group for group in groups if _same_trigger(group[0].trigger, scenario.trigger)), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(replace(scenario, subtype=subtype))
    return groups


def _match(trigger: Spot, plan: Sequence[PlanStep]) -> int | None:
    for index, step in enumerate(plan):
        near = math.dist(trigger.place, step.place) < TRIGGER_DISTANCE_M
        if near and _turn_deg(trigger.yaw_deg, step.yaw_deg) < TRIGGER_ANGLE_DEG:
            return index
    return None


def _same_trigger(one: Spot, other: Spot) -> bool:
    """Heights do not count here."""
    near = math.hypot(one.place.x - other.place.x, one.place.y - other.place.y) < TRIGGER_DISTANCE_M
    return near and _turn_deg(one.yaw_deg, other.yaw_deg) < TRIGGER_ANGLE_DEG


def _turn_deg(one: float, other: float) -> float:
    turn = (one - other) % 360.0
    return min(turn, 360.0 - turn)


def _subtype(kind: str, ahead: Sequence[PlanStep]) -> str | None:
    if kind not in _SUBTYPES:
        return "valid"
    manoeuvre = next((step.option for step in ahead if step.option not in _NO_MANOEUVRE), None)
    return _SUBTYPES[kind].get(manoeuvre) if manoeuvre is not None else None


def _sample(groups: list[list[LegacyScenario]]) -> tuple[LegacyScenario, ...]:
    """One scenario a trigger: that with the highest number, else, where its positions are taken, others by lot."""
    lot = np.random.RandomState(SAMPLING_SEED)  # The official generator, for the official choice.
    chosen: list[LegacyScenario] = []
    for group in groups:
        left = list(group)
        # max() takes the first of equals, the official loop the last.
        highest = max(reversed(left), key=_number_of)
        left.remove(highest)
        choice: LegacyScenario | None = highest
        while choice is not None and any(_taken(choice, other) for other in chosen):
            choice = left.pop(int(lot.randint(len(left)))) if left else None
        if choice is not None:
            chosen.append(choice)
    return tuple(chosen)


def _number_of(scenario: LegacyScenario) -> int:
    number = scenario.type.removeprefix("Scenario")
    return int(number) if number.isdecimal() else -1


def _taken(one: LegacyScenario, other: LegacyScenario) -> bool:
    """Whether two have a position in common. The official test compares a yaw with itself, so angles do not count."""
    return any(math.dist(a.place, b.place) < TRIGGER_DISTANCE_M for a in one.spots for b in other.spots)
