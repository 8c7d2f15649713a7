"""The official client, where it can keep its files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import carla

__all__ = ["connect"]


def connect(host: str, port: int, timeout_s: float) -> carla.Client:
    client = carla.Client(host, port)
    client.set_timeout(timeout_s)
    if not os.access(Path.home(), os.W_OK):
        # It keeps a folder of files for the maps that it loads, for the whole process, and loads none without it.
        client.set_files_base_folder(str(Path(tempfile.gettempdir()) / f"carla-closed-loop-{os.getuid()}" / "files"))
    return client
