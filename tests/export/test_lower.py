"""The lowered network is the same function."""

import itertools

import pytest
import torch

from export.lower import Lowered
from tests.networks import lively
from training.network.model import NetworkConfig


@pytest.mark.parametrize(
    ("channel", "temporal", "unit"), list(itertools.product([False, True], repeat=3))
)
def test_every_flag(channel: bool, temporal: bool, unit: bool) -> None:
    network = lively(
        NetworkConfig(
            input_length=250,
            width=16,
            channel_attention=channel,
            temporal_attention=temporal,
            unit_attention=unit,
        )
    )
    eda = torch.randn(3, 3, 250)
    with torch.inference_mode():
        expected, got = network(eda), Lowered(network).eval()(eda)
    assert expected.std(dim=0).min() > 1e-3, "a constant network would prove nothing"
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("head", ["logits", "relu", "softmax"])
def test_heads_and_music(head: str) -> None:
    network = lively(NetworkConfig(input_length=64, width=8, music=5, head=head))  # type: ignore[arg-type]
    eda, music = torch.randn(3, 3, 64), torch.randn(3, 5)
    with torch.inference_mode():
        torch.testing.assert_close(Lowered(network).eval()(eda, music), network(eda, music))


@pytest.mark.parametrize("length", [2500, 2497, 480])
def test_full_size(length: int) -> None:
    network = lively(NetworkConfig(input_length=length))
    eda = torch.randn(2, 3, length)
    with torch.inference_mode():
        torch.testing.assert_close(Lowered(network).eval()(eda), network(eda), rtol=1e-4, atol=1e-5)
