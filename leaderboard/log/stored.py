"""A run read back: its results as they were scored, or under another profile, without driving anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leaderboard.errors import RecordError, RescoreRefused
from leaderboard.log.events_file import read_events
from leaderboard.log.ledger import AttemptEnded, job_states, read_ledger
from leaderboard.log.manifest import Manifest, read_manifest
from leaderboard.log.motion import read_motion
from leaderboard.log.official_json import bench2drive_labels, document, merged
from leaderboard.log.run import EVENTS, TRACE, RunDirectory
from leaderboard.outcomes import OUTCOMES, Scored, judged
from leaderboard.profiles import Profile, ResultsFormat, Runtime, profile_named
from leaderboard.routes import Job, jobs, load_suite
from leaderboard.scoring.bench2drive import Numbers, numbers
from leaderboard.scoring.rescore import cut_for
from leaderboard.scoring.results import RouteResult, route_result
from leaderboard.scoring.summary import Planned, Summary, summarize
from scenarios.events import EpisodeEnded, Event, Outcome


class StoredRun:
    """Reads the directory of a run, also while it is being written; raises RecordError with one sentence."""

    def __init__(self, path: Path) -> None:
        self.directory = RunDirectory(path)
        self.manifest: Manifest = read_manifest(self.directory.manifest)
        self.profile = profile_named(self.manifest.profile)
        scenarios = self.directory.scenarios if self.directory.scenarios.exists() else None
        self.suite = load_suite(self.directory.suite, subset=self.manifest.suite.subset, scenarios=scenarios)
        if self.suite.sha256 != self.manifest.suite.sha256:
            raise RecordError(f"{self.directory.suite}: not the suite that was driven; its hash is not the manifest's")
        self.jobs = jobs(self.suite.routes, self.manifest.suite.repetitions)
        self._states = job_states(read_ledger(self.directory.ledger))

    def results(self, profile: Profile | None = None) -> list[RouteResult]:
        """One for each drive that has ended for good. Raises RescoreRefused where `profile` cannot be told."""
        profile = profile or self.profile
        finals = ((job, self._states[job.record_id].final) for job in self.jobs if job.record_id in self._states)
        return [self._result(job, final, profile) for job, final in finals if final is not None]

    def summary(self, profile: Profile | None = None) -> Summary:
        planned = [
            Planned(job.route.town, tuple(scenario.type for scenario in job.route.scenarios)) for job in self.jobs
        ]
        return summarize(
            self.results(profile),
            planned,
            profile or self.profile,
            allow_missing_scenarios=self.manifest.allow_missing_scenarios,
            seed=self.manifest.seed,
        )

    def official(self, profile: Profile | None = None) -> dict[str, Any]:
        """The official results, as results.json holds them."""
        profile = profile or self.profile
        labels = None
        if profile.scoring.format is ResultsFormat.BENCH2DRIVE:
            labels = {job.index: bench2drive_labels(job.route, job.repetition) for job in self.jobs}
        return document(self.results(profile), len(self.jobs), profile, labels)

    def bench2drive(self) -> Numbers:
        """What Bench2Drive publishes, of a run under its profile: elsewhere routes have other checkpoints and ends."""
        self._must_be_bench2drive()
        traces = (self.directory.route(job.record_id) / TRACE for job in self.jobs)
        results = self.results()
        scored = {result.record_id for result in results if result.score is not None}
        motions = (read_motion(trace) for trace in traces if trace.parent.name in scored and trace.exists())
        return numbers(results, len(self.jobs), motions)

    def merged(self) -> Mapping[str, Any]:
        """Bench2Drive's merged file."""
        self._must_be_bench2drive()
        return merged(self.official(), len(self.jobs))

    def _must_be_bench2drive(self) -> None:
        if self.profile.scoring.format is not ResultsFormat.BENCH2DRIVE:
            made = f"this run was made under {self.profile.name}; Bench2Drive's numbers need its own"
            raise RescoreRefused(f"{self.directory.path}: {made}")

    def events(self, job: Job) -> tuple[Event, ...]:
        """Of the attempt that counts; nothing where it ended before its first event."""
        path = self.directory.route(job.record_id) / EVENTS
        return read_events(path) if path.exists() else ()

    def _result(self, job: Job, final: AttemptEnded, profile: Profile) -> RouteResult:
        recorded = self.events(job)
        events, outcome = recorded, final.outcome
        if profile.name != self.profile.name and OUTCOMES[outcome].scored is not Scored.NEVER:
            made_under, target = self._rules(profile)
            try:
                events = cut_for(recorded, made_under, target)
            except RescoreRefused as error:
                raise RescoreRefused(f"{job.record_id}: {error}") from error
            if events is not recorded:
                outcome = judged(_ending(events), events)
        return route_result(
            events,
            profile,
            index=job.index,
            route_id=job.route.id,
            repetition=job.repetition,
            town=job.route.town,
            scenario_types=tuple(scenario.type for scenario in job.route.scenarios),
            outcome=outcome,
            duration_system_s=final.duration_system_s,
        )

    def _rules(self, profile: Profile) -> tuple[Runtime, Profile]:
        """The rules that the run was made under, and `profile` with what the user chose in place of a profile's own."""
        own = self.profile.runtime
        chosen: dict[str, Any] = {}
        if self.manifest.traffic != own.traffic:
            chosen["traffic"] = self.manifest.traffic
        if self.manifest.agent_timeout_s != own.agent_timeout_s:
            chosen["agent_timeout_s"] = self.manifest.agent_timeout_s
        return replace(own, **chosen), replace(profile, runtime=replace(profile.runtime, **chosen))


def _ending(events: tuple[Event, ...]) -> Outcome:
    return next(event.outcome for event in events if isinstance(event, EpisodeEnded))
