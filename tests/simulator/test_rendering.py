"""Sensors that see: threads, what is held meanwhile, and what becomes of a reading that nobody wants any more."""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import uvloop

from simulator.maps.town import TownMap
from simulator.protocol import structs
from simulator.protocol.stream import HEADER_BYTES, LENGTH_BYTES, unpack_header, unpack_token, write_head
from simulator.sensors import SENSORS, SensorKind, Speaks
from simulator.server import sensing
from simulator.server.rendering import RenderPool
from simulator.server.seeing import SEEING, Look
from tests.simulator.live import Listener, Live, Refused, Wire, live_server, synchronous, tick

PROMPT_S = 0.3
NOWHERE = structs.Transform(structs.Vector3(0.0, 0.0, 2.0), structs.Rotation(0.0, 0.0, 0.0))


class Sight:
    """A sensor that takes as long as the test wants, and sends a byte with the time that its frame shows."""

    is_camera = True
    may_end: threading.Event
    began: threading.Event
    troubles: list[Exception]

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        if attributes["image_size_x"] == "0":
            raise ValueError("image_size_x must be from 1 to 8192 pixels, not 0")

    def read(self, look: Look, header: bytes) -> memoryview:
        self.began.set()
        assert self.may_end.wait(20.0)
        if self.troubles:
            raise self.troubles[0]
        message = memoryview(bytearray(LENGTH_BYTES + HEADER_BYTES + 1))
        message[write_head(message, header)] = round(look.frame * 20)  # type: ignore[operator]
        return message


class RaySight(Sight):
    is_camera = False

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        pass


class Scenery:
    """A scene whose frame is the time alone."""

    made = 0
    followed = 0
    may_be_made: threading.Event
    rehearsed: list[list[str]]
    before: list[object]

    def __init__(self, town: TownMap, before: object) -> None:
        self.standing = object()
        Scenery.before.append(before)
        assert Scenery.may_be_made.wait(20.0)
        Scenery.made += 1

    def follow(self, world: Any) -> None:
        Scenery.followed += 1

    def light_lamps(self, ids: frozenset[int]) -> None:
        pass

    def frame(self, world: Any, number: int) -> float:
        elapsed: float = world.elapsed_s
        return elapsed


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, sight in (("sensor.camera.rgb", Sight), ("sensor.lidar.ray_cast", RaySight)):
        monkeypatch.setitem(SENSORS, kind, SensorKind(Speaks.EACH_TICK, True))
        monkeypatch.setitem(SEEING, kind, sight)
    monkeypatch.setattr(sensing, "Scene", Scenery)
    monkeypatch.setattr(Scenery, "made", 0)
    monkeypatch.setattr(Scenery, "followed", 0)
    monkeypatch.setattr(Scenery, "may_be_made", threading.Event(), raising=False)
    monkeypatch.setattr(Scenery, "rehearsed", [], raising=False)
    monkeypatch.setattr(Scenery, "before", [], raising=False)
    monkeypatch.setattr(sensing, "rehearse", lambda scene, weather, places: Scenery.rehearsed.append(sorted(places)))
    Scenery.may_be_made.set()
    monkeypatch.setattr(Sight, "began", threading.Event(), raising=False)
    monkeypatch.setattr(Sight, "may_end", threading.Event(), raising=False)
    monkeypatch.setattr(Sight, "troubles", [], raising=False)
    Sight.may_end.set()


def spawn(wire: Wire, kind: str = "sensor.camera.rgb", **attributes: str) -> tuple[int, int]:
    """Id of the actor and of its stream."""
    given = [structs.AttributeValue(name, 0, value) for name, value in attributes.items()]
    actor = wire.call("spawn_actor", structs.ActorDescription(0, kind, given), NOWHERE)
    return actor[0], unpack_token(bytes(actor[-1])).stream_id


@contextlib.contextmanager
def watching(live: Live, stream_id: int) -> Iterator[Listener]:
    with Listener(live.stream_port, stream_id) as listener:
        live.wait_for(lambda: live.server.streams.has_listener(stream_id), "the subscription")
        yield listener


@contextlib.contextmanager
def rendering_held(live: Live, wire: Wire) -> Iterator[int]:
    """A tick whose camera is at work until the block ends; its frame."""
    Sight.began.clear()
    Sight.may_end.clear()
    try:
        frame = wire.call("tick_cue")
        assert Sight.began.wait(10.0)
        yield frame
    finally:
        Sight.may_end.set()


def test_the_state_goes_out_first_and_calls_are_answered_while_a_camera_renders() -> None:
    with live_server() as live, Wire(live.port) as wire, Listener(live.stream_port) as states:
        synchronous(wire)
        _, stream = spawn(wire)
        with watching(live, stream) as camera:
            with rendering_held(live, wire) as frame:
                while states.frame() < frame:
                    pass
                began = time.monotonic()
                for _ in range(50):
                    wire.call("version")
                assert time.monotonic() - began < PROMPT_S
            assert camera.frame() == frame


