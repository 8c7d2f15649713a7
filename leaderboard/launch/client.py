"""The official client, where it can keep its files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import carla

__all__ = ["connect"]


def connect(host: str, port: int, timeout_s: float, *, in_order: bool = False) -> carla.Client:
    """`in_order`: one thread takes all messages, so that what was sent first is told first.

    By default as many threads as there are cores do, and on a busy machine a message may be told a dozen ticks late.
    """
    client = carla.Client(host, port, worker_threads=1 if in_order else 0)
    client.set_timeout(timeout_s)
    if not os.access(Path.home(), os.W_OK):
        # It keeps a folder of files for the maps that it loads, for the whole process, and loads none without it.
        client.set_files_base_folder(str(Path(tempfile.gettempdir()) / f"carla-closed-loop-{os.getuid()}" / "files"))
    return client
