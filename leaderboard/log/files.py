"""Files that survive kill -9 and a full disk: written beside, synced, renamed; or only ever appended to."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path
from typing import Final

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomic(path: Path, data: bytes) -> None:
    """Puts `data` at `path` so that a reader sees all of the old or all of the new, whenever the machine stops."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            # mkstemp gives 0600; a result is as readable as any file that the user makes.
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def is_unfinished(path: Path) -> bool:
    """Whether this is what `write_atomic` leaves behind when it is killed."""
    return path.name.startswith(".") and path.suffix == ".tmp"


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    """The process's umask; Linux tells it without setting it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022


def is_disk_full(error: BaseException) -> bool:
    """Whether nothing is wrong but that there is no room: of the disk, of the user's quota, or for files so large."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM
