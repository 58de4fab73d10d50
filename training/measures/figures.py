"""Figures of all folds, per trial, beside their baselines."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from device.samples import FloatArray
from training.fitting.calibration import calibration_error, reliability
from training.fitting.wide import balanced
from training.folds.assembly import Assembled
from training.folds.problem import Problem
from training.folds.splits import Split
from training.measures import controls, metrics

MODELS = {
    "rtcan": "RTCAN-1D",
    "logistic_regression": "log. regression",
    "majority": "majority",
}
_CURVE_POINTS = 100


@dataclass(frozen=True)
class Trials:
    """What was decided about every tested trial, fold after fold.

    Attributes
    ----------
    recording : int64 (n,)
        Which trials.
    fold : list of str (n,)
        The fold in which each was tested.
    truth : int64 (n,)
        Their classes.
    probability : float64 (n,)
        That a trial is high: the mean over its windows, at its fold's temperature.
    predicted : dict of str to int64 (n,)
        By model: the network says high from a half on.
    """

    recording: metrics.Labels
    fold: list[str]
    truth: metrics.Labels
    probability: FloatArray
    predicted: dict[str, metrics.Labels]


def decide(problem: Problem, target: str, folds: list[Split], outcomes: list[Assembled]) -> Trials:
    """Decide about every trial, by the network and by the baselines beside it.

    The logistic regression learns from all of the training side, validation included, because it
    has nothing to choose with it.

    Parameters
    ----------
    problem : Problem
        What was learnt.
    target : str
        Which.
    folds, outcomes : list
        In the same order.
    """
    truth, windows = problem.annotation.classes[target], problem.windows
    order, names, high = [], [], []
    predicted: dict[str, list[metrics.Labels]] = {name: [] for name in MODELS}
    for split, outcome in zip(folds, outcomes, strict=True):
        recording = windows.recording[outcome.window]
        tested = np.unique(recording)
        mean = metrics.per_recording(outcome.probability, recording, tested)
        fitted_on = np.union1d(split.train, split.validation)
        whole = ~windows.short
        plain = [
            metrics.per_recording(windows.features[whole], windows.recording[whole], side)
            for side in (fitted_on, tested)
        ]
        answers = {
            "rtcan": (mean >= 0.5).astype(np.int64),
            "logistic_regression": metrics.logistic_regression(
                plain[0], truth[fitted_on], plain[1], problem.settings.seed
            ),
            "majority": metrics.majority(truth[fitted_on], truth[tested]),
        }
        for name, labels in answers.items():
            predicted[name].append(labels)
        order.append(tested)
        names += [split.name] * len(tested)
        high.append(mean)
    tested = np.concatenate(order)
    return Trials(
        tested,
        names,
        truth[tested],
        np.concatenate(high),
        {name: np.concatenate(labels) for name, labels in predicted.items()},
    )


def evaluate(
    problem: Problem,
    target: str,
    folds: list[Split],
    outcomes: list[Assembled],
    trials: Trials,
    *,
    raters: metrics.Labels | None = None,
) -> dict[str, Any]:
    """Return the figures of one target over all folds: what stands under its name in metrics.json.

    Parameters
    ----------
    problem, target, folds, outcomes
        See `decide`.
    trials : Trials
        What that gave.
    raters : int64 (recordings,) or None
        See `training.measures.controls.windows`.
    """
    seed = problem.settings.seed
    who = [problem.subjects[i] for i in trials.recording]
    songs = [problem.stimuli[i] for i in trials.recording] if problem.data.song_level else None
    right = trials.predicted["rtcan"] == trials.truth
    of_fold = np.array(trials.fold)
    each = [
        {
            "name": split.name,
            "n": int((of_fold == split.name).sum()),
            "accuracy": float(right[of_fold == split.name].mean()),
            "calibration": dataclasses.asdict(outcome.combination),
            "epochs": len(outcome.history),
            "train": len(split.train),
            "validation": len(split.validation),
        }
        for split, outcome in zip(folds, outcomes, strict=True)
    ]
    figures: dict[str, Any] = {
        name: metrics.evaluate(
            trials.truth, labels, who, seed, songs=songs, trials=trials.recording
        )
        for name, labels in trials.predicted.items()
    }
    tested = np.concatenate([outcome.window for outcome in outcomes])
    window_truth = np.concatenate(
        [
            problem.annotation.classes[target][problem.windows.recording[outcome.window]]
            for outcome in outcomes
        ]
    )
    before = np.concatenate([outcome.uncalibrated for outcome in outcomes])
    after = np.concatenate([outcome.probability for outcome in outcomes])
    alike = balanced(window_truth)
    figures |= {
        "high_share": float(trials.truth.mean()),
        "roc": _roc(trials.truth, trials.probability),
        "calibration": {
            "windows": int(np.unique(tested).size),
            "error_before": calibration_error(before, window_truth),
            "error_after": calibration_error(after, window_truth),
            "before": _bins(before, window_truth),
            "after": _bins(after, window_truth),
            # With both classes weighing the same, for which what calibrates is fitted.
            "balanced_error_before": calibration_error(before, window_truth, alike),
            "balanced_error_after": calibration_error(after, window_truth, alike),
            "balanced_before": _bins(before, window_truth, alike),
            "balanced_after": _bins(after, window_truth, alike),
        },
        "windows": controls.windows(problem, target, folds, outcomes, raters),
        "subjects": _per_subject(right, who, trials.recording),
        "folds": each,
    }
    return figures


def table(problem: Problem, decided: Mapping[str, Trials]) -> str:
    """Return every tested trial as CSV: who, what, where tested, and what each model said."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("subject", "stimulus", "target", "fold", "truth", "probability_high", *MODELS))
    for target, trials in decided.items():
        for n, recording in enumerate(trials.recording):
            rows.writerow(
                (
                    problem.subjects[recording],
                    problem.stimuli[recording],
                    target,
                    trials.fold[n],
                    trials.truth[n],
                    f"{trials.probability[n]:.6f}",
                    *(trials.predicted[model][n] for model in MODELS),
                )
            )
    return out.getvalue()


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


def _bins(
    probability: FloatArray, truth: metrics.Labels, weight: FloatArray | None = None
) -> list[list[float]]:
    mean, share, count, _ = reliability(probability, truth, weight)
    return [
        [round(float(m), 4), round(float(s), 4), int(c)]
        for m, s, c in zip(mean, share, count, strict=True)
    ]


def _per_subject(
    right: NDArray[np.bool_], who: list[str], recording: metrics.Labels
) -> dict[str, list[float]]:
    """Return accuracy and number of trials by subject."""
    names = np.array(who)
    out = {}
    for name in np.unique(names):
        own = names == name
        out[str(name)] = [float(right[own].mean()), int(np.unique(recording[own]).size)]
    return out
