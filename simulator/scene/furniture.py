"""Poles, street lamps, traffic lights, signs, walls, fences and guard rails: models made for the boxes of a town."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.town import Boxes, Signals, TownMap
from simulator.scene import signs
from simulator.scene.chunks import F8, Layer, Part
from simulator.scene.materials import Materials, linear
from simulator.scene.mesh import RIGHT, MeshBuilder, Point
from simulator.scene.stamps import stamp
from simulator.scene.tables import (
    I4,
    LAMP,
    LIGHT_GREEN,
    LIGHT_RED,
    LIGHT_STREET,
    LIGHT_YELLOW,
    METAL,
    PLAIN,
    SIGN,
    U1,
    Mesh,
)

LAMP_NAME: Final = "StreetLight"  # what simulator.maps.furniture calls the poles that carry a lamp

_NEAR: Final = Layer(chunk_m=64.0, farthest_m=60.0)
_FAR: Final = Layer(chunk_m=64.0, nearest_m=60.0, farthest_m=300.0)
_LONG: Final = Layer(chunk_m=64.0, farthest_m=400.0)  # walls and rails, which are large
_LIGHT_TYPE: Final = "traffic.traffic_light"
_LAMP_RADIUS_M: Final = 0.17
_LAMP_PITCH_M: Final = 0.355
_LANTERN_M: Final = 0.5  # height of a street lamp's lantern, its roof included
_LANTERN_ROOF_M: Final = 0.08
_POST_SPACING_M: Final = 4.0  # of guard rails
_POST_HALF_M: Final = 0.07
_MEETS_M: Final = 0.2  # ends of two pieces of a rail that are no farther apart belong together


def furniture_parts(a_town: TownMap, instance: I4, materials: Materials) -> tuple[list[Part], U1]:
    """All things beside the road that are neither buildings nor trees, and the atlas of their faces."""
    boxes = a_town.boxes
    heads = head_rows(boxes, a_town.signals)
    parts = _poles(a_town, heads, instance, materials)
    parts += _lights(boxes, a_town.signals, heads, instance, materials)
    sign_parts, atlas = _signs(boxes, a_town.signals, heads, instance, materials)
    return parts + sign_parts + _barriers(boxes, instance, materials), atlas


def head_rows(boxes: Boxes, signals: Signals) -> NDArray[np.intp]:
    """The box of each signal's head, -1 where it has none: simulator.maps.furniture adds them in order."""
    rows = np.full(len(signals.type_id), -1, np.intp)
    is_light = np.array([type_id == _LIGHT_TYPE for type_id in signals.type_id], bool)
    for label, owners in ((town.TRAFFIC_LIGHT, is_light), (town.TRAFFIC_SIGNS, ~is_light)):
        found, own = np.flatnonzero(boxes.label == label), np.flatnonzero(owners)
        count = min(len(found), len(own))
        rows[own[:count]] = found[:count]
    return rows


def lamp_rows(a_town: TownMap) -> NDArray[np.intp]:
    """The boxes that are street lamps."""
    return np.array([n for n, name in enumerate(a_town.box_names) if name.startswith(LAMP_NAME)], np.intp)


def lamp_places(a_town: TownMap) -> F8:
    """[n, 3] the middles of their lanterns."""
    rows, boxes = lamp_rows(a_town), a_town.boxes
    top = boxes.z[rows] + boxes.half_z[rows] - 0.5 * (_LANTERN_M + _LANTERN_ROOF_M)
    return np.column_stack((boxes.x[rows], boxes.y[rows], top))


# --- poles -----------------------------------------------------------------------------------------------------------


