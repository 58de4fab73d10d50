"""Proof that the exported model equals its source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export.graph import Graph
from runtime.classifier import Classifier
from runtime.music import standardise

# Largest difference of a probability that is float32 rounding and no more.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity:
    """How far onnxruntime's answers are from torch's.

    Attributes
    ----------
    windows : int
        Real windows compared.
    batches : tuple of int
        Batch sizes tried.
    max_difference : float
        Of any probability.
    same_decisions : bool
        Whether every label is the same.
    """

    windows: int
    batches: tuple[int, ...]
    max_difference: float
    same_decisions: bool

    @property
    def holds(self) -> bool:
        """Whether the exported model may be used in place of its source."""
        return self.same_decisions and self.max_difference <= TOLERANCE


def compare(
    graph: Graph,
    model: bytes,
    windows: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
) -> Parity:
    """Run the same windows through torch and onnxruntime, alone and in batches.

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
    """
    classifier = Classifier(model)
    targets = classifier.contract.targets
    batches = tuple(sorted({1, min(7, len(windows)), min(64, len(windows))}))
    worst, same = 0.0, True
    inputs = [torch.from_numpy(windows)]
    if music is not None:
        contract = classifier.contract
        scaled = standardise(music, contract.music_mean, contract.music_std)
        inputs.append(torch.from_numpy(scaled))
    with torch.inference_mode():
        expected = [out.numpy() for out in graph.eval()(*inputs)]
    for size in batches:
        pieces = [
            classifier(windows[i : i + size], None if music is None else music[i : i + size])
            for i in range(0, len(windows), size)
        ]
        for target, reference in zip(targets, expected, strict=True):
            got = np.concatenate([piece[target.name] for piece in pieces])
            worst = max(worst, float(np.abs(got - reference).max()))
            decided = (got[:, 1] >= target.threshold) == (reference[:, 1] >= target.threshold)
            same = same and bool(decided.all())
    return Parity(len(windows), batches, worst, same)
