"""What carla.Map does not tell of an OpenDRIVE file: speeds, controllers, sections. Read with the standard library.

The geometry of roads is never computed here: carla.Map is the only parser of that. `check` refuses what no road
file holds (a DOCTYPE, deep nesting, another root) before any other parser sees the bytes.
"""

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from xml.parsers import expat

MAX_BYTES: Final = 256 * 1024 * 1024  # CARLA's largest town (Town13) has about a quarter of this
MAX_DEPTH: Final = 64  # OpenDRIVE 1.4 nests about 10 deep
MAX_LENGTH_M: Final = 1e6  # of one road
NO_LIMIT_KMH: Final = 130.0  # max="no limit"; the recommended speed on such roads
# The code of a <userData> of ours in the header: with its value, what stands beside the roads is drawn.
FURNITURE_SEED: Final = "furniture-seed"

_KMH_PER_UNIT: Final = {"m/s": 3.6, "mph": 1.609344, "km/h": 1.0}


# What carla.Map raises about a file: its C++ exceptions come out as one of these.
CLIENT_ERRORS: Final = (RuntimeError, IndexError, ValueError, OverflowError)


class BadFile(Exception):
    """The file cannot be served; the message says in one sentence what is wrong with it."""


@dataclass(frozen=True, slots=True)
class MarkEntry:
    """The line at a lane's outer edge (of lane 0: on it), from s_offset on."""

    s_offset: float  # from the section's start
    type: str  # "broken", "solid solid" ...
    colour: str
    width: float  # 0 where the file does not say
    dash: float  # of its first line, 0 where the file does not say
    gap: float


@dataclass(frozen=True, slots=True)
class LaneEntry:
    id: int
    kind: str
    speeds: tuple[tuple[float, float | None], ...]  # (s from the section's start, km/h or None for "undefined")
    marks: tuple[MarkEntry, ...]  # in order of s_offset


@dataclass(frozen=True, slots=True)
class SectionEntry:
    s: float
    s_end: float
    lanes: tuple[LaneEntry, ...]  # from left (+n) to right (-n), the centre lane 0 included


@dataclass(frozen=True, slots=True)
class SignalEntry:
    id: str
    name: str
    type: str
    subtype: str
    value: float
    s: float
    t: float
    z_offset: float
    h_offset: float


@dataclass(frozen=True, slots=True)
class RoadEntry:
    id: int
    length: float
    junction: int  # -1 outside junctions
    speeds: tuple[tuple[float, float | None], ...]  # (s, km/h or None)
    offsets: tuple[tuple[float, float, float, float, float], ...]  # laneOffset: s, a, b, c, d
    sections: tuple[SectionEntry, ...]
    signals: tuple[SignalEntry, ...]

    def lane_offset(self, s: float) -> float:
        """How far the centre lane lies left of the reference line."""
        offset = 0.0
        for s0, a, b, c, d in self.offsets:
            if s0 <= s:
                u = s - s0
                offset = a + u * (b + u * (c + u * d))
        return offset


@dataclass(frozen=True, slots=True)
class ControllerEntry:
    id: str
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What the file says beside the geometry."""

    roads: tuple[RoadEntry, ...]
    controllers: tuple[ControllerEntry, ...]
    junction_controllers: dict[int, tuple[str, ...]]  # in the order of their turns
    has_geo_reference: bool
    furniture_seed: str | None
    """Of the file's own choice."""

    def road(self, road_id: int) -> RoadEntry:
        return self._by_id[road_id]

    @cached_property
    def _by_id(self) -> dict[int, RoadEntry]:
        return {road.id: road for road in self.roads}


