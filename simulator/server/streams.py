"""The stream port: who listens to what, and how much may wait for a slow reader.

A client opens one connection per stream and writes the stream's id; after that only we write. A connection for
an id that does not exist is kept open and silent, because a client reconnects at once to a closed one for ever.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

from simulator.protocol.errors import ProtocolError
from simulator.protocol.stream import SubscriptionParser, frame

__all__ = ["MAX_HELD_FRAMES", "READER_PATIENCE_S", "SUBSCRIPTION_PATIENCE_S", "StreamConnection", "StreamHub"]

log = logging.getLogger("simulator")

# A stream holds at most this many frames for its reader.
MAX_HELD_FRAMES: Final = 2
# A synchronous tick waits this long for a reader, then its stream is closed.
READER_PATIENCE_S: Final = 2.0
# A sensor's listen() returns before its connection is made: a tick waits this long for it.
SUBSCRIPTION_PATIENCE_S: Final = 0.3


class StreamConnection(asyncio.Protocol):
    """One subscription."""

    def __init__(self, hub: "StreamHub") -> None:
        self.stream_id: int | None = None
        self.peer = "?"
        self.held = 0  # frames handed to a transport that could not send them at once
        self.waited_for_since: float | None = None  # when a tick began to wait for this reader
        self._hub = hub
        self._parser = SubscriptionParser()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = transport = cast(asyncio.Transport, transport)
        # Any byte left unsent calls pause_writing, an empty buffer resume_writing: so `held` is exact.
        transport.set_write_buffer_limits(high=0)
        self.peer = str(transport.get_extra_info("peername"))
        self._hub.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            subscribed = self._parser.feed(data)
        except ProtocolError as error:
            self.close(str(error))
            return
        if subscribed is not None and self.stream_id is None:
            self.stream_id = subscribed
            self._hub.subscribed(self)

    def pause_writing(self) -> None:
        self.held = 1

    def resume_writing(self) -> None:
        was_slow = self.held >= MAX_HELD_FRAMES
        self.held = 0
        self.waited_for_since = None
        if was_slow:
            self._hub.caught_up(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._hub.closed(self)

    def send(self, message: bytes | memoryview) -> None:
        if self._transport is None:
            return
        if self.held:
            self.held += 1
            if self.held == MAX_HELD_FRAMES:
                self._hub.fell_behind(self)
        self._transport.write(message)

    def close(self, reason: str) -> None:
        if self._transport is not None:
            if reason:
                log.warning("stream %s of %s closed: %s", self.stream_id, self.peer, reason)
            self._transport.abort()


class StreamHub:
    """All stream connections, by stream id."""

    def __init__(self, on_change: Callable[[], None], admits: Callable[[], bool]) -> None:
        self._on_change = on_change  # a subscription arrived or a reader caught up: a held tick may go on
        self._admits = admits  # whether there is room for one more connection
        self._listeners: dict[int, list[StreamConnection]] = {}
        self._connections: set[StreamConnection] = set()
        self._slow: set[StreamConnection] = set()  # those that hold as many frames as they may
        self._awaited: dict[int, tuple[int, float]] = {}  # stream id -> subscriptions on their way, and until when

    def new_connection(self) -> StreamConnection:
        return StreamConnection(self)

    @property
    def connections(self) -> int:
        return len(self._connections)

    # -- life of a connection ----------------------------------------------------------------------------------

    def opened(self, connection: StreamConnection) -> None:
        if not self._admits():
            connection.close("there are too many connections")
            return
        self._connections.add(connection)

    def subscribed(self, connection: StreamConnection) -> None:
        stream_id = connection.stream_id
        assert stream_id is not None
        self._listeners.setdefault(stream_id, []).append(connection)
        count, until = self._awaited.pop(stream_id, (0, 0.0))
        if count > 1:
            self._awaited[stream_id] = count - 1, until
        elif count:
            self._on_change()

    def closed(self, connection: StreamConnection) -> None:
        self._connections.discard(connection)
        listeners = self._listeners.get(connection.stream_id or 0, [])
        if connection in listeners:
            listeners.remove(connection)
            if not listeners:
                del self._listeners[connection.stream_id or 0]
        self.caught_up(connection)

    def fell_behind(self, connection: StreamConnection) -> None:
        self._slow.add(connection)

    def caught_up(self, connection: StreamConnection) -> None:
        if connection in self._slow:
            self._slow.discard(connection)
            self._on_change()

    def close_all(self) -> None:
        for connection in list(self._connections):
            connection.close("")

    # -- sending -----------------------------------------------------------------------------------------------

    def has_listener(self, stream_id: int) -> bool:
        return stream_id in self._listeners

    def publish(self, stream_id: int, payload: bytes, drop_for_slow: bool) -> None:
        """Send to all who listen; in asynchronous mode a reader that is behind misses the frame, as in CARLA."""
        if stream_id in self._listeners:
            self.publish_framed(stream_id, frame(payload), drop_for_slow)

    def publish_framed(self, stream_id: int, message: bytes | memoryview, drop_for_slow: bool) -> None:
        """The same for a message that has its length in front; it is not copied and must not change any more."""
        for connection in self._listeners.get(stream_id, ()):
            if not (drop_for_slow and connection.held >= MAX_HELD_FRAMES):
                connection.send(message)

    # -- what a tick waits for -----------------------------------------------------------------------------------

    def expect(self, stream_id: int, now: float) -> None:
        """A token was handed out: its subscription follows on another connection."""
        count, until = self._awaited.get(stream_id, (0, 0.0))
        self._awaited[stream_id] = (count if until > now else 0) + 1, now + SUBSCRIPTION_PATIENCE_S

    def subscribed_by(self, now: float) -> float:
        """When subscriptions that are on their way need be waited for no longer; in the past when there are none."""
        self._awaited = {key: entry for key, entry in self._awaited.items() if entry[1] > now}
        return max((until for _, until in self._awaited.values()), default=0.0)

    def holds_tick_until(self, now: float) -> float:
        """When a synchronous tick need wait no longer; in the past when it need not wait at all.

        Whatever was waited for in vain is given up here: subscriptions forgotten, slow readers closed.
        """
        latest = self.subscribed_by(now)
        for connection in list(self._slow):
            if connection.waited_for_since is None:
                connection.waited_for_since = now
            until = connection.waited_for_since + READER_PATIENCE_S
            if until > now:
                latest = max(latest, until)
            else:
                self._slow.discard(connection)
                connection.close(f"not read while a tick waited {READER_PATIENCE_S:g} s for it")
        return latest
