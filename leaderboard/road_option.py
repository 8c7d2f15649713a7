"""What a point of the plan asks for, with the numbers that agents and data sets know."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["RoadOption"]


class RoadOption(IntEnum):
    """The names and values of agents.navigation.local_planner.RoadOption in CARLA's Python API."""

    VOID = -1
    LEFT = 1
    RIGHT = 2
    STRAIGHT = 3
    LANEFOLLOW = 4
    CHANGELANELEFT = 5
    CHANGELANERIGHT = 6

    @property
    def is_lane_change(self) -> bool:
        return self in (RoadOption.CHANGELANELEFT, RoadOption.CHANGELANERIGHT)
