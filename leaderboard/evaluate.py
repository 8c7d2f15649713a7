"""A suite of routes to a record and a score: the only loop over routes."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from leaderboard.agent_clock import parse_timing
from leaderboard.attempt import AttemptSpec
from leaderboard.errors import RecordError, UserError
from leaderboard.guardian import Guardian
from leaderboard.heartbeat import Beat, Phase
from leaderboard.log.events_file import read_events
from leaderboard.log.files import is_disk_full
from leaderboard.log.ledger import AttemptBegan, AttemptEnded, Ledger, is_final, job_states
from leaderboard.log.manifest import Manifest, check_resumable, read_manifest, write_manifest
from leaderboard.log.official_json import bench2drive_labels, document, write_results
from leaderboard.log.run import EVENTS, TIMING, RunDirectory, RunLock, open_run
from leaderboard.log.timing import read_timing
from leaderboard.outcomes import judged
from leaderboard.processes import become_subreaper
from leaderboard.profiles import Profile, ResultsFormat
from leaderboard.routes import Job, Suite, jobs
from leaderboard.scoring.results import RouteResult, route_result
from leaderboard.scoring.summary import Planned, Summary, summarize
from leaderboard.supervisor import Address, Attempt, Ended, Stopped, environment
from scenarios.events import Event, Outcome

__all__ = ["Evaluation", "Options", "Watcher"]

_POLL_S: Final = 0.02
_CLIENT_TIMEOUT_S: Final = 60.0
_LEASES: Final = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/carla-closed-loop-{os.getuid()}") / "ports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line's, checked."""

    suite: Suite
    agent: str
    agent_config: str
    track: str | None
    profile: Profile
    repetitions: int
    seed: int
    workers: int
    timing: str
    traffic: str
    walkers: int
    record_sensors: bool
    agent_timeout_s: float
    stall_timeout_s: float
    allow_missing_scenarios: bool
    out: Path
    resume: bool
    simulator: Address | None
    """None: the embedded one."""
    map_dir: Path | None


class Watcher:
    """Is told what happens; the command line shows it."""

    def opened(self, planned: int, ready: int) -> None:
        """All is checked, the record is there: of the `planned` drives `ready` have a result already."""

    def began(self, job: Job, attempt: int, worker: int) -> None: ...

    def beat(self, job: Job, worker: int, beat: Beat) -> None: ...

    def retried(self, job: Job, ended: Ended) -> None: ...

    def finished(self, result: RouteResult, detail: str) -> None: ...


@dataclass(slots=True)
class _Plan:
    """A job that a worker has taken, with what is started for it."""

    job: Job
    attempt: int
    handle: Attempt
    began: float = field(default_factory=time.monotonic)
    following: _Plan | None = None
    """What the worker drives next, being prepared."""


