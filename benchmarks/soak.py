"""The long run: ./dev soak. Many synchronous ticks with the client's own Traffic Manager driving, while actors and
sensors come and go.

The 0.9.16 client can lose a wake-up inside its Traffic Manager and then sleep for ever (docs/architecture.md); the
simulator makes that rare and wakes it when it happens. This counts how often that was, and fails with exit code 1 when
the client stands still for good or when the simulator's memory grows. What was done is kept in --record FILE, and a
run that was cut short goes on from there.
"""

import argparse
import json
import platform
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import carla

import simulator

DELTA_S = 0.05
# The simulator looks after one second for a step that does not begin, and after this long for a tick that does not
# follow its step: the client here never thinks. One that stands still for longer than both was not woken.
WAKE_AFTER_S = 10.0
HANG_S = 30.0
PROGRESS_S = 10.0
# Buffers and caches fill in the first part of a run; from there on memory may not grow by more than this.
SETTLED_SHARE = 0.1
MAX_GROWTH_MB = 16.0
RESCUE = re.compile(r"traffic manager rescue \d+ at frame (\d+)")


@dataclass
class Part:
    """One run of one simulator with one client; a line of the record."""

    town: str
    vehicles: int
    churn: bool
    ticks: int = 0
    seconds: float = 0.0
    rescues: int = 0
    hung_at: int | None = None
    settled_mb: float = 0.0
    end_mb: float = 0.0

    @property
    def growth_mb(self) -> float:
        return self.end_mb - self.settled_mb


