"""What a vehicle does with controls, velocities, impulses and physics: sections 6a and 6b, needs B2, B3, C4, C17."""

import math

import carla
import pytest

from tests.contract.support import CAR, DELTA_S, Bench, flat_distance, yaw_difference


def forward(car: carla.Actor) -> carla.Vector3D:
    return car.get_transform().get_forward_vector()


def speed(car: carla.Actor) -> float:
    """Along the car, in m/s."""
    return car.get_velocity().dot(forward(car))


# -- standing ----------------------------------------------------------------------------------------------------


def test_a_car_spawned_above_the_road_settles_on_it(bench: Bench) -> None:
    place = bench.straight()
    place.location.z = bench.map.get_waypoint(place.location).transform.location.z + 0.5
    car = bench.spawn(CAR, place)
    bench.seconds(3.0)
    ground = bench.map.get_waypoint(car.get_location()).transform.location.z
    assert car.get_location().z == pytest.approx(ground, abs=0.08)
    assert car.get_velocity().length() < 0.05
    assert abs(car.get_transform().rotation.pitch) < 1.5
    assert abs(car.get_transform().rotation.roll) < 1.5


def test_whole_turns_of_a_rotation_are_none(bench: Bench) -> None:
    """The client's waypoints often have a pitch of 360 degrees, and leaderboards spawn the ego on one."""
    place = bench.straight()
    place.rotation.pitch += 360.0
    place.rotation.roll -= 720.0
    place.location.z += 0.5
    car = bench.spawn(CAR, place)
    for _ in range(20):
        bench.tick()
        assert abs(car.get_transform().rotation.pitch) < 5.0
        assert abs(car.get_transform().rotation.roll) < 5.0


def test_settling_is_no_collision(bench: Bench) -> None:
    """Any contact event with the road would count as a crash for the leaderboard."""
    place = bench.straight()
    place.location.z += 1.0
    car = bench.spawn(CAR, place)
    collisions = bench.sensor("sensor.other.collision", car)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    bench.seconds(5.0)
    assert not collisions.drain()


def test_a_car_left_alone_stands_still(bench: Bench) -> None:
    car = bench.car()
    before = car.get_location()
    bench.seconds(20.0)
    assert car.get_location().distance(before) < 0.05


def test_a_hand_brake_holds_a_car(bench: Bench) -> None:
    car = bench.car()
    before = car.get_location()
    car.apply_control(carla.VehicleControl(hand_brake=True))
    bench.seconds(5.0)
    assert car.get_location().distance(before) < 0.05


@pytest.mark.parametrize(
    "type_id",
    ["vehicle.carlamotors.firetruck", "vehicle.mitsubishi.fusorosa", "vehicle.kawasaki.ninja", "vehicle.bh.crossbike"],
)
def test_every_kind_of_vehicle_stands_and_drives(bench: Bench, type_id: str) -> None:
    vehicle = bench.car(type_id=type_id)
    assert vehicle.get_velocity().length() < 0.1
    before = vehicle.get_location()
    vehicle.apply_control(carla.VehicleControl(throttle=0.8))
    bench.seconds(4.0)
    assert flat_distance(vehicle.get_location(), before) > 5.0
    assert abs(vehicle.get_transform().rotation.roll) < 10.0


# -- pedals and wheel --------------------------------------------------------------------------------------------


def test_throttle_drives_and_brake_stops(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=0.75))
    bench.seconds(3.0)
    assert speed(car) > 7.0
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(3.0)
    assert speed(car) == pytest.approx(0.0, abs=0.05)


def test_reverse_drives_backwards(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=0.6, reverse=True))
    bench.seconds(3.0)
    assert speed(car) < -1.0
    assert car.get_control().gear == -1


