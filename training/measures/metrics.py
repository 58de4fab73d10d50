"""Figures of merit, each with the baseline and the interval that it needs to mean something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from device.samples import FloatArray
from training.measures.intervals import interval

Labels = NDArray[np.int64]


def per_recording(values: FloatArray, recording: NDArray[np.int64], order: Labels) -> FloatArray:
    """Average windows' values (n, ...) over each recording in `order`, giving (recordings, ...)."""
    return np.stack([values[recording == r].mean(axis=0) for r in order])


def confusion(truth: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Return counts int64 (2, 2): rows are the truth, columns what was predicted."""
    return np.bincount(2 * truth + predicted, minlength=4).reshape(2, 2).astype(np.int64)


def balanced_accuracy(counts: NDArray[np.int64]) -> FloatArray:
    """Mean recall of the classes that occur, 0 to 1, of confusions (..., 2, 2); 0.5 is chance."""
    per_class = counts.sum(axis=-1)
    recall = np.diagonal(counts, axis1=-2, axis2=-1) / np.maximum(per_class, 1)
    return np.asarray(recall.sum(axis=-1) / np.maximum((per_class > 0).sum(axis=-1), 1))


def macro_f1(counts: NDArray[np.int64]) -> FloatArray:
    """Mean F1 of both classes, 0 to 1, of confusions (..., 2, 2)."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    either = counts.sum(axis=-1) + counts.sum(axis=-2)
    return np.asarray((2.0 * right / np.maximum(either, 1)).mean(axis=-1))


def evaluate(
    truth: Labels,
    predicted: Labels,
    subjects: Sequence[str],
    seed: int = 0,
    *,
    songs: Sequence[str] | None = None,
    trials: Labels | None = None,
) -> dict[str, Any]:
    """Return n, accuracy, balanced accuracy and macro F1 of decisions, with 95 % intervals.

    The intervals come from a bootstrap over subjects, because a subject's recordings are not
    independent of each other; and over songs too where a label is a song's.

    Parameters
    ----------
    truth, predicted : int64 (decisions,)
        Classes, 0 or 1.
    subjects : sequence of str (decisions,)
        Subject of each.
    seed : int
        Of the bootstrap.
    songs : sequence of str (decisions,) or None
        Song of each, where all who heard a song have its label.
    trials : int64 (decisions,) or None
        Which trial each is about, where the folds were drawn more than once; n counts trials.
    """
    counts = confusion(truth, predicted)
    out: dict[str, Any] = {
        "n": int(truth.size if trials is None else np.unique(trials).size),
        "decisions": int(truth.size),
        "subjects": len(set(subjects)),
        "accuracy": float((truth == predicted).mean()),
        "confusion": counts.tolist(),
        "interval_over": "subjects" if songs is None else "subjects and songs",
    }
    groupings = [subjects] if songs is None else [subjects, songs]
    for figure in (balanced_accuracy, macro_f1):
        out[figure.__name__] = float(figure(counts))
        out[f"{figure.__name__}_95"] = interval(2 * truth + predicted, groupings, figure, seed)
    return out


def majority(train: Labels, test: Labels) -> Labels:
    """Predict the class that is more frequent in training, for every test recording."""
    return np.full(test.size, int(train.mean() > 0.5), dtype=np.int64)


def logistic_regression(
    train: FloatArray, train_truth: Labels, test: FloatArray, seed: int = 0
) -> Labels:
    """Predict from plain features: the baseline that a network must beat."""
    if np.unique(train_truth).size < 2:
        return majority(train_truth, np.empty(len(test), dtype=np.int64))
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(class_weight="balanced", max_iter=1000, random_state=seed),
    )
    model.fit(train, train_truth)
    return np.asarray(model.predict(test), dtype=np.int64)
