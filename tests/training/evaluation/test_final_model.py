"""What travels with a model: examples that were held out, and no invented class."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from device.samples import Samples
from runtime.preprocessing.contract import Contract
from training.datasets.recordings import Dataset, Recording
from training.evaluation import final_model
from training.fitting.combine import Combination
from training.fitting.settings import Settings
from training.folds.assembly import Assembled
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Plan, Split
from training.labels.annotation import Annotation
from training.network.checkpoint import Checkpoint
from training.network.model import RTCAN, NetworkConfig
from training.windows.cut import Windows

SUBJECTS, SONGS, EACH = 10, 12, 3
COUNT = SUBJECTS * SONGS


def problem(protocol: str, classes: dict[str, np.ndarray], folds: int) -> Problem:
    recordings = [
        Recording(f"s{i // SONGS}", f"v{i % SONGS}", Samples.empty(), {}) for i in range(COUNT)
    ]
    recording = np.repeat(np.arange(COUNT), EACH)
    inputs = np.zeros((COUNT * EACH, 3, 64), dtype=np.float32)
    # A window tells which recording it is of.
    inputs[:, 0, 0] = recording
    windows = Windows(
        inputs, np.zeros((len(inputs), 5)), recording, np.zeros(len(inputs)),
        np.zeros(len(inputs)), np.zeros(len(inputs), dtype=np.bool_), Counter(),
    )  # fmt: skip
    return Problem(
        data=Dataset("test", "-", recordings, (1, 9)),
        windows=windows,
        annotation=Annotation("-", classes, {}, Counter()),
        targets=tuple(classes),
        config=NetworkConfig(input_length=64, width=8),
        settings=Settings(),
        plan=Plan(protocol=protocol, folds=folds),
    )


def made(one: Problem, contract: Contract) -> tuple[Checkpoint, dict[str, Split]]:
    """The checkpoint, without any fitting: what travels does not depend on the weights."""
    state = RTCAN(one.config).state_dict()
    nothing = np.empty(0, dtype=np.int64), np.empty((0, 2)), np.empty(0), None
    chosen = {
        t: Assembled(t, "-", *nothing, Combination(), None, [], [state], MusicScale())
        for t in one.targets
    }
    own = {
        t: one.splits(t)[0] if one.plan.single else final_model.split(one, t) for t in one.targets
    }
    return final_model.checkpoint(one, contract, chosen, own, {}), own


@pytest.mark.parametrize("protocol", ["paper", "subject"])
@pytest.mark.parametrize("folds", [1, 5])
def test_every_example_is_held_out_for_each_target_that_counts_it(
    protocol: str, folds: int, tiny_contract: Contract
) -> None:
    rng = np.random.default_rng(0)
    classes = {t: rng.integers(0, 2, COUNT) for t in ("arousal", "valence")}
    # PMEmo 2018: half of the recordings are for one target alone.
    classes["valence"][::2] = -1
    one = problem(protocol, classes, folds)
    stored, own = made(one, dataclasses.replace(tiny_contract))
    recording = stored.examples[:, 0, 0].astype(int)
    for target, truth in stored.truth.items():
        counted = recording[truth >= 0]
        side = own[target].test if own[target].test.size else own[target].validation
        assert set(truth[truth >= 0]) == {0, 1}
        assert not np.isin(counted, own[target].train).any()
        assert np.isin(counted, side).all()
        np.testing.assert_array_equal(truth[truth >= 0], classes[target][counted])
        assert (truth[classes[target][recording] < 0] == -1).all(), "an invented class"
    ranges = stored.calibration[:, 0, 0].astype(int)
    assert len(ranges) > 0
    assert not np.isin(ranges, recording).any()


@pytest.mark.parametrize("more", [{"ensemble": 3}, {"wide": True}])
@pytest.mark.parametrize("folds", [1, 5])
def test_who_was_learnt_from_by_any_part_is_not_held_out(
    more: dict[str, int], folds: int, tiny_contract: Contract
) -> None:
    """A member or the linear path learnt from those who choose: only a test side is held out."""
    classes = {"arousal": np.random.default_rng(0).integers(0, 2, COUNT)}
    one = dataclasses.replace(problem("subject", classes, folds), **more)
    stored, own = made(one, tiny_contract)
    assert len(stored.examples) > 0
    known = stored.examples[:, 0, 0].astype(int)[stored.truth["arousal"] >= 0]
    assert (known.size > 0) == (folds == 1)
    assert np.isin(known, own["arousal"].test).all()
