"""Everything that moves or was spawned, as triangles in world coordinates, after each tick.

Which actors there are, and with them all arrays that no motion changes, is looked up when the register changes; a tick
then costs one pass over the vertices. What earlier ticks left behind (how far each actor has gone, where it was) is
kept by actor id, so that it does not depend on the rows of the world's tables.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import TownMap
from simulator.scene.materials import Materials, linear
from simulator.scene.mesh import rest_normals
from simulator.scene.models import Model, model_of, walker_tint
from simulator.scene.models.model import ARM, FORK, JOINT, SHIN, STEERED_WHEEL, THIGH, WHEEL
from simulator.scene.models.palette import BRAKE, REVERSE, add_palette
from simulator.scene.tables import CASTER, INSTANCE, Geometry, Mesh
from simulator.world.actors import Actor
from simulator.world.bodies import rotation_matrix
from simulator.world.tables import PROP, VEHICLE, WALKER
from simulator.world.world import World

# Beyond this many metres of distance to the eye the far mesh is drawn: a car is then some 60 pixels long at 1024 pixels
# and 90 degrees, and what the far mesh lacks is about a pixel wide.
FAR_M: Final = 42.0
# A thing is not drawn where it is smaller than half a pixel of a sharp camera (1600 pixels across 60 degrees).
_SEEN_FOR: Final = 2800.0  # times its size
# Scripts park actors far below the town; what lies deeper than this under the lowest ground is not drawn.
_BURIED_M: Final = 2.0
# Props below this size throw no shadow worth a computation.
_CASTS_FROM_M: Final = 0.5

# CARLA lights brake and reverse lamps only for clients that set them, and few do: neither the leaderboard's ego nor
# its background traffic. Policies must see others brake, so a lamp also shows what its pedal does. Pedals below this
# are the Traffic Manager holding its speed: it goes to and fro between hints of throttle and brake.
BRAKE_SHOWS_FROM: Final = 0.1

# A walk. A double step of a grown-up's hips is about 1.4 m long and grows with speed and height.
_DOUBLE_STEP: Final = 0.80  # of the height of the body
_FULL_SWING_MPS: Final = 1.0
_STANDS_BELOW_MPS: Final = 0.05
_KNEE_RAD: Final = 0.6

# One step's path beyond this speed is a teleport, which turns no wheel.
_FASTEST_MPS: Final = 120.0


class Moving(NamedTuple):
    """What Movers makes of a tick. New arrays every time, but for those of Geometry that no motion changes."""

    geometry: Geometry
    instances: NDArray[np.void]  # INSTANCE
    casters: NDArray[np.void]  # CASTER


# What is kept of each drawn actor from tick to tick.
_TRACK: Final = np.dtype(
    [
        ("row", np.int32),  # in ACTOR
        ("first_bone", np.int32),
        ("n_bones", np.int32),
        ("shown", np.uint8),
        ("casts", np.uint8),
        ("fresh", np.uint8),  # not seen before
        ("pose", np.float64, (6,)),  # x, y, z, roll, pitch, yaw when last followed
        ("before", np.float64, (6,)),  # the one before that
        ("gone_m", np.float64),  # along its own x axis, backwards counts down
        ("walked_m", np.float64),
        ("pace_mps", np.float64),  # of the last step
    ],
    align=True,
)


class Movers:
    """The moving half of a scene. `first_instance` is the number of the town's rows in the instance table."""

    def __init__(self, town: TownMap, materials: Materials, first_instance: int) -> None:
        self._rows = np.array(add_palette(materials), np.int32)
        self._first_instance = first_instance
        self._deepest_m = _lowest_ground(town) - _BURIED_M
        self._seen_changes = -1
        self._seen_steps = -1
        self._world: World | None = None
        self._actors: list[Actor] = []
        self._tracks: NDArray[np.void] = np.zeros(0, _TRACK)
        self._cast = _cast([], self._rows, first_instance)

    def follow(self, world: World) -> None:
        """Take note of where everything went in this tick. Cheap; call it after every step, seen or not.

        Steps that were not followed look like one long step.
        """
        self._look_up(world)
        if world.steps != self._seen_steps or len(self._tracks) and self._tracks["fresh"].any():
            passed = max(world.steps - self._seen_steps, 1) if self._seen_steps >= 0 else 1
            moved = world.steps != self._seen_steps
            _follow(self._tracks, world.actors, world.delta_s * passed, moved)
            self._seen_steps = world.steps

    def update(self, world: World) -> Moving:
        """Geometry, instances and casters of all that can be seen now."""
        self.follow(world)
        cast = self._cast
        vertices = np.empty_like(cast.vertices)
        normals = np.empty_like(cast.normals)
        bounds = np.empty((len(cast.group_owner), 6), np.float32)
        farthest = np.empty(len(cast.group_owner), np.float32)
        instances = cast.instances.copy()
        casters = np.zeros(len(self._tracks), CASTER)
        bones = np.empty((len(cast.joints), 12), np.float64)
        n_casters = _pose_all(
            self._tracks, world.actors, world.vehicles, cast.joints, bones, instances, casters, self._deepest_m,
            self._first_instance,
        )  # fmt: skip
        _place_all(
            bones, cast.vertices, cast.vertex_bone, cast.normals, cast.triangle_bone, cast.vertex_start, cast.group_owner,
            self._tracks, cast.farthest_m, vertices, normals, bounds, farthest,
        )  # fmt: skip
        geometry = Geometry(
            vertices=vertices,
            triangles=cast.triangles,
            material=cast.material,
            instance=cast.instance,
            normal=normals,
            uv=cast.uv,
            group_start=cast.group_start,
            vertex_start=cast.vertex_start,
            bounds=bounds,
            nearest_m=cast.nearest_m,
            farthest_m=farthest,
        )
        return Moving(geometry, instances, casters[:n_casters])

    def _look_up(self, world: World) -> None:
        """Find the actors that are drawn, in order of creation, when some have come or gone."""
        if world is self._world and world.register.changes == self._seen_changes:
            return
        if world is not self._world:
            self._world, self._seen_steps, self._tracks, self._actors = world, -1, np.zeros(0, _TRACK), []
        known = {actor.id: row for row, actor in enumerate(self._actors)}
        drawn = [(a, model) for a in world.register.in_order if (model := _model(a, world.row(a))) is not None]
        tracks = np.zeros(len(drawn), _TRACK)
        tracks["fresh"] = 1
        bone = 0
        for k, (actor, model) in enumerate(drawn):
            if actor.id in known:
                tracks[k] = self._tracks[known[actor.id]]
            row = world.actors[actor.row]
            tracks["row"][k] = actor.row
            tracks["first_bone"][k], tracks["n_bones"][k] = bone, len(model.joints)
            size = 2.0 * max(row["half_x"], row["half_y"], row["half_z"])
            tracks["casts"][k] = actor.kind in (VEHICLE, WALKER) or size >= _CASTS_FROM_M
            bone += len(model.joints)
        self._actors = [actor for actor, _ in drawn]
        self._tracks = tracks
        self._cast = _cast(drawn, self._rows, self._first_instance)
        self._seen_changes = world.register.changes


