"""The exact cameras: depth, semantic and instance segmentation, normals and optical flow.

One sample in the middle of each pixel, no light and no anti-aliasing, so that what they say of a pixel is true of one
thing. All that is asked for at one pose is drawn at once.
"""

from functools import partial
from itertools import pairwise
from typing import Any, Final

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
_NO_FLOW: Final = np.empty((0, 0), np.float32)


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
    images = (
        _as_pixels(depth, view),
        _as_pixels(semantic, view),
        _as_pixels(instance, view),
        _as_pixels(normals, view),
    )
    motion = _NO_FLOW
    if flow is not None:
        if before is None or before[:3] != view[:3]:
            raise ValueError("optical flow needs the view of the same camera in the last frame")
        _check(flow, (view.height, view.width, 2), np.float32)
        motion = flow.reshape(view.height, 2 * view.width)
    ways = ways_back(view, before or view, frame.instances, frame.n_static)
    cuts = [setup.bands * k // _TASKS for k in range(_TASKS + 1)]
    run(
        [
            partial(_draw_task, setup, frame, ways, workspace, task, first, end, images, motion)
            for task, (first, end) in enumerate(pairwise(cuts))
            if first < end
        ]
    )


def _as_pixels(image: U1 | None, view: View) -> NDArray[np.uint32]:
    """The same memory, one number for each pixel."""
    if image is None:
        return _NO_IMAGE
    _check(image, (view.height, view.width, 4), np.uint8)
    return image.view(np.uint32)[:, :, 0]


def _check(image: NDArray[Any], shape: tuple[int, ...], kind: type) -> None:
    if image.shape != shape or image.dtype != kind or not image.flags.c_contiguous:
        raise ValueError(f"the image must be contiguous {np.dtype(kind)} {shape}, not {image.dtype} {image.shape}")


def _draw_task(
    setup: Setup,
    frame: Frame,
    ways: F4,
    workspace: Workspace,
    task: int,
    first: int,
    end: int,
    images: _Images,
    motion: F4,
) -> None:
    zinv, triangle = workspace.buffers_of(task, setup)
    frame_arrays = (frame.materials, frame.instances, frame.n_static)
    draw_bands(setup, *frame_arrays, ways, first, end, zinv, triangle, *images, motion)