def test_the_next_tick_waits_for_the_cameras_of_the_last() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        _, stream = spawn(wire)
        with watching(live, stream) as camera:
            with rendering_held(live, wire) as frame:
                wire.call("tick_cue")
                wire.call("tick_cue")
                time.sleep(0.1)
                assert live.do(lambda: live.server.frame) == frame
            messages = [camera.message() for _ in range(3)]
            assert [unpack_header(message).frame for message in messages] == [frame, frame + 1, frame + 2]
            times = [round(unpack_header(message).timestamp * 20) for message in messages]
            assert [message[HEADER_BYTES] for message in messages] == times


def test_in_asynchronous_mode_time_waits_for_the_cameras() -> None:
    with live_server(fps=100.0) as live, Wire(live.port) as wire:
        _, stream = spawn(wire)
        with watching(live, stream) as camera:
            Sight.may_end.clear()
            live.wait_for(lambda: live.server.sensing._rendering, "rendering")
            frame = live.do(lambda: live.server.frame)
            time.sleep(0.1)
            assert live.do(lambda: live.server.frame) == frame
            wire.call("set_episode_settings", structs.EpisodeSettings())  # starts the timer anew
            time.sleep(0.1)
            assert live.do(lambda: live.server.frame) == frame
            Sight.may_end.set()
            while camera.frame() < frame + 10:
                pass


def test_nothing_is_rendered_for_nobody() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        tick(live, wire)
        assert Scenery.made == 0
        _, stream = spawn(wire)
        tick(live, wire)
        assert not Sight.began.is_set()
        with watching(live, stream) as camera:
            tick(live, wire)
            assert camera.frame() == live.server.frame
        live.wait_for(lambda: not live.server.streams.has_listener(stream), "the end of the subscription")
        Sight.began.clear()
        tick(live, wire)
        assert not Sight.began.is_set()
        assert Scenery.made == 1


def test_the_scene_is_made_when_the_first_camera_is_spawned_and_no_tick_waits_for_it() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        Scenery.may_be_made.clear()
        _, stream = spawn(wire)
        spawn(wire, "sensor.lidar.ray_cast")
        tick(live, wire)
        tick(live, wire)
        assert Scenery.made == 0
        Scenery.may_be_made.set()
        live.wait_for(lambda: Scenery.rehearsed, "the rehearsal")
        assert Scenery.rehearsed == [["sensor.camera.rgb", "sensor.lidar.ray_cast"]]
        # What it takes note of begins with the first listener, not when it happened to be ready: runs repeat.
        tick(live, wire)
        assert Scenery.followed == 0
        with watching(live, stream) as camera:
            tick(live, wire)
            assert camera.frame() == live.server.frame
        live.wait_for(lambda: not live.server.streams.has_listener(stream), "the end of the subscription")
        tick(live, wire)
        assert (Scenery.made, Scenery.followed) == (1, 1)


def test_a_tick_for_a_listener_waits_for_the_scene_and_nothing_is_rehearsed() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        Scenery.may_be_made.clear()
        _, stream = spawn(wire)
        with watching(live, stream) as camera:
            frame = wire.call("tick_cue")
            wire.call("get_episode_settings")  # is answered
            assert live.server.frame == frame - 1
            Scenery.may_be_made.set()
            assert camera.frame() == frame
        assert Scenery.rehearsed == []


def test_after_an_episode_with_cameras_the_next_scene_is_made_at_once() -> None:
    with live_server() as live, Wire(live.port) as wire:
        reload = ("load_new_episode", "", False, 0)
        wire.call(*reload)
        assert Scenery.made == 0
        spawn(wire)
        live.wait_for(lambda: Scenery.rehearsed, "the rehearsal")
        wire.call(*reload)
        live.wait_for(lambda: Scenery.made == 2, "the next scene")
        assert Scenery.before[0] is None
        assert Scenery.before[1] is not None, "the same town's triangles serve again"
        wire.call(*reload)
        wire.call(*reload)
        wire.call("get_episode_info")
        assert Scenery.made == 2, "there was no camera any more"


def test_without_rendering_cameras_are_silent_and_rays_are_not() -> None:
    with live_server(no_rendering=True) as live, Wire(live.port) as wire:
        wire.call(
            "set_episode_settings",
            structs.EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=0.05, no_rendering_mode=True),
        )
        _, camera = spawn(wire)
        with watching(live, camera) as pictures:
            tick(live, wire)
            assert Scenery.made == 0
            _, lidar = spawn(wire, "sensor.lidar.ray_cast")
            with watching(live, lidar) as points:
                tick(live, wire)
                assert points.frame() == live.server.frame
            synchronous(wire)  # with rendering again
            tick(live, wire)
            assert pictures.frame() == live.server.frame


