"""Files of routes to frozen data: both generations of route XML, weathers, subsets, repetitions.

What the official parsers accept is accepted, with the same meaning; what makes them crash or silently drive something
else is refused with one sentence that names file, route and line. Two things are more liberal: a route may ask for no
scenarios (the official parser crashes on that), and what is not understood is listed in `Suite.warnings`.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib import resources
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from leaderboard.errors import RouteFileError, UserError
from leaderboard.legacy_scenarios import LegacyScenario, read_legacy_scenarios
from leaderboard.route_xml import Element, parse, read_bytes
from scenarios.events import Place

TRIGGER_DISTANCE_M = 2.0
TRIGGER_ANGLE_DEG = 10.0
"""How near a trigger must be to a point of the route to belong to it (route_parser.py of both generations)."""

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_NUMBER_LIMIT = 1e6
"""No town is larger, and no weather stronger; beyond it arithmetic with the value would lose its meaning."""
_ROUTE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Ids become names of directories and parts of the official names of records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """carla.WeatherParameters with the defaults of its constructor in 0.9.16."""

    cloudiness: float = 0.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 0.0
    sun_azimuth_angle: float = 0.0
    sun_altitude_angle: float = 0.0
    fog_density: float = 0.0
    fog_distance: float = 0.0
    fog_falloff: float = 0.0
    wetness: float = 0.0
    scattering_intensity: float = 0.0
    mie_scattering_scale: float = 0.0
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0


WEATHER_NAMES = tuple(field.name for field in fields(Weather))
# leaderboard 1.0 reads these only (its route_parser.py); the rest keeps the constructor's defaults.
_LEGACY_WEATHER_NAMES = frozenset(WEATHER_NAMES) - {
    "scattering_intensity",
    "mie_scattering_scale",
    "rayleigh_scattering_scale",
    "dust_storm",
}
# Where it holds, and its name: files of Longest6 and of LAV number their weathers.
_NOT_OF_THE_WEATHER = frozenset({"route_percentage", "id"})
DEFAULT_WEATHER = Weather(sun_altitude_angle=70.0, cloudiness=50.0)
"""What a 2.x route without <weathers> gets, and what an attribute that is not given is."""
LEGACY_DEFAULT_WEATHER = Weather(sun_altitude_angle=70.0, cloudiness=30.0)
"""What a 1.0 route without <weather> gets."""


@dataclass(frozen=True, slots=True)
class WeatherKey:
    """The weather at a percentage of the route."""

    percentage: float
    weather: Weather


@dataclass(frozen=True, slots=True)
class Trigger:
    """Where a scenario begins. Only the yaw is kept, as in the official parser."""

    place: Place
    yaw_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioConfig:
    """A scenario that a route asks for. Parameters are the texts of the file: each type reads its own.

    Public files give one name to two scenarios of a route (routes_devtest.xml does); the second is "name#2" here, so
    that the record tells them apart.
    """

    name: str
    type: str
    trigger: Trigger
    parameters: Mapping[str, Mapping[str, str]]
    other_actors: tuple[Mapping[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    id: str
    town: str
    generation: str
    """"1.0" or "2.x"."""
    keypoints: tuple[Place, ...]
    weathers: tuple[WeatherKey, ...]
    """At least one, by growing percentage."""
    scenarios: tuple[ScenarioConfig, ...]
    """Those of a 1.0 route are found along its plan instead: see Suite.legacy_scenarios."""
    line: int

    @property
    def name(self) -> str:
        """The official name, of which RouteRecord.route_id is made."""
        return f"RouteScenario_{self.id}"

    @property
    def keypoints_length_m(self) -> float:
        """Along the points of the file: what leaderboard 1.0 calls the route's length."""
        return polyline_length_m(self.keypoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A file of routes."""

    name: str
    path: Path
    sha256: str
    """Over the bytes of the route file, then those of the scenarios file if there is one."""
    routes: tuple[Route, ...]
    """All of them, or those of the subset, in the order of the file."""
    subset: str
    legacy_scenarios: Mapping[str, tuple[LegacyScenario, ...]]
    """By town; empty without a scenarios file."""
    warnings: tuple[str, ...]
    content: bytes = field(repr=False)
    """The route file as it was read: what is driven, whatever becomes of the file."""
    scenarios_content: bytes | None = field(repr=False)

    @property
    def towns(self) -> tuple[str, ...]:
        """In the order in which they first appear."""
        return tuple(dict.fromkeys(route.town for route in self.routes))


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt's worth of work: a route and its repetition, at its place in the official order."""

    index: int
    route: Route
    repetition: int

    @property
    def record_id(self) -> str:
        """RouteRecord.route_id of the official results."""
        return f"{self.route.name}_rep{self.repetition}"


def jobs(routes: Sequence[Route], repetitions: int) -> tuple[Job, ...]:
    """All repetitions of the first route, then those of the next: route_indexer.py's order."""
    if repetitions < 1:
        raise UserError(f"--repetitions must be at least 1, not {repetitions}")
    return tuple(
        Job(index * repetitions + repetition, route, repetition)
        for index, route in enumerate(routes)
        for repetition in range(repetitions)
    )


def load_suite(
    path: Path | str,
    *,
    subset: str = "",
    scenarios: Path | str | None = None,
    known_towns: Collection[str] | None = None,
) -> Suite:
    """Reads a file of routes. `scenarios` is the JSON of a 1.0 file; without `known_towns` any town will do."""
    path = Path(path)
    data = read_bytes(path)
    hashed = hashlib.sha256(data)
    legacy: Mapping[str, tuple[LegacyScenario, ...]] = MappingProxyType({})
    legacy_data = None
    if scenarios is not None:
        legacy_data = read_bytes(Path(scenarios))
        hashed.update(legacy_data)
        legacy = read_legacy_scenarios(legacy_data, Path(scenarios))
    reader = _Reader(path, known_towns)
    routes = reader.routes(parse(data, path))
    if scenarios is not None and all(route.generation == "2.x" for route in routes):
        raise UserError(
            f"--scenarios {scenarios}: {path} is a 2.x file, whose routes name their scenarios; leave it out"
        )
    return Suite(
        name=path.stem,
        path=path,
        sha256=hashed.hexdigest(),
        routes=select(routes, subset, path) if subset.strip() else routes,
        subset=subset.replace(" ", ""),
        legacy_scenarios=legacy,
        warnings=tuple(reader.warnings),
        content=data,
        scenarios_content=legacy_data,
    )


def shipped_suites() -> dict[str, Path]:
    """The suites that come with the project, by name."""
    folder = resources.files("scenarios") / "suites"
    if not folder.is_dir():
        return {}
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".xml"))
    return {name.removesuffix(".xml"): Path(str(folder / name)) for name in names}


