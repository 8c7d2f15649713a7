"""Everything that moves or was spawned, as triangles in world coordinates, after each tick.

Which actors there are, and with them all arrays that no motion changes, is looked up when the register changes; a tick
then costs one pass over the vertices. What earlier ticks left behind (how far each actor has gone, where it was) is
kept by actor id, so that it does not depend on the rows of the world's tables.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import TownMap
from simulator.scene.materials import Materials
from simulator.scene.models import Model, model_of, tint_of
from simulator.scene.models.model import JOINT
from simulator.scene.models.motion import BONE_NUMBERS, TRACK, follow_all, place_all, pose_all
from simulator.scene.models.palette import add_palette
from simulator.scene.tables import CASTER, INSTANCE, Geometry
from simulator.world.actors import Actor
from simulator.world.tables import PROP, VEHICLE, WALKER
from simulator.world.world import World

# Scripts park actors far below the town; what lies deeper than this under the lowest ground is not drawn.
_BURIED_M: Final = 2.0
# Props below this size throw no shadow worth a computation.
_CASTS_FROM_M: Final = 0.5


class Moving(NamedTuple):
    """What Movers makes of a tick. New arrays every time, but for those of Geometry that no motion changes."""

    geometry: Geometry
    instances: NDArray[np.void]  # INSTANCE
    casters: NDArray[np.void]  # CASTER


class Movers:
    """The moving half of a scene. `first_instance` is the number of the town's rows in the instance table."""

    def __init__(self, town: TownMap, materials: Materials, first_instance: int) -> None:
        self._rows = np.array(add_palette(materials), np.int32)
        self._first_instance = first_instance
        self._deepest_m = _lowest_ground(town) - _BURIED_M
        self._seen_changes = -1
        self._seen_steps = 0
        self._world: World | None = None
        self._actors: list[Actor] = []
        self._tracks: NDArray[np.void] = np.zeros(0, TRACK)
        self._cast = _cast([], self._rows, first_instance)

    def follow(self, world: World) -> None:
        """Take note of where everything went in this tick. Cheap: to be called after every step, seen or not.

        Steps that were not followed count as one long step.
        """
        self._look_up(world)
        passed = world.steps - self._seen_steps
        follow_all(self._tracks, world.actors, world.delta_s * passed, passed > 0)
        self._seen_steps = world.steps

    def update(self, world: World) -> Moving:
        """Geometry, instances and casters of all that can be seen now."""
        self.follow(world)
        cast = self._cast
        count = len(cast.group_owner)
        bones = np.empty((len(cast.joints), BONE_NUMBERS))
        # As bytes, with the padding between fields: copy() of records would leave it undefined, and takes longer.
        instances = cast.instances.view(np.uint8).copy().view(INSTANCE)
        casters = np.zeros(len(self._tracks), CASTER)
        n_casters = pose_all(
            self._tracks,
            world.actors,
            world.vehicles,
            cast.joints,
            bones,
            instances,
            casters,
            self._deepest_m,
            self._first_instance,
        )
        vertices, normals = np.empty_like(cast.vertices), np.empty_like(cast.normals)
        bounds, farthest = np.empty((count, 6), np.float32), np.empty(count, np.float32)
        place_all(
            bones,
            cast.vertices,
            cast.vertex_bone,
            cast.normals,
            cast.triangle_bone,
            cast.vertex_start,
            cast.group_owner,
            cast.of_doors,
            self._tracks,
            cast.farthest_m,
            vertices,
            normals,
            bounds,
            farthest,
        )
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
            self._world, self._seen_steps = world, world.steps
            self._tracks, self._actors = np.zeros(0, TRACK), []
        known = {actor.id: row for row, actor in enumerate(self._actors)}
        drawn = [(a, model) for a in world.register.in_order if (model := _model(a, world.row(a))) is not None]
        tracks = np.zeros(len(drawn), TRACK)
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
    of_doors: NDArray[np.uint8]
    nearest_m: NDArray[np.float32]
    farthest_m: NDArray[np.float32]
    joints: NDArray[np.void]
    instances: NDArray[np.void]  # what of them no tick changes


