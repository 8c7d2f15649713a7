"""The town as triangles: where they are, which way they face, what is drawn at which distance, what lights up."""

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.maps import town
from simulator.maps.ground import ground
from simulator.maps.land import terrain_height
from simulator.maps.library import MapLibrary
from simulator.maps.town import TownMap
from simulator.scene import signs
from simulator.scene.chunks import Layer, assemble, part, triangle_normals
from simulator.scene.materials import Materials, linear
from simulator.scene.scene import Scene
from simulator.scene.tables import (
    ARROW,
    ASPHALT,
    CROSSWALK,
    GRASS,
    KERB,
    LAMP,
    LAST_GROUND,
    LIGHT_GREEN,
    LIGHT_RED,
    LIGHT_STREET,
    LIGHT_YELLOW,
    MARKING,
    PLAIN,
    SIDEWALK,
    SIGN,
    WALL,
    Geometry,
)
from simulator.scene.town import GROUND_INSTANCE, Scenery, build_scenery
from simulator.world.lights import GREEN, OFF, RED, YELLOW
from simulator.world.pose import Pose
from simulator.world.world import World
from tests.fakes.towns import flat_town

SHARED_MAPS = Path(__file__).parents[2].parent / "shared" / "maps"
TOWNS = ["Harbor", "Quarter", "Ridge", "Town04", "Town10HD"]
PAINT = (MARKING, CROSSWALK, ARROW)


@pytest.fixture(scope="module")
def library() -> MapLibrary:
    return MapLibrary(SHARED_MAPS if SHARED_MAPS.is_dir() else None)


@pytest.fixture(scope="module", params=TOWNS)
def a_town(request: pytest.FixtureRequest, library: MapLibrary) -> TownMap:
    if request.param not in library.names():
        pytest.skip(f"{request.param}.xodr is not there")
    return library.load(request.param)


@pytest.fixture(scope="module")
def made(a_town: TownMap) -> tuple[Scenery, Materials]:
    materials = Materials()
    return build_scenery(a_town, materials), materials


def kinds(made: tuple[Scenery, Materials]) -> np.ndarray:
    scenery, materials = made
    return materials.table()["kind"][scenery.geometry.material]


def corners_of(geometry: Geometry, chosen: np.ndarray) -> np.ndarray:
    """[n, 3, 3]"""
    return geometry.vertices[geometry.triangles[chosen]].astype(np.float64)


def digest(geometry: Geometry) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in geometry)).hexdigest()


# --- the arrays ------------------------------------------------------------------------------------------------------


def test_groups_are_what_the_rasteriser_is_promised(made):
    geometry = made[0].geometry
    group = np.repeat(np.arange(len(geometry.nearest_m)), np.diff(geometry.group_start))
    assert geometry.group_start[0] == 0
    assert geometry.group_start[-1] == len(geometry.triangles)
    assert geometry.vertex_start[0] == 0
    assert geometry.vertex_start[-1] == len(geometry.vertices)
    assert (np.diff(geometry.group_start) > 0).all()
    low, high = geometry.vertex_start[:-1][group], geometry.vertex_start[1:][group]
    assert (geometry.triangles >= low[:, None]).all()
    assert (geometry.triangles < high[:, None]).all()
    corners = geometry.vertices[geometry.triangles]
    assert (corners >= geometry.bounds[group, None, :3]).all()
    assert (corners <= geometry.bounds[group, None, 3:]).all()
    assert (geometry.nearest_m < geometry.farthest_m).all()
    kinds_of_arrays = [array.dtype for array in geometry]
    f4, i4 = np.dtype(np.float32), np.dtype(np.int32)
    assert kinds_of_arrays == [f4, i4, i4, i4, f4, f4, i4, i4, f4, f4, f4]


def test_every_normal_is_the_side_from_which_its_triangle_is_seen(made):
    geometry = made[0].geometry
    normal, width = triangle_normals(geometry.vertices, geometry.triangles)
    assert (width > 1e-4).all()
    assert np.abs(normal - geometry.normal).max() < 1e-6
    assert np.abs(np.linalg.norm(geometry.normal, axis=1) - 1.0).max() < 1e-5


