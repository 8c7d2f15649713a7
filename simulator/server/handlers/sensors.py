"""Streams of sensors, and the Unreal features around them."""

from simulator.server.handlers.registry import actor_or_refuse, call, refuse
from simulator.server.server_types import Server, Session


@call("get_sensor_token")
def get_sensor_token(server: Server, session: Session, stream_id: int) -> bytes:
    return server.hand_out_token(stream_id)


refuse("enable_sensor_for_ros", "disable_sensor_for_ros", because="it has no ROS 2 bridge of its own")


@call("is_sensor_enabled_for_ros")
def is_sensor_enabled_for_ros(server: Server, session: Session, stream_id: int) -> bool:
    return False


@call("are_gbuffers_enabled")
def are_gbuffers_enabled(server: Server, session: Session, actor_id: int) -> bool:
    actor_or_refuse(server, session, actor_id)
    return False


refuse("enable_gbuffers", "get_gbuffer_token", because="it renders without G-buffers")


@call("set_ignored_vehicles")
def set_ignored_vehicles(server: Server, session: Session, actor_id: int, ids: list[int]) -> None:
    """Vehicles that a LiDAR or a radar does not see."""
    server.sensing.ignore(actor_or_refuse(server, session, actor_id), ids)


@call("get_imui_gravity")
def get_imui_gravity(server: Server, session: Session) -> float:
    return server.gravity


@call("set_imui_gravity")
def set_imui_gravity(server: Server, session: Session, gravity: float) -> None:
    server.gravity = gravity


@call("set_annotations_traverse_translucency", but="nothing here is translucent")
def set_annotations_traverse_translucency(server: Server, session: Session, enabled: bool) -> None:
    """Asks cameras to see through glass."""
