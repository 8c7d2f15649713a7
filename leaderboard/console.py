"""What the terminal shows of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from leaderboard.evaluate import Evaluation, Watcher
from leaderboard.heartbeat import Beat, Phase
from leaderboard.log.manifest import Manifest
from leaderboard.outcomes import OUTCOMES, Blame
from leaderboard.profiles import PROFILES, Infraction
from leaderboard.routes import Job
from leaderboard.scoring.bench2drive import Numbers
from leaderboard.scoring.results import RouteResult
from leaderboard.scoring.statistics import Interval
from leaderboard.scoring.summary import Row, Summary
from leaderboard.supervisor import Ended

__all__ = ["Progress", "print_bench2drive", "print_summary"]

_SHOW_EVERY_S: Final = 0.2
_FEW: Final = 3


class Progress(Watcher):
    """A line for each route, and where the terminal allows it one that changes."""

    def __init__(self, console: Console, allow_missing_scenarios: bool, title: str) -> None:
        self._console = console
        self._allow = allow_missing_scenarios
        self._title = title
        self._evaluation: Evaluation | None = None
        self._started = time.monotonic()
        self._done_here = 0
        self._shown = 0.0
        self._first_beats: dict[int, tuple[float, float]] = {}
        """Of each worker's drive: wall time and simulated time of its first tick that was seen."""
        # Workers are threads, and there is one terminal.
        self._lock = threading.Lock()

    def follow(self, evaluation: Evaluation) -> None:
        """Where the numbers of the line that changes are from; after --resume they begin with what was there."""
        self._evaluation = evaluation

    def opened(self, planned: int, ready: int) -> None:
        drives = f"{planned} drive{'s' if planned != 1 else ''}"
        self._say(f"{drives}: {self._title}")
        if ready:
            self._say(f"{ready} of {drives} had a result already")

    def began(self, job: Job, attempt: int, worker: int) -> None:
        self._first_beats.pop(worker, None)

    def beat(self, job: Job, worker: int, beat: Beat) -> None:
        now = time.monotonic()
        if beat.phase >= Phase.TICK:
            self._first_beats.setdefault(worker, (now, beat.sim_s))
        if not self._console.is_terminal or now - self._shown < _SHOW_EVERY_S or self._evaluation is None:
            return
        self._shown = now
        results, planned = self._evaluation.results, self._evaluation.planned
        # The run first: a line is cut at the edge of the terminal, and 80 columns hold this one as a rule.
        run = []
        scores = [result.score.driving_score for result in results if result.score and result.counts(self._allow)]
        if scores:
            run.append(f"score {sum(scores) / len(scores):.1f}")
        if self._done_here:
            run.append(f"{_left((now - self._started) / self._done_here * (planned - len(results)))} left")
        drive = f"{job.record_id}: {self._pace(worker, now, beat)}"
        line = f"{len(results)}/{planned}  {'; '.join(filter(None, [', '.join(run), drive]))}"
        with self._lock:
            self._console.file.write(f"\r\x1b[K{line[: self._console.width - 1]}")
            self._console.file.flush()

    def _pace(self, worker: int, now: float, beat: Beat) -> str:
        if worker not in self._first_beats:
            return beat.phase.name.lower().replace("_", " ")
        since, from_s = self._first_beats[worker]
        pace = (beat.sim_s - from_s) / (now - since) if now > since else 0.0
        return f"{beat.sim_s:.0f} s at {pace:.1f}x real time"

    def retried(self, job: Job, ended: Ended) -> None:
        self._say(f"{job.record_id}: {ended.outcome}, driven again ({ended.detail})")

    def finished(self, result: RouteResult, detail: str) -> None:
        self._done_here += 1
        pace = result.duration_game_s / max(result.duration_system_s, 1e-3)
        if result.score is None:
            self._say(f"{result.record_id}: {result.outcome}, no score ({detail})")
            return
        score = result.score
        why = f" ({detail})" if detail != str(result.outcome) else ""
        if OUTCOMES[result.outcome].blame is Blame.WORLD:
            why = f": {_few(result.scenario_types)}{why}"
        self._say(
            f"{result.record_id} {result.town}: driving score {score.driving_score:.1f}, completion "
            f"{score.completion:.1f}, penalty {score.penalty:.2f}, {result.outcome}{why}; "
            f"{result.duration_game_s:.0f} s in {result.duration_system_s:.1f} s ({pace:.1f} times real time)"
        )

    def _say(self, line: str) -> None:
        with self._lock:
            if self._console.is_terminal:
                self._console.file.write("\r\x1b[K")
            self._console.print(line, markup=False)


