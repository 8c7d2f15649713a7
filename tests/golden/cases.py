"""The pictures and point clouds that must not change unnoticed: what is in them, and how they are made.

Made in this process, without server and client: world, scene and sensor, as the server puts them together.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import validate_attributes
from simulator.maps.library import MapLibrary
from simulator.protocol.stream import HEADER_BYTES, LENGTH_BYTES
from simulator.scene.scene import Scene
from simulator.scene.tables import Frame
from simulator.sensors import stable_key
from simulator.sensors.raster import one_by_one
from simulator.server.seeing import SEEING, Look
from simulator.world.pose import Pose, compose
from simulator.world.world import SpawnRefused, World

__all__ = ["CASES", "HEIGHT", "WIDTH", "Case", "payload"]

WIDTH: Final = 192
HEIGHT: Final = 128
DELTA_S: Final = 0.05

# carla.WeatherParameters' presets, in the wire's order.
NOON: Final = (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0)
WEATHERS: Final = {
    "noon": NOON,
    "sunset": (60.0, 0.0, 0.0, 10.0, -1.0, 15.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "night": (5.0, 0.0, 0.0, 10.0, -1.0, -90.0, 60.0, 75.0, 1.0, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "rain": (100.0, 100.0, 90.0, 100.0, -1.0, 45.0, 7.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "fog": (60.0, 0.0, 0.0, 10.0, -1.0, 45.0, 50.0, 0.0, 0.2, 0.0, 1.0, 0.03, 0.0331, 0.0),
}

# What stands before the eye: metres ahead and to the right, turned by degrees, lights that are on.
LOW_BEAM, BRAKE, LEFT_BLINKER = 2, 8, 32
ACTORS: Final = (
    ("vehicle.mercedes.sprinter", 26.0, 0.0, 0.0, BRAKE),
    ("vehicle.tesla.model3", 14.0, 3.6, 0.0, BRAKE | LEFT_BLINKER),
    ("vehicle.mitsubishi.fusorosa", 40.0, -4.0, 180.0, LOW_BEAM),
    ("vehicle.diamondback.century", 11.0, -3.2, 180.0, 0),
    ("walker.pedestrian.0001", 9.0, 5.0, 120.0, 0),
    ("walker.pedestrian.0011", 12.0, 6.0, 250.0, 0),
    ("static.prop.trafficcone01", 7.0, 1.8, 0.0, 0),
)
EYE: Final = Pose(z=1.9, pitch=-0.06)


@dataclass(frozen=True, slots=True)
class Case:
    """One sensor at one place."""

    name: str
    kind: str
    town: str = "Harbor"
    weather: str = "noon"
    place: int = 0  # which spawn point
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def is_picture(self) -> bool:
        """Four bytes for each pixel."""
        return self.kind.startswith("sensor.camera.") and not self.kind.endswith(("optical_flow", "dvs"))


def _rgb(town: str, weather: str, place: int = 0) -> Case:
    return Case(f"{town.lower()}-{weather}", "sensor.camera.rgb", town, weather, place)


_SCAN: Final = {"channels": "32", "points_per_second": "60000", "rotation_frequency": "20", "range": "60"}
CASES: Final = {
    case.name: case
    for case in (
        *(_rgb("Harbor", weather) for weather in WEATHERS),
        _rgb("Orchard", "noon"),
        _rgb("Orchard", "night"),
        _rgb("Interchange", "noon", 83),
        _rgb("Ridge", "noon", 57),
        _rgb("Quarter", "noon", 25),
        Case("depth", "sensor.camera.depth"),
        Case("semantic", "sensor.camera.semantic_segmentation"),
        Case("instance", "sensor.camera.instance_segmentation"),
        Case("normals", "sensor.camera.normals"),
        Case("flow", "sensor.camera.optical_flow"),
        Case("dvs", "sensor.camera.dvs"),
        Case("lidar", "sensor.lidar.ray_cast", attributes=_SCAN),
        Case("lidar-semantic", "sensor.lidar.ray_cast_semantic", attributes=_SCAN),
        Case("radar", "sensor.other.radar"),
    )
}


def payload(case: Case) -> bytes:
    """What the sensor's message holds after the header, in the second of two ticks."""
    (first, before), (frame, pose) = _two_frames(case.town, case.weather, case.place)
    world = _world(case.town, case.weather, case.place)
    blueprint = world.catalogue.find(case.kind)
    assert blueprint is not None
    size: dict[str, str] = {"image_size_x": str(WIDTH), "image_size_y": str(HEIGHT)}
    given = case.attributes | (size if case.kind.startswith("sensor.camera.") else {})
    sensor = SEEING[case.kind](validate_attributes(blueprint, given), stable_key("golden", case.name))
    sensor.read(Look(first, before, before, frozenset(), one_by_one), bytes(HEADER_BYTES))
    message = sensor.read(Look(frame, pose, before, frozenset(), one_by_one), bytes(HEADER_BYTES))
    return bytes(message[LENGTH_BYTES + HEADER_BYTES :])


