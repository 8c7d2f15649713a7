"""Spawning, destroying and moving actors of any kind."""

import asyncio
from collections.abc import Coroutine
from math import radians
from typing import Any, TypeVar

from simulator.protocol import structs
from simulator.server.convert import actor_of, box_of, pose_of, transform_of
from simulator.server.handlers.registry import CallRefused, actor_or_refuse, call
from simulator.server.server_types import Server, Session
from simulator.world.actors import Actor
from simulator.world.world import SpawnRefused

NOTHING = structs.BoundingBox(
    structs.Vector3(0.0, 0.0, 0.0), structs.Vector3(0.0, 0.0, 0.0), structs.Rotation(0.0, 0.0, 0.0), 0
)


def wire(server: Server, actor: Actor) -> structs.Actor:
    return actor_of(server.world, actor, server.sensing.token_of(actor))


def spawn(
    server: Server, description: structs.ActorDescription, transform: structs.Transform, parent_id: int = 0
) -> Actor:
    reason = server.sensing.why_unsupported(description.id)
    if reason:
        raise CallRefused(reason)
    try:
        given = {attribute.id: attribute.value for attribute in description.attributes}
        actor = server.world.spawn(description.id, given, pose_of(transform), parent_id)
    except SpawnRefused as error:
        raise CallRefused(str(error)) from None
    try:
        server.sensing.spawned(actor)
    except ValueError as error:
        server.world.destroy(actor)
        raise CallRefused(f"Spawn failed because of invalid actor description: {actor.type_id}: {error}") from None
    return actor


_Result = TypeVar("_Result")


def once_ticked(server: Server, result: _Result) -> _Result | Coroutine[Any, Any, _Result]:
    """The answer to a call that spawned: in asynchronous mode after a tick that has the new actor.

    CARLA serves calls for 1 ms of each frame (FCarlaEngine::OnPreTick) and a spawn takes more, so a frame passes before
    the next call. Scripts count on it: they start a walker's controller at once, and its client reads where the walker
    stands; or they listen to a LiDAR, spawn a camera and then use the points.
    """
    tick = server.ticker.hasten()
    return result if tick is None else _after(tick, result)


async def _after(tick: asyncio.Future[None], result: _Result) -> _Result:
    await tick
    return result


def destroy(server: Server, actor: Actor) -> bool:
    server.sensing.destroyed(actor)
    return server.world.destroy(actor)


@call("get_actor_definitions")
def get_actor_definitions(server: Server, session: Session) -> list[structs.ActorDefinition]:
    return [
        structs.ActorDefinition(
            blueprint.uid,
            blueprint.id,
            blueprint.tags,
            [
                structs.AttributeDefinition(
                    a.id, int(a.type), a.default, list(a.recommended), a.modifiable, a.restricted
                )
                for a in blueprint.attributes
            ],
        )
        for blueprint in server.world.catalogue.blueprints
    ]


@call("get_spectator")
def get_spectator(server: Server, session: Session) -> structs.Actor:
    return wire(server, server.world.spectator)


@call("get_actors_by_id")
def get_actors_by_id(server: Server, session: Session, ids: list[int]) -> list[structs.Actor]:
    found = (server.world.get(actor_id) for actor_id in dict.fromkeys(ids))  # each once, however often it is asked for
    return [wire(server, actor) for actor in found if actor is not None]


@call("spawn_actor", but="RSS and V2X sensors and cosmos_visualization are refused: not supported")
def spawn_actor(
    server: Server, session: Session, description: structs.ActorDescription, transform: structs.Transform
) -> structs.Actor | Coroutine[Any, Any, structs.Actor]:
    return once_ticked(server, wire(server, spawn(server, description, transform)))


@call("spawn_actor_with_parent", but="every attachment is rigid, and at no socket; sensors as for spawn_actor")
def spawn_actor_with_parent(
    server: Server,
    session: Session,
    description: structs.ActorDescription,
    transform: structs.Transform,
    parent: int,
    attachment_type: int,
    socket: str,
) -> structs.Actor | Coroutine[Any, Any, structs.Actor]:
    return once_ticked(server, wire(server, spawn(server, description, transform, parent)))


@call("destroy_actor")
def destroy_actor(server: Server, session: Session, actor_id: int) -> bool:
    actor = server.world.get(actor_id)
    if actor is None:
        raise CallRefused("unable to destroy actor: not found")
    return destroy(server, actor)


@call("set_actor_location")
def set_actor_location(server: Server, session: Session, actor_id: int, location: structs.Vector3) -> None:
    actor = actor_or_refuse(server, session, actor_id)
    pose = server.world.pose(actor)
    server.world.teleport(actor, pose._replace(x=location.x, y=location.y, z=location.z))