def test_ground_is_seen_from_above(made):
    kind = kinds(made)
    assert (made[0].geometry.normal[(kind != PLAIN) & (kind <= LAST_GROUND), 2] > 0.3).all()


def test_what_is_drawn_as_grass_is_tagged_as_grass(made):
    """CARLA's Terrain: grass, soil or sand. Its Ground is what fits no other word."""
    table = made[1].table()
    used = np.unique(made[0].geometry.material)
    grass = used[table["kind"][used] == GRASS]
    assert len(grass)
    assert (table["label"][grass] == town.TERRAIN).all()


def test_a_second_build_gives_the_same_bytes(a_town, made):
    materials = Materials()
    again = build_scenery(a_town, materials)
    assert digest(again.geometry) == digest(made[0].geometry)
    assert again.instances.tobytes() == made[0].instances.tobytes()
    assert again.atlas.tobytes() == made[0].atlas.tobytes()
    assert materials.table().tobytes() == made[1].table().tobytes()


def test_size_and_time_of_a_build(a_town, made):
    assert sum(array.nbytes for array in made[0].geometry) < 100e6
    assert len(made[0].geometry.nearest_m) < 10_000
    began = time.thread_time()
    build_scenery(a_town, Materials())
    assert time.thread_time() - began < 6.0  # a second on a free machine; the limit is for a busy one


# --- the ground ------------------------------------------------------------------------------------------------------


def test_what_is_seen_of_a_road_is_what_cars_stand_on(a_town, made):
    rng = np.random.default_rng(1)
    geometry = made[0].geometry
    roads = np.flatnonzero(np.isin(kinds(made), (ASPHALT, SIDEWALK)))
    for triangle in rng.choice(roads, 300).tolist():
        x, y, z = corners_of(geometry, triangle).mean(axis=0)
        # Where two lanes of a junction lie over each other, the higher one carries.
        assert -0.002 < ground(a_town.surface, x, y, z + 0.3)[0] - z < 0.3
    for t in rng.integers(0, len(a_town.surface.triangles), 300).tolist():
        corners = a_town.surface.vertices[a_town.surface.triangles[t]]
        assert np.abs(geometry.vertices - corners[0]).max(axis=1).min() < 1e-3


def test_terrain_is_never_above_the_land_and_beside_roads_true_to_it(a_town, made):
    scenery, materials = made
    geometry = scenery.geometry
    nearest = np.repeat(geometry.nearest_m, np.diff(geometry.group_start))
    grass = np.flatnonzero((geometry.material == materials.row("grass")) & (nearest == 0.0))
    middles = corners_of(geometry, grass).mean(axis=1)
    error = middles[:, 2] - terrain_height(a_town.surface, middles[:, 0], middles[:, 1])
    assert error.max() < 1e-3
    rng = np.random.default_rng(8)
    roads = a_town.surface.vertices[:, :2]
    for row in rng.choice(len(middles), 500).tolist():
        if np.abs(roads - middles[row, :2]).max(axis=1).min() < 40.0:
            assert error[row] > -0.03


def test_land_goes_on_to_the_horizon(a_town, made):
    geometry = made[0].geometry
    surface = a_town.surface
    assert geometry.vertices[:, 0].min() < surface.terrain_x0 - 2000.0
    assert geometry.vertices[:, 0].max() > surface.terrain_x0 + 2000.0


def covered(geometry: Geometry, chosen: np.ndarray, x: float, y: float) -> int:
    """How many of the chosen triangles lie over a place."""
    corners = corners_of(geometry, chosen)[:, :, :2] - (x, y)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    sides = [p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0] for p, q in ((a, b), (b, c), (c, a))]
    return int((np.min(sides, axis=0) > 0.0).sum())


