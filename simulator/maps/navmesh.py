"""Where walkers may walk: a navigation mesh made of a town's sidewalks, crosswalks and roads.

The plane is cut along the outlines of the sidewalks (drawn in by a walker's radius), of the crosswalks and of
all that one can walk on, and along a grid; every face is then of one kind. Where roads pass over each other a
face counts once per level. Faces become triangles, triangles convex polygons, and `simulator.maps.detour` packs
them into the file that the client's walkers navigate by.

All corners lie on a grid of 1/128 m: neighbouring faces share them exactly, and 32-bit floats hold them exactly.
"""

from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps import detour
from simulator.maps.convex import join_triangles
from simulator.maps.town import F8, I4, U1, Lanes, Samples

__all__ = ["build_navigation", "navigation_mesh"]

_SNAP_M: Final = 1 / 128
_CELL_M: Final = 16.0  # faces are no larger, so that their corners follow hills
_RADIUS_M: Final = 0.3  # the client's walkers (Navigation.cpp, AGENT_RADIUS)
_GAP_M: Final = 0.2  # by so much lanes are widened to close the seams between them
_SIMPLIFY_M: Final = 0.05  # as true as the samples are
_LEVEL_M: Final = 1.5  # surfaces further apart than this are different levels
_REACH_M: Final = 4.0  # how far a crosswalk's end may be from its sidewalk
_OVERLAP_M: Final = 1.0  # and how far it goes on into it
_NEAR_M: Final = 5.0  # lanes this near are looked at for a place's height
_MAX_BUMP_M: Final = 0.03
_MIN_ISLAND_M2: Final = 4.0
_TILE_POLYGONS: Final = 20_000  # below Detour's limit, so that their vertices stay below theirs

# carla.LaneType bits.
_NO_LANE: Final = 1
_SIDEWALK: Final = 32
_RAILS: Final = 32768 | 65536


class _Quads(NamedTuple):
    """The pieces of lanes between two samples that follow each other."""

    hull: NDArray[np.object_]  # polygons
    tree: shapely.STRtree
    is_sidewalk: NDArray[np.bool_]
    start: F8  # [n, 3] ends of the piece of centre line
    end: F8


class _Regions(NamedTuple):
    sidewalk: shapely.Geometry
    crosswalks: NDArray[np.object_]  # polygons, without what is sidewalk
    crosswalk_z: F8
    walkable: shapely.Geometry  # all together
    seams: list[shapely.Geometry]  # further lines along which kinds or levels may change


class _Sheets(NamedTuple):
    """Faces once per level at which there is something to walk on."""

    face: NDArray[np.intp]
    z: F8
    kind: U1  # detour.AREA_*


def build_navigation(lanes: Lanes, samples: Samples, crosswalks: list[F8]) -> bytes:
    """The Detour tile set for the client's walkers; b"" where a town has no sidewalks."""
    mesh = navigation_mesh(lanes, samples, crosswalks)
    return b"" if mesh is None else detour.tile_set(mesh)


def navigation_mesh(
    lanes: Lanes, samples: Samples, crosswalks: list[F8], max_tile_polygons: int = _TILE_POLYGONS
) -> detour.NavMesh | None:
    """The mesh behind build_navigation; None where a town has no sidewalks."""
    crosswalks = [outline for outline in crosswalks if len(outline) >= 4]
    quads = _quads(lanes, samples, _walkable_lanes(lanes, samples, crosswalks))
    if not quads.is_sidewalk.any():
        return None
    regions = _regions(quads, crosswalks)
    if regions.sidewalk.is_empty:
        return None
    faces = _faces(regions)
    sheets = _sheets(faces, regions, quads)
    if not (sheets.kind == detour.AREA_SIDEWALK).any():
        return None
    corners, sheet = _triangles(faces, sheets)
    x, y, z, triangles = _vertices(corners, sheets.z[sheet], quads)
    kind = _without_islands(triangles, sheets.kind[sheet], x, y)
    kept = kind > 0
    if not kept.any():
        return None
    low = np.floor(np.array([x.min(), y.min()]) * _SNAP_M / _CELL_M) * _CELL_M
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))[sheets.face[sheet[kept]]]
    return _polygons(triangles[kept], kind[kept], x, y, z, low, middle, max_tile_polygons)