def suite_path(name_or_path: str) -> Path:
    """What --suite means: a file, else the name of a shipped suite."""
    shipped = shipped_suites()
    if name_or_path in shipped and not Path(name_or_path).is_file():
        return shipped[name_or_path]
    if Path(name_or_path).exists():
        return Path(name_or_path)
    known = ", ".join(shipped) or "none"
    raise UserError(f"--suite {name_or_path}: neither a file nor one of the shipped suites ({known})")


def select(routes: Sequence[Route], subset: str, path: Path) -> tuple[Route, ...]:
    """The routes that `subset` names, in the order of the file.

    "0-4,8" are the routes from id 0 to id 4 in the order of the file, whatever ids lie between, and the one with id 8.
    """
    ids = [route.id for route in routes]
    wanted: set[str] = set()
    for group in subset.replace(" ", "").split(","):
        for route_id in _group(group, ids, path):
            if route_id in wanted:
                raise RouteFileError(f"--routes-subset {subset} names route {route_id} twice", path)
            wanted.add(route_id)
    return tuple(route for route in routes if route.id in wanted)


def _group(group: str, ids: list[str], path: Path) -> list[str]:
    if group in ids:
        return [group]
    start, dash, end = group.partition("-")
    for route_id in (start, end) if dash else (group,):
        if route_id not in ids:
            raise RouteFileError(f"--routes-subset {group}: the file has no route {route_id!r}", path)
    first, last = ids.index(start), ids.index(end)
    if last < first:
        raise RouteFileError(f"--routes-subset {group}: route {end} comes before route {start} in the file", path)
    return ids[first : last + 1]


def polyline_length_m(places: Iterable[Place]) -> float:
    return sum(math.dist(before, after) for before, after in pairwise(places))


