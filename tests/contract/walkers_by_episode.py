"""A client of its own process, since the client's AI walkers depend on what the process has done before.

python -m tests.contract.walkers_by_episode PORT EPISODES prints as JSON where the walkers were, of each episode.
"""

import json
import sys

import carla

WALKERS = 20
TICKS = 100
DELTA_S = 0.05


def main() -> None:
    port, episodes = int(sys.argv[1]), int(sys.argv[2])
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    json.dump([episode(client) for _ in range(episodes)], sys.stdout)


def episode(client: carla.Client) -> list[list[float]]:
    world = client.reload_world(False)
    while world.get_snapshot().timestamp.elapsed_seconds > 1.5 * DELTA_S:  # a busy machine: docs/howto/repeat-a-run.md
        world = client.reload_world(False)
    world.set_pedestrians_seed(7)
    library = world.get_blueprint_library()
    blueprint, ai = library.find("walker.pedestrian.0001"), library.find("controller.ai.walker")
    places = [world.get_random_location_from_navigation() for _ in range(WALKERS)]
    walkers = [world.spawn_actor(blueprint, carla.Transform(place)) for place in places]
    world.tick()
    controllers = [world.spawn_actor(ai, carla.Transform(), walker) for walker in walkers]
    world.tick()
    for controller in controllers:
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
    for _ in range(TICKS):
        world.tick()
    there = [[walker.get_location().x, walker.get_location().y] for walker in walkers]
    for controller in controllers:
        controller.stop()
    return there


if __name__ == "__main__":
    main()