def _cast(drawn: list[tuple[Actor, Model]], palette_rows: NDArray[np.int32], first_instance: int) -> _Cast:
    groups = [(k, form) for k, (_, model) in enumerate(drawn) for form in model.forms]
    bone_starts = np.cumsum([0, *(len(model.joints) for _, model in drawn)])
    owner = np.array([k for k, _ in groups], np.int32)
    n_vertices = np.array([len(form.mesh.vertices) for _, form in groups], np.int64)
    n_triangles = np.array([len(form.mesh.triangles) for _, form in groups], np.int64)
    vertex_start = np.concatenate([[0], np.cumsum(n_vertices)]).astype(np.int32)
    group_start = np.concatenate([[0], np.cumsum(n_triangles)]).astype(np.int32)
    vertex_bone = _joined([form.mesh.bone + bone_starts[k] for k, form in groups], (0,), np.int32)
    triangles = _joined(
        [form.mesh.triangles + start for (_, form), start in zip(groups, vertex_start[:-1], strict=True)],
        (0, 3),
        np.int32,
    )
    material = _joined([form.mesh.material for _, form in groups], (0,), np.int32)
    return _Cast(
        vertices=_joined([form.mesh.vertices for _, form in groups], (0, 3), np.float32),
        vertex_bone=vertex_bone,
        normals=_joined([form.normals for _, form in groups], (0, 3), np.float32),
        triangle_bone=vertex_bone[triangles[:, 0]],
        triangles=triangles,
        material=palette_rows[material],
        instance=np.repeat(owner + first_instance, n_triangles).astype(np.int32),
        uv=_joined([form.mesh.uv for _, form in groups], (0, 3, 2), np.float32),
        group_start=group_start,
        vertex_start=vertex_start,
        group_owner=owner,
        of_doors=np.array([form.of_doors for _, form in groups], np.uint8),
        nearest_m=np.array([form.nearest_m for _, form in groups], np.float32),
        farthest_m=np.array([form.farthest_m for _, form in groups], np.float32),
        joints=np.concatenate([model.joints for _, model in drawn]) if drawn else np.zeros(0, JOINT),
        instances=_instances([actor for actor, _ in drawn]),
    )


def _joined(parts: list[NDArray[Any]], empty: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(empty, dtype)


def _model(actor: Actor, row: np.void) -> Model | None:
    """None for what has no body to be seen."""
    if actor.kind not in (VEHICLE, WALKER, PROP):
        return None
    center = (float(row["center_x"]), float(row["center_y"]), float(row["center_z"]))
    half = (float(row["half_x"]), float(row["half_y"]), float(row["half_z"]))
    return model_of(actor.type_id, actor.attributes, center, half)


def _instances(actors: list[Actor]) -> NDArray[np.void]:
    """What no tick changes."""
    rows = np.zeros(len(actors), INSTANCE)
    rows["motion"][:, :, :3] = np.eye(3)
    for row, actor in zip(rows, actors, strict=True):
        row["id"] = actor.id
        row["colour_id"] = colour_id(actor.id)
        row["label"] = actor.semantic_tags[0] if actor.semantic_tags else 0
        row["tint"] = tint_of(actor.type_id, actor.attributes)
    return rows


def colour_id(actor_id: int) -> int:
    """16 bits, different for all ids below 65536, and far apart for those that follow each other."""
    return (actor_id * 40503 ^ actor_id >> 16) & 0xFFFF  # 40503: odd, 65536 over the golden ratio


def _lowest_ground(town: TownMap) -> float:
    heights = [float(part.min()) for part in (town.surface.vertices[:, 2], town.surface.terrain.ravel()) if len(part)]
    return min(heights, default=0.0)
