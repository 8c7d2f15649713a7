"""The catalogue against what client code selects by, and the physics that hangs on it."""

import fnmatch
import time

import pytest

from simulator.blueprints import (
    MAP_ACTORS,
    Blueprint,
    catalogue,
    mesh_half_extents,
    mesh_spec,
    number,
    prop_spec,
    validate_attributes,
    vehicle_spec,
    walker_spec,
)
from simulator.blueprints.attributes import BOOL, COLOR, FLOAT, INT, STRING
from simulator.blueprints.catalogue import Catalogue
from simulator.blueprints.engines import CLASSES, MKZ_2020


def find(blueprint_id: str) -> Blueprint:
    blueprint = catalogue().find(blueprint_id)
    assert blueprint is not None, blueprint_id
    return blueprint


def matching(pattern: str) -> list[Blueprint]:
    """As the client filters: the pattern on the id, or on any tag."""
    return [
        blueprint
        for blueprint in catalogue().blueprints
        if any(fnmatch.fnmatchcase(text, pattern) for text in (blueprint.id, *blueprint.tags.split(",")))
    ]


def vehicles_with(**wanted: str) -> set[str]:
    return {
        blueprint.id
        for blueprint in matching("vehicle.*")
        if all(blueprint.attribute(name).default == value for name, value in wanted.items())
    }


def test_counts_and_uids() -> None:
    assert len(matching("vehicle.*")) == 41
    assert len(matching("walker.*")) == 52
    assert len(matching("static.prop.*")) == 99  # 98 and the mesh
    assert len(matching("sensor.*")) == 19
    uids = [blueprint.uid for blueprint in catalogue().blueprints]
    assert uids == list(range(1, len(uids) + 1))
    assert len({blueprint.id for blueprint in catalogue().blueprints}) == len(uids)
    for blueprint_id in ("static.trigger.friction", "util.actor.empty", "controller.ai.walker", "static.prop.mesh"):
        assert catalogue().find(blueprint_id) is not None
    assert catalogue().find("vehicle.lincoln.mkz2017") is None


def test_it_is_built_once_and_fast() -> None:
    catalogue.cache_clear()
    begin = time.perf_counter()
    first: Catalogue = catalogue()
    assert time.perf_counter() - begin < 0.2  # 2 ms on an idle machine
    assert catalogue() is first


def test_tags_are_the_parts_of_the_id() -> None:
    assert find("vehicle.audi.tt").tags == "vehicle,audi,tt"
    assert [blueprint.id for blueprint in matching("prius")] == ["vehicle.toyota.prius"]
    assert [blueprint.id for blueprint in matching("*constructioncone*")] == ["static.prop.constructioncone"]
    assert find("static.prop.bike helmet").tags == "static,prop,bike helmet"


def test_selections_that_scenarios_make() -> None:
    traffic = vehicles_with(base_type="car", has_lights="true", special_type="")
    assert traffic == {
        "vehicle.audi.tt", "vehicle.chevrolet.impala", "vehicle.dodge.charger_2020", "vehicle.ford.mustang",
        "vehicle.lincoln.mkz_2017", "vehicle.lincoln.mkz_2020", "vehicle.mercedes.coupe_2020",
        "vehicle.mini.cooper_s_2021", "vehicle.nissan.patrol_2021",
    }  # fmt: skip
    assert len(vehicles_with(base_type="bicycle")) == 3
    assert len(vehicles_with(special_type="emergency")) == 4
    assert vehicles_with(has_dynamic_doors="true", base_type="car") >= {"vehicle.ford.crown"}
    assert vehicles_with(base_type="car", generation="2", special_type="")
    assert vehicles_with(number_of_wheels="2") == vehicles_with(base_type="bicycle") | vehicles_with(
        base_type="motorcycle"
    )


def test_a_vehicle_has_carlas_attributes_in_order_and_type() -> None:
    expected = [
        ("role_name", STRING, "autopilot", True), ("ros_name", STRING, "", True), ("ros_frame_id", STRING, "", True),
        ("ros_publish_tf", BOOL, "true", True), ("color", COLOR, "255,255,255", True),
        ("driver_id", INT, "1", True), ("sticky_control", BOOL, "true", True), ("terramechanics", BOOL, "false", True),
        ("object_type", STRING, "", False), ("base_type", STRING, "motorcycle", False),
        ("special_type", STRING, "", False), ("number_of_wheels", INT, "2", False), ("generation", INT, "1", False),
        ("has_dynamic_doors", BOOL, "false", False), ("has_lights", BOOL, "false", False),
    ]  # fmt: skip
    ninja = find("vehicle.kawasaki.ninja")
    assert [(a.id, a.type, a.default, a.modifiable) for a in ninja] == expected
    assert ninja.attribute("driver_id").restricted
    assert not ninja.attribute("color").restricted
    assert "driver_id" not in {attribute.id for attribute in find("vehicle.audi.tt")}


