"""msgpack-rpc: bytes to requests, results to bytes.

There is no framing on the wire, only one msgpack object after the other; the parser is fed whatever
arrived and yields the requests that are complete. Replies are bytes ready to be sent.

A result of nearly every call is wrapped once more (carla::rpc::Response): [[1, value]] or [[0, [text]]]
for a call with a value, [[false]] or [[true, [text]]] for one without. apply_batch is bare. A plain
msgpack-rpc error loses its text in the client, so it is kept for calls that do not exist.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgpack

from simulator.protocol.errors import MalformedStream, MessageTooLarge
from simulator.protocol.wire import describe

REQUEST: Final = 0
RESPONSE: Final = 1
NOTIFICATION: Final = 2

# The largest thing that a client sends is the OpenDRIVE text of generate_opendrive_world; 64 MiB is
# several times the largest public map. Arrays hold batches, ids and textures.
MAX_MESSAGE_BYTES: Final = 64 * 2**20
MAX_ARRAY_LENGTH: Final = 2**20
MAX_METHOD_LENGTH: Final = 256


class Request(NamedTuple):
    """One call. `msgid` is None for a notification, which gets no reply; `waits` says if the client blocks on it."""

    msgid: int | None
    method: str
    waits: bool
    args: list[Any]


class Reply(NamedTuple):
    """What another server answered; `error` is None on success."""

    msgid: int
    error: Any
    result: Any


class _Stream:
    """msgpack objects out of bytes, with limits."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._fed = 0  # bytes since the start of the stream
        self._start = 0  # where the message begun last starts
        self._unpacker = msgpack.Unpacker(
            raw=False,
            # Text of a foreign encoding must not end the connection; the packer below gives the same bytes back.
            unicode_errors="surrogateescape",
            max_buffer_size=max_bytes,
            max_array_len=min(MAX_ARRAY_LENGTH, max_bytes),
            max_map_len=0,  # the protocol has no maps
            max_ext_len=0,
        )

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self._fed += len(data)
        try:
            self._unpacker.feed(data)
        except msgpack.BufferFull:
            raise MessageTooLarge(f"a message is larger than {self._max_bytes} bytes") from None

    def objects(self) -> Iterator[Any]:
        """The objects that are complete."""
        unpacker = self._unpacker
        while True:
            try:
                value = unpacker.unpack()
            except msgpack.OutOfData:
                break
            # ValueError covers malformed bytes and passed limits; StackError is too deep a nesting.
            except (ValueError, msgpack.StackError, msgpack.UnpackException) as error:
                raise MalformedStream(f"not readable as msgpack: {error or type(error).__name__}") from None
            self._start = unpacker.tell()
            yield value
        # The unpacker's own limit counts only what it has not looked at yet: an endless array would pass.
        if self._fed - self._start > self._max_bytes:
            raise MessageTooLarge(f"a message is larger than {self._max_bytes} bytes")


class RequestParser:
    """A server's side of one connection."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._stream = _Stream(max_bytes)

    def feed(self, data: bytes) -> None:
        """Takes what arrived; raises MalformedStream if it is too much."""
        self._stream.feed(data)

    def requests(self) -> Iterator[Request]:
        """The requests that are complete; raises MalformedStream where the bytes are not msgpack-rpc."""
        for message in self._stream.objects():
            yield _request(message)


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
        self._stream = _Stream(max_bytes)

    def feed(self, data: bytes) -> None:
        """Takes what arrived; raises MalformedStream if it is too much."""
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
