"""The ledger: every attempt that began and how it ended, one line each, only ever appended to.

A line counts when its newline is on the disk. What a crash or a full disk left behind the last newline is cut off
before the next line is written, so a line is whole or not there.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leaderboard.errors import RecordError
from leaderboard.log.files import sync_folder
from leaderboard.outcomes import MAX_RETRIES, OUTCOMES
from scenarios.events import Outcome

LEDGER_SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBegan:
    job: str
    """The record's id, e.g. RouteScenario_7_rep0."""
    index: int
    attempt: int
    """Counted from 1 for each job."""
    wall_time: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded:
    job: str
    index: int
    attempt: int
    wall_time: str
    outcome: Outcome
    final: bool
    """No further attempt follows."""
    duration_system_s: float
    detail: str
    """One sentence for people: what was raised, which scenario, which signal."""
    died_in: str = ""
    """The phase of the guest's in which the process died by itself, if it did: a second death there is the guest's."""


Entry = AttemptBegan | AttemptEnded
_KINDS: Final[dict[str, type[Entry]]] = {"began": AttemptBegan, "ended": AttemptEnded}
_TYPES: Final = {"str": str, "int": int, "float": float, "bool": bool}


class Ledger:
    """Writes the ledger of a run. One writer at a time: the run's lock sees to that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._size = self._cut_after_last_newline()
            if self._size == 0:
                self._append({"schema": "ledger", "version": LEDGER_SCHEMA_VERSION})
                sync_folder(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise

    def append(self, entry: Entry) -> None:
        """Returns when the entry is on the disk; raises OSError and leaves no trace of it when it cannot be."""
        name = next(name for name, kind in _KINDS.items() if isinstance(entry, kind))
        self._append({"entry": name, **dataclasses.asdict(entry)})

    def close(self) -> None:
        os.close(self._descriptor)

    def _append(self, record: dict[str, Any]) -> None:
        data = json.dumps(record, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._descriptor, data[done:], self._size + done)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def _cut_after_last_newline(self) -> int:
        size = os.fstat(self._descriptor).st_size
        data = os.pread(self._descriptor, size, 0)
        whole = data.rfind(b"\n") + 1
        if whole != size:
            os.ftruncate(self._descriptor, whole)
            os.fsync(self._descriptor)
        return whole


def read_ledger(path: Path) -> tuple[Entry, ...]:
    """All whole entries. A last line without its newline does not count; a missing file is an empty ledger."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    # Not splitlines(): a detail may hold what Unicode counts as the end of a line.
    lines = data[: data.rfind(b"\n") + 1].decode(errors="replace").split("\n")[:-1]
    return tuple(_entries(lines, path))


def _entries(lines: list[str], path: Path) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if number == 1:
                if record["schema"] != "ledger" or record["version"] != LEDGER_SCHEMA_VERSION:
                    raise ValueError(f"this program reads version {LEDGER_SCHEMA_VERSION} of a ledger")
            else:
                yield _entry(record)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RecordError(f"{path}:{number}: not a line of a ledger: {' '.join(str(error).split())}") from error


def _entry(record: dict[str, Any]) -> Entry:
    kind = _KINDS[record.pop("entry")]
    if "outcome" in record:
        record["outcome"] = Outcome(record["outcome"])
    entry = kind(**record)
    for field in dataclasses.fields(kind):
        expected = _TYPES.get(str(field.type))
        value = getattr(entry, field.name)
        if expected is not None and type(value) is not expected and not (expected is float and type(value) is int):
            raise TypeError(f"{field.name} must be {field.type}, not {value!r}")
    return entry


@dataclass(frozen=True, slots=True)
class JobState:
    """What the ledger says of one job."""

    final: AttemptEnded | None
    """How it ended for good; None while it has to be run (again)."""
    failures: int
    """Attempts that ended with an infrastructure failure."""
    attempts: int
    """The highest number given to an attempt, begun or ended."""
    deaths: frozenset[str]
    """The guest's phases in which a process has died."""


def job_states(entries: Iterable[Entry]) -> dict[str, JobState]:
    """Where each job of the ledger stands. An attempt that began and never ended was cut off and does not count."""
    final: dict[str, AttemptEnded] = {}
    failures: Counter[str] = Counter()
    attempts: dict[str, int] = {}
    deaths: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        attempts[entry.job] = max(attempts.get(entry.job, 0), entry.attempt)
        if isinstance(entry, AttemptEnded):
            failures[entry.job] += OUTCOMES[entry.outcome].retried
            if entry.died_in:
                deaths[entry.job].add(entry.died_in)
            if entry.final:
                final[entry.job] = entry
    return {
        job: JobState(final.get(job), failures[job], count, frozenset(deaths[job])) for job, count in attempts.items()
    }


def is_final(outcome: Outcome, failures_before: int) -> bool:
    """Whether an attempt that ended so is the last of its job, after so many infrastructure failures."""
    return not OUTCOMES[outcome].retried or failures_before >= MAX_RETRIES
