"""Processes really killed, disks really full: what each fault comes to, and that nothing of ours is left running."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import carla
import pytest

from leaderboard.log.manifest import read_manifest
from tests.leaderboard.runs import ROOT, Run, gone_within, record_id

pytestmark = pytest.mark.timeout(240)

DIED = "process died for the first time in this phase"
DIED_AGAIN = "agent's process died again in the same phase"

# What the agent does, the outcome of each attempt, and the official status.
AGENT_FAULTS = {
    "none": (["completed"], "Perfect"),
    "raise_in_setup": (["agent could not be set up"], "Failed - Agent couldn't be set up"),
    "raise_in_step": (["agent raised"], "Failed - Agent crashed"),
    "garbage": (["agent raised"], "Failed - Agent crashed"),
    "invalid_sensors": (["agent's sensors are invalid"], "Failed - Agent's sensors were invalid"),
    "hang_in_setup": (["agent took too long to set up"], "Failed - Agent couldn't be set up"),
    "hang_in_step": (["agent took too long for a step"], "Failed - Agent crashed"),
    "exit_in_setup": ([DIED, DIED_AGAIN], "Failed - Agent crashed"),
    "exit_in_step_once": ([DIED, "completed"], "Perfect"),
    "segfault_in_step": ([DIED, DIED_AGAIN], "Failed - Agent crashed"),
    "segfault_in_step_once": ([DIED, "completed"], "Perfect"),
    "daemon_in_step": (["completed"], "Perfect"),
    "die_here_and_there": ([DIED, DIED, DIED_AGAIN], "Failed - Agent crashed"),
    "destroy_ego": (["agent raised"], "Failed - Agent crashed"),
    "destroy_ego_by_id": (["agent raised"], "Failed - Agent crashed"),
    "interrupt_in_step": (["agent raised"], "Failed - Agent crashed"),
    "ask_in_setup": (["agent could not be set up"], "Failed - Agent couldn't be set up"),
    "refused_sensors": (["agent's sensors are invalid"], "Failed - Agent's sensors were invalid"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of one agent that fails on each route in another way."""
    faults = dict(enumerate(AGENT_FAULTS))
    run = Run(tmp_path_factory.mktemp("agents"), tuple(faults), length_m=20, faults=faults)
    run.code, run.said = run.start("--timeout", "2", "--workers", "2").end()
    return run


class TestAgents:
    @pytest.mark.slow
    @pytest.mark.parametrize(("start", "fault"), list(enumerate(AGENT_FAULTS)))
    def test_each_fault_has_its_outcome_and_status(self, run, start, fault):
        attempts, status = AGENT_FAULTS[fault]
        assert run.attempts(start) == attempts
        assert run.statuses()[start] == status

    @pytest.mark.slow
    def test_every_route_has_a_result_so_the_run_is_a_success(self, run):
        assert run.code == 0, run.said

    @pytest.mark.slow
    def test_children_end_also_without_parent_session_or_environment(self, run):
        pids = [int((run.notes / f"daemon-{name}").read_text()) for name in ("bare", "marked")]
        assert gone_within(pids, 0.0)

    @pytest.mark.slow
    def test_a_discarded_attempt_keeps_what_people_look_at(self, run):
        start = list(AGENT_FAULTS).index("segfault_in_step")
        folder = run.directory.attempt(record_id(start), 1)
        assert (folder / "simulator.log").exists()
        assert "Segmentation fault" in (folder / "output.log").read_text()
        assert "in _fail" in (run.directory.route(record_id(5)) / "output.log").read_text(), "where it hung"
        assert "ValueError: on purpose" in (run.directory.route(record_id(2)) / "output.log").read_text()

    @pytest.mark.slow
    def test_only_discarded_attempts_are_left_among_the_attempts(self, run):
        left = {(path.parent.name, path.name) for path in (run.out / "attempts").glob("*/*")}
        expected = {
            (record_id(start), str(number))
            for start, (attempts, _) in enumerate(AGENT_FAULTS.values())
            for number in range(1, len(attempts))
        }
        assert left == expected


