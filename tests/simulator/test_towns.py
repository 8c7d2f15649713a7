"""Our towns: the committed files are what the builder writes, they pass the gates, and the gates are not blind."""

import math
import re
from collections import Counter
from functools import cache
from itertools import pairwise

import carla
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.maps.gates import check_town
from simulator.towns.__main__ import DIRECTORY, TOWNS, main
from simulator.towns.builder import Town
from simulator.towns.geometry import Path, Pose, connect, rounded, wrap
from simulator.towns.opendrive import Network, Road
from simulator.towns.sections import CrossSection, Strip

LARGEST_BYTES = {"Quarter": 4_000_000}
# traffic.speed_limit.* exists for these only (client-needs A7).
SPEED_LIMITS = {30, 40, 50, 60, 90, 100, 120, 130}
LEAST_RADIUS_M = 7.0


@cache
def text(name: str) -> str:
    return (DIRECTORY / f"{name}.xodr").read_text(encoding="utf-8")


@cache
def network(name: str) -> Network:
    return TOWNS[name]().build()


def signals(name: str, kind: str) -> list[int]:
    return [signal.id for road in network(name).roads for signal in road.signals if signal.type == kind]


def lane_kinds(name: str) -> Counter[str]:
    return Counter(
        lane.kind for road in network(name).roads for section in road.sections for lane in section.lanes
    )  # fmt: skip


def grade(road: Road) -> float:
    steps = [road.height(s) for s in range(0, int(road.path.length), 2)]
    return max((abs(b - a) / 2.0 for a, b in pairwise(steps)), default=0.0)


@pytest.mark.parametrize("name", TOWNS)
def test_committed_file_is_what_the_builder_writes(name):
    assert text(name) == TOWNS[name]().text()
    assert len(text(name)) < LARGEST_BYTES.get(name, 2_000_000)


@pytest.mark.parametrize("name", TOWNS)
def test_town_passes_the_gates(name):
    assert check_town(text(name)) == []


@pytest.mark.parametrize("name", TOWNS)
def test_limits_are_shown_on_signs_that_exist(name):
    shown = {signal.value for road in network(name).roads for signal in road.signals if signal.type == "274"}
    assert shown
    assert shown <= SPEED_LIMITS
    assert {road.speed_kmh for road in network(name).roads} <= SPEED_LIMITS


@pytest.mark.parametrize("name", TOWNS)
def test_turns_are_wide_enough(name):
    for road in network(name).roads:
        lanes = [lane for lane in road.sections[0].lanes if lane.kind == "driving"]
        if road.junction < 0 or not lanes:
            continue
        # The reference line is the left edge of the lane.
        half = max(width.a for width in lanes[0].widths) / 2.0
        for _, curvature in road.path.pieces:
            if curvature:
                assert 1.0 / abs(curvature) + math.copysign(half, curvature) >= LEAST_RADIUS_M, road.name


@pytest.mark.parametrize("name", TOWNS)
def test_all_ids_are_unique(name):
    net = network(name)
    ids = Counter(
        [road.id for road in net.roads]
        + [junction.id for junction in net.junctions]
        + [controller.id for controller in net.controllers]
        + [thing.id for road in net.roads for thing in [*road.signals, *road.crosswalks]]
    )
    assert max(ids.values()) == 1


def test_harbor_has_what_its_description_says():
    lit = [junction for junction in network("Harbor").junctions if junction.controllers]
    kinds = lane_kinds("Harbor")
    assert len(lit) == 16
    assert len(signals("Harbor", "1000001")) == sum(len(junction.controllers) for junction in lit)
    assert kinds["parking"] > 20
    assert kinds["biking"] > 8
    assert sum(len(road.crosswalks) for road in network("Harbor").roads) > 50


def test_orchard_has_what_its_description_says():
    assert len(signals("Orchard", "206")) > 15
    assert len(signals("Orchard", "205")) > 8
    assert signals("Orchard", "1000001") == []
    assert sum(road.name == "Green" for road in network("Orchard").roads) == 4  # the pieces of the ring


def test_interchange_has_bridges_and_lanes_to_weave_in():
    roads = network("Interchange").roads
    widest = max(sum(lane.kind == "driving" for lane in road.sections[0].lanes) for road in roads)
    bridges = [road for road in roads if road.name.startswith("Bridge ") and road.junction < 0]
    below = [road for road in roads if road.name in ("Outer Ring", "Inner Ring") and road.junction < 0]
    assert widest == 4
    assert len(bridges) == 3
    for bridge in bridges:
        crossed = {
            road.name
            for road in below
            for s in range(int(bridge.path.length))
            if (at := road.path.project(*bridge.path.pose(s)[:2]))
            and abs(at[1]) < 1.0
            and bridge.height(s) - road.height(at[0]) > 5.0
        }
        assert crossed == {"Outer Ring", "Inner Ring"}


