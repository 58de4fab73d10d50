"""Where a recording is an artefact and not skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.preprocessing.contract import QualityLimits

# Over this time a change is measured; on a fast grid noise alone has steep steps.
_SLOPE_S = 0.125


def artefacts(eda_us: FloatArray, rate_hz: float) -> NDArray[np.bool_]:
    """Return where a signal on a uniform grid is an artefact, bool (n,).

    Parameters
    ----------
    eda_us : float64 (n,)
        Microsiemens; NaN, where nothing is known, is none.
    rate_hz : float
        Of the grid.
    """
    limits = QualityLimits()
    found = (eda_us < limits.min_us) | (eda_us > limits.max_us)
    step = max(1, round(_SLOPE_S * rate_hz))
    if eda_us.size > step:
        change_us = np.abs(eda_us[step:] - eda_us[:-step])
        spread = round(limits.spread_s * rate_hz)
        for first in np.flatnonzero(change_us > limits.max_slope_us_per_s * step / rate_hz):
            found[max(0, first - spread) : first + step + spread + 1] = True
    return np.asarray(found)
