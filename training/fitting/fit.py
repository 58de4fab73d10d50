"""Fitting networks of one shape, each on its own windows: all at once, or one after another.

The result does not depend on how many are fitted together: every fit has its own order, steps,
rate and end.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.fitting.data import Data, Shelf, to_device
from training.fitting.memory import keep_freed
from training.fitting.optimiser import Optimiser, share_of_rate
from training.fitting.settings import Settings
from training.fitting.slices import draw, stretched
from training.fitting.stack import Best, Stack
from training.network.model import RTCAN, NetworkConfig, to_logits
from training.network.wide_and_deep import WideAndDeep

# Windows of one network in a step of inference: what a core's cache holds, or what fills a GPU.
_CPU_BATCH = 64
_ACCELERATOR_BATCH = 512
_PRODUCTS = {"fp32": torch.float32, "bf16": torch.bfloat16}
# torch has one random generator, and several stacks are fitted at once.
_SEEDING = threading.Lock()


@dataclass(frozen=True)
class Task:
    """What one network learns from, and what chooses its epoch: of different people."""

    train: Data
    validation: Data


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    number: int
    train_loss: float
    validation_loss: float
    best: bool


class NotFiniteError(Exception):
    """Raised when no epoch of a task gave a validation loss that is a number."""

    def __init__(self, task: int, history: list[Epoch]) -> None:
        super().__init__(task, history)
        self.task, self.history = task, history


def fit(
    config: NetworkConfig,
    tasks: Sequence[Task],
    settings: Settings,
    device: torch.device,
    progress: Callable[[int, Epoch], None] = lambda task, epoch: None,
) -> list[tuple[RTCAN, list[Epoch]]]:
    """Fit a network to each task; return those with the best validation loss, on the CPU.

    Parameters
    ----------
    config : NetworkConfig
        Shape of the networks.
    tasks : sequence of Task
        All about the same windows, and of the same `batch_size`.
    settings : Settings
        How to fit.
    device : torch.device
        Where to compute; all windows are put there once.
    progress : callable
        Told the task's number and what its epoch gave.

    Returns
    -------
    list of (RTCAN, list of Epoch)
        In the order of the tasks; the networks in eval mode.

    Raises
    ------
    NotFiniteError
        If no epoch of a task has a validation loss that is a number.
    """
    if device.type == "cpu":
        keep_freed()
    k = len(tasks)
    with _SEEDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = RTCAN(config).to(device)
    stack = Stack([network] * k, _PRODUCTS[settings.precision])
    best = Best(stack)
    optimiser = Optimiser(settings, stack.flat)
    shelf = Shelf([task.train for task in tasks], device)
    validation = _Validation([task.validation for task in tasks], settings, device)
    orders = [_orders(task.train, settings) for task in tasks]
    recordings = [task.train.recordings for task in tasks]
    steps = np.array([steps_in_epoch(number, settings) for number in recordings])
    [size] = {batch_size(number, settings) for number in recordings}
    weights = torch.stack([_class_weights(task.train, settings, config) for task in tasks])
    weights = weights.to(device)
    alive = np.arange(k)
    lowest, since_best = np.full(k, np.inf), np.zeros(k, dtype=np.int64)
    history: list[list[Epoch]] = [[] for _ in tasks]
    for number in range(1, settings.epochs + 1):
        most = int(steps[alive].max())
        fits = torch.from_numpy(alive).to(device)
        # What an epoch shows and its rates go to the device at once; nothing comes back before its
        # end.
        drawn = [next(orders[t]) for t in alive]
        order = np.stack([np.resize(index, (most, size)) for index, _ in drawn], axis=1)
        part = np.stack([np.resize(own, (most, size, 2)) for _, own in drawn], axis=1)
        rate = torch.tensor(
            [[_rate(settings, number, s, steps[t]) for t in alive] for s in range(most)]
        )
        turns = zip(
            torch.from_numpy(order).to(device),
            torch.from_numpy(part).to(device),
            rate.to(device),
            strict=True,
        )
        losses = []
        for step, (index, slices, share) in enumerate(turns):
            taken = steps[alive] > step
            active = None if taken.all() else torch.from_numpy(taken[:, None]).to(device)
            (eda, *music), truth = shelf.take(fits, index)
            if settings.least_slice < 1:
                eda = stretched(eda, slices)
            out = stack(eda, *music, training=True, active=active)
            loss = _losses(out, truth, weights[fits])
            optimiser.step(stack.flat, stack.gradient(loss.sum()), share[:, None], active)
            losses.append(loss.detach())
        train_loss = torch.stack(losses).cpu().numpy()  # (steps, k)
        validation_loss = validation(stack, fits, weights[fits])
        better = validation_loss < lowest[alive]
        if better.any():
            best.take(stack, np.flatnonzero(better).tolist(), alive[better].tolist())
        lowest[alive[better]] = validation_loss[better]
        since_best[alive] = np.where(better, 0, since_best[alive] + 1)
        for row, t in enumerate(alive):
            mean = float(train_loss[: steps[t], row].mean())
            epoch = Epoch(number, mean, float(validation_loss[row]), bool(better[row]))
            history[t].append(epoch)
            progress(int(t), epoch)
        going = np.flatnonzero(since_best[alive] < settings.patience)
        if going.size == 0:
            break
        if going.size < alive.size:
            stack.keep(going.tolist())
            optimiser.keep(going.tolist())
            alive = alive[going]
    lost = np.flatnonzero(np.isinf(lowest))
    if lost.size:
        raise NotFiniteError(int(lost[0]), history[lost[0]])
    return [
        (_network(config, state), own) for state, own in zip(best.states(), history, strict=True)
    ]


def draws(recordings: int, settings: Settings) -> int:
    """Return how many windows of each recording an epoch shows."""
    return max(settings.windows_per_recording, math.ceil(settings.epoch_windows / recordings))


def batch_size(recordings: int, settings: Settings) -> int:
    """Return how many windows a step takes: at most the settings' batch, in steps of like size.

    A multiple of 8, so that folds of a few recordings more or fewer agree; what an epoch lacks to
    it is filled up from the epoch's own beginning.
    """
    drawn = recordings * draws(recordings, settings)
    even = math.ceil(drawn / math.ceil(drawn / settings.batch_size))
    return min(8 * math.ceil(even / 8), settings.batch_size)


def steps_in_epoch(recordings: int, settings: Settings) -> int:
    """Return how many steps show each of an epoch's windows once."""
    return math.ceil(recordings * draws(recordings, settings) / batch_size(recordings, settings))


