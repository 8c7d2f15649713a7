"""Whatever a peer does, the server says at most one line and serves the others on."""

import gc
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import carla
import msgpack
import pytest

import simulator
from simulator.maps.library import MapLibrary
from simulator.protocol import structs
from simulator.protocol.calls import Call
from simulator.protocol.rpc import MAX_MESSAGE_BYTES, MAX_STRUCTURE_BYTES
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server import server as server_module
from simulator.server.server import EPISODE_STREAM
from simulator.world.pose import Pose
from tests.simulator.live import TIMEOUT_S, Listener, Live, Refused, Wire, live_server, synchronous, tick
from tests.simulator.wild import Wild

CAR = "vehicle.lincoln.mkz_2020"
# On a machine that other programs use too; what is meant is "not for seconds".
PROMPT_S = 0.25


def request(method: str, *arguments: Any, number: int = 1) -> bytes:
    data: bytes = msgpack.packb([0, number, method, [[False], *arguments]])
    return data


def still_serves(live: Live) -> None:
    """A new client is answered, and the world ticks for it."""
    with Wire(live.port) as wire:
        assert wire.call("version") == "0.9.16"
        synchronous(wire)
        assert tick(live, wire) < 1.0


# --- bytes that are no calls ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xc1" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # the start of a TLS handshake
        b"\x91" * 5000,
        msgpack.packb({"method": "version"}),
        msgpack.packb([0, 1, "version"]),
        msgpack.packb([0, -1, "version", []]),
        msgpack.packb([0, 1, "v" * 1000, []]),
        msgpack.packb([0, 1, "version", [[False], {1: 2}]]),
    ],
    ids=["http", "never", "tls", "deep", "map", "short", "negative", "long-name", "inner-map"],
)
def test_what_is_no_call_ends_the_connection_with_one_line(data: bytes) -> None:
    with live_server() as live:
        with Wire(live.port) as wire:
            assert wire.call("version") == "0.9.16"
            wire.socket.sendall(request("version") + data)
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.receive()[3] == [[1, "0.9.16"]]  # what came before is answered
            assert wire.is_closed()
        live.wait_for(lambda: not live.server.sessions, "the end of the session")
        assert len(live.lines) == 1
        assert live.lines[0].startswith("client ('127.0.0.1', ")
        still_serves(live)


def test_a_message_above_the_limit_ends_the_connection_with_one_line() -> None:
    with live_server() as live:
        with Wire(live.port) as wire:
            head = msgpack.packb([0, 1, "copy_opendrive_to_file", [[False]]])[:-3]
            sent = 0
            with pytest.raises(OSError):  # noqa: PT012
                wire.socket.sendall(head + b"\x93\x91\xc2\xdb" + struct.pack(">I", 2**32 - 1))
                while sent < 2 * MAX_MESSAGE_BYTES:
                    wire.socket.sendall(bytes(2**20))
                    sent += 2**20
        assert sent >= MAX_MESSAGE_BYTES - 2**20
        live.wait_for_line("larger than")
        assert len(live.lines) == 1
        still_serves(live)


