"""Stop signs, yield signs and speed limits as actors with trigger volumes (needs A7, B4, B7, C11)."""

from collections.abc import Iterator

import carla
import pytest

from tests.contract.support import CAR, Bench, flat_distance

pytestmark = [pytest.mark.embedded, pytest.mark.loads_maps]

SIGNAL_TYPES = {"traffic.stop": "206", "traffic.yield": "205", "traffic.speed_limit": "274"}


@pytest.fixture
def orchard(client: carla.Client, bench: Bench) -> Iterator[Bench]:
    """A residential town of ours with all three kinds of sign."""
    before = bench.map.name.split("/")[-1]
    yield Bench(client, client.load_world("Orchard", reset_settings=False))
    client.load_world(before, reset_settings=False)


def signs(bench: Bench, prefix: str) -> list[carla.TrafficSign]:
    bench.tick()
    found = list(bench.world.get_actors().filter(f"*{prefix}*"))
    assert found, f"{bench.map.name} has no {prefix}"
    return found


def centre_of(sign: carla.TrafficSign) -> carla.Location:
    place: carla.Location = sign.get_transform().transform(sign.trigger_volume.location)
    return place


def test_every_sign_joins_its_landmark(orchard: Bench) -> None:
    for prefix, number in SIGNAL_TYPES.items():
        actors = {sign.id for sign in signs(orchard, prefix)}
        landmarks = orchard.map.get_all_landmarks_of_type(number)
        assert landmarks
        assert {orchard.world.get_traffic_sign(landmark).id for landmark in landmarks} == actors


def test_stop_and_yield_volumes_lie_on_the_lane_before_the_junction(orchard: Bench) -> None:
    for sign in [*signs(orchard, "traffic.stop"), *signs(orchard, "traffic.yield")]:
        centre = centre_of(sign)
        waypoint = orchard.map.get_waypoint(centre)
        assert flat_distance(waypoint.transform.location, centre) < 1.0, sign.id
        assert not waypoint.is_junction, sign.id
        assert any(ahead.is_junction for ahead in waypoint.next(15.0)), sign.id


def test_stop_volumes_are_square_enough_for_all_who_read_them(orchard: Bench) -> None:
    """The leaderboard takes them as axis aligned in the world, so a thin box would be missed from some directions."""
    for sign in signs(orchard, "traffic.stop"):
        extent = sign.trigger_volume.extent
        assert min(extent.x, extent.y) >= 0.75, sign.id
        assert max(extent.x, extent.y) <= 3.0 * min(extent.x, extent.y), sign.id


def test_a_car_on_its_way_is_inside_the_stop_volume_for_the_leaderboard(orchard: Bench) -> None:
    """Its test: a waypoint up to 4 m ahead in the box scaled by 1.2, not turned, whose centre is within 4 m."""
    for sign in signs(orchard, "traffic.stop"):
        centre, extent = centre_of(sign), sign.trigger_volume.extent
        waypoint = orchard.map.get_waypoint(centre)
        inside = [
            step.transform.location
            for step in [*waypoint.previous_until_lane_start(0.5)[:12], waypoint, *waypoint.next(1.0)]
            if abs(step.transform.location.x - centre.x) < 1.2 * extent.x
            and abs(step.transform.location.y - centre.y) < 1.2 * extent.y
        ]
        assert inside, sign.id


def test_the_speed_limit_of_a_car_is_that_of_the_sign_it_passed(orchard: Bench) -> None:
    passed = 0
    for point in orchard.map.get_spawn_points():
        for landmark in orchard.map.get_waypoint(point.location).get_landmarks_of_type(60.0, "274", True):
            behind = landmark.waypoint.next(10.0)
            if not behind or behind[0].is_junction:
                continue
            place = behind[0].transform
            place.location.z += 0.3
            car = orchard.spawn(CAR, place)
            orchard.tick(2)
            assert car.get_speed_limit() == pytest.approx(landmark.value), landmark.id
            orchard.destroy(car)
            passed += 1
    assert passed > 5


def test_speed_limit_actors_are_named_for_their_value(orchard: Bench) -> None:
    for landmark in orchard.map.get_all_landmarks_of_type("274"):
        sign = orchard.world.get_traffic_sign(landmark)
        assert sign.type_id == f"traffic.speed_limit.{round(landmark.value)}"
        assert sign.trigger_volume.extent.x > 0.3
        assert landmark.unit == "km/h"


def test_landmarks_tell_speed_limits_to_agents(orchard: Bench) -> None:
    found = [
        landmark.value
        for point in orchard.map.get_spawn_points()
        for landmark in orchard.map.get_waypoint(point.location).get_landmarks_of_type(200.0, "274", False)
    ]
    assert found
    assert set(found) <= {30.0, 40.0, 50.0, 60.0, 90.0, 100.0, 120.0, 130.0}
