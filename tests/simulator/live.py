"""A server in this process on a flat town, and raw sockets that talk to it: what no well-behaved client does."""

import asyncio
import concurrent.futures
import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgpack
import uvloop

from simulator.maps.library import MapLibrary
from simulator.maps.town import TownMap
from simulator.protocol import structs
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server.server import EPISODE_STREAM, Options, Server
from tests.fakes.towns import flat_town

T = TypeVar("T")
TIMEOUT_S = 20.0
TOKEN_STREAM = struct.Struct("<I")


class Refused(Exception):
    """The call was answered with this message."""


@dataclass
class Live:
    """A running server and what it has said."""

    server: Server
    loop: asyncio.AbstractEventLoop
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def stream_port(self) -> int:
        return self.server.stream_port

    def do(self, function: Callable[[], T]) -> T:
        """Call a function on the server's loop, where alone its state may be looked at."""
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return done.result(TIMEOUT_S)

    def wait_for(self, condition: Callable[[], object], what: str = "it", timeout_s: float = 10.0) -> None:
        """Until a condition on the server's state holds."""
        until = time.monotonic() + timeout_s
        while not self.do(condition):
            assert time.monotonic() < until, f"{what} did not happen"
            time.sleep(0.002)

    def said(self, text: str) -> list[str]:
        return [line for line in self.lines if text in line]

    def wait_for_line(self, text: str, timeout_s: float = 10.0) -> None:
        until = time.monotonic() + timeout_s
        while not self.said(text):
            assert time.monotonic() < until, f"no line with {text!r} in {self.lines}"
            time.sleep(0.002)


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextlib.contextmanager
def live_server(town: TownMap | None = None, map_dir: Path | None = None, **options: Any) -> Iterator[Live]:
    """A server on free ports, in a thread of its own."""
    started: concurrent.futures.Future[Live] = concurrent.futures.Future()
    library = MapLibrary(map_dir)
    lines: list[str] = []
    said: list[str] = []

    async def serve() -> None:
        try:
            server = Server(Options(port=0, map_dir=map_dir, **options), town or flat_town(), library, lines.append)
            await server.open()
        except BaseException as error:
            started.set_exception(error)
            return
        started.set_result(Live(server, asyncio.get_running_loop(), lines))
        await server.stopped
        server.close()
        library.close()

    handler = _Collector(lines)
    loggers = [logging.getLogger("simulator"), logging.getLogger("asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    thread = threading.Thread(target=uvloop.run, args=(serve(),))
    thread.start()
    try:
        live = started.result(TIMEOUT_S)
        try:
            yield live
        finally:
            with contextlib.suppress(RuntimeError):  # a server that has failed may be closing its loop right now
                live.loop.call_soon_threadsafe(live.server.stop)
    finally:
        thread.join(TIMEOUT_S)
        for logger in loggers:
            logger.removeHandler(handler)
    assert not thread.is_alive(), f"the server does not end {said}"


class Wire:
    """An RPC connection without a client behind it."""

    def __init__(self, port: int, timeout_s: float = TIMEOUT_S) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unpacker = msgpack.Unpacker(raw=False, unicode_errors="surrogateescape", max_buffer_size=2**30)
        self._next_id = 0

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, method: str, *args: Any, waits: bool = True) -> int:
        """A call whose answer is not waited for here; returns its id."""
        self._next_id += 1
        call = V0_9_16.calls.get(method)
        plain = args if call is None else [t.encode(a) for t, a in zip(call.arguments.values(), args, strict=True)]
        self.socket.sendall(msgpack.packb([0, self._next_id, method, [[not waits], *plain]]))
        return self._next_id

    def receive(self) -> list[Any]:
        """The next reply, as [1, id, error, result]."""
        while True:
            for reply in self._unpacker:
                return list(reply)
            data = self.socket.recv(1 << 20)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._unpacker.feed(data)

    def call(self, method: str, *args: Any) -> Any:
        """The result of a call, unwrapped; raises Refused."""
        number = self.send(method, *args)
        while (reply := self.receive())[1] != number:
            pass
        return unwrap(method, reply)

    def is_closed(self) -> bool:
        """Whether the server closed the connection; what it still sent is thrown away."""
        try:
            while self.socket.recv(1 << 20):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True


def unwrap(method: str, reply: list[Any]) -> Any:
    _, _, error, result = reply
    if error is not None:
        raise Refused(error)
    if method == "apply_batch":
        return result
    call = V0_9_16.calls[method]
    if call.result is None:
        if result[0][0]:
            raise Refused(result[0][1][0])
        return None
    index, value = result[0]
    if not index:
        raise Refused(value[0])
    return value


def synchronous(wire: Wire, delta_s: float = 0.05) -> None:
    wire.call("set_episode_settings", structs.EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=delta_s))


def tick(live: Live, wire: Wire) -> float:
    """One tick; how many seconds it took to come."""
    began = time.monotonic()
    target = wire.call("tick_cue")
    live.wait_for(lambda: live.server.frame >= target, "the tick")
    return time.monotonic() - began


class Listener:
    """A subscription; only what is asked for is read."""

    def __init__(self, port: int, stream_id: int = EPISODE_STREAM, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(TOKEN_STREAM.pack(stream_id))

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def message(self) -> bytes:
        (length,) = TOKEN_STREAM.unpack(self._exactly(4))
        return self._exactly(length)

    def frame(self) -> int:
        frame: int = struct.unpack_from("<Q", self.message(), 8)[0]
        return frame

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the stream ended")
            data += piece
        return data
