"""The trace of an attempt: what the world, the agent and the referee did in every tick, as one MCAP file.

Only simulation time is in it, so equal drives give equal bytes. The state hash of a tick covers the exact numbers of
ego, actors and control; the values beside it may be rounded for the eye.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import zstandard
from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel, McapRecord, Message
from mcap.stream_reader import StreamReader
from mcap.writer import MCAP0_MAGIC, CompressionType, Writer

from leaderboard.errors import RecordError
from leaderboard.log.trace_schemas import CHANNELS, schema_bytes
from scenarios.events import Event, Place, encode

SCENE_EVERY: Final = 10
"""Frames between two drawings for Foxglove; the exact states are there for every frame."""
CHUNK_BYTES: Final = 128 * 1024
"""What is compressed together, and what a process that is killed takes with it at most: some 15 frames of traffic."""
_MAX_RECORD_BYTES: Final = 64 * 2**20
_WORLD: Final = "map"
_INFO: Final = 2
"""foxglove.Log's level of information."""
_FLOAT32: Final = 7
"""foxglove.PackedElementField's numeric type."""
_POINT: Final = ("x", "y", "z", "intensity")
_JSON: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_ROW: Final = "[" + ",".join(["%.4f"] * 9) + "]"
_EGO_COLOUR: Final = {"r": 0.1, "g": 0.45, "b": 0.9, "a": 0.9}
_ACTOR_COLOUR: Final = {"r": 0.85, "g": 0.5, "b": 0.1, "a": 0.8}


class EgoState(NamedTuple):
    """The ego after a tick, in CARLA's axes and units."""

    x: float
    y: float
    z: float
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    velocity: Place
    """m/s."""
    acceleration: Place
    """m/s^2."""
    angular_velocity: Place
    """degrees/s."""
    speed_limit_kmh: float
    half_extent: Place


class ActorState(NamedTuple):
    """Another vehicle, walker or prop after a tick."""

    id: int
    type_id: str
    role: str
    half_extent: tuple[float, float, float]
    pose: tuple[float, float, float, float, float, float]
    """x, y, z, pitch, yaw, roll."""
    velocity: tuple[float, float, float]


class ControlState(NamedTuple):
    """The control that held during a tick."""

    throttle: float
    steer: float
    brake: float
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0
    call: int | None = None
    """Which call of the agent gave it, from 0; None before the first."""


class PlanState(NamedTuple):
    x: float
    y: float
    z: float
    yaw_deg: float
    option: str


