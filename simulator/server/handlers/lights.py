"""Traffic lights."""

from math import isfinite

from simulator.protocol import structs
from simulator.server.convert import NO_ROTATION
from simulator.server.handlers.registry import CallRefused, actor_or_refuse, call
from simulator.server.server_types import Server, Session
from simulator.world.lights import STAGE_GREEN, STAGE_RED, STAGE_YELLOW
from simulator.world.tables import TRAFFIC_LIGHT

_STAGES = {
    "set_traffic_light_green_time": STAGE_GREEN,
    "set_traffic_light_yellow_time": STAGE_YELLOW,
    "set_traffic_light_red_time": STAGE_RED,
}
UNKNOWN_STATE = 4


def set_state(server: Server, light: int, state: int) -> None:
    if not 0 <= state <= UNKNOWN_STATE:
        raise CallRefused(f"there is no traffic light state {state}")
    server.world.lights.set_state(light, state)


def light_of(server: Server, session: Session, actor_id: int) -> int:
    actor = actor_or_refuse(server, session, actor_id)
    if actor.kind != TRAFFIC_LIGHT:
        raise CallRefused(f"Responding error from function {session.method}: actor {actor_id} is no traffic light")
    return int(server.world.row(actor)["side"])


@call("set_traffic_light_state")
def set_traffic_light_state(server: Server, session: Session, actor_id: int, state: int) -> None:
    set_state(server, light_of(server, session, actor_id), state)


@call("set_traffic_light_green_time", "set_traffic_light_yellow_time", "set_traffic_light_red_time")
def set_traffic_light_time(server: Server, session: Session, actor_id: int, seconds: float) -> None:
    light = light_of(server, session, actor_id)
    if not isfinite(seconds) or seconds < 0.0:
        raise CallRefused(f"a light's time must be a number of seconds, not {seconds}")
    server.world.lights.set_time(light, _STAGES[session.method], seconds)


@call("freeze_traffic_light")
def freeze_traffic_light(server: Server, session: Session, actor_id: int, freeze: bool) -> None:
    """Freezes the light's whole group: its lights share one clock."""
    server.world.lights.freeze_group(light_of(server, session, actor_id), freeze)


@call("freeze_all_traffic_lights")
def freeze_all_traffic_lights(server: Server, session: Session, freeze: bool) -> None:
    server.world.lights.freeze_all(freeze)


@call("reset_traffic_light_group")
def reset_traffic_light_group(server: Server, session: Session, actor_id: int) -> None:
    server.world.lights.reset_group(light_of(server, session, actor_id))


@call("reset_all_traffic_lights")
def reset_all_traffic_lights(server: Server, session: Session) -> None:
    server.world.lights.reset_all()


@call("get_group_traffic_lights")
def get_group_traffic_lights(server: Server, session: Session, actor_id: int) -> list[int]:
    world = server.world
    rows = world.lights.lights["actor"][world.lights.group_of(light_of(server, session, actor_id))]
    ids: list[int] = world.actors["id"][rows].tolist()
    return ids


@call("get_light_boxes")
def get_light_boxes(server: Server, session: Session, actor_id: int) -> list[structs.BoundingBox]:
    """The lamps' boxes, in world coordinates."""
    light_of(server, session, actor_id)
    actor = actor_or_refuse(server, session, actor_id)
    pose = server.world.pose(actor)
    center = structs.Vector3(pose.x, pose.y, pose.z + LAMP_HEIGHT_M)
    return [structs.BoundingBox(center, structs.Vector3(0.2, 0.2, 0.5), NO_ROTATION, actor_id)]


LAMP_HEIGHT_M = 5.0
