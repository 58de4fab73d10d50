import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.training.evaluation.test_final_model import COUNT, EACH, problem
from training.fitting.calibration import calibration_error
from training.fitting.combine import Combination
from training.fitting.wide import balanced
from training.folds.assembly import Assembled
from training.folds.problem import MusicScale, Problem
from training.measures import controls, ranking


def answered(one: Problem, margin: np.ndarray) -> list[Assembled]:
    """What a model would be that gives each window this margin."""
    found = []
    for split in one.splits("arousal"):
        window = one.windows.of(split.test)
        own = margin[window]
        logits = np.stack([-own / 2, own / 2], axis=1)
        found.append(
            Assembled(
                "arousal", split.name, window, logits, own, None, Combination(), None, [], [],
                MusicScale(),
            )
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def tasks() -> Problem:
    """Every other trial is a task, at the same time for everybody."""
    classes = np.arange(COUNT) % 2
    one = problem("subject", {"arousal": classes}, 5)
    time_s = 300.0 * (one.windows.recording % 12) + np.tile([0.0, 60.0, 120.0], COUNT)
    return replace(one, windows=replace(one.windows, time_s=time_s))


def test_auc_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 200), rng.integers(0, 9, 200) / 8
    assert ranking.auc(truth, score) == pytest.approx(roc_auc_score(truth, score))
    assert np.isnan(ranking.auc(np.ones(3, dtype=np.int64), np.arange(3.0)))


@pytest.mark.parametrize("people", [1, 2, 9])
def test_intervals_are_those_of_the_drawn_people_s_windows(people: int) -> None:
    rng = np.random.default_rng(people)
    person = np.concatenate([np.arange(people), rng.integers(0, people, 90)])
    truth = rng.integers(0, 2, person.size)
    truth[person == 1] = 1  # such people alone are one class
    score, other = rng.integers(0, 9, (2, person.size)) / 8
    draws = [rng.integers(0, people, people) for _ in range(100)]
    drawn = [np.concatenate([np.flatnonzero(person == p) for p in draw]) for draw in draws]
    both = [d for d in drawn if np.unique(truth[d]).size == 2]
    assert (len(both) < len(drawn)) == (people == 2)

    def ends(values: list[float]) -> list[float]:
        return np.percentile(values, [2.5, 97.5]).tolist()

    found = ranking.figures(truth, score, person, draws)
    assert found["auc_95"] == ends([ranking.auc(truth[d], score[d]) for d in both])
    assert found["balanced_accuracy_95"] == ends(
        [ranking.balanced_accuracy(truth[d], score[d]) for d in drawn]
    )
    assert ranking.difference(truth, score, other, person, draws)["auc_95"] == ends(
        [ranking.auc(truth[d], score[d]) - ranking.auc(truth[d], other[d]) for d in both]
    )


def test_the_clock_is_found_out(tasks: Problem) -> None:
    margin = np.random.default_rng(0).normal(size=COUNT * EACH)
    found = controls.windows(tasks, "arousal", tasks.splits("arousal"), answered(tasks, margin))
    models = found["models"]
    assert models["clock_alone"]["auc"] > 0.95
    assert models["clock_alone"]["auc_within"] > 0.95
    low, high = models["rtcan"]["auc_95"]
    assert low < models["rtcan"]["auc"] < high
    assert models["rtcan"]["auc"] == pytest.approx(0.5, abs=0.15), "random answers"
    assert models["stimulus_prior"]["auc"] == 1.0, "every stimulus has one class here"
    assert models["one_answer_per_person"]["auc_within"] == 0.5


