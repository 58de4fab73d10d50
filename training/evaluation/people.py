"""How people differ from strangers, learnt of the held-out people: it travels with the final model.

Every person's windows were answered by a fold that did not learn from that person. How far those
answers are from the truth, person by person, is the prior with which the edge adapts to somebody
new (`runtime.inference.adaptation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.inference.prior import Prior
from runtime.preprocessing.contract import Contract
from training.fitting.differences import Answers, learn
from training.folds.assembly import Assembled
from training.folds.problem import Problem

KIND = "bias and margin"
BLOCK_S = 240.0
EVIDENCE = 1.0
"""Of the ways that `benchmarks.personal` tries none gains; these harm nobody there."""
LEAST_PEOPLE = 5
"""Of fewer it cannot be said how they differ."""
# Windows that are learnt from begin so far apart, s, at least: those of a minute overlap.
_APART_S = 60.0
# Recordings whose windows count from their own start are put so far apart, s.
_ELSEWHERE_S = 1e6


def priors(
    problem: Problem, contract: Contract, outcomes: Mapping[str, Sequence[Assembled]]
) -> dict[str, Prior]:
    """Return how people differ, by target; none where that was not seen.

    Parameters
    ----------
    problem : Problem
        What was learnt.
    contract : Contract
        Of the final model; its features are the directions' axes.
    outcomes : mapping of str to sequence of Assembled
        By target, all folds. Where people stand on both sides nothing is learnt of them.
    """
    if problem.plan.protocol != "subject":
        return {}
    found = {}
    for target, folds in outcomes.items():
        people = answers(problem, contract, target, folds)
        if len(people) >= LEAST_PEOPLE:
            learnt = learn(people, contract.features, KIND, BLOCK_S)
            found[target] = replace(learnt, evidence=EVIDENCE)
    return found


def answers(
    problem: Problem, contract: Contract, target: str, folds: Sequence[Assembled]
) -> list[Answers]:
    """Return each person's windows with the log odds of a fold that did not know the person."""
    every = np.concatenate([one.window for one in folds])
    margins = np.concatenate([np.diff(one.logits, axis=1)[:, 0] for one in folds])
    window, first = np.unique(every, return_index=True)  # of repeated folds the first
    margin = margins[first].astype(np.float64)
    recording = problem.windows.recording[window]
    time_s = _times(problem, contract, recording) + problem.windows.time_s[window]
    truth = problem.annotation.classes[target][recording]
    features = np.empty((window.size, 0))
    if contract.features:
        features = problem.windows.features[window].astype(np.float64)
    people = np.array(problem.subjects)[recording]
    found = []
    for person in np.unique(people):
        own = np.flatnonzero(people == person)
        own = own[np.argsort(time_s[own], kind="stable")]
        own = own[_apart(time_s[own])]
        found.append(Answers(time_s[own], margin[own], features[own], truth[own]))
    return found


def described(found: Mapping[str, Prior]) -> dict[str, dict[str, float]]:
    """Return what stands of them in metrics.json: standard deviations over people, by target.

    Of the bias, in log odds, and of how far the log odds are believed, 1 being as they are.
    """
    deviations = {}
    for target, one in found.items():
        covariance = one.directions.T @ one.covariance @ one.directions
        scale, bias = np.sqrt(np.diag(covariance))[-2:].tolist()
        deviations[target] = {"bias": round(bias, 4), "log_odds": round(scale, 4)}
    return deviations


def _times(problem: Problem, contract: Contract, recording: NDArray[np.int64]) -> FloatArray:
    """Return what the times of windows have to be raised by, so that sittings lie apart."""
    if not contract.personal:
        return np.asarray(recording * _ELSEWHERE_S)
    sittings = [f"{one.subject}/{one.session}" for one in problem.data.recordings]
    number = np.unique(sittings, return_inverse=True)[1]
    return np.asarray(number[recording] * _ELSEWHERE_S)


def _apart(time_s: FloatArray) -> list[int]:
    """Return the places of times, in order, that lie apart from each other."""
    kept: list[int] = []
    for place, time in enumerate(time_s.tolist()):
        if not kept or time - time_s[kept[-1]] >= _APART_S - 1e-6:
            kept.append(place)
    return kept
