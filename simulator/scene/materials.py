"""The builder of a scene's material table: named rows, added by whoever makes triangles."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import NONE
from simulator.scene.tables import MATERIAL

Colour = tuple[float, float, float]
_PARAMS = 8
_FIELDS = ("kind", "label", "lamp", "r", "g", "b", "p")


class Materials:
    """Rows of MATERIAL in the order in which they were added. A name stands for one row for good."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, float, float, float, tuple[float, ...]]] = []
        self._by_name: dict[str, int] = {}
        self._table: NDArray[np.void] | None = None

    def add(
        self,
        name: str,
        *,
        kind: int,
        colour: Colour,
        label: int = NONE,
        lamp: int = 0,
        params: Sequence[float] = (),
    ) -> int:
        """The row of a material. Asking again for a name with the same values gives the same row.

        `colour` is linear light (see `linear` for colours out of a paint program); `label` NONE means that of the
        instance; `params` are p0, p1 ... and the rest is 0.
        """
        if len(params) > _PARAMS:
            raise ValueError(f"material {name!r} has {len(params)} parameters; {_PARAMS} is the most")
        red, green, blue = (float(part) for part in colour)
        padded = (*(float(value) for value in params), *(0.0,) * (_PARAMS - len(params)))
        row = (kind, label, lamp, red, green, blue, padded)
        known = self._by_name.get(name)
        if known is not None:
            if self._rows[known] != row:
                raise ValueError(f"material {name!r} is there already, with other values")
            return known
        self._by_name[name] = len(self._rows)
        self._rows.append(row)
        self._table = None
        return self._by_name[name]

    def row(self, name: str) -> int:
        """The row of a material that was added."""
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"no material {name!r}; there are {', '.join(sorted(self._by_name))}") from None

    def table(self) -> NDArray[np.void]:
        """The MATERIAL array. The same object until the next new name; later tables begin with the same rows."""
        if self._table is None:
            self._table = np.zeros(len(self._rows), MATERIAL)  # zeros between the fields too: tables are compared
            for field, values in zip(_FIELDS, zip(*self._rows, strict=True), strict=True):
                self._table[field] = values
            self._table.flags.writeable = False
        return self._table

    def __len__(self) -> int:
        return len(self._rows)


def linear(red: int, green: int, blue: int) -> Colour:
    """Linear light of an sRGB colour with parts 0 ... 255 (IEC 61966-2-1)."""
    parts = [part / 255.0 for part in (red, green, blue)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return light[0], light[1], light[2]