def main() -> int:
    arguments = _parse()
    if arguments.client:
        host, port = arguments.client
        _drive(host, int(port), arguments.ticks, arguments.vehicles, not arguments.no_churn, arguments.seed)
        return 0
    done = _read_record(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    missing = arguments.ticks - sum(part.ticks for part in done)
    if done:
        print(f"{arguments.record}: {arguments.ticks - missing:,} ticks are done, {max(missing, 0):,} are missing")
    if missing > 0:
        part = Part(arguments.town, arguments.vehicles, not arguments.no_churn)
        try:
            _run(part, missing, arguments, lambda: _write_record(arguments.record, [*done, part]))
        except KeyboardInterrupt:
            print("interrupted: the same command goes on from here" if arguments.record else "interrupted")
        done.append(part)
        _write_record(arguments.record, done)
    return _report(done, arguments.ticks)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--ticks", type=int, default=300_000, metavar="N", help="synchronous ticks (default: %(default)s)")
    add("--vehicles", type=int, default=20, metavar="N", help="cars of the Traffic Manager (default: %(default)s)")
    add("--town", default="Harbor", metavar="NAME", help="map to drive in (default: %(default)s)")
    add("--map-dir", metavar="DIR", help="folder of your own .xodr maps")
    add("--seed", type=int, default=1, metavar="N", help="for spawn points, models and churn (default: %(default)s)")
    add("--no-churn", action="store_true", help="do not spawn and destroy cars and sensors on the way")
    add("--record", type=Path, metavar="FILE", help="keep what was done; a run that was cut short goes on from there")
    add("--client", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ticks < 1 or arguments.vehicles < 1:
        parser.error("--ticks and --vehicles must be at least 1")
    return arguments


def _read_record(arguments: argparse.Namespace) -> list[Part]:
    if arguments.record is None or not arguments.record.exists():
        return []
    parts = [Part(**json.loads(line)) for line in arguments.record.read_text().splitlines()]
    wanted = (arguments.town, arguments.vehicles, not arguments.no_churn)
    if any((part.town, part.vehicles, part.churn) != wanted for part in parts):
        sys.exit(f"soak: {arguments.record} is of another town, number of vehicles or churn; name another file")
    return parts


def _write_record(path: Path | None, parts: list[Part]) -> None:
    """All of it, or what was there before."""
    if path is not None:
        fresh = path.with_name(path.name + ".new")
        fresh.write_text("".join(json.dumps(asdict(part)) + "\n" for part in parts))
        fresh.replace(path)


# --- the supervisor ---------------------------------------------------------------------------------------------------


def _run(part: Part, ticks: int, arguments: argparse.Namespace, save: Callable[[], None]) -> None:
    """Start a simulator and a client, and watch them. `part` is up to date whenever this is left."""
    options: dict[str, Any] = {"map_dir": arguments.map_dir, "seed": arguments.seed, "stderr": subprocess.PIPE}
    options["wake_after_s"] = WAKE_AFTER_S
    with simulator.serve(arguments.town, **options) as server:
        assert server.process.stderr is not None
        said = _lines(server.process.stderr)
        command = [sys.executable, "-P", __file__, "--client", server.host, str(server.port), "--ticks", str(ticks)]
        command += ["--vehicles", str(arguments.vehicles), "--seed", str(arguments.seed)]
        command += ["--no-churn"] if arguments.no_churn else []
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert client.stdout is not None
            _watch(part, ticks, server.pid, client, _lines(client.stdout), said, save)
        finally:
            client.kill()
            client.wait()


def _watch(
    part: Part,
    ticks: int,
    server_pid: int,
    client: subprocess.Popen[str],
    progress: "queue.SimpleQueue[str]",
    said: "queue.SimpleQueue[str]",
    save: Callable[[], None],
) -> None:
    started = moved = shown = time.monotonic()
    while part.ticks < ticks:
        for line in _drain(said):
            if RESCUE.search(line):
                part.rescues += 1
            print(line, flush=True)
        before = part.ticks
        try:
            part.ticks = int(progress.get(timeout=1.0))
        except queue.Empty:
            if client.poll() is not None:
                raise SystemExit(
                    f"soak: the client ended with exit code {client.returncode} after {part.ticks:,} ticks"
                ) from None
        now = time.monotonic()
        if part.ticks > before:
            moved = now
            part.seconds = now - started
            part.end_mb = _resident_mb(server_pid)
            if part.ticks < ticks * SETTLED_SHARE or not part.settled_mb:
                part.settled_mb = part.end_mb
        elif now - moved > HANG_S + (60.0 if not part.ticks else 0.0):
            part.hung_at = part.ticks
            return
        if now - shown > PROGRESS_S:
            shown = now
            save()
            print(
                f"{part.ticks:,} of {ticks:,} ticks, {part.ticks / max(part.seconds, 1e-9):.0f} ticks/s, "
                f"{part.rescues} rescues, simulator {part.end_mb:.1f} MB ({part.growth_mb:+.1f}), "
                f"client {_resident_mb(client.pid):.0f} MB",
                flush=True,
            )


def _lines(pipe: IO[str]) -> "queue.SimpleQueue[str]":
    """What comes out of a pipe, without ever waiting for it."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in pipe:
            lines.put(line.rstrip())

    threading.Thread(target=read, daemon=True).start()
    return lines


def _drain(lines: "queue.SimpleQueue[str]") -> Iterator[str]:
    while not lines.empty():
        yield lines.get()


def _resident_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def _report(parts: list[Part], wanted: int) -> int:
    ticks, seconds = sum(part.ticks for part in parts), sum(part.seconds for part in parts)
    rescues = sum(part.rescues for part in parts)
    hangs = sum(part.hung_at is not None for part in parts)
    growth = max((part.growth_mb for part in parts), default=0.0)
    first = parts[0]
    print(f"{platform.machine()}, Python {platform.python_version()}, carla 0.9.16, {date.today().isoformat()}")
    print(f"{ticks:,} ticks with {first.vehicles} Traffic Manager vehicles in {first.town}{' and churn' * first.churn}")
    print(f"  {ticks / max(seconds, 1e-9):.0f} ticks/s")
    print(f"  {rescues} rescues, {1e6 * rescues / max(ticks, 1):.1f} per million ticks")
    print(f"  {hangs} hangs that the rescue did not end")
    for part in parts:
        print(f"  simulator {part.settled_mb:.1f} MB after a tenth of {part.ticks:,} ticks, then {part.end_mb:.1f} MB")
    problems = []
    if hangs:
        problems.append("the client hung")
    if growth > MAX_GROWTH_MB:
        problems.append(f"the simulator grew by {growth:.1f} MB, more than {MAX_GROWTH_MB:g}")
    if ticks < wanted:
        problems.append(f"{wanted - ticks:,} ticks are missing")
    print("FAILED: " + ", ".join(problems) if problems else "passed")
    return 1 if problems else 0


# --- the client, a process of its own since a hung one can only be killed ---------------------------------------------


def _drive(host: str, port: int, ticks: int, vehicles: int, churn: bool, seed: int) -> None:
    client = carla.Client(host, port)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    manager = _traffic_manager(client)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    traffic = _Traffic(world, manager, random.Random(seed), vehicles)
    traffic.fill()
    shown = 0.0
    for tick in range(1, ticks + 1):
        world.tick()
        if churn and tick % 50 == 0:
            traffic.change()
        now = time.monotonic()
        if now - shown > 0.5 or tick == ticks:
            shown = now
            print(tick, flush=True)


def _traffic_manager(client: carla.Client) -> carla.TrafficManager:
    for _ in range(20):
        try:
            return client.get_trafficmanager(random.randrange(20_000, 60_000))
        except RuntimeError:
            continue
    raise SystemExit("no free port for the Traffic Manager among 20 tried")


class _Traffic:
    """Cars and sensors, of which one is replaced now and then."""

    SENSORS = ("sensor.other.imu", "sensor.other.gnss", "sensor.other.collision", "sensor.other.obstacle")

    def __init__(self, world: carla.World, manager: carla.TrafficManager, rng: random.Random, count: int) -> None:
        self._world = world
        self._port = manager.get_port()
        self._rng = rng
        self._count = count
        self._library = world.get_blueprint_library()
        self._models = [bp for bp in self._library.filter("vehicle.*") if bp.get_attribute("base_type") == "car"]
        self._places = world.get_map().get_spawn_points()
        self._cars: list[carla.Actor] = []
        self._sensors: list[carla.Sensor] = []

    def fill(self) -> None:
        for place in self._rng.sample(self._places, len(self._places)):
            if len(self._cars) >= self._count:
                break
            car = self._world.try_spawn_actor(self._rng.choice(self._models), place)
            if car is not None:
                car.set_autopilot(True, self._port)
                self._cars.append(car)

    def change(self) -> None:
        """One sensor less and one more; every tenth time also a car."""
        if len(self._sensors) == len(self.SENSORS):
            sensor = self._sensors.pop(0)
            sensor.stop()
            sensor.destroy()
        if self._rng.random() < 0.1 and self._cars:
            gone = self._rng.randrange(len(self._cars))
            for sensor in [sensor for sensor in self._sensors if sensor.parent.id == self._cars[gone].id]:
                self._sensors.remove(sensor)
                sensor.stop()
                sensor.destroy()
            self._cars.pop(gone).destroy()
            self.fill()
        if self._cars:
            blueprint = self._library.find(self._rng.choice(self.SENSORS))
            car = self._rng.choice(self._cars)
            sensor = self._world.spawn_actor(blueprint, carla.Transform(), attach_to=car)
            sensor.listen(lambda data: None)
            self._sensors.append(sensor)


if __name__ == "__main__":
    sys.exit(main())
