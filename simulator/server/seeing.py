"""Sensors that see, from their attributes to messages that are not copied again on their way to the socket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import catalogue, validate_attributes
from simulator.protocol.stream import HEADER_BYTES, IMAGE_AT, LENGTH_BYTES, image_header, lidar_header, write_head
from simulator.scene.scene import Scene
from simulator.scene.tables import Frame
from simulator.sensors.camera_spec import CameraSpec, camera_spec
from simulator.sensors.dvs import DvsState, dvs_spec, read_dvs
from simulator.sensors.exact import draw_exact
from simulator.sensors.lidar import LidarReading, lidar_spec, read_lidar, read_semantic_lidar
from simulator.sensors.radar import radar_spec, read_radar
from simulator.sensors.raster import Run, View, Workspace, camera_view, one_by_one
from simulator.sensors.rgb import read_rgb
from simulator.sensors.weather_limits import drawable
from simulator.world.pose import Pose

__all__ = ["SEEING", "Look", "Seeing", "look_once", "rehearse"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a sensor is given to see in one tick."""

    frame: Frame
    pose: Pose
    pose_before: Pose  # its own, a tick ago
    ignored: frozenset[int]  # actors that it does not see
    run: Run  # how it may share out its work


class Seeing(Protocol):
    """A living sensor that sees: its spec, and what it remembers from one reading to the next."""

    is_camera: bool

    def read(self, look: Look, header: bytes) -> memoryview:
        """What it sees, as a message with its length in front. Called in a thread, once at a time."""
        ...


Maker = Callable[[Mapping[str, str], int], Seeing]


class _ExactCamera:
    """depth, semantic_segmentation, instance_segmentation, normals: one of draw_exact's images."""

    is_camera = True

    def __init__(self, image: str, attributes: Mapping[str, str], key: int) -> None:
        self._image = image
        self._draw: Callable[..., None] = draw_exact
        self._spec = camera_spec(attributes)
        self._workspace = Workspace()

    def read(self, look: Look, header: bytes) -> memoryview:
        message, pixels = _image_message(self._spec, header, np.uint8, 4)
        view = _view(self._spec, look.pose)
        self._draw(look.frame, view, self._workspace, look.run, **{self._image: pixels})
        return message


class _FlowCamera:
    """optical_flow: two floats for each pixel."""

    is_camera = True

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        self._spec = camera_spec(attributes)
        self._workspace = Workspace()

    def read(self, look: Look, header: bytes) -> memoryview:
        message, flow = _image_message(self._spec, header, np.float32, 2)
        view, before = _view(self._spec, look.pose), _view(self._spec, look.pose_before)
        draw_exact(look.frame, view, self._workspace, look.run, flow=flow, before=before)
        return message


class _RgbCamera:
    is_camera = True

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        self._spec = camera_spec(attributes)
        self._workspace = Workspace()

    def read(self, look: Look, header: bytes) -> memoryview:
        message, pixels = _image_message(self._spec, header, np.uint8, 4)
        read_rgb(_drawable(look.frame), _view(self._spec, look.pose), self._spec, pixels, self._workspace, look.run)
        return message


class _EventCamera:
    """dvs: what changed since its last picture."""

    is_camera = True

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        self._camera = camera_spec(attributes)
        self._spec = dvs_spec(attributes, key)
        self._workspace = Workspace()
        self._pixels = np.empty((self._camera.height, self._camera.width, 4), np.uint8)
        self._state: DvsState | None = None

    def read(self, look: Look, header: bytes) -> memoryview:
        frame = _drawable(look.frame)
        read_rgb(frame, _view(self._camera, look.pose), self._camera, self._pixels, self._workspace, look.run)
        events, self._state = read_dvs(self._spec, self._state, self._pixels, frame.elapsed_s, frame.number)
        return _message(header, _image_header(self._camera), events)


