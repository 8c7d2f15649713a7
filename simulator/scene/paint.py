"""Paint on the roads: ribbons that carry lines, crosswalks and arrows, laid exactly on the triangles of the surface,
what goes across the road a hair above it; and kerbs, a hair above the sidewalks that they begin."""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.maps import town
from simulator.maps.lane_types import DRIVING
from simulator.maps.town import Markings, TownMap
from simulator.scene.chunks import F8, Layer, Part, part
from simulator.scene.drape import drape
from simulator.scene.materials import Colour, Materials, linear
from simulator.scene.tables import ARROW, CROSSWALK, I4, KERB, MARKING

_PAINT: Final = Layer(chunk_m=64.0, farthest_m=250.0)
_KERBS: Final = Layer(chunk_m=64.0, farthest_m=120.0)
# A ribbon is wider than its paint, so that the paint's edge can be blended over a pixel at some distance.
_MARGIN_M: Final = 0.2
_KERB_WIDTH_M: Final = 0.18
# Kerbs have no depth bias as paint has. This much above the paving they win against it for any eye that is higher than
# a few centimetres, and no sensor can tell the difference.
_KERB_LIFT_M: Final = 0.003
# Ribbons are unpainted at their edges and between dashes, where they would hide other paint at the same height. What
# goes across the road lies above what runs along it, by as little.
_CROSSWALK_LIFT_M: Final = 0.003
_STOP_LIFT_M: Final = 0.006
_STRIPE_M: Final = 0.5  # of a crosswalk, and its gap: RMS-1, and as in CARLA's towns
_ARROW_HALF_WIDTH_M: Final = 1.0  # simulator.sensors.paint draws arrows 0.75 m to both sides at most
_WHITE: Final = linear(222, 222, 214)
_COLOURS: Final[dict[int, Colour]] = {
    town.WHITE: _WHITE,
    town.YELLOW: linear(224, 172, 40),
    town.RED: linear(180, 48, 40),
    town.BLUE: linear(52, 92, 168),
    town.GREEN: linear(60, 132, 76),
    town.ORANGE: linear(220, 120, 32),
}


def paint_parts(a_town: TownMap, materials: Materials) -> list[Part]:
    """All paint of a town, and its kerbs."""
    surface, marks = a_town.surface, a_town.markings
    if len(surface.triangles) == 0:
        return []
    roads, walks = surface.label == town.ROADS, surface.label == town.SIDEWALKS
    parts = []
    goes_across = np.isin(marks.kind, (town.STOP_LINE, town.YIELD_LINE))
    for (shapes, frames, rows), lift_m in (
        (_lines(marks, ~goes_across & (marks.kind != town.KERB_LINE), materials), 0.0),
        (_arrows(marks, materials), 0.0),
        (_crosswalks(a_town, materials), _CROSSWALK_LIFT_M),
        (_lines(marks, goes_across, materials), _STOP_LIFT_M),
    ):
        if len(shapes):
            draped = drape(surface, shapes, roads)
            uv = _in_frames(draped.corners, frames[draped.shape])
            triangles = np.arange(len(draped.shape) * 3).reshape(-1, 3)
            corners = draped.corners.reshape(-1, 3) + np.array([0.0, 0.0, lift_m])
            parts.append(part(_PAINT, corners, triangles, rows[draped.shape], uv=uv))
    kerbs = _kerbs(marks)
    if len(kerbs):
        stone = materials.add("kerb", kind=KERB, colour=linear(178, 176, 170), label=town.SIDEWALKS)
        corners = drape(surface, kerbs, walks).corners.reshape(-1, 3) + np.array([0.0, 0.0, _KERB_LIFT_M])
        parts.append(part(_KERBS, corners, np.arange(len(corners)).reshape(-1, 3), stone))
    return parts


def _in_frames(corners: F8, frames: F8) -> F8:
    """[n, 3, 2] surface coordinates: frames [n, 2, 3] give u and v as sums of x, y and 1."""
    return np.einsum("nij,nkj->nki", frames[:, :, :2], corners[:, :, :2]) + frames[:, None, :, 2]


def _frames(origin: F8, u_axis: F8, v_axis: F8, u_begin: F8) -> F8:
    """u and v along two unit directions from an origin, all [n, 2]; u counts from u_begin there."""
    axes = np.stack((u_axis, v_axis), axis=1)
    shift = -np.einsum("nij,nj->ni", axes, origin)
    shift[:, 0] += u_begin
    return np.concatenate((axes, shift[:, :, None]), axis=2)


def _right_of(direction: F8) -> F8:
    return np.column_stack((-direction[:, 1], direction[:, 0]))


# --- lines -----------------------------------------------------------------------------------------------------------


def _lines(marks: Markings, wanted: NDArray[np.bool_], materials: Materials) -> tuple[F8, F8, I4]:
    """A shape, a frame and a material for each piece of each wanted line."""
    first, owner = _pieces(marks, wanted)
    half = (0.5 * (marks.apart + marks.width) + _MARGIN_M)[owner]
    a, b = marks.points[first], marks.points[first + 1]
    along = b[:, :2] - a[:, :2]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    along /= length[:, None]
    frames = _frames(a[:, :2], along, _right_of(along), marks.along[first])
    shapes = _ribbon(marks, first, _mitres(marks), half, half)
    rows = np.array([_line_material(marks, line, materials) for line in range(len(marks.kind))], np.int32)
    return shapes, frames, rows[owner]


