"""Lanes as sampled lines: carla.Map asked along every lane of every road, thinned where the lane is straight."""

import math
from dataclasses import dataclass
from typing import Final

import carla
import numpy as np
from numpy.typing import NDArray

from simulator.maps.lane_types import BIDIRECTIONAL as BIDIRECTIONAL
from simulator.maps.lane_types import BIKING as BIKING
from simulator.maps.lane_types import DRIVING as DRIVING
from simulator.maps.lane_types import MEDIAN as MEDIAN
from simulator.maps.lane_types import NO_TYPE as NO_TYPE
from simulator.maps.lane_types import PARKING as PARKING
from simulator.maps.lane_types import SHOULDER as SHOULDER
from simulator.maps.lane_types import SIDEWALK as SIDEWALK
from simulator.maps.opendrive import CLIENT_ERRORS, BadFile, Facts, LaneEntry, RoadEntry, SectionEntry
from simulator.maps.town import F8, I4, Lanes, Samples

DEFAULT_LIMIT_KMH: Final = 30.0  # where the file says nothing
MAXIMUM_SPEED: Final = "274"  # the sign's type number, as carla.LandmarkType gives it

_END_CLEARANCE_M: Final = 1e-5  # the client answers None at the very end of a road,
_S_ROUNDING: Final = 2.5e-7  # and takes s as a 32-bit float
_STEP_M: Final = 1.0
_STEP_JUNCTION_M: Final = 0.5
_LONGEST_M: Final = 20.0  # between two samples of a straight lane
# A piece between two samples may be off by this much: x, y, z, width (m), yaw (rad).
_TOLERANCE: Final = np.array([0.03, 0.03, 0.008, 0.04, math.radians(4.0)])
_MAX_SAMPLES: Final = 20_000_000  # of the dense pass, in one file

_X, _Y, _Z, _WIDTH, _YAW, _PITCH = range(6)


@dataclass(frozen=True, slots=True)
class SectionShape:
    """One lane section: the borders of its lanes from left to right at common stations."""

    road: RoadEntry
    index: int
    s: F8  # [k]
    lane_ids: tuple[int, ...]  # from left to right, without the centre lane
    kinds: tuple[int, ...]
    rows: tuple[int, ...]  # in Lanes
    centres: F8  # [lanes, k, 3]
    borders: F8  # [lanes + 1, k, 3]


def sample_lanes(map_: carla.Map, facts: Facts) -> tuple[Lanes, Samples, list[SectionShape]]:
    """Every lane of every section: rows by road and section in file order, lanes from left to right."""
    columns: list[tuple[int, int, int, int, int, float, float]] = []
    pieces: list[F8] = []
    counts: list[int] = []
    shapes: list[SectionShape] = []
    signs = _speed_signs(map_)
    budget = _MAX_SAMPLES
    for road in facts.roads:
        for index, section in enumerate(road.sections):
            if section.s_end - section.s < 1e-3:
                continue
            dense = _sample_section(map_, road, index, section, budget)
            budget -= 0 if dense is None else dense.values.shape[0] * dense.values.shape[1]
            if dense is None or not dense.lanes:
                continue
            keep = _thin(dense.s, dense.values)
            values = dense.values[:, keep]
            s = dense.s[keep]
            first = len(columns)
            for lane, kind, lane_values in zip(dense.lanes, dense.kinds, values, strict=True):
                columns.append((road.id, index, lane.id, kind, road.junction, section.s, section.s_end))
                limit = _limits(road, section, lane, s, signs.get(road.id, ()))
                pieces.append(np.column_stack((lane_values, s, limit)))
                counts.append(len(s))
            shapes.append(
                SectionShape(
                    road=road,
                    index=index,
                    s=s,
                    lane_ids=tuple(lane.id for lane in dense.lanes),
                    kinds=tuple(dense.kinds),
                    rows=tuple(range(first, len(columns))),
                    centres=np.ascontiguousarray(values[:, :, :3]),
                    borders=_borders(dense, keep),
                )
            )
    if not any(column[3] == DRIVING for column in columns):
        raise BadFile('has no road with a lane of type="driving"')
    table = np.array(columns, np.float64)
    points = np.concatenate(pieces)
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)

    def whole(column: int) -> I4:
        return np.ascontiguousarray(table[:, column], np.int32)

    lanes = Lanes(
        whole(0), whole(1), whole(2), whole(3), whole(4),
        np.ascontiguousarray(table[:, 5]), np.ascontiguousarray(table[:, 6]), start,
    )  # fmt: skip
    x, y, z, width, yaw, pitch, s_all, limit_kmh = (np.ascontiguousarray(column) for column in points.T)
    yaw, pitch = np.arctan2(np.sin(yaw), np.cos(yaw)), np.arctan2(np.sin(pitch), np.cos(pitch))
    return lanes, Samples(x, y, z, yaw, pitch, width, s_all, limit_kmh), shapes