def _walkable_lanes(lanes: Lanes, samples: Samples, crosswalks: list[F8]) -> NDArray[np.intp]:
    """Sidewalks, the lanes of roads that have sidewalks or crosswalks, and the junctions at their ends.

    Other roads have no use for walkers, and motorways over and under them would only make levels.
    """
    walked = lanes.kind == _SIDEWALK
    if crosswalks:
        count = np.diff(lanes.sample_start)
        lines = np.nonzero(count >= 2)[0]
        points = _ranges(lanes.sample_start[lines], count[lines])
        which = np.repeat(np.arange(len(lines)), count[lines])
        centres = shapely.linestrings(samples.x[points], samples.y[points], indices=which)
        outlines = shapely.STRtree([shapely.convex_hull(shapely.multipoints(c[:, :2])) for c in crosswalks])
        walked[lines[np.unique(outlines.query(centres, predicate="intersects")[0])]] = True
    walked = np.isin(lanes.road, lanes.road[walked])

    filled = np.diff(lanes.sample_start) > 0
    ends = np.concatenate([lanes.sample_start[:-1][filled], lanes.sample_start[1:][filled] - 1])
    row = np.tile(np.nonzero(filled)[0], 2)
    at = shapely.points(samples.x[ends], samples.y[ends])
    inner = np.nonzero((lanes.junction[row] >= 0) & ~walked[row])[0]
    outer = np.nonzero(walked[row])[0]
    i, j = shapely.STRtree(at[outer]).query(at[inner], predicate="dwithin", distance=_GAP_M)
    level = np.abs(samples.z[ends[inner[i]]] - samples.z[ends[outer[j]]]) < _LEVEL_M
    walked |= (lanes.junction >= 0) & np.isin(lanes.junction, lanes.junction[row[inner[i[level]]]])
    walked |= (lanes.junction >= 0) & np.isin(lanes.junction, lanes.junction[walked])
    return np.nonzero(walked & (lanes.kind != _NO_LANE) & (lanes.kind & _RAILS == 0))[0]


def _ranges(start: I4, count: I4) -> NDArray[np.intp]:
    """start[0], start[0] + 1, ... count[0] of them, then those of the next row."""
    first = np.cumsum(count) - count
    result: NDArray[np.intp] = np.repeat(start - first, count) + np.arange(int(count.sum()))
    return result


def _quads(lanes: Lanes, samples: Samples, rows: NDArray[np.intp]) -> _Quads:
    centre = np.stack([samples.x, samples.y, samples.z], axis=1)
    count = np.maximum(np.diff(lanes.sample_start)[rows] - 1, 0)
    owner = np.repeat(rows, count)
    a = _ranges(lanes.sample_start[rows], count)
    b = a + 1
    side = np.stack([-np.sin(samples.yaw), np.cos(samples.yaw)], axis=1) * (samples.width / 2)[:, None]
    left, right = centre[:, :2] + side, centre[:, :2] - side
    # The hull, as the sides cross where a bend is tighter than the lane is wide.
    hull = shapely.convex_hull(shapely.multipoints(np.stack([left[a], right[a], left[b], right[b]], axis=1)))
    solid = shapely.area(hull) > _SNAP_M
    hull, a, b = hull[solid], a[solid], b[solid]
    return _Quads(hull, shapely.STRtree(hull), lanes.kind[owner[solid]] == _SIDEWALK, centre[a], centre[b])


def _regions(quads: _Quads, outlines: list[F8]) -> _Regions:
    wide = _offset(quads.hull, _GAP_M)  # closes the seams between lanes
    sidewalks = shapely.union_all(wide[quads.is_sidewalk])
    roads = shapely.union_all(wide[~quads.is_sidewalk])
    sidewalk = _drawn_in(sidewalks)
    blocks = shapely.STRtree(shapely.get_parts(sidewalk))
    crosswalks, crosswalk_z = [], []
    for outline in outlines:
        drawn = shapely.convex_hull(shapely.multipoints(outline[:, :2]))
        near = shapely.union_all(blocks.geometries[blocks.query(drawn, predicate="dwithin", distance=2 * _REACH_M)])
        parts = shapely.get_parts(shapely.difference(_extended(drawn, near), near))
        parts = parts[shapely.intersects(parts, drawn)]
        crosswalks += parts.tolist()
        crosswalk_z += [float(outline[:, 2].mean())] * len(parts)
    walkable = shapely.union_all([_drawn_in(shapely.union(sidewalks, roads)), sidewalk, *crosswalks])
    # A road over a sidewalk is another level, or at the same level it takes the sidewalk away.
    seams = [shapely.intersection(line, sidewalk) for line in shapely.boundary([roads]) if line is not None]
    seams += _level_seams(quads)
    return _Regions(sidewalk, np.array(crosswalks, object), np.array(crosswalk_z), walkable, seams)


