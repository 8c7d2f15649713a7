"""The arrays that scene and sensors share: geometry, materials, instances, casters.

Units: metres, radians, CARLA's left-handed axes (x forward or east, y right or south, z up). Colours are linear
light, 0 to 1, in the order red, green, blue; the camera turns them into sRGB bytes.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]


class Mesh(NamedTuple):
    """A model in its own frame (origin and axes of the actor that wears it).

    Triangles are seen from the side from which their corners run CLOCKWISE on the screen, that is the side into which
    cross(b - a, c - a), computed with the usual formula on these left-handed coordinates, points.
    """

    vertices: F4  # [n, 3]
    triangles: I4  # [m, 3]
    material: I4  # [m] row in the material table
    uv: F4  # [m, 3, 2] surface coordinates of the corners; their meaning depends on the material's kind
    bone: U1  # [n] which moving part a vertex belongs to; 0 = the body


class Geometry(NamedTuple):
    """Triangles in world coordinates, in groups that are drawn or skipped as a whole.

    Triangles group_start[g]:group_start[g + 1] are group g; their corners index vertices
    vertex_start[g]:vertex_start[g + 1], which no other group uses.
    """

    vertices: F4  # [n, 3]
    triangles: I4  # [m, 3] rows of vertices
    material: I4  # [m]
    instance: I4  # [m] row in the instance table
    normal: F4  # [m, 3] unit, towards the side that is seen
    uv: F4  # [m, 3, 2]
    group_start: I4  # [k + 1]
    vertex_start: I4  # [k + 1]
    bounds: F4  # [k, 6] least x, y, z, greatest x, y, z
    nearest_m: F4  # [k] the group is drawn when the eye's distance to its box is in [nearest, farthest):
    farthest_m: F4  # [k] levels of detail of one place share the place and divide the distances


# --- materials -------------------------------------------------------------------------------------------------------
# Kinds, with the meaning of uv and of the parameters p0 ... p7. "Ground" kinds lie flat: they take shadows of things,
# the light of lamps and headlights, and wetness; their grain comes from the world position, not from uv.

PLAIN: Final = 0  # one colour
ASPHALT: Final = 1  # ground
SIDEWALK: Final = 2  # ground; paving slabs
KERB: Final = 3  # ground
GRASS: Final = 4  # ground; terrain
# ground; a ribbon on asphalt, wider than its paint. u: metres along, v: metres across from the middle (right is
# positive, seen along u). p0: half width of a stroke; p1: distance between the two strokes' middles, 0 = one stroke;
# p2, p3: dash and gap of the (left) stroke in metres, p2 = 0: solid; p4, p5: the same of the right stroke.
MARKING: Final = 5
# ground; on asphalt. u: metres along the road's crossing (across the stripes), v: metres along the stripes.
# p0: width of a stripe, p1: of a gap. Stripes begin at u = 0.
CROSSWALK: Final = 6
# ground; on asphalt, a rectangle. u: metres across from the middle (right is positive), v: metres forward from its
# near end. p0: bits of directions, 1 ahead, 2 left, 4 right; p1: length.
ARROW: Final = 7
# upright; u: metres along the wall, v: metres above its foot. p0: spacing of windows, p1: storey height,
# p2, p3: width and height of a window as parts of these, p4: a number in [0, 1) of its own, p5: the wall's height.
WALL: Final = 8
FOLIAGE: Final = 9
PAINT: Final = 10  # car paint: takes the instance's tint, shines a little
GLASS: Final = 11
LAMP: Final = 12  # glows in its colour where the instance's lights have one of `lamp`'s bits, else dull
# u, v: 0 ... 1 from the left upper corner of the face; p0: page in the atlas of faces.
SIGN: Final = 13
CLOTH: Final = 14  # takes the instance's tint, times the colour: clothes of walkers and riders
ROOF: Final = 15
METAL: Final = 16  # poles, rails
LAST_GROUND: Final = ARROW

# `lights` of instances: carla.VehicleLightState's bits, and above them those of traffic lights and street lamps.
LIGHT_RED: Final = 1 << 16
LIGHT_YELLOW: Final = 1 << 17
LIGHT_GREEN: Final = 1 << 18
LIGHT_STREET: Final = 1 << 19

MATERIAL: Final = np.dtype(
    [
        ("kind", np.uint8),
        ("label", np.uint8),  # carla.CityObjectLabel, 0 = the instance's. MARKING and so on: ROAD_LINES where painted
        ("lamp", np.uint32),  # LAMP: which bits of `lights` light it
        ("r", np.float32),  # of the surface, or of its paint, or of the lit lamp
        ("g", np.float32),
        ("b", np.float32),
        ("p", np.float32, (8,)),
    ],
    align=True,
)

# --- what the triangles belong to ------------------------------------------------------------------------------------

INSTANCE: Final = np.dtype(
    [
        ("id", np.uint32),  # the actor's id, 0 for what is no actor: object_idx of the semantic LiDAR
        ("colour_id", np.uint16),  # G and B of the instance camera, different for different things nearby
        ("label", np.uint8),
        ("hidden", np.uint8),  # enable_environment_objects, or the sensor's own parent
        ("tint", np.float32, (3,)),
        ("lights", np.uint32),
        ("velocity", np.float32, (3,)),  # world, m/s: for radar
        # Where a point of it was in the last frame: before = motion[:, :3] @ now + motion[:, 3], both in world
        # coordinates. Identity for what stands.
        ("motion", np.float64, (3, 4)),
    ],
    align=True,
)

# Things that throw a shadow or a light on the ground in this tick.
CASTER: Final = np.dtype(
    [
        ("x", np.float32),  # middle of the box, on the ground
        ("y", np.float32),
        ("z", np.float32),
        ("yaw", np.float32),
        ("half_x", np.float32),
        ("half_y", np.float32),
        ("height", np.float32),
        ("lights", np.uint32),  # of vehicles: low beams and so on
        ("instance", np.int32),
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """All that can be seen after a tick. Nothing in it changes until the sensors of the tick are done."""

    number: int  # world steps so far: keys the noise
    elapsed_s: float
    delta_s: float
    seed: int
    weather: tuple[float, ...]  # carla.WeatherParameters, 14 numbers in the wire's order
    static: Geometry
    movers: Geometry
    materials: NDArray[np.void]  # MATERIAL
    instances: NDArray[np.void]  # INSTANCE: first those of the town (row 0: the ground), then those of movers
    n_static: int  # how many of them are the town's
    atlas: U1  # [pages, size, size, 3] sRGB faces of signs
    casters: NDArray[np.void]  # CASTER
    lamps: F4  # [n, 3] places of street lamps' bulbs
    lamps_lit: U1  # [n] 1: switched on by a client; at night they light up by themselves
