"""The command line: what it refuses and how, what it lists, what it makes of a record. Nothing is driven here."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import simulator
from leaderboard import cli
from leaderboard.doctor import Finding
from leaderboard.errors import InfrastructureError
from leaderboard.launch.embedded import shipped_maps
from leaderboard.log.events_file import read_events
from leaderboard.log.manifest import machine_info
from leaderboard.profiles import PROFILES
from leaderboard.routes import shipped_suites
from scenarios.events import CollisionStarted, Outcome
from tests.leaderboard.records import stored_run

HELLO = Path(__file__).parents[2] / "examples" / "hello_agent.py"
ONE_ROUTE = """<routes><route id="0" town="{}">
<waypoints><position x="0" y="0" z="0"/><position x="9" y="0" z="0"/></waypoints></route></routes>"""


@pytest.fixture(autouse=True)
def _stays_as_it_is(monkeypatch):
    """An evaluation takes in the orphans below its process; the process of the tests must not."""
    monkeypatch.setattr("leaderboard.evaluate.become_subreaper", lambda: None)


@pytest.fixture
def run(tmp_path):
    return stored_run(tmp_path).path


def refusal(capsys, *arguments):
    """The one sentence on stderr."""
    assert cli.main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("leaderboard: ")
    return said.err


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--suite", "no-such"), "no-such"),
        (("--simulator", "localhost"), "--simulator localhost: give embedded or HOST:PORT"),
        (("--simulator", "localhost:70000"), "give embedded or HOST:PORT"),
        (("--simulator", "localhost:2000", "--workers", "2"), "drives one route at a time"),
        (("--timing", "fixed:soon"), "give sync, fixed:MILLISECONDS"),
        (("--timing", "measured", "--workers", "9999"), "measured latencies need two cores for each"),
        (("--traffic", "some"), "give none, lb1 or a number"),
        (("--routes-subset", "77"), "77"),
        (("--agent", "no.such.module"), "neither a file nor a module"),
        (("--map-dir", "/no/such/folder"), "--map-dir /no/such/folder is no folder"),
        (("--resume", "--out", "/no/such/run"), "holds no run"),
    ],
)
def test_what_is_wrong_is_one_sentence(capsys, tmp_path, monkeypatch, flags, sentence):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", *flags]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("leaderboard: ")
    assert sentence in said
    assert list(tmp_path.iterdir()) == []


def test_measured_needs_two_cores_for_each_worker(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "machine_info", lambda: replace(machine_info(), cores=1))
    assert cli.main(["evaluate", "--timing", "measured"]) == 2
    assert "there are 1 here" in capsys.readouterr().err


def test_a_town_that_the_simulator_does_not_have(capsys, tmp_path):
    (tmp_path / "routes.xml").write_text(ONE_ROUTE.format("Atlantis"))
    said = refusal(capsys, "evaluate", "--suite", tmp_path / "routes.xml", "--out", tmp_path / "run")
    assert "routes.xml:1, route 0" in said
    assert "Atlantis" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ("--repetitions", "0"),
        ("--workers", "two"),
        ("--workers", "²"),
        ("--timeout", "-1"),
        ("--timeout", "nan"),
        ("--stall-timeout", "inf"),
        ("--profile", "lb3"),
        ("--sute", "smoke"),
    ],
)
def test_flags_that_argparse_refuses(capsys, flags):
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", *flags])
    assert ended.value.code == 2
    assert flags[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "leaderboard: the following arguments are required: COMMAND"),
        (("list",), "leaderboard list: the following arguments are required: WHAT"),
        (("evaluate", "--workers", "0"), "leaderboard evaluate: argument --workers: '0' is no number from 1 on"),
    ],
)
def test_a_wrong_flag_is_one_sentence(capsys, arguments, said):
    with pytest.raises(SystemExit):
        cli.main(arguments)
    where, _, _ = said.partition(":")
    assert capsys.readouterr() == ("", f"{said}; `{where} --help` says more\n")


def test_a_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("carla-closed-loop ")


def test_nothing_is_said_to_be_driven_that_cannot_be(capsys, tmp_path):
    """What is wrong with the record's folder or with a run to be replayed is found before the first line."""
    (tmp_path / "thesis.tex").touch()
    assert "is not empty" in refusal(capsys, "evaluate", "--out", tmp_path)
    command = ("evaluate", "--timing", f"replay:{tmp_path}", "--out", tmp_path / "run")
    assert f"--timing replay:{tmp_path}: {tmp_path} holds no run (no manifest.json)" in refusal(capsys, *command)
    assert "--resume goes on with the run in --out DIR" in refusal(capsys, "evaluate", "--resume")


