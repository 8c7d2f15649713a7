"""Whether a run survives kill -9 of anything at any moment: ./dev bench kills --trials 40

An undisturbed run of three short routes with traffic is made first. Each trial makes the same run, and at random
moments kills the supervisor, the guardian, an attempt, a simulator, or all of them at once, sometimes with a piece of
the ledger's end torn off. It is resumed until it ends. Events and traces must then be equal byte for byte, and the
results once `duration_system` is blanked; after the death of a supervisor nothing of its run may be left running.
Fails with exit code 1 and keeps the folder of a trial that went wrong.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from leaderboard.log.ledger import AttemptEnded, read_ledger
from leaderboard.log.run import EVENTS, TRACE, RunDirectory

ROUTES = 3
_ROUTE = """<route id="{id}" town="Harbor"><waypoints><position x="264.8" y="{begin}" z="0"/>
<position x="264.8" y="{end}" z="0"/></waypoints><scenarios/></route>"""
_LENGTH_M = 30.0
_APART_M = 40.0
_FIRST_Y = -436.1

KINDS = ("supervisor", "guardian", "attempt", "simulator", "everything")
# More deaths of one attempt's processes than are retried would leave a route without a score.
_MOST_KILLS = 3
_TORN_SHARE = 0.3
_TORN_BYTES = 400
_GONE_WITHIN_S = 5.0
_ENDS_WITHIN_S = 600.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40, help="default: 40")
    parser.add_argument("--seed", type=int, default=0, help="of what is killed when (default: 0)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    suite = folder / "suite.xml"
    begins = [_FIRST_Y + _APART_M * number for number in range(ROUTES)]
    routes = [_ROUTE.format(id=number, begin=begin, end=begin + _LENGTH_M) for number, begin in enumerate(begins)]
    suite.write_text(f"<routes>{''.join(routes)}</routes>")

    began = time.monotonic()
    code, said = _end(_start(suite, folder / "undisturbed", resume=False))
    if code:
        print(said)
        return 1
    lasts_s = time.monotonic() - began
    expected = _record(folder / "undisturbed")
    killed: Counter[str] = Counter()
    for trial in range(arguments.trials):
        rng = random.Random(f"{arguments.seed} {trial}")
        out = folder / f"trial-{trial}"
        wrong = _trial(rng, suite, out, lasts_s, killed)
        if wrong is None:
            found = _record(out)
            wrong = ", ".join(name for name in expected if found.get(name) != expected[name]) or None
        if wrong is not None:
            print(f"trial {trial}: {wrong}; see {out}")
            return 1
        shutil.rmtree(out)
    shutil.rmtree(folder)
    print(f"{arguments.trials} trials, all equal to the undisturbed run; killed: {_counts(killed)}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}; {date.today()}")
    return 0


def _trial(rng: random.Random, suite: Path, out: Path, lasts_s: float, killed: Counter[str]) -> str | None:
    """Make the run, kill and resume; what went wrong, if anything did."""
    process = _start(suite, out, resume=False)
    for _ in range(rng.randint(1, _MOST_KILLS)):
        time.sleep(rng.uniform(0.0, lasts_s))
        children = _children(process.pid)
        kind = rng.choice(KINDS)
        victims = [pid for name, pid in children if name == kind or kind == "everything"]
        if kind in ("supervisor", "everything"):
            victims.append(process.pid)
        if process.poll() is not None or not victims:
            continue
        for pid in victims if kind == "everything" else [rng.choice(victims)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed[kind] += 1
        if process.pid in victims:
            process.communicate()
            deadline = time.monotonic() + _GONE_WITHIN_S
            while left := [(name, pid) for name, pid in children if _runs(pid)]:
                if time.monotonic() > deadline:
                    return f"still running {_GONE_WITHIN_S:g} s after the supervisor: {left}"
                time.sleep(0.02)
            ledger = RunDirectory(out).ledger
            if rng.random() < _TORN_SHARE and ledger.exists():
                _tear(ledger, rng)
                killed["ledger's end"] += 1
            # Killed before it had written what it is, a run begins anew in its empty folder.
            process = _start(suite, out, resume=RunDirectory(out).manifest.exists())
    code, said = _end(process)
    if code and "is not empty" not in said:
        outcomes = [entry.outcome for entry in read_ledger(RunDirectory(out).ledger) if isinstance(entry, AttemptEnded)]
        return f"exit code {code}, outcomes {outcomes}: {said}"
    if code:
        return said
    # Discarded attempts may hold what they were writing when they were killed.
    left_over = [str(path) for path in (*out.glob(".*"), *out.glob("routes/*/.*"))]
    return f"left over: {left_over}" if left_over else None


def _start(suite: Path, out: Path, *, resume: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "leaderboard.cli", "evaluate", "--suite", str(suite), "--out", str(out)]
    command += ["--traffic", "15", "--walkers", "5", "--workers", "2", *(["--resume"] if resume else [])]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=_ENDS_WITHIN_S)
    return process.returncode, said


def _tear(ledger: Path, rng: random.Random) -> None:
    size = ledger.stat().st_size
    os.truncate(ledger, max(size - rng.randint(1, _TORN_BYTES), 0))


def _children(supervisor: int) -> list[tuple[str, int]]:
    """What a supervisor has started: (kind, pid)."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            # pid (name) state ppid ...
            if int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1]) != supervisor:
                continue
            words = (entry / "cmdline").read_bytes().decode().split("\0")
            for word, kind in (
                ("leaderboard.guardian", "guardian"),
                ("leaderboard.attempt", "attempt"),
                ("simulator", "simulator"),
            ):
                if word in words:
                    found.append((kind, int(entry.name)))
    return sorted(found)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def _record(out: Path) -> dict[str, Any]:
    """What must be equal."""
    run = RunDirectory(out)
    record: dict[str, Any] = {"results.json": _blanked(json.loads(run.results.read_text()))}
    for number in range(ROUTES):
        folder = run.route(f"RouteScenario_{number}_rep0")
        for name in (EVENTS, TRACE):
            record[f"{folder.name}/{name}"] = (folder / name).read_bytes()
    return record


def _blanked(value: Any) -> Any:
    """Without the times that passed by the clock on the wall."""
    if isinstance(value, dict):
        return {key: None if key == "duration_system" else _blanked(item) for key, item in value.items()}
    return [_blanked(item) for item in value] if isinstance(value, list) else value


def _counts(killed: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))


if __name__ == "__main__":
    sys.exit(main())
