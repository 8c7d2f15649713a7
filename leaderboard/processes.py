"""Processes that an attempt starts, and their certain end.

All that descends from an attempt carries a mark in its environment, so that what left its group or lost its parent is
found too. As child subreaper this process inherits orphans, so none is left as a zombie.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Final

__all__ = ["MARK", "become_subreaper", "descendants", "die_with_parent", "end_all", "reap_orphans"]

MARK: Final = "CLOSED_LOOP_ATTEMPT"
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36
_GONE_WITHIN_S: Final = 5.0


def become_subreaper() -> None:
    """Orphans of this process's descendants become its children."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent_pid: int) -> None:
    """End this process with the one that started it, also when that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it was faster
        os._exit(1)


def descendants(mark: str) -> list[int]:
    """Processes of this user that carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended, or is somebody else's
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_all(mark: str, waited_for: frozenset[int] = frozenset()) -> None:
    """Kill whoever carries the mark, until nobody does: one that is being forked is met the next time round.

    The exit codes of those in `waited_for` are left for whoever started them.
    """
    deadline = time.monotonic() + _GONE_WITHIN_S
    while (alive := descendants(mark)) and time.monotonic() < deadline:
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reap_orphans(set(alive) - waited_for)
        time.sleep(0.005)


def reap_orphans(pids: set[int]) -> None:
    """Clear those away that ended as children of this process without having been started by it."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