def _poles(a_town: TownMap, heads: NDArray[np.intp], instance: I4, materials: Materials) -> list[Part]:
    boxes = a_town.boxes
    grey = materials.add("pole", kind=METAL, colour=linear(120, 122, 124))
    dark = materials.add("lamp post", kind=METAL, colour=linear(58, 62, 64))
    bulb = materials.add("street lamp", kind=LAMP, colour=linear(255, 226, 176), lamp=LIGHT_STREET)
    lamps = lamp_rows(a_town)
    poles = np.setdiff1d(np.flatnonzero(boxes.label == town.POLES), lamps)
    # A pole with a head ends below it: the head's own housing goes on.
    head = np.minimum(poles + 1, len(boxes.x) - 1)
    carries = np.isin(head, heads) & (boxes.x[head] == boxes.x[poles]) & (boxes.y[head] == boxes.y[poles])
    is_light = carries & (boxes.label[head] == town.TRAFFIC_LIGHT)
    parts = []
    for layer, sides in ((_NEAR, 8), (_FAR, 4)):
        for chosen, top in ((poles[~is_light], 1.0), (poles[is_light], _below_head(boxes, poles, head, is_light))):
            build = MeshBuilder()
            build.cylinder((0.0, 0.0, -1.0), (0.0, 0.0, top), (0.8, 0.7), sides, grey)
            parts.append(stamp(layer, build.build(), boxes, chosen, instance[chosen]))
        if len(lamps):
            lamp = _street_lamp(float(boxes.half_z[lamps[0]]), sides, dark, bulb)
            parts.append(stamp(layer, lamp, boxes, lamps, instance[lamps]))
    return parts


def _below_head(boxes: Boxes, poles: NDArray[np.intp], head: NDArray[np.intp], chosen: NDArray[np.bool_]) -> float:
    """Where the heads begin, as a part of their poles' half heights: all lights are built alike."""
    if not chosen.any():
        return 1.0
    pole, on_top = poles[chosen][0], head[chosen][0]
    return float((boxes.z[on_top] - boxes.half_z[on_top] - boxes.z[pole]) / boxes.half_z[pole])


def _street_lamp(half_z: float, sides: int, dark: int, bulb: int) -> Mesh:
    """A post with a lantern on its top."""
    foot, roof = 1.0 - _LANTERN_M / half_z, 1.0 - _LANTERN_ROOF_M / half_z
    build = MeshBuilder()
    build.cylinder((0.0, 0.0, -1.0), (0.0, 0.0, foot), (0.8, 0.5), sides, dark)
    build.box((-0.85, -0.85, foot), (0.85, 0.85, roof), bulb)
    build.box((-1.0, -1.0, roof), (1.0, 1.0, 1.0), dark, taper=0.5)
    return build.build()


# --- traffic lights --------------------------------------------------------------------------------------------------


def _lights(boxes: Boxes, signals: Signals, heads: NDArray[np.intp], instance: I4, materials: Materials) -> list[Part]:
    rows = heads[(heads >= 0) & np.array([type_id == _LIGHT_TYPE for type_id in signals.type_id], bool)]
    if len(rows) == 0:
        return []
    half = (float(boxes.half_x[rows[0]]), float(boxes.half_y[rows[0]]), float(boxes.half_z[rows[0]]))
    housing = materials.add("traffic light", kind=PLAIN, colour=linear(26, 28, 27))
    edge = materials.add("traffic light's edge", kind=PLAIN, colour=linear(214, 214, 205))
    lamps = [
        materials.add(f"{name} lamp", kind=LAMP, colour=linear(*rgb), lamp=bit)
        for name, rgb, bit in (
            ("red", (255, 30, 20), LIGHT_RED),
            ("yellow", (255, 190, 10), LIGHT_YELLOW),
            ("green", (20, 255, 130), LIGHT_GREEN),
        )
    ]
    return [
        stamp(layer, _light(half, detailed, housing, edge, lamps), boxes, rows, instance[rows])
        for layer, detailed in ((_NEAR, True), (_FAR, False))
    ]


