"""The register of actors: what they are, and which row of the tables holds their state."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import Blueprint
from simulator.world.tables import ACTOR, CONTROL, SENSOR, VEHICLE, VEHICLE_STATE

# Sensors take ids from a range of their own, so that adding one changes no other actor's id. Both ranges lie below
# 65536, because instance segmentation carries 16 bits of the id; an episode that needs more goes on with late ones.
FIRST_SENSOR_ID = 40_000
FIRST_LATE_ACTOR_ID = 65_536
FIRST_LATE_SENSOR_ID = 1 << 30


@dataclass(slots=True)
class Actor:
    """One actor; its pose and motion are in World.actors at `row`."""

    id: int
    row: int
    kind: int
    type_id: str
    blueprint: Blueprint | None  # None for what cannot be spawned: lights, signs, the spectator
    attributes: dict[str, str]
    parent_id: int
    semantic_tags: bytes
    sign_id: str = ""  # lights and signs
    trigger: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None  # centre, half extents
    birth_step: int = 0
    extra: dict[str, object] = field(default_factory=dict)


class _IdRange:
    """Ids of one kind: rising within an episode, and none that is of it or of the episode before."""

    def __init__(self, first: int, end: int, first_late: int) -> None:
        self._first = first
        self._end = end
        self._late = first_late  # the next one when the range is used up; these never come back
        self._begun_at = first  # where the episode began
        self._next = first
        self._stop = end  # of what the episode may use

    def start_episode(self) -> None:
        """Begin in the larger of the two parts that the last episode leaves, below its ids and above them."""
        if self._begun_at - self._first > self._end - self._next:
            self._stop = self._begun_at
            self._next = self._first
        else:
            self._stop = self._end
        self._begun_at = self._next

    @property
    def next(self) -> int:
        return self._next if self._next < self._stop else self._late

    def take(self) -> int:
        taken = self.next
        if self._next < self._stop:
            self._next += 1
        else:
            self._late += 1
        return taken


class IdSource:
    """Hands out actor ids in order. Clients hold on to ids over a load, so none comes back soon after it."""

    def __init__(self) -> None:
        self._actors = _IdRange(1, FIRST_SENSOR_ID, FIRST_LATE_ACTOR_ID)
        self._sensors = _IdRange(FIRST_SENSOR_ID, FIRST_LATE_ACTOR_ID, FIRST_LATE_SENSOR_ID)

    def start_episode(self) -> None:
        self._actors.start_episode()
        self._sensors.start_episode()

    @property
    def next_actor(self) -> int:
        return self._actors.next

    def take(self, kind: int) -> int:
        return (self._sensors if kind == SENSOR else self._actors).take()


class Register:
    """Actors by id and the tables that hold their state, in step with each other."""

    def __init__(self, ids: IdSource) -> None:
        self.ids = ids
        self.by_id: dict[int, Actor] = {}
        self.in_order: list[Actor] = []  # by row
        self.actors: NDArray[np.void] = np.zeros(64, ACTOR)
        self.vehicles: NDArray[np.void] = np.zeros(16, VEHICLE_STATE)
        self.controls = self.vehicles[CONTROL]  # the same memory: a control is written at once
        self.n_vehicles = 0
        self.changes = 0  # counts arrivals and departures: whoever caches by row watches it

    @property
    def n_actors(self) -> int:
        return len(self.in_order)

    def add(self, actor: Actor) -> None:
        """Give the actor the next row, cleared."""
        actor.row = len(self.in_order)
        if actor.row == len(self.actors):
            self.actors = np.concatenate([self.actors, np.zeros(len(self.actors), ACTOR)])
        self.in_order.append(actor)
        self.by_id[actor.id] = actor
        row = self.actors[actor.row]
        row["id"] = actor.id
        row["kind"] = actor.kind
        row["state"] = 1
        row["parent"] = -1
        row["side"] = -1
        row["lane"] = -1
        self.changes += 1

    def add_vehicle(self, actor: Actor) -> int:
        """Give a vehicle its second row, cleared; returns it."""
        side = self.n_vehicles
        if side == len(self.vehicles):
            self.vehicles = np.concatenate([self.vehicles, np.zeros(len(self.vehicles), VEHICLE_STATE)])
            self.controls = self.vehicles[CONTROL]
        self.n_vehicles += 1
        self.actors[actor.row]["side"] = side
        self.vehicles[side]["actor"] = actor.row
        return side

    def remove(self, actor: Actor) -> None:
        """Close the gap that the actor leaves, keeping the order of the others."""
        gone = actor.row
        count = len(self.in_order)
        side = int(self.actors[gone]["side"])
        if self.actors[gone]["kind"] == VEHICLE and side >= 0:
            self.vehicles[side : self.n_vehicles - 1] = self.vehicles[side + 1 : self.n_vehicles].copy()
            self.n_vehicles -= 1
            self.vehicles[self.n_vehicles] = np.zeros((), VEHICLE_STATE)
            later = (self.actors["kind"][:count] == VEHICLE) & (self.actors["side"][:count] > side)
            self.actors["side"][:count][later] -= 1
        self.actors[gone : count - 1] = self.actors[gone + 1 : count].copy()
        self.actors[count - 1] = np.zeros((), ACTOR)
        rows = self.actors[: count - 1]
        rows["parent"][rows["parent"] == gone] = -1
        rows["parent"][rows["parent"] > gone] -= 1
        moved = self.vehicles["actor"][: self.n_vehicles]
        moved[moved > gone] -= 1
        del self.in_order[gone]
        del self.by_id[actor.id]
        for later_actor in self.in_order[gone:]:
            later_actor.row -= 1
        self.changes += 1
