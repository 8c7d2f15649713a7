"""Whether this machine can run an evaluation, and what Python finds where."""

from __future__ import annotations

import importlib.util
import queue
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from leaderboard.errors import InfrastructureError, LeaderboardError
from leaderboard.launch.attached import ask
from leaderboard.launch.embedded import EmbeddedSimulator, shipped_maps
from leaderboard.log.manifest import harness_info, machine_info
from leaderboard.supervisor import Address

__all__ = ["Finding", "examine"]

_READY_S: Final = 120.0
"""A cold start compiles kernels and the map, and the first picture the kernels of cameras."""
_FRAMES: Final = 20
_DELTA_S: Final = 0.05
_WIDTH: Final = 800
_HEIGHT: Final = 600
_OURS: Final = ("leaderboard", "scenarios", "agent", "simulator")
_GUESTS: Final = ("agents", "srunner")
_ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    name: str
    text: str
    is_good: bool = True


def examine(simulator: Address | None) -> Iterator[Finding]:
    """Finding by finding, each as soon as it is known. `simulator`: one that should be reachable."""
    yield from _versions()
    yield from _packages()
    yield from _embedded()
    if simulator is not None:
        yield _reach(simulator)


def _versions() -> Iterator[Finding]:
    harness, machine = harness_info(), machine_info()
    commit = f", commit {harness.commit[:12]}{' with changes' if harness.dirty else ''}" if harness.commit else ""
    yield Finding("harness", f"{harness.version}{commit}")
    yield Finding("python", f"{harness.python}, {sys.executable}")
    yield Finding("packages", ", ".join(f"{name} {version}" for name, version in harness.packages.items()))
    yield Finding(
        "machine", f"{machine.system}; {machine.processor}, {machine.cores} cores, {machine.memory_gib:g} GiB"
    )


def _packages() -> Iterator[Finding]:
    for name in _OURS:
        place = _place(name)
        is_ours = place is not None and place.parent == _ROOT
        yield Finding(name, f"{place}" if is_ours else f"{place or 'not found'}: not this project's", is_ours)
    try:
        import carla
    except ImportError as error:
        yield Finding("carla", f"the client does not load: {error}", False)
        return
    yield Finding("carla", f"{metadata.version('carla')}, {Path(carla.__file__).parent}")
    for name in _GUESTS:
        place = _place(name)
        yield Finding(name, f"{place}: agents get these" if place else "not found; agents get this project's")
    from leaderboard.compat.guests import GuestContext

    for problem in GuestContext().problems:
        yield Finding("for agents", problem, False)


def _place(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    if spec.origin is not None:
        origin = Path(spec.origin)
        return origin.parent if origin.name == "__init__.py" else origin
    return next((Path(folder) for folder in spec.submodule_search_locations or ()), None)


# --- the simulators ---------------------------------------------------------------------------------------------------


def _embedded() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="closed-loop-doctor-") as folder:
        began = time.perf_counter()
        try:
            with closing(EmbeddedSimulator(shipped_maps()[0], Path(folder) / "simulator.log")) as simulator:
                simulator.wait(_READY_S)
                started = time.perf_counter()
                yield Finding("simulator starts", f"in {started - began:.1f} s, port {simulator.port}")
                first_s, frame_ms = _look(simulator.host, simulator.port)
                size = f"{_WIDTH}x{_HEIGHT}"
                yield Finding(
                    "camera", f"first {size} frame after {first_s:.1f} s, then {frame_ms:.0f} ms a tick with one"
                )
        # The client raises nothing but RuntimeError.
        except (LeaderboardError, RuntimeError) as error:
            yield Finding("embedded simulator", str(error), False)


def _look(host: str, port: int) -> tuple[float, float]:
    """Seconds to the first picture, and milliseconds for each one after it. Raises RuntimeError if there is none."""
    from leaderboard.launch.client import connect

    began = time.perf_counter()
    client = connect(host, port, _READY_S)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = _DELTA_S
    world.apply_settings(settings)
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", str(_WIDTH))
    blueprint.set_attribute("image_size_y", str(_HEIGHT))
    place = world.get_map().get_spawn_points()[0]
    place.location.z += 1.5
    camera = world.spawn_actor(blueprint, place)
    images: queue.SimpleQueue[Any] = queue.SimpleQueue()
    camera.listen(images.put)
    try:
        _picture(world, images)
        first = time.perf_counter()
        for _ in range(_FRAMES):
            _picture(world, images)
        return first - began, (time.perf_counter() - first) / _FRAMES * 1000.0
    finally:
        camera.stop()
        camera.destroy()


def _picture(world: Any, images: queue.SimpleQueue[Any]) -> None:
    frame = world.tick(_READY_S)
    try:
        image = images.get(timeout=_READY_S)
    except queue.Empty:
        raise RuntimeError(f"no picture of frame {frame} came within {_READY_S:g} s") from None
    if len(set(bytes(image.raw_data)[:: 4 * 997])) < 2:
        raise RuntimeError(f"the picture of frame {frame} is of one colour")


def _reach(address: Address) -> Finding:
    name = f"{address.host}:{address.port}"
    try:
        answer = ask(address.host, address.port)
    except InfrastructureError as error:
        return Finding(name, str(error), False)
    if not answer.fits:
        text = f"{answer.kind} {answer.version}, but the client is {answer.client_version}: they must be the same"
        return Finding(name, text, False)
    return Finding(name, f"{answer.kind} {answer.version}, town {answer.town}")
