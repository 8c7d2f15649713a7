"""The official results JSON: the layouts that the public tools of each benchmark read, byte for byte as far as they go.

Layouts, keys, their order and rounding are those of statistics_manager.py and checkpoint_tools.py (branches
leaderboard-1.0 and -2.1, and Bench2Drive 0.0.4). Three things differ on purpose: the global record is there after every
route and not only at the end, a route without a score does not end the run, and `save_name` of Bench2Drive carries no
date, so that equal runs write equal files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leaderboard.errors import RecordError
from leaderboard.log.files import write_atomic
from leaderboard.outcomes import OUTCOMES
from leaderboard.profiles import Infraction, Profile, ResultsFormat
from leaderboard.routes import Route, Weather
from leaderboard.scoring.results import RouteResult
from leaderboard.scoring.score import infraction_keys

_DIGITS: Final = 3
_SCORE_DIGITS: Final = 6
_SCORES: Final = ("score_composed", "score_route", "score_penalty")

SENSOR_ICONS: Final = {
    "sensor.camera.rgb": "carla_camera",
    "sensor.lidar.ray_cast": "carla_lidar",
    "sensor.other.radar": "carla_radar",
    "sensor.other.gnss": "carla_gnss",
    "sensor.other.imu": "carla_imu",
    "sensor.opendrive_map": "carla_opendrive_map",
    "sensor.speedometer": "carla_speedometer",
}
"""leaderboard_evaluator.py: sensors_to_icons."""

_LABELS: Final = {
    "Avg. driving score": "score_composed",
    "Avg. route completion": "score_route",
    "Avg. infraction penalty": "score_penalty",
    "Collisions with pedestrians": Infraction.COLLISIONS_PEDESTRIAN,
    "Collisions with vehicles": Infraction.COLLISIONS_VEHICLE,
    "Collisions with layout": Infraction.COLLISIONS_LAYOUT,
    "Red lights infractions": Infraction.RED_LIGHT,
    "Stop sign infractions": Infraction.STOP,
    "Off-road infractions": Infraction.OUTSIDE_ROUTE_LANES,
    "Route deviations": Infraction.ROUTE_DEVIATION,
    "Route timeouts": Infraction.ROUTE_TIMEOUT,
    "Agent blocked": Infraction.BLOCKED,
    "Yield emergency vehicles infractions": Infraction.YIELD,
    "Scenario timeouts": Infraction.SCENARIO_TIMEOUT,
    "Min speed infractions": Infraction.MIN_SPEED,
}
"""The labels in the order of the values; 1.0 ends with "Agent blocked"."""

# leaderboard/data/weather.xml of Bench2Drive: cloudiness, precipitation, deposits, wetness, wind, altitude of the sun,
# fog density; the sun's azimuth is -1 but for the last.
_WEATHER_IDS: Final[Mapping[tuple[float, ...], str]] = {
    (5, 0, 0, 0, 10, 90, 2): "0",
    (5, 0, 0, 0, 10, 15, 2): "1",
    (20, 30, 50, 0, 30, 45, 3): "2",
    (60, 60, 60, 0, 60, 45, 3): "3",
    (80, 0, 50, 20, 10, 45, 3): "5",
    (5, 0, 50, 0, 10, 15, 10): "6",
    (5, 0, 0, 0, 10, 45, 2): "7",
    (100, 100, 90, 0, 100, 45, 7): "8",
    (70, 60, 60, 0, 60, 45, 50): "9",
    (40, 100, 90, 0, 100, 0, 7): "10",
    (100, 60, 60, 0, 60, 45, 50): "11",
    (5, 0, 0, 0, 10, 45, 50): "12",
    (5, 0, 0, 0, 10, 15, 50): "13",
    (100, 100, 50, 50, 100, 45, 10): "14",
    (100, 50, 100, 80, 80, 45, 10): "15",
    (40, 0, 50, 0, 10, 15, 2): "18",
    (40, 0, 50, 0, 10, -90, 2): "19",
    (60, 30, 50, 60, 30, -90, 3): "20",
    (100, 100, 90, 100, 100, -90, 3): "21",
    (5, 0, 0, 0, 10, -90, 60): "22",
    (80, 60, 60, 80, 60, -90, 60): "23",
    (100, 100, 90, 100, 100, -90, 100): "25",
    (50, 0, 0, 0, 0, 70, 0): "26",
}
_DEFAULT_WEATHER_ID: Final = "26"
NO_DATE: Final = "00_00_00_00_00"
"""Where Bench2Drive's save_name has the month, day and time at which the route began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench2DriveLabels:
    """What Bench2Drive adds to a record."""

    scenario_name: str | None
    weather_id: str | None
    save_name: str
    town_name: str


