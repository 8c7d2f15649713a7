"""The server: one world, its episode and settings, and the clients that talk to it."""

import asyncio
import contextlib
import errno
import hashlib
import logging
import resource
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from simulator.maps.library import MapLibrary
from simulator.maps.town import TownMap
from simulator.protocol import structs
from simulator.protocol.enums import LightGroup, StateFlags
from simulator.protocol.state import encode_state
from simulator.protocol.stream import pack_token
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server import handlers  # noqa: F401  (fills the table of handlers)
from simulator.server.rendering import RenderPool
from simulator.server.sensing import Sensing
from simulator.server.session import Session
from simulator.server.snapshot import StatePacker
from simulator.server.streams import StreamHub
from simulator.server.ticker import Ticker
from simulator.server.traffic_manager import TrafficManagers
from simulator.world.actors import IdSource
from simulator.world.world import Substepping, World

log = logging.getLogger("simulator")

# The client keeps files by name for ever, so a name of ours carries a prefix that no other server uses.
FILE_PREFIX: Final = "carla-closed-loop"
EPISODE_STREAM: Final = 1
# Street lamps are those boxes of a town whose names begin so (simulator.maps.furniture).
LAMP_PREFIX: Final = "StreetLight"
LAMP_INTENSITY: Final = 10_000.0
# All clients together may leave this much in messages that are not complete (one of them at most 64 MiB).
MAX_HELD_BYTES: Final = 256 * 2**20
_OWN_FILES: Final = 64
# What a thread that is ready needs of a processor that we have kept busy.
_YIELD_S: Final = 0.00001
_BACKLOG: Final = 1024
_MAX_SAID: Final = 1000
_LINE_CHARS: Final = 500


class CannotStart(Exception):
    """One sentence for the person who chose the options."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run; the command line's flags one for one."""

    host: str = "127.0.0.1"
    port: int = 2000  # 0: any free port
    town: str = "Harbor"
    map_dir: Path | None = None
    seed: int = 0
    fps: float = 20.0
    no_rendering: bool = False
    state_hash: Path | None = None
    gnss: str = "leaderboard"
    wake_after_s: float = 300.0  # Rule C; 0: never


