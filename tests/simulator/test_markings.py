"""Paint on the roads: what the file's roadMarks, signals and lanes become."""

import math
from pathlib import Path

import carla
import numpy as np
import pytest

from simulator.maps import town
from simulator.maps.compile import compile_town
from simulator.maps.library import MapLibrary
from simulator.maps.opendrive import BadFile
from simulator.maps.town import Markings, TownMap

SHARED_MAPS = Path(__file__).parents[2].parent / "shared" / "maps"
TOWNS = ["Harbor", "Orchard", "Town04", "Town10HD"]
LENGTH_M = 100.0


def mark(kind: str, attributes: str = "", inner: str = "") -> str:
    return f'<roadMark type="{kind}" {attributes}>{inner}</roadMark>'


def lane(lane_id: int, kind: str, marks: str, width: float = 3.5, taper: float = 0.0) -> str:
    shape = "" if lane_id == 0 else f'<width sOffset="0" a="{width}" b="{taper}" c="0" d="0"/>'
    return f'<lane id="{lane_id}" type="{kind}" level="false">{shape}{marks}</lane>'


def section(s: float, lanes: dict[int, tuple[str, str]], width: float = 3.5) -> str:
    """Lanes by id: type and marks."""
    parts = []
    for tag, chosen in (("left", lambda i: i > 0), ("center", lambda i: i == 0), ("right", lambda i: i < 0)):
        rows = "".join(lane(i, *lanes[i], width=width) for i in sorted(lanes, reverse=True) if chosen(i))
        parts.append(f"<{tag}>{rows}</{tag}>" if rows else "")
    return f'<laneSection s="{s}">{"".join(parts)}</laneSection>'


def road(sections: str, signals: str = "") -> bytes:
    """One straight road to the east."""
    return (
        '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>'
        f'<road name="" length="{LENGTH_M}" id="0" junction="-1"><link/><planView>'
        f'<geometry s="0" x="0" y="0" hdg="0" length="{LENGTH_M}"><line/></geometry></planView>'
        f"<elevationProfile/><lateralProfile/><lanes>{sections}</lanes>"
        f"<signals>{signals}</signals></road></OpenDRIVE>"
    ).encode()


def marks_of(lanes: dict[int, tuple[str, str]], **more: str) -> Markings:
    return compile_town(road(section(0.0, lanes), **more)).markings


def lines(marks: Markings, kind: int = town.LANE_LINE) -> list[int]:
    return np.flatnonzero(marks.kind == kind).tolist()


def points(marks: Markings, line: int) -> np.ndarray:
    return marks.points[marks.start[line] : marks.start[line + 1]]


def along(marks: Markings, line: int) -> np.ndarray:
    return marks.along[marks.start[line] : marks.start[line + 1]]


# --- lines of the file -----------------------------------------------------------------------------------------------


def test_lines_lie_on_the_borders_of_their_lanes_with_colour_width_and_dashes():
    marks = marks_of(
        {
            0: ("none", mark("broken", 'color="yellow" width="0.15"')),
            -1: ("driving", mark("broken", 'color="white"')),
            -2: ("driving", mark("solid", 'width="0.2"')),
            -3: ("shoulder", mark("none")),
        }
    )
    assert len(lines(marks)) == 3
    centre, between, edge = lines(marks)
    for line, y in ((centre, 0.0), (between, 3.5), (edge, 7.0)):
        assert np.abs(points(marks, line)[:, 1] - y).max() < 1e-3  # CARLA's y runs to the right
        assert along(marks, line)[-1] == pytest.approx(LENGTH_M, abs=0.01)
    assert marks.colour[[centre, between, edge]].tolist() == [town.YELLOW, town.WHITE, town.WHITE]
    assert marks.width[[centre, between, edge]].tolist() == [0.15, 0.12, 0.2]
    assert marks.dash[:, 0].tolist() == [3.0, 3.0, 0.0]
    assert marks.gap[:, 0].tolist() == [4.5, 4.5, 0.0]
    assert not marks.apart.any()


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        ("solid solid", 0.0, 0.0),
        ("solid broken", 0.0, 3.0),
        ("broken solid", 3.0, 0.0),
        ("broken broken", 3.0, 3.0),
    ],
)
def test_two_strokes_run_from_the_inside_outwards(kind: str, left: float, right: float):
    """OpenDRIVE 1.4, 5.3.7.2.1.1.4: the centre lane's from left to right."""
    lanes = {i: ("driving", mark(kind)) for i in (1, 2, -1, -2)} | {0: ("none", mark(kind))}
    marks = marks_of(lanes)
    by_y = {round(float(points(marks, line)[0, 1]) * 2) / 2: line for line in lines(marks)}
    assert sorted(by_y) == [-7.0, -3.5, 0.0, 3.5, 7.0]  # the outermost ones a little inwards
    for y in (0.0, 3.5):
        assert marks.dash[by_y[y]].tolist() == [left, right]
        assert marks.apart[by_y[y]] >= marks.width[by_y[y]] + 0.05
    # Lines run along s: what is outside is on their left there.
    assert marks.dash[by_y[-3.5]].tolist() == [right, left]


