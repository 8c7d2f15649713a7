"""One scripted drive against a simulator of its own, for the tests of determinism: run as a program.

    python -m tests.contract.scripted_drive --kind traffic --hash-file FILE

The same script, a process of its own each time: the Traffic Manager and the walkers' navigation live in the client,
and nothing of one run must reach another.
"""

import argparse
import math
from pathlib import Path

import carla

import simulator
from tests.contract.support import CAR, DELTA_S, TIMEOUT_S, Bench, Inbox, free_port

KINDS = ("plain", "traffic", "walkers")
TICKS = {"plain": 400, "traffic": 1000, "walkers": 500}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--hash-file", type=Path, required=True)
    parser.add_argument("--before", action="store_true", help="drive another episode first")
    parser.add_argument("--watched", action="store_true", help="with sensors that only look on")
    parser.add_argument("--seed", type=int, default=7, help="of the Traffic Manager or of the pedestrians")
    arguments = parser.parse_args()
    with simulator.serve("Harbor", state_hash=arguments.hash_file) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(TIMEOUT_S)
        _synchronous(client.get_world())
        if arguments.before:
            _plain(Bench(client, client.load_world("Orchard", reset_settings=False)), 50)
        # The episode that is compared: its hashes are the last of the file.
        bench = Bench(client, client.load_world("Harbor", reset_settings=False))
        watchers = _watch(bench) if arguments.watched else []
        ticks = TICKS[arguments.kind]
        if arguments.kind == "plain":
            _plain(bench, ticks)
        elif arguments.kind == "traffic":
            _traffic(bench, ticks, arguments.seed)
        else:
            _walkers(bench, ticks, arguments.seed)
        for inbox in watchers:
            inbox.sensor.stop()


def _synchronous(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = DELTA_S
    world.apply_settings(settings)


def _watch(bench: Bench) -> list[Inbox]:
    place = carla.Transform(bench.map.get_spawn_points()[0].location)
    return [
        bench.sensor(kind, place=place, noise_seed="3")
        for kind in ("sensor.other.gnss", "sensor.other.imu")
        for _ in range(3)
    ]


def _plain(bench: Bench, ticks: int) -> None:
    """Cars, walkers and props under controls that are functions of the tick."""
    points = bench.map.get_spawn_points()
    cars = [bench.spawn(CAR, point) for point in points[::30][:10]]
    walkers = [
        bench.spawn(f"walker.pedestrian.{number:04}", bench.ahead(points[30 * number], 12.0, 0.0, 1.0))
        for number in range(1, 6)
    ]
    prop = bench.spawn("static.prop.trashcan01", bench.ahead(points[0], 12.0, 0.0, 0.2))
    prop.set_simulate_physics(True)
    light = bench.world.get_actors().filter("traffic.traffic_light")
    for tick in range(ticks):
        for k, car in enumerate(cars):
            steer = 0.2 * math.sin(0.05 * tick + k)
            car.apply_control(carla.VehicleControl(throttle=0.6, steer=steer, brake=1.0 if tick % 100 > 80 else 0.0))
        for k, walker in enumerate(walkers):
            heading = 0.02 * tick + k
            walker.apply_control(carla.WalkerControl(carla.Vector3D(math.cos(heading), math.sin(heading), 0.0), 1.4))
        if tick == 150:
            cars[0].add_impulse(carla.Vector3D(2000.0, 1000.0, 5000.0))
            cars[1].set_transform(bench.ahead(points[45], 0.0))
        if tick == 200 and len(light):
            light[0].set_state(carla.TrafficLightState.Green)
        if tick == 250:
            bench.destroy(cars.pop())
        bench.tick()


def _traffic(bench: Bench, ticks: int, seed: int) -> None:
    """The client's Traffic Manager in its deterministic mode."""
    manager = bench.client.get_trafficmanager(free_port())
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    points = bench.map.get_spawn_points()
    spawns = [
        carla.command.SpawnActor(bench.blueprint(CAR), point).then(
            carla.command.SetAutopilot(carla.command.FutureActor, True, manager.get_port())
        )
        for point in points[::20][:14]
    ]
    responses = bench.client.apply_batch_sync(spawns, True)
    assert not [response.error for response in responses if response.has_error()]
    bench.tick(ticks)
    for response in responses:
        bench.client.apply_batch_sync([carla.command.DestroyActor(response.actor_id)])
    bench.tick(2)
    manager.set_synchronous_mode(False)
    manager.shut_down()


def _walkers(bench: Bench, ticks: int, seed: int) -> None:
    """The client's navigation with its seed set."""
    world = bench.world
    world.set_pedestrians_seed(seed)
    world.set_pedestrians_cross_factor(0.3)
    walkers, controllers = [], []
    for number in range(15, 35):
        place = carla.Transform(world.get_random_location_from_navigation() + carla.Location(z=1.0))
        walker = world.try_spawn_actor(bench.blueprint(f"walker.pedestrian.{number:04}"), place)
        if walker is not None:
            walkers.append(walker)
    bench.tick()
    for walker in walkers:
        controllers.append(bench.spawn("controller.ai.walker", carla.Transform(), walker))
    bench.tick()
    for k, controller in enumerate(controllers):
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(1.0 + 0.1 * (k % 8))
    bench.tick(ticks)
    for controller in controllers:
        controller.stop()


if __name__ == "__main__":
    main()
