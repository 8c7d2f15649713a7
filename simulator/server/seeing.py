"""Sensors that see, from their attributes to messages that need no further copy."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from simulator.maps.town import TownMap
from simulator.scene.tables import Frame
from simulator.sensors.raster import Run
from simulator.world.pose import Pose

if TYPE_CHECKING:
    from simulator.scene.scene import Scene

__all__ = ["SEEING", "Seeing", "make_scene"]


class Seeing(Protocol):
    """A living sensor that sees: its spec, and what it remembers from one reading to the next."""

    is_camera: bool

    def read(self, frame: Frame, pose: Pose, header: bytes, run: Run) -> memoryview:
        """What it sees from there, as a message with its length in front. Called in a thread."""
        ...


# From type id to its maker: (attributes, key of its noise) -> the sensor; ValueError for what cannot be made.
SEEING: Final[dict[str, Callable[[Mapping[str, str], int], Seeing]]] = {}


def make_scene(town: TownMap) -> "Scene":
    from simulator.scene.scene import Scene

    return Scene(town)
