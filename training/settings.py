"""How to fit a network; without torch, so that a command line can name the defaults at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to fit.

    Attributes
    ----------
    epochs : int
        At most; an epoch shows one random window of every training recording.
    batch_size : int
        Windows per step.
    learning_rate, weight_decay : float
        Of AdamW; the rate warms up over the first tenth and then falls along a half cosine.
    patience : int
        Stop after this many epochs without a better validation loss.
    windows_per_recording : int
        Random windows of each training recording in an epoch.
    stride_s : float
        Seconds from one training window to the next of the same recording.
    seed : int
        Of the split, the weights and the order.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patience: int = 8
    windows_per_recording: int = 1
    stride_s: float = 10.0
    seed: int = 0
