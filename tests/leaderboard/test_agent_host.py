"""Guests: loaded as the public harness loads them, called in its order, blamed when they fail, and really driven."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import carla
import numpy as np
import pytest

import simulator
from leaderboard.agent_host import AgentFailed, AgentHost, Phase
from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track
from leaderboard.carla_map import place_of
from leaderboard.compat.bench2drive import Bench2Drive
from leaderboard.errors import InfrastructureError, UserError
from leaderboard.planning import GlobalPlan, plan_route
from leaderboard.profiles import profile_named
from leaderboard.road_option import RoadOption
from leaderboard.sensors import WARM_UP_TICKS
from scenarios.events import Outcome
from tests.fakes.clients import FakeEgo, FakeWorld, snapshot

AGENTS = Path(__file__).parent / "agents"
TALES = str(AGENTS / "tales.py")
PROFILE = profile_named("lb2.1")


def guests_modules():
    """What guests bring into the process, by name."""
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name.split(".")[0] in ("agents", "srunner")
        or name.startswith("guest_")
        or hasattr(module, "get_entry_point")
    }


@pytest.fixture(autouse=True)
def clean_process(monkeypatch):
    """What a guest does to its process ends with the test, and what others did before is not seen."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    environment, others = dict(os.environ), guests_modules()
    for name in others:
        del sys.modules[name]
    yield
    os.environ.clear()
    os.environ.update(environment)
    for name in guests_modules():
        del sys.modules[name]
    sys.modules.update(others)


def straight_plan(length=300):
    poses = [carla.Transform(carla.Location(float(x), 0.0, 0.0)) for x in range(length + 1)]
    return GlobalPlan(
        tuple((pose, RoadOption.LANEFOLLOW) for pose in poses),
        tuple(({"lat": 42.0, "lon": 2.0 + x, "z": 0.0}, RoadOption.LANEFOLLOW) for x in range(length + 1)),
    )


def begin(host, plan=None, ego=None):
    world = FakeWorld()
    ego = ego or FakeEgo(world)
    host.begin(object(), world, ego, plan or straight_plan(), host="here", port=2000, traffic_manager_port=8123)
    return world, ego


@pytest.fixture
def wishes(tmp_path):
    """A configuration for the agent of tales."""

    def write(**what):
        path = tmp_path / "wishes.json"
        path.write_text(json.dumps(what))
        return str(path)

    return write


def started(config="", profile=PROFILE, **more):
    host = AgentHost(TALES, config, profile, **more)
    host.load()
    begin(host)
    return host


def drive(host, frames):
    steps = []
    for frame in frames:
        host.tick(snapshot(frame))
        steps.append(host.step(frame))
    return steps


# Loading


def refused(source):
    with pytest.raises(UserError) as error:
        AgentHost(str(source), "", PROFILE).load()
    return str(error.value)


