"""Shadows of what moves, on the ground around it.

A thing's box throws the shadow of a box: on the ground the sum of its rectangle and of the way that its top's shadow
goes, a hexagon between three pairs of parallel lines. Beneath and close around it the ground is darker in any weather,
because the thing hides a part of the sky.
"""

from typing import Final

import numpy as np

from simulator.kernels import inline_njit, njit
from simulator.sensors.lanes import choose

__all__ = ["SHADOW", "caster_at", "place_casters"]

# A caster as a view needs it.
SHADOW: Final = np.dtype(
    [
        ("x", np.float32),
        ("y", np.float32),
        ("z", np.float32),
        ("cos_yaw", np.float32),
        ("sin_yaw", np.float32),
        ("half_x", np.float32),
        ("half_y", np.float32),
        # In the caster's own frame: the middle of the shadow, half widths between the pairs of lines.
        ("mid_x", np.float32),
        ("mid_y", np.float32),
        ("reach_x", np.float32),
        ("reach_y", np.float32),
        ("across_x", np.float32),  # unit vector across the shadow's way
        ("across_y", np.float32),
        ("reach_across", np.float32),
        (
            "sun",
            np.float32,
        ),  # how dark the sun's shadow is, and how dark it is around the thing: 0 ... 1, less far away
        ("around", np.float32),
        # Pixels that shadow or darkening can reach.
        ("first_row", np.int32),
        ("end_row", np.int32),
        ("first_column", np.int32),
        ("end_column", np.int32),
    ],
    align=True,
)

_SOFT_M: Final = np.float32(0.18)  # half width of a shadow's edge
_AMBIENT_REACH_M: Final = np.float32(0.7)  # how far around a thing the ground is darker
_AMBIENT_LOSS: Final = np.float32(0.62)
# Bodies are rounder than their boxes.
_SLIM: Final = 0.94
_ROOF_PART: Final = 0.86
_FARTHEST_M: Final = 150.0
_FADES_OVER_M: Final = 40.0
_LOWEST_SUN_Z: Final = 0.07
_LEVEL_M: Final = np.float32(1.0)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


