"""Plain features of one window: what a reader of skin conductance looks at, as numbers.

Amounts are taken as logarithms, because people and electrodes differ by factors. A small constant
in microsiemens keeps a silent window finite. The list follows Boucsein, "Electrodermal Activity",
2nd ed. 2012, ch. 2 (level, responses, their number and amplitude) and Posada-Quintero et al.,
"Power Spectral Density Analysis of Electrodermal Activity for Sympathetic Function Assessment",
2016 (doi:10.1007/s10439-016-1606-6: power between 0.045 and 0.25 Hz).

The first twenty are amounts, which mean something beside what is usual for the person. The others
are shapes: ratios of amounts within the window, free of gain and usual level, which mean something
from the first window on.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

# The band of Posada-Quintero et al. in two halves, and its neighbours, Hz.
_BANDS_HZ = ((0.015, 0.045), (0.045, 0.15), (0.15, 0.25), (0.25, 0.5))
AMOUNTS = (
    "level",
    "level at the start",
    "level at the end",
    "lowest level",
    "highest level",
    "spread",
    "spread relative to the level",
    "tonic slope relative to the level",
    "mean rate of rise",
    "mean rate of fall",
    "phasic mean",
    "phasic spread",
    "responses per minute",
    "small responses per minute",
    "sum of amplitudes",
    "largest amplitude",
    *(f"power {low:g} to {high:g} Hz" for low, high in _BANDS_HZ),
)
"""Names of the features that are read against the person's own mean and SD."""
SHAPES = (
    "rise relative to fall",
    "second band relative to the first",
    "third band relative to the second",
    "fourth band relative to the third",
    "phasic spread relative to its mean",
    "phasic mean relative to the spread",
    "phasic spread relative to the spread",
    "largest amplitude relative to the sum",
    "highest level relative to the lowest",
    "change relative to the range",
)
"""Names of the features that are taken as they are."""
FEATURES = (*AMOUNTS, *SHAPES)
"""Names, in the order in which `features` returns them and a contract lists them."""

# Seconds at either end of the window whose level is a feature of its own.
_END_S = 10.0
# Least amplitudes of a response and of a small one, microsiemens (Boucsein 2012; half of its fifth
# for wrists, whose responses are small).
_RESPONSE_US, _SMALL_US = 0.05, 0.01
# Added before logarithms: microsiemens, microsiemens per second for rates, and power.
_LEVEL_US, _AMOUNT_US, _SUM_US, _POWER = 0.02, 1e-3, 1e-2, 1e-4


def features(
    eda_us: FloatArray, tonic_us: FloatArray, phasic_us: FloatArray, rate_hz: float
) -> FloatArray:
    """Return the features named in `FEATURES`, float64 (30,).

    Parameters
    ----------
    eda_us, tonic_us, phasic_us : float64 (n,)
        A window on the grid without its context, microsiemens, without NaN; n at least 3.
    rate_hz : float
        Of the grid.
    """
    n = eda_us.size
    minutes = n / rate_hz / 60.0
    end = max(1, min(n, round(_END_S * rate_hz)))
    level_us = max(float(eda_us.mean()), 0.0) + _LEVEL_US
    spread_us = float(eda_us.std())
    trend = _trend(n, rate_hz)
    slope = float(trend @ tonic_us)
    rates = np.diff(eda_us) * rate_hz
    inner = phasic_us[1:-1]
    amplitudes = inner[(inner > phasic_us[:-2]) & (inner >= phasic_us[2:])]
    small = amplitudes[amplitudes > _SMALL_US]
    levels_us = np.array(
        [
            level_us - _LEVEL_US,
            eda_us[:end].mean(),
            eda_us[-end:].mean(),
            eda_us.min(),
            eda_us.max(),
        ]
    )
    amounts = np.concatenate(
        [
            np.log(np.maximum(levels_us, 0.0) + _LEVEL_US),
            [
                np.log(spread_us + _AMOUNT_US),
                spread_us / level_us,
                slope / level_us,
                np.log(np.maximum(rates, 0.0).mean() + _AMOUNT_US),
                np.log(np.maximum(-rates, 0.0).mean() + _AMOUNT_US),
                np.log(phasic_us.mean() + _AMOUNT_US),
                np.log(phasic_us.std() + _AMOUNT_US),
                np.count_nonzero(amplitudes > _RESPONSE_US) / minutes,
                small.size / minutes,
                np.log(small.sum() + _SUM_US),
                np.log(amplitudes.max(initial=0.0) + _AMOUNT_US),
            ],
            np.log(_band_powers(eda_us, rate_hz) + _POWER),
        ]
    )
    return np.concatenate([amounts, _shapes(amounts)])


def _shapes(amounts: FloatArray) -> FloatArray:
    """Return the features named in `SHAPES`: differences of logarithms, float64 (10,)."""
    of = dict(zip(AMOUNTS, amounts.tolist(), strict=True))
    bands = amounts[-len(_BANDS_HZ) :]
    range_us = np.exp(of["highest level"]) - np.exp(of["lowest level"])
    change_us = np.exp(of["level at the end"]) - np.exp(of["level at the start"])
    return np.array(
        [
            of["mean rate of rise"] - of["mean rate of fall"],
            *np.diff(bands),
            of["phasic spread"] - of["phasic mean"],
            of["phasic mean"] - of["spread"],
            of["phasic spread"] - of["spread"],
            of["largest amplitude"] - of["sum of amplitudes"],
            of["highest level"] - of["lowest level"],
            change_us / (range_us + _AMOUNT_US),
        ]
    )


def _band_powers(eda_us: FloatArray, rate_hz: float) -> FloatArray:
    """Return the mean power of the detrended, Hann-weighted window in each band, float64 (4,)."""
    n = eda_us.size
    trend = _trend(n, rate_hz)
    centred = eda_us - eda_us.mean()
    centred = centred - trend * (float(trend @ centred) / float(trend @ trend))
    power = np.abs(np.fft.rfft(centred * _hann(n))) ** 2
    return np.array([power[bins].mean() for bins in _bins(n, rate_hz)])


@lru_cache(maxsize=8)
def _trend(n: int, rate_hz: float) -> FloatArray:
    """Return what gives the slope per minute of n samples by a product, float64 (n,)."""
    time_min = np.arange(n) / rate_hz / 60.0
    time_min -= time_min.mean()
    time_min /= float(time_min @ time_min)
    time_min.flags.writeable = False
    return time_min


@lru_cache(maxsize=8)
def _hann(n: int) -> FloatArray:
    weight: FloatArray = np.hanning(n)
    weight.flags.writeable = False
    return weight


@lru_cache(maxsize=8)
def _bins(n: int, rate_hz: float) -> tuple[NDArray[np.intp], ...]:
    """Return the frequencies of each band; the nearest one where a short window has none in it."""
    found = np.fft.rfftfreq(n, 1.0 / rate_hz)
    bins = []
    for low, high in _BANDS_HZ:
        within = np.flatnonzero((found >= low) & (found < high))
        nearest = np.array([int(np.argmin(np.abs(found - (low + high) / 2)))])
        bins.append(within if within.size else nearest)
    return tuple(bins)
