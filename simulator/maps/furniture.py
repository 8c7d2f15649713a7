"""What stands beside the roads: buildings, trees, lamps, guard rails, fences, walls, and the poles of lights and signs.

One list of boxes, drawn from a generator that is seeded by the map's hash, or by a seed that the file names, so that a
map always looks the same. No box touches a lane that vehicles use, at whatever height, so that bridges stay free above
and below.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.ground import ground
from simulator.maps.land import terrain_height
from simulator.maps.lanes import MEDIAN, NO_TYPE, SIDEWALK, SectionShape
from simulator.maps.spawns import footprints
from simulator.maps.surfaces import Ground
from simulator.maps.town import F8, Boxes, Lanes, Samples, Signals

LANE_MARGIN_M: Final = 0.3  # between any box and any lane for vehicles
_MOTORWAY_KMH: Final = 79.0  # from here on a road without sidewalks has guard rails and no houses
_LIT_KMH: Final = 99.0  # from here on a road without sidewalks has lamps
_STOREY_M: Final = 3.2
# Guard rails: how far beside the road, and how long a piece may be. Within a piece the road turns and climbs so little
# that a straight, level box is never more than some 15 cm off.
_RAIL_OFFSET_M: Final = 0.6
_RAIL_GAP_M: Final = 0.005  # at both ends, so that pieces that turn do not overlap
_RAIL_STEP_M: Final = 1.0
_RAIL_PIECE_M: Final = 16.0
_RAIL_TURN_RAD: Final = 0.06
_RAIL_CLIMB_M: Final = 0.3

# How many of each a town has at most.
_MOST: Final = {"building": 1000, "tree": 600, "lamp": 600, "rail": 4000, "fence": 200, "wall": 200}
_NAMES: Final = {
    town.BUILDINGS: "Building",
    town.POLES: "Pole",
    town.VEGETATION: "Vegetation",
    town.TRAFFIC_LIGHT: "TrafficLight",
    town.TRAFFIC_SIGNS: "TrafficSign",
    town.FENCES: "Fence",
    town.GUARD_RAIL: "GuardRail",
    town.WALLS: "Wall",
}


@dataclass(frozen=True, slots=True)
class _Edge:
    """The outer edge of a road on one side, in order of s."""

    points: F8  # [k, 3]
    along: F8  # distance from the first point
    side: float  # +1 right, -1 left of s
    has_sidewalk: bool
    limit_kmh: float

    def at(self, distance: F8, offset: F8 | float) -> tuple[F8, F8, F8, F8]:
        """x, y, z and heading of places beside the edge, an offset away from the road."""
        x, y, z = (np.interp(distance, self.along, self.points[:, k]) for k in range(3))
        ahead = np.minimum(distance + 1.0, self.along[-1])
        behind = np.maximum(distance - 1.0, 0.0)
        dx = np.interp(ahead, self.along, self.points[:, 0]) - np.interp(behind, self.along, self.points[:, 0])
        dy = np.interp(ahead, self.along, self.points[:, 1]) - np.interp(behind, self.along, self.points[:, 1])
        heading = np.arctan2(dy, dx)
        return x - np.sin(heading) * self.side * offset, y + np.cos(heading) * self.side * offset, z, heading


@dataclass(slots=True)
class _Sort:
    """Candidates of one sort: footprint and height; z is that of the road's edge."""

    x: F8
    y: F8
    z: F8
    yaw: F8
    half_x: F8
    half_y: F8
    height: F8

    @classmethod
    def join(cls, parts: list["_Sort"]) -> "_Sort":
        columns = [[getattr(part, name) for part in parts] for name in cls.__slots__]
        return cls(*(np.concatenate([np.zeros(0), *column]) for column in columns))

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> "_Sort":
        return _Sort(*(getattr(self, name)[chosen] for name in self.__slots__))

    def polygons(self) -> NDArray[np.object_]:
        return footprints(self.x, self.y, self.yaw, self.half_x, self.half_y)


