"""What every criterion is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from leaderboard.criteria.view import TickView
from scenarios.events import Event, Outcome, Place

__all__ = ["Criterion", "here"]


class Criterion(Protocol):
    """An observer of one rule. It writes facts; what they cost is the business of leaderboard.scoring."""

    @property
    def outcome(self) -> Outcome | None:
        """How the route ends because of this criterion; None as long as it may go on."""

    def update(self, view: TickView) -> Iterable[Event]:
        """What this tick adds to the record."""

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        """What the end of the route adds; `view` is the last one, which update() has seen.

        `interrupted`: no criterion ended the route; the agent failed, or a limit cut it off.
        """


def here(view: TickView, place: Place | None = None) -> dict[str, Any]:
    """The fields that all events have: of this tick, and where the ego is unless another place is meant."""
    return {"frame": view.frame, "time_s": view.time_s, "place": view.ego.place if place is None else place}
