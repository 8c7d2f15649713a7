"""The 52 walkers of CARLA 0.9.16.

Boxes were measured on a 0.9.16 server and published with Scenic's CARLA library; gender, age, generation and
speeds are from a public dump of a later catalogue with the same ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from simulator.blueprints.attributes import BOOL, FLOAT, INT, STRING, AttributeDef, base_attributes, constant, variation

__all__ = ["WalkerSpec", "in_wheelchair", "walker_definitions", "walker_spec"]

_COUNT: Final = 52
_FEMALE: Final = frozenset(
    {1, *range(5, 12), 15, *range(19, 24), 31, 32, *range(35, 38), *range(40, 45), *range(48, 51)}
)
_SMALL_CHILDREN: Final = frozenset({9, 10, 11, 48, 49})
_CHILDREN: Final = _SMALL_CHILDREN | {12, 13, 14}
_TEENAGERS: Final = frozenset({50, 51})
_NO_WHEELCHAIR: Final = _CHILDREN | {30, 32, 42, 43, 44, 50, 51, 52}
_BRISK: Final = frozenset({1, 5, 6, 7, 8, 15})


@dataclass(frozen=True, slots=True)
class WalkerSpec:
    center: tuple[float, float, float]  # m, of its box from its origin
    half_extents: tuple[float, float, float]  # m
    semantic_tag: int  # carla.CityObjectLabel.Pedestrians
    walk_mps: float
    run_mps: float
    mass_kg: float


def _speeds(number: int) -> tuple[float, float]:
    if number in _CHILDREN or number in _TEENAGERS:
        return 1.1, 2.0
    return (1.8 if number in _BRISK else 1.7), 4.0


def _definition(number: int) -> tuple[AttributeDef, ...]:
    walk, run = _speeds(number)
    wheelchair = number not in _NO_WHEELCHAIR
    age = "child" if number in _CHILDREN else "teenager" if number in _TEENAGERS else "adult"
    return (
        *base_attributes("pedestrian"),
        # Read by index: 0 stands, 1 walks, 2 runs.
        variation("speed", FLOAT, "0.0", str(walk), str(run)),
        variation("is_invincible", BOOL, "true"),
        variation("use_wheelchair", BOOL, *(("false", "true") if wheelchair else ("false",)), restricted=True),
        constant("gender", STRING, "female" if number in _FEMALE else "male"),
        constant("generation", INT, "1" if number <= 14 else "2" if number <= 49 else "3"),
        constant("age", STRING, age),
        constant("can_use_wheelchair", BOOL, "true" if wheelchair else "false"),
    )


def walker_definitions() -> dict[str, tuple[AttributeDef, ...]]:
    """Attributes by id."""
    return {f"walker.pedestrian.{number:04d}": _definition(number) for number in range(1, _COUNT + 1)}


_ON_FOOT: Final = (0.0, 0.0, 0.0)
# CARLA's own box of a wheelchair is not published: this is that of a common chair (ISO 7176-5 allows 0.70 x 1.20 m)
# with a grown-up in it, the origin over the rear axle.
_CHAIR_CENTER: Final = (0.125, 0.0, 0.0)
_CHAIR_HALF: Final = (0.475, 0.335, 0.765)
_CHAIR_KG: Final = 18.0


def in_wheelchair(attributes: Mapping[str, str]) -> bool:
    """Whether a walker with these attributes sits in one: who cannot does not, whatever is asked for."""
    return all(attributes.get(name, "").lower() == "true" for name in ("use_wheelchair", "can_use_wheelchair"))


@cache
def walker_spec(blueprint_id: str, *, seated: bool = False) -> WalkerSpec:
    """KeyError for an id that is no walker."""
    digits = blueprint_id.removeprefix("walker.pedestrian.")
    if not (len(digits) == 4 and digits.isdecimal() and 1 <= int(digits) <= _COUNT):
        raise KeyError(blueprint_id)
    number = int(digits)
    walk, run = _speeds(number)
    if seated:
        return WalkerSpec(_CHAIR_CENTER, _CHAIR_HALF, 12, walk, run, 75.0 + _CHAIR_KG)
    if number in _SMALL_CHILDREN:
        return WalkerSpec(_ON_FOOT, (0.25, 0.25, 0.55), 12, walk, run, 25.0)
    if number in _CHILDREN:
        return WalkerSpec(_ON_FOOT, (0.1875, 0.1875, 0.65), 12, walk, run, 35.0)
    return WalkerSpec(_ON_FOOT, (0.1875, 0.1875, 0.93), 12, walk, run, 75.0)
