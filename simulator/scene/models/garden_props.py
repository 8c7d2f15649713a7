"""What stands in gardens, parks and homes: plants, playground, furniture, bags, rubbish.

Each maker gets the length (x), width (y) and height of the prop's box and builds around the middle of its foot.
"""

from itertools import pairwise
from math import cos, pi, sin

from simulator.scene.mesh import BACKWARD, FORWARD, LEFT, RIGHT, UP, MeshBuilder, Point
from simulator.scene.models.palette import (
    BARK,
    BLACK,
    BLUE,
    CARDBOARD,
    CHROME,
    CLAY,
    CYPRESS_LEAVES,
    DARK_GREY,
    DARK_WOOD,
    DIRT,
    GREEN,
    GREY,
    LEAVES,
    LIGHT_GREY,
    ORANGE,
    PALM_LEAVES,
    RED,
    RUST,
    STEEL,
    STONE,
    STRAW,
    WARNING_LAMP,
    WHITE,
    WOOD,
    YELLOW,
)

_SIDES = ((-1.0, LEFT), (1.0, RIGHT))


# --- plants ----------------------------------------------------------------------------------------------------------


def broad_tree(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A forked trunk under five crowns."""
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.42 * height), (0.035 * height, 0.022 * height), 7, BARK)
    a, b = length / 2, width / 2
    for x, y, z, r in (
        (0.0, 0.0, 0.78, 0.62),
        (0.42, 0.10, 0.62, 0.55),
        (-0.44, 0.12, 0.64, 0.54),
        (0.05, 0.46, 0.60, 0.52),
        (-0.04, -0.46, 0.62, 0.53),
    ):
        mesh.cylinder((0.0, 0.0, 0.40 * height), (x * a, y * b, z * height), (0.018 * height, 0.006 * height), 4, BARK)
        mesh.ellipsoid((x * a, y * b, z * height), (r * a, r * b, 0.21 * height), 7, 5, LEAVES)


def cypress(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A slender flame of leaves."""
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.1 * height), 0.05 * length, 6, BARK)
    shares = ((0.05, 0.30), (0.12, 0.86), (0.28, 1.0), (0.52, 0.80), (0.76, 0.46), (1.0, 0.03))
    mesh.round_body([(z * height, 0.0, 0.0, s * length / 2, s * width / 2) for z, s in shares], 9, CYPRESS_LEAVES)


