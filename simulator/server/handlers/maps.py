"""The map, what stands on it, and rays through it."""

from math import isfinite

import numpy as np

from simulator.maps.town import POLES, TRAFFIC_LIGHT, TRAFFIC_SIGNS
from simulator.protocol import structs
from simulator.protocol.enums import Label
from simulator.server.convert import NO_ROTATION, transform_of
from simulator.server.handlers.registry import CallRefused, call, refuse
from simulator.server.server_types import Server, Session
from simulator.world.pose import Pose, to_world
from simulator.world.queries import cast_ray as world_ray
from simulator.world.queries import project_point as world_point
from simulator.world.tables import PROP, VEHICLE, WALKER


@call("get_map_info")
def get_map_info(server: Server, session: Session) -> structs.MapInfo:
    town = server.world.town
    spawns = [transform_of(Pose(*point)) for point in town.spawn_points.tolist()]
    return structs.MapInfo(f"Carla/Maps/{town.name}", spawns)


@call("get_map_data")
def get_map_data(server: Server, session: Session) -> str:
    return str(server.world.town.opendrive)


@call("get_navigation_mesh")
def get_navigation_mesh(server: Server, session: Session) -> bytes:
    return bytes(server.world.town.navigation)


@call("load_map_layer", "unload_map_layer", but="towns have one layer, which is always there")
def map_layer(server: Server, session: Session, layers: int) -> None:
    """Accepted, as they are in CARLA for maps without layers."""


@call("get_all_level_BBs")
def get_all_level_bbs(server: Server, session: Session, label: int) -> list[structs.BoundingBox]:
    """Boxes in world coordinates: the town's own things, then the living actors with that label."""
    boxes = [_box(server, row) for row in _rows(server, label)]
    world = server.world
    for actor in world.register.in_order:
        tag = actor.semantic_tags[0] if actor.semantic_tags else 0
        if actor.kind in (VEHICLE, WALKER, PROP) and label in (tag, Label.ANY):
            pose = world.pose(actor)
            middle, half = world.box(actor)
            boxes.append(
                structs.BoundingBox(
                    structs.Vector3(*to_world(pose, *middle)),
                    structs.Vector3(*half),
                    transform_of(pose).rotation,
                    actor.id,
                )
            )
    return boxes


@call("get_environment_objects")
def get_environment_objects(server: Server, session: Session, label: int) -> list[structs.EnvironmentObject]:
    town = server.world.town
    objects = []
    for row in _rows(server, label):
        box = _box(server, row)
        transform = structs.Transform(box.location, box.rotation)
        objects.append(
            structs.EnvironmentObject(
                transform, box, int(town.boxes.id[row]), town.box_names[row], int(town.boxes.label[row])
            )
        )
    return objects


@call("enable_environment_objects")
def enable_environment_objects(server: Server, session: Session, ids: list[int], enable: bool) -> None:
    known = set(server.world.town.boxes.id.tolist())
    unknown = [number for number in ids if number not in known]
    if unknown:
        raise CallRefused(f"there is no environment object {unknown[0]}")
    server.world.show_boxes(ids, enable)


@call("get_names_of_all_objects")
def get_names_of_all_objects(server: Server, session: Session) -> list[str]:
    return list(server.world.town.box_names)


refuse(
    "apply_color_texture_to_objects",
    "apply_float_color_texture_to_objects",
    because="its objects carry no textures",
    planned=True,
)


@call("cast_ray")
def cast_ray(
    server: Server, session: Session, start: structs.Vector3, end: structs.Vector3
) -> list[structs.LabelledPoint]:
    if not all(isfinite(value) for value in (*start, *end)):
        raise CallRefused("a ray must have finite ends")
    return [
        structs.LabelledPoint(structs.Vector3(x, y, z), label) for x, y, z, label in world_ray(server.world, start, end)
    ]


@call("project_point")
def project_point(
    server: Server, session: Session, location: structs.Vector3, direction: structs.Vector3, distance: float
) -> tuple[bool, structs.LabelledPoint]:
    if not all(isfinite(value) for value in (*location, *direction, distance)):
        raise CallRefused("a projection must have a finite place, direction and distance")
    found = world_point(server.world, location, direction, distance)
    if found is None:
        return False, structs.LabelledPoint(structs.Vector3(0.0, 0.0, 0.0), int(Label.NONE))
    x, y, z, label = found
    return True, structs.LabelledPoint(structs.Vector3(x, y, z), label)


def _rows(server: Server, label: int) -> list[int]:
    labels = server.world.town.boxes.label
    rows: list[int] = (np.arange(len(labels)) if label == Label.ANY else np.flatnonzero(labels == label)).tolist()
    return rows


def _box(server: Server, row: int) -> structs.BoundingBox:
    b = server.world.town.boxes
    rotation = NO_ROTATION._replace(yaw=float(np.degrees(b.yaw[row])))
    return structs.BoundingBox(
        structs.Vector3(float(b.x[row]), float(b.y[row]), float(b.z[row])),
        structs.Vector3(float(b.half_x[row]), float(b.half_y[row]), float(b.half_z[row])),
        rotation,
        0,
    )


__all__ = ["POLES", "TRAFFIC_LIGHT", "TRAFFIC_SIGNS"]
