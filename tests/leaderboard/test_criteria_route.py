"""Progress, deviation, lanes and time-outs along a drawn route: none, slight, clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.criteria.blocked import Blocked
from leaderboard.criteria.in_route import InRoute
from leaderboard.criteria.minimum_speed import MinimumSpeedTest
from leaderboard.criteria.outside_lanes import OutsideLanes
from leaderboard.criteria.route_completion import RouteCompletion
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.route_timeout import RouteTimeout
from leaderboard.criteria.view import LaneKind, Place, Pose, Switches
from leaderboard.profiles import profile_named
from scenarios.events import Outcome, RouteCompleted, RouteProgress
from tests.fakes.drawn_map import ROAD, DrawnMap, Drive, Strip, road_map, straight_route

TWO, ONE = profile_named("lb2.1").runtime, profile_named("lb1.0").runtime
B2D = profile_named("bench2drive").runtime
LINE = RouteLine(straight_route())


def feed(criterion, places, drawn=None, **more):
    """The events of a drive through (x, y) places."""
    drive = Drive(drawn or road_map())
    return [event for x, y in places for event in criterion.update(drive.view(x, y, **more))]


def along(begin, end, y=1.75, step=0.5):
    return [(begin + step * tick, y) for tick in range(round((end - begin) / step) + 1)]


# The line itself


def test_a_route_needs_two_places():
    with pytest.raises(ValueError, match="two points"):
        RouteLine([Pose(0.0, 0.0, 0.0)])
    with pytest.raises(ValueError, match="more than one place"):
        RouteLine([Pose(0.0, 0.0, 0.0)] * 3)


def test_passed_is_ahead_of_the_point_in_its_own_direction():
    line = RouteLine([Pose(float(x), 0.0, 0.0, yaw_deg=90.0 if x == 2 else 0.0) for x in range(5)])
    assert list(line.passed(Place(3.5, -1.0, 0.0), 0, 9)) == [0, 1, 3]
    assert line.last_passed(Place(3.5, -1.0, 0.0), 0, 2) == 1
    assert line.last_passed(Place(-1.0, 0.0, 0.0), 0, 2) == 0


def test_one_zero_faces_points_as_the_map_does():
    crossing = DrawnMap([Strip(1.75), Strip(1.75, road_id=2, x_from=3.0, x_to=4.0, eastbound=False)])
    line = RouteLine.facing_lanes(straight_route(6), crossing)
    assert [pose.yaw_deg for pose in line.poses][:3] == [0.0, 0.0, 0.0]
    assert line.length_m == 6.0


# Completion


def test_standing_is_no_progress():
    criterion = RouteCompletion(TWO.route, LINE, 2)
    assert feed(criterion, [(0.0, 1.75)] * 5) == []
    assert criterion.percentage == 0.0


def test_progress_is_written_when_it_changes():
    events = feed(RouteCompletion(TWO.route, LINE, 2), [(0.5, 1.75), (0.8, 1.75), (1.5, 1.75), (3.2, 1.75)])
    assert all(isinstance(event, RouteProgress) for event in events)
    assert [event.percentage for event in events] == pytest.approx([0.5, 1.5])


def test_a_jump_is_not_progress():
    """Two points of the window are looked at, so an ego that is far ahead works its way up two points a tick."""
    events = feed(RouteCompletion(TWO.route, LINE, 2), [(150.0, 1.75)] * 3)
    assert [event.percentage for event in events] == pytest.approx([1.0, 2.0, 3.0])


def test_the_end_is_over_99_percent_and_near_and_ends_a_tick_later():
    criterion = RouteCompletion(TWO.route, LINE, 2)
    feed(criterion, along(0.0, 198.5))
    assert criterion.percentage == 99.0
    assert criterion.outcome is None
    drive = Drive(road_map())
    events = list(criterion.update(drive.view(199.5)))
    assert [type(event) for event in events] == [RouteProgress, RouteCompleted]
    assert (criterion.percentage, criterion.outcome) == (100.0, None)
    assert list(criterion.update(drive.view(199.6))) == []
    assert criterion.outcome is Outcome.COMPLETED


def test_over_99_percent_but_far_aside_is_not_the_end():
    criterion = RouteCompletion(TWO.route, LINE, 2)
    assert not any(isinstance(event, RouteCompleted) for event in feed(criterion, along(0.0, 205.0, y=15.0)))
    assert criterion.percentage == 100.0
    assert criterion.outcome is None


@given(st.lists(st.floats(-5.0, 30.0), max_size=40))
def test_progress_never_falls(xs):
    criterion = RouteCompletion(TWO.route, RouteLine(straight_route(20)), 2)
    events = feed(criterion, [(x, 1.75) for x in xs])
    shares = [event.percentage for event in events if isinstance(event, RouteProgress)]
    assert shares == sorted(shares)
    assert all(0.0 <= share <= 100.0 for share in shares)


# Deviation


def test_on_the_route_there_is_no_deviation():
    criterion = InRoute(TWO.route, LINE)
    assert feed(criterion, along(0.0, 200.0)) == []
    assert criterion.outcome is None


def test_29_metres_aside_for_a_while_is_not_yet_deviation():
    criterion = InRoute(TWO.route, LINE)
    assert feed(criterion, [*along(0.0, 20.0), *along(20.0, 60.0, y=30.7), *along(60.0, 200.0)]) == []


def test_30_metres_aside_ends_the_route():
    criterion = InRoute(TWO.route, LINE)
    (event,) = feed(criterion, [*along(0.0, 20.0), (20.5, 31.75), (21.0, 31.75)])
    assert event.distance_m == pytest.approx(30.0, abs=0.01)
    assert criterion.outcome is Outcome.DEVIATED


def test_30_percent_of_the_route_at_15_metres_ends_it():
    criterion = InRoute(TWO.route, LINE)
    (event,) = feed(criterion, along(0.0, 100.0, y=1.75 + 15.0))
    assert event.outside_percentage == pytest.approx(30.5)
    assert criterion.outcome is Outcome.DEVIATED
    assert feed(InRoute(TWO.route, LINE), along(0.0, 200.0, y=1.75 + 14.9)) == []


# Lanes


def off_lane(rules, places, drawn=None, **more):
    drawn = drawn or road_map()
    events = feed(OutsideLanes(rules.lanes, LINE, drawn), places, drawn, **more)
    return (events[-1].distance_m, events[-1].percentage) if events else (0.0, 0.0)


def test_in_the_lane_there_is_no_event():
    assert feed(OutsideLanes(TWO.lanes, LINE, road_map()), along(0.0, 200.0)) == []


def test_the_tolerance_beyond_the_edge():
    # The outermost lane's centre is at 5.25, its edge at 7.0; 0.5 m more in 2.x, 1.3 m in 1.0.
    assert off_lane(TWO, along(0.0, 100.0, y=7.45)) == (0.0, 0.0)
    assert off_lane(TWO, along(0.0, 100.0, y=7.55)) == pytest.approx((99.0, 100.0))
    assert off_lane(ONE, along(0.0, 100.0, y=8.25)) == (0.0, 0.0)
    assert off_lane(ONE, along(0.0, 100.0, y=8.35)) == pytest.approx((99.0, 100.0))


def test_the_share_is_of_what_was_driven():
    places = [*along(0.5, 79.5), *along(80.5, 99.5, y=9.0), *along(100.5, 160.5)]
    metres, percentage = off_lane(TWO, places)
    assert metres == pytest.approx(20.0)
    assert percentage == pytest.approx(100.0 * 20.0 / 160.0)


def test_a_parking_lane_is_no_offence():
    parking = Strip(8.0, lane_id=-3, width_m=2.0, kind=LaneKind.PARKING)
    places = along(0.0, 100.0, y=8.6)
    assert off_lane(TWO, places, DrawnMap([*ROAD, parking])) == (0.0, 0.0)
    assert off_lane(TWO, places)[0] > 0.0


def test_the_other_direction_is_wrong_until_the_ego_is_back():
    places = [*along(0.5, 49.5), *along(50.5, 69.5, y=-1.75), *along(70.5, 100.5)]
    metres, _ = off_lane(TWO, places)
    assert metres == pytest.approx(20.0)


def test_a_scenario_may_switch_the_direction_off():
    places = [*along(0.5, 49.5), *along(50.5, 69.5, y=-1.75)]
    assert off_lane(TWO, places, switches=Switches(wrong_direction=False)) == (0.0, 0.0)
    assert off_lane(TWO, [(x, 12.0) for x, _ in places], switches=Switches(wrong_direction=False))[0] > 0.0


def junction_map():
    """Roads 1 and 3 with a junction between 100 and 120."""
    before = [strip._replace(x_to=99.9) for strip in ROAD]
    inside = [strip._replace(road_id=2, x_from=100.0, x_to=120.0, in_junction=True) for strip in ROAD]
    after = [strip._replace(road_id=3, x_from=120.1) for strip in ROAD]
    return DrawnMap([*before, *inside, *after])


def test_lanes_of_a_junction_have_no_direction():
    # On the wrong side within the junction only.
    places = [*along(80.5, 99.5), *along(100.5, 119.5, y=-1.75), *along(120.5, 140.5)]
    assert feed(OutsideLanes(TWO.lanes, RouteLine(straight_route()[80:]), junction_map()), places, junction_map()) == []


def test_leaving_a_junction_on_the_wrong_side():
    places = [*along(80.5, 99.5), *along(100.5, 119.5, y=-1.75), *along(120.5, 140.5, y=-1.75)]
    events = feed(OutsideLanes(TWO.lanes, RouteLine(straight_route()[80:]), junction_map()), places, junction_map())
    assert events[-1].distance_m == pytest.approx(21.0)
    # 120 degrees between ego and lane are the limit: an ego that faces 70 degrees away from the route is not wrong.
    assert (
        feed(
            OutsideLanes(TWO.lanes, RouteLine(straight_route()[80:]), junction_map()),
            places,
            junction_map(),
            yaw_deg=70.0,
        )
        == []
    )


def test_one_zero_forgives_with_the_next_lane_of_the_same_direction():
    """2.x stays wrong until a jump back; 1.0 is right again with the next lane that faces as the last one."""
    wrong = [*along(0.5, 49.5), *along(50.5, 59.5, y=-1.75), *along(60.5, 79.5, y=-5.25)]
    assert off_lane(TWO, wrong)[0] == pytest.approx(30.0)
    assert off_lane(ONE, wrong)[0] == pytest.approx(10.0)


# Time


def stand(criterion, seconds, **more):
    drive = Drive(road_map())
    return [e for _ in range(round(seconds * 20)) for e in criterion.update(drive.view(5.0, speed_mps=0.09, **more))]


def test_waiting_is_not_blocked_for_180_seconds():
    criterion = Blocked(TWO.timeouts)
    assert stand(criterion, 180.0) == []
    assert criterion.outcome is None


def test_180_seconds_are_blocked_and_60_in_bench2drive():
    criterion = Blocked(TWO.timeouts)
    (event,) = stand(criterion, 181.0)
    assert 180.0 < event.stood_s < 180.1
    assert criterion.outcome is Outcome.BLOCKED
    assert len(stand(Blocked(B2D.timeouts), 61.0)) == 1


def test_one_step_ends_the_waiting():
    criterion, drive = Blocked(B2D.timeouts), Drive(road_map())
    speeds = [0.0] * 1190 + [0.1] + [0.0] * 1190
    assert [event for speed in speeds for event in criterion.update(drive.view(5.0, speed_mps=speed))] == []


def test_rising_is_standing():
    """Speed is over the ground, as the official provider gives it."""
    assert len(stand(Blocked(B2D.timeouts), 61.0, climb_mps=3.0)) == 1


def test_a_scenario_switches_the_blocked_test_off():
    criterion, drive = Blocked(B2D.timeouts), Drive(road_map())
    events = []
    for blocked, ticks in ((True, 1000), (False, 4000), (True, 1200)):
        for _ in range(ticks):
            events += criterion.update(drive.view(5.0, speed_mps=0.0, switches=Switches(blocked=blocked)))
    assert events == []
    assert len(list(criterion.update(drive.view(5.0, speed_mps=0.0, after_s=1.0)))) == 1


def test_two_gives_300_seconds_and_a_tenth_of_the_limit():
    criterion, drive = RouteTimeout(TWO.timeouts, LINE), Drive(road_map())
    for x, _ in along(0.5, 100.5):
        criterion.update(drive.view(x))
    # 100 m at a tenth of 36 km/h.
    assert criterion.allowed_s == pytest.approx(300.0 + 100.0)
    assert list(criterion.update(drive.view(100.5, after_s=389.0))) == []
    (event,) = criterion.update(drive.view(100.5, after_s=10.0))
    assert event.allowed_s == pytest.approx(400.0)
    assert criterion.outcome is Outcome.ROUTE_TIMED_OUT


def test_an_unknown_limit_is_30():
    criterion, drive = RouteTimeout(TWO.timeouts, LINE), Drive(road_map())
    for x, _ in along(0.5, 10.5):
        criterion.update(drive.view(x, speed_limit_kmh=0.0))
    assert criterion.allowed_s == pytest.approx(300.0 + 12.0)


def test_one_zero_gives_whole_seconds_by_length():
    criterion = RouteTimeout(ONE.timeouts, RouteLine([Pose(0.0, 0.0, 0.0), Pose(200.9, 0.0, 0.0)]))
    assert criterion.allowed_s == 165.0
    drive = Drive(road_map())
    assert list(criterion.update(drive.view(5.0, after_s=164.9))) == []
    assert len(list(criterion.update(drive.view(5.0, after_s=0.1)))) == 1


# Minimum speed


def speeds(rules, ego_mps, traffic_mps, until=200.0, interrupted=False):
    criterion, drive = MinimumSpeedTest(rules, LINE), Drive(road_map())
    events, view = [], None
    for x, _ in along(0.5, until):
        view = drive.view(x, speed_mps=ego_mps, traffic_speeds_mps=traffic_mps)
        events += criterion.update(view)
    return events + list(criterion.end(view, interrupted))


def test_as_fast_as_the_traffic():
    assert {event.percentage for event in speeds(TWO, 10.0, [8.0, 12.0])} == {100.0}


def test_no_traffic_and_standing_traffic_are_passed():
    assert {event.percentage for event in speeds(TWO, 1.0, [])} == {100.0}
    assert {event.percentage for event in speeds(TWO, 1.0, [0.0, 0.0])} == {100.0}


def test_slower_than_the_traffic():
    events = speeds(TWO, 3.0, [8.0, 10.0])
    assert {event.percentage for event in events} == {33.33}
    assert (events[0].ego_mean_mps, events[0].traffic_mean_mps) == pytest.approx((3.0, 9.0))


def test_four_parts_and_the_last_one_twice():
    """The official tree ends the test and its scenario ends it again; an interrupted route ends it once."""
    assert [event.checkpoint for event in speeds(TWO, 3.0, [9.0])] == [1, 2, 3, 4, 4]
    assert [event.checkpoint for event in speeds(TWO, 3.0, [9.0], interrupted=True)] == [1, 2, 3, 4]
    assert [event.checkpoint for event in speeds(TWO, 3.0, [9.0], until=180.0)] == [1, 2, 3]


def test_twenty_parts_in_bench2drive():
    # A part is over with the first point beyond 10 m, which is the eleventh.
    assert [event.checkpoint for event in speeds(B2D, 3.0, [9.0], interrupted=True)] == list(range(1, 20))


def test_each_part_has_its_own_mean():
    criterion, drive = MinimumSpeedTest(TWO, LINE), Drive(road_map())
    events = []
    for x, _ in along(0.5, 120.0):
        events += criterion.update(drive.view(x, speed_mps=10.0 if x < 52.0 else 2.0, traffic_speeds_mps=[10.0]))
    assert [event.percentage for event in events] == pytest.approx([100.0, 20.0], abs=2.0)
