"""Why a trial's signal cannot be used, in the words that the report counts."""

from __future__ import annotations

import numpy as np

from device.samples import FloatArray

# A window may lack a tenth of its samples; a trial that lacks half has no good one.
_MOST_MISSING = 0.5

NO_VALUE = "signal is NaN throughout"
MISSING = "more than half of the signal is missing"
OUTSIDE = "more than half of the signal is nothing that skin can have"
INFINITE = "signal holds infinite values"
FLAT = "signal does not move at all"


def signal_fault(eda: FloatArray, outliers: int = 0) -> str | None:
    """Return what is wrong with a trial's signal, or None when it can be used.

    Parameters
    ----------
    eda : float64 (n,)
        The signal; NaN where there is no value.
    outliers : int
        How many of its samples had an impossible value and were made NaN.
    """
    valid = ~np.isnan(eda)
    if outliers > _MOST_MISSING * eda.size:
        return OUTSIDE
    if not valid.any():
        return NO_VALUE
    if not np.isfinite(eda[valid]).all():
        return INFINITE
    if valid.mean() < 1 - _MOST_MISSING:
        return MISSING
    if np.ptp(eda[valid]) == 0:
        return FLAT
    return None
