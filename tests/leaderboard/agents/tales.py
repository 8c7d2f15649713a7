"""An agent that tells what was done to it, and fails where its configuration says."""

import asyncio
import json
import os
from pathlib import Path

import carla

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

ENVIRONMENT = {key: os.environ.get(key) for key in ("IS_BENCH2DRIVE", "SAVE_PATH", "ROUTES")}


def get_entry_point():
    return "Tales"


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("not even that")


class Tales(AutonomousAgent):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.told = ["__init__"]
        self.arguments = arguments

    def set_global_plan(self, global_plan_gps, global_plan_world_coord):
        super().set_global_plan(global_plan_gps, global_plan_world_coord)
        self.told.append("set_global_plan")

    def setup(self, path_to_conf_file):
        self.told.append("setup")
        self.config = path_to_conf_file
        text = Path(path_to_conf_file.split("+")[0]).read_text() if path_to_conf_file else "{}"
        self.wishes = json.loads(text)
        self.track = Track(self.wishes.get("track", "SENSORS"))
        self._fail("setup")

    def sensors(self):
        self.told.append("sensors")
        self._fail("sensors")
        return self.wishes.get("sensors", [])

    def run_step(self, input_data, timestamp):
        self.told.append(f"run_step {timestamp:.2f}")
        self._fail("run_step")
        if "control" in self.wishes:
            return carla.VehicleControl(throttle=float(self.wishes["control"]))
        return "full speed ahead" if self.wishes.get("returns") == "text" else carla.VehicleControl(throttle=0.5)

    def destroy(self):
        self.told.append("destroy")
        self._fail("destroy")

    def _fail(self, where):
        what = self.wishes.get("fails", {}).get(where)
        if what == "exit":
            raise SystemExit(3)
        if what == "cancelled":
            raise asyncio.CancelledError("its coroutine")
        if what == "speechless":
            raise Speechless
        if what == "timeout":
            raise RuntimeError("time-out of 1000ms while waiting for the simulator, make sure it is ready")
        if what:
            raise ValueError(what)
