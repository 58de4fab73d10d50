"""How to fit a network; without torch, so that a command line can name the defaults at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to fit.

    Attributes
    ----------
    epochs : int
        At most; an epoch shows each training recording equally often, a random window each time.
    batch_size : int
        Windows per step.
    optimiser : "adamw" or "sgd"
        "adamw": the rate warms up over the first tenth and then falls along a half cosine. "sgd":
        momentum 0.9, the rate stays, as published.
    learning_rate, weight_decay : float
        Of the optimiser.
    patience : int
        Stop after this many epochs without a better validation loss.
    balanced : bool
        Whether both classes weigh the same in the loss, whatever their share.
    windows_per_recording : int
        Random windows of each training recording in an epoch, at least.
    epoch_windows : int
        Windows of an epoch, at least: a small data set is shown more than once, so that as many
        epochs are about as many steps.
    least_slice : float
        A step sees a random slice of each window, of at least this share of it, stretched to the
        whole; 1 for the window itself.
    validation_windows : int
        Windows of each validation recording that the loss is measured on, spread evenly.
    stride_s : float
        Seconds from one training window to the next of the same recording.
    precision : "fp32" or "bf16"
        Of the layers while fitting; weights, loss and all figures are float32 in either.
    seed : int
        Of the splits, the weights and the order.
    """

    epochs: int = 30
    batch_size: int = 32
    optimiser: str = "adamw"
    learning_rate: float = 5e-4
    weight_decay: float = 1e-2
    patience: int = 8
    balanced: bool = True
    windows_per_recording: int = 1
    epoch_windows: int = 256
    least_slice: float = 0.7
    validation_windows: int = 4
    stride_s: float = 10.0
    precision: str = "fp32"
    seed: int = 0