def _offset(region: NDArray[np.object_], distance_m: float) -> NDArray[np.object_]:
    result: NDArray[np.object_] = shapely.buffer(region, distance_m, join_style="mitre", mitre_limit=2)
    return result


def _drawn_in(wide: shapely.Geometry) -> shapely.Geometry:
    """As far as a walker's centre may go in a region that was widened to close its seams."""
    parts = shapely.simplify(_offset(shapely.get_parts(wide), -_GAP_M - _RADIUS_M), _SIMPLIFY_M)
    return shapely.multipolygons(shapely.get_parts(parts))


def _extended(crosswalk: shapely.Polygon, sidewalk: shapely.Geometry) -> shapely.Geometry:
    """A crosswalk that reaches into the sidewalks before its ends (it is painted from kerb to kerb at best)."""
    ring = shapely.get_coordinates(shapely.oriented_envelope(crosswalk))[:4]
    middle = ring.mean(axis=0)
    best: tuple[tuple[float, float], list[shapely.Geometry]] = ((1.0, 0.0), [])
    for k in range(2):
        # Walking along the rectangle's side k; the ends are the sides before and after it.
        along, across = (ring[k + 1] - ring[k]) / 2, (ring[k] - ring[k - 1]) / 2
        length = float(np.hypot(*along))
        if length < _SNAP_M:
            continue
        gaps, pieces = [], []
        for ahead in (along / length, -along / length):
            beam = _rectangle(middle, ahead * (length + _REACH_M), across)
            meets = shapely.get_coordinates(shapely.intersection(beam, sidewalk))
            if len(meets):
                gap = max(float(((meets - middle) @ ahead).min()) - length, 0.0)
                gaps.append(gap)
                pieces.append(_rectangle(middle, ahead * (length + gap + _OVERLAP_M), across))
        # Both ends on a sidewalk, then the shorter way to them, with some preference for the longer side.
        best = min(best, ((-float(len(gaps)), sum(gaps) - length / 10), pieces), key=lambda choice: choice[0])
    return shapely.union_all([crosswalk, *best[1]])


def _rectangle(middle: F8, ahead: F8, across: F8) -> shapely.Polygon:
    return shapely.Polygon([middle - across, middle + across, middle + across + ahead, middle - across + ahead])


def _level_seams(quads: _Quads) -> list[shapely.Geometry]:
    """The outlines of what lies over or under something else."""
    i, j = quads.tree.query(quads.hull, predicate="intersects")
    once = i < j
    i, j = i[once], j[once]
    ends = np.stack([quads.start[i, 2], quads.end[i, 2], quads.start[j, 2], quads.end[j, 2]])
    far = np.ptp(ends, axis=0) > _LEVEL_M
    i, j = i[far], j[far]
    shared = shapely.intersection(quads.hull[i], quads.hull[j])
    point = shapely.get_coordinates(shapely.centroid(shared))
    up = _height(quads, i, point) - _height(quads, j, point)
    apart = (np.abs(up) > _LEVEL_M) & (shapely.area(shared) > _SNAP_M)
    i, j, up = i[apart], j[apart], up[apart]
    upper, lower = np.where(up > 0, i, j), np.where(up > 0, j, i)
    return [shapely.boundary(shapely.union_all(quads.hull[np.unique(rows)])) for rows in (upper, lower) if len(rows)]


def _height(quads: _Quads, row: NDArray[np.intp], point: F8) -> F8:
    """The height of quads at points, from their centre lines."""
    start, way = quads.start[row], quads.end[row] - quads.start[row]
    along = ((point - start[:, :2]) * way[:, :2]).sum(axis=1) / (way[:, :2] ** 2).sum(axis=1)
    result: F8 = start[:, 2] + np.clip(along, 0.0, 1.0) * way[:, 2]
    return result


