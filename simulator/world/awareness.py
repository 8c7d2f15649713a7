"""What the road tells each vehicle: the speed limit of its lane, and the light whose stop volume it stands in."""

import numpy as np

from simulator.kernels import njit
from simulator.world.lights import GREEN


@njit
def tell_vehicles(actors, vehicles, n_vehicles, lanes, samples, light_boxes, lights):  # type: ignore[no-untyped-def]
    """Fill speed_limit_kmh and the traffic light fields of every vehicle.

    A light concerns a vehicle while the vehicle's box overlaps one of the light's volumes and faces the same
    way as the lane (CARLA: begin and end of overlap with the trigger box). Otherwise its light reads green.
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
        if light_boxes.light.shape[0] == 0:
            continue
        cos_v = np.cos(actor.yaw)
        sin_v = np.sin(actor.yaw)
        x = actor.x + cos_v * actor.center_x - sin_v * actor.center_y
        y = actor.y + sin_v * actor.center_x + cos_v * actor.center_y
        reach = actor.half_x + actor.half_y + 6.0
        nearest = np.inf
        for k in range(light_boxes.light.shape[0]):
            dx = light_boxes.x[k] - x
            dy = light_boxes.y[k] - y
            if abs(dx) > reach or abs(dy) > reach or abs(light_boxes.z[k] - actor.z) > 3.0:
                continue
            cos_b = np.cos(light_boxes.yaw[k])
            sin_b = np.sin(light_boxes.yaw[k])
            if cos_v * cos_b + sin_v * sin_b < 0.5:  # within 60 degrees of the lane's way
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
