"""Spawning, destroying, moving actors and what they tell of themselves: client-needs sections A2-A7, B2, C2-C8."""

import time

import carla
import pytest

from tests.contract.support import CAR, WALKER, Address, Bench, another_client, flat_distance

CONE = "static.prop.constructioncone"


def nowhere(z: float) -> carla.Location:
    return carla.Location(0.0, 0.0, z)


# -- spawning ----------------------------------------------------------------------------------------------------


def test_an_actor_reads_zeros_until_the_next_tick(bench: Bench) -> None:
    place = bench.straight()
    car = bench.spawn(CAR, place)
    assert car.get_transform() == carla.Transform()
    bench.tick()
    assert flat_distance(car.get_location(), place.location) < 0.05


def test_get_actors_knows_an_actor_from_the_next_state_on(bench: Bench) -> None:
    car = bench.spawn(CAR, bench.straight())
    assert bench.world.get_actors().find(car.id) is None
    bench.tick()
    assert bench.world.get_actors().find(car.id).id == car.id


def test_get_actors_by_ids_keeps_the_order_of_the_request(bench: Bench) -> None:
    cars = [bench.spawn(CAR, bench.ahead(bench.straight(), 8.0 * k)) for k in range(4)]
    bench.tick()
    wanted = [cars[k].id for k in (2, 0, 3, 1)]
    assert [actor.id for actor in bench.world.get_actors(wanted)] == wanted


def test_ids_grow_and_stay_below_16_bits(bench: Bench) -> None:
    ids = []
    for _ in range(5):
        car = bench.spawn(CAR, bench.straight())
        ids.append(car.id)
        bench.destroy(car)
    assert len(set(ids)) == 5
    assert ids == sorted(ids)
    assert all(0 < number < 65536 for number in ids)


def test_a_new_sensor_changes_no_other_actors_id(bench: Bench) -> None:
    """Sensors take ids from a range of their own."""
    first = bench.spawn(CAR, bench.straight())
    bench.spawn("sensor.other.gnss", carla.Transform(), first)
    second = bench.spawn(CAR, bench.ahead(bench.straight(), 10.0))
    assert second.id == first.id + 1


