"""Bench2Drive's abilities, efficiency and comfort: as its tools count, and comfort as physics has it."""

from pathlib import Path

import carla
import numpy as np
import pytest

from leaderboard.log.motion import read_motion
from leaderboard.log.trace import ControlState, EgoState, TraceWriter
from leaderboard.profiles import PROFILES
from leaderboard.routes import load_suite
from leaderboard.scoring.bench2drive import (
    ABILITIES,
    Motion,
    abilities,
    comfort,
    comfort_physical,
    comfort_published,
    driving_efficiency,
    savgol,
)
from leaderboard.scoring.results import route_result
from scenarios.events import Outcome, Place
from tests.leaderboard.facts import completed, ended, progress, red_light, speed, started, stop_sign, vehicle

B2D = PROFILES["bench2drive"]
SUITE = Path(__file__).parents[2].parent / "shared" / "routes" / "bench2drive220.xml"


def result(kind, *events, index=0, outcome=Outcome.COMPLETED, **start):
    return route_result(
        [started(profile="bench2drive", **start), *events, ended(outcome)],
        B2D,
        index=index,
        route_id=str(index),
        repetition=0,
        town="Harbor",
        scenario_types=(kind,),
        outcome=outcome,
        duration_system_s=1.0,
    )


# --- abilities --------------------------------------------------------------------------------------------------------


def test_the_suite_gives_the_published_denominators():
    if not SUITE.exists():
        pytest.skip("the public route files are not here")
    results = [
        result(route.scenarios[0].type, completed(), index=index)
        for index, route in enumerate(load_suite(SUITE).routes)
    ]
    table = abilities(results)
    assert table.routes == {
        "Overtaking": 45,
        "Merging": 80,
        "Emergency_Brake": 60,
        "Give_Way": 10,
        "Traffic_Signs": 95,
    }
    assert table.mean == 1.0
    assert set(table.shares.values()) == {1.0}


def test_every_type_of_the_suite_has_an_ability():
    if not SUITE.exists():
        pytest.skip("the public route files are not here")
    types = {route.scenarios[0].type for route in load_suite(SUITE).routes}
    assert types == set().union(*ABILITIES.values()) & types


def test_shares_of_success():
    table = abilities(
        [
            result("Accident", completed(), speed(20.0)),
            result("Accident", completed(), vehicle()),
            result("HazardAtSideLane", progress(50.0)),
            result("ParkedObstacle", outcome=Outcome.SIMULATOR_LOST),
        ]
    )
    assert table.shares["Overtaking"] == pytest.approx(1 / 3)
    assert table.routes["Overtaking"] == 3
    assert table.shares["Give_Way"] is None
    # A mean of five abilities of which four are unknown would be a number about something else.
    assert table.mean is None


@pytest.mark.parametrize(
    ("events", "start", "counts"),
    [
        # Past its first junction (point 40 of 1001 and 8 more, counted from 1) although it failed later.
        ((progress(4.91),), {}, True),
        ((progress(4.89),), {}, False),
        ((progress(50.0), vehicle()), {}, True),
        ((progress(50.0), red_light()), {}, False),
        ((progress(50.0), stop_sign()), {}, False),
        ((progress(50.0),), {"first_junction_point": None}, False),
        ((completed(),), {"first_junction_point": None}, True),
    ],
)
def test_a_failed_route_may_have_obeyed_its_signs(events, start, counts):
    table = abilities([result("T_Junction", *events, outcome=Outcome.BLOCKED, **start)])
    assert table.shares["Traffic_Signs"] == (1.0 if counts else 0.0)
    other = abilities([result("Accident", *events, outcome=Outcome.BLOCKED, **start)])
    assert other.shares["Overtaking"] == (1.0 if events == (completed(),) else 0.0)


# --- efficiency -------------------------------------------------------------------------------------------------------


def test_driving_efficiency():
    results = [
        result("Accident", speed(50.0, 1, 1), speed(150.0, 2, 2), completed()),
        result("Accident", speed(300.0, 1, 1), speed(1000.01, 2, 2), speed(1000.0, 3, 3), completed()),
        result("Accident", speed(5000.0), completed()),
        result("Accident", completed()),
        result("Accident", speed(1.0), outcome=Outcome.SIMULATOR_LOST),
    ]
    assert driving_efficiency(results) == (100.0 + 650.0) / 2
    assert driving_efficiency(results[2:]) is None


def test_efficiency_reads_the_whole_number_of_no_traffic():
    assert driving_efficiency([result("Accident", speed(100.0, traffic_mps=0.0))]) == 100.0


# --- comfort ----------------------------------------------------------------------------------------------------------


def test_the_filter_is_scipy_s():
    """Values of scipy.signal.savgol_filter(x, 7, 2), and with deriv=1, delta=0.1."""
    values = np.array([0.0, 0.644, 1.971, 2.59, 1.34, -1.754, -5.229, -6.877, -5.05, 0.151, 6.57, 10.87])
    smooth = [
        -0.56452381, 1.445571429, 2.35, 2.148761905, 0.813714286, -2.015,
        -5.000047619, -6.21152381, -4.281666667, -0.812, 4.704285714, 12.267190476,
    ]  # fmt: skip
    slope = [
        25.629285714, 14.572619048, 3.515952381, -7.540714286, -14.7525, -16.630714286,
        -9.007142857, 7.028214286, 24.463571429, 44.929761905, 65.395952381, 85.862142857,
    ]  # fmt: skip
    assert savgol(values) == pytest.approx(smooth, abs=1e-8)
    assert savgol(values, derivative_step_s=0.1) == pytest.approx(slope, abs=1e-7)


