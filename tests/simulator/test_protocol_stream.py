"""The stream port's bytes, checked against formats written out as in the protocol's facts."""

import struct

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol import enums, state, stream, structs
from simulator.protocol.errors import BadValue, MalformedStream
from simulator.protocol.v0_9_16 import SENSOR_TYPES
from tests.simulator.protocol_helpers import refusal

RECORD_DTYPES = [
    state.ACTOR_RECORD,
    state.VEHICLE_RECORD,
    state.WALKER_RECORD,
    state.LIGHT_RECORD,
    state.SIGN_RECORD,
]


def test_token() -> None:
    token = stream.pack_token(0x01020304, 2057)
    assert token == b"\x04\x03\x02\x01" + b"\x09\x08" + b"\x01" + b"\x00" + bytes(16)
    assert stream.unpack_token(token) == stream.Token(0x01020304, 2057, stream.PROTOCOL_TCP, stream.ADDRESS_UNSET)
    with pytest.raises(BadValue, match="a token must have 24 bytes, not 23"):
        stream.unpack_token(token[:-1])


@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_subscription_may_come_in_pieces(stream_id: int, cut: int) -> None:
    data = struct.pack("<I", stream_id)
    parser = stream.SubscriptionParser()
    first = parser.feed(data[:cut])
    if cut == 4:
        assert first == stream_id
    else:
        assert first is None
        assert parser.feed(data[cut:]) == stream_id


def test_more_than_a_subscription_is_refused() -> None:
    parser = stream.SubscriptionParser()
    assert parser.feed(b"\x01\x00\x00\x00") == 1
    with pytest.raises(MalformedStream):
        parser.feed(b"\x00")
    with pytest.raises(MalformedStream):
        stream.SubscriptionParser().feed(bytes(10**6))


def test_frame() -> None:
    assert stream.frame(b"abc") == b"\x03\x00\x00\x00abc"
    assert stream.length_prefix(2_000_000) == struct.pack("<I", 2_000_000)
    with pytest.raises(ValueError, match="empty"):
        stream.frame(b"")


def test_sensor_header() -> None:
    header = stream.SensorHeader(13, 2**40, 12.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    packed = stream.pack_header(header)
    assert len(packed) == 48
    assert packed[0:8] == struct.pack("<Q", 13)
    assert packed[8:16] == struct.pack("<Q", 2**40)
    assert packed[16:24] == struct.pack("<d", 12.5)
    assert packed[24:48] == struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    assert stream.unpack_header(packed + b"payload") == header
    with pytest.raises(BadValue):
        stream.unpack_header(packed[:47])


def test_sensor_type_ids() -> None:
    assert len(set(SENSOR_TYPES.values())) == len(SENSOR_TYPES)
    assert stream.EPISODE_STATE_TYPE not in SENSOR_TYPES.values()
    assert {
        "sensor.other.collision": 0,
        "sensor.other.gnss": 4,
        "sensor.other.imu": 5,
        "sensor.other.obstacle": 7,
        "sensor.other.radar": 9,
        "sensor.lidar.ray_cast": 11,
        "sensor.camera.rgb": 13,
    }.items() <= SENSOR_TYPES.items()


def test_payloads() -> None:
    zero = structs.Vector3(0.0, 0.0, 0.0)
    box = structs.BoundingBox(zero, zero, structs.Rotation(0.0, 0.0, 0.0), 3)
    actor = structs.Actor(3, 0, structs.ActorDescription(1, "vehicle.x", []), box, b"\x0e", b"")
    plain = [3, 0, [1, "vehicle.x", []], [[0.0] * 3, [0.0] * 3, [0.0] * 3, 3], b"\x0e", b""]
    assert stream.unpack_payload(stream.collision_payload(actor, actor, structs.Vector3(1.0, 2.0, 3.0))) == [
        plain,
        plain,
        [1.0, 2.0, 3.0],
    ]
    assert stream.unpack_payload(stream.obstacle_payload(actor, actor, 2.5)) == [plain, plain, 2.5]
    assert stream.unpack_payload(stream.gnss_payload(1.0, 2.0, 3.0)) == [1.0, 2.0, 3.0]
    assert stream.unpack_payload(
        stream.imu_payload(structs.Vector3(1.0, 2.0, 3.0), structs.Vector3(4.0, 5.0, 6.0), 0.5)
    ) == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.5]
    assert stream.image_header(800, 600, 90.0) == struct.pack("<IIf", 800, 600, 90.0)
    assert stream.lidar_header(0.25, [3, 0, 7]) == struct.pack("<fIIII", 0.25, 3, 3, 0, 7)
    # Latitudes need all their digits.
    assert stream.gnss_payload(1 / 3, 0.0, 0.0) == msgpack.packb([1 / 3, 0.0, 0.0])


