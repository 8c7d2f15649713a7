"""What a record needs beside events, and whole runs without a drive, for tests."""

from leaderboard.log import manifest as manifests
from leaderboard.log.events_file import EventWriter
from leaderboard.log.ledger import AttemptBegan, AttemptEnded, Ledger, is_final
from leaderboard.log.run import open_run
from leaderboard.profiles import PROFILES
from leaderboard.routes import jobs, load_suite
from scenarios.events import Outcome
from tests.leaderboard.facts import blocked, completed, ended, progress, ready, speed, started, vehicle

NOW = "2026-11-21T12:00:00Z"


def manifest(**changes):
    values = {
        "profile": "lb2.1",
        "seed": 0,
        "timing": "sync",
        "traffic": "none",
        "allow_missing_scenarios": False,
        "agent_timeout_s": 300.0,
        "stall_timeout_s": 60.0,
        "workers": 1,
        "suite": manifests.SuiteInfo(name="smoke", sha256="ab", subset="", routes=8, repetitions=1),
        "agent": manifests.AgentInfo(source="agent.expert", sha256="cd", config="", config_sha256=None),
        "simulator": manifests.SimulatorInfo(kind="embedded", version="0.1.0", shared=False),
        "harness": manifests.harness_info(),
        "machine": manifests.machine_info(),
        "started": NOW,
    }
    return manifests.Manifest(**(values | changes))


# --- a run on disk ----------------------------------------------------------------------------------------------------

ROUTE = """
  <route id="{}" town="Harbor">
    <waypoints><position x="0" y="0" z="0"/><position x="9" y="0" z="0.5"/></waypoints>
    <scenarios>
      <scenario name="Accident_1" type="Accident"><trigger_point x="2" y="0" z="0" yaw="0"/></scenario>
    </scenarios>
  </route>"""
DRIVES = [
    (Outcome.COMPLETED, [progress(50.0, 9), vehicle(10), speed(50.0, 11), completed(), ended()]),
    (Outcome.BLOCKED, [progress(25.0, 9), blocked(), ended(Outcome.BLOCKED)]),
    (Outcome.SIMULATOR_LOST, [progress(70.0, 9)]),
]


def stored_run(folder, profile="lb2.0", drives=None, **changes):
    """A run of three routes: one completed with a collision, one blocked, one lost in the end; a fourth never began."""
    source = folder / "routes.xml"
    source.write_text("<routes>" + "".join(ROUTE.format(number) for number in range(4)) + "</routes>")
    suite = load_suite(source)
    run = open_run(folder / "run", resume=False)
    run.keep_suite(source.read_bytes(), None)
    info = manifests.SuiteInfo(name="routes", sha256=suite.sha256, subset="", routes=4, repetitions=1)
    runtime = PROFILES[profile].runtime
    values = {"traffic": runtime.traffic, "agent_timeout_s": runtime.agent_timeout_s}
    manifests.write_manifest(run.manifest, manifest(profile=profile, suite=info, **(values | changes)))
    ledger = Ledger(run.ledger)
    for job, (outcome, events) in zip(jobs(suite.routes, 1), drives or DRIVES, strict=False):
        attempt(run, ledger, job, outcome, events)
    ledger.close()
    return run


def attempt(run, ledger, job, outcome, events):
    for number in range(1, 5):
        ledger.append(AttemptBegan(job=job.record_id, index=job.index, attempt=number, wall_time=NOW))
        with EventWriter(run.begin_attempt(job.record_id, number) / "events.jsonl") as writer:
            for event in [started(), ready("sensor.camera.rgb"), *events]:
                writer.write(event)
        final = is_final(outcome, number - 1)
        entry = AttemptEnded(
            job=job.record_id,
            index=job.index,
            attempt=number,
            wall_time=NOW,
            outcome=outcome,
            final=final,
            duration_system_s=2.5,
            detail="",
        )
        ledger.append(entry)
        if final:
            run.accept(entry)
            return
