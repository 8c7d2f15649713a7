"""A town as arrays: everything that the world, the sensors and the server need to know of a map.

`simulator.maps.compile` makes a TownMap from an OpenDRIVE file in a process of its own (a bad file
can kill carla's parser) and stores it under the hash of the file; `simulator.maps.load` reads it back.
Nothing here imports carla. Units: metres, radians, CARLA's left-handed axes.

The NamedTuples hold arrays only, so that numba kernels take them as they are.
"""

from dataclasses import dataclass
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
    label: U1  # [m] ROADS, SIDEWALKS, TERRAIN, GROUND ...
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
