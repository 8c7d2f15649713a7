"""Trees: a trunk in its box and a crown in the box above it, in a few shapes and greens, and coarser from afar."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.town import Boxes
from simulator.scene.chunks import Layer, Part
from simulator.scene.materials import Materials, linear
from simulator.scene.mesh import MeshBuilder, fitted
from simulator.scene.stamps import own_number, stamp
from simulator.scene.tables import FOLIAGE, I4, PLAIN, Mesh

_NEAR: Final = Layer(chunk_m=64.0, farthest_m=70.0)
_FAR: Final = Layer(chunk_m=64.0, nearest_m=70.0, farthest_m=600.0)
_LEAVES: Final = tuple(
    linear(*rgb)
    for rgb in ((70, 104, 44), (86, 116, 52), (58, 92, 48), (104, 120, 54), (76, 96, 40), (52, 84, 56))
)  # fmt: skip
_DARK: Final = (0, 2, 5)  # needles
_BARK: Final = linear(86, 68, 52)

# Crowns as (height, radius) from the lowest to the highest, both as parts of the box; the widest ring touches it.
_CROWNS: Final = (
    ((-1.0, 0.0), (-0.75, 0.66), (-0.25, 1.0), (0.3, 0.94), (0.75, 0.6), (1.0, 0.0)),  # round
    ((-1.0, 0.0), (-0.9, 0.7), (-0.55, 1.0), (0.1, 0.8), (0.65, 0.45), (1.0, 0.0)),  # an egg
    ((-1.0, 0.0), (-0.95, 1.0), (-0.35, 0.62), (-0.3, 0.8), (0.3, 0.36), (0.35, 0.5), (1.0, 0.0)),  # a fir
    ((-1.0, 0.0), (-0.6, 0.55), (0.1, 0.9), (0.5, 1.0), (0.85, 0.65), (1.0, 0.0)),  # an umbrella
)
_FAR_CROWNS: Final = (
    ((-1.0, 0.0), (-0.4, 1.0), (0.5, 0.85), (1.0, 0.0)),
    ((-1.0, 0.0), (-0.65, 1.0), (0.3, 0.7), (1.0, 0.0)),
    ((-1.0, 0.0), (-0.95, 1.0), (0.1, 0.55), (1.0, 0.0)),
    ((-1.0, 0.0), (-0.1, 0.75), (0.55, 1.0), (1.0, 0.0)),
)
_FIR: Final = 2  # in both lists
_BUMPS: Final = 0.16  # how far a crown's corners lie off its round shape, as a part of the radius


def tree_parts(boxes: Boxes, instance: I4, materials: Materials) -> list[Part]:
    """All boxes of vegetation: those that collide are trunks, the others crowns."""
    leaves = np.array([materials.add(f"leaves {n}", kind=FOLIAGE, colour=rgb) for n, rgb in enumerate(_LEAVES)])
    bark = materials.add("bark", kind=PLAIN, colour=_BARK)
    green = boxes.label == town.VEGETATION
    trunks, crowns = np.flatnonzero(green & (boxes.solid == 1)), np.flatnonzero(green & (boxes.solid == 0))
    parts = [
        stamp(layer, _trunk(bark, sides), boxes, trunks, instance[trunks]) for layer, sides in ((_NEAR, 6), (_FAR, 4))
    ]
    shape = (own_number(boxes, crowns, 4) * len(_CROWNS)).astype(int)
    lot = own_number(boxes, crowns, 5)
    dark = leaves[list(_DARK)]
    colour = np.where(shape == _FIR, dark[(lot * len(dark)).astype(int)], leaves[(lot * len(leaves)).astype(int)])
    for n in range(len(_CROWNS)):
        chosen = crowns[shape == n]
        for layer, profile, sides in ((_NEAR, _CROWNS[n], 9), (_FAR, _FAR_CROWNS[n], 5)):
            mesh = _crown(profile, sides, n)
            material = _for_each(colour[shape == n], len(mesh.triangles))
            parts.append(stamp(layer, mesh, boxes, chosen, instance[chosen], material))
    return parts


def _for_each(rows: NDArray[np.int64], triangles: int) -> I4:
    return np.repeat(rows.astype(np.int32), triangles).reshape(len(rows), triangles)


def _trunk(material: int, sides: int) -> Mesh:
    build = MeshBuilder()
    build.cylinder((0.0, 0.0, -1.0), (0.0, 0.0, 1.0), (1.0, 0.7), sides, material)
    return fitted(build.build(), (-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))


def _crown(profile: tuple[tuple[float, float], ...], sides: int, seed: int) -> Mesh:
    """A lumpy body of rotation, with one corner at the foot and one at the top."""
    rng = np.random.default_rng(seed)
    rings = []
    for height, radius in profile[1:-1]:
        angle = 2.0 * np.pi * (np.arange(sides) + rng.uniform(-0.25, 0.25, sides)) / sides
        bumpy = radius * (1.0 - rng.uniform(0.0, _BUMPS, sides))
        tall = height + rng.uniform(-0.05, 0.05, sides)
        rings.append(np.column_stack((bumpy * np.cos(angle), bumpy * np.sin(angle), tall)))
    vertices = np.concatenate(([[0.0, 0.0, -1.0]], *rings, [[0.0, 0.0, 1.0]]))
    triangles = []
    top = len(vertices) - 1
    for k in range(sides):
        j = (k + 1) % sides
        triangles += [(0, 1 + j, 1 + k), (top, top - sides + k, top - sides + j)]
        for ring in range(len(rings) - 1):
            low = 1 + ring * sides
            high = low + sides
            triangles += [(low + k, low + j, high + j), (low + k, high + j, high + k)]
    count = len(triangles)
    mesh = Mesh(
        vertices.astype(np.float32),
        np.array(triangles, np.int32),
        np.zeros(count, np.int32),
        np.zeros((count, 3, 2), np.float32),
        np.zeros(len(vertices), np.uint8),
    )
    return fitted(mesh, (-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
