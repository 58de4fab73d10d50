"""Fits of a cross-validation: what is refused, what memory holds, and who is told."""

import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from device.errors import DatasetError, FitError, RtcanError
from device.samples import Samples
from training.compute.workers import Workers
from training.datasets.recordings import Dataset, Recording
from training.evaluation import experiment
from training.fitting.settings import Settings
from training.folds import bundle, cross_validation
from training.folds.cross_validation import Fit, Listener
from training.folds.journal import Journal, Outcome
from training.folds.problem import Problem
from training.folds.splits import Plan
from training.labels import annotation
from training.network.model import NetworkConfig
from training.windows.cut import Windows


def problem() -> Problem:
    """Noise, in four folds."""
    rng = np.random.default_rng(0)
    recordings = [
        Recording(
            subject=f"{n % 8}", stimulus=f"{n // 8}", ratings={}, classes={"arousal": n // 8 % 2},
            samples=Samples.empty(),
        )
        for n in range(64)
    ]  # fmt: skip
    data = Dataset(name="noise", trained_on="noise", recordings=recordings, rating_range=(1, 9))
    inputs = rng.normal(size=(64, 3, 64)).astype(np.float32)
    windows = Windows(
        inputs, np.zeros((64, 5)), np.arange(64), np.zeros(64), np.zeros(64),
        np.zeros(64, dtype=np.bool_),
        Counter(),
    )  # fmt: skip
    return Problem(
        data=data,
        windows=windows,
        annotation=annotation.annotate(data, "fixed:5"),
        targets=("arousal",),
        config=NetworkConfig(input_length=64, width=8),
        settings=Settings(epochs=1, batch_size=16),
        plan=Plan(folds=4),
    )


def test_what_cannot_be_learnt_is_refused_before_anything_is_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*args: Any) -> Any:
        raise AssertionError("fitted")

    monkeypatch.setattr(bundle, "fit", never)
    made = problem()
    *sound, last = made.splits("arousal")
    low = np.flatnonzero(made.annotation.classes["arousal"] == 0)
    nobody = replace(last, validation=np.empty(0, dtype=np.int64))
    for broken, said in ((replace(last, train=low), "have low arousal"), (nobody, "no usable")):
        fits = [Fit(made, "arousal", split) for split in (*sound, broken)]
        with pytest.raises(DatasetError, match=said):
            cross_validation.run(fits, torch.device("cpu"), Journal(None), Workers(2))


class Said(Listener):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def alone() -> list[Outcome]:
    """Of the four folds, one after the other."""
    made = problem()
    fits = [Fit(made, "arousal", split) for split in made.splits("arousal")]
    return cross_validation.run(fits, torch.device("cpu"), Journal(None), Workers(1))


@pytest.mark.parametrize("room", [1, 2, 4])
def test_little_memory_means_fewer_fits_at_once(
    room: int, alone: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No processor runs out of memory in good order; an accelerator does, with this error.
    whole = bundle.fit

    def cramped(config: Any, tasks: Any, *more: Any) -> Any:
        if len(tasks) > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return whole(config, tasks, *more)

    made, cpu, said = problem(), torch.device("cpu"), Said()
    fits = [Fit(made, "arousal", split) for split in made.splits("arousal")]
    monkeypatch.setattr(bundle, "fit", cramped)
    found = cross_validation.run(fits, cpu, Journal(None), Workers(1), stack=4, listener=said)
    assert said.notes == (
        [] if room == 4 else [f"The memory of cpu did not hold 4 fits at once: {room} at a time"]
    )
    for one, other in zip(found, alone, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.logits, other.logits, atol=1e-3)


def test_memory_that_holds_no_fit_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(*args: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    made = problem()
    fits = [Fit(made, "arousal", split) for split in made.splits("arousal")]
    monkeypatch.setattr(bundle, "fit", starved)
    with pytest.raises(RtcanError, match="does not hold a single fit"):
        cross_validation.run(fits, torch.device("cpu"), Journal(None), Workers(1), stack=4)


def test_a_fit_without_any_validation_loss_is_named() -> None:
    made = problem()
    split = made.splits("arousal")[2]
    broken = made.windows.inputs.copy()
    broken[split.validation] = np.nan
    made = replace(made, windows=replace(made.windows, inputs=broken))
    fits = [Fit(made, "arousal", split)]
    with pytest.raises(FitError, match=r"arousal, fold 3.*--learning-rate"):
        cross_validation.run(fits, torch.device("cpu"), Journal(None), Workers(1))


def test_fits_on_a_cluster_of_accelerators_are_shared_out() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    here, cluster = Workers(4), Workers(4, "tcp://nowhere:8786")
    size = cross_validation.stack_size
    assert [size(cpu, workers, 22) for workers in (here, cluster)] == [1, 1]
    assert [size(gpu, workers, 22) for workers in (here, cluster)] == [22, 6]
    assert size(gpu, cluster, 0) == 1


def test_the_commit_is_this_trees_own(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    inside = tmp_path / "venv" / "site-packages"
    inside.mkdir(parents=True)
    git("init")
    git("commit", "--allow-empty", "-m", "of the user's own project")
    assert experiment.commit(inside) == ""
    assert len(experiment.commit(tmp_path)) >= 7
    (tmp_path / "linked").symlink_to(tmp_path)
    assert experiment.commit(tmp_path / "linked") == experiment.commit(tmp_path)
