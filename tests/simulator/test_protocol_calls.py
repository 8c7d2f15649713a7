"""The tables of calls, structs and commands: valid values survive the wire, wrong ones are named."""

import math
import re
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.protocol import commands, enums, rpc, structs, wire
from simulator.protocol import v0_9_16 as v
from simulator.protocol.calls import (
    TABLE_BEGIN,
    TABLE_END,
    ResultKind,
    decode_arguments,
    markdown_table,
    with_table,
)
from simulator.protocol.errors import BadValue, UnknownCall
from tests.simulator import recorded
from tests.simulator.protocol_helpers import refusal

LAYOUT = v.V0_9_16
REQUESTS = [
    (method, msgpack.unpackb(data, unicode_errors="surrogateescape")[3][1:]) for method, data in recorded.requests()
]


def values(wire_type: wire.WireType, depth: int = 2) -> st.SearchStrategy[Any]:
    """Valid values of a type, as the server sees them."""
    match wire_type:
        case wire.Struct():
            fields = [values(field, depth) for field in wire_type.fields.values()]
            return st.tuples(*fields).map(wire_type.cls._make)
        case wire.List():
            return st.lists(values(wire_type.element, depth - 1), max_size=2) if depth else st.just([])
        case wire.Wrapped():
            return values(wire_type.element, depth)
        case wire.Pair():
            return st.tuples(values(wire_type.first, depth), values(wire_type.second, depth))
        case wire.Optional():
            return st.none() | values(wire_type.element, depth)
        case wire.Variant():
            return st.sampled_from(wire_type.alternatives).flatmap(lambda alternative: values(alternative, depth))
        case wire.Int():
            return st.integers(wire_type.low, wire_type.high)
        case v.COMMAND_RESPONSE:
            return st.sampled_from([rpc.command_success(3), rpc.command_failure("no")])
    return {
        float: st.floats(allow_nan=False),
        bool: st.booleans(),
        str: st.text(max_size=5),
        bytes: st.binary(max_size=5),
    }[wire_type.exact]


def test_there_are_128_calls() -> None:
    assert len(LAYOUT.calls) == 128
    assert all(re.fullmatch(r"[a-zA-Z_]+", name) and call.name == name for name, call in LAYOUT.calls.items())
    assert {call.name for call in LAYOUT.calls.values() if call.kind is ResultKind.BARE} == {"apply_batch"}
    assert all((call.result is None) == (call.kind is ResultKind.VOID) for call in LAYOUT.calls.values())


def test_unknown_call_is_named() -> None:
    with pytest.raises(UnknownCall, match=r"'no_such_call' in 0\.9\.16"):
        LAYOUT.call("no_such_call")


@pytest.mark.parametrize("call", LAYOUT.calls.values(), ids=LAYOUT.calls)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_arguments_survive_the_wire(call: Any, data: st.DataObject) -> None:
    arguments = data.draw(st.tuples(*[values(wire_type) for wire_type in call.arguments.values()]))
    encoded = [wire_type.encode(value) for wire_type, value in zip(call.arguments.values(), arguments, strict=True)]
    parser = rpc.RequestParser()
    parser.feed(rpc.encode_request(1, call.name, [[False], *encoded]))
    (request,) = parser.requests()
    decoded = decode_arguments(LAYOUT.call(request.method), request.args)
    assert decoded == arguments
    assert repr(decoded) == repr(arguments)  # the classes too: NamedTuples of equal content are equal


@pytest.mark.parametrize("call", [call for call in LAYOUT.calls.values() if call.result], ids=lambda call: call.name)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_results_survive_the_wire(call: Any, data: st.DataObject) -> None:
    value = data.draw(values(call.result))
    parser = rpc.ReplyParser()
    parser.feed(call.reply(5, value))
    (reply,) = parser.replies()
    assert (reply.msgid, reply.error) == (5, None)
    if call.kind is ResultKind.BARE:
        assert call.result.decode(reply.result) == value
    else:
        ((present, content),) = reply.result
        assert present == 1
        assert repr(call.result.decode(content)) == repr(value)