def test_steering_right_turns_right(bench: Bench) -> None:
    car = bench.car()
    before = car.get_transform()
    car.apply_control(carla.VehicleControl(throttle=0.5, steer=0.3))
    bench.seconds(2.5)
    place = before.inverse_transform(car.get_location())
    assert place.y > 0.1
    turned = (car.get_transform().rotation.yaw - before.rotation.yaw + 180.0) % 360.0 - 180.0
    assert turned > 5.0


def test_the_angle_of_the_wheels_can_be_asked(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(steer=0.5))
    bench.seconds(1.0)
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) > 5.0
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.BL_Wheel) == pytest.approx(0.0, abs=0.1)
    car.set_wheel_steer_direction(carla.VehicleWheelLocation.FR_Wheel, 10.0)
    car.set_wheel_pitch_angle(carla.VehicleWheelLocation.FR_Wheel, 10.0)
    assert math.isfinite(car.get_wheel_pitch_angle(carla.VehicleWheelLocation.FR_Wheel))


def test_controls_are_echoed_by_the_next_state(bench: Bench) -> None:
    car = bench.car()
    wanted = carla.VehicleControl(
        throttle=0.5, steer=-0.25, brake=0.125, hand_brake=True, manual_gear_shift=True, gear=2
    )
    car.apply_control(wanted)
    bench.tick()
    echoed = car.get_control()
    assert (echoed.throttle, echoed.steer, echoed.brake) == (0.5, -0.25, 0.125)
    assert (echoed.hand_brake, echoed.reverse, echoed.manual_gear_shift) == (True, False, True)


def test_a_control_stays_until_the_next(bench: Bench) -> None:
    """sticky_control: the client sends an unchanged control only once."""
    car = bench.car()
    for _ in range(60):
        car.apply_control(carla.VehicleControl(throttle=0.6))
        bench.tick()
    assert speed(car) > 4.0
    assert car.get_control().throttle == pytest.approx(0.6)


def test_controls_out_of_range_count_as_their_limit(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=7.0, steer=-3.0))
    bench.tick()
    assert car.get_control().throttle == 1.0
    assert car.get_control().steer == -1.0


def test_controls_that_are_no_numbers_do_no_harm(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=math.nan, steer=math.nan, brake=math.nan))
    bench.seconds(0.5)
    place = car.get_transform()
    assert math.isfinite(place.location.x + place.location.y + place.location.z + place.rotation.yaw)
    car.apply_control(carla.VehicleControl(throttle=0.7))
    bench.seconds(2.0)
    assert speed(car) > 2.0


def test_the_automatic_box_shifts_and_the_state_tells_the_gear(bench: Bench) -> None:
    car = bench.car(bench.straight(120.0))
    gears = set()
    car.apply_control(carla.VehicleControl(throttle=1.0))
    for _ in range(100):
        bench.tick()
        gears.add(car.get_control().gear)
    assert {1, 2, 3} <= gears


def test_a_manual_gear_stays_in(bench: Bench) -> None:
    car = bench.car(bench.straight(120.0))
    car.apply_control(carla.VehicleControl(throttle=1.0, manual_gear_shift=True, gear=1))
    bench.seconds(5.0)
    assert car.get_control().gear == 1
    in_first = speed(car)
    assert 3.0 < in_first < 20.0


def test_the_telemetry_tells_speed_and_wheels(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=0.7))
    bench.seconds(2.0)
    telemetry = car.get_telemetry_data()
    assert telemetry.speed == pytest.approx(speed(car), abs=0.2)
    assert telemetry.throttle == pytest.approx(0.7)
    assert telemetry.engine_rpm > 500.0
    assert len(telemetry.wheels) == 4
    assert all(wheel.tire_load > 1000.0 for wheel in telemetry.wheels)


def test_a_record_of_every_vehicle_tells_a_speed_limit(bench: Bench) -> None:
    car = bench.car()
    assert car.get_speed_limit() in (30.0, 40.0, 50.0, 60.0, 90.0)
    assert car.get_failure_state() == carla.VehicleFailureState.NONE


# -- Ackermann ---------------------------------------------------------------------------------------------------


