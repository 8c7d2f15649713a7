"""The step as a whole: attached actors, accelerations, repeatability, and no way to break it."""

from math import degrees, radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world.contacts import PAIR
from simulator.world.pose import Pose, compose
from simulator.world.tables import CONTACT
from tests.simulator.drawn_world import DT, HOUSE, POLE, DrawnWorld, quads_surface

carla = pytest.importorskip("carla")

SLOPES = [(-60, -60, 0, 60, -6, 0, 1), (0, -60, 60, 60, 0, 4, 1), (-60, -4, 60, 4, 7, 7, 1)]


def pose_of(a) -> Pose:
    return Pose(*(float(a[name]) for name in ("x", "y", "z", "roll", "pitch", "yaw")))


def crowd(seed=0, cars=12, walkers=8, cones=8):
    """Much on a small place, half of it overlapping."""
    rng = np.random.default_rng(seed)
    world = DrawnWorld([POLE, HOUSE], surface=quads_surface(SLOPES, terrain_z=-7.0))
    for _ in range(cars):
        world.car(*rng.uniform(-15, 30, 2), z=rng.uniform(0, 4), yaw=rng.uniform(-4, 4), speed=rng.uniform(-5, 30))
    for _ in range(walkers):
        world.walker(*rng.uniform(-15, 30, 2), z=rng.uniform(0, 4), heading=rng.uniform(-4, 4), speed=rng.uniform(0, 4))
    for _ in range(cones):
        world.cone(*rng.uniform(-15, 30, 2), simulate=int(rng.integers(2)))
    world.vehicles["throttle"][: world.n_vehicles] = rng.uniform(0, 1, world.n_vehicles)
    world.vehicles["steer"][: world.n_vehicles] = rng.uniform(-1, 1, world.n_vehicles)
    return world


# -- attached actors ---------------------------------------------------------------------------------------------

angle = st.floats(-3.1, 3.1)
tilt = st.floats(-1.4, 1.4)
place = st.floats(-100.0, 100.0)
poses = st.builds(Pose, place, place, place, angle, tilt, angle)


@given(poses, poses)
@settings(max_examples=60)
def test_attached_actors_ride_as_the_client_composes_transforms(parent, relative):
    world = DrawnWorld()
    carrier = world.walker(simulate=0)
    for name, value in parent._asdict().items():
        world[carrier][name] = value
    sensor = world.sensor(carrier, **{f"rel_{name}": value for name, value in relative._asdict().items()})
    world.step()
    transform = transform_of(parent)
    for local in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        expected = transform.transform(transform_of(relative).transform(carla.Location(*local)))
        got = transform_of(pose_of(world[sensor])).transform(carla.Location(*local))
        assert got.distance(expected) < 2e-4  # the client counts in 32 bits
    assert pose_of(world[sensor]) == pytest.approx(compose(parent, relative), abs=1e-9)


def transform_of(pose: Pose):
    rotation = carla.Rotation(pitch=degrees(pose.pitch), yaw=degrees(pose.yaw), roll=degrees(pose.roll))
    return carla.Transform(carla.Location(pose.x, pose.y, pose.z), rotation)


def test_a_mount_that_looks_straight_down_keeps_its_heading():
    world = DrawnWorld()
    carrier = world.walker(simulate=0, yaw=radians(30))
    sensor = world.sensor(carrier, rel_z=2.0, rel_pitch=radians(-90))
    world.step()
    assert pose_of(world[sensor]) == pytest.approx((0.0, 0.0, 2.93, 0.0, radians(-90), radians(30)), abs=1e-7)


def test_attached_actors_are_where_their_parent_is_at_the_end_of_the_step():
    world = DrawnWorld()
    car = world.car(0.0, 0.0, speed=10.0)
    camera = world.sensor(car, rel_x=1.5, rel_z=2.0)
    on_camera = world.sensor(camera, rel_x=0.5)
    for _ in range(10):
        world.step()
        assert pose_of(world[camera]) == pytest.approx(compose(pose_of(world[car]), Pose(1.5, 0.0, 2.0)), abs=1e-12)
        assert pose_of(world[on_camera]) == pytest.approx(compose(pose_of(world[car]), Pose(2.0, 0.0, 2.0)), abs=1e-12)
        for name in ("vx", "vy", "vz", "wx", "wy", "wz", "ax", "ay", "az"):
            assert world[camera][name] == world[car][name]


# -- velocities and accelerations --------------------------------------------------------------------------------


