"""Rules A and B: what a server can see of the client's Traffic Manager, and what it does about a lost wake-up."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgpack
import pytest

from simulator.server import ticker, traffic_manager
from simulator.server.traffic_manager import (
    LOST_AFTER_S,
    MOST_RESCUES,
    OWED_AT_MOST_S,
    PARKING_S,
    Registration,
    TrafficManagers,
)
from tests.simulator.live import Live, Wire, live_server, synchronous, tick

STEP = ("get_vehicle_light_states", "get_weather_parameters", "apply_batch", "get_episode_settings")

# --- the rules alone: sessions are any objects, time is a number ------------------------------------------------------


class Play:
    """Clients that tick and step, at times that a test chooses."""

    def __init__(self) -> None:
        self.managers = TrafficManagers()
        self.now = 100.0
        self.frame = 0

    def register(self, session: object, port: int = 8000) -> None:
        assert self.managers.add(Registration("10.0.0.1", port, session, "127.0.0.1"))

    def calls(self, session: object, *methods: str) -> bool:
        done = False
        for method in methods:
            self.now += 0.0001
            done = self.managers.saw(session, method, self.now)
        return done

    def cue(self, session: object) -> None:
        self.managers.cued(session, self.now)

    def publish(self, session: object) -> None:
        self.frame += 1
        self.managers.published(session, self.frame, self.now)

    def tick(self, ticker: object, *steppers: object) -> None:
        """world.tick() of one client, after which some workers make their step."""
        self.now += 0.01
        self.cue(ticker)
        self.now += 0.001
        self.publish(ticker)
        for worker in steppers:
            self.calls(worker, *STEP)

    def lost(self, after_s: float) -> list[tuple[object, object, int]]:
        return self.managers.lost(self.now + after_s)


@pytest.fixture
def play() -> Play:
    return Play()


def test_a_client_without_a_traffic_manager_is_never_waited_for(play: Play) -> None:
    client = object()
    for _ in range(3):
        play.tick(client, client)  # it asks for the lights of all vehicles, applies a batch, asks for the settings
        assert play.managers.answered_by(play.now) <= play.now
        assert play.managers.parked_by() <= play.now
    assert play.lost(100.0) == []


def test_no_tick_while_the_question_for_the_settings_is_owed(play: Play) -> None:
    client = object()
    play.register(client)
    play.calls(client, *STEP[:3])
    assert play.managers.answered_by(play.now) == pytest.approx(play.now + OWED_AT_MOST_S)
    assert play.calls(client, "get_episode_settings")  # the tick that was held may be looked at again
    assert play.managers.answered_by(play.now) <= play.now  # the world may be stepped, and is shown a little later
    assert play.managers.parked_by() == pytest.approx(play.now + PARKING_S)


def test_another_clients_tick_waits_too(play: Play) -> None:
    """The worker may be stepped by another process: by its ticks."""
    owner, user = object(), object()
    play.register(owner)
    play.tick(user)
    play.calls(owner, *STEP[:3])
    assert play.managers.answered_by(play.now) > play.now


def test_a_batch_that_is_no_step_delays_at_most_once(play: Play) -> None:
    client = object()
    play.register(client)
    play.calls(client, "get_vehicle_light_states", "apply_batch")
    assert play.managers.answered_by(play.now) > play.now
    assert play.managers.answered_by(play.now + OWED_AT_MOST_S) <= play.now + OWED_AT_MOST_S
    assert play.managers.answered_by(play.now) <= play.now
    play.calls(client, "apply_batch", "apply_batch")
    assert play.managers.answered_by(play.now) <= play.now


def test_two_traffic_managers_of_one_client_are_both_waited_for(play: Play) -> None:
    client = object()
    play.register(client, 8000)
    play.register(client, 8001)
    play.calls(client, STEP[0], STEP[0], STEP[1], STEP[2], STEP[1], STEP[2])
    assert not play.calls(client, "get_episode_settings")
    assert play.managers.answered_by(play.now) > play.now + PARKING_S
    assert play.calls(client, "get_episode_settings")
    assert play.managers.answered_by(play.now) <= play.now
    assert play.managers.parked_by() == pytest.approx(play.now + PARKING_S)


def test_a_step_that_does_not_come_is_lost(play: Play) -> None:
    client = object()
    play.register(client)
    play.tick(client, client)
    play.tick(client, client)
    play.tick(client)
    assert play.lost(LOST_AFTER_S * 0.9) == []
    assert play.lost(LOST_AFTER_S * 1.1) == [(client, client, 3)]


def test_a_step_that_comes_late_is_not_lost_any_more(play: Play) -> None:
    client = object()
    play.register(client)
    play.tick(client, client)
    play.tick(client)
    play.now += LOST_AFTER_S * 1.1
    assert play.lost(0.0)
    play.calls(client, "get_vehicle_light_states")
    assert play.lost(0.0) == []


def test_idle_clients_have_lost_nothing(play: Play) -> None:
    client = object()
    play.register(client)
    assert play.lost(100.0) == []
    for _ in range(5):
        play.tick(client, client)
        assert play.lost(100.0) == []


def test_a_cue_says_that_the_client_is_awake(play: Play) -> None:
    client = object()
    play.register(client)
    play.tick(client, client)
    play.tick(client)
    play.cue(client)
    assert play.lost(100.0) == []


def test_ticks_without_steps_expect_none(play: Play) -> None:
    """A Traffic Manager that is registered and not stepped: asynchronous, or the client ticks by other means."""
    client = object()
    play.register(client)
    for _ in range(3):
        play.tick(client)
        assert play.lost(100.0) == []


def test_a_traffic_manager_that_was_shut_down_is_not_expected(play: Play) -> None:
    client = object()
    play.register(client)
    play.tick(client, client)
    play.managers.remove(8000)
    play.tick(client)
    assert play.lost(100.0) == []


def test_a_tick_that_took_longer_than_the_patience_expects_nothing(play: Play) -> None:
    """world.tick() has thrown its time-out by then."""
    client = object()
    play.register(client)
    play.tick(client, client)
    play.cue(client)
    play.now += LOST_AFTER_S * 1.5
    play.publish(client)
    assert play.lost(100.0) == []


def test_a_new_episode_expects_nothing(play: Play) -> None:
    client = object()
    play.register(client)
    play.tick(client, client)
    play.managers.forget_steps()
    play.tick(client)
    assert play.lost(100.0) == []


def test_the_steps_of_another_process_are_lost_after_its_ticks(play: Play) -> None:
    owner, user = object(), object()
    play.register(owner)
    play.tick(user, owner)
    play.tick(user, owner)
    assert play.lost(100.0) == []
    play.tick(user)
    assert play.lost(100.0) == [(user, owner, 3)]


def test_another_clients_ticks_do_not_hide_a_loss_nor_make_one(play: Play) -> None:
    driver, other = object(), object()
    play.register(driver)
    play.tick(driver, driver)
    play.tick(other)
    assert play.lost(100.0) == []  # other ticks without steps, driver is idle
    play.tick(driver)
    for _ in range(5):
        play.tick(other)
    assert play.lost(LOST_AFTER_S * 1.1) == [(driver, driver, 3)]


def test_a_step_between_anothers_tick_and_the_next_is_its_own_clients(play: Play) -> None:
    driver, other = object(), object()
    play.register(driver)
    play.tick(driver, driver)
    play.tick(driver)
    play.tick(other, driver)  # the step of driver's tick begins after other's
    play.tick(other)
    assert play.lost(100.0) == []


def test_one_of_two_traffic_managers_may_be_lost(play: Play) -> None:
    client = object()
    play.register(client, 8000)
    play.register(client, 8001)
    play.tick(client, client, client)
    play.tick(client, client)
    assert play.lost(100.0) == [(client, client, 2)]
    play.calls(client, *STEP)
    assert play.lost(100.0) == []


def test_whoever_disconnects_is_forgotten(play: Play) -> None:
    owner, user = object(), object()
    play.register(owner)
    play.tick(user, owner)
    play.tick(user)
    play.managers.drop_session(owner)
    assert play.lost(100.0) == []
    assert play.managers.get(8000) is None
    play.register(owner)
    play.tick(user, owner)
    play.tick(user)
    play.managers.drop_session(user)
    assert play.lost(100.0) == []
    play.managers.drop_session(owner)
    for table in ("_by_port", "_workers", "_cued_at", "_followed", "_expected", "_in_rescue"):
        assert not getattr(play.managers, table), table


def test_a_port_has_one_traffic_manager(play: Play) -> None:
    first, second = object(), object()
    play.register(first)
    assert not play.managers.add(Registration("10.0.0.2", 8000, second, "127.0.0.1"))
    entry = play.managers.get(8000)
    assert entry is not None
    assert entry.session is first
    play.managers.drop_session(second)
    assert play.managers.get(8000) is entry


# --- over sockets: a session that replays the client's calls, and a Traffic Manager's own port ------------------------


class FakeManager:
    """Takes msgpack-rpc calls as a Traffic Manager does, and keeps them."""

    def __init__(self, listener: socket.socket) -> None:
        self.calls: list[tuple[str, list[object]]] = []
        self.answers = threading.Event()
        self.answers.set()
        self._listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        unpacker = msgpack.Unpacker()
        with connection:
            while data := connection.recv(4096):
                unpacker.feed(data)
                for _, number, method, arguments in unpacker:
                    self.calls.append((method, arguments))
                    self.answers.wait(20.0)
                    connection.sendall(msgpack.packb([1, number, None, True]))


@contextmanager
def fake_manager() -> Iterator[FakeManager]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield FakeManager(listener)


RESCUE = [("set_synchronous_mode", [False]), ("set_synchronous_mode", [True])]


class Driver:
    """A client with a Traffic Manager."""

    def __init__(self, live: Live, manager: FakeManager, wire: Wire) -> None:
        self.live = live
        self.wire = wire
        assert wire.call("get_traffic_manager_running", manager.port) == ["", 0]
        # The client registers an address of its machine's network, which may not even lead there.
        assert wire.call("add_traffic_manager_running", ("192.0.2.1", manager.port)) is True
        synchronous(wire)

    def tick(self) -> float:
        return tick(self.live, self.wire)

    def step(self) -> None:
        self.wire.call("get_vehicle_light_states")
        self.wire.call("get_weather_parameters")
        self.wire.call("apply_batch", [], False)
        self.wire.call("get_episode_settings")


@contextmanager
def driver() -> Iterator[tuple[Driver, FakeManager]]:
    """A client that drives, and a server that loses patience sooner than in earnest."""
    with (
        pytest.MonkeyPatch.context() as patch,
        live_server() as live,
        fake_manager() as manager,
        Wire(live.port) as wire,
    ):
        patch.setattr(traffic_manager, "LOST_AFTER_S", IMPATIENT_S)
        patch.setattr(traffic_manager, "SECOND_THOUGHT_S", IMPATIENT_S / 4)
        patch.setattr(ticker, "_WATCH_PERIOD_S", IMPATIENT_S / 4)
        driver = Driver(live, manager, wire)
        for _ in range(3):
            driver.tick()
            driver.step()
        yield driver, manager


IMPATIENT_S = 0.5  # beside other programs
QUIET_S = 3 * IMPATIENT_S  # enough for a rescue that should not be


def test_a_lost_wake_up_is_answered_once_and_said_in_one_line() -> None:
    with driver() as (client, manager):
        client.tick()
        frame = client.live.do(lambda: client.live.server.frame)
        client.live.wait_for_line("rescue")
        client.step()
        time.sleep(QUIET_S)
        assert [call for call in manager.calls if call[0] == "set_synchronous_mode"] == RESCUE
        assert client.live.lines == [
            f"traffic manager rescue 1 at frame {frame}: 127.0.0.1:{manager.port} had lost a wake-up"
        ]
        assert client.live.do(lambda: client.live.server.traffic_managers.rescues) == 1
        client.tick()
        client.step()
        client.tick()
        client.live.wait_for_line("rescue 2")


def test_a_rescue_that_is_lost_itself_is_tried_again_and_not_for_ever() -> None:
    with driver() as (client, manager):
        client.tick()
        client.live.wait_for_line(f"rescue {MOST_RESCUES}")
        time.sleep(QUIET_S)
        assert [call for call in manager.calls if call[0] == "set_synchronous_mode"] == MOST_RESCUES * RESCUE
        assert len(client.live.lines) == MOST_RESCUES


def test_an_idle_client_is_left_alone() -> None:
    with driver() as (client, manager):
        time.sleep(QUIET_S)
        client.tick()
        client.step()
        time.sleep(QUIET_S)
        assert manager.calls == []
        assert client.live.lines == []


def test_a_client_that_shut_its_traffic_manager_down_is_left_alone() -> None:
    with driver() as (client, manager):
        client.wire.call("destroy_traffic_manager", manager.port)
        client.tick()
        time.sleep(QUIET_S)
        assert manager.calls == []


def test_a_client_that_is_gone_is_left_alone() -> None:
    with driver() as (client, manager):
        client.tick()
        client.wire.socket.close()
        time.sleep(QUIET_S)
        assert manager.calls == []
        assert client.live.lines == []


def test_a_client_stopped_in_the_middle_of_a_tick_makes_its_step_by_itself() -> None:
    """A debugger, or SIGSTOP: its Traffic Manager's port is connected to, and answers when the process goes on."""
    with driver() as (client, manager):
        manager.answers.clear()
        client.tick()
        time.sleep(QUIET_S)
        assert [name for name, _ in manager.calls] == ["health_check_remote_TM"]
        manager.answers.set()
        client.step()
        time.sleep(QUIET_S)
        assert [name for name, _ in manager.calls] == ["health_check_remote_TM"]
        assert client.live.lines == []


