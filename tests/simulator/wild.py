"""Random values of any type of the wire: valid as the protocol sees it, and as mad as it allows."""

import math
import random
from typing import Any

from simulator.protocol import wire

WILD_FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e9, -1e9, 3.4e38, 1e300, math.inf, -math.inf, math.nan)
WILD_TEXTS = ("", "x", "5", "-1", "nan", "true", "\n", "\x00", "\udc80", "ä" * 300, "0,0,0", "vehicle.lincoln.mkz_2020")


class Wild:
    """Draws encoded values; `ids` are the actors that it likes to name."""

    def __init__(
        self, rng: random.Random, ids: list[int], texts: tuple[str, ...] = WILD_TEXTS, tame: float = 0.5
    ) -> None:
        self._rng = rng
        self.ids = ids
        self._texts = texts
        self._tame = tame  # the share of numbers that make sense

    def value(self, wire_type: wire.WireType, depth: int = 3) -> Any:
        rng = self._rng
        match wire_type:
            case wire.Struct():
                return [self.value(field, depth) for field in wire_type.fields.values()]
            case wire.List():
                return [self.value(wire_type.element, depth - 1) for _ in range(rng.randrange(4))] if depth else []
            case wire.Wrapped():
                return [self.value(wire_type.element, depth)]
            case wire.Pair():
                return [self.value(wire_type.first, depth), self.value(wire_type.second, depth)]
            case wire.Optional():
                return [True, self.value(wire_type.element, depth)] if rng.random() < 0.5 else [False]
            case wire.Variant():
                index = rng.randrange(len(wire_type.alternatives))
                return [index, self.value(wire_type.alternatives[index], depth)]
            case wire.Int():
                if rng.random() < 0.8:
                    number = rng.choice(self.ids) if rng.random() < 0.8 else rng.randrange(8)
                    if wire_type.low <= number <= wire_type.high:
                        return number
                return rng.choice((wire_type.low, wire_type.high, rng.randint(wire_type.low, wire_type.high)))
            case wire.Float():
                return rng.uniform(-50.0, 50.0) if rng.random() < self._tame else rng.choice(WILD_FLOATS)
        if wire_type.exact is bool:
            return rng.random() < 0.5
        if wire_type.exact is str:
            return rng.choice(self._texts)
        return rng.randbytes(rng.randrange(30))
