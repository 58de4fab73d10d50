"""What every decoder gives: readings in the sensor's own unit, with the counters it sent."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

IntArray = NDArray[np.int64]


def _none() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Readings:
    """Readings in the order of their arrival.

    Attributes
    ----------
    value : float64 (n,)
        As sent, in the sensor's own unit: converter counts, or what the calibration expects. NaN
        marks a reading that was damaged on the wire but whose place in the stream is known.
    sequence : int64 (n,)
        Counter of samples as sent, with its wrap-around; empty where the sensor sends none.
    ticks : int64 (n,)
        Device clock as sent, with its wrap-around; empty where the sensor sends none.
    """

    value: FloatArray
    sequence: IntArray = field(default_factory=_none)
    ticks: IntArray = field(default_factory=_none)

    def __len__(self) -> int:
        return int(self.value.size)

    @staticmethod
    def empty() -> Readings:
        """Return no readings."""
        return Readings(np.empty(0))
