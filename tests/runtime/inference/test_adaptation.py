"""Adaptation to one person: the mathematics on simulated people, and what may go wrong."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ArgumentError, ModelError, SignalError
from runtime.inference.adaptation import MOST_LABELS, Adaptation, Label, margin_of, shares
from runtime.inference.classifier import Classifier
from runtime.inference.posterior import solve
from runtime.inference.prior import Prior, priors_from_json, priors_to_json
from runtime.preprocessing.contract import Contract

NAMES = ("level", "spread")
# The bias, and how far the margin is believed.
DIRECTIONS = np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
# As a model that was trained on these two features would have it.
CONTRACT = Contract(
    normalisation="personal", reference_s=120.0, reference_span_s=1500.0, features=NAMES
)
PRIOR = Prior(NAMES, DIRECTIONS, np.diag([1.0, 0.25]))


def person(seed: int, bias: float, scale: float, labels: int, every_s: float = 60.0) -> Adaptation:
    """Someone whose true log odds are the stranger's times 1 + scale, plus a bias."""
    rng = np.random.default_rng(seed)
    adapted = Adaptation(PRIOR)
    for n in range(labels):
        margin = rng.normal(0.0, 1.5)
        p = 1.0 / (1.0 + np.exp(-((1.0 + scale) * margin + bias)))
        adapted.label(n * every_s, rng.random() < p, margin, rng.normal(size=2))
    return adapted


def test_a_known_bias_is_recovered_within_its_interval() -> None:
    posterior = person(1, 1.5, 0.3, 600).posterior
    deviation = np.sqrt(np.diag(posterior.covariance))
    assert deviation.max() < 0.2
    np.testing.assert_array_less(np.abs(posterior.mean - [1.5, 0.3]), 2.0 * deviation)


def test_intervals_cover_as_often_as_they_claim() -> None:
    rng = np.random.default_rng(7)
    apart = []
    for seed in range(300):
        truth = rng.normal(size=2) * [1.0, 0.5]
        posterior = person(1000 + seed, *truth, labels=20).posterior
        apart.append((posterior.mean - truth) / np.sqrt(np.diag(posterior.covariance)))
    covered = (np.abs(apart) < 1.96).mean(axis=0)
    # 95 % of 300, give or take three standard errors of it.
    assert covered.min() > 0.91
    assert covered.max() < 0.99


def test_adapting_helps_those_who_differ_and_costs_little_where_nobody_does() -> None:
    rng = np.random.default_rng(3)
    margin = rng.normal(0.0, 1.5, 4000)

    def loss(bias: float, adapted: Adaptation) -> float:
        p = 1.0 / (1.0 + np.exp(-(margin + bias)))
        found = np.array([adapted.margin(m, (0.0, 0.0)) for m in margin])
        return float((p * np.logaddexp(0, -found) + (1 - p) * np.logaddexp(0, found)).mean())

    stranger = Adaptation(PRIOR)
    assert loss(1.5, person(5, 1.5, 0.0, 60)) < loss(1.5, stranger) - 0.1
    assert loss(0.0, person(5, 0.0, 0.0, 60)) < loss(0.0, stranger) + 0.02


@given(st.floats(0.0, 1.0, width=32), st.lists(st.floats(-9, 9), min_size=2, max_size=2))
def test_without_labels_the_answer_is_the_strangers_to_the_bit(
    high: float, features: list[float]
) -> None:
    adapted = Adaptation(PRIOR)
    row = np.array([1.0 - high, high], dtype=np.float32)
    assert adapted.probability(row, features) == float(row[1])
    assert adapted.margin(0.3, features) == 0.3
    taken_back = Adaptation(PRIOR)
    taken_back.forget(taken_back.label(0.0, True, 0.0, features))
    assert taken_back.probability(row, features) == float(row[1])


