"""Cameras through the official client: formats, frames, attributes, converters, life and death."""

import contextlib
import hashlib
import itertools
import os
import time
from pathlib import Path
from typing import Any

import carla
import cv2
import numpy as np
import pytest

import simulator
from tests.contract import sight
from tests.contract.support import DELTA_S, Address, Bench, Inbox, another_client

CAMERAS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals")
FRONT = carla.Transform(carla.Location(x=1.5, z=2.4))
SMALL = {"image_size_x": "160", "image_size_y": "90"}


def camera(bench: Bench, kind: str, parent: carla.Actor | None = None, place: Any = FRONT, **attributes: str) -> Inbox:
    return bench.sensor(f"sensor.camera.{kind}", parent, place, **(SMALL | attributes))


# -- format and time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CAMERAS)
def test_an_image_tells_its_frame_size_field_of_view_and_place(bench: Bench, kind: str) -> None:
    car = bench.car()
    place = carla.Transform(carla.Location(x=1.5, y=-0.5, z=2.4), carla.Rotation(pitch=-10.0, yaw=30.0))
    inbox = camera(bench, kind, car, place, image_size_x="200", image_size_y="120", fov="75.0")
    frame = bench.tick()
    image = inbox.get()
    assert (image.frame, image.frame_number) == (frame, frame)
    assert (image.width, image.height) == (200, 120)
    assert image.fov == pytest.approx(75.0)
    assert image.timestamp == pytest.approx(bench.world.get_snapshot().timestamp.elapsed_seconds)
    assert len(image.raw_data) == 200 * 120 * 4
    mounted = inbox.sensor.get_transform()
    assert image.transform.location.distance(mounted.location) < 1e-3
    assert image.transform.rotation.yaw == pytest.approx(mounted.rotation.yaw, abs=1e-3)
    assert image.transform.rotation.pitch == pytest.approx(mounted.rotation.pitch, abs=1e-3)
    assert (sight.bgra(image)[:, :, 3] == 255).all()
    assert len(np.unique(sight.bgra(image).reshape(-1, 4), axis=0)) > 3


def test_every_camera_sends_one_image_in_each_tick_with_its_frame(bench: Bench) -> None:
    """The leaderboard waits in every frame for data of exactly that frame from every sensor."""
    car = bench.car()
    inboxes = [camera(bench, kind, car) for kind in (*CAMERAS, "optical_flow", "dvs")]
    frames = [bench.tick() for _ in range(30)]
    for inbox in inboxes:
        assert [inbox.get().frame for _ in frames] == frames
    time.sleep(0.05)
    assert not [message for inbox in inboxes for message in inbox.drain()]


def test_an_image_shows_the_state_of_its_own_tick(bench: Bench) -> None:
    """A car that is put before the camera between two ticks is in the next picture and not in the last."""
    place = bench.straight()
    inbox = camera(bench, "semantic_segmentation", place=bench.ahead(place, 0.0, up_m=1.5))
    seen = []
    for _ in range(6):
        bench.tick()
        seen.append(int((sight.labels(inbox.get()) == sight.CAR).sum()))
        if len(seen) == 3:
            bench.spawn("vehicle.lincoln.mkz_2020", bench.ahead(place, 10.0, up_m=0.2))
    assert seen[:3] == [0, 0, 0]
    assert min(seen[3:]) > 100


def test_the_first_tick_after_listen_is_not_missed(bench: Bench) -> None:
    car = bench.car()
    for _ in range(10):
        inbox = camera(bench, "depth", car)
        frame = bench.tick()
        assert inbox.get().frame == frame
        assert inbox.sensor.destroy()


def test_sensor_tick_thins_the_images(bench: Bench) -> None:
    car = bench.car()
    inbox = camera(bench, "rgb", car, sensor_tick="0.2")
    frames = [bench.tick() for _ in range(21)]
    images = [inbox.get() for _ in range(5)]
    first = images[0].frame
    assert frames[0] <= first <= frames[3]
    assert [image.frame for image in images] == [first + 4 * k for k in range(5)]