def test_ackermann_control_reaches_and_holds_its_speed(bench: Bench) -> None:
    car = bench.car(bench.straight(120.0))
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=8.0, acceleration=4.0))
    bench.seconds(6.0)
    assert speed(car) == pytest.approx(8.0, abs=0.8)
    before = car.get_control().throttle
    assert 0.0 <= before <= 1.0
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=0.0, acceleration=4.0))
    bench.seconds(10.0)
    assert abs(speed(car)) < 0.05


def test_ackermann_control_steers_by_an_angle(bench: Bench) -> None:
    car = bench.car()
    car.apply_ackermann_control(carla.VehicleAckermannControl(steer=0.2, speed=3.0, acceleration=3.0))
    bench.seconds(2.0)
    mean = 0.5 * (
        car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
        + car.get_wheel_steer_angle(carla.VehicleWheelLocation.FR_Wheel)
    )
    assert math.radians(mean) == pytest.approx(0.2, abs=0.06)
    assert car.get_control().steer > 0.1


def test_ackermann_settings_come_back_as_set(bench: Bench) -> None:
    car = bench.car()
    wanted = carla.AckermannControllerSettings(0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625)
    car.apply_ackermann_controller_settings(wanted)
    assert car.get_ackermann_controller_settings() == wanted


def test_a_plain_control_ends_ackermann_control(bench: Bench) -> None:
    car = bench.car()
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=8.0, acceleration=4.0))
    bench.seconds(2.0)
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(3.0)
    assert abs(speed(car)) < 0.05


# -- velocities --------------------------------------------------------------------------------------------------


def test_a_target_velocity_is_in_the_next_state(bench: Bench) -> None:
    car = bench.car()
    car.set_target_velocity(forward(car) * 9.0)
    bench.tick()
    assert speed(car) == pytest.approx(9.0, abs=0.3)


def test_a_target_velocity_is_given_once_and_then_left_to_the_car(bench: Bench) -> None:
    car = bench.car()
    car.set_target_velocity(forward(car) * 10.0)
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(3.0)
    assert speed(car) == pytest.approx(0.0, abs=0.05)


def test_a_target_velocity_in_every_tick_drives_a_car(bench: Bench) -> None:
    """scenario_runner's KeepVelocity and its simple_vehicle_control drive so."""
    car = bench.car()
    before = car.get_location()
    for _ in range(60):
        car.set_target_velocity(forward(car) * 8.0)
        car.apply_control(carla.VehicleControl(throttle=1.0))
        bench.tick()
    assert flat_distance(car.get_location(), before) == pytest.approx(24.0, rel=0.08)


def test_a_target_angular_velocity_is_in_degrees_per_second(bench: Bench) -> None:
    car = bench.car()
    car.set_enable_gravity(False)
    car.set_transform(bench.ahead(car.get_transform(), 0.0, up_m=10.0))
    bench.tick()
    before = car.get_transform().rotation.yaw
    car.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, 20.0))
    bench.seconds(1.0)
    assert car.get_angular_velocity().z == pytest.approx(20.0, rel=0.1)
    assert (car.get_transform().rotation.yaw - before) % 360.0 == pytest.approx(20.0, rel=0.1)


def test_velocities_alone_drive_a_car_round_a_corner(bench: Bench) -> None:
    """scenario_runner's simple_vehicle_control: towards the next point, turning by what is missing on the way there."""
    path = bench.turn()
    car = bench.car(carla.Transform(path[0].location + carla.Location(z=0.2), path[0].rotation))
    for point in path[1:]:
        for _ in range(40):
            place = car.get_transform()
            gap = flat_distance(point.location, place.location)
            if gap < 0.5:
                break
            way = point.location - place.location
            missing = (math.degrees(math.atan2(way.y, way.x)) - place.rotation.yaw + 180.0) % 360.0 - 180.0
            car.set_target_velocity(carla.Vector3D(way.x / gap * 5.0, way.y / gap * 5.0, 0.0))
            car.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, missing / (gap / 5.0)))
            bench.tick()
        else:
            raise AssertionError(f"{gap:.1f} m from {point} after 2 s")
    turned = yaw_difference(path[-1].rotation.yaw, path[0].rotation.yaw)
    assert yaw_difference(car.get_transform().rotation.yaw, path[0].rotation.yaw) == pytest.approx(turned, abs=25.0)


