"""How fast sensors are, measured through the official client to numpy arrays: ./dev bench sensors

A car drives round Harbor among 50 vehicles and 20 walkers that all move; simulator and client run on one machine and
share its cores. Beside the ticks per second stands what a tick costs of processor time: the simulator's event loop
(world, messages, socket), its threads (the sensors' pictures and points), and the client (this program). Machines are
noisy: quote a figure with the machine, the versions and the date that this prints.
"""

import argparse
import json
import os
import platform
import queue
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import carla
import numba
import numpy as np

import simulator
from leaderboard.log.manifest import machine_info

DELTA_S = 0.05
VEHICLES = 50
WALKERS = 20
SPEED_MPS = 8.0
MAPS = Path(__file__).resolve().parents[1].parent / "shared" / "maps"

FRONT = carla.Transform(carla.Location(x=1.5, z=2.4))
# What a car is driven by in the benchmarks of the issue; nuScenes' six cameras.
AROUND = tuple(carla.Transform(carla.Location(x=1.5, z=2.4), carla.Rotation(yaw=yaw)) for yaw in (-60.0, 0.0, 60.0))
SIX = tuple(
    carla.Transform(carla.Location(x=1.0, z=2.4), carla.Rotation(yaw=yaw))
    for yaw in (0.0, -55.0, 55.0, 180.0, -110.0, 110.0)
)
KINDS = ("rgb", "depth", "semantic_segmentation")
LIDAR = carla.Transform(carla.Location(z=2.5))


class Sensor(NamedTuple):
    type_id: str
    place: carla.Transform
    attributes: dict[str, str]


def camera(place: carla.Transform, width: int, height: int, kind: str = "rgb", fov: float = 90.0) -> Sensor:
    attributes = {"image_size_x": str(width), "image_size_y": str(height), "fov": str(fov)}
    return Sensor(f"sensor.camera.{kind}", place, attributes)


def lidar(kind: str = "ray_cast") -> Sensor:
    attributes = {
        "channels": "64",
        "points_per_second": "1200000",
        "rotation_frequency": "20",
        "range": "100",
        "upper_fov": "10",
        "lower_fov": "-30",
    }
    if kind == "ray_cast":
        attributes |= {"dropoff_general_rate": "0.0", "dropoff_zero_intensity": "0.0"}
    return Sensor(f"sensor.lidar.{kind}", LIDAR, attributes)


IMU = Sensor("sensor.other.imu", carla.Transform(), {})
GNSS = Sensor("sensor.other.gnss", carla.Transform(), {})


class Case(NamedTuple):
    name: str
    sensors: tuple[Sensor, ...]
    target: float | None = None  # ticks per second
    town: str = "Harbor"


ONE = (camera(FRONT, 800, 600),)
RIG = (*(camera(place, 384, 256) for place in AROUND), IMU, GNSS)
CASES = (
    Case("no sensors", ()),
    Case("one 800x600 rgb camera", ONE, 120.0),
    Case("three 1024x512 rgb cameras", tuple(camera(place, 1024, 512) for place in AROUND), 30.0),
    Case("six 400x224 rgb cameras", tuple(camera(place, 400, 224, fov=70.0) for place in SIX), 60.0),
    Case("LiDAR, 64 channels, 1.2 M points/s", (lidar(),), 60.0),
    Case("agent's rig: three 384x256, imu, gnss", RIG, 100.0),
    Case("one 800x600 depth camera", (camera(FRONT, 800, 600, "depth"),)),
    Case("800x600 rgb, depth, semantic", tuple(camera(FRONT, 800, 600, kind) for kind in KINDS)),
    Case("semantic LiDAR, 64 channels, 1.2 M points/s", (lidar("ray_cast_semantic"),)),
    Case("Town04: one 800x600 rgb camera", ONE, None, "Town04"),
    Case("Town04: LiDAR, 1.2 M points/s", (lidar(),), None, "Town04"),
    Case("Town04: agent's rig", RIG, None, "Town04"),
    Case("Quarter: one 800x600 rgb camera", ONE, None, "Quarter"),
    Case("Quarter: LiDAR, 1.2 M points/s", (lidar(),), None, "Quarter"),
    Case("Quarter: agent's rig", RIG, None, "Quarter"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    ticks_per_second: float
    loop_ms: float  # processor time of a tick
    threads_ms: float
    client_ms: float
    megabytes: float  # of all messages of a tick


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="wall time of each case (default: %(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="cases whose names contain this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    measured: dict[str, dict[str, float]] = {}
    print(f"{'':<46} ticks/s  target   loop  threads  client  MB/tick   (ms of processor time in a tick)")
    for case in CASES:
        if arguments.only.lower() not in case.name.lower():
            continue
        if case.town == "Town04" and not MAPS.is_dir():
            print(f"{case.name:<46} left out: there is no {MAPS}")
            continue
        found = measure(case, arguments.seconds)
        measured[case.name] = {name: getattr(found, name) for name in Figures.__slots__}
        target = f"{case.target:6.0f}" if case.target else "      "
        print(
            f"{case.name:<46} {found.ticks_per_second:7.1f}  {target} {found.loop_ms:6.2f}  {found.threads_ms:7.2f}"
            f"  {found.client_ms:6.2f}  {found.megabytes:7.2f}",
            flush=True,
        )
    if not arguments.only:
        print("\nwhere an 800x600 rgb picture's time goes (ms of one core, least of several):")
        for name, milliseconds in where_time_goes():
            print(f"  {name:<44} {milliseconds:7.2f}")
    print(machine())
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "cases": measured}, indent=2) + "\n")
    return 0