class _Cast(NamedTuple):
    """The models of all drawn actors, one behind the other, in their own frames."""

    vertices: NDArray[np.float32]
    vertex_bone: NDArray[np.int32]  # row among all actors' bones
    normals: NDArray[np.float32]
    triangle_bone: NDArray[np.int32]
    triangles: NDArray[np.int32]
    material: NDArray[np.int32]
    instance: NDArray[np.int32]
    uv: NDArray[np.float32]
    group_start: NDArray[np.int32]
    vertex_start: NDArray[np.int32]
    group_owner: NDArray[np.int32]  # row in the tracks
    nearest_m: NDArray[np.float32]
    farthest_m: NDArray[np.float32]
    joints: NDArray[np.void]
    instances: NDArray[np.void]  # what of them no tick changes


def _cast(drawn: list[tuple[Actor, Model]], palette_rows: NDArray[np.int32], first_instance: int) -> _Cast:
    groups: list[tuple[int, Mesh, float, float]] = []
    bone_starts = np.cumsum([0, *(len(model.joints) for _, model in drawn)])
    for k, (_, model) in enumerate(drawn):
        size = float((model.near.vertices.max(0) - model.near.vertices.min(0)).max())
        vanishes = max(_SEEN_FOR * size, FAR_M)
        if model.far is None:
            groups.append((k, model.near, 0.0, vanishes))
        else:
            groups.append((k, model.near, 0.0, FAR_M))
            groups.append((k, model.far, FAR_M, vanishes))
    owner = np.array([k for k, *_ in groups], np.int32)
    n_vertices = np.array([len(mesh.vertices) for _, mesh, *_ in groups], np.int64)
    n_triangles = np.array([len(mesh.triangles) for _, mesh, *_ in groups], np.int64)
    vertex_start = np.concatenate([[0], np.cumsum(n_vertices)]).astype(np.int32)
    group_start = np.concatenate([[0], np.cumsum(n_triangles)]).astype(np.int32)
    vertex_bone = _joined([mesh.bone + bone_starts[k] for k, mesh, *_ in groups], (0,), np.int32)
    triangles = _joined(
        [mesh.triangles + start for (_, mesh, *_), start in zip(groups, vertex_start, strict=False)], (0, 3), np.int32
    )
    material = _joined([mesh.material for _, mesh, *_ in groups], (0,), np.int32)
    instances = np.zeros(len(drawn), INSTANCE)
    for k, (actor, _) in enumerate(drawn):
        instances[k] = _instance(actor)
    return _Cast(
        vertices=_joined([mesh.vertices for _, mesh, *_ in groups], (0, 3), np.float32),
        vertex_bone=vertex_bone,
        normals=_joined([rest_normals(mesh) for _, mesh, *_ in groups], (0, 3), np.float32),
        triangle_bone=vertex_bone[triangles[:, 0]],
        triangles=triangles,
        material=palette_rows[material],
        instance=np.repeat(owner + first_instance, n_triangles).astype(np.int32),
        uv=_joined([mesh.uv for _, mesh, *_ in groups], (0, 3, 2), np.float32),
        group_start=group_start,
        vertex_start=vertex_start,
        group_owner=owner,
        nearest_m=np.array([near for *_, near, _ in groups], np.float32),
        farthest_m=np.array([far for *_, far in groups], np.float32),
        joints=np.concatenate([model.joints for _, model in drawn]) if drawn else np.zeros(0, JOINT),
        instances=instances,
    )


