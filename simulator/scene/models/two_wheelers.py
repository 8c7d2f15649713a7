"""Motorcycles, scooters and bicycles, each with its rider.

Frame, tank and fork are bars and prisms between the two wheels; the rider sits where saddle, pedals and handlebar are,
and the top of the helmet is the top of the box.
"""

from math import asin, cos, hypot, pi, sin
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.mesh import BACKWARD, FORWARD, LEFT, RIGHT, MeshBuilder, Point, Polygon
from simulator.scene.models.model import CRANKS, FORK, PEDAL_SHIN, PEDAL_THIGH, WHEEL, Model, assembled, joints
from simulator.scene.models.palette import (
    BLINKER_LEFT,
    BLINKER_RIGHT,
    BODY,
    BRAKE_LAMP,
    CHASSIS,
    CHROME,
    HEAD_LAMP,
    PLATE,
    POSITION_REAR,
    RIDER_HELMET,
    RIDER_JACKETS,
    RIDER_SHOES,
    RIDER_SKIN,
    RIDER_TROUSERS,
    RIDER_VISOR,
    RIM,
    SEAT,
    TRIM,
    TYRE,
)
from simulator.scene.models.wheels import MARGIN_M, Box, box_of
from simulator.scene.tables import Mesh

_FORK_BONE, _FRONT_BONE, _REAR_BONE, _CRANK_BONE, _LEFT_THIGH, _RIGHT_THIGH = 1, 2, 3, 4, 5, 7
_WHEEL_SIDES: Final = 10
_MOST_STEER_RAD: Final = 0.45
_BONE_M: Final = 0.43  # of a thigh, and of a shin, at least
_HIP_M: Final = 0.08  # above the saddle
_CRANK_M: Final = 0.12
_GEAR: Final = 2.5  # turns of the wheel for one of the cranks


class _Shape(NamedTuple):
    """Heights and places as shares of the box: x from -1, the rear end, to 1; z from the ground up."""

    wheel_radius_m: float
    tyre_width_m: float
    saddle_x: float
    saddle_z: float
    bar_x: float  # of the handlebar's grips
    bar_z: float
    foot_x: float
    foot_z: float
    shoulder_x: float
    motor: bool
    scooter: bool = False


_SHAPES: Final[dict[str, _Shape]] = {
    "harley-davidson.low_rider": _Shape(0.31, 0.15, -0.26, 0.42, 0.22, 0.60, 0.26, 0.20, -0.20, True),
    "kawasaki.ninja": _Shape(0.30, 0.15, -0.26, 0.53, 0.36, 0.58, -0.16, 0.24, 0.08, True),
    "vespa.zx125": _Shape(0.24, 0.12, -0.30, 0.48, 0.42, 0.62, 0.14, 0.19, -0.20, True, True),
    "yamaha.yzf": _Shape(0.30, 0.15, -0.26, 0.53, 0.36, 0.58, -0.16, 0.24, 0.06, True),
    "bh.crossbike": _Shape(0.34, 0.05, -0.26, 0.58, 0.42, 0.62, -0.02, 0.15, 0.06, False),
    "diamondback.century": _Shape(0.34, 0.035, -0.26, 0.60, 0.44, 0.60, -0.02, 0.15, 0.12, False),
    "gazelle.omafiets": _Shape(0.35, 0.045, -0.30, 0.53, 0.26, 0.63, 0.00, 0.15, -0.20, False),
}


def is_two_wheeler(name: str) -> bool:
    return name in _SHAPES


def two_wheeler_model(name: str, driver: int, center: Point, half: Point) -> Model:
    cycle = _Cycle(_SHAPES[name], box_of(center, half), RIDER_JACKETS[driver % len(RIDER_JACKETS)])
    return assembled(cycle.near(), cycle.far(), cycle.joints())


