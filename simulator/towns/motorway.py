"""Motorway rings: two carriageways around a town, bridges over them, and the ramps between the two.

A bridge crosses both carriageways and ends in two nodes, the bridge heads; at each head the carriageway on that side
has an exit, which climbs to it, and an entry, which comes down from it.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from simulator.towns.builder import Move, Plan, Town
from simulator.towns.geometry import Path, Pose, rounded, wrap
from simulator.towns.sections import CrossSection, Strip

__all__ = ["BRIDGE_M", "Ring"]

_MOTORWAY = CrossSection(
    3, 0, 3.6, (Strip("shoulder", 3.0),), (Strip("shoulder", 1.0),), speed_kmh=100, kind="motorway"
)
_WIDE_MOTORWAY = replace(_MOTORWAY, forward=4)
_RAMP = CrossSection(1, 0, 4.0, (Strip("shoulder", 2.0),), (Strip("shoulder", 0.5),), speed_kmh=60, kind="motorway")

BRIDGE_M = 6.5  # height of the bridges' roads over the motorway's
_MEDIAN_M = 4.0  # from the axis to the innermost lane of either carriageway
_HEAD_M = 66.0  # from a carriageway's inner edge to the bridge head beside it
# Not round, like all lengths of lane sections; see sections.py.
_RAMP_M = 300.0137  # along the motorway, from the bridge to where a ramp has parted
_PARTING_M = 40.0137
_MERGING_M = 60.0137
_SPEEDING_UP_M = 200.0137
_SLOWING_DOWN_M = 220.0137
_RAMP_ANGLE = math.radians(4.0)


@dataclass
class _Station:
    """An event on a carriageway; the lanes before and after it follow from its kind."""

    s: float
    kind: str  # "split" (a fourth lane begins), "exit", "entry" or "merge" (the fourth lane ends)
    bridge: str = ""

    @property
    def length(self) -> float:
        return _PARTING_M if self.kind in ("exit", "entry") else _MERGING_M


class Ring:
    """An oval motorway of three lanes each way; the outer carriageway runs counter-clockwise.

    `bridges` are the places where they cross the motorway's axis, in any order.
    """

    def __init__(self, straight: float, radius: float, bridges: dict[str, tuple[float, float]]) -> None:
        self._carriageways = {
            "outer": _carriageway(straight, radius, _MEDIAN_M),
            "inner": _carriageway(straight, radius, -_MEDIAN_M),
        }
        self._at: dict[str, dict[str, float]] = {}
        for side, path in self._carriageways.items():
            self._at[side] = {}
            for bridge, (x, y) in bridges.items():
                place = path.trimmed(0.0, path.length / 2.0).project(x, y)
                if place is None:
                    raise ValueError(f"bridge {bridge} is not beside the motorway")
                self._at[side][bridge] = place[0]

    def head(self, side: str, bridge: str) -> tuple[float, float]:
        """Where a bridge head is; sides are "outer" and "inner"."""
        pose = self._carriageways[side].pose(self._at[side][bridge]).left(-_HEAD_M)
        return pose.x, pose.y

    def build(self, town: Town, name: str, weaves: tuple[tuple[str, str], ...] = ()) -> None:
        """Carriageways and ramps; the heads are nodes of the town called "outer A", "inner A" and so on.

        Between the bridges of a pair in `weaves` entering and leaving traffic shares a fourth lane, in both
        directions; after all other entries the fourth lane merges into the third.
        """
        for side, path in self._carriageways.items():
            self._pave(town, f"{side.capitalize()} {name}", path, side, weaves)

    def _pave(self, town: Town, name: str, path: Path, side: str, weaves: tuple[tuple[str, str], ...]) -> None:
        around = path.length / 2.0
        order = sorted(self._at[side], key=self._at[side].__getitem__)
        stations: list[_Station] = []
        for i, bridge in enumerate(order):
            leaves, enters = self._at[side][bridge] - _RAMP_M - _PARTING_M, self._at[side][bridge] + _RAMP_M
            if not {(order[i - 1], bridge), (bridge, order[i - 1])} & set(weaves):
                stations.append(_Station(leaves - _SLOWING_DOWN_M - _MERGING_M, "split"))
            stations += [_Station(leaves, "exit", bridge), _Station(enters, "entry", bridge)]
            following = order[(i + 1) % len(order)]
            if not {(bridge, following), (following, bridge)} & set(weaves):
                stations.append(_Station(enters + _PARTING_M + _SPEEDING_UP_M, "merge"))
        pieces: list[Plan] = []
        for a, b in pairwise([*stations, replace(stations[0], s=stations[0].s + around)]):
            part = path.trimmed(a.s + a.length, b.s)
            wide = a.kind in ("split", "entry")
            pieces.append(town.road(name, _WIDE_MOTORWAY if wide else _MOTORWAY, part))
        for i, station in enumerate(stations):
            before, after = pieces[i - 1], pieces[i]
            through = [Move(before, lane, after, lane) for lane in range(3)]
            label = f"{name} {station.kind} {station.bridge}".strip()
            if station.kind in ("split", "merge"):
                aside = Move(before, 2, after, 3) if station.kind == "split" else Move(before, 3, after, 2)
                town.switch(label, [(before, True), (after, False)], [*through, aside])
                continue
            ramp = _ramp(town, path, station, f"{side} {station.bridge}")
            if station.kind == "exit":
                town.switch(
                    label, [(before, True), (ramp, False), (after, False)], [*through, Move(before, 3, ramp, 0)]
                )
            else:
                town.switch(label, [(after, False), (before, True), (ramp, True)], [*through, Move(ramp, 0, after, 3)])


def _carriageway(straight: float, radius: float, outwards: float) -> Path:
    """The inner edge of a carriageway, twice around, so that any part of it is one path.

    The outer carriageway (positive) runs counter-clockwise, the inner one clockwise; both begin with the western end.
    """
    bend = (math.pi * (radius + outwards), math.copysign(1.0 / (radius + outwards), outwards))
    start = Pose(-straight / 2.0, math.copysign(radius + outwards, outwards), math.pi)
    return Path(start, (bend, (straight, 0.0)) * 4)


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
        return town.road(name, _RAMP, axis, end=node, heights=[(0.0, 0.0), (0.15, 0.3), (0.9, BRIDGE_M - 0.2)])
    return town.road(name, _RAMP, axis, start=node, heights=[(0.1, BRIDGE_M - 0.2), (0.85, 0.3), (1.0, 0.0)])
