"""Round what stands in the lane: through the lane beside it, when that is free."""

from typing import Any, Final

import numpy as np

from agent.expert.conflicts import LEVEL_M, Ego, blockers
from agent.expert.path import Path
from agent.expert.surroundings import PROP, Others

__all__ = ["Detour"]

_LOOK_AHEAD_M: Final = 45.0
_PATIENCE_S: Final = 6.0  # with a vehicle that was never seen to drive
_PATIENCE_WITH_TRAFFIC_S: Final = 60.0  # with one that was: it waits for somebody and will drive on
_CLUSTER_GAP_M: Final = 14.0
_RAMP_M: Final = 12.0
_CLEARANCE_M: Final = 3.0
_DETOUR_MPS: Final = 7.0
_TIME_RESERVE_S: Final = 2.0
_QUEUE_M: Final = 60.0  # a car so far before a light that holds it is in its queue
_OVER_LINE_M: Final = 8.0  # the first one may have stopped on the line or behind it
_REAR_M: Final = 12.0


class Detour:
    """Shifts the path, once per obstacle."""

    def __init__(self, map_: Any) -> None:
        self._map = map_
        self._until_m = -1.0  # the last one reaches so far

    def is_on_at(self, along_m: float) -> bool:
        return along_m < self._until_m

    def consider(self, path: Path, ego: Ego, others: Others, next_light_m: float | None) -> None:
        """`next_light_m`: where the next stop line is, if any."""
        if self.is_on_at(ego.along_m):
            return
        found = blockers(path, ego, others, _LOOK_AHEAD_M, _PATIENCE_S, _PATIENCE_WITH_TRAFFIC_S)
        if not found:
            return
        begin, end, row = found[0]
        if others.kind[row] != PROP and next_light_m is not None and -_OVER_LINE_M < next_light_m - end < _QUEUE_M:
            return
        for other_begin, other_end, _ in found[1:]:
            if other_begin - end < _CLUSTER_GAP_M:
                end = max(end, other_end)
        shift = self._free_side(path, ego, others, begin, end)
        if shift:
            self._shift(path, begin, end, shift)

    def _free_side(self, path: Path, ego: Ego, others: Others, begin: float, end: float) -> float:
        """By how much to the right (negative: left), 0 where no lane beside is free."""
        from_, to = (int(np.searchsorted(path.along_m, m)) for m in (begin, end))
        x, y, z = path.points[min((from_ + to) // 2, len(path.points) - 1)]
        here = self._waypoint(x, y, z)
        if here is None:
            return 0.0
        for lane, side in ((here.get_left_lane(), -1.0), (here.get_right_lane(), 1.0)):
            if lane is None or str(lane.lane_type) != "Driving":
                continue
            with_us = np.cos(np.radians(lane.transform.rotation.yaw) - path.yaw_rad[from_]) > 0.0
            shift = side * (here.lane_width + lane.lane_width) / 2
            if self._is_free(path, ego, others, begin, end, shift, bool(with_us)):
                return shift
        return 0.0

    def _waypoint(self, x: float, y: float, z: float) -> Any:
        import carla  # the client is there when a world is; the rest of this module is arithmetic

        return self._map.get_waypoint(carla.Location(float(x), float(y), float(z)))

    @staticmethod
    def _is_free(path: Path, ego: Ego, others: Others, begin: float, end: float, shift: float, with_us: bool) -> bool:
        time_s = (end - ego.along_m + _RAMP_M + ego.half_x) / _DETOUR_MPS + _TIME_RESERVE_S
        i = np.searchsorted(path.along_m, np.clip((begin + end) / 2, 0.0, path.length_m - 0.1))
        yaw = path.yaw_rad[i]
        c, s = np.cos(yaw), np.sin(yaw)
        dx, dy = others.x - path.points[i, 0], others.y - path.points[i, 1]
        middle = path.along_m[i]
        along = middle + dx * c + dy * s
        side = dy * c - dx * s - shift
        speed = others.vx * c + others.vy * s
        in_lane = (np.abs(side) < 1.6 + others.half_y) & (np.abs(others.z - path.points[i, 2]) < LEVEL_M)
        standing = others.speed_mps < 0.1
        on_it = in_lane & (along > begin - _RAMP_M) & (along < end + _RAMP_M)
        if (on_it & standing).any():
            return False
        # Where each will be when we are through: it may not have been in the stretch that we use.
        low, high = ego.along_m - _REAR_M * with_us, end + _RAMP_M
        before, after = along, along + speed * time_s
        touches = (np.minimum(before, after) < high) & (np.maximum(before, after) > low)
        return not (in_lane & ~standing & touches).any()

    def _shift(self, path: Path, begin: float, end: float, shift: float) -> None:
        start, stop = begin - _CLEARANCE_M, end + _CLEARANCE_M
        up = np.clip((path.along_m - (start - _RAMP_M)) / _RAMP_M, 0.0, 1.0)
        down = np.clip((stop + _RAMP_M - path.along_m) / _RAMP_M, 0.0, 1.0)
        ramp = np.minimum(up, down)
        path.shift_m[:] = np.where(ramp > 0.0, shift * 0.5 * (1.0 - np.cos(np.pi * ramp)), path.shift_m)
        self._until_m = float(stop + _RAMP_M)
