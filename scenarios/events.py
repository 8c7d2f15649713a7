"""Facts: what happened around the ego, when and where. Observers write them, scoring turns them into numbers.

An event holds what was seen, not what it costs: the same record can be scored under another profile. Frames are counted
from the first tick of the route and times are simulation time since then, so that equal runs write equal bytes.

Two events are running values that are written again each time they change, and of which the last one counts:
`RouteProgress` and `LeftRouteLanes`. So a record that ends in the middle, because the process died, scores as an
episode that ended there.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

EVENT_SCHEMA_VERSION = 1


class Place(NamedTuple):
    """A point of the world in CARLA's frame, in metres."""

    x: float
    y: float
    z: float


class Category(StrEnum):
    """What the ego touched. OTHER is what no profile counts, but what still mutes the next contact (a sidewalk)."""

    PEDESTRIAN = "pedestrian"
    VEHICLE = "vehicle"
    STATIC = "static"
    OTHER = "other"


class Ignored(StrEnum):
    """Why a contact does not count as a collision."""

    SAME_ACTOR = "same actor within the time that one contact lasts"
    SAME_PLACE = "too close to the last counted contact"
    EGO_STOOD = "the ego stood still"


class FailureCause(StrEnum):
    """Why a scenario that the route asks for was not there as asked."""

    UNSUPPORTED = "unsupported"
    """Nobody has written this type."""
    NOT_BUILT = "not built"
    """Building it raised, or the simulator refused an actor."""
    OFF_ROUTE = "off route"
    """Its trigger point is not on the planned route; the official harness ignores such a scenario."""
    BROKE = "broke"
    """It raised after it had been triggered."""


class Outcome(StrEnum):
    """How an attempt at a route ended. Who is to blame and what follows is one table, leaderboard.outcomes."""

    COMPLETED = "completed"
    DEVIATED = "deviated from the route"
    BLOCKED = "blocked"
    ROUTE_TIMED_OUT = "route timed out"
    TICK_LIMIT = "tick limit"

    AGENT_SETUP_FAILED = "agent could not be set up"
    AGENT_SETUP_TIMED_OUT = "agent took too long to set up"
    AGENT_SENSORS_INVALID = "agent's sensors are invalid"
    AGENT_CRASHED = "agent raised"
    AGENT_TIMED_OUT = "agent took too long for a step"
    AGENT_DIED = "agent's process died again in the same phase"

    SIMULATOR_LOST = "simulator lost"
    SIMULATOR_STALLED = "simulator stalled"
    SIMULATOR_OUT_OF_MEMORY = "simulator out of memory"
    PROCESS_DIED = "process died for the first time in this phase"
    PROCESS_KILLED = "process was killed from outside"
    TRAFFIC_MANAGER_RESCUED = "Traffic Manager was rescued by the simulator"
    HARNESS_FAILED = "harness raised"

    NO_ROUTE = "no such route on this map"
    SCENARIO_UNSUPPORTED = "scenario type unsupported"
    SCENARIO_NOT_BUILT = "scenario could not be built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have. `place` is where the ego was, unless the event says otherwise."""

    frame: int
    time_s: float
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeStarted(Event):
    """The ego stands on the route.

    `plan_length_m` is that of the dense plan of `plan_points` points, `keypoints_length_m` that of the file's points.
    `first_junction_point` counts from 0 along the plan; None where it crosses no junction.
    """

    route_id: str
    repetition: int
    town: str
    profile: str
    seed: int
    plan_length_m: float
    plan_points: int
    first_junction_point: int | None
    keypoints_length_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReady(Event):
    """The guest is set up and its sensors are valid; `sensors` are the types that it asked for, in its order."""

    track: str
    sensors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSpawned(Event):
    """How many of the vehicles and walkers that were asked for found a place; not written where none were."""

    vehicles_asked: int
    vehicles: int
    walkers_asked: int
    walkers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CollisionStarted(Event):
    """The ego and another thing touch: every contact, also those that the profile's rules ignore (`ignored` says why).

    `other_id` is 0 for the static world. `place` is the ego's, as in the official message, not the point of contact.
    """

    other_id: int
    type_id: str
    role: str
    category: Category
    impulse_ns: float
    ego_speed_mps: float
    ignored: Ignored | None

    @property
    def counted(self) -> bool:
        return self.ignored is None and self.category is not Category.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class RanRedLight(Event):
    light_id: int
    ego_speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RanStopSign(Event):
    """`place` is the sign's, as in the official message."""

    sign_id: int
    lowest_speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftRouteLanes(Event):
    """A running value: metres of the route driven outside its lanes so far, their share of the metres driven so far."""

    distance_m: float
    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumSpeed(Event):
    """A checkpoint (counted from 1) is passed: the ego's mean speed in per cent of the traffic's, below 100 or not."""

    checkpoint: int
    percentage: float
    ego_mean_mps: float
    traffic_mean_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedToYield(Event):
    """The emergency vehicle of a scenario was still behind the ego when the scenario ended."""

    scenario: str
    vehicle_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTimedOut(Event):
    scenario: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDeviated(Event):
    """Too far from the route, or too much of it driven far away."""

    distance_m: float
    outside_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Event):
    stood_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTimedOut(Event):
    allowed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProgress(Event):
    """A running value: the share of the route passed, unrounded."""

    percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCompleted(Event):
    """The end of the route is reached by the profile's rule; completion is 100 from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEvent(Event):
    """`place` is the ego's, also for the trigger."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRequested(ScenarioEvent):
    """The route's file asks for it. `place` is the trigger point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioBuilt(ScenarioEvent):
    actors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTriggered(ScenarioEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFinished(ScenarioEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFailed(ScenarioEvent):
    cause: FailureCause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeEnded(Event):
    """The last event. `duration_s` is simulation time from first to last tick, `detail` one sentence for people."""

    outcome: Outcome
    ticks: int
    duration_s: float
    detail: str


EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        EpisodeStarted,
        AgentReady,
        TrafficSpawned,
        CollisionStarted,
        RanRedLight,
        RanStopSign,
        LeftRouteLanes,
        MinimumSpeed,
        FailedToYield,
        ScenarioTimedOut,
        RouteDeviated,
        Blocked,
        RouteTimedOut,
        RouteProgress,
        RouteCompleted,
        ScenarioRequested,
        ScenarioBuilt,
        ScenarioTriggered,
        ScenarioFinished,
        ScenarioFailed,
        EpisodeEnded,
    )
}


class EventFormatError(ValueError):
    """A line that is not one of these events, said in one sentence."""


def encode(event: Event) -> str:
    """One line of JSON, equal for equal events. Floats keep all their digits."""
    name = type(event).__name__
    if EVENT_TYPES.get(name) is not type(event):
        raise EventFormatError(f"{name} is not in the table of events")
    values = {key: _plain(getattr(event, key), hint) for key, hint in _HINTS[name].items()}
    try:
        return json.dumps({"event": name, **values}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError as error:
        raise EventFormatError(f"{name} at frame {event.frame} holds a number that is not finite") from error


def decode(line: str) -> Event:
    """The event of one line; raises EventFormatError with one sentence."""
    try:
        record = json.loads(line, parse_constant=_not_finite)
    except ValueError as error:
        raise EventFormatError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise EventFormatError("not an event: nested too deeply") from error
    if not isinstance(record, dict):
        raise EventFormatError("not an event: a line must be a JSON object")
    name = record.pop("event", None)
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise EventFormatError(f"unknown event {name!r}; known are {', '.join(EVENT_TYPES)}")
    hints = _HINTS[name]
    if record.keys() != hints.keys():
        missing = sorted(hints.keys() - record.keys())
        surplus = sorted(record.keys() - hints.keys())
        raise EventFormatError(f"{name}: missing {missing or 'nothing'}, unknown {surplus or 'nothing'}")
    return kind(**{key: _value(name, key, record[key], hint) for key, hint in hints.items()})


def header() -> str:
    """The first line of a file of events."""
    return json.dumps({"schema": "events", "version": EVENT_SCHEMA_VERSION}, separators=(",", ":"))


def decode_lines(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a file, header first. A last line without its newline was cut by a crash and is left out."""
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            return
        try:
            if number == 1:
                _check_header(line)
            else:
                yield decode(line)
        except EventFormatError as error:
            raise EventFormatError(f"line {number}: {error}") from error


