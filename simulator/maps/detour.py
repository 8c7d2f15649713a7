"""Bytes of a Detour tile set, the file from which the official client loads its walkers' navigation mesh.

The client (LibCarla/source/carla/nav/Navigation.cpp) reads a header of the set and then tiles as Detour's
dtNavMesh::addTile takes them: version 7 of the format (DetourNavMesh.h), 32-bit references (so the wheel's
symbols of dtNavMeshQuery say), little-endian. Detour's axes are x, up, y of CARLA.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["AREA_CROSSWALK", "AREA_ROAD", "AREA_SIDEWALK", "MAX_CORNERS", "MAX_TILE_POLYGONS", "NavMesh",
           "neighbours", "tile_set"]  # fmt: skip

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# Area ids and the flags that the client's query filters look at (Navigation.h, enums NavAreas and
# SamplePolyFlags). Filter 0 of the crowd forbids roads, filter 1 allows them at ten times the cost.
AREA_SIDEWALK: Final = 1
AREA_CROSSWALK: Final = 2
AREA_ROAD: Final = 3
_FLAG_OF_AREA: Final = np.array([0, 2, 4, 8], np.uint16)

MAX_CORNERS: Final = 6  # DT_VERTS_PER_POLYGON
# A neighbour is stored as index + 1 below the flag of a portal, 0x8000; vertices are 16-bit indices.
MAX_TILE_POLYGONS: Final = 0x7FFE
_MAX_TILE_VERTICES: Final = 0xFFFF
_PORTAL: Final = 0x8000
_NULL_LINK: Final = 0xFFFFFFFF
# Of the 32 bits of a reference Detour wants at least 10 for the salt (dtNavMesh::init).
_MAX_REFERENCE_BITS: Final = 22

# The walker that the client puts on the mesh (Navigation.cpp, AGENT_HEIGHT and AGENT_RADIUS). The climb is how
# far two edges may differ in height and still connect tiles; it also decides what is "on" a polygon.
_WALKER_HEIGHT_M: Final = 1.8
_WALKER_RADIUS_M: Final = 0.3
_WALKER_CLIMB_M: Final = 0.5

_NAV_MESH_PARAMS = [
    ("origin", "<f4", 3), ("tile_width", "<f4"), ("tile_height", "<f4"), ("max_tiles", "<i4"), ("max_polys", "<i4"),
]  # fmt: skip
SET_HEADER: Final = np.dtype([("magic", "<i4"), ("version", "<i4"), ("tiles", "<i4"), *_NAV_MESH_PARAMS])
TILE_ENTRY: Final = np.dtype([("reference", "<u4"), ("size", "<i4")])
TILE_HEADER: Final = np.dtype(
    [
        ("magic", "<i4"), ("version", "<i4"), ("x", "<i4"), ("y", "<i4"), ("layer", "<i4"), ("user_id", "<u4"),
        ("polys", "<i4"), ("vertices", "<i4"), ("max_links", "<i4"), ("detail_meshes", "<i4"),
        ("detail_vertices", "<i4"), ("detail_triangles", "<i4"), ("bv_nodes", "<i4"), ("off_mesh", "<i4"),
        ("off_mesh_base", "<i4"), ("walkable_height", "<f4"), ("walkable_radius", "<f4"), ("walkable_climb", "<f4"),
        ("low", "<f4", 3), ("high", "<f4", 3), ("bv_quant_factor", "<f4"),
    ]
)  # fmt: skip
POLY: Final = np.dtype(
    [
        ("first_link", "<u4"), ("vertices", "<u2", MAX_CORNERS), ("neighbours", "<u2", MAX_CORNERS),
        ("flags", "<u2"), ("corners", "u1"), ("area_and_type", "u1"),
    ]
)  # fmt: skip
LINK_SIZE: Final = 12
POLY_DETAIL: Final = np.dtype(
    [("vertex_base", "<u4"), ("triangle_base", "<u4"), ("vertices", "u1"), ("triangles", "u1"), ("pad", "<u2")]
)
BV_NODE: Final = np.dtype([("low", "<u2", 3), ("high", "<u2", 3), ("i", "<i4")])
SET_MAGIC: Final = int.from_bytes(b"MSET", "big")
SET_VERSION: Final = 1
TILE_MAGIC: Final = int.from_bytes(b"DNAV", "big")
TILE_VERSION: Final = 7


class NavMesh(NamedTuple):
    """Convex polygons that share corners exactly where they touch, in CARLA's axes.

    Corners go round counter-clockwise as seen from above (in CARLA's left-handed x, y their signed area is
    negative), as Detour's own builder makes them: its funnel tells left from right by it. Unused places hold -1.
    """

    vertices: F8  # [n, 3]
    polygons: I4  # [m, MAX_CORNERS]
    area: U1  # [m] AREA_*
    tile: I4  # [m, 2] column and row of its tile; edges between tiles must lie on the tiles' border
    origin: tuple[float, float]  # corner of tile (0, 0)
    tile_size: float


def neighbours(polygons: I4) -> I4:
    """The polygon on the other side of every edge (corner k to the next), -1 at a border."""
    following = _following(polygons)
    used = polygons >= 0
    n = np.int64(polygons.max(initial=0) + 1)
    forth = polygons[used] * n + following[used]
    back = following[used] * n + polygons[used]
    order = np.argsort(forth)
    at = np.minimum(np.searchsorted(forth, back, sorter=order), len(forth) - 1)
    owner = np.nonzero(used)[0]
    result = np.full(polygons.shape, -1, np.int32)
    result[used] = np.where(forth[order[at]] == back, owner[order[at]], -1)
    return result


def tile_set(mesh: NavMesh) -> bytes:
    """The file."""
    tiles, tile_of = np.unique(mesh.tile, axis=0, return_inverse=True)
    tile_of = tile_of.reshape(-1)
    largest = int(np.bincount(tile_of).max())
    poly_bits = _bits(largest)
    if largest > MAX_TILE_POLYGONS or poly_bits + _bits(len(tiles)) > _MAX_REFERENCE_BITS:
        raise ValueError(f"{len(mesh.polygons)} polygons in {len(tiles)} tiles do not fit into Detour's references")
    header = np.zeros((), SET_HEADER)
    header["magic"], header["version"], header["tiles"] = SET_MAGIC, SET_VERSION, len(tiles)
    header["origin"] = mesh.origin[0], 0.0, mesh.origin[1]
    header["tile_width"] = header["tile_height"] = mesh.tile_size
    header["max_tiles"], header["max_polys"] = len(tiles), largest
    across = neighbours(mesh.polygons)
    out = [header.tobytes()]
    for i, (column, row) in enumerate(tiles.tolist()):
        data = _tile(mesh, across, np.nonzero(tile_of == i)[0], column, row)
        entry = np.zeros((), TILE_ENTRY)
        entry["reference"] = (1 << (poly_bits + _bits(len(tiles)))) | (i << poly_bits)  # salt 1
        entry["size"] = len(data)
        out += [entry.tobytes(), data]
    return b"".join(out)


def _tile(mesh: NavMesh, across: I4, members: NDArray[np.intp], column: int, row: int) -> bytes:
    polygons = mesh.polygons[members]
    used = polygons >= 0
    corners = used.sum(axis=1)
    which, local = np.unique(polygons[used], return_inverse=True)
    if len(which) > _MAX_TILE_VERTICES:
        raise ValueError(f"{len(which)} vertices are too many for one Detour tile")
    vertices = mesh.vertices[which][:, [0, 2, 1]].astype("<f4")

    inside = np.full(len(mesh.polygons), -1, np.int32)
    inside[members] = np.arange(len(members))
    beyond = across[members]
    border = np.zeros_like(polygons)
    border[used] = np.where(beyond[used] < 0, 0, inside[beyond[used]] + 1)
    portal = used & (beyond >= 0) & (border == 0)
    border[portal] = _PORTAL | _side(mesh.tile[beyond[portal]] - (column, row))

    polys = np.zeros(len(members), POLY)
    polys["first_link"] = _NULL_LINK
    polys["vertices"][used] = local
    polys["neighbours"] = border
    polys["flags"] = _FLAG_OF_AREA[mesh.area[members]]
    polys["corners"] = corners
    polys["area_and_type"] = mesh.area[members]

    details, triangles = _details(corners)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    quant = float(np.float32(60000.0 / max(float((high - low).max()), 1.0)))
    nodes = _bounding_volumes(vertices, polys, low, quant)

    header = np.zeros((), TILE_HEADER)
    header["magic"], header["version"], header["x"], header["y"] = TILE_MAGIC, TILE_VERSION, column, row
    header["polys"] = header["detail_meshes"] = header["off_mesh_base"] = len(polys)
    header["vertices"] = len(vertices)
    # Detour fills in the links when it loads the tile; a portal may get more than one.
    header["max_links"] = int(corners.sum()) + 2 * int(portal.sum())
    header["detail_triangles"], header["bv_nodes"] = len(triangles), len(nodes)
    header["walkable_height"], header["walkable_radius"] = _WALKER_HEIGHT_M, _WALKER_RADIUS_M
    header["walkable_climb"] = _WALKER_CLIMB_M
    header["low"], header["high"], header["bv_quant_factor"] = low, high, quant
    links = bytes(LINK_SIZE * int(header["max_links"]))
    parts = (header, vertices, polys, links, details, triangles, nodes)
    return b"".join(part if isinstance(part, bytes) else part.tobytes() for part in parts)


def _following(polygons: I4) -> I4:
    """The corner after each corner, round the polygon."""
    following = np.roll(polygons, -1, axis=1)
    last = np.count_nonzero(polygons >= 0, axis=1) - 1
    following[np.arange(len(polygons)), last] = polygons[:, 0]
    return following


def _side(step: I4) -> I4:
    """Detour's number of a tile's side towards the neighbour at (columns, rows): x+ 0, z+ 2, x- 4, z- 6."""
    sides = np.full((3, 3), -1, np.int32)
    sides[2, 1], sides[1, 2], sides[0, 1], sides[1, 0] = 0, 2, 4, 6
    result = sides[step[:, 0] + 1, step[:, 1] + 1]
    if (result < 0).any():
        raise ValueError("an edge connects tiles that only touch at a corner")
    return result


def _details(corners: NDArray[np.intp]) -> tuple[NDArray[np.void], U1]:
    """Every polygon again as a fan of triangles, from which Detour takes heights."""
    details = np.zeros(len(corners), POLY_DETAIL)
    count = corners - 2
    details["triangle_base"] = np.cumsum(count) - count
    details["triangles"] = count
    owner = np.repeat(np.arange(len(corners)), count)
    second = np.arange(len(owner)) - details["triangle_base"][owner] + 1
    triangles = np.zeros((len(owner), 4), np.uint8)
    triangles[:, 1] = second
    triangles[:, 2] = second + 1
    # Two bits per edge: is it part of the polygon's border (DT_DETAIL_EDGE_BOUNDARY)?
    triangles[:, 3] = (1 << 2) | ((second == 1) << 0) | ((second + 2 == corners[owner]) << 4)
    return details, triangles


def _bounding_volumes(
    vertices: NDArray[np.float32], polys: NDArray[np.void], low: F8, quant: float
) -> NDArray[np.void]:
    """The tree of boxes in which Detour looks for polygons: depth first, inner nodes hold how far to skip."""
    used = np.arange(MAX_CORNERS) < polys["corners"][:, None]
    points = (vertices[polys["vertices"]].astype(np.float64) - low) * quant
    lows = np.floor(np.where(used[..., None], points, np.inf).min(axis=1)).astype(np.uint16)
    highs = np.ceil(np.where(used[..., None], points, -np.inf).max(axis=1)).astype(np.uint16)
    nodes = np.zeros(2 * len(polys) - 1, BV_NODE)
    stack = [(0, np.arange(len(polys)))]
    while stack:
        at, members = stack.pop()
        node = nodes[at]
        node["low"], node["high"] = lows[members].min(axis=0), highs[members].max(axis=0)
        if len(members) == 1:
            node["i"] = members[0]
            continue
        node["i"] = -(2 * len(members) - 1)
        axis = int(np.argmax(node["high"].astype(int) - node["low"]))
        members = members[np.argsort(lows[members, axis], kind="stable")]
        half = len(members) // 2
        stack.append((at + 1, members[:half]))
        stack.append((at + 2 * half, members[half:]))
    return nodes


def _bits(count: int) -> int:
    """How many bits Detour sets aside for indices below count: log2 of the next power of two."""
    return max(count - 1, 0).bit_length()