def test_walkers() -> None:
    adult, child = find("walker.pedestrian.0002"), find("walker.pedestrian.0009")
    assert adult.attribute("speed").recommended == ("0.0", "1.7", "4.0")
    assert child.attribute("speed").recommended == ("0.0", "1.1", "2.0")
    assert adult.attribute("speed").type == FLOAT
    assert (adult.attribute("gender").default, child.attribute("gender").default) == ("male", "female")
    assert (adult.attribute("age").default, child.attribute("age").default) == ("adult", "child")
    assert child.attribute("use_wheelchair").recommended == ("false",)
    assert adult.attribute("use_wheelchair").recommended == ("false", "true")
    assert sum(b.attribute("gender").default == "female" for b in matching("walker.*")) == 27
    assert walker_spec("walker.pedestrian.0002").half_extents == (0.1875, 0.1875, 0.93)
    assert walker_spec("walker.pedestrian.0049").half_extents[2] == 0.55
    for wrong in ("walker.pedestrian.0053", "walker.pedestrian.0000", "walker.pedestrian.9", "vehicle.audi.tt"):
        with pytest.raises(KeyError):
            walker_spec(wrong)


def test_sensors() -> None:
    rgb = {attribute.id for attribute in find("sensor.camera.rgb")}
    assert len(rgb) == 4 + 1 + 9 + 31
    assert {"fov", "exposure_mode", "gamma", "chromatic_aberration_offset", "sensor_tick"} <= rgb
    depth = {attribute.id for attribute in find("sensor.camera.depth")}
    assert rgb > depth
    assert "gamma" not in depth
    assert find("sensor.lidar.ray_cast").attribute("channels").type == INT
    assert "noise_stddev" not in {attribute.id for attribute in find("sensor.lidar.ray_cast_semantic")}
    assert "sensor_tick" not in {attribute.id for attribute in find("sensor.other.collision")}
    assert find("sensor.other.imu").attribute("noise_gyro_bias_z").default == "0.0"


def test_every_recommended_value_is_valid() -> None:
    for blueprint in catalogue().blueprints:
        for attribute in blueprint:
            for value in attribute.recommended:
                assert validate_attributes(blueprint, {attribute.id: value})[attribute.id] == value
            if attribute.recommended:
                assert attribute.default == attribute.recommended[0]


def test_validation_completes_with_defaults_and_constants() -> None:
    tt = find("vehicle.audi.tt")
    given = {"role_name": "hero", "color": "1,2,3"}
    attributes = validate_attributes(tt, given)
    assert list(attributes) == [attribute.id for attribute in tt]
    assert attributes["role_name"] == "hero"
    assert attributes["special_type"] == ""
    assert attributes["number_of_wheels"] == "4"
    assert validate_attributes(tt, attributes) == attributes  # the client sends all of them back
    assert given == {"role_name": "hero", "color": "1,2,3"}
    mesh = validate_attributes(find("static.prop.mesh"), {"scale": "0.9", "mesh_path": "/Game/Carla/X.X"})
    assert (mesh["mass"], mesh["scale"]) == ("", "0.9")


def test_values_that_carla_takes_are_taken() -> None:
    """Its server reads numbers with atoi and atof, and holds nobody to the recommended values."""
    lidar = validate_attributes(find("sensor.lidar.ray_cast"), {"channels": "64.0"})
    assert number(lidar["channels"]) == 64.0
    assert [number(text) for text in ("3.5f", "10 m", ".5", "-1e3", "")] == [3.5, 10.0, 0.5, -1000.0, 0.0]
    assert validate_attributes(find("vehicle.kawasaki.ninja"), {"driver_id": "99"})["driver_id"] == "99"


