"""What a published skin-conductance channel is in microsiemens.

Some publishers hand out resistance, whose responses point down where conductance's point up, and
some of that with its mean removed. All trials of a subject were measured and converted in one way,
so that the unit is the subject's: decided by the bulk of each trial (its 5 % to 95 % quantiles) and
by the majority of the trials, never by a single sample. What cannot be in that unit is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray
from training.datasets.names import GSR_UNITS

# A hundred microsiemens and a hundredth of one: no skin lies outside.
_LEAST_OHM, _MOST_OHM = 1e4, 1e8
_MOST_US = 100.0
# Where a signal in arbitrary units is put, so that it looks like skin conductance.
_LEVEL_US, _DEVIATION_US = 5.0, 0.5
# How far from the bulk of a signal without an absolute unit a value may lie, in widths of the bulk.
_FAR = 20.0

RESISTANCE = "resistance, made conductance by 1e6/x"
RELATIVE = "no absolute unit (mean removed): -x in arbitrary units, scaled per subject"
CONDUCTANCE = "conductance as it stands"
_LIMITS = {RESISTANCE: (_LEAST_OHM, _MOST_OHM), CONDUCTANCE: (0.0, _MOST_US)}


@dataclass(frozen=True)
class Conductance:
    """One subject's trials as conductance.

    Attributes
    ----------
    kind : str
        How the subject's trials were read: `RESISTANCE`, `RELATIVE` or `CONDUCTANCE`.
    trials : list of float64 (n,)
        Microsiemens, or arbitrary units around 5; NaN where there is no value.
    outliers : list of int
        Of each trial, how many samples cannot be in that unit and count as missing.
    """

    kind: str
    trials: list[FloatArray]
    outliers: list[int]


@dataclass(frozen=True)
class _Bulk:
    low: float
    middle: float
    high: float


def to_conductance(trials: list[FloatArray], unit: str) -> Conductance:
    """Turn one subject's trials into conductance.

    Parameters
    ----------
    trials : list of float64 (n,)
        As published; NaN where there is no value.
    unit : "auto", "ohm" or "us"
        "ohm": 1e6/x where the values are positive, and -x, the first-order change of conductance,
        where a mean was removed. "us": as it stands. "auto" decides: plausible ohms are a
        resistance; a positive signal up to 100 is microsiemens; the rest is taken for resistance
        with its mean removed.

    Raises
    ------
    DatasetError
        If the unit is not known.
    """
    if unit not in GSR_UNITS:
        raise DatasetError(f"The unit {unit!r} is not known; expected: {', '.join(GSR_UNITS)}")
    bulks = [_bulk(trial) for trial in trials]
    kind = _majority([bulk for bulk in bulks if bulk is not None], unit)
    agreeing = [bulk for bulk in bulks if bulk is not None and _kind(bulk, unit) == kind]
    low, high = _limits(agreeing, kind)
    clean = [_within(trial, low, high) for trial in trials]
    kept = [trial for trial, _ in clean]
    if kind == RESISTANCE:
        kept = [1e6 / trial for trial in kept]
    elif kind == RELATIVE:
        scale = _spread(kept)
        kept = [_LEVEL_US - _DEVIATION_US * trial / scale for trial in kept]
    return Conductance(kind, kept, [count for _, count in clean])


def without_impossible(eda_us: FloatArray) -> tuple[FloatArray, int]:
    """Return microsiemens (n,) with NaN for what no skin has, as live has it, and how many.

    That is below 0 (as `device.calibration` has it), above 100, or infinite.
    """
    return _within(eda_us, 0.0, _MOST_US)


def _within(values: FloatArray, low: float, high: float) -> tuple[FloatArray, int]:
    outside = (values < low) | (values > high) | np.isinf(values)
    return np.where(outside, np.nan, values), int(np.count_nonzero(outside))


def _bulk(trial: FloatArray) -> _Bulk | None:
    values = trial[np.isfinite(trial)]
    if values.size == 0:
        return None
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return _Bulk(float(low), float(middle), float(high))


def _majority(bulks: list[_Bulk], unit: str) -> str:
    """Return the kind of most trials; of as many, that of the bulk of the subject's bulks."""
    if not bulks:
        return CONDUCTANCE
    votes = Counter(_kind(bulk, unit) for bulk in bulks).most_common()
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        middles = np.quantile([[b.low, b.middle, b.high] for b in bulks], 0.5, axis=0)
        return _kind(_Bulk(*map(float, middles)), unit)
    return votes[0][0]


def _kind(bulk: _Bulk, unit: str) -> str:
    if unit == "us":
        return CONDUCTANCE
    plausible = bulk.middle >= _LEAST_OHM and bulk.high <= _MOST_OHM
    if bulk.low > 0 and (unit == "ohm" or plausible):
        return RESISTANCE
    if unit == "auto" and bulk.low >= 0 and bulk.high <= _MOST_US:
        return CONDUCTANCE
    return RELATIVE


def _limits(bulks: list[_Bulk], kind: str) -> tuple[float, float]:
    """Return between which values a sample can be true.

    The limits of skin where most trials keep to them; else, for what was told to be in a unit that
    it is not in or has no absolute unit, far around the bulk of all trials.
    """
    if not bulks:
        return -np.inf, np.inf
    if kind in _LIMITS:
        low, high = _LIMITS[kind]
        if np.median([low <= bulk.low and bulk.high <= high for bulk in bulks]) > 0.5:
            return low, high
    least, most = min(bulk.low for bulk in bulks), max(bulk.high for bulk in bulks)
    reach = _FAR * (most - least)
    low, high = least - reach, most + reach
    # A resistance of nothing has no conductance.
    return (max(low, np.finfo(np.float64).tiny), high) if kind == RESISTANCE else (low, high)


def _spread(trials: list[FloatArray]) -> float:
    """Root mean square of the trials' standard deviations; 1 where there is none."""
    variances = [float(np.nanvar(trial)) for trial in trials if not np.isnan(trial).all()]
    spread = float(np.sqrt(np.mean(variances))) if variances else 0.0
    return spread if np.isfinite(spread) and spread > 0 else 1.0
