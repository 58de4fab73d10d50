"""The slopes of a signal, second by second: eight features that tell motion from skin.

The signal lies on a grid of 4 Hz. Of every second the slopes (µS/s) and their changes from one
value to the next are summed up. Each second is then seen with the two before and the two after it,
relative to the level of the last 20 s, and against the last minute. All features are logarithms.
Below 1 µS slopes are relative to 1 µS: there the steps of a wrist sensor's converter would look
like motion.

Every number is summed in an order that depends on nothing but its place, so that any cutting of a
signal gives bit-identical features.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from device.samples import FloatArray

RATE_HZ = 4  # of the grid: the slowest sensor's
# A second's features come from these, the last of which is two seconds after it.
STRETCH_S, PAST_S = 5, 60
SIDE_S = STRETCH_S // 2
BEFORE = 2  # values before a second that its slopes need
FEATURES = (
    "SD of the slope, 5 s",
    "range, 5 s",
    "steepest fall, 5 s",
    "mean change of the slope, 5 s",
    "mean change of the slope, 60 s",
    "mean slope, 60 s",
    "SD of the slope, 60 s",
    "median change of the slope, 60 s",
)
# What is kept of a second: means of level, slope, its square, its size and its change, then the
# highest level, the lowest (with its sign turned) and the steepest fall.
_LEVEL, _SLOPE, _SQUARE, _SIZE, _CHANGE = range(5)
_MEANS, SUMS = 5, 8

_LEVEL_S = 20
_LEAST_LEVEL_US = 1.0
_LEAST = 1e-3  # slopes of this share of the level a second and less are all alike


def summed(eda_us: FloatArray) -> FloatArray:
    """Sum up each second of a grid that begins two values before the first, float64 (8, n)."""
    slope = np.diff(eda_us) * RATE_HZ
    change = np.abs(np.diff(slope))
    slope, level = slope[1:], eda_us[BEFORE:]
    values = np.stack([level, slope, slope * slope, np.abs(slope), change, level, -level, -slope])
    values = values.reshape(SUMS, -1, RATE_HZ)
    means, peaks = values[:_MEANS], values[_MEANS:]
    sums = np.empty((SUMS, values.shape[1]))
    total, highest = means[..., 0].copy(), peaks[..., 0].copy()
    for i in range(1, RATE_HZ):
        total += means[..., i]
        np.maximum(highest, peaks[..., i], out=highest)
    np.multiply(total, 1.0 / RATE_HZ, out=sums[:_MEANS])
    sums[_MEANS:] = highest
    np.maximum(sums[-1], 0.0, out=sums[-1])
    # A change needs every value that the others need.
    sums[:, np.isnan(sums[_CHANGE])] = np.nan
    return sums


def features(seconds: FloatArray) -> FloatArray:
    """Return the features of every second but the first 59, which are past, float64 (8, n).

    NaN where one of a second's five is not known; of the minute what is known counts.

    Parameters
    ----------
    seconds : float64 (8, 59 + n)
        As `summed` gives them; NaN where nothing is known.
    """
    n = seconds.shape[1] - PAST_S + 1
    known = ~np.isnan(seconds[:1])
    table = np.concatenate([np.where(known, seconds[:_MEANS], 0.0), known])
    minute, level, near = _trailing(table, (PAST_S, _LEVEL_S, STRETCH_S), n)
    minute = minute[:_MEANS] / np.maximum(minute[_MEANS], 1.0)
    near = near[:_MEANS] / STRETCH_S
    level_us = np.abs(level[_LEVEL]) / np.maximum(level[_MEANS], 1.0)
    peaks = seconds[_MEANS:, -n - STRETCH_S + 1 :]
    highest = peaks[:, :n].copy()
    for i in range(1, STRETCH_S):
        np.maximum(highest, peaks[:, i : i + n], out=highest)
    found = np.stack(
        [
            _spread(near),
            highest[0] + highest[1],
            highest[2],
            near[_CHANGE],
            minute[_CHANGE],
            minute[_SIZE],
            _spread(minute),
            _median(seconds[_CHANGE], n),
        ]
    )
    found /= np.maximum(level_us, _LEAST_LEVEL_US)
    found += _LEAST
    return np.asarray(np.log(found))


def _trailing(table: FloatArray, lengths: tuple[int, ...], n: int) -> list[FloatArray]:
    """Return for each length the sums of so many columns up to each of the last `n`, (rows, n).

    By powers of two: a sum of 60 is one of 4, one of 8, one of 16 and one of 32.
    """
    totals = [np.zeros((table.shape[0], n)) for _ in lengths]
    starts = [table.shape[1] - n - length + 1 for length in lengths]
    width = 1
    while width <= max(lengths):
        for i, length in enumerate(lengths):
            if length & width:
                totals[i] += table[:, starts[i] : starts[i] + n]
                starts[i] += width
        table = table[:, :-width] + table[:, width:]
        width *= 2
    return totals


def _spread(means: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(means[_SQUARE] - means[_SLOPE] ** 2, 0.0)))


def _median(values: FloatArray, n: int) -> FloatArray:
    """Return the lower median of what is known of the last minute, float64 (n,)."""
    step = values.strides[0]
    ordered = np.sort(as_strided(values, (n, PAST_S), (step, step)), axis=1)  # NaN last
    count = PAST_S - np.isnan(ordered).sum(axis=1)
    return np.asarray(ordered[np.arange(n), np.maximum(count - 1, 0) // 2])
