"""What public scripts and CARLA's own smoke tests do with a 0.9.16 server, in our own words."""

import math

import carla
import pytest

from tests.contract.support import CAR, WALKER, Bench

BIKE = "vehicle.diamondback.century"
MUSTANG = "vehicle.ford.mustang"


# -- what actors are made of -------------------------------------------------------------------------------------


def test_a_vehicle_has_a_mesh_where_it_is(bench: Bench) -> None:
    car = bench.car()
    [mesh] = [name for name in car.get_component_names() if "Mesh" in name]
    assert car.get_component_world_transform(mesh).location.distance(car.get_location()) < 0.01
    assert car.get_component_relative_transform(mesh).location.length() < 0.01
    blinker = car.get_component_world_transform("front-blinker-r-1").location
    here = car.get_transform()
    ahead, right = here.rotation.get_forward_vector(), here.rotation.get_right_vector()
    from_middle = blinker - here.location
    assert from_middle.dot(ahead) == pytest.approx(car.bounding_box.extent.x, abs=0.1)
    assert from_middle.dot(right) == pytest.approx(car.bounding_box.extent.y, abs=0.1)
    with pytest.raises(RuntimeError, match="Component could not be found in this actor"):
        car.get_component_world_transform("Wings")


def test_a_vehicle_has_a_bone_for_each_wheel(bench: Bench) -> None:
    car = bench.car()
    names, places = car.get_bone_names(), car.get_bone_world_transforms()
    assert len(names) == len(places) == len(car.get_bone_relative_transforms()) == 5
    assert names == car.get_socket_names()
    for wheel, name, place in zip(car.get_physics_control().wheels, names[1:], places[1:], strict=True):
        assert name.startswith("Wheel_")
        assert place.location.distance(wheel.position * 0.01) < 0.01


def test_a_walker_has_all_the_joints_that_scripts_draw(bench: Bench) -> None:
    """CARLA's draw_skeleton example indexes every finger."""
    walker = bench.walker()
    names = {bone.name for bone in walker.get_bones().bone_transforms}
    assert len(names) > 50
    for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky"):
        for joint in ("", "01", "02", "End"):
            assert {f"crl_hand{finger}{joint}__L", f"crl_hand{finger}{joint}__R"} <= names
    assert set(walker.get_bone_names()) == names


# -- physics controls --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_id", [CAR, BIKE, "vehicle.kawasaki.ninja", "vehicle.carlamotors.firetruck"])
def test_every_vehicle_tells_four_wheels_and_takes_them_back(bench: Bench, type_id: str) -> None:
    """CARLA's two-wheelers are four-wheeled vehicles, and scripts count on wheels[3]."""
    vehicle = bench.car(type_id=type_id)
    control = vehicle.get_physics_control()
    wheels = control.wheels
    assert len(wheels) == 4
    for wheel in wheels:
        wheel.tire_friction = 2.5
        wheel.long_stiff_value = 987.0
    control.wheels = wheels
    control.drag_coefficient = 0.9
    vehicle.apply_physics_control(control)
    bench.tick(2)
    again = vehicle.get_physics_control()
    assert again.drag_coefficient == pytest.approx(0.9)
    assert [wheel.tire_friction for wheel in again.wheels] == [2.5] * 4
    assert [wheel.long_stiff_value for wheel in again.wheels] == [987.0] * 4
    assert len(vehicle.get_telemetry_data().wheels) == 4


def test_a_two_wheeler_stays_upright_through_a_bend(bench: Bench) -> None:
    bike = bench.car(type_id=BIKE)
    bike.apply_control(carla.VehicleControl(throttle=0.6, steer=0.3))
    bench.seconds(3.0)
    assert abs(bike.get_transform().rotation.roll) < 0.5
    assert bike.get_velocity().length() > 1.0


def test_soft_tyres_accelerate_less(bench: Bench) -> None:
    def distance(stiffness: float) -> float:
        place = bench.straight()
        car = bench.car(place)
        control = car.get_physics_control()
        wheels = control.wheels
        for wheel in wheels:
            wheel.long_stiff_value = stiffness
        control.wheels = wheels
        car.apply_physics_control(control)
        bench.tick()
        car.apply_control(carla.VehicleControl(throttle=1.0))
        bench.seconds(3.0)
        travelled = car.get_location().distance(place.location)
        bench.destroy(car)
        bench.tick()
        return travelled

    soft, usual, stiff = distance(100.0), distance(1000.0), distance(2000.0)
    assert soft < 0.7 * usual
    assert stiff == pytest.approx(usual, rel=1e-3)


