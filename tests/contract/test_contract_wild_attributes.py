"""Values that no sensor is made for: refused in a sentence or read somehow, and the simulator goes on."""

import re

import carla
import pytest

from simulator.sensors import SENSORS
from tests.contract.support import Bench

WILD = ("-1", "1e9", "99999999999999999999", "1e-9")
SMALL = {"image_size_x": "16", "image_size_y": "16"}


@pytest.mark.embedded
@pytest.mark.parametrize("type_id", [name for name, kind in SENSORS.items() if kind.supported])
def test_wild_values_are_refused_or_read(bench: Bench, type_id: str) -> None:
    car = bench.car()
    template = bench.blueprint(type_id)
    small = {name: value for name, value in SMALL.items() if template.has_attribute(name)}
    made = refused = 0
    for attribute in template:
        if not attribute.is_modifiable or attribute.type not in (
            carla.ActorAttributeType.Int,
            carla.ActorAttributeType.Float,
        ):
            continue
        for value in WILD:
            blueprint = bench.blueprint(type_id, **(small | {attribute.id: value}))
            try:
                sensor = bench.world.spawn_actor(blueprint, carla.Transform(carla.Location(z=2.0)), car)
            except RuntimeError as error:
                assert re.search(rf"{re.escape(type_id)}: {attribute.id}\b.*must be", str(error)), error  # noqa: PT017
                refused += 1
                continue
            sensor.listen(lambda _: None)
            bench.tick(2)
            sensor.destroy()
            made += 1
    assert made + refused > 0 or type_id.endswith(("collision", "lane_invasion"))
    assert bench.world.get_snapshot().find(car.id)