def test_a_mark_ends_where_the_next_one_begins():
    changing = (
        mark("solid", 'sOffset="0"') + mark("none", 'sOffset="20"') + mark("broken", 'sOffset="60" color="yellow"')
    )
    marks = marks_of({0: ("none", changing), -1: ("driving", mark("none"))})
    first, second = lines(marks)
    assert (points(marks, first)[[0, -1], 0]).tolist() == pytest.approx([0.0, 20.0], abs=0.01)
    assert (points(marks, second)[[0, -1], 0]).tolist() == pytest.approx([60.0, 100.0], abs=0.01)
    assert marks.colour.tolist() == [town.WHITE, town.YELLOW]


def test_dashes_keep_their_rhythm_from_section_to_section():
    lanes = {0: ("none", mark("broken")), -1: ("driving", mark("none"))}
    town_map = compile_town(road(section(0.0, lanes) + section(41.0, lanes)))
    first, second = lines(town_map.markings)
    assert along(town_map.markings, second)[0] == pytest.approx(along(town_map.markings, first)[-1])
    assert along(town_map.markings, second)[-1] == pytest.approx(LENGTH_M, abs=0.01)


def test_a_file_may_say_how_long_its_dashes_are():
    inner = '<type name="x" width="0.1"><line length="6" space="12" tOffset="0" sOffset="0"/></type>'
    marks = marks_of({0: ("none", mark("broken", inner=inner)), -1: ("driving", mark("none"))})
    assert (marks.dash[0, 0], marks.gap[0, 0]) == (6.0, 12.0)


def test_lines_at_the_edge_of_a_road_are_whole_on_it():
    marks = marks_of({0: ("none", mark("none")), -1: ("driving", mark("solid", 'width="0.2"'))})
    (edge,) = lines(marks)
    assert np.abs(points(marks, edge)[:, 1] - 3.35).max() < 1e-3


def test_a_lane_without_width_has_no_line():
    body = '<laneSection s="0"><center>' + lane(0, "none", mark("none")) + "</center><right>"
    body += lane(-1, "driving", mark("none")) + lane(-2, "driving", mark("broken"), width=0.0, taper=0.03)
    body += lane(-3, "shoulder", mark("none")) + "</right></laneSection>"
    marks = compile_town(road(body)).markings
    (line,) = lines(marks)
    assert 3.0 < points(marks, line)[0, 0] < 20.0
    assert points(marks, line)[-1, 0] == pytest.approx(LENGTH_M, abs=0.01)


@pytest.mark.parametrize("kind", ["none", "curb", "grass", "custom", "anything"])
def test_what_is_no_paint_is_no_line(kind: str):
    marks = marks_of({0: ("none", mark(kind)), -1: ("driving", mark("none"))})
    assert len(marks.kind) == 0


def test_a_mark_with_a_width_that_is_no_number_is_refused():
    with pytest.raises(BadFile, match='width="wide" in a roadMark of road 0'):
        compile_town(road(section(0.0, {0: ("none", mark("solid", 'width="wide"')), -1: ("driving", "")})))


# --- across the lanes ------------------------------------------------------------------------------------------------


def signal(kind: str, s: float, lanes: str = 'fromLane="-1" toLane="-1"') -> str:
    return (
        f'<signal name="" id="7" s="{s}" t="-8" zOffset="0" hOffset="0" roll="0" pitch="0" orientation="-" '
        f'dynamic="no" country="OpenDRIVE" type="{kind}" subtype="-1" value="-1" text="" height="1" width="1">'
        f"<validity {lanes}/></signal>"
    )


