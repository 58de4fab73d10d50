"""Sentences about who was tested and who was learnt from: one place, from plan and splits.

Card, report and terminal quote them, so that none of them claims people that were not held out.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.evaluation.splits import Index, Plan, Split


def measured_on(plan: Plan) -> str:
    """Return on what the figures of a plan were measured, as the beginning of a sentence."""
    if plan.protocol == "paper":
        return (
            "On recordings that were held out, while other recordings of the same people were "
            "learnt from: these figures say nothing about people not seen before"
        )
    if plan.songs_apart:
        return "On people and stimuli that were held out"
    return "On people who were held out"


def final_model(plan: Plan, split: Split, subjects: Sequence[str]) -> str:
    """Return what the final model learnt from, and how it relates to the figures.

    Parameters
    ----------
    plan : Plan
        How the folds were split.
    split : Split
        Of the final model itself.
    subjects : sequence of str (recordings,)
        Subject of each recording.
    """
    learnt = f"learnt from {_count(split.train, subjects)}"
    if plan.protocol == "paper":
        chose = f"{len(split.validation)} other recordings, of the same people,"
    else:
        chose = _count(split.validation, subjects, "other ")
    trained = f"{learnt}; {chose} chose its epoch and temperature"
    if plan.single:
        return f"the model of the one split, {trained}"
    return f"fitted once more for use, {trained}; the figures are the folds'"


def _count(side: Index, subjects: Sequence[str], other: str = "") -> str:
    people = len({subjects[i] for i in side})
    return f"{len(side)} recordings of {people} {other}{'person' if people == 1 else 'people'}"
