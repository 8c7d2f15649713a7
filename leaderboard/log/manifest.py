"""What a run is: everything that its numbers depend on, written down before the first tick."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from leaderboard.errors import RecordError, UserError
from leaderboard.log.files import write_atomic

MANIFEST_SCHEMA_VERSION: Final = 1
_DISTRIBUTION: Final = "carla-closed-loop"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessInfo:
    version: str
    commit: str | None
    """None outside a git checkout."""
    dirty: bool | None
    """Whether tracked files differ from the commit."""
    python: str
    packages: dict[str, str]
    """What the harness itself needs, and torch where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineInfo:
    system: str
    processor: str
    cores: int
    memory_gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteInfo:
    name: str
    sha256: str
    subset: str
    routes: int
    repetitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    source: str
    """What --agent said."""
    sha256: str
    """Of the file or folder."""
    config: str
    config_sha256: str | None
    """Of what --agent-config names, if it names a file or folder: the checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorInfo:
    kind: str
    """"embedded" or "CARLA", as it says itself."""
    version: str
    shared: bool
    """A simulator that others may use too: repeatability is not promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    profile: str
    seed: int
    timing: str
    traffic: str
    allow_missing_scenarios: bool
    agent_timeout_s: float
    stall_timeout_s: float
    workers: int
    suite: SuiteInfo
    agent: AgentInfo
    simulator: SimulatorInfo
    harness: HarnessInfo
    machine: MachineInfo
    started: str
    """ISO 8601, UTC."""
    walkers: int = 0
    """Around each route; runs made before there were any lack it."""
    record_sensors: bool = False
    """Whether traces hold what the agent's sensors showed; likewise."""
    track: str | None = None
    """What --track said; likewise."""
    maps: dict[str, str] = dataclasses.field(default_factory=dict)
    """SHA-256 of each map of the user's (--map-dir) that routes are in, by town; likewise."""

    @property
    def repeatable(self) -> bool:
        """Whether the same command promises the same bytes."""
        return not self.simulator.shared and not self.timing.startswith("measured")


# What must be equal for --resume: the numbers depend on it. The rest may change (the machine, the number of workers).
_FIXED: Final = (
    "profile",
    "seed",
    "timing",
    "traffic",
    "walkers",
    "record_sensors",
    "allow_missing_scenarios",
    "agent_timeout_s",
    "suite",
    "agent",
    "track",
    "maps",
    "simulator",
)
# What the command line calls them, where that is something else.
_CALLED: Final = {
    "agent_timeout_s": "timeout",
    "suite.name": "suite",
    "suite.subset": "routes-subset",
    "suite.repetitions": "repetitions",
    "agent.source": "agent",
    "agent.config": "agent-config",
    "simulator.kind": "simulator",
    "simulator.version": "simulator",
    "simulator.shared": "simulator",
}
_CONTENTS: Final = {
    "suite.sha256": "the file of routes",
    "agent.sha256": "the agent's code",
    "agent.config_sha256": "what --agent-config names",
    "maps": "a map of --map-dir",
}


def write_manifest(path: Path, manifest: Manifest) -> None:
    content = {"schema": "manifest", "version": MANIFEST_SCHEMA_VERSION, **dataclasses.asdict(manifest)}
    content["repeatable"] = manifest.repeatable
    write_atomic(path, json.dumps(content, indent=2, allow_nan=False).encode() + b"\n")


def read_manifest(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_bytes())
        schema, version = content.pop("schema"), content.pop("version")
        content.pop("repeatable", None)  # follows from the rest
        if (schema, version) != ("manifest", MANIFEST_SCHEMA_VERSION):
            raise ValueError(f"version {version}; this program reads version {MANIFEST_SCHEMA_VERSION}")
        for name, kind in _PARTS.items():
            content[name] = kind(**content[name])
        return Manifest(**content)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{path}: not the manifest of a run: {' '.join(str(error).split())}") from error


_PARTS: Final[dict[str, type[Any]]] = {
    "suite": SuiteInfo,
    "agent": AgentInfo,
    "simulator": SimulatorInfo,
    "harness": HarnessInfo,
    "machine": MachineInfo,
}


def check_resumable(old: Manifest, new: Manifest) -> None:
    """Raises UserError, naming the first thing that differs, unless `new` continues `old`."""
    for name in _FIXED:
        before, now = getattr(old, name), getattr(new, name)
        if before == now:
            continue
        if dataclasses.is_dataclass(before):
            name, before, now = next(
                (f"{name}.{field.name}", getattr(before, field.name), getattr(now, field.name))
                for field in dataclasses.fields(before)
                if getattr(before, field.name) != getattr(now, field.name)
            )
        differs = f"--{_CALLED.get(name, name).replace('_', '-')} was {before!r} and is {now!r} now"
        if name in _CONTENTS:
            differs = f"{_CONTENTS[name]} is not what it was"
        raise UserError(f"--resume: {differs}, so routes would not be comparable; begin anew with another --out")


def hash_path(path: Path) -> str:
    """SHA-256 of a file, or of all files below a folder with their names; compiled Python is left out."""
    hashed = hashlib.sha256()
    if path.is_file():
        _feed(hashed, path)
        return hashed.hexdigest()
    if not path.is_dir():
        raise UserError(f"{path}: there is no such file or folder")
    for file in sorted(path.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            hashed.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
            _feed(hashed, file)
    return hashed.hexdigest()


def _feed(hashed: hashlib._Hash, path: Path) -> None:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def harness_version() -> str:
    return _version(_DISTRIBUTION) or "not installed"


def harness_info() -> HarnessInfo:
    """This installation, as far as it can tell."""
    root = Path(__file__).resolve().parents[2]
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no") if commit else None
    return HarnessInfo(
        version=harness_version(),
        commit=commit,
        dirty=None if changes is None else bool(changes),
        python=platform.python_version(),
        packages=_packages(),
    )


def _packages() -> dict[str, str]:
    try:
        required = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        required = ["carla", "mcap", "msgpack", "networkx", "numba", "numpy", "shapely"]
    names = {re.split(r"[^A-Za-z0-9_.-]", entry, maxsplit=1)[0] for entry in required if "extra ==" not in entry}
    versions = {name: _version(name) for name in sorted(names | {"torch"})}
    return {name: version for name, version in versions.items() if version is not None}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    """What git says of the checkout that this file is in; None without git, or for a copy inside another repository."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), *arguments]
    # Reading must not refresh the index: another git command may hold its lock.
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env=environment)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@lru_cache(maxsize=1)
def machine_info() -> MachineInfo:
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return MachineInfo(
        system=platform.platform(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages * page_size / 2**30, 1),
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()
