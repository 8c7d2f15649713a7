"""Everybody else on the road, as arrays: where they are, how large, and where they will be."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

__all__ = ["BICYCLE", "PROP", "VEHICLE", "WALKER", "Others", "Surroundings"]

VEHICLE: Final = 0
BICYCLE: Final = 1
WALKER: Final = 2
PROP: Final = 3

REACH_M: Final = 170.0  # farther ones do not matter yet


@dataclass(frozen=True, slots=True)
class Others:
    """One row per actor, boxes flat on the ground."""

    id: NDArray[np.int64]
    kind: NDArray[np.int64]
    x: F8  # middle of the box
    y: F8
    z: F8
    yaw_rad: F8
    vx: F8
    vy: F8
    turn_radps: F8
    half_x: F8
    half_y: F8
    still_s: F8  # for how long it has stood
    drove: F8  # 1 if it was ever seen moving, else 0

    @property
    def speed_mps(self) -> F8:
        speed: F8 = np.hypot(self.vx, self.vy)
        return speed

    def __len__(self) -> int:
        return len(self.id)

    def forecast(self, times_s: F8) -> tuple[F8, F8, F8]:
        """Middles and yaws [n, k]: vehicles keep speed and turn, walkers their velocity."""
        t = times_s[None, :]
        turn = np.where(np.abs(self.turn_radps) > 1e-3, self.turn_radps, 1e-3)[:, None]
        heading = np.arctan2(self.vy, self.vx)[:, None]
        speed = self.speed_mps[:, None]
        arc_x = speed / turn * (np.sin(heading + turn * t) - np.sin(heading))
        arc_y = speed / turn * (np.cos(heading) - np.cos(heading + turn * t))
        turns = ((self.kind == VEHICLE) | (self.kind == BICYCLE))[:, None] & (speed > 1.0)
        x = self.x[:, None] + np.where(turns, arc_x, self.vx[:, None] * t)
        y = self.y[:, None] + np.where(turns, arc_y, self.vy[:, None] * t)
        yaw = self.yaw_rad[:, None] + np.where(turns, turn * t, 0.0)
        return x, y, yaw

    def corners(self, x: F8, y: F8, yaw: F8) -> tuple[F8, F8]:
        """Eight points of each outline at the given poses [n, k] -> [n, k, 8]."""
        along = np.array([1.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0, 0.0])
        across = np.array([-1.0, 0.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0])
        dx = along * self.half_x[:, None, None]
        dy = across * self.half_y[:, None, None]
        c, s = np.cos(yaw)[:, :, None], np.sin(yaw)[:, :, None]
        return x[:, :, None] + c * dx - s * dy, y[:, :, None] + s * dx + c * dy


@dataclass(slots=True)
class _Body:
    kind: int
    half_x: float
    half_y: float
    offset_x: float
    offset_y: float
    still_since: float = -1.0
    drove: bool = False


class Surroundings:
    """Reads a carla.World once a tick."""

    def __init__(self, world: Any, hero_id: int) -> None:
        self._world = world
        self._hero_id = hero_id
        self._bodies: dict[int, _Body | None] = {}  # None: it has no body

    def read(self, x: float, y: float) -> Others:
        """Those near a place."""
        snapshot = self._world.get_snapshot()
        now = snapshot.timestamp.elapsed_seconds
        rows: list[tuple[float, ...]] = []
        for actor in snapshot:
            body = self._bodies.get(actor.id, ...)
            if body is ...:
                body = self._bodies[actor.id] = self._body(actor.id)
            if body is None:
                continue
            transform = actor.get_transform()
            place = transform.location
            if abs(place.x - x) > REACH_M or abs(place.y - y) > REACH_M:
                continue
            velocity = actor.get_velocity()
            yaw = math.radians(transform.rotation.yaw)
            c, s = math.cos(yaw), math.sin(yaw)
            if velocity.x * velocity.x + velocity.y * velocity.y > 0.01:
                body.still_since = -1.0
                body.drove = True
            elif body.still_since < 0.0:
                body.still_since = now
            rows.append(
                (
                    actor.id,
                    body.kind,
                    place.x + c * body.offset_x - s * body.offset_y,
                    place.y + s * body.offset_x + c * body.offset_y,
                    place.z,
                    yaw,
                    velocity.x,
                    velocity.y,
                    math.radians(actor.get_angular_velocity().z),
                    body.half_x,
                    body.half_y,
                    now - body.still_since if body.still_since >= 0.0 else 0.0,
                    body.drove,
                )
            )
        table = np.array(rows, np.float64).reshape(-1, 13).T
        return Others(table[0].astype(np.int64), table[1].astype(np.int64), *table[2:])

    def _body(self, actor_id: int) -> _Body | None:
        actor = self._world.get_actor(actor_id)
        if actor is None or actor_id == self._hero_id:
            return None
        type_id = actor.type_id
        if type_id.startswith("vehicle."):
            kind = BICYCLE if actor.attributes.get("base_type") == "bicycle" else VEHICLE
        elif type_id.startswith("walker."):
            kind = WALKER
        elif type_id.startswith("static.prop."):
            kind = PROP
        else:
            return None
        box = actor.bounding_box
        # CARLA gives some two-wheelers boxes without a width.
        return _Body(kind, max(box.extent.x, 0.2), max(box.extent.y, 0.2), box.location.x, box.location.y)
