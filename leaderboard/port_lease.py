"""Ports that the runs of one user share out among themselves: a locked file for each port taken."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import Self

__all__ = ["PortLease", "is_free"]


class PortLease:
    """Held until released, or until the process that took it ends in any way."""

    def __init__(self, descriptor: int, port: int) -> None:
        self._descriptor = descriptor
        self.port = port

    @classmethod
    def take(cls, folder: Path, port: int) -> Self | None:
        """The lease of a port, or None if somebody has it."""
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{port}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor, port)

    def release(self) -> None:
        os.close(self._descriptor)


def is_free(port: int) -> bool:
    """Whether nobody, ours or not, listens on the port on any interface."""
    with socket.socket() as trial:
        try:
            trial.bind(("", port))
        except OSError:
            return False
    return True
