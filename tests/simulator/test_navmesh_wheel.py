"""The official client loads the navigation mesh from the running simulator, and its walkers walk."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.launch import serve

pytest.importorskip("carla", reason="needs the official client")

ROOT = Path(__file__).parents[2]


def walk(home: Path) -> dict[str, Any]:
    home.mkdir()
    with serve("Harbor") as simulator:
        command = [sys.executable, "-m", "tests.simulator.walkers_client", str(simulator.port)]
        environment = {**os.environ, "HOME": str(home)}
        environment.pop("CARLA_CACHE_DIR", None)
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, timeout=120, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("homes")
    return [walk(folder / name) for name in ("first", "second")]


def test_random_places_are_on_sidewalks_all_over_the_town(walks: list[dict[str, Any]]) -> None:
    assert walks[0]["places_off_m"] < 0.1
    assert walks[0]["places_apart_m"] > 300.0


def test_walkers_keep_walking_on_sidewalks_and_crosswalks(walks: list[dict[str, Any]]) -> None:
    assert len(walks[0]["walked_m"]) == 31
    assert min(walks[0]["walked_m"]) > 20.0  # a red light may stop one for most of the minute
    assert sorted(walks[0]["walked_m"])[15] > 60.0
    assert walks[0]["astray_m"] < 2.5  # the kerbs between a crosswalk and its sidewalks


def test_a_walker_sent_across_the_road_arrives(walks: list[dict[str, Any]]) -> None:
    assert walks[0]["crossing_m"] > 9.0
    assert walks[0]["closest_to_far_end_m"] < 1.0  # the client calls a goal reached 1 m before it


def test_same_seed_same_walks(walks: list[dict[str, Any]]) -> None:
    assert walks[0]["line"] == walks[1]["line"]
