"""The wide path: a regularised logistic regression on plain features, solved exactly.

Beside the network it carries what a few dozen people are enough to learn ("wide and deep", Cheng
et al. 2016, arXiv 1606.07792). Both classes weigh the same, so that its bias fits strangers
whatever the share of the classes. Newton's method on

    sum_i w_i log(1 + exp(-s_i (x_i'b + c))) + penalty / 2 |b|^2,     s = +-1, sum_i w_i = 1,

which is convex; the answer depends on nothing but the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Penalties among which inner folds choose."""

_TOLERANCE = 1e-10
_MOST_STEPS = 100


@dataclass(frozen=True)
class Linear:
    """A linear margin: log odds of the second class.

    Attributes
    ----------
    weights : float64 (k,)
        By feature.
    bias : float
    """

    weights: FloatArray
    bias: float

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the margin float64 (n,) of features (n, k)."""
        return np.asarray(x @ self.weights + self.bias)


def balanced(truth: NDArray[np.int64]) -> FloatArray:
    """Return weights float64 (n,) that sum to 1 and give both classes the same say."""
    counts = np.bincount(truth, minlength=2)
    present = np.count_nonzero(counts)
    return np.asarray(1.0 / (present * counts[truth]))


def fit_linear(
    x: FloatArray, truth: NDArray[np.int64], penalty: FloatArray | float, weight: FloatArray
) -> Linear:
    """Return the minimum of the weighted, penalised logistic loss.

    Parameters
    ----------
    x : float64 (n, k)
        Features, of like scale.
    truth : int64 (n,)
        Classes 0 and 1, both there.
    penalty : float or float64 (k,)
        Of the squared weights, above 0; the bias is free.
    weight : float64 (n,)
        Of each row, 0 or more; see `balanced`.
    """
    n, k = x.shape
    design = np.column_stack([x, np.ones(n)])
    ridge = np.append(np.broadcast_to(np.asarray(penalty, dtype=np.float64), (k,)), 0.0)
    answer = np.zeros(k + 1)

    def loss(b: FloatArray) -> float:
        margin = design @ b
        each = np.logaddexp(0.0, np.where(truth == 1, -margin, margin))
        return float(weight @ each + 0.5 * (ridge @ (b * b)))

    now = loss(answer)
    for _ in range(_MOST_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ answer, -700, 700)))
        gradient = design.T @ (weight * (p - truth)) + ridge * answer
        curvature = (design * (weight * p * (1.0 - p))[:, None]).T @ design
        # The smallest ridge keeps the system solvable where a bias alone separates the classes.
        curvature[np.diag_indices(k + 1)] += ridge + 1e-12
        step = np.linalg.solve(curvature, gradient)
        share, after = 1.0, loss(answer - step)
        while after > now and share > 1e-6:
            share /= 2
            after = loss(answer - share * step)
        if after > now:
            break
        answer, now = answer - share * step, after
        if float(np.abs(share * step).max()) < _TOLERANCE:
            break
    return Linear(answer[:k], float(answer[k]))


def held_out_margins(
    x: FloatArray,
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    penalty: float,
    songs: NDArray[np.int64] | None = None,
) -> FloatArray:
    """Return each row's margin, float64 (n,), by a fit that its groups had no part in.

    Parameters
    ----------
    x, truth
        See `fit_linear`.
    groups : int64 (n,)
        Inner fold of each row; all rows of a person are in one.
    penalty : float
        See `fit_linear`.
    songs : int64 (n,) or None
        The same by stimulus, where those are kept apart too.
    """
    margins = np.empty(len(x))
    other = np.zeros_like(groups) if songs is None else songs
    for group, song in np.unique(np.stack([groups, other]), axis=1).T:
        own, rest = (groups == group) & (other == song), groups != group
        if songs is not None:
            rest &= songs != song
        if np.unique(truth[rest]).size < 2:
            margins[own] = 0.0
            continue
        fitted = fit_linear(x[rest], truth[rest], penalty, balanced(truth[rest]))
        margins[own] = fitted(x[own])
    return margins


def choose_penalty(
    x: FloatArray,
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    penalties: Sequence[float] = PENALTIES,
    songs: NDArray[np.int64] | None = None,
) -> float:
    """Return the penalty with the least balanced loss on held-out inner folds."""
    weight = balanced(truth)

    def loss(penalty: float) -> float:
        margin = held_out_margins(x, truth, groups, penalty, songs)
        return float(weight @ np.logaddexp(0.0, np.where(truth == 1, -margin, margin)))

    return min(penalties, key=loss)
