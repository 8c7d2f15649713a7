"""What an attempt is doing, written into a few bytes of shared memory that outlive it.

The attempt writes with every phase and tick, at the cost of a store; the supervisor reads when it likes. After a death
by signal the file still says whether the guest's code or ours was running, which decides who is to blame.
"""

from __future__ import annotations

import mmap
import struct
import time
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Beat", "HeartbeatReader", "HeartbeatWriter", "Phase", "make_heartbeat"]

# The number of writes begun and ended: odd while one is under way, so that nobody reads half of a beat.
_WRITES: Final = struct.Struct("<Q")
# phase, tick, simulation time, wall clock of the phase's beginning (CLOCK_MONOTONIC is one for all processes)
_BEAT: Final = struct.Struct("<QQdd")
_SIZE: Final = _WRITES.size + _BEAT.size


class Phase(IntEnum):
    STARTING = 0
    """Imports of ours, connecting."""
    WORLD = 1
    """Settings, ego, traffic: waiting for the simulator."""
    AGENT_IMPORT = 2
    AGENT_SETUP = 3
    AGENT_SENSORS = 4
    TICK = 5
    """Waiting for the simulator's tick and the sensors' readings."""
    AGENT_STEP = 6
    JUDGING = 7
    """Criteria, record, scenarios."""
    AGENT_DESTROY = 8
    ENDING = 9
    DONE = 10

    @property
    def is_guests(self) -> bool:
        """Whether the guest's code runs in it."""
        return self in _GUESTS


_GUESTS: Final = frozenset(
    {Phase.AGENT_IMPORT, Phase.AGENT_SETUP, Phase.AGENT_SENSORS, Phase.AGENT_STEP, Phase.AGENT_DESTROY}
)


class Beat(NamedTuple):
    beats: int  # so far
    phase: Phase
    tick: int
    sim_s: float
    since: float  # time.monotonic() when the phase began


class HeartbeatWriter:
    """The attempt's side."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        self._beats = 0
        self.phase = Phase.STARTING
        self._tick = 0
        self._sim_s = 0.0

    def enter(self, phase: Phase) -> None:
        self.phase = phase
        self._write()

    def tick(self, tick: int, sim_s: float) -> None:
        self._tick, self._sim_s = tick, sim_s
        self._write()

    def _write(self) -> None:
        self._beats += 1
        beat = _BEAT.pack(self.phase, self._tick, self._sim_s, time.monotonic())
        self._memory[: _WRITES.size] = _WRITES.pack(2 * self._beats - 1)
        self._memory[_WRITES.size :] = beat
        self._memory[: _WRITES.size] = _WRITES.pack(2 * self._beats)


def make_heartbeat(path: Path) -> None:
    """A file for a writer and readers."""
    path.write_bytes(_WRITES.pack(0) + _BEAT.pack(Phase.STARTING, 0, 0.0, time.monotonic()))


class HeartbeatReader:
    """The side of the supervisor, and of whoever else looks on."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    def read(self) -> Beat:
        while True:
            (before,) = _WRITES.unpack_from(self._memory, 0)
            phase, tick, sim_s, since = _BEAT.unpack_from(self._memory, _WRITES.size)
            (after,) = _WRITES.unpack_from(self._memory, 0)
            if before == after and before % 2 == 0:
                return Beat(before // 2, Phase(phase), tick, sim_s, since)

    def close(self) -> None:
        self._memory.close()
