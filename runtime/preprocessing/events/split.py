"""A stretch of skin conductance without gaps, split: artefacts out, decomposed, responses found.

The one way in which responses are found, in whole recordings (`runtime.analysis`) and in a live
stream (`runtime.preprocessing.events.response_stream`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.quantiles import quantile
from device.samples import FloatArray
from runtime.cvxeda.recording import decompose
from runtime.preprocessing.events.marks import with_a_fall
from runtime.preprocessing.events.responses import (
    MIN_AMPLITUDE_US,
    NOISE_FACTOR,
    Responses,
    find,
    noise_us,
)

# The weights of the decomposition belong to the recording in units of 1 µS, so that a response
# counts the same in a lively recording and in a quiet one.
SCALE_US = 1.0
LEAST_ALPHA = 8e-4
# Alpha rises with the noise, or else noise becomes driver: this many standard deviations of what
# white noise adds to K'v, whose columns have the norm sqrt(integral of the response squared) =
# sqrt(0.313 s). What the model's response leaves of a person's counts as noise of this part of the
# usual change in a second.
_ALPHA_NOISES, _NORM2_S, _MISMATCH = 2.0, 0.313, 0.04
# A tonic part that swings this many times as far as the recording, within blocks of this length, is
# cancelled by the phasic part; a recording that hardly moves may do so by this much.
_LARGEST_SWING, _BLOCK_S, _LEAST_SWING_US = 2.0, 60.0, 0.05
# Stretches between gaps that are shorter than this say nothing about a tonic level.
SHORTEST_S = 10.0


@dataclass(frozen=True)
class SplitStretch:
    """A stretch, split; arrays of length n.

    Attributes
    ----------
    tonic_us, phasic_us, driver_us : float64 (n,)
        Its parts, microsiemens.
    artefact, ill_posed : bool (n,)
        Where it is not skin; where tonic and phasic are two large curves that cancel each other.
    responses : Responses
        Times since the first sample.
    noise_us, alpha : float
        Standard deviation of the noise, microsiemens, and the weight that follows from it.
    """

    tonic_us: FloatArray
    phasic_us: FloatArray
    driver_us: FloatArray
    artefact: NDArray[np.bool_]
    ill_posed: NDArray[np.bool_]
    responses: Responses
    noise_us: float
    alpha: float


def split(
    eda_us: FloatArray,
    marked: NDArray[np.bool_],
    rate_hz: float,
    *,
    min_amplitude_us: float = MIN_AMPLITUDE_US,
    threads: int = 1,
) -> SplitStretch:
    """Split a stretch and find its responses.

    Parameters
    ----------
    eda_us : float64 (n,)
        Microsiemens, without NaN, at least `SHORTEST_S` seconds.
    marked : bool (n,)
        What `runtime.preprocessing.events.marks.artefacts` says of it.
    rate_hz : float
        Of the grid.
    min_amplitude_us : float
        Smaller responses are left out; more are, where the noise hides them.
    threads : int
        See `runtime.cvxeda.recording.decompose`.
    """
    noise = noise_us(eda_us)
    bad = with_a_fall(marked, eda_us, noise)
    # A straight line in place of an artefact, whose edges would bend the parts around it.
    eda_us = _without(eda_us, bad)
    alpha = _alpha(eda_us, rate_hz, noise)
    parts = decompose(eda_us, rate_hz, scale_us=SCALE_US, alpha=alpha, threads=threads)
    least = max(min_amplitude_us, NOISE_FACTOR * noise)
    return SplitStretch(
        parts.tonic,
        parts.phasic,
        parts.driver,
        bad,
        _cancelling(eda_us, parts.tonic, rate_hz),
        find(parts.driver, rate_hz, min_amplitude_us=least),
        noise,
        alpha,
    )


def _alpha(eda_us: FloatArray, rate_hz: float, noise: float) -> float:
    second = max(1, round(rate_hz))
    change = quantile(np.abs(eda_us[second:] - eda_us[:-second]), 0.9)
    noise = math.hypot(noise, _MISMATCH * change) / SCALE_US
    return max(LEAST_ALPHA, _ALPHA_NOISES * noise * math.sqrt(_NORM2_S / rate_hz))


def _without(eda_us: FloatArray, bad: NDArray[np.bool_]) -> FloatArray:
    """Return a stretch with straight lines where it is bad; as it is where all of it is."""
    if not bad.any() or bad.all():
        return eda_us
    places = np.arange(eda_us.size)
    return np.where(bad, np.interp(places, places[~bad], eda_us[~bad]), eda_us)


def _cancelling(eda_us: FloatArray, tonic_us: FloatArray, rate_hz: float) -> NDArray[np.bool_]:
    """Return where the tonic part swings much further than the recording does, bool (n,)."""
    length = max(2, min(round(_BLOCK_S * rate_hz), eda_us.size))
    marked = np.zeros(eda_us.size, dtype=bool)
    for first in range(0, eda_us.size, length):
        place = slice(max(0, min(first, eda_us.size - length)), first + length)
        swing = max(float(np.ptp(eda_us[place])), _LEAST_SWING_US)
        marked[first : first + length] = float(np.ptp(tonic_us[place])) > _LARGEST_SWING * swing
    return marked
