"""Wall-clock times of an attempt, apart from its record: what each stage of a tick took, and the latency of every call.

Nothing here is repeatable, which is why it has a file of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from leaderboard.errors import RecordError
from leaderboard.log.files import write_atomic

TIMING_SCHEMA_VERSION: Final = 1


class StageTimes:
    """Collects durations by stage."""

    def __init__(self) -> None:
        self._durations_s: dict[str, list[float]] = defaultdict(list)

    def add(self, stage: str, duration_s: float) -> None:
        self._durations_s[stage].append(duration_s)

    def summary_ms(self) -> dict[str, dict[str, float]]:
        """For each stage its count, mean, p50, p95, p99 and maximum, in milliseconds."""
        return {stage: _summary_ms(durations) for stage, durations in sorted(self._durations_s.items())}


def _summary_ms(durations_s: Sequence[float]) -> dict[str, float]:
    values = np.array(durations_s) * 1000.0
    p50, p95, p99 = (round(float(value), 4) for value in np.percentile(values, (50.0, 95.0, 99.0)))
    return {
        "count": len(durations_s),
        "mean": round(float(values.mean()), 4),
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "max": round(float(values.max()), 4),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What timing.json holds."""

    stages_ms: dict[str, dict[str, float]]
    call_latencies_ms: tuple[float, ...]
    """Of each call of the guest's run_step, in order: what --timing replay: plays back."""
    missed_frames: int
    """Frames at which the guest was busy."""
    calls_past_replay: int = 0
    """Calls that --timing replay: had no latency for, and charged the median of those that it had."""


def write_timing(path: Path, timing: Timing) -> None:
    content = {
        "schema": "timing",
        "version": TIMING_SCHEMA_VERSION,
        "stages_ms": timing.stages_ms,
        "call_latencies_ms": list(timing.call_latencies_ms),
        "missed_frames": timing.missed_frames,
        "calls_past_replay": timing.calls_past_replay,
    }
    write_atomic(path, json.dumps(content, indent=1, allow_nan=False).encode())


def read_timing(path: Path) -> Timing:
    try:
        content = json.loads(path.read_bytes())
        if (content["schema"], content["version"]) != ("timing", TIMING_SCHEMA_VERSION):
            raise ValueError(f"this program reads version {TIMING_SCHEMA_VERSION} of timing files")
        return Timing(
            stages_ms=content["stages_ms"],
            call_latencies_ms=tuple(float(value) for value in content["call_latencies_ms"]),
            missed_frames=int(content["missed_frames"]),
            calls_past_replay=int(content["calls_past_replay"]),
        )
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"{path}: not a timing file: {' '.join(str(error).split())}") from error
