"""How people differ from strangers: the prior of adaptation, learnt from other people.

Each person's coefficients theta along some directions are drawn from N(0, covariance); the
covariance is what makes all people's answers most likely (empirical Bayes). It is found by
expectation and maximisation with Laplace's approximation: given a covariance, every person's
posterior mean m and covariance V; given those, covariance = mean over people of (m m' + V)
(Dempster, Laird, Rubin 1977; for logistic models with random effects Breslow, Clayton 1993). The
margins must be of a model that did not learn from the person.

Both classes of a person weigh the same, as they do when models are fitted: how much of a sitting
was spent in tasks is the protocol's and not the person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.inference.adaptation import shares
from runtime.inference.posterior import solve
from runtime.inference.prior import Prior
from training.fitting.wide import balanced

# Beginning: every coefficient moves the log odds by so much, as variance.
_BEGINNING = 0.1
_MOST_ROUNDS = 30
# The rounds end once no variance changes by more than this share.
_SETTLED = 0.02
KINDS = ("bias", "bias and margin", "principal")
"""Directions: the bias alone, also how far the log odds are believed, or the `PRINCIPAL` in which
people differ most among all features, log odds and bias."""
PRINCIPAL = 3


@dataclass(frozen=True)
class Answers:
    """One person's windows.

    Attributes
    ----------
    time_s : float64 (n,)
        When each ended.
    margin : float64 (n,)
        Log odds by a model that did not learn from this person.
    features : float64 (n, k)
        In the person's own units.
    truth : int64 (n,)
        Classes 0 and 1.
    """

    time_s: FloatArray
    margin: FloatArray
    features: FloatArray
    truth: NDArray[np.int64]


def learn(people: Sequence[Answers], names: tuple[str, ...], kind: str, block_s: float) -> Prior:
    """Return the prior of people such as these.

    Parameters
    ----------
    people : sequence of Answers
        At least one.
    names : tuple of str (k,)
        Of the features.
    kind : str
        Of `KINDS`.
    block_s : float
        Windows within so many seconds count as one answer.
    """
    every = np.eye(len(names) + 2)
    directions = {"bias": every[-1:], "bias and margin": every[-2:], "principal": every}[kind]
    rows = [np.column_stack([one.features, one.margin, np.ones(one.margin.size)]) for one in people]
    weights = [_weights(one, block_s) for one in people]
    spread = np.concatenate([own @ directions.T for own in rows]).std(axis=0)
    spread[spread == 0] = 1.0  # the bias
    covariance = np.diag(_BEGINNING / spread**2)
    for _ in range(_MOST_ROUNDS):
        total = np.zeros_like(covariance)
        for one, row, weight in zip(people, rows, weights, strict=True):
            found = solve(
                row @ directions.T, one.margin, one.truth.astype(float), weight, covariance
            )
            total += np.outer(found.mean, found.mean) + found.covariance
        before = np.diag(covariance)
        covariance = (total + total.T) / (2 * len(people))
        if (np.abs(np.diag(covariance) - before) <= _SETTLED * before).all():
            break
    if kind == "principal":
        # In units in which all features are alike: a direction is what moves the log odds most.
        values, vectors = np.linalg.eigh(covariance * np.outer(spread, spread))
        most = np.argsort(values)[::-1][:PRINCIPAL]
        directions, covariance = (vectors[:, most] / spread[:, None]).T, np.diag(values[most])
    return Prior(names, directions, covariance, block_s)


def _weights(one: Answers, block_s: float) -> FloatArray:
    """Return for how many answers each window stands: both classes alike, as models are fitted."""
    share = shares(one.time_s, block_s)
    return np.asarray(balanced(one.truth) * len(share) * share)
