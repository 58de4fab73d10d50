from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from export import onnx as command
from export import variants
from runtime.classifier import Classifier
from training import checkpoint


@pytest.mark.parametrize("name", ["fp16", "int8"])
def test_a_variant_is_a_model_of_its_own(
    name: str, tiny_model: Path, tiny_checkpoint: Path
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    build = {
        "fp16": lambda: variants.half(data, stored.contract),
        "int8": lambda: variants.eight_bit(data, stored.contract, stored.calibration),
    }[name]
    variant = build()
    assert len(variant) < 0.75 * len(data)
    classifier = Classifier(variant)
    assert classifier.contract == stored.contract
    got, exact = classifier(stored.examples), Classifier(data)(stored.examples)
    for target in got:
        assert np.abs(got[target] - exact[target]).mean() < 0.1
        assert np.abs(got[target] - exact[target]).max() > 0


def test_the_judge_counts_decisions_and_accuracy(tiny_model: Path, tiny_checkpoint: Path) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    same = variants.judge("same", data, data, stored.examples, stored.truth)
    assert (same.agreement, same.accuracy_change, same.accepted) == (1.0, 0.0, True)
    assert 0.3 < same.speedup < 3


@pytest.mark.parametrize("least", [0.0, 1.1])
def test_only_a_variant_that_passes_is_written(
    least: float, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variants, "LEAST_AGREEMENT", least)
    monkeypatch.setattr(variants, "MOST_CHANGE", 1.0)
    target = tmp_path / "model.onnx"
    result = CliRunner().invoke(
        command.main, [str(tiny_checkpoint), "--output", str(target), "--fp16"]
    )
    assert result.exit_code == 0, result.output
    assert target.with_suffix(".fp16.onnx").exists() == (least == 0.0)
    assert ("Not written" in result.output) == (least != 0.0)
