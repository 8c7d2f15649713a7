"""What guests import beside the official interface: the names are there, the user's own come first, and they work."""

import importlib
import math
import os
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace

import carla
import pytest

from leaderboard.compat import misc
from leaderboard.compat.basic_agent import BasicAgent
from leaderboard.compat.controller import PIDLateralController, PIDLongitudinalController, VehiclePIDController
from leaderboard.compat.data_provider import CarlaDataProvider
from leaderboard.compat.game_time import GameTime
from leaderboard.compat.guests import GuestContext, provide_modules
from leaderboard.compat.local_planner import LocalPlanner
from leaderboard.road_option import RoadOption
from tests.fakes.clients import snapshot

ROOT = Path(__file__).parents[2]
NAMES = {
    "agents.navigation.local_planner": ("RoadOption", "LocalPlanner"),
    "agents.navigation.global_route_planner": ("GlobalRoutePlanner",),
    "agents.navigation.basic_agent": ("BasicAgent",),
    "agents.navigation.controller": ("VehiclePIDController", "PIDLongitudinalController", "PIDLateralController"),
    "agents.tools.misc": (
        "get_speed",
        "is_within_distance",
        "compute_distance",
        "draw_waypoints",
        "vector",
        "positive",
    ),
    "srunner.scenariomanager.carla_data_provider": ("CarlaDataProvider",),
    "srunner.scenariomanager.timer": ("GameTime",),
}


def in_a_process(program: str, *paths: Path) -> str:
    path = ":".join(str(each) for each in (*paths, ROOT))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_names_that_guests_import_are_provided():
    program = "from leaderboard.compat.guests import provide_modules; provide_modules(); provide_modules()\n"
    program += "".join(f"from {module} import {', '.join(names)}\n" for module, names in NAMES.items())
    program += "import sys; print(len([entry for entry in sys.path if 'guest_modules' in entry]))"
    assert in_a_process(program) == "1"


def test_without_asking_nothing_is_provided():
    program = "import importlib.util, leaderboard.agent_host; print(importlib.util.find_spec('agents'))"
    assert in_a_process(program) == "None"


def test_the_users_own_copies_come_first(tmp_path):
    package = tmp_path / "agents" / "navigation"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "local_planner.py").write_text("RoadOption = 'theirs'")
    program = """
from leaderboard.compat.guests import provide_modules
provide_modules()
from agents.navigation.local_planner import RoadOption
from srunner.scenariomanager.timer import GameTime
print(RoadOption, GameTime.__module__)
"""
    assert in_a_process(program, tmp_path) == "theirs leaderboard.compat.game_time"


def test_a_broken_copy_of_the_users_is_said(tmp_path):
    package = tmp_path / "srunner" / "scenariomanager"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "carla_data_provider.py").write_text("import no_such_package")
    (package / "timer.py").write_text("class GameTime: pass")
    program = """
from leaderboard.compat.guests import GuestContext
context = GuestContext()
print(*context.problems)
"""
    said = in_a_process(program, tmp_path)
    assert said == (
        "your copy of srunner.scenariomanager.carla_data_provider cannot be imported (ModuleNotFoundError: No module "
        "named 'no_such_package'), and an agent that needs it will fail; mend it, or take it off PYTHONPATH, then what "
        "agents need of it is provided"
    )


def test_road_options_have_the_known_numbers():
    numbers = {"VOID": -1, "LEFT": 1, "RIGHT": 2, "STRAIGHT": 3, "LANEFOLLOW": 4, "CHANGELANELEFT": 5}
    assert {option.name: option.value for option in RoadOption} == {**numbers, "CHANGELANERIGHT": 6}
    other = IntEnum("RoadOption", numbers)
    assert other.LEFT == RoadOption.LEFT


def test_game_time_counts_frames():
    GameTime.restart()
    for frame in (100, 101, 101, 104, 99):
        GameTime.on_carla_tick(snapshot(frame).timestamp)
    # The first frame counts once, whatever its number is.
    assert GameTime.get_time() == pytest.approx(0.25)
    assert (GameTime.get_frame(), GameTime.get_carla_time()) == (104, pytest.approx(5.2))
    assert GameTime.get_wallclocktime() is not None
    GameTime.restart()
    assert (GameTime.get_time(), GameTime.get_frame()) == (0.0, 0)


