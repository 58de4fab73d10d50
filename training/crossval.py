"""All folds of a problem: fitted side by side, each kept as soon as it is done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from device.errors import DatasetError
from training.files import whole_file
from training.fit import Epoch, fit, predict
from training.problem import MusicScale, Problem
from training.splits import Split
from training.temperature import fit_temperature


@dataclass(frozen=True)
class Outcome:
    """What one fit gave.

    Attributes
    ----------
    target, name : str
        Of what, and of which fold.
    window : int64 (n,)
        Which windows were tested.
    logits : float32 (n, 2)
        Their logits.
    temperature : float
        Chosen on the validation side.
    history : list of dict
        Epochs, see `training.fit.Epoch`.
    state : dict of str to Tensor
        The network's weights.
    scale : MusicScale
        Of the training side.
    """

    target: str
    name: str
    window: NDArray[np.int64]
    logits: NDArray[np.float32]
    temperature: float
    history: list[dict[str, Any]]
    state: dict[str, torch.Tensor]
    scale: MusicScale


class StoppedError(Exception):
    """Raised within a fit when the run is interrupted."""


class Kept:
    """Outcomes on disk, so that an interrupted run can go on.

    Parameters
    ----------
    folder : Path or None
        Where to; None keeps nothing.
    resume : bool
        Whether to take what is there; otherwise it is removed.
    """

    def __init__(self, folder: Path | None, resume: bool = False) -> None:
        self.folder = folder
        self.resumed = 0
        if folder is not None and not resume and folder.is_dir():
            for path in folder.glob("*.fold"):
                path.unlink()

    def load(self, key: str, target: str, name: str) -> Outcome | None:
        """Return the outcome of the very same fit, or None."""
        path = self._path(key, target, name)
        if path is None or not path.is_file():
            return None
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True)
            out = Outcome(
                target,
                name,
                stored["window"].numpy(),
                stored["logits"].numpy(),
                stored["temperature"],
                json.loads(stored["history"]),
                stored["state"],
                MusicScale(*(tuple(stored[k].tolist()) for k in ("music_mean", "music_std"))),
            )
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, LookupError):
            path.unlink()
            return None
        self.resumed += 1
        return out

    def save(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome, completely or not at all."""
        path = self._path(key, outcome.target, outcome.name)
        if path is None:
            return
        data = {
            "window": torch.from_numpy(outcome.window),
            "logits": torch.from_numpy(outcome.logits),
            "temperature": outcome.temperature,
            "history": json.dumps(outcome.history),
            "state": outcome.state,
            "music_mean": torch.tensor(outcome.scale.mean, dtype=torch.float64),
            "music_std": torch.tensor(outcome.scale.std, dtype=torch.float64),
        }
        with whole_file(path) as file:
            torch.save(data, file)

    def clear(self) -> None:
        """Remove all: the run is complete."""
        if self.folder is not None and self.folder.is_dir():
            for path in self.folder.glob("*.fold"):
                path.unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _path(self, key: str, target: str, name: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f"{target}-{name.replace(', ', '-').replace(' ', '')}-{key}.fold"


def identity(problem: Problem) -> str:
    """Return a key of everything that a fit depends on, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in (problem.windows.inputs, problem.windows.recording):
        digest.update(np.ascontiguousarray(array).data)
    facts = {
        "classes": {t: problem.annotation.classes[t].tolist() for t in problem.targets},
        "subjects": problem.subjects,
        "stimuli": problem.stimuli,
        "config": dataclasses.asdict(problem.config),
        "settings": dataclasses.asdict(problem.settings),
        "plan": dataclasses.asdict(problem.plan),
        "torch": str(torch.__version__),
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for name in ("model.py", "fit.py", "problem.py", "crossval.py", "splits.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


def run(
    problem: Problem,
    tasks: list[tuple[str, Split]],
    device: torch.device,
    kept: Kept,
    *,
    jobs: int | None = None,
    progress: Callable[[str, int], None] = lambda note, steps: None,
) -> list[Outcome]:
    """Fit every (target, split) and return the outcomes in the same order.

    Parameters
    ----------
    problem : Problem
        What is learnt.
    tasks : list of (str, Split)
        Which fits.
    device : torch.device
        Where to compute.
    kept : Kept
        Where outcomes are kept, and found again.
    jobs : int or None
        Fits at a time; None for one per core, or one on an accelerator. A network of this size
        gains nothing from a second thread.
    progress : callable
        Told a note and how many epochs are done with it.

    Raises
    ------
    DatasetError
        If a side of a split cannot be learnt from.
    KeyboardInterrupt
        If the run is interrupted; what is done is kept.
    """
    key = identity(problem)
    if jobs is None:
        jobs = _cores() if device.type == "cpu" else 1
    jobs = max(1, min(jobs, len(tasks)))
    stop = threading.Event()
    # Both targets' networks stand in one contract, which has one scale: that of the songs of the
    # fold's training side, whichever target they are for.
    scales = {
        name: problem.music_scale(np.unique(np.concatenate([s.train for _, s in own])))
        for name, own in _by_name(tasks).items()
    }

    def one(target: str, split: Split) -> Outcome:
        epochs = problem.settings.epochs
        found = kept.load(key, target, split.name)
        if found is not None:
            progress(f"{target}, {split.name}: kept", epochs)
            return found
        done = 0

        def told(epoch: Epoch) -> None:
            nonlocal done
            if stop.is_set():
                raise StoppedError
            done += 1
            progress(f"{target}, {split.name}: validation loss {epoch.validation_loss:.3f}", 1)

        outcome = _fit_one(problem, target, split, scales[split.name], device, told)
        kept.save(key, outcome)
        progress(f"{target}, {split.name}: done", epochs - done)
        return outcome

    with _threads(max(1, _cores() // jobs)), ThreadPoolExecutor(jobs) as pool:
        futures: list[Future[Outcome]] = [pool.submit(one, *task) for task in tasks]
        try:
            pending = set(futures)
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
    return [future.result() for future in futures]


def _fit_one(
    problem: Problem,
    target: str,
    split: Split,
    scale: MusicScale,
    device: torch.device,
    told: Callable[[Epoch], None],
) -> Outcome:
    train = problem.select(target, split.train, scale)
    if np.unique(train.truth).size < 2:
        kind = "high" if train.truth[0] else "low"
        raise DatasetError(
            f"All training recordings of {problem.data.name} have {kind} {target} ({split.name}); "
            "two classes are needed. Try other --labels or fewer --folds."
        )
    validation = problem.select(target, split.validation, scale)
    network, history = fit(problem.config, train, validation, problem.settings, device, told)
    chosen = predict(network, validation, device).numpy().astype(np.float64)
    window, logits = np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.float32)
    if split.test.size:
        window = np.flatnonzero(np.isin(problem.windows.recording, split.test)).astype(np.int64)
        test = problem.select(target, split.test, scale)
        logits = predict(network, test, device).numpy()
    return Outcome(
        target,
        split.name,
        window,
        logits,
        fit_temperature(chosen, validation.truth),
        [dataclasses.asdict(epoch) for epoch in history],
        {name: value.cpu() for name, value in network.state_dict().items()},
        scale,
    )


def _by_name(tasks: list[tuple[str, Split]]) -> dict[str, list[tuple[str, Split]]]:
    named: dict[str, list[tuple[str, Split]]] = {}
    for target, split in tasks:
        named.setdefault(split.name, []).append((target, split))
    return named


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Let torch use so many threads within a fit."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
