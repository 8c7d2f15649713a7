"""When the agent is asked, and when its answer takes effect: the timing modes.

The agent is one worker. A call that starts on the frame of time t and is charged a latency L gives its control to the
first tick that starts at or after t + L; until then the control before it holds. While it is busy it is not called:
those frames count as missed, and its next call gets the newest frame.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from leaderboard.errors import UserError

__all__ = ["AgentClock", "Charge", "fixed", "measured", "parse_timing", "recorded_ms", "replay"]

# Times of frames are sums of ticks: a latency of exactly one tick must not miss the next one by rounding.
_SAME_TIME_S: Final = 1e-9

Charge = Callable[[int, float], float]
"""(number of the call, wall-clock seconds it took) -> seconds that it is charged."""

_Control = TypeVar("_Control")


def fixed(latency_s: float) -> Charge:
    """Every call the same; 0 is `sync`, the official way."""
    return lambda call, seconds: latency_s


def measured() -> Charge:
    """What each call took; the first one of a route, which warms the guest up, is recorded and charged nothing.

    Charged to the digits that are recorded, so that `replay` of the record charges the same.
    """
    return lambda call, seconds: recorded_ms(seconds) / 1000.0 if call else 0.0


def recorded_ms(seconds: float) -> float:
    """A latency as timing.json holds it."""
    return round(seconds * 1000.0, 4)


def replay(latencies_ms: Sequence[float], *, first_is_free: bool) -> Charge:
    """What each call took in another run, and past its end that run's median.

    `first_is_free`: the other run was `measured` and charged its first call nothing, and so does its replay.
    """
    latencies_s = [latency_ms / 1000.0 for latency_ms in latencies_ms]
    if first_is_free and latencies_s:
        latencies_s[0] = 0.0
    middle = statistics.median(latencies_s) if latencies_s else 0.0
    return lambda call, seconds: latencies_s[call] if call < len(latencies_s) else middle


@dataclass(slots=True)
class AgentClock(Generic[_Control]):
    """Which control holds, for the time of each frame in order."""

    charge: Charge
    control: _Control
    """What holds before the first answer: neutral."""
    call: int | None = None
    """Which call gave the control that holds."""
    calls: int = 0
    missed: int = 0
    latencies_s: list[float] = field(default_factory=list)
    """Wall-clock seconds of each call, whatever it was charged."""
    _pending: tuple[float, _Control, int] | None = None

    def is_asked(self, time_s: float) -> bool:
        """Whether the agent is free on the frame of this time; counts the frame as missed if not."""
        if self._pending is not None and time_s < self._pending[0] - _SAME_TIME_S:
            self.missed += 1
            return False
        self._take()
        return True

    def answered(self, time_s: float, control: _Control, seconds: float) -> None:
        """The call that began on the frame of this time came back."""
        due_s = time_s + self.charge(self.calls, seconds)
        self._pending = (due_s, control, self.calls)
        self.latencies_s.append(seconds)
        self.calls += 1
        if time_s >= due_s - _SAME_TIME_S:
            self._take()

    def _take(self) -> None:
        if self._pending is not None:
            _, self.control, self.call = self._pending
            self._pending = None


def parse_timing(text: str) -> tuple[str, float | str | None]:
    """ "sync", "fixed:80", "measured" or "replay:RUN" -> (mode, its value: seconds or a folder)."""
    mode, colon, value = text.partition(":")
    if text in ("sync", "measured"):
        return text, None
    if mode == "replay" and value:
        return mode, value
    if mode == "fixed" and colon:
        try:
            milliseconds = float(value)
        except ValueError:
            milliseconds = -1.0
        if 0.0 <= milliseconds < 1e6:
            return mode, milliseconds / 1000.0
    raise UserError(f"--timing {text}: give sync, fixed:MILLISECONDS, measured or replay:RUN_FOLDER")
