"""Faces of traffic signs, painted by code: what a page of the atlas shows, and the plate that carries it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import U1, Mesh

SIZE: Final = 128  # pixels of a page's side
F8 = NDArray[np.float64]
Polyline = Sequence[tuple[float, float]]

_RED: Final = (178, 22, 28)
_WHITE: Final = (244, 244, 240)
_BLACK: Final = (18, 18, 20)


def _arc(x: float, y: float, rx: float, ry: float, begin_deg: float, end_deg: float, pieces: int = 10) -> Polyline:
    """Part of an ellipse; 0 degrees is right, 90 down."""
    angle = np.radians(np.linspace(begin_deg, end_deg, pieces + 1))
    return list(zip((x + rx * np.cos(angle)).tolist(), (y + ry * np.sin(angle)).tolist(), strict=True))


# Strokes of a glyph in a field that is 0.6 wide and 1 high, y downwards.
_GLYPHS: Final[dict[str, tuple[Polyline, ...]]] = {
    "0": (_arc(0.3, 0.5, 0.3, 0.5, 0, 360, 20),),
    "1": ([(0.08, 0.22), (0.36, 0.0), (0.36, 1.0)],),
    "2": ([*_arc(0.3, 0.29, 0.29, 0.29, 190, 390), (0.0, 1.0), (0.6, 1.0)],),
    "3": ([*_arc(0.29, 0.26, 0.26, 0.26, 200, 450), *_arc(0.29, 0.75, 0.3, 0.25, 270, 520)],),
    "4": ([(0.6, 0.7), (0.0, 0.7), (0.44, 0.0), (0.44, 1.0)],),
    "5": ([(0.56, 0.0), (0.1, 0.0), (0.06, 0.45), *_arc(0.28, 0.69, 0.31, 0.31, 230, 510)],),
    "6": ([(0.5, 0.02), (0.2, 0.3), (0.04, 0.6)], _arc(0.3, 0.7, 0.29, 0.3, 0, 360, 20)),
    "7": ([(0.0, 0.0), (0.6, 0.0), (0.18, 1.0)],),
    "8": (_arc(0.3, 0.25, 0.25, 0.25, 0, 360, 16), _arc(0.3, 0.75, 0.3, 0.25, 0, 360, 16)),
    "9": ([(0.1, 0.98), (0.4, 0.7), (0.56, 0.4)], _arc(0.3, 0.3, 0.29, 0.3, 0, 360, 20)),
    "S": ([*_arc(0.3, 0.26, 0.28, 0.26, 330, 90), *_arc(0.3, 0.76, 0.28, 0.24, 270, 510)],),
    "T": ([(0.0, 0.0), (0.6, 0.0)], [(0.3, 0.0), (0.3, 1.0)]),
    "O": (_arc(0.3, 0.5, 0.3, 0.5, 0, 360, 20),),
    "P": ([(0.05, 1.0), (0.05, 0.0), (0.3, 0.0), *_arc(0.3, 0.26, 0.28, 0.26, 270, 450), (0.05, 0.52)],),
}


def octagon() -> F8:
    """Corners of plates as [n, 2] x to the right, z up, in the square from -1 to 1; counted against the clock."""
    angle = np.radians(22.5 + 45.0 * np.arange(8))
    return np.column_stack((np.cos(angle), np.sin(angle))) / np.cos(np.radians(22.5))


def triangle() -> F8:
    """Standing on its tip."""
    return np.array([[-1.0, 1.0], [0.0, -1.0], [1.0, 1.0]])


def disc(sides: int = 16) -> F8:
    angle = 2.0 * np.pi * np.arange(sides) / sides
    return np.column_stack((np.cos(angle), np.sin(angle)))


def plate(outline: F8, face: int, back: int, front_y: float, back_y: float) -> Mesh:
    """A flat plate whose face looks along y, with the page's left upper corner at x = -1, z = 1; open at its rim,
    which is thinner than a pixel from anywhere."""
    count = len(outline)
    x, z = outline[:, 0], outline[:, 1]
    front, rear = (np.column_stack((x, np.full(count, y), z)) for y in (front_y, back_y))
    fan = np.array([(0, k, k + 1) for k in range(1, count - 1)])
    a, b, c = (front[fan[0, k]] for k in range(3))
    if np.cross(b - a, c - a)[1] < 0.0:
        fan = fan[:, ::-1]
    triangles = np.concatenate((fan, fan[:, ::-1] + count))
    page = np.column_stack((0.5 + 0.5 * x, 0.5 - 0.5 * z))
    uv = np.concatenate((page[fan], page[fan[:, ::-1]]))
    return Mesh(
        np.concatenate((front, rear)).astype(np.float32),
        triangles.astype(np.int32),
        np.repeat([face, back], len(fan)).astype(np.int32),
        uv.astype(np.float32),
        np.zeros(2 * count, np.uint8),
    )


def stop_face() -> U1:
    x, y = _grid()
    edge = np.max(np.abs(np.stack((x, y, (x + y) / np.sqrt(2.0), (x - y) / np.sqrt(2.0)))), axis=0)
    image = _filled(_WHITE)
    _paint(image, 0.92 - edge, _RED)
    _write(image, "STOP", height=0.62, width=0.30, pitch=0.40, stroke=0.055, colour=_WHITE)
    return _bytes(image)


def yield_face() -> U1:
    x, y = _grid()
    root = np.sqrt(5.0)  # the sides fall two for each one across
    inside = np.minimum(1.0 + y, (1.0 - y - 2.0 * np.abs(x)) / root)
    image = _filled(_RED)
    _paint(image, inside - 0.19, _WHITE)
    return _bytes(image)


def speed_face(kmh: int) -> U1:
    x, y = _grid()
    radius = np.hypot(x, y)
    image = _filled(_WHITE)
    _paint(image, radius - 0.74, _RED)
    _paint(image, radius - 0.98, _WHITE)
    digits = str(kmh)
    narrow = 0.30 if len(digits) > 2 else 0.40
    _write(image, digits, height=0.72, width=narrow, pitch=narrow + 0.13, stroke=0.065, colour=_BLACK)
    return _bytes(image)


# --- painting --------------------------------------------------------------------------------------------------------


def _grid() -> tuple[F8, F8]:
    """x to the right, y down, from -1 to 1 at the pixels' middles."""
    line = (np.arange(SIZE) + 0.5) * (2.0 / SIZE) - 1.0
    y, x = np.meshgrid(line, line, indexing="ij")
    return x, y


