"""The only file that calls guest code: loads an agent, times each call, says who failed, and ends it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import sys
import time
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeVar

import carla

from leaderboard.autoagents.autonomous_agent import Track
from leaderboard.compat.bench2drive import Bench2Drive
from leaderboard.compat.guests import GuestContext
from leaderboard.compat.numpy_1 import provide_numpy_1
from leaderboard.envs.sensor_interface import SensorConfigurationInvalid, SensorReceivedNoData
from leaderboard.errors import AgentError, InfrastructureError, UserError
from leaderboard.planning import GlobalPlan
from leaderboard.profiles import Profile
from leaderboard.sensors import SensorRig, SensorSpec, check_sensors
from scenarios.events import Outcome

__all__ = ["AgentFailed", "AgentHost", "Phase", "Step"]

_T = TypeVar("_T")


class Phase(StrEnum):
    """What the guest is doing."""

    IMPORT = "import"
    CONSTRUCT = "construct"
    PLAN = "set_global_plan"
    SETUP = "setup"
    SENSORS = "sensors"
    STEP = "run_step"
    DESTROY = "destroy"


_OUTCOMES: Final = {Phase.STEP: Outcome.AGENT_CRASHED, Phase.DESTROY: Outcome.AGENT_CRASHED}

# How long a simulator may take to say its version before it counts as lost. A stalled one says nothing.
_ANSWER_S: Final = 10.0
# How the client begins to say that a simulator does not take a value of a blueprint.
_REFUSED_SENSOR: Final = "Spawn failed because of invalid actor description"
# What agents import that are bound to ROS; the first is in the public leaderboard's own package.
_ROS_MODULES: Final = ("leaderboard.autoagents.ros", "rospy", "roslaunch", "rclpy", "rosgraph", "roslibpy")


class AgentFailed(AgentError):
    """The guest failed: the message is one sentence, `details` the guest's own traceback."""

    def __init__(self, message: str, outcome: Outcome, details: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.details = details


class Step(NamedTuple):
    """What one call gave, and how long the guest took for it; waiting for sensors is not in it."""

    control: carla.VehicleControl
    seconds: float


Watch = Callable[[Phase, float | None], None]


def _watch_nothing(phase: Phase, seconds: float | None) -> None: ...


class AgentHost:
    """One agent for one route. The order of calls is that of the public harness:

    load -> begin (construct, set_global_plan, setup, sensors) -> attach -> for each tick: tick, and step when it is
    asked -> close, whatever happened.

    `watch` is told when the guest is entered (seconds None) and left (its wall-clock seconds), so that somebody
    outside can tell whose time is passing.
    """

    def __init__(
        self,
        source: str,
        config: str,
        profile: Profile,
        *,
        track: Track | None = None,
        bench2drive: Bench2Drive | None = None,
        watch: Watch = _watch_nothing,
    ) -> None:
        """`source` is a file or a module; `track` the one to be run, None for whatever the agent is for."""
        self._source = source
        self._config = config
        self._rules = profile.runtime
        self._selected_track = track
        self._bench2drive = bench2drive
        self._watch = watch
        self._client: carla.Client | None = None
        self._class: type[Any] | None = None
        self._agent: Any = None
        self._context: GuestContext | None = None
        self._rig: SensorRig | None = None
        self.specs: list[SensorSpec] = []
        """What the agent asked for, valid for its track; known after begin()."""

    @property
    def track(self) -> Track:
        """The agent's own, known after begin()."""
        return Track(getattr(self._agent.track, "value", self._agent.track))

    def load(self, client: carla.Client | None = None) -> None:
        """Import the guest's module. Seeds must be set before: it may draw numbers in its import.

        `client` asks the simulator whether it is there when the guest fails.
        """
        self._client = client
        if self._bench2drive is not None:
            self._bench2drive.set_environment()
        provide_numpy_1()
        self._context = GuestContext()
        for problem in self._context.problems:
            print(f"leaderboard: {problem}", file=sys.stderr)  # in output.log, beside what the guest says of it
        module = self._call(Phase.IMPORT, _load, self._source)
        entry = getattr(module, "get_entry_point", None)
        if entry is None:
            raise UserError(f"agent {self._source} has no get_entry_point(), which returns the name of its class")
        name = self._call(Phase.IMPORT, entry)
        self._class = getattr(module, str(name), None)
        if self._class is None:
            raise UserError(f"agent {self._source}: get_entry_point() names {name!r}, but there is no such class")
        ros_version = getattr(self._class, "get_ros_version", None)
        if ros_version is not None and self._call(Phase.IMPORT, ros_version) != -1:
            raise _needs_ros(self._source)

    def begin(
        self,
        client: carla.Client,
        world: carla.World,
        ego: carla.Vehicle,
        plan: GlobalPlan,
        *,
        host: str,
        port: int,
        traffic_manager_port: int | None = None,
        debug: bool = False,
    ) -> None:
        """Set the agent up for a route; the ego stands on it."""
        if self._class is None or self._context is None:
            raise RuntimeError("begin() before load()")
        gps, dense = _guests_own(plan, self._context.road_option)
        self._context.begin(client, world, ego, traffic_manager_port, dense)
        config = self._bench2drive.config(self._config) if self._bench2drive else self._config
        is_legacy = _is_legacy(self._class)
        arguments = (config,) if is_legacy else (host, port, debug)
        agent = self._agent = self._call(Phase.CONSTRUCT, self._class, *arguments)
        interface = getattr(agent, "sensor_interface", None)
        if interface is None:
            raise AgentFailed(
                f"the agent has no sensor_interface: {type(agent).__name__}.__init__ must call that of AutonomousAgent",
                Outcome.AGENT_SETUP_FAILED,
            )
        interface._queue_timeout = self._rules.sensor_wait_s
        agent.plan_spacing_m = self._rules.plan_spacing_m
        if self._bench2drive is not None:
            agent.hero_actor = ego
        self._call(Phase.PLAN, agent.set_global_plan, gps, dense)
        if not is_legacy:
            self._call(Phase.SETUP, agent.setup, config)
        specs = self._call(Phase.SENSORS, agent.sensors)
        try:
            self.specs = list(specs or [])
            check_sensors(self.specs, self.track, self._rules, self._selected_track)
        except (SensorConfigurationInvalid, TypeError, ValueError) as error:
            raise AgentFailed(f"the agent's sensors are invalid: {error}", Outcome.AGENT_SENSORS_INVALID) from error

    def attach(self, world: carla.World, ego: carla.Vehicle) -> None:
        """Put the sensors onto the ego. The simulator must then tick sensors.WARM_UP_TICKS times."""
        try:
            self._rig = SensorRig(world, ego, self.specs, self._agent.sensor_interface, self._rules.sensor_suite)
        except (IndexError, ValueError, TypeError) as error:
            # A blueprint that does not take a value: the width of an image as text, for example.
            raise AgentFailed(f"the agent's sensors are invalid: {error}", Outcome.AGENT_SENSORS_INVALID) from error
        except RuntimeError as error:
            if _REFUSED_SENSOR not in str(error):
                raise
            # A simulator that does not take it: an image of -100 pixels.
            raise AgentFailed(f"the agent's sensors are invalid: {error}", Outcome.AGENT_SENSORS_INVALID) from error

    def tick(self, snapshot: carla.WorldSnapshot) -> None:
        """After each tick of the route, also one for which the agent is not asked."""
        if self._context is not None:
            self._context.tick(snapshot.timestamp)
        if self._rig is not None:
            self._rig.tick(snapshot.frame)

    def readings(self, frame: int) -> dict[str, Any]:
        """{id: data} that `step` will give to the agent for this frame."""
        self._wait(frame)
        return {tag: data for tag, (_, data) in self._agent.sensor_interface.get_data(frame).items()}

    def step(self, frame: int) -> Step:
        """The agent's control for a frame, which must be that of the last tick()."""
        self._wait(frame)
        began_s = time.perf_counter()
        control = self._call(Phase.STEP, self._agent)
        seconds = time.perf_counter() - began_s
        return Step(_checked(control), seconds)

    def _wait(self, frame: int) -> None:
        try:
            if self._rig is not None:
                self._rig.wait(frame)
        except SensorReceivedNoData as error:
            raise InfrastructureError(f"a sensor failed: {error}") from error

    def close(self) -> None:
        """End the agent and remove its sensors. What the guest raises here is raised when all is done."""
        agent, self._agent = self._agent, None
        try:
            if agent is not None:
                self._call(Phase.DESTROY, agent.destroy)
        finally:
            rig, self._rig = self._rig, None
            if rig is not None:
                rig.close()
            if self._context is not None:
                self._context.end()

    def _call(self, phase: Phase, function: Callable[..., _T], *arguments: Any) -> _T:
        """Enter the guest. Whatever it raises becomes AgentFailed, except what only the simulator can be blamed for."""
        self._watch(phase, None)
        began_s = time.perf_counter()
        try:
            return function(*arguments)
        except UserError:
            raise
        except BaseException as error:  # also SystemExit, asyncio's CancelledError and KeyboardInterrupt
            raised, details = error, traceback.format_exc()
        finally:
            self._watch(phase, time.perf_counter() - began_s)
        raise self._blamed(phase, raised, details) from raised

    def _blamed(self, phase: Phase, error: BaseException, details: str) -> Exception:
        """Whose fault it is that the guest raised. What it says is no evidence: a time-out may be its own."""
        if isinstance(error, SensorReceivedNoData):
            return InfrastructureError(f"a sensor failed: {error}")
        if isinstance(error, SensorConfigurationInvalid):
            return AgentFailed(f"the agent's sensors are invalid: {error}", Outcome.AGENT_SENSORS_INVALID)
        if not self._simulator_answers():
            what = f"{type(error).__name__}: {_first_line(error)}"
            return InfrastructureError(f"the simulator is gone; the agent noticed in {phase}: {what}")
        if phase is Phase.IMPORT and isinstance(error, SyntaxError | ImportError):
            sys.stderr.write(details)
            name = getattr(error, "name", None) or ""
            if name.startswith(_ROS_MODULES):
                return _needs_ros(self._source)
            what = f"{type(error).__name__}: {_first_line(error)}"
            return UserError(f"agent {self._source} cannot be imported: {what} ({_where(error)}){self._copies(name)}")
        return AgentFailed(
            f"the agent raised {type(error).__name__} in {phase}: {_first_line(error)}",
            _OUTCOMES.get(phase, Outcome.AGENT_SETUP_FAILED),
            details,
        )

    def _simulator_answers(self) -> bool:
        if self._client is None:
            return True
        try:
            self._client.set_timeout(_ANSWER_S)
            self._client.get_server_version()
        except RuntimeError:
            return False
        return True

    def _copies(self, module: str) -> str:
        """What else to say when a module is missing that a copy of the user's should have."""
        problems = self._context.problems if self._context is not None else []
        return "".join(f"; {problem}" for problem in problems if module.split(".")[0] in ("agents", "srunner", "carla"))


def _first_line(error: BaseException) -> str:
    """Of its message; where that is a heading, as in what the client says of a wrong type, the line below it too."""
    try:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    except Exception:  # the guest's own class of exceptions
        lines = []
    if not lines:
        return "no message"
    return " ".join(lines[:2]) if lines[0].endswith((" in", ":")) else lines[0]


def _where(error: BaseException) -> str:
    """The line of the guest's that could not be run."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "before its first line"


def _needs_ros(source: str) -> UserError:
    return UserError(f"agent {source} needs ROS, which this harness does not run; use a Python agent")


def _is_legacy(agent: type[Any]) -> bool:
    """Whether its constructor is of leaderboard 1.0, which takes the configuration's path and calls setup()."""
    try:
        signature = inspect.signature(agent)
    except (TypeError, ValueError):  # not written in Python
        return False
    return next(iter(signature.parameters), "") == "path_to_conf_file" or (
        not _takes(signature, 3) and _takes(signature, 1)
    )


def _takes(signature: inspect.Signature, arguments: int) -> bool:
    try:
        signature.bind(*[None] * arguments)
    except TypeError:
        return False
    return True


def _checked(control: object) -> carla.VehicleControl:
    """The control, if it is one."""
    if not isinstance(control, carla.VehicleControl):
        raise AgentFailed(
            f"the agent's run_step returned {type(control).__name__}, not carla.VehicleControl", Outcome.AGENT_CRASHED
        )
    for name in ("throttle", "steer", "brake"):
        value = getattr(control, name)
        if not math.isfinite(value):
            raise AgentFailed(f"the agent's run_step returned {name} {value}", Outcome.AGENT_CRASHED)
    return control


def _guests_own(plan: GlobalPlan, option_type: type[Any]) -> tuple[list[Any], list[Any]]:
    """Both forms of the plan, as objects that the guest may change, with options of the type that it imports."""
    gps = [(dict(point), option_type(int(option))) for point, option in plan.gps]
    dense = [
        (carla.Transform(transform.location, transform.rotation), option_type(int(option)))
        for transform, option in plan.world
    ]
    return gps, dense


def _load(source: str) -> ModuleType:
    """The module of a file, as the public harness imports it, or one by name."""
    path = Path(source)
    if path.suffix == ".py" or path.is_file():
        return _load_file(path)
    try:
        return importlib.import_module(source)
    except ModuleNotFoundError as error:
        if error.name and (source == error.name or source.startswith(error.name + ".")):
            raise UserError(f"no agent {source!r}: neither a file nor a module that can be imported") from None
        raise


def _load_file(path: Path) -> ModuleType:
    """A file's folder comes first on the path, so that it finds what lies beside it."""
    if not path.is_file():
        raise UserError(f"no agent file {path}")
    folder, name = str(path.resolve().parent), path.name.split(".")[0]
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    # A file may be called as one of our packages is (agent.py): then it gets a name that nothing imports by accident.
    if name in sys.modules or not _is_file_of(name, path):
        name = f"guest_{name}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise UserError(f"agent file {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_file_of(name: str, path: Path) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path.resolve()
