"""Parts of a town put together into one Geometry, in groups by place and by the distance at which they are drawn."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import F4, I4, Geometry

F8 = NDArray[np.float64]

FAR_M: Final = 1e9  # a group's farthest distance when it is never left out
# Thinner triangles are no wider than float32 rounds a place 4 km from the origin: they might face anywhere.
_LEAST_WIDTH_M: Final = 5e-4


class Layer(NamedTuple):
    """Parts that are grouped alike: squares of one size, drawn at distances in [nearest, farthest)."""

    chunk_m: float
    nearest_m: float = 0.0
    farthest_m: float = FAR_M


class Part(NamedTuple):
    """Triangles on their way into a Geometry."""

    layer: Layer
    vertices: F8  # [n, 3] world
    triangles: I4  # [m, 3]
    material: I4  # [m]
    instance: I4  # [m]
    uv: F4  # [m, 3, 2]
    anchor: F8  # [m, 2] the place that decides upon the group: what must stay together has one anchor


def part(
    layer: Layer,
    vertices: F8,
    triangles: NDArray[np.integer],
    material: NDArray[np.integer] | int,
    instance: NDArray[np.integer] | int = 0,
    uv: NDArray[np.floating] | None = None,
    anchor: F8 | None = None,
) -> Part:
    """A Part, with one material or instance for all triangles where one is given, anchored at their middles."""
    count = len(triangles)
    rows = np.ascontiguousarray(triangles, np.int32)
    return Part(
        layer,
        np.asarray(vertices, np.float64),
        rows,
        np.broadcast_to(np.asarray(material, np.int32), count),
        np.broadcast_to(np.asarray(instance, np.int32), count),
        np.zeros((count, 3, 2), np.float32) if uv is None else np.asarray(uv, np.float32),
        vertices[rows, :2].mean(axis=1) if anchor is None else anchor,
    )


def triangle_normals(vertices: F4, triangles: I4) -> tuple[F4, F8]:
    """Unit normals towards the side that is seen, and widths at right angles to the longest side."""
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    ab, ac, bc = b - a, c - a, c - b
    normal = np.cross(ab, ac)
    double = np.sqrt((normal * normal).sum(axis=1))
    longest = np.sqrt(np.max([(side * side).sum(axis=1) for side in (ab, ac, bc)], axis=0))
    return (normal / np.maximum(double, 1e-30)[:, None]).astype(np.float32), double / np.maximum(longest, 1e-30)


def assemble(parts: Sequence[Part]) -> Geometry:
    """One Geometry: groups in order of layers, then of rows and columns of squares; in a group triangles keep their
    order. Triangles without a width are dropped."""
    parts = [one for one in parts if len(one.triangles)]
    if not parts:
        return empty_geometry()
    layers = list(dict.fromkeys(one.layer for one in parts))
    vertex_offset = np.cumsum([0, *(len(one.vertices) for one in parts)])
    vertices = np.concatenate([one.vertices for one in parts]).astype(np.float32)
    triangles = np.concatenate([one.triangles + start for one, start in zip(parts, vertex_offset, strict=False)])
    normal, width = triangle_normals(vertices, triangles)
    square = np.concatenate([_squares(one, layers.index(one.layer)) for one in parts])
    keys, group = np.unique(square, axis=0, return_inverse=True)
    group = group.reshape(-1)
    good = np.flatnonzero(width > _LEAST_WIDTH_M)
    order = good[np.argsort(group[good], kind="stable")]
    used, group = np.unique(group[order], return_inverse=True)
    group = group.reshape(-1)
    layer_of_group = keys[used, 0]

    # Vertices once for each group that uses them, in the order of groups.
    wanted = group[:, None].astype(np.int64) * len(vertices) + triangles[order]
    unique, rows = np.unique(wanted, return_inverse=True)
    edges = np.arange(len(used) + 1)
    vertex_start = np.searchsorted(unique, edges * len(vertices)).astype(np.int32)
    picked = vertices[unique % len(vertices)]
    bounds = np.hstack((np.minimum.reduceat(picked, vertex_start[:-1]), np.maximum.reduceat(picked, vertex_start[:-1])))
    return Geometry(
        vertices=picked,
        triangles=rows.reshape(-1, 3).astype(np.int32),
        material=np.concatenate([one.material for one in parts])[order],
        instance=np.concatenate([one.instance for one in parts])[order],
        normal=normal[order],
        uv=np.concatenate([one.uv for one in parts])[order],
        group_start=np.searchsorted(group, edges).astype(np.int32),
        vertex_start=vertex_start,
        bounds=bounds,
        nearest_m=np.array([layers[row].nearest_m for row in layer_of_group], np.float32),
        farthest_m=np.array([layers[row].farthest_m for row in layer_of_group], np.float32),
    )


def _squares(one: Part, layer_row: int) -> NDArray[np.int64]:
    """[m, 3] layer, row and column of each triangle's square."""
    place = np.floor(one.anchor / one.layer.chunk_m).astype(np.int64)
    return np.column_stack((np.full(len(place), layer_row), place[:, 1], place[:, 0]))


def empty_geometry() -> Geometry:
    """Nothing to see."""
    none, zero = np.zeros((0, 3), np.float32), np.zeros(0, np.int32)
    start = np.zeros(1, np.int32)
    flat = np.zeros(0, np.float32)
    return Geometry(
        none, np.zeros((0, 3), np.int32), zero, zero, none, np.zeros((0, 3, 2), np.float32),
        start, start, np.zeros((0, 6), np.float32), flat, flat,
    )  # fmt: skip


def quads(
    layer: Layer,
    corners: F8,
    material: NDArray[np.integer] | int,
    instance: NDArray[np.integer] | int = 0,
    uv: NDArray[np.floating] | None = None,
    anchor: F8 | None = None,
) -> Part:
    """Two triangles for each of corners [n, 4, 3], whose first three turn as a triangle's; the rest by quad too."""
    count = len(corners)
    index = np.arange(count * 4).reshape(-1, 4)
    triangles = index[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)

    def twice(values: NDArray[np.integer] | int) -> NDArray[np.integer] | int:
        return np.repeat(values, 2) if isinstance(values, np.ndarray) else values

    return part(
        layer,
        corners.reshape(-1, 3),
        triangles,
        twice(material),
        twice(instance),
        None if uv is None else uv[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 2),
        np.repeat(corners[:, :, :2].mean(axis=1) if anchor is None else anchor, 2, axis=0),
    )
