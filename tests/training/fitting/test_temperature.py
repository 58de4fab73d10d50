import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.fitting.calibration import (
    calibration_error,
    fit_temperature,
    probability_high,
    reliability,
)


@pytest.mark.parametrize("true", [0.7, 1.0, 2.5, 6.0])
def test_the_temperature_of_overconfident_logits_is_found(true: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 2)) * 2
    truth = (rng.uniform(size=20_000) < probability_high(logits)).astype(np.int64)
    found = fit_temperature(logits * true, truth)
    assert found == pytest.approx(true, rel=0.05)
    before = calibration_error(probability_high(logits * true), truth)
    after = calibration_error(probability_high(logits * true, found), truth)
    assert after < 0.02
    assert after <= before + 1e-3


@settings(deadline=None)
@given(temperature=st.floats(0.5, 20), seed=st.integers(0, 99))
def test_no_decision_changes(temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(50, 2)) * 3
    high = probability_high(logits, temperature)
    np.testing.assert_array_equal(high >= 0.5, logits[:, 1] >= logits[:, 0])


def test_error_by_hand() -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    truth = np.array([0, 1, 1, 1])
    mean, share, count, _ = reliability(probability, truth)
    assert (mean[0], share[0], count[0]) == (pytest.approx(0.05), 0.5, 2)
    # Two of four are off by 0.45, two by 0.05.
    assert calibration_error(probability, truth) == pytest.approx(0.25)


def test_extreme_logits_are_held() -> None:
    assert fit_temperature(np.array([[0.0, 50.0]] * 5), np.ones(5, dtype=np.int64)) >= 0.5
    assert fit_temperature(np.array([[0.0, 50.0]] * 5), np.zeros(5, dtype=np.int64)) <= 20
    assert probability_high(np.array([[0.0, 1e6], [1e6, 0.0]])) == pytest.approx([1, 0])
