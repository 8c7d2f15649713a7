"""The episode state: one message a tick, with a record of 119 bytes for every actor.

The last 54 bytes of a record are a union: what they mean follows from the actor's kind, which the record
does not tell. All dtypes here have the same size and describe the same bytes, so one buffer is filled
through several views:

    records = np.zeros(n, ACTOR_RECORD)
    records["x"] = ...
    records.view(VEHICLE_RECORD)["throttle"][rows] = ...   # the field first: [rows] first makes a copy

Zero what is not set: the tail of a union, and all of it for sensors, props and the spectator.
"""

import struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.protocol.errors import BadValue
from simulator.protocol.stream import EPISODE_STATE_TYPE, HEADER_BYTES, SensorHeader, pack_header, unpack_header

RECORD_BYTES: Final = 119
UNION_OFFSET: Final = 65

_STATE: Final = struct.Struct("<Qdf3iI")
STATE_HEADER_BYTES: Final = _STATE.size

_COMMON: Final[list[tuple[Any, ...]]] = [
    ("id", "<u4"),
    ("state", "u1"),  # enums.ActorState
    ("x", "<f4"),
    ("y", "<f4"),
    ("z", "<f4"),
    ("pitch", "<f4"),  # degrees
    ("yaw", "<f4"),
    ("roll", "<f4"),
    ("vx", "<f4"),  # m/s
    ("vy", "<f4"),
    ("vz", "<f4"),
    ("wx", "<f4"),  # deg/s
    ("wy", "<f4"),
    ("wz", "<f4"),
    ("ax", "<f4"),  # m/s2
    ("ay", "<f4"),
    ("az", "<f4"),
]


def _record(union: list[tuple[Any, ...]]) -> np.dtype[np.void]:
    """A record whose union holds the given fields, packed, and is filled up to its size."""
    used = np.dtype(union).itemsize
    padding = RECORD_BYTES - UNION_OFFSET - used
    fields = _COMMON + union + ([("padding", f"V{padding}")] if padding else [])
    return np.dtype(fields)


ACTOR_RECORD: Final = _record([("union", f"V{RECORD_BYTES - UNION_OFFSET}")])
VEHICLE_RECORD: Final = _record(
    [
        ("throttle", "<f4"),
        ("steer", "<f4"),
        ("brake", "<f4"),
        ("hand_brake", "?"),
        ("reverse", "?"),
        ("manual_gear_shift", "?"),
        ("gear", "<i4"),
        ("speed_limit_kmh", "<f4"),
        ("traffic_light_state", "u1"),  # enums.TrafficLightState
        ("has_traffic_light", "?"),
        ("traffic_light_id", "<u4"),
        ("failure_state", "u1"),  # enums.VehicleFailureState
    ]
)
WALKER_RECORD: Final = _record(
    [("direction_x", "<f4"), ("direction_y", "<f4"), ("direction_z", "<f4"), ("speed", "<f4"), ("jump", "?")]
)
LIGHT_RECORD: Final = _record(
    [
        ("sign_id", "S32"),  # OpenDRIVE signal id
        ("green_time_s", "<f4"),
        ("yellow_time_s", "<f4"),
        ("red_time_s", "<f4"),
        ("elapsed_time_s", "<f4"),
        ("pole_index", "<u4"),
        ("is_frozen", "?"),
        ("light_state", "u1"),  # enums.TrafficLightState
    ]
)
SIGN_RECORD: Final = _record([("sign_id", "S32")])

for _dtype in (ACTOR_RECORD, VEHICLE_RECORD, WALKER_RECORD, LIGHT_RECORD, SIGN_RECORD):
    assert _dtype.itemsize == RECORD_BYTES


class EpisodeState(NamedTuple):
    """One state message, decoded."""

    episode_id: int
    platform_timestamp: float
    delta_seconds: float
    map_origin: tuple[int, int, int]
    flags: int  # enums.StateFlags
    frame: int
    elapsed_seconds: float
    records: NDArray[np.void]  # ACTOR_RECORD


def encode_state(
    episode_id: int,
    platform_timestamp: float,
    delta_seconds: float,
    flags: int,
    frame: int,
    elapsed_seconds: float,
    records: NDArray[np.void],
) -> bytes:
    """A state message, to be framed. `records` is a contiguous array of any of the record dtypes."""
    if records.dtype.itemsize != RECORD_BYTES:
        raise ValueError(f"state records have {RECORD_BYTES} bytes, not {records.dtype.itemsize}")
    header = pack_header(SensorHeader(EPISODE_STATE_TYPE, frame, elapsed_seconds, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    state = _STATE.pack(episode_id, platform_timestamp, delta_seconds, 0, 0, 0, flags)
    return header + state + records.tobytes()


def decode_state(message: bytes) -> EpisodeState:
    """A state message without its length; raises BadValue."""
    header = unpack_header(message)
    start = HEADER_BYTES + STATE_HEADER_BYTES
    if header.type_id != EPISODE_STATE_TYPE:
        raise BadValue(f"has type {header.type_id}, not {EPISODE_STATE_TYPE}", path="an episode state")
    if len(message) < start or (len(message) - start) % RECORD_BYTES:
        raise BadValue(f"cannot have {len(message)} bytes", path="an episode state")
    episode_id, platform, delta, *origin, flags = _STATE.unpack_from(message, HEADER_BYTES)
    records = np.frombuffer(message, ACTOR_RECORD, offset=start)
    x, y, z = origin
    return EpisodeState(episode_id, platform, delta, (x, y, z), flags, header.frame, header.timestamp, records)
