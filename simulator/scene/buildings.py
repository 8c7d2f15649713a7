"""Buildings: blocks with flat roofs that fill their boxes, and houses with a gable as high as theirs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.town import Boxes
from simulator.scene.chunks import F8, Layer, Part, part, quads
from simulator.scene.materials import Materials, linear
from simulator.scene.stamps import own_number, to_world
from simulator.scene.tables import I4, ROOF, WALL

_LAYER: Final = Layer(chunk_m=64.0)
_STOREY_M: Final = 3.2  # simulator.maps.furniture builds with it
_BASE_M: Final = 0.5  # and sets buildings so deep into the land at least
_MOST_STOREYS_OF_A_HOUSE: Final = 2
_GABLE: Final = 0.25  # of the height over the base
_WALLS: Final = tuple(
    linear(*rgb)
    for rgb in (
        (176, 160, 138), (150, 84, 66), (196, 188, 172), (122, 118, 112), (168, 130, 92), (138, 98, 80),
        (206, 196, 150), (104, 112, 120), (182, 146, 126), (140, 146, 130), (222, 216, 204), (92, 80, 74),
    )
)  # fmt: skip
_ROOFS: Final = tuple(linear(*rgb) for rgb in ((110, 60, 48), (72, 68, 66), (92, 84, 78), (128, 78, 56)))
_FLAT_ROOFS: Final = tuple(linear(*rgb) for rgb in ((96, 94, 90), (120, 116, 108), (78, 78, 80)))


def building_parts(boxes: Boxes, instance: I4, materials: Materials) -> list[Part]:
    """All boxes that are buildings; `instance` has the row of the instance table of each box."""
    rows = np.flatnonzero(boxes.label == town.BUILDINGS)
    if len(rows) == 0:
        return []
    roofs = [materials.add(f"roof {n}", kind=ROOF, colour=rgb) for n, rgb in enumerate(_ROOFS)]
    flat_roofs = [materials.add(f"flat roof {n}", kind=ROOF, colour=rgb) for n, rgb in enumerate(_FLAT_ROOFS)]
    boxes, rows = _longer_along_x(boxes, rows)
    height = 2.0 * boxes.half_z
    storeys = np.maximum(1.0, np.floor((height - _BASE_M + 0.01) / _STOREY_M))
    over_base = np.minimum(storeys * _STOREY_M, height)
    is_house = storeys <= _MOST_STOREYS_OF_A_HOUSE
    wall_height = np.where(is_house, (1.0 - _GABLE) * over_base, over_base)
    base = height - over_base
    eaves = (base + wall_height) / boxes.half_z - 1.0  # as a part of the half height
    own = own_number(boxes, np.arange(len(rows)), 1)
    spacing = 2.6 + 0.8 * own_number(boxes, np.arange(len(rows)), 2)
    wall = np.array(
        [
            materials.add(
                f"building {n}",
                kind=WALL,
                colour=_WALLS[int(own[n] * len(_WALLS))],
                params=(
                    float(spacing[n]),
                    float(wall_height[n] / storeys[n]),
                    0.4 + 0.25 * (own[n] * 7.0 % 1.0),
                    0.45 + 0.2 * (own[n] * 13.0 % 1.0),
                    float(own[n]),
                    float(wall_height[n]),
                ),
            )
            for n in range(len(rows))
        ]
    )
    which = own_number(boxes, np.arange(len(rows)), 3)
    house, block = np.flatnonzero(is_house), np.flatnonzero(~is_house)
    gable_roof = np.array(roofs)[(which * len(roofs)).astype(int)]
    flat_roof = np.array(flat_roofs)[(which * len(flat_roofs)).astype(int)]
    own_rows = instance[rows]
    return [
        *_walls(boxes, eaves, base, spacing, wall, own_rows),
        _flat_tops(boxes, block, flat_roof[block], own_rows[block]),
        *_gables(boxes, house, eaves, base, wall, gable_roof, own_rows),
    ]


def _longer_along_x(boxes: Boxes, rows: NDArray[np.intp]) -> tuple[Boxes, NDArray[np.intp]]:
    """The boxes of the rows, turned by a right angle where they are longer along y; and their rows as given."""
    chosen = Boxes(*(column[rows] for column in boxes))  # type: ignore[arg-type]  # of one kind each
    turn = chosen.half_y > chosen.half_x
    return (
        chosen._replace(
            half_x=np.where(turn, chosen.half_y, chosen.half_x),
            half_y=np.where(turn, chosen.half_x, chosen.half_y),
            yaw=chosen.yaw + np.where(turn, 0.5 * np.pi, 0.0),
        ),
        rows,
    )


def _walls(boxes: Boxes, eaves: F8, base: F8, spacing: F8, material: I4, instance: I4) -> list[Part]:
    """Four walls each. Windows come in whole numbers: u is stretched a little to the wall's length."""
    everything = np.arange(len(boxes.x))
    anchor = np.column_stack((boxes.x, boxes.y))
    parts = []
    for (x0, y0), (x1, y1), half in (
        ((-1, -1), (1, -1), boxes.half_x),
        ((1, -1), (1, 1), boxes.half_y),
        ((1, 1), (-1, 1), boxes.half_x),
        ((-1, 1), (-1, -1), boxes.half_y),
    ):
        local = np.zeros((len(everything), 4, 3))
        local[:, [0, 3], :2] = x0, y0
        local[:, [1, 2], :2] = x1, y1
        local[:, :2, 2] = -1.0
        local[:, 2:, 2] = eaves[:, None]
        uv = np.zeros((len(everything), 4, 2))
        uv[:, 1:3, 0] = (np.maximum(1.0, np.round(2.0 * half / spacing)) * spacing)[:, None]
        uv[:, :2, 1] = -base[:, None]
        uv[:, 2:, 1] = ((eaves + 1.0) * boxes.half_z - base)[:, None]
        parts.append(quads(_LAYER, to_world(boxes, everything, local), material, instance, uv, anchor))
    return parts


