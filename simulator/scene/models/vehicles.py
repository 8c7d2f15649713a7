"""Which model each vehicle of the catalogue has."""

from typing import Final

from simulator.blueprints import vehicle_spec
from simulator.scene.mesh import MeshBuilder, Point
from simulator.scene.models.cars import STYLES, Hull, far_car, near_car
from simulator.scene.models.model import Model, joints
from simulator.scene.models.wheels import box_of, four_wheels, wheel_joint

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
    "ford.crown": ("old saloon", 1.78),
    "ford.mustang": ("roadster", 1.73),
    "jeep.wrangler_rubicon": ("jeep", 1.87),
    "lincoln.mkz_2017": ("saloon", 1.86),
    "lincoln.mkz_2020": ("saloon", 1.82),
    "mercedes.coupe": ("coupe", 1.79),
    "mercedes.coupe_2020": ("coupe", 1.79),
    "micro.microlino": ("microcar", 1.46),
    "mini.cooper_s": ("mini", 1.69),
    "mini.cooper_s_2021": ("mini", 1.80),
    "nissan.micra": ("hatchback", 1.67),
    "nissan.patrol": ("suv", 1.84),
    "nissan.patrol_2021": ("suv", 2.00),
    "seat.leon": ("hatchback", 1.74),
    "tesla.model3": ("coupe", 1.85),
    "toyota.prius": ("tourer", 1.75),
}
_TYRE_WIDTH_M: Final = 0.21


def vehicle_model(name: str, center: Point, half: Point) -> Model:
    """Of `vehicle.<name>`, in a box of its own size."""
    style, width = _CARS.get(name, ("van", 2.0 * half[1] - 0.1))
    box = box_of(center, half)
    wheels = four_wheels(vehicle_spec(f"vehicle.{name}"), box, 0.5 * width, _TYRE_WIDTH_M)
    hull = Hull(STYLES[style], box, 0.5 * width, wheels)
    near, far = MeshBuilder(), MeshBuilder()
    near_car(near, hull, wheels)
    far_car(far, hull, wheels)
    return Model(near.build(), far.build(), joints(*(wheel_joint(wheel, box) for wheel in wheels)))
