"""Fixtures that several packages' tests use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runtime.preprocessing.contract import Contract, QualityLimits
from tests.networks import lively

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, for those who have it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real recordings (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def tiny_contract() -> Contract:
    """A contract whose windows are short, so that tests are."""
    return Contract(
        rate_hz=8.0,
        context_s=2.0,
        window_s=10.0,
        hop_s=1.0,
        input_length=64,
        quality=QualityLimits(flat_s=5.0),
        trained_on="nothing: random weights",
        labels="none",
    )


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory, tiny_contract: Contract) -> Path:
    """A checkpoint of small random networks with real windows beside them."""
    from device.simulation.physiology import Person, simulate
    from runtime.preprocessing.windows import Preprocessor
    from training.network import checkpoint
    from training.network.model import NetworkConfig

    networks = {
        target.name: lively(NetworkConfig(input_length=64, width=8), seed)
        for seed, target in enumerate(tiny_contract.targets)
    }
    samples = simulate(Person(), 40.0, 19.0, arousal=lambda _: 0.8, seed=3)
    windows = Preprocessor(tiny_contract).push(samples.time_s, samples.eda_us)
    examples = np.stack([w.input for w in windows if w.input is not None])
    path = tmp_path_factory.mktemp("tiny") / "best.pt"
    truth = {t.name: np.arange(len(examples), dtype=np.int64) % 2 for t in tiny_contract.targets}
    stored = checkpoint.Checkpoint(tiny_contract, networks, examples, truth, examples, {})
    checkpoint.save(stored, path)
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny_checkpoint: Path) -> Path:
    """The same as an exported model."""
    from export import graph
    from training.compute.files import write_whole
    from training.network import checkpoint

    stored = checkpoint.load(tiny_checkpoint)
    exported = graph.build(graph.Graph(dict(stored.networks), stored.contract), stored.contract)
    path = tiny_checkpoint.with_suffix(".onnx")
    write_whole(path, exported)
    return path
