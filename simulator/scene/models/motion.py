"""How models move: wheels roll and steer, limbs swing, and every vertex goes to its place in the world.

Kernels over all actors that are drawn. A bone's pose is twelve numbers: a matrix row by row, then an origin.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.scene.models.model import (
    ARM,
    CRANKS,
    DOOR,
    FORK,
    PEDAL_SHIN,
    PEDAL_THIGH,
    SHIN,
    STEERED_WHEEL,
    THIGH,
    WHEEL,
)
from simulator.scene.models.palette import BRAKE, REVERSE, SPECIAL_1
from simulator.world.bodies import rotation_matrix
from simulator.world.tables import PROP, VEHICLE, WALKER

# CARLA lights brake and reverse lamps only for clients that set them, and few do: neither the leaderboard's ego nor
# its background traffic. Policies must see others brake, so a lamp also shows what its pedal does. Below this it is
# the tremble of a controller. (25 cars of the Traffic Manager in Harbor never braked while they held their speed; 13 %
# of their braking on the move was lighter than this, 40 % lighter than 0.1.)
BRAKE_SHOWS_FROM: Final = 0.05

# A double step of a grown-up is some 1.5 m long.
_DOUBLE_STEP: Final = 0.80  # of the height of the body
_FULL_SWING_MPS: Final = 1.0
_STANDS_BELOW_MPS: Final = 0.05
_KNEE_RAD: Final = 0.6

# One step's path beyond this speed is a change of place, which turns no wheel.
_FASTEST_MPS: Final = 120.0

BONE_NUMBERS: Final = 12

# What is kept of each drawn actor from tick to tick.
TRACK: Final = np.dtype(
    [
        ("row", np.int32),  # in ACTOR
        ("first_bone", np.int32),
        ("n_bones", np.int32),
        ("shown", np.uint8),
        ("casts", np.uint8),
        ("doors_open", np.uint8),
        ("fresh", np.uint8),  # not followed before
        ("pose", np.float64, (6,)),  # x, y, z, roll, pitch, yaw when last followed
        ("before", np.float64, (6,)),  # the one before that
        ("gone_m", np.float64),  # along its own x axis; backwards counts down
        ("walked_m", np.float64),
        ("pace_mps", np.float64),  # of the last step
    ],
    align=True,
)


@njit
def follow_all(tracks, actors, dt, moved):  # type: ignore[no-untyped-def]
    """How far each actor went in a step of dt seconds; those seen for the first time have not gone anywhere."""
    for k in range(tracks.shape[0]):
        t = tracks[k]
        a = actors[t.row]
        if t.fresh == 1:
            _set(t.pose, a)
            _set(t.before, a)
            t.fresh = 0
        elif moved:
            t.before[:] = t.pose
            _set(t.pose, a)
            dx = t.pose[0] - t.before[0]
            dy = t.pose[1] - t.before[1]
            path = np.sqrt(dx * dx + dy * dy)
            t.pace_mps = 0.0
            if path <= _FASTEST_MPS * dt:  # written so that no pose without a number counts
                t.gone_m += dx * np.cos(a.yaw) + dy * np.sin(a.yaw)
                t.walked_m += path
                t.pace_mps = path / dt if dt > 0.0 else 0.0


@njit
def _set(pose, a):  # type: ignore[no-untyped-def]
    pose[0], pose[1], pose[2] = a.x, a.y, a.z
    pose[3], pose[4], pose[5] = a.roll, a.pitch, a.yaw


@njit
def pose_all(tracks, actors, vehicles, joints, bones, instances, casters, deepest_m, first_instance):  # type: ignore[no-untyped-def]
    """Pose of every bone in the world (nine numbers of a matrix, then its origin), what is told of each instance, and
    casters; returns how many these are."""
    n_casters = 0
    for k in range(tracks.shape[0]):
        t = tracks[k]
        a = actors[t.row]
        top = a.z + a.center_z + a.half_z
        place = a.x + a.y + a.z + a.roll + a.pitch + a.yaw
        t.shown = np.isfinite(place) and top > deepest_m
        base = bones[t.first_bone]
        if t.shown == 0:
            for b in range(t.first_bone, t.first_bone + t.n_bones):
                bones[b, :] = 0.0
            continue
        base[0:9] = rotation_matrix(a.roll, a.pitch, a.yaw)
        base[9], base[10], base[11] = a.x, a.y, a.z
        _motion(instances[k].motion, base, t.before)
        lies = a.kind == WALKER and a.dead == 1
        if lies:
            _lay_down(base, a)
        instances[k].velocity[0] = a.vx
        instances[k].velocity[1] = a.vy
        instances[k].velocity[2] = a.vz
        lights = np.uint32(SPECIAL_1 if a.kind == PROP else 0)
        t.doors_open = 0
        if a.kind == VEHICLE:
            v = vehicles[a.side]
            lights = v.light_state
            t.doors_open = v.doors_open
            if v.brake >= BRAKE_SHOWS_FROM:
                lights |= np.uint32(BRAKE)
            if v.reverse == 1:
                lights |= np.uint32(REVERSE)
        instances[k].lights = lights
        walk_phase = 2.0 * np.pi * t.walked_m / (_DOUBLE_STEP * 2.0 * a.half_z) if a.half_z > 0.0 else 0.0
        swing = min(1.0, t.pace_mps / _FULL_SWING_MPS) if t.pace_mps > _STANDS_BELOW_MPS else 0.0
        shin_turn = 0.0
        for b in range(t.first_bone + 1, t.first_bone + t.n_bones):
            j = joints[b]
            steer = 0.0
            turn = 0.0  # about y; positive rolls forward and swings a hanging limb backward
            if j.kind == WHEEL or j.kind == STEERED_WHEEL or j.kind == CRANKS:
                turn = t.gone_m / j.radius
            if j.kind == STEERED_WHEEL or j.kind == FORK:
                angle = vehicles[a.side].wheels[j.index].steer_rad if a.kind == VEHICLE else 0.0
                steer = min(max(angle, -j.most), j.most)
            elif j.kind == DOOR and (t.doors_open >> j.index) & 1 == 1:
                steer = -j.side * j.most  # its rear edge swings outwards
            elif j.kind == THIGH or j.kind == SHIN or j.kind == ARM:
                turn = _swing(j, walk_phase, swing)
            elif j.kind == PEDAL_THIGH:
                thigh, shin = _pedal(j, t.gone_m / j.radius)
                rest_thigh, rest_shin = _pedal(j, 0.0)
                turn = rest_thigh - thigh
                shin_turn = rest_shin - shin - turn
            elif j.kind == PEDAL_SHIN:
                turn = shin_turn
            _joint(bones[b], bones[t.first_bone + j.parent], j, steer, turn)
        if t.casts == 1:
            c = casters[n_casters]
            c.x = base[9] + base[0] * a.center_x + base[1] * a.center_y + base[2] * a.center_z
            c.y = base[10] + base[3] * a.center_x + base[4] * a.center_y + base[5] * a.center_z
            length, height = (a.half_z, a.half_x) if lies else (a.half_x, a.half_z)
            c.z = base[11] + base[6] * a.center_x + base[7] * a.center_y + base[8] * a.center_z - height
            c.yaw = a.yaw
            c.half_x = length
            c.half_y = a.half_y
            c.height = 2.0 * height
            c.lights = lights
            c.instance = first_instance + k
            n_casters += 1
    return n_casters


@njit
def _lay_down(base, a):  # type: ignore[no-untyped-def]
    """On its back, the head behind: where World.box says that a dead walker is."""
    drop = a.center_z - a.half_z + a.half_x - a.center_x
    for i in range(3):
        forward, up = base[3 * i], base[3 * i + 2]
        base[9 + i] += drop * up
        base[3 * i] = up
        base[3 * i + 2] = -forward


@njit
def _swing(joint, phase, share):  # type: ignore[no-untyped-def]
    """Of a walker's limb."""
    if joint.side < 0:
        phase += np.pi
    bent = share * _KNEE_RAD * max(0.0, np.cos(phase))  # while the foot comes forward
    if joint.kind == THIGH:
        return -share * joint.most * np.sin(phase) - 0.5 * bent
    if joint.kind == SHIN:
        return bent
    return share * joint.most * np.sin(phase)