def bench2drive_labels(route: Route, repetition: int) -> Bench2DriveLabels:
    """Of the first scenario and the first weather, as the fork does. Without a scenario the name is null."""
    scenario = route.scenarios[0].name if route.scenarios else None
    weather = weather_id(route.weathers[0].weather)
    record = f"{route.name}_rep{repetition}"
    return Bench2DriveLabels(
        scenario_name=scenario,
        weather_id=weather,
        save_name=f"{record}_{route.town}_{scenario}_{weather}_{NO_DATE}",
        town_name=route.town,
    )


def weather_id(weather: Weather) -> str | None:
    """Bench2Drive's number of a weather; None where it has none."""
    values = (
        weather.cloudiness,
        weather.precipitation,
        weather.precipitation_deposits,
        weather.wetness,
        weather.wind_intensity,
        weather.sun_altitude_angle,
        weather.fog_density,
    )
    found = _WEATHER_IDS.get(values)
    azimuth = 0.0 if found == _DEFAULT_WEATHER_ID else -1.0
    return found if weather.sun_azimuth_angle == azimuth else None


def document(
    results: Sequence[RouteResult],
    total: int,
    profile: Profile,
    labels: Mapping[int, Bench2DriveLabels] | None = None,
) -> dict[str, Any]:
    """The results as one JSON document; `total` is the number of routes times repetitions, `labels` is by index."""
    ordered = sorted(results, key=lambda result: result.index)
    sensors = next((result.sensors for result in ordered if result.sensors), ())
    icons = [SENSOR_ICONS[sensor] for sensor in sensors]
    if profile.scoring.format is ResultsFormat.V1:
        return _document_1(ordered, total, profile, icons)
    return _document_2(ordered, total, profile, icons, labels or {})


def dump(content: Mapping[str, Any], layout: ResultsFormat) -> bytes:
    """As checkpoint_tools.py writes it: 1.0 sorts the keys, 2.x does not."""
    return json.dumps(content, indent=4, sort_keys=layout is ResultsFormat.V1).encode()


def write_results(path: Path, content: Mapping[str, Any], profile: Profile) -> None:
    """Writes a results file; a reader never sees half of it."""
    write_atomic(path, dump(content, profile.scoring.format))


# --- 2.x and Bench2Drive ----------------------------------------------------------------------------------------------


def _document_2(
    results: Sequence[RouteResult],
    total: int,
    profile: Profile,
    icons: list[str],
    labels: Mapping[int, Bench2DriveLabels],
) -> dict[str, Any]:
    records = [_record_2(result, profile, labels.get(result.index)) for result in results]
    outside = {result.index: result.score.outside_m for result in results if result.score is not None}
    overall = _global_2(records, total, outside)
    status = _entry_status_2(records, total)
    values = {**overall["scores_mean"], **overall["infractions"]}
    return {
        "_checkpoint": {"global_record": overall, "progress": [len(records), total], "records": records},
        "entry_status": status,
        "eligible": status == "Finished",
        "sensors": icons,
        "values": [str(values[key]) for key in _LABELS.values()],
        "labels": list(_LABELS),
    }


def _record_2(result: RouteResult, profile: Profile, label: Bench2DriveLabels | None) -> dict[str, Any]:
    """A record in the order in which the official object got its attributes."""
    record: dict[str, Any] = {"index": result.index, "route_id": result.record_id}
    if label is not None:
        record |= {
            "scenario_name": label.scenario_name,
            "weather_id": label.weather_id,
            "save_name": label.save_name,
        }
    score = result.score
    record |= {
        "status": score.status if score is not None else _status_without_score(result),
        "num_infractions": score.count if score is not None else 0,
        "infractions": _texts(result, profile),
        "scores": _scores(result),
        "meta": {
            "route_length": round(result.route_length_m, _DIGITS),
            "duration_game": round(result.duration_game_s, _DIGITS),
            "duration_system": round(result.duration_system_s, _DIGITS),
        },
    }
    if label is not None:
        record["town_name"] = label.town_name
    return record


def _scores(result: RouteResult) -> dict[str, float]:
    if result.score is None:
        return {"score_route": 0, "score_penalty": 0, "score_composed": 0}
    completion = result.score.completion
    return {
        # The official criterion sets a whole number when the end is reached.
        "score_route": 100 if result.score.reached else completion,
        "score_penalty": result.score.penalty,
        "score_composed": result.score.driving_score,
    }


