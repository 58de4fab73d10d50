"""How far each path is to be believed, and a bias that fits strangers.

    log odds = deep * (network's margin) + wide * (regression's margin) + bias

fitted by logistic regression on people whom neither path learnt from (Platt, "Probabilistic Outputs
for Support Vector Machines", 1999; stacking: Wolpert 1992), both classes weighing the same. No path
is believed in reverse: a weight below 0 is set to 0 and the rest fitted again. With the network
alone this is temperature scaling with a bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from training.fitting.wide import balanced, fit_linear

# Keeps a weight finite where the held-out people are told apart without an error.
_PENALTY = 1e-4


@dataclass(frozen=True)
class Combination:
    """Weights of the paths.

    Attributes
    ----------
    deep, wide : float
        0 or more; 0 for a path that is not there or does not help.
    bias : float
        Added to the log odds.
    """

    deep: float = 1.0
    wide: float = 0.0
    bias: float = 0.0

    def margin(self, deep: FloatArray | None, wide: FloatArray | None) -> FloatArray:
        """Return log odds float64 (n,) of the second class."""
        parts = [w * m for w, m in ((self.deep, deep), (self.wide, wide)) if m is not None]
        return np.asarray(sum(parts) + self.bias)

    def probability(self, deep: FloatArray | None, wide: FloatArray | None) -> FloatArray:
        """Return the probability of the second class, float64 (n,)."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.margin(deep, wide), -700, 700))))


def combine(
    truth: NDArray[np.int64], deep: FloatArray | None = None, wide: FloatArray | None = None
) -> Combination:
    """Fit the weights on margins of held-out people.

    Parameters
    ----------
    truth : int64 (n,)
        Classes of their windows; with one class only, the paths are added as they are.
    deep, wide : float64 (n,) or None
        Margins of each path there is.
    """
    paths: Mapping[str, FloatArray] = {
        name: margin for name, margin in (("deep", deep), ("wide", wide)) if margin is not None
    }
    if np.unique(truth).size < 2:
        return Combination(**{"deep": 0.0, "wide": 0.0} | dict.fromkeys(paths, 1.0))
    weight = balanced(truth)
    kept = list(paths)
    while True:
        columns = (
            np.column_stack([paths[name] for name in kept]) if kept else np.empty((len(truth), 0))
        )
        scale = np.sqrt((columns**2).mean(axis=0)) if kept else np.empty(0)
        scale[scale == 0] = 1.0
        fitted = fit_linear(columns / scale, truth, _PENALTY, weight)
        weights = dict(zip(kept, fitted.weights / scale, strict=True))
        negative = [name for name in kept if weights[name] < 0]
        if not negative:
            return Combination(weights.get("deep", 0.0), weights.get("wide", 0.0), fitted.bias)
        kept.remove(min(negative, key=lambda name: weights[name]))
