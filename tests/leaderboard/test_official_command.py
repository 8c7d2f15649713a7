"""The official evaluator's flags, as public scripts give them, become ours."""

import json
import shlex

import pytest

from leaderboard import cli
from leaderboard.compat.official_command import translate
from leaderboard.errors import UserError

# run_evaluation.sh of leaderboard 2.0, of 1.0, and of Bench2Drive, with their variables filled in.
SECOND = """--routes=routes_training.xml --routes-subset=0-2 --repetitions=1 --track=SENSORS --checkpoint={checkpoint}
--debug-checkpoint=live_results.txt --agent=npc_agent.py --agent-config= --debug=0 --record= --resume="""
FIRST = """--scenarios=all_towns.json --routes=routes_devtest.xml --repetitions=2 --track=SENSORS
--checkpoint={checkpoint} --agent=image_agent.py --agent-config=model.ckpt --debug=1 --record= --resume=True --port=2004
--trafficManagerPort=8004 --trafficManagerSeed=3"""
BENCH2DRIVE = """--routes=bench2drive220.xml --repetitions=1 --track=SENSORS --checkpoint={checkpoint} --agent=uniad.py
--agent-config=uniad.py+ckpt.pth --debug=0 --record= --resume=False --port=30000 --traffic-manager-port=50000
--gpu-rank=0"""


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "results.json"


def given(text, checkpoint):
    translated = translate(shlex.split(text.format(checkpoint=checkpoint)))
    return cli.parser().parse_args(translated.arguments), translated


def test_second_generation(checkpoint):
    ours, translated = given(SECOND, checkpoint)
    assert (ours.suite, ours.agent, ours.agent_config) == ("routes_training.xml", "npc_agent.py", "")
    assert (ours.simulator, ours.profile, ours.track) == ("localhost:2000", "lb2.1", "SENSORS")
    assert (ours.routes_subset, ours.repetitions, ours.timeout, ours.resume) == ("0-2", 1, None, False)
    assert ours.out == translated.run == checkpoint.with_name("results.run")
    assert [note.partition(":")[0] for note in translated.notes[:-1]] == ["--debug-checkpoint"]
    assert "traffic" in translated.notes[-1]


def test_first_generation(checkpoint):
    ours, translated = given(FIRST, checkpoint)
    assert (ours.profile, ours.traffic, str(ours.scenarios)) == ("lb1.0", "lb1", "all_towns.json")
    assert (ours.simulator, ours.seed, ours.repetitions) == ("localhost:2004", 3, 2)
    assert [note.partition(":")[0] for note in translated.notes] == ["--traffic-manager-port", "--debug"]


def test_bench2drive(checkpoint):
    ours, _ = given(BENCH2DRIVE, checkpoint)
    assert (ours.profile, ours.simulator, ours.agent_config) == (
        "bench2drive",
        "localhost:30000",
        "uniad.py+ckpt.pth",
    )


def test_a_profile_can_be_named(checkpoint):
    ours, _ = given(SECOND + " --profile=lb2.0 --timeout=120 --host=10.0.0.7", checkpoint)
    assert (ours.profile, ours.timeout, ours.simulator) == ("lb2.0", 120.0, "10.0.0.7:2000")


@pytest.mark.parametrize(("word", "is_yes"), [("True", True), ("1", True), ("False", False), ("0", False), ("", False)])
def test_resume_means_what_it_says_and_begins_where_there_is_nothing(checkpoint, word, is_yes):
    flags = SECOND + word
    assert not given(flags, checkpoint)[0].resume
    checkpoint.with_name("results.run").mkdir()
    (checkpoint.with_name("results.run") / "manifest.json").touch()
    assert given(flags, checkpoint)[0].resume is is_yes


def test_the_results_are_where_the_caller_looks(tmp_path):
    checkpoint = tmp_path / "new" / "results.json"
    _, translated = given(SECOND, checkpoint)
    translated.link()
    translated.run.mkdir()
    for progress in (1, 2):
        (translated.run / "results.json").write_text(json.dumps(progress))
        assert json.loads(checkpoint.read_text()) == progress
    given(SECOND, checkpoint)[1].link()


def test_what_somebody_else_has_written_is_not_touched(checkpoint):
    checkpoint.write_text("{}")
    with pytest.raises(UserError, match="not from here; move it or name another"):
        given(SECOND, checkpoint)
    assert checkpoint.read_text() == "{}"


def test_a_mistake_leaves_nothing_behind(checkpoint, tmp_path, capsys):
    flags = shlex.split(SECOND.format(checkpoint=checkpoint))
    assert cli.main_as_official(flags) == 2
    assert "routes_training.xml" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    _, translated = given(SECOND, tmp_path / "file" / "results.json")
    with pytest.raises(UserError, match=r"--checkpoint .*results.json: cannot be written: "):
        translated.link()


def test_a_wrong_flag_is_one_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main_as_official(["--port=abc"])
    assert ended.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("python -m leaderboard.leaderboard_evaluator: argument --port: invalid int value: 'abc'; ")
