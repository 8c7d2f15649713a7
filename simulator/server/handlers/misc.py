"""The Traffic Manager's register, street lamps, debug drawing and the recorder."""

from simulator.protocol import structs
from simulator.server.handlers.registry import call, refuse
from simulator.server.server_types import Server, Session
from simulator.server.traffic_manager import Registration


@call("is_traffic_manager_running")
def is_traffic_manager_running(server: Server, session: Session, port: int) -> bool:
    return server.traffic_managers.get(port) is not None


@call("get_traffic_manager_running")
def get_traffic_manager_running(server: Server, session: Session, port: int) -> tuple[str, int]:
    entry = server.traffic_managers.get(port)
    return (entry.host, entry.port) if entry else ("", 0)


@call("add_traffic_manager_running")
def add_traffic_manager_running(server: Server, session: Session, address: tuple[str, int]) -> bool:
    host, port = address
    # The client registers an address of its own machine, which from here is that of its connection.
    return server.traffic_managers.add(Registration(host, port, session, session.host or host))


@call("destroy_traffic_manager")
def destroy_traffic_manager(server: Server, session: Session, port: int) -> None:
    server.traffic_managers.remove(port)


@call("query_lights_state")
def query_lights_state(server: Server, session: Session, client: str) -> list[structs.LightState]:
    return server.street_lamps()


@call("update_lights_state")
def update_lights_state(
    server: Server, session: Session, client: str, lights: list[structs.LightState], discard_client: bool
) -> None:
    server.set_street_lamps(lights)


@call("update_day_night_cycle", but="there is no cycle of the server's own to stop or to start")
def update_day_night_cycle(server: Server, session: Session, client: str, active: bool) -> None:
    """Street lamps follow the light manager alone; there is no cycle of the server's own to stop."""


@call("draw_debug_shape", "clear_debug_shape", "clear_debug_string", but="drawings are shown nowhere")
def draw(server: Server, session: Session, *arguments: object) -> None:
    """Drawings are taken by the thousand: there is no window."""


@call("send", but="nobody receives it: there are no V2X sensors")
def send(server: Server, session: Session, actor_id: int, message: str) -> None:
    """What a sensor.other.v2x_custom sends."""


refuse(
    "start_recorder",
    "stop_recorder",
    "show_recorder_file_info",
    "show_recorder_collisions",
    "show_recorder_actors_blocked",
    "replay_file",
    "stop_replayer",
    "set_replayer_time_factor",
    "set_replayer_ignore_hero",
    "set_replayer_ignore_spectator",
    because="it has no recorder",
    planned=True,
)
