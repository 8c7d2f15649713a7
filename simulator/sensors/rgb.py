"""camera.rgb: what a scene looks like.

Exposure is simple: light is worked out as a well exposed picture of that hour shows it, so with automatic exposure
only exposure_compensation counts, and by hand shutter, film and stop count against CARLA's defaults. gamma is that of
the display, 2.2 neutral. Lamps glow by bloom_intensity unless enable_postprocess_effects is false. Accepted and without
effect are the other attributes: the lens is a pinhole (CARLA's own lens attributes bend and darken the picture's rim
hardly at their defaults), and there is no motion blur, flare, depth of field, chromatic aberration or film curve.
"""

from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scene.tables import F4, U1, Frame
from simulator.sensors.camera_spec import CameraSpec
from simulator.sensors.lanes import LANES
from simulator.sensors.raster import Run, Setup, View, Workspace, one_by_one, setup_view
from simulator.sensors.shading.casters import SHADOW, place_casters
from simulator.sensors.shading.kept import Kept
from simulator.sensors.shading.lamps import GLOW, add_glow, beams_of, pools_of
from simulator.sensors.shading.rain import add_rain
from simulator.sensors.shading.rows import Look, Scratch, draw_bands, scratch_for
from simulator.sensors.shading.shadows import shade_of
from simulator.sensors.shading.sky import dome_of, horizon_of
from simulator.sensors.shading.tiles import tiles
from simulator.sensors.shading.tone import NEUTRAL_GAMMA, gamma_table
from simulator.sensors.shading.weather import light_of

__all__ = ["read_rgb"]

# Threads that help at most; each takes the next band when it is free.
_HELPERS: Final = 8
_SAMPLES: Final = 2  # across and down in a pixel
_MOST_NOTES: Final = 2048  # of lit lamps' rows in a band
_BLOOM: Final = 0.675  # bloom_intensity's default
_DAY_GLOW: Final = 0.25


def read_rgb(frame: Frame, view: View, spec: CameraSpec, out: U1, workspace: Workspace, run: Run = one_by_one) -> None:
    """Draw what `view` sees into out [height, width, 4], bytes B, G, R and 255."""
    if out.shape != (view.height, view.width, 4) or out.dtype != np.uint8:
        raise ValueError(f"an image must be uint8 of shape {(view.height, view.width, 4)}, not {out.dtype} {out.shape}")
    setup = setup_view(view, frame.static, frame.movers, frame.materials, frame.instances, _SAMPLES, workspace, run)
    look = _look(frame, view, spec)
    pixels = out.view(np.uint32)[:, :, 0]
    claims = np.zeros(1, np.int64)
    notes, counts = _notes_of(workspace, setup.bands)
    tasks = min(_HELPERS, setup.bands)
    run(
        [
            partial(_draw_share, setup, view, look, workspace, task, claims, pixels, notes, counts)
            for task in range(tasks)
        ]
    )
    if spec.postprocess:
        add_glow(notes, counts, _glow_strength(spec, float(look.light.night)), pixels)
    if look.light.rain > 0.0:
        # Drops show the sky, and by night some of the street's light.
        byte = 95 + round(115 * (1.0 - float(look.light.night)))
        add_rain(pixels, float(look.light.rain), byte, _rain_key(frame, view))
    if spec.gamma != NEUTRAL_GAMMA:
        out[:, :, :3] = gamma_table(spec.gamma)[out[:, :, :3]]


def _rain_key(frame: Frame, view: View) -> int:
    """Other drops in each frame, and for each direction in which a camera looks."""
    turn = round(float(view.axes[2, 0]) * 512.0) * 1024 + round(float(view.axes[2, 1]) * 512.0)
    return (frame.seed * 0x9E3779B1 + frame.number) * 0x85EBCA77 + turn