def test_a_call_with_too_much_in_it_is_refused_by_its_name_and_the_connection_goes_on() -> None:
    texels = [[255, 0, 255, 255]] * (MAX_STRUCTURE_BYTES // 8 + 100_000)
    texture = [1000, 1000, texels]
    with live_server() as live, Wire(live.port) as wire:
        wire.socket.sendall(request("apply_color_texture_to_objects", ["wall"], texture, 0, number=7))
        _, number, error, [[refused, [message]]] = wire.receive()
        assert (number, error, refused) == (7, None, True)
        assert message.startswith("apply_color_texture_to_objects carries more than")
        assert wire.call("version") == "0.9.16"


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_hostile_arrays_take_little_memory() -> None:
    """Without a limit, 60 MiB of empty arrays would be lists of 5 GB."""
    with live_server() as live:
        gc.collect()
        before = resident_mb()
        with Wire(live.port) as wire:
            wire.socket.sendall(b"\x94\x00\x01\xa4send\xdd\x03\xff\x00\x00")
            for _ in range(60):
                wire.socket.sendall(b"\x90" * 2**20)
            live.wait_for(lambda: any(s.held_bytes > 59 * 2**20 for s in live.server.sessions), "the bytes")
            assert resident_mb() - before < 60.0
        still_serves(live)


def test_all_clients_together_may_not_keep_too_much_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_HELD_BYTES", 10 * 2**20)
    with live_server() as live:
        wires = [Wire(live.port) for _ in range(4)]
        try:
            for wire in wires[:3]:
                wire.socket.sendall(b"\x94\x00\x01\xa4send\x92\x91\xc2\xdb\x03\x00\x00\x00" + bytes(3 * 2**20))
            live.wait_for(lambda: sum(s.held_bytes for s in live.server.sessions) > 9 * 2**20, "the bytes")
            assert live.lines == []
            wires[3].socket.sendall(b"\x94\x00\x01\xa4send\x92\x91\xc2\xdb\x03\x00\x00\x00" + bytes(3 * 2**20))
            live.wait_for_line("do not complete")
            live.wait_for(lambda: len(live.server.sessions) == 3, "its end")
        finally:
            for wire in wires:
                wire.socket.close()
        assert len(live.lines) == 1


# --- calls with wrong arguments ---------------------------------------------------------------------------------------


def test_every_call_refuses_a_wrong_count_of_arguments() -> None:
    with live_server() as live, Wire(live.port) as wire:
        for call in V0_9_16.calls.values():
            wrong = [None] * (len(call.arguments) + 1)
            wire.socket.sendall(request(call.name, *wrong))
            assert "argument" in refusal_in(call, wire.receive()), call.name
            if call.arguments:
                wire.socket.sendall(request(call.name))
                assert "argument" in refusal_in(call, wire.receive()), call.name
        assert wire.call("version") == "0.9.16"
        assert live.lines == []


@pytest.mark.parametrize("wrong", [None, [], "x", b"x", -1, 2**63, 1.5, True, [[[[[]]]]]], ids=repr)
def test_every_call_refuses_or_takes_a_wrong_type(wrong: object) -> None:
    """Whether a value fits is the protocol's business; here no call may end the connection or fail inside."""
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        for call in V0_9_16.calls.values():
            if call.name in ("load_new_episode", "copy_opendrive_to_file") or not call.arguments:
                continue
            wire.socket.sendall(request(call.name, *[wrong] * len(call.arguments)))
            reply = wire.receive()
            assert "internal error" not in repr(reply), reply
        synchronous(wire)
        assert tick(live, wire) < 1.0
        assert live.said("internal error") == []


def refusal_in(call: Call, reply: list[Any]) -> str:
    _, _, error, result = reply
    if error is not None:
        return str(error)
    [[kind, [message]]] = result
    assert kind == (call.result is None), reply
    return str(message)


def test_a_call_that_does_not_exist_is_answered_in_the_real_servers_words() -> None:
    with live_server() as live, Wire(live.port) as wire:
        with pytest.raises(Refused, match=r"^rpclib: server could not find function 'fly' with argument count 2[.]$"):
            wire.call("fly", 1, 2)
        assert wire.call("version") == "0.9.16"
        assert live.lines == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers that overflow on their way into the world
@pytest.mark.parametrize("seed", range(3))
def test_no_values_that_the_protocol_takes_break_the_world(seed: int) -> None:
    rng = random.Random(seed)
    skipped = {"load_new_episode", "copy_opendrive_to_file", "tick_cue", "set_episode_settings"}
    calls = [call for call in V0_9_16.calls.values() if call.name not in skipped]
    spawn = V0_9_16.calls["spawn_actor"]
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        types = tuple(blueprint.id for blueprint in live.server.world.catalogue.blueprints)
        wild = Wild(rng, [1], texts=("", "5", "nan", "\udc80", *types))
        kinds = ("vehicle.", "walker.", "static.prop.", "sensor.other.imu")
        for k in range(40):
            type_id = rng.choice([name for name in types if name.startswith(kinds[k % 4])])
            place = structs.Transform(structs.Vector3(12.0 * k, 0.0, 1.0), structs.Rotation(0.0, 0.0, 0.0))
            wire.call("spawn_actor", structs.ActorDescription(0, type_id, []), place)
        for _ in range(150):
            wild.ids = live.do(lambda: [actor.id for actor in live.server.world.register.in_order])
            batch = [rng.choice([*calls, spawn]) for _ in range(10)]
            for number, call in enumerate(batch):
                arguments = [wild.value(wire_type) for wire_type in call.arguments.values()]
                data = msgpack.packb([0, number, call.name, [[False], *arguments]], unicode_errors="surrogateescape")
                wire.socket.sendall(data)
            for _ in batch:
                reply = wire.receive()
                assert "internal error" not in repr(reply), (batch[reply[1]].name, live.lines)
            assert tick(live, wire) < 2.0
            assert live.do(lambda: not live.server.stopped.done()), live.lines
        assert live.said("internal error") == []


def test_a_fault_of_our_own_is_said_once_and_answered_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.server.handlers.registry import HANDLERS

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(HANDLERS, "version", broken)
    with live_server() as live, Wire(live.port) as wire:
        for _ in range(5):
            with pytest.raises(Refused, match="internal error in version: see the simulator's log"):
                wire.call("version")
        assert live.lines == ["internal error in version: ZeroDivisionError: oh"]


def test_what_clients_do_wrong_in_ever_new_ways_is_said_a_thousand_times() -> None:
    with live_server() as live, Wire(live.port) as wire:
        for k in range(1200):
            wire.send("load_new_episode", f"Nowhere{k}", False, 0, waits=False)
            wire.receive()
        assert len(live.lines) == len(set(live.lines)) == 1000
        assert live.lines[-1].endswith("(the last one of its kind that is said)")


# --- peers that come, go, or say nothing ------------------------------------------------------------------------------


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_thousands_of_connections_come_and_go_and_leave_nothing() -> None:
    with live_server() as live:
        still_serves(live)
        files = open_files()
        for k in range(3000):
            port = live.port if k % 2 else live.stream_port
            peer = socket.create_connection(("127.0.0.1", port))
            if k % 3 == 0:
                peer.sendall(request("version") if k % 2 else struct.pack("<I", k))
            if k % 5 == 0:  # a reset instead of an orderly end
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
        still_serves(live)  # all that came to the main port before it are accepted then
        live.wait_for(lambda: not live.server.sessions and not live.server.streams.connections, "the end of all")
        assert live.do(lambda: len(live.server.streams._listeners)) == 0
        live.wait_for(lambda: open_files() <= files + 2, "their files' end")
        assert live.lines == []
        still_serves(live)


def test_a_peer_that_is_gone_without_a_word_is_noticed() -> None:
    """Half-open connections: the kernel asks such a peer from time to time, and ends what is not answered."""
    with live_server() as live, Wire(live.port) as wire, Listener(live.stream_port, 7):
        assert wire.call("version")
        live.wait_for(lambda: live.server.streams.connections == 1, "the subscription")
        connections: list[Any] = [*live.server.sessions, *live.server.streams._connections]
        assert len(connections) == 2
        for connection in connections:
            peer = connection._transport.get_extra_info("socket")
            assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle_s = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            probes = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert idle_s + probes * peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) <= 60
            assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_beyond_the_room_there_is_connections_are_refused_and_the_others_go_on() -> None:
    with live_server() as live, Wire(live.port) as wire:
        live.do(lambda: setattr(live.server, "max_connections", 10))
        silent = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(20)]
        try:
            live.wait_for(lambda: len(live.said("too many connections")) == 11, "the refusals")
            assert wire.call("version") == "0.9.16"
        finally:
            for peer in silent:
                peer.close()
        live.wait_for(lambda: len(live.server.sessions) == 1, "their end")
        still_serves(live)


