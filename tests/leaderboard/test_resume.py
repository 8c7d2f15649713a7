"""A record does not depend on what happened around it: kill -9 and resume, two workers, another order of routes."""

import json
import random
import time

import pytest

from tests.leaderboard.runs import Run, record_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STARTS = (0, 40, 80)
TRAFFIC = ("--traffic", "20", "--seed", "7")


def drive(folder, *options, starts=STARTS):
    run = Run(folder, starts, length_m=25)
    code, said = run.start(*TRAFFIC, *options).end()
    assert code == 0, said
    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return drive(tmp_path_factory.mktemp("undisturbed"))


def record(run):
    """What must be equal: all bytes of events and traces."""
    return {
        (start, name): (run.directory.route(record_id(start)) / name).read_bytes()
        for start in STARTS
        for name in ("events.jsonl", "trace.mcap")
    }


def results(run):
    """The official results, without the times that passed by the clock on the wall."""
    return _blanked(run.results())


def _blanked(value):
    if isinstance(value, dict):
        return {key: None if key == "duration_system" else _blanked(item) for key, item in value.items()}
    return [_blanked(item) for item in value] if isinstance(value, list) else value


def same(one, other):
    """The keys under which two records differ: bytes by the megabyte are no message."""
    return [key for key in one if one[key] != other[key]]


def test_the_drives_have_traffic_around(undisturbed):
    trace = record(undisturbed)[0, "trace.mcap"]
    assert len(trace) > 10_000
    events = [json.loads(line) for line in record(undisturbed)[0, "events.jsonl"].splitlines()]
    assert len(events) > 5


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_and_resumed_it_equals_an_undisturbed_run(undisturbed, tmp_path, seed):
    rng = random.Random(seed)
    run = Run(tmp_path, STARTS, length_m=25).start(*TRAFFIC)
    run.until_driving(rng.choice(STARTS[:2]))
    time.sleep(rng.uniform(0.0, 2.0))
    run.kill()
    code, said = run.start(*TRAFFIC, "--resume").end()
    assert code == 0, said
    assert same(record(run), record(undisturbed)) == []
    assert results(run) == results(undisturbed)


def test_two_workers_and_another_order_give_the_same_bytes(undisturbed, tmp_path):
    run = drive(tmp_path, "--workers", "2", starts=STARTS[::-1])
    assert same(record(run), record(undisturbed)) == []


def test_another_seed_does_not(undisturbed, tmp_path):
    run = Run(tmp_path, STARTS[:1], length_m=25)
    assert run.start("--traffic", "20", "--seed", "8").end()[0] == 0
    trace = (run.directory.route(record_id(0)) / "trace.mcap").read_bytes()
    assert trace != record(undisturbed)[0, "trace.mcap"]
