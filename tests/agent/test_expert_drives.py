"""The yardstick: our expert over the smoke suite, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_completes_the_smoke_suite_with_at_least_95(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "carla_closed_loop", "evaluate", "--suite", "smoke", "--workers", "2"]
    done = subprocess.run([*command, "--out", str(tmp_path / "run")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    records = json.loads((tmp_path / "run" / "results.json").read_text())["_checkpoint"]["records"]
    assert len(records) == 8
    assert [record["scores"]["score_route"] for record in records] == [100.0] * 8
    assert sum(record["scores"]["score_composed"] for record in records) / 8 >= 95.0
