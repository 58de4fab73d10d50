"""Random networks that are worth comparing."""

from __future__ import annotations

import torch
from torch import nn

from training.network.model import RTCAN, NetworkConfig
from training.network.wide_and_deep import WideAndDeep


def lively(config: NetworkConfig, seed: int = 0) -> RTCAN:
    """A network whose answer depends on its input and whose every layer does something.

    As torch initialises it, a network answers nearly the same to everything: two such would agree
    whatever was wrong with one of them.
    """
    torch.manual_seed(seed)
    network = RTCAN(config)
    for module in network.modules():
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.3, 0.7)
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


def lively_model(
    config: NetworkConfig, seed: int = 0, *, members: int = 1, features: int = 0
) -> WideAndDeep:
    """What is trained for one target, of lively networks and a linear path that does something."""
    model = WideAndDeep([lively(config, seed + 100 * i) for i in range(members)], features)
    if features:
        torch.manual_seed(seed)
        model.weigh(0.7, torch.randn(features).tolist(), 0.2)
    return model.eval()
