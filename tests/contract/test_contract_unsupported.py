"""What is not supported answers at once with a sentence that names the call; nothing hangs (issue, point 3)."""

import time
from collections.abc import Callable

import carla
import pytest

from tests.contract.support import Bench

pytestmark = pytest.mark.embedded

Call = Callable[[carla.Client, carla.World, carla.Vehicle], object]
TEXTURE = carla.TextureColor(2, 2)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("start_recorder", lambda client, world, car: client.start_recorder("run.log", True)),
        ("show_recorder_file_info", lambda client, world, car: client.show_recorder_file_info("run.log", False)),
        ("show_recorder_collisions", lambda client, world, car: client.show_recorder_collisions("run.log", "v", "a")),
        (
            "show_recorder_actors_blocked",
            lambda client, world, car: client.show_recorder_actors_blocked("run.log", 30.0, 10.0),
        ),
        ("replay_file", lambda client, world, car: client.replay_file("run.log", 0.0, 0.0, 0, False)),
        (
            "apply_color_texture_to_objects",
            lambda client, world, car: world.apply_color_texture_to_object(
                "Building_0", carla.MaterialParameter.Diffuse, TEXTURE
            ),
        ),
        (
            "apply_float_color_texture_to_objects",
            lambda client, world, car: world.apply_float_color_texture_to_object(
                "Building_0", carla.MaterialParameter.Normal, carla.TextureFloatColor(2, 2)
            ),
        ),
        ("use_carsim_road", lambda client, world, car: car.use_carsim_road(True)),
        ("enable_carsim", lambda client, world, car: car.enable_carsim("")),
        ("enable_chrono_physics", lambda client, world, car: car.enable_chrono_physics(1, 0.01, "", "", "", "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unsupported_call_is_refused_by_name(bench: Bench, name: str, call: Call) -> None:
    car = bench.car()
    before = bench.tick()
    started = time.monotonic()
    try:
        call(bench.client, bench.world, car)
    except RuntimeError as error:
        assert name in str(error)  # noqa: PT017  (a call that is not waited for raises nothing)
        assert "not supported" in str(error)  # noqa: PT017
    else:
        assert name.startswith(("enable_", "apply_", "use_")), f"{name} was accepted"
    assert time.monotonic() - started < 1.0
    assert bench.tick() == before + 1


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.stop_recorder(),
        lambda client: client.stop_replayer(True),
        lambda client: client.set_replayer_time_factor(2.0),
        lambda client: client.set_replayer_ignore_hero(True),
        lambda client: client.set_replayer_ignore_spectator(True),
    ],
)
def test_calls_that_are_not_waited_for_do_no_harm(bench: Bench, call: Callable[[carla.Client], object]) -> None:
    before = bench.tick()
    try:
        call(bench.client)
    except RuntimeError as error:
        assert "not supported" in str(error)  # noqa: PT017
    assert bench.tick() == before + 1


def test_an_unknown_component_is_an_error(bench: Bench) -> None:
    car = bench.car()
    with pytest.raises(RuntimeError, match="component"):
        car.get_component_world_transform("no-such-component")


def test_the_bridge_to_ros_is_off(bench: Bench) -> None:
    sensor = bench.spawn("sensor.other.gnss", carla.Transform())
    before = bench.tick()
    sensor.enable_for_ros()
    assert not sensor.is_enabled_for_ros()
    sensor.disable_for_ros()
    with pytest.raises(RuntimeError, match="enable_gbuffers is not supported"):
        sensor.enable_gbuffers(True)
    assert bench.tick() == before + 1


def test_a_gbuffer_is_refused_and_the_camera_goes_on(bench: Bench) -> None:
    camera = bench.sensor("sensor.camera.rgb", image_size_x="32", image_size_y="32")
    with pytest.raises(RuntimeError, match="get_gbuffer_token is not supported"):
        camera.sensor.listen_to_gbuffer(carla.GBufferTextureID.SceneColor, lambda data: None)
    assert not camera.sensor.is_listening_gbuffer(carla.GBufferTextureID.SceneColor)
    frame = bench.tick()
    assert camera.get().frame == frame


def test_poses_of_walkers_are_accepted(bench: Bench) -> None:
    """What draw_skeleton and its like do; a walker keeps its own pose here."""
    walker = bench.walker()
    pose = carla.WalkerBoneControlIn()
    pose.bone_transforms = [("crl_hips__C", carla.Transform(carla.Location(z=0.5)))]
    walker.set_bones(pose)
    walker.blend_pose(0.5)
    walker.show_pose()
    walker.hide_pose()
    walker.get_pose_from_animation()
    place = walker.get_location()
    bench.tick()
    assert walker.get_location() == place
    assert len(walker.get_bones().bone_transforms) > 20


def test_questions_about_bones_of_a_car_are_answered(bench: Bench) -> None:
    car = bench.car()
    for question in (
        car.get_component_names,
        car.get_bone_names,
        car.get_bone_world_transforms,
        car.get_bone_relative_transforms,
        car.get_socket_names,
        car.get_socket_world_transforms,
        car.get_socket_relative_transforms,
        car.get_vehicle_bone_world_transforms,
    ):
        started = time.monotonic()
        try:
            assert isinstance(list(question()), list)
        except RuntimeError as error:
            assert "not supported" in str(error)  # noqa: PT017
        assert time.monotonic() - started < 1.0