def test_a_sensor_destroyed_while_it_renders_says_nothing_more() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        doomed, stream = spawn(wire)
        _, other = spawn(wire)
        with watching(live, stream) as silent, watching(live, other) as camera:
            with rendering_held(live, wire) as frame:
                assert wire.call("destroy_actor", doomed)
            assert camera.frame() == frame
            tick(live, wire)
            assert camera.frame() == frame + 1
            silent.socket.settimeout(0.1)
            with pytest.raises(TimeoutError):
                silent.message()


def test_a_world_loaded_while_a_camera_renders_does_not_wait_for_it() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        _, stream = spawn(wire)
        with watching(live, stream) as silent:
            with rendering_held(live, wire) as frame:
                wire.call("load_new_episode", "", False, 0)
                assert tick(live, wire) < 5.0
                assert live.server.frame == frame + 1
                _, stream = spawn(wire)
                with watching(live, stream):
                    wire.call("tick_cue")
            silent.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                silent.message()
        assert Scenery.made == 2
        assert not live.said("internal error")


def test_a_client_that_goes_while_its_camera_renders_holds_nobody() -> None:
    with live_server() as live, Wire(live.port) as other:
        synchronous(other)
        with contextlib.ExitStack() as held:
            with Wire(live.port) as wire:
                _, stream = spawn(wire)
                with watching(live, stream):
                    held.enter_context(rendering_held(live, wire))
            live.wait_for(lambda: not live.server.streams.has_listener(stream), "the end of the subscription")
        assert tick(live, other) < 5.0


def test_two_listeners_get_the_same_picture() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        _, stream = spawn(wire)
        with watching(live, stream) as one, Listener(live.stream_port, stream) as two:
            live.wait_for(lambda: len(live.server.streams._listeners[stream]) == 2, "both")
            for _ in range(5):
                tick(live, wire)
                assert one.message() == two.message()


def test_a_camera_that_fails_ends_the_simulator_with_a_line() -> None:
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        _, stream = spawn(wire)
        with watching(live, stream):
            Sight.troubles.append(RuntimeError("no light"))
            wire.call("tick_cue")
            live.wait_for_line("the simulator ends: no light")
    assert live.server.stopped.result() == 1  # the loop has ended with the block


def test_a_scene_that_cannot_be_made_ends_the_simulator_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(town: TownMap, before: object) -> Scenery:
        raise RuntimeError("no ground")

    monkeypatch.setattr(sensing, "Scene", fails)
    with live_server() as live, Wire(live.port) as wire:
        synchronous(wire)
        spawn(wire)
        live.wait_for_line("the simulator ends: no ground")


def test_a_camera_that_cannot_be_is_refused_and_leaves_nothing_behind() -> None:
    with live_server() as live, Wire(live.port) as wire:
        before = live.do(lambda: len(live.server.world.register.in_order))
        with pytest.raises(Refused, match=r"sensor\.camera\.rgb: image_size_x must be from 1 to 8192 pixels, not 0"):
            spawn(wire, image_size_x="0")
        assert live.do(lambda: len(live.server.world.register.in_order)) == before


# --- the pool ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def loop() -> Iterator[Any]:
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_tasks_are_done_once_by_any_number_of_threads(loop: Any, threads: int) -> None:
    pool = RenderPool(loop, threads)
    done: list[int] = []
    outcome = loop.create_future()

    def work() -> str:
        pool.side_by_side([lambda k=k: done.append(k) for k in range(100)])  # type: ignore[misc]
        return "all"

    pool.start(work, lambda made: outcome.set_result(made.result()))
    assert loop.run_until_complete(outcome) == "all"
    assert sorted(done) == list(range(100))
    pool.close()


def test_work_in_every_thread_that_shares_itself_out_comes_to_an_end(loop: Any) -> None:
    pool = RenderPool(loop, 2)
    ends = [loop.create_future() for _ in range(6)]
    counts = [0] * 6

    def work(k: int) -> None:
        def count() -> None:
            time.sleep(0.001)
            counts[k] += 1

        for _ in range(3):
            pool.side_by_side([count] * 5)

    for k, end in enumerate(ends):
        pool.start(lambda k=k: work(k), lambda made, end=end: end.set_result(made.result()))  # type: ignore[misc]
    for end in ends:
        loop.run_until_complete(end)
    pool.close()
    assert sum(counts) == 6 * 3 * 5


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_task_is_the_works_own_and_no_task_is_left_running(loop: Any, threads: int) -> None:
    pool = RenderPool(loop, threads)
    outcome = loop.create_future()
    running = []

    def task() -> None:
        running.append(1)
        time.sleep(0.005)
        running.pop()

    def fails() -> None:
        raise RuntimeError("no light")

    def work() -> None:
        try:
            pool.side_by_side([fails, task, task, fails, task, task, task, task])
        finally:
            assert not running

    pool.start(work, outcome.set_result)
    assert str(loop.run_until_complete(outcome).exception()) == "no light"
    pool.close()
