"""The timing modes in whole runs: what is equal, what is played back, and what is refused."""

import pytest

from leaderboard.log.timing import read_timing
from leaderboard.log.trace import first_difference
from tests.leaderboard.runs import Run, record_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def drive(folder, mode, slow_s=0.0):
    run = Run(folder, length_m=15, slow_s=slow_s)
    code, said = run.start("--timing", mode).end()
    assert code == 0, said
    return run


def trace(run):
    return run.directory.route(record_id(0)) / "trace.mcap"


def timing(run):
    return read_timing(run.directory.route(record_id(0)) / "timing.json")


@pytest.fixture(scope="module")
def sync(tmp_path_factory):
    return drive(tmp_path_factory.mktemp("sync"), "sync")


def test_fixed_0_equals_sync_bit_for_bit(sync, tmp_path):
    assert trace(drive(tmp_path, "fixed:0")).read_bytes() == trace(sync).read_bytes()


def test_a_latency_misses_frames_and_changes_the_drive_from_its_first_tick(sync, tmp_path):
    run = drive(tmp_path, "fixed:100")
    assert first_difference(trace(run), trace(sync)) == 0
    frames = len(timing(run).call_latencies_ms) + timing(run).missed_frames
    # Every other frame is missed, and at least one more metre of standing still costs ticks.
    assert timing(run).missed_frames == frames // 2
    assert timing(sync).missed_frames == 0


def test_latencies_are_played_back_and_calls_past_their_end_counted(tmp_path):
    slow = drive(tmp_path / "slow", "sync", slow_s=0.06)
    replayed = drive(tmp_path / "replayed", f"replay:{slow.out}")
    calls = timing(replayed).call_latencies_ms
    assert timing(replayed).missed_frames > 0.9 * len(calls)
    again = drive(tmp_path / "again", f"replay:{slow.out}")
    assert trace(again).read_bytes() == trace(replayed).read_bytes()
    longer = drive(tmp_path / "longer", f"replay:{replayed.out}")
    known = len(calls)
    assert timing(longer).calls_past_replay == len(timing(longer).call_latencies_ms) - known > 0


def test_a_measured_run_is_reproduced_by_its_replay(tmp_path):
    measured = drive(tmp_path / "measured", "measured", slow_s=0.06)
    assert timing(measured).missed_frames > 10
    replayed = drive(tmp_path / "replayed", f"replay:{measured.out}")
    assert first_difference(trace(replayed), trace(measured)) is None
    assert timing(replayed).calls_past_replay == 0


def test_a_route_without_recorded_latencies_is_refused_before_anything_is_driven(sync, tmp_path):
    run = Run(tmp_path, (0, 40), length_m=15)
    code, said = run.start("--timing", f"replay:{sync.out}").end()
    assert code == 2, said
    assert record_id(40) in said
    assert "Traceback" not in said
    assert not run.out.exists()
