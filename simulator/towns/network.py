"""Roads under construction and their ends, as a junction sees them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from simulator.towns.geometry import Path, Pose
from simulator.towns.opendrive import Cubic, LaneSection, Network, Road
from simulator.towns.sections import CrossSection

__all__ = ["Construction", "End", "LaneEnd", "Street"]


class LaneEnd(NamedTuple):
    """A lane where it meets a junction; `offset` is from the reference line to its inner edge."""

    id: int
    kind: str
    offset: float
    width: float


@dataclass
class Street:
    """A finished road with the cross-section that it was made from."""

    road: Road
    section: CrossSection

    @property
    def start(self) -> "End":
        """The end at s = 0."""
        return End(self, False)

    @property
    def end(self) -> "End":
        """The end at s = length."""
        return End(self, True)


@dataclass(frozen=True, eq=False)
class End:
    """One end of a street. `entering` looks out of the street, into the junction."""

    street: Street
    at_end: bool

    @property
    def road(self) -> Road:
        """The road whose end this is."""
        return self.street.road

    @property
    def contact(self) -> str:
        """OpenDRIVE's name for the end."""
        return "end" if self.at_end else "start"

    @property
    def s(self) -> float:
        """Where on the road the end is."""
        return self.road.path.length if self.at_end else 0.0

    @cached_property
    def entering(self) -> Pose:
        """On the reference line, heading into the junction."""
        return self.road.path.end if self.at_end else self.road.path.start.turned()

    @property
    def z(self) -> float:
        """Height of the reference line."""
        return self.road.height(self.s)

    @property
    def climb(self) -> float:
        """Grade of the reference line when entering the junction."""
        return self.road.slope(self.s) * (1.0 if self.at_end else -1.0)

    def _side(self, inbound: bool) -> list[LaneEnd]:
        # Lanes with negative ids run towards the road's end: they are inbound there, outbound at its start.
        right = inbound == self.at_end
        lanes = self.road.sections[-1 if self.at_end else 0].lanes
        ds = self.s - self.road.sections[-1 if self.at_end else 0].s
        found: list[LaneEnd] = []
        offset = 0.0
        for lane in sorted((lane for lane in lanes if (lane.id < 0) == right), key=lambda lane: abs(lane.id)):
            record = [w for w in lane.widths if w.s <= ds][-1]
            width = record.at(ds)
            found.append(LaneEnd(lane.id, lane.kind, offset, width))
            offset += width
        return found

    @cached_property
    def inbound(self) -> list[LaneEnd]:
        """Driving lanes into the junction, inner first."""
        return [lane for lane in self._side(True) if lane.kind == "driving"]

    @cached_property
    def outbound(self) -> list[LaneEnd]:
        """Driving lanes out of the junction, inner first."""
        return [lane for lane in self._side(False) if lane.kind == "driving"]

    def strips(self, inbound: bool) -> list[LaneEnd]:
        """What lies beside the driving lanes on one side, inner first."""
        return [lane for lane in self._side(inbound) if lane.kind not in ("driving", "median")]

    def edge(self, inbound: bool) -> float:
        """From the reference line to the outer edge of the driving lanes of one side."""
        return max((lane.offset + lane.width for lane in self._side(inbound)
                    if lane.kind in ("driving", "median")), default=0.0)  # fmt: skip

    def kerb(self, inbound: bool) -> float:
        """From the reference line to the kerb: everything but sidewalks and verges."""
        return max((lane.offset + lane.width for lane in self._side(inbound)
                    if lane.kind not in ("sidewalk", "none")), default=0.0)  # fmt: skip

    def has_sidewalk(self, inbound: bool) -> bool:
        """Whether one can stand beside the road here."""
        return any(lane.kind == "sidewalk" for lane in self._side(inbound))

    def lane_in(self, lane: LaneEnd) -> Pose:
        """The left edge of an inbound lane, heading into the junction."""
        return self.entering.left(-lane.offset)

    def lane_out(self, lane: LaneEnd) -> Pose:
        """The left edge of an outbound lane, heading out of the junction."""
        return self.entering.turned().left(-lane.offset)

    def orientation(self, inbound: bool = True) -> str:
        """The signal orientation that concerns the lanes of one side."""
        return "-" if inbound == self.at_end else "+"


@dataclass
class Construction:
    """The network so far, and a source of ids that are unique among all its elements."""

    network: Network
    streets: list[Street] = field(default_factory=list)
    _last_id: int = 0

    def new_id(self) -> int:
        """The next free id."""
        self._last_id += 1
        return self._last_id

    def add(
        self,
        name: str,
        path: Path,
        section: CrossSection,
        sections: list[LaneSection],
        elevation: list[Cubic],
    ) -> Street:
        """A road outside junctions."""
        road = Road(
            self.new_id(), name, path, sections, speed_kmh=section.speed_kmh, kind=section.kind, elevation=elevation
        )
        self.network.roads.append(road)
        street = Street(road, section)
        self.streets.append(street)
        return street
