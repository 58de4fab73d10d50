"""Smaller variants of an exported model, each judged before it may be used.

Half precision converts every weight and product to float16. The 8-bit one is static QDQ
quantisation: weights per channel and activations per tensor, with ranges from windows of the
training side. Both go through onnxruntime's own tools.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from export.graph import finish
from runtime.classifier import Classifier
from runtime.contract import Contract
from training.metrics import balanced_accuracy, confusion

# A variant may be written only if it decides like the original on this share of windows ...
LEAST_AGREEMENT = 0.99
# ... and its balanced accuracy on them moves by less than this.
MOST_CHANGE = 0.01
_REPEATS = 60


@dataclass(frozen=True)
class Verdict:
    """How a variant compares with the original on held-out windows.

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
        Held-out windows judged.
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


def half(model: bytes, contract: Contract, card: str = "{}") -> bytes:
    """Return the model in half precision; input and outputs stay float32."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    converted = convert_float_to_float16(onnx.load_from_string(model), keep_io_types=True)
    # The converter appends its casts at the end; ONNX wants every node after its inputs.
    OnnxModel(converted).topological_sort()
    return finish(converted, contract, card)


def eight_bit(
    model: bytes, contract: Contract, calibration: NDArray[np.float32], card: str = "{}"
) -> bytes:
    """Return the model quantised to 8 bits.

    Parameters
    ----------
    model : bytes
        The original.
    contract : Contract
        Its contract.
    calibration : float32 (n, 3, input_length)
        Windows of the training side.
    card : str
        Facts for the model card.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Windows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(calibration)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            window = next(self._left, None)
            return None if window is None else {"eda": window[None]}

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        target = Path(folder) / "int8.onnx"
        # It recommends, on the root logger, a preparation that the exporter has done already.
        logging.disable(logging.WARNING)
        quantize_static(
            onnx.load_from_string(model),
            target,
            Windows(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            # Seven bits for the weights: without VNNI instructions, products of eight overflow.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Gemm"],
        )
        logging.disable(logging.NOTSET)
        return finish(onnx.load(target), contract, card)


def judge(
    name: str,
    original: bytes,
    variant: bytes,
    windows: NDArray[np.float32],
    truth: Mapping[str, NDArray[np.int64]],
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
        Per target, the class of each.
    """
    first, second = Classifier(original), Classifier(variant)
    decided: list[dict[str, NDArray[np.int64]]] = []
    for classifier in (first, second):
        # One by one, as live does.
        answers = [classifier(window[None]) for window in windows]
        decided.append(
            {
                target.name: np.array(
                    [int(answer[target.name][0, 1] >= target.threshold) for answer in answers],
                    dtype=np.int64,
                )
                for target in first.contract.targets
            }
        )
    ours, theirs = decided
    changes = [
        abs(
            float(balanced_accuracy(confusion(truth[target], ours[target])))
            - float(balanced_accuracy(confusion(truth[target], theirs[target])))
        )
        for target in ours
    ]
    window = windows[:1]
    return Verdict(
        name=name,
        agreement=min(float((ours[t] == theirs[t]).mean()) for t in ours),
        accuracy_change=max(changes),
        speedup=_ratio(lambda: first(window), lambda: second(window)),
        bytes=len(variant),
        windows=len(windows),
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
