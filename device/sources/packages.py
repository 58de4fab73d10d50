"""Numbers of packages that wrap around somewhere: how many samples are missing before each."""

from __future__ import annotations

import numpy as np

from device.protocols.readings import IntArray
from device.samples import FloatArray

_FEWEST = 256


class PackageCounter:
    """Count what is missing.

    A board's manual may say where its counter wraps around; BrainFlow does not. It is taken for the
    next power of two above the largest number seen, 256 at least. Samples with one number came in
    one package.
    """

    def __init__(self) -> None:
        self._largest = _FEWEST - 1
        self._per_package = 1
        self.begin()

    def begin(self) -> None:
        """Take that the board was started anew."""
        self._last: int | None = None
        self._same = 0

    def push(self, numbers: FloatArray) -> IntArray:
        """Return how many samples are missing before each.

        Parameters
        ----------
        numbers : float64 (n,)
            Of the packages, as they came.

        Returns
        -------
        int64 (n,)
            At least 0.
        """
        skipped = np.zeros(numbers.size, np.int64)
        for i, value in enumerate(numbers.tolist()):
            number = int(value)
            self._largest = max(self._largest, number)
            if number == self._last:
                self._same += 1
                continue
            if self._last is not None:
                self._per_package = max(self._per_package, self._same)
                modulus = 1 << self._largest.bit_length()
                step = (number - self._last) % modulus
                # More than half a turn is a counter that began anew, or a wrap not known yet.
                if step <= modulus // 2:
                    skipped[i] = (step - 1) * self._per_package
            self._last, self._same = number, 1
        return skipped
