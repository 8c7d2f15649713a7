"""Processes that a run starts, and their certain end.

What descends from an attempt is found in two ways. It carries a mark in its environment, whoever its parent is by now.
And each attempt is a child subreaper, as the supervisor is: what loses its parent stays below its attempt while that
lives and comes to the supervisor after that, so a child of the supervisor that it did not start is an orphan of an
attempt that is over, whatever its environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Final

__all__ = ["MARK", "become_subreaper", "descendants", "die_with_parent", "end_all", "start"]

MARK: Final = "CLOSED_LOOP_ATTEMPT"
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36
_GONE_WITHIN_S: Final = 5.0

# Of the whole process, as children are. The lock keeps one that is being started from being taken for an orphan.
_lock = threading.Lock()
_started: dict[int, subprocess.Popen[bytes]] = {}
_strangers: set[int] = set()
"""Children that were there before; somebody else's affair."""


def become_subreaper() -> None:
    """Orphans of this process's descendants become its children."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with _lock:
        _strangers.update(_children() - _started.keys())


def die_with_parent(parent_pid: int) -> None:
    """End this process when the thread that started it ends, also when its process is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it was faster
        os._exit(1)


def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """A process in a session of its own, known as ours. The thread that starts one must outlive it."""
    with _lock:
        process: subprocess.Popen[bytes] = subprocess.Popen(command, start_new_session=True, **options)
        _started[process.pid] = process
        for pid in [pid for pid, known in _started.items() if known.returncode is not None]:
            del _started[pid]
    return process


def descendants(mark: str) -> set[int]:
    """Living processes of this user whose mark is this one or begins with it."""
    wanted = f"{MARK}={mark}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended, or is somebody else's
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(variable.startswith(wanted) for variable in variables):
                    found.add(int(entry.name))
    return found


def end_all(mark: str) -> None:
    """Kill whoever carries the mark, and all orphans, until there are none: one being forked is met the next time."""
    deadline = time.monotonic() + _GONE_WITHIN_S
    dying: set[int] = set()
    while time.monotonic() < deadline:
        with _lock:
            alive = descendants(mark) | (_children() - _started.keys() - _strangers)
        for pid in alive:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not alive and not dying:
            return
        dying = {pid for pid in dying | alive if not _is_cleared_away(pid)}
        time.sleep(0.005)


def _children() -> set[int]:
    """Of this process, zombies too."""
    own = os.getpid()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # pid (name) state ppid ...: the name may hold anything, the last bracket ends it.
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if int(fields[1]) == own:
                    found.add(int(entry.name))
    return found


def _is_cleared_away(pid: int) -> bool:
    """Whether a process that was killed is gone, and its exit code taken."""
    process = _started.get(pid)
    if process is not None:
        return process.poll() is not None
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True  # not ours; when its parent goes, it comes to us and is met as an orphan
