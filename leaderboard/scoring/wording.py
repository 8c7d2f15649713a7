"""The texts of infractions as the official results hold them; tools parse them, so every character counts.

Sources: atomic_criteria.py of scenario_runner (0.9.16 and branch leaderboard-1.0, which agree), statistics_manager.py.
"""

from __future__ import annotations

from scenarios.events import (
    Blocked,
    CollisionStarted,
    Event,
    FailedToYield,
    LeftRouteLanes,
    MinimumSpeed,
    Place,
    RanRedLight,
    RanStopSign,
    RouteDeviated,
    RouteTimedOut,
    ScenarioTimedOut,
)


def wording(event: Event) -> str:
    """The official text of an infraction."""
    at = _at(event.place)
    match event:
        case CollisionStarted():
            return f"Agent collided against object with type={event.type_id} and id={event.other_id} at {at}"
        case RanRedLight():
            return f"Agent ran a red light {event.light_id} at {at}"
        case RanStopSign():
            return f"Agent ran a stop with id={event.sign_id} at {at}"
        case LeftRouteLanes():
            metres, share = round(event.distance_m, 3), round(event.percentage, 2)
            return f"Agent went outside its route lanes for about {metres} meters ({share}% of the completed route)"
        case MinimumSpeed():
            # Without traffic the official value is the whole number 100, not 100.0.
            share = round(event.percentage, 2) if event.traffic_mean_mps else 100
            return f"Average speed is {share}% of the surrounding traffic's one"
        case FailedToYield():
            return "Agent failed to yield to an emergency vehicle"
        case ScenarioTimedOut():
            return "Agent timed out a scenario"
        case RouteDeviated():
            return f"Agent deviated from the route at {at}"
        case Blocked():
            return f"Agent got blocked at {at}"
        case RouteTimedOut():
            return "Route timeout."
        case _:
            raise TypeError(f"{type(event).__name__} is not an infraction")


def _at(place: Place) -> str:
    return f"(x={round(place.x, 3)}, y={round(place.y, 3)}, z={round(place.z, 3)})"
