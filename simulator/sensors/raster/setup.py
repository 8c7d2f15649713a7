"""From a town's triangles to those that a view can show, ready to be drawn: culling, transformation, screen planes.

A sample is a point on the screen at which visibility is found: `scale` x `scale` of them in each pixel, at
((i + 0.5) / scale, (j + 0.5) / scale).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import F4, I4, Geometry
from simulator.sensors.lanes import LANES
from simulator.sensors.raster.bands import count_bands, fill_bands
from simulator.sensors.raster.cull import cull_groups
from simulator.sensors.raster.tables import FACE, SPAN
from simulator.sensors.raster.triangles import setup_groups
from simulator.sensors.raster.view import View

__all__ = ["BAND_PX", "Run", "Setup", "Workspace", "band_buffers", "one_by_one", "setup_view"]

# How work is executed: all tasks, in any order, perhaps side by side, and none is left when it returns.
Run = Callable[[Sequence[Callable[[], None]]], None]

BAND_PX: Final = 8  # pixel rows that are drawn as one piece: their buffers stay in the processor's cache

# Set-up is cut into this many parts, however many threads there are, so that the result never depends on those.
_PARTS: Final = 8


class Setup(NamedTuple):
    """What a view shows, ready for raster_band. Valid until its workspace is used again.

    Triangles of part p are rows part_start[p] : part_start[p] + part_count[p] of spans and faces; the order of rows
    is the order of the geometry's triangles, the static ones first. Rows in between are unused.
    """

    camera: View
    scale: int
    width: int  # samples in a row
    height: int  # rows of samples
    band_rows: int  # rows of samples in a band; the last band may be cut off
    bands: int
    spans: NDArray[np.void]  # SPAN
    faces: NDArray[np.void]  # FACE
    part_start: I4
    part_count: I4
    band_start: I4  # [bands + 1] rows in band b: band_triangles[band_start[b] : band_start[b + 1]], rising
    band_triangles: I4


class Workspace:
    """The arrays of a set-up, kept from one frame to the next so that nothing is allocated once they are large enough.

    One for each camera that is drawn at the same time.
    """

    def __init__(self) -> None:
        self.groups = np.empty(0, np.int32)
        self.spans = np.zeros(1, SPAN)  # never empty: whoever looks up the sky's triangle with max(-1, 0) finds a row
        self.faces = np.zeros(1, FACE)
        self.corners = np.empty((_PARTS, 5, 0), np.float32)
        self.part_start = np.zeros(_PARTS + 1, np.int32)
        self.part_groups = np.zeros(_PARTS + 1, np.int32)
        self.part_count = np.zeros(_PARTS, np.int32)
        self.band_start = np.empty(0, np.int32)
        self.band_triangles = np.empty(0, np.int32)
        self.rest: dict[Any, Any] = {}  # what else its camera needs in each frame
        self._buffers: dict[int, tuple[F4, I4]] = {}

    def buffers_of(self, task: int, setup: Setup) -> tuple[F4, I4]:
        """band_buffers, kept for each of the tasks in which this camera is drawn."""
        buffers = self._buffers.get(task)
        if buffers is None or buffers[0].shape != _buffer_shape(setup):
            buffers = self._buffers[task] = band_buffers(setup)
        return buffers

    def _hold_groups(self, n_groups: int, n_bands: int) -> None:
        if len(self.groups) < n_groups:
            self.groups = np.empty(n_groups, np.int32)
        if len(self.band_start) < n_bands + 1:
            self.band_start = np.empty(n_bands + 1, np.int32)

    def _hold_triangles(self, n_triangles: int, n_corners: int) -> None:
        if len(self.spans) < n_triangles:
            self.spans = np.empty(n_triangles + n_triangles // 4, SPAN)
            self.faces = np.empty(len(self.spans), FACE)
        if self.corners.shape[2] < n_corners:
            self.corners = np.empty((_PARTS, 5, n_corners), np.float32)

    def _hold_entries(self, n_entries: int) -> None:
        if len(self.band_triangles) < n_entries:
            self.band_triangles = np.empty(n_entries + n_entries // 4, np.int32)


def band_buffers(setup: Setup) -> tuple[F4, I4]:
    """Buffers for raster_band, to be used by one thread at a time: 1 / depth and triangle, [rows, columns].

    There are LANES columns or more beside the samples of a row.
    """
    return np.empty(_buffer_shape(setup), np.float32), np.empty(_buffer_shape(setup), np.int32)


def _buffer_shape(setup: Setup) -> tuple[int, int]:
    return setup.band_rows, (-(-setup.width // LANES) + 1) * LANES


def one_by_one(tasks: Sequence[Callable[[], None]]) -> None:
    """Run without threads."""
    for task in tasks:
        task()


def setup_view(
    view: View,
    static: Geometry,
    movers: Geometry,
    materials: NDArray[np.void],
    instances: NDArray[np.void],
    scale: int,
    workspace: Workspace,
    run: Run = one_by_one,
) -> Setup:
    """Cull, transform and sort into bands what `view` can see of a frame, with scale x scale samples in a pixel."""
    bands = -(-view.height // BAND_PX)
    workspace._hold_groups(len(static.nearest_m) + len(movers.nearest_m), bands)
    n_triangles, n_corners = cull_groups(
        view, static, movers, workspace.groups, workspace.part_groups, workspace.part_start
    )
    workspace._hold_triangles(n_triangles, n_corners)
    run([partial(_setup_part, view, static, movers, materials, instances, scale, workspace, p) for p in range(_PARTS)])
    setup = _bound_setup(view, scale, bands, workspace)
    n_entries = count_bands(setup)
    workspace._hold_entries(n_entries)
    setup = setup._replace(band_triangles=workspace.band_triangles)
    fill_bands(setup)
    return setup


def _bound_setup(view: View, scale: int, bands: int, workspace: Workspace) -> Setup:
    return Setup(
        view,
        scale,
        view.width * scale,
        view.height * scale,
        BAND_PX * scale,
        bands,
        workspace.spans,
        workspace.faces,
        workspace.part_start,
        workspace.part_count,
        workspace.band_start,
        workspace.band_triangles,
    )


def _setup_part(
    view: View,
    static: Geometry,
    movers: Geometry,
    materials: NDArray[np.void],
    instances: NDArray[np.void],
    scale: int,
    workspace: Workspace,
    part: int,
) -> None:
    workspace.part_count[part] = setup_groups(
        view,
        static,
        movers,
        materials,
        instances,
        scale,
        workspace.groups[workspace.part_groups[part] : workspace.part_groups[part + 1]],
        workspace.corners[part],
        workspace.spans,
        workspace.faces,
        workspace.part_start[part],
    )
