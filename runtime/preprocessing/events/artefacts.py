"""Artefacts: how probable it is, second by second, that a signal holds motion and not sweat alone.

A logistic regression on eight features of the slope, for any rate from 4 Hz on and any gain.

The signal is brought to 4 Hz (`runtime.preprocessing.resample`: low-passed, whatever its rate).
Each second is then seen with the two before and the two after it, relative to the level, and
against the last minute (`runtime.preprocessing.events.slopes`): a skin conductance response rises
fast in a smooth minute, motion is rough and falls as fast as it rises.

Three experts called each 5 s of ten hours of one person, walking, eating and at rest, clean or
artefact (Zhang, Haghdan and Xu 2017, "Unsupervised Motion Artifact Detection in Wrist-Measured
Electrodermal Activity Data", doi:10.1145/3123021.3123054); the recordings of 37 people who sit
(EEVR) were added as clean, so that large responses are no artefacts. `python -m
benchmarks.artefacts` fits the weights anew and tests them, each recording left out.

    found = artefact_probability(time_s, eda_us)        # a whole recording
    artefact = found.at(time_s) >= THRESHOLD             # a mark for every sample

    found = artefacts_of_grid(eda_us, rate_hz)           # or an even one: the same to the bit

    detector = ArtefactDetector()                        # or as it comes in: the same to the bit
    found = detector.push(time_s, eda_us)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from device.samples import FloatArray
from runtime.preprocessing.events import slopes
from runtime.preprocessing.events.slopes import BEFORE, RATE_HZ, SIDE_S
from runtime.preprocessing.resample import Resampler, resample_even

THRESHOLD = 0.5  # a second with this probability and more is called an artefact
# Of `slopes.FEATURES`, fitted by benchmarks.artefacts on all recordings.
WEIGHTS = (2.748, 0.866, 1.068, -0.483, 4.467, -6.423, 1.052, 2.050)
INTERCEPT = 17.305

_LONGEST_GAP_S = 1.0  # samples further apart have nothing known between them
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
            close = np.abs(away_s) <= SIDE_S + 1.0
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
        self._resampler = Resampler(RATE_HZ, _LONGEST_GAP_S, _LONGEST_GAP_S)
        self.reset()

    def reset(self) -> None:
        """Forget all samples; the next is the first."""
        self._resampler.reset()
        self._eda = _NOTHING  # the grid, from two values before the next second
        self._seconds = _NO_PAST
        self._next = -SIDE_S

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
        count = (self._eda.size - BEFORE) // RATE_HZ
        if count <= 0:
            return _joined([])
        sums = slopes.summed(self._eda[: count * RATE_HZ + BEFORE])
        self._eda = self._eda[count * RATE_HZ :]
        seconds = np.concatenate([self._seconds, sums], axis=1)
        self._seconds = seconds[:, count:].copy()
        probability = _probability(slopes.features(seconds))
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


def artefacts_of_grid(eda_us: FloatArray, rate_hz: float) -> Artefacts:
    """Find artefacts in a whole signal on an even grid, quickly where many have one length.

    Parameters
    ----------
    eda_us : float64 (n,)
        Microsiemens; NaN where there is no value.
    rate_hz : float
        From 4 Hz on. The first value lies at 0 s.
    """
    if np.isnan(eda_us).any() or rate_hz < RATE_HZ:
        return artefact_probability(np.arange(eda_us.size) / rate_hz, eda_us)
    features = _features(resample_even(eda_us, rate_hz, RATE_HZ))[:, SIDE_S:]
    return Artefacts(np.arange(features.shape[1], dtype=np.float64), _probability(features))


def slope_features(time_s: FloatArray, eda_us: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the beginnings of seconds, float64 (n,), and their features, float64 (n, 8).

    What `artefact_probability` weighs, for fitting the weights.
    """
    resampler = Resampler(RATE_HZ, _LONGEST_GAP_S, _LONGEST_GAP_S)
    features = _features(resampler.push(time_s, eda_us).eda_us)
    numbers = np.arange(features.shape[1]) - SIDE_S
    return resampler.origin_s + numbers.astype(np.float64), features.T


_NOTHING = np.full(BEFORE, np.nan)
_NO_PAST = np.full((slopes.SUMS, slopes.PAST_S - 1), np.nan)


def _features(grid_us: FloatArray) -> FloatArray:
    """Return the features of a whole grid from two seconds before it on, float64 (8, n)."""
    count = grid_us.size // RATE_HZ
    sums = slopes.summed(np.concatenate([_NOTHING, grid_us[: count * RATE_HZ]]))
    return slopes.features(np.concatenate([_NO_PAST, sums], axis=1))


def _probability(features: FloatArray) -> FloatArray:
    score = np.full(features.shape[1], INTERCEPT)
    for weight, feature in zip(WEIGHTS, features, strict=True):  # a product rounds by the shape
        score += weight * feature
    return np.asarray(1.0 / (1.0 + np.exp(-score)))


def _joined(pieces: list[Artefacts]) -> Artefacts:
    return Artefacts(
        np.concatenate([np.empty(0), *(piece.time_s for piece in pieces)]),
        np.concatenate([np.empty(0), *(piece.probability for piece in pieces)]),
    )