def _texts(result: RouteResult, profile: Profile) -> dict[str, list[str]]:
    found = result.score.infractions if result.score is not None else {}
    return {str(key): list(found.get(key, ())) for key in infraction_keys(profile)}


def _status_without_score(result: RouteResult) -> str:
    return f"Failed - {OUTCOMES[result.outcome].failure}"


def _global_2(records: Sequence[Mapping[str, Any]], total: int, outside_m: Mapping[int, float]) -> dict[str, Any]:
    means = dict.fromkeys(_SCORES, 0.0)
    meta: dict[str, Any] = {"total_length": 0, "duration_game": 0, "duration_system": 0, "exceptions": []}
    overall = "Perfect"
    for record in records:
        for key in means:
            means[key] += record["scores"][key] / total
        meta["total_length"] += record["meta"]["route_length"]
        meta["duration_game"] += record["meta"]["duration_game"]
        meta["duration_system"] += record["meta"]["duration_system"]
        if "Failed" in record["status"]:
            meta["exceptions"].append([record["route_id"], record["index"], record["status"]])
            overall = "Failed"
        elif overall == "Perfect":
            overall = record["status"]
    means = {key: round(value, _SCORE_DIGITS) for key, value in means.items()}
    return {
        "index": -1,
        "route_id": -1,
        "status": overall,
        "infractions": _infractions_per_km(records, outside_m),
        "scores_mean": means,
        "scores_std_dev": _deviations_2(records, means, total),
        "meta": meta,
    }


def _deviations_2(records: Sequence[Mapping[str, Any]], means: Mapping[str, float], total: int) -> dict[str, float]:
    """Around the rounded mean; routes that are missing add nothing but are counted, as in the official code."""
    if total == 1:
        return dict.fromkeys(_SCORES, 0)
    return {
        key: round(
            math.sqrt(_added((record["scores"][key] - means[key]) ** 2 for record in records) / (total - 1)), _DIGITS
        )
        for key in _SCORES
    }


def _infractions_per_km(records: Sequence[Mapping[str, Any]], outside_m: Mapping[int, float]) -> dict[str, float]:
    km = 0.0
    for record in records:
        km += record["meta"]["route_length"] / 1000 * record["scores"]["score_route"] / 100
    km = max(km, 0.001)
    rates: dict[str, float] = {}
    for key in Infraction:
        if key is Infraction.OUTSIDE_ROUTE_LANES:
            # Kilometres, not a rate; the official code reads them from the text of the infraction.
            rates[key] = round(_added(outside_m.get(record["index"], 0.0) / 1000 for record in records), _DIGITS)
        else:
            rates[key] = round(sum(len(record["infractions"][key]) for record in records) / km, _DIGITS)
    return {str(key): value for key, value in rates.items()}


def _added(values: Iterable[float]) -> float:
    """One after the other, as the official code adds; sum() compensates since Python 3.12."""
    total = 0.0
    for value in values:
        total += value
    return total


def _entry_status_2(records: Sequence[Mapping[str, Any]], total: int) -> str:
    if len(records) < total:
        return "Started"
    status = "Finished"
    for record in records:
        if "Simulation crashed" in record["status"]:
            status = "Crashed"
        elif "Agent's sensors were invalid" in record["status"]:
            status = "Rejected"
    return status


# --- 1.0 --------------------------------------------------------------------------------------------------------------


def _document_1(results: Sequence[RouteResult], total: int, profile: Profile, icons: list[str]) -> dict[str, Any]:
    records = [_record_1(result, profile) for result in results]
    overall = _global_1(records, total, profile)
    names = list(_LABELS.items())[:12]
    values = {**overall["scores"], **overall["infractions"]}
    finished = len(records) == total
    agent_errors = any("Agent" in record["status"] for record in records)
    done = "Finished with agent errors" if agent_errors else "Finished"
    return {
        "sensors": icons,
        "values": [f"{values[key]:.3f}" for _, key in names],
        "labels": [label for label, _ in names],
        "entry_status": done if finished else "Finished with missing data",
        "eligible": finished,
        "_checkpoint": {"progress": [len(records), total], "records": records, "global_record": overall},
    }


def _record_1(result: RouteResult, profile: Profile) -> dict[str, Any]:
    score = result.score
    return {
        "route_id": result.record_id,
        "index": result.index,
        "status": score.status if score is not None else _status_without_score(result),
        "infractions": _texts(result, profile),
        "scores": {
            "score_route": score.completion if score is not None else 0.0,
            "score_penalty": score.penalty if score is not None else 0.0,
            "score_composed": score.driving_score if score is not None else 0.0,
        },
        "meta": {
            "duration_system": result.duration_system_s,
            "duration_game": result.duration_game_s,
            "route_length": result.route_length_m,
        },
    }