def _joined(parts: list[NDArray[np.generic]], empty: tuple[int, ...], dtype: type) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(empty, dtype)


def _model(actor: Actor, row: np.void) -> Model | None:
    """None for what has no body to be seen."""
    if actor.kind not in (VEHICLE, WALKER, PROP):
        return None
    center = (float(row["center_x"]), float(row["center_y"]), float(row["center_z"]))
    half = (float(row["half_x"]), float(row["half_y"]), float(row["half_z"]))
    return model_of(actor.type_id, actor.attributes, center, half)


def _instance(actor: Actor) -> np.void:
    row = np.zeros((), INSTANCE)
    row["id"] = actor.id
    row["colour_id"] = colour_id(actor.id)
    row["label"] = actor.semantic_tags[0] if actor.semantic_tags else 0
    row["tint"] = _tint(actor)
    row["motion"][:, :3] = np.eye(3)
    return row[()]


def colour_id(actor_id: int) -> int:
    """16 bits, different for all ids below 65536, and far apart for those that follow each other."""
    return (actor_id * 40503 ^ actor_id >> 16) & 0xFFFF  # 40503: odd, 65536 over the golden ratio


def _tint(actor: Actor) -> tuple[float, float, float]:
    colour = actor.attributes.get("color")
    if colour is not None:
        red, green, blue = (int(part) for part in colour.split(","))
        return linear(red, green, blue)
    return walker_tint(actor.type_id) if actor.kind == WALKER else (1.0, 1.0, 1.0)


def _lowest_ground(town: TownMap) -> float:
    heights = [float(part.min()) for part in (town.surface.vertices[:, 2], town.surface.terrain.ravel()) if len(part)]
    return min(heights, default=0.0)


