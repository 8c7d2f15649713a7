"""A town as arrays: everything that the world, the sensors and the server need to know of a map.

`simulator.maps.compile` makes a TownMap from an OpenDRIVE file in a process of its own (a bad file
can kill carla's parser) and stores it under the hash of the file; `simulator.maps.load` reads it back.
Nothing here imports carla. Units: metres, radians, CARLA's left-handed axes.

The NamedTuples hold arrays only, so that numba kernels take them as they are.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# carla.CityObjectLabel
NONE: Final = 0
ROADS: Final = 1
SIDEWALKS: Final = 2
BUILDINGS: Final = 3
WALLS: Final = 4
FENCES: Final = 5
POLES: Final = 6
TRAFFIC_LIGHT: Final = 7
TRAFFIC_SIGNS: Final = 8
VEGETATION: Final = 9
TERRAIN: Final = 10
SKY: Final = 11
PEDESTRIANS: Final = 12
RIDER: Final = 13
CAR: Final = 14
TRUCK: Final = 15
BUS: Final = 16
TRAIN: Final = 17
MOTORCYCLE: Final = 18
BICYCLE: Final = 19
STATIC: Final = 20
DYNAMIC: Final = 21
OTHER: Final = 22
WATER: Final = 23
ROAD_LINES: Final = 24
GROUND: Final = 25
BRIDGE: Final = 26
RAIL_TRACK: Final = 27
GUARD_RAIL: Final = 28


class Lanes(NamedTuple):
    """One row per lane of a lane section. Samples of row i are sample_start[i] : sample_start[i + 1]."""

    road: I4
    section: I4
    lane: I4  # OpenDRIVE lane id
    kind: I4  # carla.LaneType bit: Driving 2, Stop 4, Shoulder 8, Biking 16, Sidewalk 32, Border 64, Parking 256 ...
    junction: I4  # -1 outside junctions
    s_begin: F8
    s_end: F8
    sample_start: I4  # length n + 1


class Samples(NamedTuple):
    """Points on lane centres in order of s, dense enough that straight pieces between them are true to 5 cm."""

    x: F8
    y: F8
    z: F8
    yaw: F8  # of the lane's direction of travel, as carla.Waypoint gives it
    pitch: F8
    width: F8
    s: F8
    speed_limit_kmh: F8  # of the road there; 30 where the file says nothing


class Surface(NamedTuple):
    """What one can stand on: triangles of lanes (and junction filling) in a uniform grid, over a terrain of heights.

    Cell (i, j) covers x in [x0 + i*cell, +cell): its triangles are
    cell_triangles[cell_start[j*nx + i] : cell_start[j*nx + i + 1]].
    """

    vertices: F8  # [n, 3]
    triangles: I4  # [m, 3], normals up
    label: U1  # [m] ROADS, SIDEWALKS, TERRAIN, RAIL_TRACK
    lane: I4  # [m] row in Lanes, -1 for filling
    cell: float
    x0: float
    y0: float
    nx: int
    ny: int
    cell_start: I4
    cell_triangles: I4
    terrain: F8  # [tny + 1, tnx + 1] heights at grid corners, a little below the roads
    terrain_cell: float
    terrain_x0: float
    terrain_y0: float


class Markings(NamedTuple):
    """Paint on the road, as lines on its surface; the points of line i are start[i] : start[i + 1].

    A line is one stroke, or two at a distance. Left and right are seen along the line.
    """

    kind: U1  # [n] LANE_LINE, STOP_LINE ...
    start: I4  # [n + 1]
    points: F8  # [p, 3]
    along: F8  # [p] metres along the pattern: dashes begin at multiples of dash + gap
    colour: U1  # [n] WHITE, YELLOW ...
    width: F8  # [n] of a stroke
    apart: F8  # [n] between the middles of two strokes, 0 = one stroke
    dash: F8  # [n, 2] of the left (or only) stroke and of the right one, 0 = solid
    gap: F8  # [n, 2]
    arrows: F8  # [k, 6] x, y, z of the middle of the near end; yaw; length; directions, 1 ahead + 2 left + 4 right


# Kinds of Markings
LANE_LINE: Final = 0
STOP_LINE: Final = 1
YIELD_LINE: Final = 2
BAY_LINE: Final = 3  # between parking bays
KERB_LINE: Final = 4  # no paint: where a sidewalk begins; the sidewalk is on the side of the right
# Directions of arrows
ARROW_AHEAD: Final = 1
ARROW_LEFT: Final = 2
ARROW_RIGHT: Final = 4
# Colours of Markings
WHITE: Final = 0
YELLOW: Final = 1
RED: Final = 2
BLUE: Final = 3
GREEN: Final = 4
ORANGE: Final = 5


def no_markings() -> Markings:
    """Bare roads."""
    none, line = np.zeros(0, np.uint8), np.zeros(0)
    return Markings(
        none, np.zeros(1, np.int32), np.zeros((0, 3)), line, none, line, line, np.zeros((0, 2)), np.zeros((0, 2)),
        np.zeros((0, 6)),
    )  # fmt: skip


# Of a guard rail over the ground; its box is higher where it climbs.
RAIL_HEIGHT_M: Final = 0.75


class Boxes(NamedTuple):
    """The town's solid things (buildings, trunks, poles, signs, walls): upright boxes with stable ids."""

    x: F8  # centre
    y: F8
    z: F8
    half_x: F8
    half_y: F8
    half_z: F8
    yaw: F8
    label: U1
    solid: U1  # 1: collides. 0: seen by rays and cameras only (tree crowns, sign boards overhead)
    id: NDArray[np.uint64]  # environment object id, stable for a map file