@pytest.mark.slow
def test_simulators_and_attempts_that_are_killed_are_driven_again_up_to_three_times(tmp_path):
    run = Run(tmp_path, (0, 1), length_m=30, slow_s=0.03).start("--stall-timeout", "3")
    begun = time.monotonic()
    run.until_driving(0, 1)
    mine = run.processes(0, 1)
    run.signal("simulator", signal.SIGKILL, 0, 1)
    killed = time.monotonic()
    while run.attempts(0)[0] is None:
        assert time.monotonic() - killed < 3.0, "a simulator that died must be noticed at once"
        time.sleep(0.02)
    assert gone_within([pid for pids in mine.values() for pid in pids], 1.0)
    run.until_driving(0, 2)
    run.signal("simulator", signal.SIGSTOP, 0, 2)
    run.until_driving(0, 3)
    run.signal("attempt", signal.SIGKILL, 0, 3)
    run.until_driving(0, 4)
    run.signal("simulator", signal.SIGTERM, 0, 4)
    run.until_driving(1, 1)
    run.signal("attempt", signal.SIGSEGV, 1, 1)
    run.quicken()
    code, said = run.end()
    assert run.attempts(0) == [
        "simulator out of memory",
        "simulator stalled",
        "process was killed from outside",
        "simulator lost",
    ], said
    assert run.attempts(1) == [DIED, "completed"]
    assert run.statuses() == {0: "Failed - Simulation crashed", 1: "Perfect"}
    assert run.results()["entry_status"] == "Crashed"
    assert code == 1, said
    assert time.monotonic() - begun < 100.0


@pytest.mark.slow
def test_a_killed_supervisor_takes_everything_along_and_the_run_goes_on_later(tmp_path):
    run = Run(tmp_path, (0, 1), length_m=20, slow_s=0.1, faults={0: "daemon_in_step"}).start()
    run.until_driving()
    while not (run.notes / "daemon-marked").exists():
        time.sleep(0.02)
    other = Run(tmp_path, (0, 1), length_m=20, slow_s=0.1, faults={0: "daemon_in_step"}).start("--resume")
    code, said = other.end()
    assert (code, f"process {run.process.pid}" in said) == (2, True), said
    pids = [pid for found in run.processes().values() for pid in found]
    assert len(pids) >= 3
    run.kill()
    assert gone_within(pids, 3.0), run.processes()
    bare = int((run.notes / "daemon-bare").read_text())
    with contextlib.suppress(ProcessLookupError):  # nothing tells whose it is once its parents are gone
        os.kill(bare, signal.SIGKILL)
    with run.directory.ledger.open("a") as ledger:
        ledger.write('{"entry":"ended","job":"Route')
    run.quicken()
    code, said = run.start("--resume").end()
    assert code == 0, said
    assert run.attempts(0) == [None, "completed"]
    assert run.statuses() == {0: "Perfect", 1: "Perfect"}
    assert list((run.out / "attempts").glob("*/*")) == []


@pytest.mark.slow
def test_a_failing_harness_and_a_rescued_traffic_manager_cost_an_attempt_not_the_route(tmp_path):
    run = Run(tmp_path, (0, 1), length_m=20, slow_s=0.03).start()
    run.until_driving(0, 1)
    waiting = run.directory.attempt(record_id(1), 1)
    while not waiting.exists():
        time.sleep(0.01)
    (waiting / "trace.mcap").mkdir()  # so that it cannot be written
    run.until_driving(1, 2)
    with (run.directory.attempt(record_id(1), 2) / "simulator.log").open("a") as log:
        log.write("simulator: traffic manager rescue 1 at frame 77\n")  # the simulator's own words
    run.quicken()
    code, said = run.end()
    assert code == 0, said
    assert run.attempts(0) == ["completed"]
    assert run.attempts(1) == ["harness raised", "Traffic Manager was rescued by the simulator", "completed"]
    assert run.statuses() == {0: "Perfect", 1: "Perfect"}