class Evaluation:
    """One run, from an empty or half-filled folder to results.json."""

    def __init__(self, options: Options, manifest: Manifest, watcher: Watcher) -> None:
        self._options = options
        self._manifest = manifest
        self._watch = watcher
        self._jobs = jobs(options.suite.routes, options.repetitions)
        self._results: dict[int, RouteResult] = {}
        self._failed: dict[str, int] = {}
        self._attempts: dict[str, int] = {}
        self._deaths: defaultdict[str, set[str]] = defaultdict(set)
        """Of each job the phases of the guest's in which its process has died."""
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._mark = uuid.uuid4().hex

    @property
    def results(self) -> list[RouteResult]:
        return [self._results[index] for index in sorted(self._results)]

    @property
    def planned(self) -> int:
        return len(self._jobs)

    def summary(self) -> Summary:
        planned = [
            Planned(town=job.route.town, scenario_types=tuple(scenario.type for scenario in job.route.scenarios))
            for job in self._jobs
        ]
        return summarize(
            self.results,
            planned,
            self._options.profile,
            allow_missing_scenarios=self._options.allow_missing_scenarios,
            seed=self._options.seed,
        )

    def run(self) -> None:
        """Drive what is not driven yet. Raises UserError, and KeyboardInterrupt once all is ended cleanly."""
        become_subreaper()
        self._check_latencies()
        run = open_run(self._options.out, self._options.resume)
        try:
            with RunLock(run.path):
                self._run = run
                self._take_up()
                self._watch.opened(len(self._jobs), len(self._results))
                self._drive_all()
        except OSError as error:
            if is_disk_full(error):
                reason = f"the disk is full: {run.path} cannot be written; free some room and go on with --resume"
                raise UserError(reason) from error
            if error.filename is not None and Path(os.fsdecode(error.filename)).is_relative_to(run.path):
                reason = f"{error.filename} cannot be written ({error.strerror}); mend that and go on with --resume"
                raise UserError(reason) from error
            raise

    def _drive_all(self) -> None:
        self._ledger = Ledger(self._run.ledger)
        guardian = Guardian(self._mark, environment({}))
        try:
            self._drive(guardian)
        finally:
            guardian.close()
            self._ledger.close()

    # -- before anything is driven ---------------------------------------------------------------------------------

    def _check_latencies(self) -> None:
        """A run whose latencies are to be played back must have them for every drive."""
        mode, source = parse_timing(self._options.timing)
        if mode == "replay":
            run = RunDirectory(Path(str(source)))
            read_manifest(run.manifest)
            for job in self._jobs:
                try:
                    read_timing(run.route(job.record_id) / TIMING)
                except RecordError as error:
                    reason = f"no latencies of {job.record_id} can be had from there: {error}"
                    raise UserError(f"--timing {self._options.timing}: {reason}; leave it out") from error

    # -- what is there already ------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        if self._options.resume:
            check_resumable(read_manifest(self._run.manifest), self._manifest)
        else:
            write_manifest(self._run.manifest, self._manifest)
        # Also when resuming: the run may have been cut off right here, and the suite's hash is the manifest's.
        self._run.keep_suite(self._options.suite.content, self._options.suite.scenarios_content)
        states = job_states(self._run.settle())
        for job in self._jobs:
            state = states.get(job.record_id)
            if state is not None:
                self._failed[job.record_id] = state.failures
                self._deaths[job.record_id] |= state.deaths
                self._attempts[job.record_id] = state.attempts
            if state is not None and state.final is not None:
                self._results[job.index] = self._result(job, state.final.outcome, state.final.duration_system_s)
            else:
                self._waiting.put(job)
        self._write_results()

    # -- the workers -----------------------------------------------------------------------------------------------

    def _drive(self, guardian: Guardian) -> None:
        count = min(self._options.workers, max(self._waiting.qsize(), 1))
        threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        # Not by KeyboardInterrupt: it may be raised where it is lost, and a second one would cut the tidying short.
        interrupts: list[int] = []
        before = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
        try:
            while any(thread.is_alive() for thread in threads):
                guardian.keep()
                time.sleep(_POLL_S)
                if interrupts:
                    self._stop.set()
        finally:
            signal.signal(signal.SIGINT, before)
        if interrupts:
            raise KeyboardInterrupt
        if self._error is not None:
            raise self._error

    def _work(self, worker: int) -> None:
        plan: _Plan | None = None
        try:
            plan = self._next()
            while plan is not None and not self._stop.is_set():
                self._watch.began(plan.job, plan.attempt, worker)
                ended = self._attempt(plan, worker)
                following = plan.following
                if self._note(plan, ended):
                    self._put_back(following)
                    following = self._planned(plan.job)
                plan = following or self._next()
        except Stopped:
            pass
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._stop.set()
        finally:
            if plan is not None:
                self._put_back(plan.following)

    def _attempt(self, plan: _Plan, worker: int) -> Ended:
        plan.began = time.monotonic()
        job = plan.job
        with self._lock:
            entry = AttemptBegan(job=job.record_id, index=job.index, attempt=plan.attempt, wall_time=_now())
            self._ledger.append(entry)
        try:
            plan.handle.prepare()
            return plan.handle.run(lambda: self._meanwhile(plan, worker))
        finally:
            plan.handle.close()

    def _meanwhile(self, plan: _Plan, worker: int) -> None:
        """While an attempt drives: show where it is, and start what the worker's next one needs."""
        beat = plan.handle.beat
        self._watch.beat(plan.job, worker, beat)
        # Once the world stands, the guest's import and set-up leave room for it.
        if self._options.simulator is not None or beat.phase < Phase.AGENT_IMPORT:
            return
        if plan.following is None:
            plan.following = self._next()
            if plan.following is not None:
                plan.following.handle.prepare()

    def _next(self) -> _Plan | None:
        try:
            return self._planned(self._waiting.get_nowait())
        except queue.Empty:
            return None

    def _put_back(self, plan: _Plan | None) -> None:
        """What was prepared and never driven leaves no trace."""
        if plan is not None:
            plan.handle.close()
            with self._lock:
                self._attempts[plan.job.record_id] -= 1
            self._run.drop_attempt(plan.job.record_id, plan.attempt)
            self._waiting.put(plan.job)

    def _planned(self, job: Job) -> _Plan:
        options = self._options
        with self._lock:
            number = self._attempts.get(job.record_id, 0) + 1
            self._attempts[job.record_id] = number
        spec = AttemptSpec(
            suite=str(self._run.suite.resolve()),
            scenarios=None if options.suite.scenarios_content is None else str(self._run.scenarios.resolve()),
            routes=str(options.suite.path),
            route_id=job.route.id,
            repetition=job.repetition,
            profile=options.profile.name,
            agent=options.agent,
            agent_config=options.agent_config,
            track=options.track,
            shared=options.simulator is not None,
            seed=options.seed,
            timing=options.timing,
            traffic=options.traffic,
            walkers=options.walkers,
            record_sensors=options.record_sensors,
            folder=str(self._run.begin_attempt(job.record_id, number).resolve()),
            leases=str(_LEASES),
            client_timeout_s=_CLIENT_TIMEOUT_S,
            supervisor_pid=os.getpid(),
        )
        handle = Attempt(
            spec,
            job.route.town,
            options.simulator,
            options.map_dir,
            options.agent_timeout_s,
            options.stall_timeout_s,
            self._stop,
            f"{self._mark}-{job.record_id}-{number}-",
        )
        return _Plan(job, number, handle)

    # -- what became of it ---------------------------------------------------------------------------------------

    def _note(self, plan: _Plan, ended: Ended) -> bool:
        """Write it down; True when the route has to be driven again."""
        job = plan.job
        by_itself = ended.outcome is Outcome.PROCESS_DIED and ended.phase.is_guests
        died_in = ended.phase.name.lower() if by_itself else ""
        events = self._events(self._run.attempt(job.record_id, plan.attempt))
        outcome = judged(self._blamed(job, ended, died_in), events)
        with self._lock:
            failures = self._failed.get(job.record_id, 0)
            final = is_final(outcome, failures)
            entry = AttemptEnded(
                job=job.record_id,
                index=job.index,
                attempt=plan.attempt,
                wall_time=_now(),
                outcome=outcome,
                final=final,
                duration_system_s=round(time.monotonic() - plan.began, 3),
                detail=ended.detail,
                died_in=died_in,
            )
            self._ledger.append(entry)
            if not final:
                self._failed[job.record_id] = failures + 1
                self._watch.retried(job, ended)
                return True
            self._run.accept(entry)
            result = self._results[job.index] = self._result(job, outcome, entry.duration_system_s)
            self._write_results()
        self._watch.finished(result, ended.detail)
        return False

    def _blamed(self, job: Job, ended: Ended, died_in: str) -> Outcome:
        """The first death may be anybody's; a second one in the same phase of the guest is the guest's."""
        before = self._deaths[job.record_id]
        if died_in in before:
            return Outcome.AGENT_DIED
        if died_in:
            before.add(died_in)
        return ended.outcome

    @staticmethod
    def _events(folder: Path) -> tuple[Event, ...]:
        path = folder / EVENTS
        return read_events(path) if path.exists() and path.stat().st_size else ()

    def _result(self, job: Job, outcome: Outcome, duration_s: float) -> RouteResult:
        events = self._events(self._run.route(job.record_id))
        return route_result(
            events,
            self._options.profile,
            index=job.index,
            route_id=job.route.id,
            repetition=job.repetition,
            town=job.route.town,
            scenario_types=tuple(scenario.type for scenario in job.route.scenarios),
            outcome=outcome,
            duration_system_s=duration_s,
        )

    def _write_results(self) -> None:
        profile = self._options.profile
        labels = None
        if profile.scoring.format is ResultsFormat.BENCH2DRIVE:
            labels = {job.index: bench2drive_labels(job.route, job.repetition) for job in self._jobs}
        write_results(self._run.results, document(self.results, len(self._jobs), profile, labels), profile)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
