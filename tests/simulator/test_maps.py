"""Maps: what the compiler makes of CARLA's towns, of ours, and of bad files; and the library that serves them.

The judge is the client: carla.Map answers where lanes are, how high, and which landmarks there are.
"""

import dataclasses
import itertools
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import carla
import numpy as np
import pytest
import shapely

from simulator.maps import library as maps_library
from simulator.maps import store, town
from simulator.maps.compile import compile_town
from simulator.maps.furniture import LANE_MARGIN_M, terrain_height
from simulator.maps.ground import ground
from simulator.maps.lanes import DRIVING, MEDIAN, NO_TYPE, SIDEWALK
from simulator.maps.library import BadMap, MapLibrary, UnknownMap
from simulator.maps.opendrive import BadFile
from simulator.maps.spawns import footprints
from simulator.maps.town import TownMap

ROOT = Path(__file__).parents[2]
SHARED_MAPS = ROOT.parent / "shared" / "maps"
OUR_TOWNS = ROOT / "simulator" / "towns"
OURS = ["Harbor", "Interchange", "Orchard", "Quarter", "Ridge"]
CARLAS = ["Town01", "Town02", "Town04", "Town10HD"]


@pytest.fixture(scope="module")
def library() -> MapLibrary:
    """With the cache that the server uses, so that only the first run compiles."""
    return MapLibrary(SHARED_MAPS if SHARED_MAPS.is_dir() else None)


@pytest.fixture(scope="module", params=OURS + CARLAS)
def name(request: pytest.FixtureRequest) -> str:
    folder = SHARED_MAPS if request.param in CARLAS else OUR_TOWNS
    if not (folder / f"{request.param}.xodr").is_file():
        pytest.skip(f"{request.param}.xodr is not there")
    return str(request.param)


@pytest.fixture(scope="module")
def a_town(library: MapLibrary, name: str) -> TownMap:
    return library.load(name)


@pytest.fixture(scope="module")
def client_map(a_town: TownMap) -> carla.Map:
    return carla.Map(a_town.name, a_town.opendrive)


def random_waypoints(a_town: TownMap, client_map: carla.Map, count: int) -> list[tuple[int, carla.Waypoint]]:
    """Places on lanes of all types, with the lane's row."""
    rng = np.random.default_rng(7)
    lanes = a_town.lanes
    found = []
    for row in rng.integers(0, len(lanes.road), count).tolist():
        s = float(rng.uniform(lanes.s_begin[row], lanes.s_end[row]))
        waypoint = client_map.get_waypoint_xodr(int(lanes.road[row]), int(lanes.lane[row]), s)
        if waypoint and waypoint.section_id == lanes.section[row] and waypoint.lane_width > 0.3:
            found.append((row, waypoint))
    return found


# --- tables ----------------------------------------------------------------------------------------------------------


def test_tables_agree_with_each_other(a_town: TownMap) -> None:
    lanes, samples, surface = a_town.lanes, a_town.samples, a_town.surface
    assert lanes.sample_start[0] == 0
    assert lanes.sample_start[-1] == len(samples.x)
    assert np.all(np.diff(lanes.sample_start) >= 2)
    for table in (lanes, samples, a_town.light_boxes):
        for column in table:
            assert np.isfinite(column).all()
    for row in range(len(lanes.road)):
        s = samples.s[lanes.sample_start[row] : lanes.sample_start[row + 1]]
        assert np.all(np.diff(s) > 0)
        assert lanes.s_begin[row] <= s[0]
        assert s[-1] <= lanes.s_end[row]
    assert samples.speed_limit_kmh.min() >= 5.0
    assert samples.speed_limit_kmh.max() <= 130.0
    assert np.isfinite(surface.vertices).all()
    assert np.isfinite(surface.terrain).all()
    assert surface.triangles.min() >= 0
    assert surface.triangles.max() < len(surface.vertices)
    assert surface.lane.min() >= -1
    assert surface.lane.max() < len(lanes.road)
    assert len(surface.label) == len(surface.lane) == len(surface.triangles)
    assert set(surface.label.tolist()) <= {town.ROADS, town.SIDEWALKS, town.TERRAIN, town.RAIL_TRACK}
    a, b, c = (surface.vertices[surface.triangles[:, k]] for k in range(3))
    assert np.cross(b - a, c - a)[:, 2].min() > 0.0, "normals point up"
    assert len(surface.triangles) < 150_000


