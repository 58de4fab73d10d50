"""A model says whether the preprocessing at hand is the one that it was trained with."""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from device.errors import ContractError, ModelError
from runtime.cvxeda.solver import CvxEDA
from runtime.inference import classifier as module
from runtime.inference import golden
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.seal import seal
from runtime.preprocessing import windows
from runtime.preprocessing.contract import Contract, CvxEdaParameters, QualityLimits

CONTRACTS = {
    "default": Contract(),
    "short input": Contract(input_length=500),
    "fast": Contract(rate_hz=128.0),
    "25 Hz": Contract(rate_hz=25.0, hop_s=8.0),
    "no context": Contract(context_s=0.0, window_s=30.0),
    "personal": Contract(normalisation="personal", reference_s=60.0, reference_span_s=1500.0),
    "hardly any gap": Contract(max_gap_s=0.2, max_gap_share=0.0),
}


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test loads as a new process does."""
    monkeypatch.setattr(module, "_fitting", set())


def metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def rewritten(source: Path, target: Path, changed: dict[str, str | None]) -> Path:
    """The same model with other metadata, sealed."""
    model = onnx.load(source)
    kept = {k: v for k, v in (metadata(source) | changed).items() if v is not None}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {k: v for k, v in kept.items() if k != "rtcan_sha256"})
    target.write_bytes(seal(model.SerializeToString()))
    return target


def test_the_file_carries_samples_their_network_input_and_the_answer(tiny_model: Path) -> None:
    loaded = Classifier(tiny_model)
    stretch = golden.Golden.from_json(metadata(tiny_model)[golden.KEY])
    made = golden.network_input(stretch.samples, loaded.contract)
    assert made is not None
    inputs, features = made
    assert features is None
    np.testing.assert_allclose(stretch.input, inputs, atol=1e-6)
    assert np.diff(stretch.samples.time_s).max() > loaded.contract.max_gap_s / 2, "a gap"
    for target, answer in loaded(inputs[None]).items():
        assert abs(stretch.answer[target] - answer[0, 1]) < 1e-5
    assert stretch.version == golden.version()


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_json_form_gives_back_what_was_made(name: str) -> None:
    contract = CONTRACTS[name]
    made = golden.make(contract)
    again = golden.Golden.from_json(made.to_json())
    np.testing.assert_array_equal(again.samples.time_s, made.samples.time_s)
    np.testing.assert_array_equal(again.samples.eda_us, made.samples.eda_us)
    golden.check_input(again, contract, "x.onnx")
    assert len(made.to_json()) < 40_000


@pytest.mark.parametrize("name", CONTRACTS)
def test_lapack_in_place_of_the_kernel_is_rounding(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = CONTRACTS[name]
    made = golden.make(contract)
    calls = []

    def scipy(*given: Any, **named: Any) -> CvxEDA:
        calls.append(given)
        return CvxEDA(*given, **named, floor="scipy")

    monkeypatch.setattr(windows, "CvxEDA", scipy)
    golden.check_input(made, contract, "x.onnx")
    assert calls


@pytest.mark.parametrize(
    "change", [{"alpha": 8.1e-4}, {"gamma": 1.02e-2}, {"tau_slow_s": 2.01}, {"knot_spacing_s": 9.5}]
)
def test_a_constant_that_is_a_little_off_is_seen(change: dict[str, float]) -> None:
    contract = CONTRACTS["short input"]
    made = golden.make(contract)
    other = dataclasses.replace(contract, cvxeda=CvxEdaParameters(**change))
    with pytest.raises(ModelError, match="another network input"):
        golden.check_input(made, other, "x.onnx")


def test_quality_is_no_part_of_it() -> None:
    made = golden.make(CONTRACTS["short input"])
    strict = QualityLimits(max_us=0.1, min_score=1.0)
    golden.check_input(made, dataclasses.replace(CONTRACTS["short input"], quality=strict), "x")


def test_newer_preprocessing_refuses_and_names_both_versions(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = golden.version()
    stretch = windows.stretch
    monkeypatch.setattr(windows, "stretch", lambda x, n: stretch(x, n)[:, ::-1])
    monkeypatch.setattr(golden, "version", lambda: "9.9.9 (preprocessing 00000000)")
    with pytest.raises(ModelError, match="another network input of the same samples") as told:
        Classifier(tiny_model)
    assert before in str(told.value) and "9.9.9 (preprocessing 00000000)" in str(told.value)
    assert "best.onnx" in str(told.value)


def test_another_answer_than_at_the_export_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    stretch = golden.Golden.from_json(metadata(tiny_model)[golden.KEY])
    wrong = {name: (value + 0.5) % 1.0 for name, value in stretch.answer.items()}
    text = dataclasses.replace(stretch, answer=wrong).to_json()
    path = rewritten(tiny_model, tmp_path / "wrong.onnx", {golden.KEY: text})
    with pytest.raises(ModelError, match=r"wrong\.onnx answers .* onnxruntime .* on cpu"):
        Classifier(path)


def test_it_is_checked_once_for_a_file(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = golden.check_input

    def counted(*given: Any) -> Any:
        calls.append(given)
        return original(*given)

    monkeypatch.setattr(golden, "check_input", counted)
    for _ in range(3):
        Classifier(tiny_model)
    assert len(calls) == 1


def test_an_older_file_without_one_is_opened_with_a_warning(
    tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = rewritten(tiny_model, tmp_path / "older.onnx", {golden.KEY: None})
    with caplog.at_level(logging.WARNING):
        assert Classifier(path).contract.targets
    assert "older.onnx was exported by an older RTCAN without a golden stretch" in caplog.text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "time_ms": [1, 0]}'])
def test_a_damaged_one_is_one_clear_line(tiny_model: Path, tmp_path: Path, text: str) -> None:
    path = rewritten(tiny_model, tmp_path / "damaged.onnx", {golden.KEY: text})
    with pytest.raises(ModelError, match="golden stretch of a model is damaged"):
        Classifier(path)


def test_a_contract_under_which_nobody_has_an_input_has_none() -> None:
    with pytest.raises(ContractError, match="no network input"):
        golden.make(Contract(min_std_us=100.0))


def test_the_model_in_the_package_carries_one() -> None:
    assert set(json.loads(metadata(SHIPPED_MODEL)[golden.KEY])["answer"]) == {"arousal", "valence"}
    assert Classifier(SHIPPED_MODEL).contract.targets


def test_nothing_is_decomposed_after_the_golden_input(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = CONTRACTS["personal"]
    stretch = golden.make(contract)
    solved = []
    solve = CvxEDA.solve

    def counted(self: CvxEDA, window: np.ndarray) -> Any:
        solved.append(window)
        return solve(self, window)

    monkeypatch.setattr(CvxEDA, "solve", counted)
    assert golden.network_input(stretch.samples, contract) is not None
    whole = windows.Preprocessor(contract).push(stretch.samples.time_s, stretch.samples.eda_us)
    first = next(i for i, window in enumerate(whole) if window.input is not None)
    used = len(solved) - len(whole)
    # The first input, and at most what comes with it in one piece of two seconds.
    assert first < used <= first + 3 < len(whole)
