import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import DatasetError
from training.splits import hold_out_subjects


@given(
    subjects=st.lists(st.sampled_from([f"s{i}" for i in range(12)]), min_size=30, max_size=80),
    seed=st.integers(0, 1000),
)
def test_no_subject_stands_on_two_sides_and_none_is_lost(subjects: list[str], seed: int) -> None:
    if len(set(subjects)) < 3:
        return
    split = hold_out_subjects(subjects, seed)
    sides = [{subjects[i] for i in side} for side in (split.train, split.validation, split.test)]
    assert all(sides)
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    everything = np.concatenate([split.train, split.validation, split.test])
    assert sorted(everything.tolist()) == list(range(len(subjects)))


def test_seed_decides() -> None:
    subjects = [f"s{i}" for i in range(20)]
    assert (
        hold_out_subjects(subjects, 1).test.tolist() == hold_out_subjects(subjects, 1).test.tolist()
    )
    assert (
        hold_out_subjects(subjects, 1).test.tolist() != hold_out_subjects(subjects, 2).test.tolist()
    )


def test_too_few_people() -> None:
    with pytest.raises(DatasetError, match="at least 3"):
        hold_out_subjects(["a", "b", "a"], 0)