class _Cycle:
    def __init__(self, shape: _Shape, box: Box, jacket: int) -> None:
        self._s = shape
        self._box = box
        self._jacket = jacket
        self._radius = min(shape.wheel_radius_m, 0.46 * box.length * 0.5)
        # Steered, the tyre's edge reaches further ahead than its middle.
        self._front_x = box.high[0] - MARGIN_M - self._radius - 0.3 * shape.tyre_width_m**2
        self._rear_x = box.low[0] + MARGIN_M + self._radius
        self._axle_z = box.low[2] + self._radius
        self._half_width = 0.5 * box.width - MARGIN_M
        self._saddle = (box.x(shape.saddle_x), 0.0, box.z(shape.saddle_z))
        self._bar = (box.x(shape.bar_x), box.z(shape.bar_z))
        # Where the cranks turn, or where a motorcycle's foot rests are.
        self._crank = (box.x(shape.foot_x), 0.0, box.z(shape.foot_z))
        far_m = hypot(self._saddle[0] + 0.02 - self._crank[0], self._saddle[2] + _HIP_M - self._crank[2]) + _CRANK_M
        self._bone_m = max(_BONE_M, 0.505 * far_m)  # long enough for the pedal at its lowest
        # Top of the steering head: the fork rises backwards from the front axle.
        self._head = (self._front_x - 0.30 * self._radius - 0.12, 0.0, box.z(shape.bar_z - 0.06))

    def joints(self) -> NDArray[np.void]:
        head_x = self._head[0]
        # The front of the wheel swings out furthest.
        reach = self._front_x - head_x + self._radius
        most = min(_MOST_STEER_RAD, asin(min(1.0, (self._half_width - self._s.tyre_width_m) / reach)))
        rows: list[tuple[object, ...]] = [
            (FORK, 0, 0, 0, head_x, 0.0, 0.0, 0.0, most),
            (WHEEL, _FORK_BONE, 0, 0, self._front_x, 0.0, self._axle_z, self._radius, 0.0),
            (WHEEL, 0, 2, 0, self._rear_x, 0.0, self._axle_z, self._radius, 0.0),
        ]
        if not self._s.motor:
            rolls = _GEAR * self._radius
            rows.append((CRANKS, 0, 0, 0, *self._crank, rolls, 0.0))
            for side in (-1, 1):
                hip, knee, _ = self._leg(side, self._seat()[0])
                pedal = (self._crank[0], self._crank[2], _CRANK_M, self._bone_m)
                rows.append((PEDAL_THIGH, 0, 0, side, *hip, rolls, 0.0, *pedal))
                rows.append((PEDAL_SHIN, len(rows), 0, side, *knee, rolls, 0.0, *pedal))
        return joints(*rows)

    def near(self) -> Mesh:
        mesh = MeshBuilder()
        self._wheel(mesh, self._front_x, _FRONT_BONE)
        self._wheel(mesh, self._rear_x, _REAR_BONE)
        if self._s.motor:
            self._motorcycle(mesh)
        else:
            self._bicycle(mesh)
        self._handlebar(mesh)
        self._rider(mesh)
        return mesh.build()

    def far(self) -> Mesh:
        mesh = MeshBuilder()
        r, w = self._radius, 0.5 * self._s.tyre_width_m
        for x, bone in ((self._front_x, _FRONT_BONE), (self._rear_x, _REAR_BONE)):
            circle = [(cos(pi * k / 4), sin(pi * k / 4)) for k in range(8)]
            if self._s.motor:
                mesh.extrude([(x + r * c, self._axle_z + r * s) for c, s in circle], -w, w, TYRE, bone)
            else:
                self._hoop(mesh, x, 0.82 * r, circle, bone)
        low, high = self._axle_z + 0.3 * r, self._saddle[2] - 0.03
        body = 0.12 if self._s.motor else 0.03
        mesh.box((self._rear_x - 0.05, -body, low if self._s.motor else high - 0.12), (self._head[0], body, high), BODY)
        self._rear_lamps(mesh, far=True)
        self._far_rider(mesh)
        return mesh.build()

    def _hoop(self, mesh: MeshBuilder, x: float, inner: float, circle: list[tuple[float, float]], bone: int) -> None:
        """A flat ring, seen from both sides."""
        outer = [(x + self._radius * c, 0.0, self._axle_z + self._radius * s) for c, s in circle]
        inside = [(x + inner * c, 0.0, self._axle_z + inner * s) for c, s in circle]
        for k in range(len(circle)):
            j = (k + 1) % len(circle)
            for facing in (LEFT, RIGHT):
                mesh.patch([outer[k], outer[j], inside[j], inside[k]], TYRE, facing, bone)

    def _wheel(self, mesh: MeshBuilder, x: float, bone: int) -> None:
        """An open ring with a few spokes, or, on a motorcycle, a closed disc in it."""
        r, half = self._radius, 0.5 * self._s.tyre_width_m
        inner = r * (0.62 if self._s.motor else 0.86)
        turn = 2.0 * pi / _WHEEL_SIDES

        def ring(radius: float, y: float) -> list[Point]:
            return [(x + radius * cos(k * turn), y, self._axle_z + radius * sin(k * turn)) for k in range(_WHEEL_SIDES)]

        # A bicycle's tyre is a wedge, a motorcycle's has a flat tread.
        tread = [ring(r, -half), ring(r, half)] if self._s.motor else [ring(r, 0.0)]
        rings = [*tread, ring(inner, half), ring(inner, -half)]
        polygons: list[Polygon] = []
        for a, b in zip(rings, [*rings[1:], rings[0]], strict=True):
            for k in range(_WHEEL_SIDES):
                j = (k + 1) % _WHEEL_SIDES
                polygons.append(([a[k], a[j], b[j], b[k]], TYRE))
        mesh.solid(polygons, bone)
        hub = 0.35 * half
        bars = 2 if self._s.motor else 3
        wide = (0.10 if self._s.motor else 0.025) * r
        for k in range(bars):  # spokes: thin bars across the wheel
            angle = pi * k / bars
            cx, cz = cos(angle), sin(angle)
            corners = [
                (x + cx * s * inner - cz * o * wide, self._axle_z + cz * s * inner + cx * o * wide)
                for s, o in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            mesh.extrude(corners, -hub, hub, RIM, bone)

    def _bar_between(
        self,
        mesh: MeshBuilder,
        a: tuple[float, float],
        b: tuple[float, float],
        radius: float,
        material: int,
        bone: int = 0,
    ) -> None:
        mesh.cylinder((a[0], 0.0, a[1]), (b[0], 0.0, b[1]), radius, 3, material, bone)

    def _bicycle(self, mesh: MeshBuilder) -> None:
        saddle = (self._saddle[0], self._saddle[2] - 0.03)
        crank = (self._crank[0], self._crank[2])
        head, rear = (self._head[0], self._head[2]), (self._rear_x, self._axle_z)
        below = (head[0] + 0.03, head[1] - 0.14)
        self._bar_between(mesh, crank, saddle, 0.020, BODY)
        self._bar_between(mesh, crank, below, 0.022, BODY)
        if self._s.shoulder_x > -0.1:  # a roadster for upright riders has no top tube
            self._bar_between(mesh, (saddle[0] + 0.03, saddle[1] - 0.08), head, 0.018, BODY)
        self._bar_between(mesh, crank, rear, 0.014, BODY)
        self._bar_between(mesh, saddle, rear, 0.014, BODY)
        x, z = saddle
        mesh.box((x - 0.13, -0.07, z), (x + 0.14, 0.07, z + 0.045), SEAT, taper=0.7)
        mesh.cylinder((crank[0], -0.03, crank[1]), (crank[0], 0.03, crank[1]), 0.09, 8, CHROME, _CRANK_BONE)
        for side in (-1.0, 1.0):
            end = crank[1] + side * _CRANK_M
            mesh.cylinder(
                (crank[0], side * 0.04, crank[1]), (crank[0], side * 0.05, end), 0.015, 3, CHROME, _CRANK_BONE
            )
        # Mudguard with the rear lamp; the front lamp sits on the steering head.
        lamp_z = self._axle_z + 0.95 * self._radius
        mesh.box((self._rear_x - 0.30 * self._radius, -0.02, lamp_z + 0.02), (x, 0.02, lamp_z + 0.06), TRIM)
        self._rear_lamps(mesh)
        mesh.box((head[0] + 0.02, -0.03, head[1] - 0.10), (head[0] + 0.09, 0.03, head[1] - 0.03), TRIM, _FORK_BONE)
        mesh.panel((head[0] + 0.095, 0.0, head[1] - 0.065), FORWARD, 0.05, 0.05, HEAD_LAMP, _FORK_BONE)

    def _motorcycle(self, mesh: MeshBuilder) -> None:
        s, r, z = self._s, self._radius, self._axle_z
        saddle_x, _, saddle_z = self._saddle
        head_x, _, head_z = self._head
        rear_end = self._box.low[0] + 0.03
        if s.scooter:
            # Rear body, floor and the leg shield ahead of the knees.
            mesh.loft(
                [
                    _cross(rear_end + 0.05, 0.10, z + 0.02, saddle_z - 0.10),
                    _cross(saddle_x, 0.17, z - 0.06, saddle_z - 0.03),
                    _cross(saddle_x + 0.30, 0.13, z - 0.06, saddle_z - 0.06),
                ],
                BODY,
            )
            mesh.box((saddle_x + 0.28, -0.16, z - 0.10), (head_x - 0.04, 0.16, z - 0.04), BODY)
            mesh.loft(
                [
                    [
                        (head_x - 0.08, y, z - 0.08),
                        (head_x + 0.0, y, z - 0.08),
                        (head_x - 0.06, y, head_z),
                        (head_x - 0.14, y, head_z),
                    ]
                    for y in (-0.20, 0.20)
                ],
                BODY,
            )
            mesh.box(
                (saddle_x - 0.30, -0.13, saddle_z - 0.05), (saddle_x + 0.30, 0.13, saddle_z + 0.02), SEAT, taper=0.9
            )
        else:
            # Engine block, tank, seat and tail.
            mesh.box((saddle_x + 0.06, -0.15, z - 0.10), (head_x - 0.12, 0.15, z + 0.26), CHASSIS, taper=0.9)
            tank = [
                (0.10, z + 0.22, saddle_z + 0.04),
                (0.17, z + 0.24, saddle_z + 0.14),
                (0.11, z + 0.30, head_z - 0.02),
            ]
            xs = (saddle_x + 0.10, saddle_x + 0.34, head_x - 0.02)
            mesh.loft([_cross(x, w, low, high) for x, (w, low, high) in zip(xs, tank, strict=True)], BODY)
            mesh.box((rear_end + 0.20, -0.12, saddle_z - 0.06), (saddle_x + 0.16, 0.12, saddle_z), SEAT)
            mesh.loft(
                [
                    _cross(rear_end, 0.06, saddle_z + 0.00, saddle_z + 0.07),
                    _cross(rear_end + 0.30, 0.10, saddle_z - 0.18, saddle_z + 0.03),
                ],
                BODY,
            )
            mesh.cylinder((self._rear_x - 0.12, 0.17, z + 0.06), (saddle_x + 0.30, 0.15, z - 0.06), 0.05, 6, CHROME)
            if s.saddle_z > 0.5:  # a racer's fairing
                mesh.loft(
                    [
                        _cross(head_x - 0.10, 0.20, z + 0.10, head_z + 0.02),
                        _cross(head_x + 0.18, 0.11, z + 0.30, head_z + 0.02),
                        _cross(head_x + 0.30, 0.05, z + 0.36, head_z - 0.14),
                    ],
                    BODY,
                )
        mesh.extrude(
            [(self._rear_x, z + 0.04), (saddle_x + 0.10, z - 0.04), (saddle_x + 0.10, z + 0.04)], -0.05, 0.05, CHASSIS
        )
        # Front mudguard.
        mesh.box(
            (self._front_x - 0.75 * r, -0.09, z + 1.02 * r),
            (self._front_x + 0.45 * r, 0.09, z + 1.10 * r),
            BODY,
            _FORK_BONE,
        )
        lamp_x = head_x + (0.13 if s.scooter else 0.305 if s.saddle_z > 0.5 else 0.16)
        lamp_z = head_z - (0.02 if s.scooter else 0.08)
        if s.saddle_z <= 0.5:
            mesh.cylinder((head_x - 0.04, 0.0, lamp_z), (lamp_x - 0.005, 0.0, lamp_z), 0.095, 6, CHROME)
        mesh.panel((lamp_x, 0.0, lamp_z), FORWARD, 0.15, 0.12, HEAD_LAMP)
        for y, blinker in ((-0.19, BLINKER_LEFT), (0.19, BLINKER_RIGHT)):
            mesh.panel((head_x + 0.10, y, lamp_z - 0.02), FORWARD, 0.06, 0.05, blinker)
        self._rear_lamps(mesh)

    def _rear_lamps(self, mesh: MeshBuilder, *, far: bool = False) -> None:
        if not self._s.motor:
            x, z = self._rear_x - 0.30 * self._radius - 0.004, self._axle_z + 0.95 * self._radius + 0.03
            mesh.panel((x, 0.0, z + 0.02), BACKWARD, 0.06, 0.05, POSITION_REAR)
            mesh.panel((x, 0.0, z - 0.03), BACKWARD, 0.06, 0.04, BRAKE_LAMP)
            return
        x, z = self._box.low[0] + 0.012, self._saddle[2] + (-0.10 if self._s.scooter else 0.03)
        if self._s.scooter:
            x += 0.055
        mesh.panel((x, 0.0, z), BACKWARD, 0.18, 0.05, BRAKE_LAMP)
        mesh.panel((x, 0.0, z - 0.05), BACKWARD, 0.18, 0.04, POSITION_REAR)
        if far:
            return
        mesh.box((x + 0.002, -0.10, z - 0.16), (x + 0.06, 0.10, z + 0.05), TRIM)
        mesh.panel((x, 0.0, z - 0.12), BACKWARD, 0.16, 0.08, PLATE)
        for y, blinker in ((-0.16, BLINKER_LEFT), (0.16, BLINKER_RIGHT)):
            mesh.panel((x + 0.02, y, z - 0.01), BACKWARD, 0.06, 0.05, blinker)

    def _handlebar(self, mesh: MeshBuilder) -> None:
        bar_x, bar_z = self._bar
        head = (self._head[0], self._head[2])
        axle = (self._front_x, self._axle_z)
        thick = 0.030 if self._s.motor else 0.016
        gap = 0.5 * self._s.tyre_width_m + thick
        for side in (-1.0, 1.0):
            mesh.cylinder((axle[0], side * gap, axle[1]), (head[0], side * gap, head[1]), thick, 4, CHROME, _FORK_BONE)
        mesh.cylinder((head[0], 0.0, head[1] - 0.05), (bar_x + 0.04, 0.0, bar_z), thick, 4, TRIM, _FORK_BONE)
        # The bar itself does not turn: its ends would leave the box.
        grip = self._half_width
        mesh.cylinder((bar_x, -grip, bar_z), (bar_x, grip, bar_z), 0.022, 4, TRIM)

    def _rider(self, mesh: MeshBuilder) -> None:
        hip, shoulder, half_shoulder, head, helmet = self._seat()
        torso = [(hip, 0.10, 0.15), (_between(hip, shoulder, 0.55), 0.10, 0.15), (shoulder, 0.09, half_shoulder)]
        mesh.loft([_slice(middle, depth, wide) for middle, depth, wide in torso], self._jacket)
        mesh.ellipsoid(head, (0.95 * helmet, 0.80 * helmet, helmet), 7, 4, RIDER_HELMET)
        mesh.cylinder(shoulder, head, 0.06, 5, RIDER_SKIN)
        mesh.box(
            (head[0] + 0.30 * helmet, -0.55 * helmet, head[2] - 0.62 * helmet),
            (head[0] + 0.97 * helmet, 0.55 * helmet, head[2] + 0.15 * helmet),
            RIDER_VISOR if self._s.motor else RIDER_SKIN,
        )
        for side in (-1.0, 1.0):
            hand = (self._bar[0], side * (self._half_width - 0.05), self._bar[1] + 0.03)
            begin = (shoulder[0], side * (half_shoulder - 0.03), shoulder[2] - 0.02)
            elbow = _between(begin, hand, 0.5)
            out = min(elbow[1] * side + 0.05, self._half_width - 0.06)
            elbow = (elbow[0], side * out, elbow[2] - 0.06)
            mesh.cylinder(begin, elbow, (0.055, 0.045), 5, self._jacket)
            mesh.cylinder(elbow, hand, (0.045, 0.036), 5, self._jacket if self._s.motor else RIDER_SKIN)
            begin, knee, foot = self._leg(side, hip)
            thigh, shin = self._leg_bones(side)
            mesh.cylinder(begin, knee, (0.085, 0.062), 6, RIDER_TROUSERS, thigh)
            mesh.cylinder(knee, foot, (0.060, 0.045), 5, RIDER_TROUSERS, shin)
            x, y, z = foot
            mesh.box((x - 0.07, y - 0.045, z - 0.05), (x + 0.16, y + 0.045, z + 0.03), RIDER_SHOES, shin)

    def _far_rider(self, mesh: MeshBuilder) -> None:
        hip, shoulder, half_shoulder, head, helmet = self._seat()
        rings = [
            [(x - 0.10, -wide, z), (x + 0.10, -wide, z), (x + 0.10, wide, z), (x - 0.10, wide, z)]
            for (x, _, z), wide in ((hip, 0.14), (shoulder, half_shoulder))
        ]
        mesh.loft(rings, self._jacket)
        top = (head[0], 0.0, head[2] + helmet)
        mesh.cylinder((head[0], 0.0, shoulder[2]), top, 0.70 * helmet, 5, RIDER_HELMET)
        for side in (-1.0, 1.0):
            hand = (self._bar[0], side * (self._half_width - 0.05), self._bar[1])
            mesh.cylinder((shoulder[0], side * half_shoulder, shoulder[2] - 0.05), hand, 0.05, 3, self._jacket)
            begin, knee, foot = self._leg(side, hip)
            thigh, shin = self._leg_bones(side)
            mesh.cylinder(begin, knee, 0.08, 3, RIDER_TROUSERS, thigh)
            mesh.cylinder(knee, foot, 0.06, 3, RIDER_TROUSERS, shin)

    def _seat(self) -> tuple[Point, Point, float, Point, float]:
        """Hip, middle of the shoulders and their half width, middle and radius of the helmet."""
        hip = (self._saddle[0], 0.0, self._saddle[2] + _HIP_M)
        helmet = 0.15 if self._s.motor else 0.13
        top = self._box.high[2] - MARGIN_M
        shoulder = (self._box.x(self._s.shoulder_x), 0.0, top - 2.0 * helmet - 0.035)
        head_x = shoulder[0] + 0.05 + 0.25 * max(shoulder[0] - hip[0], 0.0)
        return hip, shoulder, min(0.19, self._half_width - 0.07), (head_x, 0.0, top - helmet), helmet

    def _leg(self, side: float, hip: Point) -> tuple[Point, Point, Point]:
        """Hip, knee and foot. The knee is ahead of the line between the others, as far as the bones' lengths say."""
        x, _, z = self._crank
        # One pedal is up, the other down; a motorcycle's foot rests are level.
        foot = (x, side * 0.15, z + (0.0 if self._s.motor else side * _CRANK_M))
        begin = (hip[0] + 0.02, side * 0.09, hip[2])
        middle = _between(begin, foot, 0.5)
        reach = ((begin[0] - foot[0]) ** 2 + (begin[2] - foot[2]) ** 2) ** 0.5
        ahead = max(self._bone_m**2 - (0.5 * reach) ** 2, 0.0) ** 0.5
        along = ((foot[0] - begin[0]) / reach, (foot[2] - begin[2]) / reach)
        return begin, (middle[0] - along[1] * ahead, side * 0.16, middle[2] + along[0] * ahead), foot

    def _leg_bones(self, side: float) -> tuple[int, int]:
        """Of thigh and shin."""
        if self._s.motor:
            return 0, 0
        return (_LEFT_THIGH, _LEFT_THIGH + 1) if side < 0.0 else (_RIGHT_THIGH, _RIGHT_THIGH + 1)


def _cross(x: float, half_width: float, low: float, high: float) -> list[Point]:
    """A cross-section with narrowed top."""
    return [
        (x, -half_width, low), (x, -half_width, low + 0.7 * (high - low)), (x, -0.5 * half_width, high),
        (x, 0.5 * half_width, high), (x, half_width, low + 0.7 * (high - low)), (x, half_width, low),
    ]  # fmt: skip


def _slice(middle: Point, depth: float, wide: float) -> list[Point]:
    """A level slice of a torso: six corners."""
    x, y, z = middle
    return [
        (x - 0.5 * depth, y - wide, z), (x + 0.5 * depth, y - wide, z), (x + depth, y, z),
        (x + 0.5 * depth, y + wide, z), (x - 0.5 * depth, y + wide, z), (x - depth, y, z),
    ]  # fmt: skip


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])
