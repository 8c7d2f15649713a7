"""Compile every kernel before a client can wait for one: `python -m simulator.warm`, or `warm()` at start.

A small world is driven through everything that has a kernel. Compiled code is kept on disk (simulator.kernels), so
only the first run after an edit or an install takes its time.
"""

import contextlib
import hashlib
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from numba.core.registry import cpu_target

from simulator.cache import KERNELS, prune_kernels, use
from simulator.maps.town import TownMap
from simulator.scene.scene import Scene
from simulator.sensors import warm_up as warm_sensors
from simulator.sensors.shading.lamps import GLOW, add_glow
from simulator.server.seeing import SEEING, look_once
from simulator.server.snapshot import StatePacker
from simulator.world.pose import Pose
from simulator.world.queries import cast_ray, project_point
from simulator.world.world import World

__all__ = ["warm"]

_RAINY_NIGHT = (100.0, 100.0, 90.0, 100.0, 0.0, -30.0, 50.0, 0.0, 0.2, 80.0, 1.0, 0.03, 0.0331, 0.0)
_QUIET_S = 2.0


def warm(town: TownMap, say: Callable[[str], None]) -> None:
    """Call every kernel once with the types that the server will use."""
    # This file says that all of them are there, for these sources on this kind of machine.
    stamp = KERNELS / f"whole-{_generation()}"
    is_whole = stamp.exists()
    if not is_whole:
        say("compiling kernels, which takes a minute or two after an install or an update")
    progress = _Progress(1 + len(SEEING), say)
    world = World(town)
    # Far below the map everything is free to spawn, whatever the town is.
    car = world.spawn("vehicle.lincoln.mkz_2020", {}, Pose(z=-500.0))
    world.spawn("vehicle.diamondback.century", {}, Pose(x=30.0, z=-500.0))
    world.spawn("walker.pedestrian.0001", {}, Pose(x=3.0, z=-500.0, y=3.0))
    world.spawn("static.prop.trafficcone01", {}, Pose(y=9.0, z=-500.0))
    friction = {"friction": "1.0", "extent_x": "1", "extent_y": "1", "extent_z": "1"}
    world.spawn("static.trigger.friction", friction, Pose())
    world.spawn("sensor.other.imu", {}, Pose(z=1.0), car.id)
    world.step(0.05)
    StatePacker(world).pack()
    world.height(0.0, 0.0, 1.0)
    cast_ray(world, (0.0, 0.0, 10.0), (1.0, 0.0, -10.0))
    project_point(world, (0.0, 0.0, 10.0), (0.0, 0.0, -1.0), 20.0)
    warm_sensors(world.actors, world.boxes)
    # The kernels of cameras are many. Where they are compiled, whoever listens to one loads them, and nobody else.
    if is_whole:
        use(stamp)
    else:
        progress.part_is_done()
        _look_around(world, progress)
        prune_kernels()
        with contextlib.suppress(OSError):  # a cache that cannot be written was told of
            stamp.touch()


def _generation() -> str:
    """Changes with every edit of the simulator, with the compiler, and with what it compiles for."""
    machine = cpu_target.target_context.codegen().magic_tuple()  # by which numba tells machine code apart
    digest = hashlib.sha256(f"{numba.__version__} {platform.python_version()} {machine}".encode())
    for source in sorted(Path(__file__).resolve().parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


class _Progress:
    """A line for each part that is done, while that takes its time."""

    def __init__(self, parts: int, say: Callable[[str], None]) -> None:
        self._parts = parts
        self._say = say
        self._done = 0
        self._told_at = time.monotonic()

    def part_is_done(self) -> None:
        self._done += 1
        if time.monotonic() - self._told_at > _QUIET_S and self._done < self._parts:
            self._told_at = time.monotonic()
            self._say(f"compiling kernels: {self._done} of {self._parts} parts are done")


def _look_around(world: World, progress: _Progress) -> None:
    """Read every sensor that sees, as its blueprint makes it but for the size of pictures, on a night of rain too."""
    scene = Scene(world.town)
    for weather in (world.weather, _RAINY_NIGHT):
        world.weather = weather
        frame = scene.frame(world, 1)
        for kind in SEEING:
            look_once(kind, frame, Pose(z=2.0))
            progress.part_is_done()
    # A town may have no lamp in sight.
    add_glow(np.zeros((1, 1), GLOW), np.ones(1, np.int64), 1.0, np.zeros((64, 64), np.uint32))


def main() -> int:
    from simulator.maps.library import BadMap, MapLibrary

    started = time.perf_counter()
    try:
        town = MapLibrary(None, progress=print).load("Harbor")
    except BadMap as error:
        print(error, file=sys.stderr)
        return 1
    warm(town, print)
    print(f"kernels are compiled ({time.perf_counter() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
