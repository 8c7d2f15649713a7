"""What can be spawned: the catalogue of CARLA 0.9.16 as data, with sizes and physics."""

from simulator.blueprints.attributes import AttributeDef, Blueprint, number, validate_attributes
from simulator.blueprints.catalogue import MAP_ACTORS, Catalogue, MapActor, catalogue
from simulator.blueprints.physics import VehiclePhysics
from simulator.blueprints.props import PropSpec, mesh_half_extents, mesh_spec, prop_spec
from simulator.blueprints.vehicles import VehicleSpec, vehicle_spec
from simulator.blueprints.walkers import WalkerSpec, in_wheelchair, walker_spec

__all__ = [
    "MAP_ACTORS",
    "AttributeDef",
    "Blueprint",
    "Catalogue",
    "MapActor",
    "PropSpec",
    "VehiclePhysics",
    "VehicleSpec",
    "WalkerSpec",
    "catalogue",
    "in_wheelchair",
    "mesh_half_extents",
    "mesh_spec",
    "number",
    "prop_spec",
    "validate_attributes",
    "vehicle_spec",
    "walker_spec",
]
