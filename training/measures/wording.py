"""Sentences about who was tested and who was learnt from: one place, from plan and splits.

Card, report and terminal quote them, so that none of them claims people that were not held out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.fitting.combine import Combination
from training.folds.problem import Problem
from training.folds.splits import Index, Plan, Split


def measured_on(plan: Plan) -> str:
    """Return on what the figures of a plan were measured, as the beginning of a sentence."""
    if plan.protocol == "paper":
        return (
            "On recordings that were held out, while other recordings of the same people were "
            "learnt from: these figures say nothing about people not seen before"
        )
    if plan.stimuli_apart:
        return "On people and stimuli that were held out"
    return "On people who were held out"


def calibrated_on(plan: Plan) -> str:
    """Return on whom what calibrates is fitted."""
    whom = "recordings" if plan.protocol == "paper" else "people"
    return f"What calibrates is fitted on {whom} that the network did not learn from"


def guess(plan: Plan, figures: Mapping[str, Any], trained_on: str) -> str:
    """Return why a target's answers are no more than a guess; "" where they are better than chance.

    That is so where the interval of the AUC over the windows that were tested reaches down to 0.5.

    Parameters
    ----------
    plan : Plan
        Which sides were tested.
    figures : mapping
        Of the target, as in metrics.json.
    trained_on : str
        What was learnt from.
    """
    own = figures["windows"]["models"]["rtcan"]
    if own["auc_95"] is None or own["auc_95"][0] > 0.5:
        return ""
    low, high = own["auc_95"]
    whom = "recordings" if plan.protocol == "paper" else "people"
    return (
        f"on {whom} held out it was no better than chance (AUC {own['auc']:.2f}, {low:.2f} to "
        f"{high:.2f}; {trained_on})"
    )


def same_answers(final: Mapping[str, Combination]) -> list[str]:
    """Return a note for each target of which the final model has nothing to say."""
    return [
        f"The final model gives everybody the same probability of high {target}: on those held "
        "out of its training, no part of it told the classes apart."
        for target, weights in final.items()
        if weights.deep == 0 and weights.wide == 0
    ]


def transferred(problem: Problem, tested: Problem) -> list[str]:
    """Return what a reader must know of a model that is tested on another data set."""
    one, other = problem.data.name, tested.data.name
    notes = [
        f"{t.capitalize()} is not tested: {other} has no labels of it."
        for t in problem.targets
        if t not in tested.targets
    ]
    notes += [
        f"{other} has {t} too, which was not learnt from {one}: it is not tested."
        for t in tested.data.targets
        if t not in problem.targets
    ]
    learnt, rated = problem.annotation.rule, tested.annotation.rule
    if learnt != rated:
        notes.append(
            f"High does not mean the same in both. Learnt from {one}: {learnt}. Tested on {other}: "
            f"{rated}. The names agree; what they stand for does not."
        )
    return notes


def final_model(
    plan: Plan,
    own: Mapping[str, Split],
    subjects: Sequence[str],
    *,
    networks: int = 1,
    wide: bool = False,
) -> str:
    """Return what the final model learnt from, and how it relates to the figures.

    Parameters
    ----------
    plan : Plan
        How the folds were split.
    own : mapping of str to Split
        Of the final model itself, by target.
    subjects : sequence of str (recordings,)
        Subject of each recording.
    networks : int
        Members of the ensemble.
    wide : bool
        Whether there is a linear path.
    """
    told = {t: _learnt(plan, split, subjects, networks, wide) for t, split in own.items()}
    trained = next(iter(told.values()))
    if len(set(told.values())) > 1:
        trained = "; ".join(f"for {target}, {words}" for target, words in told.items())
    if plan.single:
        return f"the model of the one split, {trained}"
    return f"fitted once more for use, {trained}; the figures are the folds'"


def _learnt(plan: Plan, split: Split, subjects: Sequence[str], networks: int, wide: bool) -> str:
    everybody = _count(np.union1d(split.train, split.validation), subjects)
    pairs = plan.protocol == "paper"
    if networks > 1:
        others = "recordings" if pairs else "people"
        return (
            f"{networks} networks{' and a linear path' if wide else ''} that together learnt from "
            f"{everybody}; each network left out other {others} of them, which chose its epoch and "
            "calibrate the whole"
        )
    if pairs:
        chose = f"{len(split.validation)} other recordings, of the same people,"
    else:
        chose = _count(split.validation, subjects, "other ")
    linear = f"; its linear path learnt from all {everybody}" if wide else ""
    return (
        f"learnt from {_count(split.train, subjects)}; {chose} chose its epoch and calibrate it"
        f"{linear}"
    )


def _count(side: Index, subjects: Sequence[str], other: str = "") -> str:
    people = len({subjects[i] for i in side})
    return f"{len(side)} recordings of {people} {other}{'person' if people == 1 else 'people'}"
