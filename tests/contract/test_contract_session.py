"""Connecting, versions, maps, episodes, settings, ticks, files: sections 6a and 7 of the protocol notes."""

import threading
import time
from pathlib import Path

import carla
import pytest

import simulator
from tests.contract.support import CAR, DELTA_S, TIMEOUT_S, Address, Bench, another_client


def test_client_and_server_are_of_one_version(client: carla.Client) -> None:
    assert client.get_server_version() == client.get_client_version() == "0.9.16"


def test_a_new_client_gets_an_asynchronous_world_with_a_state(address: Address, world: carla.World) -> None:
    mine = another_client(address).get_world()
    assert mine.get_snapshot().frame > 0
    assert len(mine.get_actors()) == len(world.get_actors()) > 0


def test_a_new_client_gets_a_synchronous_world_at_once(address: Address, sync_world: carla.World) -> None:
    started = time.monotonic()
    another_client(address).get_world()
    assert time.monotonic() - started < 2.0


def test_maps_are_listed_under_their_folder(client: carla.Client) -> None:
    maps = client.get_available_maps()
    assert len(maps) == len(set(maps)) >= 1
    assert all(name.startswith("/Game/Carla/Maps/") for name in maps)


def test_the_map_is_the_one_of_the_list(client: carla.Client, world: carla.World) -> None:
    name = world.get_map().name
    assert f"/Game/{name}" in client.get_available_maps()
    assert name.startswith("Carla/Maps/")


def test_the_map_can_be_driven_with_the_clients_own_parser(world: carla.World) -> None:
    town = world.get_map()
    assert "<OpenDRIVE" in town.to_opendrive()
    assert len(town.get_topology()) > 10
    for point in town.get_spawn_points():
        waypoint = town.get_waypoint(point.location, project_to_road=True)
        assert waypoint.transform.location.distance(point.location) < 1.0


def test_files_for_walkers_are_listed_and_can_be_fetched(client: carla.Client, world: carla.World) -> None:
    names = client.get_required_files("Nav", False)
    assert names
    client.request_file(names[0])


@pytest.mark.embedded
def test_only_listed_files_are_served(client: carla.Client) -> None:
    for name in ("../../../etc/passwd", "/etc/passwd", "Nav/Harbor.bin", ""):
        with pytest.raises(RuntimeError, match="there is no file"):
            client.request_file(name)


def test_settings_come_back_as_set(world: carla.World) -> None:
    wanted = carla.WorldSettings(
        synchronous_mode=True,
        no_rendering_mode=True,
        fixed_delta_seconds=0.025,
        substepping=False,
        max_substep_delta_time=0.02,
        max_substeps=7,
        max_culling_distance=120.0,
        deterministic_ragdolls=True,
        tile_stream_distance=650.0,
        actor_active_distance=650.0,
        spectator_as_ego=False,
    )
    before = world.get_settings()
    world.apply_settings(wanted)
    assert world.get_settings() == wanted
    world.apply_settings(before)
    assert world.get_settings() == before


def test_a_tick_returns_the_frame_of_the_newest_state(sync_world: carla.World) -> None:
    first = sync_world.tick()
    assert sync_world.get_snapshot().frame == first
    assert [sync_world.tick() for _ in range(5)] == list(range(first + 1, first + 6))


def test_synchronous_time_passes_by_ticks_only(sync_world: carla.World) -> None:
    sync_world.tick()
    before = sync_world.get_snapshot()
    time.sleep(0.2)
    assert sync_world.get_snapshot().frame == before.frame
    for _ in range(10):
        sync_world.tick()
    after = sync_world.get_snapshot()
    assert after.timestamp.elapsed_seconds - before.timestamp.elapsed_seconds == pytest.approx(10 * DELTA_S, abs=1e-6)
    assert after.timestamp.delta_seconds == pytest.approx(DELTA_S, abs=1e-7)
    assert after.timestamp.frame_count == before.timestamp.frame_count + 10


def test_synchronous_mode_without_a_delta_still_passes_time(world: carla.World) -> None:
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = None
    world.apply_settings(settings)
    world.tick()
    before = world.get_snapshot().timestamp.elapsed_seconds
    world.tick()
    assert 0.0 < world.get_snapshot().timestamp.elapsed_seconds - before < 1.0


def test_asynchronous_time_passes_by_itself(world: carla.World) -> None:
    first = world.wait_for_tick(TIMEOUT_S)
    second = world.wait_for_tick(TIMEOUT_S)
    assert second.frame > first.frame
    assert second.timestamp.elapsed_seconds > first.timestamp.elapsed_seconds