@pytest.mark.parametrize(
    ("blueprint_id", "name", "value", "message"),
    [
        ("vehicle.audi.tt", "colour", "1,2,3", "has no attribute 'colour'"),
        ("vehicle.audi.tt", "color", "1,2", "a colour"),
        ("vehicle.audi.tt", "color", "1,2,256", "a colour"),
        ("vehicle.audi.tt", "sticky_control", "yes", "a bool"),
        ("vehicle.audi.tt", "base_type", "truck", "is always 'car'"),
        ("vehicle.kawasaki.ninja", "driver_id", "first", "an integer"),
        ("sensor.camera.rgb", "fov", "wide", "a number"),
        ("sensor.camera.rgb", "fov", "nan", "a number"),
        ("static.trigger.friction", "friction", "", "a number"),
    ],
)
def test_validation_says_what_is_wrong(blueprint_id: str, name: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        validate_attributes(find(blueprint_id), {name: value})
    text = str(caught.value)
    assert blueprint_id in text
    assert "\n" not in text


def test_boxes() -> None:
    mkz = vehicle_spec("vehicle.lincoln.mkz_2020")
    assert mkz.half_extents == pytest.approx((2.446, 0.9185, 0.745))
    assert mkz.center == (-0.006, 0.0, 0.749)
    assert (mkz.base_type, mkz.special_type, mkz.semantic_tag, mkz.wheels) == ("car", "", 14, 4)
    assert mkz.has_lights
    assert mkz.doors
    assert vehicle_spec("vehicle.mitsubishi.fusorosa").center[1] == -0.121
    for blueprint in matching("vehicle.*"):
        spec = vehicle_spec(blueprint.id)
        assert min(spec.half_extents) > 0.2, "public drivers destroy vehicles with a flat box"
        # The box stands on the ground, to the few centimetres of CARLA's own boxes.
        assert spec.center[2] - spec.half_extents[2] == pytest.approx(0.0, abs=0.2)
        assert blueprint.attribute("has_lights").default == str(spec.has_lights).lower()
    with pytest.raises(KeyError):
        vehicle_spec("vehicle.lincoln.mkz")


def test_props() -> None:
    cone = prop_spec("static.prop.constructioncone")
    assert cone.half_extents == (0.172, 0.172, 0.293)
    assert cone.center == (0.0, 0.0, 0.293)
    assert cone.semantic_tag == 21
    assert 0.0 < cone.mass_kg < 20.0
    assert prop_spec("static.prop.cypresstree").mass_kg == 0.0
    stop, turned = prop_spec("static.prop.busstop"), prop_spec("static.prop.busstoplb")
    assert stop.half_extents[:2] == turned.half_extents[1::-1]
    for blueprint in matching("static.prop.*"):
        if blueprint.id != "static.prop.mesh":
            assert min(prop_spec(blueprint.id).half_extents) > 0.0
    with pytest.raises(KeyError):
        prop_spec("static.prop.mesh")


def test_meshes() -> None:
    parked = "/Game/Carla/Static/Car/4Wheeled/ParkedVehicles/TeslaM3/SM_TeslaM3_parked.SM_TeslaM3_parked"
    assert mesh_half_extents(parked) == (2.396, 1.082, 0.744)
    assert mesh_half_extents(parked, 0.9) == pytest.approx((2.1564, 0.9738, 0.6696))
    spec = mesh_spec(parked, 0.9)
    assert spec is not None
    assert spec.semantic_tag == 14
    assert mesh_half_extents("/Game/Carla/Static/Unknown/SM_Thing.SM_Thing") is None


def test_map_actors_are_no_blueprints() -> None:
    assert MAP_ACTORS["traffic.traffic_light"].semantic_tag == 7
    assert {"traffic.stop", "traffic.yield", "traffic.unknown", "traffic.speed_limit.130"} <= set(MAP_ACTORS)
    assert all(catalogue().find(type_id) is None for type_id in MAP_ACTORS)


def test_physics_of_the_classes_follows_the_reference() -> None:
    assert vehicle_spec("vehicle.lincoln.mkz_2020").physics is MKZ_2020
    mkz_2017 = vehicle_spec("vehicle.lincoln.mkz_2017").physics
    assert (mkz_2017.mass, mkz_2017.center_of_mass, mkz_2017.drag_coefficient) == (1696.0, (0.6, 0.0, -0.3), 0.3)
    assert mkz_2017.wheels[0].tire_friction == 3.5

    def thrust(blueprint_id: str) -> float:
        """Greatest force at the wheels per mass, without the gears, which all share."""
        physics = vehicle_spec(blueprint_id).physics
        return max(nm for _, nm in physics.torque_curve) / physics.mass / physics.wheels[0].radius

    reference = max(nm for _, nm in MKZ_2020.torque_curve) / MKZ_2020.mass / MKZ_2020.wheels[0].radius
    assert thrust("vehicle.carlamotors.firetruck") == pytest.approx(0.4 * reference, rel=1e-3)
    assert thrust("vehicle.toyota.prius") == pytest.approx(reference, rel=1e-3)
    assert thrust("vehicle.ford.mustang") == pytest.approx(1.25 * reference, rel=1e-3)


@pytest.mark.parametrize("blueprint_id", [blueprint.id for blueprint in matching("vehicle.*")])
def test_every_vehicle_can_drive_brake_and_steer(blueprint_id: str) -> None:
    spec = vehicle_spec(blueprint_id)
    physics, wheels = spec.physics, spec.physics.wheels
    assert len(wheels) == 4  # of two-wheelers as well, as in CARLA
    front, rear = wheels[0], wheels[-1]
    half_length_cm = 100.0 * spec.half_extents[0]
    assert front.position[0] > 0.0 > rear.position[0]
    assert front.position[0] - rear.position[0] < 2.0 * half_length_cm
    assert abs(front.position[1]) < 100.0 * spec.half_extents[1]
    assert front.max_steer_angle > 0.0 == rear.max_steer_angle
    assert rear.max_handbrake_torque > 0.0 == front.max_handbrake_torque
    total_brake = sum(wheel.max_brake_torque / (wheel.radius / 100.0) for wheel in wheels)
    reference = sum(wheel.max_brake_torque / (wheel.radius / 100.0) for wheel in MKZ_2020.wheels) / MKZ_2020.mass
    assert total_brake / physics.mass == pytest.approx(CLASSES[spec.category].brake * reference, rel=1e-3)
    assert 80.0 <= physics.mass <= 12000.0
