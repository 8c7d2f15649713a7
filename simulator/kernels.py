"""njit for this project: compiled once, cached on disk, and never stale.

Numba's own cache looks at the file of the kernel alone, so a kernel that inlines another one from a
second file keeps running the old code after an edit there. Here every kernel is cached in a folder
named by the hash of its module and of all the simulator's modules that it imports. The folder says all that matters,
so every checkout and installation of the same sources shares it, wherever it lies.
"""

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import UserProvidedCacheLocator

__all__ = ["CACHE_DIR", "njit"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PACKAGE = Path(__file__).resolve().parent
_IMPORT = re.compile(r"^\s*(?:from|import)\s+(simulator[\w.]*)(?:\s+import\s+(\([^)]*\)|[^\n]*))?", re.MULTILINE)

# Ours, and numba's own where that folder cannot be written.
_LOCATORS = "simulator.kernels.SharedCacheLocator,InTreeCacheLocator,UserWideCacheLocator"

CACHE_DIR = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "carla-closed-loop"


class SharedCacheLocator(UserProvidedCacheLocator):
    """numba's cache in a given folder, without the path of the source in its name."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return Path(py_file).parent.name


def njit(function: _Function) -> _Function:
    """Compile with numba on first use: no GIL, no fast-math (results must be the same on every run)."""
    folder = CACHE_DIR / "kernels" / _hash_of_sources(Path(function.__code__.co_filename).resolve())
    if function.__module__ == "__main__":
        folder /= "main"  # what is compiled names its module, and a program may also be imported, by tests
    before = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
    numba.config.CACHE_DIR = str(folder)  # both are read when the decorator is applied
    numba.config.CACHE_LOCATOR_CLASSES = _LOCATORS
    try:
        compiled: _Function = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = before
    return compiled


@cache
def _hash_of_sources(path: Path) -> str:
    found: dict[Path, bytes] = {}
    _collect(path, found)
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(found):
        digest.update(found[source])
    return digest.hexdigest()[:16]


def _collect(path: Path, found: dict[Path, bytes]) -> None:
    if path in found or not path.is_file():
        return
    found[path] = path.read_bytes()
    for module, names in _IMPORT.findall(found[path].decode()):
        base = _PACKAGE.parent.joinpath(*module.split("."))
        for file in (base.with_suffix(".py"), base / "__init__.py"):  # a module or a package
            _collect(file, found)
        for name in re.findall(r"\w+", names):
            _collect((base / name).with_suffix(".py"), found)
