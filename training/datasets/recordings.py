"""Recordings: one subject and one stimulus, as every data set yields them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from device.samples import Samples

TARGETS = ("arousal", "valence")


@dataclass(frozen=True)
class Recording:
    """Skin conductance of one subject under one stimulus.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers, unique within the data set.
    samples : Samples
        Time from 0 (s) and conductance (microsiemens).
    ratings : mapping of str to float
        "arousal" and "valence" on the data set's scale.
    stimulus_start_s : float
        Time at which the stimulus begins; what lies before serves as context only.
    """

    subject: str
    stimulus: str
    samples: Samples
    ratings: Mapping[str, float]
    stimulus_start_s: float = 0.0

    def with_context(self, context_s: float) -> Samples:
        """Return the samples from `context_s` before the stimulus on, as far as there are any."""
        keep = self.samples.time_s >= self.stimulus_start_s - context_s - 1e-9
        return Samples(self.samples.time_s[keep], self.samples.eda_us[keep])


@dataclass(frozen=True)
class Dataset:
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
    """

    name: str
    trained_on: str
    recordings: list[Recording]
    rating_range: tuple[float, float]
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def subjects(self) -> list[str]:
        """Names of all subjects, sorted."""
        return sorted({recording.subject for recording in self.recordings})
