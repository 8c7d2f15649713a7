"""The little geometry that criteria share."""

from __future__ import annotations

import math
from typing import Protocol


class Point(Protocol):
    """Anything with coordinates: a place or a pose."""

    @property
    def x(self) -> float: ...

    @property
    def y(self) -> float: ...

    @property
    def z(self) -> float: ...


def distance(a: Point, b: Point) -> float:
    return math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2)


def ground_distance(a: Point, b: Point) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)


def dot(a: Point, b: Point) -> float:
    return a.x * b.x + a.y * b.y + a.z * b.z


def ahead(origin: Point, yaw_deg: float, metres: float) -> tuple[float, float]:
    """The point of the ground so far from `origin` in a direction."""
    yaw = math.radians(yaw_deg)
    return origin.x + metres * math.cos(yaw), origin.y + metres * math.sin(yaw)


def segments_meet(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> bool:
    """Whether a-b and c-d have a point in common; touching counts, as it does for shapely."""
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    corners = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _in_box(*corner) for side, corner in zip(sides, corners, strict=True))


def _side(a: tuple[float, float], b: tuple[float, float], point: tuple[float, float]) -> float:
    cross = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
    return math.copysign(1.0, cross) if cross else 0.0


def _in_box(a: tuple[float, float], b: tuple[float, float], point: tuple[float, float]) -> bool:
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
