"""Stand-ins for the official client's objects, as far as the harness touches them. No server is needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import carla


class FakeBlueprint:
    def __init__(self, type_id: str) -> None:
        self.id = type_id
        self.attributes: dict[str, str] = {}

    def set_attribute(self, key: str, value: str) -> None:
        assert isinstance(key, str)
        assert isinstance(value, str)
        self.attributes[key] = value


class FakeSensor:
    def __init__(self, blueprint: FakeBlueprint, transform: carla.Transform) -> None:
        self.blueprint = blueprint
        self.transform = transform
        self.callback: Any = None
        self.ended: list[str] = []

    def listen(self, callback: Any) -> None:
        self.callback = callback

    def stop(self) -> None:
        self.ended.append("stop")

    def destroy(self) -> None:
        self.ended.append("destroy")


class FakeWorld:
    """Spawns sensors that send nothing by themselves."""

    def __init__(self) -> None:
        self.spawned: list[FakeSensor] = []
        self.opendrive = "<OpenDRIVE/>"

    def get_blueprint_library(self) -> Any:
        return SimpleNamespace(find=FakeBlueprint)

    def spawn_actor(self, blueprint: FakeBlueprint, transform: carla.Transform, attach_to: Any = None) -> FakeSensor:
        assert attach_to is not None
        self.spawned.append(FakeSensor(blueprint, transform))
        return self.spawned[-1]

    def get_map(self) -> Any:
        return SimpleNamespace(to_opendrive=lambda: self.opendrive, name="Carla/Maps/Drawn")

    def get_settings(self) -> Any:
        return SimpleNamespace(synchronous_mode=True)

    def get_actors(self) -> list[Any]:
        return []


class FakeEgo:
    def __init__(
        self, world: FakeWorld, velocity: tuple[float, float, float] = (0.0, 0.0, 0.0), yaw: float = 0.0
    ) -> None:
        self.id = 24
        self.attributes = {"role_name": "hero"}
        self._world = world
        self._velocity = carla.Vector3D(*velocity)
        self._transform = carla.Transform(carla.Location(1.0, 2.0, 3.0), carla.Rotation(yaw=yaw))

    def get_world(self) -> FakeWorld:
        return self._world

    def get_velocity(self) -> carla.Vector3D:
        return self._velocity

    def get_acceleration(self) -> carla.Vector3D:
        return carla.Vector3D(0.1, 0.2, 0.3)

    def get_angular_velocity(self) -> carla.Vector3D:
        return carla.Vector3D(1.0, 2.0, 3.0)

    def get_location(self) -> carla.Location:
        return self._transform.location

    def get_transform(self) -> carla.Transform:
        return self._transform


def snapshot(frame: int, delta_s: float = 0.05) -> Any:
    timestamp = SimpleNamespace(frame=frame, delta_seconds=delta_s, elapsed_seconds=frame * delta_s)
    return SimpleNamespace(frame=frame, timestamp=timestamp)
