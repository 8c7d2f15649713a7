"""Compiled kernels are shared by all checkouts of the same sources, and by nobody else."""

import os
import subprocess
import sys
from pathlib import Path

import simulator.kernels

PROGRAM = """
from simulator.doubling import double
assert double(21) == 42
stats = double.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def hits_and_misses(root: Path, cache: Path, body: str = "2 * value") -> tuple[int, int]:
    """Of a checkout that has one kernel."""
    package = root / "simulator"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "kernels.py").write_text(Path(simulator.kernels.__file__).read_text())
    (package / "doubling.py").write_text(
        f"from simulator.kernels import njit\n\n\n@njit\ndef double(value):\n    return {body}\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    hits, misses = done.stdout.split()
    return int(hits), int(misses)


def test_another_checkout_of_the_same_sources_compiles_nothing(tmp_path: Path) -> None:
    """A stamp says that all is compiled; with the path in numba's own key it was true for one checkout only."""
    cache = tmp_path / "cache"
    assert hits_and_misses(tmp_path / "one", cache) == (0, 1)
    assert hits_and_misses(tmp_path / "two" / "deeper", cache) == (1, 0)


def test_an_edited_kernel_is_compiled_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert hits_and_misses(tmp_path / "one", cache) == (0, 1)
    assert hits_and_misses(tmp_path / "one", cache, body="value + value") == (0, 1)


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file where the folder should be")
    assert hits_and_misses(tmp_path / "one", cache) == (0, 1)
