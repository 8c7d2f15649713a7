"""Summaries: the headline, the official mean, the tables, and what happens to what is missing."""

import pytest

from leaderboard.log.official_json import document
from leaderboard.profiles import PROFILES, Infraction
from leaderboard.scoring.results import route_result
from leaderboard.scoring.summary import Planned, summarize
from scenarios.events import Outcome
from tests.leaderboard.facts import blocked, completed, ended, outside, progress, red_light, started, vehicle

LB21 = PROFILES["lb2.1"]


def result(index, *events, town="Harbor", types=(), outcome=Outcome.COMPLETED, route=None, repetition=0, profile=LB21):
    return route_result(
        [started(), *events, ended(outcome)],
        profile,
        index=index,
        route_id=route or str(index),
        repetition=repetition,
        town=town,
        scenario_types=types,
        outcome=outcome,
        duration_system_s=1.0,
    )


def planned(count, town="Harbor", types=()):
    return [Planned(town=town, scenario_types=types)] * count


def test_headline_and_official_mean():
    results = [
        result(0, completed()),
        result(1, progress(50.0), blocked(), outcome=Outcome.BLOCKED),
        result(2, completed(), outcome=Outcome.SIMULATOR_LOST),
        result(3, completed(), outcome=Outcome.SCENARIO_UNSUPPORTED),
    ]
    summary = summarize(results, planned(5), LB21)
    assert (summary.valid, summary.finished, summary.planned) == (2, 4, 5)
    assert summary.driving_score.value == 75.0
    assert summary.success_rate.value == 0.5
    # The official mean is over all five: what never ran and what was lost is 0, what was driven counts as driven.
    assert summary.official_driving_score == 50.0
    assert summary.profile == "lb2.1"
    lost, easier = ("RouteScenario_2_rep0",), ("RouteScenario_3_rep0",)
    assert summary.left_out == {Outcome.SIMULATOR_LOST: lost, Outcome.SCENARIO_UNSUPPORTED: easier}
    allowed = summarize(results, planned(5), LB21, allow_missing_scenarios=True)
    assert allowed.left_out == {Outcome.SIMULATOR_LOST: lost}
    assert (allowed.valid, allowed.driving_score.value) == (3, pytest.approx(250 / 3))
    assert allowed.official_driving_score == 50.0


def test_the_official_mean_is_that_of_the_results_file():
    results = [
        result(0, completed(), vehicle()),
        result(1, progress(41.7), red_light(), blocked(), outcome=Outcome.BLOCKED),
        result(2, outcome=Outcome.SIMULATOR_LOST),
    ]
    summary = summarize(results, planned(4), LB21)
    scores = document(results, 4, LB21)["_checkpoint"]["global_record"]["scores_mean"]
    assert summary.official_driving_score == pytest.approx(scores["score_composed"], abs=1e-6)
    assert summary.official_completion == pytest.approx(scores["score_route"], abs=1e-6)
    assert summary.official_penalty == pytest.approx(scores["score_penalty"], abs=1e-6)


def test_nothing_at_all():
    for count in (0, 3):
        summary = summarize([], planned(count), LB21)
        assert summary.driving_score.value is None
        assert summary.driving_score.interval is None
        assert summary.success_rate.value is None
        assert summary.official_driving_score == 0.0
        assert [row.valid for row in summary.by_town] == ([0] if count else [])


def test_tables_show_what_was_planned_and_what_was_valid():
    plan = [
        Planned(town="Ring", scenario_types=("Accident",)),
        Planned(town="Ring", scenario_types=("Accident", "ParkingExit", "Accident")),
        Planned(town="Harbor", scenario_types=()),
    ]
    results = [
        result(0, completed(), town="Ring", types=("Accident",)),
        result(1, completed(), vehicle(), town="Ring", types=("Accident", "ParkingExit", "Accident")),
        result(2, completed(), outcome=Outcome.PROCESS_DIED),
    ]
    summary = summarize(results, plan, LB21)
    harbor, ring = summary.by_town
    assert (ring.name, ring.valid, ring.planned, ring.successes) == ("Ring", 2, 2, 1)
    assert ring.driving_score == pytest.approx((100 + 58.823529) / 2)
    assert (harbor.valid, harbor.planned, harbor.driving_score) == (0, 1, None)
    accident, parking = summary.by_scenario
    assert (accident.name, accident.valid, accident.planned) == ("Accident", 2, 2)
    assert (parking.name, parking.planned, parking.penalty) == ("ParkingExit", 1, 0.588235)


def test_infractions_per_km_of_both_generations():
    drives = [(completed(), red_light(1), outside(5.0, 50.0)), (progress(50.0), red_light(1))]
    newer = summarize([result(index, *events) for index, events in enumerate(drives)], planned(2), LB21)
    assert newer.km_driven == 1.5
    assert newer.per_km[Infraction.RED_LIGHT] == pytest.approx(2 / 1.5)
    assert newer.per_km[Infraction.OUTSIDE_ROUTE_LANES] == 0.05
    old = PROFILES["lb1.0"]
    older = summarize([result(index, *events, profile=old) for index, events in enumerate(drives)], planned(2), old)
    # Along the points of the file, 900 m: the sum of the routes' rates, not the rate of the sum.
    assert older.per_km[Infraction.RED_LIGHT] == pytest.approx(1 / 0.9 + 1 / 0.45)


def test_a_route_without_progress_has_no_rate_in_1_0():
    old = PROFILES["lb1.0"]
    summary = summarize([result(0, red_light(), profile=old)], planned(1), old)
    assert summary.per_km[Infraction.RED_LIGHT] == 0.0
    newer = summarize([result(0, red_light())], planned(1), LB21)
    assert newer.per_km[Infraction.RED_LIGHT] == 1000.0


def test_intervals_are_over_routes_not_repetitions():
    def run(repetitions):
        return [
            result(
                index * repetitions + repetition,
                *((completed(),) if index % 2 else (progress(index**1.7),)),
                route=str(index),
                repetition=repetition,
            )
            for index in range(10)
            for repetition in range(repetitions)
        ]

    once, often = summarize(run(1), planned(10), LB21), summarize(run(4), planned(40), LB21)
    assert often.driving_score.interval == once.driving_score.interval
    assert summarize(run(1)[::-1], planned(10), LB21) == once
    assert summarize(run(1), planned(10), LB21, seed=1).driving_score.interval != once.driving_score.interval
