"""Why a trial's signal cannot be used, in the words that the report counts."""

from __future__ import annotations

import numpy as np

from device.samples import FloatArray

# A window may lack a tenth of its samples; a trial that lacks half has no good one.
_MOST_MISSING = 0.5

NO_VALUE = "signal is NaN throughout"
MISSING = "more than half of the signal is missing"
INFINITE = "signal holds infinite values"
FLAT = "signal does not move at all"


def signal_fault(eda: FloatArray) -> str | None:
    """Return what is wrong with a trial's signal (n,), or None when it can be used."""
    valid = ~np.isnan(eda)
    if not valid.any():
        return NO_VALUE
    if not np.isfinite(eda[valid]).all():
        return INFINITE
    if valid.mean() < 1 - _MOST_MISSING:
        return MISSING
    if np.ptp(eda[valid]) == 0:
        return FLAT
    return None