class Server:
    """State and services that the handlers work on. Everything runs on one event loop."""

    def __init__(self, options: Options, town: TownMap, library: MapLibrary, say: Callable[[str], None]) -> None:
        self.options = options
        self.layout = V0_9_16
        self.library = library
        self.say = say  # one line for the person who runs the simulator
        self.clock = time.monotonic
        self.loop = asyncio.get_running_loop()
        self.sessions: set[Session] = set()
        self.traffic_managers = TrafficManagers()
        self.settings = self.default_settings()
        self.frame = 0  # of the last published state; grows over all episodes
        self.episode_id = 0
        self.shown_episode_id = 1  # of the last published state
        self.is_loading = False
        self.is_preparing = False  # a map that a client sent is being compiled
        self.gravity = 9.81
        self.port = 0
        self.stream_port = 0
        self.streams = StreamHub(on_change=lambda: self.ticker.wake(), admits=self._admits)
        self.ticker = Ticker(self, options.fps)
        self.renderers = RenderPool(self.loop)
        # Each takes a file descriptor, and some are needed for maps and their compiler.
        self.max_connections = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OWN_FILES
        self._next_stream = EPISODE_STREAM + 1
        self._ids = IdSource()
        self._said: set[str] = set()
        self.stopped: asyncio.Future[int] = self.loop.create_future()  # the exit code
        self._listeners: list[asyncio.Server] = []
        self._hash_file: TextIO | None = None
        self._trouble = 0  # the exit code, when all else goes well
        self.start_episode(town)

    # -- life --------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Listen, then begin; raises CannotStart."""
        rpc = _listen(self.options.host, self.options.port)
        self.port = rpc.getsockname()[1]
        self._listeners.append(await self.loop.create_server(lambda: Session(self), sock=rpc, backlog=_BACKLOG))
        # The token says where streams are, so their port may be any; CARLA's habit is the next one.
        streams = _listen(self.options.host, self.port + 1 if self.options.port else 0)
        self.stream_port = streams.getsockname()[1]
        self._listeners.append(
            await self.loop.create_server(self.streams.new_connection, sock=streams, backlog=_BACKLOG)
        )
        # After the ports, so that a second simulator by mistake does not empty the file of the first.
        if self.options.state_hash is not None:
            try:
                self._hash_file = self.options.state_hash.open("w")
            except OSError as error:
                raise CannotStart(
                    f"--state-hash {self.options.state_hash} cannot be written: {error.strerror}"
                ) from None
        self.ticker.start()

    def close(self) -> None:
        self.ticker.stop()
        for listener in self._listeners:
            listener.close()
        for session in list(self.sessions):
            session.close()
        self.streams.close_all()
        self.renderers.close()
        self._close_hash_file()

    def stop(self, code: int = 0) -> None:
        if not self.stopped.done():
            self.stopped.set_result(code or self._trouble)

    def fail(self, error: BaseException) -> None:
        """End: the world can go no further."""
        log.error("internal error in frame %d, the simulator ends: %s", self.frame + 1, error, exc_info=error)
        self.stop(1)

    def _admits(self) -> bool:
        return len(self.sessions) + self.streams.connections < self.max_connections

    def session_began(self, session: Session) -> None:
        if self._admits():
            self.sessions.add(session)
        else:
            session.close("there are too many connections")

    def session_ended(self, session: Session) -> None:
        """Its Traffic Manager goes with it; actors, settings and synchronous mode stay, as in CARLA."""
        self.sessions.discard(session)
        self.traffic_managers.drop_session(session)
        self.ticker.wake()

    def holds_too_much(self) -> bool:
        return sum(session.held_bytes for session in self.sessions) > MAX_HELD_BYTES

    def say_once(self, line: str, error: Exception | None = None) -> None:
        """For what a client may do wrong a thousand times a second."""
        line = line[:_LINE_CHARS]
        if line not in self._said and len(self._said) < _MAX_SAID:
            self._said.add(line)
            last = " (the last one of its kind that is said)" if len(self._said) == _MAX_SAID else ""
            log.warning("%s%s", line, last, exc_info=error)

    # -- episodes ----------------------------------------------------------------------------------------------

    def default_settings(self) -> structs.EpisodeSettings:
        return structs.EpisodeSettings(no_rendering_mode=self.options.no_rendering)

    def start_episode(self, town: TownMap) -> None:
        """Replace the world; ids of the old one's actors are not used in it."""
        self.episode_id += 1
        self.world = World(town, self.options.seed, self._ids)
        self.apply_substepping()
        self.packer = StatePacker(self.world)
        self.sensing: Sensing = Sensing(self, self.sensing if self.episode_id > 1 else None)
        self.navigation_file = f"{FILE_PREFIX}-{town.name}-{hashlib.sha256(town.navigation).hexdigest()[:16]}.bin"
        self.traffic_managers.forget_steps()
        self._map_change = True
        self._lamps = _lamps(town)
        self.lit_lamps: set[int] = set()  # ids of those that clients have switched on
        self.ticker.wake()

    async def load(self, find: Callable[[], TownMap]) -> None:
        """Load a map beside the running world, then start its episode; the world goes on if that fails."""
        self.is_loading = True
        try:
            town = await self.loop.run_in_executor(None, find)
            self.start_episode(town)
        finally:
            self.is_loading = False
            self.ticker.wake()

    def apply_substepping(self) -> None:
        self.world.substepping = Substepping(
            self.settings.substepping, self.settings.max_substep_delta_time, self.settings.max_substeps
        )

    def street_lamps(self) -> list[structs.LightState]:
        return list(self._lamps.values())

    def set_street_lamps(self, lights: list[structs.LightState]) -> None:
        """Lamps are told apart by id; those of another map are passed over."""
        for light in lights:
            if light.id in self._lamps:
                place = self._lamps[light.id].location
                self._lamps[light.id] = light._replace(location=place)
        self.lit_lamps = {lamp.id for lamp in self._lamps.values() if lamp.active}

    def files(self, folder: str) -> list[str]:
        """Names of the files that the client should have; only the navigation of walkers is one."""
        wanted = folder.strip("/") in ("", "Nav") and self.world.town.navigation
        return [self.navigation_file] if wanted else []

    def file(self, name: str) -> bytes | None:
        return self.world.town.navigation if name == self.navigation_file else None

    def take_stream_id(self) -> int:
        taken = self._next_stream
        self._next_stream += 1
        return taken

    def token(self, stream_id: int) -> bytes:
        return pack_token(stream_id, self.stream_port)

    def hand_out_token(self, stream_id: int) -> bytes:
        """The client subscribes next, on another connection: the next tick waits for it."""
        if stream_id == EPISODE_STREAM or self.sensing.has_stream(stream_id):
            self.streams.expect(stream_id, self.clock())
        return self.token(stream_id)

    # -- time --------------------------------------------------------------------------------------------------

    def synchronous_delta(self) -> float:
        """Without a fixed delta CARLA steps by the time that has passed; here by 1/fps, so that runs repeat."""
        return self.settings.fixed_delta_seconds or 1.0 / self.options.fps

    def tick(self, dt: float, not_before: float = 0.0) -> None:
        """One step of the world, published: first its state, then what its sensors read, all with one frame.

        With `not_before`, a client's thread must come to rest until then before it may see the state.
        """
        self.world.step(dt)
        self.frame += 1
        records = self.packer.pack()
        if self._hash_file is not None:
            self._write_hash(self._hash_file, records)
        if not_before:
            # No other call is answered: the world is already newer than what clients have been told of it.
            time.sleep(max(not_before - self.clock(), _YIELD_S))
        drop = not self.settings.synchronous_mode
        if self.streams.has_listener(EPISODE_STREAM):
            flags = StateFlags.MAP_CHANGE if self._map_change else StateFlags.NONE
            state = encode_state(
                self.episode_id, self.world.elapsed_s, dt, flags, self.frame, self.world.elapsed_s, records
            )
            self.streams.publish(EPISODE_STREAM, state, drop)
        self.shown_episode_id = self.episode_id
        self._map_change = False
        self.sensing.publish(drop)

    def _write_hash(self, file: TextIO, records: NDArray[np.void]) -> None:
        try:
            file.write(f"{self.frame} {self.packer.hash(records)}\n")
            file.flush()
        except OSError as error:
            log.error("--state-hash %s ends before frame %d: %s", self.options.state_hash, self.frame, error.strerror)
            self._trouble = 1
            self._close_hash_file()

    def _close_hash_file(self) -> None:
        if self._hash_file is not None:
            with contextlib.suppress(OSError):  # what could not be written before is tried again
                self._hash_file.close()
            self._hash_file = None


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises CannotStart."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Where a name has both, IPv4: it is what tools for CARLA expect of "localhost".
        family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports of a server that has just ended
            # Connections inherit these: a peer that is gone without a word is noticed after a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"port {port} on {host} is taken: end what listens there, or give --port another number "
                "(it takes that and the next one; 0 takes free ones)"
            ) from None
        raise CannotStart(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    return listener


def _lamps(town: TownMap) -> dict[int, structs.LightState]:
    """The street lamps among the town's boxes, lit white and switched off."""
    lamps = {}
    for row, name in enumerate(town.box_names):
        if name.startswith(LAMP_PREFIX):
            b = town.boxes
            top = structs.Vector3(float(b.x[row]), float(b.y[row]), float(b.z[row] + b.half_z[row]))
            number = int(b.id[row]) & 0xFFFFFFFF
            lamps[number] = structs.LightState(
                number, top, LAMP_INTENSITY, LightGroup.STREET, structs.Color(255, 255, 255), False
            )
    return lamps