def print_summary(console: Console, summary: Summary, manifest: Manifest) -> None:
    """The tables, and beside them what the numbers rest on."""
    simulator, suite = manifest.simulator, manifest.suite
    around = manifest.traffic + (f" and {manifest.walkers} walkers" if manifest.walkers else "")
    console.print(_table("town", summary.by_town, summary))
    if summary.by_scenario:
        console.print(_table("scenario", summary.by_scenario, summary))
    console.print(_headline(summary))
    for outcome, names in summary.left_out.items():
        console.print(f"not among them, {outcome}: {len(names)} ({_few(names)})", markup=False)
    if summary.finished < summary.planned:
        console.print(f"not driven yet: {summary.planned - summary.finished}")
    rates = {key: value for key, value in summary.per_km.items() if value}
    if PROFILES[summary.profile].scoring.lists_all_speeds:
        rates.pop(Infraction.MIN_SPEED, None)  # each of its checks is listed there, passed or not
    per_km = ", ".join(f"{key} {value:.3f}" for key, value in rates.items())
    console.print(f"infractions per km over {summary.km_driven:.2f} km: {per_km or 'none'}")
    console.print(f"official mean over all planned: {summary.official_driving_score:.3f}")
    console.print(
        f"{manifest.agent.source} on {suite.name} ({suite.sha256[:12]}), profile {summary.profile}, timing "
        f"{manifest.timing}, traffic {around}, simulator {simulator.kind} {simulator.version}",
        markup=False,
    )
    if manifest.simulator.kind == "embedded":
        console.print("Driven in the embedded simulator: these are not CARLA scores.")
    if not manifest.repeatable:
        console.print("Not repeatable: a shared simulator or measured latencies.")


def _table(what: str, rows: tuple[Row, ...], summary: Summary) -> Table:
    table = Table()
    # A name is never cut: in a file or a narrow terminal the table is as wide as it has to be.
    table.add_column(what, min_width=max((len(row.name) for row in rows), default=0), no_wrap=True)
    for name in ("routes", "driving score", "completion", "penalty", "success"):
        table.add_column(name, justify="right", min_width=len(name))
    for row in rows:
        table.add_row(
            row.name,
            f"{row.valid} of {row.planned}",
            _number(row.driving_score),
            _number(row.completion),
            _number(row.penalty, 3),
            str(row.successes),
        )
    table.add_section()
    table.add_row(
        "all",
        f"{summary.valid} of {summary.planned}",
        _number(summary.driving_score.value),
        _number(summary.completion.value),
        _number(summary.penalty.value, 3),
        _number(summary.success_rate.value, 3),
    )
    return table


def print_bench2drive(console: Console, numbers: Numbers) -> None:
    """What Bench2Drive publishes beside the driving score."""
    shares = ", ".join(f"{name} {_number(share, 3)}" for name, share in numbers.abilities.shares.items())
    console.print(f"Bench2Drive: driving score {numbers.driving_score:.2f}, success rate {numbers.success_rate:.3f}")
    console.print(f"abilities: {shares}; mean {_number(numbers.abilities.mean, 3)}")
    console.print(
        f"efficiency {_number(numbers.efficiency, 2)}, comfort {_number(numbers.comfort_published, 3)} as published, "
        f"{_number(numbers.comfort_physical, 3)} with right units"
    )


def _left(seconds: float) -> str:
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 6000.0 else f"{seconds / 3600.0:.1f} h"


def _few(names: Iterable[str]) -> str:
    """Each once; a route of leaderboard 2.0 asks for up to 38 types."""
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - _FEW} more" if len(different) > _FEW else ""
    return f"{', '.join(different[:_FEW])}{more}"


def _headline(summary: Summary) -> str:
    score, success = summary.driving_score, summary.success_rate
    return (
        f"driving score {_number(score.value)}{_spread(score.interval, 1)} over {summary.valid} of {summary.planned} "
        f"drives, success rate {_number(success.value, 3)}{_spread(success.interval, 3)}"
    )


def _spread(interval: Interval | None, digits: int) -> str:
    if interval is None:
        return ""
    return f" (95 % interval {_number(interval.low, digits)} to {_number(interval.high, digits)})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
