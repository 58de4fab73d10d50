"""How the samples' time stands to the computer's clocks: rate, pace, wall time and sleep.

The samples' time begins at 0 with the first one. A sensor that follows arrivals
(`device.timing.host_clock`) says where that lies on the computer's clock. One that counts, at a
rate that was named, does not: the promptest arrivals then tell, by the line under them.
"""

from __future__ import annotations

import collections
import math
import time
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from device.samples import FloatArray
from device.timing.host_clock import hull_slope
from device.timing.now import now_s, slept_s

_BIN_S = 0.25
_MEMORY_S = 60.0
# The line stands under the arrivals of this long; its slope is taken from all that is remembered.
_OFFSET_S = 0.5
# A slope is believed in full after this long: wrong by the jitter of arrivals over this time, it
# moves no stamp by more than a share of that. It contradicts a named rate after the longer time.
_TRUST_S = 3.0
_SETTLED_S = 20.0
# Oscillators of small boards are good to half a per cent; more is a rate that was named wrongly.
_TOLERANCE = 0.006
# A longer step is a gap and tells nothing of the rate.
_GAP_S = 1.0
# A reading is news when it moved by this much, and not more often than this.
_NEWS_S = 0.02
_NEWS_EVERY_S = 10.0


@dataclass(frozen=True)
class ClockReading:
    """How the samples' time and the computer's clocks stood to each other at one moment.

    Attributes
    ----------
    time_s : float
        A moment in the samples' time: the newest sample's.
    host_s : float
        The same moment on `device.timing.now.now_s`.
    utc_s : float or None
        The same moment by the computer's wall clock, in seconds of Unix time; None for a recording
        that is played and does not say when it was made.
    uncertainty_s : float
        How far the two may be off: how late arrivals usually are, and half a period where samples
        come in bursts. How right the computer's wall clock is, it does not know.
    pace : float
        Seconds by the computer's clock for each of the samples' time. Not 1 where a rate that was
        named is wrong, or a recording is played faster than life.
    rate_hz : float or None
        Samples in a second of their time, as measured.
    slept_s : float
        How long the computer has slept since the run began.
    utc_pace : float
        Seconds by the wall clock for each of the samples' time: `pace`, or 1 for a recording that
        is played and says when it was made.
    """

    time_s: float
    host_s: float
    utc_s: float | None
    uncertainty_s: float
    pace: float
    rate_hz: float | None
    slept_s: float = 0.0
    utc_pace: float = 1.0

    def host(self, time_s: float) -> float:
        """Return the moment of a sample's time on the computer's clock (s)."""
        return self.host_s + self.pace * (time_s - self.time_s)

    def utc(self, time_s: float) -> float | None:
        """Return the moment of a sample's time in seconds of Unix time."""
        return None if self.utc_s is None else self.utc_s + self.utc_pace * (time_s - self.time_s)

    def utc_text(self, time_s: float) -> str | None:
        """Return the same as ISO 8601, in UTC, to the microsecond."""
        return iso(self.utc(time_s))


