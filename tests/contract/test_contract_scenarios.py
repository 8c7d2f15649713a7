"""What scenario_runner and the leaderboard do to a world, each habit in a test of its own."""

import json
import math
import subprocess
import sys

import carla
import pytest

from tests.contract.support import CAR, WALKER, Address, Bench

pytestmark = pytest.mark.loads_maps


def test_no_id_is_used_twice_not_even_in_another_world(bench: Bench) -> None:
    """A scenario of the last route, collected late, destroys its actors by id while the next route runs."""
    old = bench.car()
    bench.spawn("sensor.other.gnss", carla.Transform(), old)
    bench.tick()
    ids = [actor.id for actor in bench.world.get_actors()]
    world = bench.client.reload_world(False)
    bench = Bench(bench.client, world)
    new = bench.car()
    sensor = bench.spawn("sensor.other.gnss", carla.Transform(), new)
    bench.tick()
    assert not set(ids) & {actor.id for actor in world.get_actors()}
    assert sensor.id not in ids
    [response] = bench.client.apply_batch_sync([carla.command.DestroyActor(old.id)], True)
    assert response.has_error()
    assert [actor.id for actor in world.get_actors().filter(CAR)] == [new.id]


def test_a_spawn_succeeds_whatever_is_ordered_after_it(bench: Bench, manager: carla.TrafficManager) -> None:
    """scenario_runner's batches order an autopilot for every kind of actor."""
    command = carla.command
    ahead = bench.straight()
    orders = [
        (CAR, bench.ahead(ahead, 0.0, up_m=0.2)),
        (WALKER, bench.sidewalk_place()),
        ("static.prop.streetbarrier", bench.ahead(ahead, 30.0)),
    ]
    batch = [
        command.SpawnActor(bench.blueprint(type_id), place)
        .then(command.SetAutopilot(command.FutureActor, False, manager.get_port()))
        .then(command.SetVehicleLightState(command.FutureActor, carla.VehicleLightState.All))
        for type_id, place in orders
    ]
    responses = bench.client.apply_batch_sync(batch, True)
    assert [response.error for response in responses] == ["", "", ""]
    bench.tick()
    # The actors come in the order of the ids: scenario_runner pairs them with its requests.
    backwards = [response.actor_id for response in reversed(responses)]
    assert [actor.id for actor in bench.world.get_actors(backwards)] == backwards
    [car] = bench.world.get_actors([responses[0].actor_id])
    assert car.get_light_state() == carla.VehicleLightState.All


@pytest.mark.parametrize("yaw_deg", [0.0, 90.0, -90.0, 180.0, 45.0])
def test_a_car_is_never_level_to_the_last_bit(bench: Bench, yaw_deg: float) -> None:
    """The PythonAPI agents take the angle to a car ahead from the flat part of their own forward vector and see it
    when that angle is above 0: with a vector of length 1 a car straight ahead is not seen, and run into."""
    place = bench.straight()
    place.rotation.yaw = yaw_deg
    forward = bench.car(place).get_transform().get_forward_vector()
    angle = math.acos(min(math.hypot(forward.x, forward.y), 1.0))
    assert 1e-4 < angle < math.radians(0.1)


def test_a_traffic_manager_gets_the_map_that_is_loaded_after_it(address: Address, client: carla.Client) -> None:
    """The leaderboard makes its Traffic Manager once and loads a map for each route."""
    before = client.get_world().get_map().name.split("/")[-1]
    names = [name.split("/")[-1] for name in client.get_available_maps()]
    other = next(name for name in ("Orchard", "Town02") if name in names)
    command = [sys.executable, "-m", "tests.contract.traffic_over_loads", str(address.port), before, other, before]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    client.load_world_if_different(before)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for town in found:
        assert town["astray_m"] < 1.0, found
        assert town["way_m"] > 150.0, found
    # The same town is the same to it, whatever was loaded between.
    assert found[0] == pytest.approx(found[2], abs=1e-3)
