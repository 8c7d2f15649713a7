"""Traffic lights: groups, times, states, stop lines and landmarks agree (sections 6a and 7, needs A7, B2, B4, C12)."""

from collections import defaultdict

import carla
import pytest

from tests.contract.support import CAR, DELTA_S, Bench, flat_distance, yaw_difference

RED, YELLOW, GREEN, OFF = (getattr(carla.TrafficLightState, name) for name in ("Red", "Yellow", "Green", "Off"))
LIGHT_SIGNAL = "1000001"
Lane = tuple[int, int]


def lights_of(bench: Bench) -> list[carla.TrafficLight]:
    lights = list(bench.world.get_actors().filter("traffic.traffic_light"))
    assert lights
    return lights


def group_of(bench: Bench) -> list[carla.TrafficLight]:
    """The lights of a junction where at least two controllers take turns."""
    for light in lights_of(bench):
        group = light.get_group_traffic_lights()
        if len({one.get_state() for one in group}) > 1:
            return group
    raise AssertionError("no junction whose lights take turns")


def lanes_of(light: carla.TrafficLight) -> set[Lane]:
    return {(waypoint.road_id, waypoint.lane_id) for waypoint in light.get_stop_waypoints()}


def lanes_into(junction: carla.Junction) -> dict[Lane, carla.Waypoint]:
    """The driving lanes that end at a junction, by road and lane, each with its last waypoint."""
    lanes = {}
    for start, _ in junction.get_waypoints(carla.LaneType.Driving):
        for before in start.previous(1.0):
            if not before.is_junction:
                lanes[before.road_id, before.lane_id] = before
    return lanes


def hold(light: carla.TrafficLight, state: carla.TrafficLightState) -> None:
    """What scenario_runner does to keep a light as it is."""
    light.set_state(state)
    light.set_green_time(10_000.0)
    light.set_yellow_time(10_000.0)
    light.set_red_time(10_000.0)


# -- the cycle ---------------------------------------------------------------------------------------------------


def test_one_controller_of_a_junction_is_green_at_a_time_and_each_has_its_turn(bench: Bench) -> None:
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    greens: set[frozenset[int]] = set()
    for _ in range(round(70.0 / DELTA_S)):
        bench.tick()
        states = {light.id: light.get_state() for light in group}
        green = frozenset(number for number, state in states.items() if state == GREEN)
        if green:
            greens.add(green)
            assert all(state == RED for number, state in states.items() if number not in green)
    assert len(greens) >= 2
    assert sum(len(green) for green in greens) == len(frozenset().union(*greens))
    assert frozenset().union(*greens) == {light.id for light in group}


def test_a_light_is_green_10_yellow_3_seconds_as_it_says(bench: Bench) -> None:
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    light = next(light for light in group if light.get_state() == GREEN)
    assert (light.get_green_time(), light.get_yellow_time(), light.get_red_time()) == (10.0, 3.0, 2.0)
    lasted: dict[carla.TrafficLightState, int] = defaultdict(int)
    while light.get_state() != RED:
        lasted[light.get_state()] += 1
        bench.tick()
    assert lasted[GREEN] * DELTA_S == pytest.approx(10.0, abs=0.11)
    assert lasted[YELLOW] * DELTA_S == pytest.approx(3.0, abs=0.06)


def test_the_elapsed_time_grows_and_starts_anew(bench: Bench) -> None:
    light = group_of(bench)[0]
    bench.world.reset_all_traffic_lights()
    bench.tick()
    before = light.get_elapsed_time()
    bench.seconds(2.0)
    assert light.get_elapsed_time() - before == pytest.approx(2.0, abs=0.01)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    assert light.get_elapsed_time() < 0.2


def test_times_come_back_as_set_and_are_kept_to(bench: Bench) -> None:
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    light = next(light for light in group if light.get_state() == GREEN)
    before = light.get_green_time(), light.get_yellow_time(), light.get_red_time()
    light.set_green_time(1.5)
    light.set_yellow_time(0.5)
    light.set_red_time(0.25)
    bench.tick()
    assert (light.get_green_time(), light.get_yellow_time(), light.get_red_time()) == (1.5, 0.5, 0.25)
    light.reset_group()
    greens = 0
    bench.tick()
    while light.get_state() == GREEN:
        greens += 1
        bench.tick()
    assert greens * DELTA_S == pytest.approx(1.5, abs=0.11)
    light.set_green_time(before[0])
    light.set_yellow_time(before[1])
    light.set_red_time(before[2])


def test_times_belong_to_the_controller(bench: Bench) -> None:
    """So they change for all its lights, and scenario_runner puts them back for all."""
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    first = next(light for light in group if light.get_state() == GREEN)
    first.set_green_time(17.0)
    bench.tick()
    together = {light.id for light in group if light.get_state() == GREEN}
    assert {light.id for light in group if light.get_green_time() == 17.0} == together
    first.set_green_time(10.0)
    bench.tick()


