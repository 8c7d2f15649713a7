"""The command line: python -m simulator."""

import argparse
import asyncio
import ctypes
import errno
import json
import logging
import math
import os
import signal
import sys
from pathlib import Path

__all__ = ["main"]

READY_HELP = """
When clients may connect, one line of JSON is printed on stdout:
  {"event": "ready", "host": "127.0.0.1", "port": 2000, "stream_port": 2001, "pid": 4711, "town": "Harbor"}
Everything else goes to stderr. Ctrl-C or SIGTERM ends it at once; exit code 2 means that an option was wrong
or the port was taken.

examples:
  python -m simulator                                  Harbor on port 2000, as CARLA would be
  python -m simulator --port 0 --town Orchard          any free port
  python -m simulator --map-dir maps --town Town04     a map of your own: maps/Town04.xodr
"""


def parser() -> argparse.ArgumentParser:
    parsed = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A light world that speaks the protocol of CARLA 0.9.16: connect with the official carla client.",
        epilog=READY_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parsed.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    add(
        "--port",
        type=_port,
        default=2000,
        help="RPC port, streams on the next; 0 takes free ones (default: %(default)s)",
    )
    add("--town", default="Harbor", metavar="NAME", help="map to load first (default: %(default)s)")
    add("--map-dir", type=Path, metavar="DIR", help="folder of your own maps, NAME.xodr each")
    add("--seed", type=int, default=0, metavar="N", help="seed of the sensors' noise (default: %(default)s)")
    add("--fps", type=_fps, default=20.0, metavar="N", help="steps per second without a fixed delta (default: 20)")
    add("--no-rendering", action="store_true", help="start with no_rendering_mode set: cameras deliver nothing")
    add("--state-hash", type=Path, metavar="FILE", help="write each frame and the hash of its state")
    add(
        "--gnss",
        choices=("leaderboard", "carla-0.9.16"),
        default="leaderboard",
        help="which way latitude grows: as route files and agents expect it, or as the 0.9.16 client computes it",
    )
    add("--quiet", action="store_true", help="say nothing but errors on stderr")
    add("--end-with-parent", action="store_true", help=argparse.SUPPRESS)
    return parsed


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _fps(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1.0 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no frame rate: give a number from 1 to 1000")
    return value


class UserError(Exception):
    """Something that the user can mend; one sentence."""


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.ERROR if options.quiet else logging.INFO, format="simulator: %(message)s", stream=sys.stderr
    )
    if options.end_with_parent:
        _end_with_parent()
    try:
        if options.port == 65535:
            raise UserError("--port 65535 leaves no port for the streams, which take the next one")
        if options.map_dir is not None and not options.map_dir.is_dir():
            raise UserError(f"--map-dir {options.map_dir} is no folder")
        return _run(options)
    except UserError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _end_with_parent() -> None:
    """PR_SET_PDEATHSIG: a program that dies leaves no simulator behind."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _run(arguments: argparse.Namespace) -> int:
    # Imported here: numba takes a third of a second, which --help and a wrong option need not wait for.
    from simulator.maps.library import BadMap, MapLibrary, UnknownMap
    from simulator.server.server import Options
    from simulator.warm import warm

    options = Options(
        host=arguments.host,
        port=arguments.port,
        town=arguments.town,
        map_dir=arguments.map_dir,
        seed=arguments.seed,
        fps=arguments.fps,
        no_rendering=arguments.no_rendering,
        state_hash=arguments.state_hash,
        gnss=arguments.gnss,
    )
    log = logging.getLogger("simulator")
    library = MapLibrary(options.map_dir, progress=log.info)
    try:
        town = library.load(options.town)
    except (UnknownMap, BadMap) as error:
        raise UserError(str(error)) from None
    warm(town, log.info)
    try:
        import uvloop

        return uvloop.run(_serve(options, town, library, log))
    except ImportError:
        return asyncio.run(_serve(options, town, library, log))


async def _serve(options, town, library, log) -> int:  # type: ignore[no-untyped-def]
    from simulator.server.server import Server

    try:
        server = Server(options, town, library, log.warning)
    except OSError as error:
        raise UserError(f"--state-hash {options.state_hash} cannot be written: {error.strerror}") from None
    try:
        await server.open()
    except OSError as error:
        server.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {options.port} or {options.port + 1} on {options.host} is taken: "
                "end what listens there, or give --port another number (0 takes free ones)"
            ) from None
        raise UserError(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}") from None
    ready = {
        "event": "ready",
        "host": options.host,
        "port": server.port,
        "stream_port": server.stream_port,
        "pid": os.getpid(),
        "town": town.name,
    }
    for number in (signal.SIGINT, signal.SIGTERM):
        server.loop.add_signal_handler(number, server.stop)
    print(json.dumps(ready), flush=True)
    code = await server.stopped
    server.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