def test_a_rating_style_is_found_out(tasks: Problem) -> None:
    """Answers that know the person and nothing else rank people, and no minute within one."""
    classes = (np.arange(COUNT) // 12 % 2).astype(np.int64)
    classes[::12] = 1 - classes[::12]
    made = replace(tasks.annotation, classes={"arousal": classes})
    one = replace(tasks, annotation=made)
    person = np.array([int(s[1:]) for s in one.subjects])[one.windows.recording]
    found = controls.windows(
        one, "arousal", one.splits("arousal"), answered(one, np.where(person % 2, 2.0, -2.0))
    )
    models = found["models"]
    assert models["rtcan"]["auc"] > 0.85
    assert models["rtcan"]["auc_within"] == 0.5
    assert models["one_answer_per_person"]["auc"] == pytest.approx(models["rtcan"]["auc"])
    assert models["personal_prior"]["auc"] > 0.7


def test_figures_by_minutes_of_past_are_of_windows_after_a_restart(tasks: Problem) -> None:
    """Right after three minutes, a coin after two; of twenty the whole sittings tell."""
    rng = np.random.default_rng(0)
    number = COUNT * EACH
    past_s = 60.0 * np.tile([2.0, 3.0, 20.0], COUNT)
    short = past_s < 1000.0
    one = replace(tasks, windows=replace(tasks.windows, past_s=past_s, short=short))
    truth = one.annotation.classes["arousal"][one.windows.recording]
    margin = np.where(past_s == 120.0, rng.normal(size=number), 4.0 * truth - 2.0)
    outcomes = [
        replace(
            own,
            restarted=(extra := one.windows.of(split.test, short=True))[short[extra]],
            restarted_probability=1 / (1 + np.exp(-margin[extra[short[extra]]])),
        )
        for split, own in zip(one.splits("arousal"), answered(one, margin), strict=True)
    ]
    found = controls.windows(one, "arousal", one.splits("arousal"), outcomes)["by_minutes_of_past"]
    assert set(found) == {"2", "3", "20 or more"}
    assert found["2"]["auc"] < 0.65 < found["3"]["auc"] == found["3"]["balanced_accuracy"] == 1.0
    assert [found[minutes]["n"] for minutes in found] == [COUNT] * 3


def test_the_calibration_error_weighs_both_classes_alike() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    for score, natural, both in ((0.5, 0.4, 0.0), (0.1, 0.0, 0.4)):
        said = np.full(100, score)
        assert calibration_error(said, truth) == pytest.approx(natural)
        assert calibration_error(said, truth, balanced(truth)) == pytest.approx(both)


def test_every_tested_window_stands_in_the_table(tasks: Problem) -> None:
    margin = np.linspace(-3, 3, COUNT * EACH)
    text = controls.table(tasks, {"arousal": answered(tasks, margin)})
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == COUNT * EACH
    for row in rows:
        high = 1 / (1 + np.exp(-float(row["network_margin"])))
        assert float(row["probability_high"]) == pytest.approx(high, abs=1e-5)
        assert row["regression_margin"] == ""


def test_the_clock_learns_from_everybody_however_many_windows_are_at_one_time() -> None:
    """Trials by themselves all begin at 0 s: the first people's are not all there is."""
    classes = (np.arange(COUNT) // 12 >= 5).astype(np.int64)
    one = problem("subject", {"arousal": classes}, 5)
    many = np.repeat(np.arange(COUNT), 20)
    windows = replace(
        one.windows,
        inputs=np.zeros((many.size, 3, 64), dtype=np.float32),
        features=np.zeros((many.size, 5)),
        recording=many,
        time_s=np.zeros(many.size),
        short=np.zeros(many.size, dtype=np.bool_),
    )
    one = replace(one, windows=windows)
    for split, fold in zip(one.splits("arousal"), answered(one, np.zeros(many.size)), strict=True):
        share = classes[np.union1d(split.train, split.validation)].mean()
        told = controls._controls(one, "arousal", split, fold)["clock_alone"]
        np.testing.assert_allclose(told, share, atol=1e-6)


def test_the_stimulus_prior_learns_from_all_of_the_training_side(tasks: Problem) -> None:
    """As the clock does, and the regression: nothing chooses by the validation side here."""
    classes = np.random.default_rng(0).integers(0, 2, COUNT)
    one = replace(tasks, annotation=replace(tasks.annotation, classes={"arousal": classes}))
    split, fold = one.splits("arousal")[0], answered(one, np.zeros(COUNT * EACH))[0]
    told = controls._controls(one, "arousal", split, fold)["stimulus_prior"]
    learnt = np.union1d(split.train, split.validation)
    of_first = learnt[np.array(one.stimuli)[learnt] == one.stimuli[split.test[0]]]
    assert told[0] == pytest.approx(classes[of_first].mean())


def test_a_window_that_is_tested_twice_is_one_window(tasks: Problem) -> None:
    twice = replace(tasks, plan=replace(tasks.plan, repeat=2))
    margin = np.random.default_rng(0).normal(size=COUNT * EACH)
    found = controls.windows(twice, "arousal", twice.splits("arousal"), answered(twice, margin))
    assert found["n"] == COUNT * EACH
    assert found["decisions"] == 2 * COUNT * EACH


def test_the_regression_in_running_units_stands_beside_a_network_alone(tasks: Problem) -> None:
    truth = tasks.annotation.classes["arousal"][tasks.windows.recording]
    margin = np.random.default_rng(0).normal(size=COUNT * EACH)
    folds, answers = tasks.splits("arousal"), answered(tasks, margin)
    # The five of z-scored windows are in microsiemens, not in anybody's units.
    models = controls.windows(tasks, "arousal", folds, answers)["models"]
    assert "regression_alone" not in models
    features = np.random.default_rng(1).normal(size=(COUNT * EACH, 20)) + truth[:, None]
    personal = replace(tasks, windows=replace(tasks.windows, features=features))
    found = controls.windows(personal, "arousal", folds, answers)
    assert found["models"]["regression_alone"]["auc"] > 0.9
    assert found["network_adds"]["auc"] < -0.3


def test_neighbours_find_a_drift_out() -> None:
    """An answer that only falls over the sitting ranks its early tasks, but no task's own rest."""
    recording = np.repeat(np.arange(12), 20)
    truth = np.repeat([1, 0, 1, 0, 0, 0] * 2, 20)
    person = recording // 6
    falling = -np.arange(240.0)
    assert ranking.auc_within(truth, falling, person) > 0.8
    near = ranking.auc_neighbours(truth, falling, person, recording)
    # Task, rest: 1; rest, task: 0; task, rest: 1. The other rests have no task beside them.
    np.testing.assert_allclose(near, [2 / 3, 2 / 3])
    np.testing.assert_allclose(ranking.auc_neighbours(truth, truth * 1.0, person, recording), 1.0)
    assert np.isnan(
        ranking.auc_neighbours(np.ones(240, dtype=np.int64), falling, person, recording)
    ).all()
