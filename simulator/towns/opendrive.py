"""OpenDRIVE 1.4 in CARLA's dialect, as text.

The dialect, where it differs from the standard or narrows it (LibCarla's OpenDRIVE parser and the files of
CARLA's own towns):
 * orientation "-" of a signal means lanes with negative ids, "+" those with positive ids;
 * a light's post and the lanes that it rules are two elements: a <signal> with validity 0..0 where the post
   stands, and a <signalReference> with the lanes on the road that it rules;
 * a signal's heading (road tangent + hOffset) is the direction of the traffic that it concerns;
 * crosswalks are objects with a bare <outline>, closed by repeating the first corner, u across the road;
 * connecting roads of junctions are one-way.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from simulator.maps.opendrive import FURNITURE_SEED
from simulator.towns.geometry import Path

__all__ = [
    "Connection", "Controller", "Crosswalk", "Cubic", "Junction", "Lane", "LaneSection", "Link", "Mark", "Network",
    "Road", "Signal", "SignalReference", "write",
]  # fmt: skip

LIGHT = "1000001"
STOP = "206"
YIELD = "205"
SPEED_LIMIT = "274"


@dataclass(frozen=True)
class Cubic:
    """a + b ds + c ds^2 + d ds^3, from s on."""

    s: float
    a: float
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0

    def at(self, s: float) -> float:
        """Its value at a distance s."""
        ds = s - self.s
        return self.a + ds * (self.b + ds * (self.c + ds * self.d))

    def slope(self, s: float) -> float:
        """Its derivative at a distance s."""
        ds = s - self.s
        return self.b + ds * (2.0 * self.c + 3.0 * ds * self.d)

    @staticmethod
    def between(s0: float, s1: float, z0: float, z1: float, slope0: float = 0.0, slope1: float = 0.0) -> "Cubic":
        """The cubic with given values and slopes at both ends."""
        n = s1 - s0
        rise = (z1 - z0) / n
        return Cubic(s0, z0, slope0, (3 * rise - 2 * slope0 - slope1) / n, (slope0 + slope1 - 2 * rise) / n**2)


@dataclass(frozen=True)
class Mark:
    """The line at the outer edge of a lane."""

    kind: str = "none"
    color: str = "white"
    lane_change: str = "none"
    width: float = 0.12


@dataclass
class Lane:
    """One lane of a section; widths are cubics over the distance from the section's start."""

    id: int
    kind: str
    widths: list[Cubic]
    mark: Mark = field(default_factory=Mark)
    predecessor: int | None = None
    successor: int | None = None


@dataclass
class LaneSection:
    """Lanes from s on; `centre` is the mark of the reference line."""

    s: float
    lanes: list[Lane]
    centre: Mark = field(default_factory=Mark)


@dataclass(frozen=True)
class Link:
    """What a road end is joined to: a road's contact point ("start" or "end"), or a junction."""

    kind: str  # "road" or "junction"
    id: int
    contact: str = ""


@dataclass(frozen=True)
class Signal:
    """A light or sign where it stands; `lanes` that it rules here, (0, 0) when references say so elsewhere."""

    id: int
    type: str
    name: str
    s: float
    t: float
    h_offset: float
    orientation: str
    lanes: tuple[int, int]
    value: float = -1.0
    dynamic: bool = False


@dataclass(frozen=True)
class SignalReference:
    """A signal that stands elsewhere and rules these lanes here."""

    id: int
    s: float
    orientation: str
    lanes: tuple[int, int]


@dataclass(frozen=True)
class Crosswalk:
    """A rectangle across the road: `length` across, `depth` along, centred at (s, t)."""

    id: int
    s: float
    t: float
    heading: float
    length: float
    depth: float


@dataclass
class Road:
    """A road, or a connecting road where junction is not -1."""

    id: int
    name: str
    path: Path
    sections: list[LaneSection]
    junction: int = -1
    predecessor: Link | None = None
    successor: Link | None = None
    speed_kmh: int = 30
    kind: str = "town"
    elevation: list[Cubic] = field(default_factory=lambda: [Cubic(0.0, 0.0)])
    crosswalks: list[Crosswalk] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    references: list[SignalReference] = field(default_factory=list)

    def height(self, s: float) -> float:
        """The elevation at s."""
        return self._elevation_at(s).at(s)

    def slope(self, s: float) -> float:
        """The grade at s."""
        return self._elevation_at(s).slope(s)

    def _elevation_at(self, s: float) -> Cubic:
        return [piece for piece in self.elevation if piece.s <= s][-1]


