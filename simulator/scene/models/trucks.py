"""Lorries, the fire engine and the bus: boxes on a chassis, a cab with windows, the lamps that all of them have."""

from typing import Final, NamedTuple

from simulator.scene.mesh import BACKWARD, FORWARD, LEFT, RIGHT, MeshBuilder, Point
from simulator.scene.models.palette import (
    BEACON_BLUE,
    BEACON_WHITE,
    BLINKER_LEFT,
    BLINKER_RIGHT,
    BLUE_PAINT,
    BODY,
    BRAKE_LAMP,
    CARGO,
    CHASSIS,
    CHROME,
    FOG_FRONT,
    FOG_REAR,
    HEAD_LAMP,
    LIGHT_GREY,
    PLATE,
    POSITION_FRONT,
    POSITION_REAR,
    REVERSE_LAMP,
    TRIM,
    UNDERSIDE,
    WHITE_PAINT,
    WINDOW,
    YELLOW_PAINT,
)
from simulator.scene.models.wheels import MARGIN_M, Box, Wheel, add_far_wheel, add_wheel

_PATCH_M: Final = 0.012


class Outline(NamedTuple):
    """What a lorry is made of. Lengths in metres from the front end; heights as shares of the box's height."""

    body_width_m: float
    cab_length_m: float
    cab_height: float
    waist: float  # lower edge of the cab's windows
    rake_m: float  # how far the windscreen leans back
    cargo_height: float
    cargo: int  # its material
    floor: float  # of the cargo box
    kind: str  # "box", "fire engine", "bus"


OUTLINES: Final[dict[str, Outline]] = {
    "carlamotors.carlacola": Outline(2.40, 1.75, 0.84, 0.47, 0.42, 1.0, BODY, 0.26, "box"),
    "carlamotors.european_hgv": Outline(2.55, 2.05, 0.90, 0.46, 0.14, 1.0, CARGO, 0.30, "box"),
    "carlamotors.firetruck": Outline(2.50, 2.90, 0.80, 0.44, 0.16, 0.86, BODY, 0.20, "fire engine"),
    "mitsubishi.fusorosa": Outline(3.10, 0.0, 1.0, 0.42, 0.40, 1.0, BODY, 0.0, "bus"),
}