def predict(network: RTCAN | WideAndDeep, data: Data, device: torch.device) -> Tensor:
    """Return the logits of windows, float32 (n, classes), on the CPU."""
    network = network.to(device).eval()
    shelf, fit = Shelf([data], device), torch.zeros(1, dtype=torch.int64, device=device)
    parts = []
    with torch.inference_mode():
        for index in _parts(len(data), device):
            inputs, _ = shelf.take(fit, index[None])
            eda, *music = (i[0] for i in inputs)
            if isinstance(network, RTCAN):
                parts.append(to_logits(network(eda, *music), network.config.head).cpu())
                continue
            features = None
            if data.features is not None:
                features = to_device(data.features[data.window[index.cpu().numpy()]], device)
            parts.append(network(eda, features, *music).cpu())
    network.cpu()
    return torch.cat(parts)


class _Validation:
    """Validation loss of every fit of a stack."""

    def __init__(self, sides: Sequence[Data], settings: Settings, device: torch.device) -> None:
        # The loss costs time too.
        sides = [side.spread(settings.validation_windows) for side in sides]
        self._shelf = Shelf(sides, device)
        self._numbers = torch.tensor([len(side) for side in sides], device=device)
        weight = np.zeros((len(sides), int(self._numbers.max())), dtype=np.float32)
        for row, side in zip(weight, sides, strict=True):
            row[: len(side)] = side.weight
        self._weight = torch.from_numpy(weight).to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, stack: Stack, fits: Tensor, weights: Tensor) -> NDArray[np.float64]:
        numbers = self._numbers[fits][:, None]
        total = torch.zeros(len(fits), device=self._device)
        weight = total.clone()
        for part in _parts(int(numbers.max()), self._device):
            index = part.expand(len(fits), -1)
            inside = index < numbers
            index = index.clamp(max=numbers - 1)
            inputs, truth = self._shelf.take(fits, index)
            out = stack(*inputs, training=False)
            own = weights.gather(1, truth) * self._weight[fits].gather(1, index) * inside
            total += (_entropy(out, truth) * own).sum(1)
            weight += own.sum(1)
        loss: NDArray[np.float64] = (total / weight).cpu().double().numpy()
        return loss


def _losses(out: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Return each fit's loss (k,) of outputs (k, n, classes)."""
    own = weights.gather(1, truth)
    return (_entropy(out, truth) * own).sum(1) / own.sum(1)


def _entropy(out: Tensor, truth: Tensor) -> Tensor:
    each = functional.cross_entropy(out.flatten(0, 1), truth.flatten(), reduction="none")
    return each.view_as(truth)


def _class_weights(train: Data, settings: Settings, config: NetworkConfig) -> Tensor:
    """Return a weight per class: both weigh the same, whatever their share, or each window does.

    Of the share of what an epoch shows: recordings, however many windows each of them has.
    """
    counts = np.bincount(train.truth, weights=train.weight, minlength=config.classes)
    if not settings.balanced:
        counts[:] = 1
    share = counts.sum() / np.maximum(counts, 1) / config.classes
    return torch.tensor(share, dtype=torch.float32)


def _orders(
    train: Data, settings: Settings
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield each epoch's windows and slices: some random windows of every recording, shuffled."""
    rng = np.random.default_rng(settings.seed)
    groups = [np.flatnonzero(train.recording == r) for r in np.unique(train.recording)]
    while True:
        drawn = [rng.choice(group, draws(len(groups), settings)) for group in groups]
        order = rng.permutation(np.concatenate(drawn))
        yield order, draw(rng, order.size, settings.least_slice)


def _rate(settings: Settings, epoch: int, step: int, steps: int) -> float:
    return share_of_rate(settings, (epoch - 1) * steps + step, settings.epochs * steps)


def _network(config: NetworkConfig, state: dict[str, Tensor]) -> RTCAN:
    # Without weights of its own: drawing them would disturb a fit that begins in another thread.
    with torch.device("meta"):
        network = RTCAN(config)
    network.load_state_dict(state, assign=True)
    return network.eval()


def _parts(number: int, device: torch.device) -> tuple[Tensor, ...]:
    """Return 0 ... number - 1 in parts of a batch of inference, int64."""
    size = _CPU_BATCH if device.type == "cpu" else _ACCELERATOR_BATCH
    return torch.split(torch.arange(number, device=device), size)