@njit
def _pedal(joint, phase):  # type: ignore[no-untyped-def]
    """How far thigh and shin point forward of straight down when the right crank has turned by `phase` from the top."""
    reach = joint.crank_m if joint.side > 0 else -joint.crank_m
    ahead = joint.crank_x + reach * np.sin(phase) - joint.x
    below = joint.z - joint.crank_z - reach * np.cos(phase)
    line = np.arctan2(ahead, below)
    bend = np.arccos(min(1.0, np.sqrt(ahead * ahead + below * below) / (2.0 * joint.bone_m)))
    return line + bend, line - bend


@njit
def _motion(motion, now, before):  # type: ignore[no-untyped-def]
    """From a place on the body now to the same one in the step before: R_before R_now^T, and the shift that is left."""
    old = rotation_matrix(before[3], before[4], before[5])
    for i in range(3):
        shift = before[i]
        for k in range(3):
            value = 0.0
            for m in range(3):
                value += old[3 * i + m] * now[3 * k + m]
            motion[i, k] = value
            shift -= value * now[9 + k]
        motion[i, 3] = shift


@njit
def _joint(bone, parent, joint, steer, turn):  # type: ignore[no-untyped-def]
    """bone = parent, then about the pivot: turn about y, then steer about z."""
    cs, ss = np.cos(steer), np.sin(steer)
    ct, st = np.cos(turn), np.sin(turn)
    r00, r01, r02 = cs * ct, -ss, cs * st
    r10, r11, r12 = ss * ct, cs, ss * st
    r20, r22 = -st, ct
    px = joint.x - (r00 * joint.x + r01 * joint.y + r02 * joint.z)
    py = joint.y - (r10 * joint.x + r11 * joint.y + r12 * joint.z)
    pz = joint.z - (r20 * joint.x + r22 * joint.z)
    for i in range(3):
        a, b, c = parent[3 * i], parent[3 * i + 1], parent[3 * i + 2]
        bone[3 * i] = a * r00 + b * r10 + c * r20
        bone[3 * i + 1] = a * r01 + b * r11
        bone[3 * i + 2] = a * r02 + b * r12 + c * r22
        bone[9 + i] = parent[9 + i] + a * px + b * py + c * pz


