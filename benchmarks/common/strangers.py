"""The stranger's model of `benchmarks.personal`: the linear path, each person held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.sitting import Person
from device.samples import FloatArray
from training.fitting.differences import Answers
from training.fitting.wide import Linear, balanced, choose_penalty, fit_linear

INNER_FOLDS = 5
# One window in so many is learnt from.
_EVERY = 1
_SEED = 0


@dataclass(frozen=True)
class Stranger:
    """A model, and what the people it learnt from are to one that did not learn from them.

    Attributes
    ----------
    model : Linear
        Of windows' features; it has not seen the held-out person.
    fold : int64 (others,)
        Inner fold of each of the other people.
    answers : tuple of Answers
        All windows of each of them, with the log odds of inner models.
    """

    model: Linear
    fold: NDArray[np.int64]
    answers: tuple[Answers, ...]


def learn(others: Sequence[Person]) -> Stranger:
    """Fit the linear path on some people, as `training.folds.assembly` does.

    Windows of all the past and of short pasts count alike, features are brought to one scale, and
    the penalty is chosen on inner folds of people.
    """
    parts = [(n, seen) for n, one in enumerate(others) for seen in (one.whole, one.short)]
    x = np.concatenate([seen.x[::_EVERY] for _, seen in parts])
    truth = np.concatenate([seen.truth[::_EVERY] for _, seen in parts])
    person = np.concatenate([np.full(len(seen.x[::_EVERY]), n) for n, seen in parts])
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    x = (x - mean) / spread
    order = np.random.default_rng(_SEED).permutation(len(others))
    fold = np.empty(len(others), dtype=np.int64)
    fold[order] = np.arange(len(others)) * INNER_FOLDS // len(others)
    penalty = choose_penalty(x, truth, fold[person])
    margins: list[FloatArray] = [np.empty(0)] * len(others)
    for group in range(INNER_FOLDS):
        rest = fold[person] != group
        model = fit_linear(x[rest], truth[rest], penalty, balanced(truth[rest]))
        for n in np.flatnonzero(fold == group).tolist():
            margins[n] = model((others[n].whole.x - mean) / spread)
    fitted = fit_linear(x, truth, penalty, balanced(truth))
    weights = fitted.weights / spread
    return Stranger(
        Linear(weights, fitted.bias - float(weights @ mean)),
        fold,
        tuple(
            Answers(one.whole.end_s, margin, one.whole.x, one.whole.truth)
            for one, margin in zip(others, margins, strict=True)
        ),
    )
