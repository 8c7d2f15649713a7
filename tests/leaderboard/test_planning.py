"""Plans on our towns and on public maps: continuous, turning where the road turns, and the official downsampling and
GPS.
"""

import itertools
import math
import random
import re
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import carla
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.compat.data_provider import CarlaDataProvider
from leaderboard.compat.guests import provide_modules
from leaderboard.criteria.view import Place
from leaderboard.planning import (
    GeoReference,
    NoRoute,
    RoutePlanner,
    downsample,
    geo_reference,
    gps_of,
    plan_route,
)
from leaderboard.road_option import RoadOption
from leaderboard.utils import route_manipulation

ROOT = Path(__file__).parents[2]
TOWNS = sorted(ROOT.glob("simulator/towns/*.xodr"))
SHARED = ROOT.parent / "shared" / "maps"
PUBLIC = [SHARED / f"{name}.xodr" for name in ("Town01", "Town02", "Town04", "Town05-2019-no-signals", "Town10HD")]
TURNS = {RoadOption.LEFT: -1.0, RoadOption.RIGHT: 1.0}


@cache
def the_map(path: Path) -> carla.Map:
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return carla.Map(path.stem, path.read_text())


@cache
def planner(path: Path) -> RoutePlanner:
    return RoutePlanner(the_map(path))


def traces(path: Path, count: int = 12):
    """Routes between random places of a map, the same ones each time."""
    places = [waypoint.transform.location for waypoint in the_map(path).generate_waypoints(20.0)]
    draw = random.Random(path.stem)
    for _ in range(count):
        try:
            yield planner(path).trace(*draw.sample(places, 2))
        except NoRoute:
            continue


def turn_deg(points) -> float:
    """How far the way turns from its first to its last point, positive to the right."""
    yaws = [waypoint.transform.rotation.yaw for waypoint in points]
    return sum((after - before + 180.0) % 360.0 - 180.0 for before, after in itertools.pairwise(yaws))


@pytest.mark.parametrize("path", TOWNS + PUBLIC, ids=lambda path: path.stem)
def test_plans_are_continuous_and_say_where_they_turn(path):
    found = list(traces(path))
    assert len(found) >= 6
    for trace in found:
        for (here, option), (following, next_option) in itertools.pairwise(trace):
            gap_m = here.transform.location.distance(following.transform.location)
            # A step along a lane is a metre, a little more where lanes meet; a lane change lands five points on.
            assert gap_m < (12.0 if option.is_lane_change or next_option.is_lane_change else 2.6), (gap_m, option)
        for option, group in itertools.groupby(trace, key=lambda point: point[1]):
            points = [waypoint for waypoint, _ in group]
            assert option is not RoadOption.VOID
            # A route that ends in a junction does not turn to the end.
            if option in TURNS and points[0].is_junction and points[-1] is not trace[-1][0]:
                assert abs(turn_deg(points)) > 30.0
            if option is RoadOption.STRAIGHT:
                assert abs(turn_deg(points)) < 40.0


def test_left_is_left():
    """Not always: where all ways bend to the right, the leftmost is called left, as CARLA's planner does it."""
    agree = []
    for path in TOWNS:
        for trace in traces(path):
            for option, group in itertools.groupby(trace, key=lambda point: point[1]):
                if option in TURNS:
                    angle = turn_deg([waypoint for waypoint, _ in group])
                    agree.append(angle * TURNS[option] > 0.0)
    assert len(agree) > 50
    assert sum(agree) / len(agree) > 0.9


@pytest.mark.parametrize("path", TOWNS, ids=lambda path: path.stem)
def test_options_inside_junctions_are_turns(path):
    """Lane following is the name of roads; a junction that a lane leads into is passed left, right or straight.

    Not so at the beginning of a route, after a lane change just before, and where junctions of less than a metre lie in
    between: there CARLA's planner names no turn.
    """
    named = []
    for trace in traces(path):
        for inside, group in itertools.groupby(enumerate(trace), key=lambda entry: entry[1][0].is_junction):
            entries = list(group)
            first = entries[0][0]
            if inside and first > 0 and len(entries) > 2 and not trace[first - 1][1].is_lane_change:
                named.append(entries[1][1][1] in (RoadOption.LEFT, RoadOption.RIGHT, RoadOption.STRAIGHT))
    assert len(named) > 10
    assert sum(named) / len(named) > 0.95


def test_all_three_turns_and_both_lane_changes_occur():
    options = {option for path in TOWNS for trace in traces(path) for _, option in trace}
    assert options == set(RoadOption) - {RoadOption.VOID}


