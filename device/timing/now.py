"""A monotonic clock that runs on while the computer sleeps, and how long it slept.

`time.monotonic` stands still during a suspend on Linux and macOS: an hour of sleep would become
half a second between two samples. Arrivals are therefore timed with `now_s`; only how long this
program itself waits is measured with `time.monotonic`.

Where the time comes from: CLOCK_BOOTTIME on Linux (clock_gettime(2)); CLOCK_MONOTONIC on macOS,
which runs on there (clock_gettime(3)); `time.monotonic` on Windows, which runs on, beside
QueryUnbiasedInterruptTime, which does not. Elsewhere a jump of the wall clock forward is taken
for sleep.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

# Two clocks are never read at the same moment, and a computer that is stalled may take its time.
_SHORTEST_S = 0.5
# A wall clock that is set by NTP moves too; most of its steps are smaller.
_SHORTEST_WALL_S = 2.0


class _WallWatch:
    """Sleep as far as a wall clock tells: how much more it moved than the monotonic clock."""

    def __init__(self) -> None:
        self._lag_s = time.time() - time.monotonic()
        self._slept_s = 0.0

    def __call__(self) -> float:
        """Return the seconds slept so far."""
        lag_s = time.time() - time.monotonic()
        if lag_s - self._lag_s >= _SHORTEST_WALL_S:
            self._slept_s += lag_s - self._lag_s
        self._lag_s = lag_s
        return self._slept_s


def _difference(going: Callable[[], float], standing: Callable[[], float]) -> Callable[[], float]:
    """Return how much more `going` has moved than `standing`, from now on."""
    before_s = going() - standing()
    return lambda: going() - standing() - before_s


def _unbiased_s() -> float:
    """Return Windows' time without sleep, in seconds."""
    ticks = ctypes.c_ulonglong()
    getattr(ctypes, "windll").kernel32.QueryUnbiasedInterruptTime(  # noqa: B009
        ctypes.byref(ticks)
    )
    return ticks.value / 1e7


def _asleep() -> Callable[[], float]:
    """Return what says how long this computer has slept, from now on."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return _difference(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic)
    if sys.platform == "darwin":
        return _difference(lambda: time.clock_gettime(time.CLOCK_MONOTONIC), time.monotonic)
    if sys.platform == "win32":
        return _difference(time.monotonic, _unbiased_s)
    return _WallWatch()


_slept: Callable[[], float] = _asleep()
_STANDS_STILL = sys.platform != "win32"


def now_s() -> float:
    """Return seconds on a clock that only rises and runs on while the computer sleeps.

    It equals `time.monotonic()` but for the sleep since this module was imported.
    """
    return time.monotonic() + (slept_s() if _STANDS_STILL else 0.0)


def slept_s() -> float:
    """Return how many seconds the computer has slept since this module was imported."""
    seconds = _slept()
    return seconds if seconds >= _SHORTEST_S else 0.0


class SleepWatch:
    """Notice that the computer slept."""

    def __init__(self) -> None:
        self._known_s = slept_s()

    def take(self) -> float:
        """Return the seconds slept since the last call, or since this was made; mostly 0."""
        known_s, self._known_s = self._known_s, slept_s()
        more_s = self._known_s - known_s
        if more_s < _SHORTEST_S:
            self._known_s = known_s  # a little more of the sleep before, by inexact reading
            return 0.0
        return more_s
