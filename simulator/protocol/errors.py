"""What a peer can do wrong, and whom it concerns.

ProtocolError
├── MalformedStream     the bytes are not this protocol: close the connection
│   └── MessageTooLarge     one message passes the limit: close the connection
├── UnknownCall         no such call in this version: answer it, the connection goes on
└── BadValue            an argument has the wrong count, type or range: answer it, the connection goes on

Every message is one sentence, fit for a log line and for the client's RuntimeError.
"""

from typing import Self


class ProtocolError(Exception):
    """The peer sent something that this protocol does not allow."""


class MalformedStream(ProtocolError):
    """The bytes cannot be read any further; nothing after them can be trusted."""


class MessageTooLarge(MalformedStream):
    """One message is larger than the limit."""


class UnknownCall(ProtocolError):
    """The method is not in the table of this version."""


class BadValue(ProtocolError):
    """A value does not fit its place; `path` says where, growing outwards while the error travels up."""

    def __init__(self, reason: str, path: str = "", struct: str = "") -> None:
        super().__init__(reason, path, struct)
        self.reason = reason
        self.path = path
        self.struct = struct

    def at(self, step: str, struct: str = "") -> Self:
        """The same error, seen from one level further out."""
        self.path = step + self.path
        self.struct = self.struct or struct
        return self

    def __str__(self) -> str:
        where = self.path.removeprefix(".") or "the value"
        return f"{where} {self.reason}" + (f" (field of {self.struct})" if self.struct else "")
