"""Sensors that need no picture: each against what it must tell in small drawn worlds."""

from math import cos, degrees, hypot, log, pi, radians, sin, tan
from typing import Any

import carla
import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue
from simulator.maps import town
from simulator.maps.town import Boxes
from simulator.sensors import (
    SENSORS,
    CollisionReading,
    Convention,
    ImuHistory,
    ObstacleReading,
    ObstacleSpec,
    Speaks,
    collisions,
    geolocation,
    gnss_spec,
    imu_spec,
    is_due,
    obstacle_spec,
    read_gnss,
    read_imu,
    read_obstacle,
    stable_key,
    static_type_id,
    warm_up,
)
from simulator.sensors.noise import normal3
from simulator.world.pose import Pose
from simulator.world.tables import ACTOR, CONTACT, PROP, SENSOR, VEHICLE

ORIGIN = (49.0, 8.0)

XODR = """<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1" date="" north="0" south="0" east="0" west="0">
<geoReference><![CDATA[+proj=tmerc +lat_0={} +lon_0={} +k=1]]></geoReference></header>
<road name="r" length="100" id="1" junction="-1"><planView>
<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry></planView>
<lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
<lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>
</right></laneSection></lanes></road></OpenDRIVE>"""


def attributes(blueprint_id: str, **given: str) -> dict[str, str]:
    blueprint = catalogue().find(blueprint_id)
    assert blueprint is not None
    assert given.keys() <= {attribute.id for attribute in blueprint}
    return {attribute.id: attribute.default for attribute in blueprint} | given


# -- noise -------------------------------------------------------------------------------------------------------


def test_noise_is_normal_and_uncorrelated() -> None:
    draws = np.array([normal3(key, frame, stream) for key in (1, 2) for frame in range(5000) for stream in (0, 1)])
    assert draws.mean(axis=0) == pytest.approx([0.0] * 3, abs=0.03)
    assert draws.std(axis=0) == pytest.approx([1.0] * 3, abs=0.03)
    assert (draws**4).mean(axis=0) == pytest.approx([3.0] * 3, abs=0.3)
    assert np.abs(np.corrcoef(draws.T) - np.eye(3)).max() < 0.03
    # From frame to frame, between streams and between keys.
    by_frame = draws.reshape(2, 5000, 2, 3)[..., 0]
    for a, b in (
        (by_frame[0, :-1, 0], by_frame[0, 1:, 0]),
        (by_frame[0, :, 0], by_frame[0, :, 1]),
        (by_frame[0, :, 0], by_frame[1, :, 0]),
    ):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.05


def test_noise_depends_on_its_key_alone() -> None:
    assert normal3(7, 3, 0) == normal3(7, 3, 0)
    assert len({normal3(key, frame, stream) for key in (1, 2) for frame in (0, 1) for stream in (0, 1)}) == 8
    key = stable_key(5, 0, "sensor.other.gnss", 24, (0.0, 0.0, 2.0))
    assert key == stable_key(5, 0, "sensor.other.gnss", 24, (0.0, 0.0, 2.0))
    assert key != stable_key(5, 0, "sensor.other.gnss", 25, (0.0, 0.0, 2.0))
    assert 0 <= key < 2**63
    assert key == 3175671367848274373  # a change here changes every recorded run


# -- gnss --------------------------------------------------------------------------------------------------------

PLACES = [(0.0, 0.0, 5.0), (1000.0, 0.0, 0.0), (0.0, 1000.0, -3.0), (3000.0, -4000.0, 7.0), (-250.5, 80.25, 0.3)]


