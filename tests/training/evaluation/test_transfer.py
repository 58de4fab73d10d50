"""Learnt on one data set, tested on another: the same figures and controls, and what is said."""

import csv
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from export import card
from tests.training.datasets.test_eevr import write_eevr
from tests.training.runs import without_pictures
from training import run
from training.datasets import registry
from training.datasets.registry import Source
from training.datasets.standins import stress_predict
from training.measures.control_names import WORDS
from training.network import checkpoint
from training.windows.cut import cut

SMALL = ("--window", "20", "--input-length", "64", "--width", "8", "--epochs", "1", "--folds", "2",
         "--device", "cpu", "--jobs", "1")  # fmt: skip


def train(*arguments: str | Path) -> Result:
    with without_pictures():
        return CliRunner().invoke(run.main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stress-Predict's form in a fifth of the time, and EEVR's with both classes in everybody."""
    made = {n: tmp_path_factory.mktemp(n) for n in ("tasks", "eevr", "cache")}
    stress_predict.write(made["tasks"], 7, seed=2, pace=5)
    write_eevr(made["eevr"], zipped=False)
    with (made["eevr"] / "EDA_labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Participant ID", "Video_ID_number", "Valence", "Arousal"])
        rows.writerows([[12, 1, 4, 5], [12, 2, 2, 1], [3, 1, 4, 1], [3, 2, 2, 5]])
    return made


@pytest.fixture(scope="module")
def ran(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What a run with and one without the other data set leave, and say."""
    out = {name: tmp_path_factory.mktemp(name) for name in ("alone", "moved")}
    common = ("--dataset", "stress-predict", "--data-root", folders["tasks"], *SMALL,
              "--cache", folders["cache"])  # fmt: skip
    alone = train(*common, "--output", out["alone"])
    moved = train(*common, "--output", out["moved"], "--test-on", "eevr", "--test-root",
                  folders["eevr"])  # fmt: skip
    assert (alone.exit_code, moved.exit_code) == (0, 0), alone.output + moved.output
    told = {n: json.loads((out[n] / "metrics.json").read_text()) for n in out}
    yield out, told, " ".join(moved.output.split())


def test_the_same_figures_and_controls_of_the_other_people(ran: Any) -> None:
    out, told, said = ran
    moved = told["moved"]["transfer"]
    assert (moved["dataset"], moved["people"], moved["recordings"]) == ("eevr", 2, 4)
    assert list(moved["targets"]) == ["arousal"]
    figures = moved["targets"]["arousal"]
    assert figures["rtcan"]["n"] == 4 and set(figures["subjects"]) == {"3", "12"}
    models = figures["windows"]["models"]
    assert set(models) == set(WORDS)
    assert all(f"{key}_95" in models["rtcan"] for key in ("auc", "auc_within"))
    # Both rated the videos alike: other people's ratings are those of the people of the test.
    assert models["stimulus_prior"]["auc"] == 1.0
    assert models["personal_prior"]["auc"] == 0.0
    assert "Tested on eevr" in said
    # What was learnt, and what the folds say of it, is as without the other data set.
    assert told["alone"]["transfer"] is None
    assert told["alone"]["targets"] == told["moved"]["targets"]
    assert (out["alone"] / "windows.csv").read_bytes() == (
        out["moved"] / "windows.csv"
    ).read_bytes()
    assert not (out["alone"] / "transfer_windows.csv").exists()


def test_it_is_the_final_model_that_answers(ran: Any, folders: dict[str, Path]) -> None:
    """Through the same preprocessing: the checkpoint's answers, window for window."""
    out, _, _ = ran
    with (out["moved"] / "transfer_windows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    stored = checkpoint.load(out["moved"] / "best.pt")
    data = registry.load(Source(name="eevr", root=folders["eevr"]))
    windows = cut(data, stored.contract, 10.0)
    whole = np.flatnonzero(~windows.short)
    with torch.no_grad():
        logits = stored.networks["arousal"](
            torch.from_numpy(windows.inputs[whole]),
            torch.from_numpy(windows.features[whole].astype(np.float32)),
        )
    expected = torch.softmax(logits, dim=1)[:, 1].numpy()
    np.testing.assert_allclose([float(r["probability_high"]) for r in rows], expected, atol=2e-5)
    own = [data.recordings[n] for n in windows.recording[whole]]
    assert [(r["subject"], r["stimulus"]) for r in rows] == [(r.subject, r.stimulus) for r in own]


def test_what_the_names_stand_for_and_what_is_not_tested_is_said(ran: Any) -> None:
    out, told, said = ran
    notes = " ".join(told["moved"]["transfer"]["notes"])
    assert "task is high" in notes and "a rating above 3 is high" in notes
    assert "eevr has valence too, which was not learnt from stress-predict" in notes
    page = (out["moved"] / "report.html").read_text()
    for text in ("Tested on another data set: eevr", *told["moved"]["transfer"]["notes"]):
        assert escape(text) in page
    assert "High does not mean the same in both" in said
    # The card of what is exported is about what it was trained with.
    assert "eevr" not in card.facts(told["moved"])
    assert "Tested on another data set" not in (out["alone"] / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--test-root", "eevr"), "--test-root goes with --test-on"),
        (
            ("--test-on", "stress-predict", "--test-root", "tasks"),
            "the people that are learnt from",
        ),
        (("--test-on", "eevr", "--test-root", "tasks"), "There is no"),
        (("--test-on", "pmemo", "--test-root", "nowhere"), "There is no folder nowhere"),
        (("--test-on", "e4", "--test-root", "eevr"), "e4 needs a table"),
    ],
)
def test_bad_options_are_said_before_anything_is_learnt(
    folders: dict[str, Path], tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    given = [str(folders.get(m, m)) if n and more[n - 1] == "--test-root" else m
             for n, m in enumerate(more)]  # fmt: skip
    result = train("--dataset", "stress-predict", "--data-root", folders["tasks"], *SMALL,
                   "--cache", folders["cache"], "--output", tmp_path / "out", *given)  # fmt: skip
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "out" / "best.pt").exists()


def test_a_target_that_the_other_lacks_is_said(folders: dict[str, Path], tmp_path: Path) -> None:
    result = train("--dataset", "eevr", "--data-root", folders["eevr"], "--target", "valence",
                   "--test-on", "stress-predict", "--test-root", folders["tasks"], *SMALL,
                   "--cache", folders["cache"], "--output", tmp_path / "out")  # fmt: skip
    assert result.exit_code == 1
    assert "it has arousal, but valence is learnt from eevr" in " ".join(result.output.split())
