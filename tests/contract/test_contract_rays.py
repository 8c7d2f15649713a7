"""LiDAR and radar through the official client: formats, frames, attributes."""

import math
from pathlib import Path

import carla
import numpy as np
import pytest

from tests.contract import sight
from tests.contract.support import Bench, Inbox
from tests.contract.test_contract_cameras import other_value

ROOF = carla.Transform(carla.Location(z=2.5))
NO_DROPOFF = {"dropoff_general_rate": "0.0", "dropoff_intensity_limit": "1.0", "dropoff_zero_intensity": "0.0"}
# 20 Hz of 20 ticks in a second: every tick turns once.
FULL_TURN = {
    "channels": "32",
    "range": "80",
    "points_per_second": "320000",
    "rotation_frequency": "20",
    "upper_fov": "10",
    "lower_fov": "-30",
}


def lidar(bench: Bench, kind: str, parent: carla.Actor | None, place: carla.Transform = ROOF, **given: str) -> Inbox:
    attributes = FULL_TURN | (NO_DROPOFF if kind == "ray_cast" else {}) | given
    return bench.sensor(f"sensor.lidar.{kind}", parent, place, **attributes)


def count_of(message: carla.LidarMeasurement | carla.SemanticLidarMeasurement) -> int:
    return sum(message.get_point_count(channel) for channel in range(message.channels))


# -- format and time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ray_cast", "ray_cast_semantic"])
def test_a_scan_tells_its_frame_channels_and_place(bench: Bench, kind: str) -> None:
    car = bench.car()
    inbox = lidar(bench, kind, car)
    frame = bench.tick()
    scan = inbox.get()
    assert scan.frame == frame
    assert scan.channels == 32
    assert scan.transform.location.distance(inbox.sensor.get_transform().location) < 1e-3
    size = 16 if kind == "ray_cast" else 24
    assert len(scan.raw_data) == count_of(scan) * size
    # Half of the channels look down at the ground, which is everywhere near.
    assert count_of(scan) > 320000 * 0.05 * 0.4
    assert len(list(scan)) == count_of(scan)
    point = next(iter(scan)).point
    assert 0.0 < point.length() <= 80.1


def test_every_scan_comes_in_its_tick_and_empty_ones_too(bench: Bench) -> None:
    """The leaderboard waits in every frame for data of exactly that frame from every sensor."""
    place = carla.Transform(carla.Location(z=3000.0))  # nothing is in reach there
    kinds = ("sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic", "sensor.other.radar")
    inboxes = [bench.sensor(kind, place=place) for kind in kinds]
    frames = [bench.tick() for _ in range(10)]
    for inbox in inboxes:
        messages = [inbox.get() for _ in frames]
        assert [message.frame for message in messages] == frames
        assert all(len(message.raw_data) == 0 for message in messages)


def test_channels_run_from_the_upper_to_the_lower_and_points_lie_in_their_cone(bench: Bench) -> None:
    car = bench.car()
    inbox = lidar(bench, "ray_cast", car)
    bench.tick()
    scan = inbox.get()
    points = sight.lidar_points(scan).astype(float)
    elevation = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    first = 0
    for channel in range(scan.channels):
        mine = elevation[first : first + scan.get_point_count(channel)]
        first += len(mine)
        if len(mine):
            expected = 10.0 - 40.0 * channel / 31
            assert np.abs(mine - expected).max() < 0.01
    assert first == len(points)


def test_a_slow_lidar_turns_on_from_tick_to_tick(bench: Bench) -> None:
    car = bench.car()
    inbox = lidar(bench, "ray_cast", car, rotation_frequency="5")  # a quarter in each tick of 0.05 s
    bench.tick(8)
    scans = [inbox.get() for _ in range(8)]
    spans = []
    for scan in scans:
        points = sight.lidar_points(scan)
        azimuth = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
        spans.append(np.histogram(azimuth, bins=4, range=(-180.0, 180.0))[0].argmax())
        assert np.ptp(np.unwrap(np.radians(azimuth))) < math.pi
    assert spans[:4] == spans[4:]
    assert sorted(spans[:4]) == [0, 1, 2, 3]
    angles = [scan.horizontal_angle for scan in scans]
    turned = np.mod(np.diff(angles), 2.0 * math.pi)
    assert np.allclose(turned, math.pi / 2.0, atol=1e-3)


