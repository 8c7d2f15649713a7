"""sensor.other.collision: who touched whom in a tick, and how hard."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.maps import town

__all__ = ["CollisionReading", "collisions", "static_type_id"]

Vector = tuple[float, float, float]

# carla.CityObjectLabel by number. CARLA names what it hit in the level "static." and the label in lower case without
# a trailing s, so a bus becomes "bu": public scoring code compares these very words.
_LABELS: Final = {
    town.ROADS: "road",
    town.SIDEWALKS: "sidewalk",
    town.BUILDINGS: "building",
    town.WALLS: "wall",
    town.FENCES: "fence",
    town.POLES: "pole",
    town.TRAFFIC_LIGHT: "trafficlight",
    town.TRAFFIC_SIGNS: "trafficsign",
    town.VEGETATION: "vegetation",
    town.TERRAIN: "terrain",
    town.SKY: "sky",
    town.PEDESTRIANS: "pedestrian",
    town.RIDER: "rider",
    town.CAR: "car",
    town.TRUCK: "truck",
    town.BUS: "bu",
    town.TRAIN: "train",
    town.MOTORCYCLE: "motorcycle",
    town.BICYCLE: "bicycle",
    town.STATIC: "static",
    town.DYNAMIC: "dynamic",
    town.OTHER: "other",
    town.WATER: "water",
    town.ROAD_LINES: "roadline",
    town.GROUND: "ground",
    town.BRIDGE: "bridge",
    town.RAIL_TRACK: "railtrack",
    town.GUARD_RAIL: "guardrail",
}

# Standing on these is no collision: one event with a road ends a scenario's constant velocity, or a route's score.
_UNDERFOOT: Final = frozenset({town.ROADS, town.SIDEWALKS, town.TERRAIN, town.ROAD_LINES, town.GROUND})


class CollisionReading(NamedTuple):
    actor_id: int  # who feels it
    other_id: int  # 0 for what belongs to the level
    other_type_id: str  # "static.building" ... for the level, "" for an actor
    impulse: Vector  # N s, on `actor_id`, world axes


def static_type_id(label: int) -> str:
    """What CARLA calls a thing of the level with this carla.CityObjectLabel."""
    return "static." + _LABELS.get(label, "unknown")


def collisions(
    contacts: NDArray[np.void], actors: NDArray[np.void], box_labels: NDArray[np.uint8]
) -> list[CollisionReading]:
    """The events of a tick from its CONTACT rows: one for each side of each pair, with the pair's whole impulse.

    In order of the pairs' first contacts. Things of the level feel nothing, and touching the ground is no event.
    """
    if len(contacts) == 0:
        return []
    events: dict[tuple[int, int], CollisionReading] = {}
    for contact in contacts:
        a, b = int(contact["a"]), int(contact["b"])
        impulse = (float(contact["impulse_x"]), float(contact["impulse_y"]), float(contact["impulse_z"]))
        id_a = int(actors["id"][a])
        if b >= 0:
            id_b = int(actors["id"][b])
            _add(events, (a, b), CollisionReading(id_a, id_b, "", impulse))
            _add(events, (b, a), CollisionReading(id_b, id_a, "", (-impulse[0], -impulse[1], -impulse[2])))
            continue
        box = int(contact["static_box"])
        label = int(box_labels[box])
        if label not in _UNDERFOOT:
            _add(events, (a, -1 - box), CollisionReading(id_a, 0, static_type_id(label), impulse))
    return list(events.values())


def _add(events: dict[tuple[int, int], CollisionReading], pair: tuple[int, int], event: CollisionReading) -> None:
    known = events.get(pair)
    if known is not None:
        x, y, z = known.impulse
        dx, dy, dz = event.impulse
        event = event._replace(impulse=(x + dx, y + dy, z + dz))
    events[pair] = event
