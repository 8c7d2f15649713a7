"""The traffic around a route, in the embedded simulator."""

import math
import random
from types import SimpleNamespace

import carla
import pytest

import simulator
from leaderboard.background import CLEAR_OF_EGO_M, Background
from leaderboard.criteria.view import Place

pytestmark = pytest.mark.timeout(300)

EGO = carla.Location(264.8, -436.1, 0.0)
ROUTE = [Place(264.8, -436.1 + metres, 0.0) for metres in range(100)]
WALKERS = 12


@pytest.fixture(scope="module")
def live():
    with simulator.serve("Harbor") as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(60.0)
        settings = client.get_world().get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        client.get_world().apply_settings(settings)
        yield SimpleNamespace(client=client, settings=settings)


def walk(live, seed, ticks=100):
    """Where walkers are in the first tick of a new episode and after some seconds."""
    world = live.client.load_world("Harbor", reset_settings=False)
    world.set_pedestrians_seed(seed)
    world.tick()
    traffic = Background(live.client, world)
    traffic.spawn_walkers(WALKERS, EGO, ROUTE, random.Random(seed))
    world.tick()
    traffic.start_walkers()
    begin = places_of(traffic)
    for _ in range(ticks):
        world.tick()
    return traffic, begin, places_of(traffic)


def places_of(traffic):
    return [(place.x, place.y, place.z) for place in (walker.get_location() for walker in traffic.walkers)]


@pytest.fixture(scope="module")
def walked(live):
    return walk(live, seed=3)


def test_walkers_are_as_many_as_were_asked_for_and_keep_clear_of_the_ego(walked):
    traffic, begin, _ = walked
    assert len(traffic.walkers) == WALKERS
    assert all(carla.Location(*place).distance(EGO) > CLEAR_OF_EGO_M - 1.0 for place in begin)
    assert {walker.attributes["role_name"] for walker in traffic.walkers} == {"background"}


def test_those_near_the_route_come_first(walked):
    _, begin, _ = walked
    gaps = [min(carla.Location(*place).distance(carla.Location(*point)) for point in ROUTE) for place in begin]
    assert max(gaps) < 250.0


def test_walkers_walk(walked):
    _, begin, end = walked
    gone_m = [math.dist(before, after) for before, after in zip(begin, end, strict=True)]
    assert sum(metres > 2.0 for metres in gone_m) > WALKERS / 2


def test_the_seed_decides(live, walked):
    """After the first episode: of a client's first one walkers choose otherwise, the same in each new process."""
    again = walk(live, seed=3)[1:]
    assert walk(live, seed=3)[1:] == again
    assert walk(live, seed=4)[1:] != again
