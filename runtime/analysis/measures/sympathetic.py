"""The time-varying index of sympathetic activity, TVSymp.

Posada-Quintero, Florian, Orjuela-Cañón, Chon, "Highly sensitive index of sympathetic activity based
on time-frequency spectral analysis of electrodermal activity", Am. J. Physiol. Regul. Integr. Comp.
Physiol. 311, 2016, doi:10.1152/ajpregu.00180.2016: skin conductance between 0.08 and 0.24 Hz, where
sympathetic activity shows, made to unit variance; the index is its instantaneous amplitude. The
band is taken here by a Fourier transform of the whole stretch, with edges that fade over a quarter
of their frequency, in place of the paper's complex demodulation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

BAND_HZ = (0.08, 0.24)
_FADE = 0.25


def amplitude(eda_us: FloatArray, rate_hz: float) -> NDArray[np.float64]:
    """Return the instantaneous amplitude of the band, microsiemens, float64 (n,).

    Parameters
    ----------
    eda_us : float64 (n,)
        A stretch without NaN; a straight line through its ends is taken away first.
    rate_hz : float
        Of the stretch.
    """
    n = eda_us.size
    flat = eda_us - np.linspace(eda_us[0], eda_us[-1], n)
    # A length without large prime factors is much faster; zeros behind change nothing within.
    length = 1 << (2 * n - 1).bit_length() if n < 4096 else _smooth_length(n + 4096)
    spectrum = np.fft.rfft(flat, length)
    found = np.fft.rfftfreq(length, 1.0 / rate_hz)
    low, high = BAND_HZ
    weight = np.clip((found - low * (1 - _FADE)) / (low * _FADE), 0.0, 1.0)
    weight *= np.clip((high * (1 + _FADE) - found) / (high * _FADE), 0.0, 1.0)
    # Twice the positive frequencies alone: the analytic signal, whose size is the amplitude.
    analytic = np.fft.ifft(np.concatenate([2.0 * spectrum * weight, np.zeros(length - found.size)]))
    return np.asarray(np.abs(analytic[:n]))


def _smooth_length(n: int) -> int:
    """Return the next length of the form 2^a or 3 * 2^a."""
    power = 1 << (n - 1).bit_length()
    return 3 * power // 4 if 3 * power // 4 >= n else power
