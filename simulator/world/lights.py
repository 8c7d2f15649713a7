"""Traffic lights: the controllers of a junction take turns, each green, yellow, then red for all.

CARLA's rules (TrafficLightController, TrafficLightGroup): times belong to the controller, a group runs one
controller at a time, the others stay red; a state set by hand holds until the light's controller advances;
freezing stops the clocks of all groups.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import TownMap
from simulator.world.tables import LIGHT

RED: Final = 0
YELLOW: Final = 1
GREEN: Final = 2
OFF: Final = 3

# CARLA's defaults; a signal that no controller rules alone in its group is red for 10 s.
GREEN_S: Final = 10.0
YELLOW_S: Final = 3.0
RED_S: Final = 2.0
LONE_RED_S: Final = 10.0

STAGE_GREEN: Final = 0
STAGE_YELLOW: Final = 1
STAGE_RED: Final = 2

CONTROLLER: Final = np.dtype([("green_s", np.float64), ("yellow_s", np.float64), ("red_s", np.float64)], align=True)
GROUP: Final = np.dtype(
    [("current", np.int32), ("stage", np.int32), ("elapsed_s", np.float64), ("frozen", np.uint8)], align=True
)


class Ragged(NamedTuple):
    """Lists of different lengths in two arrays."""

    start: NDArray[np.int32]
    items: NDArray[np.int32]

    @classmethod
    def of(cls, lists: list[list[int]]) -> "Ragged":
        start = np.cumsum([0] + [len(one) for one in lists]).astype(np.int32)
        return cls(start, np.array([item for one in lists for item in one], np.int32))


class TrafficLights:
    """All lights of a town and the clocks behind them."""

    def __init__(self, town: TownMap) -> None:
        signals = town.signals
        count = sum(1 for type_id in signals.type_id if type_id == "traffic.traffic_light")
        self.lights = np.zeros(count, LIGHT)
        self.lights["group"] = signals.group[:count]
        self.lights["controller"] = signals.controller[:count]
        self.lights["pole_index"] = signals.pole_index[:count]
        self.controllers = np.zeros(len(town.controllers), CONTROLLER)
        self.controllers["green_s"] = GREEN_S
        self.controllers["yellow_s"] = YELLOW_S
        self.controllers["red_s"] = RED_S
        for members in town.groups:
            if len(members) == 1:
                self.controllers["red_s"][members[0]] = LONE_RED_S
        self.groups = np.zeros(len(town.groups), GROUP)
        self.lights_of_controller = Ragged.of(town.controllers)
        self.controllers_of_group = Ragged.of(town.groups)
        self.reset_all()

    def step(self, dt: float) -> None:
        if len(self.groups):
            _step(self.lights, self.controllers, self.groups, self.lights_of_controller, self.controllers_of_group, dt)

    def set_state(self, light: int, state: int) -> None:
        self.lights["state"][light] = state

    def set_time(self, light: int, stage: int, seconds: float) -> None:
        field = ("green_s", "yellow_s", "red_s")[stage]
        controller = int(self.lights["controller"][light])
        if controller >= 0:
            self.controllers[field][controller] = seconds
            self._copy_times()

    def freeze_all(self, frozen: bool) -> None:
        self.groups["frozen"] = frozen
        self.lights["frozen"] = frozen

    def freeze_group(self, light: int, frozen: bool) -> None:
        members = self.group_of(light)
        self.lights["frozen"][members] = frozen
        if self.lights["group"][light] >= 0:
            self.groups["frozen"][self.lights["group"][light]] = frozen

    def reset_group(self, light: int) -> None:
        group = int(self.lights["group"][light])
        if group >= 0:
            self._reset(group)

    def reset_all(self) -> None:
        for group in range(len(self.groups)):
            self._reset(group)

    def group_of(self, light: int) -> list[int]:
        """Rows of the lights of the same junction, the light itself among them."""
        group = int(self.lights["group"][light])
        if group < 0:
            return [light]
        return np.flatnonzero(self.lights["group"] == group).tolist()

    def _reset(self, group: int) -> None:
        self.groups[group] = (0, STAGE_GREEN, 0.0, self.groups["frozen"][group])
        self._copy_times()
        members = self.lights["group"] == group
        self.lights["state"][members] = RED
        self.lights["elapsed_s"][members] = 0.0
        first = self.controllers_of_group.items[self.controllers_of_group.start[group]]
        self.lights["state"][self.lights["controller"] == first] = GREEN

    def _copy_times(self) -> None:
        ruled = self.lights["controller"] >= 0
        owner = self.lights["controller"][ruled]
        for field in ("green_s", "yellow_s", "red_s"):
            self.lights[field][ruled] = self.controllers[field][owner]


@njit
def _step(lights, controllers, groups, lights_of_controller, controllers_of_group, dt):  # type: ignore[no-untyped-def]
    for g in range(groups.shape[0]):
        first = controllers_of_group.start[g]
        count = controllers_of_group.start[g + 1] - first
        if groups[g].frozen == 0 and count > 0:
            groups[g].elapsed_s += dt
            # A long step, or times set to nearly zero, may pass several stages; a whole round of zeros must not spin.
            for _ in range(3 * count):
                controller = controllers_of_group.items[first + groups[g].current]
                stage = groups[g].stage
                limit = controllers[controller].green_s
                if stage == STAGE_YELLOW:
                    limit = controllers[controller].yellow_s
                elif stage == STAGE_RED:
                    limit = controllers[controller].red_s
                # Summed steps of 0.05 fall short of 10 by rounding: half a nanosecond is no time.
                if groups[g].elapsed_s < limit - 5e-10:
                    break
                groups[g].elapsed_s = max(groups[g].elapsed_s - limit, 0.0)
                if stage == STAGE_RED:
                    groups[g].stage = STAGE_GREEN
                    groups[g].current = (groups[g].current + 1) % count
                else:
                    groups[g].stage = stage + 1
                controller = controllers_of_group.items[first + groups[g].current]
                state = GREEN
                if groups[g].stage == STAGE_YELLOW:
                    state = YELLOW
                elif groups[g].stage == STAGE_RED:
                    state = RED
                for k in range(lights_of_controller.start[controller], lights_of_controller.start[controller + 1]):
                    lights[lights_of_controller.items[k]].state = state
    for i in range(lights.shape[0]):
        group = lights[i].group
        if group >= 0:
            lights[i].elapsed_s = groups[group].elapsed_s
