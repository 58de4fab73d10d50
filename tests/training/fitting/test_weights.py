"""Recordings weigh the same, however many windows each of them has."""

import numpy as np
import pytest

from tests.training.fitting.test_fit import CONFIG, CPU
from training.fitting.calibration import fit_temperature, probability_high
from training.fitting.data import Data
from training.fitting.fit import Task, _class_weights, fit, predict
from training.fitting.settings import Settings


def noise(seed: int, recordings: int = 80) -> Data:
    """Nothing to learn; recordings of the class high are five times as long."""
    rng = np.random.default_rng(seed)
    truth = np.arange(recordings) % 2
    recording = np.repeat(np.arange(recordings), np.where(truth == 1, 10, 2))
    inputs = rng.normal(size=(len(recording), 3, 64)).astype(np.float32)
    return Data(inputs, np.arange(len(recording)), recording, truth[recording])


def test_classes_weigh_as_they_are_sampled() -> None:
    weights = _class_weights(noise(0), Settings(), CONFIG).numpy()
    np.testing.assert_allclose(weights, [1.0, 1.0])


def test_noise_is_not_taken_for_the_class_with_fewer_windows() -> None:
    data = noise(0)
    own = data.recording < 60
    task = Task(data.take(np.flatnonzero(own)), data.take(np.flatnonzero(~own)))
    settings = Settings(epochs=4, batch_size=16, learning_rate=1e-3)
    [(network, _)] = fit(CONFIG, [task], settings, CPU)
    high = probability_high(predict(network, task.validation, CPU).numpy().astype(np.float64))
    assert np.mean(high) == pytest.approx(0.5, abs=0.08)


def test_validation_weighs_recordings_alike() -> None:
    """One validation recording counts the same with four windows as with one."""
    data = noise(1)
    index = np.flatnonzero(data.recording < 60)
    train = data.take(index)
    few = np.flatnonzero(data.recording == 60)[:1]  # low
    other = np.flatnonzero(data.recording == 61)[:1]  # high
    settings = Settings(epochs=1, batch_size=16, validation_windows=4)
    losses = []
    for low in (few, np.repeat(few, 4)):
        validation = data.take(np.concatenate([low, other]))
        [(_, history)] = fit(CONFIG, [Task(train, validation)], settings, CPU)
        losses.append(history[0].validation_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_temperature_weighs_recordings_alike() -> None:
    rng = np.random.default_rng(0)
    logits, truth = rng.normal(size=(200, 2)) * 3, rng.integers(0, 2, 200)
    long = np.repeat(np.arange(200), np.where(truth == 1, 9, 1))
    data = Data(np.zeros((len(long), 3, 4), dtype=np.float32), long, long, truth[long])
    assert fit_temperature(logits[long], truth[long], data.weight) == pytest.approx(
        fit_temperature(logits, truth)
    )
    assert data.weight.sum() == pytest.approx(200)
