"""The exact cameras: depth, semantic and instance segmentation, normals and optical flow.

One sample in the middle of each pixel, no light and no anti-aliasing, so that what they say of a pixel is true of one
thing. All that is asked for at one pose is drawn at once.
"""

from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import F4, U1, Frame
from simulator.sensors.exact.encode import draw_bands, ways_back
from simulator.sensors.raster import Run, Setup, View, Workspace, one_by_one, setup_view

__all__ = ["draw_exact"]

# Bands are drawn in this many tasks, each a run of bands: enough to keep some threads busy, few enough to cost nothing.
_TASKS: Final = 8

_Images = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]

_NO_IMAGE: Final = np.empty((0, 0), np.uint32)
_NO_FLOW: Final = np.empty((0, 0, 2), np.float32)


def draw_exact(
    frame: Frame,
    view: View,
    workspace: Workspace,
    run: Run = one_by_one,
    *,
    depth: U1 | None = None,
    semantic: U1 | None = None,
    instance: U1 | None = None,
    normals: U1 | None = None,
    flow: F4 | None = None,
    before: View | None = None,
) -> None:
    """Draw what `view` sees into those images that are given: [height, width, 4] bytes BGRA, contiguous.

    flow is [height, width, 2] float32 and asks for `before`, the camera's view in the last frame (in the first, `view`
    itself).
    """
    setup = setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, 1, workspace, run)
    if before is None:
        if flow is not None:
            raise ValueError("optical flow needs the view of the last frame")
        before = view
    images = (
        _as_pixels(depth, view),
        _as_pixels(semantic, view),
        _as_pixels(instance, view),
        _as_pixels(normals, view),
    )
    if flow is None:
        flow = _NO_FLOW
    elif flow.shape != (view.height, view.width, 2) or flow.dtype != np.float32:
        raise ValueError(f"flow must be float32 of shape {(view.height, view.width, 2)}, not {flow.dtype} {flow.shape}")
    back = ways_back(view, before, frame.instances, frame.n_static)
    cuts = [setup.bands * k // _TASKS for k in range(_TASKS + 1)]
    run(
        [
            partial(_draw_task, setup, frame, before, back, workspace, task, first, end, images, flow)
            for task, (first, end) in enumerate(pairwise(cuts))
            if first < end
        ]
    )


def _as_pixels(image: U1 | None, view: View) -> NDArray[np.uint32]:
    """The same memory, one number for each pixel."""
    if image is None:
        return _NO_IMAGE
    if image.shape != (view.height, view.width, 4) or image.dtype != np.uint8:
        raise ValueError(
            f"an image must be uint8 of shape {(view.height, view.width, 4)}, not {image.dtype} {image.shape}"
        )
    return image.view(np.uint32)[:, :, 0]


def _draw_task(
    setup: Setup,
    frame: Frame,
    before: View,
    back: NDArray[np.float64],
    workspace: Workspace,
    task: int,
    first: int,
    end: int,
    images: _Images,
    flow: F4,
) -> None:
    zinv, triangle = workspace.buffers_of(task, setup)
    frame_arrays = (frame.materials, frame.instances, frame.n_static)
    draw_bands(setup, *frame_arrays, before, back, first, end, zinv, triangle, *images, flow)