def test_a_constant_velocity_holds_in_the_cars_own_frame_until_disabled(bench: Bench) -> None:
    car = bench.car()
    before = car.get_transform()
    car.enable_constant_velocity(carla.Vector3D(6.0, 0.0, 0.0))
    bench.seconds(3.0)
    assert speed(car) == pytest.approx(6.0, abs=0.1)
    assert before.inverse_transform(car.get_location()).x == pytest.approx(18.0, abs=0.5)
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(1.0)
    assert speed(car) == pytest.approx(6.0, abs=0.3)
    car.disable_constant_velocity()
    bench.seconds(3.0)
    assert speed(car) == pytest.approx(0.0, abs=0.05)


def test_a_constant_velocity_follows_the_steering(bench: Bench) -> None:
    car = bench.car()
    car.enable_constant_velocity(carla.Vector3D(6.0, 0.0, 0.0))
    before = car.get_transform().rotation.yaw
    car.apply_control(carla.VehicleControl(steer=0.3))
    bench.seconds(2.0)
    assert yaw_difference(car.get_transform().rotation.yaw, before) > 20.0
    assert speed(car) == pytest.approx(6.0, abs=0.3)


def test_velocity_and_acceleration_agree_with_the_way_driven(bench: Bench) -> None:
    car = bench.car()
    car.apply_control(carla.VehicleControl(throttle=0.8))
    bench.seconds(1.0)
    way, gain = 0.0, 0.0
    last_place, last_speed = car.get_location(), speed(car)
    start = last_speed
    for _ in range(40):
        bench.tick()
        way += speed(car) * DELTA_S
        gain += car.get_acceleration().dot(forward(car)) * DELTA_S
    assert flat_distance(car.get_location(), last_place) == pytest.approx(way, rel=0.03)
    assert speed(car) - start == pytest.approx(gain, rel=0.1)


# -- impulses, forces, gravity -----------------------------------------------------------------------------------


def test_a_vertical_impulse_lifts_a_car(bench: Bench) -> None:
    """PythonAPI's vehicle_physics: 10 N s per kg throw it up about 5 m."""
    car = bench.car()
    ground = car.get_location().z
    car.add_impulse(carla.Vector3D(0.0, 0.0, 10.0 * car.get_physics_control().mass))
    highest = 0.0
    for _ in range(30):
        bench.tick()
        highest = max(highest, car.get_location().z - ground)
    assert highest == pytest.approx(10.0**2 / (2 * 9.81), rel=0.1)
    bench.seconds(5.0)
    assert car.get_location().z == pytest.approx(ground, abs=0.1)


def test_a_force_for_one_tick_does_what_its_impulse_does(bench: Bench) -> None:
    car = bench.car()
    ground = car.get_location().z
    mass = car.get_physics_control().mass
    car.add_force(carla.Vector3D(0.0, 0.0, 10.0 * mass / DELTA_S))
    highest = 0.0
    for _ in range(30):
        bench.tick()
        highest = max(highest, car.get_location().z - ground)
    assert highest == pytest.approx(10.0**2 / (2 * 9.81), rel=0.15)


def test_a_force_acts_for_one_tick_only(bench: Bench) -> None:
    car = bench.car()
    car.set_enable_gravity(False)
    mass = car.get_physics_control().mass
    car.add_force(carla.Vector3D(0.0, 0.0, 20.0 * mass))
    bench.tick()
    after_one = car.get_velocity().z
    bench.seconds(1.0)
    assert after_one == pytest.approx(20.0 * DELTA_S, rel=0.1)
    assert car.get_velocity().z == pytest.approx(after_one, rel=0.1)