def palm(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A bare trunk and a tuft of fronds that hang."""
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.86 * height), (0.022 * height, 0.012 * height), 7, BARK)
    a, b, crown = length / 2, width / 2, 0.86 * height
    count = 9
    for k in range(count):
        angle = 2 * pi * k / count
        c, s = cos(angle), sin(angle)
        wide = 0.10
        spine = [(0.02, 0.0), (0.45, 0.13), (0.80, 0.06), (1.0, -0.06)]
        for (r0, z0), (r1, z1) in pairwise(spine):
            w0 = wide if r0 > 0.03 else 0.02
            w1 = wide if r1 < 1.0 else 0.02
            corners: list[Point] = []
            for r, z, w in ((r0, z0, -w0), (r1, z1, -w1), (r1, z1, w1), (r0, z0, w0)):
                corners.append((a * (r * c - w * s), b * (r * s + w * c), crown + z * height))
            mesh.patch(corners, PALM_LEAVES, UP)
            mesh.patch([(x, y, z - 0.004) for x, y, z in corners], PALM_LEAVES, (0.0, 0.0, -1.0))
    mesh.ellipsoid((0.0, 0.0, crown), (0.07 * a, 0.07 * b, 0.02 * height), 6, 3, BARK)
    mesh.cylinder((0.0, 0.0, crown), (0.0, 0.0, height), (0.03 * a, 0.004 * a), 4, PALM_LEAVES)


def plant_pot(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    if length > 1.8 * width or length > 1.2:  # a trough
        mesh.box((-a, -b, 0.0), (a, b, 0.55 * height), CLAY)
        count = max(2, round(length / max(width, 0.3) / 1.5))
        for k in range(count):
            x = -a + (k + 0.5) * length / count
            mesh.ellipsoid((x, 0.0, 0.66 * height), (0.52 * length / count, 0.9 * b, 0.34 * height), 6, 4, LEAVES)
        return
    mesh.round_body(
        [(z * height, 0.0, 0.0, s * a, s * b) for z, s in ((0.0, 0.55), (0.42, 0.78), (0.46, 0.82))], 8, CLAY
    )
    mesh.ellipsoid((0.0, 0.0, 0.70 * height), (a, b, 0.30 * height), 8, 4, LEAVES)


def hay_bale(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A roll that lies along x."""
    mesh.cylinder((-length / 2, 0.0, height / 2), (length / 2, 0.0, height / 2), height / 2, 12, STRAW, ends=WOOD)


# --- playground and garden -------------------------------------------------------------------------------------------


def slide(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A ladder at one end (y), a chute down to the other."""
    a, b = length / 2, width / 2
    platform = 0.62 * height
    for x in (-0.9 * a, 0.9 * a):
        for y in (-0.95 * b, -0.62 * b):
            mesh.box((x - 0.04, y - 0.04, 0.0), (x + 0.04, y + 0.04, height if y > -0.9 * b else platform + 0.3), BLUE)
    mesh.box((-a, -b, platform - 0.06), (a, -0.58 * b, platform), WOOD)
    for k in range(1, 5):
        z = k * platform / 5
        mesh.box((-0.9 * a, -b, z - 0.03), (0.9 * a, -0.97 * b, z + 0.03), BLUE)
    for x0, x1, rise in ((-0.7 * a, 0.7 * a, 0.0), (-0.8 * a, -0.7 * a, 0.18), (0.7 * a, 0.8 * a, 0.18)):
        ring = [
            [(x, -0.58 * b, platform - 0.06), (x, -0.58 * b, platform + rise), (x, b, 0.12 + rise), (x, b, 0.04)]
            for x in (x0, x1)
        ]
        mesh.loft(ring, YELLOW if rise == 0.0 else RED)


def swing(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    for x in (-0.97 * a, 0.97 * a):
        for y in (-0.95 * b, 0.95 * b):
            mesh.cylinder((x, y, 0.0), (0.94 * x, 0.0, height - 0.06), 0.045, 5, RED)
    mesh.cylinder((-a, 0.0, height - 0.06), (a, 0.0, height - 0.06), 0.05, 6, BLUE)
    for middle in (-0.42 * a, 0.42 * a):
        for x in (middle - 0.22, middle + 0.22):
            mesh.cylinder((x, 0.0, 0.5), (x, 0.0, height - 0.06), 0.012, 3, STEEL)
        mesh.box((middle - 0.25, -0.12, 0.45), (middle + 0.25, 0.12, 0.50), BLACK)


def trampoline(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A round mat, a blue edge, poles with a ring on top."""
    a, b, count = length / 2, width / 2, 8
    mesh.round_body([(0.30 * height, 0, 0, a, b), (0.34 * height, 0, 0, a, b)], 14, BLUE)
    mat = [(0.84 * a * cos(2 * pi * k / 14), 0.84 * b * sin(2 * pi * k / 14), 0.342 * height) for k in range(14)]
    mesh.patch(mat, BLACK, UP)
    for k in range(count):
        x, y = 0.95 * a * cos(2 * pi * (k + 0.5) / count), 0.95 * b * sin(2 * pi * (k + 0.5) / count)
        p, q = 0.95 * a * cos(2 * pi * (k + 1.5) / count), 0.95 * b * sin(2 * pi * (k + 1.5) / count)
        mesh.cylinder((x, y, 0.0), (x, y, height), 0.03, 4, STEEL)
        mesh.cylinder((x, y, height - 0.04), (p, q, height - 0.04), 0.02, 3, STEEL)


def swing_couch(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    mesh.box((-a, -b, height - 0.12), (a, b, height), GREEN, taper=0.9)
    for y in (-0.92 * b, 0.92 * b):
        for x in (-0.85 * a, 0.85 * a):
            mesh.cylinder((x, y, 0.0), (0.5 * x, y, height - 0.1), 0.035, 5, WHITE)
    mesh.box((-0.45 * a, -0.72 * b, 0.42), (0.45 * a, 0.72 * b, 0.56), ORANGE)
    mesh.box((-0.60 * a, -0.72 * b, 0.50), (-0.42 * a, 0.72 * b, 1.05), ORANGE)


def pergola(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    for x in (-0.86 * a, 0.86 * a):
        for y in (-0.86 * b, 0.86 * b):
            mesh.box((x - 0.10, y - 0.10, 0.0), (x + 0.10, y + 0.10, height - 0.3), WOOD)
        mesh.box((x - 0.08, -b, height - 0.34), (x + 0.08, b, height - 0.16), DARK_WOOD)
    for k in range(7):
        y = -b + 0.08 + k * (width - 0.16) / 6
        mesh.box((-a, y - 0.06, height - 0.16), (a, y + 0.06, height), WOOD)


def dog_house(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b, eave = length / 2, width / 2, 0.58 * height
    mesh.box((-0.84 * a, -0.9 * b, 0.0), (0.84 * a, 0.9 * b, eave), WOOD)
    roof: list[list[Point]] = [[(-a, y, eave - 0.06), (a, y, eave - 0.06), (0.0, y, height)] for y in (-b, b)]
    mesh.loft(roof, RED)
    for side, facing in _SIDES:
        mesh.panel((0.0, side * (0.9 * b + 0.004), 0.38 * eave + 0.05), facing, 0.7 * a, 0.7 * eave, BLACK)


def clothes_line(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    for x in (-a + 0.05, a - 0.05):
        mesh.cylinder((x, 0.0, 0.0), (x, 0.0, height), 0.05, 6, STEEL)
        mesh.box((x - 0.04, -b, height - 0.12), (x + 0.04, b, height - 0.04), STEEL)
    for k, (y, material) in enumerate(((-0.8 * b, WHITE), (0.8 * b, RED), (-0.8 * b, BLUE), (0.8 * b, WHITE))):
        x = (-0.6 + 0.4 * k) * a
        mesh.cylinder((-a, y, height - 0.08), (a, y, height - 0.08), 0.008, 3, LIGHT_GREY) if k < 2 else None
        mesh.box((x - 0.14 * a, y - 0.012, 0.42 * height), (x + 0.14 * a, y + 0.012, height - 0.08), material)


def barbecue(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    for x in (-0.5 * a, 0.5 * a):
        for y in (-0.6 * b, 0.6 * b):
            mesh.cylinder((x, y, 0.0), (x, y, 0.6 * height), 0.02, 4, STEEL)
    mesh.box((-a, -0.8 * b, 0.62 * height), (a, 0.8 * b, 0.66 * height), WOOD)
    levels = ((0.55, 0.5), (0.68, 0.95), (0.80, 0.95), (0.94, 0.6), (0.97, 0.2))
    mesh.round_body([(z * height, 0.0, 0.0, 0.7 * a * s, b * s) for z, s in levels], 8, BLACK)
    mesh.box((-0.1 * a, -0.06, 0.95 * height), (0.1 * a, 0.06, height), STEEL)
    mesh.cylinder((-0.5 * a, -b, 0.1 * height), (-0.5 * a, b, 0.1 * height), 0.1 * height, 8, BLACK)


def garden_lamp(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.6 * height), 0.25 * a, 6, BLACK)
    levels = ((0.58, 0.5), (0.62, 0.8), (0.84, 0.8))
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in levels], 6, [BLACK, WARNING_LAMP])
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in ((0.84, 1.0), (1.0, 0.2))], 6, BLACK)


def gnome(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    body = ((0.0, 0.9), (0.18, 1.0), (0.45, 0.75), (0.5, 0.5), (0.52, 0.55), (0.68, 0.5))
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in body], 8, [BLACK, BLUE, BLUE, WHITE, CARDBOARD])
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in ((0.66, 0.6), (1.0, 0.04))], 8, RED)


