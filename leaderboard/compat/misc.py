"""The helpers that guests import as agents.tools.misc: names and conventions of CARLA's Python API (0.9.16)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import carla

__all__ = [
    "compute_distance",
    "compute_magnitude_angle",
    "distance_vehicle",
    "draw_waypoints",
    "get_speed",
    "get_trafficlight_trigger_location",
    "is_within_distance",
    "positive",
    "vector",
]


def draw_waypoints(world: carla.World, waypoints: Iterable[carla.Waypoint], z: float = 0.5) -> None:
    """An arrow along each waypoint, for a second."""
    for waypoint in waypoints:
        begin = waypoint.transform.location + carla.Location(z=z)
        yaw = math.radians(waypoint.transform.rotation.yaw)
        end = begin + carla.Location(x=math.cos(yaw), y=math.sin(yaw))
        world.debug.draw_arrow(begin, end, arrow_size=0.3, life_time=1.0)


def get_speed(vehicle: carla.Actor) -> float:
    """In km/h, along any direction."""
    velocity = vehicle.get_velocity()
    return 3.6 * math.sqrt(velocity.x**2 + velocity.y**2 + velocity.z**2)


def get_trafficlight_trigger_location(traffic_light: carla.TrafficLight) -> carla.Location:
    """The middle of the volume in which a light rules, in the world."""
    return traffic_light.get_transform().transform(traffic_light.trigger_volume.location)


def is_within_distance(
    target_transform: carla.Transform,
    reference_transform: carla.Transform,
    max_distance: float,
    angle_interval: tuple[float, float] | list[float] | None = None,
) -> bool:
    """Whether the target is near over the ground and, if asked, in an interval of degrees: 0 is ahead, 180 behind.

    The ends belong to the interval. CARLA's own leaves them out, and so misses what is exactly straight ahead.
    """
    gap = target_transform.location - reference_transform.location
    distance_m = math.hypot(gap.x, gap.y)
    if distance_m < 0.001:
        return True
    if distance_m > max_distance:
        return False
    if not angle_interval:
        return True
    ahead = reference_transform.get_forward_vector()
    return angle_interval[0] <= _angle_deg(ahead.x, ahead.y, gap.x, gap.y) <= angle_interval[1]


def compute_magnitude_angle(
    target_location: carla.Location, current_location: carla.Location, orientation: float
) -> tuple[float, float]:
    """Distance over the ground, and degrees between the way there and an orientation in degrees."""
    gap = target_location - current_location
    yaw = math.radians(orientation)
    return math.hypot(gap.x, gap.y), _angle_deg(math.cos(yaw), math.sin(yaw), gap.x, gap.y)


def distance_vehicle(waypoint: carla.Waypoint, vehicle_transform: carla.Transform) -> float:
    """Over the ground."""
    gap = waypoint.transform.location - vehicle_transform.location
    return math.hypot(gap.x, gap.y)


def vector(location_1: carla.Location, location_2: carla.Location) -> list[float]:
    """The unit vector from the first place to the second; of length 0 if they are one."""
    gap = location_2 - location_1
    length = math.sqrt(gap.x**2 + gap.y**2 + gap.z**2) or 1.0
    return [gap.x / length, gap.y / length, gap.z / length]


def compute_distance(location_1: carla.Location, location_2: carla.Location) -> float:
    return float(location_1.distance(location_2))


def positive(num: float) -> float:
    """The number, or 0 if it is negative."""
    return max(num, 0.0)


def _angle_deg(x1: float, y1: float, x2: float, y2: float) -> float:
    size = math.hypot(x1, y1) * math.hypot(x2, y2)
    if not size:
        return 0.0
    return math.degrees(math.acos(max(-1.0, min(1.0, (x1 * x2 + y1 * y2) / size))))