@pytest.mark.parametrize(
    ("kind", "expected"), [("206", town.STOP_LINE), ("205", town.YIELD_LINE), ("1000001", town.STOP_LINE)]
)
def test_who_must_stop_has_a_line_across_the_lane(kind: str, expected: int):
    lanes = {0: ("none", mark("none")), -1: ("driving", mark("none")), 1: ("driving", mark("none"))}
    marks = marks_of(lanes, signals=signal(kind, 80.0))
    assert marks.kind.tolist() == [expected]
    left, right = points(marks, 0)
    assert left.tolist() == pytest.approx([80.0, 0.0, 0.0], abs=0.01)  # seen along the lane
    assert right.tolist() == pytest.approx([80.0, 3.5, 0.0], abs=0.01)
    assert (marks.dash[0, 0] > 0.0) == (expected == town.YIELD_LINE)
    assert 0.3 <= marks.width[0] <= 0.6  # MUTCD 3B.16


def test_speed_limits_have_no_stop_line():
    lanes = {0: ("none", mark("none")), -1: ("driving", mark("none"))}
    assert len(marks_of(lanes, signals=signal("274", 80.0)).kind) == 0


def test_parking_lanes_are_cut_into_bays():
    lanes = {0: ("none", mark("none")), -1: ("driving", mark("none")), -2: ("parking", mark("none"))}
    marks = compile_town(road(section(0.0, lanes))).markings
    bays = lines(marks, town.BAY_LINE)
    x = np.array([points(marks, line)[0, 0] for line in bays])
    assert len(bays) == 17  # 16 bays of 6 metres and a bit
    assert np.diff(x) == pytest.approx(100.0 / 16.0, abs=0.01)
    for line in bays:
        assert points(marks, line)[:, 1].tolist() == pytest.approx([3.5, 7.0], abs=1e-3)


def test_kerbs_run_where_sidewalks_begin_with_the_sidewalk_on_the_right():
    lanes = {0: ("none", mark("none")), 1: ("driving", mark("none")), 2: ("sidewalk", mark("none"))}
    lanes |= {-1: ("driving", mark("none")), -2: ("sidewalk", mark("none")), -3: ("sidewalk", mark("none"))}
    marks = marks_of(lanes)
    kerbs = lines(marks, town.KERB_LINE)
    assert len(kerbs) == 2
    for line in kerbs:
        first, last = points(marks, line)[[0, -1]]
        assert abs(abs(first[1]) - 3.5) < 1e-3
        assert (last[0] > first[0]) == (first[1] > 0.0)


# --- whole towns -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library() -> MapLibrary:
    return MapLibrary(SHARED_MAPS if SHARED_MAPS.is_dir() else None)


@pytest.fixture(scope="module", params=TOWNS)
def a_town(request: pytest.FixtureRequest, library: MapLibrary) -> TownMap:
    if request.param not in library.names():
        pytest.skip(f"{request.param}.xodr is not there")
    return library.load(request.param)


