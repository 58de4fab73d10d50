import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import DatasetError
from training.folds.splits import Plan, Split, shares, splits

PEOPLE = [f"s{i}" for i in range(12)]
SONGS = [f"m{i}" for i in range(10)]


def sides(split: Split) -> list[set[int]]:
    return [set(side.tolist()) for side in (split.train, split.validation, split.test)]


def cohort(seed: int, n: int = 90) -> tuple[list[str], list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    subjects = [*PEOPLE, *rng.choice(PEOPLE, n - len(PEOPLE))]
    stimuli = list(rng.choice(SONGS, n))
    return [str(s) for s in subjects], [str(s) for s in stimuli], rng.integers(0, 2, n)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), folds=st.integers(1, 10), repeat=st.integers(1, 2))
def test_no_subject_stands_on_two_sides_and_everybody_is_tested_once(
    seed: int, folds: int, repeat: int
) -> None:
    subjects, stimuli, truth = cohort(seed)
    plan = Plan(folds=folds, repeat=repeat, seed=seed)
    found = list(splits(plan, subjects, stimuli, truth))
    assert len(found) == folds * repeat
    assert len({split.name for split in found}) == len(found)
    tested: list[int] = []
    for split in found:
        own = sides(split)
        assert all(own)
        assert sorted(set.union(*own)) == list(range(90))
        assert sum(map(len, own)) == 90
        people = [{subjects[i] for i in side} for side in own]
        assert not people[0] & people[1]
        assert not people[2] & (people[0] | people[1])
        tested += split.test.tolist()
    if folds > 1:
        assert sorted(tested) == sorted(list(range(90)) * repeat)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), folds=st.integers(1, 5))
def test_no_song_stands_on_both_sides_where_songs_are_apart(seed: int, folds: int) -> None:
    subjects, stimuli, truth = cohort(seed, 600)
    for split in splits(Plan(folds=folds, stimuli_apart=True), subjects, stimuli, truth):
        learnt = {*split.train.tolist(), *split.validation.tolist()}
        assert not {subjects[i] for i in learnt} & {subjects[i] for i in split.test}
        assert not {stimuli[i] for i in learnt} & {stimuli[i] for i in split.test}
        for names in (subjects, stimuli):
            own = [{names[i] for i in side} for side in (split.train, split.validation)]
            assert not own[0] & own[1]


def test_shares_say_what_is_tested_and_what_a_fold_learns_from() -> None:
    subjects, stimuli, truth = cohort(0, 600)
    apart = list(splits(Plan(folds=5, stimuli_apart=True), subjects, stimuli, truth))
    tested, learnt = shares(apart, 600)
    # A fifth of the people and a fifth of the songs, five times.
    assert 0.15 < tested < 0.35 and 0.2 < learnt < 0.4
    assert tested == len({i for split in apart for i in split.test.tolist()}) / 600
    whole = list(splits(Plan(folds=5), subjects, stimuli, truth))
    assert shares(whole, 600)[0] == 1.0
    # Drawn again, a recording is tested again, not more of them.
    assert shares([*whole, *whole], 600)[0] == 1.0


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), folds=st.integers(2, 10))
def test_paper_folds_are_stratified_and_cover_all(seed: int, folds: int) -> None:
    subjects, stimuli, truth = cohort(seed)
    found = list(splits(Plan(protocol="paper", folds=folds), subjects, stimuli, truth))
    for split in found:
        own = sides(split)
        assert sum(map(len, own)) == len(set.union(*own)) == 90
        # Every fold has its share of either class, to one recording.
        assert abs(truth[split.test].sum() - truth.sum() / folds) <= 1
    assert sorted(np.concatenate([s.test for s in found]).tolist()) == list(range(90))


def test_paper_puts_the_same_people_on_both_sides() -> None:
    subjects, stimuli, truth = cohort(0)
    split = next(iter(splits(Plan(protocol="paper"), subjects, stimuli, truth)))
    assert {subjects[i] for i in split.test} <= {subjects[i] for i in split.train}


def test_leave_one_subject_out() -> None:
    subjects, stimuli, truth = cohort(0)
    found = list(splits(Plan(leave_one_out=True), subjects, stimuli, truth))
    assert sorted({subjects[i] for i in split.test}.pop() for split in found) == sorted(PEOPLE)
    assert all(len({subjects[i] for i in split.test}) == 1 for split in found)


def test_the_seed_decides_and_each_turn_differs() -> None:
    subjects, stimuli, truth = cohort(0)

    def first(**plan: int) -> list[int]:
        return next(iter(splits(Plan(**plan), subjects, stimuli, truth))).test.tolist()  # type: ignore[arg-type]

    assert first(seed=1) == first(seed=1) != first(seed=2)
    turns = list(splits(Plan(folds=2, repeat=2), subjects, stimuli, truth))
    assert turns[0].test.tolist() != turns[2].test.tolist()


@pytest.mark.parametrize(
    ("plan", "subjects", "said"),
    [
        (Plan(), ["a", "b", "a"], "at least 3"),
        (Plan(folds=4), ["a", "b", "c"], "3 subjects cannot be divided into 4 folds"),
        (Plan(protocol="paper", folds=3), ["a", "b", "c", "d"], "too few for 3 stratified folds"),
    ],
)
def test_too_few_are_named(plan: Plan, subjects: list[str], said: str) -> None:
    truth = np.arange(len(subjects)) % 2
    with pytest.raises(DatasetError, match=said):
        list(splits(plan, subjects, ["m"] * len(subjects), truth))


def test_protocols_are_always_named() -> None:
    texts = [
        Plan().describe(),
        Plan(folds=1).describe(),
        Plan(leave_one_out=True).describe(),
        Plan(stimuli_apart=True, repeat=3).describe(),
        Plan(protocol="paper").describe(),
    ]
    assert [text.split()[0] for text in texts] == ["subject"] * 4 + ["paper"]
    assert "with their stimuli" in texts[3] and "3 times" in texts[3]
    assert "both sides" in texts[4]
