"""Who touches whom, what it does to them, and which places are free to spawn at."""

from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import box as rectangle

from simulator.maps.town import POLES, VEGETATION
from simulator.world.shapes import BODY, contact_point, overlap
from simulator.world.static_index import build_static_index, cell_range, met_before
from simulator.world.tables import PROP, VEHICLE, WALKER
from tests.simulator.drawn_world import DT, HOUSE, POLE, DrawnWorld, make_boxes, quads_surface

CONE_HALF = (0.17, 0.17, 0.295)


def momentum(world: DrawnWorld) -> tuple[float, float]:
    a = world.actors
    return float((a["mass"] * a["vx"]).sum()), float((a["mass"] * a["vy"]).sum())


# -- crashes -----------------------------------------------------------------------------------------------------


def test_head_on_crash_keeps_momentum_and_stops_neither_through_the_other():
    world = DrawnWorld()
    left = world.car(-2.6, 0.0, speed=15.0)
    right = world.car(2.6, 0.0, yaw=pi, speed=10.0, type_id="vehicle.carlamotors.carlacola")
    before, _ = momentum(world)
    tyres = 0.0
    while not len(world.contacts):
        now, _ = momentum(world)
        world.step(dt=0.01, substeps=1)
        assert world[left]["x"] < world[right]["x"]
        tyres += abs(momentum(world)[0] - now)
    assert abs(momentum(world)[0] - before) <= tyres + 1e-6
    assert momentum(world)[0] == pytest.approx(before, rel=0.05)  # engines and tyres take a little
    assert world[left]["vx"] == pytest.approx(world[right]["vx"], abs=0.05)  # no bounce
    contact = world.contacts[0]
    assert (contact["a"], contact["b"]) == (left, right)
    assert contact["impulse_x"] == pytest.approx(world[left]["mass"] * (world[left]["vx"] - 15.0), rel=0.02)
    assert abs(contact["y"]) < 0.05
    assert 0.2 < contact["z"] < 1.5
    for _ in range(40):
        world.step()
        assert world[right]["x"] - world[left]["x"] > world[right]["half_x"] + world[left]["half_x"] - 0.05