def test_signals_controllers_and_groups_agree(a_town: TownMap) -> None:
    signals = a_town.signals
    lights = [i for i, kind in enumerate(signals.type_id) if kind == "traffic.traffic_light"]
    assert lights == list(range(len(lights))), "lights come first"
    assert len(set(signals.sign_id)) == len(signals.sign_id)
    assert sorted(i for members in a_town.controllers for i in members) == lights
    assert sorted(c for members in a_town.groups for c in members) == list(range(len(a_town.controllers)))
    for group, members in enumerate(a_town.groups):
        for controller in members:
            for light in a_town.controllers[controller]:
                assert signals.controller[light] == controller
                assert signals.group[light] == group
        poles = [signals.pole_index[light] for controller in members for light in a_town.controllers[controller]]
        assert sorted(poles) == list(range(len(poles)))
    assert set(a_town.light_boxes.light.tolist()) <= set(lights)
    assert np.all(signals.trigger_half > 0.0)


def test_boxes_have_names_and_stable_ids(a_town: TownMap) -> None:
    boxes = a_town.boxes
    assert len(set(a_town.box_names)) == len(a_town.box_names) == len(boxes.x)
    assert len(set(boxes.id.tolist())) == len(boxes.id)
    assert min(boxes.half_x.min(), boxes.half_y.min(), boxes.half_z.min()) > 0.0
    assert 200 < len(boxes.x) < 10_000
    signals = a_town.signals.type_id
    lights = sum(kind == "traffic.traffic_light" for kind in signals)
    assert (boxes.label == town.TRAFFIC_LIGHT).sum() == lights, "public code pairs each light with a box"
    assert (boxes.label == town.TRAFFIC_SIGNS).sum() == len(signals) - lights
    assert (boxes.label == town.BUILDINGS).sum() > 20


# --- ground ----------------------------------------------------------------------------------------------------------


def test_ground_is_where_the_client_says(a_town: TownMap, client_map: carla.Map) -> None:
    inside: list[float] = []
    outside: list[float] = []
    for row, waypoint in random_waypoints(a_town, client_map, 4000):
        place = waypoint.transform.location
        z, nx, ny, nz, triangle = ground(a_town.surface, place.x, place.y, place.z + 0.5)
        assert triangle >= 0, f"no ground on road {waypoint.road_id} lane {waypoint.lane_id} at {place}"
        assert abs(math.hypot(nx, ny, nz) - 1.0) < 1e-9
        (inside if a_town.lanes.junction[row] >= 0 else outside).append(abs(z - place.z))
    assert max(outside) < 0.03
    if a_town.name == "Town04":  # where roads of a junction disagree by 0.2 m one height lies between them
        assert np.mean(np.array(inside) < 0.03) > 0.9
        assert max(inside) < 0.2
    else:
        assert max(inside, default=0.0) < 0.03


def test_a_driving_lane_wins_its_place(a_town: TownMap, client_map: carla.Map) -> None:
    lanes, surface = a_town.lanes, a_town.surface
    for row, waypoint in random_waypoints(a_town, client_map, 3000):
        place = waypoint.transform.location
        triangle = ground(surface, place.x, place.y, place.z + 0.5)[4]
        if lanes.kind[row] == DRIVING:
            assert lanes.kind[surface.lane[triangle]] == DRIVING
            assert surface.label[triangle] == town.ROADS
        elif lanes.kind[row] == SIDEWALK and lanes.junction[row] < 0:
            assert surface.label[triangle] in (town.SIDEWALKS, town.ROADS)


def test_no_step_on_the_way_through_a_junction(a_town: TownMap, client_map: carla.Map) -> None:
    lanes = a_town.lanes
    rng = np.random.default_rng(3)
    rows = np.flatnonzero((lanes.kind == DRIVING) & (lanes.junction >= 0))
    for row in rng.choice(rows, min(60, len(rows)), replace=False).tolist():
        last = None
        for s in np.arange(lanes.s_begin[row] + 1e-3, lanes.s_end[row] - 1e-3, 0.1).tolist():
            waypoint = client_map.get_waypoint_xodr(int(lanes.road[row]), int(lanes.lane[row]), s)
            place, yaw = waypoint.transform.location, math.radians(waypoint.transform.rotation.yaw)
            x, y = place.x - math.sin(yaw) * 0.8, place.y + math.cos(yaw) * 0.8  # under the right wheels
            z = ground(a_town.surface, x, y, place.z + 0.5)[0]
            assert last is None or abs(z - last) < 0.03, f"a step at {place}"
            last = z


