"""Route files: the public ones, their exact meaning, and every way in which a file can be bad."""

import dataclasses
import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import carla
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leaderboard import legacy_scenarios, route_xml, routes
from leaderboard.errors import RouteFileError, UserError
from leaderboard.routes import Weather, WeatherKey, jobs, load_suite, weather_at
from scenarios.events import Place

SHARED = Path(__file__).parents[2].parent / "shared" / "routes"

ROUTE = """<routes>
  <route id="7" town="Harbor">
    <weathers>
      <weather route_percentage="100" cloudiness="20"/>
      <weather route_percentage="0" cloudiness="10.5" sun_altitude_angle="-3"/>
    </weathers>
    <waypoints>
      <position x="1" y="2" z="0.5"/>
      <position x="4" y="6" z="0.5"/>
    </waypoints>
    <scenarios>
      <scenario name="Accident_1" type="Accident">
        <trigger_point x="2" y="3" z="0" yaw="90"/>
        <distance value="20"/>
        <frequency from="5" to="9"/>
        <other_actor x="1" y="2" z="3" yaw="0" model="vehicle.*"/>
      </scenario>
    </scenarios>
  </route>
</routes>
"""
LEGACY = """<routes>
  <route id="1" town="Town01">
    <weather cloudiness="80" fog_density="5" scattering_intensity="1"/>
    <waypoint x="0" y="0" z="0" pitch="0" roll="0" yaw="0"/>
    <waypoint x="0" y="10" z="0" pitch="0" roll="0" yaw="0"/>
  </route>
  <route id="0" town="Town02">
    <waypoint x="0" y="0" z="0"/>
    <waypoint x="3" y="4" z="0"/>
  </route>
</routes>
"""


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "suite.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_suite(path, **options)

    return load


# --- what a file means ------------------------------------------------------------------------------------------------


def test_a_route_of_the_second_generation(load):
    suite = load(ROUTE)
    (route,) = suite.routes
    assert (route.id, route.town, route.generation, route.name) == ("7", "Harbor", "2.x", "RouteScenario_7")
    assert route.keypoints == (Place(1, 2, 0.5), Place(4, 6, 0.5))
    assert route.keypoints_length_m == 5.0
    assert [key.percentage for key in route.weathers] == [0.0, 100.0]
    # What a weather does not say is the default's: sun 70, clouds 50, the rest CARLA's.
    assert route.weathers[0].weather == Weather(cloudiness=10.5, sun_altitude_angle=-3.0)
    assert route.weathers[1].weather == Weather(cloudiness=20.0, sun_altitude_angle=70.0)
    (scenario,) = route.scenarios
    assert (scenario.name, scenario.type, scenario.trigger.yaw_deg) == ("Accident_1", "Accident", 90.0)
    assert scenario.trigger.place == Place(2, 3, 0)
    assert scenario.parameters == {"distance": {"value": "20"}, "frequency": {"from": "5", "to": "9"}}
    assert scenario.other_actors[0]["model"] == "vehicle.*"
    assert suite.warnings == ()


def test_a_route_of_the_first_generation(load):
    suite = load(LEGACY)
    first, second = suite.routes
    assert first.generation == second.generation == "1.0"
    # A weather that is given starts from zeros, none at all from sun 70 and clouds 30; newer parameters are not read.
    assert first.weathers == (WeatherKey(0.0, Weather(cloudiness=80.0, fog_density=5.0)),)
    assert second.weathers == (WeatherKey(0.0, Weather(cloudiness=30.0, sun_altitude_angle=70.0)),)
    assert "scattering_intensity" in suite.warnings[0]
    assert second.keypoints_length_m == 5.0
    assert suite.towns == ("Town01", "Town02")


def test_weather_is_what_the_client_makes_of_nothing():
    theirs = carla.WeatherParameters()
    for name in routes.WEATHER_NAMES:
        assert math.isclose(getattr(Weather(), name), getattr(theirs, name), rel_tol=1e-6), name
    values = {name for name in dir(theirs) if isinstance(getattr(theirs, name), float)}
    assert values == set(routes.WEATHER_NAMES)


def test_no_weathers_no_scenarios(load):
    text = ROUTE[: ROUTE.index("<weathers>")] + ROUTE[ROUTE.index("<waypoints>") : ROUTE.index("<scenarios>")]
    (route,) = load(text + "</route></routes>").routes
    assert route.weathers == (WeatherKey(0.0, Weather(cloudiness=50.0, sun_altitude_angle=70.0)),)
    assert route.scenarios == ()


