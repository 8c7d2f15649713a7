"""The stream port: subscriptions that are on their way, slow readers, streams that do not exist."""

import socket
import struct
import time

import pytest

from simulator.protocol.stream import TOKEN_BYTES, frame, unpack_token
from simulator.server.server import EPISODE_STREAM
from simulator.server.streams import (
    MAX_HELD_FRAMES,
    READER_PATIENCE_S,
    SUBSCRIPTION_PATIENCE_S,
    StreamConnection,
    StreamHub,
)
from tests.simulator.live import Listener, Live, Wire, live_server, synchronous, tick

# --- the hub alone ----------------------------------------------------------------------------------------------------


class FakeTransport:
    """Takes bytes until it is told to block."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.held: list[bytes] = []
        self.is_blocked = False
        self.is_aborted = False
        self.protocol: StreamConnection | None = None

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return "127.0.0.1", 4711

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == 0  # otherwise what is held is not exact

    def write(self, data: bytes) -> None:
        assert self.protocol is not None
        if self.is_blocked:
            self.held.append(data)
            if len(self.held) == 1:
                self.protocol.pause_writing()
        else:
            self.sent.append(data)

    def unblock(self) -> None:
        assert self.protocol is not None
        self.is_blocked = False
        self.sent += self.held
        self.held.clear()
        self.protocol.resume_writing()

    def abort(self) -> None:
        assert self.protocol is not None
        self.is_aborted = True
        self.protocol.connection_lost(None)


class Bench:
    def __init__(self) -> None:
        self.changes = 0
        self.room = 100
        self.hub = StreamHub(self._changed, lambda: self.hub.connections < self.room)

    def _changed(self) -> None:
        self.changes += 1

    def connect(self) -> tuple[StreamConnection, FakeTransport]:
        connection, transport = self.hub.new_connection(), FakeTransport()
        transport.protocol = connection
        connection.connection_made(transport)  # type: ignore[arg-type]
        return connection, transport

    def subscribe(self, stream_id: int) -> tuple[StreamConnection, FakeTransport]:
        connection, transport = self.connect()
        connection.data_received(struct.pack("<I", stream_id))
        return connection, transport


def test_a_message_reaches_all_who_listen_and_nobody_else() -> None:
    bench = Bench()
    (_, one), (_, two), (_, other) = bench.subscribe(5), bench.subscribe(5), bench.subscribe(6)
    _, silent = bench.connect()
    bench.hub.publish(5, b"x", False)
    assert one.sent == two.sent == [frame(b"x")]
    assert other.sent == silent.sent == []


def test_nothing_is_kept_of_a_stream_that_nobody_hears_any_more() -> None:
    bench = Bench()
    for stream_id in range(1000):
        _, transport = bench.subscribe(stream_id)
        assert bench.hub.has_listener(stream_id)
        transport.abort()
        assert not bench.hub.has_listener(stream_id)
    assert bench.hub.connections == 0
    assert not bench.hub._listeners
    assert not bench.hub._slow


def test_an_id_may_come_in_pieces() -> None:
    bench = Bench()
    connection, _ = bench.connect()
    connection.data_received(b"\x07")
    assert not bench.hub.has_listener(7)
    connection.data_received(b"\x00\x00\x00")
    assert bench.hub.has_listener(7)


def test_more_than_an_id_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    connection, transport = bench.subscribe(7)
    connection.data_received(b"x")
    assert transport.is_aborted
    assert not bench.hub.has_listener(7)
    assert len(caplog.records) == 1


def test_a_tick_waits_for_a_subscription_until_it_comes() -> None:
    bench = Bench()
    assert bench.hub.holds_tick_until(10.0) <= 10.0
    bench.hub.expect(5, 10.0)
    assert bench.hub.holds_tick_until(10.1) == 10.0 + SUBSCRIPTION_PATIENCE_S
    bench.subscribe(6)
    assert bench.changes == 0
    bench.subscribe(5)
    assert bench.changes == 1
    assert bench.hub.holds_tick_until(10.1) <= 10.1


def test_two_subscriptions_of_one_stream_are_both_waited_for() -> None:
    bench = Bench()
    bench.hub.expect(5, 10.0)
    bench.hub.expect(5, 10.0)
    bench.subscribe(5)
    assert bench.hub.holds_tick_until(10.1) > 10.1
    bench.subscribe(5)
    assert bench.hub.holds_tick_until(10.1) <= 10.1


def test_a_subscription_that_never_comes_is_waited_for_once() -> None:
    bench = Bench()
    bench.hub.expect(5, 10.0)
    assert bench.hub.holds_tick_until(10.0 + SUBSCRIPTION_PATIENCE_S) <= 10.0 + SUBSCRIPTION_PATIENCE_S
    assert bench.hub.holds_tick_until(10.1) <= 10.1


def test_tokens_that_nobody_uses_leave_nothing_behind() -> None:
    bench = Bench()
    for k in range(1000):
        bench.hub.expect(k % 3, float(k))
    bench.hub.holds_tick_until(2000.0)
    assert not bench.hub._awaited


def test_in_asynchronous_mode_a_slow_reader_misses_frames() -> None:
    bench = Bench()
    _, slow = bench.subscribe(5)
    _, quick = bench.subscribe(5)
    slow.is_blocked = True
    for k in range(10):
        bench.hub.publish(5, bytes([k]), drop_for_slow=True)
        assert len(slow.held) <= MAX_HELD_FRAMES
    slow.unblock()
    bench.hub.publish(5, b"\x0a", drop_for_slow=True)
    assert slow.sent == [frame(bytes([k])) for k in (0, 1, 10)]
    assert quick.sent == [frame(bytes([k])) for k in range(11)]


def test_a_synchronous_tick_waits_for_a_slow_reader_and_then_closes_it(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    _, slow = bench.subscribe(5)
    slow.is_blocked = True
    bench.hub.publish(5, b"a", False)
    assert bench.hub.holds_tick_until(10.0) <= 10.0  # one frame under way is no reason to wait
    bench.hub.publish(5, b"b", False)
    # From when the first tick waits, however long ago the reader stopped.
    assert bench.hub.holds_tick_until(100.0) == 100.0 + READER_PATIENCE_S
    assert bench.hub.holds_tick_until(101.0) == 100.0 + READER_PATIENCE_S
    assert bench.hub.connections == 1
    assert bench.hub.holds_tick_until(102.0) <= 102.0
    assert slow.is_aborted
    assert bench.hub.connections == 0
    [record] = caplog.records
    assert record.getMessage() == "stream 5 of ('127.0.0.1', 4711) closed: not read while a tick waited 2 s for it"


def test_a_reader_that_catches_up_lets_the_tick_go_on() -> None:
    bench = Bench()
    _, slow = bench.subscribe(5)
    slow.is_blocked = True
    bench.hub.publish(5, b"a", False)
    bench.hub.publish(5, b"b", False)
    assert bench.hub.holds_tick_until(10.0) > 10.0
    slow.unblock()
    assert bench.changes == 1
    assert bench.hub.holds_tick_until(10.1) <= 10.1
    # Its patience begins anew the next time.
    slow.is_blocked = True
    bench.hub.publish(5, b"c", False)
    bench.hub.publish(5, b"d", False)
    assert bench.hub.holds_tick_until(50.0) == 50.0 + READER_PATIENCE_S


def test_no_connection_beyond_the_room_there_is() -> None:
    bench = Bench()
    bench.room = 2
    bench.subscribe(1), bench.subscribe(1)
    _, third = bench.connect()
    assert third.is_aborted
    assert bench.hub.connections == 2


# --- over sockets -----------------------------------------------------------------------------------------------------


def get_token(wire: Wire, stream_id: int) -> bytes:
    (token,) = wire.call("get_sensor_token", stream_id)
    assert isinstance(token, bytes)
    assert len(token) == TOKEN_BYTES
    return token


def test_the_token_leads_to_the_stream() -> None:
    with live_server() as live, Wire(live.port) as wire:
        token = unpack_token(get_token(wire, EPISODE_STREAM))
        assert (token.stream_id, token.port) == (EPISODE_STREAM, live.stream_port)
        synchronous(wire)
        with Listener(token.port, token.stream_id) as listener:
            assert wire.call("tick_cue") == listener.frame()


def test_a_tick_right_after_the_token_reaches_the_subscriber() -> None:
    """The order of the client: token, cue, and only then the subscription arrives."""
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        for delay_s in (0.0, 0.001, 0.01, 0.1):
            get_token(wire, EPISODE_STREAM)
            frame_number = wire.call("tick_cue")
            time.sleep(delay_s)
            with Listener(live.stream_port) as listener:
                assert listener.frame() == frame_number


def test_a_token_without_a_subscription_delays_one_tick_once() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        get_token(wire, EPISODE_STREAM)
        assert SUBSCRIPTION_PATIENCE_S - 0.05 < tick(live, wire) < SUBSCRIPTION_PATIENCE_S + 0.3
        assert tick(live, wire) < SUBSCRIPTION_PATIENCE_S / 2


def test_a_token_of_a_stream_that_does_not_exist_delays_nothing() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        get_token(wire, 4_000_000_000)
        assert tick(live, wire) < SUBSCRIPTION_PATIENCE_S / 2


def test_an_unknown_stream_is_held_open_and_silent() -> None:
    with live_server() as live, Wire(live.port) as wire, Listener(live.stream_port, 4_000_000_000) as listener:
        synchronous(wire)
        tick(live, wire)
        listener.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.message()


def stalled(live: Live) -> Listener:
    """A listener of the world that reads nothing; its socket takes little."""
    listener = Listener(live.stream_port, receive_buffer=4096)
    live.wait_for(lambda: live.server.streams.has_listener(EPISODE_STREAM), "the subscription")
    return listener


def spawn_many(live: Live, count: int) -> None:
    """Actors far below the map, so that each state is large: 119 bytes an actor."""
    from simulator.world.pose import Pose

    def spawn() -> None:
        for k in range(count):
            live.server.world.spawn("static.prop.trafficcone01", {}, Pose(x=10.0 * k, z=-500.0))

    live.do(spawn)


def held_by(live: Live) -> int:
    return live.do(lambda: max((c.held for c in live.server.streams._connections), default=0))


def test_a_stalled_reader_is_waited_for_and_then_closed_with_one_line() -> None:
    with live_server() as live, Wire(live.port) as wire:
        spawn_many(live, 5000)  # 600 kB a frame: the kernel's buffers are full after a few
        synchronous(wire)
        with stalled(live):
            waits = []
            for _ in range(40):
                waits.append(tick(live, wire))
                assert held_by(live) <= MAX_HELD_FRAMES
            long = [wait for wait in waits if wait > 0.5]
            assert len(long) == 1
            assert READER_PATIENCE_S - 0.2 < long[0] < READER_PATIENCE_S + 1.0
            assert live.do(lambda: live.server.streams.connections) == 0
        assert len(live.lines) == 1
        assert "not read while a tick waited" in live.lines[0]


def test_other_calls_are_answered_while_a_tick_waits_for_a_reader() -> None:
    with live_server() as live, Wire(live.port) as wire, Wire(live.port) as other:
        spawn_many(live, 5000)
        synchronous(wire)
        with stalled(live):
            while held_by(live) < MAX_HELD_FRAMES:
                wire.call("tick_cue")
                time.sleep(0.005)
            target = wire.call("tick_cue")
            longest = 0.0
            for _ in range(200):
                began = time.monotonic()
                other.call("get_weather_parameters")
                longest = max(longest, time.monotonic() - began)
            assert live.do(lambda: live.server.frame) < target  # it is held all the while
            assert longest < 0.1


def test_in_asynchronous_mode_a_stalled_reader_stays_and_costs_two_frames() -> None:
    with live_server(fps=200.0) as live:
        spawn_many(live, 5000)
        with stalled(live) as listener:
            first = live.do(lambda: live.server.frame)
            live.wait_for(lambda: live.server.frame > first + 60, "sixty frames", 20.0)
            assert held_by(live) == MAX_HELD_FRAMES
            frames = [listener.frame() for _ in range(3)]
            assert frames == list(range(frames[0], frames[0] + 3))
            # What was dropped is missing, and then the stream goes on with new frames.
            live.wait_for(lambda: live.server.frame > first + 100, "frames", 20.0)
            latest = live.do(lambda: live.server.frame)
            while (number := listener.frame()) < latest:
                frames.append(number)
            assert len(frames) < number - frames[0]
        assert live.lines == []


def test_silent_connections_cost_nobody_anything() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        silent = [socket.create_connection(("127.0.0.1", live.stream_port)) for _ in range(200)]
        silent += [socket.create_connection(("127.0.0.1", live.port)) for _ in range(200)]
        try:
            for _ in range(100):
                target = wire.call("tick_cue")
            live.wait_for(lambda: live.server.frame >= target, "the ticks", 5.0)
        finally:
            for connection in silent:
                connection.close()
        live.wait_for(lambda: live.server.streams.connections == 0 and len(live.server.sessions) == 1)
        assert live.lines == []
