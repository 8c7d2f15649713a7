"""The client's Traffic Manager: where it is registered, and two rules that keep it from hanging.

The 0.9.16 client can lose a wake-up between its main thread and the Traffic Manager's worker: the main thread
starts a step and notifies without the mutex, and if that falls between the worker's check and its wait, both
sleep for ever inside world.tick(). The worker asks for the episode settings just before it waits, so:

* Rule A: no tick is simulated while that question is owed, nor just after it was answered.
* Rule B: when the worker's next step does not begin after a tick, the Traffic Manager is told over its own
  port to leave and enter synchronous mode, which wakes both.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.protocol.rpc import encode_request

log = logging.getLogger("simulator")

# The worker's calls in a step, in their order (protocol notes, section 7).
_STEP: Final = {"get_vehicle_light_states": 1, "get_weather_parameters": 2, "apply_batch": 3, "get_episode_settings": 4}

OWED_AT_MOST_S: Final = 0.050
PARKING_S: Final = 0.0003
LOST_AFTER_S: Final = 1.0
_RESCUE_TIMEOUT_S: Final = 2.0


class WorkerWatch:
    """What the calls on one connection tell of the Traffic Manager behind it."""

    def __init__(self) -> None:
        self._stage = 0
        self._owed_since = 0.0
        self._parked_at = 0.0
        self.steps = 0  # steps of the worker seen so far
        self.steps_at_cue: int | None = None  # None: the last tick cue did not follow a step
        self.published_at: float | None = None  # when the tick that this connection asked for went out
        self.quiet = True  # no call since then

    def saw(self, method: str, now: float) -> bool:
        """Take note of a call; True when the worker has just asked its last question, so that a tick may be near."""
        self.quiet = False
        number = _STEP.get(method)
        if number is None:
            return False
        if number == 1:
            self._stage = 1
            self.steps += 1
        elif number == self._stage + 1:
            self._stage = number
            if number == 3:
                self._owed_since = now
            elif number == 4:
                self._stage = 0
                self._parked_at = now
                return True
        return False

    def safe_at(self, now: float) -> float:
        """Rule A: the earliest time at which a tick may run; at most `now` when it may at once."""
        if self._stage == 3:
            return self._owed_since + OWED_AT_MOST_S
        return self._parked_at + PARKING_S

    @property
    def owes(self) -> bool:
        return self._stage == 3

    def cued(self) -> None:
        """This connection asks for a tick: a step is expected to follow it if one followed the last."""
        stepped = self.steps_at_cue is None or self.steps > self.steps_at_cue
        self._follows = stepped and self.steps > 0
        self.steps_at_cue = self.steps
        self.published_at = None

    _follows = False

    def published(self, now: float) -> None:
        if self.published_at is None:
            self.published_at = now
            self.quiet = True

    def is_lost(self, now: float) -> bool:
        """Rule B: the tick is out, the step that should follow is not, and the client says nothing at all."""
        return (
            self._follows
            and self.quiet
            and self.published_at is not None
            and self.steps == self.steps_at_cue
            and now - self.published_at > LOST_AFTER_S
        )

    def rescued(self) -> None:
        """Once a tick: if that does not help, nobody is waiting."""
        self._follows = False


@dataclass(slots=True)
class Registration:
    host: str  # as the client gave it
    port: int
    session: object  # the connection that registered it
    address: str  # where to reach it from here


class TrafficManagers:
    """Registered Traffic Managers by port. An entry goes with the connection that made it."""

    def __init__(self) -> None:
        self._by_port: dict[int, Registration] = {}
        self.rescues = 0

    def get(self, port: int) -> Registration | None:
        return self._by_port.get(port)

    def add(self, registration: Registration) -> bool:
        if registration.port in self._by_port:
            return False
        self._by_port[registration.port] = registration
        return True

    def remove(self, port: int) -> None:
        self._by_port.pop(port, None)

    def drop_session(self, session: object) -> None:
        for port in [port for port, entry in self._by_port.items() if entry.session is session]:
            del self._by_port[port]

    def of_session(self, session: object) -> list[Registration]:
        return [entry for entry in self._by_port.values() if entry.session is session]

    async def rescue(self, session: object, frame: int, say: Callable[[str], None]) -> None:
        """Rule B for every Traffic Manager of the session."""
        for entry in self.of_session(session):
            self.rescues += 1
            say(
                f"traffic manager rescue {self.rescues} at frame {frame}: {entry.address}:{entry.port} had lost a wake-up"
            )
            try:
                async with asyncio.timeout(_RESCUE_TIMEOUT_S):
                    await _toggle(entry)
            except (OSError, TimeoutError) as error:
                log.warning("traffic manager on port %d cannot be reached: %s", entry.port, error or "time-out")


async def _toggle(entry: Registration) -> None:
    reader, writer = await asyncio.open_connection(entry.address, entry.port)
    try:
        for number, enabled in enumerate((False, True)):
            writer.write(encode_request(number, "set_synchronous_mode", [enabled]))
            await writer.drain()
            await reader.read(256)  # its answer: the call has been carried out
    finally:
        writer.close()
