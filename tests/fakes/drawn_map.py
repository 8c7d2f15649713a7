"""A map drawn by hand for criteria: straight lanes along the x axis, lights and signs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leaderboard.criteria.geometry import distance
from leaderboard.criteria.view import Lane, LaneKind, Place, Pose, StopLine, StopSign, TickView, TrafficLight


class Strip(NamedTuple):
    """A straight lane from x_from to x_to; eastbound ones are driven towards growing x."""

    y: float
    road_id: int = 1
    lane_id: int = -1
    x_from: float = 0.0
    x_to: float = 1000.0
    eastbound: bool = True
    width_m: float = 3.5
    kind: LaneKind = LaneKind.DRIVING
    in_junction: bool = False

    def nearest(self, place: Place) -> Pose:
        x = min(self.x_to, max(self.x_from, place.x))
        return Pose(x, self.y, 0.0, yaw_deg=0.0 if self.eastbound else 180.0)


@dataclass
class DrawnMap:
    strips: Sequence[Strip]
    traffic_lights: Sequence[TrafficLight] = ()
    stop_signs: Sequence[StopSign] = ()
    asked: list[Place] = field(default_factory=list)

    def lane_at(self, place: Place, kind: LaneKind = LaneKind.DRIVING) -> Lane | None:
        self.asked.append(place)
        strips = [strip for strip in self.strips if strip.kind is kind]
        if not strips:
            return None
        strip = min(strips, key=lambda each: distance(each.nearest(place), place))
        return Lane(strip.nearest(place), strip.road_id, strip.lane_id, strip.width_m, strip.in_junction, strip)

    def places_ahead(self, lane: Lane, step_m: float, steps: int) -> list[Place]:
        strip = lane.handle
        assert isinstance(strip, Strip)
        ahead = 1.0 if strip.eastbound else -1.0
        places = [Place(lane.pose.x + ahead * step_m * count, strip.y, 0.0) for count in range(1, steps + 1)]
        return [place for place in places if strip.x_from <= place.x <= strip.x_to]


# Two lanes for each direction, right-hand traffic; y grows to the right of the eastbound ones.
ROAD = (
    Strip(1.75, lane_id=-1),
    Strip(5.25, lane_id=-2),
    Strip(-1.75, lane_id=1, eastbound=False),
    Strip(-5.25, lane_id=2, eastbound=False),
)


def road_map(traffic_lights: Sequence[TrafficLight] = (), stop_signs: Sequence[StopSign] = ()) -> DrawnMap:
    return DrawnMap(ROAD, traffic_lights, stop_signs)


def straight_route(length: int = 200, y: float = 1.75) -> list[Pose]:
    """A point each metre, eastbound."""
    return [Pose(float(x), y, 0.0) for x in range(length + 1)]


def light(id_: int = 7, x: float = 100.0, y: float = 1.75, lane_id: int = -1) -> TrafficLight:
    """A light whose stop line is at `x`, with its trigger volume 3 m before it."""
    return TrafficLight(
        id_, Place(x + 20.0, 8.0, 0.0), Place(x - 3.0, y, 0.0), (StopLine(Pose(x, y, 0.0), 1, lane_id, 3.5),)
    )


def sign(id_: int = 9, x: float = 100.0, y: float = 1.75) -> StopSign:
    return StopSign(id_, Place(x + 1.0, 8.0, 0.0), Place(x, y, 0.0), 1.5, 1.0)


class Drive:
    """Views of one drive, tick by tick, 20 a second."""

    def __init__(self, drawn: DrawnMap) -> None:
        self.map = drawn
        self.frame = 0

    def view(self, x: float, y: float = 1.75, speed_mps: float = 10.0, yaw_deg: float = 0.0, **more) -> TickView:
        """The next tick: the ego at a place, driving where it faces; `after_s` lets time pass before."""
        self.frame += 1 + round(more.pop("after_s", 0.0) * 20)
        pose = Pose(x, y, more.pop("z", 0.0), yaw_deg=yaw_deg)
        lane = self.map.lane_at(pose.place)
        assert lane is not None
        forward = pose.forward
        return TickView(
            frame=self.frame,
            time_s=self.frame / 20.0,
            ego=pose,
            velocity_mps=Place(speed_mps * forward.x, speed_mps * forward.y, more.pop("climb_mps", 0.0)),
            half_length_m=2.446,
            speed_limit_kmh=more.pop("speed_limit_kmh", 36.0),
            lane=lane,
            **more,
        )
