"""A timer of microseconds for the event loop, whose own timers are a millisecond coarse.

Going round the loop until the time has come would be as exact, but would keep a processor busy just when the client's
threads need one: a thread that the kernel wakes on a busy processor may wait there for milliseconds.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable
from typing import Final

__all__ = ["Alarm"]

_CLOCK_MONOTONIC: Final = 1  # linux/time.h
_SOONEST_NS: Final = 1  # zero would disarm the timer


class _TimerSpec(ctypes.Structure):
    """struct itimerspec: the period, then the first expiry, each in seconds and nanoseconds."""

    _fields_ = (
        ("period_s", ctypes.c_long),
        ("period_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class Alarm:
    """Calls back once, some time after it was last set (timerfd, which Python itself offers from 3.13 on)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = int(self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = loop
        self._call = call
        loop.add_reader(self._file, self._rings)

    def set(self, delay_s: float) -> None:
        nanoseconds = max(int(delay_s * 1e9), _SOONEST_NS)
        spec = _TimerSpec(0, 0, *divmod(nanoseconds, 1_000_000_000))
        if self._libc.timerfd_settime(self._file, 0, ctypes.byref(spec), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def _rings(self) -> None:
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return  # it was set again after it rang
        self._call()
