"""Figures per window, and the controls that tell what a figure may be worth.

A high figure is first of all a suspected leak, so beside the model stand answers that know nothing
of the minute in question: the time since the sitting began, the person's and the stimulus's usual
class, one answer per person.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from device.samples import FloatArray
from training.fitting.calibration import calibration_error
from training.fitting.wide import balanced
from training.folds.assembly import Assembled, linear_path
from training.folds.problem import Problem
from training.folds.splits import Split
from training.measures.ranking import Labels, difference, figures
from training.windows.features import NAMES

_DRAWS = 500
# Width of the kernel that learns the classes by the clock, seconds.
_CLOCK_S = 30.0
# Minutes of past by which figures are given, how far off counts too, and what is long.
_PASTS_MIN = (2, 3, 5, 10)
_REACH_SHARE = 0.2
_LONG_MIN = 20
# Beyond six widths it weighs nothing.
_REACH_S = 6 * _CLOCK_S


def windows(
    problem: Problem,
    target: str,
    folds: Sequence[Split],
    outcomes: Sequence[Assembled],
    raters: Labels | None = None,
) -> dict[str, Any]:
    """Return the figures over all tested windows: what stands under "windows" in metrics.json.

    Parameters
    ----------
    problem, target
        What was learnt.
    folds, outcomes : sequence
        In the same order.
    raters : int64 (recordings,) or None
        Recordings by which other people's usual class of a stimulus is known; None for those of a
        fold's other sides.

    Returns
    -------
    dict
        For the model, each of its paths and every control: AUC, AUC within a person and balanced
        accuracy, each with a 95 % interval by a bootstrap over people, or None where it cannot be
        had; calibration errors; the difference that the network makes beside the regression; and
        the model's figures by minutes of past, of windows after a restart at random.
    """
    index = np.concatenate([o.window for o in outcomes])
    recording = problem.windows.recording[index]
    truth = problem.annotation.classes[target][recording]
    _, person = np.unique(np.array(problem.subjects)[recording], return_inverse=True)
    scores = {"rtcan": np.concatenate([o.probability for o in outcomes])}
    scores["network_alone"] = _logistic(np.concatenate([o.deep for o in outcomes]))
    wide = [o.wide for o in outcomes if o.wide is not None]
    if len(wide) == len(outcomes):
        scores["regression_alone"] = _logistic(np.concatenate(wide))
    pairs = list(zip(folds, outcomes, strict=True))
    if "regression_alone" not in scores and _running_units(problem):
        margins = [_regression(problem, target, *pair) for pair in pairs]
        scores["regression_alone"] = _logistic(np.concatenate(margins))
    answers = [_controls(problem, target, *pair, raters) for pair in pairs]
    for name in answers[0]:
        scores[name] = np.concatenate([one[name] for one in answers])
    means = np.bincount(person, weights=scores["rtcan"]) / np.bincount(person)
    scores["one_answer_per_person"] = means[person]
    rng = np.random.default_rng(problem.settings.seed)
    draws = [rng.integers(0, person.max() + 1, person.max() + 1) for _ in range(_DRAWS)]
    model = scores["rtcan"]
    found: dict[str, Any] = {
        "n": int(np.unique(index).size),
        "decisions": len(index),
        "people": int(person.max() + 1),
        "high_share": float(truth.mean()),
        "models": {
            n: figures(truth, score, person, draws, recording) for n, score in scores.items()
        },
        "calibration_error": calibration_error(model, truth),
        "calibration_error_balanced": calibration_error(model, truth, balanced(truth)),
    }
    if np.concatenate([o.restarted for o in outcomes]).size:
        found["by_minutes_of_past"] = _by_past(problem, target, outcomes)
    if "regression_alone" in scores:
        found["network_adds"] = difference(truth, model, scores["regression_alone"], person, draws)
    return found


def table(problem: Problem, outcomes: Mapping[str, Sequence[Assembled]]) -> str:
    """Return every tested window as CSV: who, when, and what each path said."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(
        ("subject", "stimulus", "time_s", "target", "fold", "truth", "probability_high",
         "network_margin", "regression_margin")
    )  # fmt: skip
    for target, own in outcomes.items():
        for one in own:
            wide = one.wide if one.wide is not None else np.full(len(one.window), np.nan)
            for n, window in enumerate(one.window):
                recording = problem.windows.recording[window]
                rows.writerow(
                    (
                        problem.subjects[recording],
                        problem.stimuli[recording],
                        f"{problem.windows.time_s[window]:.1f}",
                        target,
                        one.name,
                        problem.annotation.classes[target][recording],
                        f"{one.probability[n]:.6f}",
                        f"{one.deep[n]:.6f}",
                        "" if np.isnan(wide[n]) else f"{wide[n]:.6f}",
                    )
                )
    return out.getvalue()


