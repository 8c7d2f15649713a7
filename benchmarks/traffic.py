"""Ten minutes of traffic in several towns, watched for what traffic must not do: ./dev bench traffic

50 cars of the client's Traffic Manager and, where the map has sidewalks, 30 walkers of its navigation. Counted are
cars that stand for more than 90 s other than at a red light or in its queue, cars that leave the road, cars that
run a red light, and contacts that last over 5 s. Exit code 1 when a bound is passed.

A car that has had green while it stood in the light's volume counts as obedient whenever it leaves: the Traffic Manager
holds on to that green until the car is out of the volume (its SimulationState), in CARLA as here.
"""

import argparse
import math
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import carla

import simulator

DELTA_S = 0.05
STANDING_MPS = 0.1
STANDS_TOO_LONG_S = 90.0
OFF_ROAD_M = 1.0  # of the middle of the car beyond the edge of the nearest lane
CONTACT_S = 5.0
CONTACT_GAP_S = 0.5  # a contact that is felt again within this time went on
FRESH_RED_S = 2.0  # a car on the line when the light turns is not running it
LINE_TO_JUNCTION_M = 3.0  # the client takes the middle of a light's volume for its stop line
TOWNS = ("Harbor", "Orchard", "Interchange", "Town04", "Town10HD")
MAX_STANDING = 2  # over all towns
SHARED_MAPS = Path(__file__).resolve().parents[1].parent / "shared" / "maps"