def motion(count=40, lon=0.0, lat=0.0, yaw_rate_degps=0.0, yaw=0.0):
    """Straight or constant motion; every argument may be a number or one for each tick."""
    ones = np.ones(count)
    forward = np.stack([np.cos(yaw) * ones, np.sin(yaw) * ones], axis=1)
    right = np.stack([-np.sin(yaw) * ones, np.cos(yaw) * ones], axis=1)
    acceleration = forward * (np.asarray(lon) * ones)[:, None] + right * (np.asarray(lat) * ones)[:, None]
    return Motion(
        acceleration=acceleration, yaw_rate_degps=np.asarray(yaw_rate_degps) * ones, forward=forward, right=right
    )


@pytest.mark.parametrize(
    ("changes", "published", "physical"),
    [
        ({}, 1.0, 1.0),
        ({"lon": 2.3}, 1.0, 1.0),
        ({"lon": 2.5}, 0.0, 0.0),
        ({"lon": -4.0}, 1.0, 1.0),
        ({"lon": -4.1}, 0.0, 0.0),
        ({"lat": 4.8}, 1.0, 1.0),
        ({"lat": -5.0}, 0.0, 0.0),
        ({"lat": 4.8, "yaw": 1.2}, 1.0, 1.0),
        ({"lon": 2.5, "yaw": 1.2}, 0.0, 0.0),
        # A gentle bend, 10 degrees a second: the published code takes it for 10 radians.
        ({"yaw_rate_degps": 10.0}, 0.0, 1.0),
        ({"yaw_rate_degps": 0.9}, 1.0, 1.0),
        # 54.4 degrees a second are 0.95 radians.
        ({"yaw_rate_degps": 54.0}, 0.0, 1.0),
        ({"yaw_rate_degps": 55.0}, 0.0, 0.0),
        # Ramps of 4 and 5 m/s^3 in ticks of 0.05 s; the published code takes the ticks for 0.1 s and sees half of it.
        ({"lon": 4.0 * 0.05 * (np.arange(40) % 20 - 10)}, 1.0, 1.0),
        ({"lon": 5.0 * 0.05 * (np.arange(40) % 20 - 10)}, 1.0, 0.0),
    ],
)
def test_what_is_comfortable(changes, published, physical):
    assert comfort_published(motion(**changes)) == published
    assert comfort_physical(motion(**changes)) == physical


def test_a_fast_swing_has_yaw_acceleration_only_in_physics():
    """20 degrees/s up and down, once a second: 125 degrees/s^2 at most, more than 1.93 rad/s^2 = 111 degrees/s^2."""
    swing = motion(yaw_rate_degps=20.0 * np.sin(2 * np.pi * np.arange(40) * 0.05))
    slow = motion(yaw_rate_degps=20.0 * np.sin(2 * np.pi * np.arange(40) * 0.025))
    assert comfort_physical(swing) == 0.0
    assert comfort_physical(slow) == 1.0
    assert comfort_published(slow) < 1.0


def test_pieces_of_twenty_samples():
    rough = np.zeros(65)
    rough[25] = 30.0
    assert comfort_published(motion(65, lon=rough)) == pytest.approx(2 / 3)
    rough[25], rough[62] = 0.0, 30.0
    # The last piece is not full and does not count.
    assert comfort_published(motion(65, lon=rough)) == 1.0
    assert comfort_published(motion(20, lon=2.5)) == 0.0
    assert comfort_published(motion(7)) == 1.0
    assert comfort_published(motion(6)) is None


def test_comfort_of_a_suite():
    assert comfort([1.0, None, 0.5]) == 0.75
    assert comfort([None]) is None


def test_motion_comes_from_the_trace(tmp_path):
    path = tmp_path / "trace.mcap"
    pose = (1.0, 2.0, 3.0, 5.0, 30.0, -7.0)
    state = EgoState(*pose, Place(1, 0, 0), Place(0.5, -0.25, 9.0), Place(1.0, 2.0, 12.5), 30.0, Place(2.4, 0.9, 0.7))
    with TraceWriter(path) as trace:
        for frame in range(3):
            trace.tick(frame, frame * 0.05, state, [], ControlState(0.0, 0.0, 0.0))
    moved = read_motion(path)
    assert len(moved) == 3
    assert moved.acceleration[1].tolist() == [0.5, -0.25, 9.0]
    assert moved.yaw_rate_degps.tolist() == [12.5] * 3
    transform = carla.Transform(carla.Location(), carla.Rotation(pitch=5.0, yaw=30.0, roll=-7.0))
    for ours, theirs in (
        (moved.forward[0], transform.get_forward_vector()),
        (moved.right[0], transform.get_right_vector()),
    ):
        assert ours == pytest.approx((theirs.x, theirs.y), abs=1e-6)


def test_an_empty_trace_has_no_comfort(tmp_path):
    TraceWriter(tmp_path / "trace.mcap").close()
    assert comfort_published(read_motion(tmp_path / "trace.mcap")) is None