def _filled(colour: tuple[int, int, int]) -> F8:
    return np.tile(np.array(colour, np.float64), (SIZE, SIZE, 1))


def _paint(image: F8, inside: F8, colour: tuple[int, int, int]) -> None:
    """Where the distance inside an edge is positive, blended over the pixel that the edge crosses."""
    cover = np.clip(inside * (0.5 * SIZE) + 0.5, 0.0, 1.0)[:, :, None]
    image += cover * (np.array(colour, np.float64) - image)


def _write(
    image: F8, text: str, height: float, width: float, pitch: float, stroke: float, colour: tuple[int, int, int]
) -> None:
    """Glyphs side by side around the middle; `stroke` is half the width of a stroke."""
    x, y = _grid()
    left = -0.5 * (pitch * (len(text) - 1) + width)
    for n, letter in enumerate(text):
        nearest = np.full(x.shape, np.inf)
        for line in _GLYPHS[letter]:
            points = np.array(line) * (width / 0.6, height) + (left + n * pitch, -0.5 * height)
            for a, b in pairwise(points):
                nearest = np.minimum(nearest, _distance(x, y, a, b))
        _paint(image, stroke - nearest, colour)


def _distance(x: F8, y: F8, a: F8, b: F8) -> F8:
    """From a piece of a line."""
    along = b - a
    share = np.clip(((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(float(along @ along), 1e-12), 0.0, 1.0)
    found: F8 = np.hypot(x - a[0] - share * along[0], y - a[1] - share * along[1])
    return found


def _bytes(image: F8) -> U1:
    return np.round(image).astype(np.uint8)
