"""Interchange: a motorway ring with three diamond interchanges.

Two carriageways of three lanes run around a long oval, the outer one counter-clockwise. Roads cross over them on
bridges and meet their ramps at the bridge heads. In the south two interchanges are so close that entering and
leaving traffic weaves over a fourth lane; elsewhere entering traffic has a lane to speed up in, which then merges.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from simulator.towns.builder import Move, Plan, Town
from simulator.towns.geometry import Path, Pose, rounded, wrap
from simulator.towns.sections import BROKEN_YELLOW, CrossSection, Strip

__all__ = ["interchange"]

_MOTORWAY = CrossSection(
    3, 0, 3.6, (Strip("shoulder", 3.0),), (Strip("shoulder", 1.0),), speed_kmh=100, kind="motorway"
)
_WIDE_MOTORWAY = replace(_MOTORWAY, forward=4)
_RAMP = CrossSection(1, 0, 4.0, (Strip("shoulder", 2.0),), (Strip("shoulder", 0.5),), speed_kmh=60, kind="motorway")
_WALK = Strip("sidewalk", 2.0)
_ROAD = CrossSection(1, 1, 3.5, (_WALK,), (_WALK,), centre=BROKEN_YELLOW, speed_kmh=60)
_MAIN_ROAD = CrossSection(2, 2, 3.5, (_WALK,), (_WALK,), speed_kmh=60)

_STRAIGHT_M = 2000.0
_RADIUS_M = 300.0  # of the ring's axis at its two ends
_MEDIAN_M = 4.0  # from the axis to the innermost lane of either carriageway
_BRIDGE_M = 6.5
_HEAD_M = 66.0  # from a carriageway's inner edge to the bridge head beside it
_RAMP_M = 300.0  # along the motorway, from the bridge to where a ramp has parted
_PARTING_M = 40.0
_MERGING_M = 60.0
_SPEEDING_UP_M = 200.0
_SLOWING_DOWN_M = 220.0
_RAMP_ANGLE = math.radians(4.0)

# Where the bridges are: A and B over the southern straight, C over the northern one.
_BRIDGES = {"A": -410.0, "B": 410.0, "C": 0.0}


@dataclass
class _Station:
    """An event on a carriageway; lanes before and after it follow from the kind."""

    s: float
    kind: str  # "exit", "entry" or "merge"
    bridge: str = ""

    @property
    def length(self) -> float:
        return _MERGING_M if self.kind == "merge" else _PARTING_M


def interchange() -> Town:
    """The ring, its ramps, and the roads inside and outside of it."""
    town = Town("Interchange", latitude_deg=51.43, longitude_deg=6.76)
    outer, inner = _oval(_MEDIAN_M), _oval(-_MEDIAN_M)
    heads: dict[str, tuple[float, float]] = {}
    outer_at = {name: _abeam(outer, x, north=name == "C") for name, x in _BRIDGES.items()}
    inner_at = {name: _abeam(inner, x, north=name == "C") for name, x in _BRIDGES.items()}
    for name in _BRIDGES:
        for side, path, s in (("outer", outer, outer_at[name]), ("inner", inner, inner_at[name])):
            head = path.pose(s).left(-_HEAD_M)
            heads[f"{side} {name}"] = (head.x, head.y)
    for name, (x, y) in heads.items():
        if name == "outer C":
            town.node(name, x, y, _BRIDGE_M, control="stop", minor=["ramp exit outer C"], corner_radius=12.0)
        else:
            town.node(name, x, y, _BRIDGE_M, control="signals", corner_radius=12.0)
    _roads_inside(town)
    for name in _BRIDGES:
        town.street(f"outer {name}", f"inner {name}", _ROAD, f"Bridge {name}")
    _carriageway(town, "Outer Ring", outer, "outer", outer_at, weaves_after="A")
    _carriageway(town, "Inner Ring", inner, "inner", inner_at, weaves_after="B")
    return town


def _roads_inside(town: Town) -> None:
    town.node("West", -410.0, 0.0, control="yield", minor=["inner A"], crosswalks=True)
    town.node("East", 410.0, 0.0, control="yield", minor=["inner B"], crosswalks=True)
    town.node("Centre", 0.0, 0.0, control="signals", crosswalks=True)
    town.node("Park", 0.0, 90.0, 2.0, control="stop", crosswalks=True)
    town.street("inner A", "West", _ROAD, "Depot Road")
    town.street("inner B", "East", _ROAD, "Market Road")
    town.street("West", "Centre", _MAIN_ROAD, "Middle Road")
    town.street("Centre", "East", _MAIN_ROAD, "Middle Road")
    town.street("Centre", "Park", _ROAD, "Park Road")
    town.street("Park", "inner C", _ROAD, "Park Road")
    town.street("West", "Park", _ROAD, "Garden Road", via=[(-410.0, 110.0), (-120.0, 90.0)], radius=60.0)
    town.street("Park", "East", _ROAD, "Garden Road", via=[(120.0, 90.0), (410.0, 110.0)], radius=60.0)
    south = -_RADIUS_M - _MEDIAN_M - _HEAD_M
    town.street(
        "outer A", "outer B", _ROAD, "Frontage Road", radius=60.0,
        via=[(_BRIDGES["A"], south - 110.0), (_BRIDGES["B"], south - 110.0)],
        heights=[(0.2, 1.0), (0.5, 0.0), (0.8, 1.0)],
    )  # fmt: skip


def _oval(outwards: float) -> Path:
    """The inner edge of a carriageway, twice around, so that any part of it is one path.

    The outer carriageway (positive) runs counter-clockwise, the inner one clockwise; both begin with the western end.
    """
    radius = _RADIUS_M + outwards
    bend = (math.pi * radius, math.copysign(1.0 / radius, outwards))
    start = Pose(-_STRAIGHT_M / 2.0, math.copysign(radius, outwards), math.pi)
    return Path(start, (bend, (_STRAIGHT_M, 0.0)) * 4)


def _abeam(path: Path, x: float, north: bool) -> float:
    """Where a carriageway passes a place on one of the straights."""
    for (s, pose), (length, curvature) in zip(path.knots, path.pieces):
        if curvature == 0.0 and (pose.y > 0.0) == north:
            return s + abs(x - pose.x) if abs(x - pose.x) <= length else math.nan
    raise ValueError("the carriageway has no such straight")


def _carriageway(town: Town, name: str, path: Path, side: str, bridges: dict[str, float], weaves_after: str) -> None:
    around = path.length / 2.0
    stations: list[_Station] = []
    for bridge, s in bridges.items():
        stations.append(_Station(s - _RAMP_M - _PARTING_M, "exit", bridge))
        entry = s + _RAMP_M
        stations.append(_Station(entry, "entry", bridge))
        if bridge != weaves_after:
            stations.append(_Station(entry + _PARTING_M + _SPEEDING_UP_M, "merge"))
    stations.sort(key=lambda station: station.s)
    pieces: list[Plan] = []
    for before, after in pairwise([*stations, replace(stations[0], s=stations[0].s + around)]):
        part = path.trimmed(before.s + before.length, after.s)
        wide = before.kind == "entry" or after.kind == "exit"
        opens = _SLOWING_DOWN_M if after.kind == "exit" and before.kind != "entry" else 0.0
        pieces.append(town.road(name, _WIDE_MOTORWAY if wide else _MOTORWAY, part, opens=opens))
    for i, station in enumerate(stations):
        before, after = pieces[i - 1], pieces[i]
        through = [Move(before, lane, after, lane) for lane in range(3)]
        label = f"{name} {station.kind} {station.bridge}".strip()
        if station.kind == "merge":
            town.switch(label, [(before, True), (after, False)], [*through, Move(before, 3, after, 2)])
            continue
        ramp = _ramp(town, path, station, f"{side} {station.bridge}")
        if station.kind == "exit":
            town.switch(label, [(before, True), (ramp, False), (after, False)], [*through, Move(before, 3, ramp, 0)])
        else:
            town.switch(label, [(after, False), (before, True), (ramp, True)], [*through, Move(ramp, 0, after, 3)])


def _ramp(town: Town, path: Path, station: _Station, node: str) -> Plan:
    """From the motorway up to the bridge head, or down from it."""
    exits = station.kind == "exit"
    beside = 4 * _WIDE_MOTORWAY.lane_width + 2.0
    lane = path.pose(station.s + (station.length if exits else 0.0)).left(-beside)
    foot = Pose(lane.x, lane.y, wrap(lane.heading + (-_RAMP_ANGLE if exits else _RAMP_ANGLE)))
    way = 1.0 if exits else -1.0
    head = path.pose(station.s + station.length + _RAMP_M if exits else station.s - _RAMP_M).left(-_HEAD_M)
    points = [foot, foot.ahead(way * 90.0), head.ahead(-way * 70.0), head]
    line = [(pose.x, pose.y) for pose in (points if exits else reversed(points))]
    axis = rounded(line, [120.0, 120.0])
    name = f"ramp {station.kind} {node}"
    if exits:
        return town.road(name, _RAMP, axis, end=node, heights=[(0.0, 0.0), (0.15, 0.3), (0.9, _BRIDGE_M - 0.2)])
    return town.road(name, _RAMP, axis, start=node, heights=[(0.1, _BRIDGE_M - 0.2), (0.85, 0.3), (1.0, 0.0)])
