"""An agent that does what the route's start asks for: drives straight on, or fails in one of many ways.

Its configuration is a JSON file: "faults", one for each route by the metres that its start lies behind the first
route's, "notes", a folder for what outlives an attempt, and "slow_s", what each step takes until a test puts "quick"
into that folder. A fault that ends in "_once" happens only the first time.
"""

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import carla
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider  # type: ignore[import-not-found]

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

FIRST_Y = -436.1


def get_entry_point():
    return "Faulty"


class Faulty(AutonomousAgent):
    def setup(self, path_to_conf_file):
        self.track = Track.SENSORS
        config = json.loads(Path(path_to_conf_file).read_text())
        metres = round(self._global_plan_world_coord[0][0].location.y - FIRST_Y)
        self.notes = Path(config["notes"])
        self.slow_s = config.get("slow_s", 0.0)
        self.fault = config["faults"].get(str(metres), "none")
        self.steps = 0
        if self.fault == "die_here_and_there":
            self.fault = next(self._in_turn(metres))
        if self.fault.endswith("_once"):
            note = self.notes / f"{self.fault}-{metres}"
            self.fault = "none" if note.exists() else self.fault.removesuffix("_once")
            note.touch()
        self._fail("setup")

    def sensors(self):
        if self.fault == "invalid_sensors":
            return [{"type": "sensor.camera.crystal_ball", "id": "future"}]
        if self.fault == "refused_sensors":
            camera = dict.fromkeys(("x", "y", "z", "roll", "pitch", "yaw"), 0.0) | {"type": "sensor.camera.rgb"}
            return [{**camera, "id": "negative", "width": -100, "height": 100, "fov": 90}]
        return []

    def run_step(self, input_data, timestamp):
        self.steps += 1
        if self.steps == 5:
            self._fail("step")
            if self.fault == "garbage":
                return "full speed ahead"
            if self.fault == "destroy_ego":
                CarlaDataProvider.get_hero_actor().destroy()
            if self.fault == "destroy_ego_by_id":
                command = carla.command.DestroyActor(CarlaDataProvider.get_hero_actor().id)
                CarlaDataProvider.get_client().apply_batch([command])
        if not (self.notes / "quick").exists():
            time.sleep(self.slow_s)
        return carla.VehicleControl(throttle=0.8)

    def _in_turn(self, metres):
        """In a step, in setup, and in a step again."""
        for number, fault in enumerate(("segfault_in_step", "exit_in_setup", "segfault_in_step")):
            note = self.notes / f"turn-{metres}-{number}"
            if not note.exists():
                note.touch()
                yield fault
        yield "none"

    def _fail(self, where):
        match self.fault.partition("_in_"):
            case "raise", _, place if place == where:
                raise ValueError("on purpose")
            case "hang", _, place if place == where:
                time.sleep(600)
            case "interrupt", _, place if place == where:
                raise KeyboardInterrupt
            case "ask", _, place if place == where:
                input("Shall I? ")
            case "exit", _, place if place == where:
                os._exit(0)
            case "segfault", _, place if place == where:
                ctypes.string_at(0)
            case "daemon", _, place if place == where:
                self._leave_a_daemon()

    def _leave_a_daemon(self):
        """One with a session of its own, no parent and an environment without a trace of us, and one with ours."""
        code = (
            "import os, sys, time; os.fork() and os._exit(0); os.setsid(); "
            "open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
        )
        for name, env in (("bare", {}), ("marked", None)):
            note = self.notes / f"daemon-{name}"
            subprocess.run([sys.executable, "-c", code, str(note)], env=env, check=True)
            while not (note.exists() and note.read_text()):
                time.sleep(0.01)