class _Site:
    """Where there is room: lanes, and what has been placed already."""

    def __init__(self, land: Ground) -> None:
        kind = land.quads.kind
        walk = kind == SIDEWALK
        roads = ~walk & (kind != NO_TYPE) & (kind != MEDIAN)
        self.surface = land.surface
        self.roads = shapely.STRtree(np.concatenate((land.quads.polygons[roads], land.filling)))
        self.sidewalks = shapely.STRtree(land.quads.polygons[walk])
        self.everything = shapely.STRtree(np.concatenate((land.quads.polygons, land.filling)))
        self.placed: list[NDArray[np.object_]] = []

    def place(self, polygons: NDArray[np.object_], gap_m: float) -> NDArray[np.intp]:
        """Which of the candidates are kept, the earlier before the later, without touching anything placed."""
        free = np.ones(len(polygons), bool)
        if self.placed:
            free[_near(shapely.STRtree(np.concatenate(self.placed)), polygons, gap_m)] = False
        i, j = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=gap_m)
        pairs = sorted(zip(i[j < i].tolist(), j[j < i].tolist(), strict=True))
        for later, earlier in pairs:
            if free[earlier]:
                free[later] = False
        kept = np.flatnonzero(free)
        self.placed.append(polygons[kept])
        return kept


def _near(tree: shapely.STRtree, polygons: NDArray[np.object_], distance: float) -> NDArray[np.intp]:
    """Candidates that come closer to the tree than the distance."""
    if len(polygons) == 0 or len(tree.geometries) == 0:
        return np.zeros(0, np.intp)
    return np.unique(tree.query(polygons, predicate="dwithin", distance=distance)[0])


