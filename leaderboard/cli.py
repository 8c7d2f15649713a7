"""The command line: `leaderboard evaluate | score | export | list | doctor`. What is printed is printed here."""

from __future__ import annotations

import argparse
import ast
import os
import shlex
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata, util
from pathlib import Path
from typing import Final

from rich.console import Console

from leaderboard.agent_clock import parse_timing
from leaderboard.arguments import OneSentenceParser
from leaderboard.background import amount
from leaderboard.compat.official_command import translate
from leaderboard.console import Progress, print_bench2drive, print_summary
from leaderboard.doctor import examine
from leaderboard.errors import InfrastructureError, LeaderboardError, RouteFileError, UserError
from leaderboard.evaluate import Evaluation, Options
from leaderboard.launch.attached import ask
from leaderboard.launch.embedded import shipped_maps
from leaderboard.log.files import write_atomic
from leaderboard.log.manifest import (
    AgentInfo,
    Manifest,
    SimulatorInfo,
    SuiteInfo,
    harness_info,
    harness_version,
    hash_path,
    machine_info,
)
from leaderboard.log.official_json import dump
from leaderboard.log.run import RunDirectory
from leaderboard.log.sensor_record import load_encoder
from leaderboard.log.stored import StoredRun
from leaderboard.outcomes import OUTCOMES, Scored
from leaderboard.profiles import DEFAULT_PROFILE, PROFILES, ResultsFormat, profile_named
from leaderboard.routes import load_suite, shipped_suites, suite_path
from leaderboard.supervisor import Address, wait_for

__all__ = ["main", "main_as_official", "parser"]

EXIT_FAILURES: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_STOPPED: Final = 130
_MOST_WARNINGS: Final = 10

_EXAMPLES: Final = """
examples:
  leaderboard evaluate                                      our expert on the smoke suite, in the embedded simulator
  leaderboard evaluate --agent my_agent.py --agent-config model.pt --suite plain --workers 4
  leaderboard evaluate --suite routes.xml --simulator localhost:2000 --out runs/real      CARLA itself
  leaderboard score runs/real --profile lb2.0               the same drives by other rules
  leaderboard doctor                                        what is found, and whether it works

`leaderboard COMMAND --help` says more. Exit codes: 0 done, 1 something failed, 2 the command is wrong, 130 stopped.
"""
_EVALUATE_EXAMPLES: Final = """
An agent file is code that runs with your rights: read it before you run it. It is written for the official leaderboard:
get_entry_point(), and a class with setup(), sensors() and run_step().

examples:
  leaderboard evaluate                                                   our expert on the smoke suite
  leaderboard evaluate --routes-subset 0-2 --out runs/first              three routes of it
  leaderboard evaluate --out runs/first --routes-subset 0-2 --resume     go on where it was stopped
  leaderboard evaluate --agent my_agent.py --agent-config model.pt --suite plain --repetitions 3 --workers 4
  leaderboard evaluate --agent my_agent.py --timing fixed:100            as if each answer took 100 ms
  leaderboard evaluate --suite routes.xml --profile bench2drive --simulator localhost:2000

Exit code 0: every route has a result. 1: some have none, since the simulator or this program failed. 2: the command is
wrong. 130: stopped by Ctrl-C; the same command with --resume goes on.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    return _guarded(lambda: int(given.command(given)))


def main_as_official(arguments: Sequence[str] | None = None) -> int:
    """`python -m leaderboard.leaderboard_evaluator`, with the official evaluator's flags."""

    def run() -> int:
        translated = translate(arguments)
        for note in translated.notes:
            print(f"leaderboard: {note}", file=sys.stderr)
        given = parser().parse_args(translated.arguments)
        options = _options(given)
        translated.link()
        return _drive(given, options)

    return _guarded(run)


