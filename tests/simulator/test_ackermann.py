"""The Ackermann controller on the reference car."""

import numpy as np
import pytest

from benchmarks.mkz_2020 import TICK_S, Cars


def commanded(speed: float, steer: float = 0.0, steer_speed: float = 0.0, acceleration: float = 0.0) -> Cars:
    cars = Cars.parked()
    cars.run(1.0)
    command(cars, speed, steer, steer_speed, acceleration)
    return cars


def command(cars: Cars, speed: float, steer: float = 0.0, steer_speed: float = 0.0, acceleration: float = 0.0) -> None:
    cars.vehicles["ackermann"] = 1
    cars.vehicles["ack_speed"] = speed
    cars.vehicles["ack_steer"] = steer
    cars.vehicles["ack_steer_speed"] = steer_speed
    cars.vehicles["ack_acceleration"] = acceleration


def test_reaches_and_holds_a_speed_then_stops() -> None:
    cars = commanded(8.0)
    cars.run(20.0)
    speeds = []
    for _ in range(100):
        cars.run(TICK_S)
        speeds.append(cars.speed_kmh / 3.6)
    assert np.mean(speeds) == pytest.approx(8.0, abs=0.8)
    command(cars, 0.0)
    cars.run(15.0)
    assert cars.speed_kmh == 0.0
    assert cars.vehicles[0]["brake"] == 1.0
    assert cars.vehicles[0]["throttle"] == 0.0


def test_drives_backwards_only_after_a_stop() -> None:
    cars = commanded(5.0)
    cars.run(10.0)
    command(cars, -3.0)
    for _ in range(600):
        forward = float(cars.actors[0]["vx"])
        cars.run(TICK_S)
        if forward > 0.2:
            assert cars.vehicles[0]["reverse"] == 0
    assert cars.vehicles[0]["reverse"] == 1
    assert -5.0 < cars.actors[0]["vx"] < -1.5


def test_steers_at_the_rate_asked_for() -> None:
    cars = commanded(0.0, steer=0.4, steer_speed=0.2)
    cars.run(1.0)
    assert cars.vehicles[0]["steer"] * np.radians(49.0) == pytest.approx(0.2, rel=0.01)
    cars.run(2.0)
    assert cars.vehicles[0]["steer"] * np.radians(49.0) == pytest.approx(0.4, rel=1e-6)
    command(cars, 0.0, steer=-9.0)
    cars.run(TICK_S)
    assert cars.vehicles[0]["steer"] == -1.0


def test_acceleration_limit_makes_it_gentler() -> None:
    quick, gentle = commanded(10.0), commanded(10.0, acceleration=0.5)
    quick.run(3.0)
    gentle.run(3.0)
    assert 0.0 < gentle.speed_kmh < 0.8 * quick.speed_kmh
