"""The way to go as points about a metre apart, and where one is on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

__all__ = ["Path"]

# Between two ticks nobody drives farther than this, and a way that crosses itself is not jumped over.
_SEARCH_BACK_M = 5.0
_SEARCH_AHEAD_M = 20.0


@dataclass
class Path:
    """Points, their distance along the way, and by how much the driver leaves the lane's middle (right is positive)."""

    points: F8  # [n, 3], metres
    along_m: F8
    yaw_rad: F8
    shift_m: F8
    end_m: float  # where the way ends; its points go on beyond
    in_junction: NDArray[np.bool_]  # for each point
    index: int = 0  # where the driver is

    @classmethod
    def through(cls, points: F8, overrun_m: float = 0.0) -> "Path":
        """`overrun_m`: by how much the way goes straight on after its end, so that nobody has to stop there."""
        steps = np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1)
        keep = np.concatenate(([True], steps > 0.05))
        points = points[keep]
        if len(points) < 2:
            raise ValueError("a way needs two points that are apart")
        end_m = float(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1).sum())
        last = points[-1] - points[-2]
        beyond = points[-1] + np.arange(1.0, overrun_m + 1.0)[:, None] * last / np.linalg.norm(last)
        points = np.concatenate((points, beyond))
        step = np.diff(points[:, :2], axis=0)
        along = np.concatenate(([0.0], np.cumsum(np.linalg.norm(step, axis=1))))
        # The tangent at a point is the mean of its two pieces.
        unit = step / np.linalg.norm(step, axis=1)[:, None]
        tangent = np.concatenate((unit[:1], unit[:-1] + unit[1:], unit[-1:]))
        yaw = np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))
        return cls(points, along, yaw, np.zeros(len(points)), end_m, np.zeros(len(points), bool))

    @property
    def length_m(self) -> float:
        return float(self.along_m[-1])

    def locate(self, x: float, y: float) -> float:
        """Move on to the nearest point near the last one; the distance along the way."""
        here = self.along_m[self.index]
        first, last = np.searchsorted(self.along_m, (here - _SEARCH_BACK_M, here + _SEARCH_AHEAD_M))
        near = self.points[first : last + 1, :2] - (x, y)
        self.index = int(first + np.argmin((near * near).sum(axis=1)))
        return self.place(x, y, self.index)

    def place(self, x: float, y: float, index: int) -> float:
        yaw = self.yaw_rad[index]
        ahead = (x - self.points[index, 0]) * np.cos(yaw) + (y - self.points[index, 1]) * np.sin(yaw)
        return float(self.along_m[index] + ahead)

    def shifted(self, first: int, last: int) -> F8:
        """Points first:last as they are to be driven, [n, 2]."""
        part = slice(first, last)
        side = np.stack((-np.sin(self.yaw_rad[part]), np.cos(self.yaw_rad[part])), axis=1)
        driven: F8 = self.points[part, :2] + side * self.shift_m[part, None]
        return driven

    def at(self, along_m: float) -> tuple[float, float]:
        """The driven place at a distance."""
        i = int(np.clip(np.searchsorted(self.along_m, along_m), 1, len(self.points) - 1))
        a, b = self.shifted(i - 1, i + 1)
        span = self.along_m[i] - self.along_m[i - 1]
        part = float(np.clip((along_m - self.along_m[i - 1]) / span, 0.0, 1.0))
        x, y = a + (b - a) * part
        return float(x), float(y)

    def curvature(self, first: int, last: int, stride: int = 4) -> F8:
        """Of the points first:last, 1/m, from the turn between points a few metres apart."""
        rows = np.arange(first, last)
        before, after = np.maximum(rows - stride, 0), np.minimum(rows + stride, len(self.points) - 1)
        turn = self.yaw_rad[after] - self.yaw_rad[before]
        turn = np.abs(np.arctan2(np.sin(turn), np.cos(turn)))
        bend: F8 = turn / np.maximum(self.along_m[after] - self.along_m[before], 0.5)
        return bend
