"""Runs that are cut off, done twice, followed, or put on little memory."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from device.errors import DatasetError, RtcanError
from device.samples import Samples
from runtime.preprocessing.contract import Contract
from tests.training.runs import call
from training import ablate
from training.compute.workers import Workers
from training.datasets.recordings import Dataset, Recording
from training.evaluation import bundle, cross_validation, experiment
from training.evaluation.cross_validation import Fit, Listener
from training.evaluation.journal import Journal
from training.evaluation.problem import Problem
from training.evaluation.runner import identity
from training.evaluation.splits import Plan
from training.fitting.settings import Settings
from training.labels import annotation
from training.network import checkpoint
from training.network.model import NetworkConfig
from training.windows.cut import Windows


def test_an_interrupted_run_goes_on(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = call(tree, tmp_path / "whole", "--jobs", "1")
    assert whole.exit_code == 0
    fitted: list[str] = []
    fit = bundle.fit

    def until(limit: int) -> Any:
        def one(*args: Any) -> Any:
            if len(fitted) == limit:
                raise KeyboardInterrupt
            fitted.append("fit")
            return fit(*args)

        return one

    monkeypatch.setattr(bundle, "fit", until(3))
    cut = call(tree, tmp_path / "cut", "--jobs", "1")
    assert cut.exit_code == 1 and "--resume" in cut.output
    assert not (tmp_path / "cut" / "best.pt").exists()
    assert len(list((tmp_path / "cut" / "folds").glob("*.fold"))) == 3
    fitted.clear()
    monkeypatch.setattr(bundle, "fit", until(99))
    rest = call(tree, tmp_path / "cut", "--jobs", "1", "--resume")
    assert rest.exit_code == 0, rest.output
    assert len(fitted) == 3 and "3 fits were taken" in rest.output
    one, other = (
        json.loads((tmp_path / name / "metrics.json").read_text())["targets"]
        for name in ("whole", "cut")
    )
    assert one == other
    # What was kept is of this very run: with another seed nothing of it is taken.
    assert not (tmp_path / "cut" / "folds").exists()
    # Every epoch of every fit stands in the table, those of before the interruption too.
    rows = [
        sorted((tmp_path / name / "epochs.csv").read_text().splitlines())
        for name in ("whole", "cut")
    ]
    assert rows[0] == rows[1]


def test_a_damaged_fold_is_said_and_fitted_anew(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = experiment.judge

    def never(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "judge", never)
    assert call(tree, tmp_path).exit_code == 1
    kept = sorted((tmp_path / "folds").glob("*.fold"))
    assert len(kept) == 6
    kept[0].write_bytes(kept[0].read_bytes()[:1000])
    monkeypatch.setattr(experiment, "judge", judge)
    result = call(tree, tmp_path, "--resume")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "5 fits were taken" in said and "1 fits kept there were damaged" in said


def test_a_resumed_run_takes_nothing_of_another(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any) -> Any:
        raise KeyboardInterrupt

    fit, count = bundle.fit, []

    def once(*args: Any) -> Any:
        count.append(1)
        return fit(*args) if len(count) == 1 else never()

    monkeypatch.setattr(bundle, "fit", once)
    assert call(tree, tmp_path, "--jobs", "1").exit_code == 1
    monkeypatch.setattr(bundle, "fit", never)
    again = call(tree, tmp_path, "--jobs", "1", "--resume", "--learning-rate", "0.5")
    assert again.exit_code == 1
    assert len(list((tmp_path / "folds").glob("*.fold"))) == 1


def test_the_same_command_again_does_nothing_and_says_so(tree: Path, tmp_path: Path) -> None:
    assert call(tree, tmp_path).exit_code == 0
    before = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    again = call(tree, tmp_path)
    assert again.exit_code == 0 and "Nothing to do" in again.output
    assert "majority" in again.output
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before
    other = call(tree, tmp_path, "--seed", "1")
    assert other.exit_code == 0 and "Nothing to do" not in other.output
    anew = call(tree, tmp_path, "--seed", "1", "--again")
    assert anew.exit_code == 0 and "Nothing to do" not in anew.output
    ablation = [
        call(tree, tmp_path / "a", "--target", "valence", "--epochs", "1", command=ablate.main)
        for _ in range(2)
    ]
    assert ["Nothing to do" in result.output for result in ablation] == [False, True]


@pytest.mark.parametrize("lost", experiment.WRITTEN)
def test_a_run_of_which_a_file_is_lost_is_not_done(lost: str, tree: Path, tmp_path: Path) -> None:
    options = ("--target", "valence", "--epochs", "1", "--folds", "1")
    assert call(tree, tmp_path, *options).exit_code == 0
    (tmp_path / lost).unlink()
    again = call(tree, tmp_path, *options)
    assert again.exit_code == 0 and "Nothing to do" not in again.output
    assert (tmp_path / lost).is_file()


def test_a_run_that_fails_to_write_leaves_no_other_runs_figures_beside_its_model(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--target", "valence", "--epochs", "1", "--folds", "1")
    assert call(tree, tmp_path, *options).exit_code == 0
    replace_ = Path.replace

    def cut(path: Path, target: Path) -> Path:
        if Path(target).name == "metrics.json":
            raise KeyboardInterrupt
        return replace_(path, target)

    monkeypatch.setattr(Path, "replace", cut)
    assert call(tree, tmp_path, *options, "--seed", "1").exit_code == 1
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "best.pt").metrics["settings"]["seed"] == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"best.pt", "predictions.csv", "folds"}
    again = call(tree, tmp_path, *options)
    assert again.exit_code == 0 and "Nothing to do" not in again.output
    assert checkpoint.load(tmp_path / "best.pt").metrics["settings"]["seed"] == 0


def test_what_is_said_of_the_data_belongs_to_a_run() -> None:
    made = problem()
    others = [
        replace(made, data=replace(made.data, trained_on="simulated people")),
        replace(made, data=replace(made.data, notes=["half of it"])),
        replace(made, data=replace(made.data, skipped=Counter(torn=1))),
        replace(made, windows=replace(made.windows, refused=Counter(gap=1))),
    ]
    keys = {identity([one], Contract()) for one in (made, *others)}
    assert len(keys) == 1 + len(others) and identity([problem()], Contract()) in keys


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


def test_every_epoch_is_there_for_tensorboard(tree: Path, tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert call(tree, tmp_path, "--target", "arousal", "--tensorboard").exit_code == 0
    with (tmp_path / "epochs.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["fold"] == "fold 2"]
    board = events.EventAccumulator(str(tmp_path / "tensorboard" / "arousal-fold-2"))
    board.Reload()
    seen = board.Scalars("loss/validation")
    assert [e.step for e in seen] == [int(row["epoch"]) for row in rows] == [1, 2]
    for event, row in zip(seen, rows, strict=True):
        assert abs(event.value - float(row["validation_loss"])) < 1e-5


def test_folds_fitted_together_give_the_same_figures(tree: Path, tmp_path: Path) -> None:
    for name, stack in (("alone", "1"), ("together", "4")):
        result = call(tree, tmp_path / name, "--stack", stack)
        assert result.exit_code == 0, result.output
    alone, together = (
        json.loads((tmp_path / name / "metrics.json").read_text())["targets"]
        for name in ("alone", "together")
    )
    for target in alone:
        for one, other in zip(alone[target]["folds"], together[target]["folds"], strict=True):
            assert one["temperature"] == pytest.approx(other["temperature"], rel=0.05)
            assert one["n"] == other["n"]


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
    windows = Windows(inputs, np.zeros((64, 5)), np.arange(64), Counter())
    return Problem(
        data=data,
        windows=windows,
        annotation=annotation.annotate(data, "fixed:5"),
        targets=("arousal",),
        config=NetworkConfig(input_length=64, width=8),
        settings=Settings(epochs=1, batch_size=16),
        plan=Plan(folds=4),
    )


class Said(Listener):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize("room", [1, 2, 4])
def test_little_memory_means_fewer_fits_at_once(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr(bundle, "fit", whole)
    for one, other in zip(
        found, cross_validation.run(fits, cpu, Journal(None), Workers(1)), strict=True
    ):
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
