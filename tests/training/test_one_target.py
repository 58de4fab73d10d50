"""A data set without valence: one network, from the files to the card."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from device.errors import DatasetError
from export import card
from export import onnx as export
from runtime.inference.classifier import Classifier
from runtime.preprocessing.features import FEATURES
from tests.training.runs import without_pictures, without_report
from training import run
from training.datasets.standins import stress_predict
from training.network import checkpoint

SMALL = ("--window", "20", "--input-length", "64", "--width", "8", "--epochs", "1", "--folds", "2",
         "--device", "cpu")  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stress-Predict's form: six people, of whom one has no labels, in a fifth of the time."""
    folder = tmp_path_factory.mktemp("stress-predict")
    stress_predict.write(folder, 7, seed=2, pace=5)
    return folder


def test_one_network_is_trained_exported_and_told(root: Path, tmp_path: Path) -> None:
    options = ["--dataset", "stress-predict", "--data-root", str(root), *SMALL]
    with without_pictures():
        result = CliRunner().invoke(
            run.main, [*options, "--output", str(tmp_path)], catch_exceptions=False
        )
    assert result.exit_code == 0, result.output
    assert "valence" not in result.output
    told = json.loads((tmp_path / "metrics.json").read_text())
    assert list(told["targets"]) == ["arousal"]
    assert told["labels"] == "task is high, rest between or after the tasks is low"
    assert told["people"] == 6 and told["skipped"] == {"session without labels": 1}
    assert told["windows"] > told["windows_of_short_past"] > 100
    stored = checkpoint.load(tmp_path / "best.pt")
    contract = stored.contract
    # Whole sittings are seen in the person's own units.
    assert contract.personal and contract.features == FEATURES
    assert (contract.reference_s, contract.reference_span_s) == (120, 1500)
    assert contract.cvxeda.baseline == "constant"
    [target] = contract.targets
    assert (target.name, target.words) == ("arousal", ("as at rest", "as in a mental task"))
    assert "valence" not in (tmp_path / "report.html").read_text().lower()
    # Once more, from the cache: the same.
    again = CliRunner().invoke(
        run.main, [*options, "--output", str(tmp_path)], catch_exceptions=False
    )
    assert "from the cache" in again.output and "Nothing to do" in again.output

    exported = CliRunner().invoke(export.main, [str(tmp_path / "best.pt")], catch_exceptions=False)
    assert exported.exit_code == 0, exported.output
    # How people differ travels from the held-out people to the edge.
    assert stored.priors["arousal"].features == FEATURES
    [prior] = Classifier(tmp_path / "best.onnx").priors.values()
    assert prior.learnt and prior.digest == stored.priors["arousal"].digest
    assert told["differences"]["arousal"]["bias"] > 0
    text = CliRunner().invoke(card.main, [str(tmp_path / "best.onnx")]).output
    assert "Predicts low or high arousal from" in text and "valence" not in text
    assert "high (as in a mental task, not as at rest) from a probability" in text
    assert "simulated people in the format of Stress-Predict" in text


def test_a_target_that_is_not_there_is_named(root: Path, tmp_path: Path) -> None:
    options = ["--dataset", "stress-predict", "--data-root", str(root), *SMALL]
    result = CliRunner().invoke(
        run.main, [*options, "--target", "valence", "--output", str(tmp_path)]
    )
    assert result.exit_code != 0
    said = result.output + str(result.exception)
    assert "stress-predict has no valence; it has: arousal" in said
    assert result.exception is None or isinstance(result.exception, DatasetError | SystemExit)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--stride", "2.5"), r"multiple of the hop of 1 s"),
        (("--normalisation", "personal", "--preset", "paper-deap"), "paper-deap has whole trials"),
    ],
)
def test_what_does_not_go_with_personal_units(
    root: Path, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    options = ["--dataset", "stress-predict", "--data-root", str(root), *SMALL, *more]
    result = CliRunner().invoke(run.main, [*options, "--output", str(tmp_path)])
    assert result.exit_code != 0
    assert said in result.output + str(result.exception)


def test_published_units_remain(root: Path, tmp_path: Path) -> None:
    options = ["--dataset", "stress-predict", "--data-root", str(root), *SMALL]
    more = ("--normalisation", "zscore", "--epochs", "1", "--folds", "1")
    with without_report():
        result = CliRunner().invoke(run.main, [*options, *more, "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "metrics.json").read_text())
    assert told["windows_of_short_past"] == 0
    assert checkpoint.load(tmp_path / "best.pt").contract.normalisation == "zscore"
