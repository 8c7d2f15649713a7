"""The expert's parts with drawn ways and others; that it drives well is what the harness's own tests show."""

import math

import numpy as np
import pytest

from agent.expert import following
from agent.expert.conflicts import Ego, blockers, leaders
from agent.expert.path import Path
from agent.expert.pedals import Pedals, Wheel
from agent.expert.stops import _crossings
from agent.expert.surroundings import BICYCLE, PROP, VEHICLE, WALKER, Others

HALF_X, HALF_Y = 2.45, 0.92


def straight(length_m: float = 200.0) -> Path:
    x = np.arange(0.0, length_m)
    return Path.through(np.stack((x, np.zeros_like(x), np.zeros_like(x)), axis=1))


def others(*rows: dict[str, float]) -> Others:
    """Each: x, y and what differs from a car that stands and faces along x."""
    base = {
        "id": 7,
        "kind": VEHICLE,
        "x": 0.0,
        "y": 0.0,
        "z": 0.0,
        "yaw_rad": 0.0,
        "vx": 0.0,
        "vy": 0.0,
        "turn_radps": 0.0,
    }
    full = [{**base, "half_x": 2.4, "half_y": 1.0, "still_s": 0.0, "drove": 0.0, **row} for row in rows]
    columns = {name: np.array([row[name] for row in full]) for name in Others.__slots__}
    return Others(**{**columns, "id": columns["id"].astype(np.int64), "kind": columns["kind"].astype(np.int64)})


def ego(along_m: float = 20.0, speed_mps: float = 10.0) -> Ego:
    return Ego(along_m, speed_mps, HALF_X, HALF_Y, limit_mps=12.0)


# -- the way -----------------------------------------------------------------------------------------------------------


def test_a_place_beside_the_way_is_as_far_along_as_its_foot() -> None:
    path = straight()
    path.index = 30
    assert path.locate(33.4, 2.0) == pytest.approx(33.4)


def test_a_way_that_crosses_itself_is_not_jumped_over() -> None:
    """An eight: at the crossing the driver stays on the branch that it is on."""
    t = np.linspace(0.0, 2.0 * math.pi, 400)
    path = Path.through(np.stack((60.0 * np.sin(t), 30.0 * np.sin(2.0 * t), np.zeros_like(t)), axis=1))
    along = []
    for x, y, _ in path.points[:-1]:
        along.append(path.locate(float(x), float(y)))
    assert (np.diff(along) > 0.0).all()
    assert (np.diff(along) < 5.0).all()


def test_a_shift_moves_the_driven_line_to_the_right() -> None:
    path = straight()
    path.shift_m[:] = 3.0
    assert path.at(50.0) == pytest.approx((50.0, 3.0))  # y grows to the right of x


def test_curvature_of_a_circle() -> None:
    angle = np.arange(0.0, 3.0, 1.0 / 25.0)
    path = Path.through(np.stack((25.0 * np.cos(angle), 25.0 * np.sin(angle), np.zeros_like(angle)), axis=1))
    assert path.curvature(10, 50) == pytest.approx(1.0 / 25.0, rel=0.02)


def test_one_point_is_no_way() -> None:
    with pytest.raises(ValueError, match="two points"):
        Path.through(np.zeros((3, 3)))


# -- wheel and pedals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("y", "sign"), [(-1.0, 1.0), (0.0, 0.0), (1.0, -1.0)])
def test_it_steers_back_to_the_way(y: float, sign: float) -> None:
    steer = Wheel().steer(straight(), 20.0, 20.0, y, 0.0, 8.0)
    assert np.sign(round(steer, 6)) == sign
    assert abs(steer) <= 1.0


def test_pedals_hold_a_speed_against_resistance() -> None:
    """A car that needs a fifth of its throttle to keep 10 m/s."""
    pedals, speed = Pedals(), 0.0
    for _ in range(1200):
        throttle, brake = pedals.press(following.free_road(speed, 10.0), speed, 0.05)
        assert throttle == 0.0 or brake == 0.0
        speed = max(speed + 0.05 * (5.0 * throttle - 8.0 * brake - 0.1 * speed), 0.0)
    assert speed == pytest.approx(10.0, abs=1.0)


def test_it_stands_with_the_brake() -> None:
    assert Pedals().press(-1.0, 0.1, 0.05) == (0.0, 1.0)


# -- following ---------------------------------------------------------------------------------------------------------


