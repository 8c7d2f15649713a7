"""Who is to blame.

LeaderboardError
├── UserError                what the user gave is wrong: one sentence, exit code 2
│   ├── RouteFileError           a file of routes or scenarios: which file, route and line
│   ├── RecordError              a run directory or a results file that cannot be read, or not by this version
│   └── RescoreRefused           the record does not determine the result under the profile asked for
├── AgentError               the guest's code: scored, with the official status
├── InfrastructureError      simulator, machine, or a bug of the harness: discarded and run again
└── WorldInvalid             the world is not the one the route asks for: never run again, kept out of the headline

Every message is one sentence that says what is wrong and what to do.
"""

from __future__ import annotations

from pathlib import Path


class LeaderboardError(Exception):
    """Anything this package raises on purpose."""


class UserError(LeaderboardError):
    """What the user gave is wrong; the message is all that is shown."""


class RouteFileError(UserError):
    """A file of routes that cannot be used; says where."""

    def __init__(self, reason: str, path: Path | str, route: str | None = None, line: int | None = None) -> None:
        super().__init__(reason, path, route, line)
        self.reason = reason
        self.path = Path(path)
        self.route = route
        self.line = line

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        route = f", route {self.route}" if self.route is not None else ""
        # What a file says may hold line breaks; a sentence is one line.
        return " ".join(f"{where}{route}: {self.reason}".split())


class RecordError(UserError):
    """A run directory or results file that cannot be read."""


class RescoreRefused(UserError):
    """The record does not determine the result under another profile; the message names the rule."""


class AgentError(LeaderboardError):
    """The guest's code failed."""


class InfrastructureError(LeaderboardError):
    """The simulator, the machine or the harness itself failed."""


class WorldInvalid(LeaderboardError):
    """The world is not the one that the route asks for."""
