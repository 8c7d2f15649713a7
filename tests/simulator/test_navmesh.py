"""The navigation mesh: its bytes read back by a small reader of Detour's format, and what they say of streets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.maps import detour
from simulator.maps.detour import AREA_CROSSWALK, AREA_ROAD, AREA_SIDEWALK
from simulator.maps.navmesh import build_navigation, navigation_mesh
from simulator.maps.town import F8, Lanes, Samples

DRIVING, SIDEWALK = 2, 32
RADIUS_M = 0.3


# Streets -----------------------------------------------------------------------------------------


@dataclass
class Lane:
    """One lane of a road: a line of (x, y, z) and the lane's width."""

    road: int
    lane: int
    kind: int
    line: F8
    width: float
    junction: int = -1


def town(*lanes: Lane) -> tuple[Lanes, Samples]:
    def column(name: str) -> NDArray[np.int32]:
        return np.array([getattr(lane, name) for lane in lanes], np.int32)

    lines = [np.asarray(lane.line, float) for lane in lanes]
    steps = [np.hypot(*np.diff(line[:, :2], axis=0).T) for line in lines]
    yaw = [np.arctan2(np.gradient(line[:, 1]), np.gradient(line[:, 0])) for line in lines]
    width = [np.full(len(line), lane.width) for line, lane in zip(lines, lanes, strict=True)]
    x, y, z = np.concatenate(lines).T
    zero = np.zeros(len(x))
    s = np.concatenate([np.append(0.0, np.cumsum(step)) for step in steps])
    start = np.append(0, np.cumsum([len(line) for line in lines])).astype(np.int32)
    section = np.zeros(len(lanes), np.int32)
    length = np.array([step.sum() for step in steps])
    return (
        Lanes(
            column("road"), section, column("lane"), column("kind"), column("junction"), 0 * length, length, start
        ),
        Samples(x, y, z, np.concatenate(yaw), zero, np.concatenate(width), s, zero + 30.0),
    )  # fmt: skip


def road(number: int, line: F8 | list[list[float]], sidewalks: tuple[int, ...] = (-1, 1)) -> list[Lane]:
    """Two lanes of 3.5 m with sidewalks of 3 m on the sides asked for (1 is right of the line)."""
    line = np.asarray(line, float)
    way = np.gradient(line[:, :2], axis=0)
    right = np.stack([-way[:, 1], way[:, 0], np.zeros(len(way))], axis=1) / np.hypot(*way.T)[:, None]
    lanes = [Lane(number, -side, DRIVING, line + 1.75 * side * right, 3.5) for side in (-1, 1)]
    return lanes + [Lane(number, -2 * side, SIDEWALK, line + 5.0 * side * right, 3.0) for side in sidewalks]


def straight(length: float = 60.0, x: float = 0.0, y: float = 0.0) -> F8:
    return np.array([[x, y, 0.0], [x + length, y, 0.0]])


def zebra(x: float, half_length: float = 2.9, half_width: float = 1.5, y: float = 0.0) -> F8:
    """Across a road along x; by default it ends 0.6 m before the kerbs, as in CARLA's own towns."""
    a, b, h = x - half_width, x + half_width, half_length
    return np.array([[a, y - h, 0], [b, y - h, 0], [b, y + h, 0], [a, y + h, 0], [a, y - h, 0]])


# A reader of the file ----------------------------------------------------------------------------


@dataclass
class Poly:
    tile: tuple[int, int]
    vertices: F8  # [k, 3] CARLA's axes
    neighbours: list[int]  # as stored
    area: int
    flags: int


@dataclass
class File:
    header: np.void
    tiles: list[tuple[np.void, np.void]]  # entry, header
    polys: list[Poly]
    first: list[int]  # number of each tile's first polygon
    details: list[tuple[NDArray[np.void], NDArray[np.uint8]]]
    nodes: list[NDArray[np.void]]