class Lorry:
    def __init__(self, outline: Outline, box: Box, wheels: list[Wheel]) -> None:
        self.outline = outline
        self.box = box
        self.wheels = wheels
        self.half = 0.5 * outline.body_width_m
        self.front = box.high[0] - MARGIN_M - _PATCH_M
        self.rear = box.low[0] + MARGIN_M + _PATCH_M
        self.top = box.high[2] - MARGIN_M
        self.y = box.middle_y

    def near(self, mesh: MeshBuilder) -> None:
        if self.outline.kind == "bus":
            self._bus(mesh)
        else:
            self._chassis(mesh)
            self._cab(mesh)
            self._cargo(mesh)
        self._front_lamps(mesh)
        self._rear_lamps(mesh)
        self._mirrors(mesh)
        for bone, wheel in enumerate(self.wheels, start=1):
            add_wheel(mesh, wheel, bone)

    def far(self, mesh: MeshBuilder) -> None:
        o, box = self.outline, self.box
        if o.kind == "bus":
            self._bus_shell(mesh, far=True)
            self._window_row(mesh, count=1)
            self._rear_window(mesh)
            mesh.box((box.x(-0.6), self.y - 0.6, self.top - 0.16), (box.x(0.35), self.y + 0.6, self.top), LIGHT_GREY)
        else:
            self._cab(mesh, far=True)
            back, low, high = self.front - o.cab_length_m, box.z(o.floor), box.z(o.cargo_height) - MARGIN_M
            self._block(mesh, self.rear, back, low, high)
            self._sides(mesh, back, low, high, shutters=1)
            if o.kind == "fire engine":
                low, high = self.top - 0.22, self.top
                mesh.box((self.rear + 0.2, self.y - 0.4, low), (self.front - 1.2, self.y + 0.4, high), CHROME)
            mesh.box(
                (self.rear, self.y - 0.8 * self.half, box.z(0.12)),
                (self.front - 0.5, self.y + 0.8 * self.half, box.z(o.floor) + 0.02),
                CHASSIS,
            )
        self._front_lamps(mesh, far=True)
        self._rear_lamps(mesh, far=True)
        for wheel in self.wheels:
            add_far_wheel(mesh, wheel, self.y, self.half + 0.008)

    # -- lorries -----------------------------------------------------------------------------------------------

    def _block(self, mesh: MeshBuilder, x0: float, x1: float, z0: float, z1: float) -> None:
        mesh.box((x0, self.y - self.half, z0), (x1, self.y + self.half, z1), self.outline.cargo)

    def _chassis(self, mesh: MeshBuilder) -> None:
        o, box = self.outline, self.box
        low, high = box.z(0.12), box.z(o.floor) + 0.02
        mesh.box(
            (self.rear, self.y - 0.42 * self.half, low), (self.front - 0.4, self.y + 0.42 * self.half, high), CHASSIS
        )
        behind = max(w.x + 1.15 * w.radius for w in self.wheels if not w.steers)
        ahead = min(w.x - 1.15 * w.radius for w in self.wheels if w.steers)
        for side in (-1.0, 1.0):  # tanks and guards between the axles
            ys = sorted((self.y + side * 0.50 * self.half, self.y + side * 0.96 * self.half))
            mesh.box((behind, ys[0], low), (ahead, ys[1], high), TRIM)
        mesh.box(
            (self.rear, self.y - 0.95 * self.half, low + 0.10),
            (self.rear + 0.12, self.y + 0.95 * self.half, high),
            TRIM,
        )

    def _cab(self, mesh: MeshBuilder, *, far: bool = False) -> None:
        o, box = self.outline, self.box
        back, low = self.front - o.cab_length_m, box.z(0.10)
        waist, top = box.z(o.waist), box.z(o.cab_height) - MARGIN_M
        brow = top - 0.10
        arch = max(w.z + 1.10 * w.radius for w in self.wheels if w.steers)
        bumper = [(back, arch), (self.front - 0.25, arch), (self.front - 0.25, low), (self.front, low)]
        upper = [(self.front, waist), (self.front - o.rake_m, brow), (self.front - o.rake_m - 0.2, top), (back, top)]
        # Above the wheels one piece, the bumper ahead of them another.
        mesh.extrude([bumper[0], (self.front, arch), *upper], self.y - self.half, self.y + self.half, BODY)
        ahead = max(w.x + 1.12 * w.radius for w in self.wheels if w.steers)
        if ahead < self.front - 0.05:
            mesh.box((ahead, self.y - self.half, low), (self.front, self.y + self.half, arch), BODY, bottom=UNDERSIDE)
        self._windscreen(mesh, waist, brow)
        self._cab_windows(mesh, back, waist, brow, doors=2 if o.kind == "fire engine" and not far else 1)
        if o.kind == "fire engine":
            self._beacons(mesh, top)

    def _windscreen(self, mesh: MeshBuilder, waist: float, brow: float) -> None:
        o = self.outline
        corners: list[Point] = []
        for y, share in ((-1, 0.06), (1, 0.06), (1, 0.94), (-1, 0.94)):
            x = self.front - o.rake_m * share + _PATCH_M
            corners.append((x, self.y + 0.90 * y * self.half, waist + share * (brow - waist)))
        mesh.patch(corners, WINDOW, FORWARD)

    def _cab_windows(self, mesh: MeshBuilder, back: float, waist: float, brow: float, doors: int) -> None:
        o = self.outline
        length = (o.cab_length_m - o.rake_m - 0.12) / doors
        low, high = waist + 0.04, brow - 0.04
        for side, facing in ((-1.0, LEFT), (1.0, RIGHT)):
            y = self.y + side * (self.half + 0.006)
            for door in range(doors):
                begin = back + 0.08 + door * length + (0.3 if doors == 1 else 0.0)
                end = back + (door + 1) * length
                last = door == doors - 1
                foot = end + (0.85 * o.rake_m if last else -0.02)
                mesh.patch([(begin, y, low), (foot, y, low), (end, y, high), (begin, y, high)], WINDOW, facing)

    def _beacons(self, mesh: MeshBuilder, low: float) -> None:
        x = self.front - self.outline.rake_m - 0.55
        for y0, y1, material in ((-0.85, -0.12, BEACON_BLUE), (-0.12, 0.12, BEACON_WHITE), (0.12, 0.85, BEACON_BLUE)):
            mesh.box((x - 0.15, self.y + y0, low), (x + 0.15, self.y + y1, low + 0.18), material)

    def _cargo(self, mesh: MeshBuilder) -> None:
        o, box = self.outline, self.box
        back = self.front - o.cab_length_m - (0.0 if o.kind == "fire engine" else 0.08)
        low, high = box.z(o.floor), box.z(o.cargo_height) - MARGIN_M
        arch = max(w.z + 1.08 * w.radius for w in self.wheels)
        self._block(mesh, self.rear, back, max(low, arch), high)
        self._sides(mesh, back, max(low, arch), high, shutters=3)
        x = self.rear - 0.006
        mesh.panel(
            (x, self.y - 0.47 * self.half, 0.5 * (low + high) + 0.1),
            BACKWARD,
            0.86 * self.half,
            0.7 * (high - low),
            LIGHT_GREY,
        )
        mesh.panel(
            (x, self.y + 0.47 * self.half, 0.5 * (low + high) + 0.1),
            BACKWARD,
            0.86 * self.half,
            0.7 * (high - low),
            LIGHT_GREY,
        )
        if o.kind == "fire engine":
            self._ladder(mesh, back, high)

    def _sides(self, mesh: MeshBuilder, back: float, low: float, high: float, shutters: int) -> None:
        """What is on the flanks: a fire engine's roller shutters, or a rising band."""
        o = self.outline
        for side, facing in ((-1.0, LEFT), (1.0, RIGHT)):
            y = self.y + side * (self.half + 0.006)
            if o.kind == "fire engine":
                self._shutters(mesh, y, facing, back, low, high, shutters)
                continue
            z0, z1 = low + 0.36 * (high - low), low + 0.60 * (high - low)
            ends = [(self.rear + 0.1, z0), (back - 0.1, z0 + 0.12), (back - 0.1, z1 + 0.12), (self.rear + 0.1, z1)]
            mesh.patch([(x, y, z) for x, z in ends], WHITE_PAINT if o.cargo == BODY else BLUE_PAINT, facing)

    def _shutters(
        self, mesh: MeshBuilder, y: float, facing: Point, back: float, low: float, high: float, count: int
    ) -> None:
        span = back - self.rear
        for k in range(count):
            x = self.rear + (k + 0.5) * span / count
            mesh.panel((x, y, 0.5 * (low + high) + 0.12), facing, 0.90 * span / count, 0.66 * (high - low), LIGHT_GREY)
        mesh.panel((self.rear + 0.5 * span, y, low + 0.10), facing, span, 0.16, YELLOW_PAINT)

    def _ladder(self, mesh: MeshBuilder, back: float, low: float) -> None:
        """Two rails and rungs along the roof, up to the top of the box."""
        z0, z1 = self.top - 0.22, self.top
        x0, x1 = self.rear + 0.2, self.front - 1.2
        for side in (-1.0, 1.0):
            y = self.y + side * 0.40
            mesh.box((x0, y - 0.05, z0), (x1, y + 0.05, z1), CHROME)
        for k in range(7):
            x = x0 + (k + 0.5) * (x1 - x0) / 7.0
            mesh.box((x - 0.05, self.y - 0.36, z0 + 0.06), (x + 0.05, self.y + 0.36, z0 + 0.14), CHROME)
        mesh.box((x0, self.y - 0.5, low - 0.02), (x0 + 0.4, self.y + 0.5, z0 + 0.02), CHASSIS)

    # -- bus ---------------------------------------------------------------------------------------------------

    def _bus(self, mesh: MeshBuilder) -> None:
        self._bus_shell(mesh)
        self._window_row(mesh, count=6)
        box = self.box
        # The door, on the kerb's side ahead of the front axle, and two ventilators on the roof.
        x = self.front - 0.75
        mesh.panel((x - 0.35, self.y + self.half + 0.008, box.z(0.42)), RIGHT, 0.9, 0.56 * box.height, TRIM)
        mesh.panel((x - 0.35, self.y + self.half + 0.012, box.z(0.50)), RIGHT, 0.7, 0.36 * box.height, WINDOW)
        self._rear_window(mesh)
        for share in (-0.45, 0.2):
            middle = box.x(share)
            mesh.box(
                (middle - 0.7, self.y - 0.6, self.top - 0.16),
                (middle + 0.7, self.y + 0.6, self.top),
                LIGHT_GREY,
                taper=0.9,
            )

    def _rear_window(self, mesh: MeshBuilder) -> None:
        box = self.box
        mesh.panel((self.rear - 0.008, self.y, box.z(0.68)), BACKWARD, 1.5 * self.half, 0.26 * box.height, WINDOW)

    def _bus_shell(self, mesh: MeshBuilder, *, far: bool = False) -> None:
        """Cross-sections along x, from nearby with raised bottoms over the wheels; the roof's edges are round."""
        o, box = self.outline, self.box
        roof, low = self.top - 0.15, box.z(0.09)
        stations = {self.rear: low, self.front: low, self.front - o.rake_m: low}
        for wheel in [] if far else self.wheels:
            reach = 1.12 * wheel.radius
            for share, height in (
                (-1.0, low),
                (-0.62, wheel.z + 0.9 * reach),
                (0.62, wheel.z + 0.9 * reach),
                (1.0, low),
            ):
                stations[wheel.x + share * reach] = height
        rings = []
        for x in sorted(stations):
            bottom = stations[x]
            top = box.z(o.waist + 0.02) if x == self.front else roof
            half = self.half * (0.95 if x in (self.rear, self.front) else 1.0)
            shoulder = top - (0.0 if x == self.front else 0.25)
            right = [(x, half, bottom), (x, half, shoulder - 0.01), (x, 0.90 * half, top)]
            rings.append([(x, self.y - y, z) for x, y, z in right] + [(x, self.y + y, z) for x, y, z in right[::-1]])
        mesh.loft(rings, [BODY, BODY, BODY, BODY, BODY, UNDERSIDE], first=BODY, last=BODY)
        # The windscreen lies on the sloping front.
        corners: list[Point] = []
        for side, share in ((-1, 0.04), (1, 0.04), (1, 0.80), (-1, 0.80)):
            x = self.front - o.rake_m * share + _PATCH_M
            z = box.z(o.waist + 0.02) + share * (roof - box.z(o.waist + 0.02)) + 0.02
            corners.append((x, self.y + side * 0.84 * self.half, z))
        mesh.patch(corners, WINDOW, FORWARD)

    def _window_row(self, mesh: MeshBuilder, count: int) -> None:
        o, box = self.outline, self.box
        begin, end = self.rear + 0.30, self.front - o.rake_m - 0.25
        low, high = box.z(o.waist + 0.10), self.top - 0.15 - 0.32
        length = (end - begin) / count
        for side, facing in ((-1.0, LEFT), (1.0, RIGHT)):
            y = self.y + side * (self.half + 0.006)
            for k in range(count):
                middle = begin + (k + 0.5) * length
                mesh.panel((middle, y, 0.5 * (low + high)), facing, length - 0.12, high - low, WINDOW)
            z = box.z(o.waist - 0.02)
            mesh.panel((0.5 * (begin + end), y - side * 0.002, z), facing, end - begin, 0.18, BLUE_PAINT)

    # -- lamps -------------------------------------------------------------------------------------------------

    def _front_lamps(self, mesh: MeshBuilder, *, far: bool = False) -> None:
        o, box = self.outline, self.box
        x = self.front + _PATCH_M
        z, h = box.z(0.21), 0.075 * box.height
        w = 0.92 * self.half
        for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
            mesh.panel((x, self.y + side * 0.74 * w, z), FORWARD, 0.30 * w, h, HEAD_LAMP)
            mesh.panel((x, self.y + side * 0.95 * w, z), FORWARD, 0.10 * w, h, blinker)
            if not far:
                mesh.panel((x, self.y + side * 0.74 * w, z + 0.75 * h), FORWARD, 0.30 * w, 0.04, POSITION_FRONT)
                mesh.panel((x, self.y + side * 0.74 * w, z - 1.05 * h), FORWARD, 0.22 * w, 0.5 * h, FOG_FRONT)
        mesh.panel((x - 0.004, self.y, z + 0.055 * box.height), FORWARD, 1.0 * w, 0.15 * box.height, TRIM)
        if not far:
            mesh.panel((x, self.y, z - 1.0 * h), FORWARD, 0.52, 0.12, PLATE)
            mesh.panel((x, self.y, box.z(o.waist - 0.08)), FORWARD, 0.9 * w, 0.03, CHROME)

    def _rear_lamps(self, mesh: MeshBuilder, *, far: bool = False) -> None:
        box = self.box
        x = self.rear - _PATCH_M
        z, h = box.z(0.24), 0.09 * box.height
        w = 0.92 * self.half
        for side, blinker in ((-1.0, BLINKER_LEFT), (1.0, BLINKER_RIGHT)):
            mesh.panel((x, self.y + side * 0.90 * w, z), BACKWARD, 0.16 * w, h, POSITION_REAR)
            mesh.panel((x, self.y + side * 0.72 * w, z), BACKWARD, 0.18 * w, h, BRAKE_LAMP)
            mesh.panel((x, self.y + side * 0.54 * w, z), BACKWARD, 0.16 * w, h, blinker)
            if not far:
                mesh.panel((x, self.y + side * 0.38 * w, z), BACKWARD, 0.14 * w, h, REVERSE_LAMP)
                mesh.panel((x, self.y + side * 0.80 * w, z - 0.75 * h), BACKWARD, 0.20 * w, 0.35 * h, FOG_REAR)
        if not far:
            mesh.panel((x, self.y, z), BACKWARD, 0.52, 0.12, PLATE)
            mesh.panel((x, self.y, box.z(0.93)), BACKWARD, 0.5 * w, 0.06, BRAKE_LAMP)

    def _mirrors(self, mesh: MeshBuilder) -> None:
        o, box = self.outline, self.box
        z = box.z(o.waist) + 0.10
        x = self.front - 0.30
        outer = 0.5 * box.width - MARGIN_M
        for side in (-1.0, 1.0):
            ys = sorted((self.y + side * (outer - 0.22), self.y + side * outer))
            mesh.box((x - 0.06, ys[0], z), (x + 0.06, ys[1], z + 0.42), TRIM)
            arm = sorted((self.y + side * (self.half - 0.10), self.y + side * (outer - 0.20)))
            if arm[1] - arm[0] > 0.12:
                mesh.box((x - 0.03, arm[0], z + 0.34), (x + 0.03, arm[1], z + 0.40), TRIM)