@njit
def place_casters(view, casters, sun_x, sun_y, sun_z, placed):  # type: ignore[no-untyped-def]
    """Fill `placed` with the casters whose shadow the view can show; returns how many."""
    n = 0
    half_width, half_height = 0.5 * view.width, 0.5 * view.height
    for k in range(len(casters)):
        caster = casters[k]
        dx, dy = caster.x - view.eye[0], caster.y - view.eye[1]
        distance = np.sqrt(dx * dx + dy * dy)
        if distance >= _FARTHEST_M:
            continue
        strength = min((_FARTHEST_M - distance) / _FADES_OVER_M, 1.0)
        shadow = placed[n]
        cos_yaw, sin_yaw = np.cos(caster.yaw), np.sin(caster.yaw)
        run_x, run_y = 0.0, 0.0
        shadow.sun = 0.0
        if sun_z > 0.0:
            reach = _ROOF_PART * caster.height / max(sun_z, _LOWEST_SUN_Z)
            run_x = -(sun_x * cos_yaw + sun_y * sin_yaw) * reach
            run_y = -(-sun_x * sin_yaw + sun_y * cos_yaw) * reach
            shadow.sun = strength
        half_x, half_y = _SLIM * caster.half_x, _SLIM * caster.half_y
        length = np.sqrt(run_x * run_x + run_y * run_y)
        shadow.around = strength
        shadow.x, shadow.y, shadow.z = caster.x, caster.y, caster.z
        shadow.cos_yaw, shadow.sin_yaw = cos_yaw, sin_yaw
        shadow.half_x, shadow.half_y = half_x, half_y
        shadow.mid_x, shadow.mid_y = 0.5 * run_x, 0.5 * run_y
        shadow.reach_x = half_x + 0.5 * abs(run_x)
        shadow.reach_y = half_y + 0.5 * abs(run_y)
        shadow.across_x = -run_y / length if length > 1e-6 else 0.0
        shadow.across_y = run_x / length if length > 1e-6 else 1.0
        shadow.reach_across = half_x * abs(shadow.across_x) + half_y * abs(shadow.across_y)
        # The box on the ground that holds shadow and darkening, a little above and below it, on the screen.
        most = _AMBIENT_REACH_M
        low_x = min(-caster.half_x - most, shadow.mid_x - shadow.reach_x - _SOFT_M)
        high_x = max(caster.half_x + most, shadow.mid_x + shadow.reach_x + _SOFT_M)
        low_y = min(-caster.half_y - most, shadow.mid_y - shadow.reach_y - _SOFT_M)
        high_y = max(caster.half_y + most, shadow.mid_y + shadow.reach_y + _SOFT_M)
        left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
        behind = 0
        for corner in range(8):
            lx = low_x if corner & 1 else high_x
            ly = low_y if corner & 2 else high_y
            wz = caster.z + (1.0 if corner & 4 else -1.0) - view.eye[2]
            wx = caster.x + cos_yaw * lx - sin_yaw * ly - view.eye[0]
            wy = caster.y + sin_yaw * lx + cos_yaw * ly - view.eye[1]
            ahead = view.axes[2, 0] * wx + view.axes[2, 1] * wy + view.axes[2, 2] * wz
            if ahead < 0.2:
                behind += 1
                continue
            across = view.axes[0, 0] * wx + view.axes[0, 1] * wy + view.axes[0, 2] * wz
            down = view.axes[1, 0] * wx + view.axes[1, 1] * wy + view.axes[1, 2] * wz
            px = half_width + view.focal_px * across / ahead
            py = half_height + view.focal_px * down / ahead
            left, right = min(left, px), max(right, px)
            top, bottom = min(top, py), max(bottom, py)
        if behind == 8:
            continue
        if behind > 0:  # it reaches beside the eye: anywhere on the screen
            left, right, top, bottom = 0.0, np.float64(view.width), 0.0, np.float64(view.height)
        if right < 0.0 or bottom < 0.0 or left > view.width or top > view.height:
            continue
        shadow.first_column = np.int32(max(left, 0.0))
        shadow.end_column = np.int32(min(right + 1.0, np.float64(view.width)))
        shadow.first_row = np.int32(max(top, 0.0))
        shadow.end_row = np.int32(min(bottom + 1.0, np.float64(view.height)))
        n += 1
    return n


@inline_njit
def caster_at(shadow, x, y, z):  # type: ignore[no-untyped-def]
    """What one caster leaves of the sky's light and of the sun's at places (Floats) on the ground, 0 to 1 each."""
    # Not on another level of the road.
    level = choose(max(z - shadow.z, shadow.z - z) < _LEVEL_M, _ONE, _ZERO)
    dx, dy = x - shadow.x, y - shadow.y
    lx = dx * shadow.cos_yaw + dy * shadow.sin_yaw
    ly = dy * shadow.cos_yaw - dx * shadow.sin_yaw
    # Beyond the box, in metres.
    out = max(max(lx, _ZERO - lx) - shadow.half_x, max(ly, _ZERO - ly) - shadow.half_y)
    near = max(_ONE - max(out + np.float32(0.25), _ZERO) * (_ONE / (_AMBIENT_REACH_M + np.float32(0.25))), _ZERO)
    keep = _ONE - level * (shadow.around * _AMBIENT_LOSS) * near * near
    mx, my = lx - shadow.mid_x, ly - shadow.mid_y
    across = mx * shadow.across_x + my * shadow.across_y
    across = max(across, _ZERO - across) - shadow.reach_across
    beyond = max(max(max(mx, _ZERO - mx) - shadow.reach_x, max(my, _ZERO - my) - shadow.reach_y), across)
    dark = min(max(np.float32(0.5) - beyond * (np.float32(0.5) / _SOFT_M), _ZERO), _ONE)
    return keep, _ONE - level * shadow.sun * dark