def _global_1(records: Sequence[Mapping[str, Any]], total: int, profile: Profile) -> dict[str, Any]:
    """Rates are SUMS of the routes' own rates: known to be wrong (leaderboard#117), and what 1.0 publishes."""
    scores = dict.fromkeys(("score_route", "score_penalty", "score_composed"), 0.0)
    rates = {str(key): 0.0 for key in infraction_keys(profile)}
    meta: dict[str, Any] = {"total_length": 0, "duration_system": 0, "duration_game": 0}
    exceptions: list[list[Any]] = []
    for record in records:
        for key in scores:
            scores[key] += record["scores"][key]
        meta["total_length"] += record["meta"]["route_length"]
        meta["duration_system"] += record["meta"]["duration_system"]
        meta["duration_game"] += record["meta"]["duration_game"]
        km = record["scores"]["score_route"] / 100 * record["meta"]["route_length"] / 1000.0
        if km > 0.0:
            for key, texts in record["infractions"].items():
                rates[key] += len(texts) / km
        if record["status"] != "Completed":
            exceptions.append([record["route_id"], record["index"], record["status"]])
    if exceptions:
        meta["exceptions"] = exceptions
    scores = {key: value / float(total) for key, value in scores.items()}
    deviations: dict[str, Any] = dict.fromkeys(scores, "NaN")
    if total > 1:
        for key in scores:
            square = _added((record["scores"][key] - scores[key]) ** 2 for record in records)
            deviations[key] = math.sqrt(square / float(total - 1))
    return {
        "route_id": -1,
        "index": -1,
        "status": "Failed" if exceptions else "Completed",
        "infractions": rates,
        "scores": scores,
        "scores_std_dev": deviations,
        "meta": meta,
    }


# --- Bench2Drive's merged file ----------------------------------------------------------------------------------------


def merged(content: Mapping[str, Any], total: int) -> dict[str, Any]:
    """What tools/merge_route_json.py makes of results: records without index, by route_id as text, downwards.

    The tool divides by 220 whatever it finds; `total` is the number of planned routes, the same for its own suite.
    """
    records = [{key: value for key, value in record.items() if key != "index"} for record in _records(content)]
    successes = sum(is_success(record) for record in records)
    return {
        "_checkpoint": {"records": sorted(records, key=lambda record: str(record["route_id"]), reverse=True)},
        "driving score": _added(record["scores"]["score_composed"] for record in records) / total,
        "success rate": successes / total,
        "eval num": len(records),
    }


def is_success(record: Mapping[str, Any]) -> bool:
    """Bench2Drive's success, from a record: reached, and every list but that of minimum speeds is empty."""
    if record["status"] not in ("Completed", "Perfect"):
        return False
    return not any(texts for key, texts in record["infractions"].items() if key != Infraction.MIN_SPEED)


# --- reading back -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialResults:
    """A results file, ours or another harness's."""

    layout: ResultsFormat
    content: Mapping[str, Any]

    @property
    def records(self) -> list[Mapping[str, Any]]:
        return _records(self.content)


def read_results(path: Path) -> OfficialResults:
    """Reads a results file of any layout; raises RecordError with one sentence."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: not a results file: {' '.join(str(error).split())}") from error
    try:
        records = _records(content)
        for record in records:
            _check_record(record)
    except (KeyError, TypeError) as error:
        raise RecordError(f"{path}: not a results file: {error} is missing or has the wrong type") from error
    return OfficialResults(layout=_layout(content, records), content=content)


def _records(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    records = content["_checkpoint"]["records"]
    if not isinstance(records, list):
        raise TypeError("'_checkpoint.records'")
    return records


def _check_record(record: Mapping[str, Any]) -> None:
    texts = record["infractions"]
    if not isinstance(texts, dict) or not all(isinstance(value, list) for value in texts.values()):
        raise TypeError("'infractions'")
    if not isinstance(record["route_id"], str) or not isinstance(record["status"], str):
        raise TypeError("'route_id' or 'status'")
    for key in _SCORES:
        if not isinstance(record["scores"][key], int | float):
            raise TypeError(f"'{key}'")


def _layout(content: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> ResultsFormat:
    if any("save_name" in record for record in records):
        return ResultsFormat.BENCH2DRIVE
    overall = content["_checkpoint"].get("global_record") or {}
    if "scores" in overall or any("num_infractions" not in record for record in records):
        return ResultsFormat.V1
    return ResultsFormat.V2
