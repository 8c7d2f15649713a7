"""One client's RPC connection: bytes in, calls dispatched in their order, replies out."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from simulator.protocol.calls import Call
from simulator.protocol.errors import BadValue, ProtocolError
from simulator.protocol.rpc import Request, RequestParser, reply_rpc_error
from simulator.server.handlers.registry import HANDLERS, CallRefused
from simulator.server.traffic_manager import WorkerWatch

if TYPE_CHECKING:
    from simulator.server.server import Server

log = logging.getLogger("simulator")

# A client that sends requests and reads no answers is not fed any further; past this it is closed.
MAX_UNREAD_REPLY_BYTES: Final = 64 * 1024 * 1024


class Session(asyncio.Protocol):
    """What the server knows of one connected client."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.worker = WorkerWatch()
        self.method = ""  # the call being served, for messages
        self.peer = "?"
        self.host = ""
        self._parser = RequestParser()
        self._transport: asyncio.Transport | None = None
        self._replies: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self.peer, self.host = str(name), name[0] if name else ""
        transport.set_write_buffer_limits(high=1024 * 1024)
        self.server.sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.server.session_ended(self)

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
            for request in self._parser.requests():
                self._serve(request)
        except ProtocolError as error:
            log.warning("client %s closed: %s", self.peer, error)
            self._flush()
            self.close()
        else:
            self._flush()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._replies and self._transport is not None:
            self._transport.write(b"".join(self._replies))
            self._replies.clear()
            if self._transport.get_write_buffer_size() > MAX_UNREAD_REPLY_BYTES:
                log.warning("client %s closed: it does not read its replies", self.peer)
                self._transport.abort()

    # -- calls -------------------------------------------------------------------------------------------------

    def _serve(self, request: Request) -> None:
        method = request.method
        if self.worker.saw(method, self.server.clock()):
            self.server.ticker.wake()
        call = self.server.layout.calls.get(method)
        if call is None:
            # The real server's words for a name that it does not know.
            text = f"rpclib: server could not find function '{method}' with argument count {len(request.args)}."
            self._send(request, reply_rpc_error(request.msgid or 0, text))
            return
        self.method = method
        handler = HANDLERS.get(method)
        try:
            if handler is None:
                raise CallRefused(f"{method} is not supported yet by this simulator")
            result = handler(self.server, self, *call.decode(request.args))
        except (CallRefused, BadValue) as error:
            self._refuse(request, call, str(error))
        except Exception:
            log.exception("internal error in %s", method)
            self._refuse(request, call, f"internal error in {method}: see the simulator's log")
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

    def _send(self, request: Request, reply: bytes) -> None:
        if request.msgid is not None:
            self._replies.append(reply)

    def _start(self, request: Request, call: Call, work: Coroutine[Any, Any, Any]) -> None:
        """A call that takes long; others are served meanwhile."""

        async def finish() -> None:
            try:
                result = await work
            except (CallRefused, BadValue) as error:
                self._refuse(request, call, str(error))
            except Exception:
                log.exception("internal error in %s", call.name)
                self._refuse(request, call, f"internal error in {call.name}: see the simulator's log")
            else:
                self._send(request, call.reply(request.msgid or 0, result))
            self._flush()

        task = asyncio.get_running_loop().create_task(finish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
