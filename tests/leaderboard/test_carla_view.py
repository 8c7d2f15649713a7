"""Views and maps over the official client, from the embedded simulator."""

from types import SimpleNamespace

import carla
import pytest

import simulator
from leaderboard.carla_map import CarlaMap, place_of, pose_of
from leaderboard.carla_view import TOLD_AFTER_TICKS, EgoObserver
from leaderboard.criteria.suite import CriteriaSuite
from leaderboard.criteria.view import LaneKind, Place
from leaderboard.launch.client import connect
from leaderboard.planning import plan_route
from leaderboard.profiles import profile_named
from scenarios.events import Category, CollisionStarted, Ignored

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def live():
    """Harbor in steps of 0.05 s."""
    with simulator.serve("Harbor") as server:
        client = connect(server.host, server.port, 60.0, in_order=True)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        world.apply_settings(settings)
        world.tick()
        yield SimpleNamespace(world=world, map=world.get_map(), drawn=CarlaMap.of_world(world))


@pytest.fixture
def spawn(live):
    """Cars that are gone after the test."""
    cars = []

    def at(waypoint, role="background", model="vehicle.tesla.model3"):
        blueprint = live.world.get_blueprint_library().find(model)
        blueprint.set_attribute("role_name", role)
        transform = waypoint.transform
        lifted = carla.Transform(transform.location + carla.Location(z=0.3), transform.rotation)
        cars.append(live.world.spawn_actor(blueprint, lifted))
        live.world.tick()
        return cars[-1]

    yield at
    for car in cars:
        car.destroy()
    live.world.tick()


@pytest.fixture
def road(live):
    """A waypoint with 80 m of straight road before it ends."""
    for waypoint in live.map.generate_waypoints(10.0):
        found = live.map.get_waypoint(waypoint.transform.location)
        ahead = waypoint.next(80.0)
        same_road = bool(ahead) and {found.road_id, ahead[0].road_id} == {waypoint.road_id}
        if same_road and abs(ahead[0].transform.rotation.yaw - waypoint.transform.rotation.yaw) < 0.1:
            return waypoint
    raise AssertionError("Harbor has a straight road")


def test_the_map_knows_its_town_and_lanes(live, road):
    assert live.drawn.name == "Harbor"
    location = road.transform.location
    lane = live.drawn.lane_at(place_of(location))
    assert (lane.road_id, lane.lane_id, lane.in_junction) == (road.road_id, road.lane_id, False)
    assert lane.width_m == pytest.approx(road.lane_width)
    assert lane.pose == pose_of(live.map.get_waypoint(location).transform)
    places = live.drawn.places_ahead(lane, 0.5, 8)
    assert len(places) == 8
    gaps = [carla.Location(*place).distance(location) for place in places]
    assert gaps == pytest.approx([0.5 * step for step in range(1, 9)], abs=0.02)
    parking = live.drawn.lane_at(place_of(location), LaneKind.PARKING)
    assert parking is not None
    assert (parking.road_id, parking.lane_id) != (lane.road_id, lane.lane_id)


def test_a_map_without_parking_lanes_is_asked_once():
    asked = []

    def get_waypoint(location, lane_type):
        asked.append(lane_type)

    drawn = CarlaMap(SimpleNamespace(get_waypoint=get_waypoint))
    assert [drawn.lane_at(Place(0.0, 0.0, 0.0), LaneKind.PARKING) for _ in range(3)] == [None] * 3
    assert asked == [carla.LaneType.Parking]


def test_lights_have_stop_lines_before_their_junctions(live):
    assert len(live.drawn.traffic_lights) > 10
    for light in live.drawn.traffic_lights:
        assert light.stop_lines
        for line in light.stop_lines:
            forward = line.pose.forward
            before, behind = (
                live.map.get_waypoint(
                    carla.Location(line.pose.x + metres * forward.x, line.pose.y + metres * forward.y, line.pose.z)
                )
                for metres in (-1.0, 1.0)
            )
            assert (before.road_id, before.lane_id, before.is_junction) == (line.road_id, line.lane_id, False)
            assert behind.is_junction


