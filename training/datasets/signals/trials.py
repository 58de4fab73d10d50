"""From a subject's raw trials to those that can be used, with a tally of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from device.samples import FloatArray
from training.datasets.signals.checks import signal_fault
from training.datasets.signals.units import to_conductance


@dataclass
class Tally:
    """What was read how, and what was left out, over all subjects of a data set.

    Attributes
    ----------
    skipped : Counter
        Trials left out, by reason.
    units : Counter
        Trials used, by how their channel was read.
    outliers, samples : int
        Samples of the trials used that cannot be true and count as missing; all of their samples.
    """

    skipped: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    outliers: int = 0
    samples: int = 0

    def notes(self) -> tuple[str, ...]:
        """Return what whoever reads a result must know, in sentences."""
        notes = [f"GSR channel: {kind} ({count} trials)" for kind, count in self.units.items()]
        if self.outliers:
            notes.append(
                f"{self.outliers} of {self.samples} samples of the GSR channel lie outside what "
                "skin can have and count as missing."
            )
        return tuple(notes)


def usable_trials(
    trials: Mapping[str, FloatArray], unit: str, tally: Tally
) -> dict[str, FloatArray]:
    """Return those of one subject's trials that can be used, as conductance.

    Parameters
    ----------
    trials : mapping of str to float64 (n,)
        As published, by the name of the stimulus; NaN where there is no value.
    unit : "auto", "ohm" or "us"
        See `to_conductance`.
    tally : Tally
        Told what is left out and why, and how the rest was read.
    """
    finite = {}
    for name, trial in trials.items():
        # Infinite values are outliers like others; what else is wrong shows without them.
        fault = signal_fault(np.where(np.isinf(trial), np.nan, trial))
        if fault is None:
            finite[name] = trial
        else:
            tally.skipped[fault] += 1
    made = to_conductance(list(finite.values()), unit)
    kept = {}
    for name, eda_us, outliers in zip(finite, made.trials, made.outliers, strict=True):
        fault = signal_fault(eda_us, outliers)
        if fault is not None:
            tally.skipped[fault] += 1
            continue
        kept[name] = eda_us
        tally.outliers += outliers
        tally.samples += eda_us.size
        tally.units[made.kind] += 1
    return kept
