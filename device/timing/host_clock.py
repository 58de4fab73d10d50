"""Time from arrivals: which line from the sensor's reckoning to the host's clock fits them.

What a position is, and what every clock does, is said in `device.timing.clock`.
"""

from __future__ import annotations

import collections
import itertools
import math
from typing import NamedTuple

import numpy as np

from device.samples import FloatArray

# Arrivals are thinned to the earliest one in each piece of this many seconds.
_BIN_S = 0.25
_REFIT_S = 0.25
# Times are bent by at most this share while they follow a new estimate.
_SLEW = 0.05
# A sample this much later than predicted follows a pause, not a slow clock.
_JUMP_S = 1.0
# The line stands under the arrivals of this long; its slope is taken from all that is remembered.
_OFFSET_S = 3.0
_BURSTS = 100
# A burst may be read in pieces that are no further apart.
_PIECE_S = 0.005
# A named rate is believed more than arrivals until they span this long.
_TRUST_S = 20.0
# How far a named rate may be off: ceramic resonators of small boards are good to 0.5 %.
_RATE_TOLERANCE = 0.01
# After a pause the pace is still known this well, until it has been measured for a while.
_RESUME_TOLERANCE = 0.001
_RESUME_TRUST_S = 10.0
# A whole turn of a counter was missed when all samples of this long come a turn too late. Turns
# shorter than the lateness that a busy host or a radio link may show by itself tell nothing.
_HIDDEN_S = 3.0
_SHORTEST_TURN_S = 0.03


class _Arrival(NamedTuple):
    """A sample's position, an arrival's time, and whether it came in a burst of samples."""

    position_s: float
    time_s: float
    is_burst: bool

    def late_s(self, pace: float) -> float:
        return self.time_s - pace * self.position_s


