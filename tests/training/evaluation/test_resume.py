"""Runs that are cut off, done twice, followed, or put on little memory."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.preprocessing.contract import Contract
from tests.training.folds.test_cross_validation import problem
from tests.training.runs import call
from training.evaluation import experiment
from training.evaluation.runner import identity
from training.folds import bundle
from training.network import checkpoint

# One network of one fold.
LEAST = ("--target", "valence", "--epochs", "1", "--folds", "1")


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that is done: both targets, two folds and the final model."""
    folder = tmp_path_factory.mktemp("whole")
    result = call(tree, folder, "--jobs", "1")
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def least(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the least run that is done."""
    folder = tmp_path_factory.mktemp("least")
    assert call(tree, folder, *LEAST).exit_code == 0
    return folder


@pytest.fixture
def done(least: Path, tmp_path: Path) -> Path:
    """Copy of that, for one test."""
    return Path(shutil.copytree(least, tmp_path / "done"))


def test_an_interrupted_run_goes_on(
    tree: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    folders = (whole, tmp_path / "cut")
    one, other = (
        json.loads((folder / "metrics.json").read_text())["targets"] for folder in folders
    )
    assert one == other
    # What was kept is of this very run: with another seed nothing of it is taken.
    assert not (tmp_path / "cut" / "folds").exists()
    # Every epoch of every fit stands in the table, those of before the interruption too.
    rows = [sorted((folder / "epochs.csv").read_text().splitlines()) for folder in folders]
    assert rows[0] == rows[1]


def test_a_damaged_fold_is_said_and_fitted_anew(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = experiment.evaluate

    def never(*args: Any) -> Any:
        raise KeyboardInterrupt

    options = ("--target", "valence", "--epochs", "1")
    monkeypatch.setattr(experiment, "evaluate", never)
    assert call(tree, tmp_path, *options).exit_code == 1
    kept = sorted((tmp_path / "folds").glob("*.fold"))
    assert len(kept) == 3
    kept[0].write_bytes(kept[0].read_bytes()[:1000])
    monkeypatch.setattr(experiment, "evaluate", evaluate)
    result = call(tree, tmp_path, *options, "--resume")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "2 fits were taken" in said and "1 fits kept there were damaged" in said


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


def test_the_same_command_again_does_nothing_and_says_so(tree: Path, done: Path) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in done.iterdir()}
    again = call(tree, done, *LEAST)
    assert again.exit_code == 0 and "Nothing to do" in again.output
    assert "majority" in again.output
    assert {p.name: p.stat().st_mtime_ns for p in done.iterdir()} == before
    other = call(tree, done, *LEAST, "--seed", "1")
    assert other.exit_code == 0 and "Nothing to do" not in other.output
    anew = call(tree, done, *LEAST, "--seed", "1", "--again")
    assert anew.exit_code == 0 and "Nothing to do" not in anew.output


@pytest.mark.parametrize("lost", experiment.WRITTEN)
def test_a_run_of_which_a_file_is_lost_is_not_done(lost: str, tree: Path, done: Path) -> None:
    (done / lost).unlink()
    again = call(tree, done, *LEAST)
    assert again.exit_code == 0 and "Nothing to do" not in again.output
    assert (done / lost).is_file()


def test_a_run_that_fails_to_write_leaves_no_other_runs_figures_beside_its_model(
    tree: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_ = Path.replace

    def cut(path: Path, target: Path) -> Path:
        if Path(target).name == "metrics.json":
            raise KeyboardInterrupt
        return replace_(path, target)

    with monkeypatch.context() as failing:
        failing.setattr(Path, "replace", cut)
        assert call(tree, done, *LEAST, "--seed", "1").exit_code == 1
    assert checkpoint.load(done / "best.pt").metrics["settings"]["seed"] == 1
    left = {path.name for path in done.iterdir()}
    assert left == {"best.pt", "predictions.csv", "windows.csv", "folds"}
    again = call(tree, done, *LEAST)
    assert again.exit_code == 0 and "Nothing to do" not in again.output
    assert checkpoint.load(done / "best.pt").metrics["settings"]["seed"] == 0


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


def test_folds_fitted_together_give_the_same_figures(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    result = call(tree, tmp_path, "--stack", "4")
    assert result.exit_code == 0, result.output
    alone, together = (
        json.loads((folder / "metrics.json").read_text())["targets"] for folder in (whole, tmp_path)
    )
    for target in alone:
        for one, other in zip(alone[target]["folds"], together[target]["folds"], strict=True):
            for weight, value in one["calibration"].items():
                assert value == pytest.approx(other["calibration"][weight], rel=0.05, abs=0.05)
            assert one["n"] == other["n"]