@call("set_actor_transform")
def set_actor_transform(server: Server, session: Session, actor_id: int, transform: structs.Transform) -> None:
    server.world.teleport(actor_or_refuse(server, session, actor_id), pose_of(transform))


@call("set_actor_target_velocity")
def set_actor_target_velocity(server: Server, session: Session, actor_id: int, velocity: structs.Vector3) -> None:
    server.world.set_velocity(actor_or_refuse(server, session, actor_id), *velocity)


@call("set_actor_target_angular_velocity")
def set_actor_target_angular_velocity(
    server: Server, session: Session, actor_id: int, velocity: structs.Vector3
) -> None:
    actor = actor_or_refuse(server, session, actor_id)
    server.world.set_angular_velocity(actor, *(radians(value) for value in velocity))


@call("enable_actor_constant_velocity")
def enable_actor_constant_velocity(server: Server, session: Session, actor_id: int, velocity: structs.Vector3) -> None:
    server.world.set_constant_velocity(actor_or_refuse(server, session, actor_id), (velocity.x, velocity.y, velocity.z))


@call("disable_actor_constant_velocity")
def disable_actor_constant_velocity(server: Server, session: Session, actor_id: int) -> None:
    server.world.set_constant_velocity(actor_or_refuse(server, session, actor_id), None)


@call("add_actor_impulse")
def add_actor_impulse(server: Server, session: Session, actor_id: int, impulse: structs.Vector3) -> None:
    server.world.add_impulse(actor_or_refuse(server, session, actor_id), *impulse)


@call("add_actor_impulse_at_location")
def add_actor_impulse_at_location(
    server: Server, session: Session, actor_id: int, impulse: structs.Vector3, location: structs.Vector3
) -> None:
    actor = actor_or_refuse(server, session, actor_id)
    server.world.add_impulse(actor, *impulse)
    server.world.add_angular_impulse(actor, 0.0, 0.0, server.world.lever(actor, location, impulse))


@call("add_actor_force")
def add_actor_force(server: Server, session: Session, actor_id: int, force: structs.Vector3) -> None:
    server.world.add_force(actor_or_refuse(server, session, actor_id), *force)


@call("add_actor_force_at_location")
def add_actor_force_at_location(
    server: Server, session: Session, actor_id: int, force: structs.Vector3, location: structs.Vector3
) -> None:
    actor = actor_or_refuse(server, session, actor_id)
    server.world.add_force(actor, *force)
    server.world.add_torque(actor, 0.0, 0.0, server.world.lever(actor, location, force))


@call("add_actor_angular_impulse", but="only about the vertical axis")
def add_actor_angular_impulse(server: Server, session: Session, actor_id: int, impulse: structs.Vector3) -> None:
    server.world.add_angular_impulse(actor_or_refuse(server, session, actor_id), *impulse)


@call("add_actor_torque")
def add_actor_torque(server: Server, session: Session, actor_id: int, torque: structs.Vector3) -> None:
    server.world.add_torque(actor_or_refuse(server, session, actor_id), *torque)


@call("set_actor_simulate_physics")
def set_actor_simulate_physics(server: Server, session: Session, actor_id: int, enabled: bool) -> None:
    server.world.set_simulate(actor_or_refuse(server, session, actor_id), enabled)


@call("set_actor_collisions")
def set_actor_collisions(server: Server, session: Session, actor_id: int, enabled: bool) -> None:
    server.world.row(actor_or_refuse(server, session, actor_id))["collides"] = enabled


@call("set_actor_enable_gravity")
def set_actor_enable_gravity(server: Server, session: Session, actor_id: int, enabled: bool) -> None:
    server.world.row(actor_or_refuse(server, session, actor_id))["gravity"] = enabled


@call("set_actor_dead")
def set_actor_dead(server: Server, session: Session, actor_id: int) -> None:
    """A dead walker lies where it is: it walks no more and nobody is stopped by it."""
    row = server.world.row(actor_or_refuse(server, session, actor_id))
    row["dead"] = 1
    row["walk_speed"] = 0.0
    row["simulate"] = 0
    row["collides"] = 0


@call("get_actor_bounding_box")
def get_actor_bounding_box(server: Server, session: Session, actor_id: int) -> structs.BoundingBox:
    """All zeros for an unknown actor: an error here would end the client's Traffic Manager and its process."""
    actor = server.world.get(actor_id)
    return NOTHING if actor is None else box_of(server.world, actor)


__all__ = ["destroy", "spawn", "transform_of", "wire"]
