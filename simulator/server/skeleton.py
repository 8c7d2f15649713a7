"""The bones of actors: of a walker a standing figure of its height, of a vehicle its body and its wheels.

The joints have the names of CARLA's skeletons: Bench2Drive's recorder keeps those that it knows, CARLA's
draw_skeleton example looks up each of them. The figure does not swing its legs: limbs are for the picture, and
the picture has none of its own for now.
"""

from typing import Final

from simulator.protocol import structs
from simulator.server.convert import transform_of
from simulator.world.actors import Actor
from simulator.world.pose import Pose, compose
from simulator.world.tables import VEHICLE, WALKER
from simulator.world.world import World

# Joint: its parent, and its place as a fraction of the height above the feet: forward, right, up.
_JOINTS: Final[dict[str, tuple[str, tuple[float, float, float]]]] = {
    "crl_root": ("", (0.0, 0.0, 0.0)),
    "crl_hips__C": ("crl_root", (0.0, 0.0, 0.53)),
    "crl_spine__C": ("crl_hips__C", (0.0, 0.0, 0.58)),
    "crl_spine01__C": ("crl_spine__C", (0.0, 0.0, 0.68)),
    "crl_neck__C": ("crl_spine01__C", (0.0, 0.0, 0.84)),
    "crl_Head__C": ("crl_neck__C", (0.01, 0.0, 0.89)),
    "crl_eye__L": ("crl_Head__C", (0.05, -0.018, 0.94)),
    "crl_eye__R": ("crl_Head__C", (0.05, 0.018, 0.94)),
    "crl_shoulder__L": ("crl_spine01__C", (0.0, -0.03, 0.81)),
    "crl_arm__L": ("crl_shoulder__L", (0.0, -0.10, 0.81)),
    "crl_foreArm__L": ("crl_arm__L", (0.0, -0.12, 0.64)),
    "crl_hand__L": ("crl_foreArm__L", (0.02, -0.13, 0.49)),
    "crl_shoulder__R": ("crl_spine01__C", (0.0, 0.03, 0.81)),
    "crl_arm__R": ("crl_shoulder__R", (0.0, 0.10, 0.81)),
    "crl_foreArm__R": ("crl_arm__R", (0.0, 0.12, 0.64)),
    "crl_hand__R": ("crl_foreArm__R", (0.02, 0.13, 0.49)),
    "crl_thigh__L": ("crl_hips__C", (0.0, -0.05, 0.51)),
    "crl_leg__L": ("crl_thigh__L", (0.01, -0.05, 0.28)),
    "crl_foot__L": ("crl_leg__L", (0.0, -0.05, 0.05)),
    "crl_toe__L": ("crl_foot__L", (0.08, -0.05, 0.01)),
    "crl_toeEnd__L": ("crl_toe__L", (0.12, -0.05, 0.01)),
    "crl_thigh__R": ("crl_hips__C", (0.0, 0.05, 0.51)),
    "crl_leg__R": ("crl_thigh__R", (0.01, 0.05, 0.28)),
    "crl_foot__R": ("crl_leg__R", (0.0, 0.05, 0.05)),
    "crl_toe__R": ("crl_foot__R", (0.08, 0.05, 0.01)),
    "crl_toeEnd__R": ("crl_toe__R", (0.12, 0.05, 0.01)),
}

# Fingers: where they begin before the wrist, and how far outward, as fractions of the height. Each has three joints
# and an end, this far below the wrist.
_FINGERS: Final = {
    "Thumb": (0.020, -0.008),
    "Index": (0.012, 0.004),
    "Middle": (0.004, 0.006),
    "Ring": (-0.004, 0.006),
    "Pinky": (-0.012, 0.004),
}
_PHALANGES: Final = {"": 0.045, "01": 0.065, "02": 0.080, "End": 0.095}


def _add_fingers() -> None:
    for side, outward in (("L", -1.0), ("R", 1.0)):
        hand = f"crl_hand__{side}"
        x, y, z = _JOINTS[hand][1]
        for finger, (ahead, aside) in _FINGERS.items():
            parent = hand
            for phalanx, below in _PHALANGES.items():
                name = f"crl_hand{finger}{phalanx}__{side}"
                _JOINTS[name] = (parent, (x + ahead, y + outward * aside, z - below))
                parent = name


_add_fingers()

# Bones of CARLA's vehicles (docs, "Add a new vehicle"), in the order of the wheels of a physics control.
_WHEEL_BONES: Final = ("Wheel_Front_Left", "Wheel_Front_Right", "Wheel_Rear_Left", "Wheel_Rear_Right")


def bones_of(world: World, actor: Actor) -> list[structs.BoneOut]:
    """Every bone in the world, in the actor's frame (a walker's origin is its middle), and from its parent bone."""
    if actor.kind == WALKER:
        return _figure(world, actor)
    return _chassis(world, actor) if actor.kind == VEHICLE else []


def _chassis(world: World, actor: Actor) -> list[structs.BoneOut]:
    frame = world.pose(actor)
    wheels = world.vehicle_row(actor)["wheels"]
    places = {"Vehicle_Base": Pose()}
    for name, wheel in zip(_WHEEL_BONES, wheels, strict=False):
        places[name] = Pose(float(wheel["x"]), float(wheel["y"]), float(wheel["z"]), yaw=float(wheel["steer_rad"]))
    return [
        structs.BoneOut(name, transform_of(compose(frame, place)), transform_of(place), transform_of(place))
        for name, place in places.items()
    ]


def _figure(world: World, actor: Actor) -> list[structs.BoneOut]:
    frame = world.pose(actor)
    half = float(world.row(actor)["half_z"])
    height = 2.0 * half
    bones = []
    for name, (parent, place) in _JOINTS.items():
        x, y, z = (height * value for value in place)
        above = _JOINTS[parent][1] if parent else (0.0, 0.0, 0.0)
        component = Pose(x, y, z - half)
        relative = Pose(*(height * (value - base) for value, base in zip(place, above, strict=True)))
        bones.append(
            structs.BoneOut(
                name, transform_of(compose(frame, component)), transform_of(component), transform_of(relative)
            )
        )
    return bones