def read(data: bytes) -> File:
    at = 0

    def take(dtype: np.dtype | str, count: int) -> NDArray:
        nonlocal at
        kind = np.dtype(dtype)
        assert at + kind.itemsize * count <= len(data)
        found = np.frombuffer(data, kind, count, at)
        at += kind.itemsize * count
        return found

    file = File(take(detour.SET_HEADER, 1)[0], [], [], [], [], [])
    for _ in range(file.header["tiles"]):
        entry = take(detour.TILE_ENTRY, 1)[0]
        begin = at
        head = take(detour.TILE_HEADER, 1)[0]
        vertices = take("<f4", 3 * head["vertices"]).reshape(-1, 3)
        polys = take(detour.POLY, head["polys"])
        assert not take("u1", detour.LINK_SIZE * head["max_links"]).any()
        file.details.append((take(detour.POLY_DETAIL, head["detail_meshes"]), take("u1", 4 * head["detail_triangles"])))
        file.nodes.append(take(detour.BV_NODE, head["bv_nodes"]))
        assert at - begin == entry["size"]
        file.tiles.append((entry, head))
        file.first.append(len(file.polys))
        for poly in polys:
            n = int(poly["corners"])
            corners = vertices[poly["vertices"][:n]][:, [0, 2, 1]].astype(float)
            assert poly["first_link"] == 0xFFFFFFFF
            assert poly["area_and_type"] >> 6 == 0  # a polygon of ground
            tile = (int(head["x"]), int(head["y"]))
            sides = [int(side) for side in poly["neighbours"][:n]]
            file.polys.append(Poly(tile, corners, sides, int(poly["area_and_type"] & 63), int(poly["flags"])))
    assert at == len(data)
    return file


def links(file: File) -> Iterator[tuple[int, int]]:
    """Pairs of polygons as Detour connects them: by index within a tile, by touching edges between tiles."""
    portals: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    first = {(int(head["x"]), int(head["y"])): n for n, (_, head) in zip(file.first, file.tiles, strict=True)}
    for i, poly in enumerate(file.polys):
        for k, stored in enumerate(poly.neighbours):
            a, b = poly.vertices[k], poly.vertices[(k + 1) % len(poly.vertices)]
            if stored & 0x8000:
                side = stored & 0xFF
                step = {0: (1, 0), 2: (0, 1), 4: (-1, 0), 6: (0, -1)}[side]
                # On the border between the two tiles, which runs across the step.
                axis = 0 if step[0] else 1
                assert a[axis] == b[axis] == border(file, poly.tile, step)
                ends = tuple(sorted((tuple(a), tuple(b))))
                portals.setdefault(ends, []).append((i, side))
            elif stored:
                j = first[poly.tile] + stored - 1
                assert file.polys[j].tile == poly.tile
                yield i, j
    for pair in portals.values():
        (i, side), (j, other) = pair
        assert other == (side + 4) % 8
        yield i, j
        yield j, i


def border(file: File, tile: tuple[int, int], step: tuple[int, int]) -> float:
    axis = 0 if step[0] else 1
    size = float(file.header["tile_width"])
    return float(file.header["origin"][2 * axis]) + size * (tile[axis] + (step[axis] > 0))


def parts(file: File, flags: int) -> list[set[int]]:
    """Connected polygons that have one of the flags, largest area first."""
    across: dict[int, set[int]] = {i: set() for i, poly in enumerate(file.polys) if poly.flags & flags}
    for i, j in links(file):
        if i in across and j in across:
            across[i].add(j)
    found = []
    while across:
        todo, part = [next(iter(across))], set()
        while todo:
            i = todo.pop()
            if i in across:
                part.add(i)
                todo += across.pop(i)
        found.append(part)
    return sorted(found, key=lambda part: -sum(signed_area(file.polys[i].vertices) for i in part), reverse=True)


def signed_area(corners: F8) -> float:
    x, y = corners[:, 0] - corners[0, 0], corners[:, 1] - corners[0, 1]
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def area_of(file: File, kind: int) -> float:
    return -sum(signed_area(poly.vertices) for poly in file.polys if poly.area == kind)


def at(file: File, x: float, y: float) -> list[Poly]:
    """The polygons over a place, from below."""
    here = np.array([x, y])

    def inside(poly: Poly) -> bool:
        way = np.roll(poly.vertices, -1, axis=0)[:, :2] - poly.vertices[:, :2]
        off = here - poly.vertices[:, :2]
        return bool((way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0] <= 1e-9).all())

    return sorted(filter(inside, file.polys), key=lambda poly: float(poly.vertices[:, 2].mean()))


def kinds_at(file: File, x: float, y: float) -> list[int]:
    return [poly.area for poly in at(file, x, y)]


WALK = 2 | 4  # what the client's filter 0 allows: sidewalks and crosswalks
ANYWHERE = 2 | 4 | 8


# The format --------------------------------------------------------------------------------------


