"""Short ways to write events in tests, and a hypothesis strategy for whole records."""

import dataclasses
import typing
from enum import StrEnum

from hypothesis import strategies as st

from scenarios.events import (
    EVENT_TYPES,
    AgentReady,
    Blocked,
    Category,
    CollisionStarted,
    EpisodeEnded,
    EpisodeStarted,
    FailedToYield,
    Ignored,
    LeftRouteLanes,
    MinimumSpeed,
    Outcome,
    Place,
    RanRedLight,
    RanStopSign,
    RouteCompleted,
    RouteDeviated,
    RouteProgress,
    RouteTimedOut,
    ScenarioTimedOut,
)


def fact(kind, frame=1, place=(0.0, 0.0, 0.0), **values):
    return kind(frame=frame, time_s=frame * 0.05, place=Place(*place), **values)


def collision(category, frame=1, ignored=None, other_id=7, type_id="vehicle.audi.tt", place=(1.0, 2.0, 3.0)):
    return fact(
        CollisionStarted,
        frame,
        place,
        other_id=other_id,
        type_id=type_id,
        role="background",
        category=category,
        impulse_ns=120.0,
        ego_speed_mps=4.0,
        ignored=ignored,
    )


def vehicle(frame=1, **values):
    return collision(Category.VEHICLE, frame, **values)


def pedestrian(frame=1, **values):
    return collision(Category.PEDESTRIAN, frame, **values)


def static(frame=1, **values):
    return collision(Category.STATIC, frame, **values)


def red_light(frame=1):
    return fact(RanRedLight, frame, light_id=31, ego_speed_mps=8.0)


def stop_sign(frame=1):
    return fact(RanStopSign, frame, sign_id=5, lowest_speed_mps=1.0)


def outside(percentage, metres=10.0, frame=1):
    return fact(LeftRouteLanes, frame, distance_m=metres, percentage=percentage)


def speed(percentage, frame=1, checkpoint=1, traffic_mps=5.0):
    mean = traffic_mps * percentage / 100
    return fact(
        MinimumSpeed,
        frame,
        checkpoint=checkpoint,
        percentage=percentage,
        ego_mean_mps=mean,
        traffic_mean_mps=traffic_mps,
    )


def no_yield(frame=1):
    return fact(FailedToYield, frame, scenario="YieldToEmergencyVehicle_1", vehicle_id=9)


def scenario_timeout(frame=1):
    return fact(ScenarioTimedOut, frame, scenario="Accident_1")


def progress(percentage, frame=1):
    return fact(RouteProgress, frame, percentage=percentage)


def completed(frame=100):
    return fact(RouteCompleted, frame)


def deviated(frame=100):
    return fact(RouteDeviated, frame, (1.0, -2.0, 0.5), distance_m=31.0, outside_percentage=4.0)


def blocked(frame=100):
    return fact(Blocked, frame, stood_s=180.0)


def timed_out(frame=100):
    return fact(RouteTimedOut, frame, allowed_s=300.0)


def started(length_m=1000.0, profile="lb2.1", **values):
    defaults = {
        "route_id": "0",
        "repetition": 0,
        "town": "Harbor",
        "seed": 0,
        "plan_points": 1001,
        "first_junction_point": 40,
        "keypoints_length_m": length_m * 0.9,
    }
    return fact(EpisodeStarted, 0, profile=profile, plan_length_m=length_m, **(defaults | values))


def ready(*sensors):
    return fact(AgentReady, 0, track="SENSORS", sensors=sensors)


def ended(outcome=Outcome.COMPLETED, frame=101):
    return fact(EpisodeEnded, frame, outcome=outcome, ticks=frame, duration_s=frame * 0.05, detail="")


def _of(hint):
    if hint is Place:
        return st.builds(Place, *(st.floats(-1e4, 1e4),) * 3)
    if hint == tuple[str, ...]:
        return st.lists(st.text(max_size=8), max_size=3).map(tuple)
    if hint == int | None:
        return st.none() | st.integers(0, 10**6)
    if hint == Ignored | None:
        return st.none() | st.sampled_from(Ignored)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    simple = {
        int: st.integers(-(2**40), 2**40),
        float: st.floats(allow_nan=False, allow_infinity=False),
        str: st.text(max_size=12),
        bool: st.booleans(),
    }
    return simple[hint]


def any_event():
    """Any event at all, by its fields."""
    return st.one_of(
        *(
            st.builds(kind, **{name: _of(hint) for name, hint in typing.get_type_hints(kind).items()})
            for kind in EVENT_TYPES.values()
            if dataclasses.is_dataclass(kind)
        )
    )


def infractions():
    """A list of infractions as a drive might collect them, at most one running value of each kind."""
    frames = st.integers(1, 4000)
    one = st.one_of(
        st.builds(collision, st.sampled_from(Category), frames, ignored=st.sampled_from([None, None, *Ignored])),
        st.builds(red_light, frames),
        st.builds(stop_sign, frames),
        st.builds(speed, st.floats(0, 150), frames),
        st.builds(no_yield, frames),
        st.builds(scenario_timeout, frames),
    )
    lanes = st.lists(st.builds(outside, st.floats(0.01, 100), frame=frames), max_size=1)
    return st.builds(lambda found, left: found + left, st.lists(one, max_size=10), lanes)
