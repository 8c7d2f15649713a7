"""What scenario_runner and the leaderboard do to a world, each habit in a test of its own."""

import carla

from tests.contract.support import CAR, Bench


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
