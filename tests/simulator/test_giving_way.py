"""Stop and yield signs hold vehicles as CARLA's do: red, and no light."""

import numpy as np
import pytest

from simulator.maps.library import MapLibrary
from simulator.maps.town import TownMap
from simulator.world.awareness import STOP_SIGN_S
from simulator.world.lights import GREEN, RED
from simulator.world.pose import Pose
from simulator.world.world import World

DT_S = 0.05


@pytest.fixture(scope="module")
def orchard() -> TownMap:
    return MapLibrary().load("Orchard")


def at_sign(world: World, row: int, back_m: float = 0.0) -> np.void:
    """A car before sign `row`, and its record."""
    ways = world.town.give_ways
    x = float(ways.x[row] - back_m * np.cos(ways.yaw[row]))
    y = float(ways.y[row] - back_m * np.sin(ways.yaw[row]))
    car = world.spawn(
        "vehicle.lincoln.mkz_2020", {}, Pose(x=x, y=y, z=float(ways.z[row]) + 0.3, yaw=float(ways.yaw[row]))
    )
    return world.vehicle_row(car)


def on_lane(world: World, lane: int) -> None:
    samples = world.town.samples
    k = (int(world.town.lanes.sample_start[lane]) + int(world.town.lanes.sample_start[lane + 1])) // 2
    place = Pose(x=float(samples.x[k]), y=float(samples.y[k]), z=float(samples.z[k]) + 0.3, yaw=float(samples.yaw[k]))
    world.spawn("vehicle.lincoln.mkz_2020", {}, place)


def states(world: World, record: np.void, seconds: float) -> list[int]:
    seen = []
    for _ in range(round(seconds / DT_S)):
        world.step(DT_S)
        seen.append(int(record["traffic_light_state"]))
    return seen


def test_a_stop_sign_holds_for_two_seconds_and_then_lets_go(orchard: TownMap) -> None:
    world = World(orchard)
    record = at_sign(world, int(np.flatnonzero(orchard.give_ways.stop == 1)[0]))
    seen = states(world, record, STOP_SIGN_S + 1.0)
    red = seen.count(RED)
    assert seen == [RED] * red + [GREEN] * (len(seen) - red)
    assert red * DT_S == pytest.approx(STOP_SIGN_S, abs=2 * DT_S)
    assert not record["has_traffic_light"]


def test_a_yield_sign_lets_go_at_once_when_nobody_comes(orchard: TownMap) -> None:
    world = World(orchard)
    record = at_sign(world, int(np.flatnonzero(orchard.give_ways.stop == 0)[0]))
    assert set(states(world, record, 1.0)) == {GREEN}


@pytest.mark.parametrize("stop", [0, 1])
def test_both_hold_while_another_is_where_the_ways_cross(orchard: TownMap, stop: int) -> None:
    ways = orchard.give_ways
    row = int(np.flatnonzero(ways.stop == stop)[0])
    world = World(orchard)
    record = at_sign(world, row)
    on_lane(world, int(ways.lanes[ways.lane_start[row]]))
    assert set(states(world, record, STOP_SIGN_S + 3.0)) == {RED}


def test_before_the_box_and_against_it_nobody_is_held(orchard: TownMap) -> None:
    row = int(np.flatnonzero(orchard.give_ways.stop == 1)[0])
    world = World(orchard)
    assert set(states(world, at_sign(world, row, back_m=15.0), 1.0)) == {GREEN}


def test_coming_again_is_stopping_again(orchard: TownMap) -> None:
    world = World(orchard)
    row = int(np.flatnonzero(orchard.give_ways.stop == 1)[0])
    record = at_sign(world, row)
    states(world, record, STOP_SIGN_S + 1.0)
    actor = world.actors[int(record["actor"])]
    here = float(actor["x"])
    actor["x"] = here + 100.0
    states(world, record, DT_S)
    actor["x"] = here
    assert states(world, record, 1.0)[-1] == RED


def test_every_stop_and_yield_sign_of_our_towns_gives_way_to_somebody() -> None:
    for name in ("Orchard", "Interchange", "Quarter", "Ridge"):
        town = MapLibrary().load(name)
        ways = town.give_ways
        signs = sum(kind in ("traffic.stop", "traffic.yield") for kind in town.signals.type_id)
        assert len(ways.x) >= signs > 0
        assert (np.diff(ways.lane_start) > 0).all(), name
        assert (town.lanes.junction[ways.lanes] >= 0).all()


def test_own_ways_are_not_among_those_in_conflict(orchard: TownMap) -> None:
    """A lane that begins where one stops is one's own way."""
    ways, lanes, samples = orchard.give_ways, orchard.lanes, orchard.samples
    for row in range(len(ways.x)):
        for lane in ways.lanes[ways.lane_start[row] : ways.lane_start[row + 1]]:
            first, last = lanes.sample_start[lane], lanes.sample_start[lane + 1] - 1
            ends = np.array([[samples.x[first], samples.y[first]], [samples.x[last], samples.y[last]]])
            yaw = samples.yaw[first]
            begin = ends[0] if (ends[1] - ends[0]) @ (np.cos(yaw), np.sin(yaw)) > 0 else ends[1]
            ahead = begin - (ways.x[row], ways.y[row])
            assert np.linalg.norm(ahead) > 2.0