def test_a_client_that_reads_no_replies_is_not_served_until_it_does() -> None:
    calls = 800
    with live_server() as live, Wire(live.port) as slow, Wire(live.port) as other:
        one = len(msgpack.packb(other.call("get_actor_definitions")))
        assert one * calls > 30 * 2**20
        before = resident_mb()
        sender = threading.Thread(target=lambda: [slow.send("get_actor_definitions") for _ in range(calls)])
        sender.start()
        time.sleep(0.5)
        for _ in range(20):
            began = time.monotonic()
            other.call("version")
            assert time.monotonic() - began < PROMPT_S
        assert resident_mb() - before < 40.0
        assert [slow.receive()[1] for _ in range(calls)] == list(range(1, calls + 1))
        sender.join()
        assert live.lines == []


def test_a_client_with_very_many_calls_leaves_the_others_their_turn() -> None:
    calls = 20_000
    with live_server() as live, Wire(live.port) as greedy, Wire(live.port) as other:
        data = b"".join(request("get_spectator", number=k) for k in range(calls))
        sender = threading.Thread(target=greedy.socket.sendall, args=(data,))
        sender.start()
        answered = 0

        def read() -> None:
            nonlocal answered
            for k in range(calls):
                assert greedy.receive()[1] == k
                answered += 1

        reader = threading.Thread(target=read)
        reader.start()
        longest = 0.0
        while reader.is_alive():
            began = time.monotonic()
            other.call("version")
            longest = max(longest, time.monotonic() - began)
        sender.join()
        assert answered == calls
        assert longest < PROMPT_S