def test_ridge_is_hilly():
    heights = [road.height(road.path.length * i / 20) for road in network("Ridge").roads for i in range(21)]
    steepest = max(grade(road) for road in network("Ridge").roads)
    assert max(heights) - min(heights) > 80.0
    assert 0.06 < steepest < 0.10


def test_quarter_is_large():
    points = [road.path.start for road in network("Quarter").roads]
    assert max(p.x for p in points) - min(p.x for p in points) > 3400.0
    assert max(p.y for p in points) - min(p.y for p in points) > 2400.0
    assert len(network("Quarter").junctions) > 90


def without(pattern: str, town: str, count: int = 1) -> str:
    return changed(pattern, "", town, count)


def changed(pattern: str, replacement: str, town: str, count: int = 1) -> str:
    edited, n = re.subn(pattern, replacement, town, count=count, flags=re.DOTALL)
    assert n == count, pattern
    return edited


def moved(town: str, attribute: str, road: str, by: float) -> str:
    """One road of a town, a little elsewhere."""
    found = re.search(rf'name="{road}" .*? {attribute}="([-\d.e]+)"', town, re.DOTALL)
    assert found
    value = float(found.group(1)) + by
    return f"{town[: found.start(1)]}{value}{town[found.end(1) :]}"


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        pytest.param(lambda t: without(r'<connection id="0".*?</connection>', t), "nothing leads into", id="no way in"),
        pytest.param(lambda t: moved(t, "x", "West Street", 0.3), "ends 0.300 m from", id="gap"),
        pytest.param(lambda t: moved(t, "a", "West Street", 0.1), "m below", id="step"),
        pytest.param(lambda t: moved(t, "hdg", "West Street", 0.03), "turns by", id="kink"),
        pytest.param(lambda t: without(r"<signalReference.*?</signalReference>", t), "0 lights before", id="no light"),
        pytest.param(
            lambda t: changed(r"(<signalReference.*?</signalReference>)", r"\1\1", t),
            "2 lights before",
            id="two lights",
        ),
        pytest.param(lambda t: without(r'<control signalId="\d+" type=""/>', t), "0 controllers", id="uncontrolled"),
        pytest.param(
            lambda t: without(r'<controller id="\d+" type="0" sequence="0"/>', t),
            "used by 0 junctions",
            id="no junction",
        ),
        pytest.param(
            lambda t: changed(r"<outline>(.*?)</outline>", r"<outlines><outline>\1</outline></outlines>", t),
            "crosswalks, but carla.Map shows",
            id="crosswalk in outlines",
        ),
        pytest.param(
            lambda t: changed(r'(type="crosswalk" s="[^"]*" t=")[^"]*', r"\g<1>9", t),
            "no sidewalk",
            id="stray crosswalk",
        ),
        pytest.param(
            lambda t: changed(
                r'(name="Admiral Avenue".*?type="solid solid"[^>]*laneChange=")none', r"\1both", t
            ),
            "oncoming traffic",
            id="overtaking on a double line",
        ),
        pytest.param(
            lambda t: changed(r'<arc curvature="0\.0[^"]*"', '<arc curvature="0.3"', t), "degrees in", id="too tight"
        ),
        pytest.param(
            lambda t: changed(r'(<signal name="Signal_3Light_Post01" id=")\d+', r"\g<1>1", t),
            "which does not exist",
            id="reference to nothing",
        ),
    ],
)  # fmt: skip
def test_a_damaged_town_is_told_what_is_wrong(damage, finding):
    found = check_town(damage(text("Harbor")))
    assert any(finding in sentence for sentence in found), found[:5]


