"""A run read back: the same results as were written, and others where the record tells them."""

import dataclasses
import json

import pytest

from leaderboard.errors import RecordError, RescoreRefused
from leaderboard.log.official_json import dump
from leaderboard.log.run import open_run
from leaderboard.log.stored import StoredRun
from leaderboard.log.trace import ControlState, EgoState, TraceWriter
from leaderboard.profiles import PROFILES
from scenarios.events import Outcome, Place
from tests.leaderboard.records import DRIVES, stored_run


@pytest.fixture
def make_run(tmp_path):
    return lambda *arguments, **changes: stored_run(tmp_path, *arguments, **changes)


def test_the_results_are_read_back(make_run):
    run = StoredRun(make_run().path)
    assert [result.outcome for result in run.results()] == [outcome for outcome, _ in DRIVES]
    summary = run.summary()
    assert (summary.valid, summary.finished, summary.planned) == (2, 3, 4)
    assert summary.driving_score.value == (100 * 0.6 * 0.85 + 25) / 2
    assert summary.by_scenario[0].planned == 4
    content = run.official()
    assert content["_checkpoint"]["progress"] == [3, 4]
    assert content["_checkpoint"]["records"][2]["status"] == "Failed - Simulation crashed"


def test_the_same_run_under_the_other_rule(make_run):
    run = StoredRun(make_run().path)
    newer = run.results(PROFILES["lb2.1"])
    assert newer[0].score.penalty == round(1 / (1 + 0.7 + 0.4 * 0.5), 6)
    assert newer[2].score is None
    assert run.summary(PROFILES["lb2.1"]).profile == "lb2.1"


def test_what_the_user_chose_himself_is_no_difference(make_run):
    run = StoredRun(make_run(traffic="none", agent_timeout_s=7.0).path)
    assert run.results(PROFILES["lb2.1"])[0].score.penalty == round(1 / 1.9, 6)


def test_refused_with_the_route_and_the_rule(make_run):
    run = StoredRun(make_run().path)
    with pytest.raises(RescoreRefused, match=r"RouteScenario_0_rep0: the record cannot be scored as lb1.0: ego_model"):
        run.results(PROFILES["lb1.0"])
    for refused in (run.merged, run.bench2drive):
        with pytest.raises(RescoreRefused, match=r"made under lb2\.0; Bench2Drive's numbers need its own"):
            refused()


def test_a_run_that_is_cut_ends_at_the_limit(make_run, monkeypatch):
    run = StoredRun(make_run().path)
    lb20 = PROFILES["lb2.0"]
    timeouts = dataclasses.replace(lb20.runtime.timeouts, tick_limit=10)
    short = dataclasses.replace(lb20, name="short", runtime=dataclasses.replace(lb20.runtime, timeouts=timeouts))
    first, second, _ = run.results(short)
    assert first.outcome is second.outcome is Outcome.TICK_LIMIT
    assert first.score.status == "Failed - TickRuntime"
    assert (first.score.completion, first.score.penalty) == (50.0, 0.6)


def test_bench2drive_is_exported_with_its_labels(make_run):
    run = StoredRun(make_run("bench2drive").path)
    content = run.official()
    assert content["_checkpoint"]["records"][0]["scenario_name"] == "Accident_1"
    assert run.merged()["eval num"] == 3
    assert json.loads(dump(content, run.profile.scoring.format)) == json.loads(json.dumps(content))


def test_the_numbers_of_bench2drive(make_run):
    directory = make_run("bench2drive")
    still = EgoState(0, 0, 0, 0, 0, 0, *(Place(0, 0, 0),) * 3, 30.0, Place(2.4, 0.9, 0.7))
    for number in (0, 2):
        with TraceWriter(directory.route(f"RouteScenario_{number}_rep0") / "trace.mcap") as trace:
            for frame in range(45):
                # Rough from frame 20 on; the lost drive, number 2, is rough all the time and must not count.
                shaken = still._replace(acceleration=Place(5.0 if frame >= 20 or number else 0.0, 0, 0))
                trace.tick(frame, frame * 0.05, shaken, [], ControlState(0.0, 0.0, 0.0))
    numbers = StoredRun(directory.path).bench2drive()
    assert numbers.driving_score == (60.0 + 25.0) / 4
    assert numbers.success_rate == 0.0
    assert numbers.abilities.shares["Overtaking"] == 0.0
    assert numbers.efficiency == 50.0
    assert numbers.comfort_published == numbers.comfort_physical == 0.5


def test_the_files_of_routes_are_kept(tmp_path):
    run = open_run(tmp_path / "run", resume=False)
    (tmp_path / "routes.xml").write_text("<routes/>")
    (tmp_path / "spots.json").write_text("{}")
    run.keep_suite((tmp_path / "routes.xml").read_bytes(), (tmp_path / "spots.json").read_bytes())
    assert (run.suite.read_text(), run.scenarios.read_text()) == ("<routes/>", "{}")


def test_another_suite_is_not_taken_for_it(make_run):
    run = make_run()
    run.suite.write_text(run.suite.read_text().replace("0.5", "0.6"))
    with pytest.raises(RecordError, match="not the suite that was driven"):
        StoredRun(run.path)


def test_what_is_no_run(tmp_path):
    with pytest.raises(RecordError, match=r"manifest\.json: cannot be read"):
        StoredRun(tmp_path)