def cross_town() -> tuple[Lanes, Samples, list[F8]]:
    """Two roads that cross at the same height, one of them over hills, with sidewalks and a zebra."""
    t = np.linspace(0.0, 160.0, 81)
    hills = np.stack([t, 4 * np.sin(t / 30), 3 * np.sin(t / 25)], axis=1)
    north = [[-70.0, y, 0.0] for y in np.linspace(-60, 60, 30)]
    return *town(*road(1, hills), *road(2, north), *road(3, straight(-50.0))), [zebra(-30.0)]


@pytest.mark.parametrize("limit", [20_000, 40])
def test_file_is_sound(limit: int) -> None:
    mesh = navigation_mesh(*cross_town(), max_tile_polygons=limit)
    assert mesh is not None
    file = read(detour.tile_set(mesh))
    assert file.header["magic"] == 0x4D534554  # "MSET" as a C multi-character int
    assert file.header["version"] == 1
    assert (len(file.tiles) > 4) == (limit == 40)
    assert file.header["max_tiles"] == len(file.tiles)
    assert file.header["max_polys"] == max(head["polys"] for _, head in file.tiles) <= limit
    tile_bits = (len(file.tiles) - 1).bit_length()
    poly_bits = (int(file.header["max_polys"]) - 1).bit_length()
    for i, (entry, head) in enumerate(file.tiles):
        assert head["magic"] == 0x444E4156  # "DNAV"
        assert head["version"] == 7
        assert entry["reference"] >> poly_bits == (1 << tile_bits) + i
        assert head["off_mesh"] == 0
        assert head["off_mesh_base"] == head["polys"]


@pytest.mark.parametrize("limit", [20_000, 40])
def test_polygons_are_convex_and_turn_as_detour_wants(limit: int) -> None:
    mesh = navigation_mesh(*cross_town(), max_tile_polygons=limit)
    assert mesh is not None
    file = read(detour.tile_set(mesh))
    flags = {AREA_SIDEWALK: 2, AREA_CROSSWALK: 4, AREA_ROAD: 8}
    for poly in file.polys:
        assert 3 <= len(poly.vertices) <= 6
        assert poly.flags == flags[poly.area]
        way = np.roll(poly.vertices, -1, axis=0)[:, :2] - poly.vertices[:, :2]
        after = np.roll(way, -1, axis=0)
        assert (way[:, 0] * after[:, 1] - way[:, 1] * after[:, 0] <= 0).all()
        assert signed_area(poly.vertices) < 0
        flat = np.column_stack([poly.vertices[:, :2] - poly.vertices[0, :2], np.ones(len(poly.vertices))])
        plane = np.linalg.lstsq(flat, poly.vertices[:, 2], rcond=None)[0]
        assert np.abs(flat @ plane - poly.vertices[:, 2]).max() < 0.04
    assert {poly.area for poly in file.polys} == {AREA_SIDEWALK, AREA_CROSSWALK, AREA_ROAD}


@pytest.mark.parametrize("limit", [20_000, 40])
def test_neighbours_are_mutual_over_one_common_edge(limit: int) -> None:
    mesh = navigation_mesh(*cross_town(), max_tile_polygons=limit)
    assert mesh is not None
    file = read(detour.tile_set(mesh))
    found = list(links(file))
    assert len(found) > len(file.polys)
    assert set(found) == {(j, i) for i, j in found}
    for i, j in found:
        a, b = ({tuple(corner) for corner in file.polys[k].vertices} for k in (i, j))
        assert len(a & b) >= 2
    # What lies on both sides of an edge is connected: an edge without a neighbour is the mesh's border.
    edges = {}
    for i, poly in enumerate(file.polys):
        for k, stored in enumerate(poly.neighbours):
            edge = tuple(poly.vertices[k]), tuple(poly.vertices[(k + 1) % len(poly.vertices)])
            edges[edge] = (i, stored)
    assert all(edges[b, a][1] != 0 for (a, b), (_, stored) in edges.items() if (b, a) in edges and stored)
    assert not [edge for edge, (_, stored) in edges.items() if stored == 0 and edge[::-1] in edges]


def test_links_have_room() -> None:
    mesh = navigation_mesh(*cross_town(), max_tile_polygons=40)
    assert mesh is not None
    file = read(detour.tile_set(mesh))
    found = list(links(file))
    for n, (_, head) in zip(file.first, file.tiles, strict=True):
        own = range(n, n + int(head["polys"]))
        assert sum(i in own for i, _ in found) <= head["max_links"]


