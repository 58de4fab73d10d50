"""Slices of windows, stretched to the whole: what a step of training sees in their place.

After Le Guennec, Malinowski, Tavenard, "Data Augmentation for Time Series Classification using
Convolutional Neural Networks", 2016 ("window slicing" and "window warping" in one). A slice holds
the same responses a little slower and cut off elsewhere, so that a few dozen recordings cannot be
learnt by heart as quickly.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def draw(rng: np.random.Generator, number: int, least: float) -> NDArray[np.float32]:
    """Return start and share (number, 2) of slices of at least a share of `least`, at random."""
    share = rng.uniform(least, 1.0, number)
    start = rng.uniform(0.0, 1.0, number) * (1.0 - share)
    return np.stack([start, share], axis=1).astype(np.float32)


def stretched(windows: Tensor, slices: Tensor) -> Tensor:
    """Return the slices, each stretched to the length of its window linearly.

    Parameters
    ----------
    windows : float (k, n, C, L)
        Inputs.
    slices : float32 (k, n, 2)
        Start and share of each, see `draw`.

    Returns
    -------
    float (k, n, C, L)
    """
    length = windows.shape[-1]
    start, share = slices[..., None].unbind(2)  # (k, n, 1) each
    step = torch.linspace(0.0, 1.0, length, dtype=slices.dtype, device=windows.device)
    place = (start + share * step).clamp(max=1.0) * (length - 1)  # (k, n, L)
    left = place.floor().clamp(max=length - 2)
    weight = (place - left).to(windows.dtype).unsqueeze(2)  # (k, n, 1, L)
    index = left.long().unsqueeze(2).expand_as(windows)
    return windows.gather(3, index) * (1 - weight) + windows.gather(3, index + 1) * weight
