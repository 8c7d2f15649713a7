"""The rasteriser behind the cameras: what a view sees, sample by sample, exact and the same on any number of threads.

setup = setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, scale, workspace, run)
zinv, triangle = band_buffers(setup)               # one pair for each thread
for band in range(setup.bands):                    # in any order
    rows = raster_band(setup, band, zinv, triangle)  # a kernel: call it from a kernel
    ...
"""

from simulator.sensors.raster.bands import raster_band
from simulator.sensors.raster.setup import (
    BAND_PX,
    FACE,
    PAINT_BIAS,
    SPAN,
    Run,
    Setup,
    Workspace,
    band_buffers,
    is_paint,
    one_by_one,
    setup_view,
)
from simulator.sensors.raster.view import FAR_M, NEAR_M, View, camera_view

__all__ = [
    "BAND_PX",
    "FACE",
    "FAR_M",
    "NEAR_M",
    "PAINT_BIAS",
    "SPAN",
    "Run",
    "Setup",
    "View",
    "Workspace",
    "band_buffers",
    "camera_view",
    "is_paint",
    "one_by_one",
    "raster_band",
    "setup_view",
]