def test_details_are_fans_whose_border_is_the_polygons() -> None:
    file = read(build_navigation(*cross_town()))
    details, triangles = file.details[0]
    for poly, detail in zip(file.polys, details, strict=True):
        n = len(poly.vertices)
        assert detail["triangles"] == n - 2
        assert detail["vertices"] == 0
        fan = triangles.reshape(-1, 4)[detail["triangle_base"] :][: n - 2]
        border_edges = set()
        for a, b, c, edge_flags in fan.tolist():
            for k, edge in enumerate([(a, b), (b, c), (c, a)]):
                if edge_flags >> (2 * k) & 1:
                    border_edges.add(edge)
        assert border_edges == {(k, (k + 1) % n) for k in range(n)}


def test_tree_of_boxes_finds_every_polygon() -> None:
    """The walk over the tree as dtNavMeshQuery::queryPolygonsInTile does it."""
    mesh = navigation_mesh(*cross_town(), max_tile_polygons=200)
    assert mesh is not None
    file = read(detour.tile_set(mesh))
    for first, nodes, (_, head) in zip(file.first, file.nodes, file.tiles, strict=True):
        assert sorted(nodes["i"][nodes["i"] >= 0].tolist()) == list(range(head["polys"]))
        assert end_of(nodes, 0) == len(nodes)
        for i in range(head["polys"]):
            box = file.polys[first + i].vertices[:, [0, 2, 1]]
            (leaf,) = nodes[nodes["i"] == i]
            assert (leaf["low"] <= (box.min(axis=0) - head["low"]) * head["bv_quant_factor"]).all()
            assert (leaf["high"] >= (box.max(axis=0) - head["low"]) * head["bv_quant_factor"]).all()
            middle = (box.mean(axis=0) - head["low"]) * head["bv_quant_factor"]
            low, high = middle.astype(int) & 0xFFFE, (middle + 1).astype(int) | 1
            found, at, visits = [], 0, 0
            while at < len(nodes):
                node = nodes[at]
                hit = bool((low <= node["high"]).all() and (high >= node["low"]).all())
                if hit and node["i"] >= 0:
                    found.append(int(node["i"]))
                visits += 1
                at += 1 if hit or node["i"] >= 0 else -int(node["i"])
            assert i in found
            assert visits < len(nodes) or len(nodes) < 20


def end_of(nodes: NDArray[np.void], at: int) -> int:
    """The node after a subtree, which an inner node skips to when its box is missed."""
    if nodes[at]["i"] >= 0:
        return at + 1
    end = end_of(nodes, end_of(nodes, at + 1))
    assert at - nodes[at]["i"] == end
    return end


def test_same_town_gives_the_same_bytes() -> None:
    assert build_navigation(*cross_town()) == build_navigation(*cross_town())


def test_too_much_for_detours_references_is_refused() -> None:
    count = detour.MAX_TILE_POLYGONS + 1
    corners = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    polygons = np.full((count, 6), -1, np.int32)
    polygons[:, :3] = corners
    x = np.arange(3.0 * count)
    vertices = np.stack([x, -(x**2), 0 * x], axis=1)
    kind = np.full(count, AREA_SIDEWALK, np.uint8)
    mesh = detour.NavMesh(vertices, polygons, kind, np.zeros((count, 2), np.int32), (0.0, 0.0), 1e6)
    with pytest.raises(ValueError, match="do not fit"):
        detour.tile_set(mesh)


# What it says of streets -------------------------------------------------------------------------


def test_without_sidewalks_there_is_nothing() -> None:
    assert build_navigation(*town(*road(1, straight(), sidewalks=())), [zebra(30.0)]) == b""


def test_sidewalks_are_drawn_in_by_a_walkers_radius() -> None:
    file = read(build_navigation(*town(*road(1, straight())), []))
    assert area_of(file, AREA_SIDEWALK) == pytest.approx(2 * (60 - 2 * RADIUS_M) * (3 - 2 * RADIUS_M), rel=0.01)
    assert area_of(file, AREA_ROAD) == pytest.approx((60 - 2 * RADIUS_M) * (7 + 2 * RADIUS_M), rel=0.01)
    ends = [poly.vertices for poly in file.polys if poly.area == AREA_SIDEWALK]
    off = np.abs(np.concatenate(ends)[:, 1])
    assert off.min() == pytest.approx(3.5 + RADIUS_M, abs=0.02)
    assert off.max() == pytest.approx(6.5 - RADIUS_M, abs=0.02)


def test_without_a_crosswalk_only_the_road_connects_the_sidewalks() -> None:
    file = read(build_navigation(*town(*road(1, straight())), []))
    assert len(parts(file, WALK)) == 2
    assert len(parts(file, ANYWHERE)) == 1


