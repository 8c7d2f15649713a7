"""How public scripts use sensors: the official examples' habits and the leaderboard's rig, in few lines each."""

import queue
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import carla
import numpy as np
import pytest

from tests.contract import sight
from tests.contract.support import DELTA_S, Address, Bench, another_client

SMALL = {"image_size_x": "160", "image_size_y": "120"}


class SyncMode:
    """Several sensors in step, as the synchronous_mode example has it: settings on entry and back on exit."""

    def __init__(self, world: carla.World, *sensors: carla.Sensor, fps: int = 20) -> None:
        self.world = world
        self.sensors = sensors
        self.delta_s = 1.0 / fps
        self.queues: list[queue.Queue[Any]] = []

    def __enter__(self) -> "SyncMode":
        self.before = self.world.get_settings()
        settings = carla.WorldSettings(no_rendering_mode=False, synchronous_mode=True, fixed_delta_seconds=self.delta_s)
        self.frame = self.world.apply_settings(settings)
        self.queues = [queue.Queue() for _ in (self.world, *self.sensors)]
        self.on_tick = self.world.on_tick(self.queues[0].put)
        for sensor, messages in zip(self.sensors, self.queues[1:], strict=True):
            sensor.listen(messages.put)
        return self

    def tick(self, timeout_s: float) -> list[Any]:
        self.frame = self.world.tick()
        data = [self.retrieve(messages, timeout_s) for messages in self.queues]
        assert all(one.frame == self.frame for one in data)
        return data

    def __exit__(self, *error: object) -> None:
        # The example leaves it. Other tests share this client, and its apply_batch_sync(..., True) waits for a state
        # with Python's lock held: a callback of on_tick keeps the thread that takes states waiting for that lock.
        self.world.remove_on_tick(self.on_tick)
        self.world.apply_settings(self.before)

    def retrieve(self, messages: "queue.Queue[Any]", timeout_s: float) -> Any:
        while True:
            data = messages.get(timeout=timeout_s)
            if data.frame == self.frame:
                return data


def test_the_synchronous_mode_example(world: carla.World) -> None:
    """From an asynchronous world into step and out of it again, with a vehicle that is moved by hand."""
    library = world.get_blueprint_library()
    world_map = world.get_map()
    start = world_map.get_spawn_points()[0]
    waypoint = world_map.get_waypoint(start.location)
    car = world.spawn_actor(library.filter("vehicle.*")[3], start)
    car.set_simulate_physics(False)
    behind = carla.Transform(carla.Location(x=-5.5, z=2.8), carla.Rotation(pitch=-15))
    cameras = [
        world.spawn_actor(library.find(f"sensor.camera.{kind}"), behind, attach_to=car)
        for kind in ("rgb", "semantic_segmentation")
    ]
    with SyncMode(world, *cameras, fps=30) as sync:
        for _ in range(10):
            snapshot, rgb, semantic = sync.tick(timeout_s=5.0)
            waypoint = waypoint.next(1.5)[0]
            car.set_transform(waypoint.transform)
            semantic.convert(carla.ColorConverter.CityScapesPalette)
            assert round(1.0 / snapshot.timestamp.delta_seconds) == 30
            assert (rgb.width, rgb.height) == (semantic.width, semantic.height) == (800, 600)
    assert not world.get_settings().synchronous_mode


