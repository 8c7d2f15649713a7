"""The tables against bytes that the official client sent (see recorded/record.py)."""

from typing import Any

import msgpack
import pytest

from simulator.protocol import commands, rpc, wire
from simulator.protocol.v0_9_16 import V0_9_16
from tests.simulator import recorded

REQUESTS = recorded.requests()
# The Python module cannot make the client send these; their shapes come from the wheel's symbols.
NOT_RECORDED = {
    "add_actor_force_at_location",
    "add_actor_impulse_at_location",
    "add_actor_torque",  # Actor.add_torque sends add_actor_angular_impulse
    "are_gbuffers_enabled",
    "freeze_traffic_light",  # TrafficLight.freeze sends freeze_all_traffic_lights
    "get_navigation_mesh",
    "set_actor_autopilot",
    "set_actor_dead",
}


def pack(wire_type: wire.WireType, value: Any) -> bytes:
    """A decoded value as the client packs it: the table's widths for floats, the smallest form for integers."""
    packer = msgpack.Packer()
    match wire_type:
        case wire.Struct():
            parts = [pack(field, part) for field, part in zip(wire_type.fields.values(), value, strict=True)]
        case wire.List():
            parts = [pack(wire_type.element, part) for part in value]
        case wire.Wrapped():
            parts = [pack(wire_type.element, value)]
        case wire.Pair():
            parts = [pack(wire_type.first, value[0]), pack(wire_type.second, value[1])]
        case wire.Optional():
            parts = [pack(wire.BOOL, value is not None)] + ([] if value is None else [pack(wire_type.element, value)])
        case wire.Variant():
            index = [alternative.cls for alternative in wire_type.alternatives].index(type(value))
            parts = [packer.pack(index), pack(wire_type.alternatives[index], value)]
        case wire.Float():
            return msgpack.packb(value, use_single_float=wire_type.name == "f32")
        case _:
            return packer.pack(value)
    return packer.pack_array_header(len(parts)) + b"".join(parts)


def parse(data: bytes) -> rpc.Request:
    parser = rpc.RequestParser()
    parser.feed(data)
    (request,) = parser.requests()
    return request


@pytest.mark.parametrize(("method", "data"), REQUESTS, ids=[f"{i}-{name}" for i, (name, _) in enumerate(REQUESTS)])
def test_recorded_request_decodes_and_encodes_to_the_same_bytes(method: str, data: bytes) -> None:
    request = parse(data)
    assert request.method == method
    call = V0_9_16.call(method)
    arguments = call.decode(request.args)

    packed = [pack(wire_type, value) for wire_type, value in zip(call.arguments.values(), arguments, strict=True)]
    assert data.endswith(b"".join(packed))

    encoded = [wire_type.encode(value) for wire_type, value in zip(call.arguments.values(), arguments, strict=True)]
    # Packed again rather than compared, since the Traffic Manager's first control holds a not-a-number.
    assert msgpack.packb(encoded) == msgpack.packb(request.args)


@pytest.mark.parametrize(("method", "data"), REQUESTS, ids=[f"{i}-{name}" for i, (name, _) in enumerate(REQUESTS)])
def test_table_says_what_the_client_waits_for(method: str, data: bytes) -> None:
    if method == "apply_batch":
        return  # sent both ways, below
    assert parse(data).waits == V0_9_16.call(method).waits


def test_every_call_was_recorded_or_is_known_not_to_be() -> None:
    assert {method for method, _ in REQUESTS} == V0_9_16.calls.keys() - NOT_RECORDED


def test_batches_hold_every_command_that_the_module_has() -> None:
    call = V0_9_16.call("apply_batch")
    batches = [parse(data) for method, data in REQUESTS if method == "apply_batch"]
    assert {batch.waits for batch in batches} == {False, True}
    sent = {type(command) for batch in batches for command in call.decode(batch.args)[0]}
    # carla.command has no class for the last three, and its ShowDebugTelemetry cannot be made from an actor.
    assert set(commands.Command.__args__) - sent == {
        commands.ShowDebugTelemetry,
        commands.ApplyLocation,
        commands.ConsoleCommand,
        commands.SetTrafficLightState,
    }


def test_spawn_command_keeps_what_comes_after_it() -> None:
    call = V0_9_16.call("apply_batch")
    batch = max((parse(data) for method, data in REQUESTS if method == "apply_batch"), key=lambda b: len(b.args[0]))
    spawns = [command for command in call.decode(batch.args)[0] if isinstance(command, commands.SpawnActor)]
    assert [spawn.parent for spawn in spawns] == [None, 100]
    assert [type(after) for after in spawns[1].do_after] == [
        commands.SetAutopilot,
        commands.ApplyTransform,
        commands.SetVehicleLightState,
    ]
    assert all(after[0] == 0 for after in spawns[1].do_after)
