"""How fast the simulator is, measured through the official client: ./dev bench simulator

Simulator and client run on one machine and share its cores. Machines are noisy: read ratios, and quote a figure
with the machine, the versions and the date that this prints.
"""

import argparse
import json
import platform
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import carla
import numba
import numpy as np

import simulator
from leaderboard.log.manifest import machine_info

DELTA_S = 0.05
MAPS = Path(__file__).resolve().parents[1].parent / "shared" / "maps"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="wall time of each measurement (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for name, value, target, unit in _measure(arguments.seconds):
        figures[name] = value
        print(f"{name:<44} {value:10.1f} {unit:<10} {target}", flush=True)
    machine = _machine()
    print(machine)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "figures": figures}, indent=2) + "\n")
    return 0


def _measure(seconds: float) -> Iterator[tuple[str, float, str, str]]:
    yield "ticks/s, empty", _ticks_per_second(0, seconds), "(at least 2500)", "1/s"
    yield "ticks/s, 50 vehicles", _ticks_per_second(50, seconds), "(at least 1500)", "1/s"
    yield "ticks/s, 200 vehicles", _ticks_per_second(200, seconds), "(at least 600)", "1/s"
    yield "ticks/s, Traffic Manager driving 50", _traffic_manager(50, seconds), "(at least 400)", "1/s"
    yield "world step per vehicle, 50 vehicles", _world_step(50, seconds), "(under 6)", "us"
    yield "world step per vehicle, 200 vehicles", _world_step(200, seconds), "(under 6)", "us"
    for name, value in _start_and_load():
        yield name, value, "(under 1)" if name.startswith("load") else "(under 2)", "s"
    memory = _memory()
    if memory is not None:
        yield "resident with Town04, 50 vehicles", memory, "(under 400)", "MB"


@contextmanager
def _world(town: str = "Harbor", map_dir: Path | None = None) -> Iterator[tuple[carla.Client, carla.World, int]]:
    with simulator.serve(town, map_dir=map_dir) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(30.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        yield client, world, server.pid


def _spawn(world: carla.World, count: int) -> list[carla.Vehicle]:
    rng = random.Random(0)
    places = world.get_map().get_spawn_points()
    rng.shuffle(places)
    cars = [bp for bp in world.get_blueprint_library().filter("vehicle.*") if bp.get_attribute("base_type") == "car"]
    # More cars than spawn points: the next go a car's length further along their lane.
    further = [
        carla.Transform(after.transform.location + carla.Location(z=0.3), after.transform.rotation)
        for place in places
        for after in world.get_map().get_waypoint(place.location).next(9.0)[:1]
    ]
    vehicles: list[carla.Vehicle] = []
    for place in places + further:
        if len(vehicles) == count:
            break
        car = world.try_spawn_actor(rng.choice(cars), place)
        if car is not None:
            vehicles.append(car)
    if len(vehicles) < count:
        raise RuntimeError(f"only {len(vehicles)} of {count} vehicles found a place")
    return vehicles


def _rate(world: carla.World, seconds: float) -> float:
    for _ in range(50):
        world.tick()
    started, ticks = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            world.tick()
        ticks += 50
    return ticks / (time.perf_counter() - started)


def _ticks_per_second(vehicles: int, seconds: float) -> float:
    with _world() as (_, world, _pid):
        # Wide circles at town speed: engine, tyres and steering at work, and now and then a crash.
        for k, car in enumerate(_spawn(world, vehicles)):
            car.apply_control(carla.VehicleControl(throttle=0.5, steer=0.2 if k % 2 else -0.2))
        return _rate(world, seconds)


def _traffic_manager(vehicles: int, seconds: float) -> float:
    with _world() as (client, world, _pid):
        manager = client.get_trafficmanager(random.randrange(20_000, 60_000))
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(1)
        for car in _spawn(world, vehicles):
            car.set_autopilot(True, manager.get_port())
        rate = _rate(world, seconds)
        manager.shut_down()  # its threads would miss the simulator and end this process
        return rate


def _world_step(vehicles: int, seconds: float) -> float:
    """The step alone, without wire and client, in this process."""
    from simulator.maps.library import MapLibrary
    from simulator.world.pose import Pose
    from simulator.world.world import SpawnRefused, World

    town = MapLibrary(None).load("Harbor")
    world = World(town)
    places = [Pose(*point) for point in town.spawn_points.tolist()]
    places += [place._replace(x=place.x + 8 * np.cos(place.yaw), y=place.y + 8 * np.sin(place.yaw)) for place in places]
    for place in places:
        if world.register.n_vehicles == vehicles:
            break
        try:
            world.spawn("vehicle.lincoln.mkz_2020", {}, place)
        except SpawnRefused:
            continue
    world.vehicles["throttle"] = 0.5
    world.vehicles["steer"][::2] = 0.2
    world.vehicles["steer"][1::2] = -0.2
    for _ in range(20):
        world.step(DELTA_S)
    # CPU time: the step does nothing but compute, and others may share the cores.
    started, steps = time.process_time(), 0
    while time.process_time() - started < seconds / 2:
        world.step(DELTA_S)
        steps += 1
    return 1e6 * (time.process_time() - started) / steps / vehicles


def _start_and_load() -> Iterator[tuple[str, float]]:
    started = time.perf_counter()
    with simulator.serve("Harbor", map_dir=MAPS if MAPS.is_dir() else None) as server:
        yield "start to ready line, warm", time.perf_counter() - started
        client = carla.Client(server.host, server.port)
        client.set_timeout(120.0)
        for path in client.get_available_maps():
            name = path.rsplit("/", 1)[-1]
            client.load_world(name)  # compiles it the first time
            client.load_world("Harbor")
            started = time.perf_counter()
            client.load_world(name)
            yield f"load_world {name}, warm", time.perf_counter() - started


def _memory() -> float | None:
    if not MAPS.is_dir():
        return None
    with _world("Town04", MAPS) as (_, world, pid):
        for car in _spawn(world, 50):
            car.apply_control(carla.VehicleControl(throttle=0.5))
        for _ in range(200):
            world.tick()
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return None


def _machine() -> str:
    info = machine_info()
    return (
        f"{info.cores} cores of {info.processor}; Python {platform.python_version()}, numpy {np.__version__}, "
        f"numba {numba.__version__}, carla 0.9.16; {date.today().isoformat()}"
    )


if __name__ == "__main__":
    sys.exit(main())
