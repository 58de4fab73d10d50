"""What a model says, beside the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.readers.base import Source
from runtime.analysis.measures.table import Table
from runtime.inference.pipeline import Pipeline


def add_probabilities(features: Table, source: Source, model: Path) -> Table:
    """Return features with "probability_TARGET": the mean over windows that end in the interval.

    Parameters
    ----------
    features : Table
        With "onset" and "duration".
    source : Source
        The recording.
    model : Path
        An exported model.

    Raises
    ------
    device.errors.ModelError
        If it is none, or not for use on a stream.
    """
    pipeline = Pipeline(model)
    end_s: list[float] = []
    targets = [target.name for target in pipeline.contract.targets]
    found: dict[str, list[float]] = {name: [] for name in targets}
    for block in source.blocks():
        for prediction in pipeline.push(block):
            end_s.append(prediction.window.end_s)
            for name in targets:
                value = prediction.estimates[name].probability_high
                found[name].append(np.nan if value is None else value)
    onset_s = np.asarray(features["onset"], dtype=np.float64)
    first = np.searchsorted(end_s, onset_s, side="right")
    stop = np.searchsorted(end_s, onset_s + np.asarray(features["duration"], dtype=np.float64),
                           side="right")  # fmt: skip
    columns = dict(features)
    for name in targets:
        values = np.array(found[name])
        known = np.isfinite(values)
        total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
        count = np.concatenate([[0.0], np.cumsum(known)])
        number = count[stop] - count[first]
        mean = (total[stop] - total[first]) / np.where(number > 0, number, np.nan)
        columns[f"probability_{name}"] = mean
    return Table(columns)