def test_a_state_that_was_set_is_in_the_next_state_and_holds(bench: Bench) -> None:
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    light = next(light for light in group if light.get_state() == RED)
    light.set_state(GREEN)
    bench.tick()
    assert light.get_state() == GREEN
    bench.seconds(3.0)
    assert light.get_state() == GREEN


def test_any_state_may_be_set(bench: Bench) -> None:
    light = group_of(bench)[0]
    for state in (RED, YELLOW, GREEN, OFF, carla.TrafficLightState.Unknown):
        light.set_state(state)
        bench.tick()
        assert light.get_state() == state


def test_a_light_is_held_as_scenario_runner_does(bench: Bench) -> None:
    group = group_of(bench)
    times = [(light.get_green_time(), light.get_yellow_time(), light.get_red_time()) for light in group]
    for k, light in enumerate(group):
        hold(light, GREEN if k == 0 else RED)
    for _ in range(60):
        bench.seconds(1.0)
        assert [light.get_state() for light in group] == [GREEN] + [RED] * (len(group) - 1)
    for light, (green, yellow, red) in zip(group, times, strict=True):
        light.set_green_time(green)
        light.set_yellow_time(yellow)
        light.set_red_time(red)
    bench.tick()


def test_frozen_lights_keep_their_state_until_thawed(bench: Bench) -> None:
    lights = lights_of(bench)
    lights[0].freeze(True)  # freezes all lights, as the client's documentation says
    bench.tick()
    assert all(light.is_frozen() for light in lights)
    before = [light.get_state() for light in lights]
    bench.seconds(30.0)
    assert [light.get_state() for light in lights] == before
    bench.world.freeze_all_traffic_lights(False)
    bench.seconds(20.0)
    assert not any(light.is_frozen() for light in lights)
    assert [light.get_state() for light in lights] != before


def test_a_state_may_be_set_while_frozen(bench: Bench) -> None:
    light = lights_of(bench)[0]
    bench.world.freeze_all_traffic_lights(True)
    light.set_state(OFF)
    bench.seconds(15.0)
    assert light.get_state() == OFF


def test_resetting_a_group_starts_its_cycle_anew(bench: Bench) -> None:
    group = group_of(bench)
    bench.world.reset_all_traffic_lights()
    bench.tick()
    start = [light.get_state() for light in group]
    bench.seconds(16.0)
    assert [light.get_state() for light in group] != start
    group[0].reset_group()
    bench.tick()
    assert [light.get_state() for light in group] == start


# -- where they are ----------------------------------------------------------------------------------------------


def test_a_group_holds_the_light_itself_and_is_the_same_for_all_its_members(bench: Bench) -> None:
    for light in lights_of(bench):
        group = {one.id for one in light.get_group_traffic_lights()}
        assert light.id in group
        for other in light.get_group_traffic_lights():
            assert {one.id for one in other.get_group_traffic_lights()} == group


def test_every_light_is_found_by_its_opendrive_id(bench: Bench) -> None:
    lights = lights_of(bench)
    ids = [light.get_opendrive_id() for light in lights]
    assert len(set(ids)) == len(ids)
    for light, number in zip(lights, ids, strict=True):
        assert bench.world.get_traffic_light_from_opendrive_id(number).id == light.id


def test_every_landmark_of_a_light_has_its_actor(bench: Bench) -> None:
    landmarks = bench.map.get_all_landmarks_of_type(LIGHT_SIGNAL)
    found = {bench.world.get_traffic_light(landmark).id for landmark in landmarks}
    assert found == {light.id for light in lights_of(bench)}
    for landmark in landmarks:
        assert bench.world.get_traffic_light(landmark).get_opendrive_id() == landmark.id


def test_every_light_has_stop_waypoints_on_lanes_that_end_at_its_junction(bench: Bench) -> None:
    for light in lights_of(bench):
        waypoints = light.get_stop_waypoints()
        assert waypoints, light.id
        for waypoint in waypoints:
            assert waypoint.lane_type == carla.LaneType.Driving
            ahead = waypoint.next(12.0)
            assert waypoint.is_junction or any(one.is_junction for one in ahead), light.id


def test_affected_lanes_are_those_behind_the_stop_line(bench: Bench) -> None:
    for light in lights_of(bench):
        lanes = {(waypoint.road_id, waypoint.lane_id) for waypoint in light.get_affected_lane_waypoints()}
        assert lanes, light.id


def test_a_waypoint_before_a_junction_finds_the_light_that_rules_its_lane(bench: Bench) -> None:
    for light in lights_of(bench):
        for stop in light.get_stop_waypoints():
            before = stop.previous(10.0)
            if before and not before[0].is_junction:
                found = bench.world.get_traffic_lights_from_waypoint(before[0], 30.0)
                assert light.id in {one.id for one in found}


def test_lights_in_a_junction_are_those_that_rule_its_approaches(bench: Bench) -> None:
    for light in lights_of(bench):
        stop = light.get_stop_waypoints()[0]
        ahead = stop
        while not ahead.is_junction:
            ahead = ahead.next(2.0)[0]
        found = {one.id for one in bench.world.get_traffic_lights_in_junction(ahead.get_junction().id)}
        assert light.id in found
        assert found <= {one.id for one in light.get_group_traffic_lights()}


