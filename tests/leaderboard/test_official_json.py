"""The official results JSON: byte for byte what the public code writes, and readable again."""

import json
from pathlib import Path

import pytest

from leaderboard.errors import RecordError
from leaderboard.log import official_json
from leaderboard.log.official_json import (
    bench2drive_labels,
    document,
    dump,
    merged,
    read_results,
    weather_id,
    write_results,
)
from leaderboard.profiles import PROFILES, Infraction, ResultsFormat
from leaderboard.routes import Route, Weather, WeatherKey
from leaderboard.scoring.results import route_result
from scenarios.events import Outcome, Place, decode
from tests.leaderboard.facts import (
    blocked,
    completed,
    ended,
    outside,
    progress,
    ready,
    red_light,
    speed,
    started,
    vehicle,
)

RECORDED = Path(__file__).parent / "recorded"
CLEAR_DUSK = Weather(
    cloudiness=5.0, wind_intensity=10.0, sun_azimuth_angle=-1.0, sun_altitude_angle=15.0, fog_density=2.0
)
ROUTE = Route(
    id="0",
    town="Town12",
    generation="2.x",
    keypoints=(Place(0, 0, 0), Place(1, 0, 0)),
    weathers=(WeatherKey(0.0, CLEAR_DUSK),),
    scenarios=(),
    line=1,
)


def result(events, index=0, profile="lb2.1", outcome=Outcome.COMPLETED, system_s=12.3456):
    return route_result(
        events,
        PROFILES[profile],
        index=index,
        route_id=str(index),
        repetition=0,
        town="Harbor",
        scenario_types=(),
        outcome=outcome,
        duration_system_s=system_s,
    )


@pytest.mark.parametrize("name", ["lb1.0", "lb2.0", "lb2.1", "bench2drive"])
def test_results_are_those_of_the_public_code_byte_for_byte(name):
    profile = PROFILES[name]
    results = []
    for index, line in enumerate((RECORDED / f"{name}.jsonl").read_text().splitlines()):
        route = json.loads(line)
        events = [decode(event) for event in route["events"]]
        outcome, system_s = Outcome(route["outcome"]), route["duration_system_s"]
        results.append(result(events, index, name, outcome, system_s))
    labels = {index: bench2drive_labels(ROUTE, 0) for index in range(len(results))} if name == "bench2drive" else None
    content = document(results[::-1], len(results), profile, labels)
    assert dump(content, profile.scoring.format).decode() == (RECORDED / f"{name}.json").read_text()


@pytest.mark.parametrize("name", ["lb1.0", "lb2.0", "lb2.1", "bench2drive"])
def test_what_is_read_is_written_again_byte_for_byte(name):
    path = RECORDED / f"{name}.json"
    results = read_results(path)
    assert results.layout is PROFILES[name].scoring.format
    assert dump(results.content, results.layout) == path.read_bytes()
    assert len(results.records) == 5


def drive(*events, length_m=1000.0):
    return [started(length_m), ready("sensor.camera.rgb", "sensor.speedometer"), *events]


def test_a_run_under_way():
    """Complete after every route: means over all planned, with the routes that are missing as 0."""
    done = result(drive(completed(), vehicle(), ended()), index=1)
    content = document([done], 4, PROFILES["lb2.1"])
    overall = content["_checkpoint"]["global_record"]
    assert content["_checkpoint"]["progress"] == [1, 4]
    assert (content["entry_status"], content["eligible"]) == ("Started", False)
    assert overall["scores_mean"] == {"score_composed": 14.705882, "score_route": 25.0, "score_penalty": 0.147059}
    assert overall["status"] == "Completed"
    assert content["values"][:3] == ["14.705882", "25.0", "0.147059"]
    assert len(content["values"]) == len(content["labels"]) == 15
    assert content["sensors"] == ["carla_camera", "carla_speedometer"]
    (record,) = content["_checkpoint"]["records"]
    assert list(record) == ["index", "route_id", "status", "num_infractions", "infractions", "scores", "meta"]
    assert record["meta"] == {"route_length": 1000.0, "duration_game": 5.05, "duration_system": 12.346}
    assert record["route_id"] == "RouteScenario_1_rep0"


def test_nothing_has_run_yet():
    for name in PROFILES:
        content = document([], 2, PROFILES[name])
        assert content["_checkpoint"]["progress"] == [0, 2]
        assert content["eligible"] is False
        assert not any(float(value) for value in content["values"])


def test_an_attempt_without_a_score():
    lost = result([started()], outcome=Outcome.SIMULATOR_LOST)
    fine = result(drive(completed(), ended()), index=1)
    content = document([lost, fine], 2, PROFILES["lb2.1"])
    record = content["_checkpoint"]["records"][0]
    assert record["status"] == "Failed - Simulation crashed"
    assert record["scores"] == {"score_route": 0, "score_penalty": 0, "score_composed": 0}
    assert record["num_infractions"] == 0
    assert (content["entry_status"], content["eligible"]) == ("Crashed", False)
    assert content["_checkpoint"]["global_record"]["meta"]["exceptions"] == [
        ["RouteScenario_0_rep0", 0, "Failed - Simulation crashed"]
    ]
    old = document([result([], outcome=Outcome.HARNESS_FAILED, profile="lb1.0")], 1, PROFILES["lb1.0"])
    assert old["_checkpoint"]["records"][0]["status"] == "Failed - Simulation crashed"
    assert old["_checkpoint"]["global_record"]["scores_std_dev"]["score_route"] == "NaN"


