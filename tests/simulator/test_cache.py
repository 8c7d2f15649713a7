"""What is kept on disk: old things go, nothing that is needed does, and a disk that fails costs time and no more."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import cache

ROOT = Path(__file__).resolve().parents[2]
KERNEL = """
import logging
from simulator.kernels import njit

logging.basicConfig(format="%(message)s")

@njit
def twice(value):
    return 2 * value

assert twice(21) == 42
print("read" if twice.stats.cache_hits else "compiled")
"""


def program(folder: Path, text: str = KERNEL) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "kernel.py"
    file.write_text(text)
    return file


def run(file: Path, cache_home: Path, limit_bytes: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, file],
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home), "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes)),
        capture_output=True,
        text=True,
        check=True,
    )


def old(path: Path, size: int, age_s: float) -> Path:
    """A file, or in a folder one, that was used so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    for thing in (path, path.parent):
        os.utime(thing, (1e9 - age_s, 1e9 - age_s))
    return path


# --- what goes --------------------------------------------------------------------------------------------------------


def test_what_was_not_used_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    files = [old(tmp_path / f"{age}.town", 100, age) for age in (0, 1, 2, 3)]
    cache.use(files[3])
    assert cache.prune(tmp_path.glob("*.town"), 250) == 2
    assert sorted(tmp_path.iterdir()) == [files[0], files[3]]


def test_all_stays_where_there_is_room(tmp_path: Path) -> None:
    files = [old(tmp_path / f"{age}.town", 100, age) for age in (0, 1, 2)]
    assert cache.prune(tmp_path.glob("*.town"), 300) == 0
    assert sorted(tmp_path.iterdir()) == files


def test_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    left = old(tmp_path / "a.town", 10, 0)
    assert cache.prune([left, tmp_path / "gone.town"], 5) == 1
    assert not left.exists()


PRUNE = """
import sys
from pathlib import Path
from simulator import cache

cache._MOST_KERNEL_BYTES = 250
cache.hold_kernels()
print("holds", flush=True)
if sys.argv[1] == "prune":
    cache.prune_kernels()
else:
    sys.stdin.read()
print(*sorted(path.name for path in cache.KERNELS.iterdir() if not path.name.startswith(".")))
"""


def test_kernels_go_by_their_age_unless_another_process_uses_some(tmp_path: Path) -> None:
    kernels = tmp_path / cache.CACHE_DIR.name / "kernels"
    for age, name in enumerate(["newest", "middle", "oldest"]):
        old(kernels / name / "kernel.nbc", 100, age)
    (kernels / "whole-0123").touch()
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PRUNE]
    prune = [*command, "prune"]
    with subprocess.Popen(
        [*command, "wait"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "holds\n"
        said = subprocess.run(prune, env=environment, capture_output=True, text=True, check=True).stdout
        assert said.split()[1:] == ["middle", "newest", "oldest", "whole-0123"]
        other.communicate()
    said = subprocess.run(prune, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.split()[1:] == ["middle", "newest"], "and nothing says that a version's kernels are all there"


# --- kernels ----------------------------------------------------------------------------------------------------------


def test_checkouts_with_the_same_sources_share_their_kernels(tmp_path: Path) -> None:
    home = tmp_path / "cache"
    assert run(program(tmp_path / "one"), home).stdout == "compiled\n"
    assert run(program(tmp_path / "one"), home).stdout == "read\n"
    assert run(program(tmp_path / "two"), home).stdout == "read\n"
    assert run(program(tmp_path / "three", KERNEL + "# another\n"), home).stdout == "compiled\n"


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_a_damaged_kernel_is_compiled_again(tmp_path: Path, kind: str) -> None:
    home = tmp_path / "cache"
    file = program(tmp_path / "one")
    run(file, home)
    [kept] = home.rglob(kind)
    kept.write_bytes(kept.read_bytes()[:20])
    done = run(file, home)
    assert done.stdout == "compiled\n"
    assert done.stderr.startswith(f"a kernel in {kept.parent} cannot be read and is compiled again: ")
    assert done.stderr.count("\n") == 1
    assert run(file, home).stdout == "read\n"


def test_a_cache_that_cannot_be_written_costs_time_and_is_said_once(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    done = run(program(tmp_path / "one"), nowhere)
    assert done.stdout == "compiled\n"
    assert done.stderr == (
        f"{nowhere}/carla-closed-loop/kernels cannot be written (Not a directory), so kernels are compiled at every "
        "start: make room there or set XDG_CACHE_HOME\n"
    )


def test_a_full_disk_costs_time_and_is_said_once(tmp_path: Path) -> None:
    done = run(program(tmp_path / "one"), tmp_path / "cache", limit_bytes=10)
    assert done.stdout == "compiled\n"
    assert "cannot be written (File too large)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_cache_that_can_only_be_read_is_read(tmp_path: Path) -> None:
    home = tmp_path / "cache"
    file = program(tmp_path / "one")
    run(file, home)
    done = run(file, home, limit_bytes=0)
    assert (done.stdout, done.stderr) == ("read\n", "")
