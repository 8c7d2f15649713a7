"""The world as the trace keeps it, read from the official client."""

from __future__ import annotations

import carla

from leaderboard.carla_map import place_of
from leaderboard.criteria.view import TickView
from leaderboard.log.trace import ActorState, EgoState

__all__ = ["TraceStates"]

_KINDS = ("vehicle.", "walker.", "static.prop.")


class TraceStates:
    """Knows each actor's type and size from when it first sees it."""

    def __init__(self, world: carla.World, ego: carla.Vehicle) -> None:
        self._world = world
        self._ego = ego
        self._half = place_of(ego.bounding_box.extent)
        self._known: dict[int, tuple[str, str, tuple[float, float, float]] | None] = {}

    def ego(self, view: TickView) -> EgoState:
        pose = view.ego
        return EgoState(
            pose.x, pose.y, pose.z, pose.pitch_deg, pose.yaw_deg, pose.roll_deg,
            view.velocity_mps,
            place_of(self._ego.get_acceleration()),
            place_of(self._ego.get_angular_velocity()),
            view.speed_limit_kmh,
            self._half,
        )  # fmt: skip

    def others(self, snapshot: carla.WorldSnapshot) -> list[ActorState]:
        states = []
        for actor in snapshot:
            facts = self._known.get(actor.id, ...)
            if facts is ...:
                facts = self._known[actor.id] = self._facts(actor.id)
            if facts is None:
                continue
            transform, velocity = actor.get_transform(), actor.get_velocity()
            place, turn = transform.location, transform.rotation
            pose = (place.x, place.y, place.z, turn.pitch, turn.yaw, turn.roll)
            states.append(ActorState(actor.id, *facts, pose, (velocity.x, velocity.y, velocity.z)))
        return states

    def _facts(self, actor_id: int) -> tuple[str, str, tuple[float, float, float]] | None:
        """Type, role and half extents; None for what has no body, and for the ego."""
        actor = self._world.get_actor(actor_id)
        if actor is None or actor_id == self._ego.id or not actor.type_id.startswith(_KINDS):
            return None
        extent = actor.bounding_box.extent
        return actor.type_id, actor.attributes.get("role_name", ""), (extent.x, extent.y, extent.z)
