"""How well answers rank and decide windows, over all people, within one, and between neighbours.

AUC within a person is the mean over people of the AUC of their own windows, in which no difference
between people helps. AUC of neighbours is that of each two recordings which follow each other, in
which no drift over the sitting helps much either.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from device.samples import FloatArray

Labels = NDArray[np.int64]


def auc(truth: Labels, score: FloatArray) -> float:
    """Return the area under the ROC curve, 0 to 1, ties counting half; NaN with one class."""
    high = truth == 1
    n_high, n_low = int(high.sum()), int((~high).sum())
    if n_high == 0 or n_low == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[high].sum() - n_high * (n_high + 1) / 2) / (n_high * n_low))


def auc_within(truth: Labels, score: FloatArray, person: Labels) -> float:
    """Return the mean AUC of each person's own windows; NaN where nobody has both classes."""
    own = [auc(truth[person == p], score[person == p]) for p in np.unique(person)]
    known = [value for value in own if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def auc_neighbours(
    truth: Labels, score: FloatArray, person: Labels, recording: Labels
) -> FloatArray:
    """Return each person's mean AUC of neighbouring recordings, float64 (people,).

    Each two recordings that follow each other in the data set and are of different classes, such as
    a task and the rest after it: what drifts over a whole sitting helps little there. NaN for
    people without such a pair.
    """
    found = np.full(int(person.max()) + 1, np.nan)
    for p in range(found.size):
        own = np.unique(recording[person == p])
        of = {r: np.flatnonzero(recording == r) for r in own}
        pairs = [
            np.concatenate([of[a], of[b]])
            for a, b in itertools.pairwise(own)
            if truth[of[a][0]] != truth[of[b][0]]
        ]
        if pairs:
            found[p] = np.mean([auc(truth[pair], score[pair]) for pair in pairs])
    return found


def balanced_accuracy(truth: Labels, score: FloatArray) -> float:
    """Return the mean recall of both classes where a score of a half or more is the second."""
    called = score >= 0.5
    return float(np.mean([(called[truth == c] == bool(c)).mean() for c in np.unique(truth)]))


def figures(
    truth: Labels,
    score: FloatArray,
    person: Labels,
    draws: Sequence[Labels],
    recording: Labels | None = None,
) -> dict[str, Any]:
    """Return what an answer ranks and decides, each with a 95 % interval over people.

    Parameters
    ----------
    truth, score, person : (n,)
        Class, answer from 0 to 1, and number of the person, of each window.
    draws : sequence of int64 (people,)
        People of each bootstrap sample.
    recording : int64 (n,) or None
        Recording of each window, for neighbours.
    """
    rows = [np.flatnonzero(person == p) for p in range(int(person.max()) + 1)]
    own = np.array([auc(truth[r], score[r]) for r in rows])
    near = np.full(len(rows), np.nan)
    if recording is not None:
        near = auc_neighbours(truth, score, person, recording)
    drawn = [np.concatenate([rows[p] for p in draw]) for draw in draws]
    return {
        "auc": _number(auc(truth, score)),
        "auc_95": _interval([auc(truth[d], score[d]) for d in drawn]),
        "auc_within": _number(_mean(own)),
        "auc_within_95": _interval([_mean(own[d]) for d in draws]),
        "auc_neighbours": _number(_mean(near)),
        "auc_neighbours_95": _interval([_mean(near[d]) for d in draws]),
        "balanced_accuracy": balanced_accuracy(truth, score),
        "balanced_accuracy_95": _interval([balanced_accuracy(truth[d], score[d]) for d in drawn]),
    }


def difference(
    truth: Labels, first: FloatArray, second: FloatArray, person: Labels, draws: Sequence[Labels]
) -> dict[str, Any]:
    """Return the paired difference of AUC, with its interval over people."""
    rows = [np.flatnonzero(person == p) for p in range(int(person.max()) + 1)]
    drawn = [np.concatenate([rows[p] for p in draw]) for draw in draws]
    return {
        "auc": _number(auc(truth, first) - auc(truth, second)),
        "auc_95": _interval([auc(truth[d], first[d]) - auc(truth[d], second[d]) for d in drawn]),
    }


def _mean(values: FloatArray) -> float:
    """Return the mean of those that are known; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _interval(values: Sequence[float]) -> list[float] | None:
    known = np.array([v for v in values if np.isfinite(v)])
    return np.percentile(known, [2.5, 97.5]).tolist() if known.size else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
