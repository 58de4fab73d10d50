"""What is known of an exported file: parity, speed, memory, operators. Kept beside it as JSON."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from export.parity import Parity
from runtime.inference.classifier import Classifier

_REPEATS = 50
# Measured in a process of its own, that has loaded what live loads for a model and nothing else.
_MEMORY_PROGRAM = """
import sys
from pathlib import Path
from runtime.inference.classifier import Classifier

def resident():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
before = resident()
classifier = Classifier(Path(sys.argv[1]))
print(before, resident())
"""


@dataclass(frozen=True)
class Proof:
    """Facts about one exported file.

    Attributes
    ----------
    parity : Parity
        Against torch.
    provider : str
        Where it was computed.
    latency_ms : float
        Median of one window, all targets, one thread.
    memory_mb : float or None
        Resident memory that a process gains by loading the model (onnxruntime included); None
        where the system does not tell.
    bytes : int
        Size of the file.
    opset : int
        Of the file.
    operators : dict of str to int
        How often each operator stands in the graph.
    """

    parity: Parity
    provider: str
    latency_ms: float
    memory_mb: float | None
    bytes: int
    opset: int
    operators: dict[str, int]

    def to_json(self, **more: Any) -> str:
        """Return all facts, and whatever else is given, as JSON text."""
        return json.dumps(asdict(self) | {"parity_holds": self.parity.holds} | more, indent=2)


def measure(
    model: Path,
    parity: Parity,
    windows: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
    provider: str = "cpu",
    features: NDArray[np.float32] | None = None,
) -> Proof:
    """Collect the facts of a written file.

    Parameters
    ----------
    model : Path
        The file.
    parity : Parity
        As proven before it was written.
    windows : float32 (n, 3, input_length)
        Real windows to time it with.
    music : float32 (n, features) or None
        Their music, where the model takes it.
    provider : str
        Where to compute.
    features : float32 (n, k) or None
        Their plain features, where the model takes them.
    """
    data = model.read_bytes()
    graph = onnx.load_from_string(data)
    classifier = Classifier(data, provider=provider)
    seconds = []
    for index in range(_REPEATS):
        at = slice(index % len(windows), index % len(windows) + 1)
        window, *beside = (p if p is None else p[at] for p in (windows, music, features))
        assert window is not None
        began = time.perf_counter()
        classifier(window, *beside)
        seconds.append(time.perf_counter() - began)
    operators = collections.Counter(node.op_type for node in graph.graph.node)
    return Proof(
        parity=parity,
        provider=provider,
        latency_ms=1e3 * float(np.median(seconds)),
        memory_mb=_memory_mb(model),
        bytes=len(data),
        opset=graph.opset_import[0].version,
        operators=dict(operators.most_common()),
    )


def _memory_mb(model: Path) -> float | None:
    if not Path("/proc/self/status").exists():
        return None
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROGRAM, str(model)],
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = map(float, done.stdout.split())
    return after - before
