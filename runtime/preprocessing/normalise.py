"""From microsiemens to what is decomposed: the one place where a window is normalised."""

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


def normalise(eda_us: FloatArray, normalisation: str, min_std_us: float) -> Normalised | None:
    """Scale context and window as the contract says; None where the signal is flat.

    Parameters
    ----------
    eda_us : float64 (total_samples,)
        On the grid, without NaN.
    normalisation : {"zscore"}
        Of the contract. "zscore" divides by the standard deviation of these very samples, ddof 0.
    min_std_us : float
        Standard deviation under which a signal counts as flat.
    """
    if normalisation != "zscore":
        raise ValueError(f"normalisation is {normalisation!r}; this version knows 'zscore'")
    mean_us = float(eda_us.mean())
    centred_us = eda_us - mean_us
    std_us = math.sqrt(float(np.mean(centred_us * centred_us)))
    return None if std_us < min_std_us else Normalised(centred_us / std_us, mean_us, std_us)
