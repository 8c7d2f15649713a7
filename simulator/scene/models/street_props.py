"""What stands in streets: cones, barriers, warning signs, bins, benches, shelters, machines.

Each maker gets the length (x), width (y) and height of the prop's box and builds around the middle of its foot.
"""

from itertools import pairwise
from math import cos, pi, sin

from simulator.scene.mesh import LEFT, RIGHT, UP, MeshBuilder, Point
from simulator.scene.models.palette import (
    BLACK,
    BLUE,
    CONE_ORANGE,
    DARK_GREY,
    GREEN,
    LIGHT_GREY,
    PANE,
    RED,
    RIM_DARK,
    SCREEN,
    SIGNAL_RED,
    SIGNAL_WHITE,
    SIGNAL_YELLOW,
    STEEL,
    STONE,
    TYRE,
    WARNING_LAMP,
    WATER,
    WHITE,
    WOOD,
    YELLOW,
)

_SIDES = ((-1.0, LEFT), (1.0, RIGHT))


def cone(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A square foot and a banded cone."""
    foot = 0.06 * height
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, foot), CONE_ORANGE, bevel=0.12 * length)
    r = 0.36 * min(length, width)
    shares = (0.0, 0.36, 0.58, 0.70, 0.86, 1.0)
    levels = [(foot + s * (height - foot), 0.0, 0.0, r * (1 - 0.86 * s), r * (1 - 0.86 * s)) for s in shares]
    mesh.round_body(levels, 10, [CONE_ORANGE, SIGNAL_WHITE, CONE_ORANGE, SIGNAL_WHITE, CONE_ORANGE])


def delineator(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A slim guide post on a rubber foot."""
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, 0.07), BLACK, taper=0.8)
    r = 0.24 * min(length, width)
    levels = [
        (0.07 + s * (height - 0.07), 0.0, 0.0, r * (1 - 0.3 * s), r * (1 - 0.3 * s))
        for s in (0, 0.5, 0.65, 0.75, 0.9, 1)
    ]
    mesh.round_body(levels, 8, [CONE_ORANGE, SIGNAL_WHITE, CONE_ORANGE, SIGNAL_WHITE, CONE_ORANGE])


