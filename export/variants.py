"""Smaller variants of an exported model; `export.verdict` says whether one may be used.

Half precision converts every weight and product to float16. The 8-bit one is static QDQ
quantisation: weights per channel and activations per tensor, with ranges from windows of the
training side. Both go through onnxruntime's own tools.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from device.errors import ExportError
from export.graph import finish
from runtime.inference.prior import Prior
from runtime.preprocessing.contract import Contract


def half(
    model: bytes,
    contract: Contract,
    card: str = "{}",
    priors: Mapping[str, Prior] | None = None,
) -> bytes:
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
    return finish(converted, contract, card, priors=priors)


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
    features: NDArray[np.float32] | None = None,
    priors: Mapping[str, Prior] | None = None,
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
    features : float32 (n, k) or None
        Plain features of those windows, likewise.
    priors : mapping of str to Prior or None
        How people differ, by target, where that was learnt.

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
    if features is not None:
        for feed, own in zip(feeds, features, strict=True):
            feed["features"] = own[None]

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
        return finish(onnx.load(target), contract, card, priors=priors)
