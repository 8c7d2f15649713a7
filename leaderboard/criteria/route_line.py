"""The dense route as criteria use it: its points in order, and which of them the ego has passed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from leaderboard.criteria.geometry import distance
from leaderboard.criteria.view import MapView, Place, Pose

__all__ = ["RouteLine"]


class RouteLine:
    """Points about a metre apart. A point is passed when the ego is ahead of it in the point's own direction."""

    def __init__(self, poses: Sequence[Pose]) -> None:
        if len(poses) < 2:
            raise ValueError(f"a route needs two points at least, not {len(poses)}")
        self.poses = tuple(poses)
        self._points = [(pose.x, pose.y, pose.z, *pose.forward) for pose in poses]
        self.metres = [0.0]
        """How far along the route each point is."""
        for before, pose in itertools.pairwise(poses):
            self.metres.append(self.metres[-1] + distance(before, pose))
        if not self.metres[-1]:
            raise ValueError("a route needs points in more than one place")

    @classmethod
    def facing_lanes(cls, poses: Iterable[Pose], map_view: MapView) -> RouteLine:
        """As leaderboard 1.0 does it: each point faces as the lane that the map finds there, not as the plan's own
        lane.

        The two differ where lanes cross in a junction.
        """
        turned = []
        for pose in poses:
            lane = map_view.lane_at(pose.place)
            if lane is not None:
                pose = pose._replace(pitch_deg=lane.pose.pitch_deg, yaw_deg=lane.pose.yaw_deg)
            turned.append(pose)
        return cls(turned)

    def __len__(self) -> int:
        return len(self.poses)

    @property
    def length_m(self) -> float:
        return self.metres[-1]

    def passed(self, place: Place | Pose, first: int, last: int) -> Iterator[int]:
        """Which of the points `first` ... `last` are behind `place`, in order; points beyond the route's end are left
        out.
        """
        for index in range(first, min(last + 1, len(self._points))):
            x, y, z, ahead_x, ahead_y, ahead_z = self._points[index]
            if (place.x - x) * ahead_x + (place.y - y) * ahead_y + (place.z - z) * ahead_z > 0:
                yield index

    def last_passed(self, place: Place | Pose, current: int, window: int) -> int:
        """The furthest passed point among the current one and `window` more; the current one when none is."""
        found = current
        for index in self.passed(place, current, current + window):
            found = index
        return found