def test_a_provider_without_a_world_says_so():
    CarlaDataProvider.cleanup()
    assert CarlaDataProvider.get_hero_actor() is None
    assert CarlaDataProvider.get_all_actors() == []
    with pytest.raises(ValueError, match="no world yet"):
        CarlaDataProvider.get_map()


# Helpers


def pose(x=0.0, y=0.0, yaw=0.0):
    return carla.Transform(carla.Location(x, y, 0.0), carla.Rotation(yaw=yaw))


@pytest.mark.parametrize(
    ("x", "y", "interval", "expected"),
    [
        (5.0, 0.0, None, True),
        (0.0, 11.0, None, False),
        (5.0, 0.0, (0, 90), True),
        (-5.0, 0.0, (0, 90), False),
        (-5.0, 0.0, (90, 180), True),
        (0.0, 0.0, (90, 180), True),
        (5.0, 5.0, (0, 40), False),
    ],
)
def test_within_distance(x, y, interval, expected):
    assert misc.is_within_distance(pose(x, y), pose(), 10.0, interval) is expected


def test_small_helpers():
    walker = SimpleNamespace(get_velocity=lambda: carla.Vector3D(2.0, 3.0, 6.0))
    assert misc.get_speed(walker) == pytest.approx(7.0 * 3.6)
    assert misc.compute_magnitude_angle(carla.Location(0.0, 4.0, 9.0), carla.Location(), 0.0) == pytest.approx(
        (4.0, 90.0)
    )
    assert misc.vector(carla.Location(), carla.Location(0.0, 0.0, 3.0)) == [0.0, 0.0, 1.0]
    assert misc.vector(carla.Location(), carla.Location()) == [0.0, 0.0, 0.0]
    assert misc.compute_distance(carla.Location(), carla.Location(1.0, 2.0, 2.0)) == pytest.approx(3.0)
    assert (misc.positive(-1.0), misc.positive(2.0)) == (0.0, 2.0)
    light = SimpleNamespace(
        get_transform=lambda: pose(10.0, 0.0, 90.0),
        trigger_volume=SimpleNamespace(location=carla.Location(3.0, 0.0, 0.0), extent=carla.Vector3D(1.0, 1.0, 1.0)),
    )
    place = misc.get_trafficlight_trigger_location(light)
    assert (place.x, place.y) == pytest.approx((10.0, 3.0), abs=1e-5)


# Driving


class Car:
    """A car on a map, moved by hand."""

    def __init__(self, carla_map, x=0.0, y=0.0, yaw=0.0, speed_mps=0.0, id_=1):
        self.id = id_
        self.speed_mps = speed_mps
        self.transform = pose(x, y, yaw)
        self.bounding_box = carla.BoundingBox(carla.Location(), carla.Vector3D(2.4, 0.9, 0.7))
        self.others: list[Car] = []
        self.lights: list[object] = []
        self._map = carla_map

    def get_world(self):
        filters = {"*vehicle*": [self, *self.others], "*traffic_light*": self.lights}
        actors = SimpleNamespace(filter=lambda pattern: filters[pattern])
        return SimpleNamespace(get_map=lambda: self._map, get_actors=lambda: actors, debug=None)

    def get_control(self):
        return carla.VehicleControl()

    def get_velocity(self):
        yaw = math.radians(self.transform.rotation.yaw)
        return carla.Vector3D(self.speed_mps * math.cos(yaw), self.speed_mps * math.sin(yaw), 0.0)

    def get_speed_limit(self):
        return 50.0

    def get_location(self):
        return self.transform.location

    def get_transform(self):
        return carla.Transform(self.transform.location, self.transform.rotation)


@pytest.fixture(scope="module")
def harbor():
    return carla.Map("Harbor", (ROOT / "simulator" / "towns" / "Harbor.xodr").read_text())


