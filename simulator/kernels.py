"""njit for this project: compiled once, cached on disk, and never stale.

Numba's own cache looks at the file of the kernel alone, so a kernel that inlines another one from a
second file keeps running the old code after an edit there. Here every kernel is cached in a folder
named by the hash of its module and of all the simulator's modules that it imports, wherever they lie:
checkouts with the same sources share it.
"""

import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache

from simulator.cache import KERNELS, hold_kernels, use

__all__ = ["inline_njit", "lean_njit", "njit"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PACKAGE = Path(__file__).resolve().parent
_IMPORT = re.compile(r"^\s*(?:from|import)\s+(simulator[\w.]*)(?:\s+import\s+(\([^)]*\)|[^\n]*))?", re.MULTILINE)


def njit(function: _Function) -> _Function:
    """Compile with numba on first use: no GIL, no fast-math (results must be the same on every run)."""
    return _njit(function)


def lean_njit(function: _Function) -> _Function:
    """The same for kernels that neither make nor return arrays: they count no references to those that they are given.

    Counting is atomic, costs a kernel of short loops a tenth of its time, and makes threads that read the same arrays
    wait for each other. The caller keeps its arrays alive. A kernel that makes an array all the same is not compiled.
    """
    return _njit(function, _nrt=False)


def inline_njit(function: _Function) -> _Function:
    """lean_njit for small parts of a loop: their code becomes part of the caller's."""
    return _njit(function, _nrt=False, forceinline=True)


def _njit(function: _Function, **options: bool) -> _Function:
    compiled: Any = numba.njit(nogil=True, error_model="numpy", **options)(function)
    compiled._cache = _KernelCache(function)  # what cache=True sets, but for where and how it is kept
    kernel: _Function = compiled
    return kernel


class _Place:
    """Where a kernel is kept, as numba asks for it. The folder's name says already which sources it is of."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file = file  # read by numba for its warnings
        self._line = function.__code__.co_firstlineno
        self._folder = _folder(Path(file).resolve(), function.__module__ == "__main__")

    @classmethod
    def from_function(cls, function: Any, file: str) -> "_Place":
        return cls(function, file)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def ensure_cache_path(self) -> None:
        os.makedirs(self._folder, exist_ok=True)

    def get_source_stamp(self) -> str:
        return ""

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Kept(CompileResultCacheImpl):
    _locator_classes = (_Place,)


class _KernelCache(FunctionCache):
    """A kernel that cannot be read from disk is compiled, and one that cannot be written is used all the same."""

    _impl_class = _Kept

    def load_overload(self, *arguments: Any) -> Any:
        try:
            return super().load_overload(*arguments)
        except OSError:  # that it cannot be kept is said where it is written
            return None
        except Exception as error:  # a pickle that was cut short or damaged may raise anything
            _say_once(f"a kernel in {self.cache_path} cannot be read and is compiled again: {error!r}")
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, *arguments: Any) -> None:
        try:
            super().save_overload(*arguments)
        except OSError as error:
            _say_not_kept(error)


@cache
def _say_once(line: str) -> None:
    logging.getLogger("simulator").warning("%s", line)


def _say_not_kept(error: OSError) -> None:
    _say_once(
        f"{KERNELS} cannot be written ({error.strerror}), so kernels are compiled at every start: "
        "make room there or set XDG_CACHE_HOME"
    )


@cache
def _folder(file: Path, is_program: bool) -> Path:
    hold_kernels()
    folder = KERNELS / _hash_of_sources(file)
    use(folder)
    # What is compiled names its module, and a program may also be imported, by tests.
    return folder / "main" if is_program else folder


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