def test_wheels_find_no_gap_where_lanes_meet(a_town: TownMap) -> None:
    lanes, samples = a_town.lanes, a_town.samples
    for row in np.flatnonzero(lanes.kind == DRIVING).tolist():
        for i in (lanes.sample_start[row], lanes.sample_start[row + 1] - 1):
            if samples.width[i] < 0.5:
                continue
            for across in (-0.45, 0.0, 0.45):
                for ahead in (-0.04, -0.01, 0.0, 0.01, 0.04):
                    right = across * samples.width[i]
                    x = samples.x[i] - math.sin(samples.yaw[i]) * right + math.cos(samples.yaw[i]) * ahead
                    y = samples.y[i] + math.cos(samples.yaw[i]) * right + math.sin(samples.yaw[i]) * ahead
                    assert ground(a_town.surface, x, y, samples.z[i] + 0.5)[4] >= 0, f"a gap at {x:.2f}, {y:.2f}"


def test_terrain_keeps_below_all_surfaces(a_town: TownMap) -> None:
    surface = a_town.surface
    rng = np.random.default_rng(11)
    area = surface.vertices[surface.triangles]
    size = np.linalg.norm(np.cross(area[:, 1] - area[:, 0], area[:, 2] - area[:, 0]), axis=1)
    which = rng.choice(len(area), 200_000, p=size / size.sum())
    u, v = rng.random((2, len(which)))
    folded = u + v > 1.0
    u[folded], v[folded] = 1.0 - u[folded], 1.0 - v[folded]
    corner = area[which]
    points = corner[:, 0] + u[:, None] * (corner[:, 1] - corner[:, 0]) + v[:, None] * (corner[:, 2] - corner[:, 0])
    depth = points[:, 2] - terrain_height(surface, points[:, 0], points[:, 1])
    assert depth.min() > 0.03
    assert np.median(depth) < 0.25


# --- things beside the road ------------------------------------------------------------------------------------------


def lane_polygons(a_town: TownMap, client_map: carla.Map) -> list[shapely.Polygon]:
    """Pieces of all lanes for vehicles, of the client's waypoints and widths alone."""
    lanes = a_town.lanes
    polygons = []
    for row in range(len(lanes.road)):
        if lanes.kind[row] in (SIDEWALK, NO_TYPE, MEDIAN):
            continue
        edges = []
        for s in np.linspace(lanes.s_begin[row] + 1e-3, lanes.s_end[row] - 1e-3, 2 + int(
            (lanes.s_end[row] - lanes.s_begin[row]) / 4.0
        )).tolist():  # fmt: skip
            waypoint = client_map.get_waypoint_xodr(int(lanes.road[row]), int(lanes.lane[row]), s)
            if waypoint is None or waypoint.section_id != lanes.section[row]:
                continue
            place, yaw = waypoint.transform.location, math.radians(waypoint.transform.rotation.yaw)
            dx, dy = -math.sin(yaw) * waypoint.lane_width / 2, math.cos(yaw) * waypoint.lane_width / 2
            edges.append(((place.x - dx, place.y - dy), (place.x + dx, place.y + dy)))
        for (a, b), (c, d) in itertools.pairwise(edges):
            polygons.append(shapely.Polygon([a, b, d, c]))
    return [polygon for polygon in polygons if polygon.is_valid and polygon.area > 0.0]


def test_no_box_touches_a_lane_for_vehicles(a_town: TownMap, client_map: carla.Map) -> None:
    boxes = a_town.boxes
    polygons = footprints(boxes.x, boxes.y, boxes.yaw, boxes.half_x, boxes.half_y)
    tree = shapely.STRtree(lane_polygons(a_town, client_map))
    # The polygons here are a little truer or less true than the surface's: 5 cm between them.
    close = np.unique(tree.query(polygons, predicate="dwithin", distance=LANE_MARGIN_M - 0.05)[0])
    overhead = (boxes.solid == 0) & np.isin(boxes.label, (town.TRAFFIC_LIGHT, town.TRAFFIC_SIGNS))
    bottom = boxes.z - boxes.half_z
    for i in close.tolist():
        assert overhead[i], f"{a_town.box_names[i]} stands on a lane"
        floor = ground(a_town.surface, float(boxes.x[i]), float(boxes.y[i]), float(boxes.z[i]))[0]
        assert bottom[i] > floor + 5.0, f"{a_town.box_names[i]} hangs too low"


