"""Frozen: how sensor data reaches an agent, with the names of the public leaderboard's envs/sensor_interface.py.

Data is kept by frame, so that an agent gets exactly that of the frame it is called for. The speedometer and the map,
which no simulator sends, are read in step with the tick; the public harness polls them in threads.
"""

from __future__ import annotations

import abc
import contextlib
import queue
import time
from collections.abc import Callable
from typing import Any

import carla
import numpy as np

from leaderboard.compat.game_time import GameTime

__all__ = [
    "BaseReader",
    "CallBack",
    "GenericMeasurement",
    "OpenDriveMapReader",
    "SensorConfigurationInvalid",
    "SensorInterface",
    "SensorReceivedNoData",
    "SpeedometerReader",
]


class SensorConfigurationInvalid(Exception):
    """The sensors asked for are not allowed; the message says which and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class SensorReceivedNoData(Exception):
    """A sensor did not deliver in time: the simulator's fault, not the agent's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class GenericMeasurement:
    """What a pseudo sensor read in a frame."""

    def __init__(self, data: dict[str, Any], frame: int) -> None:
        self.data = data
        self.frame = frame


class BaseReader(abc.ABC):
    """A sensor that is read in this process. `tick` reads it once for a frame; nothing runs beside that."""

    def __init__(self, vehicle: carla.Vehicle, reading_frequency: float = 1.0) -> None:
        self._vehicle = vehicle
        self._callback: Callable[[GenericMeasurement], None] | None = None

    @abc.abstractmethod
    def __call__(self) -> dict[str, Any]:
        """This frame's reading, as agents get it."""

    def listen(self, callback: Callable[[GenericMeasurement], None]) -> None:
        self._callback = callback

    def tick(self, frame: int) -> None:
        """Hand over this frame's reading."""
        if self._callback is not None:
            self._callback(GenericMeasurement(self(), frame))

    def stop(self) -> None:
        self._callback = None

    def destroy(self) -> None:
        self._callback = None


class SpeedometerReader(BaseReader):
    """{'speed': m/s along the vehicle's own forward axis}."""

    def __call__(self) -> dict[str, Any]:
        velocity = self._vehicle.get_velocity()
        rotation = self._vehicle.get_transform().rotation
        pitch, yaw = np.deg2rad(rotation.pitch), np.deg2rad(rotation.yaw)
        forward = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
        return {"speed": np.dot(np.array([velocity.x, velocity.y, velocity.z]), forward)}


class OpenDriveMapReader(BaseReader):
    """{'opendrive': the map's XML}, the same in every frame."""

    def __init__(self, vehicle: carla.Vehicle, reading_frequency: float = 1.0, opendrive: str | None = None) -> None:
        super().__init__(vehicle, reading_frequency)
        self._opendrive = vehicle.get_world().get_map().to_opendrive() if opendrive is None else opendrive

    def __call__(self) -> dict[str, Any]:
        return {"opendrive": self._opendrive}


class CallBack:
    """Turns what a sensor sends into the array that agents expect, and hands it to a SensorInterface."""

    def __init__(self, tag: str, sensor_type: str, sensor: Any, data_provider: SensorInterface) -> None:
        self._tag = tag
        self._data_provider = data_provider
        data_provider.register_sensor(tag, sensor_type, sensor)

    def __call__(self, data: Any) -> None:
        self._data_provider.update_sensor(self._tag, _as_agents_expect(data), data.frame)


def _as_agents_expect(data: Any) -> Any:
    """The public formats: BGRA image, lidar rows [x, y, z, intensity], radar rows [depth, altitude, azimuth, velocity],
    gnss [latitude, longitude, altitude], imu [acceleration, angular velocity, compass]. Arrays are the receiver's own.
    """
    if isinstance(data, GenericMeasurement):
        return data.data
    if isinstance(data, carla.Image):
        return np.frombuffer(data.raw_data, dtype=np.uint8).reshape(data.height, data.width, 4).copy()
    if isinstance(data, carla.LidarMeasurement):
        return np.frombuffer(data.raw_data, dtype=np.float32).reshape(-1, 4).copy()
    if isinstance(data, carla.RadarMeasurement):
        # CARLA sends [velocity, azimuth, altitude, depth].
        return np.ascontiguousarray(np.frombuffer(data.raw_data, dtype=np.float32).reshape(-1, 4)[:, ::-1])
    if isinstance(data, carla.GnssMeasurement):
        return np.array([data.latitude, data.longitude, data.altitude], dtype=np.float64)
    if isinstance(data, carla.IMUMeasurement):
        acceleration, turning = data.accelerometer, data.gyroscope
        values = [acceleration.x, acceleration.y, acceleration.z, turning.x, turning.y, turning.z, data.compass]
        return np.array(values, dtype=np.float64)
    raise SensorConfigurationInvalid(f"sensors that send {type(data).__name__} cannot be given to an agent")


class SensorInterface:
    """Collects what all sensors of an agent send, and gives it out frame by frame."""

    def __init__(self) -> None:
        self._sensors_objects: dict[str, Any] = {}
        self._data_buffers: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._frames: dict[int, dict[str, tuple[int, Any]]] = {}
        # Seconds of wall-clock time, 10 in the public harness and 300 in Bench2Drive.
        self._queue_timeout = 10.0

    def register_sensor(self, tag: str, sensor_type: str, sensor: Any) -> None:
        if tag in self._sensors_objects:
            raise SensorConfigurationInvalid(f"two sensors have the id {tag!r}; give each its own")
        self._sensors_objects[tag] = sensor

    def update_sensor(self, tag: str, data: Any, frame: int) -> None:
        """Take one sensor's data of a frame; called from the client's threads."""
        if tag not in self._sensors_objects:
            raise SensorConfigurationInvalid(f"no sensor has the id {tag!r}")
        self._data_buffers.put((tag, frame, data))

    def get_data(self, frame: int | None = None) -> dict[str, tuple[int, Any]]:
        """{id: (frame, data)} of all sensors for one frame, in the order of their registration; waits for it.

        Agents of leaderboard 1.0 name no frame and get that of the last tick.
        """
        frame = GameTime.get_frame() if frame is None else frame
        self.wait_for(frame)
        delivered = self._frames.get(frame, {})
        return {tag: delivered[tag] for tag in self._sensors_objects}

    def wait_for(self, frame: int) -> None:
        """Until all sensors have delivered this frame. Older data is forgotten."""
        self.forget_before(frame)
        end_s = time.monotonic() + self._queue_timeout
        while len(self._frames.get(frame, ())) < len(self._sensors_objects):
            try:
                self._keep(*self._data_buffers.get(timeout=max(0.0, end_s - time.monotonic())), frame)
            except queue.Empty:
                missing = sorted(self._sensors_objects.keys() - self._frames.get(frame, {}).keys())
                raise SensorReceivedNoData(
                    f"no data of frame {frame} within {self._queue_timeout:g} s from {', '.join(missing)}"
                ) from None

    def forget_before(self, frame: int) -> None:
        """Drop what belongs to older frames, so that an agent that is not asked does not fill the memory."""
        for old in [number for number in self._frames if number < frame]:
            del self._frames[old]
        with contextlib.suppress(queue.Empty):
            while True:
                self._keep(*self._data_buffers.get_nowait(), frame)

    def _keep(self, tag: str, number: int, data: Any, oldest: int) -> None:
        if number >= oldest:
            self._frames.setdefault(number, {})[tag] = (number, data)
