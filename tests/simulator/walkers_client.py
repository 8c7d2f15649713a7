"""A client of its own process, as the official client reads HOME, where it keeps files, when it is loaded.

python -m tests.simulator.walkers_client PORT prints as JSON what walkers did.
"""

import itertools
import json
import math
import sys

import carla

WALKERS = 30
SECONDS = 60
RADIUS_M = 0.3


def main() -> None:
    client = carla.Client("127.0.0.1", int(sys.argv[1]))
    client.set_timeout(20.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    # Until now the world went by the clock on the wall; its lights decide when walkers cross.
    world = client.reload_world(False)
    world.set_pedestrians_seed(7)
    world.set_pedestrians_cross_factor(0.0)
    world.tick()
    map_ = world.get_map()

    places = [world.get_random_location_from_navigation() for _ in range(200)]
    crosswalk = next(zebra for zebra in outlines(map_.get_crosswalks()))
    near, far = sorted(ends(crosswalk), key=lambda end: end.x + end.y)
    goals = [far] + [world.get_random_location_from_navigation() for _ in range(WALKERS)]
    walkers = spawn(world, [near, *places])
    controllers = start(world, walkers, goals)
    line = [[place_of(world, walker) for walker in walkers]]
    closest = math.inf
    for _ in range(SECONDS * 20):
        world.tick()
        line.append([place_of(world, walker) for walker in walkers])
        closest = min(closest, math.dist(line[-1][0][:2], (far.x, far.y)))
    for controller in controllers:
        controller.stop()
    walked = [sum(math.dist(a[i], b[i]) for a, b in itertools.pairwise(line)) for i in range(len(walkers))]
    zebras = outlines(map_.get_crosswalks())
    json.dump(
        {
            "places_off_m": max(off_sidewalk(map_, place) for place in places),
            "places_apart_m": max(place.distance(places[0]) for place in places),
            "walked_m": walked,
            "closest_to_far_end_m": closest,
            "crossing_m": math.dist((near.x, near.y), (far.x, far.y)),
            "astray_m": max(
                min(off_sidewalk(map_, carla.Location(*place)), off_crosswalk(zebras, place))
                for places in line[::20]
                for place in places
            ),
            "line": line[::10],
        },
        sys.stdout,
    )


def outlines(points: list[carla.Location]) -> list[list[carla.Location]]:
    found: list[list[carla.Location]] = []
    open_ = False
    for point in points:
        if not open_:
            found.append([])
        open_ = not found[-1] or point != found[-1][0]
        found[-1].append(point)
    return found


def ends(outline: list[carla.Location]) -> list[carla.Location]:
    """The middles of the short sides, 2 m further out: on the sidewalks."""
    sides = sorted(itertools.pairwise(outline), key=lambda side: side[0].distance(side[1]))[:2]
    middles = [(a + b) / 2.0 for a, b in sides]
    way = (middles[1] - middles[0]).make_unit_vector() * 2.0
    return [middles[0] - carla.Location(way), middles[1] + carla.Location(way)]


def spawn(world: carla.World, places: list[carla.Location]) -> list[carla.Actor]:
    blueprint = world.get_blueprint_library().filter("walker.pedestrian.*")[0]
    walkers: list[carla.Actor] = []
    for place in places:
        walker = world.try_spawn_actor(blueprint, carla.Transform(place + carla.Location(z=1.0)))
        walkers += [walker] if walker else []
        if len(walkers) == WALKERS + 1:
            break
    world.tick()
    return walkers


def start(world: carla.World, walkers: list[carla.Actor], goals: list[carla.Location]) -> list[carla.Actor]:
    blueprint = world.get_blueprint_library().find("controller.ai.walker")
    controllers = [world.spawn_actor(blueprint, carla.Transform(), walker) for walker in walkers]
    world.tick()
    for controller, goal in zip(controllers, goals, strict=True):
        controller.start()
        controller.go_to_location(goal)
        controller.set_max_speed(1.4)
    return controllers


def place_of(world: carla.World, actor: carla.Actor) -> tuple[float, float, float]:
    place = world.get_snapshot().find(actor.id).get_transform().location
    return place.x, place.y, place.z


def off_sidewalk(map_: carla.Map, place: carla.Location) -> float:
    waypoint = map_.get_waypoint(place, project_to_road=True, lane_type=carla.LaneType.Sidewalk)
    centre = waypoint.transform.location
    return math.dist((centre.x, centre.y), (place.x, place.y)) - (waypoint.lane_width / 2 - RADIUS_M)


def off_crosswalk(zebras: list[list[carla.Location]], place: tuple[float, float, float]) -> float:
    """Distance from the outlines' middles, less half their longer side."""
    return min(
        math.dist(place[:2], (sum(p.x for p in z[:4]) / 4, sum(p.y for p in z[:4]) / 4))
        - max(a.distance(b) for a, b in itertools.pairwise(z)) / 2
        for z in zebras
    )


if __name__ == "__main__":
    main()
