"""The ground of a town: strips of lanes, filled junctions, and terrain that keeps below them.

carla.Map lays every road flat across: all lanes of a station have one height. So a lane is a strip of quads between
its borders, and its height at the centre is the client's. Where roads cross in a junction the strip of the lesser
lane is cut away under the greater one, so that one place has one lane: driving lanes first.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.blend import blend, disagreeing_junctions, heights_on
from simulator.maps.ground import build_surface
from simulator.maps.lanes import BIDIRECTIONAL, DRIVING, MEDIAN, NO_TYPE, SIDEWALK, SectionShape
from simulator.maps.opendrive import BadFile
from simulator.maps.town import F8, I4, U1, Surface

_TRAM: Final = 32768
_RAIL: Final = 65536

_SAME_LEVEL_M: Final = 0.5  # roads that cross closer than this are one place, others are bridges
_OVERLAP_M2: Final = 0.02  # less than this is rounding, not an overlap
_SURROUNDINGS_M: Final = 6.0  # around a junction: what its heights are fitted to as well
_SLIVER_M2: Final = 1e-3
_SEAM_M: Final = 0.01  # what is cut reaches so far under its neighbour: no cracks along the cut,
_SEAM_DROP_M: Final = 0.001  # and so much below it: the neighbour keeps the place
_END_OVERLAP_M: Final = 0.1  # roads meet with a kink, whose wedge-shaped gap no wheel may fall into
_FILL_OVERLAP_M: Final = 0.02
_CLOSING_M: Final = 2.0  # half the width of a gap between lanes of a junction that is filled from outside
_LARGEST_HOLE_M2: Final = 4000.0
_ISLAND_M2: Final = 150.0  # a hole larger than this is an island and no road

TERRAIN_CELL_M: Final = 10.0
_TERRAIN_BORDER_M: Final = 150.0
_TERRAIN_DEPTH_M: Final = 0.10
_MAX_TERRAIN_NODES: Final = 1_000_000
_SAMPLE_M: Final = 2.0
MAX_EXTENT_M: Final = 60_000.0


class Quads(NamedTuple):
    """All pieces of all lanes: corners left, right, right of the next station, left of the next station."""

    corners: F8  # [n, 4, 3]
    row: I4
    road: I4
    junction: I4
    kind: I4
    begins: NDArray[np.bool_]  # the first of its lane
    ends: NDArray[np.bool_]
    polygons: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    surface: Surface
    quads: Quads
    filling: NDArray[np.object_]  # polygons


def label_of(kind: int) -> int:
    """carla.CityObjectLabel of a lane type."""
    if kind == SIDEWALK:
        return town.SIDEWALKS
    if kind in (NO_TYPE, MEDIAN):
        return town.TERRAIN  # drawn as grass
    return town.RAIL_TRACK if kind in (_TRAM, _RAIL) else town.ROADS


def _rank(kind: int) -> int:
    """Which lane keeps a place that two share: the lower rank."""
    if kind in (DRIVING, BIDIRECTIONAL):
        return 0
    return {town.ROADS: 1, town.RAIL_TRACK: 1, town.SIDEWALKS: 2}.get(label_of(kind), 3)


def build_ground(shapes: list[SectionShape]) -> Ground:
    """Surface and terrain of all lanes."""
    quads = _blend_junctions(_quads(shapes))
    tree = shapely.STRtree(quads.polygons)
    vertices, triangles, label, lane = _lane_triangles(quads, tree)
    filling, heights, labels = _fill_junctions(quads, tree)
    fill_vertices, fill_triangles, which = _triangulate(filling, heights)
    triangles = np.concatenate((triangles, fill_triangles + len(vertices))).astype(np.int32)
    vertices = np.concatenate((vertices, fill_vertices))
    label = np.concatenate((label, labels[which]))
    lane = np.concatenate((lane, np.full(len(fill_triangles), -1, np.int32)))
    vertices, triangles = _merge(vertices, triangles)
    terrain, cell, x0, y0 = build_terrain(sample_triangles(vertices[triangles], _SAMPLE_M))
    return Ground(build_surface(vertices, triangles, label, lane, terrain, cell, x0, y0), quads, filling)


# --- lanes -----------------------------------------------------------------------------------------------------------


def _quads(shapes: list[SectionShape]) -> Quads:
    corners: list[F8] = []
    facts: list[I4] = []
    for shape in shapes:
        left, right = shape.borders[:-1], shape.borders[1:]
        quad = np.stack((left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:]), axis=2)
        fact = np.empty((*quad.shape[:2], 4), np.int32)
        fact[:, :, 0] = np.array(shape.rows)[:, None]
        fact[:, :, 1] = shape.road.id
        fact[:, :, 2] = shape.road.junction
        fact[:, :, 3] = np.array(shape.kinds)[:, None]
        corners.append(quad.reshape(-1, 4, 3))
        facts.append(fact.reshape(-1, 4))
    all_corners = np.concatenate(corners)
    all_facts = np.concatenate(facts)
    wide = _area(all_corners) > 1e-3  # lanes that begin or end have no width there
    if not wide.any():
        raise BadFile("has no lane with a width")
    all_corners, all_facts = all_corners[wide], all_facts[wide]
    row, road, junction, kind = (np.ascontiguousarray(column) for column in all_facts.T)
    begins = np.concatenate(([True], row[1:] != row[:-1]))
    return _with_polygons(all_corners, row, road, junction, kind, begins, np.roll(begins, -1))


def _with_polygons(
    corners: F8,
    row: I4,
    road: I4,
    junction: I4,
    kind: I4,
    begins: NDArray[np.bool_],
    ends: NDArray[np.bool_],
) -> Quads:
    polygons = shapely.polygons(corners[:, :, :2])
    folded = ~shapely.is_valid(polygons)  # the inner border of a bend tighter than the road is wide
    polygons[folded] = shapely.convex_hull(polygons[folded])
    return Quads(corners, row, road, junction, kind, begins, ends, polygons)


def _blend_junctions(quads: Quads) -> Quads:
    """The same lanes on common heights where the roads of a junction disagree."""
    junctions = disagreeing_junctions(quads.corners, quads.road, quads.junction, quads.polygons)
    if not junctions:
        return quads
    tree = shapely.STRtree(quads.polygons)
    replaced = np.zeros(len(quads.row), bool)
    corners: list[F8] = []
    owners: list[NDArray[np.intp]] = []
    parts: list[F8] = []
    for junction in junctions:
        own = np.flatnonzero(quads.junction == junction)
        around = shapely.buffer(shapely.multipolygons(quads.polygons[own]).envelope, _SURROUNDINGS_M)
        near = np.setdiff1d(tree.query(around, predicate="intersects"), own)
        z, z_near = quads.corners[own][:, :, 2], quads.corners[near][:, :, 2].mean(axis=1)
        near = near[(z_near > z.min() - 1.0) & (z_near < z.max() + 1.0)]
        pieces, owner, part = blend(quads.corners, own, near, quads.row)
        replaced[own] = True
        corners.append(pieces)
        owners.append(owner)
        parts.append(part[:, [0, 2]])
    keep = np.flatnonzero(~replaced)
    owner = np.concatenate((keep, *owners))
    part = np.concatenate((np.tile([0.0, 1.0], (len(keep), 1)), *parts))
    row, road, lane_kind = quads.row[owner], quads.road[owner], quads.kind[owner]
    begins, ends = quads.begins[owner] & (part[:, 0] == 0.0), quads.ends[owner] & (part[:, 1] == 1.0)
    return _with_polygons(
        np.concatenate((quads.corners[keep], *corners)), row, road, quads.junction[owner], lane_kind, begins, ends
    )


def _area(quads: F8) -> F8:
    a, b = quads[:, 2, :2] - quads[:, 0, :2], quads[:, 3, :2] - quads[:, 1, :2]
    return np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) * 0.5


def _lane_triangles(quads: Quads, tree: shapely.STRtree) -> tuple[F8, I4, U1, I4]:
    """Triangles of all lanes by rank, so that a lookup between two at one height meets the driving lane first."""
    kinds, inverse = np.unique(quads.kind, return_inverse=True)
    rank = np.array([_rank(int(kind)) for kind in kinds])[inverse]
    labels = np.array([label_of(int(kind)) for kind in kinds], np.uint8)[inverse]
    cut, pieces = _cut(quads, rank, tree)
    whole = np.flatnonzero(~cut)
    corners = _overlap_ends(quads)[whole]
    index = np.arange(len(whole) * 4).reshape(-1, 4)
    pairs = np.concatenate((index[:, [0, 1, 2]], index[:, [0, 2, 3]]))
    owner = np.concatenate((whole, whole))
    vertices = corners.reshape(-1, 3)
    owners = list(pieces)
    polygons = np.array([pieces[i] for i in owners], object)
    cut_vertices, cut_triangles, which = _triangulate(polygons, [_OnQuad(quads.corners[i]) for i in owners])
    cut_vertices[:, 2] -= _SEAM_DROP_M
    both: NDArray[np.int64] = np.concatenate((pairs, cut_triangles + len(vertices)))
    vertices = np.concatenate((vertices, cut_vertices))
    owner = np.concatenate((owner, np.array(owners, np.int64)[which]))
    triangles, good = _upwards(vertices, both)
    owner = owner[good]
    order = np.lexsort((np.arange(len(owner)), rank[owner]))
    owner = owner[order]
    return vertices, triangles[order], labels[owner], quads.row[owner]


def _cut(
    quads: Quads, rank: NDArray[np.int64], tree: shapely.STRtree
) -> tuple[NDArray[np.bool_], dict[int, shapely.Geometry]]:
    """Which quads lose ground to a lane of a better rank from another road, and what is left of them."""
    cut = np.zeros(len(quads.row), bool)
    lesser = np.flatnonzero(rank > 0)
    i, j = tree.query(quads.polygons[lesser], predicate="intersects")
    i = lesser[i]
    rivals = (rank[j] < rank[i]) & (quads.road[i] != quads.road[j])
    i, j = i[rivals], j[rivals]
    common = shapely.intersection(quads.polygons[i], quads.polygons[j])
    large = shapely.area(common) > _SLIVER_M2
    i, j = i[large], j[large]
    places = shapely.get_coordinates(shapely.centroid(common[large]))
    level = np.abs(heights_on(quads.corners[i], places) - heights_on(quads.corners[j], places)) < _SAME_LEVEL_M
    i, j = i[level], j[level]
    left: dict[int, shapely.Geometry] = {}
    for first, last in _runs(i):
        owner = int(i[first])
        polygon = quads.polygons[owner]
        rest = shapely.difference(polygon, shapely.union_all(quads.polygons[j[first:last]]))
        if shapely.area(rest) < shapely.area(polygon) - _SLIVER_M2:
            cut[owner] = True
            if shapely.area(rest) > _SLIVER_M2:
                left[owner] = shapely.buffer(rest, _SEAM_M, join_style="mitre")
    return cut, left


def _runs(values: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Ranges of equal values."""
    if len(values) == 0:
        return []
    edges = np.flatnonzero(np.diff(values)) + 1
    return zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True)


