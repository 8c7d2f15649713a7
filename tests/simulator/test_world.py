"""The world as a whole: spawning, destroying, what a step does, and that it repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.maps.town import BUILDINGS
from simulator.protocol.state import ACTOR_RECORD, LIGHT_RECORD, VEHICLE_RECORD, WALKER_RECORD
from simulator.server.snapshot import StatePacker
from simulator.world.actors import IdSource
from simulator.world.pose import Pose
from simulator.world.tables import SENSOR, VEHICLE
from simulator.world.world import SpawnRefused, World
from tests.fakes.towns import flat_town

MKZ = "vehicle.lincoln.mkz_2020"


def test_level_actors_come_first_and_stay() -> None:
    world = World(flat_town(lights=3))
    assert [actor.id for actor in world.register.in_order] == [1, 2, 3, 4]
    assert [actor.type_id for actor in world.register.in_order] == ["traffic.traffic_light"] * 3 + ["spectator"]
    assert not world.destroy(world.register.in_order[0])


def test_sensors_take_ids_of_their_own() -> None:
    world = World(flat_town())
    car = world.spawn(MKZ, {}, Pose(z=0.5))
    sensor = world.spawn("sensor.other.imu", {}, Pose(z=1.0), car.id)
    other = world.spawn(MKZ, {}, Pose(x=20.0, z=0.5))
    assert (car.id + 1, sensor.id) == (other.id, 40_000)


@settings(deadline=None)
@given(st.lists(st.integers(1, 8_000), min_size=1, max_size=20))
def test_ids_stay_small_and_are_not_used_again_soon(sizes: list[int]) -> None:
    """Over any number of loads; scenario_runner destroys the last route's actors, by id, in the next one's world."""
    ids = IdSource()
    before: dict[int, set[int]] = {VEHICLE: set(), SENSOR: set()}
    for size in sizes:
        ids.start_episode()
        for kind, first, end in ((VEHICLE, 1, 40_000), (SENSOR, 40_000, 65_536)):
            taken = [ids.take(kind) for _ in range(size)]
            assert taken == sorted(set(taken))
            assert first <= taken[0]
            assert taken[-1] < end
            assert before[kind].isdisjoint(taken)
            before[kind] = set(taken)


def test_ids_of_short_episodes_come_back_late() -> None:
    """A route has some 300 actors: a hundred loads pass before an id means another one."""
    ids = IdSource()
    seen: dict[int, int] = {}
    for episode in range(1000):
        ids.start_episode()
        for number in (ids.take(VEHICLE) for _ in range(300)):
            assert episode - seen.get(number, -1000) > 60
            seen[number] = episode
    assert max(seen) < 40_000


def test_an_episode_of_very_many_actors_goes_on_with_large_ids() -> None:
    ids = IdSource()
    taken = [ids.take(VEHICLE) for _ in range(50_000)]
    assert taken[39_998:40_000] == [39_999, 65_536]
    ids.start_episode()
    later = [ids.take(VEHICLE) for _ in range(10)]
    assert min(later) > max(taken)
    ids.start_episode()
    assert ids.take(VEHICLE) == 1


def test_spawn_is_refused_where_something_stands() -> None:
    world = World(flat_town(boxes=[(50.0, 0.0, 3.0, 5.0, BUILDINGS)]))
    world.spawn(MKZ, {}, Pose(z=0.2))
    for taken in (Pose(x=1.0, z=0.2), Pose(x=50.0, z=0.2)):
        with pytest.raises(SpawnRefused, match=r"^Spawn failed because of collision at spawn position$"):
            world.spawn(MKZ, {}, taken)
    world.spawn(MKZ, {}, Pose(z=-50.0))  # under the map is free


@pytest.mark.parametrize(
    ("type_id", "attributes", "parent", "words"),
    [
        ("vehicle.tesla.model9", {}, 0, "invalid actor description"),
        (MKZ, {"colour": "1,2,3"}, 0, "invalid actor description"),
        ("sensor.other.imu", {}, 999, "unable to attach actor: parent actor not found"),
    ],
)
def test_spawn_says_why_not(type_id: str, attributes: dict[str, str], parent: int, words: str) -> None:
    world = World(flat_town())
    with pytest.raises(SpawnRefused, match=words):
        world.spawn(type_id, attributes, Pose(), parent)


def test_rows_stay_in_step_when_actors_go() -> None:
    world = World(flat_town(lights=2))
    cars = [world.spawn(MKZ, {}, Pose(x=20.0 * k, z=0.5)) for k in range(100)]
    eye = world.spawn("sensor.other.gnss", {}, Pose(z=2.0), cars[50].id)
    for car in cars[:50:2]:
        assert world.destroy(car)
    world.vehicle_row(cars[51])["throttle"] = 0.7
    for actor in world.register.in_order:
        row = world.row(actor)
        assert row["id"] == actor.id
        if actor.kind == VEHICLE:
            assert world.vehicles["actor"][row["side"]] == actor.row
    assert world.vehicles["throttle"].sum() == pytest.approx(0.7)
    world.destroy(cars[50])
    assert world.row(eye)["parent"] == -1
    world.step(0.05)
    assert world.register.n_vehicles == 74


def test_a_light_concerns_the_car_in_its_volume() -> None:
    world = World(flat_town(lights=2))
    car = world.spawn(MKZ, {}, Pose(x=20.0, z=0.3))
    away = world.spawn(MKZ, {}, Pose(x=20.0, y=30.0, z=0.3))
    facing_back = world.spawn(MKZ, {}, Pose(x=0.0, z=0.3, yaw=np.pi))
    world.step(0.05)
    assert world.vehicle_row(car)["has_traffic_light"] == 1
    assert world.vehicle_row(car)["traffic_light_id"] == 2
    assert world.vehicle_row(away)["has_traffic_light"] == 0
    assert world.vehicle_row(facing_back)["has_traffic_light"] == 0
    assert world.vehicle_row(car)["speed_limit_kmh"] == 50.0


def test_friction_volumes_act_inside_only() -> None:
    world = World(flat_town())
    inside = world.spawn(MKZ, {}, Pose(z=0.2))
    outside = world.spawn(MKZ, {}, Pose(x=40.0, z=0.2))
    attributes = {"friction": "0.0", "extent_x": "2000", "extent_y": "2000", "extent_z": "500"}
    trigger = world.spawn("static.trigger.friction", attributes, Pose())
    for car in (inside, outside):
        world.vehicle_row(car)["throttle"] = 1.0
    for _ in range(40):
        world.step(0.05)
    assert abs(world.row(inside)["vx"]) < 0.1 < 5.0 < world.row(outside)["vx"]
    world.destroy(trigger)
    for _ in range(40):
        world.step(0.05)
    assert world.row(inside)["vx"] > 5.0


@pytest.mark.parametrize("physics", [True, False])
def test_a_walker_that_the_navigation_moves_stands_when_it_is_left(physics: bool) -> None:
    world = World(flat_town())
    walker = world.spawn("walker.pedestrian.0001", {}, Pose(z=1.0))
    world.set_simulate(walker, physics)  # the client's controller turns it off
    for k in range(20):
        for _ in range(2):  # it may say it twice
            world.place_walker(walker, Pose(x=0.07 * (k + 1)), 1.4)
        world.step(0.05)
        assert world.row(walker)["x"] == pytest.approx(0.07 * (k + 1))
    assert world.row(walker)["vx"] == pytest.approx(1.4)
    assert world.row(walker)["z"] == pytest.approx(0.93, abs=0.02)
    for _ in range(20):
        world.step(0.05)
    assert world.row(walker)["x"] == pytest.approx(1.4, abs=0.2)
    assert world.row(walker)["walk_speed"] == 0.0


def test_a_car_hits_a_walker_that_the_navigation_moves() -> None:
    """Its controller turns physics and collisions off; scores must know of it all the same."""
    world = World(flat_town())
    car = world.spawn(MKZ, {}, Pose(z=0.2))
    walker = world.spawn("walker.pedestrian.0001", {}, Pose(x=8.0, z=1.0))
    world.set_simulate(walker, False)
    world.row(walker)["collides"] = 0
    world.set_velocity(car, 10.0, 0.0, 0.0)
    touched = False
    for _ in range(20):
        world.place_walker(walker, Pose(x=8.0), 0.0)
        world.step(0.05)
        touched = touched or len(world.contacts) > 0
    assert touched
    assert world.row(car)["x"] > 8.0  # and is not stopped as by a pole


def busy_world(ids: IdSource | None = None) -> World:
    world = World(flat_town(lights=4), 3, ids)
    for k in range(12):
        car = world.spawn(MKZ, {}, Pose(x=9.0 * k, z=0.4, yaw=0.3 * k))
        world.vehicle_row(car)["throttle"] = 0.2 + 0.06 * k
        world.vehicle_row(car)["steer"] = 0.5 - 0.1 * k
    for k in range(6):
        walker = world.spawn("walker.pedestrian.0012", {}, Pose(x=12.0 * k, y=6.0, z=1.0))
        world.walk(walker, (0.0, -1.0, 0.0), 1.5, False)
    return world


def test_the_same_calls_give_the_same_bytes() -> None:
    one, two = busy_world(), busy_world()
    pack_one, pack_two = StatePacker(one), StatePacker(two)
    for step in range(300):
        one.step(0.05)
        two.step(0.05)
        assert pack_one.pack().tobytes() == pack_two.pack().tobytes(), f"step {step}"


def test_a_sensor_changes_nothing_else() -> None:
    plain, watched = busy_world(), busy_world()
    car = watched.register.in_order[5]
    watched.spawn("sensor.other.gnss", {}, Pose(z=2.0), car.id)
    packers = StatePacker(plain), StatePacker(watched)
    for _ in range(100):
        plain.step(0.05)
        watched.step(0.05)
    hashes = [packer.hash(packer.pack()) for packer in packers]
    assert hashes[0] == hashes[1]


def test_the_hash_does_not_tell_what_ran_before() -> None:
    used = IdSource()
    for _ in range(500):
        used.take(VEHICLE)
    first, later = busy_world(), busy_world(used)
    packers = StatePacker(first), StatePacker(later)
    for _ in range(100):
        first.step(0.05)
        later.step(0.05)
    assert first.vehicles["traffic_light_id"].any(), "no car of this scene knows of a light"
    assert later.actors["id"][0] == 501
    assert packers[0].hash(packers[0].pack()) == packers[1].hash(packers[1].pack())
    later.vehicles["throttle"][0] += 0.25
    assert packers[0].hash(packers[0].pack()) != packers[1].hash(packers[1].pack())


def test_packed_records_are_what_the_protocol_reads() -> None:
    world = busy_world()
    world.lights.set_time(1, 0, 7.5)
    for _ in range(20):
        world.step(0.05)
    raw = StatePacker(world).pack()
    records = raw.view(ACTOR_RECORD)
    count = world.register.n_actors
    table = world.actors[:count]
    assert records["id"].tolist() == table["id"].tolist()
    for name in ("x", "y", "z", "vx", "vy", "vz", "ax", "ay", "az"):
        np.testing.assert_array_equal(records[name], table[name].astype(np.float32))
    np.testing.assert_allclose(records["pitch"], np.degrees(table["pitch"]), atol=1e-4)
    np.testing.assert_allclose(np.sin(np.radians(records["yaw"])), np.sin(table["yaw"]), atol=1e-5)
    assert np.abs(records["yaw"]).max() <= 180.0
    cars = raw.view(VEHICLE_RECORD)[table["kind"] == VEHICLE]
    state = world.vehicles[: world.register.n_vehicles]
    for name in ("throttle", "steer", "brake", "speed_limit_kmh", "traffic_light_id", "gear", "has_traffic_light"):
        np.testing.assert_array_equal(cars[name], state[name].astype(cars[name].dtype))
    light = raw.view(LIGHT_RECORD)[1]
    assert (light["sign_id"], light["green_time_s"], light["light_state"]) == (b"101", 7.5, 2)
    walker = raw.view(WALKER_RECORD)[-1]
    assert (walker["direction_y"], walker["speed"]) == (-1.0, 1.5)