@dataclass(frozen=True, slots=True)
class _Dense:
    s: F8
    lanes: list[LaneEntry]
    kinds: list[int]
    values: F8  # [lanes, n, 6]
    middle: F8 | None  # [n, 3] of the centre lane


def _sample_section(map_: carla.Map, road: RoadEntry, index: int, section: SectionEntry, budget: int) -> _Dense | None:
    length = section.s_end - section.s
    step = _STEP_JUNCTION_M if road.junction >= 0 or length < 50.0 else _STEP_M
    n = max(3, math.ceil(length / step) + 1)
    if n * len(section.lanes) > budget:
        raise BadFile(f"is too long to be sampled ({_MAX_SAMPLES} points did not reach road {road.id})")
    clearance = min(_END_CLEARANCE_M + _S_ROUNDING * section.s_end, 0.01 * length)
    s = np.linspace(section.s + clearance, section.s_end - clearance, n)
    lanes: list[LaneEntry] = []
    kinds: list[int] = []
    values: list[F8] = []
    middle = None
    good = np.ones(n, bool)
    for lane in section.lanes:
        found, kind = _sample_lane(map_, road.id, index, lane.id, s)
        valid = np.isfinite(found[:, 0])
        if lane.id == 0:
            middle = found[:, :3] if valid.all() else None
        elif valid.sum() * 2 > n:  # a lane that carla.Map does not know is left out
            good &= valid
            lanes.append(lane)
            kinds.append(kind)
            values.append(found)
    if good.sum() < 2 or not lanes:
        return None
    stacked = np.array(values)[:, good]
    stacked[:, :, _YAW] = np.unwrap(np.radians(stacked[:, :, _YAW]), axis=1)
    stacked[:, :, _PITCH] = np.radians(stacked[:, :, _PITCH])  # may be near 0 or near 360 degrees
    return _Dense(s[good], lanes, kinds, stacked, None if middle is None else middle[good])


def _sample_lane(map_: carla.Map, road: int, section: int, lane: int, s: F8) -> tuple[F8, int]:
    """[n, 6] x, y, z, width, yaw and pitch (degrees), NaN where the client knows no such place; and the lane's type."""
    ask = map_.get_waypoint_xodr
    rows: list[tuple[float, float, float, float, float, float]] = []
    missing = (math.nan,) * 6
    kinds: list[int] = []
    try:
        for position in s.tolist():
            waypoint = ask(road, lane, position)
            if waypoint is None or waypoint.section_id != section:
                rows.append(missing)
                continue
            transform = waypoint.transform
            place = transform.location
            turn = transform.rotation
            if not math.isfinite(place.x + place.y + place.z + turn.yaw):
                raise BadFile(f"has geometry on road {road} that leads to coordinates which are no numbers")
            width = waypoint.lane_width if lane else 0.0  # the centre lane has none: asking raises
            rows.append((place.x, place.y, place.z, width, turn.yaw, turn.pitch))
            if not kinds:
                kinds.append(int(waypoint.lane_type))
    except CLIENT_ERRORS as error:
        raise BadFile(f"breaks the client's waypoints on road {road}, lane {lane}: {error}") from None
    return np.array(rows), kinds[0] if kinds else NO_TYPE


