"""What a published skin-conductance channel is in microsiemens.

Some publishers hand out resistance, whose responses point down where conductance's point up, and
some of that with its mean removed. The network is fed z-scored signals, so that only direction and
shape must be right.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from device.errors import DatasetError
from device.samples import FloatArray
from training.datasets.names import GSR_UNITS

# A hundred microsiemens and a hundredth of one: no skin lies outside.
_LEAST_OHM, _MOST_OHM = 1e4, 1e8
_MOST_US = 100.0
# Where a signal in arbitrary units is put, so that it looks like skin conductance.
_LEVEL_US, _DEVIATION_US = 5.0, 0.5

RESISTANCE = "resistance, made conductance by 1e6/x"
RELATIVE = "no absolute unit (mean removed): -x in arbitrary units, scaled per subject"
CONDUCTANCE = "conductance as it stands"


def to_conductance(trials: list[FloatArray], unit: str) -> tuple[list[FloatArray], Counter[str]]:
    """Turn one subject's trials into conductance.

    Parameters
    ----------
    trials : list of float64 (n,)
        As published; NaN where there is no value.
    unit : "auto", "ohm" or "us"
        "ohm": 1e6/x where all values of the trial are positive, and -x, the first-order change of
        conductance, where a mean was removed. "us": as it stands. "auto" decides per trial: a
        plausible resistance is one; a positive signal up to 100 is microsiemens; the rest is taken
        for resistance with its mean removed.

    Returns
    -------
    list of float64 (n,)
        Microsiemens, or arbitrary units around 5.
    Counter
        How many trials were read how.
    """
    if unit not in GSR_UNITS:
        raise DatasetError(f"The unit {unit!r} is not known; expected: {', '.join(GSR_UNITS)}")
    kinds = [_kind(trial, unit) for trial in trials]
    relative = [trial for trial, kind in zip(trials, kinds, strict=True) if kind == RELATIVE]
    scale = _spread(relative)
    out = []
    for trial, kind in zip(trials, kinds, strict=True):
        if kind == RESISTANCE:
            out.append(1e6 / trial)
        elif kind == RELATIVE:
            out.append(_LEVEL_US - _DEVIATION_US * trial / scale)
        else:
            out.append(trial)
    return out, Counter(kinds)


def _kind(trial: FloatArray, unit: str) -> str:
    values = trial[~np.isnan(trial)]
    if unit == "us" or values.size == 0:
        return CONDUCTANCE
    low, middle, high = float(values.min()), float(np.median(values)), float(values.max())
    if low > 0 and (unit == "ohm" or (middle >= _LEAST_OHM and high <= _MOST_OHM)):
        return RESISTANCE
    if unit == "auto" and low >= 0 and high <= _MOST_US:
        return CONDUCTANCE
    return RELATIVE


def _spread(trials: list[FloatArray]) -> float:
    """Root mean square of the trials' standard deviations; 1 where there is none."""
    variances = [float(np.nanvar(trial)) for trial in trials if trial.size]
    spread = float(np.sqrt(np.mean(variances))) if variances else 0.0
    return spread if np.isfinite(spread) and spread > 0 else 1.0
