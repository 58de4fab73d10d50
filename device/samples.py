"""Samples: what a sensor delivers and what every later stage reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Skin conductance with its time.

    Attributes
    ----------
    time_s : float64 (n,)
        Seconds since the sensor's first sample, strictly increasing.
    eda_us : float64 (n,)
        Skin conductance in microsiemens; NaN where the sensor was read but gave no valid value
        (open or saturated electrodes).
    raw : float64 (n,) or None
        What the sensor itself said, before calibration: the converter's count; None where it is
        not known. It is recorded and not computed with.
    """

    time_s: FloatArray
    eda_us: FloatArray
    raw: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.time_s.shape != self.eda_us.shape or self.time_s.ndim != 1:
            raise ValueError(
                f"time_s {self.time_s.shape} and eda_us {self.eda_us.shape} "
                "must be one-dimensional and of equal length"
            )

        if self.raw is not None and self.raw.shape != self.time_s.shape:
            raise ValueError(f"raw {self.raw.shape} must be as long as time_s {self.time_s.shape}")

    def __len__(self) -> int:
        return int(self.time_s.size)

    @staticmethod
    def empty() -> Samples:
        """Return zero samples."""
        return Samples(np.empty(0), np.empty(0))