def test_a_trace_begins_and_ends_where_it_should():
    path = TOWNS[0]
    places = [waypoint.transform.location for waypoint in the_map(path).generate_waypoints(30.0)]
    begin, end = places[3], places[-5]
    trace = planner(path).trace(begin, end)
    assert trace[0][0].transform.location.distance(begin) < 1.5
    assert trace[-1][0].transform.location.distance(end) < 2.5


def test_planning_is_repeatable():
    path = TOWNS[1]
    said = [
        [(waypoint.road_id, waypoint.lane_id, waypoint.s, option) for waypoint, option in trace]
        for tracer in (planner(path), RoutePlanner(the_map(path)))
        for trace in [tracer.trace(*(w.transform.location for w in the_map(path).generate_waypoints(40.0)[2:60:50]))]
    ]
    assert said[0] == said[1]


def test_no_way_is_one_sentence():
    islands = carla.Map("islands", _islands())
    begin, end = carla.Location(10.0, 1.75, 0.0), carla.Location(10.0, 501.75, 0.0)
    with pytest.raises(NoRoute, match=r"^no road leads from \(10\.0, 1\.8, 0\.0\) to \(10\.0, 501\.8, 0\.0\); "):
        RoutePlanner(islands).trace(begin, end)


def test_a_way_of_no_length_is_no_route():
    place = Place(10.0, 1.75, 0.0)
    with pytest.raises(NoRoute, match="are at one place; put the points further apart"):
        plan_route(carla.Map("islands", _islands()), [place, place])


def test_a_road_that_is_linked_to_none_is_named():
    unlinked = carla.Map("unlinked", re.sub("<link>.*?</link>", "", _islands()))
    with pytest.raises(NoRoute, match=r"the lane at \(10\.0, 1\.8, 0\.0\) leads from and to no other"):
        RoutePlanner(unlinked).trace(carla.Location(10.0, 1.75, 0.0), carla.Location(60.0, 1.75, 0.0))


def _islands() -> str:
    """Twice two roads in a row, which nothing connects; y of OpenDRIVE points the other way."""
    road = """<road name="" length="100" id="{id}" junction="-1"><link>{link}</link><planView>
      <geometry s="0" x="{x}" y="{y}" hdg="0" length="100"><line/></geometry></planView>
      <lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
      <lane id="-1" type="driving" level="false"><link>{lane}</link>
      <width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road>"""
    to = '<successor elementType="road" elementId="{}" contactPoint="start"/>'
    back = '<predecessor elementType="road" elementId="{}" contactPoint="end"/>'
    roads = ""
    for first, y in ((1, 0), (3, -500)):
        roads += road.format(id=first, x=0, y=y, link=to.format(first + 1), lane='<successor id="-1"/>')
        roads += road.format(id=first + 1, x=100, y=y, link=back.format(first), lane='<predecessor id="-1"/>')
    header = "<header><geoReference>+lat_0=0 +lon_0=0</geoReference></header>"
    return f"<OpenDRIVE>{header}{roads}</OpenDRIVE>"


