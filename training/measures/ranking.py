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
    times = _times(draws)
    return {
        "auc": _number(auc(truth, score)),
        "auc_95": _interval(_aucs(truth, score, person, times)),
        "auc_within": _number(_mean(own)),
        "auc_within_95": _interval([_mean(own[d]) for d in draws]),
        "auc_neighbours": _number(_mean(near)),
        "auc_neighbours_95": _interval([_mean(near[d]) for d in draws]),
        "balanced_accuracy": balanced_accuracy(truth, score),
        "balanced_accuracy_95": _interval(_balanced_accuracies(truth, score, person, times)),
    }


def difference(
    truth: Labels, first: FloatArray, second: FloatArray, person: Labels, draws: Sequence[Labels]
) -> dict[str, Any]:
    """Return the paired difference of AUC, with its interval over people."""
    times = _times(draws)
    ones, others = (_aucs(truth, score, person, times) for score in (first, second))
    return {
        "auc": _number(auc(truth, first) - auc(truth, second)),
        "auc_95": _interval(ones - others),
    }


def _times(draws: Sequence[Labels]) -> FloatArray:
    """Return how often each person is in each draw, float64 (draws, people)."""
    return np.array([np.bincount(d, minlength=len(d)) for d in draws], dtype=np.float64)


def _aucs(truth: Labels, score: FloatArray, person: Labels, times: FloatArray) -> FloatArray:
    """Return `auc` of each draw's windows, float64 (draws,), without ranking them anew.

    AUC is the share of pairs of a high and a low window in which the high one scores more, ties
    counting half: pairs are counted once for every two people, and weighed by how often both were
    drawn. The counts are whole or half, so the sums are exact.
    """
    people = times.shape[1]
    high, low = truth == 1, truth != 1
    won = np.empty((people, people))
    for p in range(people):
        theirs = np.sort(score[low & (person == p)])
        below = np.searchsorted(theirs, score[high], "left")
        below_or_equal = np.searchsorted(theirs, score[high], "right")
        won[:, p] = np.bincount(person[high], (below + below_or_equal) / 2, minlength=people)
    n_high, n_low = (times @ np.bincount(person[side], minlength=people) for side in (high, low))
    pairs = n_high * n_low
    known = pairs > 0
    found = np.full(len(times), np.nan)
    found[known] = ((times @ won) * times).sum(axis=1)[known] / pairs[known]
    return found


def _balanced_accuracies(
    truth: Labels, score: FloatArray, person: Labels, times: FloatArray
) -> FloatArray:
    """Return `balanced_accuracy` of each draw's windows, float64 (draws,)."""
    people = times.shape[1]
    right = (score >= 0.5) == (truth == 1)
    recalls = np.full((2, len(times)), np.nan)
    for c, recall in enumerate(recalls):
        of = truth == c
        n = times @ np.bincount(person[of], minlength=people)
        hits = times @ np.bincount(person[of & right], minlength=people)
        np.divide(hits, n, out=recall, where=n > 0)
    # Of a draw of one class, that class's recall.
    return np.asarray(np.nanmean(recalls, axis=0))


def _mean(values: FloatArray) -> float:
    """Return the mean of those that are known; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _interval(values: Sequence[float] | FloatArray) -> list[float] | None:
    known = np.asarray(values)[np.isfinite(values)]
    return np.percentile(known, [2.5, 97.5]).tolist() if known.size else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