def test_calls_answer_by_their_kind() -> None:
    assert LAYOUT.call("tick_cue").reply(1, 7) == rpc.reply_value(1, 7)
    assert LAYOUT.call("tick_cue").failure(1, "no") == rpc.reply_failure(1, "no")
    assert LAYOUT.call("set_actor_transform").reply(1) == rpc.reply_void(1)
    assert LAYOUT.call("set_actor_transform").failure(1, "no") == rpc.reply_void_failure(1, "no")
    batch = [rpc.command_success(4)]
    assert LAYOUT.call("apply_batch").reply(1, batch) == rpc.reply_bare(1, batch)
    assert LAYOUT.call("apply_batch").failure(1, "no") == rpc.reply_rpc_error(1, "no")


CONTROL = [0.5, 0.0, 0.0, False, False, False, 1]


@pytest.mark.parametrize(
    ("method", "args", "sentence"),
    [
        ("tick_cue", [1], "tick_cue takes 0 arguments, not 1"),
        ("set_actor_location", [1], "set_actor_location takes 2 arguments, not 1"),
        ("set_actor_dead", ["1"], "set_actor_dead: actor must be an integer, not a string"),
        ("set_actor_dead", [True], "set_actor_dead: actor must be an integer, not a boolean"),
        ("set_actor_dead", [-1], "set_actor_dead: actor must lie between 0 and 4294967295, not -1"),
        (
            "set_actor_location",
            [1, [1.0, 2.0]],
            "set_actor_location: location must have 3 elements, not 2",
        ),
        (
            "set_actor_transform",
            [1, [[1.0, 2.0, 3.0], [1.0, "x", 3.0]]],
            "set_actor_transform: transform.rotation.yaw must be a number, not a string (field of Rotation)",
        ),
        (
            "apply_control_to_vehicle",
            [1, [*CONTROL[:3], 1, False, False, 1]],
            "apply_control_to_vehicle: control.hand_brake must be a boolean, not an integer (field of VehicleControl)",
        ),
        (
            "apply_control_to_vehicle",
            [1, [*CONTROL[:6], 2**31]],
            "apply_control_to_vehicle: control.gear must lie between -2147483648 and 2147483647, not 2147483648"
            " (field of VehicleControl)",
        ),
        (
            "apply_batch",
            [[[[2, [1, CONTROL]]], [[2, [1, [None] * 7]]]], False],
            "apply_batch: commands[1].control.throttle must be a number, not nil (field of VehicleControl)",
        ),
        ("apply_batch", [[[[99, []]]], False], "apply_batch: commands[0] must be of kind 0 to 21, not 99"),
        ("apply_batch", [[[["1", []]]], False], "apply_batch: commands[0] must start with an integer, not a string"),
        ("apply_batch", [[[]], False], "apply_batch: commands[0] must have 1 elements, not 0"),
        ("apply_batch", [{}, False], "apply_batch: commands must be an array, not a map"),
        (
            "set_episode_settings",
            [[True, False, [True], True, 0.01, 10, 0.0, False, 1.0, 1.0, True]],
            "set_episode_settings: settings.fixed_delta_seconds must have 2 elements, not 1 (field of EpisodeSettings)",
        ),
    ],
)
def test_wrong_arguments_are_named(method: str, args: list[Any], sentence: str) -> None:
    with pytest.raises(BadValue) as caught:
        LAYOUT.call(method).decode(args)
    assert str(caught.value) == sentence


def test_integers_pass_for_numbers_and_become_floats() -> None:
    _, location = LAYOUT.call("set_actor_location").decode([1, [1, 2.5, -3]])
    assert location == structs.Vector3(1.0, 2.5, -3.0)
    assert {type(part) for part in location} == {float}


def test_longer_structs_are_cut() -> None:
    _, location = LAYOUT.call("set_actor_location").decode([1, [1.0, 2.0, 3.0, 4.0]])
    assert location == structs.Vector3(1.0, 2.0, 3.0)