def guest(tmp_path, text, name="guest_file.py"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_sources_that_cannot_be_agents(tmp_path):
    assert refused(tmp_path / "none.py") == f"no agent file {tmp_path / 'none.py'}"
    assert refused("no.such.module") == "no agent 'no.such.module': neither a file nor a module that can be imported"
    assert "has no get_entry_point()" in refused(guest(tmp_path, ""))
    text = "def get_entry_point(): return 'Absent'"
    assert refused(guest(tmp_path, text)).endswith("names 'Absent', but there is no such class")


@pytest.mark.parametrize("version", [1, 2])
def test_ros_agents_are_refused_in_one_sentence(tmp_path, version):
    text = f"""
def get_entry_point(): return 'Rosy'
class Rosy:
    @staticmethod
    def get_ros_version(): return {version}
"""
    assert "needs ROS, which this harness does not run" in refused(guest(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\nimport no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("1\nfrom json import no_such_name", "ImportError: cannot import name 'no_such_name'"),
        ("1\ndef (", "SyntaxError: invalid syntax"),
    ],
)
def test_a_guest_that_cannot_be_imported_is_the_users_mistake(tmp_path, text, sentence):
    path = guest(tmp_path, text)
    said = refused(path)
    assert said.startswith(f"agent {path} cannot be imported: {sentence}")
    assert f"{path}:2" in said
    assert "guest_file" not in sys.modules


@pytest.mark.parametrize("module", ["leaderboard.autoagents.ros1_agent", "rospy", "rclpy.node"])
def test_an_agent_that_imports_ros_is_refused_in_the_same_sentence(tmp_path, module):
    assert "needs ROS, which this harness does not run" in refused(guest(tmp_path, f"import {module}"))


def test_a_guest_that_fails_in_its_import_is_to_blame(tmp_path):
    path = guest(tmp_path, "raise ValueError('no')")
    with pytest.raises(AgentFailed) as error:
        AgentHost(str(path), "", PROFILE).load()
    assert error.value.outcome is Outcome.AGENT_SETUP_FAILED
    assert "in import" in str(error.value)
    assert path.name in error.value.details
    assert "guest_file" not in sys.modules


def test_a_guest_finds_what_lies_beside_it(tmp_path):
    (tmp_path / "beside_the_guest.py").write_text("NAME = 'Found'")
    text = "from beside_the_guest import NAME\ndef get_entry_point(): return NAME\nclass Found: pass\n"
    AgentHost(str(guest(tmp_path, text)), "", PROFILE).load()


def test_a_file_may_be_called_like_one_of_ours(tmp_path):
    text = "def get_entry_point(): return 'Mine'\nclass Mine: pass\n"
    for name in ("agent.py", "leaderboard.py", "carla.py", "json.py"):
        AgentHost(str(guest(tmp_path, text, name)), "", PROFILE).load()
    assert sys.modules["carla"] is carla
    assert sys.modules["json"] is json


def test_a_module_by_name():
    host = AgentHost("tests.leaderboard.agents.tales", "", PROFILE)
    host.load()
    begin(host)


# The order of calls, and what they get


def test_the_official_order(wishes):
    sensors = [{"type": "sensor.speedometer", "id": "SPEED"}]
    watched = []
    host = started(wishes(sensors=sensors), watch=lambda phase, seconds: watched.append((phase, seconds)))
    agent = host._agent
    assert agent.arguments == ("here", 2000, False)
    assert agent.told == ["__init__", "set_global_plan", "setup", "sensors"]
    host.attach(FakeWorld(), FakeEgo(FakeWorld()))
    steps = drive(host, [101, 102])
    host.close()
    assert agent.told[4:] == ["run_step 0.05", "run_step 0.10", "destroy"]
    assert [step.control.throttle for step in steps] == [0.5, 0.5]
    assert all(0.0 <= step.seconds < 1.0 for step in steps)
    entered = [phase for phase, seconds in watched if seconds is None]
    left = [phase for phase, seconds in watched if seconds is not None]
    assert entered == left
    assert [phase for phase in entered if phase is not Phase.IMPORT] == [
        Phase.CONSTRUCT,
        Phase.PLAN,
        Phase.SETUP,
        Phase.SENSORS,
        Phase.STEP,
        Phase.STEP,
        Phase.DESTROY,
    ]


@pytest.mark.parametrize(("name", "points"), [("lb2.1", 3), ("lb1.0", 7), ("bench2drive", 7)])
def test_the_plan_is_thinned_by_the_profile(name, points):
    agent = started(profile=profile_named(name))._agent
    assert len(agent._global_plan) == len(agent._global_plan_world_coord) == points
    assert set(agent._global_plan[0][0]) == {"lat", "lon", "z"}
    assert isinstance(agent._global_plan_world_coord[0][0], carla.Transform)
    # The option is that of the guest's own import.
    assert type(agent._global_plan[0][1]) is sys.modules["agents.navigation.local_planner"].RoadOption


@pytest.mark.parametrize("profile", ["lb1.0", "lb2.1"])
def test_an_agent_of_1_0_with_a_constructor_of_its_own(tmp_path, profile):
    """It gets the configuration there, and the base calls its setup()."""
    text = """
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Old'
class Old(AutonomousAgent):
    def __init__(self, path_to_conf_file):
        self.told = []
        super().__init__(path_to_conf_file)
        self.told.append('constructed')
    def setup(self, path_to_conf_file):
        self.told.append(f'setup {path_to_conf_file}')
    def __call__(self):
        return self.run_step(self.sensor_interface.get_data(), 0.0)
    def run_step(self, data, timestamp):
        self.seen = data
        return super().run_step(data, timestamp)
    def sensors(self):
        return [{'type': 'sensor.speedometer', 'id': 'SPEED'}]
"""
    host = AgentHost(str(guest(tmp_path, text)), "model.pt", profile_named(profile))
    host.load()
    begin(host)
    agent = host._agent
    assert agent.told == ["setup model.pt", "constructed"]
    assert len(agent._global_plan) == (7 if profile == "lb1.0" else 3)
    host.attach(FakeWorld(), FakeEgo(FakeWorld()))
    drive(host, [4, 5])
    assert agent.seen["SPEED"][0] == 5


def test_an_agent_of_carla_garage_gets_the_dense_plan_and_its_route_is_not_named(tmp_path):
    """PDM-Lite and what came of it: privileged, with a setup() of three arguments and a run_step() of three."""
    text = """
from leaderboard.autoagents import autonomous_agent, autonomous_agent_local
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider
def get_entry_point(): return 'Pilot'
class Pilot(autonomous_agent_local.AutonomousAgent):
    def setup(self, path_to_conf_file, route_index=None, traffic_manager=None):
        self.track = autonomous_agent.Track.MAP
        self.told = [path_to_conf_file, route_index, traffic_manager]
        self.map = CarlaDataProvider.get_map()
    def run_step(self, input_data, timestamp, sensors=None):
        self.hero = CarlaDataProvider.get_hero_actor()
        return super().run_step(input_data, timestamp)
    def destroy(self, results=None):
        self.told.append(results)
"""
    host = AgentHost(str(guest(tmp_path, text)), "model.pt", PROFILE)
    host.load()
    begin(host)
    agent = host._agent
    assert agent.told == ["model.pt", None, None]
    assert agent.map is not None
    assert len(agent.org_dense_route_world_coord) == len(agent.org_dense_route_gps) == 301
    assert len(agent._global_plan_world_coord) == 3
    host.attach(FakeWorld(), FakeEgo(FakeWorld()))
    drive(host, [1])
    assert agent.hero is not None
    host.close()
    assert agent.told[3:] == [None]


def test_guests_may_change_their_plan():
    plan = straight_plan()
    host = AgentHost(TALES, "", PROFILE)
    host.load()
    begin(host, plan)
    host._agent._global_plan_world_coord[0][0].location.z = 99.0
    host._agent._global_plan[0][0]["lat"] = 0.0
    assert plan.world[0][0].location.z == 0.0
    assert plan.gps[0][0]["lat"] == 42.0


def test_manual_gears_are_off(wishes):
    class Manual(AutonomousAgent):
        def run_step(self, input_data, timestamp):
            return carla.VehicleControl(manual_gear_shift=True)

    assert Manual("here", 2000)().manual_gear_shift is False


def test_the_world_is_known_before_setup(tmp_path):
    text = """
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider
from srunner.scenariomanager.timer import GameTime
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Curious'
class Curious(AutonomousAgent):
    def setup(self, path):
        self.hero = CarlaDataProvider.get_hero_actor()
        self.port = CarlaDataProvider.get_traffic_manager_port()
        self.speed = CarlaDataProvider.get_velocity(self.hero)
        self.route = CarlaDataProvider.get_ego_route()
        self.town = CarlaDataProvider.get_map().name
    def run_step(self, data, timestamp):
        self.time = (GameTime.get_time(), GameTime.get_frame(), GameTime.get_carla_time())
        return super().run_step(data, timestamp)
"""
    host = AgentHost(str(guest(tmp_path, text)), "", PROFILE)
    host.load()
    ego = FakeEgo(FakeWorld(), velocity=(3.0, 4.0, 12.0))
    begin(host, ego=ego)
    agent = host._agent
    assert (agent.hero, agent.port, agent.speed, agent.town) == (ego, 8123, 5.0, "Carla/Maps/Drawn")
    assert len(agent.route) == 301
    drive(host, [500, 501, 503])
    assert agent.time == pytest.approx((0.2, 503, 25.15))
    host.close()
    assert sys.modules["srunner.scenariomanager.carla_data_provider"].CarlaDataProvider.get_world() is None


def test_the_users_own_copies_are_used_and_fed(tmp_path, monkeypatch):
    own = tmp_path / "own" / "srunner" / "scenariomanager"
    own.mkdir(parents=True)
    for folder in (own, own.parent):
        (folder / "__init__.py").write_text("")
    (own / "carla_data_provider.py").write_text(
        """
class CarlaDataProvider:
    _carla_actor_pool = {}
    told = []
    def __getattr__(self, name): raise AttributeError(name)
for name in ('set_client', 'set_world', 'set_traffic_manager_port', 'register_actor', 'set_ego_route', 'on_carla_tick'):
    def tell(*arguments, name=name): CarlaDataProvider.told.append((name, len(arguments)))
    setattr(CarlaDataProvider, name, staticmethod(tell))
"""
    )
    (own / "timer.py").write_text(
        """
class GameTime:
    told = []
    restart = staticmethod(lambda: GameTime.told.append('restart'))
    on_carla_tick = staticmethod(lambda timestamp: GameTime.told.append(timestamp.frame))
"""
    )
    monkeypatch.syspath_prepend(str(tmp_path / "own"))
    host = started()
    drive(host, [7])
    provider = sys.modules["srunner.scenariomanager.carla_data_provider"].CarlaDataProvider
    assert [name for name, _ in provider.told] == [
        "set_client",
        "set_traffic_manager_port",
        "set_world",
        "register_actor",
        "set_ego_route",
        "on_carla_tick",
    ]
    assert list(provider._carla_actor_pool) == [24]
    assert sys.modules["srunner.scenariomanager.timer"].GameTime.told == ["restart", 7]


def own_provider(folder, monkeypatch, methods):
    """A CarlaDataProvider of the user's own with what all copies have, and these methods."""
    own = folder / "srunner" / "scenariomanager"
    own.mkdir(parents=True)
    for package in (own, own.parent):
        (package / "__init__.py").write_text("")
    (own / "timer.py").write_text("from leaderboard.compat.game_time import GameTime")
    (own / "carla_data_provider.py").write_text(
        f"""
class CarlaDataProvider:
    _carla_actor_pool = {{}}
    set_client = set_world = set_traffic_manager_port = staticmethod(lambda given: None)
    on_carla_tick = staticmethod(lambda: None)
{methods}"""
    )
    monkeypatch.syspath_prepend(str(folder))


def test_the_copy_of_bench2drive_keeps_no_route(tmp_path, monkeypatch):
    """Nor do those of PDM-Lite and LEAD, which were taken from scenario_runner at the same time."""
    own_provider(
        tmp_path,
        monkeypatch,
        """
    @staticmethod
    def register_actor(actor, transform=None): CarlaDataProvider.actor = actor
""",
    )
    host = started()
    drive(host, [1])
    provider = sys.modules["srunner.scenariomanager.carla_data_provider"].CarlaDataProvider
    assert list(provider._carla_actor_pool.values()) == [provider.actor]


def test_the_copy_of_leaderboard_1_0_is_fed_too(tmp_path, monkeypatch):
    own_provider(
        tmp_path,
        monkeypatch,
        """
    @staticmethod
    def register_actor(actor): CarlaDataProvider.actor = actor
    @staticmethod
    def set_ego_vehicle_route(route): CarlaDataProvider.route = route
""",
    )
    started()
    provider = sys.modules["srunner.scenariomanager.carla_data_provider"].CarlaDataProvider
    assert (provider.actor.id, len(provider.route)) == (24, 301)


def test_a_copy_that_cannot_be_fed_is_said_in_one_sentence(tmp_path, monkeypatch):
    own = tmp_path / "srunner" / "scenariomanager"
    own.mkdir(parents=True)
    for folder in (own, own.parent):
        (folder / "__init__.py").write_text("")
    (own / "carla_data_provider.py").write_text("class CarlaDataProvider: pass")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"^your copy of scenario_runner \(.*carla_data_provider\.py\) is not one that"):
        started()


