"""Leaves the road until it hits something, and raises in its next step."""

import carla
from srunner.scenariomanager.carla_data_provider import CarlaDataProvider  # type: ignore[import-not-found]

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track


def get_entry_point():
    return "Hitting"


class Hitting(AutonomousAgent):
    def setup(self, path_to_conf_file):
        self.track = Track.SENSORS
        self.hits = []
        self.sensor = None

    def sensors(self):
        return []

    def run_step(self, input_data, timestamp):
        if self.sensor is None:
            world = CarlaDataProvider.get_world()
            blueprint = world.get_blueprint_library().find("sensor.other.collision")
            self.sensor = world.spawn_actor(blueprint, carla.Transform(), CarlaDataProvider.get_hero_actor())
            self.sensor.listen(self.hits.append)
        if self.hits:
            raise ValueError("I have hit something")
        return carla.VehicleControl(throttle=1.0, steer=0.3)
