"""A window z-scored: the published unit of what is decomposed.

The person's own units are `runtime.preprocessing.personal`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from device.samples import FloatArray


@dataclass(frozen=True)
class Normalised:
    """Context and window in the unit that they are decomposed in.

    Attributes
    ----------
    values : float64 (total_samples,)
        (eda_us - mean_us) / unit_us.
    mean_us : float
        What was taken away, microsiemens.
    unit_us : float
        What was divided by, microsiemens.
    """

    values: FloatArray
    mean_us: float
    unit_us: float


def normalise(eda_us: FloatArray, min_std_us: float) -> Normalised | None:
    """Z-score context and window by these very samples, ddof 0; None where the signal is flat.

    Parameters
    ----------
    eda_us : float64 (total_samples,)
        On the grid, without NaN.
    min_std_us : float
        Standard deviation under which a signal counts as flat.
    """
    mean_us = float(eda_us.mean())
    centred_us = eda_us - mean_us
    std_us = math.sqrt(float(np.mean(centred_us * centred_us)))
    return None if std_us < min_std_us else Normalised(centred_us / std_us, mean_us, std_us)
