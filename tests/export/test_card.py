import dataclasses
import json
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

from export import card
from export import graph as graphs
from runtime.preprocessing.contract import Contract, Target
from training.folds.splits import Plan
from training.measures.wording import measured_on

FIGURES = {
    "n": 60,
    "subjects": 5,
    "accuracy": 0.9,
    "balanced_accuracy": 0.71,
    "balanced_accuracy_95": [0.6, 0.82],
    "macro_f1": 0.7,
    "macro_f1_95": None,
    "confusion": [[1, 2], [3, 4]],
}
METRICS = {
    "dataset": "eevr",
    "protocol": "subject (10 folds)",
    "labels": "middle of the scale",
    "recordings": 296,
    "windows": 2940,
    "skipped": {"no ratings": 3},
    "targets": {"arousal": {"rtcan": FIGURES, "majority": FIGURES, "high_share": 0.5}},
    "history": {"arousal": [1, 2, 3]},
}


@pytest.fixture
def model(tiny_model: Path, tiny_contract: Contract, tmp_path: Path) -> Path:
    contract = dataclasses.replace(tiny_contract, trained_on="EEVR (37 people)")
    path = tmp_path / "best.onnx"
    path.write_bytes(graphs.finish(onnx.load(tiny_model), contract, card.facts(METRICS)))
    return path


def test_the_card_tells_data_figures_limits_and_use(model: Path) -> None:
    result = CliRunner().invoke(card.main, [str(model)])
    assert result.exit_code == 0, result.output
    for said in (
        "# Model card: best.onnx",
        "Trained on EEVR (37 people)",
        "subject (10 folds)",
        "left out: 3 x no ratings",
        "| arousal | RTCAN-1D | 60 | 0.71 [0.60, 0.82] | 0.70 |",
        "| arousal | always the majority |",
        "tells little about valence",
        "not for hiring",
        "10 s after 2 s of context",
    ):
        assert said in result.output, said
    assert "confusion" not in card.facts(METRICS)


def test_the_card_claims_no_people_that_were_not_held_out(
    tiny_model: Path, tiny_contract: Contract, tmp_path: Path
) -> None:
    path = tmp_path / "paper.onnx"
    plan = Plan(protocol="paper")
    known = {**METRICS, "protocol": plan.describe(), "tested_on": measured_on(plan)}
    path.write_bytes(graphs.finish(onnx.load(tiny_model), tiny_contract, card.facts(known)))
    said = CliRunner().invoke(card.main, [str(path)]).output
    assert "say nothing about people not seen before. Per recording" in said
    assert "people who were held out" not in said.lower()
    # Of a file that does not say it nothing is claimed.
    path.write_bytes(graphs.finish(onnx.load(tiny_model), tiny_contract, card.facts(METRICS)))
    said = CliRunner().invoke(card.main, [str(path)]).output
    assert "On what the protocol above held out. Per recording" in said


def test_the_card_as_a_file(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "card.md"
    assert CliRunner().invoke(card.main, [str(model), "--output", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("# Model card")


def test_a_model_without_facts_says_so(tiny_model: Path) -> None:
    result = CliRunner().invoke(card.main, [str(tiny_model)])
    assert "Nothing is recorded about its training" in result.output


@pytest.mark.parametrize("content", [None, b"not a model"])
def test_what_is_no_model_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.onnx"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(card.main, [str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and "x.onnx" in result.output


def test_the_card_says_what_classes_mean_and_what_is_a_guess(tiny_contract: Contract) -> None:
    words = Target(name="arousal", words=("as at rest", "as in a mental task"))
    guess = Target(name="valence", guess="at chance on people it never saw")
    contract = dataclasses.replace(
        tiny_contract, normalisation="personal", reference_s=30.0, reference_span_s=120.0,
        targets=(words, guess),
    )  # fmt: skip
    text = card.markdown("best.onnx", contract, {})
    assert "arousal: high (as in a mental task, not as at rest)" in text
    assert "**Valence is a guess: at chance on people it never saw**" in text
    assert "tells little about valence" not in text
    assert "in the person's own units, split by cvxEDA" in text
    assert "the first answer after 30 s of believable signal" in text


def test_the_card_says_over_what_the_intervals_are(
    tiny_model: Path, tiny_contract: Contract, tmp_path: Path
) -> None:
    own = {**FIGURES, "interval_over": "subjects and songs"}
    known = {**METRICS, "targets": {"arousal": {"rtcan": own}}}
    path = tmp_path / "songs.onnx"
    path.write_bytes(graphs.finish(onnx.load(tiny_model), tiny_contract, card.facts(known)))
    said = CliRunner().invoke(card.main, [str(path)]).output
    assert "a bootstrap over people and songs. 0.50 is chance" in said


def test_the_card_shows_controls_and_calibration_where_they_are_known(
    tiny_model: Path, tiny_contract: Contract, tmp_path: Path
) -> None:
    one = {"auc": 0.81, "auc_95": [0.7, 0.9], "auc_within": None, "auc_within_95": None,
           "balanced_accuracy": 0.74, "balanced_accuracy_95": [0.7, 0.8]}  # fmt: skip
    windows = {"n": 900, "people": 5, "high_share": 0.4, "secret": 1,
               "models": {"rtcan": one, "clock_alone": {**one, "auc": 0.97}}}  # fmt: skip
    errors = {"error_before": 0.2, "error_after": 0.12, "balanced_error_before": 0.1,
              "balanced_error_after": 0.04, "before": []}  # fmt: skip
    target = {"rtcan": FIGURES, "windows": windows, "calibration": errors}
    known = {**METRICS, "targets": {"arousal": target}}
    assert "secret" not in card.facts(known) and "before" not in json.loads(
        card.facts(known)
    )["targets"]["arousal"]["calibration"]  # fmt: skip
    path = tmp_path / "controls.onnx"
    path.write_bytes(graphs.finish(onnx.load(tiny_model), tiny_contract, card.facts(known)))
    said = CliRunner().invoke(card.main, [str(path)]).output
    assert "| arousal | RTCAN-1D | 0.81 [0.70, 0.90] | – | 0.74 [0.70, 0.80] |" in said
    assert "| arousal | time since the start alone | 0.97" in said
    assert "900 windows of 5 people, 40% of them high" in said
    assert "| arousal | 0.200, 0.120 | 0.100, 0.040 |" in said
