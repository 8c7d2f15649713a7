"""The command line: `leaderboard evaluate | list`. All that is printed is printed here."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata, util
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leaderboard.agent_clock import parse_timing
from leaderboard.background import amount
from leaderboard.errors import UserError
from leaderboard.evaluate import Evaluation, Options, Watcher
from leaderboard.heartbeat import Beat, Phase
from leaderboard.launch.embedded import shipped_maps
from leaderboard.log.manifest import (
    AgentInfo,
    Manifest,
    SimulatorInfo,
    SuiteInfo,
    harness_info,
    hash_path,
    machine_info,
)
from leaderboard.outcomes import OUTCOMES, Scored
from leaderboard.profiles import DEFAULT_PROFILE, PROFILES, profile_named
from leaderboard.routes import Job, load_suite, shipped_suites, suite_path
from leaderboard.scoring.results import RouteResult
from leaderboard.scoring.summary import Summary
from leaderboard.supervisor import Address, Ended

__all__ = ["main"]

EXIT_FAILURES = 1
EXIT_BAD_INPUT = 2
EXIT_STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        code: int = given.command(given)
    except UserError as error:
        print(f"leaderboard: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leaderboard", description="Closed-loop evaluation of driving agents over suites of routes."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_evaluate(commands.add_parser("evaluate", help="drive an agent over a suite and score it"))
    listing = commands.add_parser("list", help="what there is: suites, towns, profiles")
    listing.add_argument("what", choices=("suites", "towns", "profiles"))
    listing.set_defaults(command=_list)
    return parser


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--suite", default="smoke", metavar="NAME|XML", help="a shipped suite or a file of routes (default: smoke)")
    add("--scenarios", type=Path, metavar="JSON", help="scenarios of a leaderboard 1.0 route file")
    add("--agent", default="agent.expert", metavar="FILE|MODULE", help="the agent (default: agent.expert)")
    add("--agent-config", default="", metavar="PATH", help="what the agent's setup() gets")
    add("--track", choices=("SENSORS", "MAP", "SENSORS_QUALIFIER", "MAP_QUALIFIER"), help="default: the agent's own")
    add("--simulator", default="embedded", metavar="embedded|HOST:PORT", help="where to drive (default: embedded)")
    add("--map-dir", type=Path, metavar="DIR", help="folder of your own .xodr maps, for the embedded simulator")
    add("--profile", default=DEFAULT_PROFILE, choices=list(PROFILES), help=f"the rules (default: {DEFAULT_PROFILE})")
    add("--routes-subset", default="", metavar='"0-4,8"', help="ids of routes; ranges follow the order of the file")
    add("--repetitions", type=_positive, default=1, metavar="N")
    add("--seed", type=int, default=0, metavar="N", help="of traffic, pedestrians, noise and the agent (default: 0)")
    add("--workers", type=_positive, default=1, metavar="N", help="routes driven side by side (default: 1)")
    add("--timing", default="sync", metavar="MODE", help="sync, fixed:MS, measured or replay:RUN (default: sync)")
    add("--traffic", default="none", metavar="none|lb1|N", help="vehicles around the routes (default: none)")
    add("--timeout", type=float, metavar="S", help="for the agent's setup and each step (default: the profile's)")
    add("--stall-timeout", type=float, default=60.0, metavar="S", help="a simulator without a tick is lost (60)")
    add("--allow-missing-scenarios", action="store_true", help="count routes whose scenarios could not be built")
    add("--out", type=Path, metavar="DIR", help="folder of the record (default: runs/TIME)")
    add("--resume", action="store_true", help="go on with the run in --out")
    parser.set_defaults(command=_evaluate)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


# --- evaluate ---------------------------------------------------------------------------------------------------------


def _evaluate(given: argparse.Namespace) -> int:
    console = Console(highlight=False, soft_wrap=True)
    options = _options(given)
    for warning in options.suite.warnings:
        console.print(f"warning: {warning}")
    manifest = _manifest(given, options)
    evaluation = Evaluation(options, manifest, _Progress(console, options))
    simulator = f"{manifest.simulator.kind} {manifest.simulator.version}"
    console.print(
        f"{options.suite.name} ({options.suite.sha256[:12]}), {evaluation.planned} drives of {options.agent}, profile "
        f"{options.profile.name}, simulator {simulator}; record: {options.out}"
    )
    try:
        evaluation.run()
    except KeyboardInterrupt:
        console.print(f"stopped; go on with: leaderboard evaluate ... --out {options.out} --resume")
        return EXIT_STOPPED
    _print_summary(console, evaluation, manifest)
    failures = [result for result in evaluation.results if OUTCOMES[result.outcome].scored is Scored.NEVER]
    return EXIT_FAILURES if failures or len(evaluation.results) < evaluation.planned else 0


def _options(given: argparse.Namespace) -> Options:
    profile = profile_named(given.profile)
    path = suite_path(given.suite)
    simulator = _address(given.simulator)
    if given.map_dir is not None and not given.map_dir.is_dir():
        raise UserError(f"--map-dir {given.map_dir} is no folder")
    towns = None
    if simulator is None:
        towns = [*shipped_maps(), *(file.stem for file in sorted((given.map_dir or Path("/nowhere")).glob("*.xodr")))]
    suite = load_suite(path, scenarios=given.scenarios, subset=given.routes_subset, known_towns=towns)
    mode, _ = parse_timing(given.timing)
    amount(given.traffic, "")
    workers = given.workers
    if simulator is not None and workers > 1:
        raise UserError(f"--workers {workers}: one simulator at {given.simulator} drives one route at a time")
    if mode == "measured" and workers > max(machine_info().cores // 2, 1):
        raise UserError(f"--workers {workers}: measured latencies need two cores for each; give fewer workers")
    out = given.out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    return Options(
        suite=suite,
        scenarios=given.scenarios,
        agent=given.agent,
        agent_config=given.agent_config,
        track=given.track,
        profile=profile,
        repetitions=given.repetitions,
        seed=given.seed,
        workers=workers,
        timing=given.timing,
        traffic=given.traffic,
        agent_timeout_s=given.timeout if given.timeout is not None else profile.runtime.agent_timeout_s,
        stall_timeout_s=given.stall_timeout,
        allow_missing_scenarios=given.allow_missing_scenarios,
        out=out,
        resume=given.resume,
        simulator=simulator,
        map_dir=given.map_dir,
    )


def _address(text: str) -> Address | None:
    if text == "embedded":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"--simulator {text}: give embedded or HOST:PORT")
    return Address(host, int(port))


def _manifest(given: argparse.Namespace, options: Options) -> Manifest:
    agent = _agent_path(options.agent)
    config = Path(options.agent_config) if options.agent_config else None
    return Manifest(
        profile=options.profile.name,
        seed=options.seed,
        timing=options.timing,
        traffic=options.traffic,
        allow_missing_scenarios=options.allow_missing_scenarios,
        agent_timeout_s=options.agent_timeout_s,
        stall_timeout_s=options.stall_timeout_s,
        workers=options.workers,
        suite=SuiteInfo(
            name=options.suite.name,
            sha256=options.suite.sha256,
            subset=options.suite.subset,
            routes=len(options.suite.routes),
            repetitions=options.repetitions,
        ),
        agent=AgentInfo(
            source=options.agent,
            sha256=hash_path(agent),
            config=options.agent_config,
            config_sha256=hash_path(config) if config is not None and config.exists() else None,
        ),
        simulator=SimulatorInfo(
            kind="embedded" if options.simulator is None else "attached",
            version=metadata.version("carla"),
            shared=options.simulator is not None,
        ),
        harness=harness_info(),
        machine=machine_info(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _agent_path(agent: str) -> Path:
    """The file or folder that holds the agent's code."""
    if Path(agent).is_file():
        return Path(agent)
    try:
        spec = util.find_spec(agent)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise UserError(f"--agent {agent}: neither a file nor a module that can be imported")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