@pytest.mark.parametrize("origin", [ORIGIN, (0.0, 0.0), (-33.5, 151.25)])
def test_the_0916_convention_is_what_the_wheel_computes(origin: tuple[float, float]) -> None:
    carla_map = carla.Map("tiny", XODR.format(*origin))
    for place in PLACES:
        theirs = carla_map.transform_to_geolocation(carla.Location(*place))
        ours = geolocation(place, origin, "carla-0.9.16")
        assert ours.latitude_deg == pytest.approx(theirs.latitude, abs=1e-9)  # 0.1 mm
        assert ours.longitude_deg == pytest.approx(theirs.longitude, abs=1e-9)
        assert ours.altitude_m == pytest.approx(theirs.altitude, abs=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_the_leaderboard_convention_maps_back_to_the_world(place: tuple[float, float, float]) -> None:
    """Agents invert it as Mercator scaled at the map's latitude, with y pointing south."""
    latitude, longitude, altitude = geolocation(place, ORIGIN)
    radius = 6378137.0 * cos(radians(ORIGIN[0]))
    x = radius * radians(longitude - ORIGIN[1])
    y = radius * (log(tan(pi / 4 + radians(ORIGIN[0]) / 2)) - log(tan(pi / 4 + radians(latitude) / 2)))
    assert (x, y, altitude) == pytest.approx(place, abs=1e-6)


def test_conventions_disagree_in_the_sign_of_latitude() -> None:
    south = (0.0, 1000.0, 0.0)
    assert geolocation(south, ORIGIN).latitude_deg - 49.0 == pytest.approx(-degrees(1000.0 / 6378137.0), rel=1e-3)
    assert geolocation(south, ORIGIN, "carla-0.9.16").latitude_deg - 49.0 == pytest.approx(0.00898675, rel=1e-5)
    wrong: Convention = "wgs84"  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"leaderboard or carla-0\.9\.16"):
        geolocation(south, ORIGIN, wrong)


def test_gnss_noise_and_bias() -> None:
    place = (10.0, -20.0, 1.5)
    exact = geolocation(place, ORIGIN)
    clean = gnss_spec(attributes("sensor.other.gnss"), key=1)
    assert read_gnss(clean, place, ORIGIN, frame=9) == exact
    biased = gnss_spec(attributes("sensor.other.gnss", noise_lon_bias="0.5", noise_alt_bias="-2"), key=1)
    assert read_gnss(biased, place, ORIGIN, frame=9) == pytest.approx((exact[0], exact[1] + 0.5, exact[2] - 2.0))
    noisy = gnss_spec(attributes("sensor.other.gnss", noise_lat_stddev="5e-6", noise_alt_stddev="2.0"), key=1)
    readings = np.array([read_gnss(noisy, place, ORIGIN, frame) for frame in range(2000)]) - exact
    assert readings.std(axis=0) == pytest.approx([5e-6, 0.0, 2.0], rel=0.1, abs=1e-12)
    assert read_gnss(noisy, place, ORIGIN, 3) == read_gnss(noisy, place, ORIGIN, 3)
    assert read_gnss(noisy, place, ORIGIN, 3) != read_gnss(noisy._replace(key=2), place, ORIGIN, 3)


# -- imu ---------------------------------------------------------------------------------------------------------

CLEAN_IMU = imu_spec(attributes("sensor.other.imu"), key=1)


def drive(poses: list[Pose], dts: list[float]) -> list[tuple[float, float, float]]:
    """Accelerometer readings along a path."""
    history, readings = ImuHistory(), []
    for frame, (pose, dt) in enumerate(zip(poses, dts, strict=True)):
        reading, history = read_imu(CLEAN_IMU, history, pose, (0.0, 0.0, 0.0), dt, frame)
        readings.append(reading.accelerometer)
    return readings


def test_at_rest_it_feels_gravity_alone() -> None:
    far = Pose(1234.5, -987.6, 12.0)
    for reading in drive([far] * 4, [0.05] * 4):
        assert reading == pytest.approx((0.0, 0.0, 9.81))


def test_gravity_can_be_another_one() -> None:
    reading, _ = read_imu(CLEAN_IMU, ImuHistory(), Pose(pitch=radians(30)), (0.0, 0.0, 0.0), 0.05, 1, 1.62)
    assert reading.accelerometer == pytest.approx((1.62 * 0.5, 0.0, 1.62 * cos(radians(30))))


def test_tilted_it_feels_gravity_in_its_own_axes() -> None:
    nose_up = drive([Pose(pitch=radians(30))] * 3, [0.05] * 3)[-1]
    assert nose_up == pytest.approx((9.81 * 0.5, 0.0, 9.81 * cos(radians(30))))
    rolled = drive([Pose(roll=radians(90))] * 3, [0.05] * 3)[-1]
    assert rolled == pytest.approx((0.0, -9.81, 0.0), abs=1e-9)