def test_lines_say_what_the_client_says_of_the_lanes_beside_them(a_town: TownMap):
    """carla.Map is the judge: the marking on the right of a lane is painted along its right border, and only then."""
    client = carla.Map(a_town.name, a_town.opendrive)
    marks = a_town.markings
    owner = np.repeat(np.arange(len(marks.kind)), np.diff(marks.start))
    firsts = np.flatnonzero((np.diff(owner) == 0) & (marks.kind[owner[:-1]] == town.LANE_LINE))
    a, b = marks.points[firsts, :2], marks.points[firsts + 1, :2]
    painted = {"Broken", "Solid", "SolidSolid", "SolidBroken", "BrokenSolid", "BrokenBroken", "BottsDots"}
    colours = {"Yellow": town.YELLOW, "White": town.WHITE, "Standard": town.WHITE}
    rng = np.random.default_rng(6)
    compared = 0
    for waypoint in rng.choice(np.array(client.generate_waypoints(7.0), object), 400):
        yaw = math.radians(waypoint.transform.rotation.yaw)
        reach = 0.5 * waypoint.lane_width
        place = waypoint.transform.location
        edge = np.array([place.x - math.sin(yaw) * reach, place.y + math.cos(yaw) * reach])
        share = np.clip(((edge - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1), 0.0, 1.0)
        near = np.linalg.norm(a + share[:, None] * (b - a) - edge, axis=1)
        marking = waypoint.right_lane_marking
        if marking is None or waypoint.is_junction:
            continue
        compared += 1
        if str(marking.type) in painted:
            line = owner[firsts[near.argmin()]]
            assert near.min() < 0.35, (waypoint.road_id, waypoint.lane_id, waypoint.s)
            assert (marks.dash[line] > 0.0).any() == ("Broken" in str(marking.type))
            assert marks.colour[line] == colours.get(str(marking.color), town.WHITE)
    assert compared > 150


def test_stop_lines_are_where_lights_say_that_one_stops(a_town: TownMap):
    marks, boxes = a_town.markings, a_town.light_boxes
    middles = np.array([points(marks, line).mean(axis=0) for line in lines(marks, town.STOP_LINE)]).reshape(-1, 3)
    for x, y, z in zip(boxes.stop_x, boxes.stop_y, boxes.stop_z, strict=True):
        nearest = np.abs(middles - (x, y, z)).max(axis=1).min()
        inside = (
            a_town.name.startswith("Town") and nearest > 0.1
        )  # a light of CARLA's whose lane begins in the junction
        assert nearest < 0.1 or inside
    if a_town.name == "Harbor":
        assert len(middles) == len(boxes.x) > 50


def test_arrows_point_along_their_lanes_to_where_these_lead(a_town: TownMap):
    client = carla.Map(a_town.name, a_town.opendrive)
    for x, y, z, yaw, length, ways in a_town.markings.arrows.tolist():
        waypoint = client.get_waypoint(carla.Location(x, y, z))
        heading = math.radians(waypoint.transform.rotation.yaw)
        assert math.cos(yaw - heading) > 0.98
        place = waypoint.transform.location
        assert abs(math.cos(yaw) * (place.y - y) - math.sin(yaw) * (place.x - x)) < 0.1  # off the lane's middle
        assert not waypoint.is_junction
        last = waypoint.next_until_lane_end(1.0)[-1]
        turns = set()
        for entry in last.next(2.0):
            whole = [entry, *entry.next_until_lane_end(1.0)]
            turn = math.remainder(
                math.radians(whole[-1].transform.rotation.yaw - last.transform.rotation.yaw), 2.0 * math.pi
            )
            turns.add(town.ARROW_AHEAD if abs(turn) < 0.6 else town.ARROW_RIGHT if turn > 0 else town.ARROW_LEFT)
        assert length > 2.0
        assert int(ways) == sum(turns), (x, y)


def test_arrays_fit_together(a_town: TownMap):
    marks = a_town.markings
    assert marks.start[-1] == len(marks.points) == len(marks.along)
    assert (np.diff(marks.start) >= 2).all()
    for line in range(len(marks.kind)):
        steps = np.linalg.norm(np.diff(points(marks, line), axis=0), axis=1)
        assert steps.min() > 1e-4
        assert np.diff(along(marks, line)) == pytest.approx(steps)
    assert ((marks.dash > 0.0) == (marks.gap > 0.0)).all()


def bare_sides(motorway: TownMap) -> list[int]:
    """For each lane of junctions of its motorways: how many of its sides have no line half way."""
    lanes, samples, marks = motorway.lanes, motorway.samples, motorway.markings
    owner = np.repeat(np.arange(len(marks.kind)), np.diff(marks.start))
    firsts = np.flatnonzero((np.diff(owner) == 0) & (marks.kind[owner[:-1]] == town.LANE_LINE))
    a, b = marks.points[firsts, :2], marks.points[firsts + 1, :2]
    found = []
    for row in np.flatnonzero((lanes.junction >= 0) & (lanes.kind == 2)).tolist():
        first, last = lanes.sample_start[row], lanes.sample_start[row + 1]
        if samples.speed_limit_kmh[first] < 100.0:
            continue
        middle = (first + last) // 2
        x, y, yaw, reach = (float(column[middle]) for column in (samples.x, samples.y, samples.yaw, samples.width))
        bare = 0
        for side in (-0.5 * reach, 0.5 * reach):
            edge = np.array([x - np.sin(yaw) * side, y + np.cos(yaw) * side])
            share = np.clip(((edge - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1), 0.0, 1.0)
            bare += int(np.linalg.norm(a + share[:, None] * (b - a) - edge, axis=1).min() > 0.3)
        found.append(bare)
    return found


def test_lines_of_a_motorway_go_on_where_lanes_part_and_merge(library: MapLibrary):
    """But where a lane leaves the one that it lies over: there it has an edge on the outside alone."""
    bare = bare_sides(library.load("Interchange"))
    assert len(bare) > 50
    assert max(bare) == 1
    assert sum(bare) < 0.2 * len(bare)
