"""The client's Traffic Manager drives, in every flow that public code uses (needs B1, B3, B5, C13, C17)."""

import subprocess
import sys
import time

import carla
import pytest

from tests.contract.support import (
    CAR,
    DELTA_S,
    Address,
    Bench,
    flat_distance,
    free_port,
    yaw_difference,
)

command = carla.command


def traffic(bench: Bench, manager: carla.TrafficManager, count: int) -> list[carla.Vehicle]:
    """As generate_traffic spawns it: one batch with futures, then a tick."""
    taken = [car.get_location() for car in bench.world.get_actors().filter("vehicle.*")]
    points = [
        point for point in bench.map.get_spawn_points() if all(point.location.distance(place) > 10.0 for place in taken)
    ]
    points = points[:: max(1, len(points) // count)][:count]
    models = [
        blueprint
        for blueprint in bench.library.filter("vehicle.*")
        if blueprint.get_attribute("base_type").as_str() == "car"
    ]
    spawns = [
        command.SpawnActor(models[k % len(models)], point).then(
            command.SetAutopilot(command.FutureActor, True, manager.get_port())
        )
        for k, point in enumerate(points)
    ]
    responses = bench.client.apply_batch_sync(spawns, True)
    assert not [response.error for response in responses if response.has_error()]
    bench.tick()
    return list(bench.world.get_actors([response.actor_id for response in responses]))


def one(bench: Bench, manager: carla.TrafficManager, place: carla.Transform | None = None) -> carla.Vehicle:
    car = bench.car(place)
    car.set_autopilot(True, manager.get_port())
    return car


def ways(bench: Bench, cars: list[carla.Vehicle], seconds: float) -> list[float]:
    """How far each drives in this time."""
    last = [car.get_location() for car in cars]
    way = [0.0] * len(cars)
    for _ in range(round(seconds / DELTA_S)):
        bench.tick()
        for k, car in enumerate(cars):
            place = car.get_location()
            way[k] += flat_distance(place, last[k])
            last[k] = place
    return way


def test_twenty_cars_drive_in_a_synchronous_world(bench: Bench, manager: carla.TrafficManager) -> None:
    cars = traffic(bench, manager, 20)
    inboxes = [bench.sensor("sensor.other.collision", car) for car in cars]
    way = ways(bench, cars, 40.0)
    assert sum(metres > 30.0 for metres in way) >= 15, way
    assert sum(way) > 20 * 80.0
    for car in cars:
        waypoint = bench.map.get_waypoint(car.get_location())
        assert flat_distance(waypoint.transform.location, car.get_location()) < waypoint.lane_width
    assert not [event.other_actor.type_id for inbox in inboxes for event in inbox.drain()]


def test_the_state_echoes_what_the_traffic_manager_controls(bench: Bench, manager: carla.TrafficManager) -> None:
    """Experts foresee other cars by their controls."""
    car = one(bench, manager)
    seen = set()
    for _ in range(100):
        bench.tick()
        control = car.get_control()
        seen.add(round(control.throttle, 3))
        assert control.gear >= 0
    assert len(seen) > 3
    assert max(seen) > 0.3
    assert car.get_control().gear >= 1


def test_cars_keep_to_the_speed_limit_of_their_road(bench: Bench, manager: carla.TrafficManager) -> None:
    car = one(bench, manager, bench.straight(120.0))
    fastest = 0.0
    for _ in range(160):
        bench.tick()
        fastest = max(fastest, 3.6 * car.get_velocity().length())
    limit = car.get_speed_limit()
    # By default it drives at the limit.
    assert 0.7 * limit < fastest < 1.15 * limit


def test_a_red_light_stops_a_car_and_a_green_one_lets_it_go(bench: Bench, manager: carla.TrafficManager) -> None:
    light, stop = next(
        (light, stop)
        for light in bench.world.get_actors().filter("traffic.traffic_light")
        for stop in light.get_stop_waypoints()
        if stop.previous(40.0) and not stop.previous(40.0)[0].is_junction
    )
    bench.world.freeze_all_traffic_lights(True)
    for other in bench.world.get_actors().filter("traffic.traffic_light"):
        other.set_state(carla.TrafficLightState.Red)
    place = stop.previous(40.0)[0].transform
    place.location.z += 0.3
    car = one(bench, manager, place)
    bench.seconds(15.0)
    assert car.get_velocity().length() < 0.1
    assert car.is_at_traffic_light()
    assert car.get_traffic_light().id == light.id
    assert not bench.map.get_waypoint(car.get_transform().transform(carla.Location(x=2.4))).is_junction
    standing = car.get_location()
    light.set_state(carla.TrafficLightState.Green)
    bench.seconds(10.0)
    assert flat_distance(car.get_location(), standing) > 20.0


def test_a_car_told_to_ignore_lights_drives_on(bench: Bench, manager: carla.TrafficManager) -> None:
    stop = next(
        stop
        for light in bench.world.get_actors().filter("traffic.traffic_light")
        for stop in light.get_stop_waypoints()
        if stop.previous(40.0) and not stop.previous(40.0)[0].is_junction
    )
    bench.world.freeze_all_traffic_lights(True)
    for other in bench.world.get_actors().filter("traffic.traffic_light"):
        other.set_state(carla.TrafficLightState.Red)
    place = stop.previous(40.0)[0].transform
    place.location.z += 0.3
    car = one(bench, manager, place)
    manager.ignore_lights_percentage(car, 100.0)
    assert min(ways(bench, [car], 12.0)) > 60.0


def test_a_speed_difference_of_100_percent_is_standing_still(bench: Bench, manager: carla.TrafficManager) -> None:
    car = one(bench, manager)
    bench.seconds(4.0)
    assert car.get_velocity().length() > 3.0
    manager.vehicle_percentage_speed_difference(car, 100.0)
    bench.seconds(6.0)
    assert car.get_velocity().length() < 0.1
    manager.vehicle_percentage_speed_difference(car, 50.0)
    bench.seconds(6.0)
    assert 3.6 * car.get_velocity().length() == pytest.approx(0.5 * car.get_speed_limit(), rel=0.25)


def test_a_desired_speed_is_driven(bench: Bench, manager: carla.TrafficManager) -> None:
    car = one(bench, manager, bench.straight(120.0))
    manager.set_desired_speed(car, 20.0)
    bench.seconds(7.0)
    assert 3.6 * car.get_velocity().length() == pytest.approx(20.0, abs=3.0)


def test_a_path_is_followed_through_junctions(bench: Bench, manager: carla.TrafficManager) -> None:
    """scenario_runner's flows give the way to drive."""
    start = bench.map.get_waypoint(bench.straight().location)
    path, waypoint = [], start
    for _ in range(60):
        ahead = waypoint.next(3.0)
        # Where the ways part, take the one that turns most: none that a car takes by chance every time.
        waypoint = max(
            ahead,
            key=lambda one: yaw_difference(one.next(12.0)[0].transform.rotation.yaw, waypoint.transform.rotation.yaw),
        )
        path.append(waypoint)
    car = one(bench, manager)
    manager.set_path(car, [waypoint.transform.location for waypoint in path])
    manager.ignore_lights_percentage(car, 100.0)
    manager.auto_lane_change(car, False)
    goal = path[-1].transform.location
    assert bench.until(lambda: flat_distance(car.get_location(), goal) < 8.0, 60.0)


def test_a_car_waits_behind_another_with_its_distance(bench: Bench, manager: carla.TrafficManager) -> None:
    place = bench.straight(100.0)
    block = bench.car(bench.ahead(place, 50.0))
    block.apply_control(carla.VehicleControl(hand_brake=True))
    car = one(bench, manager, place)
    manager.auto_lane_change(car, False)
    manager.distance_to_leading_vehicle(car, 6.0)
    inbox = bench.sensor("sensor.other.collision", car)
    bench.seconds(15.0)
    gap = flat_distance(car.get_location(), block.get_location()) - 2 * 2.446
    assert car.get_velocity().length() < 0.2
    assert 2.0 < gap < 20.0
    assert not inbox.drain()


def two_lanes(bench: Bench) -> carla.Transform:
    """A straight stretch with another lane of the same direction to its left."""
    for point in bench.straight_points(100.0):
        left = bench.map.get_waypoint(point.location).get_left_lane()
        if left is None or left.lane_type != carla.LaneType.Driving:
            continue
        if yaw_difference(left.transform.rotation.yaw, point.rotation.yaw) < 10.0:
            return point
    return pytest.skip(f"{bench.map.name} has no straight road with two lanes one way")


def test_a_forced_lane_change_is_made(bench: Bench, manager: carla.TrafficManager) -> None:
    place = two_lanes(bench)
    car = one(bench, manager, place)
    manager.auto_lane_change(car, False)
    bench.seconds(2.0)
    lane = bench.map.get_waypoint(car.get_location()).lane_id
    manager.force_lane_change(car, False)
    assert bench.until(lambda: bench.map.get_waypoint(car.get_location()).lane_id != lane, 8.0)


def test_background_traffic_is_set_up_as_scenario_runner_does(bench: Bench, manager: carla.TrafficManager) -> None:
    car = one(bench, manager)
    manager.auto_lane_change(car, False)
    manager.update_vehicle_lights(car, True)
    manager.distance_to_leading_vehicle(car, 10.0)
    manager.vehicle_lane_offset(car, 0.1)
    manager.global_percentage_speed_difference(10.0)
    manager.set_global_distance_to_leading_vehicle(3.0)
    manager.set_osm_mode(True)
    manager.set_respawn_dormant_vehicles(False)
    car.set_target_velocity(car.get_transform().get_forward_vector() * 8.0)
    bench.tick()
    assert car.get_velocity().length() > 6.0
    assert min(ways(bench, [car], 5.0)) > 25.0


def test_lights_that_the_traffic_manager_sets_can_be_read(bench: Bench, manager: carla.TrafficManager) -> None:
    bench.world.set_weather(carla.WeatherParameters.ClearNight)
    car = one(bench, manager)
    manager.update_vehicle_lights(car, True)
    bench.seconds(3.0)
    lights = int(car.get_light_state())
    assert lights & int(carla.VehicleLightState.LowBeam)
    assert lights & int(carla.VehicleLightState.Position)


def test_a_flow_drives_at_constant_velocity_until_something_is_hit(bench: Bench, manager: carla.TrafficManager) -> None:
    """Actor flows: autopilot, constant velocity and a collision sensor that ends it; no event may come by itself."""
    car = one(bench, manager, bench.straight(120.0))
    inbox = bench.sensor("sensor.other.collision", car)
    car.enable_constant_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    bench.seconds(6.0)
    assert car.get_velocity().length() == pytest.approx(10.0, abs=0.3)
    assert not inbox.drain()


def test_switched_off_the_car_obeys_its_user_again(bench: Bench, manager: carla.TrafficManager) -> None:
    car = one(bench, manager)
    bench.seconds(3.0)
    car.set_autopilot(False, manager.get_port())
    bench.tick()
    car.apply_control(carla.VehicleControl(brake=1.0))
    bench.seconds(3.0)
    assert car.get_velocity().length() < 0.05
    assert car.get_control().brake == 1.0


def test_cars_may_be_destroyed_while_they_drive(bench: Bench, manager: carla.TrafficManager) -> None:
    cars = traffic(bench, manager, 12)
    for _ in range(6):
        bench.seconds(1.0)
        bench.destroy(cars.pop())
    assert min(ways(bench, cars, 5.0)) >= 0.0
    assert len(bench.world.get_actors().filter("vehicle.*")) == 6


def test_hybrid_physics_moves_far_cars_without_physics(bench: Bench, manager: carla.TrafficManager) -> None:
    """Far from the hero the Traffic Manager teleports; cars that come near are driven again and do not fall."""
    hero = bench.car(role_name="hero")
    manager.set_hybrid_physics_mode(True)
    manager.set_hybrid_physics_radius(60.0)
    cars = traffic(bench, manager, 15)
    start = {car.id: car.get_location() for car in cars}
    bench.seconds(20.0)
    far = [car for car in cars if flat_distance(car.get_location(), hero.get_location()) > 60.0]
    assert len(far) >= 8
    moved = [flat_distance(car.get_location(), start[car.id]) for car in far]
    assert sum(metres > 20.0 for metres in moved) >= len(far) // 2
    for car in far:
        surface = bench.map.get_waypoint(car.get_location()).transform.location
        assert car.get_location().z == pytest.approx(surface.z, abs=0.6)
    # The hero comes to one of them.
    near = far[0]
    place = bench.map.get_waypoint(near.get_location()).previous(20.0)[0].transform
    place.location.z += 0.3
    hero.set_transform(place)
    bench.seconds(4.0)
    surface = bench.map.get_waypoint(near.get_location()).transform.location
    assert near.get_location().z == pytest.approx(surface.z, abs=0.2)
    assert near.get_velocity().length() < 20.0


@pytest.mark.parametrize("fixed_delta", [None, 0.05])
def test_cars_drive_in_an_asynchronous_world(
    bench: Bench, manager: carla.TrafficManager, fixed_delta: float | None
) -> None:
    manager.set_synchronous_mode(False)
    settings = bench.world.get_settings()
    settings.synchronous_mode = False
    settings.fixed_delta_seconds = fixed_delta
    bench.world.apply_settings(settings)
    points = bench.map.get_spawn_points()[::40]
    cars = [bench.spawn(CAR, point) for point in points]
    bench.world.wait_for_tick(5.0)
    for car in cars:
        car.set_autopilot(True, manager.get_port())
    start = [car.get_location() for car in cars]
    first = bench.world.get_snapshot().timestamp.elapsed_seconds
    while bench.world.get_snapshot().timestamp.elapsed_seconds - first < 4.0:
        bench.world.wait_for_tick(5.0)
    way = [flat_distance(car.get_location(), place) for car, place in zip(cars, start, strict=True)]
    assert sum(metres > 3.0 for metres in way) >= len(cars) // 2, way


def test_two_traffic_managers_drive_side_by_side(bench: Bench, manager: carla.TrafficManager) -> None:
    other = bench.client.get_trafficmanager(free_port())
    other.set_synchronous_mode(True)
    first = one(bench, manager)
    second = one(bench, other, bench.straight(number=5))
    try:
        assert min(ways(bench, [first, second], 5.0)) > 5.0
    finally:
        second.set_autopilot(False, other.get_port())
        bench.tick(2)
        other.set_synchronous_mode(False)
        other.shut_down()


DRIVE = """
import os, sys, carla
client = carla.Client(sys.argv[1], int(sys.argv[2]))
client.set_timeout(20.0)
manager = client.get_trafficmanager(int(sys.argv[3]))
car = client.get_world().get_actor(int(sys.argv[4]))
car.set_autopilot(True, manager.get_port())
manager.set_desired_speed(car, 18.0)
print("done", flush=True)
os._exit(0)
"""


def test_another_process_uses_a_running_traffic_manager(
    bench: Bench, manager: carla.TrafficManager, address: Address
) -> None:
    """One that is registered is asked for by its port; the one who asks makes none of its own."""
    car = bench.car(bench.straight(120.0))
    arguments = (*address, manager.get_port(), car.id)
    other = subprocess.run(
        [sys.executable, "-c", DRIVE, *map(str, arguments)], check=True, timeout=60, capture_output=True, text=True
    )
    assert other.stdout == "done\n"
    bench.seconds(7.0)
    assert 3.6 * car.get_velocity().length() == pytest.approx(18.0, abs=3.0)


REGISTER = """
import os, sys, carla
client = carla.Client(sys.argv[1], int(sys.argv[2]))
client.set_timeout(20.0)
client.get_trafficmanager(int(sys.argv[3])).set_random_device_seed(1)
os._exit(0)  # dies with its Traffic Manager registered
"""


def test_a_traffic_manager_that_died_is_forgotten(bench: Bench, address: Address) -> None:
    """Otherwise the next client on its port waits four seconds for it."""
    port = free_port()
    subprocess.run([sys.executable, "-c", REGISTER, *map(str, (*address, port))], check=True, timeout=60)
    started = time.monotonic()
    manager = bench.client.get_trafficmanager(port)
    assert time.monotonic() - started < 2.0
    manager.set_synchronous_mode(True)
    car = one(bench, manager)
    assert min(ways(bench, [car], 3.0)) > 2.0
    bench.destroy(car)
    bench.tick(2)
    manager.set_synchronous_mode(False)
    manager.shut_down()
