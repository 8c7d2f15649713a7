"""One attempt from outside: its processes, its clock, and what its end means."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from leaderboard.attempt import EXIT_DISK_FULL, HEARTBEAT, OUTCOME, TELL_WHERE, AttemptSpec, read_outcome
from leaderboard.errors import InfrastructureError, UserError
from leaderboard.heartbeat import Beat, HeartbeatReader, Phase, make_heartbeat
from leaderboard.launch.embedded import EmbeddedSimulator
from leaderboard.processes import MARK, end_all, start
from scenarios.events import Outcome

__all__ = ["Address", "Attempt", "Ended", "Stopped", "environment", "wait_for"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_POLL_S: Final = 0.01
_READY_S: Final = 600.0
"""A cold start compiles kernels and the map: minutes where several do so at once."""
_ASK_AGAIN_S: Final = 0.2
_TELLING_S: Final = 0.1
OUTPUT: Final = "output.log"
SIMULATOR_LOG: Final = "simulator.log"
_SPEC: Final = "attempt.json"


class Stopped(Exception):
    """The user wants the run to stop."""


@dataclass(frozen=True, slots=True)
class Address:
    """A simulator that somebody else has started."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended."""

    outcome: Outcome
    detail: str
    phase: Phase
    """Where it was: two deaths in the same phase of the guest are the guest's."""