def test_cues_of_a_client_that_is_gone_hold_nobody() -> None:
    with live_server() as live, Wire(live.port) as other:
        synchronous(other)
        for _ in range(5):
            with Wire(live.port) as wire:
                wire.call("get_sensor_token", EPISODE_STREAM)
                wire.send("tick_cue")
                wire.send("tick_cue")
            assert tick(live, other) < 0.5  # the first waits 0.3 s for a subscription that never comes
        frame = live.do(lambda: live.server.frame)
        with Wire(live.port) as wire:
            wire.send("tick_cue")
            wire.send("tick_cue")
        # A cue that was given counts, as in CARLA. "No cue is left" would hold before the connection is accepted too.
        live.wait_for(lambda: live.server.frame >= frame + 2, "their ticks")
        live.wait_for(lambda: len(live.server.sessions) == 1, "their session's end")
        assert live.do(lambda: live.server.frame) == frame + 2


def test_too_many_cues_are_refused() -> None:
    with live_server() as live, Wire(live.port) as wire, Listener(live.stream_port, 7):
        synchronous(wire)
        live.do(lambda: setattr(live.server, "is_loading", True))  # nothing ticks
        for _ in range(1000):
            wire.call("tick_cue")
        with pytest.raises(Refused, match="1000 ticks are waiting already"):
            wire.call("tick_cue")
        live.do(lambda: setattr(live.server, "is_loading", False))
        live.do(live.server.ticker.wake)
        live.wait_for(lambda: live.server.frame >= 1000, "the ticks")


def test_actors_settings_and_mode_outlive_their_client() -> None:
    with live_server() as live:
        with Wire(live.port) as wire:
            synchronous(wire)
            place = structs.Transform(structs.Vector3(0.0, 0.0, 0.5), structs.Rotation(0.0, 0.0, 0.0))
            car = wire.call("spawn_actor", structs.ActorDescription(0, CAR, []), place)[0]
        live.wait_for(lambda: not live.server.sessions, "the end of the session")
        with Wire(live.port) as wire:
            assert wire.call("get_episode_settings")[:3] == [True, False, [True, 0.05]]
            assert [actor[0] for actor in wire.call("get_actors_by_id", [car])] == [car]


def test_asking_for_one_actor_many_times_gives_it_once() -> None:
    with live_server() as live, Wire(live.port) as wire:
        number = wire.call("get_spectator")[0]
        assert [actor[0] for actor in wire.call("get_actors_by_id", [number] * 100_000)] == [number]
        assert live.lines == []


# --- the official client ----------------------------------------------------------------------------------------------

DRIVER = """
import sys
import carla
client = carla.Client("127.0.0.1", int(sys.argv[1]))
client.set_timeout(20.0)
world = client.get_world()
settings = world.get_settings()
settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
world.apply_settings(settings)
library = world.get_blueprint_library()
car = world.spawn_actor(library.find("vehicle.lincoln.mkz_2020"), carla.Transform(carla.Location(z=0.5)))
imu = world.spawn_actor(library.find("sensor.other.imu"), carla.Transform(), attach_to=car)
imu.listen(lambda data: None)
print(car.id, flush=True)
while True:
    world.tick()
"""


