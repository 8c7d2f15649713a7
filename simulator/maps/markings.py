"""Paint on the roads: lane lines from the file's roadMarks, stop lines, parking bays, arrows; and where kerbs run.

The lines lie on the borders of lanes as simulator.maps.lanes has them, with their heights; what draws them lays them
on the surface.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import carla
import numpy as np
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.lanes import DRIVING, PARKING, SIDEWALK, SectionShape
from simulator.maps.opendrive import LaneEntry, MarkEntry
from simulator.maps.signals import StopPlace
from simulator.maps.surfaces import label_of
from simulator.maps.town import F8, Lanes, Markings, Samples

# Seen in pictures of CARLA's towns, whose files give no lengths.
_DASH_M: Final = 3.0
_GAP_M: Final = 4.5
_DOT_M: Final = 0.1  # Botts' dots: 4 inches wide, 4 to a broken line's dash
_DOT_GAP_M: Final = 0.9
_WIDTH_M: Final = 0.12  # where the file gives none: RMS-1's narrow line
_WIDTHS_M: Final = (0.05, 0.5)  # what a file may ask for
_STROKES_APART: Final = 2.0  # widths between the middles of two strokes: the gap is as wide as they are,
_LEAST_APART_M: Final = 0.22  # but to be seen
_STOP_WIDTH_M: Final = 0.4  # MUTCD 3B.16: 12 to 24 inches
_YIELD_DASH_M: Final = 0.5  # RMS-1: the waiting line's dashes and gaps are 0.5 and 0.25
_YIELD_GAP_M: Final = 0.25
_BAY_M: Final = 6.0  # of a car parked along the kerb
_BAY_WIDTH_M: Final = 0.1
_NARROW_M: Final = 0.15  # a lane this narrow has not begun, or has ended
_NARROW_BAY_M: Final = 1.6
_EDGE_INSET_M: Final = 0.05  # of the paint at a road's outer edge
_JOINED_M: Final = 0.1
_ARROW_M: Final = 4.0
_ARROW_ENDS_M: Final = 4.0  # from its tip to the lane's end
_NEXT_ARROW_M: Final = 24.0
_AHEAD_RAD: Final = math.radians(35.0)
_INTO_JUNCTION_M: Final = 2.0

_COLOURS: Final = {
    "yellow": town.YELLOW, "red": town.RED, "blue": town.BLUE, "green": town.GREEN, "orange": town.ORANGE,
}  # fmt: skip
# Types of OpenDRIVE 1.4 that are paint: is the stroke broken, of one stroke or from the inside outwards of two.
_BROKEN_STROKES: Final[dict[str, tuple[bool, ...]]] = {
    "solid": (False,),
    "broken": (True,),
    "botts dots": (True,),
    "solid solid": (False, False),
    "solid broken": (False, True),
    "broken solid": (True, False),
    "broken broken": (True, True),
}


@dataclass(slots=True)
class _Line:
    kind: int
    points: F8
    width: float
    colour: int = town.WHITE
    apart: float = 0.0
    dash: tuple[float, float] = (0.0, 0.0)
    gap: tuple[float, float] = (0.0, 0.0)
    begin: float = 0.0  # what `along` counts from


def build_markings(
    map_: carla.Map, shapes: list[SectionShape], lanes: Lanes, samples: Samples, stops: list[StopPlace]
) -> Markings:
    """All paint of a map."""
    lines = [*_lane_lines(shapes), *_stop_lines(stops), *_bays(shapes), *_kerbs(shapes)]
    along = []
    for line in lines:
        steps = np.linalg.norm(np.diff(line.points, axis=0), axis=1)
        along.append(line.begin + np.concatenate(([0.0], np.cumsum(steps))))
    arrows = [arrow for approach in _approaches(map_, lanes, samples) for arrow in approach]
    return Markings(
        kind=np.array([line.kind for line in lines], np.uint8),
        start=np.cumsum([0, *(len(line.points) for line in lines)]).astype(np.int32),
        points=np.concatenate([np.zeros((0, 3)), *(line.points for line in lines)]),
        along=np.concatenate([np.zeros(0), *along]),
        colour=np.array([line.colour for line in lines], np.uint8),
        width=np.array([line.width for line in lines], np.float64),
        apart=np.array([line.apart for line in lines], np.float64),
        dash=np.array([line.dash for line in lines], np.float64).reshape(-1, 2),
        gap=np.array([line.gap for line in lines], np.float64).reshape(-1, 2),
        arrows=np.array(arrows, np.float64).reshape(-1, 6),
    )


# --- lines of the file -----------------------------------------------------------------------------------------------


def _lane_lines(shapes: list[SectionShape]) -> Iterator[_Line]:
    """In order of roads and sections; a line that goes on in the next section keeps its dashes' rhythm."""
    before: list[_Line] = []
    road = None
    for shape in shapes:
        if shape.road.id != road:
            before, road = [], shape.road.id
        here = []
        for lane in shape.road.sections[shape.index].lanes:
            for line in _marks_of(shape, lane):
                joined = [other for other in before if _is_near(other.points[-1], line.points[0])]
                if joined:
                    length = float(np.linalg.norm(np.diff(joined[0].points, axis=0), axis=1).sum())
                    line.begin = joined[0].begin + length
                here.append(line)
                yield line
        before = here


