"""Models of all that can be spawned, made by code to fill the boxes of the catalogue."""

from collections.abc import Mapping
from functools import cache

from simulator.blueprints import in_wheelchair, number, walker_spec
from simulator.scene.materials import Colour, linear
from simulator.scene.mesh import Point
from simulator.scene.models.model import Model
from simulator.scene.models.props import parked_tint, prop_model
from simulator.scene.models.vehicles import vehicle_model
from simulator.scene.models.walkers import walker_model, walker_tint
from simulator.scene.models.wheelchair import wheelchair_model

__all__ = ["Model", "model_of", "tint_of"]

# What else of an actor's attributes than its type changes its shape.
_SHAPING = ("driver_id", "gender", "age", "mesh_path")
_LARGEST = 1e6


def model_of(type_id: str, attributes: Mapping[str, str], center: Point, half: Point) -> Model | None:
    """The model of an actor whose box has this middle and these half sizes; None where it has none.

    Made once for all actors that look alike.
    """
    if not min(half) > 0.0:
        return None
    seated = in_wheelchair(attributes)
    return _model(type_id, center, half, seated, *(attributes.get(name, "") for name in _SHAPING))


@cache
def _model(
    type_id: str,
    center: Point,
    half: Point,
    seated: bool,
    driver_id: str,
    gender: str,
    age: str,
    mesh_path: str,
) -> Model:
    if type_id.startswith("vehicle."):
        return vehicle_model(type_id.removeprefix("vehicle."), _whole(driver_id), center, half)
    if type_id.startswith("walker."):
        if seated:
            return wheelchair_model(type_id, gender, age, walker_spec(type_id).half_extents, center, half)
        return walker_model(type_id, gender, age, half)
    return prop_model(type_id.removeprefix("static.prop."), mesh_path, center, half)


def tint_of(type_id: str, attributes: Mapping[str, str]) -> Colour:
    """The linear colour of an actor's paint or clothes: what its `color` says, or its own."""
    colour = attributes.get("color")
    if colour is not None:
        red, green, blue = (int(part) for part in colour.split(","))
        return linear(red, green, blue)
    if type_id.startswith("walker."):
        return walker_tint(type_id)
    return parked_tint(attributes.get("mesh_path", ""))


def _whole(text: str) -> int:
    """A whole number of an attribute, which scripts may write as "7.0"."""
    return int(min(max(number(text), 0.0), _LARGEST))
