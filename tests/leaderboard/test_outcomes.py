"""The table of outcomes: complete, as docs/results.md shows it, and as the code behaves."""

from pathlib import Path

import pytest

from leaderboard.log.ledger import is_final
from leaderboard.log.official_json import document
from leaderboard.outcomes import MAX_RETRIES, OUTCOMES, Scored, judged, table
from leaderboard.profiles import PROFILES
from leaderboard.scoring.results import route_result
from leaderboard.scoring.summary import Planned, summarize
from scenarios.events import FailureCause, Outcome, ScenarioFailed
from tests.leaderboard.facts import blocked, completed, deviated, ended, fact, progress, started, timed_out

DOCS = Path(__file__).parents[2] / "docs" / "results.md"
HOW_THE_DRIVE_ENDED = {
    Outcome.COMPLETED: completed(),
    Outcome.DEVIATED: deviated(),
    Outcome.BLOCKED: blocked(),
    Outcome.ROUTE_TIMED_OUT: timed_out(),
}


def test_every_outcome_is_in_the_table():
    assert set(OUTCOMES) == set(Outcome)


def test_the_documents_show_the_table_as_it_is():
    assert table() in DOCS.read_text()


def rows():
    """The table of the documents, row by row."""
    lines = DOCS.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| outcome | blame |"))
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_each_row_is_what_happens(row):
    """Walks the table: an attempt that ends so, through retries, scores, results file and summary."""
    name, blame, retried, scored, status = row
    outcome = Outcome(name)
    assert OUTCOMES[outcome].blame == blame
    assert is_final(outcome, 0) == (retried == "never")
    if retried != "never":
        assert f"up to {MAX_RETRIES} times" == retried
        assert [is_final(outcome, failures) for failures in (MAX_RETRIES - 1, MAX_RETRIES)] == [False, True]

    reached = HOW_THE_DRIVE_ENDED.get(outcome)
    events = [started(), progress(25.0), *([reached] if reached else []), ended(outcome)]
    profile = PROFILES["lb2.1"]
    result = route_result(
        events,
        profile,
        index=0,
        route_id="0",
        repetition=0,
        town="Harbor",
        scenario_types=(),
        outcome=outcome,
        duration_system_s=1.0,
    )
    (record,) = document([result], 1, profile)["_checkpoint"]["records"]
    if status == "that of the drive":
        assert record["status"] == "Failed"
    elif outcome is Outcome.COMPLETED:
        assert f"`{record['status']}`" in status
    else:
        assert f"`{record['status']}`" == status

    summary = summarize([result], [Planned(town="Harbor", scenario_types=())], profile)
    allowed = summarize([result], [Planned(town="Harbor", scenario_types=())], profile, allow_missing_scenarios=True)
    expected = {Scored.EVENTS: (1, 1), Scored.APART: (0, 1), Scored.NEVER: (0, 0)}[Scored(scored)]
    assert (summary.valid, allowed.valid) == expected
    assert (record["scores"]["score_route"] > 0) == (scored != Scored.NEVER)


def failed(cause):
    return fact(ScenarioFailed, name="Accident_1", type="Accident", cause=cause, reason="no such actor")


@pytest.mark.parametrize("ended_as", Outcome)
def test_a_world_that_lacks_a_scenario_is_invalid_whoever_drove(ended_as):
    judgement = judged(ended_as, [started(), failed(FailureCause.NOT_BUILT)])
    if OUTCOMES[ended_as].scored is Scored.NEVER:
        assert judgement is ended_as
    else:
        assert judgement is Outcome.SCENARIO_NOT_BUILT


def test_the_unsupported_goes_before_the_unbuilt():
    both = [failed(FailureCause.NOT_BUILT), failed(FailureCause.UNSUPPORTED)]
    assert judged(Outcome.COMPLETED, both) is Outcome.SCENARIO_UNSUPPORTED


@pytest.mark.parametrize("cause", [FailureCause.OFF_ROUTE, FailureCause.BROKE])
def test_what_the_official_harness_ignores_too_changes_nothing(cause):
    assert judged(Outcome.BLOCKED, [failed(cause)]) is Outcome.BLOCKED
