"""AdamW and SGD for several fits at once, each with its own rate.

torch's optimisers know one rate for a tensor; here every row of a stack's weights is another fit.
The formulas are those of `torch.optim.AdamW` and `torch.optim.SGD`, which a test compares with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from training.fitting.settings import Settings

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_MOMENTUM = 0.9
_CLIP = 5.0


class Optimiser:
    """What `Settings` asks for, over rows of weights.

    Parameters
    ----------
    settings : Settings
        Which optimiser, its rate and decay.
    weights : float32 (k, parameters)
        Like those to be changed.
    """

    def __init__(self, settings: Settings, weights: Tensor) -> None:
        self._adam = settings.optimiser == "adamw"
        self._decay = settings.weight_decay
        self._rate = settings.learning_rate
        self._steps = torch.zeros(len(weights), 1, dtype=weights.dtype, device=weights.device)
        # Mean of the gradients, or the velocity; and mean of their squares.
        self._first = torch.zeros_like(weights)
        self._second = torch.zeros_like(weights) if self._adam else None

    @torch.no_grad()
    def step(
        self, weights: Tensor, gradient: Tensor, share: Tensor, active: Tensor | None = None
    ) -> None:
        """Change the weights (k, parameters) in place.

        Parameters
        ----------
        weights, gradient : float32 (k, parameters)
            A gradient longer than 5 is shortened to that, each fit's by itself.
        share : float32 (k, 1)
            Part of the learning rate, by the schedule.
        active : bool (k, 1) or None
            Which fits take this step; None for all.
        """
        before = None if active is None else [t.clone() for t in (weights, *self._memory())]
        length = gradient.norm(dim=1, keepdim=True)
        gradient = gradient * (_CLIP / (length + 1e-6)).clamp(max=1.0)
        rate = self._rate * share
        if self._second is not None:
            self._steps += 1
            self._first.lerp_(gradient, 1 - _BETA1)
            self._second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
            # Both start at zero and are too small at first: by 1 - beta^steps.
            first = -torch.expm1(self._steps * math.log(_BETA1))
            second = (-torch.expm1(self._steps * math.log(_BETA2))).sqrt()
            root = (self._second.sqrt() / second).add_(_EPSILON)
            weights.mul_(1 - rate * self._decay)
            weights.sub_(rate / first * self._first / root)
        else:
            self._first.mul_(_MOMENTUM).add_(gradient).add_(weights, alpha=self._decay)
            weights.sub_(rate * self._first)
        if active is not None and before is not None:
            for now, old in zip((weights, *self._memory()), before, strict=True):
                now.copy_(torch.where(active, now, old))

    def keep(self, numbers: Sequence[int]) -> None:
        """Go on with some of the fits only."""
        index = torch.tensor(numbers, dtype=torch.int64, device=self._first.device)
        self._steps, self._first = self._steps[index], self._first[index]
        if self._second is not None:
            self._second = self._second[index]

    def _memory(self) -> list[Tensor]:
        return [t for t in (self._steps, self._first, self._second) if t is not None]


def share_of_rate(settings: Settings, step: int, steps: int) -> float:
    """Return the part of the learning rate at a step: warm-up and half cosine, or all for SGD."""
    if settings.optimiser == "sgd":
        return 1.0
    warm = max(steps // 10, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * min((step - warm) / max(steps - warm, 1), 1.0)))
