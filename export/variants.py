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

from device.errors import ExportError
from export.graph import finish
from runtime.inference.classifier import Classifier
from runtime.preprocessing.contract import Contract
from training.evaluation.metrics import balanced_accuracy, confusion

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


def half(model: bytes, contract: Contract, card: str = "{}") -> bytes:
    """Return the model in half precision; inputs, outputs and what scales music stay float32."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    original = onnx.load_from_string(model)
    nodes, constants = _take_scaling(original.graph)
    converted = convert_float_to_float16(original, keep_io_types=True)
    if nodes:
        (music,) = (item for item in converted.graph.input if item.name == nodes[-1].output[0])
        music.name = nodes[0].input[0]
        converted.graph.node.extend(nodes)
        converted.graph.initializer.extend(constants)
    # The converter appends its casts at the end; ONNX wants every node after its inputs.
    OnnxModel(converted).topological_sort()
    return finish(converted, contract, card)


def _take_scaling(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Cut off what standardises the music, so that the graph takes standardised features.

    Features as computed go far beyond the 65504 that float16 reaches, and onnxruntime's converter
    passes every input through float16, also before nodes that it is told to leave alone.

    Returns the nodes and their constants; both are empty for a graph without music.
    """
    nodes, name = [], "music"
    for node in graph.node:
        if name in node.input and node.op_type in ("Sub", "Div", "Clip"):
            nodes.append(node)
            name = node.output[0]
    names = {read for node in nodes for read in node.input}
    constants = [item for item in graph.initializer if item.name in names]
    for node in nodes:
        graph.node.remove(node)
    for constant in constants:
        graph.initializer.remove(constant)
    names = {node.output[0] for node in nodes}
    for known in [item for item in graph.value_info if item.name in names]:
        graph.value_info.remove(known)
    for item in graph.input:
        if item.name == "music":
            item.name = name
    return nodes, constants


def eight_bit(
    model: bytes,
    contract: Contract,
    calibration: NDArray[np.float32],
    card: str = "{}",
    songs: NDArray[np.float32] | None = None,
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
    songs : float32 (n, features) or None
        Music features of those windows as computed, where the model takes them.

    Raises
    ------
    ExportError
        If there are no windows, or the model takes music and there are no songs.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    if len(calibration) == 0:
        raise ExportError(
            "The checkpoint holds no windows of the training side, with which an 8-bit variant "
            "finds its ranges: leave --int8 out, or train again"
        )
    feeds = [{"eda": window[None]} for window in calibration]
    if contract.music_mean:
        if songs is None:
            raise ExportError(
                "The checkpoint holds no songs of the training side, with which an 8-bit variant "
                "finds its ranges: leave --int8 out, or train again"
            )
        for feed, song in zip(feeds, songs, strict=True):
            feed["music"] = song[None]

    class Windows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(feeds)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._left, None)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        target = Path(folder) / "int8.onnx"
        # It recommends, on the root logger, a preparation that the exporter has done already.
        logging.disable(logging.WARNING)
        try:
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
        finally:
            logging.disable(logging.NOTSET)
        return finish(onnx.load(target), contract, card)


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
                "train again (checkpoints of older versions do not tell held-out windows apart)."
            )


def judge(
    name: str,
    original: bytes,
    variant: bytes,
    windows: NDArray[np.float32],
    truth: Mapping[str, NDArray[np.int64]],
    music: NDArray[np.float32] | None = None,
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

    Raises
    ------
    ExportError
        See `check`.
    """
    check(truth)
    first, second = Classifier(original), Classifier(variant)
    songs = [None] * len(windows) if music is None else list(music)
    decided: list[dict[str, NDArray[np.int64]]] = []
    for classifier in (first, second):
        # One by one, as live does.
        answers = [
            classifier(window[None], song) for window, song in zip(windows, songs, strict=True)
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
    window, song = windows[:1], songs[0]
    return Verdict(
        name=name,
        agreement=min(agreement),
        accuracy_change=max(change),
        speedup=_ratio(lambda: first(window, song), lambda: second(window, song)),
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