def _overlap_ends(quads: Quads) -> F8:
    """Quads made longer by a little at both ends, along their own slope."""
    corners = quads.corners.copy()
    middle = (quads.corners[:, 2] + quads.corners[:, 3] - quads.corners[:, 0] - quads.corners[:, 1]) * 0.5
    length = np.linalg.norm(middle[:, :2], axis=1)
    step = middle * (_END_OVERLAP_M / np.maximum(length, _END_OVERLAP_M))[:, None]
    corners[quads.begins, :2] -= step[quads.begins, None]
    corners[quads.ends, 2:] += step[quads.ends, None]
    return corners


class _OnQuad:
    """Height on the two triangles of a quad."""

    def __init__(self, corners: F8) -> None:
        self.triangles = (corners[[0, 1, 2]], corners[[0, 2, 3]])

    def __call__(self, points: F8) -> F8:
        best = np.full(len(points), -np.inf)  # how far inside the triangle: the lowest of the three shares
        height = np.full(len(points), float(self.triangles[0][0, 2]))
        for a, b, c in self.triangles:
            u, v, d = b - a, c - a, points - a[:2]
            area = u[0] * v[1] - u[1] * v[0]
            if abs(area) > 1e-9:
                p = (d[:, 0] * v[1] - d[:, 1] * v[0]) / area
                q = (u[0] * d[:, 1] - u[1] * d[:, 0]) / area
                inside = np.minimum(np.minimum(p, q), 1.0 - p - q)
                height = np.where(inside > best, a[2] + p * u[2] + q * v[2], height)
                best = np.maximum(inside, best)
        return height


