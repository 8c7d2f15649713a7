"""msgpack-rpc: bytes to requests, results to bytes.

There is no framing on the wire, only one msgpack object after the other; the parser is fed whatever
arrived and yields the requests that are complete. Replies are bytes ready to be sent.

A result of nearly every call is wrapped once more (carla::rpc::Response): [[1, value]] or [[0, [text]]]
for a call with a value, [[false]] or [[true, [text]]] for one without. apply_batch is bare. A plain
msgpack-rpc error loses its text in the client, so it is kept for calls that do not exist.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgpack

from simulator.protocol.errors import MalformedStream, MessageTooLarge
from simulator.protocol.wire import describe

REQUEST: Final = 0
RESPONSE: Final = 1
NOTIFICATION: Final = 2

# The largest thing that a client sends is the OpenDRIVE text of generate_opendrive_world; 64 MiB is
# several times the largest public map.
MAX_MESSAGE_BYTES: Final = 64 * 2**20
# What is not text becomes Python objects of up to 80 bytes for each byte (an empty array is one byte), so there may be
# less of it: this is a batch of 5,000 spawns with all their attributes. Only textures are larger.
MAX_STRUCTURE_BYTES: Final = 4 * 2**20
MAX_METHOD_LENGTH: Final = 256


class Request(NamedTuple):
    """One call. `msgid` is None for a notification, which gets no reply; `waits` says if the client blocks on it.

    An `oversized` call was too large to be read: it has no arguments, and the bytes after it are in order.
    """

    msgid: int | None
    method: str
    waits: bool
    args: list[Any]
    oversized: bool = False


class Reply(NamedTuple):
    """What another server answered; `error` is None on success."""

    msgid: int
    error: Any
    result: Any


class _Oversized(NamedTuple):
    """A message that was passed over, and how it began."""

    head: bytes


_PIECE_BYTES: Final = 64 * 2**10
_HEAD_BYTES: Final = 2 * MAX_METHOD_LENGTH
_BAD_BYTES: Final = (ValueError, msgpack.StackError, msgpack.UnpackException)


class _Stream:
    """msgpack objects out of bytes, with limits.

    Nothing is built before its last byte is here, so what a peer can make us hold are the bytes that it sent, and what
    is built at a time is one message within the limits.
    """

    def __init__(self, max_bytes: int, max_structure_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_structure_bytes = max_structure_bytes
        self._scanner = msgpack.Unpacker(max_buffer_size=max_bytes + _PIECE_BYTES)  # only looks for the end of messages
        self._pieces: deque[bytes] = deque()  # not scanned yet
        self._raw = bytearray()  # scanned, and of no message yet that was complete
        self._fed = 0  # bytes scanned since the start of the stream
        self._start = 0  # where the message begun last starts
        self._waiting = 0  # bytes at hand of a text that is not complete
        self._text = 0  # bytes of this message that are surely text
        self._head: bytes | None = None  # of a message that is being passed over

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        if len(data) <= _PIECE_BYTES:
            self._pieces.append(data)
        else:
            self._pieces.extend(data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES))

    @property
    def held_bytes(self) -> int:
        """How much has been taken that is not part of a complete message."""
        return self._fed - self._start

    def objects(self) -> Iterator[Any]:
        """The objects that are complete."""
        while True:
            if self._scan():
                yield self._take()
            elif self._pieces:
                piece = self._pieces.popleft()
                self._scanner.feed(piece)
                self._fed += len(piece)
                if self._head is not None:
                    self._raw.clear()
                self._raw += piece
            else:
                break

    def _scan(self) -> bool:
        """Looks on for the end of a message; whether it was found. The scanner stops before a text that is cut off."""
        before = self._scanner.tell()
        try:
            self._scanner.skip()
            complete = True
        except msgpack.OutOfData:
            complete = False
        except _BAD_BYTES as error:
            raise _unreadable(error) from None
        at = self._scanner.tell()
        if at > before:
            self._text += self._waiting
        self._waiting = 0 if complete else self._fed - at
        if at + self._waiting - self._start > self._max_bytes:
            raise MessageTooLarge(f"a message is larger than {self._max_bytes} bytes")
        if self._head is None and at - self._start - self._text > self._max_structure_bytes:
            self._head = bytes(self._raw[:_HEAD_BYTES])
        return complete

    def _take(self) -> Any:
        """The message that the scanner has just passed."""
        end = self._scanner.tell()
        rest = self._fed - end
        value: Any = None
        if self._head is not None:
            value = _Oversized(self._head)
        else:
            try:
                value = _unpack(memoryview(self._raw)[: end - self._start])
            except _BAD_BYTES as error:
                raise _unreadable(error) from None
        del self._raw[: len(self._raw) - rest]
        self._start, self._text, self._head = end, 0, None
        return value


def _unpack(message: memoryview) -> Any:
    return msgpack.unpackb(
        message,
        raw=False,
        # Text of a foreign encoding must not end the connection; the packer below gives the same bytes back.
        unicode_errors="surrogateescape",
        max_map_len=0,  # the protocol has no maps
        max_ext_len=0,
    )


def _unreadable(error: Exception) -> MalformedStream:
    # ValueError covers malformed bytes, maps and extensions; StackError is too deep a nesting, and both may be silent.
    why = "nested too deeply" if isinstance(error, msgpack.StackError) else str(error) or "malformed bytes"
    return MalformedStream(f"not readable as msgpack: {why}")


class RequestParser:
    """A server's side of one connection."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES, max_structure_bytes: int = MAX_STRUCTURE_BYTES) -> None:
        self._stream = _Stream(max_bytes, max_structure_bytes)

    @property
    def held_bytes(self) -> int:
        """How much has arrived of a message that is not complete."""
        return self._stream.held_bytes

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self._stream.feed(data)

    def requests(self) -> Iterator[Request]:
        """The requests that are complete; raises MalformedStream where the bytes are not msgpack-rpc, or too many."""
        for message in self._stream.objects():
            yield _head_of(message) if type(message) is _Oversized else _request(message)


