"""The folder that keeps what was compiled, for all checkouts and versions side by side, and how old things leave it."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["CACHE_DIR", "KERNELS", "MAPS", "hold_kernels", "prune", "prune_kernels", "use"]


def _base() -> Path:
    """As the XDG Base Directory Specification has it: a relative path is passed over."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".cache"


CACHE_DIR: Final = _base() / "carla-closed-loop"
KERNELS: Final = CACHE_DIR / "kernels"
MAPS: Final = CACHE_DIR / "maps"

# Ten generations of kernels or so: as many checkouts and versions are changed between without compiling.
_MOST_KERNEL_BYTES: Final = 512 * 2**20
_LOCK: Final = KERNELS / ".in-use"
_held: int | None = None  # file descriptor


def use(path: Path) -> None:
    """Mark as used now: what was not used for the longest time is the first to go."""
    with contextlib.suppress(OSError):
        os.utime(path)


def prune(paths: Iterable[Path], most_bytes: int) -> int:
    """Delete what was not used for the longest time until the rest fits; how many were deleted.

    What another process deletes meanwhile is no error, and what cannot be deleted stays.
    """
    found: list[tuple[int, Path, int]] = []
    for path in paths:
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns, path, _size(path)))
    found.sort(reverse=True)  # the newest first
    total = deleted = 0
    for _, path, size in found:
        total += size
        if total > most_bytes:
            deleted += 1
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()
    return deleted


def hold_kernels() -> None:
    """Keep the kernels from being pruned while this process lives: it may load another one at any time."""
    global _held
    if _held is None:
        with contextlib.suppress(OSError):  # a cache that cannot be written is not pruned either
            KERNELS.mkdir(parents=True, exist_ok=True)
            _held = os.open(_LOCK, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(_held, fcntl.LOCK_SH)


def prune_kernels() -> None:
    """Let old generations go, where no other process uses any."""
    if _held is None:
        return
    try:
        fcntl.flock(_held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A file says that all kernels of a version are there, which is then not so any more.
        if prune((path for path in KERNELS.iterdir() if path.is_dir()), _MOST_KERNEL_BYTES):
            for stamp in KERNELS.iterdir():
                if stamp.is_file() and stamp != _LOCK:
                    stamp.unlink()
    except OSError:
        pass  # others are at work; the next one that compiles tries again
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(_held, fcntl.LOCK_SH)


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*"))
