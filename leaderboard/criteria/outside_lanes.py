"""Driving outside the route's lanes: beside the road, or on a lane of the other direction.

Rules: OutsideRouteLanesTest of scenario_runner (atomic_criteria.py), branches leaderboard-1.0 and master.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.geometry import distance
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.view import Lane, LaneKind, MapView, TickView
from leaderboard.profiles import LaneRules
from scenarios.events import Event, LeftRouteLanes, Outcome

__all__ = ["OutsideLanes"]


class OutsideLanes:
    """Metres are counted along the route, at each of its points that is passed."""

    outcome: Outcome | None = None

    def __init__(self, rules: LaneRules, route: RouteLine, map_view: MapView) -> None:
        self._rules = rules
        self._map = map_view
        self._route = route
        self._index = 0
        self._driven_m = 0.0
        self._outside_m = 0.0
        self._wrong_lane = False
        self._lane: Lane | None = None

    def update(self, view: TickView) -> Iterable[Event]:
        self._watch_direction(view)
        outside = self._is_off_road(view) or (self._wrong_lane and view.switches.wrong_direction)
        moved = False
        for index in self._route.passed(view.ego, self._index + 1, self._index + self._rules.window):
            step_m = distance(self._route.poses[self._index], self._route.poses[index])
            self._driven_m += step_m
            if outside:
                self._outside_m += step_m
            self._index = index
            moved = True
        if not moved or not self._outside_m:
            return ()
        percentage = self._outside_m / self._driven_m * 100.0
        return (LeftRouteLanes(**here(view), distance_m=self._outside_m, percentage=percentage),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def _is_off_road(self, view: TickView) -> bool:
        """By the nearer one of the nearest driving and the nearest parking lane, measured to its centre."""
        nearest, gap_m = view.lane, distance(view.ego, view.lane.pose)
        if gap_m <= self._rules.tolerance_m:
            # Whichever is nearer, the gap is below any limit: the map need not look for parking lanes, which takes
            # long.
            return False
        parking = self._map.lane_at(view.ego.place, LaneKind.PARKING)
        if parking is not None and gap_m >= distance(view.ego, parking.pose):
            nearest, gap_m = parking, distance(view.ego, parking.pose)
        return gap_m > nearest.width_m / 2.0 + self._rules.tolerance_m

    def _watch_direction(self, view: TickView) -> None:
        """Whether the ego is on a lane of the other direction, as far as changes of lanes tell."""
        lane, before = view.lane, self._lane or view.lane
        changed = self._lane is None or (lane.road_id, lane.lane_id) != (before.road_id, before.lane_id)
        self._lane = lane
        if lane.in_junction:
            # Lanes cross there: no statement.
            self._wrong_lane = False
        elif changed and before.in_junction:
            angle = (lane.pose.yaw_deg - view.ego.yaw_deg) % 360.0
            limit = self._rules.wrong_lane_vehicle_deg
            self._wrong_lane = not (angle < limit or angle > 360.0 - limit)
        elif changed:
            angle = (before.pose.yaw_deg - lane.pose.yaw_deg) % 360.0
            if self._is_reversal(angle):
                self._wrong_lane = not self._wrong_lane
            elif self._rules.change_clears:
                self._wrong_lane = False

    def _is_reversal(self, angle_deg: float) -> bool:
        limit = self._rules.wrong_lane_change_deg
        return limit < angle_deg < 360.0 - limit