def test_options_are_those_of_the_users_copy(tmp_path, monkeypatch):
    own = tmp_path / "agents" / "navigation"
    own.mkdir(parents=True)
    for folder in (own, own.parent):
        (folder / "__init__.py").write_text("")
    numbers = ", ".join(f"{option.name}={option.value}" for option in RoadOption)
    text = f"from enum import Enum\nRoadOption = Enum('RoadOption', dict({numbers}))"
    (own / "local_planner.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    option = started()._agent._global_plan[0][1]
    assert (type(option).__module__, option.name) == ("agents.navigation.local_planner", "LANEFOLLOW")


def test_an_agent_with_an_interface_of_its_own(tmp_path):
    text = """
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Own'
class Interface:
    def __init__(self): self.data = {}
    def register_sensor(self, tag, kind, sensor): self.data[tag] = None
    def update_sensor(self, tag, data, frame): self.data[tag] = (frame, data)
    def get_data(self, frame): return self.data
class Own(AutonomousAgent):
    def setup(self, path): self.sensor_interface = Interface()
    def sensors(self): return [{'type': 'sensor.speedometer', 'id': 'SPEED'}]
    def run_step(self, data, timestamp):
        self.seen = data
        return super().run_step(data, timestamp)
"""
    host = AgentHost(str(guest(tmp_path, text)), "", PROFILE)
    host.load()
    begin(host)
    world = FakeWorld()
    host.attach(world, FakeEgo(world))
    drive(host, [1, 2])
    assert host._agent.seen["SPEED"][0] == 2


def test_bench2drive_gives_its_guests_more(tmp_path, wishes):
    save = Bench2Drive(save_path=tmp_path / "save", routes=tmp_path / "r.xml", save_name="Route_1_rep0")
    config = wishes()
    host = AgentHost(TALES, config, profile_named("bench2drive"), bench2drive=save)
    host.load()
    _, ego = begin(host)
    agent = host._agent
    assert agent.config == f"{config}+Route_1_rep0"
    assert agent.hero_actor is ego
    assert len(agent._plan_gps_HACK) == 301
    module = sys.modules[type(agent).__module__]
    assert {
        "IS_BENCH2DRIVE": "True",
        "SAVE_PATH": str(tmp_path / "save"),
        "ROUTES": str(tmp_path / "r.xml"),
    } == module.ENVIRONMENT
    info = agent.get_metric_info()
    assert info["angular_velocity"] == [1.0, 2.0, 3.0]
    assert info["location"] == [1.0, 2.0, 3.0]
    assert set(info) == {
        "acceleration",
        "angular_velocity",
        "forward_vector",
        "right_vector",
        "location",
        "rotation",
    }


# Blame


def whole_life(host):
    begin(host)
    drive(host, [1])
    host.close()


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("a bad day", "ValueError"),
        ("exit", "SystemExit"),
        ("cancelled", "CancelledError"),
        ("speechless", "Speechless"),
    ],
)
@pytest.mark.parametrize("where", ["setup", "sensors", "run_step", "destroy"])
def test_a_guest_that_raises_is_to_blame(wishes, where, what, kind):
    host = AgentHost(TALES, wishes(fails={where: what}), PROFILE)
    host.load()
    with pytest.raises(AgentFailed) as error:
        whole_life(host)
    late = where in ("run_step", "destroy")
    assert error.value.outcome is (Outcome.AGENT_CRASHED if late else Outcome.AGENT_SETUP_FAILED)
    assert str(error.value).startswith(f"the agent raised {kind} in {where}: ")
    assert "\n" not in str(error.value)
    assert "tales.py" in error.value.details


