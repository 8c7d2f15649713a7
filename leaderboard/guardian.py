"""Ends what a killed supervisor leaves behind: `python -m leaderboard.guardian MARK`.

The supervisor holds the other end of its standard input, so that its end, however it comes, is the end of that file.
Attempts and simulators end with the supervisor by themselves; this is for what guests have started.
"""

from __future__ import annotations

import subprocess
import sys
from typing import IO

from leaderboard.processes import end_all, start

__all__ = ["Guardian"]


class Guardian:
    """The supervisor's side. It is a process that costs nothing while it waits."""

    def __init__(self, mark: str, env: dict[str, str]) -> None:
        self._command = [sys.executable, "-P", "-m", "leaderboard.guardian", mark]
        self._env = env
        self._process = self._start()

    def keep(self) -> None:
        """Start it again if somebody has ended it."""
        if self._process.poll() is not None:
            self._let_go()
            self._process = self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._let_go()

    def _start(self) -> subprocess.Popen[bytes]:
        return start(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=self._env)

    def _let_go(self) -> None:
        stdin: IO[bytes] | None = self._process.stdin
        if stdin is not None:
            stdin.close()


def _main() -> None:
    sys.stdin.buffer.read()
    end_all(sys.argv[1])


if __name__ == "__main__":
    _main()
