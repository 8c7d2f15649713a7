"""Which sensors a track allows, how they are set up, and frames that are complete and in step."""

import threading
from types import SimpleNamespace

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.autoagents.autonomous_agent import Track
from leaderboard.envs import sensor_interface
from leaderboard.envs.sensor_interface import (
    CallBack,
    GenericMeasurement,
    SensorConfigurationInvalid,
    SensorInterface,
    SensorReceivedNoData,
    SpeedometerReader,
)
from leaderboard.profiles import SensorSuite, profile_named
from leaderboard.sensors import LIMITS, SensorRig, blueprint_attributes, check_sensors
from tests.fakes.clients import FakeEgo, FakeWorld

TWO, ONE = profile_named("lb2.1").runtime, profile_named("lb1.0").runtime
B2D = profile_named("bench2drive").runtime
POSE = {"x": 0.7, "y": -0.4, "z": 1.6, "roll": 1.0, "pitch": 2.0, "yaw": 3.0}
SPECS = {
    "sensor.camera.rgb": {**POSE, "width": 800, "height": 600, "fov": 100},
    "sensor.lidar.ray_cast": POSE,
    "sensor.other.radar": {**POSE, "horizontal_fov": 35.0, "vertical_fov": 20.0, "fov": 30},
    "sensor.other.gnss": {"x": 0.7, "y": -0.4, "z": 1.6},
    "sensor.other.imu": POSE,
    "sensor.opendrive_map": {"reading_frequency": 1},
    "sensor.speedometer": {},
}


def spec(kind, id_="one", **more):
    return {"type": kind, "id": id_, **SPECS.get(kind, POSE), **more}


def refusal(specs, track=Track.MAP, rules=TWO, selected=None):
    """The sentence, or nothing if all is well."""
    try:
        check_sensors(specs, track, rules, selected)
    except SensorConfigurationInvalid as error:
        return str(error)
    return ""


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize(("suite", "track"), LIMITS, ids=str)
def test_as_many_as_the_limit_and_no_more(suite, track, kind):
    rules = TWO if suite is SensorSuite.V2 else ONE
    limit = LIMITS[suite, track][kind]
    many = [spec(kind, f"id {number}") for number in range(limit)]
    if kind == "sensor.opendrive_map" and track is Track.SENSORS:
        assert "not allowed on track SENSORS" in refusal(many, track, rules)
        return
    assert refusal(many, track, rules) == ""
    sentence = refusal([*many, spec(kind, "one more")], track, rules)
    assert sentence == f"{limit + 1} of {kind}, but track {track.value} allows {limit}"


def test_the_limits_are_those_of_the_leaderboard():
    counts = {
        name: tuple(LIMITS[suite, track][kind] for kind in list(SPECS)[:3])
        for name, suite, track in (
            ("full", SensorSuite.V2, Track.SENSORS),
            ("qualifier", SensorSuite.V2, Track.MAP_QUALIFIER),
            ("1.0", SensorSuite.V1, Track.MAP),
        )
    }
    assert counts == {"full": (8, 2, 4), "qualifier": (4, 1, 2), "1.0": (4, 1, 2)}


def test_the_qualifier_of_sensors_gets_the_map():
    """The official test compares with Track.SENSORS only."""
    assert refusal([spec("sensor.opendrive_map")], Track.SENSORS_QUALIFIER) == ""


def test_other_types_are_refused():
    sentence = refusal([spec("sensor.camera.depth", "Deep")])
    assert sentence == "sensor 'Deep': sensor.camera.depth is not allowed on track MAP"


def test_ids_are_unique():
    sentence = refusal([spec("sensor.other.imu", "A"), spec("sensor.other.gnss", "A")])
    assert sentence == "two sensors have the id 'A'; give each its own"


def test_the_radius():
    assert refusal([spec("sensor.other.imu", x=3.0, y=0.0, z=0.0)]) == ""
    far = [spec("sensor.other.imu", "Far", x=3.0, y=0.2, z=0.0)]
    assert refusal(far) == "sensor 'Far' is 3.01 m from the ego's middle; 3 m are allowed"
    assert refusal(far, rules=B2D) == ""
    assert "m from the ego" in refusal([spec("sensor.other.imu", x=float("nan"))])
    assert refusal([spec("sensor.other.imu", x="left")]) == "sensor 'one': x, y and z must be numbers"


def test_what_lacks():
    without = spec("sensor.camera.rgb", "Front")
    del without["fov"], without["roll"]
    assert refusal([without]) == "sensor 'Front' (sensor.camera.rgb) lacks roll, fov"
    assert "without 'type'" in refusal([{"id": "A"}])
    assert "without 'id'" in refusal([{"type": "sensor.other.imu"}])
    assert "a sensor without" in refusal(["sensor.other.imu"])