@njit
def _follow(tracks, actors, dt, moved):  # type: ignore[no-untyped-def]
    """How far each actor went in a step of dt seconds; those seen for the first time have not gone anywhere."""
    for k in range(tracks.shape[0]):
        t = tracks[k]
        a = actors[t.row]
        if t.fresh == 1:
            _set(t.pose, a)
            _set(t.before, a)
            t.fresh = 0
        elif moved:
            t.before[:] = t.pose
            _set(t.pose, a)
            dx = t.pose[0] - t.before[0]
            dy = t.pose[1] - t.before[1]
            path = np.sqrt(dx * dx + dy * dy)
            t.pace_mps = 0.0
            if path <= _FASTEST_MPS * dt:  # written so that no pose without a number counts
                t.gone_m += dx * np.cos(a.yaw) + dy * np.sin(a.yaw)
                t.walked_m += path
                t.pace_mps = path / dt if dt > 0.0 else 0.0


@njit
def _set(pose, a):  # type: ignore[no-untyped-def]
    pose[0], pose[1], pose[2] = a.x, a.y, a.z
    pose[3], pose[4], pose[5] = a.roll, a.pitch, a.yaw


@njit
def _pose_all(tracks, actors, vehicles, joints, bones, instances, casters, deepest_m, first_instance):  # type: ignore[no-untyped-def]
    """Pose of every bone in the world (nine numbers of a matrix, then its origin), what is told of each instance, and
    casters; returns how many these are."""
    n_casters = 0
    for k in range(tracks.shape[0]):
        t = tracks[k]
        a = actors[t.row]
        top = a.z + a.center_z + a.half_z
        place = a.x + a.y + a.z + a.roll + a.pitch + a.yaw
        t.shown = np.isfinite(place) and top > deepest_m
        base = bones[t.first_bone]
        if t.shown == 0:
            for b in range(t.first_bone, t.first_bone + t.n_bones):
                bones[b, :] = 0.0
            continue
        base[0:9] = rotation_matrix(a.roll, a.pitch, a.yaw)
        base[9], base[10], base[11] = a.x, a.y, a.z
        _motion(instances[k].motion, base, t.before)
        instances[k].velocity[0] = a.vx
        instances[k].velocity[1] = a.vy
        instances[k].velocity[2] = a.vz
        lights = np.uint32(0)
        if a.kind == VEHICLE:
            v = vehicles[a.side]
            lights = v.light_state
            if v.brake >= BRAKE_SHOWS_FROM:
                lights |= np.uint32(BRAKE)
            if v.reverse == 1:
                lights |= np.uint32(REVERSE)
        instances[k].lights = lights
        walk_phase = 2.0 * np.pi * t.walked_m / (_DOUBLE_STEP * 2.0 * a.half_z) if a.half_z > 0.0 else 0.0
        swing = min(1.0, t.pace_mps / _FULL_SWING_MPS) if t.pace_mps > _STANDS_BELOW_MPS else 0.0
        for b in range(t.first_bone + 1, t.first_bone + t.n_bones):
            j = joints[b]
            steer = 0.0
            turn = 0.0  # about y; positive rolls forward and swings a hanging limb backward
            if j.kind == WHEEL or j.kind == STEERED_WHEEL:
                turn = t.gone_m / j.radius
            if j.kind == STEERED_WHEEL or j.kind == FORK:
                angle = vehicles[a.side].wheels[j.wheel].steer_rad if a.kind == VEHICLE else 0.0
                steer = min(max(angle, -j.most), j.most)
            if j.kind == THIGH or j.kind == SHIN or j.kind == ARM:
                phase = walk_phase + (np.pi if j.side < 0 else 0.0)
                bent = swing * _KNEE_RAD * max(0.0, np.cos(phase))  # while the foot comes forward
                if j.kind == THIGH:
                    turn = -swing * j.most * np.sin(phase) - 0.5 * bent
                elif j.kind == SHIN:
                    turn = bent
                else:
                    turn = swing * j.most * np.sin(phase)
            _joint(bones[b], bones[t.first_bone + j.parent], j, steer, turn)
        if t.casts == 1:
            c = casters[n_casters]
            c.x = base[9] + base[0] * a.center_x + base[1] * a.center_y + base[2] * a.center_z
            c.y = base[10] + base[3] * a.center_x + base[4] * a.center_y + base[5] * a.center_z
            c.z = base[11] + base[6] * a.center_x + base[7] * a.center_y + base[8] * a.center_z - a.half_z
            c.yaw = a.yaw
            c.half_x = a.half_x
            c.half_y = a.half_y
            c.height = 2.0 * a.half_z
            c.lights = lights
            c.instance = first_instance + k
            n_casters += 1
    return n_casters


