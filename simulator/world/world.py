"""The world: actors, lights and weather of one episode, and the step that moves them on.

Calls between steps change the state at once; `step` is the only thing that passes time. The same calls in the
same order give the same state, bit for bit: nothing here reads a clock or draws from a shared random stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import (
    Blueprint,
    Catalogue,
    catalogue,
    in_wheelchair,
    mesh_spec,
    number,
    prop_spec,
    validate_attributes,
    vehicle_spec,
    walker_spec,
)
from simulator.blueprints.physics import VehiclePhysics
from simulator.maps.ground import ground
from simulator.maps.town import TRAFFIC_LIGHT as TRAFFIC_LIGHT_LABEL
from simulator.maps.town import TRAFFIC_SIGNS as TRAFFIC_SIGNS_LABEL
from simulator.maps.town import TownMap
from simulator.world import tables
from simulator.world.actors import Actor, IdSource, Register
from simulator.world.awareness import tell_vehicles
from simulator.world.contacts import first_overlap
from simulator.world.friction import FrictionVolumes
from simulator.world.lights import TrafficLights
from simulator.world.physics import Scratch, physics_step
from simulator.world.pose import Pose, compose, relative_to, to_world, turned
from simulator.world.static_index import build_static_index
from simulator.world.tables import CONTACT, OTHER, PROP, SENSOR, SPECTATOR, VEHICLE, WALKER
from simulator.world.vehicles import default_state, set_physics

# carla.WeatherParameters as a new CARLA world has it: the level's own weather, all numbers -1 but a few? No public
# source; ClearNoon's numbers are what most scripts set first, so a script that sets nothing gets that day.
CLEAR_NOON = (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0)

DEFAULT_SPEED_LIMIT_KMH = 30.0
# Unreal offers 16; a setting beyond this one would stop the world for seconds.
MAX_SUBSTEPS = 100
# A walker that its navigation moves by more than this has been put elsewhere.
RUNNING_AT_MOST_MPS = 12.0
_KIND_OF_PREFIX = (
    ("vehicle.", VEHICLE),
    ("walker.", WALKER),
    ("static.prop.", PROP),
    ("sensor.", SENSOR),
)


class SpawnRefused(Exception):
    """The actor cannot be spawned; the message is what CARLA's server answers."""


@dataclass(frozen=True, slots=True)
class Substepping:
    """How a step is cut (carla.WorldSettings)."""

    enabled: bool = True
    max_delta_s: float = 0.01
    max_count: int = 10

    def count(self, dt: float) -> int:
        if not self.enabled or self.max_delta_s <= 0.0:
            return 1
        # 0.05 / 0.01 is a hair above 5 in binary: that is five steps, not six.
        return int(max(1.0, min(self.max_count, MAX_SUBSTEPS, np.ceil(dt / self.max_delta_s - 1e-6))))


