"""What a model is: two meshes, near and far, and the joints on which their parts move."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import Mesh

# How a part moves in its model's frame; the pose of a part is that of its parent, then this.
FIXED: Final = 0
WHEEL: Final = 1  # rolls about y
STEERED_WHEEL: Final = 2  # turns about z with the steering and rolls
FORK: Final = 3  # turns about z with the steering
THIGH: Final = 4  # swings with the walk
SHIN: Final = 5
ARM: Final = 6

JOINT: Final = np.dtype(
    [
        ("kind", np.uint8),
        ("parent", np.int8),  # bone, 0 = the body
        ("wheel", np.int8),  # which wheel of the vehicle steers it: 0 front left, 1 front right, 2 and 3 rear
        ("side", np.int8),  # limbs: 1 and -1 swing in turn
        ("x", np.float64),  # the pivot, metres in the model's frame
        ("y", np.float64),
        ("z", np.float64),
        ("radius", np.float64),  # of a wheel
        ("most", np.float64),  # rad: of steering, so that a wheel stays inside the box; of the swing of a limb
    ],
    align=True,
)


class Model(NamedTuple):
    near: Mesh
    far: Mesh | None  # from farther away; None: the near mesh is that simple
    joints: NDArray[np.void]  # JOINT, one per bone; row 0 is the body


def joints(*rows: tuple[object, ...]) -> NDArray[np.void]:
    """The body's joint and then these."""
    table = np.zeros(1 + len(rows), JOINT)
    for k, row in enumerate(rows, start=1):
        table[k] = row
    return table
