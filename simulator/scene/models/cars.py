"""Cars and car-like vans: a hull of cross-sections with wheel arches, a glazed cabin on it, lamps at both ends."""

from itertools import pairwise
from typing import Final, NamedTuple

from simulator.scene.mesh import BACKWARD, FORWARD, LEFT, RIGHT, MeshBuilder, Point
from simulator.scene.models.model import DOOR
from simulator.scene.models.palette import (
    BEACON_WHITE,
    BLINKER_LEFT,
    BLINKER_RIGHT,
    BODY,
    BRAKE_LAMP,
    CHROME,
    FOG_FRONT,
    FOG_REAR,
    HEAD_LAMP,
    PLATE,
    POSITION_FRONT,
    POSITION_REAR,
    REVERSE_LAMP,
    TAXI_SIGN,
    TRIM,
    UNDERSIDE,
    WINDOW,
)
from simulator.scene.models.wheels import MARGIN_M, Box, Wheel, add_far_wheel, add_wheel

_PATCH_M: Final = 0.010  # how far a lamp stands before the face it is on
# Where the hull's ends begin to narrow, as shares of the half length.
_TAIL: Final = -0.94
_NOSE: Final = 0.92
_ARCH: Final = 1.13  # radius of a wheel's arch over that of the wheel
_DOOR_INSET_M: Final = 0.025  # of a closed door, behind the skin
_DOOR_RAD: Final = 1.15
_DOOR_LENGTH_M: Final = 1.25  # at most


class Style(NamedTuple):
    """A silhouette. x: -1 the rear end ... 1 the front end; heights: shares of the box's height."""

    nose: float  # height of the bonnet's front edge
    cowl: float  # height at the foot of the windscreen
    deck: float  # height of the boot lid, or of the tailgate's window
    cowl_x: float
    roof_front_x: float
    roof_rear_x: float
    deck_x: float  # foot of the rear window
    clearance: float  # of the sills
    roof_width: float  # share of the body's width
    windows: int = 2  # on each side
    end_width: float = 0.84  # of the front and rear faces
    blind: int = 0  # how many of the windows, counted from the rear, are sheet metal


STYLES: Final[dict[str, Style]] = {
    "saloon": Style(0.52, 0.64, 0.68, 0.36, -0.02, -0.44, -0.74, 0.115, 0.72),
    "old saloon": Style(0.60, 0.66, 0.68, 0.34, 0.06, -0.42, -0.62, 0.13, 0.74, end_width=0.93),
    "coupe": Style(0.54, 0.67, 0.73, 0.26, -0.12, -0.38, -0.84, 0.10, 0.68),
    "roadster": Style(0.54, 0.66, 0.72, 0.26, -0.10, -0.34, -0.88, 0.11, 0.68, end_width=0.78),
    "hatchback": Style(0.52, 0.63, 0.64, 0.46, 0.12, -0.70, -0.93, 0.115, 0.76),
    "mini": Style(0.56, 0.65, 0.65, 0.40, 0.20, -0.76, -0.92, 0.11, 0.80),
    "microcar": Style(0.50, 0.60, 0.66, 0.80, 0.30, -0.52, -0.84, 0.11, 0.74, windows=1, end_width=0.72),
    "suv": Style(0.55, 0.60, 0.61, 0.42, 0.16, -0.84, -0.955, 0.135, 0.78, windows=3),
    "jeep": Style(0.56, 0.60, 0.60, 0.30, 0.20, -0.91, -0.935, 0.17, 0.86, end_width=0.94),
    "tourer": Style(0.50, 0.62, 0.62, 0.52, 0.14, -0.80, -0.95, 0.11, 0.74, windows=3),
    "van": Style(0.42, 0.54, 0.52, 0.74, 0.44, -0.935, -0.945, 0.10, 0.86, windows=3, blind=2, end_width=0.90),
    "bus van": Style(0.48, 0.53, 0.52, 0.93, 0.82, -0.91, -0.945, 0.12, 0.84, windows=4, end_width=0.90),
    # A wedge: its sides rise from the nose to a ridge above the driver and fall to the tail.
    "wedge": Style(0.50, 0.56, 0.62, 0.62, 0.08, -0.04, -0.93, 0.17, 0.66, windows=3, end_width=0.92, blind=1),
}


