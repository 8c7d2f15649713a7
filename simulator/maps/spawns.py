"""Where vehicles may appear: places on driving lanes, apart from each other and clear of junctions."""

import math
from typing import Final

import carla
import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.maps.lanes import DRIVING
from simulator.maps.town import F8, Lanes, Samples

Polygons = NDArray[np.object_]

_ABOVE_ROAD_M: Final = 0.5  # as CARLA's own generator does (CarlaGameModeBase.cpp, GenerateSpawnPoints)
_WISHED: Final = 250  # CARLA's towns have 101 to 372
_FEW: Final = 60  # only to have these, points come closer than the usual spacings
_MOST: Final = 400
_SPACINGS_M: Final = (60.0, 45.0, 33.0, 25.0, 18.0)
_CLOSE_SPACINGS_M: Final = (13.0, 10.0, 8.0)
_FROM_JUNCTION_M: Final = 10.0
_FROM_START_M: Final = 5.0
_NARROWEST_M: Final = 2.4
_WAY_AHEAD_M: Final = 20.0
_ROOM_M: Final = (3.2, 1.0)  # half length and half width that no other spawn point may touch


def build_spawn_points(map_: carla.Map, lanes: Lanes, samples: Samples) -> F8:
    """[n, 6] x, y, z, roll, pitch, yaw; by road, section and lane. As sparse as gives enough of them."""
    points = np.zeros((0, 6))
    for spacing in _SPACINGS_M + _CLOSE_SPACINGS_M:
        points = _apart(_on_lanes(map_, lanes, samples, spacing))
        if len(points) >= (_WISHED if spacing in _SPACINGS_M[:-1] else _FEW):
            break
    if len(points) == 0:
        points = _anywhere(lanes, samples)
    if len(points) > _MOST:
        points = points[np.linspace(0, len(points) - 1, _MOST).astype(int)]
    return points


def _on_lanes(map_: carla.Map, lanes: Lanes, samples: Samples, spacing_m: float) -> F8:
    rows = []
    for row in np.flatnonzero((lanes.kind == DRIVING) & (lanes.junction < 0)).tolist():
        piece = slice(lanes.sample_start[row], lanes.sample_start[row + 1])
        s = samples.s[piece]
        if s[-1] - s[0] < _FROM_START_M:
            continue
        # The margins are those of the lane's road: within one, a lane section ends without a junction.
        begin, end = s[0] + _FROM_START_M, s[-1] - _FROM_START_M
        road, lane = int(lanes.road[row]), int(lanes.lane[row])
        for place in np.arange(begin, end, spacing_m).tolist():
            if np.interp(place, s, samples.width[piece]) < _NARROWEST_M:
                continue
            waypoint = map_.get_waypoint_xodr(road, lane, place)
            if waypoint is None or int(waypoint.lane_type) != DRIVING or not _clear(waypoint):
                continue
            transform = waypoint.transform
            at, turn = transform.location, transform.rotation
            pitch, yaw = math.radians(turn.pitch), math.radians(turn.yaw)
            rows.append((at.x, at.y, at.z + _ABOVE_ROAD_M, 0.0, _half_turn(pitch), _half_turn(yaw)))
    return np.array(rows, np.float64).reshape(-1, 6)


def _half_turn(angle: float) -> float:
    """The same angle between -pi and pi; the client's may be any multiple of a turn away."""
    return math.atan2(math.sin(angle), math.cos(angle))


def _anywhere(lanes: Lanes, samples: Samples) -> F8:
    """The middles of all driving lanes, for maps of a few short roads: clients exit where there is no spawn point."""
    rows = np.flatnonzero(lanes.kind == DRIVING)
    middle = (lanes.sample_start[rows] + lanes.sample_start[rows + 1]) // 2
    middle = middle[samples.width[middle] > 0.0]
    place = (samples.x, samples.y, samples.z + _ABOVE_ROAD_M, np.zeros_like(samples.x), samples.pitch, samples.yaw)
    return _apart(np.column_stack([column[middle] for column in place]))


def _clear(waypoint: carla.Waypoint) -> bool:
    """No junction close ahead or close behind, and somewhere to drive to."""
    ahead = waypoint.next(_FROM_JUNCTION_M)
    behind = waypoint.previous(_FROM_START_M)
    return (
        bool(ahead)
        and not any(place.is_junction for place in ahead)
        and not any(place.is_junction for place in behind)
        and bool(waypoint.next(_WAY_AHEAD_M))
    )


def _apart(points: F8) -> F8:
    """Without those that would touch an earlier one at the same level (lanes that merge)."""
    if len(points) == 0:
        return points
    boxes = footprints(points[:, 0], points[:, 1], points[:, 5], *_ROOM_M)
    tree = shapely.STRtree(boxes)
    i, j = tree.query(boxes, predicate="intersects")
    touching = (j < i) & (np.abs(points[i, 2] - points[j, 2]) < 2.0)
    dropped = np.zeros(len(points), bool)
    for later, earlier in sorted(zip(i[touching].tolist(), j[touching].tolist(), strict=True)):
        dropped[later] |= not dropped[earlier]
    return points[~dropped]


def footprints(x: F8, y: F8, yaw: F8, half_x: F8 | float, half_y: F8 | float) -> Polygons:
    """Polygons of upright boxes seen from above."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    corners = np.empty((len(x), 4, 2))
    for k, (a, b) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        corners[:, k, 0] = x + cos * a * half_x - sin * b * half_y
        corners[:, k, 1] = y + sin * a * half_x + cos * b * half_y
    polygons: Polygons = shapely.polygons(corners)
    return polygons