class Asked:
    """A simulator's client that has something to say, or not."""

    def __init__(self, answers):
        self.answers = answers

    def set_timeout(self, seconds):
        pass

    def get_server_version(self):
        if not self.answers:
            raise RuntimeError("time-out of 10000ms while waiting for the simulator")
        return "0.9.16"


@pytest.mark.parametrize("what", ["timeout", "a bad day"])
@pytest.mark.parametrize("where", ["setup", "run_step"])
def test_a_simulator_that_is_gone_is_not_the_guests_fault(wishes, where, what):
    host = AgentHost(TALES, wishes(fails={where: what}), PROFILE)
    host.load(Asked(answers=False))
    with pytest.raises(InfrastructureError, match=f"the simulator is gone; the agent noticed in {where}"):
        whole_life(host)


@pytest.mark.parametrize("where", ["setup", "run_step"])
def test_a_time_out_of_the_guests_own_is_its_fault(wishes, where):
    host = AgentHost(TALES, wishes(fails={where: "timeout"}), PROFILE)
    host.load(Asked(answers=True))
    with pytest.raises(AgentFailed, match=f"the agent raised RuntimeError in {where}: time-out of 1000ms"):
        whole_life(host)


def test_a_sensor_that_is_silent_is_not_the_guests_fault(wishes):
    host = started(wishes(sensors=[{"type": "sensor.other.gnss", "id": "GPS", "x": 0, "y": 0, "z": 0}]))
    host._agent.sensor_interface._queue_timeout = 0.01
    world = FakeWorld()
    host.attach(world, FakeEgo(world))
    with pytest.raises(InfrastructureError, match=r"no data of frame 1 within 0\.01 s from GPS"):
        drive(host, [1])
    assert not any(line.startswith("run_step") for line in host._agent.told)


