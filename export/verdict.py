"""Whether a smaller variant may stand in for the exported model: it must decide like it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import ExportError
from runtime.inference.classifier import Classifier
from training.measures.metrics import balanced_accuracy, confusion

# A variant may be written only if it decides like the original on this share of windows ...
LEAST_AGREEMENT = 0.99
# ... and its balanced accuracy on them moves by less than this.
MOST_CHANGE = 0.01
_REPEATS = 60


@dataclass(frozen=True)
class Verdict:
    """How a variant compares with the original on held-out windows whose class is known.

    Attributes
    ----------
    name : str
        "fp16" or "int8".
    agreement : float
        Share of decisions that are the same, the lowest of all targets, 0 to 1.
    accuracy_change : float
        Largest change of balanced accuracy of any target, 0 to 1.
    speedup : float
        Median time of one window of the original, divided by the variant's; one thread.
    bytes : int
        Size of the file.
    windows : int
        Held-out windows compared: of the target that has fewest.
    """

    name: str
    agreement: float
    accuracy_change: float
    speedup: float
    bytes: int
    windows: int

    @property
    def accepted(self) -> bool:
        """Whether it may stand in for the original."""
        return self.agreement >= LEAST_AGREEMENT and self.accuracy_change < MOST_CHANGE

    def describe(self) -> str:
        """Say it in a line."""
        return (
            f"{self.name}: decisions equal on {self.agreement:.1%} of {self.windows} held-out "
            f"windows, balanced accuracy moves by {100 * self.accuracy_change:.1f} points, "
            f"{self.speedup:.2f}x the speed, {self.bytes / 1e6:.1f} MB"
        )


def check(truth: Mapping[str, NDArray[np.int64]]) -> None:
    """Raise `ExportError` where a variant cannot be evaluated: no held-out window of each class.

    Parameters
    ----------
    truth : mapping of str to int64 (n,)
        See `judge`.
    """
    for target, classes in truth.items():
        low, high = ((classes == c).sum() for c in (0, 1))
        if not (low and high):
            raise ExportError(
                f"The checkpoint holds {low} held-out windows of low {target} and {high} of high; "
                "a smaller variant needs both to be compared on. Leave --fp16 and --int8 out, or "
                "train again with --folds 1 (with more, an ensemble or a linear path learns from "
                "everybody in the end; older checkpoints do not tell held-out windows apart)."
            )


def judge(
    name: str,
    original: bytes,
    variant: bytes,
    windows: NDArray[np.float32],
    truth: Mapping[str, NDArray[np.int64]],
    music: NDArray[np.float32] | None = None,
    features: NDArray[np.float32] | None = None,
) -> Verdict:
    """Compare a variant with the original.

    Parameters
    ----------
    name : str
        Of the variant.
    original, variant : bytes
        The two files.
    windows : float32 (n, 3, input_length)
        Held-out windows.
    truth : mapping of str to int64 (n,)
        Per target, the class of each; -1 where it is not known or the target's network learnt from
        the window, which then does not count for this target.
    music : float32 (n, features) or None
        Their music features as computed, where the model takes them.
    features : float32 (n, k) or None
        Their plain features, where the model takes them.

    Raises
    ------
    ExportError
        See `check`.
    """
    check(truth)
    first, second = Classifier(original), Classifier(variant)
    songs = [None] * len(windows) if music is None else list(music)
    plain = [None] * len(windows) if features is None else list(features[:, None])
    decided: list[dict[str, NDArray[np.int64]]] = []
    for classifier in (first, second):
        # One by one, as live does.
        answers = [
            classifier(window[None], song, own)
            for window, song, own in zip(windows, songs, plain, strict=True)
        ]
        decided.append(
            {
                target.name: np.array(
                    [int(answer[target.name][0, 1] >= target.threshold) for answer in answers],
                    dtype=np.int64,
                )
                for target in first.contract.targets
            }
        )
    agreement, change, counts = [], [], []
    for target, classes in truth.items():
        known = classes >= 0
        ours, theirs = (each[target][known] for each in decided)
        scores = [balanced_accuracy(confusion(classes[known], own)) for own in (ours, theirs)]
        agreement.append(float((ours == theirs).mean()))
        change.append(abs(float(scores[0]) - float(scores[1])))
        counts.append(int(known.sum()))
    one = windows[:1], songs[0], plain[0]
    return Verdict(
        name=name,
        agreement=min(agreement),
        accuracy_change=max(change),
        speedup=_ratio(lambda: first(*one), lambda: second(*one)),
        bytes=len(variant),
        windows=min(counts),
    )


def _ratio(original: Callable[[], object], variant: Callable[[], object]) -> float:
    """Ratio of median times, measured in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(_REPEATS):
        for took, call in zip(seconds, (original, variant), strict=True):
            began = time.perf_counter()
            call()
            took.append(time.perf_counter() - began)
    return float(np.median(seconds[0]) / np.median(seconds[1]))
