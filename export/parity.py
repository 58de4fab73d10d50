"""Proof that the exported model equals its source, from raw input to probability.

The reference is what training computes when it evaluates: features standardised in double
precision, the network as it was trained, its temperature. It shares nothing with the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.inference.classifier import Classifier
from runtime.inference.music import standardise
from runtime.preprocessing.contract import Contract
from training.fitting.calibration import probability_high
from training.fitting.data import Data
from training.fitting.fit import predict
from training.network.wide_and_deep import WideAndDeep

# Largest difference of a probability that is float32 rounding and no more.
TOLERANCE = 1e-5
# A graph can be right for one batch size and wrong for another.
LARGEST_BATCH = 33


@dataclass(frozen=True)
class Parity:
    """How far onnxruntime's answers are from torch's.

    Attributes
    ----------
    windows : int
        Real windows compared, all that the checkpoint holds.
    largest_batch : int
        Every batch size from 1 to this was tried.
    max_difference, mean_difference : float
        Of any probability.
    agreement : float
        Share of decisions that are the same, 0 to 1.
    """

    windows: int
    largest_batch: int
    max_difference: float
    mean_difference: float
    agreement: float

    @property
    def holds(self) -> bool:
        """Whether the exported model may be used in place of its source."""
        return self.agreement == 1.0 and self.max_difference <= TOLERANCE


def compare(
    networks: Mapping[str, WideAndDeep],
    contract: Contract,
    model: bytes,
    windows: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
    provider: str = "cpu",
    features: NDArray[np.float32] | None = None,
) -> Parity:
    """Run the same windows through training's code and onnxruntime, alone and in all batch sizes.

    Parameters
    ----------
    networks : mapping of str to WideAndDeep
        One per target, as they were trained.
    contract : Contract
        Theirs.
    model : bytes
        The exported file.
    windows : float32 (n, 3, input_length)
        Real windows.
    music : float32 (n, features) or None
        Music features as computed, for networks that take them.
    provider : str
        Where onnxruntime computes.
    features : float32 (n, k) or None
        Plain features of the windows, for networks that take them.
    """
    classifier = Classifier(model, provider=provider)
    high = reference(networks, contract, windows, music, features)
    differences, same = [], []
    for start, stop in _batches(len(windows)):
        at = slice(start, stop)
        answer = classifier(
            windows[at],
            None if music is None else music[at],
            None if features is None else features[at],
        )
        for target in contract.targets:
            got, expected = answer[target.name], high[target.name][start:stop]
            differences.append(np.abs(got - np.stack([1 - expected, expected], axis=1)).ravel())
            same.append((got[:, 1] >= target.threshold) == (expected >= target.threshold))
    all_differences = np.concatenate(differences)
    return Parity(
        windows=len(windows),
        largest_batch=min(LARGEST_BATCH, len(windows)),
        max_difference=float(all_differences.max()),
        mean_difference=float(all_differences.mean()),
        agreement=float(np.concatenate(same).mean()),
    )


def reference(
    networks: Mapping[str, WideAndDeep],
    contract: Contract,
    windows: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
    features: NDArray[np.float32] | None = None,
) -> dict[str, FloatArray]:
    """Return per target the probabilities of high, float64 (n,), as training evaluates them.

    The parameters are those of `compare`.
    """
    count = np.arange(len(windows), dtype=np.int64)
    scaled = None
    if music is not None:
        scaled = standardise(music, contract.music_mean, contract.music_std)
    data = Data(
        windows, count, count, np.zeros_like(count), scaled, None if music is None else count,
        features,
    )  # fmt: skip
    device = torch.device("cpu")
    return {
        target.name: probability_high(
            predict(networks[target.name], data, device).numpy().astype(np.float64),
            target.temperature,
        )
        for target in contract.targets
    }


def _batches(count: int) -> Iterator[tuple[int, int]]:
    """Yield every window alone, and then a batch of every size, each from another place."""
    for index in range(count):
        yield index, index + 1
    for size in range(2, min(LARGEST_BATCH, count) + 1):
        start = (7 * size) % (count - size + 1)
        yield start, start + size
