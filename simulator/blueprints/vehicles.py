"""The 41 vehicles of CARLA 0.9.16: what the catalogue says of them, their boxes, and how they drive.

Boxes were measured on a 0.9.16 server and published with Scenic's CARLA library; types, generations and doors
are from CARLA's own catalogue page. has_lights differs from that page on purpose: published leaderboard runs
drive generation-1 cars in traffic that is filtered by has_lights, so those cars have them.
Masses are rounded kerb weights of the real models (two-wheelers with a rider), as CARLA's own are not public,
but for lincoln.mkz_2017.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from simulator.blueprints.attributes import (
    BOOL,
    COLOR,
    INT,
    STRING,
    AttributeDef,
    base_attributes,
    constant,
    variation,
)
from simulator.blueprints.engines import CLASSES, MKZ_2017, MKZ_2020, derive
from simulator.blueprints.physics import VehiclePhysics

__all__ = ["VehicleSpec", "vehicle_definitions", "vehicle_spec"]

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class VehicleSpec:
    half_extents: Vector  # m
    center: Vector  # m, of the box in the vehicle's frame; its origin is on the ground
    physics: VehiclePhysics
    doors: bool
    has_lights: bool
    base_type: str
    special_type: str
    semantic_tag: int  # carla.CityObjectLabel
    wheels: int
    category: str  # key of engines.CLASSES


class _Model(NamedTuple):
    category: str
    base_type: str
    special_type: str
    generation: int
    lights: bool
    doors: bool
    size: Vector  # full length, width, height, m
    center: Vector
    mass_kg: float
    paint: str  # key of _PAINTS


_PAINTS: Final = {
    "cars": (
        "255,255,255", "10,10,10", "137,140,144", "60,62,66", "150,20,20", "20,45,110", "38,72,48", "180,160,120",
    ),
    "police": ("255,255,255", "10,10,10"),
    "taxi": ("250,190,20", "255,255,255"),
    "red": ("170,15,15",),
    "rescue": ("255,255,255", "250,190,20"),
    "steel": ("160,162,165",),
    "bikes": ("10,10,10", "170,15,15", "20,45,110", "38,72,48"),
}  # fmt: skip

# Order as in CARLA's docs. Columns: id without "vehicle.", class (of engines.CLASSES), base type, special type,
# generation, L = lights and D = doors that open, length width height, centre of the box x y z (m), mass (kg), paint.
_TABLE: Final = """
audi.a2                   small_car    car        -         1 --  3.705  1.789  1.549  0.000  0.000  0.782   990 cars
audi.etron                electric_car car        electric  1 L-  4.856  2.033  1.649 -0.004  0.000  0.821  2490 cars
audi.tt                   sports_car   car        -         1 L-  4.181  1.994  1.385  0.000  0.000  0.693  1335 cars
bmw.grandtourer           car          car        -         1 --  4.611  2.242  1.667  0.000  0.000  0.765  1500 cars
chevrolet.impala          car          car        -         1 L-  5.357  2.033  1.411  0.000  0.000  0.701  1690 cars
citroen.c3                small_car    car        -         1 --  3.988  1.851  1.617  0.000  0.000  0.762  1075 cars
dodge.charger_2020        sports_car   car        -         2 LD  5.008  1.882  1.535 -0.005  0.000  0.766  1820 cars
dodge.charger_police      sports_car   car        emergency 1 L-  4.974  2.038  1.542  0.024  0.000  0.793  1850 police
dodge.charger_police_2020 sports_car   car        emergency 2 LD  5.238  1.930  1.638  0.109  0.000  0.817  1900 police
ford.crown                car          car        taxi      2 LD  5.366  1.801  1.575  0.185  0.000  0.768  1880 taxi
ford.mustang              sports_car   car        -         1 L-  4.718  1.895  1.301  0.032  0.000  0.650  1400 cars
jeep.wrangler_rubicon     suv          car        -         1 --  3.866  1.905  1.878  0.000  0.000  0.932  1830 cars
lincoln.mkz_2017          car          car        -         1 L-  4.902  2.128  1.511  0.004  0.000  0.719  1696 cars
lincoln.mkz_2020          car          car        -         2 LD  4.892  1.837  1.490 -0.006  0.000  0.749  1757 cars
mercedes.coupe            car          car        -         1 --  5.027  2.152  1.651  0.000  0.000  0.667  1650 cars
mercedes.coupe_2020       sports_car   car        -         2 LD  4.674  1.812  1.442 -0.003  0.000  0.720  1650 cars
micro.microlino           microcar     car        electric  1 --  2.207  1.481  1.376  0.000  0.000  0.677   513 cars
mini.cooper_s             small_car    car        -         1 --  3.806  1.970  1.475  0.000  0.000  0.693  1150 cars
mini.cooper_s_2021        small_car    car        -         2 LD  4.553  2.097  1.767 -0.031  0.000  0.891  1365 cars
nissan.micra              small_car    car        -         1 --  3.633  1.845  1.501  0.000  0.000  0.781   940 cars
nissan.patrol             suv          car        -         1 --  4.605  1.932  1.855 -0.057  0.000  0.935  2200 cars
nissan.patrol_2021        suv          car        -         2 LD  5.566  2.150  2.045  0.028  0.000  1.017  2750 cars
seat.leon                 small_car    car        -         1 --  4.193  1.816  1.474  0.000  0.000  0.740  1230 cars
tesla.model3              electric_car car        electric  1 L-  4.792  2.163  1.488  0.029  0.000  0.736  1845 cars
toyota.prius              car          car        electric  1 --  4.514  2.007  1.525  0.002  0.000  0.724  1380 cars
carlamotors.carlacola     truck        truck      -         1 --  5.204  2.627  2.467  0.000  0.000  1.234  3500 red
carlamotors.european_hgv  truck        truck      -         2 --  7.936  2.891  3.462  0.013  0.000  1.731  8000 cars
carlamotors.firetruck     truck        truck      emergency 2 LD  8.468  2.891  3.827 -0.253  0.000  1.913 12000 red
tesla.cybertruck          pickup       truck      electric  2 --  6.274  2.390  2.098  0.000  0.000  1.049  3000 steel
ford.ambulance            van          van        emergency 2 LD  6.366  2.351  2.431 -0.289  0.000  1.216  4500 rescue
mercedes.sprinter         van          van        -         2 LD  5.915  1.988  2.561 -0.011  0.000  1.288  2300 cars
volkswagen.t2             van          van        -         1 --  4.480  2.069  2.038  0.001  0.000  1.014  1300 cars
volkswagen.t2_2021        van          van        -         2 LD  4.442  1.775  1.987  0.117  0.000  0.991  1300 cars
mitsubishi.fusorosa       bus          bus        -         2 L- 10.273  3.944  4.253 -0.445 -0.121  2.127  7000 cars
harley-davidson.low_rider motorcycle   motorcycle -         1 --  2.350  0.766  1.649  0.000  0.000  0.825   380 cars
kawasaki.ninja            motorcycle   motorcycle -         1 --  2.044  0.797  1.523  0.000  0.000  0.769   275 cars
vespa.zx125               scooter      motorcycle -         1 --  1.817  0.866  1.590  0.010  0.000  0.795   190 cars
yamaha.yzf                motorcycle   motorcycle -         1 --  2.191  0.866  1.530  0.000  0.000  0.775   265 cars
bh.crossbike              bicycle      bicycle    -         1 --  1.509  0.866  1.612  0.000  0.000  0.808    90 bikes
diamondback.century       bicycle      bicycle    -         1 --  1.656  0.582  1.620  0.000  0.000  0.816    85 bikes
gazelle.omafiets          bicycle      bicycle    -         1 --  1.843  0.659  1.776 -0.010  0.000  0.895    95 bikes
"""


def _model(line: str) -> tuple[str, _Model]:
    name, category, base_type, special_type, generation, flags, *numbers, mass_kg, paint = line.split()
    length, width, height, x, y, z = map(float, numbers)
    return name, _Model(
        category=category.replace("_", " "),
        base_type=base_type,
        special_type="" if special_type == "-" else special_type,
        generation=int(generation),
        lights="L" in flags,
        doors="D" in flags,
        size=(length, width, height),
        center=(x, y, z),
        mass_kg=float(mass_kg),
        paint=paint,
    )


_MODELS: Final = dict(map(_model, _TABLE.strip().splitlines()))

# carla.CityObjectLabel by base type; passenger vans are filed with the cars in CARLA's content, the ambulance
# (on a truck's chassis) with the trucks.
_SEMANTIC_TAGS: Final = {"car": 14, "truck": 15, "van": 14, "bus": 16, "motorcycle": 18, "bicycle": 19}
_RIDERS: Final = ("1", "2", "3", "4", "5")


def _text(flag: bool) -> str:
    return "true" if flag else "false"


def _definition(model: _Model) -> tuple[AttributeDef, ...]:
    wheels = CLASSES[model.category].wheels
    rider = (variation("driver_id", INT, *_RIDERS, restricted=True),) if wheels == 2 else ()
    return (
        *base_attributes("autopilot", "scenario", "ego_vehicle"),
        variation("color", COLOR, *_PAINTS[model.paint]),
        *rider,
        variation("sticky_control", BOOL, "true"),
        variation("terramechanics", BOOL, "false"),
        constant("object_type", STRING, ""),
        constant("base_type", STRING, model.base_type),
        constant("special_type", STRING, model.special_type),
        constant("number_of_wheels", INT, str(wheels)),
        constant("generation", INT, str(model.generation)),
        constant("has_dynamic_doors", BOOL, _text(model.doors)),
        constant("has_lights", BOOL, _text(model.lights)),
    )


def vehicle_definitions() -> dict[str, tuple[AttributeDef, ...]]:
    """Attributes by id."""
    return {f"vehicle.{name}": _definition(model) for name, model in _MODELS.items()}


@cache
def vehicle_spec(blueprint_id: str) -> VehicleSpec:
    """KeyError for an id that is no vehicle."""
    name = blueprint_id.removeprefix("vehicle.")
    model = _MODELS[name]
    length, width, height = model.size
    return VehicleSpec(
        half_extents=(0.5 * length, 0.5 * width, 0.5 * height),
        center=model.center,
        physics=_physics(name, model),
        doors=model.doors,
        has_lights=model.lights,
        base_type=model.base_type,
        special_type=model.special_type,
        semantic_tag=15 if name == "ford.ambulance" else _SEMANTIC_TAGS[model.base_type],
        wheels=CLASSES[model.category].wheels,
        category=model.category,
    )


def _physics(name: str, model: _Model) -> VehiclePhysics:
    if name == "lincoln.mkz_2020":
        return MKZ_2020
    if name == "lincoln.mkz_2017":
        return MKZ_2017
    return derive(CLASSES[model.category], model.mass_kg, model.size[0], model.size[1])