def test_planning_is_fast():
    """A kilometre of plan, graph included, on one core. CARLA's own takes seconds on long lanes."""
    path = next(path for path in TOWNS if path.stem == "Ridge")
    the_map(path)
    began_s = time.process_time()
    tracer = RoutePlanner(the_map(path))
    places = [waypoint.transform.location for waypoint in the_map(path).generate_waypoints(50.0)]
    metres = len(tracer.trace(places[0], places[len(places) // 2]))
    assert (time.process_time() - began_s) < 1.0 + metres / 1000.0


# Both forms of the plan


def test_the_plan_in_both_forms_belongs_together():
    path = TOWNS[0]
    keys = [waypoint.transform.location for waypoint in the_map(path).generate_waypoints(60.0)[5:60:20]]
    plan = plan_route(the_map(path), [Place(key.x, key.y, key.z) for key in keys])
    assert len(plan.world) == len(plan.gps)
    reference = geo_reference(the_map(path))
    for (transform, option), (gps, gps_option) in zip(plan.world, plan.gps, strict=True):
        assert option is gps_option
        assert gps == gps_of(reference, transform.location)
    # The frozen names give the same.
    provide_modules()
    world = SimpleNamespace(get_map=lambda: the_map(path), get_blueprint_library=lambda: None)
    gps_route, route = route_manipulation.interpolate_trajectory(world, keys)
    assert gps_route == list(plan.gps)
    named = {"world": world, "waypoints_trajectory": keys}
    assert route_manipulation.interpolate_trajectory(hop_resolution=1.0, **named)[0] == gps_route
    assert len(route_manipulation.interpolate_trajectory(world, keys, 5.0)[1]) < len(route) / 3
    CarlaDataProvider.set_world(world)
    assert route_manipulation.interpolate_trajectory(keys, 1.0)[0] == gps_route
    CarlaDataProvider.cleanup()
    with pytest.raises(TypeError, match="interpolate_trajectory takes"):
        route_manipulation.interpolate_trajectory(world)
    assert [point.location for point, _ in route] == [point.location for point, _ in plan.world]
    assert route_manipulation._get_latlon_ref(world) == tuple(reference)
    assert route_manipulation.location_route_to_gps(route, *reference) == gps_route


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("<geoReference><![CDATA[+proj=tmerc +lat_0=4.9e1 +lon_0=8.0 +k=1]]></geoReference>", (49.0, 8.0)),
        ("<geoReference>+proj=tmerc +lat_0=-1.5</geoReference>", (-1.5, 2.0)),
        ("<geoReference></geoReference>", (42.0, 2.0)),
        ("", (42.0, 2.0)),
    ],
)
def test_geo_reference(header, expected):
    text = f"<OpenDRIVE><header>{header}</header><road/></OpenDRIVE>"
    assert geo_reference(SimpleNamespace(to_opendrive=lambda: text)) == expected


def test_latitude_falls_with_y_and_longitude_grows_with_x():
    reference = GeoReference(49.0, 8.0)
    origin = gps_of(reference, Place(0.0, 0.0, 3.0))
    assert origin == pytest.approx({"lat": 49.0, "lon": 8.0, "z": 3.0})
    # A metre is 1 / 111319.49 degrees on a sphere of 6378137 m, at the equator.
    south, east = gps_of(reference, Place(0.0, 1000.0, 0.0)), gps_of(reference, Place(1000.0, 0.0, 0.0))
    assert south["lat"] - 49.0 == pytest.approx(-1000.0 / 111319.49, rel=1e-3)
    assert east["lon"] - 8.0 == pytest.approx(1000.0 / 111319.49 / math.cos(math.radians(49.0)), rel=1e-6)
    assert south["lon"] == pytest.approx(8.0)


# Thinning out

FOLLOW, LEFT, CHANGE = RoadOption.LANEFOLLOW, RoadOption.LEFT, RoadOption.CHANGELANELEFT


def points(*runs):
    """(option, points) one after the other, a metre apart."""
    options = [option for option, count in runs for _ in range(count)]
    return [(carla.Transform(carla.Location(float(x), 0.0, 0.0)), option) for x, option in enumerate(options)]


def test_first_last_and_changes_of_option_are_kept():
    assert downsample(points((FOLLOW, 50), (LEFT, 10), (FOLLOW, 40)), 200.0) == [0, 50, 60, 99]


def test_every_point_of_a_lane_change_is_kept_and_the_one_after_is_not():
    assert downsample(points((FOLLOW, 10), (CHANGE, 2), (FOLLOW, 10)), 200.0) == [0, 10, 11, 21]


@pytest.mark.parametrize(("spacing_m", "chosen"), [(200.0, [0, 202, 404, 449]), (50.0, [0, 52, 104, 156, 208, 259])])
def test_long_stretches_are_cut(spacing_m, chosen):
    # More than the spacing must lie behind, counted up to the point before.
    assert downsample(points((FOLLOW, chosen[-1] + 1)), spacing_m) == chosen


@given(st.lists(st.tuples(st.sampled_from(list(RoadOption)), st.integers(1, 80)), min_size=1, max_size=8))
def test_downsampling_keeps_the_ends_the_order_and_every_turn(runs):
    route = points(*runs)
    chosen = downsample(route, 50.0)
    assert chosen[0] == 0
    assert chosen[-1] == len(route) - 1
    assert chosen == sorted(set(chosen))
    changes = {index for index, (_, option) in enumerate(route) if index and option != route[index - 1][1]}
    after_lane_change = {index for index in changes if route[index - 1][1].is_lane_change}
    assert changes - after_lane_change <= set(chosen)
    for before, after in itertools.pairwise(chosen):
        assert route[after][0].location.x - route[before][0].location.x <= 52.0


def test_old_enumerations_of_options_are_understood():
    from enum import Enum

    old = Enum("RoadOption", {option.name: option.value for option in RoadOption})
    route = [(transform, old[option.name]) for transform, option in points((FOLLOW, 5), (CHANGE, 2), (LEFT, 5))]
    assert route_manipulation.downsample_route(route, 200) == downsample(
        points((FOLLOW, 5), (CHANGE, 2), (LEFT, 5)), 200
    )
