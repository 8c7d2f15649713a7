"""The events of one attempt to its scores, under a profile.

The result is that of statistics_manager.py on the branches leaderboard-1.0, -2.0 and -2.1 and of Bench2Drive's copy,
down to rounding and wording, and does not depend on the order in which events of different criteria were written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from leaderboard.outcomes import OUTCOMES, Blame
from leaderboard.profiles import Infraction, PenaltyRule, Profile, ResultsFormat, Scoring
from leaderboard.scoring.wording import wording
from scenarios.events import (
    Blocked,
    Category,
    CollisionStarted,
    EpisodeEnded,
    Event,
    FailedToYield,
    LeftRouteLanes,
    MinimumSpeed,
    Outcome,
    RanRedLight,
    RanStopSign,
    RouteCompleted,
    RouteDeviated,
    RouteProgress,
    RouteTimedOut,
    ScenarioTimedOut,
)

_COLLISIONS: Final = {
    Category.PEDESTRIAN: Infraction.COLLISIONS_PEDESTRIAN,
    Category.VEHICLE: Infraction.COLLISIONS_VEHICLE,
    Category.STATIC: Infraction.COLLISIONS_LAYOUT,
}
_KINDS: Final[Mapping[type[Event], Infraction]] = {
    RanRedLight: Infraction.RED_LIGHT,
    RanStopSign: Infraction.STOP,
    LeftRouteLanes: Infraction.OUTSIDE_ROUTE_LANES,
    MinimumSpeed: Infraction.MIN_SPEED,
    FailedToYield: Infraction.YIELD,
    ScenarioTimedOut: Infraction.SCENARIO_TIMEOUT,
    RouteDeviated: Infraction.ROUTE_DEVIATION,
    Blocked: Infraction.BLOCKED,
    RouteTimedOut: Infraction.ROUTE_TIMEOUT,
}
# The order in which the official code walks its criteria, hence multiplies and words (route_scenario.py).
_ORDER: Final = (
    Infraction.ROUTE_TIMEOUT,
    Infraction.OUTSIDE_ROUTE_LANES,
    Infraction.COLLISIONS_PEDESTRIAN,
    Infraction.COLLISIONS_VEHICLE,
    Infraction.COLLISIONS_LAYOUT,
    Infraction.RED_LIGHT,
    Infraction.STOP,
    Infraction.MIN_SPEED,
    Infraction.ROUTE_DEVIATION,
    Infraction.BLOCKED,
    Infraction.YIELD,
    Infraction.SCENARIO_TIMEOUT,
)
_LEGACY_KEYS: Final = (
    Infraction.COLLISIONS_PEDESTRIAN,
    Infraction.COLLISIONS_VEHICLE,
    Infraction.COLLISIONS_LAYOUT,
    Infraction.RED_LIGHT,
    Infraction.STOP,
    Infraction.OUTSIDE_ROUTE_LANES,
    Infraction.ROUTE_DEVIATION,
    Infraction.ROUTE_TIMEOUT,
    Infraction.BLOCKED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScore:
    """What one attempt is worth."""

    completion: float
    """Route completion, 0 to 100."""
    penalty: float
    """Infraction penalty, 1 for a clean drive."""
    driving_score: float
    """completion x penalty."""
    infractions: Mapping[Infraction, tuple[str, ...]]
    """The official texts, for each key of the profile's results, in their order."""
    outside_m: float
    """Metres outside the route's lanes, rounded as in the text."""
    reached: bool
    """The end of the route was reached."""
    status: str
    """As in results.json."""

    @property
    def count(self) -> int:
        return sum(len(texts) for texts in self.infractions.values())

    @property
    def success(self) -> bool:
        """Bench2Drive's success: the end is reached and no list but that of minimum speeds holds anything."""
        return self.reached and not any(
            texts for key, texts in self.infractions.items() if key is not Infraction.MIN_SPEED
        )


def infraction_keys(profile: Profile) -> tuple[Infraction, ...]:
    """What the results of a profile list, in their order."""
    return _LEGACY_KEYS if profile.scoring.format is ResultsFormat.V1 else tuple(Infraction)


def score_route(events: Iterable[Event], profile: Profile, outcome: Outcome | None = None) -> RouteScore:
    """Scores one attempt. `outcome` is how it ended where the events do not say so, because the process died."""
    recorded = list(events)
    if outcome is None:
        outcome = next((event.outcome for event in recorded if isinstance(event, EpisodeEnded)), None)
    scoring = profile.scoring
    listed = _listed(recorded, profile)
    completion, reached = _completion(recorded, scoring)
    penalty = _penalty(listed, scoring)
    texts: dict[Infraction, list[str]] = {key: [] for key in infraction_keys(profile)}
    for key, event in listed:
        texts[key].append(wording(event))
    infractions = MappingProxyType({key: tuple(values) for key, values in texts.items()})
    count = sum(len(values) for values in infractions.values())
    return RouteScore(
        completion=_rounded(completion, scoring.score_digits),
        penalty=_rounded(penalty, scoring.score_digits),
        driving_score=_rounded(max(completion * penalty, 0.0), scoring.score_digits),
        infractions=infractions,
        outside_m=sum(round(event.distance_m, 3) for _, event in listed if isinstance(event, LeftRouteLanes)),
        reached=reached,
        status=_status(reached, count, listed, outcome, scoring),
    )