def test_at_every_distance_the_land_is_covered_once(a_town, made):
    scenery, materials = made
    geometry = scenery.geometry
    grass = scenery.geometry.material == materials.row("grass")
    group = np.repeat(np.arange(len(geometry.nearest_m)), np.diff(geometry.group_start))
    rng = np.random.default_rng(2)
    rows, columns = a_town.surface.terrain.shape
    for distance in (10.0, 200.0, 500.0):
        shown = (geometry.nearest_m[group] <= distance) & (geometry.farthest_m[group] > distance)
        chosen = np.flatnonzero(grass & shown)
        for _ in range(20):
            x = a_town.surface.terrain_x0 + rng.uniform(0.0, (columns - 1) * a_town.surface.terrain_cell)
            y = a_town.surface.terrain_y0 + rng.uniform(0.0, (rows - 1) * a_town.surface.terrain_cell)
            count = covered(geometry, chosen, x, y)
            # Far squares may lie under smaller flat ones.
            assert count == 1 or (distance == 500.0 and count == 2)


# --- paint -----------------------------------------------------------------------------------------------------------


def test_paint_lies_in_the_plane_of_the_road(a_town, made):
    rng = np.random.default_rng(3)
    geometry = made[0].geometry
    paint = np.flatnonzero(np.isin(kinds(made), PAINT))
    assert len(paint) > 100
    surface = a_town.surface
    chosen = rng.choice(paint, 2000)
    corners = corners_of(geometry, chosen)
    inside = 0.98 * corners + 0.02 * corners.mean(axis=1, keepdims=True)
    found = [ground(surface, x, y, z + 0.3) for x, y, z in inside.reshape(-1, 3)]
    above = inside.reshape(-1, 3)[:, 2] - np.array([z for z, *_ in found])
    error = np.abs(above[:, None] - [0.0, 0.003, 0.006]).min(axis=1)  # lines along the road, crosswalks, stop lines
    # The roads of a few junctions of CARLA's files cross each other by centimetres.
    assert (error > 0.002).mean() < (0.003 if a_town.name.startswith("Town") else 1e-9)
    assert (np.array([surface.label[t] for *_, t in found]) == town.ROADS).mean() > 0.998


def test_no_place_is_painted_twice_by_one_line(made):
    geometry = made[0].geometry
    zebra = np.flatnonzero(kinds(made) == CROSSWALK)
    if len(zebra) == 0:
        pytest.skip("a town without crosswalks")
    rng = np.random.default_rng(4)
    for triangle in rng.choice(zebra, 50).tolist():
        x, y, _ = corners_of(geometry, triangle).mean(axis=0)
        assert 1 <= covered(geometry, zebra, x, y) <= 2  # files with two outlines at one place


def test_surface_coordinates_of_paint_are_metres(made):
    """u and v are lengths along two directions at right angles: areas in uv are areas on the ground."""
    geometry = made[0].geometry
    paint = np.flatnonzero(np.isin(kinds(made), PAINT))
    corners, uv = corners_of(geometry, paint), geometry.uv[paint].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p, q = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    on_ground = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    in_uv = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
    assert np.abs(np.abs(in_uv) - on_ground).max() < 2e-3
    # v is to the right of u in CARLA's axes, but for arrows, whose u is to the right of v.
    sign = np.where(kinds(made)[paint] == ARROW, -1.0, 1.0)
    turn = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    large = on_ground > 1e-3
    assert (np.sign(in_uv[large]) == (sign * np.sign(turn))[large]).all()


def test_kerbs_lie_on_the_sidewalk_beside_the_road(a_town, made):
    geometry = made[0].geometry
    kerbs = np.flatnonzero(kinds(made) == KERB)
    if len(kerbs) == 0:
        pytest.skip("a town without sidewalks")
    rng = np.random.default_rng(5)
    middles = corners_of(geometry, rng.choice(kerbs, 500)).mean(axis=1)
    found = [ground(a_town.surface, x, y, z + 0.2) for x, y, z in middles]
    on_walk = np.array([t >= 0 and a_town.surface.label[t] == town.SIDEWALKS for *_, t in found])
    assert on_walk.mean() > 0.99  # elsewhere a road lies a rounding above a sidewalk's end
    lift = middles[on_walk, 2] - np.array([z for z, *_ in found])[on_walk]
    assert lift.min() > 0.001
    assert lift.max() < 0.005


