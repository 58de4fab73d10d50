"""Ensembles and the linear path, from the checkpoint to the live pipeline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from device.errors import ModelError, SignalError
from device.simulation.physiology import Person, simulate
from export import graph as graphs
from export import parity, variants, verdict
from runtime.inference import golden
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Contract, CvxEdaParameters, Target
from runtime.preprocessing.features import FEATURES
from runtime.preprocessing.windows import Preprocessor
from tests.networks import lively_model
from training.network import checkpoint
from training.network.model import NetworkConfig, to_logits

CONTRACT = Contract(
    window_s=20.0,
    input_length=64,
    normalisation="personal",
    reference_s=30.0,
    reference_span_s=120.0,
    features=FEATURES[:6],
    cvxeda=CvxEdaParameters(baseline="constant"),
    targets=(Target(name="arousal", words=("as at rest", "as in a task")),),
)
CONFIG = NetworkConfig(input_length=64, width=8)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> checkpoint.Checkpoint:
    samples = simulate(Person(), 90.0, 19.0, arousal=lambda _: 0.8, seed=3)
    windows = [
        w
        for w in Preprocessor(CONTRACT).push(samples.time_s, samples.eda_us)
        if w.input is not None and w.features is not None
    ]
    inputs = np.stack([w.input for w in windows])
    features = np.stack([w.features for w in windows])
    network = lively_model(CONFIG, members=3, features=6)
    truth = {"arousal": np.arange(len(windows), dtype=np.int64) % 2}
    path = tmp_path_factory.mktemp("wide") / "best.pt"
    made = checkpoint.Checkpoint(
        CONTRACT, {"arousal": network}, inputs, truth, inputs, {},
        features=features, calibration_features=features,
    )  # fmt: skip
    checkpoint.save(made, path)
    return checkpoint.load(path)


@pytest.fixture(scope="module")
def model(stored: checkpoint.Checkpoint) -> bytes:
    return graphs.build(graphs.Graph(dict(stored.networks), stored.contract), stored.contract)


def test_the_function_is_the_formula(stored: checkpoint.Checkpoint) -> None:
    network = stored.networks["arousal"]
    assert stored.features is not None and network.wide is not None
    eda, features = torch.from_numpy(stored.examples), torch.from_numpy(stored.features)
    with torch.inference_mode():
        got = network(eda, features)
        deep = torch.stack([to_logits(m(eda), "logits") for m in network.members]).mean(dim=0)
        odds = 0.7 * (deep[:, 1] - deep[:, 0]) + features @ network.wide.weight[1] + 0.2
    torch.testing.assert_close(got[:, 1] - got[:, 0], odds, rtol=1e-4, atol=1e-4)


def test_the_exported_file_equals_its_source(stored: checkpoint.Checkpoint, model: bytes) -> None:
    proof = parity.compare(
        stored.networks, stored.contract, model, stored.examples, features=stored.features
    )
    assert proof.holds and proof.windows > 30
    unlike = lively_model(CONFIG, members=3, features=6)
    unlike.weigh(0.7, np.ones(6).tolist(), 0.2)
    assert not parity.compare(
        {"arousal": unlike}, stored.contract, model, stored.examples, features=stored.features
    ).holds


def test_live_gives_the_features_to_the_model(model: bytes) -> None:
    samples = simulate(Person(), 60.0, 19.0, arousal=lambda _: 0.8, seed=4)
    predictions = Pipeline(model).push(samples)
    assert predictions[0].withheld and predictions[0].window.reference_left_s > 0
    last = predictions[-1].window
    assert last.input is not None and last.features is not None
    answer = Classifier(model)(last.input[None], features=last.features[None])
    got = predictions[-1].estimates["arousal"].probability_high
    assert got == pytest.approx(float(answer["arousal"][0, 1]))


def test_features_that_are_missing_or_misshapen_are_named(
    stored: checkpoint.Checkpoint, model: bytes, tiny_model: Path
) -> None:
    classifier = Classifier(model)
    with pytest.raises(ModelError, match="takes 6 plain features"):
        classifier(stored.examples[:2])
    with pytest.raises(SignalError, match=r"\(2, 6\)"):
        classifier(stored.examples[:2], features=np.zeros((2, 5)))
    with pytest.raises(ModelError, match="takes no plain features"):
        Classifier(tiny_model)(np.zeros((1, 3, 64)), features=np.zeros((1, 6)))


def test_a_model_of_another_preprocessing_is_refused() -> None:
    stretch = golden.make(CONTRACT)
    golden.check_input(stretch, CONTRACT, "this")
    moved = replace(stretch, features=stretch.features + 0.01)
    with pytest.raises(ModelError, match=r"differs by 0\.01"):
        golden.check_input(moved, CONTRACT, "this")


@pytest.mark.parametrize("form", ["half", "eight_bit"])
def test_smaller_variants_take_the_features_too(
    form: str, stored: checkpoint.Checkpoint, model: bytes
) -> None:
    if form == "half":
        smaller = variants.half(model, stored.contract)
    else:
        smaller = variants.eight_bit(
            model, stored.contract, stored.calibration, features=stored.calibration_features
        )
    found = verdict.judge(
        form, model, smaller, stored.examples, stored.truth, features=stored.features
    )
    assert found.agreement > 0.9