@pytest.mark.parametrize("dt", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("speed", [5.0, 15.0, 40.0])
@pytest.mark.parametrize("offset", [0.0, 0.5, 0.95])
def test_car_stops_at_a_pole(speed, dt, offset):
    world = DrawnWorld([POLE])
    car = world.car(4.0, offset, speed=speed)
    front = float(world[car]["half_x"] + world[car]["center_x"])
    met = []
    for _ in range(int(2.0 / dt)):
        met += world.run(1, dt=dt, substeps=max(1, round(dt / 0.01)))
        if met and world.speed(car) < 0.1:
            break
        if offset == 0.0:  # beside the middle the car turns around the pole
            assert world[car]["x"] + front < POLE[0] - POLE[3] + 0.1
    assert (car, -1, 0) in met
    assert world[car]["x"] < POLE[0] + 1.0
    assert world.speed(car) < 0.6 * speed


def test_pole_off_the_middle_turns_the_car_to_its_side():
    world = DrawnWorld([POLE])
    car = world.car(6.0, 0.7, speed=10.0)  # the pole meets its left corner
    while not len(world.contacts):
        world.step(dt=0.01, substeps=1)
    assert world.contacts[0]["impulse_x"] < 0.0
    assert world[car]["wz"] < -0.5  # the left side is held, the car turns left


def test_car_throws_a_walker_modestly_and_hardly_slows_down():
    world = DrawnWorld()
    car = world.car(0.0, 0.0, speed=10.0)
    walker = world.walker(4.0, 0.2)
    while not len(world.contacts):
        world.step()
    assert (world.contacts[0]["a"], world.contacts[0]["b"]) == (car, walker)
    assert 6.0 < world[walker]["vx"] < 10.5
    assert world[car]["vx"] > 8.0
    highest = max(float(world[walker]["z"]) for _ in range(60) if world.step() is None)
    assert 0.93 < highest < 1.6
    assert world[walker]["z"] == pytest.approx(0.93, abs=1e-6)  # on its feet again
    assert 4.0 < world[walker]["x"] < 25.0


def test_walker_does_not_push_a_parked_car():
    world = DrawnWorld()
    car = world.car(3.0, 0.0, hand_brake=True)
    world.step(20)
    x = float(world[car]["x"])
    walker = world.walker(-0.5, 0.0, heading=0.0, speed=1.5)
    met = world.run(100)
    assert met == [(car, walker, -1)]
    assert world[car]["x"] == pytest.approx(x, abs=0.05)
    assert world[walker]["x"] < x - world[car]["half_x"]


def test_walker_stops_at_a_wall_and_slides_along_it():
    world = DrawnWorld([(5.0, 0.0, 2.0, 0.2, 10.0, 2.0, 0.0, 3, 1)])
    walker = world.walker(3.0, 0.0, heading=pi / 4, speed=1.4)
    assert world.run(80) == [(walker, -1, 0)]
    assert world[walker]["x"] < 5.0 - 0.2 - 0.1875 + 0.03
    assert world[walker]["y"] > 1.5


def test_cone_is_pushed_away_and_the_car_does_not_notice():
    world = DrawnWorld()
    car = world.car(0.0, 0.0, speed=10.0)
    cone = world.cone(4.0, 0.3)
    assert world.run(20) == [(car, cone, -1)]
    assert world[cone]["x"] > 6.0
    assert world[car]["vx"] > 5.0
    world.step(200)
    assert world.speed(cone) == 0.0
    assert world[cone]["z"] == 0.0


def test_car_shoved_from_the_side_moves_and_comes_to_rest():
    world = DrawnWorld()
    world.car(-6.0, 0.0, speed=12.0)
    parked = world.car(0.0, 0.0, yaw=pi / 2, hand_brake=True)
    world.run(80)
    assert 0.3 < world[parked]["x"] < 6.0
    assert world.speed(parked) < 0.01


def test_pushing_a_car_from_standstill_is_told_and_leaning_on_it_is_not():
    world = DrawnWorld()
    behind = world.car(0.0, 0.0, hand_brake=True)
    ahead = world.car(4.89, 0.0)
    assert world.run(20) == []
    world.vehicles["hand_brake"][0] = 0
    world.vehicles["throttle"][0] = 0.8
    assert world.run(40) == [(behind, ahead, -1)]
    assert world[ahead]["x"] > 5.5


def test_fixed_prop_stands_like_a_rock():
    world = DrawnWorld()
    car = world.car(0.0, 0.0, speed=10.0)
    cone = world.cone(5.0, 0.0, simulate=0)
    assert world.run(20) == [(car, cone, -1)]
    assert (world[cone]["x"], world[cone]["y"], world[cone]["vx"]) == (5.0, 0.0, 0.0)
    assert world.speed(car) < 0.5


# -- who does not meet -------------------------------------------------------------------------------------------


def test_two_frozen_actors_never_meet_but_a_moving_one_meets_them():
    world = DrawnWorld([(0.0, 0.0, 1.0, 3.0, 3.0, 1.0, 0.0, 3, 1)])
    world.car(0.0, 0.0, simulate=0)
    world.car(1.0, 0.0, simulate=0)
    world.walker(0.0, 0.5, simulate=0)
    assert world.run(5) == []
    walker = world.walker(10.0, 0.0, heading=pi, speed=2.0)
    world.table["x"][1] = 5.0
    assert world.run(80) == [(1, walker, -1)]


def test_without_collisions_one_passes_through():
    world = DrawnWorld([POLE])
    car = world.car(0.0, 0.0, speed=15.0, collides=0)
    world.cone(5.0, 0.0)
    assert world.run(30) == []
    assert world[car]["x"] > 12.0


def test_dead_walkers_and_attached_actors_have_no_body():
    world = DrawnWorld()
    car = world.car(0.0, 0.0, speed=10.0)
    world.walker(5.0, 0.0, dead=1)
    world.cone(parent=car, rel_x=2.0, simulate=0)
    assert world.run(40) == []


def test_boxes_that_are_not_solid_do_not_stop_anybody():
    world = DrawnWorld([(10.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0, VEGETATION, 0)])
    world.car(0.0, 0.0, speed=15.0)
    assert world.run(30) == []


def test_standing_and_driving_on_the_road_is_no_contact():
    surface = quads_surface([(-50, -50, 0, 50, 0, 0, 1), (0, -50, 50, 50, 0, 5, 1)])  # flat, then up 10 %
    world = DrawnWorld(surface=surface)
    car = world.car(-10.0, 0.0, z=0.5, speed=12.0)
    world.walker(-5.0, 8.0, z=1.5, speed=1.5)
    world.cone(-5.0, -8.0, z=0.5)
    assert world.run(80) == []
    assert world[car]["z"] > 0.5


def test_bridge_and_road_beneath_are_two_places():
    surface = quads_surface([(-60, -60, 60, 60, 0, 0, 1), (-60, -5, 60, 5, 6, 6, 1)])
    world = DrawnWorld(surface=surface)
    above = world.car(-10.0, 0.0, z=6.1, speed=10.0)
    below = world.car(0.0, -10.0, z=0.1, yaw=pi / 2, speed=10.0)
    assert world.run(40) == []
    assert world[above]["z"] == pytest.approx(6.0, abs=0.05)
    assert world[below]["z"] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("depth", [-50.0, -500.0])
def test_actors_parked_under_the_map_touch_nothing_and_stay(depth):
    world = DrawnWorld()
    world.car(0.0, 0.0, speed=10.0)
    parked = world.car(3.0, 0.0, z=depth, simulate=0)
    walker = world.walker(4.0, 0.0, z=depth, simulate=0)
    world.walker(6.0, 0.0, z=depth, simulate=0)
    pose = world.actors[["x", "y", "z", "yaw"]][parked:].copy()
    assert world.run(40) == []
    assert (world.actors[["x", "y", "z", "yaw"]][parked:] == pose).all()
    assert world[walker]["z"] == depth


def test_low_debris_passes_under_a_car_on_a_slope_too():
    surface = quads_surface([(-50, -50, 0, 50, 0, 0, 1), (0, -50, 50, 50, 0, 5, 1)])
    world = DrawnWorld(surface=surface)
    world.car(-10.0, 0.0, speed=12.0)
    for x in (-3.0, 4.0, 12.0):  # static.prop.dirtdebris03 is 0.19 m high
        world.add(
            PROP,
            x,
            0.0,
            max(0.0, 0.1 * x),
            half=(0.93, 0.75, 0.095),
            center_z=0.095,
            simulate=0,
            pitch=np.arctan(0.1) * (x > 0),
        )
    assert world.run(40) == []


# -- coming apart ------------------------------------------------------------------------------------------------


def test_overlapping_cars_come_apart_slowly_and_fall_silent():
    world = DrawnWorld()
    for k in range(5):
        world.car(0.1 * k, 0.05 * k, yaw=0.3 * k)
    for _ in range(200):
        x, y = world.actors["x"].copy(), world.actors["y"].copy()
        world.step()
        moved = np.hypot(world.actors["x"] - x, world.actors["y"] - y) / DT
        assert moved.max() < 2.0
        assert world.speed(0) < 2.0
    assert len(world.contacts) == 0
    outlines = [outline(a) for a in world.actors]
    assert all(a.intersection(b).area < 0.15 for k, a in enumerate(outlines) for b in outlines[:k])


def test_light_shift_into_a_neighbour_is_no_crash():
    # VehicleOpensDoor and ParkingExit shift a fresh car by some centimetres towards its neighbour.
    world = DrawnWorld()
    world.car(0.0, 0.0, hand_brake=True)
    world.car(4.84, 0.0, hand_brake=True)
    assert world.run(20) == []
    assert world.speed(1) < 0.05


# -- spawning ----------------------------------------------------------------------------------------------------


def test_free_places():
    world = DrawnWorld([POLE, HOUSE])
    world.car(0.0, 0.0)
    half = (2.446, 0.918, 0.745)
    assert world.overlap(VEHICLE, 0.0, 3.0, 0.2, half, 0.749) == -1
    assert world.overlap(VEHICLE, 0.0, 0.0, -50.0, half, 0.749) == -1
    assert world.overlap(WALKER, 0.0, 0.0, -50.0, (0.19, 0.19, 0.93), 0.0) == -1
    assert world.overlap(PROP, 4.0, 0.0, 0.0, CONE_HALF, 0.295) == -1
    assert world.overlap(PROP, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0), 0.0) == -1  # a mesh of unknown size