@pytest.mark.parametrize("half_length", [2.9, 3.5, 5.0])
def test_a_crosswalk_connects_the_sidewalks(half_length: float) -> None:
    """Whether it ends before the kerbs, at them, or on the sidewalks."""
    file = read(build_navigation(*town(*road(1, straight())), [zebra(31.0, half_length)]))
    assert len(parts(file, WALK)) == 1
    assert kinds_at(file, 31.3, 0.1) == [AREA_CROSSWALK]
    assert kinds_at(file, 31.3, 3.6) == [AREA_CROSSWALK]  # over the kerb, to what is sidewalk
    assert kinds_at(file, 31.3, 4.1) == [AREA_SIDEWALK]
    assert kinds_at(file, 31.3, 7.0) == []
    assert kinds_at(file, 35.3, 0.1) == [AREA_ROAD]


def test_a_crosswalk_broader_than_long_goes_the_way_of_the_walkers() -> None:
    file = read(build_navigation(*town(*road(1, straight())), [zebra(30.0, 2.9, half_width=4.0)]))
    assert len(parts(file, WALK)) == 1
    assert kinds_at(file, 35.3, 0.1) == [AREA_ROAD]


def test_a_crosswalk_far_from_sidewalks_stays_as_it_is() -> None:
    lanes, samples = town(*road(1, straight()), *road(2, straight(y=80.0), sidewalks=()))
    file = read(build_navigation(lanes, samples, [zebra(30.0, y=80.0)]))
    assert not [poly for poly in file.polys if poly.vertices[:, 1].max() > 40]  # no sidewalk leads there


def test_a_plaza_without_lanes_can_be_crossed_on_a_crosswalk() -> None:
    """Its heights are those of the nearest lanes, however far."""
    far = [Lane(2, -1, SIDEWALK, np.array([[0.0, 30.0, 0.0], [60.0, 30.0, 0.0]]), 3.0)]
    file = read(build_navigation(*town(*road(1, straight()), *far), [zebra(30.0, 11.0, y=17.5)]))
    assert kinds_at(file, 30.3, 17.0) == [AREA_CROSSWALK]
    assert len(parts(file, WALK)) == 2
    assert all(np.abs(poly.vertices[:, 2]).max() == 0 for poly in file.polys)


def test_a_sidewalk_too_narrow_to_walk_on_is_none() -> None:
    thread = Lane(1, -1, SIDEWALK, straight(), 0.5)
    assert build_navigation(*town(thread), []) == b""


def test_a_footpath_without_roads() -> None:
    file = read(build_navigation(*town(Lane(1, -1, SIDEWALK, straight(), 2.0)), []))
    assert {poly.area for poly in file.polys} == {AREA_SIDEWALK}
    assert len(parts(file, WALK)) == 1


def test_tiles_connect_what_one_tile_connects() -> None:
    lanes, samples, crosswalks = cross_town()
    whole = navigation_mesh(lanes, samples, crosswalks)
    cut = navigation_mesh(lanes, samples, crosswalks, max_tile_polygons=40)
    assert whole is not None
    assert cut is not None
    one, many = read(detour.tile_set(whole)), read(detour.tile_set(cut))
    for flags in (WALK, ANYWHERE):
        areas = [
            [round(-sum(signed_area(file.polys[i].vertices) for i in part), 3) for part in parts(file, flags)]
            for file in (one, many)
        ]
        assert areas[0] == areas[1]


def test_lanes_that_follow_each_other_are_one_walk() -> None:
    lanes = [*road(1, straight(30.0)), *road(2, straight(30.0, x=30.05))]
    file = read(build_navigation(*town(*lanes), []))
    assert len(parts(file, WALK)) == 2


def test_a_bridge_and_what_it_crosses_are_apart() -> None:
    over = [[30.0, y, 6.0] for y in (-40.0, -20.0, 0.0, 20.0, 40.0)]
    lanes, samples = town(*road(1, straight()), *road(2, over))
    file = read(build_navigation(lanes, samples, [zebra(10.0), zebra(30.0), zebra(50.0)]))
    crossing = at(file, 35.3, 5.1)  # sidewalk over sidewalk
    assert [poly.area for poly in crossing] == [AREA_SIDEWALK, AREA_SIDEWALK]
    assert [float(poly.vertices[:, 2].mean()) for poly in crossing] == pytest.approx([0.0, 6.0])
    assert kinds_at(file, 30.3, 5.1) == [AREA_SIDEWALK, AREA_ROAD]
    assert kinds_at(file, 35.3, 0.1) == [AREA_ROAD, AREA_SIDEWALK]
    assert kinds_at(file, 30.3, 0.1) == [AREA_CROSSWALK, AREA_ROAD]
    assert len(parts(file, ANYWHERE)) == 2
    assert len(parts(file, WALK)) == 3  # the street below, and the bridge's two
    for poly in file.polys:
        assert np.ptp(poly.vertices[:, 2]) < 0.01


