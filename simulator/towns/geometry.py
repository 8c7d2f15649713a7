"""Plane curves made of lines and arcs, the two OpenDRIVE shapes that every reader gets right.

Right-handed axes as in OpenDRIVE: x east, y north, headings in radians, positive to the left.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Path", "Pose", "biarc", "connect", "rounded", "wrap"]

_STRAIGHT_RAD = math.radians(1e-5)
_SHORTEST_M = 1e-6
# carla computes arcs in single precision: one of a million metres' radius ends decimetres beside its place.
_FLATTEST_PER_M = 1e-5


def wrap(angle: float) -> float:
    """The same angle in (-pi, pi]."""
    return -((-angle + math.pi) % (2.0 * math.pi) - math.pi)


class Pose(NamedTuple):
    """A point and a heading."""

    x: float
    y: float
    heading: float

    def ahead(self, distance: float) -> "Pose":
        """Moved forward (backward when negative)."""
        return Pose(
            self.x + distance * math.cos(self.heading), self.y + distance * math.sin(self.heading), self.heading
        )

    def left(self, distance: float) -> "Pose":
        """Moved to the left (to the right when negative)."""
        return Pose(
            self.x - distance * math.sin(self.heading), self.y + distance * math.cos(self.heading), self.heading
        )

    def turned(self) -> "Pose":
        """The same point, looking back."""
        return Pose(self.x, self.y, wrap(self.heading + math.pi))

    def local(self, x: float, y: float) -> tuple[float, float]:
        """A point in the frame of this pose: ahead, left."""
        dx, dy = x - self.x, y - self.y
        c, s = math.cos(self.heading), math.sin(self.heading)
        return dx * c + dy * s, dy * c - dx * s


def _along(start: Pose, length: float, curvature: float) -> Pose:
    if curvature == 0.0:
        return start.ahead(length)
    turn = length * curvature
    chord = 2.0 / curvature * math.sin(turn / 2.0)
    middle = start.heading + turn / 2.0
    return Pose(start.x + chord * math.cos(middle), start.y + chord * math.sin(middle), wrap(start.heading + turn))


@dataclass(frozen=True)
class Path:
    """A smooth curve from `start`: pieces of (length, curvature), curvature 0 for a line."""

    start: Pose
    pieces: tuple[tuple[float, float], ...]

    @cached_property
    def length(self) -> float:
        """Metres from end to end."""
        return math.fsum(length for length, _ in self.pieces)

    @cached_property
    def knots(self) -> tuple[tuple[float, Pose], ...]:
        """Where each piece begins, and the end: (s, pose)."""
        found = [(0.0, self.start)]
        for length, curvature in self.pieces:
            s, pose = found[-1]
            found.append((s + length, _along(pose, length, curvature)))
        return tuple(found)

    @property
    def end(self) -> Pose:
        """The pose at the far end."""
        return self.knots[-1][1]

    def pose(self, s: float) -> Pose:
        """The pose after s metres."""
        for (begin, pose), (length, curvature) in zip(self.knots, self.pieces):
            if s <= begin + length:
                return _along(pose, s - begin, curvature)
        return self.end

    def trimmed(self, begin: float, end: float) -> "Path":
        """The part between two distances."""
        if not 0.0 <= begin < end <= self.length + _SHORTEST_M:
            raise ValueError(f"a path of {self.length:.1f} m has no part {begin:.1f} ... {end:.1f} m")
        pieces = []
        for (s, _), (length, curvature) in zip(self.knots, self.pieces):
            low, high = max(s, begin), min(s + length, end)
            if high - low > _SHORTEST_M:
                pieces.append((high - low, curvature))
        return Path(self.pose(begin), tuple(pieces))

    def shifted_left(self, distance: float) -> "Path":
        """The parallel curve at a distance to the left."""
        pieces = tuple((length * (1.0 - distance * curvature), curvature / (1.0 - distance * curvature))
                       for length, curvature in self.pieces)  # fmt: skip
        return Path(self.start.left(distance), pieces)

    def project(self, x: float, y: float) -> tuple[float, float] | None:
        """(s, t) of a point, t positive to the left; None where the point is beyond an end."""
        best: tuple[float, float] | None = None
        for (s, pose), (length, curvature) in zip(self.knots, self.pieces):
            ahead, left = pose.local(x, y)
            if curvature == 0.0:
                along, t = ahead, left
            else:
                radius = 1.0 / curvature
                turn = math.atan2(ahead, (radius - left) * math.copysign(1.0, radius))
                along = turn * abs(radius)
                t = radius - math.copysign(math.hypot(ahead, radius - left), radius)
            if -1e-9 <= along <= length + 1e-9 and (best is None or abs(t) < abs(best[1])):
                best = (s + min(max(along, 0.0), length), t)
        return best


def rounded(points: list[tuple[float, float]], radii: list[float]) -> Path:
    """A polyline whose inner corners are rounded, each with its radius."""
    if len(radii) != len(points) - 2:
        raise ValueError(f"{len(points)} points have {len(points) - 2} inner corners, not {len(radii)}")
    headings = [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in pairwise(points)]
    turns = [wrap(b - a) for a, b in pairwise(headings)]
    cuts = [0.0, *(r * math.tan(abs(turn) / 2.0) for r, turn in zip(radii, turns)), 0.0]
    pieces: list[tuple[float, float]] = []
    for i, (a, b) in enumerate(pairwise(points)):
        straight = math.dist(a, b) - cuts[i] - cuts[i + 1]
        if straight < -_SHORTEST_M:
            raise ValueError(f"corners at {a} and {b} are too close for their radii by {-straight:.1f} m")
        if straight > _SHORTEST_M:
            pieces.append((straight, 0.0))
        if i < len(turns) and abs(turns[i]) > _STRAIGHT_RAD:
            pieces.append((radii[i] * abs(turns[i]), math.copysign(1.0 / radii[i], turns[i])))
    return Path(Pose(*points[0], headings[0]), tuple(pieces))


def _arc_to(start: Pose, x: float, y: float) -> tuple[float, float]:
    """The arc that leaves `start` along its heading and meets a point: (length, curvature)."""
    ahead, left = start.local(x, y)
    turn = 2.0 * math.atan2(left, ahead)
    chord = math.hypot(ahead, left)
    curvature = 2.0 * math.sin(turn / 2.0) / chord
    return (chord, 0.0) if abs(curvature) < _FLATTEST_PER_M else (turn / curvature, curvature)


def biarc(start: Pose, end: Pose) -> tuple[tuple[float, float], ...]:
    """Two arcs from pose to pose, meeting smoothly, with equal tangent lengths."""
    vx, vy = end.x - start.x, end.y - start.y
    ux, uy = math.cos(start.heading), math.sin(start.heading)
    wx, wy = math.cos(end.heading), math.sin(end.heading)
    vt = vx * (ux + wx) + vy * (uy + wy)
    k = 2.0 * (1.0 - (ux * wx + uy * wy))
    vv = vx * vx + vy * vy
    d = vv / (2.0 * vt) if k < 1e-12 else (-vt + math.sqrt(vt * vt + k * vv)) / k
    mx = (start.x + end.x + d * (ux - wx)) / 2.0
    my = (start.y + end.y + d * (uy - wy)) / 2.0
    first = _arc_to(start, mx, my)
    joint = _along(start, *first)
    return first, _arc_to(joint, end.x, end.y)


def connect(start: Pose, end: Pose, lead_in: float = 0.0, lead_out: float = 0.0) -> Path:
    """The gentlest simple curve between two poses that begins and ends with straight leads.

    A line, a line-arc-line as wide as it fits, or, where the tangents do not meet between the two, two arcs.
    """
    a, b = start.ahead(lead_in), end.ahead(-lead_out)
    turn = wrap(b.heading - a.heading)
    ahead, left = a.local(b.x, b.y)
    if abs(turn) < _STRAIGHT_RAD and abs(left) < 1e-4:
        return Path(start, ((ahead + lead_in + lead_out, 0.0),))
    middle: tuple[tuple[float, float], ...] = ()
    if abs(turn) > math.radians(2.0):
        # Distances to where the two tangents meet.
        after = left / math.sin(turn)
        before = ahead - after * math.cos(turn)
        room = min(before, after)
        if room > 0.5:
            radius = room / math.tan(abs(turn) / 2.0)
            arc = (radius * abs(turn), math.copysign(1.0 / radius, turn))
            middle = ((before - room, 0.0), arc, (after - room, 0.0))
    if not middle:
        middle = biarc(a, b)
    pieces = ((lead_in, 0.0), *middle, (lead_out, 0.0))
    merged: list[tuple[float, float]] = []
    for length, curvature in pieces:
        if length <= _SHORTEST_M:
            continue
        if merged and merged[-1][1] == curvature == 0.0:
            merged[-1] = (merged[-1][0] + length, 0.0)
        else:
            merged.append((length, curvature))
    return Path(start, tuple(merged))
