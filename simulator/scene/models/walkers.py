"""People on foot: a body of ellipses, limbs that swing on their joints, clothes by the number of the blueprint.

The boxes of CARLA's walkers are narrow (37 cm for a grown-up): arms hang close and steps are short, so that a walker
in full stride is still inside.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scene.materials import linear
from simulator.scene.mesh import MeshBuilder, Point
from simulator.scene.models.model import ARM, SHIN, THIGH, Model, assembled, joints
from simulator.scene.models.palette import (
    CLOTHES,
    DARK_GREY,
    HAIRS,
    HIGH_VISIBILITY,
    SHOES,
    SKINS,
    TROUSERS,
    UNIFORM,
    YELLOW_PAINT,
)
from simulator.scene.tables import Mesh

# Bones: left thigh and shin, right thigh and shin, arms.
_LEFT_THIGH, _LEFT_SHIN, _RIGHT_THIGH, _RIGHT_SHIN, _LEFT_ARM, _RIGHT_ARM = range(1, 7)
# The grown-up's measures: shares of the height for what runs along the body, metres for what runs across.
_HIP, _KNEE, _ANKLE, _SHOULDER, _HAND = 0.49, 0.275, 0.045, 0.795, 0.445
_ARM_SPREAD: Final = 0.23  # how far hands are out, as a part of the arm's length
_GROWN_UP_HALF_WIDTH_M: Final = 0.1875
_GROWN_UP_HEIGHT_M: Final = 1.86

# In the public catalogue these two are police officers, and these three cannot sit in a wheelchair though grown up:
# people at work.
_POLICE: Final = frozenset({30, 32})
_ROAD_WORKERS: Final = frozenset({42, 43, 44})

_CLOTHES_RGB: Final = (
    (176, 42, 40), (38, 76, 140), (222, 218, 208), (52, 56, 62), (60, 110, 66), (206, 160, 60), (120, 62, 118),
    (92, 142, 172), (150, 96, 60), (210, 120, 130), (30, 34, 52), (160, 166, 150),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looks:
    number: int
    female: bool
    child: bool

    def pick(self, rows: tuple[int, ...], salt: int) -> int:
        """One of them, always the same for a blueprint."""
        return rows[(self.number * 7 + salt * 13 + self.number // 5) % len(rows)]

    @property
    def skin(self) -> int:
        return self.pick(SKINS, 1)

    @property
    def hair(self) -> int:
        return self.pick(HAIRS, 2)

    @property
    def trousers(self) -> int:
        return UNIFORM if self.number in _POLICE else self.pick(TROUSERS, 3)

    @property
    def shoes(self) -> int:
        return self.pick(SHOES, 4)

    @property
    def top(self) -> int:
        if self.number in _POLICE:
            return UNIFORM
        return HIGH_VISIBILITY if self.number in _ROAD_WORKERS else CLOTHES

    @property
    def skirt(self) -> bool:
        return self.female and self.number % 3 == 0 and self.top == CLOTHES

    @property
    def bag(self) -> bool:
        return self.number % 4 == 1

    @property
    def bare_arms(self) -> bool:
        return self.number % 2 == 0 and self.top == CLOTHES


def _number(type_id: str) -> int:
    return int(type_id.rsplit(".", 1)[-1])


def walker_tint(type_id: str) -> Point:
    """Linear colour of the clothes."""
    number = _number(type_id)
    return linear(*_CLOTHES_RGB[(number * 5 + number // 12) % len(_CLOTHES_RGB)])


def walker_model(type_id: str, gender: str, age: str, half: Point) -> Model:
    person = Person(half, looks_of(type_id, gender, age))
    return assembled(person.near(), person.far(), person.joints())


def looks_of(type_id: str, gender: str, age: str) -> Looks:
    return Looks(_number(type_id), female=gender == "female", child=age == "child")


class Person:
    """Parts of a body. `half` is the box of one who stands; `lift_m` moves its upper part up from where it stands."""

    def __init__(self, half: Point, looks: Looks, lift_m: float = 0.0) -> None:
        self.looks = looks
        self._half = half
        # The sole's edge sinks by some millimetres where the foot tilts.
        self._low = 0.010 - half[2] + lift_m
        self._height = 2.0 * half[2] - 0.013
        # Shoulders of a child are a little broader for its height; the box says how broad at most.
        share = self._height / _GROWN_UP_HEIGHT_M
        self._wide = min(half[1] / _GROWN_UP_HALF_WIDTH_M, share * (1.25 if looks.child else 1.0))
        self._head = 0.176 if looks.child else 0.140  # height of the head
        self._shoulder = _SHOULDER - (0.04 if looks.child else 0.0)
        self._arm_y = 0.146 * self._wide
        # Small children's boxes are wider than they are: their arms hang off a little, and no more.
        widest = self._arm_y + _ARM_SPREAD * (self._shoulder - _HAND) * self._height
        self._hand_y = min(half[1] - 0.004 - 0.034 * self._wide, widest)

    @property
    def width(self) -> float:
        """As a part of a broad grown-up's."""
        return self._wide

    @property
    def hip_z(self) -> float:
        return self.z(_HIP)

    @property
    def shoulder(self) -> Point:
        """The right one."""
        return 0.0, self._arm_y, self.z(self._shoulder - 0.005)

    def z(self, share: float) -> float:
        return self._low + share * self._height

    def joints(self) -> NDArray[np.void]:
        w = self._wide
        # The foot must stay inside the box: that limits the step.
        leg = (_HIP - _ANKLE) * self._height
        step = max(self._half[0] - 0.095 * w - 0.004, 0.05)
        swing = min(0.42, 0.92 * step / leg)
        arm = (self._shoulder - _HAND) * self._height
        arm_swing = min(0.5, 0.88 * (self._half[0] - 0.05 * w) / arm)
        hip, knee, shoulder = self.z(_HIP), self.z(_KNEE), self.z(self._shoulder - 0.01)
        rows: list[tuple[object, ...]] = []
        for side, thigh in ((-1, _LEFT_THIGH), (1, _RIGHT_THIGH)):
            rows.append((THIGH, 0, 0, side, 0.0, side * 0.062 * w, hip, 0.0, swing))
            rows.append((SHIN, thigh, 0, side, 0.0, side * 0.062 * w, knee, 0.0, 0.0))
        for side in (-1, 1):
            rows.append((ARM, 0, 0, side, 0.0, side * self._arm_y, shoulder, 0.0, arm_swing))
        return joints(*rows)

    def near(self) -> Mesh:
        mesh = MeshBuilder()
        self.torso(mesh)
        self.near_head(mesh)
        for side, thigh, shin, arm in (
            (-1.0, _LEFT_THIGH, _LEFT_SHIN, _LEFT_ARM),
            (1.0, _RIGHT_THIGH, _RIGHT_SHIN, _RIGHT_ARM),
        ):
            self._leg(mesh, side, thigh, shin)
            self._arm(mesh, side, arm)
        return mesh.build()

    def torso(self, mesh: MeshBuilder) -> None:
        w, looks = self._wide, self.looks
        top = looks.top
        z, shoulder = self.z, self._shoulder
        mesh.round_body(
            [
                (z(0.455), 0.0, 0.0, 0.080 * w, 0.112 * w),
                (z(0.515), 0.0, 0.0, 0.090 * w, 0.118 * w),
                (z(0.60), 0.0, 0.0, 0.080 * w, 0.100 * w),
                (z(shoulder - 0.085), 0.008 * w, 0.0, 0.098 * w, 0.122 * w),
                (z(shoulder), 0.0, 0.0, 0.075 * w, 0.138 * w),
                (z(shoulder + 0.025), 0.0, 0.0, 0.050 * w, 0.065 * w),
            ],
            8,
            [looks.trousers, top, top, top, top],
        )
        if looks.skirt:
            mesh.round_body(
                [(z(0.33), 0.0, 0.0, 0.135 * w, 0.160 * w), (z(0.535), 0.0, 0.0, 0.095 * w, 0.122 * w)], 8, top
            )
        if looks.bag:
            mesh.box((-0.172 * w, -0.10 * w, z(0.57)), (-0.07 * w, 0.10 * w, z(shoulder - 0.02)), DARK_GREY)

    def near_head(self, mesh: MeshBuilder) -> None:
        w, looks, z = self._wide, self.looks, self.z
        scale = self._head / 0.140 * self._height / _GROWN_UP_HEIGHT_M
        chin = 1.0 - self._head
        mesh.cylinder((0.0, 0.0, z(self._shoulder + 0.01)), (0.01, 0.0, z(chin + 0.03)), 0.048 * w, 6, looks.skin)
        mesh.round_body(
            [
                (z(chin), 0.020, 0.0, 0.050 * scale, 0.045 * scale),
                (z(chin + 0.30 * self._head), 0.012, 0.0, 0.090 * scale, 0.072 * scale),
                (z(chin + 0.66 * self._head), 0.008, 0.0, 0.100 * scale, 0.080 * scale),
                (z(chin + 0.90 * self._head), 0.004, 0.0, 0.070 * scale, 0.058 * scale),
            ],
            8,
            looks.skin,
        )
        hair = UNIFORM if looks.number in _POLICE else YELLOW_PAINT if looks.number in _ROAD_WORKERS else looks.hair
        back = -0.016 * scale
        foot = chin + (0.05 if looks.female and hair == looks.hair else 0.42) * self._head
        mesh.round_body(
            [
                (z(foot), back - 0.030 * scale, 0.0, 0.070 * scale, 0.066 * scale),
                (z(chin + 0.66 * self._head), back, 0.0, 0.096 * scale, 0.088 * scale),
                (z(chin + 0.90 * self._head), back + 0.014 * scale, 0.0, 0.090 * scale, 0.076 * scale),
                (z(1.0), back + 0.014 * scale, 0.0, 0.045 * scale, 0.036 * scale),
            ],
            8,
            hair,
        )

    def _leg(self, mesh: MeshBuilder, side: float, thigh: int, shin: int) -> None:
        w, looks, z = self._wide, self.looks, self.z
        y = side * 0.062 * w
        mesh.cylinder(
            (0.0, y, z(_KNEE - 0.01)), (0.0, y, z(_HIP + 0.01)), (0.050 * w, 0.066 * w), 6, looks.trousers, thigh
        )
        lower = looks.skin if looks.skirt else looks.trousers
        mesh.cylinder((0.0, y, z(_ANKLE - 0.01)), (0.0, y, z(_KNEE + 0.01)), (0.038 * w, 0.048 * w), 6, lower, shin)
        mesh.box(
            (-0.070 * w, y - 0.042 * w, z(0.0)), (0.095 * w, y + 0.042 * w, z(_ANKLE)), looks.shoes, shin, taper=0.8
        )

    def _arm(self, mesh: MeshBuilder, side: float, bone: int) -> None:
        w, looks, z = self._wide, self.looks, self.z
        elbow_y = 0.5 * (self._arm_y + self._hand_y)
        elbow, hand = 0.5 * (self._shoulder + _HAND) + 0.005, _HAND
        sleeve = looks.skin if looks.bare_arms else looks.top
        shoulder = (0.0, side * self._arm_y, self.shoulder[2])
        bend = (-0.006 * w, side * elbow_y, z(elbow))
        mesh.cylinder(bend, shoulder, (0.032 * w, 0.040 * w), 6, looks.top, bone)
        mesh.cylinder((0.030 * w, side * self._hand_y, z(hand + 0.035)), bend, (0.026 * w, 0.032 * w), 6, sleeve, bone)
        mesh.box(
            (0.012 * w, side * self._hand_y - 0.022 * w, z(hand - 0.02)),
            (0.055 * w, side * self._hand_y + 0.022 * w, z(hand + 0.04)),
            looks.skin,
            bone,
        )

    def far(self) -> Mesh:
        mesh = MeshBuilder()
        w, looks, z = self._wide, self.looks, self.z
        mesh.box(
            (-0.085 * w, -0.125 * w, z(0.47)),
            (0.085 * w, 0.125 * w, z(self._shoulder + 0.02)),
            looks.top,
            bottom=looks.trousers,
        )
        scale = self._head / 0.140 * self._height / _GROWN_UP_HEIGHT_M
        reach = 0.085 * scale
        mesh.round_body(
            [
                (z(self._shoulder + 0.02), 0.0, 0.0, 0.8 * reach, 0.7 * reach),
                (z(1.0 - 0.30 * self._head), 0.0, 0.0, reach, reach),
                (z(1.0), 0.0, 0.0, 0.8 * reach, 0.8 * reach),
            ],
            5,
            [looks.skin, looks.hair],
        )
        for side, thigh, arm in ((-1.0, _LEFT_THIGH, _LEFT_ARM), (1.0, _RIGHT_THIGH, _RIGHT_ARM)):
            y = side * 0.062 * w
            mesh.cylinder((0.0, y, z(_KNEE)), (0.0, y, z(0.48)), 0.062 * w, 3, looks.trousers, thigh)
            lower = looks.skin if looks.skirt else looks.trousers
            mesh.cylinder((0.0, y, z(0.0)), (0.0, y, z(_KNEE)), (0.060 * w, 0.052 * w), 3, lower, thigh + 1)
            mesh.cylinder(
                (0.02 * w, side * self._hand_y, z(_HAND)),
                (0.0, side * self._arm_y, z(self._shoulder)),
                0.034 * w,
                3,
                looks.top,
                arm,
            )
        return mesh.build()
