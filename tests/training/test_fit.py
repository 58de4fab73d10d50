import numpy as np
import torch

from training.fit import Data, fit, predict
from training.model import NetworkConfig
from training.settings import Settings


def waves(n: int, seed: int) -> Data:
    """Two classes that differ in frequency, three windows a recording."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(n) // 3) % 2
    time = np.arange(64) / 64
    frequency = np.where(truth == 1, 9.0, 3.0)[:, None, None]
    phase = rng.uniform(0, 6, (n, 3, 1))
    noise = 0.3 * rng.normal(size=(n, 3, 64))
    inputs = np.sin(2 * np.pi * frequency * time + phase) + noise
    return Data(inputs.astype(np.float32), np.arange(n) // 3, truth.astype(np.int64))


CONFIG = NetworkConfig(input_length=64, width=16)
SETTINGS = Settings(epochs=8, batch_size=16, learning_rate=3e-3, windows_per_recording=3)


def test_it_learns_and_keeps_the_best_epoch() -> None:
    told = []
    cpu = torch.device("cpu")
    validation = waves(60, 1)
    network, history = fit(CONFIG, waves(120, 0), validation, SETTINGS, cpu, told.append)
    assert told == history
    test = waves(60, 2)
    assert (predict(network, test, cpu).argmax(1).numpy() == test.truth).mean() > 0.9
    best = min(history, key=lambda epoch: epoch.validation_loss)
    loss = torch.nn.functional.cross_entropy(
        predict(network, validation, cpu), torch.from_numpy(validation.truth)
    )
    assert abs(float(loss) - best.validation_loss) < 1e-5


def test_the_same_seed_gives_the_same_network() -> None:
    settings = Settings(epochs=2, batch_size=16, seed=4)
    one, two = (
        fit(CONFIG, waves(60, 0), waves(30, 1), settings, torch.device("cpu"))[0] for _ in range(2)
    )
    for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_it_stops_when_nothing_gets_better() -> None:
    rng = np.random.default_rng(0)
    noise = Data(
        rng.normal(size=(40, 3, 64)).astype(np.float32),
        np.arange(40),
        rng.integers(0, 2, 40).astype(np.int64),
    )
    settings = Settings(epochs=60, batch_size=16, patience=3, learning_rate=3e-3)
    _, history = fit(CONFIG, noise, waves(30, 1), settings, torch.device("cpu"))
    assert len(history) < 60
    assert not any(epoch.best for epoch in history[-3:])
