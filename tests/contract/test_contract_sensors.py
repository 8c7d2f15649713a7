"""Event and pose sensors: frames, counts, readings, and what cannot be sensed yet (needs A6, B1, B4, C1)."""

import math
import queue
import threading
import time
from itertools import pairwise

import carla
import pytest

import simulator
from tests.contract.support import (
    DELTA_S,
    Address,
    Bench,
    Inbox,
    another_client,
    flat_distance,
)

EARTH_RADIUS_M = 6_378_137.0


def forward(car: carla.Actor) -> carla.Vector3D:
    return car.get_transform().get_forward_vector()


# -- frames and counts -------------------------------------------------------------------------------------------


def test_every_sensor_sends_one_message_in_each_tick_with_its_frame(bench: Bench) -> None:
    """The leaderboard waits in every frame for data of exactly that frame from every sensor."""
    car = bench.car()
    inboxes = [bench.sensor(kind, car) for kind in ("sensor.other.gnss", "sensor.other.imu") * 3]
    frames = [bench.tick() for _ in range(100)]
    for inbox in inboxes:
        assert [inbox.get().frame for _ in frames] == frames
    time.sleep(0.05)
    assert not [message for inbox in inboxes for message in inbox.drain()]


def test_the_first_tick_after_listen_is_not_missed(bench: Bench) -> None:
    """listen() returns before its connection is made; the tick waits for it."""
    car = bench.car()
    for _ in range(20):
        inbox = bench.sensor("sensor.other.gnss", car)
        frame = bench.tick()
        assert inbox.get().frame == frame
        inbox.sensor.destroy()


