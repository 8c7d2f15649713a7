"""The long run, made short: it counts, keeps its record, goes on from there, and fails when the client stands still."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def soak(record: Path, ticks: int, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", str(SOAK), "--vehicles", "3", "--ticks", str(ticks), "--record", str(record)]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=100)


@pytest.mark.slow
def test_it_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    record = tmp_path / "record"
    first = soak(record, 300)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "300 ticks with 3 Traffic Manager vehicles in Harbor and churn" in first.stdout
    assert re.search(
        r"\n  \d+ rescues, [\d.]+ per million ticks\n  0 hangs that the rescue did not end\n", first.stdout
    )
    assert first.stdout.splitlines()[-1] == "passed"
    second = soak(record, 500)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "300 ticks are done, 200 are missing" in second.stdout
    assert [json.loads(line)["ticks"] for line in record.read_text().splitlines()] == [300, 200]
    done = soak(record, 500)
    assert "500 ticks are done, 0 are missing" in done.stdout
    assert done.returncode == 0
    other = soak(record, 500, "--town", "Orchard")
    assert other.returncode == 1
    assert "is of another town" in other.stderr


@pytest.mark.slow
def test_a_client_that_stands_still_is_a_failure(tmp_path: Path) -> None:
    record = tmp_path / "record"
    program = f"import runpy, sys; sys.argv[0] = {str(SOAK)!r}; main = runpy.run_path({str(SOAK)!r})['main']; "
    program += "main.__globals__['HANG_S'] = 3.0; sys.exit(main())"
    command = [sys.executable, "-c", program, "--vehicles", "3", "--ticks", "1000000", "--record", str(record)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            client = wait_for_client(process.pid)
            time.sleep(6.0)  # it ticks by now
            os.kill(client, signal.SIGSTOP)
            assert process.wait(60) == 1
            assert process.stdout is not None
            said = process.stdout.read()
        finally:
            process.kill()
    assert "1 hangs that the rescue did not end" in said
    assert said.splitlines()[-1].startswith("FAILED: the client hung")
    assert json.loads(record.read_text())["hung_at"] > 0


def wait_for_client(parent: int) -> int:
    until = time.monotonic() + 40.0
    while time.monotonic() < until:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in children.read_text().split():
                if b"--client" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        time.sleep(0.05)
    raise AssertionError("the client was not started")
