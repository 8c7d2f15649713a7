"""A run in a few numbers, each with what it rests on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from leaderboard.profiles import Infraction, Profile
from leaderboard.scoring.results import RouteResult
from leaderboard.scoring.score import RouteScore, infraction_keys
from leaderboard.scoring.statistics import Interval, bootstrap, mean, wilson
from scenarios.events import Outcome

MIN_KM = 0.001
"""2.x divides by no less (statistics_manager.py)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; None where there is nothing to tell."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: a town or a scenario type."""

    name: str
    valid: int
    planned: int
    driving_score: float | None
    completion: float | None
    penalty: float | None
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    profile: str
    planned: int
    """N: all routes times repetitions."""
    finished: int
    """Those with a result of any kind."""
    valid: int
    """n: those in the headline."""
    driving_score: Estimate
    """The headline: the mean over valid results."""
    completion: Estimate
    penalty: Estimate
    success_rate: Estimate
    """0 to 1, over valid results."""
    official_driving_score: float
    """As results.json has it: over all planned, whatever is missing counts 0."""
    official_completion: float
    official_penalty: float
    by_town: tuple[Row, ...]
    by_scenario: tuple[Row, ...]
    per_km: Mapping[Infraction, float]
    """Over the valid results, by the profile's generation; of OUTSIDE_ROUTE_LANES in 2.x the kilometres themselves."""
    km_driven: float
    left_out: Mapping[Outcome, tuple[str, ...]]
    """The finished that are not in the headline, as names of records by what became of them."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What of the plan the tables need: which town and scenario types a route has, also if it never ran."""

    town: str
    scenario_types: tuple[str, ...]


def summarize(
    results: Iterable[RouteResult],
    planned: Sequence[Planned],
    profile: Profile,
    *,
    allow_missing_scenarios: bool = False,
    seed: int = 0,
) -> Summary:
    """The summary of a run. `planned` has an entry for each route and repetition by its index, run or not."""
    finished = sorted(results, key=lambda result: result.index)
    # What scenarios a route of leaderboard 1.0 asks for is known only once it has been planned on its map.
    told = {result.index: result for result in finished}
    asked = [told.get(index, item) for index, item in enumerate(planned)]
    scored = [(result, result.score) for result in finished if result.score is not None]
    valid = [(result, score) for result, score in scored if result.counts(allow_missing_scenarios)]
    successes = sum(score.success for _, score in valid)
    counted = {result.index for result, _ in valid}
    left_out: dict[Outcome, list[str]] = defaultdict(list)
    for result in finished:
        if result.index not in counted:
            left_out[result.outcome].append(result.record_id)

    def estimate(pick: Callable[[RouteScore], float]) -> Estimate:
        by_route: dict[str, list[float]] = defaultdict(list)
        for result, score in valid:
            by_route[result.route_id].append(pick(score))
        return Estimate(mean([pick(score) for _, score in valid]), bootstrap(by_route, seed))

    def official(pick: Callable[[RouteScore], float]) -> float:
        return math.fsum(pick(score) for _, score in scored) / len(planned) if planned else 0.0

    return Summary(
        profile=profile.name,
        planned=len(planned),
        finished=len(finished),
        valid=len(valid),
        driving_score=estimate(lambda score: score.driving_score),
        completion=estimate(lambda score: score.completion),
        penalty=estimate(lambda score: score.penalty),
        success_rate=Estimate(successes / len(valid) if valid else None, wilson(successes, len(valid))),
        official_driving_score=official(lambda score: score.driving_score),
        official_completion=official(lambda score: score.completion),
        official_penalty=official(lambda score: score.penalty),
        by_town=_table(valid, planned, lambda item: (item.town,)),
        by_scenario=_table(valid, asked, lambda item: tuple(dict.fromkeys(item.scenario_types))),
        per_km=MappingProxyType(per_km(valid, profile)),
        km_driven=_km(valid),
        left_out=MappingProxyType({outcome: tuple(names) for outcome, names in left_out.items()}),
    )


def _table(
    valid: Sequence[tuple[RouteResult, RouteScore]],
    planned: Sequence[RouteResult | Planned],
    names: Callable[[RouteResult | Planned], tuple[str, ...]],
) -> tuple[Row, ...]:
    """One row for each name, sorted. A route with several scenario types is in the row of each."""
    total: dict[str, int] = defaultdict(int)
    for item in planned:
        for name in names(item):
            total[name] += 1
    scores: dict[str, list[RouteScore]] = defaultdict(list)
    for result, score in valid:
        for name in names(result):
            scores[name].append(score)
    return tuple(
        Row(
            name=name,
            valid=len(scores[name]),
            planned=total[name],
            driving_score=mean([score.driving_score for score in scores[name]]),
            completion=mean([score.completion for score in scores[name]]),
            penalty=mean([score.penalty for score in scores[name]]),
            successes=sum(score.success for score in scores[name]),
        )
        for name in sorted(total)
    )


def per_km(scored: Sequence[tuple[RouteResult, RouteScore]], profile: Profile) -> dict[Infraction, float]:
    """Infractions per driven kilometre, as the profile's generation counts them."""
    keys = infraction_keys(profile)
    if profile.runtime.length_of == "plan":
        return pooled_per_km(scored, keys)
    return summed_per_km(scored, keys)


def pooled_per_km(
    scored: Sequence[tuple[RouteResult, RouteScore]], keys: Sequence[Infraction]
) -> dict[Infraction, float]:
    """2.x: all infractions over all kilometres; for leaving the lanes the kilometres outside, divided by nothing."""
    km = max(_km(scored), MIN_KM)
    rates: dict[Infraction, float] = {}
    for key in keys:
        if key is Infraction.OUTSIDE_ROUTE_LANES:
            rates[key] = math.fsum(score.outside_m for _, score in scored) / 1000.0
        else:
            rates[key] = sum(len(score.infractions[key]) for _, score in scored) / km
    return rates


def summed_per_km(
    scored: Sequence[tuple[RouteResult, RouteScore]], keys: Sequence[Infraction]
) -> dict[Infraction, float]:
    """1.0: the SUM of each route's own rate, routes without progress left out. Known to be wrong (leaderboard#117)."""
    rates = dict.fromkeys(keys, 0.0)
    for result, score in scored:
        km = score.completion / 100.0 * result.route_length_m / 1000.0
        if km > 0.0:
            for key in keys:
                rates[key] += len(score.infractions[key]) / km
    return rates


def _km(scored: Sequence[tuple[RouteResult, RouteScore]]) -> float:
    return math.fsum(result.route_length_m / 1000.0 * score.completion / 100.0 for result, score in scored)