@dataclass(frozen=True)
class Connection:
    """One connecting road of a junction, entered at its start."""

    incoming: int
    connecting: int
    lanes: tuple[tuple[int, int], ...]


@dataclass
class Controller:
    """Lights that are green together."""

    id: int
    name: str
    signals: list[int]


@dataclass
class Junction:
    """A junction with its connections and the controllers of its lights in the order of their turns."""

    id: int
    name: str
    connections: list[Connection] = field(default_factory=list)
    controllers: list[int] = field(default_factory=list)


@dataclass
class Network:
    """Everything in a file."""

    name: str
    furniture_seed: str = ""
    roads: list[Road] = field(default_factory=list)
    junctions: list[Junction] = field(default_factory=list)
    controllers: list[Controller] = field(default_factory=list)


def _m(value: float) -> str:
    # Metres and radians to a billionth: the last bits of the maths library, which may change, stay out of the file.
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _heading(value: float) -> str:
    # West is pi, never -pi.
    return _m(value + 2.0 * math.pi if value < 1e-9 - math.pi else value)


def _n(value: float) -> str:
    """A coefficient, whose size may be anything."""
    return f"{value:.10g}" if abs(value) > 1e-15 else "0"


def _cubic(tag: str, key: str, cubic: Cubic) -> str:
    return f'<{tag} {key}="{_m(cubic.s)}" a="{_m(cubic.a)}" b="{_n(cubic.b)}" c="{_n(cubic.c)}" d="{_n(cubic.d)}"/>'


def _mark(mark: Mark) -> str:
    width = "" if mark.kind == "none" else f' width="{_m(mark.width)}"'
    return (
        f'<roadMark sOffset="0" type="{mark.kind}" weight="standard" material="standard" '
        f'color="{mark.color}"{width} laneChange="{mark.lane_change}"/>'
    )


def _lane(lane: Lane) -> Iterable[str]:
    yield f'<lane id="{lane.id}" type="{lane.kind}" level="false">'
    links = [("predecessor", lane.predecessor), ("successor", lane.successor)]
    inner = "".join(f'<{tag} id="{other}"/>' for tag, other in links if other is not None)
    if inner:
        yield f"<link>{inner}</link>"
    for width in lane.widths:
        yield _cubic("width", "sOffset", width)
    yield _mark(lane.mark)
    yield "</lane>"


def _section(section: LaneSection) -> Iterable[str]:
    yield f'<laneSection s="{_m(section.s)}">'
    left = sorted((lane for lane in section.lanes if lane.id > 0), key=lambda lane: -lane.id)
    right = sorted((lane for lane in section.lanes if lane.id < 0), key=lambda lane: -lane.id)
    if left:
        yield "<left>"
        for lane in left:
            yield from _lane(lane)
        yield "</left>"
    yield f'<center><lane id="0" type="none" level="false">{_mark(section.centre)}</lane></center>'
    if right:
        yield "<right>"
        for lane in right:
            yield from _lane(lane)
        yield "</right>"
    yield "</laneSection>"


def _crosswalk(crosswalk: Crosswalk) -> Iterable[str]:
    yield (
        f'<object id="{crosswalk.id}" name="Crosswalk" type="crosswalk" s="{_m(crosswalk.s)}" t="{_m(crosswalk.t)}" '
        f'zOffset="0" hdg="{_heading(crosswalk.heading)}" pitch="0" roll="0" orientation="+" '
        f'width="{_m(crosswalk.depth)}" length="{_m(crosswalk.length)}">'
    )
    u, v = crosswalk.length / 2.0, crosswalk.depth / 2.0
    corners = [(u, v), (u, -v), (-u, -v), (-u, v), (u, v)]
    yield "<outline>" + "".join(f'<cornerLocal u="{_m(a)}" v="{_m(b)}" z="0"/>' for a, b in corners) + "</outline>"
    yield "</object>"


def _validity(lanes: tuple[int, int]) -> str:
    return f'<validity fromLane="{min(lanes)}" toLane="{max(lanes)}"/>'


def _signal(signal: Signal) -> Iterable[str]:
    yield (
        f'<signal name={quoteattr(signal.name)} id="{signal.id}" s="{_m(signal.s)}" t="{_m(signal.t)}" zOffset="0" '
        f'hOffset="{_heading(signal.h_offset)}" roll="0" pitch="0" orientation="{signal.orientation}" '
        f'dynamic="{"yes" if signal.dynamic else "no"}" country="OpenDRIVE" type="{signal.type}" subtype="-1" '
        f'value="{_m(signal.value)}" {"" if signal.value < 0 else "unit=" + quoteattr("km/h") + " "}text="" '
        f'height="1" width="0.6">'
    )
    yield _validity(signal.lanes)
    yield "</signal>"


