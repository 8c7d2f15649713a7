"""./dev and CarlaUE4.sh, run in a scratch checkout with a stand-in for Python that records how it is called."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("bash", "cat", "cp", "dirname", "env", "flock", "grep", "head", "mkdir", "mv", "readlink", "rm", "sha256sum")
MORE_TOOLS = ("sleep", "sort", "tail", "uname")

# Answers the probe of ./dev with $FAKE_PROBE, makes a .venv that holds a copy of itself, and writes every other call
# into $CALLS. `pip` fails with the text of the file $PIP_FAILS where there is one.
FAKE_PYTHON = """#!/bin/bash
probe=${FAKE_PROBE:-3.11.9|cpython|64|glibc 2.36|yes}
case "$1 ${2:0:11}" in
"-c import carl") exit "${CARLA_FAILS:-0}" ;;
"-c "*) echo "$probe|$0"; exit ;;
"-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
"-m pip") sleep 0.1; if [[ -f $PIP_FAILS ]]; then cat "$PIP_FAILS"; exit 1; fi ;;
esac
echo "$*" >>"$CALLS"
"""


@dataclass(frozen=True)
class Checkout:
    """A copy of what ./dev needs, at a path with a blank, and the only programs it can find."""

    path: Path
    bin: Path

    @property
    def environment(self) -> dict[str, str]:
        calls, fails = self.bin.parent / "calls", self.bin.parent / "pip-fails"
        return {"PATH": str(self.bin), "HOME": str(self.bin.parent), "CALLS": str(calls), "PIP_FAILS": str(fails)}

    def run(self, *arguments: str, program: str = "dev", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path / program, *arguments],
            cwd="/",
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """The calls of the stand-in since the last time this was asked."""
        file = self.bin.parent / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def pip_fails(self, text: str) -> None:
        (self.bin.parent / "pip-fails").write_text(text)

    def pip_works(self) -> None:
        (self.bin.parent / "pip-fails").unlink()

    def program(self, name: str, text: str = FAKE_PYTHON) -> Path:
        file = self.bin / name
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(0o755)
        return file


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    path, programs = tmp_path / "a checkout", tmp_path / "bin"
    for folder in (path / "benchmarks", path / "simulator", programs):
        folder.mkdir(parents=True)
    for name in ("dev", "CarlaUE4.sh", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, path / name)
    for name in (
        "benchmarks/simulator.py",
        "benchmarks/soak.py",
        "simulator/warm.py",
    ):
        (path / name).touch()
    for tool in TOOLS + MORE_TOOLS:
        found = shutil.which(tool)
        assert found, f"this machine has no {tool}"
        (programs / tool).symlink_to(found)
    made = Checkout(path, programs)
    made.program("python3.11")
    return made


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr, without what the set-up says about its progress."""
    lines = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert result.returncode == 2, result.stderr
    assert len(lines) == 1, lines
    return lines[0]


# --- the set-up -------------------------------------------------------------------------------------------------------


def test_first_use_sets_up_then_runs_and_later_uses_only_run(checkout: Checkout) -> None:
    first = checkout.run("evaluate", "--ticks", "a b")
    assert first.returncode == 0, first.stderr
    venv, setuptools, install, warm, drive = checkout.calls()
    assert venv == f"-m venv {checkout.path}/.venv"
    assert re.search(r" setuptools==\d+", setuptools)
    assert "--constraint constraints.txt --editable .[dev]" in install
    assert warm == "-m simulator.warm"
    assert drive == "-P -m carla_closed_loop evaluate --ticks a b"

    second = checkout.run("test", "-k", "lights")
    assert second.stderr == ""
    assert checkout.calls() == ["-m pytest -k lights"]


@pytest.mark.parametrize("name", ["setup.cfg", "pyproject.toml", "constraints.txt"])
def test_a_changed_lock_installs_again_into_the_same_venv(checkout: Checkout, name: str) -> None:
    checkout.run("setup")
    checkout.calls()
    with (checkout.path / name).open("a") as file:
        file.write("\n# moved\n")
    checkout.run("setup")
    calls = checkout.calls()
    assert any("--editable" in call for call in calls)
    assert not any("-m venv" in call for call in calls)


def test_an_interrupted_set_up_is_repaired(checkout: Checkout) -> None:
    checkout.pip_fails("killed")
    assert checkout.run("setup").returncode == 2
    (checkout.path / ".venv" / "half-installed").touch()
    checkout.pip_works()
    assert checkout.run("setup").returncode == 0
    assert not (checkout.path / ".venv" / "half-installed").exists()
    assert not (checkout.path / ".venv.old").exists()
    checkout.calls()
    checkout.run("test")
    assert checkout.calls() == ["-m pytest"]


