"""Loading worlds: settings, actors, lights and names over a load (section 7, needs B1, B2, C12, C14, C15)."""

import time
from collections.abc import Iterator
from pathlib import Path

import carla
import pytest

from tests.contract.support import CAR, DELTA_S, Address, Bench, another_client

pytestmark = pytest.mark.loads_maps

SHARED = Path(__file__).parents[2].parent / "shared"


def short(world: carla.World) -> str:
    name: str = world.get_map().name.split("/")[-1]
    return name


@pytest.fixture
def towns(client: carla.Client, bench: Bench) -> Iterator[tuple[str, str]]:
    """The town that is loaded and another one; the first is there again afterwards."""
    first = short(bench.world)
    others = [name.split("/")[-1] for name in client.get_available_maps() if not name.endswith(f"/{first}")]
    yield first, next(name for name in ("Orchard", "Town02", *others) if name in others)
    if short(client.get_world()) != first:
        client.load_world(first, reset_settings=False)


def test_a_map_is_loaded_by_its_short_and_its_full_name(client: carla.Client, towns: tuple[str, str]) -> None:
    first, second = towns
    assert short(client.load_world(second)) == second
    assert short(client.load_world(f"/Game/Carla/Maps/{first}")) == first
    assert short(client.load_world(f"Carla/Maps/{second}")) == second


def test_a_large_map_is_loaded_by_its_double_name(client: carla.Client, towns: tuple[str, str]) -> None:
    """Town12 is 'Town12/Town12' for some callers."""
    second = towns[1]
    assert short(client.load_world(f"{second}/{second}")) == second


def test_an_unknown_map_is_refused_and_the_world_goes_on(bench: Bench) -> None:
    car = bench.car()
    before = bench.tick()
    with pytest.raises(RuntimeError, match="Map 'Atlantis' not found"):
        bench.client.load_world("Atlantis")
    with pytest.raises(RuntimeError, match="not found"):
        bench.client.load_world("../../etc/passwd")
    assert bench.tick() == before + 1
    assert car.is_alive
    assert bench.world.get_settings().synchronous_mode


def test_settings_survive_a_load_that_keeps_them(client: carla.Client, towns: tuple[str, str]) -> None:
    """The leaderboard sets synchronous mode once, before any load."""
    before = client.get_world().get_settings()
    assert before.synchronous_mode
    world = client.load_world(towns[1], reset_settings=False)
    assert world.get_settings() == before
    frame = world.get_snapshot().frame
    time.sleep(0.3)
    assert world.get_snapshot().frame == frame
    assert world.tick() == frame + 1
    assert world.get_snapshot().timestamp.delta_seconds == pytest.approx(DELTA_S, abs=1e-7)


def test_settings_are_reset_by_a_load_that_resets_them(client: carla.Client, towns: tuple[str, str]) -> None:
    world = client.load_world(towns[1])
    settings = world.get_settings()
    assert not settings.synchronous_mode
    assert not settings.fixed_delta_seconds
    assert world.wait_for_tick(5.0).frame < world.wait_for_tick(5.0).frame


def test_a_load_leaves_no_actors(bench: Bench, towns: tuple[str, str]) -> None:
    car = bench.car()
    bench.walker()
    bench.sensor("sensor.other.gnss", car)
    bench.spawn("static.prop.constructioncone", bench.ahead(bench.straight(), 20.0))
    bench.tick()
    world = bench.client.load_world(towns[1], reset_settings=False)
    world.tick()
    kinds = {actor.type_id.split(".")[0] for actor in world.get_actors()}
    assert kinds <= {"traffic", "spectator"}


def test_lights_are_in_the_first_state_after_a_load(client: carla.Client, towns: tuple[str, str]) -> None:
    """scenario_runner resets all lights right after the load, before any tick."""
    first, second = towns
    client.load_world(second, reset_settings=False)
    world = client.load_world(first, reset_settings=False)
    world.reset_all_traffic_lights()
    lights = world.get_actors().filter("traffic.traffic_light")
    assert len(lights) == len({landmark.id for landmark in world.get_map().get_all_landmarks_of_type("1000001")})


def test_the_new_map_is_the_one_that_the_client_gets(client: carla.Client, towns: tuple[str, str]) -> None:
    before = client.get_world().get_map()
    after = client.load_world(towns[1], reset_settings=False).get_map()
    assert after.name != before.name
    assert after.to_opendrive() != before.to_opendrive()
    assert [p.location for p in after.get_spawn_points()] != [p.location for p in before.get_spawn_points()]