def test_tracks():
    assert refusal([], Track.MAP, selected=Track.SENSORS) == "the agent is for track MAP, but SENSORS is run"
    assert refusal([], Track.MAP, selected=Track.MAP) == ""
    assert refusal([], Track.MAP_QUALIFIER, ONE) == "leaderboard 1.0 has no track MAP_QUALIFIER"


def test_attributes_that_the_benchmark_fixes():
    two = {kind: blueprint_attributes(spec(kind), SensorSuite.V2) for kind in list(SPECS)[:5]}
    assert two["sensor.camera.rgb"] == {"image_size_x": "800", "image_size_y": "600", "fov": "100"}
    lidar = two["sensor.lidar.ray_cast"]
    assert (lidar["range"], lidar["channels"], lidar["points_per_second"]) == ("85", "64", "600000")
    assert (lidar["upper_fov"], lidar["lower_fov"], lidar["rotation_frequency"]) == ("10", "-30", "10")
    radar = two["sensor.other.radar"]
    assert (radar["horizontal_fov"], radar["vertical_fov"], radar["points_per_second"]) == ("35.0", "20.0", "1500")
    assert float(two["sensor.other.gnss"]["noise_lat_stddev"]) == 5e-6
    assert two["sensor.other.imu"]["noise_accel_stddev_z"] == "0.015"


def test_attributes_of_one_zero():
    camera = blueprint_attributes(spec("sensor.camera.rgb"), SensorSuite.V1)
    assert (camera["lens_circle_multiplier"], camera["chromatic_aberration_intensity"]) == ("3.0", "0.5")
    radar = blueprint_attributes(spec("sensor.other.radar"), SensorSuite.V1)
    assert (radar["horizontal_fov"], radar["vertical_fov"]) == ("30", "30")


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(list(SPECS)),
)


@given(st.lists(st.one_of(ANYTHING, st.dictionaries(st.sampled_from(["type", "id", "x", "y", "z", "fov"]), ANYTHING))))
def test_whatever_an_agent_asks_for_is_allowed_or_refused_in_a_sentence(specs):
    assert "\n" not in refusal(specs)


# The rig and its frames


def rig_of(*kinds):
    world = FakeWorld()
    ego = FakeEgo(world, velocity=(3.0, 4.0, 0.0), yaw=90.0)
    interface = SensorInterface()
    interface._queue_timeout = 0.2
    rig = SensorRig(world, ego, [spec(kind, kind) for kind in kinds], interface, SensorSuite.V2)
    return rig, interface, world


def test_sensors_are_spawned_in_the_agents_order_at_their_mounts():
    rig, _, world = rig_of("sensor.other.imu", "sensor.speedometer", "sensor.other.gnss")
    assert [sensor.blueprint.id for sensor in world.spawned] == ["sensor.other.imu", "sensor.other.gnss"]
    mount = world.spawned[0].transform
    assert (mount.location.y, mount.rotation.roll, mount.rotation.yaw) == pytest.approx((-0.4, 1.0, 3.0))
    # A GNSS has no attitude.
    assert world.spawned[1].transform.rotation.yaw == 0.0
    rig.close()
    rig.close()
    assert [sensor.ended for sensor in world.spawned] == [["stop", "destroy"]] * 2


def test_pseudo_sensors_are_read_in_step():
    rig, interface, world = rig_of("sensor.speedometer", "sensor.opendrive_map")
    threads = threading.active_count()
    for frame in (17, 18):
        rig.tick(frame)
        data = interface.get_data(frame)
        assert data["sensor.speedometer"][0] == frame
        # Along the ego's own axis, which looks towards y.
        assert data["sensor.speedometer"][1]["speed"] == pytest.approx(4.0)
        assert data["sensor.opendrive_map"] == (frame, {"opendrive": world.opendrive})
    assert threading.active_count() == threads


def test_speed_is_negative_backwards_and_knows_slopes():
    ego = FakeEgo(FakeWorld(), velocity=(-3.0, 0.0, 1.0))
    assert SpeedometerReader(ego)()["speed"] == pytest.approx(-3.0)
    ego._transform.rotation.pitch = 90.0
    assert SpeedometerReader(ego)()["speed"] == pytest.approx(1.0, abs=1e-6)


def measure(interface, tag, frame, value=0):
    interface.update_sensor(tag, value, frame)


