"""Artefacts: how probable it is, second by second, that a signal holds motion and not sweat alone.

A logistic regression on eight features of the slope, for any rate from 4 Hz on and any gain.

The signal is brought to 4 Hz (`runtime.preprocessing.resample`: low-passed, whatever its rate).
Of every second the slopes (µS/s) and their changes from one value to the next are summed up. Each
second is then seen with the two before and the two after it, relative to the level of the last
20 s, and against the last minute: a skin conductance response rises fast in a smooth minute, motion
is rough and falls as fast as it rises. All features are logarithms. Below 1 µS slopes are
relative to 1 µS: there the steps of a wrist sensor's converter would look like motion.

Three experts called each 5 s of ten hours of one person, walking, eating and at rest, clean or
artefact (Zhang, Haghdan and Xu 2017, "Unsupervised Motion Artifact Detection in Wrist-Measured
Electrodermal Activity Data", doi:10.1145/3123021.3123054); the recordings of 37 people who sit
(EEVR) were added as clean, so that large responses are no artefacts. `python -m
benchmarks.artefacts` fits the weights anew and tests them, each recording left out.

    found = artefact_probability(time_s, eda_us)        # a whole recording
    artefact = found.at(time_s) >= THRESHOLD             # a mark for every sample

    detector = ArtefactDetector()                        # or as it comes in: the same to the bit
    found = detector.push(time_s, eda_us)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from device.samples import FloatArray
from runtime.preprocessing.resample import Resampler

THRESHOLD = 0.5  # a second with this probability and more is called an artefact
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
# Fitted by benchmarks.artefacts on all recordings; the features are logarithms as they are.
WEIGHTS = (2.748, 0.866, 1.068, -0.483, 4.467, -6.423, 1.052, 2.050)
INTERCEPT = 17.305

_RATE_HZ = 4  # of the grid: the slowest sensor's
_LONGEST_GAP_S = 1.0  # samples further apart have nothing known between them
_STRETCH_S, _LEVEL_S, _PAST_S = 5, 20, 60
_SIDE_S = _STRETCH_S // 2
_LEAST_LEVEL_US = 1.0
_LEAST = 1e-3  # slopes of this share of the level a second and less are all alike
_NEW_STREAM_S = 3600.0  # nothing before so long a silence matters
_BLOCK = 1 << 16  # samples of a recording that are taken at a time


@dataclass(frozen=True)
class Artefacts:
    """What was found.

    Attributes
    ----------
    time_s : float64 (n,)
        Where each second that was examined begins, in the samples' time; ascending, not gapless.
    probability : float64 (n,)
        That the second, or the two before or after it, holds an artefact, 0 to 1; NaN where samples
        are missing.
    """

    time_s: FloatArray
    probability: FloatArray

    def at(self, time_s: FloatArray) -> FloatArray:
        """Return the probability at any times, float64 (n,).

        What lies within 3 s of a second with a probability, as the ends of a recording do, has the
        nearest one's; elsewhere it is NaN.
        """
        found = np.full(time_s.shape, np.nan)
        known = ~np.isnan(self.probability)
        begins_s, probability = self.time_s[known], self.probability[known]
        if not begins_s.size:
            return found
        place = np.searchsorted(begins_s, time_s, side="right")
        after = np.minimum(place, begins_s.size - 1)
        before = np.maximum(place - 1, 0)
        for near, away_s in (
            (after, begins_s[after] - time_s),
            (before, time_s - begins_s[before] - 1.0),
        ):
            close = np.abs(away_s) <= _SIDE_S + 1.0
            found[close] = probability[near[close]]
        return found

    def share(self) -> float:
        """Return the share of artefacts among the seconds with a probability; NaN without any."""
        known = self.probability[~np.isnan(self.probability)]
        return float((known >= THRESHOLD).mean()) if known.size else float("nan")

    def spans(self) -> list[tuple[float, float]]:
        """Return begin and end (s, in the samples' time) of every stretch of artefacts."""
        marked = np.append(self.probability >= THRESHOLD, False)
        spans: list[tuple[float, float]] = []
        for time_s in self.time_s[np.flatnonzero(marked)].tolist():
            if spans and time_s - spans[-1][1] < 0.5:
                spans[-1] = (spans[-1][0], time_s + 1.0)
            else:
                spans.append((time_s, time_s + 1.0))
        return spans


class ArtefactDetector:
    """Find artefacts in a stream, about 4 s after they happened.

    Any cutting of the same samples gives the same bits.
    """

    def __init__(self) -> None:
        self._resampler = Resampler(_RATE_HZ, _LONGEST_GAP_S, _LONGEST_GAP_S)
        self.reset()

    def reset(self) -> None:
        """Forget all samples; the next is the first."""
        self._resampler.reset()
        self._eda = np.full(2, np.nan)  # the grid, from two values before the next second
        self._seconds = np.full((_PAST_S - 1, _SUMS), np.nan)
        self._next = -_SIDE_S

    def push(self, time_s: FloatArray, eda_us: FloatArray) -> Artefacts:
        """Add samples and return the seconds that they complete.

        Parameters
        ----------
        time_s : float64 (n,)
            Seconds, strictly increasing, also against earlier calls.
        eda_us : float64 (n,)
            Microsiemens; NaN where there is no value.

        Raises
        ------
        device.errors.SignalError
            See `runtime.preprocessing.resample.Resampler.push`.
        """
        self._resampler.check(time_s, eda_us)
        known = np.flatnonzero(~np.isnan(eda_us))
        times_s, values_us = time_s[known], eda_us[known]
        begins = np.flatnonzero(np.diff(times_s) > _NEW_STREAM_S) + 1
        found: list[Artefacts] = []
        for times, values in zip(
            np.split(times_s, begins), np.split(values_us, begins), strict=True
        ):
            if times.size and times[0] - self._resampler.read_until_s > _NEW_STREAM_S:
                self.reset()
            found.append(self._take(self._resampler.push(times, values).eda_us))
        return _joined(found)

    def _take(self, eda_us: FloatArray) -> Artefacts:
        self._eda = np.concatenate([self._eda, eda_us])
        count = (self._eda.size - 2) // _RATE_HZ
        if count <= 0:
            return _joined([])
        sums = _summed(self._eda[: count * _RATE_HZ + 2])
        self._eda = self._eda[count * _RATE_HZ :]
        seconds = np.concatenate([self._seconds, sums])
        self._seconds = seconds[count:]
        probability = _probability(seconds)
        first, self._next = self._next, self._next + count
        numbers = np.arange(first, self._next)
        time_s = self._resampler.origin_s + numbers.astype(np.float64)
        real = numbers >= 0
        return Artefacts(time_s[real], probability[real])


def artefact_probability(time_s: FloatArray, eda_us: FloatArray) -> Artefacts:
    """Find artefacts in a whole recording.

    Parameters
    ----------
    time_s : float64 (n,)
        Seconds, strictly increasing; any rate from 4 Hz on.
    eda_us : float64 (n,)
        Microsiemens; NaN where there is no value.

    Raises
    ------
    device.errors.SignalError
        See `runtime.preprocessing.resample.Resampler.push`.
    """
    detector = ArtefactDetector()
    blocks = range(0, time_s.size, _BLOCK)
    return _joined([detector.push(time_s[i : i + _BLOCK], eda_us[i : i + _BLOCK]) for i in blocks])


def slope_features(time_s: FloatArray, eda_us: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the beginnings of seconds, float64 (n,), and their features, float64 (n, 8).

    What `artefact_probability` weighs, for fitting the weights.
    """
    resampler = Resampler(_RATE_HZ, _LONGEST_GAP_S, _LONGEST_GAP_S)
    eda_us = np.concatenate([np.full(2, np.nan), resampler.push(time_s, eda_us).eda_us])
    count = (eda_us.size - 2) // _RATE_HZ
    past = np.full((_PAST_S - 1, _SUMS), np.nan)
    features = _features(np.concatenate([past, _summed(eda_us[: count * _RATE_HZ + 2])]))
    return resampler.origin_s + (np.arange(count) - _SIDE_S).astype(np.float64), features


_MEAN, _LOW, _HIGH, _FALL, _SLOPE, _SQUARE, _SIZE, _TURN = range(8)
_SUMS = 8


def _summed(eda_us: FloatArray) -> FloatArray:
    """Sum up each second of a grid that begins two values before the first, float64 (n, 8)."""
    slope = np.diff(eda_us) * _RATE_HZ
    turn = np.abs(np.diff(slope)).reshape(-1, _RATE_HZ)
    slope, level = slope[1:].reshape(-1, _RATE_HZ), eda_us[2:].reshape(-1, _RATE_HZ)
    sums = np.empty((level.shape[0], _SUMS))
    sums[:, _MEAN] = level.mean(axis=1)
    sums[:, _LOW], sums[:, _HIGH] = level.min(axis=1), level.max(axis=1)
    sums[:, _FALL] = np.maximum(-slope, 0.0).max(axis=1)
    sums[:, _SLOPE], sums[:, _SQUARE] = slope.mean(axis=1), (slope * slope).mean(axis=1)
    sums[:, _SIZE], sums[:, _TURN] = np.abs(slope).mean(axis=1), turn.mean(axis=1)
    sums[np.isnan(sums).any(axis=1)] = np.nan
    return sums


def _features(seconds: FloatArray) -> FloatArray:
    """Return the features of every second but the first 59, which are past, float64 (n, 8)."""
    past = sliding_window_view(seconds, _PAST_S, axis=0)  # (n, 8, 60)
    near = past[:, :, -_STRETCH_S:]
    level_us = np.maximum(np.abs(_mean(past[:, _MEAN, -_LEVEL_S:])), _LEAST_LEVEL_US)
    found = np.stack(
        [
            _spread(near),
            near[:, _HIGH].max(axis=1) - near[:, _LOW].min(axis=1),
            near[:, _FALL].max(axis=1),
            _mean(near[:, _TURN]),
            _mean(past[:, _TURN]),
            _mean(past[:, _SIZE]),
            _spread(past),
            _median(past[:, _TURN]),
        ],
        axis=1,
    )
    return np.asarray(np.log(_LEAST + found / level_us[:, None]))


def _spread(sums: FloatArray) -> FloatArray:
    variance = _mean(sums[:, _SQUARE]) - _mean(sums[:, _SLOPE]) ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean of what is known of each row; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _median(values: FloatArray) -> FloatArray:
    """Return the lower median of what is known of each row; NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = (~np.isnan(values)).sum(axis=1)
    return np.asarray(ordered[np.arange(len(ordered)), np.maximum(count - 1, 0) // 2])


def _probability(seconds: FloatArray) -> FloatArray:
    features = _features(seconds)
    score = np.full(len(features), INTERCEPT)
    for i, weight in enumerate(WEIGHTS):  # one by one: a matrix product rounds by the shape
        score += weight * features[:, i]
    return np.asarray(1.0 / (1.0 + np.exp(-score)))


def _joined(pieces: list[Artefacts]) -> Artefacts:
    return Artefacts(
        np.concatenate([np.empty(0), *(piece.time_s for piece in pieces)]),
        np.concatenate([np.empty(0), *(piece.probability for piece in pieces)]),
    )
