"""One client's RPC connection: bytes in, calls dispatched in their order, replies out."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from simulator.protocol.calls import Call
from simulator.protocol.errors import BadValue, ProtocolError
from simulator.protocol.rpc import MAX_STRUCTURE_BYTES, Request, RequestParser, reply_rpc_error
from simulator.server.handlers.registry import HANDLERS, CallRefused
from simulator.server.traffic_manager import STEP_CALLS

if TYPE_CHECKING:
    from simulator.server.server import Server

log = logging.getLogger("simulator")

# With more than this unread, a client's further calls wait until it has read its replies.
_MAX_UNREAD_BYTES: Final = 1024 * 1024
# After this long, the calls of one client wait until the others have had their turn.
_TURN_S: Final = 0.005


class Session(asyncio.Protocol):
    """What the server knows of one connected client."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.method = ""  # the call being served, for messages
        self.peer = "?"
        self.host = ""
        self.heard_at = 0.0  # when its last call was served
        self._parser = RequestParser()
        self._transport: asyncio.Transport | None = None
        self._replies: list[bytes] = []
        self._replies_bytes = 0
        self._is_unread = False  # the client does not read its replies
        self._is_paused = False  # we do not read its calls
        self._next_turn: asyncio.Handle | None = None  # calls have arrived that are not served yet
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    @property
    def held_bytes(self) -> int:
        """How much has arrived of a message that is not complete."""
        return self._parser.held_bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self.peer, self.host = str(name), name[0] if name else ""
        transport.set_write_buffer_limits(high=_MAX_UNREAD_BYTES)
        self.server.session_began(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._replies.clear()
        if self._next_turn is not None:
            self._next_turn.cancel()
        self.server.session_ended(self)

    def pause_writing(self) -> None:
        self._is_unread = True

    def resume_writing(self) -> None:
        self._is_unread = False
        if self._next_turn is None:
            self._next_turn = self.server.loop.call_soon(self._take_turn)

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        if self._next_turn is None and not self._is_unread:
            self._take_turn()

    def close(self, reason: str = "") -> None:
        """End the connection; replies that the client does not read by now are lost."""
        if self._transport is None:
            return
        if reason:
            log.warning("client %s closed: %s", self.peer, reason)
        self._flush()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def _take_turn(self) -> None:
        """Serve what has arrived. Nothing more is read until that is done, so that nothing piles up here."""
        self._next_turn = None
        try:
            is_done = self._serve_some()
        except ProtocolError as error:
            self.close(str(error))
            return
        self._flush()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if is_done == self._is_paused:
            self._is_paused = not is_done
            (transport.resume_reading if is_done else transport.pause_reading)()
        if not is_done and not self._is_unread:
            self._next_turn = self.server.loop.call_soon(self._take_turn)

    def _serve_some(self) -> bool:
        """Whether all that had arrived was served."""
        clock = self.server.clock
        until = clock() + _TURN_S
        for request in self._parser.requests():
            self._serve(request)
            self.heard_at = clock()
            if self._replies_bytes > _MAX_UNREAD_BYTES:
                self._flush()
            if self._is_unread or self.heard_at > until:
                return False
        if self.held_bytes > _MAX_UNREAD_BYTES and self.server.holds_too_much():
            raise ProtocolError("clients keep too much in messages that they do not complete")
        return True

    def _flush(self) -> None:
        if self._replies and self._transport is not None:
            self._transport.write(b"".join(self._replies))
        self._replies.clear()
        self._replies_bytes = 0

    # -- calls -------------------------------------------------------------------------------------------------

    def _serve(self, request: Request) -> None:
        method = request.method
        if method in STEP_CALLS and self.server.traffic_managers.saw(self, method, self.server.clock()):
            self.server.ticker.wake()
        call = self.server.layout.calls.get(method)
        if call is None:
            # The real server's words for a name that it does not know.
            text = f"rpclib: server could not find function '{method}' with argument count {len(request.args)}."
            self._send(request, reply_rpc_error(request.msgid or 0, text))
            return
        self.method = method
        try:
            if request.oversized:
                most = MAX_STRUCTURE_BYTES >> 20
                raise CallRefused(f"{method} carries more than the {most} MiB that this simulator reads")
            handler = HANDLERS.get(method)
            if handler is None:
                raise CallRefused(f"{method} is not supported yet by this simulator")
            result = handler(self.server, self, *call.decode(request.args))
        except (CallRefused, BadValue) as error:
            self._refuse(request, call, str(error))
        except Exception as error:
            self._fail(request, call, error)
        else:
            if isinstance(result, Coroutine):
                self._start(request, call, result)
            else:
                self._send(request, call.reply(request.msgid or 0, result))

    def _refuse(self, request: Request, call: Call, message: str) -> None:
        if not request.waits:
            # Nobody reads the answer to a call that is not waited for: say it here.
            self.server.say_once(f"{call.name} refused: {message}")
        self._send(request, call.failure(request.msgid or 0, message))

    def _fail(self, request: Request, call: Call, error: Exception) -> None:
        self.server.say_once(f"internal error in {call.name}: {type(error).__name__}: {error}", error)
        self._send(request, call.failure(request.msgid or 0, f"internal error in {call.name}: see the simulator's log"))

    def _send(self, request: Request, reply: bytes) -> None:
        if request.msgid is not None:
            self._replies.append(reply)
            self._replies_bytes += len(reply)

    def _start(self, request: Request, call: Call, work: Coroutine[Any, Any, Any]) -> None:
        """A call that takes long; others are served meanwhile."""

        async def finish() -> None:
            try:
                result = await work
            except (CallRefused, BadValue) as error:
                self._refuse(request, call, str(error))
            except Exception as error:
                self._fail(request, call, error)
            else:
                self._send(request, call.reply(request.msgid or 0, result))
            self._flush()

        task = self.server.loop.create_task(finish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
