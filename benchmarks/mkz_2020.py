"""How vehicle.lincoln.mkz_2020 answers pedals and wheel here, beside the published figures of CARLA's.

    python -m benchmarks.mkz_2020

prints the tables of docs/vehicle-dynamics.md (here / published), the cost of a vehicle and the machine. The
published figures are regressions on CARLA 0.9.15 (carla_garage and lead: the car on a straight road at 20 Hz;
turning radii from World on Rails). tests/simulator/test_vehicles.py holds the car to them.
"""

import platform
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints.engines import MKZ_2020
from simulator.blueprints.physics import VehiclePhysics
from simulator.kernels import njit
from simulator.maps.ground import flat_surface
from simulator.maps.town import Surface
from simulator.world.tables import ACTOR, VEHICLE_STATE
from simulator.world.vehicles import default_state, set_physics, vehicle_begin_tick, vehicle_substep

TICK_S = 0.05
SUBSTEPS = 5
HALF_M = (2.446, 0.9185, 0.745)

# throttle -> {seconds from standstill: (km/h, metres)}
PUBLISHED_THROTTLE = {
    0.5: {1: (4.6, 0.7), 2: (8.6, 2.6), 3: (12.1, 5.5), 5: (17.9, 13.9), 8: (24.6, 31.8)},
    0.75: {1: (13.1, 2.0), 2: (24.6, 7.3), 3: (34.8, 15.6), 5: (52.0, 40.0), 8: (72.3, 92.3)},
    1.0: {1: (24.0, 3.7), 2: (42.5, 13.1), 3: (57.4, 27.2), 5: (80.1, 65.9), 8: (104.1, 143.4)},
}
# km/h -> (seconds, metres) of a full stop
PUBLISHED_STOPS = {30: (0.55, 2.7), 50: (1.35, 11.3), 90: (2.85, 41.7)}
# steer -> turning radius in metres at low speed
PUBLISHED_RADII = {0.1: 36.0, 0.25: 14.4, 0.5: 7.3}


@njit
def advance(actors, vehicles, surface, tick_s, substeps, ticks):  # type: ignore[no-untyped-def]
    """Step all vehicles, without contacts."""
    for _ in range(ticks):
        for i in range(len(vehicles)):
            vehicle_begin_tick(actors, vehicles, i, surface, tick_s)
        for _ in range(substeps):
            for i in range(len(vehicles)):
                vehicle_substep(actors, vehicles, i, surface, tick_s / substeps)


@dataclass
class Cars:
    """Some equal cars on one surface, without a world around them."""

    actors: NDArray[Any]
    vehicles: NDArray[Any]
    surface: Surface

    @classmethod
    def parked(
        cls,
        physics: VehiclePhysics = MKZ_2020,
        n: int = 1,
        surface: Surface | None = None,
        half_m: tuple[float, float, float] = HALF_M,
    ) -> "Cars":
        actors = np.zeros(n, ACTOR)
        vehicles = np.zeros(n, VEHICLE_STATE)
        for name in ("simulate", "gravity", "collides"):
            actors[name] = 1
        actors["half_x"], actors["half_y"], actors["half_z"] = half_m
        actors["mass"] = physics.mass
        for i in range(n):
            actors[i]["side"] = i
            vehicles[i]["actor"] = i
            default_state(vehicles, i)
            set_physics(vehicles, i, physics, *half_m)
        return cls(actors, vehicles, flat_surface(20_000.0) if surface is None else surface)

    def control(self, throttle: float = 0.0, steer: float = 0.0, brake: float = 0.0) -> None:
        self.vehicles["throttle"] = throttle
        self.vehicles["steer"] = steer
        self.vehicles["brake"] = brake

    def run(self, seconds: float) -> None:
        advance(self.actors, self.vehicles, self.surface, TICK_S, SUBSTEPS, round(seconds / TICK_S))

    @property
    def speed_kmh(self) -> float:
        return 3.6 * float(np.hypot(self.actors[0]["vx"], self.actors[0]["vy"]))

    def reach(self, speed_kmh: float) -> None:
        """Full throttle up to a speed, then exactly that speed, as set_target_velocity would give it."""
        self.control(throttle=1.0)
        while self.speed_kmh < speed_kmh:
            self.run(TICK_S)
        scale = speed_kmh / self.speed_kmh
        self.actors["vx"] *= scale
        self.actors["vy"] *= scale