class _Progress(Watcher):
    """A line for each route, and where the terminal allows it one that changes."""

    def __init__(self, console: Console, options: Options) -> None:
        self._console = console
        self._total = len(options.suite.routes) * options.repetitions
        self._started = time.monotonic()
        self._scores: list[float] = []
        self._done = 0
        self._shown = 0.0

    def beat(self, job: Job, worker: int, beat: Beat) -> None:
        now = time.monotonic()
        if not self._console.is_terminal or now - self._shown < 0.2:
            return
        self._shown = now
        what = f"{beat.sim_s:6.1f} s driven" if beat.phase >= Phase.TICK else beat.phase.name.lower()
        left = ""
        if self._done:
            seconds = (now - self._started) / self._done * (self._total - self._done)
            left = f", about {seconds / 60:.0f} min left"
        mean = f", score so far {sum(self._scores) / len(self._scores):.1f}" if self._scores else ""
        line = f"{self._done}/{self._total}  {job.record_id} in {job.route.town}: {what}{mean}{left}"
        self._console.file.write(f"\r\x1b[K{line[: self._console.width - 1]}")
        self._console.file.flush()

    def retried(self, job: Job, ended: Ended) -> None:
        self._say(f"{job.record_id}: {ended.outcome}, driven again ({ended.detail})")

    def finished(self, result: RouteResult, detail: str) -> None:
        self._done += 1
        pace = result.duration_game_s / max(result.duration_system_s, 1e-3)
        if result.score is None:
            self._say(f"{result.record_id}: {result.outcome}, no score ({detail})")
            return
        score = result.score
        self._scores.append(score.driving_score)
        why = f" ({detail})" if detail != str(result.outcome) else ""
        self._say(
            f"{result.record_id} {result.town}: driving score {score.driving_score:.1f}, completion "
            f"{score.completion:.1f}, penalty {score.penalty:.2f}, {result.outcome}{why}; "
            f"{result.duration_game_s:.0f} s in {result.duration_system_s:.1f} s ({pace:.1f} times real time)"
        )

    def _say(self, line: str) -> None:
        if self._console.is_terminal:
            self._console.file.write("\r\x1b[K")
        self._console.print(line, markup=False)