def test_every_approach_of_a_signalised_junction_has_a_light_at_its_end(bench: Bench) -> None:
    """scenario_runner takes get_landmarks_of_type(distance + 1, '1000001')[0] without looking whether there is one."""
    checked = 0
    for light in lights_of(bench):
        ahead = light.get_stop_waypoints()[0]
        while not ahead.is_junction:
            ahead = ahead.next(2.0)[0]
        for waypoint in lanes_into(ahead.get_junction()).values():
            before = waypoint.previous(15.0)
            if before and not before[0].is_junction and before[0].lane_type == carla.LaneType.Driving:
                distance = flat_distance(before[0].transform.location, waypoint.transform.location) + 1.0
                landmarks = before[0].get_landmarks_of_type(distance + 1.0, LIGHT_SIGNAL)
                assert landmarks, f"road {waypoint.road_id} lane {waypoint.lane_id}"
                assert bench.world.get_traffic_light(landmarks[0]) is not None
                checked += 1
    assert checked > 20


def test_the_local_x_of_a_light_runs_across_its_lanes(bench: Bench) -> None:
    """The leaderboard's red light test walks along it, from lane to lane."""
    for light in lights_of(bench):
        assert light.trigger_volume.extent.x > 0.4
        for waypoint in light.get_stop_waypoints():
            angle = yaw_difference(light.get_transform().rotation.yaw, waypoint.transform.rotation.yaw)
            assert abs(angle - 90.0) < 15.0, light.id


def leaderboard_stop_lanes(bench: Bench, light: carla.TrafficLight) -> set[Lane]:
    """The lanes for which the leaderboard's red light test holds a light responsible.

    Points a metre apart along the trigger box's local x, nine tenths of its extent to either side, turned by the
    actor's yaw; the waypoint at each is led on to the edge of the junction.
    """
    base = light.get_transform()
    centre = base.transform(light.trigger_volume.location)
    across = carla.Rotation(yaw=base.rotation.yaw).get_forward_vector()
    reach = 0.9 * light.trigger_volume.extent.x
    lanes = set()
    offset = -reach
    while offset < reach:
        waypoint = bench.map.get_waypoint(centre + carla.Location(across.x * offset, across.y * offset, 0.0))
        offset += 1.0
        while not waypoint.is_intersection:
            ahead = waypoint.next(0.5)
            if not ahead or ahead[0].is_intersection:
                break
            waypoint = ahead[0]
        lanes.add((waypoint.road_id, waypoint.lane_id))
    return lanes


def test_the_leaderboards_red_light_test_finds_the_stop_lanes(bench: Bench) -> None:
    for light in lights_of(bench):
        found = leaderboard_stop_lanes(bench, light)
        wanted = lanes_of(light)
        # A lane at the far side of the box's edge may lie between two of the points, a metre apart.
        assert found & wanted, light.id
        assert found <= wanted, light.id


def test_lights_have_lamps(bench: Bench) -> None:
    for light in lights_of(bench)[:8]:
        boxes = light.get_light_boxes()
        assert boxes
        assert all(flat_distance(box.location, light.get_location()) < 30.0 for box in boxes)
        assert light.get_pole_index() >= 0


# -- what cars know of them --------------------------------------------------------------------------------------


def approach(bench: Bench) -> tuple[carla.TrafficLight, carla.Waypoint]:
    """A light and a waypoint at its stop line on a lane with room behind."""
    for light in lights_of(bench):
        for stop in light.get_stop_waypoints():
            if not stop.is_junction and stop.previous(30.0) and not stop.previous(30.0)[0].is_junction:
                return light, stop
    raise AssertionError("no light with 30 m of lane before it")


@pytest.mark.parametrize("state", [RED, YELLOW, GREEN])
def test_a_car_at_its_stop_line_knows_its_light(bench: Bench, state: carla.TrafficLightState) -> None:
    light, stop = approach(bench)
    bench.world.freeze_all_traffic_lights(True)
    light.set_state(state)
    place = stop.transform
    place.location.z += 0.2
    car = bench.car(place)
    assert car.is_at_traffic_light()
    assert car.get_traffic_light().id == light.id
    assert car.get_traffic_light_state() == state


def test_a_car_far_from_any_light_has_none(bench: Bench) -> None:
    car = bench.car(bench.straight(100.0))
    assert not car.is_at_traffic_light()
    assert car.get_traffic_light() is None
    assert car.get_traffic_light_state() == GREEN


def test_the_state_in_the_record_of_a_car_follows_its_light(bench: Bench) -> None:
    light, stop = approach(bench)
    bench.world.freeze_all_traffic_lights(True)
    light.set_state(RED)
    place = stop.transform
    place.location.z += 0.2
    car = bench.spawn(CAR, place)
    bench.seconds(1.0)
    assert car.get_traffic_light_state() == RED
    light.set_state(GREEN)
    bench.tick()
    assert car.get_traffic_light_state() == GREEN