def barrier(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """Two legs, two boards striped red and white, a lamp on one end."""
    for side in (-1.0, 1.0):
        x = side * 0.40 * length
        mesh.loft(
            [
                [
                    (x - 0.03, -width / 2, 0.0),
                    (x + 0.03, -width / 2, 0.0),
                    (x + 0.03, width / 2, 0.0),
                    (x - 0.03, width / 2, 0.0),
                ],
                [
                    (x - 0.03, -0.03, 0.9 * height),
                    (x + 0.03, -0.03, 0.9 * height),
                    (x + 0.03, 0.03, 0.9 * height),
                    (x - 0.03, 0.03, 0.9 * height),
                ],
            ],
            SIGNAL_YELLOW,
        )
    for low, high in ((0.62, 0.90), (0.22, 0.42)):
        _striped_board(mesh, length, 0.05, low * height, high * height)
    mesh.cylinder((0.42 * length, 0.0, 0.9 * height), (0.42 * length, 0.0, height), 0.06, 6, WARNING_LAMP)


def _striped_board(
    mesh: MeshBuilder, length: float, half_width: float, low: float, high: float, count: int = 6
) -> None:
    mesh.box((-length / 2, -half_width, low), (length / 2, half_width, high), SIGNAL_WHITE)
    step = length / count
    slant = min(0.5 * step, high - low)
    for side, facing in _SIDES:
        y = side * (half_width + 0.004)
        for k in range(count):
            x = -length / 2 + k * step
            mesh.patch(
                [(x, y, low), (x + 0.5 * step, y, low), (x + 0.5 * step + slant, y, high), (x + slant, y, high)],
                SIGNAL_RED,
                facing,
            )


def warning_sign(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A warning triangle on four legs, seen from both sides."""
    low = 0.34 * height
    half = length / 2
    for x in (-0.55 * half, 0.55 * half):
        for y in (-width / 2 + 0.03, width / 2 - 0.03):
            mesh.cylinder((x, y, 0.0), (0.6 * x, 0.0, low + 0.1), 0.025, 4, STEEL)
    mesh.extrude([(-half, low), (half, low), (0.0, height)], -0.02, 0.02, SIGNAL_RED)
    tall = height - low
    for side, facing in _SIDES:
        y = side * 0.026
        inner = [(-0.68 * half, low + 0.11 * tall), (0.68 * half, low + 0.11 * tall), (0.0, low + 0.80 * tall)]
        mesh.patch([(x, y, z) for x, z in inner], SIGNAL_WHITE, facing)
        y = side * 0.032
        mesh.panel((0.0, y, low + 0.44 * tall), facing, 0.14 * half, 0.30 * tall, BLACK)
        mesh.panel((0.0, y, low + 0.20 * tall), facing, 0.14 * half, 0.08 * tall, BLACK)


def warning_trailer(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A trailer with a tall board: a lit arrow above red and white stripes, on both of its faces."""
    mesh.box((-0.36 * length, -0.46 * width, 0.38), (0.36 * length, 0.36 * width, 0.62), SIGNAL_YELLOW)
    mesh.box((-0.05, 0.30 * width, 0.40), (0.05, width / 2, 0.50), DARK_GREY)
    mesh.box((-0.05, -width / 2, 0.40), (0.05, -0.40 * width, 0.50), DARK_GREY)
    for side in (-1.0, 1.0):
        mesh.cylinder(
            (side * 0.37 * length, 0.0, 0.30), (side * 0.45 * length, 0.0, 0.30), 0.30, 10, TYRE, ends=RIM_DARK
        )
        mesh.box((side * 0.20 * length - 0.05, -0.10, 0.6), (side * 0.20 * length + 0.05, 0.0, height - 0.1), DARK_GREY)
    half = length / 2
    mesh.box((-half, -0.16, 0.95), (half, -0.10, height), BLACK)
    for side, facing in _SIDES:
        y = -0.13 + side * 0.036
        low, split = 1.0, 1.75
        step = (length - 0.1) / 5
        mesh.panel((0.0, y, 0.5 * (low + split)), facing, length - 0.1, split - low, SIGNAL_WHITE)
        for k in range(5):
            x = -half + 0.05 + k * step
            corners = [(x, y + side * 0.004, low), (x + 0.45 * step, y + side * 0.004, low)]
            corners += [(x + step, y + side * 0.004, split), (x + 0.55 * step, y + side * 0.004, split)]
            mesh.patch(corners, SIGNAL_RED, facing)
        _arrow(mesh, y + side * 0.002, 0.5 * (split + height), 0.36 * (height - split), facing)


def _arrow(mesh: MeshBuilder, y: float, z: float, size: float, facing: Point) -> None:
    """An arrow of lamps that points down and aside, away from the closed lane: a shaft and a head."""
    turn = cos(pi / 4)

    def at(along: float, across: float) -> Point:
        x = size * turn * (along + across)
        return (x, y, z + size * turn * (across - along))

    mesh.patch([at(-1.0, -0.16), at(0.2, -0.16), at(0.2, 0.16), at(-1.0, 0.16)], WARNING_LAMP, facing)
    mesh.patch([at(0.1, -0.60), at(1.0, 0.0), at(0.1, 0.60)], WARNING_LAMP, facing)


def chain_barrier(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    r = width / 2
    for side in (-1.0, 1.0):
        x = side * (length / 2 - r)
        mesh.cylinder((x, 0.0, 0.0), (x, 0.0, 0.06), r, 8, DARK_GREY)
        mesh.cylinder((x, 0.0, 0.06), (x, 0.0, height), 0.4 * r, 6, SIGNAL_RED)
    points = [
        (-0.42 * length, 0.86 * height),
        (-0.15 * length, 0.62 * height),
        (0.15 * length, 0.62 * height),
        (0.42 * length, 0.86 * height),
    ]
    for (x0, z0), (x1, z1) in pairwise(points):
        mesh.cylinder((x0, 0.0, z0), (x1, 0.0, z1), 0.02, 4, SIGNAL_WHITE)


def post(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.cylinder((0.0, 0.0, 0.0), (0.0, 0.0, 0.07 * height), length / 2, 8, DARK_GREY)
    mesh.cylinder((0.0, 0.0, 0.05), (0.0, 0.0, height), 0.2 * length, 6, SIGNAL_RED)


def street_sign(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A board on two posts."""
    board = min(0.45 * height, 0.8 * length)
    for x in (-0.36 * length, 0.36 * length):
        mesh.cylinder((x, 0.0, 0.0), (x, 0.0, height - 0.5 * board), 0.4 * width, 6, STEEL)
    mesh.box((-length / 2, -width / 2, height - board), (length / 2, width / 2, height), STEEL)
    for side, facing in _SIDES:
        y = side * (width / 2 + 0.002)
        mesh.panel((0.0, y, height - 0.5 * board), facing, 0.96 * length, 0.92 * board, BLUE)
        for k in (0.3, 0.6):
            mesh.panel((0.0, y + side * 0.002, height - k * board), facing, 0.7 * length, 0.10 * board, SIGNAL_WHITE)


def advertisement(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.box((-0.35 * length, -0.3 * width, 0.0), (0.35 * length, 0.3 * width, 0.2 * height), DARK_GREY)
    mesh.box((-length / 2, -width / 2, 0.18 * height), (length / 2, width / 2, height), DARK_GREY)
    for side, facing in _SIDES:
        y = side * (width / 2 + 0.003)
        mesh.panel((0.0, y, 0.59 * height), facing, 0.88 * length, 0.72 * height, WHITE)
        mesh.panel((0.0, y + side * 0.003, 0.68 * height), facing, 0.74 * length, 0.36 * height, SCREEN)
        mesh.panel((0.0, y + side * 0.003, 0.36 * height), facing, 0.74 * length, 0.08 * height, RED)


def _shelter(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """Roof on posts, panes behind and at one end, a bench."""
    mesh.box((-length / 2, -width / 2, height - 0.14), (length / 2, width / 2, height), DARK_GREY, taper=0.97)
    back = -width / 2 + 0.12
    for x in (-0.46 * length, 0.46 * length):
        for y in (back, 0.30 * width):
            mesh.box((x - 0.05, y - 0.05, 0.0), (x + 0.05, y + 0.05, height - 0.12), STEEL)
    mesh.box((-0.45 * length, back - 0.02, 0.25), (0.45 * length, back + 0.02, height - 0.35), PANE)
    mesh.box((-0.47 * length, back, 0.25), (-0.45 * length, 0.28 * width, height - 0.35), PANE)
    mesh.box((-0.38 * length, back + 0.12, 0.42), (0.20 * length, back + 0.50, 0.50), WOOD)
    for x in (-0.30 * length, 0.12 * length):
        mesh.box((x - 0.04, back + 0.16, 0.0), (x + 0.04, back + 0.46, 0.43), STEEL)
    mesh.box((0.43 * length, 0.05 * width, 0.3), (0.49 * length, 0.28 * width, height - 0.4), BLUE)


def shelter(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    if length >= width:
        _shelter(mesh, length, width, height)
        return
    turned = MeshBuilder()
    _shelter(turned, width, length, height)
    mesh.add_turned(turned)


def bench(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """With a back where it is high."""
    with_back = height > 0.7
    seat = 0.46 * height if with_back else height
    for x in (-0.36 * length, 0.36 * length):
        mesh.box((x - 0.04, -width / 2, 0.0), (x + 0.04, width / 2, seat - 0.05), DARK_GREY)
        if with_back:
            mesh.box((x - 0.03, -width / 2, seat - 0.05), (x + 0.03, -width / 2 + 0.06, height - 0.02), DARK_GREY)
    for k in range(3):
        y = -width / 2 + (k + 0.5) * width / 3
        mesh.box((-length / 2, y - 0.13 * width, seat - 0.05), (length / 2, y + 0.13 * width, seat), WOOD)
    if with_back:
        for share in (0.66, 0.88):
            y = -width / 2 + 0.05
            mesh.box((-length / 2, y, share * height), (length / 2, y + 0.05, share * height + 0.12 * height), WOOD)


def bin_(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A round litter bin with a rim."""
    a, b = length / 2, width / 2
    levels = [(0.0, 0.8), (0.78, 0.94), (0.82, 1.0), (0.90, 1.0), (1.0, 0.7)]
    mesh.round_body(
        [(z * height, 0.0, 0.0, a * s, b * s) for z, s in levels], 10, [GREEN, DARK_GREY, DARK_GREY, DARK_GREY]
    )


def square_bin(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """On two small wheels, with a lid that leans forward."""
    a, b = length / 2, width / 2
    mesh.box((-0.8 * a, -0.8 * b, 0.08 * height), (0.8 * a, 0.8 * b, 0.12 * height), BLACK)
    mesh.loft(
        [
            [(-s * a, -s * b, z), (s * a, -s * b, z), (s * a, s * b, z), (-s * a, s * b, z)]
            for s, z in ((0.78, 0.10 * height), (0.95, 0.86 * height))
        ],
        GREEN,
    )
    mesh.box((-a, -b, 0.86 * height), (a, b, height), DARK_GREY, taper=0.86)
    for side in (-1.0, 1.0):
        mesh.cylinder(
            (-0.7 * a, side * 0.6 * b, 0.1 * height), (-0.7 * a, side * 0.95 * b, 0.1 * height), 0.1 * height, 8, BLACK
        )


def container(mesh: MeshBuilder, length: float, width: float, height: float, colour: int = GREEN) -> None:
    """A collecting container: a body that widens, a lid, openings."""
    a, b = length / 2, width / 2
    for x in (-0.8 * a, 0.8 * a):
        for y in (-0.8 * b, 0.8 * b):
            mesh.box((x - 0.07, y - 0.07, 0.0), (x + 0.07, y + 0.07, 0.13 * height), BLACK)
    mesh.loft(
        [
            [(-s * a, -s * b, z), (s * a, -s * b, z), (s * a, s * b, z), (-s * a, s * b, z)]
            for s, z in ((0.86, 0.10 * height), (0.97, 0.72 * height))
        ],
        colour,
    )
    mesh.box((-a, -b, 0.72 * height), (a, b, height), DARK_GREY, taper=0.80)
    for side, facing in _SIDES:
        mesh.panel((0.0, side * 0.965 * b, 0.60 * height), facing, 0.9 * a, 0.12 * height, WHITE, lean=-0.02)


def cloth_container(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    container(mesh, length, width, height, YELLOW)


def glass_container(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    a, b = length / 2, width / 2
    levels = [(0.0, 0.86), (0.06, 1.0), (0.62, 1.0), (0.86, 0.80), (1.0, 0.32)]
    mesh.round_body([(z * height, 0.0, 0.0, a * s, b * s) for z, s in levels], 12, [GREEN, GREEN, GREEN, DARK_GREY])
    for side, facing in _SIDES:
        mesh.panel((0.0, side * 0.99 * b, 0.5 * height), facing, 0.36 * a, 0.2 * height, BLACK)


def machine(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A vending machine: lit front with shelves."""
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height), RED)
    for sign, facing in ((-1.0, (-1.0, 0.0, 0.0)), (1.0, (1.0, 0.0, 0.0))):
        x = sign * (length / 2 + 0.004)
        mesh.panel((x, -0.10 * width, 0.58 * height), facing, 0.62 * width, 0.66 * height, SCREEN)
        for k in range(4):
            mesh.panel(
                (x + sign * 0.003, -0.10 * width, (0.32 + 0.15 * k) * height),
                facing,
                0.54 * width,
                0.06 * height,
                YELLOW,
            )
        mesh.panel((x, 0.34 * width, 0.60 * height), facing, 0.16 * width, 0.24 * height, LIGHT_GREY)
        mesh.panel((x, -0.10 * width, 0.12 * height), facing, 0.5 * width, 0.1 * height, BLACK)


def cash_machine(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, 0.86 * height), LIGHT_GREY)
    mesh.box((-length / 2, -width / 2, 0.86 * height), (length / 2, width / 2, height), BLUE)
    for sign, facing in ((-1.0, (-1.0, 0.0, 0.0)), (1.0, (1.0, 0.0, 0.0))):
        x = sign * (length / 2 + 0.004)
        mesh.panel((x, 0.0, 0.66 * height), facing, 0.6 * width, 0.18 * height, SCREEN)
        mesh.panel((x, 0.0, 0.48 * height), facing, 0.6 * width, 0.08 * height, DARK_GREY)


def kiosk(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """Eight-sided, with a counter and a pointed roof."""
    a, b = 0.82 * length / 2, 0.82 * width / 2
    levels = [(0.0, 1.0), (0.34, 1.0), (0.36, 1.08), (0.38, 0.98), (0.70, 0.98)]
    mesh.round_body([(z * height, 0.0, 0.0, a * s, b * s) for z, s in levels], 8, [GREEN, STONE, GREEN, PANE])
    eave = 0.5 * length / cos(pi / 8) / a
    mesh.round_body(
        [(z * height, 0.0, 0.0, a * s, b * s) for z, s in ((0.70, eave), (0.75, eave), (0.92, 0.35), (1.0, 0.06))],
        8,
        GREEN,
    )


def mailbox(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.box((-0.3 * length, -0.3 * width, 0.0), (0.3 * length, 0.3 * width, 0.35 * height), DARK_GREY)
    outline = [(-0.5, 0.32), (0.5, 0.32), (0.5, 0.84), (0.3, 0.97), (0.0, 1.0), (-0.3, 0.97), (-0.5, 0.84)]
    mesh.extrude([(x * length, z * height) for x, z in outline], -width / 2, width / 2, BLUE)
    for side, facing in _SIDES:
        mesh.panel((0.0, side * (width / 2 + 0.003), 0.78 * height), facing, 0.5 * length, 0.05 * height, BLACK)


def map_table(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    for x in (-0.4 * length, 0.4 * length):
        mesh.box((x - 0.05, -0.05, 0.0), (x + 0.05, 0.05, 0.75 * height), WOOD)
    low, high = 0.70 * height, height
    front, back = -width / 2, width / 2
    mesh.loft(
        [
            [(x, front, low - 0.04), (x, front, low), (x, back, high), (x, back, high - 0.04)]
            for x in (-length / 2, length / 2)
        ],
        WOOD,
    )
    chart: list[Point] = []
    for x, share in ((-0.45, 0.06), (0.45, 0.06), (0.45, 0.94), (-0.45, 0.94)):
        chart.append((x * length, front + share * width, low + share * (high - low) + 0.012))
    mesh.patch(chart, SCREEN, UP)


def fountain(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A wide basin with a column and two bowls."""
    a, b = length / 2, width / 2
    mesh.round_body([(0.0, 0.0, 0.0, a, b), (0.12 * height, 0.0, 0.0, a, b)], 14, STONE)
    _disc(mesh, 0.92 * a, 0.92 * b, 0.12 * height + 0.004, WATER, 14)
    levels = [(0.10, 0.22), (0.16, 0.10), (0.42, 0.08), (0.50, 0.44), (0.54, 0.46)]
    mesh.round_body([(z * height, 0.0, 0.0, a * s, b * s) for z, s in levels], 10, STONE)
    levels = [(0.52, 0.10), (0.74, 0.05), (0.80, 0.20), (0.83, 0.22), (1.0, 0.03)]
    mesh.round_body([(z * height, 0.0, 0.0, a * s, b * s) for z, s in levels], 8, STONE)


def _disc(mesh: MeshBuilder, a: float, b: float, z: float, material: int, sides: int) -> None:
    corners = [(a * cos(2 * pi * k / sides), b * sin(2 * pi * k / sides), z) for k in range(sides)]
    mesh.patch(corners, material, UP)


def drinking_fountain(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, -width / 2 + 0.4 * width, 0.9 * height), STONE, taper=0.9)
    mesh.box((-length / 2, -width / 2, 0.45 * height), (length / 2, width / 2, 0.58 * height), STONE)
    mesh.cylinder((0.0, -0.3 * width, 0.9 * height), (0.0, -0.3 * width, height), 0.25 * length, 6, STEEL)


def board(mesh: MeshBuilder, length: float, width: float, height: float) -> None:
    """A flat target of black and white squares."""
    mesh.box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, height), WHITE, bottom=DARK_GREY)
    columns, rows = 6, 3
    for i in range(columns):
        for j in range(rows):
            if (i + j) % 2 == 0:
                x, y = -length / 2 + i * length / columns, -width / 2 + j * width / rows
                p, q = x + length / columns, y + width / rows
                mesh.patch(
                    [(x, y, height + 0.003), (p, y, height + 0.003), (p, q, height + 0.003), (x, q, height + 0.003)],
                    BLACK,
                    UP,
                )
