"""What the agent's sensors showed it, into the trace: --record-sensors."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from leaderboard.errors import UserError
from leaderboard.log.trace import TraceWriter

__all__ = ["SensorRecord", "load_encoder"]

_JPEG_QUALITY: Final = 85
_NOT_RECORDED: Final = "sensor.opendrive_map"
"""The same in every frame, and the map's own file."""


def load_encoder() -> Any:
    """OpenCV, which encodes pictures; raises UserError where it is not installed."""
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise UserError("--record-sensors needs OpenCV: pip install 'carla-closed-loop[view]'") from error


class SensorRecord:
    """Cameras as JPEG, LiDAR as points, everything else as numbers."""

    def __init__(self, trace: TraceWriter) -> None:
        self._trace = trace
        self._cv2 = load_encoder()

    def write(self, specs: Sequence[Mapping[str, Any]], readings: Mapping[str, Any], frame: int, time_s: float) -> None:
        """`readings`: what the agent gets for the frame, {id: data}."""
        for spec in specs:
            name, kind, data = str(spec["id"]), str(spec["type"]), readings[str(spec["id"])]
            if kind.startswith("sensor.camera"):
                # BGRA, as agents get it.
                _, encoded = self._cv2.imencode(".jpg", data[:, :, :3], (self._cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
                self._trace.image(name, time_s, encoded.tobytes(), "jpeg")
            elif kind.startswith("sensor.lidar"):
                self._trace.points(name, time_s, data)
            elif kind != _NOT_RECORDED:
                values = list(data.values()) if isinstance(data, Mapping) else np.ravel(data)
                self._trace.reading(name, frame, time_s, values)