def measure(case: Case, seconds: float) -> Figures:
    with traffic(case.town) as (world, hero, pid):
        inboxes = [listen(world, hero, sensor) for sensor in case.sensors]
        drive = Drive(world, hero)
        for _ in range(20):
            drive.tick(inboxes)
        before, started, ticks, size = spent(pid), time.perf_counter(), 0, 0
        while time.perf_counter() - started < seconds:
            size += drive.tick(inboxes)
            ticks += 1
        elapsed, after = time.perf_counter() - started, spent(pid)
        for inbox in inboxes:
            inbox.sensor.destroy()
        loop, threads, client = (1e3 * (now - was) / ticks for was, now in zip(before, after, strict=True))
        return Figures(ticks / elapsed, loop, threads, client, size / ticks / 1e6)


def where_time_goes() -> Iterator[tuple[str, float]]:
    """Without wire and client, in this process and thread: 50 vehicles in Harbor, from behind one of them."""
    from simulator.maps.library import MapLibrary
    from simulator.scene.scene import Scene
    from simulator.sensors.camera_spec import CameraSpec
    from simulator.sensors.raster import Workspace, band_buffers, camera_view, setup_view
    from simulator.sensors.raster.bands import raster_band
    from simulator.sensors.rgb import read_rgb
    from simulator.world.pose import Pose, compose
    from simulator.world.world import World

    world = World(MapLibrary(None).load("Harbor"))
    places = [Pose(*point) for point in world.town.spawn_points.tolist()]
    for place in places[:: len(places) // VEHICLES][:VEHICLES]:
        world.spawn("vehicle.tesla.model3", {}, place)
    scene = Scene(world.town)

    def tick() -> float:
        world.step(DELTA_S)
        started = time.thread_time()
        scene.frame(world, world.steps)
        return time.thread_time() - started

    yield "frame: what moves, as triangles", 1e3 * min(tick() for _ in range(20))
    frame = scene.frame(world, world.steps)
    view = camera_view(800, 600, 90.0, compose(places[0], Pose(x=-8.0, z=2.4)))
    workspace, out = Workspace(), np.empty((600, 800, 4), np.uint8)

    def set_up() -> Any:
        return setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, 2, workspace)

    setup = set_up()
    buffers = band_buffers(setup)

    def raster() -> None:
        for band in range(setup.bands):
            raster_band(setup, band, *buffers)

    spec = CameraSpec(800, 600, 90.0)
    least_setup, least_raster = least(set_up), least(raster)
    whole = least(lambda: read_rgb(frame, view, spec, out, workspace))
    yield "set-up: culling and triangles on the screen", least_setup
    yield "raster: which triangle is seen, 1600x1200", least_raster
    yield "shading, and resolving to 800x600", whole - least_setup - least_raster


def least(function: Any) -> float:
    """Milliseconds of processor time."""
    function()
    found = []
    for _ in range(10):
        started = time.thread_time()
        function()
        found.append(time.thread_time() - started)
    return 1e3 * min(found)


class Inbox:
    """A sensor and its messages."""

    def __init__(self, sensor: carla.Sensor) -> None:
        self.sensor = sensor
        self.messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        sensor.listen(self.messages.put)


def listen(world: carla.World, hero: carla.Vehicle, sensor: Sensor) -> Inbox:
    blueprint = world.get_blueprint_library().find(sensor.type_id)
    for name, value in sensor.attributes.items():
        blueprint.set_attribute(name, value)
    return Inbox(world.spawn_actor(blueprint, sensor.place, attach_to=hero))


