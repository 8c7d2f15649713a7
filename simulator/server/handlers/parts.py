"""What actors are made of: components, bones and sockets, as far as single boxes have them."""

from simulator.protocol import structs
from simulator.server.convert import transform_of
from simulator.server.handlers.registry import CallRefused, actor_or_refuse, call, vehicle_or_refuse
from simulator.server.server_types import Server, Session
from simulator.server.skeleton import bones_of
from simulator.world.actors import Actor
from simulator.world.pose import Pose, compose
from simulator.world.tables import PROP, VEHICLE, WALKER

FEW = "an actor has few of them here: it is a box, with a walker's or a vehicle's joints"


def components_of(server: Server, actor: Actor) -> dict[str, Pose]:
    """Names as in Unreal's classes of these actors, and places in the actor's frame."""
    if actor.kind == VEHICLE:
        return {"VehicleMesh": Pose()} | _blinkers(server, actor)
    if actor.kind == WALKER:  # the mesh stands on its feet, the capsule has its origin in the middle
        return {"CollisionCylinder": Pose(), "CharacterMesh0": Pose(z=-float(server.world.row(actor)["half_z"]))}
    return {"StaticMeshComponent0" if actor.kind == PROP else "DefaultSceneRoot": Pose()}


def _blinkers(server: Server, actor: Actor) -> dict[str, Pose]:
    """At the corners of the body; the name is the one that CARLA's get_component_test example asks for."""
    row = server.world.row(actor)
    x, y, z = float(row["center_x"]), float(row["center_y"]), float(row["center_z"])
    half_x, half_y = float(row["half_x"]), float(row["half_y"])
    return {
        f"{end}-blinker-{side}-1": Pose(x + ahead * half_x, y + right * half_y, z)
        for end, ahead in (("front", 1.0), ("back", -1.0))
        for side, right in (("l", -1.0), ("r", 1.0))
    }


def _component(server: Server, session: Session, actor_id: int, name: str) -> tuple[Actor, Pose]:
    actor = actor_or_refuse(server, session, actor_id)
    components = components_of(server, actor)
    if name not in components:
        raise CallRefused(
            f"Responding error from function {session.method}: "
            f"Component could not be found in this actor.  Component Name: {name}"
        )
    return actor, components[name]


@call("get_actor_component_names", but=FEW)
def get_actor_component_names(server: Server, session: Session, actor_id: int) -> list[str]:
    return list(components_of(server, actor_or_refuse(server, session, actor_id)))


@call("get_actor_component_world_transform", but=FEW)
def get_component_world_transform(server: Server, session: Session, actor_id: int, component: str) -> structs.Transform:
    actor, place = _component(server, session, actor_id, component)
    return transform_of(compose(server.world.pose(actor), place))


@call("get_actor_component_relative_transform", but=FEW)
def get_component_relative_transform(
    server: Server, session: Session, actor_id: int, component: str
) -> structs.Transform:
    return transform_of(_component(server, session, actor_id, component)[1])


# In Unreal the sockets of a skeletal mesh are its bones and what artists added to them: here they are the bones.
@call("get_actor_bone_names", "get_actor_socket_names", but=FEW)
def get_actor_bone_names(server: Server, session: Session, actor_id: int) -> list[str]:
    return [bone.name for bone in bones_of(server.world, actor_or_refuse(server, session, actor_id))]


@call("get_actor_bone_world_transforms", "get_actor_socket_world_transforms", but=FEW)
def get_actor_bone_world_transforms(server: Server, session: Session, actor_id: int) -> list[structs.Transform]:
    return [bone.world for bone in bones_of(server.world, actor_or_refuse(server, session, actor_id))]


@call("get_actor_bone_relative_transforms", "get_actor_socket_relative_transforms", but=FEW)
def get_actor_bone_relative_transforms(server: Server, session: Session, actor_id: int) -> list[structs.Transform]:
    """Relative to the actor, not to the bone above."""
    return [bone.component for bone in bones_of(server.world, actor_or_refuse(server, session, actor_id))]


@call("get_vehicle_bone_world_transforms", but=FEW)
def get_vehicle_bone_world_transforms(server: Server, session: Session, actor_id: int) -> list[structs.Transform]:
    return [bone.world for bone in bones_of(server.world, vehicle_or_refuse(server, session, actor_id))]
