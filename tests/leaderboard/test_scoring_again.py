"""Scoring again: where the record tells the result under another profile, and where it is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.errors import RescoreRefused
from leaderboard.profiles import PROFILES
from leaderboard.scoring.rescore import cut_for, rescore
from leaderboard.scoring.score import score_route
from scenarios.events import EpisodeEnded, Outcome
from tests.leaderboard.facts import (
    blocked,
    completed,
    ended,
    infractions,
    outside,
    progress,
    red_light,
    started,
    vehicle,
)

LB10, LB20, LB21, B2D, LONGEST6 = (PROFILES[name] for name in ("lb1.0", "lb2.0", "lb2.1", "bench2drive", "longest6"))


def variant(profile, timeouts=None, **runtime):
    """A profile with other rules of the road."""
    rules = replace(profile.runtime, **runtime)
    return replace(
        profile, name="variant", runtime=replace(rules, timeouts=replace(rules.timeouts, **(timeouts or {})))
    )


@given(infractions(), st.floats(0, 99))
def test_2_0_and_2_1_drive_alike(events, percentage):
    drive = [started(), *events, progress(percentage), ended(Outcome.BLOCKED)]
    assert rescore(drive, LB20.runtime, LB21) == score_route(drive, LB21)
    assert rescore(drive, LB21.runtime, LB20) == score_route(drive, LB20)


@pytest.mark.parametrize(
    ("made", "asked", "rule"),
    [
        (LB21, LB10, "ego_model"),
        (LB21, B2D, "plan_spacing_m"),
        (B2D, LB21, "plan_spacing_m"),
        (LB10, LONGEST6, "traffic"),
        (LONGEST6, LB10, "traffic"),
        (LB10, LB20, "ego_model"),
    ],
)
def test_public_profiles_that_drive_differently_are_refused(made, asked, rule):
    with pytest.raises(RescoreRefused, match=rf"cannot be scored as {asked.name}: {rule} was .* and is .* there"):
        rescore([started(), completed(), ended()], made.runtime, asked)


DRIVE = [
    started(),
    progress(10.0, 100),
    vehicle(150),
    outside(4.0, 3.0, 160),
    progress(60.0, 1000),
    outside(2.0, 4.0, 1001),
    red_light(1500),
    progress(90.0, 2000),
    completed(2400),
    ended(frame=2401),
]


def test_a_drive_is_cut_where_the_other_profile_would_have_ended_it():
    short = variant(LB20, {"tick_limit": 1200})
    score = rescore(DRIVE, LB20.runtime, short)
    assert (score.completion, score.penalty) == (60.0, round(0.6 * 0.98, 6))
    assert score.status == "Failed - TickRuntime"
    end = cut_for(DRIVE, LB20.runtime, short)[-1]
    assert isinstance(end, EpisodeEnded)
    assert (end.frame, end.ticks, end.duration_s) == (1200, 1200, pytest.approx(60.0))


@pytest.mark.parametrize("limit", [1000, 1001, 1499, 1500])
def test_events_of_the_last_tick_count(limit):
    score = rescore(DRIVE, LB20.runtime, variant(LB20, {"tick_limit": limit}))
    assert score.count == 2 + (limit >= 1500)
    assert score.outside_m == (4.0 if limit >= 1001 else 3.0)


def test_a_limit_that_the_drive_did_not_reach_changes_nothing():
    assert rescore(DRIVE, LB20.runtime, variant(LB20, {"tick_limit": 2401})) == score_route(DRIVE, LB20)
    limited = variant(LB20, {"tick_limit": 3000})
    assert rescore(DRIVE, limited.runtime, LB20) == score_route(DRIVE, LB20)


def test_a_drive_that_ran_into_its_limit_would_have_gone_on():
    drive = [started(), progress(60.0), ended(Outcome.TICK_LIMIT)]
    with pytest.raises(RescoreRefused, match=r"tick_limit was 100 and is None there, and the drive was ended by it"):
        rescore(drive, variant(LB20, {"tick_limit": 100}).runtime, LB20)


def test_the_last_checkpoint_cannot_be_made_up():
    with pytest.raises(RescoreRefused, match="speed_last_share"):
        rescore([*DRIVE[:-2], progress(97.0, 2100), *DRIVE[-2:]], LB20.runtime, variant(LB20, {"tick_limit": 2200}))
    silent = replace(LB20, scoring=replace(LB20.scoring, min_speed=None))
    assert rescore(DRIVE, LB20.runtime, variant(silent, {"tick_limit": 2200})).completion == 90.0


def test_how_long_the_ego_may_stand():
    longer = variant(LB20, {"blocked_s": 300.0})
    assert rescore(DRIVE, LB20.runtime, longer) == score_route(DRIVE, LB20)
    with pytest.raises(RescoreRefused, match=r"timeouts.blocked_s was 180.0 and is 300.0"):
        rescore([started(), blocked(), ended(Outcome.BLOCKED)], LB20.runtime, longer)
    # 120 s in all: nobody can have stood for longer. For 60 s perhaps, and the events do not tell.
    assert rescore(DRIVE, LB20.runtime, variant(LB20, {"blocked_s": 121.0})) == score_route(DRIVE, LB20)
    with pytest.raises(RescoreRefused, match="whether the ego ever stood for 60 s"):
        rescore(DRIVE, LB20.runtime, variant(LB20, {"blocked_s": 60.0}))


def test_other_checkpoints_matter_only_where_speed_is_scored():
    with pytest.raises(RescoreRefused, match="speed_checkpoints was 4 and is 8"):
        rescore(DRIVE, LB20.runtime, variant(LB20, speed_checkpoints=8))
    silent = replace(LB20, scoring=replace(LB20.scoring, min_speed=None))
    assert rescore(DRIVE, LB20.runtime, variant(silent, speed_checkpoints=8)).penalty == round(0.6 * 0.98 * 0.7, 6)


def test_wider_limits_are_kept_and_narrower_ones_unknown():
    assert rescore(DRIVE, LB20.runtime, variant(LB20, sensor_radius_m=100.0)) == score_route(DRIVE, LB20)
    with pytest.raises(RescoreRefused, match=r"sensor_radius_m was 3.0 and is 1.0"):
        rescore(DRIVE, LB20.runtime, variant(LB20, sensor_radius_m=1.0))
    rejected = [started(), ended(Outcome.AGENT_SENSORS_INVALID)]
    with pytest.raises(RescoreRefused, match="would have gone on"):
        rescore(rejected, LB20.runtime, variant(LB20, sensor_radius_m=100.0))


def test_a_record_without_an_end_is_not_stretched():
    with pytest.raises(RescoreRefused, match="does not say how the drive ended"):
        rescore(DRIVE[:-1], LB20.runtime, variant(LB20, {"blocked_s": 300.0}))