def test_solid_boxes_do_not_overlap(a_town: TownMap) -> None:
    boxes = a_town.boxes
    solid = np.flatnonzero(boxes.solid == 1)
    polygons = footprints(boxes.x, boxes.y, boxes.yaw, boxes.half_x, boxes.half_y)[solid]
    i, j = shapely.STRtree(polygons).query(polygons, predicate="overlaps")
    assert not np.any(i < j), [(a_town.box_names[solid[a]], a_town.box_names[solid[b]]) for a, b in zip(i, j)][:5]


def test_vehicles_fit_at_all_spawn_points(a_town: TownMap, client_map: carla.Map) -> None:
    points = a_town.spawn_points
    assert 50 <= len(points) <= 400
    for x, y, z, roll, pitch, yaw in points.tolist():
        waypoint = client_map.get_waypoint(carla.Location(x, y, z))
        place = waypoint.transform
        assert place.location.distance(carla.Location(x, y, z)) < 0.7
        assert 0.25 < z - place.location.z < 0.65
        assert not waypoint.is_junction
        turn = math.radians(place.rotation.yaw) - yaw
        assert math.cos(turn) > 0.99
        assert waypoint.next(20.0)
        assert roll == 0.0
        assert abs(pitch) < 0.3
    boxes = a_town.boxes
    cars = footprints(points[:, 0], points[:, 1], points[:, 5], 5.2, 1.5)
    static = footprints(boxes.x, boxes.y, boxes.yaw, boxes.half_x, boxes.half_y)[boxes.solid == 1]
    assert len(shapely.STRtree(static).query(cars, predicate="intersects")[0]) == 0


# --- signals ---------------------------------------------------------------------------------------------------------


def test_each_landmark_of_the_client_has_its_actor(a_town: TownMap, client_map: carla.Map) -> None:
    signals = a_town.signals
    row_of = {sign_id: row for row, sign_id in enumerate(signals.sign_id)}
    kinds = {"1000001": "traffic.traffic_light", "206": "traffic.stop", "205": "traffic.yield"}
    landmarks = client_map.get_all_landmarks()
    assert landmarks
    for landmark in landmarks:
        row = row_of[landmark.id]
        if landmark.type == "274":
            assert signals.type_id[row] in (f"traffic.speed_limit.{landmark.value:.0f}", "traffic.unknown")
            assert signals.speed_kmh[row] == landmark.value
        else:
            assert signals.type_id[row] == kinds[landmark.type]
        place = landmark.transform
        assert np.allclose(signals.pose[row, :3], (place.location.x, place.location.y, place.location.z), atol=1e-3)
        turn = signals.pose[row, 5] - math.radians(place.rotation.yaw)
        assert abs(math.sin(turn) - 1.0) < 1e-6, "x of a signal runs across the lanes"


def test_lights_stop_the_lanes_that_lead_to_them(a_town: TownMap, client_map: carla.Map) -> None:
    """The leaderboard finds the lanes of a light along its box's x axis; the boxes stand before the junction."""
    signals, boxes = a_town.signals, a_town.light_boxes
    for light in sorted(set(boxes.light.tolist())):
        x, y, z, _, _, yaw = signals.pose[light]
        (cx, cy, cz), (hx, _, _) = signals.trigger_center[light], signals.trigger_half[light]
        seen = set()
        for along in np.arange(-0.9 * hx, 0.9 * hx + 0.05, 0.5):
            px = x + math.cos(yaw) * (cx + along) - math.sin(yaw) * cy
            py = y + math.sin(yaw) * (cx + along) + math.cos(yaw) * cy
            waypoint = client_map.get_waypoint(carla.Location(px, py, z + cz))
            seen.add((waypoint.road_id, waypoint.lane_id))
        rows = np.flatnonzero(boxes.light == light)
        ruled = {(int(boxes.road[i]), int(boxes.lane[i])) for i in rows}
        assert seen & ruled, f"light {signals.sign_id[light]}"
        for i in rows.tolist():
            place = carla.Location(float(boxes.x[i]), float(boxes.y[i]), float(boxes.z[i]))
            stop = carla.Location(float(boxes.stop_x[i]), float(boxes.stop_y[i]), float(boxes.stop_z[i]))
            assert place.distance(stop) < 4.0
            assert not client_map.get_waypoint(stop).is_junction or a_town.name in CARLAS
            yaw_apart = abs(math.sin(signals.pose[light, 5] - boxes.yaw[i]))
            assert yaw_apart > 0.9, f"light {signals.sign_id[light]} is not turned across its lane"