class PlanPoint(Protocol):
    """A point of the dense plan, with the way the road goes there."""

    @property
    def place(self) -> Place: ...

    @property
    def yaw_deg(self) -> float: ...


def is_on_route(trigger: Trigger, plan: Iterable[PlanPoint]) -> bool:
    """Whether a 2.x scenario belongs to the plan. Heights count upwards only: the official test has no abs()."""
    return any(_near(trigger, point) for point in plan)


def _near(trigger: Trigger, point: PlanPoint) -> bool:
    here, there = trigger.place, point.place
    turn_deg = (trigger.yaw_deg - point.yaw_deg) % 360.0
    return (
        here.z - there.z < TRIGGER_DISTANCE_M
        and math.hypot(here.x - there.x, here.y - there.y) < TRIGGER_DISTANCE_M
        and min(turn_deg, 360.0 - turn_deg) < TRIGGER_ANGLE_DEG
    )


def weather_at(weathers: Sequence[WeatherKey], percentage: float) -> Weather:
    """The weather at a percentage of the route: linear between keys, constant before the first and after the last."""
    if percentage <= weathers[0].percentage:
        return weathers[0].weather
    for before, after in pairwise(weathers):
        if percentage <= after.percentage:
            share = (percentage - before.percentage) / (after.percentage - before.percentage)
            return Weather(**{name: _between(before.weather, after.weather, name, share) for name in WEATHER_NAMES})
    return weathers[-1].weather


def _between(before: Weather, after: Weather, name: str, share: float) -> float:
    low: float = getattr(before, name)
    high: float = getattr(after, name)
    return low + (high - low) * share


