"""What a guest imports beside the official interface, in its process: found where the user has it, else provided, and
fed.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any, Final

import carla

from leaderboard.compat.game_time import GameTime
from leaderboard.errors import UserError
from leaderboard.road_option import RoadOption

__all__ = ["GuestContext", "provide_modules"]

_MODULES: Final = str(Path(__file__).parent / "guest_modules")


def provide_modules() -> None:
    """Make `agents` and `srunner` importable. The folder comes last on the path, so copies of the user's come first."""
    if _MODULES not in sys.path:
        sys.path.append(_MODULES)


def _file_of(thing: type[Any]) -> str:
    return str(getattr(sys.modules.get(thing.__module__), "__file__", thing.__module__))


class GuestContext:
    """Keeps the classes that guests ask (CarlaDataProvider, GameTime) up to date; the user's own if those are
    imported.
    """

    def __init__(self) -> None:
        provide_modules()
        self.problems: list[str] = []
        """A sentence for each of the user's copies that does not work here, and then does not for the guest either."""
        self._provider = self._import("srunner.scenariomanager.carla_data_provider", "CarlaDataProvider")
        timer = self._import("srunner.scenariomanager.timer", "GameTime")
        self._clocks = [GameTime] if timer in (GameTime, None) else [GameTime, timer]
        self.road_option: type[Any] = self._import("agents.navigation.local_planner", "RoadOption") or RoadOption
        """What the guest imports as RoadOption: an old copy's options equal no others."""

    def begin(
        self,
        client: carla.Client,
        world: carla.World,
        ego: carla.Vehicle,
        traffic_manager_port: int | None,
        route: list[Any],
    ) -> None:
        """Before the guest is set up. The clock starts at 0."""
        for clock in self._clocks:
            clock.restart()
        provider = self._provider
        if provider is None:
            return
        try:
            provider.set_client(client)
            if traffic_manager_port is not None:
                provider.set_traffic_manager_port(traffic_manager_port)
            provider.set_world(world)
            # That of leaderboard 1.0 takes the actor alone.
            known = len(inspect.signature(provider.register_actor).parameters)
            provider.register_actor(*(ego, ego.get_transform())[:known])
            # scenario_runner's get_hero_actor looks here, at what it has spawned itself.
            provider._carla_actor_pool[ego.id] = ego
            # The copies of PDM-Lite, Bench2Drive and LEAD keep no route.
            for name in ("set_ego_route", "set_ego_vehicle_route"):
                if hasattr(provider, name):
                    getattr(provider, name)(route)
        except (AttributeError, TypeError, ImportError) as error:
            raise UserError(
                f"your copy of scenario_runner ({_file_of(provider)}) is not one that this harness can feed ({error}); "
                "take it off PYTHONPATH, then what agents need of it is provided"
            ) from error

    def tick(self, timestamp: carla.Timestamp) -> None:
        """After each tick of the simulator."""
        for clock in self._clocks:
            clock.on_carla_tick(timestamp)
        if self._provider is not None:
            self._provider.on_carla_tick()

    def end(self) -> None:
        """Let go of the world; actors are the harness's to remove, so scenario_runner's cleanup() is not called."""
        provider = self._provider
        if provider is not None:
            provider._carla_actor_pool.clear()
            provider._client = provider._world = provider._map = None

    def _import(self, module: str, name: str) -> Any | None:
        try:
            return getattr(importlib.import_module(module), name)
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self.problems.append(
                f"your copy of {module} cannot be imported ({reason}), and an agent that needs it will fail; "
                "mend it, or take it off PYTHONPATH, then what agents need of it is provided"
            )
            return None