def _check_header(line: str) -> None:
    try:
        first = json.loads(line)
        version = first["version"] if first["schema"] == "events" else None
    except (ValueError, TypeError, KeyError, RecursionError):
        version = None
    if version is None:
        raise EventFormatError('not a file of events; it must begin with {"schema": "events", ...}')
    if version != EVENT_SCHEMA_VERSION:
        raise EventFormatError(f"events of version {version}; this program reads version {EVENT_SCHEMA_VERSION}")


def _plain(value: Any, hint: Any) -> Any:
    """What JSON shall write: a whole number where a float belongs becomes one, so that equal events are equal bytes."""
    if hint is float:
        return float(value)
    if hint is Place:
        return [float(part) for part in value]
    return value


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a number that an event may hold")


_HINTS: dict[str, dict[str, Any]] = {name: typing.get_type_hints(kind) for name, kind in EVENT_TYPES.items()}


def _value(name: str, key: str, value: Any, hint: Any) -> Any:
    """`value` as `hint` asks; a whole number passes for a float, nothing else passes for anything else."""
    if isinstance(hint, types.UnionType):
        choices = [choice for choice in hint.__args__ if choice is not types.NoneType]
        return None if value is None else _value(name, key, value, choices[0])
    if hint is float and type(value) is int:
        return float(value)
    if hint is Place and isinstance(value, list) and len(value) == 3:
        return Place(*(_value(name, key, part, float) for part in value))
    if hint == tuple[str, ...] and isinstance(value, list):
        return tuple(_value(name, key, part, str) for part in value)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(value, str):
        try:
            return hint(value)
        except ValueError:
            pass
    if type(value) is hint:
        return value
    expected = getattr(hint, "__name__", str(hint))
    raise EventFormatError(f"{name}: {key} must be {expected}, not {value!r}")
