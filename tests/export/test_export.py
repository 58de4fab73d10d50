import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from device.errors import ExportError
from export import graph as graphs
from export import onnx as command
from export import parity
from runtime.preprocessing import windows
from runtime.preprocessing.contract import METADATA_KEY, Contract
from training.network import checkpoint


def test_the_file_is_all_that_is_needed(tiny_model: Path, tiny_contract: Contract) -> None:
    model = onnx.load(tiny_model, load_external_data=False)
    metadata = {p.key: p.value for p in model.metadata_props}
    assert metadata[METADATA_KEY] == tiny_contract.to_json()
    assert len(metadata["rtcan_sha256"]) == 64
    assert [o.name for o in model.graph.output] == ["arousal", "valence"]
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["batch", 3, 64]
    assert not any(t.external_data for t in model.graph.initializer)
    assert model.opset_import[0].version == graphs.OPSET


@pytest.mark.parametrize("batch", [1, 2, 5, 33])
def test_every_batch_equals_torch(tiny_model: Path, tiny_checkpoint: Path, batch: int) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    source = graphs.Graph(dict(stored.networks), stored.contract).eval()
    inputs = np.random.default_rng(batch).normal(size=(batch, 3, 64)).astype(np.float32)
    session = onnxruntime.InferenceSession(tiny_model, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = source(torch.from_numpy(inputs))
    for got, reference in zip(session.run(None, {"eda": inputs}), expected, strict=True):
        np.testing.assert_allclose(got, reference.numpy(), atol=1e-5)


def test_temperature_is_inside_the_graph(tiny_checkpoint: Path) -> None:
    import dataclasses

    stored = checkpoint.load(tiny_checkpoint)
    hot = tuple(dataclasses.replace(t, temperature=3.0) for t in stored.contract.targets)
    contract = dataclasses.replace(stored.contract, targets=hot)
    x = torch.from_numpy(stored.examples[:4])
    out = graphs.Graph(dict(stored.networks), contract)(x)[0]
    torch.testing.assert_close(out, torch.softmax(stored.networks["arousal"](x) / 3.0, dim=1))


def test_the_command_writes_one_file_and_proves_it(tiny_checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "model.onnx"
    result = CliRunner().invoke(command.main, [str(tiny_checkpoint), "--output", str(target)])
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in target.parent.iterdir()) == ["model.export.json", "model.onnx"]
    facts = json.loads(target.with_suffix(".export.json").read_text())
    assert facts["parity_holds"] is True
    assert facts["parity"]["agreement"] == 1.0
    assert facts["parity"]["windows"] == len(checkpoint.load(tiny_checkpoint).examples)
    assert facts["bytes"] == target.stat().st_size
    assert facts["operators"]["Conv"] > 20
    assert facts["latency_ms"] > 0


def test_a_model_that_differs_is_not_written(
    tiny_checkpoint: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    wrong = onnx.load(tiny_model)
    weight = next(t for t in wrong.graph.initializer if t.name.endswith("head.4.weight"))
    larger = onnx.numpy_helper.to_array(weight) * 1.01
    weight.CopyFrom(onnx.numpy_helper.from_array(larger, weight.name))
    changed = graphs.finish(wrong, stored.contract)
    proof = parity.compare(stored.networks, stored.contract, changed, stored.examples)
    assert not proof.holds
    monkeypatch.setattr(graphs, "build", lambda *given: changed)
    target = tmp_path / "model.onnx"
    result = CliRunner().invoke(command.main, [str(tiny_checkpoint), "--output", str(target)])
    assert result.exit_code == 1
    assert "no file was written" in result.output
    assert not target.exists()
    assert issubclass(ExportError, Exception)


def test_a_checkpoint_of_other_preprocessing_is_not_exported(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretch = windows.stretch
    monkeypatch.setattr(windows, "stretch", lambda x, n: stretch(x, n)[:, ::-1])
    target = tmp_path / "model.onnx"
    result = CliRunner().invoke(command.main, [str(tiny_checkpoint), "--output", str(target)])
    assert result.exit_code == 1
    assert "another network input of the same samples" in result.output
    assert "best.pt was made by RTCAN" in result.output
    assert not target.exists()


@pytest.mark.parametrize("content", [None, b"not a checkpoint"])
def test_a_wrong_checkpoint_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "best.pt"
    if content is not None:
        path.write_bytes(content)
    result = CliRunner().invoke(command.main, [str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "best.pt" in result.output
    assert "Traceback" not in result.output
    assert not path.with_suffix(".onnx").exists()