class _List:
    """The boxes as they are made."""

    def __init__(self) -> None:
        self.rows: list[F8] = []  # [n, 9]: x, y, z, half sizes, yaw, label, solid
        self.names: list[str] = []  # without their numbers

    def add(
        self,
        sort: _Sort,
        bottom: F8,
        label: int,
        solid: bool,
        height: F8 | None = None,
        lift: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.names += [name or _NAMES[label]] * len(sort.x)
        tall = sort.height if height is None else height
        middle = bottom + lift + tall / 2
        flags = np.full((2, len(sort.x)), [[float(label)], [float(solid)]])
        self.rows.append(
            np.stack((sort.x, sort.y, middle, sort.half_x, sort.half_y, tall / 2, sort.yaw, *flags), axis=1)
        )

    def build(self, seed: str) -> tuple[Boxes, list[str]]:
        table = np.concatenate([np.zeros((0, 9)), *self.rows])
        label = table[:, 7].astype(np.uint8)
        count = dict.fromkeys(self.names, 0)
        names = []
        for name in self.names:
            names.append(f"{name}_{count[name]}")
            count[name] += 1
        ids = [_stable_id(f"{seed}/{name}") for name in names]
        x, y, z, half_x, half_y, half_z, yaw = (np.ascontiguousarray(column) for column in table.T[:7])
        solid = table[:, 8].astype(np.uint8)
        return Boxes(x, y, z, half_x, half_y, half_z, yaw, label, solid, np.array(ids, np.uint64)), names


def _stable_id(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def build_boxes(
    seed: str, shapes: list[SectionShape], lanes: Lanes, samples: Samples, land: Ground, signals: Signals
) -> tuple[Boxes, list[str]]:
    """All boxes and their names. The seed is the file's own, or its hash."""
    site = _Site(land)
    result = _List()
    edges = list(_edges(shapes, lanes, samples))

    def rng(sort: str) -> np.random.Generator:
        return np.random.default_rng(_stable_id(f"{seed}/{sort}"))

    _add_signals(site, result, signals)
    _add_rails(site, result, edges)
    _add_lamps(site, result, rng("lamp"), edges)
    _add_buildings(site, result, rng("building"), edges)
    _add_barriers(site, result, rng("wall"), edges)
    _add_trees(site, result, rng("tree"), edges)
    return result.build(seed)


# --- edges of roads --------------------------------------------------------------------------------------------------


def _edges(shapes: list[SectionShape], lanes: Lanes, samples: Samples) -> Iterator[_Edge]:
    """Outer edges of all roads outside junctions: of the outermost lane that has a type."""
    for side in (1, -1):
        points: list[F8] = []
        walks: list[bool] = []
        limits: list[float] = []
        road = None
        for shape in [*shapes, None]:
            if points and (shape is None or shape.road.id != road):
                line = np.concatenate(points)
                steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
                keep = np.concatenate(([True], steps > 1e-6))
                line = line[keep]
                along = np.concatenate(([0.0], np.cumsum(steps[steps > 1e-6])))
                if along[-1] > 4.0:
                    yield _Edge(line, along, float(side), sum(walks) * 2 > len(walks), max(limits))
                points, walks, limits = [], [], []
            if shape is None or shape.road.junction >= 0:
                continue
            road = shape.road.id
            typed = [i for i, kind in enumerate(shape.kinds) if kind != NO_TYPE]
            if typed:
                outer = typed[-1] if side > 0 else typed[0]
                points.append(shape.borders[outer + 1 if side > 0 else outer])
                walks.append(shape.kinds[outer] == SIDEWALK)
                limits.append(float(samples.speed_limit_kmh[lanes.sample_start[shape.rows[outer]]]))


def _is_urban(edge: _Edge) -> bool:
    return edge.has_sidewalk


def _is_motorway(edge: _Edge) -> bool:
    return not edge.has_sidewalk and edge.limit_kmh >= _MOTORWAY_KMH


def _steps(rng: np.random.Generator, length: float, low: float, high: float) -> F8:
    """Places along a length, a random distance apart."""
    steps: F8 = np.cumsum(rng.uniform(low, high, int(length / low) + 1)) - low / 2
    return steps[steps < length]


def _thinned(rng: np.random.Generator, sort: _Sort, name: str, spare: float = 1.5) -> _Sort:
    """At most as many candidates as may come to stand, and some more, since some will be refused."""
    most = int(_MOST[name] * spare)
    if len(sort.x) <= most:
        return sort
    return sort.take(np.sort(rng.choice(len(sort.x), most, replace=False)))


# --- sorts of things -------------------------------------------------------------------------------------------------


def _add_rails(site: _Site, result: _List, edges: list[_Edge]) -> None:
    """Rails along motorways: pieces from end to end, each as long as the road lets it be straight and level."""
    sort = _Sort.join([_rail_pieces(edge) for edge in edges if _is_motorway(edge)])
    polygons = sort.polygons()
    sort = sort.take(np.setdiff1d(np.arange(len(polygons)), _near(site.everything, polygons, LANE_MARGIN_M + 0.05)))
    sort = sort.take(site.place(sort.polygons(), 0.0)[: _MOST["rail"]])
    result.add(sort, sort.z, town.GUARD_RAIL, solid=True)


def _rail_pieces(edge: _Edge) -> _Sort:
    distance = np.arange(0.0, edge.along[-1], _RAIL_STEP_M)
    x, y, z, heading = edge.at(distance, _RAIL_OFFSET_M)
    line = np.column_stack((x, y, z))
    turned = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(np.unwrap(heading))))))
    climbed = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(z)))))
    ends = [0]
    while ends[-1] < len(distance) - 1:
        begin = ends[-1]
        most = np.searchsorted(distance, distance[begin] + _RAIL_PIECE_M, side="right") - 1
        straight = np.searchsorted(turned, turned[begin] + _RAIL_TURN_RAD, side="right") - 1
        level = np.searchsorted(climbed, climbed[begin] + _RAIL_CLIMB_M, side="right") - 1
        ends.append(int(max(min(most, straight, level), begin + 1)))
    at, to = line[ends[:-1]], line[ends[1:]]
    middle, way = 0.5 * (at + to), to - at
    half = 0.5 * np.hypot(way[:, 0], way[:, 1]) - _RAIL_GAP_M
    # A box is upright and level: it holds all of a piece that climbs.
    height, low = town.RAIL_HEIGHT_M + np.abs(way[:, 2]), np.minimum(at[:, 2], to[:, 2])
    yaw = np.arctan2(way[:, 1], way[:, 0])
    return _Sort(middle[:, 0], middle[:, 1], low, yaw, half, np.full(len(way), 0.1), height)