def test_not_a_number_reaches_the_server() -> None:
    _, location = LAYOUT.call("set_actor_location").decode([1, [math.nan, math.inf, 0.0]])
    assert math.isnan(location.x)
    assert math.isinf(location.y)


def test_decoding_leaves_the_message_as_it_was() -> None:
    args = [1, [[1, 2.0, 3.0], [0.0, 0.0, 0.0]]]
    LAYOUT.call("set_actor_transform").decode(args)
    assert args == [1, [[1, 2.0, 3.0], [0.0, 0.0, 0.0]]]


def test_commands_within_commands_end_somewhere() -> None:
    def nested(depth: int) -> list[Any]:
        command: list[Any] = [[1, [5]]]
        for _ in range(depth):
            command = [[0, [[1, "x", []], [[0.0] * 3, [0.0] * 3], [False], 0, "", [command]]]]
        return [[command], False]

    call = LAYOUT.call("apply_batch")
    ((outer,), _) = call.decode(nested(1))
    assert outer.do_after == [commands.DestroyActor(5)]
    with pytest.raises(BadValue, match="apply_batch is nested too deeply"):
        call.decode(nested(2000))


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 2**63, 1.5, math.nan, "x", b"x", [], [[]], [None], [False], [True], [0, []], {}]
)


def replaced(value: Any, path: list[int], junk: Any) -> Any:
    """`value` with something else at a place inside."""
    if not path or not isinstance(value, list) or not value:
        return junk
    index = path[0] % len(value)
    return [*value[:index], replaced(value[index], path[1:], junk), *value[index + 1 :]]


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(REQUESTS), st.lists(st.integers(0, 30), min_size=1, max_size=6), JUNK)
def test_a_wrong_value_anywhere_is_accepted_or_named(request: Any, path: list[int], junk: Any) -> None:
    method, args = request
    changed = replaced(args, path, junk) if args else [junk]
    if not isinstance(changed, list):
        return
    sentence = refusal(LAYOUT.call(method).decode, changed)
    assert sentence is None or sentence.startswith(method)


def test_a_layout_must_give_every_field_a_type() -> None:
    with pytest.raises(TypeError, match="Vector3 has 3 fields, the layout gives 2"):
        wire.Struct(structs.Vector3, (wire.F32, wire.F32))


def test_command_kinds_have_the_numbers_of_the_client() -> None:
    inner = v.COMMAND.element
    assert isinstance(inner, wire.Variant)
    assert tuple(alternative.cls for alternative in inner.alternatives) == commands.Command.__args__
    assert v.COMMAND.encode(commands.SetTrafficLightState(3, enums.TrafficLightState.GREEN)) == [[21, (3, 2)]]
    assert v.COMMAND.encode(commands.SetVehicleLightState(3, 8)) == [[18, (3, 8)]]


def test_table_for_the_documentation() -> None:
    table = markdown_table(LAYOUT, {"tick_cue": "yes", "version": "yes, but slowly"})
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) == 128
    assert [row for row in rows if not row.endswith("| no |")] == [
        "| `tick_cue` |  | u64 | waits | server | yes |",
        "| `version` |  | str | waits | server | yes, but slowly |",
    ]
    assert "| `set_actor_location` | actor u32, location Vector3 | void | does not wait | actors | no |" in rows
    assert markdown_table(LAYOUT).splitlines()[0] == "| call | arguments | result | client | group |"
    with pytest.raises(UnknownCall, match="no_such_call"):
        markdown_table(LAYOUT, {"no_such_call": "yes"})


def test_a_document_gets_its_table_anew() -> None:
    text = f"before\n{TABLE_BEGIN}old\n{TABLE_END}after\n"
    assert with_table(text, "new") == f"before\n{TABLE_BEGIN}\nnew\n{TABLE_END}after\n"
    with pytest.raises(ValueError, match="no place for the table"):
        with_table("no place\n", "new")
