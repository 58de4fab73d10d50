"""The promise, end to end: training's loader and live's code see the same windows."""

import dataclasses
from pathlib import Path

import numpy as np

from device.readers.columns import read_column
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Contract
from training.datasets.recordings import Dataset, Recording
from training.windows.cut import cut


def assert_same(samples: Samples, contract: Contract, model: Path, seed: int) -> None:
    recording = Recording("s", "v", samples, {"arousal": 5, "valence": 5})
    trained = cut(Dataset("test", "-", [recording], (1, 9)), contract, contract.hop_s)
    pipeline = Pipeline(Classifier(model))
    rng = np.random.default_rng(seed)
    seen, at = [], 0
    while at < len(samples):
        stop = at + int(rng.integers(1, 60))
        chunk = Samples(samples.time_s[at:stop], samples.eda_us[at:stop])
        seen += [p.window.input for p in pipeline.push(chunk) if p.window.input is not None]
        at = stop
    assert len(seen) == len(trained.inputs) > 20
    assert np.abs(np.stack(seen) - trained.inputs).max() <= 1e-6


def test_live_and_training_give_equal_network_inputs(
    tiny_model: Path, tiny_contract: Contract
) -> None:
    samples = simulate(Person(), 60, 50.0, arousal=lambda _: 0.7, seed=9)
    assert_same(samples, tiny_contract, tiny_model, seed=1)


def test_on_a_real_recording(tiny_model: Path, tiny_contract: Contract, shared_data: Path) -> None:
    eda_us = read_column(shared_data / "recordings" / "neurokit_bio_100Hz.csv", "EDA")
    samples = Samples(np.arange(eda_us.size) / 100.0, eda_us)
    assert_same(samples, tiny_contract, tiny_model, seed=2)


def test_the_contract_of_training_reaches_live(tiny_model: Path, tiny_contract: Contract) -> None:
    assert dataclasses.asdict(Classifier(tiny_model).contract) == dataclasses.asdict(tiny_contract)
