"""The network as the edge runs it: the same function, written so that it lowers well.

What differs from `training.network.model`, and why:

* Batch normalisation is folded into the convolution before it (evaluation mode only).
* Convolutions are two-dimensional over (N, C, 1, L): onnxruntime has blocked kernels for those and
  not for one-dimensional ones, which saves about a third of their time.
* The temporal attention's pointwise convolutions follow a convolution with nothing between, so
  they are one with it and read the input itself: 21 products a value instead of 64. Keys and values
  are computed third by third, so that they are pooled before they leave the blocked form.
* The attention's products make no transposed copy: onnxruntime takes the transposition into them.
* A sum of two rectified signals is not rectified again.

Lengths beside the code are for an input of 2500. Equality with the source is proven at every export
(`export.parity`).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from training.network.model import (
    RTCAN,
    ChannelAttention,
    ResidualUnit,
    TemporalAttention,
    activate,
)
from training.network.wide_and_deep import WideAndDeep


def _flat_conv(conv: nn.Conv1d, norm: nn.BatchNorm1d | None = None) -> nn.Conv2d:
    """Return a Conv2d over (N, C, 1, L) that equals a Conv1d and the normalisation after it."""
    weight, bias = conv.weight, conv.bias
    if norm is not None:
        assert norm.running_mean is not None and norm.running_var is not None
        weight, bias = fuse_conv_bn_weights(
            weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
    flat = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        (1, int(conv.kernel_size[0])),
        (1, int(conv.stride[0])),
        (0, int(conv.padding[0])),
        bias=bias is not None,
    )
    with torch.no_grad():
        flat.weight.copy_(weight.unsqueeze(2))
        if flat.bias is not None and bias is not None:
            flat.bias.copy_(bias)
    return flat


def _composed(first: nn.Conv2d, *seconds: nn.Conv1d) -> nn.Conv2d:
    """Return what equals some pointwise convolutions after `first`, their channels in a row.

    It does not pad.
    """
    assert first.bias is not None
    # In double precision: what is multiplied here once is rounded once.
    weight = torch.cat([second.weight for second in seconds]).squeeze(2).double()
    bias = torch.cat([second.bias for second in seconds if second.bias is not None]).double()
    kernel, stride = (1, int(first.kernel_size[1])), (1, int(first.stride[1]))
    both = nn.Conv2d(first.in_channels, len(weight), kernel, stride)
    assert both.bias is not None
    with torch.no_grad():
        both.weight.copy_(torch.einsum("oc,cikl->oikl", weight, first.weight.double()))
        both.bias.copy_(weight @ first.bias.double() + bias)
    return both


class _ChannelAttention(nn.Module):
    def __init__(self, source: ChannelAttention) -> None:
        super().__init__()
        self.down, self.up = _flat_conv(source.down), _flat_conv(source.up)

    def forward(self, x: Tensor) -> Tensor:
        weight = x.mean(dim=(2, 3), keepdim=True)  # (N, 64, 1, 1)
        weight = torch.sigmoid(self.up(functional.relu(self.down(weight))))
        gated: Tensor = x * weight
        return gated


class _TemporalAttention(nn.Module):
    def __init__(self, source: TemporalAttention, origin: nn.Conv2d) -> None:
        super().__init__()
        self.query = _composed(origin, source.theta)
        self.key_and_value = _composed(origin, source.phi, source.g)
        self.out = _flat_conv(source.out, source.norm)
        self.stride, self.reach = int(origin.stride[1]), int(origin.kernel_size[1])
        self.padding = int(origin.padding[1])

    def forward(self, eda: Tensor, x: Tensor) -> Tensor:
        """Attend within x (N, 64, 1, 1250), which the origin made of eda (N, 3, 1, 2500)."""
        length = x.shape[3]
        padded = functional.pad(eda, (self.padding, self.padding))
        queries = self.query(padded).squeeze(2)  # (N, 32, 1250)
        cuts = (0, length // 3, 2 * length // 3, length)
        parts = []
        for start, stop in pairwise(cuts):
            first, end = self.stride * start, self.stride * (stop - 1) + self.reach
            third = padded[..., first:end]  # (N, 3, 1, 839)
            query = queries[:, :, start:stop]  # (N, 32, 417)
            pooled = functional.max_pool2d(self.key_and_value(third), (1, 2))  # (N, 64, 1, 208)
            key, value = pooled.squeeze(2).chunk(2, dim=1)  # (N, 32, 208) each
            weight = torch.softmax(query.transpose(1, 2) @ key, dim=2)  # (N, 417, 208)
            parts.append(value @ weight.transpose(1, 2))  # (N, 32, 417)
        attended: Tensor = self.out(torch.cat(parts, dim=2).unsqueeze(2))
        return attended + x


class _ResidualUnit(nn.Module):
    def __init__(self, source: ResidualUnit) -> None:
        super().__init__()
        self.attention = None if source.attention is None else _ChannelAttention(source.attention)
        self.conv = _flat_conv(source.conv, source.norm)
        self.shortcut: nn.Conv2d | None = None
        if source.shortcut is not None:
            conv, norm = source.shortcut
            assert isinstance(conv, nn.Conv1d) and isinstance(norm, nn.BatchNorm1d)
            self.shortcut = _flat_conv(conv, norm)

    def forward(self, x: Tensor) -> Tensor:
        attended = x if self.attention is None else self.attention(x)
        residual = x if self.shortcut is None else self.shortcut(attended)
        out = functional.relu(self.conv(attended)) + residual
        # An identity shortcut carries what an earlier unit has rectified already.
        return out if self.shortcut is None else functional.relu(out)


class Lowered(nn.Module):
    """A trained network for inference alone.

    Parameters
    ----------
    source : RTCAN
        The network; its weights are copied.
    """

    def __init__(self, source: RTCAN) -> None:
        super().__init__()
        conv, norm, activation = source.origin
        assert isinstance(conv, nn.Conv1d) and isinstance(norm, nn.BatchNorm1d)
        origin = _flat_conv(conv, norm)
        self.origin = nn.Sequential(origin, activation)
        self.temporal: _TemporalAttention | None = None
        if source.temporal is not None:
            # The attention composes its convolutions with this one, so none may stand between.
            assert isinstance(activation, nn.Identity)
            self.temporal = _TemporalAttention(source.temporal, origin)
        self.channel = None if source.channel is None else _ChannelAttention(source.channel)
        units = [unit for unit in source.stages if isinstance(unit, ResidualUnit)]
        self.stages = nn.Sequential(*(_ResidualUnit(unit) for unit in units))
        final_conv, final_norm = source.final
        assert isinstance(final_conv, nn.Conv1d) and isinstance(final_norm, nn.BatchNorm1d)
        self.final = _flat_conv(final_conv, final_norm)
        window = source.pool.kernel_size
        steps = window if isinstance(window, int) else window[0]
        self.pool = nn.AvgPool2d((1, steps), stride=1)
        self.head = source.head
        self.config = source.config

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return what `RTCAN.forward` returns."""
        eda = eda.unsqueeze(2)  # (N, 3, 1, 2500)
        x = self.origin(eda)  # (N, 64, 1, 1250)
        if self.temporal is not None:
            x = self.temporal(eda, x)
        if self.channel is not None:
            x = self.channel(x)
        x = self.pool(self.final(self.stages(x))).flatten(1)  # (N, 896)
        if music is not None:
            x = torch.cat([x, music], dim=1)
        return activate(self.head(x), self.config.head)


def lowered(source: WideAndDeep) -> WideAndDeep:
    """Return the same function with every member lowered; the linear path is shared."""
    members = [Lowered(member) for member in source.members if isinstance(member, RTCAN)]
    form = WideAndDeep(members, source.features)
    form.wide = source.wide
    form.deep_weight.copy_(source.deep_weight)
    form.bias.copy_(source.bias)
    return form