def _pieces(marks: Markings, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first point of each piece of the wanted lines, and its line."""
    owner = np.repeat(np.arange(len(marks.kind)), np.diff(marks.start))
    is_last = np.zeros(len(owner), bool)
    is_last[marks.start[1:] - 1] = True
    first = np.flatnonzero(~is_last & wanted[owner])
    return first, owner[first]


def _mitres(marks: Markings) -> F8:
    """[points, 2] to the right of the line at each point, so long that parallels keep their distance in bends."""
    points = marks.points[:, :2]
    step = np.diff(points, axis=0)
    step /= np.maximum(np.linalg.norm(step, axis=1), 1e-9)[:, None]
    before, after = np.vstack((step[:1], step)), np.vstack((step, step[-1:]))
    starts, ends = marks.start[:-1], marks.start[1:] - 1
    before[starts] = after[starts]
    after[ends] = before[ends]
    mean = before + after
    mean /= np.maximum(np.linalg.norm(mean, axis=1), 1e-9)[:, None]
    mean /= np.maximum((mean * after).sum(axis=1), 0.5)[:, None]
    return _right_of(mean)


def _ribbon(marks: Markings, first: NDArray[np.intp], right: F8, left_m: F8, right_m: F8) -> F8:
    """[pieces, 4, 3] strips from `left_m` on the left of each piece to `right_m` on its right."""
    corners = np.empty((len(first), 4, 3))
    for corner, point, reach in (
        (0, first, -left_m),
        (1, first, right_m),
        (2, first + 1, right_m),
        (3, first + 1, -left_m),
    ):
        corners[:, corner, :2] = marks.points[point, :2] + right[point] * reach[:, None]
        corners[:, corner, 2] = marks.points[point, 2]
    return corners


def _line_material(marks: Markings, line: int, materials: Materials) -> int:
    values = (
        0.5 * marks.width[line], marks.apart[line], marks.dash[line, 0], marks.gap[line, 0], marks.dash[line, 1],
        marks.gap[line, 1],
    )  # fmt: skip
    params = tuple(round(float(value), 4) for value in values)
    colour = int(marks.colour[line])
    return materials.add(f"line {colour} {params}", kind=MARKING, colour=_COLOURS[colour], params=params)


def _kerbs(marks: Markings) -> F8:
    first, _ = _pieces(marks, marks.kind == town.KERB_LINE)
    wide = np.full(len(first), _KERB_WIDTH_M)
    return _ribbon(marks, first, _mitres(marks), np.zeros(len(first)), wide)


# --- arrows and crosswalks -------------------------------------------------------------------------------------------


def _arrows(marks: Markings, materials: Materials) -> tuple[F8, F8, I4]:
    x, y, z, yaw, length, directions = marks.arrows.T
    cos, sin = np.cos(yaw), np.sin(yaw)
    corners = np.empty((len(x), 4, 3))
    for corner, (ahead, right) in enumerate(((0, -1), (0, 1), (1, 1), (1, -1))):
        along, across = ahead * length, right * _ARROW_HALF_WIDTH_M
        corners[:, corner, 0] = x + cos * along - sin * across
        corners[:, corner, 1] = y + sin * along + cos * across
        corners[:, corner, 2] = z
    forward = np.column_stack((cos, sin))
    frames = _frames(np.column_stack((x, y)), _right_of(forward), forward, np.zeros(len(x)))
    rows = [
        materials.add(
            f"arrow {int(way)} {metres:g}", kind=ARROW, colour=_WHITE, params=(float(int(way)), round(float(metres), 3))
        )
        for way, metres in zip(directions, length, strict=True)
    ]
    return corners, frames, np.array(rows, np.int32)


def _crosswalks(a_town: TownMap, materials: Materials) -> tuple[F8, F8, I4]:
    """Outlines as triangles; the stripes run along the nearest lane."""
    zebra = materials.add("crosswalk", kind=CROSSWALK, colour=_WHITE, params=(_STRIPE_M, _STRIPE_M))
    samples, lanes = a_town.samples, a_town.lanes
    owner = np.repeat(np.arange(len(lanes.road)), np.diff(lanes.sample_start))
    driving = np.flatnonzero(lanes.kind[owner] == DRIVING)
    shapes, origins, axes = [], [], []
    for outline in a_town.crosswalks:
        middle = outline[:-1].mean(axis=0)
        distance = (samples.x[driving] - middle[0]) ** 2 + (samples.y[driving] - middle[1]) ** 2
        yaw = float(samples.yaw[driving[distance.argmin()]])
        across = np.array([-np.sin(yaw), np.cos(yaw)])
        polygon = shapely.make_valid(shapely.Polygon(outline[:, :2]))
        for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(polygon)):
            corners = shapely.get_coordinates(triangle)[:3]
            shapes.append(np.column_stack((corners, np.full(3, middle[2]))))
            origins.append((outline[:, :2] @ across).min() * across)
            axes.append(across)
    u_axis = np.array(axes).reshape(-1, 2)
    frames = _frames(np.array(origins).reshape(-1, 2), u_axis, _right_of(u_axis), np.zeros(len(u_axis)))
    return np.array(shapes).reshape(-1, 3, 3), frames, np.full(len(shapes), zebra, np.int32)