def _add_lamps(site: _Site, result: _List, rng: np.random.Generator, edges: list[_Edge]) -> None:
    parts = []
    for edge in edges:
        if not (_is_urban(edge) or edge.limit_kmh >= _LIT_KMH):
            continue
        distance = _steps(rng, edge.along[-1], 26.0, 34.0)
        # Behind the rail, with the gap that is kept between things.
        x, y, z, yaw = edge.at(distance, 0.35 if _is_urban(edge) else _RAIL_OFFSET_M + 1.25)
        n = len(x)
        parts.append(_Sort(x, y, z, yaw, np.full(n, 0.1), np.full(n, 0.1), np.full(n, 7.0)))
    sort = _thinned(rng, _Sort.join(parts), "lamp")
    polygons = sort.polygons()
    sort = sort.take(np.setdiff1d(np.arange(len(polygons)), _near(site.roads, polygons, LANE_MARGIN_M + 0.05)))
    sort = sort.take(site.place(sort.polygons(), 1.0)[: _MOST["lamp"]])
    result.add(sort, sort.z - 0.2, town.POLES, solid=True, name="StreetLight")


def _add_buildings(site: _Site, result: _List, rng: np.random.Generator, edges: list[_Edge]) -> None:
    parts = []
    for edge in edges:
        if _is_motorway(edge):
            continue
        urban = _is_urban(edge)
        distance = _steps(rng, edge.along[-1], *((14.0, 34.0) if urban else (60.0, 160.0)))
        n = len(distance)
        half_x = rng.uniform(5.0, 11.0, n) if urban else rng.uniform(4.0, 7.0, n)
        half_y = rng.uniform(5.0, 9.0, n) if urban else rng.uniform(3.5, 5.0, n)
        setback = rng.uniform(4.5, 8.0, n) if urban else rng.uniform(10.0, 25.0, n)
        storeys = rng.integers(2, 8 if edge.limit_kmh > 35.0 else 4, n) if urban else rng.integers(1, 3, n)
        x, y, z, yaw = edge.at(distance, setback + half_y)
        parts.append(_Sort(x, y, z, yaw, half_x, half_y, storeys.astype(np.float64) * _STOREY_M))
    sort = _thinned(rng, _Sort.join(parts), "building", spare=3.0)
    polygons = sort.polygons()
    sort = sort.take(np.setdiff1d(np.arange(len(polygons)), _near(site.everything, polygons, 1.5)))
    sort = sort.take(site.place(sort.polygons(), 1.0)[: _MOST["building"]])
    corners = shapely.get_coordinates(sort.polygons()).reshape(-1, 5, 2)
    heights = terrain_height(site.surface, corners[:, :, 0], corners[:, :, 1])
    bottom = heights.min(axis=1) - 0.5
    sort.height = sort.height + heights.max(axis=1) - bottom
    result.add(sort, bottom, town.BUILDINGS, solid=True)


