"""Users of CARLA have other packages named as ours on PYTHONPATH. None of our commands may end up in one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from carla_closed_loop.__main__ import OURS
from tests.leaderboard.records import stored_run

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("leaderboard")
RAISES = "raise RuntimeError(f'{__name__} of somebody else was imported')\n"


@pytest.fixture
def foreign(tmp_path):
    """A folder of packages that must not be imported."""
    folder = tmp_path / "foreign"
    for name in OURS:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(RAISES)
    return folder


@pytest.fixture
def call(tmp_path, foreign):
    def call(*command, path=(foreign,)):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        if path:
            environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=False
        )

    return call


def only_line(text):
    (line,) = text.splitlines()
    return line


def passed_over(foreign):
    return f"leaderboard: passed over, for this project's own: {', '.join(str(foreign / name) for name in OURS)}"


COMMANDS = {
    "help": ["--help"],
    "suites": ["list", "suites"],
    "scenarios": ["list", "scenarios"],
    "towns": ["list", "towns"],
    "profiles": ["list", "profiles"],
    "agents": ["list", "agents"],
    "score": ["score", "run"],
    "export": ["export", "run"],
    "doctor": ["doctor"],
    "evaluate": ["evaluate", "--routes-subset", "7", "--out", "driven"],
}
SLOW = ("doctor", "evaluate")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in COMMANDS]
)
def test_each_command_is_ours_and_says_what_it_passed_over(name, call, foreign, tmp_path):
    stored_run(tmp_path)
    done = call(SCRIPT, *COMMANDS[name])
    assert only_line(done.stderr) == passed_over(foreign)
    assert done.returncode == 0, done.stdout


def test_a_service_has_no_home(tmp_path):
    """CARLA's client, which `list towns` imports, would end by a segmentation fault."""
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    environment["PYTHONPATH"] = str(ROOT)
    for command in ([sys.executable, "-P", "-m", "carla_closed_loop"], [sys.executable, "-P", "-m", "simulator"]):
        done = subprocess.run(
            [*command, "--no-such-flag"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2, done
        assert "--help` says more" in done.stderr


def test_as_a_module(call, foreign):
    done = call(sys.executable, "-m", "carla_closed_loop", "list", "towns")
    assert done.returncode == 0
    assert only_line(done.stderr) == passed_over(foreign)


def test_nothing_is_said_where_nothing_is_passed_over(call, foreign):
    # As in a run from a checkout that is not installed: ours come first, so the others were never in the way.
    for path in ((), (ROOT,), (ROOT, foreign)):
        done = call(SCRIPT, "list", "towns", path=path)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_that_is_no_package_is_in_nobodys_way(call, tmp_path):
    # scenario_runner has its route files in such a folder.
    (tmp_path / "bare" / "scenarios").mkdir(parents=True)
    done = call(SCRIPT, "list", "suites", path=(tmp_path / "bare",))
    assert (done.returncode, done.stderr) == (0, "")


OFFICIAL = ("--routes", "no-such.xml", "--agent", "agent.py")


def test_the_official_evaluators_name_under_our_path(call, foreign):
    done = call(sys.executable, "-m", "leaderboard.leaderboard_evaluator", *OFFICIAL, path=(ROOT, foreign))
    note, refusal = done.stderr.splitlines()
    assert done.returncode == 2
    assert "traffic" in note
    assert refusal.startswith("leaderboard: --suite no-such.xml: ")


def test_the_official_evaluators_file_as_public_scripts_call_it(call, foreign):
    # python ${LEADERBOARD_ROOT}/leaderboard/leaderboard_evaluator.py
    done = call(sys.executable, ROOT / "leaderboard" / "leaderboard_evaluator.py", *OFFICIAL)
    said, _, refusal = done.stderr.splitlines()
    assert done.returncode == 2
    assert said == passed_over(foreign)
    assert refusal.startswith("leaderboard: --suite no-such.xml: ")
