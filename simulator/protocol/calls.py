"""What a call is: its arguments, its result, how it is answered. The calls themselves are in the table of a version."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from simulator.protocol import rpc
from simulator.protocol.errors import BadValue, UnknownCall
from simulator.protocol.wire import WireType


class ResultKind(Enum):
    """How a result is wrapped."""

    VALUE = "value"
    VOID = "void"
    BARE = "bare"


@dataclass(frozen=True)
class Call:
    """One row of the table of calls."""

    name: str
    arguments: Mapping[str, WireType]
    waits: bool  # whether the official client blocks on the reply
    kind: ResultKind
    result: WireType | None
    group: str

    def decode(self, args: list[Any]) -> tuple[Any, ...]:
        """The arguments as the table says; raises BadValue with the call and the argument in its sentence."""
        if len(args) != len(self.arguments):
            raise BadValue(f"takes {len(self.arguments)} arguments, not {len(args)}", path=self.name)
        decoded: list[Any] = []
        try:
            for wire_type, value in zip(self.arguments.values(), args, strict=True):
                decoded.append(wire_type.decode(value))
        except BadValue as error:
            name = list(self.arguments)[len(decoded)]
            raise error.at(f"{self.name}: {name}") from None
        except RecursionError:  # commands within commands within commands ...
            raise BadValue("is nested too deeply", path=self.name) from None
        return tuple(decoded)

    def reply(self, msgid: int, value: Any = None) -> bytes:
        """Success."""
        if self.result is None:
            return rpc.reply_void(msgid)
        encoded = value if self.result.plain else self.result.encode(value)
        return (rpc.reply_bare if self.kind is ResultKind.BARE else rpc.reply_value)(msgid, encoded)

    def failure(self, msgid: int, message: str) -> bytes:
        """Failure: the client raises RuntimeError(message); of a bare call it drops the message."""
        if self.kind is ResultKind.VALUE:
            return rpc.reply_failure(msgid, message)
        if self.kind is ResultKind.VOID:
            return rpc.reply_void_failure(msgid, message)
        return rpc.reply_rpc_error(msgid, message)


@dataclass(frozen=True)
class Layout:
    """Everything that depends on the client's version."""

    version: str
    calls: Mapping[str, Call]
    sensor_types: Mapping[str, int]  # blueprint id -> the type id in a sensor header

    def call(self, method: str) -> Call:
        """The call of that name; raises UnknownCall."""
        try:
            return self.calls[method]
        except KeyError:
            raise UnknownCall(f"there is no call {method!r} in {self.version}") from None


def decode_arguments(call: Call, args: list[Any]) -> tuple[Any, ...]:
    """The arguments of a request to `call`; raises BadValue."""
    return call.decode(args)


def markdown_table(layout: Layout, supported: Mapping[str, str] | None = None) -> str:
    """All calls as a table for the documentation; with `supported`, a column of what a server says of each."""
    if supported is not None and (unknown := supported.keys() - layout.calls.keys()):
        raise UnknownCall(f"there is no call {', '.join(sorted(unknown))} in {layout.version}")
    head = ["call", "arguments", "result", "client", "group"] + (["supported"] if supported is not None else [])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for call in sorted(layout.calls.values(), key=lambda call: (call.group, call.name)):
        arguments = ", ".join(f"{name} {wire_type.name}" for name, wire_type in call.arguments.items())
        result = call.result.name if call.result else "void"
        row = [f"`{call.name}`", arguments, result, "waits" if call.waits else "does not wait", call.group]
        if supported is not None:
            row.append(supported.get(call.name, "no"))
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


# The table in docs/protocol.md lies between these lines.
TABLE_BEGIN: Final = "<!-- calls: begin (python -m simulator.server.handlers docs/protocol.md) -->\n"
TABLE_END: Final = "<!-- calls: end -->\n"


def with_table(document: str, table: str) -> str:
    """The document with its table of calls replaced; raises ValueError where it has no place for one."""
    before, begin, rest = document.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        raise ValueError(f"no place for the table: the lines {TABLE_BEGIN.strip()} and {TABLE_END.strip()} are missing")
    return before + begin + "\n" + table + "\n" + end + after