def test_points_per_second_are_what_is_asked_for(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.5)
    inbox = lidar(
        bench, "ray_cast", None, place, channels="4", upper_fov="-20", lower_fov="-30", points_per_second="8000"
    )
    bench.tick()
    assert count_of(inbox.get()) == 8000 * 0.05


def test_intensity_falls_with_distance_and_the_air(bench: Bench) -> None:
    car = bench.car()
    clear = lidar(bench, "ray_cast", car, atmosphere_attenuation_rate="0.004")
    thick = lidar(bench, "ray_cast", car, atmosphere_attenuation_rate="0.05")
    bench.tick()
    for inbox, rate in ((clear, 0.004), (thick, 0.05)):
        points = sight.lidar_points(inbox.get()).astype(float)
        distance = np.linalg.norm(points[:, :3], axis=1)
        assert np.abs(points[:, 3] - np.exp(-rate * distance)).max() < 1e-3


def test_dropoff_takes_its_share(bench: Bench) -> None:
    car = bench.car()
    whole = lidar(bench, "ray_cast", car)
    half = lidar(bench, "ray_cast", car, dropoff_general_rate="0.5")
    bench.tick()
    assert count_of(half.get()) / count_of(whole.get()) == pytest.approx(0.5, abs=0.03)


def test_noise_moves_points_along_their_rays(bench: Bench) -> None:
    car = bench.car()
    bench.seconds(2.0)
    exact = lidar(bench, "ray_cast", car)
    noisy = lidar(bench, "ray_cast", car, noise_stddev="0.1")
    bench.tick()
    a, b = (sight.lidar_points(inbox.get()).astype(float)[:, :3] for inbox in (exact, noisy))
    assert a.shape == b.shape
    far, near = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    assert np.std(near - far) == pytest.approx(0.1, rel=0.1)
    cosine = (a * b).sum(axis=1) / (far * near)
    assert cosine.min() > 1.0 - 1e-5


def test_a_narrow_lidar_looks_ahead(bench: Bench) -> None:
    car = bench.car()
    inbox = lidar(bench, "ray_cast", car, horizontal_fov="60")
    bench.tick()
    points = sight.lidar_points(inbox.get()).astype(float)
    assert len(points)
    assert np.abs(np.degrees(np.arctan2(points[:, 1], points[:, 0]))).max() < 30.1


def test_a_lidar_does_not_see_the_vehicles_that_it_is_to_ignore(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    other = bench.car(bench.ahead(place, 12.0, up_m=0.2))
    inbox = lidar(bench, "ray_cast_semantic", car)
    bench.tick()
    assert (sight.semantic_points(inbox.get())["id"] == other.id).sum() > 20
    inbox.sensor.set_ignored_vehicles([other.id])
    bench.tick()
    assert not (sight.semantic_points(inbox.get())["id"] == other.id).any()


# -- attributes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic", "sensor.other.radar"])
def test_every_attribute_may_be_set(bench: Bench, kind: str) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    template = bench.blueprint(kind)
    names = [attribute.id for attribute in template if attribute.is_modifiable]
    assert len(names) >= 9
    for name in names:
        blueprint = bench.blueprint(kind)
        blueprint.set_attribute(name, other_value(template.get_attribute(name)))
        inbox = Inbox(bench.world.spawn_actor(blueprint, place))
        frame = bench.tick()
        if name == "sensor_tick":
            bench.tick()
        assert inbox.get().frame >= frame, name
        inbox.sensor.destroy()


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("sensor.lidar.ray_cast", {"channels": "0"}),
        ("sensor.lidar.ray_cast", {"range": "-1"}),
        ("sensor.lidar.ray_cast_semantic", {"horizontal_fov": "400"}),
        ("sensor.other.radar", {"range": "-1"}),
    ],
)
@pytest.mark.embedded
def test_what_cannot_be_built_is_refused_in_a_sentence(bench: Bench, kind: str, attributes: dict[str, str]) -> None:
    name = next(iter(attributes))
    with pytest.raises(RuntimeError, match=f"{kind}: .*{name[:5]}"):
        bench.sensor(kind, **attributes)