def test_an_occupied_place_is_refused_in_carlas_words(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    before = car.get_transform()
    with pytest.raises(RuntimeError, match=r"^Spawn failed because of collision at spawn position$"):
        bench.spawn(CAR, place)
    assert bench.world.try_spawn_actor(bench.blueprint(CAR), place) is None
    bench.tick()
    assert flat_distance(car.get_location(), before.location) < 0.01
    assert len(bench.world.get_actors().filter("vehicle.*")) == 1


def test_an_actor_spawned_in_the_same_tick_occupies_its_place(bench: Bench) -> None:
    place = bench.straight()
    bench.spawn(CAR, place)
    assert bench.world.try_spawn_actor(bench.blueprint(CAR), place) is None


def test_a_place_is_free_again_when_its_actor_is_gone(bench: Bench) -> None:
    place = bench.straight()
    bench.destroy(bench.spawn(CAR, place))
    assert bench.world.try_spawn_actor(bench.blueprint(CAR), place) is not None


def test_every_spawn_point_takes_a_car(bench: Bench) -> None:
    blueprint = bench.blueprint(CAR)
    points = bench.map.get_spawn_points()
    refused = []
    for place in points:
        car = bench.world.try_spawn_actor(blueprint, place)
        if car is None:
            refused.append(place)
        else:
            bench.destroy(car)
    assert not refused


def test_spawning_at_waypoint_height_is_not_refused_because_of_the_road(bench: Bench) -> None:
    """Props are spawned at the very height of the road, cars 0.2 m above it."""
    waypoint = bench.map.get_waypoint(bench.straight().location)
    for k, type_id in enumerate((CONE, "static.prop.trafficwarning", "static.prop.dirtdebris02")):
        there = waypoint.next(5.0 * (k + 1))[0].transform
        assert bench.world.try_spawn_actor(bench.blueprint(type_id), there) is not None, type_id
    there = waypoint.next(30.0)[0].transform
    there.location.z += 0.2
    assert bench.world.try_spawn_actor(bench.blueprint(CAR), there) is not None


def test_many_actors_are_spawned_at_one_place_under_the_map(bench: Bench) -> None:
    """Scenarios park what they need later below the ground; only real overlaps with other actors are refused."""
    for z in (-50.0, -100.0, -200.0, -500.0):
        for type_id in (CAR, WALKER, CONE):
            place = carla.Transform(bench.straight().location + nowhere(z))
            actor = bench.world.try_spawn_actor(bench.blueprint(type_id), place)
            assert actor is not None, (type_id, z)
            actor.set_simulate_physics(False)
            actor.set_location(carla.Location(place.location.x, place.location.y, place.location.z - 20.0))
    bench.tick()
    assert len([a for a in bench.world.get_actors() if a.get_location().z < -50.0]) == 12


def test_an_unknown_blueprint_is_refused(bench: Bench) -> None:
    with pytest.raises(IndexError):
        bench.library.find("vehicle.lincoln.mkz2017")


def test_attachment_puts_a_child_at_its_place_on_the_parent(bench: Bench) -> None:
    car = bench.car()
    sensor = bench.spawn("sensor.other.gnss", carla.Transform(carla.Location(x=-1.4, z=2.0)), car)
    assert sensor.parent.id == car.id
    bench.tick()
    wanted = car.get_transform().transform(carla.Location(x=-1.4, z=2.0))
    assert sensor.get_location().distance(wanted) < 0.02


def test_a_child_follows_its_parent(bench: Bench) -> None:
    car = bench.car()
    sensor = bench.spawn("sensor.other.imu", carla.Transform(carla.Location(x=1.0)), car)
    car.set_target_velocity(car.get_transform().get_forward_vector() * 10.0)
    bench.seconds(1.0)
    assert sensor.get_location().distance(car.get_transform().transform(carla.Location(x=1.0))) < 0.02


def test_a_missing_parent_is_refused_in_carlas_words(bench: Bench) -> None:
    car = bench.car()
    bench.destroy(car)
    with pytest.raises(RuntimeError, match=r"^unable to attach actor: parent actor not found$"):
        bench.spawn("sensor.other.gnss", carla.Transform(), car)


@pytest.mark.parametrize("type_id", ["util.actor.empty", "static.trigger.friction", "controller.ai.walker"])
def test_actors_without_a_body_spawn_anywhere(bench: Bench, type_id: str) -> None:
    place = bench.straight()
    bench.spawn(CAR, place)
    parent = bench.walker() if type_id.startswith("controller") else None
    actor = bench.spawn(type_id, place, parent)
    bench.tick()
    assert bench.world.get_actor(actor.id).type_id == type_id


# -- destroying --------------------------------------------------------------------------------------------------


def test_a_destroyed_actor_is_gone_from_the_next_state(bench: Bench) -> None:
    car = bench.car()
    assert car.destroy() is True
    bench.tick()
    assert bench.world.get_actors().find(car.id) is None
    assert not car.is_alive


def test_a_handle_of_a_destroyed_actor_says_so(bench: Bench) -> None:
    car = bench.car()
    car.destroy()
    with pytest.raises(RuntimeError, match="trying to operate on a destroyed actor"):
        car.get_transform()


def test_calls_on_an_actor_that_was_destroyed_elsewhere_say_so(bench: Bench) -> None:
    car = bench.car()
    bench.destroy(car)
    bench.tick()
    with pytest.raises(RuntimeError, match=f"Actor could not be found in the registry.  Actor Id: {car.id}"):
        car.get_physics_control()


def test_destroying_twice_fails_with_carlas_words(bench: Bench) -> None:
    car = bench.car()
    [first] = bench.client.apply_batch_sync([carla.command.DestroyActor(car.id)])
    [second] = bench.client.apply_batch_sync([carla.command.DestroyActor(car.id)])
    assert not first.has_error()
    assert second.error == "unable to destroy actor: not found"


def test_what_belongs_to_the_level_cannot_be_destroyed(bench: Bench) -> None:
    count = len(bench.world.get_actors())
    light = bench.world.get_actors().filter("traffic.traffic_light")[0]
    light.destroy()
    bench.client.apply_batch_sync([carla.command.DestroyActor(bench.world.get_spectator())])
    bench.tick()
    assert len(bench.world.get_actors()) == count


# -- what actors tell --------------------------------------------------------------------------------------------


def test_a_car_carries_all_attributes_of_its_blueprint_as_strings(bench: Bench) -> None:
    car = bench.spawn(CAR, bench.straight(), role_name="hero")
    attributes = car.attributes
    assert set(attributes) == {attribute.id for attribute in bench.blueprint(CAR)}
    assert attributes["role_name"] == "hero"
    assert attributes["base_type"] == "car"
    assert attributes["number_of_wheels"] == "4"
    assert attributes["special_type"] == ""
    assert attributes["has_lights"] == "true"
    assert attributes["sticky_control"] == "true"


def test_every_vehicle_has_a_colour_of_three_numbers(bench: Bench) -> None:
    """Public code reads attributes['color'] of any vehicle without asking."""
    place = bench.straight()
    for blueprint in bench.library.filter("vehicle.*"):
        vehicle = bench.world.spawn_actor(blueprint, place)
        assert len([int(part) for part in vehicle.attributes["color"].split(",")]) == 3, blueprint.id
        bench.destroy(vehicle)


def test_a_colour_that_was_set_is_kept(bench: Bench) -> None:
    assert bench.spawn(CAR, bench.straight(), color="12,34,56").attributes["color"] == "12,34,56"


@pytest.mark.parametrize("type_id", [CAR, WALKER, CONE, "static.prop.mesh", "sensor.other.gnss"])
def test_whatever_a_scenario_spawns_has_a_role_name(bench: Bench, type_id: str) -> None:
    actor = bench.spawn(type_id, bench.straight(), role_name="scenario")
    assert actor.attributes["role_name"] == "scenario"


def test_a_walker_tells_age_and_gender(bench: Bench) -> None:
    attributes = bench.spawn(WALKER, bench.straight()).attributes
    assert (attributes["age"], attributes["gender"]) == ("adult", "female")


def test_another_client_reads_the_same_attributes(bench: Bench, address: Address) -> None:
    car = bench.spawn(CAR, bench.straight(), role_name="hero", color="1,2,3")
    bench.tick()
    assert another_client(address).get_world().get_actor(car.id).attributes == car.attributes


@pytest.mark.parametrize(
    ("type_id", "label"),
    [
        (CAR, carla.CityObjectLabel.Car),
        ("vehicle.carlamotors.firetruck", carla.CityObjectLabel.Truck),
        ("vehicle.mitsubishi.fusorosa", carla.CityObjectLabel.Bus),
        ("vehicle.kawasaki.ninja", carla.CityObjectLabel.Motorcycle),
        ("vehicle.bh.crossbike", carla.CityObjectLabel.Bicycle),
        (WALKER, carla.CityObjectLabel.Pedestrians),
    ],
)
def test_semantic_tags_begin_with_the_label(bench: Bench, type_id: str, label: carla.CityObjectLabel) -> None:
    assert bench.spawn(type_id, bench.straight()).semantic_tags[0] == int(label)


@pytest.mark.parametrize(
    "pattern",
    ["vehicle.*", "*vehicle.*", "vehicle.*.*", "vehicle*", "*vehicle*", "vehicle.lincoln.*"],
)
def test_filters_of_public_code_find_cars(bench: Bench, pattern: str) -> None:
    car = bench.car()
    assert [actor.id for actor in bench.world.get_actors().filter(pattern)] == [car.id]


def test_filters_of_public_code_find_the_rest(bench: Bench) -> None:
    place = bench.straight()
    wanted = {
        "walker.*": WALKER,
        "*walker*": WALKER,
        "*walker.pedestrian*": WALKER,
        "static.prop.mesh": "static.prop.mesh",
        "*static.prop.mesh*": "static.prop.mesh",
        "*constructioncone*": CONE,
        "*cone*": CONE,
        "*warning*": "static.prop.trafficwarning",
        "*dirtdebris*": "static.prop.dirtdebris01",
        "*sensor*": "sensor.other.gnss",
    }
    for k, type_id in enumerate(sorted(set(wanted.values()))):
        bench.spawn(type_id, bench.ahead(place, 6.0 * k, up_m=1.0))
    bench.tick()
    for pattern, type_id in wanted.items():
        assert [actor.type_id for actor in bench.world.get_actors().filter(pattern)] == [type_id], pattern
    assert len(bench.world.get_actors().filter("static.*")) == 4
    assert len(bench.world.get_actors().filter("spectator")) == 1
    lights = bench.world.get_actors().filter("*traffic_light*")
    assert len(lights) == len(bench.world.get_actors().filter("traffic.traffic_light"))


@pytest.mark.parametrize("tag", ["tt", "prius", "charger_2020", "vehicle", "walker", "static", "sensor", "lincoln"])
def test_blueprints_are_found_by_their_tags(bench: Bench, tag: str) -> None:
    found = bench.library.filter(tag)
    assert len(found)
    assert all(blueprint.has_tag(tag) for blueprint in found)


@pytest.mark.parametrize(
    "wanted",
    [
        {"base_type": "car", "has_lights": True},
        {"base_type": "car", "has_lights": True, "special_type": ""},
        {"base_type": "bicycle"},
        {"base_type": "car", "generation": 2},
        {"base_type": "car", "generation": 2, "special_type": ""},
        {"has_dynamic_doors": True, "base_type": "car"},
        {"special_type": "emergency"},
    ],
    ids=str,
)
def test_attribute_filters_of_scenario_runner_find_models(bench: Bench, wanted: dict[str, object]) -> None:
    """It compares numbers as numbers and booleans as booleans, so the type of each attribute matters."""

    def value(attribute: carla.ActorAttribute) -> object:
        if attribute.type == carla.ActorAttributeType.Bool:
            return attribute.as_bool()
        return attribute.as_int() if attribute.type == carla.ActorAttributeType.Int else attribute.as_str()

    def fits(blueprint: carla.ActorBlueprint) -> bool:
        return all(
            blueprint.has_attribute(name) and value(blueprint.get_attribute(name)) == wish
            for name, wish in wanted.items()
        )

    assert [blueprint.id for blueprint in bench.library.filter("vehicle.*") if fits(blueprint)]


def test_attributes_have_types(bench: Bench) -> None:
    blueprint = bench.blueprint(CAR)
    assert blueprint.get_attribute("generation").as_int() == 2
    assert blueprint.get_attribute("number_of_wheels").as_int() == 4
    assert blueprint.get_attribute("has_lights").as_bool() is True
    assert blueprint.get_attribute("color").as_color().a == 255
    assert bench.blueprint(WALKER).get_attribute("speed").recommended_values[1:3] == ["1.8", "4.0"]
    assert bench.blueprint("sensor.other.gnss").get_attribute("sensor_tick").as_float() == 0.0


def test_the_catalogue_is_carlas(bench: Bench) -> None:
    def count(pattern: str) -> int:
        return len(bench.library.filter(pattern))

    assert count("vehicle.*") == 41
    assert count("walker.pedestrian.*") == 52
    assert count("static.prop.*") == 99
    assert "static.trigger.friction" in {blueprint.id for blueprint in bench.library}


def test_bounding_boxes_are_the_measured_ones(bench: Bench) -> None:
    box = bench.spawn(CAR, bench.straight()).bounding_box
    assert (box.extent.x, box.extent.y, box.extent.z) == pytest.approx((2.446, 0.9185, 0.745), abs=1e-3)
    assert (box.location.x, box.location.y, box.location.z) == pytest.approx((-0.006, 0.0, 0.749), abs=1e-3)
    box = bench.spawn(WALKER, bench.ahead(bench.straight(), 10.0)).bounding_box
    assert (box.extent.z, box.location.z) == pytest.approx((0.93, 0.0), abs=1e-3)


def test_no_vehicle_has_an_empty_box(bench: Bench) -> None:
    """Agents destroy vehicles whose extent has a component below a millimetre."""
    place = bench.straight()
    for blueprint in bench.library.filter("vehicle.*"):
        vehicle = bench.world.spawn_actor(blueprint, place)
        extent = vehicle.bounding_box.extent
        assert min(extent.x, extent.y, extent.z) > 0.1, blueprint.id
        bench.destroy(vehicle)


def test_hundreds_of_bounding_boxes_are_read_in_no_time(bench: Bench) -> None:
    """Agents ask for the box of every actor in every tick."""
    car = bench.car()
    started = time.perf_counter()
    for _ in range(500):
        car.bounding_box  # noqa: B018  (each one is a call to the server)
    assert time.perf_counter() - started < 500 * 0.001


def test_a_parked_car_made_of_a_mesh_has_the_box_of_its_mesh(bench: Bench) -> None:
    path = "/Game/Carla/Static/Car/4Wheeled/ParkedVehicles/TeslaM3/SM_TeslaM3_parked.SM_TeslaM3_parked"
    car = bench.spawn("static.prop.mesh", bench.straight(), mesh_path=path, scale="0.9")
    assert car.attributes["mesh_path"] == path
    assert car.bounding_box.extent.x == pytest.approx(0.9 * 2.396, rel=0.02)


# -- moving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_id", [CAR, WALKER, CONE, "sensor.other.gnss", "util.actor.empty"])
def test_a_transform_is_final_after_one_tick(bench: Bench, type_id: str) -> None:
    actor = bench.spawn(type_id, bench.straight())
    bench.tick()
    actor.set_simulate_physics(False)
    wanted = carla.Transform(bench.straight(number=1).location + nowhere(30.0), carla.Rotation(2.0, 33.0, 4.0))
    actor.set_transform(wanted)
    bench.tick()
    reached = actor.get_transform()
    assert reached.location.distance(wanted.location) < 1e-3
    assert reached.rotation.yaw == pytest.approx(33.0, abs=1e-3)


def test_a_location_is_set_without_turning_the_actor(bench: Bench) -> None:
    car = bench.car()
    before = car.get_transform()
    car.set_simulate_physics(False)
    car.set_location(before.location + carla.Location(3.0, 4.0, 5.0))
    bench.tick()
    assert car.get_location().distance(before.location + carla.Location(3.0, 4.0, 5.0)) < 1e-3
    assert car.get_transform().rotation.yaw == pytest.approx(before.rotation.yaw, abs=1e-3)


def test_calls_of_one_client_keep_their_order(bench: Bench) -> None:
    """set_location is not waited for, set_simulate_physics is; the one that came first acts first."""
    car = bench.car()
    for depth in range(50):
        car.set_location(nowhere(-100.0 - depth))
    car.set_simulate_physics(False)
    bench.tick()
    assert car.get_location().z == pytest.approx(-149.0, abs=1e-3)


def test_a_teleport_keeps_the_velocity(bench: Bench) -> None:
    car = bench.car()
    forward = bench.straight().get_forward_vector()
    car.set_target_velocity(forward * 10.0)
    bench.tick()
    speed = car.get_velocity().length()
    car.set_transform(bench.ahead(car.get_transform(), 20.0, up_m=0.05))
    bench.tick()
    assert car.get_velocity().length() == pytest.approx(speed, abs=0.5)
    assert speed > 9.0


def test_a_car_moved_forward_keeps_driving(bench: Bench) -> None:
    """Background traffic is put onto its next waypoint, 0.2 m above, while it drives."""
    car = bench.car()
    car.set_target_velocity(car.get_transform().get_forward_vector() * 8.0)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    bench.seconds(0.5)
    there = bench.map.get_waypoint(car.get_location()).next(10.0)[0].transform
    there.location.z += 0.2
    car.set_transform(there)
    bench.seconds(1.0)
    assert car.get_velocity().length() > 6.0
    assert flat_distance(car.get_location(), there.location) > 6.0


@pytest.mark.parametrize("type_id", [CAR, WALKER, CONE])
@pytest.mark.parametrize("location_first", [True, False])
def test_an_actor_parked_below_the_map_stays_for_minutes(bench: Bench, type_id: str, location_first: bool) -> None:
    """Without physics nothing falls, is culled or destroyed, and its state is told in every tick."""
    watched = bench.car(bench.straight(number=1))
    collisions = bench.sensor("sensor.other.collision", watched)
    actor = bench.spawn(type_id, bench.straight())
    bench.tick()
    depth = carla.Location(actor.get_location().x, actor.get_location().y, -500.0)
    if location_first:
        actor.set_location(depth)
        actor.set_simulate_physics(False)
    else:
        actor.set_simulate_physics(False)
        actor.set_location(depth)
    for _ in range(120):
        bench.seconds(1.0)
        assert actor.is_alive
        assert actor.get_location().distance(depth) < 1e-3
        assert actor.get_velocity().length() < 1e-3
    assert not collisions.drain()


def test_an_actor_brought_back_to_the_surface_drives_again(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    surface = car.get_transform()
    car.set_simulate_physics(False)
    car.set_location(carla.Location(place.location.x, place.location.y, -200.0))
    bench.seconds(5.0)
    car.set_target_velocity(carla.Vector3D())
    car.set_transform(surface)
    bench.tick()
    assert car.get_location().distance(surface.location) < 1.0
    car.set_simulate_physics(True)
    bench.seconds(1.0)
    assert car.get_location().distance(surface.location) < 0.3
    car.apply_control(carla.VehicleControl(throttle=0.8))
    bench.seconds(3.0)
    assert car.get_location().distance(surface.location) > 5.0


def test_an_actor_without_physics_obeys_no_control(bench: Bench) -> None:
    car = bench.car()
    car.set_simulate_physics(False)
    before = car.get_location()
    car.apply_control(carla.VehicleControl(throttle=1.0))
    bench.seconds(2.0)
    assert car.get_location().distance(before) < 1e-3


def test_actors_without_physics_still_collide(bench: Bench) -> None:
    """Physics off leaves queries and contacts on: what drives into the actor is told."""
    place = bench.straight()
    stone = bench.car(bench.ahead(place, 20.0))
    stone.set_simulate_physics(False)
    car = bench.car(place)
    collisions = bench.sensor("sensor.other.collision", car)
    car.set_target_velocity(place.get_forward_vector() * 12.0)
    car.apply_control(carla.VehicleControl(throttle=0.5))
    bench.seconds(4.0)
    assert collisions.get().other_actor.id == stone.id


def test_an_actor_without_collisions_is_driven_through(bench: Bench) -> None:
    place = bench.straight()
    ghost = bench.car(bench.ahead(place, 20.0))
    ghost.set_collisions(False)
    ghost.set_simulate_physics(False)
    car = bench.car(place)
    collisions = bench.sensor("sensor.other.collision", car)
    car.enable_constant_velocity(carla.Vector3D(15.0, 0.0, 0.0))
    bench.seconds(3.0)
    assert car.get_location().distance(place.location) > 35.0
    assert not collisions.drain()


def test_parked_actors_shifted_right_after_their_spawn_are_not_kicked(bench: Bench) -> None:
    car = bench.spawn(CAR, bench.straight())
    bench.tick()
    wanted = bench.ahead(car.get_transform(), 0.0, 0.4, 0.05).location
    car.set_location(wanted)
    car.apply_control(carla.VehicleControl(hand_brake=True))
    bench.seconds(3.0)
    assert flat_distance(car.get_location(), wanted) < 0.1
    assert car.get_velocity().length() < 0.05


def test_the_spectator_goes_where_it_is_put(bench: Bench) -> None:
    spectator = bench.world.get_spectator()
    wanted = carla.Transform(carla.Location(10.0, 20.0, 50.0), carla.Rotation(-90.0, 45.0, 0.0))
    spectator.set_transform(wanted)
    bench.tick()
    assert spectator.get_transform().location.distance(wanted.location) < 1e-3
    assert spectator.get_transform().rotation.pitch == pytest.approx(-90.0, abs=1e-3)
    assert spectator.type_id == "spectator"