def _is_near(a: F8, b: F8) -> bool:
    return float(np.abs(a - b).max()) < _JOINED_M


def _marks_of(shape: SectionShape, lane: LaneEntry) -> Iterator[_Line]:
    """The painted stretches of a lane's outer edge, along s."""
    if not lane.marks or (lane.id != 0 and lane.id not in shape.lane_ids):
        return  # nothing is said, or carla.Map does not know the lane
    section_s = shape.road.sections[shape.index].s
    ends = [mark.s_offset for mark in lane.marks[1:]] + [math.inf]
    for mark, end in zip(lane.marks, ends, strict=True):
        strokes = _BROKEN_STROKES.get(mark.type)
        if strokes is None or end <= mark.s_offset:
            continue
        if lane.id > 0:
            strokes = strokes[::-1]  # the inside is on the right there
        edge, wide = _edge(shape, lane.id, 0.5 * _width(mark) + _EDGE_INSET_M)
        for points in _stretches(edge, wide, shape.s - section_s, mark.s_offset, end):
            yield _line(mark, strokes, points)


def _width(mark: MarkEntry) -> float:
    return min(max(mark.width, _WIDTHS_M[0]), _WIDTHS_M[1]) if mark.width > 0.0 else _WIDTH_M


def _line(mark: MarkEntry, strokes: tuple[bool, ...], points: F8) -> _Line:
    width = _width(mark)
    if mark.type == "botts dots":
        dash, gap = _DOT_M, _DOT_GAP_M
    elif mark.dash > 0.0 and mark.gap > 0.0:
        dash, gap = mark.dash, mark.gap
    else:
        dash, gap = _DASH_M, _GAP_M
    first, last = strokes[0], strokes[-1]
    return _Line(
        kind=town.LANE_LINE,
        points=points,
        width=width,
        colour=_COLOURS.get(mark.colour, town.WHITE),
        apart=max(_STROKES_APART * width, _LEAST_APART_M) if len(strokes) == 2 else 0.0,
        dash=(dash if first else 0.0, dash if last else 0.0),
        gap=(gap if first else 0.0, gap if last else 0.0),
    )


def _edge(shape: SectionShape, lane_id: int, inset_m: float) -> tuple[F8, NDArray[np.bool_]]:
    """The outer edge of a lane (or the centre lane), and where the lane has a width. The edge of a road is moved
    inwards, so that the paint keeps on the road."""
    left = sum(other > 0 for other in shape.lane_ids)
    if lane_id == 0:
        return shape.borders[left], np.ones(len(shape.s), bool)
    column = shape.lane_ids.index(lane_id)
    outwards = 1 if lane_id < 0 else -1
    outer, inner = (column + 1, column) if lane_id < 0 else (column, column + 1)
    edge, across = shape.borders[outer], shape.borders[inner] - shape.borders[outer]
    width = np.linalg.norm(across, axis=1)
    beyond = column + outwards
    paved = 0 <= beyond < len(shape.kinds) and label_of(shape.kinds[beyond]) == town.ROADS
    if not paved and label_of(shape.kinds[column]) == town.ROADS:
        edge = edge + across * (np.minimum(inset_m, 0.5 * width) / np.maximum(width, 1e-9))[:, None]
    return edge, width > _NARROW_M


