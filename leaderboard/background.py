"""The traffic around a route: vehicles driven by the official Traffic Manager, walkers by the client's navigation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import carla

from leaderboard.criteria.view import Place
from leaderboard.errors import InfrastructureError, UserError
from leaderboard.port_lease import PortLease, is_free

__all__ = ["LB1_COUNTS", "Background", "amount", "lease_traffic_manager"]

# route_scenario.py of leaderboard 1.0: how many vehicles drive in each town.
LB1_COUNTS: Final = {
    "Town01": 120, "Town02": 100, "Town03": 120, "Town04": 200, "Town05": 120,
    "Town06": 150, "Town07": 110, "Town08": 180, "Town09": 300, "Town10": 120, "Town10HD": 120,
}  # fmt: skip
LB1_ELSEWHERE: Final = 0
CLEAR_OF_EGO_M: Final = 15.0
_AROUND_ROUTE_M: Final = 250.0
# Of each place for a walker, so many are drawn: the navigation covers the town, and few are near the route.
_DRAWS_PER_WALKER: Final = 10
# A walker is put above the sidewalk and falls onto it: its origin is its middle, and sidewalks are not quite even.
_WALKER_LIFT_M: Final = 1.0
# `speed` of a walker's blueprint recommends standing, walking and running.
_WALKING: Final = 1
_PORTS: Final = range(20_000, 30_000)


def amount(traffic: str, town: str) -> int:
    """How many vehicles --traffic means in a town."""
    if traffic == "none":
        return 0
    if traffic == "lb1":
        return LB1_COUNTS.get(town, LB1_ELSEWHERE)
    if traffic.isdigit():
        return int(traffic)
    raise UserError(f"--traffic {traffic}: give none, lb1 or a number of vehicles")


def lease_traffic_manager(client: carla.Client, leases: Path) -> tuple[carla.TrafficManager, PortLease]:
    """A Traffic Manager on a port that no other run of this user takes. CARLA's listens on all interfaces."""
    for port in _PORTS:
        lease = PortLease.take(leases, port)
        if lease is None:
            continue
        # Asked first: where somebody else listens the client takes that for a Traffic Manager, and waits long for it.
        if not is_free(port):
            lease.release()
            continue
        try:
            return client.get_trafficmanager(port), lease
        except RuntimeError as error:
            lease.release()
            if "bind" not in str(error).lower() and "address" not in str(error).lower():
                raise InfrastructureError(f"the Traffic Manager did not start: {error}") from error
    raise InfrastructureError(f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free for the Traffic Manager")


class Background:
    """Vehicles with autopilot, and walkers with goals. The same seed spawns the same ones at the same places."""

    def __init__(self, client: carla.Client, world: carla.World) -> None:
        self._client = client
        self._world = world
        self._controllers: list[tuple[carla.WalkerAIController, carla.Location, float]] = []
        """With where each one's walker goes first, and how fast (m/s)."""
        self.vehicles: list[carla.Actor] = []
        self.walkers: list[carla.Actor] = []

    def spawn_vehicles(
        self,
        count: int,
        manager: carla.TrafficManager,
        ego: carla.Location,
        route: Sequence[Place],
        rng: random.Random,
    ) -> None:
        """Up to `count`, first of all near the route, none near the ego."""
        places = [p for p in self._world.get_map().get_spawn_points() if p.location.distance(ego) >= CLEAR_OF_EGO_M]
        rng.shuffle(places)
        places.sort(key=lambda place: not _is_near(place.location, route))
        library = self._world.get_blueprint_library().filter("vehicle.*")
        models = sorted((bp for bp in library if bp.get_attribute("base_type") == "car"), key=lambda bp: bp.id)
        batch = []
        for place in places[:count]:
            blueprint = rng.choice(models)
            if blueprint.has_attribute("color"):
                blueprint.set_attribute("color", rng.choice(blueprint.get_attribute("color").recommended_values))
            blueprint.set_attribute("role_name", "background")
            drive = carla.command.SetAutopilot(carla.command.FutureActor, True, manager.get_port())
            batch.append(carla.command.SpawnActor(blueprint, place).then(drive))
        answers = self._client.apply_batch_sync(batch, False)
        ids = [answer.actor_id for answer in answers if not answer.error]
        self.vehicles = list(self._world.get_actors(ids))
        for vehicle in self.vehicles:
            manager.update_vehicle_lights(vehicle, True)

    def spawn_walkers(self, count: int, ego: carla.Location, route: Sequence[Place], rng: random.Random) -> None:
        """Up to `count` on the sidewalks, first of all near the route, none near the ego. They stand until
        `start_walkers`. The world's seed of pedestrians must be set, since it decides where the navigation has places.
        """
        drawn = [self._world.get_random_location_from_navigation() for _ in range(count * _DRAWS_PER_WALKER)]
        # A map without sidewalks has no places.
        places = [place for place in drawn if place is not None and place.distance(ego) >= CLEAR_OF_EGO_M]
        places.sort(key=lambda place: not _is_near(place, route))
        library = self._world.get_blueprint_library()
        models = sorted(library.filter("walker.pedestrian.*"), key=lambda blueprint: blueprint.id)
        controller = library.find("controller.ai.walker")
        for number, place in enumerate(places):
            if len(self.walkers) == count:
                break
            blueprint = rng.choice(models)
            blueprint.set_attribute("role_name", "background")
            if blueprint.has_attribute("is_invincible"):
                blueprint.set_attribute("is_invincible", "false")
            turn = carla.Rotation(yaw=rng.uniform(-180.0, 180.0))
            at = carla.Transform(place + carla.Location(z=_WALKER_LIFT_M), turn)
            walker = self._world.try_spawn_actor(blueprint, at)
            if walker is None:  # something stands there
                continue
            speed_mps = float(blueprint.get_attribute("speed").recommended_values[_WALKING])
            goal = places[(number + len(places) // 2) % len(places)]
            self.walkers.append(walker)
            attached = self._world.spawn_actor(controller, carla.Transform(), attach_to=walker)
            self._controllers.append((attached, goal, speed_mps))

    def start_walkers(self) -> None:
        """After a tick, which tells the client where they stand."""
        for controller, goal, speed_mps in self._controllers:
            controller.start()
            controller.go_to_location(goal)
            controller.set_max_speed(speed_mps)


def _is_near(location: carla.Location, route: Sequence[Place]) -> bool:
    reach = _AROUND_ROUTE_M**2
    return any((place.x - location.x) ** 2 + (place.y - location.y) ** 2 < reach for place in route[::20])
