"""People in wheelchairs: a walker's upper body on a chair whose wheels roll."""

from math import cos, pi, sin
from typing import Final

from simulator.scene.mesh import MeshBuilder, Point
from simulator.scene.models.model import WHEEL, Model, assembled, joints
from simulator.scene.models.palette import DARK_GREY, SEAT, STEEL, TYRE
from simulator.scene.models.walkers import Person, looks_of
from simulator.scene.models.wheels import Wheel, add_wheel
from simulator.scene.tables import Mesh

# Measures of a common folding wheelchair with 24-inch wheels, metres above the ground and from the hip's place.
_SEAT_M: Final = 0.50
_HIP_M: Final = 0.58
_REAR_RADIUS_M: Final = 0.305
_FRONT_RADIUS_M: Final = 0.09
_FRONT_X_M: Final = 0.36
_KNEE_X_M: Final = 0.40
_FOOT_X_M: Final = 0.48
_FOOT_M: Final = 0.13
_FRONT_Y_M: Final = 0.24


def wheelchair_model(type_id: str, gender: str, age: str, standing: Point, center: Point, half: Point) -> Model:
    """`standing` are the half sizes of the walker on foot, `center` and `half` the box of the chair with it."""
    ground = center[2] - half[2] + 0.004
    looks = looks_of(type_id, gender, age)
    person = Person(standing, looks, ground + _HIP_M - Person(standing, looks).hip_z)
    chair = _Chair(person, ground, half[1] - 0.004)
    return assembled(chair.mesh(fine=True), chair.mesh(fine=False), joints(*chair.joints()))


class _Chair:
    def __init__(self, person: Person, ground: float, half_width: float) -> None:
        self._person = person
        self._ground = ground
        rear_y, rear_z, front_z = half_width - 0.02, ground + _REAR_RADIUS_M, ground + _FRONT_RADIUS_M
        # Numbered as carla.VehicleWheelLocation does: even ones are on the left.
        self._wheels = [
            Wheel(2, 0.0, -rear_y, rear_z, _REAR_RADIUS_M, 0.04, steers=False),
            Wheel(3, 0.0, rear_y, rear_z, _REAR_RADIUS_M, 0.04, steers=False),
            Wheel(0, _FRONT_X_M, -_FRONT_Y_M, front_z, _FRONT_RADIUS_M, 0.03, steers=False),
            Wheel(1, _FRONT_X_M, _FRONT_Y_M, front_z, _FRONT_RADIUS_M, 0.03, steers=False),
        ]

    def joints(self) -> list[tuple[object, ...]]:
        return [(WHEEL, 0, wheel.index, 0, wheel.x, wheel.y, wheel.z, wheel.radius, 0.0) for wheel in self._wheels]

    def mesh(self, *, fine: bool) -> Mesh:
        build = MeshBuilder(coarse=not fine)
        seat = self._ground + _SEAT_M
        build.box((-0.20, -0.23, seat - 0.04), (0.34, 0.23, seat), SEAT)
        build.box((-0.23, -0.23, seat), (-0.19, 0.23, seat + 0.42), SEAT)
        for bone, wheel in enumerate(self._wheels, start=1):
            if fine and wheel.radius == _REAR_RADIUS_M:
                add_wheel(build, wheel, bone)
            else:
                _disc(build, wheel, bone)
        self._person.torso(build)
        self._person.near_head(build)
        for side in (-1.0, 1.0):
            if fine:
                self._frame(build, side)
            self._leg(build, side)
            self._arm(build, side)
        return build.build()

    def _frame(self, build: MeshBuilder, side: float) -> None:
        seat, y = self._ground + _SEAT_M, side * 0.235
        knee, foot = (0.34, y, seat - 0.02), (_FOOT_X_M, y, self._ground + _FOOT_M)
        build.cylinder((-0.21, y, seat - 0.3), (-0.21, y, seat + 0.46), 0.012, 4, STEEL)
        build.cylinder((-0.21, y, seat + 0.45), (-0.34, y, seat + 0.45), 0.016, 4, DARK_GREY)
        build.cylinder(knee, foot, 0.012, 4, STEEL)
        build.cylinder((_FRONT_X_M, y, seat - 0.03), (_FRONT_X_M, y, self._ground + 0.1), 0.012, 4, STEEL)
        build.box((-0.18, y - 0.02, seat + 0.2), (0.2, y + 0.02, seat + 0.23), DARK_GREY)

    def _leg(self, build: MeshBuilder, side: float) -> None:
        person, looks = self._person, self._person.looks
        w, y = person.width, side * 0.085 * person.width
        hip, knee = (0.02, y, self._ground + _HIP_M), (_KNEE_X_M, y * 1.3, self._ground + _HIP_M)
        ankle = (_FOOT_X_M, y * 1.3, self._ground + _FOOT_M + 0.05)
        build.cylinder(hip, knee, (0.072 * w, 0.058 * w), 6, looks.trousers)
        build.cylinder(ankle, knee, (0.040 * w, 0.054 * w), 6, looks.skin if looks.skirt else looks.trousers)
        low = (_FOOT_X_M - 0.06, ankle[1] - 0.042 * w, self._ground + _FOOT_M - 0.01)
        build.box(low, (_FOOT_X_M + 0.11, ankle[1] + 0.042 * w, self._ground + _FOOT_M + 0.07), looks.shoes)

    def _arm(self, build: MeshBuilder, side: float) -> None:
        """The hand on the rim of the wheel."""
        person, looks = self._person, self._person.looks
        x, y, z = person.shoulder
        w, rim = person.width, abs(self._wheels[0].y) - 0.05
        hand = (0.10, side * rim, self._ground + 2.0 * _REAR_RADIUS_M + 0.02)
        elbow = (-0.14, side * (0.5 * (y + rim) + 0.03), 0.55 * z + 0.45 * hand[2])
        build.cylinder(elbow, (x, side * y, z), (0.032 * w, 0.040 * w), 6, looks.top)
        build.cylinder(hand, elbow, (0.026 * w, 0.032 * w), 6, looks.skin if looks.bare_arms else looks.top)
        build.ellipsoid(hand, (0.045 * w, 0.03 * w, 0.035 * w), 5, 3, looks.skin)


def _disc(build: MeshBuilder, wheel: Wheel, bone: int) -> None:
    """A wheel as it is seen from afar."""
    circle = [(wheel.x + wheel.radius * cos(pi * k / 4), wheel.z + wheel.radius * sin(pi * k / 4)) for k in range(8)]
    build.extrude(circle, wheel.y - 0.5 * wheel.width, wheel.y + 0.5 * wheel.width, TYRE, bone)
