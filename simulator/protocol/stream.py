"""The stream port: tokens, subscriptions, frames and what sensors put into them.

A client opens one connection per subscription, writes the stream's id as four bytes and nothing else. The
server writes messages, each with its length in front; every message starts with the sensor header.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgpack

from simulator.protocol.errors import BadValue, MalformedStream
from simulator.protocol.structs import Actor, Vector3

_LENGTH: Final = struct.Struct("<I")
_TOKEN: Final = struct.Struct("<IHBB16s")
_HEADER: Final = struct.Struct("<QQd6f")
_IMAGE: Final = struct.Struct("<IIf")

LENGTH_BYTES: Final = _LENGTH.size
TOKEN_BYTES: Final = _TOKEN.size
HEADER_BYTES: Final = _HEADER.size
IMAGE_HEADER_BYTES: Final = _IMAGE.size
# Where the pixels of a camera begin in its message.
IMAGE_AT: Final = LENGTH_BYTES + HEADER_BYTES + IMAGE_HEADER_BYTES

PROTOCOL_TCP: Final = 1
ADDRESS_UNSET: Final = 0  # the client uses the host it connected to
ADDRESS_V4: Final = 1
ADDRESS_V6: Final = 2

# Type id of the episode state, which is no actor's sensor (SENSOR_TYPES in a version's table has those).
EPISODE_STATE_TYPE: Final = 17


class Token(NamedTuple):
    """Where a stream is to be had."""

    stream_id: int
    port: int
    protocol: int = PROTOCOL_TCP
    address_type: int = ADDRESS_UNSET
    address: bytes = bytes(16)


def pack_token(stream_id: int, port: int) -> bytes:
    """The token of a stream at `port` of the host that the client already talks to."""
    return _TOKEN.pack(*Token(stream_id, port))


def unpack_token(data: bytes) -> Token:
    """The parts of a token; raises BadValue."""
    if len(data) != TOKEN_BYTES:
        raise BadValue(f"must have {TOKEN_BYTES} bytes, not {len(data)}", path="a token")
    return Token(*_TOKEN.unpack(data))


class SubscriptionParser:
    """The client's side of a stream connection: one stream id."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> int | None:
        """Takes what arrived and returns the stream id once it is complete; raises MalformedStream on more."""
        self._data += data[: _LENGTH.size + 1]
        if len(self._data) > _LENGTH.size:
            raise MalformedStream("a stream subscription is four bytes, and more arrived")
        if len(self._data) < _LENGTH.size:
            return None
        stream_id: int = _LENGTH.unpack(self._data)[0]
        return stream_id


def length_prefix(length: int) -> bytes:
    """What goes before a message of `length` bytes; a length of 0 would make the client reconnect."""
    if length == 0:
        raise ValueError("a stream message cannot be empty")
    return _LENGTH.pack(length)


def frame(payload: bytes) -> bytes:
    """A message as it is sent. For large payloads write length_prefix() and the payload, without a copy."""
    return length_prefix(len(payload)) + payload


class SensorHeader(NamedTuple):
    """The first bytes of every message. Rotation in degrees, in world coordinates."""

    type_id: int
    frame: int
    timestamp: float  # simulated seconds since the episode began
    x: float
    y: float
    z: float
    pitch: float
    yaw: float
    roll: float


def pack_header(header: SensorHeader) -> bytes:
    """The header as bytes."""
    return _HEADER.pack(*header)


def unpack_header(message: bytes) -> SensorHeader:
    """The header of a message; raises BadValue."""
    if len(message) < HEADER_BYTES:
        raise BadValue(f"must have at least {HEADER_BYTES} bytes, not {len(message)}", path="a sensor message")
    return SensorHeader(*_HEADER.unpack_from(message))


_pack: Final[Callable[[object], bytes]] = msgpack.Packer().pack


def collision_payload(actor: Actor, other: Actor, normal_impulse: Vector3) -> bytes:
    """other.collision: who mounts the sensor, what was hit, newton seconds."""
    return _pack((actor, other, normal_impulse))


def obstacle_payload(actor: Actor, other: Actor, distance_m: float) -> bytes:
    """other.obstacle."""
    return _pack((actor, other, distance_m))


def gnss_payload(latitude_deg: float, longitude_deg: float, altitude_m: float) -> bytes:
    """other.gnss."""
    return _pack((latitude_deg, longitude_deg, altitude_m))


def imu_payload(accelerometer: Vector3, gyroscope: Vector3, compass_rad: float) -> bytes:
    """other.imu: m/s2 and rad/s in the sensor's frame, and the heading from north."""
    return _pack((accelerometer, gyroscope, compass_rad))


def image_header(width: int, height: int, fov_deg: float) -> bytes:
    """All cameras: the pixels follow (BGRA, or what the camera's kind says)."""
    return _IMAGE.pack(width, height, fov_deg)


def write_head(message: memoryview, header: bytes, payload_header: bytes = b"") -> int:
    """Write what goes before the data of a message into its buffer, its length included; where the data begins."""
    head = _LENGTH.pack(len(message) - _LENGTH.size) + header + payload_header
    message[: len(head)] = head
    return len(head)


def lidar_header(horizontal_angle_rad: float, points_per_channel: Sequence[int]) -> bytes:
    """Both lidars: the points follow, channel by channel."""
    channels = len(points_per_channel)
    return struct.pack(f"<fI{channels}I", horizontal_angle_rad, channels, *points_per_channel)


def unpack_payload(payload: bytes) -> Any:
    """A msgpack payload as lists, for tools and tests; raises BadValue."""
    try:
        return msgpack.unpackb(payload)
    except (ValueError, msgpack.UnpackException) as error:
        raise BadValue(f"is not msgpack: {error or type(error).__name__}", path="a sensor payload") from None
