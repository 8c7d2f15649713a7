"""What carries the roads: banks and walls from their edges down to the land, and decks where they cross other roads.

The surface that one stands on is a sheet. Here it gets sides, so that no eye looks under it, and below bridges an
underside; nothing here is higher than the sheet.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps import town
from simulator.maps.ground import ground
from simulator.maps.land import terrain_height
from simulator.maps.town import Surface
from simulator.scene.chunks import F8, Layer, Part, part, quads
from simulator.scene.materials import Materials, linear
from simulator.scene.tables import I4, PLAIN

_LOW: Final = Layer(chunk_m=64.0, farthest_m=200.0)
_HIGH: Final = Layer(chunk_m=64.0)
_HIGH_FROM_M: Final = 1.0  # a bank of earth below, a wall of concrete from here on
_LEAST_DROP_M: Final = 0.02
_FOOT_M: Final = 0.3  # walls reach so far into the land, which may sink between their ends
_DECK_M: Final = 0.8  # thickness
_CLEARANCE_M: Final = 2.5  # a road this far below is crossed
_ABUTMENT_M: Final = 4.0  # decks go on so far beyond the road that they cross
_BESIDE_M: Final = 0.25  # where the neighbour of an edge is looked for
_SAME_ROAD_M: Final = 0.15


class _Edges(NamedTuple):
    """Edges of the surface's triangles, from a to b in the order of the triangle's corners."""

    a: I4
    b: I4
    triangle: I4
    other: I4  # the triangle beyond, -1 for none


def earthwork_parts(surface: Surface, materials: Materials) -> list[Part]:
    """Sides and undersides of all roads."""
    if len(surface.triangles) == 0:
        return []
    earth = materials.add("bank", kind=PLAIN, colour=linear(96, 98, 60), label=town.TERRAIN)
    concrete = materials.add("concrete", kind=PLAIN, colour=linear(148, 146, 140), label=town.BRIDGE)
    land = terrain_height(surface, surface.vertices[:, 0], surface.vertices[:, 1])
    is_deck = _decks(surface, surface.vertices[:, 2] - land > _CLEARANCE_M)
    edges = _edges(surface)
    deck, other_deck = is_deck[edges.triangle], is_deck[edges.other] & (edges.other >= 0)
    foot = land - _FOOT_M
    below = surface.vertices[:, 2] - _DECK_M
    parts = []
    ends = edges.other < 0
    to_the_land = np.flatnonzero(~deck & (ends | other_deck))
    drop = np.maximum(surface.vertices[edges.a, 2] - land[edges.a], surface.vertices[edges.b, 2] - land[edges.b])
    is_high = drop > _HIGH_FROM_M
    for layer, material, chosen in ((_LOW, earth, ~is_high & (drop > _LEAST_DROP_M)), (_HIGH, concrete, is_high)):
        rows = to_the_land[chosen[to_the_land]]
        parts.append(_walls(surface, edges.a[rows], edges.b[rows], foot, layer, material))
    rows = np.flatnonzero(deck & ends)
    parts.append(_walls(surface, edges.a[rows], edges.b[rows], below, _HIGH, concrete))
    lowered = surface.vertices - (0.0, 0.0, _DECK_M)
    parts.append(part(_HIGH, lowered, surface.triangles[is_deck][:, ::-1], concrete))
    return parts


def _walls(surface: Surface, a: I4, b: I4, bottom: F8, layer: Layer, material: int) -> Part:
    """Upright faces below edges, seen from outside of their triangles."""
    top_a, top_b = surface.vertices[a], surface.vertices[b]
    foot_a, foot_b = top_a.copy(), top_b.copy()
    foot_a[:, 2], foot_b[:, 2] = np.minimum(bottom[a], top_a[:, 2]), np.minimum(bottom[b], top_b[:, 2])
    return quads(layer, np.stack((top_b, top_a, foot_a, foot_b), axis=1), material)


def _edges(surface: Surface) -> _Edges:
    """Three for each triangle. Beyond an edge is the triangle that shares it, else whatever lies there as high."""
    t = surface.triangles
    a, b = t.ravel(), t[:, [1, 2, 0]].ravel()
    owner = np.repeat(np.arange(len(t), dtype=np.int32), 3)
    key = np.minimum(a, b) * np.int64(len(surface.vertices)) + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    other = np.full(len(key), -1, np.int32)
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    first, second = order[same], order[same + 1]
    other[first], other[second] = owner[second], owner[first]
    alone = np.flatnonzero(other < 0)
    other[alone] = _beyond(surface, a[alone], b[alone])
    return _Edges(a, b, owner, other)


@njit
def _beyond(surface, a, b):  # type: ignore[no-untyped-def]
    """The triangle just outside of each edge at its height, -1 for none."""
    found = np.full(len(a), -1, np.int32)
    for k in range(len(a)):
        ax, ay, az = surface.vertices[a[k], 0], surface.vertices[a[k], 1], surface.vertices[a[k], 2]
        bx, by, bz = surface.vertices[b[k], 0], surface.vertices[b[k], 1], surface.vertices[b[k], 2]
        length = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
        if length < 1e-6:
            continue
        x = 0.5 * (ax + bx) + (by - ay) / length * _BESIDE_M
        y = 0.5 * (ay + by) - (bx - ax) / length * _BESIDE_M
        z = 0.5 * (az + bz)
        height, _, _, _, triangle = ground(surface, x, y, z + _SAME_ROAD_M)
        if triangle >= 0 and height > z - _SAME_ROAD_M:
            found[k] = triangle
    return found


def _decks(surface: Surface, is_high: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which triangles are parts of bridges."""
    deck = np.zeros(len(surface.triangles), bool)
    high = np.flatnonzero(is_high[surface.triangles].any(axis=1))
    deck[high] = _crosses(surface, high)
    return deck


@njit
def _crosses(surface, triangles):  # type: ignore[no-untyped-def]
    """Whether a road lies below each triangle, or close beside what is below it."""
    found = np.zeros(len(triangles), np.bool_)
    for k in range(len(triangles)):
        corners = surface.vertices[surface.triangles[triangles[k]]]
        for place in range(28):
            # 7 places along one side of the triangle, and 3 further ones from each of them to the opposite corner.
            p = (place % 7) / 6.0
            q = (place // 7) / 3.0 * (1.0 - p)
            x = corners[0, 0] + p * (corners[1, 0] - corners[0, 0]) + q * (corners[2, 0] - corners[0, 0])
            y = corners[0, 1] + p * (corners[1, 1] - corners[0, 1]) + q * (corners[2, 1] - corners[0, 1])
            z = corners[0, 2] + p * (corners[1, 2] - corners[0, 2]) + q * (corners[2, 2] - corners[0, 2])
            for direction in range(9):
                reach = 0.0 if direction == 8 else _ABUTMENT_M
                angle = direction * 0.25 * np.pi
                at_x, at_y = x + reach * np.cos(angle), y + reach * np.sin(angle)
                if ground(surface, at_x, at_y, z - _CLEARANCE_M)[4] >= 0:
                    found[k] = True
                    break
            if found[k]:
                break
    return found