def test_a_traffic_manager_that_nobody_can_reach_is_said_once() -> None:
    with driver() as (client, manager):
        manager.close()
        client.tick()
        client.live.wait_for_line("cannot be woken")
        time.sleep(QUIET_S)
        assert len(client.live.lines) == 1


def test_a_client_that_is_silent_after_its_step_gets_one_more_to_wake_it() -> None:
    with driver() as (client, manager):
        server = client.live.server
        client.live.do(lambda: setattr(server, "options", replace(server.options, wake_after_s=IMPATIENT_S)))
        for _ in range(6):  # whoever calls anything is not waiting
            time.sleep(IMPATIENT_S / 2)
            client.wire.call("version")
        assert manager.calls == []
        client.live.wait_for_line("rescue")
        client.step()
        time.sleep(QUIET_S)
        assert manager.calls == [("health_check_remote_TM", []), ("synchronous_tick", [])]
        where = f"127.0.0.1:{manager.port} makes one more step, since its client has done nothing for {IMPATIENT_S:g} s"
        assert client.live.lines == [f"traffic manager rescue 1 at frame {server.frame}: {where} after the last"]
        client.tick()
        client.step()
        client.live.wait_for_line("rescue 2")


def test_a_client_that_a_debugger_has_stopped_gets_no_step_when_it_goes_on() -> None:
    with driver() as (client, manager):
        server = client.live.server
        manager.answers.clear()
        client.live.do(lambda: setattr(server, "options", replace(server.options, wake_after_s=IMPATIENT_S)))
        time.sleep(QUIET_S)
        assert [name for name, _ in manager.calls] == ["health_check_remote_TM"]
        client.live.do(lambda: setattr(server, "options", replace(server.options, wake_after_s=0.0)))
        client.tick()
        client.step()
        manager.answers.set()
        time.sleep(QUIET_S)
        assert [name for name, _ in manager.calls] == ["health_check_remote_TM"]
        assert client.live.lines == []


