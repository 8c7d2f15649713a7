"""One height where the roads of a junction disagree.

Roads that cross in a sloping junction often have different heights where they cross (20 cm in eleven junctions of
CARLA's Town04): each follows its own profile. A car would climb steps there. In such a junction all lanes are laid
on one smooth field of heights, fitted to all of them; towards its ends each road goes back to its own height, so that
it meets the road outside. Elsewhere nothing changes, and heights stay the client's to the millimetre.
"""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.maps.town import F8, I4

_DISAGREE_M: Final = 0.03
_SAME_LEVEL_M: Final = 0.5  # roads further apart than this pass above each other
_PIECE_M: Final = 1.0
_REACH_M: Final = 1.5  # of the fit: standard deviation of its weights
_GRID_M: Final = 1.0
_END_M: Final = 3.0  # over this distance a road leaves its own height

Polygons = NDArray[np.object_]


def disagreeing_junctions(corners: F8, road: I4, junction: I4, polygons: Polygons) -> list[int]:
    """Junctions in which two roads have different heights at one place."""
    inside = np.flatnonzero(junction >= 0)
    i, j = shapely.STRtree(polygons[inside]).query(polygons[inside], predicate="intersects")
    i, j = inside[i], inside[j]
    pairs = (i < j) & (junction[i] == junction[j]) & (road[i] != road[j])
    i, j = i[pairs], j[pairs]
    common = shapely.intersection(polygons[i], polygons[j])
    large = shapely.area(common) > 0.02
    i, j = i[large], j[large]
    places = shapely.get_coordinates(shapely.centroid(common[large]))
    step = np.abs(heights_on(corners[i], places) - heights_on(corners[j], places))
    bad = (step > _DISAGREE_M) & (step < _SAME_LEVEL_M)
    return np.unique(junction[i[bad]]).tolist()


def blend(
    corners: F8, own: NDArray[np.intp], surroundings: NDArray[np.intp], row: I4
) -> tuple[F8, NDArray[np.intp], F8]:
    """The quads of one junction in small pieces on common heights, the quad that each piece comes from, and how far
    along it (0 to 1) the piece's corners are.

    `own` are the junction's quads in order along each lane (`row`), `surroundings` those of roads around it.
    """
    to_end = _distance_to_ends(corners, own, row)
    pieces, owner, part = _divide(corners, own)
    points = pieces.reshape(-1, 3)
    known = np.concatenate((points, _divide(corners, surroundings)[0].reshape(-1, 3)))
    field = _Field(known, points[:, :2])
    begin, end, length = to_end[owner].T[:, :, None]
    from_start = begin + part * (end - begin)
    from_end = np.minimum(from_start, length - from_start).reshape(-1)
    share = np.clip(from_end / _END_M, 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    blended = pieces.copy()
    blended[:, :, 2] = (points[:, 2] * (1.0 - share) + field(points[:, :2]) * share).reshape(-1, 4)
    return blended, own[owner], part


def heights_on(quads: F8, points: F8) -> F8:
    """Height of each point on its own quad: level across, linear along."""
    start = (quads[:, 0] + quads[:, 1]) * 0.5
    step = (quads[:, 2] + quads[:, 3]) * 0.5 - start
    square = np.maximum((step[:, :2] ** 2).sum(axis=1), 1e-12)
    part = np.clip(((points - start[:, :2]) * step[:, :2]).sum(axis=1) / square, 0.0, 1.0)
    result: F8 = start[:, 2] + part * step[:, 2]
    return result


def _distance_to_ends(corners: F8, own: NDArray[np.intp], row: I4) -> F8:
    """[n, 3] along the lane: from its start to the quad's begin and end, and the lane's length."""
    quads = corners[own]
    middle = (quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) * 0.5
    length = np.linalg.norm(middle[:, :2], axis=1)
    result = np.empty((len(own), 3))
    for lane in np.unique(row[own]).tolist():
        members = np.flatnonzero(row[own] == lane)
        ends = np.cumsum(length[members])
        result[members] = np.column_stack((ends - length[members], ends, np.full(len(members), ends[-1])))
    return result


def _divide(corners: F8, which: NDArray[np.intp]) -> tuple[F8, NDArray[np.intp], F8]:
    """Pieces of about a metre; the position in `which` that each comes from; and how far along it its corners are."""
    pieces: list[F8] = []
    owners: list[int] = []
    parts: list[F8] = []
    for n, quad in enumerate(corners[which]):
        left, right = quad[3] - quad[0], quad[2] - quad[1]
        across = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
        rows = max(1, round(float(max(np.linalg.norm(left), np.linalg.norm(right))) / _PIECE_M))
        columns = max(1, round(float(across) / _PIECE_M))
        u = np.linspace(0.0, 1.0, rows + 1)[:, None, None]
        v = np.linspace(0.0, 1.0, columns + 1)[None, :, None]
        grid = (quad[0] + u * left) * (1.0 - v) + (quad[1] + u * right) * v
        piece = np.stack((grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]), axis=2).reshape(-1, 4, 3)
        along = np.broadcast_to(u[:, :, 0], (rows + 1, columns + 1))
        part = np.stack((along[:-1, :-1], along[:-1, 1:], along[1:, 1:], along[1:, :-1]), axis=2).reshape(-1, 4)
        pieces.append(piece)
        parts.append(part)
        owners += [n] * len(piece)
    if not pieces:
        return np.zeros((0, 4, 3)), np.zeros(0, np.intp), np.zeros((0, 4))
    return np.concatenate(pieces), np.array(owners, np.intp), np.concatenate(parts)