def test_a_view_holds_what_the_client_says(live, road, spawn):
    ego, other = spawn(road, "hero"), spawn(road.next(60.0)[0])
    observer = EgoObserver(live.world, ego, live.drawn)
    ego.apply_control(carla.VehicleControl(throttle=0.6))
    for expected in range(30):
        live.world.tick()
        snapshot = live.world.get_snapshot()
        view = observer.view(snapshot, traffic=[other])
        assert view.frame == expected
        assert view.time_s == pytest.approx(expected * 0.05, abs=1e-5)
    observer.close()
    observer.close()
    assert view.ego == pose_of(snapshot.find(ego.id).get_transform())
    assert view.speed_mps > 2.0
    assert view.velocity_mps == place_of(snapshot.find(ego.id).get_velocity())
    assert view.half_length_m == ego.bounding_box.extent.x
    assert view.speed_limit_kmh == ego.get_speed_limit()
    assert (view.lane.road_id, view.lane.lane_id) == (road.road_id, road.lane_id)
    assert view.traffic_speeds_mps == pytest.approx([0.0], abs=0.05)
    assert view.contacts == ()
    live.world.tick()
    assert not list(live.world.get_actors().filter("sensor.*"))


def test_red_lights_are_those_nearby(live, spawn):
    light = live.drawn.traffic_lights[0]
    line = live.map.get_waypoint(carla.Location(*light.stop_lines[0].pose[:3]))
    actor = live.world.get_actor(light.id)
    ego = spawn(line.previous(6.0)[0], "hero")
    observer = EgoObserver(live.world, ego, live.drawn)
    seen = {}
    for state in (carla.TrafficLightState.Red, carla.TrafficLightState.Green):
        actor.set_state(state)
        actor.freeze(True)
        live.world.tick()
        seen[state] = light.id in observer.view(live.world.get_snapshot()).red_lights
    actor.freeze(False)
    observer.close()
    assert seen == {carla.TrafficLightState.Red: True, carla.TrafficLightState.Green: False}
    assert len(live.drawn.traffic_lights) > 40


def test_a_crash_is_told_by_where_the_ego_was_just_before(live, road, spawn):
    ego, other = spawn(road, "hero"), spawn(road.next(14.0)[0])
    plan = plan_route(live.map, [place_of(road.transform.location), place_of(road.next(70.0)[0].transform.location)])
    suite = CriteriaSuite(profile_named("lb2.1"), [pose_of(point) for point, _ in plan.world], live.drawn)
    observer = EgoObserver(live.world, ego, live.drawn)
    ego.apply_control(carla.VehicleControl(throttle=0.8))
    places, events, contacts = {}, [], []
    for _ in range(80):
        live.world.tick()
        view = observer.view(live.world.get_snapshot())
        places[view.frame] = (view.ego.place, view.speed_mps)
        contacts += [(view.frame, contact) for contact in view.contacts]
        events += suite.update(view)
    for _ in range(TOLD_AFTER_TICKS):
        live.world.tick()
    events += suite.end(observer.last_contacts(79))
    observer.close()
    crashes = [event for event in events if isinstance(event, CollisionStarted)]
    first = crashes[0]
    assert (first.category, first.role, first.type_id) == (Category.VEHICLE, "background", "vehicle.tesla.model3")
    assert (first.other_id, first.counted) == (other.id, True)
    assert first.impulse_ns > 100.0
    assert (first.place, first.ego_speed_mps) == places[first.frame - 1]
    assert first.ego_speed_mps > 3.0
    # Told with the same view after, always.
    assert {seen - contact.frame for seen, contact in contacts} == {TOLD_AFTER_TICKS}
    assert {crash.ignored for crash in crashes[1:]} <= {Ignored.SAME_ACTOR, Ignored.SAME_PLACE, Ignored.EGO_STOOD}


def test_a_contact_of_a_tick_that_had_no_view_is_told_and_later_ones_are_not(live, road, spawn):
    """An agent may raise in the very tick in which it hits something."""
    ego, _ = spawn(road, "hero"), spawn(road.next(14.0)[0])
    observer = EgoObserver(live.world, ego, live.drawn)
    felt = []
    sensor = live.world.spawn_actor(
        live.world.get_blueprint_library().find("sensor.other.collision"), carla.Transform(), attach_to=ego
    )
    sensor.listen(felt.append)
    ego.apply_control(carla.VehicleControl(throttle=0.8))
    first = live.world.tick()
    observer.view(live.world.get_snapshot())
    for _ in range(80):
        live.world.tick()
    sensor.destroy()
    frames = sorted({event.frame - first for event in felt})
    assert len(frames) > 1
    (contact, *_) = told = observer.last_contacts(frames[0])
    observer.close()
    assert {contact.frame for contact in told} == {frames[0]}
    assert contact.time_s == pytest.approx(frames[0] * 0.05)
