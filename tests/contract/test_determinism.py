"""Same calls, same world: the hashes of all states are the same in every run (issue, point 6)."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.scripted_drive import TICKS

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]

Runs = list[list[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def drive(tmp_path: Path) -> Callable[..., Runs]:
    """Drive side by side, each with its own flags; the hashes of the states of each, in order."""

    def start(kind: str, *flags: list[str]) -> Runs:
        files = [tmp_path / f"{k}.txt" for k in range(len(flags))]
        drives = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.contract.scripted_drive",
                    "--kind",
                    kind,
                    "--hash-file",
                    str(file),
                    *flag,
                ],
                cwd=ROOT,
            )
            for file, flag in zip(files, flags, strict=True)
        ]
        try:
            assert [one.wait(timeout=240) for one in drives] == [0] * len(drives)
        finally:
            for one in drives:
                one.kill()
        return [[line.split()[1] for line in file.read_text().splitlines()] for file in files]

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
def test_the_same_calls_give_the_same_states(drive: Callable[..., Runs], kind: str) -> None:
    first, second = (last_episode(hashes, kind) for hashes in drive(kind, [], []))
    assert first_difference(first, second) is None


@pytest.mark.parametrize("kind", ["plain", "traffic", "walkers"])
def test_what_ran_before_changes_nothing(drive: Callable[..., Runs], kind: str) -> None:
    first, second = (last_episode(hashes, kind) for hashes in drive(kind, [], ["--before"]))
    assert first_difference(first, second) is None


def test_sensors_that_look_on_change_nothing(drive: Callable[..., Runs]) -> None:
    first, second = (last_episode(hashes, "plain") for hashes in drive("plain", [], ["--watched"]))
    assert first_difference(first, second) is None