class TraceWriter:
    """Writes a trace. Call `plan` once, `tick` once a frame, then `close`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(
            self._file, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD, enable_data_crcs=True
        )
        # A fixed name: the version of a library must not change the bytes of a record.
        self._writer.start(profile="", library="carla-closed-loop")
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        for topic, schema in CHANNELS.items():
            self._open(topic, schema)
        self._known: set[int] = set()

    def plan(self, points: Sequence[PlanState]) -> None:
        """The dense plan, at time 0."""
        rows = [[point.x, point.y, point.z, point.yaw_deg] for point in points]
        self._put("/plan", 0, {"options": [point.option for point in points], "points": rows})
        poses = [_pose(point.x, point.y, point.z, 0.0, point.yaw_deg, 0.0) for point in points]
        self._put("/plan/poses", 0, {"timestamp": _time(0), "frame_id": _WORLD, "poses": poses})

    def tick(
        self,
        frame: int,
        time_s: float,
        ego: EgoState,
        actors: Sequence[ActorState],
        control: ControlState,
        events: Iterable[Event] = (),
    ) -> str:
        """Writes one frame and returns its state hash. Actors may come in any order."""
        now = round(time_s * 1e9)
        ordered = sorted(actors)
        state = state_hash(ego, ordered, control)
        self._put("/ego", now, _ego(frame, ego))
        pose = _pose(ego.x, ego.y, ego.z, ego.pitch_deg, ego.yaw_deg, ego.roll_deg)
        self._put("/ego/pose", now, {"timestamp": _time(now), "frame_id": _WORLD, "pose": pose})
        self._catalogue(frame, now, ordered)
        self._put_text("/actors", now, _actors(frame, ordered))
        self._put("/control", now, {"frame": frame, **control._asdict()})
        self._put("/state_hash", now, {"frame": frame, "hash": state})
        for event in events:
            self._put("/events", now, _log(event, now))
        if frame % SCENE_EVERY == 0:
            self._put("/scene", now, _scene(now, ego, ordered))
        return state

    def reading(self, sensor_id: str, frame: int, time_s: float, values: Iterable[float]) -> None:
        """What a sensor of numbers told the agent: position, motion, speed."""
        topic = f"/sensors/{sensor_id}"
        self._open(topic, "closed_loop.Reading")
        self._put(topic, round(time_s * 1e9), {"frame": frame, "values": [float(value) for value in values]})

    def image(self, sensor_id: str, time_s: float, encoded: bytes, format: str) -> None:
        """What a camera showed the agent, encoded already; `format` is "jpeg", "png" or "webp"."""
        topic = f"/sensors/{sensor_id}"
        self._open(topic, "foxglove.CompressedImage")
        now = round(time_s * 1e9)
        data = base64.b64encode(encoded).decode()
        self._put(topic, now, {"timestamp": _time(now), "frame_id": sensor_id, "data": data, "format": format})

    def points(self, sensor_id: str, time_s: float, rows: npt.NDArray[np.float32]) -> None:
        """What a LiDAR told the agent: rows of x, y, z, intensity in the sensor's own, left-handed axes."""
        topic = f"/sensors/{sensor_id}"
        self._open(topic, "foxglove.PointCloud")
        now = round(time_s * 1e9)
        right_handed = np.array(rows, dtype="<f4") * np.array([1.0, -1.0, 1.0, 1.0], dtype="<f4")
        content = {
            "timestamp": _time(now),
            "frame_id": sensor_id,
            "pose": _pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            "point_stride": 4 * len(_POINT),
            "fields": [{"name": name, "offset": 4 * i, "type": _FLOAT32} for i, name in enumerate(_POINT)],
            "data": base64.b64encode(right_handed.tobytes()).decode(),
        }
        self._put(topic, now, content)

    def close(self) -> None:
        """Finishes the file, and returns when it is on the disk."""
        if not self._file.closed:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _catalogue(self, frame: int, now: int, actors: Sequence[ActorState]) -> None:
        new = [actor for actor in actors if actor.id not in self._known]
        if new:
            self._known.update(actor.id for actor in new)
            rows = [
                {"id": actor.id, "type": actor.type_id, "role": actor.role, "half_extent": list(actor.half_extent)}
                for actor in new
            ]
            self._put("/actors/catalogue", now, {"frame": frame, "actors": rows})

    def _open(self, topic: str, schema: str) -> None:
        """Makes sure that the channel is there; each schema is written once."""
        if schema not in self._schemas:
            self._schemas[schema] = self._writer.register_schema(schema, "jsonschema", schema_bytes(schema))
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(topic, "json", self._schemas[schema])

    def _put(self, topic: str, now: int, content: dict[str, Any]) -> None:
        self._put_text(topic, now, _JSON.encode(content))

    def _put_text(self, topic: str, now: int, text: str) -> None:
        self._writer.add_message(self._channels[topic], log_time=now, publish_time=now, data=text.encode())


def state_hash(ego: EgoState, actors: Iterable[ActorState], control: ControlState) -> str:
    """64 bits over the exact numbers of a tick, as hexadecimal."""
    hashed = hashlib.blake2b(digest_size=8)
    hashed.update(struct.pack("<6d", *ego[:6]))
    hashed.update(struct.pack("<9d", *ego.velocity, *ego.acceleration, *ego.angular_velocity))
    for actor in sorted(actors):
        hashed.update(struct.pack("<q9d", actor.id, *actor.pose, *actor.velocity))
    flags = (control.hand_brake, control.reverse, control.manual_gear_shift)
    hashed.update(struct.pack("<3d3?i", control.throttle, control.steer, control.brake, *flags, control.gear))
    return hashed.hexdigest()


def _actors(frame: int, actors: Sequence[ActorState]) -> str:
    """As JSON, written by hand: with traffic these are most of a trace, and formatting beats rounding and encoding."""
    states = ",".join([_ROW % (*actor.pose, *actor.velocity) for actor in actors])
    if "n" in states:
        raise ValueError(f"an actor's state at frame {frame} is not finite")
    ids = ",".join([str(actor.id) for actor in actors])
    return f'{{"frame":{frame},"ids":[{ids}],"states":[{states}]}}'


def _ego(frame: int, ego: EgoState) -> dict[str, Any]:
    return {
        "frame": frame,
        "pose": list(ego[:6]),
        "velocity": list(ego.velocity),
        "acceleration": list(ego.acceleration),
        "angular_velocity": list(ego.angular_velocity),
        "speed_limit_kmh": ego.speed_limit_kmh,
    }


def _log(event: Event, now: int) -> dict[str, Any]:
    """The event as one line of Foxglove's log panel; its message is the line of the events file."""
    name = type(event).__name__
    return {"timestamp": _time(now), "level": _INFO, "message": encode(event), "name": name, "file": "", "line": 0}


