"""One seed for each attempt, and everything that draws numbers in its process."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import random
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["seed_everything", "seed_of"]


def seed_of(seed: int, route_id: str, repetition: int) -> int:
    """From the run's seed, the route and its repetition: the same whatever ran before, and in whatever order."""
    text = f"{seed}/{route_id}/{repetition}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "little") & 0x7FFFFFFF


def seed_everything(seed: int) -> None:
    """random and numpy now, torch as soon as the agent imports it: before any line of the agent's runs on it."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (guests draw from the global generator)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
    else:
        sys.meta_path.insert(0, _SeedsTorch(seed))


class _SeedsTorch(importlib.abc.MetaPathFinder):
    """Lets the usual finders find torch, and seeds it when it has been imported; loading it would cost seconds."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._seed)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: Any, seed: int) -> None:
        self._loader = loader
        self._seed = seed

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.manual_seed(self._seed)
