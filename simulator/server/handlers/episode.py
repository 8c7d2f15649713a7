"""Version, episodes, settings, weather, ticks and files."""

import math

from simulator.maps.library import BadMap, UnknownMap
from simulator.protocol import structs
from simulator.server.handlers.registry import CallRefused, call
from simulator.server.server_types import Server, Session

# CARLA's documentation wants at most 0.1; a world that steps by minutes is somebody's slip.
MAX_DELTA_S = 10.0


@call("version")
def version(server: Server, session: Session) -> str:
    return server.layout.version


@call("get_available_maps")
def get_available_maps(server: Server, session: Session) -> list[str]:
    return [f"/Game/Carla/Maps/{name}" for name in server.library.names()]


@call("get_episode_info")
def get_episode_info(server: Server, session: Session) -> structs.EpisodeInfo:
    """A new episode begins with its first state, as in CARLA, and not with the answer to load_new_episode.

    The client connects anew after that answer; seeing the number change on the stream is what makes it give its
    Traffic Managers the new map.
    """
    return structs.EpisodeInfo(server.shown_episode_id, server.token(1))


@call("get_episode_settings")
def get_episode_settings(server: Server, session: Session) -> structs.EpisodeSettings:
    return server.settings


@call("set_episode_settings", but="what culling, tiles and ragdolls need is only kept and sent back")
def set_episode_settings(server: Server, session: Session, settings: structs.EpisodeSettings) -> int:
    delta = settings.fixed_delta_seconds
    if delta is not None and not 0.0 <= delta <= MAX_DELTA_S:
        raise CallRefused(f"fixed_delta_seconds must lie between 0 and {MAX_DELTA_S:g}, not {delta}")
    if not (math.isfinite(settings.max_substep_delta_time) and settings.max_substeps >= 1):
        raise CallRefused("max_substep_delta_time must be finite and max_substeps at least 1")
    server.settings = settings._replace(fixed_delta_seconds=delta or None)
    server.apply_substepping()
    server.ticker.mode_changed()
    return server.frame


@call("tick_cue")
def tick_cue(server: Server, session: Session) -> int:
    return server.ticker.cue(session)


@call("load_new_episode", but="layers are ignored: towns have one")
async def load_new_episode(server: Server, session: Session, name: str, reset_settings: bool, layers: int) -> None:
    current = server.world.town
    if server.is_loading:
        raise CallRefused("another map is being loaded; try again when it is done")
    try:
        await server.load((lambda: server.library.load(name)) if name else (lambda: current))
    except UnknownMap as error:
        # CARLA's words first: scripts look for them.
        raise CallRefused(f"Map '{name[:100]}' not found: {error}") from None
    except BadMap as error:
        raise _refused(server, error) from None
    if reset_settings:
        server.settings = server.default_settings()
        server.apply_substepping()
    server.ticker.mode_changed()


@call("copy_opendrive_to_file", but="the parameters of the mesh (walls, widths) are ignored")
async def copy_opendrive_to_file(
    server: Server, session: Session, opendrive: str, parameters: structs.OpendriveParams
) -> None:
    """Only prepares the map, so that a bad one leaves the world as it is; the client loads it by name next."""
    if server.is_preparing:
        raise CallRefused("another map is being prepared; try again when it is done")
    server.is_preparing = True
    try:
        await server.loop.run_in_executor(None, server.library.load_text, opendrive)
    except BadMap as error:
        raise _refused(server, error) from None
    finally:
        server.is_preparing = False


def _refused(server: Server, error: BadMap) -> CallRefused:
    server.say(f"map refused: {error}")
    return CallRefused(str(error))


@call("get_weather_parameters")
def get_weather_parameters(server: Server, session: Session) -> structs.Weather:
    return structs.Weather(*server.world.weather)


@call("set_weather_parameters", but="it changes what cameras see, and nothing else")
def set_weather_parameters(server: Server, session: Session, weather: structs.Weather) -> None:
    if not all(math.isfinite(value) for value in weather):
        raise CallRefused("every number of the weather must be finite")
    server.world.weather = tuple(weather)


@call("get_required_files")
def get_required_files(server: Server, session: Session, folder: str) -> list[str]:
    return server.files(folder)


@call("request_file")
def request_file(server: Server, session: Session, name: str) -> bytes:
    data = server.file(name)
    if data is None:
        raise CallRefused(f"there is no file {name!r}: only names that get_required_files lists are served")
    return data
