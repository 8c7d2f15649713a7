"""Walkers go where they are told and stand on what is there; props fall, slide and rest."""

from math import cos, pi, sin

import numpy as np
import pytest

from simulator.world.tables import PROP
from tests.simulator.drawn_world import DT, SIDEWALKS, DrawnWorld, quads_surface


def angle_between(a, b):
    return abs((float(a) - b + pi) % (2 * pi) - pi)


# -- walking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", [0.0, 1.0, pi / 2, -2.5])
@pytest.mark.parametrize("speed", [0.8, 1.7, 4.0])
def test_walks_at_its_speed_in_its_direction_and_faces_it(heading, speed):
    world = DrawnWorld()
    walker = world.walker(heading=heading, speed=speed)
    world.step(20)
    x, y = float(world[walker]["x"]), float(world[walker]["y"])
    world.step(40)
    assert world[walker]["x"] - x == pytest.approx(40 * DT * speed * cos(heading), abs=1e-9)
    assert world[walker]["y"] - y == pytest.approx(40 * DT * speed * sin(heading), abs=1e-9)
    assert angle_between(world[walker]["yaw"], heading) < 1e-9
    assert world.speed(walker) == pytest.approx(speed)
    assert world[walker]["z"] == pytest.approx(0.93)


def test_reaches_its_speed_within_a_tenth_of_a_second_or_so_and_stops_as_fast():
    world = DrawnWorld()
    walker = world.walker(speed=1.7)
    world.step(3)
    assert world.speed(walker) == pytest.approx(1.7)
    world[walker]["walk_speed"] = 0.0
    world.step(2)
    assert world.speed(walker) == 0.0
    yaw = float(world[walker]["yaw"])
    world.step(20)
    assert world[walker]["yaw"] == yaw


def test_direction_longer_than_one_is_no_speed_and_none_is_no_walk():
    world = DrawnWorld()
    long = world.walker(y=0.0, speed=1.5)
    short = world.walker(y=10.0, speed=1.5)
    none = world.walker(y=20.0, speed=1.5)
    world[long]["walk_x"] = 20.0
    world[short]["walk_x"] = 0.5
    world[none]["walk_x"] = 0.0
    world.step(20)
    assert world.speed(long) == pytest.approx(1.5)
    assert world.speed(short) == pytest.approx(0.75)
    assert world.speed(none) == 0.0
    assert world[none]["yaw"] == 0.0


def test_turns_through_the_short_side_within_half_a_second():
    world = DrawnWorld()
    walker = world.walker(heading=-3.0, speed=1.0, yaw=3.0)
    yaw = [float(world[walker]["yaw"]) for _ in range(12) if world.step() is None]
    assert angle_between(yaw[-1], -3.0) < 1e-9
    assert all(2.9 < value < 3.4 for value in yaw)


def test_frozen_walkers_stay_where_they_are_put():
    world = DrawnWorld()
    frozen = world.walker(z=40.0, speed=1.5, simulate=0)
    placed = world.walker(y=5.0, z=1.1, speed=1.5, placed=1, vx=1.2)
    before = world.actors[["x", "y", "z", "yaw"]].copy()
    world.step(20)
    assert (world.actors[["x", "y", "z", "yaw"]] == before).all()
    assert world.speed(frozen) == 0.0
    assert world[placed]["vx"] == 1.2


def test_dead_walkers_stop():
    world = DrawnWorld()
    walker = world.walker(speed=2.0)
    world.step(10)
    world[walker]["dead"] = 1
    world.step(5)
    assert world.speed(walker) == 0.0


# -- standing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0.93, 1.13, 1.2, 2.13, 0.0, 0.5])
def test_a_walker_spawned_near_the_ground_stands_on_it(z):
    # scenario_runner spawns at +0.2 to +1.2 m; scripts also put the middle of the capsule at road height.
    world = DrawnWorld()
    walker = world.walker(z=z)
    world.step(30)
    assert world[walker]["z"] == pytest.approx(0.93, abs=1e-9)
    assert world[walker]["grounded"] == 1
    assert world[walker]["vz"] == 0.0


def test_falls_as_stones_fall():
    world = DrawnWorld()
    walker = world.walker(z=20.93)
    world.step(20, substeps=50)
    assert world[walker]["z"] == pytest.approx(20.93 - 0.5 * 9.81, abs=0.01)
    assert world[walker]["vz"] == pytest.approx(-9.81, rel=1e-6)


@pytest.mark.parametrize("height", [0.15, 0.35, -0.15, -0.35])
def test_kerbs_are_steps(height):
    world = DrawnWorld(surface=quads_surface([(-20, -20, 0, 20, 0, 0, 1), (0, -20, 20, 20, height, height, SIDEWALKS)]))
    walker = world.walker(x=-1.0, speed=1.5)
    for _ in range(40):
        world.step()
        assert world[walker]["grounded"] == 1
    assert world[walker]["x"] > 1.5
    assert world[walker]["z"] == pytest.approx(height + 0.93)


