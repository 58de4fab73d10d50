"""The final model, fitted after the folds: who it learns from, and what travels with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.inference.prior import Prior
from runtime.preprocessing.contract import Contract, Target
from training.folds.assembly import Assembled
from training.folds.problem import Problem
from training.folds.splits import Split, inner
from training.labels.annotation import UNKNOWN
from training.network.checkpoint import Checkpoint

# Windows that travel in the checkpoint: to prove exports with, of people that it did not learn from
# where there are any; and of the training side, to calibrate quantised ones.
_EXAMPLES = 256
_CALIBRATION = 64


def split(problem: Problem, target: str) -> Split:
    """Return the split of the final model: nobody tests, a fifth validates."""
    truth = problem.annotation.classes[target]
    usable = np.flatnonzero(truth >= 0).astype(np.int64)
    # The same draw for both targets, so that the same people chose both.
    rng = np.random.default_rng(np.random.SeedSequence((problem.plan.seed, 1_000_000)))
    own = (problem.plan, problem.subjects, problem.stimuli, truth, usable)
    train, validation = inner(*own, rng, problem.kinds)
    return Split("final model", train, validation, np.empty(0, dtype=np.int64))


def finished(
    contract: Contract,
    problem: Problem,
    chosen: Mapping[str, Assembled],
    guesses: Mapping[str, str],
) -> Contract:
    """Return the contract with what was learnt beside the weights, and what is but a guess."""
    scale = chosen[problem.targets[0]].scale
    return dataclasses.replace(
        contract,
        targets=tuple(
            Target(
                name=t,
                words=tuple(problem.data.words.get(t, ())),
                guess=guesses.get(t, ""),
            )
            for t in problem.targets
        ),
        # Without a linear path the network has no second input.
        features=contract.features if problem.wide else (),
        labels=problem.annotation.rule,
        trained_on=problem.data.trained_on,
        music_mean=scale.mean,
        music_std=scale.std,
    )


def checkpoint(
    problem: Problem,
    contract: Contract,
    chosen: Mapping[str, Assembled],
    own: Mapping[str, Split],
    report: dict[str, Any],
    priors: Mapping[str, Prior] | None = None,
) -> Checkpoint:
    """Return what `training.network.checkpoint` saves.

    Parameters
    ----------
    problem : Problem
        What was learnt.
    contract : Contract
        The finished one.
    chosen : dict of str to Assembled
        The final fit of each target.
    own : mapping of str to Split
        The split of that fit. Examples are of those whom it tested, else of those who chose; with
        an ensemble or a linear path the latter were learnt from too, and have no truth.
    report : dict
        What stands in metrics.json.
    priors : mapping of str to Prior or None
        How people differ, by target, where that was learnt.
    """
    networks = {target: chosen[target].network(problem) for target in problem.targets}
    recording = problem.windows.recording
    side = {t: own[t].test if own[t].test.size else own[t].validation for t in problem.targets}
    held_out = {t: _held_out(problem, own[t]) for t in problem.targets}
    # Under `paper` each target has folds of its own: held out for one, learnt from for another.
    anybody = np.unique(np.concatenate(list(side.values())))
    trained = np.unique(np.concatenate([own[t].train for t in problem.targets]))
    strangers = _spread(problem.windows.of(anybody), _EXAMPLES)
    learnt = _spread(problem.windows.of(np.setdiff1d(trained, anybody)), _CALIBRATION)

    def songs(windows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        if not problem.config.music:
            return None
        heard = [problem.data.recordings[i].stimulus for i in recording[windows]]
        return np.stack([problem.data.music[song] for song in heard])

    def plain(windows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        return problem.windows.features[windows].astype(np.float32) if problem.wide else None

    return Checkpoint(
        contract,
        networks,
        examples=problem.windows.inputs[strangers],
        truth={
            t: np.where(
                np.isin(recording[strangers], held_out[t]),
                problem.annotation.classes[t][recording[strangers]],
                UNKNOWN,
            )
            for t in problem.targets
        },
        calibration=problem.windows.inputs[learnt],
        metrics=report,
        music=songs(strangers),
        calibration_music=songs(learnt),
        features=plain(strangers),
        calibration_features=plain(learnt),
        priors=priors or {},
    )


def _held_out(problem: Problem, split: Split) -> NDArray[np.int64]:
    """Return the recordings that no part of a final model learnt from."""
    if split.test.size:
        return split.test
    # Each member leaves out others, and the linear path nobody.
    together = problem.ensemble > 1 or problem.wide
    return np.empty(0, dtype=np.int64) if together else split.validation


def _spread(index: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most `most` of these windows, evenly spread."""
    return index[np.linspace(0, index.size - 1, min(most, index.size)).round().astype(np.int64)]