class Hull:
    """The lower body: cross-sections of six corners along x."""

    def __init__(
        self, style: Style, box: Box, body_half_width: float, wheels: list[Wheel], crown_m: float = MARGIN_M
    ) -> None:
        """`crown_m` is kept free above the roof, for beacons."""
        self.style = style
        self.roof = box.high[2] - crown_m
        self.box = box
        self.half_width = body_half_width
        self.front = box.high[0] - MARGIN_M - _PATCH_M
        self.rear = box.low[0] + MARGIN_M + _PATCH_M
        self.sill = box.z(style.clearance)
        self._wheels = wheels
        self.rail = self.roof - 0.06 * box.height  # upper edge of the windows

    def top(self, x: float) -> float:
        s, box = self.style, self.box
        line = [
            (self.rear, box.z(s.deck - 0.06)),
            (box.x(_TAIL), box.z(s.deck)),
            (box.x(s.deck_x), box.z(s.deck)),
            (box.x(s.cowl_x), box.z(s.cowl)),
            (box.x(_NOSE), box.z(s.nose + 0.025)),
            (self.front, box.z(s.nose - 0.055)),
        ]
        return _along(line, x)

    def width(self, x: float) -> float:
        """Half of it, at its widest height."""
        share = self.style.end_width
        line = [(self.rear, share), (self.box.x(_TAIL), 0.985), (self.box.x(_TAIL + 0.12), 1.0)]
        line += [(self.box.x(_NOSE - 0.14), 1.0), (self.box.x(_NOSE), 0.965), (self.front, share)]
        return self.half_width * _along(line, x)

    def bottom(self, x: float) -> float:
        lift = 0.03 if x in (self.rear, self.front) else 0.0
        height = self.sill + lift
        for wheel in self._wheels:
            reach = _ARCH * wheel.radius
            off = abs(x - wheel.x) / reach
            if off < 0.99:
                height = max(height, wheel.z + reach * (0.88 if off > 0.5 else 0.95))
        return height

    def waist(self, x: float) -> float:
        """Height of the widest line."""
        return max(0.40 * self.sill + 0.60 * self.top(x), min(self.bottom(x) + 0.02, self.top(x) - 0.02))

    def side(self, x: float, share: float, out: float = 0.0) -> tuple[float, float]:
        """Half width and height between the waist (share 0) and the shoulder (1); `out` metres outside of it."""
        waist, top = self.waist(x), self.top(x)
        return self.width(x) * (1.0 - 0.09 * share) + out, waist + share * (top - waist)

    def stations(self) -> list[float]:
        box, s = self.box, self.style
        xs = {self.rear, self.front, box.x(_TAIL), box.x(_NOSE), box.x(s.cowl_x), box.x(s.deck_x)}
        for wheel in self._wheels:
            reach = _ARCH * wheel.radius
            xs |= {wheel.x - reach, wheel.x - 0.62 * reach, wheel.x + 0.62 * reach, wheel.x + reach}
        ordered = sorted(x for x in xs if self.rear <= x <= self.front)
        return [x for k, x in enumerate(ordered) if k == 0 or x - ordered[k - 1] > 0.01]

    @property
    def flank(self) -> tuple[float, float]:
        """Where the arches of the rear wheels end and those of the front wheels begin."""
        behind = max(w.x + _ARCH * w.radius for w in self._wheels if not w.steers)
        ahead = min(w.x - _ARCH * w.radius for w in self._wheels if w.steers)
        return behind, ahead

    def ring(self, x: float) -> list[Point]:
        y0 = self.box.middle_y
        wide, waist = self.width(x), self.waist(x)
        shoulder, top = self.side(x, 1.0)
        low, bottom = 0.94 * wide, self.bottom(x)
        right = [(x, y0 + low, bottom), (x, y0 + wide, waist), (x, y0 + shoulder, top)]
        return [(x, 2.0 * y0 - y, z) for x, y, z in right] + right[::-1]


