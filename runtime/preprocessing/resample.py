"""Irregular samples onto a uniform grid, as a stream.

The samples are joined by straight lines, and that line is smoothed by a fixed kernel and read at
the grid times. A fast sensor is thereby low-passed before it is decimated, a slow one interpolated,
and jitter weighted as it should be, by one formula without a mode or a nominal rate.

The kernel is the cubic quasi-interpolant h = (4/3) b(u) - (b(u-1) + b(u+1)) / 6, with b the cubic
B-spline and u in grid steps (de Boor, "A Practical Guide to Splines", ch. XII): it returns straight
lines and parabolas unchanged (cubics too, away from the effect of the straight joins), its gain is
0.99 at an eighth of the grid rate, and it vanishes at every multiple of the grid rate, where a
stronger signal would otherwise fold down to zero frequency. It reaches 3 grid steps to either side,
which is the delay of a live value: 0.375 s at 8 Hz.

With H the kernel's integral and HH its second integral, the value at grid time T is

    x(first) + sum over segments i of (x[i+1] - x[i]) * mean of H(T - t) over the segment,
    that mean being (HH(T - t[i]) - HH(T - t[i+1])) / (t[i+1] - t[i]).

Each grid value is summed in a fixed order from the same samples, so that any cutting of the stream
gives bit-identical output.

A value whose kernel meets a line longer than the longest bridge is NaN. What lies at the far end of
such a line then matters to no value, so that the grid goes on while a sensor is read that has no
value: open electrodes are seen as they happen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from device.errors import SignalError
from device.samples import FloatArray

# Reach of the kernel to either side, in grid steps.
REACH = 3
# A sensor's own clock is never exact, and its arrivals jitter: a step this much longer than the
# longest one without a gap is no gap yet.
_LONGEST_STEP = 1.05
# Coefficients of (u + 3)_+^3, (u + 2)_+^3, ... in the kernel: the cubic B-spline's truncated powers
# (1, -4, 6, -4, 1)/6 weighted by (-1/6, 4/3, -1/6). Those up to u = 0 make half of the kernel.
_POWERS = np.convolve([1.0, -4.0, 6.0, -4.0, 1.0], [-1.0, 8.0, -1.0])[:REACH] / 36.0


def _second_integral(u: FloatArray) -> FloatArray:
    """HH(u): the kernel integrated twice; 0 below -3 and u above 3.

    The kernel is even and its integral 1, so that HH(u) = HH(-u) + u: half of it is enough.
    """
    total = np.maximum(u, 0.0)
    within = REACH - np.abs(u)
    for coefficient in _POWERS:
        above = np.maximum(within, 0.0)
        square = above * above
        square *= square
        square *= above
        square *= coefficient / 20.0
        total += square
        within -= 1.0
    return total


@dataclass(frozen=True)
class _Terms:
    """What the grid values are summed from: m terms, each a weight times a segment's slope."""

    first: NDArray[np.intp]  # (k,) the sample that a value starts from
    last: NDArray[np.intp]  # (k,) its last term, which is nothing
    row: NDArray[np.intp]  # (m,) the value to which a term belongs
    segment: NDArray[np.intp]  # (m,)
    weight: FloatArray  # (m,)

    @classmethod
    def of(cls, time: FloatArray, k: NDArray[np.intp]) -> _Terms:
        """Return the terms of grid values `k`, of samples at `time`, both in grid steps."""
        # Segment i joins samples i and i + 1. Value k uses every segment that overlaps
        # [k - REACH, k + REACH], from the one that begins at sample `first` to the one that ends
        # at sample `last`.
        first = np.maximum(np.searchsorted(time, k - REACH, side="right") - 1, 0)
        last = np.searchsorted(time, k + REACH, side="left")
        counts = last - first + 1
        ends = np.cumsum(counts)
        row = np.repeat(np.arange(k.size), counts)
        sample = np.arange(ends[-1]) + np.repeat(first - (ends - counts), counts)
        reached = _second_integral(k[row] - time[sample])
        weight = np.zeros(sample.size)
        np.subtract(reached[:-1], reached[1:], out=weight[:-1])
        # The last sample of a value begins no segment of it.
        sample[ends - 1] = 0
        return cls(first, ends - 1, row, sample, weight)

    def add(self, eda: FloatArray, slope: FloatArray) -> FloatArray:
        """Return the grid values, float64 (k,)."""
        terms = self.weight * slope[self.segment]
        terms[self.last] = 0.0
        # bincount adds in order of appearance: the same bits whatever else is in the call.
        return eda[self.first] + np.bincount(self.row, weights=terms, minlength=self.first.size)


def resample_even(eda_us: FloatArray, rate_hz: float, grid_hz: float) -> FloatArray:
    """Return what a `Resampler` makes of a whole signal, to the bit, float64 (k,).

    It remembers what it needs for the length and rate, and is many times faster the second time.

    Parameters
    ----------
    eda_us : float64 (n,)
        Without NaN, sampled at `rate_hz`.
    rate_hz, grid_hz : float
        Of the signal and of the grid.
    """
    length, terms = _even(eda_us.size, rate_hz, grid_hz)
    return terms.add(eda_us, np.diff(eda_us) / length) if terms else np.empty(0)


@lru_cache(maxsize=4)
def _even(n: int, rate_hz: float, grid_hz: float) -> tuple[FloatArray, _Terms | None]:
    time = (np.arange(n) / rate_hz) * grid_hz
    k = np.arange(max(int(np.floor(time[-1])) - REACH + 1, 0) if n > 1 else 0)
    return np.diff(time), _Terms.of(time, k) if k.size else None


