"""The record on disk: whole or not there, whatever dies; equal for equal drives; readable by others."""

import base64
import dataclasses
import errno
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import carla
import numpy as np
import pytest
from mcap.reader import make_reader

from leaderboard.errors import RecordError, UserError
from leaderboard.log import ledger as ledgers
from leaderboard.log import manifest as manifests
from leaderboard.log import trace as traces
from leaderboard.log.events_file import EventWriter, read_events
from leaderboard.log.files import write_atomic
from leaderboard.log.ledger import AttemptBegan, AttemptEnded, Ledger, is_final, job_states, read_ledger
from leaderboard.log.run import EVENTS, TIMING, TRACE, RunLock, open_run
from leaderboard.log.timing import StageTimes, Timing, read_timing, write_timing
from leaderboard.log.trace import (
    ActorState,
    ControlState,
    EgoState,
    PlanState,
    TraceWriter,
    first_difference,
    read_trace,
)
from leaderboard.log.trace_schemas import CHANNELS
from scenarios.events import Outcome, Place, decode
from tests.leaderboard.facts import completed, progress, red_light, vehicle
from tests.leaderboard.records import NOW, manifest


def run_python(code, *arguments, **options):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_atomic_write_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    write_atomic(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_an_atomic_write_is_readable_by_all_that_the_umask_allows(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomic(tmp_path / "results.json", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "results.json").stat().st_mode & 0o777 == 0o640


# --- the ledger -------------------------------------------------------------------------------------------------------


def began(attempt=1, job="RouteScenario_0_rep0"):
    return AttemptBegan(job=job, index=0, attempt=attempt, wall_time=NOW)


def ended(attempt=1, outcome=Outcome.COMPLETED, final=True, job="RouteScenario_0_rep0"):
    return AttemptEnded(
        job=job,
        index=0,
        attempt=attempt,
        wall_time=NOW,
        outcome=outcome,
        final=final,
        duration_system_s=1.5,
        detail="ünïcode, \n and all",
    )


@pytest.fixture
def ledger_path(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append(began())
    ledger.append(ended())
    ledger.close()
    return path


def test_the_ledger_comes_back(ledger_path):
    assert read_ledger(ledger_path) == (began(), ended())
    assert read_ledger(ledger_path.with_name("none")) == ()


def test_the_ledger_may_be_cut_anywhere(ledger_path):
    """After any cut what is read is a prefix of what was written, and writing goes on cleanly."""
    data = ledger_path.read_bytes()
    newlines = [at for at, byte in enumerate(data) if byte == ord("\n")]
    for length in sorted({*range(0, len(data), 13), *newlines, *(at + 1 for at in newlines)}):
        ledger_path.write_bytes(data[:length])
        whole = data[:length].count(b"\n")
        assert read_ledger(ledger_path) == (began(), ended())[: max(0, whole - 1)]
        ledger = Ledger(ledger_path)
        ledger.append(began(2))
        ledger.close()
        assert read_ledger(ledger_path)[-1] == began(2)
        assert len(read_ledger(ledger_path)) == max(0, whole - 1) + 1


def test_a_detail_may_hold_what_unicode_takes_for_the_end_of_a_line(tmp_path):
    entry = dataclasses.replace(ended(), detail="raised: first\u2028second\x85third\x1cfourth")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(entry)
    ledger.close()
    assert read_ledger(tmp_path / "ledger.jsonl") == (entry,)


def test_a_line_that_did_not_fit_leaves_nothing(ledger_path, monkeypatch):
    ledger = Ledger(ledger_path)
    before = ledger_path.read_bytes()
    write = os.pwrite

    def half(descriptor, data, offset):
        if len(data) > 20:
            return write(descriptor, data[:20], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="No space"):
        ledger.append(ended(7))
    assert ledger_path.read_bytes() == before
    monkeypatch.undo()
    ledger.append(ended(8))
    assert read_ledger(ledger_path)[-1] == ended(8)
    ledger.close()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("oops", "Expecting value"),
        ('{"entry":"began"}', "missing"),
        ('{"entry":"paused"}', "paused"),
        (json.dumps({"entry": "began", **dataclasses.asdict(began())} | {"index": "0"}), "index must be int"),
        (json.dumps({"entry": "ended", **dataclasses.asdict(ended())} | {"outcome": "meh"}), "meh"),
    ],
)
def test_a_line_that_is_wrong_is_named(ledger_path, line, reason):
    data = ledger_path.read_bytes()
    ledger_path.write_bytes(data + line.encode() + b"\n")
    with pytest.raises(RecordError, match=rf"ledger.jsonl:4: .*{reason}"):
        read_ledger(ledger_path)


def test_a_file_that_is_no_ledger(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"schema":"ledger","version":9}\n')
    with pytest.raises(RecordError, match="version 1"):
        read_ledger(path)


def test_what_the_ledger_says_of_a_job():
    crash = ended(1, Outcome.SIMULATOR_LOST, final=False)
    states = job_states([began(1), crash, began(2), began(3), ended(3), began(1, "B")])
    assert states["RouteScenario_0_rep0"].final == ended(3)
    assert states["RouteScenario_0_rep0"].failures == 1
    assert states["RouteScenario_0_rep0"].attempts == 3
    assert states["B"].final is None
    assert (states["B"].failures, states["B"].attempts) == (0, 1)


def test_infrastructure_is_tried_four_times_in_all():
    assert [is_final(Outcome.SIMULATOR_LOST, failures) for failures in range(4)] == [False, False, False, True]
    assert is_final(Outcome.AGENT_CRASHED, 0)
    assert is_final(Outcome.SCENARIO_UNSUPPORTED, 0)


# --- events -----------------------------------------------------------------------------------------------------------


def test_events_of_an_attempt_come_back(tmp_path):
    drive = [progress(1.0), vehicle(3), completed()]
    with EventWriter(tmp_path / "events.jsonl") as writer:
        for event in drive:
            writer.write(event)
    assert list(read_events(tmp_path / "events.jsonl")) == drive


def test_kill_9_loses_no_event(tmp_path):
    path = tmp_path / "events.jsonl"
    code = """
        import os, signal, sys
        from pathlib import Path
        from leaderboard.log.events_file import EventWriter
        from tests.leaderboard.facts import progress
        writer = EventWriter(Path(sys.argv[1]))
        for number in range(100):
            writer.write(progress(float(number), number))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    process = run_python(code, path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert [event.frame for event in read_events(path)] == list(range(100))


def test_what_is_no_file_of_events(tmp_path):
    path = tmp_path / "events.jsonl"
    with pytest.raises(RecordError, match="cannot be read"):
        read_events(path)
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(RecordError, match="line 1: not a file of events"):
        read_events(path)


# --- the directory ----------------------------------------------------------------------------------------------------


def attempt(run, number, job="RouteScenario_0_rep0"):
    folder = run.begin_attempt(job, number)
    (folder / "events.jsonl").write_text(f"attempt {number}")
    return folder


def test_an_accepted_attempt_is_in_its_place(tmp_path):
    run = open_run(tmp_path / "run", resume=False)
    attempt(run, 1)
    attempt(run, 2)
    run.accept(ended(2))
    run.accept(ended(2))
    assert (run.route("RouteScenario_0_rep0") / "events.jsonl").read_text() == "attempt 2"
    assert run.attempt("RouteScenario_0_rep0", 1).exists()
    with pytest.raises(RecordError, match="attempt 5 is final, but it is not there"):
        run.accept(ended(5, job="RouteScenario_1_rep0"))


def test_a_crash_between_the_ledger_and_the_move_is_mended(tmp_path):
    run = open_run(tmp_path / "run", resume=False)
    ledger = Ledger(run.ledger)
    for entry in (began(1), ended(1, Outcome.SIMULATOR_LOST, final=False), began(2), ended(2)):
        ledger.append(entry)
    ledger.append(began(1, "RouteScenario_1_rep0"))
    ledger.close()
    attempt(run, 1)
    attempt(run, 2)
    attempt(run, 1, "RouteScenario_1_rep0")
    for _ in range(2):
        run.settle()
        assert (run.route("RouteScenario_0_rep0") / "events.jsonl").read_text() == "attempt 2"
        # What failed stays, for people; what was cut off goes.
        assert run.attempt("RouteScenario_0_rep0", 1).exists()
        assert not run.attempt("RouteScenario_1_rep0", 1).exists()


def test_half_written_files_of_a_killed_run_are_no_run_and_are_cleared_away(tmp_path):
    (tmp_path / ".manifest.json.abc.tmp").write_text("{")
    run = open_run(tmp_path, resume=False)
    run.settle()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("torn", [1, 2, 3, 4])
def test_a_ledger_that_lost_its_end_has_the_route_driven_again_and_takes_the_new_attempt(tmp_path, torn):
    """Torn inside each of its lines, one after the other: what it no longer says has not happened."""
    run = open_run(tmp_path / "run", resume=False)
    ledger = Ledger(run.ledger)
    for job in ("RouteScenario_0_rep0", "RouteScenario_1_rep0"):
        attempt(run, 1, job)
        ledger.append(began(1, job))
        ledger.append(ended(1, job=job))
        run.accept(ended(1, job=job))
    ledger.close()
    lines = run.ledger.read_bytes().splitlines(keepends=True)
    run.ledger.write_bytes(b"".join(lines[: len(lines) - torn]) + lines[-torn][:-1])
    states = job_states(run.settle())
    finals = {job for job, state in states.items() if state.final is not None}
    assert len(finals) == {1: 1, 2: 1, 3: 0, 4: 0}[torn]
    folder = attempt(run, 2, "RouteScenario_1_rep0")
    (folder / "events.jsonl").write_text("driven again")
    run.accept(ended(2, job="RouteScenario_1_rep0"))
    assert (run.route("RouteScenario_1_rep0") / "events.jsonl").read_text() == "driven again"


def test_a_number_used_before_begins_empty(tmp_path):
    run = open_run(tmp_path / "run", resume=False)
    attempt(run, 1)
    assert list(run.begin_attempt("RouteScenario_0_rep0", 1).iterdir()) == []


def test_out_must_be_empty_or_resumed(tmp_path):
    with pytest.raises(UserError, match="holds no run"):
        open_run(tmp_path / "run", resume=True)
    run = open_run(tmp_path / "run", resume=False)
    run.manifest.write_text("{}")
    with pytest.raises(UserError, match="not empty; continue it with --resume"):
        open_run(tmp_path / "run", resume=False)
    assert open_run(tmp_path / "run", resume=True).path == run.path
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be a folder for the record"):
        open_run(tmp_path / "file" / "run", resume=False)


def test_a_second_writer_is_kept_out_until_the_first_dies(tmp_path):
    code = """
        import sys, time
        from pathlib import Path
        from leaderboard.log.run import RunLock
        lock = RunLock(Path(sys.argv[1]))
        print("held", flush=True)
        time.sleep(600)
    """
    process = run_python(code, tmp_path)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"process {process.pid}\) is writing here"):
            RunLock(tmp_path)
    finally:
        process.kill()
        process.communicate(timeout=30)
    with RunLock(tmp_path):
        pass
    RunLock(tmp_path).release()


def test_a_child_does_not_keep_the_lock(tmp_path):
    lock = RunLock(tmp_path)
    child = subprocess.Popen(["sleep", "600"])
    try:
        lock.release()
        RunLock(tmp_path).release()
    finally:
        child.kill()
        child.wait(timeout=30)


# --- the manifest -----------------------------------------------------------------------------------------------------


def test_the_manifest_comes_back(tmp_path):
    path = tmp_path / "manifest.json"
    manifests.write_manifest(path, manifest())
    assert manifests.read_manifest(path) == manifest()
    assert manifest().harness.packages["numpy"] == np.__version__
    assert manifest().machine.cores >= 1
    assert manifest().repeatable
    assert not manifest(timing="measured").repeatable


@pytest.mark.parametrize(("timing", "repeatable"), [("sync", True), ("measured", False), ("replay:runs/a", True)])
def test_a_manifest_says_whether_its_run_repeats(tmp_path, timing, repeatable):
    path = tmp_path / "manifest.json"
    manifests.write_manifest(path, manifest(timing=timing))
    assert json.loads(path.read_text())["repeatable"] is repeatable
    assert manifests.read_manifest(path) == manifest(timing=timing)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": "manifest", "version": 99}', '{"schema": "manifest", "version": 1}']
)
def test_what_is_no_manifest(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(RecordError, match=r"manifest.json: not the manifest of a run"):
        manifests.read_manifest(path)


def test_resume_wants_the_same_run():
    old = manifest()
    manifests.check_resumable(old, manifest(workers=4, started="later", stall_timeout_s=1.0))
    with pytest.raises(UserError, match=r"--resume: --seed was 0 and is 1 now, .*; begin anew with another --out"):
        manifests.check_resumable(old, manifest(seed=1))
    suite = dataclasses.replace(old.suite, sha256="ef")
    with pytest.raises(UserError, match=r"the file of routes is not what it was"):
        manifests.check_resumable(old, manifest(suite=suite))
    with pytest.raises(UserError, match=r"--routes-subset was '' and is '4' now"):
        manifests.check_resumable(old, manifest(suite=dataclasses.replace(old.suite, subset="4")))
    with pytest.raises(UserError, match=r"--track was None and is 'MAP' now"):
        manifests.check_resumable(old, manifest(track="MAP"))
    with pytest.raises(UserError, match=r"a map of --map-dir is not what it was"):
        manifests.check_resumable(manifest(maps={"Lane": "ab"}), manifest(maps={"Lane": "cd"}))


def test_hashes_see_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "model.bin").write_bytes(b"12")
    first = manifests.hash_path(tmp_path / "a")
    assert manifests.hash_path(tmp_path / "a") == first
    (tmp_path / "a" / "__pycache__").mkdir()
    (tmp_path / "a" / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert manifests.hash_path(tmp_path / "a") == first
    (tmp_path / "a" / "model.bin").rename(tmp_path / "a" / "model2.bin")
    second = manifests.hash_path(tmp_path / "a")
    (tmp_path / "a" / "model2.bin").write_bytes(b"13")
    assert len({first, second, manifests.hash_path(tmp_path / "a")}) == 3
    with pytest.raises(UserError, match="no such file or folder"):
        manifests.hash_path(tmp_path / "b")


# --- timing -----------------------------------------------------------------------------------------------------------


def test_timing(tmp_path):
    times = StageTimes()
    for value in range(1, 101):
        times.add("agent", value / 1000)
    stages = times.summary_ms()
    assert stages["agent"]["count"] == 100
    assert stages["agent"]["p50"] == pytest.approx(50.5)
    assert stages["agent"]["p95"] == pytest.approx(95.05)
    assert stages["agent"]["max"] == 100.0
    timing = Timing(stages_ms=stages, call_latencies_ms=(1.5, 2.25), missed_frames=3)
    write_timing(tmp_path / "timing.json", timing)
    assert read_timing(tmp_path / "timing.json") == timing
    (tmp_path / "timing.json").write_text("{}")
    with pytest.raises(RecordError, match="not a timing file"):
        read_timing(tmp_path / "timing.json")


# --- traces -----------------------------------------------------------------------------------------------------------


def ego(x=1.0):
    return EgoState(
        x, 2.0, 3.0, 1.0, 30.0, -2.0, Place(1, 0, 0), Place(0, 1, 0), Place(0, 0, 5), 50.0, Place(2.4, 0.9, 0.7)
    )


def actor(number, x=0.123456789):
    return ActorState(number, "vehicle.audi.tt", "background", (2.0, 1.0, 0.8), (x, 1, 2, 0, 90, 0), (3.0, 0.0, 0.0))


def drive(path, frames=40, shift=None, reverse=False):
    with TraceWriter(path) as trace:
        trace.plan([PlanState(0, 0, 0, 0, "LANEFOLLOW"), PlanState(1, 0, 0, 90, "LEFT")])
        for frame in range(frames):
            actors = [actor(7), actor(3, x=frame / 7 + (1e-13 if frame == shift else 0.0))]
            events = [red_light(frame)] if frame == 5 else []
            control = ControlState(0.5, -0.1, 0.0, call=frame - 1 if frame else None)
            trace.tick(frame, frame * 0.05, ego(frame / 3), actors[::-1] if reverse else actors, control, events)
    return path


def test_a_trace_comes_back(tmp_path):
    path = drive(tmp_path / "trace.mcap")
    messages = list(read_trace(path))
    by_topic = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    assert len(by_topic["/ego"]) == len(by_topic["/actors"]) == len(by_topic["/state_hash"]) == 40
    assert by_topic["/ego"][3].content["pose"] == [1.0, 2.0, 3.0, 1.0, 30.0, -2.0]
    assert by_topic["/ego"][3].time_ns == 150_000_000
    assert by_topic["/actors"][3].content == {
        "frame": 3,
        "ids": [3, 7],
        "states": [[0.4286, 1, 2, 0, 90, 0, 3.0, 0.0, 0.0], [0.1235, 1, 2, 0, 90, 0, 3.0, 0.0, 0.0]],
    }
    # Who is who is said once.
    (catalogue,) = by_topic["/actors/catalogue"]
    assert [entry["id"] for entry in catalogue.content["actors"]] == [3, 7]
    assert by_topic["/plan"][0].content["options"] == ["LANEFOLLOW", "LEFT"]
    assert by_topic["/control"][0].content["call"] is None
    (log,) = by_topic["/events"]
    assert decode(log.content["message"]) == red_light(5)
    assert len(by_topic["/scene"]) == 4
    assert [message.topic for message in read_trace(path, ["/plan"])] == ["/plan"]


def test_sensors_may_be_recorded_too(tmp_path):
    path = tmp_path / "trace.mcap"
    with TraceWriter(path) as trace:
        for frame in range(2):
            trace.reading("gps", frame, frame * 0.05, np.array([1.5, 2.5, 3.0], dtype=np.float32))
            trace.image("front", frame * 0.05, b"\xff\xd8\xff", "jpeg")
            trace.points("top", frame * 0.05, np.array([[1.0, 2.0, 3.0, 0.5]], dtype=np.float32))
    assert [message.content["values"] for message in read_trace(path, ["/sensors/gps"])] == [[1.5, 2.5, 3.0]] * 2
    image = next(read_trace(path, ["/sensors/front"]))
    assert base64.b64decode(image.content["data"]) == b"\xff\xd8\xff"
    assert image.content["format"] == "jpeg"
    cloud = next(read_trace(path, ["/sensors/top"])).content
    assert [field["name"] for field in cloud["fields"]] == ["x", "y", "z", "intensity"]
    # Right-handed: what is to the right of the sensor has a negative y.
    assert np.frombuffer(base64.b64decode(cloud["data"]), "<f4").tolist() == [1.0, -2.0, 3.0, 0.5]


def test_equal_drives_are_equal_bytes(tmp_path):
    one, other = drive(tmp_path / "1.mcap"), drive(tmp_path / "2.mcap", reverse=True)
    assert one.read_bytes() == other.read_bytes()
    assert first_difference(one, other) is None


def test_the_first_difference_is_found_below_any_rounding(tmp_path):
    one, other = drive(tmp_path / "1.mcap"), drive(tmp_path / "2.mcap", shift=17)
    assert first_difference(one, other) == 17
    assert first_difference(one, drive(tmp_path / "3.mcap", frames=39)) == 39


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_state(tmp_path, value):
    with TraceWriter(tmp_path / "trace.mcap") as trace:
        still = ControlState(0.0, 0.0, 0.0)
        with pytest.raises(ValueError, match="at frame 3 is not finite"):
            trace.tick(3, 0.15, ego(), [actor(1, x=value)], still)
        with pytest.raises(ValueError, match="not JSON compliant"):
            trace.tick(3, 0.15, ego(value), [], still)


@pytest.mark.parametrize(
    "change",
    [
        {"ego": ego()._replace(yaw_deg=30.0000001)},
        {"ego": ego()._replace(velocity=Place(1, 0, 1e-9))},
        {"actors": [actor(4)]},
        {"actors": []},
        {"control": ControlState(0.5, 0.0, 0.0, hand_brake=True)},
        {"control": ControlState(0.5, 0.0, 0.0, gear=1)},
    ],
)
def test_every_part_of_the_state_is_hashed(change):
    state = {"ego": ego(), "actors": [actor(3)], "control": ControlState(0.5, 0.0, 0.0)}
    assert traces.state_hash(**state) == traces.state_hash(**state)
    assert traces.state_hash(**(state | change)) != traces.state_hash(**state)


def test_other_readers_open_a_trace(tmp_path):
    """The package's own indexed reader, with checksums; each message has the fields that its schema requires."""
    with drive(tmp_path / "trace.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().library == "carla-closed-loop"
        count = 0
        for schema, channel, message in reader.iter_messages():
            content, described = json.loads(message.data), json.loads(schema.data)
            assert described["title"] == schema.name
            assert set(described["required"]) == set(content), channel.topic
            count += 1
        assert count == reader.get_summary().statistics.message_count


def test_a_trace_may_be_cut_anywhere(tmp_path):
    path = drive(tmp_path / "trace.mcap", frames=150)
    data, whole = path.read_bytes(), list(read_trace(path))
    assert len(data) > 3000
    for length in range(8, len(data), len(data) // 40):
        path.write_bytes(data[:length])
        found = list(read_trace(path))
        assert found == whole[: len(found)]


def test_damage_never_changes_what_is_read(tmp_path):
    """Whichever byte is wrong, the messages are those that were written, or the file is refused."""
    path = drive(tmp_path / "trace.mcap")
    data, whole = path.read_bytes(), list(read_trace(path))
    refused = 0
    for at in range(8, len(data) - 8, len(data) // 60):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            assert list(read_trace(path)) == whole
        except RecordError:
            refused += 1
    assert refused > 20


def test_what_is_no_trace(tmp_path):
    path = tmp_path / "trace.mcap"
    for content in (b"", b"not a trace at all", b"\x89MCAP0\r\n"):
        path.write_bytes(content)
        if content.startswith(b"\x89"):
            assert list(read_trace(path)) == []
        else:
            with pytest.raises(RecordError, match="not a trace"):
                list(read_trace(path))
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_trace(tmp_path / "none"))


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 0, 0), (0, 90, 0), (0, 0, 20), (5, -130, 7), (-30, 179, -45)])
def test_poses_for_foxglove_face_where_carla_s_face(angles):
    pitch, yaw, roll = angles
    orientation = traces._pose(0, 0, 0, pitch, yaw, roll)["orientation"]
    x, y, z, w = (orientation[name] for name in "xyzw")
    assert math.isclose(x * x + y * y + z * z + w * w, 1.0, abs_tol=1e-5)
    transform = carla.Transform(carla.Location(), carla.Rotation(pitch=pitch, yaw=yaw, roll=roll))
    forward = (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y))
    up = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
    for ours, theirs in ((forward, transform.get_forward_vector()), (up, transform.get_up_vector())):
        assert ours == pytest.approx((theirs.x, -theirs.y, theirs.z), abs=1e-5)


def test_the_documents_name_every_topic_and_file():
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for topic in CHANNELS:
        assert f"`{topic}`" in text, topic
    for name in ("manifest.json", "suite.xml", "ledger.jsonl", "results.json", EVENTS, TRACE, TIMING, "run.lock"):
        assert name in text


def test_the_record_knows_no_wall_clock():
    """Events and traces must be equal on every machine and every day: nothing that writes them may ask for the time."""
    for module in (traces, ledgers):
        assert not hasattr(module, "time")
        assert not hasattr(module, "datetime")