def add_cabin(mesh: MeshBuilder, hull: Hull) -> None:
    """Glass between pillars, a rail above it and the roof."""
    s, box = hull.style, hull.box
    columns = _columns(s)
    roof_z, rail_z = hull.roof, hull.rail
    levels = (
        (box.x(s.deck_x), box.x(s.cowl_x), 0.885, None),
        (box.x(s.roof_rear_x - 0.02), box.x(s.roof_front_x + 0.035), s.roof_width + 0.04, rail_z),
        (box.x(s.roof_rear_x + 0.06), box.x(s.roof_front_x - 0.03), s.roof_width - 0.06, roof_z),
    )
    rings = []
    for rear, front, share, height in levels:
        half = hull.half_width * share
        xs = [rear + t * (front - rear) for t in columns]
        zs = [hull.top(x) - 0.012 if height is None else height for x in xs]
        left = [(x, box.middle_y - half, z) for x, z in zip(xs, zs, strict=True)]
        right = [(x, box.middle_y + half, z) for x, z in zip(xs, zs, strict=True)]
        rings.append(left + right[::-1])
    side = _side_materials(s)
    back = BODY if s.blind else WINDOW
    glazed = [*side, WINDOW, *side[::-1], back]
    mesh.loft(rings, [glazed, [BODY] * len(glazed)], first=UNDERSIDE, last=BODY)


def _columns(s: Style) -> list[float]:
    """Where pillars begin and end along the cabin: 0 at the rear window, 1 at the windscreen."""
    first, last, pillar = 0.10, 0.955, 0.025
    columns = [0.0]
    for k in range(s.windows):
        columns.append(first + (last - first) * k / s.windows + (pillar if k else 0.0))
        columns.append(first + (last - first) * (k + 1) / s.windows - (pillar if k + 1 < s.windows else 0.0))
    return [*columns, 1.0]


def _side_materials(s: Style) -> list[int]:
    row = [BODY]
    for k in range(s.windows):
        blind = k < s.blind
        row.append(BODY if blind else WINDOW)
        row.append(BODY if blind or k + 1 == s.windows else TRIM)
    return row


def add_mirrors(mesh: MeshBuilder, hull: Hull) -> None:
    box, s = hull.box, hull.style
    x = box.x(s.cowl_x) - 0.16 * (box.x(s.cowl_x) - box.x(s.roof_front_x)) - 0.05
    z = hull.top(box.x(s.cowl_x)) + 0.02
    inner = 0.86 * hull.half_width
    outer = 0.5 * box.width - MARGIN_M
    for side in (-1.0, 1.0):
        ys = sorted((box.middle_y + side * inner, box.middle_y + side * outer))
        mesh.box((x - 0.05, ys[0], z), (x + 0.05, ys[1], z + 0.13), TRIM)


def add_front(mesh: MeshBuilder, hull: Hull) -> None:
    """Lamps in dark housings that reach around the corners, grille and plate."""
    x, box = hull.front + _PATCH_M, hull.box
    y0, w = box.middle_y, hull.width(hull.front)
    low, high = hull.bottom(hull.front), hull.top(hull.front)
    span = high - low
    lamp_z, lamp_h = low + 0.80 * span, 0.24 * span
    for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
        mesh.panel((x - 0.004, y0 + side * 0.71 * w, lamp_z - 0.01), FORWARD, 0.52 * w, lamp_h + 0.06, TRIM)
        mesh.panel((x, y0 + side * 0.64 * w, lamp_z), FORWARD, 0.32 * w, lamp_h, HEAD_LAMP)
        mesh.panel((x, y0 + side * 0.88 * w, lamp_z), FORWARD, 0.13 * w, lamp_h, blinker)
        mesh.panel((x, y0 + side * 0.70 * w, lamp_z - 0.75 * lamp_h), FORWARD, 0.48 * w, 0.03, POSITION_FRONT)
        mesh.panel((x, y0 + side * 0.72 * w, low + 0.22 * span), FORWARD, 0.20 * w, 0.16 * span, FOG_FRONT)
        _corner(mesh, hull, hull.front, box.x(_NOSE), side, TRIM, 0.12, 0.88, 0.5)
        _corner(mesh, hull, hull.front, box.x(_NOSE), side, blinker, 0.30, 0.80, 0.0)
    mesh.panel((x - 0.002, y0, low + 0.78 * span), FORWARD, 0.86 * w, 0.20 * span, TRIM)
    mesh.panel((x - 0.003, y0, low + 0.20 * span), FORWARD, 1.0 * w, 0.22 * span, TRIM)
    mesh.panel((x, y0, low + 0.47 * span), FORWARD, 0.52, 0.11, PLATE)
    mesh.panel((x, y0, low + 0.78 * span), FORWARD, 0.80 * w, 0.02, CHROME)


