import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from training.measures import metrics


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


def coverage(seed: int, people: int, songs: int, *, song_level: bool, taste: float) -> float:
    """Return in what share of 100 data sets of pure chance the interval holds 0.5."""
    rng = np.random.default_rng(seed)
    held = []
    for draw in range(100):
        who, song = (grid.ravel() for grid in np.indices((people, songs)))
        own = rng.integers(0, 2, songs)[song] if song_level else rng.integers(0, 2, who.size)
        # What the model says depends on the song, on the person, and on neither.
        score = taste * rng.normal(size=songs)[song] + rng.normal(size=who.size)
        score += 0.5 * rng.normal(size=people)[who]
        figures = metrics.evaluate(
            own, (score > 0).astype(np.int64), list(who.astype(str)), draw,
            songs=list(song.astype(str)) if song_level else None,
        )  # fmt: skip
        low, high = figures["balanced_accuracy_95"]
        held.append(low <= 0.5 <= high)
    return float(np.mean(held))


@pytest.mark.parametrize("taste", [0.0, 1.0, 4.0])
def test_intervals_hold_chance_as_often_as_they_say_where_labels_are_songs(taste: float) -> None:
    assert 0.90 <= coverage(0, 12, 40, song_level=True, taste=taste) <= 0.99


def test_intervals_hold_chance_as_often_as_they_say_where_labels_are_subjects() -> None:
    assert 0.90 <= coverage(1, 30, 16, song_level=False, taste=0.0) <= 0.99


def test_a_trial_that_is_decided_three_times_counts_once() -> None:
    rng = np.random.default_rng(0)
    truth = np.tile(rng.integers(0, 2, 40), 3)
    predicted = np.tile(rng.integers(0, 2, 40), 3)
    who = [str(n % 10) for n in range(40)] * 3
    trials = np.tile(np.arange(40), 3)
    thrice = metrics.evaluate(truth, predicted, who, trials=trials)
    once = metrics.evaluate(truth[:40], predicted[:40], who[:40])
    assert (thrice["n"], thrice["decisions"], once["n"]) == (40, 120, 40)
    assert thrice["balanced_accuracy"] == once["balanced_accuracy"]
    # Nor is it surer for that.
    assert thrice["balanced_accuracy_95"] == pytest.approx(once["balanced_accuracy_95"])


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