def test_stop_signs_have_square_boxes_before_the_junction(a_town: TownMap) -> None:
    signals = a_town.signals
    for row, kind in enumerate(signals.type_id):
        if kind in ("traffic.stop", "traffic.yield"):
            half = signals.trigger_half[row]
            assert half[0] == half[1] >= 1.0
            assert half[0] < 12.0


def test_crosswalks_are_closed_outlines_of_the_file(a_town: TownMap) -> None:
    assert len(a_town.crosswalks) == a_town.opendrive.count('type="crosswalk"')
    for outline in a_town.crosswalks:
        assert len(outline) >= 4
        assert np.array_equal(outline[0], outline[-1])


# --- small roads -----------------------------------------------------------------------------------------------------

LANES = (
    '<laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>'
    '<lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>{lane}</lane>'
    '<lane id="-2" type="sidewalk" level="false"><width sOffset="0" a="2" b="0" c="0" d="0"/></lane>'
    "</right></laneSection>"
)
LINE = '<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry>'


def road(
    number: str = "1", length: str = "100", link: str = "", plan: str = LINE, profile: str = "", lane: str = "",
    kind: str = "", extra: str = "",
) -> str:  # fmt: skip
    return (
        f'<road name="" length="{length}" id="{number}" junction="-1">{link}{kind}<planView>{plan}</planView>'
        f"<elevationProfile>{profile}</elevationProfile><lanes>{LANES.format(lane=lane)}</lanes>{extra}</road>"
    )


def drive(*parts: str, header: str = "") -> str:
    head = f'<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4">{header}</header>'
    return head + "".join(parts) + "</OpenDRIVE>"


@pytest.mark.parametrize(
    ("kind", "lane", "expected"),
    [
        ("", "", 30.0),
        ('<type s="0" type="town"><speed max="25" unit="mph"/></type>', "", 25 * 1.609344),
        ('<type s="0" type="town"><speed max="50" unit="km/h"/></type>', "", 50.0),
        ('<type s="0" type="town"><speed max="10"/></type>', "", 36.0),
        ('<type s="0" type="motorway"><speed max="no limit"/></type>', "", 130.0),
        ('<type s="0" type="town"><speed max="undefined"/></type>', "", 30.0),
        (
            '<type s="0" type="town"><speed max="50" unit="km/h"/></type>',
            '<speed sOffset="0" max="70" unit="km/h"/>',
            70.0,
        ),
    ],
)
def test_speed_limits_come_from_the_file(kind: str, lane: str, expected: float) -> None:
    made = compile_town(drive(road(kind=kind, lane=lane)).encode())
    first = made.lanes.sample_start[np.flatnonzero(made.lanes.kind == DRIVING)[0]]
    assert made.samples.speed_limit_kmh[first] == pytest.approx(expected)


def test_a_speed_sign_rules_from_its_place_where_the_road_has_no_record() -> None:
    sign = (
        '<signals><signal name="s" id="5" s="40" t="-6" zOffset="2" hOffset="0" roll="0" pitch="0" orientation="+" '
        'dynamic="no" country="OpenDRIVE" type="274" subtype="60" value="60" text="" height="1" width="1">'
        '<validity fromLane="-1" toLane="-1"/></signal></signals>'
    )
    made = compile_town(drive(road(extra=sign)).encode())
    row = int(np.flatnonzero(made.lanes.kind == DRIVING)[0])
    part = slice(made.lanes.sample_start[row], made.lanes.sample_start[row + 1])
    s, limit = made.samples.s[part], made.samples.speed_limit_kmh[part]
    assert np.all(limit[s < 39.9] == 30.0)
    assert np.all(limit[s > 40.1] == 60.0)
    assert made.signals.type_id == ["traffic.speed_limit.60"]
    assert made.signals.speed_kmh.tolist() == [60.0]