def _head_of(message: _Oversized) -> Request:
    """Whose call it was, from its first bytes."""
    unpacker = msgpack.Unpacker(max_buffer_size=_HEAD_BYTES, unicode_errors="surrogateescape")
    unpacker.feed(message.head)
    parts: list[Any] = []
    try:
        unpacker.read_array_header()
        parts += [unpacker.unpack() for _ in range(3)]
        unpacker.read_array_header()
        parts.append([unpacker.unpack()])
    except (msgpack.OutOfData, *_BAD_BYTES):
        raise MalformedStream("a message must be a msgpack-rpc request or notification") from None
    return _request(parts)._replace(args=[], oversized=True)


def _request(message: Any) -> Request:
    if type(message) is not list:
        raise MalformedStream(f"a message must be an array, not {describe(message)}")
    kind = message[0] if message else None
    if type(kind) is int and kind == REQUEST and len(message) == 4:
        _, msgid, method, args = message
        if type(msgid) is not int or not 0 <= msgid < 2**32:
            raise MalformedStream("the message id of a request must be an unsigned 32-bit integer")
    elif type(kind) is int and kind == NOTIFICATION and len(message) == 3:
        _, method, args = message
        msgid = None
    else:
        raise MalformedStream("a message must be a msgpack-rpc request or notification")
    if type(method) is not str or len(method) > MAX_METHOD_LENGTH:
        raise MalformedStream("the method of a request must be a short string")
    if type(args) is not list:
        raise MalformedStream(f"the arguments of a request must be an array, not {describe(args)}")
    # carla.Client puts [asynchronous] first; other clients (its Traffic Manager among them) do not.
    if args and type(args[0]) is list and len(args[0]) == 1 and type(args[0][0]) is bool:
        return Request(msgid, method, msgid is not None and not args[0][0], args[1:])
    return Request(msgid, method, msgid is not None, args)


class ReplyParser:
    """A client's side of one connection."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._stream = _Stream(max_bytes, MAX_STRUCTURE_BYTES)

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self._stream.feed(data)

    def replies(self) -> Iterator[Reply]:
        """The replies that are complete; raises MalformedStream where the bytes are not msgpack-rpc."""
        for message in self._stream.objects():
            if type(message) is not list or len(message) != 4 or message[0] != RESPONSE or type(message[1]) is not int:
                raise MalformedStream("a message must be a msgpack-rpc response")
            yield Reply(*message[1:])


_pack: Final[Callable[[object], bytes]] = msgpack.Packer(unicode_errors="surrogateescape").pack

# The constant parts of a reply around the message id, written as msgpack: arrays are 0x9n, nil 0xc0.
_REPLY: Final = b"\x94\x01\xce"  # [1, u32 ...
_VALUE: Final = b"\xc0\x91\x92\x01"  # nil, [[1, ...
_VALUE_FAILURE: Final = b"\xc0\x91\x92\x00\x91"  # nil, [[0, [...
_VOID: Final = b"\xc0\x91\x91\xc2"  # nil, [[false]]
_VOID_FAILURE: Final = b"\xc0\x91\x92\xc3\x91"  # nil, [[true, [...
_NIL: Final = b"\xc0"


def reply_value(msgid: int, value: Any) -> bytes:
    """Success of a call with a result. `value` is what wire types encode to."""
    return _REPLY + msgid.to_bytes(4, "big") + _VALUE + _pack(value)


def reply_void(msgid: int) -> bytes:
    """Success of a call without a result."""
    return _REPLY + msgid.to_bytes(4, "big") + _VOID


def reply_failure(msgid: int, message: str) -> bytes:
    """Failure of a call with a result: the client raises RuntimeError(message)."""
    return _REPLY + msgid.to_bytes(4, "big") + _VALUE_FAILURE + _pack(message)


def reply_void_failure(msgid: int, message: str) -> bytes:
    """Failure of a call without a result: the client raises RuntimeError(message)."""
    return _REPLY + msgid.to_bytes(4, "big") + _VOID_FAILURE + _pack(message)


def reply_bare(msgid: int, value: Any) -> bytes:
    """A result without the wrapper: apply_batch."""
    return _REPLY + msgid.to_bytes(4, "big") + _NIL + _pack(value)


def reply_rpc_error(msgid: int, text: str) -> bytes:
    """A msgpack-rpc error: the client raises "rpc::rpc_error during call in function NAME" and drops the text."""
    return _REPLY + msgid.to_bytes(4, "big") + _pack(text) + _NIL


def command_success(actor: int) -> list[Any]:
    """An element of apply_batch's result."""
    return [[1, actor]]


def command_failure(message: str) -> list[Any]:
    """An element of apply_batch's result."""
    return [[0, [message]]]


def encode_request(msgid: int, method: str, args: Sequence[Any]) -> bytes:
    """A plain call without carla's metadata, as a Traffic Manager takes them."""
    return _pack([REQUEST, msgid, method, list(args)])