def _draw_share(
    setup: Setup,
    view: View,
    look: Look,
    workspace: Workspace,
    task: int,
    claims: NDArray[np.int64],
    pixels: NDArray[np.uint32],
    notes: NDArray[np.void],
    counts: NDArray[np.int64],
) -> None:
    if claims[0] >= setup.bands:
        return  # the others have been faster
    zinv, triangle = workspace.buffers_of(task, setup)
    scratch = _scratch_of(workspace, task, view.width, look.n_shadows)
    draw_bands(setup, view, look, claims, zinv, triangle, scratch, pixels, notes, counts)


def _scratch_of(workspace: Workspace, task: int, width: int, n_shadows: int) -> Scratch:
    scratch: Scratch | None = workspace.rest.get(("rgb", task, width))
    if scratch is None or len(scratch.near_shadows) < n_shadows:
        scratch = workspace.rest["rgb", task, width] = scratch_for(width, n_shadows + n_shadows // 4)
    return scratch


def _notes_of(workspace: Workspace, bands: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    key = ("rgb notes", bands)
    if key not in workspace.rest:
        workspace.rest[key] = np.empty((bands, _MOST_NOTES), GLOW), np.empty(bands, np.int64)
    notes, counts = workspace.rest[key]
    return notes, counts


def _glow_strength(spec: CameraSpec, night: float) -> float:
    """Lamps glow by night, and by day just so much that a small one can be told from paint. 1 with CARLA's bloom."""
    return spec.bloom / _BLOOM * (_DAY_GLOW + (1.0 - _DAY_GLOW) * night)


def _gain(spec: CameraSpec) -> float:
    """How much brighter than usual the camera's settings make the picture.

    With automatic exposure only the compensation counts: our light is exposed already. By hand, CARLA's defaults
    (1/200 s, ISO 100, f/1.4) are what counts as usual.
    """
    gain = 2.0**spec.exposure_compensation_ev
    if spec.manual_exposure:
        gain *= (200.0 / spec.shutter_speed_hz) * (spec.iso / 100.0) * (1.4 / spec.fstop) ** 2
    return gain


def _look(frame: Frame, view: View, spec: CameraSpec) -> Look:
    light = light_of(frame.weather, _gain(spec))
    dome = dome_of(light)
    azimuth_deg, altitude_deg = frame.weather[4:6]
    shade = shade_of(frame.static, frame.materials, azimuth_deg, altitude_deg, float(view.eye[0]), float(view.eye[1]))
    shadows = np.empty(len(frame.casters), SHADOW)
    # The shadows that clouds leave are too faint to draw.
    sun_z = float(light.to_sun_z) if light.sun_g > 0.05 * light.sky_g else 0.0
    n_shadows = place_casters(view, frame.casters, float(light.to_sun_x), float(light.to_sun_y), sun_z, shadows)
    fog_colour = np.empty((3, (-(-view.width // LANES) + 1) * LANES), np.float32)
    horizon_of(view, dome, fog_colour)
    return Look(
        frame.materials,
        frame.instances,
        _sign_chains(frame.atlas),
        frame.atlas.shape[1],
        light,
        dome,
        tiles(),
        shade,
        shadows,
        n_shadows,
        pools_of(shade, frame.lamps, frame.lamps_lit, light),
        beams_of(frame.casters, view.eye, view.axes[2], light),
        fog_colour,
    )


_sign_levels: Kept[F4] = Kept(3)


def _sign_chains(atlas: U1) -> F4:
    return _sign_levels.get(atlas, None, lambda: _make_chains(atlas))


def _make_chains(atlas: U1) -> F4:
    """The pages in linear light, each followed by its smaller copies down to one texel."""
    coded = atlas.astype(np.float64) / 255.0
    level = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    levels = []
    while True:
        pages, side = level.shape[:2]
        levels.append(level.reshape(pages, side * side, 3))
        if side < 2:
            break
        half = side // 2
        level = level[:, : 2 * half, : 2 * half].reshape(pages, half, 2, half, 2, 3).mean(axis=(2, 4))
    return np.concatenate(levels, axis=1).astype(np.float32)
