"""RTCAN-1D: residual temporal and channel attention for one-dimensional signals.

All of the network, readable top to bottom. After Yin, Sun, Yu, Li, Zhang, "A Multimodal Framework
for Large-Scale Emotion Recognition by Fusing Music and Electrodermal Activity Signals", ACM TOMM
18(3), 2022 (arXiv 2008.09743); channel attention after Hu et al., "Squeeze-and-Excitation
Networks", temporal attention after Wang et al., "Non-local Neural Networks".

    eda (N, 3, L) --> origin block --> temporal attention --> channel attention
        --> 4 stages of 2 residual units --> final block --> flatten [+ music] --> head --> (N, 2)

Lengths beside the code are for L = 2500. The layers are torch's in a faster layout, see
`training.network.layers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.network.layers import BatchNorm1d, ChannelsLast, Conv1d, max_pool1d

Head = Literal["logits", "relu", "softmax"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of the network.

    Attributes
    ----------
    input_length : int
        Samples per channel of the input, at least 16.
    channel_attention, temporal_attention : bool
        The two attentions in front of the residual stages. Without both, the stem is the plain
        one: convolution, normalisation, ReLU.
    unit_attention : bool
        Channel attention at the start of every residual unit too, as the paper's network for PMEmo
        has it.
    music : int
        Number of music features joined before the head; 0 for none, 6373 in the paper.
    head : "logits", "relu" or "softmax"
        End of the head. Ours is plain logits. The released networks end in a ReLU on the logits
        (EDA alone) or a softmax (with music); both hurt training and are here for their weights.
    width : int
        Channels of every layer; 64 in the paper.
    classes : int
        Number of classes.
    """

    input_length: int = 2500
    channel_attention: bool = True
    temporal_attention: bool = True
    unit_attention: bool = False
    music: int = 0
    head: Head = "logits"
    width: int = 64
    classes: int = 2


class ChannelAttention(nn.Module):
    """SCA: weigh each channel by what all channels hold on average."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.down = Conv1d(channels, hidden, 1)
        self.up = Conv1d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L) to (N, C, L)."""
        weight = x.mean(dim=2, keepdim=True)  # (N, C, 1)
        weight = self.up(functional.relu(self.down(weight)))
        gated: Tensor = x * torch.sigmoid(weight)
        return gated


class TemporalAttention(nn.Module):
    """RNTA: every instant looks at every other within its third of the sequence.

    An embedded-Gaussian non-local block, its weights shared by the three thirds. The pointwise
    convolutions run over the whole sequence at once; only the attention itself is cut into thirds.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = Conv1d(channels, inner, 1)
        self.phi = Conv1d(channels, inner, 1)
        self.g = Conv1d(channels, inner, 1)
        self.out = Conv1d(inner, channels, 1)
        self.norm = BatchNorm1d(channels)
        # The block starts as the identity and learns to attend.
        nn.init.zeros_(self.norm.weight)
        nn.init.zeros_(self.norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L) to (N, C, L)."""
        length = x.shape[2]
        theta, phi, g = self.theta(x), self.phi(x), self.g(x)  # (N, C/2, L)
        cuts = (0, length // 3, 2 * length // 3, length)
        parts = []
        for start, stop in pairwise(cuts):
            query = theta[:, :, start:stop].transpose(1, 2)  # (N, l, C/2), l = L/3
            key = max_pool1d(phi[:, :, start:stop], 2)  # (N, C/2, l/2)
            value = max_pool1d(g[:, :, start:stop], 2).transpose(1, 2)  # (N, l/2, C/2)
            weight = torch.softmax(query @ key, dim=2)  # (N, l, l/2)
            parts.append(weight @ value)  # (N, l, C/2)
        joined = torch.cat(parts, dim=1).transpose(1, 2)  # (N, C/2, L)
        attended: Tensor = self.norm(self.out(joined))
        return x + attended


class ResidualUnit(nn.Module):
    """One convolution with a shortcut; the first unit of a stage halves the length."""

    def __init__(self, channels: int, stride: int, attention: bool) -> None:
        super().__init__()
        self.attention = ChannelAttention(channels) if attention else None
        self.conv = Conv1d(channels, channels, 3, stride, padding=1, bias=False)
        self.norm = BatchNorm1d(channels)
        self.shortcut = (
            nn.Sequential(Conv1d(channels, channels, 1, stride, bias=False), BatchNorm1d(channels))
            if stride != 1
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L) to (N, C, ceil(L / stride))."""
        attended = x if self.attention is None else self.attention(x)
        # An identity shortcut carries the signal from before the attention, as published.
        residual = x if self.shortcut is None else self.shortcut(attended)
        return functional.relu(functional.relu(self.norm(self.conv(attended))) + residual)


class RTCAN(nn.Module):
    """The network for one target.

    Parameters
    ----------
    config : NetworkConfig
        Its shape.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        attends = config.channel_attention or config.temporal_attention
        self.layout: nn.Module = ChannelsLast()
        self.origin = nn.Sequential(
            Conv1d(3, width, 7, stride=2, padding=3, bias=attends),
            BatchNorm1d(width),
            nn.Identity() if attends else nn.ReLU(),
        )
        self.temporal = TemporalAttention(width) if config.temporal_attention else None
        self.channel = ChannelAttention(width) if config.channel_attention else None
        self.stages = nn.Sequential(
            *(
                ResidualUnit(width, stride, config.unit_attention)
                for _ in range(4)
                for stride in (2, 1)
            )
        )
        self.final = nn.Sequential(
            Conv1d(width, width, 1, stride=3, bias=False), BatchNorm1d(width)
        )
        final_length = _final_length(config.input_length)
        # 14 in the paper; a shorter input has fewer steps to average.
        self.pool = nn.AvgPool1d(min(14, final_length), stride=1)
        features = width * (final_length - min(14, final_length) + 1)
        self.head = nn.Sequential(
            nn.Linear(features + config.music, 256),
            nn.ReLU(),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Linear(128, config.classes),
        )

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return the head's output.

        Parameters
        ----------
        eda : float32 (N, 3, L)
            Tonic, phasic and origin, in the contract's order.
        music : float32 (N, music) or None
            Standardised music features, where the network has them.

        Returns
        -------
        float32 (N, classes)
            Logits; see `NetworkConfig.head` for the released forms.
        """
        x = self.origin(self.layout(eda))  # (N, 64, 1250)
        if self.temporal is not None:
            x = self.temporal(x)  # (N, 64, 1250)
        if self.channel is not None:
            x = self.channel(x)  # (N, 64, 1250)
        x = self.stages(x)  # (N, 64, 625), 313, 157, 79
        x = self.final(x)  # (N, 64, 27)
        x = self.pool(x).flatten(1)  # (N, 64, 14) to (N, 896)
        if self.config.music:
            if music is None:
                raise ValueError(f"this network needs music features (N, {self.config.music})")
            x = torch.cat([x, music], dim=1)
        return activate(self.head(x), self.config.head)


def activate(out: Tensor, head: Head) -> Tensor:
    """Return the last layer's output as this kind of head gives it."""
    if head == "relu":
        return functional.relu(out)
    return torch.softmax(out, dim=1) if head == "softmax" else out


def _final_length(length: int) -> int:
    for _ in range(5):  # the origin block and four stages halve, rounding up
        length = (length + 1) // 2
    return (length + 2) // 3


def to_logits(out: Tensor, head: Head) -> Tensor:
    """Return logits (N, classes) of a head's output, so that their softmax is its probability.

    The released softmax head gives probabilities already; another softmax would squash them.
    """
    return torch.log(out.clamp_min(1e-12)) if head == "softmax" else out