@dataclass(frozen=True)
class Grid:
    """A piece of the uniform grid.

    Attributes
    ----------
    first : int
        Index of the first value; value k lies `k / rate_hz` seconds after the first sample.
    eda_us : float64 (n,)
        Skin conductance, microsiemens; NaN where nothing near enough is known.
    gap : bool (n,)
        Where samples were further apart than allowed, so that the value is only a bridge or NaN.
    """

    first: int
    eda_us: FloatArray
    gap: np.ndarray[tuple[int], np.dtype[np.bool_]]


class Resampler:
    """Put samples on a grid of `rate_hz`.

    Parameters
    ----------
    rate_hz : float
        Of the grid.
    max_gap_s : float
        Samples further apart than this leave a gap, bridged by a straight line and marked.
    max_bridge_s : float
        Gaps longer than this are not bridged; not less than `max_gap_s`.

    Attributes
    ----------
    read_until_s : float
        Time of the last sample, with or without a value; -inf before the first.
    """

    def __init__(self, rate_hz: float, max_gap_s: float, max_bridge_s: float = math.inf) -> None:
        self.rate_hz = rate_hz
        self.max_gap_s = max_gap_s
        self.max_bridge_s = max(max_bridge_s, max_gap_s * _LONGEST_STEP)
        self._gap_steps = max_gap_s * _LONGEST_STEP * rate_hz
        self._bridge_steps = self.max_bridge_s * rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        self._time = np.empty(0)  # in grid steps since the first sample
        self._eda = np.empty(0)
        self._origin_s: float | None = None
        self.read_until_s = -math.inf
        self._next = 0

    @property
    def origin_s(self) -> float:
        """Time of grid value 0 in the samples' own time, seconds; NaN before the first sample."""
        return float("nan") if self._origin_s is None else self._origin_s

    def push(self, time_s: FloatArray, eda_us: FloatArray) -> Grid:
        """Add samples and return the grid values that they complete.

        Parameters
        ----------
        time_s : float64 (n,)
            Strictly increasing, also against earlier calls.
        eda_us : float64 (n,)
            Microsiemens; NaN means no value at that time.

        Raises
        ------
        SignalError
            A time that is not finite or does not rise, or an infinite value.
        """
        self.check(time_s, eda_us)
        if time_s.size:
            self.read_until_s = float(time_s[-1])
        valid = ~np.isnan(eda_us)
        if not valid.all():
            time_s, eda_us = time_s[valid], eda_us[valid]
        if time_s.size:
            self._append(time_s, eda_us)
        time, eda = self._known()
        if time.size < 2:
            return Grid(self._next, np.empty(0), np.empty(0, dtype=bool))
        # Value k needs a sample at or after k + REACH.
        stop = max(int(np.floor(time[-1])) - REACH + 1, self._next)
        grid = self._values(np.arange(self._next, stop), time, eda)
        self._next = stop
        # Samples that no later value reaches, but for the one in front, can go.
        keep = max(int(np.searchsorted(self._time, stop - REACH, side="right")) - 1, 0)
        self._time, self._eda = self._time[keep:], self._eda[keep:]
        return grid

    def check(self, time_s: FloatArray, eda_us: FloatArray) -> None:
        """Raise the error of `push`, and change nothing."""
        if not np.isfinite(time_s).all() or np.isinf(eda_us).any():
            raise SignalError(
                "Samples hold an infinite value or a time that is not finite; mark missing "
                "values with NaN, and give every sample its time in seconds"
            )
        joined = np.concatenate([[self.read_until_s], time_s])
        rises = np.diff(joined) > 0
        if not rises.all():
            at = int(np.argmin(rises)) + 1
            raise SignalError(
                f"Sample times must rise: after {joined[at - 1]:.6f} s came {joined[at]:.6f} s; a "
                "clock that was set back needs a reset"
            )

    def skip(self, k: int) -> None:
        """Leave out the values before `k`, which lie in a gap that is too long for a bridge."""
        self._next = max(self._next, k)

    def _append(self, time_s: FloatArray, eda_us: FloatArray) -> None:
        if self._origin_s is None:
            self._origin_s = float(time_s[0])
        steps = (time_s - self._origin_s) * self.rate_hz
        self._time = np.concatenate([self._time, steps])
        self._eda = np.concatenate([self._eda, eda_us])

    def _known(self) -> tuple[FloatArray, FloatArray]:
        """Return the samples, and after them the end of a line that is known to be too long."""
        time, eda = self._time, self._eda
        if self._origin_s is None:
            return time, eda
        read_until = (self.read_until_s - self._origin_s) * self.rate_hz
        if read_until - time[-1] > self._bridge_steps:
            return np.append(time, read_until), np.append(eda, np.nan)
        return time, eda

    def _values(
        self, k: np.ndarray[tuple[int], np.dtype[np.int_]], time: FloatArray, eda: FloatArray
    ) -> Grid:
        if k.size == 0:
            return Grid(self._next, np.empty(0), np.empty(0, dtype=bool))
        length = np.diff(time)
        slope = np.diff(eda) / length
        slope[length > self._bridge_steps] = np.nan
        value = _Terms.of(time, k).add(eda, slope)
        # A grid time lies in the gap when the segment that holds it is too long.
        holder = np.clip(np.searchsorted(time, k, side="right") - 1, 0, length.size - 1)
        gap = (length[holder] > self._gap_steps) | np.isnan(value)
        return Grid(int(k[0]), value, gap)
