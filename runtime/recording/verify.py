"""The audit: a recording's samples through a model again, and the answers bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.classifier import Classifier
from runtime.decision import Decider, DecisionSettings
from runtime.pipeline import Pipeline
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
    """

    windows: int
    differing: tuple[str, ...]


def verify(recording: Recording, classifier: Classifier) -> Verdict:
    """Predict a recording's windows again and compare all but the times it took.

    Raises
    ------
    device.errors.RecordingError
        If the recording is damaged.
    """
    pipeline = Pipeline(classifier)
    decider = Decider(classifier.contract, DecisionSettings(**recording.header["decision"]))
    columns = prediction_columns([target.name for target in classifier.contract.targets])
    compared = len(columns) - len(TIMING)
    recorded = recording.prediction_rows()
    windows = 0
    differing: list[str] = []
    for block in recording.blocks():
        for prediction in pipeline.push(block):
            row = prediction_row(exact(decider.push(prediction)))
            known = next(recorded, None)
            if known is None:
                # The run was cut off between a window's last sample and its answer.
                continue
            windows += 1
            for name, old, new in zip(columns[:compared], known, row, strict=False):
                if old != new and len(differing) < 5:
                    differing.append(f"window {row[0]}, {name}: recorded {old}, now {new}")
    left = sum(1 for _ in recorded)
    if left:
        differing.append(f"{left} recorded windows did not come again")
    return Verdict(windows, tuple(differing))