class CameraManager:
    """manual_control's: a callback with a weak reference, converters, and a camera that is changed for another."""

    KINDS = (
        ("sensor.camera.rgb", carla.ColorConverter.Raw),
        ("sensor.camera.depth", carla.ColorConverter.LogarithmicDepth),
        ("sensor.camera.semantic_segmentation", carla.ColorConverter.CityScapesPalette),
        ("sensor.camera.instance_segmentation", carla.ColorConverter.CityScapesPalette),
        ("sensor.lidar.ray_cast", None),
        ("sensor.camera.dvs", carla.ColorConverter.Raw),
        ("sensor.camera.optical_flow", carla.ColorConverter.Raw),
        ("sensor.camera.normals", carla.ColorConverter.Raw),
    )

    def __init__(self, parent: carla.Actor) -> None:
        self.parent = parent
        self.sensor: carla.Sensor | None = None
        self.surface: np.ndarray | None = None
        self.drawn = threading.Event()
        self.index = -1

    def next_sensor(self) -> None:
        self.index = (self.index + 1) % len(self.KINDS)
        kind, _ = self.KINDS[self.index]
        world = self.parent.get_world()
        blueprint = world.get_blueprint_library().find(kind)
        if kind.startswith("sensor.camera"):
            blueprint.set_attribute("image_size_x", "320")
            blueprint.set_attribute("image_size_y", "180")
            if blueprint.has_attribute("gamma"):
                blueprint.set_attribute("gamma", "2.2")
        elif kind.startswith("sensor.lidar"):
            blueprint.set_attribute("range", "50")
        if self.sensor is not None:
            self.sensor.destroy()
        self.surface = None
        self.drawn.clear()
        bound = self.parent.bounding_box.extent
        mount = carla.Transform(
            carla.Location(x=-2.0 * bound.x, y=0.0, z=2.0 * bound.z + 0.5), carla.Rotation(pitch=8.0)
        )
        self.sensor = world.spawn_actor(
            blueprint, mount, attach_to=self.parent, attachment_type=carla.AttachmentType.SpringArmGhost
        )
        weak_self = weakref.ref(self)
        self.sensor.listen(lambda image: CameraManager.parse(weak_self, image))

    @staticmethod
    def parse(weak_self: "weakref.ReferenceType[CameraManager]", image: Any) -> None:
        self = weak_self()
        if self is None:
            return
        kind, converter = self.KINDS[self.index]
        if kind.startswith("sensor.lidar"):
            points = np.frombuffer(image.raw_data, dtype=np.dtype("f4"))
            points = np.reshape(points, (int(points.shape[0] / 4), 4))
            self.surface = np.abs(np.array(points[:, :2]) * 1.8).astype(np.int32)
        elif kind.endswith("dvs"):
            events = np.frombuffer(
                image.raw_data,
                dtype=np.dtype([("x", np.uint16), ("y", np.uint16), ("t", np.int64), ("pol", np.bool_)]),
            )
            picture = np.zeros((image.height, image.width, 3), dtype=np.uint8)
            picture[events[:]["y"], events[:]["x"], events[:]["pol"] * 2] = 255
            self.surface = picture
        elif kind.endswith("optical_flow"):
            image = image.get_color_coded_flow()
            self.surface = np.reshape(np.frombuffer(image.raw_data, np.uint8), (image.height, image.width, 4))
        else:
            image.convert(converter)
            pixels = np.frombuffer(image.raw_data, dtype=np.dtype("uint8"))
            self.surface = np.reshape(pixels, (image.height, image.width, 4))[:, :, :3][:, :, ::-1]
        self.drawn.set()


def test_manual_control_goes_through_its_sensors(world: carla.World) -> None:
    """In asynchronous mode, as it does by default."""
    blueprint = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
    car = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[1])
    world.wait_for_tick()
    manager = CameraManager(car)
    for kind, _ in CameraManager.KINDS:
        manager.next_sensor()
        assert manager.drawn.wait(10.0), f"nothing came from {kind}"
        assert manager.surface is not None
        assert manager.surface.size or kind.endswith("dvs")
    assert manager.sensor is not None
    manager.sensor.destroy()


