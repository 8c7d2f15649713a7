"""Red lights and stop signs, drawn: none, slight, clear, and the quirks of the official tests."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import LineString

from leaderboard.criteria.geometry import segments_meet
from leaderboard.criteria.red_light import RedLight
from leaderboard.criteria.stop_sign import EnteredStop, Stop
from leaderboard.criteria.view import Place, TrafficLight
from leaderboard.profiles import profile_named
from tests.fakes.drawn_map import Drive, light, road_map, sign

TWO, ONE = profile_named("lb2.1").runtime, profile_named("lb1.0").runtime
RED = frozenset({7})


def cross(drawn, *, red=RED, rules=TWO, y=1.75, yaw_deg=0.0, xs=None):
    """Drives over the line at x = 100, half a metre a tick."""
    criterion, drive = RedLight(rules.red_lights, drawn), Drive(drawn)
    xs = [90.0 + 0.5 * tick for tick in range(40)] if xs is None else xs
    return [event for x in xs for event in criterion.update(drive.view(x, y, yaw_deg=yaw_deg, red_lights=red))]


def test_crossing_on_red_is_one_event_at_the_light():
    (event,) = cross(road_map(traffic_lights=[light()]))
    assert event.light_id == 7
    assert event.place == Place(120.0, 8.0, 0.0)
    assert event.ego_speed_mps == 10.0


def test_the_rear_decides():
    # 0.8 half lengths behind the middle: 1.96 m; 1 m behind the rear: 3.45 m.
    drawn = road_map(traffic_lights=[light()])
    assert not cross(drawn, xs=[101.9])
    assert cross(drawn, xs=[102.0])
    assert cross(drawn, xs=[103.4])
    assert not cross(drawn, xs=[103.5])


def test_stopping_on_the_line_is_none():
    assert not cross(road_map(traffic_lights=[light()]), xs=[90.0, 95.0, 99.0, 101.0, 101.0, 101.0])


def test_green_is_none():
    assert not cross(road_map(traffic_lights=[light()]), red=frozenset())
    assert not cross(road_map(traffic_lights=[light(7), light(8, 500.0)]), red=frozenset({8}))


def test_another_lane_is_none():
    assert not cross(road_map(traffic_lights=[light(lane_id=-2, y=5.25)]))


def test_driving_the_other_way_is_none():
    drawn = road_map(traffic_lights=[light()])
    assert not cross(drawn, yaw_deg=180.0, xs=[110.0 - 0.5 * tick for tick in range(40)])


def test_a_far_light_is_none():
    """15 m to the middle of the trigger volume: here it lies beside the road."""
    near = light()._replace(centre=Place(102.0, 16.0, 0.0))
    far = light()._replace(centre=Place(102.0, 17.0, 0.0))
    assert cross(road_map(traffic_lights=[near]))
    assert not cross(road_map(traffic_lights=[far]))


def test_at_the_edge_of_the_lane_the_line_of_one_zero_is_shorter():
    # 0.6 lane widths are 2.1 m to each side, 0.4 are 1.4 m.
    drawn = road_map(traffic_lights=[light()])
    assert cross(drawn, y=1.75 + 1.5)
    assert not cross(drawn, y=1.75 + 1.5, rules=ONE)
    assert cross(drawn, y=1.75 + 1.3, rules=ONE)


def test_a_light_is_not_repeated_until_another_is_run():
    drawn = road_map(traffic_lights=[light(7, 100.0), light(8, 130.0)])
    over = lambda x: [x - 5.0, x + 2.5]  # noqa: E731 - a place before the line and one on it
    red = frozenset({7, 8})
    again = cross(drawn, red=red, xs=over(100.0) + over(100.0))
    assert [event.light_id for event in again] == [7]
    other = cross(drawn, red=red, xs=over(100.0) + over(130.0) + over(100.0))
    assert [event.light_id for event in other] == [7, 8, 7]


def test_after_one_event_distances_are_measured_from_that_light():
    """As the official loop does in the same tick: the second light is near the ego, not near the first one's post."""
    first = light(7)
    second = TrafficLight(8, Place(0.0, 0.0, 0.0), Place(97.0, 1.75, 0.0), first.stop_lines)
    far_post = first._replace(place=Place(300.0, 0.0, 0.0))
    red = frozenset({7, 8})
    assert [event.light_id for event in cross(road_map(traffic_lights=[first, second]), red=red, xs=[102.5])] == [7]
    near_post = first._replace(place=Place(105.0, 0.0, 0.0))
    assert len(cross(road_map(traffic_lights=[near_post, second]), red=red, xs=[102.5])) == 2
    assert len(cross(road_map(traffic_lights=[far_post, second]), red=red, xs=[102.5])) == 1


