"""How far a window's signal can be believed: a score from 0 to 1, and reasons in plain words.

The score falls with the share of the window that is not believable: gaps, open electrodes, levels
that no skin has, changes that no sweat gland makes, a signal that is stuck. It is 1 where nothing
is wrong and reaches one half where the contract's `max_gap_share` of the window is not believable.
A decomposition that cannot tell tonic from phasic costs a further third. Below the contract's
`quality.min_score` the answer is withheld.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.windows import Window

# What is left of the score when the parts are not to be told apart.
_ILL_POSED = 2.0 / 3.0
# Smaller steps than this, in microsiemens on the grid, are rounding.
_STILL_US = 1e-9


@dataclass(frozen=True)
class Quality:
    """The judgement of one window.

    Attributes
    ----------
    score : float
        0 (worthless) to 1 (nothing is wrong).
    reasons : tuple of str
        What is wrong, in plain words; empty when nothing is.
    sufficient : bool
        Whether an answer may be given.
    """

    score: float
    reasons: tuple[str, ...]
    sufficient: bool


def assess(window: Window, contract: Contract) -> Quality:
    """Judge a window.

    Parameters
    ----------
    window : Window
        As the preprocessor gives it; its own reasons come first.
    contract : Contract
        Its `quality`, `max_gap_share` and `rate_hz` are used.
    """
    limits = contract.quality
    eda_us = window.eda_us
    steps_us = np.abs(np.diff(eda_us))
    tests = (
        (f"is below {limits.min_us:g} µS: are the electrodes on the skin?", eda_us < limits.min_us),
        (f"is above {limits.max_us:g} µS, more than skin has", eda_us > limits.max_us),
        ("changes too fast for sweat: motion, or a loose electrode", _too_fast(steps_us, contract)),
        ("is stuck at one value: saturated, or a frozen sensor", _stuck(steps_us, contract)),
    )
    reasons = list(window.reasons)
    doubtful = np.zeros(eda_us.size, dtype=bool)
    for text, where in tests:
        if where.any():
            reasons.append(f"{_percent(float(where.mean()))} of the window {text}")
            doubtful |= where
    if window.open_share > 0:
        reasons.insert(
            0, f"electrodes open or saturated for {_percent(window.open_share)} of the window"
        )
    # Gaps are counted over context and window, the rest over the window: the worse sum is taken.
    share = min(window.gap_share + float(doubtful.mean()), 1.0)
    score = _score(share, contract.max_gap_share)
    if not window.well_posed:
        score *= _ILL_POSED
    if window.input is None:
        score = 0.0
    return Quality(score, tuple(reasons), window.input is not None and score >= limits.min_score)


def _score(doubtful_share: float, allowed_share: float) -> float:
    if doubtful_share == 0:
        return 1.0
    if allowed_share == 0:
        return 0.0
    return max(0.0, 1.0 - doubtful_share / (2.0 * allowed_share))


def _too_fast(steps_us: FloatArray, contract: Contract) -> NDArray[np.bool_]:
    """Mark changes faster than skin can make, and their surroundings."""
    limits = contract.quality
    marked = np.zeros(steps_us.size + 1, dtype=bool)
    fast = steps_us * contract.rate_hz > limits.max_slope_us_per_s
    if not fast.any():
        return marked
    marked[:-1] |= fast
    marked[1:] |= fast
    spread = round(limits.spread_s * contract.rate_hz)
    if spread == 0:
        return marked
    return np.convolve(marked, np.ones(2 * spread + 1), mode="same") > 0.5


def _stuck(steps_us: FloatArray, contract: Contract) -> NDArray[np.bool_]:
    """Mark stretches without any change that are longer than a living signal has."""
    marked = np.zeros(steps_us.size + 1, dtype=bool)
    still = steps_us <= _STILL_US
    if not still.any():
        return marked
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    for first, stop in edges.reshape(-1, 2):
        if (stop - first) / contract.rate_hz >= contract.quality.flat_s:
            marked[first : stop + 1] = True
    return marked


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"
