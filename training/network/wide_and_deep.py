"""What is trained for one target: an ensemble of networks, and a linear path on plain features.

    log odds = deep_weight * mean over members (their log odds) + features @ wide + bias

"Wide and deep" after Cheng et al. 2016 (arXiv 1606.07792). The paths are fitted apart and weighed
by what each earns on held-out people (`training.fitting.combine`); here they are one function.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.network.model import NetworkConfig, to_logits


class WideAndDeep(nn.Module):
    """An ensemble and a linear path.

    Parameters
    ----------
    members : sequence of modules
        Networks of one shape, called as `RTCAN` is, with its `config`; at least one.
    features : int
        Plain features of the linear path; 0 for none.
    """

    deep_weight: Tensor
    bias: Tensor

    def __init__(self, members: Sequence[nn.Module], features: int = 0) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.features = features
        self.wide = nn.Linear(features, self.config.classes, bias=False) if features else None
        if self.wide is not None:
            nn.init.zeros_(self.wide.weight)
        self.register_buffer("deep_weight", torch.tensor(1.0))
        self.register_buffer("bias", torch.zeros(self.config.classes))

    @property
    def config(self) -> NetworkConfig:
        """Shape of each member."""
        config = self.members[0].config
        assert isinstance(config, NetworkConfig)
        return config

    def forward(
        self, eda: Tensor, features: Tensor | None = None, music: Tensor | None = None
    ) -> Tensor:
        """Return logits, float32 (N, classes).

        Parameters
        ----------
        eda : float32 (N, 3, L)
            See `RTCAN.forward`.
        features : float32 (N, features) or None
            Plain features in the person's own units, where there is a linear path.
        music : float32 (N, music) or None
            See `RTCAN.forward`.
        """
        inputs = (eda,) if music is None else (eda, music)
        head = self.config.head
        total = to_logits(self.members[0](*inputs), head)
        for member in self.members[1:]:
            total = total + to_logits(member(*inputs), head)
        deep: Tensor = total * (self.deep_weight / len(self.members)) + self.bias
        if self.wide is None:
            return deep
        if features is None:
            raise ValueError(f"this network needs plain features (N, {self.features})")
        out: Tensor = deep + self.wide(features)
        return out

    def weigh(self, deep: float, weights: Sequence[float] = (), bias: float = 0.0) -> None:
        """Set how far the paths are believed.

        Parameters
        ----------
        deep : float
            Of the networks' log odds.
        weights : sequence of float (features,)
            Of the plain features, in log odds of the second class.
        bias : float
            Added to the log odds of the second class.
        """
        self.deep_weight.fill_(deep)
        self.bias.zero_()
        self.bias[1] = bias
        if self.wide is not None:
            with torch.no_grad():
                self.wide.weight.zero_()
                self.wide.weight[1] = torch.tensor(list(weights), dtype=torch.float32)
