"""Rays against boxes, roads and terrain whose answers are known."""

from math import pi, radians

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.maps.ground import build_surface, ground
from simulator.maps.town import BUILDINGS, CAR, NONE, PEDESTRIANS, ROADS, SIDEWALKS, TERRAIN, VEGETATION
from simulator.world.pose import Pose, to_world
from simulator.world.rays import cast_ray, project_point
from simulator.world.static_index import build_static_index
from simulator.world.tables import VEHICLE
from tests.simulator.drawn_world import POLE, DrawnWorld, make_boxes, quads_surface


def labels_of(world):
    labels = np.full(world.n, CAR, np.uint8)
    labels[world.actors["kind"] != VEHICLE] = PEDESTRIANS
    return labels


def cast(world, start, end):
    return cast_ray(world.table, world.n, labels_of(world), world.surface, world.boxes, world.index, start, end)


def project(world, start, direction, distance):
    return project_point(
        world.table, world.n, labels_of(world), world.surface, world.boxes, world.index, start, direction, distance
    )


def test_all_that_lies_on_the_way_in_order():
    tree = (30.0, 0.0, 5.0, 3.0, 3.0, 2.0, 0.0, VEGETATION, 0)
    house = (50.0, 0.0, 5.0, 5.0, 5.0, 5.0, 0.0, BUILDINGS, 1)
    world = DrawnWorld([POLE, house, tree])
    car = world.car(20.0, 0.0, yaw=pi / 2)
    world.walker(35.0, 0.0, z=4.0, simulate=0)
    hits = cast(world, (0.0, 0.0, 1.0), (100.0, 0.0, 1.0))
    assert hits["label"].tolist() == [6, CAR, BUILDINGS]
    assert hits["box"].tolist() == [0, -1, 1]
    assert hits["row"].tolist() == [-1, car, -1]
    half_width = float(world[car]["half_y"])
    assert hits["distance"].tolist() == pytest.approx([9.85, 20.0 - half_width, 45.0])
    assert hits["x"].tolist() == pytest.approx(hits["distance"].tolist())
    assert hits["z"].tolist() == [1.0, 1.0, 1.0]
    higher = cast(world, (0.0, 0.0, 4.0), (100.0, 0.0, 4.0))
    assert higher["label"].tolist() == [6, VEGETATION, PEDESTRIANS, BUILDINGS]


def test_a_turned_car_on_a_slope_is_hit_where_its_side_is():
    world = DrawnWorld()
    pose = Pose(10.0, -5.0, 3.0, radians(12), radians(-20), radians(140))
    car = world.car(**{k: getattr(pose, k) for k in ("x", "y", "z", "yaw", "roll", "pitch")}, simulate=0)
    a = world[car]
    center = (float(a["center_x"]), float(a["center_y"]), float(a["center_z"]))
    for axis, name in enumerate(("half_x", "half_y", "half_z")):
        for side in (-1.0, 1.0):
            on_face, outside = list(center), list(center)
            on_face[axis] += side * float(a[name])
            outside[axis] += side * (float(a[name]) + 2.0)
            first = cast(world, to_world(pose, *outside), to_world(pose, *center))[0]
            assert (first["x"], first["y"], first["z"]) == pytest.approx(to_world(pose, *on_face))
            assert first["distance"] == pytest.approx(2.0)


def test_a_ray_from_inside_meets_only_what_is_beyond():
    world = DrawnWorld([POLE])
    world.car(0.0, 0.0)
    assert cast(world, (0.0, 0.0, 1.0), (20.0, 0.0, 1.0))["label"].tolist() == [6]


def test_a_ray_ends_at_its_end():
    world = DrawnWorld([POLE])
    assert len(cast(world, (0.0, 0.0, 1.0), (9.8, 0.0, 1.0))) == 0
    assert len(cast(world, (0.0, 0.0, 1.0), (9.9, 0.0, 1.0))) == 1
    assert len(cast(world, (20.0, 0.0, 1.0), (30.0, 0.0, 1.0))) == 0
    assert len(cast(world, (0.0, 0.0, 1.0), (0.0, 0.0, 1.0))) == 0


def test_without_collisions_or_a_body_nothing_is_hit():
    world = DrawnWorld()
    car = world.car(10.0, 0.0, collides=0)
    world.walker(12.0, 0.0, dead=1)
    world.sensor(car)
    assert len(cast(world, (0.0, 0.0, 1.0), (20.0, 0.0, 1.0))) == 0


