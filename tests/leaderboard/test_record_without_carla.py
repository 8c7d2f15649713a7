"""A finished run is read, scored and scored again where `import carla` raises."""

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
    import sys

    class Refuse:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("carla", "simulator"):
                raise ImportError(f"{name} was imported")

    sys.meta_path.insert(0, Refuse())
    import importlib
    import pkgutil

    import leaderboard.criteria, leaderboard.log, leaderboard.scoring, scenarios

    for package in (leaderboard.criteria, leaderboard.log, leaderboard.scoring, scenarios):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    for name in ("errors", "legacy_scenarios", "outcomes", "profiles", "routes"):
        importlib.import_module(f"leaderboard.{name}")

    from leaderboard.profiles import PROFILES
    from leaderboard.scoring.score import score_route
    from tests.leaderboard.facts import completed, vehicle

    print(score_route([vehicle(), completed()], PROFILES["lb2.1"]).penalty)
"""


def test_what_judges_and_what_is_recorded_needs_no_carla():
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.stderr == ""
    assert done.stdout == "0.588235\n"
