"""Where a signal is an artefact and not skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.preprocessing.contract import QualityLimits
from runtime.preprocessing.events.artefacts import THRESHOLD, artefact_probability

# The detector's own rate; a slower recording is judged by its levels alone.
_SLOWEST_HZ = 4.0
# White noise hardly ever falls by more standard deviations from one value to the next, and
# no response falls half as fast as it rises.
_STEPS, _FALL = 8.0, 0.5


def artefacts(time_s: FloatArray, eda_us: FloatArray, rate_hz: float) -> NDArray[np.bool_]:
    """Return where a signal on a uniform grid is an artefact, bool (n,).

    Levels that skin does not have, and what the learnt detector calls motion; see
    `runtime.preprocessing.events.artefacts`.

    Parameters
    ----------
    time_s, eda_us : float64 (n,)
        Seconds and microsiemens; NaN, where nothing is known, is none.
    rate_hz : float
        Of the grid.
    """
    limits = QualityLimits()
    found = (eda_us < limits.min_us) | (eda_us > limits.max_us)
    # A hair's breadth below counts: rates are rounded.
    if rate_hz > _SLOWEST_HZ - 0.1:
        probability = artefact_probability(time_s, eda_us).at(time_s)
        found |= np.nan_to_num(probability) >= THRESHOLD
    return np.asarray(found & np.isfinite(eda_us))


def with_a_fall(
    marked: NDArray[np.bool_], eda_us: FloatArray, noise_us: float
) -> NDArray[np.bool_]:
    """Return the marked runs that hold a fall which neither noise nor a response makes, bool (n,).

    The detector judges slopes against the last minute, in which a first response or the noise of a
    cheap sensor stands out too.

    Parameters
    ----------
    marked : bool (n,)
        What `artefacts` returns.
    eda_us : float64 (n,)
        Without NaN.
    noise_us : float
        Its standard deviation.
    """
    steps_us = np.diff(eda_us, prepend=eda_us[:1])
    kept = np.zeros_like(marked)
    for first, stop in runs(marked):
        rise, fall = steps_us[first:stop].max(), -steps_us[first:stop].min()
        kept[first:stop] = fall > max(_STEPS * noise_us, _FALL * rise)
    return kept


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last (exclusive) place of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