def test_acceleration_along_a_parabola_with_uneven_ticks() -> None:
    dts = [0.05, 0.05, 0.02, 0.1, 0.05]
    times = np.cumsum(dts)
    # 3 m/s2 to the east; the sensor faces east too, then south.
    forward = drive([Pose(1.5 * t * t) for t in times], dts)
    assert [reading[0] for reading in forward] == pytest.approx([0.0, 0.0, 3.0, 3.0, 3.0])
    turned = drive([Pose(1.5 * t * t, yaw=pi / 2) for t in times], dts)
    assert turned[-1] == pytest.approx((0.0, -3.0, 9.81), abs=1e-9)


def test_a_circle_pulls_to_its_middle() -> None:
    radius, omega, dt = 20.0, 0.5, 0.01
    poses = [
        Pose(radius * sin(omega * k * dt), radius * (1 - cos(omega * k * dt)), yaw=omega * k * dt) for k in range(50)
    ]
    x, y, _ = drive(poses, [dt] * 50)[-1]
    assert y == pytest.approx(omega * omega * radius, rel=1e-3)  # to the right, where the middle is
    assert abs(x) < 0.05


def test_gyroscope_in_the_sensors_frame() -> None:
    def gyro(pose: Pose, omega: tuple[float, float, float]) -> tuple[float, float, float]:
        return read_imu(CLEAN_IMU, ImuHistory(), pose, omega, 0.05, 0)[0].gyroscope

    assert gyro(Pose(yaw=1.0), (0.0, 0.0, 0.7)) == pytest.approx((0.0, 0.0, 0.7))
    assert gyro(Pose(yaw=pi / 2), (0.3, 0.0, 0.0)) == pytest.approx((0.0, -0.3, 0.0))
    assert hypot(*gyro(Pose(0, 0, 0, 0.3, -0.4, 2.0), (0.1, 0.2, 0.3))) == pytest.approx(hypot(0.1, 0.2, 0.3))


@pytest.mark.parametrize(
    ("yaw_deg", "compass_deg"), [(-90, 0), (0, 90), (90, 180), (180, 270), (-180, 270), (-91, 359), (450, 180)]
)
def test_compass(yaw_deg: float, compass_deg: float) -> None:
    reading = read_imu(CLEAN_IMU, ImuHistory(), Pose(yaw=radians(yaw_deg)), (0.0, 0.0, 0.0), 0.05, 0)[0]
    assert degrees(reading.compass_rad) == pytest.approx(compass_deg, abs=1e-6)


def test_compass_stays_below_a_whole_turn() -> None:
    for tiny in (1e-17, -1e-17, 1e-16, -1e-16, 0.0):
        compass = read_imu(CLEAN_IMU, ImuHistory(), Pose(yaw=-pi / 2 + tiny), (0.0, 0.0, 0.0), 0.05, 0)[0].compass_rad
        assert 0.0 <= compass < 2 * pi


def test_imu_noise_and_bias() -> None:
    noise = {"noise_accel_stddev_z": "0.015", "noise_gyro_stddev_z": "0.001", "noise_gyro_bias_y": "0.25"}
    spec = imu_spec(attributes("sensor.other.imu", **noise), key=4)
    readings = [read_imu(spec, ImuHistory(), Pose(), (0.0, 0.0, 0.0), 0.05, frame)[0] for frame in range(2000)]
    accelerometer = np.array([reading.accelerometer for reading in readings])
    gyroscope = np.array([reading.gyroscope for reading in readings])
    assert accelerometer.std(axis=0) == pytest.approx([0.0, 0.0, 0.015], rel=0.1, abs=1e-12)
    assert gyroscope.std(axis=0) == pytest.approx([0.0, 0.0, 0.001], rel=0.1, abs=1e-12)
    assert gyroscope[:, 1] == pytest.approx(0.25)
    assert abs(np.corrcoef(accelerometer[:, 2], gyroscope[:, 2])[0, 1]) < 0.1
    assert readings[5] == read_imu(spec, ImuHistory(), Pose(), (0.0, 0.0, 0.0), 0.05, 5)[0]


# -- collision ---------------------------------------------------------------------------------------------------


