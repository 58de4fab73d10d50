"""Learnt on one data set, tested on another: its people, its sensor, its own ratings or labels.

What is tested is the final model of a run, and nothing of it is fitted or chosen anew. Beside it
stand the same figures and controls as in the folds: the regression, the clock and the majority have
learnt where the model has, the personal and the stimulus prior from the people of the test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from device.errors import DatasetError
from training.datasets.recordings import Dataset
from training.fitting.calibration import probability_high
from training.fitting.fit import predict
from training.folds.assembly import Assembled
from training.folds.problem import Problem
from training.folds.splits import Split
from training.labels.annotation import Annotation
from training.measures import controls, figures, wording
from training.network.model import RTCAN
from training.windows.cut import Windows

NAME = "transfer"


def other(problem: Problem, data: Dataset, windows: Windows, made: Annotation) -> Problem:
    """Return the other data set, as what a problem's final model is tested on.

    Parameters
    ----------
    problem : Problem
        What is learnt.
    data, windows, made
        The other one's recordings, their windows by the same contract, and their classes.

    Raises
    ------
    DatasetError
        If it has nothing that is learnt.
    """
    common = tuple(t for t in problem.targets if (made.classes[t] >= 0).any())
    if not common:
        raise DatasetError(
            f"--test-on {data.name}: it has {' and '.join(data.targets) or 'no labels'}, but "
            f"{' and '.join(problem.targets)} is learnt from {problem.data.name}; a target of both "
            "was expected"
        )
    return dataclasses.replace(problem, data=data, windows=windows, annotation=made, targets=common)


def evaluate(
    problem: Problem,
    tested: Problem,
    chosen: Mapping[str, Assembled],
    own: Mapping[str, Split],
    device: torch.device,
) -> tuple[dict[str, Any], str]:
    """Test the final model; return what stands under "transfer" in metrics.json, and all windows.

    Parameters
    ----------
    problem : Problem
        What was learnt.
    tested : Problem
        See `other`.
    chosen, own : mapping of str to Assembled, and to Split
        The final model, and who it learnt from, by target.
    device : torch.device
        Where to compute.

    Returns
    -------
    dict
        Figures and controls by target, and what the data are.
    str
        Every tested window as CSV, see `training.measures.controls.table`.
    """
    both = _joined(problem, tested)
    first = len(problem.data.recordings)
    found: dict[str, Any] = {}
    answers: dict[str, list[Assembled]] = {}
    for target in tested.targets:
        test = np.flatnonzero(tested.annotation.classes[target] >= 0).astype(np.int64)
        answer = _answer(tested, target, chosen[target], test, device)
        before = len(problem.windows.recording)
        at = dataclasses.replace(
            answer, window=answer.window + before, restarted=answer.restarted + before
        )
        split = Split(NAME, own[target].train, own[target].validation, test + first)
        of = (both, target, [split], [at])
        found[target] = figures.evaluate(*of, figures.decide(*of), raters=split.test)
        answers[target] = [answer]
    return _described(problem, tested) | {"targets": found}, controls.table(tested, answers)


def _answer(
    tested: Problem, target: str, model: Assembled, test: np.ndarray[Any, Any], device: torch.device
) -> Assembled:
    """Return what the final model says of the windows of some recordings."""
    data = tested.select(target, test, model.scale, short=True)
    margins = []
    for state in model.states:
        member = RTCAN(tested.config)
        member.load_state_dict(state)
        logits = predict(member, data, device).numpy().astype(np.float64)
        margins.append(np.diff(logits, axis=1)[:, 0])
    deep = np.mean(margins, axis=0)
    wide = None
    if model.linear is not None:
        wide = model.linear(tested.windows.features[data.window].astype(np.float64))
    margin = model.combination.margin(deep, wide)
    logits = np.stack([-margin / 2, margin / 2], axis=1)
    short = tested.windows.short[data.window]
    return dataclasses.replace(
        model,
        name=NAME,
        window=data.window[~short],
        logits=logits[~short],
        deep=deep[~short],
        wide=None if wide is None else wide[~short],
        restarted=data.window[short],
        restarted_probability=probability_high(logits[short]),
    )


def _joined(problem: Problem, tested: Problem) -> Problem:
    """Return both data sets as one, for figures and controls; without what networks are given."""
    parts, first = (problem.windows, tested.windows), len(problem.data.recordings)
    # A name that both have is of two people.
    learnt = [
        dataclasses.replace(r, subject=f"{problem.data.name}/{r.subject}")
        for r in problem.data.recordings
    ]
    windows = Windows(
        inputs=np.empty((sum(len(w.recording) for w in parts), 0, 0), dtype=np.float32),
        features=np.concatenate([w.features for w in parts]),
        recording=np.concatenate([parts[0].recording, parts[1].recording + first]),
        time_s=np.concatenate([w.time_s for w in parts]),
        past_s=np.concatenate([w.past_s for w in parts]),
        short=np.concatenate([w.short for w in parts]),
        refused=tested.windows.refused,
    )
    classes = {
        target: np.concatenate([p.annotation.classes[target] for p in (problem, tested)])
        for target in tested.targets
    }
    return dataclasses.replace(
        tested,
        data=dataclasses.replace(tested.data, recordings=[*learnt, *tested.data.recordings]),
        windows=windows,
        annotation=dataclasses.replace(tested.annotation, classes=classes),
    )


def _described(problem: Problem, tested: Problem) -> dict[str, Any]:
    made = tested.annotation
    return {
        "dataset": tested.data.name,
        "data": tested.data.trained_on,
        "recordings": len(tested.data.recordings),
        "people": len(tested.data.subjects),
        "windows": int(np.count_nonzero(~tested.windows.short)),
        "labels": made.rule,
        "labels_degenerate": dict(made.degenerate),
        "skipped": dict(tested.data.skipped),
        "refused": dict(tested.windows.refused),
        "notes": [*wording.transferred(problem, tested), *tested.data.notes],
    }