def _print_summary(console: Console, evaluation: Evaluation, manifest: Manifest) -> None:
    summary = evaluation.summary()
    table = Table(title=f"{manifest.suite.name}, {manifest.agent.source}, profile {summary.profile}")
    for name in ("town", "routes", "driving score", "completion", "penalty", "success"):
        table.add_column(name, justify="left" if name == "town" else "right")
    for row in summary.by_town:
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
    console.print(table)
    console.print(_headline(summary))
    per_km = ", ".join(f"{key} {value:.3f}" for key, value in summary.per_km.items() if value)
    console.print(f"infractions per km over {summary.km_driven:.2f} km: {per_km or 'none'}")
    console.print(f"official mean over all planned: {summary.official_driving_score:.3f}")
    if manifest.simulator.kind == "embedded":
        console.print("Driven in the embedded simulator: these are not CARLA scores.")


def _headline(summary: Summary) -> str:
    interval = summary.driving_score.interval
    spread = f" (95 % interval {interval.low:.1f} to {interval.high:.1f})" if interval is not None else ""
    return (
        f"driving score {_number(summary.driving_score.value)}{spread} over {summary.valid} of {summary.planned} drives"
    )


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


# --- list -------------------------------------------------------------------------------------------------------------


def _list(given: argparse.Namespace) -> int:
    if given.what == "suites":
        for name, path in shipped_suites().items():
            suite = load_suite(path)
            print(f"{name:12} {len(suite.routes):4} routes in {', '.join(suite.towns)}")
    elif given.what == "towns":
        print("\n".join(shipped_maps()))
    else:
        for profile in PROFILES.values():
            print(f"{profile.name:12} {profile.summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
