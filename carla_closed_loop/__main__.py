"""The console script `leaderboard`, also `python -m carla_closed_loop`.

Users of CARLA have the official leaderboard and scenario_runner on PYTHONPATH, and with them packages named as ours.
So our packages come first here, and by PYTHONPATH in every process that is started from here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

__all__ = ["OURS", "give_home", "interruptible", "main", "passed_over", "put_ours_first"]

ROOT: Final = Path(__file__).resolve().parents[1]
"""The folder that holds our packages: the checkout, or site-packages."""
OURS: Final = ("leaderboard", "scenarios", "agent", "simulator")


def main(arguments: Sequence[str] | None = None) -> int:
    put_ours_first()
    give_home()
    with interruptible():
        from leaderboard.cli import main as run

    return run(arguments)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C during the second that imports take ends the process, and without a traceback."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it may be ignored, as under nohup
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def put_ours_first() -> None:
    """From here on, here and in child processes; says on stderr what is passed over for it."""
    others = passed_over()
    if others:
        print(f"leaderboard: passed over, for this project's own: {', '.join(map(str, others))}", file=sys.stderr)
    if Path(sys.path[0] or ".").resolve() != ROOT:
        sys.path.insert(0, str(ROOT))
    before = os.environ.get("PYTHONPATH")
    entries = [entry for entry in (before or "").split(os.pathsep) if entry and Path(entry).resolve() != ROOT]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *entries])


def give_home() -> None:
    """CARLA's client reads HOME when it is loaded, and ends the process by a segmentation fault where there is none, as
    in services and some containers.
    """
    try:
        os.environ.setdefault("HOME", str(Path.home()))
    except RuntimeError:  # a user whom the machine does not know
        os.environ["HOME"] = tempfile.gettempdir()


def passed_over() -> list[Path]:
    """The packages of others that are named as ours and would have been found instead of them."""
    found = []
    before_ours = []
    for entry in sys.path:
        if Path(entry or ".").resolve() == ROOT:
            break
        before_ours.append(entry)
    for name in OURS:
        spec = PathFinder.find_spec(name, before_ours)
        # Without an origin it is a folder that is no package: Python prefers ours to it anyway.
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            found.append(origin.parent if origin.name == "__init__.py" else origin)
    return found


if __name__ == "__main__":
    sys.exit(main())
