"""Windows of a short past are learnt from, and never tested, chosen with, averaged or shown."""

from dataclasses import replace

import numpy as np
import pytest

from runtime.preprocessing.contract import Contract
from tests.training.evaluation.test_final_model import COUNT, made, problem
from training.fitting.combine import Combination
from training.fitting.data import Data
from training.folds.assembly import Assembled
from training.folds.bundle import _task
from training.folds.problem import MusicScale, Problem
from training.measures.figures import decide


@pytest.fixture
def mixed() -> Problem:
    """Of the three windows of each recording, the last is of a short past, and says nonsense."""
    rng = np.random.default_rng(0)
    one = problem("subject", {"arousal": rng.integers(0, 2, COUNT)}, 5)
    short = np.arange(len(one.windows.short)) % 3 == 2
    features = rng.normal(size=(short.size, 5))
    features[short] = np.nan
    inputs = one.windows.inputs.copy()
    inputs[short] = np.nan
    own = replace(one.windows, inputs=inputs, short=short, features=features)
    return replace(one, windows=own)


def count(data: Data, short: np.ndarray) -> tuple[int, int]:
    return int(np.count_nonzero(short[data.window])), int(np.count_nonzero(~short[data.window]))


def test_only_the_side_that_learns_has_them(mixed: Problem) -> None:
    split = mixed.splits("arousal")[0]
    task = _task(mixed, "arousal", split, MusicScale())
    test = mixed.select("arousal", split.test, MusicScale())
    short = mixed.windows.short
    assert count(task.train, short) == (split.train.size, 2 * split.train.size)
    assert count(task.validation, short) == (0, 2 * split.validation.size)
    assert count(test, short) == (0, 2 * split.test.size)


def test_neither_figures_nor_examples_have_them(mixed: Problem, tiny_contract: Contract) -> None:
    folds = mixed.splits("arousal")
    outcomes = []
    for split in folds:
        window = mixed.select("arousal", split.test, MusicScale()).window
        outcomes.append(
            Assembled(
                "arousal",
                split.name,
                window,
                np.zeros((window.size, 2)),
                np.zeros(window.size),
                None,
                Combination(),
                None,
                [],
                [],
                MusicScale(),
            )
        )
    # A logistic regression refuses the NaN that stand in all windows of a short past.
    assert decide(mixed, "arousal", folds, outcomes).recording.size == COUNT
    kept, _ = made(mixed, tiny_contract)
    for examples in (kept.examples, kept.calibration):
        assert not np.isnan(examples).any()