# --- boxes -----------------------------------------------------------------------------------------------------------


def test_every_box_has_triangles_and_they_lie_within_it(a_town, made):
    geometry, boxes = made[0].geometry, a_town.boxes
    standing = np.flatnonzero(geometry.instance > GROUND_INSTANCE)
    box = geometry.instance[standing] - 1
    assert set(box.tolist()) == set(range(len(boxes.x)))
    offset = corners_of(geometry, standing) - np.stack((boxes.x, boxes.y, boxes.z), axis=1)[box, None]
    cos, sin = np.cos(boxes.yaw)[box, None], np.sin(boxes.yaw)[box, None]
    local = np.stack(
        (cos * offset[..., 0] + sin * offset[..., 1], cos * offset[..., 1] - sin * offset[..., 0], offset[..., 2]), 2
    )
    half = np.stack((boxes.half_x, boxes.half_y, boxes.half_z), axis=1)
    assert (np.abs(local) - half[box, None]).max() < 0.002
    # Buildings, walls and crowns touch all six sides of their boxes (their feet are open).
    reach = np.zeros((len(boxes.x), 3))
    np.maximum.at(reach, box, np.abs(local).max(axis=1))
    full = np.isin(boxes.label, (town.BUILDINGS, town.WALLS, town.VEGETATION))
    assert (half - reach)[full].max() < 0.002


@pytest.mark.parametrize("name", ["Ridge", "Interchange"])
def test_a_guard_rail_is_one_rail(library, name):
    """In curves and on slopes, too, its beam goes on from piece to piece."""
    a_town = library.load(name)
    geometry = build_scenery(a_town, Materials()).geometry
    boxes = a_town.boxes
    rails = np.flatnonzero(boxes.label == town.GUARD_RAIL)
    assert len(rails) > 500
    ends = np.zeros((len(boxes.x), 2, 3))  # of each beam's top: its back and its front end
    highest = np.full((len(boxes.x), 2), -np.inf)
    chosen = np.flatnonzero(np.isin(geometry.instance, rails + GROUND_INSTANCE + 1))
    for triangle, corners in zip(chosen, corners_of(geometry, chosen), strict=True):
        box = geometry.instance[triangle] - GROUND_INSTANCE - 1
        along = np.array((np.cos(boxes.yaw[box]), np.sin(boxes.yaw[box])))
        middle = np.array((boxes.x[box], boxes.y[box]))
        for corner in corners:
            away = float((corner[:2] - middle) @ along)
            front = int(away > 0.0)
            if abs(away) > boxes.half_x[box] - 0.01 and corner[2] > highest[box, front]:
                highest[box, front] = corner[2]
                ends[box, front] = (*(middle + away * along), corner[2])
    gaps = ends[rails[1:], 0] - ends[rails[:-1], 1]
    next_to = np.hypot(gaps[:, 0], gaps[:, 1]) < 1.0
    assert next_to.mean() > 0.95  # elsewhere a road joins
    assert np.hypot(gaps[:, 0], gaps[:, 1])[next_to].max() < 0.02
    assert np.abs(gaps[next_to, 2]).max() < 0.05


