"""A TownMap as triangles: all of it that stands still, made once."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.town import TownMap
from simulator.scene.buildings import building_parts
from simulator.scene.chunks import assemble
from simulator.scene.earthworks import earthwork_parts
from simulator.scene.furniture import furniture_parts, head_rows, lamp_places, lamp_rows
from simulator.scene.materials import Materials, linear
from simulator.scene.nature import tree_parts
from simulator.scene.paint import paint_parts
from simulator.scene.roads import road_parts
from simulator.scene.tables import F4, GRASS, INSTANCE, U1, Geometry
from simulator.scene.terrain import terrain_parts

GROUND_INSTANCE: Final = 0  # roads, sidewalks, markings and terrain


class Scenery(NamedTuple):
    """What a Frame holds of the town, and which rows change with the world."""

    geometry: Geometry
    instances: NDArray[np.void]  # INSTANCE: the ground, then the boxes of the town in their order
    atlas: U1
    lamps: F4  # [n, 3] bulbs of street lamps
    lamp_rows: NDArray[np.intp]  # their boxes
    head_rows: NDArray[np.intp]  # the box of each signal's head, -1 for none


def build_scenery(a_town: TownMap, materials: Materials) -> Scenery:
    """The same town gives the same arrays, bit for bit."""
    boxes = a_town.boxes
    instance = (GROUND_INSTANCE + 1 + np.arange(len(boxes.x))).astype(np.int32)
    grass = materials.add("grass", kind=GRASS, colour=linear(88, 104, 54), label=town.TERRAIN)
    furniture, atlas = furniture_parts(a_town, instance, materials)
    parts = [
        *road_parts(a_town.surface, a_town.lanes, materials),
        *paint_parts(a_town, materials),
        *earthwork_parts(a_town.surface, materials),
        *terrain_parts(a_town.surface, grass),
        *building_parts(boxes, instance, materials),
        *tree_parts(boxes, instance, materials),
        *furniture,
    ]
    return Scenery(
        geometry=assemble(parts),
        instances=_instances(a_town),
        atlas=atlas,
        lamps=lamp_places(a_town).astype(np.float32),
        lamp_rows=lamp_rows(a_town),
        head_rows=head_rows(boxes, a_town.signals),
    )


def _instances(a_town: TownMap) -> NDArray[np.void]:
    count = 1 + len(a_town.boxes.x)
    rows = np.zeros(count, INSTANCE)
    rows["label"][0] = town.ROADS
    rows["label"][1:] = a_town.boxes.label
    rows["colour_id"] = colour_ids(count)
    rows["tint"] = 1.0
    rows["motion"][:, :, :3] = np.eye(3)
    return rows


def colour_ids(count: int) -> NDArray[np.uint16]:
    """Of the first rows: 16 bits, all different up to 65536 rows, far apart for neighbours. They count down from
    where actors' ids, which are counted up (simulator.scene.movers), do not get in an episode's time."""
    return ((65535 - np.arange(count)) * 40503 & 0xFFFF).astype(np.uint16)
