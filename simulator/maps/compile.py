"""`python -m simulator.maps.compile IN.xodr OUT`: bake an OpenDRIVE file into a TownMap.

Runs in a process of its own, because a bad file can kill carla's parser. On failure: exit code 1 and one sentence on
stderr that begins with what is wrong ("has two roads ..."), so that the caller can put the file's name before it.
Exit code 3: not the file's fault but ours. Exit code 4: OUT cannot be written.
"""

import ctypes
import hashlib
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Final

import carla
import numpy as np

from simulator.maps import opendrive, store
from simulator.maps.furniture import build_boxes
from simulator.maps.giving_way import build_give_ways
from simulator.maps.lanes import DRIVING, sample_lanes
from simulator.maps.markings import build_markings
from simulator.maps.navmesh import build_navigation
from simulator.maps.opendrive import CLIENT_ERRORS, BadFile
from simulator.maps.signals import build_signals
from simulator.maps.spawns import build_spawn_points
from simulator.maps.surfaces import MAX_EXTENT_M, build_ground
from simulator.maps.town import F8, Lanes, Samples, TownMap

MEMORY_LIMIT: Final = 8 << 30  # bytes of address space: a hostile file must not take the machine with it
CPU_LIMIT_S: Final = 300
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PROBE_M: Final = 25.0


def compile_town(data: bytes, name: str = "") -> TownMap:
    """Everything of a map. Raises BadFile."""
    text = opendrive.check(data)
    facts = opendrive.read(text)
    try:
        map_ = carla.Map(name or "map", text)
    except CLIENT_ERRORS as error:
        raise BadFile(f"is refused by the client's parser: {error}") from None
    lanes, samples, shapes = sample_lanes(map_, facts)
    _check_extent(samples)
    _check_client(map_, lanes, samples)
    ground = build_ground(shapes)
    signals, light_boxes, controllers, groups, stops = build_signals(map_, facts)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    boxes, box_names = build_boxes(facts.furniture_seed or sha256, shapes, lanes, samples, ground, signals)
    crosswalks = read_crosswalks(map_)
    origin = map_.transform_to_geolocation(carla.Location(0.0, 0.0, 0.0))
    return TownMap(
        name=name,
        opendrive=text,
        sha256=sha256,
        origin_latitude_deg=round(origin.latitude, 10),  # the client's own arithmetic leaves 1e-14 behind
        origin_longitude_deg=round(origin.longitude, 10),
        lanes=lanes,
        samples=samples,
        surface=ground.surface,
        boxes=boxes,
        box_names=box_names,
        signals=signals,
        light_boxes=light_boxes,
        controllers=controllers,
        groups=groups,
        spawn_points=build_spawn_points(map_, lanes, samples),
        crosswalks=crosswalks,
        navigation=build_navigation(lanes, samples, crosswalks),
        markings=build_markings(map_, shapes, lanes, samples, stops),
        give_ways=build_give_ways(stops, lanes, samples),
    )


def read_crosswalks(map_: carla.Map) -> list[F8]:
    """Closed outlines. The client gives one list of points in which each outline ends where it began."""
    outlines: list[F8] = []
    points = [(place.x, place.y, place.z) for place in map_.get_crosswalks()]
    if not np.isfinite(points).all():
        raise BadFile("has a crosswalk whose corners are no numbers")
    begin = 0
    for i, point in enumerate(points):
        if i > begin and point == points[begin]:
            if i - begin > 2:
                outlines.append(np.array(points[begin : i + 1]))
            begin = i + 1
    return outlines


def _check_extent(samples: Samples) -> None:
    for axis, values in (("x", samples.x), ("y", samples.y)):
        extent = float(np.ptp(values))
        if extent > MAX_EXTENT_M:
            raise BadFile(
                f"spreads its roads over {extent / 1000:.0f} km along {axis}; {MAX_EXTENT_M / 1000:.0f} km is the most"
            )


def _check_client(map_: carla.Map, lanes: Lanes, samples: Samples) -> None:
    """Ask what every client asks. What kills the parser kills this process, and the caller says so."""
    try:
        map_.get_topology()
        map_.get_all_landmarks()
        for row in np.flatnonzero(lanes.kind == DRIVING).tolist():
            first, last = lanes.sample_start[row], lanes.sample_start[row + 1]
            for i in range(first, last, max(1, (last - first) // 8)):
                map_.get_waypoint(carla.Location(float(samples.x[i]), float(samples.y[i]), float(samples.z[i])))
            middle = map_.get_waypoint_xodr(
                int(lanes.road[row]), int(lanes.lane[row]), float(samples.s[(first + last) // 2])
            )
            if middle is not None:
                middle.next(_PROBE_M)
                middle.previous(_PROBE_M)
                middle.get_landmarks(_PROBE_M)
    except CLIENT_ERRORS as error:
        raise BadFile(f"breaks the client's waypoints: {error}") from None


def _end_with_parent() -> None:
    """A server that is gone needs no map. It may have gone before we asked to be told: then nobody reads our stderr."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    stderr = select.poll()
    stderr.register(2, 0)
    if any(event & select.POLLERR for _, event in stderr.poll(0)):
        sys.exit(1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m simulator.maps.compile IN.xodr OUT", file=sys.stderr)
        return 2
    source, target = Path(arguments[0]), Path(arguments[1])
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    errors = os.fdopen(os.dup(2), "w", errors="backslashreplace")
    silence = os.open(os.devnull, os.O_WRONLY)  # carla's parser prints warnings of its own
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        try:
            content = source.read_bytes()
        except OSError as error:
            print(f"{source} cannot be read ({error.strerror}): check its permissions", file=errors)
            return 1
        town = compile_town(content)
        try:
            store.save(town, target)
        except OSError as error:
            print(f"{target} cannot be written: {error.strerror}", file=errors)
            return store.CANNOT_WRITE
    except BadFile as error:
        print(error, file=errors)
        return 1
    except MemoryError:
        print(f"needs more than {MEMORY_LIMIT >> 30} GiB of memory", file=errors)
        return 1
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=errors)
        return 3
    finally:
        errors.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