class _Field:
    """Heights fitted to points: at each node of a grid the plane that suits the points around it best."""

    def __init__(self, known: F8, wanted: F8) -> None:
        cell = _GRID_M * 0.5  # many lanes share a place: one mean each for the whole of it
        key = np.round(known[:, :2] / cell).astype(np.int64)
        places, inverse, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
        mean: F8 = np.bincount(inverse.reshape(-1), known[:, 2]) / count
        self.origin = np.floor(wanted.min(axis=0) / _GRID_M) * _GRID_M
        columns, rows = (np.ceil((wanted.max(axis=0) - self.origin) / _GRID_M).astype(int) + 2).tolist()
        x, y = (places * cell - self.origin).T
        self.height = _fit(np.arange(columns) * _GRID_M, np.arange(rows) * _GRID_M, x, y, mean)

    def __call__(self, points: F8) -> F8:
        u, v = ((points - self.origin) / _GRID_M).T
        i, j = u.astype(np.int64), v.astype(np.int64)
        u, v = u - i, v - j
        h = self.height
        low = h[j, i] * (1 - u) + h[j, i + 1] * u
        high = h[j + 1, i] * (1 - u) + h[j + 1, i + 1] * u
        result: F8 = low * (1 - v) + high * v
        return result


def _fit(columns: F8, rows: F8, x: F8, y: F8, z: F8) -> F8:
    """Weighted least squares of a plane around each node of a grid, its value at the node. The weights are products
    of one in x and one in y, so that each of the sums over all points is one product of matrices."""
    in_x, in_y = _weights(columns[:, None] - x), _weights(rows[:, None] - y)

    def total(values: F8) -> F8:
        sums: F8 = (in_y * values) @ in_x.T
        return sums

    n = total(np.ones_like(x)) + 1e-12
    mean = (total(x) / n, total(y) / n, total(z) / n)
    xx = total(x * x) / n - mean[0] * mean[0] + 1e-3
    xy = total(x * y) / n - mean[0] * mean[1]
    yy = total(y * y) / n - mean[1] * mean[1] + 1e-3
    xz = total(x * z) / n - mean[0] * mean[2]
    yz = total(y * z) / n - mean[1] * mean[2]
    area = xx * yy - xy * xy
    slope_x, slope_y = (xz * yy - yz * xy) / area, (yz * xx - xz * xy) / area
    result: F8 = mean[2] + slope_x * (columns[None, :] - mean[0]) + slope_y * (rows[:, None] - mean[1])
    return result


def _weights(distance: F8) -> F8:
    weight: F8 = np.exp(-0.5 * (distance / _REACH_M) ** 2)
    weight[weight < 1e-12] = 0.0  # products of numbers near the smallest ones take a hundred times longer
    return weight