def iso(utc_s: float | None) -> str | None:
    """Return Unix time as ISO 8601 in UTC, to the microsecond; None where no calendar has it."""
    if utc_s is None:
        return None
    try:
        moment = datetime.fromtimestamp(utc_s, timezone.utc)
    except (ValueError, OverflowError, OSError):  # a file may say that it began in any year
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class SampleClock:
    """Follow the samples' time; one thread pushes, any thread reads.

    Parameters
    ----------
    speed : float or None
        How many times faster than life samples come; None for as fast as they are taken: then
        arrivals tell nothing.
    began_utc_s : float or None
        Of a recording that is played: Unix time of its time 0, where it is known.
    live : bool
        Whether samples are taken now, so that the wall clock tells when; not of a recording.
    """

    def __init__(
        self, speed: float | None = 1.0, began_utc_s: float | None = None, *, live: bool = True
    ) -> None:
        self.reading: ClockReading | None = None
        self._speed = speed
        self._began_utc_s = began_utc_s
        self._live = live
        self._points: list[tuple[float, float]] = []
        self._bin_s = -math.inf
        self._steps, self._stepped_s = 0, 0.0
        self._last_s: float | None = None
        self._pace = 1.0 if speed is None else 1.0 / speed
        self._settled = False
        self._late: collections.deque[float] = collections.deque(maxlen=101)
        self._sizes: collections.deque[int] = collections.deque(maxlen=101)
        self._slept_before_s = self._slept_s = slept_s()
        self._told: ClockReading | None = None
        self._told_s = -math.inf

    @property
    def contradiction(self) -> float | None:
        """Share by which the samples' time runs slow, when it is more than any oscillator does.

        0.02: a second by the computer's clock is 0.98 of the samples'. None while arrivals agree,
        or tell nothing yet.
        """
        if self._speed is None or not self._settled:
            return None
        share = self._pace * self._speed - 1.0
        return share if abs(share) > _TOLERANCE else None

    def push(self, time_s: FloatArray, arrival_s: float, origin_s: float | None = None) -> None:
        """Take the times of samples that arrived at `arrival_s`.

        Parameters
        ----------
        time_s : float64 (n,)
            Rising; not empty.
        arrival_s : float
            On `now_s`.
        origin_s : float or None
            Where the samples' time 0 lies on `now_s`, where the sensor knows.
        """
        newest_s = float(time_s[-1])
        if slept_s() - self._slept_s > 0:
            self._slept_s = slept_s()
            self._points.clear()
            self._told_s = -math.inf
        self._count(time_s)
        if self._speed is None:
            host_s = arrival_s if self.reading is None else self.reading.host(newest_s)
        elif origin_s is not None:
            host_s = origin_s + self._pace * newest_s
        else:
            host_s = self._line(newest_s, arrival_s)
        self._late.append(max(arrival_s - host_s, 0.0))
        self._sizes.append(time_s.size)
        self.reading = ClockReading(
            newest_s,
            host_s,
            self._utc(newest_s, host_s),
            self._uncertainty_s(),
            self._pace,
            self._steps / self._stepped_s if self._stepped_s > 0 else None,
            self._slept_s - self._slept_before_s,
            self._pace if self._began_utc_s is None else 1.0,
        )

    def utc_s(self, time_s: float) -> float | None:
        """Return a time of the samples (s) as Unix time; None while that is not known."""
        return None if self.reading is None else self.reading.utc(time_s)

    def news(self) -> ClockReading | None:
        """Return the reading if others should know that it has changed; None otherwise."""
        reading, told = self.reading, self._told
        if reading is None or reading.utc_s is None:
            return None
        if told is not None:
            moved_s = abs((told.utc(reading.time_s) or 0.0) - reading.utc_s)
            slept = reading.slept_s != told.slept_s
            waited_s = reading.host_s - self._told_s
            if not slept and (moved_s < _NEWS_S or waited_s < _NEWS_EVERY_S):
                return None
        self._told, self._told_s = reading, reading.host_s
        return reading

    def _count(self, time_s: FloatArray) -> None:
        steps_s = np.diff(time_s) if self._last_s is None else np.diff(time_s, prepend=self._last_s)
        steps_s = steps_s[steps_s <= _GAP_S * 1.01]
        self._steps += steps_s.size
        self._stepped_s += float(steps_s.sum())
        self._last_s = float(time_s[-1])

    def _line(self, newest_s: float, arrival_s: float) -> float:
        """Return the host's time of the newest sample by the line under recent arrivals."""
        points = self._points
        late_s = arrival_s - self._pace * newest_s
        if points and arrival_s - self._bin_s < _BIN_S:
            if late_s < points[-1][1] - self._pace * points[-1][0]:
                points[-1] = (newest_s, arrival_s)
        else:
            self._bin_s = arrival_s
            points.append((newest_s, arrival_s))
            while points[0][1] < arrival_s - _MEMORY_S:
                points.pop(0)
            self._fit()
        recent = [point for point in points if point[1] >= arrival_s - _OFFSET_S]
        offset_s = min(at_s - self._pace * x for x, at_s in [*recent, (newest_s, arrival_s)])
        return offset_s + self._pace * newest_s

    def _fit(self) -> None:
        x, y = np.array(self._points).T
        span_s = float(y[-1] - y[0])
        if span_s < 3 * _BIN_S or x[-1] <= x[0]:
            return
        slope = hull_slope(x - x[0], y - y[0])
        expected = 1.0 / (self._speed or 1.0)
        self._pace = expected + (slope - expected) * min(1.0, span_s / _TRUST_S)
        self._settled = span_s >= _SETTLED_S

    def _utc(self, time_s: float, host_s: float) -> float | None:
        if self._began_utc_s is not None:
            return self._began_utc_s + time_s
        if not self._live or self._speed is None:
            return None
        return time.time() - (now_s() - host_s)

    def _uncertainty_s(self) -> float:
        usual_s = sorted(self._late)[len(self._late) // 2]
        in_bursts = sorted(self._sizes)[len(self._sizes) // 2] > 1
        period_s = self._stepped_s / self._steps if self._steps else 0.0
        return max(usual_s, 1e-3) + (period_s * self._pace / 2 if in_bursts else 0.0)
