"""Profiles: the rules of the benchmarks, and what tells them apart."""

import dataclasses

import pytest

from leaderboard.errors import UserError
from leaderboard.profiles import DEFAULT_PROFILE, PROFILES, Infraction, differing_rules, profile_named

LB10, LB20, LB21, B2D, LONGEST6 = (PROFILES[name] for name in ("lb1.0", "lb2.0", "lb2.1", "bench2drive", "longest6"))


def test_the_default_and_the_unknown():
    assert profile_named(DEFAULT_PROFILE) is LB21
    with pytest.raises(UserError, match=r"unknown profile 'lb3'; known are lb1.0, lb2.0, lb2.1, bench2drive, longest6"):
        profile_named("lb3")


def test_what_each_benchmark_changed():
    assert differing_rules(LB20.runtime, LB21.runtime) == ()
    assert set(differing_rules(LB21.runtime, B2D.runtime)) == {
        "plan_spacing_m",
        "speed_checkpoints",
        "timeouts.blocked_s",
        "timeouts.tick_limit",
        "sensor_radius_m",
        "sensor_wait_s",
        "agent_timeout_s",
    }
    assert differing_rules(LB10.runtime, LONGEST6.runtime) == ("traffic",)
    assert "ego_model" in differing_rules(LB10.runtime, LB20.runtime)


@pytest.mark.parametrize(
    ("profile", "blocked_s", "tick_limit", "checkpoints", "spacing_m", "tolerance_m"),
    [
        (LB10, 180.0, None, 0, 50.0, 1.3),
        (LB20, 180.0, None, 4, 200.0, 0.5),
        (LB21, 180.0, None, 4, 200.0, 0.5),
        (B2D, 60.0, 4000, 20, 50.0, 0.5),
        (LONGEST6, 180.0, None, 0, 50.0, 1.3),
    ],
)
def test_the_rules_of_the_road(profile, blocked_s, tick_limit, checkpoints, spacing_m, tolerance_m):
    rules = profile.runtime
    assert rules.timeouts.blocked_s == blocked_s
    assert rules.timeouts.tick_limit == tick_limit
    assert rules.speed_checkpoints == checkpoints
    assert rules.plan_spacing_m == spacing_m
    assert rules.lanes.tolerance_m == tolerance_m


def test_every_infraction_that_costs_something_costs_it_in_its_own_generation():
    """A penalty that is missing from a table would silently be free."""
    ends_only = {Infraction.ROUTE_DEVIATION, Infraction.BLOCKED, Infraction.ROUTE_TIMEOUT}
    by_share = {Infraction.OUTSIDE_ROUTE_LANES, Infraction.MIN_SPEED}
    for profile in (LB20, LB21, B2D):
        assert set(profile.scoring.penalties) == set(Infraction) - ends_only - by_share
    newer = {Infraction.YIELD, Infraction.SCENARIO_TIMEOUT}
    for profile in (LB10, LONGEST6):
        assert set(profile.scoring.penalties) == set(Infraction) - ends_only - by_share - newer


def test_profiles_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LB21.runtime.ego_model = "vehicle.tesla.model3"
    with pytest.raises(TypeError):
        LB21.scoring.penalties[Infraction.STOP] = 0.0
