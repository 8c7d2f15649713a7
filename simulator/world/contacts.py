"""Contacts of vehicles, walkers and props with each other and with the town's solid boxes; never with the ground.

Once per tick `find_pairs` lists who may meet. In every substep `solve` finds the pairs that do, gives them
impulses by mass (no bounce, friction along the surface) and moves them apart. What the last substep drove into each
other comes apart at once; what overlapped before, such as two actors teleported onto one place, comes apart gently.
A contact pushes sideways only: nothing comes to rest on top of another body.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.maps.town import BUILDINGS
from simulator.world.bodies import box_inertia_z, is_body
from simulator.world.shapes import (
    BODY,
    MIN_HEIGHT_M,
    common_height,
    contact_point,
    fill_box,
    overlap,
    place,
    place_actor,
    reach_z,
    shape,
)
from simulator.world.static_index import cell_range, met_before
from simulator.world.tables import PROP, VEHICLE, WALKER

FRICTION: Final = 0.4  # of painted metal on metal, wood or concrete
SLOP_M: Final = 0.01  # left overlapping, so that bodies at rest keep touching
GENTLE_SPEED_MPS: Final = 1.0  # at which bodies that overlapped before are moved apart
# A contact is told of when bodies are driven at each other harder than this (standing bumper to bumper is none), ...
TOLD_MPS2: Final = 0.5
TOLD_DEPTH_M: Final = 0.1  # ... or when they are this deep in each other, as after a teleport.
SPAWN_SHRINK_M: Final = 0.03  # bumper to bumper is not an overlap
# A walker hit faster than THROWN_SPEED_MPS leaves the ground with this share of the speed it is given.
THROWN_SPEED_MPS: Final = 3.0
THROWN_SHARE: Final = 0.2
_FASTEST_MPS: Final = 100.0  # bounds the search when a script sets absurd velocities

PAIR: Final = np.dtype(
    [
        ("key", np.int64),  # sorts pairs by row of a, then of b, then by box
        ("a", np.int32),
        ("b", np.int32),  # -1: a box of the town
        ("static_box", np.int32),
        ("told", np.uint8),
        ("impulse_x", np.float64),  # on a
        ("impulse_y", np.float64),
        ("strongest", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
    ],
    align=True,
)


# -- who may meet ------------------------------------------------------------------------------------------------


@njit
def _fill_bodies(actors, n, vehicles, bodies):  # type: ignore[no-untyped-def]
    """Describe every actor that can be touched; returns the fastest speed among those that can be moved."""
    fastest = 0.0
    for row in range(n):
        a = actors[row]
        body = bodies[row]
        body.paired = 0
        body.exists = 1 if is_body(a) else 0
        if body.exists == 0:
            continue
        shape(body, a.kind, a.half_x, a.half_y, a.half_z)
        place_actor(body, a)
        body.inv_mass = 0.0
        body.inv_inertia = 0.0
        if (a.simulate == 1 or a.placed == 1) and a.mass > 0.0:
            body.inv_mass = 1.0 / a.mass
            fastest = max(fastest, np.sqrt(a.vx * a.vx + a.vy * a.vy))
            if a.kind == VEHICLE and a.side >= 0 and vehicles[a.side].inertia_z > 0.0:
                body.inv_inertia = 1.0 / vehicles[a.side].inertia_z
            elif a.kind != WALKER:  # walkers turn by themselves
                body.inv_inertia = 1.0 / box_inertia_z(a)
    return min(fastest, _FASTEST_MPS)


@njit
def _note(pairs, count, a, b, static_box, key):  # type: ignore[no-untyped-def]
    """Write a pair where there is room; the count goes on so that the caller learns how much it needs."""
    if count < len(pairs):
        pair = pairs[count]
        pair.key = key
        pair.a = a
        pair.b = b
        pair.static_box = static_box
    return count + 1


@njit
def find_pairs(actors, n, vehicles, boxes, index, bodies, pairs, dt):  # type: ignore[no-untyped-def]
    """Fill `bodies` (one per row) and `pairs` with all that may touch within dt; returns how many pairs there are.

    More than len(pairs) means: give a longer array and call again. At least one of a pair can be moved.
    """
    # Whoever stands still now may be kicked by the fastest in this very tick.
    margin = _fill_bodies(actors, n, vehicles, bodies) * dt + 0.3
    low = np.empty(n)
    for row in range(n):
        low[row] = bodies[row].x - bodies[row].radius if bodies[row].exists == 1 else np.inf
    order = np.argsort(low, kind="mergesort")
    count = 0
    n_boxes = len(boxes.x)
    for p in range(n):
        i = order[p]
        if bodies[i].exists == 0:
            break
        body = bodies[i]
        end = body.x + body.radius + 2.0 * margin
        rise = reach_z(body) + 0.3 + abs(actors[i].vz) * dt
        for q in range(p + 1, n):
            j = order[q]
            if low[j] > end:
                break
            other = bodies[j]
            if other.exists == 0 or (body.inv_mass == 0.0 and other.inv_mass == 0.0):
                continue
            reach = body.radius + other.radius + 2.0 * margin
            dx = other.x - body.x
            dy = other.y - body.y
            if abs(dy) > reach or dx * dx + dy * dy > reach * reach:
                continue
            if abs(other.z - body.z) > rise + reach_z(other) + abs(actors[j].vz) * dt:
                continue
            a = min(i, j)
            b = max(i, j)
            body.paired = 1
            other.paired = 1
            count = _note(pairs, count, a, b, -1, a * (n + n_boxes) + b)
        if body.inv_mass == 0.0:
            continue
        reach = body.radius + margin
        i0, i1, j0, j1 = cell_range(index, body.x - reach, body.y - reach, body.x + reach, body.y + reach)
        for cj in range(j0, j1 + 1):
            for ci in range(i0, i1 + 1):
                cell = cj * index.nx + ci
                for m in range(index.cell_start[cell], index.cell_start[cell + 1]):
                    k = index.cell_boxes[m]
                    if boxes.solid[k] == 0 or met_before(index, k, ci, cj, i0, j0):
                        continue
                    if abs(boxes.z[k] - body.z) > rise + boxes.half_z[k]:
                        continue
                    dx = boxes.x[k] - body.x
                    dy = boxes.y[k] - body.y
                    along = abs(index.cos_yaw[k] * dx + index.sin_yaw[k] * dy)
                    across = abs(index.cos_yaw[k] * dy - index.sin_yaw[k] * dx)
                    if along < boxes.half_x[k] + reach and across < boxes.half_y[k] + reach:
                        body.paired = 1
                        count = _note(pairs, count, i, -1, k, i * (n + n_boxes) + n + k)
    if 1 < count <= len(pairs):
        _sort_pairs(pairs, count)
    return count


@njit
def _sort_pairs(pairs, count):  # type: ignore[no-untyped-def]
    key = np.empty(count, np.int64)
    for p in range(count):
        key[p] = pairs[p].key
    order = np.argsort(key, kind="mergesort")
    copy = pairs[:count].copy()
    for p in range(count):
        pairs[p].key = copy[order[p]].key
        pairs[p].a = copy[order[p]].a
        pairs[p].b = copy[order[p]].b
        pairs[p].static_box = copy[order[p]].static_box


# -- what happens then -------------------------------------------------------------------------------------------


@njit
def solve(actors, n, boxes, index, bodies, pairs, n_pairs, dt):  # type: ignore[no-untyped-def]
    """One substep: impulses and moves apart, in the order of the pairs; sums what happened up in `pairs`."""
    for row in range(n):
        if bodies[row].paired == 1:
            place_actor(bodies[row], actors[row])
            bodies[row].gentle_m = GENTLE_SPEED_MPS * dt
    wall = np.zeros(1, BODY)
    for p in range(n_pairs):
        pair = pairs[p]
        a = bodies[pair.a]
        if pair.b >= 0:
            b = bodies[pair.b]
            reach = a.radius + b.radius
            if abs(b.x - a.x) < reach and abs(b.y - a.y) < reach:
                _meet(actors, pair, a, b, dt)
        else:
            fill_box(wall[0], boxes, index, pair.static_box)
            _meet(actors, pair, a, wall[0], dt)


@njit
def _velocity_at(actors, row, body, x, y):  # type: ignore[no-untyped-def]
    """Of the point of the body at (x, y); what contacts cannot move counts as standing."""
    if row < 0 or body.inv_mass == 0.0:
        return 0.0, 0.0
    a = actors[row]
    return a.vx - a.wz * (y - a.y), a.vy + a.wz * (x - a.x)


@njit
def _kick(actors, row, body, x, y, jx, jy):  # type: ignore[no-untyped-def]
    """Impulse (jx, jy) on the body at (x, y)."""
    if row < 0 or body.inv_mass == 0.0:
        return
    a = actors[row]
    a.vx += jx * body.inv_mass
    a.vy += jy * body.inv_mass
    a.wz += ((x - a.x) * jy - (y - a.y) * jx) * body.inv_inertia
    if a.kind == WALKER:
        given = np.sqrt(jx * jx + jy * jy) * body.inv_mass
        if given > THROWN_SPEED_MPS:
            a.vz = max(a.vz, THROWN_SHARE * given)
            a.grounded = 0


@njit
def _shift(actors, row, body, x, y):  # type: ignore[no-untyped-def]
    if row >= 0 and body.inv_mass > 0.0:
        actors[row].x += x
        actors[row].y += y
        body.x += x
        body.y += y


@njit
def _softness(actors, row, body, x, y, nx, ny):  # type: ignore[no-untyped-def]
    """Speed along n that an impulse of 1 N s along n at (x, y) gives the body there."""
    if row < 0 or body.inv_mass == 0.0:
        return 0.0
    arm = (x - actors[row].x) * ny - (y - actors[row].y) * nx
    return body.inv_mass + arm * arm * body.inv_inertia


@njit
def _meet(actors, pair, a, b, dt):  # type: ignore[no-untyped-def]
    row_a = pair.a
    row_b = pair.b
    ax, ay = _velocity_at(actors, row_a, a, a.x, a.y)
    bx, by = _velocity_at(actors, row_b, b, b.x, b.y)
    depth, nx, ny = overlap(a, b, ax - bx, ay - by, dt)
    if not depth > 0.0:
        return
    x, y = contact_point(a, b)
    height, z = common_height(a, b, x, y)
    if height < MIN_HEIGHT_M:
        return
    ax, ay = _velocity_at(actors, row_a, a, x, y)
    bx, by = _velocity_at(actors, row_b, b, x, y)
    closing = (ax - bx) * nx + (ay - by) * ny
    if closing > 0.0:
        push = closing / (_softness(actors, row_a, a, x, y, nx, ny) + _softness(actors, row_b, b, x, y, nx, ny))
        tx, ty = -ny, nx
        sliding = (ax - bx) * tx + (ay - by) * ty
        drag = sliding / (_softness(actors, row_a, a, x, y, tx, ty) + _softness(actors, row_b, b, x, y, tx, ty))
        drag = min(max(drag, -FRICTION * push), FRICTION * push)
        jx = -push * nx - drag * tx
        jy = -push * ny - drag * ty
        _kick(actors, row_a, a, x, y, jx, jy)
        _kick(actors, row_b, b, x, y, -jx, -jy)
        pair.impulse_x += jx
        pair.impulse_y += jy
        if push > pair.strongest:
            pair.strongest = push
            pair.x, pair.y, pair.z = x, y, z
    if closing > TOLD_MPS2 * dt or depth > TOLD_DEPTH_M:
        pair.told = 1
        if pair.strongest == 0.0:
            pair.x, pair.y, pair.z = x, y, z
    _separate(actors, row_a, row_b, a, b, depth, nx, ny, max(closing, 0.0) * dt)


@njit
def _separate(actors, row_a, row_b, a, b, depth, nx, ny, driven_in):  # type: ignore[no-untyped-def]
    """Move the two apart by mass: at once what this substep drove in, the rest gently."""
    at_once = min(max(depth - SLOP_M, 0.0), driven_in)
    rest = max(depth - SLOP_M - at_once, 0.0)
    share_a = a.inv_mass / (a.inv_mass + b.inv_mass)
    share_b = 1.0 - share_a
    gentle_a = min(rest * share_a, a.gentle_m) if share_a > 0.0 else 0.0
    gentle_b = min(rest * share_b, b.gentle_m) if share_b > 0.0 else 0.0
    a.gentle_m -= gentle_a
    b.gentle_m -= gentle_b
    away = at_once * share_a + gentle_a
    _shift(actors, row_a, a, -nx * away, -ny * away)
    away = at_once * share_b + gentle_b
    _shift(actors, row_b, b, nx * away, ny * away)


@njit
def clear_pairs(pairs, n_pairs):  # type: ignore[no-untyped-def]
    """Forget the sums of the last tick."""
    for p in range(n_pairs):
        pair = pairs[p]
        pair.told = 0
        pair.strongest = 0.0
        pair.impulse_x = 0.0
        pair.impulse_y = 0.0


@njit
def write_contacts(pairs, n_pairs, contacts):  # type: ignore[no-untyped-def]
    """One row per pair that really met in this tick, in the order of rows; returns how many.

    What does not fit is left out: the array is longer than a tick of any sane world needs.
    """
    count = 0
    for p in range(n_pairs):
        pair = pairs[p]
        if pair.told == 0 or count == len(contacts):
            continue
        contact = contacts[count]
        contact.a = pair.a
        contact.b = pair.b
        contact.static_box = pair.static_box
        contact.impulse_x = pair.impulse_x
        contact.impulse_y = pair.impulse_y
        contact.impulse_z = 0.0  # contacts push sideways
        contact.x, contact.y, contact.z = pair.x, pair.y, pair.z
        count += 1
    return count


# -- is a place free ---------------------------------------------------------------------------------------------


@njit
def first_overlap(actors, n, boxes, index, x, y, z, roll, pitch, yaw, center, half, ignore_row, kind):  # type: ignore[no-untyped-def]
    """What a body of this kind would overlap at this pose: a row of actors, -2 - k for box k, -1 where it is free.

    Ground never counts. Of the town only buildings keep props out: scripts put warning signs and cones beside
    lanes, where a pole or a trunk may stand, and CARLA lets fixed meshes meet there.
    """
    if half[0] <= 0.0 or half[1] <= 0.0 or half[2] <= 0.0:
        return -1
    scratch = np.zeros(2, BODY)
    new = scratch[0]
    other = scratch[1]
    half_x = max(half[0] - SPAWN_SHRINK_M, 0.5 * half[0])
    half_y = max(half[1] - SPAWN_SHRINK_M, 0.5 * half[1])
    half_z = max(half[2] - SPAWN_SHRINK_M, 0.5 * half[2])
    shape(new, kind, half_x, half_y, half_z)
    place(new, x, y, z, roll, pitch, yaw, center[0], center[1], center[2], half_x, half_y, half_z)
    for row in range(n):
        a = actors[row]
        if row == ignore_row or not is_body(a):
            continue
        reach = new.radius + np.sqrt(a.half_x * a.half_x + a.half_y * a.half_y)
        reach += abs(a.center_x) + abs(a.center_y) + abs(a.center_z)
        if abs(a.x - new.x) > reach or abs(a.y - new.y) > reach:
            continue
        shape(other, a.kind, a.half_x, a.half_y, a.half_z)
        place_actor(other, a)
        if _overlap_at_all(new, other):
            return row
    i0, i1, j0, j1 = cell_range(index, new.x - new.radius, new.y - new.radius, new.x + new.radius, new.y + new.radius)
    for j in range(j0, j1 + 1):
        for i in range(i0, i1 + 1):
            cell = j * index.nx + i
            for m in range(index.cell_start[cell], index.cell_start[cell + 1]):
                k = index.cell_boxes[m]
                if boxes.solid[k] == 0 or (kind == PROP and boxes.label[k] != BUILDINGS):
                    continue
                fill_box(other, boxes, index, k)
                if _overlap_at_all(new, other):
                    return -2 - k
    return -1


@njit
def _overlap_at_all(a, b):  # type: ignore[no-untyped-def]
    depth, _, _ = overlap(a, b, 0.0, 0.0, 0.0)
    if depth <= 0.0:
        return False
    x, y = contact_point(a, b)
    height, _ = common_height(a, b, x, y)
    return height > MIN_HEIGHT_M
