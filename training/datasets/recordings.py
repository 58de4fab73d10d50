"""Recordings: one subject and one stimulus, as every data set yields them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from device.samples import Samples
from training.compute.fingerprint import Fingerprinted

if TYPE_CHECKING:
    from training.datasets.sessions import Session

TARGETS = ("arousal", "valence")


@dataclass(frozen=True)
class Recording:
    """Skin conductance of one subject under one stimulus.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers, unique within the data set.
    samples : Samples
        Time from 0 (s) and conductance (microsiemens). Empty once the windows are cut, or where
        the data set gives finished windows (`channels`).
    ratings : mapping of str to float
        "arousal" and "valence" on the data set's scale; empty where only classes are known.
    stimulus_start_s : float
        Time at which the stimulus begins; what lies before serves as context only.
    classes : mapping of str to int
        Classes that the data set's authors decided themselves, 0 low and 1 high.
    targets : tuple of str
        What the recording may be used for: in PMEmo of 2018 each song was heard twice, once while
        arousal was rated and once while valence was.
    channels : mapping of str to float32 (n,), or None
        Tonic, phasic and origin as somebody else decomposed them: a prepared folder.
    session : str
        Name of the session of which it is the segment named `stimulus`; "" for a trial by itself,
        or one of the person's only sitting.
    turn : int
        Place among the trials of the person's sitting, from 1; 0 where the files do not tell it,
        and the order of the recordings counts.
    """

    subject: str
    stimulus: str
    samples: Samples
    ratings: Mapping[str, float]
    stimulus_start_s: float = 0.0
    classes: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[str, ...] = TARGETS
    channels: Mapping[str, NDArray[np.float32]] | None = None
    session: str = ""
    turn: int = 0

    def with_context(self, context_s: float) -> Samples:
        """Return the samples from `context_s` before the stimulus on, as far as there are any."""
        keep = self.samples.time_s >= self.stimulus_start_s - context_s - 1e-9
        return Samples(self.samples.time_s[keep], self.samples.eda_us[keep])


@dataclass(frozen=True)
class Dataset(Fingerprinted):
    """All recordings of a data set.

    Attributes
    ----------
    name : str
        Its name on the command line.
    trained_on : str
        What a model of it may say that it learnt from, in words.
    recordings : list of Recording
        Sorted by subject and stimulus.
    rating_range : (float, float)
        Ends of the rating scale.
    skipped : Counter
        Trials that were left out, by reason.
    notes : tuple of str
        What whoever reads a result must know of how the files were read.
    song_level : bool
        Ratings belong to the stimulus, not to the subject: everybody who heard a song has the
        same label.
    class_rule : str
        How classes were decided, in words, where recordings carry classes.
    words : mapping of str to (str, str)
        By target, what low and high mean, for people; empty where these words say it.
    sessions : tuple of Session
        Sittings without interruption, by different names, where the files hold them; empty once
        the windows are cut.
    music : mapping of str to float32 (features,)
        Static music features by stimulus, as extracted; empty where there are none.
    """

    name: str
    trained_on: str
    recordings: list[Recording]
    rating_range: tuple[float, float]
    skipped: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    song_level: bool = False
    music: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    class_rule: str = "classes as the published code decided them"
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What can be learnt from it: not every data set has both."""
        return tuple(
            target
            for target in TARGETS
            if any(
                target in r.targets and (target in r.ratings or target in r.classes)
                for r in self.recordings
            )
        )

    @property
    def subjects(self) -> list[str]:
        """Names of all subjects, sorted."""
        return sorted({recording.subject for recording in self.recordings})