def _running_units(problem: Problem) -> bool:
    """Return whether plain features are in the person's running units."""
    return bool(problem.windows.features.shape[1] != len(NAMES))


def _regression(problem: Problem, target: str, split: Split, one: Assembled) -> FloatArray:
    """Return the margins that the linear path would have, where the model has none."""
    linear, _ = linear_path(problem, target, split, problem.windows.of(split.validation))
    return linear(problem.windows.features[one.window].astype(np.float64))


def _controls(
    problem: Problem, target: str, split: Split, one: Assembled, raters: Labels | None = None
) -> dict[str, FloatArray]:
    """Return what each control says of the tested windows of a fold, learnt on its other sides."""
    truth, windows = problem.annotation.classes[target], problem.windows
    people, stimuli = np.array(problem.subjects), np.array(problem.stimuli)
    sides = np.union1d(split.train, split.validation)
    learnt = windows.of(sides)
    known = truth[windows.recording[learnt]]
    usual = float(known.mean())
    clock = _by_the_clock(windows.time_s[learnt], known, windows.time_s[one.window], usual)
    recording = windows.recording[one.window]
    labelled = np.flatnonzero(truth >= 0)
    raters = sides if raters is None else raters
    personal, stimulus = np.empty(len(recording)), np.empty(len(recording))
    for r in np.unique(recording):
        others = labelled[(people[labelled] == people[r]) & (labelled != r)]
        heard = raters[(stimuli[raters] == stimuli[r]) & (people[raters] != people[r])]
        personal[recording == r] = truth[others].mean() if others.size else usual
        stimulus[recording == r] = truth[heard].mean() if heard.size else usual
    return {"clock_alone": clock, "personal_prior": personal, "stimulus_prior": stimulus}


def _by_the_clock(time_s: FloatArray, truth: Labels, at_s: FloatArray, usual: float) -> FloatArray:
    """Return the kernel-weighted share of the second class at each time."""
    # Trials by themselves are all at the same few times: each time is weighed once, with all that
    # is there.
    when, place = np.unique(time_s, return_inverse=True)
    count = np.bincount(place).astype(np.float64)
    high = np.bincount(place, weights=truth)
    asked, back = np.unique(at_s, return_inverse=True)
    ends = np.searchsorted(when, [asked - _REACH_S, asked + _REACH_S]).T
    out = np.empty(len(asked))
    for n, (first, last) in enumerate(ends):
        own = slice(first, last)
        weight = np.exp(-0.5 * ((when[own] - asked[n]) / _CLOCK_S) ** 2)
        out[n] = (weight @ high[own] + 1e-6 * usual) / (weight @ count[own] + 1e-6)
    return np.asarray(out[back])


def _by_past(
    problem: Problem, target: str, outcomes: Sequence[Assembled]
) -> dict[str, dict[str, Any]]:
    """Return the model's figures by minutes that the stream had run before the window began.

    Of windows after a restart at random; under "20 or more" of the whole sittings' windows.
    """
    index = np.concatenate([w for o in outcomes for w in (o.restarted, o.window)])
    score = np.concatenate([p for o in outcomes for p in (o.restarted_probability, o.probability)])
    restarted = problem.windows.short[index]
    recording = problem.windows.recording[index]
    truth = problem.annotation.classes[target][recording]
    subjects, past_min = np.array(problem.subjects)[recording], problem.windows.past_s[index] / 60
    rng = np.random.default_rng(problem.settings.seed)
    found: dict[str, dict[str, Any]] = {}
    bins = {
        str(minutes): restarted & (np.abs(past_min - minutes) <= _REACH_SHARE * minutes)
        for minutes in _PASTS_MIN
    }
    bins[f"{_LONG_MIN} or more"] = ~restarted & (past_min >= _LONG_MIN)
    for name, which in bins.items():
        own = np.flatnonzero(which)
        if np.unique(truth[own]).size < 2:
            continue
        people, person = np.unique(subjects[own], return_inverse=True)
        draws = [rng.integers(0, len(people), len(people)) for _ in range(_DRAWS)]
        own_figures = figures(truth[own], score[own], person, draws)
        found[name] = {"n": len(own), "people": len(people), **own_figures}
    return found


def _logistic(margin: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margin, -700, 700))))