def test_a_friction_trigger_shows_in_the_physics_control_of_those_inside(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(place)
    own = [wheel.tire_friction for wheel in car.get_physics_control().wheels]
    trigger = bench.spawn(
        "static.trigger.friction", place, friction="0.5", extent_x="1000", extent_y="1000", extent_z="1000"
    )
    bench.tick(2)
    control = car.get_physics_control()
    assert [wheel.tire_friction for wheel in control.wheels] == [0.5] * 4
    control.mass += 100.0
    car.apply_physics_control(control)  # sends the trigger's friction back
    car.set_transform(bench.ahead(place, 30.0))
    bench.tick(2)
    assert [wheel.tire_friction for wheel in car.get_physics_control().wheels] == own
    bench.destroy(trigger)


# -- attributes --------------------------------------------------------------------------------------------------


def test_a_control_that_does_not_stick_lasts_for_one_tick(bench: Bench) -> None:
    place = bench.straight()

    def distance(sticky: str, renew: bool) -> float:
        car = bench.car(place, sticky_control=sticky)
        car.apply_control(carla.VehicleControl(throttle=1.0))
        bench.tick()
        assert car.get_control().throttle == 1.0
        for _ in range(40):
            if renew:
                car.apply_control(carla.VehicleControl(throttle=1.0))
            bench.tick()
        assert car.get_control().throttle == (1.0 if renew or sticky == "True" else 0.0)
        travelled = car.get_location().distance(place.location)
        bench.destroy(car)
        bench.tick()
        return travelled

    kept = distance("True", renew=False)
    assert distance("False", renew=True) == pytest.approx(kept, abs=1e-3)
    assert distance("False", renew=False) < 0.2 * kept


def test_numbers_in_attributes_are_read_as_carla_reads_them(bench: Bench) -> None:
    """An integer may be written as 64.0, and nobody is held to recommended values."""
    bike = bench.spawn(BIKE, bench.straight(), driver_id="7.0")
    bench.tick()
    assert bike.attributes["driver_id"] == "7.0"
    gnss = bench.spawn("sensor.other.gnss", carla.Transform(), bike, sensor_tick="0.1f", noise_seed="3.0")
    assert gnss.attributes["noise_seed"] == "3.0"


def test_telemetry_of_a_car_at_full_throttle(bench: Bench) -> None:
    car = bench.car(type_id=MUSTANG)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    bench.tick(30)
    data = car.get_telemetry_data()
    assert data.throttle == 1.0
    assert data.engine_rpm > 500.0
    assert data.speed == pytest.approx(car.get_velocity().length(), rel=0.01)
    assert all(math.isfinite(wheel.lat_slip) and wheel.omega > 0.0 for wheel in data.wheels)


def test_a_walker_blueprint_takes_a_wheelchair_even_where_none_is_recommended(bench: Bench) -> None:
    place = bench.sidewalk_place()
    walker = bench.spawn(WALKER, place, use_wheelchair="true")
    bench.tick()
    assert walker.attributes["use_wheelchair"] == "true"


# -- walkers and two-wheelers ------------------------------------------------------------------------------------


def test_every_blueprint_that_is_called_walker_can_be_spawned_alone(bench: Bench) -> None:
    """A filter of *walker* finds the controller too, which CARLA spawns without a parent."""
    start = bench.straight()
    spawned = []
    for k, blueprint in enumerate(bench.library.filter("*walker*")):
        place = bench.ahead(start, 0.8 * k, up_m=10.0)
        spawned.append(bench.world.spawn_actor(blueprint, place))
    bench.tick()
    assert len(bench.world.get_actors().filter("*walker*")) == len(spawned) > 50
    for actor in spawned:
        assert actor.destroy()
    bench.tick()
    assert len(bench.world.get_actors().filter("*walker*")) == 0


@pytest.mark.parametrize("type_id", [CAR, BIKE, "vehicle.harley-davidson.low_rider", "vehicle.micro.microlino"])
def test_whatever_drives_into_a_building_tells_it(bench: Bench, type_id: str) -> None:
    objects = bench.world.get_environment_objects(carla.CityObjectLabel.Buildings)
    location, yaw = bench.facing_building(objects)
    place = carla.Transform(location, carla.Rotation(yaw=yaw))
    vehicle = bench.car(place, type_id)
    hits = bench.sensor("sensor.other.collision", vehicle)
    bench.seconds(1.0)
    assert hits.drain() == []  # standing on the ground is no collision
    vehicle.set_target_velocity(place.get_forward_vector() * 10.0)
    bench.seconds(3.0)
    assert hits.get().other_actor.type_id == "static.building"
    hits.sensor.destroy()