@pytest.fixture
def road(harbor):
    """A waypoint with at least 60 m of road before the next junction, and a lane beside it."""
    for waypoint in harbor.generate_waypoints(10.0):
        ahead = waypoint.next(60.0)
        straight = ahead and abs(ahead[0].transform.rotation.yaw - waypoint.transform.rotation.yaw) < 0.1
        beside = waypoint.get_left_lane()
        two_lanes = beside is not None and beside.lane_id * waypoint.lane_id > 0
        if straight and two_lanes and not ahead[0].is_junction and ahead[0].road_id == waypoint.road_id:
            return waypoint
    raise AssertionError("Harbor has a straight road with two lanes")


def at(harbor, waypoint, **more):
    transform = waypoint.transform
    return Car(harbor, transform.location.x, transform.location.y, transform.rotation.yaw, **more)


def plan(waypoint, length=60):
    return [
        (point, RoadOption.LANEFOLLOW)
        for point in [waypoint, *(waypoint.next(float(m))[0] for m in range(2, length, 2))]
    ]


def test_longitudinal_control_speeds_up_and_brakes(harbor):
    car = Car(harbor, speed_mps=5.0)
    assert PIDLongitudinalController(car, K_P=0.1).run_step(18.0 + 5.0) == pytest.approx(0.5)
    assert PIDLongitudinalController(car, K_P=1.0).run_step(0.0) == -1.0


def test_the_integral_and_the_derivative(harbor):
    car = Car(harbor)
    controller = PIDLongitudinalController(car, K_P=0.0, K_I=0.1, K_D=0.0, dt=0.5)
    assert controller.run_step(2.0) == 0.0
    assert controller.run_step(2.0) == pytest.approx(0.1 * (2.0 + 2.0) * 0.5)
    controller.change_parameters(0.0, 0.0, 0.05, 0.5)
    assert controller.run_step(5.0) == pytest.approx(0.05 * (5.0 - 2.0) / 0.5)


def test_lateral_control_steers_towards_the_point(harbor, road):
    ahead = road.next(10.0)[0]
    right = road.transform.get_right_vector()
    car = at(harbor, road)
    assert PIDLateralController(car, K_P=1.0).run_step(ahead) == pytest.approx(0.0, abs=0.02)
    car.transform.location += carla.Location(x=2.0 * right.x, y=2.0 * right.y)
    assert PIDLateralController(car, K_P=1.0).run_step(ahead) == pytest.approx(-math.atan2(2.0, 10.0), abs=0.03)
    shifted = PIDLateralController(car, offset=2.0, K_P=1.0)
    assert shifted.run_step(ahead) == pytest.approx(0.0, abs=0.02)


def test_steering_changes_by_a_tenth_a_step_and_stays_in_its_limits(harbor, road):
    car = at(harbor, road)
    car.transform.rotation.yaw += 90.0
    gains = {"K_P": 5.0, "K_I": 0.0, "K_D": 0.0, "dt": 0.05}
    controller = VehiclePIDController(car, gains, gains)
    steers = [controller.run_step(20.0, road.next(10.0)[0]).steer for _ in range(12)]
    assert steers[:3] == pytest.approx([-0.1, -0.2, -0.3])
    assert min(steers) == pytest.approx(-0.8)


def test_the_planner_follows_and_ends(harbor, road):
    car = at(harbor, road)
    planner = LocalPlanner(car, {"target_speed": 30.0})
    planner.set_global_plan(plan(road))
    control = planner.run_step()
    assert control.throttle == pytest.approx(0.75)
    # Points nearer than 3 m are done.
    assert planner.target_waypoint.transform.location.distance(car.get_location()) > 3.0
    assert planner.get_incoming_waypoint_and_direction(2)[0].s != planner.target_waypoint.s
    assert not planner.done()
    for entry in plan(road):
        car.transform = entry[0].transform
        control = planner.run_step()
    assert planner.done()
    assert (control.throttle, control.brake) == (0.0, 1.0)
    assert planner.get_incoming_waypoint_and_direction() == (None, RoadOption.VOID)


