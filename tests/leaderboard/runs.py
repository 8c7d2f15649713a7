"""Runs of the real command line in folders of their own, and what is left of them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from leaderboard.log.ledger import AttemptBegan, AttemptEnded, read_ledger
from leaderboard.log.run import RunDirectory
from leaderboard.processes import MARK, descendants

ROOT = Path(__file__).parents[2]
FAULTY = Path(__file__).parent / "agents" / "faulty.py"
FIRST_Y = -436.1


def write_suite(path, starts_m=(0,), length_m=30):
    """Straight routes in Harbor; each begins so many metres behind the first one's start."""
    routes = "\n".join(
        f'<route id="{start}" town="Harbor"><waypoints>'
        f'<position x="264.8" y="{FIRST_Y + start:.1f}" z="0.0"/>'
        f'<position x="264.8" y="{FIRST_Y + start + length_m:.1f}" z="0.0"/>'
        "</waypoints><scenarios/></route>"
        for start in starts_m
    )
    path.write_text(f"<routes>{routes}</routes>")
    return path


def record_id(start):
    return f"RouteScenario_{start}_rep0"


class Run:
    """One folder, and one command line at a time that works in it."""

    def __init__(self, folder, starts_m=(0,), length_m=30, faults=None, agent=FAULTY, slow_s=0.0):
        folder.mkdir(parents=True, exist_ok=True)
        self.notes = folder / "notes"
        self.notes.mkdir(exist_ok=True)
        self.suite = write_suite(folder / "suite.xml", starts_m, length_m)
        self.config = folder / "config.json"
        names = {str(start): fault for start, fault in (faults or {}).items()}
        self.config.write_text(json.dumps({"faults": names, "notes": str(self.notes), "slow_s": slow_s}))
        self.agent = agent
        self.out = folder / "run"
        self.directory = RunDirectory(self.out)
        self.process = None

    def start(self, *options, preexec=None):
        command = [sys.executable, "-P", "-m", "leaderboard.cli", "evaluate"]
        command += ["--suite", str(self.suite), "--agent", str(self.agent), "--agent-config", str(self.config)]
        command += ["--out", str(self.out), *options]
        env = {key: value for key, value in os.environ.items() if key != MARK}
        self.process = subprocess.Popen(
            command,
            env={**env, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=preexec,
        )
        return self

    def end(self, timeout_s=200):
        """Exit code and what was said."""
        try:
            said, _ = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, _ = self.process.communicate()
            raise AssertionError(f"the run did not end; it said: {said}") from None
        return self.process.returncode, said

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def results(self):
        return json.loads(self.directory.results.read_text())

    def statuses(self):
        records = self.results()["_checkpoint"]["records"]
        return {int(record["route_id"].split("_")[1]): record["status"] for record in records}

    def attempts(self, start=0):
        """The outcome of each attempt; None for one that did not end."""
        outcomes = {}
        for entry in read_ledger(self.directory.ledger):
            if entry.job == record_id(start):
                if isinstance(entry, AttemptBegan):
                    outcomes[entry.attempt] = None
                elif isinstance(entry, AttemptEnded):
                    outcomes[entry.attempt] = str(entry.outcome)
        return [outcomes[number] for number in sorted(outcomes)]

    def until_driving(self, start=0, attempt=1, timeout_s=60):
        """Waits until an attempt is on its way."""
        events = self.directory.attempt(record_id(start), attempt) / "events.jsonl"
        deadline = time.monotonic() + timeout_s
        while not (events.exists() and "AgentReady" in events.read_text()):
            assert time.monotonic() < deadline, f"attempt {attempt} of route {start} never drove"
            assert self.process.poll() is None, f"the run is over: {self.process.communicate()[0]}"
            time.sleep(0.02)
        time.sleep(0.2)

    def processes(self, start=None, attempt=None):
        """Pids by what they are: "simulator", "attempt" or "other"; all of the run's, or one attempt's."""
        found = {}
        for pid in descendants(self._mark(start, attempt)):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                kind = "simulator" if "simulator" in words else "attempt" if "leaderboard.attempt" in words else "other"
                found.setdefault(kind, []).append(pid)
        return found

    def signal(self, kind, number, start=0, attempt=1):
        (pid,) = self.processes(start, attempt)[kind]
        os.kill(pid, number)

    def quicken(self):
        """From now on the agent takes no time."""
        (self.notes / "quick").touch()

    def interrupt(self):
        os.kill(self.process.pid, signal.SIGINT)

    def _mark(self, start, attempt):
        """The guardian is told the run's mark."""
        if not hasattr(self, "run_mark") or self.run_mark[0] != self.process.pid:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for pid in children:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if "leaderboard.guardian" in words:
                    self.run_mark = (self.process.pid, words[words.index("leaderboard.guardian") + 1])
        mark = self.run_mark[1]
        return mark if start is None else f"{mark}-{record_id(start)}-{attempt}-"


def is_running(pid):
    """Not even as a zombie."""
    return Path(f"/proc/{pid}").exists()


def gone_within(pids, seconds):
    deadline = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
