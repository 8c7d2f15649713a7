"""Sensors that see, as the server makes them: absurd attributes and weathers, threads, messages."""

import asyncio
import itertools
import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import uvloop

from simulator.blueprints import catalogue, validate_attributes
from simulator.maps.library import MapLibrary
from simulator.protocol.stream import HEADER_BYTES, IMAGE_AT, LENGTH_BYTES, SensorHeader, pack_header, unpack_header
from simulator.scene.scene import Scene
from simulator.scene.tables import Frame
from simulator.sensors import SENSORS
from simulator.sensors.camera_spec import camera_spec
from simulator.sensors.raster import one_by_one
from simulator.sensors.weather_limits import drawable
from simulator.server.rendering import RenderPool
from simulator.server.seeing import SEEING, Look, Seeing
from simulator.world.pose import Pose
from simulator.world.world import World

# The first one compiles kernels after an edit.
pytestmark = pytest.mark.timeout(600)

HEADER = pack_header(SensorHeader(13, 42, 2.1, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
NOON = (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0)


@cache
def scenery() -> tuple[World, Scene, Pose]:
    world = World(MapLibrary(None).load("Harbor"), seed=1)
    places = [Pose(*point) for point in world.town.spawn_points.tolist()]
    for place in places[1:20]:
        world.spawn("vehicle.tesla.model3", {}, place)
    world.step(0.05)
    return world, Scene(world.town), places[0]._replace(z=places[0].z + 2.0)


def look_with(weather: tuple[float, ...] = NOON, run: Callable[..., None] = one_by_one) -> Look:
    world, scene, eye = scenery()
    world.weather = weather
    frame: Frame = scene.frame(world, world.steps)
    return Look(frame, eye, eye, frozenset(), run)


def sensor(kind: str, **given: str) -> Seeing:
    blueprint = catalogue().find(kind)
    assert blueprint is not None
    if kind.startswith("sensor.camera."):
        given = {"image_size_x": "96", "image_size_y": "64"} | given
    return SEEING[kind](validate_attributes(blueprint, given), 7)


def pixels(message: memoryview) -> np.ndarray:
    width, height, _ = struct.unpack_from("<IIf", message, LENGTH_BYTES + HEADER_BYTES)
    return np.frombuffer(message, np.uint8, offset=IMAGE_AT).reshape(height, width, 4)


def test_every_supported_sensor_is_read_in_one_of_two_ways() -> None:
    seeing = {kind for kind in SENSORS if kind.startswith(("sensor.camera.", "sensor.lidar.", "sensor.other.radar"))}
    assert set(SEEING) == {kind for kind in seeing if SENSORS[kind].supported}


@pytest.mark.parametrize("kind", SEEING)
def test_a_message_has_its_length_and_its_header_in_front(kind: str) -> None:
    message = sensor(kind).read(look_with(), HEADER)
    assert struct.unpack_from("<I", message)[0] == len(message) - LENGTH_BYTES
    assert unpack_header(bytes(message[LENGTH_BYTES:])) == unpack_header(HEADER)


@pytest.mark.parametrize("kind", SEEING)
def test_each_message_is_memory_of_its_own(kind: str) -> None:
    """A socket may still hold the last one."""
    one = sensor(kind)
    first = one.read(look_with(), HEADER)
    kept = bytes(first)
    _world, _, eye = scenery()
    one.read(Look(look_with().frame, eye._replace(yaw=eye.yaw + 1.0), eye, frozenset(), one_by_one), HEADER)
    assert bytes(first) == kept


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


@pytest.mark.parametrize("kind", SEEING)
def test_any_number_of_threads_gives_the_same_bytes(kind: str, loop: asyncio.AbstractEventLoop) -> None:
    alone = [bytes(sensor(kind).read(look_with(), HEADER)) for _ in range(2)]
    assert alone[0] == alone[1]
    for threads in (2, 3, 8):
        pool = RenderPool(loop, threads)
        outcome: asyncio.Future[memoryview] = loop.create_future()
        work = lambda pool=pool: sensor(kind).read(look_with(run=pool.side_by_side), HEADER)  # noqa: E731
        pool.start(work, lambda made, outcome=outcome: outcome.set_result(made.result()))  # type: ignore[misc]
        assert bytes(loop.run_until_complete(outcome)) == alone[0]
        pool.close()


ABSURD = (0.0, -1.0, 1e-30, 0.01, 179.99, 50.0, 100.0, 1e4, -1e9, 1e30)


@pytest.mark.parametrize("value", [-1e9, 179.99, 1e30])
def test_absurd_weathers_make_pictures(value: float) -> None:
    camera = sensor("sensor.camera.rgb")
    for number in range(14):
        weather = (*NOON[:number], value, *NOON[number + 1 :])
        assert (pixels(camera.read(look_with(weather), HEADER))[:, :, 3] == 255).all()
    assert (pixels(camera.read(look_with((value,) * 14), HEADER))[:, :, 3] == 255).all()


def test_a_weather_within_its_ranges_is_drawn_as_it_is() -> None:
    assert drawable(NOON) == (*NOON[:4], 359.0, *NOON[5:])


def test_a_sun_beyond_the_zenith_stands_on_the_other_side() -> None:
    assert drawable((*NOON[:4], 30.0, 170.0, *NOON[6:]))[4:6] == (210.0, 10.0)
    assert drawable((*NOON[:4], 200.0, -100.0, *NOON[6:]))[4:6] == (20.0, -80.0)
    assert drawable((*NOON[:4], 30.0, 405.0, *NOON[6:]))[4:6] == (30.0, 45.0)


def test_absurd_settings_of_a_camera_make_pictures_or_sentences() -> None:
    names = ("gamma", "exposure_compensation", "shutter_speed", "iso", "fstop", "bloom_intensity", "fov")
    for name, value, mode in itertools.product(names, ABSURD, ("manual", "histogram")):
        try:
            camera = sensor("sensor.camera.rgb", exposure_mode=mode, **{name: repr(value)})
        except ValueError as error:
            assert name in str(error)  # noqa: PT017
        else:
            assert (pixels(camera.read(look_with(), HEADER))[:, :, 3] == 255).all()


def test_more_light_makes_a_brighter_picture() -> None:
    def mean(**given: str) -> float:
        return float(pixels(sensor("sensor.camera.rgb", **given).read(look_with(), HEADER))[:, :, :3].mean())

    usual = mean()
    assert mean(exposure_compensation="1.0") > usual + 10.0
    assert mean(exposure_mode="manual", shutter_speed="800") < usual - 10.0
    assert mean(gamma="3.0") > usual + 5.0
    assert mean(lens_k="2.0", motion_blur_intensity="1.0") == usual


@pytest.mark.parametrize("pose", [Pose(), Pose(z=1e6), Pose(x=1e9), Pose(z=-300.0), Pose(pitch=1.5707963, z=20.0)])
@pytest.mark.parametrize("kind", SEEING)
def test_sensors_in_odd_places_read_something(kind: str, pose: Pose) -> None:
    one = sensor(kind)
    for _ in range(2):
        one.read(Look(look_with().frame, pose, pose._replace(x=pose.x - 1.0), frozenset(), one_by_one), HEADER)


def test_attributes_of_exact_cameras_ask_for_a_picture_alone() -> None:
    blueprint: Any = catalogue().find("sensor.camera.depth")
    spec = camera_spec(validate_attributes(blueprint, {"image_size_x": "32", "fov": "60"}))
    assert (spec.width, spec.height, spec.fov_deg) == (32, 600, 60.0)
