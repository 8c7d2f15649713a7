"""What the attributes of a camera ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.blueprints import number

__all__ = ["MAX_SIDE_PX", "CameraSpec", "camera_spec"]

# 8192 x 8192 is a message of 256 MiB; no graphics card that CARLA runs on makes larger pictures than 16384.
MAX_SIDE_PX: Final = 8192
# Nearer to 0 and 180 a pinhole's numbers leave those of single precision.
_LEAST_FOV_DEG: Final = 0.01
_MOST_FOV_DEG: Final = 179.99
# The ends of the sliders in Unreal.
_MOST_EV: Final = 15.0
_MOST_BLOOM: Final = 8.0
_MOST_GAMMA: Final = 5.0
_FAR_ENOUGH: Final = 1e6  # beyond it, shutters, films and stops make no other picture


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A pinhole camera: its picture, and for rgb what becomes of the light.

    Accepted and without effect: the attributes of the lens but fov, motion blur, lens flare, depth of field,
    chromatic aberration, colour temperature and the curve of the film.
    """

    width: int  # pixels
    height: int
    fov_deg: float  # horizontal
    gamma: float = 2.2
    manual_exposure: bool = False  # by shutter, film and stop, else by the light of the scene
    exposure_compensation_ev: float = 0.0
    shutter_speed_hz: float = 200.0  # 1 / seconds
    iso: float = 100.0
    fstop: float = 1.4
    bloom: float = 0.675  # 0: lamps have no glow around them
    postprocess: bool = True  # False: without glow


def camera_spec(attributes: Mapping[str, str]) -> CameraSpec:
    """Raises ValueError with a sentence for a picture that cannot be made."""
    width = _side("image_size_x", attributes)
    height = _side("image_size_y", attributes)
    fov = number(attributes["fov"])
    if not _LEAST_FOV_DEG <= fov <= _MOST_FOV_DEG:
        raise ValueError(f"fov must be from {_LEAST_FOV_DEG:g} to {_MOST_FOV_DEG:g} degrees, not {attributes['fov']}")
    if "gamma" not in attributes:  # one of the exact cameras
        return CameraSpec(width, height, fov)
    return CameraSpec(
        width,
        height,
        fov,
        # Unreal too takes its own for a target gamma of 0.
        gamma=min(max(number(attributes["gamma"]), 0.0), _MOST_GAMMA) or 2.2,
        manual_exposure=attributes["exposure_mode"] == "manual",
        exposure_compensation_ev=min(max(number(attributes["exposure_compensation"]), -_MOST_EV), _MOST_EV),
        shutter_speed_hz=_positive("shutter_speed", attributes),
        iso=_positive("iso", attributes),
        fstop=_positive("fstop", attributes),
        bloom=min(max(number(attributes["bloom_intensity"]), 0.0), _MOST_BLOOM),
        postprocess=attributes["enable_postprocess_effects"].lower() == "true",
    )


def _positive(name: str, attributes: Mapping[str, str]) -> float:
    value = number(attributes[name])
    if not value > 0.0:
        raise ValueError(f"{name} must be above 0, not {attributes[name]}")
    return min(max(value, 1.0 / _FAR_ENOUGH), _FAR_ENOUGH)


def _side(name: str, attributes: Mapping[str, str]) -> int:
    side = int(number(attributes[name]))
    if not 1 <= side <= MAX_SIDE_PX:
        raise ValueError(f"{name} must be from 1 to {MAX_SIDE_PX} pixels, not {attributes[name]}")
    return side
