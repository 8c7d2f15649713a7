"""Which model each vehicle of the catalogue has."""

from typing import Final

from simulator.blueprints import vehicle_spec
from simulator.scene.mesh import MeshBuilder, Point
from simulator.scene.models.cars import (
    STYLES,
    Hull,
    add_beacons,
    add_doors,
    add_roof_sign,
    add_stripe,
    far_car,
    near_car,
)
from simulator.scene.models.model import Model, assembled, joints
from simulator.scene.models.palette import (
    BEACON_BLUE,
    BEACON_RED,
    BLACK_PAINT,
    BLUE_PAINT,
    RED_PAINT,
    WHITE_PAINT,
)
from simulator.scene.models.trucks import OUTLINES, Lorry
from simulator.scene.models.two_wheelers import is_two_wheeler, two_wheeler_model
from simulator.scene.models.wheels import MARGIN_M, Box, box_of, four_wheels, wheel_joint

# Style, and the width of the body without mirrors (metres, of the real model, and no more than the box).
_CARS: Final = {
    "audi.a2": ("hatchback", 1.67),
    "audi.etron": ("suv", 1.93),
    "audi.tt": ("coupe", 1.83),
    "bmw.grandtourer": ("tourer", 1.80),
    "chevrolet.impala": ("saloon", 1.85),
    "citroen.c3": ("hatchback", 1.73),
    "dodge.charger_2020": ("coupe", 1.87),
    "dodge.charger_police": ("saloon", 1.90),
    "dodge.charger_police_2020": ("saloon", 1.90),
    "ford.ambulance": ("van", 2.08),
    "ford.crown": ("old saloon", 1.78),
    "ford.mustang": ("roadster", 1.73),
    "jeep.wrangler_rubicon": ("jeep", 1.87),
    "lincoln.mkz_2017": ("saloon", 1.86),
    "lincoln.mkz_2020": ("saloon", 1.82),
    "mercedes.coupe": ("coupe", 1.79),
    "mercedes.coupe_2020": ("coupe", 1.79),
    "mercedes.sprinter": ("van", 1.96),
    "micro.microlino": ("microcar", 1.46),
    "mini.cooper_s": ("mini", 1.69),
    "mini.cooper_s_2021": ("mini", 1.80),
    "nissan.micra": ("hatchback", 1.67),
    "nissan.patrol": ("suv", 1.84),
    "nissan.patrol_2021": ("suv", 2.00),
    "seat.leon": ("hatchback", 1.74),
    "tesla.cybertruck": ("wedge", 2.03),
    "tesla.model3": ("coupe", 1.85),
    "toyota.prius": ("tourer", 1.75),
    "volkswagen.t2": ("bus van", 1.74),
    "volkswagen.t2_2021": ("bus van", 1.74),
}
_WITH_BEACONS: Final = {
    "dodge.charger_police": BEACON_RED,
    "dodge.charger_police_2020": BEACON_RED,
    "ford.ambulance": BEACON_BLUE,
}
_WITH_ROOF_SIGN: Final = frozenset({"ford.crown"})
_CROWN_M: Final = 0.13  # height of beacons and of a taxi's sign
_TYRE_WIDTH_M: Final = 0.21
_LORRY_TYRE_WIDTH_M: Final = 0.30


def vehicle_model(name: str, driver: int, center: Point, half: Point) -> Model:
    """Of `vehicle.<name>`, in a box of its own size."""
    if is_two_wheeler(name):
        return two_wheeler_model(name, driver, center, half)
    box = box_of(center, half)
    return _lorry(name, box) if name in OUTLINES else car_model(name, box)


def _lorry(name: str, box: Box) -> Model:
    outline = OUTLINES[name]
    wheels = four_wheels(vehicle_spec(f"vehicle.{name}"), box, 0.5 * outline.body_width_m, _LORRY_TYRE_WIDTH_M)
    lorry = Lorry(outline, box, wheels)
    near, far = MeshBuilder(), MeshBuilder()
    lorry.near(near)
    lorry.far(far)
    return assembled(near.build(), far.build(), joints(*(wheel_joint(wheel, box) for wheel in wheels)))


def car_model(name: str, box: Box) -> Model:
    style, width = _CARS[name]
    half_width = 0.5 * min(width, box.width - 2.0 * MARGIN_M)
    wheels = four_wheels(vehicle_spec(f"vehicle.{name}"), box, half_width, _TYRE_WIDTH_M)
    crowned = name in _WITH_BEACONS or name in _WITH_ROOF_SIGN
    hull = Hull(STYLES[style], box, half_width, wheels, _CROWN_M if crowned else MARGIN_M)
    near, far = MeshBuilder(), MeshBuilder()
    near_car(near, hull, wheels)
    far_car(far, hull, wheels)
    for mesh in (near, far):
        if name in _WITH_BEACONS:
            add_beacons(mesh, hull, _WITH_BEACONS[name], BEACON_BLUE)
        if name in _WITH_ROOF_SIGN:
            add_roof_sign(mesh, hull)
    _markings(near, hull, name)
    bones = [wheel_joint(wheel, box) for wheel in wheels]
    doors = None
    if vehicle_spec(f"vehicle.{name}").doors:
        panels = MeshBuilder()
        bones += add_doors(panels, hull, first_bone=1 + len(bones))
        doors = panels.build()
    return assembled(near.build(), far.build(), joints(*bones), doors)


def _markings(mesh: MeshBuilder, hull: Hull, name: str) -> None:
    if name.startswith("dodge.charger_police"):
        add_stripe(mesh, hull, WHITE_PAINT, 0.05, 0.95)
        add_stripe(mesh, hull, BLUE_PAINT, 0.30, 0.60, out=0.008)
    elif name == "ford.ambulance":
        add_stripe(mesh, hull, RED_PAINT, 0.15, 0.60)
    elif name == "ford.crown":
        add_stripe(mesh, hull, BLACK_PAINT, 0.40, 0.70)