def test_cameras_in_asynchronous_mode(world: carla.World) -> None:
    library = world.get_blueprint_library()
    blueprint = library.find("sensor.camera.rgb")
    for name, value in SMALL.items():
        blueprint.set_attribute(name, value)
    place = world.get_map().get_spawn_points()[0]
    place.location.z += 2.0
    inbox = Inbox(world.spawn_actor(blueprint, place))
    images = [inbox.get() for _ in range(10)]
    assert all(b.frame > a.frame for a, b in itertools.pairwise(images))
    assert all(b.timestamp > a.timestamp for a, b in itertools.pairwise(images))


# -- life --------------------------------------------------------------------------------------------------------------


def test_a_stopped_camera_is_silent_and_may_listen_again(bench: Bench) -> None:
    car = bench.car()
    inbox = camera(bench, "rgb", car)
    bench.tick()
    assert inbox.get()
    inbox.sensor.stop()
    time.sleep(0.1)
    bench.tick(3)
    time.sleep(0.1)
    assert not inbox.drain()
    inbox.sensor.listen(inbox.messages.put)
    frame = bench.tick()
    assert inbox.get().frame == frame


def test_two_clients_get_the_same_pictures_of_one_camera(bench: Bench, address: Address) -> None:
    car = bench.car()
    mine = camera(bench, "rgb", car)
    bench.tick()
    theirs = Inbox(another_client(address).get_world().get_actor(mine.sensor.id))
    time.sleep(0.2)
    mine.drain()
    frames = [bench.tick() for _ in range(5)]
    for frame in frames:
        one, two = mine.get(), theirs.get()
        assert one.frame == two.frame == frame
        assert bytes(one.raw_data) == bytes(two.raw_data)


def test_cameras_are_destroyed_while_they_render_and_the_world_goes_on(bench: Bench) -> None:
    car = bench.car()
    large = {"image_size_x": "1600", "image_size_y": "900"}
    for _ in range(10):
        inboxes = [camera(bench, "rgb", car, **large) for _ in range(2)]
        bench.tick()
        for inbox in inboxes:
            inbox.sensor.destroy()
    bench.tick()
    assert not bench.world.get_actors().filter("sensor.camera.*")


def test_a_camera_outlives_its_parent(bench: Bench) -> None:
    car = bench.car()
    inbox = camera(bench, "rgb", car)
    bench.tick()
    place = inbox.get().transform
    bench.destroy(car)
    frame = bench.tick()
    image = inbox.get()
    assert image.frame == frame
    assert image.transform.location.distance(place.location) < 0.1
    assert inbox.sensor.destroy()


def test_a_camera_on_the_spectator_follows_it(bench: Bench) -> None:
    spectator = bench.world.get_spectator()
    inbox = camera(bench, "rgb", spectator, carla.Transform())
    for number in range(3):
        target = bench.ahead(bench.straight(number=number), 0.0, up_m=20.0)
        spectator.set_transform(target)
        bench.tick()
        assert inbox.get().transform.location.distance(target.location) < 1e-2


@pytest.mark.parametrize("attachment", ["Rigid", "SpringArm", "SpringArmGhost"])
def test_every_kind_of_attachment(bench: Bench, attachment: str) -> None:
    car = bench.car()
    blueprint = bench.blueprint("sensor.camera.rgb", **SMALL)
    behind = carla.Transform(carla.Location(x=-6.0, z=3.0), carla.Rotation(pitch=-10.0))
    sensor = bench.world.spawn_actor(blueprint, behind, car, getattr(carla.AttachmentType, attachment))
    inbox = Inbox(sensor)
    bench.tick(3)
    images = [inbox.get() for _ in range(3)]
    place = car.get_transform().transform(behind.location)
    assert images[-1].transform.location.distance(place) < 0.5


# -- sizes and attributes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (1, 7), (17, 3), (1999, 5), (5, 1999)])
@pytest.mark.parametrize("kind", [*CAMERAS, "optical_flow", "dvs"])
def test_odd_sizes(bench: Bench, kind: str, width: int, height: int) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    inbox = camera(bench, kind, place=place, image_size_x=str(width), image_size_y=str(height))
    frame = bench.tick()
    image = inbox.get()
    assert (image.frame, image.width, image.height) == (frame, width, height)


