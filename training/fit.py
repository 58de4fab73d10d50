"""Fitting one network for one target."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.model import RTCAN, NetworkConfig, to_logits
from training.settings import Settings

_INFERENCE_BATCH = 64
_GENERATOR = threading.Lock()


@dataclass(frozen=True)
class Data:
    """Windows of some recordings.

    Attributes
    ----------
    inputs : float32 (n, 3, L)
        Network inputs.
    recording : int64 (n,)
        Which recording each belongs to.
    truth : int64 (n,)
        Class of each.
    music : float32 (songs, features) or None
        Standardised music features.
    song : int64 (n,) or None
        Row of `music` that belongs to each window.
    """

    inputs: NDArray[np.float32]
    recording: NDArray[np.int64]
    truth: NDArray[np.int64]
    music: NDArray[np.float32] | None = None
    song: NDArray[np.int64] | None = None

    def batch(self, index: NDArray[np.int64], device: torch.device) -> tuple[Tensor, ...]:
        """Return what the network is called with for the windows of `index` (k,)."""
        eda = torch.from_numpy(self.inputs[index]).to(device)
        if self.music is None or self.song is None:
            return (eda,)
        return eda, torch.from_numpy(self.music[self.song[index]]).to(device)


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    number: int
    train_loss: float
    validation_loss: float
    best: bool


def fit(
    config: NetworkConfig,
    train: Data,
    validation: Data,
    settings: Settings,
    device: torch.device,
    progress: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[RTCAN, list[Epoch]]:
    """Fit a network and return the one with the best validation loss, on the CPU, in eval mode.

    Parameters
    ----------
    config : NetworkConfig
        Shape of the network.
    train, validation : Data
        Of different subjects.
    settings : Settings
        How to fit.
    device : torch.device
        Where to compute.
    progress : callable
        Told of every epoch.
    """
    # Several networks are fitted at once, and torch has one generator for all.
    with _GENERATOR:
        torch.manual_seed(settings.seed)
        network = RTCAN(config).to(device)
    rng = np.random.default_rng(settings.seed)
    optimiser = _optimiser(network, settings)
    truth = torch.tensor(train.truth)
    groups = [np.flatnonzero(train.recording == r) for r in np.unique(train.recording)]
    # Both classes weigh the same, whatever their share.
    counts = np.bincount(train.truth, minlength=config.classes).astype(np.float64)
    if not settings.balanced:
        counts[:] = 1
    weight = torch.tensor(
        counts.sum() / np.maximum(counts, 1) / config.classes, dtype=torch.float32, device=device
    )
    history: list[Epoch] = []
    best_loss, best_state, since_best = math.inf, copy.deepcopy(network.state_dict()), 0
    steps = settings.epochs * math.ceil(
        len(groups) * settings.windows_per_recording / settings.batch_size
    )
    sgd = settings.optimiser == "sgd"
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 1.0 if sgd else _rate(step, steps)
    )
    chooses = _spread(validation, settings.validation_windows)
    for number in range(1, settings.epochs + 1):
        network.train()
        draws = [rng.choice(group, settings.windows_per_recording) for group in groups]
        order = rng.permutation(np.concatenate(draws))
        losses = []
        for start in range(0, order.size, settings.batch_size):
            index = order[start : start + settings.batch_size]
            if index.size < 2 and order.size > 1:
                continue  # batch normalisation cannot learn from a single window
            out = network(*train.batch(index, device))
            loss = functional.cross_entropy(out, truth[index].to(device), weight=weight)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        validation_loss = _loss(network, chooses, weight, device)
        better = validation_loss < best_loss
        history.append(Epoch(number, float(np.mean(losses)), validation_loss, better))
        progress(history[-1])
        if better:
            best_loss, best_state = validation_loss, copy.deepcopy(network.state_dict())
        since_best = 0 if better else since_best + 1
        if since_best >= settings.patience:
            break
    network.load_state_dict(best_state)
    return network.cpu().eval(), history


def predict(network: RTCAN, data: Data, device: torch.device) -> Tensor:
    """Return the logits of windows, float32 (n, classes), on the CPU."""
    return to_logits(_outputs(network, data, device), network.config.head)


def _outputs(network: RTCAN, data: Data, device: torch.device) -> Tensor:
    network = network.to(device).eval()
    everything = np.arange(len(data.inputs))
    with torch.inference_mode():
        parts = [
            network(*data.batch(everything[start : start + _INFERENCE_BATCH], device)).cpu()
            for start in range(0, len(everything), _INFERENCE_BATCH)
        ]
    return torch.cat(parts)


def _loss(network: RTCAN, data: Data, weight: Tensor, device: torch.device) -> float:
    out = _outputs(network, data, device)
    return float(functional.cross_entropy(out, torch.tensor(data.truth), weight=weight.cpu()))


def _optimiser(network: RTCAN, settings: Settings) -> torch.optim.Optimizer:
    if settings.optimiser == "sgd":
        return torch.optim.SGD(
            network.parameters(),
            lr=settings.learning_rate,
            momentum=0.9,
            weight_decay=settings.weight_decay,
        )
    return torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )


def _spread(data: Data, most: int) -> Data:
    """Keep at most `most` windows of each recording, evenly spread: the loss costs time too."""
    kept = []
    for recording in np.unique(data.recording):
        own = np.flatnonzero(data.recording == recording)
        at = np.linspace(0, own.size - 1, min(most, own.size)).round().astype(np.int64)
        kept.append(own[at])
    index = np.concatenate(kept)
    return Data(
        data.inputs[index],
        data.recording[index],
        data.truth[index],
        data.music,
        None if data.song is None else data.song[index],
    )


def _rate(step: int, steps: int) -> float:
    warm = max(steps // 10, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * min((step - warm) / max(steps - warm, 1), 1.0)))