def _listed(events: Sequence[Event], profile: Profile) -> list[tuple[Infraction, Event]]:
    """The infractions in the official order. Of a running value the last counts."""
    keys = infraction_keys(profile)
    found: list[tuple[Infraction, Event]] = []
    outside: LeftRouteLanes | None = None
    for event in events:
        if isinstance(event, LeftRouteLanes):
            if outside is None or event.frame >= outside.frame:
                outside = event
            continue
        key = _key(event, profile.scoring)
        if key in keys:
            found.append((key, event))
    if outside is not None and outside.distance_m > 0.0:
        found.append((Infraction.OUTSIDE_ROUTE_LANES, outside))
    # Collisions of all kinds come from one criterion, so they stay in the order of time among themselves.
    return sorted(found, key=lambda item: (_group(item[0]), item[1].frame))


def _group(key: Infraction) -> int:
    return _ORDER.index(Infraction.COLLISIONS_PEDESTRIAN if key in _COLLISIONS.values() else key)


def _key(event: Event, scoring: Scoring) -> Infraction | None:
    if isinstance(event, CollisionStarted):
        return _COLLISIONS[event.category] if event.counted else None
    if isinstance(event, MinimumSpeed) and not scoring.lists_all_speeds and round(event.percentage, 2) >= 100.0:
        return None
    return _KINDS.get(type(event))


def _completion(events: Sequence[Event], scoring: Scoring) -> tuple[float, bool]:
    if any(isinstance(event, RouteCompleted) for event in events):
        return 100.0, True
    last: RouteProgress | None = None
    for event in events:
        if isinstance(event, RouteProgress) and (last is None or event.frame >= last.frame):
            last = event
    completion = 0.0 if last is None else _rounded(last.percentage, scoring.progress_digits)
    # 2.x looks at the number, 1.0 at the event; they differ where the last point is passed but more than 10 m away.
    return completion, scoring.progress_digits is not None and completion >= 100.0


def _penalty(listed: Sequence[tuple[Infraction, Event]], scoring: Scoring) -> float:
    """Terms of one frame are sorted by value, so that the last bit does not depend on the order of writing either."""
    terms = sorted((_group(key), event.frame, _term(key, event, scoring)) for key, event in listed)
    outside = [event.percentage for _, event in listed if isinstance(event, LeftRouteLanes)]
    product = math.prod((1.0 - percentage / 100.0 for percentage in outside), start=1.0)
    if scoring.rule is PenaltyRule.PRODUCT:
        return math.prod((term for _, _, term in terms), start=product)
    total = 0.0
    for _, _, term in terms:
        total += term
    return product * (1.0 / (1.0 + total))


def _term(key: Infraction, event: Event, scoring: Scoring) -> float:
    """The factor (PRODUCT) or the summand (HARMONIC) of one infraction; what only ends the route is neutral."""
    neutral = 1.0 if scoring.rule is PenaltyRule.PRODUCT else 0.0
    if isinstance(event, MinimumSpeed):
        if scoring.min_speed is None:
            return neutral
        lacking = scoring.min_speed * (1.0 - round(event.percentage, 2) / 100.0)
        return 1.0 - lacking if scoring.rule is PenaltyRule.PRODUCT else lacking
    return scoring.penalties.get(key, neutral)


def _status(
    reached: bool,
    count: int,
    listed: Sequence[tuple[Infraction, Event]],
    outcome: Outcome | None,
    scoring: Scoring,
) -> str:
    """The official words. Of several reasons the last in the order of criteria is named."""
    if reached:
        return "Completed" if count or scoring.format is ResultsFormat.V1 else "Perfect"
    failure = None if outcome is None or OUTCOMES[outcome].blame is Blame.DRIVING else OUTCOMES[outcome].failure
    if outcome is Outcome.TICK_LIMIT:
        failure = OUTCOMES[outcome].failure
    for key, ending in (
        (Infraction.ROUTE_TIMEOUT, Outcome.ROUTE_TIMED_OUT),
        (Infraction.ROUTE_DEVIATION, Outcome.DEVIATED),
        (Infraction.BLOCKED, Outcome.BLOCKED),
    ):
        if any(found is key for found, _ in listed):
            failure = OUTCOMES[ending].failure
    return f"Failed - {failure}" if failure else "Failed"


def _rounded(value: float, digits: int | None) -> float:
    return value if digits is None else round(value, digits)
