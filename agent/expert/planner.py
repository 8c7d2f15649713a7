"""From the world to wheel and pedals, once a tick."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from agent.expert import following
from agent.expert.conflicts import Ego, Leader, leaders
from agent.expert.detour import Detour
from agent.expert.path import Path
from agent.expert.pedals import Pedals, Wheel
from agent.expert.stops import lights_on, stop_signs_on
from agent.expert.surroundings import Surroundings

__all__ = ["Decision", "Planner"]

_SHARE_OF_LIMIT: Final = 0.98  # lawful, and no slower than the traffic that the benchmarks hold it against
_TOP_MPS: Final = 30.0
_SLOW_LIMIT_KMH: Final = 30.0  # where the vehicle knows no limit
_SIDEWAYS_MPS2: Final = 3.5
_EASY_BRAKING_MPS2: Final = 3.0
_AHEAD_M: Final = 160.0  # from the top speed that is time for easy braking
_LINE_MARGIN_M: Final = 1.2  # from bumper to stop line
_YELLOW_MPS2: Final = 4.0  # braking harder than this for a yellow light is worse than driving on
_RED, _YELLOW = "Red", "Yellow"
_STOOD_MPS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Decision:
    steer: float
    throttle: float
    brake: float
    why: str  # in a few words, for those who watch


class Planner:
    """Drives one hero along one way. `world`, `map_` and `hero` are carla's."""

    def __init__(self, world: Any, map_: Any, hero: Any, path: Path) -> None:
        self._hero = hero
        self._path = path
        self._surroundings = Surroundings(world, hero.id)
        self._lights = lights_on(path, world)
        self._signs = stop_signs_on(path, world)
        path.in_junction[:] = [_is_in_junction(map_, *point) for point in path.points]
        self._detour = Detour(map_)
        self._wheel = Wheel()
        self._pedals = Pedals()
        box = hero.bounding_box
        self._half_x, self._half_y = box.extent.x, box.extent.y

    def decide(self, dt_s: float) -> Decision:
        transform = self._hero.get_transform()
        velocity = self._hero.get_velocity()
        x, y = transform.location.x, transform.location.y
        yaw = math.radians(transform.rotation.yaw)
        speed = math.hypot(velocity.x, velocity.y)
        along = self._path.locate(x, y)
        limit = min((self._hero.get_speed_limit() or _SLOW_LIMIT_KMH) / 3.6 * _SHARE_OF_LIMIT, _TOP_MPS)
        limit = min(limit, self._bend_limit(along))
        ego = Ego(along, speed, self._half_x, self._half_y, limit)
        others = self._surroundings.read(x, y)
        self._detour.consider(self._path, ego, others, self._next_light(ego))
        choices = [(following.free_road(speed, limit), "free road")]
        choices += [_of_leader(leader) for leader in leaders(self._path, ego, others)[:1]]
        choices += [self._for_lights(ego), self._for_signs(ego), self._for_the_end(ego)]
        acceleration, why = min(choices)
        throttle, brake = self._pedals.press(acceleration, speed, dt_s)
        steer = self._wheel.steer(self._path, along, x, y, yaw, speed)
        return Decision(steer, throttle, brake, why)

    def _bend_limit(self, along_m: float) -> float:
        """The speed now from which every bend ahead can be reached at its own speed."""
        first, last = np.searchsorted(self._path.along_m, (along_m, along_m + _AHEAD_M))
        if last - first < 2:
            return _TOP_MPS
        bend = self._path.curvature(int(first), int(last))
        allowed2 = _SIDEWAYS_MPS2 / np.maximum(bend, 1e-4)
        ahead = np.maximum(self._path.along_m[first:last] - along_m, 0.0)
        return float(np.sqrt((allowed2 + 2.0 * _EASY_BRAKING_MPS2 * ahead).min()))

    def _next_light(self, ego: Ego) -> float | None:
        return next((light.along_m for light in self._lights if light.along_m > ego.along_m), None)

    def _for_lights(self, ego: Ego) -> tuple[float, str]:
        front = ego.along_m + ego.half_x
        for light in self._lights:
            gap = light.along_m - front
            if gap < -1.0:
                continue
            if gap > _AHEAD_M:
                break
            state = str(light.actor.get_state())
            needed = ego.speed_mps**2 / (2.0 * max(gap, 0.1))
            if state == _RED or (state == _YELLOW and needed < _YELLOW_MPS2):
                return self._stop(ego, gap - _LINE_MARGIN_M), f"{state.lower()} light"
        return math.inf, ""

    def _for_signs(self, ego: Ego) -> tuple[float, str]:
        for sign in self._signs:
            if sign.done or sign.leaves_m < ego.along_m - 1.0:
                continue
            gap = sign.along_m - ego.along_m  # the middle of the car stands in the sign's volume
            if gap > _AHEAD_M:
                break
            if abs(gap) < 2.0 and ego.speed_mps < _STOOD_MPS:
                sign.done = True
                continue
            return self._stop(ego, gap), "stop sign"
        return math.inf, ""

    def _for_the_end(self, ego: Ego) -> tuple[float, str]:
        """A route is over a little before its end; who drives beyond stops all the same."""
        return -_EASY_BRAKING_MPS2 if ego.along_m > self._path.end_m else math.inf, "end of the way"

    @staticmethod
    def _stop(ego: Ego, gap_m: float) -> float:
        """As behind something that stands, but to a place: constant braking, once that is needed."""
        if gap_m <= 0.3:
            return -_EASY_BRAKING_MPS2 if ego.speed_mps < 2.0 else -6.0
        needed = ego.speed_mps**2 / (2.0 * gap_m)
        creep = following.free_road(ego.speed_mps, max(math.sqrt(2.0 * 0.7 * _EASY_BRAKING_MPS2 * gap_m), 0.6))
        return -needed if needed > _EASY_BRAKING_MPS2 else creep


def _is_in_junction(map_: Any, x: float, y: float, z: float) -> bool:
    import carla  # the client is there when a world is; the rest of this module is arithmetic

    waypoint = map_.get_waypoint(carla.Location(float(x), float(y), float(z)))
    return waypoint is not None and bool(waypoint.is_junction)


def _of_leader(leader: Leader) -> tuple[float, str]:
    kind = ("vehicle", "bicycle", "walker", "obstacle")[leader.kind]
    return leader.acceleration_mps2, f"{kind} {leader.id} in {max(leader.gap_m, 0.0):.0f} m"
