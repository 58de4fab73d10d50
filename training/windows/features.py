"""Plain features of skin conductance, for the baseline that every network must beat."""

from __future__ import annotations

import numpy as np

from device.samples import FloatArray
from runtime.preprocessing.windows import Window

NAMES = (
    "SCRs per minute",
    "mean SCR amplitude (uS)",
    "tonic level (uS)",
    "tonic slope (uS/min)",
    "log variance",
)
# The usual least amplitude of a response (Boucsein 2012).
_LEAST_SCR_US = 0.05


def eda_features(window: Window) -> FloatArray:
    """Return the features named in `NAMES`, float64 (5,), of a window that was not refused."""
    minutes = (window.end_s - window.start_s) / 60.0
    phasic = window.phasic_us
    peak = (phasic[1:-1] > phasic[:-2]) & (phasic[1:-1] >= phasic[2:])
    amplitudes = phasic[1:-1][peak & (phasic[1:-1] > _LEAST_SCR_US)]
    tonic = window.tonic_us
    time_min = np.linspace(0.0, minutes, tonic.size)
    centred = time_min - time_min.mean()
    return np.array(
        [
            amplitudes.size / minutes,
            float(amplitudes.mean()) if amplitudes.size else 0.0,
            float(tonic.mean()),
            float(centred @ tonic / (centred @ centred)),
            float(np.log(window.eda_us.var() + 1e-9)),
        ]
    )