def test_main_writes_and_checks(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("simulator.towns.__main__.DIRECTORY", tmp_path)
    assert main(["--check", "Ridge"]) == 1
    assert "run python -m simulator.towns" in capsys.readouterr().err
    assert main(["Ridge"]) == 0
    assert main(["--check", "Ridge"]) == 0
    assert (tmp_path / "Ridge.xodr").read_text() == text("Ridge")
    with pytest.raises(SystemExit):
        main(["Atlantis"])


poses = st.builds(
    Pose, st.floats(-200, 200), st.floats(-200, 200), st.floats(-math.pi, math.pi)
)  # fmt: skip


def assert_close(a: Pose, b: Pose) -> None:
    assert math.hypot(a.x - b.x, a.y - b.y) < 1e-2
    assert abs(wrap(a.heading - b.heading)) < 1e-2


@given(start=poses, ahead=st.floats(20, 80), aside=st.floats(-60, 60), turn=st.floats(-2.0, 2.0))
def test_connection_reaches_its_end(start, ahead, aside, turn):
    there = start.ahead(ahead).left(aside)
    end = Pose(there.x, there.y, wrap(start.heading + turn))
    path = connect(start, end, 2.0, 3.0)
    assert_close(path.start, start)
    assert_close(path.end, end)
    assert path.pieces[0][1] == 0.0 == path.pieces[-1][1]


@given(
    start=poses,
    pieces=st.lists(st.tuples(st.floats(5, 40), st.sampled_from([0.0, 0.02, -0.03])), min_size=1, max_size=3),
    part=st.floats(0.05, 0.95),
    aside=st.floats(-8, 8),
)
def test_points_beside_a_path_are_found_again(start, pieces, part, aside):
    path = Path(start, tuple(pieces))
    s = part * path.length
    point = path.pose(s).left(aside)
    found = path.project(point.x, point.y)
    assert found is not None
    back = path.pose(found[0]).left(found[1])
    assert math.hypot(back.x - point.x, back.y - point.y) < 1e-6
    assert abs(found[1]) <= abs(aside) + 1e-6


@given(start=poses, cut=st.floats(0.1, 0.9), aside=st.floats(-10, 10))
def test_parts_and_parallels_of_a_path_stay_on_it(start, cut, aside):
    path = Path(start, ((30.0, 0.0), (40.0, 0.02), (25.0, -0.04)))
    s = cut * path.length
    assert_close(path.trimmed(s, path.length).start, path.pose(s))
    assert_close(path.trimmed(0.0, s).end, path.pose(s))
    assert_close(path.shifted_left(aside).end, path.end.left(aside))


def test_rounded_corner():
    path = rounded([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0)], [20.0])
    assert path.length == pytest.approx(160.0 + 10.0 * math.pi)
    assert_close(path.end, Pose(100.0, 100.0, math.pi / 2.0))
    with pytest.raises(ValueError, match=r"too close for their radii by 10\.0 m"):
        rounded([(0.0, 0.0), (100.0, 0.0), (100.0, 100.0)], [110.0])


WALK = Strip("sidewalk", 2.0)
STREET = CrossSection(1, 1, 3.5, (WALK,), (WALK,))


def crossroads(control: str = "open", minor: tuple[str, ...] = ()) -> Town:
    town = Town("Crossroads")
    town.node("middle", 0.0, 0.0, control=control, minor=minor)
    for name, x, y in (("east", 100.0, 0.0), ("north", 0.0, 100.0), ("west", -100.0, 0.0), ("south", 0.0, -100.0)):
        town.node(name, x, y)
        town.street(name, "middle", STREET)
    return town


def test_crossroads_have_every_turn_and_a_sidewalk_around_every_corner():
    roads = [road for road in crossroads().build().roads if road.junction >= 0]
    turns = Counter(round(math.degrees(wrap(road.path.end.heading - road.path.start.heading))) for road in roads)
    assert turns == {90: 4, 0: 4, -90: 4}
    for road in roads:
        kinds = [lane.kind for lane in road.sections[0].lanes]
        turn = wrap(road.path.end.heading - road.path.start.heading)
        assert kinds == (["driving", "sidewalk"] if turn < -1.0 else ["driving"])


def test_signs_stand_where_they_are_asked_for():
    town = crossroads("stop", minor=("north",)).build()
    stops = {road.name: signal for road in town.roads for signal in road.signals if signal.type == "206"}
    assert list(stops) == ["north middle"]
    signal = stops["north middle"]
    assert signal.orientation == "-"  # lanes with negative ids, in CARLA's dialect
    assert signal.lanes == (-1, -1)
    assert signal.t < -3.5 - 0.5


def test_mistakes_in_a_description_are_named():
    town = crossroads()
    with pytest.raises(ValueError, match="node east exists already"):
        town.node("east", 0.0, 0.0)
    with pytest.raises(ValueError, match="no such control as 'police'"):
        town.node("x", 0.0, 0.0, control="police")
    with pytest.raises(ValueError, match="'nowhere' is none of its neighbours"):
        crossroads("stop", minor=("nowhere",)).build()
    town.street("middle", "east", STREET, "double")
    with pytest.raises(ValueError, match="leave in the same direction"):
        town.build()
    short = Town("Short")
    short.node("a", 0.0, 0.0)
    short.node("b", 12.0, 0.0)
    short.street("a", "b", STREET)
    with pytest.raises(ValueError, match="a b is too short"):
        short.build()


@pytest.mark.parametrize("name", TOWNS)
def test_towns_lie_where_agents_of_the_leaderboard_take_degrees_for_metres(name: str) -> None:
    """TransFuser, TCP, NEAT and others multiply latitude and longitude by constants that hold at (0, 0) only."""
    origin = carla.Map(name, text(name)).transform_to_geolocation(carla.Location(100.0, 0.0, 0.0))
    assert origin.latitude == pytest.approx(0.0, abs=1e-12)
    assert origin.longitude * 111319.490945 == pytest.approx(100.0, rel=1e-3)
