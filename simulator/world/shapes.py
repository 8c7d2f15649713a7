"""Bodies as contacts see them, and whether two of them touch.

Bodies are boxes that stand upright: they meet in the ground plane (separating axes of two turned rectangles) where
their heights overlap at the point of contact. Roll and pitch tilt the top and the bottom of a box, so that a low
thing ahead on a slope stays below the bumper, and do not change its outline.
"""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.world.bodies import STEP_M, rotation_matrix
from simulator.world.tables import PROP, VEHICLE, WALKER

# What is lower passes under a vehicle. CARLA's dirt and planks are up to 0.21 m high; the rest is for a nose that dives
# as the driver brakes.
GROUND_CLEARANCE_M: Final = 0.3
MIN_HEIGHT_M: Final = 0.02  # bodies whose heights overlap by less only brush

BODY: Final = np.dtype(
    [
        ("x", np.float64),  # centre of the box in world
        ("y", np.float64),
        ("z", np.float64),
        ("cos_yaw", np.float64),
        ("sin_yaw", np.float64),
        ("half_x", np.float64),
        ("half_y", np.float64),
        ("half_z", np.float64),  # measured upright through the centre
        ("slope_x", np.float64),  # how top and bottom rise along world x and y
        ("slope_y", np.float64),
        ("lift", np.float64),  # free space under the body
        ("radius", np.float64),  # of the outline
        ("inv_mass", np.float64),  # 0: contacts do not move it
        ("inv_inertia", np.float64),
        ("gentle_m", np.float64),  # how far it may still be moved apart in this substep
        ("exists", np.uint8),
        ("paired", np.uint8),
    ],
    align=True,
)


@njit
def place(body, x, y, z, roll, pitch, yaw, center_x, center_y, center_z, half_x, half_y, half_z):  # type: ignore[no-untyped-def]
    """Put a body at an actor's pose; center and half are of the actor's box in its own frame."""
    r00, r01, r02, r10, r11, r12, r20, r21, r22 = rotation_matrix(roll, pitch, yaw)
    body.x = x + r00 * center_x + r01 * center_y + r02 * center_z
    body.y = y + r10 * center_x + r11 * center_y + r12 * center_z
    body.z = z + r20 * center_x + r21 * center_y + r22 * center_z
    body.cos_yaw = np.cos(yaw)
    body.sin_yaw = np.sin(yaw)
    if r22 > 0.7:  # within 45 degrees of upright
        body.slope_x = -r02 / r22
        body.slope_y = -r12 / r22
        body.half_z = half_z / r22
    else:
        body.slope_x = 0.0
        body.slope_y = 0.0
        body.half_z = abs(r20) * half_x + abs(r21) * half_y + abs(r22) * half_z


@njit
def place_actor(body, a):  # type: ignore[no-untyped-def]
    place(
        body, a.x, a.y, a.z, a.roll, a.pitch, a.yaw,
        a.center_x, a.center_y, a.center_z, a.half_x, a.half_y, a.half_z,
    )  # fmt: skip


@njit
def shape(body, kind, half_x, half_y, half_z):  # type: ignore[no-untyped-def]
    """Give a body its outline and the free space under it."""
    body.half_x = half_x
    body.half_y = half_y
    body.radius = np.sqrt(half_x * half_x + half_y * half_y)
    lift = 0.0
    if kind == VEHICLE:
        lift = GROUND_CLEARANCE_M
    elif kind == WALKER:
        lift = STEP_M
    body.lift = min(lift, half_z)


@njit
def reach_z(body):  # type: ignore[no-untyped-def]
    """How far the body may reach above and below its centre."""
    return body.half_z + body.radius * np.sqrt(body.slope_x * body.slope_x + body.slope_y * body.slope_y)


@njit
def fill_box(body, boxes, index, k):  # type: ignore[no-untyped-def]
    """Make a body of box k of the town."""
    body.x = boxes.x[k]
    body.y = boxes.y[k]
    body.z = boxes.z[k]
    body.cos_yaw = index.cos_yaw[k]
    body.sin_yaw = index.sin_yaw[k]
    body.half_z = boxes.half_z[k]
    body.slope_x = 0.0
    body.slope_y = 0.0
    shape(body, PROP, boxes.half_x[k], boxes.half_y[k], boxes.half_z[k])
    body.inv_mass = 0.0
    body.inv_inertia = 0.0