@pytest.mark.slow
def test_a_death_before_the_run_was_cut_off_still_counts(tmp_path):
    """The same two deaths in the same phase as without an interruption, so the same blame."""
    run = Run(tmp_path, slow_s=0.1, faults={0: "segfault_in_step"}).start()
    while run.attempts() != [DIED, None]:
        time.sleep(0.02)
    run.kill()
    code, said = run.start("--resume").end()
    assert code == 0, said
    assert run.attempts() == [DIED, None, DIED_AGAIN]
    assert run.statuses() == {0: "Failed - Agent crashed"}


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path):
    run = Run(tmp_path, slow_s=0.05).start()
    run.until_driving()
    pids = [pid for found in run.processes().values() for pid in found]
    run.interrupt()
    code, said = run.end(20)
    assert code == 130, said
    assert "--resume" in said
    assert "Traceback" not in said
    assert gone_within(pids, 0.0)
    run.quicken()
    assert run.start("--resume").end()[0] == 0


@pytest.mark.slow
def test_a_full_disk_ends_the_run_not_the_route(tmp_path):
    run = Run(tmp_path, slow_s=0.0)

    def no_large_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))

    code, said = run.start(preexec=no_large_files).end()
    assert code == 2, said
    assert "the disk is full" in said
    assert "Traceback" not in said
    assert run.attempts() == [None]
    code, said = run.start("--resume").end()
    assert code == 0, said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def get_entry_point():\n    return 'Nobody'\n", "no such class"),
        ("x = 1\n", "get_entry_point"),
    ],
)
@pytest.mark.slow
def test_a_file_that_is_no_agent_ends_the_run_in_one_sentence(tmp_path, text, reason):
    file = tmp_path / "no_agent.py"
    file.write_text(text)
    run = Run(tmp_path / "run", agent=file)
    code, said = run.start().end()
    assert code == 2, said
    assert reason in said
    assert "Traceback" not in said
    assert run.attempts() == [None]


# --- a simulator of somebody else's -----------------------------------------------------------------------------------


@contextlib.contextmanager
def somebodys_simulator(port):
    command = [sys.executable, "-P", "-m", "simulator", "--port", str(port), "--town", "Harbor"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    """The client makes a folder there for each map that it loads."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
    monkeypatch.setenv("HOME", "/proc/nobody")
    run = Run(tmp_path)
    code, said = run.start("--walkers", "3").end()
    assert code == 0, said
    assert run.attempts() == ["completed"]


@pytest.fixture
def port():
    """Three in a row that are free, as CARLA takes them."""
    for base in range(31_000, 40_000, 10):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for number in range(base, base + 3):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", number))
            return base
    raise AssertionError("no free ports")


@pytest.mark.slow
def test_a_shared_simulator_is_never_ended_and_a_lost_one_is_waited_for(tmp_path, port):
    run = Run(tmp_path, (0, 1), length_m=20, slow_s=0.05)
    address = f"127.0.0.1:{port}"
    code, said = run.start("--simulator", address, "--stall-timeout", "1").end()
    assert (code, "no simulator answered" in said) == (2, True), said
    assert not run.out.exists()
    with somebodys_simulator(port):
        run.start("--simulator", address, "--stall-timeout", "10")
        run.until_driving(0, 1)
    run.quicken()
    with somebodys_simulator(port) as second:
        code, said = run.end()
        assert code == 0, said
        assert second.poll() is None
        settings = carla.Client("127.0.0.1", port).get_world().get_settings()
        assert not settings.synchronous_mode, "whoever shares it finds it running"
    outcomes = run.attempts(0)
    assert outcomes[-1] == "completed"
    assert set(outcomes[:-1]) <= {"simulator lost", "simulator stalled"}
    assert len(outcomes) >= 2
    assert run.attempts(1) == ["completed"]
    simulator = read_manifest(run.directory.manifest).simulator
    assert (simulator.kind, simulator.version, simulator.shared) == ("embedded", "0.9.16", True)
    assert "these are not CARLA scores" in said