def test_the_rig_of_the_leaderboard(bench: Bench) -> None:
    """Callbacks write into one queue; every frame is waited for until each sensor has sent exactly that frame."""
    car = bench.car()
    rgb = SMALL | {"fov": "100", "lens_circle_multiplier": "3.0", "lens_circle_falloff": "3.0"}
    rgb |= {"chromatic_aberration_intensity": "0.5", "chromatic_aberration_offset": "0"}
    lidar = {
        "range": "85",
        "rotation_frequency": "10",
        "channels": "64",
        "upper_fov": "10",
        "lower_fov": "-30",
        "points_per_second": "600000",
        "atmosphere_attenuation_rate": "0.004",
        "dropoff_general_rate": "0.45",
        "dropoff_intensity_limit": "0.8",
        "dropoff_zero_intensity": "0.4",
    }
    gnss = {
        "noise_alt_stddev": "0.000005",
        "noise_lat_stddev": "0.000005",
        "noise_lon_stddev": "0.000005",
        "noise_alt_bias": "0.0",
        "noise_lat_bias": "0.0",
        "noise_lon_bias": "0.0",
    }
    imu = {f"noise_accel_stddev_{axis}": "0.001" for axis in "xyz"} | {
        f"noise_gyro_stddev_{axis}": "0.001" for axis in "xyz"
    }
    radar = {"horizontal_fov": "30", "vertical_fov": "30", "points_per_second": "1500", "range": "100"}
    rig = {
        "front": ("sensor.camera.rgb", carla.Transform(carla.Location(x=1.3, z=2.3)), rgb),
        "left": ("sensor.camera.rgb", carla.Transform(carla.Location(x=1.3, z=2.3), carla.Rotation(yaw=-60)), rgb),
        "right": ("sensor.camera.rgb", carla.Transform(carla.Location(x=1.3, z=2.3), carla.Rotation(yaw=60)), rgb),
        "lidar": ("sensor.lidar.ray_cast", carla.Transform(carla.Location(z=2.5), carla.Rotation(yaw=-90)), lidar),
        "radar": ("sensor.other.radar", carla.Transform(carla.Location(x=2.0, z=1.0)), radar),
        "gps": ("sensor.other.gnss", carla.Transform(carla.Location(x=-1.4)), gnss),
        "imu": ("sensor.other.imu", carla.Transform(carla.Location(x=-1.4)), imu),
    }
    buffers: queue.Queue[tuple[str, int, np.ndarray]] = queue.Queue()

    def parse(tag: str, data: Any) -> np.ndarray:
        if isinstance(data, carla.Image):
            return np.copy(np.reshape(np.frombuffer(data.raw_data, np.uint8), (data.height, data.width, 4)))
        if isinstance(data, carla.LidarMeasurement):
            return np.copy(np.reshape(np.frombuffer(data.raw_data, np.float32), (-1, 4)))
        if isinstance(data, carla.RadarMeasurement):
            return np.flip(np.copy(np.reshape(np.frombuffer(data.raw_data, np.float32), (-1, 4))), 1)
        if isinstance(data, carla.GnssMeasurement):
            return np.array([data.latitude, data.longitude, data.altitude])
        a, w = data.accelerometer, data.gyroscope
        return np.array([a.x, a.y, a.z, w.x, w.y, w.z, data.compass])

    sensors = []
    for tag, (kind, place, attributes) in rig.items():
        sensor = bench.spawn(kind, place, car, **attributes)
        sensor.listen(lambda data, tag=tag: buffers.put((tag, data.frame, parse(tag, data))))
        sensors.append(sensor)
    bench.tick(10)
    shapes: dict[str, tuple[int, ...]] = {}
    for _ in range(10):
        frame = bench.tick()
        got: dict[str, np.ndarray] = {}
        while len(got) < len(rig):
            tag, its_frame, data = buffers.get(timeout=10.0)
            if its_frame == frame:
                got[tag] = data
        shapes = {tag: data.shape for tag, data in got.items()}
    assert shapes["front"] == shapes["left"] == shapes["right"] == (120, 160, 4)
    assert shapes["imu"] == (7,)
    assert shapes["gps"] == (3,)
    assert shapes["lidar"][0] > 3000
    assert shapes["radar"][1] == 4


def test_lidar_points_over_the_picture(bench: Bench) -> None:
    """The lidar_to_camera example: points through both matrices land in the picture, and on what is there."""
    place = bench.straight()
    car = bench.car(place)
    bench.car(bench.ahead(place, 15.0, up_m=0.2))
    mount = carla.Transform(carla.Location(x=1.0, z=2.0))
    camera = bench.sensor("sensor.camera.depth", car, mount, image_size_x="640", image_size_y="360")
    lidar = bench.sensor(
        "sensor.lidar.ray_cast", car, carla.Transform(carla.Location(x=1.0, z=1.8)), range="100",
        points_per_second="500000", rotation_frequency="20", channels="64", upper_fov="15", lower_fov="-25",
        dropoff_general_rate="0.0", dropoff_intensity_limit="1.0", dropoff_zero_intensity="0.0",
    )  # fmt: skip
    bench.tick()
    image, scan = camera.get(), lidar.get()
    points = sight.lidar_points(scan)[:, :3].T.astype(float)
    local = np.r_[points, [np.ones(points.shape[1])]]
    in_world = np.dot(lidar.sensor.get_transform().get_matrix(), local)
    seen = np.dot(np.array(camera.sensor.get_transform().get_inverse_matrix()), in_world)
    axes = np.array([seen[1], seen[2] * -1, seen[0]])
    focal = image.width / (2.0 * np.tan(image.fov * np.pi / 360.0))
    projection = np.array([[focal, 0.0, image.width / 2], [0.0, focal, image.height / 2], [0.0, 0.0, 1.0]])
    on_screen = projection @ axes
    u, v, depth = on_screen[0] / on_screen[2], on_screen[1] / on_screen[2], on_screen[2]
    keep = (u > 1) & (u < image.width - 1) & (v > 1) & (v < image.height - 1) & (depth > 0)
    assert keep.sum() > 5000
    metres = sight.depth_m(image)[v[keep].astype(int), u[keep].astype(int)]
    assert np.mean(np.abs(metres - depth[keep]) < 0.05 * depth[keep] + 0.1) > 0.97


def test_a_sensor_may_be_spawned_and_listened_to_in_a_batch(bench: Bench) -> None:
    car = bench.car()
    blueprint = bench.blueprint("sensor.camera.rgb", **SMALL)
    [response] = bench.client.apply_batch_sync([carla.command.SpawnActor(blueprint, carla.Transform(), car)], True)
    assert not response.error
    sensor = bench.world.get_actor(response.actor_id)
    images: queue.Queue[Any] = queue.Queue()
    sensor.listen(images.put)
    frame = bench.tick()
    assert images.get(timeout=5.0).frame == frame
    sensor.destroy()