def accelerate(physics: VehiclePhysics, throttle: float, seconds: tuple[int, ...]) -> dict[int, tuple[float, float]]:
    """Speed (km/h) and distance (m) at some times from standstill."""
    cars = Cars.parked(physics)
    cars.run(1.0)
    cars.control(throttle=throttle)
    start = float(cars.actors[0]["x"])
    found = {}
    now = 0
    for then in seconds:
        cars.run(then - now)
        now = then
        found[then] = (cars.speed_kmh, float(cars.actors[0]["x"]) - start)
    return found


def stop(physics: VehiclePhysics, speed_kmh: float) -> tuple[float, float]:
    """Time (s) and distance (m) of a full stop."""
    cars = Cars.parked(physics)
    cars.run(1.0)
    cars.reach(speed_kmh)
    cars.control(brake=1.0)
    start = float(cars.actors[0]["x"])
    ticks = 0
    while cars.speed_kmh > 0.0:
        cars.run(TICK_S)
        ticks += 1
    return ticks * TICK_S, float(cars.actors[0]["x"]) - start


def turning_radius(physics: VehiclePhysics, steer: float, speed_mps: float = 5.0) -> float:
    """Radius (m) of the circle that the middle of the car drives at a held speed."""
    cars = Cars.parked(physics)
    cars.run(1.0)
    cars.actors["vx"] = speed_mps
    throttle = 0.0
    turned = driven = 0.0
    for tick in range(200):
        throttle = min(max(throttle + 0.2 * (speed_mps - cars.speed_kmh / 3.6), 0.0), 1.0)
        cars.control(throttle=throttle, steer=steer)
        x, y, yaw = (float(cars.actors[0][name]) for name in ("x", "y", "yaw"))
        cars.run(TICK_S)
        if tick >= 100:
            driven += float(np.hypot(cars.actors[0]["x"] - x, cars.actors[0]["y"] - y))
            turned += float(cars.actors[0]["yaw"]) - yaw
    return driven / abs(turned)


def microseconds_per_vehicle_tick(n: int = 200, ticks: int = 200, repetitions: int = 7) -> float:
    """The best of some repetitions: other work on the machine only adds."""
    cars = Cars.parked(n=n)
    cars.actors["x"] = 20.0 * np.arange(n)
    cars.control(throttle=0.6, steer=0.1)
    cars.run(2.0)
    took = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        cars.run(ticks * TICK_S)
        took.append(time.perf_counter() - begin)
    return 1e6 * min(took) / (n * ticks)


def _pair(here: float, published: float, digits: int = 1) -> str:
    return f"{here:.{digits}f} / {published:.{digits}f} ({100.0 * (here / published - 1.0):+.0f} %)"


def main() -> None:
    times = sorted(PUBLISHED_THROTTLE[1.0])
    print("| throttle from standstill |", " | ".join(f"{seconds} s" for seconds in times), "|")
    print("|---" * (1 + len(times)) + "|")
    for throttle, rows in PUBLISHED_THROTTLE.items():
        reached = accelerate(MKZ_2020, throttle, tuple(times))
        for k, unit in enumerate(("km/h", "m")):
            cells = (_pair(reached[seconds][k], rows[seconds][k]) for seconds in times)
            print(f"| {throttle}: {unit} |", " | ".join(cells), "|")
    print("\n| full brake from | s | m |\n|---|---|---|")
    for speed, published in PUBLISHED_STOPS.items():
        seconds_and_metres = zip(stop(MKZ_2020, speed), published)
        print(f"| {speed} km/h |", " | ".join(_pair(*pair, digits=2) for pair in seconds_and_metres), "|")
    print("\n| steer at 5 m/s | radius m |\n|---|---|")
    for steer, radius in PUBLISHED_RADII.items():
        print(f"| {steer} | {_pair(turning_radius(MKZ_2020, steer), radius)} |")
    print(f"\n{microseconds_per_vehicle_tick():.2f} us per vehicle and tick of {SUBSTEPS} substeps, 200 vehicles")
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, {date.today()}")


if __name__ == "__main__":
    main()
