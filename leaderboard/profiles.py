"""Profiles: the rules of one public benchmark, complete. What an episode is, when it ends, what counts, what it costs.

Every number is that of the public code (branches leaderboard-1.0, -2.0 and -2.1 of carla-simulator/leaderboard and
scenario_runner, Bench2Drive 0.0.4, carla_garage's Longest6), except where a comment says otherwise. "2.1" is the rule
of the branch leaderboard-2.1; master and Bench2Drive still score as 2.0 does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from leaderboard.errors import UserError


class Infraction(StrEnum):
    """What the official results list, by the names of their JSON keys, in the order of the 2.x files."""

    COLLISIONS_LAYOUT = "collisions_layout"
    COLLISIONS_PEDESTRIAN = "collisions_pedestrian"
    COLLISIONS_VEHICLE = "collisions_vehicle"
    RED_LIGHT = "red_light"
    STOP = "stop_infraction"
    OUTSIDE_ROUTE_LANES = "outside_route_lanes"
    MIN_SPEED = "min_speed_infractions"
    YIELD = "yield_emergency_vehicle_infractions"
    SCENARIO_TIMEOUT = "scenario_timeouts"
    ROUTE_DEVIATION = "route_dev"
    BLOCKED = "vehicle_blocked"
    ROUTE_TIMEOUT = "route_timeout"


class PenaltyRule(StrEnum):
    PRODUCT = "product"
    """P is the product of a factor for each infraction (1.0, 2.0)."""
    HARMONIC = "harmonic"
    """P is 1 / (1 + the sum of a coefficient for each infraction), times the share driven inside the lanes (2.1)."""


class ResultsFormat(StrEnum):
    """Which results JSON the official tools of a profile read."""

    V1 = "1.0"
    V2 = "2.x"
    BENCH2DRIVE = "bench2drive"


class SensorSuite(StrEnum):
    """Which sensors an agent may have, and how they are set up: leaderboard.sensors holds the tables."""

    V1 = "1.0"
    V2 = "2.x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """Events to numbers."""

    rule: PenaltyRule
    penalties: MappingProxyType[Infraction, float]
    """For each infraction its factor (PRODUCT) or its coefficient (HARMONIC)."""
    min_speed: float | None
    """What a checkpoint at standstill takes: 1 - factor (PRODUCT) or the coefficient (HARMONIC); None costs nothing."""
    lists_all_speeds: bool
    """Whether a checkpoint at 100 % and more is listed too, as Bench2Drive does to compute its efficiency."""
    score_digits: int | None
    """Decimal places of the scores; None leaves them as they are (1.0)."""
    progress_digits: int | None
    """Decimal places to which the route completion is rounded before anything else (2.x)."""
    format: ResultsFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class CollisionRules:
    """Which contacts count. 1.0 looks at contacts of the last places, 2.x at the last one."""

    same_place_m: float
    """A contact is ignored while the ego is this close to a counted one."""
    forget_place_m: float
    """The place of a counted contact is forgotten when the ego is farther away."""
    same_actor_s: float
    """For so long after a counted contact the same actor is ignored."""
    standing_mps: float | None
    """Slower than this the ego is not at fault; None has no such rule."""
    places: int | None
    """How many places are remembered; None means all. Distances are horizontal if all are (1.0), else spatial."""
    other_mutes: bool
    """Whether a contact that is never an infraction (a sidewalk) silences the next ones, as in 2.x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRules:
    """When the ego is outside its route's lanes."""

    tolerance_m: float
    """Beyond the edge of the nearest driving or parking lane."""
    wrong_lane_vehicle_deg: float
    """Ego against its lane, after a junction."""
    wrong_lane_change_deg: float
    """Lane against the last lane, elsewhere."""
    change_clears: bool
    """Whether a change to a lane of the same direction ends a wrong-lane state (1.0)."""
    window: int
    """Points of the route looked at ahead of the last one passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRules:
    """Stop signs."""

    proximity_m: float
    """How near a sign is looked for."""
    step_m: float
    """Distance between the points tested ahead of the ego (along its lane)."""
    steps: int
    """How many such points."""
    stopped_mps: float
    enlarge: float
    """Factor on the sign's trigger box."""
    must_enter: bool
    """Whether only an ego whose middle was in a box around the sign itself can run it (1.0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedLightRules:
    distance_m: float
    """Lights nearer than this are looked at."""
    stop_line_lanes: float
    """Half of the stop line, in lane widths."""
    tail_near: float
    """The segment that must cross the line begins so many half lengths behind the ego's middle ..."""
    tail_beyond_m: float
    """... and ends so far behind its rear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRules:
    """Progress along the route and leaving it."""

    window: int
    """Points of the route tested ahead for progress."""
    faces_lanes: bool
    """Whether a point of the route faces as the lane that the map finds there (1.0), not as the plan's own lane."""
    done_percentage: float
    """Completed when more than this is passed ..."""
    done_distance_m: float
    """... and the end is nearer than this."""
    deviation_window: int
    deviation_m: float
    """Farther from the route than this ends it."""
    safe_m: float
    """Farther than this counts as driven outside."""
    outside_percentage: float
    """More of the route's length driven outside than this ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Simulation time."""

    base_s: float
    """What every route is given."""
    per_metre_s: float | None
    """For each metre of the plan, whole seconds (1.0); None if it grows with progress."""
    speed_share: float | None
    """Progress of ds metres adds ds / (this x speed limit) (2.x); None if not."""
    window: int
    """Points of the route tested ahead for progress."""
    blocked_s: float
    blocked_mps: float
    scenario_s: float
    """A scenario that is not over by then timed out; the blocked test rests while one with a time-out runs."""
    tick_limit: int | None
    """The episode is cut off in the tick after so many (Bench2Drive); None has no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What happens in the world. A record can be scored again only under rules that would have made the same record."""

    ego_model: str
    plan_spacing_m: float
    """Longest gap between two points of the plan that the agent gets."""
    length_of: str
    """What "route length" is: "plan" (2.x) or "keypoints" of the file (1.0)."""
    speed_checkpoints: int
    """Into how many parts the route is cut for the minimum speed; 0 has no such test."""
    speed_window: int
    speed_last_share: float
    """The last part is judged at the end if more than this share of the route is passed."""
    collisions: CollisionRules
    lanes: LaneRules
    stops: StopRules
    red_lights: RedLightRules
    route: RouteRules
    timeouts: Timeouts
    sensor_suite: SensorSuite
    sensor_radius_m: float
    sensor_wait_s: float
    agent_timeout_s: float
    """Wall-clock time for set-up and for each step (--timeout)."""
    traffic: str
    """The traffic that the benchmark drives in, by its name for --traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    summary: str
    """One line for `leaderboard list profiles`."""
    scoring: Scoring
    runtime: Runtime


_COLLISIONS_2: Final = CollisionRules(
    same_place_m=5.0, forget_place_m=5.0, same_actor_s=5.0, standing_mps=0.1, places=1, other_mutes=True
)
_COLLISIONS_1: Final = CollisionRules(
    same_place_m=3.0, forget_place_m=5.0, same_actor_s=5.0, standing_mps=None, places=None, other_mutes=False
)
_LANES_2: Final = LaneRules(
    tolerance_m=0.5, wrong_lane_vehicle_deg=120.0, wrong_lane_change_deg=150.0, change_clears=False, window=3
)
_LANES_1: Final = replace(_LANES_2, tolerance_m=1.3, change_clears=True)
_STOPS_2: Final = StopRules(proximity_m=4.0, step_m=0.5, steps=8, stopped_mps=0.1, enlarge=1.2, must_enter=False)
_STOPS_1: Final = StopRules(proximity_m=50.0, step_m=1.0, steps=20, stopped_mps=0.1, enlarge=1.0, must_enter=True)
_RED_LIGHTS: Final = RedLightRules(distance_m=15.0, stop_line_lanes=0.6, tail_near=0.8, tail_beyond_m=1.0)
_RED_LIGHTS_1: Final = replace(_RED_LIGHTS, stop_line_lanes=0.4)
_ROUTE: Final = RouteRules(
    window=2,
    faces_lanes=False,
    done_percentage=99.0,
    done_distance_m=10.0,
    deviation_window=5,
    deviation_m=30.0,
    safe_m=15.0,
    outside_percentage=30.0,
)
_TIMEOUTS_2: Final = Timeouts(
    base_s=300.0,
    per_metre_s=None,
    speed_share=0.10,
    window=3,
    blocked_s=180.0,
    blocked_mps=0.1,
    scenario_s=240.0,
    tick_limit=None,
)
# The delay and the seconds per metre since leaderboard PR #55 (2020); before, 0.4 s/m and blocked after 90 s.
_TIMEOUTS_1: Final = replace(_TIMEOUTS_2, base_s=5.0, per_metre_s=0.8, speed_share=None)

_RUNTIME_2: Final = Runtime(
    ego_model="vehicle.lincoln.mkz_2020",
    plan_spacing_m=200.0,
    length_of="plan",
    speed_checkpoints=4,
    speed_window=2,
    speed_last_share=0.95,
    collisions=_COLLISIONS_2,
    lanes=_LANES_2,
    stops=_STOPS_2,
    red_lights=_RED_LIGHTS,
    route=_ROUTE,
    timeouts=_TIMEOUTS_2,
    sensor_suite=SensorSuite.V2,
    sensor_radius_m=3.0,
    sensor_wait_s=10.0,
    agent_timeout_s=300.0,
    traffic="lb2",
)
_RUNTIME_1: Final = replace(
    _RUNTIME_2,
    # 1.0 says vehicle.lincoln.mkz2017, the id of that car before CARLA 0.9.12.
    ego_model="vehicle.lincoln.mkz_2017",
    plan_spacing_m=50.0,
    length_of="keypoints",
    speed_checkpoints=0,
    collisions=_COLLISIONS_1,
    lanes=_LANES_1,
    stops=_STOPS_1,
    red_lights=_RED_LIGHTS_1,
    route=replace(_ROUTE, faces_lanes=True),
    sensor_suite=SensorSuite.V1,
    timeouts=_TIMEOUTS_1,
    agent_timeout_s=60.0,
    traffic="lb1",
)
_RUNTIME_B2D: Final = replace(
    _RUNTIME_2,
    plan_spacing_m=50.0,
    speed_checkpoints=20,
    timeouts=replace(_TIMEOUTS_2, blocked_s=60.0, tick_limit=4000),
    # 3 m without SAVE_PATH; the fork allows 100 m with it, so that agents may add a camera that looks on.
    sensor_radius_m=100.0,
    sensor_wait_s=300.0,
    agent_timeout_s=600.0,
)

_FACTORS: Final = {
    Infraction.COLLISIONS_PEDESTRIAN: 0.50,
    Infraction.COLLISIONS_VEHICLE: 0.60,
    Infraction.COLLISIONS_LAYOUT: 0.65,
    Infraction.RED_LIGHT: 0.70,
    Infraction.STOP: 0.80,
}
_SCORING_1: Final = Scoring(
    rule=PenaltyRule.PRODUCT,
    penalties=MappingProxyType(_FACTORS),
    min_speed=None,
    lists_all_speeds=False,
    score_digits=None,
    progress_digits=None,
    format=ResultsFormat.V1,
)
_SCORING_20: Final = Scoring(
    rule=PenaltyRule.PRODUCT,
    penalties=MappingProxyType({**_FACTORS, Infraction.SCENARIO_TIMEOUT: 0.70, Infraction.YIELD: 0.70}),
    min_speed=0.3,
    lists_all_speeds=False,
    score_digits=6,
    progress_digits=2,
    format=ResultsFormat.V2,
)
_SCORING_21: Final = replace(
    _SCORING_20,
    rule=PenaltyRule.HARMONIC,
    penalties=MappingProxyType(
        {
            Infraction.COLLISIONS_PEDESTRIAN: 1.0,
            Infraction.COLLISIONS_VEHICLE: 0.7,
            Infraction.COLLISIONS_LAYOUT: 0.6,
            Infraction.RED_LIGHT: 0.4,
            Infraction.STOP: 0.25,
            Infraction.SCENARIO_TIMEOUT: 0.4,
            Infraction.YIELD: 0.4,
        }
    ),
    min_speed=0.4,
)

DEFAULT_PROFILE: Final = "lb2.1"

PROFILES: Final = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                name="lb1.0",
                summary="CARLA Leaderboard 1.0: product of factors, 0.8 s for each metre, no minimum speed",
                scoring=_SCORING_1,
                runtime=_RUNTIME_1,
            ),
            Profile(
                name="lb2.0",
                summary="CARLA Leaderboard 2.0 (and its master branch): product of factors",
                scoring=_SCORING_20,
                runtime=_RUNTIME_2,
            ),
            Profile(
                name="lb2.1",
                summary="CARLA Leaderboard 2.1: 1 / (1 + sum of coefficients); the default",
                scoring=_SCORING_21,
                runtime=_RUNTIME_2,
            ),
            Profile(
                name="bench2drive",
                summary="Bench2Drive 0.0.4: 2.0's factors without minimum speed, 4000 ticks, blocked after 60 s",
                scoring=replace(_SCORING_20, min_speed=None, lists_all_speeds=True, format=ResultsFormat.BENCH2DRIVE),
                runtime=_RUNTIME_B2D,
            ),
            Profile(
                name="longest6",
                summary="Longest6 (v1): 1.0 with dense traffic, stop signs cost nothing",
                scoring=replace(_SCORING_1, penalties=MappingProxyType({**_FACTORS, Infraction.STOP: 1.0})),
                # 500 are asked for, which is every spawn point of its towns.
                runtime=replace(_RUNTIME_1, traffic="500"),
            ),
        )
    }
)


def profile_named(name: str) -> Profile:
    """The profile of that name; an unknown one raises UserError with the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UserError(f"unknown profile {name!r}; known are {', '.join(PROFILES)}") from None


def differing_rules(one: Runtime, other: Runtime) -> tuple[str, ...]:
    """The dotted names of the runtime rules in which two profiles differ, e.g. ("timeouts.blocked_s",)."""
    return tuple(_differences(one, other, ""))


def _differences(one: object, other: object, prefix: str) -> list[str]:
    names: list[str] = []
    for field in fields(one):  # type: ignore[arg-type]
        left, right = getattr(one, field.name), getattr(other, field.name)
        if left == right:
            continue
        nested = hasattr(left, "__dataclass_fields__")
        names += _differences(left, right, f"{prefix}{field.name}.") if nested else [f"{prefix}{field.name}"]
    return names
