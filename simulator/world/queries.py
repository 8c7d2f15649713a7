"""Questions that rays answer, asked of a whole world."""

import numpy as np
from numpy.typing import NDArray

from simulator.world import rays
from simulator.world.world import World

__all__ = ["cast_ray", "project_point"]

Point = tuple[float, float, float]
LabelledPlace = tuple[float, float, float, int]  # x, y, z, carla.CityObjectLabel


def cast_ray(world: World, start: Point, end: Point) -> list[LabelledPlace]:
    """All that a segment meets, nearest first."""
    register = world.register
    hits = rays.cast_ray(
        register.actors, register.n_actors, _labels(world), world.town.surface, world.boxes, world.index, start, end
    )
    return [(float(hit["x"]), float(hit["y"]), float(hit["z"]), int(hit["label"])) for hit in hits]


def project_point(world: World, location: Point, direction: Point, distance: float) -> LabelledPlace | None:
    """The first thing from a place in a direction."""
    register = world.register
    found, place, label = rays.project_point(
        register.actors,
        register.n_actors,
        _labels(world),
        world.town.surface,
        world.boxes,
        world.index,
        location,
        direction,
        distance,
    )
    return (*place, label) if found else None


def _labels(world: World) -> NDArray[np.uint8]:
    """Semantic label of every actor, by row."""
    return np.array(
        [actor.semantic_tags[0] if actor.semantic_tags else 0 for actor in world.register.in_order], np.uint8
    )