def check(data: bytes) -> str:
    """The text of an OpenDRIVE file, or BadFile: decided by a streaming parser that builds nothing."""
    if not data.strip():
        raise BadFile("is empty")
    if len(data) > MAX_BYTES:
        raise BadFile(f"has {len(data) >> 20} MiB, more than the {MAX_BYTES >> 20} MiB that are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"is not UTF-8 text (byte {error.start})") from None
    depth = 0
    roots: list[str] = []

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth == 0:
            roots.append(tag)
            if tag != "OpenDRIVE":
                raise BadFile(f"is not OpenDRIVE: its root element is <{tag[:40]}>, not <OpenDRIVE>")
        depth += 1
        if depth > MAX_DEPTH:
            raise BadFile(f"nests elements more than {MAX_DEPTH} deep")

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        raise BadFile("has a DOCTYPE, which is refused because it can define entities: delete that line")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise BadFile(
            f"is not well-formed XML: line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}"
        ) from None
    return text


def read(text: str) -> Facts:
    """The facts of a checked text. Attributes that are missing or no numbers raise BadFile with road and name."""
    root = ET.fromstring(text)
    roads = tuple(_road(element) for element in root.findall("road"))
    seen: set[int] = set()
    for road in roads:
        if not 0 <= road.id < 2**32:
            raise BadFile(f'has a road with id="{road.id}": the client reads numbers from 0 to {2**32 - 1}')
        if road.id in seen:
            raise BadFile(f'has two roads with id="{road.id}"')
        seen.add(road.id)
    controllers = tuple(
        ControllerEntry(
            element.get("id", ""),
            tuple(dict.fromkeys(control.get("signalId", "") for control in element.findall("control"))),
        )
        for element in root.findall("controller")
    )
    junctions = {}
    for element in root.findall("junction"):
        turns = sorted(
            (_number(c, "sequence", "a junction's controller", 0.0), i, c.get("id", ""))
            for i, c in enumerate(element.findall("controller"))
        )
        if turns:
            where = f"junction {element.get('id')}"
            junctions[int(_number(element, "id", where))] = tuple(dict.fromkeys(turn[2] for turn in turns))
    geo = root.find("header/geoReference")
    seeds = [each.get("value") for each in root.findall("header/userData") if each.get("code") == FURNITURE_SEED]
    return Facts(
        roads, controllers, junctions, geo is not None and "lat_0" in (geo.text or ""), next(iter(seeds), None)
    )


def _road(element: ET.Element) -> RoadEntry:
    where = f"road {element.get('id')}"
    length = _number(element, "length", where)
    if not 0.0 < length <= MAX_LENGTH_M:
        raise BadFile(f"gives {where} a length of {length} m")
    starts = element.findall("lanes/laneSection")
    edges = [_number(section, "s", f"a laneSection of {where}") for section in starts] + [length]
    sections = tuple(_section(section, edges[i], edges[i + 1], where) for i, section in enumerate(starts))
    speeds = []
    for kind in element.findall("type"):
        speed = kind.find("speed")
        if speed is not None:
            speeds.append((_number(kind, "s", where, 0.0), _speed_kmh(speed, where)))
    offsets = tuple(
        (*(_number(offset, name, f"a laneOffset of {where}", 0.0) for name in ("s", "a", "b", "c", "d")),)
        for offset in element.findall("lanes/laneOffset")
    )
    return RoadEntry(
        id=int(_number(element, "id", where)),
        length=length,
        junction=int(_number(element, "junction", where, -1.0)),
        speeds=tuple(sorted(speeds, key=lambda record: record[0])),
        offsets=offsets,  # type: ignore[arg-type]
        sections=sections,
        signals=tuple(_signal(signal, where) for signal in element.findall("signals/signal")),
    )


def _section(element: ET.Element, s: float, s_end: float, where: str) -> SectionEntry:
    lanes = []
    for lane in element.iter("lane"):
        lane_id = int(_number(lane, "id", f"a lane of {where}"))
        speeds = tuple(
            (_number(speed, "sOffset", where, 0.0), _speed_kmh(speed, where)) for speed in lane.findall("speed")
        )
        marks = sorted((_mark(mark, where) for mark in lane.findall("roadMark")), key=lambda mark: mark.s_offset)
        lanes.append(LaneEntry(lane_id, lane.get("type", "none"), speeds, tuple(marks)))
    return SectionEntry(s, s_end, tuple(sorted(lanes, key=lambda lane: -lane.id)))


def _mark(element: ET.Element, where: str) -> MarkEntry:
    where = f"a roadMark of {where}"
    line = element.find("type/line")  # OpenDRIVE 1.4, 5.3.7.2.1.1.4: what a type consists of
    return MarkEntry(
        s_offset=_number(element, "sOffset", where, 0.0),
        type=element.get("type", "none"),
        colour=element.get("color", "standard"),
        width=_number(element, "width", where, 0.0),
        dash=0.0 if line is None else _number(line, "length", where, 0.0),
        gap=0.0 if line is None else _number(line, "space", where, 0.0),
    )


def _signal(element: ET.Element, where: str) -> SignalEntry:
    signal_id = element.get("id", "")
    where = f"signal {signal_id} of {where}"
    return SignalEntry(
        id=signal_id,
        name=element.get("name", ""),
        type=element.get("type", ""),
        subtype=element.get("subtype", ""),
        value=_number(element, "value", where, -1.0),
        s=_number(element, "s", where),
        t=_number(element, "t", where, 0.0),
        z_offset=_number(element, "zOffset", where, 0.0),
        h_offset=_number(element, "hOffset", where, 0.0),
    )


def _speed_kmh(element: ET.Element, where: str) -> float | None:
    """OpenDRIVE 1.4, 5.3.1.1: max is a number, "no limit" or "undefined"; without a unit it is m/s."""
    text = element.get("max", "undefined")
    if text == "no limit":
        return NO_LIMIT_KMH
    if text == "undefined":
        return None
    unit = element.get("unit") or "m/s"
    if unit not in _KMH_PER_UNIT:
        raise BadFile(f'gives {where} a speed with unit="{unit}": use m/s, mph or km/h')
    speed = _number(element, "max", f"a speed of {where}") * _KMH_PER_UNIT[unit]
    return speed if speed > 0.0 else None


def _number(element: ET.Element, name: str, where: str, default: float | None = None) -> float:
    text = element.get(name)
    if text is None or text == "":
        if default is None:
            raise BadFile(f'lacks the attribute "{name}" of {where}')
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadFile(f'has {name}="{text[:40]}" in {where}, which is no number')
    return value
