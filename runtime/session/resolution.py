"""Whether a sensor shows changes as small as a response, at the level that it measures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from device.samples import Samples
from runtime.sinks.events import Status

# From here on a change counts as a response, microsiemens (Boucsein et al. 2012,
# doi:10.1111/j.1469-8986.2012.01384.x, who name 0.01 to 0.05).
RESPONSE_US = 0.05
_LENGTH_S = 10.0


class Resolution:
    """Judge a sensor every ten seconds, until there is something to be said.

    Parameters
    ----------
    step_us : callable or None
        From a level to the smallest change that the sensor can show there, both in microsiemens;
        None where that is not known.
    """

    def __init__(self, step_us: Callable[[float], float | None] | None) -> None:
        self._step_us = step_us
        self._since_s: float | None = None
        self._sum_us, self._count = 0.0, 0

    def push(self, samples: Samples) -> Status | None:
        """Return what is to be said, once; mostly None."""
        if self._step_us is None or len(samples) == 0:
            return None
        if self._since_s is None:
            self._since_s = float(samples.time_s[0])
        valid = samples.eda_us[~np.isnan(samples.eda_us)]
        self._sum_us += float(valid.sum())
        self._count += valid.size
        if samples.time_s[-1] - self._since_s < _LENGTH_S or not self._count:
            return None
        level_us = self._sum_us / self._count
        step_us = self._step_us(level_us)
        self._since_s, self._sum_us, self._count = None, 0.0, 0
        if step_us is None or step_us <= RESPONSE_US:
            return None
        self._step_us = None
        return Status(
            "resolution",
            f"at {level_us:.1f} µS this sensor shows no change smaller than {step_us:.2g} µS, and "
            f"a response counts from {RESPONSE_US:g} µS on: small ones are missed",
        )
