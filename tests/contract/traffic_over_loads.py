"""Traffic before and after a load, with one Traffic Manager, in a process of its own.

python -m tests.contract.traffic_over_loads PORT TOWN... prints as JSON, town by town, how far its cars are from the
middle of their lanes after 10 s, and how far they drove.
"""

import json
import sys

import carla

from tests.contract.support import Address, Bench, another_client, flat_distance, free_port

CARS = 8


def main() -> None:
    client = another_client(Address("127.0.0.1", int(sys.argv[1])))
    world = client.load_world(sys.argv[2])
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    found = []
    # As the leaderboard does it: the Traffic Manager is made once, synchronous, and outlives the loads.
    manager = client.get_trafficmanager(free_port())
    manager.set_synchronous_mode(True)
    for town in sys.argv[2:]:
        if not world.get_map().name.endswith(town):
            world = client.load_world(town, reset_settings=False)
        manager.set_random_device_seed(1)
        found.append(drive(Bench(client, world), manager))
    manager.set_synchronous_mode(False)
    manager.shut_down()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    world.apply_settings(settings)
    json.dump(found, sys.stdout)


def drive(bench: Bench, manager: carla.TrafficManager) -> dict[str, float]:
    points = bench.map.get_spawn_points()
    points = points[:: len(points) // CARS][:CARS]
    command = carla.command
    batch = [
        command.SpawnActor(bench.blueprint("vehicle.lincoln.mkz_2020"), point).then(
            command.SetAutopilot(command.FutureActor, True, manager.get_port())
        )
        for point in points
    ]
    ids = [response.actor_id for response in bench.client.apply_batch_sync(batch, True)]
    bench.tick()
    cars = list(bench.world.get_actors(ids))
    starts = [car.get_location() for car in cars]
    bench.seconds(10.0)
    ends = [car.get_location() for car in cars]
    astray = [flat_distance(bench.map.get_waypoint(end).transform.location, end) for end in ends]
    way = [flat_distance(start, end) for start, end in zip(starts, ends, strict=True)]
    bench.client.apply_batch_sync([command.DestroyActor(number) for number in ids], True)
    return {"astray_m": max(astray), "way_m": sum(way)}


if __name__ == "__main__":
    main()
