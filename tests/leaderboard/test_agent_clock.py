"""The timing modes, sentence by sentence as the issue words them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.agent_clock import AgentClock, fixed, measured, parse_timing, recorded_ms, replay
from leaderboard.errors import UserError

TICK_S = 0.05


def drive(charge, frames, seconds=0.001):
    """For each frame: what call was made on it, and which call's control the tick that starts there gets."""
    clock = AgentClock(charge, "neutral")
    asked, held = [], []
    for frame in range(frames):
        time_s = frame * TICK_S
        if clock.is_asked(time_s):
            took = seconds[clock.calls] if isinstance(seconds, list) else seconds
            asked.append(frame)
            clock.answered(time_s, f"control {frame}", took)
        held.append(clock.control)
    return clock, asked, held


def test_sync_gives_the_control_to_the_tick_that_starts_on_its_frame():
    clock, asked, held = drive(fixed(0.0), 4)
    assert asked == [0, 1, 2, 3]
    assert held == ["control 0", "control 1", "control 2", "control 3"]
    assert clock.missed == 0


def test_before_the_first_answer_the_control_is_neutral():
    clock = AgentClock(fixed(0.12), "neutral")
    assert clock.control == "neutral"
    assert clock.call is None
    _, _, held = drive(fixed(0.12), 3)
    assert held == ["neutral"] * 3


def test_an_answer_takes_effect_on_the_first_tick_at_or_after_its_time():
    _, asked, held = drive(fixed(0.08), 6)
    assert asked == [0, 2, 4]
    assert held == ["neutral", "neutral", "control 0", "control 0", "control 2", "control 2"]


def test_a_latency_of_exactly_one_tick_takes_effect_on_the_next_and_misses_nothing():
    clock, asked, held = drive(fixed(TICK_S), 200)
    assert asked == list(range(200))
    assert held[1:] == [f"control {frame}" for frame in range(199)]
    assert clock.missed == 0


def test_less_than_a_tick_is_a_tick_late_but_misses_no_frame():
    clock, asked, held = drive(fixed(0.01), 4)
    assert asked == [0, 1, 2, 3]
    assert held == ["neutral", "control 0", "control 1", "control 2"]
    assert clock.missed == 0


def test_frames_while_it_is_busy_count_as_missed_and_the_next_call_gets_the_newest():
    clock, asked, _ = drive(fixed(0.2), 10)
    assert asked == [0, 4, 8]
    assert clock.missed == 7
    assert clock.calls == 3


def test_fixed_0_is_sync():
    assert parse_timing("fixed:0") == ("fixed", 0.0)
    one, other = drive(fixed(0.0), 50), drive(fixed(float(parse_timing("fixed:0")[1])), 50)
    assert one[1:] == other[1:]


def test_measured_charges_what_each_call_took_but_not_the_first():
    clock, asked, held = drive(measured(), 6, seconds=[3.0, 0.08, 0.01, 0.01, 0.01])
    assert asked == [0, 1, 3, 4, 5]
    assert held == ["control 0", "control 0", "control 0", "control 1", "control 3", "control 4"]
    assert clock.latencies_s[0] == 3.0
    assert clock.missed == 1


def test_replay_charges_call_by_call_and_the_median_past_the_end():
    charge = replay([100.0, 300.0, 200.0], first_is_free=False)
    assert [charge(call, 99.0) for call in range(5)] == [0.1, 0.3, 0.2, 0.2, 0.2]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_replay_of_what_was_measured_charges_the_same(seconds):
    charge = measured()
    charges = [charge(call, value) for call, value in enumerate(seconds)]
    played = replay([recorded_ms(value) for value in seconds], first_is_free=True)
    assert [played(call, 99.0) for call in range(len(seconds))] == charges
    assert charges[0] == 0.0


def test_replay_of_what_was_fixed_drives_the_same():
    assert drive(replay([80.0] * 3, first_is_free=False), 20)[1:] == drive(fixed(0.08), 20)[1:]


def test_the_call_that_gave_the_control_is_known():
    clock = AgentClock(fixed(0.05), "neutral")
    assert clock.is_asked(0.0)
    clock.answered(0.0, "first", 0.0)
    assert clock.call is None
    assert clock.is_asked(0.05)
    assert (clock.control, clock.call) == ("first", 0)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.integers(1, 100))
def test_every_frame_is_a_call_or_missed_and_no_control_comes_before_its_time(latencies, frames):
    latencies_ms = [1000.0 * latency for latency in latencies]
    clock, asked, held = drive(replay(latencies_ms, first_is_free=False), frames)
    assert len(asked) + clock.missed == frames
    for frame, control in enumerate(held):
        if control != "neutral":
            source = int(control.split()[1])
            due_s = source * TICK_S + clock.charge(asked.index(source), 0.0)
            assert frame * TICK_S >= due_s - 1e-6


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("sync", ("sync", None)),
        ("measured", ("measured", None)),
        ("fixed:80", ("fixed", 0.08)),
        ("replay:runs/a:b", ("replay", "runs/a:b")),
    ],
)
def test_modes_are_read(text, parsed):
    assert parse_timing(text) == parsed


@pytest.mark.parametrize(
    "text", ["", "fast", "fixed", "fixed:", "fixed:-1", "fixed:nan", "fixed:inf", "sync:1", "replay", "replay:"]
)
def test_other_words_are_refused_in_one_sentence(text):
    with pytest.raises(UserError, match="--timing"):
        parse_timing(text)
