"""Cross-sections: which lanes a street has from its middle to its edges."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from simulator.towns.opendrive import Cubic, Lane, LaneSection, Mark

__all__ = ["CrossSection", "Strip", "lane_sections"]

_TAPER_M = 7.0  # parking lanes narrow to nothing over this length
# No lane section is a round number long: carla's next_until_lane_end raises when equal steps end exactly on its end.
_MOUTH_M = 12.0137  # before a junction: no parking, no lane change
_SHORTEST_PARKING_M = 15.0

BROKEN = Mark("broken", "white", "both")
SOLID = Mark("solid")
KERB = Mark("curb")
NO_MARK = Mark()
DOUBLE_YELLOW = Mark("solid solid", "yellow")
# Broken for the eye, but changing into oncoming traffic is nothing that a planner should be offered.
BROKEN_YELLOW = Mark("broken", "yellow")
SOLID_YELLOW = Mark("solid", "yellow")


class Strip(NamedTuple):
    """A lane beside the driving lanes: "parking", "biking", "shoulder", "sidewalk" or "none" (verge)."""

    kind: str
    width: float


@dataclass(frozen=True)
class CrossSection:
    """Driving lanes in both directions with what lies beside them.

    `right` and `left` go outwards. A one-way street has backward = 0.
    """

    forward: int
    backward: int
    lane_width: float
    right: tuple[Strip, ...] = ()
    left: tuple[Strip, ...] = ()
    median: float = 0.0  # metres on each side of the reference line
    centre: Mark = DOUBLE_YELLOW
    speed_kmh: int = 50
    kind: str = "town"

    @property
    def shift_left(self) -> float:
        """How far left of the street's axis its reference line runs: one-way streets are centred on their axis."""
        return self.forward * self.lane_width / 2.0 if self.backward == 0 else 0.0

    def without_parking(self) -> "CrossSection":
        """The section at a junction's mouth, where the kerb comes out to the driving lanes."""
        return replace(
            self,
            right=tuple(strip for strip in self.right if strip.kind != "parking"),
            left=tuple(strip for strip in self.left if strip.kind != "parking"),
        )

    def side(self, right: bool) -> Iterator[tuple[tuple[str, int], str, float]]:
        """Lanes of one side from the middle outwards: (role, kind, width); roles survive changes of numbering."""
        if self.median > 0.0:
            yield ("median", 0), "median", self.median
        for i in range(self.forward if right else self.backward):
            yield ("drive", i), "driving", self.lane_width
        for strip in self.right if right else self.left:
            yield (strip.kind, 0), strip.kind, strip.width


def _outer_mark(kind: str, following: str | None, changes: bool) -> Mark:
    if kind == "driving":
        if following == "driving":
            return BROKEN if changes else SOLID
        return KERB if following == "sidewalk" else SOLID
    if kind == "median" and following == "driving":
        return SOLID_YELLOW
    return KERB if following == "sidewalk" else NO_MARK


def _lanes(section: CrossSection, length: float, tapered: bool, changes: bool) -> dict[tuple[bool, str, int], Lane]:
    found: dict[tuple[bool, str, int], Lane] = {}
    for right in (True, False):
        rows = list(section.side(right))
        for i, (role, kind, width) in enumerate(rows):
            following = rows[i + 1][1] if i + 1 < len(rows) else None
            widths = [Cubic(0.0, width)]
            if kind == "parking" and tapered:
                widths = [
                    Cubic.between(0.0, _TAPER_M, 0.0, width),
                    Cubic(_TAPER_M, width),
                    Cubic.between(length - _TAPER_M, length, width, 0.0),
                ]
            lane_id = -(i + 1) if right else i + 1
            found[right, *role] = Lane(lane_id, kind, widths, _outer_mark(kind, following, changes))
    return found


def lane_sections(section: CrossSection, length: float, mouths: bool) -> list[LaneSection]:
    """The lane sections of a street; with mouths, parking and lane changes end before the junctions."""
    bare = section.without_parking()
    if not mouths:
        plan = [(0.0, length, section, False, True)]
    elif length < 2.0 * (_MOUTH_M + _TAPER_M) + _SHORTEST_PARKING_M:
        plan = [(0.0, length, bare, False, length > 2.0 * _MOUTH_M)]
    else:
        plan = [
            (0.0, _MOUTH_M, bare, False, False),
            (_MOUTH_M, length - _MOUTH_M, section, True, True),
            (length - _MOUTH_M, length, bare, False, False),
        ]
    built = [
        (begin, _lanes(which, end - begin, tapered, changes), section.centre)
        for begin, end, which, tapered, changes in plan
    ]
    for (_, before, _), (_, after, _) in pairwise(built):
        for role, lane in before.items():
            if role in after:
                lane.successor = after[role].id
                after[role].predecessor = lane.id
    one_way_median = section.backward == 0
    return [
        LaneSection(begin, list(lanes.values()), SOLID_YELLOW if one_way_median else centre)
        for begin, lanes, centre in built
    ]