def _flat_tops(boxes: Boxes, rows: NDArray[np.intp], material: I4, instance: I4) -> Part:
    top = np.array([[-1.0, -1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    anchor = np.column_stack((boxes.x[rows], boxes.y[rows]))
    return quads(_LAYER, to_world(boxes, rows, top), material, instance, None, anchor)


def _gables(boxes: Boxes, rows: NDArray[np.intp], eaves: F8, base: F8, wall: I4, roof: I4, instance: I4) -> list[Part]:
    """Two slopes with the ridge along x, and the triangles of wall at both ends."""
    anchor = np.column_stack((boxes.x[rows], boxes.y[rows]))
    parts = []
    for side in (-1.0, 1.0):
        local = np.zeros((len(rows), 4, 3))
        local[:, [0, 3], 0] = side
        local[:, [1, 2], 0] = -side
        local[:, :2, 1] = side
        local[:, :2, 2] = eaves[rows, None]
        local[:, 2:, 2] = 1.0
        parts.append(quads(_LAYER, to_world(boxes, rows, local), roof[rows], instance[rows], None, anchor))
        end = np.zeros((len(rows), 3, 3))
        end[:, :, 0] = side
        end[:, 0, 1], end[:, 1, 1] = -side, side
        end[:, :2, 2] = eaves[rows, None]
        end[:, 2, 2] = 1.0
        uv = np.zeros((len(rows), 3, 2))
        uv[:, :, 0] = end[:, :, 1] * boxes.half_y[rows, None]
        uv[:, :, 1] = (end[:, :, 2] + 1.0) * boxes.half_z[rows, None] - base[rows, None]
        triangles = np.arange(len(rows) * 3).reshape(-1, 3)
        corners = to_world(boxes, rows, end).reshape(-1, 3)
        parts.append(part(_LAYER, corners, triangles, wall[rows], instance[rows], uv, anchor))
    return parts
