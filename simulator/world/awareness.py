"""What the road tells each vehicle: the speed limit of its lane, and the light or sign before which it stands."""

from typing import Final

import numpy as np

from simulator.kernels import njit
from simulator.world.lights import GREEN, RED

STOP_SIGN_S: Final = 2.0  # StopSignComponent.cpp: red for so long, whoever comes
_SAME_WAY: Final = 0.5  # cosine: within 60 degrees of the lane's way
_SAME_LEVEL_M: Final = 3.0


@njit
def tell_vehicles(  # type: ignore[no-untyped-def]
    actors, vehicles, n_vehicles, lanes, samples, light_boxes, lights, give_ways, dt
):
    """Fill speed_limit_kmh and the traffic light fields of every vehicle.

    A light concerns a vehicle while the vehicle's box overlaps one of the light's volumes and faces the same
    way as the lane (CARLA: begin and end of overlap with the trigger box). Otherwise its light reads green,
    or red without a light while a stop or yield sign holds it: that is how CARLA tells its Traffic Manager, which
    then lets one vehicle at a time into the junction.
    """
    for v in range(n_vehicles):
        row = vehicles[v].actor
        actor = actors[row]
        lane = actor.lane
        if lane >= 0:
            vehicles[v].speed_limit_kmh = _limit_on(lanes, samples, lane, actor.x, actor.y)
        vehicles[v].has_traffic_light = 0
        vehicles[v].traffic_light_id = 0
        vehicles[v].traffic_light_state = GREEN
        cos_v = np.cos(actor.yaw)
        sin_v = np.sin(actor.yaw)
        x = actor.x + cos_v * actor.center_x - sin_v * actor.center_y
        y = actor.y + sin_v * actor.center_x + cos_v * actor.center_y
        reach = actor.half_x + actor.half_y + 6.0
        nearest = np.inf
        for k in range(light_boxes.light.shape[0]):
            dx = light_boxes.x[k] - x
            dy = light_boxes.y[k] - y
            if abs(dx) > reach or abs(dy) > reach or abs(light_boxes.z[k] - actor.z) > _SAME_LEVEL_M:
                continue
            cos_b = np.cos(light_boxes.yaw[k])
            sin_b = np.sin(light_boxes.yaw[k])
            if cos_v * cos_b + sin_v * sin_b < _SAME_WAY:
                continue
            if not _boxes_overlap(
                dx,
                dy,
                cos_v,
                sin_v,
                actor.half_x,
                actor.half_y,
                cos_b,
                sin_b,
                light_boxes.half_x[k],
                light_boxes.half_y[k],
            ):
                continue
            distance = dx * dx + dy * dy
            if distance < nearest:
                nearest = distance
                light = lights[light_boxes.light[k]]
                vehicles[v].has_traffic_light = 1
                vehicles[v].traffic_light_id = actors[light.actor].id
                vehicles[v].traffic_light_state = light.state
        _obey_sign(actors, vehicles, n_vehicles, v, actor, x, y, cos_v, sin_v, give_ways, dt)


@njit
def _obey_sign(actors, vehicles, n_vehicles, v, actor, x, y, cos_v, sin_v, give_ways, dt):  # type: ignore[no-untyped-def]
    """At a stop sign: red for two seconds. At both kinds: red while others drive where the ways cross."""
    sign = _sign_at(actor, x, y, cos_v, sin_v, give_ways)
    if sign != vehicles[v].give_way:
        vehicles[v].give_way = sign
        vehicles[v].give_way_s = STOP_SIGN_S if sign >= 0 and give_ways.stop[sign] else 0.0
    elif vehicles[v].give_way_s > 0.0:
        vehicles[v].give_way_s -= dt
    if sign < 0 or vehicles[v].has_traffic_light:
        return
    if vehicles[v].give_way_s > 0.0 or _is_taken(actors, vehicles, n_vehicles, v, sign, give_ways):
        vehicles[v].traffic_light_state = RED


@njit
def _sign_at(actor, x, y, cos_v, sin_v, give_ways):  # type: ignore[no-untyped-def]
    """The nearest sign whose box the vehicle overlaps."""
    found = -1
    nearest = np.inf
    for k in range(give_ways.x.shape[0]):
        dx = give_ways.x[k] - x
        dy = give_ways.y[k] - y
        half = give_ways.half[k]
        reach = actor.half_x + actor.half_y + 2.0 * half
        if abs(dx) > reach or abs(dy) > reach or abs(give_ways.z[k] - actor.z) > _SAME_LEVEL_M:
            continue
        cos_b = np.cos(give_ways.yaw[k])
        sin_b = np.sin(give_ways.yaw[k])
        if cos_v * cos_b + sin_v * sin_b < _SAME_WAY:
            continue
        if dx * dx + dy * dy < nearest and _boxes_overlap(
            dx, dy, cos_v, sin_v, actor.half_x, actor.half_y, cos_b, sin_b, half, half
        ):
            nearest = dx * dx + dy * dy
            found = k
    return found


@njit
def _is_taken(actors, vehicles, n_vehicles, v, sign, give_ways):  # type: ignore[no-untyped-def]
    """Whether another vehicle is on a lane that crosses or joins those beyond the sign."""
    for other in range(n_vehicles):
        if other == v:
            continue
        lane = actors[vehicles[other].actor].lane
        if lane < 0:
            continue
        for k in range(give_ways.lane_start[sign], give_ways.lane_start[sign + 1]):
            if give_ways.lanes[k] == lane:
                return True
    return False


@njit
def _limit_on(lanes, samples, lane, x, y):  # type: ignore[no-untyped-def]
    first = lanes.sample_start[lane]
    last = lanes.sample_start[lane + 1] - 1
    if samples.speed_limit_kmh[first] == samples.speed_limit_kmh[last]:
        return samples.speed_limit_kmh[first]
    best = first
    nearest = np.inf
    for k in range(first, last + 1):
        distance = (samples.x[k] - x) ** 2 + (samples.y[k] - y) ** 2
        if distance < nearest:
            nearest = distance
            best = k
    return samples.speed_limit_kmh[best]


@njit
def _boxes_overlap(dx, dy, cos_a, sin_a, ax, ay, cos_b, sin_b, bx, by):  # type: ignore[no-untyped-def]
    """Separating axes of two rectangles; (dx, dy) from the centre of a to that of b."""
    c = abs(cos_a * cos_b + sin_a * sin_b)
    s = abs(cos_a * sin_b - sin_a * cos_b)
    if abs(dx * cos_a + dy * sin_a) > ax + bx * c + by * s:
        return False
    if abs(-dx * sin_a + dy * cos_a) > ay + bx * s + by * c:
        return False
    if abs(dx * cos_b + dy * sin_b) > bx + ax * c + ay * s:
        return False
    return abs(-dx * sin_b + dy * cos_b) <= by + ax * s + ay * c
