"""One route: from an empty world to one Outcome. This is the only place where the simulator is ticked."""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import carla

from leaderboard import sensors
from leaderboard.agent_clock import AgentClock, Charge, recorded_ms
from leaderboard.agent_host import AgentFailed, AgentHost
from leaderboard.agent_host import Phase as AgentPhase
from leaderboard.background import Background, amount, lease_traffic_manager
from leaderboard.carla_map import CarlaMap, pose_of
from leaderboard.carla_view import TOLD_AFTER_TICKS, EgoObserver
from leaderboard.criteria.suite import CriteriaSuite
from leaderboard.criteria.view import Contact
from leaderboard.errors import InfrastructureError
from leaderboard.heartbeat import HeartbeatWriter, Phase
from leaderboard.launch.client import connect
from leaderboard.legacy_scenarios import LegacyScenario, along
from leaderboard.log.events_file import EventWriter
from leaderboard.log.sensor_record import SensorRecord
from leaderboard.log.timing import StageTimes, Timing
from leaderboard.log.trace import ControlState, PlanState, TraceWriter
from leaderboard.planning import GlobalPlan, plan_route
from leaderboard.port_lease import PortLease
from leaderboard.profiles import Profile
from leaderboard.routes import (
    TRIGGER_ANGLE_DEG,
    TRIGGER_DISTANCE_M,
    WEATHER_NAMES,
    Route,
    Weather,
    is_on_route,
    weather_at,
)
from leaderboard.trace_states import TraceStates
from scenarios.events import (
    AgentReady,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    FailureCause,
    Outcome,
    Place,
    RouteProgress,
    ScenarioFailed,
    ScenarioRequested,
    TrafficSpawned,
)

__all__ = ["Episode", "EpisodeInput", "Watcher"]

DELTA_S: Final = 0.05
# route_scenario.py: the ego is put half a metre above the route's first point.
_EGO_LIFT_M: Final = 0.5
_HERO: Final = "hero"
# leaderboard 2.x, RouteLightsBehavior: when the ego's lights are on.
_LIGHTS_BELOW_SUN_DEG: Final = 15.0
_LIGHTS_ABOVE_FOG: Final = 40.0
# On a busy machine the client may tick more than once while it loads (docs/howto/repeat-a-run.md), and the route would
# begin with other lights.
_LOADS_AGAIN: Final = 5
_NEUTRAL: Final = carla.VehicleControl()

