"""A window: what the network sees of the signal, and the stretching to its input length."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

# How the reason begins where a window is refused only for want of a personal reference.
LEARNING = "learning what is usual for this person"


@dataclass(frozen=True)
class Window:
    """One window, ready for the network or refused.

    Attributes
    ----------
    index : int
        Counted from 0 since the stream began.
    start_s, end_s : float
        Of the window without its context, in the samples' time.
    input : float32 (3, input_length) or None
        Network input in the contract's channel order; None when the window is refused.
    eda_us, tonic_us, phasic_us : float64 (window_samples,)
        The window on the grid, NaN where a gap is too long to be bridged, and its parts; the parts
        are empty when the window is refused.
    gap_share : float
        Share of context and window that had no samples, 0 to 1.
    reasons : tuple of str
        What is wrong with the signal, in plain words; empty when nothing is.
    well_posed : bool
        Whether the decomposition told tonic and phasic apart.
    open_share : float
        Share of context and window in which the sensor was read but had no value, 0 to 1: open or
        saturated electrodes.
    context_us : float64 (context_samples,)
        The context before the window, like `eda_us`: it is normalised and decomposed with it.
    features : float32 (features,) or None
        Plain features in the person's own units, the network's second input, where the contract
        has them; None when the window is refused.
    reference_left_s : float
        Seconds of believable signal that the personal reference needs before the first answer.
    gap : bool (context_samples + window_samples,)
        Where there were no samples, bridged or not.
    """

    index: int
    start_s: float
    end_s: float
    input: NDArray[np.float32] | None
    eda_us: FloatArray
    tonic_us: FloatArray
    phasic_us: FloatArray
    gap_share: float
    reasons: tuple[str, ...]
    well_posed: bool = True
    open_share: float = 0.0
    context_us: FloatArray = field(default_factory=lambda: np.empty(0))
    features: NDArray[np.float32] | None = None
    reference_left_s: float = 0.0
    gap: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))


def stretch(channels: FloatArray, length: int) -> FloatArray:
    """Resample (c, n) to (c, length) linearly, first sample on first and last on last."""
    n = channels.shape[1]
    if n == length:
        return channels
    left, weight = _places(n, length)
    return np.asarray(
        channels.take(left, axis=1) * (1.0 - weight) + channels.take(left + 1, axis=1) * weight
    )


@lru_cache(maxsize=4)
def _places(n: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the left neighbours among n samples of `length` places, and the right one's weight."""
    position = np.linspace(0.0, n - 1.0, length)
    left = np.minimum(position.astype(np.intp), n - 2)
    return left, position - left
