"""The maps that a server can load: our towns, and the .xodr files of the user's folder.

A map is found by its exact name in a list, never by a path made from a name. Files are compiled once, in a process of
their own, and kept under the hash of their text; a file that changes on disk has another hash.
"""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final

from simulator.cache import MAPS, prune, use
from simulator.maps import store
from simulator.maps.opendrive import MAX_BYTES
from simulator.maps.town import TownMap

__all__ = ["BadMap", "MapLibrary", "UnknownMap"]

_OUR_TOWNS: Final = Path(__file__).resolve().parents[1] / "towns"
_COMPILE_TIMEOUT_S: Final = 600.0
# Some hundred towns; a compiled map has 3 to 30 MB.
_MOST_CACHE_BYTES: Final = 2**30
_LAYERED: Final = "_Opt"


class UnknownMap(Exception):
    """No map has this name; the message lists those that exist."""


class BadMap(Exception):
    """The map cannot be served: one sentence with the file, what is wrong and what to do."""


def _silent(_line: str) -> None:
    pass


class MapLibrary:
    """Maps by name.

    `map_dir` holds the user's files; one of them hides a town of ours with the same name, which is said through
    `progress`, the function that gets a line when something takes its time.
    """

    def __init__(
        self,
        map_dir: Path | None = None,
        cache_dir: Path | None = None,
        progress: Callable[[str], None] = _silent,
        our_towns: Path = _OUR_TOWNS,
    ) -> None:
        if map_dir is not None and not map_dir.is_dir():
            raise BadMap(f"{map_dir} is no folder: give --map-dir a folder that holds .xodr files")
        self._map_dir = map_dir
        self._our_towns = our_towns
        self._cache = cache_dir if cache_dir is not None else MAPS
        self._progress = progress
        self._compilers: set[subprocess.Popen[str]] = set()
        self._sent: dict[str, TownMap] = {}  # what a client sent as text, by name
        for name in sorted(self._files(our_towns).keys() & self._files(map_dir).keys()):
            progress(f"{name}: the file in {map_dir} is used instead of the town that comes with the simulator")

    def names(self) -> list[str]:
        """Our towns, then the user's maps, each in alphabetical order. Looks at the folders anew each time."""
        ours, theirs = self._files(self._our_towns), self._files(self._map_dir)
        return sorted(ours) + sorted((theirs.keys() | self._sent.keys()) - ours.keys())

    def resolve(self, name: str) -> str:
        """The name in the list that a client means by "Town04", "Carla/Maps/Town04" or "Town12/Town12".

        CARLA serves each of its towns a second time with layers, as "Town04_Opt", over the same roads: such a name
        stands for the town and is kept, since scripts compare the loaded map's name with the one they asked for.
        """
        names = self.names()
        short = name
        for prefix in ("/Game/", "Carla/Maps/"):
            short = short.removeprefix(prefix)
        parts = short.split("/")
        whole = parts[0] if len(parts) == 2 and parts[0] == parts[1] else short  # CARLA's large maps
        for candidate in (name, short, whole):
            if candidate in names or candidate.removesuffix(_LAYERED) in names:
                return candidate
        raise UnknownMap(f"no map is called {name[:100]!r}; there are {', '.join(names) or 'none'}")

    def load(self, name: str) -> TownMap:
        """A map of the list. Raises UnknownMap or BadMap."""
        known = self.resolve(name)
        if known in self._sent:
            return self._sent[known]
        files = self._files(self._our_towns) | self._files(self._map_dir)
        path = files[known] if known in files else files[known.removesuffix(_LAYERED)]
        try:
            if path.stat().st_size > MAX_BYTES:
                raise BadMap(f"{path} has more than {MAX_BYTES >> 20} MiB: no road map is that large")
            data = path.read_bytes()
        except OSError as error:
            raise BadMap(f"{path} cannot be read ({error.strerror}): check its permissions") from None
        return self._load(data, known, str(path))

    def load_text(self, xodr: str, name: str = "OpenDriveMap") -> TownMap:
        """A map that a client sent as text; `load` finds it by its name from then on. Raises BadMap."""
        town = self._load(xodr.encode(errors="replace"), name, "the OpenDRIVE text that the client sent")
        self._sent = {name: town}
        return town

    def close(self) -> None:
        """End what is being compiled in another thread: nobody wants it any more."""
        for process in list(self._compilers):
            process.kill()

    @staticmethod
    def _files(folder: Path | None) -> dict[str, Path]:
        if folder is None:
            return {}
        # A name that is not UTF-8 cannot be told: the client would fail on the whole list.
        return {path.stem: path for path in sorted(folder.glob("*.xodr")) if path.is_file() and _is_utf8(path.stem)}

    def _load(self, data: bytes, name: str, what: str) -> TownMap:
        text = data.decode("utf-8-sig", errors="replace")
        bake = self._cache / f"{hashlib.sha256(data).hexdigest()}-{store.FORMAT}-{_hash_of_compiler()}.town"
        try:
            town = store.load(bake, name, text)
            use(bake)
            return town
        except (FileNotFoundError, NotADirectoryError):
            self._progress(f"{name}: compiling the map, once")
        except (store.BadBake, OSError, ValueError, KeyError, TypeError) as error:
            self._progress(f"{name}: compiling the map again ({error})")
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            town = self._compile(data, bake.parent, bake, name, text, what)
        except OSError as error:
            self._progress(
                f"{self._cache} cannot be written ({error.strerror}), so maps are compiled at every load: "
                "make room there or set XDG_CACHE_HOME"
            )
            return self._compile_unkept(data, name, text, what)
        prune(self._cache.glob("*.town"), _MOST_CACHE_BYTES)
        return town

    def _compile_unkept(self, data: bytes, name: str, text: str, what: str) -> TownMap:
        folder = Path(tempfile.gettempdir())
        try:
            return self._compile(data, folder, None, name, text, what)
        except OSError as error:
            raise BadMap(f"{folder} cannot be written ({error.strerror}): make room there or set TMPDIR") from None

    def _compile(self, data: bytes, folder: Path, keep_as: Path | None, name: str, text: str, what: str) -> TownMap:
        """Run the compiler on a private copy of these very bytes. Two at once do no harm: the last rename stays.

        OSError where the folder has no room.
        """
        with tempfile.TemporaryDirectory(dir=folder, prefix=".compile-") as private:
            source, target = Path(private, "map.xodr"), Path(private, "map.town")
            source.write_bytes(data)
            code, words = self._run_compiler(source, target)
            if code == 0:
                try:
                    town = store.load(target, name, text)
                except (store.BadBake, ValueError, KeyError, TypeError) as error:
                    raise BadMap(f"{what} was compiled, but the result cannot be read: {error}") from None
                if keep_as is not None:
                    os.replace(target, keep_as)
                return town
        if code == store.CANNOT_WRITE:
            raise OSError(errno.EIO, words.rpartition(": ")[2])
        if code == 1 and words:
            raise BadMap(f"{what} {words}")
        if code == -signal.SIGXCPU or code == -signal.SIGKILL:
            raise BadMap(f"{what} takes too long or too much memory to compile: make the map smaller")
        if code < 0:
            raise BadMap(
                f"{what} kills carla's OpenDRIVE parser ({signal.Signals(-code).name}): check the links between "
                "its roads, lanes and junctions"
            )
        raise BadMap(f"{what} cannot be compiled, through a fault of the compiler (exit code {code}): {words}")

    def _run_compiler(self, source: Path, target: Path) -> tuple[int, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator.maps.compile", str(source.resolve()), str(target.resolve())],
            cwd=Path(__file__).resolve().parents[2],  # where `simulator` is: -m looks there first
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # sums in one order, whatever the machine
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._compilers.add(process)
        try:
            _, words = process.communicate(timeout=_COMPILE_TIMEOUT_S)
        except BaseException as error:
            process.kill()
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return -signal.SIGXCPU, ""
            raise
        finally:
            self._compilers.discard(process)
        lines = words.strip().splitlines()
        return process.returncode, lines[-1] if lines else ""


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _hash_of_compiler() -> str:
    """Of all that a bake depends on beside its file: an edit here must never meet a stale bake."""
    digest = hashlib.sha256()
    for package in ("carla", "numpy", "shapely"):
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    for source in sorted(Path(__file__).resolve().parent.glob("*.py")):
        if source.name != Path(__file__).name:
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