_PHASES: Final = {
    AgentPhase.IMPORT: Phase.AGENT_IMPORT,
    AgentPhase.CONSTRUCT: Phase.AGENT_SETUP,
    AgentPhase.PLAN: Phase.AGENT_SETUP,
    AgentPhase.SETUP: Phase.AGENT_SETUP,
    AgentPhase.SENSORS: Phase.AGENT_SENSORS,
    AgentPhase.STEP: Phase.AGENT_STEP,
    AgentPhase.DESTROY: Phase.AGENT_DESTROY,
}
_AFTER: Final = {AgentPhase.STEP: Phase.JUDGING, AgentPhase.DESTROY: Phase.ENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeInput:
    """What an episode needs to know."""

    route: Route
    legacy_scenarios: Sequence[LegacyScenario]
    """Of the route's town, for a route of leaderboard 1.0; which of them happen is decided along the plan."""
    repetition: int
    profile: Profile
    seed: int
    """Of this attempt alone."""
    traffic: str
    walkers: int
    record_sensors: bool
    charge: Charge
    host: str
    port: int
    shared: bool
    """Whether somebody else's simulator is to be given back as it is without us: running by the clock."""
    leases: Path
    """Folder of the port leases that all runs of a user share."""
    client_timeout_s: float


@dataclass(frozen=True, slots=True)
class _PlanStep:
    """A point of the plan, as triggers are compared with it."""

    place: Place
    yaw_deg: float
    option: str


class Episode:
    """Runs once. Events are with the operating system in the tick in which they happen."""

    def __init__(
        self, given: EpisodeInput, agent: AgentHost, events: EventWriter, trace: TraceWriter, beat: HeartbeatWriter
    ) -> None:
        self._given = given
        self._agent = agent
        self._events = events
        self._trace = trace
        self._beat = beat
        self._sensors = SensorRecord(trace) if given.record_sensors else None
        self.times = StageTimes()
        self._clock: AgentClock[carla.VehicleControl] = AgentClock(given.charge, _NEUTRAL)
        self._frame = 0
        self._ticks = 0
        self._time_s = 0.0
        self._place = Place(0.0, 0.0, 0.0)
        self._lease: PortLease | None = None
        self._world: carla.World | None = None
        self._manager: carla.TrafficManager | None = None
        self._criteria: CriteriaSuite | None = None
        self._observer: EgoObserver | None = None
        self.detail = ""
        """One sentence on the outcome, for people."""

    @property
    def timing(self) -> Timing:
        latencies = tuple(recorded_ms(seconds) for seconds in self._clock.latencies_s)
        return Timing(stages_ms=self.times.summary_ms(), call_latencies_ms=latencies, missed_frames=self._clock.missed)

    def run(self) -> Outcome:
        """Raises InfrastructureError and UserError; an agent's failure is an outcome."""
        try:
            outcome, detail = self._run()
        except AgentFailed as error:
            outcome, detail = error.outcome, str(error)
            sys.stderr.write(error.details)  # the guest's own traceback, for output.log
            self._end_criteria()
        finally:
            self._let_go()
        self.detail = detail[:500]
        self._write(
            EpisodeEnded(
                **self._here(), outcome=outcome, ticks=self._ticks, duration_s=self._time_s, detail=self.detail
            )
        )
        return outcome

    # -- the course of an episode ------------------------------------------------------------------------------

    def _run(self) -> tuple[Outcome, str]:
        given, route = self._given, self._given.route
        self._beat.enter(Phase.WORLD)
        client = connect(given.host, given.port, given.client_timeout_s, in_order=True)
        world = self._world = self._load(client)
        town_map = world.get_map()
        plan = plan_route(town_map, route.keypoints)
        self._agent.load(client)
        ego = self._spawn_ego(world, plan)
        self._place = Place(*_xyz(plan.world[0][0]))
        carla_map = CarlaMap.of_world(world)
        self._criteria = CriteriaSuite(given.profile, [pose_of(point) for point, _ in plan.world], carla_map)
        self._started(plan, town_map, self._criteria.length_m)
        self._request_scenarios(plan)
        port = self._manager.get_port() if self._manager is not None else None
        self._agent.begin(client, world, ego, plan, host=given.host, port=given.port, traffic_manager_port=port)
        self._write(AgentReady(**self._here(), track=self._agent.track.value, sensors=self._sensor_types()))
        traffic = self._spawn_traffic(client, world, plan)
        self._agent.attach(world, ego)
        for _ in range(sensors.WARM_UP_TICKS[given.profile.runtime.sensor_suite]):
            world.tick(given.client_timeout_s)
        traffic.start_walkers()
        self._observer = EgoObserver(world, ego, carla_map)
        self._trace.plan([PlanState(*_xyz(point), point.rotation.yaw, option.name) for point, option in plan.world])
        return self._drive(world, ego, traffic, TraceStates(world, ego))

    def _drive(
        self, world: carla.World, ego: carla.Vehicle, traffic: Background, states: TraceStates
    ) -> tuple[Outcome, str]:
        assert self._criteria is not None
        assert self._observer is not None
        given = self._given
        limit = given.profile.runtime.timeouts.tick_limit
        weather_at_percentage = -1
        percentage = 0.0
        while True:
            began = time.perf_counter()
            self._beat.enter(Phase.TICK)
            world.tick(given.client_timeout_s)
            snapshot = world.get_snapshot()
            # Counted as the official clock counts; the simulator's own sum of ticks differs in the last digits.
            self._time_s = self._frame * snapshot.timestamp.delta_seconds
            self._ticks = self._frame + 1
            self._beat.tick(self._ticks, self._time_s)
            self._agent.tick(snapshot)
            ticked = time.perf_counter()
            if self._clock.is_asked(self._time_s):
                if self._sensors is not None:
                    readings = self._agent.readings(snapshot.frame)
                    self._sensors.write(self._agent.specs, readings, self._frame, self._time_s)
                    self.times.add("record of sensors", time.perf_counter() - ticked)
                step = self._agent.step(snapshot.frame)
                self._clock.answered(self._time_s, step.control, step.seconds)
                self.times.add("agent", step.seconds)
            self._beat.enter(Phase.JUDGING)  # also when the agent was busy
            if not (ego.is_alive and snapshot.has_actor(ego.id)):
                raise AgentFailed("the agent destroyed the vehicle that it drives", Outcome.AGENT_CRASHED)
            asked = time.perf_counter()
            ego.apply_control(self._clock.control)
            view = self._observer.view(snapshot, traffic=traffic.vehicles)
            self._place = view.ego.place
            events = self._criteria.update(view)
            for event in events:
                self._write(event)
                if isinstance(event, RouteProgress):
                    percentage = event.percentage
            judged = time.perf_counter()
            self._trace.tick(
                self._frame, self._time_s, states.ego(view), states.others(snapshot), self._control_state(), events
            )
            if int(percentage) != weather_at_percentage:
                weather_at_percentage = int(percentage)
                self._set_weather(world, ego, float(weather_at_percentage))
            ended = time.perf_counter()
            self.times.add("simulator", ticked - began)
            self.times.add("criteria", judged - asked)
            self.times.add("record", ended - judged)
            outcome = self._criteria.outcome
            if outcome is None and limit is not None and self._ticks > limit:
                outcome = Outcome.TICK_LIMIT
            if outcome is not None:
                self._end_criteria()
                return outcome, str(outcome)
            self._frame += 1

    # -- the world -----------------------------------------------------------------------------------------------

    def _load(self, client: carla.Client) -> carla.World:
        """A world of the route's town in synchronous mode, empty of what others left."""
        given, route = self._given, self._given.route
        try:
            world = client.get_world()
            self._synchronise(world)
            # Until now time has passed by the clock. A new world in synchronous mode begins the same way each time.
            world = client.load_world(route.town, reset_settings=False)
            for _ in range(_LOADS_AGAIN if not given.shared else 0):
                if world.get_snapshot().timestamp.elapsed_seconds < 1.5 * DELTA_S:
                    break
                world = client.load_world(route.town, reset_settings=False)
        except RuntimeError as error:
            raise InfrastructureError(f"the simulator at {given.host}:{given.port} failed: {error}") from error
        self._synchronise(world)
        world.set_pedestrians_seed(given.seed)
        if self._vehicles_asked:
            self._traffic_manager(client)
        world.set_weather(_carla_weather(weather_at(route.weathers, 0.0)))
        world.tick(given.client_timeout_s)
        return world

    @staticmethod
    def _synchronise(world: carla.World) -> None:
        settings = world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = DELTA_S
        settings.deterministic_ragdolls = True
        world.apply_settings(settings)

    @property
    def _vehicles_asked(self) -> int:
        return amount(self._given.traffic, self._given.route.town)

    def _spawn_traffic(self, client: carla.Client, world: carla.World, plan: GlobalPlan) -> Background:
        """What was asked for, as far as there is room; the record says how much that was."""
        given = self._given
        traffic = Background(client, world)
        if not self._vehicles_asked and not given.walkers:
            return traffic
        start = plan.world[0][0].location
        around = [Place(*_xyz(point)) for point, _ in plan.world]
        if self._vehicles_asked:
            manager, rng = self._traffic_manager(client), random.Random(given.seed)
            traffic.spawn_vehicles(self._vehicles_asked, manager, start, around, rng)
        # A generator of their own, so that walkers change nothing about the vehicles.
        traffic.spawn_walkers(given.walkers, start, around, random.Random(f"{given.seed}/walkers"))
        self._write(
            TrafficSpawned(
                **self._here(),
                vehicles_asked=self._vehicles_asked,
                vehicles=len(traffic.vehicles),
                walkers_asked=given.walkers,
                walkers=len(traffic.walkers),
            )
        )
        return traffic

    def _traffic_manager(self, client: carla.Client) -> carla.TrafficManager:
        if self._manager is None:
            self._manager, self._lease = lease_traffic_manager(client, self._given.leases)
            self._manager.set_synchronous_mode(True)
            self._manager.set_random_device_seed(self._given.seed)
        return self._manager

    def _spawn_ego(self, world: carla.World, plan: GlobalPlan) -> carla.Vehicle:
        blueprint = world.get_blueprint_library().find(self._given.profile.runtime.ego_model)
        blueprint.set_attribute("role_name", _HERO)
        start = plan.world[0][0]
        place = carla.Transform(start.location + carla.Location(z=_EGO_LIFT_M), start.rotation)
        try:
            ego = world.spawn_actor(blueprint, place)
        except RuntimeError as error:
            raise InfrastructureError(f"the ego could not be spawned: {error}") from error
        world.tick(self._given.client_timeout_s)
        return ego

    def _set_weather(self, world: carla.World, ego: carla.Vehicle, percentage: float) -> None:
        weathers = self._given.route.weathers
        weather = weather_at(weathers, percentage)
        if percentage > 0.0 and len(weathers) > 1:
            world.set_weather(_carla_weather(weather))
        dark = weather.sun_altitude_angle < _LIGHTS_BELOW_SUN_DEG or weather.fog_density > _LIGHTS_ABOVE_FOG
        if dark and not ego.get_light_state() & carla.VehicleLightState.LowBeam:
            lights = carla.VehicleLightState.Position | carla.VehicleLightState.LowBeam
            ego.set_light_state(carla.VehicleLightState(lights))

    # -- the record ----------------------------------------------------------------------------------------------

    def _here(self) -> dict[str, Any]:
        return {"frame": self._frame, "time_s": self._time_s, "place": self._place}

    def _write(self, event: Event) -> None:
        self._events.write(event)

    def _started(self, plan: GlobalPlan, town_map: carla.Map, length_m: float) -> None:
        given = self._given
        points = (town_map.get_waypoint(point.location) for point, _ in plan.world)
        in_junction = (i for i, point in enumerate(points) if point.is_junction)
        self._write(
            EpisodeStarted(
                **self._here(),
                route_id=given.route.id,
                repetition=given.repetition,
                town=given.route.town,
                profile=given.profile.name,
                seed=given.seed,
                plan_length_m=round(length_m, 3),
                keypoints_length_m=given.route.keypoints_length_m,
                plan_points=len(plan.world),
                first_junction_point=next(in_junction, None),
            )
        )

    def _request_scenarios(self, plan: GlobalPlan) -> None:
        """Each asked-for scenario is in the record; what nobody has written yet makes the world invalid."""
        steps = [_PlanStep(Place(*_xyz(point)), point.rotation.yaw, option.name) for point, option in plan.world]
        for scenario in self._given.route.scenarios:
            self._request(scenario.name, scenario.type, scenario.trigger.place)
            if is_on_route(scenario.trigger, steps):
                self._fail_unsupported(scenario.name, scenario.type)
            else:
                reason = (
                    f"its trigger is not within {TRIGGER_DISTANCE_M:g} m and {TRIGGER_ANGLE_DEG:g} deg of the route"
                )
                self._fail(scenario.name, scenario.type, FailureCause.OFF_ROUTE, reason)
        for number, chosen in enumerate(along(self._given.legacy_scenarios, steps)):
            name = f"{chosen.type}_{number}"  # those of 1.0 have no names
            self._request(name, chosen.type, chosen.trigger.place)
            self._fail_unsupported(name, chosen.type)

    def _request(self, name: str, kind: str, trigger: Place) -> None:
        self._write(ScenarioRequested(frame=0, time_s=0.0, place=trigger, name=name, type=kind))

    def _fail_unsupported(self, name: str, kind: str) -> None:
        self._fail(name, kind, FailureCause.UNSUPPORTED, f"scenario type {kind} is not supported yet")

    def _fail(self, name: str, kind: str, cause: FailureCause, reason: str) -> None:
        self._write(ScenarioFailed(**self._here(), name=name, type=kind, cause=cause, reason=reason))

    def _sensor_types(self) -> tuple[str, ...]:
        return tuple(str(spec["type"]) for spec in self._agent.specs)

    def _control_state(self) -> ControlState:
        control = self._clock.control
        return ControlState(
            control.throttle,
            control.steer,
            control.brake,
            control.hand_brake,
            control.reverse,
            control.manual_gear_shift,
            control.gear,
            self._clock.call,
        )

    def _end_criteria(self) -> None:
        """The criteria's last word. An agent may have failed just because it had hit something."""
        contacts: Sequence[Contact] = ()
        if self._observer is not None and self._world is not None:
            for _ in range(TOLD_AFTER_TICKS):  # they bring the contacts of the last ticks
                self._world.tick(self._given.client_timeout_s)
            contacts = self._observer.last_contacts(self._frame)
        if self._criteria is not None:
            for event in self._criteria.end(contacts):
                self._write(event)

    def _let_go(self) -> None:
        """Whatever happened: the simulator may be gone by now."""
        self._beat.enter(Phase.ENDING)
        # The drive is over: what the agent raises in destroy(), also for want of a simulator, changes no score.
        with contextlib.suppress(AgentFailed, InfrastructureError):
            self._agent.close()
        with contextlib.suppress(RuntimeError):
            if self._observer is not None:
                self._observer.close()
            if self._manager is not None:
                self._manager.shut_down()
            if self._given.shared and self._world is not None:
                self._world.apply_settings(carla.WorldSettings())
        if self._lease is not None:
            self._lease.release()


class Watcher:
    """Tells the heartbeat when the guest is entered and left."""

    def __init__(self, beat: HeartbeatWriter) -> None:
        self._beat = beat

    def __call__(self, phase: AgentPhase, seconds: float | None) -> None:
        self._beat.enter(_PHASES[phase] if seconds is None else _AFTER.get(phase, Phase.WORLD))


def _xyz(transform: carla.Transform) -> tuple[float, float, float]:
    return transform.location.x, transform.location.y, transform.location.z


def _carla_weather(weather: Weather) -> carla.WeatherParameters:
    return carla.WeatherParameters(**{name: getattr(weather, name) for name in WEATHER_NAMES})
