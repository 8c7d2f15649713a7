"""The line that changes while routes are driven: whose numbers it shows."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from leaderboard import console as consoles
from leaderboard.console import Progress
from leaderboard.heartbeat import Beat, Phase
from scenarios.events import Outcome


def job(route_id):
    return SimpleNamespace(record_id=f"RouteScenario_{route_id}_rep0", route=SimpleNamespace(town="Harbor"))


def result(driving_score, counts=True):
    score = SimpleNamespace(driving_score=driving_score, completion=100.0, penalty=1.0)
    return SimpleNamespace(
        record_id="RouteScenario_0_rep0",
        town="Harbor",
        outcome=Outcome.COMPLETED,
        duration_game_s=10.0,
        duration_system_s=2.0,
        score=score if driving_score is not None else None,
        counts=lambda allow: counts or allow,
    )


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(consoles, "time", SimpleNamespace(monotonic=lambda: now.s))
    return now


@pytest.fixture
def screen():
    return io.StringIO()


def shown(screen):
    """The line as it is now."""
    return screen.getvalue().rpartition("\r\x1b[K")[2]


def make(screen, results, planned=4, allow=False, terminal=True):
    progress = Progress(Console(file=screen, force_terminal=terminal, width=200, highlight=False), allow, "smoke")
    progress.follow(SimpleNamespace(results=results, planned=planned))
    return progress


def test_before_the_first_tick_it_says_what_is_being_done(screen, clock):
    progress = make(screen, [])
    progress.began(job(3), 1, 0)
    progress.beat(job(3), 0, Beat(1, Phase.AGENT_SETUP, 0, 0.0, 0.0))
    assert shown(screen) == "0/4  RouteScenario_3_rep0: agent setup"


def test_speed_is_that_of_this_drive(screen, clock):
    progress = make(screen, [])
    for _ in range(2):
        progress.began(job(3), 1, 0)
        progress.beat(job(3), 0, Beat(1, Phase.TICK, 1, 0.0, 0.0))
        clock.s += 2.0
        progress.beat(job(3), 0, Beat(9, Phase.TICK, 300, 15.0, 0.0))
        assert shown(screen) == "0/4  RouteScenario_3_rep0: 15 s at 7.5x real time"
        clock.s += 60.0


def test_after_a_resume_it_goes_on_from_what_was_there(screen, clock):
    results = [result(80.0), result(None), result(10.0, counts=False)]
    progress = make(screen, results, planned=6)
    clock.s += 60.0
    results.append(result(40.0))
    progress.finished(results[-1], "completed")
    progress.beat(job(3), 0, Beat(1, Phase.WORLD, 0, 0.0, 0.0))
    # One drive took a minute here; two are left.
    assert shown(screen) == "4/6  score 60.0, 2 min left; RouteScenario_3_rep0: world"


def test_80_columns_hold_the_run_and_the_drive(screen, clock):
    results = [result(93.1)] * 12
    progress = make(screen, results, planned=220)
    progress.finished(results[-1], "completed")
    progress.began(job(24240), 1, 0)
    progress.beat(job(24240), 0, Beat(1, Phase.TICK, 1, 0.0, 0.0))
    clock.s += 90.0
    progress.beat(job(24240), 0, Beat(9, Phase.TICK, 2000, 99.0, 0.0))
    assert shown(screen) == "12/220  score 93.1, 5.2 h left; RouteScenario_24240_rep0: 99 s at 1.1x real time"
    assert len(shown(screen)) <= 80


def test_it_is_not_written_more_often_than_it_can_be_read_or_where_nobody_looks(screen, clock):
    progress = make(screen, [])
    for _ in range(50):
        progress.beat(job(3), 0, Beat(1, Phase.WORLD, 0, 0.0, 0.0))
        clock.s += 0.01
    assert 2 <= screen.getvalue().count("\r") <= 3
    elsewhere = io.StringIO()
    make(elsewhere, [], terminal=False).beat(job(3), 0, Beat(1, Phase.WORLD, 0, 0.0, 0.0))
    assert elsewhere.getvalue() == ""


def test_a_drive_without_a_score_says_why(screen):
    progress = make(screen, [], terminal=False)
    lost = result(None)
    progress.finished(lost, "the simulator ended with [exit] code 1")
    assert screen.getvalue() == ("RouteScenario_0_rep0: completed, no score (the simulator ended with [exit] code 1)\n")


@pytest.mark.parametrize(
    ("asked", "named"),
    [(["Accident"], "Accident"), (["A", "B", "A", "C", "D", "E"], "A, B, C and 2 more")],
)
def test_a_world_that_lacked_a_scenario_is_named(screen, asked, named):
    progress = make(screen, [], terminal=False)
    lacking = result(90.0)
    lacking.outcome, lacking.scenario_types = Outcome.SCENARIO_UNSUPPORTED, tuple(asked)
    progress.finished(lacking, "completed")
    assert f"scenario type unsupported: {named} (completed); 10 s in" in screen.getvalue()