def test_a_road_at_the_same_height_takes_the_sidewalk_away() -> None:
    across = [[30.0, y, 0.0] for y in (-40.0, 0.0, 40.0)]
    file = read(build_navigation(*town(*road(1, straight()), *road(2, across, sidewalks=(1,))), []))
    assert kinds_at(file, 30.3, 5.1) == [AREA_ROAD]
    assert kinds_at(file, 20.3, 5.1) == [AREA_SIDEWALK]


def test_a_junction_beside_sidewalks_can_be_crossed_and_a_road_far_off_cannot() -> None:
    arms = [*road(1, straight(30.0)), *road(2, straight(30.0, x=50.0))]
    inside = [Lane(9, -1, DRIVING, np.array([[30.0, 1.75, 0.0], [50.0, 1.75, 0.0]]), 3.5, junction=4)]
    motorway = road(3, straight(y=90.0), sidewalks=())
    file = read(build_navigation(*town(*arms, *inside, *motorway), []))
    assert kinds_at(file, 40.0, 1.75) == [AREA_ROAD]
    assert len(parts(file, ANYWHERE)) == 1
    assert kinds_at(file, 30.0, 90.0) == []


def test_crumbs_of_sidewalk_are_no_places_to_go() -> None:
    crumb = Lane(1, 5, SIDEWALK, np.array([[20.0, 30.0, 0.0], [21.5, 30.0, 0.0]]), 1.5)
    file = read(build_navigation(*town(*road(1, straight()), crumb), []))
    assert kinds_at(file, 20.7, 30.0) == []


def test_heights_follow_a_hill() -> None:
    x = np.linspace(0.0, 100.0, 51)
    line = np.stack([x, 0 * x, 4 * np.sin(x / 40)], axis=1)
    file = read(build_navigation(*town(*road(1, line)), [zebra(50.0)]))
    for where in np.linspace(1.0, 99.0, 60):
        for y in (-5.0, 0.0, 5.0):
            (poly, *_) = at(file, where, y)
            assert height(poly, where, y) == pytest.approx(4 * np.sin(where / 40), abs=0.1)
    corners = np.concatenate([poly.vertices for poly in file.polys])
    assert corners[:, 2] == pytest.approx(4 * np.sin(corners[:, 0] / 40), abs=0.02)


def height(poly: Poly, x: float, y: float) -> float:
    """From the fan of triangles, as Detour takes it."""
    for k in range(1, len(poly.vertices) - 1):
        a, b, c = poly.vertices[0], poly.vertices[k], poly.vertices[k + 1]
        sides = np.stack([b[:2] - a[:2], c[:2] - a[:2]], axis=1)
        if abs(np.linalg.det(sides)) < 1e-9:
            continue
        u, v = np.linalg.solve(sides, [x - a[0], y - a[1]])
        if u >= -1e-6 and v >= -1e-6 and u + v <= 1 + 1e-6:
            return float(a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]))
    raise AssertionError("not over the polygon")


def test_a_bend_keeps_its_width() -> None:
    turn = np.linspace(0.0, np.pi / 2, 24)
    line = np.stack([20 * np.sin(turn), 20 * (1 - np.cos(turn)), 0 * turn], axis=1)
    file = read(build_navigation(*town(*road(1, line)), []))
    corners = np.concatenate([poly.vertices for poly in file.polys if poly.area == AREA_SIDEWALK])
    radius = np.hypot(corners[:, 0], corners[:, 1] - 20.0)
    outer = radius > 20
    assert radius[outer].min() == pytest.approx(23.5 + RADIUS_M, abs=0.08)
    assert radius[outer].max() == pytest.approx(26.5 - RADIUS_M, abs=0.08)
    assert radius[~outer].min() == pytest.approx(13.5 + RADIUS_M, abs=0.08)
    assert radius[~outer].max() == pytest.approx(16.5 - RADIUS_M, abs=0.08)
    assert len(parts(file, WALK)) == 2