def test_accelerations_are_the_change_of_velocity():
    world = crowd()
    world.step(3)
    for _ in range(20):
        before = world.actors[["vx", "vy", "vz"]].copy()
        world.step()
        for row in range(12, world.n):  # vehicles have their own account: tests of vehicles
            for v, a in (("vx", "ax"), ("vy", "ay"), ("vz", "az")):
                assert world[row][a] == pytest.approx((world[row][v] - before[row][v]) / DT, abs=1e-9)


def test_with_physics_off_nothing_moves_and_nothing_has_a_velocity():
    world = crowd()
    world.actors["simulate"][:] = 0
    before = world.actors[["x", "y", "z", "roll", "pitch", "yaw"]].copy()
    assert world.run(5) == []
    assert (world.actors[["x", "y", "z", "roll", "pitch", "yaw"]] == before).all()
    for name in ("vx", "vy", "vz"):
        assert (world.actors[name] == 0.0).all()


def test_no_time_no_change():
    world = crowd()
    before = world.actors.tobytes()
    world.step(dt=0.0)
    assert world.actors.tobytes() == before


# -- the same again ----------------------------------------------------------------------------------------------


def test_same_start_same_bits():
    first, second = crowd(7), crowd(7)
    second.step(0)
    for _ in range(100):
        first.step()
        second.step()
        assert first.actors.tobytes() == second.actors.tobytes()
        assert first.contacts.tobytes() == second.contacts.tobytes()


def test_what_the_scratch_held_before_does_not_matter():
    first, second = crowd(3), crowd(3)
    rng = np.random.default_rng(0)
    for _ in range(30):
        for part in (second.scratch.bodies, second.scratch.pairs):
            part.view(np.uint8)[:] = rng.integers(0, 255, part.nbytes, dtype=np.uint8)
        first.step()
        second.step()
        assert first.actors.tobytes() == second.actors.tobytes()


def test_pairs_that_do_not_fit_are_no_reason_to_forget_any():
    roomy, tight = crowd(5), crowd(5)
    tight.scratch.pairs = np.zeros(1, PAIR)
    for _ in range(10):
        roomy.step()
        tight.step()
        assert roomy.actors.tobytes() == tight.actors.tobytes()
        assert roomy.contacts.tobytes() == tight.contacts.tobytes()
    assert len(tight.scratch.pairs) > 1


def test_contacts_are_bounded_unique_and_in_order_of_rows():
    world = crowd(2, cars=30, walkers=30, cones=0)
    pairs = [
        (int(c["a"]), int(c["b"]), int(c["static_box"]))
        for _ in range(5)
        if world.step() is None
        for c in world.contacts
    ]
    assert len(pairs) > 30
    world.step()
    now = [(c["a"], c["b"] if c["b"] >= 0 else world.n + c["static_box"]) for c in world.contacts]
    assert now == sorted(set(now))
    assert all(a < b for a, b in now)
    world._contacts = np.zeros(2, CONTACT)
    world.step()
    assert len(world.contacts) <= 2


# -- no way to break it ------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.005, 0.02, 0.05, 0.1]), st.integers(1, 10))
@settings(max_examples=40)
def test_crowds_never_explode(seed, dt, substeps):
    world = crowd(seed, cars=8, walkers=6, cones=6)
    fastest = max(world.speed(row) for row in range(world.n)) + 5.0
    for _ in range(40):
        world.step(dt=dt, substeps=substeps)
        assert all(np.isfinite(world.actors[name]).all() for name in world.actors.dtype.names if name not in ("id",))
        assert max(world.speed(row) for row in range(world.n)) < fastest + 12.0 * dt * 40
        assert np.abs(world.actors["wz"]).max() < 40.0


@pytest.mark.parametrize("value", [1e6, -1e6, 1e9])
def test_absurd_velocities_and_places_are_survived(value):
    world = crowd(1, cars=4, walkers=3, cones=3)
    world.actors["vx"][:3] = value
    world.actors["y"][5] = value
    world.actors["wz"][3] = value
    world.step(5)
    assert all(np.isfinite(world.actors[name]).all() for name in ("x", "y", "z", "vx", "vy", "vz", "yaw", "wz"))


def test_a_car_whose_numbers_overflow_harms_nobody_else():
    world = DrawnWorld()
    broken = world.car(0.0, 0.0, speed=10.0)
    sound = world.car(30.0, 0.0, hand_brake=True)
    walker = world.walker(3.0, 0.5)
    world.vehicles["drag_area_m2"][0] = 1e60
    for _ in range(20):
        world.step()
        for row in (broken, sound, walker):
            assert np.isfinite(pose_of(world[row])).all()
    assert world[sound]["x"] == pytest.approx(30.0, abs=0.05)
    assert world[walker]["x"] == pytest.approx(3.0, abs=5.0)


def test_an_empty_world_steps():
    world = DrawnWorld()
    world.step(3)
    assert len(world.contacts) == 0
