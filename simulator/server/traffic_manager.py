"""The client's Traffic Manager: where it is registered, and three rules that keep it from hanging.

In synchronous mode every world.tick() of the client waits for one step of its Traffic Manager, which a worker thread
makes. The 0.9.16 client can lose the wake-up between the two threads: the main thread asks for a step and notifies
without holding the mutex, and if that falls between the worker's check and its wait, both sleep for ever. The worker
tells the end of a step in the same way, which is lost if the main thread had no processor, between its check and its
wait, for the whole step: rarer, and only on a busy machine. The worker asks for the episode settings just before it
waits, and it begins a step by asking for the lights of all vehicles:

* Rule A: no tick is simulated while the question for the settings is owed, and its state is not sent just after the
  answer.
* Rule B: when a step that should follow a tick does not begin, the Traffic Manager is told over its own port to leave
  and to enter synchronous mode, which wakes both threads.
* Rule C: when a step has been made and its client then does nothing for long, its Traffic Manager is told to make one
  step more, whose end wakes a client that has missed the first. A client that was only thinking goes on as before, but
  with one step more than it asked for; so this takes its time, and who knows better can forbid it (--wake-after).

Nobody knows here which client steps which Traffic Manager (another process may use it too), so that is learnt: a step
is expected after a client's tick if one followed that client's tick before.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.protocol.errors import ProtocolError
from simulator.protocol.rpc import ReplyParser, encode_request

__all__ = ["Registration", "TrafficManagers"]

# The calls that tell where a worker is in its step.
BEGINS: Final = "get_vehicle_light_states"
ACTS: Final = "apply_batch"
PARKS: Final = "get_episode_settings"
STEP_CALLS: Final = frozenset({BEGINS, ACTS, PARKS})

# Measured against the client: with these two, one lost wake-up in some 240,000 ticks instead of one in 11,000.
OWED_AT_MOST_S: Final = 0.050
PARKING_S: Final = 0.0003

LOST_AFTER_S: Final = 1.0
# A client that answers again (after a debugger, say) gets this long to make its step by itself.
SECOND_THOUGHT_S: Final = 0.2
_RESCUE_TIMEOUT_S: Final = 2.0
# In 368,000 ticks on a busy machine seven rescues were needed, and one of them was itself lost.
MOST_RESCUES: Final = 5


@dataclass(slots=True)
class Registration:
    host: str  # as the client gave it
    port: int
    session: object  # the connection that registered it
    address: str  # where to reach it from here


@dataclass(slots=True)
class _Worker:
    """Where the worker behind one connection is. Counts, because a client may run several Traffic Managers."""

    begun: int = 0
    owed: int = 0
    owed_since: float = 0.0
    parked_at: float = 0.0
    cues: bool = False  # this connection asks for ticks itself
    has_stepped: bool = False  # since this connection last asked for a tick
    was_woken: bool = False  # since then too


@dataclass(slots=True)
class _Expectation:
    """The steps that should follow a tick."""

    since: float
    frame: int
    steps: dict[object, int]  # by whose worker they are
    rescues: int = 0  # that did not bring them


class TrafficManagers:
    """Registered Traffic Managers by port, and what their workers are doing. All goes with the connection."""

    def __init__(self) -> None:
        self.rescues = 0
        self._by_port: dict[int, Registration] = {}
        self._workers: dict[object, _Worker] = {}
        self._cued_at: dict[object, float] = {}
        self._last_to_tick: object | None = None
        self._followed: dict[object, dict[object, int]] = {}  # who ticked -> the steps that followed its last tick
        self._expected: dict[object, _Expectation] = {}  # who ticked -> the steps that should follow now
        self._in_rescue: set[object] = set()

    # -- the register ------------------------------------------------------------------------------------------

    def get(self, port: int) -> Registration | None:
        return self._by_port.get(port)

    def add(self, registration: Registration) -> bool:
        if registration.port in self._by_port:
            return False
        self._by_port[registration.port] = registration
        self._workers.setdefault(registration.session, _Worker())
        return True

    def remove(self, port: int) -> None:
        entry = self._by_port.pop(port, None)
        if entry is not None and not self._of(entry.session):
            self._forget_worker(entry.session)

    def drop_session(self, session: object) -> None:
        for entry in self._of(session):
            del self._by_port[entry.port]
        self._forget_worker(session)
        for table in (self._cued_at, self._followed, self._expected):
            table.pop(session, None)
        if self._last_to_tick is session:
            self._last_to_tick = None

    def _of(self, session: object) -> list[Registration]:
        return [entry for entry in self._by_port.values() if entry.session is session]

    def _forget_worker(self, session: object) -> None:
        self._workers.pop(session, None)
        for followed in self._followed.values():
            followed.pop(session, None)
        for expectation in self._expected.values():
            expectation.steps.pop(session, None)

    # -- what the calls tell -----------------------------------------------------------------------------------

    def saw(self, session: object, method: str, now: float) -> bool:
        """Take note of one of the STEP_CALLS; True when a tick that was held for it may go on."""
        worker = self._workers.get(session)
        if worker is None:
            return False
        if method == BEGINS:
            managers = len(self._of(session))
            worker.begun = min(worker.begun + 1, managers)
            self._step_began(session, worker, managers)
        elif method == ACTS and worker.begun:
            worker.begun -= 1
            worker.owed += 1
            worker.owed_since = now
        elif method == PARKS and worker.owed:
            worker.owed -= 1
            worker.parked_at = now
            worker.has_stepped = not worker.owed
            return not worker.owed
        return False

    def _step_began(self, session: object, worker: _Worker, managers: int) -> None:
        # Clients take turns: a step that begins after another client's tick may still belong to its own one's.
        ticked = session if worker.cues else self._last_to_tick
        if ticked is not None:
            followed = self._followed.setdefault(ticked, {})
            followed[session] = min(followed.get(session, 0) + 1, managers)
        for expectation in self._expected.values():
            if expectation.steps.get(session, 0) > 1:
                expectation.steps[session] -= 1
            else:
                expectation.steps.pop(session, None)

    def cued(self, session: object, now: float) -> None:
        """world.tick() was called: whatever its last tick waited for has come or is given up."""
        self._cued_at[session] = now
        self._expected.pop(session, None)
        worker = self._workers.get(session)
        if worker is not None:
            worker.cues = True
            worker.has_stepped = worker.was_woken = False

    def published(self, session: object, frame: int, now: float) -> None:
        """The tick that this client asked for went out."""
        self._last_to_tick = session
        steps = self._followed.pop(session, {})
        # world.tick() may have timed out meanwhile, and then asks for no step.
        if steps and now - self._cued_at.pop(session, now) < LOST_AFTER_S:
            self._expected[session] = _Expectation(now, frame, steps)

    def forget_steps(self) -> None:
        """The client ticks a world that it loads without its Traffic Manager: expect nothing until a step is seen."""
        self._followed.clear()
        self._expected.clear()

    # -- Rule A ------------------------------------------------------------------------------------------------

    def answered_by(self, now: float) -> float:
        """How long a tick waits at most for a worker's question to be answered; not after `now`: it need not wait."""
        latest = 0.0
        for worker in self._workers.values():
            if worker.owed:
                until = worker.owed_since + OWED_AT_MOST_S
                if until <= now:
                    worker.owed = 0  # what looked like a step was the client's own batch
                latest = max(latest, until)
        return latest

    def parked_by(self) -> float:
        """When every worker whose question was answered surely waits for the next step."""
        return max((worker.parked_at + PARKING_S for worker in self._workers.values()), default=0.0)

    # -- Rule B ------------------------------------------------------------------------------------------------

    def lost(self, now: float) -> list[tuple[object, object, int]]:
        """Overdue steps that nobody sees to: who ticked, whose worker is late, after which frame."""
        return [
            (ticked, worker, expectation.frame)
            for ticked, expectation in self._expected.items()
            if now - expectation.since > LOST_AFTER_S
            for worker in expectation.steps
            if worker not in self._in_rescue
        ]

    async def rescue(self, ticked: object, worker: object, frame: int, say: Callable[[str], None]) -> None:
        """Wake the Traffic Managers of one connection, if the client is alive and their step still overdue."""

        def is_lost() -> bool:
            expectation = self._expected.get(ticked)
            return expectation is not None and expectation.frame == frame and worker in expectation.steps

        self._in_rescue.add(worker)
        try:
            reached = True
            for entry in self._of(worker):
                try:
                    await self._wake(entry, is_lost, frame, say, "had lost a wake-up", *_LEAVE_AND_ENTER)
                except (OSError, TimeoutError, ProtocolError) as error:
                    reached = False
                    if is_lost():
                        _say_unreachable(entry, error, say)
            await asyncio.sleep(SECOND_THOUGHT_S)
            if is_lost():
                # The client notifies without its mutex here too, so a rescue can be lost like a wake-up. Again, then,
                # but not for ever: a client may have its reasons.
                expectation = self._expected[ticked]
                expectation.rescues += 1
                if not reached or expectation.rescues >= MOST_RESCUES:
                    del expectation.steps[worker]
        finally:
            self._in_rescue.discard(worker)

    # -- Rule C ------------------------------------------------------------------------------------------------

    def has_stepped(self, session: object) -> bool:
        """Whether all is done that this client's last world.tick() waits for, and that was not told it again."""
        worker = self._workers.get(session)
        return worker is not None and worker.cues and worker.has_stepped and not worker.was_woken

    async def step_again(self, session: object, frame: int, silent_s: float, say: Callable[[str], None]) -> None:
        """Have the Traffic Managers of a connection make a step that nobody asked for."""
        worker = self._workers.get(session)
        if worker is None or not self.has_stepped(session):  # it is gone, or has just ticked
            return
        worker.was_woken = True

        def is_silent() -> bool:
            return worker.was_woken  # until it ticks

        why = f"makes one more step, since its client has done nothing for {silent_s:g} s after the last"
        for entry in self._of(session):
            try:
                await self._wake(entry, is_silent, frame, say, why, ("synchronous_tick",))
            except (OSError, TimeoutError, ProtocolError) as error:
                if session in self._workers:
                    _say_unreachable(entry, error, say)

    # -- both --------------------------------------------------------------------------------------------------

    async def _wake(
        self,
        entry: Registration,
        is_lost: Callable[[], bool],
        frame: int,
        say: Callable[[str], None],
        why: str,
        *calls: tuple[str | bool, ...],
    ) -> None:
        async with asyncio.timeout(_RESCUE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(entry.address, entry.port)
        try:
            # A client that a debugger has stopped answers when it goes on, and then goes its way by itself.
            await _call(reader, writer, ("health_check_remote_TM",))
            await asyncio.sleep(SECOND_THOUGHT_S)
            if is_lost():
                self.rescues += 1
                say(f"traffic manager rescue {self.rescues} at frame {frame}: {entry.address}:{entry.port} {why}")
                async with asyncio.timeout(_RESCUE_TIMEOUT_S):
                    await _call(reader, writer, *calls)
        finally:
            writer.close()


def _say_unreachable(entry: Registration, error: Exception, say: Callable[[str], None]) -> None:
    say(f"traffic manager on port {entry.port} cannot be woken: {error or 'it does not answer'}")


# To leave and to enter the mode. Together: the worker looks at it again after its step and must find it as it was.
_LEAVE_AND_ENTER: Final = (("set_synchronous_mode", False), ("set_synchronous_mode", True))


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *calls: tuple[str | bool, ...]) -> None:
    """Plain msgpack-rpc calls, carried out when this returns. An error for an answer is an answer."""
    writer.write(b"".join(encode_request(k, str(method), arguments) for k, (method, *arguments) in enumerate(calls)))
    await writer.drain()
    replies = ReplyParser(max_bytes=64 * 1024)
    answered = 0
    while answered < len(calls):
        data = await reader.read(4096)
        if not data:
            raise ConnectionError("it closed the connection")
        replies.feed(data)
        answered += sum(1 for _ in replies.replies())