def _add_barriers(site: _Site, result: _List, rng: np.random.Generator, edges: list[_Edge]) -> None:
    """Walls in town, fences in the country: runs of a few pieces."""
    for name, label, wanted, offset, height in (
        ("wall", town.WALLS, _is_urban, 3.2, 1.8),
        ("fence", town.FENCES, lambda edge: not _is_urban(edge) and not _is_motorway(edge), 4.0, 1.1),
    ):
        parts = []
        for edge in edges:
            if not wanted(edge):
                continue
            for begin in _steps(rng, edge.along[-1], 60.0, 240.0):
                distance = begin + np.arange(rng.integers(3, 8)) * 4.0
                distance = distance[distance + 2.0 < edge.along[-1]]
                x, y, z, yaw = edge.at(distance, offset)
                n = len(x)
                parts.append(_Sort(x, y, z, yaw, np.full(n, 1.98), np.full(n, 0.1), np.full(n, height)))
        sort = _Sort.join(parts)
        if len(sort.x) > _MOST[name]:
            sort = sort.take(np.arange(_MOST[name]) * len(sort.x) // _MOST[name])
        polygons = sort.polygons()
        sort = sort.take(np.setdiff1d(np.arange(len(polygons)), _near(site.everything, polygons, LANE_MARGIN_M + 0.3)))
        sort = sort.take(site.place(sort.polygons(), 0.0))
        bottom = terrain_height(site.surface, sort.x, sort.y) - 0.3
        sort.height = sort.height + 0.3
        result.add(sort, bottom, label, solid=True)


def _add_trees(site: _Site, result: _List, rng: np.random.Generator, edges: list[_Edge]) -> None:
    parts = []
    for edge in edges:
        spacing, offset = ((9.0, 22.0), (1.5, 3.0)) if _is_urban(edge) else ((10.0, 40.0), (4.0, 22.0))
        distance = _steps(rng, edge.along[-1], *spacing)
        n = len(distance)
        crown = rng.uniform(1.0, 1.5, n) if _is_urban(edge) else rng.uniform(1.2, 2.5, n)
        x, y, z, _ = edge.at(distance, rng.uniform(*offset, n) + crown * 0.5)
        parts.append(_Sort(x, y, z, np.zeros(n), crown, crown, rng.uniform(5.0, 10.0, n)))
    sort = _thinned(rng, _Sort.join(parts), "tree")
    polygons = sort.polygons()
    trunks = footprints(sort.x, sort.y, sort.yaw, 0.2, 0.2)
    taken = np.concatenate((_near(site.roads, polygons, LANE_MARGIN_M + 0.05), _near(site.sidewalks, trunks, 0.1)))
    sort = sort.take(np.setdiff1d(np.arange(len(polygons)), taken))
    sort = sort.take(site.place(sort.polygons(), 0.2)[: _MOST["tree"]])
    bottom = terrain_height(site.surface, sort.x, sort.y)
    n = len(sort.x)
    trunk = _Sort(sort.x, sort.y, sort.z, sort.yaw, np.full(n, 0.2), np.full(n, 0.2), np.full(n, 2.7))
    result.add(trunk, bottom - 0.2, town.VEGETATION, solid=True)
    result.add(sort, bottom, town.VEGETATION, solid=False, height=sort.height - 2.5, lift=2.5)


def _add_signals(site: _Site, result: _List, signals: Signals) -> None:
    """A pole beside the road and a head for each light and sign. Each one has a head, since public code pairs every
    light and sign actor with a box of its label; where no pole can stand, the head hangs over the road."""
    for row, type_id in enumerate(signals.type_id):
        x, y, z, _, _, yaw = signals.pose[row].tolist()
        is_light = type_id == "traffic.traffic_light"
        found = _pole_place(site, x, y)
        px, py = found if found else (x, y)
        floor = ground(site.surface, px, py, z + 3.0)[0]
        if not np.isfinite(floor):
            floor = z
        height, half_x, half_z = (4.6, 0.25, 0.55) if is_light else (2.9, 0.35, 0.35)
        label = town.TRAFFIC_LIGHT if is_light else town.TRAFFIC_SIGNS
        if found:
            pole = _single(px, py, yaw, 0.1, 0.1, height)
            site.placed.append(pole.polygons())
            result.add(pole, np.array([floor - 0.1]), town.POLES, solid=True)
        head = _single(px, py, yaw, half_x, 0.12, 2.0 * half_z)
        lift = height - 2.0 * half_z if found else 5.5
        result.add(head, np.array([floor + lift]), label, solid=False)


def _single(x: float, y: float, yaw: float, half_x: float, half_y: float, height: float) -> _Sort:
    return _Sort(*(np.array([value]) for value in (x, y, 0.0, yaw, half_x, half_y, height)))


def _pole_place(site: _Site, x: float, y: float) -> tuple[float, float] | None:
    """The nearest place to the signal's own where head and pole keep off all lanes for vehicles."""
    angles = np.arange(16) * (np.pi / 8)
    rings = np.arange(0.0, 8.1, 0.5)
    radius, angle = np.meshgrid(rings, angles, indexing="ij")
    xs, ys = (x + radius * np.cos(angle)).ravel(), (y + radius * np.sin(angle)).ravel()
    places = shapely.points(xs, ys)
    reach = LANE_MARGIN_M + 0.45  # the head's half width, with the margin
    taken = _near(site.roads, places, reach)
    if site.placed:
        taken = np.concatenate((taken, _near(shapely.STRtree(np.concatenate(site.placed)), places, 0.5)))
    free = np.setdiff1d(np.arange(len(xs)), taken)
    return (float(xs[free[0]]), float(ys[free[0]])) if len(free) else None