def actor_rows(*ids: int) -> NDArray[np.void]:
    rows = np.zeros(len(ids), ACTOR)
    rows["id"] = ids
    return rows


def contact(a: int, b: int, impulse: tuple[float, float, float], box: int = -1) -> NDArray[np.void]:
    row = np.zeros(1, CONTACT)
    row["a"], row["b"], row["static_box"] = a, b, box
    row["impulse_x"], row["impulse_y"], row["impulse_z"] = impulse
    return row


LABELS = np.array([town.BUILDINGS, town.ROADS, town.BUS, town.GUARD_RAIL, town.GROUND], np.uint8)


def test_one_event_for_each_side_of_a_pair() -> None:
    rows = np.concatenate([
        contact(0, 1, (100.0, 0.0, 0.0)),
        contact(1, 0, (-20.0, 0.0, 4.0)),  # the same pair, seen from the other side in a later substep
        contact(0, 2, (0.0, 7.0, 0.0)),
    ])  # fmt: skip
    assert collisions(rows, actor_rows(24, 31, 50), LABELS) == [
        CollisionReading(24, 31, "", (120.0, 0.0, -4.0)),
        CollisionReading(31, 24, "", (-120.0, 0.0, 4.0)),
        CollisionReading(24, 50, "", (0.0, 7.0, 0.0)),
        CollisionReading(50, 24, "", (0.0, -7.0, 0.0)),
    ]


def test_the_level_has_id_0_and_carlas_names() -> None:
    rows = np.concatenate([contact(0, -1, (0.0, 5.0, 0.0), box) for box in (0, 0, 2, 3)])
    assert collisions(rows, actor_rows(24), LABELS) == [
        CollisionReading(24, 0, "static.building", (0.0, 10.0, 0.0)),
        CollisionReading(24, 0, "static.bu", (0.0, 5.0, 0.0)),
        CollisionReading(24, 0, "static.guardrail", (0.0, 5.0, 0.0)),
    ]
    assert static_type_id(town.POLES) == "static.pole"
    assert static_type_id(town.TRAFFIC_SIGNS) == "static.trafficsign"
    assert static_type_id(town.VEGETATION) == "static.vegetation"
    assert static_type_id(town.NONE) == "static.unknown"


def test_the_ground_is_no_collision() -> None:
    rows = np.concatenate([contact(0, -1, (0.0, 0.0, 900.0), box) for box in (1, 4)])
    assert collisions(rows, actor_rows(24), LABELS) == []
    assert collisions(np.zeros(0, CONTACT), actor_rows(24), LABELS) == []


# -- obstacle ----------------------------------------------------------------------------------------------------


def level(*boxes: tuple[float, float, float, float, float, float, float]) -> Boxes:
    """Solid buildings: x, y, z, half sizes, yaw."""
    columns = np.array(boxes, np.float64).reshape(-1, 7).T.copy()
    count = columns.shape[1]
    label, solid = np.full(count, town.BUILDINGS, np.uint8), np.ones(count, np.uint8)
    return Boxes._make([*columns, label, solid, np.arange(count, dtype=np.uint64)])


def bodies(*places: tuple[float, float, float], kind: int = VEHICLE) -> NDArray[np.void]:
    """Cars of 4 x 2 x 1.5 m with their origin on the ground: x, y, yaw."""
    rows = np.zeros(len(places), ACTOR)
    rows["id"] = np.arange(len(places)) + 100
    rows["kind"] = kind
    rows["collides"] = 1
    rows["simulate"] = 1
    rows["x"], rows["y"], rows["yaw"] = np.array(places).reshape(-1, 3).T
    rows["center_z"], rows["half_x"], rows["half_y"], rows["half_z"] = 0.75, 2.0, 1.0, 0.75
    return rows


NOBODY = bodies()
AHEAD = Pose(0.0, 0.0, 1.0)


def look(spec: ObstacleSpec, actors: NDArray[np.void], boxes: Boxes, pose: Pose = AHEAD, parent: int = -1) -> Any:
    return read_obstacle(spec, pose, actors, len(actors), boxes, parent)


def test_obstacle_attributes() -> None:
    assert obstacle_spec(attributes("sensor.other.obstacle")) == ObstacleSpec(5.0, 0.5, False)
    given = attributes("sensor.other.obstacle", distance="20", only_dynamics="True")
    assert obstacle_spec(given) == ObstacleSpec(20.0, 0.5, True)