def put_away(live: Live, number: int) -> None:
    """To where it is in nobody's way."""

    def move() -> None:
        actor = live.server.world.get(number)
        assert actor is not None
        live.server.world.teleport(actor, Pose(z=-900.0))

    live.do(move)


def wait_for_ticks(live: Live, count: int) -> None:
    frame = live.do(lambda: live.server.frame)
    live.wait_for(lambda: live.server.frame > frame + count, "ticks")


def test_clients_killed_in_the_middle_of_a_tick() -> None:
    with live_server() as live:
        cars = []
        for delay_s in (0.0, 0.0031, 0.0077, 0.0123):
            driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(live.port)], stdout=subprocess.PIPE, text=True)
            assert driver.stdout is not None
            try:
                cars.append(int(driver.stdout.readline()))
                put_away(live, cars[-1])
                wait_for_ticks(live, 20)
                time.sleep(delay_s)
            finally:
                driver.kill()
                driver.wait()
                driver.stdout.close()
            live.wait_for(lambda: not live.server.sessions and not live.server.streams.connections, "its end")
        with Wire(live.port) as wire:
            assert wire.call("get_episode_settings")[0] is True
            assert len(wire.call("get_actors_by_id", cars)) == len(cars)
            assert tick(live, wire) < 1.0
        assert live.lines == []


def test_listen_then_tick_at_once_never_misses_the_first_frame() -> None:
    with simulator.serve("Harbor") as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(TIMEOUT_S)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        world.apply_settings(settings)
        blueprint = world.get_blueprint_library().find("sensor.other.imu")
        spectator = world.get_spectator()
        sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=spectator)
        missed = []
        for k in range(300):
            if k % 10 == 0:
                sensor.destroy()
                sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=spectator)
            arrived: list[int] = []
            came = threading.Event()
            sensor.listen(lambda data, arrived=arrived, came=came: (arrived.append(data.frame), came.set()))
            frame = world.tick()
            if not came.wait(2.0) or arrived[0] != frame:
                missed.append((k, frame, arrived))
            sensor.stop()
        sensor.destroy()
        assert missed == []


def test_a_client_that_connects_while_another_ticks_misses_no_state() -> None:
    with simulator.serve("Harbor") as server, Wire(server.port) as wire:
        synchronous(wire)
        for _ in range(30):
            client = carla.Client(server.host, server.port)
            client.set_timeout(TIMEOUT_S)
            world = client.get_world()
            frame = wire.call("tick_cue")
            until = time.monotonic() + 5.0
            while world.get_snapshot().frame < frame:
                assert time.monotonic() < until, "the client missed the first state after it had connected"
                time.sleep(0.001)


TRAFFIC = """
import random, sys, time
import carla
client = carla.Client("127.0.0.1", int(sys.argv[1]))
client.set_timeout(20.0)
world = client.get_world()
settings = world.get_settings()
settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
world.apply_settings(settings)
while True:
    try:
        manager = client.get_trafficmanager(random.randrange(20000, 60000))
        break
    except RuntimeError:
        pass
manager.set_synchronous_mode(True)
place = world.get_map().get_spawn_points()[0]
car = world.spawn_actor(world.get_blueprint_library().find("vehicle.lincoln.mkz_2020"), place)
car.set_autopilot(True, manager.get_port())
def ticks(count):
    for _ in range(count):
        world.tick()
    print("ticked", flush=True)
ticks(20)
sys.stdin.readline()   # idle between two ticks
ticks(20)
manager.set_synchronous_mode(False)
ticks(20)
sys.stdin.readline()   # idle, its Traffic Manager asynchronous
manager.set_synchronous_mode(True)
ticks(20)
car.destroy()  # a load may end a client whose Traffic Manager has vehicles
world.tick()
world.tick()
client.load_world("Harbor", False)
sys.stdin.readline()   # idle after a load, which ticked without a step
world = client.get_world()
ticks(5)
manager.shut_down()
ticks(5)
sys.stdin.readline()   # idle without a Traffic Manager
"""