def test_a_light_that_no_lane_refers_to_is_an_actor_with_a_group_of_its_own() -> None:
    light = (
        '<signals><signal name="" id="77" s="50" t="-5" zOffset="1" hOffset="0" roll="0" pitch="0" orientation="-" '
        'dynamic="yes" country="OpenDRIVE" type="1000001" subtype="-1" value="-1" text="" height="1" width="1">'
        '<validity fromLane="0" toLane="0"/></signal></signals>'
    )
    made = compile_town(drive(road(extra=light)).encode())
    assert made.signals.type_id == ["traffic.traffic_light"]
    assert made.signals.sign_id == ["77"]
    assert made.controllers == [[0]]
    assert made.groups == [[0]]
    # CARLA moves a light 0.25 m along its own heading; t to the left is -y in CARLA's axes.
    assert made.signals.pose[0, :3] == pytest.approx((50.25, 5.0, 1.0), abs=1e-3)


def test_origin_is_the_geo_reference_or_what_the_client_takes_without_one() -> None:
    georeference = "<geoReference><![CDATA[+proj=tmerc +lat_0=48.5 +lon_0=9.25]]></geoReference>"
    made = compile_town(drive(road(), header=georeference).encode())
    assert (made.origin_latitude_deg, made.origin_longitude_deg) == (48.5, 9.25)
    made = compile_town(drive(road()).encode())
    assert (made.origin_latitude_deg, made.origin_longitude_deg) == (42.0, 2.0)


def test_what_stands_beside_the_roads_stays_where_a_file_names_its_seed() -> None:
    def boxes(header: str) -> tuple[bytes, list[int]]:
        made = compile_town(drive(road(length="400"), header=header).encode())
        return np.stack((made.boxes.x, made.boxes.y)).tobytes(), made.boxes.id.tolist()

    seed = '<userData code="furniture-seed" value="mine"/>'
    named = boxes(seed)
    assert len(named[1]) > 5
    assert boxes(seed + "<geoReference>+lat_0=1 +lon_0=1</geoReference>") == named
    assert boxes(seed.replace("mine", "yours")) != named
    assert boxes('<userData code="another" value="mine"/>') != named


def test_the_same_file_makes_the_same_bake(tmp_path: Path) -> None:
    data = drive(road(kind='<type s="0" type="town"><speed max="50" unit="km/h"/></type>')).encode()
    for file in ("a", "b"):
        store.save(compile_town(data), tmp_path / file)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# --- the library -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "Lane.xodr").write_text(drive(road()))
    return maps


def small_library(folder: Path, said: list[str] | None = None) -> MapLibrary:
    lines = said if said is not None else []
    ours = folder.parent / "ours"
    ours.mkdir(exist_ok=True)
    return MapLibrary(folder, folder.parent / "cache", lines.append, our_towns=ours)


def test_a_bake_comes_back_as_it_was(folder: Path) -> None:
    text = (folder / "Lane.xodr").read_text()
    loaded = small_library(folder).load("Lane")
    made = compile_town(text.encode(), "Lane")
    for field in dataclasses.fields(TownMap):
        one, other = getattr(loaded, field.name), getattr(made, field.name)
        if isinstance(one, tuple):
            for a, b in zip(one, other, strict=True):
                assert np.array_equal(a, b), field.name
                assert getattr(a, "dtype", None) == getattr(b, "dtype", None)
                assert not isinstance(a, np.ndarray) or a.flags.writeable, "read-only arrays are another numba type"
        elif field.name != "crosswalks":
            assert np.array_equal(one, other), field.name


def test_names_are_ours_first_and_never_paths(folder: Path) -> None:
    library = small_library(folder)
    (folder.parent / "ours" / "Zoo.xodr").write_text(drive(road()))
    assert library.names() == ["Zoo", "Lane"]
    for spelling in ("Lane", "Carla/Maps/Lane", "/Game/Carla/Maps/Lane", "Carla/Maps/Lane/Lane", "Lane/Lane"):
        assert library.load(spelling).name == "Lane"
    layered = library.load("/Game/Carla/Maps/Lane_Opt")  # the same roads; scripts compare the name they asked for
    assert layered.name == "Lane_Opt"
    assert layered.sha256 == library.load("Lane").sha256
    for wrong in ("", "lane", "Lane_opt", "../maps/Lane", f"{folder}/Lane", "Lane.xodr", "Other/Lane", "/Game/", "\0"):
        with pytest.raises(UnknownMap, match="Zoo, Lane"):
            library.load(wrong)


