"""Helpers of the contract tests: only calls of the official client."""

import math
import queue
import socket
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import carla

TIMEOUT_S = 20.0
DELTA_S = 0.05
CAR = "vehicle.lincoln.mkz_2020"
WALKER = "walker.pedestrian.0001"
# What a new world has; scripts that set nothing get this.
NO_WEATHER_CHANGE = carla.WeatherParameters.ClearNoon


class Address(NamedTuple):
    host: str
    port: int


def another_client(address: Address) -> carla.Client:
    client = carla.Client(*address)
    client.set_timeout(TIMEOUT_S)
    return client


def clean(client: carla.Client) -> None:
    """Back to an asynchronous world with nothing but the level in it."""
    world = client.get_world()
    settings = world.get_settings()
    if settings.synchronous_mode:
        world.tick(TIMEOUT_S)  # actors that were spawned since the last one are not listed yet
    actors = [a for a in world.get_actors() if a.type_id.startswith(("vehicle.", "walker.", "static.", "util."))]
    for watcher in world.get_actors():
        if watcher.type_id.startswith(("sensor.", "controller.")):
            watcher.destroy()
    client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in actors])
    world.freeze_all_traffic_lights(False)
    world.reset_all_traffic_lights()
    world.set_weather(NO_WEATHER_CHANGE)
    settings.synchronous_mode = False
    settings.fixed_delta_seconds = None
    world.apply_settings(settings)
    world.wait_for_tick(TIMEOUT_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Inbox:
    """The messages of a sensor, in their order."""

    def __init__(self, sensor: carla.Sensor) -> None:
        self.sensor = sensor  # a handle that is dropped ends its stream
        self.messages: queue.Queue[Any] = queue.Queue()
        sensor.listen(self.messages.put)

    def get(self, timeout_s: float = 5.0) -> Any:
        return self.messages.get(timeout=timeout_s)

    def drain(self) -> list[Any]:
        found = []
        while not self.messages.empty():
            found.append(self.messages.get_nowait())
        return found


def flat_distance(a: carla.Location, b: carla.Location) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)


def yaw_difference(a_deg: float, b_deg: float) -> float:
    return abs((a_deg - b_deg + 180.0) % 360.0 - 180.0)


