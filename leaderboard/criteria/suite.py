"""All criteria of a profile, in the official order."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.criteria.base import Criterion
from leaderboard.criteria.blocked import Blocked
from leaderboard.criteria.collision import Collision
from leaderboard.criteria.emergency_vehicle import YieldToEmergencyVehicle
from leaderboard.criteria.in_route import InRoute
from leaderboard.criteria.minimum_speed import MinimumSpeedTest
from leaderboard.criteria.outside_lanes import OutsideLanes
from leaderboard.criteria.red_light import RedLight
from leaderboard.criteria.route_completion import RouteCompletion
from leaderboard.criteria.route_line import RouteLine
from leaderboard.criteria.route_timeout import RouteTimeout
from leaderboard.criteria.scenario_timeout import ScenarioTimeout
from leaderboard.criteria.stop_sign import EnteredStop, Stop
from leaderboard.criteria.view import Contact, MapView, Pose, TickView
from leaderboard.profiles import Profile
from scenarios.events import Event, Outcome

__all__ = ["CriteriaSuite"]

_FIRST_POINT_LIFTED_M = 0.5


class CriteriaSuite:
    """Feeds one view a tick to every criterion, and says when and how the route is over.

    >>> suite = CriteriaSuite(profile, route, map_view)
    >>> while suite.outcome is None:
    ...     events += suite.update(view_of_the_next_tick())
    >>> events += suite.end()
    """

    def __init__(self, profile: Profile, route: Sequence[Pose], map_view: MapView) -> None:
        rules = profile.runtime
        # The public harness puts its ego down half a metre above the first point by lifting the point itself, and
        # measures the route with it from then on.
        route = [route[0]._replace(z=route[0].z + _FIRST_POINT_LIFTED_M), *route[1:]]
        line = RouteLine.facing_lanes(route, map_view) if rules.route.faces_lanes else RouteLine(route)
        self.length_m = line.length_m
        """Of the route as it is measured: what the official results of 2.x call route_length."""
        self.completion = RouteCompletion(rules.route, line, profile.scoring.progress_digits)
        self.timeout = RouteTimeout(rules.timeouts, line)
        self._collision = Collision(rules.collisions)
        criteria: list[Criterion] = [
            self.completion,
            OutsideLanes(rules.lanes, line, map_view),
            self._collision,
            RedLight(rules.red_lights, map_view),
            (EnteredStop if rules.stops.must_enter else Stop)(rules.stops, map_view),
        ]
        if rules.speed_checkpoints:
            criteria.append(MinimumSpeedTest(rules, line))
        criteria += [
            InRoute(rules.route, line),
            Blocked(rules.timeouts),
            YieldToEmergencyVehicle(),
            ScenarioTimeout(),
            self.timeout,
        ]
        self.criteria = tuple(criteria)
        self._last: TickView | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How the route ended, None while it goes on.

        Of several in one tick the one that the official results would name: a completed route first, then blocked,
        deviated and timed out, because there the last assignment wins.
        """
        reached = {criterion.outcome for criterion in self.criteria}
        order = (Outcome.COMPLETED, Outcome.BLOCKED, Outcome.DEVIATED, Outcome.ROUTE_TIMED_OUT)
        return next((outcome for outcome in order if outcome in reached), None)

    def update(self, view: TickView) -> list[Event]:
        """The facts of one tick."""
        self._last = view
        return [event for criterion in self.criteria for event in criterion.update(view)]

    def end(self, contacts: Sequence[Contact] = ()) -> list[Event]:
        """The facts that only the end of the route can tell; nothing if there was no tick.

        `contacts` are those of the last ticks, which no view has shown: EgoObserver.last_contacts() has them.
        """
        if self._last is None:
            return []
        events: list[Event] = [self._collision.judge(contact) for contact in contacts]
        for criterion in self.criteria:
            events += criterion.end(self._last, self.outcome is None)
        return events
