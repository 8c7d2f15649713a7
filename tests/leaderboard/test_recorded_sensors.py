"""--record-sensors: what the agent was shown is in the trace, as it was shown."""

import base64
import sys

import cv2
import numpy as np
import pytest

from leaderboard import cli
from leaderboard.log.trace import read_trace
from tests.leaderboard.runs import Run, record_id

AGENT = """
import numpy as np
from pathlib import Path
from leaderboard.autoagents.autonomous_agent import AutonomousAgent, Track

POSE = {"x": 0.0, "y": 0.0, "z": 1.8, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}

def get_entry_point():
    return "Looks"

class Looks(AutonomousAgent):
    def setup(self, path):
        self.track = Track.MAP
        self.calls = 0

    def sensors(self):
        return [
            {"type": "sensor.camera.rgb", **POSE, "width": 64, "height": 48, "fov": 90, "id": "front"},
            {"type": "sensor.lidar.ray_cast", **POSE, "id": "top"},
            {"type": "sensor.speedometer", "id": "speed"},
            {"type": "sensor.opendrive_map", "reading_frequency": 1, "id": "map"},
        ]

    def run_step(self, data, timestamp):
        self.calls += 1
        if self.calls == 4:
            np.savez(Path(__file__).with_name("shown.npz"), front=data["front"][1], top=data["top"][1])
            raise ValueError("enough")
        import carla
        return carla.VehicleControl()
"""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_trace_holds_what_the_agent_was_shown(tmp_path):
    agent = tmp_path / "looks.py"
    agent.write_text(AGENT)
    run = Run(tmp_path, agent=agent)
    code, said = run.start("--record-sensors").end()
    assert code == 0, said
    shown = np.load(tmp_path / "shown.npz")
    messages = list(read_trace(run.directory.route(record_id(0)) / "trace.mcap"))
    by_topic = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    recorded = {topic for topic in by_topic if topic.startswith("/sensors/")}
    assert recorded == {"/sensors/front", "/sensors/top", "/sensors/speed"}
    assert [len(by_topic[topic]) for topic in sorted(recorded)] == [4, 4, 4]
    jpeg = np.frombuffer(base64.b64decode(by_topic["/sensors/front"][-1].content["data"]), np.uint8)
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert np.abs(picture.astype(int) - shown["front"][:, :, :3]).mean() < 6.0, "JPEG is near, not equal"
    points = np.frombuffer(base64.b64decode(by_topic["/sensors/top"][-1].content["data"]), "<f4").reshape(-1, 4)
    np.testing.assert_array_equal(points * [1.0, -1.0, 1.0, 1.0], shown["top"])
    (speed,) = by_topic["/sensors/speed"][0].content["values"]
    assert speed == pytest.approx(0.0, abs=0.1)


def test_without_opencv_it_is_refused_in_one_sentence(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert cli.main(["evaluate", "--record-sensors"]) == 2
    assert "pip install 'carla-closed-loop[view]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
