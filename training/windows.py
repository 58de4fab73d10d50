"""Recordings to network inputs, through the runtime's own preprocessing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import FloatArray
from runtime.contract import Contract
from runtime.preprocess import Preprocessor
from training.datasets.recordings import Dataset, Recording
from training.features import NAMES, eda_features


@dataclass(frozen=True)
class Windows:
    """All windows of a data set.

    Attributes
    ----------
    inputs : float32 (n, 3, input_length)
        Network inputs, grouped by recording.
    features : float64 (n, 5)
        Plain features, see `training.features`.
    recording : int64 (n,)
        Index of the recording each window was cut from; windows of one recording never part.
    refused : Counter
        Windows that gave no input, and recordings without any, by reason.
    """

    inputs: NDArray[np.float32]
    features: FloatArray
    recording: NDArray[np.int64]
    refused: Counter[str]


def cut(
    dataset: Dataset,
    contract: Contract,
    stride_s: float,
    *,
    jobs: int = -1,
    progress: Callable[[int], None] = lambda done: None,
) -> Windows:
    """Push every recording through the preprocessing that live uses.

    Parameters
    ----------
    dataset : Dataset
        Recordings.
    contract : Contract
        All constants.
    stride_s : float
        Seconds from one window to the next; live uses the contract's `hop_s`.
    jobs : int
        Processes; -1 for one a core.
    progress : callable
        Told how many recordings are done.

    Raises
    ------
    DatasetError
        If no window at all comes out.
    """
    strided = dataclasses.replace(contract, hop_s=stride_s)
    tasks = (delayed(_cut_one)(recording, strided) for recording in dataset.recordings)
    results = []
    for result in Parallel(n_jobs=jobs, return_as="generator", batch_size=8)(tasks):
        results.append(result)
        progress(len(results))
    refused: Counter[str] = Counter()
    for _, _, reasons in results:
        refused.update(reasons)
    counts = [inputs.shape[0] for inputs, _, _ in results]
    if not sum(counts):
        raise DatasetError(
            f"No recording of {dataset.name} gives a window of {contract.window_s:g} s with "
            f"{contract.context_s:g} s of context before it: {dict(refused)}"
        )
    return Windows(
        inputs=np.concatenate([inputs for inputs, _, _ in results]),
        features=np.concatenate([features for _, features, _ in results]),
        recording=np.repeat(np.arange(len(results)), counts).astype(np.int64),
        refused=refused,
    )


def _cut_one(
    recording: Recording, contract: Contract
) -> tuple[NDArray[np.float32], FloatArray, Counter[str]]:
    samples = recording.with_context(contract.context_s)
    windows = Preprocessor(contract).push(samples.time_s, samples.eda_us)
    good = [window for window in windows if window.input is not None]
    reasons = Counter(
        "window: " + _kind(window.reasons[0]) for window in windows if window.input is None
    )
    if not windows:
        reasons["recording: shorter than context and window"] += 1
    inputs = [window.input for window in good if window.input is not None]
    shape = (0, len(contract.channels), contract.input_length)
    return (
        np.stack(inputs) if inputs else np.empty(shape, dtype=np.float32),
        np.array([eda_features(w) for w in good]) if good else np.empty((0, len(NAMES))),
        reasons,
    )


def _kind(reason: str) -> str:
    return "too many samples missing" if "no samples" in reason else reason
