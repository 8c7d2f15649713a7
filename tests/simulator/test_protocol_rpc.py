"""Bytes to requests and results to bytes: limits, malformed input, replies."""

import tracemalloc
from itertools import pairwise
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.protocol import rpc
from simulator.protocol.errors import MalformedStream, MessageTooLarge
from tests.simulator import recorded
from tests.simulator.protocol_helpers import refusal

MESSAGES = [data for _, data in recorded.requests()]


def parse(data: bytes, max_bytes: int = rpc.MAX_MESSAGE_BYTES) -> list[rpc.Request]:
    parser = rpc.RequestParser(max_bytes)
    parser.feed(data)
    return list(parser.requests())


def test_request_with_metadata() -> None:
    assert parse(msgpack.packb([0, 7, "tick_cue", [[False]]])) == [rpc.Request(7, "tick_cue", True, [])]
    assert parse(msgpack.packb([0, 8, "f", [[True], 1, "x"]])) == [rpc.Request(8, "f", False, [1, "x"])]


def test_request_without_metadata_is_waited_for() -> None:
    assert parse(msgpack.packb([0, 7, "f", [True, 2]])) == [rpc.Request(7, "f", True, [True, 2])]
    assert parse(rpc.encode_request(7, "f", [True, 2])) == [rpc.Request(7, "f", True, [True, 2])]


def test_notification_has_no_id() -> None:
    assert parse(msgpack.packb([2, "f", [[False], 1]])) == [rpc.Request(None, "f", False, [1])]


@pytest.mark.parametrize(
    "message",
    [
        5,
        None,
        "text",
        [],
        [0],
        [0, 1, "f"],
        [1, 1, None, None],
        [3, 1, "f", []],
        [False, 1, "f", []],
        [0, -1, "f", []],
        [0, 2**32, "f", []],
        [0, "1", "f", []],
        [0, True, "f", []],
        [0, 1, b"f", []],
        [0, 1, 5, []],
        [0, 1, "f" * 1000, []],
        [0, 1, "f", None],
        [0, 1, "f", 3],
        [2, "f", [], []],
    ],
)
def test_wrong_shapes_are_refused_in_one_sentence(message: object) -> None:
    with pytest.raises(MalformedStream) as caught:
        parse(msgpack.packb(message))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1",  # a code that msgpack never uses
        b"\x91" * 2000,  # arrays in arrays
        b"\x81\x01\x02",  # a map
        b"\xd6\x01abcd",  # an extension
    ],
)
def test_unreadable_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedStream) as caught:
        parse(data)
    assert "\n" not in str(caught.value)


def test_one_message_may_not_pass_the_limit() -> None:
    fits = msgpack.packb([0, 1, "f", ["x" * 100]])
    assert parse(fits * 50, max_bytes=len(fits) * 50)[49].args == ["x" * 100]
    with pytest.raises(MalformedStream):
        parse(msgpack.packb([0, 1, "f", ["x" * 300]]), max_bytes=200)


def feed_pieces(start: bytes, pieces: list[bytes]) -> None:
    """A message that never ends, to a parser that takes 10,000 bytes."""
    parser = rpc.RequestParser(max_bytes=10_000)
    parser.feed(start)
    for piece in pieces:
        parser.feed(piece)
        assert list(parser.requests()) == []


