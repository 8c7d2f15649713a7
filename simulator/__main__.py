"""The command line: python -m simulator."""

import argparse
import contextlib
import json
import logging
import math
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from simulator.server.logs import Dam, OneLine

if TYPE_CHECKING:
    from simulator.maps.library import MapLibrary
    from simulator.maps.town import TownMap
    from simulator.server.server import Server

__all__ = ["main"]

_PARENT_PERIOD_S: Final = 0.25
_CLEAN_UP_S: Final = 0.3
_Result = TypeVar("_Result")

READY_HELP = """
When clients may connect, one line of JSON is printed on stdout:
  {"event": "ready", "host": "127.0.0.1", "port": 2000, "stream_port": 2001, "pid": 4711, "town": "Harbor"}
Everything else goes to stderr. Ctrl-C or SIGTERM ends it at once with exit code 0; exit code 2 means that an option
was wrong or the port was taken, 1 that something failed, with a line that says what.

examples:
  python -m simulator                                  Harbor on port 2000, as CARLA would be
  python -m simulator --port 0 --town Orchard          any free port
  python -m simulator --map-dir maps --town Town04     a map of your own: maps/Town04.xodr
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as everything else here is said."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"simulator: {message}; `{self.prog} --help` says more\n")


def parser() -> argparse.ArgumentParser:
    parsed = _Parser(
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
    add(
        "--wake-after",
        type=_seconds,
        default=300.0,
        metavar="S",
        help="a client with a Traffic Manager that does nothing for S seconds between two ticks may hang by a fault of "
        "its own, and is woken (default: 300; 0: never)",
    )
    add("--quiet", action="store_true", help="say nothing but errors on stderr")
    add("--end-with-parent", type=int, metavar="PID", help=argparse.SUPPRESS)
    return parsed


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give a number of seconds, or 0")
    return value


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
    _open_standard_files()
    options = parser().parse_args(arguments)
    _set_up_log(logging.ERROR if options.quiet else logging.INFO)
    # Until clients are served, Ctrl-C and SIGTERM end whatever is being done: a map may be in the compiler.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.port == 65535:
            raise UserError("--port 65535 leaves no port for the streams, which take the next one")
        if options.map_dir is not None and not options.map_dir.is_dir():
            raise UserError(f"--map-dir {options.map_dir} is no folder")
        _need_home()
        return _run(options)
    except UserError as error:
        logging.getLogger("simulator").error("%s", error)
        return 2
    except KeyboardInterrupt:
        return 0


def _need_home() -> None:
    """CARLA's library reads HOME when it is loaded, and dies of a segmentation fault where a service has none."""
    try:
        os.environ.setdefault("HOME", str(Path.home()))
    except RuntimeError:
        raise UserError("there is no home folder: set HOME to a folder that can be written") from None


def _open_standard_files() -> None:
    """Whoever started us may have closed one: a socket would take its number, and what is printed would go there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _set_up_log(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    handler.addFilter(Dam())
    logging.basicConfig(level=level, handlers=[handler])
    logging.raiseExceptions = False  # a stderr that is closed is no reason to stop
    # Absurd numbers from a client overflow on their way into the world, which tames them.
    warnings.filterwarnings("ignore", category=RuntimeWarning)


def _run(arguments: argparse.Namespace) -> int:
    # Imported here: numba takes a third of a second, which --help and a wrong option need not wait for.
    import uvloop

    from simulator.maps.library import BadMap, MapLibrary, UnknownMap
    from simulator.warm import warm

    log = logging.getLogger("simulator")
    library = MapLibrary(arguments.map_dir, progress=log.info)

    def prepare() -> "TownMap":
        town = library.load(arguments.town)
        warm(town, log.info)
        return town

    try:
        town = _beside(prepare, library.close)
    except (UnknownMap, BadMap) as error:
        raise UserError(str(error)) from None
    return uvloop.run(_serve(arguments, town, library))


def _beside(work: Callable[[], _Result], give_up: Callable[[], None]) -> _Result:
    """Do the work in another thread, so that Ctrl-C need not wait for it.

    A compiler may be seconds in one call, and an interrupt that comes while it calls back is lost in it.
    """
    outcome: Future[_Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    try:
        return outcome.result()
    except KeyboardInterrupt:
        give_up()
        worker.join(_CLEAN_UP_S)  # it may have files to take away
        raise


async def _serve(arguments: argparse.Namespace, town: "TownMap", library: "MapLibrary") -> int:
    from simulator.server.server import CannotStart, Options, Server

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
        wake_after_s=arguments.wake_after,
    )
    server = Server(options, town, library, logging.getLogger("simulator").warning)
    for number in (signal.SIGINT, signal.SIGTERM):
        server.loop.add_signal_handler(number, server.stop)
    try:
        await server.open()
        if arguments.end_with_parent is not None:
            _end_with(arguments.end_with_parent, server)
        ready = {
            "event": "ready",
            "host": options.host,
            "port": server.port,
            "stream_port": server.stream_port,
            "pid": os.getpid(),
            "town": town.name,
        }
        with contextlib.suppress(OSError, ValueError):  # nobody reads stdout; clients may come all the same
            print(json.dumps(ready), flush=True)
        return await server.stopped
    except CannotStart as error:
        raise UserError(str(error)) from None
    finally:
        server.close()
        library.close()


def _end_with(parent: int, server: "Server") -> None:
    """A program that dies leaves no simulator behind.

    Looked at from here, since PR_SET_PDEATHSIG means the thread that started us, and a pipe from the program would be
    kept open by its other children.
    """
    if os.getppid() == parent:
        server.loop.call_later(_PARENT_PERIOD_S, _end_with, parent, server)
    else:
        server.stop()


def _exit(code: int) -> NoReturn:
    """At once: all is closed by now, and Python would take a fifth of a second to clear away numba's compiler."""
    for file in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # it may be closed, or nobody reads it
            file.flush()
    os._exit(code)


if __name__ == "__main__":
    _exit(main())