def _guarded(run: Callable[[], int]) -> int:
    """Never a traceback for what is not a mistake of this program's."""
    try:
        return run()
    except UserError as error:
        print(f"leaderboard: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except LeaderboardError as error:
        print(f"leaderboard: {error}", file=sys.stderr)
        return EXIT_FAILURES
    except BrokenPipeError:
        _forget_stdout()  # who reads has had enough
        return 0
    except KeyboardInterrupt:
        return EXIT_STOPPED


def parser() -> argparse.ArgumentParser:
    parsed = OneSentenceParser(
        prog="leaderboard",
        description="Closed-loop evaluation of driving agents over suites of routes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parsed.add_argument("--version", action="version", version=f"carla-closed-loop {harness_version()}")
    commands = parsed.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, summary: str, does: Callable[[argparse.Namespace], int], epilog: str = "") -> _Add:
        added = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=does)
        return added.add_argument

    _add_evaluate(command("evaluate", "drive an agent over a suite and score it", _evaluate, _EVALUATE_EXAMPLES))

    add = command(
        "score",
        "score a run again from its record, also under another profile",
        _score,
        "Nothing is driven. Where the other rules would have made another drive, it refuses and names the rule."
        "\n\nexamples:\n  leaderboard score runs/first\n  leaderboard score runs/first --profile lb2.0\n",
    )
    add("run", type=Path, metavar="RUN", help="folder of a run")
    add("--profile", choices=list(PROFILES), help="the rules (default: those that it was made under)")

    add = command(
        "export",
        "write a run's results as the public benchmarks write theirs",
        _export,
        "examples:\n  leaderboard export runs/first --out results.json\n"
        "  leaderboard export runs/b2d --format bench2drive-merged --out merged.json\n",
    )
    add("run", type=Path, metavar="RUN", help="folder of a run")
    add(
        "--format",
        choices=("official", "bench2drive-merged"),
        default="official",
        help="the results JSON of the run's profile, or what Bench2Drive's merge tool makes (default: official)",
    )
    add("--out", type=Path, metavar="FILE", help="default: to the terminal")

    add = command("list", "what there is: suites, scenarios, towns, profiles, agents", _list)
    add("what", choices=tuple(_LISTS), metavar="WHAT", help="one of these")

    add = command(
        "doctor",
        "say what is found where, start the embedded simulator and look through a camera",
        _doctor,
        "examples:\n  leaderboard doctor\n  leaderboard doctor localhost:2000      also whether CARLA answers there\n",
    )
    add("simulator", nargs="?", metavar="HOST:PORT", help="a simulator that should be reachable")
    return parsed


_Add = Callable[..., argparse.Action]


def _add_evaluate(add: _Add) -> None:
    add("--suite", default="smoke", metavar="NAME|XML", help="a shipped suite or a file of routes (default: smoke)")
    add("--scenarios", type=Path, metavar="JSON", help="scenarios of a leaderboard 1.0 route file")
    add("--agent", default="agent.expert", metavar="FILE|MODULE", help="the agent (default: agent.expert)")
    add("--agent-config", default="", metavar="PATH", help="what the agent's setup() gets")
    add("--track", choices=("SENSORS", "MAP", "SENSORS_QUALIFIER", "MAP_QUALIFIER"), help="default: the agent's own")
    add("--simulator", default="embedded", metavar="embedded|HOST:PORT", help="where to drive (default: embedded)")
    add("--map-dir", type=Path, metavar="DIR", help="folder of your own .xodr maps, for the embedded simulator")
    add("--profile", default=DEFAULT_PROFILE, choices=list(PROFILES), help=f"the rules (default: {DEFAULT_PROFILE})")
    add("--routes-subset", default="", metavar='"0-4,8"', help="ids of routes; ranges follow the order of the file")
    add("--repetitions", type=_positive, default=1, metavar="N", help="of each route (default: 1)")
    add("--seed", type=int, default=0, metavar="N", help="of traffic, pedestrians, noise and the agent (default: 0)")
    add("--workers", type=_positive, default=1, metavar="N", help="routes driven side by side (default: 1)")
    add(
        "--timing",
        default="sync",
        metavar="MODE",
        help="how long an answer of the agent takes in the world: sync (no time), fixed:MS, measured (as it took), "
        "replay:RUN (as in that run) (default: sync)",
    )
    add("--traffic", default="none", metavar="none|lb1|N", help="vehicles around the routes (default: none)")
    add("--walkers", type=_count, default=0, metavar="N", help="pedestrians around the routes (default: 0)")
    add("--timeout", type=_seconds, metavar="S", help="for the agent's setup and each step (default: the profile's)")
    add("--stall-timeout", type=_seconds, default=60.0, metavar="S", help="a simulator without a tick is lost (60)")
    add("--allow-missing-scenarios", action="store_true", help="count routes whose scenarios could not be built")
    add("--record-sensors", action="store_true", help="also record what the agent's sensors show it (large)")
    add("--out", type=Path, metavar="DIR", help="folder of the record (default: runs/TIME)")
    add("--resume", action="store_true", help="go on with the run in --out")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