@pytest.mark.parametrize(
    ("sensors", "sentence"),
    [
        (
            [{"type": "sensor.camera.depth", "id": "D"}],
            "the agent's sensors are invalid: sensor 'D': sensor.camera.depth",
        ),
        ([{"type": "sensor.other.imu"}], "the agent's sensors are invalid: a sensor without 'id'"),
        (7, "the agent's sensors are invalid: 'int' object is not iterable"),
    ],
)
def test_invalid_sensors_have_an_outcome_of_their_own(wishes, sensors, sentence):
    with pytest.raises(AgentFailed) as error:
        started(wishes(sensors=sensors))
    assert error.value.outcome is Outcome.AGENT_SENSORS_INVALID
    assert str(error.value).startswith(sentence)


def test_the_wrong_track(wishes):
    with pytest.raises(AgentFailed, match="the agent is for track MAP, but SENSORS is run"):
        started(wishes(track="MAP"), track=Track.SENSORS)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [({"returns": "text"}, "returned str, not carla.VehicleControl"), ({"control": "nan"}, "returned throttle nan")],
)
def test_what_is_no_control(wishes, wish, sentence):
    host = started(wishes(**wish))
    with pytest.raises(AgentFailed, match=sentence) as error:
        drive(host, [1])
    assert error.value.outcome is Outcome.AGENT_CRASHED