def test_a_car_ahead() -> None:
    along = look(ObstacleSpec(20.0, 0.5, False), bodies((10.0, 0.0, 0.0)), level())
    assert (along.other_id, along.other_type_id) == (100, "")
    assert along.distance_m == pytest.approx(7.5, abs=1e-5)
    assert look(ObstacleSpec(7.4, 0.5, False), bodies((10.0, 0.0, 0.0)), level()) is None
    assert look(ObstacleSpec(20.0, 0.5, False), bodies((-10.0, 0.0, 0.0)), level()) is None
    across = look(ObstacleSpec(20.0, 0.5, False), bodies((10.0, 0.0, pi / 2)), level())
    assert across.distance_m == pytest.approx(8.5, abs=1e-5)


def test_the_ball_is_round() -> None:
    """It passes a corner that a box of its size would hit, and bends round one that it touches."""
    car = bodies((10.0, 1.4, 0.0))  # its near side is at y = 0.4, its roof above the ball's middle
    hit = look(ObstacleSpec(20.0, 0.5, False), car, level())
    assert hit.distance_m == pytest.approx(8.0 - (0.5**2 - 0.4**2) ** 0.5, abs=1e-5)
    assert look(ObstacleSpec(20.0, 0.5, False), bodies((10.0, 1.51, 0.0)), level()) is None
    corner = bodies((10.0, 1.4, 0.0))
    corner["center_z"] = -0.15  # roof at 0.6: 0.4 below the ball's middle, as the side is 0.4 beside it
    assert look(ObstacleSpec(20.0, 0.5, False), corner, level()) is None


def test_the_nearest_wins_and_the_parent_is_none() -> None:
    cars = bodies((0.0, 0.0, 0.0), (18.0, 0.0, 0.0), (12.0, 0.0, 0.0))
    wall = level((30.0, 0.0, 2.0, 1.0, 5.0, 2.0, 0.0), (9.0, 0.0, 2.0, 1.0, 5.0, 2.0, 0.0))
    spec = ObstacleSpec(50.0, 0.5, False)
    assert look(spec, cars, level(), parent=0).other_id == 102
    building = look(spec, cars, wall, parent=0)
    assert (building.other_id, building.other_type_id) == (0, "static.building")
    assert building.distance_m == pytest.approx(7.5, abs=1e-5)
    assert look(spec, cars, level(), parent=-1) == ObstacleReading(100, "", 0.0)  # it begins inside


def test_turned_and_tilted_views() -> None:
    spec = ObstacleSpec(50.0, 0.1, False)
    east_wall = level((0.0, 20.0, 2.0, 1.0, 5.0, 2.0, pi / 2))  # turned: 10 m wide across the view along +y
    seen = look(spec, NOBODY, east_wall, Pose(0.0, 0.0, 1.0, yaw=pi / 2))
    assert seen.distance_m == pytest.approx(18.9, abs=1e-5)
    assert look(spec, bodies((10.0, 0.0, 0.0)), level(), Pose(0.0, 0.0, 1.0, pitch=radians(30))) is None
    roof = look(spec, bodies((0.0, 0.0, 0.0)), level(), Pose(0.0, 0.0, 10.0, pitch=-pi / 2))
    assert roof.distance_m == pytest.approx(8.4, abs=1e-5)


def test_only_dynamics_and_what_takes_no_part_in_contacts() -> None:
    dynamic, everything = ObstacleSpec(50.0, 0.5, True), ObstacleSpec(50.0, 0.5, False)
    prop = bodies((10.0, 0.0, 0.0), kind=PROP)
    prop["simulate"] = 0
    assert look(everything, prop, level()).other_id == 100
    assert look(dynamic, prop, level()) is None
    prop["simulate"] = 1
    assert look(dynamic, prop, level()).other_id == 100
    wall = level((10.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0))
    assert look(dynamic, NOBODY, wall) is None
    assert look(everything, NOBODY, wall).other_id == 0
    wall.solid[:] = 0
    assert look(everything, NOBODY, wall) is None
    ghost = bodies((10.0, 0.0, 0.0))
    ghost["collides"] = 0
    assert look(everything, ghost, level()) is None
    assert look(everything, bodies((10.0, 0.0, 0.0), kind=SENSOR), level()) is None