@pytest.mark.slow
def test_no_rescue_of_a_real_client_that_is_idle_stopped_loading_or_has_shut_down(tmp_path: Path) -> None:
    errors = tmp_path / "client's errors"
    with errors.open("w") as stderr, simulator.serve("Harbor", stderr=subprocess.PIPE) as server:
        client = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", TRAFFIC, str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert client.stdin is not None
        assert client.stdout is not None

        def ticked() -> None:
            assert client.stdout is not None
            assert client.stdout.readline() == "ticked\n", errors.read_text()

        def idle_then_go_on() -> None:
            assert client.stdin is not None
            time.sleep(2.0)
            assert client.poll() is None, errors.read_text()
            client.stdin.write("\n")
            client.stdin.flush()

        with client:
            try:
                ticked()
                os.kill(client.pid, signal.SIGSTOP)  # as a debugger does
                time.sleep(2.0)
                os.kill(client.pid, signal.SIGCONT)
                idle_then_go_on()
                ticked()
                ticked()
                idle_then_go_on()
                ticked()
                time.sleep(1.0)
                idle_then_go_on()
                ticked()
                ticked()
                idle_then_go_on()
            finally:
                client.kill()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stderr is not None
        said = server.process.stderr.read()
        server.process.stderr.close()
    assert "rescue" not in said
    assert "cannot be woken" not in said


# --- loading ----------------------------------------------------------------------------------------------------------


def test_calls_are_answered_while_a_map_compiles_and_the_tick_waits_for_it(tmp_path: Path) -> None:
    with live_server() as live, Wire(live.port) as wire, Wire(live.port) as other:
        live.do(lambda: setattr(live.server, "library", MapLibrary(None, cache_dir=tmp_path)))
        synchronous(wire)
        tick(live, wire)
        frame = live.do(lambda: live.server.frame)
        load = wire.send("load_new_episode", "Orchard", False, 0)
        live.wait_for(lambda: live.server.is_loading, "the load")
        cue = wire.send("tick_cue")
        assert wire.receive()[1] == cue  # answered at once; its tick comes when the map is there
        with pytest.raises(Refused, match="another map is being loaded"):
            other.call("load_new_episode", "Harbor", False, 0)
        waits = []
        while live.server.is_loading:
            began = time.monotonic()
            other.call("get_weather_parameters")
            waits.append(time.monotonic() - began)
        assert wire.receive()[1] == load
        assert live.do(lambda: live.server.world.town.name) == "Orchard"
        live.wait_for(lambda: live.server.frame == frame + 1, "the tick that was asked for during the load")
        waits.sort()
        assert len(waits) > 100
        assert waits[int(0.99 * len(waits))] < 0.02
        assert waits[-1] < PROMPT_S


def test_only_one_map_is_prepared_at_a_time(tmp_path: Path) -> None:
    parameters = structs.OpendriveParams(2.0, 50.0, 1.0, 0.6, True, True, True)
    with live_server() as live, Wire(live.port) as wire, Wire(live.port) as other:
        live.do(lambda: setattr(live.server, "library", MapLibrary(None, cache_dir=tmp_path)))
        wire.send("copy_opendrive_to_file", "<OpenDRIVE/>", parameters)
        live.wait_for(lambda: live.server.is_preparing, "the compiler")
        with pytest.raises(Refused, match="another map is being prepared"):
            other.call("copy_opendrive_to_file", "<OpenDRIVE/>", parameters)
        [[refused, [message]]] = wire.receive()[3]
        assert refused
        assert message.startswith("the OpenDRIVE text that the client sent ")
        live.wait_for_line("map refused")
        assert len(live.lines) == 1
        with pytest.raises(Refused, match="that the client sent"):
            other.call("copy_opendrive_to_file", "<OpenDRIVE/>", parameters)


def test_a_world_that_fails_ends_the_server_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)

        def broken(dt: float) -> None:
            raise FloatingPointError("no")

        live.do(lambda: setattr(live.server.world, "step", broken))
        wire.send("tick_cue")
        assert wire.receive()
        live.wait_for_line("the simulator ends: no")
        assert wire.is_closed()
        assert len(live.lines) == 1