@pytest.mark.parametrize(
    ("outcome", "entry"),
    [
        (Outcome.COMPLETED, "Finished"),
        (Outcome.AGENT_CRASHED, "Finished"),
        (Outcome.AGENT_SENSORS_INVALID, "Rejected"),
        (Outcome.SIMULATOR_STALLED, "Crashed"),
    ],
)
def test_entry_status(outcome, entry):
    events = drive(progress(5.0), ended(outcome))
    assert document([result(events, outcome=outcome)], 1, PROFILES["lb2.1"])["entry_status"] == entry


def test_a_world_that_lacks_something_has_the_status_of_the_drive():
    events = drive(progress(40.0), blocked(), ended(Outcome.BLOCKED))
    content = document([result(events, outcome=Outcome.SCENARIO_UNSUPPORTED)], 1, PROFILES["lb2.1"])
    assert content["_checkpoint"]["records"][0]["status"] == "Failed - Agent got blocked"


def test_one_route_has_no_deviation():
    content = document([result(drive(completed(), ended()))], 1, PROFILES["lb2.1"])
    assert content["_checkpoint"]["global_record"]["scores_std_dev"] == {
        "score_composed": 0,
        "score_route": 0,
        "score_penalty": 0,
    }


def test_infractions_per_km_of_the_generations():
    """The same drives, 1 km with two red lights and 4 km with one: 3 in 5 km, or the sum of 2/km and 0.25/km."""
    drives = [
        drive(completed(), red_light(1), red_light(2), outside(5.0, 50.0, 3), ended()),
        drive(completed(), red_light(1), outside(5.0, 200.0, 3), ended(), length_m=4000.0),
    ]
    newer = document([result(events, index) for index, events in enumerate(drives)], 2, PROFILES["lb2.1"])
    assert newer["_checkpoint"]["global_record"]["infractions"]["red_light"] == 0.6
    assert newer["_checkpoint"]["global_record"]["infractions"]["outside_route_lanes"] == 0.25
    old = [result(events, index, "lb1.0") for index, events in enumerate(drives)]
    # 1.0 measures along the points of the file, which these drives make 10 % shorter than the plan.
    rates = document(old, 2, PROFILES["lb1.0"])["_checkpoint"]["global_record"]["infractions"]
    assert rates["red_light"] == pytest.approx(2 / 0.9 + 1 / 3.6)


def test_the_merged_file_of_bench2drive():
    results = [
        result(drive(completed(), speed(30.0), ended()), 0, "bench2drive"),
        result(drive(completed(), vehicle(), ended()), 2, "bench2drive"),
        result(drive(progress(50.0), ended(Outcome.TICK_LIMIT)), 10, "bench2drive", Outcome.TICK_LIMIT),
    ]
    labels = {index: bench2drive_labels(ROUTE, 0) for index in (0, 2, 10)}
    content = merged(document(results, 220, PROFILES["bench2drive"], labels), 220)
    records = content["_checkpoint"]["records"]
    assert [record["route_id"] for record in records] == [
        "RouteScenario_2_rep0",
        "RouteScenario_10_rep0",
        "RouteScenario_0_rep0",
    ]
    assert all("index" not in record for record in records)
    assert records[1]["status"] == "Failed - TickRuntime"
    assert content["driving score"] == (100.0 + 60.0 + 50.0) / 220
    assert content["success rate"] == 1 / 220
    assert content["eval num"] == 3
    assert list(content) == ["_checkpoint", "driving score", "success rate", "eval num"]


def test_labels_of_bench2drive():
    labels = bench2drive_labels(ROUTE, 3)
    assert labels.weather_id == "1"
    assert labels.save_name == "RouteScenario_0_rep3_Town12_None_1_00_00_00_00_00"
    assert weather_id(Weather(cloudiness=50.0, sun_altitude_angle=70.0)) == "26"
    assert weather_id(Weather()) is None


def test_writing_is_atomic_and_reading_checks(tmp_path):
    path = tmp_path / "results.json"
    content = document([result(drive(completed(), ended()))], 1, PROFILES["lb2.1"])
    write_results(path, content, PROFILES["lb2.1"])
    assert read_results(path).content == json.loads(json.dumps(content))
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a results file"),
        ("[]", "not a results file"),
        ('{"_checkpoint": {"records": {}}}', "'_checkpoint.records' is missing or has the wrong type"),
        ('{"_checkpoint": {"records": [{}]}}', "'infractions' is missing"),
        ('{"_checkpoint": {"records": [{"infractions": {"red_light": 1}}]}}', "'infractions'"),
        ('{"_checkpoint": {"records": [{"infractions": {}, "route_id": 7, "status": ""}]}}', "'route_id' or 'status'"),
        (
            '{"_checkpoint": {"records": [{"infractions": {}, "route_id": "", "status": "", '
            '"scores": {"score_composed": "1"}}]}}',
            "'score_composed'",
        ),
    ],
)
def test_what_is_no_results_file(tmp_path, content, reason):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(RecordError, match=reason):
        read_results(path)
    with pytest.raises(RecordError, match="cannot be read"):
        read_results(tmp_path / "none.json")


def test_the_keys_are_the_enumeration_in_its_order():
    content = document([result(drive(completed(), ended()))], 1, PROFILES["lb2.1"])
    assert list(content["_checkpoint"]["records"][0]["infractions"]) == [str(key) for key in Infraction]
    assert official_json.dump(content, ResultsFormat.V2).startswith(
        b'{\n    "_checkpoint": {\n        "global_record": {'
    )
