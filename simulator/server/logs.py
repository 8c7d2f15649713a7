"""What the simulator says on stderr: one line a message, whatever a client put into it, and never a flood."""

import logging
import time
import traceback
from collections.abc import Callable
from typing import Final

__all__ = ["Dam", "OneLine", "printable"]

_MAX_CHARS: Final = 1000
_MAX_TRACEBACK_CHARS: Final = 8000


def printable(text: str, most: int = _MAX_CHARS) -> str:
    """Text fit for a terminal: cut, and everything that does not print escaped."""
    if len(text) > most:
        text = text[:most] + " ..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class OneLine(logging.Formatter):
    """A record as one line; a traceback, which is only ever our own fault, follows in lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        lines = [f"simulator: {printable(record.getMessage())}"]
        if record.exc_info and record.exc_info[1] is not None:
            story = "".join(traceback.format_exception(record.exc_info[1]))[-_MAX_TRACEBACK_CHARS:]
            lines += ["  " + printable(line) for line in story.splitlines()]
        return "\n".join(lines)


class Dam(logging.Filter):
    """Lets through a burst of lines and then some a second; the next one that passes tells how many did not."""

    def __init__(self, burst: int = 100, per_second: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._room = float(burst)
        self._last = clock()
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        self._room = min(self._room + (now - self._last) * self._per_second, self._burst)
        self._last = now
        if self._room < 1.0:
            self._left_out += 1
            return False
        self._room -= 1.0
        if self._left_out:
            record.msg, record.args = f"({self._left_out} lines left out) {record.getMessage()}", ()
            self._left_out = 0
        return True