class _Nearby:
    """Height between known points: the mean of the nearest ones, weighted by their closeness."""

    def __init__(self, points: F8) -> None:
        self.points = np.unique(points, axis=0)

    def __call__(self, points: F8) -> F8:
        result = np.empty(len(points))
        count = min(4, len(self.points))
        for i, point in enumerate(points):
            square = ((self.points[:, :2] - point) ** 2).sum(axis=1)
            nearest = np.argpartition(square, count - 1)[:count]
            weight = 1.0 / (square[nearest] + 1e-6)
            result[i] = weight @ self.points[nearest, 2] / weight.sum()
        return result


# --- junctions -------------------------------------------------------------------------------------------------------


def _fill_junctions(quads: Quads, tree: shapely.STRtree) -> tuple[NDArray[np.object_], list[_Nearby], U1]:
    """The gaps between the lanes of each junction, as polygons with their heights and labels."""
    polygons: list[shapely.Geometry] = []
    heights: list[_Nearby] = []
    labels: list[int] = []
    filled = shapely.Polygon()
    for junction in np.unique(quads.junction[quads.junction >= 0]).tolist():
        own = np.flatnonzero(quads.junction == junction)
        hull = shapely.buffer(shapely.convex_hull(shapely.multipolygons(quads.polygons[own])), 3.0 * _CLOSING_M)
        near = tree.query(hull, predicate="intersects")
        z = quads.corners[own][:, :, 2]
        z_near = quads.corners[near][:, :, 2]
        near = near[(z_near.min(axis=1) > z.min() - 1.0) & (z_near.max(axis=1) < z.max() + 1.0)]
        lanes = shapely.union_all(quads.polygons[near])
        closed = shapely.buffer(shapely.buffer(lanes, _CLOSING_M, join_style="mitre"), -_CLOSING_M, join_style="mitre")
        holes = [
            shapely.Polygon(ring)
            for part in shapely.get_parts(lanes)
            for ring in part.interiors
            if shapely.Polygon(ring).area < _LARGEST_HOLE_M2
        ]
        gaps = shapely.difference(shapely.union_all([closed, *holes]), shapely.union_all([lanes, filled]))
        reach = shapely.buffer(shapely.union_all(quads.polygons[own]), 0.1)
        nearby = _Nearby(quads.corners[near].reshape(-1, 3))
        for gap in shapely.get_parts(gaps):
            if gap.geom_type == "Polygon" and gap.area > _OVERLAP_M2 and gap.intersects(reach):
                polygons.append(shapely.buffer(gap, _FILL_OVERLAP_M, join_style="mitre"))
                heights.append(nearby)
                labels.append(town.ROADS if gap.area < _ISLAND_M2 else town.TERRAIN)
                filled = shapely.union(filled, gap)
    return np.array(polygons, object), heights, np.array(labels, np.uint8)


