"""Passing a stop sign without a stop.

Rules: RunningStopTest of scenario_runner (atomic_criteria.py): master for 2.x, branch leaderboard-1.0 for 1.0. The
boxes of signs are taken along the world's axes, as there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from leaderboard.criteria.base import here
from leaderboard.criteria.geometry import Point, distance, dot
from leaderboard.criteria.view import MapView, Place, StopSign, TickView
from leaderboard.profiles import StopRules
from scenarios.events import Event, Outcome, RanStopSign

__all__ = ["EnteredStop", "Stop", "inside"]

# Driving backwards, in m/s, or facing against the lane, as a cosine: the official test has one number for both, "100
# degrees".
_BACKWARDS = -0.17


def inside(place: Point, centre: Point, sign: StopSign, enlarge: float) -> bool:
    """Whether a place is in a box as large as the sign's, enlarged, around `centre`; the edge is outside."""
    return abs(place.x - centre.x) < enlarge * sign.half_x_m and abs(place.y - centre.y) < enlarge * sign.half_y_m


class Stop:
    """2.x: the lane's points in the next metres are looked at, and leaving the box is judged."""

    outcome: Outcome | None = None

    def __init__(self, rules: StopRules, map_view: MapView) -> None:
        self._rules = rules
        self._map = map_view
        self._sign: StopSign | None = None
        self._lowest_mps = math.inf
        self._last_run_id: int | None = None

    def update(self, view: TickView) -> Iterable[Event]:
        if self._sign is None:
            self._sign = self._scan(view)
            self._lowest_mps = math.inf
            return ()
        self._lowest_mps = min(self._lowest_mps, view.speed_mps)
        if self._affected(view, self._sign):
            return ()
        sign, self._sign = self._sign, None
        if self._lowest_mps < self._rules.stopped_mps or sign.id == self._last_run_id:
            return ()
        self._last_run_id = sign.id
        return (RanStopSign(**here(view, sign.place), sign_id=sign.id, lowest_speed_mps=self._lowest_mps),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def _scan(self, view: TickView) -> StopSign | None:
        near = [sign for sign in self._map.stop_signs if self._is_near(view, sign)]
        if not near:
            return None
        forward = view.ego.forward
        if dot(view.velocity_mps, forward) < _BACKWARDS or dot(forward, view.lane.pose.forward) < _BACKWARDS:
            return None
        return next((sign for sign in near if self._affected(view, sign)), None)

    def _is_near(self, view: TickView, sign: StopSign) -> bool:
        return distance(sign.centre, view.lane.pose) <= self._rules.proximity_m

    def _affected(self, view: TickView, sign: StopSign) -> bool:
        if not self._is_near(view, sign):
            return False
        rules = self._rules
        places: Sequence[Point] = [view.lane.pose, *self._map.places_ahead(view.lane, rules.step_m, rules.steps)]
        return any(inside(place, sign.centre, sign, rules.enlarge) for place in places)


class EnteredStop:
    """1.0: signs are noticed from afar; only an ego whose middle was in a box around the sign itself can run one."""

    outcome: Outcome | None = None

    def __init__(self, rules: StopRules, map_view: MapView) -> None:
        self._rules = rules
        self._map = map_view
        self._sign: StopSign | None = None
        self._lowest_mps = math.inf
        self._entered = False

    def update(self, view: TickView) -> Iterable[Event]:
        if self._sign is None:
            self._sign = self._scan(view)
            self._lowest_mps = math.inf
            self._entered = False
            return ()
        sign = self._sign
        self._lowest_mps = min(self._lowest_mps, view.speed_mps)
        # Around the sign's post, not around the middle of its box: so it is in 1.0.
        self._entered = self._entered or inside(view.ego, sign.place, sign, self._rules.enlarge)
        if self._is_near(view, sign) and self._reaches(sign, self._places(view)):
            return ()
        self._sign = None
        if self._lowest_mps < self._rules.stopped_mps or not self._entered:
            return ()
        return (RanStopSign(**here(view, sign.place), sign_id=sign.id, lowest_speed_mps=self._lowest_mps),)

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def _scan(self, view: TickView) -> StopSign | None:
        near = [sign for sign in self._map.stop_signs if self._is_near(view, sign)]
        if not near or dot(view.ego.forward, view.lane.pose.forward) <= 0:
            return None
        places = self._places(view)
        return next((sign for sign in near if self._reaches(sign, places)), None)

    def _is_near(self, view: TickView, sign: StopSign) -> bool:
        return distance(sign.place, view.ego) <= self._rules.proximity_m

    def _places(self, view: TickView) -> list[Place]:
        return [view.ego.place, *self._map.places_ahead(view.lane, self._rules.step_m, self._rules.steps)]

    def _reaches(self, sign: StopSign, places: Iterable[Place]) -> bool:
        return any(inside(place, sign.centre, sign, self._rules.enlarge) for place in places)
