"""Events: nothing is lost on the way to disk and back, and nothing else passes for one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import events
from scenarios.events import EventFormatError, Place, RanRedLight, decode, decode_lines, encode, header
from tests.leaderboard.facts import any_event, fact, red_light, vehicle

GOOD = encode(vehicle())


@settings(max_examples=400)
@given(any_event())
def test_every_event_comes_back_equal(event):
    line = encode(event)
    assert "\n" not in line
    again = decode(line)
    assert again == event
    assert type(again) is type(event)
    assert type(again.place) is Place
    assert encode(again) == line


def test_equal_events_are_equal_bytes():
    whole = fact(RanRedLight, 20, (1, 2, 3), light_id=4, ego_speed_mps=5)
    assert whole == fact(RanRedLight, 20, (1.0, 2.0, 3.0), light_id=4, ego_speed_mps=5.0)
    assert encode(whole) == encode(fact(RanRedLight, 20, (1.0, 2.0, 3.0), light_id=4, ego_speed_mps=5.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(value):
    with pytest.raises(EventFormatError, match="not finite"):
        encode(fact(RanRedLight, light_id=4, ego_speed_mps=value))


def test_what_is_not_in_the_table_is_not_written():
    with pytest.raises(EventFormatError, match="not in the table"):
        encode(events.Event(frame=1, time_s=0.1, place=Place(0, 0, 0)))


def change(**values):
    record = json.loads(GOOD) | values
    return json.dumps({key: value for key, value in record.items() if value != "drop"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not"),
        ("[]", "must be a JSON object"),
        ("{}", "unknown event None"),
        (change(event="Collision"), "unknown event 'Collision'; known are EpisodeStarted"),
        (change(event=["x"]), "unknown event"),
        (change(frame="drop"), r"missing \['frame'\]"),
        (change(colour="red"), r"unknown \['colour'\]"),
        (change(frame=1.5), "frame must be int, not 1.5"),
        (change(frame=True), "frame must be int, not True"),
        (change(time_s="soon"), "time_s must be float"),
        (change(place=[1, 2]), "place must be Place"),
        (change(place=[1, 2, "up"]), "place must be float"),
        (change(category="bicycle"), "category must be Category, not 'bicycle'"),
        (change(ignored="because"), "ignored must be Ignored"),
        (GOOD.replace("4.0", "NaN"), "NaN is not a number"),
        (GOOD.replace("4.0", "Infinity"), "not a number"),
    ],
)
def test_what_is_not_an_event_is_said(line, reason):
    with pytest.raises(EventFormatError, match=reason) as caught:
        decode(line)
    assert "\n" not in str(caught.value)


def test_a_file_has_a_header_and_may_be_cut():
    lines = [header() + "\n", encode(vehicle(3)) + "\n", encode(red_light(4)) + "\n"]
    assert list(decode_lines(lines)) == [vehicle(3), red_light(4)]
    # A crash may cut the last line anywhere, even where what is left would still be JSON.
    for length in range(len(lines[2])):
        assert list(decode_lines([*lines[:2], lines[2][:length]])) == [vehicle(3)]
    for length in range(len(lines[0])):
        assert list(decode_lines([lines[0][:length]] if length else [])) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["{}\n"], "line 1: not a file of events"),
        (["null\n"], "line 1: not a file of events"),
        ([GOOD + "\n"], "line 1: not a file of events"),
        (['{"schema":"events","version":99}\n'], "version 99; this program reads version 1"),
        ([header() + "\n", "oops\n", GOOD + "\n"], "line 2: not JSON"),
    ],
)
def test_bad_files_of_events(lines, reason):
    with pytest.raises(EventFormatError, match=reason):
        list(decode_lines(lines))


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_is_an_event_or_one_sentence(text):
    with pytest.raises(EventFormatError):
        decode(text)
