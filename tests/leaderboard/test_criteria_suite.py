"""All criteria together: what a profile has, how a route ends, scenarios, cost, and that carla is not needed."""

import math
import subprocess
import sys
import time

import pytest

from leaderboard.criteria.emergency_vehicle import YieldToEmergencyVehicle
from leaderboard.criteria.minimum_speed import MinimumSpeedTest
from leaderboard.criteria.scenario_timeout import ScenarioTimeout
from leaderboard.criteria.stop_sign import EnteredStop, Stop
from leaderboard.criteria.suite import CriteriaSuite
from leaderboard.criteria.view import ActiveScenario, Contact, Pose
from leaderboard.profiles import PROFILES, profile_named
from scenarios.events import FailedToYield, Outcome, RouteCompleted, RouteProgress, ScenarioTimedOut, decode, encode
from tests.fakes.drawn_map import Drive, light, road_map, sign, straight_route


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_clean_drive_has_no_infraction_under_any_profile(profile):
    drawn = road_map(traffic_lights=[light()])
    suite, drive = CriteriaSuite(profile, straight_route(), drawn), Drive(drawn)
    events, x = [], 0.0
    while suite.outcome is None:
        events += suite.update(drive.view(x, traffic_speeds_mps=[9.0]))
        x += 0.5
    events += suite.end()
    assert suite.outcome is Outcome.COMPLETED
    costly = [event for event in events if not isinstance(event, RouteProgress | RouteCompleted)]
    assert {(type(event).__name__, event.percentage) for event in costly} <= {("MinimumSpeed", 111.11)}
    assert [decode(encode(event)) for event in events] == events


def test_what_profiles_have():
    kinds = {
        name: [type(criterion) for criterion in CriteriaSuite(profile, straight_route(), road_map()).criteria]
        for name, profile in PROFILES.items()
    }
    assert EnteredStop in kinds["lb1.0"]
    assert MinimumSpeedTest not in kinds["lb1.0"]
    assert Stop in kinds["lb2.1"]
    assert MinimumSpeedTest in kinds["bench2drive"]


def test_an_ended_route_says_how():
    suite, drive = CriteriaSuite(profile_named("bench2drive"), straight_route(), road_map()), Drive(road_map())
    assert suite.end() == []
    suite.update(drive.view(5.0, speed_mps=0.0))
    assert suite.outcome is None
    suite.update(drive.view(5.0, speed_mps=0.0, after_s=61.0))
    assert suite.outcome is Outcome.BLOCKED


def test_contacts_of_the_last_tick_count():
    suite, drive = CriteriaSuite(profile_named("lb2.1"), straight_route(), road_map()), Drive(road_map())
    view = drive.view(5.0)
    suite.update(view)
    contact = Contact(view.frame, view.time_s, 5, "vehicle.audi.tt", "", 100.0, view.ego.place, 10.0)
    assert [event.counted for event in suite.end([contact])] == [True]


def test_the_first_point_is_lifted_as_in_the_public_harness():
    suite = CriteriaSuite(profile_named("lb2.1"), straight_route(100), road_map())
    assert suite.length_m == pytest.approx(99.0 + math.hypot(1.0, 0.5))


def test_of_two_ends_in_a_tick_the_official_one_is_named():
    suite, drive = CriteriaSuite(profile_named("bench2drive"), straight_route(), road_map()), Drive(road_map())
    suite.update(drive.view(5.0, speed_mps=0.0))
    suite.update(drive.view(5.0, 60.0, speed_mps=0.0, after_s=400.0))
    assert {criterion.outcome for criterion in suite.criteria} >= {
        Outcome.BLOCKED,
        Outcome.DEVIATED,
        Outcome.ROUTE_TIMED_OUT,
    }
    assert suite.outcome is Outcome.BLOCKED


# Scenarios


def ambulance(x, running=True):
    return (ActiveScenario("Yield_1", running, False, 77, Pose(x, 5.25, 0.0)),)


def yielding(*places, end_at=None):
    """Events with the ego at x = 50 and the ambulance at these places, the last one in the tick that ends the
    scenario.
    """
    criterion, drive = YieldToEmergencyVehicle(), Drive(road_map())
    events = [event for x in places for event in criterion.update(drive.view(50.0, scenarios=ambulance(x)))]
    assert events == []
    last = drive.view(50.0, scenarios=ambulance(places[-1], running=False))
    return list(criterion.end(last, False) if end_at == "route" else criterion.update(last)), criterion, last


def test_an_ambulance_that_passed():
    events, criterion, last = yielding(20.0, 40.0, 60.0)
    assert events == []
    assert list(criterion.end(last, False)) == []


@pytest.mark.parametrize("end_at", ["scenario", "route"])
def test_an_ambulance_still_behind(end_at):
    events, criterion, last = yielding(60.0, 49.9, end_at=end_at)
    assert [(type(event), event.scenario, event.vehicle_id) for event in events] == [(FailedToYield, "Yield_1", 77)]
    assert list(criterion.end(last, False)) == []


def test_a_scenario_that_timed_out_is_written_once():
    criterion, drive = ScenarioTimeout(), Drive(road_map())
    running = drive.view(5.0, scenarios=(ActiveScenario("Accident_1"),))
    over = (ActiveScenario("Accident_1", running=False, timed_out=True),)
    views = [running, drive.view(5.0, scenarios=over), drive.view(5.0, scenarios=over)]
    events = [event for view in views for event in criterion.update(view)]
    assert [(type(event), event.scenario) for event in events] == [(ScenarioTimedOut, "Accident_1")]


# Cost and purity


def test_all_criteria_together_cost_little():
    """With 30 vehicles, 40 lights and a sign and a red light right here. The promise is 1 ms for the whole harness."""
    lights = [light(id_, 10.0 * id_) for id_ in range(1, 41)]
    signs = [*(sign(id_, 25.0 * id_) for id_ in range(60, 90)), sign(99, 102.0)]
    drawn = road_map(traffic_lights=lights, stop_signs=signs)
    suite, drive = CriteriaSuite(profile_named("lb2.1"), straight_route(), drawn), Drive(drawn)
    red = frozenset(range(1, 41))
    views = []
    for tick in range(400):
        contact = Contact(tick, tick / 20.0, 5, "vehicle.audi.tt", "background", 100.0, Pose(0.0, 0.0, 0.0).place, 5.0)
        speeds = [float(number) for number in range(30)]
        views.append(drive.view(0.5 * tick, red_lights=red, traffic_speeds_mps=speeds, contacts=(contact,)))
    began_s = time.thread_time()
    for view in views:
        suite.update(view)
    assert (time.thread_time() - began_s) / len(views) < 0.0005


def test_criteria_import_where_carla_raises():
    program = (
        "import sys; sys.modules['carla'] = None\n"
        "import leaderboard.criteria.suite, leaderboard.criteria.view, leaderboard.road_option\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