def test_names_that_numpy_1_had_are_there(tmp_path):
    """PDM-Lite's planner asks for np.float."""
    text = """
import numpy as np
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
distances = np.full(3, np.Inf, dtype=np.float)
assert distances.dtype == np.float64 and np.ones(2, dtype=np.int).dtype == np.int64 and np.product([2, 3]) == 6
def get_entry_point(): return 'Old'
class Old(AutonomousAgent): pass
"""
    AgentHost(str(guest(tmp_path, text)), "", PROFILE).load()


def test_numbers_of_numpy_are_numbers_of_a_control(tmp_path):
    """Since numpy 2 a float times a float32 is a float32, which the client refuses; TCP was written before."""
    text = """
import carla
import numpy as np
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Learned'
class Learned(AutonomousAgent):
    def run_step(self, input_data, timestamp):
        control = carla.VehicleControl(np.float32(0.25), brake=np.float64(0.0), gear=np.int64(2))
        control.steer = np.clip(0.5 * np.float32(0.5), -1, 1)
        control.hand_brake = np.bool_(True)
        return control
"""
    host = AgentHost(str(guest(tmp_path, text)), "", PROFILE)
    host.load()
    begin(host)
    host.attach(FakeWorld(), FakeEgo(FakeWorld()))
    control = drive(host, [1])[0].control
    assert control == carla.VehicleControl(throttle=0.25, steer=0.25, hand_brake=True, gear=2)