@pytest.mark.parametrize("dtype", RECORD_DTYPES)
def test_records_have_119_bytes_and_the_same_start(dtype: np.dtype[np.void]) -> None:
    assert dtype.itemsize == 119
    assert dtype.names is not None
    assert dtype.fields is not None
    assert state.ACTOR_RECORD.names is not None
    common = state.ACTOR_RECORD.names[:-1]
    assert dtype.names[: len(common)] == common
    assert dtype.fields[dtype.names[len(common)]][1] == 65


def test_vehicle_record_bytes() -> None:
    record = np.zeros(1, state.VEHICLE_RECORD)
    record[0] = (
        *(77, enums.ActorState.ACTIVE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        *(0.5, -0.25, 1.0, True, False, True, -1, 30.0, enums.TrafficLightState.GREEN, True, 99, 2),
        b"",
    )
    common = struct.pack("<IB6f3f3f3f", 77, 1, *range(1, 16))
    union = struct.pack("<3f3?ifB?IB24x", 0.5, -0.25, 1.0, True, False, True, -1, 30.0, 2, True, 99, 2)
    assert record.tobytes() == common + union


def test_other_records_bytes() -> None:
    walker = np.zeros(1, state.WALKER_RECORD)
    for name, value in zip(("direction_x", "direction_y", "direction_z", "speed"), (1, 2, 3, 1.5), strict=True):
        walker[name] = value
    walker["jump"] = True
    assert walker.tobytes()[65:] == struct.pack("<3ff?37x", 1, 2, 3, 1.5, True)

    light = np.zeros(1, state.LIGHT_RECORD)
    light["sign_id"] = b"947"
    for name, value in zip(
        ("green_time_s", "yellow_time_s", "red_time_s", "elapsed_time_s"), (10, 3, 2, 0.5), strict=True
    ):
        light[name] = value
    light["pole_index"], light["is_frozen"], light["light_state"] = 4, True, 2
    assert light.tobytes()[65:] == struct.pack("<32s4fI?B", b"947", 10, 3, 2, 0.5, 4, True, 2)

    sign = np.zeros(1, state.SIGN_RECORD)
    sign["sign_id"] = b"12"
    assert sign.tobytes()[65:] == struct.pack("<32s22x", b"12")


def test_views_write_into_one_buffer_and_come_back() -> None:
    records = np.zeros(4, state.ACTOR_RECORD)
    records["id"] = [1, 2, 3, 4]
    records["state"] = enums.ActorState.ACTIVE
    records["x"] = [0.0, 1.0, 2.0, 3.0]
    rows = np.array([1, 3])
    records.view(state.VEHICLE_RECORD)["throttle"][rows] = [0.25, 0.75]
    records.view(state.VEHICLE_RECORD)["speed_limit_kmh"][rows] = 50.0

    message = state.encode_state(7, 1.5, 0.05, enums.StateFlags.MAP_CHANGE, 1234, 61.7, records)
    assert len(message) == 48 + 36 + 4 * 119
    assert message[48:84] == struct.pack("<Qdf3iI", 7, 1.5, 0.05, 0, 0, 0, 1)

    decoded = state.decode_state(message)
    assert decoded.episode_id == 7
    assert decoded.platform_timestamp == 1.5
    assert decoded.delta_seconds == pytest.approx(0.05)
    assert decoded.map_origin == (0, 0, 0)
    assert (decoded.flags, decoded.frame, decoded.elapsed_seconds) == (1, 1234, 61.7)
    assert decoded.records.tobytes() == records.tobytes()
    assert decoded.records.view(state.VEHICLE_RECORD)["throttle"].tolist() == [0.0, 0.25, 0.0, 0.75]


def test_records_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="119 bytes, not 4"):
        state.encode_state(7, 0.0, 0.05, 0, 1, 0.05, np.zeros(3, np.dtype([("id", "<u4")])))


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_no_state_or_a_protocol_error(data: bytes) -> None:
    refusal(state.decode_state, data)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_payload_or_a_protocol_error(data: bytes) -> None:
    refusal(stream.unpack_payload, data)