class Drive:
    """The hero follows its lane; it is put where it should be, which costs a driver's one call in each tick."""

    def __init__(self, world: carla.World, hero: carla.Vehicle) -> None:
        self._world = world
        self._hero = hero
        self._waypoint = world.get_map().get_waypoint(hero.get_location())

    def tick(self, inboxes: list[Inbox]) -> int:
        """One tick and all its readings as arrays; their bytes."""
        ahead = self._waypoint.next(SPEED_MPS * DELTA_S)
        if ahead:
            self._waypoint = ahead[0]
            self._hero.set_transform(self._waypoint.transform)
        frame = self._world.tick(30.0)
        size = 0
        for inbox in inboxes:
            message = inbox.messages.get(timeout=30.0)
            if message.frame != frame:
                raise RuntimeError(f"{inbox.sensor.type_id} sent frame {message.frame} in tick {frame}")
            size += as_array(message).nbytes
        return size


def as_array(message: Any) -> np.ndarray:
    """As agents read it: no copy."""
    if isinstance(message, carla.Image):
        return np.frombuffer(message.raw_data, np.uint8).reshape(message.height, message.width, 4)
    if isinstance(message, carla.LidarMeasurement):
        return np.frombuffer(message.raw_data, np.float32).reshape(-1, 4)
    if isinstance(message, carla.SemanticLidarMeasurement):
        return np.frombuffer(message.raw_data, np.uint32).reshape(-1, 6)
    if isinstance(message, carla.IMUMeasurement):
        a, w = message.accelerometer, message.gyroscope
        return np.array([a.x, a.y, a.z, w.x, w.y, w.z, message.compass])
    return np.array([message.latitude, message.longitude, message.altitude])


@contextmanager
def traffic(town: str) -> Iterator[tuple[carla.World, carla.Vehicle, int]]:
    with simulator.serve(town, map_dir=MAPS if town == "Town04" else None) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        rng = random.Random(0)
        library = world.get_blueprint_library()
        places = world.get_map().get_spawn_points()
        rng.shuffle(places)
        hero = world.spawn_actor(library.find("vehicle.lincoln.mkz_2020"), places.pop())
        spawn_vehicles(world, places, rng)
        spawn_walkers(world, rng)
        world.tick(30.0)
        yield world, hero, server.pid


def spawn_vehicles(world: carla.World, places: list[carla.Transform], rng: random.Random) -> None:
    """In wide circles at town speed: engine, tyres and steering at work, and now and then a crash."""
    models = sorted(world.get_blueprint_library().filter("vehicle.*"), key=lambda blueprint: blueprint.id)
    # More vehicles than spawn points: the next go some metres further along their lane.
    further = [
        carla.Transform(after.transform.location + carla.Location(z=0.3), after.transform.rotation)
        for metres in (11.0, 22.0, 33.0)
        for place in places
        for after in world.get_map().get_waypoint(place.location).next(metres)[:1]
    ]
    count = 0
    for place in places + further:
        if count == VEHICLES:
            return
        vehicle = world.try_spawn_actor(rng.choice(models), place)
        if vehicle is not None:
            vehicle.apply_control(carla.VehicleControl(throttle=0.5, steer=0.2 if count % 2 else -0.2))
            count += 1
    raise RuntimeError(f"only {count} of {VEHICLES} vehicles found a place in {world.get_map().name}")


def spawn_walkers(world: carla.World, rng: random.Random) -> None:
    models = sorted(world.get_blueprint_library().filter("walker.pedestrian.*"), key=lambda blueprint: blueprint.id)
    world.set_pedestrians_seed(0)
    count = 0
    for _ in range(1000):
        place = world.get_random_location_from_navigation()
        if place is None:
            break
        place.z += 1.0
        heading = carla.Rotation(yaw=rng.uniform(-180.0, 180.0))
        walker = world.try_spawn_actor(rng.choice(models), carla.Transform(place, heading))
        if walker is not None:
            walker.apply_control(carla.WalkerControl(heading.get_forward_vector(), 1.4))
            count += 1
        if count == WALKERS:
            return
    raise RuntimeError(f"only {count} of {WALKERS} walkers found a place in {world.get_map().name}")


def spent(pid: int) -> tuple[float, float, float]:
    """Processor seconds so far: the simulator's first thread, its other threads, this process."""
    first = others = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
        if int(task.name) == pid:
            first = seconds
        else:
            others += seconds
    return first, others, time.process_time()


def machine() -> str:
    info = machine_info()
    return (
        f"{info.cores} cores of {info.processor}; Python {platform.python_version()}, numpy {np.__version__}, "
        f"numba {numba.__version__}, carla 0.9.16; {date.today().isoformat()}; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