def test_what_the_client_says_of_a_wrong_type_is_told_with_the_type(tmp_path):
    text = """
import carla
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Wordy'
class Wordy(AutonomousAgent):
    def run_step(self, input_data, timestamp):
        return carla.VehicleControl(steer='left')
"""
    host = AgentHost(str(guest(tmp_path, text)), "", PROFILE)
    host.load()
    begin(host)
    host.attach(FakeWorld(), FakeEgo(FakeWorld()))
    with pytest.raises(AgentFailed, match=r"in run_step: Python argument types in VehicleControl\.__init__\("):
        drive(host, [1])


def test_a_guest_without_the_base_constructor(tmp_path):
    text = """
from leaderboard.autoagents.autonomous_agent import AutonomousAgent
def get_entry_point(): return 'Hasty'
class Hasty(AutonomousAgent):
    def __init__(self, host, port, debug): pass
"""
    host = AgentHost(str(guest(tmp_path, text)), "", PROFILE)
    host.load()
    with pytest.raises(AgentFailed, match=r"Hasty.__init__ must call that of AutonomousAgent"):
        begin(host)


def test_sensors_go_even_if_the_guest_fails_to_end(wishes):
    gps = {"type": "sensor.other.gnss", "id": "GPS", "x": 0, "y": 0, "z": 0}
    host = started(wishes(sensors=[gps], fails={"destroy": "never"}))
    world = FakeWorld()
    host.attach(world, FakeEgo(world))
    with pytest.raises(AgentFailed, match="in destroy: never"):
        host.close()
    assert world.spawned[0].ended == ["stop", "destroy"]
    host.close()


def test_a_simulator_that_is_gone_is_left_alone(wishes):
    gps = {"type": "sensor.other.gnss", "id": "GPS", "x": 0, "y": 0, "z": 0}
    host = started(
        wishes(sensors=[gps, {**gps, "type": "sensor.other.imu", "id": "I", "roll": 0, "pitch": 0, "yaw": 0}])
    )
    world = FakeWorld()
    host.attach(world, FakeEgo(world))

    def gone():
        raise RuntimeError("time-out of 1000ms while waiting for the simulator")

    world.spawned[0].stop = gone
    host.close()
    assert world.spawned[1].ended == []


# Really driven: the official client, the embedded simulator


@pytest.fixture(scope="module")
def live():
    """Harbor in steps of 0.05 s, and the way to put an ego onto a plan."""
    with simulator.serve("Harbor") as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        world.apply_settings(settings)
        world.tick()
        yield SimpleNamespace(client=client, world=world, host=server.host, port=server.port)


def driven(live, agent, ticks, config=""):
    """The host, the ego and the number of the last frame after a drive along 150 m of road."""
    world = live.world
    first = world.get_map().get_waypoint(world.get_map().get_spawn_points()[3].location)
    last = first.next(150.0)[0]
    plan = plan_route(world.get_map(), [place_of(point.transform.location) for point in (first, last)])
    blueprint = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
    blueprint.set_attribute("role_name", "hero")
    start = plan.world[0][0]
    ego = world.spawn_actor(blueprint, carla.Transform(start.location + carla.Location(z=0.5), start.rotation))
    source = str(AGENTS / agent) if agent.endswith(".py") else agent
    host = AgentHost(source, config, PROFILE)
    try:
        world.tick()
        host.load()
        host.begin(live.client, world, ego, plan, host=live.host, port=live.port)
        host.attach(world, ego)
        for _ in range(WARM_UP_TICKS[PROFILE.runtime.sensor_suite]):
            world.tick()
        for _ in range(ticks):
            frame = world.tick()
            host.tick(world.get_snapshot())
            ego.apply_control(host.step(frame).control)
        guest = host._agent
        travelled_m = ego.get_location().distance(start.location)
        host.close()
        world.tick()
        assert [actor for actor in world.get_actors() if actor.type_id.startswith("sensor.")] == []
    finally:
        ego.destroy()
        world.tick()
    return guest, travelled_m, frame