def test_a_high_ledge_is_a_fall():
    world = DrawnWorld(surface=quads_surface([(-20, -20, 0, 20, 2, 2, 1), (0, -20, 20, 20, 0, 0, 1)]))
    walker = world.walker(x=-0.5, z=2.93, speed=1.5)
    flew = False
    for _ in range(40):
        world.step()
        flew |= world[walker]["grounded"] == 0
    assert flew
    assert world[walker]["z"] == pytest.approx(0.93)


def test_follows_a_slope():
    world = DrawnWorld(surface=quads_surface([(-50, -50, 50, 50, -5, 5, 1)]))
    up = world.walker(x=0.0, z=0.93, speed=1.5)
    down = world.walker(x=0.0, y=5.0, z=0.93, heading=pi, speed=1.5)
    for _ in range(60):
        world.step()
        for walker in (up, down):
            assert world[walker]["z"] == pytest.approx(0.1 * world[walker]["x"] + 0.93, abs=1e-9)


def test_stays_on_its_level_of_a_bridge():
    world = DrawnWorld(surface=quads_surface([(-60, -60, 60, 60, 0, 0, 1), (-60, -5, 60, 5, 3, 3, 1)]))
    above = world.walker(x=-2.0, z=3.93, speed=1.5)
    below = world.walker(y=-8.0, heading=pi / 2, speed=1.5)
    for _ in range(200):
        world.step()
        assert world[below]["z"] == pytest.approx(0.93)
    assert world[below]["y"] > 5.0
    assert world[above]["z"] == pytest.approx(3.93)


def test_jumps_while_it_is_told_to():
    world = DrawnWorld()
    walker = world.walker()
    world.step(2)
    world[walker]["jump"] = 1
    world.step()
    world[walker]["jump"] = 0
    heights = [float(world[walker]["z"]) for _ in range(30) if world.step() is None]
    assert max(heights) == pytest.approx(0.93 + 4.2**2 / (2 * 9.81), abs=0.05)
    assert heights[-1] == pytest.approx(0.93)


def test_without_gravity_it_neither_falls_nor_sinks():
    world = DrawnWorld()
    walker = world.walker(z=5.0, gravity=0, speed=1.0)
    world.step(40)
    assert world[walker]["z"] == 5.0
    assert world.speed(walker) == pytest.approx(1.0)


def test_under_the_map_it_falls_at_a_speed_that_stays_sane():
    world = DrawnWorld()
    walker = world.walker(z=-50.0)
    world.step(400)
    assert world[walker]["z"] < -60.0
    assert world[walker]["vz"] == -40.0


# -- props -------------------------------------------------------------------------------------------------------


def test_prop_falls_and_rests_on_the_ground():
    world = DrawnWorld()
    cone = world.cone(z=1.0)
    world.step(40)
    assert world[cone]["z"] == 0.0
    assert world[cone]["vz"] == 0.0
    assert world[cone]["grounded"] == 1


def test_prop_slides_as_far_as_friction_lets_it():
    world = DrawnWorld()
    cone = world.cone(vx=6.0, wz=4.0)
    world.step(1)
    world[cone]["vx"] = 6.0
    x = float(world[cone]["x"])
    world.step(80)
    assert world[cone]["x"] - x == pytest.approx(6.0**2 / (2 * 0.6 * 9.81), rel=0.05)
    assert world[cone]["vx"] == 0.0
    assert world[cone]["wz"] == 0.0


def test_force_for_a_tick_is_worth_its_impulse():
    world = DrawnWorld()
    lifted = world.cone(mass=10.0)
    floating = world.add(PROP, y=10.0, z=5.0, mass=10.0, gravity=0)
    world.step(5)
    for row in (lifted, floating):
        world[row]["force_z"] = 100.0 * 5.0 / DT / 10.0  # 500 N s over one tick
        world[row]["force_x"] = 40.0 / DT
    world.step()
    assert world[floating]["vx"] == pytest.approx(4.0)
    assert world[floating]["vz"] == pytest.approx(5.0)
    assert world[lifted]["vz"] == pytest.approx(5.0 - 9.81 * DT)
    assert (world.actors["force_z"] == 0.0).all()
    world.step(40)
    assert world[lifted]["z"] == 0.0
    assert world[floating]["z"] > 10.0


def test_fixed_prop_hangs_in_the_air():
    world = DrawnWorld()
    cone = world.cone(z=3.0, simulate=0, vx=1.0)
    world.step(20)
    assert (world[cone]["x"], world[cone]["z"], world[cone]["vx"]) == (0.0, 3.0, 0.0)


def test_velocity_of_what_stands_is_exactly_zero():
    world = DrawnWorld()
    world.walker()
    world.cone(5.0)
    world.step(20)
    for name in ("vx", "vy", "vz", "wx", "wy", "wz", "ax", "ay", "az"):
        assert (np.abs(world.actors[name]) == 0.0).all()
