"""Stimuli held out with people: few or many, of kinds that everybody has in common."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.training.runs import without_report
from training import run
from training.datasets.standins import stress_predict
from training.folds.splits import Plan, Split, shares, splits

PEOPLE = [f"s{n:02d}" for n in range(34)]
# As in Stress-Predict: each stimulus is its own label.
TASKS = {"Stroop": 1, "interview": 1, "hyperventilation": 1, "rest 1": 0, "rest 2": 0, "rest 3": 0}


def of(plan: Plan) -> tuple[list[Split], list[str], list[str], np.ndarray]:
    subjects = [person for person in PEOPLE for _ in TASKS]
    stimuli = list(TASKS) * len(PEOPLE)
    truth = np.array([TASKS[name] for name in stimuli])
    kinds = ["high" if label else "low" for label in truth]
    return list(splits(plan, subjects, stimuli, truth, kinds)), subjects, stimuli, truth


@pytest.mark.parametrize("folds", [1, 2, 3, 5, 10, "loso"])
def test_few_stimuli_are_shared_by_folds_and_every_side_has_both_kinds(folds: int | str) -> None:
    plan = Plan(stimuli_apart=True, leave_one_out=folds == "loso",
                folds=folds if isinstance(folds, int) else 10)  # fmt: skip
    found, subjects, stimuli, truth = of(plan)
    assert len(found) == (34 if folds == "loso" else folds)
    for split in found:
        own = (split.train, split.validation, split.test)
        assert all(set(truth[side]) == {0, 1} for side in own)
        for names in (subjects, stimuli):
            used = [{names[i] for i in side} for side in own]
            assert not used[0] & used[1] and not used[2] & (used[0] | used[1])
    if plan.folds > 1:
        # Everybody is tested, and every stimulus.
        tested = [i for split in found for i in split.test]
        assert {subjects[i] for i in tested} == set(PEOPLE)
        assert {stimuli[i] for i in tested} == set(TASKS) or folds == 2
        share, learnt = shares(found, len(truth))
        assert share >= 0.3 and learnt > 0.1


def test_many_stimuli_belong_to_the_fold_that_has_them_most() -> None:
    subjects = [person for person in PEOPLE for _ in range(10)]
    stimuli = [f"m{PEOPLE.index(person) // 4}{n}" for person in PEOPLE for n in range(10)]
    truth = np.arange(len(subjects)) % 2
    plan = Plan(stimuli_apart=True, folds=5)
    found = list(splits(plan, subjects, stimuli, truth, ["?"] * len(truth)))
    tested = {i for split in found for i in split.test.tolist()}
    # Dealt at random, a fifth would be tested.
    assert len(tested) > 0.3 * len(truth)


def test_any_data_set_may_have_its_stimuli_held_out(tmp_path: Path) -> None:
    stress_predict.write(tmp_path / "data", 7, seed=2, pace=10)
    options = ["--dataset", "stress-predict", "--data-root", str(tmp_path / "data")]
    options += ["--songs-apart", "--normalisation", "zscore"]
    options += ["--window", "10", "--input-length", "64", "--width", "8", "--epochs", "1"]
    options += ["--folds", "3", "--device", "cpu", "--jobs", "1", "--output", str(tmp_path / "out")]
    with without_report():
        result = CliRunner().invoke(run.main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "3 groups of subjects held out, with their stimuli" in said
    assert "33% of the recordings for arousal are tested" in said


def test_pairs_have_no_stimuli_apart(tmp_path: Path) -> None:
    options = ["--dataset", "synthetic", "--stimuli-apart", "--protocol", "paper"]
    result = CliRunner().invoke(run.main, [*options, "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "--stimuli-apart goes with --protocol subject" in " ".join(result.output.split())
