import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from training.evaluation import metrics


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 2, (2, 40))
    counts = metrics.confusion(truth, predicted)
    assert float(metrics.balanced_accuracy(counts)) == pytest.approx(
        balanced_accuracy_score(truth, predicted)
    )
    assert float(metrics.macro_f1(counts)) == pytest.approx(
        f1_score(truth, predicted, average="macro")
    )


def test_intervals_come_from_subjects() -> None:
    # Two subjects, one always right, one always wrong: nobody knows what a third would be.
    truth = np.array([0, 1] * 20)
    predicted = np.where(np.arange(40) < 20, truth, 1 - truth)
    figures = metrics.evaluate(truth, predicted, ["a"] * 20 + ["b"] * 20)
    assert figures["balanced_accuracy"] == 0.5
    assert figures["balanced_accuracy_95"] == [0.0, 1.0]
    assert figures["n"] == 40
    assert figures["subjects"] == 2


def test_one_class_has_no_interval() -> None:
    figures = metrics.evaluate(np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64), ["a"] * 6)
    assert figures["balanced_accuracy"] == 1.0
    assert figures["balanced_accuracy_95"] is None


def test_windows_are_averaged_per_recording() -> None:
    values = np.array([[0.2], [0.4], [1.0]])
    recording, order = np.array([7, 7, 3]), np.array([3, 7])
    np.testing.assert_allclose(metrics.per_recording(values, recording, order), [[1.0], [0.3]])


def test_majority_and_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    truth = (np.arange(60) % 3 > 0).astype(np.int64)
    features = rng.normal(size=(60, 2)) + 4 * truth[:, None]
    assert metrics.majority(truth, truth).tolist() == [1] * 60
    predicted = metrics.logistic_regression(features[:40], truth[:40], features[40:])
    assert (predicted == truth[40:]).all()
