"""Where the networks' time goes: by operator, and the least that their arithmetic would take."""

from __future__ import annotations

import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_GEMM, _MATMUL = {"Gemm", "FusedGemm"}, {"MatMul", "FusedMatMul"}


def measure_nodes(model: bytes, inputs: NDArray[np.float32], repeats: int) -> dict[str, Any]:
    """Time a model's nodes with one thread, as onnxruntime's own profile tells them.

    The profile itself adds some microseconds to every node, so the sum is more than a run takes.

    Parameters
    ----------
    model : bytes
        An `.onnx` file's content.
    inputs : float32 (1, channels, length)
        What it is given as "eda".
    repeats : int
        Runs; of each node the median counts.

    Returns
    -------
    dict
        `operators`: for each, the number of `nodes`, their `us` and `mflop` (0 where little is
        multiplied). `mflop` of all. `product_gflops`: how fast NumPy multiplies two square matrices
        of 1024 with one thread, in float32, on this machine now. `arithmetic_ms`: what all products
        take at that speed. `exponentials_ms`: what the attentions' softmax nodes take.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(repeats):
            session.run(None, {"eda": inputs})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            nodes.setdefault(event["name"], []).append(event)
    operators: dict[str, dict[str, float]] = {}
    for runs in nodes.values():
        facts = runs[0]["args"]
        one = operators.setdefault(facts["op_name"], {"nodes": 0, "us": 0.0, "mflop": 0.0})
        one["nodes"] += 1
        one["us"] += float(np.median([run["dur"] for run in runs]))
        one["mflop"] += 1e-6 * _flop(facts)
    mflop = sum(one["mflop"] for one in operators.values())
    gflops = _product_gflops(repeats)
    return {
        "operators": dict(sorted(operators.items(), key=lambda item: -item[1]["us"])),
        "mflop": mflop,
        "product_gflops": gflops,
        "arithmetic_ms": mflop / gflops,
        "exponentials_ms": 1e-3 * operators.get("Softmax", {"us": 0.0})["us"],
    }


def _flop(facts: dict[str, Any]) -> float:
    """Return multiplications and additions of one node: two for each product."""
    given = [_shape(item) for item in facts["input_type_shape"]]
    made = math.prod(_shape(facts["output_type_shape"][0]))
    if facts["op_name"] == "Conv":
        return 2.0 * made * math.prod(given[1][1:])
    if facts["op_name"] in _GEMM:
        return 2.0 * made * given[0][-1]  # of the weights, which are packed, no shape is told
    if facts["op_name"] in _MATMUL:
        # (m, k) and (k, n), in either order of each: the square root of mk * kn / mn is k.
        m, n = _shape(facts["output_type_shape"][0])[-2:]
        first, second = (math.prod(shape[-2:]) for shape in given[:2])
        return 2.0 * made * math.sqrt(first * second / (m * n))
    return 0.0


def _shape(item: dict[str, list[int]]) -> list[int]:
    """Return the shape in an entry like {"float": [1, 64, 1250]}."""
    (shape,) = item.values()
    return shape


def _product_gflops(repeats: int) -> float:
    size = 1024
    one = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    took_s = []
    for _ in range(max(5, repeats // 10)):
        began_s = time.perf_counter()
        one @ one
        took_s.append(time.perf_counter() - began_s)
    return 2e-9 * size**3 / float(np.median(took_s))
