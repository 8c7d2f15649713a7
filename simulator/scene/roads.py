"""What one stands on: the triangles of a town's surface, with the materials of lanes and of what fills junctions."""

from typing import Final

import numpy as np

from simulator.maps import town
from simulator.maps.lane_types import BIKING, PARKING
from simulator.maps.town import Lanes, Surface
from simulator.scene.chunks import Layer, Part, part
from simulator.scene.materials import Materials, linear
from simulator.scene.tables import ASPHALT, GRASS, I4, PLAIN, SIDEWALK

_LAYER: Final = Layer(chunk_m=64.0)


def road_parts(surface: Surface, lanes: Lanes, materials: Materials) -> list[Part]:
    """All triangles of the surface, one sided."""
    if len(surface.triangles) == 0:
        return []
    return [part(_LAYER, surface.vertices, surface.triangles, surface_materials(surface, lanes, materials))]


def surface_materials(surface: Surface, lanes: Lanes, materials: Materials) -> I4:
    """The material of each triangle."""
    asphalt = materials.add("asphalt", kind=ASPHALT, colour=linear(84, 84, 86), label=town.ROADS)
    parking = materials.add("asphalt of parking lanes", kind=ASPHALT, colour=linear(96, 95, 93), label=town.ROADS)
    biking = materials.add("asphalt of cycle lanes", kind=ASPHALT, colour=linear(122, 72, 64), label=town.ROADS)
    paving = materials.add("paving", kind=SIDEWALK, colour=linear(150, 147, 140), label=town.SIDEWALKS)
    verge = materials.add("verge", kind=GRASS, colour=linear(92, 108, 58), label=town.TERRAIN)
    rails = materials.add("rail track", kind=PLAIN, colour=linear(100, 94, 88), label=town.RAIL_TRACK)
    of_label = np.full(256, asphalt, np.int32)
    of_label[town.SIDEWALKS], of_label[town.TERRAIN], of_label[town.RAIL_TRACK] = paving, verge, rails
    rows = of_label[surface.label]
    has_lane = surface.lane >= 0
    kind = np.where(has_lane, lanes.kind[np.maximum(surface.lane, 0)], 0)
    rows[kind == PARKING] = parking
    rows[kind == BIKING] = biking
    return rows