def test_a_forward_impulse_pushes_by_mass(bench: Bench) -> None:
    car = bench.car()
    car.add_impulse(forward(car) * (4.0 * car.get_physics_control().mass))
    bench.tick()
    assert speed(car) == pytest.approx(4.0, abs=0.4)


@pytest.mark.parametrize("how", ["impulse", "torque"])
def test_angular_impulse_and_torque_turn_a_car_in_the_air(bench: Bench, how: str) -> None:
    car = bench.car()
    car.set_enable_gravity(False)
    car.set_transform(bench.ahead(car.get_transform(), 0.0, up_m=10.0))
    bench.tick()
    if how == "impulse":
        car.add_angular_impulse(carla.Vector3D(0.0, 0.0, 3000.0))
    else:
        # Not car.add_torque: this client sends it as an angular impulse.
        torque = carla.command.ApplyTorque(car.id, carla.Vector3D(0.0, 0.0, 3000.0 / DELTA_S))
        assert not bench.client.apply_batch_sync([torque])[0].has_error()
    bench.tick()
    assert 20.0 < car.get_angular_velocity().z < 120.0


def test_without_gravity_a_car_stays_in_the_air(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=5.0)
    car = bench.spawn(CAR, place)
    car.set_enable_gravity(False)
    bench.seconds(3.0)
    assert car.get_location().z == pytest.approx(place.location.z, abs=0.05)
    car.set_enable_gravity(True)
    bench.seconds(3.0)
    assert car.get_location().z < place.location.z - 3.0


def test_a_pushed_prop_slides_and_comes_to_rest(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=0.1)
    box = bench.spawn("static.prop.box01", place)
    box.set_simulate_physics(True)
    bench.seconds(1.0)
    before = box.get_location()
    box.set_target_velocity(place.get_forward_vector() * 4.0)
    bench.seconds(3.0)
    assert 0.3 < flat_distance(box.get_location(), before) < 6.0
    assert box.get_velocity().length() < 0.05


def test_a_prop_without_physics_hangs_where_it_is(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=4.0)
    cone = bench.spawn("static.prop.constructioncone", place)
    bench.seconds(2.0)
    assert cone.get_location().distance(place.location) < 1e-3


# -- physics control ---------------------------------------------------------------------------------------------


def test_physics_control_comes_back_as_set(bench: Bench) -> None:
    car = bench.car()
    wanted = car.get_physics_control()
    wanted.mass = 1777.0
    wanted.max_rpm = 4321.0
    wanted.drag_coefficient = 0.45
    wanted.final_ratio = 3.5
    wanted.torque_curve = [carla.Vector2D(0.0, 300.0), carla.Vector2D(2000.0, 500.0), carla.Vector2D(4000.0, 100.0)]
    wanted.steering_curve = [carla.Vector2D(0.0, 1.0), carla.Vector2D(60.0, 0.5)]
    wanted.use_sweep_wheel_collision = True
    wanted.center_of_mass = carla.Vector3D(0.25, 0.0, -0.25)
    wheels = wanted.wheels
    for wheel in wheels:
        wheel.tire_friction = 2.5
        wheel.max_brake_torque = 1250.0
    wanted.wheels = wheels
    car.apply_physics_control(wanted)
    got = car.get_physics_control()
    for name in ("mass", "max_rpm", "drag_coefficient", "final_ratio", "use_sweep_wheel_collision"):
        assert getattr(got, name) == pytest.approx(getattr(wanted, name)), name
    assert [(point.x, point.y) for point in got.torque_curve] == [(0.0, 300.0), (2000.0, 500.0), (4000.0, 100.0)]
    assert [(point.x, point.y) for point in got.steering_curve] == [(0.0, 1.0), (60.0, 0.5)]
    assert (got.center_of_mass.x, got.center_of_mass.z) == (0.25, -0.25)
    assert [wheel.tire_friction for wheel in got.wheels] == [2.5] * 4
    assert [wheel.max_brake_torque for wheel in got.wheels] == [1250.0] * 4
    assert len(got.forward_gears) == len(wanted.forward_gears) > 3


