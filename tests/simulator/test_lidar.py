"""LiDAR readings: rays and their order, intensity and what drops out, meaning, and bad attributes."""

from math import cos, pi, radians, sin, tan

import numpy as np
import pytest

from simulator.blueprints import catalogue
from simulator.maps.town import BUILDINGS, CAR, NONE, ROAD_LINES, ROADS, TRUCK
from simulator.scene.tables import ASPHALT, CROSSWALK, MARKING, PAINT, PLAIN, Frame
from simulator.sensors.lidar import (
    LidarReading,
    LidarSpec,
    channel_elevations,
    lidar_spec,
    read_lidar,
    read_semantic_lidar,
    sweep,
)
from simulator.world.pose import Pose, rotation
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, materials


def spec_of(kind: str = "ray_cast", **given: str) -> LidarSpec:
    blueprint = catalogue().find(f"sensor.lidar.{kind}")
    assert blueprint is not None
    attributes = {attribute.id: attribute.default for attribute in blueprint}
    assert given.keys() <= attributes.keys()
    return lidar_spec(attributes | given, 1)


NOTHING_LOST = {"dropoff_general_rate": "0.0", "dropoff_intensity_limit": "0.0", "atmosphere_attenuation_rate": "0.0"}


def xyz(reading: LidarReading) -> np.ndarray:
    return np.stack([reading.points[name] for name in "xyz"], axis=1).astype(float)


def room(half_m: float = 20.0) -> Frame:
    """A sensor in it meets something on every ray: six walls seen from within."""
    return frame(geometry([box((0, 0, 0), (half_m, half_m, half_m))[:, ::-1]]))


# -- rays ----------------------------------------------------------------------------------------------------------


def test_attributes() -> None:
    spec = spec_of(channels="64", range="85", upper_fov="10", lower_fov="-30", noise_stddev="0.25")
    assert (spec.channels, spec.range_m, spec.noise_stddev_m) == (64, 85.0, 0.25)
    assert (spec.upper_fov_rad, spec.lower_fov_rad) == pytest.approx((radians(10), radians(-30)))
    assert (spec.dropoff_general_rate, spec.dropoff_intensity_limit, spec.dropoff_zero_intensity) == (0.45, 0.8, 0.4)
    semantic = spec_of("ray_cast_semantic")
    assert (semantic.channels, semantic.range_m, semantic.horizontal_fov_rad) == pytest.approx((32, 10.0, 2 * pi))


