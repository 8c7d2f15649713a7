"""One attempt at a route in a process of its own: `python -m leaderboard.attempt SPEC`, started by the supervisor.

It ends with its supervisor. What it came to is in its folder: events, trace, timing, and outcome.json as the last
thing written; without that file the attempt died, and the heartbeat says where.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from leaderboard.agent_clock import Charge, fixed, measured, parse_timing, replay
from leaderboard.errors import InfrastructureError, RouteFileError, UserError
from leaderboard.heartbeat import HeartbeatWriter, Phase
from leaderboard.log.files import is_disk_full, write_atomic
from leaderboard.log.manifest import read_manifest
from leaderboard.log.official_json import bench2drive_labels
from leaderboard.log.run import EVENTS, TIMING, TRACE, RunDirectory
from leaderboard.log.timing import read_timing, write_timing
from leaderboard.processes import become_subreaper, die_with_parent
from leaderboard.profiles import profile_named
from leaderboard.routes import load_suite
from leaderboard.seeds import seed_everything, seed_of
from scenarios.events import Outcome

__all__ = ["EXIT_DISK_FULL", "OUTCOME", "TELL_WHERE", "AttemptSpec", "main", "read_outcome"]

OUTCOME: Final = "outcome.json"
HEARTBEAT: Final = "heartbeat"
TELL_WHERE: Final = signal.SIGUSR2
EXIT_DISK_FULL: Final = os.EX_IOERR
"""Then there may be no room for outcome.json either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec:
    """All that the process is told, as JSON."""

    suite: str
    """The run's own copy, as is that of the scenarios."""
    scenarios: str | None
    routes: str
    """The user's file, for who wants to name it."""
    route_id: str
    repetition: int
    profile: str
    agent: str
    agent_config: str
    track: str | None
    shared: bool
    """Whether others use the simulator afterwards."""
    seed: int
    timing: str
    traffic: str
    walkers: int
    record_sensors: bool
    folder: str
    leases: str
    client_timeout_s: float
    supervisor_pid: int

    @classmethod
    def read(cls, path: Path) -> AttemptSpec:
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))


