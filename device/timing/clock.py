"""The time of samples: from the sensor's own clock or count to the host's monotonic clock.

A sample's position, in seconds by the sensor's own reckoning, is device ticks divided by their
nominal frequency, or a count divided by the nominal rate. Two clocks with one interface turn
positions into times, which start at 0 with the first sample and only rise: the one here counts, the
one in `device.timing.host_clock` looks at arrivals too.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from device.samples import FloatArray

# For how long arrivals are remembered (s), by whether samples are numbered: a stream without
# numbers may lose some unseen, so that its pace is measured over a shorter time.
MEMORY_S = {True: 60.0, False: 10.0}


class Clock(Protocol):
    """Gives samples their time."""

    @property
    def pace(self) -> float | None:
        """Host seconds per sensor second; None while it is not known."""

    def stamp(self, position_s: FloatArray, arrival_s: float) -> FloatArray:
        """Return the times (s) of all samples that have one now, earlier ones first.

        An empty position says that something arrived, and that no sample is known from it yet.
        """

    def restart(self, pause_s: float) -> None:
        """Begin a new count of positions, after the port was away for `pause_s`."""

    def flush(self) -> FloatArray:
        """Return times (s) of the samples that still wait for one."""

    def take_hidden(self) -> int:
        """Return how many turns of the counter were found missing since the last call."""


class CountClock:
    """Time by counting alone: the sensor's reckoning is the time, but for pauses of the port."""

    pace: float | None = 1.0

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._last_s = -math.inf
        self._pause_s = 0.0

    def stamp(self, position_s: FloatArray, arrival_s: float) -> FloatArray:
        """Return the times (s) of the samples."""
        if position_s.size == 0:
            return position_s
        if self._offset_s is None:
            begin_s = self._last_s + self._pause_s if math.isfinite(self._last_s) else 0.0
            self._offset_s = begin_s - float(position_s[0])
        time_s = position_s + self._offset_s
        self._last_s = float(time_s[-1])
        return np.asarray(time_s)

    def restart(self, pause_s: float) -> None:
        """Leave a gap of `pause_s` before the next sample."""
        self._offset_s = None
        self._pause_s = max(pause_s, 1e-3)

    def flush(self) -> FloatArray:
        """Return nothing: no sample ever waits."""
        return np.empty(0)

    def take_hidden(self) -> int:
        """Return 0: counting sees no arrival."""
        return 0
