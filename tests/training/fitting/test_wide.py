import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.fitting.combine import combine
from training.fitting.wide import balanced, choose_penalty, fit_linear, held_out_margins


def people(n: int = 600, k: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k))
    odds = x @ np.linspace(1.0, -0.5, k) - 1.0
    truth = (rng.uniform(size=n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return x, truth, rng.integers(0, 5, n)


@pytest.mark.parametrize("penalty", [1e-3, 1e-1])
def test_it_is_the_minimum_that_scikit_learn_finds(penalty: float) -> None:
    x, truth, _ = people()
    ours = fit_linear(x, truth, penalty, balanced(truth))
    # Its loss is a sum of weights that here sum to n, and C the inverse of the penalty on it.
    theirs = LogisticRegression(C=1 / (penalty * len(x)), class_weight="balanced", tol=1e-10)
    theirs.fit(x, truth)
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], atol=1e-4)
    assert ours.bias == pytest.approx(float(theirs.intercept_[0]), abs=1e-4)


def test_both_classes_weigh_the_same() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    weight = balanced(truth)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[truth == 1].sum() == pytest.approx(0.5)
    # With nothing to learn from, the odds of a stranger are even, whatever the share.
    nothing = fit_linear(np.zeros((100, 2)), truth, 1e-2, weight)
    assert nothing.bias == pytest.approx(0.0, abs=1e-6)


def test_a_class_that_is_told_without_an_error_stays_finite() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    fitted = fit_linear(x, (x[:, 0] > 0).astype(np.int64), 1e-3, np.full(40, 1 / 40))
    assert np.isfinite(fitted.weights).all() and fitted.weights[0] > 1


def test_a_group_has_no_part_in_its_own_margins() -> None:
    x, truth, groups = people()
    before = held_out_margins(x, truth, groups, 1e-2)
    other = truth.copy()
    other[groups == 2] = 1 - other[groups == 2]
    after = held_out_margins(x, other, groups, 1e-2)
    np.testing.assert_array_equal(before[groups == 2], after[groups == 2])
    assert np.abs(before[groups != 2] - after[groups != 2]).max() > 0.1


def test_few_people_with_much_noise_get_the_larger_penalty() -> None:
    rng = np.random.default_rng(0)
    x, truth = rng.normal(size=(60, 40)), np.arange(60) % 2
    assert choose_penalty(x, truth, np.arange(60) // 2 % 5, (1e-4, 1e1)) == 1e1


def test_a_path_that_helps_nobody_is_not_believed() -> None:
    x, truth, groups = people(4000)
    useful = held_out_margins(x, truth, groups, 1e-2)
    noise = np.random.default_rng(1).normal(size=len(truth))
    found = combine(truth, deep=noise, wide=useful)
    assert abs(found.deep) < 0.1 and found.wide == pytest.approx(1.0, abs=0.2)
    reverse = combine(truth, deep=-useful, wide=noise)
    assert reverse.deep == 0.0


def test_overconfident_margins_are_cooled_and_moved() -> None:
    x, truth, groups = people(4000)
    margin = held_out_margins(x, truth, groups, 1e-2)
    found = combine(truth, deep=3.0 * margin + 1.5)
    assert found.deep == pytest.approx(1 / 3, abs=0.1)
    assert found.bias == pytest.approx(-0.5, abs=0.2)
    again = found.margin(3.0 * margin + 1.5, None)
    assert combine(truth, deep=again).deep == pytest.approx(1.0, abs=1e-2)


def test_one_class_is_no_calibration() -> None:
    found = combine(np.ones(5, dtype=np.int64), deep=np.arange(5.0))
    assert (found.deep, found.wide, found.bias) == (1.0, 0.0, 0.0)
