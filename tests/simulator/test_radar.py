"""Radar: where its rays go, what they meet, and the sign of the speed."""

from math import pi, radians, tan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue
from simulator.scene.tables import Frame
from simulator.sensors.radar import RadarSpec, radar_spec, read_radar
from simulator.world.pose import Pose, rotation
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, plain_cast


def spec_of(**given: str) -> RadarSpec:
    blueprint = catalogue().find("sensor.other.radar")
    assert blueprint is not None
    attributes = {attribute.id: attribute.default for attribute in blueprint}
    assert given.keys() <= attributes.keys()
    return radar_spec(attributes | given, 1)


def wall(distance_m: float, **instance: object) -> Frame:
    """A frame with a wide wall that belongs to an actor."""
    body = geometry([box((distance_m + 1, 0, 0), (1, 500, 500))], instance=[1] * 12)
    return frame(None, body, None, instances({}, {"id": 9, **instance}))


def read(spec: RadarSpec, scene: Frame, pose: Pose, before: Pose | None = None, **more: Any) -> NDArray[np.void]:
    return read_radar(spec, scene, pose, before or pose, **more)


def test_attributes() -> None:
    spec = spec_of(horizontal_fov="45", range="60", points_per_second="3000")
    assert spec == pytest.approx((radians(45), radians(30), 60.0, 3000.0, 1))


