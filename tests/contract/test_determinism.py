"""Same calls, same world: the hashes of all states are the same in every run (issue, point 6)."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.scripted_drive import TICKS

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
Drive = Callable[..., list[list[str]]]


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """Drives side by side, each a name and its flags; the hashes of the states of each. A name is driven once."""
    known: dict[tuple[str, str], list[str]] = {}
    folder = tmp_path_factory.mktemp("hashes")

    def start(kind: str, **flags: list[str]) -> list[list[str]]:
        running = {}
        for name, flag in flags.items():
            if (kind, name) not in known:
                file = folder / f"{kind}-{name}.txt"
                command = [
                    sys.executable,
                    "-m",
                    "tests.contract.scripted_drive",
                    "--kind",
                    kind,
                    "--hash-file",
                    str(file),
                ]
                running[name, file] = subprocess.Popen([*command, *flag], cwd=ROOT)
        try:
            assert [one.wait(timeout=240) for one in running.values()] == [0] * len(running)
        finally:
            for one in running.values():
                one.kill()
        for name, file in running:
            known[kind, name] = last_episode([line.split()[1] for line in file.read_text().splitlines()], kind)
        return [known[kind, name] for name in flags]

    return start


def last_episode(hashes: list[str], kind: str) -> list[str]:
    """Frames count on over episodes and the first, asynchronous one lasts as long as it does: count from the end."""
    compared = hashes[-TICKS[kind] :]
    assert len(compared) == TICKS[kind]
    assert len(set(compared)) > 0.9 * len(compared)  # things move: equal hashes mean something
    return compared


def first_difference(a: list[str], b: list[str]) -> int | None:
    return next((tick for tick, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), None)


@pytest.mark.parametrize("kind", ["plain", "traffic", "walkers"])
def test_the_same_calls_give_the_same_states(drive: Drive, kind: str) -> None:
    first, second = drive(kind, first=[], second=[])
    assert first_difference(first, second) is None


@pytest.mark.parametrize("kind", ["plain", "traffic", "walkers"])
def test_what_ran_before_changes_nothing(drive: Drive, kind: str) -> None:
    first, second = drive(kind, first=[], before=["--before"])
    assert first_difference(first, second) is None


def test_sensors_that_look_on_change_nothing(drive: Drive) -> None:
    first, second = drive("plain", first=[], watched=["--watched"])
    assert first_difference(first, second) is None


@pytest.mark.parametrize("kind", ["traffic", "walkers"])
def test_another_seed_drives_otherwise(drive: Drive, kind: str) -> None:
    """Or the tests above would prove nothing about seeds."""
    first, other = drive(kind, first=[], other=["--seed", "8"])
    assert first_difference(first, other) is not None
