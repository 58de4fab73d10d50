"""The proof goes training's own way, from features as computed to the probability."""

import dataclasses

import numpy as np
import onnx
import pytest

from export import graph as graphs
from export import parity
from runtime.preprocessing.contract import Contract
from tests.networks import lively_model
from training.network.model import NetworkConfig
from training.network.wide_and_deep import WideAndDeep

# A feature that is large and hardly varies: rounded to float32, its mean is a quarter of a
# deviation off.
MEAN, STD = 10000.0003, 2e-3


@pytest.fixture(scope="module")
def contract(tiny_contract: Contract) -> Contract:
    hot = dataclasses.replace(tiny_contract.targets[0], temperature=1.7)
    return dataclasses.replace(
        tiny_contract,
        targets=(hot,),
        music_mean=(MEAN, -3e6, 0.0, 1e-3),
        music_std=(STD, 40.0, 1.0, 1e-5),
    )


@pytest.fixture(scope="module")
def networks() -> dict[str, WideAndDeep]:
    return {"arousal": lively_model(NetworkConfig(input_length=64, width=8, music=4), 0)}


@pytest.fixture(scope="module")
def inputs(contract: Contract) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    mean, std = np.array(contract.music_mean), np.array(contract.music_std)
    windows = rng.normal(size=(200, 3, 64)).astype(np.float32)
    return windows, (mean + std * rng.normal(size=(200, 4))).astype(np.float32)


def test_a_large_feature_that_hardly_varies_is_standardised_as_in_training(
    contract: Contract, networks: dict[str, WideAndDeep], inputs: tuple[np.ndarray, np.ndarray]
) -> None:
    model = graphs.build(graphs.Graph(networks, contract), contract)
    proof = parity.compare(networks, contract, model, *inputs)
    assert proof.holds, proof


def test_a_graph_that_standardises_otherwise_does_not_hold(
    contract: Contract, networks: dict[str, WideAndDeep], inputs: tuple[np.ndarray, np.ndarray]
) -> None:
    rounded = dataclasses.replace(
        contract, music_mean=tuple(float(np.float32(m)) for m in contract.music_mean)
    )
    model = onnx.load_from_string(graphs.build(graphs.Graph(networks, rounded), rounded))
    proof = parity.compare(networks, contract, graphs.finish(model, contract), *inputs)
    assert not proof.holds
    assert proof.max_difference > 100 * parity.TOLERANCE