def main(arguments: list[str]) -> int:
    spec = AttemptSpec.read(Path(arguments[0]))
    die_with_parent(spec.supervisor_pid)
    become_subreaper()
    # Nobody at a terminal interrupts this process, which has a session of its own. A signal from outside is then seen
    # as one, and a KeyboardInterrupt is what the guest raised.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # For output.log: where native code ended the process, and, when the supervisor asks, where it hangs.
    faulthandler.enable()
    faulthandler.register(TELL_WHERE)
    _import_ours()
    go = sys.stdin.readline().split()
    if not go:  # the supervisor is gone
        return 1
    host, port = go
    # A guest that asks its user is told at once that nobody is there.
    with open(os.devnull, "rb") as nobody:
        os.dup2(nobody.fileno(), sys.stdin.fileno())
    folder = Path(spec.folder)
    beat = HeartbeatWriter(folder / HEARTBEAT)
    seed = seed_of(spec.seed, spec.route_id, spec.repetition)
    seed_everything(seed)
    try:
        outcome, detail = _run(spec, host, int(port), seed, folder, beat)
    except UserError as error:
        _write_outcome(folder, None, str(error))
    except InfrastructureError as error:
        _write_outcome(folder, Outcome.SIMULATOR_LOST, str(error))
    except RuntimeError as error:
        # The official client raises nothing else, whatever is wrong with its simulator.
        traceback.print_exc()
        is_simulators = "while waiting for the simulator" in str(error)
        _write_outcome(folder, Outcome.SIMULATOR_LOST if is_simulators else Outcome.HARNESS_FAILED, str(error))
    except Exception as error:
        if is_disk_full(error):
            os._exit(EXIT_DISK_FULL)
        traceback.print_exc()
        _write_outcome(folder, Outcome.HARNESS_FAILED, f"{type(error).__name__}: {error}")
    else:
        _write_outcome(folder, outcome, detail)
    beat.enter(Phase.DONE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # neither a guest's threads nor its exit handlers keep the route from being over


def _import_ours() -> None:
    """What takes its time and is the same for every route, while the route before is still being driven."""
    import leaderboard.agent_host
    import leaderboard.episode  # noqa: F401


def _run(
    spec: AttemptSpec, host: str, port: int, seed: int, folder: Path, beat: HeartbeatWriter
) -> tuple[Outcome, str]:
    from leaderboard.agent_host import AgentHost
    from leaderboard.autoagents.autonomous_agent import Track
    from leaderboard.compat.bench2drive import Bench2Drive
    from leaderboard.episode import Episode, EpisodeInput, Watcher
    from leaderboard.log.events_file import EventWriter
    from leaderboard.log.trace import TraceWriter
    from leaderboard.planning import NoRoute

    profile = profile_named(spec.profile)
    charge, latencies = _charge(spec)
    suite = load_suite(spec.suite, scenarios=spec.scenarios, subset=spec.route_id)
    (route,) = suite.routes
    # The name that the results give the route: Bench2Drive's tools look for what the agent saved by it.
    save_name = bench2drive_labels(route, spec.repetition).save_name
    bench2drive = Bench2Drive(folder, Path(spec.routes), save_name) if spec.profile == "bench2drive" else None
    agent = AgentHost(
        spec.agent,
        spec.agent_config,
        profile,
        track=Track(spec.track) if spec.track else None,
        bench2drive=bench2drive,
        watch=Watcher(beat),
    )
    given = EpisodeInput(
        route=route,
        legacy_scenarios=suite.legacy_scenarios.get(route.town, ()) if route.generation == "1.0" else (),
        repetition=spec.repetition,
        profile=profile,
        seed=seed,
        traffic=spec.traffic,
        walkers=spec.walkers,
        record_sensors=spec.record_sensors,
        charge=charge,
        host=host,
        port=port,
        shared=spec.shared,
        leases=Path(spec.leases),
        client_timeout_s=spec.client_timeout_s,
    )
    with EventWriter(folder / EVENTS) as events, TraceWriter(folder / TRACE) as trace:
        episode = Episode(given, agent, events, trace, beat)
        try:
            outcome = episode.run()
        except NoRoute as error:
            return Outcome.NO_ROUTE, str(RouteFileError(str(error), spec.routes, route.id, route.line))
    timing = episode.timing
    if latencies is not None:
        timing = replace(timing, calls_past_replay=max(len(timing.call_latencies_ms) - latencies, 0))
    write_timing(folder / TIMING, timing)
    return outcome, episode.detail


def _charge(spec: AttemptSpec) -> tuple[Charge, int | None]:
    """What calls are charged, and for how many of them latencies were recorded if they are played back."""
    mode, value = parse_timing(spec.timing)
    if mode == "measured":
        return measured(), None
    if mode == "replay":
        run = RunDirectory(Path(str(value)))
        folder = run.route(f"RouteScenario_{spec.route_id}_rep{spec.repetition}")
        latencies_ms = read_timing(folder / TIMING).call_latencies_ms
        was_measured = read_manifest(run.manifest).timing == "measured"
        return replay(latencies_ms, first_is_free=was_measured), len(latencies_ms)
    return fixed(float(value or 0.0)), None


def _write_outcome(folder: Path, outcome: Outcome | None, detail: str) -> None:
    """None: what the user gave is wrong, and the run must end."""
    content = {"outcome": outcome, "detail": " ".join(detail.split())[:1000]}
    write_atomic(folder / OUTCOME, json.dumps(content).encode())


def read_outcome(folder: Path) -> tuple[Outcome | None, str] | None:
    """What the attempt says of itself; None if it died before it could."""
    try:
        content = json.loads((folder / OUTCOME).read_bytes())
    except FileNotFoundError:
        return None
    outcome = content["outcome"]
    return (None if outcome is None else Outcome(outcome)), str(content["detail"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