def _borders(dense: _Dense, keep: NDArray[np.intp]) -> F8:
    """Borders of the lanes. A lane's centre is in the middle between its borders, so that from the centre lane (which
    is a border) all others follow; no normals are needed, which tapering lanes would turn."""
    centres = dense.values[:, keep, :3]
    ids = [lane.id for lane in dense.lanes]
    left = sum(lane_id > 0 for lane_id in ids)
    borders = np.empty((len(ids) + 1, len(keep), 3))
    if dense.middle is not None:
        borders[left] = dense.middle[keep]
    else:
        borders[left] = _edge_by_normal(dense.values[left - 1 if left else 0][keep])
    for i in range(left, len(ids)):
        borders[i + 1] = 2.0 * centres[i] - borders[i]
    for i in range(left - 1, -1, -1):
        borders[i] = 2.0 * centres[i] - borders[i + 1]
    return borders


def _edge_by_normal(values: F8) -> F8:
    """The border on the left of the direction of travel, where the file has no centre lane to ask for."""
    half = 0.5 * values[:, _WIDTH]
    edge = values[:, :3].copy()
    edge[:, 0] += np.sin(values[:, _YAW]) * half
    edge[:, 1] -= np.cos(values[:, _YAW]) * half
    return edge


def _thin(s: F8, values: F8) -> NDArray[np.intp]:
    """Stations that are needed so that straight pieces between them stay true for all lanes of the section."""
    points = values[:, :, : len(_TOLERANCE)] / _TOLERANCE
    keep = {0, len(s) - 1}
    open_pieces = [(0, len(s) - 1)]
    while open_pieces:
        a, b = open_pieces.pop()
        if b - a < 2:
            continue
        part = (s[a + 1 : b] - s[a]) / (s[b] - s[a])
        line = points[:, a, None] + part[None, :, None] * (points[:, b, None] - points[:, a, None])
        error = np.abs(points[:, a + 1 : b] - line).max(axis=(0, 2))
        worst = int(error.argmax())
        if error[worst] <= 1.0:
            if s[b] - s[a] <= _LONGEST_M:
                continue
            worst = (b - a) // 2 - 1
        keep.add(a + 1 + worst)
        open_pieces += [(a, a + 1 + worst), (a + 1 + worst, b)]
    return np.array(sorted(keep), np.intp)


def _limits(
    road: RoadEntry, section: SectionEntry, lane: LaneEntry, s: F8, signs: tuple[tuple[float, int, int, float], ...]
) -> F8:
    """km/h at each station: the lane's record before the road's, signs where the road has no record at all."""
    limit = np.full(len(s), DEFAULT_LIMIT_KMH)
    for start, kmh in road.speeds:
        limit[s >= start - 1e-6] = DEFAULT_LIMIT_KMH if kmh is None else kmh
    if not road.speeds:
        # In the direction of travel the later sign overrules the earlier one.
        forward = lane.id < 0
        for place, low, high, kmh in sorted(signs, reverse=not forward):
            if low <= lane.id <= high:
                limit[s >= place if forward else s <= place] = kmh
    for offset, kmh in lane.speeds:
        if kmh is not None:
            limit[s >= section.s + offset - 1e-6] = kmh
    return limit


def _speed_signs(map_: carla.Map) -> dict[int, tuple[tuple[float, int, int, float], ...]]:
    """Speed-limit signs by road: (s, lowest lane, highest lane, km/h). Their values are km/h in CARLA, whatever the
    unit (its parser writes "mph" beside the values of the 30, 60 and 90 signs of its towns)."""
    signs: dict[int, list[tuple[float, int, int, float]]] = {}
    for landmark in map_.get_all_landmarks_of_type(MAXIMUM_SPEED):
        if landmark.value > 0.0:
            for low, high in landmark.get_lane_validities():
                entry = (landmark.s, min(low, high), max(low, high), float(landmark.value))
                signs.setdefault(landmark.road_id, []).append(entry)
    return {road: tuple(sorted(entries)) for road, entries in signs.items()}
