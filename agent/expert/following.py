"""How hard to accelerate behind something: the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000)."""

from typing import Final, NamedTuple

__all__ = ["Spacing", "free_road", "idm"]


class Spacing(NamedTuple):
    """What to keep to a leader: standing gap and time gap. PDM-Lite's values by the kind of leader."""

    gap_m: float
    time_s: float


VEHICLE: Final = Spacing(4.0, 0.25)
WALKER: Final = Spacing(4.0, 0.1)
BICYCLE: Final = Spacing(4.0, 0.25)
LINE: Final = Spacing(1.0, 0.1)  # a stop line: the place itself holds the margin

_ACCELERATION_MPS2: Final = 4.0
_BRAKING_MPS2: Final = 3.7  # PDM-Lite: comfortable deceleration 3.72
_HARDEST_MPS2: Final = 9.0
_EXPONENT: Final = 4


def free_road(speed_mps: float, limit_mps: float) -> float:
    """Without anything ahead."""
    if limit_mps <= 0.1:
        return -_BRAKING_MPS2
    if speed_mps > limit_mps:
        return max(-_BRAKING_MPS2, -1.5 * (speed_mps - limit_mps))
    return _ACCELERATION_MPS2 * (1.0 - (speed_mps / limit_mps) ** _EXPONENT)


def idm(speed_mps: float, limit_mps: float, gap_m: float, leader_mps: float, spacing: Spacing) -> float:
    """m/s2, behind a leader `gap_m` ahead of our bumper that drives `leader_mps` along our way."""
    closing = speed_mps - leader_mps
    wish = spacing.gap_m + max(
        0.0, spacing.time_s * speed_mps + speed_mps * closing / (2.0 * (_ACCELERATION_MPS2 * _BRAKING_MPS2) ** 0.5)
    )
    gap = max(gap_m, 0.1)
    value = free_road(speed_mps, limit_mps) - _ACCELERATION_MPS2 * (wish / gap) ** 2
    return max(value, -_HARDEST_MPS2)