def _reference(reference: SignalReference) -> str:
    return (
        f'<signalReference id="{reference.id}" s="{_m(reference.s)}" t="0" orientation="{reference.orientation}">'
        f"{_validity(reference.lanes)}</signalReference>"
    )


def _link(tag: str, link: Link | None) -> str:
    if link is None:
        return ""
    contact = f' contactPoint="{link.contact}"' if link.contact else ""
    return f'<{tag} elementType="{link.kind}" elementId="{link.id}"{contact}/>'


def _road(road: Road) -> Iterable[str]:
    whole = _m(road.path.length)
    yield f'<road name={quoteattr(road.name)} length="{whole}" id="{road.id}" junction="{road.junction}">'
    yield f"<link>{_link('predecessor', road.predecessor)}{_link('successor', road.successor)}</link>"
    yield f'<type s="0" type="{road.kind}"><speed max="{road.speed_kmh}" unit="km/h"/></type>'
    yield "<planView>"
    for (s, pose), (length, curvature) in zip(road.path.knots, road.path.pieces):
        shape = "<line/>" if curvature == 0.0 else f'<arc curvature="{_n(curvature)}"/>'
        yield (
            f'<geometry s="{_m(s)}" x="{_m(pose.x)}" y="{_m(pose.y)}" hdg="{_heading(pose.heading)}" '
            f'length="{_m(length)}">{shape}</geometry>'
        )
    yield "</planView><elevationProfile>"
    for piece in road.elevation:
        yield _cubic("elevation", "s", piece)
    yield "</elevationProfile><lateralProfile/><lanes>"
    for section in road.sections:
        yield from _section(section)
    yield "</lanes>"
    if road.crosswalks:
        yield "<objects>"
        for crosswalk in road.crosswalks:
            yield from _crosswalk(crosswalk)
        yield "</objects>"
    if road.signals or road.references:
        yield "<signals>"
        for signal in road.signals:
            yield from _signal(signal)
        for reference in road.references:
            yield _reference(reference)
        yield "</signals>"
    yield "</road>"


def _bounds(roads: list[Road]) -> tuple[float, float, float, float]:
    points = [road.path.pose(road.path.length * i / 16) for road in roads for i in range(17)]
    return (
        max(p.y for p in points), min(p.y for p in points), max(p.x for p in points), min(p.x for p in points)
    )  # fmt: skip


def _lines(network: Network) -> Iterable[str]:
    north, south, east, west = _bounds(network.roads)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<OpenDRIVE>"
    yield (
        f'<header revMajor="1" revMinor="4" name={quoteattr(network.name)} version="1" date="2026-01-01T00:00:00" '
        f'north="{north:.3f}" south="{south:.3f}" east="{east:.3f}" west="{west:.3f}" vendor="simulator.towns">'
    )
    # The place of CARLA's own towns. Public agents (TransFuser, TCP, NEAT, InterFuser and others) turn GNSS into metres
    # by constants that hold there only: 111319 m for a degree of longitude.
    yield (
        "<geoReference><![CDATA[+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m "
        "+geoidgrids=egm96_15.gtx +vunits=m +no_defs ]]></geoReference>"
    )
    if network.furniture_seed:
        yield f'<userData code="{FURNITURE_SEED}" value={quoteattr(network.furniture_seed)}/>'
    yield "</header>"
    for road in network.roads:
        yield from _road(road)
    for controller in network.controllers:
        controls = "".join(f'<control signalId="{signal}" type=""/>' for signal in controller.signals)
        yield f'<controller name="{controller.name}" id="{controller.id}" sequence="0">{controls}</controller>'
    for junction in network.junctions:
        yield f'<junction id="{junction.id}" name={quoteattr(junction.name)}>'
        for i, connection in enumerate(junction.connections):
            links = "".join(f'<laneLink from="{a}" to="{b}"/>' for a, b in connection.lanes)
            yield (
                f'<connection id="{i}" incomingRoad="{connection.incoming}" connectingRoad="{connection.connecting}" '
                f'contactPoint="start">{links}</connection>'
            )
        for turn, controller_id in enumerate(junction.controllers):
            yield f'<controller id="{controller_id}" type="0" sequence="{turn}"/>'
        yield "</junction>"
    yield "</OpenDRIVE>"


def write(network: Network) -> str:
    """The file's text; the same network gives the same text."""
    return "\n".join(_lines(network)) + "\n"