def test_ctrl_c_while_packages_are_imported_ends_without_a_traceback():
    code = "import os, signal\nfrom carla_closed_loop.__main__ import interruptible\n"
    code += "with interruptible():\n    os.kill(os.getpid(), signal.SIGINT)\n"
    # Whoever runs the tests may have SIGINT ignored, and its children with it.
    restored = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    done = subprocess.run([sys.executable, "-c", restored + code], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_a_record_that_would_be_a_file(capsys, tmp_path):
    (tmp_path / "run").touch()
    assert cli.main(["evaluate", "--routes-subset", "7", "--out", str(tmp_path / "run")]) == 2
    assert "cannot be a folder for the record: Not a directory" in capsys.readouterr().err


def test_a_town_that_a_running_simulator_lacks(capsys, tmp_path):
    point = '<position x="{}" y="0" z="0"/>'
    points = point.format(0) + point.format(9)
    route = f'<route id="3" town="Town04"><waypoints>{points}</waypoints></route>'
    (tmp_path / "routes.xml").write_text(f"<routes>\n{route}</routes>")
    with simulator.serve("Harbor") as server:
        address = f"{server.host}:{server.port}"
        flags = ("--suite", tmp_path / "routes.xml", "--simulator", address, "--out", tmp_path / "run")
        said = refusal(capsys, "evaluate", *flags)
    assert f"routes.xml:2, route 3: the simulator at {address} has no town 'Town04'; it has Harbor, " in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"1\ndef (", ":2: not Python: invalid syntax"),
        (b"1\n\x00", "not Python: source code string cannot contain null bytes"),
        (b"1\n\xff", "not Python: (unicode error)"),
        (b"(" * 100_000, "not Python: too many nested parentheses"),
        (b"print 'python 2'", ":1: not Python: Missing parentheses in call to 'print'."),
    ],
)
def test_an_agent_that_is_not_python(capsys, tmp_path, content, sentence):
    path = tmp_path / "my_agent.py"
    path.write_bytes(content)
    said = refusal(capsys, "evaluate", "--agent", path, "--out", tmp_path / "run")
    assert f"--agent {path}" in said
    assert sentence in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("team", "is a folder; name the file in it"), ("notes.txt", "no Python file"), ("os", "neither a file nor")],
)
def test_an_agent_that_is_no_file_of_code(capsys, tmp_path, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team").mkdir()
    (tmp_path / "notes.txt").touch()
    assert sentence in refusal(capsys, "evaluate", "--agent", name, "--out", tmp_path / "run")


def test_traffic_that_a_town_has_no_number_for_is_said(capsys, tmp_path):
    given = cli.parser().parse_args(["evaluate", "--suite", "smoke", "--routes-subset", "7", "--traffic", "lb1"])
    (warning,) = cli._empty_towns(cli._options(given))
    assert warning == "--traffic lb1: leaderboard 1.0 has no number for Ridge, whose roads stay empty"


def test_a_module_in_a_package_that_does_not_import(capsys, tmp_path, monkeypatch):
    (tmp_path / "broken_guest").mkdir()
    (tmp_path / "broken_guest" / "__init__.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    said = refusal(capsys, "evaluate", "--agent", "broken_guest.agent", "--out", tmp_path / "run")
    assert "--agent broken_guest.agent: cannot be imported: ZeroDivisionError" in said


def test_a_folder_that_holds_something_else_is_left_alone(capsys, tmp_path):
    (tmp_path / "thesis.tex").touch()
    command = ("evaluate", "--out", str(tmp_path))
    assert cli.main(command) == 2
    assert "is not empty; continue it with --resume or choose another folder" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_failure_that_is_not_the_users_is_a_sentence_too(capsys, monkeypatch):
    def fail():
        raise InfrastructureError("the machine is on fire")

    monkeypatch.setitem(cli._LISTS, "towns", fail)
    assert cli.main(["list", "towns"]) == 1
    assert capsys.readouterr().err == "leaderboard: the machine is on fire\n"


def test_nobody_reads_to_the_end():
    with subprocess.Popen(
        [sys.executable, "-m", "carla_closed_loop", "list", "profiles"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


# --- the lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("suites", list(shipped_suites())),
        ("towns", shipped_maps()),
        ("profiles", list(PROFILES)),
        ("agents", ["agent.expert"]),
        ("scenarios", ["no scenario type is supported yet"]),
    ],
)
def test_lists(capsys, what, names):
    assert names
    assert cli.main(["list", what]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in names:
        assert sum(line.startswith(name) for line in lines) == 1


def test_help_shows_every_command_and_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for command in ("evaluate", "score", "export", "list", "doctor"):
        assert f"\n    {command} " in text
    assert "examples:" in text


def test_the_console_script_starts_from_the_module_of_our_own_name():
    (script,) = entry_points(group="console_scripts", name="leaderboard")
    assert script.value == "carla_closed_loop.__main__:main"


# --- a record ---------------------------------------------------------------------------------------------------------


def test_score_says_what_was_scored_and_what_it_rests_on(capsys, run):
    assert cli.main(["score", str(run)]) == 0
    said = capsys.readouterr().out
    assert "driving score 38.0 (95 % interval" in said
    assert "over 2 of 4 drives, success rate 0.000 (95 % interval 0.000 to 0.658)" in said
    assert "not among them, simulator lost: 1 (RouteScenario_2_rep0)\nnot driven yet: 1\n" in said
    assert "agent.expert on routes (" in said
    assert "profile lb2.0, timing sync, traffic lb2, simulator embedded 0.1.0" in said
    assert "these are not CARLA scores" in said
    for name in ("Harbor", "Accident"):
        assert f"│ {name} " in said


def test_score_under_another_profile(capsys, run):
    assert cli.main(["score", str(run), "--profile", "lb2.1"]) == 0
    said = capsys.readouterr().out
    # (100 / (1 + 0.7 + 0.4 * 0.5) + 25) / 2
    assert "driving score 38.8 (" in said
    assert "profile lb2.1" in said


def test_score_refuses_and_names_the_rule(capsys, run):
    assert "RouteScenario_0_rep0: the record cannot be scored as lb1.0: ego_model was" in refusal(
        capsys, "score", run, "--profile", "lb1.0"
    )


def test_score_and_export_of_what_is_no_run(capsys, tmp_path):
    for command in ("score", "export"):
        assert f"{tmp_path} holds no run (no manifest.json)" in refusal(capsys, command, tmp_path)


def test_doctor_of_what_is_no_address(capsys):
    assert refusal(capsys, "doctor", "localhost") == "leaderboard: doctor localhost: give HOST:PORT\n"


def test_export_writes_the_official_results(capsys, run, tmp_path):
    assert cli.main(["export", str(run)]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["_checkpoint"]["progress"] == [3, 4]
    assert cli.main(["export", str(run), "--out", str(tmp_path / "results.json")]) == 0
    assert (tmp_path / "results.json").read_text() + "\n" == printed
    assert "cannot be written" in refusal(capsys, "export", run, "--out", tmp_path / "no" / "folder.json")


def test_export_into_what_is_no_file_replaces_nothing(capsys, run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cli.main(["export", str(run), "--out", str(pipe)]) == 0
        assert json.loads(os.read(reader, 1 << 16))["_checkpoint"]["progress"] == [3, 4]
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert "cannot be written: Is a directory" in refusal(capsys, "export", run, "--out", tmp_path)


def test_export_of_bench2drives_merged_file(capsys, tmp_path, run):
    assert "this run was made under lb2.0" in refusal(capsys, "export", run, "--format", "bench2drive-merged")
    (tmp_path / "b2d").mkdir()
    other = stored_run(tmp_path / "b2d", "bench2drive").path
    assert cli.main(["export", str(other), "--format", "bench2drive-merged"]) == 0
    assert json.loads(capsys.readouterr().out)["eval num"] == 3


def test_score_of_a_bench2drive_run_has_its_other_numbers(capsys, tmp_path):
    assert cli.main(["score", str(stored_run(tmp_path, "bench2drive").path)]) == 0
    said = capsys.readouterr().out
    assert "Bench2Drive: driving score 21.25, success rate 0.000" in said
    assert "Overtaking 0.000" in said
    assert "min_speed_infractions" not in said  # it lists all checks, also those that are passed


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_fails_when_a_finding_is_bad(capsys, monkeypatch):
    findings = [Finding("wheel", "round"), Finding("engine", "gone", is_good=False)]
    monkeypatch.setattr(cli, "examine", lambda simulator: findings)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1)[0] for line in said] == ["ok", "BAD", "1"]
    findings.pop()
    assert cli.main(["doctor"]) == 0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_doctor_starts_a_simulator_looks_and_says_what_does_not_answer(capsys):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert cli.main(["doctor", address]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("BAD")] == [line for line in said if address in line]
    assert any(line.startswith("ok   camera") and "800x600" in line for line in said)


# --- one drive --------------------------------------------------------------------------------------------------------


def leaderboard(folder, *arguments, code=0):
    command = [sys.executable, "-m", "carla_closed_loop", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150)
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_what_an_agent_hit_before_it_raised_is_in_the_record(tmp_path):
    hitting = Path(__file__).parent / "agents" / "hitting.py"
    leaderboard(tmp_path, "evaluate", "--agent", str(hitting), "--routes-subset", "0", "--out", "run")
    events = read_events(tmp_path / "run" / "routes" / "RouteScenario_0_rep0" / "events.jsonl")
    assert [event for event in events if isinstance(event, CollisionStarted) and event.ignored is None]
    assert events[-1].outcome is Outcome.AGENT_CRASHED


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_route_off_every_road_keeps_no_other_from_being_driven(tmp_path):
    """Whether a point is on a road is known only when its town's map is loaded: others may have been driven by then."""
    lines = ['<route id="field" town="Harbor">', "<waypoints>", '<position x="264.8" y="-436.1" z="0.0"/>']
    lines += ['<position x="2000.0" y="0.0" z="0.0"/>', "</waypoints>", "</route>"]
    road = ['<position x="264.8" y="-416.1" z="0.0"/>', '<position x="264.8" y="-396.1" z="0.0"/>']
    lines += ['<route id="road" town="Harbor">', "<waypoints>", *road, "</waypoints>", "</route>"]
    (tmp_path / "mine.xml").write_text("\n".join(["<routes>", *lines, "</routes>"]))

    evaluate = ("evaluate", "--suite", "mine.xml", "--agent", str(HELLO), "--out", "run")
    said = leaderboard(tmp_path, *evaluate, code=1)
    wrong = "mine.xml:2, route field: the point (2000.0, 0.0, 0.0) is 1335 m from the nearest lane; move it onto a road"
    assert f"RouteScenario_field_rep0: no such route on this map, no score ({wrong})" in said
    assert "RouteScenario_road_rep0 Harbor: driving score 100.0" in said
    assert "1 of 2" in said

    results = json.loads((tmp_path / "run" / "results.json").read_text())
    field, road = results["_checkpoint"]["records"]
    assert (field["status"], field["scores"]["score_composed"]) == ("Failed - Simulation crashed", 0)
    assert road["status"] == "Perfect"
    again = leaderboard(tmp_path, *evaluate, "--resume", code=1)
    assert "2 of 2 drives had a result already" in again
    assert "RouteScenario_road_rep0" not in again
    assert "not among them, no such route on this map: 1 (RouteScenario_field_rep0)" in again
    assert "RouteScenario_field_rep0:" not in again  # neither is driven again


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_example_of_an_agent_comes_to_the_end_of_a_route(tmp_path):
    said = leaderboard(tmp_path, "evaluate", "--agent", str(HELLO), "--routes-subset", "2", "--out", "run")
    assert "RouteScenario_2_rep0 Orchard: driving score" in said
    assert "completion 100.0" in said


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_smoke_route_from_command_to_score(tmp_path):
    evaluate = ("evaluate", "--routes-subset", "7", "--out", "run")
    driven = leaderboard(tmp_path, *evaluate)
    assert "RouteScenario_7_rep0 Ridge: driving score" in driven
    # The table and all below it are the same from the record.
    scored = leaderboard(tmp_path, "score", "run")
    assert scored.startswith("┏")
    assert driven.endswith(scored)
    leaderboard(tmp_path, "export", "run", "--out", "results.json")
    assert (tmp_path / "results.json").read_bytes() == (tmp_path / "run" / "results.json").read_bytes()
    assert leaderboard(tmp_path, *evaluate, "--resume").endswith(scored)