def test_weather_between_keys():
    keys = (WeatherKey(20.0, Weather(cloudiness=10.0)), WeatherKey(60.0, Weather(cloudiness=30.0, wetness=8.0)))
    assert weather_at(keys, 0.0).cloudiness == 10.0
    assert weather_at(keys, 20.0) == keys[0].weather
    assert weather_at(keys, 30.0) == Weather(cloudiness=15.0, wetness=2.0)
    assert weather_at(keys, 60.0) == keys[1].weather
    assert weather_at(keys, 100.0) == keys[1].weather
    assert weather_at(keys[:1], 50.0) == keys[0].weather


def test_two_scenarios_of_one_name_are_told_apart(load):
    scenario = ROUTE[ROUTE.index("<scenario name") : ROUTE.index("</scenarios>")]
    suite = load(ROUTE.replace(scenario, scenario * 3))
    assert [scenario.name for scenario in suite.routes[0].scenarios] == ["Accident_1", "Accident_1#2", "Accident_1#3"]
    assert len(suite.warnings) == 2


def test_what_is_not_understood_is_said(load):
    suite = load(
        ROUTE.replace('cloudiness="20"', 'cloudiness="20" mood="grim"').replace("<waypoints>", "<x/><waypoints>")
    )
    assert "'mood'" in suite.warnings[0] or "'mood'" in suite.warnings[1]
    assert any("<x>" in warning and ":7" in warning for warning in suite.warnings)


def test_the_hash_covers_both_files(load, tmp_path):
    scenarios = tmp_path / "scenarios.json"
    scenarios.write_text('{"available_scenarios": []}')
    plain, again = load(LEGACY), load(LEGACY, subset="0")
    assert plain.sha256 == again.sha256
    assert plain.sha256 != load(LEGACY + "\n").sha256
    both = load(LEGACY, scenarios=scenarios)
    assert both.sha256 != plain.sha256
    scenarios.write_text('{"available_scenarios": [ ]}')
    assert both.sha256 != load(LEGACY, scenarios=scenarios).sha256


# --- subsets and repetitions ------------------------------------------------------------------------------------------


def many(*ids):
    points = '<waypoints><position x="0" y="0" z="0"/><position x="1" y="0" z="0"/></waypoints>'
    body = "".join(f'<route id="{route_id}" town="T">{points}</route>' for route_id in ids)
    return f"<routes>{body}</routes>"


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("", "5 3 9 1 4"),
        ("9", "9"),
        ("3-1", "3 9 1"),
        ("4,5", "5 4"),
        (" 5 - 3 , 4 ", "5 3 4"),
        ("1-1", "1"),
    ],
)
def test_subsets_follow_the_order_of_the_file(load, subset, expected):
    assert [route.id for route in load(many(5, 3, 9, 1, 4), subset=subset).routes] == expected.split()


@pytest.mark.parametrize(
    ("subset", "reason"),
    [
        ("8", "no route '8'"),
        ("5-8", "no route '8'"),
        ("1-3", "comes before"),
        ("5-9,3", "twice"),
        ("3,3", "twice"),
        ("5,,3", "no route ''"),
        ("1-2-3", "no route '2-3'"),
        ("-", "no route ''"),
    ],
)
def test_bad_subsets(load, subset, reason):
    with pytest.raises(RouteFileError, match=reason):
        load(many(5, 3, 9, 1, 4), subset=subset)


def test_an_id_with_a_dash_is_an_id_first(load):
    assert [route.id for route in load(many("a-b", "a", "b"), subset="a-b").routes] == ["a-b"]


def test_repetitions(load):
    work = jobs(load(many("a", "b")).routes, 3)
    assert [(job.index, job.record_id) for job in work] == [
        (0, "RouteScenario_a_rep0"),
        (1, "RouteScenario_a_rep1"),
        (2, "RouteScenario_a_rep2"),
        (3, "RouteScenario_b_rep0"),
        (4, "RouteScenario_b_rep1"),
        (5, "RouteScenario_b_rep2"),
    ]
    with pytest.raises(UserError, match="at least 1"):
        jobs((), 0)


# --- bad files --------------------------------------------------------------------------------------------------------

