"""What criteria see in each tick, read from the official client."""

from __future__ import annotations

import contextlib
import math
import queue
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import carla
import numpy as np

from leaderboard.carla_map import CarlaMap, place_of, pose_of
from leaderboard.criteria.view import ActiveScenario, Contact, Place, Switches, TickView

__all__ = ["TOLD_AFTER_TICKS", "EgoObserver"]

# How far around the ego a light's state is read. RunningRedLightTest looks at 15 m to the middle of the trigger volume.
_LIGHTS_WITHIN_M = 20.0
# Contacts are told with the view that comes so many ticks after them. Of a client that takes messages in order, one of
# 40,000 was there after two ticks and not after one, and all others were there after one, on a busy machine too.
TOLD_AFTER_TICKS = 2
# How many ticks late a contact may come and still be told with its own tick; later ones get the oldest.
_REMEMBERED_TICKS = 20


class _Ego(NamedTuple):
    frame: int
    place: Place
    speed_mps: float


class EgoObserver:
    """Reads a TickView after each tick. It owns the ego's collision sensor, which lives until close().

    A contact may reach this process a little after the tick that made it, so it belongs to a later view: each is
    stamped with the frame it happened in and with where the ego was then, and what a view holds does not depend on
    who was faster. The world's client must take messages in order (leaderboard.launch.client).
    """

    def __init__(self, world: carla.World, ego: carla.Vehicle, carla_map: CarlaMap) -> None:
        self._world = world
        self._ego = ego
        self._map = carla_map
        self._half_length_m = float(ego.bounding_box.extent.x)
        lights = carla_map.traffic_lights
        actors = {actor.id: actor for actor in world.get_actors([light.id for light in lights])}
        self._light_actors = [actors[light.id] for light in lights]
        self._light_centres = np.array([light.centre[:2] for light in lights]).reshape(-1, 2)
        self._first_frame: int | None = None
        self._past: deque[_Ego] = deque(maxlen=_REMEMBERED_TICKS)
        self._delta_s = 0.0
        self._arrived: queue.SimpleQueue[carla.CollisionEvent] = queue.SimpleQueue()
        self._waiting: list[tuple[int, carla.CollisionEvent]] = []
        blueprint = world.get_blueprint_library().find("sensor.other.collision")
        self._sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=ego)
        self._sensor.listen(self._arrived.put)

    def close(self) -> None:
        """Stop listening and remove the sensor; once is enough, more is allowed."""
        sensor, self._sensor = self._sensor, None
        if sensor is not None:
            sensor.stop()
            sensor.destroy()

    def view(
        self,
        snapshot: carla.WorldSnapshot,
        *,
        traffic: Iterable[carla.Actor] = (),
        scenarios: Sequence[ActiveScenario] = (),
        switches: Switches | None = None,
    ) -> TickView:
        """The world after the tick of `snapshot`; `traffic` is the background traffic."""
        if self._first_frame is None:
            self._first_frame = snapshot.frame
        frame = snapshot.frame - self._first_frame
        self._delta_s = snapshot.timestamp.delta_seconds
        time_s = frame * self._delta_s
        pose, velocity = pose_of(self._ego.get_transform()), place_of(self._ego.get_velocity())
        contacts = self._contacts_before(frame - TOLD_AFTER_TICKS + 1)
        self._past.append(_Ego(frame, pose.place, math.hypot(velocity.x, velocity.y)))
        lane = self._map.lane_at(pose.place)
        if lane is None:
            raise ValueError(f"map {self._map.name} has no driving lane")
        return TickView(
            frame=frame,
            time_s=time_s,
            ego=pose,
            velocity_mps=velocity,
            half_length_m=self._half_length_m,
            speed_limit_kmh=float(self._ego.get_speed_limit()),
            lane=lane,
            red_lights=self._red_lights(pose.place),
            contacts=contacts,
            traffic_speeds_mps=[_ground_speed_mps(vehicle) for vehicle in traffic],
            scenarios=tuple(scenarios),
            switches=switches or Switches(),
        )

    def last_contacts(self, frame: int) -> tuple[Contact, ...]:
        """Those up to `frame` that no view has shown yet, also where an agent that raised kept that frame's view from
        being made. Ask TOLD_AFTER_TICKS ticks after that frame: then all are there.
        """
        return self._contacts_before(frame + 1)

    def _red_lights(self, place: Place) -> frozenset[int]:
        gaps = self._light_centres - (place.x, place.y)
        near = np.flatnonzero(np.einsum("ij,ij->i", gaps, gaps) <= _LIGHTS_WITHIN_M * _LIGHTS_WITHIN_M)
        actors = [self._light_actors[index] for index in near]
        return frozenset(actor.id for actor in actors if actor.state == carla.TrafficLightState.Red)

    def _contacts_before(self, frame: int) -> tuple[Contact, ...]:
        """Those of earlier frames; what happened before the first view, while the ego was put down, is not the
        agent's.
        """
        with contextlib.suppress(queue.Empty):
            while True:
                event = self._arrived.get_nowait()
                self._waiting.append((event.frame - (self._first_frame or 0), event))
        ready = [(number, event) for number, event in self._waiting if 0 < number < frame]
        self._waiting = [(number, event) for number, event in self._waiting if number >= frame]
        contacts = [self._contact(number, event) for number, event in ready]
        # Several of one frame may arrive in any order.
        return tuple(sorted(contacts, key=lambda contact: (contact.frame, contact.other_id, contact.type_id)))

    def _contact(self, frame: int, event: carla.CollisionEvent) -> Contact:
        before = next((past for past in reversed(self._past) if past.frame < frame), self._past[0])
        other, impulse = event.other_actor, event.normal_impulse
        return Contact(
            frame=frame,
            time_s=frame * self._delta_s,
            other_id=other.id,
            type_id=other.type_id,
            role=other.attributes.get("role_name", ""),
            impulse_ns=math.sqrt(impulse.x**2 + impulse.y**2 + impulse.z**2),
            ego_place=before.place,
            ego_speed_mps=before.speed_mps,
        )


def _ground_speed_mps(actor: carla.Actor) -> float:
    velocity = actor.get_velocity()
    return math.hypot(velocity.x, velocity.y)