def test_the_sweep_agrees_with_small_steps() -> None:
    """Against a ball that is moved on millimetre by millimetre, with boxes at random."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(60):
        car = bodies((rng.uniform(4, 12), rng.uniform(-2.5, 2.5), rng.uniform(-pi, pi)))
        car["pitch"], car["roll"] = rng.uniform(-0.5, 0.5, 2)
        spec = ObstacleSpec(15.0, float(rng.uniform(0.05, 1.0)), False)
        expected = _crawl(car[0], spec)
        seen = look(spec, car, level())
        assert (seen is None) == (expected is None)
        if seen is not None:
            hits += 1
            assert seen.distance_m == pytest.approx(expected, abs=2e-3)
        # The same box as a part of the level, which only turns about the vertical.
        car["pitch"], car["roll"] = 0.0, 0.0
        expected = _crawl(car[0], spec)
        box = (car["x"][0], car["y"][0], 0.75, 2.0, 1.0, 0.75, car["yaw"][0])
        seen = look(spec, NOBODY, level(box))
        assert (seen.distance_m if seen else None) == (pytest.approx(expected, abs=2e-3) if expected else None)
    assert 20 < hits < 60


def _crawl(car: np.void, spec: ObstacleSpec) -> float | None:
    matrix = np.array(
        carla.Transform(
            carla.Location(), carla.Rotation(degrees(car["pitch"]), degrees(car["yaw"]), degrees(car["roll"]))
        ).get_matrix()
    )[:3, :3]
    travelled = np.arange(0.0, spec.distance_m, 1e-3)
    ball = np.stack([travelled - car["x"], np.full_like(travelled, -car["y"]), np.ones_like(travelled)], axis=1)
    local = ball @ matrix - [0.0, 0.0, car["center_z"]]
    half = [car["half_x"], car["half_y"], car["half_z"]]
    gap = np.linalg.norm(local - np.clip(local, -np.array(half), half), axis=1)
    touching = np.flatnonzero(gap <= spec.hit_radius_m)
    return float(travelled[touching[0]]) if len(touching) else None


def test_a_level_from_disk_is_read_only() -> None:
    boxes = level((10.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0))
    for column in boxes:
        column.flags.writeable = False
    warm_up(NOBODY, boxes)
    assert look(ObstacleSpec(50.0, 0.5, False), NOBODY, boxes).other_id == 0


# -- registry ----------------------------------------------------------------------------------------------------


def test_every_sensor_of_the_catalogue_is_in_the_registry() -> None:
    assert set(SENSORS) == {b.id for b in catalogue().blueprints if b.id.startswith("sensor.")}
    refused = {name for name, kind in SENSORS.items() if not kind.supported}
    assert {"sensor.other.rss", "sensor.other.v2x", "sensor.other.v2x_custom"} <= refused
    assert not refused & {
        "sensor.other.collision", "sensor.other.gnss", "sensor.other.imu", "sensor.other.lane_invasion",
        "sensor.other.obstacle", "sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic",
    }  # fmt: skip
    assert SENSORS["sensor.other.lane_invasion"].speaks is Speaks.IN_CLIENT


@pytest.mark.parametrize(
    ("sensor_tick_s", "delta_s", "expected"),
    [
        (0.0, 0.05, "111111"),
        (0.05, 0.05, "111111"),
        (0.1, 0.05, "101010"),
        (0.02, 0.05, "111111"),
        (0.12, 0.05, "1010100101"),  # multiples 0, .12, .24, .36, .48 fall into ticks 0, 2, 4, 7, 9
        (1.0, 0.05, "1" + "0" * 19 + "10"),
    ],
)
def test_sensor_tick(sensor_tick_s: float, delta_s: float, expected: str) -> None:
    spoken = [is_due(sensor_tick_s, k * delta_s, delta_s) for k in range(len(expected))]
    assert "".join("1" if due else "0" for due in spoken) == expected


def test_sensor_tick_keeps_its_rate() -> None:
    spoken = sum(is_due(0.03, k * 0.02, 0.02) for k in range(3000))
    assert spoken == 2000