BAD = {
    "unknown town": (ROUTE.replace("Harbor", "Harbour"), 2, "7", r"\(perhaps Harbor\?\); known are Harbor, Ring"),
    "no town": (ROUTE.replace(' town="Harbor"', ""), 2, "7", "no attribute 'town'"),
    "no id": (ROUTE.replace('id="7" ', ""), 2, None, "no attribute 'id'"),
    "bad id": (ROUTE.replace('id="7"', 'id="../7"'), 2, None, "must be 1 to 64 letters"),
    "no waypoints": (ROUTE.replace("waypoints>", "points>"), 2, "7", "has no <waypoints>"),
    "one point": (ROUTE.replace('<position x="4" y="6" z="0.5"/>', ""), 2, "7", "at least 2 points, this one has 1"),
    "no z": (ROUTE.replace('<position x="4" y="6" z="0.5"/>', '<position x="4" y="6"/>'), 9, "7", "no attribute 'z'"),
    "not a number": (ROUTE.replace('x="4"', 'x="four"'), 9, "7", "x of <position> must be a number, not 'four'"),
    "nan": (ROUTE.replace('x="4"', 'x="nan"'), 9, "7", "must be a number"),
    "underscore": (ROUTE.replace('x="4"', 'x="1_0"'), 9, "7", "must be a number"),
    "too large": (ROUTE.replace('x="4"', 'x="1e300"'), 9, "7", "too large"),
    "two weathers blocks": (ROUTE.replace("<waypoints>", "<weathers/><waypoints>"), 7, "7", "more than one <weathers>"),
    "empty weathers": (ROUTE.replace("<weather ", "<wether "), 3, "7", "holds no <weather>"),
    "percentage": (ROUTE.replace('"100"', '"101"'), 4, "7", "from 0 to 100, not 101"),
    "no percentage": (ROUTE.replace('route_percentage="100"', ""), 4, "7", "no attribute 'route_percentage'"),
    "same percentage": (ROUTE.replace('"100"', '"0"'), 5, "7", "two weathers at 0 %"),
    "no trigger": (ROUTE.replace("trigger_point", "triger_point"), 12, "7", "has no <trigger_point>"),
    "no yaw": (ROUTE.replace(' yaw="90"', ""), 13, "7", "no attribute 'yaw'"),
    "no type": (ROUTE.replace(' type="Accident"', ""), 12, "7", "no attribute 'type'"),
    "duplicated id": (ROUTE.replace("</routes>", ROUTE[9:]), 20, "7", "taken by the route of line 2"),
    "no route": ("<routes>\n</routes>", 1, None, "holds no <route>"),
    "empty": ("", 1, None, "no element found"),
    "not XML": ("routes: []\n", 1, None, "not well-formed"),
    "mismatch": (ROUTE.replace("</scenarios>", ""), 19, "7", "mismatched tag"),
    "cut off": (ROUTE[:400], None, "7", "not well-formed"),
    "doctype": ('<!DOCTYPE routes [<!ENTITY a "b">]>\n' + ROUTE, 1, None, "document type"),
    "external": ('<!DOCTYPE routes SYSTEM "file:///etc/passwd">\n' + ROUTE, 1, None, "document type"),
    "entity": (ROUTE.replace('"Harbor"', '"&town;"'), 2, None, "undefined entity"),
    "deep": ("<a>\n" * 40 + "</a>" * 40, 33, None, "nested more than 32"),
    "encoding": ('<?xml version="1.0" encoding="no-such"?>' + ROUTE, 1, None, "unknown encoding"),
    "not text": (b"\x00\xff\x01", 1, None, "not well-formed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_sentence_with_file_route_and_line(load, name):
    text, line, route, reason = BAD[name]
    with pytest.raises(RouteFileError, match=reason) as caught:
        load(text, known_towns=["Ring", "Harbor"])
    assert caught.value.route == route
    if line is not None:
        assert caught.value.line == line
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "suite.xml:" in sentence


def test_a_billion_laughs_cost_nothing(load):
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    with pytest.raises(RouteFileError, match="document type"):
        load(f"<!DOCTYPE routes [{entities}]><routes>&a11;</routes>")


def test_a_hundred_megabytes_of_nesting(tmp_path):
    path = tmp_path / "deep.xml"
    with path.open("wb") as file:
        file.write(b"<a>" * 1000)
        file.truncate(100 * 2**20)
    with pytest.raises(RouteFileError, match="100 MiB is too large"):
        load_suite(path)
    with pytest.raises(RouteFileError, match="nested more than"):
        route_xml.parse(b"<a>" * 5_000_000, path)


def test_too_many_elements(monkeypatch, load):
    monkeypatch.setattr(route_xml, "MAX_ELEMENTS", 10)
    with pytest.raises(RouteFileError, match="more than 10 elements"):
        load(ROUTE)


def test_no_such_file_and_a_folder(tmp_path):
    with pytest.raises(RouteFileError, match="no such file"):
        load_suite(tmp_path / "none.xml")
    with pytest.raises(RouteFileError, match="not a regular file"):
        load_suite(tmp_path)
    with pytest.raises(RouteFileError, match="no such file"):
        load_suite("a\0b")


def test_suites_by_name(tmp_path):
    path = tmp_path / "mine.xml"
    path.write_text(ROUTE)
    assert routes.suite_path(str(path)) == path
    with pytest.raises(UserError, match="neither a file nor one of the shipped suites"):
        routes.suite_path("no-such-suite")
    for name, shipped in routes.shipped_suites().items():
        assert load_suite(routes.suite_path(name)).path == shipped


FRAGMENTS = sorted({ROUTE[i : i + 7] for i in range(0, len(ROUTE) - 7, 5)})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(ROUTE)),
            st.integers(0, 30),
            st.one_of(
                st.sampled_from(FRAGMENTS), st.text(max_size=8), st.sampled_from(["&#10;", "<", ">", '"', "&", "-"])
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@example([(ROUTE.index("7"), 1, "&#10;x")])
def test_any_damage_gives_a_suite_or_one_sentence(load, damages):
    text = ROUTE
    for at, length, put in damages:
        text = text[:at] + put + text[at + length :]
    try:
        load(text.encode("utf-8", "surrogatepass"), known_towns=["Harbor"])
    except RouteFileError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both are right: a suite, or one sentence


# --- the public files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bench2drive220.xml", "routes_devtest.xml"])
def test_public_files_say_what_another_parser_reads(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("the public route files are not here")
    suite = load_suite(path)
    theirs = list(ElementTree.parse(path).getroot().iter("route"))
    assert [route.id for route in suite.routes] == [element.get("id") for element in theirs]
    for route, element in zip(suite.routes, theirs, strict=True):
        positions = [tuple(float(point.get(axis)) for axis in "xyz") for point in element.iter("position")]
        assert [tuple(place) for place in route.keypoints] == positions
        assert route.town == element.get("town")
        assert len(route.weathers) == len(list(element.iter("weather")))
        scenarios = list(element.iter("scenario"))
        assert [scenario.type for scenario in route.scenarios] == [scenario.get("type") for scenario in scenarios]
        for ours, scenario in zip(route.scenarios, scenarios, strict=True):
            others = {child.tag: dict(child.attrib) for child in scenario if child.tag != "trigger_point"}
            assert {tag: dict(values) for tag, values in ours.parameters.items()} == others
            assert ours.trigger.yaw_deg == float(scenario.find("trigger_point").get("yaw"))
        assert len({scenario.name for scenario in route.scenarios}) == len(route.scenarios)


def test_bench2drive_is_220_routes_of_44_types():
    path = SHARED / "bench2drive220.xml"
    if not path.exists():
        pytest.skip("the public route files are not here")
    suite = load_suite(path)
    types = [route.scenarios[0].type for route in suite.routes]
    assert len(suite.routes) == 220
    assert {types.count(kind) for kind in types} == {5}
    assert suite.warnings == ()


# --- on the route or not ----------------------------------------------------------------------------------------------


def step(x, y=0.0, z=0.0, yaw_deg=0.0, option="LANEFOLLOW"):
    return SimpleNamespace(place=Place(x, y, z), yaw_deg=yaw_deg, option=option)


@pytest.mark.parametrize(
    ("x", "z", "yaw_deg", "expected"),
    [
        (0.0, 0.0, 0.0, True),
        (1.99, 0.0, 0.0, True),
        (2.01, 0.0, 0.0, False),
        (0.0, 1.99, 0.0, True),
        (0.0, 2.01, 0.0, False),
        (0.0, -50.0, 0.0, True),
        (0.0, 0.0, 9.9, True),
        (0.0, 0.0, -9.9, True),
        (0.0, 0.0, 350.1, True),
        (0.0, 0.0, 10.1, False),
        (0.0, 0.0, 180.0, False),
    ],
)
def test_a_trigger_is_on_the_route(x, z, yaw_deg, expected):
    trigger = routes.Trigger(Place(x, 0.0, z), yaw_deg)
    assert routes.is_on_route(trigger, [step(100.0), step(0.0)]) is expected


# --- scenarios of the first generation --------------------------------------------------------------------------------


def legacy_json(*groups):
    return json.dumps({"available_scenarios": [{"Town01": list(groups)}]}).encode()


def at(x, y=0.0, yaw=0.0):
    return {"x": str(x), "y": y, "z": "0.0", "yaw": str(yaw), "pitch": "0"}


def group(kind, *events):
    return {"scenario_type": kind, "available_event_configurations": list(events)}


def along(plan, *groups):
    towns = legacy_scenarios.read_legacy_scenarios(legacy_json(*groups), Path("scenarios.json"))
    return [(scenario.type, scenario.subtype) for scenario in legacy_scenarios.along(towns["Town01"], plan)]


def test_legacy_scenarios_where_the_plan_passes():
    plan = [step(float(x)) for x in range(100)]
    near, far, turned = {"transform": at(10.4)}, {"transform": at(50, y=3)}, {"transform": at(30, yaw=90)}
    assert along(plan, group("Scenario3", near, far, turned)) == [("Scenario3", "valid")]


def test_of_two_at_one_trigger_the_higher_number_happens():
    plan = [step(float(x)) for x in range(100)]
    event = {"transform": at(10)}
    assert along(plan, group("Scenario10", event), group("Scenario3", event)) == [("Scenario10", "valid")]


def test_positions_are_used_once():
    plan = [step(float(x)) for x in range(100)]
    first = {"transform": at(10), "other_actors": {"left": [at(10, y=40)]}}
    second = {"transform": at(60), "other_actors": {"front": [at(10, y=41)]}}
    lower = {"transform": at(60)}
    assert along(plan, group("Scenario8x", first, second)) == [("Scenario8x", "valid")]
    # At 60 the higher number wins, so the place at y = 40 is taken when the turn of the trigger at 10 comes.
    assert along(plan, group("Scenario1", lower), group("Scenario2", first, second)) == [("Scenario2", "valid")]
    # Where the trigger at 10 comes first it takes the place, and at 60 the lower number is what is left.
    assert along(plan, group("Scenario2", first, second), group("Scenario1", lower)) == [
        ("Scenario2", "valid"),
        ("Scenario1", "valid"),
    ]


@pytest.mark.parametrize(
    ("kind", "option", "expected"),
    [
        ("Scenario4", "LEFT", [("Scenario4", "S4left")]),
        ("Scenario4", "STRAIGHT", []),
        ("Scenario7", "STRAIGHT", [("Scenario7", "S7opposite")]),
        ("Scenario8", "RIGHT", []),
        ("Scenario9", "RIGHT", [("Scenario9", "S9right")]),
        ("Scenario9", "CHANGELANELEFT", []),
        ("Scenario1", "LEFT", [("Scenario1", "valid")]),
    ],
)
def test_the_next_manoeuvre_decides(kind, option, expected):
    plan = [step(float(x)) for x in range(20)] + [step(20.0 + x, option=option) for x in range(5)]
    assert along(plan, group(kind, {"transform": at(5)})) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be an object"),
        (b"{}", "no list 'available_scenarios'"),
        (b'{"available_scenarios": [{"T": {}}]}', "no list 'T'"),
        (legacy_json({"available_event_configurations": []}), "no scenario_type"),
        (legacy_json(group("Scenario1", {})), r"transform must be an object"),
        (legacy_json(group("Scenario1", {"transform": {**at(0), "x": "far"}})), "x must be a number, not 'far'"),
        (legacy_json(group("Scenario1", {"transform": {**at(0), "yaw": None}})), "yaw must be a number"),
        (legacy_json(group("Scenario1", {"transform": at(0), "other_actors": {"left": 3}})), "no list 'left'"),
    ],
)
def test_bad_scenario_files(data, reason):
    with pytest.raises(RouteFileError, match=reason) as caught:
        legacy_scenarios.read_legacy_scenarios(data, Path("scenarios.json"))
    assert "\n" not in str(caught.value)


def test_routes_are_frozen(load):
    (route,) = load(ROUTE).routes
    with pytest.raises(dataclasses.FrozenInstanceError):
        route.town = "Ring"
    with pytest.raises(TypeError):
        route.scenarios[0].parameters["distance"] = {}