def test_road_above_road_above_terrain():
    surface = quads_surface(
        [(-50, -50, 50, 50, 0, 0, ROADS), (-50, -50, 50, 50, 0.005, 0.005, ROADS), (-5, -50, 5, 50, 6, 6, SIDEWALKS)],
        terrain_z=-0.5,
    )
    world = DrawnWorld(surface=surface)
    hits = cast(world, (1.0, 1.0, 10.0), (1.0, 1.0, -10.0))
    assert hits["label"].tolist() == [SIDEWALKS, ROADS, TERRAIN]  # two lanes on each other are one road
    assert hits["z"].tolist() == pytest.approx([6.0, 0.005, -0.5])
    assert cast(world, (1.0, 1.0, -10.0), (1.0, 1.0, 10.0))["label"].tolist() == [TERRAIN, ROADS, SIDEWALKS]


def test_ground_projection():
    world = DrawnWorld([POLE])
    assert project(world, (3.0, 4.0, 1.0), (0.0, 0.0, -1.0), 5.0) == (True, (3.0, 4.0, 0.0), ROADS)
    assert project(world, (3.0, 4.0, 1.0), (0.0, 0.0, -7.0), 5.0)[1] == (3.0, 4.0, 0.0)
    assert project(world, (3.0, 4.0, 1.0), (0.0, 0.0, -1.0), 0.5) == (False, (0.0, 0.0, 0.0), NONE)
    assert project(world, (3.0, 4.0, 1.0), (0.0, 0.0, 0.0), 5.0)[0] is False
    assert project(world, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), 50.0)[2] == 6


coordinate = st.floats(-60.0, 60.0)
height = st.floats(-3.0, 12.0)
point = st.tuples(coordinate, coordinate, height)


@given(st.integers(0, 2**32 - 1), point, point)
def test_the_grid_finds_what_a_look_at_every_box_finds(seed, start, end):
    rng = np.random.default_rng(seed)
    rows = [
        (*rng.uniform(-50, 50, 2), rng.uniform(0, 5), *rng.uniform(0.1, 12, 2), 3.0, rng.uniform(-4, 4), 1 + k % 20, 1)
        for k in range(40)
    ]
    world = DrawnWorld(rows, surface=quads_surface([(500, 500, 501, 501, 0, 0, 1)]))
    found = {int(hit["box"]): float(hit["distance"]) for hit in cast(world, start, end)}
    alone = {}
    for k, row in enumerate(rows):
        world.boxes = make_boxes([row])
        world.index = build_static_index(world.boxes)
        for hit in cast(world, start, end):
            alone[k] = float(hit["distance"])
    assert found == alone


@given(st.integers(0, 2**32 - 1))
def test_looking_down_finds_the_ground_that_wheels_feel(seed):
    rng = np.random.default_rng(seed)
    n = 12
    axis = np.linspace(-50, 50, n)
    vertices = np.array([(x, y, rng.uniform(0, 6)) for y in axis for x in axis])
    quads = [j * n + i for j in range(n - 1) for i in range(n - 1)]
    triangles = np.array([t for q in quads for t in ((q, q + 1, q + n), (q + 1, q + n + 1, q + n))], np.int32)
    count = len(triangles)
    hills = build_surface(
        vertices, triangles, np.full(count, ROADS, np.uint8), np.zeros(count, np.int32),
        rng.uniform(-9, -3, (9, 7)), 25.0, -90.0, -80.0,
    )  # fmt: skip
    world = DrawnWorld(surface=hills)
    for x, y in rng.uniform(-120, 120, (40, 2)):
        z, _, _, _, triangle = ground(hills, x, y, 100.0)
        found, place, label = project(world, (x, y, 50.0), (0.0, 0.0, -1.0), 100.0)
        assert found
        assert place[2] == pytest.approx(z, abs=1e-4)
        assert label == (ROADS if triangle >= 0 else TERRAIN)


@given(st.integers(0, 2**32 - 1))
def test_slanting_rays_meet_the_terrain_where_they_cross_it(seed):
    rng = np.random.default_rng(seed)
    hills = build_surface(
        np.zeros((0, 3)), np.zeros((0, 3), np.int32), np.zeros(0, np.uint8), np.zeros(0, np.int32),
        rng.uniform(0, 30, (8, 6)), 20.0, -60.0, -70.0,
    )  # fmt: skip
    world = DrawnWorld(surface=hills)
    start, end = rng.uniform((-120, -120, 0), (120, 120, 40), (2, 3))
    hits = cast(world, tuple(start), tuple(end))
    t = np.linspace(0.0, 1.0, 4001)
    above = np.array(
        [start[2] + s * (end[2] - start[2]) - ground(hills, *(start + s * (end - start))[:2], 1e9)[0] for s in t]
    )
    crossings = t[1:][np.sign(above[1:]) != np.sign(above[:-1])] * np.linalg.norm(end - start)
    assert len(hits) >= len(crossings)
    for distance in crossings:
        assert np.abs(hits["distance"] - distance).min() < 0.2
    for hit in hits:
        assert hit["z"] == pytest.approx(ground(hills, hit["x"], hit["y"], 1e9)[0], abs=1e-3)
