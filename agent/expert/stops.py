"""Where the way meets traffic lights and stop signs."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from agent.expert.path import Path

__all__ = ["Light", "StopSign", "lights_on", "stop_signs_on"]

_SAME_LANE_M: Final = 1.2  # a stop waypoint lies in the middle of its lane, and so does the way
_POINT_M: Final = 0.6  # half the distance between two points of the way, and a little
_SAME_HEADING: Final = 0.7  # cosine


@dataclass(frozen=True, slots=True)
class Light:
    along_m: float  # of the stop line
    actor: Any  # carla.TrafficLight


@dataclass(slots=True)
class StopSign:
    along_m: float  # where to have stood
    leaves_m: float  # where its volume ends
    done: bool = False


def lights_on(path: Path, world: Any) -> list[Light]:
    """All lights whose stop lines the way crosses, in order."""
    found = []
    for light in world.get_actors().filter("traffic.traffic_light*"):
        for waypoint in light.get_stop_waypoints():
            place = waypoint.transform
            yaw = np.radians(place.rotation.yaw)
            found += [Light(along, light) for along in _crossings(path, place.location.x, place.location.y, yaw)]
    return sorted(found, key=lambda light: light.along_m)


def stop_signs_on(path: Path, world: Any) -> list[StopSign]:
    """All stop signs whose volumes the way crosses, in order."""
    found = []
    for sign in world.get_actors().filter("traffic.stop*"):
        volume = sign.trigger_volume
        transform = sign.get_transform()
        middle = transform.transform(volume.location)
        half = max(volume.extent.x, volume.extent.y)
        yaw = np.radians(transform.rotation.yaw + volume.rotation.yaw)
        offset = path.points[:, :2] - (middle.x, middle.y)
        ahead = np.abs(offset[:, 0] * np.cos(yaw) + offset[:, 1] * np.sin(yaw)) < volume.extent.x
        aside = np.abs(offset[:, 1] * np.cos(yaw) - offset[:, 0] * np.sin(yaw)) < volume.extent.y
        level = np.abs(path.points[:, 2] - middle.z) < 3.0 + volume.extent.z
        inside = np.flatnonzero(ahead & aside & level)
        for run in np.split(inside, np.flatnonzero(np.diff(inside) > half) + 1):
            if len(run):
                first, last = path.along_m[run[0]], path.along_m[run[-1]]
                found.append(StopSign(float(first + last) / 2, float(last)))
    return sorted(found, key=lambda sign: sign.along_m)


def _crossings(path: Path, x: float, y: float, yaw_rad: float) -> list[float]:
    """Where the way drives over a place of a lane: a way may come there more than once."""
    offset = path.points[:, :2] - (x, y)
    distance = (offset * offset).sum(axis=1)
    near = (distance < _SAME_LANE_M**2 + _POINT_M**2) & (np.cos(path.yaw_rad - yaw_rad) > _SAME_HEADING)
    rows = np.flatnonzero(near)
    found = []
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        if len(run):
            i = int(run[np.argmin(distance[run])])
            side = offset[i, 0] * np.sin(path.yaw_rad[i]) - offset[i, 1] * np.cos(path.yaw_rad[i])
            if abs(side) < _SAME_LANE_M:
                found.append(path.place(x, y, i))
    return found