class World:
    """One episode of one town."""

    def __init__(self, town: TownMap, seed: int = 0, ids: IdSource | None = None) -> None:
        """`ids` goes on from the episode before: clients still hold ids of its actors and destroy by id."""
        self.town = town
        self.seed = seed
        self.catalogue: Catalogue = catalogue()
        self.register = Register(ids or IdSource())
        self.register.ids.start_episode()
        self.first_id = self.register.ids.next_actor  # what an id is worth in this episode, whatever ran before
        self.steps = 0
        self.elapsed_s = 0.0
        self.delta_s = 0.0
        self.substepping = Substepping()
        self.weather: tuple[float, ...] = CLEAR_NOON
        self.lights = TrafficLights(town)
        self.boxes = town.boxes  # without those that enable_environment_objects hid
        self.index = build_static_index(town.boxes)
        self.friction = FrictionVolumes()
        self.physics: dict[int, VehiclePhysics] = {}  # vehicle id -> as last applied, in CARLA's units
        self.loose: set[int] = set()  # vehicles with sticky_control false: a control lasts for one step
        self._driven: set[int] = set()  # those of them that got a control since the last step
        self._contacts = np.zeros(1024, CONTACT)
        self._n_contacts = 0
        self._scratch = Scratch()
        # Walkers that the client's navigation moved since the last step, and from where.
        self._placed: dict[int, tuple[float, float]] = {}
        self._placed_before: set[int] = set()
        self._add_level_actors()

    # -- what is there ---------------------------------------------------------------------------------------

    @property
    def actors(self) -> NDArray[np.void]:
        return self.register.actors

    @property
    def vehicles(self) -> NDArray[np.void]:
        return self.register.vehicles

    @property
    def contacts(self) -> NDArray[np.void]:
        """Contacts of the last step."""
        return self._contacts[: self._n_contacts]

    def get(self, actor_id: int) -> Actor | None:
        return self.register.by_id.get(actor_id)

    def row(self, actor: Actor) -> np.void:
        row: np.void = self.register.actors[actor.row]
        return row

    def vehicle_row(self, actor: Actor) -> np.void:
        row: np.void = self.register.vehicles[self.register.actors[actor.row]["side"]]
        return row

    def set_control(self, actor: Actor, control: tuple[float, float, float, bool, bool, bool, int]) -> None:
        """Of a vehicle: a carla.VehicleControl's fields in their order, within their ranges."""
        register = self.register
        register.controls[register.actors["side"][actor.row]] = (*control, False)
        if actor.id in self.loose:
            self._driven.add(actor.id)

    def pose(self, actor: Actor) -> Pose:
        row = self.row(actor)
        return Pose(
            float(row["x"]),
            float(row["y"]),
            float(row["z"]),
            float(row["roll"]),
            float(row["pitch"]),
            float(row["yaw"]),
        )

    def box(self, actor: Actor) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Middle and half sizes in the actor's own frame; a dead walker's lies on its back, the head behind."""
        row = self.row(actor)
        x, y, z = float(row["center_x"]), float(row["center_y"]), float(row["center_z"])
        half_x, half_y, half_z = float(row["half_x"]), float(row["half_y"]), float(row["half_z"])
        if actor.kind == WALKER and row["dead"]:
            return (-z, y, z - half_z + half_x), (half_z, half_y, half_x)
        return (x, y, z), (half_x, half_y, half_z)

    def _add_level_actors(self) -> None:
        """Lights and signs come first and stay for the episode, then the spectator."""
        signals = self.town.signals
        for k, type_id in enumerate(signals.type_id):
            is_light = type_id == "traffic.traffic_light"
            kind = tables.TRAFFIC_LIGHT if is_light else tables.TRAFFIC_SIGN
            actor = Actor(
                id=self.register.ids.take(kind),
                row=-1,
                kind=kind,
                type_id=type_id,
                blueprint=None,
                attributes={},
                parent_id=0,
                semantic_tags=bytes([TRAFFIC_LIGHT_LABEL if is_light else TRAFFIC_SIGNS_LABEL]),
                sign_id=signals.sign_id[k],
                trigger=(_triple(signals.trigger_center[k]), _triple(signals.trigger_half[k])),
            )
            self.register.add(actor)
            self._place(actor, Pose(*(float(v) for v in signals.pose[k])))
            row = self.row(actor)
            if is_light:
                row["side"] = k
                self.lights.lights["actor"][k] = actor.row
        spectator = Actor(self.register.ids.take(SPECTATOR), -1, SPECTATOR, "spectator", None, {}, 0, b"")
        self.register.add(spectator)
        self.spectator = spectator
        start = self.town.spawn_points[0] if len(self.town.spawn_points) else np.zeros(6)
        self._place(spectator, Pose(float(start[0]), float(start[1]), float(start[2]) + 10.0))

    # -- arrivals and departures -----------------------------------------------------------------------------

    def spawn(self, type_id: str, given: dict[str, str], pose: Pose, parent_id: int = 0) -> Actor:
        """Make an actor; `pose` is relative to the parent where there is one."""
        blueprint = self.catalogue.find(type_id)
        if blueprint is None:
            raise SpawnRefused("Spawn failed because of invalid actor description")
        try:
            attributes = validate_attributes(blueprint, given)
        except ValueError as error:
            raise SpawnRefused(f"Spawn failed because of invalid actor description: {error}") from None
        if not all(np.isfinite(pose)):
            raise SpawnRefused("Spawn failed because of invalid actor description: the transform is not finite")
        parent = None
        if parent_id:
            parent = self.get(parent_id)
            if parent is None:
                raise SpawnRefused("unable to attach actor: parent actor not found")
        kind = next((kind for prefix, kind in _KIND_OF_PREFIX if type_id.startswith(prefix)), OTHER)
        place = compose(self.pose(parent), pose) if parent else pose
        body = _body(blueprint, kind, attributes)
        if kind in (VEHICLE, WALKER, PROP) and parent is None and self._occupied(place, body, kind):
            raise SpawnRefused("Spawn failed because of collision at spawn position")
        actor = Actor(
            id=self.register.ids.take(kind),
            row=-1,
            kind=kind,
            type_id=type_id,
            blueprint=blueprint,
            attributes=attributes,
            parent_id=parent_id,
            semantic_tags=bytes([body.tag]) if body.tag is not None else b"",
            birth_step=self.steps,
        )
        self.register.add(actor)
        row = self.row(actor)
        row["center_x"], row["center_y"], row["center_z"] = body.center
        row["half_x"], row["half_y"], row["half_z"] = body.half
        row["mass"] = body.mass
        row["collides"] = kind in (VEHICLE, WALKER, PROP)
        # Props are fixed until set_simulate_physics(True), as CARLA's static meshes are.
        row["simulate"] = kind in (VEHICLE, WALKER)
        row["gravity"] = 1
        if kind == VEHICLE:
            self._equip_vehicle(actor)
        if parent:
            row["parent"] = parent.row
            row["simulate"] = 0
        self._place(actor, place)
        if type_id == "static.trigger.friction":
            self.friction.add(actor.id, attributes, place)
        return actor

    def destroy(self, actor: Actor) -> bool:
        """False for what belongs to the level."""
        if actor.blueprint is None:
            return False
        self.physics.pop(actor.id, None)
        self.loose.discard(actor.id)
        self.friction.remove(actor.id)
        self.register.remove(actor)
        self._n_contacts = 0  # rows have moved; the last step's contacts were read when it ended
        return True

    def _equip_vehicle(self, actor: Actor) -> None:
        spec = vehicle_spec(actor.type_id)
        side = self.register.add_vehicle(actor)
        default_state(self.vehicles, side)
        self.apply_physics(actor, spec.physics)
        self.vehicles[side]["speed_limit_kmh"] = DEFAULT_SPEED_LIMIT_KMH
        self.vehicles[side]["traffic_light_state"] = 2
        if actor.attributes["sticky_control"].lower() == "false":
            self.loose.add(actor.id)

    def _occupied(self, place: Pose, body: "_Body", kind: int) -> bool:
        found = first_overlap(
            self.actors, self.register.n_actors, self.boxes, self.index, *place, body.center, body.half, -1, kind
        )
        return bool(found != -1)

    # -- changes from outside --------------------------------------------------------------------------------

    def _place(self, actor: Actor, pose: Pose) -> None:
        row = self.row(actor)
        row["x"], row["y"], row["z"] = pose.x, pose.y, pose.z
        row["roll"], row["pitch"], row["yaw"] = pose.roll, pose.pitch, pose.yaw
        row["grounded"] = 0
        if row["parent"] >= 0:
            parent = self.register.in_order[row["parent"]]
            relative = relative_to(self.pose(parent), pose)
            row["rel_x"], row["rel_y"], row["rel_z"] = relative.x, relative.y, relative.z
            row["rel_roll"], row["rel_pitch"], row["rel_yaw"] = relative.roll, relative.pitch, relative.yaw

    def teleport(self, actor: Actor, pose: Pose) -> None:
        """Velocity is kept, as in CARLA."""
        if all(np.isfinite(pose)):
            self._place(actor, pose)
            self.friction.move(actor.id, pose)

    def set_velocity(self, actor: Actor, x: float, y: float, z: float) -> None:
        row = self.row(actor)
        row["vx"], row["vy"], row["vz"] = x, y, z

    def set_angular_velocity(self, actor: Actor, x: float, y: float, z: float) -> None:
        row = self.row(actor)
        row["wx"], row["wy"], row["wz"] = x, y, z

    def set_constant_velocity(self, actor: Actor, velocity: tuple[float, float, float] | None) -> None:
        row = self.row(actor)
        row["constant_velocity"] = velocity is not None
        if velocity is not None:
            row["cv_x"], row["cv_y"], row["cv_z"] = velocity

    def set_simulate(self, actor: Actor, enabled: bool) -> None:
        self.row(actor)["simulate"] = enabled

    def add_impulse(self, actor: Actor, x: float, y: float, z: float) -> None:
        row = self.row(actor)
        if row["simulate"] and row["mass"] > 0:
            row["vx"] += x / row["mass"]
            row["vy"] += y / row["mass"]
            row["vz"] += z / row["mass"]
            if z > 0:
                row["grounded"] = 0

    def add_angular_impulse(self, actor: Actor, x: float, y: float, z: float) -> None:
        """About the vertical axis only: bodies keep to the ground in roll and pitch."""
        row = self.row(actor)
        if row["simulate"] and row["mass"] > 0:
            row["wz"] += z / _inertia_z(row)

    def add_force(self, actor: Actor, x: float, y: float, z: float) -> None:
        row = self.row(actor)
        row["force_x"] += x
        row["force_y"] += y
        row["force_z"] += z

    def add_torque(self, actor: Actor, x: float, y: float, z: float) -> None:
        row = self.row(actor)
        row["torque_x"] += x
        row["torque_y"] += y
        row["torque_z"] += z

    def lever(self, actor: Actor, at: tuple[float, float, float], force: tuple[float, float, float]) -> float:
        """The moment about the vertical axis of a force that acts at a place in the world."""
        row = self.row(actor)
        return float((at[0] - row["x"]) * force[1] - (at[1] - row["y"]) * force[0])

    def apply_physics(self, actor: Actor, physics: VehiclePhysics) -> None:
        row = self.row(actor)
        set_physics(
            self.vehicles, int(row["side"]), physics, float(row["half_x"]), float(row["half_y"]), float(row["half_z"])
        )
        row["mass"] = physics.mass
        self.physics[actor.id] = physics

    def walk(self, actor: Actor, direction: tuple[float, float, float], speed: float, jump: bool) -> None:
        row = self.row(actor)
        row["walk_x"], row["walk_y"], row["walk_z"] = direction
        row["walk_speed"] = speed
        row["jump"] = jump
        row["placed"] = 0

    def place_walker(self, actor: Actor, pose: Pose, speed: float) -> None:
        """Where the client's navigation puts a walker: on the ground there, whatever its mesh's height is."""
        if not all(np.isfinite(pose)):
            return
        row = self.row(actor)
        z = self.height(pose.x, pose.y, pose.z + 1.0)
        if np.isfinite(z):
            pose = pose._replace(z=z + float(row["half_z"]))
        dt = self.delta_s or 1.0
        # It moves by leaps; its velocity is what the leap since the last step makes of it, so that others can
        # foresee it.
        x, y = self._placed.setdefault(actor.id, (float(row["x"]), float(row["y"])))
        vx, vy = (pose.x - x) / dt, (pose.y - y) / dt
        if vx * vx + vy * vy > RUNNING_AT_MOST_MPS**2:
            vx = vy = 0.0  # not a step but a change of place
        row["vx"], row["vy"], row["vz"] = vx, vy, 0.0
        self._place(actor, pose._replace(roll=0.0, pitch=0.0))
        facing = turned(pose, 1.0, 0.0, 0.0)
        row["walk_x"], row["walk_y"], row["walk_z"] = facing
        row["walk_speed"] = speed
        row["placed"] = 1

    def show_boxes(self, ids: list[int], shown: bool) -> None:
        """Hidden boxes sink out of the world: nothing meets them there, and rows and ids stay as they are."""
        rows = np.flatnonzero(np.isin(self.boxes.id, np.array(ids, np.uint64)))
        z, solid = self.boxes.z.copy(), self.boxes.solid.copy()
        z[rows] = self.town.boxes.z[rows] if shown else -1e6
        solid[rows] = self.town.boxes.solid[rows] if shown else 0
        self.boxes = self.boxes._replace(z=z, solid=solid)

    # -- time ------------------------------------------------------------------------------------------------

    def step(self, dt: float) -> None:
        """Pass dt seconds."""
        register = self.register
        self._release_walkers()
        if self.loose:
            self._release_pedals()
        self.lights.step(dt)
        if self.friction:
            self.friction.apply(register.actors, register.vehicles, register.n_vehicles)
        self._n_contacts = physics_step(
            register.actors,
            register.n_actors,
            register.vehicles,
            register.n_vehicles,
            self.town.surface,
            self.boxes,
            self.index,
            self._contacts,
            self._scratch,
            dt,
            self.substepping.count(dt),
        )
        if register.n_vehicles:
            tell_vehicles(
                register.actors,
                register.vehicles,
                register.n_vehicles,
                self.town.lanes,
                self.town.samples,
                self.town.light_boxes,
                self.lights.lights,
                self.town.give_ways,
                dt,
            )
        self.steps += 1
        self.elapsed_s += dt
        self.delta_s = dt

    def _release_pedals(self) -> None:
        """Where controls do not stick, one that is not renewed is let go, but the Traffic Manager's."""
        for actor_id in self.loose - self._driven:
            row = self.vehicle_row(self.register.by_id[actor_id])
            if not row["autopilot"]:
                for name in ("throttle", "steer", "brake", "hand_brake", "reverse", "manual_gear_shift"):
                    row[name] = 0
        self._driven.clear()

    def _release_walkers(self) -> None:
        """A walker that the navigation has left stands still until somebody moves it."""
        for actor_id in sorted(self._placed_before - self._placed.keys()):
            actor = self.get(actor_id)
            if actor is not None:
                row = self.row(actor)
                row["placed"] = 0
                row["walk_speed"] = 0.0
        self._placed_before, self._placed = set(self._placed), {}

    # -- questions -------------------------------------------------------------------------------------------

    def height(self, x: float, y: float, z_top: float) -> float:
        """Of the highest ground not above z_top; -inf where there is none."""
        return float(ground(self.town.surface, x, y, z_top)[0])

    def children(self, actor: Actor) -> Iterable[Actor]:
        return [other for other in self.register.in_order if other.parent_id == actor.id]