def test_a_message_tells_time_and_place_of_its_sensor(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.imu", car, carla.Transform(carla.Location(x=1.0, z=2.0), carla.Rotation(yaw=90)))
    bench.tick()
    message = inbox.get()
    assert message.timestamp == pytest.approx(bench.world.get_snapshot().timestamp.elapsed_seconds, abs=1e-6)
    assert message.transform.location.distance(inbox.sensor.get_location()) < 1e-3
    assert message.transform.rotation.yaw == pytest.approx(inbox.sensor.get_transform().rotation.yaw, abs=1e-3)


def test_sensor_tick_thins_the_messages(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.gnss", car, sensor_tick="0.2")
    bench.seconds(4.0)
    bench.tick()
    time.sleep(0.05)
    messages = inbox.drain()
    assert 20 <= len(messages) <= 21
    gaps = {b.frame - a.frame for a, b in pairwise(messages)}
    assert gaps == {4}


def test_a_stopped_sensor_is_silent_and_may_listen_again(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.gnss", car)
    bench.tick()
    assert inbox.get()
    assert inbox.sensor.is_listening
    inbox.sensor.stop()
    time.sleep(0.1)
    inbox.drain()
    bench.tick(5)
    time.sleep(0.05)
    assert not inbox.drain()
    inbox.sensor.listen(inbox.messages.put)
    frame = bench.tick()
    assert inbox.get().frame == frame


def test_two_clients_listen_to_one_sensor(bench: Bench, address: Address) -> None:
    car = bench.car()
    mine = bench.sensor("sensor.other.gnss", car)
    bench.tick()
    other = another_client(address).get_world()
    theirs = Inbox(other.get_actor(mine.sensor.id))
    time.sleep(0.1)
    mine.drain()
    frames = [bench.tick() for _ in range(10)]
    assert [theirs.get().frame for _ in frames] == frames
    assert [mine.get().frame for _ in frames] == frames


def test_a_sensor_needs_no_parent(bench: Bench) -> None:
    place = carla.Transform(bench.straight().location)
    inbox = bench.sensor("sensor.other.gnss", place=place)
    frame = bench.tick()
    message = inbox.get()
    assert message.frame == frame
    assert message.transform.location.distance(place.location) < 1e-3


def test_a_sensor_outlives_its_parent_without_harm(bench: Bench) -> None:
    car = bench.car()
    inboxes = [
        bench.sensor(kind, car)
        for kind in ("sensor.other.gnss", "sensor.other.imu", "sensor.other.collision", "sensor.other.obstacle")
    ]
    bench.tick()
    bench.destroy(car)
    bench.tick(5)
    assert all(inbox.sensor.is_alive for inbox in inboxes)
    assert all(inbox.sensor.destroy() for inbox in inboxes)
    bench.tick()


def test_sensors_and_actors_are_spawned_by_a_second_thread_during_ticks(bench: Bench) -> None:
    """The leaderboard builds its scenarios in a thread beside the one that ticks."""
    hero = bench.car()
    own = bench.sensor("sensor.other.gnss", hero)
    place = bench.straight(number=1)
    stop = threading.Event()
    troubles: list[BaseException] = []
    made: list[carla.Actor] = []

    def build() -> None:
        try:
            while not stop.is_set():
                prop = bench.spawn("static.prop.constructioncone", bench.ahead(place, 0.0, up_m=-50.0))
                prop.set_simulate_physics(False)
                prop.set_location(carla.Location(place.location.x, place.location.y, -100.0 - len(made)))
                made.append(prop)
                for _ in range(2):  # the first may have been under way when the place was set
                    bench.world.wait_for_tick(5.0)
                assert prop.get_location().z < -99.0
                inbox = bench.sensor("sensor.other.imu", hero)
                inbox.get()
                inbox.sensor.stop()
                inbox.sensor.destroy()
        except BaseException as trouble:  # told to the test below
            troubles.append(trouble)

    builder = threading.Thread(target=build)
    builder.start()
    frames = []
    started = time.monotonic()
    while time.monotonic() - started < 2.0:
        frames.append(bench.tick())
    stop.set()
    while builder.is_alive():
        frames.append(bench.tick())
        builder.join(0.01)
    assert not troubles
    assert len(made) > 5
    assert [own.get().frame for _ in frames] == frames


def test_a_busy_rig_of_sensors_keeps_up(bench: Bench) -> None:
    car = bench.car()
    inboxes = [bench.sensor("sensor.other.gnss", car) for _ in range(60)]
    frames = [bench.tick() for _ in range(20)]
    for inbox in inboxes:
        assert [inbox.get().frame for _ in frames] == frames


# -- GNSS --------------------------------------------------------------------------------------------------------


def leaderboard_gps(origin: carla.GeoLocation, place: carla.Location) -> tuple[float, float]:
    """Latitude and longitude of a place as route files and agents have it: latitude falls with y."""
    scale = math.cos(math.radians(origin.latitude))
    mx = scale * math.radians(origin.longitude) * EARTH_RADIUS_M + place.x
    my = scale * EARTH_RADIUS_M * math.log(math.tan(math.radians(90.0 + origin.latitude) / 2.0)) - place.y
    longitude = math.degrees(mx / (EARTH_RADIUS_M * scale))
    latitude = math.degrees(2.0 * math.atan(math.exp(my / (EARTH_RADIUS_M * scale)))) - 90.0
    return latitude, longitude


@pytest.mark.embedded
def test_gnss_speaks_the_leaderboards_convention(bench: Bench) -> None:
    origin = bench.map.transform_to_geolocation(carla.Location())
    for place in (carla.Location(), carla.Location(0.0, 300.0, 7.0), carla.Location(-250.0, -120.0, 0.0)):
        inbox = bench.sensor("sensor.other.gnss", place=carla.Transform(place))
        bench.tick()
        message = inbox.get()
        latitude, longitude = leaderboard_gps(origin, place)
        assert message.latitude == pytest.approx(latitude, abs=1e-7)
        assert message.longitude == pytest.approx(longitude, abs=1e-7)
        assert message.altitude == pytest.approx(place.z, abs=1e-3)


@pytest.mark.embedded
def test_gnss_can_speak_the_clients_own_convention() -> None:
    with simulator.serve("Harbor", gnss="carla-0.9.16") as server:
        client = another_client(Address(server.host, server.port))
        world = client.get_world()
        town = world.get_map()
        blueprint = world.get_blueprint_library().find("sensor.other.gnss")
        for place in (carla.Location(), carla.Location(0.0, 300.0, 7.0), carla.Location(-250.0, -120.0, 0.0)):
            inbox = Inbox(world.spawn_actor(blueprint, carla.Transform(place)))
            message = inbox.get()
            wanted = town.transform_to_geolocation(place)
            assert message.latitude == pytest.approx(wanted.latitude, abs=1e-7)
            assert message.longitude == pytest.approx(wanted.longitude, abs=1e-7)
            inbox.sensor.destroy()


def test_gnss_noise_is_as_large_as_asked_for(bench: Bench) -> None:
    place = carla.Transform(carla.Location(10.0, 20.0, 3.0))
    clean = bench.sensor("sensor.other.gnss", place=place)
    noisy = bench.sensor(
        "sensor.other.gnss", place=place, noise_lat_stddev="0.000005", noise_lon_bias="0.00001", noise_alt_stddev="0.5"
    )
    bench.tick(300)
    exact = clean.get()
    readings = [noisy.get() for _ in range(300)]
    errors = [reading.latitude - exact.latitude for reading in readings]
    spread = math.sqrt(sum(error**2 for error in errors) / len(errors))
    assert spread == pytest.approx(5e-6, rel=0.2)
    assert all(reading.longitude - exact.longitude == pytest.approx(1e-5, rel=1e-3) for reading in readings)
    assert 0.35 < math.sqrt(sum((r.altitude - exact.altitude) ** 2 for r in readings) / 300) < 0.65


# -- IMU ---------------------------------------------------------------------------------------------------------


def test_an_imu_at_rest_feels_gravity(bench: Bench) -> None:
    car = bench.car()
    bench.seconds(2.0)
    inbox = bench.sensor("sensor.other.imu", car)
    bench.tick(5)
    reading = [inbox.get() for _ in range(5)][-1]
    assert reading.accelerometer.z == pytest.approx(9.81, abs=0.2)
    assert abs(reading.accelerometer.x) < 0.3
    assert abs(reading.gyroscope.z) < 0.01


def test_an_imu_feels_throttle_in_its_own_frame(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.imu", car)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    bench.seconds(1.5)
    time.sleep(0.05)
    mean = sum(message.accelerometer.x for message in inbox.drain()[-20:]) / 20.0
    gained = car.get_velocity().length() / 1.5
    assert mean == pytest.approx(gained, rel=0.5)
    assert mean > 2.0


def test_an_imu_tells_turning_in_radians_per_second(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.imu", car)
    car.enable_constant_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    car.apply_control(carla.VehicleControl(steer=0.4))
    bench.seconds(1.5)
    time.sleep(0.05)
    reading = inbox.drain()[-1]
    assert reading.gyroscope.z == pytest.approx(math.radians(car.get_angular_velocity().z), rel=0.1)
    assert reading.gyroscope.z > 0.1


@pytest.mark.parametrize("yaw", [0.0, 45.0, 90.0, 180.0, -90.0])
def test_the_compass_points_to_minus_y(bench: Bench, yaw: float) -> None:
    """North is -y: facing +x, east, it reads a quarter turn."""
    inbox = bench.sensor("sensor.other.imu", place=carla.Transform(carla.Location(z=2.0), carla.Rotation(yaw=yaw)))
    bench.tick()
    assert inbox.get().compass == pytest.approx(math.radians((yaw + 90.0) % 360.0), abs=1e-3)


# -- obstacle, lane invasion -------------------------------------------------------------------------------------


def test_the_obstacle_sensor_tells_what_is_ahead_and_how_far(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    ahead = bench.car(bench.ahead(place, 15.0))
    inbox = bench.sensor("sensor.other.obstacle", car, carla.Transform(carla.Location(x=2.5, z=0.8)), distance="30")
    bench.tick(3)
    event = inbox.get()
    assert event.other_actor.id == ahead.id
    assert event.actor.id == car.id
    assert event.distance == pytest.approx(15.0 - 2.5 - 2.446, abs=0.8)


def test_the_obstacle_sensor_is_silent_where_nothing_is(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    bench.car(bench.ahead(place, 25.0))
    inbox = bench.sensor("sensor.other.obstacle", car, carla.Transform(carla.Location(x=2.5, z=0.8)), distance="10")
    bench.tick(10)
    time.sleep(0.05)
    assert not inbox.drain()


def test_the_obstacle_sensor_may_look_for_moving_things_only(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    bench.spawn("static.prop.vendingmachine", bench.ahead(place, 12.0))
    mount = carla.Transform(carla.Location(x=2.5, z=0.8))
    all_things = bench.sensor("sensor.other.obstacle", car, mount, distance="20")
    dynamic = bench.sensor("sensor.other.obstacle", car, mount, distance="20", only_dynamics="true")
    bench.tick(5)
    assert all_things.get().other_actor.type_id == "static.prop.vendingmachine"
    time.sleep(0.05)
    assert not dynamic.drain()


def test_crossing_a_lane_marking_is_a_lane_invasion(bench: Bench) -> None:
    car = bench.car()
    inbox = bench.sensor("sensor.other.lane_invasion", car)
    car.enable_constant_velocity(carla.Vector3D(6.0, 2.5, 0.0))
    bench.seconds(2.0)
    event = inbox.get()
    assert event.frame <= bench.world.get_snapshot().frame
    assert event.crossed_lane_markings
    assert flat_distance(car.get_location(), bench.straight().location) > 8.0


# -- not supported -----------------------------------------------------------------------------------------------


@pytest.mark.embedded
@pytest.mark.parametrize(
    "name",
    ["sensor.camera.cosmos_visualization", "sensor.other.rss", "sensor.other.v2x", "sensor.other.v2x_custom"],
)
def test_sensors_that_do_not_work_are_refused_at_once_by_name(bench: Bench, name: str) -> None:
    started = time.monotonic()
    with pytest.raises(RuntimeError, match=f"^{name} is not supported by this simulator$"):
        bench.spawn(name, carla.Transform())
    assert time.monotonic() - started < 1.0
    [response] = bench.client.apply_batch_sync([carla.command.SpawnActor(bench.blueprint(name), carla.Transform())])
    assert response.error == f"{name} is not supported by this simulator"


def test_events_wait_for_nobody(bench: Bench) -> None:
    """A tick does not wait for a callback: messages queue in the client."""
    car = bench.car()
    sensor = bench.spawn("sensor.other.gnss", carla.Transform(), car)
    messages: queue.Queue[int] = queue.Queue()

    def slowly(message: carla.SensorData) -> None:
        time.sleep(0.02)
        messages.put(message.frame)

    sensor.listen(slowly)
    started = time.monotonic()
    frames = [bench.tick() for _ in range(30)]
    assert time.monotonic() - started < 30 * DELTA_S
    assert [messages.get(timeout=5.0) for _ in frames] == frames


def test_noise_is_never_the_same_twice_but_for_the_seed(bench: Bench) -> None:
    car = bench.car()
    mount = carla.Transform(carla.Location(z=1.0))
    first, same, other = (
        bench.sensor("sensor.other.imu", car, mount, noise_gyro_stddev_x="1.0", noise_seed=seed)
        for seed in ("7", "7", "8")
    )
    bench.tick(20)
    readings = [[inbox.get().gyroscope.x for _ in range(20)] for inbox in (first, same, other)]
    assert len(set(readings[0])) == 20
    assert readings[0] != readings[2]
    assert readings[0] == readings[1]
