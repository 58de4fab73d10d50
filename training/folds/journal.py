"""What each fit gave, on disk as soon as it is done, so that an interrupted run can go on."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from runtime.files import whole_file
from training.folds.problem import MusicScale


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
        Epochs, see `training.fitting.fit.Epoch`.
    state : dict of str to Tensor
        The network's weights.
    scale : MusicScale
        Of the training side.
    validation : int64 (m,)
        Windows of the validation side.
    validation_logits : float32 (m, 2)
        Their logits.
    """

    target: str
    name: str
    window: NDArray[np.int64]
    logits: NDArray[np.float32]
    temperature: float
    history: list[dict[str, Any]]
    state: dict[str, torch.Tensor]
    scale: MusicScale
    validation: NDArray[np.int64]
    validation_logits: NDArray[np.float32]


class Journal:
    """A folder with a file per fit.

    Parameters
    ----------
    folder : Path or None
        Where to; None keeps nothing.
    resume : bool
        Whether to take what is there; otherwise it is removed.

    Attributes
    ----------
    resumed, damaged : int
        How many fits were taken from it, and how many files could not be read and were removed.
    """

    def __init__(self, folder: Path | None, resume: bool = False) -> None:
        self.folder = folder
        self.resumed = self.damaged = 0
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
                stored["validation"].numpy(),
                stored["validation_logits"].numpy(),
            )
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, LookupError):
            path.unlink()
            self.damaged += 1
            return None
        self.resumed += 1
        return out

    def save(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome, completely or not at all."""
        path = self._path(key, outcome.target, outcome.name)
        if path is None:
            return
        # Copies: what came from another machine lies, with all that came along, in one buffer.
        data = {
            "window": torch.tensor(outcome.window),
            "logits": torch.tensor(outcome.logits),
            "temperature": outcome.temperature,
            "history": json.dumps(outcome.history),
            "state": {name: value.clone() for name, value in outcome.state.items()},
            "music_mean": torch.tensor(outcome.scale.mean, dtype=torch.float64),
            "music_std": torch.tensor(outcome.scale.std, dtype=torch.float64),
            "validation": torch.tensor(outcome.validation),
            "validation_logits": torch.tensor(outcome.validation_logits),
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

    def told(self) -> list[str]:
        """Return what a user should know about it."""
        found = []
        if self.resumed:
            found.append(f"{self.resumed} fits were taken from the interrupted run")
        if self.damaged:
            found.append(f"{self.damaged} fits kept there were damaged and are fitted anew")
        return found

    def _path(self, key: str, target: str, name: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f"{target}-{name.replace(', ', '-').replace(' ', '')}-{key}.fold"