def test_asynchronous_mode_with_a_variable_delta_keeps_to_the_clock(world: carla.World) -> None:
    first = world.wait_for_tick(TIMEOUT_S)
    started = time.monotonic()
    while time.monotonic() - started < 1.0:
        last = world.wait_for_tick(TIMEOUT_S)
    passed = last.timestamp.elapsed_seconds - first.timestamp.elapsed_seconds
    assert passed == pytest.approx(time.monotonic() - started, rel=0.3)


def test_asynchronous_mode_with_a_fixed_delta_steps_by_it(world: carla.World) -> None:
    settings = world.get_settings()
    settings.fixed_delta_seconds = 0.02
    world.apply_settings(settings)
    states = [world.wait_for_tick(TIMEOUT_S) for _ in range(10)]
    for state in states[1:]:
        assert state.timestamp.delta_seconds == pytest.approx(0.02, abs=1e-7)
    span = states[-1].timestamp.elapsed_seconds - states[0].timestamp.elapsed_seconds
    assert span == pytest.approx(0.02 * (states[-1].frame - states[0].frame), abs=1e-6)


def test_a_change_of_the_delta_holds_from_the_next_tick(sync_world: carla.World) -> None:
    settings = sync_world.get_settings()
    settings.fixed_delta_seconds = 0.1
    sync_world.apply_settings(settings)
    sync_world.tick()
    assert sync_world.get_snapshot().timestamp.delta_seconds == pytest.approx(0.1, abs=1e-7)


def test_on_tick_tells_every_tick_once_and_in_order(sync_world: carla.World) -> None:
    frames: list[int] = []
    number = sync_world.on_tick(lambda snapshot: frames.append(snapshot.frame))
    wanted = [sync_world.tick() for _ in range(20)]
    deadline = time.monotonic() + 5.0
    while len(frames) < len(wanted) and time.monotonic() < deadline:
        time.sleep(0.01)
    sync_world.remove_on_tick(number)
    sync_world.tick()
    assert frames[-20:] == wanted


def test_wait_for_tick_sees_the_tick_that_another_thread_asks_for(sync_world: carla.World) -> None:
    seen: list[int] = []
    waiter = threading.Thread(target=lambda: seen.append(sync_world.wait_for_tick(TIMEOUT_S).frame))
    waiter.start()
    time.sleep(0.1)
    assert not seen
    frame = sync_world.tick()
    waiter.join(TIMEOUT_S)
    assert seen == [frame]


def test_every_client_sees_the_same_world(address: Address, bench: Bench) -> None:
    others = [another_client(address).get_world() for _ in range(3)]
    car = bench.spawn(CAR, bench.straight())
    frame = bench.tick()
    for other in others:
        while other.get_snapshot().frame < frame:
            time.sleep(0.002)
        same = other.get_actor(car.id)
        assert same.type_id == CAR
        assert same.get_transform() == car.get_transform()


def test_any_client_may_tick(address: Address, sync_world: carla.World) -> None:
    other = another_client(address).get_world()
    first = sync_world.tick()
    assert other.tick() == first + 1
    assert sync_world.tick() == first + 2


def test_many_clients_call_while_one_ticks(address: Address, bench: Bench) -> None:
    car = bench.car()
    stop = threading.Event()
    answers: list[int] = []
    troubles: list[Exception] = []

    def ask() -> None:
        try:
            client = another_client(address)
            world = client.get_world()
            count = 0
            while not stop.is_set():
                assert world.get_weather().sun_altitude_angle == 45.0
                assert world.get_actor(car.id).bounding_box.extent.x > 1.0
                assert client.apply_batch_sync([carla.command.ApplyVehicleControl(car.id, carla.VehicleControl())])
                count += 1
            answers.append(count)
        except Exception as trouble:  # told to the test below
            troubles.append(trouble)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    first = bench.tick()
    started = time.monotonic()
    ticks = 0
    while time.monotonic() - started < 1.5:
        bench.tick()
        ticks += 1
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert not troubles
    assert len(answers) == 6
    assert min(answers) > 5
    assert bench.tick() == first + ticks + 1


def test_what_a_client_left_behind_stays(address: Address, bench: Bench) -> None:
    """Actors, settings and synchronous mode stay when a client goes, as in CARLA."""
    other = another_client(address)
    its_world = other.get_world()
    car = its_world.spawn_actor(bench.blueprint(CAR), bench.straight())
    number = car.id
    del car, its_world, other
    bench.tick(3)
    assert bench.world.get_actor(number).is_alive
    assert bench.world.get_settings().synchronous_mode


@pytest.mark.embedded
def test_a_program_starts_its_own_simulator_whatever_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "simulator.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with simulator.serve("Harbor") as server:
        assert another_client(Address(server.host, server.port)).get_server_version() == "0.9.16"


def test_an_unreachable_server_is_a_timeout_that_names_it() -> None:
    client = carla.Client("127.0.0.1", 9)
    client.set_timeout(0.3)
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:9"):
        client.get_world()