class HostClock:
    """Time from arrivals: the line under all of them, which only the promptest samples touch.

    A sample arrives late by an unknown delay that is never negative and, from time to time, small.
    So the true line from position to host time lies under all arrivals. Of all such lines the one
    nearest to the arrivals is taken: an edge of their lower convex hull, the estimator of Moon,
    Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements"
    (INFOCOM 1999). Bursts, which are late but for their last sample, do not move it. That last
    sample too may be up to one period old when its burst comes. But the first sample of a burst was
    taken after the burst before had come: the true line lies above that point, and of the two
    bounds the middle is taken.

    Parameters
    ----------
    known_rate : bool
        Whether positions are seconds to within a per cent; otherwise their scale is measured too.
    memory_s : float
        How long an arrival is remembered.
    settle_s, resume_s : float
        How long arrivals are collected before the first times are given, at first and after a
        restart. The samples of that time are given out together then.
    turn_s : float or None
        How long the sensor's counter takes to come round, where losses may hide in whole turns.
    """

    def __init__(
        self,
        *,
        known_rate: bool = True,
        memory_s: float = 60.0,
        settle_s: float = 1.0,
        resume_s: float = 0.6,
        turn_s: float | None = None,
    ) -> None:
        self._known_rate = known_rate
        self._memory_s = memory_s
        self._settle_s = settle_s
        self._resume_s = resume_s
        self._turn_s = turn_s
        self._pace: float | None = 1.0 if known_rate else None
        self._measured = False
        self.origin_s: float | None = None
        self._last_s = -math.inf
        self._hidden = 0
        self._heard_s: float | None = None
        self._begin()

    @property
    def pace(self) -> float | None:
        """Host seconds per sensor second; None while it is not known."""
        return self._pace

    def stamp(self, position_s: FloatArray, arrival_s: float) -> FloatArray:
        """Return the times (s) of all samples that have one now: none at first, then all at once.

        Parameters
        ----------
        position_s : float64 (n,)
            Rising; the last sample is the one that arrived at `arrival_s`. May be empty: something
            arrived, and no sample is known from it yet.
        arrival_s : float
            Monotonic host time.
        """
        heard_s, self._heard_s = self._heard_s, arrival_s
        if position_s.size == 0:
            return np.empty(0)
        position_s = position_s + self._shift_s
        self._listen(position_s, arrival_s, heard_s)
        self._observe(_Arrival(float(position_s[-1]), arrival_s, self._is_burst))
        if self._settled:
            if arrival_s - self._fitted_s >= _REFIT_S:
                position_s = position_s + self._find_hidden()
                self._fit(arrival_s)
            return self._times(position_s)
        self._held.append(position_s)
        wait_s = self._settle_s if self.origin_s is None else self._resume_s
        waited_s = arrival_s - self._points[0].time_s
        if waited_s < wait_s or (self._pace is None and len(self._points) < 3):
            return np.empty(0)
        self._fit(arrival_s)
        return self.flush()

    def restart(self, pause_s: float) -> None:
        """Begin a new count of positions; the pace is kept. Call `flush` first."""
        self._begin()

    def flush(self) -> FloatArray:
        """Return times (s) of the samples that still wait for one, from what is known so far."""
        if not self._held:
            return np.empty(0)
        if not self._settled:
            if self._pace is None and len(self._points) < 2:
                self._held.clear()
                return np.empty(0)
            self._fit(self._points[-1].time_s)
        held = np.concatenate(self._held)
        self._held.clear()
        return self._times(held)

    def take_hidden(self) -> int:
        """Return how many turns of the counter were found missing since the last call."""
        hidden, self._hidden = self._hidden, 0
        return hidden

    def _begin(self) -> None:
        self._points: list[_Arrival] = []
        self._held: list[FloatArray] = []
        self._settled = False
        self._bin_s = -math.inf
        self._offset_s = self._age_s = 0.0
        # First samples of bursts, each with the time when the burst before it came.
        self._bursts: collections.deque[_Arrival] = collections.deque(maxlen=_BURSTS)
        self._heard_s = None
        self._is_burst = False
        self._fitted_s = -math.inf
        self._shift_s = 0.0
        self._last_position_s: float | None = None

    def _listen(self, position_s: FloatArray, arrival_s: float, heard_s: float | None) -> None:
        """Notice whether samples come in bursts: nothing was heard while they were taken."""
        if heard_s is None:
            return
        first_s, silence_s = float(position_s[0]), arrival_s - heard_s
        span_s = (float(position_s[-1]) - first_s) * (self._pace or math.inf)
        if position_s.size > 1 and silence_s > span_s / 2:
            self._bursts.append(_Arrival(first_s, heard_s, True))
            self._is_burst = True
        elif silence_s > _PIECE_S:
            self._is_burst = False

    def _observe(self, arrival: _Arrival) -> None:
        """Remember an arrival, if it is the promptest of its moment."""
        points = self._points
        if self._settled and points:
            pace = self._pace or 1.0
            last = points[-1]
            if last.time_s - self._bin_s < _BIN_S:
                if arrival.late_s(pace) < last.late_s(pace):
                    points[-1] = arrival
                if arrival.time_s - self._bin_s < _BIN_S:
                    return
            while len(points) > 2 and points[0].time_s < arrival.time_s - self._memory_s:
                points.pop(0)
        self._bin_s = arrival.time_s
        points.append(arrival)

    def _fit(self, now_s: float) -> None:
        """Take the edge of the lower hull that stands under the arrivals' middle."""
        x, y, is_burst = np.array(self._points).T
        origin_x, origin_y = float(x[0]), float(y[0])
        x, y = x - origin_x, y - origin_y
        low, high = 1.0 - _RATE_TOLERANCE, 1.0 + _RATE_TOLERANCE
        if not self._known_rate:
            low, high = 1e-9, math.inf
        if self._measured and self._pace and y[-1] < _RESUME_TRUST_S:
            low = self._pace * (1 - _RESUME_TOLERANCE)
            high = self._pace * (1 + _RESUME_TOLERANCE)
        slope = hull_slope(x, y) if x[-1] > x[0] else (self._pace or 1.0)
        pace = min(max(slope, low), high)
        if self._known_rate and not self._measured:
            pace = 1.0 + (pace - 1.0) * min(1.0, float(y[-1]) / _TRUST_S)
        self._pace = pace
        # The lowest line of that slope, as an offset at position 0. Where it stands now is told by
        # what came lately: a computer that stalled long ago may have tilted it.
        lately = y >= y[-1] - _OFFSET_S
        self._offset_s = float((y - pace * x)[lately].min()) + origin_y - pace * origin_x
        self._age_s = self._hidden_age(now_s) if 2 * is_burst[lately].sum() > lately.sum() else 0.0
        self._fitted_s = now_s
        if not self._settled:
            self._settled = True
            self._bin_s = now_s
        self._measured = self._measured or y[-1] >= (_TRUST_S if self._known_rate else 9.0)

    def _hidden_age(self, now_s: float) -> float:
        """Return how old the promptest burst's newest sample was: the middle of what may be."""
        pace, since_s = self._pace or 1.0, now_s - _OFFSET_S
        bounds_s = [burst.late_s(pace) for burst in self._bursts if burst.time_s >= since_s]
        # A burst that was held up on its way tells nothing.
        below_s = [bound_s for bound_s in bounds_s if bound_s <= self._offset_s]
        return (self._offset_s - max(below_s)) / 2 if below_s else 0.0

    def _find_hidden(self) -> float:
        """Notice that all recent samples come whole turns too late; return the turns' seconds."""
        if self._turn_s is None or self._pace is None:
            return 0.0
        newest_s = self._points[-1].time_s
        turn_s = self._turn_s * self._pace
        if turn_s < _SHORTEST_TURN_S or newest_s - self._points[0].time_s < 2 * _HIDDEN_S:
            return 0.0
        recent = [point for point in self._points if point.time_s > newest_s - _HIDDEN_S]
        late_s = min(point.late_s(self._pace) for point in recent) - self._offset_s
        turns = round(late_s / turn_s)
        if turns < 1 or late_s < 0.75 * turn_s:
            return 0.0
        moved_s = turns * self._turn_s
        self._shift_s += moved_s
        self._hidden += turns
        # Where in the last seconds they went is not known: those arrivals say nothing any more.
        old = [point for point in self._points if point.time_s <= newest_s - 2 * _HIDDEN_S]
        newest = recent[-1]._replace(position_s=recent[-1].position_s + moved_s)
        self._points = [*old, newest]
        self._bursts.clear()
        self._bin_s = newest_s
        return moved_s

    def _times(self, position_s: FloatArray) -> FloatArray:
        pace = self._pace or 1.0
        target = self._offset_s - self._age_s + pace * position_s
        if self.origin_s is None:
            self.origin_s = float(target[0])
        target = target - self.origin_s
        if self._last_position_s is None:
            if target[0] > self._last_s:
                time_s = target
            else:
                steps = np.diff(target, prepend=target[0] - 1e-3)
                time_s = self._slewed(steps, target)
        else:
            steps = np.diff(pace * position_s, prepend=pace * self._last_position_s)
            late_s = float(target[0] - self._last_s - steps[0])
            time_s = target if late_s > _JUMP_S else self._slewed(steps, target)
        self._last_s = float(time_s[-1])
        self._last_position_s = float(position_s[-1])
        return time_s

    def _slewed(self, steps: FloatArray, target: FloatArray) -> FloatArray:
        """Approach the target without ever stopping or running."""
        going = self._last_s + np.cumsum(steps)
        room = _SLEW * np.cumsum(steps)
        return np.asarray(going + np.clip(target - going, -room, room))


def hull_slope(x: FloatArray, y: FloatArray) -> float:
    """Return the slope of the lower hull's edge at the mean of x; x rises."""
    hull: list[tuple[float, float]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        while len(hull) > 1:
            (ax, ay), (bx, by) = hull[-2], hull[-1]
            if (bx - ax) * (point[1] - ay) <= (by - ay) * (point[0] - ax):
                hull.pop()
            else:
                break
        hull.append(point)
    middle = float(x.mean())
    for (ax, ay), (bx, by) in itertools.pairwise(hull):
        if bx >= middle:
            return (by - ay) / (bx - ax)
    return 1.0