@pytest.mark.parametrize("fov", ["1.0", "20.0", "120.0", "179.0"])
def test_narrow_and_wide_lenses(bench: Bench, fov: str) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    inboxes = [camera(bench, kind, place=place, fov=fov) for kind in ("rgb", "depth")]
    bench.tick()
    image, depth = (inbox.get() for inbox in inboxes)
    assert image.fov == pytest.approx(float(fov))
    assert np.ptp(sight.bgra(image)) > 0
    assert sight.depth_m(depth).min() > 0.05


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"image_size_x": "0"}, "image_size_x must be from 1 to 8192 pixels, not 0"),
        ({"image_size_y": "-5"}, "image_size_y must be from 1 to 8192 pixels, not -5"),
        ({"image_size_x": "100000"}, "image_size_x must be from 1 to 8192 pixels, not 100000"),
        ({"fov": "0"}, "fov must be from 0.01 to 179.99 degrees, not 0"),
        ({"fov": "180.0"}, "fov must be from 0.01 to 179.99 degrees, not 180.0"),
    ],
)
@pytest.mark.parametrize("kind", ["rgb", "depth", "optical_flow", "dvs"])
def test_a_picture_that_cannot_be_made_is_refused_at_once(
    bench: Bench, kind: str, attributes: dict[str, str], words: str
) -> None:
    before = len(bench.world.get_actors())
    with pytest.raises(RuntimeError, match=f"sensor.camera.{kind}: {words}"):
        camera(bench, kind, **attributes)
    bench.tick()
    assert len(bench.world.get_actors()) == before


@pytest.mark.parametrize("kind", [*CAMERAS, "optical_flow", "dvs"])
def test_every_attribute_may_be_set(bench: Bench, kind: str) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    template = bench.blueprint(f"sensor.camera.{kind}")
    names = [attribute.id for attribute in template if attribute.is_modifiable]
    assert len(names) >= 12
    for name in names:
        attribute = template.get_attribute(name)
        blueprint = bench.blueprint(f"sensor.camera.{kind}", **SMALL)
        blueprint.set_attribute(name, other_value(attribute))
        inbox = Inbox(bench.world.spawn_actor(blueprint, place))
        frame = bench.tick()
        if name == "sensor_tick":
            bench.tick()
        assert inbox.get().frame >= frame, name
        inbox.sensor.destroy()


def other_value(attribute: carla.ActorAttribute) -> str:
    """Another one than the default, within reason."""
    if attribute.id in ("image_size_x", "image_size_y"):
        return "96"
    if attribute.id in ("fov", "horizontal_fov"):
        return "60.0"
    if attribute.type == carla.ActorAttributeType.Bool:
        return "False" if attribute.as_bool() else "True"
    if attribute.type == carla.ActorAttributeType.Int:
        return str(attribute.as_int() + 1)
    if attribute.type == carla.ActorAttributeType.Float:
        return str(attribute.as_float() * 1.5 + 0.05)
    return attribute.recommended_values[-1] if attribute.recommended_values else "other"


# -- what clients do with images ---------------------------------------------------------------------------------------


def test_depth_is_converted_by_the_client(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    inbox = camera(bench, "depth", place=place)
    bench.tick()
    image = inbox.get()
    metres = sight.depth_m(image)
    assert metres.max() == pytest.approx(1000.0, rel=1e-3)  # the sky
    assert 1.0 < metres.min() < 20.0
    image.convert(carla.ColorConverter.Depth)
    grey = sight.bgra(image)[:, :, 0].astype(float)
    assert np.abs(grey - metres / 1000.0 * 255.0).max() <= 1.0
    bench.tick()
    image = inbox.get()
    metres = sight.depth_m(image)
    image.convert(carla.ColorConverter.LogarithmicDepth)
    grey = sight.bgra(image)[:, :, 0].astype(float)
    expected = np.clip(1.0 + np.log(np.maximum(metres, 1e-6) / 1000.0) / 5.70378, 0.005, 1.0) * 255.0
    assert np.abs(grey - expected).max() <= 1.5


def test_tags_are_converted_to_the_palette_by_the_client(bench: Bench) -> None:
    place = bench.straight()
    bench.car(bench.ahead(place, 10.0, up_m=0.2))
    inbox = camera(bench, "semantic_segmentation", place=bench.ahead(place, 0.0, up_m=1.5))
    bench.tick()
    image = inbox.get()
    tags = sight.labels(image).copy()
    assert (sight.bgra(image)[:, :, :2] == 0).all()
    assert {sight.ROADS, sight.ROAD_LINES, sight.CAR, sight.SKY} <= set(np.unique(tags).tolist())
    image.convert(carla.ColorConverter.CityScapesPalette)
    pixels = sight.bgra(image)
    for tag, rgb in ((sight.ROADS, (128, 64, 128)), (sight.CAR, (0, 0, 142)), (sight.SKY, (70, 130, 180))):
        assert (pixels[tags == tag][:, [2, 1, 0]] == rgb).all()


def test_images_are_saved_to_disk(bench: Bench, tmp_path: Path) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=2.0)
    for kind, converter in (
        ("rgb", carla.ColorConverter.Raw),
        ("depth", carla.ColorConverter.LogarithmicDepth),
        ("semantic_segmentation", carla.ColorConverter.CityScapesPalette),
    ):
        inbox = camera(bench, kind, place=place)
        bench.tick()
        image = inbox.get()
        file = tmp_path / kind / f"{image.frame:06d}.png"
        image.save_to_disk(str(file), converter)
        saved = cv2.imread(str(file))
        assert saved is not None
        assert saved.shape == (90, 160, 3)
        if kind == "rgb":
            assert (saved == sight.bgra(image)[:, :, :3]).all()


