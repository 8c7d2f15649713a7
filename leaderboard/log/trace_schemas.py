"""The channels of a trace and their JSON schemas.

Names that begin with "foxglove." are Foxglove's own schemas, which its panels draw; poses in them are right-handed (y
to the left), as Foxglove wants them. Our own schemas keep CARLA's left-handed axes, metres and degrees.
"""

from __future__ import annotations

import json
from typing import Any, Final

_NUMBER: Final = {"type": "number"}
_INTEGER: Final = {"type": "integer"}
_TEXT: Final = {"type": "string"}
_BOOLEAN: Final = {"type": "boolean"}
_NUMBERS: Final = {"type": "array", "items": _NUMBER}
_VECTOR: Final = {"type": "object", "properties": {"x": _NUMBER, "y": _NUMBER, "z": _NUMBER}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TIME: Final = _object(sec=_INTEGER, nsec=_INTEGER)
_QUATERNION: Final = _object(x=_NUMBER, y=_NUMBER, z=_NUMBER, w=_NUMBER)
_POSE: Final = _object(position=_VECTOR, orientation=_QUATERNION)
_COLOUR: Final = _object(r=_NUMBER, g=_NUMBER, b=_NUMBER, a=_NUMBER)
_CUBE: Final = _object(pose=_POSE, size=_VECTOR, color=_COLOUR)

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "closed_loop.Ego": _object(
        frame=_INTEGER,
        pose=_NUMBERS | {"description": "x, y, z in m, pitch, yaw, roll in degrees"},
        velocity=_NUMBERS | {"description": "m/s, world axes"},
        acceleration=_NUMBERS | {"description": "m/s^2, world axes"},
        angular_velocity=_NUMBERS | {"description": "degrees/s, world axes, as get_angular_velocity() gives it"},
        speed_limit_kmh=_NUMBER,
    ),
    "closed_loop.Actors": _object(
        frame=_INTEGER,
        ids=_list(_INTEGER),
        states=_list(_NUMBERS)
        | {"description": "for each id x, y, z (m), pitch, yaw, roll (degrees), velocity x, y, z (m/s); 4 decimals"},
    ),
    "closed_loop.Catalogue": _object(
        frame=_INTEGER,
        actors=_list(_object(id=_INTEGER, type=_TEXT, role=_TEXT, half_extent=_NUMBERS)),
    ),
    "closed_loop.Plan": _object(options=_list(_TEXT), points=_list(_NUMBERS)),
    "closed_loop.Control": _object(
        frame=_INTEGER,
        throttle=_NUMBER,
        steer=_NUMBER,
        brake=_NUMBER,
        hand_brake=_BOOLEAN,
        reverse=_BOOLEAN,
        manual_gear_shift=_BOOLEAN,
        gear=_INTEGER,
        call={"type": ["integer", "null"], "description": "the agent's call that gave it; null before the first"},
    ),
    "closed_loop.Reading": _object(frame=_INTEGER, values=_NUMBERS),
    "closed_loop.StateHash": _object(frame=_INTEGER, hash=_TEXT),
    "foxglove.CompressedImage": _object(
        timestamp=_TIME, frame_id=_TEXT, data=_TEXT | {"contentEncoding": "base64"}, format=_TEXT
    ),
    "foxglove.Log": _object(timestamp=_TIME, level=_INTEGER, message=_TEXT, name=_TEXT, file=_TEXT, line=_INTEGER),
    "foxglove.PointCloud": _object(
        timestamp=_TIME,
        frame_id=_TEXT,
        pose=_POSE,
        point_stride=_INTEGER,
        fields=_list(_object(name=_TEXT, offset=_INTEGER, type=_INTEGER)),
        data=_TEXT | {"contentEncoding": "base64"},
    ),
    "foxglove.PoseInFrame": _object(timestamp=_TIME, frame_id=_TEXT, pose=_POSE),
    "foxglove.PosesInFrame": _object(timestamp=_TIME, frame_id=_TEXT, poses=_list(_POSE)),
    "foxglove.SceneUpdate": _object(
        deletions=_list(_object(timestamp=_TIME, type=_INTEGER, id=_TEXT)),
        entities=_list(
            _object(
                timestamp=_TIME,
                frame_id=_TEXT,
                id=_TEXT,
                lifetime=_TIME,
                frame_locked=_BOOLEAN,
                metadata=_list(_object(key=_TEXT, value=_TEXT)),
                cubes=_list(_CUBE),
            )
        ),
    ),
}

CHANNELS: Final = {
    "/ego": "closed_loop.Ego",
    "/ego/pose": "foxglove.PoseInFrame",
    "/actors": "closed_loop.Actors",
    "/actors/catalogue": "closed_loop.Catalogue",
    "/scene": "foxglove.SceneUpdate",
    "/plan": "closed_loop.Plan",
    "/plan/poses": "foxglove.PosesInFrame",
    "/control": "closed_loop.Control",
    "/events": "foxglove.Log",
    "/state_hash": "closed_loop.StateHash",
}
"""Topic to schema; those of sensors, /sensors/<id>, come when they are first written to."""


def schema_bytes(name: str) -> bytes:
    return json.dumps({"title": name, **SCHEMAS[name]}, separators=(",", ":")).encode()
