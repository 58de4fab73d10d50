"""One learning problem: windows, classes, who stands where, and how to fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from runtime.inference.music import standardise
from training.compute.fingerprint import Fingerprinted
from training.datasets.recordings import Dataset
from training.fitting.data import Data
from training.fitting.settings import Settings
from training.folds.splits import Index, Plan, Split, splits
from training.labels.annotation import Annotation
from training.network.model import NetworkConfig
from training.windows.cut import Windows


@dataclass(frozen=True)
class MusicScale:
    """Mean and standard deviation of the music features (m,) of a training side."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Problem(Fingerprinted):
    """What is learnt, and how; its `fingerprint` is of all of it.

    Attributes
    ----------
    data : Dataset
        Recordings that have windows.
    windows : Windows
        Theirs.
    annotation : Annotation
        Their classes.
    targets : tuple of str
        What is learnt.
    config : NetworkConfig
        Shape of the networks.
    settings : Settings
        How to fit.
    plan : Plan
        How to split.
    ensemble : int
        Networks per fold, averaged.
    wide : bool
        Whether a linear path on plain features stands beside them.
    """

    data: Dataset
    windows: Windows
    annotation: Annotation
    targets: tuple[str, ...]
    config: NetworkConfig
    settings: Settings
    plan: Plan
    ensemble: int = 1
    wide: bool = False

    @property
    def subjects(self) -> list[str]:
        """Subject of each recording."""
        return [recording.subject for recording in self.data.recordings]

    @property
    def stimuli(self) -> list[str]:
        """Stimulus of each recording."""
        return [recording.stimulus for recording in self.data.recordings]

    @property
    def kinds(self) -> list[str]:
        """Kind of each recording's stimulus: its class by target, where everybody has the same."""
        _, stimulus = np.unique(self.stimuli, return_inverse=True)
        known = []
        for truth in (self.annotation.classes[target] for target in self.targets):
            number = int(stimulus.max()) + 1
            high, low = (np.bincount(stimulus[truth == c], minlength=number) > 0 for c in (1, 0))
            known.append(np.where(high == low, "?", np.where(high, "high", "low")))
        of = [" ".join(kind) for kind in zip(*known, strict=True)]
        return [of[n] for n in stimulus]

    def splits(self, target: str) -> list[Split]:
        """Return the splits of the recordings that are for a target.

        People and stimuli are dealt out among all recordings, whatever they are for, so that both
        targets have the same folds; pairs, by the target's own classes.
        """
        truth = self.annotation.classes[target]
        usable = np.flatnonzero(truth >= 0)
        if usable.size == 0:
            raise DatasetError(f"No recording of {self.data.name} has a class for {target}")
        if self.plan.protocol == "paper":
            subjects, stimuli = np.array(self.subjects)[usable], np.array(self.stimuli)[usable]
            found = splits(self.plan, list(subjects), list(stimuli), truth[usable])
            return [
                Split(s.name, usable[s.train], usable[s.validation], usable[s.test]) for s in found
            ]
        masked = []
        for s in splits(self.plan, self.subjects, self.stimuli, truth, self.kinds):
            sides = [side[truth[side] >= 0] for side in (s.train, s.validation, s.test)]
            if sides[2].size:
                masked.append(Split(s.name, *sides))
        return masked

    def check(self, target: str, split: Split) -> None:
        """Raise `DatasetError` if a target cannot be learnt on a split.

        It can if the sides that learn and choose have windows, and the first has both classes.
        """
        sides = (split.train, split.validation)
        if not all(self.windows.of(side).size for side in sides):
            raise DatasetError(
                f"A side of the split has no usable window for {target} ({split.name}); what was "
                f"refused: {dict(self.windows.refused)}. Use fewer --folds."
            )
        classes = np.unique(self.annotation.classes[target][split.train])
        if classes.size < 2:
            kind = "high" if classes[0] else "low"
            raise DatasetError(
                f"All training recordings of {self.data.name} have {kind} {target} "
                f"({split.name}); two classes are needed. Try other --labels or fewer --folds."
            )

    def music_scale(self, training: Index) -> MusicScale:
        """Return the scale of the songs of these recordings; each song counts once."""
        if not self.config.music:
            return MusicScale()
        songs = sorted({self.data.recordings[i].stimulus for i in training})
        table = np.stack([self.data.music[song] for song in songs]).astype(np.float64)
        std = table.std(axis=0)
        # A feature that is the same in all songs tells nothing, and is left where it is.
        std[std < 1e-12 * np.maximum(np.abs(table.mean(axis=0)), 1.0)] = 1.0
        return MusicScale(tuple(table.mean(axis=0).tolist()), tuple(std.tolist()))

    def select(self, target: str, side: Index, scale: MusicScale, *, short: bool = False) -> Data:
        """Return the windows of some recordings; those of a short past only where asked."""
        window = self.windows.of(side, short=short)
        recording = self.windows.recording[window]
        truth = self.annotation.classes[target][recording]
        music, song = self.music(recording, scale)
        return Data(self.windows.inputs, window, recording, truth, music, song)

    def music(
        self, recording: Index, scale: MusicScale
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None]:
        """Return standardised features of songs, and the row of it for each recording given."""
        if not self.config.music:
            return None, None
        stimuli = np.array(self.stimuli)
        songs, song = np.unique(stimuli[recording], return_inverse=True)
        table = np.stack([self.data.music[name] for name in songs])
        return standardise(table, scale.mean, scale.std), song.astype(np.int64)