@pytest.mark.timeout(300)
@pytest.mark.parametrize("agent", ["npc_style.py", "leaderboard.autoagents.npc_agent"])
def test_an_npc_agent_drives(live, agent):
    _, travelled_m, _ = driven(live, agent, 120)
    assert travelled_m > 15.0


@pytest.mark.timeout(300)
def test_the_public_dummy_says_what_it_gets(live, capsys):
    _, travelled_m, frame = driven(live, "leaderboard.autoagents.dummy_agent", 2)
    assert travelled_m < 1.0
    said = capsys.readouterr().out
    assert said.count("\n") == 9
    assert f"Center: frame {frame - 1}, an array of (600, 800, 4)" in said
    assert "a dictionary with speed" in said


@pytest.mark.timeout(300)
def test_the_public_human_agent_plays_back_what_was_logged(live, tmp_path, monkeypatch):
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    controls = {"throttle": 0.5, "steer": 0.0, "brake": 0.0, "hand_brake": False, "reverse": False}
    record = {"control": {**controls, "manual_gear_shift": False, "gear": 0}}
    (tmp_path / "drive.json").write_text(json.dumps({"records": [record]}))
    config = tmp_path / "config.txt"
    config.write_text(f"mode: playback\nfile: {tmp_path / 'drive.json'}\n")
    _, travelled_m, _ = driven(live, "leaderboard.autoagents.human_agent", 40, f"{config}+Route_1")
    assert travelled_m > 1.0


@pytest.mark.timeout(300)
def test_a_dummy_agent_gets_its_sensors_in_step(live):
    guest, travelled_m, frame = driven(live, "dummy_style.py", 20)
    assert travelled_m < 1.0
    assert guest.destroyed
    assert list(guest.seen) == ["Center", "LIDAR", "RADAR", "GPS", "IMU", "SPEED", "OpenDRIVE"]
    assert {number for number, _ in guest.seen.values()} == {frame}
    image, points, echoes = (guest.seen[name][1] for name in ("Center", "LIDAR", "RADAR"))
    assert (image.shape, image.dtype) == ((64, 96, 4), np.uint8)
    assert len(np.unique(image[..., :3].reshape(-1, 3), axis=0)) > 20
    # Half a turn of 600,000 points a second, less what drops out; the ground is 1.6 m below.
    assert 8000 < len(points) < 30000
    assert -2.2 < points[:, 2].min() < -1.3
    depth, altitude, azimuth, velocity = echoes.T
    assert len(echoes) > 10
    assert ((depth > 0.0) & (depth <= 100.0)).all()
    assert (np.abs(altitude) <= np.radians(10.1)).all()
    assert np.radians(10.1) < np.abs(azimuth).max() <= np.radians(15.1)
    assert np.abs(velocity).max() < 0.2
    assert guest.seen["GPS"][1].shape == (3,)
    assert guest.seen["IMU"][1].shape == (7,)
    assert guest.seen["IMU"][1][2] == pytest.approx(9.81, abs=0.3)
    assert abs(guest.seen["SPEED"][1]["speed"]) < 0.1
    assert guest.seen["OpenDRIVE"][1]["opendrive"].lstrip().startswith("<")
    # The plan's and the sensor's GPS agree: the ego stands where the plan begins.
    begin_gps, gps = guest._global_plan[0][0], guest.seen["GPS"][1]
    assert gps[0] == pytest.approx(begin_gps["lat"], abs=6e-5)
    assert gps[1] == pytest.approx(begin_gps["lon"], abs=6e-5)