def add_rear(mesh: MeshBuilder, hull: Hull) -> None:
    """Lamps and plate on the rear face: red outside, brake lamp, blinker and reverse lamp further in."""
    x, box = hull.rear - _PATCH_M, hull.box
    y0, w = box.middle_y, hull.width(hull.rear)
    low, high = hull.bottom(hull.rear), hull.top(hull.rear)
    span = high - low
    z, h = low + 0.76 * span, 0.32 * span
    for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
        mesh.panel((x + 0.003, y0 + side * 0.70 * w, z), BACKWARD, 0.58 * w, h + 0.06, TRIM)
        mesh.panel((x, y0 + side * 0.82 * w, z), BACKWARD, 0.26 * w, h, BRAKE_LAMP)
        _corner(mesh, hull, hull.rear, box.x(_TAIL), side, POSITION_REAR, 0.15, 0.85, 0.0)
        mesh.panel((x, y0 + side * 0.60 * w, z + 0.25 * h), BACKWARD, 0.16 * w, 0.5 * h, blinker)
        mesh.panel((x, y0 + side * 0.60 * w, z - 0.25 * h), BACKWARD, 0.16 * w, 0.45 * h, REVERSE_LAMP)
        mesh.panel((x, y0 + side * 0.47 * w, z), BACKWARD, 0.09 * w, 0.7 * h, POSITION_REAR)
        mesh.panel((x, y0 + side * 0.62 * w, low + 0.16 * span), BACKWARD, 0.16 * w, 0.10 * span, FOG_REAR)
    mesh.panel((x + 0.003, y0, low + 0.12 * span), BACKWARD, 1.5 * w, 0.20 * span, TRIM)
    mesh.panel((x, y0, low + 0.62 * span), BACKWARD, 0.52, 0.11, PLATE)


def add_high_brake_lamp(mesh: MeshBuilder, hull: Hull) -> None:
    """The third one, under the upper edge of the rear window."""
    s, box = hull.style, hull.box
    foot_x, head_x = box.x(s.deck_x), box.x(s.roof_rear_x - 0.02)
    foot_z, head_z = hull.top(foot_x), hull.rail
    x, z = foot_x + 0.88 * (head_x - foot_x), foot_z + 0.88 * (head_z - foot_z)
    x = max(x, hull.rear + 0.02)
    half = 0.17 * hull.half_width
    mesh.box((x - 0.02, box.middle_y - half, z - 0.02), (x + 0.12, box.middle_y + half, z + 0.035), BRAKE_LAMP)


def _corner(
    mesh: MeshBuilder,
    hull: Hull,
    end: float,
    begin: float,
    side: float,
    material: int,
    low: float,
    high: float,
    inset: float,
) -> None:
    """A patch around the corner: on the face between the narrowed end and the side, between two shares of the height
    from waist to shoulder. `inset` brings it nearer to the face than the lamps are."""
    y0 = hull.box.middle_y
    corners: list[Point] = []
    for x, share in ((end, low), (begin, low), (begin, high), (end, high)):
        y, z = hull.side(x, share, out=_PATCH_M * (1.0 - inset))
        corners.append((x, y0 + side * y, z))
    mesh.patch(corners, material, (0.3 if end > begin else -0.3, side, 0.0))


