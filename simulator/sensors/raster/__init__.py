"""The rasteriser behind the cameras: what a view sees, sample by sample, exact and the same on any number of threads.

    setup = setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, scale, workspace, run)
    zinv, triangle = band_buffers(setup)  # one pair for each thread
    for band in range(setup.bands):  # in any order, in a kernel
        rows = raster_band(setup, band, zinv, triangle)
        ...

Kernels import raster_band and is_paint from simulator.sensors.raster.bands and .tables: the cache of kernels
(simulator.kernels) follows imports from modules, not through a package.
"""

from simulator.sensors.raster.setup import (
    BAND_PX,
    Run,
    Setup,
    Workspace,
    band_buffers,
    one_by_one,
    setup_view,
)
from simulator.sensors.raster.tables import FACE, SPAN
from simulator.sensors.raster.view import FAR_M, NEAR_M, View, camera_view

__all__ = [
    "BAND_PX",
    "FACE",
    "FAR_M",
    "NEAR_M",
    "SPAN",
    "Run",
    "Setup",
    "View",
    "Workspace",
    "band_buffers",
    "camera_view",
    "one_by_one",
    "setup_view",
]
