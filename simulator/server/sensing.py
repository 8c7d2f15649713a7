"""Sensors as streams: who listens, whose turn it is, and readings as messages.

A sensor is read only while somebody listens to its stream; what it reads is the world after the tick. Sensors that
see are rendered in threads: until they are done the next tick is held, since what they look at would change.
"""

from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from simulator.blueprints import number
from simulator.protocol import structs
from simulator.protocol.stream import (
    SensorHeader,
    collision_payload,
    gnss_payload,
    imu_payload,
    obstacle_payload,
    pack_header,
)
from simulator.scene.scene import Scene, Standing
from simulator.sensors import (
    SENSORS,
    CollisionReading,
    ImuHistory,
    Speaks,
    collisions,
    gnss_spec,
    imu_spec,
    is_due,
    obstacle_spec,
    read_gnss,
    read_imu,
    read_obstacle,
    stable_key,
)
from simulator.server.convert import NO_ROTATION, ZERO, actor_of, transform_of
from simulator.server.seeing import SEEING, Look, Seeing, rehearse
from simulator.server.server_types import Server
from simulator.world.actors import Actor
from simulator.world.pose import Pose
from simulator.world.tables import SENSOR

_SPECS: Final = {
    "sensor.other.gnss": gnss_spec,
    "sensor.other.imu": imu_spec,
}


@dataclass(slots=True)
class _Sensor:
    """A living sensor that has a stream."""

    actor: Actor
    stream_id: int
    type_number: int
    tick_s: float
    birth_s: float
    spec: Any
    history: ImuHistory = field(default_factory=ImuHistory)
    last_read_s: float | None = None
    seeing: Seeing | None = None  # of a sensor that sees: what renders it
    ignored: frozenset[int] = frozenset()  # actors that it does not see
    last_pose: tuple[int, Pose] | None = None  # and where it was, after which step, when somebody listened

    def pose_after(self, step: int) -> Pose | None:
        return self.last_pose[1] if self.last_pose is not None and self.last_pose[0] == step else None


