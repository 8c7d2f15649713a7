"""Wheels, and what every vehicle's model needs to know of its box and its axles."""

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Final

from simulator.blueprints.vehicles import VehicleSpec
from simulator.scene.mesh import MeshBuilder, Point, Polygon
from simulator.scene.models.model import STEERED_WHEEL, WHEEL
from simulator.scene.models.palette import RIM, RIM_DARK, TYRE

SIDES: Final = 10
MARGIN_M: Final = 0.004  # between the outermost face and the box


@dataclass(frozen=True, slots=True)
class Box:
    """Where a model may be, in the actor's frame."""

    low: Point
    high: Point

    @property
    def length(self) -> float:
        return self.high[0] - self.low[0]

    @property
    def width(self) -> float:
        return self.high[1] - self.low[1]

    @property
    def height(self) -> float:
        return self.high[2] - self.low[2]

    @property
    def middle_y(self) -> float:
        return 0.5 * (self.low[1] + self.high[1])

    def x(self, share: float) -> float:
        """From -1, the rear end, to 1, the front end."""
        return 0.5 * (self.low[0] + self.high[0]) + 0.5 * share * self.length

    def z(self, share: float) -> float:
        return self.low[2] + share * self.height


@dataclass(frozen=True, slots=True)
class Wheel:
    index: int  # as carla.VehicleWheelLocation: front left, front right, rear left, rear right
    x: float
    y: float  # middle
    z: float
    radius: float
    width: float
    steers: bool


def box_of(center: Point, half: Point) -> Box:
    """The part of a vehicle's box above the ground: some boxes of the catalogue reach below it, no wheel does."""
    return Box(
        (center[0] - half[0], center[1] - half[1], max(center[2] - half[2], 0.0)),
        (center[0] + half[0], center[1] + half[1], center[2] + half[2]),
    )


def four_wheels(spec: VehicleSpec, box: Box, body_half_width: float, width: float) -> list[Wheel]:
    """At the axles of the physics, their outer faces a little inside the body's sides."""
    placed = []
    for index, wheel in enumerate(spec.physics.wheels):
        radius = 0.01 * wheel.radius
        x = 0.01 * wheel.position[0]
        x = min(max(x, box.low[0] + 1.1 * radius), box.high[0] - 1.1 * radius)
        side = -1.0 if wheel.position[1] < 0.0 else 1.0
        y = box.middle_y + side * (0.90 * body_half_width - 0.5 * width)
        placed.append(Wheel(index, x, y, box.low[2] + radius, radius, width, wheel.max_steer_angle > 0.0))
    return placed


def most_steer_rad(wheel: Wheel, box: Box) -> float:
    """How far a wheel can turn before it sticks out of the box.

    Turned by a, it reaches radius sin a + width / 2 cos a to the side.
    """
    room = min(box.high[1] - wheel.y, wheel.y - box.low[1]) - MARGIN_M
    reach = hypot(wheel.radius, 0.5 * wheel.width)
    if room >= reach:
        return 0.5 * pi
    return max(0.0, atan2(room, (reach * reach - room * room) ** 0.5) - atan2(0.5 * wheel.width, wheel.radius))


def wheel_joint(wheel: Wheel, box: Box) -> tuple[object, ...]:
    kind = STEERED_WHEEL if wheel.steers else WHEEL
    most = most_steer_rad(wheel, box) if wheel.steers else 0.0
    return kind, 0, wheel.index, 0, wheel.x, wheel.y, wheel.z, wheel.radius, most


def add_wheel(mesh: MeshBuilder, wheel: Wheel, bone: int) -> None:
    """A tyre with a spoked rim on its outer side; its inner side is a flat disc."""
    outwards = -1.0 if wheel.index % 2 == 0 else 1.0  # even ones are on the left
    inner, outer = wheel.y - 0.5 * wheel.width * outwards, wheel.y + 0.5 * wheel.width * outwards

    def ring(radius: float, y: float) -> list[Point]:
        turn = 2.0 * pi / SIDES
        return [(wheel.x + radius * cos(k * turn), y, wheel.z + radius * sin(k * turn)) for k in range(SIDES)]

    back, tread, rim = ring(wheel.radius, inner), ring(wheel.radius, outer), ring(0.62 * wheel.radius, outer)
    hub = (wheel.x, outer, wheel.z)
    polygons: list[Polygon] = [(back[::-1], TYRE)]
    for k in range(SIDES):
        j = (k + 1) % SIDES
        polygons.append(([back[k], back[j], tread[j], tread[k]], TYRE))
        polygons.append(([tread[k], tread[j], rim[j], rim[k]], TYRE))
        polygons.append(([rim[k], rim[j], hub], RIM if k % 2 == 0 else RIM_DARK))
    mesh.solid(polygons, bone)


def add_far_wheel(mesh: MeshBuilder, wheel: Wheel, middle_y: float, half_width: float) -> None:
    """Seen from afar: a dark face on the body's side with a bright rim, and a foot below the sill."""
    side = -1.0 if wheel.index % 2 == 0 else 1.0
    face = middle_y + side * half_width
    inner = wheel.y - 0.5 * side * wheel.width
    r, foot = 0.92 * wheel.radius, wheel.z - wheel.radius
    outline = [(-0.5, -wheel.radius / r), (0.5, -wheel.radius / r), (1.0, 0.0), (0.6, 1.0), (-0.6, 1.0), (-1.0, 0.0)]
    mesh.patch([(wheel.x + x * r, face, wheel.z + z * r) for x, z in outline], TYRE, (0.0, side, 0.0))
    rim = [(-0.5, 0.0), (0.0, -0.5), (0.5, 0.0), (0.0, 0.5)]
    mesh.patch([(wheel.x + x * r, face + 0.0035 * side, wheel.z + z * r) for x, z in rim], RIM, (0.0, side, 0.0))
    for facing in (-1.0, 1.0):  # the tread, as seen from ahead and from behind
        x = wheel.x + facing * 0.5 * r
        tread = [(x, inner, foot), (x, face, foot), (x, face, wheel.z), (x, inner, wheel.z)]
        mesh.patch(tread, TYRE, (facing, 0.0, 0.0))
