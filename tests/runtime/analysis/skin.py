"""Recordings whose responses are known."""

from __future__ import annotations

import numpy as np

from device.samples import Samples

ONSETS_S = (20.0, 45.0, 47.5, 80.0, 130.0, 160.0)
AMPLITUDES_US = (0.5, 0.8, 0.4, 0.2, 1.0, 0.3)


def known(rate_hz: float = 8.0, seconds: float = 200.0, noise_us: float = 0.002) -> Samples:
    """Return a calm recording at 5 µS with six responses."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    eda_us = 5.0 + 0.2 * np.sin(time_s / 60.0)
    for onset_s, amplitude_us in zip(ONSETS_S, AMPLITUDES_US, strict=True):
        age_s = np.clip(time_s - onset_s, 0.0, None)
        shape = np.exp(-age_s / 2.0) - np.exp(-age_s / 0.7)
        eda_us += amplitude_us / 0.3696 * shape
    rng = np.random.default_rng(3)
    return Samples(time_s, eda_us + rng.normal(0.0, noise_us, time_s.size))
