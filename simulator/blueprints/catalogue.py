"""The whole catalogue: every blueprint a client can spawn, numbered, and the actors that only a map brings."""

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from simulator.blueprints.attributes import Blueprint
from simulator.blueprints.props import other_definitions, prop_definitions
from simulator.blueprints.sensors import sensor_definitions
from simulator.blueprints.vehicles import vehicle_definitions
from simulator.blueprints.walkers import walker_definitions

__all__ = ["MAP_ACTORS", "Catalogue", "MapActor", "catalogue"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    blueprints: tuple[Blueprint, ...]  # in the order of their uids, which begin with 1
    _by_id: dict[str, Blueprint] = field(repr=False, compare=False)

    def find(self, blueprint_id: str) -> Blueprint | None:
        return self._by_id.get(blueprint_id)


@cache
def catalogue() -> Catalogue:
    """Built once; what it holds never changes."""
    definitions = {
        **vehicle_definitions(),
        **walker_definitions(),
        **prop_definitions(),
        **other_definitions(),
        **sensor_definitions(),
    }
    blueprints = tuple(
        Blueprint(uid, name, name.replace(".", ","), attributes)
        for uid, (name, attributes) in enumerate(definitions.items(), start=1)
    )
    return Catalogue(blueprints, {blueprint.id: blueprint for blueprint in blueprints})


@dataclass(frozen=True, slots=True)
class MapActor:
    """An actor that belongs to the map: it has a type id and a label, but no blueprint (uid 0, no attributes)."""

    type_id: str
    semantic_tag: int  # carla.CityObjectLabel


_TRAFFIC_LIGHT: Final = 7
_TRAFFIC_SIGN: Final = 8

# CARLA has models of these limits only; a map may name others, which follow the same pattern here.
_SPEED_LIMITS_KMH: Final = (30, 40, 50, 60, 90, 100, 120, 130)

MAP_ACTORS: Final[dict[str, MapActor]] = {
    actor.type_id: actor
    for actor in (
        MapActor("spectator", 0),
        MapActor("traffic.traffic_light", _TRAFFIC_LIGHT),
        MapActor("traffic.stop", _TRAFFIC_SIGN),
        MapActor("traffic.yield", _TRAFFIC_SIGN),
        *(MapActor(f"traffic.speed_limit.{kmh}", _TRAFFIC_SIGN) for kmh in _SPEED_LIMITS_KMH),
        MapActor("traffic.unknown", _TRAFFIC_SIGN),
    )
}
