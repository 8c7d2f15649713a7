"""What sensors read: pure functions of the world's state, one file per sensor, no sockets and no clocks.

`SENSORS` says of every sensor blueprint whether it works and when it speaks. The server asks it before it spawns
one, calls the reader of the sensors that are due, and encodes their readings.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import Boxes
from simulator.sensors.collision import CollisionReading, collisions, static_type_id
from simulator.sensors.gnss import Convention, GnssReading, GnssSpec, geolocation, gnss_spec, read_gnss
from simulator.sensors.imu import ImuHistory, ImuReading, ImuSpec, imu_spec, read_imu
from simulator.sensors.noise import normal3, stable_key
from simulator.sensors.obstacle import ObstacleReading, ObstacleSpec, obstacle_spec, read_obstacle
from simulator.world.pose import Pose

__all__ = [
    "SENSORS",
    "CollisionReading",
    "Convention",
    "GnssReading",
    "GnssSpec",
    "ImuHistory",
    "ImuReading",
    "ImuSpec",
    "ObstacleReading",
    "ObstacleSpec",
    "SensorKind",
    "Speaks",
    "collisions",
    "geolocation",
    "gnss_spec",
    "imu_spec",
    "is_due",
    "obstacle_spec",
    "read_gnss",
    "read_imu",
    "read_obstacle",
    "stable_key",
    "static_type_id",
    "warm_up",
]


class Speaks(Enum):
    """When a sensor sends a message."""

    EACH_TICK = "each tick"  # or each sensor_tick seconds
    ON_EVENT = "on event"  # only when something happened in the tick (and is due)
    IN_CLIENT = "in client"  # the client makes its messages itself, the server sends none


@dataclass(frozen=True, slots=True)
class SensorKind:
    speaks: Speaks
    supported: bool  # False: spawning it is answered with "not supported"


SENSORS: Final[dict[str, SensorKind]] = {
    "sensor.other.collision": SensorKind(Speaks.ON_EVENT, True),
    "sensor.other.gnss": SensorKind(Speaks.EACH_TICK, True),
    "sensor.other.imu": SensorKind(Speaks.EACH_TICK, True),
    "sensor.other.lane_invasion": SensorKind(Speaks.IN_CLIENT, True),
    "sensor.other.obstacle": SensorKind(Speaks.ON_EVENT, True),
    "sensor.camera.rgb": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.depth": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.semantic_segmentation": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.instance_segmentation": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.normals": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.optical_flow": SensorKind(Speaks.EACH_TICK, True),
    "sensor.camera.cosmos_visualization": SensorKind(Speaks.EACH_TICK, False),
    "sensor.camera.dvs": SensorKind(Speaks.EACH_TICK, True),
    "sensor.lidar.ray_cast": SensorKind(Speaks.EACH_TICK, True),
    "sensor.lidar.ray_cast_semantic": SensorKind(Speaks.EACH_TICK, True),
    "sensor.other.radar": SensorKind(Speaks.EACH_TICK, True),
    "sensor.other.rss": SensorKind(Speaks.IN_CLIENT, False),
    "sensor.other.v2x": SensorKind(Speaks.ON_EVENT, False),
    "sensor.other.v2x_custom": SensorKind(Speaks.ON_EVENT, False),
}


def warm_up(actors: NDArray[np.void], boxes: Boxes) -> None:
    """Compile the kernels for these tables, or load them from the cache, so that no reading waits for it."""
    normal3(0, 0, 0)
    read_obstacle(ObstacleSpec(1.0, 0.5, False), Pose(), actors, 0, boxes, -1)


_SAME_TIME_S: Final = 1e-6


def is_due(sensor_tick_s: float, age_s: float, delta_s: float) -> bool:
    """Whether a sensor speaks at the end of a tick of `delta_s` that began when the sensor was `age_s` old.

    It speaks once for every multiple of sensor_tick that falls into a tick: first in its first tick, and without
    drift when sensor_tick is no multiple of the tick. With 0 it speaks in every tick.
    """
    if sensor_tick_s <= 0.0:
        return True
    next_multiple = ceil((age_s - _SAME_TIME_S) / sensor_tick_s) * sensor_tick_s
    return next_multiple < age_s + delta_s - _SAME_TIME_S
