"""A bundle of fits as one program; in parts, where the memory does not hold it at once."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch

from device.errors import FitError, RtcanError
from training.fitting.calibration import fit_temperature
from training.fitting.data import Data
from training.fitting.fit import Epoch, NotFiniteError, Task, fit, predict
from training.folds.journal import Outcome
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Split
from training.network.model import RTCAN


def fit_bundle(
    problems: Sequence[Problem],
    which: int,
    own: list[tuple[str, Split, MusicScale]],
    device: str,
    told: Callable[[int, Epoch], None] | None,
    each: int,
) -> tuple[list[Outcome], int]:
    """Return the outcomes of a bundle, and how many were fitted at once.

    Parameters
    ----------
    problems : sequence of Problem
        All that a run has.
    which : int
        Whose fits these are.
    own : list of (target, split, scale of the songs)
        What to fit.
    device : str
        Where to compute.
    told : callable or None
        Told the number of a fit and what its epoch gave; None on a worker of a cluster, which has
        nobody to tell.
    each : int
        Threads of a fit there.

    Raises
    ------
    FitError
        If the validation loss of a fit is never a number; names the fit.
    RtcanError
        If the memory does not hold a single fit.
    """
    if told is None:  # a worker of a cluster
        torch.set_num_threads(each)
        told = _unheard
    heard = told
    place, problem, most = torch.device(device), problems[which], len(own)
    tasks = [_task(problem, *one) for one in own]
    while True:
        found: list[tuple[RTCAN, list[Epoch]]] = []
        try:
            for start in range(0, len(own), most):
                found += fit(
                    problem.config, tasks[start : start + most], problem.settings, place,
                    functools.partial(_from, start, heard),
                )  # fmt: skip
            outcomes = [
                _outcome(problem, *one, task.validation, *fitted, place)
                for one, task, fitted in zip(own, tasks, found, strict=True)
            ]
            return outcomes, most
        except NotFiniteError as error:
            target, split, _ = own[len(found) + error.task]
            raise FitError(
                f"No epoch of {len(error.history)} gave a validation loss that is a number "
                f"({target}, {split.name}): the weights grew without bound. Try a lower "
                "--learning-rate, or --precision fp32."
            ) from error
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            reason = str(error).splitlines()[0]
        # Outside of the handler, which would hold on to what filled the memory.
        if most == 1:
            raise RtcanError(
                f"The memory of {device} does not hold a single fit: {reason}. Try a smaller "
                "--batch-size or --input-length, or fewer --jobs."
            )
        most = -(-most // 2)
        if place.type == "cuda":
            torch.cuda.empty_cache()


def _task(problem: Problem, target: str, split: Split, scale: MusicScale) -> Task:
    train = problem.select(target, split.train, scale, short=True)
    return Task(train, problem.select(target, split.validation, scale))


def _outcome(
    problem: Problem,
    target: str,
    split: Split,
    scale: MusicScale,
    validation: Data,
    network: RTCAN,
    history: list[Epoch],
    device: torch.device,
) -> Outcome:
    # Windows of a short past too: calibration must fit them as well.
    held_out = problem.select(target, split.validation, scale, short=True)
    answered = predict(network, held_out, device).numpy()
    chosen = answered[np.isin(held_out.window, validation.window)].astype(np.float64)
    window, logits = np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.float32)
    if split.test.size:
        test = problem.select(target, split.test, scale, short=True)
        window, logits = test.window, predict(network, test, device).numpy()
    return Outcome(
        target,
        split.name,
        window,
        logits,
        fit_temperature(chosen, validation.truth, validation.weight),
        [dataclasses.asdict(epoch) for epoch in history],
        network.state_dict(),
        scale,
        held_out.window,
        answered,
    )


def _from(start: int, told: Callable[[int, Epoch], None], number: int, epoch: Epoch) -> None:
    told(start + number, epoch)


def _unheard(place: int, epoch: Epoch) -> None:
    """Tell nobody: who wants to know is on another machine."""


def _out_of_memory(error: RuntimeError) -> bool:
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in ("out of memory", "can't allocate memory"))
