"""static.trigger.friction: boxes that give the tyres inside them another friction."""

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import number
from simulator.kernels import njit
from simulator.world.pose import Pose

_VOLUME = np.dtype(
    [(name, np.float64) for name in ("x", "y", "z", "yaw", "half_x", "half_y", "half_z", "friction")], align=True
)


class FrictionVolumes:
    """All friction triggers of a world; falsy while wheels need no looking after."""

    def __init__(self) -> None:
        self._by_actor: dict[int, NDArray[np.void]] = {}  # arrays of one
        self._volumes = np.zeros(0, _VOLUME)
        self._stale_wheels = False

    def __bool__(self) -> bool:
        return bool(self._by_actor) or self._stale_wheels

    def add(self, actor_id: int, attributes: dict[str, str], pose: Pose) -> None:
        volume = np.zeros((), _VOLUME)
        for axis in "xyz":  # extents are half sizes in centimetres
            volume[f"half_{axis}"] = 0.01 * number(attributes[f"extent_{axis}"])
        volume["friction"] = number(attributes["friction"])
        self._by_actor[actor_id] = volume
        self.move(actor_id, pose)

    def move(self, actor_id: int, pose: Pose) -> None:
        volume = self._by_actor.get(actor_id)
        if volume is not None:
            volume["x"], volume["y"], volume["z"], volume["yaw"] = pose.x, pose.y, pose.z, pose.yaw
            self._pack()

    def remove(self, actor_id: int) -> None:
        if self._by_actor.pop(actor_id, None) is not None:
            self._pack()

    def _pack(self) -> None:
        self._volumes = np.array([self._by_actor[key] for key in sorted(self._by_actor)], _VOLUME)
        self._stale_wheels = True

    def apply(self, actors: NDArray[np.void], vehicles: NDArray[np.void], n_vehicles: int) -> None:
        _apply(actors, vehicles, n_vehicles, self._volumes)
        self._stale_wheels = False


@njit
def _apply(actors, vehicles, n_vehicles, volumes):  # type: ignore[no-untyped-def]
    """friction_scale of every wheel: the friction of the newest trigger that it is in, -1 outside."""
    for v in range(n_vehicles):
        actor = actors[vehicles[v].actor]
        cos_yaw = np.cos(actor.yaw)
        sin_yaw = np.sin(actor.yaw)
        for w in range(vehicles[v].n_wheels):
            wheel = vehicles[v].wheels[w]
            x = actor.x + cos_yaw * wheel.x - sin_yaw * wheel.y
            y = actor.y + sin_yaw * wheel.x + cos_yaw * wheel.y
            friction = -1.0
            for k in range(volumes.shape[0]):
                dx = x - volumes[k].x
                dy = y - volumes[k].y
                along = np.cos(volumes[k].yaw) * dx + np.sin(volumes[k].yaw) * dy
                across = -np.sin(volumes[k].yaw) * dx + np.cos(volumes[k].yaw) * dy
                if (
                    abs(along) <= volumes[k].half_x
                    and abs(across) <= volumes[k].half_y
                    and abs(actor.z - volumes[k].z) <= volumes[k].half_z
                ):
                    friction = volumes[k].friction
            vehicles[v].wheels[w].friction_scale = friction
