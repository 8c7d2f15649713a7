"""An agent of the NPC kind: asks CarlaDataProvider for the world, and lets BasicAgent drive along the plan."""

import itertools

import carla
from agents.navigation.basic_agent import BasicAgent  # type: ignore[import-not-found]
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider  # type: ignore[import-not-found]

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track


def get_entry_point():
    return "NpcStyle"


class NpcStyle(AutonomousAgent):
    _driver = None

    def setup(self, path_to_conf_file):
        self.track = Track.SENSORS

    def sensors(self):
        return [{"type": "sensor.speedometer", "id": "SPEED"}]

    def run_step(self, input_data, timestamp):
        if self._driver is not None:
            return self._driver.run_step()
        heroes = [
            actor for actor in CarlaDataProvider.get_world().get_actors() if actor.attributes.get("role_name") == "hero"
        ]
        self._driver = BasicAgent(heroes[0], 30)
        places = [transform.location for transform, _ in self._global_plan_world_coord]
        waypoints = [CarlaDataProvider.get_map().get_waypoint(place) for place in places]
        plan = []
        for before, after in itertools.pairwise(waypoints):
            plan.extend(self._driver.trace_route(before, after))
        self._driver.set_global_plan(plan)
        return carla.VehicleControl()
