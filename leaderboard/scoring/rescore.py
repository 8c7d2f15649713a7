"""Scoring a record again under another profile, where the record determines the result; refusing where it does not.

A drive was made under rules: which car, what the agent was told, when a route ends. Under other rules the agent would
have driven something else, unless the rules that differ cannot have made a difference, or would only have ended the
same drive earlier. Anything else is refused, and the rule is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from leaderboard.errors import RescoreRefused
from leaderboard.profiles import Profile, Runtime, differing_rules
from leaderboard.scoring.score import RouteScore, score_route
from scenarios.events import EpisodeEnded, Event, Outcome, RouteProgress


@dataclass(frozen=True, slots=True)
class _Drive:
    """What the verdicts look at."""

    events: Sequence[Event]
    ended: EpisodeEnded | None

    @property
    def duration_s(self) -> float:
        return self.ended.duration_s if self.ended is not None else max((e.time_s for e in self.events), default=0.0)

    def ended_as(self, *outcomes: Outcome) -> bool:
        return self.ended is not None and self.ended.outcome in outcomes


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a differing rule means for a drive."""

    reason: str | None = None
    """Why it is refused; None where it is not."""
    cut_after_frame: int | None = None
    """Where the other rule would have ended the drive."""


_HARMLESS: Final = _Verdict()
_Judge = Callable[[Any, Any, _Drive, Profile], _Verdict]


def rescore(events: Iterable[Event], made_under: Runtime, profile: Profile) -> RouteScore:
    """The score of a record under `profile`; raises RescoreRefused with the rule that stands in the way."""
    return score_route(cut_for(events, made_under, profile), profile)


def cut_for(events: Iterable[Event], made_under: Runtime, profile: Profile) -> tuple[Event, ...]:
    """The events as `profile`'s rules would have made them; raises RescoreRefused where they do not tell."""
    recorded = tuple(events)
    drive = _Drive(recorded, next((event for event in recorded if isinstance(event, EpisodeEnded)), None))
    cuts: list[int] = []
    for rule in differing_rules(made_under, profile.runtime):
        own, other = _rule(made_under, rule), _rule(profile.runtime, rule)
        verdict = _JUDGES.get(rule, _changes_the_drive)(own, other, drive, profile)
        if verdict.reason is not None:
            raise RescoreRefused(
                f"the record cannot be scored as {profile.name}: {rule} was {own!r} and is {other!r} there, "
                f"and {verdict.reason}"
            )
        if verdict.cut_after_frame is not None:
            cuts.append(verdict.cut_after_frame)
    return _cut(drive, min(cuts), profile) if cuts else recorded


def _rule(runtime: Runtime, dotted: str) -> Any:
    value: Any = runtime
    for name in dotted.split("."):
        value = getattr(value, name)
    return value


def _cut(drive: _Drive, last: int, profile: Profile) -> tuple[Event, ...]:
    """The events up to a frame, ended there by the limit of ticks."""
    kept = [event for event in drive.events if event.frame <= last and not isinstance(event, EpisodeEnded)]
    progress = max((event.percentage for event in kept if isinstance(event, RouteProgress)), default=0.0)
    judges_speed = profile.scoring.min_speed is not None or profile.scoring.lists_all_speeds
    if judges_speed and progress > 100.0 * profile.runtime.speed_last_share:
        raise RescoreRefused(
            f"the record cannot be scored as {profile.name}: cut at frame {last} its last speed checkpoint would be "
            "judged there, and the record has it only at the end (speed_last_share)"
        )
    final = kept[-1] if kept else drive.events[0]
    # Ticks are equally long, so a frame has its time.
    time_s = final.time_s if drive.ended is None else drive.ended.duration_s * last / drive.ended.ticks
    ended = EpisodeEnded(
        frame=last,
        time_s=time_s,
        place=final.place,
        outcome=Outcome.TICK_LIMIT,
        ticks=last,
        duration_s=time_s,
        detail=f"cut at frame {last}, the limit of {profile.name}",
    )
    return (*kept, ended)


# --- what each rule means ---------------------------------------------------------------------------------------------


def _changes_the_drive(_own: Any, _other: Any, _drive: _Drive, _profile: Profile) -> _Verdict:
    return _Verdict("the agent would have driven differently, or been judged by facts that are not in the record")


def _tick_limit(own: int | None, other: int | None, drive: _Drive, _profile: Profile) -> _Verdict:
    if other is not None and (own is None or other < own):
        beyond = any(event.frame > other for event in drive.events)
        return _Verdict(cut_after_frame=other) if beyond else _HARMLESS
    return _binds_later(drive, Outcome.TICK_LIMIT)


def _blocked(own: float, other: float, drive: _Drive, _profile: Profile) -> _Verdict:
    if other > own:
        return _binds_later(drive, Outcome.BLOCKED)
    if drive.duration_s <= other:
        return _HARMLESS
    return _Verdict(f"whether the ego ever stood for {other:g} s is not in the events")


def _binds_later(drive: _Drive, *outcomes: Outcome) -> _Verdict:
    """The other limit is wider: that makes no difference unless the drive ran into its own."""
    if drive.ended is None:
        return _Verdict("the record does not say how the drive ended")
    if drive.ended_as(*outcomes):
        return _Verdict("the drive was ended by it and would have gone on")
    return _HARMLESS


def _wider_only(*outcomes: Outcome) -> _Judge:
    """A limit that the drive kept is kept under a wider one too; a narrower one might have been broken."""

    def judge(own: float, other: float, drive: _Drive, _profile: Profile) -> _Verdict:
        if other < own:
            return _Verdict("the record does not say whether the drive would have kept the narrower limit")
        return _binds_later(drive, *outcomes)

    return judge


def _speed(_own: Any, _other: Any, _drive: _Drive, profile: Profile) -> _Verdict:
    if profile.scoring.min_speed is None and not profile.scoring.lists_all_speeds:
        return _HARMLESS
    return _Verdict("the record has its checkpoints elsewhere")


_JUDGES: Final[Mapping[str, _Judge]] = {
    "timeouts.tick_limit": _tick_limit,
    "timeouts.blocked_s": _blocked,
    "speed_checkpoints": _speed,
    "speed_window": _speed,
    "speed_last_share": _speed,
    "sensor_radius_m": _wider_only(Outcome.AGENT_SENSORS_INVALID),
    "sensor_wait_s": _wider_only(Outcome.SIMULATOR_STALLED),
    "agent_timeout_s": _wider_only(Outcome.AGENT_TIMED_OUT, Outcome.AGENT_SETUP_TIMED_OUT),
}