def test_places_taken():
    world = DrawnWorld([POLE, HOUSE])
    car = world.car(0.0, 0.0)
    walker = world.walker(0.0, 5.0, simulate=0)
    half = (2.446, 0.918, 0.745)
    assert world.overlap(VEHICLE, 1.0, 0.5, 0.2, half, 0.749, yaw=0.4) == car
    assert world.overlap(VEHICLE, 1.0, 0.5, 0.2, half, 0.749, ignore_row=car) == -1
    assert world.overlap(VEHICLE, 1.0, 5.0, 0.2, half, 0.749) == walker
    assert world.overlap(VEHICLE, 9.0, 0.0, 0.2, half, 0.749) == -2
    assert world.overlap(VEHICLE, 30.0, 20.0, 0.2, half, 0.749) == -3
    assert world.overlap(PROP, 0.0, 0.0, 0.0, CONE_HALF, 0.295) == car
    assert world.overlap(PROP, 30.0, 20.0, 0.0, CONE_HALF, 0.295) == -3
    assert world.overlap(PROP, 10.0, 0.0, 0.0, CONE_HALF, 0.295) == -1  # beside a pole, as roadworks signs stand


def test_bumper_to_bumper_is_free_and_a_hand_further_is_not():
    world = DrawnWorld()
    world.car(0.0, 0.0)
    half = tuple(float(world[0][name]) for name in ("half_x", "half_y", "half_z"))
    length, width = 2.0 * half[0], 2.0 * half[1]
    center_x = float(world[0]["center_x"])
    assert world.overlap(VEHICLE, length + center_x, 0.0, 0.2, half, 0.749) == -1
    assert world.overlap(VEHICLE, 0.0, width - 0.02, 0.2, half, 0.749) == -1
    assert world.overlap(VEHICLE, 0.0, width - 0.1, 0.2, half, 0.749) == 0


