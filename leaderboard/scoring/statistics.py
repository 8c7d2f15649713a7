"""How sure a number is: intervals for means over routes and for rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

RESAMPLES: Final = 10_000
_NORMAL_975: Final = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def bootstrap(values_by_route: Mapping[str, Sequence[float]], seed: int) -> Interval | None:
    """The interval of the mean over all values, by resampling routes with all their repetitions (percentile method).

    Routes are the unit that was drawn from the world of possible routes; repetitions of one route are not independent
    of each other. None with fewer than two routes: one route says nothing about others. The order of the routes does
    not matter, the seed does.
    """
    routes = [values_by_route[name] for name in sorted(values_by_route) if values_by_route[name]]
    if len(routes) < 2:
        return None
    sums = np.array([math.fsum(values) for values in routes])
    counts = np.array([float(len(values)) for values in routes])
    lot = np.random.default_rng(np.random.SeedSequence([seed, len(routes)]))
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, 500):
        draw = lot.integers(0, len(routes), size=(500, len(routes)))
        means[start : start + 500] = sums[draw].sum(axis=1) / counts[draw].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high))


def wilson(successes: int, trials: int) -> Interval | None:
    """Wilson's score interval of a rate, 0 to 1; None without trials."""
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return None
    square = _NORMAL_975**2
    rate = successes / trials
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    spread = _NORMAL_975 * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2)) / (1 + square / trials)
    # At 0 and at all successes the bound is exact; rounding must not put it beyond.
    low = 0.0 if successes == 0 else max(0.0, middle - spread)
    high = 1.0 if successes == trials else min(1.0, middle + spread)
    return Interval(low, high)


def mean(values: Sequence[float]) -> float | None:
    """The mean, summed exactly, so that it does not depend on the order; None of nothing."""
    return math.fsum(values) / len(values) if values else None