def _stretches(edge: F8, wide: NDArray[np.bool_], offset: F8, begin: float, end: float) -> Iterator[F8]:
    """Parts of an edge between two offsets where its lane is wide, without points that fall together."""
    low, high = max(begin, float(offset[0])), min(end, float(offset[-1]))
    if high - low < _JOINED_M:
        return
    inner = (offset > low) & (offset < high)
    places = np.concatenate(([low], offset[inner], [high]))
    points = np.column_stack([np.interp(places, offset, edge[:, k]) for k in range(3)])
    keeps = wide[np.clip(np.searchsorted(offset, places), 0, len(wide) - 1)]
    for run in _runs(keeps):
        part = points[run]
        steps = np.linalg.norm(np.diff(part, axis=0), axis=1)
        part = part[np.concatenate(([True], steps > 1e-3))]
        if len(part) > 1:
            yield part


def _runs(keeps: NDArray[np.bool_]) -> Iterator[slice]:
    """Ranges of true values that are longer than one."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], keeps, [False])).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if last - first > 1:
            yield slice(first, last)


# --- across the lanes ------------------------------------------------------------------------------------------------


def _stop_lines(stops: list[StopPlace]) -> Iterator[_Line]:
    done: set[tuple[int, int]] = set()
    for stop in stops:
        place = stop.place
        if place.is_junction or (place.road_id, place.lane_id) in done:
            continue
        done.add((place.road_id, place.lane_id))
        transform = place.transform
        yaw, half = math.radians(transform.rotation.yaw), 0.5 * place.lane_width
        right = np.array([-math.sin(yaw) * half, math.cos(yaw) * half, 0.0])
        middle = np.array([transform.location.x, transform.location.y, transform.location.z])
        points = np.stack((middle - right, middle + right))
        if stop.gives_way:
            dash, gap = (_YIELD_DASH_M, 0.0), (_YIELD_GAP_M, 0.0)
            yield _Line(town.YIELD_LINE, points, _STOP_WIDTH_M, dash=dash, gap=gap)
        else:
            yield _Line(town.STOP_LINE, points, _STOP_WIDTH_M)


def _bays(shapes: list[SectionShape]) -> Iterator[_Line]:
    """Lines across parking lanes, a whole number of bays where the lane is wide enough."""
    for shape in shapes:
        for column, kind in enumerate(shape.kinds):
            if kind != PARKING:
                continue
            a, b = shape.borders[column], shape.borders[column + 1]
            middle = 0.5 * (a + b)
            along = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))))
            for run in _runs(np.linalg.norm(b - a, axis=1) > _NARROW_BAY_M):
                begin, end = float(along[run][0]), float(along[run][-1])
                count = int((end - begin) // _BAY_M)
                for distance in np.linspace(begin, end, count + 1).tolist() if count else ():
                    ends = [[float(np.interp(distance, along, side[:, k])) for k in range(3)] for side in (a, b)]
                    yield _Line(town.BAY_LINE, np.array(ends), _BAY_WIDTH_M)


def _kerbs(shapes: list[SectionShape]) -> Iterator[_Line]:
    """The inner edges of sidewalks, with the sidewalk on the right."""
    for shape in shapes:
        for column, (lane, kind) in enumerate(zip(shape.lane_ids, shape.kinds, strict=True)):
            inner_lane = column - 1 if lane < 0 else column + 1
            within = 0 <= inner_lane < len(shape.kinds) and shape.kinds[inner_lane] == SIDEWALK
            if kind != SIDEWALK or within:
                continue
            edge = shape.borders[column] if lane < 0 else shape.borders[column + 1][::-1]
            wide = np.linalg.norm(shape.borders[column + 1] - shape.borders[column], axis=1) > _NARROW_M
            place = np.arange(len(edge), dtype=np.float64)
            for points in _stretches(edge, wide if lane < 0 else wide[::-1], place, 0.0, math.inf):
                yield _Line(town.KERB_LINE, points, 0.0)


# --- arrows ----------------------------------------------------------------------------------------------------------


def _approaches(map_: carla.Map, lanes: Lanes, samples: Samples) -> Iterator[list[list[float]]]:
    """Arrows on each group of two and more lanes that lead to a junction where not all go straight on."""
    groups: dict[tuple[int, int, bool], list[int]] = {}
    for row in np.flatnonzero((lanes.kind == DRIVING) & (lanes.junction < 0)).tolist():
        groups.setdefault((int(lanes.road[row]), int(lanes.section[row]), bool(lanes.lane[row] > 0)), []).append(row)
    by_road: dict[tuple[int, int], list[int]] = {}
    for row in np.flatnonzero(lanes.junction >= 0).tolist():
        by_road.setdefault((int(lanes.road[row]), int(lanes.lane[row])), []).append(row)
    for rows in groups.values():
        if len(rows) < 2:
            continue
        directions = [_directions(map_, lanes, samples, by_road, row) for row in rows]
        if any(way & ~town.ARROW_AHEAD for way in directions):
            yield [
                arrow
                for row, way in zip(rows, directions, strict=True)
                if way
                for arrow in _arrows_of(lanes, samples, row, way)
            ]


def _directions(
    map_: carla.Map, lanes: Lanes, samples: Samples, by_road: dict[tuple[int, int], list[int]], row: int
) -> int:
    """Which ways a lane's traffic may go at the junction where it ends, as bits; 0 where it ends at none."""
    order = _travel(lanes, samples, row)
    end = map_.get_waypoint_xodr(int(lanes.road[row]), int(lanes.lane[row]), float(samples.s[order[-1]]))
    found = 0
    for way in end.next(_INTO_JUNCTION_M) if end is not None else ():
        rows = by_road.get((way.road_id, way.lane_id))
        if not rows:
            continue
        # The sections of a connecting road in the order of travel.
        first, last = (rows[0], rows[-1]) if way.lane_id < 0 else (rows[-1], rows[0])
        begins, ends = _travel(lanes, samples, first)[0], _travel(lanes, samples, last)[-1]
        turn = math.remainder(float(samples.yaw[ends] - samples.yaw[begins]), 2.0 * math.pi)
        if abs(turn) < _AHEAD_RAD:
            found |= town.ARROW_AHEAD
        else:
            found |= town.ARROW_RIGHT if turn > 0.0 else town.ARROW_LEFT
    return found