def test_a_frame_passes_with_each_spawn_of_asynchronous_mode(world: carla.World) -> None:
    """A script that starts a walker's controller in the line after its spawn needs to know where the walker is."""
    settings = world.get_settings()
    settings.fixed_delta_seconds = 0.5  # two frames a second by the clock
    world.apply_settings(settings)
    first = world.wait_for_tick().frame
    gnss = world.get_blueprint_library().find("sensor.other.gnss")
    for _ in range(10):
        world.spawn_actor(gnss, carla.Transform())
    # The answer and the state travel on connections of their own: a busy client may take in the state later.
    assert max(world.wait_for_tick().frame for _ in range(3)) >= first + 10


def test_a_lidar_has_spoken_when_the_camera_after_it_is_there(world: carla.World) -> None:
    """The reset of a gym environment: sensors in asynchronous mode, then synchronous mode, then the first reading."""
    library = world.get_blueprint_library()
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), world.get_map().get_spawn_points()[0])
    view = library.find("sensor.camera.rgb")
    for name, value in SMALL.items():
        view.set_attribute(name, value)
    settings = world.get_settings()
    for _ in range(3):
        settings.synchronous_mode = False
        settings.fixed_delta_seconds = 0.5
        world.apply_settings(settings)
        world.wait_for_tick()  # by the clock the next one comes half a second later
        points: queue.Queue[carla.LidarMeasurement] = queue.Queue()
        lidar = world.spawn_actor(library.find("sensor.lidar.ray_cast"), carla.Transform(), attach_to=car)
        lidar.listen(points.put)
        camera = world.spawn_actor(view, carla.Transform(), attach_to=car)
        images: queue.Queue[carla.Image] = queue.Queue()
        camera.listen(images.put)
        settings.synchronous_mode = True
        world.apply_settings(settings)  # ticks once by itself
        last = world.get_snapshot().frame
        assert points.get(timeout=30.0).frame < last
        # The client can abort when a sensor goes while a message of it is being handed over.
        for messages in (points, images):
            while messages.get(timeout=30.0).frame < last:
                pass
        for sensor in (lidar, camera):
            sensor.stop()
            sensor.destroy()


def test_a_slow_callback_in_synchronous_mode_loses_no_picture(bench: Bench) -> None:
    car = bench.car()
    sensor = bench.spawn("sensor.camera.rgb", carla.Transform(carla.Location(z=2.0)), car, **SMALL)
    frames: queue.Queue[int] = queue.Queue()

    def slowly(image: carla.Image) -> None:
        threading.Event().wait(0.02)
        frames.put(image.frame)

    sensor.listen(slowly)
    ticked = [bench.tick() for _ in range(40)]
    assert [frames.get(timeout=5.0) for _ in ticked] == ticked


KILLED = """
import sys, carla
client = carla.Client(sys.argv[1], int(sys.argv[2]))
client.set_timeout(20.0)
world = client.get_world()
blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
blueprint.set_attribute("image_size_x", "1920")
blueprint.set_attribute("image_size_y", "1080")
place = world.get_map().get_spawn_points()[3]
place.location.z += 3.0
cameras = [world.spawn_actor(blueprint, place) for _ in range(2)]
for camera in cameras:
    camera.listen(lambda image: None)
print("listening", flush=True)
while True:
    world.tick(20.0)
"""


@pytest.mark.embedded
def test_a_client_killed_while_its_cameras_render_holds_nobody(bench: Bench, address: Address) -> None:
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, address.host, str(address.port)], stdout=subprocess.PIPE, text=True
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == "listening\n"
            threading.Event().wait(0.3)
            child.kill()
        before = bench.tick()
        assert bench.tick() > before
        other = another_client(address).get_world()
        for sensor in other.get_actors().filter("sensor.camera.rgb"):
            sensor.destroy()
        bench.tick()


@pytest.mark.embedded
def test_the_film_is_a_film(tmp_path: Path) -> None:
    import av

    program = Path(__file__).parents[2] / "examples" / "film.py"
    file = tmp_path / "drive.mp4"
    arguments = ["--seconds", "1", "--vehicles", "3", "--size", "320x180", "--hud", "--out", str(file)]
    done = subprocess.run([sys.executable, "-P", str(program), *arguments], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    with av.open(str(file)) as film:
        frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    assert len(frames) == round(1.0 / DELTA_S)
    assert frames[0].shape == (180, 320, 3)
    assert int(frames[-1].max()) - int(frames[-1].min()) > 100
