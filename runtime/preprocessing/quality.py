"""How far a window's signal can be believed: vetoes, a score from 0 to 1, and reasons in words.

All of context and window is examined: both are normalised and decomposed together.

A veto alone withholds the answer, and its score is 0 but for the first:

* learning: the personal reference is not long enough yet; this alone leaves the score as it is,
  which tells how good the signal is;
* refused: the preprocessor made no input: too many samples missing, a flat signal, or a
  decomposition that did not converge;
* artefact: somewhere the signal changes faster than sweat can. One such change is larger than the
  responses and bends the normalisation and the decomposition of the whole window. Or two
  thirds of it have the shape of motion (`runtime.preprocessing.events.artefacts`);
* noise: tonic and phasic cannot be told apart, and the signal moves no more than its own noise: a
  resistor, a table, a tremor;
* ill-posed, in a person's own units alone: tonic and phasic cannot be told apart.

Otherwise the score falls with the share that is not believable: gaps, open electrodes, levels that
no skin has, a signal that is stuck. It is 1 where nothing is wrong and reaches one half where the
contract's `max_gap_share` is not believable. A decomposition that cannot tell tonic from phasic,
of a signal that does move, costs a further third; motion costs three quarters of its share. Below
the contract's `quality.min_score` the answer is withheld.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.preprocessing.contract import Contract, QualityLimits
from runtime.preprocessing.events.artefacts import THRESHOLD, artefacts_of_grid
from runtime.preprocessing.window import LEARNING, Window

LEARNS, REFUSED, ARTEFACT = "learning", "refused", "artefact"
NOISE, ILL_POSED = "noise", "ill-posed"
# What withholds an answer, by the contract's normalisation. Half of all z-scored windows of a wrist
# are ill-posed, so that those are answered where the signal moves; in a person's own units few are.
VETOES: dict[str, frozenset[str]] = {
    "zscore": frozenset({REFUSED, ARTEFACT, NOISE}),
    "personal": frozenset({LEARNS, REFUSED, ARTEFACT, NOISE, ILL_POSED}),
}

# What is left of the score when the parts are not to be told apart.
_ILL_POSED_FACTOR = 2.0 / 3.0
# Smaller steps than this, in microsiemens on the grid, are rounding.
_STILL_US = 1e-9
# A change is measured over this time at least: on a fast grid noise alone has steep steps.
_SLOPE_S = 0.125
# A skin conductance response takes seconds (rise 1 to 3 s, Boucsein 2012). What a straight line
# over 4 s leaves is noise; how such pieces differ from one another is movement. A resistor read at
# 4 Hz moves 0.2 to 0.5 times as much as its noise, a tremor of 1 Hz 0.01 times; of 373 ill-posed
# windows of ten Stress-Predict wrists all but 16 move more than it.
_PIECE_S, _PIECES = 4.0, 8
_LEAST_MOVEMENT = 1.0
# Share of motion from which on a window is the skin's no longer, and what a share costs: one half
# just before. At the wrist less is common, and answers about such windows were measured with them
# in (docs/people.md): from three tenths on a window in twenty would be withheld for it.
_MOST_MOTION = 2 / 3
_MOTION_COST = 0.75
# A response is told from motion by the smooth minute about it: shorter signals are not examined.
_LEAST_FOR_MOTION_S = 30.0


@dataclass(frozen=True)
class Quality:
    """The assessment of one window.

    Attributes
    ----------
    score : float
        0 (worthless, or a veto) to 1 (nothing is wrong).
    reasons : tuple of str
        What is wrong, in plain words; empty when nothing is.
    sufficient : bool
        Whether an answer may be given.
    vetoes : tuple of str
        Names of what alone withholds it, of "learning", "refused", "artefact", "noise" and
        "ill-posed".
    """

    score: float
    reasons: tuple[str, ...]
    sufficient: bool
    vetoes: tuple[str, ...] = ()


def assess(window: Window, contract: Contract) -> Quality:
    """Assess a window.

    Parameters
    ----------
    window : Window
        As the preprocessor gives it; its own reasons come first.
    contract : Contract
        Its `quality`, `max_gap_share`, `rate_hz` and `normalisation` are used.
    """
    limits, rate_hz = contract.quality, contract.rate_hz
    eda_us = np.concatenate([window.context_us, window.eda_us])
    fast = too_fast(eda_us, contract)
    motion, worst_s = _motion(eda_us, rate_hz)
    worst_s += window.start_s - window.context_us.size / rate_hz
    tests = (
        (f"is below {limits.min_us:g} µS: are the electrodes on the skin?", eda_us < limits.min_us),
        (f"is above {limits.max_us:g} µS, more than skin has", eda_us > limits.max_us),
        ("changes too fast for sweat: motion, or a loose electrode", fast),
        ("is stuck at one value: saturated, or a frozen sensor", _stuck(eda_us, contract)),
    )
    reasons = list(window.reasons)
    doubtful = np.zeros(eda_us.size, dtype=bool)
    for text, where in tests:
        if where.any():
            reasons.append(f"{_percent(float(where.mean()))} of the window {text}")
            doubtful |= where
    motion_share = float(motion.mean())
    if motion_share > 0:
        reasons.append(
            f"{_percent(motion_share)} of the window moves as by motion, most at second "
            f"{worst_s:.0f}"
        )
    if window.open_share > 0:
        reasons.insert(
            0, f"electrodes open or saturated for {_percent(window.open_share)} of the window"
        )
    noise = not window.well_posed and movement(eda_us, rate_hz) < _LEAST_MOVEMENT
    if noise:
        reasons.append("the signal moves no more than its noise: are the electrodes on the skin?")
    # White noise has the shape of motion too, and its own name.
    moved = not noise and motion_share >= _MOST_MOTION
    learns = any(reason.startswith(LEARNING) for reason in window.reasons)
    found = {
        LEARNS: learns,
        REFUSED: window.input is None and not learns,
        ARTEFACT: bool(fast.any()) or moved,
        NOISE: noise,
        ILL_POSED: not window.well_posed,
    }
    allowed = VETOES[contract.normalisation]
    vetoes = tuple(name for name, is_so in found.items() if is_so and name in allowed)
    # What is missing and what is doubtful may overlap: the worse sum is taken.
    share = min(window.gap_share + float(doubtful.mean()), 1.0)
    score = _score(share, contract.max_gap_share)
    if not window.well_posed:
        score *= _ILL_POSED_FACTOR
    score *= 1.0 - _MOTION_COST * motion_share
    if set(vetoes) - {LEARNS}:
        score = 0.0
    return Quality(score, tuple(reasons), not vetoes and score >= limits.min_score, vetoes)


def movement(eda_us: FloatArray, rate_hz: float) -> float:
    """Return how much a signal moves from one piece to the next, relative to its noise.

    Pieces last 4 s, or an eighth of what there is. Both are standard deviations: of the pieces'
    means, and of what straight lines through the pieces leave. Infinite where there is no noise, or
    too little signal to tell.

    Parameters
    ----------
    eda_us : float64 (n,)
        On the grid.
    rate_hz : float
        Of the grid.
    """
    length = max(3, min(round(_PIECE_S * rate_hz), eda_us.size // _PIECES))
    count = eda_us.size // length
    if count < 2:
        return float("inf")
    pieces = eda_us[eda_us.size - count * length :].reshape(count, length)
    means = pieces.mean(axis=1, keepdims=True)
    time = np.arange(length) - (length - 1) / 2
    slopes = (pieces @ time / (time @ time))[:, None]
    noise = float((pieces - means - slopes * time).std())
    return float(means.std()) / noise if noise > 0 else float("inf")


def _score(doubtful_share: float, allowed_share: float) -> float:
    if doubtful_share == 0:
        return 1.0
    if allowed_share == 0:
        return 0.0
    return max(0.0, 1.0 - doubtful_share / (2.0 * allowed_share))


def believable(eda_us: FloatArray, limits: QualityLimits) -> NDArray[np.bool_]:
    """Return which samples lie at a level that skin has, bool (n,); NaN does not."""
    return np.asarray((eda_us >= limits.min_us) & (eda_us <= limits.max_us))


def too_fast(eda_us: FloatArray, contract: Contract) -> NDArray[np.bool_]:
    """Mark changes faster than skin can make, and their surroundings, bool (n,)."""
    limits, n = contract.quality, eda_us.size
    marked = np.zeros(n, dtype=bool)
    step = max(1, round(_SLOPE_S * contract.rate_hz))
    if n <= step:
        return marked
    change_us = np.abs(eda_us[step:] - eda_us[:-step])
    spread = round(limits.spread_s * contract.rate_hz)
    for first in np.flatnonzero(change_us > limits.max_slope_us_per_s * step / contract.rate_hz):
        marked[max(0, first - spread) : first + step + spread + 1] = True
    return marked


def _motion(eda_us: FloatArray, rate_hz: float) -> tuple[NDArray[np.bool_], float]:
    """Mark what has the shape of motion, bool (n,), and return its worst second."""
    if eda_us.size < _LEAST_FOR_MOTION_S * rate_hz:
        return np.zeros(eda_us.size, dtype=bool), 0.0
    found = artefacts_of_grid(eda_us, rate_hz)
    if not (found.probability >= THRESHOLD).any():
        return np.zeros(eda_us.size, dtype=bool), 0.0
    marked = found.at(np.arange(eda_us.size) / rate_hz) >= THRESHOLD
    return marked, float(found.time_s[np.nanargmax(found.probability)])


def _stuck(eda_us: FloatArray, contract: Contract) -> NDArray[np.bool_]:
    """Mark stretches without any change that are longer than a living signal has."""
    marked = np.zeros(eda_us.size, dtype=bool)
    still = np.abs(np.diff(eda_us)) <= _STILL_US
    if not still.any():
        return marked
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    for first, stop in edges.reshape(-1, 2):
        if (stop - first) / contract.rate_hz >= contract.quality.flat_s:
            marked[first : stop + 1] = True
    return marked


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"