def test_the_closer_the_leader_the_harder_the_braking() -> None:
    gaps = [following.idm(10.0, 12.0, gap, 5.0, following.VEHICLE) for gap in (60.0, 30.0, 15.0, 8.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < -3.0


def test_a_free_road_ends_at_the_limit() -> None:
    assert following.free_road(0.0, 12.0) > 2.0
    assert following.free_road(12.0, 12.0) == pytest.approx(0.0)
    assert following.free_road(15.0, 12.0) < -1.0


# -- who is in the way -------------------------------------------------------------------------------------------------


def test_a_car_ahead_is_a_leader_with_its_gap_and_speed() -> None:
    (leader,) = leaders(straight(), ego(), others({"x": 50.0, "vx": 6.0}))
    assert leader.gap_m == pytest.approx(50.0 - 2.4 - 20.0 - HALF_X, abs=0.1)
    assert leader.speed_mps == pytest.approx(6.0)


@pytest.mark.parametrize(
    "row",
    [{"x": 50.0, "y": 3.5}, {"x": 50.0, "y": -3.5, "yaw_rad": math.pi, "vx": -12.0}, {"x": 5.0, "vx": 14.0}],
    ids=["the lane beside", "the lane against us", "behind us"],
)
def test_who_is_elsewhere_is_none(row: dict[str, float]) -> None:
    assert leaders(straight(), ego(), others(row)) == []


def bend(radius_m: float = 60.0) -> Path:
    """To the left."""
    angle = np.arange(0.0, 2.5, 1.0 / radius_m)
    return Path.through(
        np.stack((radius_m * np.sin(angle), radius_m * (np.cos(angle) - 1.0), np.zeros_like(angle)), axis=1)
    )


def oncoming_on(path: Path, along_m: float, side_m: float, speed_mps: float) -> Others:
    """Drives against us beside the way and does not turn its wheel yet."""
    x, y = path.at(along_m)
    yaw = float(np.interp(along_m, path.along_m, path.yaw_rad))
    place = {"x": x - math.sin(yaw) * side_m, "y": y + math.cos(yaw) * side_m, "yaw_rad": yaw + math.pi}
    return others({**place, "vx": -speed_mps * math.cos(yaw), "vy": -speed_mps * math.sin(yaw)})


def test_oncoming_traffic_follows_the_road_round_a_bend() -> None:
    path = bend()
    assert leaders(path, ego(), oncoming_on(path, 60.0, -3.5, 14.0)) == []


def test_in_a_junction_nobody_is_taken_to_follow_our_road() -> None:
    path = bend()
    path.in_junction[:] = True
    assert leaders(path, ego(), oncoming_on(path, 60.0, -3.5, 14.0))


def test_one_who_changes_into_our_lane_is_seen_coming() -> None:
    beside = {"x": 34.0, "y": -3.5, "vx": 8.0, "vy": 1.5, "yaw_rad": 0.18}
    (leader,) = leaders(straight(), ego(), others(beside))
    assert leader.acceleration_mps2 < following.free_road(10.0, 12.0)


def test_who_is_on_a_bridge_is_not_in_the_way() -> None:
    assert leaders(straight(), ego(), others({"x": 50.0, "z": 6.0})) == []


def test_a_way_goes_on_beyond_its_end() -> None:
    path = Path.through(np.column_stack((np.arange(0.0, 50.0), np.zeros((50, 2)))), 30.0)
    assert (path.end_m, path.length_m) == (49.0, 79.0)
    assert path.at(75.0) == pytest.approx((75.0, 0.0))


def test_one_who_will_cross_just_then_is_braked_for() -> None:
    """Crosses from the left 30 m ahead, which we reach in some 2 s."""
    crossing = {"x": 52.0, "y": -16.0, "yaw_rad": math.pi / 2, "vy": 8.0}
    (leader,) = leaders(straight(), ego(), others(crossing))
    assert leader.acceleration_mps2 < following.free_road(10.0, 12.0) - 1.0
    assert leader.speed_mps == pytest.approx(0.0, abs=0.1)


def test_one_who_will_have_crossed_long_before_is_not() -> None:
    crossing = {"x": 95.0, "y": -6.0, "yaw_rad": math.pi / 2, "vy": 10.0}
    assert leaders(straight(), ego(speed_mps=5.0), others(crossing)) == []


def test_walkers_get_a_wider_berth_than_cars() -> None:
    beside = {"x": 45.0, "y": HALF_Y + 0.7}
    small = {"half_x": 0.2, "half_y": 0.2}
    assert leaders(straight(), ego(), others({**beside, **small, "kind": WALKER}))
    assert leaders(straight(), ego(), others({**beside, **small, "kind": BICYCLE})) == []


def test_blockers_stand_for_a_while_or_are_things() -> None:
    standing = others({"x": 40.0, "still_s": 10.0}, {"x": 50.0, "still_s": 1.0}, {"x": 60.0, "kind": PROP})
    found = blockers(straight(), ego(), standing, 45.0, 6.0, 60.0)
    assert [row for _, _, row in found] == [0, 2]
    assert found[0][0] == pytest.approx(37.6, abs=0.1)


def test_who_was_seen_driving_is_given_longer() -> None:
    waits = {"x": 40.0, "drove": 1.0}
    standing = others({**waits, "still_s": 10.0}, {**waits, "x": 50.0, "still_s": 61.0})
    assert [row for _, _, row in blockers(straight(), ego(), standing, 45.0, 6.0, 60.0)] == [1]


# -- lights ------------------------------------------------------------------------------------------------------------


def test_a_stop_line_is_found_as_often_as_the_way_passes_it() -> None:
    lap = np.concatenate(
        [np.stack((np.arange(0.0, 60.0), np.zeros(60)), axis=1), [[60.0, 8.0], [-4.0, 8.0], [-4.0, 0.0]]]
    )
    twice = np.concatenate((lap, lap))
    path = Path.through(np.column_stack((twice, np.zeros(len(twice)))))
    found = _crossings(path, 30.0, 0.3, 0.0)
    assert len(found) == 2
    assert found[1] - found[0] == pytest.approx(path.length_m / 2, abs=5.0)
    assert _crossings(path, 30.0, 0.3, math.pi) == []
    assert _crossings(path, 30.0, 3.0, 0.0) == []