@dataclass(frozen=True, slots=True)
class _Body:
    center: tuple[float, float, float]
    half: tuple[float, float, float]
    mass: float
    tag: int | None


def _body(blueprint: Blueprint, kind: int, attributes: dict[str, str]) -> _Body:
    """Box, mass and semantic tag of an actor about to be."""
    if kind == VEHICLE:
        vehicle = vehicle_spec(blueprint.id)
        return _Body(vehicle.center, vehicle.half_extents, vehicle.physics.mass, vehicle.semantic_tag)
    if kind == WALKER:
        walker = walker_spec(blueprint.id, seated=in_wheelchair(attributes))
        return _Body(walker.center, walker.half_extents, walker.mass_kg, walker.semantic_tag)
    if kind == PROP:
        if blueprint.id == "static.prop.mesh":
            prop = mesh_spec(attributes["mesh_path"], number(attributes["scale"]))
        else:
            prop = prop_spec(blueprint.id)
        if prop is not None:
            return _Body(prop.center, prop.half_extents, prop.mass_kg, prop.semantic_tag)
    return _Body((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, None)


def _inertia_z(row: np.void) -> float:
    return float(row["mass"] * (row["half_x"] ** 2 + row["half_y"] ** 2) / 3.0)


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


__all__ = ["Pose", "SpawnRefused", "Substepping", "World", "to_world", "turned"]