def _triangulate(
    polygons: NDArray[np.object_], heights: Sequence[Callable[[F8], F8]]
) -> tuple[F8, I4, NDArray[np.int64]]:
    """Triangles of polygons, with heights from one function each, and the polygon of each triangle."""
    vertices: list[F8] = []
    owners: list[int] = []
    for i, polygon in enumerate(polygons):
        for part in shapely.get_parts(shapely.constrained_delaunay_triangles(polygon)):
            corners = shapely.get_coordinates(part)[:3]
            vertices.append(np.column_stack((corners, heights[i](corners))))
            owners.append(i)
    if not vertices:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int32), np.zeros(0, np.int64)
    flat = np.concatenate(vertices)
    triangles, good = _upwards(flat, np.arange(len(flat), dtype=np.int32).reshape(-1, 3))
    return flat, triangles, np.array(owners, np.int64)[good]


def _upwards(vertices: F8, triangles: NDArray[np.integer]) -> tuple[I4, NDArray[np.bool_]]:
    """Triangles wound so that their normals point up, and which of the given ones these are: those with an area."""
    a, b, c = (vertices[triangles[:, k], :2] for k in range(3))
    double = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    wound = triangles.astype(np.int32)
    wound[double < 0.0] = wound[double < 0.0][:, [0, 2, 1]]
    good = np.abs(double) > 1e-6
    return wound[good], good


def _merge(vertices: F8, triangles: I4) -> tuple[F8, I4]:
    """The same triangles with each vertex once."""
    used, inverse = np.unique(vertices, axis=0, return_inverse=True)
    return used, inverse.reshape(-1)[triangles].astype(np.int32)


# --- terrain ---------------------------------------------------------------------------------------------------------


def sample_triangles(corners: F8, spacing_m: float) -> F8:
    """[n, 3] points on triangles, their corners among them, no further apart than the spacing."""
    edge = np.linalg.norm(np.roll(corners, 1, axis=1) - corners, axis=2).max(axis=1)
    divisions = np.maximum(1, np.ceil(edge / spacing_m)).astype(int)
    points: list[F8] = []
    for n in np.unique(divisions).tolist():
        u, v = np.meshgrid(np.arange(n + 1) / n, np.arange(n + 1) / n)
        inside = u + v <= 1.0 + 1e-9
        weight = np.stack((1.0 - u[inside] - v[inside], u[inside], v[inside]), axis=1)
        points.append(np.einsum("ij,njk->nik", weight, corners[divisions == n]).reshape(-1, 3))
    return np.concatenate(points)