def _faces(regions: _Regions) -> NDArray[np.object_]:
    """All pieces of the plane between the regions' outlines, seams and the grid."""
    x0, y0, x1, y1 = shapely.bounds(regions.walkable)
    across = np.arange(np.floor(x0 / _CELL_M), np.ceil(x1 / _CELL_M) + 1) * _CELL_M
    up = np.arange(np.floor(y0 / _CELL_M), np.ceil(y1 / _CELL_M) + 1) * _CELL_M
    grid = [
        shapely.multilinestrings([[(x, y0 - 1), (x, y1 + 1)] for x in across]),
        shapely.multilinestrings([[(x0 - 1, y), (x1 + 1, y)] for y in up]),
    ]
    lines = [
        shapely.boundary(regions.walkable),
        shapely.boundary(regions.sidewalk),
        *shapely.boundary(regions.crosswalks),
        *regions.seams,
        *shapely.intersection(grid, regions.walkable),
    ]
    noded = shapely.union_all([line for line in lines if not line.is_empty], grid_size=_SNAP_M)
    faces: NDArray[np.object_] = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return faces


def _sheets(faces: NDArray[np.object_], regions: _Regions, quads: _Quads) -> _Sheets:
    inside = shapely.point_on_surface(faces)
    face, quad, z, distance = _lanes_at(inside, quads)
    nearest = np.full(len(faces), np.inf)
    np.minimum.at(nearest, face, distance)
    there = distance <= nearest[face] + 1e-6  # the lanes that cover it, or else the nearest
    face, quad, z = face[there], quad[there], z[there]

    sheet = _levels(face, z)
    n = int(sheet.max(initial=-1)) + 1
    members = np.bincount(sheet, minlength=n)
    sheet_z = np.bincount(sheet, z, n) / members
    walked = np.bincount(sheet, quads.is_sidewalk[quad], n)
    sheet_face = np.zeros(n, np.intp)
    sheet_face[sheet] = face

    points = inside[sheet_face]
    kind = np.where(_within(regions.walkable, points), detour.AREA_ROAD, 0).astype(np.uint8)
    kind[(walked == members) & _within(regions.sidewalk, points)] = detour.AREA_SIDEWALK
    if len(regions.crosswalks):
        row, crosswalk = shapely.STRtree(regions.crosswalks).query(points, predicate="within")
        level = np.abs(regions.crosswalk_z[crosswalk] - sheet_z[row]) < _LEVEL_M
        kind[row[level & (kind[row] != detour.AREA_SIDEWALK)]] = detour.AREA_CROSSWALK
    kept = kind > 0
    return _Sheets(sheet_face[kept], sheet_z[kept], kind[kept])


def _lanes_at(points: NDArray[np.object_], quads: _Quads) -> tuple[NDArray[np.intp], NDArray[np.intp], F8, F8]:
    """Pairs of a point and a quad near it (or the nearest): point, quad, its height there, how far off it is."""
    point, quad = quads.tree.query(points, predicate="dwithin", distance=_NEAR_M)
    lonely = np.setdiff1d(np.arange(len(points)), point)
    if len(lonely):
        other, nearest = quads.tree.query_nearest(points[lonely], all_matches=False)
        point, quad = np.append(point, lonely[other]), np.append(quad, nearest)
    z = _height(quads, quad, shapely.get_coordinates(points)[point])
    return point, quad, z, shapely.distance(points[point], quads.hull[quad])


def _levels(owner: NDArray[np.intp], z: F8) -> NDArray[np.intp]:
    """Numbers of the groups into which each owner's heights fall, in order of owner and height."""
    order = np.lexsort((z, owner))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (owner[order][1:] != owner[order][:-1]) | (np.diff(z[order]) > _LEVEL_M)
    level = np.empty(len(order), np.intp)
    level[order] = np.cumsum(fresh) - 1
    return level


