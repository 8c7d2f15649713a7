"""What a blueprint is: an id, tags and typed attributes, all values as text, as CARLA's wire has them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

__all__ = [
    "BOOL", "COLOR", "FLOAT", "INT", "STRING", "AttributeDef", "Blueprint", "base_attributes", "constant", "number",
    "validate_attributes", "variation",
]  # fmt: skip

# carla.ActorAttributeType
BOOL: Final = 1
INT: Final = 2
FLOAT: Final = 3
STRING: Final = 4
COLOR: Final = 5

_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_TYPE_NAMES: Final = {BOOL: "a bool", INT: "an integer", FLOAT: "a number", STRING: "a text", COLOR: 'a colour "r,g,b"'}


@dataclass(frozen=True, slots=True)
class AttributeDef:
    id: str
    type: int
    default: str
    recommended: tuple[str, ...]
    modifiable: bool
    restricted: bool  # only recommended values are allowed


@dataclass(frozen=True, slots=True)
class Blueprint:
    uid: int
    id: str
    tags: str  # the parts of the id with commas between
    attributes: tuple[AttributeDef, ...]

    def __iter__(self) -> Iterator[AttributeDef]:
        return iter(self.attributes)

    def attribute(self, name: str) -> AttributeDef:
        for attribute in self.attributes:
            if attribute.id == name:
                return attribute
        raise KeyError(f"{self.id} has no attribute {name!r}")


def variation(name: str, kind: int, *recommended: str, restricted: bool = False) -> AttributeDef:
    """An attribute that clients may set; the first recommended value is the default."""
    return AttributeDef(name, kind, recommended[0], recommended, True, restricted)


def constant(name: str, kind: int, value: str) -> AttributeDef:
    return AttributeDef(name, kind, value, (), False, False)


def base_attributes(*role_names: str) -> tuple[AttributeDef, ...]:
    """What every blueprint begins with.

    The ros_ attributes belong to CARLA's native ROS 2 interface: they are kept and have no effect here.
    """
    return (
        variation("role_name", STRING, *(role_names or ("default",))),
        variation("ros_name", STRING, ""),
        variation("ros_frame_id", STRING, ""),
        variation("ros_publish_tf", BOOL, "true"),
    )


def validate_attributes(blueprint: Blueprint, given: Mapping[str, str]) -> dict[str, str]:
    """All attributes of an actor of this blueprint: those given, and the defaults of the others, in catalogue order.

    ValueError, in one sentence, for an attribute that the blueprint lacks, a value that does not read as the
    attribute's type, and a constant that was changed. A restricted attribute may still have another value than the
    recommended ones: neither client nor server of CARLA holds scripts to them.
    """
    known = {attribute.id for attribute in blueprint.attributes}
    for name in given:
        if name not in known:
            raise ValueError(f"{blueprint.id} has no attribute {name!r}.")
    return {attribute.id: _checked(blueprint.id, attribute, given) for attribute in blueprint.attributes}


def number(text: str) -> float:
    """The value of an INT or FLOAT attribute, read as C's atof does: the number that the text begins with.

    CARLA itself writes some with an f ("3.5f"), and scripts give integers as "64.0". No text at all reads as 0.
    """
    found = _NUMBER.match(text)
    return float(found.group()) if found else 0.0


def _checked(blueprint_id: str, attribute: AttributeDef, given: Mapping[str, str]) -> str:
    value = given.get(attribute.id, attribute.default)
    if value == attribute.default:  # "1.0f", or "" as a mass: CARLA's own defaults are not always numbers
        return value
    if not attribute.modifiable:
        raise ValueError(f"{blueprint_id}: {attribute.id} is always {attribute.default!r}, not {value!r}.")
    if not _reads_as(attribute.type, value):
        raise ValueError(f"{blueprint_id}: {attribute.id} must be {_TYPE_NAMES[attribute.type]}, not {value!r}.")
    return value


def _reads_as(kind: int, value: str) -> bool:
    if kind == BOOL:
        return value.lower() in ("true", "false")
    if kind in (INT, FLOAT):
        return _NUMBER.match(value) is not None and isfinite(number(value))
    if kind == COLOR:
        channels = value.split(",")
        return len(channels) == 3 and all(c.strip().isdecimal() and int(c) <= 255 for c in channels)
    return True
