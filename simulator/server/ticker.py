"""When the world is stepped: on a client's cue in synchronous mode, by the clock otherwise.

A cue is answered at once with the frame that it will make; the tick itself may be held, for
* the client's Traffic Manager, until its worker is safely parked (Rule A in traffic_manager),
* a sensor's subscription that is on its way on another connection,
* a reader that has not taken the last frames,
* a world that is being loaded.
All other calls are served meanwhile.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.server.server import Server
    from simulator.server.session import Session

# listen() returns before its connection is made: a tick waits this long for it.
SUBSCRIPTION_PATIENCE_S: Final = 0.3
# Below this, waiting is done by going round the event loop: its timers are coarse (1 ms).
_SPIN_S: Final = 0.0015
_WATCH_PERIOD_S: Final = 0.25
# In asynchronous mode a simulation that falls behind drops the lost time instead of chasing it.
_MAX_VARIABLE_DELTA_S: Final = 0.1


class Ticker:
    """Holds the cues that wait for their tick and the timer of asynchronous mode."""

    def __init__(self, server: "Server", fps: float) -> None:
        self._server = server
        self._period_s = 1.0 / fps
        self._cues: deque[Session] = deque()
        self._scheduled: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._last_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._rescues: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._last_at = self._next_at = self._server.clock()
        self._watch_workers()
        self.mode_changed()

    def stop(self) -> None:
        for handle in (self._scheduled, self._timer, self._watch):
            if handle is not None:
                handle.cancel()
        self._cues.clear()

    # -- synchronous mode --------------------------------------------------------------------------------------

    def cue(self, session: "Session") -> int:
        """Ask for a tick; the frame that it will have. In asynchronous mode the next one comes by itself."""
        if not self._server.settings.synchronous_mode:
            return self._server.frame + 1
        self._cues.append(session)
        session.worker.cued()
        self.wake()
        return self._server.frame + len(self._cues)

    def wake(self) -> None:
        """Something that a held tick may wait for has changed."""
        if self._cues:
            if self._scheduled is not None:
                self._scheduled.cancel()
            self._scheduled = self._server.loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = None
        if not self._cues:
            return
        now = self._server.clock()
        until = self._held_until(self._cues[0], now)
        if until > now:
            if until - now < _SPIN_S:
                self._scheduled = self._server.loop.call_soon(self._pump)
            else:
                self._scheduled = self._server.loop.call_later(until - now, self._pump)
            return
        session = self._cues.popleft()
        self._tick(self._server.synchronous_delta())
        session.worker.published(self._server.clock())
        if self._cues:
            self._scheduled = self._server.loop.call_soon(self._pump)

    def _tick(self, dt: float) -> None:
        """A world whose step failed is in no known state: better no server than a client that waits for ever."""
        try:
            self._server.tick(dt)
        except Exception as error:
            self.stop()
            self._server.fail(error)
            raise

    def _held_until(self, session: "Session", now: float) -> float:
        if self._server.is_loading:
            return now + 3600.0  # the load wakes us when it is done
        hub = self._server.streams
        return max(session.worker.safe_at(now) if session.is_open else 0.0, hub.awaited_until(), hub.held_until())

    # -- asynchronous mode -------------------------------------------------------------------------------------

    def mode_changed(self) -> None:
        """Settings or episode changed: start or stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._server.settings.synchronous_mode:
            self._next_at = self._last_at = self._server.clock()
            self._timer = self._server.loop.call_later(0, self._on_time)

    def _on_time(self) -> None:
        now = self._server.clock()
        fixed = self._server.settings.fixed_delta_seconds
        period = fixed if fixed else self._period_s
        if not self._server.is_loading:
            self._tick(fixed if fixed else min(max(now - self._last_at, 1e-3), _MAX_VARIABLE_DELTA_S))
        self._last_at = now
        self._next_at = max(self._next_at + period, now)
        self._timer = self._server.loop.call_later(max(self._next_at - self._server.clock(), 0.0), self._on_time)

    # -- Rule B ------------------------------------------------------------------------------------------------

    def _watch_workers(self) -> None:
        now = self._server.clock()
        for session in list(self._server.sessions):
            if session.worker.is_lost(now):
                session.worker.rescued()
                task = self._server.loop.create_task(
                    self._server.traffic_managers.rescue(session, self._server.frame, self._server.say)
                )
                self._rescues.add(task)
                task.add_done_callback(self._rescues.discard)
        self._watch = self._server.loop.call_later(_WATCH_PERIOD_S, self._watch_workers)