@pytest.mark.parametrize("start", [b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"], ids=["str", "bin"])
def test_a_string_of_gigabytes_is_refused_when_it_passes_the_limit(start: bytes) -> None:
    with pytest.raises(MessageTooLarge, match="larger than 10000 bytes"):
        feed_pieces(start, [b"x" * 100] * 200)


def test_small_parts_of_an_endless_message_add_up_to_the_limit() -> None:
    start = b"\x94\x00\x01\xa1f\xdd\x00\x00\x10\x00"  # arguments: 4096 elements, each of them long
    with pytest.raises(MessageTooLarge, match="larger than 10000 bytes"):
        feed_pieces(start, [b"\xd9\x64" + b"x" * 100] * 200)


def test_what_is_nested_too_deeply_is_refused_in_words() -> None:
    parser = rpc.RequestParser()
    parser.feed(b"\x91" * 100_000)
    with pytest.raises(MalformedStream, match="not readable as msgpack: nested too deeply"):
        list(parser.requests())


def in_packets(parser: rpc.RequestParser, data: bytes) -> list[rpc.Request]:
    """As a socket delivers it."""
    requests: list[rpc.Request] = []
    for at in range(0, len(data), 256 * 1024):
        parser.feed(data[at : at + 256 * 1024])
        requests += parser.requests()
    return requests


@pytest.mark.parametrize("whole", [False, True])
def test_a_call_with_too_much_structure_is_passed_over_and_the_next_is_served(whole: bool) -> None:
    texels = [[255, 255, 255, 255]] * 1_000_000
    texture = msgpack.packb([0, 7, "apply_color_texture_to_objects", [[True], ["wall"], [1000, 1000, texels]]])
    assert len(texture) > rpc.MAX_STRUCTURE_BYTES
    data = texture + msgpack.packb([0, 8, "version", [[False]]]) + texture
    parser = rpc.RequestParser()
    if whole:
        parser.feed(data)
        requests = list(parser.requests())
    else:
        requests = in_packets(parser, data)
    passed_over = rpc.Request(7, "apply_color_texture_to_objects", False, [], oversized=True)
    assert requests == [passed_over, rpc.Request(8, "version", True, []), passed_over]


def test_the_limit_of_structure_counts_neither_text_nor_earlier_messages() -> None:
    parser = rpc.RequestParser(max_structure_bytes=100_000)
    text = msgpack.packb([0, 1, "f", [[False], "x" * 1_000_000, [1] * 1000, "y" * 1_000_000]])
    list_ = msgpack.packb([0, 1, "f", [[False], [1] * 90_000]])
    assert [request.oversized for request in in_packets(parser, (text + list_) * 3)] == [False] * 6
    too_much = msgpack.packb([0, 1, "f", [[False], "x" * 1_000_000, [1] * 120_000]])
    assert [request.oversized for request in in_packets(parser, too_much + list_)] == [True, False]


@pytest.mark.parametrize(
    "start",
    [
        b"\x94\x00\x01\xa1f" + b"\xdd\x04\x00\x00\x00",  # 64 Mi empty arrays
        b"\x94\x00\x01\xa1f" + b"\xdd\xff\xff\xff\xff" * 400,  # arrays of 4 billion, each in the next
    ],
    ids=["wide", "deep"],
)
def test_hostile_arrays_take_no_more_memory_than_they_have_bytes(start: bytes) -> None:
    data = start + b"\x90" * 20_000_000
    parser = rpc.RequestParser()
    tracemalloc.start()
    try:
        assert in_packets(parser, data) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * rpc.MAX_STRUCTURE_BYTES


@pytest.mark.parametrize(
    "head", [b"\xdd\x00\x10\x00\x00", b"\x94\xdd\x00\x0f\xff\xfd", b"\x93\x02\xa1f\xdd\x00\x10\x00\x00"]
)
def test_too_much_of_what_is_no_request_is_refused(head: bytes) -> None:
    parser = rpc.RequestParser(max_structure_bytes=100_000)
    with pytest.raises(MalformedStream, match="must be"):
        in_packets(parser, head + b"\x90" * 2**20)


def test_a_long_connection_is_not_a_long_message() -> None:
    parser = rpc.RequestParser(max_bytes=1000)
    message = msgpack.packb([0, 1, "f", ["x" * 100]])
    for _ in range(100):
        parser.feed(message)
        assert len(list(parser.requests())) == 1


def test_opendrive_of_many_megabytes_passes() -> None:
    xodr = "<OpenDRIVE>" + "x" * 20_000_000
    assert parse(msgpack.packb([0, 1, "copy_opendrive_to_file", [[False], xodr]]))[0].args == [xodr]


def test_text_of_a_foreign_encoding_comes_back_unchanged() -> None:
    raw = b"\x94\x00\x01\xa1f\x91\xa2\xff\xfe"
    (request,) = parse(raw)
    assert rpc.encode_request(1, "f", request.args) == raw


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_end_in_requests_or_a_protocol_error(data: bytes) -> None:
    refusal(parse, data, 1000)


@settings(deadline=None)
@given(st.sampled_from(MESSAGES), st.data())
def test_a_damaged_message_ends_in_requests_or_a_protocol_error(message: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(message) - 1))
    damaged = message[:position] + data.draw(st.binary(max_size=4)) + message[position + 1 :]
    refusal(parse, damaged + message)


@settings(deadline=None)
@given(st.lists(st.sampled_from(MESSAGES), max_size=5), st.lists(st.integers(0, 5000), max_size=8))
def test_cuts_between_packets_change_nothing(messages: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(messages)
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    parser = rpc.RequestParser()
    requests: list[rpc.Request] = []
    for start, end in pairwise(bounds):
        parser.feed(whole[start:end])
        requests += parser.requests()
    assert repr(requests) == repr(parse(whole))  # repr, since a not-a-number equals nothing
    assert len(requests) == len(messages)


def replies(data: bytes) -> list[rpc.Reply]:
    parser = rpc.ReplyParser()
    parser.feed(data)
    return list(parser.replies())


# The results as the protocol's facts give them (section 1): written out, not computed.
@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (rpc.reply_value(1, [1.5, "x"]), [1, 1, None, [[1, [1.5, "x"]]]]),
        (rpc.reply_failure(2, "no"), [1, 2, None, [[0, ["no"]]]]),
        (rpc.reply_void(3), [1, 3, None, [[False]]]),
        (rpc.reply_void_failure(4, "no"), [1, 4, None, [[True, ["no"]]]]),
        (rpc.reply_bare(2**32 - 1, [[[1, 9]]]), [1, 2**32 - 1, None, [[[1, 9]]]]),
        (rpc.reply_rpc_error(6, "no"), [1, 6, "no", None]),
        (
            rpc.reply_bare(7, [rpc.command_success(9), rpc.command_failure("no")]),
            [1, 7, None, [[[1, 9]], [[0, ["no"]]]]],
        ),
    ],
)
def test_replies(data: bytes, reply: list[Any]) -> None:
    assert msgpack.unpackb(data) == reply
    assert replies(data) == [rpc.Reply(*reply[1:])]


@pytest.mark.parametrize("message", [3, [1, 2, 3], [0, 1, None, None], [1, "x", None, None]])
def test_what_is_no_reply_is_refused(message: object) -> None:
    with pytest.raises(MalformedStream):
        replies(msgpack.packb(message))