class LightBoxes(NamedTuple):
    """One row per (traffic light, lane it rules): the volume before its stop line, in world."""

    light: I4  # row in Lights
    road: I4
    lane: I4
    x: F8
    y: F8
    z: F8
    yaw: F8
    half_x: F8  # along the lane
    half_y: F8
    half_z: F8
    stop_x: F8  # where the lane's stop line is
    stop_y: F8
    stop_z: F8


class GiveWays(NamedTuple):
    """One row per (stop or yield sign, lane it rules): the box before its line, in world, and who goes first.

    The lanes of the junction that cross or join those that begin at row i are lanes[lane_start[i] : lane_start[i + 1]].
    """

    stop: U1  # 1: a stop sign, 0: a yield sign
    x: F8
    y: F8
    z: F8
    yaw: F8
    half: F8  # of the box, in all directions
    lane_start: I4
    lanes: I4  # rows of Lanes


def no_give_ways() -> GiveWays:
    none = np.zeros(0)
    return GiveWays(np.zeros(0, np.uint8), none, none, none, none, none, np.zeros(1, np.int32), np.zeros(0, np.int32))


class Signals(NamedTuple):
    """Traffic lights and signs as actors. The trigger box is in the actor's own frame, without rotation."""

    type_id: list[str]  # "traffic.traffic_light", "traffic.stop", "traffic.yield", "traffic.speed_limit.30"
    sign_id: list[str]  # OpenDRIVE signal id: the client joins landmarks and actors by it
    pose: F8  # [n, 6] x, y, z, roll, pitch, yaw
    trigger_center: F8  # [n, 3]
    trigger_half: F8  # [n, 3]
    group: I4  # lights: junction group, -1 for others
    controller: I4  # lights: row of the controller within the town, -1 for others
    pole_index: I4
    speed_kmh: F8  # speed-limit signs, else 0


@dataclass(frozen=True, slots=True)
class TownMap:
    """All of a map, immutable."""

    name: str  # "Harbor"
    opendrive: str  # the text as the client gets it
    sha256: str  # of that text
    origin_latitude_deg: float
    origin_longitude_deg: float
    lanes: Lanes
    samples: Samples
    surface: Surface
    boxes: Boxes
    box_names: list[str]  # one per box, "Building_12"
    signals: Signals  # traffic lights first
    light_boxes: LightBoxes
    controllers: list[list[int]]  # rows of lights by controller
    groups: list[list[int]]  # controllers by group, in the order of their turns
    spawn_points: F8  # [n, 6] x, y, z (0.3 m or so above the road), roll, pitch, yaw
    crosswalks: list[F8]  # closed outlines [k, 3]
    navigation: bytes  # Detour tile set for the client's walker AI, b"" where there is nothing to walk on
    markings: Markings = field(default_factory=no_markings)
    give_ways: GiveWays = field(default_factory=no_give_ways)