def test_the_map_is_not_asked_without_a_red_light_near():
    drawn = road_map(traffic_lights=[light()])
    criterion, drive = RedLight(TWO.red_lights, drawn), Drive(drawn)
    view = drive.view(20.0, red_lights=RED)
    drawn.asked.clear()
    assert list(criterion.update(view)) == []
    assert drawn.asked == []


COORDINATE = st.integers(-6, 6).map(float)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(POINT, POINT, POINT, POINT)
def test_segments_meet_as_shapely_says(a, b, c, d):
    assume(a != b and c != d)
    assert segments_meet(a, b, c, d) == LineString([a, b]).intersects(LineString([c, d]))


def pass_sign(speeds, *, criterion=Stop, rules=TWO, signs=None, **more):
    """Drives past the sign at x = 100, a metre a tick, at the given speeds (the last one goes on)."""
    drawn = road_map(stop_signs=[sign()] if signs is None else signs)
    judge, drive = criterion(rules.stops, drawn), Drive(drawn)
    events = []
    for tick in range(60):
        speed = speeds[min(tick, len(speeds) - 1)]
        events += judge.update(drive.view(80.0 + tick, speed_mps=speed, **more))
    return events


def at(x, speed_mps):
    """Speeds for pass_sign: 10 m/s, but `speed_mps` at one place."""
    return [10.0] * (x - 80) + [speed_mps] + [10.0] * 60


@pytest.mark.parametrize(("criterion", "rules"), [(Stop, TWO), (EnteredStop, ONE)])
def test_no_sign_no_event(criterion, rules):
    assert pass_sign([10.0], criterion=criterion, rules=rules, signs=[]) == []


def test_passing_without_a_stop_is_one_event_at_the_sign():
    (event,) = pass_sign(at(99, 3.0))
    assert (event.sign_id, event.place, event.lowest_speed_mps) == (9, Place(101.0, 8.0, 0.0), 3.0)
    # The box reaches 1.2 x 1.5 m beyond the sign: x = 102 is the first place outside, and the drive began at 80 with
    # frame 1.
    assert event.frame == 23


def test_a_stop_in_the_box_is_none():
    assert pass_sign(at(99, 0.09)) == []


def test_a_slow_pass_is_no_stop():
    assert len(pass_sign(at(99, 0.1))) == 1


def test_a_stop_before_the_sign_is_reached_does_not_count():
    # The sign is noticed 4 m before its middle, and the speed is looked at from the next tick on.
    assert len(pass_sign(at(95, 0.0))) == 1
    assert len(pass_sign(at(96, 0.0))) == 1
    assert pass_sign(at(97, 0.0)) == []


def test_backwards_and_against_the_lane_is_none():
    assert pass_sign([-0.2]) == []
    assert pass_sign([10.0], yaw_deg=120.0) == []
    assert len(pass_sign([10.0], yaw_deg=95.0)) == 1


def test_the_same_sign_is_not_run_twice_in_a_row():
    drawn = road_map(stop_signs=[sign(9, 100.0), sign(10, 140.0)])
    judge, drive = Stop(TWO.stops, drawn), Drive(drawn)
    ids = []
    for begin in (90, 90, 130, 90):
        for x in range(begin, begin + 20):
            ids += [event.sign_id for event in judge.update(drive.view(float(x)))]
    assert ids == [9, 10, 9]


def entered(speeds, post=None, **more):
    signs = [sign()._replace(place=post or Place(100.0, 1.75, 0.0))]
    return pass_sign(speeds, criterion=EnteredStop, rules=ONE, signs=signs, **more)


def test_one_zero_counts_only_an_ego_that_was_in_the_box_at_the_post():
    (event,) = entered([10.0])
    assert event.lowest_speed_mps == 10.0
    assert entered([10.0], post=Place(101.0, 8.0, 0.0)) == []


def test_one_zero_takes_a_stop_from_twenty_metres_before_the_sign():
    # The box's edge is at 98.5: from 79 on it is within 20 steps of a metre; the first view only notices the sign.
    assert entered(at(81, 0.0)) == []
    assert entered(at(98, 0.0)) == []
    assert len(entered(at(103, 0.0))) == 1


def test_one_zero_repeats_the_same_sign():
    drawn = road_map(stop_signs=[sign()._replace(place=Place(100.0, 1.75, 0.0))])
    judge, drive = EnteredStop(ONE.stops, drawn), Drive(drawn)
    events = [event for _ in range(2) for x in range(70, 120) for event in judge.update(drive.view(float(x)))]
    assert len(events) == 2


def test_a_box_beside_the_lane_is_none():
    beside = sign(y=5.25)
    assert pass_sign([10.0], signs=[beside]) == []
    wide = beside._replace(half_y_m=3.0)
    assert len(pass_sign([10.0], signs=[wide])) == 1
