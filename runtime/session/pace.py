"""The sampling rate of a sensor that names none, measured on its own samples."""

from __future__ import annotations

import numpy as np

from device.samples import FloatArray

_LENGTH_S = 10.0
_FEWEST_STEPS = 4
# A sensor that restarts all the time is judged at last on what there is.
_MOST_STEPS = 4096


class MeasuredRate:
    """Measure a rate on the first ten seconds of samples; gaps within them do no harm."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._steps_s: list[float] = []

    def push(self, time_s: FloatArray) -> float | None:
        """Return samples per second when ten seconds of steps were seen; None before.

        Parameters
        ----------
        time_s : float64 (n,)
            Times of the next samples.
        """
        if time_s.size:
            before_s = time_s[0] if self._last_s is None else self._last_s
            steps_s = np.diff(time_s, prepend=before_s)
            self._steps_s += steps_s[steps_s > 0].tolist()
            self._last_s = float(time_s[-1])
        count = len(self._steps_s)
        enough = count >= _FEWEST_STEPS and sum(self._steps_s) >= _LENGTH_S
        return float(1 / np.median(self._steps_s)) if enough or count >= _MOST_STEPS else None
