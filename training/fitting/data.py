"""The windows of one side of a split, and a shelf of them on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Data:
    """Windows of some recordings.

    Attributes
    ----------
    inputs : float32 (windows, 3, L)
        All network inputs of the problem; every side of every split shares this one array.
    window : int64 (n,)
        Which of them are meant.
    recording : int64 (n,)
        Which recording each belongs to.
    truth : int64 (n,)
        Class of each.
    music : float32 (songs, features) or None
        Standardised music features.
    song : int64 (n,) or None
        Row of `music` that belongs to each window.
    features : float32 (windows, k) or None
        Plain features of all windows in the person's own units, for the linear path.
    """

    inputs: NDArray[np.float32]
    window: NDArray[np.int64]
    recording: NDArray[np.int64]
    truth: NDArray[np.int64]
    music: NDArray[np.float32] | None = None
    song: NDArray[np.int64] | None = None
    features: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.window)

    @property
    def recordings(self) -> int:
        """How many recordings the windows are of."""
        return int(np.unique(self.recording).size)

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weight of each window (n,), so that all recordings weigh the same: 1 in sum each.

        An epoch shows every recording equally often, however many windows it has.
        """
        _, own, windows = np.unique(self.recording, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / windows[own], dtype=np.float64)

    def take(self, index: NDArray[np.int64]) -> Data:
        """Return some of these windows."""
        return replace(
            self,
            window=self.window[index],
            recording=self.recording[index],
            truth=self.truth[index],
            song=None if self.song is None else self.song[index],
        )

    def spread(self, most: int) -> Data:
        """Return at most `most` windows of each recording, evenly spread."""
        kept = []
        for recording in np.unique(self.recording):
            own = np.flatnonzero(self.recording == recording)
            kept.append(own[np.linspace(0, own.size - 1, min(most, own.size)).round().astype(int)])
        return self.take(np.concatenate(kept))


class Shelf:
    """Sides of several fits on the device, where a step takes its windows from.

    The inputs, which all share, are there once.

    Parameters
    ----------
    sides : sequence of Data
        One per fit, of the same `inputs`.
    device : torch.device
        Where to.
    """

    def __init__(self, sides: Sequence[Data], device: torch.device) -> None:
        inputs = sides[0].inputs
        if any(side.inputs is not inputs for side in sides):
            raise ValueError("fits of one stack must be about the same windows")
        self._inputs = to_device(inputs, device)
        self._window = _rows([side.window for side in sides], device)
        self._truth = _rows([side.truth for side in sides], device)
        self._tables = [
            to_device(s.music, device) for s in sides if s.music is not None and s.song is not None
        ]
        self._song = _rows([s.song for s in sides if s.song is not None], device)

    def take(self, fits: Tensor, index: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return what networks are asked about, and the answers.

        Parameters
        ----------
        fits : int64 (k,)
            Which fits, by number.
        index : int64 (k, n)
            Which windows of each fit's side.

        Returns
        -------
        tuple of float32 (k, n, 3, L), and (k, n, features) with music
        int64 (k, n)
            Classes.
        """
        eda = self._inputs[self._window[fits].gather(1, index)]
        truth = self._truth[fits].gather(1, index)
        if not self._tables:
            return (eda,), truth
        song = self._song[fits].gather(1, index)
        music = [self._tables[int(f)][own] for f, own in zip(fits.tolist(), song, strict=True)]
        return (eda, torch.stack(music)), truth


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return an array as a tensor there; on the CPU it shares the memory where it may."""
    # What another process sent may be read-only, which torch does not know.
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)


def _rows(sides: Sequence[NDArray[np.int64]], device: torch.device) -> Tensor:
    """Return rows of unlike length as one tensor (k, most); nothing asks for what fills them."""
    out = np.zeros((len(sides), max((len(side) for side in sides), default=0)), dtype=np.int64)
    for row, side in zip(out, sides, strict=True):
        row[: len(side)] = side
    return torch.from_numpy(out).to(device)
