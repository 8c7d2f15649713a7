"""Frozen: the names of the public leaderboard's route_manipulation, over leaderboard.planning.

Agents import these to densify, thin out or convert a route themselves.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import carla

from leaderboard.criteria.view import Place
from leaderboard.planning import GeoReference, GpsPoint, PlanPoint, downsample, geo_reference, gps_of, plan_route

__all__ = ["downsample_route", "interpolate_trajectory", "location_route_to_gps"]


def _location_to_gps(lat_ref: float, lon_ref: float, location: carla.Location) -> dict[str, float]:
    """{'lat', 'lon', 'z'} of a place of the world."""
    return gps_of(GeoReference(lat_ref, lon_ref), location)


def location_route_to_gps(route: Sequence[PlanPoint], lat_ref: float, lon_ref: float) -> list[GpsPoint]:
    """A route of transforms as one of GPS points."""
    reference = GeoReference(lat_ref, lon_ref)
    return [(gps_of(reference, transform.location), option) for transform, option in route]


def _get_latlon_ref(world: carla.World) -> tuple[float, float]:
    """Latitude and longitude of the origin of the world's map."""
    return tuple(geo_reference(world.get_map()))  # type: ignore[return-value]


def downsample_route(route: Sequence[PlanPoint], sample_factor: float) -> list[int]:
    """The indices of the points that remain; `sample_factor` is the longest distance between two of them, in metres."""
    return downsample(route, sample_factor)


def interpolate_trajectory(
    *arguments: Any,
    world: carla.World | None = None,
    waypoints_trajectory: Sequence[carla.Location] | None = None,
    hop_resolution: float = 1.0,
) -> tuple[list[GpsPoint], list[PlanPoint]]:
    """The dense route through some places, in GPS and in the world.

    Takes (waypoints_trajectory, hop_resolution) as in 2.x, or (world, waypoints_trajectory, hop_resolution) as in
    1.0, by place or by name. Without a world it is that of CarlaDataProvider.
    """
    rest = list(arguments)
    if rest and hasattr(rest[0], "get_map"):
        world = rest.pop(0)
    trajectory = rest.pop(0) if rest else waypoints_trajectory
    spacing_m = rest.pop(0) if rest else hop_resolution
    if trajectory is None or rest:
        raise TypeError("interpolate_trajectory takes ([world,] waypoints_trajectory[, hop_resolution])")
    if world is not None:
        carla_map = world.get_map()
    else:
        carla_map = importlib.import_module("srunner.scenariomanager.carla_data_provider").CarlaDataProvider.get_map()
    plan = plan_route(carla_map, [Place(point.x, point.y, point.z) for point in trajectory], spacing_m)
    return list(plan.gps), list(plan.world)
