"""Intervals: known values, and coverage that is what it claims to be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.scoring.statistics import Interval, bootstrap, mean, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(192, 220, 82.2, 91.0), (148, 220, 60.8, 73.1), (36, 220, 12.1, 21.8), (3, 6, 18.8, 81.2)],
)
def test_published_wilson_intervals(successes, trials, low, high):
    interval = wilson(successes, trials)
    assert (round(100 * interval.low, 1), round(100 * interval.high, 1)) == (low, high)


@given(st.integers(1, 300), st.data())
def test_wilson_holds_the_rate_and_stays_in_bounds(trials, data):
    successes = data.draw(st.integers(0, trials))
    interval = wilson(successes, trials)
    assert 0.0 <= interval.low <= successes / trials <= interval.high <= 1.0
    mirrored = wilson(trials - successes, trials)
    assert mirrored.low == pytest.approx(1.0 - interval.high)


def test_wilson_of_nothing_and_of_nonsense():
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="5 successes of 4"):
        wilson(5, 4)


def test_the_bootstrap_is_seeded_and_ignores_order():
    values = {str(number): [number**1.7] for number in range(40)}
    backwards = dict(reversed(values.items()))
    assert bootstrap(values, 3) == bootstrap(backwards, 3)
    assert bootstrap(values, 3) != bootstrap(values, 4)


def test_the_bootstrap_of_known_spread():
    """100 routes, half 0 and half 100: the mean's standard error is 5, so the interval is 50 - 9.8 to 50 + 9.8."""
    interval = bootstrap({str(number): [100.0 * (number % 2)] for number in range(100)}, 0)
    assert interval.low == pytest.approx(40.2, abs=1.2)
    assert interval.high == pytest.approx(59.8, abs=1.2)


def test_repetitions_of_a_route_are_no_new_routes():
    """Five equal repetitions of each route tell nothing new: the interval must not shrink."""
    once = {str(number): [100.0 * (number % 2)] for number in range(30)}
    often = {name: values * 5 for name, values in once.items()}
    assert bootstrap(often, 0) == bootstrap(once, 0)


def test_the_bootstrap_needs_two_routes():
    assert bootstrap({}, 0) is None
    assert bootstrap({"a": [1.0, 2.0]}, 0) is None
    assert bootstrap({"a": [1.0], "b": []}, 0) is None
    assert bootstrap({"a": [5.0], "b": [5.0]}, 0) == Interval(5.0, 5.0)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Of 200 runs of 40 routes, with a true mean of 50, about 95 % must hold it (93.0 is the expectation at n = 40)."""
    lot = np.random.default_rng(7)
    held = 0
    for run in range(200):
        interval = bootstrap({str(route): [value] for route, value in enumerate(lot.uniform(0, 100, 40))}, run)
        held += interval.low <= 50.0 <= interval.high
    assert 178 <= held <= 199


def test_the_mean_does_not_depend_on_the_order():
    values = [1e16, 1.0, -1e16, 3.0]
    assert mean(values) == mean(values[::-1]) == 1.0
    assert mean([]) is None
    assert math.isclose(mean([1.0, 2.0]), 1.5)