class Bench:
    """A synchronous world and the few things that nearly every test does in it."""

    def __init__(self, client: carla.Client, world: carla.World) -> None:
        self.client = client
        self.world = world
        self.map: carla.Map = world.get_map()
        self.library: carla.BlueprintLibrary = world.get_blueprint_library()

    # -- time ----------------------------------------------------------------------------------------------------

    def tick(self, count: int = 1) -> int:
        frame = 0
        for _ in range(count):
            frame = self.world.tick(TIMEOUT_S)
        return frame

    def seconds(self, seconds: float) -> int:
        return self.tick(round(seconds / DELTA_S))

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Tick until the condition holds; False when it did not in this time."""
        for _ in range(round(seconds / DELTA_S)):
            if condition():
                return True
            self.tick()
        return condition()

    # -- places --------------------------------------------------------------------------------------------------

    def straight(self, length_m: float = 80.0, number: int = 0) -> carla.Transform:
        """The number-th spawn point before which the road runs straight and level for so long, without junction."""
        found = next(islice(self.straight_points(length_m), number, None), None)
        assert found, f"{self.map.name} has no {number + 1} spawn points with {length_m} m of straight road"
        return found

    def straight_points(self, length_m: float) -> Iterator[carla.Transform]:
        return (point for point in self.map.get_spawn_points() if self._is_straight(point, length_m))

    def _is_straight(self, point: carla.Transform, length_m: float) -> bool:
        waypoint = self.map.get_waypoint(point.location)
        start = waypoint.transform
        for _ in range(int(length_m / 5.0)):
            ahead = waypoint.next(5.0)
            if len(ahead) != 1 or ahead[0].is_junction:
                return False
            waypoint = ahead[0]
            there = waypoint.transform
            if yaw_difference(there.rotation.yaw, start.rotation.yaw) > 0.5:
                return False
            if abs(there.location.z - start.location.z) > 0.2:
                return False
        return True

    def turn(self) -> list[carla.Transform]:
        """Points every metre from 6 m before a junction round a right-angled corner to 6 m behind it."""
        for start, end in self.map.get_topology():
            angle = yaw_difference(start.transform.rotation.yaw, end.transform.rotation.yaw)
            if start.is_junction and abs(angle - 90.0) < 10.0 and start.previous(6.0):
                waypoints = [start.previous(6.0)[0], *start.next_until_lane_end(1.0), end.next(6.0)[0]]
                return [waypoint.transform for waypoint in waypoints]
        raise AssertionError(f"{self.map.name} has no corner of 90 degrees")

    def ahead(
        self, place: carla.Transform, forward_m: float, right_m: float = 0.0, up_m: float = 0.0
    ) -> carla.Transform:
        """A place relative to another, facing the same way."""
        location = place.transform(carla.Location(forward_m, right_m, up_m))
        return carla.Transform(location, place.rotation)

    def sidewalk(self) -> carla.Waypoint:
        """Somewhere on a sidewalk beside a driving lane."""
        for point in self.map.get_spawn_points():
            waypoint = self.map.get_waypoint(point.location)
            while waypoint is not None and waypoint.lane_type != carla.LaneType.Sidewalk:
                waypoint = waypoint.get_right_lane()
            if waypoint is not None:
                return waypoint
        raise AssertionError(f"{self.map.name} has no sidewalk beside its spawn points")

    def sidewalk_place(self) -> carla.Transform:
        """Where a walker is spawned: a bit above that sidewalk, to fall onto it."""
        place = self.sidewalk().transform
        place.location.z += 1.2
        return place

    def facing_building(self, objects: list[carla.EnvironmentObject]) -> tuple[carla.Location, float]:
        """A free place some metres before a building, and the direction in which it stands."""
        blueprint = self.blueprint(CAR)
        for thing in objects:
            box = thing.bounding_box
            for turn in (0.0, 90.0, 180.0, 270.0):
                yaw = box.rotation.yaw + turn
                depth = box.extent.x if turn in (0.0, 180.0) else box.extent.y
                away = carla.Rotation(yaw=yaw).get_forward_vector()
                place = box.location + away * (depth + 6.0)
                ground = self.world.ground_projection(carla.Location(place.x, place.y, place.z + 2.0), 100.0)
                if ground is None:
                    continue
                place = carla.Location(place.x, place.y, ground.location.z + 0.3)
                car = self.world.try_spawn_actor(blueprint, carla.Transform(place, carla.Rotation(yaw=yaw + 180.0)))
                if car is not None:
                    self.destroy(car)
                    return place, yaw + 180.0
        raise AssertionError(f"{self.map.name} has no building with a free place before it")

    # -- actors --------------------------------------------------------------------------------------------------

    def blueprint(self, type_id: str, **attributes: str) -> carla.ActorBlueprint:
        blueprint = self.library.find(type_id)
        for name, value in attributes.items():
            blueprint.set_attribute(name, value)
        return blueprint

    def spawn(self, type_id: str, place: carla.Transform, parent: carla.Actor | None = None, **attributes: str) -> Any:
        return self.world.spawn_actor(self.blueprint(type_id, **attributes), place, attach_to=parent)

    def car(self, place: carla.Transform | None = None, type_id: str = CAR, **attributes: str) -> carla.Vehicle:
        """A car that stands on its wheels."""
        car: carla.Vehicle = self.spawn(type_id, place or self.straight(), **attributes)
        self.seconds(1.0)
        return car

    def walker(self, place: carla.Transform | None = None, **attributes: str) -> carla.Walker:
        """A walker that stands on its feet, on a sidewalk unless told otherwise."""
        walker: carla.Walker = self.spawn(WALKER, place or self.sidewalk_place(), **attributes)
        self.seconds(1.0)
        return walker

    def destroy(self, actor: carla.Actor) -> None:
        """By id: the client may refuse to destroy a handle whose first state has not come yet."""
        [response] = self.client.apply_batch_sync([carla.command.DestroyActor(actor.id)])
        assert not response.has_error(), response.error

    def sensor(
        self, type_id: str, parent: carla.Actor | None = None, place: carla.Transform | None = None, **attributes: str
    ) -> Inbox:
        sensor = self.spawn(type_id, place or carla.Transform(), parent, **attributes)
        return Inbox(sensor)
