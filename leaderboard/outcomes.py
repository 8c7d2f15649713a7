"""One table: how an attempt ended, whose doing that was, and what follows from it. docs/results.md shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from scenarios.events import Event, FailureCause, Outcome, ScenarioFailed

MAX_RETRIES: Final = 3
"""So often an attempt is run again after an infrastructure failure."""


class Blame(StrEnum):
    DRIVING = "driving"
    """Nobody's fault in the sense of an error: the rules of the benchmark ended the route."""
    AGENT = "agent"
    INFRASTRUCTURE = "infrastructure"
    WORLD = "world"


class Scored(StrEnum):
    EVENTS = "from its events"
    APART = "from its events, kept out of the headline mean unless --allow-missing-scenarios"
    NEVER = "not; 0 in the official mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    blame: Blame
    retried: bool
    scored: Scored
    failure: str | None
    """What follows "Failed - " in results.json unless the end of the route was reached; None says just "Failed"."""


def _driven(failure: str | None) -> Consequence:
    return Consequence(blame=Blame.DRIVING, retried=False, scored=Scored.EVENTS, failure=failure)


def _agent(failure: str) -> Consequence:
    return Consequence(blame=Blame.AGENT, retried=False, scored=Scored.EVENTS, failure=failure)


_INFRASTRUCTURE = Consequence(
    blame=Blame.INFRASTRUCTURE, retried=True, scored=Scored.NEVER, failure="Simulation crashed"
)
# The public harness has this status for a route that it could not load, and then ends the whole run.
_NO_ROUTE = Consequence(blame=Blame.WORLD, retried=False, scored=Scored.NEVER, failure="Simulation crashed")
# The status is that of the drive: the official results have no word for a world that lacks something.
_WORLD = Consequence(blame=Blame.WORLD, retried=False, scored=Scored.APART, failure=None)

_SET_UP: Final = "Agent couldn't be set up"
_CRASHED: Final = "Agent crashed"

OUTCOMES: Final = MappingProxyType(
    {
        Outcome.COMPLETED: _driven(None),
        Outcome.DEVIATED: _driven("Agent deviated from the route"),
        Outcome.BLOCKED: _driven("Agent got blocked"),
        Outcome.ROUTE_TIMED_OUT: _driven("Agent timed out"),
        Outcome.TICK_LIMIT: _driven("TickRuntime"),
        Outcome.AGENT_SETUP_FAILED: _agent(_SET_UP),
        # The official watchdog raises in the guest's call, so a time-out there reads like any other exception.
        Outcome.AGENT_SETUP_TIMED_OUT: _agent(_SET_UP),
        Outcome.AGENT_SENSORS_INVALID: _agent("Agent's sensors were invalid"),
        Outcome.AGENT_CRASHED: _agent(_CRASHED),
        Outcome.AGENT_TIMED_OUT: _agent(_CRASHED),
        Outcome.AGENT_DIED: _agent(_CRASHED),
        Outcome.SIMULATOR_LOST: _INFRASTRUCTURE,
        Outcome.SIMULATOR_STALLED: _INFRASTRUCTURE,
        Outcome.SIMULATOR_OUT_OF_MEMORY: _INFRASTRUCTURE,
        Outcome.PROCESS_DIED: _INFRASTRUCTURE,
        Outcome.PROCESS_KILLED: _INFRASTRUCTURE,
        Outcome.TRAFFIC_MANAGER_RESCUED: _INFRASTRUCTURE,
        Outcome.HARNESS_FAILED: _INFRASTRUCTURE,
        Outcome.NO_ROUTE: _NO_ROUTE,
        Outcome.SCENARIO_UNSUPPORTED: _WORLD,
        Outcome.SCENARIO_NOT_BUILT: _WORLD,
    }
)


def judged(ended: Outcome, events: Iterable[Event]) -> Outcome:
    """The outcome of an attempt that ended as `ended`: a world that lacked a scenario makes it invalid, whoever drove.

    What has no score stays what it is: an infrastructure failure is discarded and run again. A scenario off the route
    is ignored by the official harness too, and one that broke after its trigger was there; both are in the record and
    change nothing.
    """
    if OUTCOMES[ended].scored is Scored.NEVER:
        return ended
    causes = {event.cause for event in events if isinstance(event, ScenarioFailed)}
    if FailureCause.UNSUPPORTED in causes:
        return Outcome.SCENARIO_UNSUPPORTED
    if FailureCause.NOT_BUILT in causes:
        return Outcome.SCENARIO_NOT_BUILT
    return ended


def table() -> str:
    """The table as Markdown, as docs/results.md must show it."""
    rows = ["| outcome | blame | retried | scored | status in results.json |", "|---|---|---|---|---|"]
    for outcome, row in OUTCOMES.items():
        retried = f"up to {MAX_RETRIES} times" if row.retried else "never"
        rows.append(f"| {outcome} | {row.blame} | {retried} | {row.scored} | {_status(outcome, row)} |")
    return "\n".join(rows)


def _status(outcome: Outcome, row: Consequence) -> str:
    if row.scored is Scored.APART:
        return "that of the drive"
    if outcome is Outcome.COMPLETED:
        return "`Perfect` or `Completed`"
    return f"`Failed - {row.failure}`"
