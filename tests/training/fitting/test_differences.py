"""How people differ, learnt from simulated people whose differences are known."""

import numpy as np
import pytest

from runtime.inference.adaptation import Adaptation, shares
from runtime.inference.prior import Prior
from training.fitting.differences import KINDS, PRINCIPAL, Answers, learn

NAMES = ("level", "responses", "power")


def people(spread: np.ndarray, number: int = 60, windows: int = 60) -> list[Answers]:
    """People whose coefficients of features, margin and bias vary by these deviations."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(number):
        truth = np.arange(windows) % 2
        # Log odds of two normal classes four apart in units of half their variance.
        true = rng.normal(4.0 * truth - 2.0, 2.0)
        features, theta = rng.normal(size=(windows, 3)), rng.normal(size=5) * spread
        margin = (true - features @ theta[:3] - theta[4]) / max(1.0 + theta[3], 0.2)
        found.append(Answers(60.0 * np.arange(windows), margin, features, truth))
    return found


def deviations(prior: Prior) -> np.ndarray:
    """Of the coefficients of features, margin and bias, by the prior."""
    return np.sqrt(np.diag(prior.directions.T @ prior.covariance @ prior.directions))


def test_how_much_people_differ_is_found() -> None:
    found = learn(people(np.array([0, 0, 0, 0, 1.0])), NAMES, "bias", 60.0)
    assert 0.7 < deviations(found)[-1] < 1.3
    alike = learn(people(np.zeros(5)), NAMES, "bias", 60.0)
    assert deviations(alike)[-1] < 0.3


def test_how_far_the_log_odds_are_believed_is_found_apart_from_the_bias() -> None:
    found = learn(people(np.array([0, 0, 0, 0.8, 0])), NAMES, "bias and margin", 60.0)
    margin, bias = deviations(found)[-2:]
    assert margin > 0.5
    assert bias < 0.3


def test_the_principal_direction_is_that_in_which_people_differ() -> None:
    found = learn(people(np.array([0, 1.5, 0, 0, 0])), NAMES, "principal", 60.0)
    assert found.directions.shape == (PRINCIPAL, 5)
    assert deviations(found).argmax() == 1
    assert deviations(found)[1] > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_a_prior_that_was_learnt_adapts_and_travels(kind: str) -> None:
    found = learn(people(np.full(5, 0.5), number=10), NAMES, kind, 240.0)
    adapted = Adaptation(Prior.from_dict(found.to_dict()))
    for n in range(20):
        adapted.label(240.0 * n, True, 0.0, (0.1, 0.2, 0.3))
    assert adapted.margin(0.0, (0.1, 0.2, 0.3)) > 0.0


def test_people_who_answer_one_class_alone_do_not_break_it() -> None:
    own = people(np.array([0, 0, 0, 0, 1.0]), number=5)
    own[0] = Answers(own[0].time_s, own[0].margin, own[0].features, np.ones(60, dtype=np.int64))
    assert np.isfinite(learn(own, NAMES, "principal", 60.0).covariance).all()


def test_overlapping_windows_are_counted_by_blocks() -> None:
    assert shares(10.0 * np.arange(144), 240.0).sum() == pytest.approx(6.0, abs=0.6)
    assert shares(np.array([5.0]), 240.0) == 1.0
