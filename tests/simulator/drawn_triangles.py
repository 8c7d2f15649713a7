"""Frames made of drawn triangles, and what rays meet in them by the slow and plain way."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import INSTANCE, MATERIAL, PLAIN, Frame, Geometry

F8 = NDArray[np.float64]


def geometry(
    groups: Sequence[NDArray[np.floating]],
    material: Sequence[int] | None = None,
    instance: Sequence[int] | None = None,
    uv: NDArray[np.floating] | None = None,
    levels: Sequence[tuple[float, float]] | None = None,
) -> Geometry:
    """Groups of triangles [n, 3 corners, 3]; material, instance and uv are those of all triangles in order."""
    counts = [len(group) for group in groups]
    total = sum(counts)
    corners = np.concatenate([np.asarray(group, np.float32) for group in groups] or [np.zeros((0, 3, 3), np.float32)])
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    points = [corners[a:b].reshape(-1, 3) for a, b in pairwise(starts)]
    bounds = [np.concatenate([p.min(axis=0), p.max(axis=0)]) for p in points] or np.zeros((0, 6))
    levels = levels or [(0.0, np.inf)] * len(groups)
    return Geometry(
        corners.reshape(-1, 3),
        np.arange(3 * total, dtype=np.int32).reshape(-1, 3),
        np.zeros(total, np.int32) if material is None else np.asarray(material, np.int32),
        np.zeros(total, np.int32) if instance is None else np.asarray(instance, np.int32),
        normal.astype(np.float32),
        np.zeros((total, 3, 2), np.float32) if uv is None else np.asarray(uv, np.float32),
        starts,
        3 * starts,
        np.asarray(bounds, np.float32).reshape(-1, 6),
        np.array([level[0] for level in levels], np.float32),
        np.array([level[1] for level in levels], np.float32),
    )


def materials(*rows: dict[str, object]) -> NDArray[np.void]:
    """One plain material, or the given ones."""
    table = np.zeros(max(len(rows), 1), MATERIAL)
    table["kind"] = PLAIN
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[name][i] = value
    return table


def instances(*rows: dict[str, object]) -> NDArray[np.void]:
    table = np.zeros(max(len(rows), 1), INSTANCE)
    table["motion"][:, :, :3] = np.eye(3)
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[name][i] = value
    return table


def frame(
    static: Geometry | None = None,
    movers: Geometry | None = None,
    materials_: NDArray[np.void] | None = None,
    instances_: NDArray[np.void] | None = None,
    number: int = 7,
    delta_s: float = 0.05,
) -> Frame:
    table = instances() if instances_ is None else instances_
    return Frame(
        number=number,
        elapsed_s=number * delta_s,
        delta_s=delta_s,
        seed=0,
        weather=(0.0,) * 14,
        static=geometry([]) if static is None else static,
        movers=geometry([]) if movers is None else movers,
        materials=materials() if materials_ is None else materials_,
        instances=table,
        n_static=len(table),
        atlas=np.zeros((0, 1, 1, 3), np.uint8),
        casters=np.zeros(0, np.dtype([])),
        lamps=np.zeros((0, 3), np.float32),
        lamps_lit=np.zeros(0, np.uint8),
    )


def box(center: Sequence[float], half: Sequence[float], yaw: float = 0.0) -> F8:
    """The twelve triangles of a box, seen from outside."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    faces = ((1, 3, 2, 0), (4, 6, 7, 5), (0, 4, 5, 1), (3, 7, 6, 2), (2, 6, 4, 0), (1, 5, 7, 3))
    c, s = np.cos(yaw), np.sin(yaw)
    corners = signs * np.asarray(half) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + np.asarray(center)
    triangles = []
    for a, b, d, e in faces:
        for triangle in ((a, b, d), (a, d, e)):
            points = corners[list(triangle)]
            normal = np.cross(points[1] - points[0], points[2] - points[0])
            out = points.mean(axis=0) - np.asarray(center)
            triangles.append(points if normal @ out > 0 else points[::-1])
    return np.array(triangles)


def ground(half_m: float, cell_m: float, z: float = 0.0) -> F8:
    """A level floor of square cells, seen from above."""
    edges = np.arange(-half_m, half_m, cell_m)
    x, y = (a.ravel() for a in np.meshgrid(edges, edges))
    corner = np.stack([x, y, np.full_like(x, z)], axis=1)
    across, along = np.array([0.0, cell_m, 0.0]), np.array([cell_m, 0.0, 0.0])
    one = np.stack([corner, corner + along, corner + along + across], axis=1)
    two = np.stack([corner, corner + along + across, corner + across], axis=1)
    return np.concatenate([one, two])


def plain_cast(corners: F8, eye: F8, directions: F8, reach_m: float) -> tuple[F8, NDArray[np.int64]]:
    """Distance (inf: none) and number of the nearest front face on each ray; Moeller and Trumbore, 1997."""
    distance = np.full(len(directions), np.inf)
    number = np.full(len(directions), -1)
    for i, (a, b, c) in enumerate(np.asarray(corners, float)):
        u, v = b - a, c - a
        if np.cross(u, v) @ (eye - a) <= 0.0:
            continue
        p = np.cross(directions, v)
        determinant = p @ u
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / determinant
            s = eye - a
            first = (p @ s) * inverse
            q = np.cross(s, u)
            second = (directions @ q) * inverse
            t = (q @ v) * inverse
            met = (first >= 0) & (second >= 0) & (first + second <= 1) & (t > 0) & (t <= reach_m) & (t < distance)
        distance[met] = t[met]
        number[met] = i
    return distance, number
