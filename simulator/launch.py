"""Start the simulator from a program: a process of its own, ended with the `with` block."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

__all__ = ["Running", "SimulatorFailed", "serve"]


_END_TIMEOUT_S: Final = 5.0


class SimulatorFailed(RuntimeError):
    """The simulator ended before it was ready; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that accepts clients."""

    host: str
    port: int
    stream_port: int
    pid: int
    process: subprocess.Popen[str]


@contextlib.contextmanager
def serve(
    town: str = "Harbor",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    map_dir: str | Path | None = None,
    seed: int = 0,
    fps: float = 20.0,
    no_rendering: bool = False,
    state_hash: str | Path | None = None,
    gnss: str = "leaderboard",
    wake_after_s: float = 300.0,
    stderr: int | IO[str] | None = None,
) -> Iterator[Running]:
    """Run a simulator beside this program; port 0 takes free ones.

    What it says goes to this program's stderr, or to `stderr` as subprocess.Popen takes it.
    """
    # -P: not a `simulator` that happens to lie in the folder where this program runs.
    command = [sys.executable, "-P", "-m", "simulator", "--town", town, "--host", host, "--port", str(port)]
    command += ["--seed", str(seed), "--fps", str(fps), "--gnss", gnss, "--end-with-parent", str(os.getpid())]
    command += ["--wake-after", str(wake_after_s)]
    if map_dir is not None:
        command += ["--map-dir", str(map_dir)]
    if state_hash is not None:
        command += ["--state-hash", str(state_hash)]
    if no_rendering:
        command.append("--no-rendering")
    # The package may be run from a checkout that is not installed: the child must find the same one.
    root = str(Path(__file__).resolve().parents[1])
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
    )
    with process:
        try:
            yield _ready(process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _ready(process: subprocess.Popen[str]) -> Running:
    """Wait for the ready line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        raise SimulatorFailed(f"the simulator ended with exit code {code} before it was ready: see stderr")
    ready = json.loads(line)
    return Running(ready["host"], ready["port"], ready["stream_port"], ready["pid"], process)
