"""The audit: a recording's samples through a model again, and the answers bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline
from runtime.recording.finish import TIMING, prediction_columns, prediction_row
from runtime.recording.load import Recording
from runtime.recording.recorder import exact


@dataclass(frozen=True)
class Verdict:
    """What a comparison gave.

    Attributes
    ----------
    windows : int
        Compared.
    differing : tuple of str
        The first few differences, in words; empty when all is equal.
    unanswered : int
        Windows at the end for which nothing is recorded. A run that was cut off has those of its
        last samples.
    """

    windows: int
    differing: tuple[str, ...]
    unanswered: int = 0


def verify(
    recording: Recording, classifier: Classifier, music: NDArray[np.float32] | None = None
) -> Verdict:
    """Predict a recording's windows again and compare all but the times it took.

    Parameters
    ----------
    recording : Recording
        Finished or not.
    classifier : Classifier
        The model that was used.
    music : float32 (features,) or None
        The song that was heard, for a model that was trained with music.

    Raises
    ------
    device.errors.ModelError
        If music is missing or not asked for.
    device.errors.RecordingError
        If the recording is damaged.
    device.errors.SignalError
        If it began with a personal reference that is not this model's.
    """
    pipeline = Pipeline(classifier, music)
    known = recording.header.get("reference")
    if known is not None and pipeline.preprocessor.reference is not None:
        pipeline.preprocessor.reference.load(known)  # what the person's profile gave
    decider = Decider(classifier.contract, DecisionSettings(**recording.header["decision"]))
    columns = prediction_columns([target.name for target in classifier.contract.targets])
    compared = len(columns) - len(TIMING)
    recorded = recording.prediction_rows()
    windows = unanswered = 0
    differing: list[str] = []
    for block in recording.blocks():
        for prediction in pipeline.push(block):
            row = prediction_row(exact(decider.push(prediction)))
            old_row = next(recorded, None)
            if old_row is None:
                # The run was cut off between a window's last sample and its answer.
                unanswered += 1
                continue
            windows += 1
            if len(old_row) != len(columns):
                differing.append(f"window {row[0]}: {len(old_row)} cells, not {len(columns)}")
                continue
            for name, old, new in list(zip(columns, old_row, row, strict=True))[:compared]:
                if old != new and len(differing) < 5:
                    differing.append(f"window {row[0]}, {name}: recorded {old}, now {new}")
    left = sum(1 for _ in recorded)
    if left:
        differing.append(f"{left} recorded windows did not come again")
    return Verdict(windows, tuple(differing[:5]), unanswered)
