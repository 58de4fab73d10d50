"""The time of samples from a sensor that sends none.

Two clocks with one interface: `stamp(n, arrival_s)` gives the times of n samples of which the last
arrived at `arrival_s` (monotonic seconds). Times start at 0 with the first sample and only rise.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from device.samples import FloatArray


class Clock(Protocol):
    """Gives samples their time."""

    @property
    def rate_hz(self) -> float | None:
        """Sampling rate; None while it is not known."""

    def stamp(self, count: int, arrival_s: float) -> FloatArray:
        """Return the times (s) of `count` new samples; fewer while the rate is not known yet."""

    def resume(self, pause_s: float) -> None:
        """Leave a gap: the port was away for `pause_s`."""


class CountClock:
    """Time by counting: sample i happened at i / rate. True whenever no sample is lost."""

    def __init__(self, rate_hz: float) -> None:
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise ValueError(f"rate_hz is {rate_hz}; it must be positive")
        self._rate_hz = rate_hz
        self._count = 0
        self._offset_s = 0.0

    @property
    def rate_hz(self) -> float:
        """Sampling rate as it was given."""
        return self._rate_hz

    def stamp(self, count: int, arrival_s: float) -> FloatArray:
        """Return the times (s) of `count` new samples."""
        index = np.arange(self._count, self._count + count, dtype=np.float64)
        self._count += count
        return self._offset_s + index / self._rate_hz

    def resume(self, pause_s: float) -> None:
        """Leave a gap of `pause_s` before the next sample."""
        self._offset_s += pause_s


class ArrivalClock:
    """Time from arrival: a delay-locked loop that follows the sensor's pace and ignores jitter.

    The loop is the second-order one of Adriaensen, "Using a DLL to filter time" (2005): each
    arrival corrects the predicted time by b*e and the sample period by c*e, with b = sqrt(2) w,
    c = w**2 and w = 2 pi * bandwidth * interval. It starts after `settle_s` seconds of arrivals,
    from which it takes its first period; those samples are given out together then.

    Parameters
    ----------
    settle_s : float
        How long arrivals are collected before the first times are given.
    bandwidth_hz : float
        Of the loop: lower ignores more jitter, higher follows drift sooner.
    gap_s : float
        An arrival this much later than predicted means that samples are missing.
    """

    def __init__(
        self, settle_s: float = 1.0, bandwidth_hz: float = 0.05, gap_s: float = 1.0
    ) -> None:
        self._settle_s = settle_s
        self._bandwidth_hz = bandwidth_hz
        self._gap_s = gap_s
        self._origin_s = 0.0
        self._last_s = -math.inf
        self._period_s = 0.0
        self._waiting: list[tuple[int, float]] = []

    @property
    def rate_hz(self) -> float | None:
        """Sampling rate as measured; None for the first second."""
        return 1.0 / self._period_s if self._period_s else None

    def stamp(self, count: int, arrival_s: float) -> FloatArray:
        """Return times (s) of all samples that have one now: none at first, then all at once."""
        if count == 0:
            return np.empty(0)
        if not self._period_s:
            return self._settle(count, arrival_s)
        return self._follow(count, arrival_s - self._origin_s)

    def resume(self, pause_s: float) -> None:
        """Start measuring again if the rate was not known yet; else the arrivals show the gap."""
        self._waiting.clear()

    def _settle(self, count: int, arrival_s: float) -> FloatArray:
        self._waiting.append((count, arrival_s))
        counts = np.array([n for n, _ in self._waiting], dtype=np.float64)
        arrivals = np.array([t for _, t in self._waiting])
        if arrivals[-1] - arrivals[0] < self._settle_s or counts.size < 3:
            return np.empty(0)
        index = np.cumsum(counts) - 1.0
        centred = index - index.mean()
        self._period_s = float(centred @ arrivals / (centred @ centred))
        # The line through the arrivals, not the newest arrival alone, says where time stands.
        newest_s = float(arrivals.mean() + self._period_s * (index[-1] - index.mean()))
        self._waiting.clear()
        total = int(index[-1]) + 1
        self._origin_s = newest_s - (total - 1) * self._period_s
        self._last_s = (total - 1) * self._period_s
        return np.arange(total, dtype=np.float64) * self._period_s

    def _follow(self, count: int, arrival_s: float) -> FloatArray:
        interval_s = count * self._period_s
        error_s = arrival_s - (self._last_s + interval_s)
        if error_s > self._gap_s:
            newest_s = arrival_s
        else:
            w = 2.0 * math.pi * self._bandwidth_hz * min(interval_s, 1.0)
            newest_s = self._last_s + interval_s + math.sqrt(2.0) * w * error_s
            self._period_s = max(self._period_s + w * w * error_s / count, 0.5 * self._period_s)
            # Never backwards, however early a burst comes.
            newest_s = max(newest_s, self._last_s + 0.25 * interval_s)
        if error_s > self._gap_s:
            first_s = max(newest_s - (count - 1) * self._period_s, self._last_s + 1e-6)
            times = np.linspace(first_s, max(newest_s, first_s), count)
        else:
            times = self._last_s + (newest_s - self._last_s) * np.arange(1, count + 1) / count
        self._last_s = float(times[-1])
        return times