@settings(max_examples=25)
@given(st.permutations(range(12)))
def test_the_order_of_labels_changes_nothing(order: list[int]) -> None:
    labels = person(11, 0.7, -0.2, 12, every_s=20.0).labels
    adapted = Adaptation(PRIOR)
    for n in order:
        adapted.label(labels[n].time_s, labels[n].high, labels[n].margin, labels[n].features)
    expected = person(11, 0.7, -0.2, 12, every_s=20.0).posterior
    np.testing.assert_allclose(adapted.posterior.mean, expected.mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(adapted.posterior.covariance, expected.covariance, atol=1e-9)


def test_the_mode_and_the_covariance_are_those_of_the_density() -> None:
    # By summing over a fine grid, for one coefficient and few answers.
    offset, truth = np.array([0.5, -1.0, 0.2]), np.array([1.0, 1.0, 0.0])
    weight = np.array([3.0, 4.0, 5.0])
    grid = np.linspace(-6, 6, 120_001)
    log_odds = offset[:, None] + grid
    log_density = -0.5 * grid**2 / 2.0
    log_density -= (weight[:, None] * np.logaddexp(0, -(2 * truth - 1)[:, None] * log_odds)).sum(0)
    found = solve(np.ones((3, 1)), offset, truth, weight, np.array([[2.0]]))
    assert abs(found.mean[0] - grid[log_density.argmax()]) < 1e-4
    at = log_density.argmax()
    curvature = -np.diff(log_density[at - 500 : at + 501 : 500], 2)[0] / (500 * 1e-4) ** 2
    assert abs(found.covariance[0, 0] * curvature - 1.0) < 1e-3


def test_the_gradient_vanishes_at_the_mode_however_far_the_answers_are_from_the_prior() -> None:
    rng = np.random.default_rng(2)
    design, offset = rng.normal(size=(80, 4)), rng.normal(0, 20, 80)
    truth, weight = (rng.random(80) < 0.5).astype(float), rng.uniform(0, 50, 80)
    root = rng.normal(size=(4, 4))
    covariance = root @ root.T
    mean = solve(design, offset, truth, weight, covariance).mean
    p = 1 / (1 + np.exp(-(offset + design @ mean)))
    gradient = design.T @ (weight * (p - truth)) + np.linalg.solve(covariance, mean)
    assert np.abs(gradient).max() < 1e-8


def test_a_direction_in_which_nobody_differs_is_not_adapted() -> None:
    adapted = Adaptation(Prior(NAMES, DIRECTIONS, np.diag([1.0, 0.0])))
    for n in range(30):
        adapted.label(60.0 * n, n % 2 == 0, 2.0 if n % 2 else -2.0, (0.0, 0.0))
    assert adapted.posterior.mean[1] == 0.0
    assert adapted.posterior.covariance[1, 1] == 0.0


def test_labels_of_the_same_minute_count_as_one() -> None:
    once, often = Adaptation(PRIOR), Adaptation(PRIOR)
    once.label(100.0, True, -0.5, (0.0, 0.0))
    for _ in range(50):
        often.label(100.0, True, -0.5, (0.0, 0.0))
    np.testing.assert_allclose(often.posterior.mean, once.posterior.mean, atol=1e-9)
    assert abs(once.weights().sum() - 1.0) < 1e-12
    each_second = [Label(float(s), True, 0.0, (0.0, 0.0)) for s in range(600)]
    assert abs(once.weights(each_second).sum() - 10.0) < 0.5


def test_however_many_labels_come_the_newest_alone_are_kept() -> None:
    adapted = Adaptation(PRIOR)
    for n in np.random.default_rng(4).permutation(MOST_LABELS + 500):
        adapted.label(1.7e9 + 0.1 * n, n % 3 == 0, 0.0, (0.0, 0.0))
    times_s = [label.time_s for label in adapted.labels]
    assert times_s == [1.7e9 + 0.1 * n for n in range(500, MOST_LABELS + 500)]


def test_shares_are_those_of_all_pairs_whatever_their_order() -> None:
    rng = np.random.default_rng(3)
    times_s = 1.7e9 + np.concatenate([rng.uniform(0, 900, 400), rng.uniform(0, 1e8, 300)])
    rng.shuffle(times_s)
    near = np.maximum(1 - np.abs(times_s[:, None] - times_s) / 60.0, 0.0).sum(axis=1)
    np.testing.assert_allclose(shares(times_s, 60.0), 1 / near, rtol=1e-12)
    assert shares(np.empty(0), 60.0).shape == (0,)


def test_labels_that_contradict_each_other_cancel() -> None:
    adapted = Adaptation(PRIOR)
    adapted.label(100.0, True, 0.0, (0.0, 0.0))
    adapted.label(100.0, False, 0.0, (0.0, 0.0))
    np.testing.assert_allclose(adapted.posterior.mean, 0.0, atol=1e-12)


def test_labels_of_one_class_alone_move_the_bias_by_a_finite_amount() -> None:
    adapted = person(1, 0.0, 0.0, 0)
    for n in range(500):
        adapted.label(60.0 * n, True, 0.0, (0.0, 0.0))
    bias = adapted.posterior.mean[0]
    assert 1.0 < bias < 5.0
    assert adapted.deviation(0.0, (0.0, 0.0)) < Adaptation(PRIOR).deviation(0.0, (0.0, 0.0))


def test_old_labels_fade_by_their_half_life() -> None:
    def after(half_life_s: float) -> float:
        adapted = Adaptation(PRIOR, half_life_s)
        for n in range(40):
            adapted.label(60.0 * n, n >= 30, 0.0, (0.0, 0.0))
        return float(adapted.posterior.mean[0])

    assert after(float("inf")) < -0.5
    assert after(180.0) > 0.5
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(ArgumentError, match="half_life_s"):
            Adaptation(PRIOR, wrong)


def test_a_person_is_kept_and_taken_up_again() -> None:
    adapted = person(4, 1.0, 0.0, 30)
    state = json.loads(json.dumps(adapted.to_dict()))
    again = Adaptation(PRIOR)
    again.load(state)
    assert again.labels == adapted.labels
    np.testing.assert_array_equal(again.posterior.mean, adapted.posterior.mean)
    for twin in (copy.deepcopy(adapted), copy.copy(adapted), pickle.loads(pickle.dumps(adapted))):  # noqa: S301
        assert twin.margin(0.1, (0.0, 0.0)) == adapted.margin(0.1, (0.0, 0.0))
        twin.forget()
        assert adapted.labels


def test_what_cannot_be_taken_up_is_refused_and_changes_nothing() -> None:
    adapted = person(4, 1.0, 0.0, 3)
    before = adapted.labels
    other = Adaptation(Prior(NAMES, DIRECTIONS, np.diag([2.0, 0.25]))).to_dict()
    damaged = json.loads(json.dumps(adapted.to_dict()))
    damaged["labels"][1]["high"] = "yes"
    short = json.loads(json.dumps(adapted.to_dict()))
    short["labels"][2]["features"] = [1.0]
    for state in (other, damaged, short, {}, {"form": "x"}):
        with pytest.raises(SignalError, match="cannot be taken up"):
            adapted.load(state)
        assert adapted.labels == before


def test_labels_that_are_none_are_refused() -> None:
    adapted = Adaptation(PRIOR)
    with pytest.raises(SignalError, match=r"\(2,\) finite numbers"):
        adapted.label(0.0, True, 0.0, (1.0,))
    with pytest.raises(SignalError, match="finite numbers"):
        adapted.label(0.0, True, 0.0, (1.0, float("nan")))
    with pytest.raises(ArgumentError, match="margin"):
        adapted.label(0.0, True, float("nan"), (0.0, 0.0))
    with pytest.raises(ArgumentError, match="time_s"):
        adapted.label(float("inf"), True, 0.0, (0.0, 0.0))
    assert adapted.labels == ()


def test_log_odds_of_single_precision_are_exact_near_both_ends() -> None:
    for margin in (-60.0, -20.0, -1.0, 0.0, 1.0, 20.0, 60.0):
        row = np.array([1 / (1 + np.exp(margin)), 1 / (1 + np.exp(-margin))], dtype=np.float32)
        assert abs(margin_of(row) - margin) < 1e-6
    assert margin_of([0.0, 1.0]) == 80.0


def test_a_prior_travels_as_text() -> None:
    prior = Prior(NAMES, DIRECTIONS, np.diag([1.0, 0.25]), 120.0, 0.5, True)
    found = priors_from_json(priors_to_json({"arousal": prior}), CONTRACT)
    assert found["arousal"].digest == prior.digest
    assert found["arousal"].to_dict() == prior.to_dict()
    assert found["valence"].digest == Prior.cautious(NAMES).digest


def test_a_model_without_a_prior_adapts_a_little_when_asked() -> None:
    prior = priors_from_json(None, CONTRACT)["arousal"]
    assert not prior.by_default
    adapted = Adaptation(prior)
    for n in range(40):
        adapted.label(60.0 * n, True, 0.0, (0.0, 0.0))
    assert 0.0 < adapted.margin(0.0, (0.0, 0.0)) < 1.0


@pytest.mark.parametrize(
    "changed",
    [
        {"form": "x"},
        {"covariance": [[1.0, 2.0], [2.0, 1.0]]},
        {"covariance": [[1.0]]},
        {"directions": [[1.0, 0.0]]},
        {"directions": [[float("nan"), 0, 0, 0], [0, 0, 0, 1]]},
        {"block_s": 0},
        {"evidence": -1.0},
        {"features": 3},
        {"features": ["spread", "level"]},
    ],
)
def test_a_damaged_prior_is_refused(changed: dict) -> None:
    with pytest.raises(ModelError):
        priors_from_json(json.dumps({"arousal": PRIOR.to_dict() | changed}), CONTRACT)


@pytest.mark.parametrize("text", ["[", "[]", '{"mood": 3}', '{"mood": %s}'])
def test_priors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ModelError):
        priors_from_json(text.replace("%s", json.dumps(PRIOR.to_dict())), CONTRACT)


def test_every_model_has_priors(tiny_model: Path) -> None:
    classifier = Classifier(tiny_model)
    assert set(classifier.priors) == {"arousal", "valence"}
    inputs = np.zeros((1, 3, classifier.contract.input_length), np.float32)
    for target, rows in classifier(inputs).items():
        adapted = Adaptation(classifier.priors[target])
        assert adapted.probability(rows[0]) == rows[0, 1]
        adapted.label(0.0, True, margin_of(rows[0]))
        assert adapted.probability(rows[0]) > rows[0, 1]
