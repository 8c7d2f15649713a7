"""Which model each prop of the catalogue has, stretched to fill its box."""

from collections.abc import Callable
from typing import Final

from simulator.scene.materials import Colour, linear
from simulator.scene.mesh import MeshBuilder, Point, fitted
from simulator.scene.models import garden_props as garden
from simulator.scene.models import street_props as street
from simulator.scene.models.model import Model, assembled, joints
from simulator.scene.models.vehicles import car_model
from simulator.scene.models.wheels import box_of
from simulator.scene.tables import Mesh

Maker = Callable[[MeshBuilder, float, float, float], None]

_MAKERS: Final[dict[Maker, str]] = {
    street.advertisement: "advertisement",
    street.barrier: "streetbarrier",
    street.bench: "bench01 bench02 bench03",
    street.bin_: "bin trashcan02",
    street.board: "calibrator",
    street.cash_machine: "atm",
    street.chain_barrier: "chainbarrier",
    street.cloth_container: "clothcontainer",
    street.cone: "constructioncone trafficcone01",
    street.container: "container",
    street.delineator: "trafficcone02",
    street.drinking_fountain: "streetfountain",
    street.fountain: "fountain",
    street.glass_container: "glasscontainer",
    street.kiosk: "kiosk_01",
    street.machine: "vendingmachine",
    street.mailbox: "mailbox",
    street.map_table: "maptable",
    street.post: "chainbarrierend",
    street.shelter: "busstop busstoplb",
    street.square_bin: "trashcan01 trashcan03 trashcan04 trashcan05",
    street.street_sign: "streetsign streetsign01 streetsign04",
    street.warning_sign: "warningaccident warningconstruction",
    street.warning_trailer: "trafficwarning",
    garden.bag: "trashbag",
    garden.barbecue: "barbeque",
    garden.barrel: "barrel",
    garden.broad_tree: "aporosatree",
    garden.can: "colacan",
    garden.carton: "box01 box02 box03",
    garden.case: "briefcase purse",
    garden.clothes_line: "clothesline",
    garden.cypress: "cypresstree",
    garden.dog_house: "doghouse",
    garden.flat_carton: "creasedbox01 creasedbox02 creasedbox03",
    garden.food_cart: "foodcart",
    garden.garden_lamp: "gardenlamp",
    garden.gnome: "gnome",
    garden.guitar_case: "guitarcase",
    garden.hay_bale: "haybale haybalelb",
    garden.heap: "dirtdebris01 dirtdebris02 dirtdebris03",
    garden.helmet: "bike_helmet motorhelmet",
    garden.litter: "garbage01 garbage02 garbage03 garbage04 garbage05 garbage06",
    garden.palm: "coconutpalm",
    garden.parasol_table: "plastictable",
    garden.pergola: "pergola",
    garden.phone: "mobile",
    garden.picnic_table: "table",
    garden.plant_pot: "plantpot01 plantpot02 plantpot03 plantpot04 plantpot05 plantpot06 plantpot07 plantpot08",
    garden.plastic_chair: "plasticchair",
    garden.rubbish: "platformgarbage01",
    garden.shopping_cart: "shoppingcart",
    garden.slab: "brokentile01 brokentile02 brokentile03 brokentile04",
    garden.slide: "slide",
    garden.steel_plate: "ironplank",
    garden.suitcase: "travelcase",
    garden.swing: "swing",
    garden.swing_couch: "swingcouch",
    garden.trampoline: "trampoline",
    garden.trolley_bag: "shoppingtrolley",
    garden.watering_can: "wateringcan",
    garden.white_bag: "plasticbag shoppingbag",
}
# One name of the catalogue has a blank in it.
_BY_NAME: Final = {
    name.replace("_helmet", " helmet"): maker for maker, names in _MAKERS.items() for name in names.split()
}

# static.prop.mesh, by the mesh's own name: what it is a model of, and its paint (sRGB; CARLA's own is not public).
_PARKED_CARS: Final = {
    "SM_LincolnParked": ("lincoln.mkz_2017", (60, 62, 66)),
    "SM_ChargerParked": ("dodge.charger_2020", (150, 20, 20)),
    "SM_VolkswagenT2_2021_Parked": ("volkswagen.t2_2021", (180, 160, 120)),
    "SM_FordCrown_parked": ("ford.crown", (250, 190, 20)),
    "SM_NissanPatrol2021_parked": ("nissan.patrol_2021", (255, 255, 255)),
    "SM_MercedesCCC_Parked": ("mercedes.coupe_2020", (137, 140, 144)),
    "SM_TeslaM3_parked": ("tesla.model3", (20, 45, 110)),
    "SM_Mini2021_parked": ("mini.cooper_s_2021", (38, 72, 48)),
}
_MESHES: Final[dict[str, Maker]] = {
    "SM_PlasticTable": garden.parasol_table,
    "SM_PlasticChair": garden.plastic_chair,
    "SM_ConstructionCone": street.cone,
}
# Up to here the near mesh serves from afar, too.
_SIMPLE_TRIANGLES: Final = 120


def prop_model(name: str, mesh_path: str, center: Point, half: Point) -> Model:
    """Of `static.prop.<name>`; every prop of the catalogue has a maker, and a mesh that is not known is a box."""
    if name != "mesh":
        return _made(_BY_NAME[name], center, half)
    parked = _PARKED_CARS.get(_mesh_name(mesh_path))
    if parked is not None:
        return car_model(parked[0], box_of(center, half))
    return _made(_MESHES.get(_mesh_name(mesh_path), garden.crate), center, half)


def parked_tint(mesh_path: str) -> Colour:
    """Linear colour of a parked car's paint; white for what has its colours in its materials."""
    parked = _PARKED_CARS.get(_mesh_name(mesh_path))
    return (1.0, 1.0, 1.0) if parked is None else linear(*parked[1])


def _mesh_name(mesh_path: str) -> str:
    """The last part: "SM_X" of "/Game/Carla/Static/SM_X.SM_X"."""
    return mesh_path.rsplit("/", 1)[-1].split(".", 1)[0]


def _made(maker: Maker, center: Point, half: Point) -> Model:
    near = _mesh(MeshBuilder(), maker, center, half)
    if len(near.triangles) <= _SIMPLE_TRIANGLES:
        return assembled(near, None, joints())
    return assembled(near, _mesh(MeshBuilder(coarse=True), maker, center, half), joints())


def _mesh(builder: MeshBuilder, maker: Maker, center: Point, half: Point) -> Mesh:
    maker(builder, 2.0 * half[0], 2.0 * half[1], 2.0 * half[2])
    low = (center[0] - half[0], center[1] - half[1], center[2] - half[2])
    high = (center[0] + half[0], center[1] + half[1], center[2] + half[2])
    return fitted(builder.build(), low, high)
