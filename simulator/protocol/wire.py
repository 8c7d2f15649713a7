"""How one value lies on the wire: types that decode what msgpack unpacked and encode what msgpack will pack.

A type knows its name (for messages and documentation), decodes with checks, and encodes. `plain` says
that the decoded value can be packed as it is: a NamedTuple is a tuple, and msgpack packs tuples as
arrays, so most structs need no encoding at all.

Decoding is strict, because behind it the world indexes arrays: a shorter array than expected is an
error (the real server fills in defaults), a longer one is cut, as the real server does. Integers pass
for floats. Not-a-number and infinities pass too: whether a place takes them is the server's business.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from simulator.protocol.errors import BadValue

_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    bytes: "a byte string",
    list: "an array",
    dict: "a map",
    type(None): "nil",
}


def describe(value: object) -> str:
    """What kind of thing `value` is, in a message."""
    return _NAMES.get(type(value), type(value).__name__)


class WireType:
    """Base of all types: the name, the Python type that msgpack yields for it, and the two directions."""

    def __init__(self, name: str, exact: type, plain: bool, trusted: bool) -> None:
        self.name = name
        self.exact = exact  # what a well-behaved client's value unpacks to
        self.plain = plain  # encoding is the identity
        self.trusted = trusted  # any value of the exact type is valid and needs no decoding

    def decode(self, value: Any) -> Any:
        if type(value) is self.exact:
            return value
        raise BadValue(f"must be {_NAMES[self.exact]}, not {describe(value)}")

    def encode(self, value: Any) -> Any:
        return value

    def __repr__(self) -> str:
        return self.name


class Int(WireType):
    """An integer of a given width."""

    def __init__(self, name: str, low: int, high: int) -> None:
        super().__init__(name, int, plain=True, trusted=False)
        self.low = low
        self.high = high

    def decode(self, value: Any) -> Any:
        if type(value) is int and self.low <= value <= self.high:
            return value
        if type(value) is not int:
            raise BadValue(f"must be an integer, not {describe(value)}")
        raise BadValue(f"must lie between {self.low} and {self.high}, not {value}")


class Float(WireType):
    """A number. The width is what the client declares; on the wire either width and integers are accepted."""

    def __init__(self, name: str) -> None:
        super().__init__(name, float, plain=True, trusted=True)

    def decode(self, value: Any) -> Any:
        if type(value) is float:
            return value
        if type(value) is int:
            return float(value)
        raise BadValue(f"must be a number, not {describe(value)}")


BOOL: Final = WireType("bool", bool, plain=True, trusted=True)
STR: Final = WireType("str", str, plain=True, trusted=True)
BIN: Final = WireType("bin", bytes, plain=True, trusted=True)
I8: Final = Int("i8", -(2**7), 2**7 - 1)
I32: Final = Int("i32", -(2**31), 2**31 - 1)
U8: Final = Int("u8", 0, 2**8 - 1)
U16: Final = Int("u16", 0, 2**16 - 1)
U32: Final = Int("u32", 0, 2**32 - 1)
U64: Final = Int("u64", 0, 2**64 - 1)
F32: Final = Float("f32")
F64: Final = Float("f64")


def _array(value: Any, length: int) -> list[Any]:
    """`value` as an array of at least `length` elements."""
    if type(value) is not list:
        raise BadValue(f"must be an array, not {describe(value)}")
    if len(value) < length:
        raise BadValue(f"must have {length} elements, not {len(value)}")
    return value


class List(WireType):
    """Any number of elements of one type."""

    def __init__(self, element: WireType) -> None:
        super().__init__(f"[{element.name}]", list, plain=element.plain, trusted=False)
        self.element = element

    def complete(self, element: WireType) -> None:
        """Sets the element afterwards, for a type that contains itself."""
        self.name = f"[{element.name}]"
        self.plain = element.plain
        self.element = element

    def decode(self, value: Any) -> Any:
        decode = self.element.decode
        elements = _array(value, 0)
        decoded: list[Any] = []
        try:
            for element in elements:
                decoded.append(decode(element))
        except BadValue as error:
            raise error.at(f"[{len(decoded)}]") from None
        return decoded

    def encode(self, value: Any) -> Any:
        return value if self.plain else [self.element.encode(element) for element in value]


class Optional(WireType):
    """[false], or [true, value]; None in Python."""

    def __init__(self, element: WireType) -> None:
        super().__init__(f"optional {element.name}", list, plain=False, trusted=False)
        self.element = element

    def decode(self, value: Any) -> Any:
        present = BOOL.decode(_array(value, 1)[0])
        return self.element.decode(_array(value, 2)[1]) if present else None

    def encode(self, value: Any) -> Any:
        return [False] if value is None else [True, self.element.encode(value)]


class Wrapped(WireType):
    """A struct of one field, which Python sees as that field."""

    def __init__(self, name: str, element: WireType) -> None:
        super().__init__(name, list, plain=False, trusted=False)
        self.element = element
        self._decode = element.decode

    def decode(self, value: Any) -> Any:
        if type(value) is not list or not value:
            _array(value, 1)  # raises
        return self._decode(value[0])

    def encode(self, value: Any) -> Any:
        return [self.element.encode(value)]


class Pair(WireType):
    """std::pair: an array of two, a tuple in Python."""

    def __init__(self, first: WireType, second: WireType) -> None:
        plain = first.plain and second.plain
        super().__init__(f"({first.name}, {second.name})", list, plain=plain, trusted=False)
        self.first = first
        self.second = second

    def decode(self, value: Any) -> Any:
        pair = _array(value, 2)
        return self.first.decode(pair[0]), self.second.decode(pair[1])

    def encode(self, value: Any) -> Any:
        return value if self.plain else (self.first.encode(value[0]), self.second.encode(value[1]))


class Struct(WireType):
    """An array whose places have meanings: a NamedTuple in Python."""

    def __init__(self, cls: type[Any], fields: Sequence[WireType], bare_in: str = "") -> None:
        super().__init__(cls.__name__, list, plain=all(field.plain for field in fields), trusted=False)
        names: tuple[str, ...] = cls._fields
        if len(names) != len(fields):
            raise TypeError(f"{cls.__name__} has {len(names)} fields, the layout gives {len(fields)}")
        self.cls = cls
        self.fields = dict(zip(names, fields, strict=True))
        # What cls._make does, without its check of the length, which decoding has done.
        self._make: Callable[[list[Any]], Any] = partial(tuple.__new__, cls)
        self._exact = [field.exact for field in fields]
        self._checked = [(i, field.decode) for i, field in enumerate(fields) if not field.trusted]

    def decode(self, value: Any) -> Any:
        # The quick way: exactly the Python types that the official client's values unpack to, so that
        # only integers (ranges) and nested arrays are left to look at.
        if type(value) is list and list(map(type, value)) == self._exact:
            values = value.copy()
            index = 0
            try:
                for index, decode in self._checked:
                    values[index] = decode(values[index])
            except BadValue as error:
                raise error.at("." + self.cls._fields[index], self.name) from None
            return self._make(values)
        return self._decode_slowly(value)

    def _decode_slowly(self, value: Any) -> Any:
        values = _array(value, len(self.fields))
        decoded = []
        for (name, field), element in zip(self.fields.items(), values, strict=False):
            try:
                decoded.append(field.decode(element))
            except BadValue as error:
                raise error.at("." + name, self.name) from None
        return self._make(decoded)

    def encode(self, value: Any) -> Any:
        if self.plain:
            return value
        return [field.encode(element) for field, element in zip(self.fields.values(), value, strict=True)]


class Variant(WireType):
    """[index, body]: one of several structs; in Python the struct itself, whose class says which one."""

    def __init__(self, name: str, alternatives: Sequence[Struct]) -> None:
        super().__init__(name, list, plain=False, trusted=False)
        self.alternatives = tuple(alternatives)
        self._decoders = [alternative.decode for alternative in alternatives]
        self._indices = {alternative.cls: index for index, alternative in enumerate(alternatives)}

    def decode(self, value: Any) -> Any:
        index, body = value if type(value) is list and len(value) == 2 else _array(value, 2)[:2]
        if type(index) is not int:
            raise BadValue(f"must start with an integer, not {describe(index)}")
        if not 0 <= index < len(self._decoders):
            raise BadValue(f"must be of kind 0 to {len(self._decoders) - 1}, not {index}")
        return self._decoders[index](body)

    def encode(self, value: Any) -> Any:
        index = self._indices[type(value)]
        return [index, self.alternatives[index].encode(value)]
