"""Building blocks of models: prisms, lofts, cylinders and patches, put together into one Mesh.

Every solid is closed and faces outwards, whatever the order in which its corners were given: its signed volume
decides. A patch is a single face that lies on a solid (a lamp, a number plate) and faces where it is told to.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import cos, pi, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import Mesh

Point = tuple[float, float, float]
Polygon = tuple[list[Point], int]  # convex, with its material

UP: Final[Point] = (0.0, 0.0, 1.0)
DOWN: Final[Point] = (0.0, 0.0, -1.0)
FORWARD: Final[Point] = (1.0, 0.0, 0.0)
BACKWARD: Final[Point] = (-1.0, 0.0, 0.0)
RIGHT: Final[Point] = (0.0, 1.0, 0.0)
LEFT: Final[Point] = (0.0, -1.0, 0.0)


class MeshBuilder:
    """Collects triangles; materials are rows of whatever table the caller means.

    A coarse builder gives round things half their sides: the same code makes the mesh to be seen from afar.
    """

    def __init__(self, *, coarse: bool = False) -> None:
        self._coarse = coarse
        self._vertices: list[Point] = []
        self._triangles: list[tuple[int, int, int]] = []
        self._material: list[int] = []
        self._bone: list[int] = []

    def __len__(self) -> int:
        return len(self._triangles)

    def build(self) -> Mesh:
        count = len(self._triangles)
        return Mesh(
            vertices=np.array(self._vertices, np.float32).reshape(-1, 3),
            triangles=np.array(self._triangles, np.int32).reshape(-1, 3),
            material=np.array(self._material, np.int32),
            uv=np.zeros((count, 3, 2), np.float32),
            bone=np.array(self._bone, np.uint8),
        )

    def solid(self, polygons: Sequence[Polygon], bone: int = 0) -> None:
        """A closed surface of convex polygons that all run the same way round."""
        volume = sum(_volume(a, b, c) for points, _ in polygons for a, b, c in _cut(points))
        self.surface(polygons if volume > 0.0 else [(points[::-1], material) for points, material in polygons], bone)

    def surface(self, polygons: Iterable[Polygon], bone: int = 0) -> None:
        """Polygons as they are, each seen from the side that its corners' cross product points to."""
        index: dict[Point, int] = {}
        for points, material in polygons:
            for corners in _cut(points):
                if _is_flat(*corners):
                    continue
                rows = [self._vertex(corner, bone, index) for corner in corners]
                self._triangles.append((rows[0], rows[1], rows[2]))
                self._material.append(material)

    def _vertex(self, point: Point, bone: int, index: dict[Point, int]) -> int:
        row = index.get(point)
        if row is None:
            row = index[point] = len(self._vertices)
            self._vertices.append(point)
            self._bone.append(bone)
        return row

    def add_turned(self, other: "MeshBuilder") -> None:
        """All of another one, turned by a quarter about z: its x becomes y."""
        start = len(self._vertices)
        self._vertices += [(-y, x, z) for x, y, z in other._vertices]
        self._triangles += [(a + start, b + start, c + start) for a, b, c in other._triangles]
        self._material += other._material
        self._bone += other._bone

    def patch(self, points: Sequence[Point], material: int, facing: Point, bone: int = 0) -> None:
        """One face, turned so that it is seen from `facing`."""
        a, b, c = points[0], points[1], points[2]
        corners = list(points)
        if _dot(_cross(_minus(b, a), _minus(c, a)), facing) < 0.0:
            corners.reverse()
        self.surface([(corners, material)], bone)

    def panel(
        self, centre: Point, facing: Point, width: float, height: float, material: int, bone: int = 0, lean: float = 0.0
    ) -> None:
        """An upright rectangle that faces along x or y; its top lies `lean` metres further back."""
        x, y, z = centre
        corners: list[Point] = []
        for side, up in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            across, back = 0.5 * width * side, 0.5 * lean * up
            if facing[0]:
                corners.append((x - facing[0] * back, y + across, z + 0.5 * height * up))
            else:
                corners.append((x + across, y - facing[1] * back, z + 0.5 * height * up))
        self.patch(corners, material, facing, bone)

    def box(
        self,
        low: Point,
        high: Point,
        material: int,
        bone: int = 0,
        *,
        top: int | None = None,
        bottom: int | None = None,
        taper: float = 1.0,
        bevel: float = 0.0,
    ) -> None:
        """An upright box, its top shrunk by `taper`; `bevel` metres cut off its upright edges."""
        ring = _rectangle(low[0], low[1], high[0], high[1], bevel)
        middle = (0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]))
        upper = [(middle[0] + taper * (x - middle[0]), middle[1] + taper * (y - middle[1])) for x, y in ring]
        self.loft(
            [[(x, y, low[2]) for x, y in ring], [(x, y, high[2]) for x, y in upper]],
            material,
            bone,
            first=material if bottom is None else bottom,
            last=material if top is None else top,
        )

    def loft(
        self,
        rings: Sequence[Sequence[Point]],
        material: int | Sequence[int] | Sequence[Sequence[int]],
        bone: int = 0,
        *,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        """A skin over rings with the same number of corners, closed by the first and the last ring.

        `material` is one for all, one for each side of the rings, or a list of those for each pair of rings.
        """
        count = len(rings[0])
        rows = _by_pair(material, len(rings) - 1, count)
        polygons: list[Polygon] = []
        for (lower, upper), row in zip(pairwise(rings), rows, strict=True):
            for k in range(count):
                j = (k + 1) % count
                polygons.append(([lower[k], lower[j], upper[j], upper[k]], row[k]))
        polygons.append((list(rings[0])[::-1], rows[0][0] if first is None else first))
        polygons.append((list(rings[-1]), rows[-1][0] if last is None else last))
        self.solid(polygons, bone)

    def cylinder(
        self,
        begin: Point,
        end: Point,
        radius: float | tuple[float, float],
        sides: int,
        material: int,
        bone: int = 0,
        *,
        ends: int | None = None,
    ) -> None:
        """A round bar or, with two radii, a cone."""
        sides = self._sides(sides)
        first, last = (radius, radius) if isinstance(radius, float | int) else radius
        axis = _minus(end, begin)
        u, v = _across(axis)
        rings = []
        for middle, r in ((begin, first), (end, last)):
            rings.append([_plus(middle, _turned(u, v, r, 2.0 * pi * (k + 0.5) / sides)) for k in range(sides)])
        cap = material if ends is None else ends
        self.loft(rings, material, bone, first=cap, last=cap)

    def round_body(
        self,
        levels: Sequence[tuple[float, float, float, float, float]],
        sides: int,
        material: int | Sequence[int],
        bone: int = 0,
    ) -> None:
        """An upright body of ellipses: (z, middle x, middle y, half length along x, half width along y) each.

        `material` is one for all, or one for each pair of neighbouring ellipses.
        """
        sides = self._sides(sides)
        rings = [
            [
                (x + rx * cos(2 * pi * (k + 0.5) / sides), y + ry * sin(2 * pi * (k + 0.5) / sides), z)
                for k in range(sides)
            ]
            for z, x, y, rx, ry in levels
        ]
        by_pair = [material] * (len(levels) - 1) if isinstance(material, int) else material
        self.loft(rings, [[row] * sides for row in by_pair], bone)

    def _sides(self, fine: int) -> int:
        return max(3, fine // 2) if self._coarse else fine

    def ellipsoid(self, middle: Point, radii: Point, sides: int, rings: int, material: int, bone: int = 0) -> None:
        levels = []
        for r in range(rings + 1):
            angle = pi * (r / rings - 0.5)
            share = max(cos(angle), 0.05)
            levels.append((middle[2] + radii[2] * sin(angle), middle[0], middle[1], radii[0] * share, radii[1] * share))
        self.round_body(levels, sides, material, bone)

    def extrude(
        self, outline: Sequence[tuple[float, float]], y0: float, y1: float, material: int, bone: int = 0
    ) -> None:
        """A convex outline in x and z, drawn from y0 to y1."""
        self.loft([[(x, y0, z) for x, z in outline], [(x, y1, z) for x, z in outline]], material, bone)


def fitted(mesh: Mesh, low: Point, high: Point) -> Mesh:
    """The mesh stretched along each axis until its box is that one."""
    have_low, have_high = mesh.vertices.min(0), mesh.vertices.max(0)
    size = np.maximum(have_high - have_low, 1e-6)
    share = (mesh.vertices - have_low) / size
    want_low, want_high = np.array(low), np.array(high)
    # Not low + share * (high - low): that may end a rounding beyond the box.
    vertices = want_low * (1.0 - share) + want_high * share
    return mesh._replace(vertices=vertices.astype(np.float32))


def rest_normals(mesh: Mesh) -> NDArray[np.float32]:
    """Unit normals of the triangles, towards the side that is seen."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    return (normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def _by_pair(material: int | Sequence[int] | Sequence[Sequence[int]], pairs: int, sides: int) -> list[list[int]]:
    """The materials of a loft: a row for each pair of rings, with one entry for each side."""
    if isinstance(material, int):
        return [[material] * sides] * pairs
    one_for_all = [row for row in material if isinstance(row, int)]
    if one_for_all:
        return [one_for_all] * pairs
    return [list(row) for row in material if not isinstance(row, int)]


def _rectangle(x0: float, y0: float, x1: float, y1: float, bevel: float) -> list[tuple[float, float]]:
    if bevel <= 0.0:
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    b = bevel
    return [
        (x0 + b, y0), (x1 - b, y0), (x1, y0 + b), (x1, y1 - b), (x1 - b, y1), (x0 + b, y1), (x0, y1 - b), (x0, y0 + b),
    ]  # fmt: skip


def _cut(points: Sequence[Point]) -> Iterable[tuple[Point, Point, Point]]:
    """A convex polygon as triangles, to and fro across it: corners in line with their neighbours do no harm, as they
    would at the hub of a fan."""
    i, j = 0, len(points) - 1
    while j - i > 1:
        yield points[i], points[i + 1], points[j]
        i += 1
        if j - i > 1:
            yield points[i], points[j - 1], points[j]
            j -= 1


def _minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _plus(a: Point, b: Point) -> Point:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _volume(a: Point, b: Point, c: Point) -> float:
    return _dot(a, _cross(b, c)) / 6.0


def _is_flat(a: Point, b: Point, c: Point) -> bool:
    """Without an area to see: two corners of a polygon that fall together."""
    normal = _cross(_minus(b, a), _minus(c, a))
    return _dot(normal, normal) < 1e-16


def _across(axis: Point) -> tuple[Point, Point]:
    """Two unit directions at right angles to `axis` and to each other; the first lies along x or z where it can."""
    length = _dot(axis, axis) ** 0.5
    w = (axis[0] / length, axis[1] / length, axis[2] / length)
    start = FORWARD if abs(w[2]) > 0.7 else UP
    along = _dot(start, w)
    u = _minus(start, (along * w[0], along * w[1], along * w[2]))
    size = _dot(u, u) ** 0.5
    u = (u[0] / size, u[1] / size, u[2] / size)
    return u, _cross(w, u)


def _turned(u: Point, v: Point, radius: float, angle: float) -> Point:
    p, q = radius * cos(angle), radius * sin(angle)
    return p * u[0] + q * v[0], p * u[1] + q * v[1], p * u[2] + q * v[2]
