"""The server: one world, its episode and settings, and the clients that talk to it."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from simulator.maps.library import MapLibrary
from simulator.maps.town import TownMap
from simulator.protocol import structs
from simulator.protocol.enums import LightGroup, StateFlags
from simulator.protocol.state import encode_state
from simulator.protocol.stream import pack_token
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server import handlers  # noqa: F401  (fills the table of handlers)
from simulator.server.sensing import Sensing
from simulator.server.session import Session
from simulator.server.snapshot import StatePacker
from simulator.server.streams import StreamHub
from simulator.server.ticker import SUBSCRIPTION_PATIENCE_S, Ticker
from simulator.server.traffic_manager import TrafficManagers
from simulator.world.world import Substepping, World

log = logging.getLogger("simulator")

# The client keeps files by name for ever, so a name of ours carries a prefix that no other server uses.
FILE_PREFIX: Final = "carla-closed-loop"
EPISODE_STREAM: Final = 1
# Street lamps are those boxes of a town whose names begin so (simulator.maps.furniture).
LAMP_PREFIX: Final = "StreetLight"
LAMP_INTENSITY: Final = 10_000.0


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
        self.is_loading = False
        self.gravity = 9.81
        self.port = 0
        self.stream_port = 0
        self.streams = StreamHub(self.clock, on_change=lambda: self.ticker.wake())
        self.ticker = Ticker(self, options.fps)
        self._next_stream = EPISODE_STREAM + 1
        self._said: set[str] = set()
        self.stopped: asyncio.Future[int] = self.loop.create_future()  # the exit code
        self._listeners: list[asyncio.Server] = []
        self._hash_file: TextIO | None = options.state_hash.open("w") if options.state_hash else None
        self.start_episode(town)

    # -- life --------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Listen; raises OSError for a port that is taken."""
        host = self.options.host
        rpc = await self.loop.create_server(lambda: Session(self), host, self.options.port)
        self._listeners.append(rpc)
        self.port = rpc.sockets[0].getsockname()[1]
        # The token says where streams are, so their port may be any; CARLA's habit is the next one.
        wanted = self.port + 1 if self.options.port else 0
        stream = await self.loop.create_server(self.streams.new_connection, host, wanted)
        self._listeners.append(stream)
        self.stream_port = stream.sockets[0].getsockname()[1]
        self.ticker.start()

    def close(self) -> None:
        self.ticker.stop()
        for listener in self._listeners:
            listener.close()
        for session in list(self.sessions):
            session.close()
        self.streams.close_all()
        if self._hash_file:
            self._hash_file.close()

    def stop(self, code: int = 0) -> None:
        if not self.stopped.done():
            self.stopped.set_result(code)

    def fail(self, error: Exception) -> None:
        log.error("internal error at frame %d, the simulator ends: %s: %s", self.frame + 1, type(error).__name__, error)
        self.stop(1)

    def session_ended(self, session: Session) -> None:
        """Its Traffic Manager goes with it; actors, settings and synchronous mode stay, as in CARLA."""
        self.sessions.discard(session)
        self.traffic_managers.drop_session(session)
        self.ticker.wake()

    def say_once(self, line: str) -> None:
        """For what a client may do wrong a thousand times a second."""
        if line not in self._said and len(self._said) < 1000:
            self._said.add(line)
            log.warning("%s", line)

    # -- episodes ----------------------------------------------------------------------------------------------

    def default_settings(self) -> structs.EpisodeSettings:
        return structs.EpisodeSettings(no_rendering_mode=self.options.no_rendering)

    def start_episode(self, town: TownMap) -> None:
        """Replace the world."""
        self.episode_id += 1
        self.world = World(town, self.options.seed)
        self.apply_substepping()
        self.packer = StatePacker(self.world)
        self.sensing = Sensing(self)
        self.navigation_file = f"{FILE_PREFIX}-{town.name}-{hashlib.sha256(town.navigation).hexdigest()[:16]}.bin"
        self._map_change = True
        self._lamps = _lamps(town)
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
        self.streams.expect(stream_id, SUBSCRIPTION_PATIENCE_S)
        return self.token(stream_id)

    # -- time --------------------------------------------------------------------------------------------------

    def synchronous_delta(self) -> float:
        """Without a fixed delta CARLA steps by the time that has passed; here by 1/fps, so that runs repeat."""
        return self.settings.fixed_delta_seconds or 1.0 / self.options.fps

    def tick(self, dt: float) -> None:
        """One step of the world, published: first its state, then what its sensors read, all with one frame."""
        self.world.step(dt)
        self.frame += 1
        records = self.packer.pack()
        if self._hash_file:
            self._hash_file.write(f"{self.frame} {self.packer.hash(records)}\n")
            self._hash_file.flush()
        drop = not self.settings.synchronous_mode
        if self.streams.has_listener(EPISODE_STREAM):
            flags = StateFlags.MAP_CHANGE if self._map_change else StateFlags.NONE
            state = encode_state(
                self.episode_id, self.world.elapsed_s, dt, flags, self.frame, self.world.elapsed_s, records
            )
            self.streams.publish(EPISODE_STREAM, state, drop)
        self._map_change = False
        self.sensing.publish(drop)


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
