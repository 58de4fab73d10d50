"""What the folds are worth: figures per trial, beside their baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from device.samples import FloatArray
from training import metrics
from training.journal import Outcome
from training.problem import Problem
from training.splits import Split
from training.temperature import calibration_error, probability_high, reliability

MODELS = {
    "rtcan": "RTCAN-1D",
    "logistic_regression": "log. regression",
    "majority": "majority",
}
_CURVE_POINTS = 100


def judge(
    problem: Problem, target: str, folds: list[Split], outcomes: list[Outcome]
) -> dict[str, Any]:
    """Return the figures of one target over all folds.

    A trial's probability is the mean over its windows, at the temperature that its fold's
    validation side chose; the label is high from a half on. The logistic regression learns from all
    of the training side, validation included, because it has nothing to choose with it.

    Parameters
    ----------
    problem : Problem
        What was learnt.
    target : str
        Which.
    folds, outcomes : list
        In the same order.

    Returns
    -------
    dict
        What stands under the target's name in metrics.json.
    """
    truth, seed = problem.annotation.classes[target], problem.settings.seed
    windows = problem.windows
    everyone = np.array(problem.subjects)
    order, high, cold, hot, window_truth, each = [], [], [], [], [], []
    predicted: dict[str, list[metrics.Labels]] = {name: [] for name in MODELS}
    for split, outcome in zip(folds, outcomes, strict=True):
        recording = windows.recording[outcome.window]
        logits = outcome.logits.astype(np.float64)
        calibrated = probability_high(logits, outcome.temperature)
        tested = np.unique(recording)
        mean = metrics.per_recording(calibrated, recording, tested)
        fitted_on = np.union1d(split.train, split.validation)
        plain = [
            metrics.per_recording(windows.features, windows.recording, side)
            for side in (fitted_on, tested)
        ]
        answers = {
            "rtcan": (mean >= 0.5).astype(np.int64),
            "logistic_regression": metrics.logistic_regression(
                plain[0], truth[fitted_on], plain[1], seed
            ),
            "majority": metrics.majority(truth[fitted_on], truth[tested]),
        }
        for name, labels in answers.items():
            predicted[name].append(labels)
        order.append(tested)
        high.append(mean)
        cold.append(probability_high(logits))
        hot.append(calibrated)
        window_truth.append(truth[recording])
        each.append(
            {
                "name": split.name,
                "n": len(tested),
                "accuracy": float((answers["rtcan"] == truth[tested]).mean()),
                "temperature": outcome.temperature,
                "epochs": len(outcome.history),
                "train": len(split.train),
                "validation": len(split.validation),
            }
        )
    tested = np.concatenate(order)
    who = [str(name) for name in everyone[tested]]
    own = truth[tested]
    figures: dict[str, Any] = {
        name: metrics.evaluate(own, np.concatenate(labels), who, seed)
        for name, labels in predicted.items()
    }
    probability, windowed = np.concatenate(high), np.concatenate(window_truth)
    before, after = np.concatenate(cold), np.concatenate(hot)
    figures |= {
        "high_share": float(own.mean()),
        "roc": _roc(own, probability),
        "calibration": {
            "windows": len(after),
            "error_before": calibration_error(before, windowed),
            "error_after": calibration_error(after, windowed),
            "before": _bins(before, windowed),
            "after": _bins(after, windowed),
        },
        "subjects": _per_subject(own, np.concatenate(predicted["rtcan"]), who),
        "folds": each,
    }
    return figures


def _roc(truth: metrics.Labels, probability: FloatArray) -> dict[str, Any] | None:
    if np.unique(truth).size < 2:
        return None
    false, true, _ = roc_curve(truth, probability)
    at = np.unique(np.linspace(0, len(false) - 1, _CURVE_POINTS).round().astype(int))
    return {
        "auc": float(roc_auc_score(truth, probability)),
        "false": np.round(false[at], 4).tolist(),
        "true": np.round(true[at], 4).tolist(),
    }


def _bins(probability: FloatArray, truth: metrics.Labels) -> list[list[float]]:
    mean, share, count = reliability(probability, truth)
    return [
        [round(float(m), 4), round(float(s), 4), int(c)]
        for m, s, c in zip(mean, share, count, strict=True)
    ]


def _per_subject(
    truth: metrics.Labels, predicted: metrics.Labels, who: list[str]
) -> dict[str, list[float]]:
    """Return accuracy and number of trials by subject."""
    names = np.array(who)
    out = {}
    for name in np.unique(names):
        own = names == name
        out[str(name)] = [float((truth[own] == predicted[own]).mean()), int(own.sum())]
    return out
