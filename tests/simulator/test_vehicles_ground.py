"""Vehicles and the ground: settling, slopes, kerbs, flight, and what the flags of the actor switch off."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.mkz_2020 import HALF_M, TICK_S, Cars
from simulator.blueprints import vehicle_spec
from simulator.blueprints.engines import MKZ_2020
from simulator.maps.ground import build_surface
from simulator.maps.town import ROADS, Surface
from simulator.world.suspension import RAKE_RAD

GRAVITY = 9.81


Array = NDArray[np.float64]


def ground_of(height: Callable[[Array, Array], Array], x: Array, y: Array) -> Surface:
    """A sheet of road over the grid lines x and y; no terrain around it. Each triangle is a lane of its own."""
    gx, gy = np.meshgrid(x, y, indexing="ij")
    vertices = np.stack([gx, gy, height(gx, gy)], axis=-1).reshape(-1, 3)
    ny = len(y)
    corner = (np.arange(len(x) - 1)[:, None] * ny + np.arange(ny - 1)).reshape(-1)
    triangles = np.concatenate(
        [
            np.stack([corner, corner + ny, corner + ny + 1], axis=-1),
            np.stack([corner, corner + ny + 1, corner + 1], axis=-1),
        ]
    ).astype(np.int32)
    label = np.full(len(triangles), ROADS, np.uint8)
    lane = np.arange(len(triangles), dtype=np.int32)
    return build_surface(vertices, triangles, label, lane, np.zeros((0, 0)), 1.0, 0.0, 0.0)


def slope(grade: float, side_grade: float = 0.0) -> Surface:
    lines = np.linspace(-1000.0, 1000.0, 3)
    return ground_of(lambda x, y: grade * x + side_grade * y, lines, lines)


def hills() -> Surface:
    return ground_of(lambda x, y: 3.0 * np.sin(x / 15.0), np.arange(-200.0, 200.0, 1.0), np.array([-200.0, 0.0, 200.0]))


def kerb(height: float) -> Surface:
    """Ground that is higher by `height` from x = 10 on, with a steep side 2 cm wide."""
    return ground_of(
        lambda x, y: np.where(x > 10.01, height, 0.0),
        np.array([-500.0, 10.0, 10.02, 500.0]),
        np.array([-100.0, 100.0]),
    )


def dropped(z: float, surface: Surface | None = None, x: float = 0.0, yaw: float = 0.0) -> Cars:
    cars = Cars.parked(surface=surface)
    cars.actors["x"], cars.actors["z"], cars.actors["yaw"] = x, z, yaw
    return cars


# -- settling --------------------------------------------------------------------------------------------------


def test_settles_from_half_a_metre_within_a_second() -> None:
    cars = dropped(0.5)
    cars.run(TICK_S)
    assert cars.actors[0]["grounded"] == 0
    cars.run(1.0)
    actor = cars.actors[0]
    assert actor["grounded"] == 1
    assert actor["z"] == pytest.approx(0.0, abs=0.01)
    assert abs(actor["vz"]) < 0.05
    cars.run(1.0)
    assert actor["z"] == pytest.approx(0.0, abs=1e-4)
    assert [float(actor[name]) for name in ("vz", "wx", "wy", "wz")] == [0.0] * 4
    assert [float(actor[name]) for name in ("pitch", "roll")] == pytest.approx([-RAKE_RAD, 0.0], abs=1e-6)


@pytest.mark.parametrize("height", [5.0, 50.0, 200.0])
def test_lands_from_any_height_without_bouncing_off(height: float) -> None:
    cars = dropped(height)
    lowest = 0.0
    landed_s = np.sqrt(2.0 * height / GRAVITY)
    cars.run(TICK_S * round((landed_s - 0.1) / TICK_S))
    assert cars.actors[0]["grounded"] == 0
    highest_after = 0.0
    for k in range(60):
        cars.run(TICK_S)
        lowest = min(lowest, float(cars.actors[0]["z"]))
        if k > 5:
            highest_after = max(highest_after, float(cars.actors[0]["z"]))
    assert lowest > -0.11  # the bump stops
    assert highest_after < 0.3
    assert cars.actors[0]["z"] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(("grade", "side_grade", "yaw"), [(0.1, 0.0, 0.0), (0.0, 0.08, 0.0), (0.1, 0.05, 2.0)])
def test_lies_on_the_slope(grade: float, side_grade: float, yaw: float) -> None:
    cars = dropped(0.3, slope(grade, side_grade), yaw=yaw)
    cars.control(brake=1.0)
    cars.run(3.0)
    actor = cars.actors[0]
    assert actor["z"] == pytest.approx(grade * actor["x"] + side_grade * actor["y"], abs=0.01)
    along = grade * np.cos(yaw) + side_grade * np.sin(yaw)
    to_the_right = side_grade * np.cos(yaw) - grade * np.sin(yaw)
    assert actor["pitch"] == pytest.approx(np.arctan(along), abs=0.01)  # nose up uphill
    assert actor["roll"] == pytest.approx(-np.arctan(to_the_right), abs=0.01)  # right side down is positive


def test_two_wheelers_stay_upright_across_a_slope() -> None:
    spec = vehicle_spec("vehicle.kawasaki.ninja")
    cars = Cars.parked(spec.physics, surface=slope(0.1, 0.1), half_m=spec.half_extents)
    cars.control(throttle=0.8, steer=0.1)
    cars.run(5.0)
    assert cars.speed_kmh > 10.0
    assert cars.actors[0]["roll"] == 0.0


# -- slopes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("yaw", [0.0, 0.7, np.pi / 2, np.pi])
@pytest.mark.parametrize("steer", [0.0, 0.5])
def test_brake_holds_on_a_hill_absolutely_still(yaw: float, steer: float) -> None:
    cars = dropped(0.1, slope(0.15), yaw=yaw)
    cars.control(brake=0.8, steer=steer)
    cars.run(3.0)
    before = cars.actors.tobytes()
    cars.run(10.0)
    assert cars.actors.tobytes() == before


def test_in_gear_it_stays_in_neutral_it_rolls() -> None:
    in_gear, neutral = dropped(0.0, slope(0.1)), dropped(0.0, slope(0.1))
    neutral.vehicles["manual_gear_shift"] = 1
    in_gear.run(5.0)
    neutral.run(5.0)
    assert abs(in_gear.actors[0]["x"]) < 0.05
    assert in_gear.speed_kmh == 0.0
    expected = 0.5 * 0.1 * GRAVITY / (1.0 + 0.1**2) * 25.0
    assert -expected < neutral.actors[0]["x"] < -0.75 * expected


def test_uphill_is_slower_than_downhill() -> None:
    reached = []
    for grade in (0.1, 0.0, -0.1):
        cars = dropped(0.0, slope(grade))
        cars.control(brake=1.0)
        cars.run(1.0)
        cars.control(throttle=0.75)
        cars.run(5.0)
        reached.append(cars.speed_kmh / 3.6)
    assert reached[0] < reached[1] - 2.0
    assert reached[1] < reached[2] - 2.0


def test_energy_is_never_gained_in_neutral_over_hills() -> None:
    cars = dropped(3.0, hills(), x=15.0 * np.pi / 2)
    cars.vehicles["manual_gear_shift"] = 1
    cars.control(brake=1.0)
    cars.run(2.0)
    cars.control()
    cars.actors["vx"] = 1.0

    def energy() -> float:
        actor = cars.actors[0]
        return 0.5 * float(actor["vx"] ** 2 + actor["vy"] ** 2 + actor["vz"] ** 2) + GRAVITY * float(actor["z"])

    start = energy()
    fastest = 0.0
    most = start
    for _ in range(400):
        cars.run(TICK_S)
        most = max(most, energy())
        fastest = max(fastest, cars.speed_kmh / 3.6)
    assert fastest > 6.0  # it did roll down
    assert most < start + 1.0  # J per kg: the springs hold a little
    assert energy() < 0.5 * start


# -- kerbs, edges, flight --------------------------------------------------------------------------------------


def test_drives_onto_a_kerb() -> None:
    cars = dropped(0.0, kerb(0.15))
    cars.control(throttle=0.6)
    cars.run(6.0)
    actor = cars.actors[0]
    assert actor["x"] > 13.0
    assert actor["z"] == pytest.approx(0.15, abs=0.02)
    assert abs(actor["pitch"]) < 0.03


def test_falls_off_an_edge_and_drives_on() -> None:
    cars = dropped(0.0, kerb(-2.0))
    cars.actors["vx"] = 15.0
    cars.control(throttle=0.7)
    flew = 0
    for _ in range(60):
        cars.run(TICK_S)
        flew += int(cars.actors[0]["grounded"] == 0)
    actor = cars.actors[0]
    assert 5 <= flew <= 30
    assert actor["z"] == pytest.approx(-2.0, abs=0.02)
    assert cars.speed_kmh > 30.0


def test_walls_are_not_climbed() -> None:
    cars = dropped(0.0, kerb(1.5))
    cars.actors["vx"] = 5.0
    cars.run(2.0)
    assert cars.actors[0]["z"] < 0.3


def test_an_impulse_upwards_makes_it_fly() -> None:
    cars = dropped(0.0)
    cars.run(1.0)
    cars.actors["vx"] = 10.0
    cars.actors["vz"] = 10.0  # what an impulse of 10 times the mass gives
    cars.control(throttle=1.0, steer=1.0)
    highest = 0.0
    seconds = 0.0
    while seconds == 0.0 or cars.actors[0]["grounded"] == 0:
        cars.run(TICK_S)
        seconds += TICK_S
        highest = max(highest, float(cars.actors[0]["z"]))
        if cars.actors[0]["grounded"] == 0:
            assert cars.actors[0]["wz"] == pytest.approx(0.0, abs=0.02)  # nothing to steer against
            assert cars.speed_kmh / 3.6 == pytest.approx(10.0, abs=0.2)  # nor to push
    assert highest == pytest.approx(10.0**2 / 2.0 / GRAVITY, rel=0.1)
    assert seconds == pytest.approx(2.0 * 10.0 / GRAVITY, abs=0.15)


def test_a_force_over_one_tick_is_the_same_as_its_impulse() -> None:
    cars = dropped(0.0)
    cars.run(1.0)
    cars.actors["force_z"] = 10.0 * MKZ_2020.mass / TICK_S
    cars.run(TICK_S)
    cars.actors["force_z"] = 0.0
    assert cars.actors[0]["vz"] == pytest.approx(10.0, rel=0.1)


def test_forces_and_torques_move_a_car_without_grip() -> None:
    cars = dropped(0.0)
    cars.run(1.0)
    cars.vehicles["wheels"]["friction_scale"] = 0.0
    cars.actors["force_x"] = 2.0 * MKZ_2020.mass
    cars.actors["torque_z"] = 0.5 * float(cars.vehicles[0]["inertia_z"])
    cars.run(1.0)
    assert cars.actors[0]["vx"] == pytest.approx(2.0, rel=0.02)
    assert cars.actors[0]["wz"] == pytest.approx(0.5, rel=0.02)


# -- nothing beneath, and the actor's flags --------------------------------------------------------------------


def test_falls_freely_where_there_is_no_ground() -> None:
    cars = dropped(-50.0, slope(0.0))
    cars.run(2.0)
    actor = cars.actors[0]
    assert actor["z"] == pytest.approx(-50.0 - 0.5 * GRAVITY * 4.0, abs=0.2)
    assert actor["vz"] == pytest.approx(-2.0 * GRAVITY, rel=1e-6)
    assert actor["grounded"] == 0
    assert actor["lane"] == -1


def test_without_physics_nothing_moves_it() -> None:
    cars = dropped(-200.0)
    cars.actors["simulate"] = 0
    cars.actors["pitch"] = 0.3
    cars.actors["vx"] = 10.0
    cars.control(throttle=1.0, steer=1.0)
    cars.run(5.0)
    actor = cars.actors[0]
    assert [float(actor[name]) for name in ("x", "y", "z", "roll", "pitch", "yaw")] == [0, 0, -200.0, 0, 0.3, 0]
    assert actor["vx"] == 0.0  # it does not move, so it says so
    actor["z"], actor["simulate"] = 0.3, 1
    actor["vx"] = 8.0
    cars.run(1.0)
    assert actor["z"] == pytest.approx(0.0, abs=0.02)
    assert actor["x"] > 5.0


def test_without_gravity_it_floats() -> None:
    cars = dropped(0.5)
    cars.actors["gravity"] = 0
    cars.control(throttle=1.0)
    cars.run(5.0)
    assert cars.actors[0]["z"] == 0.5
    assert cars.speed_kmh == 0.0
    cars.actors["gravity"] = 1
    cars.run(3.0)
    assert cars.actors[0]["z"] == pytest.approx(0.0, abs=0.01)
    assert cars.speed_kmh > 10.0


def test_constant_velocity_holds_in_its_own_frame_and_steers() -> None:
    cars = dropped(0.0, slope(0.05))
    cars.actors["constant_velocity"] = 1
    cars.actors["cv_x"] = 8.0
    cars.control(brake=1.0)
    cars.run(2.0)
    actor = cars.actors[0]
    assert cars.speed_kmh / 3.6 == pytest.approx(8.0, abs=1e-6)
    assert actor["x"] == pytest.approx(16.0, abs=0.01)
    assert actor["z"] == pytest.approx(0.05 * actor["x"], abs=0.02)
    cars.control(steer=0.3)
    cars.run(1.0)
    assert actor["yaw"] > 0.3
    assert np.cos(actor["yaw"]) * actor["vx"] + np.sin(actor["yaw"]) * actor["vy"] == pytest.approx(8.0)
    actor["constant_velocity"] = 0
    cars.control(brake=1.0)
    cars.run(3.0)
    assert cars.speed_kmh == 0.0


def test_knows_the_lane_under_it() -> None:
    surface = slope(0.0)
    cars = dropped(0.0, surface, x=500.0)
    cars.actors["y"] = 100.0
    cars.run(TICK_S)
    first = int(cars.actors[0]["lane"])
    assert first >= 0
    cars.actors["x"] = -500.0
    cars.run(TICK_S)
    assert int(cars.actors[0]["lane"]) >= 0
    assert int(cars.actors[0]["lane"]) != first
    cars.actors["x"] = 5000.0
    cars.run(TICK_S)
    assert int(cars.actors[0]["lane"]) == -1


def test_box_of_the_reference_car() -> None:
    assert vehicle_spec("vehicle.lincoln.mkz_2020").half_extents == pytest.approx(HALF_M, abs=1e-3)
