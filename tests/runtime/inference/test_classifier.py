from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from device.errors import ContractError, ModelError
from runtime.inference.classifier import Classifier
from runtime.inference.seal import seal
from runtime.preprocessing.contract import METADATA_KEY, SCHEMA


def test_probabilities_per_target(tiny_model: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(5, 3, 64)).astype(np.float32)
    answer = Classifier(tiny_model)(inputs)
    assert list(answer) == ["arousal", "valence"]
    for probability in answer.values():
        assert probability.shape == (5, 2)
        assert probability.dtype == np.float32
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-6)
    assert np.abs(answer["arousal"] - answer["valence"]).max() > 1e-3
    alone = np.concatenate([Classifier(tiny_model)(inputs[i : i + 1])["arousal"] for i in range(5)])
    np.testing.assert_allclose(alone, answer["arousal"], atol=1e-6)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"python -m export\.onnx"):
        Classifier(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"hello, world\n", b"", b"\x08\x01\x12", b"\xff" * 100])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        Classifier(path)


def test_a_truncated_file_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(tiny_model.read_bytes()[:-200])
    with pytest.raises(ModelError, match="not an ONNX model"):
        Classifier(path)


def rewritten(tiny_model: Path, tmp_path: Path, metadata: dict[str, str]) -> Path:
    model = onnx.load(tiny_model)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    path = tmp_path / "changed.onnx"
    path.write_bytes(seal(model.SerializeToString()))
    return path


def test_a_foreign_model_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="without RTCAN's contract"):
        Classifier(rewritten(tiny_model, tmp_path, {}))


def test_a_newer_contract_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    text = Classifier(tiny_model).contract.to_json().replace(f'"schema": {SCHEMA}', '"schema": 7')
    with pytest.raises(ContractError, match="schema is 7"):
        Classifier(rewritten(tiny_model, tmp_path, {METADATA_KEY: text}))


def test_a_contract_that_does_not_fit_the_graph_is_refused(
    tmp_path: Path, tiny_model: Path
) -> None:
    text = Classifier(tiny_model).contract.to_json()
    text = text.replace('"input_length": 64', '"input_length": 128')
    with pytest.raises(ModelError, match="changed after its export"):
        Classifier(rewritten(tiny_model, tmp_path, {METADATA_KEY: text}))


def test_an_edited_weight_breaks_the_seal(tmp_path: Path, tiny_model: Path) -> None:
    data = bytearray(tiny_model.read_bytes())
    data[len(data) // 2] ^= 1  # in the middle of the weights
    path = tmp_path / "edited.onnx"
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"edited\.onnx is not as it was exported"):
        Classifier(path)


def test_a_provider_that_is_not_there_is_refused_loudly(tiny_model: Path) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA is here")
    with pytest.raises(ModelError, match="cannot compute on cuda"):
        Classifier(tiny_model, provider="cuda")