@pytest.mark.parametrize(
    "given",
    [
        {"channels": "0"},
        {"channels": "100000"},
        {"points_per_second": "100000000"},
        {"upper_fov": "91"},
        {"lower_fov": "-90.5"},
        {"horizontal_fov": "0"},
        {"horizontal_fov": "361"},
        {"range": "-1"},
        {"points_per_second": "-5"},
        {"rotation_frequency": "-5"},
        {"noise_stddev": "-0.1"},
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused_by_name(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        spec_of(**given)


@pytest.mark.parametrize(
    ("points_per_second", "channels", "delta_s", "expected"),
    [
        ("600000", "64", 0.05, 469),  # 468.75; the leaderboard's
        ("1200000", "64", 0.05, 938),  # 937.5: halves go up
        ("56000", "32", 0.05, 88),  # 87.5; CARLA's defaults
        ("640", "64", 0.05, 1),  # a half
        ("600", "64", 0.05, 0),
        ("0", "32", 0.05, 0),
    ],
)
def test_points_of_a_channel(points_per_second: str, channels: str, delta_s: float, expected: int) -> None:
    azimuths, _ = sweep(spec_of(points_per_second=points_per_second, channels=channels), 0.0, delta_s)
    assert len(azimuths) == expected


def test_half_a_turn_each_tick() -> None:
    spec = spec_of(points_per_second="600000", channels="64", rotation_frequency="10")
    first, angle = sweep(spec, 0.0, 0.05)
    assert (first[0], angle) == pytest.approx((-pi, pi))  # it begins behind and turns to the left side, then ahead
    assert np.diff(first) == pytest.approx(np.full(468, pi / 469))
    second, angle = sweep(spec, angle, 0.05)
    assert (second[0], second[-1]) == pytest.approx((0.0, pi - pi / 469))
    assert angle == 0.0


def test_a_sector_jumps_back() -> None:
    spec = spec_of(points_per_second="3600", channels="1", rotation_frequency="15", horizontal_fov="120")
    azimuths, angle = sweep(spec, 0.0, 0.05)  # 180 points over 90 degrees
    assert np.degrees([azimuths[0], azimuths[-1], angle]) == pytest.approx([-60, 29.5, 90])
    azimuths, angle = sweep(spec, angle, 0.05)
    assert np.degrees(azimuths[[0, 59, 60, 179]]) == pytest.approx([30, 59.5, -60, -0.5])
    assert np.degrees(angle) == pytest.approx(60)
    assert (np.abs(azimuths) <= radians(60)).all()


def test_a_fan_that_does_not_turn_and_one_that_turns_often() -> None:
    still, angle = sweep(spec_of(rotation_frequency="0"), 0.3, 0.05)
    assert (np.ptp(still), angle) == (0.0, 0.3)
    fast = spec_of(rotation_frequency="100", points_per_second="20000", channels="1", **NOTHING_LOST)
    azimuths, angle = sweep(fast, 0.0, 0.05)
    assert (len(azimuths), angle) == pytest.approx((1000, 0.0), abs=1e-9)
    reading = read_lidar(fast, 0.0, room(5.0), Pose())
    met = np.arctan2(*xyz(reading).T[1::-1])
    assert np.abs(np.angle(np.exp(1j * (met - azimuths)))).max() < 1e-6  # in the order in which it turned


def test_channels_from_the_top_down() -> None:
    spec = spec_of(channels="5", upper_fov="10", lower_fov="-30")
    assert np.degrees(channel_elevations(spec)) == pytest.approx([10, 0, -10, -20, -30])
    assert np.degrees(channel_elevations(spec_of(channels="1"))) == pytest.approx([10])


@pytest.mark.parametrize(("upper", "lower"), [("10", "-30"), ("-30", "10")])
def test_points_by_channel_and_within_a_channel_as_the_fan_turns(upper: str, lower: str) -> None:
    spec = spec_of(
        channels="16", points_per_second="64000", rotation_frequency="20", range="200", upper_fov=upper,
        lower_fov=lower, **NOTHING_LOST,
    )  # fmt: skip
    reading = read_lidar(spec, 0.0, room(), Pose())
    azimuths, after = sweep(spec, 0.0, 0.05)
    assert reading.horizontal_angle_rad == after
    assert reading.points_per_channel.tolist() == [200] * 16
    expected = np.array(
        [[cos(e) * cos(a), cos(e) * sin(a), sin(e)] for e in channel_elevations(spec) for a in azimuths]
    )
    points = xyz(reading)
    assert points / np.linalg.norm(points, axis=1, keepdims=True) == pytest.approx(expected, abs=1e-6)
    assert np.abs(points).max(axis=1) == pytest.approx(np.full(3200, 20.0), abs=1e-4)  # on a wall


def test_points_are_in_the_sensors_own_axes() -> None:
    pose = Pose(3, -2, 4, 0.2, -0.1, 2.5)
    spec = spec_of(range="60", lower_fov="-60", **NOTHING_LOST)
    reading = read_lidar(spec, 0.0, frame(geometry([ground(100, 10)])), pose)
    assert len(reading.points) > 500
    world = xyz(reading) @ np.array(rotation(pose)).T + np.array(pose[:3])
    assert world[:, 2] == pytest.approx(np.zeros(len(world)), abs=1e-4)


def test_a_ring_on_the_ground_has_its_radius() -> None:
    spec = spec_of(channels="1", upper_fov="-20", lower_fov="-20", range="50", rotation_frequency="20", **NOTHING_LOST)
    reading = read_lidar(spec, 0.0, frame(geometry([ground(50, 5)])), Pose(0.3, 0.2, 2.0))
    assert reading.points_per_channel.tolist() == [2800]
    assert np.hypot(*xyz(reading).T[:2]) == pytest.approx(np.full(2800, 2.0 / tan(radians(20))), rel=1e-5)


def test_nothing_to_meet_and_nothing_to_cast() -> None:
    empty = read_lidar(spec_of(), 0.0, frame(), Pose())
    assert (len(empty.points), empty.points_per_channel.tolist()) == (0, [0] * 32)
    assert empty.horizontal_angle_rad == pytest.approx(pi)
    for read in (read_lidar, read_semantic_lidar):
        none = read(spec_of(points_per_second="0"), 0.7, room(), Pose())
        assert (len(none.points), none.points_per_channel.tolist(), none.horizontal_angle_rad) == (0, [0] * 32, 0.7)


# -- intensity, and what drops out -----------------------------------------------------------------------------------


def test_intensity_fades_with_the_distance() -> None:
    spec = spec_of(range="100", **NOTHING_LOST | {"atmosphere_attenuation_rate": "0.01"})
    reading = read_lidar(spec, 0.0, room(), Pose())
    distance = np.linalg.norm(xyz(reading), axis=1)
    assert np.ptp(distance) > 5
    assert reading.points["intensity"] == pytest.approx(np.exp(-0.01 * distance), rel=1e-5)


def test_a_general_share_drops_out_everywhere() -> None:
    # Near walls: intensity is above the limit, so nothing else is lost.
    spec = spec_of(points_per_second="640000", range="100")
    reading = read_lidar(spec, 0.0, room(5.0), Pose())
    assert len(reading.points) == pytest.approx(32000 * 0.55, abs=5 * (32000 * 0.55 * 0.45) ** 0.5)
    assert np.ptp(reading.points_per_channel) > 0
    assert (np.abs(reading.points_per_channel - 550.0) < 5 * (1000 * 0.55 * 0.45) ** 0.5).all()


@pytest.mark.parametrize(("limit", "zero"), [(0.8, 0.4), (0.5, 0.9), (1.0, 1.0)])
def test_weak_points_drop_out(limit: float, zero: float) -> None:
    # One ring on the ground: all points have the same intensity.
    given = {
        "channels": "1", "upper_fov": "-20", "lower_fov": "-20", "points_per_second": "400000", "range": "50",
        "atmosphere_attenuation_rate": "0.2", "dropoff_general_rate": "0.0", "dropoff_intensity_limit": str(limit),
        "dropoff_zero_intensity": str(zero),
    }  # fmt: skip
    reading = read_lidar(spec_of(**given), 0.0, frame(geometry([ground(50, 5)])), Pose(0, 0, 2.0))
    intensity = np.exp(-0.2 * 2.0 / sin(radians(20)))
    share = zero / limit * intensity + 1.0 - zero
    assert intensity < limit
    assert 0.2 < share < 0.8
    assert len(reading.points) == pytest.approx(20000 * share, abs=5 * (20000 * share * (1 - share)) ** 0.5)


def test_noise_is_along_the_ray_and_normal() -> None:
    exact = spec_of(range="100", points_per_second="640000", **NOTHING_LOST)
    still, noisy = (xyz(read_lidar(spec, 0.0, room(), Pose())) for spec in (exact, exact._replace(noise_stddev_m=0.1)))
    before, after = (np.linalg.norm(points, axis=1) for points in (still, noisy))
    assert noisy / after[:, None] == pytest.approx(still / before[:, None], abs=1e-6)
    error = after - before
    assert (error.mean(), error.std()) == pytest.approx((0.0, 0.1), abs=0.003)
    assert (np.abs(error) < 0.1).mean() == pytest.approx(0.683, abs=0.01)


def test_readings_repeat_by_key_and_frame() -> None:
    spec = spec_of(range="100", noise_stddev="0.05")
    one, again, other_key = (read_lidar(spec._replace(key=key), 0.0, room(), Pose()).points for key in (1, 1, 2))
    other_frame = read_lidar(spec, 0.0, _later(room()), Pose()).points
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other_key.tobytes()
    assert one.tobytes() != other_frame.tobytes()


def _later(scene: Frame) -> Frame:
    return frame(scene.static, number=scene.number + 1)


# -- meaning ---------------------------------------------------------------------------------------------------------


def semantic_scene() -> Frame:
    """A road with a dashed line of 3 m and 3 m along x, a house, a car and a lorry with a door of its own label."""
    road, house = ground(50, 5), box((0, 30, 5), (20, 5, 5))
    line = np.array([[[-50.0, -0.5, 0], [50, -0.5, 0], [50, 0.5, 0]], [[-50.0, -0.5, 0], [50, 0.5, 0], [-50, 0.5, 0]]])
    line_uv = line[:, :, :2] + [50, 0]
    car, lorry = box((12, 3, 1), (2, 1, 0.8)), box((-12, -4, 1.5), (3, 1, 1.5))
    static = geometry(
        [road, line, house],
        material=[1] * len(road) + [2] * 2 + [0] * 12,
        instance=[0] * len(road) + [0] * 2 + [1] * 12,
        uv=np.concatenate([np.zeros((len(road), 3, 2)), line_uv, np.zeros((12, 3, 2))]),
    )
    movers = geometry([car, lorry], material=[3] * 12 + [3] * 6 + [4] * 6, instance=[2] * 12 + [3] * 12)
    return frame(
        static,
        movers,
        materials(
            {"kind": PLAIN, "label": NONE},
            {"kind": ASPHALT, "label": ROADS},
            {"kind": MARKING, "label": ROAD_LINES, "p": [0.15, 0, 3, 3, 0, 0, 0, 0]},
            {"kind": PAINT, "label": NONE},
            {"kind": PAINT, "label": BUILDINGS},
        ),
        instances({}, {"label": BUILDINGS}, {"id": 31, "label": CAR}, {"id": 40, "label": TRUCK}),
    )


def test_every_point_lies_on_what_it_says() -> None:
    pose = Pose(0, 0.2, 2.4, 0.01, 0.02, 0.5)
    spec = spec_of("ray_cast_semantic", channels="64", points_per_second="1200000", range="60", rotation_frequency="20")
    reading = read_semantic_lidar(spec, 0.0, semantic_scene(), pose)
    assert int(reading.points_per_channel.sum()) == len(reading.points)
    x, y, z = (xyz(reading) @ np.array(rotation(pose)).T + np.array(pose[:3])).T
    tag, actor = reading.points["object_tag"], reading.points["object_idx"]
    on_ground = np.abs(z) < 1e-4
    on_line = on_ground & (np.abs(y) < 0.15) & (np.mod(x + 50, 6) < 3)
    edge = on_ground & ((np.abs(np.abs(y) - 0.15) < 1e-3) | (np.abs(np.mod(x + 50, 3) - 1.5) > 1.499))
    assert (tag[on_line & ~edge] == ROAD_LINES).all()
    assert (tag[on_ground & ~on_line & ~edge] == ROADS).all()
    assert on_line.sum() > 100
    house = ~on_ground & (y > 20)
    assert (tag[house] == BUILDINGS).all()
    assert (actor[house] == 0).all()
    assert house.sum() > 1000
    car = ~on_ground & (x > 8) & (np.abs(y) < 5)
    assert car.sum() > 100
    assert (tag[car] == CAR).all()
    assert (actor[car] == 31).all()
    lorry = ~on_ground & (x < -8) & (np.abs(y) < 6)
    assert set(tag[lorry].tolist()) <= {TRUCK, BUILDINGS}
    assert TRUCK in tag[lorry]
    assert (actor[lorry] == 40).all()
    assert (on_ground | house | car | lorry).all()


def test_cosine_of_the_incidence() -> None:
    pose = Pose(0, 0, 2.0, 0.1, -0.2, 1.0)
    reading = read_semantic_lidar(spec_of("ray_cast_semantic", range="60"), 0.0, frame(geometry([ground(60, 6)])), pose)
    down = xyz(reading) @ np.array(rotation(pose)).T
    assert len(down) > 500
    expected = -down[:, 2] / np.linalg.norm(down, axis=1)  # against the ground's normal
    assert reading.points["cos_inc_angle"] == pytest.approx(expected, abs=1e-5)


def test_crosswalks_are_painted_in_stripes() -> None:
    square = np.array([[[5.0, -4, 0], [9, -4, 0], [9, 4, 0]], [[5.0, -4, 0], [9, 4, 0], [5, 4, 0]]])
    uv = np.stack([square[:, :, 1] + 4, square[:, :, 0] - 5], axis=-1)
    scene = frame(
        geometry([square], material=[1, 1], uv=uv), None, materials({}, {"kind": CROSSWALK, "p": [0.5] * 2 + [0.0] * 6})
    )
    spec = spec_of("ray_cast_semantic", channels="32", points_per_second="1200000", range="30")
    reading = read_semantic_lidar(spec, pi / 2, scene, Pose(0, 0, 2.0))
    tag, y = reading.points["object_tag"], reading.points["y"].astype(float)
    assert len(tag) > 500
    clear = np.abs(np.mod(y, 0.5) - 0.25) < 0.249
    assert np.array_equal(tag[clear] == ROAD_LINES, np.mod(y[clear], 1.0) < 0.5)


def test_both_lidars_meet_the_same_points() -> None:
    given = {"channels": "32", "points_per_second": "600000", "range": "60"}
    scene, pose = semantic_scene(), Pose(0, 0.2, 2.4, 0.01, 0.02, 0.5)
    meaning = read_semantic_lidar(spec_of("ray_cast_semantic", **given), 0.0, scene, pose)
    light = read_lidar(spec_of(**given, **NOTHING_LOST), 0.0, scene, pose)
    assert light.points_per_channel.tolist() == meaning.points_per_channel.tolist()
    assert xyz(light) == pytest.approx(xyz(meaning), abs=1e-4)


def test_no_point_beyond_the_range() -> None:
    line = {"kind": MARKING, "p": [99.0] + [0.0] * 7}
    floor = ground(60, 6)
    scene = frame(geometry([floor], material=[1] * len(floor)), None, materials({}, line))
    reading = read_semantic_lidar(
        spec_of("ray_cast_semantic", range="17.3", channels="64"), 0.0, scene, Pose(0, 0, 2.0)
    )
    distance = np.linalg.norm(xyz(reading), axis=1)
    assert 15.0 < distance.max() < 17.3 + 1e-4
