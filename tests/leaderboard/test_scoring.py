"""Scores: the golden vectors of the public code, and what must hold for any drive."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.profiles import PROFILES, Infraction
from leaderboard.scoring.score import score_route
from leaderboard.scoring.wording import wording
from scenarios.events import Category, Ignored, Outcome
from tests.leaderboard.facts import (
    blocked,
    collision,
    completed,
    deviated,
    ended,
    infractions,
    no_yield,
    outside,
    pedestrian,
    progress,
    red_light,
    scenario_timeout,
    speed,
    started,
    static,
    stop_sign,
    timed_out,
    vehicle,
)

ALL = sorted(PROFILES)


def penalty(profile, *events):
    return score_route([*events, completed()], PROFILES[profile]).penalty


# Route completion 100 in each: event by event, with the published factors and coefficients.
@pytest.mark.parametrize(
    ("events", "lb20", "lb21"),
    [
        ([], 1.0, 1.0),
        ([vehicle()], 0.6, 0.588235),
        ([vehicle(1), vehicle(2), red_light(3)], 0.252, 0.357143),
        ([pedestrian()], 0.5, 0.5),
        ([static()], 0.65, 0.625),
        ([red_light()], 0.7, 0.714286),
        ([stop_sign()], 0.8, 0.8),
        ([no_yield()], 0.7, 0.714286),
        ([scenario_timeout()], 0.7, 0.714286),
        ([speed(52.37)], 0.85711, 0.839969),
        ([red_light(1), stop_sign(2), speed(80.0, 3), speed(60.0, 4), outside(5.0)], 0.44007, 0.502646),
        ([speed(0.0, frame) for frame in (1, 2, 3, 4)], 0.2401, 0.384615),
        ([speed(100.0), speed(140.0, 2)], 1.0, 1.0),
        ([outside(100.0)], 0.0, 0.0),
    ],
)
def test_golden_vectors(events, lb20, lb21):
    assert penalty("lb2.0", *events) == lb20
    assert penalty("lb2.1", *events) == lb21
    assert score_route([*events, completed()], PROFILES["lb2.1"]).driving_score == pytest.approx(100 * lb21, abs=1e-4)


def test_other_profiles_price_the_same_events():
    drive = [red_light(1), stop_sign(2), outside(5.0, frame=3)]
    assert penalty("lb1.0", *drive) == pytest.approx(0.7 * 0.8 * 0.95, rel=1e-12)
    assert penalty("longest6", *drive) == pytest.approx(0.7 * 0.95, rel=1e-12)
    assert penalty("bench2drive", *drive, speed(10.0, 4)) == 0.532
    # 1.0 knows neither emergency vehicles nor time-outs of scenarios nor minimum speeds.
    assert penalty("lb1.0", no_yield(), scenario_timeout(), speed(3.0)) == 1.0
    assert set(score_route([no_yield()], PROFILES["lb1.0"]).infractions) == set(Infraction) - {
        Infraction.YIELD,
        Infraction.SCENARIO_TIMEOUT,
        Infraction.MIN_SPEED,
    }


@pytest.mark.parametrize("ignored", Ignored)
def test_contacts_that_the_rules_ignore_cost_nothing(ignored):
    assert penalty("lb2.1", vehicle(ignored=ignored)) == 1.0
    assert penalty("lb2.1", collision(Category.OTHER)) == 1.0


def test_the_last_running_value_counts():
    score = score_route(
        [progress(10.0, 1), outside(50.0, 5.0, 1), progress(40.0, 9), outside(12.5, 5.0, 9)], PROFILES["lb2.1"]
    )
    assert (score.completion, score.penalty, score.driving_score) == (40.0, 0.875, 35.0)
    assert score.outside_m == 5.0
    assert score.infractions[Infraction.OUTSIDE_ROUTE_LANES] == (
        "Agent went outside its route lanes for about 5.0 meters (12.5% of the completed route)",
    )


def test_rounding_is_that_of_the_generation():
    drive = [progress(33.33567), vehicle(), vehicle(2), vehicle(3)]
    newer = score_route(drive, PROFILES["lb2.1"])
    assert (newer.completion, newer.penalty, newer.driving_score) == (33.34, 0.322581, 10.754839)
    older = score_route(drive, PROFILES["lb1.0"])
    assert (older.completion, older.driving_score) == (33.33567, 33.33567 * (0.6 * 0.6 * 0.6))


def test_passing_the_last_point_far_away_is_the_end_in_2_only():
    drive = [progress(99.996)]
    assert score_route(drive, PROFILES["lb2.1"]).reached
    assert not score_route(drive, PROFILES["lb1.0"]).reached


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([completed()], "Perfect"),
        ([completed(), ended()], "Perfect"),
        ([completed(), vehicle()], "Completed"),
        ([completed(), speed(99.99)], "Completed"),
        ([completed(), speed(100.0)], "Perfect"),
        # Who has arrived has arrived, whatever happened in the same tick.
        ([completed(), ended(Outcome.AGENT_CRASHED)], "Perfect"),
        ([progress(50.0)], "Failed"),
        ([timed_out(), ended(Outcome.ROUTE_TIMED_OUT)], "Failed - Agent timed out"),
        ([deviated()], "Failed - Agent deviated from the route"),
        ([blocked()], "Failed - Agent got blocked"),
        ([blocked(), deviated(), timed_out()], "Failed - Agent got blocked"),
        ([deviated(), timed_out()], "Failed - Agent deviated from the route"),
        ([ended(Outcome.AGENT_CRASHED)], "Failed - Agent crashed"),
        ([ended(Outcome.AGENT_TIMED_OUT)], "Failed - Agent crashed"),
        ([ended(Outcome.AGENT_SETUP_FAILED)], "Failed - Agent couldn't be set up"),
        ([ended(Outcome.AGENT_SENSORS_INVALID)], "Failed - Agent's sensors were invalid"),
        ([ended(Outcome.TICK_LIMIT)], "Failed - TickRuntime"),
        ([ended(Outcome.SIMULATOR_LOST)], "Failed - Simulation crashed"),
        ([blocked(), ended(Outcome.AGENT_CRASHED)], "Failed - Agent got blocked"),
    ],
)
def test_status(events, status):
    assert score_route(events, PROFILES["lb2.1"]).status == status


def test_1_0_knows_no_perfect():
    assert score_route([completed()], PROFILES["lb1.0"]).status == "Completed"


def test_a_dead_process_scores_as_what_it_wrote():
    drive = [started(), progress(42.0), red_light(2)]
    score = score_route(drive, PROFILES["lb2.1"], outcome=Outcome.AGENT_DIED)
    assert (score.completion, score.penalty, score.status) == (42.0, 0.714286, "Failed - Agent crashed")


def test_success_is_a_clean_arrival():
    def success(*events):
        return score_route([*events, completed()], PROFILES["bench2drive"]).success

    assert success()
    assert success(speed(20.0))
    assert not success(outside(0.1, metres=0.2))
    assert not success(vehicle())
    assert not score_route([progress(99.0)], PROFILES["bench2drive"]).success


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            vehicle(place=(1.23456, -2.0, 0.0005), other_id=88, type_id="vehicle.ford.mustang"),
            "Agent collided against object with type=vehicle.ford.mustang and id=88 at (x=1.235, y=-2.0, z=0.001)",
        ),
        (red_light(), "Agent ran a red light 31 at (x=0.0, y=0.0, z=0.0)"),
        (stop_sign(), "Agent ran a stop with id=5 at (x=0.0, y=0.0, z=0.0)"),
        (
            outside(3.14159, 12.34567),
            "Agent went outside its route lanes for about 12.346 meters (3.14% of the completed route)",
        ),
        (speed(52.3712), "Average speed is 52.37% of the surrounding traffic's one"),
        (speed(100.0, traffic_mps=0.0), "Average speed is 100% of the surrounding traffic's one"),
        (no_yield(), "Agent failed to yield to an emergency vehicle"),
        (scenario_timeout(), "Agent timed out a scenario"),
        (deviated(), "Agent deviated from the route at (x=1.0, y=-2.0, z=0.5)"),
        (blocked(), "Agent got blocked at (x=0.0, y=0.0, z=0.0)"),
        (timed_out(), "Route timeout."),
    ],
)
def test_the_official_words(event, text):
    assert wording(event) == text


def test_what_is_no_infraction_has_no_words():
    with pytest.raises(TypeError, match="RouteProgress is not an infraction"):
        wording(progress(1.0))


# --- what must hold for any drive -------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(infractions(), st.floats(0, 100), st.booleans(), st.sampled_from(ALL))
def test_scores_are_bounded(events, percentage, arrived, profile):
    drive = [*events, progress(percentage)] + ([completed()] if arrived else [])
    score = score_route(drive, PROFILES[profile])
    assert 0.0 <= score.penalty <= 1.0
    assert 0.0 <= score.completion <= 100.0
    assert 0.0 <= score.driving_score <= score.completion + 1e-6


@settings(max_examples=150)
@given(infractions(), infractions(), st.sampled_from(ALL))
def test_more_infractions_never_help(events, more, profile):
    more = [event for event in more if type(event).__name__ != "LeftRouteLanes"]
    few = score_route([*events, completed()], PROFILES[profile])
    many = score_route([*events, *more, completed()], PROFILES[profile])
    assert many.penalty <= few.penalty
    assert many.driving_score <= few.driving_score


@settings(max_examples=150)
@given(infractions(), st.randoms(use_true_random=False), st.sampled_from(ALL))
def test_the_order_of_writing_does_not_matter(events, lot, profile):
    drive = [*events, progress(71.0), deviated()]
    shuffled = list(drive)
    lot.shuffle(shuffled)
    one, other = score_route(drive, PROFILES[profile]), score_route(shuffled, PROFILES[profile])
    # Exactly equal, also to the last bit of a profile that does not round.
    assert (one.completion, one.penalty, one.driving_score) == (other.completion, other.penalty, other.driving_score)
    assert (one.status, one.count) == (other.status, other.count)


@settings(max_examples=100)
@given(infractions(), st.sampled_from(["lb1.0", "lb2.0", "lb2.1"]))
def test_the_penalty_is_the_textbook_formula(events, profile):
    """Written a second time, from the table of the public benchmarks, without the code's own tables."""
    factor = {"pedestrian": 0.5, "vehicle": 0.6, "static": 0.65, "RanRedLight": 0.7, "RanStopSign": 0.8}
    newer = {"FailedToYield": 0.7, "ScenarioTimedOut": 0.7}
    summand = {
        "pedestrian": 1.0,
        "vehicle": 0.7,
        "static": 0.6,
        "RanRedLight": 0.4,
        "RanStopSign": 0.25,
    } | dict.fromkeys(newer, 0.4)
    product, total, share = 1.0, 0.0, 1.0
    for event in events:
        name = type(event).__name__
        if name == "CollisionStarted":
            if event.ignored is not None or event.category is Category.OTHER:
                continue
            name = str(event.category)
        if name == "LeftRouteLanes":
            share *= 1 - event.percentage / 100
        elif name == "MinimumSpeed" and profile == "lb1.0":
            continue
        elif name == "MinimumSpeed":
            lacking = max(0.0, 1 - round(event.percentage, 2) / 100)
            product *= 1 - 0.3 * lacking
            total += 0.4 * lacking
        elif profile == "lb1.0":
            product *= factor.get(name, 1.0)
        else:
            product *= (factor | newer)[name]
            total += summand[name]
    expected = share / (1 + total) if profile == "lb2.1" else share * product
    assert score_route([*events, completed()], PROFILES[profile]).penalty == pytest.approx(expected, abs=1e-6)


def test_a_long_record_is_scored_quickly():
    """A kilometre writes a thousand running values; scoring must not care."""
    lot = random.Random(1)
    drive = [progress(n / 100, n) for n in range(10_000)] + [vehicle(lot.randint(1, 9999)) for _ in range(100)]
    assert score_route(drive, PROFILES["lb2.1"]).count == 100