def test_wheel_positions_are_centimetres_in_the_world(bench: Bench) -> None:
    car = bench.car()
    wheels = car.get_physics_control().wheels
    assert 25.0 < wheels[0].radius < 45.0
    place = car.get_transform()
    for k, (front, right) in enumerate([(1, -1), (1, 1), (-1, -1), (-1, 1)]):
        at = wheels[k].position
        local = place.inverse_transform(carla.Location(at.x / 100.0, at.y / 100.0, at.z / 100.0))
        assert local.x * front > 0.8, k
        assert local.y * right > 0.5, k


def test_more_torque_drives_faster(bench: Bench) -> None:
    reached = []
    for factor in (1.0, 1.5):
        car = bench.car()
        physics = car.get_physics_control()
        physics.torque_curve = [carla.Vector2D(p.x, factor * p.y) for p in physics.torque_curve]
        car.apply_physics_control(physics)
        car.apply_control(carla.VehicleControl(throttle=0.75))
        bench.seconds(3.0)
        reached.append(speed(car))
        bench.destroy(car)
    assert reached[1] > 1.15 * reached[0]


def test_without_friction_nothing_slows_a_forced_velocity(bench: Bench) -> None:
    """scenario_runner's velocity control sets tire_friction 0 on all wheels first."""
    car = bench.car()
    physics = car.get_physics_control()
    wheels = physics.wheels
    for wheel in wheels:
        wheel.tire_friction = 0.0
    physics.wheels = wheels
    car.apply_physics_control(physics)
    car.set_target_velocity(forward(car) * 6.0)
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(2.0)
    assert speed(car) > 5.0


def test_a_friction_volume_acts_inside_only(bench: Bench) -> None:
    """Extents are half sizes in centimetres."""

    def stopping_distance(place: carla.Transform) -> float:
        car = bench.car(place)
        car.set_target_velocity(forward(car) * 10.0)
        car.apply_control(carla.VehicleControl(brake=1.0))
        before = car.get_location()
        bench.seconds(8.0)
        way = flat_distance(car.get_location(), before)
        bench.destroy(car)
        return way

    place, elsewhere = bench.straight(), bench.straight(number=40)
    assert flat_distance(place.location, elsewhere.location) > 110.0
    dry = stopping_distance(place)
    extent = {"extent_x": "8000.0", "extent_y": "8000.0", "extent_z": "1000.0"}
    trigger = bench.spawn("static.trigger.friction", place, friction="0.4", **extent)
    bench.tick()
    assert stopping_distance(place) > 1.5 * dry
    assert stopping_distance(elsewhere) == pytest.approx(dry, rel=0.1)
    trigger.destroy()
    bench.tick()
    assert stopping_distance(place) == pytest.approx(dry, rel=0.1)


# -- lights and doors --------------------------------------------------------------------------------------------


def test_lights_come_back_as_set(bench: Bench) -> None:
    car = bench.car()
    state = carla.VehicleLightState
    assert car.get_light_state() == state.NONE
    for wanted in (
        state.Position | state.LowBeam,
        state.Special1 | state.Special2,
        state.RightBlinker | state.LeftBlinker,
        state.NONE,
    ):
        car.set_light_state(carla.VehicleLightState(wanted))
        assert car.get_light_state() == wanted


def test_all_lights_may_be_asked_for(bench: Bench) -> None:
    car = bench.car()
    car.set_light_state(carla.VehicleLightState.All)
    assert int(car.get_light_state()) & 0x7FF == 0x7FF


def test_lights_of_all_vehicles_are_told_at_once(bench: Bench) -> None:
    first = bench.car()
    second = bench.car(bench.straight(number=1))
    second.set_light_state(carla.VehicleLightState.Fog)
    bench.tick()
    states = bench.world.get_vehicles_light_states()
    assert {first.id, second.id} == set(states)
    assert states[second.id] == carla.VehicleLightState.Fog