def test_only_files_with_names_that_can_be_told_are_maps(folder: Path) -> None:
    for odd in ("Folder.xodr/inside", "New\nline.xodr", "Ünïcødé 東京.xodr", "Capital.XODR", "Other.xml"):
        (folder / odd).parent.mkdir(exist_ok=True)
        (folder / odd).touch()
    Path(os.fsdecode(os.fsencode(folder) + b"/Latin\xe9.xodr")).touch()
    (folder / "Dangling.xodr").symlink_to("nowhere")
    os.mkfifo(folder / "Pipe.xodr")
    assert small_library(folder).names() == ["Lane", "New\nline", "Ünïcødé 東京"]


def test_a_users_file_hides_our_town_and_this_is_said(folder: Path) -> None:
    ours = folder.parent / "ours"
    ours.mkdir()
    (ours / "Lane.xodr").write_text(drive(road(length="50")))
    said: list[str] = []
    library = small_library(folder, said)
    assert "Lane" in said[0]
    assert 'length="100"' in library.load("Lane").opendrive
    assert library.names() == ["Lane"]


def test_compiled_once_and_again_when_the_file_changes(folder: Path) -> None:
    said: list[str] = []
    library = small_library(folder, said)
    first = library.load("Lane")
    assert len(said) == 1
    assert library.load("Lane").sha256 == first.sha256
    assert len(said) == 1, "the second time it is read from the cache"
    (folder / "Lane.xodr").write_text(drive(road(length="60")))
    assert library.load("Lane").lanes.s_end[0] == 60.0
    assert len(said) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_bake_is_made_again(folder: Path, damage: str) -> None:
    said: list[str] = []
    library = small_library(folder, said)
    before = library.load("Lane")
    (bake,) = (folder.parent / "cache").glob("*.town")
    data = bytearray(bake.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 0xFF
    damaged = {"cut": bytes(data[:1000]), "flipped": bytes(data), "empty": b"", "foreign": b"PK" * 500}
    bake.write_bytes(damaged[damage])
    after = library.load("Lane")
    assert len(said) == 2
    assert np.array_equal(before.surface.vertices, after.surface.vertices)


def test_two_compile_the_same_map_at_once(folder: Path) -> None:
    results: list[TownMap] = []
    threads = [threading.Thread(target=lambda: results.append(small_library(folder).load("Lane"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert results[0].sha256 == results[1].sha256
    left = [path.name for path in (folder.parent / "cache").iterdir()]
    assert len(left) == 1, "nothing half made is left behind"
    assert left[0].endswith(".town")


def test_a_cache_that_cannot_be_written_costs_time_and_is_said(folder: Path) -> None:
    (folder.parent / "cache").touch()
    said: list[str] = []
    library = small_library(folder, said)
    assert library.load("Lane").lanes.s_end[0] == 100.0
    assert said == [
        "Lane: compiling the map, once",
        f"{folder.parent}/cache cannot be written (File exists), so maps are compiled at every load: "
        "make room there or set XDG_CACHE_HOME",
    ]
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".compile-")]


def test_a_disk_that_is_full_for_the_compiler_is_said(tmp_path: Path) -> None:
    (tmp_path / "Lane.xodr").write_text(drive(road()))
    done = subprocess.run(
        [sys.executable, "-m", "simulator.maps.compile", tmp_path / "Lane.xodr", "/no/such/folder/out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == store.CANNOT_WRITE
    assert done.stderr == "/no/such/folder/out cannot be written: No such file or directory\n"


def test_a_file_that_is_not_there_is_said_by_the_compiler(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator.maps.compile", f"{tmp_path}/Lane.xodr", f"{tmp_path}/out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = f"{tmp_path}/Lane.xodr cannot be read (No such file or directory): check its permissions\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_maps_that_were_not_used_for_the_longest_time_make_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = small_library(folder)
    library.load("Lane")
    [first] = (folder.parent / "cache").glob("*.town")
    monkeypatch.setattr(maps_library, "_MOST_CACHE_BYTES", 2.5 * first.stat().st_size)
    for name in ("Second", "Third"):
        (folder / f"{name}.xodr").write_text(drive(road()) + f"<!-- {name} -->")
    library.load("Second")
    os.utime(first, (0, 0))
    library.load("Lane")  # used again
    for bake in (folder.parent / "cache").glob("*.town"):
        if bake != first:
            os.utime(bake, (1, 1))
            second = bake
    library.load("Third")
    left = set((folder.parent / "cache").glob("*.town"))
    assert first in left
    assert second not in left
    assert len(left) == 2


def test_a_text_from_a_client_is_a_map(folder: Path) -> None:
    made = small_library(folder).load_text(drive(road()))
    assert made.name == "OpenDriveMap"
    assert (made.lanes.kind == DRIVING).any()


LINK = '<link><successor elementType="road" elementId="2" contactPoint="start"/></link>'
BAD = {
    "empty": ("", "is empty"),
    "no xml": ("just words", "not well-formed XML"),
    "truncated": (drive(road())[:300], "not well-formed XML"),
    "another root": ("<html></html>", "<html>, not <OpenDRIVE>"),
    "entities": ('<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><OpenDRIVE>&b;</OpenDRIVE>', "DOCTYPE"),
    "deep": ("<OpenDRIVE>" + "<a>" * 1_000_000, "more than 64 deep"),
    "no road": (drive(), "no road with a lane"),
    "no driving lane": (drive(road()).replace("driving", "sidewalk"), 'type="driving"'),
    "two of one id": (drive(road(), road()), 'two roads with id="1"'),
    "no number": (drive(road(length="long")), "no number"),
    "negative length": (drive(road(length="-5")), "length of -5.0 m"),
    "endless": (drive(road(length="1e9")), "length of"),
    "nowhere": (drive(road(plan=LINE.replace('x="0"', 'x="nan"'))), "no numbers"),
    "no elevation": (drive(road(profile='<elevation s="0" a="nan" b="0" c="0" d="0"/>')), "no numbers"),
    "too far apart": (drive(road(), road("2", plan=LINE.replace('x="0"', 'x="1e7"'))), "km along x"),
    "no such unit": (drive(road(kind='<type s="0"><speed max="5" unit="knots"/></type>')), "use m/s, mph or km/h"),
}
KILLERS = {
    "no geometry": drive(road(plan="")),
    "lane link to nowhere": (
        drive(
            road(link=LINK, lane='<link><successor id="-9"/></link>').replace(
                '<width sOffset="0" a="3.5" b="0" c="0" d="0"/><link>', "<link>"
            ),
            road("2", plan=LINE.replace('x="0"', 'x="100"')),
        )
    ),
    "controller of no signal": (
        drive(road(), '<controller id="1" name="c"><control signalId="404" type=""/></controller>')
        .replace("</OpenDRIVE>", '<junction id="5" name=""><controller id="1" type="0"/></junction></OpenDRIVE>')
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_one_sentence(case: str) -> None:
    text, words = BAD[case]
    with pytest.raises(BadFile) as raised:
        compile_town(text.encode())
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("case", KILLERS)
def test_a_file_that_kills_the_parser_is_refused(folder: Path, case: str) -> None:
    (folder / "Bad.xodr").write_text(KILLERS[case])
    library = small_library(folder)
    with pytest.raises(BadMap, match=r"kills carla's OpenDRIVE parser \(SIGSEGV\)") as raised:
        library.load("Bad")
    assert str(raised.value).startswith(str(folder / "Bad.xodr"))
    assert not list((folder.parent / "cache").glob("*.town"))
    assert library.load("Lane").name == "Lane", "the others still load"


def test_what_the_compiler_says_reaches_the_caller(folder: Path) -> None:
    (folder / "Bad.xodr").write_text(BAD["two of one id"][0])
    with pytest.raises(BadMap) as raised:
        small_library(folder).load("Bad")
    assert str(raised.value) == f'{folder / "Bad.xodr"} has two roads with id="1"'


def test_a_binary_file_is_refused(folder: Path) -> None:
    (folder / "Bad.xodr").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(BadMap, match="UTF-8"):
        small_library(folder).load("Bad")


def test_a_map_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadMap, match="--map-dir"):
        MapLibrary(tmp_path / "nowhere")
