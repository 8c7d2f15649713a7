"""What supervision stands on: heartbeats, leases, seeds, processes, the amount of traffic."""

import importlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from leaderboard import processes, seeds
from leaderboard.background import LB1_COUNTS, amount, lease_traffic_manager
from leaderboard.errors import UserError
from leaderboard.guardian import Guardian
from leaderboard.heartbeat import HeartbeatReader, HeartbeatWriter, Phase, make_heartbeat
from leaderboard.port_lease import PortLease
from tests.leaderboard.runs import ROOT, gone_within, is_running

# --- heartbeat --------------------------------------------------------------------------------------------------------


def test_a_heartbeat_is_read_as_written_by_another_process_also_after_its_death(tmp_path):
    make_heartbeat(tmp_path / "heartbeat")
    reader = HeartbeatReader(tmp_path / "heartbeat")
    assert reader.read().phase is Phase.STARTING
    code = (
        "import os, sys, pathlib; from leaderboard.heartbeat import *\n"
        "beat = HeartbeatWriter(pathlib.Path(sys.argv[1])); beat.tick(7, 0.35); beat.enter(Phase.AGENT_STEP)\n"
        "os.kill(os.getpid(), 9)"
    )
    before = time.monotonic()
    command = [sys.executable, "-c", code, str(tmp_path / "heartbeat")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    beat = reader.read()
    assert (beat.beats, beat.phase, beat.tick, beat.sim_s) == (2, Phase.AGENT_STEP, 7, 0.35)
    assert before < beat.since < time.monotonic()
    reader.close()


def test_only_phases_in_which_the_guest_is_called_are_the_guests():
    assert {phase for phase in Phase if phase.is_guests} == {
        Phase.AGENT_IMPORT,
        Phase.AGENT_SETUP,
        Phase.AGENT_SENSORS,
        Phase.AGENT_STEP,
        Phase.AGENT_DESTROY,
    }


def test_a_beat_that_is_being_written_is_not_taken_for_a_whole_one(tmp_path):
    make_heartbeat(tmp_path / "heartbeat")
    reader = HeartbeatReader(tmp_path / "heartbeat")
    writer = HeartbeatWriter(tmp_path / "heartbeat")
    for tick in range(1000):
        writer.tick(tick, tick * 0.05)
        beat = reader.read()
        assert (beat.tick, beat.sim_s, beat.beats) == (tick, tick * 0.05, tick + 1)
    reader.close()


# --- leases of ports --------------------------------------------------------------------------------------------------


def test_a_port_is_leased_once_and_again_when_it_is_released(tmp_path):
    lease = PortLease.take(tmp_path / "leases", 20_000)
    assert PortLease.take(tmp_path / "leases", 20_000) is None
    other = PortLease.take(tmp_path / "leases", 20_001)
    lease.release()
    again = PortLease.take(tmp_path / "leases", 20_000)
    assert again.port == 20_000
    again.release()
    other.release()


class ManyManagers:
    """A client whose Traffic Managers cannot be bound to some ports."""

    def __init__(self, *taken):
        self.taken = taken
        self.asked = []

    def get_trafficmanager(self, port):
        self.asked.append(port)
        if port in self.taken:
            raise RuntimeError("bind: Address already in use")
        return port


def test_a_port_on_which_others_listen_is_passed_over_and_a_bind_error_tried_with_the_next(tmp_path):
    first = lease_traffic_manager(ManyManagers(), tmp_path)
    with socket.create_server(("127.0.0.1", first[0] + 1)):
        client = ManyManagers(first[0] + 2)
        port, lease = lease_traffic_manager(client, tmp_path)
    assert client.asked == [first[0] + 2, first[0] + 3]
    assert (port, lease.port) == (first[0] + 3, first[0] + 3)
    lease.release()
    first[1].release()


def test_a_lease_ends_with_the_process_that_took_it(tmp_path):
    code = (
        "import os, sys, pathlib; from leaderboard.port_lease import PortLease\n"
        "lease = PortLease.take(pathlib.Path(sys.argv[1]), 20000); print('taken', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        assert PortLease.take(tmp_path, 20_000) is None
        process.kill()
    lease = PortLease.take(tmp_path, 20_000)
    assert lease is not None
    lease.release()


# --- seeds ------------------------------------------------------------------------------------------------------------


def test_a_seed_depends_on_run_route_and_repetition_and_on_nothing_else():
    found = {
        seeds.seed_of(seed, route, repetition) for seed in (0, 1) for route in ("1", "2", "12") for repetition in (0, 1)
    }
    assert len(found) == 12
    assert seeds.seed_of(0, "1", 0) == 447_464_279  # on every machine and in every version: records depend on it
    assert all(0 <= seed < 2**31 for seed in found)


@pytest.fixture
def untouched(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    yield
    sys.modules.pop("torch", None)


def test_random_and_numpy_draw_the_same_after_the_same_seed(untouched):
    seeds.seed_everything(5)
    first = (random.random(), np.random.random())  # noqa: NPY002
    seeds.seed_everything(5)
    assert (random.random(), np.random.random()) == first  # noqa: NPY002


def test_torch_is_seeded_when_a_guest_imports_it_and_not_imported_before(untouched, tmp_path):
    (tmp_path / "torch.py").write_text("SEEDS = []\ndef manual_seed(seed):\n    SEEDS.append(seed)\n")
    sys.path.insert(0, str(tmp_path))
    seeds.seed_everything(5)
    assert "torch" not in sys.modules
    torch = importlib.import_module("torch")

    assert torch.SEEDS == [5]
    assert Path(torch.__file__) == tmp_path / "torch.py"


def test_a_torch_that_is_there_already_is_seeded_now(untouched, monkeypatch):
    given = []
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(manual_seed=given.append))
    seeds.seed_everything(6)
    assert given == [6]


def test_without_torch_its_import_fails_as_ever(untouched, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    seeds.seed_everything(5)
    with pytest.raises(ModuleNotFoundError, match="torch"):
        importlib.import_module("torch")


# --- processes --------------------------------------------------------------------------------------------------------

# Starts a child that starts another in a session of its own and ends, so that the last has lost its parent.
DOUBLE_FORK = """
import os, subprocess, sys, time
leaf = "import os, sys, time; os.setsid(); open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
env = None if sys.argv[2] == "marked" else {}
subprocess.Popen([sys.executable, "-c", leaf, sys.argv[1]], env=env)
"""


@pytest.mark.parametrize("kind", ["marked", "bare"])
def test_what_has_left_its_group_and_lost_its_parent_is_ended_and_cleared_away(tmp_path, kind):
    # In a process of its own: being a subreaper is for life.
    code = (
        "import os, subprocess, sys, time; from pathlib import Path\n"
        "from leaderboard.processes import MARK, become_subreaper, end_all, start\n"
        "become_subreaper()\n"
        "note = Path(sys.argv[1])\n"
        "child = start([sys.executable, '-c', sys.argv[3], *sys.argv[1:3]], env={**os.environ, MARK: 'here-1-'})\n"
        "bystander = start(['sleep', '600'], env={**os.environ, MARK: 'here-11-'})\n"
        "child.wait()\n"
        "while not (note.exists() and note.read_text()): time.sleep(0.01)\n"
        "leaf = int(note.read_text())\n"
        "assert os.path.exists(f'/proc/{leaf}')\n"
        "end_all('here-1-')\n"
        "assert not os.path.exists(f'/proc/{leaf}'), 'alive or a zombie'\n"
        "assert bystander.poll() is None\n"
        "bystander.kill(); bystander.wait(); print('well')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "pid"), kind, DOUBLE_FORK]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert said.stdout == "well\n", said.stderr


def test_ending_all_leaves_the_exit_code_to_whoever_started_a_process():
    mark = uuid.uuid4().hex
    process = processes.start(["sleep", "600"], env={**os.environ, processes.MARK: mark})
    while processes.descendants(mark) != {process.pid}:  # until it is what it will be
        time.sleep(0.01)
    processes.end_all(mark)
    assert process.wait(0) == -signal.SIGKILL
    assert not is_running(process.pid)


def test_children_from_before_are_nobodys_orphans(tmp_path):
    code = (
        "import os, subprocess, sys; from leaderboard.processes import become_subreaper, end_all\n"
        "stranger = subprocess.Popen(['sleep', '600'])\n"
        "become_subreaper(); end_all('nobody')\n"
        "assert stranger.poll() is None; stranger.kill(); stranger.wait(); print('well')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.stdout == "well\n", said.stderr


def test_a_process_dies_with_the_one_that_started_it(tmp_path):
    child = (
        "import os, sys, time; from leaderboard.processes import die_with_parent; die_with_parent(int(sys.argv[1]))\n"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    parent = (
        "import os, subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1], str(os.getpid())])\n"
        "child.wait()"
    )
    command = [sys.executable, "-c", parent, child]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.kill()
        process.wait()
        assert gone_within([pid], 3.0)


# --- traffic ----------------------------------------------------------------------------------------------------------


def test_the_amount_of_traffic_is_none_a_number_or_that_of_leaderboard_1():
    assert amount("none", "Town01") == 0
    assert amount("37", "Town01") == 37
    assert {town: amount("lb1", town) for town in LB1_COUNTS} == LB1_COUNTS
    assert amount("lb1", "Harbor") == 0


@pytest.mark.parametrize("text", ["", "-1", "many", "1.5", "lb2"])
def test_other_amounts_are_refused(text):
    with pytest.raises(UserError, match="--traffic"):
        amount(text, "Town01")


def test_a_guardian_that_was_killed_is_there_again():
    guardian = Guardian("no-such-mark", dict(os.environ))
    try:
        first = guardian._process
        guardian.keep()
        assert guardian._process is first
        first.kill()
        first.wait()
        guardian.keep()
        assert guardian._process is not first
        assert guardian._process.poll() is None
    finally:
        guardian.close()
    assert guardian._process.poll() is not None
