"""Numbers of numpy as the values of a control.

The client takes Python's own numbers only, and numpy's float64, which is one. Agents were written when 0.3 * float32
was a float64; since numpy 2 it is a float32 (NEP 50), which the client refuses with an ArgumentError.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Final

import carla
import numpy as np

__all__ = ["take_numpy_numbers"]

_FIELDS: Final = ("throttle", "steer", "brake", "hand_brake", "reverse", "manual_gear_shift", "gear")


def take_numpy_numbers() -> None:
    """Let carla.VehicleControl take them, in its constructor and its fields, in this process; again is no harm."""
    control = carla.VehicleControl
    if hasattr(control.__init__, "__wrapped__"):
        return
    for name in _FIELDS:
        setattr(control, name, _field(getattr(control, name)))
    construct = control.__init__

    @wraps(construct)
    def __init__(self: Any, *values: Any, **named: Any) -> None:
        construct(self, *map(_plain, values), **{name: _plain(value) for name, value in named.items()})

    control.__init__ = __init__


def _field(field: property) -> property:
    write = field.fset
    assert write is not None
    return property(field.fget, lambda control, value: write(control, _plain(value)), doc=field.__doc__)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