@cache
def _world(town: str, weather: str, place: int) -> World:
    world = World(MapLibrary(None).load(town), seed=1)
    world.weather = WEATHERS[weather]
    start = Pose(*world.town.spawn_points[place].tolist())
    for type_id, ahead, right, turn, lights in ACTORS:
        for up in (0.0, 0.3, 1.3):
            try:
                actor = world.spawn(type_id, {}, compose(start, Pose(ahead, right, up, 0.0, 0.0, np.radians(turn))))
            except SpawnRefused:
                continue  # a town may have something there
            if type_id.startswith("vehicle."):
                world.vehicle_row(actor)["light_state"] = lights
                heading = start.yaw + np.radians(turn)
                world.set_velocity(actor, 6.0 * np.cos(heading), 6.0 * np.sin(heading), 0.0)
            break
    for _ in range(10):
        world.step(DELTA_S)
    return world


@cache
def _two_frames(town: str, weather: str, place: int) -> tuple[tuple[Frame, Pose], tuple[Frame, Pose]]:
    """Of two ticks, and where the eye is in each: it moves ahead at 5 m/s."""
    world = _world(town, weather, place)
    scene = Scene(world.town)
    start = Pose(*world.town.spawn_points[place].tolist())
    world.step(DELTA_S)
    first = scene.frame(world, world.steps)
    world.step(DELTA_S)
    return (first, compose(start, EYE)), (scene.frame(world, world.steps), compose(start, EYE._replace(x=0.25)))


def picture(case: Case, data: bytes) -> NDArray[np.uint8]:
    """Something to look at, [height, width, 3] BGR: a camera's own bytes, or a drawing of flow, events or points."""
    if case.is_picture:
        return np.frombuffer(data, np.uint8)[12:].reshape(HEIGHT, WIDTH, 4)[:, :, :3]
    if case.kind.endswith("optical_flow"):
        flow = np.frombuffer(data, np.float32, offset=12).reshape(HEIGHT, WIDTH, 2)
        grey = np.clip(128.0 + 1000.0 * flow, 0.0, 255.0).astype(np.uint8)
        return np.dstack([np.full((HEIGHT, WIDTH), 128, np.uint8), grey])
    drawn = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    if case.kind.endswith("dvs"):
        events = np.frombuffer(data, np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("up", "u1")]), offset=12)
        drawn[events["y"], events["x"], np.where(events["up"] == 1, 0, 2)] = 255
        return drawn
    along, across, shade = _points(case, data)
    column = np.clip(WIDTH / 2 + across * 1.6, 0, WIDTH - 1).astype(int)
    row = np.clip(HEIGHT / 2 - along * 1.0, 0, HEIGHT - 1).astype(int)
    drawn[row, column] = np.stack([shade, 255 - shade // 2, np.full(len(shade), 255)], axis=1)
    return drawn


def _points(case: Case, data: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    """Metres ahead and to the right, and a shade, of what a LiDAR or a radar met."""
    if case.kind.endswith("radar"):
        rows = np.frombuffer(data, np.float32).reshape(-1, 4).astype(float)
        return rows[:, 3] * np.cos(rows[:, 1]), rows[:, 3] * np.sin(rows[:, 1]), (rows[:, 0] * 10.0).astype(np.uint8)
    channels = int(np.frombuffer(data, np.uint32, 1, 4)[0])
    words = np.frombuffer(data, np.uint32, offset=8 + 4 * channels)
    if case.kind.endswith("semantic"):
        rows = words.reshape(-1, 6)
        xyz = rows[:, :3].copy().view(np.float32).astype(float)
        return xyz[:, 0], xyz[:, 1], (rows[:, 5] * 9).astype(np.uint8)
    xyzi = words.view(np.float32).reshape(-1, 4).astype(float)
    return xyzi[:, 0], xyzi[:, 1], (xyzi[:, 3] * 255.0).astype(np.uint8)
