"""Who is or will be in our way, and how hard to brake for it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.expert import following
from agent.expert.path import Path
from agent.expert.surroundings import BICYCLE, PROP, WALKER, Others

F8 = NDArray[np.float64]

__all__ = ["LEVEL_M", "Ego", "Leader", "blockers", "leaders"]

_TIMES_S: Final = np.arange(0.0, 2.6, 0.25)
_SIDE_MARGIN_M: Final = 0.35
_WALKER_MARGIN_M: Final = 0.9
_NEAR_WAY_M: Final = 30.0
LEVEL_M: Final = 4.0  # who is higher or lower than that is on a bridge or under it
_STRIDE: Final = 2  # every other point of the way is near enough to tell who is in it
_ALONG_SLOPE: Final = 0.3  # sideways per metre onwards of who drives along our road, changing lanes or not
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
    reach = 25.0 + 5.0 * ego.speed_mps
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


def blockers(
    path: Path, ego: Ego, others: Others, ahead_m: float, still_s: float, drove_still_s: float
) -> list[tuple[float, float, int]]:
    """What has stood on the way ahead for some time, longer if it was seen driving before: (from, to) along the way,
    and its row. The nearest first.
    """
    first, last = np.searchsorted(path.along_m, (ego.along_m, ego.along_m + ahead_m))
    last = min(int(last), len(path.points))
    if len(others) == 0 or last - first < 2:
        return []
    near = _near(path.shifted(first, last), others)
    patience = np.where(others.drove[near] > 0.0, drove_still_s, still_s)
    near = near[(others.speed_mps[near] < 0.1) & ((others.still_s[near] >= patience) | (others.kind[near] == PROP))]
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
    points = path.shifted(first, last)[::_STRIDE]
    x, y = others.corners(*_forecast(path, first, last, others, times_s))
    dx = x[..., None] - points[:, 0]
    dy = y[..., None] - points[:, 1]
    j = first + _STRIDE * (dx * dx + dy * dy).argmin(axis=-1)
    driven = points[(j - first) // _STRIDE]
    px, py = x - driven[..., 0], y - driven[..., 1]
    c, s = np.cos(path.yaw_rad[j]), np.sin(path.yaw_rad[j])
    side = py * c - px * s
    ahead = px * c + py * s
    margin = np.where(others.kind == WALKER, _WALKER_MARGIN_M, _SIDE_MARGIN_M)[:, None, None]
    level = np.abs(others.z[:, None, None] - path.points[j, 2]) < LEVEL_M
    inside = (np.abs(side) < ego.half_y + margin) & (np.abs(ahead) < 3.0) & level
    return inside, path.along_m[j] + ahead


def _forecast(path: Path, first: int, last: int, others: Others, times_s: F8) -> tuple[F8, F8, F8]:
    """Middles and yaws [n, k]. Who drives along our road, with us or against us, follows it round its bends; in a
    junction, where nobody knows who turns off, and everywhere else they keep their turn.
    """
    x, y, yaw = others.forecast(times_s)
    points = path.points[first:last]
    dx, dy = others.x[:, None] - points[:, 0], others.y[:, None] - points[:, 1]
    j = first + (dx * dx + dy * dy).argmin(axis=1)
    dx, dy = others.x - path.points[j, 0], others.y - path.points[j, 1]
    c, s = np.cos(path.yaw_rad[j]), np.sin(path.yaw_rad[j])
    onwards, aside = others.vx * c + others.vy * s, others.vy * c - others.vx * s
    follows = (
        (others.kind != WALKER)
        & (np.abs(onwards) > 1.0)
        & (np.abs(aside) < _ALONG_SLOPE * np.abs(onwards))
        & (np.abs(dx * c + dy * s) < 3.0)
        & ~path.in_junction[j]
    )
    along = (path.along_m[j] + dx * c + dy * s)[:, None] + onwards[:, None] * times_s
    side = (dy * c - dx * s)[:, None] + aside[:, None] * times_s
    bend = np.interp(along, path.along_m, path.yaw_rad)
    road_x = np.interp(along, path.along_m, path.points[:, 0]) - np.sin(bend) * side
    road_y = np.interp(along, path.along_m, path.points[:, 1]) + np.cos(bend) * side
    road_yaw = others.yaw_rad[:, None] + bend - path.yaw_rad[j][:, None]
    keeps = follows[:, None]
    return np.where(keeps, road_x, x), np.where(keeps, road_y, y), np.where(keeps, road_yaw, yaw)


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
