"""Stop and yield signs: before which line one waits, and for the traffic of which lanes.

As StopSignComponent.cpp and YieldSignComponent.cpp of carla-simulator/carla do it, which watch the roads of the
junction that are in conflict with the sign's own.
"""

from typing import Final

import carla
import numpy as np
import shapely

from simulator.maps.lanes import DRIVING
from simulator.maps.signals import StopPlace, sign_half_m
from simulator.maps.town import GiveWays, Lanes, Samples, no_give_ways

# How far beyond its line a lane is followed to find the junction.
_LOOK_AHEAD_M: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
_SAME_PLACE_M: Final = 1.0
_IN_CONFLICT_M: Final = 1.0  # between two middles of lanes; lanes beside each other are farther apart


def build_give_ways(stops: list[StopPlace], lanes: Lanes, samples: Samples) -> GiveWays:
    """One row for each lane that ends at a stop or yield sign."""
    signs = [stop for stop in stops if not stop.is_light]
    if not signs:
        return no_give_ways()
    ways = _JunctionLanes(lanes, samples)
    boxes, conflicts = [], []
    for sign in signs:
        size = sign_half_m(sign.place.lane_width)
        place = (sign.place.previous(size) or [sign.place])[0].transform
        turn = np.radians(place.rotation.yaw)
        boxes.append((not sign.gives_way, place.location.x, place.location.y, place.location.z, turn, size))
        conflicts.append(ways.in_conflict_with(ways.beyond(sign.place)))
    stop, x, y, z, yaw, half = (np.ascontiguousarray(column) for column in np.array(boxes, np.float64).T)
    start = np.concatenate(([0], np.cumsum([len(rows) for rows in conflicts])))
    return GiveWays(
        stop.astype(np.uint8),
        x,
        y,
        z,
        yaw,
        half,
        start.astype(np.int32),
        np.array([row for rows in conflicts for row in rows], np.int32),
    )


class _JunctionLanes:
    """Driving lanes inside junctions as lines in the direction of travel."""

    def __init__(self, lanes: Lanes, samples: Samples) -> None:
        self._rows = np.flatnonzero((lanes.junction >= 0) & (lanes.kind == DRIVING))
        self._junction = lanes.junction[self._rows]
        self._row_of: dict[tuple[int, int], list[int]] = {}
        points = []
        for i, row in enumerate(self._rows.tolist()):
            part = slice(lanes.sample_start[row], lanes.sample_start[row + 1])
            line = np.stack((samples.x[part], samples.y[part]), axis=1)
            yaw = samples.yaw[part][0]
            forwards = (line[-1] - line[0]) @ (np.cos(yaw), np.sin(yaw)) > 0.0
            points.append(line if forwards else line[::-1])
            self._row_of.setdefault((int(lanes.road[row]), int(lanes.lane[row])), []).append(i)
        self._begins = np.array([line[0] for line in points]).reshape(-1, 2)
        self._lines = np.array([shapely.LineString(line) for line in points], object)

    def beyond(self, stop: carla.Waypoint) -> set[int]:
        """The lanes of the junction that begin where one stops."""
        places = [stop] if stop.is_junction else [way for metres in _LOOK_AHEAD_M for way in stop.next(metres)]
        return {i for way in places if way.is_junction for i in self._row_of.get((way.road_id, way.lane_id), [])}

    def in_conflict_with(self, own: set[int]) -> list[int]:
        """Rows of Lanes that cross or join one of these, from elsewhere."""
        found: set[int] = set()
        for i in own:
            rivals = np.flatnonzero(self._junction == self._junction[i])
            apart = np.linalg.norm(self._begins[rivals] - self._begins[i], axis=1) > _SAME_PLACE_M
            meets = shapely.distance(self._lines[rivals], self._lines[i]) < _IN_CONFLICT_M
            found.update(rivals[apart & meets].tolist())
        return sorted(int(self._rows[i]) for i in found - own)
