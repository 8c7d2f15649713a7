"""What a run came to: one result for each route and repetition that has ended for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leaderboard.outcomes import OUTCOMES, Scored
from leaderboard.profiles import Profile
from leaderboard.scoring.score import RouteScore, score_route
from scenarios.events import AgentReady, EpisodeEnded, EpisodeStarted, Event, Outcome, ScenarioRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteResult:
    """The last word on one route and repetition."""

    index: int
    """Place in the official order: index of the route x repetitions + repetition."""
    route_id: str
    repetition: int
    town: str
    scenario_types: tuple[str, ...]
    outcome: Outcome
    score: RouteScore | None
    """None where the outcome is never scored."""
    route_length_m: float
    """As the profile measures it, 3 decimals."""
    duration_game_s: float
    duration_system_s: float
    sensors: tuple[str, ...]
    """Types, in the agent's order."""
    junction_share: float | None
    """Which share of the plan's points ends 8 points after the first in a junction: Bench2Drive's rule for signs."""

    @property
    def record_id(self) -> str:
        return f"RouteScenario_{self.route_id}_rep{self.repetition}"

    def counts(self, allow_missing_scenarios: bool) -> bool:
        """Whether it is in the headline mean."""
        scored = OUTCOMES[self.outcome].scored
        return scored is Scored.EVENTS or (scored is Scored.APART and allow_missing_scenarios)


def route_result(
    events: Iterable[Event],
    profile: Profile,
    *,
    index: int,
    route_id: str,
    repetition: int,
    town: str,
    scenario_types: tuple[str, ...],
    outcome: Outcome,
    duration_system_s: float,
) -> RouteResult:
    """The result of an attempt from its events. `outcome` is the judged one (leaderboard.outcomes.judged).

    `scenario_types` are those of the route's file; where the events tell what was asked for, that counts.
    """
    recorded = list(events)
    asked = tuple(event.type for event in recorded if isinstance(event, ScenarioRequested))
    never = OUTCOMES[outcome].scored is Scored.NEVER
    started = next((event for event in recorded if isinstance(event, EpisodeStarted)), None)
    ended = next((event for event in recorded if isinstance(event, EpisodeEnded)), None)
    ready = next((event for event in recorded if isinstance(event, AgentReady)), None)
    if started is None or never:
        length_m = 0.0
    else:
        length_m = started.plan_length_m if profile.runtime.length_of == "plan" else started.keypoints_length_m
    if ended is not None:
        duration_game_s = ended.duration_s
    else:
        duration_game_s = max((event.time_s for event in recorded), default=0.0)
    return RouteResult(
        index=index,
        route_id=route_id,
        repetition=repetition,
        town=town,
        scenario_types=asked or scenario_types,
        outcome=outcome,
        score=None if never else score_route(recorded, profile, outcome=None if ended is not None else outcome),
        route_length_m=length_m,
        duration_game_s=0.0 if never else duration_game_s,
        duration_system_s=duration_system_s,
        sensors=ready.sensors if ready is not None else (),
        junction_share=None if started is None else _junction_share(started),
    )


def _junction_share(started: EpisodeStarted) -> float | None:
    """tools/ability_benchmark.py of Bench2Drive, which counts points from 1."""
    if started.first_junction_point is None:
        return None
    return (started.first_junction_point + 1 + 8) / started.plan_points
