"""What a run counts of its windows, and the summary of it."""

from __future__ import annotations

import collections

from device.sensor import Sensor
from runtime.inference.pipeline import Prediction
from runtime.sinks.events import SinkHealth, Summary
from runtime.sinks.sink import percentiles

# Times are kept for this many windows.
_KEPT = 4096


class Tally:
    """Count windows and how long they took.

    Parameters
    ----------
    timed : bool
        Whether latency means anything: not for samples that waited in a file.
    """

    def __init__(self, *, timed: bool) -> None:
        self._timed = timed
        self._latency_ms: collections.deque[float] = collections.deque(maxlen=_KEPT)
        self._compute_ms: collections.deque[float] = collections.deque(maxlen=_KEPT)
        self._windows = 0
        self._withheld = 0

    def push(self, prediction: Prediction) -> None:
        """Count a window."""
        self._windows += 1
        self._withheld += prediction.withheld
        self._latency_ms.append(prediction.latency_ms)
        self._compute_ms.append(prediction.compute_ms)

    def summary(
        self,
        sensor: Sensor,
        sinks: tuple[SinkHealth, ...],
        *,
        seconds: float,
        signal_s: float,
        overrun: int,
    ) -> Summary:
        """Return the summary of a run; the arguments are its fields."""
        return Summary(
            seconds=seconds,
            counters=sensor.counters,
            overrun=overrun,
            windows=self._windows,
            withheld=self._withheld,
            latency_ms=percentiles(list(self._latency_ms)) if self._timed else None,
            compute_ms=percentiles(list(self._compute_ms)),
            sinks=sinks,
            speed=sensor.describe().speed,
            signal_s=signal_s,
        )
