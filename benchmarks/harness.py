"""How fast the harness is, with the embedded simulator and a trivial agent, which is in this file: ./dev bench harness

Everything is started as a user starts it. Stages of a tick come from the record's timing files; the moments of ticks
from the attempts' heartbeats, which are looked at every few milliseconds. Machines are noisy: quote a figure with the
machine, the versions and the date that this prints.
"""

import argparse
import itertools
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import carla
import numba
import numpy as np

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track
from leaderboard.heartbeat import HeartbeatReader, Phase
from leaderboard.log.manifest import machine_info

_LOOK_S = 0.003
_KILOMETRE = "103"  # of the plain suite: 955 m in Harbor
_SHORT = "0,1,2"  # of the smoke suite: twice Harbor, then another town

# --- the agent --------------------------------------------------------------------------------------------------------

_SPEED_MPS = 7.0
_AHEAD_POINTS = 6
_WHEELBASE_M = 2.85


def get_entry_point() -> str:
    return "Trivial"


class Trivial(AutonomousAgent):
    """Follows the plan at a constant speed, past red lights and into whatever is in the way; has no sensors."""

    def set_global_plan(self, global_plan_gps: Any, global_plan_world_coord: Any) -> None:
        super().set_global_plan(global_plan_gps, global_plan_world_coord)
        self._places = [(pose.location.x, pose.location.y) for pose, _ in global_plan_world_coord]
        self._next = 0

    def setup(self, path_to_conf_file: str) -> None:
        from srunner.scenariomanager.carla_data_provider import CarlaDataProvider  # type: ignore[import-not-found]

        self.track = Track.SENSORS
        self._ego = CarlaDataProvider.get_hero_actor()

    def sensors(self) -> list[dict[str, Any]]:
        return []

    def run_step(self, input_data: dict[str, Any], timestamp: float) -> carla.VehicleControl:
        pose, velocity = self._ego.get_transform(), self._ego.get_velocity()
        near = self._places[self._next : self._next + 20]
        distances = [math.hypot(x - pose.location.x, y - pose.location.y) for x, y in near]
        self._next += distances.index(min(distances))
        x, y = self._places[min(self._next + _AHEAD_POINTS, len(self._places) - 1)]
        dx, dy = x - pose.location.x, y - pose.location.y
        turn = math.atan2(dy, dx) - math.radians(pose.rotation.yaw)
        # Pure pursuit; an angle of 70 degrees is full lock.
        angle = math.atan2(2.0 * _WHEELBASE_M * math.sin(turn), max(math.hypot(dx, dy), 1.0))
        speed_mps = math.hypot(velocity.x, velocity.y)
        throttle = min(max(0.4 * (_SPEED_MPS - speed_mps), 0.0), 0.8)
        return carla.VehicleControl(throttle=throttle, steer=min(max(angle / math.radians(70.0), -1.0), 1.0))


# --- the measurements -------------------------------------------------------------------------------------------------


@dataclass
class Drive:
    """When an attempt ticked, as seen from outside."""

    first_s: float = 0.0
    last_s: float = 0.0
    ticks: int = 0
    sim_s: float = 0.0
    seen_s: float = 0.0
    guest_s: float = 0.0
    """In the guest's import and setup."""


@dataclass
class Run:
    started_s: float
    drives: dict[str, Drive] = field(default_factory=dict)
    cpu_s: float = 0.0
    timings: list[dict[str, Any]] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}

    def show(name: str, value: float, unit: str, target: str = "") -> None:
        figures[name] = value
        print(f"{name:<58} {value:9.2f} {unit:<4} {target}", flush=True)

    _ticks(show)
    _starts(show)
    _pace(show)
    machine = _machine()
    print(machine)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "figures": figures}, indent=2) + "\n")
    return 0


_Show = Callable[..., None]