def _travel(lanes: Lanes, samples: Samples, row: int) -> NDArray[np.intp]:
    """The samples of a lane in the order of travel."""
    rows = np.arange(lanes.sample_start[row], lanes.sample_start[row + 1])
    ahead_x, ahead_y = samples.x[rows[1]] - samples.x[rows[0]], samples.y[rows[1]] - samples.y[rows[0]]
    along_s = ahead_x * math.cos(samples.yaw[rows[0]]) + ahead_y * math.sin(samples.yaw[rows[0]]) > 0.0
    return rows if along_s else rows[::-1]


def _arrows_of(lanes: Lanes, samples: Samples, row: int, directions: int) -> Iterator[list[float]]:
    """One arrow before the lane's end, and a second one further back where there is room."""
    order = _travel(lanes, samples, row)[::-1]
    points = np.column_stack((samples.x[order], samples.y[order], samples.z[order]))
    back = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    for distance in (_ARROW_ENDS_M + _ARROW_M, _ARROW_ENDS_M + _ARROW_M + _NEXT_ARROW_M):
        if distance + _ARROW_M < back[-1]:
            near = [float(np.interp(distance, back, points[:, k])) for k in range(3)]
            tip = [float(np.interp(distance - _ARROW_M, back, points[:, k])) for k in range(3)]
            yaw = math.atan2(tip[1] - near[1], tip[0] - near[0])
            yield [*near, yaw, _ARROW_M, float(directions)]
