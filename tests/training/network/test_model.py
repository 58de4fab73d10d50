"""The network equals the published description."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.network.model import RTCAN, NetworkConfig, TemporalAttention


def test_size_is_the_published_one() -> None:
    # 396,916 as published, of which an unused layer 256 -> 10 has 2,570.
    assert sum(p.numel() for p in RTCAN(NetworkConfig()).parameters()) == 396_916 - 2_570


@pytest.mark.parametrize("length", [16, 17, 100, 480, 2499, 2500, 7680])
def test_any_input_length(length: int) -> None:
    network = RTCAN(NetworkConfig(input_length=length, width=8)).eval()
    assert network(torch.zeros(2, 3, length)).shape == (2, 2)


def test_lengths_on_the_way() -> None:
    network = RTCAN(NetworkConfig()).eval()
    seen = []
    for module in [network.origin, *network.stages, network.final, network.pool]:
        module.register_forward_hook(lambda m, i, out: seen.append(tuple(out.shape[1:])))
    network(torch.zeros(1, 3, 2500))
    assert seen == [
        (64, 1250), (64, 625), (64, 625), (64, 313), (64, 313), (64, 157), (64, 157), (64, 79),
        (64, 79), (64, 27), (64, 14),
    ]  # fmt: skip
    assert network.head[0].in_features == 896


@pytest.mark.parametrize("channel", [False, True])
@pytest.mark.parametrize("temporal", [False, True])
def test_attentions_can_be_left_out(channel: bool, temporal: bool) -> None:
    network = RTCAN(
        NetworkConfig(
            input_length=64, width=8, channel_attention=channel, temporal_attention=temporal
        )
    )
    assert (network.channel is not None) == channel
    assert (network.temporal is not None) == temporal
    # Without both the stem is the plain one: no bias, but a ReLU.
    assert (network.origin[0].bias is None) == (not channel and not temporal)
    assert isinstance(network.origin[2], nn.ReLU) == (not channel and not temporal)


def test_music_joins_before_the_head() -> None:
    network = RTCAN(NetworkConfig(input_length=64, width=8, music=5)).eval()
    eda = torch.randn(2, 3, 64)
    quiet, loud = network(eda, torch.zeros(2, 5)), network(eda, torch.ones(2, 5))
    assert (quiet - loud).abs().max() > 1e-4
    with pytest.raises(ValueError, match="music"):
        network(eda)


@pytest.mark.parametrize("head", ["logits", "relu", "softmax"])
def test_heads(head: str) -> None:
    torch.manual_seed(0)
    network = RTCAN(NetworkConfig(input_length=64, width=8, head=head)).eval()  # type: ignore[arg-type]
    plain = RTCAN(NetworkConfig(input_length=64, width=8)).eval()
    plain.load_state_dict(network.state_dict())
    eda = torch.randn(4, 3, 64)
    logits = plain(eda)
    expected = {"logits": logits, "relu": logits.relu(), "softmax": logits.softmax(1)}[head]
    torch.testing.assert_close(network(eda), expected)


def test_unit_attention_leaves_the_identity_shortcut_alone() -> None:
    torch.manual_seed(0)
    unit = RTCAN(NetworkConfig(input_length=64, width=8, unit_attention=True)).eval().stages[1]
    x = torch.randn(2, 8, 32)
    attended = unit.attention(x)
    expected = functional.relu(functional.relu(unit.norm(unit.conv(attended))) + x)
    torch.testing.assert_close(unit(x), expected)
    assert (attended - x).abs().max() > 0.1


def one_third(block: TemporalAttention, x: Tensor) -> Tensor:
    """The published block, step by step, on one part of the sequence."""
    n, _, length = x.shape
    g = functional.max_pool1d(block.g(x), 2).reshape(n, -1, length // 2).permute(0, 2, 1)
    theta = block.theta(x).permute(0, 2, 1)
    phi = functional.max_pool1d(block.phi(x), 2)
    weight = torch.softmax(torch.matmul(theta, phi), dim=-1)
    y = torch.matmul(weight, g).permute(0, 2, 1).contiguous()
    return block.norm(block.out(y)) + x


@pytest.mark.parametrize("length", [48, 49, 50, 1250])
def test_temporal_attention_equals_the_published_block_on_each_third(length: int) -> None:
    torch.manual_seed(0)
    block = TemporalAttention(8).eval()
    nn.init.normal_(block.norm.weight)
    nn.init.normal_(block.norm.bias)
    x = torch.randn(2, 8, length)
    parts = x[..., : length // 3], x[..., length // 3 : 2 * length // 3], x[..., 2 * length // 3 :]
    expected = torch.cat([one_third(block, part) for part in parts], dim=2)
    torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-5)


def test_temporal_attention_starts_as_the_identity() -> None:
    x = torch.randn(2, 8, 50)
    torch.testing.assert_close(TemporalAttention(8)(x), x)