def test_closed_things_are_seen_from_all_around(a_town, made):
    """From every side of the town's buildings and walls there is a triangle that faces outwards, and none inwards."""
    geometry, boxes = made[0].geometry, a_town.boxes
    kind = kinds(made)
    walls = np.flatnonzero(kind == WALL)
    assert len(walls)
    box = geometry.instance[walls] - 1
    outwards = corners_of(geometry, walls).mean(axis=1)[:, :2] - np.stack((boxes.x, boxes.y), axis=1)[box]
    assert ((outwards * geometry.normal[walls, :2]).sum(axis=1) > 0.0).all()
    sides = np.round(np.arctan2(geometry.normal[walls, 1], geometry.normal[walls, 0]) - boxes.yaw[box], 2)
    assert all(len(np.unique(np.mod(sides[box == b], 6.28).round(1))) >= 4 for b in np.unique(box)[:50])


def test_labels_of_what_is_seen_are_labels_of_the_boxes(a_town, made):
    scenery, materials = made
    table = materials.table()
    geometry = scenery.geometry
    own = table["label"][geometry.material]
    assert (own[geometry.instance > GROUND_INSTANCE] == 0).all()
    assert (scenery.instances["label"][1:] == a_town.boxes.label).all()
    assert len(np.unique(scenery.instances["colour_id"])) == len(scenery.instances)
    asphalt = table["label"][table["kind"] == ASPHALT]
    assert (asphalt == town.ROADS).all()
    assert (table["label"][table["kind"] == GRASS] > 0).all()


# --- signals ---------------------------------------------------------------------------------------------------------


def test_lamps_and_signs_face_the_traffic_that_they_rule(a_town, made):
    scenery, _ = made
    geometry, kind = scenery.geometry, kinds(made)
    row_of_box = {int(box): row for row, box in enumerate(scenery.head_rows) if box >= 0}
    assert row_of_box, "a town of ours without any signal"
    for triangle in np.flatnonzero((kind == SIGN) | ((kind == LAMP) & (np.abs(geometry.normal[:, 2]) < 0.02))).tolist():
        row = row_of_box.get(int(geometry.instance[triangle]) - 1)
        if row is None:
            continue  # a street lamp
        heading = a_town.signals.pose[row, 5] - 0.5 * np.pi  # of the traffic: simulator.maps.signals turns actors
        facing = geometry.normal[triangle, 0] * np.cos(heading) + geometry.normal[triangle, 1] * np.sin(heading)
        assert facing < -0.99
    ruled = a_town.light_boxes
    towards = np.cos(a_town.signals.pose[ruled.light, 5] - 0.5 * np.pi - ruled.yaw)
    assert (towards > 0.7).mean() > 0.9  # a few files turn a lane by a right angle before its line


def test_three_lamps_of_a_light_are_red_over_yellow_over_green_and_large(a_town, made):
    scenery, materials = made
    geometry = scenery.geometry
    heads = scenery.head_rows[: sum(type_id == "traffic.traffic_light" for type_id in a_town.signals.type_id)]
    for box in heads.tolist():
        heights = []
        for name in ("red lamp", "yellow lamp", "green lamp"):
            own = np.flatnonzero((geometry.instance == box + 1) & (geometry.material == materials.row(name)))
            corners = corners_of(geometry, own)
            heights.append(corners[:, :, 2].mean())
            assert np.ptp(corners[:, :, 2]) >= 0.3
        assert heights[0] > heights[1] + 0.3 > heights[2] + 0.6


def test_faces_of_signs_stand_upright_and_are_not_mirrored(made):
    """u grows to the right of who reads the sign, v downwards."""
    geometry = made[0].geometry
    faces = np.flatnonzero(kinds(made) == SIGN)
    assert len(faces) == 0 or (np.abs(geometry.normal[faces, 2]) < 0.02).all()  # thin triangles
    for triangle in faces[:200].tolist():
        corners, uv = corners_of(geometry, triangle), geometry.uv[triangle].astype(np.float64)
        reads = -geometry.normal[triangle]
        right = np.array([-reads[1], reads[0], 0.0])  # CARLA's y is to the right of x
        across = np.linalg.lstsq(np.c_[corners @ right, np.ones(3)], uv[:, 0], rcond=None)[0]
        down = np.linalg.lstsq(np.c_[-corners[:, 2], np.ones(3)], uv[:, 1], rcond=None)[0]
        assert across[0] > 0.5
        assert down[0] > 0.5