def watering_can(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.cylinder((0.0, -0.2 * width, 0.0), (0.0, -0.2 * width, 0.75 * height), length / 2, 8, GREEN)
    mesh.cylinder((0.0, 0.0, 0.25 * height), (0.0, 0.47 * width, height), 0.12 * length, 5, GREEN)


# --- furniture -------------------------------------------------------------------------------------------------------


def picnic_table(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A square table with a bench on each side."""
    a, b = length / 2, width / 2
    mesh.box((-0.55 * a, -0.55 * b, height - 0.06), (0.55 * a, 0.55 * b, height), WOOD)
    for sx in (-1.0, 1.0):
        xs = sorted((sx * 0.76 * a, sx * a))
        mesh.box((xs[0], -0.55 * b, 0.48 * height), (xs[1], 0.55 * b, 0.55 * height), WOOD)
        ys = sorted((sx * 0.76 * b, sx * b))
        mesh.box((-0.55 * a, ys[0], 0.48 * height), (0.55 * a, ys[1], 0.55 * height), WOOD)
        mesh.box((sx * 0.45 * a - 0.05, -0.88 * b, 0.0), (sx * 0.45 * a + 0.05, 0.88 * b, 0.46 * height), DARK_WOOD)


def parasol_table(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    mesh.round_body([(0.28 * height, 0, 0, 0.5 * a, 0.5 * b), (0.30 * height, 0, 0, 0.5 * a, 0.5 * b)], 10, WHITE)
    for x in (-0.32 * a, 0.32 * a):
        for y in (-0.32 * b, 0.32 * b):
            mesh.cylinder((x, y, 0.0), (x, y, 0.28 * height), 0.03, 4, WHITE)
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.95 * height), 0.03, 6, STEEL)
    levels = ((0.80, 1.0), (0.82, 1.0), (1.0, 0.04))
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in levels], 8, ORANGE)


def plastic_chair(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b, seat = length / 2, width / 2, 0.48 * height
    for x in (-0.85 * a, 0.85 * a):
        for y in (-0.85 * b, 0.85 * b):
            mesh.cylinder((x, y, 0.0), (0.9 * x, 0.9 * y, seat), 0.03, 4, WHITE)
    mesh.box((-a, -b, seat - 0.05), (a, b, seat), WHITE)
    mesh.box((-a, -0.95 * b, seat), (-0.8 * a, 0.95 * b, height), WHITE)
    for y in (-0.92 * b, 0.92 * b):
        mesh.box((-0.9 * a, y - 0.03, 0.70 * height), (0.8 * a, y + 0.03, 0.74 * height), WHITE)


def food_cart(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A stall on wheels with a striped canopy; it is long along y."""
    a, b = length / 2, width / 2
    mesh.box((-0.7 * a, -0.8 * b, 0.35), (0.7 * a, 0.8 * b, 0.36 * height), RED)
    mesh.box((-0.85 * a, -0.85 * b, 0.36 * height), (0.85 * a, 0.85 * b, 0.39 * height), LIGHT_GREY)
    for y in (-0.5 * b, 0.5 * b):
        for x in (-0.72 * a, 0.72 * a):
            mesh.cylinder((x - 0.05, y, 0.42), (x + 0.05, y, 0.42), 0.42, 10, BLACK, ends=WOOD)
    for y in (-0.78 * b, 0.78 * b):
        for x in (-0.65 * a, 0.65 * a):
            mesh.box((x - 0.04, y - 0.04, 0.36 * height), (x + 0.04, y + 0.04, 0.80 * height), STEEL)
    stripes = 6
    for k in range(stripes):
        y0, y1 = -b + k * width / stripes, -b + (k + 1) * width / stripes
        ring: list[list[Point]] = [
            [(-a, y, 0.78 * height), (a, y, 0.78 * height), (0.12 * a, y, height), (-0.12 * a, y, height)]
            for y in (y0, y1)
        ]
        mesh.loft(ring, WHITE if k % 2 else RED)


# --- boxes, bags and small things ------------------------------------------------------------------------------------


def barrel(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    levels = (
        (0.0, 0.95),
        (0.30, 0.97),
        (0.33, 1.0),
        (0.36, 0.97),
        (0.64, 0.97),
        (0.67, 1.0),
        (0.70, 0.97),
        (1.0, 0.95),
    )
    mesh.round_body(
        [(z * height, 0, 0, a * s, b * s) for z, s in levels], 10, [RUST, RUST, DARK_GREY, RUST, RUST, DARK_GREY, RUST]
    )


def carton(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height), CARDBOARD)
    mesh.patch(
        [(-length / 2, -0.06 * width, height + 0.003), (length / 2, -0.06 * width, height + 0.003),
         (length / 2, 0.06 * width, height + 0.003), (-length / 2, 0.06 * width, height + 0.003)], STRAW, UP,
    )  # fmt: skip
    for facing, x in ((FORWARD, length / 2 + 0.003), (BACKWARD, -length / 2 - 0.003)):
        mesh.panel((x, 0.0, 0.86 * height), facing, 0.12 * width, 0.28 * height, STRAW)


def flat_carton(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """Folded open: a creased sheet."""
    a, b = length / 2, width / 2
    rings: list[list[Point]] = []
    for x, rise in ((-a, 0.6), (-0.3 * a, 0.0), (0.2 * a, 0.5), (a, 0.1)):
        low, high = rise * 0.6 * height, (rise * 0.6 + 0.4) * height
        rings.append([(x, -b, low), (x, -b, high), (x, b, high), (x, b, low)])
    mesh.loft(rings, CARDBOARD)


def slab(mesh: MeshBuilder, length: float, width: float, height: float, colour: int = CLAY) -> None:
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height), colour, taper=0.97)


def steel_plate(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    slab(mesh, length, width, height, STEEL)


def phone(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    slab(mesh, length, width, height, BLACK)


def heap(mesh: MeshBuilder, length: float, width: float, height: float, colour: int = DIRT) -> None:
    """A low mound with some stones in it."""
    a, b = length / 2, width / 2
    mesh.round_body(
        [(z * height, 0, 0, a * s, b * s) for z, s in ((0.0, 1.0), (0.35, 0.85), (0.75, 0.5), (0.9, 0.2))], 9, colour
    )
    for k in range(5):
        angle, reach = 2.4 * k, 0.25 + 0.12 * k
        x, y, r = reach * a * cos(angle), reach * b * sin(angle), 0.07 * (1 + k % 3) * min(a, b)
        mesh.ellipsoid(
            (x, y, (0.70 - 0.1 * reach) * height),
            (r, r, 0.30 * height),
            5,
            3,
            STONE if colour == DIRT else (RED, BLUE, WHITE)[k % 3],
        )


def rubbish(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    heap(mesh, length, width, height, DARK_GREY)


def can(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, height), length / 2, 8, RED, ends=CHROME)


def litter(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.ellipsoid((0.0, 0.0, height / 2), (length / 2, width / 2, height / 2), 6, 3, LIGHT_GREY)


def bag(mesh: MeshBuilder, length: float, width: float, height: float, colour: int = BLACK) -> None:
    """A full sack, tied at the top."""
    a, b = length / 2, width / 2
    levels = ((0.0, 0.80), (0.15, 1.0), (0.50, 0.92), (0.76, 0.45), (0.84, 0.16), (1.0, 0.30))
    mesh.round_body([(z * height, 0, 0, a * s, b * s) for z, s in levels], 8, colour)


def white_bag(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    bag(mesh, length, width, height, WHITE)


def case(mesh: MeshBuilder, length: float, width: float, height: float, colour: int = DARK_WOOD) -> None:
    """A box with a handle."""
    a, b = length / 2, width / 2
    body = 0.82 * height
    mesh.box((-a, -b, 0.0), (a, b, body), colour, bevel=0.12 * min(a, b))
    across = a >= b
    reach = 0.35 * (a if across else b)
    for side in (-1.0, 1.0):
        x, y = (side * reach, 0.0) if across else (0.0, side * reach)
        mesh.box((x - 0.012, y - 0.012, body), (x + 0.012, y + 0.012, height), BLACK)
    x, y = (reach, 0.015) if across else (0.015, reach)
    mesh.box((-x, -y, height - 0.03), (x, y, height), BLACK)


def suitcase(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    case(mesh, length, width, height, BLUE)


def guitar_case(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b, z = length / 2, width / 2, height / 2
    for outline in (
        [(-a, -0.5), (-0.7 * a, -1.0), (-0.1 * a, -0.8), (-0.1 * a, 0.8), (-0.7 * a, 1.0), (-a, 0.5)],
        [(-0.1 * a, -0.8), (0.25 * a, -0.3), (0.25 * a, 0.3), (-0.1 * a, 0.8)],
        [(0.25 * a, -0.3), (a, -0.2), (a, 0.2), (0.25 * a, 0.3)],
    ):
        mesh.extrude([(x, z + s * z) for x, s in outline], -b, b, BLACK)


def helmet(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    levels = ((0.0, 0.85), (0.35, 1.0), (0.7, 0.85), (0.92, 0.5), (1.0, 0.2))
    mesh.round_body([(z * height, 0, 0, length / 2 * s, width / 2 * s) for z, s in levels], 9, [BLACK, RED, RED, RED])


def shopping_cart(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A wire basket on four wheels, its handle at one end (y)."""
    a, b = length / 2, width / 2
    for x in (-0.8 * a, 0.8 * a):
        mesh.cylinder((x, -0.8 * b, 0.07), (x, 0.8 * b, 0.07), 0.02, 4, STEEL)
        for y in (-0.8 * b, 0.8 * b):
            mesh.cylinder((x - 0.02, y, 0.06), (x + 0.02, y, 0.06), 0.06, 8, BLACK)
        mesh.cylinder((x, 0.8 * b, 0.07), (0.9 * a if x > 0 else -0.9 * a, -0.7 * b, 0.92 * height), 0.018, 4, STEEL)
    mesh.loft(
        [
            [
                (-0.7 * a, -0.5 * b, 0.42 * height),
                (0.7 * a, -0.5 * b, 0.42 * height),
                (0.7 * a, 0.8 * b, 0.42 * height),
                (-0.7 * a, 0.8 * b, 0.42 * height),
            ],
            [
                (-a, -0.75 * b, 0.90 * height),
                (a, -0.75 * b, 0.90 * height),
                (a, b, 0.84 * height),
                (-a, b, 0.84 * height),
            ],
        ],
        LIGHT_GREY,
        last=DARK_GREY,
    )
    mesh.cylinder((-a, -0.95 * b, 0.97 * height), (a, -0.95 * b, 0.97 * height), 0.03 * height, 6, RED)


def trolley_bag(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    mesh.box((-0.9 * a, -0.8 * b, 0.10 * height), (0.9 * a, b, 0.72 * height), RED, taper=0.9)
    for x in (-0.7 * a, 0.7 * a):
        mesh.cylinder((x, -0.8 * b, 0.05), (x, -0.95 * b, height), 0.018, 4, STEEL)
        mesh.cylinder((x - 0.03, -0.8 * b, 0.08 * height), (x + 0.03, -0.8 * b, 0.08 * height), 0.08 * height, 8, BLACK)
    mesh.box((-a, -b, height - 0.04), (a, -0.88 * b, height), BLACK)


def crate(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """What has no shape of its own: a grey box."""
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height), GREY)