def test_a_frame_is_whole_and_exactly_the_one_asked_for():
    interface = SensorInterface()
    for tag in ("B", "A"):
        interface.register_sensor(tag, "sensor.other.imu", object())
    for frame in (4, 5, 6):
        measure(interface, "A", frame, f"a{frame}")
        measure(interface, "B", frame, f"b{frame}")
    assert interface.get_data(5) == {"B": (5, "b5"), "A": (5, "a5")}
    assert list(interface.get_data(6)) == ["B", "A"]
    assert interface._frames.keys() == {6}


def test_it_waits_for_the_last_sensor():
    interface = SensorInterface()
    interface.register_sensor("A", "sensor.other.imu", object())
    late = threading.Timer(0.05, measure, (interface, "A", 9, "late"))
    late.start()
    assert interface.get_data(9) == {"A": (9, "late")}
    late.join()


def test_a_missing_sensor_is_named():
    interface = SensorInterface()
    interface._queue_timeout = 0.01
    for tag in ("A", "B"):
        interface.register_sensor(tag, "sensor.other.imu", object())
    measure(interface, "A", 7)
    measure(interface, "B", 6)
    with pytest.raises(SensorReceivedNoData, match=r"^no data of frame 7 within 0.01 s from B$"):
        interface.get_data(7)


def test_without_sensors_there_is_nothing_to_wait_for():
    assert SensorInterface().get_data(3) == {}


def test_frames_of_an_agent_that_is_not_asked_are_dropped():
    rig, interface, _ = rig_of("sensor.other.imu")
    for frame in range(100):
        measure(interface, "sensor.other.imu", frame)
        rig.tick(frame)
    assert interface._frames.keys() == {99}
    assert interface._data_buffers.empty()


def test_registering():
    interface = SensorInterface()
    interface.register_sensor("A", "sensor.other.imu", object())
    with pytest.raises(SensorConfigurationInvalid, match="two sensors have the id 'A'"):
        interface.register_sensor("A", "sensor.other.imu", object())
    with pytest.raises(SensorConfigurationInvalid, match="no sensor has the id 'B'"):
        interface.update_sensor("B", 0, 1)


# Formats


def received(monkeypatch, name, **fields):
    """What an agent gets for a message of one of the client's classes, which cannot be made by hand."""
    kind = type(name, (SimpleNamespace,), {})
    monkeypatch.setattr(carla, name, kind)
    interface = SensorInterface()
    CallBack("tag", "type", object(), interface)(kind(frame=3, **fields))
    return interface.get_data(3)["tag"][1]


def test_images_are_bgra(monkeypatch):
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8)
    image = received(monkeypatch, "Image", height=2, width=3, raw_data=pixels.tobytes())
    assert (image.shape, image.dtype) == ((2, 3, 4), np.uint8)
    assert image[1, 0].tolist() == [12, 13, 14, 15]
    image[0, 0] = 0


def test_lidar_rows(monkeypatch):
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    points = received(monkeypatch, "LidarMeasurement", raw_data=rows.tobytes())
    assert (points.dtype, points.tolist()) == (np.float32, rows.tolist())
    points[0] = 0.0
    assert received(monkeypatch, "LidarMeasurement", raw_data=b"").shape == (0, 4)


def test_radar_rows_are_turned_round(monkeypatch):
    velocity, azimuth, altitude, depth = 1.0, 2.0, 3.0, 4.0
    raw = np.array([velocity, azimuth, altitude, depth], dtype=np.float32).tobytes()
    rows = received(monkeypatch, "RadarMeasurement", raw_data=raw)
    assert rows.tolist() == [[depth, altitude, azimuth, velocity]]
    assert rows.flags["C_CONTIGUOUS"]


def test_gnss_and_imu(monkeypatch):
    place = received(monkeypatch, "GnssMeasurement", latitude=48.0, longitude=8.0, altitude=100.0)
    assert (place.dtype, place.tolist()) == (np.float64, [48.0, 8.0, 100.0])
    vector = lambda x: carla.Vector3D(x, x + 1, x + 2)  # noqa: E731 - three numbers in a row
    felt = received(monkeypatch, "IMUMeasurement", accelerometer=vector(1), gyroscope=vector(4), compass=7.0)
    assert (felt.dtype, felt.tolist()) == (np.float64, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])


def test_other_messages_are_refused():
    interface = SensorInterface()
    with pytest.raises(SensorConfigurationInvalid, match="SimpleNamespace cannot be given"):
        CallBack("tag", "type", object(), interface)(SimpleNamespace(frame=1))


def test_the_frozen_names_are_there():
    names = ("BaseReader", "GenericMeasurement", "OpenDriveMapReader", "SensorInterface", "SpeedometerReader")
    assert all(hasattr(sensor_interface, name) for name in names)
    assert GenericMeasurement({"a": 1}, 2).frame == 2