def test_speed_signs_show_their_speed():
    faces = {kmh: signs.speed_face(kmh) for kmh in (30, 50, 60, 90, 120)}
    assert len({face.tobytes() for face in faces.values()}) == len(faces)
    for face in faces.values():
        middle = face[face.shape[0] // 2, face.shape[1] // 20].astype(int)
        assert middle[0] > middle[1] + 80  # a red ring
        dark = (face.astype(int).sum(axis=2) < 150).sum()
        assert 0.03 < dark / face[:, :, 0].size < 0.3
    stop = signs.stop_face().astype(int)
    assert ((stop[:, :, 0] - stop[:, :, 1]) > 100).mean() > 0.4
    assert (stop.min(axis=2) > 200).mean() > 0.1


# --- what changes ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def harbor(library: MapLibrary) -> TownMap:
    return library.load("Harbor")


def test_lamps_follow_the_states_of_the_lights(harbor):
    world, scene = World(harbor), Scene(harbor)
    world.lights.freeze_all(True)
    heads = scene._scenery.head_rows
    for state, bits in ((RED, LIGHT_RED), (YELLOW, LIGHT_YELLOW), (GREEN, LIGHT_GREEN), (OFF, 0)):
        world.lights.set_state(5, state)
        instances = scene.frame(world, 1).instances
        assert instances["lights"][heads[5] + 1] == bits
    before = scene.frame(world, 1).instances["lights"].copy()
    world.lights.set_state(7, YELLOW)
    after = scene.frame(world, 2).instances["lights"]
    assert np.flatnonzero(before != after).tolist() == [heads[7] + 1]


def test_signals_carry_the_ids_of_their_actors(harbor):
    world, scene = World(harbor), Scene(harbor)
    instances = scene.frame(world, 1).instances
    for k, actor in enumerate(world.register.in_order[: len(harbor.signals.type_id)]):
        assert instances["id"][scene._scenery.head_rows[k] + 1] == actor.id
    assert (instances["id"][: scene.frame(world, 1).n_static] != 0).sum() == len(harbor.signals.type_id)


def test_hidden_objects_are_hidden_until_they_are_shown_again(harbor):
    world, scene = World(harbor), Scene(harbor)
    rows = np.flatnonzero(harbor.boxes.label == town.BUILDINGS)[:3]
    ids = harbor.boxes.id[rows].tolist()
    world.show_boxes(ids, False)
    assert np.flatnonzero(scene.frame(world, 1).instances["hidden"]).tolist() == (rows + 1).tolist()
    world.show_boxes(ids, True)
    assert not scene.frame(world, 2).instances["hidden"].any()


def test_street_lamps_are_where_their_bulbs_are_and_light_up_when_switched_on(harbor):
    world, scene = World(harbor), Scene(harbor)
    frame = scene.frame(world, 1)
    rows = scene._scenery.lamp_rows
    assert len(frame.lamps) == len(rows) > 100
    assert not frame.lamps_lit.any()
    assert np.abs(frame.lamps[:, 0] - harbor.boxes.x[rows]).max() < 1e-3
    assert (frame.lamps[:, 2] < (harbor.boxes.z + harbor.boxes.half_z)[rows]).all()
    scene.light_lamps({int(harbor.boxes.id[rows[4]]) & 0xFFFFFFFF})
    frame = scene.frame(world, 2)
    assert np.flatnonzero(frame.lamps_lit).tolist() == [4]
    assert np.flatnonzero(frame.instances["lights"] & LIGHT_STREET).tolist() == [rows[4] + 1]


def test_a_frame_keeps_what_it_showed(harbor):
    world, scene = World(harbor), Scene(harbor)
    first = scene.frame(world, 1)
    lights = first.instances["lights"].copy()
    lamps = first.lamps_lit.copy()
    for light in range(len(world.lights.lights)):
        world.lights.set_state(light, YELLOW)
    scene.light_lamps({int(number) & 0xFFFFFFFF for number in harbor.boxes.id.tolist()})
    scene.frame(world, 2)
    assert (first.instances["lights"] == lights).all()
    assert (first.lamps_lit == lamps).all()
    assert first.static is scene.frame(world, 3).static


def test_the_same_town_is_not_made_twice_and_nothing_of_an_episode_stays(harbor, library):
    first = Scene(harbor)
    first.light_lamps({int(number) & 0xFFFFFFFF for number in harbor.boxes.id.tolist()})
    world = World(harbor)
    world.spawn("vehicle.lincoln.mkz_2020", {}, Pose(*harbor.spawn_points[0, :3].tolist()))
    first.frame(world, 1)
    again = Scene(library.load("Harbor"), first.standing)
    assert again.standing is first.standing
    fresh = Scene(harbor)
    one, other = again.frame(World(harbor), 1), fresh.frame(World(harbor), 1)
    assert one.static is first.frame(world, 2).static
    for field in ("instances", "materials", "lamps", "lamps_lit", "casters"):
        assert (getattr(one, field) == getattr(other, field)).all(), field
    assert Scene(library.load("Orchard"), first.standing).standing is not first.standing


def test_a_town_without_a_map_file_has_a_scene():
    flat = flat_town(lights=2, boxes=[(10.0, 5.0, 1.0, 2.0, town.STATIC)])
    frame = Scene(flat).frame(World(flat), 0)
    assert frame.n_static == 2
    assert (frame.static.instance == 1).any()
    assert (frame.materials["kind"][frame.static.material] == ASPHALT).any()


# --- parts -----------------------------------------------------------------------------------------------------------


def test_parts_are_put_together_by_layer_and_place():
    triangle = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    near, far = Layer(10.0, farthest_m=50.0), Layer(10.0, nearest_m=50.0)
    index = np.array([[0, 1, 2]])
    parts = [
        part(far, triangle + np.array([25.0, 0.0, 0.0]), index, 3),
        part(near, triangle + np.array([25.0, 0.0, 0.0]), index, 1),
        part(near, triangle, index, 2, instance=7),
        part(far, triangle, index, 4),
        part(near, np.zeros((3, 3)), index, 5),  # no area
        part(near, triangle + np.array([26.0, 0.0, 0.0]), index, 6),
    ]
    geometry = assemble(parts)
    assert geometry.material.tolist() == [4, 3, 2, 1, 6]
    assert geometry.instance.tolist() == [0, 0, 7, 0, 0]
    assert geometry.group_start.tolist() == [0, 1, 2, 3, 5]
    assert geometry.nearest_m.tolist() == [50.0, 50.0, 0.0, 0.0]
    assert len(assemble([]).triangles) == 0


def test_materials_have_one_row_for_a_name():
    materials = Materials()
    assert materials.add("a", kind=PLAIN, colour=(0.1, 0.2, 0.3)) == 0
    assert materials.add("b", kind=LAMP, colour=(1.0, 0.0, 0.0), lamp=LIGHT_RED, params=(1.5,)) == 1
    assert materials.add("a", kind=PLAIN, colour=(0.1, 0.2, 0.3)) == 0
    with pytest.raises(ValueError, match="'a' is there already"):
        materials.add("a", kind=PLAIN, colour=(0.1, 0.2, 0.4))
    with pytest.raises(KeyError, match="no material 'c'; there are a, b"):
        materials.row("c")
    with pytest.raises(ValueError, match="9 parameters"):
        materials.add("d", kind=PLAIN, colour=(0, 0, 0), params=range(9))
    table = materials.table()
    assert len(table) == len(materials) == 2
    assert table["p"][1].tolist() == [1.5, 0, 0, 0, 0, 0, 0, 0]
    assert table["lamp"][1] == LIGHT_RED
    assert materials.table() is table
    assert linear(255, 0, 128) == pytest.approx((1.0, 0.0, 0.21586), abs=1e-4)