def test_optical_flow_is_two_floats_a_pixel_and_colour_coded_by_the_client(bench: Bench) -> None:
    car = bench.car()
    inbox = camera(bench, "optical_flow", car)
    bench.tick()
    inbox.get()
    car.enable_constant_velocity(carla.Vector3D(x=10.0))
    bench.tick(3)
    images = [inbox.get() for _ in range(3)]
    flow = np.frombuffer(images[-1].raw_data, np.float32).reshape(90, 160, 2)
    assert np.abs(flow).max() > 1e-3
    coded = images[-1].get_color_coded_flow()
    assert (coded.width, coded.height) == (160, 90)
    # Straight ahead everything flows outwards: in the lower half down, that is against y.
    assert flow[80, 80, 1] * flow[60, 80, 1] > 0


def test_events_of_the_dvs_camera(bench: Bench) -> None:
    car = bench.car()
    inbox = camera(bench, "dvs", car)
    bench.tick(2)
    car.enable_constant_velocity(carla.Vector3D(x=10.0))
    bench.tick(5)
    counts = []
    for _ in range(7):
        message = inbox.get()
        events = np.frombuffer(message.raw_data, np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "?")]))
        counts.append(len(events))
        if len(events):
            assert events["x"].max() < 160
            assert events["y"].max() < 90
            assert (np.diff(events["t"]) >= 0).all()
            assert (message.width, message.height) == (160, 90)
            assert message.to_array_x() == events["x"].tolist()
            assert message.to_array_t() == events["t"].tolist()
    assert max(counts[2:]) > 50


# -- the same again ----------------------------------------------------------------------------------------------------


def hashes_of_a_drive(cores: int) -> list[str]:
    """Of all messages of ten ticks, from a simulator that may use so many cores."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(mine)[:cores]))
    try:
        stack = contextlib.ExitStack()
        server = stack.enter_context(simulator.serve("Harbor", seed=3))
    finally:
        os.sched_setaffinity(0, mine)
    with stack:
        client = another_client(Address(server.host, server.port))
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        # Begin anew: time passed by itself until now, and noise depends on time.
        bench = Bench(client, client.reload_world(False))
        bench.tick()
        place = bench.straight()
        car = bench.car(place)
        bench.spawn("vehicle.mercedes.sprinter", bench.ahead(place, 12.0, up_m=0.2))
        inboxes = [camera(bench, kind, car) for kind in (*CAMERAS, "optical_flow", "dvs")]
        inboxes += [bench.sensor(kind, car, FRONT) for kind in ("sensor.lidar.ray_cast", "sensor.other.radar")]
        car.enable_constant_velocity(carla.Vector3D(x=5.0))
        found = []
        for _ in range(10):
            bench.tick()
            found += [hashlib.sha256(bytes(inbox.get().raw_data)).hexdigest() for inbox in inboxes]
        return found


@pytest.mark.embedded
def test_pictures_and_points_are_the_same_bit_for_bit_on_every_run_and_number_of_cores() -> None:
    first = hashes_of_a_drive(1)
    assert len(set(first)) > 50
    assert hashes_of_a_drive(2) == first
