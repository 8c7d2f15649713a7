"""What a model is: meshes for near, far and open doors, and the joints on which their parts move."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.mesh import rest_normals
from simulator.scene.tables import Mesh

# How a part moves in its model's frame; the pose of a part is that of its parent, then this.
FIXED: Final = 0
WHEEL: Final = 1  # rolls about y
STEERED_WHEEL: Final = 2  # turns about z with the steering and rolls
FORK: Final = 3  # turns about z with the steering
THIGH: Final = 4  # swings with the walk
SHIN: Final = 5
ARM: Final = 6
DOOR: Final = 7  # turns about z, fully while it is open
CRANKS: Final = 8  # roll as wheels do
PEDAL_THIGH: Final = 9  # follows a pedal
PEDAL_SHIN: Final = 10  # comes right after its thigh

# From this distance of the eye on the far mesh is drawn: a car is then some 60 pixels long at 1024 pixels across 90
# degrees, and what the far mesh lacks is about a pixel wide.
FAR_M: Final = 42.0
# A thing is not drawn where it is smaller than half a pixel of a sharp camera (1600 pixels across 60 degrees).
_SEEN_FOR: Final = 2800.0  # times its size

JOINT: Final = np.dtype(
    [
        ("kind", np.uint8),
        ("parent", np.int8),  # bone, 0 = the body
        ("index", np.int8),  # the vehicle's wheel that steers it, the door: 0 front left, 1 front right, 2 and 3 rear
        ("side", np.int8),  # limbs: 1 and -1 swing in turn; doors: 1 is on the right
        ("x", np.float64),  # the pivot, metres in the model's frame
        ("y", np.float64),
        ("z", np.float64),
        ("radius", np.float64),  # of a wheel, of cranks and who pedals them: metres of way per radian
        (
            "most",
            np.float64,
        ),  # rad: of steering, so that a wheel stays inside the box; of a limb's swing; of an open door
        # Pedals: the cranks' axle, their length, and that of a thigh and of a shin. Cranks stand upright at rest.
        ("crank_x", np.float64),
        ("crank_z", np.float64),
        ("crank_m", np.float64),
        ("bone_m", np.float64),
    ],
    align=True,
)


class Form(NamedTuple):
    """A mesh and where it is drawn: at distances of the eye in [nearest, farthest)."""

    mesh: Mesh
    normals: NDArray[np.float32]  # [m, 3] at rest
    nearest_m: float
    farthest_m: float
    of_doors: bool  # drawn only while a door is open


class Model(NamedTuple):
    near: Mesh
    far: Mesh | None  # from farther away; None: the near mesh is that simple
    doors: Mesh | None  # hidden in the body until they open
    joints: NDArray[np.void]  # JOINT, one per bone; row 0 is the body
    forms: tuple[Form, ...]  # all its meshes


def assembled(near: Mesh, far: Mesh | None, bones: NDArray[np.void], doors: Mesh | None = None) -> Model:
    size = float((near.vertices.max(0) - near.vertices.min(0)).max())
    vanishes_m = max(_SEEN_FOR * size, FAR_M)
    forms = [Form(near, rest_normals(near), 0.0, vanishes_m if far is None else FAR_M, of_doors=False)]
    if far is not None:
        forms.append(Form(far, rest_normals(far), FAR_M, vanishes_m, of_doors=False))
    if doors is not None:
        forms.append(Form(doors, rest_normals(doors), 0.0, vanishes_m, of_doors=True))
    return Model(near, far, doors, bones, tuple(forms))


def joints(*rows: tuple[object, ...]) -> NDArray[np.void]:
    """The body's joint and then these."""
    table = np.zeros(1 + len(rows), JOINT)
    for k, row in enumerate(rows, start=1):
        table[k] = (*row, *(0,) * (len(JOINT.names or ()) - len(row)))
    return table
