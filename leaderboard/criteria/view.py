"""What criteria see: one frozen view a tick, and a map to ask. Nothing here imports carla.

The values are CARLA's own (metres, degrees, m/s, left-handed axes, z up); `leaderboard.carla_view` reads them from
the client, tests draw them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from scenarios.events import Place

__all__ = [
    "ActiveScenario",
    "Contact",
    "Lane",
    "LaneKind",
    "MapView",
    "Place",
    "Pose",
    "StopLine",
    "StopSign",
    "Switches",
    "TickView",
    "TrafficLight",
]


class Pose(NamedTuple):
    """Where something is and which way it faces."""

    x: float
    y: float
    z: float
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    roll_deg: float = 0.0

    @property
    def place(self) -> Place:
        return Place(self.x, self.y, self.z)

    @property
    def forward(self) -> Place:
        """The unit vector ahead, as carla.Transform.get_forward_vector gives it."""
        pitch, yaw = math.radians(self.pitch_deg), math.radians(self.yaw_deg)
        level = math.cos(pitch)
        return Place(level * math.cos(yaw), level * math.sin(yaw), math.sin(pitch))


class LaneKind(Enum):
    DRIVING = "driving"
    PARKING = "parking"


class Lane(NamedTuple):
    """A point on the centre of a lane: what carla calls a waypoint."""

    pose: Pose
    road_id: int
    lane_id: int
    width_m: float
    in_junction: bool
    handle: object = None
    """The map's own way to go on from here; nothing that a criterion reads."""


class StopLine(NamedTuple):
    """The last point of a lane before a junction that a traffic light rules."""

    pose: Pose
    road_id: int
    lane_id: int
    width_m: float


class TrafficLight(NamedTuple):
    id: int
    place: Place
    centre: Place
    """Of its trigger volume, in the world."""
    stop_lines: tuple[StopLine, ...]


class StopSign(NamedTuple):
    id: int
    place: Place
    centre: Place
    """Of its trigger volume, in the world."""
    half_x_m: float
    half_y_m: float


class MapView(Protocol):
    """What criteria ask of a map."""

    @property
    def traffic_lights(self) -> Sequence[TrafficLight]: ...

    @property
    def stop_signs(self) -> Sequence[StopSign]: ...

    def lane_at(self, place: Place, kind: LaneKind = LaneKind.DRIVING) -> Lane | None:
        """The nearest lane of a kind, however far it is; None where the map has none."""

    def places_ahead(self, lane: Lane, step_m: float, steps: int) -> Sequence[Place]:
        """Points on the lane's centre at 1, 2 ... steps ahead, along the first branch at each fork; fewer where the
        lane ends.
        """


class Contact(NamedTuple):
    """The ego touched something during a tick. `other_id` is 0 for the static world.

    The ego's place and speed are those of the tick before, so of just before the contact. The official test judges by
    them too: the sensor's message arrives before its data provider has noticed the new tick.
    """

    frame: int
    time_s: float
    other_id: int
    type_id: str
    role: str
    impulse_ns: float
    ego_place: Place
    ego_speed_mps: float


class ActiveScenario(NamedTuple):
    """A scenario that is under way; in the view of its last tick it is not `running` any more."""

    name: str
    running: bool = True
    timed_out: bool = False
    emergency_vehicle_id: int | None = None
    emergency_vehicle: Pose | None = None


class Switches(NamedTuple):
    """Which tests are on: a scenario that blocks the road cannot blame the ego for standing there."""

    blocked: bool = True
    wrong_direction: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """The world after one tick. Frames and times are counted from the first tick of the route."""

    frame: int
    time_s: float
    ego: Pose
    velocity_mps: Place
    """In world axes."""
    half_length_m: float
    speed_limit_kmh: float
    lane: Lane
    """The driving lane nearest to the ego."""
    red_lights: frozenset[int] = frozenset()
    """The lights that show red, at least those whose trigger volume is within 20 m."""
    contacts: tuple[Contact, ...] = ()
    """Of the tick before, and older ones that arrived late, in the order of frames."""
    traffic_speeds_mps: Sequence[float] = ()
    """Of each vehicle of the background traffic, wherever it is."""
    scenarios: tuple[ActiveScenario, ...] = ()
    switches: Switches = field(default=Switches())

    @property
    def speed_mps(self) -> float:
        """Over the ground, without the vertical part: CarlaDataProvider.get_velocity of scenario_runner leaves it out
        too.
        """
        return math.hypot(self.velocity_mps.x, self.velocity_mps.y)