def test_time_starts_anew_and_frames_go_on(bench: Bench, towns: tuple[str, str]) -> None:
    bench.seconds(3.0)
    before = bench.world.get_snapshot()
    world = bench.client.load_world(towns[1], reset_settings=False)
    world.tick()
    after = world.get_snapshot()
    assert after.frame > before.frame
    assert after.timestamp.elapsed_seconds < before.timestamp.elapsed_seconds
    assert world.id != bench.world.id


def test_weather_starts_anew(bench: Bench, towns: tuple[str, str]) -> None:
    before = bench.world.get_weather()
    bench.world.set_weather(carla.WeatherParameters.HardRainNight)
    assert str(bench.client.load_world(towns[1], reset_settings=False).get_weather()) == str(before)


def test_reloading_makes_a_new_world_of_the_same_map(bench: Bench) -> None:
    car = bench.car()
    name = bench.map.name
    world = bench.client.reload_world(False)
    assert world.get_map().name == name
    assert world.get_settings().synchronous_mode
    world.tick()
    assert not world.get_actors().filter("vehicle.*")
    assert world.get_actor(car.id) is None or world.get_actor(car.id).type_id != CAR


def test_a_map_is_loaded_only_if_it_is_another(client: carla.Client, towns: tuple[str, str]) -> None:
    before = client.get_world().id
    client.load_world_if_different(towns[0])
    assert client.get_world().id == before
    client.load_world_if_different(towns[1])
    assert client.get_world().id != before


def test_other_clients_follow_into_the_new_world(address: Address, bench: Bench, towns: tuple[str, str]) -> None:
    other = another_client(address)
    other.get_world()
    world = bench.client.load_world(towns[1], reset_settings=False)
    world.tick()
    assert short(other.get_world()) == towns[1]
    assert other.get_world().id == world.id


def test_drives_go_on_in_a_new_world(client: carla.Client, towns: tuple[str, str]) -> None:
    for name in (towns[1], towns[0], towns[1]):
        bench = Bench(client, client.load_world(name, reset_settings=False))
        car = bench.car(bench.map.get_spawn_points()[0])
        before = car.get_location()
        inbox = bench.sensor("sensor.other.imu", car)
        car.apply_control(carla.VehicleControl(throttle=0.8))
        frames = [bench.tick() for _ in range(40)]
        assert [inbox.get().frame for _ in frames] == frames
        assert car.get_location().distance(before) > 3.0


def test_an_opendrive_text_becomes_the_map_opendrivemap(client: carla.Client, towns: tuple[str, str]) -> None:
    text = client.get_world().get_map().to_opendrive()
    parameters = carla.OpendriveGenerationParameters(2.0, 50.0, 1.0, 0.6, True, True)
    world = client.generate_opendrive_world(text, parameters, False)
    assert short(world) == "OpenDriveMap"
    assert world.get_settings().synchronous_mode
    world.tick()
    bench = Bench(client, world)
    assert bench.car(bench.map.get_spawn_points()[0]).get_velocity().length() < 0.1


@pytest.mark.embedded
@pytest.mark.parametrize("text", ["", "no map at all", "<OpenDRIVE></OpenDRIVE>", "<OpenDRIVE><road id='1'"])
def test_a_bad_opendrive_text_is_refused_and_the_world_goes_on(bench: Bench, text: str) -> None:
    car = bench.car()
    before = bench.tick()
    with pytest.raises(RuntimeError, match="OpenDRIVE"):
        bench.client.generate_opendrive_world(text)
    assert bench.tick() == before + 1
    assert car.is_alive


@pytest.mark.skipif(not (SHARED / "maps").is_dir(), reason="the folder with CARLA's own maps is not there")
@pytest.mark.embedded
def test_a_town_of_carlas_is_loaded_from_its_opendrive(client: carla.Client, towns: tuple[str, str]) -> None:
    text = (SHARED / "maps" / "Town01.xodr").read_text()
    bench = Bench(client, client.generate_opendrive_world(text, reset_settings=False))
    car = bench.car(bench.map.get_spawn_points()[0])
    car.apply_control(carla.VehicleControl(throttle=0.7))
    bench.seconds(2.0)
    assert car.get_velocity().length() > 3.0
    assert len(bench.world.get_actors().filter("traffic.traffic_light")) == 36


def test_calls_of_other_clients_are_answered_while_a_map_is_loaded(
    address: Address, client: carla.Client, towns: tuple[str, str]
) -> None:
    other = another_client(address)
    world = other.get_world()
    slowest = 0.0
    client.load_world(towns[1], reset_settings=False)
    for _ in range(50):
        started = time.monotonic()
        world.get_weather()
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 1.0
