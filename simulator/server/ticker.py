"""When the world is stepped: on a client's cue in synchronous mode, otherwise by the clock and after what was spawned.

A cue is answered at once with the frame that it will make; the tick itself may be held, for
* the client's Traffic Manager, until its worker has all its answers (Rule A in traffic_manager),
* a sensor's subscription that is on its way on another connection,
* a reader that has not taken the last frames,
* cameras that still look at the last state (also in asynchronous mode: as in CARLA, time goes as fast as pictures),
* a world that is being loaded.
All other calls are served meanwhile.
"""

import asyncio
import math
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from simulator.server.handlers.registry import CallRefused

if TYPE_CHECKING:
    from simulator.server.server import Server
    from simulator.server.session import Session

_WATCH_PERIOD_S: Final = 0.25
# In asynchronous mode a simulation that falls behind drops the lost time instead of chasing it.
_MAX_VARIABLE_DELTA_S: Final = 0.1
# One cue waits per thread of a client; batches with do_tick may bring some more. This many are nobody's need.
_MAX_CUES: Final = 1000


class Ticker:
    """Holds the cues that wait for their tick and the timer of asynchronous mode."""

    def __init__(self, server: "Server", fps: float) -> None:
        self._server = server
        self._period_s = 1.0 / fps
        self._cues: deque[tuple[Session, bool]] = deque()
        self._pumping: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_late = False  # the timer has rung, and the tick waits for the cameras
        self._hastened: list[asyncio.Future[None]] = []  # done with the next tick of asynchronous mode
        self._next_at = 0.0
        self._last_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._rescues: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None  # until when a tick is held at most

    def start(self) -> None:
        self._watch_workers()
        self.mode_changed()

    def stop(self) -> None:
        for handle in (self._pumping, self._timer, self._watch, self._alarm):
            if handle is not None:
                handle.cancel()
        self._cues.clear()
        self._release()

    # -- synchronous mode --------------------------------------------------------------------------------------

    def cue(self, session: "Session", steps_follow: bool = True) -> int:
        """Ask for a tick; the frame that it will have. In asynchronous mode the next one comes by itself.

        `steps_follow` is for the client's world.tick(), which steps its Traffic Managers afterwards.
        """
        if not self._server.settings.synchronous_mode:
            return self._server.frame + 1
        if len(self._cues) >= _MAX_CUES:
            raise CallRefused(f"{_MAX_CUES} ticks are waiting already")
        self._cues.append((session, steps_follow))
        self._server.traffic_managers.cued(session, self._server.clock())
        self.wake()
        return self._server.frame + len(self._cues)

    def wake(self) -> None:
        """Something that a held tick may wait for has changed."""
        if self._is_late:
            self._is_late = False
            self._ring_in(0.0)
        if self._cues:
            if self._pumping is not None:
                self._pumping.cancel()
            self._pumping = self._server.loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Make the next tick, or come back when it may be made."""
        self._pumping = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._cues:
            return
        server = self._server
        now = server.clock()
        wait_s = self._held_until(now) - now
        if wait_s <= 0.0:
            session, steps_follow = self._cues.popleft()
            # The world is stepped while the worker parks: with many vehicles that is all the time it needs.
            parked_by = server.traffic_managers.parked_by()
            self._tick(server.synchronous_delta(), parked_by if parked_by > now else 0.0)
            if steps_follow:
                server.traffic_managers.published(session, server.frame, server.clock())
            self.wake()
        elif wait_s < math.inf:
            self._alarm = server.loop.call_later(wait_s, self.wake)

    def _held_until(self, now: float) -> float:
        if self._server.is_loading or self._server.sensing.holds_tick():
            return math.inf  # we are woken when that is done
        return max(self._server.traffic_managers.answered_by(now), self._server.streams.holds_tick_until(now))

    def _tick(self, dt: float, not_before: float = 0.0) -> None:
        try:
            self._server.tick(dt, not_before)
        except Exception as error:
            # A world whose step failed is in no known state: better no server than a client that waits for ever.
            self._server.fail(error)

    # -- asynchronous mode -------------------------------------------------------------------------------------

    def mode_changed(self) -> None:
        """Settings may have changed: the timer runs in asynchronous mode, at the pace of its delta."""
        now = self._server.clock()
        was_running = self._timer is not None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_late = False
        if not self._server.settings.synchronous_mode:
            if not was_running:
                self._next_at = self._last_at = now
            self._next_at = min(self._next_at, now + self._period())
            self._ring_in(max(self._next_at - now, 0.0))
        else:
            self._release()

    def hasten(self) -> asyncio.Future[None] | None:
        """Have the next tick of asynchronous mode made at once: done when it is. None in synchronous mode."""
        if self._server.settings.synchronous_mode:
            return None
        tick = self._server.loop.create_future()
        self._hastened.append(tick)
        if not self._is_late:
            self._next_at = self._server.clock()
            self._ring_in(0.0)
        return tick

    def _release(self) -> None:
        for tick in self._hastened:
            if not tick.done():  # as it is when its client has gone
                tick.set_result(None)
        self._hastened.clear()

    def _ring_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._server.loop.call_later(seconds, self._on_time)

    def _period(self) -> float:
        return self._server.settings.fixed_delta_seconds or self._period_s

    def _on_time(self) -> None:
        now = self._server.clock()
        if not self._server.is_loading:
            if self._server.sensing.holds_tick():
                self._is_late = True
                return
            # Who waits for this tick wants to see it with the sensor that it has just begun to listen to.
            held_s = self._server.streams.subscribed_by(now) - now if self._hastened else 0.0
            if held_s > 0.0:
                self._is_late = True
                self._ring_in(held_s)
                return
            elapsed = min(max(now - self._last_at, 1e-3), _MAX_VARIABLE_DELTA_S)
            self._is_late = False
            self._tick(self._server.settings.fixed_delta_seconds or elapsed)
            self._release()
        self._last_at = now
        self._next_at = max(self._next_at + self._period(), now)
        self._ring_in(max(self._next_at - self._server.clock(), 0.0))

    # -- Rules B and C -----------------------------------------------------------------------------------------

    def _watch_workers(self) -> None:
        server, managers = self._server, self._server.traffic_managers
        now = server.clock()
        for ticked, worker, frame in managers.lost(now):
            self._see_to(managers.rescue(ticked, worker, frame, server.say))
        silent_s = server.options.wake_after_s
        for session in server.sessions if silent_s else ():
            if managers.has_stepped(session) and now - session.heard_at > silent_s:
                self._see_to(managers.step_again(session, server.frame, silent_s, server.say))
        self._watch = server.loop.call_later(_WATCH_PERIOD_S, self._watch_workers)

    def _see_to(self, rescue: Coroutine[Any, Any, None]) -> None:
        task = self._server.loop.create_task(rescue)
        self._rescues.add(task)
        task.add_done_callback(self._rescues.discard)