class Sensing:
    """The sensors of one world."""

    def __init__(self, server: Server, before: "Sensing | None" = None) -> None:
        """`before` are those of the last episode, which are closed."""
        self._server = server
        self._sensors: dict[int, _Sensor] = {}  # by actor id
        self._unsupported: set[str] = {name for name, kind in SENSORS.items() if not kind.supported}
        self._scene: Scene | None = None  # in use since somebody listened to a sensor that sees
        self._prepared_scene: Scene | None = None  # the same, made when the first one was spawned
        self._standing: Standing | None = None  # the town's part of the last scene that was made
        self._had_sight = False  # sensors that see were spawned
        self._is_preparing = False  # it is being made
        self._rendering = 0  # sensors of the last tick that are not done
        self._is_closed = False
        if before is not None:
            before._is_closed = True  # what is still being rendered is of no interest
            self._standing = before._standing
            if before._had_sight:
                self._prepare()  # such sensors will come again

    # -- what there is -----------------------------------------------------------------------------------------

    def why_unsupported(self, type_id: str) -> str | None:
        if type_id in self._unsupported:
            return f"{type_id} is not supported by this simulator"
        return None

    def spawned(self, actor: Actor) -> None:
        """Give a new sensor its stream; ValueError, in one sentence, for attributes that nothing can be read with."""
        if actor.kind != SENSOR or SENSORS[actor.type_id].speaks is Speaks.IN_CLIENT:
            return
        world = self._server.world
        row = world.row(actor)
        mount = tuple(float(row[name]) for name in ("rel_x", "rel_y", "rel_z", "rel_roll", "rel_pitch", "rel_yaw"))
        # The name of a sensor's noise is what it is and where it is mounted, not when it was made.
        seeds = (world.seed, actor.attributes.get("noise_seed", ""))
        parent = actor.parent_id - world.first_id if actor.parent_id else -1
        key = stable_key(*seeds, actor.type_id, parent, mount)
        seeing = None
        if actor.type_id == "sensor.other.obstacle":
            spec: Any = obstacle_spec(actor.attributes)
        elif actor.type_id in SEEING:
            spec, seeing = None, SEEING[actor.type_id](actor.attributes, key)
        else:
            make = _SPECS.get(actor.type_id)
            spec = make(actor.attributes, key) if make else None
        self._sensors[actor.id] = _Sensor(
            actor=actor,
            stream_id=self._server.take_stream_id(),
            type_number=self._server.layout.sensor_types[actor.type_id],
            tick_s=number(actor.attributes.get("sensor_tick", "0")),
            birth_s=world.elapsed_s,
            spec=spec,
            seeing=seeing,
        )
        if seeing is not None and not (seeing.is_camera and self._server.settings.no_rendering_mode):
            self._had_sight = True
            self._prepare()

    def destroyed(self, actor: Actor) -> None:
        self._sensors.pop(actor.id, None)

    def token_of(self, actor: Actor) -> bytes:
        sensor = self._sensors.get(actor.id)
        return self._server.token(sensor.stream_id) if sensor else b""

    def has_stream(self, stream_id: int) -> bool:
        return any(sensor.stream_id == stream_id for sensor in self._sensors.values())

    def ignore(self, actor: Actor, ids: list[int]) -> None:
        """Vehicles that a sensor does not see; LiDAR and radar ask for them, as in CARLA."""
        if actor.id in self._sensors:
            self._sensors[actor.id].ignored = frozenset(ids)

    # -- after a tick ------------------------------------------------------------------------------------------

    def publish(self, drop_for_slow: bool) -> None:
        world = self._server.world
        to_read: list[_Sensor] = []
        to_render: list[tuple[_Sensor, Seeing, Pose, Pose]] = []
        for sensor in self._listening():
            is_now = is_due(sensor.tick_s, world.elapsed_s - world.delta_s - sensor.birth_s, world.delta_s)
            if sensor.seeing is None:
                if is_now:
                    to_read.append(sensor)
            else:
                pose = world.pose(sensor.actor)
                if is_now:
                    to_render.append((sensor, sensor.seeing, pose, sensor.pose_after(world.steps - 1) or pose))
                sensor.last_pose = world.steps, pose
        self._publish_read(to_read, drop_for_slow)
        self._start_rendering(to_render, drop_for_slow)

    def _listening(self) -> list[_Sensor]:
        """Those that somebody listens to. Without rendering cameras are silent, as in CARLA."""
        hub = self._server.streams
        is_blind = self._server.settings.no_rendering_mode
        return [
            sensor
            for sensor in self._sensors.values()
            if hub.has_listener(sensor.stream_id)
            and not (is_blind and sensor.seeing is not None and sensor.seeing.is_camera)
        ]

    def _publish_read(self, due: list[_Sensor], drop_for_slow: bool) -> None:
        if not due:
            return
        world = self._server.world
        hits: dict[int, list[CollisionReading]] = {}
        for event in collisions(world.contacts, world.actors, world.boxes.label):
            hits.setdefault(event.actor_id, []).append(event)
        for sensor in due:
            header = self._header(sensor)
            for payload in self._payloads(sensor, hits):
                self._server.streams.publish(sensor.stream_id, header + payload, drop_for_slow)

    # -- what is rendered ----------------------------------------------------------------------------------------

    def holds_tick(self) -> bool:
        """Whether the world must stand still: it is being looked at, or first a scene is made to be looked at.

        The ticker is woken when that ends.
        """
        if self._rendering:
            return True
        if self._scene is None and self._is_watched():
            # From here on it follows what moves: which tick that is must not depend on how fast it was made.
            self._scene = self._prepared_scene
            if self._scene is None:
                self._prepare()
                return True
        return False

    def _prepare(self) -> None:
        """Make the scene, unless that was begun: it takes up to some seconds, mostly before anybody looks at it."""
        if self._prepared_scene is None and not self._is_preparing:
            self._is_preparing = True
            self._server.renderers.start(partial(Scene, self._server.world.town, self._standing), self._prepared)

    def _prepared(self, outcome: Future[Scene]) -> None:
        if self._is_closed:
            return
        self._is_preparing = False
        error = outcome.exception()
        if error is not None:
            self._server.fail(error)
            return
        self._prepared_scene = scene = outcome.result()
        self._standing = scene.standing
        world = self._server.world
        places = {s.actor.type_id: world.pose(s.actor) for s in self._sensors.values() if s.seeing is not None}
        if places and not self._is_watched():
            self._server.renderers.start(partial(rehearse, scene, world.weather, places), self._rehearsed)
        self._server.ticker.wake()

    def _is_watched(self) -> bool:
        return any(sensor.seeing is not None for sensor in self._listening())

    def _rehearsed(self, outcome: Future[None]) -> None:
        error = outcome.exception()
        if error is not None and not self._is_closed:
            self._server.fail(error)

    def _start_rendering(self, due: list[tuple[_Sensor, Seeing, Pose, Pose]], drop_for_slow: bool) -> None:
        if self._scene is None:
            return  # whoever is due began to listen after the tick was let go: the next one waits for the scene
        world = self._server.world
        if not due:
            self._scene.follow(world)
            return
        renderers = self._server.renderers
        self._scene.light_lamps(self._server.lit_lamps)
        frame = self._scene.frame(world, world.steps)
        self._rendering = len(due)
        for sensor, seeing, pose, before in due:
            look = Look(frame, pose, before, sensor.ignored, renderers.side_by_side)
            work = partial(seeing.read, look, self._header(sensor))
            renderers.start(work, partial(self._rendered, sensor, drop_for_slow))

    def _rendered(self, sensor: _Sensor, drop_for_slow: bool, outcome: Future[memoryview]) -> None:
        if self._is_closed:
            return
        self._rendering -= 1
        error = outcome.exception()
        if error is not None:
            self._server.fail(error)
        elif self._sensors.get(sensor.actor.id) is sensor:  # else it was destroyed meanwhile
            self._server.streams.publish_framed(sensor.stream_id, outcome.result(), drop_for_slow)
        if not self._rendering:
            self._server.ticker.wake()

    # -- messages ------------------------------------------------------------------------------------------------

    def _header(self, sensor: _Sensor) -> bytes:
        world = self._server.world
        (x, y, z), (pitch, yaw, roll) = transform_of(world.pose(sensor.actor))
        return pack_header(
            SensorHeader(sensor.type_number, self._server.frame, world.elapsed_s, x, y, z, pitch, yaw, roll)
        )

    def _payloads(self, sensor: _Sensor, hits: dict[int, list[CollisionReading]]) -> list[bytes]:
        world = self._server.world
        actor = sensor.actor
        row = world.row(actor)
        if actor.type_id == "sensor.other.gnss":
            town = world.town
            place = (float(row["x"]), float(row["y"]), float(row["z"]))
            origin = (town.origin_latitude_deg, town.origin_longitude_deg)
            return [gnss_payload(*read_gnss(sensor.spec, place, origin, world.steps, self._server.options.gnss))]  # type: ignore[arg-type]
        if actor.type_id == "sensor.other.imu":
            since = world.delta_s if sensor.last_read_s is None else world.elapsed_s - sensor.last_read_s
            turn = (float(row["wx"]), float(row["wy"]), float(row["wz"]))
            reading, sensor.history = read_imu(
                sensor.spec, sensor.history, world.pose(actor), turn, since, world.steps, self._server.gravity
            )
            sensor.last_read_s = world.elapsed_s
            return [
                imu_payload(
                    structs.Vector3(*reading.accelerometer), structs.Vector3(*reading.gyroscope), reading.compass_rad
                )
            ]
        parent = world.get(actor.parent_id)
        if actor.type_id == "sensor.other.collision":
            if parent is None:
                return []
            mine = actor_of(world, parent, b"")
            return [
                collision_payload(
                    mine, self._other(event.other_id, event.other_type_id), structs.Vector3(*event.impulse)
                )
                for event in hits.get(parent.id, [])
            ]
        if actor.type_id == "sensor.other.obstacle":
            ahead = read_obstacle(
                sensor.spec,
                world.pose(actor),
                world.actors,
                world.register.n_actors,
                world.boxes,
                parent.row if parent else -1,
            )
            if ahead is None:
                return []
            mine = actor_of(world, parent or actor, b"")
            return [obstacle_payload(mine, self._other(ahead.other_id, ahead.other_type_id), ahead.distance_m)]
        raise AssertionError(f"{actor.type_id} was spawned and cannot be read")

    def _other(self, actor_id: int, type_id: str) -> structs.Actor:
        """What was met: an actor, or with id 0 something of the level, which CARLA names by its label."""
        other = self._server.world.get(actor_id) if actor_id else None
        if other is not None:
            return actor_of(self._server.world, other, self.token_of(other))
        box = structs.BoundingBox(ZERO, ZERO, NO_ROTATION, 0)
        return structs.Actor(0, 0, structs.ActorDescription(0, type_id, []), box, b"", b"")