@njit
def _motion(motion, now, before):  # type: ignore[no-untyped-def]
    """From a place on the body now to the same one in the step before: R_before R_now^T, and the shift that is left."""
    old = rotation_matrix(before[3], before[4], before[5])
    for i in range(3):
        shift = before[i]
        for k in range(3):
            value = 0.0
            for m in range(3):
                value += old[3 * i + m] * now[3 * k + m]
            motion[i, k] = value
            shift -= value * now[9 + k]
        motion[i, 3] = shift


@njit
def _joint(bone, parent, joint, steer, turn):  # type: ignore[no-untyped-def]
    """bone = parent, then about the pivot: turn about y, then steer about z."""
    cs, ss = np.cos(steer), np.sin(steer)
    ct, st = np.cos(turn), np.sin(turn)
    r00, r01, r02 = cs * ct, -ss, cs * st
    r10, r11, r12 = ss * ct, cs, ss * st
    r20, r22 = -st, ct
    px = joint.x - (r00 * joint.x + r01 * joint.y + r02 * joint.z)
    py = joint.y - (r10 * joint.x + r11 * joint.y + r12 * joint.z)
    pz = joint.z - (r20 * joint.x + r22 * joint.z)
    for i in range(3):
        a, b, c = parent[3 * i], parent[3 * i + 1], parent[3 * i + 2]
        bone[3 * i] = a * r00 + b * r10 + c * r20
        bone[3 * i + 1] = a * r01 + b * r11
        bone[3 * i + 2] = a * r02 + b * r12 + c * r22
        bone[9 + i] = parent[9 + i] + a * px + b * py + c * pz


@njit
def _place_all(  # type: ignore[no-untyped-def]
    bones, vertices, vertex_bone, normals, triangle_bone, vertex_start, group_owner, tracks, farthest_m,
    out_vertices, out_normals, out_bounds, out_farthest,
):  # fmt: skip
    """Every vertex and normal into the world; the box of every group; groups of what is hidden are never drawn."""
    for g in range(group_owner.shape[0]):
        low_x, low_y, low_z = np.inf, np.inf, np.inf
        high_x, high_y, high_z = -np.inf, -np.inf, -np.inf
        for i in range(vertex_start[g], vertex_start[g + 1]):
            m = bones[vertex_bone[i]]
            px, py, pz = vertices[i, 0], vertices[i, 1], vertices[i, 2]
            x = np.float32(m[0] * px + m[1] * py + m[2] * pz + m[9])
            y = np.float32(m[3] * px + m[4] * py + m[5] * pz + m[10])
            z = np.float32(m[6] * px + m[7] * py + m[8] * pz + m[11])
            out_vertices[i, 0], out_vertices[i, 1], out_vertices[i, 2] = x, y, z
            low_x, high_x = min(low_x, x), max(high_x, x)
            low_y, high_y = min(low_y, y), max(high_y, y)
            low_z, high_z = min(low_z, z), max(high_z, z)
        box = out_bounds[g]
        box[0], box[1], box[2], box[3], box[4], box[5] = low_x, low_y, low_z, high_x, high_y, high_z
        out_farthest[g] = farthest_m[g] if tracks[group_owner[g]].shown == 1 else 0.0
    for i in range(normals.shape[0]):
        m = bones[triangle_bone[i]]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        out_normals[i, 0] = m[0] * nx + m[1] * ny + m[2] * nz
        out_normals[i, 1] = m[3] * nx + m[4] * ny + m[5] * nz
        out_normals[i, 2] = m[6] * nx + m[7] * ny + m[8] * nz
