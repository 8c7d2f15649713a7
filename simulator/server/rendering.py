"""Threads in which the sensors of one tick are rendered, while the event loop goes on answering calls.

Kernels run without the GIL, so that threads share the work of a tick by sensors, and a sensor may share its own by
bands of its picture. What is computed does not depend on who computes it: the result is the same for any number.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["RenderPool", "usable_cores"]

_Result = TypeVar("_Result")
_Task = Callable[[], object]


def usable_cores() -> int:
    """Cores that this process may run on, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0))


class RenderPool:
    """A few threads for the whole life of the server; a thread starts when the first work for it comes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int | None = None) -> None:
        self._loop = loop
        self.threads = threads or usable_cores()
        self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="render")

    def start(self, work: Callable[[], _Result], done: Callable[["Future[_Result]"], None]) -> None:
        """Do the work in a thread, then call `done` with its outcome on the event loop."""

        def hand_back(outcome: "Future[_Result]") -> None:
            if not outcome.cancelled():
                with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits for it any more
                    self._loop.call_soon_threadsafe(done, outcome)

        self._executor.submit(work).add_done_callback(hand_back)

    def side_by_side(self, tasks: Sequence[_Task]) -> None:
        """Do all the tasks, in any order; called from work in one of the threads, and the idle ones help.

        The caller takes part, so that this comes to an end also when no other thread is ever free.
        """
        if len(tasks) == 1 or self.threads == 1:
            for task in tasks:
                task()
            return
        left = deque(tasks)
        helpers = [self._executor.submit(_work_off, left) for _ in range(min(self.threads, len(tasks)) - 1)]
        try:
            _work_off(left)
        finally:
            left.clear()  # after an error: nobody begins another one
            # A helper that did not begin by now has nothing to do any more.
            begun = [helper for helper in helpers if not helper.cancel()]
            errors = [error for error in (helper.exception() for helper in begun) if error is not None]
        if errors:
            raise errors[0]

    def close(self) -> None:
        """What has begun comes to its end, unheard."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _work_off(left: deque[_Task]) -> None:
    while True:
        try:
            task = left.popleft()
        except IndexError:
            return
        task()
