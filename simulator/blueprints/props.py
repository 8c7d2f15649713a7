"""The 98 props of CARLA 0.9.16, its meshes, trigger and helper actors.

Sizes were measured on a 0.9.16 server and published with Scenic's CARLA library; four of them, and the meshes
that the leaderboard parks beside the roads, are a digit more exact, from tables in public driving code. CARLA's
own size classes and masses are not public: the class follows the largest dimension, the mass the volume.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from simulator.blueprints.attributes import FLOAT, STRING, AttributeDef, base_attributes, constant, variation

__all__ = ["PropSpec", "mesh_half_extents", "mesh_spec", "other_definitions", "prop_definitions", "prop_spec"]

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PropSpec:
    half_extents: Vector  # m
    center: Vector  # m, of the box in the prop's frame; its origin is on the ground
    semantic_tag: int  # carla.CityObjectLabel
    mass_kg: float  # 0: fixed to the ground, nothing moves it


# Name (one has a blank in it), then length, width, height in metres.
_SIZES: Final = """
advertisement          1.55 0.29 2.44
aporosatree            12.96 12.58 15.63
atm                    0.71 0.87 2.28
barbeque               0.95 0.50 1.26
barrel                 0.46 0.47 0.81
bench01                1.54 0.74 0.97
bench02                1.56 0.54 0.51
bench03                1.58 0.51 0.51
bike helmet            0.19 0.28 0.17
bin                    0.55 0.64 1.06
box01                  0.65 0.65 0.69
box02                  0.65 0.65 0.65
box03                  0.66 0.67 0.65
briefcase              0.54 0.18 0.43
brokentile01           0.13 0.18 0.01
brokentile02           0.21 0.15 0.01
brokentile03           0.15 0.14 0.01
brokentile04           0.13 0.13 0.01
busstop                3.88 1.89 2.74
busstoplb              1.89 3.88 2.74
calibrator             1.55 0.69 0.20
chainbarrier           1.49 0.24 0.89
chainbarrierend        0.24 0.24 0.89
clothcontainer         1.24 1.89 1.81
clothesline            6.65 1.12 2.06
coconutpalm            8.60 8.89 20.31
colacan                0.07 0.07 0.11
constructioncone       0.344 0.344 0.586
container              1.93 1.01 1.71
creasedbox01           0.81 0.71 0.12
creasedbox02           1.63 0.71 0.21
creasedbox03           1.67 0.71 0.02
cypresstree            4.61 4.63 15.68
dirtdebris01           1.86 1.51 0.15
dirtdebris02           1.86 1.51 0.15
dirtdebris03           1.86 1.51 0.19
doghouse               1.08 1.27 1.09
foodcart               2.28 4.64 3.57
fountain               8.40 8.40 6.92
garbage01              0.05 0.05 0.09
garbage02              0.05 0.05 0.01
garbage03              0.06 0.06 0.08
garbage04              0.06 0.06 0.07
garbage05              0.23 0.23 0.06
garbage06              0.37 0.21 0.08
gardenlamp             0.30 0.28 0.65
glasscontainer         1.95 2.01 1.79
gnome                  0.37 0.38 0.88
guitarcase             1.24 0.13 0.49
haybale                1.25 1.19 1.19
haybalelb              1.25 1.19 1.19
ironplank              1.45 1.17 0.02
kiosk_01               1.63 1.65 3.25
mailbox                0.53 0.44 1.16
maptable               1.57 0.62 1.18
mobile                 0.08 0.01 0.17
motorhelmet            0.20 0.26 0.26
pergola                5.03 5.09 3.54
plantpot01             1.09 0.48 0.56
plantpot02             1.05 0.43 0.49
plantpot03             1.05 0.43 0.49
plantpot04             4.97 0.74 0.12
plantpot05             0.40 0.40 0.28
plantpot06             1.59 1.59 0.85
plantpot07             0.49 0.48 0.56
plantpot08             0.53 0.53 0.49
plasticbag             0.31 0.40 0.55
plasticchair           0.730 0.750 1.272
plastictable           2.482 2.482 2.480
platformgarbage01      3.63 1.71 0.33
purse                  0.16 0.33 0.59
shoppingbag            0.47 0.24 0.60
shoppingcart           0.67 1.21 1.08
shoppingtrolley        0.51 0.33 1.09
slide                  0.94 4.12 1.98
streetbarrier          1.21 0.37 1.07
streetfountain         0.29 0.67 1.26
streetsign             1.06 0.13 2.15
streetsign01           2.47 0.30 3.88
streetsign04           1.17 0.12 2.77
swing                  4.11 1.58 2.57
swingcouch             1.36 2.36 2.25
table                  2.16 2.15 0.85
trafficcone01          0.88 0.88 1.13
trafficcone02          0.46 0.39 1.18
trafficwarning         2.374 2.870 3.57
trampoline             4.13 4.13 2.80
trashbag               0.38 0.43 0.70
trashcan01             0.64 0.57 0.85
trashcan02             0.52 0.51 1.05
trashcan03             0.63 0.55 0.93
trashcan04             0.79 0.58 1.02
trashcan05             0.79 0.58 1.02
travelcase             0.57 0.33 1.26
vendingmachine         0.87 1.10 2.11
warningaccident        1.31 1.06 1.86
warningconstruction    1.31 1.06 1.86
wateringcan            0.07 0.19 0.13
"""

_TREES: Final = frozenset({"aporosatree", "coconutpalm", "cypresstree"})
_FIXED: Final = _TREES | {
    "advertisement", "atm", "bench01", "bench02", "bench03", "busstop", "busstoplb", "fountain", "kiosk_01", "mailbox",
    "pergola", "slide", "streetfountain", "streetsign", "streetsign01", "streetsign04", "swing",
}  # fmt: skip

# carla.CityObjectLabel
_VEGETATION: Final = 9
_CAR: Final = 14
_STATIC: Final = 20
_DYNAMIC: Final = 21

_DENSITY: Final = 100.0  # kg per cubic metre of box: boxes of street furniture are mostly air

# Half extents by the mesh's own name, the last part of its path.
_MESHES: Final = {
    "SM_LincolnParked": (2.446, 1.115, 0.761),
    "SM_ChargerParked": (2.504, 1.049, 0.767),
    "SM_VolkswagenT2_2021_Parked": (2.221, 0.939, 0.994),
    "SM_FordCrown_parked": (2.683, 0.973, 0.787),
    "SM_NissanPatrol2021_parked": (2.783, 1.218, 1.023),
    "SM_MercedesCCC_Parked": (2.337, 1.001, 0.726),
    "SM_TeslaM3_parked": (2.396, 1.082, 0.744),
    "SM_Mini2021_parked": (2.276, 1.093, 0.884),
    "SM_PlasticTable": (1.241, 1.241, 1.240),
    "SM_PlasticChair": (0.365, 0.375, 0.636),
    "SM_ConstructionCone": (0.172, 0.172, 0.293),
}


@cache
def _sizes() -> dict[str, Vector]:
    table = {}
    for line in _SIZES.strip().splitlines():
        name, length, width, height = line.rsplit(maxsplit=3)
        table[name] = (float(length), float(width), float(height))
    return table


def _size_class(size: Vector) -> str:
    for name, limit_m in (("tiny", 0.3), ("small", 0.8), ("medium", 2.0), ("big", 5.0)):
        if max(size) <= limit_m:
            return name
    return "huge"


def prop_definitions() -> dict[str, tuple[AttributeDef, ...]]:
    """Attributes by id."""
    head = base_attributes("prop")
    return {
        f"static.prop.{name}": (*head, constant("size", STRING, _size_class(size))) for name, size in _sizes().items()
    }


def other_definitions() -> dict[str, tuple[AttributeDef, ...]]:
    """Attributes by id of what is neither vehicle, walker, sized prop nor sensor."""
    return {
        "static.prop.mesh": (
            *base_attributes("prop"),
            variation("mesh_path", STRING, ""),
            variation("mass", FLOAT, ""),
            variation("scale", FLOAT, "1.0f"),
        ),
        "static.trigger.friction": (
            *base_attributes(),
            variation("friction", FLOAT, "3.5f"),
            # Half sizes, in centimetres.
            variation("extent_x", FLOAT, "1.0f"),
            variation("extent_y", FLOAT, "1.0f"),
            variation("extent_z", FLOAT, "1.0f"),
        ),
        "util.actor.empty": base_attributes(),
        "controller.ai.walker": base_attributes(),
    }


@cache
def prop_spec(blueprint_id: str) -> PropSpec:
    """KeyError for an id that is no prop with a size (static.prop.mesh has none: see mesh_spec)."""
    name = blueprint_id.removeprefix("static.prop.")
    length, width, height = _sizes()[name]
    tag = _VEGETATION if name in _TREES else _STATIC if name in _FIXED else _DYNAMIC
    return _spec((0.5 * length, 0.5 * width, 0.5 * height), tag, fixed=name in _FIXED)


def _spec(half: Vector, tag: int, fixed: bool) -> PropSpec:
    mass_kg = 0.0 if fixed else max(0.1, round(_DENSITY * 8.0 * half[0] * half[1] * half[2], 1))
    return PropSpec(half_extents=half, center=(0.0, 0.0, half[2]), semantic_tag=tag, mass_kg=mass_kg)


def mesh_half_extents(mesh_path: str, scale: float = 1.0) -> Vector | None:
    """Of static.prop.mesh, by its mesh_path ("/Game/.../SM_X.SM_X"); None for a mesh whose size nobody published."""
    half = _MESHES.get(mesh_path.rsplit("/", 1)[-1].split(".", 1)[0])
    if half is None:
        return None
    return half[0] * scale, half[1] * scale, half[2] * scale


def mesh_spec(mesh_path: str, scale: float = 1.0) -> PropSpec | None:
    """The same with the label that its folder tells: cars are cars. None for an unknown mesh."""
    half = mesh_half_extents(mesh_path, scale)
    if half is None:
        return None
    tag = _CAR if "/Car/" in mesh_path else _DYNAMIC if "/Dynamic/" in mesh_path else _STATIC
    return _spec(half, tag, fixed=False)
