"""The stream port: who listens to what, and how much may wait for a slow reader.

A client opens one connection per stream and writes the stream's id; after that only we write. A connection for
an id that does not exist is kept open and silent, because a client reconnects at once to a closed one for ever.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from simulator.protocol.errors import ProtocolError
from simulator.protocol.stream import SubscriptionParser, frame

log = logging.getLogger("simulator")

# A stream holds at most this many frames for its reader.
MAX_HELD_FRAMES = 2
# A synchronous tick waits this long for a reader, then its stream is closed.
READER_PATIENCE_S = 2.0


class StreamConnection(asyncio.Protocol):
    """One subscription."""

    def __init__(self, hub: "StreamHub") -> None:
        self.hub = hub
        self.stream_id: int | None = None
        self.peer = "?"
        self.held = 0  # frames handed to a transport that could not send them at once
        self.held_since: float | None = None
        self._parser = SubscriptionParser()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = transport = cast(asyncio.Transport, transport)
        # Any byte left unsent calls pause_writing, an empty buffer resume_writing: so `held` is exact.
        transport.set_write_buffer_limits(high=0)
        self.peer = str(transport.get_extra_info("peername"))
        self.hub.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            subscribed = self._parser.feed(data)
        except ProtocolError as error:
            log.warning("stream connection of %s closed: %s", self.peer, error)
            self.close()
            return
        if subscribed is not None and self.stream_id is None:
            self.stream_id = subscribed
            self.hub.subscribed(self)

    def pause_writing(self) -> None:
        self.held = 1
        self.held_since = self.hub.clock()

    def resume_writing(self) -> None:
        self.held = 0
        self.held_since = None
        self.hub.drained()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.hub.closed(self)

    def send(self, message: bytes) -> None:
        if self._transport is None:
            return
        if self.held:
            self.held += 1
        self._transport.write(message)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class StreamHub:
    """All stream connections, by stream id."""

    def __init__(self, clock: Callable[[], float], on_change: Callable[[], None]) -> None:
        self.clock = clock
        self._on_change = on_change  # a subscription arrived or a reader caught up: a held tick may go on
        self._listeners: dict[int, list[StreamConnection]] = {}
        self._connections: set[StreamConnection] = set()
        self._awaited: dict[int, float] = {}  # stream id -> until when its subscription is waited for

    def new_connection(self) -> StreamConnection:
        return StreamConnection(self)

    # -- life of a connection ----------------------------------------------------------------------------------

    def opened(self, connection: StreamConnection) -> None:
        self._connections.add(connection)

    def subscribed(self, connection: StreamConnection) -> None:
        assert connection.stream_id is not None
        self._listeners.setdefault(connection.stream_id, []).append(connection)
        if self._awaited.pop(connection.stream_id, None) is not None:
            self._on_change()

    def closed(self, connection: StreamConnection) -> None:
        self._connections.discard(connection)
        listeners = self._listeners.get(connection.stream_id or 0, [])
        if connection in listeners:
            listeners.remove(connection)
        self._on_change()

    def drained(self) -> None:
        self._on_change()

    def close_all(self) -> None:
        for connection in list(self._connections):
            connection.close()

    # -- sending -----------------------------------------------------------------------------------------------

    def has_listener(self, stream_id: int) -> bool:
        return bool(self._listeners.get(stream_id))

    def publish(self, stream_id: int, payload: bytes, drop_for_slow: bool) -> None:
        """Send to all who listen; in asynchronous mode a reader that is behind misses the frame, as in CARLA."""
        listeners = self._listeners.get(stream_id)
        if listeners:
            message = frame(payload)
            for connection in listeners:
                if not (drop_for_slow and connection.held >= MAX_HELD_FRAMES):
                    connection.send(message)

    # -- what a tick waits for -----------------------------------------------------------------------------------

    def expect(self, stream_id: int, patience_s: float) -> None:
        """A token was handed out: its subscription follows on another connection."""
        self._awaited[stream_id] = self.clock() + patience_s

    def awaited_until(self) -> float:
        """When the last awaited subscription is given up; 0 when none is awaited."""
        if not self._awaited:
            return 0.0
        now = self.clock()
        for stream_id in [key for key, until in self._awaited.items() if until <= now]:
            del self._awaited[stream_id]
        return max(self._awaited.values(), default=0.0)

    def held_until(self) -> float:
        """Until when a tick waits for slow readers; 0 when none is behind. Closes those out of patience."""
        latest = 0.0
        for connection in list(self._connections):
            if connection.held >= MAX_HELD_FRAMES and connection.held_since is not None:
                until = connection.held_since + READER_PATIENCE_S
                if until <= self.clock():
                    log.warning(
                        "stream %s of %s closed: not read for %.0f s",
                        connection.stream_id,
                        connection.peer,
                        READER_PATIENCE_S,
                    )
                    connection.close()
                else:
                    latest = max(latest, until)
        return latest