@njit
def place_all(  # type: ignore[no-untyped-def]
    bones, vertices, vertex_bone, normals, triangle_bone, vertex_start, group_owner, of_doors, tracks, farthest_m,
    out_vertices, out_normals, out_bounds, out_farthest,
):  # fmt: skip
    """Every vertex and normal into the world; the box of every group; groups of what is hidden are never drawn."""
    for g in range(group_owner.shape[0]):
        box = out_bounds[g]
        box[:3] = np.inf
        box[3:] = -np.inf
        for i in range(vertex_start[g], vertex_start[g + 1]):
            m = bones[vertex_bone[i]]
            px, py, pz = vertices[i, 0], vertices[i, 1], vertices[i, 2]
            x = np.float32(m[0] * px + m[1] * py + m[2] * pz + m[9])
            y = np.float32(m[3] * px + m[4] * py + m[5] * pz + m[10])
            z = np.float32(m[6] * px + m[7] * py + m[8] * pz + m[11])
            out_vertices[i, 0], out_vertices[i, 1], out_vertices[i, 2] = x, y, z
            box[0], box[3] = min(box[0], x), max(box[3], x)
            box[1], box[4] = min(box[1], y), max(box[4], y)
            box[2], box[5] = min(box[2], z), max(box[5], z)
        t = tracks[group_owner[g]]
        drawn = t.shown == 1 and (of_doors[g] == 0 or t.doors_open != 0)
        out_farthest[g] = farthest_m[g] if drawn else 0.0
    for i in range(normals.shape[0]):
        m = bones[triangle_bone[i]]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        out_normals[i, 0] = m[0] * nx + m[1] * ny + m[2] * nz
        out_normals[i, 1] = m[3] * nx + m[4] * ny + m[5] * nz
        out_normals[i, 2] = m[6] * nx + m[7] * ny + m[8] * nz
