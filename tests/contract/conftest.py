"""The official client against a simulator: one server for the session, an empty asynchronous world for each test.

`pytest tests/contract --carla HOST:PORT` runs the same tests against a server that is already there, such as a real
CARLA; tests that hold for the embedded simulator alone are skipped then.
"""

from collections.abc import Iterator
from pathlib import Path

import carla
import pytest

import simulator
from tests.contract.support import DELTA_S, Address, Bench, another_client, clean, free_port

# A town of ours with signals, parking, crosswalks and sidewalks.
TOWN = "Harbor"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--carla", metavar="HOST:PORT", help="test this server instead of the embedded simulator")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "loads_maps: loads maps and makes no Traffic Manager, so it runs first")
    config.addinivalue_line("markers", "embedded: holds for the embedded simulator only, not for a real CARLA")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mine = [item for item in items if Path(__file__).parent in item.path.parents]
    # A map that is loaded while threads of a Traffic Manager still live in this process can end it (a bug of the
    # client, docs/howto/troubleshooting.md): what loads maps comes before what makes Traffic Managers.
    mine.sort(key=lambda item: item.get_closest_marker("loads_maps") is None)
    items[:] = mine + [item for item in items if Path(__file__).parent not in item.path.parents]
    if mine:
        # The first one starts the simulator, which compiles its kernels after an edit.
        mine[0].add_marker(pytest.mark.timeout(600))
    if config.getoption("--carla", default=None):
        skip = pytest.mark.skip(reason="holds for the embedded simulator only")
        for item in items:
            if item.get_closest_marker("embedded"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> Iterator[Address]:
    """Where the server is; the embedded simulator is started when none was named."""
    given = request.config.getoption("--carla", default=None)
    if given:
        host, _, port = given.rpartition(":")
        yield Address(host or "127.0.0.1", int(port))
    else:
        with simulator.serve(TOWN) as server:
            yield Address(server.host, server.port)


@pytest.fixture(scope="session")
def client(address: Address) -> carla.Client:
    return another_client(address)


@pytest.fixture
def world(client: carla.Client) -> Iterator[carla.World]:
    """An empty asynchronous world, and left as such."""
    world = client.get_world()
    yield world
    clean(client)


@pytest.fixture
def sync_world(world: carla.World) -> carla.World:
    """An empty world that waits for ticks of 0.05 s."""
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = 0.05
    world.apply_settings(settings)
    world.tick()
    return world


@pytest.fixture
def bench(client: carla.Client, sync_world: carla.World) -> Bench:
    """What most tests need: spawning, ticking, and places to drive and walk."""
    return Bench(client, sync_world)


@pytest.fixture
def manager(bench: Bench) -> Iterator[carla.TrafficManager]:
    """A synchronous Traffic Manager; its cars go before it does.

    Every test that turns an autopilot on or off names its port: the client makes a manager for any port it hears of,
    and one that is left behind, asynchronous, ends the process at the next load of a map.
    """
    manager = bench.client.get_trafficmanager(free_port())
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    yield manager
    settings = bench.world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = DELTA_S
    bench.world.apply_settings(settings)
    manager.set_synchronous_mode(True)
    bench.tick()
    for car in bench.world.get_actors().filter("vehicle.*"):
        bench.destroy(car)
    bench.tick(2)
    manager.set_synchronous_mode(False)
    manager.shut_down()
