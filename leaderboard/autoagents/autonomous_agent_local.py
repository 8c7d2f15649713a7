"""Frozen: the base class of privileged drivers, where the agents of carla_garage import it: PDM-Lite, PlanT, and the
drivers of SimLingo and LEAD.
"""

from __future__ import annotations

from typing import Any

from leaderboard.autoagents import autonomous_agent
from leaderboard.autoagents.autonomous_agent import Track

__all__ = ["AutonomousAgent", "Track"]


class AutonomousAgent(autonomous_agent.AutonomousAgent):
    """Has the constructor of leaderboard 1.0, and keeps the plan as it is before it is thinned out."""

    def __init__(self, path_to_conf_file: str, route_index: str | None = None) -> None:
        super().__init__(path_to_conf_file)

    def set_global_plan(self, global_plan_gps: list[Any], global_plan_world_coord: list[Any]) -> None:
        self.org_dense_route_gps = global_plan_gps
        self.org_dense_route_world_coord = global_plan_world_coord
        super().set_global_plan(global_plan_gps, global_plan_world_coord)