@pytest.mark.parametrize(
    "given",
    [
        {"horizontal_fov": "180"},
        {"vertical_fov": "-1"},
        {"range": "-1"},
        {"points_per_second": "-1"},
        {"points_per_second": "1e9"},
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused_by_name(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        spec_of(**given)


def test_rays_fill_the_cone_evenly_in_radius_and_angle() -> None:
    spec = spec_of(points_per_second="400000", horizontal_fov="40", vertical_fov="20")
    detections = read(spec, wall(50.0), Pose())
    assert len(detections) == 20000  # each meets the wall
    across = np.tan(detections["azimuth_rad"]) / tan(radians(20))
    up = np.tan(detections["altitude_rad"]) / np.cos(detections["azimuth_rad"]) / tan(radians(10))
    radius, angle = np.hypot(across, up), np.arctan2(up, across)
    assert radius.max() <= 1.0 + 1e-6
    assert np.quantile(radius, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.02)
    assert np.quantile(angle / pi, [0.25, 0.5, 0.75]) == pytest.approx([-0.5, 0.0, 0.5], abs=0.03)
    assert abs(np.corrcoef(radius, angle)[0, 1]) < 0.03


@pytest.mark.parametrize(
    ("points_per_second", "delta_s", "expected"), [("1500", 0.05, 75), ("1500", 0.033, 49), ("15", 0.05, 0)]
)
def test_points_of_a_tick(points_per_second: str, delta_s: float, expected: int) -> None:
    scene = frame(None, wall(50.0).movers, None, wall(50.0).instances, delta_s=delta_s)
    detections = read(spec_of(points_per_second=points_per_second), scene, Pose())
    assert len(detections) == expected


def test_depth_and_angles_lead_to_the_surface() -> None:
    pose = Pose(2, -3, 1.2, 0.1, -0.05, 2.0)
    detections = read(spec_of(points_per_second="20000"), frame(geometry([ground(150, 10)])), pose)
    a, e, d = (detections[name].astype(float) for name in ("azimuth_rad", "altitude_rad", "depth_m"))
    local = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=1) * d[:, None]
    world = local @ np.array(rotation(pose)).T + np.array(pose[:3])
    assert len(world) > 300
    assert world[:, 2] == pytest.approx(np.zeros(len(world)), abs=1e-3)
    assert (detections["velocity_mps"] == 0.0).all()


def test_against_the_plain_way() -> None:
    rng = np.random.default_rng(2)
    corners = rng.normal(size=(300, 1, 3)) * 20 + rng.normal(size=(300, 3, 3)) * 4
    scene = frame(geometry([corners]))
    pose = Pose(*rng.normal(size=3), *rng.uniform(-3, 3, 3))
    spec = spec_of(points_per_second="20000", horizontal_fov="120", vertical_fov="90", range="40")
    everything = read(spec, wall(0.0), Pose(x=-1e-3))  # the rays themselves, in their order
    a, e = (everything[name].astype(float) for name in ("azimuth_rad", "altitude_rad"))
    local = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=1)
    expected, _ = plain_cast(
        scene.static.vertices[scene.static.triangles].astype(float),
        np.array(pose[:3]),
        local @ np.array(rotation(pose)).T,
        1e3,
    )
    met = expected <= 40.0 / local[:, 0]  # rays end in a plane
    detections = read(spec, scene, pose)
    assert len(everything) == 1000
    assert 200 < met.sum() < 1000
    assert detections["azimuth_rad"] == pytest.approx(a[met], abs=1e-6)
    assert detections["depth_m"] == pytest.approx(expected[met], rel=1e-4)


def test_the_sign_of_the_speed() -> None:
    ahead = spec_of(horizontal_fov="4", vertical_fov="4")
    coming = read(ahead, wall(50.0, velocity=(-12.0, 3.0, 0.0)), Pose())
    assert coming["velocity_mps"] == pytest.approx(np.full(75, -12.0), abs=0.15)
    going = read(ahead, wall(50.0, velocity=(12.0, 0.0, 0.0)), Pose())
    assert going["velocity_mps"] == pytest.approx(np.full(75, 12.0), abs=0.02)
    # The exact value on each ray.
    direction = np.cos(coming["altitude_rad"]) * [np.cos(coming["azimuth_rad"]), np.sin(coming["azimuth_rad"])]
    assert coming["velocity_mps"] == pytest.approx(-12.0 * direction[0] + 3.0 * direction[1], abs=1e-4)


def test_its_own_speed_counts() -> None:
    ahead = spec_of(horizontal_fov="4", vertical_fov="4")
    still = read(ahead, wall(50.0), Pose())
    assert (still["velocity_mps"] == 0.0).all()
    # Half a metre in a tick of 0.05 s, towards a wall that stands and behind one that runs before it.
    closing = read(ahead, wall(50.0), Pose(x=1.0), Pose(x=0.5))
    assert closing["velocity_mps"] == pytest.approx(np.full(75, -10.0), abs=0.02)
    following = read(ahead, wall(50.0, velocity=(10.0, 0.0, 0.0)), Pose(x=1.0), Pose(x=0.5))
    assert following["velocity_mps"] == pytest.approx(np.zeros(75), abs=1e-4)


def test_the_level_stands_and_the_ignored_are_not_there() -> None:
    behind = geometry([box((91, 0, 0), (1, 500, 500))])
    moving = wall(50.0, velocity=(5.0, 0.0, 0.0))
    scene = frame(behind, moving.movers, None, moving.instances)
    near = read(spec_of(range="95"), scene, Pose())
    far = read(spec_of(range="95"), scene, Pose(), ignored=frozenset({9}))
    assert near["velocity_mps"].min() > 4.5
    assert near["depth_m"].min() == pytest.approx(50.0, abs=0.5)
    assert (far["velocity_mps"] == 0.0).all()
    assert far["depth_m"].min() == pytest.approx(90.0, abs=0.5)


def test_readings_repeat_by_key_and_frame() -> None:
    scene = wall(50.0)
    later = frame(None, scene.movers, None, scene.instances, number=8)
    one, again, other_key = (read(spec_of()._replace(key=key), scene, Pose()) for key in (1, 1, 2))
    other_frame = read(spec_of(), later, Pose())
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other_key.tobytes()
    assert one.tobytes() != other_frame.tobytes()


def test_nothing_ahead() -> None:
    assert len(read(spec_of(), frame(), Pose())) == 0
    assert len(read(spec_of(range="0"), wall(50.0), Pose())) == 0