def test_without_a_plan_the_planner_roams_the_same_way_each_time(harbor, road):
    said = []
    for _ in range(2):
        planner = LocalPlanner(at(harbor, road))
        planner.run_step()
        said.append([(point.road_id, point.lane_id, option) for point, option in planner.get_plan()])
    assert said[0] == said[1]
    assert len(said[0]) > 50


def test_a_plan_longer_than_the_queue_is_kept_whole(harbor, road):
    planner = LocalPlanner(at(harbor, road))
    entries = [(road, RoadOption.LANEFOLLOW)] * 12000
    planner.set_global_plan(entries)
    assert len(planner.get_plan()) == 12000


def driver(harbor, road, speed_mps=5.0, others=(), **options):
    car = at(harbor, road, speed_mps=speed_mps)
    car.others = list(others)
    agent = BasicAgent(car, 30, options)
    agent.set_global_plan(plan(road))
    return agent


def test_a_free_road_is_driven(harbor, road):
    assert driver(harbor, road).run_step().throttle > 0.0


def test_a_car_ahead_stops_it_and_one_beside_or_behind_does_not(harbor, road):
    near, beside = road.next(9.0)[0], road.get_left_lane()
    assert driver(harbor, road, others=[at(harbor, near, id_=2)]).run_step().brake == 0.5
    assert driver(harbor, road, others=[at(harbor, beside, id_=2)]).run_step().throttle > 0.0
    behind = at(harbor, road.next(2.0)[0].previous(10.0)[0], id_=2)
    assert driver(harbor, road, others=[behind]).run_step().throttle > 0.0
    assert driver(harbor, road, others=[at(harbor, road.next(40.0)[0], id_=2)]).run_step().throttle > 0.0
    agent = driver(harbor, road, others=[at(harbor, near, id_=2)])
    agent.ignore_vehicles()
    assert agent.run_step().throttle > 0.0


def test_the_nearest_car_is_named(harbor, road):
    cars = [at(harbor, road.next(metres)[0], id_=number) for number, metres in ((2, 9.0), (3, 7.0), (4, 8.0))]
    found = driver(harbor, road)._vehicle_obstacle_detected(cars, 20.0)
    assert (found.obstacle_was_found, found.obstacle.id) == (True, 3)
    assert found.distance == pytest.approx(7.0, abs=0.1)


def test_a_red_light_is_waited_for(harbor, road):
    ahead = road.next(8.0)[0]
    light = SimpleNamespace(
        id=5,
        state=carla.TrafficLightState.Red,
        get_transform=lambda: ahead.transform,
        trigger_volume=carla.BoundingBox(carla.Location(), carla.Vector3D(1.5, 1.5, 1.0)),
    )
    car = at(harbor, road, speed_mps=5.0)
    car.lights = [light]
    agent = BasicAgent(car, 30)
    agent.set_global_plan(plan(road))
    assert agent.run_step().brake == 0.5
    # Also when the car has rolled over the middle of the volume.
    car.transform = road.next(9.0)[0].transform
    assert agent.run_step().brake == 0.5
    light.state = carla.TrafficLightState.Green
    assert agent.run_step().throttle > 0.0


def test_a_destination_is_planned(harbor, road):
    agent = driver(harbor, road)
    goal = road.next(40.0)[0].transform.location
    agent.set_destination(goal)
    assert agent.get_local_planner().get_plan()[-1][0].transform.location.distance(goal) < 5.0
    assert not agent.done()


def test_a_lane_change_goes_over(harbor, road):
    agent = driver(harbor, road, speed_mps=8.0)
    agent.lane_change("left", same_lane_time=1.0, other_lane_time=1.0, lane_change_time=1.0)
    entries = list(agent.get_local_planner().get_plan())
    assert [option for _, option in entries].count(RoadOption.CHANGELANELEFT) == 1
    assert entries[0][0].lane_id == road.lane_id
    assert entries[-1][0].lane_id == road.get_left_lane().lane_id
    before = list(entries)
    agent.lane_change("up")
    assert list(agent.get_local_planner().get_plan()) == before


def test_guest_context_without_a_route_costs_nothing():
    provide_modules()
    context = GuestContext()
    assert context.problems == []
    context.end()
    assert importlib.import_module("srunner.scenariomanager.timer").GameTime is GameTime
