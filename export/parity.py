"""Proof that the exported model equals its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export.graph import Graph
from runtime.inference.classifier import Classifier

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
        Real windows compared, all held-out ones there are.
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
    graph: Graph,
    model: bytes,
    windows: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
    provider: str = "cpu",
) -> Parity:
    """Run the same windows through torch and onnxruntime, one by one and in batches of every size.

    Parameters
    ----------
    graph : Graph
        The source.
    model : bytes
        The exported file.
    windows : float32 (n, 3, input_length)
        Real windows.
    music : float32 (n, features) or None
        Music features as computed, for networks that take them.
    provider : str
        Where onnxruntime computes.
    """
    classifier = Classifier(model, provider=provider)
    targets = classifier.contract.targets
    inputs = [windows] if music is None else [windows, music]
    with torch.inference_mode():
        pieces = [
            graph.eval()(*(torch.from_numpy(part[index]) for part in inputs))
            for index in np.array_split(np.arange(len(windows)), 8)
        ]
    expected = {
        target.name: torch.cat([piece[i] for piece in pieces]).numpy()
        for i, target in enumerate(targets)
    }
    differences, same = [], []
    for start, stop in _batches(len(windows)):
        answer = classifier(*(part[start:stop] for part in inputs))
        for target in targets:
            got, reference = answer[target.name], expected[target.name][start:stop]
            differences.append(np.abs(got - reference).ravel())
            same.append((got[:, 1] >= target.threshold) == (reference[:, 1] >= target.threshold))
    all_differences = np.concatenate(differences)
    return Parity(
        windows=len(windows),
        largest_batch=min(LARGEST_BATCH, len(windows)),
        max_difference=float(all_differences.max()),
        mean_difference=float(all_differences.mean()),
        agreement=float(np.concatenate(same).mean()),
    )


def _batches(count: int) -> Iterator[tuple[int, int]]:
    """Yield every window alone, and then a batch of every size, each from another place."""
    for index in range(count):
        yield index, index + 1
    for size in range(2, min(LARGEST_BATCH, count) + 1):
        start = (7 * size) % (count - size + 1)
        yield start, start + size
