"""What agents that were written for numpy 1 take for granted, in a process with numpy 2.

Names that are gone: aliases of Python's types (numpy 1.24 took them away) and those of the migration guide to 2.0.

Numbers as the values of a control: the client takes Python's own only, and numpy's float64, which is one. 0.3 * float32
was a float64; since numpy 2 it is a float32 (NEP 50), which the client refuses with an ArgumentError.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Final

import carla
import numpy as np

__all__ = ["provide_numpy_1"]

_NAMES: Final[dict[str, Any]] = {
    "float": float,
    "int": int,
    "object": object,
    "str": str,
    "complex": complex,
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode_": np.str_,
    "string_": np.bytes_,
    "NaN": np.nan,
    "Inf": np.inf,
    "infty": np.inf,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "alltrue": np.all,
    "sometrue": np.any,
    "row_stack": np.vstack,
    "in1d": np.isin,
}
_FIELDS: Final = ("throttle", "steer", "brake", "hand_brake", "reverse", "manual_gear_shift", "gear")


def provide_numpy_1() -> None:
    """In this process; a second time does nothing."""
    for name, value in _NAMES.items():
        if name not in vars(np):
            setattr(np, name, value)
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