def _along(line: list[tuple[float, float]], x: float) -> float:
    """The height of a broken line at x."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y1
    return line[-1][1]


def near_car(mesh: MeshBuilder, hull: Hull, wheels: list[Wheel]) -> None:
    mesh.loft([hull.ring(x) for x in hull.stations()], [BODY, BODY, BODY, BODY, BODY, UNDERSIDE], first=BODY, last=BODY)
    add_cabin(mesh, hull)
    add_mirrors(mesh, hull)
    add_front(mesh, hull)
    add_rear(mesh, hull)
    add_high_brake_lamp(mesh, hull)
    for bone, wheel in enumerate(wheels, start=1):
        add_wheel(mesh, wheel, bone)


def far_car(mesh: MeshBuilder, hull: Hull, wheels: list[Wheel]) -> None:
    """Four cross-sections of four corners, a cabin of glass and roof, the lamps and the wheels' outer faces."""
    box, s, y0 = hull.box, hull.style, hull.box.middle_y
    flat = Hull(s, box, hull.half_width, [])
    rings = []
    tail, cowl, nose = box.x(_TAIL), box.x(s.cowl_x), box.x(_NOSE)
    for x, like, share in (
        (hull.rear, tail, 0.94),
        (cowl, cowl, 1.0),
        (nose, nose, 0.97),
        (hull.front, hull.front, 0.86),
    ):
        half, top = share * (hull.half_width - 0.008), flat.top(like)  # inside the wheels' faces
        rings.append([(x, y0 - half, hull.sill), (x, y0 - half, top), (x, y0 + half, top), (x, y0 + half, hull.sill)])
    mesh.loft(rings, [BODY, BODY, BODY, UNDERSIDE], first=BODY, last=BODY)
    _far_cabin(mesh, hull)
    low, high = hull.sill, flat.top(hull.front)
    z, h = low + 0.75 * (high - low), 0.26 * (high - low)
    mesh.panel((hull.front + 0.003, y0, low + 0.45 * (high - low)), FORWARD, hull.half_width, 0.8 * (high - low), TRIM)
    for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
        mesh.panel((hull.front + _PATCH_M, y0 + side * 0.60 * hull.half_width, z), FORWARD, 0.34, h, HEAD_LAMP)
        mesh.panel((hull.front + _PATCH_M, y0 + side * 0.80 * hull.half_width, z - h), FORWARD, 0.16, h, blinker)
    low, high = hull.sill, flat.top(tail)
    z, h = low + 0.74 * (high - low), 0.30 * (high - low)
    x = hull.rear - _PATCH_M
    for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
        mesh.panel((x, y0 + side * 0.83 * hull.half_width, z), BACKWARD, 0.15, h, POSITION_REAR)
        mesh.panel((x, y0 + side * 0.65 * hull.half_width, z), BACKWARD, 0.17, h, BRAKE_LAMP)
        mesh.panel((x, y0 + side * 0.46 * hull.half_width, z), BACKWARD, 0.17, h, blinker)
    mesh.panel((x, y0, z - 0.6 * h), BACKWARD, 0.52, 0.11, PLATE)
    for wheel in wheels:
        add_far_wheel(mesh, wheel, y0, hull.half_width)


def _far_cabin(mesh: MeshBuilder, hull: Hull) -> None:
    s, box, y0 = hull.style, hull.box, hull.box.middle_y
    rings = []
    for rear, front, share, height in (
        (s.deck_x, s.cowl_x, 0.885, None),
        (s.roof_rear_x - 0.02, s.roof_front_x + 0.035, s.roof_width + 0.04, hull.rail),
        (s.roof_rear_x + 0.06, s.roof_front_x - 0.03, s.roof_width - 0.06, hull.roof),
    ):
        half = share * hull.half_width
        corners = [(box.x(rear), -half), (box.x(front), -half), (box.x(front), half), (box.x(rear), half)]
        rings.append([(x, y0 + y, hull.top(x) - 0.04 if height is None else height) for x, y in corners])
    side = BODY if s.blind else WINDOW
    mesh.loft(rings, [[side, WINDOW, side, side], [BODY] * 4], first=UNDERSIDE, last=BODY)
    if s.blind:
        _far_door_windows(mesh, rings[0], rings[1], s.blind / s.windows)


def _far_door_windows(mesh: MeshBuilder, foot: list[Point], head: list[Point], begin: float) -> None:
    """The front part of a cabin whose rear is sheet metal."""
    for rear, front, facing in ((0, 1, LEFT), (3, 2, RIGHT)):
        corners: list[Point] = []
        for along, up in ((begin, 0.08), (0.96, 0.08), (0.96, 0.88), (begin, 0.88)):
            low = [foot[rear][k] + along * (foot[front][k] - foot[rear][k]) for k in range(3)]
            high = [head[rear][k] + along * (head[front][k] - head[rear][k]) for k in range(3)]
            x, y, z = (low[k] + up * (high[k] - low[k]) for k in range(3))
            corners.append((x, y + 0.006 * facing[1], z))
        mesh.patch(corners, WINDOW, facing)


