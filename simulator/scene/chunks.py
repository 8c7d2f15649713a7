"""Parts of a town put together into one Geometry, in groups by place and by the distance at which they are drawn."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.scene.tables import F4, I4, Geometry

F8 = NDArray[np.float64]

FAR_M: Final = 1e9  # a group's farthest distance when it is never left out
# Thinner triangles are no wider than float32 rounds a place 4 km from the origin: they might face anywhere.
_LEAST_WIDTH_M: Final = 5e-4
# Keys of squares: the layer above 24 bits for the row above 24 bits for the column, both counted from the middle.
_ROW_SHIFT: Final = 24
_LAYER_SHIFT: Final = 48
_MIDDLE: Final = 1 << 23


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


@njit
def triangle_normals(vertices, triangles):  # type: ignore[no-untyped-def]
    """Unit normals towards the side that is seen, and widths at right angles to the longest side."""
    normal = np.empty((len(triangles), 3), np.float32)
    width = np.empty(len(triangles), np.float64)
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        ab_x, ab_y, ab_z = _from_to(vertices, a, b)
        ac_x, ac_y, ac_z = _from_to(vertices, a, c)
        bc_x, bc_y, bc_z = _from_to(vertices, b, c)
        x, y, z = ab_y * ac_z - ab_z * ac_y, ab_z * ac_x - ab_x * ac_z, ab_x * ac_y - ab_y * ac_x
        double_area = np.sqrt(x * x + y * y + z * z)
        longest = max(
            ab_x * ab_x + ab_y * ab_y + ab_z * ab_z,
            ac_x * ac_x + ac_y * ac_y + ac_z * ac_z,
            bc_x * bc_x + bc_y * bc_y + bc_z * bc_z,
        )
        size = max(double_area, 1e-30)
        normal[t, 0], normal[t, 1], normal[t, 2] = x / size, y / size, z / size
        width[t] = double_area / max(np.sqrt(longest), 1e-30)
    return normal, width


@njit
def _from_to(vertices, start, end):  # type: ignore[no-untyped-def]
    return (
        np.float64(vertices[end, 0]) - np.float64(vertices[start, 0]),
        np.float64(vertices[end, 1]) - np.float64(vertices[start, 1]),
        np.float64(vertices[end, 2]) - np.float64(vertices[start, 2]),
    )


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
    key = np.concatenate([_square_keys(one, layers.index(one.layer)) for one in parts])
    good = np.flatnonzero(width > _LEAST_WIDTH_M)
    order = good[np.argsort(key[good], kind="stable")]
    key = key[order]
    group_start = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1], [True]))).astype(np.int32)
    layer_of_group = key[group_start[:-1]] >> _LAYER_SHIFT
    triangles, source, vertex_start = _own_vertices(triangles[order].astype(np.int32), group_start, len(vertices))
    picked = vertices[source]
    bounds = np.hstack((np.minimum.reduceat(picked, vertex_start[:-1]), np.maximum.reduceat(picked, vertex_start[:-1])))
    return Geometry(
        vertices=picked,
        triangles=triangles,
        material=np.concatenate([one.material for one in parts])[order],
        instance=np.concatenate([one.instance for one in parts])[order],
        normal=normal[order],
        uv=np.concatenate([one.uv for one in parts])[order],
        group_start=group_start,
        vertex_start=vertex_start,
        bounds=bounds,
        nearest_m=np.array([layers[row].nearest_m for row in layer_of_group], np.float32),
        farthest_m=np.array([layers[row].farthest_m for row in layer_of_group], np.float32),
    )


def _square_keys(one: Part, layer_row: int) -> NDArray[np.int64]:
    """One number for the layer, row and column of each triangle's square, in this order."""
    place = np.floor(one.anchor / one.layer.chunk_m).astype(np.int64) + _MIDDLE
    return (layer_row << _LAYER_SHIFT) + (place[:, 1] << _ROW_SHIFT) + place[:, 0]


@njit
def _own_vertices(triangles, group_start, n_vertices):  # type: ignore[no-untyped-def]
    """Triangles over vertices that no two groups share, which old vertex each new one is, and where groups begin."""
    groups = len(group_start) - 1
    last_group = np.full(n_vertices, -1, np.int32)
    new_row = np.empty(n_vertices, np.int32)
    source = np.empty(triangles.size, np.int32)
    rows = np.empty_like(triangles)
    vertex_start = np.zeros(groups + 1, np.int32)
    count = 0
    for group in range(groups):
        for t in range(group_start[group], group_start[group + 1]):
            for corner in range(3):
                vertex = triangles[t, corner]
                if last_group[vertex] != group:
                    last_group[vertex] = group
                    new_row[vertex] = count
                    source[count] = vertex
                    count += 1
                rows[t, corner] = new_row[vertex]
        vertex_start[group + 1] = count
    return rows, source[:count].copy(), vertex_start


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
