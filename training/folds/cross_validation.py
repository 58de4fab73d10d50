"""Many fits: side by side or stacked, here or on a cluster, each kept as soon as it is done."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from training.compute.fingerprint import code, fingerprint
from training.compute.workers import Workers, cores
from training.fitting.fit import Epoch, batch_size
from training.folds.bundle import fit_bundle
from training.folds.journal import Journal, Outcome
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Split

# Samples of a step (batch x input length) that caches hold the layers of.
_CACHED = 300_000


@dataclass(frozen=True)
class Fit:
    """One network to be fitted: of which problem, for which target, on which split.

    The label tells problems apart where a run has several, and is "" or ends in a space.
    """

    problem: Problem
    target: str
    split: Split
    label: str = ""


class StoppedError(Exception):
    """Raised within a fit when the run is interrupted."""


class Listener:
    """Who wants to know how fits go; does nothing by itself."""

    def epoch(self, fit: Fit, epoch: Epoch) -> None:
        """Hear what an epoch gave; while it happens, or afterwards for what was done elsewhere."""

    def done(self, fit: Fit, epochs_left: int) -> None:
        """Hear that a fit is done, so many epochs before the most that were allowed."""

    def note(self, text: str) -> None:
        """Hear something that the user should know."""


def key(one: Fit) -> str:
    """Return a hash of everything that a fit's outcome depends on, 32 hexadecimal digits."""
    return fingerprint(one.problem.fingerprint, one.target, one.split, code(__name__))


def run(
    fits: Sequence[Fit],
    device: torch.device,
    journal: Journal,
    workers: Workers,
    *,
    stack: int | None = None,
    listener: Listener | None = None,
) -> list[Outcome]:
    """Fit all and return the outcomes in the same order.

    Parameters
    ----------
    fits : sequence of Fit
        What to fit.
    device : torch.device
        Where to compute.
    journal : Journal
        Where outcomes are kept, and found again.
    workers : Workers
        What fits run on: on CPUs as many at a time as `threads_of` leaves cores for.
    stack : int or None
        How many fits are computed as one program (`training.fitting.stack`); None for
        `stack_size`.
    listener : Listener or None
        Who is told.

    Raises
    ------
    DatasetError
        If a side of a split cannot be learnt from.
    FitError
        If the validation loss of a fit is never a number; names the fit.
    RtcanError
        If the memory does not hold a single fit.
    KeyboardInterrupt
        If the run is interrupted; what is done is kept.
    """
    listener = listener or Listener()
    for one in fits:
        one.problem.check(one.target, one.split)
    problems = list({id(f.problem): f.problem for f in fits}.values())
    places = {id(problem): place for place, problem in enumerate(problems)}
    which = [places[id(one.problem)] for one in fits]
    keys = [key(one) for one in fits]
    outcomes: list[Outcome | None] = []
    for number, one in enumerate(fits):
        found = journal.load(keys[number], one.target, one.split.name)
        outcomes.append(found)
        if found is not None:
            _tell(listener, one, found.history)
            listener.done(one, one.problem.settings.epochs - len(found.history))
    rest = [number for number, found in enumerate(outcomes) if found is None]
    if stack is None:
        stack = stack_size(device, workers, len(rest))
    bundles = list(_bundles(fits, which, rest, stack))
    scales = _music_scales(fits, which)
    stop = threading.Event()

    def hearing(bundle: list[int]) -> Callable[[int, Epoch], None]:
        def told(place: int, epoch: Epoch) -> None:
            if stop.is_set():
                raise StoppedError
            listener.epoch(fits[bundle[place]], epoch)

        return told

    tasks = [
        (
            which[bundle[0]],
            [(fits[n].target, fits[n].split, scales[n]) for n in bundle],
            str(device),
            hearing(bundle) if workers.local else None,
        )
        for bundle in bundles
    ]
    each = max((threads_of(problem) for problem in problems), default=1)
    # A GPU has one bundle at a time; so has a core, unless somebody asked for another number.
    abreast = 1 if device.type != "cpu" else None if workers.chosen else max(1, cores() // each)
    with threads(each):
        done = workers.run(
            fit_bundle, [(*task, each) for task in tasks], shared=[problems], threads=True,
            abreast=abreast,
        )  # fmt: skip
        try:
            for number, (found, together) in done:
                if together < len(bundles[number]):
                    listener.note(
                        f"The memory of {device} did not hold {len(bundles[number])} fits at once: "
                        f"{together} at a time"
                    )
                for at, outcome in zip(bundles[number], found, strict=True):
                    one, outcomes[at] = fits[at], outcome
                    journal.save(keys[at], outcome)
                    if not workers.local:
                        _tell(listener, one, outcome.history)
                    listener.done(one, one.problem.settings.epochs - len(outcome.history))
        except BaseException:
            stop.set()
            raise
    return [outcome for outcome in outcomes if outcome is not None]


def stack_size(device: torch.device, workers: Workers, fits: int) -> int:
    """Return how many fits are one program by default.

    One on a CPU. On an accelerator all of them, or on a cluster each worker's share.
    """
    if device.type == "cpu":
        return 1
    return max(1, fits if workers.local else -(-fits // workers.jobs))


def threads_of(problem: Problem) -> int:
    """Return how many threads a fit uses on a CPU.

    One, because a second gains a network of this size little and a fit more on its core much; but
    two where a step is larger than the caches hold, because fits side by side then take the memory
    from each other: 88 against 65 windows a second for batches of 300 inputs of 2500 samples, 101
    against 114 for batches of 32 (`benchmarks.training`). By the problem alone: sums depend on
    their number, and results shall not depend on the machine's.
    """
    return 1 if problem.settings.batch_size * problem.config.input_length < _CACHED else 2


def _bundles(
    fits: Sequence[Fit], which: Sequence[int], rest: Sequence[int], most: int
) -> Iterator[list[int]]:
    """Yield numbers of fits that can be one stack: of one problem, and with steps of one size."""

    def kind(number: int) -> tuple[int, int]:
        one = fits[number]
        return which[number], batch_size(len(one.split.train), one.problem.settings)

    # Sorted in a way that keeps the order of those of a kind.
    for _, group in itertools.groupby(sorted(rest, key=kind), key=kind):
        numbers = list(group)
        for start in range(0, len(numbers), most):
            yield numbers[start : start + most]


def _music_scales(fits: Sequence[Fit], which: Sequence[int]) -> list[MusicScale]:
    """Return the scale of each fit's songs.

    Both targets' networks, and all members of an ensemble, stand in one contract, which has one
    scale: that of the songs of the fold's training sides, whichever they are for.
    """
    keys = [(problem, one.split.fold) for problem, one in zip(which, fits, strict=True)]
    sides: dict[tuple[int, str], list[Any]] = {}
    for key, one in zip(keys, fits, strict=True):
        sides.setdefault(key, []).append(one.split.train)
    made: dict[tuple[int, str], MusicScale] = {}
    for key, one in zip(keys, fits, strict=True):
        if key not in made:
            made[key] = one.problem.music_scale(np.unique(np.concatenate(sides[key])))
    return [made[key] for key in keys]


def _tell(listener: Listener, one: Fit, history: Sequence[dict[str, Any]]) -> None:
    for epoch in history:
        listener.epoch(one, Epoch(**epoch))


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch use so many threads within a fit."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
