"""The directory of a run, and what may be in it.

    manifest.json                    what was asked for, written once
    suite.xml, scenarios.json        copies of the files of routes (the second for 1.0 only)
    ledger.jsonl                     every attempt that began and ended, appended to
    results.json                     the official results, complete after every route
    run.lock                         held by the one process that writes here
    attempts/<job>/<n>/              an attempt under way, or one that was discarded
    routes/<job>/                    the attempt that counts: events.jsonl, trace.mcap, timing.json

An attempt is moved to routes/ when the ledger says that it is final. A crash between the two is mended by `settle`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from leaderboard.errors import RecordError, UserError
from leaderboard.log.files import is_unfinished, sync_folder, write_atomic
from leaderboard.log.ledger import AttemptEnded, Entry, job_states, read_ledger

EVENTS: Final = "events.jsonl"
TRACE: Final = "trace.mcap"
TIMING: Final = "timing.json"


class RunDirectory:
    """Where things are. Reading needs no lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def suite(self) -> Path:
        return self.path / "suite.xml"

    @property
    def scenarios(self) -> Path:
        return self.path / "scenarios.json"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.jsonl"

    @property
    def results(self) -> Path:
        return self.path / "results.json"

    def attempt(self, job: str, number: int) -> Path:
        return self.path / "attempts" / job / str(number)

    def route(self, job: str) -> Path:
        """The attempt that counts."""
        return self.path / "routes" / job

    def keep_suite(self, routes: bytes, scenarios: bytes | None) -> None:
        """Writes copies of the files of routes: attempts read these, and the record is whole wherever the files go."""
        write_atomic(self.suite, routes)
        if scenarios is not None:
            write_atomic(self.scenarios, scenarios)

    def begin_attempt(self, job: str, number: int) -> Path:
        """An empty folder for an attempt; what an attempt of that number left is removed."""
        folder = self.attempt(job, number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def drop_attempt(self, job: str, number: int) -> None:
        """As if it had never begun."""
        folder = self.attempt(job, number)
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()

    def accept(self, ended: AttemptEnded) -> None:
        """Moves a final attempt to its place. Doing it again does nothing."""
        source, target = self.attempt(ended.job, ended.attempt), self.route(ended.job)
        if not source.exists():
            if target.exists():
                return
            raise RecordError(f"{target}: the ledger says that attempt {ended.attempt} is final, but it is not there")
        target.parent.mkdir(exist_ok=True)
        # A target that is there is not of this attempt: the ledger calls only one final.
        shutil.rmtree(target, ignore_errors=True)
        os.replace(source, target)
        sync_folder(target.parent)
        with contextlib.suppress(OSError):
            source.parent.rmdir()

    def settle(self) -> tuple[Entry, ...]:
        """After a crash: attempts without an end are removed, final ones are in their place. Returns the ledger."""
        for path in self.path.iterdir():
            if is_unfinished(path):
                path.unlink()
        entries = read_ledger(self.ledger)
        ends = {(entry.job, entry.attempt) for entry in entries if isinstance(entry, AttemptEnded)}
        for folder in sorted((self.path / "attempts").glob("*/*")):
            if (folder.parent.name, int(folder.name) if folder.name.isdecimal() else 0) not in ends:
                shutil.rmtree(folder)
        for state in job_states(entries).values():
            if state.final is not None:
                self.accept(state.final)
        return entries


class RunLock:
    """Keeps a second writer out of a run directory for as long as this process lives, however it dies."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "run.lock"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            reason = f"another evaluation (process {owner}) is writing here; wait for it or choose another --out"
            raise UserError(f"{directory}: {reason}") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def open_run(path: Path, resume: bool) -> RunDirectory:
    """The directory for a new run, or that of an old one with --resume."""
    run = RunDirectory(path)
    if resume and not run.manifest.exists():
        raise UserError(f"--resume: {path} holds no run (no manifest.json)")
    try:
        if not resume and path.exists() and _holds_anything(path.iterdir()):
            raise UserError(f"--out {path} is not empty; continue it with --resume or choose another folder")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {path} cannot be a folder for the record: {error.strerror}") from error
    return run


def _holds_anything(entries: Iterable[Path]) -> bool:
    return any(entry.name != "run.lock" and not is_unfinished(entry) for entry in entries)
