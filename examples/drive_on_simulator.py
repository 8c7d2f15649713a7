"""A drive through a town on the embedded simulator, with nothing but the official client.

Starts a simulator, fills the streets with the client's own Traffic Manager, puts an ego car among them, drives for
a while and prints what was measured: `python examples/drive_on_simulator.py --help`.
"""

import argparse
import random
import sys
import time
from dataclasses import dataclass, field

import carla

import simulator

FIXED_DELTA_S = 0.05
STANDING_MPS = 0.1


@dataclass
class Log:
    """What the drive adds up."""

    ticks: int = 0
    wall_s: float = 0.0
    ego_m: float = 0.0
    ego_top_kmh: float = 0.0
    ego_red_s: float = 0.0
    traffic_m: float = 0.0
    collisions: list[str] = field(default_factory=list)


def main() -> int:
    arguments = _parse()
    random.seed(arguments.seed)
    started = time.perf_counter()
    try:
        with simulator.serve(arguments.town, map_dir=arguments.map_dir, seed=arguments.seed) as server:
            client = carla.Client(server.host, server.port)
            client.set_timeout(20.0)
            world = client.get_world()
            manager = _synchronous(client, world, arguments.seed)
            ego, traffic = _spawn(world, manager, arguments.vehicles)
            ready_s = time.perf_counter() - started
            log = _drive(world, ego, traffic, round(arguments.seconds / FIXED_DELTA_S))
            _report(arguments, ego, traffic, log, ready_s)
            for actor in [ego, *traffic]:
                actor.destroy()
            world.tick()
    except (simulator.launch.SimulatorFailed, RuntimeError) as error:
        print(f"drive: {error}", file=sys.stderr)
        return 2
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--town", default="Harbor", help="map to drive in (default: %(default)s)")
    parser.add_argument("--map-dir", metavar="DIR", help="folder of your own .xodr maps")
    parser.add_argument(
        "--vehicles", type=int, default=30, metavar="N", help="cars around the ego (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="S", help="simulated time (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed drives the same way")
    arguments = parser.parse_args()
    if arguments.vehicles < 0 or arguments.seconds <= 0:
        parser.error("--vehicles must not be negative and --seconds must be positive")
    return arguments


def _synchronous(client: carla.Client, world: carla.World, seed: int) -> carla.TrafficManager:
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = FIXED_DELTA_S
    world.apply_settings(settings)
    # The Traffic Manager lives in this process and needs a port of its own; any free one does.
    for _ in range(20):
        try:
            manager = client.get_trafficmanager(random.randrange(20_000, 60_000))
            break
        except RuntimeError:
            continue
    else:
        raise RuntimeError("no free port for the Traffic Manager among 20 tried")
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    return manager


def _spawn(world: carla.World, manager: carla.TrafficManager, count: int) -> tuple[carla.Vehicle, list[carla.Vehicle]]:
    library = world.get_blueprint_library()
    places = world.get_map().get_spawn_points()
    random.shuffle(places)
    model = library.find("vehicle.lincoln.mkz_2020")
    model.set_attribute("role_name", "hero")
    ego = world.spawn_actor(model, places.pop())
    cars = [bp for bp in library.filter("vehicle.*") if bp.get_attribute("base_type") == "car"]
    traffic: list[carla.Vehicle] = []
    for place in places:
        if len(traffic) == count:
            break
        car = world.try_spawn_actor(random.choice(cars), place)
        if car is not None:
            traffic.append(car)
    world.tick()
    for car in [ego, *traffic]:
        car.set_autopilot(True, manager.get_port())
    manager.ignore_lights_percentage(ego, 0)
    return ego, traffic


def _drive(world: carla.World, ego: carla.Vehicle, traffic: list[carla.Vehicle], ticks: int) -> Log:
    log = Log()
    sensor = world.spawn_actor(
        world.get_blueprint_library().find("sensor.other.collision"), carla.Transform(), attach_to=ego
    )
    sensor.listen(lambda event: log.collisions.append(event.other_actor.type_id))
    last = ego.get_location()
    started = time.perf_counter()
    for tick in range(ticks):
        world.tick()
        here, velocity = ego.get_location(), ego.get_velocity().length()
        if tick:
            log.ego_m += here.distance(last)
        last = here
        log.ego_top_kmh = max(log.ego_top_kmh, 3.6 * velocity)
        if velocity < STANDING_MPS and ego.is_at_traffic_light():
            log.ego_red_s += FIXED_DELTA_S
        log.traffic_m += sum(car.get_velocity().length() for car in traffic) * FIXED_DELTA_S
        if tick % 20 == 19 or tick == ticks - 1:
            _progress(tick + 1, ticks, time.perf_counter() - started)
    log.ticks, log.wall_s = ticks, time.perf_counter() - started
    sensor.stop()
    sensor.destroy()
    return log


def _progress(done: int, total: int, wall_s: float) -> None:
    if sys.stderr.isatty():
        bar = "#" * (40 * done // total)
        speed = done * FIXED_DELTA_S / max(wall_s, 1e-9)
        end = "\n" if done == total else ""
        print(
            f"\r[{bar:<40}] {done * FIXED_DELTA_S:5.1f} s simulated, {speed:5.1f} x real time", end=end, file=sys.stderr
        )


def _report(
    arguments: argparse.Namespace, ego: carla.Vehicle, traffic: list[carla.Vehicle], log: Log, ready_s: float
) -> None:
    simulated = log.ticks * FIXED_DELTA_S
    lines = [
        ("town", arguments.town),
        ("vehicles", f"{len(traffic)} and the ego, {ego.type_id}"),
        ("ready after", f"{ready_s:.2f} s (simulator started, map loaded, cars spawned)"),
        ("simulated", f"{simulated:.1f} s in {log.wall_s:.2f} s: {simulated / log.wall_s:.1f} x real time"),
        (
            "ticks",
            f"{log.ticks} at {log.ticks / log.wall_s:.0f} ticks/s, simulator, client and Traffic Manager together",
        ),
        ("ego", f"{log.ego_m:.0f} m, up to {log.ego_top_kmh:.0f} km/h, {log.ego_red_s:.1f} s waiting at lights"),
        ("traffic", f"{log.traffic_m:.0f} m in all"),
        ("collisions", ", ".join(log.collisions) or "none"),
    ]
    for name, value in lines:
        print(f"{name:>12}  {value}")


if __name__ == "__main__":
    sys.exit(main())
