"""The yardstick: our expert over the smoke suite, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def drive(folder: Path, *options: str) -> list[dict[str, Any]]:
    """The records of a run over routes of the smoke suite."""
    command = [sys.executable, "-P", "-m", "carla_closed_loop", "evaluate", "--suite", "smoke", "--workers", "2"]
    command += ["--out", str(folder / "run"), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((folder / "run" / "results.json").read_text())
    records: list[dict[str, Any]] = results["_checkpoint"]["records"]
    return records


def test_it_completes_the_smoke_suite_with_at_least_95(tmp_path: Path) -> None:
    records = drive(tmp_path)
    assert len(records) == 8
    assert [record["scores"]["score_route"] for record in records] == [100.0] * 8
    assert sum(record["scores"]["score_composed"] for record in records) / 8 >= 95.0


def test_in_traffic_it_arrives_and_breaks_no_rule_but_that_of_minimum_speed(tmp_path: Path) -> None:
    """Whether it waits at a red light while others drive on is not in its hands; that the rest is clean, is."""
    records = drive(tmp_path, "--traffic", "20", "--walkers", "20", "--routes-subset", "0,2,4,7")
    assert [record["scores"]["score_route"] for record in records] == [100.0] * 4
    broken = {key for record in records for key, texts in record["infractions"].items() if texts}
    assert broken <= {"min_speed_infractions"}
    # It was at 67 on these four while it braked for the end of each and drove at 85 % of the limits.
    assert sum(record["scores"]["score_composed"] for record in records) / 4 >= 75.0