# --- evaluate ---------------------------------------------------------------------------------------------------------


def _evaluate(given: argparse.Namespace) -> int:
    return _drive(given, _options(given))


def _drive(given: argparse.Namespace, options: Options) -> int:
    console = _console()
    warnings = [*options.suite.warnings, *_empty_towns(options)]
    for warning in warnings[:_MOST_WARNINGS]:
        console.print(f"warning: {warning}", markup=False)
    if len(warnings) > _MOST_WARNINGS:
        console.print(f"warning: and {len(warnings) - _MOST_WARNINGS} more like these")
    manifest = _manifest(options)
    progress = Progress(console, options.allow_missing_scenarios, _title(options, manifest))
    evaluation = Evaluation(options, manifest, progress)
    progress.follow(evaluation)
    # On stderr: in `leaderboard evaluate | tee`, Ctrl-C ends the reader of stdout too.
    goes_on = f"the same command with --out {shlex.quote(str(options.out))} --resume goes on"
    try:
        evaluation.run()
    except KeyboardInterrupt:
        print(f"leaderboard: stopped; {goes_on}", file=sys.stderr)
        return EXIT_STOPPED
    except BrokenPipeError:
        print(f"leaderboard: stopped, since nobody reads what is printed any more; {goes_on}", file=sys.stderr)
        _forget_stdout()
        return EXIT_FAILURES
    print_summary(console, evaluation.summary(), manifest)
    if options.profile.scoring.format is ResultsFormat.BENCH2DRIVE:
        print_bench2drive(console, StoredRun(options.out).bench2drive())
    failures = [result for result in evaluation.results if OUTCOMES[result.outcome].scored is Scored.NEVER]
    return EXIT_FAILURES if failures or len(evaluation.results) < evaluation.planned else 0


def _title(options: Options, manifest: Manifest) -> str:
    suite, simulator = options.suite, manifest.simulator
    return (
        f"{suite.name} ({suite.sha256[:12]}) with {options.agent}, profile {options.profile.name}, simulator "
        f"{simulator.kind} {simulator.version}; record: {options.out}"
    )


def _empty_towns(options: Options) -> list[str]:
    if options.traffic != "lb1":
        return []
    towns = [town for town in options.suite.towns if not amount("lb1", town)]
    return [f"--traffic lb1: leaderboard 1.0 has no number for {town}, whose roads stay empty" for town in towns]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the program without a word."""
        raise


def _console() -> Console:
    return _Console(highlight=False, soft_wrap=True)


def _forget_stdout() -> None:
    """Nothing is left to be flushed into a broken pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _options(given: argparse.Namespace) -> Options:
    profile = profile_named(given.profile)
    path = suite_path(given.suite)
    simulator = None if given.simulator == "embedded" else _address(given.simulator, "--simulator", "embedded or ")
    if given.map_dir is not None and not given.map_dir.is_dir():
        raise UserError(f"--map-dir {given.map_dir} is no folder")
    towns = None
    if simulator is None:
        towns = [*shipped_maps(), *(file.stem for file in sorted((given.map_dir or Path("/nowhere")).glob("*.xodr")))]
    suite = load_suite(path, scenarios=given.scenarios, subset=given.routes_subset, known_towns=towns)
    mode, source = parse_timing(given.timing)
    if mode == "replay" and not RunDirectory(Path(str(source))).manifest.is_file():
        raise UserError(f"--timing {given.timing}: {source} holds no run (no manifest.json)")
    if given.record_sensors:
        load_encoder()
    amount(given.traffic, "")
    workers = given.workers
    if simulator is not None and workers > 1:
        raise UserError(f"--workers {workers}: one simulator at {given.simulator} drives one route at a time")
    if mode == "measured" and 2 * workers > (cores := machine_info().cores):
        raise UserError(f"--workers {workers}: measured latencies need two cores for each, and there are {cores} here")
    if given.resume and given.out is None:
        raise UserError("--resume goes on with the run in --out DIR: name that folder too")
    out = given.out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    return Options(
        suite=suite,
        agent=given.agent,
        agent_config=given.agent_config,
        track=given.track,
        profile=profile,
        repetitions=given.repetitions,
        seed=given.seed,
        workers=workers,
        timing=given.timing,
        traffic=given.traffic,
        walkers=given.walkers,
        record_sensors=given.record_sensors,
        agent_timeout_s=given.timeout if given.timeout is not None else profile.runtime.agent_timeout_s,
        stall_timeout_s=given.stall_timeout,
        allow_missing_scenarios=given.allow_missing_scenarios,
        out=out,
        resume=given.resume,
        simulator=simulator,
        map_dir=given.map_dir,
    )