def build_terrain(points: F8) -> tuple[F8, float, float, float]:
    """Heights of a grid whose bilinear surface passes a little below all points and near the lowest ones.

    A least-squares fit to the points at ground level (decks of bridges are not), then lowered wherever it comes
    too close to a point, then continued smoothly to where there are no points.
    """
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    cell = max(TERRAIN_CELL_M, math.sqrt(float(np.prod(high - low + 2.0 * _TERRAIN_BORDER_M)) / _MAX_TERRAIN_NODES))
    border = max(_TERRAIN_BORDER_M, cell)
    x0, y0 = np.floor((low - border) / cell) * cell
    columns, rows = (np.ceil((high + border - (x0, y0)) / cell) + 1).astype(int).tolist()

    points = _lowest_in_bins(points, cell * 0.2)
    u, v = (points[:, 0] - x0) / cell, (points[:, 1] - y0) / cell
    i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    u -= i
    v -= j
    corner = j * columns + i
    nodes = np.stack((corner, corner + 1, corner + columns, corner + columns + 1))
    weights = np.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v))
    target = points[:, 2] - _TERRAIN_DEPTH_M
    size = rows * columns

    ground = target < _lowest_around(corner, target, rows, columns) + 2.5
    near = np.unique(nodes)
    g_nodes, g_weights = nodes[:, ground], weights[:, ground]
    total = np.bincount(g_nodes.ravel(), g_weights.ravel(), size)
    summed = np.bincount(g_nodes.ravel(), (g_weights * target[ground]).ravel(), size)
    known = total > 1e-3
    height = _spread(np.where(known, summed / np.maximum(total, 1e-12), 0.0).reshape(rows, columns), known)
    for _ in range(30):
        residual = target[ground] - (height[g_nodes] * g_weights).sum(axis=0)
        step = np.bincount(g_nodes.ravel(), (g_weights * residual).ravel(), size)
        height += np.where(known, step / np.maximum(total, 0.25), 0.0)
    for _ in range(30):
        above = np.maximum((height[nodes] * weights).sum(axis=0) - target, 0.0)
        push = np.zeros(size)
        np.maximum.at(push, nodes.ravel(), (weights * above / (weights**2).sum(axis=0)).ravel())
        height -= push
    above = np.maximum((height[nodes] * weights).sum(axis=0) - target, 0.0)
    push = np.zeros(size)
    np.maximum.at(push, nodes.ravel(), np.broadcast_to(above, nodes.shape).ravel())
    height -= push  # the four weights add up to 1: now no point is left below the terrain
    settled = np.zeros(size, bool)
    settled[near] = True
    height = _spread(height.reshape(rows, columns), settled)
    return height.reshape(rows, columns), cell, float(x0), float(y0)


def _lowest_in_bins(points: F8, size: float) -> F8:
    key = np.floor(points[:, :2] / size).astype(np.int64)
    key -= key.min(axis=0)
    flat = key[:, 1] * (key[:, 0].max() + 1) + key[:, 0]
    order = np.lexsort((points[:, 2], flat))
    first = np.concatenate(([True], np.diff(flat[order]) > 0))
    return points[order[first]]


def _lowest_around(corner: NDArray[np.int64], z: F8, rows: int, columns: int) -> F8:
    """For each point the lowest height in its cell and the eight around it."""
    lowest = np.full(rows * columns, np.inf)
    np.minimum.at(lowest, corner, z)
    grid = np.pad(lowest.reshape(rows, columns), 1, constant_values=np.inf)
    parts = [grid[a : a + rows, b : b + columns] for a in range(3) for b in range(3)]
    around: F8 = np.min(parts, axis=0).ravel()[corner]
    return around


def _spread(height: F8, known: NDArray[np.bool_]) -> F8:
    """Heights continued smoothly into the unknown: averages of ever coarser grids, refined on the way back."""
    rows, columns = height.shape
    known = known.reshape(rows, columns)
    if known.all() or min(rows, columns) < 2:
        return height.ravel()
    coarse_rows, coarse_columns = (rows + 1) // 2, (columns + 1) // 2
    padding = ((0, 2 * coarse_rows - rows), (0, 2 * coarse_columns - columns))
    blocks = (coarse_rows, 2, coarse_columns, 2)
    weight = np.pad(known.astype(float), padding).reshape(blocks).sum(axis=(1, 3))
    summed = np.pad(np.where(known, height, 0.0), padding).reshape(blocks).sum(axis=(1, 3))
    coarse = _spread(summed / np.maximum(weight, 1.0), weight > 0).reshape(coarse_rows, coarse_columns)
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns]
    fine[known] = height[known]
    for _ in range(4):  # soften the steps between blocks
        padded = np.pad(fine, 1, mode="edge")
        mean = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
        fine = np.where(known, height, mean)
    return fine.ravel()
