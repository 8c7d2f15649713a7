"""The embedded simulator as a process of ours: `python -m simulator` on ports that it takes itself.

This is the only file of the harness that knows that the project brings a simulator.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from leaderboard.errors import InfrastructureError, UserError
from leaderboard.processes import start

__all__ = ["EmbeddedSimulator", "shipped_maps"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_END_S: Final = 5.0
_POLL_S: Final = 0.01
# What it says when it had to wake the client's Traffic Manager: the run after that may differ from an undisturbed one.
_RESCUE: Final = re.compile(r"^simulator: traffic manager rescue \d+ at frame \d+", re.MULTILINE)
_EXIT_BAD_INPUT: Final = 2


class EmbeddedSimulator:
    """Starts at once; `wait` comes back when it accepts clients. It ends with `close`, or with this process."""

    kind = "embedded"

    def __init__(
        self, town: str, log: Path, map_dir: Path | None = None, seed: int = 0, env: dict[str, str] | None = None
    ):
        self._log = log
        # -P: not a `simulator` that happens to lie in the folder where the user works.
        command = [sys.executable, "-P", "-m", "simulator", "--port", "0", "--town", town, "--seed", str(seed)]
        # An agent may think for minutes; a drive that hangs is ended by its supervisor.
        command += ["--wake-after", "0", "--end-with-parent", str(os.getpid())]
        if map_dir is not None:
            command += ["--map-dir", str(map_dir)]
        self._stderr: IO[bytes] = log.open("wb")
        self._process = start(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=_environment(env or {}),
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._said = b""
        self.host = "127.0.0.1"
        self.port = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def rescues(self) -> int:
        """How often it has woken a Traffic Manager."""
        return len(_RESCUE.findall(self._log.read_text(errors="replace")))

    def is_ready(self) -> bool:
        """Whether it accepts clients by now. Raises when it has ended instead."""
        if self.port:
            return True
        assert self._process.stdout is not None
        self._said += self._process.stdout.read() or b""
        line, newline, _ = self._said.partition(b"\n")
        if newline:
            self.port = int(json.loads(line)["port"])
            return True
        code = self._process.poll()
        if code is not None:
            raise self._ended(code)
        return False

    def wait(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise InfrastructureError(f"the simulator was not ready after {timeout_s:g} s; see {self._log}")
            time.sleep(_POLL_S)

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._stderr.close()

    def _ended(self, code: int) -> Exception:
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        last = lines[-1].removeprefix("simulator: ")
        if code == _EXIT_BAD_INPUT:
            return UserError(last)
        return InfrastructureError(f"the simulator ended with exit code {code} before it was ready: {last}")


def shipped_maps() -> list[str]:
    """The towns that the embedded simulator brings."""
    return sorted(path.stem for path in (_ROOT / "simulator" / "towns").glob("*.xodr"))


def _environment(extra: dict[str, str]) -> dict[str, str]:
    """The checkout's packages first, so that a run from a checkout that is not installed finds them too."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **extra, "PYTHONPATH": path}
