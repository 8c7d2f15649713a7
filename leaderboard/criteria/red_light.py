"""Crossing the stop line of a red light, judged by the ego's rear.

Rules: RunningRedLightTest of scenario_runner (atomic_criteria.py), branches leaderboard-1.0 and master.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.base import here
from leaderboard.criteria.geometry import Point, ahead, distance, dot, segments_meet
from leaderboard.criteria.view import Lane, MapView, Place, StopLine, TickView
from leaderboard.profiles import RedLightRules
from scenarios.events import Event, Outcome, RanRedLight

__all__ = ["RedLight"]


class RedLight:
    """Lights are numbered by the simulator; the light run last is not looked at until another one is run."""

    outcome: Outcome | None = None

    def __init__(self, rules: RedLightRules, map_view: MapView) -> None:
        self._rules = rules
        self._map = map_view
        self._lights = {light.id: light for light in map_view.traffic_lights}
        self._last_id: int | None = None

    def update(self, view: TickView) -> Iterable[Event]:
        events: list[Event] = []
        near: Point = view.ego
        tail: _Tail | None = None
        for light_id in sorted(view.red_lights):
            light = self._lights[light_id]
            if light_id == self._last_id or distance(light.centre, near) > self._rules.distance_m:
                continue
            tail = tail or _Tail(view, self._rules, self._map)
            if any(tail.crosses(line) for line in light.stop_lines):
                events.append(RanRedLight(**here(view, light.place), light_id=light.id, ego_speed_mps=view.speed_mps))
                self._last_id = light.id
                # The official loop overwrites the ego's place with that of the light it ran, and measures the lights
                # that follow from there.
                near = light.place
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()


class _Tail:
    """The segment behind the ego that must cross the line: it begins inside the car and ends behind it."""

    def __init__(self, view: TickView, rules: RedLightRules, map_view: MapView) -> None:
        ego = view.ego
        self._half_line_lanes = rules.stop_line_lanes
        self._forward = ego.forward
        self._near = ahead(ego, ego.yaw_deg, -rules.tail_near * view.half_length_m)
        self._far = ahead(ego, ego.yaw_deg, -view.half_length_m - rules.tail_beyond_m)
        self._lane: Lane | None = map_view.lane_at(Place(*self._far, ego.z))

    def crosses(self, line: StopLine) -> bool:
        lane = self._lane
        if lane is None or lane.road_id != line.road_id or lane.lane_id != line.lane_id:
            return False
        if dot(self._forward, line.pose.forward) <= 0:
            return False
        half_m = self._half_line_lanes * line.width_m
        right = ahead(line.pose, line.pose.yaw_deg + 90.0, half_m)
        left = ahead(line.pose, line.pose.yaw_deg - 90.0, half_m)
        return segments_meet(self._near, self._far, left, right)
