"""Who is or will be in our way, and how hard to brake for it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.expert import following
from agent.expert.path import Path
from agent.expert.surroundings import BICYCLE, PROP, WALKER, Others

F8 = NDArray[np.float64]

__all__ = ["Ego", "Leader", "blockers", "leaders"]

_TIMES_S: Final = np.arange(0.0, 2.6, 0.25)
_SIDE_MARGIN_M: Final = 0.35
_WALKER_MARGIN_M: Final = 0.9
_NEAR_WAY_M: Final = 30.0
# Two who cross pass one after the other with this much time between them.
_TIME_MARGIN_S: Final = 0.9
_START_MPS2: Final = 2.0


@dataclass(frozen=True, slots=True)
class Ego:
    along_m: float  # of the middle of the box, on the way
    speed_mps: float
    half_x: float
    half_y: float
    limit_mps: float

    def time_to(self, distance_m: float) -> float:
        """Until it has driven so far, if nothing hinders it."""
        if distance_m <= 0.0:
            return 0.0
        v, top = self.speed_mps, max(self.limit_mps, self.speed_mps, 1.0)
        to_top = (top - v) / _START_MPS2
        gained = v * to_top + 0.5 * _START_MPS2 * to_top**2
        if distance_m < gained:
            return float((-v + np.sqrt(v * v + 2.0 * _START_MPS2 * distance_m)) / _START_MPS2)
        return to_top + (distance_m - gained) / top


@dataclass(frozen=True, slots=True)
class Leader:
    id: int
    kind: int
    gap_m: float  # from our bumper
    speed_mps: float  # along our way
    still_s: float
    acceleration_mps2: float  # what it allows us


def leaders(path: Path, ego: Ego, others: Others) -> list[Leader]:
    """Everyone who limits us now, the hardest first."""
    reach = min(80.0, 25.0 + 4.0 * ego.speed_mps)
    first, last = np.searchsorted(path.along_m, (ego.along_m - 8.0, ego.along_m + reach))
    last = min(int(last), len(path.points))
    if len(others) == 0 or last - first < 2:
        return []
    near = _near(path.shifted(first, last), others)
    if not len(near):
        return []
    rows = _take(others, near)
    inside, along = _occupied(path, int(first), last, ego, rows)
    front = ego.along_m + ego.half_x
    found = []
    for i in range(len(rows)):
        leader = _leader(path, ego, rows, i, inside[i], along[i], front)
        if leader is not None:
            found.append(leader)
    return sorted(found, key=lambda leader: leader.acceleration_mps2)


def blockers(path: Path, ego: Ego, others: Others, ahead_m: float, still_s: float) -> list[tuple[float, float, int]]:
    """What has stood on the way ahead for some time: (from, to) along it, and its row. The nearest first."""
    first, last = np.searchsorted(path.along_m, (ego.along_m, ego.along_m + ahead_m))
    last = min(int(last), len(path.points))
    if len(others) == 0 or last - first < 2:
        return []
    near = _near(path.shifted(first, last), others)
    near = near[(others.speed_mps[near] < 0.1) & ((others.still_s[near] >= still_s) | (others.kind[near] == PROP))]
    near = near[others.kind[near] != WALKER]
    if not len(near):
        return []
    inside, along = _occupied(path, int(first), last, ego, _take(others, near), np.zeros(1))
    found = []
    for i in range(len(near)):
        if inside[i, 0].any():
            spots = along[i, 0][inside[i, 0]]
            found.append((float(spots.min()), float(spots.max()), int(near[i])))
    return sorted(found)


def _near(points: F8, others: Others) -> NDArray[np.intp]:
    dx = others.x[:, None] - points[None, ::4, 0]
    dy = others.y[:, None] - points[None, ::4, 1]
    reach = _NEAR_WAY_M + others.half_x
    return np.flatnonzero((dx * dx + dy * dy).min(axis=1) < reach * reach)


def _take(others: Others, rows: NDArray[np.intp]) -> Others:
    return Others(*(getattr(others, name)[rows] for name in Others.__slots__))


def _occupied(
    path: Path, first: int, last: int, ego: Ego, others: Others, times_s: F8 = _TIMES_S
) -> tuple[NDArray[np.bool_], F8]:
    """Which outline points [n, k, 8] are in the strip that we sweep, and how far along the way they are."""
    points = path.shifted(first, last)
    x, y = others.corners(*others.forecast(times_s))
    dx = x[..., None] - points[:, 0]
    dy = y[..., None] - points[:, 1]
    j = (dx * dx + dy * dy).argmin(axis=-1)
    px, py = x - points[j, 0], y - points[j, 1]
    c, s = np.cos(path.yaw_rad[first + j]), np.sin(path.yaw_rad[first + j])
    side = py * c - px * s
    ahead = px * c + py * s
    margin = np.where(others.kind == WALKER, _WALKER_MARGIN_M, _SIDE_MARGIN_M)[:, None, None]
    inside = (np.abs(side) < ego.half_y + margin) & (np.abs(ahead) < 3.0)
    return inside, path.along_m[first + j] + ahead


def _leader(
    path: Path, ego: Ego, others: Others, i: int, inside: NDArray[np.bool_], along: F8, front: float
) -> Leader | None:
    taken = np.asarray(inside.any(axis=1))
    if not taken.any():
        return None
    begin = np.where(inside, along, np.inf).min(axis=1)  # [k] the nearest part that is in our way
    k = int(np.argmax(taken))
    if taken[0] and begin[0] < ego.along_m:
        return None  # beside or behind us in our own lane: it will look after itself
    row = int(np.clip(np.searchsorted(path.along_m, begin[k]), 0, len(path.yaw_rad) - 1))
    yaw = path.yaw_rad[row]
    speed = float(max(others.vx[i] * np.cos(yaw) + others.vy[i] * np.sin(yaw), 0.0))
    gap = float(begin[k]) - front
    if k > 0:
        if begin[k] < front:
            return None  # it will meet our side, and no braking helps
        enters, leaves = _TIMES_S[k], _TIMES_S[np.flatnonzero(taken)[-1]]
        arrives = ego.time_to(gap)
        passes = ego.time_to(gap + 2.0 * ego.half_x + 3.0)
        if passes + _TIME_MARGIN_S < enters or arrives > leaves + _TIME_MARGIN_S:
            return None
        if others.kind[i] == WALKER:
            gap -= 1.0
    spacing = {WALKER: following.WALKER, BICYCLE: following.BICYCLE}.get(int(others.kind[i]), following.VEHICLE)
    value = following.idm(ego.speed_mps, ego.limit_mps, gap, speed, spacing)
    return Leader(int(others.id[i]), int(others.kind[i]), gap, speed, float(others.still_s[i]), value)