# -- what clients do with points ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ray_cast", "ray_cast_semantic"])
def test_scans_are_saved_to_disk(bench: Bench, kind: str, tmp_path: Path) -> None:
    car = bench.car()
    inbox = lidar(bench, kind, car)
    bench.tick()
    scan = inbox.get()
    file = tmp_path / f"{scan.frame:06d}.ply"
    scan.save_to_disk(str(file))
    text = file.read_text()
    assert text.startswith("ply")
    assert f"element vertex {count_of(scan)}" in text


# -- radar -------------------------------------------------------------------------------------------------------------


def test_a_radar_sees_how_fast_a_car_goes_away(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    other = bench.car(bench.ahead(place, 15.0, up_m=0.2))
    inbox = bench.sensor(
        "sensor.other.radar",
        car,
        carla.Transform(carla.Location(x=2.5, z=0.8)),
        horizontal_fov="20",
        vertical_fov="6",
        points_per_second="6000",
    )
    other.enable_constant_velocity(carla.Vector3D(x=8.0))
    bench.tick(10)
    messages = [inbox.get() for _ in range(10)]
    detections = list(messages[-1])
    assert messages[-1].get_detection_count() == len(detections) > 20
    rows = np.frombuffer(messages[-1].raw_data, np.float32).reshape(-1, 4)
    assert rows[0].tolist() == pytest.approx(
        [detections[0].velocity, detections[0].azimuth, detections[0].altitude, detections[0].depth]
    )
    assert np.abs(rows[:, 1]).max() <= math.radians(10.1)
    assert np.abs(rows[:, 2]).max() <= math.radians(3.1)
    moving = [d for d in detections if d.velocity > 4.0]
    assert moving
    length = 2.0 * other.bounding_box.extent.x
    gap = car.get_location().distance(other.get_location()) - 2.5 - 0.5 * length
    assert all(abs(d.velocity - 8.0) < 1.0 and -0.5 < d.depth - gap < length for d in moving)


@pytest.mark.parametrize("model", ["vehicle.lincoln.mkz_2020", "vehicle.audi.etron"])
def test_from_within_a_car_rays_go_out_as_sight_does(bench: Bench, model: str) -> None:
    """Faces are met from outside only, and the leaves of closed doors from nowhere."""
    car = bench.spawn(model, bench.ahead(bench.straight(), 5.0, up_m=0.2))
    bench.seconds(1.0)
    place = car.get_transform()
    place.location.z += 0.8
    place.rotation = carla.Rotation(pitch=-10.0, yaw=place.rotation.yaw + 90.0)
    scanner = bench.sensor(
        "sensor.lidar.ray_cast_semantic",
        place=place,
        channels="64",
        points_per_second="1200000",
        rotation_frequency="20",
        upper_fov="40",
        lower_fov="-40",
        horizontal_fov="80",
        range="50",
    )
    camera = bench.sensor("sensor.camera.depth", place=place, image_size_x="800", image_size_y="800")
    bench.tick()
    image, scan = camera.get(), scanner.get()
    matrix = np.array(scan.transform.get_matrix())
    world = sight.semantic_points(scan)["xyz"].astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
    x, y, ahead = sight.to_pixels(image, world)
    inside = (x >= 0) & (x < 800) & (y >= 0) & (y < 800)
    seen = sight.depth_m(image)[y[inside].astype(int), x[inside].astype(int)]
    assert inside.sum() > 5000
    assert np.mean(np.abs(seen - ahead[inside]) < 0.03 * seen + 0.02) > 0.97