class Attempt:
    """Its own simulator, its own process group. `prepare` may run while the attempt before is driven."""

    def __init__(
        self,
        spec: AttemptSpec,
        town: str,
        simulator: Address | None,
        map_dir: Path | None,
        agent_timeout_s: float,
        stall_timeout_s: float,
        stop: threading.Event,
        mark: str,
    ) -> None:
        """`simulator` None: the embedded one is started.

        All processes of the attempt carry the mark; no other attempt's may begin with it.
        """
        self._spec = spec
        self._town = town
        self._address = simulator
        self._map_dir = map_dir
        self._agent_timeout_s = agent_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._stop = stop
        self._mark = mark
        self._folder = Path(spec.folder)
        self._simulator: EmbeddedSimulator | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        make_heartbeat(self._folder / HEARTBEAT)
        self._heartbeat = HeartbeatReader(self._folder / HEARTBEAT)
        self._went = time.monotonic()

    @property
    def beat(self) -> Beat:
        return self._heartbeat.read()

    def prepare(self) -> None:
        """Start the simulator and the attempt's process, which waits for `run`, if that has not been done."""
        if self._address is None and self._simulator is None:
            self._simulator = EmbeddedSimulator(
                self._town, self._folder / SIMULATOR_LOG, self._map_dir, self._spec.seed, {MARK: self._mark}
            )
        if self._process is None:
            self._start()

    def run(self, meanwhile: Callable[[], None]) -> Ended:
        """Drive, and call `meanwhile` again and again. Raises UserError for what the user gave wrongly, and Stopped."""
        try:
            return self._run(meanwhile)
        except InfrastructureError as error:
            return Ended(Outcome.SIMULATOR_LOST, str(error), self.beat.phase)

    def close(self) -> None:
        """End everything that the attempt has started, also what left its group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._simulator is not None:
            self._simulator.close()
        end_all(self._mark)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        if self._output is not None:
            self._output.close()
        self._heartbeat.close()
        for name in (HEARTBEAT, OUTCOME, _SPEC):
            (self._folder / name).unlink(missing_ok=True)

    # -- one drive ----------------------------------------------------------------------------------------------

    def _run(self, meanwhile: Callable[[], None]) -> Ended:
        deadline = time.monotonic() + _READY_S
        while self._simulator is not None and not self._simulator.is_ready():
            self._check_stop()
            if time.monotonic() > deadline:
                raise InfrastructureError(f"the simulator was not ready after {_READY_S:g} s")
            time.sleep(_POLL_S)
        if self._address is not None:
            wait_for(self._address, self._stall_timeout_s, self._stop)
        self.prepare()
        assert self._process is not None
        assert self._process.stdin is not None
        self._went = time.monotonic()
        where = self._simulator or self._address
        assert where is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{where.host} {where.port}\n".encode())
            self._process.stdin.flush()
        while self._process.poll() is None:
            self._check_stop()
            lost = self._lost(self.beat.phase)
            if lost is not None:
                return lost
            late = self._late(self.beat)
            if late is not None:
                self._process.send_signal(TELL_WHERE)
                time.sleep(_TELLING_S)
                return late
            meanwhile()
            time.sleep(_POLL_S)
        return self._judge(self._process.returncode)

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _late(self, beat: Beat) -> Ended | None:
        """Whether somebody takes too long. One that was started beforehand has waited for its turn until `run`."""
        waited_s = time.monotonic() - max(beat.since, self._went)
        if beat.phase.is_guests:
            if waited_s <= self._agent_timeout_s:
                return None
            is_step = beat.phase in (Phase.AGENT_STEP, Phase.AGENT_DESTROY)
            outcome = Outcome.AGENT_TIMED_OUT if is_step else Outcome.AGENT_SETUP_TIMED_OUT
            where = beat.phase.name.lower().replace("_", " ")
            return Ended(outcome, f"{where} took more than {self._agent_timeout_s:g} s", beat.phase)
        if waited_s > self._stall_timeout_s:
            return Ended(Outcome.SIMULATOR_STALLED, f"no tick for {self._stall_timeout_s:g} s of wall time", beat.phase)
        return None

    def _lost(self, phase: Phase) -> Ended | None:
        """Whether the simulator has ended: it never does so by itself, and its client would wait for a long time."""
        code = self._simulator.exit_code() if self._simulator is not None else None
        if code is None:
            return None
        if code == -signal.SIGKILL:
            detail = "the simulator was killed by SIGKILL, as the kernel does when memory runs out"
            return Ended(Outcome.SIMULATOR_OUT_OF_MEMORY, detail, phase)
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Ended(Outcome.SIMULATOR_LOST, f"the simulator ended with {how}", phase)

    def _judge(self, code: int) -> Ended:
        """The process has ended."""
        phase = self.beat.phase
        lost = self._lost(phase)
        if lost is not None:
            return lost
        said = read_outcome(self._folder)
        if said is None:
            if code == EXIT_DISK_FULL and not phase.is_guests:
                reason = f"{self._folder} cannot be written; free some room and go on with --resume"
                raise UserError(f"the disk is full: {reason}")
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            detail = f"the process ended with {how} in phase {phase.name.lower()}"
            outcome = Outcome.PROCESS_KILLED if code == -signal.SIGKILL else Outcome.PROCESS_DIED
            return Ended(outcome, detail, phase)
        outcome_said, detail = said
        if outcome_said is None:
            raise UserError(detail)
        if self._simulator is not None and self._simulator.rescues:
            detail = "the simulator had to wake the Traffic Manager, so the drive may differ from an undisturbed one"
            return Ended(Outcome.TRAFFIC_MANAGER_RESCUED, detail, phase)
        return Ended(outcome_said, detail, phase)

    def _start(self) -> None:
        path = self._folder / _SPEC
        self._spec.write(path)
        self._output = (self._folder / OUTPUT).open("wb")
        self._process = start(
            [sys.executable, "-P", "-m", "leaderboard.attempt", str(path)],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # A guest may go through a set of texts: its order must not differ from run to run.
            env=environment({MARK: self._mark, "PYTHONHASHSEED": "0"}),
        )


def environment(extra: dict[str, str]) -> dict[str, str]:
    """For processes of ours: this checkout's packages before all others."""
    python_path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **extra, "PYTHONPATH": python_path}


def wait_for(address: Address, timeout_s: float, stop: threading.Event) -> None:
    """Until a simulator that is not ours accepts connections; whoever runs it may be starting it again."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection((address.host, address.port), timeout=max(timeout_s, _ASK_AGAIN_S)).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                where = f"{address.host}:{address.port}"
                raise InfrastructureError(f"no simulator answered at {where} for {timeout_s:g} s: {error}") from error
        if stop.wait(_ASK_AGAIN_S):
            raise Stopped
