"""Every scenario that is asked for is in the record, of both generations; and what is driven is the run's own copy."""

import json

import pytest

from leaderboard.log.events_file import read_events
from leaderboard.log.stored import StoredRun
from scenarios.events import FailureCause, Outcome, ScenarioFailed, ScenarioRequested
from tests.leaderboard.runs import FIRST_Y, Run

pytestmark = pytest.mark.timeout(300)


def at(y, yaw=90.0):
    return {"transform": {"x": "264.8", "y": str(y), "z": "0", "yaw": str(yaw), "pitch": "0"}}


def scenario(name, y):
    point = f'<trigger_point x="264.8" y="{y}" z="0" yaw="90"/>'
    return f'<scenario name="{name}" type="Accident">{point}</scenario>'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A file of both generations: route 0 is of 1.0; route 10 asks for a scenario on it and one off it, 20 for one off
    it. The file is overwritten while route 0 is driven.
    """
    run = Run(tmp_path_factory.mktemp("asked"), slow_s=0.02)
    ends = [(FIRST_Y + start, FIRST_Y + start + 30.0) for start in (0, 10, 20)]
    old = "".join(f'<waypoint x="264.8" y="{y}" z="0" pitch="0" roll="0" yaw="90"/>' for y in ends[0])
    routes = [f'<route id="0" town="Harbor">{old}</route>']
    asked = [scenario("here", FIRST_Y + 20.0) + scenario("there", 0.0), scenario("there", 0.0)]
    for name, wanted, points in zip((10, 20), asked, ends[1:], strict=True):
        new = "".join(f'<position x="264.8" y="{y}" z="0"/>' for y in points)
        inner = f"<waypoints>{new}</waypoints><scenarios>{wanted}</scenarios>"
        routes.append(f'<route id="{name}" town="Harbor">{inner}</route>')
    run.suite.write_text(f"<routes>{''.join(routes)}</routes>")
    groups = [
        {"scenario_type": "Scenario3", "available_event_configurations": [at(FIRST_Y + 12.0), at(0.0)]},
        {"scenario_type": "Scenario1", "available_event_configurations": [at(FIRST_Y + 12.0, yaw=0.0)]},
    ]
    scenarios = run.suite.with_name("scenarios.json")
    scenarios.write_text(json.dumps({"available_scenarios": [{"Harbor": groups}]}))
    run.start("--scenarios", str(scenarios))
    run.until_driving()
    run.suite.write_text("nothing that could be driven")
    scenarios.write_text("nor this")
    run.quicken()
    code, said = run.end()
    assert code == 0, said
    return run


def asked(run, start):
    return [(event.name, event.type) for event in of(run, start, ScenarioRequested)]


def of(run, start, kind):
    events = read_events(run.directory.route(f"RouteScenario_{start}_rep0") / "events.jsonl")
    return [event for event in events if isinstance(event, kind)]


def test_those_of_1_0_are_found_along_the_plan(run):
    assert asked(run, 0) == [("Scenario3_0", "Scenario3")]
    assert [event.cause for event in of(run, 0, ScenarioFailed)] == [FailureCause.UNSUPPORTED]


def test_one_off_the_route_is_told_from_one_that_nobody_has_written(run):
    assert asked(run, 10) == [("here", "Accident"), ("there", "Accident")]
    causes = {event.name: event.cause for event in of(run, 10, ScenarioFailed)}
    assert causes == {"here": FailureCause.UNSUPPORTED, "there": FailureCause.OFF_ROUTE}


def test_one_off_the_route_changes_nothing(run):
    outcomes = {result.route_id: result.outcome for result in StoredRun(run.out).results()}
    unsupported = Outcome.SCENARIO_UNSUPPORTED
    assert outcomes == {"0": unsupported, "10": unsupported, "20": Outcome.COMPLETED}


def test_the_tables_count_scenarios_of_1_0_too(run):
    rows = {row.name: (row.valid, row.planned) for row in StoredRun(run.out).summary().by_scenario}
    assert rows == {"Accident": (1, 2), "Scenario3": (0, 1)}