def _light(half: Point, detailed: bool, housing: int, edge: int, lamps: list[int]) -> Mesh:
    """Three round lamps over each other on a dark housing before a plate with a light edge, facing along y."""
    build = MeshBuilder()
    front = 0.35  # parts of the half sizes from here on
    build.box((-0.84, -1.0, -1.0), (0.84, front, 1.0), housing)
    if detailed:
        build.box((-1.0, -0.3, -1.0), (1.0, -0.1, 1.0), edge)
    sides = 14 if detailed else 8
    for n, lamp in enumerate(lamps):
        z = (1 - n) * _LAMP_PITCH_M / half[2]
        angle = 2.0 * np.pi * (np.arange(sides) + 0.5) / sides
        ring = [
            (float(x), front + 0.05, float(z + dz))
            for x, dz in zip(
                np.cos(angle) * _LAMP_RADIUS_M / half[0], np.sin(angle) * _LAMP_RADIUS_M / half[2], strict=True
            )
        ]
        build.patch(ring, lamp, RIGHT)
        if detailed:
            _visor(build, ring, housing)
    return build.build()


def _visor(build: MeshBuilder, ring: list[Point], material: int) -> None:
    """A hood over the upper half of a lamp, seen from both sides."""
    upper = ring[: len(ring) // 2]
    for (x0, y, z0), (x1, _, z1) in pairwise(upper):
        face = [(x0, y, z0), (x1, y, z1), (x1, 1.0, z1), (x0, 1.0, z0)]
        build.surface([(face, material), (face[::-1], material)])


# --- signs -----------------------------------------------------------------------------------------------------------


def _signs(
    boxes: Boxes, signals: Signals, heads: NDArray[np.intp], instance: I4, materials: Materials
) -> tuple[list[Part], U1]:
    back = materials.add("back of a sign", kind=METAL, colour=linear(140, 142, 144))
    pages: list[U1] = []
    parts: list[Part] = []
    for face, rows in _faces(signals, heads):
        if face == "stop":
            image, outline = signs.stop_face(), signs.octagon()
        elif face == "yield":
            image, outline = signs.yield_face(), signs.triangle()
        else:
            image, outline = signs.speed_face(int(face)), signs.disc()
        front = materials.add(f"sign {face}", kind=SIGN, colour=(1.0, 1.0, 1.0), params=(len(pages),))
        pages.append(image)
        mesh = signs.plate(outline, front, back, front_y=0.98, back_y=0.86)
        layer = _NEAR._replace(farthest_m=_FAR.farthest_m)
        parts.append(stamp(layer, mesh, boxes, rows, instance[rows]))
    return parts, np.stack(pages) if pages else np.zeros((1, signs.SIZE, signs.SIZE, 3), np.uint8)


def _faces(signals: Signals, heads: NDArray[np.intp]) -> list[tuple[str, NDArray[np.intp]]]:
    """What is shown, and on which boxes."""
    found: dict[str, list[int]] = {}
    for row, type_id in enumerate(signals.type_id):
        if heads[row] < 0 or type_id == _LIGHT_TYPE:
            continue
        face = {"traffic.stop": "stop", "traffic.yield": "yield"}.get(type_id, str(round(signals.speed_kmh[row])))
        found.setdefault(face, []).append(int(heads[row]))
    return [(face, np.array(found[face], np.intp)) for face in sorted(found)]


# --- barriers --------------------------------------------------------------------------------------------------------


def _barriers(boxes: Boxes, instance: I4, materials: Materials) -> list[Part]:
    """Walls, fences, guard rails; and any box of another label as a plain block."""
    stone = materials.add("stone wall", kind=PLAIN, colour=linear(150, 142, 128))
    coping = materials.add("coping", kind=PLAIN, colour=linear(176, 170, 158))
    wood = materials.add("wooden fence", kind=PLAIN, colour=linear(118, 96, 72))
    steel = materials.add("guard rail", kind=METAL, colour=linear(158, 162, 166))
    block = materials.add("block", kind=PLAIN, colour=linear(140, 140, 138))
    known = (
        town.BUILDINGS, town.POLES, town.VEGETATION, town.TRAFFIC_LIGHT, town.TRAFFIC_SIGNS, town.WALLS, town.FENCES,
        town.GUARD_RAIL,
    )  # fmt: skip
    near, far = _LONG._replace(farthest_m=80.0), _LONG._replace(nearest_m=80.0)
    parts = _rails(boxes, instance, steel, near)
    for chosen, meshes in (
        (boxes.label == town.WALLS, ((_LONG, _block(stone, coping)),)),
        (boxes.label == town.FENCES, ((near, _fence(wood, True)), (far, _fence(wood, False)))),
        (~np.isin(boxes.label, known), ((_LONG, _block(block, block)),)),
    ):
        rows = np.flatnonzero(chosen)
        parts += [stamp(layer, mesh, boxes, rows, instance[rows]) for layer, mesh in meshes]
    return parts


def _block(side: int, top: int) -> Mesh:
    build = MeshBuilder()
    build.box((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), side, top=top)
    return build.build()


def _fence(material: int, posts: bool) -> Mesh:
    build = MeshBuilder()
    for low, high in ((-0.25, -0.05), (0.3, 0.5), (0.8, 1.0)):
        build.box((-1.0, -0.35, low), (1.0, 0.35, high), material)
    if posts:
        for x in (-0.97, 0.0, 0.97):
            build.box((x - 0.03, -1.0, -1.0), (x + 0.03, 1.0, 1.0), material)
    return build.build()


def _rails(boxes: Boxes, instance: I4, material: int, near: Layer) -> list[Part]:
    """A beam through pieces that meet, climbing with the ground in their level boxes, and posts under it."""
    rows = np.flatnonzero(boxes.label == town.GUARD_RAIL)
    piece = _taken(boxes, rows)
    lift = _climbs(piece)
    piece = piece._replace(half_z=np.full(len(rows), 0.5 * town.RAIL_HEIGHT_M))
    beam = MeshBuilder()
    beam.box((-1.0, -0.6, 0.2), (1.0, 0.6, 1.0), material)
    count = np.maximum(1, np.rint(2.0 * piece.half_x / _POST_SPACING_M)).astype(np.intp)
    of = np.repeat(np.arange(len(rows)), count)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    place = (2.0 * nth + 1.0) / count[of] - 1.0
    own = _taken(piece, of)
    posts = own._replace(
        x=own.x + place * own.half_x * np.cos(own.yaw),
        y=own.y + place * own.half_x * np.sin(own.yaw),
        z=own.z + place * lift[of],
        half_x=np.full(len(of), _POST_HALF_M),
    )
    post = MeshBuilder()
    post.box((-1.0, -0.5, -1.0), (1.0, 0.5, 0.95), material)
    return [
        stamp(_LONG, beam.build(), piece, np.arange(len(rows)), instance[rows], lift=lift),
        stamp(near, post.build(), posts, np.arange(len(of)), instance[rows[of]]),
    ]


def _taken(boxes: Boxes, rows: NDArray[np.intp]) -> Boxes:
    return Boxes(**{name: column[rows] for name, column in boxes._asdict().items()})


def _climbs(pieces: Boxes) -> F8:
    """How much higher than its middle each piece's front end is: the boxes hold how much, the neighbours whether up."""
    way = np.column_stack((pieces.half_x * np.cos(pieces.yaw), pieces.half_x * np.sin(pieces.yaw)))
    middle = np.column_stack((pieces.x, pieces.y))
    meets = np.linalg.norm((middle + way)[:-1] - (middle - way)[1:], axis=1) < _MEETS_M
    step = np.where(meets, np.diff(pieces.z), 0.0)
    upwards = np.sign(np.concatenate(([0.0], step)) + np.concatenate((step, [0.0])))
    climb: F8 = upwards * (pieces.half_z - 0.5 * town.RAIL_HEIGHT_M)
    return climb