@njit
def overlap(a, b, closing_x, closing_y, dt):  # type: ignore[no-untyped-def]
    """Depth and normal (from a to b) of two outlines; depth <= 0 where they do not touch.

    closing is the velocity of a as seen from b. Where one axis tells how the two came together within the last dt or
    so, that is the normal; else the axis of least depth. A car that took a pole on the edge of its bumper would
    else be pushed aside instead of stopped.
    """
    dx = b.x - a.x
    dy = b.y - a.y
    c = abs(a.cos_yaw * b.cos_yaw + a.sin_yaw * b.sin_yaw)
    s = abs(a.cos_yaw * b.sin_yaw - a.sin_yaw * b.cos_yaw)
    best_depth = np.inf
    best_x = 0.0
    best_y = 0.0
    entry_time = np.inf
    entry_depth = 0.0
    entry_x = 0.0
    entry_y = 0.0
    for axis in range(4):
        if axis == 0:
            nx, ny = a.cos_yaw, a.sin_yaw
            reach = a.half_x + b.half_x * c + b.half_y * s
        elif axis == 1:
            nx, ny = -a.sin_yaw, a.cos_yaw
            reach = a.half_y + b.half_x * s + b.half_y * c
        elif axis == 2:
            nx, ny = b.cos_yaw, b.sin_yaw
            reach = b.half_x + a.half_x * c + a.half_y * s
        else:
            nx, ny = -b.sin_yaw, b.cos_yaw
            reach = b.half_y + a.half_x * s + a.half_y * c
        distance = nx * dx + ny * dy
        if distance < 0.0:
            nx, ny, distance = -nx, -ny, -distance
        depth = reach - distance
        if not depth > 0.0:  # written so that a body without a finite place touches nobody
            return depth, nx, ny
        # A hair of preference for the first of equal axes keeps the choice steady.
        if depth < best_depth - 1e-9:
            best_depth, best_x, best_y = depth, nx, ny
        closing = nx * closing_x + ny * closing_y
        if closing > 0.0 and depth < entry_time * closing:
            entry_time, entry_depth, entry_x, entry_y = depth / closing, depth, nx, ny
    if entry_time <= 1.5 * dt:
        return entry_depth, entry_x, entry_y
    return best_depth, best_x, best_y


@njit
def contact_point(a, b):  # type: ignore[no-untyped-def]
    """The middle of the corners of the common area of two outlines that overlap."""
    # Outline of b in a's frame.
    dx = a.cos_yaw * (b.x - a.x) + a.sin_yaw * (b.y - a.y)
    dy = a.cos_yaw * (b.y - a.y) - a.sin_yaw * (b.x - a.x)
    c = a.cos_yaw * b.cos_yaw + a.sin_yaw * b.sin_yaw
    s = a.cos_yaw * b.sin_yaw - a.sin_yaw * b.cos_yaw
    sum_x = 0.0
    sum_y = 0.0
    count = 0
    for k in range(4):  # the edges of b, cut to a (Liang-Barsky): both ends are corners of the common area
        u0 = b.half_x if k == 0 or k == 3 else -b.half_x
        v0 = b.half_y if k < 2 else -b.half_y
        u1 = b.half_x if k > 1 else -b.half_x
        v1 = b.half_y if k == 0 or k == 3 else -b.half_y
        x0 = dx + c * u0 - s * v0
        y0 = dy + s * u0 + c * v0
        ex = c * (u1 - u0) - s * (v1 - v0)
        ey = s * (u1 - u0) + c * (v1 - v0)
        t0 = 0.0
        t1 = 1.0
        if abs(ex) > 1e-12:
            ta = (-a.half_x - x0) / ex
            tb = (a.half_x - x0) / ex
            t0 = max(t0, min(ta, tb))
            t1 = min(t1, max(ta, tb))
        elif abs(x0) > a.half_x:
            continue
        if abs(ey) > 1e-12:
            ta = (-a.half_y - y0) / ey
            tb = (a.half_y - y0) / ey
            t0 = max(t0, min(ta, tb))
            t1 = min(t1, max(ta, tb))
        elif abs(y0) > a.half_y:
            continue
        if t0 <= t1:
            sum_x += 2.0 * x0 + (t0 + t1) * ex
            sum_y += 2.0 * y0 + (t0 + t1) * ey
            count += 2
    for k in range(4):  # corners of a inside b, as often as corners of b count above
        x = a.half_x if k < 2 else -a.half_x
        y = a.half_y if k == 0 or k == 2 else -a.half_y
        if abs(c * (x - dx) + s * (y - dy)) <= b.half_x and abs(c * (y - dy) - s * (x - dx)) <= b.half_y:
            sum_x += 2.0 * x
            sum_y += 2.0 * y
            count += 2
    if count == 0:  # touching to rounding only
        return 0.5 * (a.x + b.x), 0.5 * (a.y + b.y)
    x = sum_x / count
    y = sum_y / count
    return a.x + a.cos_yaw * x - a.sin_yaw * y, a.y + a.sin_yaw * x + a.cos_yaw * y


@njit
def common_height(a, b, x, y):  # type: ignore[no-untyped-def]
    """Length and middle of the heights that two bodies share above (x, y)."""
    za = a.z + a.slope_x * (x - a.x) + a.slope_y * (y - a.y)
    zb = b.z + b.slope_x * (x - b.x) + b.slope_y * (y - b.y)
    bottom = max(za - a.half_z + a.lift, zb - b.half_z + b.lift)
    top = min(za + a.half_z, zb + b.half_z)
    return top - bottom, 0.5 * (top + bottom)
