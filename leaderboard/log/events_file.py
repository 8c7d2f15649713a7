"""The events of one attempt: a file of lines, each with the system before the next tick: kill -9 loses nothing."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from leaderboard.errors import RecordError
from scenarios.events import Event, EventFormatError, decode_lines, encode, header


class EventWriter:
    """Appends events; every event is with the operating system when `write` returns, and on the disk after `close`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._put(header())

    def write(self, event: Event) -> None:
        self._put(encode(event))

    def close(self) -> None:
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, line: str) -> None:
        data = line.encode() + b"\n"
        done = 0
        while done < len(data):
            # An unbuffered file writes what it can; the rest of a line must follow or the error must show.
            done += self._file.write(data[done:]) or 0


def read_events(path: Path) -> tuple[Event, ...]:
    """The events of an attempt; a line cut off by a crash is left out."""
    try:
        with path.open(encoding="utf-8", newline="\n", errors="replace") as lines:
            return tuple(decode_lines(lines))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    except EventFormatError as error:
        raise RecordError(f"{path}: {error}") from error
