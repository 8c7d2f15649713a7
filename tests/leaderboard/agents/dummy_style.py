"""An agent of the dummy kind: asks for every sensor that the simulator has, looks at the shapes, and stands."""

import carla

from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track


def get_entry_point():
    return "DummyStyle"


POSE = {"x": 0.7, "y": -0.4, "z": 1.6, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}


class DummyStyle(AutonomousAgent):
    def setup(self, path_to_conf_file):
        self.track = Track.MAP
        self.seen = {}
        self.destroyed = False

    def sensors(self):
        return [
            {"type": "sensor.camera.rgb", **POSE, "width": 96, "height": 64, "fov": 100, "id": "Center"},
            {"type": "sensor.lidar.ray_cast", **POSE, "id": "LIDAR"},
            {"type": "sensor.other.radar", **POSE, "horizontal_fov": 30.0, "vertical_fov": 20.0, "id": "RADAR"},
            {"type": "sensor.other.gnss", "x": 0.7, "y": -0.4, "z": 1.6, "id": "GPS"},
            {"type": "sensor.other.imu", **POSE, "id": "IMU"},
            {"type": "sensor.speedometer", "id": "SPEED"},
            {"type": "sensor.opendrive_map", "reading_frequency": 1, "id": "OpenDRIVE"},
        ]

    def run_step(self, input_data, timestamp):
        self.seen = input_data
        self.timestamp = timestamp
        return carla.VehicleControl(manual_gear_shift=True)

    def destroy(self):
        self.destroyed = True
