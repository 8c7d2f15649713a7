"""Walkers: their control and their skeleton."""

from math import isfinite

from simulator.protocol import structs
from simulator.server.handlers.registry import CallRefused, call, walker_or_refuse
from simulator.server.server_types import Server, Session
from simulator.server.skeleton import bones_of
from simulator.world.actors import Actor


def control(server: Server, actor: Actor, wanted: structs.WalkerControl) -> None:
    if not all(isfinite(value) for value in (*wanted.direction, wanted.speed)):
        raise CallRefused("a walker control must hold finite numbers")
    server.world.walk(actor, (wanted.direction.x, wanted.direction.y, wanted.direction.z), wanted.speed, wanted.jump)


@call("apply_control_to_walker")
def apply_control_to_walker(server: Server, session: Session, actor_id: int, wanted: structs.WalkerControl) -> None:
    control(server, walker_or_refuse(server, session, actor_id), wanted)


@call("get_bones_transform", but="they are those of a standing figure, also while it walks")
def get_bones_transform(server: Server, session: Session, actor_id: int) -> list[structs.BoneOut]:
    actor = walker_or_refuse(server, session, actor_id)
    return bones_of(server.world, actor)


@call("set_bones_transform", "blend_pose", "get_pose_from_animation", but="poses are not kept")
def set_bones(server: Server, session: Session, actor_id: int, *pose: object) -> None:
    """A pose acts on nothing but the picture; it is not kept."""
    walker_or_refuse(server, session, actor_id)