def _within(region: shapely.Geometry, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    shapely.prepare(region)
    result: NDArray[np.bool_] = shapely.contains(region, points)
    return result


def _triangles(faces: NDArray[np.object_], sheets: _Sheets) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Clockwise triangles [n, 3, 2] in steps of the grid, and the sheet of each."""
    parts, sheet = shapely.get_parts(shapely.constrained_delaunay_triangles(faces[sheets.face]), return_index=True)
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    steps = np.rint(corners / _SNAP_M).astype(np.int64)
    a, b, c = steps[:, 0], steps[:, 1], steps[:, 2]
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    steps[turn > 0] = steps[turn > 0][:, ::-1]
    return steps, sheet


def _vertices(
    corners: NDArray[np.int64], triangle_z: F8, quads: _Quads
) -> tuple[NDArray[np.int64], NDArray[np.int64], F8, I4]:
    """Each corner once per level: grid steps x and y, height z, and the triangles as indices of these."""
    places, place = np.unique(corners.reshape(-1, 2), axis=0, return_inverse=True)
    owner, _, z, distance = _lanes_at(shapely.points(places * _SNAP_M), quads)
    level = _levels(owner, z)
    n = int(level.max()) + 1
    nearest = np.full(n, np.inf)
    np.minimum.at(nearest, level, distance)
    there = distance <= nearest[level] + 1e-6
    level_z = np.bincount(level[there], z[there], n) / np.bincount(level[there], minlength=n)
    level_place = np.zeros(n, np.intp)
    level_place[level] = owner

    # Levels are in order of place and height: of a place's own, take the one nearest to the triangle's height.
    first = np.searchsorted(level_place, place.reshape(-1))
    last = np.searchsorted(level_place, place.reshape(-1), side="right")
    want = np.repeat(triangle_z, 3)
    chosen = first.copy()
    for step in range(1, int((last - first).max())):
        other = np.minimum(first + step, last - 1)
        closer = np.abs(level_z[other] - want) < np.abs(level_z[chosen] - want)
        chosen[closer] = other[closer]
    used, triangles = np.unique(chosen, return_inverse=True)
    at = places[level_place[used]]
    return at[:, 0].copy(), at[:, 1].copy(), level_z[used], triangles.reshape(-1, 3).astype(np.int32)


def _without_islands(triangles: I4, kind: U1, x: NDArray[np.int64], y: NDArray[np.int64]) -> U1:
    """Kinds again: sidewalks too small to walk on become road, what no sidewalk leads to becomes 0."""
    across = detour.neighbours(triangles)
    a, b, c = triangles.T
    area = np.abs((x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])) / 2 * _SNAP_M**2
    kind = kind.copy()
    part = _parts(across, kind != detour.AREA_ROAD)
    walked = part >= 0
    small = np.bincount(part[walked], area[walked])[part] < _MIN_ISLAND_M2  # part -1 is not walked
    kind[walked & small] = detour.AREA_ROAD
    part = _parts(across, np.ones(len(kind), np.bool_))
    kind[np.bincount(part, kind == detour.AREA_SIDEWALK)[part] == 0] = 0
    return kind


@njit
def _parts(across, allowed):  # type: ignore[no-untyped-def]
    """Numbers of the connected parts among the allowed triangles, -1 for the others."""
    part = np.full(len(across), -1, np.int64)
    stack = np.empty(len(across), np.int64)
    count = 0
    for seed in range(len(across)):
        if part[seed] >= 0 or not allowed[seed]:
            continue
        part[seed] = count
        stack[0] = seed
        size = 1
        while size > 0:
            size -= 1
            at = stack[size]
            for other in across[at]:
                if other >= 0 and allowed[other] and part[other] < 0:
                    part[other] = count
                    stack[size] = other
                    size += 1
        count += 1
    return part


def _polygons(
    triangles: I4, kind: U1, x: NDArray[np.int64], y: NDArray[np.int64], z: F8, low: F8, middle: F8, limit: int
) -> detour.NavMesh:
    """Triangles joined to polygons, in as few tiles as hold them.

    One tile is best: the client picks random places tile by tile, whatever there is of sidewalk in each.
    """
    cells = int(np.ceil((np.array([x.max(), y.max()]) * _SNAP_M - low).max() / _CELL_M))
    side = max(cells, 1)
    while True:
        tile = np.floor((middle - low) / (side * _CELL_M)).astype(np.int32)
        group = (tile[:, 1] * np.int32(cells + 1) + tile[:, 0]) * 4 + kind
        polygons, source = join_triangles(triangles, group.astype(np.int32), x, y, z, detour.MAX_CORNERS, _MAX_BUMP_M)
        if side == 1 or np.unique(group[source] // 4, return_counts=True)[1].max() <= limit:
            break
        side = (side + 1) // 2
    vertices = np.stack([x * _SNAP_M, y * _SNAP_M, z], axis=1)
    return detour.NavMesh(
        vertices, polygons, kind[source], tile[source], (float(low[0]), float(low[1])), side * _CELL_M
    )