def add_doors(mesh: MeshBuilder, hull: Hull, first_bone: int) -> list[tuple[object, ...]]:
    """Doors as they are when closed, inside the body's skin, with their windows; returns their joints.

    Front doors, and rear doors where there are windows for them. A lorry's box or a boot does not open.
    """
    s = hull.style
    rear, front = hull.flank
    middle = rear if s.blind or s.windows < 2 else 0.5 * (rear + front)
    begin = max(middle, front - _DOOR_LENGTH_M)
    places = [(0, -1, begin, front), (1, 1, begin, front)]
    if middle > rear:
        begin = max(rear, middle - _DOOR_LENGTH_M)
        places += [(2, -1, begin, middle), (3, 1, begin, middle)]
    found: list[tuple[object, ...]] = []
    for index, side, begin, end in places:
        bone = first_bone + len(found)
        begin, end = begin + 0.02, end - 0.02
        panel, window = _door(hull, begin, end)
        for part, material in ((panel, BODY), (window, WINDOW)):
            rings = [[(x, hull.box.middle_y + side * y, z) for x, y, z in ring] for ring in part]
            mesh.loft(rings, material, bone)
        hinge_y = hull.box.middle_y + side * (hull.width(end) - _DOOR_INSET_M)
        found.append((DOOR, 0, index, side, end, hinge_y, 0.0, 0.0, _DOOR_RAD))
    return found


def _door(hull: Hull, begin: float, end: float) -> tuple[list[list[Point]], list[list[Point]]]:
    """Rings at the rear and front edge of a door on the right: of its sheet metal and of its window."""
    s, box = hull.style, hull.box
    panel, window = [], []
    for x, roof_x in ((begin, max(begin, box.x(s.roof_rear_x))), (end, min(end, box.x(s.roof_front_x) - 0.05))):
        wide, waist = hull.width(x), hull.waist(x)
        shoulder, top = hull.side(x, 1.0)
        outer = [(0.94 * wide, hull.sill + 0.04), (wide, waist), (shoulder, top - 0.02)]
        panel.append(
            [(x, y - _DOOR_INSET_M, z) for y, z in outer] + [(x, y - 2.5 * _DOOR_INSET_M, z) for y, z in outer[::-1]]
        )
        foot, head = 0.885 * hull.half_width - _DOOR_INSET_M, (s.roof_width + 0.02) * hull.half_width - _DOOR_INSET_M
        window.append(
            [
                (x, foot, top - 0.03),
                (roof_x, head, hull.rail),
                (roof_x, head - 0.02, hull.rail),
                (x, foot - 0.02, top - 0.03),
            ]
        )
    return panel, window


def add_stripe(mesh: MeshBuilder, hull: Hull, material: int, low: float, high: float, out: float = 0.004) -> None:
    """A band along both flanks between the wheels, between two shares of the height from waist to shoulder."""
    rear, front = hull.flank
    for side, facing in ((-1.0, LEFT), (1.0, RIGHT)):
        corners: list[Point] = []
        for x, share in ((rear, low), (front, low), (front, high), (rear, high)):
            y, z = hull.side(x, share, out=out)
            corners.append((x, hull.box.middle_y + side * y, z))
        mesh.patch(corners, material, facing)


def add_beacons(mesh: MeshBuilder, hull: Hull, left: int, right: int) -> None:
    """A bar of lamps across the roof, up to the top of the box."""
    s, box = hull.style, hull.box
    x = box.x(s.roof_front_x) - 0.30
    half = 0.62 * s.roof_width * hull.half_width
    low, high = hull.roof - 0.01, box.high[2] - MARGIN_M
    for material, y0, y1 in ((left, -half, -0.10), (BEACON_WHITE, -0.10, 0.10), (right, 0.10, half)):
        mesh.box((x - 0.12, box.middle_y + y0, low), (x + 0.12, box.middle_y + y1, high), material)


def add_roof_sign(mesh: MeshBuilder, hull: Hull) -> None:
    x, y0 = hull.box.x(hull.style.roof_front_x) - 0.40, hull.box.middle_y
    low, high = hull.roof - 0.01, hull.box.high[2] - MARGIN_M
    mesh.box((x - 0.10, y0 - 0.25, low), (x + 0.10, y0 + 0.25, high), TAXI_SIGN, taper=0.85)