def test_a_moved_checkout_gets_a_venv_of_its_own(checkout: Checkout) -> None:
    checkout.run("setup")
    moved = Checkout(checkout.path.rename(checkout.path.with_name("moved")), checkout.bin)
    checkout.calls()
    moved.run("setup")
    assert f"-m venv {moved.path}/.venv" in moved.calls()


def test_a_venv_made_by_hand_is_kept(checkout: Checkout) -> None:
    (checkout.path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(checkout.bin / "python3.11", checkout.path / ".venv" / "bin" / "python")
    (checkout.path / ".venv" / "mine").touch()
    assert "was not made by ./dev" in refusal(checkout.run("setup", FAKE_PROBE="3.9.1|cpython|64|glibc 2.36|yes"))
    assert checkout.run("setup").returncode == 0
    assert (checkout.path / ".venv" / "mine").exists()


def test_two_at_once_set_up_once(checkout: Checkout) -> None:
    both = [
        subprocess.Popen([checkout.path / "dev", "setup"], env=checkout.environment, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    calls = checkout.calls()
    assert sum("-m venv" in call for call in calls) == 1
    assert sum("--editable" in call for call in calls) == 1


def test_settings_of_the_shell_do_not_reach_python(checkout: Checkout) -> None:
    checkout.run("setup")
    show = '#!/bin/bash\necho "${PYTHONPATH-unset} ${PYTHONHOME-unset}"\n'
    (checkout.path / ".venv" / "bin" / "python").write_text(show)
    assert checkout.run("test", PYTHONPATH="/elsewhere", PYTHONHOME="/elsewhere").stdout == "unset unset\n"


# --- what may be missing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probe", "sentence"),
    [
        ("3.9.18|cpython|64|glibc 2.36|yes", "Python 3.11 or 3.12 is needed and python3.11 is Python 3.9.18"),
        ("3.13.0|cpython|64|glibc 2.36|yes", "Python 3.11 or 3.12 is needed and python3.11 is Python 3.13.0"),
        ("3.11.9|pypy|64|glibc 2.36|yes", "64-bit CPython is needed"),
        ("3.11.9|cpython|64|glibc 2.28|yes", "glibc 2.31 or newer is needed"),
        ("3.11.9|cpython|64|another libc|yes", "glibc 2.31 or newer is needed"),
        ("3.12.1|cpython|64|glibc 2.31|no", "apt install python3.12-venv"),
    ],
)
def test_an_interpreter_that_does_not_fit_is_named(checkout: Checkout, probe: str, sentence: str) -> None:
    assert sentence in refusal(checkout.run("test", FAKE_PROBE=probe))


def test_an_interpreter_that_does_not_run_is_passed_over(checkout: Checkout) -> None:
    checkout.program("python3.11", "#!/bin/bash\nexit 127\n")  # as a pyenv shim without its version does
    assert "none was found" in refusal(checkout.run("test"))
    checkout.program("python3")
    assert checkout.run("test").returncode == 0
    assert checkout.calls()[-1] == "-m pytest"


def test_a_named_interpreter_is_not_replaced_by_another(checkout: Checkout) -> None:
    assert "/nowhere/python does not run" in refusal(checkout.run("test", PYTHON="/nowhere/python"))


@pytest.mark.parametrize(("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64")])
def test_other_platforms_are_refused(checkout: Checkout, system: str, machine: str) -> None:
    checkout.program("uname", f"#!/bin/bash\n[[ $1 == -s ]] && echo {system} || echo {machine}\n")
    assert (
        f"x86-64 Linux is needed, since the CARLA client exists for nothing else; this is {system} on {machine}."
        in (refusal(checkout.run("evaluate")))
    )


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not find a version that satisfies setuptools (from versions: none)", "no network"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "ERROR: Could not find numpy==9 (from versions: 1.0, 2.0)",
            "pip could not install the locked versions: ERROR",
        ),
    ],
)
def test_what_pip_met_is_said_with_the_place_of_its_output(checkout: Checkout, output: str, sentence: str) -> None:
    checkout.pip_fails(output)
    line = refusal(checkout.run("test"))
    assert sentence in line
    assert str(checkout.path / "setup.log") in line
    assert output in (checkout.path / "setup.log").read_text()


def test_the_real_interpreter_is_accepted_and_a_real_pip_without_index_is_understood(checkout: Checkout) -> None:
    line = refusal(
        checkout.run("test", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS="")
    )
    assert "no network: pip reached no package index" in line


# --- commands ---------------------------------------------------------------------------------------------------------


def test_help_names_every_command(checkout: Checkout) -> None:
    text = checkout.run("help").stdout
    for command in ("setup", "evaluate", "test", "check", "bench", "soak", "help"):
        assert re.search(rf"^  {command} ", text, re.MULTILINE), command
    assert checkout.run().stdout == text
    assert checkout.calls() == []


def test_unknown_names_are_one_sentence(checkout: Checkout) -> None:
    assert refusal(checkout.run("tset")) == "dev: there is no command 'tset'; ./dev help lists them."
    assert refusal(checkout.run("bench", "../x")) == "dev: there is no benchmark '../x'; there are: simulator."
    assert checkout.calls() == []


