"""What card and report say of who was tested and learnt from is what the splits did."""

import numpy as np
import pytest

from training.evaluation.splits import Plan, inner
from training.evaluation.splits import Split as Parts
from training.evaluation.wording import final_model, measured_on

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
        (Plan(songs_apart=True), "On people and stimuli that were held out", True),
        (Plan(protocol="paper"), "On recordings that were held out, while other", False),
        (Plan(protocol="paper", folds=1), "On recordings that were held out, while", False),
    ],
)
def test_people_are_claimed_only_where_they_were_held_out(
    plan: Plan, claims: str, people: bool
) -> None:
    split = final_split(plan)
    said = final_model(plan, split, SUBJECTS)
    assert measured_on(plan).startswith(claims)
    learnt = {SUBJECTS[i] for i in split.train}
    chose = {SUBJECTS[i] for i in split.validation}
    assert learnt.isdisjoint(chose) == people == ("other p" in said)
    assert f"learnt from {len(split.train)} recordings of {len(learnt)} people" in said
    assert f"{len(split.validation)} " in said
    assert ("model of the one split" in said) == plan.single


def test_shares_are_told_where_people_and_stimuli_were_kept_apart() -> None:
    said = final_model(Plan(songs_apart=True), final_split(Plan(songs_apart=True)), SUBJECTS)
    # 30 % of the people and of the stimuli choose: not "all people but a fifth".
    assert said == (
        "fitted once more for use, learnt from 28 recordings of 7 people; 6 recordings of 3 other "
        "people chose its epoch and temperature; the figures are the folds'"
    )
