"""What Bench2Drive's fork of the leaderboard gives to agents beside the official interface."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Bench2Drive"]


@dataclass(frozen=True, slots=True)
class Bench2Drive:
    """Agents find out by the environment that they run in Bench2Drive, and where they may save what."""

    save_path: Path
    routes: Path
    save_name: str
    """Of one route and repetition; agents split it off their configuration's path at '+'."""

    def set_environment(self) -> None:
        """Of this process, before the agent is imported: agents read it in their module."""
        os.environ["IS_BENCH2DRIVE"] = "True"
        os.environ["SAVE_PATH"] = str(self.save_path)
        os.environ["ROUTES"] = str(self.routes)

    def config(self, path: str) -> str:
        """What setup() gets. The fork appends to the same string for each route, so that it grows; agents use the last
        part.
        """
        return f"{path}+{self.save_name}"