def test_bench_and_soak_run_their_programs(checkout: Checkout) -> None:
    assert checkout.run("bench").stdout == "simulator\n"
    checkout.run("bench", "simulator", "--quick")
    assert checkout.calls()[-1] == f"-P {checkout.path}/benchmarks/simulator.py --quick"
    checkout.run("soak", "--ticks", "9")
    assert checkout.calls()[-1] == f"-P {checkout.path}/benchmarks/soak.py --ticks 9"


def test_check_runs_all_and_fails_when_one_fails(checkout: Checkout) -> None:
    checkout.run("setup")
    venv = checkout.path / ".venv" / "bin"
    for name, status in (("python", '[[ "$2" != mypy ]]'), ("lint-imports", "true")):
        (venv / name).write_text(f'#!/bin/bash\necho "ran $*"\n{status}\n')
        (venv / name).chmod(0o755)
    result = checkout.run("check")
    assert result.returncode == 1
    summary = [line.split() for line in result.stdout.partition("== summary\n")[2].splitlines()]
    assert [line[:-2] for line in summary] == [
        ["ruff", "check", "ok"],
        ["ruff", "format", "ok"],
        ["mypy", "FAILED"],
        ["lint-imports", "ok"],
    ]


@pytest.mark.parametrize("failing", ["ruff", "pytest", "nothing"])
def test_the_machines_entry_fails_when_either_part_fails_and_ends_with_the_tests(
    checkout: Checkout, failing: str
) -> None:
    (checkout.path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", checkout.path / ".ci" / "run")
    checkout.run("setup")
    venv = checkout.path / ".venv" / "bin"
    for name in ("python", "lint-imports"):
        (venv / name).write_text(f'#!/bin/bash\necho "ran $*"\n[[ "$2" != {failing} ]]\n')
        (venv / name).chmod(0o755)
    result = checkout.run(program=".ci/run", PYTEST_ADDOPTS="--collect-only")
    assert result.returncode == (0 if failing == "nothing" else 1)
    assert result.stdout.splitlines()[-1] == "ran -m pytest"


# --- CARLA's launcher -------------------------------------------------------------------------------------------------


def launched(checkout: Checkout, *flags: str) -> tuple[str, str]:
    checkout.run("setup")
    checkout.calls()
    result = checkout.run(*flags, program="CarlaUE4.sh")
    assert result.returncode == 0
    (call,) = checkout.calls()
    return call, result.stderr


def test_the_launcher_takes_the_flags_of_public_evaluators(checkout: Checkout) -> None:
    flags = ["-RenderOffScreen", "-nosound", "-carla-rpc-port=30150", "-graphicsadapter=1", "-quality-level=Low"]
    assert launched(checkout, *flags, "-fps=20", "-opengl", "--ros2") == (
        "-m simulator --port 30150 --town Harbor",
        "",
    )


def test_the_launcher_names_the_flags_that_it_ignores(checkout: Checkout) -> None:
    call, stderr = launched(checkout, "-carla-server", "-bogus", "-other=1")
    assert call == "-m simulator --port 2000 --town Harbor"
    assert stderr == "CarlaUE4.sh: ignored, the embedded simulator has no such flag: -bogus -other=1\n"


def test_the_launcher_offers_the_maps_laid_where_carla_has_them(checkout: Checkout) -> None:
    maps = checkout.path / "CarlaUE4" / "Content" / "Carla" / "Maps" / "OpenDrive"
    maps.mkdir(parents=True)
    call, _ = launched(checkout, "/Game/Carla/Maps/Town03")
    assert call == f"-m simulator --port 2000 --town Town03 --map-dir {maps}"


def test_the_launcher_says_when_nothing_is_set_up(checkout: Checkout) -> None:
    result = checkout.run(program="CarlaUE4.sh")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert f"run {checkout.path}/dev setup once" in result.stderr


# --- the lock ---------------------------------------------------------------------------------------------------------


def test_everything_that_is_installed_for_the_project_is_locked() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    locked = {canonical(name): version for name, version in pins.items()}
    seen: dict[str, str] = {}
    pending = ["carla-closed-loop"]
    while pending:
        found = distribution(pending.pop())
        seen[canonical(found.name)] = found.version
        for requirement in found.requires or []:
            wanted = found.name == "carla-closed-loop" or "extra ==" not in requirement
            name = canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
            if wanted and name not in seen and is_installed(name):
                pending.append(name)
    del seen["carla-closed-loop"]
    assert seen == {name: locked.get(name) for name in seen}
    assert set(locked) - set(seen) == {"setuptools"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_installed(name: str) -> bool:
    try:
        distribution(name)
    except ModuleNotFoundError:  # wanted only on other platforms or Pythons
        return False
    return True