class _Reader:
    """Elements to routes of one file. Knows the route that it is in, for its sentences."""

    def __init__(self, path: Path, known_towns: Collection[str] | None) -> None:
        self.warnings: list[str] = []
        self._path = path
        self._known_towns = known_towns
        self._route_id: str | None = None

    def routes(self, root: Element) -> tuple[Route, ...]:
        first_lines: dict[str, int] = {}
        routes: list[Route] = []
        for element in root.below("route"):
            self._route_id = None
            route = self._route(element)
            if route.id in first_lines:
                raise self._refuse(f"this id is taken by the route of line {first_lines[route.id]}", element)
            first_lines[route.id] = element.line
            routes.append(route)
        self._route_id = None
        if not routes:
            raise self._refuse("holds no <route>", root)
        return tuple(routes)

    def _route(self, element: Element) -> Route:
        route_id = self._attribute(element, "id")
        if not _ROUTE_ID.fullmatch(route_id):
            raise self._refuse(f"the id {route_id[:80]!r} must be 1 to 64 letters, digits, '_', '.' or '-'", element)
        self._route_id = route_id
        town = self._town(element)
        legacy = any(element.named("waypoint"))
        if legacy:
            points, expected = element.named("waypoint"), {"waypoint", "weather"}
        else:
            points, expected = (
                self._only(element, "waypoints").named("position"),
                {"waypoints", "weathers", "scenarios"},
            )
        for child in element.children:
            if child.tag not in expected:
                self._warn(f"<{child.tag}> is not part of a route and is ignored", child)
        keypoints = tuple(self._place(point) for point in points)
        if len(keypoints) < 2:
            raise self._refuse(f"a route needs at least 2 points, this one has {len(keypoints)}", element)
        return Route(
            id=route_id,
            town=town,
            generation="1.0" if legacy else "2.x",
            keypoints=keypoints,
            weathers=self._legacy_weather(element) if legacy else self._weathers(element),
            scenarios=() if legacy else self._scenarios(element),
            line=element.line,
        )

    def _town(self, element: Element) -> str:
        town = self._attribute(element, "town")
        if self._known_towns is not None and town not in self._known_towns:
            near = difflib.get_close_matches(town, self._known_towns, n=1)
            hint = f" (perhaps {near[0]}?)" if near else ""
            known = ", ".join(sorted(self._known_towns)) or "none"
            raise self._refuse(f"unknown town {town[:80]!r}{hint}; known are {known}", element)
        return town

    def _weathers(self, element: Element) -> tuple[WeatherKey, ...]:
        parent = self._at_most_one(element, "weathers")
        if parent is None:
            return (WeatherKey(0.0, DEFAULT_WEATHER),)
        keys: list[WeatherKey] = []
        for child in parent.named("weather"):
            percentage = self._number(child, "route_percentage")
            if not 0.0 <= percentage <= 100.0:
                raise self._refuse(f"route_percentage must be from 0 to 100, not {percentage:g}", child)
            if any(key.percentage == percentage for key in keys):
                raise self._refuse(f"two weathers at {percentage:g} % of the route", child)
            keys.append(WeatherKey(percentage, self._weather(child, DEFAULT_WEATHER, frozenset(WEATHER_NAMES))))
        if not keys:
            raise self._refuse("<weathers> holds no <weather>; remove it to get the default", parent)
        return tuple(sorted(keys, key=lambda key: key.percentage))

    def _legacy_weather(self, element: Element) -> tuple[WeatherKey, ...]:
        """1.0: one weather for all the route; attributes that are not given are 0, not the default's."""
        elements = list(element.named("weather"))
        weather = Weather() if elements else LEGACY_DEFAULT_WEATHER
        for child in elements:
            weather = self._weather(child, weather, _LEGACY_WEATHER_NAMES)
        return (WeatherKey(0.0, weather),)

    def _weather(self, element: Element, base: Weather, names: frozenset[str]) -> Weather:
        for name in element.attributes:
            if name not in names and name not in _NOT_OF_THE_WEATHER:
                self._warn(f"{name!r} is not a weather parameter of this kind of route and is ignored", element)
        return replace(base, **{name: self._number(element, name) for name in element.attributes if name in names})

    def _scenarios(self, element: Element) -> tuple[ScenarioConfig, ...]:
        parent = self._at_most_one(element, "scenarios")
        if parent is None:
            return ()
        seen: Counter[str] = Counter()
        scenarios: list[ScenarioConfig] = []
        for child in parent.named("scenario"):
            scenario = self._scenario(child)
            seen[scenario.name] += 1
            if seen[scenario.name] > 1:
                unique = f"{scenario.name}#{seen[scenario.name]}"
                self._warn(f"the scenario name {scenario.name!r} is in use; this one is called {unique!r}", child)
                scenario = replace(scenario, name=unique)
            scenarios.append(scenario)
        return tuple(scenarios)

    def _scenario(self, element: Element) -> ScenarioConfig:
        point = next(element.named("trigger_point"), None)
        if point is None:
            raise self._refuse("<scenario> has no <trigger_point>", element)
        parameters = {
            child.tag: MappingProxyType(child.attributes)
            for child in element.children
            if child.tag not in ("trigger_point", "other_actor")
        }
        return ScenarioConfig(
            name=self._attribute(element, "name"),
            type=self._attribute(element, "type"),
            trigger=Trigger(self._place(point), self._number(point, "yaw")),
            parameters=MappingProxyType(parameters),
            other_actors=tuple(MappingProxyType(child.attributes) for child in element.named("other_actor")),
            line=element.line,
        )

    def _place(self, element: Element) -> Place:
        return Place(*(self._number(element, axis) for axis in "xyz"))

    def _number(self, element: Element, name: str) -> float:
        text = self._attribute(element, name)
        if not _NUMBER.fullmatch(text):
            raise self._refuse(f"{name} of <{element.tag}> must be a number, not {text[:40]!r}", element)
        value = float(text)
        if abs(value) > _NUMBER_LIMIT:
            raise self._refuse(f"{name} of <{element.tag}> is too large: {text[:40]}", element)
        return value

    def _attribute(self, element: Element, name: str) -> str:
        try:
            return element.attributes[name]
        except KeyError:
            raise self._refuse(f"<{element.tag}> has no attribute {name!r}", element) from None

    def _only(self, element: Element, tag: str) -> Element:
        child = self._at_most_one(element, tag)
        if child is None:
            raise self._refuse(f"<{element.tag}> has no <{tag}>", element)
        return child

    def _at_most_one(self, element: Element, tag: str) -> Element | None:
        found = list(element.named(tag))
        if len(found) > 1:
            raise self._refuse(f"<{element.tag}> has more than one <{tag}>", found[1])
        return found[0] if found else None

    def _warn(self, text: str, element: Element) -> None:
        self.warnings.append(str(self._refuse(text, element)))

    def _refuse(self, reason: str, element: Element) -> RouteFileError:
        return RouteFileError(reason, self._path, self._route_id, element.line)
