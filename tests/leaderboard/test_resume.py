"""A record does not depend on what happened around it: kill -9 and resume, two workers, another order of routes.

With vehicles of the Traffic Manager and 20 AI walkers around, whose ways the client plans.
"""

import math
import random
import time
from collections import Counter

import pytest

from leaderboard.log.trace import read_trace
from tests.leaderboard.runs import Run, record_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STARTS = (0, 40, 80)
TRAFFIC = ("--traffic", "20", "--walkers", "20", "--seed", "7")


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


def test_the_drives_have_traffic_and_walkers_around(undisturbed):
    trace = undisturbed.directory.route(record_id(0)) / "trace.mcap"
    seen = {}
    moved = set()
    begun = {}
    for message in read_trace(trace, ["/actors/catalogue", "/actors"]):
        if message.topic == "/actors/catalogue":
            seen.update({actor["id"]: actor["type"].partition(".")[0] for actor in message.content["actors"]})
            continue
        for actor, state in zip(message.content["ids"], message.content["states"], strict=True):
            x, y = begun.setdefault(actor, state[:2])
            if math.hypot(state[0] - x, state[1] - y) > 1.0:
                moved.add(actor)
    kinds = Counter(seen.values())
    assert kinds["walker"] >= 15, "some find no place"
    assert kinds["vehicle"] >= 15
    assert {seen[actor] for actor in moved} >= {"walker", "vehicle"}


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
    assert run.start(*TRAFFIC[:-1], "8").end()[0] == 0
    trace = (run.directory.route(record_id(0)) / "trace.mcap").read_bytes()
    assert trace != record(undisturbed)[0, "trace.mcap"]
