from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from training.fitting.data import Data
from training.fitting.fit import Epoch, Task, batch_size, draws, fit, predict, steps_in_epoch
from training.fitting.optimiser import Optimiser
from training.fitting.settings import Settings
from training.fitting.stack import Stack
from training.network.model import RTCAN, NetworkConfig

CPU = torch.device("cpu")
CONFIG = NetworkConfig(input_length=64, width=8)
SETTINGS = Settings(
    epochs=8, batch_size=16, learning_rate=3e-3, windows_per_recording=3, epoch_windows=0
)


def waves(n: int = 240, seed: int = 0, music: int = 0) -> Data:
    """Two classes that differ in frequency, three windows a recording."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(n) // 3) % 2
    time = np.arange(64) / 64
    frequency = np.where(truth == 1, 9.0, 3.0)[:, None, None]
    phase = rng.uniform(0, 6, (n, 3, 1))
    noise = 0.3 * rng.normal(size=(n, 3, 64))
    inputs = (np.sin(2 * np.pi * frequency * time + phase) + noise).astype(np.float32)
    window = np.arange(n)
    table = rng.normal(size=(7, music)).astype(np.float32) if music else None
    return Data(inputs, window, window // 3, truth, table, window % 7 if music else None)


def sides(data: Data, first: int, learn: int, choose: int) -> Task:
    """Some windows to learn from, and some others to choose by."""
    order = np.roll(np.arange(len(data)), -first)
    return Task(data.take(order[:learn]), data.take(order[learn : learn + choose]))


def test_it_learns_and_keeps_the_best_epoch() -> None:
    data = waves(240)
    task, told = sides(data, 0, 120, 60), []
    [(network, history)] = fit(CONFIG, [task], SETTINGS, CPU, lambda _, epoch: told.append(epoch))
    assert told == history
    test = data.take(np.arange(180, 240))
    assert (predict(network, test, CPU).argmax(1).numpy() == test.truth).mean() > 0.9
    best = min(history, key=lambda epoch: epoch.validation_loss)
    loss = nn.functional.cross_entropy(
        predict(network, task.validation, CPU), torch.from_numpy(task.validation.truth)
    )
    assert abs(float(loss) - best.validation_loss) < 1e-5


@pytest.fixture
def double() -> Iterator[None]:
    """Double precision: single rounds by the order of sums, and training multiplies that."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("music", [0, 5])
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_together_is_the_same_as_one_by_one(optimiser: str, music: int) -> None:
    # Sides of unlike size, so that some take a step less in an epoch; and one whose validation side
    # is labelled the wrong way round, so that it stops early.
    data = waves(300, music=music)
    music_table = None if data.music is None else data.music.astype(np.float64)
    data = replace(data, inputs=data.inputs.astype(np.float64), music=music_table)
    tasks = [sides(data, 0, 141, 60), sides(data, 60, 90, 33), sides(data, 201, 144, 42)]
    wrong = replace(tasks[1].validation, truth=1 - tasks[1].validation.truth)
    tasks[1] = replace(tasks[1], validation=wrong)
    config = NetworkConfig(input_length=64, width=8, music=music)
    settings = Settings(
        epochs=4, batch_size=16, windows_per_recording=1, epoch_windows=0, patience=2,
        optimiser=optimiser,
        learning_rate=1e-2 if optimiser == "adamw" else 0.1,
    )  # fmt: skip
    assert len({steps_in_epoch(task.train.recordings, settings) for task in tasks}) == 2
    assert {batch_size(task.train.recordings, settings) for task in tasks} == {16}
    together = fit(config, tasks, settings, CPU)
    alone = [fit(config, [task], settings, CPU)[0] for task in tasks]
    assert len({len(history) for _, history in together}) == 2
    for (network, history), (own, own_history), task in zip(together, alone, tasks, strict=True):
        assert [e.best for e in history] == [e.best for e in own_history]
        for one, other in zip(history, own_history, strict=True):
            assert one.train_loss == pytest.approx(other.train_loss, rel=1e-7)
            assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-7)
        logits = predict(network, task.validation, CPU), predict(own, task.validation, CPU)
        torch.testing.assert_close(*logits, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_step_is_that_of_torch(optimiser: str) -> None:
    settings = Settings(optimiser=optimiser, learning_rate=0.02, weight_decay=0.1)
    torch.manual_seed(0)
    networks = [RTCAN(CONFIG) for _ in range(2)]
    stack = Stack(networks)
    ours = Optimiser(settings, stack.flat)
    kind = torch.optim.AdamW if optimiser == "adamw" else torch.optim.SGD
    more = {} if optimiser == "adamw" else {"momentum": 0.9}
    theirs = [kind(n.parameters(), lr=0.02, weight_decay=0.1, **more) for n in networks]
    for turn in range(4):
        gradient = torch.randn_like(stack.flat) * 10 ** (turn - 3)
        active = torch.tensor([[True], [turn != 2]])
        share = torch.tensor([[1.0], [0.5]])
        ours.step(stack.flat, gradient, share, None if turn != 2 else active)
        for row, (network, other) in enumerate(zip(networks, theirs, strict=True)):
            if not active[row]:
                continue
            at = 0
            for weight in network.parameters():
                weight.grad = gradient[row, at : at + weight.numel()].view_as(weight).clone()
                at += weight.numel()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            other.param_groups[0]["lr"] = 0.02 * float(share[row])
            other.step()
    for row, network in enumerate(networks):
        for name, weight in network.named_parameters():
            torch.testing.assert_close(stack.weights[name][row], weight, rtol=1e-5, atol=1e-6)


def test_the_same_seed_gives_the_same_network() -> None:
    settings = Settings(epochs=2, batch_size=16, seed=4)
    task = sides(waves(90), 0, 60, 30)
    (one, _), (two, _) = (fit(CONFIG, [task], settings, CPU)[0] for _ in range(2))
    for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_fit_leaves_the_random_numbers_of_others_alone() -> None:
    """Fits run side by side in threads, and torch has one generator for all of them."""
    before = torch.get_rng_state()
    task = sides(waves(60), 0, 40, 20)
    [(network, _)] = fit(CONFIG, [task], replace(SETTINGS, epochs=1), CPU)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.requires_grad and not p.is_meta for p in network.parameters())


