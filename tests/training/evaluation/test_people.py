"""What travels of how people differ: learnt of held-out people, of none where nobody was."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from device.samples import Samples
from runtime.preprocessing.contract import Contract
from training.datasets.recordings import Dataset, Recording
from training.evaluation import people
from training.fitting.combine import Combination
from training.fitting.settings import Settings
from training.folds.assembly import Assembled
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Plan
from training.labels.annotation import Annotation
from training.network.model import NetworkConfig
from training.windows.cut import Windows

CONTRACT = Contract(
    normalisation="personal",
    reference_s=120.0,
    reference_span_s=1500.0,
    features=("level", "spread"),
)
TRIALS, EACH = 4, 60


def crowd(spread: float, number: int = 12) -> tuple[Problem, dict[str, list[Assembled]]]:
    """People whose answers are off by biases of this deviation, ten seconds from each other."""
    rng = np.random.default_rng(3)
    recordings = [
        Recording(f"s{n}", f"v{v}", Samples.empty(), {}, session=f"s{n}")
        for n in range(number)
        for v in range(TRIALS)
    ]
    recording = np.repeat(np.arange(number * TRIALS), EACH)
    count = recording.size
    truth = np.arange(number * TRIALS) % 2
    bias = rng.normal(0.0, spread, number)[recording // TRIALS]
    margin = rng.normal(4.0 * truth[recording] - 2.0, 2.0) + bias
    windows = Windows(
        np.zeros((count, 3, 64), dtype=np.float32), rng.normal(size=(count, 2)), recording,
        10.0 * np.tile(np.arange(TRIALS * EACH), number), np.zeros(count),
        np.zeros(count, dtype=np.bool_), Counter(),
    )  # fmt: skip
    problem = Problem(
        data=Dataset("test", "-", recordings, (1, 9)), windows=windows,
        annotation=Annotation("-", {"arousal": truth}, {}, Counter()), targets=("arousal",),
        config=NetworkConfig(input_length=64, width=8), settings=Settings(),
        plan=Plan(leave_one_out=True),
    )  # fmt: skip
    folds = [answered(np.flatnonzero(recording // TRIALS == n), margin) for n in range(number)]
    return problem, {"arousal": folds}


def answered(window: np.ndarray, margin: np.ndarray) -> Assembled:
    own = margin[window]
    logits = np.stack([-own / 2, own / 2], axis=1)
    rest = (Combination(), None, [], [], MusicScale())
    return Assembled("arousal", "-", window, logits, own, None, *rest)


def test_the_more_people_differ_the_further_labels_may_move_the_answer() -> None:
    found = {
        spread: people.described(people.priors(*_with_contract(crowd(spread))))["arousal"]
        for spread in (0.0, 2.0)
    }
    assert found[0.0]["bias"] < 0.4
    assert 1.2 < found[2.0]["bias"] < 3.0


def test_windows_lie_apart_and_belong_to_their_person() -> None:
    problem, outcomes = crowd(1.0)
    found = people.answers(problem, CONTRACT, "arousal", outcomes["arousal"])
    assert len(found) == 12
    for one in found:
        assert np.diff(one.time_s).min() == pytest.approx(60.0)
        assert one.features.shape == (one.time_s.size, 2) == (40, 2)
        assert set(one.truth) == {0, 1}
    # Z-scored, each recording counts its time from its own start: their blocks stay apart.
    plain = replace(CONTRACT, normalisation="zscore", reference_s=0.0, reference_span_s=0.0,
                    features=())  # fmt: skip
    each_s = np.tile(10.0 * np.arange(EACH), 12 * TRIALS)
    problem = replace(problem, windows=replace(problem.windows, time_s=each_s))
    [first, *_] = people.answers(problem, plain, "arousal", outcomes["arousal"])
    assert first.features.shape == (40, 0)
    assert np.unique(np.floor(first.time_s / 1e6)).size == TRIALS


def test_folds_drawn_again_count_once() -> None:
    problem, outcomes = crowd(1.0)
    twice = {"arousal": outcomes["arousal"] * 2}
    assert (
        people.priors(problem, CONTRACT, twice)["arousal"].digest
        == people.priors(problem, CONTRACT, outcomes)["arousal"].digest
    )


def test_nothing_is_learnt_of_people_on_both_sides_or_of_a_few() -> None:
    problem, outcomes = crowd(1.0)
    mixed = replace(problem, plan=Plan(protocol="paper"))
    assert people.priors(mixed, CONTRACT, outcomes) == {}
    few = crowd(1.0, people.LEAST_PEOPLE - 1)
    assert people.priors(*_with_contract(few)) == {}
    assert people.described({}) == {}


def _with_contract(
    made: tuple[Problem, dict[str, list[Assembled]]],
) -> tuple[Problem, Contract, dict[str, list[Assembled]]]:
    return made[0], CONTRACT, made[1]
