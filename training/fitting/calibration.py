"""Probabilities that mean something: temperature scaling and the calibration error.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017: one divisor of the logits, chosen
on validation data by its likelihood. It changes no decision about a window, only how sure it
is said to be; a trial, which is decided by the mean probability of its windows, may change sides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from device.samples import FloatArray

# Beyond these the validation data are too few or too easy to say anything.
_COLDEST, _HOTTEST = 0.5, 20.0
BINS = 10


def fit_temperature(
    logits: FloatArray, truth: NDArray[np.int64], weight: FloatArray | None = None
) -> float:
    """Return the temperature with the greatest likelihood, 0.5 to 20.

    Parameters
    ----------
    logits : float64 (n, 2)
        Of validation windows.
    truth : int64 (n,)
        Their classes.
    weight : float64 (n,) or None
        Of each, see `training.fitting.data.Data.weight`; None for the same.
    """
    margin = np.where(truth == 1, 1.0, -1.0) * (logits[:, 1] - logits[:, 0])
    share = np.ones(len(truth)) if weight is None else weight
    share = share / share.sum()

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -margin / math.exp(log_temperature)) @ share)

    found = minimize_scalar(loss, bounds=(math.log(_COLDEST), math.log(_HOTTEST)), method="bounded")
    return float(math.exp(found.x))


def probability_high(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Return the probability of the class high, float64 (n,), of logits (n, 2)."""
    return np.asarray(
        1.0 / (1.0 + np.exp(np.clip(-np.diff(logits)[:, 0] / temperature, -700, 700)))
    )


def reliability(
    probability: FloatArray, truth: NDArray[np.int64], weight: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, NDArray[np.int64], FloatArray]:
    """Return per tenth of probability: mean probability, share of high, count, weight; each (10,).

    Parameters
    ----------
    probability : float64 (n,)
        Of high.
    truth : int64 (n,)
        Classes.
    weight : float64 (n,) or None
        Of each; None for the same.
    """
    weight = np.full(len(truth), 1.0 / max(len(truth), 1)) if weight is None else weight
    which = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(which, minlength=BINS)
    total = np.bincount(which, weights=weight, minlength=BINS)
    known = np.where(total > 0, total, 1.0)
    mean = np.bincount(which, weights=weight * probability, minlength=BINS) / known
    share = np.bincount(which, weights=weight * truth, minlength=BINS) / known
    return mean, share, count.astype(np.int64), total.astype(np.float64)


def calibration_error(
    probability: FloatArray, truth: NDArray[np.int64], weight: FloatArray | None = None
) -> float:
    """Return the expected calibration error (ECE), 0 to 1: mean gap of `reliability` by weight."""
    mean, share, _, total = reliability(probability, truth, weight)
    return float((np.abs(mean - share) * total).sum() / max(float(total.sum()), 1e-300))
