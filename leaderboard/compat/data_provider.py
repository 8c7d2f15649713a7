"""What guests ask as srunner.scenariomanager.carla_data_provider.CarlaDataProvider, where scenario_runner is not
installed.

One class for the whole process, because guests ask the class itself. leaderboard.compat.guests fills it before setup().
"""

from __future__ import annotations

import math
from typing import Any

import carla

from leaderboard.compat.global_route_planner import GlobalRoutePlanner

__all__ = ["CarlaDataProvider"]


class CarlaDataProvider:
    _client: carla.Client | None = None
    _world: carla.World | None = None
    _map: carla.Map | None = None
    _blueprint_library: carla.BlueprintLibrary | None = None
    _carla_actor_pool: dict[int, carla.Actor] = {}  # noqa: RUF012 - shared by design, as guests know it
    _ego_vehicle_route: list[Any] | None = None
    _grp: GlobalRoutePlanner | None = None
    _traffic_manager_port = 8000
    _latest_scenario = ""

    @staticmethod
    def set_client(client: carla.Client) -> None:
        CarlaDataProvider._client = client

    @staticmethod
    def get_client() -> carla.Client | None:
        return CarlaDataProvider._client

    @staticmethod
    def set_world(world: carla.World) -> None:
        CarlaDataProvider._world = world
        CarlaDataProvider._map = world.get_map()
        CarlaDataProvider._blueprint_library = world.get_blueprint_library()
        CarlaDataProvider._grp = None

    @staticmethod
    def get_world() -> carla.World | None:
        return CarlaDataProvider._world

    @staticmethod
    def get_map(world: carla.World | None = None) -> carla.Map:
        if CarlaDataProvider._map is None:
            if world is None:
                raise ValueError("CarlaDataProvider has no world yet")
            CarlaDataProvider._map = world.get_map()
        return CarlaDataProvider._map

    @staticmethod
    def get_blueprint_library() -> carla.BlueprintLibrary | None:
        return CarlaDataProvider._blueprint_library

    @staticmethod
    def get_global_route_planner() -> GlobalRoutePlanner:
        """With 2 m between waypoints, built when it is first asked for."""
        if CarlaDataProvider._grp is None:
            CarlaDataProvider._grp = GlobalRoutePlanner(CarlaDataProvider.get_map(), 2.0)
        return CarlaDataProvider._grp

    @staticmethod
    def is_sync_mode() -> bool:
        world = CarlaDataProvider._world
        return bool(world is not None and world.get_settings().synchronous_mode)

    @staticmethod
    def register_actor(actor: carla.Actor, transform: carla.Transform | None = None) -> None:
        CarlaDataProvider._carla_actor_pool[actor.id] = actor

    @staticmethod
    def get_actors() -> Any:
        """(id, actor) of those that are registered."""
        return CarlaDataProvider._carla_actor_pool.items()

    @staticmethod
    def get_all_actors() -> Any:
        return CarlaDataProvider._world.get_actors() if CarlaDataProvider._world is not None else []

    @staticmethod
    def actor_id_exists(actor_id: int) -> bool:
        return actor_id in CarlaDataProvider._carla_actor_pool

    @staticmethod
    def get_actor_by_id(actor_id: int) -> carla.Actor | None:
        return CarlaDataProvider._carla_actor_pool.get(actor_id)

    @staticmethod
    def get_hero_actor() -> carla.Actor | None:
        for actor in CarlaDataProvider._carla_actor_pool.values():
            if actor.attributes.get("role_name") == "hero":
                return actor
        return None

    @staticmethod
    def get_velocity(actor: carla.Actor) -> float:
        """Speed over the ground in m/s."""
        velocity = actor.get_velocity()
        return math.hypot(velocity.x, velocity.y)

    @staticmethod
    def get_location(actor: carla.Actor) -> carla.Location:
        return actor.get_location()

    @staticmethod
    def get_transform(actor: carla.Actor) -> carla.Transform:
        return actor.get_transform()

    @staticmethod
    def set_ego_route(route: list[Any]) -> None:
        CarlaDataProvider._ego_vehicle_route = route

    @staticmethod
    def get_ego_route() -> list[Any] | None:
        return CarlaDataProvider._ego_vehicle_route

    @staticmethod
    def set_traffic_manager_port(tm_port: int) -> None:
        CarlaDataProvider._traffic_manager_port = tm_port

    @staticmethod
    def get_traffic_manager_port() -> int:
        return CarlaDataProvider._traffic_manager_port

    @staticmethod
    def set_latest_scenario(scenario_name: str) -> None:
        CarlaDataProvider._latest_scenario = scenario_name

    @staticmethod
    def get_latest_scenario() -> str:
        return CarlaDataProvider._latest_scenario

    @staticmethod
    def on_carla_tick() -> None:
        """Nothing to do: the client keeps the last state itself."""

    @staticmethod
    def cleanup() -> None:
        """Forget the episode."""
        CarlaDataProvider._client = None
        CarlaDataProvider._world = None
        CarlaDataProvider._map = None
        CarlaDataProvider._blueprint_library = None
        CarlaDataProvider._carla_actor_pool.clear()
        CarlaDataProvider._ego_vehicle_route = None
        CarlaDataProvider._grp = None
        CarlaDataProvider._latest_scenario = ""
