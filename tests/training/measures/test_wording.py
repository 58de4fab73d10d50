"""What card and report say of who was tested and learnt from is what the splits did."""

import numpy as np
import pytest

from training.fitting.combine import Combination
from training.folds.splits import Plan, inner
from training.folds.splits import Split as Parts
from training.measures.wording import (
    calibrated_on,
    final_model,
    guess,
    measured_on,
    same_answers,
)

PEOPLE, STIMULI = 10, 6
SUBJECTS = [f"p{i}" for i in range(PEOPLE) for _ in range(STIMULI)]
HEARD = [f"s{i}" for _ in range(PEOPLE) for i in range(STIMULI)]
TRUTH = (np.arange(PEOPLE * STIMULI) % 2).astype(np.int64)


def final_split(plan: Plan) -> Parts:
    everybody = np.arange(len(SUBJECTS), dtype=np.int64)
    rng = np.random.default_rng(0)
    train, validation = inner(plan, SUBJECTS, HEARD, TRUTH, everybody, rng)
    return Parts("final", train, validation, np.empty(0, dtype=np.int64))


@pytest.mark.parametrize(
    ("plan", "claims", "people"),
    [
        (Plan(), "On people who were held out", True),
        (Plan(leave_one_out=True), "On people who were held out", True),
        (Plan(stimuli_apart=True), "On people and stimuli that were held out", True),
        (Plan(protocol="paper"), "On recordings that were held out, while other", False),
        (Plan(protocol="paper", folds=1), "On recordings that were held out, while", False),
    ],
)
def test_people_are_claimed_only_where_they_were_held_out(
    plan: Plan, claims: str, people: bool
) -> None:
    split = final_split(plan)
    said = final_model(plan, {"arousal": split, "valence": split}, SUBJECTS)
    assert measured_on(plan).startswith(claims)
    learnt = {SUBJECTS[i] for i in split.train}
    chose = {SUBJECTS[i] for i in split.validation}
    assert learnt.isdisjoint(chose) == people == ("other p" in said)
    assert f"learnt from {len(split.train)} recordings of {len(learnt)} people" in said
    assert f"{len(split.validation)} " in said
    assert ("model of the one split" in said) == plan.single


def test_shares_are_told_where_people_and_stimuli_were_kept_apart() -> None:
    plan = Plan(stimuli_apart=True)
    said = final_model(plan, {"arousal": final_split(plan)}, SUBJECTS)
    # 30 % of the people and of the stimuli choose: not "all people but a fifth".
    assert said == (
        "fitted once more for use, learnt from 28 recordings of 7 people; 6 recordings of 3 other "
        "people chose its epoch and calibrate it; the figures are the folds'"
    )


def test_an_ensemble_and_a_linear_path_learn_from_those_who_choose_too() -> None:
    own = {"arousal": final_split(Plan())}
    said = final_model(Plan(), own, SUBJECTS, networks=3, wide=True)
    assert said.startswith(
        "fitted once more for use, 3 networks and a linear path that together learnt from 60 "
        "recordings of 10 people; each network left out other people of them"
    )
    said = final_model(Plan(), own, SUBJECTS, wide=True)
    assert "its linear path learnt from all 60 recordings of 10 people" in said


def test_targets_of_other_recordings_are_told_apart() -> None:
    both = final_split(Plan())
    fewer = Parts("final", both.train[::2], both.validation[::2], both.test)
    said = final_model(Plan(), {"arousal": both, "valence": fewer}, SUBJECTS)
    assert "for arousal, learnt from 48 recordings of 8 people" in said
    assert "for valence, learnt from 24 recordings of 8 people" in said


def test_pairs_are_not_calibrated_on_other_people() -> None:
    assert "fitted on people that" in calibrated_on(Plan())
    assert "people" not in calibrated_on(Plan(protocol="paper"))


def test_a_model_that_always_answers_the_same_is_told() -> None:
    final = {"arousal": Combination(deep=0.0, wide=0.3), "valence": Combination(deep=0.0)}
    [note] = same_answers(final)
    assert "same probability of high valence" in note


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ([0.51, 0.7], ""),
        (None, ""),
        (
            [0.44, 0.55],
            "on people held out it was no better than chance (AUC 0.50, 0.44 to 0.55; E)",
        ),
    ],
)
def test_what_is_no_better_than_chance_is_a_guess(interval: list[float] | None, said: str) -> None:
    figures = {"windows": {"models": {"rtcan": {"auc": 0.5, "auc_95": interval}}}}
    assert guess(Plan(), figures, "E") == said
    assert guess(Plan(protocol="paper"), figures, "E") == said.replace("people", "recordings")