def test_a_client_that_may_be_silent_is_left_alone() -> None:
    with driver() as (client, manager):
        server = client.live.server
        client.live.do(lambda: setattr(server, "options", replace(server.options, wake_after_s=0.0)))
        time.sleep(QUIET_S)
        assert manager.calls == []


def test_a_batch_that_ticks_expects_no_step() -> None:
    with driver() as (client, manager):
        client.wire.call("apply_batch", [], True)
        time.sleep(QUIET_S)
        assert manager.calls == []


def test_a_load_expects_no_step() -> None:
    """The client ticks while it waits for the new episode, without its Traffic Manager."""
    with driver() as (client, manager):
        client.wire.call("load_new_episode", "", False, 0)
        client.tick()
        time.sleep(QUIET_S)
        assert manager.calls == []


def test_a_tick_is_held_until_the_worker_has_asked_and_parked() -> None:
    with driver() as (client, _):
        live, wire = client.live, client.wire
        for _ in range(20):
            client.tick()
            wire.call("get_vehicle_light_states")
            wire.call("apply_batch", [], False)
            before = live.do(lambda: live.server.frame)
            target = wire.call("tick_cue")
            time.sleep(OWED_AT_MOST_S / 5)
            assert live.do(lambda: live.server.frame) == before
            began = time.monotonic()
            wire.call("get_episode_settings")
            live.wait_for(lambda target=target: live.server.frame >= target, "the tick")  # type: ignore[misc]
            assert time.monotonic() - began < OWED_AT_MOST_S / 2  # it did not wait for the cap