def test_it_stops_when_nothing_gets_better() -> None:
    rng = np.random.default_rng(0)
    data = waves(90)
    noise = Data(data.inputs, np.arange(60), np.arange(60), rng.integers(0, 2, 60))
    settings = Settings(epochs=60, batch_size=16, patience=3, learning_rate=3e-3, epoch_windows=0)
    task = Task(noise, data.take(np.arange(60, 90)))
    [(_, history)] = fit(CONFIG, [task], settings, CPU)
    assert len(history) < 60
    assert not any(epoch.best for epoch in history[-3:])


def test_half_precision_learns_too() -> None:
    settings = replace(SETTINGS, epochs=6, precision="bf16")
    told: list[tuple[int, Epoch]] = []
    tasks = [sides(waves(180), start, 120, 60) for start in (0,)] * 2
    found = fit(CONFIG, tasks, settings, CPU, lambda task, epoch: told.append((task, epoch)))
    assert {number for number, _ in told} == {0, 1}
    for network, history in found:
        assert history[-1].validation_loss < 0.5 * history[0].validation_loss
        assert next(network.parameters()).dtype == torch.float32


def test_fits_of_a_stack_are_about_the_same_windows() -> None:
    tasks = [sides(waves(90, seed), 0, 60, 30) for seed in (0, 1)]
    with pytest.raises(ValueError, match="same windows"):
        fit(CONFIG, tasks, SETTINGS, CPU)


def test_an_epoch_of_few_recordings_shows_them_more_than_once() -> None:
    settings = Settings(batch_size=32)
    assert (draws(50, settings), draws(300, settings)) == (6, 1)
    assert steps_in_epoch(50, settings) == 10 and batch_size(50, settings) == 32
    assert steps_in_epoch(7, Settings(epoch_windows=0)) == 1
