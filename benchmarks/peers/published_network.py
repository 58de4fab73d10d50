"""The network as it was published, in eager torch: the peer of ours.

The temporal attention runs once for each third, with its own convolutions, and writes each third in
place into a copy of its input, as the paper's description has it; the layers are torch's own. All
else is `training.network.model`.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.network import layers
from training.network.model import RTCAN, TemporalAttention


class PublishedAttention(TemporalAttention):
    """The same weights and the same function, computed third by third."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L) to (N, C, L)."""
        length = x.shape[2]
        cuts = (0, length // 3, 2 * length // 3, length)
        out = x.clone()
        for start, stop in pairwise(cuts):
            part = x[:, :, start:stop]
            value = functional.max_pool1d(self.g(part), 2).permute(0, 2, 1)
            query = self.theta(part).permute(0, 2, 1)
            key = functional.max_pool1d(self.phi(part), 2)
            weight = torch.softmax(torch.matmul(query, key), dim=-1)
            attended = torch.matmul(weight, value).permute(0, 2, 1).contiguous()
            out[:, :, start:stop] = self.norm(self.out(attended)) + part
        return out


def published(network: RTCAN) -> RTCAN:
    """Return a copy of a network that computes in the published way."""
    copy = RTCAN(network.config)
    copy.load_state_dict(network.state_dict())
    if copy.temporal is not None:
        copy.temporal.__class__ = PublishedAttention
    # torch's own layers in torch's own layout.
    copy.layout = nn.Identity()
    for module in copy.modules():
        for ours, plain in ((layers.Conv1d, nn.Conv1d), (layers.BatchNorm1d, nn.BatchNorm1d)):
            if type(module) is ours:
                module.__class__ = plain  # type: ignore[assignment]
    return copy.eval()