def test_a_question_that_is_never_asked_holds_the_tick_for_its_cap_only() -> None:
    with driver() as (client, _):
        client.tick()
        client.wire.call("get_vehicle_light_states")
        client.wire.call("apply_batch", [], False)
        assert OWED_AT_MOST_S * 0.5 < client.tick() < OWED_AT_MOST_S + 0.2
        assert client.tick() < OWED_AT_MOST_S / 2


def test_a_registration_goes_with_its_connection() -> None:
    with live_server() as live, fake_manager() as manager, Wire(live.port) as other:
        with Wire(live.port) as wire:
            Driver(live, manager, wire)
            assert other.call("get_traffic_manager_running", manager.port) == ["192.0.2.1", manager.port]
            assert other.call("is_traffic_manager_running", manager.port) is True
        live.wait_for(lambda: len(live.server.sessions) == 1, "the end of the session")
        assert other.call("get_traffic_manager_running", manager.port) == ["", 0]
        assert other.call("is_traffic_manager_running", manager.port) is False
        # Synchronous mode stays, as in CARLA.
        assert other.call("get_episode_settings")[0] is True


def test_a_wrong_address_is_refused() -> None:
    with live_server() as live, Wire(live.port) as wire:
        wire.socket.sendall(msgpack.packb([0, 99, "add_traffic_manager_running", [[False], ["x", -5]]]))
        [[kind, [message]]] = wire.receive()[3]
        assert kind == 0
        assert "must lie between 0 and 65535" in message