class _Lidar:
    is_camera = False

    def __init__(self, read: Callable[..., LidarReading], attributes: Mapping[str, str], key: int) -> None:
        self._read = read
        self._spec = lidar_spec(attributes, key)
        self._angle_rad = 0.0

    def read(self, look: Look, header: bytes) -> memoryview:
        reading = self._read(self._spec, self._angle_rad, look.frame, look.pose, ignored=look.ignored, run=look.run)
        self._angle_rad = reading.horizontal_angle_rad
        counts = reading.points_per_channel.tolist()
        return _message(header, lidar_header(reading.horizontal_angle_rad, counts), reading.points)


class _Radar:
    is_camera = False

    def __init__(self, attributes: Mapping[str, str], key: int) -> None:
        self._spec = radar_spec(attributes, key)

    def read(self, look: Look, header: bytes) -> memoryview:
        detections = read_radar(self._spec, look.frame, look.pose, look.pose_before, ignored=look.ignored, run=look.run)
        return _message(header, b"", detections)


def _drawable(frame: Frame) -> Frame:
    return replace(frame, weather=drawable(frame.weather))


def _view(spec: CameraSpec, pose: Pose) -> View:
    return camera_view(spec.width, spec.height, spec.fov_deg, pose)


def _image_header(spec: CameraSpec) -> bytes:
    return image_header(spec.width, spec.height, spec.fov_deg)


def _image_message(
    spec: CameraSpec, header: bytes, dtype: type[np.uint8] | type[np.float32], channels: int
) -> tuple[memoryview, NDArray]:
    """A new message, and its pixels to be drawn where they lie in it.

    A new one each time: the socket may still hold the last, and one that was sent at once is soon this one's memory.
    """
    shape = (spec.height, spec.width, channels)
    data = np.empty(IMAGE_AT + int(np.prod(shape)) * np.dtype(dtype).itemsize, np.uint8)
    message = data.data
    write_head(message, header, _image_header(spec))
    return message, data[IMAGE_AT:].view(dtype).reshape(shape)


def _message(header: bytes, payload_header: bytes, data: NDArray[np.void]) -> memoryview:
    message = memoryview(bytearray(LENGTH_BYTES + HEADER_BYTES + len(payload_header) + data.nbytes))
    message[write_head(message, header, payload_header) :] = data.view(np.uint8).data
    return message


# From type id to its maker: (attributes, key of its noise) -> the sensor; ValueError for what cannot be made.
SEEING: Final[dict[str, Maker]] = {
    "sensor.camera.rgb": _RgbCamera,
    "sensor.camera.depth": partial(_ExactCamera, "depth"),
    "sensor.camera.semantic_segmentation": partial(_ExactCamera, "semantic"),
    "sensor.camera.instance_segmentation": partial(_ExactCamera, "instance"),
    "sensor.camera.normals": partial(_ExactCamera, "normals"),
    "sensor.camera.optical_flow": _FlowCamera,
    "sensor.camera.dvs": _EventCamera,
    "sensor.lidar.ray_cast": partial(_Lidar, read_lidar),
    "sensor.lidar.ray_cast_semantic": partial(_Lidar, read_semantic_lidar),
    "sensor.other.radar": _Radar,
}


def look_once(kind: str, frame: Frame, pose: Pose) -> None:
    """Read a sensor of this kind as its blueprint makes it, but for the size of pictures."""
    blueprint = catalogue().find(kind)
    assert blueprint is not None
    known = {attribute.id for attribute in blueprint.attributes}
    small: dict[str, str] = {name: "64" for name in ("image_size_x", "image_size_y") if name in known}
    sensor = SEEING[kind](validate_attributes(blueprint, small), 0)
    for _ in range(2):  # an event camera compares two pictures
        sensor.read(Look(frame, pose, pose, frozenset(), one_by_one), bytes(HEADER_BYTES))


def rehearse(scene: Scene, weather: tuple[float, ...], places: Mapping[str, Pose]) -> None:
    """Look once with each kind of sensor, so that kernels are loaded and tables made before somebody waits for it."""
    frame = scene.rehearsal(weather)
    for kind, pose in places.items():
        look_once(kind, frame, pose)