def _ticks(show: _Show) -> None:
    (timing,) = _evaluate("smoke", "0", "--traffic", "30").timings
    stages = timing["stages_ms"]
    own = sum(stages[name]["mean"] for name in ("criteria", "record"))
    show("harness per tick, 30 vehicles around, mean", own, "ms", "(under 1.0)")
    for name, stage in stages.items():
        show(f"  {name}, mean", stage["mean"], "ms")
        show(f"  {name}, p50", stage["p50"], "ms")
        show(f"  {name}, p99", stage["p99"], "ms")


def _starts(show: _Show) -> None:
    run = _evaluate("smoke", _SHORT)
    drives = sorted(run.drives.values(), key=lambda drive: drive.first_s)
    show("command to first tick", drives[0].first_s - run.started_s, "s", "(under 6)")
    gaps = [after.first_s - before.last_s for before, after in itertools.pairwise(drives)]
    guests = [drive.guest_s for drive in drives[1:]]
    for name, gap, guest in zip(("same town", "another town"), gaps, guests, strict=True):
        show(f"last tick to the next route's first, {name}", gap - guest, "s", "(under 2)")
        show("  and the guest's own import and setup", guest, "s")


def _pace(show: _Show) -> None:
    core = min(os.sched_getaffinity(0))
    run = _evaluate("plain", _KILOMETRE, cores={core})
    (drive,) = run.drives.values()
    pace = drive.sim_s / (drive.last_s - drive.first_s)
    show("1 km without cameras on one core, times real time", pace, "x", "(at least 10)")
    show("  driven", drive.sim_s, "s")
    show("  the same by CPU time, with all starts and ends", drive.sim_s / run.cpu_s, "x")


def _evaluate(suite: str, subset: str, *options: str, cores: set[int] | None = None) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-P", "-m", "leaderboard.cli", "evaluate", "--suite", suite]
        command += ["--routes-subset", subset, "--agent", __file__, "--out", str(out), *options]
        before_s = _children_cpu_s()
        run = Run(time.monotonic())
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )
        watchers: dict[str, HeartbeatReader] = {}
        while process.poll() is None:
            _look(out, watchers, run)
            time.sleep(_LOOK_S)
        said = process.communicate()[0]
        if process.returncode:
            raise SystemExit(f"benchmark harness: {' '.join(command)} failed:\n{said}")
        run.cpu_s = _children_cpu_s() - before_s
        for path in sorted(out.glob("routes/*/timing.json")):
            run.timings.append(json.loads(path.read_text()))
        for record in json.loads((out / "results.json").read_text())["_checkpoint"]["records"]:
            if record["scores"]["score_route"] < 99.0:
                raise SystemExit(f"benchmark harness: {record['route_id']} was not driven to its end:\n{said}")
        return run


def _look(out: Path, readers: dict[str, HeartbeatReader], run: Run) -> None:
    """Where each attempt is now. The first to tick is told from one that waits for its turn by its ticks."""
    try:
        paths = list(out.glob("attempts/*/*/heartbeat"))
    except OSError:  # a folder was moved while it was being read
        return
    for path in paths:
        name = path.parent.parent.name
        if name not in readers:
            try:
                readers[name] = HeartbeatReader(path)
            except (OSError, ValueError):  # being made, or gone already
                continue
            run.drives[name] = Drive(seen_s=time.monotonic())
    for name, reader in readers.items():
        beat, drive, now = reader.read(), run.drives[name], time.monotonic()
        if beat.phase in (Phase.AGENT_IMPORT, Phase.AGENT_SETUP, Phase.AGENT_SENSORS):
            drive.guest_s += now - drive.seen_s
        drive.seen_s = now
        if beat.tick > drive.ticks:
            drive.first_s = drive.first_s or now
            drive.ticks, drive.sim_s, drive.last_s = beat.tick, beat.sim_s, now


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _machine() -> str:
    info = machine_info()
    return (
        f"{info.cores} cores of {info.processor}; Python {platform.python_version()}, numpy {np.__version__}, "
        f"numba {numba.__version__}, carla 0.9.16; {date.today().isoformat()}; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
