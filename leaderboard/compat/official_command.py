"""The official evaluator's flags, said as ours.

Sources: leaderboard_evaluator.py of leaderboard 1.0, 2.0 and 2.1, and that of Bench2Drive.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leaderboard.arguments import OneSentenceParser
from leaderboard.errors import UserError
from leaderboard.profiles import DEFAULT_PROFILE, PROFILES

__all__ = ["Translated", "translate"]

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Translated:
    """What the flags come to."""

    arguments: tuple[str, ...]
    """Of `leaderboard`."""
    checkpoint: Path
    """Where the official evaluator writes its results: made a link to those of the run."""
    run: Path
    notes: tuple[str, ...]
    """A sentence for each flag that means nothing here."""

    def link(self) -> None:
        """Lay the results where the caller looks for them; they are there, and whole, after every route."""
        if not self.checkpoint.is_symlink():
            try:
                self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
                self.checkpoint.symlink_to(_target(self.run))
            except OSError as error:
                raise UserError(f"--checkpoint {self.checkpoint}: cannot be written: {error.strerror}") from error


def translate(arguments: Sequence[str] | None = None) -> Translated:
    """Raises UserError for what cannot be done; wrong flags end as argparse ends them, with exit code 2."""
    given = _parser().parse_args(arguments)
    profile = given.profile or _profile(given)
    checkpoint = given.checkpoint
    run = checkpoint.with_suffix(".run")
    if os.path.lexists(checkpoint) and not (checkpoint.is_symlink() and checkpoint.readlink() == _target(run)):
        raise UserError(f"--checkpoint {checkpoint}: there is such a file, and not from here; move it or name another")
    ours = [
        *("evaluate", "--simulator", f"{given.host}:{given.port}", "--suite", given.routes, "--agent", given.agent),
        *("--profile", profile, "--seed", str(given.traffic_manager_seed), "--out", str(run)),
    ]
    for flag in ("scenarios", "agent_config", "track", "routes_subset", "repetitions", "timeout"):
        if (value := getattr(given, flag)) is not None:
            ours += [f"--{flag.replace('_', '-')}={value}"]
    if PROFILES[profile].runtime.traffic == "lb1":
        ours += ["--traffic", "lb1"]
    # With nothing to go on with, the official evaluator begins.
    if given.resume and (run / _MANIFEST).exists():
        ours += ["--resume"]
    return Translated(tuple(ours), checkpoint, run, tuple(_notes(given, profile)))


def _target(run: Path) -> Path:
    """Of the link that lies beside the run."""
    return Path(run.name) / "results.json"


def _parser() -> argparse.ArgumentParser:
    parser = OneSentenceParser(
        prog="python -m leaderboard.leaderboard_evaluator",
        description="Takes the official evaluator's flags and runs `leaderboard evaluate` with a simulator that is "
        "already running.",
        epilog="--checkpoint FILE.json becomes a link into the record of the run, which is the folder FILE.run.",
    )
    add = parser.add_argument
    add("--host", default="localhost")
    add("--port", type=int, default=2000)
    add("--routes", required=True, metavar="XML")
    add("--scenarios", metavar="JSON", help="of a leaderboard 1.0 route file")
    add("--routes-subset", metavar='"0-4,8"')
    add("--repetitions", type=int, metavar="N")
    add("-a", "--agent", required=True, metavar="FILE")
    add("--agent-config", metavar="PATH")
    add("--track")
    add("--timeout", type=float, metavar="S")
    add("--checkpoint", type=Path, default=Path("simulation_results.json"), metavar="FILE")
    add("--resume", type=_truth, default=False, metavar="True|False", help='"False", "0" and "" are no')
    add("--traffic-manager-seed", "--trafficManagerSeed", type=int, default=0, metavar="N", help="our --seed")
    add("--profile", choices=list(PROFILES), help="ours: the rules (default: told by the flags)")
    ignored = parser.add_argument_group("taken, and without effect here")
    ignored.add_argument("--traffic-manager-port", "--trafficManagerPort", type=int, metavar="N")
    ignored.add_argument("--debug", type=int, default=0, metavar="0-4")
    ignored.add_argument("--record", default="", metavar="FOLDER")
    ignored.add_argument("--debug-checkpoint", metavar="FILE")
    ignored.add_argument("--gpu-rank", type=int, metavar="N", help="says that these are Bench2Drive's flags")
    return parser


def _truth(text: str) -> bool:
    """The official `type=bool` takes "False" for true; nobody who wrote it meant that."""
    return text.strip().lower() not in ("", "0", "false", "no")


def _profile(given: argparse.Namespace) -> str:
    """Which harness these flags are of: only 1.0 has --scenarios, only Bench2Drive has --gpu-rank."""
    if given.scenarios is not None:
        return "lb1.0"
    return "bench2drive" if given.gpu_rank is not None else DEFAULT_PROFILE


def _notes(given: argparse.Namespace, profile: str) -> list[str]:
    notes = []
    if given.traffic_manager_port is not None:
        notes.append("--traffic-manager-port: a free port is taken")
    if given.debug:
        notes.append("--debug: nothing is drawn into the world")
    if given.record:
        notes.append("--record: CARLA's recorder is not used; each route's trace.mcap holds the drive")
    if given.debug_checkpoint is not None:
        notes.append("--debug-checkpoint: no such file is written; the terminal shows where the drive is")
    if PROFILES[profile].runtime.traffic == "lb2":
        notes.append(f"{profile} drives among traffic that follows the ego; that is not there yet, roads are empty")
    return notes
