"""A small model with short windows, so that tests that need a model are quick.

`python -m tests.tiny FILE.onnx` writes it for an environment that has no torch to build it with:
there RTCAN_TINY_MODEL names the file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from runtime.preprocessing.contract import Contract, QualityLimits

CONTRACT = Contract(
    rate_hz=8.0,
    context_s=2.0,
    window_s=10.0,
    hop_s=1.0,
    input_length=64,
    quality=QualityLimits(flat_s=5.0),
    trained_on="nothing: random weights",
    labels="none",
)


def write_checkpoint(path: Path) -> None:
    """Write a checkpoint of small random networks with real windows beside them."""
    from device.simulation.physiology import Person, simulate
    from runtime.preprocessing.windows import Preprocessor
    from tests.networks import lively_model
    from training.network import checkpoint
    from training.network.model import NetworkConfig

    networks = {
        target.name: lively_model(NetworkConfig(input_length=64, width=8), seed)
        for seed, target in enumerate(CONTRACT.targets)
    }
    samples = simulate(Person(), 40.0, 19.0, arousal=lambda _: 0.8, seed=3)
    windows = Preprocessor(CONTRACT).push(samples.time_s, samples.eda_us)
    examples = np.stack([w.input for w in windows if w.input is not None])
    truth = {t.name: np.arange(len(examples), dtype=np.int64) % 2 for t in CONTRACT.targets}
    stored = checkpoint.Checkpoint(CONTRACT, networks, examples, truth, examples, {})
    checkpoint.save(stored, path)


def write_model(source: Path, path: Path) -> None:
    """Write a checkpoint as an exported model."""
    from export import graph
    from runtime.files import write_whole
    from training.network import checkpoint

    stored = checkpoint.load(source)
    write_whole(
        path, graph.build(graph.Graph(dict(stored.networks), stored.contract), stored.contract)
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "tiny.pt")
        write_model(Path(folder) / "tiny.pt", Path(sys.argv[1]))
