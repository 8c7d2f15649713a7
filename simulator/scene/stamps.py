"""One model put into many boxes: the boxes of a town are its collision truth, so its models are made to fill them."""

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import Boxes
from simulator.scene.chunks import F8, Layer, Part, part
from simulator.scene.tables import I4, Mesh


def stamp(
    layer: Layer,
    mesh: Mesh,
    boxes: Boxes,
    rows: NDArray[np.intp],
    instance: I4,
    material: I4 | None = None,
    lift: F8 | None = None,
) -> Part:
    """The mesh, made for the box from -1 to 1 along each axis, in each box of `rows`.

    `instance` has one row of the instance table for each; `material` [rows, triangles of the mesh] replaces the
    mesh's own where copies differ in colour. `lift` [rows] is how many metres the front end is
    drawn higher than the middle, and the back end lower.
    """
    count, corners, faces = len(rows), len(mesh.vertices), len(mesh.triangles)
    if count == 0:
        return part(layer, np.zeros((0, 3)), np.zeros((0, 3), np.int32), 0)
    triangles = mesh.triangles[None] + (np.arange(count) * corners)[:, None, None]
    middles = np.column_stack((boxes.x[rows], boxes.y[rows]))
    vertices = to_world(boxes, rows, mesh.vertices.astype(np.float64))
    if lift is not None:
        vertices[:, :, 2] += lift[:, None] * mesh.vertices[:, 0]
    return part(
        layer,
        vertices.reshape(-1, 3),
        triangles.reshape(-1, 3),
        np.tile(mesh.material, count) if material is None else material.reshape(-1),
        np.repeat(instance, faces),
        np.tile(mesh.uv, (count, 1, 1)),
        np.repeat(middles, faces, axis=0),
    )


def to_world(boxes: Boxes, rows: NDArray[np.intp], points: F8) -> F8:
    """[rows, n, 3] points given as parts of the half sizes of a box: [n, 3] for all, or [rows, n, 3]."""
    half = np.column_stack((boxes.half_x[rows], boxes.half_y[rows], boxes.half_z[rows]))
    local = np.broadcast_to(points, (len(rows), *points.shape[-2:])) * half[:, None]
    cos, sin = np.cos(boxes.yaw[rows])[:, None], np.sin(boxes.yaw[rows])[:, None]
    x, y, z = local[:, :, 0], local[:, :, 1], local[:, :, 2]
    middle = np.column_stack((boxes.x[rows], boxes.y[rows], boxes.z[rows]))
    return np.stack((cos * x - sin * y, sin * x + cos * y, z), axis=2) + middle[:, None]


def own_number(boxes: Boxes, rows: NDArray[np.intp], salt: int) -> F8:
    """A number in [0, 1) for each box that depends on nothing but its stable id and the salt (splitmix64's mixer,
    Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        bits = boxes.id[rows] + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = bits ^ (bits >> np.uint64(31))
    share: F8 = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return share