def _scene(now: int, ego: EgoState, actors: Sequence[ActorState]) -> dict[str, Any]:
    pose = _pose(ego.x, ego.y, ego.z + ego.half_extent.z, ego.pitch_deg, ego.yaw_deg, ego.roll_deg)
    entities = [_entity(now, "ego", "ego", pose, ego.half_extent, _EGO_COLOUR)]
    for actor in actors:
        x, y, z, pitch_deg, yaw_deg, roll_deg = actor.pose
        pose = _pose(x, y, z + actor.half_extent[2], pitch_deg, yaw_deg, roll_deg)
        entities.append(_entity(now, str(actor.id), actor.type_id, pose, actor.half_extent, _ACTOR_COLOUR))
    return {"deletions": [], "entities": entities}


def _entity(
    now: int,
    name: str,
    kind: str,
    pose: dict[str, Any],
    half_extent: Sequence[float],
    colour: dict[str, float],
) -> dict[str, Any]:
    x, y, z = (2.0 * half for half in half_extent)
    return {
        "timestamp": _time(now),
        "frame_id": _WORLD,
        "id": name,
        # Gone with the second drawing that does not renew it.
        "lifetime": _time(SCENE_EVERY * 100_000_000),
        "frame_locked": True,
        "metadata": [{"key": "type", "value": kind}],
        "cubes": [{"pose": pose, "size": {"x": x, "y": y, "z": z}, "color": colour}],
    }


def _time(nanoseconds: int) -> dict[str, int]:
    return {"sec": nanoseconds // 1_000_000_000, "nsec": nanoseconds % 1_000_000_000}


def _pose(x: float, y: float, z: float, pitch_deg: float, yaw_deg: float, roll_deg: float) -> dict[str, Any]:
    """CARLA's pose in right-handed axes: y and yaw change sign, and so does the pitch, which CARLA counts nose-up."""
    half_yaw, half_pitch, half_roll = (math.radians(-angle) / 2 for angle in (yaw_deg, pitch_deg, -roll_deg))
    cy, sy, cp, sp = math.cos(half_yaw), math.sin(half_yaw), math.cos(half_pitch), math.sin(half_pitch)
    cr, sr = math.cos(half_roll), math.sin(half_roll)
    return {
        "position": {"x": x, "y": -y, "z": z},
        "orientation": {
            "x": round(sr * cp * cy - cr * sp * sy, 6),
            "y": round(cr * sp * cy + sr * cp * sy, 6),
            "z": round(cr * cp * sy - sr * sp * cy, 6),
            "w": round(cr * cp * cy + sr * sp * sy, 6),
        },
    }


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TraceMessage:
    topic: str
    time_ns: int
    content: dict[str, Any]


def read_trace(path: Path, topics: Iterable[str] | None = None) -> Iterator[TraceMessage]:
    """The messages of a trace in the order of writing, of all topics or some. A trace cut off by a crash ends early."""
    wanted = None if topics is None else set(topics)
    names: dict[int, str] = {}
    try:
        for record in _records(path.read_bytes()):
            if isinstance(record, Channel):
                names[record.id] = record.topic
            elif isinstance(record, Message) and (wanted is None or names[record.channel_id] in wanted):
                yield TraceMessage(names[record.channel_id], record.log_time, json.loads(record.data))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    except (McapError, ValueError, KeyError, struct.error, zstandard.ZstdError) as error:
        raise RecordError(f"{path}: not a trace, or damaged: {' '.join(str(error).split())}") from error


def _records(data: bytes) -> Iterator[McapRecord]:
    """The records of a file. One that does not end as MCAP files do was cut off; its whole records are read."""
    if data.endswith(MCAP0_MAGIC) and len(data) > 2 * len(MCAP0_MAGIC):
        yield from StreamReader(BytesIO(data), validate_crcs=True, record_size_limit=_MAX_RECORD_BYTES).records
        return
    end = _whole(data)
    stream = BytesIO(data[:end])
    try:
        yield from StreamReader(stream, validate_crcs=True, record_size_limit=_MAX_RECORD_BYTES).records
    except (EndOfFile, struct.error):
        # At the end of the whole records there is nothing wrong but that the rest is missing.
        if stream.tell() < end:
            raise


def _whole(data: bytes) -> int:
    """How far whole records reach: each is a byte, its length in eight, and so many bytes."""
    end = len(MCAP0_MAGIC)
    while end + 9 <= len(data):
        (length,) = struct.unpack_from("<Q", data, end + 1)
        if end + 9 + length > len(data):
            break
        end += 9 + length
    return end


def first_difference(one: Path, other: Path) -> int | None:
    """The first frame whose state differs between two traces; None if they agree, also in length."""
    for left, right in zip_longest(read_trace(one, ["/state_hash"]), read_trace(other, ["/state_hash"])):
        if left is None or right is None or left.content != right.content:
            return min(int(message.content["frame"]) for message in (left, right) if message is not None)
    return None