@dataclass
class Verdict:
    """What was seen in one town."""

    town: str
    cars: int = 0
    walkers: int = 0
    minutes: float = 0.0
    ticks_per_s: float = 0.0
    driven_km: float = 0.0
    walked_km: float = 0.0
    standing: dict[int, str] = field(default_factory=dict)
    off_road: dict[int, str] = field(default_factory=dict)
    red: list[str] = field(default_factory=list)
    contacts: dict[tuple[int, int], float] = field(default_factory=dict)  # longest, s
    touched: int = 0

    @property
    def long_contacts(self) -> dict[tuple[int, int], float]:
        return {pair: seconds for pair, seconds in self.contacts.items() if seconds > CONTACT_S}

    def __str__(self) -> str:
        return (
            f"{self.town:<12} {self.cars} cars {self.driven_km:.1f} km, "
            f"{self.walkers} walkers {self.walked_km:.2f} km, "
            f"{self.minutes:.1f} min at {self.ticks_per_s:.0f} ticks/s: "
            f"standing {len(self.standing)}, off road {len(self.off_road)}, "
            f"red lights run {len(self.red)}, "
            f"contacts {self.touched} (over {CONTACT_S:.0f} s: {len(self.long_contacts)})"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("towns", nargs="*", default=TOWNS, help=f"default: {' '.join(TOWNS)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="simulated, per town (default: %(default)s)")
    parser.add_argument("--cars", type=int, default=50)
    parser.add_argument("--walkers", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--map-dir", type=Path, default=SHARED_MAPS if SHARED_MAPS.is_dir() else None)
    arguments = parser.parse_args()
    verdicts = []
    for town in arguments.towns:
        verdict = watch(town, arguments.minutes, arguments.cars, arguments.walkers, arguments.seed, arguments.map_dir)
        verdicts.append(verdict)
        print(verdict, flush=True)
        details = [*verdict.standing.values(), *verdict.off_road.values(), *verdict.red]
        details += [f"contact {pair} for {seconds:.1f} s" for pair, seconds in verdict.long_contacts.items()]
        for line in details:
            print(f"    {line}")
    standing = sum(len(verdict.standing) for verdict in verdicts)
    failed = standing > MAX_STANDING or any(v.off_road or v.red or v.long_contacts for v in verdicts)
    print(f"standing in all: {standing} of {sum(v.cars for v in verdicts)} (at most {MAX_STANDING})")
    return 1 if failed else 0


def watch(town: str, minutes: float, cars: int, walkers: int, seed: int, map_dir: Path | None) -> Verdict:
    """Run one town."""
    with simulator.serve(town, map_dir=map_dir, seed=seed) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        return Watch(client, world, town, cars, walkers, seed).run(round(minutes * 60 / DELTA_S))


class Watch:
    """One town's traffic and those who look at it."""

    def __init__(self, client: carla.Client, world: carla.World, town: str, cars: int, walkers: int, seed: int) -> None:
        self.world, self.map = world, world.get_map()
        self.rng = random.Random(seed)
        self.verdict = Verdict(town)
        self.manager = client.get_trafficmanager(self.rng.randrange(20_000, 60_000))
        self.manager.set_synchronous_mode(True)
        self.manager.set_random_device_seed(seed)
        world.set_pedestrians_seed(seed)
        self.cars = self._spawn_cars(cars)
        self.controllers = self._spawn_walkers(walkers)
        self.touching: dict[tuple[int, int], tuple[int, int]] = {}  # pair -> first and last frame
        self.sensors = [self._feel(car) for car in self.cars]
        self.lines = self._stop_lines()
        self.still_since: dict[int, int] = {}
        self.had_green: dict[int, int] = {}  # car -> light that was green while the car stood in its volume
        self.last_place: dict[int, tuple[float, float]] = {}
        self.red_since: dict[int, float] = defaultdict(lambda: -1.0)
        self.ahead_of_line: dict[tuple[int, int], bool] = {}

    def _spawn_cars(self, count: int) -> list[carla.Vehicle]:
        library = self.world.get_blueprint_library().filter("vehicle.*")
        models = [bp for bp in library if bp.get_attribute("base_type") == "car"]
        places = self.map.get_spawn_points()
        self.rng.shuffle(places)
        found = (self.world.try_spawn_actor(self.rng.choice(models), place) for place in places)
        cars = []
        for car in found:
            if car is not None:
                cars.append(car)
            if len(cars) == count:
                break
        self.world.tick()
        for car in cars:
            car.set_autopilot(True, self.manager.get_port())
        self.verdict.cars = len(cars)
        return cars

    def _spawn_walkers(self, count: int) -> list[tuple[carla.Walker, carla.WalkerAIController]]:
        models = self.world.get_blueprint_library().filter("walker.pedestrian.*")
        controller = self.world.get_blueprint_library().find("controller.ai.walker")
        pairs = []
        for _ in range(count):
            place = self.world.get_random_location_from_navigation()
            if place is None:
                break
            place.z += 1.0
            walker = self.world.try_spawn_actor(self.rng.choice(models), carla.Transform(place))
            if walker is not None:
                pairs.append((walker, self.world.spawn_actor(controller, carla.Transform(), attach_to=walker)))
        self.world.tick()
        for _, brain in pairs:
            brain.start()
            brain.go_to_location(self.world.get_random_location_from_navigation())
            brain.set_max_speed(1.0 + self.rng.random())
        self.verdict.walkers = len(pairs)
        return pairs

    def _feel(self, car: carla.Vehicle) -> carla.Sensor:
        model = self.world.get_blueprint_library().find("sensor.other.collision")
        sensor = self.world.spawn_actor(model, carla.Transform(), attach_to=car)

        def felt(event: carla.CollisionEvent) -> None:
            pair = (min(car.id, event.other_actor.id), max(car.id, event.other_actor.id))
            first, last = self.touching.get(pair, (event.frame, event.frame))
            if (event.frame - last) * DELTA_S > CONTACT_GAP_S:
                first = event.frame
            self.touching[pair] = (first, event.frame)
            longest = self.verdict.contacts.get(pair, 0.0)
            self.verdict.contacts[pair] = max(longest, (event.frame - first) * DELTA_S)

        sensor.listen(felt)
        return sensor

    def _stop_lines(self) -> list[tuple[carla.TrafficLight, carla.Transform, float]]:
        lights = self.world.get_actors().filter("traffic.traffic_light")
        return [(light, wp.transform, wp.lane_width) for light in lights for wp in light.get_stop_waypoints()]

    def run(self, ticks: int) -> Verdict:
        started = time.perf_counter()
        for tick in range(ticks):
            self.world.tick()
            self._look(tick)
            if tick % 200 == 199 and sys.stderr.isatty():
                rate = (tick + 1) / (time.perf_counter() - started)
                print(f"\r{self.verdict.town}: {tick + 1} of {ticks} ticks, {rate:.0f}/s ", end="", file=sys.stderr)
        verdict = self.verdict
        verdict.minutes = ticks * DELTA_S / 60
        verdict.ticks_per_s = ticks / (time.perf_counter() - started)
        verdict.touched = len(verdict.contacts)
        for sensor in self.sensors:
            sensor.stop()
        for _, brain in self.controllers:
            brain.stop()
        self.manager.shut_down()  # its threads would miss the simulator and end this process
        if sys.stderr.isatty():
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
        return verdict

    def _look(self, tick: int) -> None:
        verdict = self.verdict
        red = {light.id for light, _, _ in self.lines if light.state == carla.TrafficLightState.Red}
        for light, _, _ in self.lines:
            self.red_since[light.id] = self.red_since[light.id] if light.id in red else tick * DELTA_S
        self._check_removed(tick)
        state = [(car, car.get_transform(), car.get_velocity().length()) for car in self.cars]
        for car, pose, speed in state:
            verdict.driven_km += speed * DELTA_S / 1000
            if speed > STANDING_MPS:
                self.still_since[car.id] = tick
            if tick % 10 == 0:
                self._check_road(tick, car, pose)
            self._check_arrival(car)
            self._check_lines(tick, car, pose, speed, red)
        for walker, _ in self.controllers:
            verdict.walked_km += walker.get_velocity().length() * DELTA_S / 1000
        if tick % 20 == 0:
            self._check_standing(tick, state)

    def _check_removed(self, tick: int) -> None:
        """The Traffic Manager destroys cars that stand for too long or come to a dead end: they count as standing."""
        for car in [car for car in self.cars if not car.is_alive]:
            x, y = self.last_place.get(car.id, (math.nan, math.nan))
            self.verdict.standing[car.id] = (
                f"{tick * DELTA_S:.0f} s: {car.type_id} {car.id} was removed by the Traffic Manager "
                f"at ({x:.1f}, {y:.1f})"
            )
            self.cars.remove(car)
        for car in self.cars:
            place = car.get_location()
            self.last_place[car.id] = (place.x, place.y)

    def _check_road(self, tick: int, car: carla.Vehicle, pose: carla.Transform) -> None:
        lane = self.map.get_waypoint(pose.location)
        x, y, z = pose.location.x, pose.location.y, pose.location.z
        away = pose.location.distance(lane.transform.location) - lane.lane_width / 2
        if away > OFF_ROAD_M and car.id not in self.verdict.off_road:
            self.verdict.off_road[car.id] = (
                f"{tick * DELTA_S:.0f} s: {car.type_id} {car.id} is {away:.1f} m off "
                f"lane {lane.road_id}/{lane.lane_id} at ({x:.1f}, {y:.1f}, {z:.1f})"
            )

    def _check_arrival(self, car: carla.Vehicle) -> None:
        light = car.get_traffic_light()
        if light is not None and light.state == carla.TrafficLightState.Green:
            self.had_green[car.id] = light.id

    def _check_lines(self, tick: int, car: carla.Vehicle, pose: carla.Transform, speed: float, red: set[int]) -> None:
        # The middle of the car at the edge of the junction: one that stops with its nose over the line has stopped.
        forward = pose.get_forward_vector()
        for k, (light, line, width) in enumerate(self.lines):
            away = pose.location - line.location
            if abs(away.x) > 8 or abs(away.y) > 8:
                if self.ahead_of_line.pop((car.id, k), None) is not None and self.had_green.get(car.id) == light.id:
                    del self.had_green[car.id]
                continue
            way = line.get_forward_vector()
            along = away.x * way.x + away.y * way.y - LINE_TO_JUNCTION_M
            across = abs(-away.x * way.y + away.y * way.x)
            facing = forward.x * way.x + forward.y * way.y
            before = self.ahead_of_line.get((car.id, k))
            self.ahead_of_line[(car.id, k)] = along < 0
            obedient = self.had_green.get(car.id) == light.id
            if before and along >= 0 and across < width / 2 and facing > 0.7 and light.id in red and not obedient:
                red_for = tick * DELTA_S - self.red_since[light.id]
                if red_for > FRESH_RED_S:
                    self.verdict.red.append(
                        f"{tick * DELTA_S:.0f} s: {car.type_id} {car.id} passed light {light.id}, "
                        f"red for {red_for:.1f} s, with {speed * 3.6:.0f} km/h"
                    )

    def _check_standing(self, tick: int, state: list[tuple[carla.Vehicle, carla.Transform, float]]) -> None:
        excused = {
            car.id
            for car, _, _ in state
            if car.is_at_traffic_light() and car.get_traffic_light_state() != carla.TrafficLightState.Green
        }
        # Who stands close behind an excused car is in its queue, and so on to its end.
        grew = True
        while grew:
            grew = False
            for car, pose, speed in state:
                if car.id not in excused and speed <= STANDING_MPS:
                    ahead = self._car_ahead(car, pose, state)
                    if ahead is not None and ahead in excused:
                        excused.add(car.id)
                        grew = True
        for car, pose, speed in state:
            if car.id in excused:
                self.still_since[car.id] = tick
            since = self.still_since.setdefault(car.id, tick)
            if (
                speed <= STANDING_MPS
                and (tick - since) * DELTA_S > STANDS_TOO_LONG_S
                and car.id not in self.verdict.standing
            ):
                lane = self.map.get_waypoint(pose.location)
                self.verdict.standing[car.id] = (
                    f"{tick * DELTA_S:.0f} s: {car.type_id} {car.id} has stood for {STANDS_TOO_LONG_S:.0f} s at "
                    f"({pose.location.x:.1f}, {pose.location.y:.1f}), road {lane.road_id} lane {lane.lane_id} "
                    f"junction {lane.junction_id if lane.is_junction else '-'}"
                )

    def _car_ahead(
        self, car: carla.Vehicle, pose: carla.Transform, state: list[tuple[carla.Vehicle, carla.Transform, float]]
    ) -> int | None:
        best, nearest = None, 15.0
        way = pose.get_forward_vector()
        for other, there, _ in state:
            if other.id == car.id:
                continue
            away = there.location - pose.location
            along, across = away.x * way.x + away.y * way.y, abs(-away.x * way.y + away.y * way.x)
            if (
                0 < along < nearest
                and across < 2.0
                and math.cos(math.radians(there.rotation.yaw - pose.rotation.yaw)) > 0.5
            ):
                best, nearest = other.id, along
        return best


if __name__ == "__main__":
    sys.exit(main())