def test_doors_open_and_close(bench: Bench) -> None:
    car = bench.car()
    for door in (carla.VehicleDoor.FL, carla.VehicleDoor.RR, carla.VehicleDoor.All):
        car.open_door(door)
        bench.tick()
        car.close_door(door)
        bench.tick()
    assert car.get_velocity().length() < 0.05


def test_the_debug_telemetry_is_accepted(bench: Bench) -> None:
    car = bench.car()
    car.show_debug_telemetry(True)
    car.restore_physx_physics()
    bench.tick()


# -- collisions --------------------------------------------------------------------------------------------------


def test_a_crash_is_told_to_both_sides_with_impulses_by_mass(bench: Bench) -> None:
    place = bench.straight()
    front = bench.car(bench.ahead(place, 25.0))
    rear = bench.car(place)
    of_front = bench.sensor("sensor.other.collision", front)
    of_rear = bench.sensor("sensor.other.collision", rear)
    rear.set_target_velocity(place.get_forward_vector() * 12.0)
    rear.apply_control(carla.VehicleControl(throttle=0.5))
    bench.seconds(4.0)
    a, b = of_front.get(), of_rear.get()
    assert a.frame == b.frame
    assert (a.actor.id, a.other_actor.id) == (front.id, rear.id)
    assert (b.actor.id, b.other_actor.id) == (rear.id, front.id)
    assert b.other_actor.type_id == CAR
    assert a.normal_impulse.length() == pytest.approx(b.normal_impulse.length(), rel=1e-3)
    assert a.normal_impulse.dot(place.get_forward_vector()) > 1000.0
    assert b.normal_impulse.dot(place.get_forward_vector()) < -1000.0
    assert flat_distance(front.get_location(), bench.ahead(place, 25.0).location) > 0.5


def test_a_pair_in_contact_is_told_once_in_a_frame(bench: Bench) -> None:
    place = bench.straight()
    front = bench.car(bench.ahead(place, 12.0))
    front.apply_control(carla.VehicleControl(hand_brake=True))
    rear = bench.car(place)
    inbox = bench.sensor("sensor.other.collision", rear)
    rear.apply_control(carla.VehicleControl(throttle=1.0))
    bench.seconds(4.0)
    frames = [event.frame for event in inbox.drain()]
    assert frames
    assert len(frames) == len(set(frames))


@pytest.mark.parametrize(("type_id", "up_m"), [("walker.pedestrian.0001", 1.2), ("static.prop.vendingmachine", 0.0)])
def test_walkers_and_props_are_hit_under_their_own_names(bench: Bench, type_id: str, up_m: float) -> None:
    place = bench.straight()
    met = bench.spawn(type_id, bench.ahead(place, 20.0, up_m=up_m))
    car = bench.car(place)
    inbox = bench.sensor("sensor.other.collision", car)
    car.set_target_velocity(place.get_forward_vector() * 10.0)
    car.apply_control(carla.VehicleControl(throttle=0.5))
    bench.seconds(4.0)
    event = inbox.get()
    assert (event.other_actor.id, event.other_actor.type_id) == (met.id, type_id)


def test_a_building_is_hit_as_static_building_with_id_0(bench: Bench) -> None:
    """The leaderboard tells what was hit by words in the type id."""
    boxes = bench.world.get_environment_objects(carla.CityObjectLabel.Buildings)
    point, side = bench.facing_building(boxes)
    car = bench.spawn(CAR, carla.Transform(point, carla.Rotation(yaw=side)))
    inbox = bench.sensor("sensor.other.collision", car)
    bench.seconds(1.0)
    car.enable_constant_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    bench.seconds(4.0)
    event = inbox.get()
    assert event.other_actor.type_id == "static.building"
    assert event.other_actor.id == 0
