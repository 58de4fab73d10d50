"""The end of a run: waiting for the sinks to finish."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from runtime.sinks.isolated import IsolatedSink

Waiting = Callable[[str, "float | None"], None]
_TICK_S = 0.1
# How long a sink has to stop where it stands.
_HURRY_S = 2.0


class Farewell:
    """Wait for the sinks to finish: as long as they get on, and until nobody wants to wait.

    Parameters
    ----------
    sinks : sequence of IsolatedSink
        Told before that the run is over.
    hurry : Event or None
        Set when nobody wants to wait any more.
    waiting : callable or None
        Told now and then the name of the sink that is waited for, and which share of its work is
        done, 0 to 1, or None.
    """

    def __init__(
        self,
        sinks: Sequence[IsolatedSink],
        hurry: threading.Event | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._sinks = sinks
        self._hurry = hurry or threading.Event()
        self._waiting = waiting

    def wait(self) -> None:
        """Return when all have ended, or are left behind."""
        ended_s = time.monotonic()
        for sink in self._sinks:
            sink.join(self._until_s(sink, ended_s + sink.sink.farewell_s))

    def _until_s(self, sink: IsolatedSink, until_s: float) -> float:
        """Wait for one; return the time until which it may yet be waited for."""
        before = None
        while time.monotonic() < until_s and not sink.wait(_TICK_S):
            if self._hurry.is_set():
                sink.sink.hurry()
                return time.monotonic() + _HURRY_S
            progress = sink.sink.progress
            if progress != before:
                before, until_s = progress, time.monotonic() + sink.sink.farewell_s
            if self._waiting is not None:
                self._waiting(sink.sink.name, progress)
        return until_s