# -- geometry ----------------------------------------------------------------------------------------------------

coordinate = st.floats(-3.0, 3.0)
size = st.floats(0.1, 3.0)
angle = st.floats(-4.0, 4.0)


def outline(a):
    x = float(a["x"] + cos(a["yaw"]) * a["center_x"] - sin(a["yaw"]) * a["center_y"])
    y = float(a["y"] + sin(a["yaw"]) * a["center_x"] + cos(a["yaw"]) * a["center_y"])
    return polygon(x, y, float(a["half_x"]), float(a["half_y"]), float(a["yaw"]))


def polygon(x, y, half_x, half_y, yaw):
    flat = rectangle(x - half_x, y - half_y, x + half_x, y + half_y)
    return affinity.rotate(flat, yaw, origin=(x, y), use_radians=True)


def body(x, y, half_x, half_y, yaw):
    record = np.zeros(1, BODY)
    record["x"], record["y"], record["half_x"], record["half_y"] = x, y, half_x, half_y
    record["cos_yaw"], record["sin_yaw"] = cos(yaw), sin(yaw)
    return record[0]


@given(st.tuples(coordinate, coordinate, size, size, angle), st.tuples(coordinate, coordinate, size, size, angle))
def test_overlap_agrees_with_polygons(first, second):
    depth, nx, ny = overlap(body(*first), body(*second), 0.0, 0.0, 0.0)
    a, b = polygon(*first), polygon(*second)
    area = a.intersection(b).area
    if abs(depth) < 1e-6:
        return
    assert (depth > 0.0) == (area > 0.0)
    if depth > 0.0:
        assert nx * nx + ny * ny == pytest.approx(1.0)
        apart = affinity.translate(b, (depth + 1e-6) * nx, (depth + 1e-6) * ny)
        assert a.intersection(apart).area < 1e-5
        x, y = contact_point(body(*first), body(*second))
        common = a.intersection(b).buffer(1e-6).convex_hull
        assert common.contains(rectangle(x - 1e-9, y - 1e-9, x + 1e-9, y + 1e-9))


def test_normal_is_the_side_that_was_entered():
    car = body(0.0, 0.0, 2.4, 0.9, 0.0)
    pole = body(2.3, 0.95, 0.15, 0.15, 0.0)  # 0.25 m into the front, 0.1 m into the side
    assert overlap(car, pole, 0.0, 0.0, 0.01)[1:] == (0.0, 1.0)
    assert overlap(car, pole, 30.0, 0.0, 0.01)[1:] == (1.0, 0.0)
    assert overlap(car, pole, 1.0, 0.0, 0.01)[1:] == (0.0, 1.0)  # too slow to have come from there


@given(st.integers(0, 2**32 - 1))
def test_static_index_meets_each_box_once(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (*rng.uniform(-40, 40, 2), 0.0, *rng.uniform(0.1, 15, 2), 1.0, rng.uniform(-4, 4), POLES, 1) for _ in range(30)
    ]
    boxes = make_boxes(rows)
    index = build_static_index(boxes)
    low = rng.uniform(-60, 40, 2)
    high = low + rng.uniform(0, 40, 2)
    i0, i1, j0, j1 = cell_range(index, *low, *high)
    met = []
    for j in range(j0, j1 + 1):
        for i in range(i0, i1 + 1):
            cell = j * index.nx + i
            for k in index.cell_boxes[index.cell_start[cell] : index.cell_start[cell + 1]]:
                if not met_before(index, k, i, j, i0, j0):
                    met.append(int(k))
    assert len(met) == len(set(met))
    asked = rectangle(*low, *high)
    for k, row in enumerate(rows):
        if polygon(row[0], row[1], row[3], row[4], row[6]).intersects(asked):
            assert k in met


def test_far_places_do_not_break_the_index():
    index = build_static_index(make_boxes([POLE]))
    for far in (1e30, -1e30):
        i0, i1, j0, j1 = cell_range(index, far, far, far, far)
        assert i0 > i1 or j0 > j1