def _address(text: str, called: str, or_else: str = "") -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"{called} {text}: give {or_else}HOST:PORT")
    return Address(host, int(port))


def _manifest(options: Options) -> Manifest:
    agent = _agent_path(options.agent)
    config = Path(options.agent_config) if options.agent_config else None
    return Manifest(
        profile=options.profile.name,
        seed=options.seed,
        timing=options.timing,
        traffic=options.traffic,
        walkers=options.walkers,
        record_sensors=options.record_sensors,
        track=options.track,
        maps=_own_maps(options),
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
        simulator=_simulator(options),
        harness=harness_info(),
        machine=machine_info(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _own_maps(options: Options) -> dict[str, str]:
    if options.map_dir is None or options.simulator is not None:
        return {}
    files = {town: options.map_dir / f"{town}.xodr" for town in options.suite.towns}
    return {town: hash_path(file) for town, file in files.items() if file.is_file()}


def _simulator(options: Options) -> SimulatorInfo:
    """What is driven in. One that is lost later is waited for; one that was never there is a mistake of the user's."""
    address = options.simulator
    if address is None:
        return SimulatorInfo(kind="embedded", version=metadata.version("carla"), shared=False)
    try:
        wait_for(address, options.stall_timeout_s, threading.Event())
        answer = ask(address.host, address.port)
    except InfrastructureError as error:
        raise UserError(f"--simulator: {error}; start it first") from error
    if not answer.fits:
        versions = f"{answer.kind} {answer.version}, and the client {answer.client_version}"
        raise UserError(f"--simulator {address.host}:{address.port} is {versions}: they must be the same")
    for route in options.suite.routes:
        if route.town not in answer.maps:
            reason = f"the simulator at {address.host}:{address.port} has no town {route.town!r}"
            known = ", ".join(sorted(answer.maps))
            raise RouteFileError(f"{reason}; it has {known}", options.suite.path, route.id, route.line)
    return SimulatorInfo(kind=answer.kind, version=answer.version, shared=True)


def _agent_path(agent: str) -> Path:
    """The file or folder that holds the agent's code."""
    path = Path(agent)
    if path.is_file():
        _check_python(path)
        return path
    try:
        spec = util.find_spec(agent)
    except (ImportError, ValueError):
        spec = None
    except Exception as error:  # to find a.b, Python imports a: code of the user's
        raise UserError(f"--agent {agent}: cannot be imported: {type(error).__name__}: {error}") from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        if path.is_dir():
            raise UserError(f"--agent {agent} is a folder; name the file in it that has get_entry_point()")
        reason = "neither a file nor a module that can be imported; a module's folder must be on PYTHONPATH"
        raise UserError(f"--agent {agent}: {reason}")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _check_python(path: Path) -> None:
    """Before anything is started for it. It is read, not run."""
    if path.suffix != ".py":
        raise UserError(f"--agent {path} is no Python file; its name must end in .py")
    try:
        with warnings.catch_warnings(action="ignore"):  # of a guest's style
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise UserError(f"--agent {path}{line}: not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"--agent {path}: not Python: {error or 'nested too deeply'}") from error
    except OSError as error:
        raise UserError(f"--agent {path}: cannot be read: {error.strerror}") from error


# --- score and export -------------------------------------------------------------------------------------------------


def _score(given: argparse.Namespace) -> int:
    run = _stored(given.run)
    profile = run.profile if given.profile is None else profile_named(given.profile)
    console = _console()
    print_summary(console, run.summary(profile), run.manifest)
    if profile is run.profile and profile.scoring.format is ResultsFormat.BENCH2DRIVE:
        print_bench2drive(console, run.bench2drive())
    return 0


def _stored(path: Path) -> StoredRun:
    if not RunDirectory(path).manifest.is_file():
        raise UserError(f"{path} holds no run (no manifest.json); name the folder that `evaluate` calls the record")
    return StoredRun(path)


def _export(given: argparse.Namespace) -> int:
    run = _stored(given.run)
    content = run.official() if given.format == "official" else run.merged()
    data = dump(content, run.profile.scoring.format)
    if given.out is None:
        print(data.decode())
        return 0
    try:
        if given.out.exists() and not given.out.is_file():  # /dev/stdout, a pipe: to be written to, not replaced
            given.out.write_bytes(data)
        else:
            write_atomic(given.out, data)
    except OSError as error:
        raise UserError(f"--out {given.out}: cannot be written: {error.strerror}") from error
    return 0


# --- list and doctor --------------------------------------------------------------------------------------------------


def _list(given: argparse.Namespace) -> int:
    for line in _LISTS[given.what]():
        print(line)
    return 0


def _suites() -> list[str]:
    suites = ((name, load_suite(path)) for name, path in shipped_suites().items())
    return [f"{name:12} {len(suite.routes):4} routes in {', '.join(suite.towns)}" for name, suite in suites]


def _scenarios() -> list[str]:
    return [
        "no scenario type is supported yet: a route that asks for one is driven without it,",
        "and kept out of the headline unless --allow-missing-scenarios",
    ]


def _profiles() -> list[str]:
    return [f"{profile.name:12} {profile.summary}" for profile in PROFILES.values()]


def _agents() -> list[str]:
    """The packages of ours that have get_entry_point(). Read, not imported: an agent may need what is not installed."""
    listed = []
    ours = util.find_spec("agent")
    for folder in (ours.submodule_search_locations or ()) if ours is not None else ():
        for file in sorted(Path(folder).glob("*/__init__.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            if any(isinstance(node, ast.FunctionDef) and node.name == "get_entry_point" for node in tree.body):
                summary = (ast.get_docstring(tree) or "").partition("\n")[0]
                listed.append(f"{f'agent.{file.parent.name}':36} {summary}")
    for name, summary in _PUBLIC_AGENTS.items():
        listed.append(f"{name:36} {summary}")
    return [*listed, "and every agent for the official leaderboard: --agent FILE, or a module that can be imported"]


_PUBLIC_AGENTS: Final = {
    "leaderboard.autoagents.npc_agent": "follows its plan with the basic agent of CARLA's API",
    "leaderboard.autoagents.dummy_agent": "reads every sensor and stands still",
    "leaderboard.autoagents.human_agent": "driven with the keyboard; needs pygame",
}
_LISTS: Final[dict[str, Callable[[], list[str]]]] = {
    "suites": _suites,
    "scenarios": _scenarios,
    "towns": shipped_maps,
    "profiles": _profiles,
    "agents": _agents,
}


def _doctor(given: argparse.Namespace) -> int:
    address = None if given.simulator is None else _address(given.simulator, "doctor")
    bad = 0
    for finding in examine(address):
        bad += not finding.is_good
        print(f"{'ok  ' if finding.is_good else 'BAD '} {finding.name:18} {finding.text}", flush=True)
    print("all is well" if not bad else f"{bad} of these must be mended")
    return EXIT_FAILURES if bad else 0


if __name__ == "__main__":
    sys.exit(main())
